-- run: the run that the whole site shows. One row.
SELECT c.run_id, c.as_of, c.since, c.finished_at, c.run_by, c.rules, c.errors, c.unknowns, c.findings, left(c.rules_hash::text, 14) AS rules_hash,
	   c.filtered_roles, risk_screen.version() AS version
  FROM current_run AS c;
