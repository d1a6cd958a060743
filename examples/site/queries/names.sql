-- names: words of the lists found in names, scopes and advertisements, with where they stand and what forbids them (the list's, else the rule's clause).
SELECT f.inst_id, f.rule, f.rule_zh, f.severity, f.severity_zh, f.candidate, f.review, e.rule_level, f.subject_kind, f.subject_id, f.evidence::jsonb ->> 'text' AS quoted,
	   h.term, h.field, h.lexicon, coalesce(h.basis, '方案 ' || array_to_string(r.plan, '、') || coalesce('：' || nullif(f.clause, f.rule_zh), '')) AS basis
  FROM finding_list AS f
  LEFT JOIN rule_outcome AS r ON r.rule = f.rule AND r.run_id = (SELECT run_id FROM current_run)
  LEFT JOIN grade_explanation AS e ON e.inst_id = f.inst_id AND e.rule = f.rule
  -- rules keep words as hits, terms or words: objects, or the words alone
  LEFT JOIN LATERAL (
	SELECT DISTINCT coalesce(x.value ->> 'term', x.value #>> '{}') AS term, x.value ->> 'field' AS field, x.value ->> 'lexicon' AS lexicon, x.value ->> 'basis' AS basis
	  FROM (VALUES (f.evidence::jsonb -> 'hits'), (f.evidence::jsonb -> 'terms'), (f.evidence::jsonb -> 'words')) AS k (list)
	 CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(k.list) = 'array' THEN k.list ELSE '[]' END) AS x (value)) AS h ON true
 WHERE f.rule ~ '^H' AND f.inst_id IS NOT NULL
 ORDER BY f.inst_id, f.severity::risk_screen.risk_level DESC, f.rule COLLATE "C", f.subject_id COLLATE "C", h.field, h.term COLLATE "C", h.lexicon;
