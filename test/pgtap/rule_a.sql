-- Case files of section A: the desk's own deadlines.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
INSERT INTO desk.run (run_id, as_of, since, extension_version, rules_hash, run_by, started_at) VALUES (1000, '2026-11-18', '2026-11-18', 'x', 'x', 'x', '2026-11-18');
INSERT INTO desk.alert (alert_id, inst_id, rule, period, level, state, raised_at, raised_by, first_as_of, last_as_of, findings, rule_version, evidence)
SELECT i, 'I' || i, 'C16', '2026-11-01', l::risk_screen.risk_level, s, timestamptz '2026-11-18 10:00+08', 1000, '2026-11-18', '2026-11-18', 1, 1, '{}'
  FROM (VALUES (1, 'red', 'open'), (2, 'red', 'open'), (3, 'red', 'open'), (4, 'red', 'withdrawn'), (5, 'orange', 'open'), (6, 'orange', 'open'), (7, 'yellow', 'open'), (8, 'yellow', 'inhibited'), (9, 'yellow', 'open')) AS a (i, l, s);
INSERT INTO desk.alert_deadline (alert_id, requirement, action, target, due_at)
SELECT i, 'A05', 'push', 'supervisor', timestamptz '2026-11-18 11:00+08' FROM generate_series(1, 4) AS i
 UNION ALL SELECT i, 'A06', 'open_case', '', '2026-11-18 10:00+08' FROM generate_series(1, 2) AS i
 UNION ALL SELECT i, 'A08', 'letter', t, '2026-11-19 10:00+08' FROM generate_series(5, 6) AS i, unnest(ARRAY['executive', 'regulator']) AS t
 UNION ALL SELECT 7, 'A10', 'plan', '', '2026-11-20 23:59+08' UNION ALL SELECT 8, 'A10', 'plan', '', '2026-11-01' UNION ALL SELECT 9, 'A10', 'plan', '', NULL;
INSERT INTO desk.alert_action (alert_id, kind, target, done_at) VALUES (1, 'push', 'supervisor', '2026-11-18 11:00+08'), (2, 'push', 'supervisor', '2026-11-18 11:00:01+08'), (3, 'push', 'nobody', '2026-11-18 10:30+08'),
	(1, 'open_case', '', '2026-11-18 10:00+08'), (5, 'letter', 'executive', '2026-11-19 09:00+08'), (5, 'letter', 'regulator', '2026-11-19 10:00+08'), (6, 'letter', 'executive', '2026-11-19 09:00+08');
SELECT is(filing.hits('A05'), '2 3', 'A05: exactly one hour is in time; a second late, or to somebody else, is not; withdrawn alerts do not count');
SELECT is(filing.hits('A06'), '2', 'A06: no emergency case at once');
SELECT is(filing.hits('A08'), '6', 'A08: both letters within 24 hours');
SELECT is((SELECT evidence ->> 'target' FROM risk_screen.run_rule('desk', 'A08', '2026-11-20')), 'regulator', 'A08: the one that is missing');
SELECT is(filing.hits('A08', '2026-11-18'), '', 'A08: not yet due');
SELECT is(filing.hits('A10'), '7', 'A10: no plan in time; unpublished and inhibited ones have no deadline');
SELECT is(filing.hits('A10', '2026-11-19'), '', 'A10: the tenth day is not over');
INSERT INTO desk.alert_action (alert_id, kind, done_at) VALUES (7, 'plan', '2026-11-20 23:00+08');
SELECT is(filing.hits('A10'), '', 'A10: received on the last day');

-- A11: what the trigger forbids can still come from elsewhere; the rule finds it
ALTER TABLE desk.case_file DISABLE TRIGGER review_before_disposal;
INSERT INTO desk.case_file (case_id, inst_id, kind, opened_at) VALUES (1, 'I5', 'disposal', '2026-11-19'), (2, 'I6', 'disposal', '2026-11-19'), (3, 'I1', 'emergency', '2026-11-19');
UPDATE desk.alert SET review_state = 'confirmed', reviewed_at = raised_at + interval '2 hours' WHERE alert_id = 6;
SELECT is(filing.hits('A11'), '1', 'A11: disposal without a confirmed alert; the emergency procedure needs none');

-- A13
UPDATE desk.alert SET review_state = 'confirmed', reviewed_at = raised_at + interval '4 hours' WHERE alert_id = 5;
SELECT is(filing.value('A13', 'orange'), 3.0, 'A13: median hours to the review');
SELECT is(filing.value('A13', 'orange', '2026-11-17'), NULL, 'A13: nothing of the future');

-- B37
SELECT is((SELECT string_agg(subject_id || observed, ' ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'B37', '2026-11-20')), 'orange2 red3 yellow3', 'B37: institutions with open alerts by level');

SELECT * FROM finish();
ROLLBACK;
