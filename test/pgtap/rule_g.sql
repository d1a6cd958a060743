-- Case files of section G.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"A","lines":["PAY"]},{"inst_id":"B","lines":["PAY"]},{"inst_id":"C","lines":["PAY"]},{"inst_id":"N","lines":["P2P"]}]');
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id, bank_id, bank_kind, interest_bearing, closed_on) VALUES
	('a', 'A', 'reserve', 'A', 'pb', 'pboc', false, NULL), ('b', 'B', 'reserve', 'B', 'good', 'commercial', true, NULL), ('c', 'C', 'reserve', 'C', 'bad', 'commercial', NULL, NULL),
	('c0', 'C', 'reserve', 'C', 'bad', 'commercial', true, '2026-01-01'), ('n', 'N', 'reserve', 'N', 'bad', 'commercial', true, NULL), ('u1', 'u1', 'client', NULL, 'x1', 'commercial', NULL, NULL), ('u2', 'u2', 'client', NULL, 'x2', 'commercial', NULL, NULL);

-- G01
SELECT is(filing.unknowns('G01'), 'desk', 'G01: no transfers filed: unknown');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, order_id, purpose, clearing_path) VALUES
	('1', 'a', 'u1', 10, '2026-11-05', 'A', 'O1', NULL, 'netsunion'), ('2', 'a', 'u2', 20, '2026-11-05', 'A', NULL, NULL, 'pboc'), ('3', 'b', 'u1', 30, '2026-11-05', 'B', 'O2', NULL, 'unionpay'), ('4', 'b', 'u1', 40, '2026-11-05', 'B', NULL, 'settlement', 'licensed'),
	('5', 'c', 'u1', 50, '2026-11-05', 'C', NULL, NULL, 'internal');
SELECT is(filing.hits('G01'), 'a', 'G01: reserve paid out without an order; settlement, and a firm that files no orders at all, do not hit');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('B', '2026-11-19', 'wallet_total', 100), ('B', '2026-11-19', 'reserve_total', 99.99), ('C', '2026-11-19', 'wallet_total', 100), ('C', '2026-11-19', 'reserve_total', 100.00);
SELECT is(filing.hits('G01'), 'B a', 'G01: wallets and reserve differ by a cent');

-- G02, G03
SELECT is(filing.unknowns('G02'), 'desk', 'G02: no list of banks: unknown');
INSERT INTO filing.eligible_bank (bank_id, list_name, valid_from) VALUES ('good', 'reserve', '2020-01-01'), ('bad', 'custody', '2020-01-01');
SELECT is(filing.hits('G02'), 'c', 'G02: neither central bank nor on the reserve list');
SELECT is(filing.hits('G03'), 'b', 'G03: interest-bearing; closed accounts and other lines do not count');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, purpose) VALUES ('i', 'bank', 'c', 1, '2026-11-05', 'interest');
SELECT is(filing.hits('G03'), 'b c', 'G03: an interest credit');

-- G04
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('A', '2026-10-31', 'income', 100), ('A', '2026-10-31', 'income_interest', 50), ('B', '2026-10-31', 'income', 100), ('B', '2026-10-31', 'income_interest', 51), ('C', '2026-10-31', 'income', 100);
SELECT is(filing.hits('G04'), 'B', 'G04: more than half of income is interest; half is not');
SELECT is(filing.unknowns('G04'), 'C', 'G04: interest not filed: unknown');

-- G05, G06
SELECT is(filing.hits('G06'), '', 'G06: the five allowed paths');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, clearing_path) VALUES ('d1', 'u1', 'a', 1, '2026-11-05', 'A', 'direct'), ('d2', 'u2', 'a', 1, '2026-11-05', 'A', 'direct'), ('d3', 'u1', 'b', 1, '2026-11-05', 'B', 'direct'), ('d4', 'u1', 'n', 1, '2026-11-05', 'N', 'direct');
SELECT is(filing.hits('G06'), 'A B', 'G06: direct links');
SELECT is((SELECT evidence FROM risk_screen.run_rule('desk', 'G06', '2026-11-20') WHERE subject_id = 'A'), '{"paths": [{"path": "direct", "transfers": 2, "amount": 2, "first": "2026-11-05T08:00:00+08:00", "last": "2026-11-05T08:00:00+08:00"}], "allowed": ["pboc", "unionpay", "netsunion", "licensed", "internal"]}', 'G06: each path with transfers and amount, beside those that are allowed');
SELECT is(filing.hits('G05'), 'A B', 'G05: direct links between banks; one bank inside itself is none (test/cases)');

-- G07
SELECT is(filing.unknowns('G07'), 'desk', 'G07: no licences filed: unknown');
INSERT INTO filing.licence (inst_id, biz, valid_from, valid_to, status) VALUES ('A', 'PAY', '2020-01-01', NULL, NULL), ('B', 'PAY', '2020-01-01', '2026-11-20', NULL), ('C', 'PAY', '2020-01-01', NULL, 'suspended');
INSERT INTO filing.service (inst_id, code, seen_from) VALUES ('A', 'card_acquiring', '2026-01-01'), ('B', 'card_acquiring', '2026-01-01'), ('C', 'network_payment', '2026-01-01'), ('N', 'advice', '2026-01-01');
SELECT is(filing.hits('G07'), 'B C', 'G07: licence ended today, licence suspended');
SELECT is(filing.hits('G07', '2026-11-19'), 'C', 'G07: the day before it was in force');

-- G11
SELECT is(filing.value('G11', 'A'), 1.0, 'G11: all payments small');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id) VALUES ('big', 'u1', 'a', 5000.01, '2026-11-05', 'A'), ('edge', 'u1', 'a', 5000, '2026-11-05', 'A');
SELECT is(round(filing.value('G11', 'A'), 4), 0.8333, 'G11: 5,000 is small, a cent more is not');

-- G09: the new step on the day it takes effect
SELECT filing.forget(VARIADIC (SELECT array_agg(role) FROM risk_screen.role));
SELECT filing.put('institution', '[{"inst_id":"A","lines":["PAY"]},{"inst_id":"B","lines":["PAY"]},{"inst_id":"C","lines":["PAY"]},{"inst_id":"D","lines":["PAY"]},{"inst_id":"E","lines":["P2P"]}]');
INSERT INTO filing.rating (inst_id, rating, valid_from, valid_to) SELECT i, r.* FROM unnest(ARRAY['A', 'B', 'C', 'D', 'E']) AS i, (VALUES ('A', date '2025-01-01', date '2026-11-01'), ('C', '2026-11-01', NULL)) AS r;
UPDATE filing.rating SET rating = 'A' WHERE inst_id = 'D';
INSERT INTO filing.account (account_id, inst_id, owner_kind, bank_kind) SELECT i || k, i, 'reserve', k FROM unnest(ARRAY['A', 'B', 'C', 'D', 'E']) AS i, unnest(ARRAY['pboc', 'commercial']) AS k;
INSERT INTO filing.balance (account_id, as_of, balance) VALUES ('Apboc', '2026-10-31', 55), ('Acommercial', '2026-10-31', 45), ('Bpboc', '2026-10-31', 54), ('Bcommercial', '2026-10-31', 46), ('Bpboc', '2026-11-10', 100), ('Cpboc', '2026-10-31', 100), ('Dpboc', '2026-10-31', 1), ('Dcommercial', '2026-10-31', 99), ('Epboc', '2026-10-31', 0), ('Ecommercial', '2026-10-31', 9);
SELECT is(filing.hits('G09'), 'B', 'G09: rated C from 1 November, 54 of 100 that day although put right later; exactly 55, an unchanged rating and other lines do not hit');
SELECT is(filing.value('G09', 'B'), 1.0, 'G09: one short');
SELECT is(filing.unknowns('G09'), 'C', 'G09: an account without a balance near that day: unknown');
SELECT is(filing.hits('G09', '2026-10-31'), '', 'G09: the day before nothing has changed');

-- G13
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES ('like', 'A', 'ad', '2026-11-10', '账户余额相当于存款，央行担保'), ('not', 'A', 'ad', '2026-11-10', '支付账户余额不等于存款，请勿相信央行背书的说法，谨防央行担保骗局'), ('plain', 'A', 'ad', '2026-11-10', '便捷支付，服务生活'), ('p2p', 'E', 'ad', '2026-11-10', '央行担保'), ('talk', 'B', 'opinion', '2026-11-10', '央行担保'), ('early', 'B', 'ad', '2026-08-22', '央行背书');
SELECT is(filing.hits('G13'), 'like', 'G13: like a deposit, guaranteed by the central bank; warnings, plain words, other lines, opinions and older texts do not hit');
DELETE FROM filing.text_item;
SELECT is(filing.unknowns('G13'), 'desk', 'G13: no texts: unknown');

SELECT * FROM finish();
ROLLBACK;
