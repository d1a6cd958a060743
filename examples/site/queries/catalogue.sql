-- catalogue: every requirement of the plans, with its clause, its state and what it found in this run.
SELECT k.code, k.state, k.title_zh, k.title_en, k.kind, k.nature, k.line, k.plan, k.clause, k.threshold, k.severity, k.needs, k.note,
	   o.outcome, o.hits, o.message
  FROM risk_screen.rule_catalogue AS k
  LEFT JOIN (SELECT x.* FROM rule_outcome AS x JOIN current_run USING (run_id)) AS o ON o.rule = k.code
 ORDER BY k.code COLLATE "C";
