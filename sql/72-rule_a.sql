-- Rules of section A: the desk's own deadlines. Their subject is an alert and
-- the one who is late is the supervisor, so no institution is charged: a rule
-- without lines judges nobody and does not count as coverage.

SELECT risk_screen._ship_rule(r.code, 'yellow', '{}', '{}', '{}', '{}', format($$
	SELECT 'alert' AS subject_kind, d.alert_id::text AS subject_id, NULL::text AS inst_id, round(extract(epoch FROM least(coalesce(x.done_at, $3), $3) - d.due_at) / 3600, 4) AS observed,
		   0 AS threshold, NULL::numeric AS amount, d.due_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('inst_id', a.inst_id, 'action', d.action, 'target', nullif(d.target, ''), 'due_at', d.due_at, 'done_at', x.done_at)) AS evidence,
		   'alert:' || d.alert_id || ':' || d.target AS finding_key
	  FROM alert_deadline AS d JOIN alert AS a USING (alert_id)
	  LEFT JOIN LATERAL (SELECT min(z.done_at) AS done_at FROM alert_action AS z
						  WHERE z.alert_id = d.alert_id AND z.kind = d.action AND (d.target = '' OR z.target = d.target) AND z.done_at >= a.raised_at AND z.done_at < $3) AS x ON true
	 WHERE d.requirement = %L AND d.due_at < $3 AND a.state IN ('open', 'closed') AND d.due_at < coalesce(x.done_at, $3) AND a.raised_at < $3
	   -- what is still to be done stays on the list however old it is
	   AND (a.raised_at >= $2 OR x.done_at IS NULL AND a.state = 'open')
$$, r.code), r.zh, r.en, NULL, false)
  FROM (VALUES ('A05', '红色预警未在时限内推送至监管负责人。', 'A red alert was not pushed to the responsible supervisor in time.'),
			   ('A06', '红色预警未同步启动应急处置流程。', 'A red alert did not open the emergency procedure.'),
			   ('A08', '橙色预警的风险提示函未在时限内发送高管并抄送监管部门。', 'The letter of an orange alert was not sent to executives and regulator in time.'),
			   ('A10', '黄色预警公示后未在时限内收到整改方案。', 'No rectification plan in time after a yellow alert was published.')) AS r (code, zh, en);

SELECT risk_screen._ship_rule('A11', 'yellow', '{}', '{}', '{}', '{}', $$
	SELECT 'case' AS subject_kind, c.case_id::text AS subject_id, NULL::text AS inst_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, c.opened_at AS occurred_at,
		   jsonb_build_object('inst_id', c.inst_id, 'kind', c.kind, 'state', c.state) AS evidence
	  FROM case_file AS c
	 WHERE (c.kind <> 'emergency' OR c.state <> 'opened') AND c.opened_at < $3
	   -- an emergency begins before the review; any other case must not
	   AND NOT EXISTS (SELECT FROM alert AS a WHERE a.inst_id = c.inst_id AND a.review_state = 'confirmed' AND (a.reviewed_at <= c.opened_at OR a.reviewed_at IS NULL OR c.kind = 'emergency'))
$$, '未经人工复核确认即启动处置程序。', 'Disposal started without a confirmed alert.', NULL, false);

SELECT risk_screen._ship_rule('A13', NULL, '{}', '{}', '{}', '{}', $$
	SELECT 'level' AS subject_kind, a.level::text AS subject_id, round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY a.reviewed_at - a.raised_at))::numeric / 3600, 4) AS observed,
		   NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('reviewed', count(*), 'p95_hours', round(extract(epoch FROM percentile_cont(0.95) WITHIN GROUP (ORDER BY a.reviewed_at - a.raised_at))::numeric / 3600, 4)) AS evidence
	  FROM alert AS a WHERE a.reviewed_at IS NOT NULL AND a.raised_at >= $2 AND a.raised_at < $3 AND a.reviewed_at < $3
	 GROUP BY a.level
$$, '从预警到复核的中位小时数。', 'Median hours from alert to review.');
UPDATE risk_screen.rule SET kind = 'indicator' WHERE code = 'A13';

-- What the run itself made: levels, letters, publications, the ledger. These
-- rules run after grading and alerts (after_grading) and charge nobody, so that
-- a grade never rests on a list of grades. Subjects are not of kind institution:
-- a list of who is orange is no measurement of that institution.
--
-- A level is the ruleset's to give (A02 to A04); here it is listed with score and
-- reasons. Unknown is not green: who could not be judged is unknown in A04.
SELECT risk_screen._ship_rule(r.code, NULL, '{}', '{}', '{institution}', '{}', format($$
	WITH day AS (SELECT r.run_id FROM run AS r WHERE r.as_of = $1 AND r.known_at = $4)
	SELECT 'graded' AS subject_kind, g.inst_id AS subject_id, CASE WHEN g.level_in_force = %1$L THEN g.score END AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('level', %1$L, 'measured', g.level, 'floor', g.floor, 'coverage', g.coverage, 'rules', to_jsonb(g.hit_rules),
				'missing', CASE WHEN g.level_in_force <> %1$L THEN 'data for ' || coalesce(nullif(array_to_string(g.unknown_rules, ', '), ''), 'most rules') END)) AS evidence
	  FROM day AS d JOIN grade AS g USING (run_id)
	 WHERE g.level_in_force = %1$L OR %1$L = 'green' AND g.level_in_force = 'unknown'
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'grades of the day') WHERE NOT EXISTS (SELECT FROM day AS d JOIN grade AS g USING (run_id))
$$, r.level), r.zh, r.en, NULL, NULL, '{}', 1, 'indicator', true)
  FROM (VALUES ('A02', 'orange', '橙色机构及其得分、依据。', 'Institutions graded orange, with score and reasons.'),
			   ('A03', 'yellow', '黄色机构及其得分、依据。', 'Institutions graded yellow, with score and reasons.'),
			   ('A04', 'green', '绿色机构；数据不全的不算绿色。', 'Institutions graded green; who could not be judged is not green.')) AS r (code, level, zh, en);

SELECT risk_screen._ship_rule('A07', 'yellow', '{}', '{}', '{}', '{}', $$
	SELECT 'alert' AS subject_kind, a.alert_id::text AS subject_id, NULL::text AS inst_id,
		   CASE WHEN l.body IS NULL THEN 1 WHEN a.evidence -> 'findings' IS NULL AND a.evidence -> 'score' IS NULL THEN NULL
				ELSE (strpos(l.body, a.rule) = 0)::int + (strpos(l.body, a.rule_version::text) = 0)::int + (strpos(l.body, a.inst_id) = 0)::int
					 + (SELECT count(*) FROM jsonb_array_elements(a.evidence -> 'findings') AS f WHERE strpos(l.body, risk_screen._letter_figures(f)) = 0) END AS observed, 0 AS threshold,
		   a.amount, a.raised_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('inst_id', a.inst_id, 'rule', a.rule, 'fault', CASE WHEN l.body IS NULL THEN 'no letter' ELSE 'letter lacks firm, rule, version or values' END,
				'missing', CASE WHEN l.body IS NOT NULL AND a.evidence -> 'findings' IS NULL AND a.evidence -> 'score' IS NULL THEN 'values of the alert' END)) AS evidence, 'alert:' || a.alert_id AS finding_key
	  FROM alert AS a LEFT JOIN alert_letter AS l ON l.alert_id = a.alert_id AND l.raised_at = a.raised_at
	 WHERE a.level = 'orange' AND a.state = 'open' AND a.raised_at < $3 + interval '1 day'
	   AND (l.body IS NULL OR a.evidence -> 'findings' IS NULL AND a.evidence -> 'score' IS NULL
			OR strpos(l.body, a.rule) = 0 OR strpos(l.body, a.rule_version::text) = 0 OR strpos(l.body, a.inst_id) = 0
			OR EXISTS (SELECT FROM jsonb_array_elements(a.evidence -> 'findings') AS f WHERE strpos(l.body, risk_screen._letter_figures(f)) = 0))
$$, '橙色预警没有风险提示函，或提示函缺少机构、规则、版本、数值。', 'An orange alert without its letter, or a letter without firm, rule, version or values.', NULL, false, '{}', 1, NULL, true);

SELECT risk_screen._ship_rule('A09', 'yellow', '{}', '{publish_days}', '{}', '{}', $$
	SELECT 'alert' AS subject_kind, a.alert_id::text AS subject_id, NULL::text AS inst_id, coalesce(least(risk_screen.day_of(p.published_at), $1), $1) - risk_screen.day_of(a.raised_at) AS observed, NULL::numeric AS threshold, a.amount, a.raised_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('inst_id', a.inst_id, 'rule', a.rule, 'published_at', p.published_at)) AS evidence, 'alert:' || a.alert_id AS finding_key
	  FROM alert AS a
	  LEFT JOIN LATERAL (SELECT min(z.done_at) AS published_at FROM alert_action AS z WHERE z.alert_id = a.alert_id AND z.kind = 'publish' AND z.done_at >= a.raised_at AND z.done_at < $3) AS p ON true
	 WHERE a.level = 'yellow' AND a.state IN ('open', 'closed') AND a.review_state <> 'false_positive' AND a.raised_at < $3 AND (a.raised_at >= $2 OR a.state = 'open' AND p.published_at IS NULL)
	   AND (a.closed_at IS NULL OR a.closed_at >= $3 OR p.published_at IS NOT NULL)
$$, '黄色预警未按期在行业协会官网公示。', 'A yellow alert was not published on the association''s site in time.', NULL, false, '{}', 1, NULL, true);

-- Stages and deadlines of the alerts of each level; the single late ones are A05 to A10.
SELECT risk_screen._ship_rule('A12', NULL, '{}', '{}', '{}', '{}', $$
	WITH due AS (
		SELECT a.level, a.alert_id, d.requirement, d.due_at, min(z.done_at) AS done_at
		  FROM alert AS a JOIN alert_deadline AS d USING (alert_id)
		  LEFT JOIN alert_action AS z ON z.alert_id = d.alert_id AND z.kind = d.action AND (d.target = '' OR z.target = d.target) AND z.done_at >= a.raised_at AND z.done_at < $3
		 WHERE a.state <> 'withdrawn' AND a.raised_at >= $2 AND a.raised_at < $3 GROUP BY a.level, a.alert_id, d.requirement, d.target, d.due_at),
	told AS (
		SELECT level, count(*) FILTER (WHERE due_at < $3) AS due, count(*) FILTER (WHERE due_at < $3 AND done_at <= due_at) AS kept, jsonb_object_agg(requirement, n) FILTER (WHERE n > 0) AS late
		  FROM (SELECT d.*, count(*) FILTER (WHERE due_at < $3 AND (done_at > due_at OR done_at IS NULL)) OVER (PARTITION BY level, requirement) AS n FROM due AS d) AS d GROUP BY level)
	SELECT 'level' AS subject_kind, a.level::text AS subject_id, round(t.kept::numeric / nullif(t.due, 0), 6) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, min(a.raised_at) AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('alerts', count(*), 'open', count(*) FILTER (WHERE a.state = 'open'), 'reviewed', count(*) FILTER (WHERE a.reviewed_at < $3), 'with_case', count(a.case_id), 'deadlines_passed', t.due, 'late', t.late,
				'missing', CASE WHEN coalesce(t.due, 0) = 0 THEN 'a deadline that has passed' END)) AS evidence
	  FROM alert AS a LEFT JOIN told AS t USING (level)
	 WHERE a.state <> 'withdrawn' AND a.raised_at >= $2 AND a.raised_at < $3 GROUP BY a.level, t.due, t.kept, t.late
$$, '各级预警按期完成响应的比例，及各阶段数量。', 'Share of the deadlines of each level that were met, and the alerts by stage.', NULL, NULL, '{}', 1, 'indicator', true);

SELECT risk_screen._ship_rule('A14', NULL, '{}', '{}', '{institution}', '{}', $$
	WITH day AS (SELECT r.run_id FROM run AS r WHERE r.as_of = $1 AND r.known_at = $4),
	classed AS (
		SELECT DISTINCT ON (k.inst_id) k.inst_id, k.class, k.case_id FROM case_file AS k
		 WHERE k.class IS NOT NULL AND k.opened_at < $3 AND (k.closed_at IS NULL OR k.closed_at >= $3) ORDER BY k.inst_id, k.opened_at DESC, k.case_id DESC)
	SELECT 'high-risk' AS subject_kind, g.inst_id AS subject_id, nullif((g.level_in_force >= 'orange')::int + coalesce((k.class = 'ban')::int, 0), 0) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('level', g.level_in_force, 'class', k.class, 'case_id', k.case_id,
				'missing', CASE WHEN g.level_in_force = 'unknown' AND k.class IS DISTINCT FROM 'ban' THEN 'data to grade the institution' END)) AS evidence
	  FROM day AS d JOIN grade AS g USING (run_id) LEFT JOIN classed AS k USING (inst_id)
	 WHERE g.level_in_force >= 'orange' OR k.class = 'ban' OR g.level_in_force = 'unknown'
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'grades of the day') WHERE NOT EXISTS (SELECT FROM day AS d JOIN grade AS g USING (run_id))
$$, '高风险机构：评级为橙、红，或处置类别为取缔。', 'High-risk institutions: orange or red, or classed to be banned.', NULL, NULL, '{}', 1, 'indicator', true);

SELECT risk_screen._ship_rule('A15', NULL, '{}', '{}', '{institution}', '{}', $$
	WITH day AS (SELECT r.run_id FROM run AS r WHERE r.as_of = $1 AND r.known_at = $4),
	point AS MATERIALIZED (
		SELECT f.inst_id, f.rule, f.finding_key, f.severity, f.amount, v.decision
		  FROM day AS d JOIN finding AS f USING (run_id)
		  LEFT JOIN finding_review_history AS v ON v.rule = f.rule AND v.finding_key = f.finding_key AND v.known_from <= $4 AND (v.known_to IS NULL OR v.known_to > $4)
		 WHERE f.inst_id IS NOT NULL AND v.decision IS DISTINCT FROM 'rejected'),
	-- the first run that found it: all runs are read once, not once for each point
	first AS (
		SELECT o.rule, o.finding_key, min(x.as_of) AS since FROM run AS x JOIN finding AS o USING (run_id)
		 WHERE x.known_at = $4 AND x.as_of <= $1 AND (o.rule, o.finding_key) IN (SELECT rule, finding_key FROM point) GROUP BY o.rule, o.finding_key),
	dated AS (SELECT p.*, s.since FROM point AS p JOIN first AS s USING (rule, finding_key))
	SELECT 'ledger' AS subject_kind, g.inst_id AS subject_id, CASE WHEN count(p.rule) > 0 OR g.level_in_force <> 'unknown' THEN count(p.rule) END AS observed, NULL::numeric AS threshold, max(p.amount) AS amount, min(p.since)::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('confirmed', count(*) FILTER (WHERE p.decision = 'confirmed'), 'without_review', count(p.rule) FILTER (WHERE p.decision IS NULL), 'oldest', min(p.since), 'gravest', max(p.severity), 'rules', jsonb_agg(DISTINCT p.rule) FILTER (WHERE p.rule IS NOT NULL),
				'open_cases', (SELECT nullif(count(*), 0) FROM case_file AS k WHERE k.inst_id = g.inst_id AND k.opened_at < $3 AND (k.closed_at IS NULL OR k.closed_at >= $3)),
				'missing', CASE WHEN count(p.rule) = 0 AND g.level_in_force = 'unknown' THEN 'data to grade the institution' END)) AS evidence
	  FROM day AS d JOIN grade AS g USING (run_id) LEFT JOIN dated AS p USING (inst_id) GROUP BY g.inst_id, g.level_in_force
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'grades of the day') WHERE NOT EXISTS (SELECT FROM day AS d JOIN grade AS g USING (run_id))
$$, '风险台账：各机构未消除的风险点数（历次见风险台账视图）。', 'Risk ledger: open risk points of each institution; their history is the view risk_ledger.', NULL, NULL, '{}', 1, 'indicator', true);

-- Days since the last visit, or since the institution became high-risk: orange
-- or red on every day that was graded since (unknown ends nothing).
SELECT risk_screen._ship_rule('A16', 'yellow', '{}', '{inspection_period}', '{visit,visit.inst_id}', '{}', $$
	WITH day AS (SELECT r.run_id FROM run AS r WHERE r.as_of = $1 AND r.known_at = $4),
	high AS (
		SELECT g.inst_id, g.level_in_force, g.score,
			   (SELECT min(x.as_of) FROM grade AS o JOIN run AS x USING (run_id) WHERE o.inst_id = g.inst_id AND o.level_in_force >= 'orange' AND x.known_at = $4 AND x.as_of <= $1
			   AND NOT EXISTS (SELECT FROM grade AS q JOIN run AS y USING (run_id) WHERE q.inst_id = g.inst_id AND q.level_in_force IN ('green', 'yellow') AND y.known_at = $4 AND y.as_of > x.as_of AND y.as_of <= $1)) AS since
		  FROM day AS d JOIN grade AS g USING (run_id) WHERE g.level_in_force >= 'orange'),
	seen AS (
		SELECT v.inst_id, max(v.visited_on) AS visited_on FROM visit AS v WHERE v.visited_on <= $1 GROUP BY v.inst_id)
	SELECT 'inspection' AS subject_kind, h.inst_id AS subject_id, NULL::text AS inst_id, $1 - coalesce(s.visited_on, h.since) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, coalesce(s.visited_on, h.since)::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('level', h.level_in_force, 'score', h.score, 'last_visit', s.visited_on, 'high_risk_since', h.since)) AS evidence, 'inspection:' || h.inst_id AS finding_key
	  FROM high AS h LEFT JOIN seen AS s USING (inst_id)
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'grades of the day'), 'desk' WHERE NOT EXISTS (SELECT FROM day AS d JOIN grade AS g USING (run_id))
$$, '红、橙机构超过规定期限未开展现场检查。', 'An orange or red institution was not inspected within the period.', NULL, false, '{}', 1, NULL, true);

-- Red means that the loss may leave the institution: a candidate for a regional
-- event, which a person confirms. Observed: the score; beside it how far it reaches.
SELECT risk_screen._ship_rule('A01', NULL, '{}', '{red_provinces,red_exposed}', '{institution}', '{}', $$
	WITH day AS (SELECT r.run_id FROM run AS r WHERE r.as_of = $1 AND r.known_at = $4),
	red AS (
		SELECT g.inst_id, g.score, g.floor, g.red_lines FROM day AS d JOIN grade AS g USING (run_id) WHERE g.level_in_force = 'red'),
	money AS (
		SELECT p.inst_id, h.investor_id, sum(h.amount) AS amount
		  FROM (SELECT DISTINCT ON (investor_id, product_id) * FROM holding WHERE as_of <= $1 AND as_of >= $2::date ORDER BY investor_id, product_id, as_of DESC) AS h JOIN product AS p USING (product_id) JOIN red USING (inst_id)
		 WHERE h.amount > 0 GROUP BY p.inst_id, h.investor_id
		 UNION ALL
		SELECT l.inst_id, c.lender_id, sum(c.amount) FROM claim AS c JOIN loan AS l USING (loan_id) JOIN red ON red.inst_id = l.inst_id
		 WHERE c.from_on <= $1 AND (c.to_on > $1 OR c.to_on IS NULL) GROUP BY l.inst_id, c.lender_id),
	reach AS (
		SELECT m.inst_id, count(DISTINCT m.investor_id) AS investors, sum(m.amount) AS exposed, count(DISTINCT v.province) AS provinces
		  FROM money AS m LEFT JOIN (SELECT DISTINCT ON (investor_id) investor_id, province FROM investor ORDER BY investor_id, province) AS v USING (investor_id) GROUP BY m.inst_id)
	SELECT 'graded' AS subject_kind, r.inst_id AS subject_id, r.score AS observed, NULL::numeric AS threshold, x.exposed AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('level', 'red', 'red_lines', to_jsonb(r.red_lines), 'investors', x.investors, 'provinces', x.provinces,
				'may_leave_the_institution', x.provinces >= ($5 ->> 'red_provinces')::numeric OR x.exposed >= ($5 ->> 'red_exposed')::numeric)) AS evidence
	  FROM red AS r LEFT JOIN reach AS x USING (inst_id)
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'grades of the day') WHERE NOT EXISTS (SELECT FROM day AS d JOIN grade AS g USING (run_id))
$$, '红色机构：投资者人数、所涉省份与金额，是否可能引发区域性风险由人工认定。', 'Institutions graded red, their investors, provinces and exposed money; whether it may cause a regional event a person decides.', NULL, true, '{}', 1, 'indicator', true);
