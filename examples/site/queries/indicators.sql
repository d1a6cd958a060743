-- indicators: measured values of institutions against their threshold and against the other institutions of the same line.
WITH measured AS (
	SELECT v.inst_id, i.lines[1] AS line, v.rule, v.value, v.operator, v.threshold, v.status
	  FROM indicator_value AS v
	  JOIN current_run USING (run_id)
	  JOIN institution AS i USING (inst_id)
	 WHERE v.subject_kind = 'institution' AND v.seq = 1),
peer AS (
	SELECT rule, line, count(value) AS peers, percentile_cont(0.25) WITHIN GROUP (ORDER BY value) AS lower_quartile,
		   percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS median, percentile_cont(0.75) WITHIN GROUP (ORDER BY value) AS upper_quartile,
		   min(value) AS smallest, max(value) AS largest
	  FROM measured GROUP BY rule, line)
SELECT m.inst_id, m.rule, r.title_zh AS rule_zh, r.severity,
	   coalesce(nullif(r.measures -> -1 ->> 'unit', ''), (SELECT min(a.unit) FROM risk_screen.parameter AS a WHERE a.code = ANY (r.parameters) AND a.operator <> '=' AND a.value = m.threshold)) AS unit, r.reason_zh, m.value, m.operator, m.threshold, m.status,
	   p.peers, p.lower_quartile, p.median, p.upper_quartile, p.smallest, p.largest,
	   CASE m.operator WHEN '>=' THEN m.value >= m.threshold WHEN '>' THEN m.value > m.threshold WHEN '<=' THEN m.value <= m.threshold
			WHEN '<' THEN m.value < m.threshold END AS beyond
  FROM measured AS m
  JOIN peer AS p ON p.rule = m.rule AND p.line IS NOT DISTINCT FROM m.line
  LEFT JOIN risk_screen.rule AS r ON r.code = m.rule
 ORDER BY m.inst_id, beyond DESC NULLS LAST, m.rule COLLATE "C";
