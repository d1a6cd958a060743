-- owners: holdings among the owners of every institution, over all layers, as edges to draw; share of the institution where known.
WITH through AS (
	SELECT target, party, layers, direct, total, ultimate, in_cycle, array_to_string(flags, ',') AS flags
	  FROM risk_screen.look_through('equity', targets => ARRAY(SELECT DISTINCT inst_id FROM institution), as_of => (SELECT as_of FROM current_run))),
held AS (
	SELECT e.owner, e.owned, sum(e.share) AS share, string_agg(DISTINCT e.kind, ',' ORDER BY e.kind) AS kind
	  FROM equity AS e, current_run AS c
	 WHERE (e.valid_from IS NULL OR e.valid_from <= c.as_of) AND (e.valid_to IS NULL OR e.valid_to > c.as_of)
	 GROUP BY e.owner, e.owned),
named AS (
	SELECT DISTINCT ON (id) id, name, level FROM (
		SELECT party_id AS id, name, NULL AS level FROM party
		 UNION ALL
		SELECT b.inst_id, b.name, b.level FROM risk_board AS b) AS n
	 ORDER BY id, level NULLS LAST, name)
SELECT t.target AS inst_id, t.party, coalesce(n.name, t.party, '（未知）') AS party_name, n.level AS party_level, t.layers, t.total, t.direct, t.ultimate, t.in_cycle, t.flags,
	   h.owned, h.share, h.kind
  FROM through AS t
  LEFT JOIN held AS h ON h.owner = t.party AND (h.owned = t.target OR EXISTS (SELECT FROM through AS u WHERE u.target = t.target AND u.party = h.owned))
  LEFT JOIN named AS n ON n.id = t.party
 ORDER BY t.target, t.layers, t.total DESC NULLS LAST, t.party COLLATE "C", h.owned COLLATE "C";
