-- change_log: who changed rules, lists, parameters, overrides and reviews; report(): bad input.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
CREATE ROLE audit_editor;
CREATE ROLE audit_other;
GRANT INSERT, UPDATE, DELETE ON risk_screen.parameter, risk_screen.lexicon, risk_screen.term TO audit_editor;

SELECT is(count(*), 0::bigint, 'shipped rows are not changes') FROM risk_screen.change_log;
SET ROLE audit_editor;
INSERT INTO risk_screen.lexicon (lexicon) VALUES ('audited');
INSERT INTO risk_screen.term (lexicon, term) VALUES ('audited', '词');
UPDATE risk_screen.term SET category = 'x' WHERE lexicon = 'audited';
UPDATE risk_screen.term SET category = 'x' WHERE lexicon = 'audited';
DELETE FROM risk_screen.term WHERE lexicon = 'audited';
SELECT throws_ok('SELECT * FROM risk_screen.change_log', '42501', NULL, 'an editor cannot read the log');
SELECT throws_ok($$INSERT INTO risk_screen.change_log (changed_by, relation, operation) VALUES ('x', 'y', 'INSERT')$$, '42501', NULL, 'nor write it by hand');
SELECT is(has_function_privilege('risk_screen._log_change()', 'EXECUTE'), false, 'nor make triggers with the function that may');
RESET ROLE;
SELECT results_eq($$SELECT relation, operation, changed_by = session_user, acting_as, old_row ->> 'category', new_row ->> 'category'
	FROM risk_screen.change_log ORDER BY changed_at$$,
	$$VALUES ('risk_screen.lexicon', 'INSERT', true, 'audit_editor', NULL, NULL), ('risk_screen.term', 'INSERT', true, 'audit_editor', NULL, NULL),
		('risk_screen.term', 'UPDATE', true, 'audit_editor', NULL, 'x'), ('risk_screen.term', 'DELETE', true, 'audit_editor', 'x', NULL)$$,
	'every change with login, role, before and after; an update that changes nothing is none');
SELECT throws_ok('UPDATE risk_screen.change_log SET changed_by = ''x''', '55000', NULL, 'the log is never changed');
SELECT throws_ok('DELETE FROM risk_screen.change_log', '55000', NULL, 'never deleted from');
SELECT throws_ok('TRUNCATE risk_screen.change_log', '55000', NULL, 'never emptied');
SAVEPOINT undone;
INSERT INTO risk_screen.lexicon (lexicon) VALUES ('undone');
ROLLBACK TO undone;
SELECT is(count(*), 0::bigint, 'a change that is rolled back leaves nothing') FROM risk_screen.change_log WHERE new_row ->> 'lexicon' = 'undone';
SELECT is_empty($$SELECT relname FROM pg_extension, unnest(extconfig) AS c JOIN pg_class ON pg_class.oid = c
	 WHERE extname = 'risk_screen' AND relkind = 'r' AND relname NOT IN ('change_log', 'rule_history', '_graph')
	   AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c AND tgname = 'log_change')$$, 'every table that analysts fill is audited');

-- a desk
CALL risk_screen.create_workspace('audit_desk');
GRANT USAGE ON SCHEMA audit_desk TO audit_editor, audit_other;
GRANT SELECT, INSERT, UPDATE ON audit_desk.grade_override, audit_desk.finding_review TO audit_editor, audit_other;
SET ROLE audit_editor;
INSERT INTO audit_desk.grade_override (inst_id, level, valid_from, valid_to, reason) VALUES ('O1', 'red', '2026-01-01', '2026-02-01', '现场检查');
UPDATE audit_desk.grade_override SET valid_to = '2026-03-01';
SELECT throws_ok($$INSERT INTO audit_desk.change_log (changed_by, relation, operation) VALUES ('somebody else', 'grade_override', 'INSERT')$$, '42501', NULL, 'nobody writes the log by hand');
SELECT throws_ok($$CREATE TEMP TABLE t (x int); CREATE TRIGGER t AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION audit_desk.log_change()$$, '42501', NULL, 'nor through its trigger function');
INSERT INTO audit_desk.grade_override (inst_id, level, valid_from, valid_to, reason, author, known_at) VALUES ('O2', 'red', '2026-01-01', '2026-02-01', '现场检查', 'somebody else', '2001-01-01');
UPDATE audit_desk.grade_override SET author = 'nobody', known_at = '2001-01-01' WHERE inst_id = 'O1';
INSERT INTO audit_desk.finding_review (rule, finding_key, reviewer, decision, reason) VALUES ('C05', 'k', 'somebody else', 'rejected', '误报');
SELECT is_empty($$SELECT author FROM audit_desk.grade_override WHERE author <> session_user OR known_at <> now()
	UNION ALL SELECT reviewer FROM audit_desk.finding_review WHERE reviewer <> session_user$$, 'the author of a level, and its time, are not the writer''s to give');
RESET ROLE;
SELECT results_eq($$SELECT operation, changed_by = session_user, acting_as, old_row ->> 'valid_to', new_row ->> 'valid_to', changed_at > '2026-01-01'
	FROM audit_desk.change_log WHERE relation = 'grade_override' ORDER BY changed_at$$,
	$$VALUES ('INSERT', true, 'audit_editor', NULL, '2026-02-01', true), ('UPDATE', true, 'audit_editor', '2026-02-01', '2026-03-01', true),
		('INSERT', true, 'audit_editor', NULL, '2026-02-01', true)$$,
	'an override with its author; an update that was undone by the stamps is none');
TRUNCATE audit_desk.exemption;
SELECT is(count(*), 1::bigint, 'emptying a table is a change') FROM audit_desk.change_log WHERE operation = 'TRUNCATE' AND relation = 'exemption';
SELECT throws_ok('DELETE FROM audit_desk.change_log', '55000', NULL, 'the log of a desk is kept too');

-- a level and an exemption have an end and a reason
SELECT throws_ok($$INSERT INTO audit_desk.grade_override (inst_id, level, valid_from, valid_to, reason) VALUES ('X', 'green', '2026-11-01', 'infinity', 'x')$$, '23514', NULL, 'no override without an end');
SELECT throws_ok($$INSERT INTO audit_desk.grade_override (inst_id, level, valid_from, valid_to, reason) VALUES ('X', 'green', '2026-11-01', '2026-12-01', ' ')$$, '23514', NULL, 'nor without a reason');
SELECT throws_ok($$INSERT INTO audit_desk.exemption (inst_id, rule, valid_from, valid_to, reason) VALUES ('X', 'C05', '2026-11-01', 'infinity', 'x')$$, '23514', NULL, 'nor an exemption');

-- report: what is refused
SELECT throws_ok($$SELECT risk_screen.report('audit_desk')$$, 'P0002', 'desk "audit_desk" has no finished run', 'no run yet');
SELECT throws_ok($$SELECT risk_screen.report('audit_desk', '2026-01-01')$$, 'P0002', 'desk "audit_desk" has no finished run as of 2026-01-01', 'no run of that day');
SELECT throws_ok($$SELECT risk_screen.report('audit_desk', max_rows => 0)$$, '22023', NULL, 'a limit of none');
SELECT throws_ok($$SELECT risk_screen.report('no_such_desk')$$, NULL, NULL, 'no such desk');
SELECT is(risk_screen._md(E'a|b *c* <x> [d](e)\n f_g & `h`'), 'a\|b \*c\* &lt;x&gt; \[d\](e) f\_g &amp; \`h\`', 'names cannot carry markup into a report');
SELECT is(ARRAY[risk_screen._yuan(0), risk_screen._yuan(9999.999), risk_screen._yuan(123456), risk_screen._yuan(1.2e8), risk_screen._yuan(-5e9)],
	ARRAY['0元', '1万元', '12.35万元', '1.2亿元', '-50亿元'], 'amounts with their unit');
SELECT is(ARRAY[risk_screen._yuan('NaN'), risk_screen._yuan('-Infinity'), risk_screen._yuan(1e40), risk_screen._yuan(1e21 + 0.005), risk_screen._yuan(NULL)],
	ARRAY['NaN元', '-Infinity元', '1' || repeat('0', 40) || '元', '10,000,000,000,000亿元', NULL], 'and those that have none');
SELECT is_empty($$SELECT v FROM (SELECT (random() * 10 ^ (random() * 12))::numeric(20, 6) AS v FROM generate_series(1, 500)) AS x GROUP BY v
	HAVING risk_screen._yuan(v) IS DISTINCT FROM (risk_screen.flow_sankey('a', 'b', v, NULL::timestamptz) -> 'links' -> 0 ->> 'label')$$, 'a report and a picture write an amount alike');

SELECT * FROM finish();
ROLLBACK;
