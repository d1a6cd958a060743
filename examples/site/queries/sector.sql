-- sector: per business line (and ALL) size, concentration, leverage and levels. Traded amounts of the run's window, newest filed balances.
WITH c AS (SELECT * FROM current_run),
traded AS (
	SELECT p.inst_id, sum(p.value) AS traded FROM position AS p, c
	 WHERE p.item = 'traded_amount' AND p.as_of <= c.as_of AND p.as_of >= c.since AND p.value > 0 GROUP BY p.inst_id),
filed AS (
	SELECT DISTINCT ON (p.inst_id, p.item) p.inst_id, p.item, p.value FROM position AS p, c
	 WHERE p.item IN ('outstanding', 'net_assets') AND p.as_of <= c.as_of ORDER BY p.inst_id, p.item, p.as_of DESC),
book AS (
	SELECT inst_id, max(value) FILTER (WHERE item = 'outstanding') AS outstanding, max(value) FILTER (WHERE item = 'net_assets') AS net_assets
	  FROM filed GROUP BY inst_id),
member AS (
	SELECT 'ALL' AS line, i.inst_id FROM institution AS i WHERE cardinality(i.lines) > 0 OR i.inst_id IN (SELECT inst_id FROM traded)
	 UNION ALL
	SELECT l, i.inst_id FROM institution AS i, unnest(i.lines) AS l)
SELECT m.line, l.title_zh AS line_zh, count(*) AS institutions, count(t.traded) AS trading, sum(t.traded) AS traded,
	   risk_screen.top_share(t.traded, 10) AS cr10, risk_screen.hhi(t.traded) AS hhi,
	   sum(b.outstanding) AS outstanding, sum(b.net_assets) AS net_assets, round(sum(b.outstanding) / nullif(sum(b.net_assets), 0), 4) AS leverage,
	   count(*) FILTER (WHERE g.level = 'red') AS red, count(*) FILTER (WHERE g.level = 'orange') AS orange, count(*) FILTER (WHERE g.level = 'yellow') AS yellow,
	   count(*) FILTER (WHERE g.level = 'unknown') AS unknown, count(*) FILTER (WHERE g.level = 'green') AS green
  FROM member AS m
  LEFT JOIN risk_screen.code_label AS l ON l.domain = 'line' AND l.code = m.line
  LEFT JOIN traded AS t USING (inst_id)
  LEFT JOIN book AS b USING (inst_id)
  LEFT JOIN risk_board AS g USING (inst_id)
 GROUP BY m.line, l.title_zh
 ORDER BY m.line <> 'ALL', institutions DESC, m.line;
