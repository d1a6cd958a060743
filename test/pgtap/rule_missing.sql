-- Missing data, for every shipped rule at once: what it needs is not there, so
-- it says unknown, never clear; and on a desk without rows no rule fails.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT is_empty($$SELECT r.code, x.outcome FROM risk_screen.rule AS r CROSS JOIN LATERAL (
		SELECT string_agg(subject_kind || CASE WHEN hit THEN ' hit' WHEN observed IS NULL THEN '' ELSE ' measured' END || coalesce(' ' || (evidence ->> 'missing'), ''), ', ') AS outcome FROM risk_screen.run_rule('desk', r.code, '2026-11-20')) AS x
	WHERE r.builtin AND r.needs <> '{}' AND x.outcome NOT LIKE 'desk roles without rows: %'$$, 'mapped but empty: unknown');
CALL risk_screen.screen('desk', '2026-11-20');
SELECT is_empty($$SELECT rule, message FROM desk.rule_outcome WHERE outcome IN ('error', 'hit')$$, 'no rule fails or hits on a desk without rows');
SELECT is((SELECT string_agg(rule, ' ' ORDER BY rule) FROM desk.rule_outcome WHERE outcome = 'clear'), (SELECT string_agg(code, ' ' ORDER BY code) FROM risk_screen.rule WHERE builtin AND needs = '{}' AND code NOT IN ('B33', 'J01', 'M23')),
	'clear only what needs no filing: the desk''s own deadlines and what rests on findings');
-- a desk that maps nothing
CALL risk_screen.create_workspace('bare');
SELECT is_empty($$SELECT r.code, x.evidence FROM risk_screen.rule AS r CROSS JOIN LATERAL risk_screen.run_rule('bare', r.code, '2026-11-20') AS x
	WHERE r.builtin AND r.needs <> '{}' AND (x.observed IS NOT NULL OR x.evidence ->> 'missing' NOT LIKE 'roles not mapped: %')$$, 'not mapped: unknown');
-- one institution of every line and nothing else: nobody is hit for what others did not file
INSERT INTO filing.institution (inst_id, lines, status) SELECT 'I' || l, ARRAY[l], 'active' FROM unnest(ARRAY['P2P', 'EC', 'INS', 'FUND', 'TRU', 'PAY', 'AM', 'VC']) AS l;
CALL risk_screen.screen('desk', '2026-11-20');
SELECT is_empty($$SELECT rule, message FROM desk.rule_outcome WHERE outcome IN ('error', 'hit')$$, 'institutions alone: nothing found');
SELECT * FROM finish();
ROLLBACK;
