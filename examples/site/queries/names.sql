-- names: words of the lists found in names, scopes and advertisements, with the clause.
SELECT f.inst_id, f.rule, f.rule_zh, f.severity, f.severity_zh, f.candidate, f.subject_kind, f.subject_id,
	   h.term, h.field, h.lexicon, h.basis
  FROM finding_list AS f
  LEFT JOIN LATERAL jsonb_to_recordset(CASE WHEN jsonb_typeof(f.evidence::jsonb -> 'hits') = 'array' THEN f.evidence::jsonb -> 'hits' ELSE '[]' END)
	AS h (term text, field text, lexicon text, basis text) ON true
 WHERE f.rule ~ '^H' AND f.inst_id IS NOT NULL
 ORDER BY f.inst_id, f.severity::risk_screen.risk_level DESC, f.rule COLLATE "C", h.field, h.term COLLATE "C", h.lexicon;
