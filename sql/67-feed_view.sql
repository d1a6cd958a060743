-- Views of a workspace on what was filed: per institution and day, and per bad row.

INSERT INTO risk_screen._desk_object (name, ordinal, ddl, description, columns) VALUES
('feed_report', 140, $$
CREATE VIEW feed_report WITH (security_invoker) AS
	WITH newest AS (SELECT max(b.report_date) AS day FROM feed_batch AS b),
	span AS (
		SELECT b.inst_id, b.role, min(b.report_date) AS first_day, n.day AS last_day
		  FROM feed_batch AS b CROSS JOIN newest AS n
		 WHERE NOT EXISTS (SELECT FROM risk_screen.role AS r WHERE r.role = b.role AND r.day_column IS NULL)
		 GROUP BY b.inst_id, b.role, n.day
		 UNION ALL
		SELECT i.inst_id, d.role, d.valid_from, least(d.valid_to - 1, n.day)
		  FROM newest AS n CROSS JOIN feed_duty AS d JOIN institution AS i ON (d.inst_id = '' OR d.inst_id = i.inst_id) AND (d.line = 'ALL' OR d.line = ANY (i.lines))
		 WHERE coalesce(i.status, 'active') NOT IN ('exited', 'revoked', 'closed')),
	expected AS (
		SELECT DISTINCT s.inst_id, s.role, g::date AS report_date FROM span AS s, generate_series(s.first_day::timestamp, s.last_day::timestamp, interval '1 day') AS g),
	got AS (
		SELECT b.inst_id, b.role, b.report_date, count(*) FILTER (WHERE b.state IN ('loaded', 'partial')) AS messages, count(*) AS versions,
			   count(*) FILTER (WHERE b.state = 'rejected') AS rejected, min(b.received_at) FILTER (WHERE b.state <> 'rejected') AS received_at, max(b.last_received_at) AS last_received_at,
			   sum(b.filed) FILTER (WHERE b.state IN ('loaded', 'partial')) AS filed, sum(b.loaded) FILTER (WHERE b.state IN ('loaded', 'partial')) AS loaded,
			   sum(b.quarantined) FILTER (WHERE b.state IN ('loaded', 'partial')) AS quarantined, bool_or(b.mode = 'realtime') AS realtime,
			   string_agg(b.message, '; ' ORDER BY b.feed_no) FILTER (WHERE b.state <> 'replaced') AS message
		  FROM feed_batch AS b GROUP BY b.inst_id, b.role, b.report_date),
	whole AS (
		SELECT coalesce(e.inst_id, g.inst_id) AS inst_id, coalesce(e.role, g.role) AS role, coalesce(e.report_date, g.report_date) AS report_date,
			   g.messages, g.versions, g.rejected, g.received_at, g.last_received_at, g.filed, g.loaded, g.quarantined, g.message,
			   (g.received_at AT TIME ZONE current_setting('risk_screen.time_zone'))::date - coalesce(e.report_date, g.report_date) AS lag_days,
			   risk_screen.parameter_value(CASE WHEN g.realtime THEN 'feed_lag_realtime' ELSE 'feed_lag' END, coalesce(e.report_date, g.report_date)) AS lag_allowed
		  FROM expected AS e FULL JOIN got AS g ON g.inst_id = e.inst_id AND g.role = e.role AND g.report_date = e.report_date)
	SELECT w.inst_id, i.name, w.role, r.title_zh AS role_zh, w.report_date,
		   CASE WHEN w.versions IS NULL THEN 'missing' WHEN w.received_at IS NULL THEN 'rejected' WHEN w.lag_days > w.lag_allowed THEN 'late' WHEN w.quarantined > 0 THEN 'partial' ELSE 'on_time' END AS status,
		   CASE WHEN w.versions IS NULL THEN '缺报' WHEN w.received_at IS NULL THEN '已退回' WHEN w.lag_days > w.lag_allowed THEN '迟报' WHEN w.quarantined > 0 THEN '部分入库' ELSE '按时' END AS status_zh,
		   w.received_at, w.lag_days, coalesce(w.messages, 0) AS messages, coalesce(w.versions, 0) AS versions, coalesce(w.rejected, 0) AS rejected,
		   w.filed, w.loaded, w.quarantined, w.last_received_at, w.message
	  FROM whole AS w
	  LEFT JOIN (SELECT x.inst_id, min(x.name) AS name FROM institution AS x GROUP BY x.inst_id) AS i ON i.inst_id = w.inst_id
	  LEFT JOIN risk_screen.role AS r ON r.role = w.role
$$, '报送日报: what each institution filed for each day, and what it did not; expected up to the newest day filed by anybody', $$
inst_id 机构编号; institution
name 机构名称; name
role 数据种类; role
role_zh 数据名称; Chinese label
report_date 数据日期; day
status 状态; missing, rejected, late, partial, on_time
status_zh 状态名称; Chinese label
received_at 接收时间; first version that was loaded
lag_days 间隔天数; days from the day to its arrival
messages 批次数; messages in force
versions 版本数; versions received, corrections and rejected ones included
rejected 退回数; versions rejected
filed 报送行数; rows in force and in quarantine
loaded 入库行数; rows in force
quarantined 隔离行数; rows in quarantine
last_received_at 末次接收; last delivery
message 说明; totals that differ
$$),
('feed_problem', 141, $$
CREATE VIEW feed_problem WITH (security_invoker) AS
	SELECT b.inst_id, b.role, b.report_date, b.batch, b.feed_no, b.state, q.row_position,
		   nullif(regexp_replace(p, ':[a-z_]+$', ''), '') AS field, substring(p FROM ':([a-z_]+)$') AS problem, l.title_zh AS problem_zh, q.content
	  FROM feed_quarantine AS q
	  JOIN feed_batch AS b ON b.feed_no = q.feed_no
	 CROSS JOIN unnest(q.problems) AS p
	  LEFT JOIN risk_screen.code_label AS l ON l.domain = 'feed_problem' AND l.code = substring(p FROM ':([a-z_]+)$')
	 WHERE q.released_at IS NULL
$$, '隔离原因: one line per problem of each row in quarantine', $$
inst_id 报送机构; who filed
role 数据种类; role
report_date 数据日期; day
batch 批次; message of the day
feed_no 报送编号; version of the message
state 批次状态; replaced: a later version is in force
row_position 行号; place in the message, from 1
field 字段; field with the problem; NULL: the row
problem 问题; code, see code_label domain feed_problem
problem_zh 问题名称; Chinese label
content 原文; the row as filed
$$);
