-- Risk views of a workspace: flat columns that BI tools read, codes with Chinese
-- labels beside them, the caller's rights. They show the newest finished run
-- unless their name says history.

INSERT INTO risk_screen._desk_object (name, ordinal, ddl, description, columns) VALUES
('current_run', 100, $$
CREATE VIEW current_run WITH (security_invoker) AS
	SELECT run_id, as_of, since, known_at, rules_hash, array_to_string(filtered_roles, ',') AS filtered_roles, run_by, started_at, finished_at, rules, errors, unknowns, findings,
		   ruleset, ruleset_version, ruleset_hash, grades_hash, repeated_keys
	  FROM run WHERE known_at = 'infinity' AND finished_at IS NOT NULL ORDER BY as_of DESC LIMIT 1
$$, '最新批次: the newest finished run', $$
run_id 批次编号; run
as_of 监测日期; day
since 窗口起始日; first day whose events count
known_at 获知截止; infinity: everything known
rules_hash 规则指纹; rules and parameters in force
filtered_roles 受限数据; roles the runner saw in part
run_by 执行人; who
started_at 开始时间; clock
finished_at 结束时间; clock
rules 规则数; rules run
errors 出错规则数; failed
unknowns 未知规则数; could not judge anything
findings 问题数; findings of the run
ruleset 评级规则集; ruleset that graded
ruleset_version 规则集版本; its version
ruleset_hash 规则集指纹; content of that version
grades_hash 评级指纹; the same input gives the same
repeated_keys 重复主键; roles whose rows repeat a key, with the number of rows too many; NULL: none
$$),
('risk_board', 101, $$
CREATE VIEW risk_board WITH (security_invoker) AS
	SELECT c.as_of, i.inst_id, i.name, i.province, i.city,
		   i.lines[1] AS line, (SELECT string_agg(coalesce(l.title_zh, x), '、' ORDER BY n)
								  FROM unnest(i.lines) WITH ORDINALITY AS u (x, n)
								  LEFT JOIN risk_screen.code_label AS l ON l.domain = 'line' AND l.code = x) AS line_zh,
		   g.level_in_force::text AS level, risk_screen.level_label(g.level_in_force, g.level, g.possible) AS level_zh,
		   g.level::text AS measured_level, p.level_in_force::text AS previous_level,
		   CASE WHEN p.level_in_force IS NULL THEN 'new' WHEN g.level_in_force > p.level_in_force THEN 'up'
				WHEN g.level_in_force < p.level_in_force THEN 'down' ELSE 'same' END AS change,
		   g.score, g.coverage, cardinality(g.hit_rules) AS hit_rules, cardinality(g.unknown_rules) AS unknown_rules,
		   f.findings, f.red_findings, f.orange_findings, f.yellow_findings, f.to_confirm, f.amount,
		   (SELECT string_agg(concat_ws(' ', h, r.title_zh), '；' ORDER BY n)
			  FROM unnest(g.hit_rules[1:3]) WITH ORDINALITY AS u (h, n) LEFT JOIN rule_outcome AS r ON r.run_id = g.run_id AND r.rule = h
			 WHERE g.at_least > 'unknown') AS main_reasons_zh,
		   a.open_alerts, d.next_due_at, g.possible::text AS possible_level, array_to_string(g.red_lines, ',') AS red_lines,
		   g.level = 'unknown' AND g.possible > g.level_in_force AS incomplete, m.missing_zh
	  FROM current_run AS c
	  JOIN grade AS g USING (run_id)
	  JOIN institution AS i USING (inst_id)
	  LEFT JOIN LATERAL (SELECT x.level_in_force FROM grade AS x JOIN run AS y USING (run_id)
						  WHERE x.inst_id = g.inst_id AND y.known_at = 'infinity' AND y.finished_at IS NOT NULL AND y.as_of < c.as_of
						  ORDER BY y.as_of DESC LIMIT 1) AS p ON true
	  LEFT JOIN LATERAL (SELECT string_agg(concat_ws(' ', e ->> 'code', r.title_zh), '；' ORDER BY (e ->> 'worst')::risk_screen.risk_level DESC, (e ->> 'worst_contribution')::numeric DESC, n) AS missing_zh
						   FROM jsonb_array_elements(g.reasons) WITH ORDINALITY AS u (e, n) LEFT JOIN rule_outcome AS r ON r.run_id = g.run_id AND r.rule = e ->> 'code'
						  WHERE g.level = 'unknown' AND (e ->> 'worst' <> 'green' OR (e ->> 'worst_contribution')::numeric > 0)) AS m ON true
	  LEFT JOIN LATERAL (SELECT count(*) AS findings, count(*) FILTER (WHERE severity = 'red') AS red_findings,
								count(*) FILTER (WHERE severity = 'orange') AS orange_findings,
								count(*) FILTER (WHERE severity = 'yellow') AS yellow_findings,
								count(*) FILTER (WHERE candidate) AS to_confirm, sum(amount) AS amount
						   FROM finding AS x WHERE x.run_id = g.run_id AND x.inst_id = g.inst_id) AS f ON true
	  LEFT JOIN LATERAL (SELECT count(*) AS open_alerts FROM alert AS x WHERE x.inst_id = g.inst_id AND x.state = 'open') AS a ON true
	  LEFT JOIN LATERAL (SELECT nullif(min(x.due_at), 'infinity') AS next_due_at FROM alert_deadline AS x JOIN alert AS y USING (alert_id)
						  WHERE y.inst_id = g.inst_id AND y.state = 'open'
							AND NOT EXISTS (SELECT FROM alert_action AS z WHERE z.alert_id = x.alert_id AND z.kind = x.action
												AND (x.target = '' OR z.target = x.target) AND z.done_at >= y.raised_at)) AS d ON true
$$, '风险看板: one line per institution with its level and why', $$
as_of 监测日期; day of the run
inst_id 机构编号; institution
name 机构名称; name
province 省份; province
city 城市; city
line 业务条线; first line, code
line_zh 业务条线名称; lines in Chinese
level 现行等级; in force: red, orange, yellow, unknown, green
level_zh 现行等级名称; 红橙黄绿, 未知; 至少: data are missing that could make it worse
measured_level 测算等级; what this run found
previous_level 上期等级; in force in the run before
change 变化; new, up, down, same
score 得分; orders institutions within a level
coverage 数据覆盖率; weight of the rules that could judge, of all that apply
hit_rules 命中规则数; rules hit
unknown_rules 未知规则数; rules that could not judge
findings 问题数; findings
red_findings 红色问题数; of severity red
orange_findings 橙色问题数; of severity orange
yellow_findings 黄色问题数; of severity yellow
to_confirm 待认定问题数; candidates
amount 涉及金额; yuan, sum over findings
main_reasons_zh 主要原因; the three worst rules hit, of who is yellow or worse
open_alerts 待处置预警数; open alerts
next_due_at 最近时限; next open deadline
possible_level 最坏等级; what the missing data could mean at worst
red_lines 触及红线; codes of the red lines hit
incomplete 数据缺失未定; true: data are missing that could make the level worse, up to possible_level
missing_zh 缺失事项; the rules without data that could make it worse, worst first
$$),
('finding_list', 102, $$
CREATE VIEW finding_list WITH (security_invoker) AS
	SELECT c.as_of, f.inst_id, i.name, i.province, f.rule, r.title_zh AS rule_zh, r.title_en AS rule_en, r.clause,
		   f.severity::text AS severity, risk_screen.level_label(f.severity) AS severity_zh,
		   f.candidate, coalesce(v.decision, CASE WHEN f.candidate THEN 'pending' ELSE 'not needed' END) AS review,
		   f.subject_kind, f.subject_id, f.observed, f.operator, f.threshold, f.amount, f.occurred_at,
		   risk_screen._finding_reason(false, coalesce(nullif(r.reason_zh, ''), r.title_zh), r.measures, 1, f.subject_kind, f.subject_id, f.finding_key, f.evidence,
									   f.observed, f.operator, f.threshold, f.occurred_at, c.since, c.as_of) AS reason_zh,
		   f.evidence::text AS evidence, f.finding_key,
		   risk_screen._finding_reason(true, coalesce(nullif(r.reason_en, ''), r.title_en), r.measures, 1, f.subject_kind, f.subject_id, f.finding_key, f.evidence,
									   f.observed, f.operator, f.threshold, f.occurred_at, c.since, c.as_of) AS reason_en
	  FROM current_run AS c
	  JOIN finding AS f USING (run_id)
	  LEFT JOIN rule_outcome AS r ON r.run_id = f.run_id AND r.rule = f.rule
	  LEFT JOIN finding_review AS v ON v.rule = f.rule AND v.finding_key = f.finding_key
	  LEFT JOIN institution AS i ON i.inst_id = f.inst_id
$$, '问题清单: every finding of the newest run with rule, clause, values and evidence', $$
as_of 监测日期; day of the run
inst_id 机构编号; institution
name 机构名称; name
province 省份; province
rule 规则编号; code
rule_zh 规则名称; Chinese title
rule_en 规则英文名称; English title
clause 条款; words of the source plan
severity 严重程度; red, orange, yellow
severity_zh 严重程度名称; in Chinese
candidate 待人工认定; a person decides
review 复核结论; pending, confirmed, rejected, not needed
subject_kind 对象类型; what it is about
subject_id 对象编号; which
observed 观测值; measured
operator 比较符; comparison
threshold 阈值; compared with
amount 涉及金额; yuan
occurred_at 发生时间; moment
reason_zh 说明; what was found, in a sentence: figure, unit, limit, subject, day
evidence 证据; JSON text
finding_key 问题标识; to be named in a review
reason_en 英文说明; the same in English
$$),
('alert_queue', 103, $$
CREATE VIEW alert_queue WITH (security_invoker) AS
	SELECT a.alert_id, a.level::text AS level, risk_screen.level_label(a.level) AS level_zh, a.inst_id, i.name, i.province,
		   a.rule, coalesce(a.evidence ->> 'rule_zh', q.title_zh) AS rule_zh, a.state, a.review_state, a.raised_at, a.first_as_of, a.last_as_of,
		   a.findings, a.amount, a.reopened, a.case_id, d.requirement AS next_requirement, d.action AS next_action, d.target AS next_target, nullif(d.due_at, 'infinity') AS next_due_at,
		   EXISTS (SELECT FROM alert_pause AS x WHERE x.alert_id = a.alert_id AND x.resumed_at IS NULL) AS clock_stopped,
		   a.evidence ->> 'reason_zh' AS reason_zh
	  FROM alert AS a
	  LEFT JOIN institution AS i USING (inst_id)
	  LEFT JOIN risk_screen.requirement AS q ON q.code = a.rule
	  LEFT JOIN LATERAL (SELECT x.* FROM alert_deadline AS x
						  WHERE x.alert_id = a.alert_id
							AND NOT EXISTS (SELECT FROM alert_action AS z WHERE z.alert_id = x.alert_id AND z.kind = x.action
												AND (x.target = '' OR z.target = x.target) AND z.done_at >= a.raised_at)
						  ORDER BY x.due_at NULLS LAST, x.requirement, x.target LIMIT 1) AS d ON true
	 WHERE a.state = 'open'
$$, '预警队列: open alerts with the next thing to do; inhibited ones are not shown', $$
alert_id 预警编号; identifier
level 等级; red, orange, yellow
level_zh 等级名称; in Chinese
inst_id 机构编号; institution
name 机构名称; name
province 省份; province
rule 规则编号; code
rule_zh 规则名称; Chinese title
state 状态; open
review_state 复核状态; pending, confirmed, false_positive
raised_at 预警时间; when
first_as_of 首次命中日; first day hit
last_as_of 末次命中日; last day hit
findings 问题数; findings on the last day
amount 涉及金额; yuan
reopened 重开次数; times re-opened
case_id 案件编号; case
next_requirement 条款编号; requirement of the next step
next_action 下一步; action
next_target 对象; whom it goes to
next_due_at 截止时间; until when; NULL: it waits, or the clock stands
clock_stopped 是否停止计时; another authority has the case
reason_zh 说明; what was found, in a sentence: figure, unit, limit, subject, day
$$),
('overdue_action', 104, $$
CREATE VIEW overdue_action WITH (security_invoker) AS
	SELECT a.alert_id, a.level::text AS level, risk_screen.level_label(a.level) AS level_zh, a.inst_id, i.name, d.requirement, q.title_zh AS requirement_zh,
		   d.action, d.target, a.raised_at, d.due_at, z.done_at,
		   coalesce(z.done_at, now()) - d.due_at AS late_by, round(extract(epoch FROM coalesce(z.done_at, now()) - d.due_at) / 3600, 1) AS late_hours
	  FROM alert_deadline AS d
	  JOIN alert AS a USING (alert_id)
	  LEFT JOIN institution AS i USING (inst_id)
	  LEFT JOIN risk_screen.requirement AS q ON q.code = d.requirement
	  LEFT JOIN LATERAL (SELECT min(x.done_at) AS done_at FROM alert_action AS x
						  WHERE x.alert_id = d.alert_id AND x.kind = d.action AND (d.target = '' OR x.target = d.target) AND x.done_at >= a.raised_at) AS z ON true
	 WHERE d.due_at < coalesce(z.done_at, now()) AND (a.state = 'open' OR z.done_at IS NOT NULL)
$$, '逾期动作: deadlines missed, done late or still open, by the clock', $$
alert_id 预警编号; alert
level 等级; level
level_zh 等级名称; in Chinese
inst_id 机构编号; institution
name 机构名称; name
requirement 条款编号; A05 to A10
requirement_zh 条款; words of the plan
action 动作; what was due
target 对象; to whom
raised_at 预警时间; alert
due_at 截止时间; due
done_at 完成时间; NULL: still open
late_by 逾期时长; interval
late_hours 逾期小时; hours
$$),
('grade_history', 105, $$
CREATE VIEW grade_history WITH (security_invoker) AS
	SELECT r.as_of, r.known_at, g.inst_id, i.name, g.level_in_force::text AS level, risk_screen.level_label(g.level_in_force, g.level, g.possible) AS level_zh,
		   g.level::text AS measured_level, g.score, g.coverage, array_to_string(g.hit_rules, ',') AS hit_rules, array_to_string(g.unknown_rules, ',') AS unknown_rules,
		   g.computed::text AS computed_level, array_to_string(g.red_lines, ',') AS red_lines, r.ruleset, r.ruleset_version, r.ruleset_hash, r.rules_hash, r.grades_hash
	  FROM grade AS g JOIN run AS r USING (run_id) LEFT JOIN institution AS i USING (inst_id)
$$, '评级历史: levels of every run', $$
as_of 监测日期; day
known_at 获知截止; infinity: everything known
inst_id 机构编号; institution
name 机构名称; name
level 现行等级; in force
level_zh 现行等级名称; in Chinese
measured_level 测算等级; what the run found
score 得分; points
coverage 数据覆盖率; share of rules that could judge
hit_rules 命中规则; codes
unknown_rules 未知规则; codes
computed_level 计算等级; before an override
red_lines 触及红线; codes of red lines hit
ruleset 评级规则集; that graded
ruleset_version 规则集版本; its version
ruleset_hash 规则集指纹; content of that version
rules_hash 规则指纹; rules and parameters in force
grades_hash 评级指纹; of the whole run
$$),
('grade_explanation', 106, $$
CREATE VIEW grade_explanation WITH (security_invoker) AS
	SELECT c.as_of, g.inst_id, i.name, g.level_in_force::text AS level, x.code AS rule, coalesce(r.title_zh, b.title_zh, q.title_zh) AS rule_zh,
		   coalesce(r.title_en, b.title_en, q.title_en) AS rule_en, s.status, x.floor AS rule_level, risk_screen.level_label(x.floor::risk_screen.risk_level) AS rule_level_zh,
		   f.findings, f.amount, coalesce(x.contribution, 0) AS points, round(x.contribution / nullif(g.score, 0), 4) AS share_of_score,
		   coalesce(f.observed, x.observed) AS observed, CASE WHEN f.findings > 0 THEN f.operator ELSE x.operator END AS operator,
		   CASE WHEN f.findings > 0 THEN f.threshold ELSE x.threshold END AS threshold,
		   coalesce(array_to_string(r.plan, ','), b.plan) AS plan, coalesce(r.clause, b.clause) AS clause,
		   CASE WHEN s.status <> 'hit' THEN r.reason_zh
				ELSE risk_screen._finding_reason(false, coalesce(nullif(r.reason_zh, ''), r.title_zh, b.title_zh), r.measures, f.findings, f.subject_kind, f.subject_id, f.finding_key, f.evidence,
												 coalesce(f.observed, x.observed), CASE WHEN f.findings > 0 THEN f.operator ELSE x.operator END,
												 CASE WHEN f.findings > 0 THEN f.threshold ELSE x.threshold END, f.occurred_at, c.since, c.as_of) END AS reason_zh,
		   CASE s.status WHEN 'gap' THEN '数据不足，无法判断' || coalesce('；最坏为' || risk_screen.level_label(nullif(x.worst, 'green')::risk_screen.risk_level), '') WHEN 'exempt' THEN '已豁免' WHEN 'override' THEN x.reason
				WHEN 'hit' THEN CASE WHEN x.outcome = 'candidate' THEN '待人工认定，按低一级计' END END AS note_zh,
		   coalesce(r.kind, b.kind) = 'red line' AS red_line, x.outcome = 'candidate' AS candidate, c.ruleset, c.ruleset_version,
		   CASE WHEN s.status <> 'hit' THEN r.reason_en
				ELSE risk_screen._finding_reason(true, coalesce(nullif(r.reason_en, ''), r.title_en, b.title_en), r.measures, f.findings, f.subject_kind, f.subject_id, f.finding_key, f.evidence,
												 coalesce(f.observed, x.observed), CASE WHEN f.findings > 0 THEN f.operator ELSE x.operator END,
												 CASE WHEN f.findings > 0 THEN f.threshold ELSE x.threshold END, f.occurred_at, c.since, c.as_of) END AS reason_en
	  FROM current_run AS c
	  JOIN grade AS g USING (run_id)
	  LEFT JOIN institution AS i USING (inst_id)
	  CROSS JOIN LATERAL risk_screen._reason_rows(g.reasons) AS x (code text, outcome text, observed numeric, operator text, threshold numeric,
															 contribution numeric, floor text, reason text, worst text)
	  CROSS JOIN LATERAL (SELECT CASE WHEN x.code = 'override' THEN 'override' WHEN x.outcome IN ('insufficient_data', 'stale_data') THEN 'gap'
									  WHEN x.outcome = 'exempt' THEN 'exempt' ELSE 'hit' END AS status) AS s
	  LEFT JOIN rule_outcome AS r ON r.run_id = g.run_id AND r.rule = x.code
	  LEFT JOIN risk_screen.ruleset_rule AS b ON b.ruleset = c.ruleset AND b.version = c.ruleset_version AND b.rule = x.code
	  LEFT JOIN risk_screen.requirement AS q ON q.code = x.code
	  LEFT JOIN LATERAL (SELECT count(*) OVER () AS findings, sum(y.amount) OVER () AS amount, y.observed, y.operator, y.threshold,
								y.subject_kind, y.subject_id, y.finding_key, y.evidence, y.occurred_at
						   FROM finding AS y
						   LEFT JOIN finding_review_history AS v ON v.rule = y.rule AND v.finding_key = y.finding_key AND v.known_from <= c.started_at AND (v.known_to IS NULL OR v.known_to > c.started_at)
						  WHERE y.run_id = g.run_id AND y.inst_id = g.inst_id AND y.rule = x.code AND v.decision IS DISTINCT FROM 'rejected'
						  ORDER BY y.amount DESC NULLS LAST, y.observed DESC, y.finding_key LIMIT 1) AS f ON s.status <> 'exempt'
$$, '评级说明: why an institution has its level, one line per rule that contributes or could not judge', $$
as_of 监测日期; day
inst_id 机构编号; institution
name 机构名称; name
level 现行等级; level in force
rule 规则编号; code
rule_zh 规则名称; Chinese title
rule_en 规则英文名称; English title
status 状态; hit 命中, gap 数据不足, exempt 豁免, override 人工调级
rule_level 规则等级; level the rule forces
rule_level_zh 规则等级名称; in Chinese
findings 问题数; findings
amount 涉及金额; yuan
points 分值; points added to the score; they add up to it
share_of_score 得分占比; fraction of the score
observed 观测值; of the largest finding, else the value that the ruleset judged
operator 比较符; comparison
threshold 阈值; compared with
plan 来源方案; source plans
clause 条款; words of the plan
reason_zh 说明; what was found, in a sentence: figure, unit, limit, subject, day; of several findings the largest
note_zh 备注; for gaps, exemptions, candidates and overrides
red_line 是否红线; true for red lines
candidate 待认定; nobody has confirmed it yet: it counts one level lower and with a share of its points
ruleset 评级规则集; that graded
ruleset_version 规则集版本; its version
reason_en 英文说明; the same in English
$$),
('inspection_queue', 107, $$
CREATE VIEW inspection_queue WITH (security_invoker) AS
	SELECT row_number() OVER (ORDER BY g.level_in_force DESC, v.visited_on NULLS FIRST, g.score DESC, g.inst_id) AS place,
		   c.as_of, g.inst_id, i.name, i.province, g.level_in_force::text AS level, risk_screen.level_label(g.level_in_force, g.level, g.possible) AS level_zh,
		   g.score, v.visited_on AS last_visit, c.as_of - v.visited_on AS days_since_visit
	  FROM current_run AS c
	  JOIN grade AS g USING (run_id)
	  LEFT JOIN institution AS i USING (inst_id)
	  LEFT JOIN (SELECT inst_id, max(visited_on) AS visited_on FROM visit GROUP BY inst_id) AS v USING (inst_id)
	 WHERE g.level_in_force >= 'unknown'
$$, '检查排序: whom to inspect first: level, longest unvisited, score (A16)', $$
place 顺序; 1 first
as_of 监测日期; day
inst_id 机构编号; institution
name 机构名称; name
province 省份; province
level 现行等级; level
level_zh 现行等级名称; in Chinese
score 得分; points
last_visit 上次检查; date
days_since_visit 距今天数; days
$$),
('migration', 108, $$
CREATE VIEW migration WITH (security_invoker) AS
	WITH g AS (
		SELECT r.as_of, lag(r.as_of) OVER w AS previous_as_of, lag(g.level_in_force) OVER w AS from_level, g.level_in_force AS to_level
		  FROM grade AS g JOIN run AS r USING (run_id)
		 WHERE r.known_at = 'infinity' AND r.finished_at IS NOT NULL
		WINDOW w AS (PARTITION BY g.inst_id ORDER BY r.as_of))
	SELECT previous_as_of, as_of, from_level::text AS from_level, risk_screen.level_label(from_level) AS from_level_zh,
		   to_level::text AS to_level, risk_screen.level_label(to_level) AS to_level_zh, count(*) AS institutions
	  FROM g WHERE previous_as_of IS NOT NULL
	 GROUP BY previous_as_of, as_of, from_level, to_level
$$, '等级迁移: how many institutions moved from level to level between neighbouring runs', $$
previous_as_of 上期日期; earlier run
as_of 监测日期; later run
from_level 原等级; level before
from_level_zh 原等级名称; in Chinese
to_level 新等级; level after
to_level_zh 新等级名称; in Chinese
institutions 机构数; institutions
$$),
('money_destination', 109, $$
CREATE VIEW money_destination WITH (security_invoker) AS
	SELECT c.as_of, m.inst_id, i.name, m.account_id, m.owner_id, coalesce(p.name, j.name) AS owner_name, a.owner_kind, l.title_zh AS owner_kind_zh,
		   m.received, m.sent, m.held, m.exited, round(m.held / nullif(sum(m.held + m.exited + m.fee + m.cut) OVER platform, 0), 6) AS share_held, m.related, m.first_at, m.last_at,
		   m.fee, m.cut,
		   round(coalesce(sum(m.held) FILTER (WHERE m.related) OVER platform, 0) / nullif(sum(m.held + m.exited + m.fee + m.cut) OVER platform, 0), 6) AS share_related,
		   round((coalesce(sum(m.held) FILTER (WHERE m.owner_id IS NULL) OVER platform, 0) + sum(m.cut) OVER platform)
				 / nullif(sum(m.held + m.exited + m.fee + m.cut) OVER platform, 0), 6) AS share_untraced
	  FROM current_run AS c
	  JOIN money_trace AS m USING (run_id)
	  LEFT JOIN institution AS i ON i.inst_id = m.inst_id
	  LEFT JOIN account AS a ON a.account_id = m.account_id
	  LEFT JOIN party AS p ON p.party_id = m.owner_id
	  LEFT JOIN institution AS j ON j.inst_id = m.owner_id
	  LEFT JOIN risk_screen.code_label AS l ON l.domain = 'owner_kind' AND l.code = a.owner_kind
	WINDOW platform AS (PARTITION BY m.inst_id)
$$, '资金去向: accounts that lenders'' money of each platform reached, and whose they are', $$
as_of 监测日期; day
inst_id 机构编号; platform
name 机构名称; name
account_id 账户编号; account reached
owner_id 户主; owner
owner_name 户主名称; its name
owner_kind 账户性质; code
owner_kind_zh 账户性质名称; in Chinese
received 流入; lenders' money that came in, yuan
sent 流出; lenders' money that went on, yuan
held 留存; lenders' money still there, yuan
exited 归集; lenders' money back in custody, reserve or risk fund, yuan
share_held 留存占比; fraction of the platform's lenders' money that ended here
related 关联方; belongs to the platform or its related parties
first_at 首次到达; moment
last_at 末次到达; moment
fee 手续费; lenders' money that the account paid in fees, yuan
cut 未跟踪; lenders' money that another platform's pay-out took the place of, yuan
share_related 关联方占比; fraction of the platform's lenders' money that sits with its related parties
share_untraced 未查明占比; fraction of it in accounts whose holder is not filed, or not followed to its end
$$),
('rule_timing', 110, $$
CREATE VIEW rule_timing WITH (security_invoker) AS
	SELECT c.as_of, o.rule, o.title_zh, o.outcome, o.measured, o.hits, o.unknowns, o.elapsed_ms, o.message
	  FROM current_run AS c JOIN rule_outcome AS o USING (run_id)
$$, '规则耗时: what each rule of the newest run came to and how long it took', $$
as_of 监测日期; day
rule 规则编号; code
title_zh 规则名称; Chinese title
outcome 结果; hit, clear, unknown, error
measured 测量数; rows measured
hits 命中数; findings
unknowns 未知数; subjects not judged
elapsed_ms 耗时; milliseconds
message 说明; missing roles or error
$$);

-- The facts and the register of checks of every finished run: what grade() read.
INSERT INTO risk_screen._desk_object (name, ordinal, ddl, description, columns) VALUES
('fact', 111, 'CREATE VIEW fact WITH (security_invoker) AS ' || risk_screen._fact_query($$
		SELECT r.run_id, g.inst_id, g.lines, r.as_of, nullif(r.known_at, 'infinity') AS known_at, r.started_at
		  FROM run AS r JOIN grade AS g USING (run_id) WHERE r.finished_at IS NOT NULL$$),
'事实: what the rules of every run found, as a facts query for grade(), shadow_grade() and backtest(), with rule_check as their checks', $$
entity 机构编号; institution
indicator 指标; rule code; "<rule> findings" where the code itself is the measured value; empty: the institution was there
value 数值; number of findings or measured value, as rule_outcome.fact says; NULL where the rule could not judge
segment 业务条线; lines of the institution on that day, with commas; -: none
as_of 监测日期; day of the run
known_at 获知截止; NULL: everything known
confirmed 已认定; false: candidates that nobody has confirmed
rule 规则编号; rule
run_id 批次编号; run
applicable 适用; false: the rule ran and has nothing to measure at the institution
$$),
('rule_check', 112, 'CREATE VIEW rule_check WITH (security_invoker) AS ' || risk_screen._check_query(),
'规则执行登记: the register of checks of every run: a rule that ran and has no fact found nothing', $$
rule 规则编号; code
indicator 指标; of its findings in the view fact
outcome 结果; ran 已执行, failed 失败 or its data were withdrawn, not run 未执行: outside the desk's scope
severity 严重程度; as it was then; NULL: measured only
weight 权重; as it was then
kind 类别; as it was then
lines 业务条线; lines it judged, with commas; NULL: all
title_zh 规则名称; Chinese title
title_en 规则英文名称; English title
clause 条款; words of the plan
plan 来源方案; source plans
reason_zh 说明; explanation, Chinese
reason_en 英文说明; explanation, English
as_of 监测日期; day of the run
known_at 获知截止; NULL: everything known
run_id 批次编号; run
$$);
