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

CREATE FUNCTION filing.alert(inst text, rule text) RETURNS bigint LANGUAGE sql AS $$ SELECT alert_id FROM desk.alert AS a WHERE a.inst_id = inst AND a.rule = alert.rule $$;
-- What is kept and shown without a rule: levels, ledger, queues, publication
DELETE FROM desk.alert; DELETE FROM desk.case_file; DELETE FROM desk.run;
ALTER TABLE desk.case_file ENABLE TRIGGER review_before_disposal;
SELECT filing.put('institution', '[{"inst_id":"R","name":"红","lines":["P2P"]},{"inst_id":"O","name":"橙","lines":["P2P"]},{"inst_id":"Y","name":"黄","lines":["PAY"]},{"inst_id":"U","name":"无数据","lines":["PAY"]}]');
INSERT INTO filing.filing (filing_id, inst_id, kind, received_at) VALUES ('1', 'R', 'p2p_registration', '2020-01-01');
INSERT INTO filing.equity (owner, owned, share) VALUES ('boss', 'R', 0.9);
INSERT INTO filing.loan (loan_id, inst_id, borrower_id, amount, started_on, matures_on, guarantor_id) VALUES ('L1', 'R', 'b', 100, '2026-11-01', '2027-11-01', 'boss');
INSERT INTO filing.person (person_id, inst_id, post, post_from, qualified) VALUES ('p', 'Y', 'director', '2026-01-01', false);
CALL risk_screen.screen('desk', '2026-11-19', at => '2026-11-20 08:00+08');
INSERT INTO filing.person (person_id, inst_id, post, post_from, qualified) VALUES ('q', 'Y', 'director', '2026-01-01', false);
UPDATE filing.person SET post_to = '2026-11-20' WHERE person_id = 'p';
CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08');
SELECT is((SELECT level::text FROM desk.grade_explanation WHERE inst_id = 'R' AND rule = 'C05'), 'red', 'A01: a red line makes red, and the view says which');
SELECT is((SELECT level FROM desk.risk_board WHERE inst_id = 'O'), 'orange', 'A02: an orange rule makes orange');
SELECT is((SELECT level FROM desk.risk_board WHERE inst_id = 'Y'), 'yellow', 'A03: a breached limit makes yellow');
SELECT is((SELECT level FROM desk.risk_board WHERE inst_id = 'U'), 'unknown', 'A04: nothing filed is not green');
SELECT is((SELECT string_agg(inst_id || ' ' || because, ', ' ORDER BY inst_id) FROM desk.high_risk), 'O grade, R grade', 'A14: orange and red');
SELECT is((SELECT string_agg(finding_key || ' ' || first_as_of || ' ' || last_as_of || ' ' || runs || ' ' || state, ', ' ORDER BY finding_key) FROM desk.risk_ledger WHERE rule = 'J10'), 'person:p@Y 2026-11-19 2026-11-19 1 gone, person:q@Y 2026-11-20 2026-11-20 1 open', 'A15: the ledger keeps what is gone');
INSERT INTO desk.finding_review (rule, finding_key, decision, reason) VALUES ('J10', 'person:q@Y', 'rejected', 'licence found');
SELECT is((SELECT string_agg(state, ' ' ORDER BY finding_key) FROM desk.risk_ledger WHERE rule = 'J10'), 'gone rejected', 'A15: and what a person said');
INSERT INTO filing.visit (visit_id, inst_id, visited_on) VALUES ('1', 'R', '2026-03-01'), ('2', 'O', '2024-01-01');
SELECT is((SELECT string_agg(inst_id, ' ' ORDER BY place) FROM desk.inspection_queue), 'R O Y U', 'A16: the gravest first');
SELECT is((SELECT string_agg(level || ' ' || visited || '/' || institutions, ', ' ORDER BY level) FROM desk.inspection_coverage), 'orange 0/1, red 1/1, unknown 0/1, yellow 0/1', 'A16: coverage by level, within a year');
SELECT is_empty('SELECT * FROM desk.publication', 'A09: nothing is published by itself');
CALL risk_screen.record_action('desk', filing.alert('Y', 'J10'), 'publish', 'association', at => '2026-11-23 10:00+08');
CALL risk_screen.record_action('desk', filing.alert('R', 'C05'), 'publish', 'association', at => '2026-11-23 10:00+08');
SELECT is((SELECT string_agg(name || ' ' || level_zh || ' ' || (plan_due_at > published_at), ', ') FROM desk.publication), '黄 黄 true', 'A09: of what was published only yellow is shown, with the day its plan is due');
SELECT is((SELECT string_agg(concat_ws(' ', level, state, review_state, alerts, with_case), ', ' ORDER BY level) FROM desk.alert_ageing WHERE level = 'red'), 'red open pending 1 1', 'A12: alerts by level and stage');
CALL risk_screen.review_alert('desk', filing.alert('R', 'C05'), 'confirmed', 'seen');
INSERT INTO desk.case_file (inst_id, kind, state, class, class_reason) VALUES ('R', 'disposal', 'identified', 'ban', 'x');
SELECT is((SELECT because FROM desk.high_risk WHERE inst_id = 'R'), 'grade and class', 'A14: or classed to be banned');
SELECT alike(risk_screen.risk_letter('desk', filing.alert('O', 'C28')), '%风险提示函%橙（O）%C28%', 'A07: the letter of an orange alert names firm, rule and version');

-- P rows: candidates with the state a person sets
SELECT filing.put('institution', '[{"inst_id":"M","name":"某小额贷款公司"},{"inst_id":"NET","name":"电商","platform_type":"e_commerce"}]');
INSERT INTO filing.equity (owner, owned, share) VALUES ('NET', 'M', 0.9);
INSERT INTO filing.marketing (marketing_id, inst_id, channel, activity, happened_on) VALUES ('1', 'R', 'offline', 'promotion', '2026-11-10');
CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08');
SELECT is((SELECT string_agg(rule || ' ' || coalesce(severity, '-') || ' ' || review, ', ' ORDER BY rule) FROM desk.candidate_list WHERE rule IN ('C12', 'C32')), 'C12 yellow pending, C32 - pending', 'candidates: findings, and classes that charge nobody');
INSERT INTO desk.finding_review (rule, finding_key, decision, reason) SELECT rule, finding_key, 'confirmed', 'checked' FROM desk.candidate_list WHERE rule = 'C32';
SELECT is((SELECT review || ' ' || reason FROM desk.candidate_list WHERE rule = 'C32'), 'confirmed checked', 'a person decides');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner) SELECT 't' || i, 'a', 's', 1, timestamptz '2026-11-18 00:10+08' + i * interval '5 minutes', 'u' FROM generate_series(1, 50) AS i;
CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08');
SELECT is((SELECT count(*) || ' ' || count(DISTINCT txn_id) || ' ' || min(tag) FROM desk.transfer_tag WHERE rule = 'B12'), '50 50 frequent', 'transfer_tag: each of the fifty transfers carries its tag');

SELECT * FROM finish();
ROLLBACK;
