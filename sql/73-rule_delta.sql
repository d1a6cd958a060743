-- Shipped rules whose measurements belong to one day each: screen() may judge
-- only the days that changed. test/pgtap/delta.sql compares whole and
-- incremental runs for every one of them.

UPDATE risk_screen.rule AS r SET delta_roles = v.roles::text[], delta_days = v.days
  FROM (VALUES ('B12', '{txn}', 1),      -- any 24 hours reach into the day before
			   ('B14', '{txn}', 0), ('B21', '{sale}', 0), ('E17', '{txn}', 0), ('K12', '{txn}', 0)) AS v (code, roles, days)
 WHERE r.code = v.code;
