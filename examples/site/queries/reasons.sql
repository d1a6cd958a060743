-- reasons: why each institution has its level, gravest contribution first.
SELECT inst_id, rule, rule_zh, status, candidate, (SELECT o.severity FROM rule_outcome AS o WHERE o.rule = e.rule AND o.run_id = (SELECT run_id FROM current_run)) AS severity, rule_level, rule_level_zh, findings, amount, points, share_of_score, observed, operator, threshold,
	   plan, clause, reason_zh, note_zh
  FROM grade_explanation AS e
 ORDER BY inst_id, status = 'gap', rule_level::risk_screen.risk_level DESC NULLS LAST, points DESC NULLS LAST, rule COLLATE "C";
