-- Case files of section D: rules that need the closure, or the investors behind products.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"E1","lines":["EC"]},{"inst_id":"E2","lines":["EC"]},{"inst_id":"E3","lines":["EC"]},{"inst_id":"P1","lines":["P2P"]},{"inst_id":"M1","lines":["AM"]}]');

-- D02: the issuer
SELECT is(filing.unknowns('D02'), 'desk', 'D02: no products filed: unknown');
INSERT INTO filing.equity (owner, owned, share, valid_to) VALUES ('hold', 'E1', 0.6, NULL), ('hold', 'sister', 0.51, NULL), ('E1', 'child', 0.6, NULL), ('E1', 'half', 0.5, NULL), ('hold', 'sold', 0.9, '2026-11-20'),
	('someone', 'E2', 1, NULL), ('hold', 'P1', 0.6, NULL), ('past', 'E3', 1, '2026-11-20');
INSERT INTO filing.product (product_id, inst_id, issuer_id, issued_on, ended_on) VALUES ('own', 'E1', 'E1', '2026-03-01', NULL), ('kid', 'E1', 'child', '2026-03-01', NULL), ('sis', 'E1', 'sister', '2026-03-01', NULL),
	('kin2', 'E2', 'sister', '2026-03-01', NULL), ('far', 'E1', 'cafe', '2026-03-01', NULL), ('halfway', 'E1', 'half', '2026-03-01', NULL), ('former', 'E1', 'sold', '2026-03-01', NULL),
	('over', 'E1', 'child', '2025-03-01', '2026-06-01'), ('next', 'E1', 'child', '2026-11-21', NULL), ('lend', 'P1', 'hold', '2026-03-01', NULL);
SELECT is(filing.hits('D02'), 'kid own sis', 'D02: itself, a subsidiary, a sister; not another platform''s sister, strangers, half-owned or sold firms, products over or of tomorrow, other lines');
SELECT is((SELECT evidence ->> 'relation' || ' ' || (evidence ->> 'via') FROM risk_screen.run_rule('desk', 'D02', '2026-11-20') WHERE subject_id = 'sis'), 'controlled hold', 'D02: the evidence says why the issuer is related');
INSERT INTO filing.product (product_id, inst_id, issuer_id, issued_on) VALUES ('unnamed', 'E1', NULL, '2026-03-01'), ('alone', 'E3', 'cafe', '2026-03-01'), ('alone self', 'E3', 'E3', '2026-03-01');
SELECT is(filing.unknowns('D02'), 'alone unnamed', 'D02: no issuer, or no shareholders of the platform on the day: unknown');
SELECT is(filing.hits('D02'), 'alone self kid own sis', 'D02: a platform that issues itself needs no shareholders to be found');
-- D02: the money
SELECT filing.forget('product');
INSERT INTO filing.product (product_id, inst_id, issuer_id, issued_on) VALUES ('far', 'E1', 'cafe', '2026-03-01');
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id) VALUES ('cust', 'E1', 'custody', 'E1'), ('aCafe', 'cafe', 'client', NULL), ('aMid', 'mid', NULL, NULL), ('aSister', 'sister', NULL, NULL), ('aShop', 'shop', NULL, NULL), ('pcust', 'P1', 'custody', 'P1');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose) VALUES ('1', 'cust', 'aCafe', 1000, '2026-11-01', 'E1', 'disburse'), ('2', 'aCafe', 'aMid', 900, '2026-11-02', NULL, NULL), ('3', 'aMid', 'aSister', 49.99, '2026-11-03', NULL, NULL),
	('4', 'aMid', 'aShop', 800, '2026-11-04', NULL, NULL), ('5', 'pcust', 'aSister', 1000, '2026-11-01', 'P1', 'disburse');
SELECT is(filing.hits('D02'), '', 'D02: 4.999 % of the money raised reached a sister: below the line');
UPDATE filing.txn SET amount = 50 WHERE txn_id = '3';
SELECT is(filing.hits('D02'), 'E1', 'D02: exactly 5 % hits');
SELECT is(filing.value('D02', 'E1'), 0.05, 'D02: share of the money raised');
UPDATE filing.txn SET purpose = 'fee' WHERE txn_id = '3';
SELECT is(filing.hits('D02'), '', 'D02: a fee is no raised money');
UPDATE filing.txn SET purpose = NULL, paid_at = '2026-10-31' WHERE txn_id = '3';
SELECT is(filing.hits('D02'), '', 'D02: what was paid before the money came is other money');

-- D09
SELECT filing.forget('product', 'txn', 'equity');
SELECT is(filing.unknowns('D09'), 'desk', 'D09: nothing filed: unknown');
INSERT INTO filing.product (product_id, inst_id, parent_product, underlying_id, offering, issued_on) VALUES ('A', 'E1', NULL, 'cafe', 'private', '2026-03-01'), ('B', 'E1', NULL, 'cafe', 'private', '2026-04-01'), ('Z', 'E1', NULL, NULL, 'private', '2026-03-01'),
	('base', 'M1', NULL, NULL, 'private', '2026-03-01'), ('top', 'M1', 'base', NULL, 'private', '2026-03-01');
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) SELECT 'i' || i, 'A', 1, date '2026-11-01' FROM generate_series(1, 120) i UNION ALL SELECT 'i' || i, 'B', 1, '2026-11-01' FROM generate_series(101, 200) i
	UNION ALL SELECT 'z' || i, 'Z', 1, '2026-11-01' FROM generate_series(1, 300) i UNION ALL SELECT 't' || i, 'top', 1, '2026-11-01' FROM generate_series(1, 200) i;
INSERT INTO filing.investor (investor_id, kind) SELECT DISTINCT investor_id, 'person' FROM filing.holding;
SELECT is(filing.hits('D09'), '', 'D09: 220 holdings of 200 persons in two instalments, 200 through a nested product: not over; 300 in one product are D05''s');
SELECT is(filing.value('D09', 'cafe'), 200::numeric, 'D09: counted once');
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) VALUES ('i201', 'B', 1, '2026-11-01'), ('t201', 'top', 1, '2026-11-01');
SELECT is(filing.hits('D09'), 'base cafe', 'D09: one more over sibling products, or through a product on the product');
SELECT is((SELECT evidence ->> 'without_merging' FROM risk_screen.run_rule('desk', 'D09', '2026-11-20') WHERE subject_id = 'cafe'), '221', 'D09: evidence');
INSERT INTO filing.party (party_id, identity_no) VALUES ('i1', 'id1'), ('i2', 'id1');
SELECT is(filing.hits('D09'), 'base', 'D09: one person with two numbers counts once');
UPDATE filing.holding SET amount = 0 WHERE investor_id = 't201';
SELECT is(filing.hits('D09'), '', 'D09: sold units do not count');
DELETE FROM filing.party; UPDATE filing.product SET offering = 'public' WHERE product_id IN ('A', 'B');
SELECT is(filing.hits('D09') || filing.unknowns('D09'), '', 'D09: public products have no limit');
UPDATE filing.product SET offering = NULL WHERE product_id IN ('A', 'B');
SELECT is(filing.unknowns('D09'), 'cafe', 'D09: over the line, offering not filed: unknown');
UPDATE filing.product SET offering = 'private' WHERE product_id IN ('A', 'B');
DELETE FROM filing.holding WHERE product_id = 'B';
SELECT is(filing.unknowns('D09'), 'cafe', 'D09: under the line, one instalment without a register: unknown');
UPDATE filing.institution SET lines = '{INS}'; UPDATE filing.product SET biz = 'INS';
SELECT is(filing.unknowns('D09'), '', 'D09: products of other lines are not counted');
SELECT * FROM finish();
ROLLBACK;
