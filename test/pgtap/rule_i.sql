-- Case files of section I: what clients were paid with.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"A","lines":["P2P"]},{"inst_id":"B","lines":["AM"]},{"inst_id":"C","lines":["P2P"]}]');
SELECT is(filing.unknowns('I11'), 'desk', 'I11: no transfers, accounts or shareholders: unknown');
INSERT INTO filing.equity (owner, owned, share) VALUES ('boss', 'A', 0.6), ('boss', 'sister', 0.9);
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id) VALUES ('cust', 'bank', 'custody', 'A'), ('cust2', 'bank', 'custody', 'A'), ('own', 'A', 'own', 'A'), ('sis', 'sister', 'merchant', NULL),
	('l1', 'u1', 'client', NULL), ('l2', 'u2', 'client', NULL), ('l3', 'u3', 'client', NULL), ('b1', 'borrower', 'client', NULL), ('fund', 'bank', 'custody', 'B');
CREATE FUNCTION pg_temp.move(id text, purpose text, payer text, payee text, amount numeric, day date, loan text = NULL, product text = NULL, inst text = 'A') RETURNS void LANGUAGE sql AS $$
	INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, purpose, inst_id, loan_id, product_id, payer_owner, payee_owner)
	SELECT id, payer, payee, amount, day + time '10:00' AT TIME ZONE 'Asia/Shanghai', purpose, inst, loan, product,
		(SELECT owner_id FROM filing.account WHERE account_id = payer), (SELECT owner_id FROM filing.account WHERE account_id = payee)
$$;
-- a loan as it should be: lent before the window, repaid through another custody account, paid out
SELECT pg_temp.move('g1', 'lend', 'l1', 'cust', 60, '2026-05-01', 'good'), pg_temp.move('g2', 'lend', 'l2', 'cust', 40, '2026-05-01', 'good'), pg_temp.move('g3', 'disburse', 'cust', 'b1', 100, '2026-05-02', 'good'),
	pg_temp.move('g4', 'repay', 'b1', 'cust', 110, '2026-11-01', 'good'), pg_temp.move('g5', NULL, 'cust', 'cust2', 66, '2026-11-01', 'good'),
	pg_temp.move('g6', 'payout', 'cust2', 'l1', 66, '2026-11-02', 'good'), pg_temp.move('g7', 'payout', 'cust', 'l2', 43, '2026-11-02', 'good'), pg_temp.move('g8', 'fee', 'cust', 'own', 1, '2026-11-02', 'good') \g /dev/null
SELECT is(filing.hits('I11'), '', 'I11: paid with what the borrower paid back');
SELECT is(filing.value('I11', 'good'), 0.0, 'I11: nothing of it from elsewhere');
-- new lenders pay the old ones; the borrower never does
SELECT pg_temp.move('p1', 'lend', 'l1', 'cust', 50, '2026-10-01', 'ponzi'), pg_temp.move('p2', 'disburse', 'cust', 'b1', 50, '2026-10-02', 'ponzi'),
	pg_temp.move('p3', 'lend', 'l2', 'cust', 70, '2026-10-10', 'ponzi'), pg_temp.move('p4', 'payout', 'cust', 'l1', 55, '2026-10-11', 'ponzi') \g /dev/null
SELECT is(filing.hits('I11'), 'ponzi', 'I11: paid with the next lender''s money');
SELECT is((SELECT (evidence #>> '{largest,0,source_txn}') || ' ' || (evidence #>> '{sources,other_clients}') FROM risk_screen.run_rule('desk', 'I11', '2026-11-20') WHERE subject_id = 'ponzi'), 'p3 55', 'I11: which transfer paid for it');
-- the platform tops up: 3 of 60 is not above 5 %, 4 are
SELECT pg_temp.move('s1', 'lend', 'l1', 'cust', 50, '2026-10-01', 'top'), pg_temp.move('s2', 'disburse', 'cust', 'b1', 50, '2026-10-02', 'top'), pg_temp.move('s3', 'repay', 'b1', 'cust', 57, '2026-10-20', 'top'),
	pg_temp.move('s4', 'subsidy', 'own', 'cust', 3, '2026-10-20', 'top'), pg_temp.move('s5', 'payout', 'cust', 'l1', 60, '2026-10-21', 'top') \g /dev/null
SELECT is(filing.value('I11', 'top') || ' ' || filing.hits('I11'), '0.050000 ponzi', 'I11: exactly 5 % of own money');
UPDATE filing.txn SET amount = 56 WHERE txn_id = 's3';
UPDATE filing.txn SET amount = 4, payer = 'sis', purpose = 'transfer', payer_owner = 'sister' WHERE txn_id = 's4';
SELECT is(filing.hits('I11'), 'ponzi top', 'I11: more, and from a sister firm');
SELECT is((SELECT (evidence -> 'sources') - '{other_clients,other_products_or_unknown,own_money_back}'::text[] FROM risk_screen.run_rule('desk', 'I11', '2026-11-20') WHERE subject_id = 'top'), '{"own": 4, "project": 56}', 'I11: source by source');
-- paid from the platform's own account, with no word of any book
SELECT pg_temp.move('o1', 'interest', 'own', 'l3', 5, '2026-11-03') \g /dev/null
SELECT is(filing.hits('I11'), 'A ponzi top', 'I11: from the own account');
-- more than the book ever had: another product's money
SELECT pg_temp.move('x1', 'lend', 'l3', 'cust', 20, '2026-10-01', 'cross'), pg_temp.move('x2', 'disburse', 'cust', 'b1', 20, '2026-10-02', 'cross'), pg_temp.move('x3', 'repay', 'b1', 'cust', 12, '2026-10-20', 'cross'),
	pg_temp.move('x4', 'payout', 'cust', 'l3', 22, '2026-10-21', 'cross') \g /dev/null
SELECT is((SELECT evidence #>> '{sources,other_products_or_unknown}' FROM risk_screen.run_rule('desk', 'I11', '2026-11-20') WHERE hit AND subject_id = 'cross'), '10', 'I11: the book had 12 of 22');
-- money that was never lent goes back to whom it came from; what is paid out before the window does not count
SELECT pg_temp.move('k1', 'lend', 'l3', 'cust', 20, '2026-10-01', 'failed'), pg_temp.move('k2', 'payout', 'cust', 'l3', 20, '2026-10-09', 'failed'),
	pg_temp.move('e1', 'lend', 'l2', 'cust', 9, '2026-01-01', 'early'), pg_temp.move('e2', 'payout', 'cust', 'l3', 9, '2026-01-09', 'early') \g /dev/null
SELECT is(filing.hits('I11'), 'A cross ponzi top', 'I11: one''s own money back, and what came before the window, are no candidates');
-- funds: redemptions from subscriptions alone tell nothing; with the investments they do
SELECT pg_temp.move('f1', 'purchase', 'l1', 'fund', 30, '2026-10-01', NULL, 'F', 'B'), pg_temp.move('f2', 'purchase', 'l2', 'fund', 30, '2026-10-02', NULL, 'F', 'B'), pg_temp.move('f3', 'redemption', 'fund', 'l1', 31, '2026-10-20', NULL, 'F', 'B') \g /dev/null
SELECT is(filing.unknowns('I11'), 'F', 'I11: a fund whose investments nobody filed: unknown');
SELECT pg_temp.move('f4', 'securities', 'fund', 'market', 60, '2026-10-03', NULL, 'F', 'B'), pg_temp.move('f5', 'securities', 'market', 'fund', 40, '2026-10-19', NULL, 'F', 'B') \g /dev/null
SELECT is(filing.unknowns('I11') || filing.value('I11', 'F'), '0.000000', 'I11: redeemed from what was sold');
-- a public fund meets redemptions with the subscriptions of the day
SELECT filing.put('product', '[{"product_id":"MMF","inst_id":"B","kind":"money_fund"}]');
SELECT pg_temp.move('q1', 'purchase', 'l1', 'fund', 30, '2026-10-01', NULL, 'MMF', 'B'), pg_temp.move('q2', 'redemption', 'fund', 'l2', 30, '2026-10-20', NULL, 'MMF', 'B') \g /dev/null
SELECT is(filing.unknowns('I11') || filing.value('I11', 'MMF'), '0.000000', 'I11: a public fund redeems from subscriptions');
-- a loan lent before anything was filed: what the borrower pays back covers the pay-out
SELECT pg_temp.move('v1', 'repay', 'b1', 'cust', 11, '2026-11-01', 'old'), pg_temp.move('v2', 'payout', 'cust', 'l1', 11, '2026-11-02', 'old') \g /dev/null
SELECT is(filing.unknowns('I11') || filing.value('I11', 'old'), '0.000000', 'I11: covered by repayments, whatever was filed of its beginning');
-- pay-outs without a name, and a book whose beginning nobody filed
SELECT pg_temp.move('u1', 'payout', 'cust', 'l1', 5, '2026-11-05', NULL, NULL, 'C'), pg_temp.move('w1', 'payout', 'cust', 'l1', 5, '2026-11-05', 'lost', NULL, 'A') \g /dev/null
SELECT is(filing.unknowns('I11'), 'C lost', 'I11: neither loan nor product named; nothing of the loan''s beginning: unknown');
CALL risk_screen.screen('desk', '2026-11-20');
SELECT is((SELECT string_agg(subject_id, ' ' ORDER BY subject_id) FROM desk.candidate_list WHERE rule = 'I11'), 'A cross ponzi top', 'I11: candidates on the desk');

SELECT * FROM finish();
ROLLBACK;
