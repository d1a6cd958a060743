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
	 WHERE d.requirement = %L AND d.due_at < $3 AND a.state IN ('open', 'closed') AND d.due_at < coalesce(x.done_at, $3) AND a.raised_at < $3 AND a.raised_at >= $2
$$, r.code), r.zh, r.en, NULL, false)
  FROM (VALUES ('A05', '红色预警未在1小时内推送至监管负责人。', 'A red alert was not pushed to the supervisor within one hour.'),
			   ('A06', '红色预警未同步启动应急处置流程。', 'A red alert did not open the emergency procedure.'),
			   ('A08', '橙色预警的风险提示函未在24小时内发送高管并抄送监管部门。', 'The letter of an orange alert was not sent to executives and regulator within 24 hours.'),
			   ('A10', '黄色预警公示后10个工作日内未收到整改方案。', 'No rectification plan ten working days after a yellow alert was published.')) AS r (code, zh, en);

SELECT risk_screen._ship_rule('A11', 'yellow', '{}', '{}', '{}', '{}', $$
	SELECT 'case' AS subject_kind, c.case_id::text AS subject_id, NULL::text AS inst_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, c.opened_at AS occurred_at,
		   jsonb_build_object('inst_id', c.inst_id, 'kind', c.kind, 'state', c.state) AS evidence
	  FROM case_file AS c
	 WHERE (c.kind <> 'emergency' OR c.state <> 'opened') AND c.opened_at < $3
	   AND NOT EXISTS (SELECT FROM alert AS a WHERE a.inst_id = c.inst_id AND a.review_state = 'confirmed')
$$, '未经人工复核确认即启动处置程序。', 'Disposal started without a confirmed alert.', NULL, false);

SELECT risk_screen._ship_rule('A13', NULL, '{}', '{}', '{}', '{}', $$
	SELECT 'level' AS subject_kind, a.level::text AS subject_id, round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY a.reviewed_at - a.raised_at))::numeric / 3600, 4) AS observed,
		   NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('reviewed', count(*), 'p95_hours', round(extract(epoch FROM percentile_cont(0.95) WITHIN GROUP (ORDER BY a.reviewed_at - a.raised_at))::numeric / 3600, 4)) AS evidence
	  FROM alert AS a WHERE a.reviewed_at IS NOT NULL AND a.raised_at >= $2 AND a.raised_at < $3 AND a.reviewed_at < $3
	 GROUP BY a.level
$$, '从预警到复核的中位小时数。', 'Median hours from alert to review.');
UPDATE risk_screen.rule SET kind = 'indicator' WHERE code = 'A13';
