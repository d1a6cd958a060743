-- Ownership graphs: every identifier type, refresh, rights, names, settings, limits, transactions.
-- That every function answers as of the query is shown by test/t/ownership_graph.t.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = error;		-- skipped rows warn, on purpose

-- rows that the graph has and the query has not, or the other way round
CREATE FUNCTION pg_temp.differences(graph text, query text, columns text DEFAULT 'owner::text, owned::text, trim_scale(share::numeric)') RETURNS bigint
	LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format($q$
		WITH g AS MATERIALIZED (SELECT %3$s FROM risk_screen.ownership_graph_holdings(%1$L)),
			q AS MATERIALIZED (SELECT %3$s FROM (%2$s) s)
		SELECT count(*) FROM ((TABLE g EXCEPT ALL TABLE q) UNION ALL (TABLE q EXCEPT ALL TABLE g)) d$q$, graph, query, columns) INTO n;
	RETURN n;
END$$;
CREATE FUNCTION pg_temp.error_state(statement text) RETURNS text
	LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END$$;
CREATE FUNCTION pg_temp.message(statement text) RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE hint text;
	detail text;
BEGIN
	EXECUTE statement;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END$$;
CREATE FUNCTION pg_temp.stale(graph text) RETURNS boolean LANGUAGE sql AS $$SELECT stale FROM risk_screen.ownership_graph WHERE name = graph$$;

SELECT setseed(0.42);
CREATE TABLE og_t AS
SELECT i, (random() * 200)::int::bigint AS owner, (random() * 200)::int::bigint AS owned, round((random() / 4)::numeric, 3) AS share
  FROM generate_series(1, 1000) i ORDER BY random();

-- identifiers of every kind
CREATE TEMP TABLE og_kinds (what text, query text, compared text);
INSERT INTO og_kinds VALUES
	('bigint', 'og_t', 'SELECT * FROM og_t'),
	('int and bigint', 'SELECT owner::int, owned, share FROM og_t', 'SELECT * FROM og_t'),
	('smallint', 'SELECT owner::smallint, owned::smallint, share FROM og_t', 'SELECT * FROM og_t'),
	('negative', 'SELECT -owner * 3000000000 AS owner, -owned * 3000000000 AS owned, share FROM og_t', 'SELECT -owner * 3000000000 AS owner, -owned * 3000000000 AS owned, share FROM og_t'),
	('text', $$SELECT 'party ' || owner AS owner, 'party ' || owned AS owned, share FROM og_t$$, $$SELECT 'party ' || owner AS owner, 'party ' || owned AS owned, share FROM og_t$$),
	('varchar', 'SELECT owner::varchar(20), owned::varchar(20), share FROM og_t', 'SELECT * FROM og_t'),
	('numeric and bigint', 'SELECT owner + 0.00 AS owner, owned, share FROM og_t', 'SELECT * FROM og_t'),
	('empty text', $$SELECT CASE owner WHEN 3 THEN '' ELSE owner::text END AS owner, owned::text, share FROM og_t$$, $$SELECT CASE owner WHEN 3 THEN '' ELSE owner::text END AS owner, owned, share FROM og_t$$),
	('padded characters', 'SELECT owner::char(9), owned::char(5), share FROM og_t', 'SELECT * FROM og_t'),
	('long text', $$SELECT repeat('x', owner::int * 20) AS owner, repeat('x', owned::int * 20) AS owned, share FROM og_t$$, $$SELECT repeat('x', owner::int * 20) AS owner, repeat('x', owned::int * 20) AS owned, share FROM og_t$$),
	('uuid', 'SELECT md5(owner::text)::uuid AS owner, md5(owned::text)::uuid AS owned, share FROM og_t', 'SELECT md5(owner::text)::uuid AS owner, md5(owned::text)::uuid AS owned, share FROM og_t'),
	('numeric', 'SELECT owner * 1000000000000000000000.5 AS owner, owned * 1000000000000000000000.5 AS owned, share FROM og_t', 'SELECT trim_scale(owner * 1000000000000000000000.5) AS owner, trim_scale(owned * 1000000000000000000000.5) AS owned, share FROM og_t'),
	('date', $$SELECT date '2000-01-01' + owner::int AS owner, date '2000-01-01' + owned::int AS owned, share FROM og_t$$, $$SELECT date '2000-01-01' + owner::int AS owner, date '2000-01-01' + owned::int AS owned, share FROM og_t$$),
	('oid', 'SELECT owner::oid, owned::oid, share FROM og_t', 'SELECT * FROM og_t'),
	('binary shares', 'SELECT owner, owned, share::float8 FROM og_t', 'SELECT * FROM og_t'),
	('wide shares', 'SELECT owner, owned, share * 1e25 + 0.000001 AS share FROM og_t', 'SELECT owner, owned, share * 1e25 + 0.000001 AS share FROM og_t'),
	('growing digits', 'SELECT owner, owned, share / (10 ^ (i % 7))::numeric AS share FROM og_t', 'SELECT owner, owned, share / (10 ^ (i % 7))::numeric AS share FROM og_t');
SELECT is(risk_screen.create_ownership_graph('og_' || what, query), 1000::bigint, what || ': all rows are in') FROM og_kinds;
SELECT is(pg_temp.differences('og_' || what, compared), 0::bigint, what || ': the graph holds the rows of the query') FROM og_kinds;
SELECT is(risk_screen.refresh_ownership_graph(name), 'unchanged', 'refreshing ' || name || ' without a change') FROM risk_screen.ownership_graph ORDER BY name;
SELECT is(risk_screen.check_ownership_graph(name), 'sound', name || ' is sound') FROM risk_screen.ownership_graph ORDER BY name;
SELECT results_eq($$SELECT owner, owned FROM risk_screen.ownership_graph_holdings('og_bigint')$$,
	'SELECT owner::text, owned::text FROM og_t ORDER BY og_t.owned, og_t.owner', 'rows come in order of owned, then owner');
SELECT ok(bytes <= 1000 * 28 + parties * 16 + 20 * 4096, 'at most 28 bytes a row, and identifiers') FROM risk_screen.ownership_graph WHERE name = 'og_bigint';
SELECT is((rows, parties, complete, columns, state, stale, owner::text, readers)::text, (1000::bigint, (SELECT count(DISTINCT p) FROM og_t, unnest(ARRAY[owner, owned]) p),
	true, '{share}'::text[], 'ready', false, current_user::text, '{}'::regrole[])::text, 'what the view tells') FROM risk_screen.ownership_graph WHERE name = 'og_bigint';

-- the physical order of the rows does not matter: the same bytes
CREATE TABLE og_order (owner text, owned text, share numeric, votes numeric, kind text, valid_from date, valid_to date, known_from timestamptz);
INSERT INTO og_order SELECT 'p' || owner % 30, 'p' || owned % 30, CASE WHEN i % 7 > 0 THEN share % 3 END, CASE i % 3 WHEN 0 THEN share END, (ARRAY['control', 'concert', '股权', NULL])[1 + i % 4],
	CASE i % 5 WHEN 0 THEN date '2025-01-01' + i % 40 END, CASE i % 6 WHEN 0 THEN date '2026-01-01' + i % 40 END, CASE i % 8 WHEN 0 THEN timestamptz '2025-06-01' + i % 10 * interval '1 s' END FROM og_t;
INSERT INTO og_order SELECT * FROM og_order LIMIT 50;
SELECT risk_screen.create_ownership_graph('og_order', 'SELECT * FROM og_order');
CREATE TABLE og_sorted AS SELECT * FROM og_order ORDER BY md5(og_order::text);
ALTER TABLE og_order RENAME TO og_first;
ALTER TABLE og_sorted RENAME TO og_order;
SELECT is(risk_screen.refresh_ownership_graph('og_order'), 'unchanged', 'the same rows in another order are the same file');
SELECT is(pg_temp.differences('og_order', 'SELECT * FROM og_first', 'owner, owned, trim_scale(share), trim_scale(votes), kind, valid_from, valid_to, known_from'), 0::bigint, 'every column is kept');
SELECT is(columns, '{share,votes,kind,valid_from,valid_to,known_from}', 'and the view names them') FROM risk_screen.ownership_graph WHERE name = 'og_order';
SELECT risk_screen.create_ownership_graph('og_ranges', $$SELECT 'a' AS owner, 'b' AS owned, 0.1 AS share_min, 0.2 AS share_max, 0.3 AS votes$$);
SELECT is(columns, '{votes,share_min,share_max}'::text[], 'columns of ranges without a share') FROM risk_screen.ownership_graph WHERE name = 'og_ranges';
SELECT results_eq($$SELECT * FROM risk_screen.ownership_graph_holdings('og_ranges')$$,
	$$VALUES ('a'::text, 'b'::text, NULL::numeric, 0.3::numeric, 0.1::numeric, 0.2::numeric, NULL::text, NULL::date, NULL::date, NULL::timestamptz)$$, 'columns that the query has not are NULL');

-- of the same fact said twice the path tells as long as either says so, in whatever order they come
SELECT is((SELECT (valid_from, valid_to) FROM risk_screen.ownership_paths(q, 'b', 'a', as_of => '2025-06-01'))::text, '(2024-01-01,2027-01-01)', 'the period of a duplicate: ' || left(q, 60))
  FROM unnest(ARRAY[
	$$SELECT * FROM (VALUES ('a', 'b', 0.5, date '2024-01-01', date '2026-01-01'), ('a', 'b', 0.5, '2025-01-01', '2027-01-01')) v (owner, owned, share, valid_from, valid_to)$$,
	$$SELECT * FROM (VALUES ('a', 'b', 0.5, date '2025-01-01', date '2027-01-01'), ('a', 'b', 0.5, '2024-01-01', '2026-01-01')) v (owner, owned, share, valid_from, valid_to)$$]) q;

-- refresh
CREATE TABLE og_live AS SELECT 'a' || owner AS owner, 'a' || owned AS owned, share FROM og_t WHERE i <= 300;
CREATE VIEW og_view AS SELECT owner, owned, share FROM og_live WHERE share > 0;
SELECT risk_screen.create_ownership_graph('og_live', 'SELECT * FROM og_view');
CREATE FUNCTION pg_temp.refreshed(change text) RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE stale boolean;
	how text;
BEGIN
	EXECUTE change;
	SELECT g.stale INTO stale FROM risk_screen.ownership_graph g WHERE name = 'og_live';
	how := risk_screen.refresh_ownership_graph('og_live');
	RETURN concat_ws(' ', CASE WHEN stale THEN 'stale' ELSE 'fresh' END, how, pg_temp.differences('og_live', 'SELECT * FROM og_view'), CASE WHEN pg_temp.stale('og_live') THEN 'stale' END);
END$$;
SELECT is(pg_temp.refreshed('SELECT 1'), 'fresh unchanged 0', 'nothing was written');
SELECT is(pg_temp.refreshed($$INSERT INTO og_live VALUES ('new', 'a1', 0.25)$$), 'stale rebuilt 0', 'a row more');
SELECT is(pg_temp.refreshed($$UPDATE og_live SET share = 0.26 WHERE owner = 'new'$$), 'stale rebuilt 0', 'another share');
SELECT is(pg_temp.refreshed($$UPDATE og_live SET share = 0.260 WHERE owner = 'new'$$), 'stale unchanged 0', 'the same number, written differently');
SELECT is(pg_temp.refreshed($$UPDATE og_live SET owned = 'other' WHERE owner = 'new'$$), 'stale rebuilt 0', 'another company');
SELECT is(pg_temp.refreshed($$DELETE FROM og_live WHERE owner = 'new'$$), 'stale rebuilt 0', 'a row less');
SELECT is(pg_temp.refreshed($$INSERT INTO og_live SELECT * FROM og_live WHERE share > 0 LIMIT 1$$), 'stale rebuilt 0', 'a row once more');
SELECT is(pg_temp.refreshed($$CREATE OR REPLACE VIEW og_view AS SELECT owner, owned, share FROM og_live WHERE share > 0.1$$), 'stale rebuilt 0', 'the view has another definition');
SELECT is(pg_temp.refreshed('TRUNCATE og_live'), 'stale rebuilt 0', 'all rows gone');
SELECT is_empty($$SELECT * FROM risk_screen.look_through('graph:og_live')$$, 'an empty graph has no answer');
SELECT results_eq($$SELECT target, flags FROM risk_screen.look_through('graph:og_live', '{a1}')$$, $$VALUES ('a1'::text, '{UNKNOWN,NO_HOLDERS}'::text[])$$, 'but to who asks for a party');
SELECT is(pg_temp.refreshed($$INSERT INTO og_live SELECT 'a' || owner, 'a' || owned, share FROM og_t$$), 'stale rebuilt 0', 'and back');
ALTER TABLE og_live ADD COLUMN votes numeric DEFAULT 0.5;
SELECT is(pg_temp.refreshed($$CREATE OR REPLACE VIEW og_view AS SELECT owner, owned, share, votes FROM og_live$$), 'stale rebuilt 0', 'a column more');
SELECT is(columns, '{share,votes}'::text[], 'which is kept') FROM risk_screen.ownership_graph WHERE name = 'og_live';
SELECT is(pg_temp.refreshed($$INSERT INTO og_live VALUES (NULL, 'a1', 0.5) ON CONFLICT DO NOTHING; DELETE FROM og_live WHERE owner IS NULL$$), 'stale unchanged 0', 'written and taken back');
CREATE TABLE og_type AS SELECT 1 AS owner, 2 AS owned, 0.5 AS share;
SELECT risk_screen.create_ownership_graph('og_type', 'og_type');
ALTER TABLE og_type ALTER owner TYPE text, ALTER owned TYPE text;
INSERT INTO og_type VALUES ('x', '1', 0.5);
SELECT is(risk_screen.refresh_ownership_graph('og_type'), 'rebuilt', 'another type of identifiers');
SELECT set_eq($$SELECT party FROM risk_screen.look_through('graph:og_type', '{2}')$$, ARRAY['1', 'x', NULL], 'by which parties are found');
INSERT INTO og_live VALUES (NULL, 'a1', 0.5);
SELECT is(pg_temp.error_state($$SELECT risk_screen.refresh_ownership_graph('og_live')$$), '22004', 'a row without an owner');
SELECT is(pg_temp.differences('og_live', 'SELECT * FROM og_view WHERE owner IS NOT NULL'), 0::bigint, 'a failed refresh leaves the graph as it was');
DROP VIEW og_view;
SELECT is(pg_temp.error_state($$SELECT risk_screen.refresh_ownership_graph('og_live')$$), '42P01', 'the view is gone');
SELECT is((SELECT (state, stale)::text FROM risk_screen.ownership_graph WHERE name = 'og_live'), '(ready,t)', 'the graph is still there, and stale');
SELECT isnt_empty($$SELECT * FROM risk_screen.look_through('graph:og_live')$$, 'and answers');
SELECT risk_screen.create_ownership_graph('og_now', 'SELECT * FROM og_t WHERE now() IS NOT NULL');
SELECT is(pg_temp.stale('og_now'), NULL, 'a query with a function of the clock: only a refresh can tell');
SELECT is(risk_screen.refresh_ownership_graph('og_now'), 'unchanged', 'and does');

-- names
SELECT is(pg_temp.error_state($$SELECT risk_screen.create_ownership_graph('og_bigint', 'og_t')$$), '42710', 'a name that is taken');
SELECT is(pg_temp.error_state($$SELECT risk_screen.create_ownership_graph('', 'og_t')$$), '42602', 'an empty name');
SELECT is(pg_temp.error_state(format('SELECT risk_screen.create_ownership_graph(%L, %L)', repeat('x', 201), 'og_t')), '42602', 'a name of 201 bytes');
SELECT is(risk_screen.create_ownership_graph(name, 'og_t'), 1000::bigint, 'a name is any text: ' || name) FROM unnest(ARRAY['graph:graph:', '../../x', 'o''g"', '股权', ' ', repeat('x', 200), '%s']) name;
SELECT is((SELECT count(*) FROM risk_screen.look_through('graph:' || name)), (SELECT count(*) FROM risk_screen.look_through('og_t')), 'and is used: ' || name)
  FROM unnest(ARRAY['graph:graph:', '../../x', 'o''g"', '股权', ' ', repeat('x', 200), '%s']) name;
SELECT is(pg_temp.error_state(format('SELECT risk_screen.%s(%L)', f, 'nothing')), '42704', f || ' of a graph that does not exist')
  FROM unnest(ARRAY['refresh_ownership_graph', 'drop_ownership_graph', 'check_ownership_graph', 'ownership_graph_holdings']) f;
SELECT is(pg_temp.error_state(format('SELECT * FROM risk_screen.%s', call)), '42704', call) FROM unnest(ARRAY[$$look_through('graph:nothing')$$, $$controllers('graph:')$$,
	$$check_holdings('graph: og_bigint')$$, $$grant_ownership_graph('nothing', 'public')$$, $$revoke_ownership_graph('nothing', 'public')$$]) call;
SELECT is(pg_temp.error_state($$SELECT risk_screen.grant_ownership_graph('og_bigint', 'nobody of this name')$$), '42704', 'a role that does not exist');
SELECT is(risk_screen.create_ownership_graph(NULL, 'og_t'), NULL, 'NULL in, NULL out');

-- a graph of the other kind
CREATE TABLE og_flow AS SELECT i AS txn_id, i AS payer, i + 1 AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 10) i;
SELECT risk_screen.create_flow_graph('og_only flow', 'og_flow');
SELECT is(risk_screen.create_flow_graph('og_bigint', 'og_flow'), 10::bigint, 'a flow graph may have the name of an ownership graph');
SELECT is((SELECT count(*) FROM risk_screen.ownership_graph_holdings('og_bigint')), 1000::bigint, 'each is used where it belongs');
SELECT is((SELECT count(*) FROM risk_screen.flow_graph_transfers('og_bigint')), 10::bigint, 'each is used where it belongs');
SELECT is((SELECT count(*) FROM risk_screen.trace_funds('graph:og_bigint', '{1}')), (SELECT count(*) FROM risk_screen.trace_funds('og_flow', '{1}')), 'each is used where it belongs');
SELECT is(pg_temp.message($$SELECT * FROM risk_screen.look_through('graph:og_only flow')$$),
	'42704 | ownership graph "og_only flow" does not exist | There is a flow graph of that name: functions of transfers take it. | SELECT risk_screen.create_ownership_graph(...) makes one; the view risk_screen.ownership_graph lists them.',
	'a flow graph where holdings are asked for');
SELECT is(pg_temp.message($$SELECT * FROM risk_screen.trace_funds('graph:og_text', '{1}')$$),
	'42704 | flow graph "og_text" does not exist | There is an ownership graph of that name: functions of holdings take it. | SELECT risk_screen.create_flow_graph(...) makes one; the view risk_screen.flow_graph lists them.',
	'an ownership graph where transfers are asked for');
SELECT is(pg_temp.message($$SELECT risk_screen.drop_ownership_graph('og_only flow')$$),
	'42704 | ownership graph "og_only flow" does not exist | There is a flow graph of that name: functions of transfers take it. | SELECT risk_screen.create_ownership_graph(...) makes one; the view risk_screen.ownership_graph lists them.',
	'or in a function of ownership graphs');
SELECT lives_ok($$SELECT risk_screen.drop_flow_graph('og_bigint')$$, 'the flow graph goes');
SELECT is(risk_screen.check_ownership_graph('og_bigint'), 'sound', 'and leaves its namesake');

-- bad rows, bad arguments
SELECT is(pg_temp.error_state(format('SELECT risk_screen.create_ownership_graph(%L, %L)', 'bad', query)), state, what)
  FROM (VALUES
	($$SELECT 'a' AS owner, NULL::text AS owned, 0.5 AS share$$, '22004', 'NULL owned'),
	($$SELECT NULL::text AS owner, 'a' AS owned, 0.5 AS share$$, '22004', 'NULL owner'),
	($$SELECT 'a' AS owner, 'b' AS owned, 'NaN'::numeric AS share$$, '22003', 'NaN'),
	($$SELECT 'a' AS owner, 'b' AS owned, 'infinity'::float8 AS share$$, '22003', 'infinite'),
	($$SELECT 'a' AS owner, 'b' AS owned, repeat('9', 60)::numeric AS share$$, '22003', 'a number of 60 digits'),
	($$SELECT 'a' AS owner, 'b' AS owned$$, '42703', 'no share'),
	($$SELECT 'a' AS owner, 0.5 AS share$$, '42703', 'no owned'),
	('graph:og_bigint', '22023', 'a graph of a graph'),
	('graph:', '22023', 'a graph of a graph without a name'),
	('', '42601', 'no query'),
	('DELETE FROM og_t', '42601', 'not a SELECT'),
	('SELECT * FROM og_t; SELECT 1', '42601', 'two statements'),
	('no_such_table', '42P01', 'no such table'),
	($$SELECT repeat('x', 9000) AS owner, 'b' AS owned, 0.5 AS share$$, '54000', 'an identifier of 9000 bytes'),
	($$SELECT 1.5::float8 AS owner, 2::float8 AS owned, 0.5 AS share$$, '0A000', 'a type whose equal values may look different')
	) v (query, state, what);
CREATE COLLATION og_folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT is(pg_temp.message(format($$SELECT risk_screen.create_ownership_graph('bad', 'SELECT ''a'' COLLATE %s AS owner, ''A'' COLLATE %s AS owned, 0.5 AS share')$$, owner, owned)) LIKE
	'0A000 | a graph cannot identify by column "' || named || '" of type text | %', true, format('a collation under which different texts are equal: %s, %s', owner, owned))
  FROM (VALUES ('public.og_folding', '"C"', 'owner'), ('"C"', 'public.og_folding', 'owned'), ('public.og_folding', 'public.og_folding', 'owner')) v (owner, owned, named);
SELECT is(pg_temp.error_state($$SELECT risk_screen.create_ownership_graph('bad', 'og_t', 'maybe')$$), '22023', 'an unknown bad_rows');
SELECT is(risk_screen.create_ownership_graph('og_skip', $$SELECT CASE WHEN i > 2 THEN i END AS owner, i % 5 AS owned, CASE i WHEN 5 THEN 'NaN' ELSE 0.1 END::numeric AS share FROM generate_series(1, 20) i$$, 'skip'),
	17::bigint, 'rows that nobody could read are skipped when asked for');
SELECT is(risk_screen.refresh_ownership_graph('og_skip'), 'unchanged', 'by the refresh too');
SELECT is(risk_screen.create_ownership_graph('og_wrong', $$SELECT * FROM (VALUES ('a', 'b', 0.5), ('c', 'b', 1.5), ('d', 'b', -0.1)) v (owner, owned, share)$$), 3::bigint, 'rows that only some questions refuse are kept');
SELECT is(pg_temp.error_state($$SELECT * FROM risk_screen.look_through('graph:og_wrong')$$), '22003', 'a question refuses them');
SELECT is(pg_temp.message($$SELECT * FROM risk_screen.look_through('graph:og_wrong', '{b}')$$) LIKE '22003 | column "share" of ownership graph "og_wrong" is above 1 | In a row that says what c holds of b. | %', true, 'and says which');
SELECT results_eq($$SELECT target, party FROM risk_screen.look_through('graph:og_wrong', bad_rows => 'skip')$$, $$VALUES ('b'::text, 'a'::text), ('b', NULL)$$, 'or skips them');
SELECT set_eq($$SELECT * FROM risk_screen.check_holdings('graph:og_wrong')$$, $$SELECT * FROM risk_screen.check_holdings('SELECT * FROM (VALUES (''a'', ''b'', 0.5), (''c'', ''b'', 1.5), (''d'', ''b'', -0.1)) v (owner, owned, share)')$$, 'the check lists them');
CREATE TABLE og_ally AS SELECT * FROM (VALUES ('a', 't', 0.5, NULL), ('y', 't', NULL, 'concert'), ('z', 'y', 1.5, NULL)) v (owner, owned, share, kind);
SELECT risk_screen.create_ownership_graph('og_ally', 'og_ally');
SELECT is(pg_temp.error_state(format($$SELECT * FROM risk_screen.beneficial_owners(%L, 'SELECT ''z'' AS party', targets => '{%s}')$$, holdings, target)), '22003', 'a wrong row about who acts in concert: ' || holdings)
  FROM unnest(ARRAY['og_ally', 'graph:og_ally']) holdings, unnest('{t,y}'::text[]) target;
SELECT is((SELECT string_agg(concat_ws(' ', party, total), ', ' ORDER BY party) FROM risk_screen.look_through(holdings, '{t}')), 'a 0.5, 0.5', 'of whom nothing is held, no row is looked at: ' || holdings)
  FROM unnest(ARRAY['og_ally', 'graph:og_ally']) holdings;
SELECT is(risk_screen.create_ownership_graph('og_empty', 'SELECT * FROM og_t WHERE false'), 0::bigint, 'an empty graph');
SELECT is_empty($$SELECT * FROM risk_screen.ownership_graph_holdings('og_empty')$$, 'has no rows');
SELECT is(risk_screen.check_ownership_graph('og_empty') || ' ' || risk_screen.refresh_ownership_graph('og_empty'), 'sound unchanged', 'is sound, and refreshed');
SELECT is_empty(format('SELECT * FROM risk_screen.%s', call), 'answers: ' || call) FROM unnest(ARRAY[$$look_through('graph:og_empty', direction => 'holdings')$$, $$controllers('graph:og_empty')$$, $$control_groups('graph:og_empty')$$, $$check_holdings('graph:og_empty')$$]) call;

-- settings of the creation hold for the refresh
CREATE SCHEMA og_path;
CREATE TABLE og_path.og_t AS SELECT owner, owned, share, timestamp '2026-01-01 12:00' AS known_from FROM og_t LIMIT 10;
SET LOCAL search_path = og_path, public;
SET LOCAL risk_screen.time_zone = 'America/New_York';
SELECT is(risk_screen.create_ownership_graph('og_path', 'og_t'), 10::bigint, 'search_path of the creation');
SET LOCAL search_path = public;
SET LOCAL risk_screen.time_zone = 'Asia/Shanghai';
SELECT is(risk_screen.refresh_ownership_graph('og_path'), 'unchanged', 'search_path and time zone of the creation are used');
UPDATE og_path.og_t SET share = share + 0.0001;
SELECT is(risk_screen.refresh_ownership_graph('og_path'), 'rebuilt', 'when rows are read, too');
SELECT is((SELECT min(known_from) FROM risk_screen.ownership_graph_holdings('og_path')), timestamptz '2026-01-01 12:00-05', 'and the time zone');
CREATE TEMP TABLE og_t AS SELECT 1 AS owner, 2 AS owned, 0.5 AS share;
SELECT is(risk_screen.refresh_ownership_graph('og_bigint'), 'unchanged', 'a temporary table of the same name does not take its place');
CREATE TEMP TABLE og_temporary AS SELECT 1 AS owner, 2 AS owned, 0.5 AS share;
SELECT is(risk_screen.create_ownership_graph('og_shadowed', 'SELECT * FROM og_t'), 1000::bigint, 'nor when a graph is made, which a refresh would undo');
SELECT is(risk_screen.create_ownership_graph('og_temporary', 'og_temporary'), 1::bigint, 'a graph of a temporary table');
SELECT is(risk_screen.refresh_ownership_graph('og_temporary'), 'unchanged', 'is refreshed while that is there');
SET LOCAL search_path = not_pg_temp, public;
SELECT is(risk_screen.create_ownership_graph('og_shadowed, too', 'SELECT * FROM og_t'), 1000::bigint, 'nor in a path that looks as if it named it');
SET LOCAL search_path = pg_temp, public;
SELECT is(risk_screen.create_ownership_graph('og_named', 'SELECT * FROM og_t'), 1::bigint, 'it does where the path says so');
SET LOCAL search_path = '';
SELECT risk_screen.create_ownership_graph('og_no path', 'SELECT * FROM public.og_t');
SET LOCAL search_path = public;
SELECT is(risk_screen.refresh_ownership_graph('og_no path'), 'unchanged', 'an empty search_path');
DROP TABLE pg_temp.og_t;

-- memory, time, read-only, isolation
SET LOCAL risk_screen.max_memory = '4MB';
SELECT is(pg_temp.error_state($$SELECT risk_screen.create_ownership_graph('og_memory', 'SELECT i AS owner, -i AS owned, 1 AS share FROM generate_series(1, 400000) i')$$) IN ('53400', '54000'), true, 'too little memory: an error');
RESET risk_screen.max_memory;
SELECT is_empty($$SELECT * FROM risk_screen.ownership_graph WHERE name = 'og_memory'$$, 'that leaves nothing');
SELECT is(pg_temp.error_state($$SET LOCAL transaction_read_only = on; SELECT risk_screen.refresh_ownership_graph('og_bigint')$$), '25006', 'no refresh in a read-only transaction');
SELECT is(pg_temp.error_state($$SET LOCAL transaction_read_only = on; SELECT risk_screen.create_ownership_graph('og_read_only', 'og_t')$$), '25006', 'nor a creation');
SELECT is(pg_temp.error_state($$SET LOCAL transaction_read_only = on; SELECT * FROM risk_screen.look_through('graph:og_bigint')$$), NULL, 'but a question');

-- rights
CREATE ROLE og_owner;
CREATE ROLE og_reader;
CREATE ROLE og_member IN ROLE og_reader;
CREATE ROLE og_stranger;
GRANT SELECT ON og_t TO og_owner;
SET LOCAL ROLE og_owner;
SELECT is(risk_screen.create_ownership_graph('og_private', 'SELECT * FROM public.og_t WHERE i <= 100'), 100::bigint, 'no superuser needed');
SET LOCAL ROLE og_stranger;
SELECT is(pg_temp.error_state(format('SELECT * FROM risk_screen.%s', call)), '42501', 'a stranger may not: ' || call)
  FROM unnest(ARRAY[$$create_ownership_graph('og_not', 'public.og_t')$$, $$refresh_ownership_graph('og_private')$$, $$drop_ownership_graph('og_private')$$,
	$$grant_ownership_graph('og_private', 'og_stranger')$$, $$revoke_ownership_graph('og_private', 'public')$$, $$check_ownership_graph('og_private')$$,
	$$ownership_graph_holdings('og_private')$$, $$look_through('graph:og_private')$$, $$controllers('graph:og_private', targets => '{1}')$$,
	$$beneficial_owners('graph:og_private', 'SELECT 1::bigint AS party')$$, $$control_groups('graph:og_private')$$, $$related_parties('graph:og_private', '{1}')$$,
	$$ownership_paths('graph:og_private', '1', '2')$$, $$check_holdings('graph:og_private')$$, $$product_layers('graph:og_private', 'SELECT 1::bigint AS party')$$,
	$$product_violations('graph:og_private', 'SELECT 1::bigint AS party')$$, $$final_investors('graph:og_private', 'SELECT 1::bigint AS party')$$]) call;
SELECT is((SELECT owner::text FROM risk_screen.ownership_graph WHERE name = 'og_private'), 'og_owner', 'everybody sees that it is there');
SET LOCAL ROLE og_owner;
SELECT risk_screen.grant_ownership_graph('og_private', 'og_reader');
SET LOCAL ROLE og_member;
SELECT is((SELECT count(*) FROM risk_screen.ownership_graph_holdings('og_private')), 100::bigint, 'a reader, by membership, needs no right on the table');
SELECT isnt_empty($$SELECT * FROM risk_screen.look_through('graph:og_private')$$, 'and asks');
SELECT is(pg_temp.error_state($$SELECT risk_screen.refresh_ownership_graph('og_private')$$), '42501', 'but may not refresh');
SELECT is(pg_temp.error_state($$SELECT * FROM risk_screen.look_through('SELECT * FROM public.og_t')$$), '42501', 'nor read the table');
SET LOCAL ROLE og_owner;
SELECT risk_screen.revoke_ownership_graph('og_private', 'og_reader');
SET LOCAL ROLE og_reader;
SELECT is(pg_temp.error_state($$SELECT * FROM risk_screen.look_through('graph:og_private')$$), '42501', 'nor ask, once revoked, though the file is mapped');
SET LOCAL ROLE og_owner;
SELECT risk_screen.grant_ownership_graph('og_private', 'public');
SET LOCAL ROLE og_stranger;
SELECT is((SELECT count(*) FROM risk_screen.ownership_graph_holdings('og_private')), 100::bigint, 'granted to public');
RESET ROLE;
SELECT is(risk_screen.refresh_ownership_graph('og_private'), 'unchanged', 'a superuser refreshes it, as its owner');
REVOKE SELECT ON og_t FROM og_owner;
SELECT is(pg_temp.error_state($$SELECT risk_screen.refresh_ownership_graph('og_private')$$), '42501', 'a refresh uses the owner''s rights');
SELECT is((SELECT count(*) FROM risk_screen.ownership_graph_holdings('og_private')), 100::bigint, 'the graph is still there');

-- row-level security: the graph holds what its owner saw, and says so
CREATE TABLE og_rls AS SELECT * FROM og_t LIMIT 200;
ALTER TABLE og_rls ENABLE ROW LEVEL SECURITY;
CREATE POLICY half ON og_rls USING (i % 2 = 0);
GRANT SELECT ON og_rls TO og_owner;
SET LOCAL ROLE og_owner;
SELECT risk_screen.create_ownership_graph('og_rls', 'og_rls');
RESET ROLE;
SELECT is(pg_temp.differences('og_rls', 'SELECT * FROM og_rls WHERE i % 2 = 0'), 0::bigint, 'policies apply to the build');
SELECT is(complete, false, 'the view tells that rows may be missing') FROM risk_screen.ownership_graph WHERE name = 'og_rls';
SELECT is(risk_screen.refresh_ownership_graph('og_rls'), 'unchanged', 'refreshed by a superuser, it still holds what the owner sees');

-- savepoints
SAVEPOINT s;
UPDATE og_path.og_t SET share = share / 2;
SELECT is(risk_screen.refresh_ownership_graph('og_path'), 'rebuilt', 'refreshed in a subtransaction');
SELECT risk_screen.drop_ownership_graph('og_bigint');
SELECT risk_screen.grant_ownership_graph('og_text', 'public');
ROLLBACK TO s;
SELECT is(pg_temp.differences('og_path', 'SELECT * FROM og_path.og_t'), 0::bigint, 'rolled back to the graph before');
SELECT is((SELECT count(*) FROM risk_screen.ownership_graph_holdings('og_bigint')), 1000::bigint, 'a rolled back drop');
SELECT is(readers, '{}'::regrole[], 'a rolled back grant') FROM risk_screen.ownership_graph WHERE name = 'og_text';
SELECT risk_screen.drop_ownership_graph('og_bigint');
SELECT is(pg_temp.error_state($$SELECT * FROM risk_screen.look_through('graph:og_bigint')$$), '42704', 'a dropped graph is gone');
SELECT is(risk_screen.create_ownership_graph('og_bigint', 'SELECT * FROM og_t WHERE i < 10'), 9::bigint, 'its name is free');
SELECT is((SELECT count(*) FROM risk_screen.ownership_graph_holdings('og_bigint')), 9::bigint, 'and the new one is the one that is read');

-- a type of identifiers that is dropped, then made again
CREATE TYPE og_letter AS ENUM ('a', 'b');
CREATE TABLE og_lettered AS SELECT 'a'::og_letter AS owner, 'b'::og_letter AS owned, 0.5 AS share;
SELECT risk_screen.create_ownership_graph('og_lettered', 'og_lettered');
SELECT is((SELECT party FROM risk_screen.look_through('graph:og_lettered') WHERE party <> ''), 'a', 'identifiers of a type of one''s own');
ALTER TABLE og_lettered ALTER owner TYPE text, ALTER owned TYPE text;
DROP TYPE og_letter;
SELECT is((SELECT state FROM risk_screen.ownership_graph WHERE name = 'og_lettered'), 'damaged', 'without the type the file says nothing, and the view says that');
SELECT is(risk_screen.check_ownership_graph('og_lettered'), 'The type of its identifiers is not there any more.', 'as does the check');
SELECT is(risk_screen.refresh_ownership_graph('og_lettered'), 'rebuilt', 'a refresh mends it');
SELECT is((SELECT party FROM risk_screen.look_through('graph:og_lettered') WHERE party <> ''), 'a', 'and it answers');

-- of many tables
DO $$
BEGIN
	FOR i IN 1 .. 70 LOOP
		EXECUTE format('CREATE TABLE og_of_many_%s AS SELECT %s AS owner, 0 AS owned, 0.01 AS share', i, i);
	END LOOP;
	PERFORM risk_screen.create_ownership_graph('og_of many', (SELECT string_agg('TABLE og_of_many_' || i, ' UNION ALL ') FROM generate_series(1, 70) i));
END$$;
SELECT is(pg_temp.stale('og_of many'), false, 'what is read from seventy tables is not stale');
INSERT INTO og_of_many_70 VALUES (71, 0, 0.01);
SELECT is(pg_temp.stale('og_of many'), true, 'until one of them is written to');
SELECT is(risk_screen.refresh_ownership_graph('og_of many'), 'rebuilt', 'and refreshed');

-- many in one session: more than are kept mapped, and several at once in one statement
SELECT risk_screen.create_ownership_graph('og_many ' || n, format('SELECT 1 AS owner, i AS owned, 0.5 AS share FROM generate_series(2, %s) i', n + 2)) FROM generate_series(1, 10) n;
SELECT is(array_agg((SELECT count(*) FROM risk_screen.look_through('graph:og_many ' || n, '{1}', 'holdings')) ORDER BY n, k), array_agg((n + 1)::bigint ORDER BY n, k), 'ten graphs by turns')
  FROM generate_series(1, 10) n, generate_series(1, 3) k;

-- a question that fails lets go of the file; too little memory is an error of the question
SELECT is((SELECT count(*) FROM generate_series(1, 10) n, generate_series(1, 3) k
	WHERE pg_temp.error_state(format($$SELECT * FROM risk_screen.look_through('graph:og_many %s', direction => 'sideways')$$, n)) = '22023'
	AND pg_temp.error_state(format($$SELECT * FROM risk_screen.look_through('graph:og_many %s', ARRAY['x%s'])$$, n, k)) = '22P02'), 30::bigint, 'errors by the dozen');
SELECT risk_screen.create_ownership_graph('og_chain', 'SELECT i AS owner, i % 2000 + 1 AS owned, 0.9 AS share FROM generate_series(1, 2000) i');
SET LOCAL risk_screen.max_memory = '4MB';
SELECT is(pg_temp.error_state(format('SELECT count(*) FROM risk_screen.look_through(%L%s)', h, more)), '54000', 'a ring too large for the memory allowed: ' || h || more)
  FROM unnest(ARRAY['graph:og_chain', 'SELECT i AS owner, i % 2000 + 1 AS owned, 0.9 AS share FROM generate_series(1, 2000) i']) h, unnest(ARRAY['', ', ''{7}''', ', direction => ''holdings''']) more;
RESET risk_screen.max_memory;
SELECT is((SELECT count(*) FROM risk_screen.look_through('graph:og_chain', '{1}', max_layers => 5)),
	(SELECT count(*) FROM risk_screen.look_through('SELECT i AS owner, i % 2000 + 1 AS owned, 0.9 AS share FROM generate_series(1, 2000) i', '{1}', max_layers => 5)), 'and the next question is answered');

SELECT * FROM finish();
ROLLBACK;
