-- Seals: what counts as the same, what does not; trees, proofs, chains.
BEGIN;
SELECT no_plan();

SELECT is(risk_screen.seal(a.x), risk_screen.seal(b.x), 'alike: numeric scale') FROM (SELECT 1.50::numeric) a(x), (SELECT 1.5000::numeric(10,4)) b(x);
SELECT is(risk_screen.seal(5::int2), risk_screen.seal(5::int8), 'alike: integer width');
SELECT is(risk_screen.seal('ab'::char(6)), risk_screen.seal('ab'::text), 'alike: padding');
SELECT isnt(risk_screen.seal('5'::text), risk_screen.seal(5), 'different: text and number');
SELECT isnt(risk_screen.seal(NULL::text), risk_screen.seal(''::text), 'different: NULL and empty');
SELECT isnt(risk_screen.seal('a', 'bc'), risk_screen.seal('ab', 'c'), 'different: where values end');
SELECT isnt(risk_screen.seal('a'), risk_screen.seal('a', NULL), 'different: how many values');
SELECT isnt(risk_screen.seal(date '2026-01-01'), risk_screen.seal(timestamptz '2026-01-01 00:00+00'), 'different: date and time');
SELECT isnt(risk_screen.seal('{1,2}'::int[]), risk_screen.seal('{{1,2}}'::int[]), 'different: array shapes');
SELECT isnt(risk_screen.seal('[0:1]={1,2}'::int[]), risk_screen.seal('{1,2}'::int[]), 'different: array bounds');
SELECT is(risk_screen.seal('NaN'::float8), risk_screen.seal('-NaN'::float8), 'one NaN');
SELECT is(risk_screen.seal(VARIADIC ARRAY[1, 2, 3]), risk_screen.seal(1, 2, 3), 'VARIADIC counts as its elements');
SELECT is(octet_length(risk_screen.seal(ROW(1, 'x', NULL::date), '{"a": 1}'::jsonb, inet '10.0.0.1', '[1,3)'::int4range, interval '1 month')), 32, 'rows and other types');
CREATE TYPE seal_colour AS ENUM ('红', '绿');
SELECT is(risk_screen.seal('红'::seal_colour), risk_screen.seal('红'::seal_colour), 'enums by label');
SELECT isnt(risk_screen.seal('红'::seal_colour), risk_screen.seal('红'::text), 'an enum is not text');
CREATE DOMAIN seal_yuan AS numeric(18,2);
SELECT is(risk_screen.seal(7.5::seal_yuan), risk_screen.seal(7.5), 'a domain is its base type');
CREATE TABLE seal_row (a int, gone text, b numeric);
INSERT INTO seal_row VALUES (1, 'x', 2.50);
ALTER TABLE seal_row DROP COLUMN gone;
SELECT is((SELECT risk_screen.seal(seal_row) FROM seal_row), risk_screen.seal(ROW(1, 2.5)), 'dropped columns do not count');

-- settings of the session do not matter
SELECT risk_screen.seal(timestamptz '2026-03-01 00:00+00', 1.5::float8, date '2026-03-01', '\x01ff'::bytea, interval '1 day') AS before \gset
SET LOCAL TimeZone = 'Asia/Kathmandu';
SET LOCAL DateStyle = 'German';
SET LOCAL extra_float_digits = 0;
SET LOCAL bytea_output = 'escape';
SET LOCAL IntervalStyle = 'iso_8601';
SELECT risk_screen.seal(timestamptz '2026-03-01 00:00+00', 1.5::float8, date '01.03.2026', '\x01ff'::bytea, interval '1 day') AS after \gset
RESET bytea_output;
SELECT is((:'after')::bytea, (:'before')::bytea, 'independent of session settings');

-- trees and chains
SELECT is((SELECT risk_screen.merkle_root(s) FROM (SELECT ''::bytea AS s WHERE false) t), sha256(''), 'an empty tree');
SELECT is((SELECT risk_screen.seal_chain(s) FROM (SELECT ''::bytea AS s WHERE false) t), NULL, 'an empty chain');
SELECT isnt((SELECT risk_screen.merkle_root(s ORDER BY i) FROM (VALUES (1, 'a'::bytea), (2, 'b')) v(i, s)),
			(SELECT risk_screen.merkle_root(s ORDER BY i DESC) FROM (VALUES (1, 'a'::bytea), (2, 'b')) v(i, s)), 'order counts');
SELECT ok(bool_and(risk_screen.verify_merkle(root, risk_screen.seal(p), p, 50, proof)), 'every proof of 50 verifies')
  FROM (SELECT p, (SELECT risk_screen.merkle_root(risk_screen.seal(i) ORDER BY i) FROM generate_series(1, 50) i) AS root,
			   (SELECT risk_screen.merkle_proof(risk_screen.seal(i), p ORDER BY i) FROM generate_series(1, 50) i) AS proof
		  FROM generate_series(1, 50) p) t;
SELECT is(count(*) FILTER (WHERE risk_screen.verify_merkle(root, risk_screen.seal(p), q, n, proof)), 50::bigint, 'and only at its place and size')
  FROM (SELECT p, q, n, (SELECT risk_screen.merkle_root(risk_screen.seal(i) ORDER BY i) FROM generate_series(1, 50) i) AS root,
			   (SELECT risk_screen.merkle_proof(risk_screen.seal(i), p ORDER BY i) FROM generate_series(1, 50) i) AS proof
		  FROM generate_series(1, 50) p, generate_series(1, 50) q, (VALUES (50)) v(n)) t;
SELECT throws_ok($$SELECT risk_screen.merkle_root(NULL::bytea) FROM generate_series(1, 2)$$, '22004', NULL, 'a NULL seal is refused');
SELECT throws_ok($$SELECT risk_screen.seal_chain(''::bytea, 'short'::bytea)$$, '22023', NULL, 'a bad start is refused');
SELECT throws_ok($$SELECT risk_screen.merkle_proof(''::bytea, 2)$$, '22023', NULL, 'a position beyond the end');
SELECT throws_ok($$SELECT risk_screen.merkle_proof(''::bytea, 0)$$, '22023', NULL, 'a position before the beginning');
SELECT is(risk_screen.verify_merkle('\x00', '\x00', 1, 1, '{}'), false, 'a malformed root is no proof');
SET LOCAL risk_screen.max_memory = '1MB';
SELECT throws_ok($$SELECT risk_screen.merkle_proof(''::bytea, 1) FROM generate_series(1, 100000)$$, '54000', NULL, 'max_memory is respected');
RESET risk_screen.max_memory;

-- in parallel plans
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE TABLE seal_many AS SELECT i, i * 1.5 AS x, 'n' || i AS t FROM generate_series(1, 20000) i;
ANALYZE seal_many;
SELECT risk_screen.merkle_root(risk_screen.seal(i, x, t) ORDER BY i) AS parallel FROM seal_many \gset
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is(risk_screen.merkle_root(risk_screen.seal(i, x, t) ORDER BY i), (:'parallel')::bytea, 'parallel equals serial') FROM seal_many;

-- the same function as the server's: a text's seal is sha256 of its encoding
SELECT is((SELECT count(*)::int FROM generate_series(0, 300) AS n CROSS JOIN LATERAL (SELECT repeat('x', n) AS x) AS t
		   WHERE risk_screen.seal(t.x) IS DISTINCT FROM sha256('\x0000000154'::bytea || int8send(n) || convert_to(t.x, 'UTF8'))), 0, 'every length around the block boundaries, against sha256()');
-- sealed by the day: pieces in the order of the seals, the root that merkle_root gives
CREATE TEMP TABLE many AS SELECT i, CASE WHEN i % 7 > 0 THEN 'r' || i % 1500 END AS id, i % 1800 AS x FROM generate_series(1, 2500) AS i;
CREATE TEMP TABLE pieces AS SELECT p.* FROM unnest((SELECT risk_screen._seal_rows(id, x, 'y'::text, NULL::int) FROM many)) AS p;
SELECT is((SELECT string_agg(concat_ws(' ', piece, cardinality(row_ids), length(seals) / 32), ', ' ORDER BY piece) FROM pieces), '0 1024 1024, 1 1024 1024, 2 452 452', 'pieces of 1,024');
SELECT is((SELECT risk_screen._seal_root(seals ORDER BY piece DESC) FROM pieces), (SELECT risk_screen.merkle_root(s ORDER BY s) FROM (SELECT risk_screen.seal(x, 'y'::text, NULL::int) AS s FROM many) AS m), 'their root is the tree over the ordered seals, doubles included');
SELECT is((SELECT count(*)::int FROM (SELECT r.id, substring(p.seals FROM ((r.n - 1) * 32 + 1)::int FOR 32) AS s FROM pieces AS p, unnest(p.row_ids) WITH ORDINALITY AS r (id, n)
			EXCEPT ALL SELECT coalesce(id, encode(s, 'hex')), s FROM (SELECT id, risk_screen.seal(x, 'y'::text, NULL::int) AS s FROM many) AS m) AS x), 0, 'each seal has its row''s key; a row without key is known by its seal');
SELECT is((SELECT risk_screen._seal_root(p.seals) FROM unnest((SELECT risk_screen._seal_rows(NULL, 1) FROM many WHERE false)) AS p), sha256(''), 'no rows');
SET LOCAL risk_screen.max_memory = '1MB';
SELECT throws_ok($$SELECT risk_screen._seal_rows(i::text, i) FROM generate_series(1, 100000) AS i$$, '54000');
RESET risk_screen.max_memory;

SELECT * FROM finish();
ROLLBACK;
