-- Case files of section C.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"P1","lines":["P2P"]},{"inst_id":"P2","lines":["P2P"]},{"inst_id":"P3","lines":["P2P"]},{"inst_id":"P4","lines":["P2P"],"status":"exited"},{"inst_id":"BANK","lines":["FUND"],"is_financial":true}]');

-- related_parties: up along control, down along control, never up again
INSERT INTO filing.equity (owner, owned, share, votes, kind, valid_from, valid_to) VALUES
	('hold', 'P1', 0.6, NULL, NULL, NULL, NULL), ('boss', 'hold', 0.8, NULL, NULL, NULL, NULL), ('boss', 'sister', 0.51, NULL, NULL, NULL, NULL),
	('sister', 'niece', 1, NULL, NULL, NULL, NULL), ('partner', 'sister', 0.49, NULL, NULL, NULL, NULL), ('five', 'P1', 0.05, NULL, NULL, NULL, NULL), ('four', 'P1', 0.04, NULL, NULL, NULL, NULL),
	('half', 'P2', 0.5, NULL, NULL, NULL, NULL), ('upper', 'half', 1, NULL, NULL, NULL, NULL), ('past', 'P1', 0.9, NULL, NULL, '2020-01-01', '2026-01-01'),
	('front', 'shell', 1, NULL, 'nominee', NULL, NULL), ('front', 'P1', 0.01, NULL, 'control', NULL, NULL), ('P1', 'hold', 0.2, NULL, NULL, NULL, NULL);
INSERT INTO filing.person (person_id, inst_id, post, post_to) VALUES ('ceo', 'P1', 'executive', NULL), ('clerk', 'P1', 'staff', NULL), ('gone', 'P1', 'director', '2026-02-01');
INSERT INTO filing.related_group (group_id, inst_id) VALUES ('g', 'P1'), ('g', 'cousin');
INSERT INTO filing.related_party (a, b, relation) VALUES ('wife', 'P1', 'family');
SET LOCAL search_path = desk, risk_screen, public;
SELECT is((SELECT string_agg(party_id, ' ' ORDER BY party_id) FROM risk_screen.desk_related_parties('2026-11-20') WHERE inst_id = 'P1'),
	'P1 boss ceo cousin five front hold niece shell sister wife', 'related parties: holders from 5 %, controllers and what they control, officers, group, family; not the partner of a sister, small or past holders, staff');
SELECT is((SELECT string_agg(party_id, ' ' ORDER BY party_id) FROM risk_screen.desk_related_parties('2026-11-20') WHERE inst_id = 'P2'), 'P2 half upper', 'exactly half is a holder; what controls it is related too');
SELECT is((SELECT steps FROM risk_screen.desk_related_parties('2026-11-20') WHERE inst_id = 'P1' AND party_id = 'niece'), 4, 'steps: P1 - hold - boss - sister - niece');
RESET search_path;

-- C01
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id) VALUES ('own1', 'P1', 'own', 'P1'), ('own2', 'P2', 'own', 'P2'), ('cust1', 'P1', 'custody', 'P1');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose)
	SELECT 'i' || a || i, 'c' || i, a, 100, timestamptz '2026-11-01', NULL, 'purchase' FROM generate_series(1, 20) AS i, unnest(ARRAY['own1', 'cust1']) AS a
	UNION ALL SELECT 'o' || a || i, a, 'd' || i, 100, timestamptz '2026-11-02', NULL, 'payout' FROM generate_series(1, 20) AS i, unnest(ARRAY['own1', 'cust1']) AS a
	UNION ALL SELECT 'j' || i, 'c' || i, 'own2', 100, timestamptz '2026-11-01', NULL, 'purchase' FROM generate_series(1, 19) AS i
	UNION ALL SELECT 'k' || i, 'own2', 'd' || i, 100, timestamptz '2026-11-02', NULL, 'payout' FROM generate_series(1, 25) AS i
	UNION ALL SELECT 'f' || i, 'e' || i, 'own2', 100, timestamptz '2026-11-02', NULL, 'fee' FROM generate_series(1, 25) AS i;
SELECT is(filing.hits('C01'), 'own1', 'C01: twenty payers and payees hit; nineteen do not, fees and custody do not count');
UPDATE filing.txn SET loan_id = 'L' || regexp_replace(txn_id, '\D*\d', '') WHERE payer = 'own1' OR payee = 'own1';
SELECT is(filing.hits('C01'), '', 'C01: paired by loan it is no pool');
UPDATE filing.txn SET paid_at = '2026-10-03' WHERE payee = 'own1';
SELECT is(filing.hits('C01'), '', 'C01: thirty days apart is a pair');
UPDATE filing.txn SET paid_at = '2026-10-02' WHERE payee = 'own1';
SELECT is(filing.hits('C01'), 'own1', 'C01: thirty-one days is not');
UPDATE filing.txn SET amount = 950 WHERE txn_id IN ('iown11', 'oown11');
SELECT is(filing.hits('C01'), 'own1', 'C01: one large payer among twenty is still a pool');
UPDATE filing.txn SET amount = 19000 WHERE txn_id IN ('iown11', 'oown11');
SELECT is(filing.hits('C01'), '', 'C01: nearly all from one payer is none');
SELECT filing.forget('txn');
SELECT is(filing.unknowns('C01'), 'desk', 'C01: no transfers filed: unknown');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at) VALUES ('z', 'x', 'y', 1, '2026-11-01');
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id, account_kind) VALUES ('beside', 'P3', 'client', 'P3', 'bank'), ('empty', 'P3', 'client', 'P3', 'bank'), ('ledger', 'P3', 'client', 'P3', 'ledger'), ('person', 'someone', 'client', 'P3', 'bank');
INSERT INTO filing.balance (account_id, as_of, balance) VALUES ('beside', '2026-11-19', 0.01), ('empty', '2026-11-19', 0), ('ledger', '2026-11-19', 9), ('person', '2026-11-19', 9), ('cust1', '2026-11-19', 9);
SELECT is(filing.hits('C01'), 'beside', 'C01: one cent of clients'' money overnight outside custody; custody, sub-accounts, clients'' own accounts do not hit');
SELECT filing.forget('balance'); DELETE FROM filing.account WHERE inst_id = 'P3';

-- C02, C04, C05, C22
SELECT filing.forget('txn', 'account');
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id) VALUES ('cust1', 'P1', 'custody', 'P1'), ('cust2', 'P2', 'custody', 'P2'), ('own1', 'P1', 'own', 'P1'), ('aSister', 'sister', 'client', NULL),
	('aB1', 'B1', 'client', NULL), ('aB2', 'B2', 'client', NULL), ('aMid', 'mid', 'client', NULL), ('aShop', 'shop', 'client', NULL), ('aBoss', 'boss', NULL, NULL), ('fund1', 'P1', 'risk_fund', 'P1'), ('bank', 'BANK', 'own', 'BANK');
INSERT INTO filing.loan (loan_id, inst_id, borrower_id, amount, started_on, matures_on, guarantor_id) VALUES ('L1', 'P1', 'B1', 1000, '2026-11-01', '2027-11-01', 'niece'), ('L2', 'P2', 'B2', 1000, '2026-11-01', '2027-11-01', 'guarantee co'),
	('L3', 'P1', 'B3', 10, '2026-11-21', '2027-11-01', 'boss');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose, loan_id) VALUES
	('1', 'cust1', 'aB1', 1000, '2026-11-01 10:00+08', 'P1', 'disburse', 'L1'), ('2', 'aB1', 'aMid', 900, '2026-11-02 10:00+08', NULL, NULL, NULL), ('3', 'aMid', 'aSister', 600, '2026-11-03 10:00+08', NULL, NULL, NULL),
	('4', 'cust2', 'aB2', 1000, '2026-11-01 10:00+08', 'P2', 'disburse', 'L2'), ('5', 'aB2', 'aMid', 900, '2026-11-02 10:00+08', NULL, NULL, NULL), ('6', 'aMid', 'aShop', 800, '2026-11-03 10:00+08', NULL, NULL, NULL);
SELECT is(filing.hits('C04'), 'P1', 'C04: money lent reaches a sister firm in three transfers; the same path to a shop does not hit');
SELECT is(filing.value('C04', 'P1'), 0.6, 'C04: 600 of 1000 raised');
SELECT is(filing.unknowns('C04'), '', 'C04: both platforms could be judged');
UPDATE filing.txn SET paid_at = '2026-11-01 09:00+08' WHERE txn_id = '2';
SELECT is(filing.hits('C04'), '', 'C04: money that left before the loan came is not the lenders''');
UPDATE filing.txn SET paid_at = '2026-11-02 10:00+08' WHERE txn_id = '2';
UPDATE filing.txn SET purpose = 'repay', payee = 'cust1' WHERE txn_id = '3';
SELECT is(filing.hits('C04'), '', 'C04: repaying into custody is no self-financing');
UPDATE filing.txn SET purpose = NULL, payee = 'aSister', amount = 49 WHERE txn_id = '3';
SELECT is(filing.hits('C04'), '', 'C04: 4.9 % does not hit');
UPDATE filing.txn SET amount = 50 WHERE txn_id = '3';
SELECT is(filing.hits('C04'), 'P1', 'C04: exactly 5 % hits');
UPDATE filing.txn SET purpose = NULL WHERE txn_id = '4';
SELECT is(filing.unknowns('C04'), 'P2', 'C04: a platform with new loans but no pay-outs filed: unknown');
SELECT is(filing.hits('C02'), '', 'C02: pay-outs from custody are right');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose, loan_id) VALUES ('7', 'own1', 'aB1', 5, '2026-11-05', 'P1', 'disburse', 'L7'), ('8', 'aBoss', 'aB1', 5, '2026-11-05', 'P1', 'disburse', 'L8'), ('9', 'aShop', 'aB1', 5, '2026-11-05', 'P1', 'disburse', 'L9'),
	('10', 'own1', 'aB1', 5, '2026-11-05', 'P1', 'salary', NULL);
SELECT is(filing.hits('C02'), 'L7 L8', 'C02: paid by the platform or its controller');
SELECT is(filing.hits('C05'), 'L1', 'C05: guaranteed by a related party; an outside guarantor is right; a loan of tomorrow is not seen');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose, loan_id) VALUES ('11', 'fund1', 'aShop', 5, '2026-11-05', 'P1', 'compensation', 'L1'), ('12', 'aShop', 'aMid', 5, '2026-11-05', 'P1', 'compensation', 'L1');
SELECT is(filing.hits('C22'), '11 L1', 'C22: related guarantor, and compensation out of the risk fund');

-- C07, C08
SELECT filing.forget('loan');
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on, matures_on) VALUES ('long', 'P1', 100, '2026-06-01', '2027-06-01'), ('even', 'P2', 100, '2026-06-01', '2026-12-01'), ('gone', 'P3', 100, '2025-06-01', '2026-06-01');
SELECT is(filing.unknowns('C07'), 'desk', 'C07: no claims filed: unknown');
INSERT INTO filing.claim (claim_id, lender_id, loan_id, product_id, amount, from_on, to_on) VALUES
	('1', 'x', 'long', 'p1', 40, '2026-06-01', '2026-09-01'), ('2', 'x', 'long', 'p2', 40, '2026-09-01', '2026-12-01'), ('3', 'y', 'even', 'p3', 100, '2026-06-01', '2026-12-01'),
	('4', 'z', 'gone', 'p4', 9, '2025-06-01', '2025-09-01'), ('5', 'x', 'long', NULL, 20, '2026-06-01', '2027-06-01');
SELECT is(filing.hits('C07'), 'P1', 'C07: claims due before the loan; equal terms and repaid loans do not hit');
SELECT is((SELECT evidence ->> 'share_by_amount' FROM risk_screen.run_rule('desk', 'C07', '2026-11-20')), '0.800000', 'C07: amount-weighted share');
SELECT is(filing.hits('C08'), 'long', 'C08: two consecutive products shorter than the loan');
UPDATE filing.claim SET from_on = '2026-06-01', to_on = '2026-09-02' WHERE claim_id = '2';
SELECT is(filing.hits('C08'), '', 'C08: products side by side are no chain');

-- C10
SELECT filing.forget('loan', 'party', 'txn');
INSERT INTO filing.party (party_id, identity_no) VALUES ('real', 'id1'), ('twin1', 'id2'), ('twin2', 'id2'), ('unpaid', 'id3'), ('new', 'id4');
INSERT INTO filing.loan (loan_id, inst_id, borrower_id, amount, started_on, matures_on) VALUES ('ok', 'P1', 'real', 10, '2026-11-01', '2027-01-01'), ('twin', 'P1', 'twin1', 10, '2026-11-01', '2027-01-01'), ('nobody', 'P1', 'ghost', 10, '2026-11-01', '2027-01-01'),
	('unpaid', 'P1', 'unpaid', 10, '2026-11-01', '2027-01-01'), ('new', 'P1', 'new', 10, '2026-11-19', '2027-01-01');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose, loan_id) SELECT l, 'cust1', 'x', 10, timestamptz '2026-11-02', 'P1', 'disburse', l FROM unnest(ARRAY['ok', 'twin', 'nobody']) AS l;
SELECT is(filing.hits('C10'), 'nobody twin unpaid', 'C10: unknown borrower, shared identity, never paid out; a loan of yesterday has time');
INSERT INTO filing.collateral (collateral_id, loan_id) VALUES ('house', 'ok'), ('house', 'new'), ('car', 'ok');
SELECT is(filing.hits('C10'), 'new nobody ok twin unpaid', 'C10: one thing pledged for two loans');

-- C12, C14, C15, C18
INSERT INTO filing.marketing (marketing_id, inst_id, channel, activity, happened_on) VALUES ('1', 'P1', 'offline', 'promotion', '2026-11-01'), ('2', 'P2', 'offline', 'credit_check', '2026-11-01'), ('3', 'P2', 'online', 'promotion', '2026-11-01'), ('4', 'P3', 'offline', NULL, '2026-11-01');
SELECT is(filing.hits('C12'), 'P1', 'C12: offline promotion; the three allowed activities do not hit');
SELECT is(filing.unknowns('C12'), 'P3', 'C12: offline activity not named: unknown');
INSERT INTO filing.licence (inst_id, biz, valid_from, valid_to) VALUES ('P2', 'AM', '2020-01-01', NULL), ('P3', 'AM', '2020-01-01', '2026-01-01'), ('P1', 'P2P', '2020-01-01', NULL);
INSERT INTO filing.product (product_id, inst_id, biz, kind, issued_on) VALUES ('a1', 'P1', 'AM', NULL, '2026-02-01'), ('a2', 'P2', 'AM', NULL, '2026-02-01'), ('a3', 'P3', 'AM', NULL, '2026-02-01'), ('a4', 'P1', NULL, 'claim_transfer', '2026-02-01'), ('a5', 'P1', 'P2P', NULL, '2026-02-01'), ('a6', 'BANK', 'AM', NULL, '2026-02-01');
SELECT is(filing.hits('C14'), 'a1 a3 a4', 'C14: no licence, a licence that ended, a transfer of claims');
SELECT filing.forget('txn');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose, order_id) VALUES
	('1', 'cust1', 'aSister', 5, '2026-11-05', 'P1', NULL, NULL), ('2', 'cust1', 'own1', 5, '2026-11-05', 'P1', 'fee', NULL), ('3', 'cust1', 'aSister', 5, '2026-11-05', 'P1', NULL, 'O1'), ('4', 'cust1', 'aShop', 5, '2026-11-05', 'P1', NULL, NULL),
	('5', 'cust2', 'aB2', 5, '2026-11-05', 'P2', 'disburse', NULL);
SELECT is(filing.hits('C18'), '1', 'C18: to a related party without an instruction; fees, instructed and outside payments do not hit');
SELECT is(filing.hits('C15'), 'P1', 'C15: client money and related money meet');
SELECT is((SELECT observed FROM risk_screen.run_rule('desk', 'C15', '2026-11-20')), 2::numeric, 'C15: the fee does not count');

-- C16: custody at a bank of the list that is valid on the day
SELECT filing.forget('account', 'txn');
SELECT is(filing.unknowns('C16'), 'desk', 'C16: no accounts filed: unknown');
INSERT INTO filing.eligible_bank (bank_id, list_name, valid_from, valid_to) VALUES ('good', 'custody', '2020-01-01', NULL), ('ended', 'custody', '2020-01-01', '2026-11-20'), ('other', 'reserve', '2020-01-01', NULL);
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id, bank_id, closed_on) VALUES ('c1', 'P1', 'custody', 'P1', 'good', NULL), ('c2', 'P2', 'custody', 'P2', 'ended', NULL), ('c3', 'P3', 'client', 'P3', 'good', NULL),
	('c4', 'P4', 'custody', 'P4', 'good', NULL), ('c5', 'P4', 'client', 'P4', 'good', '2026-01-01'), ('b1', 'BANK', 'client', 'BANK', 'bad', NULL);
SELECT is(filing.hits('C16'), 'P2 P3', 'C16: bank off the list since today, own account for clients'' money; closed accounts and other lines do not count');
SELECT is(filing.hits('C16', '2026-11-19'), 'P3', 'C16: the day before, the bank was on the list');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose) VALUES ('1', 'x', 'c1', 99, '2026-11-05', 'P1', 'lend'), ('2', 'x', 'y', 1, '2026-11-05', 'P1', 'lend'), ('3', 'x', 'y', 50, '2026-11-05', 'P4', 'fee');
SELECT is(filing.value('C16', 'P1'), 0.99, 'C16: one per cent of client money beside custody');
SELECT is(filing.hits('C16'), 'P1 P2 P3', 'C16: that is a hit; fees are not client money');

-- C17
SELECT filing.forget('account');
INSERT INTO filing.custody_statement (account_id, inst_id, day, balance) VALUES ('c1', 'P1', '2026-11-17', 100), ('c1', 'P1', '2026-11-19', 100), ('c1', 'P1', '2026-11-20', 100.01), ('c2', 'P2', '2026-11-18', 7), ('c2', 'P2', '2026-11-19', 7), ('c3', 'P3', '2026-11-19', 7);
INSERT INTO filing.balance (account_id, as_of, balance) VALUES ('c1', '2026-11-17', 100), ('c1', '2026-11-18', 100), ('c1', '2026-11-19', 100.00), ('c1', '2026-11-20', 100), ('c2', '2026-11-18', 7), ('c2', '2026-11-19', 7);
SELECT is((SELECT string_agg(evidence ->> 'day' || ' ' || (evidence ->> 'fault'), ', ' ORDER BY evidence ->> 'day') FROM risk_screen.run_rule('desk', 'C17', '2026-11-20') WHERE hit),
	'2026-11-18 no bank statement, 2026-11-20 difference', 'C17: a missing day and one cent; equal balances of another scale do not hit; today''s statement may still come');
SELECT is(filing.unknowns('C17'), 'c3', 'C17: no platform balance: unknown');

-- C19, C21
SELECT filing.forget('loan', 'party', 'txn', 'licence');
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('P2', 'property_finance', '2020-01-01');
INSERT INTO filing.party (party_id, industry) VALUES ('dev', 'developer'), ('grocer', 'shop');
INSERT INTO filing.loan (loan_id, inst_id, borrower_id, amount, started_on, matures_on, is_property, purpose) VALUES ('h1', 'P1', 'b1', 100, '2026-11-01', '2027-01-01', true, NULL), ('h2', 'P2', 'b2', 100, '2026-11-01', '2027-01-01', true, NULL),
	('h3', 'P3', 'b3', 100, '2026-11-01', '2027-01-01', NULL, 'trade'), ('h4', 'P3', 'b4', 100, '2026-11-01', '2027-01-01', NULL, NULL);
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner, payee_owner) VALUES ('1', 'x', 'y', 90, '2026-11-08 23:59+08', 'b3', 'dev'), ('2', 'x', 'y', 90, '2026-11-09 00:00+08', 'b4', 'dev'), ('3', 'x', 'y', 90, '2026-11-02', 'b4', 'grocer'), ('4', 'x', 'y', 90, '2026-10-31 23:59+08', 'b4', 'dev');
SELECT is(filing.hits('C19'), 'P1', 'C19: property finance without a licence');
SELECT is(filing.hits('C21'), 'h3', 'C21: paid to a developer on the seventh day hits; the eighth, before the loan, or a grocer do not');

-- C26, C28, C31
SELECT filing.forget('loan');
INSERT INTO filing.authority_order (order_id, inst_id, kind, issued_at, effective_at, lifted_at) VALUES ('o1', 'P1', 'suspend_new', '2026-11-01 10:00+08', NULL, NULL), ('o2', 'P2', 'suspend_new', '2026-10-01', NULL, '2026-11-01'), ('o3', 'P3', 'rectify', '2026-10-01', NULL, NULL);
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on, status, outstanding) VALUES ('same', 'P1', 1, '2026-11-01', NULL, NULL), ('next', 'P1', 1, '2026-11-02', NULL, NULL), ('lifted', 'P2', 1, '2026-11-02', NULL, NULL), ('other', 'P3', 1, '2026-11-02', NULL, NULL),
	('left', 'P4', 5, '2025-01-01', NULL, 3), ('done', 'P4', 5, '2025-01-01', 'repaid', NULL);
SELECT is(filing.hits('C26'), 'next', 'C26: a new loan the day after the order; the day itself, a lifted or another order do not hit');
SELECT is(filing.unknowns('C28'), 'desk', 'C28: no filings known: unknown');
INSERT INTO filing.filing (filing_id, inst_id, kind, received_at, status) VALUES ('1', 'P1', 'p2p_registration', '2026-11-20 23:59+08', 'accepted'), ('2', 'P2', 'p2p_registration', '2026-11-21 00:00+08', 'accepted'), ('3', 'P3', 'annual', '2026-01-01', NULL);
SELECT is(filing.hits('C28'), 'P2 P3', 'C28: filed on the day is in time, the next day is not; left platforms and other lines do not count');
SELECT is(filing.value('C31', 'P4'), 3.0, 'C31: left with three yuan outstanding');

-- C03: four elements; 0.8 of the weights
SELECT filing.forget(VARIADIC (SELECT array_agg(role) FROM risk_screen.role));
SELECT is(filing.unknowns('C03'), 'desk', 'C03: no institutions, no licences filed: unknown');
SELECT filing.put('institution', '[{"inst_id":"all4"},{"inst_id":"few"},{"inst_id":"quiet"},{"inst_id":"open"},{"inst_id":"licensed"},{"inst_id":"lapsed"},{"inst_id":"advert"},{"inst_id":"bank","is_financial":true},{"inst_id":"filed","lines":["P2P"]},{"inst_id":"shop"}]');
INSERT INTO filing.licence (inst_id, biz, valid_from, valid_to) VALUES ('licensed', 'AM', '2020-01-01', NULL), ('lapsed', 'AM', '2020-01-01', '2026-11-20');
INSERT INTO filing.filing (filing_id, inst_id, kind, received_at) VALUES ('1', 'filed', 'p2p_registration', '2020-01-01');
INSERT INTO filing.product (product_id, inst_id, biz, offering, rate_promised, issued_on) VALUES ('1', 'all4', 'AM', 'public', 0.1, '2026-09-01'), ('2', 'few', 'AM', 'public', NULL, '2026-09-01'), ('3', 'quiet', 'AM', 'private', 0.1, '2026-09-01'), ('4', 'open', 'AM', 'public', NULL, '2026-09-01'),
	('5', 'licensed', 'AM', 'public', 0.1, '2026-09-01'), ('6', 'lapsed', 'AM', 'public', 0.1, '2026-09-01'), ('7', 'bank', 'BANK', 'public', 0.1, '2026-09-01'), ('8', 'filed', 'P2P', 'public', 0.1, '2026-09-01');
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) SELECT 'i' || i, p, 1, date '2026-11-01' FROM unnest(ARRAY['1', '5', '7', '8']) AS p, generate_series(1, 150) AS i UNION ALL SELECT 'i' || i, p, 1, date '2026-11-01' FROM unnest(ARRAY['2', '3']) AS p, generate_series(1, 149) AS i;
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES ('a', 'advert', 'ad', '2026-11-10', '全民理财，年化12%，保本保息'), ('b', 'shop', 'ad', '2026-11-10', '周年店庆，保本甩卖');
SELECT is(filing.hits('C03'), 'advert all4 lapsed', 'C03: all four, an ended licence, and an unlicensed public promise; 149 investors, a private offer, licences, filings, banks and shops do not hit');
SELECT is(filing.value('C03', 'all4'), 1.0, 'C03: all weights');
SELECT is(filing.value('C03', 'few'), 0.6, 'C03: without promise and crowd');
SELECT is(filing.unknowns('C03'), 'open', 'C03: the number of investors would decide and is not known: unknown');
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) VALUES ('j', '2', 1, '2026-11-01');
SELECT is(filing.hits('C03'), 'advert all4 few lapsed', 'C03: exactly 150 investors are many');

-- C09: what is said against what is filed
SELECT filing.forget(VARIADIC (SELECT array_agg(role) FROM risk_screen.role));
SELECT filing.put('institution', '[{"inst_id":"A"},{"inst_id":"B"}]');
INSERT INTO filing.product (product_id, inst_id, rate_promised) VALUES ('p', 'A', 0.08), ('q', 'A', 0.05), ('r', 'B', NULL);
INSERT INTO filing.eligible_bank (bank_id, name, list_name, valid_from) VALUES ('B1', '华安银行', 'custody', '2020-01-01'), ('B2', '东海银行', 'custody', '2020-01-01');
INSERT INTO filing.account (account_id, inst_id, owner_kind, bank_id, opened_on, closed_on) VALUES ('c', 'A', 'custody', 'B1', '2025-01-01', '2026-11-15');
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body, product_id, advertised_rate, custody_bank) VALUES
	('same', 'A', 'ad', '2026-11-10', 'x', 'p', 0.0805, NULL), ('more', 'A', 'ad', '2026-11-10', 'x', 'p', 0.0806, NULL), ('less', 'A', 'ad', '2026-11-10', 'x', 'p', 0.05, NULL), ('any', 'A', 'ad', '2026-11-10', 'x', NULL, 0.08, NULL), ('above', 'A', 'ad', '2026-11-10', '年化收益率9%', NULL, NULL, NULL),
	('nofile', 'B', 'ad', '2026-11-10', 'x', 'r', 0.08, NULL), ('bank1', 'A', 'ad', '2026-11-10', '资金由华安银行存管', NULL, NULL, NULL), ('bank1late', 'A', 'ad', '2026-11-16', 'x', NULL, NULL, 'B1'), ('bank2', 'A', 'ad', '2026-11-10', '资金由东海银行存管', NULL, NULL, NULL),
	('bankname', 'A', 'ad', '2026-11-10', 'x', NULL, NULL, '华安银行'), ('bankB', 'B', 'ad', '2026-11-10', 'x', NULL, NULL, 'B1'), ('talk', 'A', 'opinion', '2026-11-10', '年化收益率99%', NULL, 0.99, NULL), ('other', 'A', 'ad', '2026-11-10', '东海银行赞助晚会', NULL, NULL, NULL);
SELECT is(filing.hits('C09'), 'above bank1late bank2 less more', 'C09: another rate than filed, a bank without a custody account, or after it closed; rounding, another product''s rate, the bank by its name, opinions and mere mention do not hit');
SELECT is(filing.unknowns('C09'), 'bankB nofile', 'C09: no rate filed for the product, no accounts filed: unknown');

-- C11, C13
SELECT filing.forget(VARIADIC (SELECT array_agg(role) FROM risk_screen.role));
SELECT filing.put('institution', '[{"inst_id":"P1","lines":["P2P"]},{"inst_id":"E1","lines":["EC"]},{"inst_id":"I1","lines":["INS"]},{"inst_id":"P2","lines":["P2P"]}]');
INSERT INTO filing.product (product_id, inst_id, rate_promised, project_return) VALUES ('ten', 'P1', 0.2, 0.1), ('over', 'P1', 0.2001, 0.1), ('other', 'I1', 0.9, 0.1), ('none', 'P1', 0.2, NULL), ('unsaid', 'P1', NULL, NULL);
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on, matures_on, description) VALUES ('brag', 'P1', 5, '2026-11-01', '2027-01-01', '项目稳赚不赔，投资零风险'), ('plain', 'P1', 5, '2026-11-01', '2027-01-01', '用于采购原材料，借款人经营六年'), ('past', 'P1', 5, '2025-11-01', '2026-01-01', '稳赚不赔');
SELECT is(filing.hits('C11'), 'brag over', 'C11: more than ten points above the project''s return, or words of certain gain; exactly ten, a plain description, repaid loans and other lines do not hit');
SELECT is(filing.unknowns('C11'), 'none', 'C11: return of the project not filed: unknown');
UPDATE filing.product SET project_return = NULL;
SELECT is(filing.unknowns('C11') || ', ' || filing.hits('C11'), 'desk, brag', 'C11: where nobody files returns, what is not hit by its words is unknown');
SELECT filing.forget('product', 'loan');
SELECT is(filing.unknowns('C13'), 'desk', 'C13: nothing filed: unknown');
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('E1', 'securities_financing', '2020-01-01');
INSERT INTO filing.loan (loan_id, inst_id, borrower_id, amount, started_on, matures_on, purpose) VALUES ('lever', 'P1', 'b1', 100, '2026-11-01', '2027-01-01', 'securities'), ('allowed', 'E1', 'b2', 100, '2026-11-01', '2027-01-01', 'securities'), ('trade', 'P2', 'b3', 100, '2026-11-01', '2027-01-01', 'trade');
INSERT INTO filing.account (account_id, owner_id, owner_kind, account_kind, inst_id) VALUES ('cust', 'P2', 'custody', 'bank', 'P2'), ('b3', 'b3', 'client', 'bank', NULL), ('friend', 'f', 'client', 'bank', NULL), ('stocks', 'f', 'client', 'securities', NULL);
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose, loan_id) VALUES ('1', 'cust', 'b3', 100, '2026-11-02', 'P2', 'disburse', 'trade'), ('2', 'b3', 'friend', 80, '2026-11-03', NULL, NULL, NULL), ('3', 'friend', 'stocks', 70, '2026-11-04', NULL, NULL, NULL), ('4', 'rich', 'stocks', 999, '2026-11-04', NULL, NULL, NULL);
SELECT is(filing.hits('C13'), 'P2 lever', 'C13: a loan for securities, and lenders'' money two transfers on at a securities account; a licensed firm does not hit');
SELECT is(filing.value('C13', 'P2'), 70.0, 'C13: only the lenders'' part');
UPDATE filing.account SET account_kind = 'bank' WHERE account_id = 'stocks';
SELECT is(filing.hits('C13'), 'lever', 'C13: an ordinary account is no securities account');
INSERT INTO filing.listed_account (list_name, account_id, kind, valid_to) VALUES ('brokers', 'stocks', 'securities', NULL), ('gambling', 'friend', 'gambling', NULL);
SELECT is(filing.hits('C13'), 'P2 lever', 'C13: unless it stands on the list');

-- C30: the census, kept as filed; its progress
SELECT filing.forget('institution');
SELECT filing.put('institution', '[{"inst_id":"A","name":"甲"},{"inst_id":"B","name":"乙"}]');
INSERT INTO filing.census (campaign, inst_id, item, completed_on) VALUES ('2026', 'A', 'basic', '2026-11-01'), ('2026', 'A', 'products', '2026-11-02'), ('2026', 'A', 'problems', NULL), ('2026', 'B', 'basic', NULL), ('2025', 'B', 'basic', '2025-11-01');
SELECT is((SELECT string_agg(concat_ws(' ', campaign, inst_id, done || '/' || items, share), ', ' ORDER BY campaign, inst_id) FROM desk.census_progress), '2025 B 1/1 1.0000, 2026 A 2/3 0.6667, 2026 B 0/3 0.0000', 'C30: completed items of each institution against all items of the round');

-- C32: a person confirms the class; nobody is charged
SELECT filing.forget(VARIADIC (SELECT array_agg(role) FROM risk_screen.role));
SELECT filing.put('institution', '[{"inst_id":"M1","name":"重庆某小额贷款有限公司"},{"inst_id":"M2","name":"乙小贷公司"},{"inst_id":"M3","name":"丙","platform_type":"micro_loan"},{"inst_id":"M4","name":"丁小额贷款公司"},{"inst_id":"NET","name":"电商","platform_type":"e_commerce"},{"inst_id":"MILL","name":"钢厂"}]');
INSERT INTO filing.equity (owner, owned, share) VALUES ('mid', 'M1', 0.6), ('NET', 'mid', 0.51), ('NET', 'M2', 0.5), ('MILL', 'M2', 0.5), ('MILL', 'M3', 1);
SELECT is((SELECT string_agg(subject_id || ' ' || coalesce(observed::text, 'unknown'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'C32', '2026-11-20')), 'M1 1, M2 0, M3 0, M4 unknown', 'C32: controlled through a holding; half is no control, a mill no internet firm, no shareholders filed is unknown');
SELECT is((SELECT count(*) FROM risk_screen.run_rule('desk', 'C32', '2026-11-20') WHERE inst_id IS NULL), 0::bigint, 'C32: the class belongs to the firm');
SELECT is((SELECT severity FROM risk_screen.rule WHERE code = 'C32'), NULL, 'C32: and forces no level');

SELECT * FROM finish();
ROLLBACK;
