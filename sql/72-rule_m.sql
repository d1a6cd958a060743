-- Rules of section M: jurisdiction, registers of accounts. Feeds and seals: 72-rule_m_feed.sql.

SELECT risk_screen._ship_rule('M11', 'yellow', '{ALL}', '{}', '{account,account.inst_id}', '{}', $$
	SELECT 'institution' AS subject_kind, a.inst_id AS subject_id, nullif(count(*) FILTER (WHERE NOT a.on_central_register), 0) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('accounts', to_jsonb((array_agg(a.account_id ORDER BY a.account_id) FILTER (WHERE NOT a.on_central_register))[1:20]), 'not_told', nullif(count(*) FILTER (WHERE a.on_central_register IS NULL), 0),
				'missing', CASE WHEN count(*) FILTER (WHERE NOT a.on_central_register) = 0 THEN 'on_central_register' END)) AS evidence
	  FROM account AS a
	 WHERE a.on_central_register IS NOT TRUE AND a.inst_id IS NOT NULL AND (a.closed_on > $1 OR a.closed_on IS NULL) AND coalesce(a.opened_on <= $1, true)
	   -- where nobody files it, nobody's is missing
	   AND EXISTS (SELECT FROM account AS x WHERE x.on_central_register IS NOT NULL) GROUP BY a.inst_id
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'on_central_register') WHERE NOT EXISTS (SELECT FROM account AS x WHERE x.on_central_register IS NOT NULL)
$$, '账户未纳入集中登记。', 'Accounts are not on the central register.', 'micro');

SELECT risk_screen._ship_rule('M22', NULL, '{}', '{}', '{institution}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, CASE WHEN i.operating_provinces IS NOT NULL OR cardinality(x.provinces) > 1 THEN cardinality(x.provinces) END AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('registered', i.province, 'operating', to_jsonb(i.operating_provinces), 'missing', CASE WHEN i.operating_provinces IS NULL THEN 'operating_provinces' END)) AS evidence
	  FROM institution AS i CROSS JOIN LATERAL (SELECT array_agg(DISTINCT p) AS provinces FROM unnest(i.operating_provinces || i.province) AS p WHERE p IS NOT NULL) AS x
	 -- where nobody files where business is done, nobody's is missing
	 WHERE cardinality(x.provinces) > 1 OR i.lines <> '{}' AND i.operating_provinces IS NULL AND EXISTS (SELECT FROM institution AS o WHERE o.operating_provinces IS NOT NULL)
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'operating_provinces') WHERE NOT EXISTS (SELECT FROM institution AS o WHERE o.operating_provinces IS NOT NULL)
$$, '跨区域经营的平台。', 'Platforms doing business in several provinces.');
UPDATE risk_screen.rule SET kind = 'indicator' WHERE code = 'M22';

SELECT risk_screen._ship_rule('M05', 'yellow', '{}', '{opinion_channels}', '{text_item}', '{}', $$
	WITH opinion AS (
		SELECT x.published_at::date AS day, coalesce(x.source, x.channel) AS channel, x.inst_id, x.tone, risk_screen.has_terms(x.body, 'OPINION-TROUBLE', $1) AS trouble
		  FROM text_item AS x WHERE x.kind IN ('opinion', 'review', 'news') AND x.published_at >= ($1 - 6)::timestamptz AND x.published_at < $3),
	days AS (
		SELECT d::date AS day, count(DISTINCT o.channel) AS channels FROM generate_series(($1 - 6)::timestamp, $1::timestamp, interval '1 day') AS d LEFT JOIN opinion AS o ON o.day = d::date GROUP BY d)
	SELECT 'sector' AS subject_kind, 'opinion' AS subject_id, NULL::text AS inst_id, (SELECT channels FROM days WHERE day = $1) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, $1::timestamptz AS occurred_at,
		   jsonb_build_object('channels_by_day', (SELECT jsonb_object_agg(day, channels) FROM days), 'texts', count(*), 'negative_share', round(avg((coalesce(tone = 'negative', false) OR trouble)::int), 6), 'with_words_of_trouble', count(*) FILTER (WHERE trouble),
				'institutions_covered', round(count(DISTINCT o.inst_id)::numeric / nullif((SELECT count(*) FROM institution WHERE lines <> '{}'), 0), 6)) AS evidence
	  FROM opinion AS o HAVING count(*) > 0
	 UNION ALL
	SELECT 'sector', 'opinion', NULL, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'texts of kind opinion, review or news in the last seven days') WHERE NOT EXISTS (SELECT FROM opinion)
$$, '当日舆情采集渠道不足。', 'Too few channels of opinion were read that day.', 'macro');

-- Lender, platform, borrower: what was lent for a loan must have been paid out to its borrower.
SELECT risk_screen._ship_rule('M08', NULL, '{P2P}', '{}', '{txn,loan,institution.lines}', '{}', $$
	WITH moved AS (
		SELECT t.loan_id, sum(y.amount) FILTER (WHERE t.purpose = 'lend') AS lent, sum(y.amount) FILTER (WHERE t.purpose = 'disburse') AS paid,
			   sum(y.amount) FILTER (WHERE t.purpose = 'disburse' AND (t.payee = l.disbursed_account OR t.payee_owner = l.borrower_id)) AS arrived, sum(y.amount) FILTER (WHERE t.purpose = 'fee') AS fee, count(*) FILTER (WHERE t.currency <> 'CNY') AS other
		  FROM txn AS t LEFT JOIN loan_in_yuan AS l USING (loan_id) CROSS JOIN LATERAL (SELECT CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount) AS y WHERE t.loan_id IS NOT NULL AND t.purpose IN ('lend', 'disburse', 'fee') AND t.paid_at < $3 GROUP BY t.loan_id),
	chain AS (
		SELECT l.inst_id, l.loan_id, m.other, m.lent, least(m.lent, coalesce(m.arrived, 0) + CASE WHEN m.arrived > 0 THEN coalesce(m.fee, 0) ELSE 0 END) AS closed
		  FROM moved AS m JOIN loan_in_yuan AS l USING (loan_id) JOIN institution AS i ON i.inst_id = l.inst_id AND 'P2P' = ANY (i.lines)
		 -- whose account it should have reached must be filed
		 WHERE m.lent > 0 AND num_nonnulls(l.borrower_id, l.disbursed_account) > 0 AND l.started_on >= $2::date AND l.started_on <= $1)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, round(sum(closed) / sum(lent), 6) AS observed, NULL::numeric AS threshold, sum(lent) - sum(closed) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('loans', count(*), 'lent', sum(lent), 'reached_borrowers', sum(closed), 'broken', coalesce((array_agg(loan_id ORDER BY lent - closed DESC, loan_id) FILTER (WHERE closed < lent))[1:20], '{}'),
				'other_currencies', nullif(sum(other), 0))) AS evidence
	  FROM chain GROUP BY inst_id
	 UNION ALL
	SELECT 'institution', l.inst_id, NULL, NULL, sum(l.amount), NULL, jsonb_build_object('missing', 'transfers of purpose lend in yuan with the loan''s number, or borrowers of loans')
	  FROM loan_in_yuan AS l JOIN institution AS i ON i.inst_id = l.inst_id AND 'P2P' = ANY (i.lines)
	 WHERE l.started_on >= $2::date AND l.started_on <= $1 AND NOT EXISTS (SELECT FROM chain AS c WHERE c.inst_id = l.inst_id) GROUP BY l.inst_id
$$, '出借人—平台—借款人资金链条完整的比例。', 'Share of the money lent whose way from lender to borrower is complete.', NULL, NULL, '{}', 1, 'indicator');

-- Where the money ended, first in first out, and for how much of it nobody knows the holder.
SELECT risk_screen._ship_rule('M09', NULL, '{P2P,EC}', '{}', '{txn,account,institution.lines,txn.inst_id,txn.purpose}', '{}', $$
	WITH platforms AS (
		SELECT t.inst_id, count(*) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY') AS n, nullif(count(*) FILTER (WHERE t.currency <> 'CNY'), 0) AS other
		  FROM txn AS t JOIN institution AS i ON i.inst_id = t.inst_id AND i.lines && ARRAY['P2P', 'EC']
		 WHERE t.purpose = 'disburse' AND t.paid_at >= $2 AND t.paid_at < $3 GROUP BY t.inst_id),
	ends AS MATERIALIZED (
		SELECT m.inst_id, m.account, m.kind, sum(m.traced) AS amount, max(m.paid_at) AS at
		  FROM (SELECT array_agg(inst_id ORDER BY inst_id) AS ids FROM platforms WHERE n > 0 HAVING count(*) > 0) AS p CROSS JOIN LATERAL risk_screen.desk_money($2, $3, p.ids) AS m WHERE m.kind IN ('held', 'exited', 'cut') GROUP BY m.inst_id, m.account, m.kind),
	owner AS (
		SELECT DISTINCT ON (account_id) account_id, owner_id FROM account ORDER BY account_id, owner_id),
	placed AS (
		SELECT e.*, o.owner_id, row_number() OVER (PARTITION BY e.inst_id ORDER BY e.amount DESC, e.account, e.kind) AS place FROM ends AS e LEFT JOIN owner AS o ON o.account_id = e.account)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, round(coalesce(sum(amount) FILTER (WHERE owner_id IS NULL), 0) / nullif(sum(amount), 0), 6) AS observed, NULL::numeric AS threshold,
		   sum(amount) FILTER (WHERE owner_id IS NULL) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('attribution', 'fifo', 'followed', sum(amount), 'holders', count(DISTINCT coalesce(owner_id, account)), 'back_in_custody', sum(amount) FILTER (WHERE kind = 'exited'),
				'largest', jsonb_agg(jsonb_build_object('account', account, 'owner', owner_id, 'how', kind, 'amount', amount) ORDER BY place) FILTER (WHERE place <= 10))
		   || coalesce((SELECT jsonb_build_object('other_currencies', x.other) FROM platforms AS x WHERE x.inst_id = placed.inst_id AND x.other > 0), '{}') AS evidence
	  FROM placed GROUP BY inst_id HAVING sum(amount) > 0
$$, '出借资金最终去向：持有人不明的比例（先进先出），去向见证据与资金去向视图。', 'Final whereabouts of lenders'' money: share whose holder is unknown; the holders in the evidence and in money_destination.', NULL, NULL, '{}', 1, 'indicator');

SELECT risk_screen._ship_rule('M10', 'yellow', '{ALL}', '{register_gap}', '{account,equity,txn,institution.lines,txn.inst_id?}', '{}', $$
	WITH registered AS (SELECT DISTINCT account_id FROM account),
	moved AS MATERIALIZED (
		SELECT t.inst_id, t.payer, t.payee, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount, t.currency FROM txn AS t WHERE t.inst_id IS NOT NULL AND t.paid_at >= $2 AND t.paid_at < $3),
	total AS (
		SELECT inst_id, sum(amount * num_nonnulls(payer, payee)) AS amount, count(*) FILTER (WHERE currency <> 'CNY') AS other FROM moved GROUP BY inst_id),
	stray AS (
		SELECT x.inst_id, x.account, sum(x.amount) AS amount
		  FROM (SELECT m.inst_id, m.payer AS account, m.amount FROM moved AS m LEFT JOIN registered AS r ON r.account_id = m.payer WHERE m.payer IS NOT NULL AND r.account_id IS NULL
				 UNION ALL SELECT m.inst_id, m.payee, m.amount FROM moved AS m LEFT JOIN registered AS r ON r.account_id = m.payee WHERE m.payee IS NOT NULL AND r.account_id IS NULL) AS x
		 GROUP BY x.inst_id, x.account),
	strays AS (
		SELECT inst_id, sum(amount) AS amount, count(*) AS n, (array_agg(account ORDER BY amount DESC NULLS LAST, account))[1:20] AS accounts FROM stray GROUP BY inst_id),
	held AS (
		SELECT e.owned, e.owner, coalesce(e.share, 0) AS share FROM equity AS e
		 WHERE coalesce(e.valid_from <= $1, true) AND (e.valid_to > $1 OR e.valid_to IS NULL) AND coalesce(e.kind, 'equity') <> 'control'),
	known AS (
		SELECT owned, sum(share) AS share, count(*) AS holders, count(*) FILTER (WHERE p.party_id IS NULL AND i.inst_id IS NULL) AS unnamed, coalesce(sum(share) FILTER (WHERE p.party_id IS NULL AND i.inst_id IS NULL), 0) AS unnamed_share
		  FROM held AS h LEFT JOIN (SELECT DISTINCT party_id FROM party UNION SELECT person_id FROM person) AS p ON p.party_id = h.owner LEFT JOIN (SELECT DISTINCT inst_id FROM institution) AS i ON i.inst_id = h.owner GROUP BY owned)
	SELECT 'institution' AS subject_kind, t.inst_id AS subject_id, t.inst_id, risk_screen._rounded(coalesce(s.amount, 0) / nullif(t.amount, 0), ($5 ->> 'register_gap')::numeric) AS observed, NULL::numeric AS threshold,
		   s.amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('about', 'accounts', 'not_registered', s.n, 'accounts', to_jsonb(s.accounts), 'other_currencies', nullif(t.other, 0), 'missing', CASE WHEN t.amount IS NULL THEN 'transfers in yuan' END)) AS evidence, 'institution:' || t.inst_id || ':accounts' AS finding_key
	  FROM total AS t JOIN institution AS i ON i.inst_id = t.inst_id AND i.lines <> '{}' LEFT JOIN strays AS s ON s.inst_id = t.inst_id WHERE t.amount > 0 OR t.amount IS NULL AND t.other > 0
	 UNION ALL
	SELECT 'institution', i.inst_id, i.inst_id, risk_screen._rounded(greatest(1 - k.share, 0) + k.unnamed_share, ($5 ->> 'register_gap')::numeric), NULL, NULL, NULL,
		   jsonb_strip_nulls(jsonb_build_object('about', 'shareholders', 'holders', k.holders, 'share_filed', k.share, 'holders_not_on_file', k.unnamed, 'missing', CASE WHEN k.owned IS NULL THEN 'shareholders' END)), 'institution:' || i.inst_id || ':shareholders'
	  FROM institution AS i LEFT JOIN known AS k ON k.owned = i.inst_id
	 WHERE i.lines <> '{}' AND coalesce(i.status, 'active') = 'active'
$$, '交易账户未登记，或股东身份、持股比例不明。', 'Accounts in use are not registered, or shareholders and shares are unknown.');

SELECT risk_screen._ship_rule('M12', NULL, '{}', '{}', '{account,account.inst_id}', '{}', $$
	SELECT 'line' AS subject_kind, coalesce(u.line, 'ALL') AS subject_id, NULL::text AS inst_id, round(avg(a.on_central_register::int), 6) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('accounts', count(*), 'registered', count(*) FILTER (WHERE a.on_central_register), 'not_told', count(*) FILTER (WHERE a.on_central_register IS NULL),
				'missing', CASE WHEN count(a.on_central_register) = 0 THEN 'on_central_register' END)) AS evidence
	  FROM account AS a JOIN institution AS i USING (inst_id) CROSS JOIN LATERAL (SELECT x FROM unnest(i.lines) AS x UNION ALL SELECT NULL) AS u (line)
	 WHERE coalesce(a.opened_on <= $1, true) AND (a.closed_on > $1 OR a.closed_on IS NULL) GROUP BY u.line
$$, '各条线账户纳入统一登记和集中监测的比例。', 'Share of accounts under central registration, by line.', 'meso', NULL, '{}', 1, 'indicator');

-- A figure that was filed by its parts only (position.biz, position.region) is their sum; a rate
-- has none and is left out. Both are counted in the evidence.
SELECT risk_screen._ship_rule('M16', NULL, '{}', '{}', '{position,institution.lines,position.value}', '{}', $$
	WITH filed AS (
		SELECT p.inst_id, p.item, p.as_of, p.period_from, count(p.value) FILTER (WHERE p.biz IS NULL AND p.region IS NULL) = 0 AS parts, coalesce(max(p.value) FILTER (WHERE p.biz IS NULL AND p.region IS NULL),
			   -- rates have no sum
			   CASE WHEN p.item !~ '_rate$' THEN coalesce(sum(p.value) FILTER (WHERE p.region IS NULL), sum(p.value) FILTER (WHERE p.biz IS NULL), sum(p.value)) END) AS value
		  FROM position AS p WHERE p.as_of <= $1 AND p.as_of >= $2::date AND p.value IS NOT NULL GROUP BY p.inst_id, p.item, p.as_of, p.period_from),
	-- the last day; of periods that end on it the longest
	last AS (
		SELECT DISTINCT ON (inst_id, item) inst_id, item, value, parts, as_of, period_from FROM filed ORDER BY inst_id, item, value IS NULL, as_of DESC, period_from NULLS LAST)
	SELECT 'statistic' AS subject_kind, concat_ws(' ', u.line, l.item) AS subject_id, NULL::text AS inst_id, CASE WHEN l.item ~ '_rate$' THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY l.value) ELSE sum(l.value) END AS observed,
		   NULL::numeric AS threshold, NULL::numeric AS amount, max(l.as_of)::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('line', u.line, 'item', l.item, 'title', min(c.title_zh), 'definition', CASE WHEN l.item ~ '_rate$' THEN 'median of the last figures filed' ELSE 'sum of the last figures filed' END, 'institutions', count(l.value), 'summed_from_parts', nullif(count(l.value) FILTER (WHERE l.parts), 0), 'left_out_parts_only', nullif(count(*) - count(l.value), 0),
				'different_periods', nullif(count(DISTINCT (l.period_from, l.as_of)) FILTER (WHERE l.period_from IS NOT NULL AND l.value IS NOT NULL), 0),
				'not_filed', (SELECT count(*) FROM institution AS i WHERE u.line = ANY (i.lines) AND coalesce(i.status, 'active') = 'active') - count(*) FILTER (WHERE coalesce(n.status, 'active') = 'active'), 'oldest', min(l.as_of) FILTER (WHERE l.value IS NOT NULL), 'version', 2,
				'missing', CASE WHEN count(l.value) = 0 THEN 'the figure as a whole: filed by its parts only' END)) AS evidence
	  FROM last AS l JOIN institution AS n USING (inst_id) CROSS JOIN LATERAL unnest(n.lines) AS u (line) LEFT JOIN risk_screen.code_label AS c ON c.domain = 'position_item' AND c.code = l.item
	 GROUP BY u.line, l.item
$$, '分条线统计：各报送指标合计（比率取中位数）及报送机构数。', 'Statistics by line: sum of each filed figure (median of rates) and how many filed it.', 'macro', NULL, '{}', 1, 'indicator');

SELECT risk_screen._ship_rule('M17', NULL, '{}', '{}', '{share_log}', '{}', $$
	SELECT 'authority' AS subject_kind, s.authority AS subject_id, NULL::text AS inst_id, round(avg(coalesce(s.answered_at < $3, false)::int) FILTER (WHERE s.direction = 'sent'), 6) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, max(s.sent_at) AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('sent', count(*) FILTER (WHERE s.direction = 'sent'), 'received', count(*) FILTER (WHERE s.direction = 'received'), 'answered', count(*) FILTER (WHERE s.direction = 'sent' AND s.answered_at < $3),
				'median_hours', round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY s.answered_at - s.sent_at) FILTER (WHERE s.answered_at < $3))::numeric / 3600, 2), 'by_kind', jsonb_agg(DISTINCT s.kind),
				'missing', CASE WHEN count(*) FILTER (WHERE s.direction = 'sent') = 0 THEN 'anything sent to this authority' END)) AS evidence
	  FROM share_log AS s WHERE s.sent_at >= $2 AND s.sent_at < $3 GROUP BY s.authority
$$, '与各部门线索往来的反馈率。', 'Share of the leads sent to each authority that were answered.', 'meso', NULL, '{}', 1, 'indicator');

SELECT risk_screen._ship_rule('M18', 'yellow', '{ALL}', '{}', '{site}', '{}', $$
	WITH seen AS (
		SELECT DISTINCT ON (s.site_id) s.* FROM site AS s WHERE s.found_at < $3 ORDER BY s.site_id, s.found_at DESC),
	-- what the page says counts when nobody behind it is licensed to say it
	read AS (
		SELECT s.*, i.inst_id AS known, i.is_financial IS TRUE OR EXISTS (SELECT FROM licence AS l WHERE l.inst_id = s.inst_id AND l.valid_from <= s.found_at::date AND (l.valid_to > s.found_at::date OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid') AS licensed,
			   ARRAY(SELECT DISTINCT f.term FROM risk_screen.find_terms(s.body, ARRAY['CN-2016-21', 'CN-PROD', 'CN-NEW-LABELS', 'CN-AD'], $1) AS f ORDER BY f.term) AS terms
		  FROM seen AS s LEFT JOIN (SELECT DISTINCT ON (inst_id) inst_id, is_financial FROM institution ORDER BY inst_id) AS i USING (inst_id)
		 WHERE s.alive IS NOT FALSE)
	SELECT 'site' AS subject_kind, r.site_id AS subject_id, r.known AS inst_id, CASE WHEN r.body IS NOT NULL THEN 1 + (r.icp_no IS NULL)::int END AS observed, 0 AS threshold, NULL::numeric AS amount, r.found_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('url', r.url, 'kind', r.kind, 'icp_no', r.icp_no, 'terms', to_jsonb(r.terms), 'nobody_known', CASE WHEN r.known IS NULL THEN true END, 'missing', CASE WHEN r.body IS NULL THEN 'text of the page' END)) AS evidence
	  FROM read AS r
	 WHERE r.body IS NULL OR r.terms <> '{}' AND (NOT r.licensed OR r.icp_no IS NULL)
$$, '网站或应用含金融业务用语而无许可或无ICP备案，疑似违规。', 'A site or app with words of financial business without a licence, or without a filing number.');

SELECT risk_screen._ship_rule('M20', 'yellow', '{ALL}', '{opinion_texts}', '{text_item,text_item.inst_id,text_item.kind}', '{}', $$
	WITH told AS (
		SELECT x.inst_id, x.text_id, x.source, x.published_at, risk_screen.term_list(x.body, 'OPINION-TROUBLE', $1) AS terms
		  FROM text_item AS x WHERE x.kind IN ('opinion', 'review', 'news') AND x.inst_id IS NOT NULL AND x.published_at >= $2 AND x.published_at < $3)
	SELECT 'institution' AS subject_kind, t.inst_id AS subject_id, count(*) FILTER (WHERE t.terms <> '{}') AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, max(t.published_at) FILTER (WHERE t.terms <> '{}') AS occurred_at,
		   jsonb_build_object('texts', count(*), 'share', round(avg((t.terms <> '{}')::int), 6), 'sources', count(DISTINCT t.source) FILTER (WHERE t.terms <> '{}'),
				'terms', (SELECT jsonb_object_agg(w.term, w.n) FROM (SELECT u.term, count(*) AS n FROM told AS y CROSS JOIN LATERAL unnest(y.terms) AS u (term) WHERE y.inst_id = t.inst_id GROUP BY u.term) AS w),
				'examples', (array_agg(t.text_id ORDER BY t.published_at DESC, t.text_id) FILTER (WHERE t.terms <> '{}'))[1:10]) AS evidence
	  FROM told AS t GROUP BY t.inst_id HAVING count(*) FILTER (WHERE t.terms <> '{}') > 0
$$, '用户评价、媒体报道中集中出现兑付困难、欺诈等用语。', 'Reviews and reports speak of failing payments or fraud.');

-- The authority of the place of registration is in charge; observed: how many are named for line and place.
SELECT risk_screen._ship_rule('M21', NULL, '{}', '{}', '{institution,institution.lines}', '{}', $$
	WITH duty AS (
		SELECT line, region, authority, duty FROM responsibility WHERE coalesce(valid_from <= $1, true) AND (valid_to > $1 OR valid_to IS NULL))
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, NULL::text AS inst_id, CASE WHEN i.province IS NOT NULL THEN count(DISTINCT d.authority) END AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('region', i.province, 'city', i.city, 'authorities', jsonb_agg(DISTINCT d.authority) FILTER (WHERE d.authority IS NOT NULL), 'filed_supervisor', i.supervisor,
				'disagrees', CASE WHEN i.supervisor IS NOT NULL AND count(d.authority) > 0 AND NOT bool_or(coalesce(d.authority = i.supervisor, false)) THEN true END,
				'operates_elsewhere', (SELECT jsonb_agg(x ORDER BY x) FROM unnest(i.operating_provinces) AS x WHERE x <> i.province), 'missing', CASE WHEN i.province IS NULL THEN 'province of registration' END)) AS evidence
	  FROM institution AS i LEFT JOIN duty AS d ON (d.region IS NULL OR d.region IN (i.province, i.city)) AND (d.line IS NULL OR d.line = 'ALL' OR d.line = ANY (i.lines))
	 WHERE i.lines <> '{}' GROUP BY i.inst_id, i.province, i.city, i.supervisor, i.operating_provinces
$$, '按注册地归口：主管部门数，以及在其他省份经营的情况。', 'Jurisdiction by place of registration: authorities in charge, and business in other provinces.', 'meso', NULL, '{}', 1, 'indicator');

SELECT risk_screen._ship_rule('M23', 'yellow', '{}', '{}', '{access_log.subject_id?}', '{}', $$
	SELECT 'request' AS subject_kind, q.request_id AS subject_id, NULL::text AS inst_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, q.asked_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('authority', q.authority, 'institution', q.inst_id, 'about', q.subject_id, 'kind', q.kind, 'delivered_at', q.delivered_at)) AS evidence
	  FROM official_request AS q WHERE q.kind IN ('account', 'freeze') AND coalesce(q.authorisation_no, '') = '' AND q.asked_at >= $2 AND q.asked_at < $3
	 UNION ALL
	SELECT 'access', a.log_id, NULL, 1, 0, NULL, a.happened_at, jsonb_strip_nulls(jsonb_build_object('user', a.user_name, 'institution', a.inst_id, 'about', a.subject_id, 'kind', a.kind, 'rows', a.row_count))
	  FROM access_log AS a WHERE a.kind IN ('query', 'export') AND a.subject_id IS NOT NULL AND coalesce(a.authorisation_no, '') = '' AND a.happened_at >= $2 AND a.happened_at < $3
	   AND EXISTS (SELECT FROM account AS c WHERE c.account_id = a.subject_id)
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'requests of authorities and the access log') WHERE NOT EXISTS (SELECT FROM official_request) AND NOT EXISTS (SELECT FROM access_log)
$$, '未履行法律程序查询账户。', 'An account was queried without a legal document.');

SELECT risk_screen._ship_rule('M25', NULL, '{}', '{}', '{position,institution,institution.lines,position.value}', '{}', $$
	WITH filed AS (
		SELECT p.inst_id, p.item, p.as_of, p.period_from, count(p.value) FILTER (WHERE p.biz IS NULL AND p.region IS NULL) = 0 AS parts, coalesce(max(p.value) FILTER (WHERE p.biz IS NULL AND p.region IS NULL),
			   -- rates have no sum
			   CASE WHEN p.item !~ '_rate$' THEN coalesce(sum(p.value) FILTER (WHERE p.region IS NULL), sum(p.value) FILTER (WHERE p.biz IS NULL), sum(p.value)) END) AS value
		  FROM position AS p WHERE p.as_of <= $1 AND p.as_of >= $2::date AND p.value IS NOT NULL GROUP BY p.inst_id, p.item, p.as_of, p.period_from),
	-- the last day; of periods that end on it the longest
	last AS (
		SELECT DISTINCT ON (inst_id, item) inst_id, item, value, parts, as_of, period_from FROM filed ORDER BY inst_id, item, value IS NULL, as_of DESC, period_from NULLS LAST)
	SELECT 'statistic' AS subject_kind, n.province || ' ' || l.item AS subject_id, NULL::text AS inst_id, CASE WHEN l.item ~ '_rate$' THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY l.value) ELSE sum(l.value) END AS observed,
		   NULL::numeric AS threshold, NULL::numeric AS amount, max(l.as_of)::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('region', n.province, 'item', l.item, 'title', min(c.title_zh), 'institutions', count(l.value), 'summed_from_parts', nullif(count(l.value) FILTER (WHERE l.parts), 0), 'left_out_parts_only', nullif(count(*) - count(l.value), 0),
				'different_periods', nullif(count(DISTINCT (l.period_from, l.as_of)) FILTER (WHERE l.period_from IS NOT NULL AND l.value IS NOT NULL), 0),
				'largest_share', CASE WHEN sum(l.value) > 0 THEN round(max(l.value) / sum(l.value), 6) END, 'oldest', min(l.as_of) FILTER (WHERE l.value IS NOT NULL), 'missing', CASE WHEN count(l.value) = 0 THEN 'the figure as a whole: filed by its parts only' END)) AS evidence
	  FROM last AS l JOIN institution AS n USING (inst_id) LEFT JOIN risk_screen.code_label AS c ON c.domain = 'position_item' AND c.code = l.item
	 WHERE n.province IS NOT NULL AND n.lines <> '{}'
	 GROUP BY n.province, l.item
	 UNION ALL
	SELECT 'statistic', '(no province) ' || l.item, NULL, NULL, NULL, NULL, max(l.as_of)::timestamptz, jsonb_build_object('item', l.item, 'institutions', count(*), 'missing', 'province of institutions')
	  FROM last AS l JOIN institution AS n USING (inst_id) WHERE n.province IS NULL AND n.lines <> '{}' GROUP BY l.item
$$, '分地区统计：各报送指标合计（比率取中位数）。', 'Statistics by province: sum of each filed figure (median of rates).', 'meso', NULL, '{}', 1, 'indicator');

-- The three stages of the pipeline, as this run went through them.
SELECT risk_screen._ship_rule('M06', NULL, '{}', '{}', '{}', '{}', $$
	WITH day AS (SELECT r.* FROM run AS r WHERE r.as_of = $1 AND r.known_at = $4),
	collected AS (
		SELECT count(DISTINCT c.role) AS roles, count(DISTINCT c.inst_id) AS institutions, sum(c.row_count) AS rows FROM day JOIN coverage AS c USING (run_id) WHERE c.row_count > 0),
	judged AS (
		SELECT count(*) AS rules, count(*) FILTER (WHERE o.outcome IN ('hit', 'clear')) AS judged, jsonb_build_object('hit', count(*) FILTER (WHERE o.outcome = 'hit'), 'clear', count(*) FILTER (WHERE o.outcome = 'clear'),
			   'unknown', count(*) FILTER (WHERE o.outcome = 'unknown'), 'error', count(*) FILTER (WHERE o.outcome = 'error')) AS outcomes, sum(o.hits) AS findings FROM day JOIN rule_outcome AS o USING (run_id)),
	graded AS (
		SELECT jsonb_object_agg(x.level, x.n) AS levels FROM (SELECT g.level_in_force AS level, count(*) AS n FROM day JOIN grade AS g USING (run_id) GROUP BY 1) AS x),
	answered AS (
		SELECT count(*) AS alerts, count(*) FILTER (WHERE a.state = 'open') AS open, count(*) FILTER (WHERE a.reviewed_at IS NOT NULL) AS reviewed, count(a.case_id) AS cases FROM day JOIN alert AS a ON a.last_as_of = day.as_of AND a.state <> 'withdrawn')
	SELECT 'stage' AS subject_kind, '1 collect' AS subject_id, nullif(c.rows, 0) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('roles', c.roles, 'institutions', c.institutions, 'missing', CASE WHEN coalesce(c.rows, 0) = 0 THEN 'rows of any role that rules ask every institution for' END)) AS evidence
	  FROM collected AS c
	 UNION ALL
	SELECT 'stage', '2 analyse', nullif(j.judged, 0), NULL, NULL, NULL,
		   jsonb_strip_nulls(jsonb_build_object('rules', j.rules, 'outcomes', j.outcomes, 'findings', j.findings, 'missing', CASE WHEN coalesce(j.judged, 0) = 0 THEN 'a rule that could judge' END)) FROM judged AS j
	 UNION ALL
	SELECT 'stage', '3 respond', CASE WHEN g.levels IS NOT NULL THEN a.alerts END, NULL, NULL, NULL,
		   jsonb_strip_nulls(jsonb_build_object('levels', g.levels, 'open', a.open, 'reviewed', a.reviewed, 'with_case', a.cases, 'missing', CASE WHEN g.levels IS NULL THEN 'grades of the day' END)) FROM answered AS a CROSS JOIN graded AS g
$$, '采集—分析—响应各阶段的数量（行数、已判规则数、预警数）。', 'Counts of the stages collect, analyse, respond: rows, rules that judged, alerts.', NULL, NULL, '{}', 1, 'indicator', true);

-- Every rule in force says which tier it belongs to, which plan and clause it comes from, and its version.
SELECT risk_screen._ship_rule('M27', 'yellow', '{}', '{}', '{}', '{}', $$
	SELECT 'rule' AS subject_kind, r.code AS subject_id, NULL::text AS inst_id, cardinality(l.lacking) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('lacks', to_jsonb(l.lacking), 'title', r.title_zh, 'version', r.version) AS evidence, 'rule:' || r.code AS finding_key
	  FROM risk_screen.rule AS r
	 CROSS JOIN LATERAL (SELECT array_remove(ARRAY[CASE WHEN r.tier IS NULL THEN 'tier' END, CASE WHEN coalesce(cardinality(r.plan), 0) = 0 THEN 'plan' END, CASE WHEN coalesce(r.clause, '') = '' THEN 'clause' END, CASE WHEN r.version IS NULL THEN 'version' END], NULL) AS lacking) AS l
	 WHERE $1 >= r.valid_from AND $1 < r.valid_to AND l.lacking <> '{}'
$$, '规则未注明所属层级、来源方案、条款或版本。', 'A rule in force does not say its tier, plan, clause or version.', NULL, NULL, '{}', 1, NULL, true);
