-- findings: every finding with the part of its evidence that is one value.
SELECT f.inst_id, f.rule, f.rule_zh, f.severity, f.severity_zh, f.candidate, f.review, f.subject_kind, f.subject_id, f.observed, f.operator, f.threshold,
	   f.amount, f.occurred_at, f.finding_key,
	   (SELECT jsonb_object_agg(e.key, e.value #>> '{}')
		  FROM jsonb_each(f.evidence::jsonb) AS e WHERE jsonb_typeof(e.value) IN ('string', 'number', 'boolean')) AS evidence
  FROM finding_list AS f
 WHERE f.inst_id IS NOT NULL
 ORDER BY f.inst_id, f.severity::risk_screen.risk_level DESC, f.amount DESC NULLS LAST, f.rule COLLATE "C", f.finding_key COLLATE "C";
