-- Rules of section B: indicators and numeric thresholds.

SELECT risk_screen._ship_rule('B02', NULL, '{ALL}', '{top_n}', '{position}', '{}', $$
	WITH traded AS (
		-- the shortest periods, so that everybody's lie within the window as far as they were filed
		SELECT f.inst_id, i.lines, (f.figures ->> 'traded_amount')::numeric AS v, f.last_day - f.first_day + 1 AS days, f.left_out
		  FROM risk_screen._period_figures($1, $2::date, ARRAY['traded_amount'], finest => true) AS f LEFT JOIN institution AS i USING (inst_id)
		 WHERE (f.figures ->> 'traded_amount')::numeric > 0),
	scope AS (
		SELECT 'sector' AS kind, 'ALL' AS id, inst_id, v, days, left_out FROM traded
		 UNION ALL
		SELECT 'line', line, inst_id, v, days, left_out FROM traded, unnest(lines) AS line),
	ranked AS (
		SELECT kind, id, v, days, left_out, row_number() OVER (PARTITION BY kind, id ORDER BY v DESC, inst_id) AS place FROM scope)
	SELECT kind AS subject_kind, id AS subject_id, round(sum(v) FILTER (WHERE place <= ($5 ->> 'top_n')::numeric) / sum(v), 6) AS observed,
		   NULL::numeric AS threshold, sum(v) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('institutions', count(*), 'counted', least(count(*), ($5 ->> 'top_n')::numeric), 'shortest_days', min(days), 'longest_days', max(days), 'period_not_filed', nullif(count(*) - count(days), 0),
				'figures_left_out', nullif(sum(left_out), 0))) AS evidence
	  FROM ranked GROUP BY kind, id
	 UNION ALL
	SELECT 'sector', 'ALL', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'position item traded_amount')
	 WHERE NOT EXISTS (SELECT FROM traded)
$$, '大型平台交易规模占全部平台的比例。', 'Share of the largest platforms in the traded amount.', 'macro');

SELECT risk_screen._ship_rule('B03', NULL, '{P2P}', '{mismatch_cut}', '{loan}', '{loan}', $$
	SELECT 'institution' AS subject_kind, l.inst_id AS subject_id,
		   round(avg((l.matures_on > l.started_on + make_interval(months => ($5 ->> 'mismatch_cut')::int))::int), 6) AS observed,
		   NULL::numeric AS threshold, sum(l.amount) AS amount, NULL::timestamptz AS occurred_at,
		   -- both weights leave out loans without a maturity; a share of nothing is none
		   jsonb_strip_nulls(jsonb_build_object('loans', count(*), 'other_currencies', nullif(count(*) FILTER (WHERE l.currency <> 'CNY'), 0),
				'by_amount', round(coalesce(sum(l.amount) FILTER (WHERE l.matures_on > l.started_on + make_interval(months => ($5 ->> 'mismatch_cut')::int)), 0) / nullif(sum(l.amount) FILTER (WHERE l.matures_on IS NOT NULL), 0), 6),
				'without_maturity', count(*) FILTER (WHERE l.matures_on IS NULL), 'missing', CASE WHEN count(l.matures_on) = 0 THEN 'maturities of the loans' END)) AS evidence
	  FROM loan_in_yuan AS l
	 WHERE l.started_on <= $1 AND (l.matures_on > $1 OR l.matures_on IS NULL)
	 GROUP BY l.inst_id
$$, '长期限标的占比（笔数；按金额的占比见证据）。', 'Share of loans of long term (by count; by amount in the evidence).', 'meso');

SELECT risk_screen._ship_rule('B04', 'yellow', '{P2P}', '{guarantee_floor}', '{position}', '{}', $$
	WITH last AS (
		SELECT DISTINCT ON (inst_id, item) inst_id, item, value, as_of FROM whole_position AS p
		 WHERE item IN ('guarantee_fund', 'outstanding') AND as_of <= $1 AND as_of >= $2::date AND value IS NOT NULL ORDER BY inst_id, item, as_of DESC),
	-- where somebody files these figures, a platform that does not lacks them
	firm AS (
		SELECT inst_id FROM institution WHERE 'P2P' = ANY (lines) AND coalesce(status, 'active') = 'active' AND EXISTS (SELECT FROM last)
		 UNION SELECT inst_id FROM last)
	SELECT 'institution' AS subject_kind, f.inst_id AS subject_id, risk_screen._rounded(g.value / nullif(o.value, 0), ($5 ->> 'guarantee_floor')::numeric) AS observed, NULL::numeric AS threshold,
		   o.value AS amount, o.as_of::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('guarantee_fund', g.value, 'outstanding', o.value,
				'missing', CASE WHEN o.value = 0 THEN 'nothing outstanding' ELSE 'position item ' || nullif(concat_ws(', ', CASE WHEN g.value IS NULL THEN 'guarantee_fund' END, CASE WHEN o.value IS NULL THEN 'outstanding' END), '') END)) AS evidence
	  FROM firm AS f LEFT JOIN last AS o ON o.inst_id = f.inst_id AND o.item = 'outstanding' LEFT JOIN last AS g ON g.inst_id = f.inst_id AND g.item = 'guarantee_fund'
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'position items guarantee_fund and outstanding') WHERE NOT EXISTS (SELECT FROM last)
$$, '担保资金低于待偿余额。', 'Guarantee funds are below the balance to be repaid.', 'meso');

-- Figures of periods (B02, B05, B06, B20, G04): of the same days, each day once; see _period_figures().
SELECT risk_screen._ship_rule('B05', NULL, '{INS}', '{}', '{position}', '{}', $$
	WITH p AS (
		SELECT f.*, (f.figures ->> 'surrender')::numeric AS surrender, (f.figures ->> 'reserve_open')::numeric AS reserve, (f.figures ->> 'premium_long')::numeric AS premium
		  FROM risk_screen._period_figures($1, $2::date, ARRAY['surrender', 'premium_long'], 'reserve_open') AS f)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, CASE WHEN missing IS NULL THEN round(surrender / nullif(reserve + premium, 0), 6) END AS observed, NULL::numeric AS threshold,
		   surrender AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(risk_screen._period_evidence(first_day, last_day, periods, left_out) || jsonb_build_object('surrender', surrender, 'reserve_open', reserve, 'premium_long', premium,
				'missing', coalesce(missing, CASE WHEN reserve + premium = 0 THEN 'any reserve or premium' END))) AS evidence
	  FROM p
$$, '退保金与期初长期险责任准备金和当期长期险保费之和的比例。', 'Surrender value over opening long-term reserve plus long-term premium.', 'meso');

SELECT risk_screen._ship_rule('B06', NULL, '{INS}', '{}', '{position}', '{}', $$
	WITH p AS (
		SELECT f.*, (f.figures ->> 'claims_paid')::numeric AS claims, (f.figures ->> 'claims_reserve_change')::numeric AS change, (f.figures ->> 'premium_earned')::numeric AS earned
		  FROM risk_screen._period_figures($1, $2::date, ARRAY['claims_paid', 'claims_reserve_change', 'premium_earned']) AS f)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, round((claims + change) / nullif(earned, 0), 6) AS observed, NULL::numeric AS threshold,
		   claims + change AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(risk_screen._period_evidence(first_day, last_day, periods, left_out) || jsonb_build_object('claims_paid', claims, 'claims_reserve_change', change, 'premium_earned', earned,
				'missing', coalesce(missing, CASE WHEN earned = 0 THEN 'premium_earned above zero' END))) AS evidence
	  FROM p
$$, '短期健康险赔付支出及未决赔款准备金变动与已赚保费的比例。', 'Claims paid plus change of the claims reserve over earned premium.', 'meso');

SELECT risk_screen._ship_rule('B07', 'orange', '{ALL}', '{liquidity_floor,liquidity_horizon}', '{position,debt}', '{}', $$
	WITH cash AS (
		SELECT DISTINCT ON (inst_id) inst_id, value, as_of FROM whole_position AS p WHERE item = 'cash' AND as_of <= $1 AND as_of >= $2::date ORDER BY inst_id, as_of DESC),
	due AS (
		SELECT d.inst_id, sum(d.amount - p.paid) AS due, sum(d.amount - p.paid) FILTER (WHERE d.due_on <= $1) AS overdue
		  FROM debt AS d
		 -- what is paid later is owed on the day; with a day of payment and no amount all of it was paid
		 CROSS JOIN LATERAL (SELECT CASE WHEN d.paid_on > $1 THEN 0 WHEN d.paid_on <= $1 THEN coalesce(d.paid_amount, d.amount) ELSE coalesce(d.paid_amount, 0) END AS paid) AS p
		 WHERE d.due_on <= $1 + ($5 ->> 'liquidity_horizon')::int AND d.amount > p.paid
		 GROUP BY d.inst_id)
	SELECT 'institution' AS subject_kind, d.inst_id AS subject_id, risk_screen._rounded(c.value / nullif(d.due, 0), ($5 ->> 'liquidity_floor')::numeric) AS observed, NULL::numeric AS threshold,
		   greatest(d.due - c.value, 0) AS amount, c.as_of::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('cash', c.value, 'due', d.due, 'overdue', d.overdue, 'missing', CASE WHEN c.value IS NULL THEN 'position item cash' END)) AS evidence
	  FROM due AS d LEFT JOIN cash AS c USING (inst_id)
$$, '现金储备不足以偿付近期到期债务（含已逾期未付）。', 'Cash does not cover the debts soon due, overdue ones included.');

SELECT risk_screen._ship_rule('B08', 'yellow', '{P2P}', '{npl_share}', '{position}', '{}', $$
	WITH last AS (
		SELECT DISTINCT ON (inst_id, item) inst_id, item, value, as_of FROM whole_position AS p
		 WHERE item IN ('npl', 'loan_balance') AND as_of <= $1 AND as_of >= $2::date AND value IS NOT NULL ORDER BY inst_id, item, as_of DESC),
	firm AS (
		SELECT inst_id FROM institution WHERE 'P2P' = ANY (lines) AND coalesce(status, 'active') = 'active' AND EXISTS (SELECT FROM last WHERE item = 'npl')
		 -- who is no lender and files no balance owes no rate
		 UNION SELECT inst_id FROM last WHERE item = 'loan_balance')
	SELECT 'institution' AS subject_kind, f.inst_id AS subject_id, risk_screen._rounded(n.value / nullif(b.value, 0), ($5 ->> 'npl_share')::numeric) AS observed, NULL::numeric AS threshold,
		   n.value AS amount, b.as_of::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('npl', n.value, 'loan_balance', b.value,
				'missing', CASE WHEN b.value = 0 THEN 'no loans on the books' ELSE 'position item ' || nullif(concat_ws(', ', CASE WHEN n.value IS NULL THEN 'npl' END, CASE WHEN b.value IS NULL THEN 'loan_balance' END), '') END)) AS evidence
	  FROM firm AS f LEFT JOIN last AS b ON b.inst_id = f.inst_id AND b.item = 'loan_balance' LEFT JOIN last AS n ON n.inst_id = f.inst_id AND n.item = 'npl'
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'position items npl and loan_balance') WHERE NOT EXISTS (SELECT FROM last)
$$, '不良贷款率达到关注线。', 'The share of non-performing loans needs attention.');

SELECT risk_screen._ship_rule('B09', NULL, '{P2P}', '{}', '{collateral,loan}', '{}', $$
	SELECT 'institution' AS subject_kind, l.inst_id AS subject_id,
		   round(1 - sum(c.accepted) FILTER (WHERE c.appraised > 0) / nullif(sum(c.appraised) FILTER (WHERE c.appraised > 0 AND c.accepted IS NOT NULL), 0), 6) AS observed, NULL::numeric AS threshold,
		   sum(c.appraised) FILTER (WHERE c.accepted IS NOT NULL) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('items', count(*), 'without_a_value', count(*) FILTER (WHERE (c.appraised > 0 AND c.accepted IS NOT NULL) IS NOT TRUE),
				'missing', CASE WHEN count(*) FILTER (WHERE c.appraised > 0 AND c.accepted IS NOT NULL) = 0 THEN 'appraised and accepted value of any item' END)) AS evidence
	  FROM collateral AS c JOIN loan AS l USING (loan_id)
	 WHERE l.started_on <= $1 AND (l.matures_on > $1 OR l.matures_on IS NULL)
	 GROUP BY l.inst_id
$$, '抵质押物折扣率，按评估价值加权。', 'Collateral haircut weighted by appraised value.');

SELECT risk_screen._ship_rule('B10', NULL, '{ALL}', '{failure_window}', '{ops_day}', '{}', $$
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, sum(failures) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount,
		   NULL::timestamptz AS occurred_at, jsonb_strip_nulls(jsonb_build_object('days', count(failures), 'missing', CASE WHEN count(failures) = 0 THEN 'failures' END)) AS evidence
	  FROM ops_day WHERE day > $1 - ($5 ->> 'failure_window')::int AND day <= $1 GROUP BY inst_id
$$, '近期系统故障次数。', 'System failures of late.');

SELECT risk_screen._ship_rule('B11', 'yellow', '{ALL}', '{complaint_floor,complaint_age,complaint_minimum}', '{complaint}', '{}', $$
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, risk_screen._rounded(count(*) FILTER (WHERE solved_at < $3)::numeric / count(*), ($5 ->> 'complaint_floor')::numeric) AS observed,
		   NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('received', count(*), 'solved', count(*) FILTER (WHERE solved_at < $3)) AS evidence
	  FROM complaint
	 WHERE received_at >= $2 AND received_at < $3
	   -- a cohort: younger ones count neither solved nor open, or quick answers would hide what stays open
	   AND received_at < $3 - make_interval(days => ($5 ->> 'complaint_age')::int)
	   AND EXISTS (SELECT FROM complaint AS x WHERE x.solved_at IS NOT NULL)
	 GROUP BY inst_id HAVING count(*) >= ($5 ->> 'complaint_minimum')::numeric
	 UNION ALL
	-- where nobody files when a complaint was solved, none of them is unsolved
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'solved_at of complaints') WHERE NOT EXISTS (SELECT FROM complaint AS x WHERE x.solved_at IS NOT NULL)
$$, '客户投诉解决率低于下限；新近受理的未结投诉不计。', 'Too few complaints are solved; open ones that are young do not count.');

SELECT risk_screen._ship_rule('B12', 'yellow', '{ALL}', '{user_txn_count,user_txn_sliding}', '{txn}', '{}', $$
	-- read where it is used: most days are not busy, and a copy of all transfers would go to disk
	WITH t AS NOT MATERIALIZED (
		SELECT coalesce(t.payer_owner, t.payer) AS user_id, t.paid_at, t.inst_id, CASE WHEN t.currency IS NULL OR t.currency = 'CNY' THEN t.amount END AS amount, t.currency
		  FROM txn AS t
		 WHERE t.paid_at >= $2 AND t.paid_at < $3
		   AND NOT EXISTS (SELECT FROM institution AS i WHERE i.inst_id = t.payer_owner)),
	-- which days may be busy is told by a hash of user and day; see B14
	suspect AS MATERIALIZED (
		SELECT h.key FROM (SELECT hashtextextended(k.user_id, k.paid_at::date - date '2000-01-01') AS key FROM t AS k ORDER BY 1 OFFSET 0) AS h
		 GROUP BY h.key HAVING count(*) >= ($5 ->> 'user_txn_count')::numeric),
	moved AS MATERIALIZED (
		SELECT h.user_id, h.paid_at::date AS day, h.paid_at, h.inst_id, h.amount, h.currency
		  FROM t AS h WHERE (hashtextextended(h.user_id, h.paid_at::date - date '2000-01-01') IN (SELECT s.key FROM suspect AS s)) IS TRUE),
	-- charged to the institution that executed most of them
	days AS (
		SELECT user_id, day, count(*) AS n, count(*) FILTER (WHERE currency <> 'CNY') AS other, sum(amount) AS amount, mode() WITHIN GROUP (ORDER BY inst_id) AS inst_id, max(paid_at) AS at, 'calendar day' AS form
		  FROM moved GROUP BY user_id, day HAVING count(*) >= ($5 ->> 'user_txn_count')::numeric),
	slides AS (
		SELECT user_id, paid_at, inst_id, count(*) OVER w AS n, count(*) FILTER (WHERE currency <> 'CNY') OVER w AS other, sum(amount) OVER w AS amount
		  FROM t WHERE ($5 ->> 'user_txn_sliding')::numeric = 1
		WINDOW w AS (PARTITION BY user_id ORDER BY paid_at RANGE BETWEEN interval '23:59:59.999999' PRECEDING AND CURRENT ROW)),
	peaks AS (
		SELECT DISTINCT ON (user_id, paid_at::date) user_id, paid_at::date AS day, n, other, amount, inst_id, paid_at AS at, 'any 24 hours' AS form
		  FROM slides WHERE n >= ($5 ->> 'user_txn_count')::numeric ORDER BY user_id, paid_at::date, n DESC, paid_at)
	SELECT 'user' AS subject_kind, user_id AS subject_id, inst_id, n AS observed, NULL::numeric AS threshold, amount, at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('day', day, 'counted', form, 'other_currencies', nullif(other, 0))) AS evidence
	  FROM (SELECT user_id, day, n, other, amount, inst_id, at, form FROM days UNION ALL
			SELECT p.user_id, p.day, p.n, p.other, p.amount, p.inst_id, p.at, p.form FROM peaks AS p
			 WHERE NOT EXISTS (SELECT FROM days AS d WHERE d.user_id = p.user_id AND d.day = p.day)) AS x
$$, '同一用户单日交易次数过多。', 'One user made too many transfers in a day.');

SELECT risk_screen._ship_rule('B13', 'orange', '{P2P}', '{loan_surge,loan_surge_window,surge_floor,loan_surge_form,loan_surge_stale}', '{position,position.value}', '{position}', $$
	WITH b AS (
		SELECT DISTINCT ON (inst_id, as_of) inst_id, as_of, value FROM whole_position AS p
		 WHERE item = 'loan_balance' AND value IS NOT NULL AND as_of <= $1 AND as_of >= $2::date - (($5 ->> 'loan_surge_window')::int + ($5 ->> 'loan_surge_stale')::int) ORDER BY inst_id, as_of, value DESC),
	-- the last balance at least a week old, and at most loan_surge_stale days older than that
	pairs AS (
		SELECT * FROM (
			SELECT inst_id, as_of, value, last_value(value) OVER w AS base, last_value(as_of) OVER w AS base_on FROM b
			WINDOW w AS (PARTITION BY inst_id ORDER BY as_of RANGE BETWEEN make_interval(days => ($5 ->> 'loan_surge_window')::int + ($5 ->> 'loan_surge_stale')::int) PRECEDING
																	AND make_interval(days => ($5 ->> 'loan_surge_window')::int) PRECEDING)) AS n
		 WHERE as_of >= $2::date),
	-- the other readings of one week: any rise inside the window, or the ends of two ISO weeks
	other AS (
		SELECT c.inst_id, c.as_of, c.value, x.value AS base, x.as_of AS base_on
		  FROM b AS c JOIN b AS x ON x.inst_id = c.inst_id AND x.as_of < c.as_of AND x.as_of >= c.as_of - ($5 ->> 'loan_surge_window')::int
		 WHERE ($5 ->> 'loan_surge_form')::numeric = 1 AND c.as_of >= $2::date
		 UNION ALL
		SELECT inst_id, as_of, value, base, base_on
		  FROM (SELECT w.inst_id, w.as_of, w.value, lag(w.value) OVER o AS base, lag(w.as_of) OVER o AS base_on, lag(w.week) OVER o AS base_week, w.week
				  FROM (SELECT DISTINCT ON (inst_id, date_trunc('week', as_of::timestamp)) inst_id, as_of, value, date_trunc('week', as_of::timestamp)::date AS week FROM b
						 ORDER BY inst_id, date_trunc('week', as_of::timestamp), as_of DESC) AS w
				WINDOW o AS (PARTITION BY w.inst_id ORDER BY w.week)) AS w
		 WHERE ($5 ->> 'loan_surge_form')::numeric = 2 AND week = base_week + 7 AND as_of >= $2::date),
	chosen AS (
		SELECT inst_id, as_of, value, base, base_on FROM pairs WHERE ($5 ->> 'loan_surge_form')::numeric NOT IN (1, 2)
		 UNION ALL SELECT inst_id, as_of, value, base, base_on FROM other),
	peak AS (
		SELECT DISTINCT ON (inst_id) inst_id, as_of, value, base, base_on, value / base - 1 AS growth
		  FROM chosen WHERE base >= ($5 ->> 'surge_floor')::numeric AND base > 0 ORDER BY inst_id, value / base DESC, as_of)
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, p.growth AS observed, NULL::numeric AS threshold,
		   p.value - p.base AS amount, p.as_of::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('balance', p.value, 'base', p.base, 'base_on', p.base_on,
				'missing', CASE WHEN p.inst_id IS NULL THEN 'two loan balances a week apart, the earlier one above zero' END)) AS evidence
	  FROM (SELECT DISTINCT inst_id FROM b) AS i LEFT JOIN peak AS p USING (inst_id)
	 WHERE p.inst_id IS NOT NULL OR NOT EXISTS (SELECT FROM chosen AS x WHERE x.inst_id = i.inst_id AND x.base > 0)
$$, '贷款余额短期内激增。', 'The loan balance grew suddenly.');

-- A transfer without a review record is a fault only where reviews are filed: an
-- institution that files none of any transfer of the window lacks the records,
-- not the reviews (C18 says the same of clients' orders).
SELECT risk_screen._ship_rule('B14', 'yellow', '{PAY,ALL}', '{daily_review_amount,daily_review_form,single_review_amount}', '{txn}', '{}', $$
	WITH t AS NOT MATERIALIZED (
		-- two scans, so that the planner knows the columns and hashes instead of sorting
		SELECT coalesce(t.payer_owner, t.payer) AS owner, 'out' AS direction, t.paid_at, t.amount, t.review_id, t.inst_id, t.txn_id
		  FROM txn AS t
		 WHERE t.paid_at >= $2 AND t.paid_at < $3 AND (t.currency = 'CNY' OR t.currency IS NULL) AND NOT EXISTS (SELECT FROM institution AS i WHERE i.inst_id = t.payer_owner)
		 UNION ALL
		SELECT coalesce(t.payee_owner, t.payee), 'in', t.paid_at, t.amount, t.review_id, t.inst_id, t.txn_id
		  FROM txn AS t
		 WHERE t.paid_at >= $2 AND t.paid_at < $3 AND (t.currency = 'CNY' OR t.currency IS NULL) AND NOT EXISTS (SELECT FROM institution AS i WHERE i.inst_id = t.payee_owner)),
	-- Which customer's days may be large: told by a hash of customer, side and day, because numbers are
	-- added up by key at a third of the cost of names. Two under one hash are told apart below.
	hashed AS NOT MATERIALIZED (
		SELECT hashtextextended(t.owner, (t.paid_at::date - date '2000-01-01')::bigint * 2 + (t.direction = 'in')::int) AS key, t.* FROM t),
	suspect AS MATERIALIZED (
		-- in order first: a table of millions of days would go to disk and back
		SELECT h.key FROM (SELECT k.key, k.amount, k.review_id IS NULL AS open FROM hashed AS k ORDER BY k.key OFFSET 0) AS h GROUP BY h.key
		HAVING sum(h.amount) >= ($5 ->> 'daily_review_amount')::numeric AND bool_or(h.open)),
	moved AS MATERIALIZED (
		-- IS TRUE: probed while reading; as a join all transfers would be sorted for it
		SELECT h.owner, h.direction, h.paid_at::date AS day, h.paid_at, h.amount, h.review_id, h.inst_id, h.txn_id
		  FROM hashed AS h WHERE (h.key IN (SELECT s.key FROM suspect AS s)) IS TRUE),
	large AS (
		SELECT owner, direction, day, sum(amount) AS total, count(*) AS n, max(paid_at) AS at
		  FROM moved GROUP BY owner, direction, day
		HAVING sum(amount) >= ($5 ->> 'daily_review_amount')::numeric AND count(*) FILTER (WHERE review_id IS NULL) > 0),
	reviewing AS MATERIALIZED (
		SELECT DISTINCT t.inst_id FROM txn AS t WHERE t.review_id IS NOT NULL AND t.paid_at >= $2 AND t.paid_at < $3),
	-- a transfer that no institution filed counts as anybody's
	side AS MATERIALIZED (
		SELECT l.owner, l.direction, l.day, l.total, l.n, l.at, m.inst_id, m.txn_id, m.amount, m.review_id IS NULL AS open,
			   CASE WHEN m.inst_id IS NULL THEN EXISTS (SELECT FROM reviewing) ELSE m.inst_id IN (SELECT r.inst_id FROM reviewing AS r WHERE r.inst_id IS NOT NULL) END AS told
		  FROM large AS l JOIN moved AS m USING (owner, direction, day)),
	single AS MATERIALIZED (
		SELECT t.*, CASE WHEN t.inst_id IS NULL THEN EXISTS (SELECT FROM reviewing) ELSE t.inst_id IN (SELECT r.inst_id FROM reviewing AS r WHERE r.inst_id IS NOT NULL) END AS told
		  FROM t WHERE ($5 ->> 'daily_review_form')::numeric = 1 AND t.review_id IS NULL AND t.amount >= ($5 ->> 'single_review_amount')::numeric),
	sides AS MATERIALIZED (
		SELECT s.* FROM (
			SELECT t.owner, t.paid_at::date AS day, t.inst_id, t.txn_id, t.amount, t.paid_at, t.review_id IS NULL AS open,
				   CASE WHEN t.inst_id IS NULL THEN EXISTS (SELECT FROM reviewing) ELSE t.inst_id IN (SELECT r.inst_id FROM reviewing AS r WHERE r.inst_id IS NOT NULL) END AS told,
				   sum(t.amount) OVER (PARTITION BY t.owner, t.paid_at::date) AS total
			  FROM t WHERE ($5 ->> 'daily_review_form')::numeric = 2) AS s
		 WHERE s.total >= ($5 ->> 'daily_review_amount')::numeric)
	SELECT 'user' AS subject_kind, owner AS subject_id, mode() WITHIN GROUP (ORDER BY inst_id) FILTER (WHERE told) AS inst_id, total AS observed, NULL::numeric AS threshold, total AS amount, at AS occurred_at,
		   jsonb_build_object('day', day, 'direction', direction, 'transfers', n, 'without_review', count(*) FILTER (WHERE open AND told)) AS evidence,
		   'user:' || owner || '@' || day || ':' || direction AS finding_key
	  FROM side GROUP BY owner, direction, day, total, n, at HAVING count(*) FILTER (WHERE open AND told) > 0
	 UNION ALL
	SELECT 'user', s.owner, s.inst_id, s.amount, ($5 ->> 'single_review_amount')::numeric, s.amount, s.paid_at,
		   jsonb_build_object('day', s.paid_at::date, 'direction', s.direction, 'counted', 'single transfer'), 'user:' || s.owner || '@' || s.paid_at || ':' || s.direction || ':single'
	  FROM single AS s WHERE s.told
	 UNION ALL
	SELECT 'user', s.owner, mode() WITHIN GROUP (ORDER BY s.inst_id) FILTER (WHERE s.told), s.total, NULL, s.total, max(s.paid_at),
		   jsonb_build_object('day', s.day, 'direction', 'both', 'transfers', count(*), 'without_review', count(*) FILTER (WHERE s.open AND s.told)), 'user:' || s.owner || '@' || s.day || ':both'
	  FROM sides AS s GROUP BY s.owner, s.day, s.total HAVING count(*) FILTER (WHERE s.open AND s.told) > 0
	 UNION ALL
	SELECT CASE WHEN x.inst_id IS NULL THEN 'desk' ELSE 'institution' END, coalesce(x.inst_id, 'desk'), x.inst_id, NULL, NULL, sum(x.amount), NULL,
		   jsonb_build_object('missing', 'review records of transfers', 'transfers', count(*), 'examples', to_jsonb((array_agg(x.txn_id ORDER BY x.amount DESC NULLS LAST, x.txn_id))[1:10])), NULL
	  FROM (SELECT DISTINCT u.inst_id, u.txn_id, u.amount
			  FROM (SELECT s.inst_id, s.txn_id, s.amount FROM side AS s WHERE s.open AND NOT s.told
					 UNION ALL SELECT s.inst_id, s.txn_id, s.amount FROM single AS s WHERE NOT s.told
					 UNION ALL SELECT s.inst_id, s.txn_id, s.amount FROM sides AS s WHERE s.open AND NOT s.told) AS u) AS x GROUP BY x.inst_id
$$, '客户大额交易未经人工复核。', 'Large transfers of a customer were not reviewed by a person.');

SELECT risk_screen._ship_rule('B15', 'orange', '{P2P}', '{rate_cap,rate_cap_basis,cash_flow_grace}', '{loan,cash_flow}', '{}', $$
	WITH flows AS (
		SELECT c.loan_id, risk_screen.xirr(c.amount, c.paid_on) AS rate, max(c.paid_on) AS last_on, count(*) AS n, sum(c.amount) FILTER (WHERE c.amount > 0) AS received
		  FROM cash_flow AS c GROUP BY c.loan_id),
	rated AS (
		SELECT l.loan_id, l.inst_id, l.amount, l.started_on, l.matures_on, l.rate AS contract_rate, nullif(l.currency, 'CNY') AS currency, f.n, f.received,
			   CASE WHEN f.last_on >= l.matures_on - ($5 ->> 'cash_flow_grace')::int OR l.matures_on IS NULL THEN f.rate END AS rate,
			   -- whole months and a part: a year with a leap day is twelve months too
			   (extract(year FROM t.age) * 12 + extract(month FROM t.age) + round(extract(day FROM t.age) / 31, 2))::numeric AS months, f.last_on
		  FROM loan_in_yuan AS l LEFT JOIN flows AS f USING (loan_id) CROSS JOIN LATERAL (SELECT age(l.matures_on::timestamp, l.started_on::timestamp) AS age) AS t
		 WHERE l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)),
	-- the cap is looked up once per day and term, not once per loan
	terms AS MATERIALIZED (
		SELECT started_on, months, risk_screen.rate_cap(started_on, coalesce(months, 12), CASE ($5 ->> 'rate_cap_basis')::numeric WHEN 1 THEN 'court' ELSE 'plan' END) AS cap
		  FROM (SELECT DISTINCT started_on, months FROM rated) AS d)
	SELECT 'loan' AS subject_kind, r.loan_id AS subject_id, r.inst_id, CASE WHEN t.cap IS NOT NULL THEN round(r.rate::numeric, 9) END AS observed, t.cap AS threshold, r.amount, r.started_on::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('currency', r.currency, 'contract_rate', r.contract_rate, 'cap', t.cap, 'excess', round(r.rate::numeric - t.cap, 6), 'cash_flows', r.n,
				'missing', CASE WHEN r.n IS NULL THEN 'cash flows of the loan' WHEN r.last_on < r.matures_on - ($5 ->> 'cash_flow_grace')::int THEN 'cash flows up to maturity'
							WHEN r.rate IS NULL THEN 'a rate that solves the cash flows' WHEN t.cap IS NULL THEN 'a benchmark rate of that date and term' END)) AS evidence
	  FROM rated AS r LEFT JOIN terms AS t ON t.started_on = r.started_on AND t.months IS NOT DISTINCT FROM r.months
	 WHERE r.rate IS NULL OR t.cap IS NULL OR round(r.rate::numeric, 9) > t.cap
$$, '借款综合年化利率（含费用，按XIRR）超过上限：同期基准利率的规定倍数。', 'The all-in annual rate of the loan (XIRR, fees included) exceeds the cap, a multiple of the benchmark of the same date and term.');

SELECT risk_screen._ship_rule('B16', NULL, '{P2P}', '{cash_flow_grace}', '{loan,cash_flow}', '{}', $$
	WITH flows AS (
		SELECT c.loan_id, max(c.paid_on) AS last_on, risk_screen.xirr(c.amount, c.paid_on) AS rate FROM cash_flow AS c GROUP BY c.loan_id),
	rates AS (
		SELECT l.inst_id, l.loan_id, l.amount, l.rate AS contract_rate, l.advertised_rate, l.currency <> 'CNY' AS other,
			   CASE WHEN l.amount > 0 AND (f.last_on >= l.matures_on - ($5 ->> 'cash_flow_grace')::int OR l.matures_on IS NULL) THEN f.rate END AS rate
		  FROM loan_in_yuan AS l LEFT JOIN flows AS f USING (loan_id)
		 WHERE l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL))
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, round((sum(rate * amount) / sum(amount) FILTER (WHERE rate IS NOT NULL))::numeric, 6) AS observed, NULL::numeric AS threshold,
		   sum(amount) FILTER (WHERE rate IS NOT NULL) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('loans', count(rate), 'not_rated', count(*) - count(rate), 'other_currencies', nullif(count(*) FILTER (WHERE other), 0), 'highest', round(max(rate)::numeric, 6),
				'contract_rate', round(sum(contract_rate * amount) FILTER (WHERE rate IS NOT NULL) / sum(amount) FILTER (WHERE rate IS NOT NULL AND contract_rate IS NOT NULL), 6),
				'advertised_rate', round(sum(advertised_rate * amount) FILTER (WHERE rate IS NOT NULL) / sum(amount) FILTER (WHERE rate IS NOT NULL AND advertised_rate IS NOT NULL), 6),
				'missing', CASE WHEN count(rate) = 0 THEN CASE WHEN bool_and(coalesce(other, false)) THEN 'loans in yuan' ELSE 'cash flows up to maturity of any loan' END END)) AS evidence
	  FROM rates GROUP BY inst_id
$$, '实际年化利率（XIRR，含费用，按金额加权）。', 'True annual rate (XIRR, fees included, weighted by amount).');

SELECT risk_screen._ship_rule('B17', 'yellow', '{P2P}', '{overdue_share,overdue_bucket}', '{loan,schedule,repayment,schedule.principal}', '{}', $$
	WITH due AS (
		SELECT s.loan_id, sum(s.principal) AS principal, min(s.due_on) AS first_due FROM schedule AS s WHERE s.due_on <= $1 GROUP BY s.loan_id),
	paid AS (
		SELECT r.loan_id, sum(r.principal) AS principal FROM repayment AS r WHERE r.paid_on <= $1 GROUP BY r.loan_id),
	-- the oldest instalment that payments so far do not cover
	unpaid AS (
		SELECT x.loan_id, min(x.due_on) AS since
		  FROM (SELECT s.loan_id, s.due_on, sum(s.principal) OVER (PARTITION BY s.loan_id ORDER BY s.due_on, s.seq) AS upto FROM schedule AS s WHERE s.due_on <= $1) AS x
		  LEFT JOIN paid AS p USING (loan_id) WHERE x.upto > coalesce(p.principal, 0) GROUP BY x.loan_id),
	state AS (
		SELECT l.inst_id, l.loan_id, l.amount - coalesce(p.principal, 0) AS outstanding, CASE WHEN l.amount IS NOT NULL THEN greatest(coalesce(d.principal, 0) - coalesce(p.principal, 0), 0) END AS overdue, $1 - u.since AS days, n.loan_id IS NOT NULL AS planned, coalesce(l.currency <> 'CNY', false) AS other
		  FROM loan_in_yuan AS l LEFT JOIN due AS d USING (loan_id) LEFT JOIN paid AS p USING (loan_id) LEFT JOIN unpaid AS u USING (loan_id)
		  LEFT JOIN (SELECT DISTINCT s.loan_id FROM schedule AS s) AS n USING (loan_id)
		 WHERE l.started_on <= $1 AND coalesce(l.status, '') NOT IN ('failed', 'written_off', 'repaid'))
	-- a loan without a schedule cannot be overdue; where none has one nothing can be said
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, CASE WHEN bool_or(planned AND NOT other) THEN risk_screen._rounded(sum(overdue) / nullif(sum(outstanding), 0), ($5 ->> 'overdue_share')::numeric) END AS observed, NULL::numeric AS threshold,
		   sum(overdue) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('outstanding', sum(outstanding), 'loans', count(outstanding), 'without_schedule', count(outstanding) FILTER (WHERE NOT planned), 'other_currencies', nullif(count(*) FILTER (WHERE other), 0),
				'missing', CASE WHEN bool_and(other) THEN 'loans in yuan' WHEN NOT bool_or(planned AND NOT other) THEN 'schedule of any loan' END, 'overdue_loans', count(*) FILTER (WHERE overdue > 0),
				'share_by_count', round(count(*) FILTER (WHERE overdue > 0)::numeric / nullif(count(outstanding), 0), 6), 'overdue_90', coalesce(sum(overdue) FILTER (WHERE days > ($5 ->> 'overdue_bucket')::int), 0))) AS evidence
	  FROM state WHERE outstanding > 0 OR other GROUP BY inst_id
$$, '逾期率达到关注线（逾期本金占待还本金，长期逾期见证据）。', 'The overdue share of principal needs attention (long overdue ones in the evidence).');

-- Where the owner of the other end is not known the transfer may be one among
-- themselves: the share lies between without and with all of these.
SELECT risk_screen._ship_rule('B18', 'yellow', '{ALL}', '{related_share}', '{txn,account,equity,account.owner_id|txn.payer_owner|txn.payee_owner,equity.share|equity.kind}', '{}', $$
	WITH rel AS MATERIALIZED (SELECT r.inst_id, r.party_id FROM risk_screen.desk_related_parties($1) AS r),
	t AS (
		SELECT x.* FROM (
			SELECT t.txn_id, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount, t.currency, coalesce(a.owner_id, t.payer_owner) AS from_owner, coalesce(b.owner_id, t.payee_owner) AS to_owner
			  FROM txn AS t LEFT JOIN account AS a ON a.account_id = t.payer LEFT JOIN account AS b ON b.account_id = t.payee
			 WHERE t.paid_at >= $2 AND t.paid_at < $3 AND coalesce(a.owner_kind, 'own') NOT IN ('custody', 'reserve') AND coalesce(b.owner_kind, 'own') NOT IN ('custody', 'reserve')) AS x
		 -- most transfers touch nobody's circle
		 WHERE x.from_owner IN (SELECT r.party_id FROM rel AS r) OR x.to_owner IN (SELECT r.party_id FROM rel AS r)),
	-- every transfer with an end in an institution's circle, once per institution; UNION: an account filed twice is one
	touched AS (
		SELECT inst_id, txn_id, amount, currency, count(DISTINCT side) AS ends, bool_or(other IS NULL) AS strange
		  FROM (SELECT r.inst_id, t.txn_id, t.amount, t.currency, t.to_owner AS other, 1 AS side FROM t JOIN rel AS r ON r.party_id = t.from_owner WHERE t.to_owner IS DISTINCT FROM t.from_owner
				 UNION
				SELECT r.inst_id, t.txn_id, t.amount, t.currency, t.from_owner, 2 FROM t JOIN rel AS r ON r.party_id = t.to_owner WHERE t.to_owner IS DISTINCT FROM t.from_owner) AS x
		 GROUP BY inst_id, txn_id, amount, currency),
	sums AS (
		SELECT inst_id, sum(amount) AS whole, coalesce(sum(amount) FILTER (WHERE ends = 2), 0) AS among, coalesce(sum(amount) FILTER (WHERE strange), 0) AS strange, count(amount) FILTER (WHERE ends = 2) AS n, count(amount) AS all_n,
			   count(*) FILTER (WHERE currency <> 'CNY') AS other
		  FROM touched GROUP BY inst_id),
	judged AS (
		SELECT s.*, s.among / nullif(s.whole, 0) < ($5 ->> 'related_share')::numeric AND (s.among + s.strange) / nullif(s.whole, 0) >= ($5 ->> 'related_share')::numeric AS open_question FROM sums AS s)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, CASE WHEN NOT open_question THEN risk_screen._rounded(among / nullif(whole, 0), ($5 ->> 'related_share')::numeric) END AS observed, NULL::numeric AS threshold,
		   among AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('transfers', n, 'all_transfers', all_n, 'all_amount', whole, 'with_unknown_owners', nullif(strange, 0), 'other_currencies', nullif(other, 0),
				'missing', CASE WHEN whole IS NULL THEN 'transfers in yuan' WHEN open_question THEN 'owners of accounts' END)) AS evidence
	  FROM judged WHERE whole > 0 OR whole IS NULL AND other > 0
$$, '机构与关联方之间的资金往来占比高。', 'A large share of the transfers of the institution and its related parties is among themselves.');

SELECT risk_screen._ship_rule('B19', 'orange', '{PAY}', '{reserve_series,balance_age}', '{account,balance,licence,institution.lines,account.inst_id,account.owner_kind}', '{account}', $$
	WITH last AS (
		SELECT DISTINCT ON (b.account_id) b.account_id, b.balance, b.as_of FROM balance AS b WHERE b.as_of <= $1 AND b.as_of >= $1 - ($5 ->> 'balance_age')::int AND coalesce(b.currency, 'CNY') = 'CNY'
		 ORDER BY b.account_id, b.as_of DESC, b.source),
	held AS (
		SELECT a.inst_id, sum(l.balance) AS total, coalesce(sum(l.balance) FILTER (WHERE a.bank_kind = 'pboc'), 0) AS central,
			   -- at a bank of which nobody says whether it is the central bank
			   coalesce(sum(l.balance) FILTER (WHERE a.bank_kind IS NULL), 0) AS unplaced, count(*) FILTER (WHERE l.account_id IS NULL) AS without
		  FROM account AS a JOIN institution AS i ON i.inst_id = a.inst_id AND 'PAY' = ANY (i.lines) LEFT JOIN last AS l USING (account_id)
		 WHERE a.owner_kind = 'reserve' AND (a.closed_on > $1 OR a.closed_on IS NULL) GROUP BY a.inst_id),
	need AS (
		SELECT h.*, r.rating, x.biz, risk_screen.reserve_ratio(x.biz, r.rating, $1, CASE ($5 ->> 'reserve_series')::numeric WHEN 1 THEN 'reserve_ratio_2017' ELSE 'reserve_ratio' END) AS ratio
		  FROM held AS h
		  LEFT JOIN LATERAL (SELECT array_agg(l.biz ORDER BY l.biz) AS biz FROM licence AS l WHERE l.inst_id = h.inst_id AND l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid') AS x ON true
		  LEFT JOIN LATERAL (SELECT g.rating FROM rating AS g WHERE g.inst_id = h.inst_id AND g.valid_from <= $1 AND (g.valid_to > $1 OR g.valid_to IS NULL) ORDER BY g.valid_from DESC LIMIT 1) AS r ON true)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, CASE WHEN without = 0 AND (unplaced = 0 OR total * ratio - central - unplaced > 0) THEN total * ratio - central - unplaced END AS observed, 0 AS threshold,
		   greatest(total * ratio - central - unplaced, 0) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('reserve', total, 'central', central, 'kind_of_bank_not_told', nullif(unplaced, 0), 'ratio', ratio, 'rating', rating,
				'missing', CASE WHEN without > 0 THEN 'balances of reserve accounts in yuan' WHEN ratio IS NULL THEN 'a ratio for this rating and these licences' WHEN unplaced > 0 AND total * ratio - central - unplaced <= 0 THEN 'kind of bank of reserve accounts' END)) AS evidence
	  FROM need WHERE without > 0 OR ratio IS NULL OR total * ratio - central > 0
$$, '集中存管的备付金低于评级对应的比例。', 'Less client reserve is deposited centrally than the rating requires.');

SELECT risk_screen._ship_rule('B20', 'yellow', '{ALL}', '{industry_reserve}', '{position}', '{}', $$
	WITH p AS (
		SELECT f.*, (f.figures ->> 'income')::numeric AS income, (f.figures ->> 'risk_reserve_paid')::numeric AS paid
		  FROM risk_screen._period_figures($1, $2::date, ARRAY['income', 'risk_reserve_paid']) AS f)
	-- nothing filed is not nothing paid; no income owes nothing
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, risk_screen._rounded(paid / income, ($5 ->> 'industry_reserve')::numeric, 8) AS observed, NULL::numeric AS threshold,
		   income * ($5 ->> 'industry_reserve')::numeric - paid AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(risk_screen._period_evidence(first_day, last_day, periods, left_out) || jsonb_build_object('income', income, 'paid', paid, 'missing', missing)) AS evidence
	  FROM p WHERE income > 0 OR income IS NULL
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'position items income and risk_reserve_paid') WHERE NOT EXISTS (SELECT FROM p)
$$, '行业风险准备金低于应计提的收入比例。', 'The industry risk reserve is below the required share of income.');

SELECT risk_screen._ship_rule('B21', 'yellow', '{INS}', '{dual_recording_yield}', '{product,sale,recording}', '{}', $$
	SELECT 'sale' AS subject_kind, s.sale_id AS subject_id, p.inst_id, p.rate_promised AS observed, NULL::numeric AS threshold, s.amount, s.sold_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('product_id', p.product_id, 'audio', r.audio, 'video', r.video, 'missing', CASE WHEN p.rate_promised IS NULL THEN 'promised rate of the product' END)) AS evidence
	  FROM sale AS s
	  JOIN product AS p USING (product_id)
	  LEFT JOIN LATERAL (SELECT bool_or(x.audio_uri IS NOT NULL) AS audio, bool_or(x.video_uri IS NOT NULL) AS video FROM recording AS x WHERE x.sale_id = s.sale_id) AS r ON true
	 WHERE (p.kind = 'wealth_insurance' OR p.biz = 'INS' AND p.rate_promised IS NOT NULL)
	   AND s.sold_at >= $2 AND s.sold_at < $3 AND NOT (coalesce(r.audio, false) AND coalesce(r.video, false))
	   AND (p.rate_promised > 0 OR p.rate_promised IS NULL)
$$, '高收益理财型保险销售未录音录像。', 'High-yield wealth insurance was sold without audio and video recording.');

SELECT risk_screen._ship_rule('B22', 'yellow', '{INS}', '{recording_retention}', '{recording}', '{}', $$
	SELECT 'sale' AS subject_kind, r.sale_id AS subject_id, r.inst_id,
		   -- whole years and the fraction of the next, so that ten years to the day are ten
		   extract(year FROM k.kept) + round(extract(epoch FROM k.kept - make_interval(years => extract(year FROM k.kept)::int))::numeric / 86400 / 366, 4) AS observed,
		   NULL::numeric AS threshold, NULL::numeric AS amount, r.taken_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('recording_id', r.recording_id, 'keep_until', r.keep_until, 'deleted_on', r.deleted_on, 'missing', CASE WHEN k.kept IS NULL THEN 'keep_until' END)) AS evidence
	  FROM recording AS r
	 CROSS JOIN LATERAL (SELECT age(CASE WHEN r.deleted_on <= $1 THEN r.deleted_on ELSE r.keep_until END::timestamp, r.taken_at::date::timestamp) AS kept) AS k
	 WHERE r.taken_at < $3 AND (r.keep_until IS NULL OR r.deleted_on <= $1 OR r.keep_until < (r.taken_at::date + make_interval(years => ceil(($5 ->> 'recording_retention')::numeric)::int + 1))::date)
$$, '销售录音录像资料保存期限不足。', 'The recording of a sale is kept too short.');

SELECT risk_screen._ship_rule('B24', 'yellow', '{}', '{fine_cap}', '{penalty}', '{}', $$
	SELECT 'penalty' AS subject_kind, p.penalty_id AS subject_id, NULL::text AS inst_id, CASE WHEN p.illegal_income > 0 THEN risk_screen._rounded(p.amount / p.illegal_income, ($5 ->> 'fine_cap')::numeric) END AS observed, NULL::numeric AS threshold,
		   p.amount, p.decided_on::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('illegal_income', p.illegal_income, 'subject', p.subject_id, 'highest_fine', p.illegal_income * ($5 ->> 'fine_cap')::numeric,
				'missing', CASE WHEN p.amount IS NULL THEN 'amount of the fine' WHEN p.illegal_income IS NULL THEN 'illegal income' WHEN p.illegal_income <= 0 THEN 'illegal income above zero' END)) AS evidence
	  FROM penalty AS p WHERE p.code = 'fine' AND p.decided_on < $3::date AND p.decided_on >= $2::date
$$, '罚款超过违法所得的规定倍数。', 'A fine exceeds the allowed multiple of the illegal income.');

-- A borrower that the register does not know may be a person or a firm: over the
-- higher ceiling it is a breach either way, between the two nobody can say.
SELECT risk_screen._ship_rule('B26', 'orange', '{P2P}', '{lending_cap_person_platform,lending_cap_person_total,lending_cap_company_platform,lending_cap_company_total}', '{loan,party}', '{loan}', $$
	WITH open AS (
		SELECT l.inst_id, l.borrower_id, CASE WHEN p.kind IN ('enterprise', 'state', 'listed') THEN 'company' WHEN p.kind = 'person' THEN 'person' END AS kind,
			   sum(coalesce(l.outstanding, l.amount)) FILTER (WHERE NOT x.open_question) AS balance, coalesce(sum(coalesce(l.outstanding, l.amount)) FILTER (WHERE x.open_question), 0) AS doubtful,
			   count(*) FILTER (WHERE l.currency <> 'CNY') AS other
		  FROM loan_in_yuan AS l LEFT JOIN (SELECT DISTINCT ON (party_id) party_id, kind FROM party ORDER BY party_id, kind) AS p ON p.party_id = l.borrower_id
		 -- a loan past its maturity of which neither state nor balance is filed may be repaid (C31)
		 CROSS JOIN LATERAL (SELECT coalesce(l.outstanding IS NULL AND l.status IS NULL AND l.matures_on <= $1, false) AS open_question) AS x
		 WHERE l.started_on <= $1 AND coalesce(l.status, 'current') NOT IN ('repaid', 'failed') AND (coalesce(l.outstanding, l.amount) > 0 OR l.currency <> 'CNY')
		 GROUP BY l.inst_id, l.borrower_id, p.kind),
	caps AS (
		SELECT k.scope, ($5 ->> ('lending_cap_person_' || k.scope))::numeric AS person, ($5 ->> ('lending_cap_company_' || k.scope))::numeric AS company FROM (VALUES ('platform'), ('total')) AS k (scope)),
	sums AS (
		SELECT 'platform' AS scope, o.inst_id, o.borrower_id, o.kind, coalesce(o.balance, 0) AS balance, o.balance AS here, o.doubtful, o.other, NULL::bigint AS platforms FROM open AS o WHERE o.borrower_id IS NOT NULL
		 UNION ALL
		SELECT 'total', o.inst_id, o.borrower_id, o.kind, t.balance, o.balance, t.doubtful, t.other, t.platforms
		  FROM open AS o JOIN (SELECT borrower_id, coalesce(sum(balance), 0) AS balance, sum(doubtful) AS doubtful, sum(other) AS other, count(DISTINCT inst_id) AS platforms FROM open WHERE borrower_id IS NOT NULL GROUP BY borrower_id) AS t USING (borrower_id)),
	judged AS (
		SELECT s.*, CASE s.kind WHEN 'person' THEN c.person WHEN 'company' THEN c.company ELSE greatest(c.person, c.company) END AS cap,
			   s.kind IS NULL AND s.balance > least(c.person, c.company) AND s.balance <= greatest(c.person, c.company) AS open_question,
			   -- what may be repaid decides
			   s.balance <= CASE s.kind WHEN 'person' THEN c.person WHEN 'company' THEN c.company ELSE greatest(c.person, c.company) END
				AND s.balance + s.doubtful > CASE s.kind WHEN 'person' THEN c.person WHEN 'company' THEN c.company ELSE least(c.person, c.company) END AS doubt
		  FROM sums AS s JOIN caps AS c USING (scope))
	SELECT 'borrower' AS subject_kind, j.borrower_id AS subject_id, j.inst_id, CASE WHEN NOT (j.open_question OR j.doubt) THEN j.balance END AS observed, j.cap AS threshold, j.here AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('kind', j.kind, 'limit', CASE j.scope WHEN 'platform' THEN 'one platform' ELSE 'all platforms' END, 'platforms', j.platforms, 'other_currencies', nullif(j.other, 0), 'matured_not_told', nullif(j.doubtful, 0),
				'missing', CASE WHEN j.doubt THEN 'state or outstanding balance of matured loans' WHEN j.open_question THEN 'whether the borrower is a person or a firm' END)) AS evidence,
		   'borrower:' || j.borrower_id || CASE j.scope WHEN 'platform' THEN '@' ELSE '@all:' END || j.inst_id AS finding_key
	  FROM judged AS j WHERE j.open_question OR j.doubt OR j.balance >= j.cap
	 UNION ALL
	SELECT 'institution', o.inst_id, o.inst_id, NULL, NULL, o.balance, NULL, jsonb_build_object('missing', 'borrowers of loans'), 'institution:' || o.inst_id || ':borrowers'
	  FROM open AS o WHERE o.borrower_id IS NULL
$$, '同一借款人借款余额超过上限（单一平台或全部平台）。', 'A borrower''s balance exceeds the ceiling (one platform or all).');

SELECT risk_screen._ship_rule('B28', 'yellow', '{ALL}', '{yield_excess,yield_z,peer_minimum}', '{product,product.rate_promised|product.rate_actual}', '{}', $$
	WITH offered AS (
		SELECT p.inst_id, coalesce(p.biz, p.kind) AS biz, max(greatest(p.rate_promised, p.rate_actual)) AS rate FROM product AS p
		 WHERE (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL) GROUP BY p.inst_id, coalesce(p.biz, p.kind)),
	peers AS (
		SELECT biz, risk_screen.peer_spread(rate) AS spread, percentile_cont(0.5) WITHIN GROUP (ORDER BY rate) AS median, count(rate) AS n FROM offered WHERE biz IS NOT NULL GROUP BY biz),
	scored AS (
		SELECT o.inst_id, o.biz, o.rate, p.median, p.n, risk_screen.robust_z(o.rate::float8, p.spread, ($5 ->> 'peer_minimum')::int) AS z FROM offered AS o JOIN peers AS p USING (biz))
	SELECT 'product' AS subject_kind, p.product_id AS subject_id, p.inst_id, greatest(p.rate_promised, p.rate_actual) - p.project_return AS observed, NULL::numeric AS threshold,
		   p.target_amount AS amount, p.issued_on::timestamptz AS occurred_at, jsonb_build_object('promised', p.rate_promised, 'actual', p.rate_actual, 'project', p.project_return) AS evidence
	  FROM product AS p
	 WHERE p.project_return IS NOT NULL AND greatest(p.rate_promised, p.rate_actual) > p.project_return
	   AND (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL)
	 UNION ALL
	SELECT 'institution', s.inst_id, s.inst_id, risk_screen._rounded(s.z::numeric, ($5 ->> 'yield_z')::numeric, 4), ($5 ->> 'yield_z')::numeric, NULL, NULL,
		   jsonb_build_object('business', s.biz, 'rate', s.rate, 'median', round(s.median::numeric, 6), 'peers', s.n)
	  FROM scored AS s WHERE s.z > 0
	 UNION ALL
	-- what the project returns is not filed, and there are too few peers to compare with
	SELECT 'product', p.product_id, p.inst_id, NULL, NULL, p.target_amount, p.issued_on::timestamptz, jsonb_build_object('promised', p.rate_promised, 'missing', 'project_return, or enough peers')
	  FROM product AS p LEFT JOIN peers AS n ON n.biz = coalesce(p.biz, p.kind)
	 WHERE p.project_return IS NULL AND p.rate_promised IS NOT NULL AND coalesce(n.n, 0) < ($5 ->> 'peer_minimum')::numeric
	   AND (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL)
$$, '承诺或实际收益水平显著高于项目回报率，或显著高于行业水平（稳健z值）。', 'Promised or actual yield is significantly above the project''s return, or above the sector (robust z).');

SELECT risk_screen._ship_rule('B33', NULL, '{ALL}', '{balance_age,top_n}', '{}', '{}', $$
	WITH last AS (
		SELECT DISTINCT ON (b.account_id) b.account_id, b.balance FROM balance AS b WHERE b.as_of <= $1 AND b.as_of >= $1 - ($5 ->> 'balance_age')::int AND coalesce(b.currency, 'CNY') = 'CNY' ORDER BY b.account_id, b.as_of DESC, b.source),
	kept AS (
		SELECT a.bank_id, l.balance FROM account AS a LEFT JOIN last AS l USING (account_id)
		 WHERE a.owner_kind IN ('custody', 'reserve') AND coalesce(a.opened_on <= $1, true) AND (a.closed_on > $1 OR a.closed_on IS NULL)),
	lent AS (
		SELECT DISTINCT ON (p.inst_id) p.inst_id, p.value FROM whole_position AS p WHERE p.item = 'loan_balance' AND p.as_of <= $1 AND p.as_of >= $2::date AND p.value IS NOT NULL ORDER BY p.inst_id, p.as_of DESC),
	owed AS (
		SELECT l.borrower_id, coalesce(l.outstanding, l.amount) AS v FROM loan_in_yuan AS l
		 WHERE l.started_on <= $1 AND coalesce(l.status, 'current') NOT IN ('repaid', 'failed', 'written_off') AND (l.matures_on > $1 OR l.matures_on IS NULL OR l.outstanding > 0 OR l.status = 'overdue')),
	scope (scope, missing, left_out) AS (
		VALUES ('custody banks', 'bank and balance of custody or reserve accounts', (SELECT count(*) FROM kept WHERE bank_id IS NULL OR balance IS NULL)),
			   ('platforms', 'position item loan_balance', 0), ('borrowers', 'loans and their borrowers', (SELECT count(*) FROM owed WHERE borrower_id IS NULL OR v IS NULL))),
	sums AS (
		SELECT 'custody banks' AS scope, bank_id AS id, sum(balance) AS v FROM kept WHERE bank_id IS NOT NULL GROUP BY bank_id
		 UNION ALL SELECT 'platforms', inst_id, value FROM lent
		 UNION ALL SELECT 'borrowers', borrower_id, sum(v) FROM owed WHERE borrower_id IS NOT NULL GROUP BY borrower_id),
	ranked AS (
		SELECT s.scope, s.v, row_number() OVER (PARTITION BY s.scope ORDER BY s.v DESC, s.id) AS place FROM sums AS s WHERE s.v > 0)
	SELECT 'sector' AS subject_kind, c.scope AS subject_id, round(risk_screen.hhi(r.v)::numeric, 6) AS observed, NULL::numeric AS threshold, sum(r.v) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('count', count(r.v), 'largest', round(max(r.v) / sum(r.v), 6), 'largest_share_of_n', round(sum(r.v) FILTER (WHERE r.place <= ($5 ->> 'top_n')::numeric) / sum(r.v), 6), 'n', ($5 ->> 'top_n')::numeric,
				'gini', round(risk_screen.gini(r.v)::numeric, 6), 'left_out', nullif(c.left_out, 0), 'missing', CASE WHEN count(r.v) = 0 THEN c.missing END)) AS evidence
	  FROM scope AS c LEFT JOIN ranked AS r USING (scope) GROUP BY c.scope, c.missing, c.left_out
$$, '资金在存管银行、平台、借款人间的集中度（HHI；前N家占比与基尼系数见证据）。', 'Concentration of money over custody and reserve banks, platforms and borrowers (HHI; share of the largest n and Gini in the evidence).', 'macro');

-- Rulesets judge these by the value itself, the others by the number of findings.
UPDATE risk_screen.rule SET fact = 'value' WHERE code IN ('B03', 'B04', 'B05', 'B06', 'B07', 'B08', 'B09', 'B10', 'B11', 'B17', 'B18');

-- Balance and users, each against the peers; the faster of the two counts.
SELECT risk_screen._ship_rule('B30', 'yellow', '{P2P}', '{expansion_z,peer_minimum,priority_base}', '{position}', '{}', $$
	WITH b AS (
		SELECT p.inst_id, p.item, (array_agg(p.value ORDER BY p.as_of))[1] AS base, (array_agg(p.value ORDER BY p.as_of DESC))[1] AS last, count(DISTINCT p.as_of) AS days
		  FROM whole_position AS p JOIN institution AS i ON i.inst_id = p.inst_id AND 'P2P' = ANY (i.lines)
		 WHERE p.item IN ('loan_balance', 'users') AND p.as_of <= $1 AND p.as_of >= $2::date AND p.value IS NOT NULL GROUP BY p.inst_id, p.item),
	g AS (SELECT inst_id, item, last / base - 1 AS growth FROM b WHERE base > 0 AND days > 1 AND (item = 'loan_balance' OR base >= ($5 ->> 'priority_base')::numeric)),
	peers AS (SELECT k.item, percentile_cont(0.5) WITHIN GROUP (ORDER BY g.growth) AS median, count(g.inst_id) AS n FROM (VALUES ('loan_balance'), ('users')) AS k (item) LEFT JOIN g USING (item) GROUP BY k.item),
	spread AS (SELECT p.item, percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(g.growth - p.median)) AS mad FROM peers AS p LEFT JOIN g USING (item) GROUP BY p.item),
	scored AS (
		SELECT g.inst_id, g.item, g.growth, p.median, p.n, risk_screen._rounded((0.6745 * (g.growth - p.median) / s.mad)::numeric, ($5 ->> 'expansion_z')::numeric, 4) AS z
		  FROM g JOIN peers AS p USING (item) JOIN spread AS s USING (item) WHERE p.n >= ($5 ->> 'peer_minimum')::numeric AND s.mad > 0),
	fastest AS (
		SELECT DISTINCT ON (inst_id) inst_id, item, growth, median, n, z FROM scored ORDER BY inst_id, z DESC, item)
	SELECT 'institution' AS subject_kind, f.inst_id AS subject_id, f.z AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('of', f.item, 'growth', round(f.growth, 6), 'median', round(f.median::numeric, 6), 'peers', f.n) AS evidence
	  FROM fastest AS f
	 UNION ALL
	-- others can be compared, this platform has one balance or began at nothing
	SELECT 'institution', b.inst_id, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'two loan balances, the first above zero')
	  FROM b JOIN peers AS p USING (item) WHERE b.item = 'loan_balance' AND (b.base <= 0 OR b.days < 2) AND p.n >= ($5 ->> 'peer_minimum')::numeric AND NOT EXISTS (SELECT FROM fastest AS f WHERE f.inst_id = b.inst_id)
	 UNION ALL
	-- too few peers, or peers without any spread, say nothing about anybody
	SELECT 'sector', 'P2P', NULL, NULL, NULL, NULL, jsonb_build_object('peers', p.n, 'missing', CASE WHEN s.mad = 0 THEN 'any spread between the peers' ELSE 'enough platforms with two loan balances' END)
	  FROM peers AS p JOIN spread AS s USING (item) WHERE p.item = 'loan_balance' AND (p.n < ($5 ->> 'peer_minimum')::numeric OR s.mad IS NULL OR s.mad = 0)
$$, '贷款余额或用户数增速显著高于同业（稳健z值）。', 'The loan balance or the number of users grows significantly faster than the peers'' (robust z).');
UPDATE risk_screen.rule SET fact = 'value' WHERE code = 'B30';

-- A fund is a product: its redemptions are held against its own size, the sum of
-- its holdings, so that a run on one fund is not hidden by what others sold. The
-- institution as a whole (fund_size) is judged besides, and stands for its worst
-- fund. Amounts are the institution's: a fund's money must not count twice.
SELECT risk_screen._ship_rule('B34', 'orange', '{FUND}', '{redemption_share,redemption_days}', '{txn,institution.lines,txn.purpose,txn.inst_id|txn.product_id}', '{}', $$
	WITH house AS (
		SELECT inst_id FROM institution WHERE 'FUND' = ANY (lines)),
	fund AS (
		SELECT p.product_id, min(p.inst_id) AS inst_id FROM product AS p JOIN house USING (inst_id) GROUP BY p.product_id),
	moved AS MATERIALIZED (
		SELECT coalesce(f.inst_id, t.inst_id) AS inst_id, f.product_id, t.paid_at::date AS day, count(*) FILTER (WHERE t.currency <> 'CNY') AS other,
			   sum(CASE t.purpose WHEN 'redemption' THEN t.amount ELSE -t.amount END) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY') AS net
		  FROM txn AS t LEFT JOIN fund AS f ON f.product_id = t.product_id
		 WHERE t.purpose IN ('redemption', 'purchase') AND t.paid_at >= $2 AND t.paid_at < $3 AND coalesce(f.inst_id, t.inst_id) IN (SELECT h.inst_id FROM house AS h)
		 GROUP BY 1, 2, 3),
	net AS (
		SELECT 'institution' AS kind, inst_id AS id, inst_id, day, sum(net) AS net FROM moved WHERE net IS NOT NULL GROUP BY inst_id, day
		 UNION ALL SELECT 'product', product_id, inst_id, day, net FROM moved WHERE net IS NOT NULL AND product_id IS NOT NULL),
	run AS (
		SELECT kind, id, inst_id, day, net, sum(net) OVER (PARTITION BY kind, id ORDER BY day RANGE BETWEEN make_interval(days => ($5 ->> 'redemption_days')::int - 1) PRECEDING AND CURRENT ROW) AS five FROM net),
	peak AS (
		SELECT DISTINCT ON (kind, id) kind, id, inst_id, day, net, five, CASE WHEN five > net THEN day - ($5 ->> 'redemption_days')::int + 1 ELSE day END AS first_day FROM run ORDER BY kind, id, greatest(net, five) DESC, day),
	size AS (
		SELECT 'institution' AS kind, p.inst_id AS id, p.as_of, p.value FROM whole_position AS p WHERE p.item = 'fund_size' AND p.as_of <= $1 AND p.as_of >= $2::date AND p.value > 0
		 UNION ALL
		SELECT 'product', h.product_id, h.as_of, sum(h.amount) FROM holding AS h
		 WHERE h.as_of <= $1 AND h.as_of >= $2::date AND h.amount > 0 AND h.product_id IN (SELECT p.id FROM peak AS p WHERE p.kind = 'product') GROUP BY h.product_id, h.as_of),
	sized AS (
		SELECT p.*, s.value, CASE WHEN greatest(p.net, p.five) <= 0 THEN 0 ELSE risk_screen._rounded(greatest(p.net, p.five) / s.value, ($5 ->> 'redemption_share')::numeric) END AS share
		  -- the fund as it was before the money left; without such a figure the next one filed
		  FROM peak AS p LEFT JOIN LATERAL (SELECT z.value FROM size AS z WHERE z.kind = p.kind AND z.id = p.id ORDER BY z.as_of >= p.first_day, abs(z.as_of - p.first_day) LIMIT 1) AS s ON true),
	funds AS (
		SELECT inst_id, count(*) AS n, count(value) AS sized, count(*) FILTER (WHERE share IS NULL) AS sizeless, max(share) AS worst, (array_agg(id ORDER BY share DESC NULLS LAST, id))[1] AS worst_id, max(greatest(net, five)) FILTER (WHERE share IS NOT NULL) AS most
		  FROM sized WHERE kind = 'product' GROUP BY inst_id),
	other AS (
		SELECT inst_id, sum(other) AS n FROM moved GROUP BY inst_id HAVING sum(other) > 0),
	filed AS (
		SELECT EXISTS (SELECT FROM position) OR EXISTS (SELECT FROM holding) AS sizes),
	whole AS (
		SELECT w.*, f.n, f.sizeless, f.worst, f.worst_id, f.most, greatest(w.share, f.worst) AS observed FROM sized AS w LEFT JOIN funds AS f USING (inst_id) WHERE w.kind = 'institution'),
	-- a fund without a size may be over the line, unless the institution files no fund's holdings and is judged as a whole
	judged AS (
		SELECT w.*, (w.observed >= ($5 ->> 'redemption_share')::numeric) IS NOT TRUE AND (w.observed IS NULL OR coalesce(w.sizeless > 0 AND (w.share IS NULL OR f.sized > 0), false)) AS open_question
		  FROM whole AS w LEFT JOIN funds AS f USING (inst_id))
	SELECT 'institution' AS subject_kind, j.id AS subject_id, j.inst_id, CASE WHEN NOT j.open_question THEN j.observed END AS observed, NULL::numeric AS threshold, greatest(j.net, j.five, j.most) AS amount, j.day::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('one_day', j.net, 'five_days', j.five, 'fund_size', j.value, 'whole', j.share, 'worst_fund', CASE WHEN j.worst IS NOT NULL THEN j.worst_id END, 'worst_fund_share', j.worst, 'funds', j.n, 'funds_without_size', nullif(j.sizeless, 0),
				'other_currencies', o.n, 'missing', CASE WHEN j.open_question THEN CASE WHEN j.sizeless > 0 THEN 'holdings of ' || j.sizeless || ' funds' ELSE 'position item fund_size' END END)) AS evidence
	  FROM judged AS j CROSS JOIN filed AS z LEFT JOIN other AS o USING (inst_id) WHERE z.sizes
	 UNION ALL
	SELECT 'product', s.id, s.inst_id, s.share, NULL, NULL, s.day::timestamptz, jsonb_build_object('one_day', s.net, 'five_days', s.five, 'fund_size', s.value, 'size_is', 'sum of the holdings')
	  FROM sized AS s WHERE s.kind = 'product' AND s.share IS NOT NULL
	 UNION ALL
	SELECT 'institution', o.inst_id, o.inst_id, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'transfers in yuan', 'other_currencies', o.n)
	  FROM other AS o WHERE NOT EXISTS (SELECT FROM whole AS w WHERE w.inst_id = o.inst_id)
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'sizes of funds (position, holding)') FROM filed AS z WHERE NOT z.sizes
$$, '单日或五日净赎回占基金规模比例高。', 'Net redemptions of a day or five days are large against the fund.');
UPDATE risk_screen.rule SET fact = 'value' WHERE code = 'B34';

SELECT risk_screen._ship_rule('B36', NULL, '{}', '{}', '{feed,feed.received_at}', '{}', $$
	SELECT 'institution' AS subject_kind, f.inst_id AS subject_id, $1 - max(f.report_date) FILTER (WHERE coalesce(f.valid, true)) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, max(f.received_at) AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('last_report', max(f.report_date) FILTER (WHERE coalesce(f.valid, true)), 'missing', CASE WHEN NOT bool_or(coalesce(f.valid, true)) THEN 'a valid feed' END)) AS evidence
	  FROM feed AS f WHERE f.report_date <= $1 AND f.received_at < $3 GROUP BY f.inst_id
$$, '最近一次有效报送距监测日的天数。', 'Days between the last valid feed and the day of the run.');

-- Against the first day of the campaign that runs on the day, or else of the window.
SELECT risk_screen._ship_rule('B37', NULL, '{}', '{}', '{}', '{}', $$
	WITH start AS (
		SELECT coalesce((SELECT min(p.starts_on)::timestamptz FROM phase AS p WHERE p.campaign IN (SELECT c.campaign FROM phase AS c WHERE c.starts_on <= $1 AND c.ends_on >= $1)), $2) AS at),
	known AS (
		SELECT a.level, a.inst_id, a.amount, a.raised_at, a.state IN ('open', 'inhibited') OR a.closed_at >= $3 AS open, a.raised_at < s.at AND (a.state IN ('open', 'inhibited') OR a.closed_at >= s.at) AS open_then, s.at
		  FROM alert AS a CROSS JOIN start AS s WHERE a.state <> 'withdrawn' AND a.raised_at < $3)
	SELECT 'level' AS subject_kind, level::text AS subject_id, count(DISTINCT inst_id) FILTER (WHERE open) AS observed, NULL::numeric AS threshold, sum(amount) FILTER (WHERE open) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('alerts', count(*) FILTER (WHERE open), 'oldest', min(raised_at) FILTER (WHERE open), 'since', min(at), 'institutions_then', count(DISTINCT inst_id) FILTER (WHERE open_then), 'amount_then', sum(amount) FILTER (WHERE open_then),
				'of_these_resolved', count(*) FILTER (WHERE open_then AND NOT open), 'new_since', count(*) FILTER (WHERE open AND NOT open_then))) AS evidence
	  FROM known WHERE open OR open_then GROUP BY level
$$, '尚未处置的预警涉及的机构数与金额，及与专项开始时的比较。', 'Institutions and amounts with open alerts, against the start of the campaign.');
UPDATE risk_screen.rule SET kind = 'indicator' WHERE code IN ('B36', 'B37');

SELECT risk_screen._ship_rule('B01', NULL, '{ALL}', '{gdp_age}', '{position,macro_series}', '{}', $$
	WITH filed AS (
		SELECT p.inst_id, p.as_of, p.value
		  FROM whole_position AS p WHERE p.item = 'loan_balance' AND p.as_of <= $1 AND p.as_of >= $2::date AND p.value IS NOT NULL),
	last AS (
		SELECT DISTINCT ON (inst_id) inst_id, as_of, value FROM filed ORDER BY inst_id, as_of DESC),
	scope AS (
		SELECT NULL::text AS region, sum(value) AS balance, count(*) AS filers, min(as_of) AS oldest FROM last HAVING count(*) > 0
		 UNION ALL
		SELECT i.province, sum(l.value), count(*), min(l.as_of) FROM last AS l JOIN institution AS i USING (inst_id) WHERE i.province IS NOT NULL GROUP BY i.province),
	parts AS (
		SELECT region, period_from, period_to, value, row_number() OVER (PARTITION BY region ORDER BY period_to DESC) AS n
		  FROM macro_series WHERE series = 'gdp' AND period_to <= $1 AND period_to - period_from BETWEEN 80 AND 100),
	-- a year of GDP: the last one filed whole, or the last four quarters
	years AS (
		SELECT region, period_from, period_to, value FROM macro_series WHERE series = 'gdp' AND period_to <= $1 AND period_to - period_from BETWEEN 359 AND 366
		 UNION ALL
		SELECT region, min(period_from), max(period_to), sum(value) FROM parts WHERE n <= 4 GROUP BY region
		HAVING count(*) = 4 AND max(period_to) - min(period_from) BETWEEN 359 AND 366),
	gdp AS (
		SELECT DISTINCT ON (region) region, period_from, period_to, value FROM years
		 WHERE value > 0 AND period_to >= $1 - ($5 ->> 'gdp_age')::int ORDER BY region, period_to DESC, period_from)
	SELECT CASE WHEN s.region IS NULL THEN 'sector' ELSE 'region' END AS subject_kind, coalesce(s.region, 'ALL') AS subject_id, round(s.balance / g.value, 10) AS observed,
		   NULL::numeric AS threshold, s.balance AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('gdp', g.value, 'gdp_from', g.period_from, 'gdp_to', g.period_to, 'institutions', s.filers, 'oldest_balance', s.oldest,
				'missing', CASE WHEN g.value IS NULL THEN 'a year of GDP (macro_series gdp) not older than gdp_age' END)) AS evidence
	  FROM scope AS s LEFT JOIN gdp AS g ON g.region IS NOT DISTINCT FROM s.region
	 WHERE s.region IS NULL OR g.value IS NOT NULL
	 UNION ALL
	SELECT 'sector', 'ALL', NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'position item loan_balance') WHERE NOT EXISTS (SELECT FROM filed)
$$, '全行业贷款余额与GDP之比（全国及有GDP数据的省份）。', 'Loan balances of the sector over a year of GDP, nation and provinces with GDP on file.', 'macro');

SELECT risk_screen._ship_rule('B27', 'orange', '{ALL}', '{min_capital}', '{institution}', '{}', $$
	WITH licensed AS (
		SELECT DISTINCT l.inst_id, l.biz FROM licence AS l WHERE l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid'),
	-- what the licences allow; without any, what is done
	business AS (
		SELECT inst_id, biz FROM licensed
		 UNION
		SELECT i.inst_id, u.line FROM institution AS i CROSS JOIN LATERAL unnest(i.lines) AS u (line) WHERE NOT EXISTS (SELECT FROM licensed AS l WHERE l.inst_id = i.inst_id)),
	need AS MATERIALIZED (
		SELECT biz, risk_screen.parameter_value('min_capital', $1, licence => biz, known_at => $4) AS capital FROM (SELECT DISTINCT biz FROM business) AS b)
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, i.paid_in_capital AS observed, max(n.capital) AS threshold, max(n.capital) - i.paid_in_capital AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('business', jsonb_agg(DISTINCT b.biz), 'registered', i.registered_capital, 'missing', CASE WHEN i.paid_in_capital IS NULL THEN 'paid_in_capital' END)) AS evidence
	  FROM business AS b JOIN need AS n USING (biz) JOIN institution AS i USING (inst_id)
	 WHERE n.capital > 0 AND coalesce(i.status, 'active') = 'active'
	 GROUP BY i.inst_id, i.paid_in_capital, i.registered_capital
$$, '实缴资本低于业务许可要求（多项许可取最高）。', 'Paid-in capital below what the licence requires (the highest of several).');

SELECT risk_screen._ship_rule('B29', 'orange', '{ALL}', '{return_percentile,return_peers,rate_cap_basis}', '{product,product.rate_promised}', '{}', $$
	WITH offers AS (
		SELECT p.product_id, p.inst_id, coalesce(p.biz, p.kind, '') AS biz, p.rate_promised AS rate, coalesce(p.issued_on, $1) AS day, round(coalesce(p.term_days, 365) / 30.4375, 1) AS months, p.target_amount
		  FROM product AS p
		 WHERE p.rate_promised IS NOT NULL AND (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL)),
	best AS (
		SELECT biz, inst_id, max(rate) AS rate FROM offers GROUP BY biz, inst_id),
	placed AS (
		SELECT biz, inst_id, row_number() OVER (PARTITION BY biz ORDER BY rate, inst_id) AS place, count(*) OVER (PARTITION BY biz) - 1 AS others FROM best),
	rates AS (
		SELECT biz, array_agg(rate ORDER BY rate, inst_id) AS rates FROM best GROUP BY biz),
	-- the percentile of the others: an outlier must not raise its own bar
	peer AS (
		SELECT p.biz, p.inst_id, p.others, CASE WHEN p.others >= ($5 ->> 'return_peers')::numeric THEN r.rates[k.no + (k.no >= p.place)::int] END AS limit_rate
		  FROM placed AS p JOIN rates AS r USING (biz) CROSS JOIN LATERAL (SELECT ceil(($5 ->> 'return_percentile')::numeric * p.others)::int AS no) AS k),
	terms AS MATERIALIZED (
		SELECT day, months, risk_screen.rate_cap(day, months, CASE ($5 ->> 'rate_cap_basis')::numeric WHEN 1 THEN 'court' ELSE 'plan' END) AS cap FROM (SELECT DISTINCT day, months FROM offers) AS d)
	SELECT 'product' AS subject_kind, o.product_id AS subject_id, o.inst_id, CASE WHEN p.limit_rate IS NOT NULL OR t.cap IS NOT NULL THEN o.rate END AS observed, least(p.limit_rate, t.cap) AS threshold,
		   o.target_amount AS amount, o.day::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('business', nullif(o.biz, ''), 'other_institutions', p.others, 'percentile', p.limit_rate, 'four_times_benchmark', t.cap,
				'missing', CASE WHEN p.limit_rate IS NULL AND t.cap IS NULL THEN 'enough other institutions, or a benchmark rate of that date and term' END)) AS evidence
	  FROM offers AS o JOIN peer AS p USING (biz, inst_id) JOIN terms AS t USING (day, months)
$$, '承诺回报率高于同业绝大多数机构或同期基准利率的规定倍数，疑似显失合理。', 'A promised return above that of nearly all other institutions or a multiple of the benchmark.');

-- Transfers are tagged where they stand; the view transfer_tag lists them one by one.
SELECT risk_screen._ship_rule('B32', 'yellow', '{ALL}',
	'{structuring_amount,structuring_band,structuring_count,structuring_days,cycle_amount,cycle_kept,cycle_days,cycle_length,pass_through_amount,pass_through_hours,pass_through_loss,velocity_count}', '{txn}', '{}', $$
	WITH pool AS (
		SELECT account_id FROM account WHERE owner_kind IN ('custody', 'reserve', 'risk_fund') AND account_id IS NOT NULL),
	-- pooled accounts are nobody's pattern: everybody's money passes there
	query AS (
		SELECT format('SELECT t.txn_id, t.payer, t.payee, t.amount, t.paid_at FROM txn AS t WHERE t.paid_at >= %L AND t.paid_at < %L AND t.amount > 0'
			|| ' AND t.payer <> t.payee AND coalesce(t.currency, ''CNY'') = ''CNY'' AND NOT EXISTS (SELECT FROM unnest(%L::text[]) AS p WHERE p = t.payer)'
			|| ' AND NOT EXISTS (SELECT FROM unnest(%L::text[]) AS p WHERE p = t.payee)', $2, $3, p.ids, p.ids) AS txn
		  FROM (SELECT coalesce(array_agg(account_id), '{}') AS ids FROM pool) AS p),
	many AS MATERIALIZED (
		SELECT payer FROM txn WHERE paid_at >= $2 AND paid_at < $3 AND payer NOT IN (SELECT account_id FROM pool) GROUP BY payer HAVING count(*) >= ($5 ->> 'velocity_count')::numeric),
	busy AS (
		SELECT t.payer, risk_screen.peak_detail(t.amount, t.paid_at, interval '1 hour', 'count') AS peak
		  FROM many JOIN txn AS t USING (payer) WHERE t.paid_at >= $2 AND t.paid_at < $3 GROUP BY t.payer
		HAVING risk_screen.peak_count(t.paid_at, interval '1 hour') >= ($5 ->> 'velocity_count')::numeric),
	tags AS MATERIALIZED (
		SELECT 'structuring' AS tag, s.account, s.txn_ids, s.total, s.started_at, s.ended_at, s.instance
		  FROM query AS q CROSS JOIN LATERAL risk_screen.find_structuring(format('%s AND t.amount >= %s AND t.amount < %s', q.txn, ($5 ->> 'structuring_amount')::numeric * (1 - ($5 ->> 'structuring_band')::numeric), $5 ->> 'structuring_amount'), ($5 ->> 'structuring_amount')::numeric, ($5 ->> 'structuring_band')::numeric, ($5 ->> 'structuring_count')::int,
				make_interval(days => ($5 ->> 'structuring_days')::int)) AS s
		 UNION ALL
		SELECT 'cycle', c.accounts[1], c.txn_ids, c.amounts[1], c.started_at, c.ended_at, c.instance
		  FROM query AS q CROSS JOIN LATERAL risk_screen.find_cycles(format('%s AND t.amount >= %s', q.txn, $5 ->> 'cycle_amount'), max_length => ($5 ->> 'cycle_length')::int, within => make_interval(days => ($5 ->> 'cycle_days')::int), min_amount => ($5 ->> 'cycle_amount')::numeric,
				min_kept => ($5 ->> 'cycle_kept')::numeric) AS c
		 UNION ALL
		SELECT 'pass-through', p.account, p.in_txn_ids || p.out_txn_ids, p.received, p.started_at, p.ended_at, p.instance
		  FROM query AS q CROSS JOIN LATERAL risk_screen.find_pass_through(q.txn, make_interval(hours => ($5 ->> 'pass_through_hours')::int), ($5 ->> 'pass_through_loss')::numeric,
				level => 'account', min_amount => ($5 ->> 'pass_through_amount')::numeric) AS p
		 UNION ALL
		SELECT 'velocity', b.payer, array_agg(t.txn_id ORDER BY t.paid_at, t.txn_id), sum(t.amount) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY'), (b.peak).started_at, (b.peak).ended_at, b.payer || '@' || (b.peak).started_at
		  FROM busy AS b JOIN txn AS t ON t.payer = b.payer AND t.paid_at >= (b.peak).started_at AND t.paid_at <= (b.peak).ended_at
		 GROUP BY b.payer, b.peak),
	charged AS (
		SELECT g.instance, g.tag, mode() WITHIN GROUP (ORDER BY t.inst_id) AS inst_id
		  FROM tags AS g CROSS JOIN LATERAL unnest(g.txn_ids) AS u (txn_id) JOIN txn AS t ON t.txn_id = u.txn_id
		 WHERE t.inst_id IS NOT NULL GROUP BY g.instance, g.tag),
	owner AS (
		SELECT DISTINCT ON (account_id) account_id, owner_id FROM account ORDER BY account_id, owner_id)
	SELECT 'account' AS subject_kind, g.account AS subject_id, c.inst_id, cardinality(g.txn_ids) AS observed, 0 AS threshold, g.total AS amount, g.started_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('tag', g.tag, 'owner', o.owner_id, 'until', g.ended_at, 'txn_ids', g.txn_ids[1:1000], 'more', CASE WHEN cardinality(g.txn_ids) > 1000 THEN true END)) AS evidence,
		   g.tag || ':' || g.instance AS finding_key
	  FROM tags AS g LEFT JOIN charged AS c USING (instance, tag) LEFT JOIN owner AS o ON o.account_id = g.account
$$, '异常交易自动标记：化整为零、资金回环、快进快出、一小时内高频。', 'Transfers tagged as abnormal: split below the line, in a ring, passed through, or in bursts.', NULL, false);

SELECT risk_screen._ship_rule('B35', 'yellow', '{ALL}', '{assessment_period}', '{assessment,institution.lines}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, $1 - coalesce(max(a.assessed_on), i.registered_on) AS observed,
		   NULL::numeric AS threshold, NULL::numeric AS amount, max(a.assessed_on)::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('last', max(a.assessed_on), 'never', CASE WHEN max(a.assessed_on) IS NULL THEN true END,
				'missing', CASE WHEN max(a.assessed_on) IS NULL AND i.registered_on IS NULL THEN 'an assessment, or the date of registration' END)) AS evidence
	  FROM institution AS i LEFT JOIN assessment AS a ON a.inst_id = i.inst_id AND a.kind = 'risk' AND a.assessed_on <= $1
	 WHERE i.lines <> '{}' AND coalesce(i.status, 'active') = 'active'
	 GROUP BY i.inst_id, i.registered_on
$$, '超过规定周期未开展风险评估。', 'No risk assessment within the period.');
