-- Currencies: amounts of several have no sum. A desk on which every rule that adds up
-- transfers finds something; then each transfer comes once more in dollars, a
-- thousandfold. What was said of yuan must be said again, to the fen; what is said
-- of dollars beside it stands apart, and in no column that is in yuan.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
INSERT INTO risk_screen.parameter (code, value, operator, sense) VALUES ('user_txn_count', 2, '>=', 'hit'), ('daily_review_amount', 10, '>=', 'hit'), ('pool_parties', 2, '>=', 'hit'), ('group_licences', 2, '=', 'value'), ('velocity_count', 2, '=', 'value'), ('small_payment', 15, '=', 'value'),
	('invest_name_payers', 1, '>=', 'hit'), ('linked_banks', 1, '>', 'hit'), ('pool_sources', 1, '>=', 'value');
SELECT filing.put('institution', '[{"inst_id":"P","name":"甲","lines":["P2P"]},{"inst_id":"E","name":"乙","lines":["EC"]},{"inst_id":"Y","name":"支付","lines":["PAY"]},{"inst_id":"F","name":"基金","lines":["FUND"]},{"inst_id":"A","name":"资管","lines":["AM"]},
	{"inst_id":"N","name":"某某财富管理有限公司","lines":[]}]');
INSERT INTO filing.equity (owner, owned, share) VALUES ('boss', 'P', 0.6), ('boss', 'sister', 0.6), ('boss', 'E', 0.6), ('boss', 'A', 0.6), ('boss', 'Y', 0.6);
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('A', 'AM', '2020-01-01'), ('Y', 'PAY', '2020-01-01');
INSERT INTO filing.party (party_id, kind, industry, identity_no) VALUES ('dev', 'enterprise', 'developer', 'id0'), ('b', 'person', NULL, 'id1'), ('u', 'person', NULL, 'id2'), ('v', 'person', NULL, 'id3');
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id, account_kind, bank_id) VALUES ('cust', 'P', 'custody', 'P', NULL, 'K'), ('own', 'P', 'own', 'P', NULL, NULL), ('aS', 'sister', 'client', NULL, NULL, NULL), ('aB', 'b', 'client', NULL, NULL, NULL), ('aU', 'u', 'client', NULL, NULL, 'K'),
	('aV', 'v', 'client', NULL, NULL, 'J'), ('r', 'Y', 'reserve', 'Y', NULL, 'K'), ('eo', 'E', 'own', 'E', NULL, NULL), ('ao', 'A', 'own', 'A', NULL, NULL), ('sec', 'b', NULL, NULL, 'securities', NULL), ('dev', 'dev', NULL, NULL, NULL, NULL);
INSERT INTO filing.eligible_bank (bank_id, list_name, valid_from) VALUES ('K', 'custody', '2020-01-01');
INSERT INTO filing.loan (loan_id, inst_id, borrower_id, amount, started_on, matures_on, disbursed_account) VALUES ('L', 'P', 'b', 200, '2026-11-01', '2027-01-01', 'aB');
INSERT INTO filing.product (product_id, inst_id, biz, offering) VALUES ('M', 'F', 'FUND', 'public');
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) VALUES ('u', 'M', 100, '2026-11-01');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('F', '2026-11-01', 'fund_size', 300);
INSERT INTO filing.kyc (user_id, online_ok, offline_ok) VALUES ('u', true, false);
INSERT INTO filing.freeze_order (freeze_id, account_id, kind, from_at) VALUES ('z', 'aB', 'account', '2026-11-01 00:00+08');
CREATE FUNCTION filing.move(id text, at text, inst text, payer text, payee text, amount numeric, purpose text, more jsonb = '{}') RETURNS void LANGUAGE sql AS $$
	SELECT filing.put('txn', jsonb_build_array(jsonb_build_object('txn_id', id, 'paid_at', '2026-11-' || at || ':00+08', 'inst_id', inst, 'payer', payer, 'payee', payee, 'amount', amount, 'purpose', purpose,
		'payer_owner', (SELECT owner_id FROM filing.account WHERE account_id = payer), 'payee_owner', (SELECT owner_id FROM filing.account WHERE account_id = payee)) || more));
$$;
SELECT filing.move('01', '02 09:00', 'P', 'aU', 'cust', 140, 'lend', '{"loan_id":"L","order_id":"o1"}'), filing.move('02', '02 09:10', 'P', 'aV', 'cust', 80, 'lend', '{"loan_id":"L","order_id":"o2"}'),
	filing.move('03', '02 10:00', 'P', 'cust', 'aB', 100, 'disburse', '{"loan_id":"L","order_id":"o3"}'), filing.move('04', '02 10:10', 'P', 'own', 'aB', 100, 'disburse', '{"loan_id":"L"}'),
	filing.move('05', '03 10:00', 'P', 'aB', 'aS', 150, 'transfer'), filing.move('06', '03 10:10', 'P', 'aB', 'sec', 20, 'transfer'), filing.move('07', '03 11:00', 'P', 'aB', 'dev', 10, 'transfer'),
	filing.move('08', '04 10:00', 'P', 'cust', 'aS', 5, 'transfer'), filing.move('09', '04 10:10', 'P', 'own', 'aU', 7, 'compensation', '{"loan_id":"L"}'), filing.move('10', '04 11:00', 'P', 'cust', 'aU', 30, 'payout', '{"loan_id":"L","order_id":"o4"}'),
	filing.move('11', '05 10:00', 'P', 'own', 'aV', 40, 'payout', '{"loan_id":"L"}'), filing.move('12', '05 10:10', 'P', 'stray', 'own', 3, 'transfer'), filing.move('13', '05 10:20', 'P', 'own', 'aS', 11, 'transfer'),
	filing.move('14', '05 10:30', 'P', 'aU', 'own', 21, 'lend'), filing.move('15', '05 10:40', 'P', 'aV', 'own', 22, 'lend'), filing.move('16', '05 10:50', 'P', 'own', 'aU', 23, 'transfer'), filing.move('17', '05 10:51', 'P', 'own', 'aV', 24, 'transfer'),
	filing.move('18', '06 10:00', 'Y', 'r', 'aU', 10, 'withdraw', '{"clearing_path":"direct","order_id":"o5"}'), filing.move('19', '06 10:10', 'Y', 'r', 'aV', 20, 'withdraw', '{"clearing_path":"direct"}'), filing.move('20', '06 10:20', 'Y', 'r', 'aV', 9, 'redemption', '{"clearing_path":"pboc"}'),
	filing.move('21', '06 10:30', 'Y', 'bank', 'r', 1, 'interest'), filing.move('22', '07 10:00', 'F', 'fp', 'aU', 30, 'redemption', '{"product_id":"M"}'), filing.move('23', '07 10:10', 'F', 'aV', 'fp', 4, 'purchase', '{"product_id":"M"}'),
	filing.move('24', '08 10:00', 'E', 'eo', 'issuer', 60, 'disburse'), filing.move('25', '08 10:10', 'E', 'issuer', 'aS', 50, 'transfer'), filing.move('26', '09 10:00', 'A', 'ao', 'aS', 45, 'transfer'), filing.move('27', '09 10:10', 'A', 'ao', 'aV', 55, 'transfer'),
	filing.move('28', '10 10:00', 'P', 'x1', 'x2', 13, 'transfer'), filing.move('29', '10 11:00', NULL, 'aU', 'nAcc', 14, 'purchase', '{"payee_owner":"N"}');
UPDATE filing.txn SET hash = 'h' || txn_id WHERE txn_id IN ('01', '18');
UPDATE filing.txn SET review_id = 'r' WHERE txn_id = '28';

CREATE FUNCTION filing.said() RETURNS TABLE (rule text, key text, subject_kind text, observed numeric, hit boolean, amount numeric, evidence jsonb) LANGUAGE plpgsql AS $$
DECLARE
	r text;
BEGIN
	FOR r IN SELECT unnest(ARRAY['B12', 'B14', 'B18', 'B32', 'B34', 'C01', 'C02', 'C04', 'C10', 'C13', 'C15', 'C16', 'C18', 'C21', 'C22', 'D02', 'E17', 'F03', 'F08', 'G01', 'G03', 'G05', 'G06', 'G11', 'H20', 'I01', 'I11', 'K12', 'M02', 'M07', 'M08', 'M09', 'M10'])
	LOOP
		RETURN QUERY SELECT r, concat_ws(':', x.subject_kind, x.subject_id, x.evidence ->> 'fault', x.evidence ->> 'about', x.evidence ->> 'form', x.evidence ->> 'tag', x.evidence ->> 'direction', x.evidence ->> 'day', x.evidence ->> 'txn_id'), x.subject_kind, x.observed, x.hit, x.amount, x.evidence FROM risk_screen.run_rule('desk', r, '2026-11-20') AS x;
	END LOOP;
END $$;
CREATE TEMP TABLE yuan AS SELECT * FROM filing.said();
SELECT is((SELECT string_agg(x.code, ' ') FROM unnest(ARRAY['B12', 'B14', 'B18', 'B32', 'B34', 'C01', 'C02', 'C04', 'C10', 'C13', 'C15', 'C16', 'C18', 'C21', 'C22', 'D02', 'E17', 'F03', 'F08', 'G01', 'G03', 'G05', 'G06', 'G11', 'H20', 'I01', 'I11', 'K12', 'M02', 'M07', 'M08', 'M09', 'M10']) AS x (code)
	WHERE NOT EXISTS (SELECT FROM yuan AS y WHERE y.rule = x.code AND y.observed IS NOT NULL AND y.amount > 0)), NULL, 'every rule that adds up transfers says something of yuan');
-- no rule that reads transfers and gives an amount is forgotten here
SELECT is((SELECT string_agg(r.code, ' ' ORDER BY r.code) FROM risk_screen.rule AS r WHERE r.builtin AND r.body ~ '\m(FROM|JOIN) txn\M' AND r.body ~ 'amount' AND r.code NOT IN (SELECT y.rule FROM yuan AS y)), 'C03 M04', 'the others count, or sum what is no transfer');

INSERT INTO filing.txn SELECT (jsonb_populate_record(t, jsonb_build_object('txn_id', 'd' || t.txn_id, 'amount', t.amount * 1000, 'currency', 'USD', 'hash', NULL))).* FROM filing.txn AS t;
CREATE TEMP TABLE both_said AS SELECT * FROM filing.said();
-- rules that look at money only: not a word changes but the number of transfers left out
SELECT is((SELECT string_agg(y.rule || ' ' || y.key || ' ' || y.observed || ' became ' || concat(b.observed, ' ', b.amount), E'\n') FROM yuan AS y LEFT JOIN both_said AS b USING (rule, key)
	WHERE y.rule IN ('B14', 'B18', 'B34', 'C01', 'C04', 'C10', 'C13', 'C16', 'D02', 'F03', 'F08', 'G11', 'M08', 'M09', 'M10', 'H20') AND (y.observed, y.hit, y.amount) IS DISTINCT FROM (b.observed, b.hit, b.amount)), NULL, 'shares and sums of yuan are what they were');
SELECT is((SELECT string_agg(b.rule || ' ' || b.key, ', ') FROM both_said AS b LEFT JOIN yuan AS y USING (rule, key) WHERE y.rule IS NULL AND b.rule IN ('B14', 'B18', 'B34', 'C01', 'C04', 'C10', 'C13', 'C16', 'D02', 'F03', 'F08', 'G11', 'M08', 'M09', 'M10', 'H20')), NULL, 'and nothing is added');
SELECT is((SELECT string_agg(DISTINCT y.rule, ' ' ORDER BY y.rule) FROM yuan AS y JOIN both_said AS b USING (rule, key) WHERE b.evidence ? 'other_currencies' AND NOT y.evidence ? 'other_currencies'), 'B12 B18 B34 C01 C04 C15 C16 D02 F03 F08 G03 G05 G11 H20 I01 M02 M08 M09 M10', 'who left dollars out says so');
-- rules that count transfers count them all; what they weigh is yuan
SELECT is((SELECT string_agg(y.rule || ' ' || y.key || ' ' || y.amount || ' became ' || concat(b.amount), E'\n') FROM yuan AS y LEFT JOIN both_said AS b USING (rule, key)
	WHERE y.rule IN ('B12', 'C15', 'G03', 'G05', 'G06', 'I01', 'M02') AND (y.amount IS DISTINCT FROM b.amount OR b.observed < y.observed)), NULL, 'counts grow, amounts stay');
SELECT is((SELECT amount FROM both_said WHERE rule = 'M07' AND evidence ->> 'fault' = 'without hash' AND key LIKE '%:P:%'), (SELECT amount FROM yuan WHERE rule = 'M07' AND evidence ->> 'fault' = 'without hash' AND key LIKE '%:P:%'), 'M07 too');
SELECT is((SELECT b.evidence -> 'paths' -> 0 ->> 'in_other_currencies' FROM both_said AS b WHERE b.rule = 'G06'), '2', 'G06 says it for each way of clearing');
-- rules of one transfer, and sums that must be above nothing: dollars apart
SELECT is((SELECT string_agg(b.rule || ' ' || b.key || ' ' || b.observed || ' ' || concat(b.evidence ->> 'currency', ' ', b.amount), E'\n' ORDER BY b.rule, b.key) FROM both_said AS b LEFT JOIN yuan AS y USING (rule, key, observed) WHERE y.rule IS NULL AND b.rule IN ('C02', 'C18', 'C21', 'C22', 'E17', 'G01', 'I11', 'K12')
	AND (b.amount IS NOT NULL OR b.evidence ->> 'currency' IS DISTINCT FROM 'USD')), NULL, 'a finding of dollars names the currency and weighs no yuan');
SELECT is((SELECT string_agg(DISTINCT b.rule, ' ' ORDER BY b.rule) FROM both_said AS b WHERE b.evidence ->> 'currency' = 'USD' AND b.hit), 'C02 C18 C21 C22 E17 G01 I11 K12', 'and there is one');
SELECT is((SELECT string_agg(y.rule || ' ' || y.key, ', ') FROM yuan AS y WHERE y.rule IN ('C02', 'C18', 'C21', 'C22', 'E17', 'G01', 'I11', 'K12') AND NOT EXISTS (SELECT FROM both_said AS b WHERE (b.rule, b.key) = (y.rule, y.key) AND (b.observed, b.hit, b.amount) IS NOT DISTINCT FROM (y.observed, y.hit, y.amount))), NULL, 'those of yuan are what they were');
SELECT is((SELECT string_agg(b.rule || ' ' || b.key || ' ' || b.amount, ', ') FROM both_said AS b WHERE b.amount >= 1000), NULL, 'no amount in yuan has a dollar in it');

-- Only dollars: nothing is said to be in order for lack of yuan.
DELETE FROM filing.txn WHERE currency IS NULL;
SELECT is((SELECT string_agg(DISTINCT x.rule, ' ' ORDER BY x.rule) FROM filing.said() AS x WHERE x.evidence ->> 'missing' = 'transfers in yuan' OR x.evidence ->> 'missing' LIKE '%in yuan%'), 'B18 B34 C04 C16 F03 G11 M08 M10', 'shares of yuan are not known where all is in dollars');

-- C10: one loan paid out in yuan and dollars, and what comes back of each
SELECT filing.forget('txn');
SELECT filing.move('1', '02 10:00', 'P', 'cust', 'aB', 1000, 'disburse', '{"loan_id":"L"}'), filing.move('2', '02 10:10', 'P', 'cust', 'aB', 10, 'disburse', '{"loan_id":"L","currency":"USD"}'), filing.move('3', '03 10:00', 'P', 'aB', 'own', 6, 'transfer', '{"currency":"USD"}');
SELECT is((SELECT evidence - '{borrower}'::text[] FROM risk_screen.run_rule('desk', 'C10', '2026-11-20')), '{"signs": ["money came back to the platform"], "came_back": 6, "came_back_in": "USD"}', 'C10: six of ten dollars came back: not six of 1,010');
UPDATE filing.txn SET currency = NULL WHERE txn_id = '3';
SELECT is(filing.hits('C10'), '', 'C10: six yuan of 1,000 are none of the ten dollars');
UPDATE filing.txn SET amount = 500 WHERE txn_id = '3';
SELECT is((SELECT evidence - '{borrower}'::text[] FROM risk_screen.run_rule('desk', 'C10', '2026-11-20')), '{"signs": ["money came back to the platform"], "came_back": 500}', 'C10: half of the yuan');
UPDATE filing.txn SET amount = 499.99 WHERE txn_id = '3';
SELECT is(filing.hits('C10'), '', 'C10: less than half of either');
-- The same of loans: each once more in dollars, a thousandfold.
SELECT filing.forget('txn', 'loan', 'institution', 'party', 'account');
INSERT INTO risk_screen.parameter (code, value, operator, sense) VALUES ('overdue_share', 0.01, '>=', 'hit'), ('copied_text_length', 3, '=', 'value'), ('copied_text_borrowers', 1, '=', 'value');
SELECT filing.put('institution', '[{"inst_id":"P","name":"甲","lines":["P2P"]},{"inst_id":"X","name":"乙","lines":["P2P"],"status":"exited"}]');
INSERT INTO filing.party (party_id, kind) VALUES ('b', 'person'), ('c', 'person');
INSERT INTO filing.loan (loan_id, inst_id, borrower_id, amount, outstanding, started_on, matures_on, rate, purpose, description, is_property, status) VALUES
	('L1', 'P', 'b', 150000, 150000, '2026-10-01', '2027-10-01', 0.3, 'property', '首付贷，众筹买房，保本保息', true, 'current'), ('L2', 'P', 'b', 100000, 100000, '2026-10-01', '2026-12-01', 0.3, 'securities', '同一段说明', false, 'current'), ('L3', 'P', 'c', 1000, 900, '2026-10-01', '2026-12-01', 0.1, 'campus', '同一段说明', false, 'overdue'),
	('L4', 'X', 'c', 500, 500, '2026-10-01', '2026-12-01', 0.1, NULL, NULL, NULL, 'current');
INSERT INTO filing.cash_flow (loan_id, paid_on, amount) VALUES ('L1', '2026-10-01', 150000), ('L1', '2027-10-01', -250000), ('L3', '2026-10-01', 1000), ('L3', '2026-12-01', -1100);
INSERT INTO filing.schedule (loan_id, seq, due_on, principal) VALUES ('L3', 1, '2026-10-20', 500), ('L3', 2, '2026-12-01', 500);
INSERT INTO filing.repayment (loan_id, paid_on, principal) VALUES ('L3', '2026-10-20', 100);
INSERT INTO filing.authority_order (order_id, inst_id, kind, issued_at) VALUES ('o', 'P', 'suspend_new', '2026-09-01');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('P', '2026-11-20', 'loan_balance', 100);
INSERT INTO filing.text_item (text_id, published_at, body) VALUES ('t', '2026-11-01', '公告');
INSERT INTO filing.account (account_id, owner_id) VALUES ('a', 'b');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose) VALUES ('t', 'a', 'z', 1, '2026-11-01', 'Q', 'transfer');
CREATE FUNCTION filing.lent() RETURNS TABLE (rule text, key text, observed numeric, hit boolean, amount numeric, evidence jsonb) LANGUAGE plpgsql AS $$
DECLARE
	r text;
BEGIN
	FOR r IN SELECT x.code FROM risk_screen.rule AS x WHERE x.builtin AND x.body ~ 'in_currency' AND x.rests_on = '{}'
	LOOP
		RETURN QUERY SELECT r, concat_ws(':', x.subject_kind, x.subject_id, x.evidence ->> 'limit', x.evidence ->> 'item'), x.observed, x.hit, x.amount, x.evidence FROM risk_screen.run_rule('desk', r, '2026-11-20') AS x;
	END LOOP;
END $$;
CREATE TEMP TABLE lent_yuan AS SELECT * FROM filing.lent();
SELECT is((SELECT string_agg(DISTINCT y.rule, ' ' ORDER BY y.rule) FROM lent_yuan AS y WHERE y.observed IS NOT NULL), 'B03 B15 B16 B17 B26 B33 C10 C11 C13 C19 C20 C21 C26 C31 K05 M03', 'rules that read loans say something of yuan');
SELECT is((SELECT string_agg(r.code, ' ' ORDER BY r.code) FROM risk_screen.rule AS r WHERE r.builtin AND r.body ~ '\m(FROM|JOIN) loan\M' AND r.body !~ 'in_currency' AND r.body ~ '\ml\.(amount|outstanding)\M'), 'C04 C05 C22', 'who else adds up loans');
INSERT INTO filing.loan SELECT (jsonb_populate_record(l, jsonb_build_object('loan_id', 'd' || l.loan_id, 'amount', l.amount * 1000, 'outstanding', l.outstanding * 1000, 'currency', 'USD'))).* FROM filing.loan AS l;
INSERT INTO filing.cash_flow (loan_id, paid_on, amount) SELECT 'd' || c.loan_id, c.paid_on, c.amount * 1000 FROM filing.cash_flow AS c;
INSERT INTO filing.schedule (loan_id, seq, due_on, principal) SELECT 'd' || c.loan_id, c.seq, c.due_on, c.principal * 1000 FROM filing.schedule AS c;
CREATE TEMP TABLE lent_both AS SELECT * FROM filing.lent();
SELECT is((SELECT string_agg(y.rule || ' ' || y.key || ' ' || concat(y.observed, ' ', y.amount) || ' became ' || concat(b.observed, ' ', b.amount), E'\n' ORDER BY y.rule, y.key) FROM lent_yuan AS y LEFT JOIN lent_both AS b USING (rule, key)
	WHERE (y.observed, y.hit, y.amount) IS DISTINCT FROM (b.observed, b.hit, b.amount) AND (y.rule NOT IN ('C19', 'K05') OR y.amount IS DISTINCT FROM b.amount)), NULL, 'what is said of yuan stays; C19 and K05 count loans');
SELECT is((SELECT string_agg(b.rule || ' ' || b.key || ' ' || b.amount, ', ') FROM lent_both AS b WHERE b.amount >= 400000), NULL, 'no dollar in an amount of yuan');
SELECT is((SELECT string_agg(b.rule || ' ' || b.key || ' ' || concat(b.observed, ' ', b.amount, b.evidence ->> 'currency'), ', ' ORDER BY b.rule, b.key) FROM lent_both AS b LEFT JOIN lent_yuan AS y USING (rule, key) WHERE y.rule IS NULL AND b.rule IN ('B15', 'C13', 'C26', 'C31')),
	'B15 loan:dL1 0.666666667 USD, B15 loan:dL2  USD, B15 loan:dL3 0.768795165 USD, B15 loan:dL4  USD, C13 loan:dL2 100000000 USD, C26 loan:dL1 150000000 USD, C26 loan:dL2 100000000 USD, C26 loan:dL3 1000000 USD, C31 institution:X USD 500000 USD', 'a loan in dollars is a finding of dollars');
SELECT is((SELECT string_agg(b.rule || ' ' || b.key || ' ' || (b.evidence ->> 'other_currencies'), ', ' ORDER BY b.rule, b.key) FROM lent_both AS b WHERE b.evidence ? 'other_currencies'), 'B03 institution:P 3, B03 institution:X 1, B16 institution:P 3, B16 institution:X 1, B17 institution:P 3, B17 institution:X 1, B26 borrower:b:one platform 2, C19 institution:P 1', 'who left dollars out counts them');
DELETE FROM filing.loan WHERE currency IS NULL;
SELECT is((SELECT string_agg(DISTINCT b.rule, ' ' ORDER BY b.rule) FROM filing.lent() AS b WHERE b.evidence ->> 'missing' LIKE '%loans in yuan%'), 'B16 B17', 'only dollars: shares of yuan are not known');
SELECT finish();
ROLLBACK;
