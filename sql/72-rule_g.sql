-- Rules of section G: third-party payment.

SELECT risk_screen._ship_rule('G01', 'red', '{PAY}', '{}', '{account,txn,institution.lines?,account.inst_id?,account.owner_kind?,position.value?}', '{account}', $$
	WITH outflow AS (
		SELECT a.account_id, a.inst_id, nullif(t.currency, 'CNY') AS currency, sum(count(*) FILTER (WHERE t.order_id IS NOT NULL)) OVER (PARTITION BY a.account_id, a.inst_id) AS ordered, count(*) FILTER (WHERE k.bare) AS n, sum(t.amount) FILTER (WHERE k.bare) AS amount, max(t.paid_at) FILTER (WHERE k.bare) AS at,
			   (array_agg(t.txn_id ORDER BY t.amount DESC, t.txn_id) FILTER (WHERE k.bare))[1:10] AS examples
		  FROM account AS a JOIN institution AS i ON i.inst_id = a.inst_id AND 'PAY' = ANY (i.lines)
		  JOIN txn AS t ON t.payer = a.account_id
		  LEFT JOIN account AS b ON b.account_id = t.payee
		 CROSS JOIN LATERAL (SELECT t.order_id IS NULL AND coalesce(b.owner_kind, '') <> 'reserve' AND coalesce(t.purpose, '') NOT IN ('settlement', 'fee', 'interest') AS bare) AS k
		 WHERE a.owner_kind = 'reserve' AND t.paid_at >= $2 AND t.paid_at < $3 GROUP BY a.account_id, a.inst_id, nullif(t.currency, 'CNY')),
	filed AS (
		SELECT p.inst_id, p.as_of, max(p.value) FILTER (WHERE p.item = 'wallet_total') AS wallets, max(p.value) FILTER (WHERE p.item = 'reserve_total') AS reserve
		  FROM whole_position AS p WHERE p.item IN ('wallet_total', 'reserve_total') AND p.as_of <= $1 AND p.as_of >= $2::date GROUP BY p.inst_id, p.as_of)
	-- an account that files no order numbers at all cannot be judged by them; one finding a currency, since amounts of several have no sum
	SELECT 'account' AS subject_kind, o.account_id || coalesce(' ' || o.currency, '') AS subject_id, o.inst_id, CASE WHEN o.ordered > 0 THEN o.amount END AS observed, 0 AS threshold, CASE WHEN o.currency IS NULL THEN o.amount END AS amount, o.at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('currency', o.currency, 'transfers', o.n, 'examples', to_jsonb(o.examples), 'missing', CASE WHEN o.ordered = 0 THEN 'order numbers of transfers out of the reserve' END)) AS evidence
	  FROM outflow AS o WHERE o.n > 0
	 UNION ALL
	SELECT 'institution', f.inst_id, f.inst_id, abs(f.wallets - f.reserve), 0, abs(f.wallets - f.reserve), f.as_of::timestamptz,
		   jsonb_strip_nulls(jsonb_build_object('wallets', f.wallets, 'reserve', f.reserve, 'missing', CASE WHEN f.reserve IS NULL THEN 'position item reserve_total' WHEN f.wallets IS NULL THEN 'position item wallet_total' END))
	  FROM filed AS f WHERE f.wallets IS DISTINCT FROM f.reserve
$$, '备付金无客户指令转出，或客户钱包余额与备付金不符。', 'Client reserve left without a client''s order, or wallets and reserve differ.');

SELECT risk_screen._ship_rule('G02', 'orange', '{PAY}', '{}', '{account,eligible_bank,institution.lines,account.inst_id,account.owner_kind}', '{account}', $$
	SELECT 'account' AS subject_kind, a.account_id AS subject_id, a.inst_id, CASE WHEN k.told THEN 1 END AS observed, 0 AS threshold, NULL::numeric AS amount, a.opened_on::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('bank_id', a.bank_id, 'bank_kind', a.bank_kind, 'missing', CASE WHEN NOT k.told THEN concat_ws(' and ', CASE WHEN a.bank_id IS NULL THEN 'bank' END, CASE WHEN a.bank_kind IS NULL THEN 'kind of bank' END) END)) AS evidence
	  FROM account AS a JOIN institution AS i ON i.inst_id = a.inst_id AND 'PAY' = ANY (i.lines)
	 -- a bank that is not named may be on the list, one of no kind may be the central bank
	 CROSS JOIN LATERAL (SELECT a.bank_kind IS NOT NULL AND (a.bank_id IS NOT NULL OR a.bank_kind = 'other') AS told) AS k
	 WHERE a.owner_kind = 'reserve' AND coalesce(a.opened_on <= $1, true) AND (a.closed_on > $1 OR a.closed_on IS NULL) AND a.bank_kind IS DISTINCT FROM 'pboc'
	   AND NOT EXISTS (SELECT FROM eligible_bank AS e WHERE e.bank_id = a.bank_id AND e.list_name = 'reserve' AND e.valid_from <= $1 AND (e.valid_to > $1 OR e.valid_to IS NULL))
$$, '备付金账户未开立在人民银行或符合要求的商业银行。', 'A reserve account is not at the central bank or an eligible bank.');

SELECT risk_screen._ship_rule('G03', 'yellow', '{PAY}', '{}', '{account,institution.lines,account.inst_id,account.owner_kind}', '{account}', $$
	SELECT 'account' AS subject_kind, a.account_id AS subject_id, a.inst_id, nullif(greatest(coalesce(a.interest_bearing::int, 0), count(t.txn_id)), 0) AS observed, 0 AS threshold, sum(t.amount) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY') AS amount,
		   max(t.paid_at) AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('interest_bearing', a.interest_bearing, 'interest_credits', count(t.txn_id), 'other_currencies', nullif(count(*) FILTER (WHERE t.currency <> 'CNY'), 0), 'missing', CASE WHEN a.interest_bearing IS NULL AND count(t.txn_id) = 0 THEN 'interest_bearing' END)) AS evidence
	  FROM account AS a JOIN institution AS i ON i.inst_id = a.inst_id AND 'PAY' = ANY (i.lines)
	  LEFT JOIN txn AS t ON t.payee = a.account_id AND t.purpose = 'interest' AND t.paid_at >= $2 AND t.paid_at < $3
	 WHERE a.owner_kind = 'reserve' AND (a.closed_on > $1 OR a.closed_on IS NULL)
	 GROUP BY a.account_id, a.inst_id, a.interest_bearing
	HAVING a.interest_bearing OR count(t.txn_id) > 0 OR a.interest_bearing IS NULL AND EXISTS (SELECT FROM account AS x WHERE x.owner_kind = 'reserve' AND x.interest_bearing IS NOT NULL)
	 UNION ALL
	-- where nobody files it, nobody's is missing
	SELECT 'desk', 'desk', NULL, NULL, 0, NULL, NULL, jsonb_build_object('missing', 'interest_bearing of reserve accounts')
	 WHERE EXISTS (SELECT FROM account AS x WHERE x.owner_kind = 'reserve') AND NOT EXISTS (SELECT FROM account AS x WHERE x.owner_kind = 'reserve' AND x.interest_bearing IS NOT NULL)
$$, '备付金账户计付利息。', 'A reserve account bears interest.');

SELECT risk_screen._ship_rule('G04', 'yellow', '{PAY}', '{interest_income_share}', '{position,institution.lines}', '{}', $$
	WITH p AS (
		SELECT f.*, (f.figures ->> 'income')::numeric AS income, (f.figures ->> 'income_interest')::numeric AS interest
		  FROM risk_screen._period_figures($1, $2::date, ARRAY['income', 'income_interest']) AS f JOIN institution AS i ON i.inst_id = f.inst_id AND 'PAY' = ANY (i.lines))
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, risk_screen._rounded(interest / nullif(income, 0), ($5 ->> 'interest_income_share')::numeric) AS observed, NULL::numeric AS threshold, interest AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(risk_screen._period_evidence(first_day, last_day, periods, left_out) || jsonb_build_object('income', income, 'interest', interest,
				'missing', coalesce(missing, CASE WHEN income = 0 THEN 'income above zero' END))) AS evidence
	  FROM p
$$, '以“吃利差”为主要盈利模式。', 'Most income is interest.');

-- The banks at both ends of what went over direct links: one bank clears inside
-- itself, more than one is clearing between banks beside the clearer.
SELECT risk_screen._ship_rule('G05', 'orange', '{PAY}', '{linked_banks}', '{txn,account,institution.lines,txn.inst_id,txn.clearing_path}', '{txn}', $$
	WITH direct AS (
		SELECT t.inst_id, t.txn_id, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount, t.currency, t.paid_at, a.bank_id AS bank_in, b.bank_id AS bank_out
		  FROM txn AS t JOIN institution AS i ON i.inst_id = t.inst_id AND 'PAY' = ANY (i.lines)
		  LEFT JOIN account AS a ON a.account_id = t.payer LEFT JOIN account AS b ON b.account_id = t.payee
		 WHERE t.clearing_path = 'direct' AND t.paid_at >= $2 AND t.paid_at < $3),
	sums AS (
		SELECT inst_id, count(*) AS n, count(*) FILTER (WHERE currency <> 'CNY') AS other, sum(amount) AS amount, max(paid_at) AS at, count(DISTINCT bank_in) AS banks_in, count(DISTINCT bank_out) AS banks_out, count(*) FILTER (WHERE bank_in IS NULL OR bank_out IS NULL) AS bankless,
			   (array_agg(txn_id ORDER BY paid_at, txn_id))[1:10] AS examples
		  FROM direct GROUP BY inst_id),
	linked AS (
		SELECT inst_id, count(DISTINCT bank) AS banks FROM (SELECT inst_id, bank_in AS bank FROM direct UNION ALL SELECT inst_id, bank_out FROM direct) AS x GROUP BY inst_id)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, CASE WHEN l.banks > ($5 ->> 'linked_banks')::numeric OR s.bankless = 0 THEN l.banks END AS observed, NULL::numeric AS threshold, s.amount, s.at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('transfers', s.n, 'banks_in', s.banks_in, 'banks_out', s.banks_out, 'without_bank', nullif(s.bankless, 0), 'other_currencies', nullif(s.other, 0), 'examples', to_jsonb(s.examples),
				'missing', CASE WHEN NOT (l.banks > ($5 ->> 'linked_banks')::numeric OR s.bankless = 0) THEN 'banks of accounts' END)) AS evidence
	  FROM sums AS s JOIN linked AS l USING (inst_id)
$$, '直连多家银行系统，变相开展跨行清算。', 'Direct links to several banks: shadow clearing between banks.');

-- By what ways may be cleared is a list (code_label, domain allowed_clearing): the
-- central bank's system, licensed clearers, and inside one bank.
INSERT INTO risk_screen.code_label (domain, code, title_zh, title_en, ordinal, builtin)
SELECT 'allowed_clearing', c.code, c.title_zh, c.title_en, c.ordinal, true FROM risk_screen.code_label AS c
 WHERE c.domain = 'clearing_path' AND c.code IN ('pboc', 'unionpay', 'netsunion', 'licensed', 'internal');

SELECT risk_screen._ship_rule('G06', 'orange', '{PAY}', '{}', '{txn,institution.lines,txn.inst_id}', '{txn}', $$
	WITH allowed AS (
		SELECT array_agg(c.code ORDER BY c.ordinal, c.code) AS codes FROM risk_screen.code_label AS c WHERE c.domain = 'allowed_clearing'),
	-- summed by way first: the list is looked at once a way, not once a transfer
	used AS (
		SELECT t.inst_id, t.clearing_path, count(*) AS n, sum(t.amount) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY') AS amount,
			   count(*) FILTER (WHERE t.currency <> 'CNY') AS other, min(t.paid_at) AS first_at, max(t.paid_at) AS at
		  FROM txn AS t JOIN institution AS i ON i.inst_id = t.inst_id AND 'PAY' = ANY (i.lines)
		 WHERE t.paid_at >= $2 AND t.paid_at < $3 GROUP BY t.inst_id, t.clearing_path),
	paths AS (
		SELECT u.*, u.clearing_path <> ALL (l.codes) AS bad FROM allowed AS l CROSS JOIN used AS u WHERE (u.clearing_path <> ALL (l.codes)) IS NOT FALSE)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, sum(n) FILTER (WHERE bad) AS observed, 0 AS threshold, sum(amount) FILTER (WHERE bad) AS amount, max(at) FILTER (WHERE bad) AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('paths', jsonb_agg(jsonb_build_object('path', clearing_path, 'transfers', n, 'amount', amount, 'in_other_currencies', nullif(other, 0), 'first', first_at, 'last', at) ORDER BY n DESC, clearing_path) FILTER (WHERE bad),
				'allowed', (SELECT to_jsonb(l.codes) FROM allowed AS l), 'without_path', sum(n) FILTER (WHERE bad IS NULL),
				'missing', CASE WHEN NOT coalesce(bool_or(bad), false) THEN 'clearing path of transfers' END)) AS evidence
	  FROM paths GROUP BY inst_id HAVING bool_or(bad) OR EXISTS (SELECT FROM txn AS x WHERE x.clearing_path IS NOT NULL)
	 UNION ALL
	SELECT 'desk', 'desk', NULL, 0, NULL, NULL, jsonb_build_object('missing', 'clearing path of transfers') WHERE NOT EXISTS (SELECT FROM txn AS x WHERE x.clearing_path IS NOT NULL)
$$, '未通过人民银行跨行清算系统或合法清算机构清算。', 'Clearing outside the central bank''s system and licensed clearers.');

SELECT risk_screen._ship_rule('G07', 'red', '{PAY}', '{}', '{licence,institution,product.biz?}', '{}', $$
	WITH seen AS (
		SELECT s.inst_id, 'service' AS how, s.code FROM service AS s WHERE s.seen_from <= $1 AND (s.seen_to > $1 OR s.seen_to IS NULL)
		   AND s.code IN (SELECT c.code FROM risk_screen.code_label AS c WHERE c.domain = 'service')      -- G08
		 UNION
		SELECT p.inst_id, 'product', p.biz FROM product AS p WHERE p.biz = 'PAY' AND coalesce(p.issued_on <= $1, true) AND (p.ended_on > $1 OR p.ended_on IS NULL))
	SELECT 'institution' AS subject_kind, s.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('services', jsonb_agg(DISTINCT s.code)) AS evidence
	  FROM seen AS s
	 WHERE NOT EXISTS (SELECT FROM licence AS l WHERE l.inst_id = s.inst_id AND l.biz IN ('PAY', s.code) AND l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid')
	 GROUP BY s.inst_id
$$, '无证经营支付业务。', 'Payment business without a licence.');

SELECT risk_screen._ship_rule('G11', NULL, '{PAY}', '{small_payment}', '{txn,institution.lines,txn.inst_id}', '{}', $$
	SELECT 'institution' AS subject_kind, t.inst_id AS subject_id, round(avg((y.amount <= ($5 ->> 'small_payment')::numeric)::int), 6) AS observed, NULL::numeric AS threshold,
		   sum(y.amount) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('transfers', count(y.amount), 'median', percentile_disc(0.5) WITHIN GROUP (ORDER BY y.amount), 'other_currencies', nullif(count(*) FILTER (WHERE t.currency <> 'CNY'), 0), 'missing', CASE WHEN count(y.amount) = 0 THEN 'transfers in yuan' END)) AS evidence
	  FROM txn AS t JOIN institution AS i ON i.inst_id = t.inst_id AND 'PAY' = ANY (i.lines)
	 CROSS JOIN LATERAL (SELECT CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount) AS y
	 WHERE t.paid_at >= $2 AND t.paid_at < $3 GROUP BY t.inst_id
$$, '小额支付笔数占比。', 'Share of small payments.');

-- Every change of a rating inside the window: was the new step met on the day it took effect?
SELECT risk_screen._ship_rule('G09', 'orange', '{PAY}', '{reserve_series,balance_age}', '{account,balance,rating,institution.lines}', '{}', $$
	WITH change AS (
		SELECT * FROM (SELECT g.inst_id, g.rating, g.valid_from, lag(g.rating) OVER (PARTITION BY g.inst_id, g.biz ORDER BY g.valid_from) AS before FROM rating AS g WHERE g.valid_from <= $1) AS g
		 WHERE g.valid_from >= $2::date AND g.before IS NOT NULL AND g.before <> g.rating),
	step AS (
		SELECT c.*, x.biz,
			   risk_screen.reserve_ratio(x.biz, c.before, c.valid_from, s.series) AS old_ratio, risk_screen.reserve_ratio(x.biz, c.rating, c.valid_from, s.series) AS new_ratio
		  FROM change AS c
		 CROSS JOIN (SELECT CASE ($5 ->> 'reserve_series')::numeric WHEN 1 THEN 'reserve_ratio_2017' ELSE 'reserve_ratio' END AS series) AS s
		  LEFT JOIN LATERAL (SELECT array_agg(l.biz ORDER BY l.biz) AS biz FROM licence AS l WHERE l.inst_id = c.inst_id AND l.valid_from <= c.valid_from AND (l.valid_to > c.valid_from OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid') AS x ON true),
	held AS (
		SELECT s.inst_id, s.valid_from, count(*) AS accounts, count(b.balance) AS known, sum(b.balance) AS total, coalesce(sum(b.balance) FILTER (WHERE a.bank_kind = 'pboc'), 0) AS central, coalesce(sum(b.balance) FILTER (WHERE a.bank_kind IS NULL), 0) AS unplaced
		  FROM step AS s JOIN account AS a ON a.inst_id = s.inst_id AND a.owner_kind = 'reserve' AND coalesce(a.opened_on <= s.valid_from, true) AND (a.closed_on > s.valid_from OR a.closed_on IS NULL)
		  LEFT JOIN LATERAL (SELECT x.balance FROM balance AS x WHERE x.account_id = a.account_id AND x.as_of <= s.valid_from AND x.as_of >= s.valid_from - ($5 ->> 'balance_age')::int AND coalesce(x.currency, 'CNY') = 'CNY' ORDER BY x.as_of DESC, x.source LIMIT 1) AS b ON true
		 GROUP BY s.inst_id, s.valid_from)
	SELECT 'institution' AS subject_kind, s.inst_id AS subject_id, CASE WHEN h.known = h.accounts AND (h.unplaced = 0 OR h.total * s.new_ratio - h.central - h.unplaced > 0) THEN h.total * s.new_ratio - h.central - h.unplaced END AS observed, 0 AS threshold,
		   greatest(h.total * s.new_ratio - h.central - h.unplaced, 0) AS amount, s.valid_from::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('from_rating', s.before, 'to_rating', s.rating, 'effective', s.valid_from, 'old_ratio', s.old_ratio, 'new_ratio', s.new_ratio, 'reserve', h.total, 'central', h.central, 'kind_of_bank_not_told', nullif(h.unplaced, 0),
				'missing', CASE WHEN h.known IS NULL THEN 'reserve accounts' WHEN h.known < h.accounts THEN 'balances of reserve accounts in yuan on that day' WHEN s.new_ratio IS NULL THEN 'a ratio for this rating and these licences'
							WHEN h.unplaced > 0 AND h.total * s.new_ratio - h.central - h.unplaced <= 0 THEN 'kind of bank of reserve accounts' END)) AS evidence,
		   'institution:' || s.inst_id || '@' || s.valid_from AS finding_key
	  FROM step AS s JOIN institution AS i ON i.inst_id = s.inst_id AND 'PAY' = ANY (i.lines) LEFT JOIN held AS h ON h.inst_id = s.inst_id AND h.valid_from = s.valid_from
	 WHERE h.known IS NULL OR h.known < h.accounts OR s.new_ratio IS NULL OR h.total * s.new_ratio - h.central > 0
$$, '评级调整生效之日，备付金集中存管比例未同步调整到位。', 'On the day a new rating took effect the central deposit was not at its step.');

SELECT risk_screen._ship_rule('G13', 'yellow', '{PAY}', '{}', '{text_item,institution.lines,text_item.inst_id}', '{}', $$
	SELECT 'text' AS subject_kind, x.text_id AS subject_id, x.inst_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, x.published_at AS occurred_at,
		   jsonb_build_object('channel', x.channel, 'text', left(x.body, 200), 'terms', jsonb_agg(jsonb_build_object('term', f.term, 'started', f.started, 'ended', f.ended) ORDER BY f.started, f.term)) AS evidence
	  FROM text_item AS x JOIN institution AS i ON i.inst_id = x.inst_id AND 'PAY' = ANY (i.lines)
	 CROSS JOIN LATERAL risk_screen.find_terms(x.body, ARRAY['PAY-ROLE'], $1) AS f
	 WHERE coalesce(x.kind, '') NOT IN ('opinion', 'review', 'news') AND x.published_at >= $2 AND x.published_at < $3
	 GROUP BY x.text_id, x.inst_id, x.channel, x.body, x.published_at
$$, '夸大支付服务中介的性质和职能。', 'The role of a payment intermediary is overstated.');

-- The services that payment supervision covers are a code list (domain service);
-- how many of them an institution was seen to offer, and what it offers beside them.
SELECT risk_screen._ship_rule('G08', NULL, '{}', '{}', '{service}', '{}', $$
	SELECT 'institution' AS subject_kind, s.inst_id AS subject_id, nullif(count(DISTINCT s.code) FILTER (WHERE c.code IS NOT NULL), 0) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, min(s.seen_from)::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('services', jsonb_object_agg(s.code, c.title_zh) FILTER (WHERE c.code IS NOT NULL), 'not_on_the_list', jsonb_agg(DISTINCT s.code) FILTER (WHERE c.code IS NULL),
				'licensed_for', (SELECT jsonb_agg(DISTINCT l.biz) FROM licence AS l WHERE l.inst_id = s.inst_id AND l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid'),
				'missing', CASE WHEN count(c.code) = 0 THEN 'a service code of the list (code_label, domain service)' END)) AS evidence
	  FROM service AS s LEFT JOIN risk_screen.code_label AS c ON c.domain = 'service' AND c.code = s.code
	 WHERE s.seen_from <= $1 AND (s.seen_to > $1 OR s.seen_to IS NULL) GROUP BY s.inst_id
$$, '属于支付监管范围的服务种类数。', 'Services under payment supervision that the institution offers.', NULL, NULL, '{}', 1, 'indicator');
