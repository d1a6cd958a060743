-- flow_groups: connected groups of links.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = error;		-- skipped rows warn, on purpose

SELECT results_eq($$SELECT * FROM risk_screen.flow_groups('SELECT * FROM (VALUES (''x'', ''y''), (''b'', ''a''), (''c'', ''b''), (''y'', ''x''), (''z'', ''z'')) v(a, b)')$$,
	$$VALUES ('a', 1::bigint, 3::bigint), ('b', 1, 3), ('c', 1, 3), ('x', 2, 2), ('y', 2, 2), ('z', 3, 1)$$,
	'largest first, then by first member; duplicates and self-links');
SELECT is_empty($$SELECT * FROM risk_screen.flow_groups('SELECT 1 AS a, 2 AS b WHERE false')$$, 'no links');
SELECT throws_ok($$SELECT * FROM risk_screen.flow_groups('SELECT 1 AS a')$$, '42703', NULL, 'a missing column');
SELECT throws_ok($$SELECT * FROM risk_screen.flow_groups('SELECT 1 AS a, NULL::int AS b')$$, '22004', NULL, 'a null member');
SELECT results_eq($$SELECT member, size FROM risk_screen.flow_groups('SELECT 1 AS a, 10 AS b UNION ALL SELECT 3, NULL UNION ALL SELECT 10, 2', bad_rows => 'skip')$$,
	$$VALUES ('1', 3::bigint), ('2', 3), ('10', 3)$$, 'skipped rows; numbers in their own order');

-- against label propagation in SQL on a random graph
CREATE TABLE group_link AS SELECT (hashint4(i) & 2047) AS a, (hashint4(i + 100000) & 2047) AS b FROM generate_series(1, 900) i;
CREATE FUNCTION pg_temp.labels() RETURNS TABLE (member int, label int) LANGUAGE plpgsql AS $$
DECLARE changed int;
BEGIN
	CREATE TEMP TABLE l AS SELECT DISTINCT m, m AS label FROM (SELECT a AS m FROM group_link UNION SELECT b FROM group_link) x;
	LOOP
		UPDATE l SET label = s.label FROM (
			SELECT x.m, min(y.label) AS label FROM (SELECT a AS m, b AS o FROM group_link UNION ALL SELECT b, a FROM group_link) x
			  JOIN l y ON y.m = x.o GROUP BY x.m) s WHERE s.m = l.m AND s.label < l.label;
		GET DIAGNOSTICS changed = ROW_COUNT;
		EXIT WHEN changed = 0;
	END LOOP;
	RETURN QUERY SELECT m, l.label FROM l;
END $$;
CREATE TEMP TABLE want AS SELECT * FROM pg_temp.labels();
CREATE TEMP TABLE have AS SELECT * FROM risk_screen.flow_groups('group_link');
SELECT is((SELECT count(*) FROM have), (SELECT count(*) FROM want), 'every member once');
SELECT is_empty($$SELECT group_no FROM have JOIN want ON want.member::text = have.member GROUP BY group_no HAVING count(DISTINCT label) > 1$$, 'no group joins two');
SELECT is_empty($$SELECT label FROM have JOIN want ON want.member::text = have.member GROUP BY label HAVING count(DISTINCT group_no) > 1$$, 'no group is torn');
SELECT is_empty($$SELECT group_no FROM have GROUP BY group_no, size HAVING count(*) <> size$$, 'sizes are counts');
SELECT is_empty($$SELECT * FROM (SELECT size, lag(size) OVER (ORDER BY group_no) AS before FROM have) x WHERE size > before$$, 'largest first');
CREATE TABLE group_link_2 AS SELECT b AS a, a AS b FROM group_link ORDER BY hashint4(a * 7 + b);
SELECT results_eq($$SELECT * FROM risk_screen.flow_groups('group_link_2')$$, $$SELECT * FROM have$$, 'neither row order nor direction matters');

SET LOCAL risk_screen.max_memory = '1MB';
SELECT throws_ok($$SELECT * FROM risk_screen.flow_groups('SELECT i AS a, i + 1 AS b FROM generate_series(1, 200000) i')$$, '54000', NULL, 'max_memory');
SELECT * FROM finish();
ROLLBACK;
