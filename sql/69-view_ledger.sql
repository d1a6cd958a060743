-- Views over all runs and over what people decided: the ledger of findings, the
-- list of candidates with their reviews, who is high-risk, how alerts age, what
-- may be published, which transfers carry a tag.

INSERT INTO risk_screen._desk_object (name, ordinal, ddl, description, columns) VALUES
('candidate_list', 120, $$
CREATE VIEW candidate_list WITH (security_invoker) AS
	SELECT x.as_of, x.rule, r.title_zh AS rule_zh, r.title_en AS rule_en, r.clause, x.inst_id, i.name, x.severity, x.subject_kind, x.subject_id,
		   x.observed, x.operator, x.threshold, x.amount, x.occurred_at, x.evidence, x.finding_key,
		   coalesce(v.decision, 'pending') AS review, v.reviewer, v.reviewed_at, v.reason
	  FROM (SELECT c.as_of, f.rule, f.inst_id, f.severity::text AS severity, f.subject_kind, f.subject_id, f.observed, f.operator, f.threshold, f.amount, f.occurred_at, f.evidence::text AS evidence, f.finding_key
			  FROM current_run AS c JOIN finding AS f USING (run_id) WHERE f.candidate
			 UNION ALL
			-- candidates that are only measured: nobody is charged, a person classifies
			SELECT c.as_of, w.rule, w.inst_id, NULL, w.subject_kind, w.subject_id, w.value, w.operator, w.threshold, w.amount, w.occurred_at, w.evidence::text, w.subject_kind || ':' || w.subject_id
			  FROM current_run AS c JOIN indicator_value AS w USING (run_id) JOIN risk_screen.rule AS y ON y.code = w.rule AND y.candidate AND y.severity IS NULL WHERE w.status = 'ok' AND w.value > 0) AS x
	  LEFT JOIN risk_screen.rule AS r ON r.code = x.rule
	  LEFT JOIN institution AS i ON i.inst_id = x.inst_id
	  LEFT JOIN finding_review AS v ON v.rule = x.rule AND v.finding_key = x.finding_key
$$, '待认定清单: candidates of the newest run with the evidence and what a person decided', $$
as_of 监测日期; day of the run
rule 规则编号; code
rule_zh 规则名称; Chinese title
rule_en 规则英文名称; English title
clause 条款; words of the source plan
inst_id 机构编号; institution
name 机构名称; name
severity 严重程度; red, orange, yellow; NULL: measured only
subject_kind 对象类型; what it is about
subject_id 对象编号; which
observed 观测值; measured
operator 比较符; comparison
threshold 阈值; compared with
amount 涉及金额; yuan
occurred_at 发生时间; moment
evidence 证据; JSON text
finding_key 问题标识; to be named in finding_review
review 复核结论; pending 待定, confirmed 属实, rejected 误报
reviewer 复核人; who
reviewed_at 复核时间; when
reason 理由; why
$$),
('risk_ledger', 121, $$
CREATE VIEW risk_ledger WITH (security_invoker) AS
	SELECT f.inst_id, i.name, f.rule, r.title_zh AS rule_zh, f.finding_key, min(x.as_of) AS first_as_of, max(x.as_of) AS last_as_of, count(*) AS runs,
		   CASE WHEN v.decision = 'rejected' THEN 'rejected' WHEN max(x.as_of) = c.as_of THEN 'open' ELSE 'gone' END AS state,
		   coalesce(v.decision, 'none') AS review, v.reviewer, v.reviewed_at,
		   (array_agg(f.severity::text ORDER BY x.as_of DESC))[1] AS severity, (array_agg(f.observed ORDER BY x.as_of DESC))[1] AS observed, (array_agg(f.amount ORDER BY x.as_of DESC))[1] AS amount,
		   max(f.amount) AS largest_amount
	  FROM finding AS f
	  JOIN run AS x USING (run_id)
	 CROSS JOIN current_run AS c
	  LEFT JOIN institution AS i USING (inst_id)
	  LEFT JOIN risk_screen.rule AS r ON r.code = f.rule
	  LEFT JOIN finding_review AS v ON v.rule = f.rule AND v.finding_key = f.finding_key
	 WHERE x.known_at = 'infinity' AND x.finished_at IS NOT NULL
	 GROUP BY f.inst_id, i.name, f.rule, r.title_zh, f.finding_key, v.decision, v.reviewer, v.reviewed_at, c.as_of
$$, '风险台账: one line per institution and risk point over all runs: since when, whether it is still there, what was decided (A15)', $$
inst_id 机构编号; institution; NULL: none charged
name 机构名称; name
rule 规则编号; code
rule_zh 规则名称; Chinese title
finding_key 问题标识; the risk point
first_as_of 首次发现日; first day found
last_as_of 末次发现日; last day found
runs 发现次数; runs that found it
state 状态; open 存续, gone 已消失, rejected 误报
review 复核结论; confirmed, rejected, none
reviewer 复核人; who
reviewed_at 复核时间; when
severity 严重程度; on the last day
observed 观测值; on the last day
amount 涉及金额; on the last day, yuan
largest_amount 最大金额; over all days, yuan
$$),
('high_risk', 122, $$
CREATE VIEW high_risk WITH (security_invoker) AS
	SELECT c.as_of, g.inst_id, i.name, i.province, g.level_in_force::text AS level, risk_screen.level_label(g.level_in_force, g.level, g.possible) AS level_zh, k.class, k.class_reason, k.case_id,
		   CASE WHEN k.class = 'ban' AND g.level_in_force < 'orange' THEN 'class' WHEN k.class = 'ban' THEN 'grade and class' ELSE 'grade' END AS because
	  FROM current_run AS c
	  JOIN grade AS g USING (run_id)
	  LEFT JOIN institution AS i USING (inst_id)
	  LEFT JOIN LATERAL (SELECT x.class, x.class_reason, x.case_id FROM case_file AS x WHERE x.inst_id = g.inst_id AND x.class IS NOT NULL AND x.closed_at IS NULL ORDER BY x.opened_at DESC, x.case_id DESC LIMIT 1) AS k ON true
	 WHERE g.level_in_force >= 'orange' OR k.class = 'ban'
$$, '高风险机构: institutions that are orange or red, or classed to be banned (A14)', $$
as_of 监测日期; day of the run
inst_id 机构编号; institution
name 机构名称; name
province 省份; province
level 现行等级; in force
level_zh 现行等级名称; in Chinese
class 处置类别; decided in the open case: compliant, rectify, ban
class_reason 认定理由; why
case_id 案件编号; case
because 列入原因; grade, class, or both
$$),
('alert_ageing', 123, $$
CREATE VIEW alert_ageing WITH (security_invoker) AS
	SELECT a.level::text AS level, risk_screen.level_label(a.level) AS level_zh, a.state, a.review_state, count(*) AS alerts,
		   round(extract(epoch FROM now() - min(a.raised_at)) / 3600, 1) AS oldest_hours,
		   round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(a.reviewed_at, now()) - a.raised_at))::numeric / 3600, 1) AS median_hours_to_review,
		   round(extract(epoch FROM percentile_cont(0.95) WITHIN GROUP (ORDER BY coalesce(a.reviewed_at, now()) - a.raised_at))::numeric / 3600, 1) AS p95_hours_to_review,
		   round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY a.closed_at - a.raised_at))::numeric / 3600, 1) AS median_hours_to_close,
		   count(*) FILTER (WHERE o.late) AS overdue, count(*) FILTER (WHERE a.case_id IS NOT NULL) AS with_case
	  FROM alert AS a
	  LEFT JOIN LATERAL (SELECT bool_or(d.due_at < now()) AS late FROM alert_deadline AS d
						  WHERE d.alert_id = a.alert_id AND a.state = 'open' AND NOT EXISTS (SELECT FROM alert_action AS z WHERE z.alert_id = d.alert_id AND z.kind = d.action
											AND (d.target = '' OR z.target = d.target) AND z.done_at >= a.raised_at)) AS o ON true
	 WHERE a.state <> 'withdrawn'
	 GROUP BY a.level, a.state, a.review_state
$$, '预警时效: alerts by level and stage, how old they are and how many are overdue (A12, A13)', $$
level 等级; level
level_zh 等级名称; in Chinese
state 状态; open, inhibited, closed
review_state 复核状态; pending, confirmed, false_positive
alerts 预警数; alerts
oldest_hours 最久小时; age of the oldest, hours
median_hours_to_review 复核中位小时; to the review, or to now
p95_hours_to_review 复核95分位小时; to the review, or to now
median_hours_to_close 关闭中位小时; to the closing
overdue 逾期数; with an open deadline that has passed
with_case 已立案数; with a case
$$),
('inspection_coverage', 124, $$
CREATE VIEW inspection_coverage WITH (security_invoker) AS
	SELECT c.as_of, g.level_in_force::text AS level, risk_screen.level_label(g.level_in_force) AS level_zh, count(*) AS institutions,
		   count(v.visited_on) AS visited, round(count(v.visited_on)::numeric / count(*), 4) AS share, max(v.visited_on) AS last_visit
	  FROM current_run AS c JOIN grade AS g USING (run_id)
	  LEFT JOIN LATERAL (SELECT max(x.visited_on) AS visited_on FROM visit AS x WHERE x.inst_id = g.inst_id AND x.visited_on <= c.as_of AND x.visited_on > c.as_of - 365) AS v ON true
	 GROUP BY c.as_of, g.level_in_force
$$, '检查覆盖: share of the institutions of each level visited within a year (A16)', $$
as_of 监测日期; day
level 现行等级; level
level_zh 现行等级名称; in Chinese
institutions 机构数; institutions
visited 已检查数; visited in the last 365 days
share 覆盖率; fraction
last_visit 最近检查; date
$$),
('publication', 125, $$
CREATE VIEW publication WITH (security_invoker) AS
	SELECT i.name, i.uscc, i.province, coalesce(r.title_zh, q.title_zh) AS matter_zh, r.clause, risk_screen.level_label(a.level) AS level_zh, p.published_at, d.due_at AS plan_due_at, t.received_at AS plan_received_at
	  FROM alert AS a
	  JOIN (SELECT z.alert_id, min(z.done_at) AS published_at FROM alert_action AS z WHERE z.kind = 'publish' GROUP BY z.alert_id) AS p USING (alert_id)
	  LEFT JOIN (SELECT z.alert_id, min(z.done_at) AS received_at FROM alert_action AS z WHERE z.kind = 'plan' GROUP BY z.alert_id) AS t USING (alert_id)
	  LEFT JOIN alert_deadline AS d ON d.alert_id = a.alert_id AND d.requirement = 'A10'
	  LEFT JOIN institution AS i USING (inst_id)
	  LEFT JOIN risk_screen.rule AS r ON r.code = a.rule
	  LEFT JOIN risk_screen.requirement AS q ON q.code = a.rule
	 WHERE a.level = 'yellow' AND a.state IN ('open', 'closed') AND a.review_state <> 'false_positive'
$$, '公示信息: yellow alerts that were published and nothing else of the grades: what an association''s site may show (A09)', $$
name 机构名称; name
uscc 统一社会信用代码; credit code
province 省份; province
matter_zh 事项; rule in Chinese
clause 条款; words of the plan
level_zh 等级; 黄
published_at 公示时间; when
plan_due_at 整改方案截止; ten working days later
plan_received_at 整改方案收到; when; NULL: not yet
$$),
('census_progress', 127, $$
CREATE VIEW census_progress WITH (security_invoker) AS
	WITH form AS (SELECT campaign, count(DISTINCT item) AS items FROM census GROUP BY campaign)
	SELECT c.campaign, c.inst_id, i.name, max(c.region) AS region, count(DISTINCT c.item) FILTER (WHERE c.completed_on IS NOT NULL) AS done, f.items,
		   round(count(DISTINCT c.item) FILTER (WHERE c.completed_on IS NOT NULL)::numeric / f.items, 4) AS share, max(c.completed_on) AS last_on
	  FROM census AS c JOIN form AS f USING (campaign)
	  LEFT JOIN (SELECT DISTINCT ON (inst_id) inst_id, name FROM institution ORDER BY inst_id) AS i USING (inst_id)
	 GROUP BY c.campaign, c.inst_id, i.name, f.items
$$, '摸底进度: how complete the census of each institution is, against all items of the round (C30)', $$
campaign 专项; campaign and round
inst_id 机构编号; institution
name 机构名称; name
region 地区; province or district
done 已完成项; items completed
items 应填项; items that the round asks for
share 完成率; fraction
last_on 最近完成日; date
$$),
('transfer_tag', 126, $$
CREATE VIEW transfer_tag WITH (security_invoker) AS
	WITH f AS (
		SELECT c.as_of, x.rule, x.finding_key, x.inst_id, x.subject_kind, x.subject_id, x.severity, x.evidence, c.since
		  FROM current_run AS c JOIN finding AS x USING (run_id)),
	tagged AS (
		SELECT f.*, u.txn_id, coalesce(f.evidence ->> 'tag', 'large or frequent') AS tag FROM f CROSS JOIN LATERAL jsonb_array_elements_text(f.evidence -> 'txn_ids') AS u (txn_id) WHERE f.rule = 'B32'
		 UNION ALL SELECT f.*, f.subject_id, 'flagged transfer' FROM f WHERE f.subject_kind = 'transfer'
		 UNION ALL
		SELECT f.*, t.txn_id, CASE f.rule WHEN 'B12' THEN 'frequent' ELSE 'large without review' END
		  FROM f JOIN txn AS t ON t.paid_at >= ((f.evidence ->> 'day')::date - 1)::timestamptz AND t.paid_at < ((f.evidence ->> 'day')::date + 2)::timestamptz
		   AND risk_screen.day_of(t.paid_at) = (f.evidence ->> 'day')::date
		   AND CASE WHEN f.evidence ->> 'direction' = 'in' THEN coalesce(t.payee_owner, t.payee) = f.subject_id
					WHEN f.evidence ->> 'direction' = 'both' THEN f.subject_id IN (coalesce(t.payer_owner, t.payer), coalesce(t.payee_owner, t.payee))
					ELSE coalesce(t.payer_owner, t.payer) = f.subject_id END
		 WHERE f.rule IN ('B12', 'B14'))
	SELECT g.as_of, g.txn_id, g.tag, g.rule, g.severity::text AS severity, g.inst_id, g.subject_kind, g.subject_id, g.finding_key, t.payer, t.payee, t.amount, t.paid_at
	  FROM tagged AS g LEFT JOIN txn AS t ON t.txn_id = g.txn_id
$$, '异常交易标记: transfers tagged by B12, B14, B32 and by every rule whose subject is a transfer (B32)', $$
as_of 监测日期; day of the run
txn_id 交易编号; transfer
tag 标记; structuring 化整为零, cycle 回环, pass-through 快进快出, velocity 高频, frequent, large without review, flagged transfer
rule 规则编号; rule that tagged it
severity 严重程度; of the rule
inst_id 机构编号; institution charged
subject_kind 对象类型; of the finding
subject_id 对象编号; of the finding
finding_key 问题标识; finding
payer 付款账户; account
payee 收款账户; account
amount 金额; yuan
paid_at 交易时间; moment
$$);
