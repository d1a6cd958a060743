-- sector_indicators: what the rules measured for the sector, its regions and its lines; B02 by line is the CR10 of sector.sql. Lines of one value are one row.
SELECT v.rule, r.title_zh AS rule_zh, nullif(r.measures -> -1 ->> 'unit', '') AS unit, v.subject_kind, v.value, v.operator, v.threshold, sum(v.amount) AS amount,
	   CASE WHEN bool_or(v.subject_id = 'ALL') THEN 'ALL' ELSE min(v.subject_id) END AS subject_id,
	   CASE WHEN v.subject_kind = 'line' AND bool_or(v.subject_id = 'ALL') AND count(*) > 1 THEN '全部条线及其各 ' || count(*) - 1 || ' 条'
			ELSE string_agg(coalesce(l.title_zh, v.subject_id), '、' ORDER BY v.subject_id) END AS subject_zh, count(*) AS subjects
  FROM indicator_value AS v
  JOIN current_run USING (run_id)
  LEFT JOIN risk_screen.rule AS r ON r.code = v.rule
  LEFT JOIN risk_screen.code_label AS l ON l.domain = 'line' AND l.code = v.subject_id
 WHERE v.subject_kind IN ('sector', 'region', 'line') AND v.status = 'ok' AND NOT (v.rule = 'B02' AND v.subject_kind = 'line')
 GROUP BY v.rule, r.title_zh, r.measures, v.subject_kind, v.value, v.operator, v.threshold, CASE WHEN v.subject_kind <> 'line' THEN v.subject_id END
 ORDER BY v.rule COLLATE "C", v.subject_kind DESC, v.value DESC NULLS LAST, min(v.subject_id);
