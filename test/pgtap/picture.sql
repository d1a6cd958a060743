-- Pictures: what is drawn, folded, cut and refused; conservation, acyclicity, order.
BEGIN;
SELECT no_plan();

CREATE TABLE flow (source text, target text, amount numeric, at timestamptz);
INSERT INTO flow VALUES ('A', 'B', 123456.78, '2026-11-03'), ('A', 'B', 1, '2026-11-06'), ('B', 'C', 120000, '2026-11-04'), ('C', 'A', 99999999.99, '2026-11-05'),
	('C', 'C', 3, NULL), ('B', NULL, 3457.78, NULL);

-- labels
CREATE FUNCTION label(amount numeric, options jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS
	$$SELECT risk_screen.flow_sankey('a', 'b', amount, NULL::timestamptz, NULL, options)->'links'->0->>'label'$$;
SELECT results_eq($$SELECT label(v) FROM unnest(ARRAY[0, 0.004, 0.005, 9999.994, 9999.995, 10000, 12345.67, 99999949.99, 99999950, 123456789, 1234567890123.45]) v$$,
	ARRAY['0元', '0元', '0.01元', '9,999.99元', '1万元', '1万元', '1.23万元', '9,999.99万元', '1亿元', '1.23亿元', '12,345.68亿元'], 'yuan, 万元, 亿元, rounded half up');
SELECT is(label(0.333333, '{"unit": "share"}'), '33.33%', 'share');
SELECT is(label(1234.5, '{"unit": "USD"}'), '1,234.5 USD', 'another unit');
SELECT is(label(1234567.891, '{"language": "en"}'), 'CNY 1,234,567.89', 'English');
SET LOCAL risk_screen.time_zone = 'Asia/Shanghai';
SELECT is(risk_screen.flow_sankey('a', 'b', 1, '2026-01-01 20:00+00'::timestamptz)->'links'->0->>'first_on', '2026-01-02', 'the day in risk_screen.time_zone');
SET LOCAL TimeZone = 'America/New_York';
SELECT is(risk_screen.flow_sankey('a', 'b', 1, '2026-01-01 20:00+00'::timestamptz)->'links'->0->>'first_on', '2026-01-02', 'whatever the session''s');

-- merging, resting, cycles
SELECT results_eq($$SELECT l.* FROM (SELECT risk_screen.flow_sankey(source, target, amount, at) s FROM flow) x,
	jsonb_to_recordset(s->'links') l (source text, target text, value numeric, transfers int, returned boolean)$$,
	$$VALUES ('A', 'B', 123457.78, 2, false), ('B', 'C', 120000, 1, false), ('C', 'A（回流）', 99999999.99, 1, true), ('C', 'C（回流）', 3, 1, true)$$,
	'same pair: one edge; a cycle ends in a returned node; so does a self-transfer');
SELECT is((SELECT n->>'label' FROM (SELECT risk_screen.flow_sankey(source, target, amount, at) s FROM flow) x, jsonb_array_elements(s->'nodes') n WHERE n->>'id' = 'B'),
	E'B\n留存 3,457.78元', 'what has no target rests');
SELECT matches((SELECT risk_screen.flow_dot(source, target, amount, at) FROM flow), 'n3 -> n1 [^\n]*style=dashed', 'Graphviz: a cycle is dashed');
SELECT matches((SELECT risk_screen.flow_mermaid(source, target, amount, at) FROM flow), 'n3 -\.->\|"1亿元', 'Mermaid: a cycle is dotted');
SELECT is((SELECT risk_screen.flow_dot(source, target, amount, at) FROM flow WHERE false), NULL, 'no rows: NULL');
SELECT results_eq($$SELECT l->>'source', l->'edgeLabel'->>'formatter', l->'edgeLabel'->>'show', l->'tooltip'->>'formatter'
	FROM (SELECT risk_screen.flow_sankey_option('{"甲"<b>', t, m, d::timestamptz) o
		FROM (VALUES ('乙', 123456.5, '2026-11-03 09:00+08'), ('乙', 1, '2026-11-05 09:00+08'), ('丙', 2e8, NULL)) v (t, m, d)) x, jsonb_array_elements(o->'series'->0->'links') l$$,
	$$VALUES ('{"甲"<b>', '2亿元', NULL, '｛"甲"&lt;b&gt; → 丙<br>2亿元<br>200,000,000.0'),
		('{"甲"<b>', '12.35万元，2 笔 2026-11-03 至 2026-11-05', 'false', '｛"甲"&lt;b&gt; → 乙<br>12.35万元，2 笔 2026-11-03 至 2026-11-05<br>123,457.5')$$,
	'links of a chart say how much and when, on the line and under the pointer; no markup in a tooltip');
SELECT results_eq($$SELECT (l->>'value')::int >= 9, l->'edgeLabel'->>'show', count(*), bool_and(l->'edgeLabel'->>'formatter' = (l->>'value') || '元')
	FROM (SELECT risk_screen.flow_sankey_option('a', n::text, n, NULL::timestamptz) o FROM generate_series(1, 20) n) x, jsonb_array_elements(o->'series'->0->'links') l GROUP BY 1, 2 ORDER BY 1$$,
	$$VALUES (false, 'false', 8::bigint, true), (true, NULL, 12, true)$$, 'the twelve largest are written on the line, if not less than a sixth of the largest; all under the pointer');
SELECT is((SELECT risk_screen.flow_sankey_option(source, target, amount, at)->'series'->0->'links' FROM flow WHERE target IS NULL), '[]'::jsonb, 'only resting money: a node, no link');

-- escaping
SELECT ok(risk_screen.flow_dot(v, 'x', 1, NULL::timestamptz) LIKE E'%n1 [label="a\\\\\\\\b\\\\"c&amp;lt; <i>\\\\nd e",%', 'Graphviz: backslash, quote, entity, newline, tab')
	FROM (SELECT E'a\\b"c&lt; <i>\nd\te' AS v) x;
SELECT ok(risk_screen.flow_mermaid(v, 'x', 1, NULL::timestamptz) LIKE '%n1["a#92;b#34;c#38;lt#59; #60;i#62;<br/>d#124;e#35;"]%', 'Mermaid: entity codes')
	FROM (SELECT E'a\\b"c&lt; <i>\nd|e#' AS v) x;
SELECT is(risk_screen.flow_sankey(v, 'x', 1, NULL::timestamptz)->'nodes'->0->>'label', max(v), 'JSON: as it is') FROM (SELECT E'a\\b"c</script>\n{b}' AS v) x;
SELECT is(risk_screen.flow_sankey_option('{b}', 'x', 1, NULL::timestamptz)->'series'->0->'data'->0->'label'->>'formatter', '｛b｝', 'ECharts: no template in a name');

-- nodes and options
CREATE FUNCTION drawn(nodes jsonb, options jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$SELECT risk_screen.flow_dot(source, target, amount, at, nodes, options) FROM flow$$;
SELECT matches(drawn('{"A": {"name": "甲", "level": "red", "note": "主账户"}}'), 'label="【红】甲\\n主账户", shape=octagon', 'name, level, note');
SELECT matches(drawn('{"A": {"level": "unknown"}}', '{"language": "en"}'), 'label="\[unknown\] A", shape=box, style="filled,dashed"', 'a level without a name');
SELECT matches(drawn('{"A": {"name": "甲", "level": "orange", "incomplete": true}}'), 'label="【至少橙】甲", shape=hexagon', 'missing data could make it worse: at least orange');
SELECT matches(drawn('{"A": {"level": "orange", "incomplete": true}}', '{"language": "en"}'), 'label="\[at least orange\] A"', 'in English');
SELECT matches(drawn('{"A": {"level": "orange", "incomplete": false}}'), 'label="【橙】A"', 'a level that is certain is the bare level');
SELECT matches(drawn('{"A": {"level": "unknown", "incomplete": true}}'), 'label="【未知】A"', 'unknown says it already');
SELECT results_eq($$SELECT n->>'label', n->>'level', n->>'incomplete' FROM (SELECT risk_screen.flow_sankey(source, target, amount, at, '{"A": {"level": "orange", "incomplete": true}}', NULL) s FROM flow) x,
	jsonb_array_elements(s->'nodes') n WHERE n->>'id' IN ('A', 'C')$$, $$VALUES ('【至少橙】A', 'orange', 'true'), ('C', NULL, 'false'), ('A（回流）', 'orange', 'true'), ('C（回流）', NULL, 'false')$$, 'Sankey nodes carry it beside the level');
SELECT throws_ok($$SELECT drawn('{"A": {"level": "red", "incomplete": "yes"}}')$$, '22023', '"incomplete" in nodes must be true or false');
SELECT results_eq($$SELECT n->>'name' FROM (SELECT risk_screen.flow_sankey(source, target, amount, at, '{"A": "同名", "B": "同名"}', NULL) s FROM flow) x,
	jsonb_array_elements(s->'nodes') n WHERE n->>'returned' = 'false'$$, ARRAY['同名 (A)', '同名 (B)', 'C'], 'two parties of one name stay two');
SELECT throws_ok($$SELECT drawn('{"A": {"level": "purple"}}')$$, '22023', 'unknown level "purple" in nodes');
SELECT throws_ok($$SELECT drawn('{"A": 7}')$$, '22023', 'every member of nodes must be a name or an object');
SELECT throws_ok($$SELECT drawn('[]')$$, '22023', 'nodes must be a JSON object');
SELECT throws_ok($$SELECT drawn(NULL, '{"colour": 1}')$$, '22023', 'unknown picture option "colour"');
SELECT throws_ok(format($$SELECT drawn(NULL, '{"max_nodes": %s}')$$, v), '22023', NULL, 'max_nodes ' || v) FROM unnest(ARRAY['2', '501', '3.5', '1e9']::numeric[]) v;
SELECT throws_ok($$SELECT drawn(NULL, '{"roots": "A"}')$$, '22023', 'roots must be an array of strings');
SELECT throws_ok($$SELECT drawn(NULL, '{"language": "fr"}')$$, '22023', 'unknown language "fr"');
SELECT throws_ok($$SELECT risk_screen.flow_dot(source, target, amount, at, jsonb_build_object('A', amount::text), NULL) FROM flow$$, '22023', 'nodes must be the same for all rows of a group');
SELECT throws_ok($$SELECT risk_screen.flow_dot(NULL, target, amount, at) FROM flow$$, '22004', 'source of a picture must not be null');
SELECT throws_ok($$SELECT risk_screen.flow_dot(source, target, NULL, at) FROM flow$$, '22004', 'amount of a picture must not be null');
SELECT throws_ok($$SELECT risk_screen.flow_dot(source, target, -amount, at) FROM flow$$, '22023', 'amount of a picture is negative');
SELECT throws_ok($$SELECT risk_screen.flow_dot(source, target, 'NaN', at) FROM flow$$, '22003', 'amount is NaN or infinite');
SELECT throws_ok($$SELECT risk_screen.flow_dot('a', 'b', 5e37, at) FROM flow$$, '22003', NULL, 'a sum beyond 38 digits');

-- chains of holdings
SELECT results_eq($$SELECT l.* FROM (SELECT risk_screen.flow_sankey(p, s) s FROM (VALUES ('{Wu,B,T}'::text[], '{0.3,0.4}'::numeric[]), ('{Li,B,T}', '{0.7,0.4}'), (NULL, NULL)) v (p, s)) x,
	jsonb_to_recordset(s->'links') l (source text, target text, label text)$$,
	$$VALUES ('Li', 'B', '70%'), ('Wu', 'B', '30%'), ('B', 'T', '40%')$$, 'a holding in two chains is drawn once');
SELECT throws_ok($$SELECT risk_screen.flow_dot('{a,b}'::text[], '{1,2}'::numeric[])$$, '2202E', 'a chain of 2 parties needs 1 shares, not 2');
SELECT throws_ok($$SELECT risk_screen.flow_dot('{a,NULL}'::text[], '{1}'::numeric[])$$, '22004', 'party of a picture must not be null');

-- random flows: conservation, cap, acyclicity, layers, order
SELECT setseed(0.5);
CREATE TABLE many AS
	SELECT g, i, ('p' || floor(random() * random() * parties))::text AS source, CASE WHEN random() < 0.95 THEN 'p' || floor(random() * parties) END AS target,
		   round((random() * 10000)::numeric, (random() * 3)::int) AS amount, timestamptz '2026-01-01' + i * interval '1 hour' AS at
	  FROM (SELECT g, (3 + random() * 150)::int AS parties FROM generate_series(1, 60) g) x, generate_series(1, 200) i WHERE i <= parties * 3;
CREATE TABLE picture AS
	SELECT g, cap, risk_screen.flow_sankey(source, target, amount, at, NULL, jsonb_build_object('max_nodes', cap)) AS s
	  FROM many, unnest(ARRAY[3, 7, 40, 500]) cap GROUP BY g, cap;
SELECT is_empty($$SELECT g, cap FROM picture WHERE (SELECT count(*) FROM jsonb_array_elements(s->'nodes') n WHERE n->>'returned' = 'false') > cap$$, 'never more nodes than allowed');
SELECT is_empty($$SELECT g, cap FROM picture JOIN LATERAL (SELECT count(DISTINCT p) AS parties FROM many m, unnest(ARRAY[source, target]) p WHERE m.g = picture.g AND p IS NOT NULL) c ON true
	WHERE c.parties <> (SELECT sum(CASE WHEN (n->>'folded')::int > 0 THEN (n->>'folded')::int ELSE 1 END) FROM jsonb_array_elements(s->'nodes') n WHERE n->>'returned' = 'false')$$,
	'every party is drawn or counted in a group');
SELECT is_empty($$SELECT g FROM picture WHERE cap = 500 AND (
	(SELECT sum((l->>'value')::numeric) FROM jsonb_array_elements(s->'links') l) <> (SELECT sum(amount) FROM many m WHERE m.g = picture.g AND target IS NOT NULL)
	OR (SELECT sum((l->>'transfers')::int) FROM jsonb_array_elements(s->'links') l) <> (SELECT count(*) FROM many m WHERE m.g = picture.g AND target IS NOT NULL))$$,
	'nothing folded: links carry all the money');
SELECT is_empty($$SELECT g, cap FROM picture WHERE (SELECT sum((n->>'rested')::numeric) FROM jsonb_array_elements(s->'nodes') n) <> (SELECT coalesce(sum(amount) FILTER (WHERE target IS NULL), 0) FROM many m WHERE m.g = picture.g)$$,
	'what rests is conserved under every cap');
SELECT is_empty($$WITH inside AS (
		SELECT g, cap, s, (SELECT sum((l->>'value')::numeric) FROM jsonb_array_elements(s->'links') l) AS drawn,
			   (SELECT count(*) FROM jsonb_array_elements(s->'nodes') n WHERE (n->>'folded')::int > 0) AS groups FROM picture)
	SELECT g, cap FROM inside WHERE (groups > 0) <> (s->>'notes' LIKE '%合并为“其他”%')
		OR drawn > (SELECT sum(amount) FROM many m WHERE m.g = inside.g AND target IS NOT NULL)
		OR (drawn < (SELECT sum(amount) FROM many m WHERE m.g = inside.g AND target IS NOT NULL)) <> (s->>'notes' LIKE '%未画出%')$$,
	'what is folded or not drawn is said, and only then');
SELECT is_empty($$SELECT g, cap FROM picture WHERE EXISTS (
	WITH RECURSIVE l AS (SELECT l->>'source' AS a, l->>'target' AS b FROM jsonb_array_elements(s->'links') l),
		reach AS (SELECT a, b FROM l UNION SELECT reach.a, l.b FROM reach JOIN l ON l.a = reach.b)
	SELECT FROM reach WHERE a = b)$$, 'links have no cycle');
CREATE TABLE pair AS SELECT DISTINCT g, source, target FROM many WHERE target IS NOT NULL;
CREATE INDEX ON pair (g, source);
CREATE INDEX ON pair (g, target);
ANALYZE pair;
SELECT is_empty($$WITH RECURSIVE root AS (
		SELECT DISTINCT m.g, m.source AS p FROM many m WHERE NOT EXISTS (SELECT FROM pair o WHERE o.g = m.g AND o.target = m.source AND o.source <> m.source)),
	layer AS (SELECT g, p, 0 AS d FROM root UNION SELECT layer.g, m.target, d + 1 FROM layer JOIN pair m ON m.g = layer.g AND m.source = layer.p WHERE d < 12)
	SELECT g, n->>'id', n->>'depth' FROM picture, jsonb_array_elements(s->'nodes') n
	 WHERE cap = 500 AND (SELECT min(d) FROM layer WHERE layer.g = picture.g AND p = n->>'id') <> (n->>'depth')::int$$, 'layers are distances from those that only pay');
SELECT is_empty($$SELECT p.g, cap FROM picture p WHERE s <> (SELECT risk_screen.flow_sankey(source, target, amount, at, NULL, jsonb_build_object('max_nodes', p.cap))
	FROM (SELECT * FROM many m WHERE m.g = p.g ORDER BY md5(i::text)) x)$$, 'the order of the rows does not matter');
SELECT is((SELECT count(*) FROM (SELECT risk_screen.flow_sankey(source, target, amount, at, NULL, '{"max_nodes": 3, "roots": ["p1", "nobody"]}') s FROM many WHERE g = 1) x,
	jsonb_array_elements(s->'nodes') n WHERE n->>'id' = 'p1' AND n->>'depth' = '0' AND n->>'returned' = 'false'), 1::bigint, 'a root asked for is kept, at depth 0');
SET LOCAL risk_screen.max_memory = '1MB';
SELECT throws_ok($$SELECT risk_screen.flow_dot('a', i::text, 1, NULL::timestamptz) FROM generate_series(1, 100000) i$$, '54000', NULL, 'max_memory bounds a picture');
RESET risk_screen.max_memory;

-- names from a desk, with the caller's rights
SET client_min_messages = error;
CALL risk_screen.create_workspace('picture_desk');
CREATE TABLE org (id text, name text);
INSERT INTO org VALUES ('O1', '甲公司');
CALL risk_screen.map_role('picture_desk', 'institution', $$SELECT id AS inst_id, name, ARRAY['P2P'] AS lines FROM org$$);
CALL risk_screen.map_role('picture_desk', 'party', $$SELECT 'P1' AS party_id, '张三' AS name, 'person' AS kind$$);
CALL risk_screen.map_role('picture_desk', 'account', $$SELECT * FROM (VALUES ('A', 'O1', 'custody'), ('B', 'P1', 'client'), ('C', 'nobody', 'own')) v (account_id, owner_id, owner_kind)$$);
CALL risk_screen.screen('picture_desk', '2026-11-20');
SELECT is(risk_screen.flow_nodes('picture_desk'), jsonb_build_object('A', jsonb_build_object('name', '甲公司（存管）', 'note', 'A', 'level', (SELECT level FROM picture_desk.risk_board)),
	'B', '{"name": "张三", "note": "B", "level": null}'::jsonb, 'C', '{"name": null, "note": "C", "level": null}'::jsonb) - 'C', 'accounts by their owners');
SELECT is(risk_screen.flow_nodes('picture_desk', 'account', '{B}') - 'B', '{}'::jsonb, 'only those asked for');
SELECT is((SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(risk_screen.flow_nodes('picture_desk', 'party')) k), '{O1,P1}', 'parties and institutions');
SAVEPOINT certain;
UPDATE picture_desk.grade SET level_in_force = 'orange', level = 'unknown', possible = 'red';
SELECT is(risk_screen.flow_nodes('picture_desk', 'account', '{A}')->'A', '{"name": "甲公司（存管）", "note": "A", "level": "orange", "incomplete": true}'::jsonb, 'an account whose owner''s level missing data could make worse');
SELECT is(risk_screen.flow_nodes('picture_desk', 'party', '{O1}')->'O1', '{"name": "甲公司", "level": "orange", "incomplete": true}'::jsonb, 'and the owner');
SELECT matches(drawn(NULL, '{"workspace": "picture_desk"}'), 'label="【' || (SELECT level_zh FROM picture_desk.risk_board) || '】甲公司（存管）', 'a picture says of a level what the board says');
ROLLBACK TO certain;
SELECT matches(drawn(NULL, '{"workspace": "picture_desk"}'), 'label="张三\\nB', 'the option workspace names accounts');
SELECT matches(drawn('{"B": "李四"}', '{"workspace": "picture_desk"}'), 'label="李四', 'nodes win over the workspace');
SELECT throws_ok($$SELECT drawn(NULL, '{"workspace": "no_such_desk"}')$$, '3F000', 'workspace "no_such_desk" does not exist', 'a workspace that does not exist');
CREATE FUNCTION hint_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	EXECUTE statement;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN hint;
END $$;
SELECT matches(hint_of($$SELECT drawn(NULL, '{"workspace": "no_such_desk"}')$$), 'create_workspace', 'with the function to call');
SELECT throws_ok($$SELECT drawn(NULL, '{"workspace": "picture_desk", "kind": "tree"}')$$, '22023', 'unknown kind of node "tree"');
CREATE ROLE picture_reader;
GRANT SELECT ON flow TO picture_reader;
SET LOCAL ROLE picture_reader;
SELECT lives_ok($$SELECT risk_screen.flow_dot(source, target, amount, at) FROM flow$$, 'anybody may draw what they may read');
SELECT throws_ok($$SELECT risk_screen.flow_dot(source, target, amount, at, NULL, '{"workspace": "picture_desk"}') FROM flow$$, '42501', NULL, 'but not name it from a desk closed to them');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
