-- Rule I11: what clients were paid with. Other rules of section I that need one
-- look at a register: 72-rule_other.sql.

-- The money behind every pay-out to clients in a window: attribution upstream,
-- first in first out, in the book of the loan or product that the pay-out names.
-- A book is all that moved under that name on custody, reserve and client-money
-- accounts, and on whatever other account paid clients, from its first day on.
-- source: own (the institution, its related parties, subsidies), other_clients,
-- back (the client's own money), project (anybody else), uncovered (the book had
-- no more: other products' money, or what nobody filed). Reads the desk on the search path.
CREATE FUNCTION risk_screen._payout_source(as_of date, since timestamptz, until timestamptz)
	RETURNS TABLE (txn_id text, inst_id text, loan_id text, product_id text, purpose text, payee_owner text, amount numeric, currency text, paid_at timestamptz,
				   source text, source_txn text, source_account text, source_owner text, traced numeric)
	LANGUAGE plpgsql STABLE ROWS 10000 AS $$
DECLARE
	kept constant text := format($q$
		own AS (
			SELECT DISTINCT r.inst_id, a.account_id
			  FROM risk_screen.desk_related_parties(%1$L) AS r JOIN account AS a ON a.owner_id = r.party_id
			 WHERE coalesce(a.owner_kind, 'own') NOT IN ('custody', 'reserve', 'risk_fund') AND NOT (a.owner_kind = 'client' AND r.party_id = r.inst_id)),
		payout AS (
			SELECT t.*, coalesce('loan ' || t.loan_id, 'product ' || t.product_id) AS book, o.account_id IS NOT NULL AS from_own
			  FROM txn AS t LEFT JOIN own AS o ON o.inst_id = t.inst_id AND o.account_id = t.payer
			 WHERE t.purpose IN ('payout', 'redemption', 'interest') AND t.paid_at >= %2$L AND t.paid_at < %3$L AND t.amount > 0 AND t.inst_id IS NOT NULL
			   AND t.payer IS NOT NULL AND t.payee IS NOT NULL),
		pool AS (
			SELECT a.account_id FROM account AS a LEFT JOIN institution AS i ON i.inst_id = a.owner_id
			 WHERE a.owner_kind IN ('custody', 'reserve') OR a.owner_kind = 'client' AND i.inst_id IS NOT NULL
			 UNION SELECT p.payer FROM payout AS p WHERE NOT p.from_own)$q$, as_of, since, until);
BEGIN
	RETURN QUERY EXECUTE 'WITH' || kept || $q$,
		origin AS MATERIALIZED (
			SELECT f.claim, f.account, f.txn_id, f.traced
			  FROM risk_screen.attribute_funds($1, $2, direction => 'upstream') AS f WHERE f.kind = 'held'),
		-- an inner join, so that what is hashed is these and not all transfers
		came AS MATERIALIZED (
			SELECT s.txn_id, s.payer, s.purpose, s.payer_owner FROM (SELECT DISTINCT o.txn_id FROM origin AS o WHERE o.account LIKE '<%') AS o JOIN txn AS s ON s.txn_id = o.txn_id)
		SELECT p.txn_id, p.inst_id, p.loan_id, p.product_id, p.purpose, p.payee_owner, p.amount, nullif(p.currency, 'CNY'), p.paid_at,
			   CASE WHEN p.from_own THEN 'own'
					WHEN o.account LIKE 'book:%' THEN 'uncovered'
					WHEN w.account_id IS NOT NULL OR s.purpose = 'subsidy' OR k.owner_kind = 'own' AND (k.inst_id = p.inst_id OR k.owner_id = p.inst_id) THEN 'own'
					WHEN s.purpose IN ('lend', 'purchase', 'deposit') AND s.payer_owner IS NOT DISTINCT FROM p.payee_owner THEN 'back'
					WHEN s.purpose IN ('lend', 'purchase', 'deposit') THEN 'other_clients'
					ELSE 'project' END,
			   CASE WHEN o.account LIKE '<%' THEN o.txn_id END, CASE WHEN p.from_own THEN p.payer WHEN o.account LIKE '<%' THEN s.payer END,
			   coalesce(s.payer_owner, k.owner_id), coalesce(o.traced, p.amount)
		  FROM payout AS p
		  LEFT JOIN origin AS o ON o.claim = p.txn_id
		  LEFT JOIN came AS s ON s.txn_id = o.txn_id AND o.account LIKE '<%'
		  LEFT JOIN own AS w ON w.inst_id = p.inst_id AND w.account_id = s.payer
		  LEFT JOIN LATERAL (SELECT a.owner_id, a.owner_kind, a.inst_id FROM account AS a WHERE a.account_id = s.payer ORDER BY a.owner_id LIMIT 1) AS k ON true
		 WHERE p.from_own OR p.book IS NOT NULL$q$
	USING 'WITH' || kept || $q$
		SELECT t.txn_id, CASE WHEN a.account_id IS NULL THEN '<' || t.payer ELSE 'book:' || b.book END AS payer,
			   CASE WHEN z.account_id IS NULL THEN '>' || t.payee ELSE 'book:' || b.book END AS payee, t.amount, t.paid_at, t.fee,
			   coalesce(t.currency, 'CNY') AS currency
		  FROM (SELECT DISTINCT p.book FROM payout AS p WHERE p.book IS NOT NULL AND NOT p.from_own) AS b
		  JOIN txn AS t ON coalesce('loan ' || t.loan_id, 'product ' || t.product_id) = b.book
		  LEFT JOIN pool AS a ON a.account_id = t.payer LEFT JOIN pool AS z ON z.account_id = t.payee
		 WHERE t.paid_at < $q$ || quote_literal(until) || $q$ AND t.amount > 0 AND t.payer IS NOT NULL AND t.payee IS NOT NULL AND (t.loan_id IS NOT NULL OR t.product_id IS NOT NULL)
		   AND (a.account_id IS NOT NULL OR z.account_id IS NOT NULL)$q$,
		'WITH' || kept || ' SELECT p.txn_id AS claim, p.txn_id FROM payout AS p WHERE p.book IS NOT NULL AND NOT p.from_own';
END $$;

SELECT risk_screen._ship_rule('I11', 'red', '{ALL}', '{subsidy_share}', '{txn,account,equity,txn.inst_id,txn.purpose,account.owner_id?}', '{}', $$
	WITH source AS MATERIALIZED (
		-- a public fund meets redemptions with subscriptions at net asset value: they are its own book's money
		SELECT s.txn_id, s.inst_id, s.loan_id, s.product_id, s.purpose, s.payee_owner, s.amount, s.currency, s.paid_at,
			   CASE WHEN s.source = 'other_clients' AND p.public_fund THEN 'back' ELSE s.source END AS source, s.source_txn, s.source_account, s.source_owner, s.traced
		  FROM risk_screen._payout_source($1, $2, $3) AS s
		  LEFT JOIN (SELECT product_id, bool_and(kind IN ('money_fund', 'public_fund')) AS public_fund FROM product GROUP BY product_id) AS p ON p.product_id = s.product_id),
	-- what the book of a loan or product shows
	book AS (
		SELECT coalesce('loan ' || t.loan_id, 'product ' || t.product_id) AS book, bool_or(t.purpose IN ('lend', 'purchase', 'deposit')) AS funded,
			   bool_or(coalesce(t.purpose, 'transfer') NOT IN ('deposit', 'withdraw', 'lend', 'payout', 'purchase', 'redemption', 'interest', 'fee', 'subsidy')) AS invested
		  FROM txn AS t WHERE t.paid_at < $3 AND (t.loan_id IS NOT NULL OR t.product_id IS NOT NULL) GROUP BY 1),
	-- one finding a currency: amounts of several have no sum
	summed AS (
		SELECT s.inst_id, s.currency, coalesce('loan ' || s.loan_id, 'product ' || s.product_id) AS book, min(s.loan_id) AS loan_id, min(s.product_id) AS product_id,
			   sum(s.traced) AS paid, sum(s.traced) FILTER (WHERE s.source IN ('own', 'other_clients', 'uncovered')) AS wrong, bool_and(s.purpose = 'redemption') AS redeemed,
			   bool_and(s.source = 'own' AND s.source_txn IS NULL) AS from_own,
			   jsonb_build_object('own', coalesce(sum(s.traced) FILTER (WHERE s.source = 'own'), 0), 'other_clients', coalesce(sum(s.traced) FILTER (WHERE s.source = 'other_clients'), 0),
				'other_products_or_unknown', coalesce(sum(s.traced) FILTER (WHERE s.source = 'uncovered'), 0), 'project', coalesce(sum(s.traced) FILTER (WHERE s.source = 'project'), 0),
				'own_money_back', coalesce(sum(s.traced) FILTER (WHERE s.source = 'back'), 0)) AS sources,
			   count(DISTINCT s.txn_id) AS payouts, min(s.paid_at) FILTER (WHERE s.source IN ('own', 'other_clients', 'uncovered')) AS first_at,
			   jsonb_agg(jsonb_strip_nulls(jsonb_build_object('txn_id', s.txn_id, 'to', s.payee_owner, 'amount', s.amount, 'source', s.source, 'source_txn', s.source_txn,
				'source_account', s.source_account, 'source_owner', s.source_owner, 'traced', s.traced)) ORDER BY s.traced DESC, s.txn_id, s.source_txn)
				FILTER (WHERE s.source IN ('own', 'other_clients', 'uncovered')) AS listed
		  FROM source AS s GROUP BY 1, 2, 3),
	judged AS (
		SELECT s.*, CASE WHEN m.missing IS NULL THEN risk_screen._rounded(coalesce(s.wrong, 0) / s.paid, ($5 ->> 'subsidy_share')::numeric) END AS share, m.missing
		  FROM summed AS s
		  LEFT JOIN book AS b USING (book)
		 -- pay-outs that the project's own money covers are in order, whatever else was not filed
		 CROSS JOIN LATERAL (SELECT CASE WHEN s.from_own OR coalesce(s.wrong, 0) = 0 THEN NULL WHEN b.funded IS NOT TRUE THEN 'what clients paid in'
										 WHEN s.redeemed AND NOT b.invested THEN 'transfers between the product and what it invests in' END AS missing) AS m)
	SELECT CASE WHEN loan_id IS NOT NULL THEN 'loan' WHEN product_id IS NOT NULL THEN 'product' ELSE 'institution' END AS subject_kind,
		   coalesce(loan_id, product_id, inst_id) || coalesce(' ' || currency, '') AS subject_id, inst_id, share AS observed, NULL::numeric AS threshold, CASE WHEN currency IS NULL THEN coalesce(wrong, 0) END AS amount, first_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('currency', currency, 'attribution', 'fifo upstream', 'paid_out', paid, 'payouts', payouts, 'sources', sources, 'missing', missing,
				'largest', (SELECT jsonb_agg(v ORDER BY no) FROM jsonb_array_elements(listed) WITH ORDINALITY AS e (v, no) WHERE no <= 20))) AS evidence
	  FROM judged
	 UNION ALL
	-- pay-outs that name neither loan nor product
	SELECT 'institution', t.inst_id, t.inst_id, NULL, NULL, sum(t.amount) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY'), NULL, jsonb_build_object('missing', 'loan or product of the pay-outs', 'payouts', count(*))
	  FROM txn AS t
	 WHERE t.purpose IN ('payout', 'redemption', 'interest') AND t.paid_at >= $2 AND t.paid_at < $3 AND t.amount > 0 AND t.inst_id IS NOT NULL AND t.loan_id IS NULL AND t.product_id IS NULL
	   AND NOT EXISTS (SELECT FROM source AS s WHERE s.txn_id = t.txn_id)
	 GROUP BY t.inst_id
$$, '兑付资金并非来自该标的的还款或投资回收：来自自有资金补贴、其他产品或其他客户资金，明细见证据。', 'Clients were paid with money that the project did not bring: own money, other products'' or other clients'' money.');
