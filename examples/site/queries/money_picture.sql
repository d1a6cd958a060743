-- money_picture: the way of that money as a Sankey diagram, from the same attribution as the view money_destination.
WITH run AS (
	SELECT r.*, ARRAY(SELECT DISTINCT inst_id FROM money_trace WHERE run_id = r.run_id ORDER BY 1) AS followed FROM current_run AS r),
money AS (
	SELECT m.inst_id, m.kind, m.account, m.counterparty, m.txn_id, m.paid_at, sum(m.traced) AS traced
	  FROM run, risk_screen.desk_money(risk_screen.day_start(run.since), risk_screen.day_start(run.as_of + 1), run.followed) AS m
	 WHERE m.kind IN ('moved', 'held', 'exited')
	 GROUP BY 1, 2, 3, 4, 5, 6)
SELECT inst_id, sum(traced) FILTER (WHERE kind <> 'moved') AS followed,
	   risk_screen.flow_sankey_option(account, counterparty, traced, paid_at, NULL, jsonb_build_object('workspace', :'desk', 'max_nodes', 20)) AS picture
  FROM money
 GROUP BY inst_id
 ORDER BY inst_id;
