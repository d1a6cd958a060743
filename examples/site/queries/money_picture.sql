-- money_picture: the way of that money as a Sankey diagram, from the same attribution as the view money_destination.
WITH run AS (
	SELECT r.*, ARRAY(SELECT DISTINCT inst_id FROM money_trace WHERE run_id = r.run_id ORDER BY 1) AS followed FROM current_run AS r),
money AS (
	SELECT m.inst_id, m.kind, m.account, m.counterparty, m.txn_id, m.paid_at, sum(m.traced) AS traced
	  FROM run, risk_screen.desk_money(risk_screen.day_start(run.since), risk_screen.day_start(run.as_of + 1), run.followed) AS m
	 WHERE m.kind IN ('moved', 'held', 'exited')
	 GROUP BY 1, 2, 3, 4, 5, 6),
related AS (
	SELECT d.inst_id, jsonb_object_agg(d.account_id, jsonb_build_object('name', d.owner_name || '·关联方', 'level', b.level, 'incomplete', b.incomplete)) AS nodes
	  FROM (SELECT DISTINCT ON (inst_id, account_id) * FROM money_destination ORDER BY inst_id, account_id, owner_name) AS d
	  LEFT JOIN risk_board AS b ON b.inst_id = d.owner_id
	 WHERE d.related AND d.owner_id <> d.inst_id AND d.owner_name IS NOT NULL
	 GROUP BY d.inst_id)
SELECT inst_id, sum(traced) FILTER (WHERE kind <> 'moved') AS followed,
	   risk_screen.flow_sankey_option(account, counterparty, traced, paid_at, nodes, jsonb_build_object('workspace', :'desk', 'max_nodes', 20)) AS picture
  FROM money LEFT JOIN related USING (inst_id)
 GROUP BY inst_id
 ORDER BY inst_id;
