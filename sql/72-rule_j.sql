-- Rules of section J: disclosure, registers, lists of persons and firms.

SELECT risk_screen._ship_rule('J01', 'yellow', '{ALL}', '{disclosure_event,disclosure_monthly,disclosure_days}', '{institution.lines?}', '{}', $$
	WITH month AS (
		SELECT (m + interval '1 month - 1 day')::date AS ends FROM generate_series(date_trunc('month', $2::date::timestamp), $1::timestamp, interval '1 month') AS m
		 WHERE m >= $2::date::timestamp AND (m + interval '1 month - 1 day')::date + ($5 ->> 'disclosure_days')::int < $1),
	routine AS (
		SELECT d.inst_id, date_trunc('month', d.period::timestamp)::date AS month, count(DISTINCT d.disclosed_at) AS reports FROM disclosure AS d
		 WHERE d.period IS NOT NULL AND d.product_id IS NULL AND d.disclosed_at < $3 GROUP BY 1, 2)
	SELECT 'event' AS subject_kind, e.event_id AS subject_id, e.inst_id, least(coalesce(e.disclosed_at::date, $1), $1) - e.occurred_at::date AS observed, NULL::numeric AS threshold, e.amount, e.occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('disclosed_at', CASE WHEN e.disclosed_at < $3 THEN e.disclosed_at END, 'event', left(e.description, 200))) AS evidence
	  FROM event AS e
	 WHERE e.kind = 'major' AND e.occurred_at >= $2 AND e.occurred_at < $3 AND least(coalesce(e.disclosed_at::date, $1), $1) > e.occurred_at::date
	 UNION ALL
	-- routine data: a month with fewer reports than one; days since it ended stand for the delay
	SELECT 'institution', i.inst_id, i.inst_id, $1 - m.ends, NULL, NULL, m.ends::timestamptz, jsonb_build_object('month', to_char(m.ends, 'YYYY-MM'), 'reports', coalesce(r.reports, 0))
	  FROM institution AS i CROSS JOIN month AS m LEFT JOIN routine AS r ON r.inst_id = i.inst_id AND r.month = date_trunc('month', m.ends::timestamp)::date
	 WHERE i.lines <> '{}' AND coalesce(i.status, 'active') = 'active' AND coalesce(i.registered_on <= m.ends, true) AND coalesce(r.reports, 0) < ($5 ->> 'disclosure_monthly')::numeric
	   AND EXISTS (SELECT FROM disclosure)
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'disclosures') WHERE NOT EXISTS (SELECT FROM disclosure)
$$, '重大事项未即时披露，或常规数据未按月披露。', 'A major event was not disclosed at once, or a month passed without the routine disclosure.');

SELECT risk_screen._ship_rule('J03', 'yellow', '{P2P}', '{audit_period,audit_first}', '{audit,institution.lines}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, $1 - coalesce(max(a.published_on), i.registered_on) AS observed,
		   -- a young platform has audit_first days for its first audit
		   CASE WHEN max(a.published_on) IS NULL THEN ($5 ->> 'audit_first')::numeric END AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('last_period', max(a.period_to), 'last_published', max(a.published_on), 'never', CASE WHEN max(a.published_on) IS NULL THEN true END,
				'missing', CASE WHEN max(a.published_on) IS NULL AND i.registered_on IS NULL THEN 'a published audit, or the date of registration' END)) AS evidence
	  FROM institution AS i LEFT JOIN audit AS a ON a.inst_id = i.inst_id AND a.subject = 'custody' AND a.published_on <= $1
	 WHERE 'P2P' = ANY (i.lines) AND coalesce(i.status, 'active') = 'active'
	 GROUP BY i.inst_id, i.registered_on
$$, '存管账户独立审计结果未按年公开。', 'No published audit of the custody account within a year.');

-- Who of a listed party's turns up: the institution itself, firms that were newly
-- registered or changed, partners it cooperates with, holders of its equity. A
-- list may name a firm by its number, its credit code or only by its name.
SELECT risk_screen._ship_rule('J05', 'orange', '{ALL}', '{}', '{blacklist}', '{}', $$
	WITH listed AS (
		SELECT b.list_name, b.subject_id, b.uscc, risk_screen.name_key(b.name) AS name_key, coalesce(b.reason, b.list_name) AS reason, b.valid_from
		  FROM blacklist AS b WHERE b.valid_from <= $1 AND (b.valid_to > $1 OR b.valid_to IS NULL)),
	firm AS (
		SELECT inst_id, uscc, name FROM institution WHERE coalesce(status, 'active') = 'active'),
	seen AS (
		SELECT f.inst_id, 'institution' AS place, f.inst_id AS party, f.uscc, f.name FROM firm AS f
		 UNION ALL
		SELECT r.inst_id, 'registration', r.inst_id, i.uscc, r.name FROM registration AS r LEFT JOIN institution AS i ON i.inst_id = r.inst_id
		 WHERE r.event IN ('new', 'change', 'move_in') AND r.happened_on <= $1 AND r.happened_on >= $2::date
		 UNION ALL
		SELECT c.inst_id, 'cooperation', c.partner_id, i.uscc, coalesce(i.name, p.name) FROM cooperation AS c JOIN firm AS f ON f.inst_id = c.inst_id
		  LEFT JOIN institution AS i ON i.inst_id = c.partner_id LEFT JOIN party AS p ON p.party_id = c.partner_id
		 WHERE c.valid_from <= $1 AND (c.valid_to > $1 OR c.valid_to IS NULL) AND (c.cleaned_on > $1 OR c.cleaned_on IS NULL)
		 UNION ALL
		SELECT e.owned, 'equity', e.owner, i.uscc, coalesce(i.name, p.name) FROM equity AS e JOIN firm AS f ON f.inst_id = e.owned
		  LEFT JOIN institution AS i ON i.inst_id = e.owner LEFT JOIN party AS p ON p.party_id = e.owner
		 WHERE coalesce(e.valid_from <= $1, true) AND (e.valid_to > $1 OR e.valid_to IS NULL)),
	found AS (
		SELECT s.inst_id, s.place, s.party, l.list_name, l.reason, l.valid_from, l.subject_id IS NOT DISTINCT FROM s.party OR l.uscc = s.uscc AS sure
		  FROM seen AS s JOIN listed AS l ON l.subject_id = s.party
		 UNION
		SELECT s.inst_id, s.place, s.party, l.list_name, l.reason, l.valid_from, true FROM seen AS s JOIN listed AS l ON l.uscc = s.uscc
		 UNION
		-- the name alone, where the list gives no number: may be another firm of that name
		SELECT s.inst_id, s.place, s.party, l.list_name, l.reason, l.valid_from, false FROM seen AS s JOIN listed AS l ON l.name_key = risk_screen.name_key(s.name) AND l.subject_id IS NULL AND l.uscc IS NULL),
	sums AS (
		SELECT inst_id, count(DISTINCT (place, party)) FILTER (WHERE sure) AS n, min(valid_from) AS since,
			   jsonb_agg(DISTINCT jsonb_build_object('found_in', place, 'party', party, 'list', list_name, 'reason', reason, 'by_name_only', CASE WHEN NOT sure THEN true END)) AS hits
		  FROM found GROUP BY inst_id)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, nullif(n, 0) AS observed, 0 AS threshold, NULL::numeric AS amount, since::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('hits', hits, 'missing', CASE WHEN n = 0 THEN 'number or credit code of the listed firm' END)) AS evidence
	  FROM sums
$$, '机构本身、新设或变更登记、合作方或股东在黑名单上。', 'The institution, a new registration, a partner or a holder of its equity is on a black list.');

SELECT risk_screen._ship_rule('J08', 'orange', '{}', '{}', '{restriction,award}', '{}', $$
	SELECT 'award' AS subject_kind, a.award_id AS subject_id, NULL::text AS inst_id, coalesce(a.amount, 0) AS observed, NULL::numeric AS threshold, a.amount, a.awarded_on::timestamptz AS occurred_at,
		   jsonb_build_object('subject', a.subject_id, 'restriction', r.restriction_id, 'grantor', a.grantor) AS evidence
	  FROM award AS a JOIN restriction AS r ON r.subject_id = a.subject_id AND r.kind = a.kind AND a.awarded_on >= r.valid_from AND (a.awarded_on < r.valid_to OR r.valid_to IS NULL)
	 WHERE a.awarded_on < $3::date AND a.awarded_on >= $2::date
$$, '被限制主体参与政府采购或获得银行贷款。', 'A restricted party got a public contract or bank credit.');

SELECT risk_screen._ship_rule('J09', 'orange', '{ALL}', '{}', '{person,person.ban_from|person.ban_to}', '{}', $$
	SELECT 'person' AS subject_kind, p.person_id AS subject_id, p.inst_id, CASE WHEN b.ban_from IS NOT NULL THEN 1 END AS observed, 0 AS threshold, NULL::numeric AS amount, greatest(b.ban_from, p.post_from)::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('name', p.name, 'post', p.post, 'ban_from', b.ban_from, 'ban_to', b.ban_to,
				'missing', CASE WHEN b.ban_from IS NULL THEN 'first day of the ban' END)) AS evidence, 'person:' || p.person_id || '@' || p.inst_id AS finding_key
	  FROM person AS p
	  -- the ban may stand on another post of the same person
	  JOIN LATERAL (SELECT x.ban_from, x.ban_to FROM person AS x WHERE x.person_id = p.person_id AND (x.ban_from <= $1 AND (x.ban_to > $1 OR x.ban_to IS NULL) OR x.ban_from IS NULL AND x.ban_to > $1)
					 ORDER BY x.ban_from LIMIT 1) AS b ON true
	 WHERE coalesce(p.post_from <= $1, true) AND (p.post_to > $1 OR p.post_to IS NULL)
$$, '被禁业人员仍在任职。', 'A banned person holds a post.');

SELECT risk_screen._ship_rule('J10', 'yellow', '{ALL}', '{}', '{person}', '{}', $$
	SELECT 'person' AS subject_kind, p.person_id AS subject_id, p.inst_id, CASE WHEN k.unfit THEN 1 END AS observed, 0 AS threshold, NULL::numeric AS amount, p.post_from::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('name', p.name, 'post', p.post, 'qualified_from', p.qualified_from, 'qualified_to', p.qualified_to, 'missing', CASE WHEN NOT k.unfit THEN 'qualified' END)) AS evidence, 'person:' || p.person_id || '@' || p.inst_id AS finding_key
	  FROM person AS p
	 CROSS JOIN LATERAL (SELECT coalesce(p.qualified IS FALSE OR p.qualified_to <= $1 OR p.qualified_from > $1, false) AS unfit) AS k
	 WHERE p.post IN ('legal_representative', 'director', 'executive', 'risk_officer') AND coalesce(p.post_from <= $1, true) AND (p.post_to > $1 OR p.post_to IS NULL)
	   AND (k.unfit OR num_nonnulls(p.qualified, p.qualified_from, p.qualified_to) = 0 AND EXISTS (SELECT FROM person AS x WHERE x.qualified IS NOT NULL))
	 UNION ALL
	-- where nobody files it, nobody's is missing
	SELECT 'desk', 'desk', NULL, NULL, 0, NULL, NULL, jsonb_build_object('missing', 'qualified'), 'desk' WHERE NOT EXISTS (SELECT FROM person AS x WHERE x.qualified IS NOT NULL)
$$, '高管无任职资格。', 'An officer without qualification.');

SELECT risk_screen._ship_rule('J13', 'orange', '{ALL}', '{}', '{equity,blacklist,blacklist.subject_id?,equity.share|equity.kind}', '{}', $$
	SELECT 'institution' AS subject_kind, r.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('parties', jsonb_agg(jsonb_build_object('party_id', r.party_id, 'relation', r.relation, 'via', r.via, 'share', r.share, 'steps', r.steps, 'why', w.why) ORDER BY r.party_id)) AS evidence
	  FROM risk_screen.desk_related_parties($1) AS r
	  JOIN LATERAL (
		SELECT string_agg(y.why, '; ' ORDER BY y.why) AS why
		  FROM (SELECT 'black list: ' || coalesce(b.reason, b.list_name) AS why FROM blacklist AS b WHERE b.subject_id = r.party_id AND b.valid_from <= $1 AND (b.valid_to > $1 OR b.valid_to IS NULL)
				 UNION SELECT 'banned' FROM person AS p WHERE p.person_id = r.party_id AND p.ban_from <= $1 AND (p.ban_to > $1 OR p.ban_to IS NULL)
				 UNION SELECT 'restricted: ' || x.kind FROM restriction AS x WHERE x.subject_id = r.party_id AND x.valid_from <= $1 AND (x.valid_to > $1 OR x.valid_to IS NULL)) AS y) AS w ON w.why IS NOT NULL
	 WHERE r.relation IN ('controller', 'holder', 'holder_controller') GROUP BY r.inst_id
$$, '实际控制人或主要股东在黑名单、禁业或限制名单上。', 'A controller or main holder is black-listed, banned or restricted.');

SELECT risk_screen._ship_rule('J04', 'yellow', '{ALL}', '{disclosure_freshness}', '{disclosure,institution.lines}', '{}', $$
	WITH shown AS (
		SELECT inst_id, max(disclosed_at) AS last_at, (array_agg(item ORDER BY disclosed_at DESC, item))[1] AS last_item FROM disclosure WHERE disclosed_at < $3 GROUP BY inst_id)
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, $1 - coalesce(s.last_at::date, i.registered_on) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, s.last_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('last', s.last_at, 'item', s.last_item, 'never', CASE WHEN s.last_at IS NULL THEN true END,
				'missing', CASE WHEN s.last_at IS NULL AND i.registered_on IS NULL THEN 'a disclosure, or the date of registration' END)) AS evidence
	  FROM institution AS i LEFT JOIN shown AS s USING (inst_id)
	 WHERE i.lines <> '{}' AND coalesce(i.status, 'active') = 'active'
$$, '未及时披露经营活动和财务状况信息。', 'Operating and financial information is not disclosed in time.');

-- Whose annual report is due: the institution, and the firms that control it or are controlled with it.
SELECT risk_screen._ship_rule('J06', 'yellow', '{ALL}', '{annual_report_due}', '{filing,equity,institution.lines,party.kind?}', '{}', $$
	WITH year AS (
		-- the last year whose report is due: on the same date of a leap year too
		SELECT make_date(extract(year FROM $1)::int - CASE WHEN to_char($1, 'MMDD') > to_char(date '2001-01-01' + ($5 ->> 'annual_report_due')::int - 1, 'MMDD') THEN 1 ELSE 2 END, 12, 31) AS ends),
	filed AS (
		SELECT DISTINCT f.inst_id FROM filing AS f CROSS JOIN year AS y
		 WHERE f.kind = 'annual' AND f.received_at < $3 AND coalesce(f.status, 'accepted') <> 'rejected' AND coalesce(f.period_to, (date_trunc('year', f.received_at::timestamp) - interval '1 day')::date) >= y.ends),
	duty AS (
		SELECT r.inst_id, r.party_id, r.relation, coalesce(i.name, p.name) AS name, coalesce(i.registered_on, p.registered_on) AS since
		  FROM risk_screen.desk_related_parties($1) AS r JOIN institution AS o ON o.inst_id = r.inst_id AND o.lines <> '{}' AND coalesce(o.status, 'active') = 'active'
		  LEFT JOIN institution AS i ON i.inst_id = r.party_id LEFT JOIN party AS p ON p.party_id = r.party_id
		 WHERE r.relation IN ('self', 'controller', 'controlled', 'holder', 'group') AND (i.inst_id IS NOT NULL OR p.kind IN ('enterprise', 'listed', 'state')))
	SELECT 'institution' AS subject_kind, d.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('year', extract(year FROM y.ends), 'missing_reports', jsonb_agg(jsonb_build_object('party_id', d.party_id, 'name', d.name, 'relation', d.relation) ORDER BY d.relation <> 'self', d.party_id)) AS evidence
	  FROM duty AS d CROSS JOIN year AS y
	 WHERE coalesce(d.since <= y.ends, true) AND NOT EXISTS (SELECT FROM filed AS f WHERE f.inst_id = d.party_id) AND EXISTS (SELECT FROM filing AS f WHERE f.kind = 'annual')
	 GROUP BY d.inst_id, y.ends
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'filings of kind annual') WHERE NOT EXISTS (SELECT FROM filing AS f WHERE f.kind = 'annual')
$$, '机构或其关联方未在信息公示平台公示年报。', 'No annual report of the institution or of a related firm on the public platform.');

SELECT risk_screen._ship_rule('J07', 'yellow', '{}', '{penalty_share_days}', '{penalty}', '{}', $$
	WITH sent AS (
		SELECT p.penalty_id, p.subject_id, p.subject_kind, p.authority, p.amount, p.decided_on, least(p.shared_at, min(s.sent_at)) AS shared_at
		  FROM penalty AS p LEFT JOIN share_log AS s ON s.direction = 'sent' AND s.kind = 'penalty' AND s.subject_id = p.subject_id AND s.sent_at >= p.decided_on::timestamptz
		 WHERE p.decided_on <= $1 AND p.decided_on >= $2::date GROUP BY p.penalty_id, p.subject_id, p.subject_kind, p.authority, p.amount, p.decided_on, p.shared_at)
	SELECT 'penalty' AS subject_kind, penalty_id AS subject_id, NULL::text AS inst_id, CASE WHEN f.told THEN risk_screen.workdays_between(decided_on, least(coalesce(shared_at::date, $1), $1)) END AS observed, NULL::numeric AS threshold,
		   amount, decided_on::timestamptz AS occurred_at, jsonb_strip_nulls(jsonb_build_object('subject', subject_id, 'subject_kind', subject_kind, 'authority', authority, 'shared_at', shared_at, 'missing', CASE WHEN NOT f.told THEN 'when penalties were shared (penalty.shared_at, share_log)' END)) AS evidence
	  FROM sent CROSS JOIN (SELECT EXISTS (SELECT FROM penalty AS x WHERE x.shared_at IS NOT NULL) OR EXISTS (SELECT FROM share_log AS s WHERE s.direction = 'sent' AND s.kind = 'penalty') AS told) AS f
$$, '行政处罚信息未按期推送国家信用信息共享平台。', 'A penalty was not sent to the national credit platform in time.');

SELECT risk_screen._ship_rule('J11', 'yellow', '{}', '{}', '{eligible_bank,account,account.owner_kind}', '{}', $$
	WITH listed AS (
		SELECT e.bank_id, e.list_name, min(e.name) AS name, bool_or(e.valid_from <= $1 AND (e.valid_to > $1 OR e.valid_to IS NULL)) AS on_list, max(e.valid_to) FILTER (WHERE e.valid_to <= $1) AS left_on
		  FROM eligible_bank AS e WHERE e.valid_from <= $1 GROUP BY e.bank_id, e.list_name),
	used AS (
		SELECT a.bank_id, CASE a.owner_kind WHEN 'reserve' THEN 'reserve' ELSE 'custody' END AS list_name, count(*) AS accounts, array_agg(DISTINCT a.inst_id) AS institutions
		  FROM account AS a WHERE a.owner_kind IN ('custody', 'reserve') AND a.bank_kind IS DISTINCT FROM 'pboc' AND coalesce(a.opened_on <= $1, true) AND (a.closed_on > $1 OR a.closed_on IS NULL)
		 GROUP BY a.bank_id, CASE a.owner_kind WHEN 'reserve' THEN 'reserve' ELSE 'custody' END)
	SELECT 'bank' AS subject_kind, coalesce(u.bank_id, '(no bank filed)') AS subject_id, NULL::text AS inst_id, CASE WHEN u.bank_id IS NOT NULL THEN u.accounts END AS observed, 0 AS threshold, NULL::numeric AS amount, l.left_on::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('list', u.list_name, 'name', l.name, 'left_the_list', l.left_on, 'never_listed', CASE WHEN l.bank_id IS NULL AND u.bank_id IS NOT NULL THEN true END, 'institutions', to_jsonb(u.institutions[1:20]),
				'missing', CASE WHEN u.bank_id IS NULL THEN 'bank of custody or reserve accounts' END)) AS evidence,
		   'bank:' || coalesce(u.bank_id, '') || ':' || u.list_name AS finding_key
	  FROM used AS u LEFT JOIN listed AS l USING (bank_id, list_name)
	 WHERE l.on_list IS NOT TRUE
$$, '名单外或已移出名单的银行仍有存管、备付金账户。', 'Custody or reserve accounts at a bank that is not, or no longer, on the list.');

-- One firm of several sources is told by its institution number, its credit code, or its name.
SELECT risk_screen._ship_rule('J12', 'yellow', '{}', '{}', '{directory,institution.lines?}', '{}', $$
	WITH entry AS (
		SELECT d.source, d.inst_id, d.uscc, d.name, d.line, d.province, coalesce(i.inst_id, u.inst_id) AS matched
		  FROM directory AS d
		  LEFT JOIN (SELECT DISTINCT inst_id FROM institution) AS i ON i.inst_id = d.inst_id
		  LEFT JOIN (SELECT uscc, min(inst_id) AS inst_id FROM institution WHERE uscc IS NOT NULL GROUP BY uscc) AS u ON u.uscc = d.uscc
		 WHERE coalesce(d.listed_on <= $1, true) AND d.source IS NOT NULL),
	keyed AS (
		SELECT e.*, coalesce('inst:' || matched, 'uscc:' || uscc, 'name:' || risk_screen.name_key(name)) AS firm FROM entry AS e),
	sources AS (
		SELECT array_agg(DISTINCT source ORDER BY source) AS known FROM keyed),
	firms AS (
		SELECT firm, min(matched) AS inst_id, min(name) AS name, min(uscc) AS uscc, min(province) AS province, array_agg(DISTINCT source ORDER BY source) AS listed FROM keyed WHERE firm IS NOT NULL GROUP BY firm
		 UNION ALL
		-- supervised, and in no directory at all
		SELECT 'inst:' || i.inst_id, i.inst_id, i.name, i.uscc, i.province, '{}' FROM institution AS i
		 WHERE i.lines <> '{}' AND coalesce(i.status, 'active') = 'active' AND NOT EXISTS (SELECT FROM keyed AS k WHERE k.firm = 'inst:' || i.inst_id)
		   AND NOT EXISTS (SELECT FROM keyed AS k WHERE k.firm = 'name:' || risk_screen.name_key(i.name)))
	SELECT 'firm' AS subject_kind, coalesce(f.inst_id, f.uscc, f.name) AS subject_id, NULL::text AS inst_id, cardinality(m.lacking) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('name', f.name, 'province', f.province, 'listed_by', to_jsonb(f.listed), 'missing_in', to_jsonb(m.lacking))) AS evidence
	  FROM firms AS f CROSS JOIN sources AS s CROSS JOIN LATERAL (SELECT ARRAY(SELECT x FROM unnest(s.known) AS x WHERE x <> ALL (f.listed) ORDER BY x) AS lacking) AS m
	 WHERE m.lacking <> '{}'
$$, '工商登记、金融局名录与摸底排查名录不一致，需补录。', 'The register, the bureau''s directory and the census disagree: to be added.');

SELECT risk_screen._ship_rule('J16', 'yellow', '{ALL}', '{report_period}', '{filing,institution.lines,event.inst_id?}', '{}', $$
	WITH recent AS (
		SELECT f.inst_id, f.kind, max(f.received_at) AS at FROM filing AS f
		 WHERE f.kind IN ('annual', 'major_event', 'risk_notice') AND f.received_at < $3 AND f.received_at >= ($1 - ($5 ->> 'report_period')::int)::timestamptz AND coalesce(f.status, 'accepted') <> 'rejected' GROUP BY f.inst_id, f.kind),
	due AS (
		SELECT i.inst_id, k.kind FROM institution AS i CROSS JOIN (VALUES ('annual'), ('risk_notice')) AS k (kind)
		 WHERE i.lines <> '{}' AND coalesce(i.status, 'active') = 'active' AND (i.registered_on IS NULL OR i.registered_on < $1 - ($5 ->> 'report_period')::int)
		 UNION
		-- a report of a major event is due only when there was one
		SELECT e.inst_id, 'major_event' FROM event AS e JOIN institution AS i USING (inst_id)
		 WHERE e.kind = 'major' AND e.occurred_at < $3 AND e.occurred_at >= ($1 - ($5 ->> 'report_period')::int)::timestamptz AND i.lines <> '{}')
	SELECT 'institution' AS subject_kind, d.inst_id AS subject_id, count(*) FILTER (WHERE r.at IS NULL) AS observed, 0 AS threshold, NULL::numeric AS amount, max(r.at) AS occurred_at,
		   jsonb_build_object('due', jsonb_agg(d.kind ORDER BY d.kind), 'not_filed', coalesce(jsonb_agg(d.kind ORDER BY d.kind) FILTER (WHERE r.at IS NULL), '[]')) AS evidence
	  FROM due AS d LEFT JOIN recent AS r USING (inst_id, kind)
	 WHERE EXISTS (SELECT FROM recent)
	 GROUP BY d.inst_id HAVING count(*) FILTER (WHERE r.at IS NULL) > 0
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'filings of kind annual, major_event or risk_notice') WHERE NOT EXISTS (SELECT FROM recent)
$$, '年报、重大事项报告、风险提示未报全。', 'Annual report, report of a major event or risk notice was not filed.');
