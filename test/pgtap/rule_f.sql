-- Case files of section F: products, money and related parties looked through.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"M1","lines":["AM"]},{"inst_id":"M2","lines":["AM"]},{"inst_id":"I1","lines":["INS"]}]');

-- F06
SELECT is(filing.unknowns('F06'), 'desk', 'F06: no products filed: unknown');
INSERT INTO filing.product (product_id, inst_id, parent_product, offering, kind, issued_on, ended_on) VALUES ('x', 'M1', 'y', 'private', NULL, '2026-03-01', NULL), ('y', 'M1', 'z', 'private', NULL, '2026-03-01', NULL), ('z', 'M1', NULL, 'private', NULL, '2026-03-01', NULL),
	('fof2', 'M1', 'fof', 'private', NULL, '2026-03-01', NULL), ('fof', 'M1', 'fund', 'private', NULL, '2026-03-01', NULL), ('fund', 'M1', NULL, 'public', 'public_fund', '2026-03-01', NULL),
	('ix', 'I1', 'y', 'private', NULL, '2026-03-01', NULL), ('gone', 'M1', 'y', 'private', NULL, '2025-03-01', '2026-01-01');
SELECT is(filing.hits('F06'), 'x', 'F06: two layers below hit; one layer, public funds at the end, other lines and products over do not');
SELECT is(filing.value('F06', 'x'), 2::numeric, 'F06: two layers');
SELECT is(filing.value('F06', 'fof2'), 1::numeric, 'F06: a public fund is no layer');
SELECT is((SELECT evidence ->> 'path' FROM risk_screen.run_rule('desk', 'F06', '2026-11-20') WHERE subject_id = 'x'), '["x", "y", "z"]', 'F06: the chain');
UPDATE filing.product SET parent_product = 'ring2' WHERE product_id = 'x';
INSERT INTO filing.product (product_id, inst_id, parent_product) VALUES ('ring1', 'M1', 'ring2'), ('ring2', 'M1', 'ring1');
SELECT is(filing.hits('F06'), 'ring1 ring2 x', 'F06: products that hold each other, and who holds them, have no end of layers');
UPDATE filing.product SET parent_product = NULL WHERE product_id IN ('ring1', 'ring2');
UPDATE filing.product SET parent_product = 'nowhere' WHERE product_id = 'z';
SELECT is(filing.unknowns('F06'), 'y z', 'F06: made of a product that nobody filed: unknown');
UPDATE filing.product SET parent_product = NULL WHERE product_id = 'z';
INSERT INTO filing.product_investment (product_id, target_id, target_kind, valid_from, valid_to) VALUES ('z', 'ring1', 'product', '2026-01-01', '2026-11-20'), ('fof', 'ring1', 'product', '2026-11-20', NULL);
SELECT is(filing.hits('F06'), 'fof2', 'F06: an investment that ended today is none; one from today is');
INSERT INTO risk_screen.parameter (code, value, operator, sense) VALUES ('product_layers', 0, '>', 'hit');
SELECT is(filing.hits('F06'), 'fof fof2 x y' , 'F06: the line is a parameter');
DELETE FROM risk_screen.parameter WHERE code = 'product_layers' AND NOT builtin;

-- F04
SELECT filing.forget('product', 'product_investment');
SELECT is(filing.unknowns('F04'), 'desk', 'F04: no products filed: unknown');
INSERT INTO filing.product (product_id, inst_id, parent_product, offering, issued_on) VALUES ('core', 'M1', NULL, 'private', '2026-03-01'), ('between', 'M1', 'core', 'private', '2026-03-01'), ('shop', 'M1', 'between', 'public', '2026-03-01'),
	('feeder', 'M1', 'open', 'private', '2026-03-01'), ('open', 'M1', NULL, 'public', '2026-03-01'), ('ishop', 'I1', 'core', 'public', '2026-03-01');
SELECT is(filing.hits('F04'), 'shop', 'F04: a public product made, two layers down, of private ones; a private one on a public one, or another line, does not hit');
SELECT is((SELECT evidence -> 'private_products_below' FROM risk_screen.run_rule('desk', 'F04', '2026-11-20') WHERE hit), '[{"layers": 1, "product_id": "between"}, {"layers": 2, "product_id": "core"}]', 'F04: which ones');
UPDATE filing.product SET offering = NULL WHERE product_id IN ('core', 'between');
SELECT is(filing.hits('F04') || '/' || filing.unknowns('F04'), '/shop', 'F04: offering of what is below not filed: unknown');
UPDATE filing.product SET offering = 'private' WHERE product_id <> 'open';
SELECT is(filing.hits('F04'), '', 'F04: all private');
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) SELECT 'i' || i, 'shop', 1, date '2026-11-01' FROM generate_series(1, 200) i UNION ALL SELECT 'q' || i, 'feeder', 1, '2026-11-01' FROM generate_series(1, 999) i;
SELECT is(filing.hits('F04') || '/' || filing.unknowns('F04'), '/core', 'F04: 200 end investors; many in one private product without products on it are not repackaged; one product on it without a register may bring more');
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) VALUES ('i201', 'between', 1, '2026-11-01');
SELECT is(filing.hits('F04'), 'between core', 'F04: the 201st end investor through the products made from it');
DELETE FROM filing.holding WHERE product_id = 'shop';
SELECT is(filing.hits('F04') || '/' || filing.unknowns('F04'), '/between core', 'F04: the register of a product on it is missing: unknown');

-- F05
SELECT filing.forget('product', 'holding');
SELECT is(filing.unknowns('F05'), 'desk', 'F05: no products filed: unknown');
INSERT INTO filing.product (product_id, inst_id, parent_product, kind) SELECT 'four' || i, 'M1', 'four', NULL FROM generate_series(1, 4) i UNION ALL SELECT 'five' || i, 'M1', 'five', NULL FROM generate_series(1, 5) i
	UNION ALL SELECT 'mmf' || i, 'M1', 'mmf', NULL FROM generate_series(1, 9) i UNION ALL SELECT p, 'M1', NULL, NULLIF(p, regexp_replace(p, '^[^m].*', p)) FROM unnest(ARRAY['four', 'five']) p UNION ALL VALUES ('mmf', 'M1', NULL, 'money_fund'), ('mix', 'M1', NULL, NULL), ('mix9', 'M1', NULL, NULL);
INSERT INTO filing.product_investment (product_id, target_id, target_kind) SELECT 'mix', p, 'product' FROM (SELECT 'four' || i FROM generate_series(1, 4) i UNION ALL SELECT 'five' || i FROM generate_series(1, 5) i UNION ALL VALUES ('four')) x (p)
	UNION ALL SELECT 'mix9', 'mmf' || i, 'product' FROM generate_series(1, 9) i UNION ALL SELECT 'mix9', 'mmf', 'product';
SELECT is(filing.hits('F05'), 'five four mix', 'F05: five products made from one (four, and the mix), ten in one; four, nine, and those on a public fund do not hit');
DELETE FROM filing.product_investment WHERE target_id = 'four';
SELECT is(filing.hits('F05'), 'five', 'F05: four made from one and nine in one are under the lines');
SELECT filing.forget('product', 'product_investment');
INSERT INTO filing.product (product_id, inst_id, parent_product, min_ticket) VALUES ('big', 'M1', NULL, 1000000), ('same', 'M1', 'big', 1000000), ('less', 'M1', 'big', 100001), ('tenth', 'M1', 'big', 100000), ('up', 'M1', 'less', 500000);
SELECT is(filing.hits('F05'), 'tenth', 'F05: a ticket of a tenth hits; hardly more than a tenth, the same and a larger one do not');
SELECT is(filing.unknowns('F05'), '', 'F05: all tickets filed');
UPDATE filing.product SET min_ticket = NULL WHERE product_id = 'same';
SELECT is(filing.unknowns('F05'), 'same', 'F05: a ticket missing among filed ones: unknown');
UPDATE filing.product SET min_ticket = NULL;
SELECT is(filing.unknowns('F05'), '', 'F05: nobody files tickets: none is missing');

-- F07
SELECT filing.forget('product');
INSERT INTO filing.product (product_id, inst_id) VALUES ('p', 'M1'), ('q', 'M1'), ('ins', 'I1'), ('empty', 'M1');
SELECT is(filing.unknowns('F07'), 'desk', 'F07: no holdings filed: unknown');
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) VALUES ('a', 'p', 90, '2026-11-01'), ('stranger', 'p', 10, '2026-11-01'), ('a', 'q', 100, '2026-11-01'), ('a', 'ins', 1, '2026-11-01'), ('old', 'p', 500, '2026-10-01');
INSERT INTO filing.investor (investor_id, kind) VALUES ('a', 'person');
SELECT is(filing.unknowns('F07'), 'p q', 'F07: what the products invest in is not filed: unknown; other lines and products nobody holds are not asked');
INSERT INTO filing.product_investment (product_id, target_id, target_kind, amount) VALUES ('p', 'bond', 'bond', 95), ('q', 'bond', 'bond', 90);
SELECT is(filing.hits('F07'), '', 'F07: 10 % from an unregistered investor, 10 % not invested in anything named: on the line');
SELECT is(filing.value('F07', 'p'), 0.1, 'F07: the larger of source and use');
UPDATE filing.product_investment SET amount = 89.99 WHERE product_id = 'q';
SELECT is(filing.hits('F07'), 'q', 'F07: hardly more hits');
UPDATE filing.product_investment SET amount = 90 WHERE product_id = 'q';
UPDATE filing.holding SET amount = 10.01 WHERE investor_id = 'stranger';
SELECT is(filing.hits('F07'), 'p', 'F07: the source too');
UPDATE filing.holding SET amount = 10 WHERE investor_id = 'stranger';
-- a partnership in the register of investors is no end: who are its partners?
INSERT INTO filing.investor (investor_id, kind, name) VALUES ('lp', 'partnership', NULL), ('lp2', 'enterprise', '某某投资合伙企业（有限合伙）'), ('plan', 'registered', NULL), ('co', 'enterprise', '某某合伙服务有限公司');
UPDATE filing.holding SET investor_id = 'lp', amount = 11 WHERE investor_id = 'stranger';
SELECT is(filing.value('F07', 'p'), round(11 / 101.0, 6), 'F07: a partnership without partners is nobody, registered or not');
SELECT is((SELECT evidence #>> '{source,partnerships_without_partners}' FROM risk_screen.run_rule('desk', 'F07', '2026-11-20') WHERE subject_id = 'p'), '["lp"]', '... and named');
UPDATE filing.investor SET pooled = false WHERE investor_id = 'lp';
SELECT is(filing.hits('F07'), '', 'F07: one that pools nobody''s money is an end');
UPDATE filing.investor SET pooled = NULL WHERE investor_id = 'lp';
INSERT INTO filing.equity (owner, owned, share, valid_from, valid_to) VALUES ('gp', 'lp', 1, '2026-11-20', '2026-11-21');
SELECT is(filing.hits('F07'), '', 'F07: whose partner of the day is filed, it is looked through');
UPDATE filing.equity SET valid_to = '2026-11-20', valid_from = NULL WHERE owned = 'lp';
SELECT is(filing.hits('F07'), 'p', 'F07: a partner who had left is none');
UPDATE filing.equity SET valid_to = NULL, share = 0.05 WHERE owned = 'lp';
SELECT is(filing.value('F07', 'p'), round(11 * 0.95 / 101.0, 6), 'F07: of partners with 5 % the other 95 % are nobody');
INSERT INTO filing.equity (owner, owned, share) VALUES ('lp2', 'lp', 0.95);
SELECT is(filing.value('F07', 'p'), round(11 * 0.95 / 101.0, 6), 'F07: a partnership of a partnership, known by its name alone, without partners');
INSERT INTO filing.equity (owner, owned, share, kind) VALUES ('lp2', 'gp', 0.5, NULL), ('boss', 'lp2', NULL, 'concert');
SELECT is(filing.value('F07', 'p'), round(11 * 0.95 / 101.0, 6), 'F07: what it holds, and who acts with it, is behind nobody');
INSERT INTO filing.equity (owner, owned, share) VALUES ('boss', 'lp2', 60);
SELECT is(filing.value('F07', 'p'), round(11 * 0.95 / 101.0, 6), 'F07: nor is a share of 60');
UPDATE filing.equity SET share = 1 WHERE owner = 'boss' AND share = 60;
SELECT is(filing.hits('F07'), '', 'F07: looked through both');
UPDATE filing.equity SET owner = 'plan' WHERE owner = 'boss' AND share = 1;
SELECT is(filing.hits('F07'), '', 'F07: a filed plan is one investor');
UPDATE filing.holding SET investor_id = 'co' WHERE investor_id = 'lp';
SELECT is(filing.hits('F07'), '', 'F07: a company whose name only contains the word is none');
UPDATE filing.holding SET investor_id = 'stranger', amount = 10 WHERE investor_id = 'co';
SELECT filing.forget('equity');
INSERT INTO filing.product (product_id, inst_id, kind) VALUES ('box', 'M2', NULL), ('mmf', 'M2', 'money_fund');
UPDATE filing.product_investment SET target_id = 'mmf', target_kind = 'product' WHERE product_id = 'q';
SELECT is(filing.hits('F07'), '', 'F07: a public fund is an end');
UPDATE filing.product_investment SET target_id = 'box' WHERE product_id = 'q';
SELECT is(filing.value('F07', 'q'), 1::numeric, 'F07: a product that says nothing of its assets is none');
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) VALUES ('q', 'box', 90, '2026-11-01');
INSERT INTO filing.product_investment (product_id, target_id, target_kind, amount) VALUES ('box', 'tower', 'other', 45);
SELECT is(filing.value('F07', 'q'), 0.55, 'F07: looked through: half of 90 %, and the 10 %');
UPDATE filing.product_investment SET amount = NULL WHERE product_id = 'box';
SELECT is(filing.value('F07', 'q'), 1::numeric, 'F07: an amount that is not filed is unknown');
SELECT filing.forget('product_investment');
UPDATE filing.product SET underlying_id = 'tower';
SELECT is(filing.hits('F07') || '/' || filing.unknowns('F07'), '/', 'F07: the asset of the register will do where no lines are filed');
UPDATE filing.product SET underlying_id = NULL, parent_product = CASE product_id WHEN 'q' THEN 'box' WHEN 'box' THEN 'q' END WHERE product_id IN ('q', 'box');
UPDATE filing.holding SET investor_id = 'box', amount = 90 WHERE product_id = 'q';
SELECT is(filing.value('F07', 'q'), 1::numeric, 'F07: products that only hold each other: all of it is unknown');

-- F03
SELECT filing.forget('product', 'holding', 'investor');
SELECT is(filing.unknowns('F03'), 'desk', 'F03: no transfers filed: unknown');
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id) VALUES ('cust', 'M1', 'custody', 'M1'), ('aBuilder', 'builder', 'client', NULL), ('aShop', 'shop', 'client', NULL), ('aWang', 'Wang', 'client', NULL);
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose) VALUES ('1', 'aWang', 'cust', 800, '2026-11-01', 'M1', 'purchase'), ('2', 'nobody', 'cust', 200, '2026-11-01', 'M1', 'purchase'),
	('3', 'cust', 'aBuilder', 1000, '2026-11-02', 'M1', 'disburse'), ('4', 'aBuilder', 'aShop', 700, '2026-11-03', NULL, NULL);
SELECT is(filing.value('F03', 'M1'), 0.2, 'F03: a fifth came from nobody known, all of it is with known owners');
SELECT is((SELECT evidence -> 'middle' ->> 'transfers' || ' ' || (evidence -> 'use' -> 'largest' -> 0 ->> 'owner') FROM risk_screen.run_rule('desk', 'F03', '2026-11-20')), '2 shop', 'F03: the way and the end in the evidence');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose, currency) VALUES ('5', 'nobody', 'cust', 9000, '2026-11-01', 'M1', 'purchase', 'USD');
SELECT is(filing.value('F03', 'M1'), 0.2, 'F03: sums are in yuan, dollars are not as many yuan');
UPDATE filing.txn SET payee = 'unheard' WHERE txn_id = '4';
SELECT is(filing.value('F03', 'M1'), 0.7, 'F03: 70 % is on an account nobody filed');
SELECT is((SELECT severity::text FROM risk_screen.rule WHERE code = 'F03'), NULL, 'F03: it measures and charges nobody');
UPDATE filing.txn SET payer_owner = 'Li' WHERE txn_id = '2'; UPDATE filing.txn SET paid_at = '2026-11-21 00:00+08' WHERE txn_id IN ('3', '4');
SELECT is(filing.value('F03', 'M1'), 0::numeric, 'F03: the owner of the transfer will do; tomorrow''s payments are not followed');

-- F08
SELECT filing.forget('txn', 'account');
SELECT is(filing.unknowns('F08'), 'desk', 'F08: no licences, no shareholders: unknown');
INSERT INTO filing.licence (inst_id, biz, valid_from, valid_to, status) VALUES ('M1', 'AM', '2020-01-01', NULL, NULL), ('sister', 'PAY', '2020-01-01', NULL, NULL), ('M2', 'AM', '2020-01-01', NULL, NULL), ('sis2', 'PAY', '2020-01-01', '2026-11-20', NULL), ('sis2', 'INS', '2020-01-01', NULL, 'revoked');
INSERT INTO filing.equity (owner, owned, share) VALUES ('hold', 'M1', 0.6), ('hold', 'sister', 0.6), ('hold2', 'M2', 0.6), ('hold2', 'sis2', 0.6);
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id) VALUES ('own1', 'M1', 'own', 'M1'), ('own1b', 'M1', 'own', 'M1'), ('own2', 'M2', 'own', 'M2'), ('aSister', 'sister', NULL, NULL), ('aSis2', 'sis2', NULL, NULL), ('aHold', 'hold', NULL, NULL), ('aShop', 'shop', NULL, NULL);
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at) VALUES ('1', 'own1', 'aSister', 100, '2026-11-01'), ('2', 'own1', 'aShop', 900, '2026-11-01'), ('3', 'own2', 'aSis2', 500, '2026-11-01'), ('4', 'own2', 'aShop', 500, '2026-11-01'), ('5', 'own1', 'own1b', 9999, '2026-11-01');
SELECT is(filing.hits('F08'), '', 'F08: exactly 10 % to a sister with another licence; a group whose other licences ended or were revoked is not asked');
UPDATE filing.txn SET amount = 101 WHERE txn_id = '1';
SELECT is(filing.hits('F08'), 'sister', 'F08: more than 10 % hits; own transfers do not count');
UPDATE filing.licence SET valid_to = NULL WHERE inst_id = 'sis2' AND biz = 'PAY';
SELECT is(filing.hits('F08'), 'sis2 sister', 'F08: with a second licence that is valid the other group too');
UPDATE filing.txn SET payee = 'aShop' WHERE txn_id = '3'; UPDATE filing.txn SET amount = 1 WHERE txn_id = '1';
INSERT INTO filing.product (product_id, inst_id) VALUES ('p1', 'M1');
INSERT INTO filing.product_investment (product_id, target_id, target_kind, amount) VALUES ('p1', 'hold', 'institution', 11), ('p1', 'stranger', 'institution', 89);
SELECT is(filing.hits('F08'), 'hold', 'F08: what products invest in is looked at by itself');
INSERT INTO risk_screen.parameter (code, value, operator, sense, licence) VALUES ('related_counterparty', 0.11, '>', 'hit', 'AM'), ('related_counterparty', 0.01, '>', 'hit', 'PAY');
SELECT is(filing.hits('F08'), '', 'F08: limits go by licence, the institution''s own');
DELETE FROM risk_screen.parameter WHERE code = 'related_counterparty' AND NOT builtin;
SELECT is((SELECT evidence ->> 'form' || ' ' || (evidence ->> 'relation') FROM risk_screen.run_rule('desk', 'F08', '2026-11-20') WHERE hit), 'investments controller', 'F08: form and relation in the evidence');
UPDATE filing.equity SET valid_to = '2026-11-20' WHERE owned = 'M1';
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('M1', 'FUND', '2020-01-01');
SELECT is(filing.unknowns('F08'), 'M1', 'F08: two licences and nobody filed as owner: unknown');
SELECT * FROM finish();
ROLLBACK;
