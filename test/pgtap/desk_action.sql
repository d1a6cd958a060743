-- What people do on the desk: stopping clocks, sending letters, deciding disposal classes.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
\ir ../fixtures/desk.sql
SELECT risk_screen.copy_ruleset('institution', 1, 'small', 1);
UPDATE risk_screen.ruleset SET min_coverage = 0 WHERE ruleset = 'small';
UPDATE risk_screen.ruleset_rule SET required = false WHERE ruleset = 'small';
INSERT INTO risk_screen.ruleset_activation (ruleset, version, active_from, known_from, content_hash) VALUES ('small', 1, '-infinity', '-infinity', risk_screen.ruleset_hash('small', 1));
CREATE TABLE filing.switch (inst text, level text, amount numeric);
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, kind, clause, plan, body)
SELECT 'X-' || l, '测试' || l, 'test', l::risk_screen.risk_level, CASE l WHEN 'yellow' THEN 'list' ELSE 'red line' END, '测试条款', '{003}', format($$SELECT 'institution' AS subject_kind, inst AS subject_id,
	7 AS observed, 5 AS threshold, amount, NULL AS occurred_at, '{"note":null}'::jsonb AS evidence FROM filing.switch WHERE level = %L$$, l)
  FROM unnest(ARRAY['red', 'orange', 'yellow']) AS l;
INSERT INTO filing.institution (inst_id, name, lines) VALUES ('R', '红公司', '{X}'), ('RR', '红金额', '{X}'), ('O', '橙公司', '{X}'), ('Y', '黄公司', '{X}'), ('G', '绿公司', '{X}');
INSERT INTO filing.switch VALUES ('R', 'red', 5), ('RR', 'red', 20000000), ('O', 'orange', 12345.6), ('Y', 'yellow', 2);
CREATE FUNCTION filing.alert(inst text) RETURNS bigint LANGUAGE sql AS 'SELECT max(alert_id) FROM desk.alert AS a WHERE a.inst_id = inst';
CREATE FUNCTION filing.due(inst text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(requirement || ' ' || coalesce((due_at AT TIME ZONE 'Asia/Shanghai')::text, 'NULL'), ', ' ORDER BY requirement, target) FROM desk.alert_deadline WHERE alert_id = filing.alert(inst) $$;
CALL risk_screen.screen('desk', '2026-09-18', at => '2026-09-21 08:00+08', ruleset => 'small');

-- A07: the letter is there without anybody asking
SELECT is((SELECT string_agg(inst_id, ' ') FROM desk.alert_letter JOIN desk.alert USING (alert_id)), 'O', 'A07: one letter, for the orange alert');
SELECT is((SELECT body FROM desk.alert_letter), format(E'风险提示函\n\n橙公司（O）：\n\n　　经监测，截至2026年9月18日，你机构触发“测试orange”（依据：测试条款，规则X-orange，版本1），风险等级：橙，涉及金额：12,345.60元。\n\n'
	'　　1．机构 O：观测值 7，限值 5；涉及金额 12,345.60 元\n\n　　请核实情况，采取整改措施，并书面反馈。预警编号：%s，预警时间：2026-09-21 08:00。', filing.alert('O')), 'in Chinese, with firm, rule, clause, version, values and thresholds');
SELECT is((SELECT body FROM desk.alert_letter), risk_screen.risk_letter('desk', filing.alert('O')), 'risk_letter renders the same');
SELECT is(risk_screen._letter_line(f::jsonb), w, n) FROM (VALUES
	('{"key": "loan:BD0001-032@2026-11-06", "observed": 0.278792145, "operator": ">", "threshold": 0.1200, "amount": 100000}', '贷款 BD0001-032（2026年11月6日）：观测值 0.2788，超过限值 0.12；涉及金额 100,000.00 元', 'kind, day, comparison and amount in words'),
	('{"key": "institution:O0010", "observed": null, "operator": ">", "threshold": 1, "amount": null}', '机构 O0010：存在该情形（不以数值衡量）', 'a finding without a value'),
	('{"key": "disclosure:O0078 annual_rate differs@2026-10-31", "observed": 0.9, "operator": "<", "threshold": 1}', '信息披露 O0078 annual_rate differs（2026年10月31日）：观测值 0.9，低于限值 1', 'below a limit'),
	('{"key": "own thing", "observed": 3, "operator": ">=", "threshold": 3}', '事项 own thing：观测值 3，达到或超过限值 3', 'a key of an analyst''s own'),
	('{"key": "own thing", "observed": 3, "evidence": {"loans": 2.50, "own_field": true, "text": null, "transfers": [1, 2, 3, 4, 5, 6], "words": [{"term": "私募"}, {"term": "保本"}]}}',
	 '事项 own thing：观测值 3；证据：贷款笔数 2.5，命中词 私募、保本，own_field 是，交易 1、2、3、4、5等6项', 'its evidence, named in Chinese where a name is known, and what is cut says so'),
	(jsonb_build_object('key', 'own thing', 'observed', 3, 'evidence', jsonb_build_object('text', repeat('字', 61)))::text, '事项 own thing：观测值 3；证据：原文 ' || repeat('字', 60) || '……（全文见预警）', 'a long text')) v(f, w, n);
UPDATE risk_screen.rule SET title_zh = '改名', clause = '改条款', severity = 'yellow' WHERE code = 'X-orange';
SELECT is((SELECT body FROM desk.alert_letter), risk_screen.risk_letter('desk', filing.alert('O')), 'a rule that is edited later does not change the letter');
SELECT is((SELECT rule_zh FROM desk.alert_queue WHERE inst_id = 'O'), '测试orange', 'nor the queue');
SELECT is((SELECT rule_zh || ' ' || clause || ' ' || rule_level FROM desk.grade_explanation WHERE inst_id = 'O' AND rule = 'X-orange'), '测试orange 测试条款 orange', 'nor the explanation');
SELECT is((SELECT rule_zh FROM desk.finding_list WHERE inst_id = 'O'), '测试orange', 'nor the findings');
SELECT is((SELECT main_reasons_zh FROM desk.risk_board WHERE inst_id = 'O'), 'X-orange 测试orange', 'nor the board');
SELECT is((SELECT title_zh FROM desk.rule_timing WHERE rule = 'X-orange'), '测试orange', 'nor the run''s rules');
UPDATE risk_screen.rule SET title_zh = '测试orange', clause = '测试条款', severity = 'orange' WHERE code = 'X-orange';
CALL risk_screen.record_action('desk', filing.alert('O'), 'letter', 'executive', at => '2026-09-21 09:00+08');
CALL risk_screen.record_action('desk', filing.alert('O'), 'letter', 'regulator', '另行发文', at => '2026-09-21 09:00+08');
SELECT is((SELECT string_agg(left(body, 5), ' ' ORDER BY target) FROM desk.alert_action WHERE kind = 'letter'), '风险提示函 另行发文', 'a letter sent without a text is the one written with the alert');
UPDATE filing.switch SET amount = 1 WHERE inst = 'O';
CALL risk_screen.screen('desk', '2026-09-18', at => '2026-09-21 10:00+08', ruleset => 'small');
SELECT ok((SELECT body ~ '12,345.60' FROM desk.alert_letter), 'a letter that was sent is not written anew');
SELECT is((SELECT level || ' ' || (evidence -> 'findings' -> 0 -> 'evidence')::text FROM desk.alert WHERE inst_id = 'O'), 'orange {"note": null}', 'evidence is kept as the rule gave it');

-- The clock stands and goes on
SELECT is(filing.due('R'), 'A05 2026-09-21 09:00:00, A06 2026-09-21 08:00:00', 'red: one hour, at once');
SELECT is(filing.due('Y'), 'A09 NULL, A10 NULL', 'yellow waits for its publication');
CALL risk_screen.record_action('desk', filing.alert('Y'), 'publish', 'association', at => '2026-09-24 10:00+08');
SELECT is(filing.due('Y'), 'A09 NULL, A10 2026-10-16 00:00:00', 'ten working days over the National Day holidays and their make-up days');
SELECT throws_ok($$CALL risk_screen.pause_alert('desk', filing.alert('Y'), '', 'x')$$, '22023', NULL, 'an authority must be named');
SELECT throws_ok($$CALL risk_screen.pause_alert('desk', -1, 'court', 'x')$$, 'P0002', NULL, 'the alert must be there');
SELECT throws_ok($$CALL risk_screen.resume_alert('desk', filing.alert('Y'), 'x')$$, '55000', NULL, 'a clock that runs cannot be started');
SELECT throws_ok($$CALL risk_screen.record_action('desk', filing.alert('Y'), 'pause')$$, '22023', NULL, 'record_action does not stop clocks');
CALL risk_screen.pause_alert('desk', filing.alert('Y'), '法院', '案件审理', at => '2026-10-08 12:00+08');
SELECT is(filing.due('Y'), 'A09 NULL, A10 infinity', 'while it stands there is no end');
SELECT is((SELECT clock_stopped FROM desk.alert_queue WHERE inst_id = 'Y'), true, 'the queue says so');
SELECT is((SELECT count(*) FROM desk.overdue_action WHERE inst_id = 'Y'), 0::bigint, 'nothing is overdue while it stands');
SELECT throws_ok($$CALL risk_screen.pause_alert('desk', filing.alert('Y'), '法院', 'x', at => '2026-10-08 13:00+08')$$, '55000', NULL, 'a clock that stands cannot be stopped');
SELECT throws_ok($$CALL risk_screen.resume_alert('desk', filing.alert('Y'), 'x', at => '2026-10-08 11:00+08')$$, '55000', NULL, 'it cannot go on before it stood');
CALL risk_screen.resume_alert('desk', filing.alert('Y'), '发回', at => '2026-10-09 09:00+08');
SELECT is(filing.due('Y'), 'A09 NULL, A10 2026-10-20 00:00:00', 'two working days were touched by the stop and do not count');
SELECT is((SELECT (due_at AT TIME ZONE 'Asia/Shanghai')::text FROM desk.alert_deadline WHERE alert_id = filing.alert('Y') AND requirement = 'A10'),
	(risk_screen.level_due('yellow', '2026-09-24 10:00+08', '{["2026-10-08 12:00+08","2026-10-09 09:00+08")}') AT TIME ZONE 'Asia/Shanghai')::text, 'as level_due says');
CALL risk_screen.screen('desk', '2026-09-18', at => '2026-09-21 11:00+08', ruleset => 'small');
SELECT is(filing.due('Y'), 'A09 NULL, A10 2026-10-20 00:00:00', 'a repeated run forgets neither publication nor stop');
CALL risk_screen.pause_alert('desk', filing.alert('R'), '公安', '移送', at => '2026-09-21 10:00+08');
CALL risk_screen.resume_alert('desk', filing.alert('R'), '退回', at => '2026-09-21 11:00+08');
SELECT is(filing.due('R'), 'A05 2026-09-21 09:00:00, A06 2026-09-21 08:00:00', 'a deadline that had passed before the stop stays');
CALL risk_screen.pause_alert('desk', filing.alert('RR'), '公安', '移送', at => '2026-09-21 08:30+08');
CALL risk_screen.resume_alert('desk', filing.alert('RR'), '退回', at => '2026-09-21 10:30+08');
SELECT is(filing.due('RR'), 'A05 2026-09-21 11:00:00, A06 2026-09-21 08:00:00', 'half an hour was left');
SELECT is((SELECT string_agg(kind || ' ' || target, ', ' ORDER BY action_id) FROM desk.alert_action WHERE alert_id = filing.alert('RR')), 'open_case , pause 公安, resume ', 'stops are on record');

-- K01: proposal beside decision
SELECT results_eq('SELECT inst_id, criteria, illegality, severity, social_harm, refuses, proposed_class, proposed_zh, tier_000_zh, requirement, decided_class, reviewed FROM desk.disposal_proposal ORDER BY 1', $$VALUES
	('O', 'orange', 2, 1, 1, false, 'rectify', '整改类', '轻微', 'K01', NULL, false),
	('R', 'red', 2, 2, 1, false, 'ban', '取缔类', '严重', 'K07', NULL, false),
	('RR', 'red', 2, 2, 2, false, 'ban', '取缔类', '严重', 'K07', NULL, false),
	('Y', 'yellow', 1, 1, 1, false, 'rectify', '整改类', '轻微', 'K01', NULL, false)$$, 'factors and proposals; who is green is not classified');
SELECT throws_ok($$CALL risk_screen.decide_disposal('desk', 'O', 'rectify', '先行处置')$$, '55000', NULL, 'A11: no decision before a person confirmed an alert');
CALL risk_screen.review_alert('desk', filing.alert('O'), 'confirmed', '核实', at => '2026-09-22 09:00+08');
SELECT throws_ok($$CALL risk_screen.decide_disposal('desk', 'O', 'undetermined', 'x')$$, '22023', NULL, 'undetermined is no decision');
SELECT throws_ok($$CALL risk_screen.decide_disposal('desk', 'O', 'rectify', '')$$, '22023', NULL, 'a decision needs a reason');
SELECT throws_ok($$CALL risk_screen.decide_disposal('desk', 'G', 'rectify', 'x')$$, 'P0002', NULL, 'nothing is proposed for a green one');
CALL risk_screen.decide_disposal('desk', 'O', 'rectify', '限期整改', '2026-09-30', at => '2026-09-22 10:00+08');
SELECT results_eq($$SELECT decided_class, agrees, due_on, case_state FROM desk.disposal_proposal WHERE inst_id = 'O'$$, $$VALUES ('rectify', true, date '2026-09-30', 'opened')$$, 'the decision stands beside the proposal');
SELECT results_eq($$SELECT class, class_reason, due_on FROM desk.case_file WHERE inst_id = 'O' AND kind = 'disposal'$$, $$VALUES ('rectify', '限期整改', date '2026-09-30')$$, 'and in the case');
SELECT is((SELECT proposed_class || ' ' || rule_no || ' ' || (factors ->> 'illegality') || ' ' || length(evidence_hash) FROM desk.disposal_decision), 'rectify 5 2 64', 'with the grounds of the proposal');
CALL risk_screen.screen('desk', '2026-10-12', at => '2026-10-13 08:00+08', ruleset => 'small');
SELECT results_eq($$SELECT refuses, proposed_class, requirement, decided_class, agrees FROM desk.disposal_proposal WHERE inst_id = 'O'$$, $$VALUES (true, 'ban', 'K07', 'rectify', false)$$, 'K07: the rectification is overdue, the proposal escalates');
INSERT INTO desk.disposal_factor (inst_id, factor, value, reason, known_at) VALUES ('O', 'refuses', 0, '已获延期', '2026-10-13'), ('Y', 'illegality', 3, '涉嫌犯罪', '2026-10-13'), ('Y', 'illegality', 2, '查证', '2026-10-12');
SELECT results_eq($$SELECT inst_id, proposed_class, factors_by_person FROM desk.disposal_proposal WHERE inst_id IN ('O', 'Y') ORDER BY 1$$, $$VALUES ('O', 'rectify', 'refuses'), ('Y', 'transfer', 'illegality')$$, 'a person''s factor counts instead, the latest one');
CALL risk_screen.review_alert('desk', filing.alert('Y'), 'confirmed', '核实', at => '2026-10-13 09:00+08');
CALL risk_screen.decide_disposal('desk', 'Y', 'transfer', '移送', at => '2026-10-13 10:00+08');
CALL risk_screen.decide_disposal('desk', 'Y', 'transfer', '补充说明', at => '2026-10-13 11:00+08');
SELECT results_eq($$SELECT count(*), min(c.note) = 'evidence sha256 ' || min(d.evidence_hash) FROM desk.case_file AS c, desk.disposal_decision AS d WHERE c.inst_id = 'Y' AND c.kind = 'justice' AND d.inst_id = 'Y'$$, $$VALUES (2::bigint, true)$$, 'K06: one justice case with the hash of the evidence (two decisions)');
SELECT is((SELECT evidence_hash FROM desk.disposal_decision WHERE inst_id = 'Y' LIMIT 1), (SELECT encode(sha256(convert_to(concat_ws(E'\x1f', rule, finding_key, observed, operator, threshold, amount, evidence), 'UTF8')), 'hex') FROM desk.finding JOIN desk.current_run USING (run_id) WHERE inst_id = 'Y'),
	'the hash is over the findings');

-- A red alert that is raised again starts again
CALL risk_screen.close_alert('desk', filing.alert('R'), '已整改', at => '2026-10-13 12:00+08');
UPDATE desk.case_file SET closed_at = '2026-10-13 12:30+08' WHERE inst_id = 'R' AND kind = 'emergency';
CALL risk_screen.screen('desk', '2026-10-13', at => '2026-10-14 08:00+08', ruleset => 'small');
SELECT is((SELECT count(*) FROM desk.case_file WHERE inst_id = 'R' AND kind = 'emergency'), 2::bigint, 'a re-opened red alert opens the emergency procedure again');
SELECT is(filing.due('R'), 'A05 2026-10-14 09:00:00, A06 2026-10-14 08:00:00', 'with new deadlines');

SELECT throws_ok($$CALL risk_screen.record_action('desk', filing.alert('R'), 'dance')$$, '22023', 'there is no action "dance"', 'an action that there is not is named');
SELECT throws_ok($$CALL risk_screen.record_action('desk', filing.alert('R'), NULL)$$, '22023', NULL, 'no action is none');

SELECT * FROM finish();
ROLLBACK;
