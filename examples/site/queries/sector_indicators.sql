-- sector_indicators: what the rules measured for the sector and its lines; B02 by line is the CR10 of sector.sql.
SELECT v.rule, r.title_zh AS rule_zh, v.subject_kind, v.subject_id, coalesce(l.title_zh, v.subject_id) AS subject_zh, v.value, v.operator, v.threshold, v.amount
  FROM indicator_value AS v
  JOIN current_run USING (run_id)
  LEFT JOIN risk_screen.rule AS r ON r.code = v.rule
  LEFT JOIN risk_screen.code_label AS l ON l.domain = 'line' AND l.code = v.subject_id
 WHERE v.subject_kind IN ('sector', 'line') AND v.status = 'ok' AND NOT (v.rule = 'B02' AND v.subject_kind = 'line')
 ORDER BY v.rule COLLATE "C", v.subject_kind DESC, v.value DESC NULLS LAST, v.subject_id;
