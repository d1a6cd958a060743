-- The desk: workspaces, mapping, runs, grades, alerts, views.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

-- Catalogue
SELECT is((SELECT count(*) FROM risk_screen.requirement), 321::bigint, 'every requirement of the plans is there');
SELECT is((SELECT count(*) FROM risk_screen.rule_catalogue WHERE builtin), 321::bigint, 'the catalogue has one line each');
SELECT is_empty($$SELECT code FROM risk_screen.rule_catalogue WHERE state NOT IN ('rule', 'indicator', 'candidate', 'record', 'out of scope', 'planned')$$, 'states are the six');
SELECT is_empty($$SELECT r.code FROM risk_screen.rule AS r CROSS JOIN unnest(r.needs || r.coverage) AS u CROSS JOIN string_to_table(rtrim(u, '?'), '|') AS n
	WHERE NOT CASE WHEN strpos(n, '.') = 0 THEN EXISTS (SELECT FROM risk_screen.role WHERE role = n) ELSE EXISTS (SELECT FROM risk_screen.role_column AS c WHERE c.role || '.' || c.name = n) END$$, 'rules need roles that exist');
SELECT is_empty($$SELECT r.code FROM risk_screen.rule AS r CROSS JOIN unnest(r.coverage) AS n WHERE NOT EXISTS (SELECT FROM risk_screen.role_column WHERE role = n AND name = 'inst_id')$$, 'coverage is counted by inst_id');
SELECT is_empty($$SELECT q.code FROM risk_screen.requirement AS q CROSS JOIN unnest(q.kept_in) AS k
	WHERE NOT EXISTS (SELECT FROM risk_screen.role WHERE role = k) AND NOT EXISTS (SELECT FROM risk_screen._desk_object WHERE name = k) AND to_regclass('risk_screen.' || k) IS NULL$$, 'records are kept in something that exists');
SELECT is_empty($$SELECT code FROM risk_screen.rule_catalogue WHERE state = 'record' AND note = ''$$, 'a record says where it is kept');
SELECT is_empty($$SELECT code FROM risk_screen.rule WHERE builtin AND (reason_zh = '' OR reason_en = '' OR title_zh = '' OR plan = '{}')$$, 'rules explain themselves in both languages and name their plan');
SELECT is_empty($$SELECT role FROM risk_screen.role AS r WHERE (SELECT name FROM risk_screen.role_column AS c WHERE c.role = r.role ORDER BY ordinal DESC LIMIT 1) <> 'known_from'$$, 'every role ends in known_from');

SELECT is_empty($$SELECT role FROM risk_screen.role JOIN pg_get_keywords() ON word = role WHERE catcode IN ('R', 'T')
	UNION ALL SELECT role || '.' || name FROM risk_screen.role_column JOIN pg_get_keywords() ON word = name WHERE catcode IN ('R', 'T')$$, 'no role or column needs quotes');

SELECT set_eq($$SELECT code, title_zh FROM risk_screen.code_label WHERE domain = 'level'$$,
	$$SELECT l::text, risk_screen.level_label(l) FROM unnest(enum_range(NULL::risk_screen.risk_level)) AS l$$, 'a level has one Chinese label');

-- Workspace
SELECT throws_ok($$CALL risk_screen.create_workspace('')$$, '22023', NULL, 'an empty name is refused');
SELECT throws_ok($$CALL risk_screen.create_workspace(NULL)$$, '22023', NULL, 'NULL is refused');
SELECT throws_ok($$CALL risk_screen.create_workspace('public')$$, '42939', NULL, 'a schema of everybody is refused');
SELECT throws_ok($$CALL risk_screen.create_workspace('pg_desk')$$, '42939', NULL, 'a system name is refused');
SELECT throws_ok($$CALL risk_screen.screen('nowhere', '2026-11-20')$$, '3F000', NULL, 'screening nothing is refused');
CALL risk_screen.create_workspace('d1');
SELECT lives_ok($$CALL risk_screen.create_workspace('d1')$$, 'a second call changes nothing');
CALL risk_screen.create_workspace('Odd "name"');
SELECT has_view('Odd "name"', 'txn', 'names are quoted');
SELECT is_empty($$SELECT r.role, c.name FROM risk_screen.role AS r JOIN risk_screen.role_column AS c USING (role)
	LEFT JOIN pg_attribute AS a ON a.attrelid = format('d1.%I', r.role)::regclass AND a.attname = c.name AND a.attnum = c.ordinal AND format_type(a.atttypid, NULL) = c.type WHERE a.attname IS NULL$$, 'role views have their columns, in order, of their types');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace = 'd1'::regnamespace AND c.relkind IN ('v', 'r') AND obj_description(c.oid, 'pg_class') IS NULL$$, 'every view and table has a comment');
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
	WHERE c.relnamespace = 'd1'::regnamespace AND c.relkind IN ('v', 'r') AND a.attnum > 0 AND NOT a.attisdropped AND col_description(a.attrelid, a.attnum) IS NULL$$, 'every column has a comment');
SELECT is_empty($$SELECT oid::regclass FROM pg_class WHERE relnamespace = 'd1'::regnamespace AND relkind = 'v' AND NOT coalesce(reloptions, '{}') @> '{security_invoker=true}'$$, 'views run with the reader''s rights');
SELECT throws_ok($$CREATE OR REPLACE VIEW d1.rating AS SELECT 1 AS inst_id$$, '42P16', NULL, 'PostgreSQL checks a mapping''s columns');
SELECT throws_ok($$CALL risk_screen.map_role('d1', 'nothing', 'SELECT 1')$$, '42704', NULL, 'an unknown role is named');
SELECT throws_ok($$CALL risk_screen.map_role('d1', 'txn', 'SELECT 1 AS txn_id')$$, '42703', NULL, 'missing columns are named');
SELECT throws_ok($$SELECT risk_screen.role_template('nothing')$$, '42704', NULL, 'no template for an unknown role');
SELECT ok(NOT risk_screen._role_mapped('d1', 'txn'), 'an empty role is not mapped');
CALL risk_screen.map_role('d1', 'txn', $$SELECT 7 AS txn_id, 'a' AS payer, 'b' AS payee, 1.5::float8 AS amount, date '2026-11-01' AS paid_at$$);
SELECT results_eq('SELECT txn_id, amount, currency FROM d1.txn', $$VALUES ('7', 1.5, NULL::text)$$, 'map_role takes columns by name and casts');
SELECT ok(risk_screen._role_mapped('d1', 'txn'), 'now it is mapped');
-- the screening and a trace from anywhere must read the same moment
CREATE DOMAIN filed_at AS timestamp;
CREATE TABLE zoneless AS SELECT 1 AS txn_id, 'a' AS payer, 'b' AS payee, 1 AS amount, timestamp '2026-11-01 09:00' AS paid_at;
CREATE FUNCTION pg_temp.moment(paid_at text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	moments text;
BEGIN
	CALL risk_screen.map_role('d1', 'txn', format('SELECT txn_id, payer, payee, amount, %s AS paid_at FROM zoneless;', paid_at));
	SET LOCAL TimeZone = 'America/New_York';
	SELECT to_char(t.paid_at AT TIME ZONE 'UTC', 'DD HH24:MI') INTO moments FROM d1.txn AS t;
	SET LOCAL TimeZone = 'Asia/Shanghai';
	RETURN moments || to_char((SELECT t.paid_at FROM d1.txn AS t) AT TIME ZONE 'UTC', ', DD HH24:MI');
END $$;
SELECT is(pg_temp.moment('paid_at'), '01 01:00, 01 01:00', 'a time without zone is read in risk_screen.time_zone, whatever the session''s; a last ; does no harm');
SELECT is(pg_temp.moment('paid_at::date'), '31 16:00, 31 16:00', 'a day begins there');
SELECT is(pg_temp.moment('paid_at::filed_at'), '01 01:00, 01 01:00', 'so does a domain');
SELECT is(pg_temp.moment('timestamptz ''2026-11-01 09:00+09'''), '01 00:00, 01 00:00', 'a moment stays');
SELECT is(pg_temp.moment('(paid_at::text)::timestamp'), '01 01:00, 01 01:00', 'what the notice about text advises');
CALL risk_screen.map_role('d1', 'txn', 'zoneless');
SELECT is((SELECT txn_id FROM d1.txn), '1', 'the name of a table is a query');
SELECT throws_ok($$CALL risk_screen.map_role('d1', 'txn', 'pg_catalog.pg_class')$$, '42703', 'query for role "txn" lacks required columns', 'and its columns are looked at');
SELECT throws_ok($$CALL risk_screen.map_role('d1', 'txn', NULL)$$, '22004');
SELECT lives_ok($$SELECT * FROM risk_screen.trace_funds('d1.txn', ARRAY['a'])$$, 'a role view is a transfers query as it is');

-- Shipped rows are read-only, own rows are not
SELECT throws_ok($$UPDATE risk_screen.rule SET severity = 'yellow' WHERE code = 'C16'$$, '55000', NULL, 'a shipped rule is read-only');
SELECT throws_ok($$DELETE FROM risk_screen.rule WHERE code = 'C16'$$, '55000', NULL, 'and stays');
SELECT throws_ok($$TRUNCATE risk_screen.rule$$, '55000', NULL, 'also against TRUNCATE');
SELECT throws_ok($$INSERT INTO risk_screen.rule (code, title_zh, title_en, body, builtin) VALUES ('x', 'x', 'x', 'SELECT 1', true)$$, '55000', NULL, 'nobody adds shipped rows');
SELECT throws_ok($$UPDATE risk_screen.requirement SET title_zh = ''$$, '55000', NULL, 'requirements are read-only');

-- A run on a small desk; own rules take the place of the shipped ones' effects
\ir ../fixtures/desk.sql
SELECT throws_ok($$CALL risk_screen.screen('desk', NULL)$$, '22023', NULL, 'as_of must be given');
SELECT throws_ok($$CALL risk_screen.screen('desk', '2026-11-20', since => '2026-11-21')$$, '22023', NULL, 'the window must not be empty');
SELECT throws_ok($$SELECT * FROM risk_screen.run_rule('desk', 'nothing', '2026-11-20')$$, '42704', NULL, 'an unknown rule is named');
CREATE TABLE filing.switch (inst text, level text, amount numeric, judged boolean DEFAULT true);
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, kind, candidate, body)
SELECT 'X-' || l, '测试' || l, 'test', l::risk_screen.risk_level, 'red line', false, format($$SELECT 'institution' AS subject_kind, inst AS subject_id,
	CASE WHEN judged THEN 1 END AS observed, 0 AS threshold, amount, $3 - interval '1 hour' AS occurred_at, '{"a":1}'::jsonb AS evidence FROM filing.switch WHERE level = %L$$, l)
  FROM unnest(ARRAY['red', 'orange', 'yellow']) AS l;
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, candidate, body) VALUES
	('X-maybe', '候选', 'candidate', 'red', true, $$SELECT 'institution' AS subject_kind, inst AS subject_id, 1 AS observed, NULL AS threshold, amount, NULL AS occurred_at, NULL AS evidence FROM filing.switch WHERE level = 'maybe'$$);
INSERT INTO filing.institution (inst_id, name, province, lines) VALUES ('R', '红', '上海', '{X}'), ('O', '橙', '上海', '{X}'), ('Y', '黄', '北京', '{X}'), ('G', '绿', '北京', '{X}'), ('U', '未知', '北京', '{X}'), ('M', '候选', '北京', '{X}');
INSERT INTO filing.switch VALUES ('R', 'red', 5), ('R', 'yellow', 1), ('O', 'orange', 3), ('Y', 'yellow', 2), ('M', 'maybe', 2), ('nowhere', 'red', 9);
INSERT INTO filing.switch VALUES ('U', 'yellow', 2, false);
-- a version under which nothing is required and any coverage will do: these desks file almost nothing
SELECT risk_screen.copy_ruleset('institution', 1, 'small', 1);
UPDATE risk_screen.ruleset SET min_coverage = 0 WHERE ruleset = 'small';
UPDATE risk_screen.ruleset_rule SET required = false WHERE ruleset = 'small';
INSERT INTO risk_screen.ruleset_activation (ruleset, version, active_from, known_from, content_hash) VALUES ('small', 1, '-infinity', '-infinity', risk_screen.ruleset_hash('small', 1));
CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08', ruleset => 'small');
SELECT results_eq('SELECT inst_id, level FROM desk.risk_board ORDER BY inst_id', $$VALUES ('G', 'green'), ('M', 'orange'), ('O', 'orange'), ('R', 'red'), ('U', 'unknown'), ('Y', 'yellow')$$,
	'levels: worst severity; missing data is not green; an unconfirmed candidate counts one level lower');
SELECT is((SELECT level_zh || ' ' || hit_rules || ' ' || findings || ' ' || amount FROM desk.risk_board WHERE inst_id = 'R'), '红 2 2 6', 'the board counts and sums');
SELECT is((SELECT outcome || ': ' || message FROM desk.rule_timing WHERE rule = 'B12'), 'unknown: roles without rows: txn', 'a rule without data is unknown and says why');
SELECT is((SELECT count(*) FROM desk.rule_timing WHERE outcome = 'error'), 0::bigint, 'no rule fails');
SELECT is((SELECT count(*) FROM desk.finding WHERE inst_id = 'nowhere'), 1::bigint, 'a finding about an unknown institution is kept');
SELECT results_eq('SELECT inst_id, rule, level, state::text FROM desk.alert ORDER BY 1, 2', $$VALUES ('M', 'X-maybe', 'orange'::risk_screen.risk_level, 'open'), ('O', 'X-orange', 'orange', 'open'),
	('R', 'X-red', 'red', 'open'), ('R', 'X-yellow', 'yellow', 'inhibited'), ('Y', 'X-yellow', 'yellow', 'open')$$, 'one alert per institution and rule; red inhibits yellow of the same firm');
SELECT results_eq($$SELECT inst_id, requirement, target, due_at FROM desk.alert_deadline JOIN desk.alert USING (alert_id) WHERE state = 'open' AND inst_id <> 'M' ORDER BY 1, 2, 3$$,
	$$VALUES ('O', 'A08', 'executive', timestamptz '2026-11-22 08:00+08'), ('O', 'A08', 'regulator', '2026-11-22 08:00+08'), ('R', 'A05', 'supervisor', '2026-11-21 09:00+08'), ('R', 'A06', '', '2026-11-21 08:00+08'),
	('Y', 'A09', 'association', NULL), ('Y', 'A10', '', NULL)$$, 'deadlines: 1 hour, at once, 24 hours; ten working days wait for the publication');
SELECT is((SELECT kind || ' ' || state FROM desk.case_file WHERE inst_id = 'R'), 'emergency opened', 'A06: the emergency case is opened in the same transaction');
SELECT is((SELECT kind FROM desk.alert_action JOIN desk.alert USING (alert_id) WHERE inst_id = 'R'), 'open_case', 'and recorded');

-- Repeating a run changes nothing
CREATE TEMP TABLE before AS SELECT 'run' AS t, to_jsonb(x) - '{started_at,finished_at}'::text[] AS j FROM desk.run AS x UNION ALL SELECT 'outcome', to_jsonb(x) - 'elapsed_ms' FROM desk.rule_outcome AS x UNION ALL SELECT 'finding', to_jsonb(x) FROM desk.finding AS x
	UNION ALL SELECT 'value', to_jsonb(x) FROM desk.indicator_value AS x UNION ALL SELECT 'grade', to_jsonb(x) FROM desk.grade AS x UNION ALL SELECT 'alert', to_jsonb(x) FROM desk.alert AS x UNION ALL SELECT 'deadline', to_jsonb(x) FROM desk.alert_deadline AS x
	UNION ALL SELECT 'action', to_jsonb(x) FROM desk.alert_action AS x UNION ALL SELECT 'case', to_jsonb(x) FROM desk.case_file AS x;
CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 09:30+08', ruleset => 'small');
SELECT results_eq('SELECT t, j::text FROM before ORDER BY 1, 2', $$SELECT t, j::text FROM (SELECT 'run' AS t, to_jsonb(x) - '{started_at,finished_at}'::text[] AS j FROM desk.run AS x UNION ALL SELECT 'outcome', to_jsonb(x) - 'elapsed_ms' FROM desk.rule_outcome AS x UNION ALL SELECT 'finding', to_jsonb(x) FROM desk.finding AS x
	UNION ALL SELECT 'value', to_jsonb(x) FROM desk.indicator_value AS x UNION ALL SELECT 'grade', to_jsonb(x) FROM desk.grade AS x UNION ALL SELECT 'alert', to_jsonb(x) FROM desk.alert AS x UNION ALL SELECT 'deadline', to_jsonb(x) FROM desk.alert_deadline AS x
	UNION ALL SELECT 'action', to_jsonb(x) FROM desk.alert_action AS x UNION ALL SELECT 'case', to_jsonb(x) FROM desk.case_file AS x) AS y ORDER BY 1, 2$$, 'a repeated run gives the same rows, and doubles no alert, action or case');

-- What a repeated run no longer finds is withdrawn, and restored when found again
DELETE FROM filing.switch WHERE inst = 'Y';
CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 10:00+08', ruleset => 'small');
SELECT is((SELECT state FROM desk.alert WHERE inst_id = 'Y'), 'withdrawn', 'an alert of corrected data is withdrawn');
INSERT INTO filing.switch VALUES ('Y', 'yellow', 2);
CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 10:30+08', ruleset => 'small');
SELECT results_eq($$SELECT state, reopened, raised_at FROM desk.alert WHERE inst_id = 'Y'$$, $$VALUES ('open', 0, timestamptz '2026-11-21 10:30+08')$$, 'and comes back');

-- Next day: open alerts absorb the hit
CALL risk_screen.screen('desk', '2026-11-21', at => '2026-11-22 08:00+08', ruleset => 'small');
SELECT is((SELECT count(*) FROM desk.alert), 5::bigint, 'the next day doubles nothing');
SELECT is((SELECT first_as_of || ' ' || last_as_of || ' ' || raised_at FROM desk.alert WHERE rule = 'X-red'), '2026-11-20 2026-11-21 2026-11-21 00:00:00+00', 'deadlines still count from the first day');
SELECT results_eq('SELECT from_level, to_level, institutions FROM desk.migration ORDER BY 1, 2', $$VALUES ('green', 'green', 1::bigint), ('orange', 'orange', 2), ('red', 'red', 1), ('unknown', 'unknown', 1), ('yellow', 'yellow', 1)$$, 'migration between runs');
SELECT is((SELECT change FROM desk.risk_board WHERE inst_id = 'R'), 'same', 'no change');
SELECT is((SELECT inst_id FROM desk.inspection_queue WHERE place = 1), 'R', 'red first in the inspection queue');

-- Deadlines and actions
CREATE FUNCTION filing.alert(inst text, rule text) RETURNS bigint LANGUAGE sql AS 'SELECT max(alert_id) FROM desk.alert AS a WHERE a.inst_id = inst AND a.rule = alert.rule';
SELECT is((SELECT string_agg(requirement || ' ' || target, ', ' ORDER BY requirement, target) FROM desk.overdue_action WHERE inst_id = 'R'), 'A05 supervisor', 'the push of the red alert is overdue by the clock');
SELECT throws_ok($$CALL risk_screen.record_action('desk', -1, 'push')$$, 'P0002', NULL, 'an unknown alert is refused');
SELECT throws_ok($$CALL risk_screen.review_alert('desk', 1, 'maybe', 'x')$$, '22023', NULL, 'an unknown decision is refused');
SELECT throws_ok($$INSERT INTO desk.case_file (inst_id) VALUES ('O')$$, '55000', NULL, 'A11: no disposal before a review');
CALL risk_screen.record_action('desk', filing.alert('R', 'X-red'), 'push', 'supervisor', at => '2026-11-21 09:00+08');
CALL risk_screen.review_alert('desk', filing.alert('O', 'X-orange'), 'confirmed', '现场核实', at => '2026-11-22 09:00+08');
CALL risk_screen.record_action('desk', filing.alert('Y', 'X-yellow'), 'publish', 'association', at => '2026-09-30 12:00+08');
SELECT is((SELECT count(*) FROM desk.overdue_action WHERE inst_id = 'R'), 0::bigint, 'pushed within the hour: nothing overdue');
SELECT lives_ok($$INSERT INTO desk.case_file (inst_id, class) VALUES ('O', 'rectify')$$, 'after the review disposal may start');
SELECT is((SELECT due_at FROM desk.alert_deadline JOIN desk.alert USING (alert_id) WHERE inst_id = 'Y' AND requirement = 'A10'), risk_screen.level_due('yellow', '2026-09-30 12:00+08'), 'A10: ten working days from the publication, over the National Day holidays');
SELECT alike(risk_screen.risk_letter('desk', filing.alert('O', 'X-orange')), '%风险提示函%橙（O）%测试orange%观测值 1%', 'A07: the letter names firm, rule and values');

-- Closing, releasing, re-opening, false positives
CALL risk_screen.close_alert('desk', filing.alert('R', 'X-red'), '已整改', at => '2026-11-22 10:00+08');
SELECT is((SELECT state FROM desk.alert WHERE inst_id = 'R' AND rule = 'X-yellow'), 'open', 'closing the red alert releases the yellow one');
CALL risk_screen.review_alert('desk', filing.alert('O', 'X-orange'), 'false_positive', '误报', at => '2026-11-22 11:00+08');
CALL risk_screen.screen('desk', '2026-11-22', at => '2026-11-23 08:00+08', ruleset => 'small');
SELECT results_eq($$SELECT rule, state, reopened FROM desk.alert WHERE rule IN ('X-red', 'X-orange') ORDER BY rule$$, $$VALUES ('X-orange', 'closed', 0), ('X-red', 'open', 1)$$, 'a closed alert is re-opened, a false positive sleeps');
SELECT is((SELECT state FROM desk.alert WHERE inst_id = 'R' AND rule = 'X-yellow'), 'inhibited', 'and the red one inhibits again');
CALL risk_screen.screen('desk', '2026-12-25', at => '2026-12-26 08:00+08', ruleset => 'small');
SELECT is((SELECT count(*) FROM desk.alert WHERE rule = 'X-orange'), 2::bigint, 'a month later it is a new alert');

-- A review of a candidate
INSERT INTO desk.finding_review (rule, finding_key, decision, reason) SELECT rule, finding_key, 'confirmed', 'traced' FROM desk.finding_list WHERE inst_id = 'M';
CALL risk_screen.screen('desk', '2026-12-25', at => '2026-12-26 09:00+08', ruleset => 'small');
SELECT is((SELECT level || ' ' || (SELECT level FROM desk.alert WHERE inst_id = 'M') FROM desk.risk_board WHERE inst_id = 'M'), 'red red', 'a confirmed candidate counts in full and raises its alert');
UPDATE desk.finding_review SET decision = 'rejected';
CALL risk_screen.screen('desk', '2026-12-25', at => '2026-12-26 10:00+08', ruleset => 'small');
SELECT is((SELECT measured_level FROM desk.risk_board WHERE inst_id = 'M'), 'green', 'a rejected one does not count');

-- Levels rise at once and fall after the hold
DELETE FROM filing.switch;
CALL risk_screen.screen('desk', '2026-12-26', at => '2026-12-27 08:00+08', ruleset => 'small');
SELECT is((SELECT level || ' ' || measured_level FROM desk.risk_board WHERE inst_id = 'R'), 'red green', 'a lower level waits');
CALL risk_screen.screen('desk', '2027-01-25', at => '2027-01-26 08:00+08', ruleset => 'small');
SELECT is((SELECT level || ' ' || change FROM desk.risk_board WHERE inst_id = 'R'), 'green down', 'until it has held for thirty days');

-- Replays
SELECT is((SELECT count(*) FROM desk.alert WHERE state = 'open' AND inst_id = 'O'), 1::bigint, 'an alert stays open until a person closes it');
CREATE TEMP TABLE alerts AS SELECT * FROM desk.alert;
INSERT INTO filing.switch VALUES ('G', 'red', 1);
CALL risk_screen.screen('desk', '2026-11-19', ruleset => 'small');
SELECT results_eq('SELECT * FROM desk.alert ORDER BY alert_id', 'SELECT * FROM alerts ORDER BY alert_id', 'an older day raises no alerts');
SELECT is((SELECT level FROM desk.grade_history WHERE as_of = '2026-11-19' AND inst_id = 'G'), 'red', 'but is graded');

-- known_at hides what was learned later, by role
INSERT INTO filing.institution (inst_id, name, lines, known_from) VALUES ('LATE', '迟', '{X}', '2026-11-25');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner, known_from) SELECT 'k' || i, 'a', 'b', 1, '2026-11-18 10:00+08', 'k', CASE WHEN i = 50 THEN timestamptz '2026-11-25' ELSE '2026-11-19' END FROM generate_series(1, 50) AS i;
CALL risk_screen.screen('desk', '2026-11-20', known_at => '2026-11-22', ruleset => 'small');
SELECT is((SELECT count(*) FROM desk.finding JOIN desk.run USING (run_id) WHERE known_at = '2026-11-22' AND rule = 'B12'), 0::bigint, 'the fiftieth transfer was not known');
SELECT is((SELECT count(*) FROM desk.grade JOIN desk.run USING (run_id) WHERE known_at = '2026-11-22' AND inst_id = 'LATE'), 0::bigint, 'nor the institution');
SELECT is((SELECT count(*) FROM risk_screen.run_rule('desk', 'B12', '2026-11-20', known_at => '2026-11-26') WHERE hit), 1::bigint, 'a week later it was');
SELECT is((SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relname = 'txn'), 0::bigint, 'nothing temporary remains');
SELECT is((SELECT count(*) FROM desk.run WHERE as_of = '2026-11-20'), 2::bigint, 'a replay is a run of its own');

-- Overrides and exemptions
TRUNCATE filing.switch; INSERT INTO filing.switch VALUES ('R', 'red', 5), ('O', 'orange', 1), ('Y', 'yellow', 1);
INSERT INTO desk.grade_override (inst_id, level, valid_from, valid_to, reason) VALUES ('R', 'green', '2027-03-01', '2027-04-01', 'x'), ('G', 'orange', '2027-03-01', '2027-04-01', 'x');
INSERT INTO desk.exemption (inst_id, rule, valid_from, valid_to, reason) VALUES ('O', 'X-orange', '2027-03-01', '2027-03-02', '试点'), ('Y', 'X-yellow', '2027-02-01', '2027-03-01', '试点');
CALL risk_screen.screen('desk', '2027-03-01', at => '2027-03-02 08:00+08', ruleset => 'small');
SELECT results_eq($$SELECT inst_id, measured_level FROM desk.risk_board WHERE inst_id IN ('R', 'G', 'O', 'Y') ORDER BY 1$$, $$VALUES ('G', 'orange'), ('O', 'green'), ('R', 'red'), ('Y', 'yellow')$$,
	'an override raises but never goes below a red line; an exemption holds for its days only');
SELECT is((SELECT note_zh FROM desk.grade_explanation WHERE inst_id = 'G' AND status = 'override'), 'x (postgres)', 'the explanation names the override, its reason and its author');

-- A failing rule is recorded, the others run
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, body) VALUES ('X-bad', '坏', 'bad', 'red', $$SELECT 'institution' AS subject_kind, inst_id AS subject_id, 1 / 0 AS observed, 0 AS threshold, 0 AS amount, NULL AS occurred_at, NULL AS evidence FROM institution$$);
SET LOCAL client_min_messages = error;     -- the warning about it is expected
CALL risk_screen.screen('desk', '2027-03-02', at => '2027-03-03 08:00+08', ruleset => 'small');
SET LOCAL client_min_messages = warning;
SELECT is((SELECT outcome || ' ' || message FROM desk.rule_timing WHERE rule = 'X-bad'), 'error division by zero (SQLSTATE 22012)', 'the failure is recorded with its reason');
SELECT is((SELECT measured_level FROM desk.risk_board WHERE inst_id = 'M'), 'unknown', 'and nobody it should have judged is green');
SELECT is((SELECT outcome FROM desk.rule_timing WHERE rule = 'X-red'), 'hit', 'others ran');

-- Facts are hits and gaps only; the definition goes cell by cell
INSERT INTO filing.institution (inst_id, name, lines) VALUES ('E', '众筹', '{EC}'), ('P', '网贷', '{P2P}'), ('Q', '网贷二', '{P2P}'), ('PE', '两业', '{P2P,EC}'), ('N', '无', NULL);
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on) VALUES ('l1', 'P', 1, '2027-03-01');
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id) VALUES ('a1', 'P', 'own', 'P'), ('a2', 'E', 'own', 'E'), ('a3', 'PE', 'own', 'PE');
INSERT INTO filing.switch VALUES ('E', 'yellow', 2, false), ('PE', 'maybe', 1, true);
INSERT INTO desk.exemption (inst_id, rule, valid_from, valid_to, reason) VALUES ('Q', 'C05', '2027-03-01', '2027-04-01', 'x'), ('Q', 'X-yellow', '2027-03-01', '2027-04-01', 'x'), ('G', 'X-bad', '2027-03-03', '2027-03-04', 'x');
UPDATE risk_screen.rule SET lines = '{P2P}' WHERE code = 'X-red';       -- R is of another line
UPDATE risk_screen.rule SET lines = '{X}' WHERE code = 'X-bad';
SET LOCAL client_min_messages = error;
CALL risk_screen.screen('desk', '2027-03-03', at => '2027-03-04 08:00+08', ruleset => 'small');
SET LOCAL client_min_messages = warning;
CREATE FUNCTION pg_temp.level_of(points numeric) RETURNS risk_screen.risk_level LANGUAGE sql AS $$ SELECT (CASE WHEN points >= 80 THEN 'red' WHEN points >= 50 THEN 'orange' WHEN points >= 20 THEN 'yellow' ELSE 'green' END)::risk_screen.risk_level $$;
CREATE TEMP TABLE cell AS
	WITH i AS (SELECT inst_id, coalesce(lines, '{}') AS lines FROM filing.institution),
	o AS (SELECT * FROM desk.rule_outcome JOIN desk.run USING (run_id) WHERE as_of = '2027-03-03'),
	named AS (SELECT rule, lines, weight FROM risk_screen.ruleset_rule WHERE (ruleset, version) = ('small', 1)),
	r AS (SELECT coalesce(n.rule, o.rule) AS code, n.rule IS NOT NULL AS named, n.lines AS ruleset_lines, o.run_id, o.fact = 'value' AND n.rule IS NOT NULL AS by_value,
				 o.outcome, o.message, o.lines, o.coverage, o.severity, o.candidate, coalesce(n.weight, o.weight) AS weight
			FROM named AS n FULL JOIN o ON o.rule = n.rule WHERE n.rule IS NOT NULL OR o.severity IS NOT NULL)
	SELECT i.inst_id, r.code, r.weight, r.severity, r.candidate, r.named, f.n, CASE
		WHEN r.run_id IS NULL THEN 'gap'
		WHEN r.message IS NOT NULL AND r.outcome <> 'error' THEN 'unmapped'
		WHEN NOT r.by_value AND f.n > 0 THEN 'hit'
		WHEN r.outcome = 'error' THEN 'gap'
		WHEN (r.severity IS NOT NULL OR r.by_value) AND (EXISTS (SELECT FROM desk.indicator_value AS v WHERE v.run_id = r.run_id AND v.rule = r.code AND v.inst_id = i.inst_id AND v.status = 'unknown')
		  OR EXISTS (SELECT FROM unnest(r.coverage) AS c (role) WHERE NOT EXISTS (SELECT FROM desk.coverage AS x WHERE x.run_id = r.run_id AND x.role = c.role AND x.inst_id = i.inst_id))) THEN 'gap'
		WHEN r.by_value THEN 'outside'
		ELSE 'clear' END AS status
	  FROM i CROSS JOIN r
	 CROSS JOIN LATERAL (SELECT count(*) AS n FROM desk.finding AS f WHERE f.run_id = r.run_id AND f.rule = r.code AND f.inst_id = i.inst_id) AS f
	 WHERE (NOT coalesce(r.by_value, false) AND f.n > 0 OR (r.ruleset_lines IS NULL OR r.ruleset_lines && i.lines) AND (r.by_value OR r.run_id IS NULL OR r.lines && '{ALL,NAME,AD}' OR r.lines && i.lines))
	   AND NOT EXISTS (SELECT FROM desk.exemption AS e WHERE e.inst_id = i.inst_id AND e.rule = r.code AND '2027-03-03' >= e.valid_from AND '2027-03-03' < e.valid_to);
SELECT results_eq($$SELECT inst_id, coverage, score, computed, CASE computed WHEN 'unknown' THEN at_least ELSE computed END, possible, (SELECT array_agg(h ORDER BY h) FROM unnest(hit_rules) AS h), (SELECT array_agg(u ORDER BY u COLLATE "C") FROM unnest(unknown_rules) AS u),
		(SELECT array_agg(x ->> 'code' ORDER BY x ->> 'code') FROM jsonb_array_elements(reasons) AS x WHERE x ->> 'outcome' <> 'exempt' AND x ->> 'code' <> 'override')
	  FROM desk.grade JOIN desk.run USING (run_id) WHERE as_of = '2027-03-03' ORDER BY 1$$,
	$$SELECT inst_id, round(sum(weight) FILTER (WHERE status IN ('hit', 'clear')) / sum(weight), 4), sum(p.points),
		CASE WHEN greatest(max(p.floor), pg_temp.level_of(sum(p.points))) < greatest(max(p.worst_floor), pg_temp.level_of(sum(p.worst_points))) THEN 'unknown' ELSE greatest(max(p.floor), pg_temp.level_of(sum(p.points))) END,
		greatest(max(p.floor), pg_temp.level_of(sum(p.points))), greatest(max(p.worst_floor), pg_temp.level_of(sum(p.worst_points))),
		array_agg(code ORDER BY code) FILTER (WHERE status = 'hit'), array_agg(code ORDER BY code COLLATE "C") FILTER (WHERE status IN ('gap', 'unmapped')), array_agg(code ORDER BY code) FILTER (WHERE status IN ('hit', 'gap'))
	  FROM cell
	  LEFT JOIN LATERAL (SELECT max(b.floor) AS floor, max(b.points) AS points FROM risk_screen.ruleset_band AS b
						  WHERE (b.ruleset, b.version, b.rule) = ('small', 1, cell.code) AND (status = 'gap' OR b.span @> n::numeric)) AS b ON named AND status IN ('hit', 'gap')
	 CROSS JOIN LATERAL (SELECT CASE WHEN named THEN b.floor ELSE severity END AS full_floor, CASE WHEN named THEN b.points ELSE weight * CASE severity WHEN 'red' THEN 40 WHEN 'orange' THEN 20 ELSE 10 END END AS full_points) AS u
	 CROSS JOIN LATERAL (SELECT CASE WHEN status = 'hit' THEN full_points * CASE WHEN candidate THEN 0.5 ELSE 1 END ELSE 0 END AS points,
			CASE WHEN status = 'hit' THEN CASE WHEN NOT candidate THEN full_floor WHEN full_floor = 'red' THEN 'orange' ELSE 'yellow' END END::risk_screen.risk_level AS floor) AS q
	 CROSS JOIN LATERAL (SELECT coalesce(q.points, 0) AS points, q.floor, CASE WHEN status = 'gap' THEN full_points ELSE coalesce(q.points, 0) END AS worst_points, CASE WHEN status = 'gap' THEN full_floor ELSE q.floor END AS worst_floor) AS p
	 WHERE status <> 'outside'
	 GROUP BY 1 ORDER BY 1$$,
	'coverage, score, level, hits, unknown rules and reasons are those of the definition');
SELECT is((SELECT string_agg(DISTINCT status, ' ' ORDER BY status) FROM cell), 'clear gap hit unmapped', 'with every kind of cell');
SELECT ok((SELECT 'X-red' = ANY (hit_rules) FROM desk.grade JOIN desk.run USING (run_id) WHERE as_of = '2027-03-03' AND inst_id = 'R'), 'a hit counts although the rule is of another line');
SELECT is((SELECT string_agg(inst_id, ' ' ORDER BY inst_id) FROM desk.grade JOIN desk.run USING (run_id) WHERE as_of = '2027-03-03' AND 'C19' = ANY (unknown_rules)), 'P',
	'C19 waits for the purpose of the one platform''s loans, and for loans of nobody: a crowdfunding firm has none');
DELETE FROM risk_screen.rule WHERE code = 'X-bad';

-- Settings of the session come back
SET LOCAL TimeZone = 'America/New_York';
CALL risk_screen.screen('desk', '2027-03-02', ruleset => 'small');
SELECT is(current_setting('TimeZone') || current_setting('enable_nestloop') || (current_setting('application_name') ~ 'risk_screen')::text, 'America/New_Yorkonfalse', 'time zone, planner and application name are the session''s again');

SELECT * FROM finish();
ROLLBACK;
