-- Seals of a desk: every row changed, missing or inserted is named, and nothing else.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id)
SELECT 't' || i, 'a' || i % 7, 'b' || i % 5, i * 1.5, timestamptz '2026-03-01 00:00+08' + i * interval '17 minutes', 'P' || i % 3 FROM generate_series(0, 199) AS i;
CREATE FUNCTION filing.found(until date = '2026-03-03', sources text[] = NULL, head bytea = NULL) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(concat_ws(' ', day, row_id, finding), ', ' ORDER BY day, row_id, finding), 'nothing') FROM risk_screen.check_seals('desk', '2026-03-01', until, sources, head)
$$;

DO $$ BEGIN CALL risk_screen.seal_day('desk', '2026-03-01', '{txn}'); CALL risk_screen.seal_day('desk', '2026-03-02', '{txn}'); CALL risk_screen.seal_day('desk', '2026-03-03', '{txn}'); CALL risk_screen.seal_day('desk', '2026-03-04', '{txn}'); END $$;
SELECT is((SELECT string_agg(concat_ws(' ', seal_no, source, day, part, row_count), ', ' ORDER BY seal_no) FROM desk.seal_book), '1 txn 2026-03-01 1 85, 2 txn 2026-03-02 1 85, 3 txn 2026-03-03 1 30, 4 txn 2026-03-04 1 0', 'one line a day, the empty day too; days are the desk''s');
SELECT is((SELECT b.root FROM desk.seal_book AS b WHERE b.seal_no = 2),
	(SELECT risk_screen.merkle_root(s.seal ORDER BY s.seal) FROM (SELECT t.txn_id, risk_screen.seal(t.txn_id, t.payer, t.payee, t.amount, t.paid_at, t.ord, t.fee, t.currency, t.payer_owner, t.payee_owner, t.inst_id, t.channel, t.purpose, t.product_id,
		t.loan_id, t.order_id, t.review_id, t.clearing_path, t.hash, t.prev_hash) AS seal FROM filing.txn AS t WHERE (t.paid_at AT TIME ZONE 'Asia/Shanghai')::date = '2026-03-02') AS s), 'the root, recomputed from the rows');
SELECT is(filing.found(), 'nothing', 'nothing has happened');
SELECT is((SELECT max(rows_sealed)::int FROM desk.seal_check), 200, 'and all rows were looked at');
CALL risk_screen.seal_day('desk', '2026-03-01', '{txn}');
SELECT is((SELECT count(*)::int FROM desk.seal_book), 4, 'sealed again, nothing new: no line');

-- somebody was at the table
SAVEPOINT untouched;
UPDATE filing.txn SET amount = amount + 0.01 WHERE txn_id = 't42';
UPDATE filing.txn SET review_id = 'R' WHERE txn_id = 't43';
DELETE FROM filing.txn WHERE txn_id IN ('t77', 't150');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at) VALUES ('t500', 'a', 'b', 1, '2026-03-01 10:00+08'), ('t501', 'a', 'b', 1, '2026-03-04 10:00+08');
UPDATE filing.txn SET paid_at = paid_at + interval '1 day' WHERE txn_id = 't10';
INSERT INTO filing.txn SELECT * FROM filing.txn WHERE txn_id = 't20';
UPDATE filing.txn SET amount = 31.50, known_from = now() WHERE txn_id = 't21';
SELECT is(filing.found('2026-03-04'), '2026-03-01 t10 changed, 2026-03-01 t20 inserted, 2026-03-01 t42 changed, 2026-03-01 t43 changed, 2026-03-01 t500 inserted, 2026-03-01 t77 missing, 2026-03-02 t150 missing, 2026-03-04 t501 inserted',
	'changed, moved, missing, inserted, doubled: each is named; the same amount written otherwise and when we learned of it are not changes');
SELECT is(filing.found(), '2026-03-01 t10 changed, 2026-03-01 t20 inserted, 2026-03-01 t42 changed, 2026-03-01 t43 changed, 2026-03-01 t500 inserted, 2026-03-01 t77 missing, 2026-03-02 t150 missing', 'of the days asked for');
SELECT is((SELECT concat_ws(' ', rows_sealed, changed, missing, inserted, book_faults) FROM desk.seal_check ORDER BY check_no DESC LIMIT 1), '200 3 2 2 0', 'the check is kept');
SELECT is((SELECT sealed = (SELECT seal FROM desk.row_seal WHERE row_id = 't42') AND now <> sealed FROM desk.seal_finding WHERE row_id = 't42' ORDER BY check_no DESC LIMIT 1), true, 'with both seals');
-- sealing again covers nothing up: the day was over, so who comes now must say why
SET LOCAL client_min_messages = error;
CALL risk_screen.seal_day('desk', '2026-03-01', '{txn}');
RESET client_min_messages;
SELECT is((SELECT count(*)::int FROM desk.seal_book), 4, 'rows slipped in afterwards are not sealed');
SELECT is(filing.found(), '2026-03-01 t10 changed, 2026-03-01 t20 inserted, 2026-03-01 t42 changed, 2026-03-01 t43 changed, 2026-03-01 t500 inserted, 2026-03-01 t77 missing, 2026-03-02 t150 missing', 'and stay findings');
SELECT throws_ok($$CALL risk_screen.seal_day('desk', '2026-03-01', '{txn}', ' ')$$, '22023', 'late must say why rows came late');
-- late rows with a reason are a part of their own; what was changed is not sealed anew
CALL risk_screen.seal_day('desk', '2026-03-01', '{txn}', late => '补报函 2026-7');
SELECT is((SELECT concat_ws(' ', seal_no, part, row_count, late) FROM desk.seal_book ORDER BY seal_no DESC LIMIT 1), '5 2 1 补报函 2026-7', 'a declared part, with its reason');
SELECT is(filing.found(), '2026-03-01 t10 changed, 2026-03-01 t20 inserted, 2026-03-01 t42 changed, 2026-03-01 t43 changed, 2026-03-01 t77 missing, 2026-03-02 t150 missing', 'sealing again hides nothing else');
UPDATE desk.seal_book SET late = 'other' WHERE seal_no = 5;
SELECT is(filing.found(), '2026-03-01 t10 changed, 2026-03-01 t20 inserted, 2026-03-01 t42 changed, 2026-03-01 t43 changed, 2026-03-01 t77 missing, 2026-03-01 book altered, 2026-03-02 t150 missing', 'the reason is part of the chain');
ROLLBACK TO untouched;

-- at the seals
SAVEPOINT untouched;
UPDATE filing.txn SET amount = 7 WHERE txn_id = 't42';
UPDATE desk.seal_piece AS p SET seals = overlay(p.seals PLACING (SELECT risk_screen.seal(t.txn_id, t.payer, t.payee, t.amount, t.paid_at, t.ord, t.fee, t.currency, t.payer_owner, t.payee_owner, t.inst_id, t.channel, t.purpose, t.product_id,
		t.loan_id, t.order_id, t.review_id, t.clearing_path, t.hash, t.prev_hash) FROM filing.txn AS t WHERE t.txn_id = 't42') FROM (array_position(p.row_ids, 't42') - 1) * 32 + 1) WHERE 't42' = ANY (p.row_ids);
SELECT is(filing.found(), '2026-03-01 seals altered', 'a row and its seal changed together: the root tells');
UPDATE desk.seal_book SET root = (SELECT risk_screen.merkle_root(seal ORDER BY seal) FROM desk.row_seal WHERE seal_no = 1) WHERE seal_no = 1;
SELECT is(filing.found(), '2026-03-01 book altered', 'and the root: the chain tells');
ROLLBACK TO untouched;
UPDATE desk.seal_piece AS p SET row_ids = array_remove(p.row_ids, 't42'), seals = overlay(p.seals PLACING '' FROM (array_position(p.row_ids, 't42') - 1) * 32 + 1 FOR 32) WHERE 't42' = ANY (p.row_ids);
SELECT is(filing.found(), '2026-03-01 t42 inserted, 2026-03-01 seals altered', 'a seal removed');
ROLLBACK TO untouched;
DELETE FROM desk.seal_book WHERE seal_no = 2;
SELECT is((SELECT string_agg(DISTINCT finding, ', ' ORDER BY finding) FROM risk_screen.check_seals('desk', '2026-03-01', '2026-03-03')), 'book broken', 'a line removed');
ROLLBACK TO untouched;
-- the whole book written anew: only who kept the head can tell
SELECT head AS published FROM desk.seal_book ORDER BY seal_no DESC LIMIT 1 \gset
UPDATE filing.txn SET amount = 7 WHERE txn_id = 't42';
DELETE FROM desk.seal_book;
DELETE FROM desk.seal_piece;
DO $$ BEGIN CALL risk_screen.seal_day('desk', '2026-03-01', '{txn}'); CALL risk_screen.seal_day('desk', '2026-03-02', '{txn}'); CALL risk_screen.seal_day('desk', '2026-03-03', '{txn}'); CALL risk_screen.seal_day('desk', '2026-03-04', '{txn}'); END $$;
SELECT is(filing.found(), 'nothing', 'a book written anew fits');
SELECT is(filing.found(head => :'published'), 'head not in book', 'but not the published head');
ROLLBACK TO untouched;
SELECT is(filing.found(head => :'published'), 'nothing', 'which the true book holds');
CALL risk_screen.seal_day('desk', '2026-03-05', '{txn}');
SELECT is(filing.found(head => :'published'), 'nothing', 'also later');

-- a proof for one row
SELECT ok(risk_screen.verify_merkle(p.root, p.seal, p.position, p.seals, p.proof), 'one row is shown to belong to its day') FROM risk_screen.seal_proof('desk', 'txn', '2026-03-02', 't100') AS p;
SELECT ok(NOT risk_screen.verify_merkle(p.root, risk_screen.seal('forged'), p.position, p.seals, p.proof), 'a forged one is not') FROM risk_screen.seal_proof('desk', 'txn', '2026-03-02', 't100') AS p;
SELECT is((SELECT count(*)::int FROM risk_screen.seal_proof('desk', 'txn', '2026-03-02', 't1')), 0, 'nor one of another day');

-- other sources
INSERT INTO filing.cash_flow (loan_id, paid_on, amount) VALUES ('l', '2026-03-01', 5), ('l', '2026-03-01', 5), ('l', '2026-03-01', 6);
INSERT INTO filing.balance (account_id, as_of, balance) VALUES ('a', '2026-03-01', 5), ('b', '2026-03-01', 5);
INSERT INTO filing.document (document_id, kind, issued_on, hash) VALUES ('d1', 'rule', '2026-03-01', 'x');
INSERT INTO desk.run (run_id, as_of, since, extension_version, rules_hash, run_by, started_at) VALUES (1, '2026-03-01', '2026-03-01', '', '', '', now());
INSERT INTO desk.finding (run_id, rule, finding_key, rule_version, severity, candidate, subject_kind, subject_id, observed, evidence) VALUES (1, 'B12', 'k', 1, 'red', false, 'user', 'u', 1, '{"b": 1, "a": [1.50]}');
INSERT INTO desk.evidence (kind, title, registered_at, content) VALUES ('bundle', 'x', '2026-03-01 10:00+08', '{"a": 1}');
CALL risk_screen.seal_day('desk', '2026-03-01', '{cash_flow,balance,document,finding,evidence}');
SELECT is(filing.found(), 'nothing', 'findings, evidence, documents and other roles');
UPDATE filing.cash_flow SET amount = 7 WHERE ctid = (SELECT min(ctid) FROM filing.cash_flow);
DELETE FROM filing.balance WHERE account_id = 'b';
UPDATE filing.document SET hash = 'y';
UPDATE desk.finding SET evidence = '{"a": [1.50], "b": 2}';
UPDATE desk.evidence SET collected_by = 'me';
SELECT is((SELECT string_agg(source || ' ' || CASE WHEN length(row_id) < 64 THEN row_id ELSE '-' END || ' ' || finding, ', ' ORDER BY source, finding, row_id) FROM risk_screen.check_seals('desk', '2026-03-01', '2026-03-01')),
	'balance b|2026-03-01|| missing, cash_flow - inserted, cash_flow - missing, document d1 changed, evidence 1 changed, finding B12|k changed', 'are checked alike; a row without key that changes is gone and another is there');
SAVEPOINT wiped;
CREATE TEMP TABLE published AS SELECT head FROM desk.seal_book ORDER BY seal_no DESC LIMIT 1;
ALTER TABLE desk.seal_book DISABLE TRIGGER USER;
ALTER TABLE desk.seal_piece DISABLE TRIGGER USER;
DELETE FROM desk.seal_piece;
DELETE FROM desk.seal_book;
SELECT ok('head not in book' = ANY (ARRAY(SELECT finding FROM risk_screen.check_seals('desk', '2026-03-01', '2026-03-01', head => (SELECT head FROM published)))), 'a book that was wiped is not clean');
ROLLBACK TO wiped;
SELECT throws_ok($$CALL risk_screen.seal_day('desk', '2026-03-01', '{institution}')$$, '22023', 'rows of "institution" cannot be sealed by day');
SELECT throws_ok($$CALL risk_screen.seal_day('desk', 'infinity')$$, '22023', 'day must be a day');
SELECT throws_ok($$SELECT * FROM risk_screen.check_seals('desk', '2026-03-02', '2026-03-01')$$, '22023', 'first_day must be a day not after last_day');

SELECT is(risk_screen.transfer_hash('t', 'a', 'b', 1.50, '2026-03-01 08:00+08', NULL, 'AB'), risk_screen.transfer_hash('t', 'a', 'b', 1.5, '2026-03-01 00:00+00', 'CNY', 'ab'), 'a filed hash does not depend on how its fields are written');

-- a filed role: rows that come late come with a message, and say which
CALL risk_screen.create_workspace('filed');
CREATE FUNCTION filing.send(day text, batch text, VARIADIC ids text[]) RETURNS text LANGUAGE sql AS $$
	SELECT outcome || ' ' || loaded || ' ' || quarantined FROM risk_screen.load_feed('filed', 'txn', jsonb_build_object('inst_id', 'P1', 'report_date', day, 'batch', batch, 'control', jsonb_build_object('rows', cardinality(ids)),
		'rows', (SELECT jsonb_agg(jsonb_build_object('txn_id', split_part(i, '=', 1), 'payer', 'a', 'payee', 'b', 'amount', split_part(i, '=', 2), 'paid_at', '2026-04-01T10:00:00+08:00')) FROM unnest(ids) AS i)), '2026-04-02 03:00+08')
$$;
CREATE FUNCTION filing.seals() RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(concat_ws(' ', row_id, finding), ', ' ORDER BY row_id, finding), 'nothing') FROM risk_screen.check_seals('filed', '2026-04-01', '2026-04-01')
$$;
CREATE FUNCTION filing.book() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', part, row_count, late), ', ' ORDER BY part) FROM filed.seal_book
$$;
SELECT is(filing.send('2026-04-01', 'day', 'a=1', 'b=2', 'c=3') || ', ' || filing.send('2026-04-02', 'x', 'a=9', 'd=4'), 'loaded 3 0, partial 1 1', 'what was filed in time');
CALL risk_screen.seal_day('filed', '2026-04-01', '{txn}');
SELECT is(filing.send('2026-04-01', 'late', 'e=5'), 'loaded 1 0', 'a late message');
INSERT INTO filed.filed_txn (feed_no, feed_position, feed_inst_id, feed_date, txn_id, payer, payee, amount, paid_at, inst_id, known_from) VALUES (1, 77, 'P1', '2026-04-01', 'slipped', 'a', 'b', 1, '2026-04-01 11:00+08', 'P1', '2026-04-02 03:00+08');
SELECT is(filing.seals(), 'e inserted, slipped inserted', 'both are new to the seals');
SET LOCAL client_min_messages = error;
CALL risk_screen.seal_day('filed', '2026-04-01', '{txn}');
RESET client_min_messages;
SELECT is(filing.book(), '1 4, 2 1 feed 3', 'the message says why its row came; a row slipped into an old message does not');
SELECT is(filing.seals(), 'slipped inserted', 'and stays a finding');
INSERT INTO filed.filed_txn (feed_no, feed_position, feed_inst_id, feed_date, txn_id, payer, payee, amount, paid_at, inst_id) VALUES (3, 77, 'P1', '2026-04-01', 'slipped2', 'a', 'b', 1, '2026-04-01 11:00+08', 'P1');
SET LOCAL client_min_messages = error;
CALL risk_screen.seal_day('filed', '2026-04-01', '{txn}');
RESET client_min_messages;
SELECT is(filing.seals() || '; ' || filing.book(), 'slipped inserted, slipped2 inserted; 1 4, 2 1 feed 3', 'nor one slipped into the late message: it holds more rows than it counts');
DELETE FROM filed.filed_txn WHERE txn_id LIKE 'slipped%';
SELECT is(filing.send('2026-04-01', 'day', 'b=2', 'c=3.5', 'f=6'), 'loaded 3 0', 'a corrected message: a is gone, c is another, f is new, and the a of the other message is released');
SELECT is(filing.seals(), 'a corrected, c corrected, f inserted', 'corrections are told from tampering');
CALL risk_screen.seal_day('filed', '2026-04-01', '{txn}');
SELECT is(filing.seals() || '; ' || filing.book(), 'a corrected, c corrected; 1 4, 2 1 feed 3, 3 3 feed 2, 4', 'the new and the corrected rows are sealed with their message');
UPDATE filed.filed_txn SET amount = 3.6 WHERE txn_id = 'c' AND feed_replaced_at IS NULL;
UPDATE filed.filed_txn SET amount = 5.5 WHERE txn_id = 'e';
CALL risk_screen.seal_day('filed', '2026-04-01', '{txn}');
SELECT is(filing.seals(), 'a corrected, c changed, c corrected, e changed', 'rows changed in place are changes, corrected ones too');
SELECT is((SELECT concat_ws(' ', changed, missing, inserted, corrected) FROM filed.seal_check ORDER BY check_no DESC LIMIT 1), '2 0 0 2', 'the check counts them apart');
SELECT is((SELECT string_agg(evidence ->> 'fault', ', ' ORDER BY evidence ->> 'fault') FROM risk_screen.run_rule('filed', 'M07', '2030-01-01', since => '2026-04-01') WHERE hit), 'changed since sealed', 'M07 charges changes, not corrections');
-- while the day lasts it may be sealed part by part
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id) VALUES ('now1', 'a', 'b', 1, now(), 'P1');
CREATE FUNCTION filing.today() RETURNS date LANGUAGE sql AS $$SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date$$;
DO $$ BEGIN CALL risk_screen.seal_day('desk', filing.today(), '{txn}'); END $$;
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id) VALUES ('now2', 'a', 'b', 1, now(), 'P1');
DO $$ BEGIN CALL risk_screen.seal_day('desk', filing.today(), '{txn}'); END $$;
SELECT is((SELECT string_agg(concat_ws(' ', part, row_count, late), ', ' ORDER BY part) FROM desk.seal_book WHERE day = filing.today() AND source = 'txn'), '1 1, 2 1', 'rows of a day that is not over need no reason');

-- who may insert but not update can seal
CREATE ROLE rs_sealer;
GRANT USAGE ON SCHEMA desk, filing TO rs_sealer;
GRANT SELECT ON ALL TABLES IN SCHEMA desk, filing TO rs_sealer;
GRANT INSERT ON desk.seal_book, desk.seal_piece TO rs_sealer;
SET LOCAL ROLE rs_sealer;
SELECT lives_ok($$CALL risk_screen.seal_day('desk', '2026-03-06', '{txn}')$$, 'INSERT on the book is enough to seal');
SELECT throws_ok($$SELECT * FROM risk_screen.check_seals('desk', '2026-03-01', '2026-03-01')$$, '42501');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
