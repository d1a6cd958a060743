-- Rows read as they are made: where a custom scan reads look_through() and trace_funds(), where the server's own scan does, and that both see the same.
BEGIN;
SELECT no_plan();

CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
		plan := plan || line || E'\n';
	END LOOP;
	RETURN plan;
END$$;
CREATE FUNCTION pg_temp.streams(statement text) RETURNS boolean LANGUAGE sql AS $$SELECT pg_temp.plan_of(statement) LIKE '%Custom Scan (risk_screen rows)%'$$;
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END$$;
-- the same rows, in whatever order, from the scan and from the server's own
CREATE FUNCTION pg_temp.differences(call text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
	columns text := CASE WHEN call LIKE '%trace_funds%' THEN 'seed, hop, txn_id, payer, payee, amount, amount::text AS shown, paid_at, cut'
		ELSE 'target, party, layers, direct, total, net, ultimate, in_cycle, flags, total_min, total_max' END;
BEGIN
	EXECUTE format($q$
		WITH made AS MATERIALIZED (SELECT %2$s FROM %1$s x), kept AS MATERIALIZED (SELECT %2$s FROM %1$s WITH ORDINALITY x)
		SELECT count(*) FROM ((TABLE made EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE made)) d$q$, call, columns) INTO n;
	RETURN n;
END$$;

-- 1..300 plain, 301..320 a ring, 321..330 below the ring, names of all lengths
CREATE TABLE rs_h AS
SELECT owner, owned, share FROM (
	SELECT CASE WHEN k = 0 AND c > 5 THEN 'c' || (c * 7 % (c - 1) + 1) ELSE repeat('person ', c % 12) || c || '-' || k END AS owner,
		   'c' || c AS owned, (ARRAY[0.5, 0.25, 0.125])[k + 1] AS share
	  FROM generate_series(1, 300) c, generate_series(0, 2) k
	UNION ALL SELECT 'c' || 301 + (c * 3 + 1) % 20, 'c' || 301 + c, 0.6 FROM generate_series(0, 19) c
	UNION ALL SELECT 'p' || c, 'c' || 301 + c, 0.3 FROM generate_series(0, 19) c
	UNION ALL SELECT 'c' || 301 + c, 'c' || 321 + c, 0.9 FROM generate_series(0, 9) c) h;
SELECT is(risk_screen.create_ownership_graph('rs_h', 'SELECT * FROM rs_h'), (SELECT count(*) FROM rs_h), 'a graph of the holdings');

-- ---- who reads ----
SELECT ok(pg_temp.streams($$SELECT * FROM risk_screen.look_through('graph:rs_h')$$), 'alone in FROM');
SELECT ok(pg_temp.streams($$SELECT * FROM risk_screen.look_through('rs_h', '{c1}') AS x(a, b) WHERE b <> a$$), 'of a query, renamed');
SELECT ok(pg_temp.streams($$SELECT c, x.party FROM generate_series(1, 3) c, risk_screen.look_through('graph:rs_h', ARRAY['c' || c]) x$$), 'arguments from another table');
SELECT ok(pg_temp.streams($$SELECT 1 FROM rs_h LEFT JOIN risk_screen.look_through('graph:rs_h') x ON x.party = rs_h.owner AND x.total > 0.5$$), 'joined');
SELECT ok(NOT pg_temp.streams($$SELECT * FROM risk_screen.look_through('graph:rs_h') WITH ORDINALITY$$), 'not with ordinality');
SELECT ok(NOT pg_temp.streams($$SELECT * FROM ROWS FROM (risk_screen.look_through('graph:rs_h'), generate_series(1, 3))$$), 'not beside another function');
SELECT ok(NOT pg_temp.streams($$SELECT x FROM risk_screen.look_through('graph:rs_h') x$$), 'not for a whole row');
SELECT ok(NOT pg_temp.streams($$SELECT 1 FROM risk_screen.look_through('graph:rs_h') x WHERE x IS NOT NULL$$), 'nor in a condition on one');
SELECT ok(NOT pg_temp.streams($$SELECT (risk_screen.look_through('graph:rs_h')).party$$), 'not in the select list');
SELECT ok(NOT pg_temp.streams($$SELECT 1 FROM rs_h, risk_screen.look_through('graph:rs_h') x WHERE x.party = rs_h.owner FOR UPDATE OF rs_h$$), 'not where rows may be checked again');
SELECT matches(pg_temp.plan_of($$SELECT party FROM risk_screen.look_through('graph:rs_h')$$), 'Function: risk_screen.look_through', 'EXPLAIN names the function');
SELECT lives_ok($$EXPLAIN (VERBOSE, FORMAT json) SELECT party || 'x' FROM risk_screen.look_through('graph:rs_h', ARRAY[(SELECT min(owned) FROM rs_h)]) ORDER BY flags$$, 'EXPLAIN of a call with a subquery');
SET LOCAL risk_screen.enable_row_scan = off;
SELECT ok(NOT pg_temp.streams($$SELECT * FROM risk_screen.look_through('graph:rs_h')$$), 'not if it is switched off');
RESET risk_screen.enable_row_scan;
SAVEPOINT changed;
ALTER FUNCTION risk_screen.look_through SET work_mem = '1MB';
SELECT ok(NOT pg_temp.streams($$SELECT * FROM risk_screen.look_through('graph:rs_h')$$), 'not if a setting goes with each call');
ROLLBACK TO changed;

-- ---- the same rows ----
SELECT is(pg_temp.differences(call), 0::bigint, call) FROM (VALUES
	($$risk_screen.look_through('graph:rs_h')$$),
	($$risk_screen.look_through('rs_h')$$),
	($$risk_screen.look_through('graph:rs_h', '{}')$$),
	($$risk_screen.look_through('graph:rs_h', '{c7,c305,c322,nobody,c7,person 1}')$$),
	($$risk_screen.look_through('rs_h', '{c7,c305,c322,nobody,c7}')$$),
	($$risk_screen.look_through('graph:rs_h', direction => 'holdings')$$),
	($$risk_screen.look_through('graph:rs_h', '{c1,c301}', direction => 'holdings')$$),
	($$risk_screen.look_through('graph:rs_h', max_layers => 2)$$),
	($$risk_screen.look_through('graph:rs_h', over_one => 'normalise')$$),
	($$risk_screen.look_through('graph:rs_h', over_one => 'error')$$),
	($$risk_screen.look_through('SELECT owner, owned, share FROM rs_h WHERE false')$$),
	($$risk_screen.look_through('SELECT owner, owned, share - 0.01 AS share_min, share AS share_max FROM rs_h')$$)) c(call);
SELECT is((SELECT count(*) FROM risk_screen.look_through('graph:rs_h') x), (SELECT count(x) FROM risk_screen.look_through('graph:rs_h') x), 'no column is wanted');
SELECT is((SELECT string_agg(party || layers::text, ' ' ORDER BY flags, total, party) FROM risk_screen.look_through('graph:rs_h', '{c322}') WHERE NOT in_cycle),
	(SELECT string_agg(x.party || x.layers::text, ' ' ORDER BY x.flags, x.total, x.party) FROM risk_screen.look_through('graph:rs_h', '{c322}') WITH ORDINALITY x WHERE NOT x.in_cycle),
	'some columns, expressions of them, sorted by others');
SELECT is((SELECT count(*) FROM (SELECT * FROM risk_screen.look_through('graph:rs_h', '{c1}') UNION ALL SELECT * FROM risk_screen.look_through('graph:rs_h', '{c2}')) u),
	(SELECT count(*) FROM risk_screen.look_through('graph:rs_h', '{c1,c2}')), 'two in a union');

-- transfers: integers and texts, amounts of every size and sign, ties, a hop beyond one slice, cuts of every kind
SELECT setseed(0.3);
CREATE TABLE rs_t AS SELECT i AS txn_id, (random() ^ 2 * 300)::int AS payer, (random() ^ 2 * 300)::int AS payee,
		(CASE i % 7 WHEN 0 THEN i * 100000000.01 WHEN 1 THEN i * 0.01 WHEN 2 THEN i * 10000 WHEN 3 THEN 0.01 ELSE 12.5 * (i % 100) END)::numeric(18,2) AS amount,
		timestamptz '2026-01-01 00:00+08' + (i / 3) * interval '1 minute' AS paid_at
  FROM generate_series(1, 5000) i;
SELECT is(risk_screen.create_flow_graph('rs_t', 'SELECT txn_id, payer, payee, amount, paid_at FROM rs_t'), 5000::bigint, 'a flow graph');
SELECT is(pg_temp.differences(format(call, source)), 0::bigint, format(call, source)) FROM (VALUES ($$'graph:rs_t'$$), ($$'rs_t'$$),
	($$'SELECT ''t'' || txn_id AS txn_id, repeat(''account '', payer % 20) || payer AS payer, repeat(''account '', payee % 20) || payee AS payee, amount, paid_at FROM rs_t'$$),
	($$'SELECT txn_id, payer, payee, amount * 1000000000000000000 AS amount, paid_at FROM rs_t'$$)) f(source), (VALUES
	('risk_screen.trace_funds(%s, ARRAY[''1'', ''250'', ''999'', ''20'', ''1''])'),
	('risk_screen.trace_funds(%s, ARRAY[''7'', ''40''], direction => ''upstream'', max_hops => 3)'),
	('risk_screen.trace_funds(%s, ARRAY[''0'', ''120''], max_fanout => 20, stop_at => ARRAY[''2'', ''3''])'),
	('risk_screen.trace_funds(%s, ARRAY[''280''], max_hold => interval ''1 hour'', min_amount => 100)')) c(call);
SELECT ok(pg_temp.streams($$SELECT * FROM risk_screen.flow_graph_transfers('rs_t')$$) AND pg_temp.streams($$SELECT * FROM risk_screen.ownership_graph_holdings('rs_h')$$), 'listings of graphs are read so');
SELECT is((SELECT count(*) FROM (TABLE rs_t EXCEPT ALL SELECT txn_id::int, payer::int, payee::int, amount, paid_at FROM risk_screen.flow_graph_transfers('rs_t')) d)
	+ (SELECT count(*) FROM (TABLE rs_h EXCEPT ALL SELECT owner, owned, share FROM risk_screen.ownership_graph_holdings('rs_h')) d), 0::bigint, 'and have all rows');
SELECT is((SELECT count(*) FROM risk_screen.flow_graph_transfers(NULL)), 0::bigint, 'none of NULL');
SELECT is((SELECT string_agg(amount::text, ' ' ORDER BY t.txn_id::int) FROM risk_screen.trace_funds('graph:rs_t', ARRAY['1'], max_hops => 1) t),
	(SELECT string_agg(amount::text, ' ' ORDER BY txn_id) FROM rs_t WHERE payer = 1), 'amounts are shown as they are in the table');
SELECT is((SELECT string_agg(amount::text, ' ' ORDER BY t.txn_id::int) FROM risk_screen.trace_funds(format(
		'SELECT %s::bigint + i AS txn_id, 1 AS payer, 2 AS payee, trunc(a, %1$s) AS amount, now() AS paid_at FROM unnest(ARRAY[0.999999999999999999,
			9.123456789012345678, 0.000000000000000001, 0.100000000000000001, 1, 0, 5.5, 0.012345678901234567]) WITH ORDINALITY u(a, i)', scale), '{1}') t),
	(SELECT string_agg(trunc(a, scale)::text, ' ' ORDER BY i) FROM unnest(ARRAY[0.999999999999999999,
			9.123456789012345678, 0.000000000000000001, 0.100000000000000001, 1, 0, 5.5, 0.012345678901234567]) WITH ORDINALITY u(a, i)), 'amounts with ' || scale || ' decimals')
  FROM generate_series(1, 18) scale;
SELECT is((SELECT array_agg(ROW(hop, paid_at, txn_id)::text) FROM risk_screen.trace_funds('graph:rs_t', ARRAY['1'])),
	(SELECT array_agg(ROW(hop, paid_at, txn_id)::text ORDER BY hop, paid_at, txn_id::int) FROM risk_screen.trace_funds('graph:rs_t', ARRAY['1'])), 'and come in order of hop, time, number');
SELECT ok(pg_temp.streams($$SELECT count(*) FROM risk_screen.trace_funds('graph:rs_t', '{1}')$$), 'trace_funds is read so, too');
SELECT is((SELECT count(*) FROM (SELECT payee FROM risk_screen.trace_funds('rs_t', '{1}') LIMIT 7) x), 7::bigint, 'with a limit');

-- ---- read again ----
SELECT is((SELECT string_agg(c || ':' || x.n, ' ' ORDER BY c) FROM generate_series(300, 303) c,
			LATERAL (SELECT count(*) AS n FROM risk_screen.look_through('graph:rs_h', ARRAY['c' || c])) x),
	(SELECT string_agg(substr(target, 2) || ':' || n, ' ' ORDER BY target) FROM (SELECT target, count(*) AS n
			FROM risk_screen.look_through('graph:rs_h', '{c300,c301,c302,c303}') GROUP BY 1) t), 'with other arguments each time');
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_material = off;
CREATE FUNCTION pg_temp.calls() RETURNS bigint LANGUAGE sql AS $$SELECT coalesce(pg_stat_get_xact_function_calls('risk_screen.look_through'::regproc), 0)$$;
SET LOCAL track_functions = 'all';
CREATE TEMP TABLE before AS SELECT pg_temp.calls() AS calls;
SELECT is((SELECT count(*) FROM generate_series(1, 50) g JOIN risk_screen.look_through('graph:rs_h', '{c300,c302}') x ON x.layers <> g),
	(SELECT sum((SELECT count(*) FROM unnest(l) y WHERE y IS DISTINCT FROM g AND y IS NOT NULL)) FROM generate_series(1, 50) g,
		(SELECT array_agg(layers) AS l FROM risk_screen.look_through('graph:rs_h', '{c300,c302}')) a)::bigint, 'the inner side of a nested loop');
SELECT cmp_ok(pg_temp.calls() - (SELECT calls FROM before), '<=', 2::bigint, 'is made once, whatever the loop');
SELECT is((SELECT count(*) FROM generate_series(1, 5) g WHERE EXISTS (SELECT FROM risk_screen.look_through('graph:rs_h', '{c300}') x WHERE x.layers >= g)),
	(SELECT max(layers)::bigint FROM risk_screen.look_through('graph:rs_h', '{c300}')), 'in a subplan that stops early and goes on');
-- a parameter of the condition, or of what stands beside the call, is no parameter of the call
UPDATE before SET calls = pg_temp.calls();
SELECT is((SELECT array_agg((SELECT count(*) FROM risk_screen.look_through('graph:rs_h', '{c300,c302}') x WHERE x.layers >= g)) FROM generate_series(1, 40) g),
	(SELECT array_agg((SELECT count(*) FROM unnest(l) y WHERE y >= g)) FROM generate_series(1, 40) g,
		(SELECT array_agg(layers) AS l FROM risk_screen.look_through('graph:rs_h', '{c300,c302}')) a), 'in a subplan whose condition changes');
SELECT cmp_ok(pg_temp.calls() - (SELECT calls FROM before), '<=', 3::bigint, 'rows are made twice, then kept');
UPDATE before SET calls = pg_temp.calls();
SELECT is((SELECT sum(n) FROM generate_series(1, 40) g, LATERAL (SELECT count(*) AS n
			FROM risk_screen.look_through('graph:rs_h', '{c300}') x JOIN generate_series(1, g) h ON h >= x.layers OFFSET 0) y),
	(SELECT sum(greatest(0, g - y + 1))::numeric FROM generate_series(1, 40) g, (SELECT layers AS y FROM risk_screen.look_through('graph:rs_h', '{c300}')) l), 'beside what changes');
SELECT cmp_ok(pg_temp.calls() - (SELECT calls FROM before), '<=', 3::bigint, 'as well');
SELECT is((SELECT array_agg((SELECT count(*) FROM risk_screen.look_through('graph:rs_h', (SELECT array_agg('c' || c) FROM generate_series(1, g) c)) x)) FROM generate_series(1, 5) g),
	(SELECT array_agg((SELECT count(*) FROM risk_screen.look_through('graph:rs_h') x WHERE substr(target, 2)::int <= g)) FROM generate_series(1, 5) g), 'a subquery among its arguments that changes');
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;

-- ---- not read to the end, and cursors ----
SELECT is((SELECT count(*) FROM (SELECT FROM risk_screen.look_through('graph:rs_h') LIMIT 3) x), 3::bigint, 'LIMIT');
SELECT is((SELECT count(*) FROM (SELECT FROM risk_screen.look_through('graph:rs_h') OFFSET 100 LIMIT 0) x), 0::bigint, 'none');
DECLARE c SCROLL CURSOR FOR SELECT target, party, total FROM risk_screen.look_through('graph:rs_h');
CREATE TEMP TABLE fetched (i serial, target text, party text, total numeric);
CREATE FUNCTION pg_temp.take(direction text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE c refcursor := 'c';
	r record;
BEGIN
	IF direction = 'next' THEN FETCH NEXT FROM c INTO r; ELSIF direction = 'prior' THEN FETCH PRIOR FROM c INTO r; ELSE FETCH FIRST FROM c INTO r; END IF;
	RETURN r::text;
END$$;
CREATE TEMP TABLE seen AS SELECT pg_temp.take('next') AS a, pg_temp.take('next') AS b, pg_temp.take('prior') AS a2, pg_temp.take('next') AS b2, pg_temp.take('first') AS a3;
SELECT ok(a = a2 AND a = a3 AND b = b2 AND a <> b, 'a cursor that goes back') FROM seen;
-- the graph is refreshed and dropped while the cursor reads it
INSERT INTO rs_h VALUES ('new', 'c300', 0.01);
SELECT is((SELECT count(*) FROM risk_screen.refresh_ownership_graph('rs_h') r WHERE r IS NOT NULL), 1::bigint, 'refreshed under an open cursor');
SELECT risk_screen.drop_ownership_graph('rs_h');
DO $$
DECLARE c refcursor := 'c';
	r record;
	n int := 1;
BEGIN
	LOOP
		FETCH NEXT FROM c INTO r;
		EXIT WHEN NOT FOUND;
		n := n + 1;
	END LOOP;
	INSERT INTO fetched (target) VALUES (n);
END$$;
SELECT is((SELECT target::bigint FROM fetched), (SELECT count(*) FROM risk_screen.look_through('SELECT * FROM rs_h WHERE owner <> ''new''')), 'the cursor goes on reading what it began with');
CLOSE c;
SELECT is(pg_temp.error_of($$SELECT * FROM risk_screen.look_through('graph:rs_h')$$), '42704 ownership graph "rs_h" does not exist', 'dropped for the next question');
SELECT is(risk_screen.create_ownership_graph('rs_h', 'SELECT * FROM rs_h'), (SELECT count(*) FROM rs_h), 'made anew');
SAVEPOINT s;
DECLARE d CURSOR FOR SELECT party FROM risk_screen.look_through('graph:rs_h');
MOVE 7 FROM d;
ROLLBACK TO s;
SELECT is(pg_temp.error_of('FETCH d'), '34000 cursor "d" does not exist', 'a cursor that goes with its savepoint');

-- ---- errors ----
SELECT is(pg_temp.error_of($$SELECT * FROM risk_screen.look_through(NULL)$$), '22004 arguments holdings, direction, over_one and bad_rows must not be null', 'NULL');
SELECT matches(pg_temp.error_of($$SELECT count(*) FROM risk_screen.look_through('SELECT owner, owned, CASE owner WHEN ''p3'' THEN 2.0 ELSE share END AS share FROM rs_h')$$), '^22003', 'a bad row');
SELECT matches(pg_temp.error_of($$SELECT count(*) FROM risk_screen.look_through('SELECT owner, owned, 1 / (share - share) AS share FROM rs_h')$$), '^22012', 'an error of the query');
SELECT matches(pg_temp.error_of($$SELECT 1 / layers - 1 / (layers - 1) FROM risk_screen.look_through('graph:rs_h')$$), '^22012', 'an error of who reads');
SET LOCAL risk_screen.max_memory = '1MB';
SELECT matches(pg_temp.error_of($$SELECT count(*) FROM risk_screen.look_through('SELECT ''o'' || i AS owner, ''c'' || i / 3 AS owned, 0.3 AS share FROM generate_series(1, 100000) i')$$), '^5[34]', 'the memory limit');
RESET risk_screen.max_memory;

-- ---- rights ----
CREATE ROLE rs_reader;
GRANT USAGE ON SCHEMA risk_screen TO rs_reader;
PREPARE p AS SELECT count(*) FROM risk_screen.look_through('graph:rs_h');
SET LOCAL plan_cache_mode = force_generic_plan;
EXECUTE p;
SET LOCAL ROLE rs_reader;
SELECT is(pg_temp.error_of('EXECUTE p'), '42501 permission denied for ownership graph "rs_h"', 'the graph''s rights are those of who reads, prepared or not');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION risk_screen.look_through FROM PUBLIC;
SET LOCAL ROLE rs_reader;
SELECT is(pg_temp.error_of('EXECUTE p'), '42501 permission denied for function look_through', 'the function''s, too');
RESET ROLE;
SELECT lives_ok('EXECUTE p', 'the owner still may');

SELECT finish();
ROLLBACK;
