-- Reasons that stand alone: titles of rules, and a finding's figures with unit, limit, subject and day.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
\ir ../fixtures/desk.sql

-- the catalogue
SELECT is_empty($$SELECT r.code, r.title_zh FROM risk_screen.rule AS r JOIN risk_screen.requirement AS q USING (code)
	WHERE r.builtin AND r.severity IS NOT NULL AND r.title_zh = q.title_zh AND r.code NOT IN ('H19')$$, 'no title of a rule with findings is only the quote of its plan');
SELECT is_empty($$SELECT r.code FROM risk_screen.rule AS r JOIN risk_screen.requirement AS q USING (code) WHERE r.builtin AND r.clause IS DISTINCT FROM q.title_zh$$, 'the quote stays as the clause');
SELECT is_empty($$SELECT code, title_zh FROM risk_screen.rule WHERE builtin AND (title_zh ~ '[0-9]' OR length(title_zh) > 30 OR title_zh ~ '不得|应当|应通过')$$, 'titles are short, say what is found, not what must be, and no number that a parameter may change');
SELECT is_empty($$SELECT code, reason_zh FROM risk_screen.rule WHERE builtin AND severity IS NOT NULL AND cardinality(parameters) > 0 AND reason_zh ~ '[0-9]' AND reason_zh !~ '词|字样|9项|I0|G0|P2P|（0'$$,
	'nor do the explanations of rules with parameters');
SELECT is_empty($$SELECT r.code, m FROM risk_screen.rule AS r LEFT JOIN LATERAL jsonb_array_elements(r.measures) AS m ON true
	WHERE r.builtin AND (m IS NULL OR m ->> 'zh' IS NULL OR m ->> 'en' IS NULL OR m ->> 'unit' IS NULL
		OR (m ->> 'zh' = '') <> (m ->> 'en' = '') OR m ->> 'zh' = '' AND m ->> 'unit' <> 'flag'
		OR m ->> 'unit' <> '' AND NOT EXISTS (SELECT FROM risk_screen.code_label AS l WHERE l.domain = 'unit' AND l.code = m ->> 'unit'))$$, 'every shipped rule says what it measures, in both languages, with a known unit');
SELECT is_empty($$SELECT code FROM risk_screen.rule WHERE builtin AND (SELECT count(*) FROM jsonb_array_elements(measures) WITH ORDINALITY AS u (m, n) WHERE m ->> 'at' IS NULL AND n = jsonb_array_length(measures)) <> 1$$,
	'and has one measure for whatever else, the last');
SELECT is_empty($$SELECT r.code, p.name FROM risk_screen.rule AS r, regexp_matches(r.measures::text, '\{(\w+)\}', 'g') AS p (name) WHERE r.builtin AND NOT p.name[1] = ANY (r.parameters)$$, 'a parameter in its words is one of its own');
SELECT is(risk_screen._measures_in_force('[{"zh": "前{top_n}大", "en": "top {top_n}", "unit": "share"}]', '{"cap": null, "top_n": 10}') -> 0 ->> 'en', 'top 10', 'a parameter that is not in force on the day does not take the words away');

-- figures
SELECT is(risk_screen._finding_figures(english, m::jsonb, k, e::jsonb, o, op, t), CASE WHEN english THEN en ELSE zh END, CASE WHEN english THEN en ELSE zh END)
  FROM (VALUES (false), (true)) AS l (english) CROSS JOIN (VALUES
	('[{"zh": "利率", "en": "rate", "unit": "share"}]', 'loan:1', '{}', 0.278792145, '>', 0.12, '利率 27.88%，超过限值 12%', 'rate: 27.88%, above the limit of 12%'),
	('[{"zh": "占比", "en": "part", "unit": "share"}]', 'x', '{}', 0.2999999, '<', 0.3, '占比 29.99999%，低于限值 30%', 'part: 29.99999%, below the limit of 30%'),
	('[{"zh": "占比", "en": "part", "unit": "share"}]', 'x', '{}', 0.0000014016, NULL, NULL, '占比 0.00014016%', 'part: 0.00014016%'),
	('[{"zh": "金额（含税）", "en": "amount", "unit": "yuan"}]', 'x', NULL, 1234567.5, '>=', 50000, '金额（含税）1,234,567.50 元，达到或超过限值 50,000 元', 'amount: 1,234,567.50 yuan, at or above the limit of 50,000 yuan'),
	('[{"zh": "金额", "en": "amount", "unit": "yuan"}]', 'x', '{"currency": "USD"}', 900, NULL, 0, '金额 900 USD，出现即触发', 'amount: 900 USD, any is a hit'),
	('[{"zh": "差额", "en": "difference", "unit": "yuan"}]', 'x', NULL, 0.004, '<>', 0, '差额 0.004 元，应为 0 元', 'difference: 0.004 yuan, where it must be 0 yuan'),
	('[{"zh": "产品", "en": "made from one", "unit": "products", "unit_zh": "只"}]', 'x', NULL, 5, '>=', 5, '产品 5 只，达到或超过限值 5 只', '5 products made from one, at or above the limit of 5'),
	('[{"zh": "活动", "en": "offline", "unit": "activities", "unit_zh": "次"}]', 'x', NULL, 1, NULL, 0, '活动 1 次，出现即触发', '1 activity offline, any is a hit'),
	('[{"zh": "业务", "en": "without a licence", "unit": "kinds of business", "unit_zh": "类"}]', 'x', NULL, 1, NULL, 0, '业务 1 类，出现即触发', '1 kind of business without a licence, any is a hit'),
	('[{"at": "^loan:", "zh": "贷款", "en": "loan", "unit": "yuan"}, {"at": "\"tag\": \"cycle\"", "zh": "回环", "en": "in a ring", "unit": "transfers"}, {"zh": "其他", "en": "other", "unit": ""}]', 'loan:1', NULL, 7, NULL, NULL, '贷款 7 元', 'loan: 7 yuan'),
	('[{"at": "^loan:", "zh": "贷款", "en": "loan", "unit": "yuan"}, {"at": "\"tag\": \"cycle\"", "zh": "回环", "en": "in a ring", "unit": "transfers"}, {"zh": "其他", "en": "other", "unit": ""}]', 'account:1', '{"tag": "cycle"}', 7, NULL, NULL, '回环 7 transfers', '7 transfers in a ring'),
	('[{"at": "^loan:", "zh": "贷款", "en": "loan", "unit": "yuan"}, {"zh": "其他", "en": "other", "unit": ""}]', 'account:1', NULL, 7.12345, '<=', 8, '其他 7.1235，等于或低于限值 8', 'other: 7.1235, at or below the limit of 8'),
	('[{"zh": "", "en": "", "unit": "flag"}]', 'x', NULL, 1, NULL, 0, NULL, NULL),
	('[{"zh": "无报送", "en": "no statement", "unit": "flag"}]', 'x', NULL, 1, NULL, 0, '无报送', 'no statement'),
	('[{"zh": "利率", "en": "rate", "unit": "share"}]', 'x', NULL, NULL, '>', 0.12, NULL, NULL),
	('[]', 'x', NULL, 30, NULL, NULL, '观测值 30', 'observed: 30'),
	(NULL, 'x', NULL, 30, NULL, 0, '观测值 30，限值 0', 'observed: 30, limit 0'),
	('[{"zh": "比", "en": "ratio", "unit": "times", "unit_zh": "倍"}]', 'x', NULL, 'NaN', '>', 1, '比 NaN 倍，超过限值 1 倍', 'ratio: NaN times, above the limit of 1 times')) AS v (m, k, e, o, op, t, zh, en);

-- the sentence
SELECT is(risk_screen._finding_reason(x.en, x.why, '[{"zh": "利率", "en": "rate", "unit": "share"}]', x.n, x.kind, 'L1', 'k', '{}', 0.27, '>', 0.12, x.at, '2026-08-23', '2026-11-20'), x.words, x.words)
  FROM (VALUES
	(false, '利率过高。', 1, 'loan', '2026-11-05 16:30+00'::timestamptz, '利率过高。利率 27%，超过限值 12%（贷款 L1，2026-11-06）。'),
	(true, 'The rate is too high.', 1, 'loan', '2026-11-05 16:30+00', 'The rate is too high. Rate: 27%, above the limit of 12% (loan L1, 2026-11-06).'),
	(false, '利率过高。', 3, 'loan', NULL, '利率过高。利率 27%，超过限值 12%（共 3 个问题，最大的是贷款 L1，监测期 2026-08-23 至 2026-11-20）。'),
	(true, 'The rate is too high.', 3, 'loan', NULL, 'The rate is too high. Rate: 27%, above the limit of 12% (3 findings, the largest: loan L1, 2026-08-23 to 2026-11-20).'),
	(false, '利率过高', 1, 'institution', NULL, '利率过高。利率 27%，超过限值 12%（监测期 2026-08-23 至 2026-11-20）。'),
	(false, NULL, 1, 'institution', NULL, '利率 27%，超过限值 12%（监测期 2026-08-23 至 2026-11-20）。')) AS x (en, why, n, kind, at, words);

-- on a desk: a rule of one's own with measures, one without, and a parameter of one's own in the words of a shipped one
INSERT INTO filing.institution (inst_id, name, lines) VALUES ('O', '橙公司', '{X}'), ('P', '平台', '{P2P}');
INSERT INTO risk_screen.parameter (code, value, operator, sense, unit) VALUES ('my_share', 0.25, '>', 'hit', 'share'), ('my_days', 12, '=', 'value', 'days');
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, parameters, reason_zh, reason_en, measures, body)
VALUES ('X-1', '占比过高', 'Share too high', 'orange', '{my_share,my_days}', '某占比过高。', 'A share is too high.', '[{"zh": "{my_days}天内占比", "en": "share within {my_days} days", "unit": "share"}]',
	$$SELECT 'loan' AS subject_kind, s.id AS subject_id, 'O' AS inst_id, s.v AS observed, NULL AS threshold, s.a AS amount, NULL AS occurred_at, '{}'::jsonb AS evidence
		FROM (VALUES ('L1', 0.123456789, 5), ('L2', 0.3, 10), ('L3', 0.987654321, 20)) AS s (id, v, a)$$);
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, body)
VALUES ('X-2', '本人的规则', 'My rule', 'yellow', $$SELECT 'institution' AS subject_kind, 'O' AS subject_id, 3 AS observed, NULL AS threshold, NULL AS amount, $3 - interval '1 hour' AS occurred_at, '{}'::jsonb AS evidence$$);
CALL risk_screen.screen('desk', '2026-09-18', at => '2026-09-19 08:00+08');
SELECT results_eq($$SELECT reason_zh, reason_en FROM desk.finding_list WHERE rule LIKE 'X-%' ORDER BY rule, subject_id$$, $$VALUES
	('某占比过高。12天内占比 30%，超过限值 25%（贷款 L2，监测期 2026-06-21 至 2026-09-18）。', 'A share is too high. Share within 12 days: 30%, above the limit of 25% (loan L2, 2026-06-21 to 2026-09-18).'),
	('某占比过高。12天内占比 98.77%，超过限值 25%（贷款 L3，监测期 2026-06-21 至 2026-09-18）。', 'A share is too high. Share within 12 days: 98.77%, above the limit of 25% (loan L3, 2026-06-21 to 2026-09-18).'),
	('本人的规则。观测值 3（2026-09-18）。', 'My rule. Observed: 3 (2026-09-18).')$$, 'finding_list: what was found, in a sentence');
SELECT is((SELECT reason_zh FROM desk.grade_explanation WHERE inst_id = 'O' AND rule = 'X-1'), '某占比过高。12天内占比 98.77%，超过限值 25%（共 2 个问题，最大的是贷款 L3，监测期 2026-06-21 至 2026-09-18）。', 'grade_explanation: the largest of them');
SELECT is((SELECT reason_zh FROM desk.alert_queue WHERE inst_id = 'O' AND rule = 'X-1'), '某占比过高。12天内占比 98.77%，超过限值 25%（共 2 个问题，最大的是贷款 L3，监测期 2026-06-21 至 2026-09-18）。', 'alert_queue too');
SELECT alike((SELECT body FROM desk.alert_letter), '%1．贷款 L2：12天内占比 30%，超过限值 25%；涉及金额 10.00 元%2．贷款 L3：12天内占比 98.77%，超过限值 25%；涉及金额 20.00 元%', 'and the letter');
SELECT alike(risk_screen.report('desk'), '%**X-1 占比过高**（红线，至少橙）：12天内占比 98.77%，超过限值 25%（共 2 个问题，最大的是贷款 L3，监测期 2026-06-21 至 2026-09-18）；涉及金额 30元%', 'and the report');
SELECT ok(main_reasons_zh LIKE 'X-1 占比过高；%', 'the board names rules by their titles') FROM desk.risk_board WHERE inst_id = 'O';
-- the value has nine decimals and the letter shows two: it is the letter of that value all the same
SELECT is_empty($$SELECT * FROM desk.finding_list WHERE rule = 'A07'$$, 'A07 does not miss a value in the letter that the letter has');
UPDATE risk_screen.rule SET measures = '[]', reason_zh = '改了。' WHERE code = 'X-1';
UPDATE risk_screen.parameter SET value = 99 WHERE code = 'my_days';
SELECT alike((SELECT reason_zh FROM desk.grade_explanation WHERE inst_id = 'O' AND rule = 'X-1'), '某占比过高。12天内占比 98.77%', 'what is edited later does not change what a run said');
SELECT throws_ok($$UPDATE risk_screen.rule SET measures = '{}' WHERE code = 'X-1'$$, '23514', NULL, 'measures are an array');
SELECT * FROM finish();
ROLLBACK;
