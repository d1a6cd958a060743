-- deadlines: every step that an open alert asks for, done or not.
SELECT a.inst_id, a.alert_id, a.rule, a.level::text AS level, risk_screen.level_label(a.level) AS level_zh, d.requirement, q.title_zh AS requirement_zh,
	   d.action, d.target, nullif(d.due_at, 'infinity') AS due_at, z.done_at
  FROM alert AS a
  JOIN alert_deadline AS d USING (alert_id)
  LEFT JOIN risk_screen.requirement AS q ON q.code = d.requirement
  LEFT JOIN LATERAL (SELECT min(x.done_at) AS done_at FROM alert_action AS x
					  WHERE x.alert_id = d.alert_id AND x.kind = d.action AND (d.target = '' OR x.target = d.target) AND x.done_at >= a.raised_at) AS z ON true
 WHERE a.state = 'open'
 ORDER BY a.inst_id, d.due_at NULLS LAST, a.rule COLLATE "C", d.requirement COLLATE "C", d.target;
