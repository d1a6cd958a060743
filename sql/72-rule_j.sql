-- Rules of section J: disclosure, registers, lists of persons and firms.

SELECT risk_screen._ship_rule('J01', 'yellow', '{ALL}', '{disclosure_event}', '{event}', '{}', $$
	SELECT 'event' AS subject_kind, e.event_id AS subject_id, e.inst_id, coalesce(e.disclosed_at::date, $1) - e.occurred_at::date AS observed, NULL::numeric AS threshold, e.amount, e.occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('disclosed_at', e.disclosed_at, 'event', left(e.description, 200))) AS evidence
	  FROM event AS e
	 WHERE e.kind = 'major' AND e.occurred_at >= $2 AND e.occurred_at < $3 AND coalesce(e.disclosed_at::date, $1) > e.occurred_at::date
$$, '重大事项未即时披露。', 'A major event was not disclosed at once.');

SELECT risk_screen._ship_rule('J03', 'yellow', '{P2P}', '{}', '{audit}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('last_period', max(a.period_to), 'last_published', max(a.published_on))) AS evidence
	  FROM institution AS i LEFT JOIN audit AS a ON a.inst_id = i.inst_id AND a.subject = 'custody' AND a.published_on <= $1
	 WHERE 'P2P' = ANY (i.lines) AND coalesce(i.status, 'active') = 'active' AND (i.registered_on IS NULL OR i.registered_on < $1 - 548)
	 GROUP BY i.inst_id HAVING coalesce(max(a.published_on), '-infinity') < $1 - 366
$$, '存管账户独立审计结果未按年公开。', 'No published audit of the custody account within a year.');

SELECT risk_screen._ship_rule('J05', 'orange', '{ALL}', '{}', '{blacklist}', '{}', $$
	WITH listed AS (
		SELECT b.* FROM blacklist AS b WHERE b.valid_from <= $1 AND (b.valid_to > $1 OR b.valid_to IS NULL))
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, min(b.valid_from)::timestamptz AS occurred_at,
		   jsonb_build_object('lists', jsonb_agg(DISTINCT b.list_name), 'reasons', jsonb_agg(DISTINCT b.reason)) AS evidence
	  FROM institution AS i JOIN listed AS b ON b.subject_id = i.inst_id OR b.uscc = i.uscc
	 WHERE coalesce(i.status, 'active') = 'active' GROUP BY i.inst_id
$$, '机构在黑名单上。', 'The institution is on a black list.');

SELECT risk_screen._ship_rule('J08', 'orange', '{}', '{}', '{restriction,award}', '{}', $$
	SELECT 'award' AS subject_kind, a.award_id AS subject_id, NULL::text AS inst_id, coalesce(a.amount, 0) AS observed, NULL::numeric AS threshold, a.amount, a.awarded_on::timestamptz AS occurred_at,
		   jsonb_build_object('subject', a.subject_id, 'restriction', r.restriction_id, 'grantor', a.grantor) AS evidence
	  FROM award AS a JOIN restriction AS r ON r.subject_id = a.subject_id AND r.kind = a.kind AND a.awarded_on >= r.valid_from AND (a.awarded_on < r.valid_to OR r.valid_to IS NULL)
	 WHERE a.awarded_on <= $1 AND a.awarded_on >= $2::date
$$, '被限制主体参与政府采购或获得银行贷款。', 'A restricted party got a public contract or bank credit.');

SELECT risk_screen._ship_rule('J09', 'orange', '{ALL}', '{}', '{person}', '{}', $$
	SELECT 'person' AS subject_kind, p.person_id AS subject_id, p.inst_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, greatest(b.ban_from, p.post_from)::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('name', p.name, 'post', p.post, 'ban_from', b.ban_from, 'ban_to', b.ban_to)) AS evidence, 'person:' || p.person_id || '@' || p.inst_id AS finding_key
	  FROM person AS p
	  -- the ban may stand on another post of the same person
	  JOIN LATERAL (SELECT x.ban_from, x.ban_to FROM person AS x WHERE x.person_id = p.person_id AND x.ban_from <= $1 AND (x.ban_to > $1 OR x.ban_to IS NULL) ORDER BY x.ban_from LIMIT 1) AS b ON true
	 WHERE coalesce(p.post_from <= $1, true) AND (p.post_to > $1 OR p.post_to IS NULL)
$$, '被禁业人员仍在任职。', 'A banned person holds a post.');

SELECT risk_screen._ship_rule('J10', 'yellow', '{ALL}', '{}', '{person}', '{}', $$
	SELECT 'person' AS subject_kind, p.person_id AS subject_id, p.inst_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, p.post_from::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('name', p.name, 'post', p.post, 'qualified_from', p.qualified_from, 'qualified_to', p.qualified_to)) AS evidence, 'person:' || p.person_id || '@' || p.inst_id AS finding_key
	  FROM person AS p
	 WHERE p.post IN ('legal_representative', 'director', 'executive', 'risk_officer') AND coalesce(p.post_from <= $1, true) AND (p.post_to > $1 OR p.post_to IS NULL)
	   AND (p.qualified IS FALSE OR p.qualified_to <= $1 OR p.qualified_from > $1)
$$, '高管无任职资格。', 'An officer without qualification.');

SELECT risk_screen._ship_rule('J13', 'orange', '{ALL}', '{}', '{equity,blacklist}', '{}', $$
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
