-- The query-text reader: contracts, types, bad rows, rights, time zones, memory.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

-- a view with one transfer of each shape, by any identifier type
CREATE FUNCTION pg_temp.first_row(query text, contract text DEFAULT 'transfers') RETURNS jsonb
	LANGUAGE sql AS $$SELECT content FROM risk_screen.preview_query(contract, query) WHERE row_no = 1$$;
CREATE TABLE reader_txn (id bigint, a text, b text, amt numeric(18,2), at timestamptz);
INSERT INTO reader_txn SELECT i, 'a' || i % 10, 'b' || i % 7, i * 1.25, timestamptz '2026-01-01 00:00+08' + i * interval '1 hour'
  FROM generate_series(1, 1000) i;
CREATE VIEW reader_view AS SELECT b AS payee, id AS txn_id, at AS paid_at, a AS payer, amt AS amount, 'ignored' AS extra FROM reader_txn;

SELECT results_eq(
	$$SELECT transfers, accounts, amount, skipped FROM risk_screen.check_transfers('reader_view')$$,
	$$SELECT count(*), 17::bigint, sum(amt), 0::bigint FROM reader_txn$$, 'a view by name, columns in any order');
SELECT results_eq(
	$$SELECT transfers, amount FROM risk_screen.check_transfers('  "reader_view" ')$$,
	$$SELECT count(*), sum(amt) FROM reader_txn$$, 'a quoted name');
SELECT results_eq(
	$$SELECT transfers, amount FROM risk_screen.check_transfers('SELECT * FROM reader_view WHERE txn_id <= 10; -- the first')$$,
	$$SELECT 10::bigint, sum(amt) FROM reader_txn WHERE id <= 10$$, 'a SELECT with semicolon and comment');
SELECT results_eq(
	$$SELECT transfers FROM risk_screen.check_transfers('WITH w AS (SELECT * FROM reader_view) SELECT * FROM w LIMIT 3')$$,
	$$SELECT 3::bigint$$, 'WITH and LIMIT');
SELECT results_eq(
	$$SELECT transfers, accounts, amount, first_at FROM risk_screen.check_transfers('SELECT * FROM reader_view WHERE false')$$,
	$$SELECT 0::bigint, 0::bigint, 0.00, NULL::timestamptz$$, 'an empty query');

-- what is not one read-only SELECT
CREATE TABLE reader_side (x int);
SELECT throws_ok(format('SELECT * FROM risk_screen.check_transfers(%L)', q), state, NULL, what)
  FROM (VALUES
	('', '42601', 'empty text'),
	(';', '42601', 'only a semicolon'),
	('SELECT 1; DROP TABLE reader_side', '42601', 'two statements'),
	('DELETE FROM reader_side', '42601', 'a DELETE'),
	('INSERT INTO reader_side VALUES (1) RETURNING x', '42601', 'INSERT RETURNING'),
	('SELECT 1 AS txn_id INTO reader_new', '42601', 'SELECT INTO'),
	('SELECT * FROM reader_view FOR UPDATE', '42601', 'FOR UPDATE'),
	('EXPLAIN SELECT 1', '42601', 'EXPLAIN'),
	('SHOW work_mem', '42601', 'SHOW'),
	('SELECT 1) q; DELETE FROM reader_side; SELECT (1', '42601', 'an escape from the parentheses'),
	('SELECT $1 AS txn_id', '42P02', 'a parameter'),
	('selct 1', '42601', 'a syntax error'),
	('nowhere.nothing', '42P01', 'a missing relation')) v(q, state, what);
SELECT throws_ok($$SELECT * FROM risk_screen.check_transfers(
	'WITH w AS (INSERT INTO reader_side VALUES (1) RETURNING x)
	 SELECT x AS txn_id, ''a'' AS payer, ''b'' AS payee, 1 AS amount, now() AS paid_at FROM w')$$,
	'42601', NULL, 'a data-modifying WITH is refused');
SELECT is_empty('SELECT * FROM reader_side', 'nothing was written');

-- columns
SELECT throws_ok($$SELECT * FROM risk_screen.check_transfers('SELECT 1 AS txn_id, 2 AS payer')$$,
	'42703', 'the transfers query has no column "payee"', 'a missing column');
SELECT throws_ok($$SELECT * FROM risk_screen.check_transfers('SELECT *, payee AS payee FROM reader_view')$$,
	'42702', NULL, 'a column twice');
SELECT throws_ok($$SELECT * FROM risk_screen.check_transfers('SELECT txn_id, payer, payee, amount, 5 AS paid_at FROM reader_view')$$,
	'42804', 'column "paid_at" of the transfers query has type integer, expected a time (timestamptz)', 'an integer is no time');
SELECT throws_ok($$SELECT * FROM risk_screen.check_transfers('SELECT txn_id, payer, payee, true AS amount, paid_at FROM reader_view')$$,
	'42804', NULL, 'a boolean is no amount');
SELECT throws_ok($$SELECT * FROM risk_screen.check_transfers('SELECT txn_id, point(1,2) AS payer, point(1,2) AS payee, amount, paid_at FROM reader_view')$$,
	'42883', NULL, 'a point identifies nobody');
SELECT throws_ok($$SELECT * FROM risk_screen.describe_query('loans', 'SELECT 1')$$, '22023', NULL, 'an unknown contract');
SELECT results_eq(
	$$SELECT column_name, found FROM risk_screen.describe_query('holdings', 'SELECT 1 AS owner, 2::bigint AS owned, 0.5 AS share, 3 AS other') WHERE found IS NOT NULL$$,
	$$VALUES ('owner', 'integer'), ('owned', 'bigint'), ('share', 'numeric')$$, 'describe_query tells what was found');

-- identifier types
SELECT is(pg_temp.first_row(format('SELECT 1 AS txn_id, %s AS payer, %s AS payee, 1 AS amount, now() AS paid_at', p, q)) - 'paid_at',
		  jsonb_build_object('txn_id', '1', 'payer', want_p, 'payee', want_q, 'amount', 1), 'identifiers: ' || p || ' and ' || q)
  FROM (VALUES
	('7::int2', '8::int8', '7', '8'), ('-7::int4', '9223372036854775807', '-7', '9223372036854775807'),
	('7::int4', '''8''', '7', '8'), ('7::int4', '8.50::numeric(9,2)', '7', '8.5'), ('''a''::varchar(5)', '''b''::bpchar', 'a', 'b'),
	('''c''::name', '''d''::text', 'c', 'd'), ('1.50::numeric', '1.5::numeric', '1.50', '1.50'),
	('''00000000-0000-0000-0000-000000000001''::uuid', '''00000000-0000-0000-0000-000000000002''::uuid',
	 '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002'),
	('date ''2026-01-01''', 'date ''2026-01-02''', '2026-01-01', '2026-01-02'),
	('''a''', '''''', 'a', '')) v(p, q, want_p, want_q);
SELECT results_eq(
	$$SELECT accounts FROM risk_screen.check_transfers('SELECT i AS txn_id, (i % 5 + 0.0)::numeric AS payer, (i % 5)::numeric(10,3) AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 50) i')$$,
	$$SELECT 5::bigint$$, 'equality is the type''s own: 1.0 and 1.000 are one numeric account');
SELECT results_eq(
	$$SELECT accounts FROM risk_screen.check_transfers('SELECT i AS txn_id, repeat(chr(65 + i % 3), 3000 + i % 3) AS payer, ''x'' AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 50) i')$$,
	$$SELECT 4::bigint$$, 'long identifiers');
CREATE DOMAIN reader_account AS text CHECK (length(VALUE) < 10);
SELECT is(pg_temp.first_row('SELECT 1 AS txn_id, ''a''::reader_account AS payer, ''b'' AS payee, 1 AS amount, now() AS paid_at') ->> 'payer', 'a', 'a domain');
CREATE COLLATION reader_ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT results_eq(
	$$SELECT accounts FROM risk_screen.check_transfers('SELECT 1 AS txn_id, ''ABC'' COLLATE reader_ci AS payer, ''abc'' COLLATE reader_ci AS payee, 1 AS amount, now() AS paid_at')$$,
	$$SELECT 1::bigint$$, 'a nondeterministic collation decides equality');

-- amounts
SELECT is(pg_temp.first_row(format('SELECT 1 AS txn_id, 1 AS payer, 2 AS payee, %s AS amount, now() AS paid_at', given)) ->> 'amount', want, 'amount ' || given)
  FROM (VALUES ('12.50::numeric(18,2)', '12.50'), ('12.5::numeric', '12.5'), ('7::int2', '7'), ('7::bigint', '7'),
	('0.1::float8', '0.1'), ('''3.75''::text', '3.75'), ('''3.75''::money', '3.75'), ('0', '0'),
	('1e20::numeric', '100000000000000000000'), ('0.000000000001::numeric(38,12)', '0.000000000001'),
	('99999999999999999999999999.999999999999::numeric(38,12)', '99999999999999999999999999.999999999999')) v(given, want);
SELECT throws_ok($$SELECT * FROM risk_screen.check_transfers('SELECT 1 AS txn_id, 1 AS payer, 2 AS payee, 1e39::numeric AS amount, now() AS paid_at')$$,
	'22003', NULL, 'an amount beyond 38 digits');
SELECT is(
	(SELECT amount FROM risk_screen.check_transfers('SELECT i AS txn_id, 1 AS payer, 2 AS payee, (i / 10.0 ^ (i % 9))::numeric AS amount, now() AS paid_at FROM generate_series(1, 2000) i')),
	(SELECT sum((i / 10.0 ^ (i % 9))::numeric) FROM generate_series(1, 2000) i), 'the scale grows with the data, exactly');
-- the numeric decoder against numeric_out on random values of every size and scale
CREATE FUNCTION pg_temp.random_numeric(i int) RETURNS numeric LANGUAGE sql AS $$
	SELECT (CASE WHEN i % 3 = 0 THEN '-' ELSE '' END || substr(regexp_replace(encode(sha256(i::text::bytea), 'hex'), '[a-f]', '', 'g'), 1, i % 19 + 1)
			|| '.' || substr(regexp_replace(encode(sha256((-i)::text::bytea), 'hex'), '[a-f]', '', 'g'), 1, i % 17))::numeric $$;
SELECT is_empty($$
	SELECT * FROM (SELECT content ->> 'share' AS got, pg_temp.random_numeric(row_no::int) AS want
	                 FROM risk_screen.preview_query('holdings', 'SELECT i AS owner, i AS owned, pg_temp.random_numeric(i) AS share FROM generate_series(1, 5000) i', max_rows => 5000)) t
	 WHERE got::numeric IS DISTINCT FROM want$$, '5,000 random numerics come back unchanged');

-- times
SELECT is((pg_temp.first_row(format('SELECT 1 AS txn_id, 1 AS payer, 2 AS payee, 1 AS amount, %s AS paid_at', given)) ->> 'paid_at')::timestamptz,
		  want::timestamptz, 'time ' || given)
  FROM (VALUES ('timestamptz ''2026-03-01 10:00+00''', '2026-03-01 10:00+00'),
	('timestamp ''2026-03-01 10:00''', '2026-03-01 10:00+08'), ('date ''2026-03-01''', '2026-03-01 00:00+08'),
	('''2026-03-01 10:00''::text', '2026-03-01 10:00+08'), ('''2026-03-01 10:00+01''::text', '2026-03-01 10:00+01')) v(given, want);
SET LOCAL TimeZone = 'America/New_York';
SELECT is((pg_temp.first_row('SELECT 1 AS txn_id, 1 AS payer, 2 AS payee, 1 AS amount, date ''2026-03-01'' AS paid_at') ->> 'paid_at')::timestamptz,
		  '2026-03-01 00:00+08'::timestamptz, 'the session''s zone does not matter');
SELECT is((pg_temp.first_row('SELECT 1 AS txn_id, 1 AS payer, 2 AS payee, 1 AS amount, ''2026-03-01''::text AS paid_at') ->> 'paid_at')::timestamptz,
		  '2026-03-01 00:00+08'::timestamptz, 'nor for text');
SELECT throws_ok($$SELECT pg_temp.first_row('SELECT 1 AS txn_id, 1 AS payer, 2 AS payee, 1 AS amount, ''soon''::text AS paid_at')$$, '22007', NULL, 'text that is no time');
SELECT is(current_setting('TimeZone'), 'America/New_York', 'the session''s zone is as it was after the error');
SET LOCAL risk_screen.time_zone = 'UTC';
SELECT is((pg_temp.first_row('SELECT 1 AS txn_id, 1 AS payer, 2 AS payee, 1 AS amount, date ''2026-03-01'' AS paid_at') ->> 'paid_at')::timestamptz,
		  '2026-03-01 00:00+00'::timestamptz, 'risk_screen.time_zone does');
RESET TimeZone;
SET LOCAL risk_screen.time_zone = 'Asia/Shanghai';

-- bad rows: an error that names the row, or skipped and counted
CREATE TABLE reader_bad (txn_id text, payer text, payee text, amount numeric, paid_at timestamptz);
INSERT INTO reader_bad VALUES ('ok1', 'a', 'b', 1, '2026-01-01'), ('ok2', 'b', 'c', 2, '2026-01-02');
SELECT throws_ok(format('SELECT * FROM risk_screen.check_transfers($q$SELECT * FROM reader_bad UNION ALL SELECT %s$q$)', bad), state, message, message)
  FROM (VALUES
	($$'x', NULL, 'b', 1, timestamptz '2026-01-01'$$, '22004', 'column "payer" of the transfers query is null'),
	($$NULL, 'a', 'b', 1, timestamptz '2026-01-01'$$, '22004', 'column "txn_id" of the transfers query is null'),
	($$'x', 'a', 'b', NULL, timestamptz '2026-01-01'$$, '22004', 'column "amount" of the transfers query is null'),
	($$'x', 'a', 'b', -1, timestamptz '2026-01-01'$$, '22003', 'column "amount" of the transfers query is negative'),
	($$'x', 'a', 'b', 'NaN'::numeric, timestamptz '2026-01-01'$$, '22003', 'column "amount" of the transfers query is NaN or infinite'),
	($$'x', 'a', 'b', 'Infinity'::numeric, timestamptz '2026-01-01'$$, '22003', 'column "amount" of the transfers query is NaN or infinite'),
	($$'x', 'a', 'b', 1, NULL::timestamptz$$, '22004', 'column "paid_at" of the transfers query is null'),
	($$'x', 'a', 'b', 1, timestamptz 'infinity'$$, '22003', 'column "paid_at" of the transfers query is NaN or infinite'),
	($$'ok1', 'a', 'b', 1, timestamptz '2026-01-01'$$, '23505', 'column "txn_id" of the transfers query occurs twice')) v(bad, state, message);
SELECT throws_ok($$SELECT * FROM risk_screen.check_transfers('reader_bad', 'ignore')$$, '22023', NULL, 'an unknown bad_rows option');
INSERT INTO reader_bad VALUES ('x', NULL, 'b', 1, '2026-01-01'), ('y', 'a', 'b', -1, '2026-01-01'), ('ok1', 'a', 'z', 1, '2026-01-01'), ('w', 'q', 'b', 'NaN', '2026-01-01');
SET LOCAL client_min_messages = error;
SELECT results_eq($$SELECT transfers, accounts, amount, skipped FROM risk_screen.check_transfers('reader_bad', 'skip')$$,
	$$SELECT 2::bigint, 3::bigint, 3::numeric, 4::bigint$$, 'skipped rows are counted and leave no trace');
SET LOCAL client_min_messages = warning;
DO $$
DECLARE detail text;
BEGIN
	PERFORM risk_screen.check_transfers('SELECT * FROM reader_bad WHERE txn_id = ''y''');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	PERFORM set_config('reader.detail', detail, true);
END $$;
SELECT is(current_setting('reader.detail'), 'In the row with txn_id y.', 'the error names the row');

-- the order in which rows come does not matter
SELECT results_eq($$SELECT * FROM risk_screen.check_transfers('SELECT * FROM reader_view ORDER BY paid_at')$$,
	$$SELECT * FROM risk_screen.check_transfers('SELECT * FROM reader_view ORDER BY amount DESC')$$, 'physical order');

-- rights and row-level security: as the caller
CREATE ROLE reader_alice;
CREATE ROLE reader_bob;
SET LOCAL ROLE reader_alice;
SELECT throws_ok($$SELECT * FROM risk_screen.check_transfers('SELECT * FROM public.reader_view')$$, '42501', NULL, 'no right, no rows');
RESET ROLE;
CREATE TABLE reader_rls (txn_id int, payer text, payee text, amount numeric, paid_at timestamptz, who name);
INSERT INTO reader_rls SELECT i, 'a', 'b', 1, now(), CASE WHEN i % 3 = 0 THEN 'reader_bob' ELSE 'reader_alice' END FROM generate_series(1, 30) i;
ALTER TABLE reader_rls ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON reader_rls USING (who = current_user);
GRANT SELECT ON reader_rls TO reader_alice, reader_bob;
SET LOCAL ROLE reader_alice;
SELECT is((SELECT transfers FROM risk_screen.check_transfers('reader_rls')), 20::bigint, 'alice sees her rows');
SET LOCAL ROLE reader_bob;
SELECT is((SELECT transfers FROM risk_screen.check_transfers('reader_rls')), 10::bigint, 'bob sees his, in the same session');
SET LOCAL row_security = off;
SELECT throws_ok($$SELECT * FROM risk_screen.check_transfers('reader_rls')$$, '42501', NULL, 'row_security = off makes filtering an error');
SET LOCAL row_security = on;
RESET ROLE;

-- a hostile search_path cannot replace the operators that we write
CREATE SCHEMA reader_evil;
CREATE FUNCTION reader_evil.always(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR reader_evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = reader_evil.always);
SET LOCAL search_path = reader_evil, public, pg_catalog;
SELECT pg_catalog.set_config('reader.accounts', (SELECT accounts::text FROM risk_screen.check_transfers('public.reader_view')), true) \gset hostile_
RESET search_path;
SELECT is(current_setting('reader.accounts'), '17', 'a planted operator is not used');

-- memory
SET LOCAL risk_screen.max_memory = '1MB';
SELECT throws_ok($$SELECT * FROM risk_screen.check_transfers('SELECT i AS txn_id, i AS payer, -i AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 1000000) i')$$,
	'54000', NULL, 'max_memory is respected');
SELECT is((SELECT transfers FROM risk_screen.check_transfers('reader_view')), 1000::bigint, 'and the session goes on');
RESET risk_screen.max_memory;

SELECT * FROM finish();
ROLLBACK;
