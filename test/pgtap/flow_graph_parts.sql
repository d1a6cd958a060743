-- Flow graphs of several parts: every function gives what it gives on the query; merging; files come and go.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SELECT setseed(0.31);

-- days of falling size, so that each stays a part of its own; later days bring new accounts
CREATE TABLE fp_day (day int, rows int);
INSERT INTO fp_day VALUES (0, 900), (1, 400), (2, 190), (3, 90), (4, 40), (5, 15), (6, 5), (7, 1);
CREATE TABLE fp_all AS
SELECT row_number() OVER () AS n, day,
	(power(random(), 2) * (30 + 4 * day))::int AS payer, (power(random(), 2) * (30 + 4 * day))::int AS payee,
	(random() * 1000)::int AS amount, (random() * 300)::int AS minute
  FROM fp_day, generate_series(1, rows);

-- identifiers as text and times in minutes; as integers, times that need a table and amounts that need 128 bits
CREATE TABLE fp_a (txn_id text, payer text, payee text, amount numeric(18,2), paid_at timestamptz);
CREATE TABLE fp_b (txn_id bigint, payer bigint, payee bigint, amount numeric(30,0), paid_at timestamptz);
CREATE FUNCTION pg_temp.add_day(which int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO fp_a SELECT 'T' || n, 'acct ' || payer, 'acct ' || payee, amount / 100.0,
		timestamptz '2026-01-01 00:00+08' + day * interval '1 day' + minute * interval '1 minute' FROM fp_all WHERE day = which;
	INSERT INTO fp_b SELECT n * 7, payer * 1000003 - 5, payee * 1000003 - 5, amount * 1e20 + 1,
		timestamptz '2026-01-01 00:00+08' + day * interval '700 days' + minute * interval '1 day' + (n % 3 + minute % 7) * interval '1 microsecond' FROM fp_all WHERE day = which;
$$;
SELECT pg_temp.add_day(0) IS NULL AS ignored \gset
SELECT risk_screen.create_flow_graph('fp_a', 'fp_a') + risk_screen.create_flow_graph('fp_b', 'fp_b') AS ignored \gset
SELECT is(ARRAY[risk_screen.refresh_flow_graph('fp_a'), risk_screen.refresh_flow_graph('fp_b')], '{appended,appended}', 'day ' || day || ' is appended')
  FROM (SELECT day, pg_temp.add_day(day) FROM fp_day WHERE day > 0 ORDER BY day OFFSET 0) d;
SELECT is(ARRAY(SELECT name || ' ' || rows || ' ' || parts || ' ' || state FROM risk_screen.flow_graph WHERE name IN ('fp_a', 'fp_b') ORDER BY 1),
	'{fp_a 1641 8 ready,fp_b 1641 8 ready}', 'each day is a part of its own');
SELECT is(risk_screen.check_flow_graph('fp_a'), 'sound', 'all checksums are right');
SELECT bag_eq($$SELECT txn_id, payer, payee, amount, paid_at FROM risk_screen.flow_graph_transfers('fp_a')$$, 'SELECT * FROM fp_a', 'the rows of fp_a');
SELECT bag_eq($$SELECT txn_id, payer, payee, amount, paid_at FROM risk_screen.flow_graph_transfers('fp_b')$$,
	'SELECT txn_id::text, payer::text, payee::text, amount::numeric, paid_at FROM fp_b', 'the rows of fp_b');
SELECT is(array_agg(txn_id), (SELECT array_agg(txn_id ORDER BY paid_at, txn_id) FROM fp_b), 'in order of time and txn_id')
  FROM (SELECT txn_id::bigint FROM risk_screen.flow_graph_transfers('fp_b') OFFSET 0) g;

CREATE TABLE fp_call (call text);
INSERT INTO fp_call
SELECT format('trace_%s(SOURCE, SEEDS, %L%s)', f, direction, options)
  FROM unnest('{funds,accounts,summary}'::text[]) f, unnest('{downstream,upstream}'::text[]) direction,
	unnest(ARRAY['', ', max_hops => 1', ', max_hops => 2', ', max_hold => ''100 days''', ', max_hold => ''3 hours'', max_hops => 4',
		', min_amount => 5', ', max_fanout => 12', ', max_fanout => 12, min_amount => 3', ', stop_at => STOPS',
		', ordered => false, max_hops => 2', ', strict => true', ', since => ''2026-01-02'', until => ''2027-01-01''',
		', max_hold => ''9 days'', max_fanout => 3, stop_at => STOPS']) options;
INSERT INTO fp_call VALUES
	('trace_paths(SOURCE, SEEDS, target => STOPS, max_hops => 4, max_paths => 40)'),
	('trace_paths(SOURCE, SEEDS, ''upstream'', target => STOPS, max_hops => 4, max_paths => 40, max_hold => ''30 days'')'),
	('find_cycles(SOURCE, 4, ''2 days'')'), ('find_cycles(SOURCE, 3, ''400 days'', ordered => false)'),
	('find_cycles(SOURCE, 5, ''1 day'', min_kept => 0.9, strict => false)'),
	('find_fan_in(SOURCE, 3, ''1 day'')'), ('find_fan_out(SOURCE, 3, ''30 days'', min_amount => 2)'),
	('find_structuring(SOURCE, 10, 0.4, 2, ''100 days'')'), ('find_structuring(SOURCE, 10, 0.4, 2, ''1 day'', side => ''payee'')'),
	('find_pass_through(SOURCE, ''1 day'', 0.2)'), ('find_pass_through(SOURCE, ''50 days'', 0.1, ''account'')'),
	('find_scatter_gather(SOURCE, 2, ''1 day'')'), ('find_scatter_gather(SOURCE, 2, ''2 hours'', ordered => false)'),
	('find_scatter_gather(SOURCE, 2, ''5 hours'', phased => true)'),
	('find_gather_scatter(SOURCE, 3, ''1 day'')'), ('find_gather_scatter(SOURCE, 3, ''60 days'', ordered => false)'),
	('account_profile(SOURCE)'), ('account_profile(SOURCE, ''40 days'')');
INSERT INTO fp_call
SELECT format('attribute_funds(SOURCE, CLAIMS, %L, tie => %L)', rule, tie)
  FROM unnest('{fifo,lifo,pro_rata,poison}'::text[]) rule, unnest('{causal,credits_first,debits_first}'::text[]) tie;
SELECT bag_eq(format('SELECT * FROM risk_screen.%s', replace(c, 'SOURCE', quote_literal('graph:' || source))),
			  format('SELECT * FROM risk_screen.%s', replace(c, 'SOURCE', quote_literal(source))), source || ': ' || call)
  FROM fp_call, (VALUES ('fp_a', '''acct ''', 'T', 1, 0, 10), ('fp_b', '', '', 1000003, -5, 7)) s (source, prefix, txn, factor, shift, step),
	LATERAL (SELECT replace(replace(replace(call, 'SEEDS', format('ARRAY(SELECT %s || i * %s + %s FROM unnest(ARRAY[0, 3, 7, 35, 50, 99]) i)',
			CASE prefix WHEN '' THEN '''''' ELSE prefix END, factor, shift)),
		'STOPS', format('ARRAY(SELECT %s || i * %s + %s FROM unnest(ARRAY[4, 9, 33]) i)', CASE prefix WHEN '' THEN '''''' ELSE prefix END, factor, shift)),
		'CLAIMS', quote_literal(format('SELECT ''c'' || i AS claim, txn_id, 1 AS amount FROM (SELECT row_number() OVER (ORDER BY paid_at, txn_id) i, * FROM %s WHERE amount > 1) x WHERE i %% 97 = 3', source))) AS c) t
 WHERE source = 'fp_a' OR (call NOT LIKE 'find_structuring%' AND length(call) % 3 = 1);

-- calls within calls, and two open at once, each with joined groups of its own
SELECT is((SELECT count(*) FROM risk_screen.trace_funds('graph:fp_a', '{acct 3}') a, LATERAL risk_screen.trace_funds('graph:fp_a', ARRAY[a.payee], max_hops => 1) b),
	(SELECT count(*) FROM risk_screen.trace_funds('fp_a', '{acct 3}') a, LATERAL risk_screen.trace_funds('fp_a', ARRAY[a.payee], max_hops => 1) b), 'calls within a call');
SELECT is(risk_screen.refresh_flow_graph('fp_a'), 'unchanged', 'nothing new, nothing merged');

-- merging: by itself when the later parts have grown, and on request
CREATE TABLE fp_m (txn_id bigint, payer text, payee text, amount bigint, paid_at timestamptz);
CREATE FUNCTION pg_temp.grow(first int, count int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO fp_m SELECT i, 'p' || i % 23, 'q' || i % 31, i, timestamptz '2026-01-01' + i * interval '1 minute' FROM generate_series(first, first + count - 1) i $$;
CREATE FUNCTION pg_temp.parts() RETURNS text LANGUAGE sql AS $$
	SELECT parts || ' of ' || rows || ', ' || (SELECT cardinality(files) FROM risk_screen._graph_file WHERE name = 'fp_m') FROM risk_screen.flow_graph WHERE name = 'fp_m' $$;
SELECT pg_temp.grow(1, 64) IS NULL AS ignored \gset
SELECT risk_screen.create_flow_graph('fp_m', 'fp_m') AS ignored \gset
SELECT is((SELECT risk_screen.refresh_flow_graph('fp_m') FROM (SELECT pg_temp.grow(65 + i, 1)) g), 'appended', 'row ' || i) FROM generate_series(0, 62) i;
SELECT is(pg_temp.parts(), '7 of 127, 7', '63 single rows: parts of 64, 32, 16, 8, 4, 2, 1');
SELECT is((SELECT risk_screen.refresh_flow_graph('fp_m') FROM (SELECT pg_temp.grow(128, 1)) g), 'appended', 'one more');
SELECT is(pg_temp.parts(), '1 of 128, 1', 'merges them all');
SELECT is((SELECT risk_screen.refresh_flow_graph('fp_m') FROM (SELECT pg_temp.grow(129, 10)) g), 'appended', 'ten');
SELECT is((SELECT risk_screen.refresh_flow_graph('fp_m') FROM (SELECT pg_temp.grow(139, 5)) g), 'appended', 'five');
SELECT is(pg_temp.parts(), '3 of 143, 3', 'two parts more');
SELECT is((SELECT risk_screen.refresh_flow_graph('fp_m', max_parts => 2) FROM (SELECT pg_temp.grow(144, 1)) g), 'appended', 'at most two');
SELECT is(pg_temp.parts(), '2 of 144, 2', 'two');
SELECT is((SELECT risk_screen.refresh_flow_graph('fp_m', max_parts => 1) FROM (SELECT pg_temp.grow(145, 1)) g), 'appended', 'at most one');
SELECT is(pg_temp.parts(), '1 of 145, 1', 'one');
SELECT throws_ok($$SELECT risk_screen.refresh_flow_graph('fp_m', max_parts => 0)$$, '22023', NULL, 'no part');
SELECT throws_ok($$SELECT risk_screen.refresh_flow_graph('fp_m', max_parts => 17)$$, '22023', NULL, 'too many parts');
-- what was refused before is refused in whatever part it stands
SELECT is((SELECT risk_screen.refresh_flow_graph('fp_m') FROM (SELECT pg_temp.grow(146, 9)) g), 'appended', 'nine');
SELECT throws_ok($$INSERT INTO fp_m VALUES (150, 'a', 'b', 1, '2027-01-01'); SELECT risk_screen.refresh_flow_graph('fp_m')$$, '23505', NULL, 'a txn_id of a later part again');
SELECT throws_ok($$INSERT INTO fp_m VALUES (15, 'a', 'b', 1, '2027-01-01'); SELECT risk_screen.refresh_flow_graph('fp_m')$$, '23505', NULL, 'a txn_id of the first part again');
-- changes in any part are found
SELECT is((SELECT risk_screen.refresh_flow_graph('fp_m') FROM (SELECT pg_temp.grow(155, 2)) g), 'appended', 'two');
UPDATE fp_m SET amount = 0 WHERE txn_id = 150;
SELECT is(risk_screen.refresh_flow_graph('fp_m'), 'rebuilt', 'a changed row of the second part');
SELECT is(pg_temp.parts(), '1 of 156, 1', 'rebuilt as one part');
SELECT is((SELECT risk_screen.refresh_flow_graph('fp_m') FROM (SELECT pg_temp.grow(157, 20)) g), 'appended', 'twenty');
DELETE FROM fp_m WHERE txn_id = 3;
SELECT is(risk_screen.refresh_flow_graph('fp_m', closed_before => '2026-01-01 01:00'), 'unchanged', 'a closed row is not looked at');
UPDATE fp_m SET payer = 'p0' WHERE txn_id = 160;
SELECT is(risk_screen.refresh_flow_graph('fp_m', closed_before => '2026-01-01 01:00'), 'rebuilt', 'an open row of the second part is');
SELECT * FROM finish();
ROLLBACK;
