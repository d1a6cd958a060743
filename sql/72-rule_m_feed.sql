-- Rules of section M on feeds: in time, whole, and consistent with the rows.

SELECT risk_screen._ship_rule('M01', 'yellow', '{ALL}', '{feed_lag,feed_lag_realtime}', '{feed}', '{}', $$
	WITH last_due AS (SELECT $1 - ($5 ->> 'feed_lag')::int AS day),
	span AS (
		SELECT f.inst_id, f.role, min(f.report_date) AS first_day FROM feed AS f
		 -- a register is filed when it changes; every day only where there is a duty
		 WHERE f.report_date <= $1 AND f.report_date >= $2::date AND NOT EXISTS (SELECT FROM risk_screen.role AS r WHERE r.role = f.role AND r.day_column IS NULL)
		 GROUP BY f.inst_id, f.role),
	duty AS (
		SELECT i.inst_id, d.role, greatest(d.valid_from, $2::date) AS first_day, least(d.valid_to - 1, l.day) AS last_day
		  FROM last_due AS l CROSS JOIN feed_duty AS d JOIN institution AS i ON (d.inst_id = '' OR d.inst_id = i.inst_id) AND (d.line = 'ALL' OR d.line = ANY (i.lines))
		 WHERE coalesce(i.status, 'active') NOT IN ('exited', 'revoked', 'closed')),
	-- every day from the first report or the duty on; a day whose feed is not yet due is not late
	grid AS (
		SELECT s.inst_id, s.role, d::date AS day FROM last_due AS l CROSS JOIN span AS s, generate_series(s.first_day::timestamp, l.day::timestamp, interval '1 day') AS d
		 UNION
		SELECT s.inst_id, s.role, d::date FROM duty AS s, generate_series(s.first_day::timestamp, s.last_day::timestamp, interval '1 day') AS d),
	best AS (
		SELECT f.inst_id, f.role, f.report_date, min(f.received_at) FILTER (WHERE f.valid IS NOT FALSE AND f.row_count IS NOT DISTINCT FROM coalesce(f.control_rows, f.row_count)
					AND f.amount_total IS NOT DISTINCT FROM coalesce(f.control_amount, f.amount_total)) AS received_at, count(*) AS n, bool_and(f.valid IS FALSE) AS invalid,
			   CASE WHEN bool_or(f.mode = 'realtime') THEN ($5 ->> 'feed_lag_realtime')::int ELSE ($5 ->> 'feed_lag')::int END AS lag
		  FROM feed AS f WHERE f.received_at < $3 GROUP BY f.inst_id, f.role, f.report_date)
	SELECT 'feed' AS subject_kind, g.inst_id || ' ' || g.day AS subject_id, g.inst_id, coalesce(b.received_at::date, $1 + 1) - g.day AS observed, b.lag AS threshold, NULL::numeric AS amount, g.day::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('day', g.day, 'role', g.role, 'received_at', b.received_at,
				'fault', CASE WHEN b.received_at IS NOT NULL THEN 'late' WHEN b.n IS NULL THEN 'missing' WHEN b.invalid THEN 'invalid' ELSE 'control totals differ' END)) AS evidence,
		   'feed:' || g.inst_id || ':' || coalesce(g.role, '') || '@' || g.day AS finding_key
	  FROM grid AS g LEFT JOIN best AS b ON b.inst_id = g.inst_id AND b.role IS NOT DISTINCT FROM g.role AND b.report_date = g.day
	 WHERE b.received_at IS NULL OR b.received_at::date - g.day > b.lag
$$, '每日数据迟报、缺报或校验不通过。', 'A daily feed is late, missing, invalid or does not add up.');

SELECT risk_screen._ship_rule('M02', 'yellow', '{ALL}', '{}', '{txn,txn.inst_id}', '{}', $$
	WITH register AS MATERIALIZED (SELECT DISTINCT a.account_id FROM account AS a),
	faulty AS (
		SELECT t.inst_id, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount, t.currency, t.paid_at, t.payer_owner IS NULL AND t.payee_owner IS NULL AS without_user, t.payer IS NULL OR t.payee IS NULL AS without_party,
			   t.amount IS NULL OR t.amount < 0 OR t.amount = 'NaN' AS without_amount, t.txn_id IS NULL AS without_id,
			   -- neither side is in the register, if there is one
			   p.account_id IS NULL AND q.account_id IS NULL AND t.payer IS NOT NULL AND t.payee IS NOT NULL AND EXISTS (SELECT FROM register) AS orphan
		  FROM txn AS t LEFT JOIN register AS p ON p.account_id = t.payer LEFT JOIN register AS q ON q.account_id = t.payee
		 WHERE (t.paid_at >= $2 AND t.paid_at < $3 OR t.paid_at IS NULL) AND t.inst_id IS NOT NULL),
	per AS (
		SELECT f.inst_id, count(*) AS n, sum(f.amount) FILTER (WHERE f.amount <> 'NaN') AS amount, count(*) FILTER (WHERE f.currency <> 'CNY') AS other, max(f.paid_at) AS at, count(*) FILTER (WHERE f.without_user) AS without_user, count(*) FILTER (WHERE f.without_party) AS without_party,
			   count(*) FILTER (WHERE f.without_amount) AS without_amount, count(*) FILTER (WHERE f.without_id) AS without_id, count(*) FILTER (WHERE f.orphan) AS orphan
		  FROM faulty AS f WHERE f.without_user OR f.without_party OR f.without_amount OR f.without_id OR f.orphan OR f.paid_at IS NULL GROUP BY f.inst_id),
	-- rows that load_feed() could not load, and no later version of the message has mended
	held AS (
		SELECT b.inst_id, sum(b.quarantined + coalesce(f.n, 0)) AS n, max(b.report_date) AS day
		  FROM feed_batch AS b
		  -- released since: at that moment they were still held
		  LEFT JOIN (SELECT q.feed_no, count(*) AS n FROM feed_quarantine AS q WHERE q.released_at > $4 GROUP BY q.feed_no) AS f ON f.feed_no = b.feed_no
		 WHERE b.role = 'txn' AND b.report_date >= $2::date AND b.report_date <= $1 AND b.received_at <= least($4, $3 + interval '1 day') AND b.quarantined + coalesce(f.n, 0) > 0
		   AND (b.state IN ('partial', 'loaded') OR b.state = 'replaced' AND b.replaced_at > $4
				OR b.state = 'rejected' AND NOT EXISTS (SELECT FROM feed_batch AS later WHERE later.role = b.role AND later.inst_id = b.inst_id AND later.report_date = b.report_date
														AND later.batch = b.batch AND later.feed_no > b.feed_no AND later.received_at <= $4))
		 GROUP BY b.inst_id)
	SELECT 'institution' AS subject_kind, coalesce(p.inst_id, h.inst_id) AS subject_id, coalesce(p.n, 0) + coalesce(h.n, 0) AS observed, 0 AS threshold, p.amount, coalesce(p.at, h.day::timestamptz) AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('without_user', p.without_user, 'without_party', p.without_party, 'without_amount', p.without_amount, 'without_id', p.without_id,
				'account_unknown', p.orphan, 'other_currencies', nullif(p.other, 0), 'in_quarantine', h.n)) AS evidence
	  FROM per AS p FULL JOIN held AS h ON h.inst_id = p.inst_id
$$, '交易数据缺少用户、金额、对手方或流向，账户无登记，或有数据被隔离。', 'Transfers lack user, amount, counterparty or direction, name unregistered accounts, or are in quarantine.');

SELECT risk_screen._ship_rule('M03', 'yellow', '{ALL}', '{filed_difference}', '{position,position.value}', '{}', $$
	WITH filed AS (
		SELECT DISTINCT ON (p.inst_id, p.item) p.inst_id, p.item, p.as_of, p.value, p.period_from
		  FROM position AS p
		 WHERE p.item IN ('loan_balance', 'overdue_rate', 'premium') AND p.as_of <= $1 AND p.as_of >= $2::date AND p.biz IS NULL AND p.region IS NULL AND p.value IS NOT NULL
		 ORDER BY p.inst_id, p.item, p.as_of DESC, p.value DESC),
	repaid AS (
		SELECT r.loan_id, r.paid_on, sum(r.principal) AS principal FROM repayment AS r WHERE r.paid_on <= $1 GROUP BY r.loan_id, r.paid_on),
	-- what is still owed on the day of the figure: from repayments where they are filed, else from the loan itself
	book AS MATERIALIZED (
		SELECT f.inst_id, f.as_of, l.loan_id, l.status = 'overdue' AS overdue,
			   CASE WHEN bool_or(r.loan_id IS NOT NULL) THEN greatest(l.amount - coalesce(sum(r.principal) FILTER (WHERE r.paid_on <= f.as_of), 0), 0)
					WHEN l.matures_on > f.as_of OR l.matures_on IS NULL OR l.status = 'overdue' THEN coalesce(CASE WHEN f.as_of = $1 THEN l.outstanding END, l.amount) ELSE 0 END AS owed
		  FROM (SELECT DISTINCT x.inst_id, x.as_of FROM filed AS x WHERE x.item <> 'premium') AS f
		  JOIN loan_in_yuan AS l ON l.inst_id = f.inst_id AND l.started_on <= f.as_of AND coalesce(l.status, '') NOT IN ('failed', 'written_off')
			   AND (coalesce(l.status, '') <> 'repaid' OR l.matures_on > f.as_of)
		  LEFT JOIN repaid AS r ON r.loan_id = l.loan_id
		 GROUP BY f.inst_id, f.as_of, l.loan_id, l.amount, l.status, l.matures_on, l.outstanding),
	again AS (
		SELECT f.inst_id, f.item, f.as_of, f.value,
			   CASE f.item WHEN 'loan_balance' THEN sum(b.owed) ELSE sum(b.owed) FILTER (WHERE b.overdue) / nullif(sum(b.owed), 0) END AS recomputed
		  FROM filed AS f JOIN book AS b ON b.inst_id = f.inst_id AND b.as_of = f.as_of
		 WHERE f.item = 'loan_balance' OR f.item = 'overdue_rate' GROUP BY f.inst_id, f.item, f.as_of, f.value
		 UNION ALL
		SELECT f.inst_id, f.item, f.as_of, f.value, sum(p.premium)
		  FROM filed AS f JOIN policy AS p ON p.inst_id = f.inst_id AND p.sold_on >= f.period_from AND p.sold_on <= f.as_of
		 WHERE f.item = 'premium' GROUP BY f.inst_id, f.item, f.as_of, f.value)
	SELECT 'institution' AS subject_kind, a.inst_id AS subject_id,
		   CASE WHEN a.recomputed = a.value THEN 0 WHEN a.item = 'overdue_rate' THEN abs(a.value - coalesce(a.recomputed, 0)) ELSE abs(a.value - a.recomputed) / greatest(abs(a.recomputed), abs(a.value)) END AS observed,
		   NULL::numeric AS threshold, CASE WHEN a.item <> 'overdue_rate' THEN abs(a.value - a.recomputed) END AS amount, a.as_of::timestamptz AS occurred_at,
		   jsonb_build_object('item', a.item, 'filed', a.value, 'recomputed', coalesce(a.recomputed, 0), 'day', a.as_of) AS evidence,
		   'institution:' || a.inst_id || ':' || a.item || '@' || a.as_of AS finding_key
	  FROM again AS a
	 UNION ALL
	-- a figure is filed, the rows it is made of are not, though others file theirs
	SELECT 'institution', f.inst_id, NULL, NULL, NULL, f.as_of::timestamptz, jsonb_build_object('item', f.item, 'filed', f.value, 'missing', CASE f.item WHEN 'premium' THEN 'policies of the period' ELSE 'loans' END),
		   'institution:' || f.inst_id || ':' || f.item || '@' || f.as_of
	  FROM filed AS f
	 WHERE f.value <> 0 AND NOT EXISTS (SELECT FROM again AS a WHERE a.inst_id = f.inst_id AND a.item = f.item AND a.as_of = f.as_of)
	   AND CASE f.item WHEN 'premium' THEN EXISTS (SELECT FROM policy) ELSE EXISTS (SELECT FROM loan) END
$$, '报送数与按明细重新计算的结果不一致。', 'A filed figure differs from the same figure recomputed from the filed rows.');

SELECT risk_screen._ship_rule('M04', 'yellow', '{ALL}', '{ops_gap,feed_lag}', '{ops_day,txn.inst_id?,txn.payer_owner?}', '{}', $$
	WITH per_day AS (
		SELECT o.inst_id, o.day, bool_or(o.server_ip IS NOT NULL AND o.visits IS NOT NULL AND o.complaints_in IS NOT NULL) AS whole, max(o.visits) AS visits
		  FROM ops_day AS o WHERE o.day >= $2::date AND o.day <= $1 GROUP BY o.inst_id, o.day),
	grid AS (
		SELECT s.inst_id, d::date AS day
		  FROM (SELECT p.inst_id, min(p.day) AS first_day FROM per_day AS p GROUP BY p.inst_id) AS s,
			   generate_series(s.first_day::timestamp, ($1 - ($5 ->> 'feed_lag')::int)::timestamp, interval '1 day') AS d),
	-- customers who did business on line that day
	business AS (
		SELECT x.inst_id, x.day, count(*) AS customers
		  FROM (SELECT t.inst_id, t.paid_at::date AS day, t.payer_owner FROM txn AS t
				 WHERE t.paid_at >= $2 AND t.paid_at < $3 AND t.inst_id IS NOT NULL AND t.payer_owner <> t.inst_id AND coalesce(t.channel, '') NOT IN ('counter', 'pos', 'bank')
				 GROUP BY 1, 2, 3) AS x GROUP BY x.inst_id, x.day),
	fault AS (
		SELECT g.inst_id, g.day, CASE WHEN p.day IS NULL THEN 'missing' WHEN NOT p.whole THEN 'incomplete' ELSE 'fewer visits than customers' END AS kind
		  FROM grid AS g LEFT JOIN per_day AS p ON p.inst_id = g.inst_id AND p.day = g.day LEFT JOIN business AS b ON b.inst_id = g.inst_id AND b.day = g.day
		 WHERE p.day IS NULL OR NOT p.whole OR b.customers > p.visits)
	SELECT 'institution' AS subject_kind, f.inst_id AS subject_id, count(*) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, max(f.day)::timestamptz AS occurred_at,
		   jsonb_build_object('missing', count(*) FILTER (WHERE f.kind = 'missing'), 'incomplete', count(*) FILTER (WHERE f.kind = 'incomplete'),
				'fewer_visits_than_customers', count(*) FILTER (WHERE f.kind = 'fewer visits than customers'),
				'days', (array_agg(f.day || ' ' || f.kind ORDER BY f.day DESC))[1:20]) AS evidence,
		   'institution:' || f.inst_id AS finding_key
	  FROM fault AS f GROUP BY f.inst_id
	 UNION ALL
	-- others file, this one filed nothing in the whole window
	SELECT 'institution', i.inst_id, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'operating data'), 'institution:' || i.inst_id
	  FROM institution AS i
	 WHERE i.lines <> '{}' AND coalesce(i.status, 'active') = 'active' AND coalesce(i.registered_on <= $1 - ($5 ->> 'feed_lag')::int, true)
	   AND EXISTS (SELECT FROM per_day) AND NOT EXISTS (SELECT FROM per_day AS p WHERE p.inst_id = i.inst_id)
$$, '运营数据缺报、不完整，或访问量少于当日交易客户数。', 'Operating data are missing or incomplete, or show fewer visits than customers who did business.');

SELECT risk_screen._ship_rule('M07', 'orange', '{ALL}', '{}', '{txn,txn.inst_id,txn.hash?}', '{}', $$
	WITH hashed AS MATERIALIZED (
		SELECT t.inst_id, t.txn_id, t.paid_at, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount, lower(t.hash) AS hash, lower(t.prev_hash) AS before,
			   lower(t.hash) = risk_screen.transfer_hash(t.txn_id, t.payer, t.payee, t.amount, t.paid_at, t.currency, t.prev_hash) AS agrees
		  FROM txn AS t WHERE t.hash IS NOT NULL AND t.inst_id IS NOT NULL AND t.paid_at < $3),
	filer AS MATERIALIZED (SELECT DISTINCT h.inst_id FROM hashed AS h),
	bare AS (
		SELECT t.inst_id, t.txn_id, t.paid_at, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount FROM txn AS t
		 WHERE t.paid_at >= $2 AND t.paid_at < $3 AND t.hash IS NULL AND EXISTS (SELECT FROM filer) AND t.inst_id IS NOT NULL),
	linked AS (
		SELECT h.*, count(*) OVER (PARTITION BY h.hash) AS used, count(*) OVER (PARTITION BY h.inst_id, h.before) AS followers, p.hash IS NULL AS dangling
		  FROM hashed AS h LEFT JOIN (SELECT DISTINCT x.inst_id, x.hash FROM hashed AS x) AS p ON p.inst_id = h.inst_id AND p.hash = h.before),
	last_check AS (SELECT max(k.check_no) AS check_no FROM seal_check AS k WHERE k.source = 'txn' AND k.checked_at < $3 + interval '1 day'),
	fault AS (
		SELECT b.inst_id, b.txn_id, b.paid_at, b.amount, 'without hash' AS fault FROM bare AS b WHERE b.inst_id IN (SELECT f.inst_id FROM filer AS f)
		 UNION ALL
		SELECT l.inst_id, l.txn_id, l.paid_at, l.amount, f.fault
		  FROM linked AS l
		 CROSS JOIN LATERAL (VALUES ('hash differs from contents', NOT l.agrees), ('hash used twice', l.used > 1), ('chain broken', l.before IS NOT NULL AND l.dangling), ('chain forks', l.before IS NOT NULL AND l.followers > 1), ('not chained', l.before IS NULL AND l.followers > 1)) AS f (fault, found)
		 WHERE f.found AND l.paid_at >= $2
		 UNION ALL
		SELECT z.inst_id, z.row_id, z.day::timestamptz, NULL, z.finding || ' since sealed' FROM seal_finding AS z JOIN last_check AS k ON k.check_no = z.check_no WHERE z.finding <> 'corrected')
	SELECT CASE WHEN f.inst_id IS NULL THEN 'desk' ELSE 'institution' END AS subject_kind, coalesce(f.inst_id, 'txn') AS subject_id, f.inst_id, count(*) AS observed, 0 AS threshold, sum(f.amount) AS amount, max(f.paid_at) AS occurred_at,
		   jsonb_build_object('fault', f.fault, 'transfers', (array_agg(f.txn_id ORDER BY f.paid_at DESC, f.txn_id))[1:20]) AS evidence,
		   'institution:' || coalesce(f.inst_id, '') || ':' || f.fault AS finding_key
	  FROM fault AS f GROUP BY f.inst_id, f.fault
	 UNION ALL
	-- others file hashes, this institution files none
	SELECT 'institution', b.inst_id, b.inst_id, NULL, 0, NULL, NULL, jsonb_build_object('missing', 'hash'), 'institution:' || b.inst_id || ':no hash'
	  FROM bare AS b WHERE b.inst_id NOT IN (SELECT f.inst_id FROM filer AS f) GROUP BY b.inst_id
$$, '交易哈希缺失、重复、与内容不符或断链，或封存后被改动。', 'Hashes of transfers are missing, repeated, wrong or not chained, or transfers were altered after they were sealed.');

SELECT risk_screen._ship_rule('M24', 'orange', '{ALL}', '{evidence_seal_days}', '{}', '{}', $$
	WITH last_check AS (SELECT max(k.check_no) AS check_no FROM seal_check AS k WHERE k.source = 'evidence' AND k.checked_at < $3 + interval '1 day'),
	sealed AS (SELECT DISTINCT o.row_id FROM seal_book AS b JOIN row_seal AS o ON o.seal_no = b.seal_no WHERE b.source = 'evidence' AND b.day <= $1),
	fault AS (
		SELECT e.evidence_id::text AS evidence_id, e.inst_id, e.registered_at AS at, f.fault
		  FROM evidence AS e
		 CROSS JOIN LATERAL (VALUES ('without hash', e.hash IS NULL AND e.content IS NULL), ('without who and when', nullif(e.collected_by, '') IS NULL OR e.collected_at IS NULL OR e.collected_at > e.registered_at),
				('not sealed', e.registered_at < $3 - make_interval(days => ($5 ->> 'evidence_seal_days')::int) AND e.evidence_id::text NOT IN (SELECT s.row_id FROM sealed AS s))) AS f (fault, found)
		 WHERE e.registered_at < $3 AND f.found
		 UNION ALL
		SELECT coalesce(z.row_id, 'seal book'), z.inst_id, z.day::timestamptz, z.finding || ' since sealed' FROM seal_finding AS z JOIN last_check AS k ON k.check_no = z.check_no WHERE z.finding <> 'corrected')
	-- a gap in our own evidence charges no institution
	SELECT 'evidence' AS subject_kind, f.evidence_id AS subject_id, NULL::text AS inst_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, min(f.at) AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('faults', jsonb_agg(f.fault ORDER BY f.fault), 'inst_id', min(f.inst_id))) AS evidence, 'evidence:' || f.evidence_id AS finding_key
	  FROM fault AS f GROUP BY f.evidence_id
$$, '登记的证据缺哈希、缺取证人或时间、未封存，或封存后被改动。', 'Registered evidence lacks its hash or who took it when, is not sealed, or was altered after it was sealed.');
