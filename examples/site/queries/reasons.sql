-- reasons: why each institution has its level, gravest contribution first.
SELECT inst_id, rule, rule_zh, status, rule_level, rule_level_zh, findings, amount, points, share_of_score, observed, operator, threshold,
	   plan, clause, reason_zh, note_zh
  FROM grade_explanation
 ORDER BY inst_id, status = 'gap', rule_level::risk_screen.risk_level DESC NULLS LAST, points DESC NULLS LAST, rule COLLATE "C";
