-- Rules of section M: feeds, jurisdiction, registers of accounts.

SELECT risk_screen._ship_rule('M01', 'yellow', '{ALL}', '{feed_lag}', '{feed}', '{}', $$
	WITH span AS (
		SELECT f.inst_id, f.role, min(f.report_date) AS first_day FROM feed AS f WHERE f.report_date <= $1 AND f.report_date >= $2::date GROUP BY f.inst_id, f.role),
	-- every day from the first report on; a day whose feed is not yet due is not late
	grid AS (
		SELECT s.inst_id, s.role, d::date AS day FROM span AS s, generate_series(s.first_day::timestamp, ($1 - ($5 ->> 'feed_lag')::int)::timestamp, interval '1 day') AS d),
	best AS (
		SELECT f.inst_id, f.role, f.report_date, min(f.received_at) FILTER (WHERE f.valid IS NOT FALSE AND f.row_count IS NOT DISTINCT FROM coalesce(f.control_rows, f.row_count)
					AND f.amount_total IS NOT DISTINCT FROM coalesce(f.control_amount, f.amount_total)) AS received_at, count(*) AS n, bool_and(f.valid IS FALSE) AS invalid
		  FROM feed AS f WHERE f.received_at < $3 GROUP BY f.inst_id, f.role, f.report_date)
	SELECT 'feed' AS subject_kind, g.inst_id || ' ' || g.day AS subject_id, g.inst_id, coalesce(b.received_at::date, $1 + 1) - g.day AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, g.day::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('day', g.day, 'role', g.role, 'received_at', b.received_at,
				'fault', CASE WHEN b.received_at IS NOT NULL THEN 'late' WHEN b.n IS NULL THEN 'missing' WHEN b.invalid THEN 'invalid' ELSE 'control totals differ' END)) AS evidence,
		   'feed:' || g.inst_id || ':' || coalesce(g.role, '') || '@' || g.day AS finding_key
	  FROM grid AS g LEFT JOIN best AS b ON b.inst_id = g.inst_id AND b.role IS NOT DISTINCT FROM g.role AND b.report_date = g.day
	 WHERE b.received_at IS NULL OR b.received_at::date - g.day > ($5 ->> 'feed_lag')::int
$$, '数据未按T+1报送、缺报或校验不通过。', 'A daily feed is late, missing, invalid or does not add up.');

SELECT risk_screen._ship_rule('M02', 'yellow', '{ALL}', '{}', '{txn}', '{}', $$
	SELECT 'institution' AS subject_kind, t.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, sum(t.amount) AS amount, max(t.paid_at) AS occurred_at,
		   jsonb_build_object('without_user', count(*) FILTER (WHERE t.payer_owner IS NULL AND t.payee_owner IS NULL), 'without_party', count(*) FILTER (WHERE t.payer IS NULL OR t.payee IS NULL),
				'without_amount', count(*) FILTER (WHERE t.amount IS NULL OR t.amount < 0 OR t.amount = 'NaN'), 'without_id', count(*) FILTER (WHERE t.txn_id IS NULL)) AS evidence
	  FROM txn AS t
	 WHERE (t.paid_at >= $2 AND t.paid_at < $3 OR t.paid_at IS NULL) AND t.inst_id IS NOT NULL
	   AND (t.txn_id IS NULL OR t.payer IS NULL OR t.payee IS NULL OR t.amount IS NULL OR t.amount < 0 OR t.amount = 'NaN' OR t.paid_at IS NULL OR t.payer_owner IS NULL AND t.payee_owner IS NULL)
	 GROUP BY t.inst_id
$$, '交易数据缺少用户、金额、对手方或流向。', 'Transfers lack user, amount, counterparty or direction.');

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
