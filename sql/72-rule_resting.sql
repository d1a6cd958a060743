-- Rules that rest on what others found in the same run: they run last, read
-- findings through desk_findings() (rejected ones and exempted rules do not
-- count) and say what could not be judged through desk_gaps(). Their weight is
-- zero where the findings below them already carry the points.

-- Turnover of what was flagged: the largest single rule, because rules flag the
-- same money more than once; what the authority itself established goes first.
-- Missing capital (B27) is no turnover.
SELECT risk_screen._ship_rule('B25', NULL, '{ALL}', '{turnover_fine_rate}', '{}', '{}', $$
	WITH flagged AS (
		SELECT f.inst_id, max(f.amount) AS largest, (array_agg(f.rule ORDER BY f.amount DESC, f.rule))[1] AS largest_rule, max(f.amount) FILTER (WHERE f.confirmed > 0) AS confirmed, jsonb_object_agg(f.rule, f.amount) AS by_rule
		  FROM risk_screen.desk_findings($1, $4, ARRAY(SELECT code FROM risk_screen.rule WHERE kind = 'red line' AND code <> 'B27')) AS f WHERE f.amount > 0 GROUP BY f.inst_id),
	fined AS (
		SELECT coalesce(p.inst_id, CASE p.subject_kind WHEN 'institution' THEN p.subject_id END) AS inst_id, sum(p.amount) FILTER (WHERE p.code = 'fine') AS fined, max(p.illegal_turnover) AS established
		  FROM penalty AS p WHERE p.decided_on <= $1 AND p.decided_on >= $2::date GROUP BY 1)
	SELECT 'institution' AS subject_kind, x.inst_id AS subject_id, coalesce(d.established, f.largest) AS observed, NULL::numeric AS threshold, round(coalesce(d.established, f.largest) * ($5 ->> 'turnover_fine_rate')::numeric, 2) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('rate', ($5 ->> 'turnover_fine_rate')::numeric, 'basis', CASE WHEN d.established IS NOT NULL THEN 'turnover established by the authority' ELSE 'largest amount flagged by one rule' END,
				'largest_rule', f.largest_rule, 'confirmed', f.confirmed, 'by_rule', f.by_rule, 'fined', d.fined, 'fined_share', round(d.fined / nullif(coalesce(d.established, f.largest), 0), 6))) AS evidence
	  FROM (SELECT inst_id FROM flagged UNION SELECT inst_id FROM fined WHERE inst_id IS NOT NULL AND established > 0) AS x LEFT JOIN flagged AS f USING (inst_id) LEFT JOIN fined AS d USING (inst_id)
$$, '被标记的违法违规经营数额及按比例测算的罚款（amount）。', 'Turnover of what was flagged, and the fine at the rate (amount).', NULL, NULL,
	ARRAY(SELECT code FROM risk_screen.rule WHERE kind = 'red line' AND code <> 'B27' ORDER BY code), 1, 'indicator');

SELECT risk_screen._ship_rule('B31', 'yellow', '{ALL}', '{priority_signs,priority_amount,priority_investors,priority_growth,surge_floor,priority_base}', '{position,institution.lines}', '{}', $$
	WITH figures AS (
		SELECT p.inst_id, p.item, (array_agg(p.value ORDER BY p.as_of DESC))[1] AS last, (array_agg(p.value ORDER BY p.as_of))[1] AS first
		  FROM whole_position AS p WHERE p.item IN ('loan_balance', 'outstanding', 'investors', 'users') AND p.value IS NOT NULL AND p.as_of <= $1 AND p.as_of >= $2::date GROUP BY p.inst_id, p.item),
	held AS (
		SELECT p.inst_id, sum(h.amount) AS amount, count(DISTINCT h.investor_id) AS investors
		  FROM (SELECT DISTINCT ON (investor_id, product_id) * FROM holding WHERE as_of <= $1 AND as_of >= $2::date ORDER BY investor_id, product_id, as_of DESC) AS h JOIN product AS p USING (product_id) WHERE h.amount > 0 GROUP BY p.inst_id),
	lent AS (
		SELECT l.inst_id, count(DISTINCT c.lender_id) AS investors FROM claim AS c JOIN loan AS l USING (loan_id) WHERE c.from_on <= $1 AND (c.to_on > $1 OR c.to_on IS NULL) GROUP BY l.inst_id),
	sums AS (
		SELECT i.inst_id, greatest(max(f.last) FILTER (WHERE f.item IN ('loan_balance', 'outstanding')), h.amount) AS amount, greatest(max(f.last) FILTER (WHERE f.item = 'investors'), h.investors, l.investors) AS investors,
			   max(f.last / f.first - 1) FILTER (WHERE f.first > 0 AND (f.item IN ('investors', 'users') AND f.first >= ($5 ->> 'priority_base')::numeric OR f.item NOT IN ('investors', 'users') AND f.first >= ($5 ->> 'surge_floor')::numeric)) AS growth
		  FROM institution AS i LEFT JOIN figures AS f USING (inst_id) LEFT JOIN held AS h USING (inst_id) LEFT JOIN lent AS l USING (inst_id)
		 WHERE i.lines <> '{}' AND coalesce(i.status, 'active') = 'active' GROUP BY i.inst_id, h.amount, h.investors, l.investors),
	suspect AS (
		SELECT DISTINCT f.inst_id FROM risk_screen.desk_findings($1, $4, ARRAY['C03']) AS f)
	SELECT 'institution' AS subject_kind, s.inst_id AS subject_id,
		   CASE WHEN num_nonnulls(s.amount, s.investors, s.growth) > 0 THEN coalesce((s.amount >= ($5 ->> 'priority_amount')::numeric)::int, 0) + coalesce((s.investors >= ($5 ->> 'priority_investors')::numeric)::int, 0)
				+ coalesce((s.growth >= ($5 ->> 'priority_growth')::numeric)::int, 0) END AS observed,
		   NULL::numeric AS threshold, s.amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('amount', s.amount, 'investors', s.investors, 'growth', round(s.growth, 6), 'report_at_once', CASE WHEN x.inst_id IS NOT NULL THEN true END,
				'missing', CASE WHEN num_nonnulls(s.amount, s.investors, s.growth) = 0 THEN 'balances, investors or growth' END)) AS evidence
	  FROM sums AS s LEFT JOIN suspect AS x USING (inst_id)
$$, '金额大、人数多或短期内发展迅速，列入优先关注；涉嫌非法集资的马上报告。', 'Large, many people, or growing fast: looked at first; reported at once when illegal fundraising is suspected.', NULL, NULL, '{C03}', 0);

SELECT risk_screen._ship_rule('C23', 'orange', '{P2P}', '{intermediary_share}', '{loan,institution.lines}', '{loan}', $$
	WITH book AS (
		SELECT l.inst_id, count(*) AS loans, sum(l.amount) AS amount FROM loan_in_yuan AS l JOIN institution AS i ON i.inst_id = l.inst_id AND 'P2P' = ANY (i.lines)
		 WHERE l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL) GROUP BY l.inst_id),
	marked AS (
		SELECT f.inst_id, f.subject_id, min(f.rule) AS rule, max(f.amount) AS amount
		  FROM run AS r JOIN finding AS f USING (run_id) LEFT JOIN finding_review_history AS v ON v.rule = f.rule AND v.finding_key = f.finding_key AND v.known_from <= $4 AND (v.known_to IS NULL OR v.known_to > $4)
		 WHERE r.as_of = $1 AND r.known_at = $4 AND f.rule IN ('C02', 'C05', 'C22') AND f.subject_kind = 'loan' AND v.decision IS DISTINCT FROM 'rejected' GROUP BY f.inst_id, f.subject_id),
	own AS (
		SELECT inst_id, count(*) AS loans, sum(amount) AS amount, jsonb_agg(DISTINCT rule) AS rules FROM marked GROUP BY inst_id),
	pool AS (
		SELECT inst_id, amount, findings FROM risk_screen.desk_findings($1, $4, ARRAY['C01']) AS f),
	shares AS (
		SELECT b.inst_id, b.loans, o.loans AS marked, o.rules, o.amount, p.amount AS pooled, p.findings AS pools,
			   least(coalesce(o.loans, 0)::numeric / b.loans, 1) AS loan_share, coalesce(p.amount / nullif(p.amount + coalesce(b.amount, 0), 0), 0) AS pool_share
		  FROM book AS b LEFT JOIN own AS o USING (inst_id) LEFT JOIN pool AS p USING (inst_id)),
	gaps AS (
		SELECT g.inst_id, string_agg(DISTINCT g.rule, ', ') AS rules FROM risk_screen.desk_gaps($1, $4, ARRAY['C01', 'C02', 'C05', 'C22']) AS g WHERE g.inst_id IS NOT NULL GROUP BY g.inst_id)
	SELECT 'institution' AS subject_kind, s.inst_id AS subject_id, CASE WHEN g.rules IS NULL OR s.marked > 0 OR s.pools > 0 THEN risk_screen._rounded(greatest(s.loan_share, s.pool_share), ($5 ->> 'intermediary_share')::numeric) END AS observed, NULL::numeric AS threshold,
		   greatest(s.amount, s.pooled) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('loans', s.loans, 'with_platform_funds_or_guarantee', coalesce(s.marked, 0), 'rules', s.rules, 'pooled', s.pooled, 'share_of_loans', round(s.loan_share, 6), 'share_of_money', round(s.pool_share, 6),
				'missing', CASE WHEN g.rules IS NOT NULL THEN 'rules that could not judge: ' || g.rules END)) AS evidence
	  FROM shares AS s LEFT JOIN gaps AS g USING (inst_id)
$$, '自有资金放贷、担保增信或资金池的业务占比高，异化为信用中介。', 'Many loans carry platform funds, a guarantee or a pool: no longer an information intermediary.', NULL, NULL, '{C01,C02,C05,C22}', 0);

SELECT risk_screen._ship_rule('C24', 'yellow', '{P2P}', '{}', '{institution,institution.lines}', '{}', $$
	WITH sign (rule, sign) AS (
		VALUES ('B13', 'fast growth'), ('B30', 'fast growth'), ('B31', 'fast growth'), ('C06', 'over-promotion'), ('C09', 'over-promotion'), ('C11', 'over-promotion'), ('H11', 'over-promotion'), ('H14', 'over-promotion'),
			   ('B15', 'high returns'), ('B28', 'high returns'), ('B29', 'high returns'), ('C19', 'property'), ('C20', 'property'), ('C21', 'property')),
	found AS (
		SELECT f.inst_id, s.sign, f.rule, f.amount FROM risk_screen.desk_findings($1, $4, ARRAY(SELECT rule FROM sign)) AS f JOIN sign AS s USING (rule)
		 UNION ALL
		SELECT l.inst_id, 'campus loans', 'loan purpose', sum(l.amount) FROM loan_in_yuan AS l WHERE l.purpose IN ('campus', '校园') AND l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL) GROUP BY l.inst_id
		 UNION ALL
		SELECT x.inst_id, 'campus loans', 'advertisement', NULL FROM text_item AS x CROSS JOIN LATERAL risk_screen.find_terms(x.body, ARRAY['CN-PROD'], $1) AS f
		 WHERE f.term = '校园网贷' AND coalesce(x.kind, '') NOT IN ('opinion', 'review', 'news') AND x.published_at >= $2 AND x.published_at < $3)
	SELECT 'institution' AS subject_kind, f.inst_id AS subject_id, count(DISTINCT f.sign) AS observed, 0 AS threshold, max(f.amount) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('signs', jsonb_agg(DISTINCT f.sign), 'from', jsonb_agg(DISTINCT f.rule)) AS evidence
	  FROM found AS f JOIN institution AS i ON i.inst_id = f.inst_id AND 'P2P' = ANY (i.lines) GROUP BY f.inst_id
$$, '重点检查对象：增长过快、过度宣传、高额回报、涉房配资或校园网贷。', 'To be inspected first: fast growth, over-promotion, high returns, property or campus loans.', NULL, NULL,
	'{B13,B15,B28,B29,B30,B31,C06,C09,C11,C19,C20,C21,H11,H14}', 0);

-- Five criteria, each as bad as its worst rule: 0 met, 1 yellow, 2 orange, 3 red.
-- A criterion of which nothing could be judged for this platform is unknown; one
-- whose rules the desk cannot run at all is left out and named.
SELECT risk_screen._ship_rule('C25', 'yellow', '{P2P}', '{criteria_weighted}', '{institution,institution.lines}', '{}', $$
	WITH criterion (criterion, rule) AS (
		SELECT c, r FROM (VALUES ('information intermediary', '{C01,C02,C04,C05,C22,C23}'::text[]), ('compliance', '{B15,B26,B29,C03,C06,C07,C08,C09,C10,C11,C12,C13,C14,C18,C19,C20,C21,C26,C28}'),
			('custody', '{C15,C16,C17}'), ('disclosure', '{J01,J02,J03,J04,J06,J16}'), ('facility security', '{H17,H18}')) AS v (c, rs), unnest(rs) AS r),
	platform AS (
		SELECT inst_id FROM institution WHERE 'P2P' = ANY (lines) AND coalesce(status, 'active') = 'active'),
	found AS (
		SELECT f.inst_id, c.criterion, max(CASE coalesce(CASE WHEN f.candidate AND f.confirmed = 0 THEN CASE f.severity WHEN 'red' THEN 'orange' ELSE 'yellow' END END, f.severity::text) WHEN 'red' THEN 3 WHEN 'orange' THEN 2 ELSE 1 END) AS level,
			   jsonb_agg(f.rule ORDER BY f.rule) AS rules
		  FROM risk_screen.desk_findings($1, $4, ARRAY(SELECT rule FROM criterion)) AS f JOIN criterion AS c USING (rule) GROUP BY f.inst_id, c.criterion
		 UNION ALL
		-- protection of systems: a certificate that has ended, or an incident
		SELECT p.inst_id, 'facility security', 1, jsonb_build_array('certificate ended or missing') FROM platform AS p
		 WHERE EXISTS (SELECT FROM certificate AS c WHERE c.kind = 'classified_protection')
		   AND NOT EXISTS (SELECT FROM certificate AS c WHERE c.inst_id = p.inst_id AND c.kind = 'classified_protection' AND c.valid_from <= $1 AND (c.valid_to > $1 OR c.valid_to IS NULL))
		 UNION ALL
		SELECT e.inst_id, 'facility security', 1, jsonb_build_array('security incident') FROM event AS e WHERE e.kind = 'incident' AND e.occurred_at >= $2 AND e.occurred_at < $3 AND e.inst_id IS NOT NULL GROUP BY e.inst_id),
	gap AS (
		SELECT g.inst_id, c.criterion, count(DISTINCT c.rule) AS n FROM risk_screen.desk_gaps($1, $4, ARRAY(SELECT rule FROM criterion)) AS g JOIN criterion AS c USING (rule) GROUP BY g.inst_id, c.criterion),
	size AS (
		SELECT criterion, count(*) AS rules FROM criterion GROUP BY criterion),
	score AS (
		SELECT p.inst_id, s.criterion, max(f.level) AS level, jsonb_path_query_array(jsonb_agg(f.rules) FILTER (WHERE f.rules IS NOT NULL), '$[*][*]') AS rules,
			   max(f.level) IS NULL AND coalesce(max(d.n), 0) = s.rules AS outside,
			   max(f.level) IS NULL AND coalesce(max(d.n), 0) < s.rules AND coalesce(max(d.n), 0) + coalesce(max(o.n), 0) >= s.rules AS unknown
		  FROM platform AS p CROSS JOIN size AS s
		  LEFT JOIN found AS f ON f.inst_id = p.inst_id AND f.criterion = s.criterion
		  LEFT JOIN gap AS d ON d.inst_id IS NULL AND d.criterion = s.criterion
		  LEFT JOIN gap AS o ON o.inst_id = p.inst_id AND o.criterion = s.criterion
		 GROUP BY p.inst_id, s.criterion, s.rules)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id,
		   CASE WHEN count(level) > 0 THEN CASE ($5 ->> 'criteria_weighted')::numeric WHEN 1 THEN round(avg(coalesce(level, 0)) FILTER (WHERE NOT outside), 4) ELSE max(level) END WHEN bool_or(unknown) THEN NULL ELSE 0 END AS observed,
		   0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('criteria', jsonb_object_agg(criterion, CASE WHEN outside THEN 'not judged on this desk' WHEN unknown THEN 'unknown' WHEN level IS NULL THEN 'met' ELSE (ARRAY['yellow', 'orange', 'red'])[level] END),
				'because', jsonb_object_agg(criterion, rules) FILTER (WHERE rules IS NOT NULL), 'proposed_class', CASE WHEN max(level) >= 3 THEN 'ban' WHEN max(level) >= 1 THEN 'rectify' WHEN bool_or(unknown) THEN 'undetermined' ELSE 'compliant' END,
				'missing', CASE WHEN count(level) = 0 AND bool_or(unknown) THEN 'every rule of a criterion: ' || string_agg(criterion, ', ' ORDER BY criterion) FILTER (WHERE unknown) END)) AS evidence
	  FROM score GROUP BY inst_id
	HAVING count(level) > 0 OR bool_or(unknown)
$$, '信息中介定位、业务合规、资金存管、信息披露、设施安全五项分类标准未全部达标，拟定类别由人工认定。', 'Of the five criteria of classification (role of intermediary, compliance, custody, disclosure, facility security) not all are met; a person decides the class.', NULL, NULL,
	'{B15,B26,B29,C01,C02,C03,C04,C05,C06,C07,C08,C09,C10,C11,C12,C13,C14,C15,C16,C17,C18,C19,C20,C21,C22,C23,C26,C28,H17,H18,J01,J02,J03,J04,J06,J16}', 0);

SELECT risk_screen._ship_rule('C27', 'yellow', '{ALL}', '{}', '{institution}', '{}', $$
	WITH listed AS (
		SELECT f.inst_id, f.rule, f.findings, f.confirmed, f.amount FROM risk_screen.desk_findings($1, $4, ARRAY['C01', 'C07', 'C10']) AS f),
	applies AS (
		SELECT inst_id FROM registration WHERE event IN ('new', 'change') AND coalesce(decision, 'pending') = 'pending' AND happened_on <= $1 AND happened_on >= $2::date
		 UNION SELECT inst_id FROM filing WHERE kind = 'p2p_registration' AND status = 'pending' AND received_at < $3)
	SELECT 'institution' AS subject_kind, l.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, max(l.amount) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('negative_list', jsonb_agg(CASE l.rule WHEN 'C01' THEN 'C01 资金池' WHEN 'C07' THEN 'C07 期限错配' ELSE 'C10 虚假标的' END ORDER BY l.rule), 'confirmed', sum(l.confirmed),
				'applying', CASE WHEN EXISTS (SELECT FROM applies AS a WHERE a.inst_id = l.inst_id) THEN true END)) AS evidence
	  FROM listed AS l GROUP BY l.inst_id
	 UNION ALL
	-- who applies and could not be judged must not be let in as clear
	SELECT 'institution', g.inst_id, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'rules that could not judge: ' || string_agg(DISTINCT g.rule, ', ' ORDER BY g.rule))
	  FROM risk_screen.desk_gaps($1, $4, ARRAY['C01', 'C07', 'C10']) AS g JOIN institution AS i ON i.inst_id = g.inst_id AND 'P2P' = ANY (i.lines)
	 WHERE NOT EXISTS (SELECT FROM listed AS l WHERE l.inst_id = g.inst_id) GROUP BY g.inst_id
$$, '触及准入负面清单：资金池、期限错配、虚假标的。', 'On the negative list of market entry: pool, maturity mismatch, fictitious loans.', NULL, NULL, '{C01,C07,C10}', 0);

SELECT risk_screen._ship_rule('C29', NULL, '{P2P}', '{}', '{loan,institution.lines}', '{loan}', $$
	WITH book AS (
		SELECT l.inst_id, count(*) AS loans, sum(coalesce(l.outstanding, l.amount)) AS size, round(sum(l.rate * l.amount) / nullif(sum(l.amount) FILTER (WHERE l.rate IS NOT NULL), 0), 6) AS rate
		  FROM loan_in_yuan AS l JOIN institution AS i ON i.inst_id = l.inst_id AND 'P2P' = ANY (i.lines)
		 WHERE l.started_on <= $1 AND (l.matures_on > $1 OR l.matures_on IS NULL) AND coalesce(l.status, 'current') NOT IN ('repaid', 'failed') GROUP BY l.inst_id),
	found AS (
		SELECT inst_id, jsonb_object_agg(rule, findings) AS hits, count(*) AS n FROM risk_screen.desk_findings($1, $4, ARRAY['B04', 'B15', 'B26']) AS f GROUP BY inst_id),
	covered AS (
		SELECT v.inst_id, max(v.value) AS coverage FROM run AS r JOIN indicator_value AS v USING (run_id) WHERE r.as_of = $1 AND r.known_at = $4 AND v.rule = 'B04' AND v.status = 'ok' GROUP BY v.inst_id),
	gaps AS (
		SELECT inst_id, jsonb_agg(DISTINCT rule) AS rules FROM risk_screen.desk_gaps($1, $4, ARRAY['B04', 'B15', 'B26']) AS g WHERE inst_id IS NOT NULL GROUP BY inst_id)
	SELECT 'institution' AS subject_kind, b.inst_id AS subject_id, coalesce(f.n, 0) AS observed, NULL::numeric AS threshold, b.size AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('loans', b.loans, 'size', b.size, 'rate', b.rate, 'guarantee_coverage', c.coverage, 'breaches', f.hits, 'not_judged', g.rules)) AS evidence
	  FROM book AS b LEFT JOIN found AS f USING (inst_id) LEFT JOIN covered AS c USING (inst_id) LEFT JOIN gaps AS g USING (inst_id)
$$, '规模、利率、保障措施三项监管指标及超限数（B26、B15、B04）。', 'Size, rate and safeguards, and how many of B26, B15, B04 are breached.', NULL, NULL, '{B04,B15,B26}');

SELECT risk_screen._ship_rule('G10', NULL, '{PAY}', '{}', '{institution,institution.lines}', '{}', $$
	WITH found AS (
		SELECT inst_id, count(*) FILTER (WHERE rule ~ '^I') AS aml, count(*) FILTER (WHERE rule ~ '^G') AS reserve, sum(findings) AS findings, jsonb_object_agg(rule, findings) AS by_rule, max(amount) AS amount
		  FROM risk_screen.desk_findings($1, $4, ARRAY['I01', 'I02', 'I03', 'I04', 'I05', 'I06', 'G01', 'G02', 'G03', 'G04', 'G05', 'G06']) AS f GROUP BY inst_id),
	gaps AS (
		SELECT inst_id, jsonb_agg(DISTINCT rule) AS rules FROM risk_screen.desk_gaps($1, $4, ARRAY['I01', 'I02', 'I03', 'I04', 'I05', 'I06', 'G01', 'G02', 'G03', 'G04', 'G05', 'G06']) AS g GROUP BY inst_id)
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, coalesce(f.aml + f.reserve, 0) AS observed, NULL::numeric AS threshold, f.amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('aml_rules_hit', coalesce(f.aml, 0), 'reserve_rules_hit', coalesce(f.reserve, 0), 'findings', f.findings, 'by_rule', f.by_rule, 'not_judged', g.rules, 'not_run', d.rules)) AS evidence
	  FROM (SELECT DISTINCT inst_id FROM institution WHERE 'PAY' = ANY (lines) AND coalesce(status, 'active') = 'active') AS i
	  LEFT JOIN found AS f USING (inst_id) LEFT JOIN gaps AS g USING (inst_id) LEFT JOIN gaps AS d ON d.inst_id IS NULL
$$, '支付机构反洗钱（I01–I06）与备付金（G01–G06）规则命中概览。', 'Payment institutions at a glance: hits of the rules on money laundering (I01-I06) and client reserve (G01-G06).', NULL, NULL,
	'{G01,G02,G03,G04,G05,G06,I01,I02,I03,I04,I05,I06}', 1, 'indicator');

-- Three items for every finished month, and the last disclosed figure against the recomputed one.
SELECT risk_screen._ship_rule('J02', 'yellow', '{ALL}', '{disclosure_days,disclosure_gap}', '{disclosure,institution.lines,disclosure.value?}', '{}', $$
	WITH month AS (
		SELECT (m + interval '1 month - 1 day')::date AS ends FROM generate_series(date_trunc('month', $2::date::timestamp), $1::timestamp, interval '1 month') AS m
		 WHERE m >= $2::date::timestamp AND (m + interval '1 month - 1 day')::date + ($5 ->> 'disclosure_days')::int < $1),
	item (item, rule) AS (VALUES ('annual_rate', 'B16'), ('overdue_rate', 'B17'), ('related_transactions', 'B18')),
	shown AS (
		SELECT d.inst_id, d.item, (date_trunc('month', d.period::timestamp) + interval '1 month - 1 day')::date AS ends, min(d.disclosed_at) AS at, (array_agg(d.value ORDER BY d.disclosed_at DESC))[1] AS value
		  FROM disclosure AS d JOIN item USING (item) WHERE d.disclosed_at < $3 AND d.period IS NOT NULL AND d.product_id IS NULL GROUP BY 1, 2, 3),
	recomputed AS (
		SELECT v.inst_id, v.rule, v.value FROM run AS r JOIN indicator_value AS v USING (run_id)
		 WHERE r.as_of = $1 AND r.known_at = $4 AND v.rule IN ('B16', 'B17') AND v.status = 'ok' AND v.subject_kind = 'institution'),
	last AS (
		SELECT DISTINCT ON (s.inst_id, s.item) s.inst_id, s.item, s.ends, s.value FROM shown AS s WHERE s.value IS NOT NULL ORDER BY s.inst_id, s.item, s.ends DESC)
	SELECT 'disclosure' AS subject_kind, i.inst_id || ' ' || t.item || ' ' || to_char(m.ends, 'YYYY-MM') AS subject_id, i.inst_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, m.ends::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('item', t.item, 'month', to_char(m.ends, 'YYYY-MM'), 'fault', CASE WHEN s.at IS NULL THEN 'missing' ELSE 'late' END, 'disclosed_at', s.at)) AS evidence
	  FROM institution AS i CROSS JOIN month AS m CROSS JOIN item AS t LEFT JOIN shown AS s ON s.inst_id = i.inst_id AND s.item = t.item AND s.ends = m.ends
	 WHERE i.lines <> '{}' AND coalesce(i.status, 'active') = 'active' AND coalesce(i.registered_on <= m.ends, true) AND (s.at IS NULL OR s.at::date > m.ends + ($5 ->> 'disclosure_days')::int)
	 UNION ALL
	SELECT 'disclosure', l.inst_id || ' ' || l.item || ' differs', l.inst_id, abs(l.value - c.value), ($5 ->> 'disclosure_gap')::numeric, NULL, l.ends::timestamptz,
		   jsonb_build_object('item', l.item, 'month', to_char(l.ends, 'YYYY-MM'), 'fault', 'differs from the recomputed figure', 'disclosed', l.value, 'recomputed', round(c.value, 6), 'rule', t.rule)
	  FROM last AS l JOIN item AS t USING (item) JOIN recomputed AS c ON c.inst_id = l.inst_id AND c.rule = t.rule
	 WHERE abs(l.value - c.value) > ($5 ->> 'disclosure_gap')::numeric
$$, '实际年化利率、逾期率、关联交易情况未按月披露，或披露值与复算值不符。', 'True annual rate, overdue rate or related-party transactions not disclosed for a month, or different from the recomputed figure.', NULL, NULL, '{B16,B17,B18}');

-- The negative list used at the gate: who was let in although on it.
SELECT risk_screen._ship_rule('J17', 'orange', '{ALL}', '{}', '{institution,licence}', '{}', $$
	WITH listed AS (
		SELECT f.inst_id, max(f.amount) AS amount FROM risk_screen.desk_findings($1, $4, ARRAY['C27']) AS f GROUP BY f.inst_id),
	entered AS (
		SELECT l.inst_id, 'licence ' || l.biz AS gate, l.valid_from AS on_day FROM licence AS l WHERE l.valid_from <= $1 AND l.valid_from >= $2::date AND coalesce(l.status, 'valid') = 'valid'
		 UNION ALL SELECT f.inst_id, 'filing', f.received_at::date FROM filing AS f WHERE f.kind = 'p2p_registration' AND f.status = 'accepted' AND f.received_at >= $2 AND f.received_at < $3
		 UNION ALL SELECT r.inst_id, 'registration ' || r.event, coalesce(r.decided_on, r.happened_on) FROM registration AS r WHERE r.decision = 'accepted' AND r.event IN ('new', 'change', 'move_in') AND coalesce(r.decided_on, r.happened_on) BETWEEN $2::date AND $1)
	SELECT 'institution' AS subject_kind, l.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, max(l.amount) AS amount, max(e.on_day)::timestamptz AS occurred_at,
		   jsonb_build_object('let_in', jsonb_agg(jsonb_build_object('gate', e.gate, 'on', e.on_day) ORDER BY e.on_day, e.gate), 'negative_list', 'C27') AS evidence
	  FROM listed AS l JOIN entered AS e USING (inst_id) GROUP BY l.inst_id
$$, '负面清单内的机构获得许可、备案或登记。', 'An institution on the negative list was licensed, filed or registered.', NULL, NULL, '{C27}', 0);

-- Five factors of 0 to 1, weighted to 100 points. Each is a count over what makes
-- it full, so that the score can be recomputed by hand from the evidence.
SELECT risk_screen._ship_rule('M13', 'yellow', '{ALL}', '{smoke_score,smoke_compliance,smoke_spread,smoke_inducement,smoke_complaint,smoke_keyword,smoke_full_rules,smoke_entry_weight,smoke_full_channels,smoke_full_visits,smoke_visit_window,smoke_full_rate,smoke_full_complaints,smoke_full_complaint_rate,smoke_full_texts}', '{text_item,text_item.inst_id?,text_item.kind?}', '{}', $$
	WITH firm AS (
		SELECT DISTINCT ON (inst_id) inst_id FROM institution WHERE coalesce(status, 'active') = 'active' ORDER BY inst_id),
	-- compliance: entry (licence, filing, name) weighs more, any other rule once; smoke_full_rules are full
	breach AS (
		SELECT inst_id, least(sum(CASE WHEN rule IN ('F01', 'H09', 'C28', 'G07', 'E08', 'I24', 'I25', 'C14') THEN ($5 ->> 'smoke_entry_weight')::numeric ELSE 1 END) / ($5 ->> 'smoke_full_rules')::numeric, 1) AS score, jsonb_agg(rule ORDER BY rule) AS rules
		  FROM risk_screen.desk_findings($1, $4, ARRAY(SELECT code FROM risk_screen.rule WHERE kind = 'red line' AND severity IS NOT NULL)) AS f GROUP BY inst_id),
	-- spread: channels reached and visits a day
	texts AS (
		SELECT x.inst_id, count(DISTINCT coalesce(x.channel, x.source)) AS channels, count(*) AS n,
			   count(*) FILTER (WHERE risk_screen.has_terms(x.body, 'CN-2016-21', $1) OR risk_screen.has_terms(x.body, 'CN-PROD', $1) OR risk_screen.has_terms(x.body, 'CN-NEW-LABELS', $1)) AS with_words,
			   count(*) FILTER (WHERE risk_screen.has_terms(x.body, 'CN-AD', $1) OR risk_screen.has_terms(x.body, 'CN-ADLAW-25', $1) OR risk_screen.has_terms(x.body, 'AD-CLAIMS', $1)) AS with_promise
		  FROM text_item AS x WHERE x.inst_id IS NOT NULL AND x.kind IN ('ad', 'app', 'product_page') AND coalesce(x.is_public, true) AND x.published_at >= $2 AND x.published_at < $3 GROUP BY x.inst_id),
	visits AS (
		SELECT inst_id, avg(visits) AS visits FROM ops_day WHERE day > $1 - ($5 ->> 'smoke_visit_window')::int AND day <= $1 GROUP BY inst_id),
	-- inducement: promises in words, and the highest promised rate
	offers AS (
		SELECT inst_id, max(rate_promised) AS rate, bool_or(guaranteed) AS guaranteed FROM product WHERE coalesce(issued_on <= $1, true) AND (ended_on > $2::date OR ended_on IS NULL) GROUP BY inst_id),
	-- complaints: in the window, and per user
	complained AS (
		SELECT inst_id, count(*) AS n FROM complaint WHERE received_at >= $2 AND received_at < $3 GROUP BY inst_id),
	people AS (
		SELECT DISTINCT ON (inst_id) inst_id, value FROM whole_position AS p WHERE item = 'users' AND as_of <= $1 AND as_of >= $2::date AND value > 0 ORDER BY inst_id, as_of DESC),
	factor AS (
		SELECT f.inst_id, coalesce(b.score, 0) AS compliance, b.rules, greatest(least(coalesce(t.channels, 0) / ($5 ->> 'smoke_full_channels')::numeric, 1), least(coalesce(v.visits, 0) / ($5 ->> 'smoke_full_visits')::numeric, 1)) AS spread,
			   greatest(CASE WHEN t.with_promise > 0 OR o.guaranteed THEN 1 ELSE 0 END, least(coalesce(o.rate, 0) / ($5 ->> 'smoke_full_rate')::numeric, 1)) AS inducement,
			   greatest(least(coalesce(c.n, 0) / ($5 ->> 'smoke_full_complaints')::numeric, 1), least(coalesce(c.n / p.value / ($5 ->> 'smoke_full_complaint_rate')::numeric, 0), 1)) AS complaint, least(coalesce(t.with_words, 0) / ($5 ->> 'smoke_full_texts')::numeric, 1) AS keyword,
			   t.channels, round(v.visits) AS visits, t.with_promise, o.rate, c.n AS complaints, t.with_words
		  FROM firm AS f LEFT JOIN breach AS b USING (inst_id) LEFT JOIN texts AS t USING (inst_id) LEFT JOIN visits AS v USING (inst_id) LEFT JOIN offers AS o USING (inst_id) LEFT JOIN complained AS c USING (inst_id) LEFT JOIN people AS p USING (inst_id)
		 WHERE b.inst_id IS NOT NULL OR t.inst_id IS NOT NULL OR c.inst_id IS NOT NULL)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id,
		   round(compliance * ($5 ->> 'smoke_compliance')::numeric + spread * ($5 ->> 'smoke_spread')::numeric + inducement * ($5 ->> 'smoke_inducement')::numeric + complaint * ($5 ->> 'smoke_complaint')::numeric + keyword * ($5 ->> 'smoke_keyword')::numeric, 2) AS observed,
		   NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('compliance', round(compliance, 4), 'spread', round(spread, 4), 'inducement', round(inducement, 4), 'complaint', round(complaint, 4), 'keyword', round(keyword, 4),
				'rules', rules, 'channels', channels, 'visits_a_day', visits, 'texts_with_promise', with_promise, 'promised_rate', rate, 'complaints', complaints, 'texts_with_words', with_words)) AS evidence
	  FROM factor
$$, '非法集资监测得分（冒烟指数）达到预警线：合规性偏离、传播力、利诱性、投诉率、关键词命中五项加权。', 'The monitoring score of illegal fundraising reaches its line: deviation from compliance, spread, inducement, complaints and words of the lists, weighted.', NULL, NULL,
	ARRAY(SELECT code FROM risk_screen.rule WHERE kind = 'red line' AND severity IS NOT NULL AND rests_on = '{}' ORDER BY code), 0);

SELECT risk_screen._ship_rule('M19', 'orange', '{ALL}', '{incident_signs,incident_complaints,incident_delay,incident_days}', '{complaint,complaint.category?,debt.kind?}', '{}', $$
	WITH burst AS (
		SELECT inst_id, (peak).value AS n, (peak).started_at AS at, payment, n AS received
		  FROM (SELECT c.inst_id, risk_screen.peak_detail(1::numeric, c.received_at, make_interval(days => ($5 ->> 'incident_days')::int), 'count') AS peak, count(*) FILTER (WHERE c.category = 'payment') AS payment, count(*) AS n
				  FROM complaint AS c WHERE c.received_at >= $2 AND c.received_at < $3 GROUP BY c.inst_id) AS p),
	late AS (
		-- as in B07: what is paid later is owed on the day
		SELECT d.inst_id, sum(d.amount - p.paid) AS amount, max($1 - d.due_on) AS days FROM debt AS d
		 CROSS JOIN LATERAL (SELECT CASE WHEN d.paid_on > $1 THEN 0 WHEN d.paid_on <= $1 THEN coalesce(d.paid_amount, d.amount) ELSE coalesce(d.paid_amount, 0) END AS paid) AS p
		 WHERE d.kind = 'investor' AND d.due_on < $1 - ($5 ->> 'incident_delay')::int AND d.amount > p.paid GROUP BY d.inst_id),
	runs AS (
		SELECT f.inst_id, f.amount FROM risk_screen.desk_findings($1, $4, ARRAY['B34']) AS f),
	signs AS (
		SELECT inst_id, coalesce(b.n >= ($5 ->> 'incident_complaints')::numeric, false) AS burst, coalesce(l.amount > 0, false) OR coalesce(b.payment >= ($5 ->> 'incident_complaints')::numeric, false) AS delay, r.inst_id IS NOT NULL AS redemption,
			   b.n, b.received, b.payment, b.at, l.amount, l.days, r.amount AS redeemed
		  FROM burst AS b FULL JOIN late AS l USING (inst_id) FULL JOIN runs AS r USING (inst_id))
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, burst::int + delay::int + redemption::int AS observed, NULL::numeric AS threshold, greatest(amount, redeemed) AS amount, at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('complaint_burst', burst, 'complaints_in_7_days', n, 'complaints', received, 'about_payment', payment, 'payment_delay', delay, 'unpaid', amount, 'days_late', days, 'redemption_queue', redemption)) AS evidence
	  FROM signs
$$, '投诉集中、兑付延迟、集中赎回等群体性事件征兆。', 'Signs of a group incident: a burst of complaints, payments delayed, many redemptions.', NULL, NULL, '{B34}');
