-- nobody: findings of the newest run that charge no institution: users, accounts, banks, sites, the sector.
SELECT f.rule, f.rule_zh, f.severity, f.severity_zh, f.candidate, f.review, f.subject_kind, f.subject_id, f.observed, f.operator, f.threshold, f.amount, f.occurred_at, f.reason_zh, f.finding_key,
	   (SELECT jsonb_object_agg(e.key, e.value #>> '{}')
		  FROM jsonb_each(f.evidence::jsonb) AS e WHERE jsonb_typeof(e.value) IN ('string', 'number', 'boolean')) AS evidence
  FROM finding_list AS f
 WHERE f.inst_id IS NULL
 ORDER BY f.severity::risk_screen.risk_level DESC, f.rule COLLATE "C", f.amount DESC NULLS LAST, f.finding_key COLLATE "C";
