-- trace_funds, trace_accounts, trace_summary: contract, options, bad input, rights, plans.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = error;		-- skipped rows warn, on purpose
SET LOCAL timezone = 'Asia/Shanghai';

-- lender L -> platform P; P -> borrower B and -> shell S; S -> S2 -> P again; B pays before it receives
CREATE TABLE trace_t (txn_id int, payer text, payee text, amount numeric(18,2), paid_at timestamptz);
INSERT INTO trace_t VALUES
	(1, 'L', 'P', 1000, '2026-01-01'), (2, 'P', 'B', 600, '2026-01-02'), (3, 'P', 'S', 400, '2026-01-01'),
	(4, 'S', 'S2', 390, '2026-01-05'), (5, 'S2', 'P', 380, '2026-01-06'), (6, 'B', 'X', 100, '2026-01-01'),
	(7, 'P', 'Q', 50, '2025-12-31'), (8, 'P', 'Y', 5, '2026-01-07'), (9, 'B', 'B', 1, '2026-01-03');

CREATE FUNCTION pg_temp.hops(VARIADIC args text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
	EXECUTE format('SELECT string_agg(hop || '':'' || coalesce(txn_id, ''-'') || coalesce(''/'' || cut, ''''), '' '' ORDER BY place)
		FROM risk_screen.trace_funds(''trace_t'', %s) WITH ORDINALITY AS f(seed, hop, txn_id, payer, payee, amount, paid_at, cut, place)',
		array_to_string(args, ', ')) INTO r;
	RETURN r;
END $$;

SELECT is(pg_temp.hops('ARRAY[''L'']'), '1:1 2:3 2:2 2:8 3:9 3:4 4:5', 'in time order, ties allowed, rows by hop, time, id');
SELECT is(pg_temp.hops('ARRAY[''L'']', 'strict => true'), '1:1 2:2 2:8 3:9', 'strict: a transfer at the same instant does not follow');
SELECT is(pg_temp.hops('ARRAY[''L'']', 'ordered => false'), '1:1 2:7 2:3 2:2 2:8 3:6 3:9 3:4 4:5', 'without order everything downstream');
SELECT is(pg_temp.hops('ARRAY[''L'']', 'max_hops => 2'), '1:1 2:3/hops 2:2/hops 2:8', 'max_hops says what it cut');
SELECT is(pg_temp.hops('ARRAY[''L'']', 'max_hold => ''2 days'''), '1:1 2:3 2:2 3:9', 'max_hold');
SELECT is(pg_temp.hops('ARRAY[''L'']', 'max_hold => ''96:00'''), '1:1 2:3 2:2 3:9 3:4 4:5 5:8',
	'money that comes back restarts the clock: the account is passed twice');
SELECT is(pg_temp.hops('ARRAY[''L'']', 'stop_at => ARRAY[''S'']'), '1:1 2:3/stop_at 2:2 2:8 3:9', 'stop_at');
SELECT is(pg_temp.hops('ARRAY[''L'']', 'stop_at => ARRAY[''Y'']'), '1:1 2:3 2:2 2:8 3:9 3:4 4:5', 'nothing leaves a stop_at account: no cut');
SELECT is(pg_temp.hops('ARRAY[''L'']', 'max_fanout => 2'), '1:1/fanout', 'max_fanout counts what qualifies after the arrival');
SELECT is(pg_temp.hops('ARRAY[''L'']', 'max_fanout => 3'), '1:1 2:3 2:2 2:8 3:9 3:4 4:5', 'three transfers qualify, not four');
SELECT is(pg_temp.hops('ARRAY[''P'']', 'max_fanout => 3'), '0:-/fanout', 'a seed that is not expanded is a row of its own');
SELECT is(pg_temp.hops('ARRAY[''P'']', 'max_fanout => 3', 'since => ''2026-01-01'''), '1:3 1:2 1:8 2:9 2:4 3:5', 'since counts');
SELECT is(pg_temp.hops('ARRAY[''L'']', 'min_amount => 380'), '1:1 2:3 2:2 3:4 4:5', 'min_amount, inclusive');
SELECT is(pg_temp.hops('ARRAY[''L'']', 'until => ''2026-01-05'''), '1:1 2:3 2:2 3:9 3:4', 'until, inclusive');
SELECT is(pg_temp.hops('ARRAY[''P'']', 'direction => ''upstream'''), '1:1 1:5 2:4 3:3', 'upstream is the mirror image');
SELECT is(pg_temp.hops('ARRAY[''X'']', 'direction => ''upstream'''), '1:6', 'what came later is no source');
SELECT is(pg_temp.hops('ARRAY[''nobody'']'), NULL, 'an unknown seed has no rows');
SELECT is(pg_temp.hops('ARRAY[''S2'', ''S2'', ''B'']'), '1:5 2:8 1:6 1:9', 'seeds in the order given, each once');

SELECT results_eq(
	$$SELECT seed, payer, payee, amount, hop FROM risk_screen.trace_funds('trace_t', '{P}', max_fanout => 0)$$,
	$$VALUES ('P', NULL::text, 'P', NULL::numeric, 0)$$, 'the seed stands as payee downstream');
SELECT results_eq(
	$$SELECT payer, payee FROM risk_screen.trace_funds('trace_t', '{P}', 'upstream', max_fanout => 0)$$,
	$$VALUES ('P', NULL::text)$$, 'and as payer upstream');

SELECT results_eq(
	$$SELECT account, hops, first_at::date::text, last_at::date::text, received, sent, terminal, via
	    FROM risk_screen.trace_accounts('trace_t', ARRAY['L'])$$,
	$$VALUES ('P', 1, '2026-01-01', '2026-01-06', 1380.00, 1005.00, false, 'L'),
	         ('S', 2, '2026-01-01', '2026-01-01', 400.00, 390.00, false, 'P'),
	         ('B', 2, '2026-01-02', '2026-01-03', 601.00, 1.00, false, 'P'),
	         ('Y', 2, '2026-01-07', '2026-01-07', 5.00, 0.00, true, 'P'),
	         ('S2', 3, '2026-01-05', '2026-01-05', 390.00, 380.00, false, 'S')$$, 'accounts');
SELECT results_eq(
	$$SELECT * FROM risk_screen.trace_summary('trace_t', ARRAY['L', 'nobody', 'P', 'L'], max_fanout => 3)$$,
	$$VALUES ('L', 4, 5::bigint, 7::bigint, 2776.00, 1::bigint, 0::bigint),
	         ('nobody', 0, 0, 0, 0.00, 0, 0), ('P', 0, 0, 0, 0.00, 0, 1)$$, 'summary: one row per seed, zeros for the unknown');
SELECT results_eq(
	$$SELECT sum(transfers), sum(amount), sum(cut) FROM risk_screen.trace_summary('trace_t', (SELECT array_agg(DISTINCT payer) FROM trace_t), max_hops => 2)$$,
	$$SELECT count(*)::numeric, sum(amount), count(cut)::numeric FROM risk_screen.trace_funds('trace_t', (SELECT array_agg(DISTINCT payer) FROM trace_t), max_hops => 2)$$,
	'summary and transfers agree');

-- arguments
SELECT throws_ok('SELECT * FROM risk_screen.' || call, state, message, what) FROM (VALUES
	($$trace_funds('trace_t', NULL)$$, '22004', 'argument seeds must not be null', 'null seeds'),
	($$trace_funds(NULL, '{L}')$$, '22004', 'argument transfers must not be null', 'null transfers'),
	($$trace_funds('trace_t', '{}')$$, '22023', 'argument seeds is empty', 'no seeds'),
	($$trace_funds('trace_t', '{L,NULL}')$$, '22004', 'argument seeds contains a null', 'a null seed'),
	($$trace_funds('trace_t', '{L}', 'sideways')$$, '22023', 'unknown direction "sideways"', 'a direction that is none'),
	($$trace_funds('trace_t', '{L}', max_hops => 0)$$, '22023', 'max_hops must be at least 1', 'no hops'),
	($$trace_funds('trace_t', '{L}', max_fanout => -1)$$, '22023', 'max_fanout must not be negative', 'negative fanout'),
	($$trace_funds('trace_t', '{L}', max_hold => '1 month')$$, '22023', 'max_hold must not contain months or years', 'a hold in months'),
	($$trace_funds('trace_t', '{L}', max_hold => '-1 day')$$, '22023', 'max_hold must not be negative', 'a negative hold'),
	($$trace_funds('trace_t', '{L}', max_hold => '1 day', ordered => false)$$, '22023', 'max_hold needs ordered => true', 'hold without order'),
	($$trace_funds('trace_t', '{L}', strict => true, ordered => false)$$, '22023', 'strict needs ordered => true', 'strict without order'),
	($$trace_funds('trace_t', '{L}', since => '2026-02-01', until => '2026-01-01')$$, '22023', 'since must not be later than until', 'an empty window'),
	($$trace_funds('trace_t', '{L}', min_amount => 'NaN')$$, '22023', 'min_amount must be a finite number', 'NaN amount'),
	($$trace_funds('trace_t', '{L}', bad_rows => 'ignore')$$, '22023', 'unknown bad_rows option "ignore"', 'a bad bad_rows'),
	($$trace_funds('SELECT 1 AS txn_id', '{L}')$$, '42703', NULL, 'missing columns'),
	($$trace_funds('DELETE FROM trace_t', '{L}')$$, '42601', NULL, 'no SELECT'),
	($$trace_funds('SELECT txn_id::int, 1 AS payer, 2 AS payee, amount, paid_at FROM trace_t', '{one}')$$, '22P02', NULL, 'a seed that is no number'),
	($$trace_summary('trace_t', '{L}', 'up')$$, '22023', NULL, 'trace_summary checks too'),
	($$trace_accounts('trace_t', '{}')$$, '22023', NULL, 'trace_accounts checks too')) v(call, state, message, what);

-- paths
SELECT results_eq($$SELECT path_no, hops, accounts, txn_ids, bottleneck, more FROM risk_screen.trace_paths('trace_t', '{L}')$$,
	$$VALUES (1::bigint, 2, ARRAY['L', 'P', 'Y'], ARRAY['1', '8'], 5.00, false)$$, 'to the one terminal account; through P once');
SELECT results_eq($$SELECT accounts, amounts FROM risk_screen.trace_paths('trace_t', '{Y}', 'upstream', target => '{L}')$$,
	$$VALUES (ARRAY['L', 'P', 'Y'], ARRAY[1000.00, 5.00])$$, 'upstream, in the direction of the money');
SELECT results_eq($$SELECT accounts, started_at::date::text, ended_at::date::text FROM risk_screen.trace_paths('trace_t', '{P}', target => '{P}')$$,
	$$VALUES (ARRAY['P', 'S', 'S2', 'P'], '2026-01-01', '2026-01-06')$$, 'money that came round');
SELECT results_eq($$SELECT hops, more FROM risk_screen.trace_paths('trace_t', '{L}', target => '{B,S}', max_paths => 1)$$,
	$$VALUES (2, true)$$, 'a truncated list says so');
SELECT is_empty($$SELECT * FROM risk_screen.trace_paths('trace_t', '{L}', target => '{nobody}')$$, 'no path to where nothing goes');
SELECT is_empty($$SELECT * FROM risk_screen.trace_paths('trace_t', '{L}', target => '{}')$$, 'no target, no path');
SELECT throws_ok($$SELECT * FROM risk_screen.trace_paths('trace_t', '{L}', max_paths => 0)$$, '22023', 'max_paths must be at least 1', 'max_paths');
SELECT throws_ok($$SELECT * FROM risk_screen.trace_paths('trace_t', '{L}', max_paths => NULL)$$, '22004', NULL, 'null max_paths');
-- 2^20 paths, ten of them wanted
CREATE TABLE trace_ladder AS SELECT i * 4 + j AS txn_id, i AS payer, i + 1 AS payee, 100 + (i * 7 + j * 3) % 5 AS amount, timestamptz '2026-01-01' + i * interval '1 h' AS paid_at
  FROM generate_series(1, 20) i, generate_series(0, 1) j;
SELECT results_eq($$SELECT count(*), min(hops), bool_and(more), max(bottleneck) FROM risk_screen.trace_paths('trace_ladder', '{1}', max_hops => 20, max_paths => 10)$$,
	$$SELECT 10::bigint, 20, true, min(best)::numeric FROM (SELECT max(amount) AS best FROM trace_ladder GROUP BY payer) x$$, 'exponentially many paths');

-- bad rows, as far as the trace reaches them
CREATE TEMP TABLE bad (row_ text, options text, state text, what text);
INSERT INTO bad VALUES
	($$10, 'P', NULL, 1, now()$$, '', '22004', 'null payee'),
	($$10, 'P', 'Z', NULL, now()$$, '', '22004', 'null amount'),
	($$10, 'P', 'Z', NULL, now()$$, ', min_amount => 100', '22004', 'null amount, with min_amount'),
	($$10, 'P', 'Z', -1, now()$$, ', min_amount => 100', '22003', 'negative amount, with min_amount'),
	($$10, 'P', 'Z', 'NaN'::numeric, now()$$, '', '22003', 'NaN amount'),
	($$10, 'P', 'Z', 1, NULL$$, '', '22004', 'null time'),
	($$10, 'P', 'Z', 1, NULL$$, $$, max_hold => '1 day'$$, '22004', 'null time, with max_hold'),
	($$10, 'P', 'Z', 1, NULL$$, ', ordered => false', '22004', 'null time, without order'),
	($$10, 'L', 'Z', 1, NULL$$, $$, since => '2000-01-01'$$, '22004', 'null time at the seed'),
	($$2, 'P', 'Z', 1, '2026-01-03'$$, '', '23505', 'duplicate txn_id'),
	($$10, 'P', 'Z', 1, 'infinity'$$, '', '22003', 'infinite time');
SELECT throws_ok(format('SELECT * FROM risk_screen.trace_summary(%L, ''{L}''%s)',
		'SELECT * FROM trace_t UNION ALL SELECT ' || row_, options), state, NULL, what) FROM bad;
SELECT lives_ok(format('SELECT * FROM risk_screen.trace_summary(%L, ''{L}'', bad_rows => ''skip''%s)',
		'SELECT * FROM trace_t UNION ALL SELECT ' || row_, options), what || ', skipped') FROM bad;
SELECT results_eq(
	$$SELECT transfers FROM risk_screen.trace_summary('SELECT * FROM trace_t UNION ALL SELECT 10, ''P'', ''Z'', -1, now()', '{L}', bad_rows => 'skip')$$,
	$$VALUES (7::bigint)$$, 'skipped rows are left out, the others are not');

-- empty input, exact money, wide amounts
SELECT results_eq($$SELECT transfers, amount FROM risk_screen.trace_summary('SELECT * FROM trace_t WHERE false', '{L}')$$,
	$$VALUES (0::bigint, 0.00)$$, 'an empty query');
SELECT results_eq(
	$$SELECT amount FROM risk_screen.trace_summary('SELECT i AS txn_id, ''a'' AS payer, ''b'' AS payee, 12345678901234567890.0123456789012345 AS amount, now() AS paid_at FROM generate_series(1, 3) i', '{a}')$$,
	$$VALUES (37037036703703703670.0370370367037035)$$, 'amounts beyond 64 bits are exact');
SELECT results_eq(
	$$SELECT string_agg(amount::text, ' ') FROM risk_screen.trace_funds('SELECT * FROM (VALUES (1, ''a'', ''b'', 9223372036854775807::numeric, date ''2026-01-01''), (2, ''b'', ''c'', 0.001, ''2026-01-02'')) v(txn_id, payer, payee, amount, paid_at)', '{a}')$$,
	$$VALUES ('9223372036854775807.000 0.001')$$, 'a finer unit found later');

-- a huge fan-out and a long chain
CREATE TABLE trace_hub AS
	SELECT i AS txn_id, 'hub' AS payer, 'leaf' || i AS payee, 1 AS amount, timestamptz '2026-01-01' + i * interval '1 s' AS paid_at FROM generate_series(1, 20000) i
	UNION ALL SELECT 20000 + i, 'n' || i, 'n' || i + 1, 2, timestamptz '2026-01-01' + i * interval '1 s' FROM generate_series(1, 3000) i
	UNION ALL SELECT 23001, 'seed', 'hub', 3, timestamptz '2026-01-01' + 100 * interval '1 s';
CREATE INDEX ON trace_hub (payer, paid_at);
ANALYZE trace_hub;
SELECT results_eq($$SELECT hops, accounts, transfers, terminals, cut FROM risk_screen.trace_summary('trace_hub', '{seed}')$$,
	$$VALUES (2, 19902::bigint, 19902::bigint, 19901::bigint, 0::bigint)$$, 'a hub');
SELECT results_eq($$SELECT hops, accounts, cut FROM risk_screen.trace_summary('trace_hub', '{seed}', max_fanout => 19900)$$,
	$$VALUES (1, 1::bigint, 1::bigint)$$, 'one too many');
SELECT results_eq($$SELECT hops, accounts, cut FROM risk_screen.trace_summary('trace_hub', '{n1}', max_hops => 1000000)$$,
	$$VALUES (3000, 3000::bigint, 0::bigint)$$, 'three thousand hops');
SELECT results_eq($$SELECT hops, accounts, cut FROM risk_screen.trace_summary('trace_hub', '{n1}', max_hops => 2999, max_hold => '1 s')$$,
	$$VALUES (2999, 2999::bigint, 1::bigint)$$, 'with max_hold, and the last one cut');

-- identifiers with spaces, quotes, non-ASCII; composite keys as text
SELECT results_eq(
	$$SELECT payer, payee FROM risk_screen.trace_funds('SELECT 1 AS txn_id, ''工商银行,''''6222"'' AS payer, ''x y'' AS payee, 1 AS amount, now() AS paid_at', ARRAY['工商银行,''6222"'])$$,
	$$VALUES ('工商银行,''6222"', 'x y')$$, 'any characters');
SELECT results_eq(
	$$SELECT seed, payer FROM risk_screen.trace_funds('SELECT 1 AS txn_id, 7 AS payer, 8::bigint AS payee, 1.5::float8 AS amount, now() AS paid_at', ARRAY['007', ' 7'])$$,
	$$VALUES ('7', '7')$$, 'seeds are read by the column''s type');

-- rights: the caller's, and row-level security
CREATE ROLE trace_reader;
GRANT USAGE ON SCHEMA risk_screen TO trace_reader;
SET LOCAL ROLE trace_reader;
SELECT throws_ok($$SELECT * FROM risk_screen.trace_funds('trace_t', '{L}')$$, '42501', NULL, 'no right on the table, no trace');
RESET ROLE;
GRANT SELECT ON trace_t TO trace_reader;
ALTER TABLE trace_t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON trace_t TO trace_reader USING (payer <> 'S');
SET LOCAL ROLE trace_reader;
SELECT is((SELECT string_agg(txn_id, ' ') FROM risk_screen.trace_funds('trace_t', '{L}')), '1 3 2 8 9', 'rows hidden from the caller stay hidden');
RESET ROLE;
SELECT is((SELECT count(*)::int FROM risk_screen.trace_funds('trace_t', '{L}')), 7, 'the owner still sees them');

-- parallel plans find the same
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL enable_nestloop = off;
SELECT results_eq($$SELECT hops, accounts, transfers, amount FROM risk_screen.trace_summary('trace_hub', '{seed,n1}', max_hops => 50)$$,
	$$VALUES (2, 19902::bigint, 19902::bigint, 19904::numeric), (50, 50, 50, 100)$$, 'parallel workers');

-- the memory limit is an error, and the backend lives on
SET LOCAL risk_screen.max_memory = '1MB';
SELECT throws_ok($$SELECT * FROM risk_screen.trace_summary('trace_hub', '{seed}')$$, '54000', NULL, 'max_memory');
RESET risk_screen.max_memory;
SELECT lives_ok($$SELECT * FROM risk_screen.trace_summary('trace_hub', '{seed}')$$, 'and again with enough');

-- rows are written in stored form: every byte of the values as PostgreSQL makes them
CREATE TABLE tw_amount (amount numeric);
INSERT INTO tw_amount
SELECT (n::numeric * power(10::numeric, -scale))::numeric(38, 12)
  FROM (VALUES (0::bigint), (1), (5), (10), (99), (100), (9999), (10000), (10001), (12345678), (100000000), (99999999),
	(1000000000000), (123456789012345678), (100000000000000000)) v (n), generate_series(0, 12) scale
 WHERE n::numeric * power(10::numeric, 12 - scale) < 1e18;
CREATE TABLE tw_txn (txn_id text, payer text, payee text, amount numeric, paid_at timestamptz);
CREATE FUNCTION pg_temp.written(scale int, shape text, source text) RETURNS TABLE (differing bigint, all_rows bigint) LANGUAGE plpgsql AS $$
DECLARE
	type text := CASE WHEN shape LIKE 'int%' THEN 'bigint' ELSE 'text' END;
	query text;
BEGIN
	TRUNCATE tw_txn;
	INSERT INTO tw_txn
	SELECT CASE type WHEN 'bigint' THEN i::text ELSE rpad('t' || i, CASE shape WHEN 'text' THEN 20 WHEN 'edge' THEN 124 + i % 5 ELSE 40 * (i % 5) + 5 END, 'x') END,
		CASE type WHEN 'bigint' THEN '0' ELSE 'seed' END,
		CASE type WHEN 'bigint' THEN (CASE i % 3 WHEN 0 THEN -i ELSE i * 1000000007::bigint END)::text ELSE rpad('p' || i, CASE shape WHEN 'text' THEN 12 WHEN 'edge' THEN 124 + i % 4 ELSE 30 * (i % 7) + 5 END, '账') END,
		amount, timestamptz '2026-01-01' + i * interval '1 second'
	  FROM (SELECT (row_number() OVER (ORDER BY amount))::int AS i, round(amount, scale) AS amount FROM tw_amount WHERE round(amount, scale) < CASE scale WHEN 12 THEN 9e5 ELSE 1e15 END) a;
	query := format('SELECT txn_id::%1$s, payer::%1$s, payee::%1$s, amount::numeric(30,%2$s), paid_at FROM tw_txn', type, scale);
	IF source = 'graph' THEN
		PERFORM risk_screen.create_flow_graph('tw', query);
	END IF;
	RETURN QUERY
		SELECT count(*) FILTER (WHERE f.amount::text IS DISTINCT FROM round(t.amount, scale)::text
			OR numeric_send(f.amount) IS DISTINCT FROM numeric_send(round(t.amount, scale))
			OR hash_numeric(f.amount) IS DISTINCT FROM hash_numeric(t.amount)
			OR pg_column_size(f.amount) > 3 + 2 * ceil(length(f.amount::text) / 4.0 + 2)
			OR f.payee IS DISTINCT FROM t.payee OR f.payer IS DISTINCT FROM t.payer OR f.paid_at IS DISTINCT FROM t.paid_at OR f.hop <> 1 OR f.cut IS NOT NULL
			OR f.seed <> t.payer), count(t.txn_id)
		FROM risk_screen.trace_funds(CASE source WHEN 'graph' THEN 'graph:tw' ELSE query END, ARRAY[(SELECT min(tw_txn.payer) FROM tw_txn)]) f FULL JOIN tw_txn t USING (txn_id);
	IF source = 'graph' THEN
		PERFORM risk_screen.drop_flow_graph('tw');
	END IF;
END$$;
SELECT is(w.differing, 0::bigint, format('%s rows, scale %s, %s identifiers from a %s', w.all_rows, scale, shape, source))
  FROM unnest('{0,1,2,3,5,12}'::int[]) scale, unnest('{integer,text,edge,long}'::text[]) shape, unnest('{graph,query}'::text[]) source,
	LATERAL pg_temp.written(scale, shape, source) w;

-- a hop of more than 786,432 transfers is sent in slices of time: nothing lost, nothing twice, the order kept, cuts at the right rows;
-- half of them at one instant, so slices are unequal; every tenth too small for the question; every seventh payee passes money on
CREATE TEMP TABLE tb AS
	SELECT i AS txn_id, 0 AS payer, 1 + i AS payee, CASE WHEN i % 10 = 0 THEN 1 ELSE 1000 + i END AS amount,
		timestamptz '2026-01-01' + CASE WHEN i % 2 = 0 THEN 40000 ELSE i * 37 % 86400 END * interval '1 second' AS paid_at
	  FROM generate_series(1, 900000) i
	UNION ALL
	SELECT 1000000 + i, 1 + i, 0, 50, '2026-01-03' FROM generate_series(7, 900000, 7) i;
SELECT lives_ok($$SELECT risk_screen.create_flow_graph('tb', 'tb')$$, 'graph of a very large hop');
SELECT is(sliced, straight, 'a very large hop, ' || direction)
  FROM unnest('{downstream,upstream}'::text[]) direction, LATERAL (
	SELECT row(count(*), sum(hashint8extended(f.txn_id::bigint, 0)::numeric), sum(amount), count(*) FILTER (WHERE cut = 'hops'),
		count(*) FILTER (WHERE (paid_at, txn_id::bigint) < (before_at, before_id)))::text AS sliced
	  FROM (SELECT *, lag(paid_at) OVER (ORDER BY place) AS before_at, lag(txn_id::bigint) OVER (ORDER BY place) AS before_id
		FROM risk_screen.trace_funds('graph:tb', '{0}', direction => direction, max_hops => 1, min_amount => 10)
		WITH ORDINALITY AS f(seed, hop, txn_id, payer, payee, amount, paid_at, cut, place)) f) f,
	LATERAL (
	SELECT row(count(*), sum(hashint8extended(txn_id, 0)::numeric), sum(amount), count(*) FILTER (WHERE direction = 'upstream'
		AND (payer - 1) % 10 <> 0 OR direction = 'downstream' AND txn_id % 7 = 0), 0)::text AS straight
	  FROM tb WHERE amount >= 10 AND CASE direction WHEN 'downstream' THEN payer ELSE payee END = 0) t;
SELECT risk_screen.drop_flow_graph('tb');

SELECT * FROM finish();
ROLLBACK;
