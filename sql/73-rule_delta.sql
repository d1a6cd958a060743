-- Shipped rules whose measurements belong to one day each: screen() may judge
-- only the days that changed. test/pgtap/delta_random.sql compares whole
-- and incremental runs for every one of them.

UPDATE risk_screen.rule AS r SET delta_roles = v.roles::text[], delta_days = v.days
  FROM (VALUES ('B12', '{txn}', 1),      -- any 24 hours reach into the day before
			   -- one transfer
			   ('E17', '{txn}', 0), ('K12', '{txn}', 0),
			   -- one sale, award, fine, access
			   ('B21', '{sale}', 0), ('J08', '{award}', 0), ('B24', '{penalty}', 0), ('M23', '{access_log}', 0),
			   -- one text
			   ('G13', '{text_item}', 0), ('H11', '{text_item}', 0), ('H12', '{text_item}', 0), ('H13', '{text_item}', 0), ('H14', '{text_item}', 0),
			   -- one event of the register; H04 and H05 look at the names before
			   ('H06', '{registration}', 0)) AS v (code, roles, days)
 WHERE r.code = v.code;
