-- Rules of section M: jurisdiction, registers of accounts. Feeds and seals: 72-rule_m_feed.sql.

SELECT risk_screen._ship_rule('M11', 'yellow', '{ALL}', '{}', '{account}', '{}', $$
	SELECT 'institution' AS subject_kind, a.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('accounts', (array_agg(a.account_id ORDER BY a.account_id))[1:20]) AS evidence
	  FROM account AS a WHERE a.on_central_register IS FALSE AND a.inst_id IS NOT NULL AND (a.closed_on > $1 OR a.closed_on IS NULL) AND coalesce(a.opened_on <= $1, true) GROUP BY a.inst_id
$$, '账户未纳入集中登记。', 'Accounts are not on the central register.', 'micro');

SELECT risk_screen._ship_rule('M22', NULL, '{}', '{}', '{institution}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, cardinality(x.provinces) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('registered', i.province, 'operating', to_jsonb(i.operating_provinces)) AS evidence
	  FROM institution AS i CROSS JOIN LATERAL (SELECT array_agg(DISTINCT p) AS provinces FROM unnest(i.operating_provinces || i.province) AS p WHERE p IS NOT NULL) AS x
	 WHERE cardinality(x.provinces) > 1
$$, '跨区域经营的平台。', 'Platforms doing business in several provinces.');
UPDATE risk_screen.rule SET kind = 'indicator' WHERE code = 'M22';
