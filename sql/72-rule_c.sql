-- Rules of section C: P2P lending, prohibited conduct and duties.
--
-- Client money is money on accounts of kind client, custody or reserve; an
-- institution's own side is every account of a related party (see
-- desk_related_parties) that is none of these.

-- Who pays in and out is told by the owner of the other account; own accounts
-- keep their number. fund_pools pairs what came in with what went out under the
-- same loan within the days of Δt.
SELECT risk_screen._ship_rule('C01', 'red', '{P2P}', '{pool_parties,pool_matched,pool_days,pool_sources,balance_age}', '{account,txn,institution.lines,account.owner_id?,account.inst_id?,account.owner_kind?}', '{account}', $$
	WITH own AS MATERIALIZED (
		-- two joins that can be hashed: with OR every account would meet every platform
		SELECT x.account_id, min(x.inst_id) AS inst_id, bool_and(x.unsure) AS unsure
		  FROM (SELECT a.account_id, i.inst_id, false AS unsure FROM account AS a JOIN institution AS i ON i.inst_id = a.owner_id
				 WHERE 'P2P' = ANY (i.lines) AND coalesce(a.owner_kind, 'own') NOT IN ('custody', 'reserve')
				 UNION ALL
				-- kept with the platform, and nobody filed whose it is
				SELECT a.account_id, i.inst_id, a.owner_kind IS NULL FROM account AS a JOIN institution AS i ON i.inst_id = a.inst_id
				 WHERE 'P2P' = ANY (i.lines) AND (a.owner_kind = 'own' OR a.owner_kind IS NULL AND a.owner_id IS NULL)) AS x
		 GROUP BY x.account_id),
	query AS (
		SELECT format('SELECT t.txn_id, CASE WHEN o.a IS NULL THEN ''owner '' || coalesce(t.payer_owner, t.payer) ELSE t.payer END AS payer,'
			|| ' CASE WHEN i.a IS NULL THEN ''owner '' || coalesce(t.payee_owner, t.payee) ELSE t.payee END AS payee, t.amount, t.paid_at, t.loan_id FROM txn AS t'
			|| ' LEFT JOIN unnest(%L::text[]) AS o (a) ON o.a = t.payer AND coalesce(t.purpose, '''') NOT IN (''fee'', ''salary'')'
			|| ' LEFT JOIN unnest(%L::text[]) AS i (a) ON i.a = t.payee AND coalesce(t.purpose, '''') NOT IN (''fee'', ''interest'')'
			|| ' WHERE (o.a IS NOT NULL OR i.a IS NOT NULL) AND t.paid_at >= %L AND t.paid_at < %L AND t.amount > 0 AND t.payer IS NOT NULL AND t.payee IS NOT NULL AND coalesce(t.currency, ''CNY'') = ''CNY''', w.ids, w.ids, $2, $3) AS txn
		  FROM (SELECT array_agg(account_id) AS ids FROM own HAVING count(*) > 0) AS w),
	pools AS (
		SELECT p.* FROM query AS q CROSS JOIN LATERAL risk_screen.fund_pools(q.txn, ceil(($5 ->> 'pool_parties')::numeric)::int, ceil(($5 ->> 'pool_parties')::numeric)::int, ($5 ->> 'pool_matched')::numeric,
				-- sources are floating point: twenty payers alike may be 19.999999
				make_interval(days => ($5 ->> 'pool_days')::int), ($5 ->> 'pool_sources')::float8 * (1 - 1e-9)) AS p
		 WHERE coalesce(p.matched < ($5 ->> 'pool_matched')::numeric, true)),
	-- what fund_pools did not see: amounts of several currencies have no sum
	other AS (
		SELECT x.account_id, count(*) AS n FROM txn AS t CROSS JOIN LATERAL (VALUES (t.payer), (t.payee)) AS x (account_id)
		 WHERE t.currency <> 'CNY' AND t.paid_at >= $2 AND t.paid_at < $3 AND t.amount > 0 AND x.account_id IN (SELECT w.account_id FROM own AS w) GROUP BY x.account_id),
	-- clients' money that stays overnight on an account of the platform outside custody
	idle AS (
		SELECT DISTINCT ON (b.account_id, nullif(b.currency, 'CNY')) b.account_id, nullif(b.currency, 'CNY') AS currency, b.balance, b.as_of FROM balance AS b WHERE b.as_of <= $1 AND b.as_of >= $1 - ($5 ->> 'balance_age')::int
		 ORDER BY b.account_id, nullif(b.currency, 'CNY'), b.as_of DESC, b.source)
	SELECT 'account' AS subject_kind, p.account AS subject_id, o.inst_id, CASE WHEN NOT o.unsure THEN least(p.payers, p.payees) END AS observed, NULL::numeric AS threshold,
		   p.received AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('payers', p.payers, 'payees', p.payees, 'inflow', p.received, 'outflow', p.paid, 'matched_share', round(coalesce(p.matched, 0)::numeric, 4), 'first', p.first_at, 'last', p.last_at)
		   || jsonb_strip_nulls(jsonb_build_object('other_currencies', f.n, 'missing', CASE WHEN o.unsure THEN 'owner of the account' END)) AS evidence,
		   'account:' || p.account AS finding_key
	  FROM pools AS p JOIN own AS o ON o.account_id = p.account LEFT JOIN other AS f ON f.account_id = p.account
	 UNION ALL
	SELECT 'account', a.account_id || coalesce(' ' || b.currency, ''), i.inst_id, b.balance, 0.01, CASE WHEN b.currency IS NULL THEN b.balance END, b.as_of::timestamptz, jsonb_strip_nulls(jsonb_build_object('idle_client_balance', b.balance, 'currency', b.currency, 'on', b.as_of)), 'account:' || a.account_id || coalesce(' ' || b.currency, '') || ':idle'
	  FROM account AS a JOIN institution AS i ON i.inst_id = a.inst_id AND 'P2P' = ANY (i.lines) JOIN idle AS b ON b.account_id = a.account_id
	 WHERE a.owner_kind = 'client' AND a.owner_id = a.inst_id AND coalesce(a.account_kind, 'bank') <> 'ledger' AND (a.closed_on > $1 OR a.closed_on IS NULL)
$$, '平台控制的账户多人转入、多人转出，资金与标的不对应，或客户资金在存管之外过夜留存，疑似资金池。', 'An account under the platform''s control takes from many and pays to many without pairing by loan, or clients'' money stays overnight outside custody.');

SELECT risk_screen._ship_rule('C02', 'red', '{P2P}', '{}', '{txn,account,institution.lines,txn.inst_id,txn.purpose}', '{txn}', $$
	WITH rel AS MATERIALIZED (SELECT * FROM risk_screen.desk_related_parties($1)),
	paid AS (
		SELECT t.txn_id, t.loan_id, t.inst_id, t.amount, t.currency, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS yuan, t.paid_at, t.payer, a.account_id, a.owner_kind, coalesce(a.owner_id, t.payer_owner) AS owner_id
		  FROM txn AS t JOIN institution AS i ON i.inst_id = t.inst_id AND 'P2P' = ANY (i.lines) LEFT JOIN account AS a ON a.account_id = t.payer
		 WHERE t.purpose = 'disburse' AND t.paid_at >= $2 AND t.paid_at < $3)
	SELECT 'loan' AS subject_kind, coalesce(p.loan_id, p.txn_id) AS subject_id, p.inst_id, p.amount AS observed, 0 AS threshold, p.yuan AS amount, p.paid_at AS occurred_at,
		   jsonb_build_object('txn_id', p.txn_id, 'payer', p.payer, 'owner', p.owner_id, 'relation', r.relation) || CASE WHEN p.yuan IS NULL THEN jsonb_build_object('currency', p.currency) ELSE '{}' END AS evidence
	  FROM paid AS p JOIN rel AS r ON r.inst_id = p.inst_id AND r.party_id = p.owner_id
	 WHERE coalesce(p.owner_kind, 'own') NOT IN ('custody', 'reserve')
	 UNION ALL
	-- whose account it was paid from is not known
	SELECT 'institution', p.inst_id, p.inst_id, NULL, NULL, sum(p.yuan), max(p.paid_at), jsonb_build_object('missing', 'owners of paying accounts', 'transfers', count(*))
	  FROM paid AS p WHERE p.owner_id IS NULL AND coalesce(p.owner_kind, '') NOT IN ('custody', 'reserve') GROUP BY p.inst_id
$$, '放款资金来自平台自有账户或其关联方账户。', 'A loan was paid out of an account of the platform or its related parties.');

-- What is followed is the money itself: every pay-out of a platform is a claim,
-- attributed first in, first out through all transfers; custody and reserve
-- accounts end it (a repayment is no self-financing).
SELECT risk_screen._ship_rule('C04', 'red', '{P2P}', '{self_finance_share}', '{txn,account,equity,institution.lines,txn.inst_id,txn.purpose?,account.owner_id,equity.share|equity.kind}', '{txn}', $$
	WITH raised AS (
		SELECT t.inst_id, sum(t.amount) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY') AS amount, count(*) FILTER (WHERE t.currency <> 'CNY') AS other
		  FROM txn AS t JOIN institution AS i USING (inst_id)
		 WHERE t.purpose = 'disburse' AND t.paid_at >= $2 AND t.paid_at < $3 AND 'P2P' = ANY (i.lines)
		 GROUP BY t.inst_id),
	own AS MATERIALIZED (
		SELECT r.inst_id, a.account_id, min(a.owner_id) AS owner_id, min(r.relation) AS relation
		  FROM risk_screen.desk_related_parties($1) AS r JOIN account AS a ON a.owner_id = r.party_id
		 WHERE coalesce(a.owner_kind, 'own') NOT IN ('custody', 'reserve', 'risk_fund') GROUP BY r.inst_id, a.account_id),
	moved AS MATERIALIZED (
		SELECT * FROM risk_screen.desk_money($2, $3, ARRAY(SELECT inst_id FROM raised WHERE amount > 0 ORDER BY 1)) AS m WHERE m.kind = 'moved'),
	arrived AS (
		SELECT m.inst_id, sum(m.traced) AS amount, min(m.paid_at) AS first_at, count(*) AS n,
			   jsonb_agg(jsonb_build_object('txn_id', m.txn_id, 'from', m.account, 'to', m.counterparty, 'owner', o.owner_id, 'relation', o.relation, 'amount', m.amount, 'traced', m.traced)
						 ORDER BY m.traced DESC, m.txn_id) AS arrivals
		  FROM moved AS m
		  JOIN own AS o ON o.inst_id = m.inst_id AND o.account_id = m.counterparty
		  LEFT JOIN own AS x ON x.inst_id = m.inst_id AND x.account_id = m.account
		 WHERE x.account_id IS NULL AND NOT EXISTS (SELECT FROM txn AS t WHERE t.txn_id = m.txn_id AND t.purpose IN ('fee', 'salary'))
		 GROUP BY m.inst_id)
	SELECT 'institution' AS subject_kind, a.inst_id AS subject_id, risk_screen._rounded(least(a.amount, r.amount) / r.amount, ($5 ->> 'self_finance_share')::numeric) AS observed, NULL::numeric AS threshold,
		   least(a.amount, r.amount) AS amount, a.first_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('raised', r.amount, 'reached_related_parties', a.amount, 'transfers', a.n, 'attribution', 'fifo', 'other_currencies', nullif(r.other, 0),
				'arrivals', (SELECT jsonb_agg(v ORDER BY no) FROM jsonb_array_elements(a.arrivals) WITH ORDINALITY AS e (v, no) WHERE no <= 20))) AS evidence
	  FROM arrived AS a JOIN raised AS r USING (inst_id) WHERE r.amount > 0
	 UNION ALL
	SELECT 'institution', l.inst_id, NULL, NULL, sum(l.amount), NULL, jsonb_build_object('missing', 'transfers of purpose disburse in yuan')
	  FROM loan AS l JOIN institution AS i USING (inst_id)
	 WHERE 'P2P' = ANY (i.lines) AND l.started_on >= $2::date AND l.started_on <= $1 AND NOT EXISTS (SELECT FROM raised AS r WHERE r.inst_id = l.inst_id AND r.amount IS NOT NULL)
	 GROUP BY l.inst_id
	 UNION ALL
	-- whose money it became cannot be told of a platform whose shareholders of the day nobody filed
	SELECT 'institution', r.inst_id, NULL, NULL, r.amount, NULL, jsonb_build_object('missing', 'shareholders')
	  FROM raised AS r WHERE r.amount IS NOT NULL AND NOT EXISTS (SELECT FROM equity AS e WHERE e.owned = r.inst_id AND (e.valid_from <= $1 OR e.valid_from IS NULL) AND (e.valid_to > $1 OR e.valid_to IS NULL) AND (e.kind IS NULL OR e.kind <> ALL ('{control,concert,economic}'))) AND NOT EXISTS (SELECT FROM arrived AS a WHERE a.inst_id = r.inst_id)
$$, '出借人资金经借款人流向平台及其关联方，疑似自融。', 'Money lent through the platform reached the platform''s related parties.');

SELECT risk_screen._ship_rule('C05', 'red', '{P2P}', '{}', '{loan,equity,loan.guarantor_id,equity.share|equity.kind}', '{loan}', $$
	WITH rel AS MATERIALIZED (SELECT * FROM risk_screen.desk_related_parties($1))
	SELECT 'loan' AS subject_kind, l.loan_id AS subject_id, l.inst_id, l.amount AS observed, 0 AS threshold, l.amount, l.started_on::timestamptz AS occurred_at,
		   jsonb_build_object('guarantor', l.guarantor_id, 'relation', r.relation, 'steps', r.steps) AS evidence
	  FROM loan AS l JOIN rel AS r ON r.inst_id = l.inst_id AND r.party_id = l.guarantor_id
	 WHERE l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)
	 UNION ALL
	-- guarantors of a platform whose shareholders of the day nobody filed may be its own
	SELECT 'institution', l.inst_id, l.inst_id, NULL, NULL, sum(l.amount), NULL, jsonb_build_object('missing', 'shareholders', 'guaranteed_loans', count(*))
	  FROM loan AS l JOIN institution AS i ON i.inst_id = l.inst_id AND 'P2P' = ANY (i.lines)
	 WHERE l.guarantor_id IS NOT NULL AND l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)
	   AND NOT EXISTS (SELECT FROM equity AS e WHERE e.owned = l.inst_id AND (e.valid_from <= $1 OR e.valid_from IS NULL) AND (e.valid_to > $1 OR e.valid_to IS NULL) AND (e.kind IS NULL OR e.kind <> ALL ('{control,concert,economic}'))) AND NOT EXISTS (SELECT FROM rel AS r WHERE r.inst_id = l.inst_id AND r.party_id = l.guarantor_id)
	 GROUP BY l.inst_id
$$, '标的由平台或其关联方担保，自融自保。', 'The loan is guaranteed by the platform or a related party.');

SELECT risk_screen._ship_rule('C07', 'orange', '{P2P}', '{}', '{claim,loan,claim.loan_id}', '{claim}', $$
	WITH c AS (
		SELECT l.inst_id, c.amount, CASE WHEN c.to_on IS NOT NULL AND l.matures_on IS NOT NULL THEN greatest(l.matures_on - c.to_on, 0) END AS gap
		  FROM claim AS c JOIN loan AS l USING (loan_id)
		 WHERE c.from_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL))
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, nullif(count(*) FILTER (WHERE gap > 0), 0) AS observed, 0 AS threshold,
		   sum(amount) FILTER (WHERE gap > 0) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('claims', count(*), 'share_by_amount', round(coalesce(sum(amount) FILTER (WHERE gap > 0), 0) / nullif(sum(amount) FILTER (WHERE gap IS NOT NULL), 0), 6),
				'gap_days', round(sum(amount * gap) FILTER (WHERE gap > 0) / nullif(sum(amount) FILTER (WHERE gap > 0), 0), 1), 'without_dates', nullif(count(*) FILTER (WHERE gap IS NULL), 0),
				'missing', CASE WHEN count(*) FILTER (WHERE gap > 0) = 0 THEN 'maturity of claims or loans' END)) AS evidence
	  FROM c GROUP BY inst_id HAVING count(*) FILTER (WHERE gap > 0) > 0 OR count(*) FILTER (WHERE gap IS NULL) > 0
$$, '债权到期日早于标的到期日，期限错配。', 'Claims fall due before the loans behind them.');

-- A chain is products of one loan, each shorter than the loan and beginning when
-- another ends (split_overlap days before to split_gap days after). It splits the
-- term when it covers it: from the loan's first day to its maturity or, of a
-- loan that still runs, to the day of the run, without a hole of more than split_gap days.
SELECT risk_screen._ship_rule('C08', 'orange', '{P2P}', '{split_products,split_gap,split_overlap}', '{claim,loan,claim.loan_id,claim.product_id}', '{claim}', $$
	WITH funded AS (
		SELECT l.loan_id, l.inst_id, l.amount, l.started_on, l.matures_on, c.product_id, min(c.from_on) AS from_on, max(c.to_on) AS to_on, bool_or(c.to_on IS NULL) AS undated
		  FROM claim AS c JOIN loan_in_yuan AS l USING (loan_id)
		 WHERE c.product_id IS NOT NULL AND c.from_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)
		 GROUP BY l.loan_id, l.inst_id, l.amount, l.started_on, l.matures_on, c.product_id),
	pieces AS (
		SELECT * FROM funded WHERE NOT undated AND to_on - from_on < matures_on - started_on),
	linked AS (
		SELECT p.* FROM pieces AS p
		 WHERE EXISTS (SELECT FROM pieces AS q WHERE q.loan_id = p.loan_id AND q.product_id <> p.product_id
						  AND (p.from_on BETWEEN q.to_on - ($5 ->> 'split_overlap')::int AND q.to_on + ($5 ->> 'split_gap')::int
							OR q.from_on BETWEEN p.to_on - ($5 ->> 'split_overlap')::int AND p.to_on + ($5 ->> 'split_gap')::int))),
	covered AS (
		SELECT l.*, l.from_on - coalesce(max(l.to_on) OVER (PARTITION BY l.loan_id ORDER BY l.from_on, l.product_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), l.started_on) AS hole
		  FROM linked AS l)
	SELECT 'loan' AS subject_kind, loan_id AS subject_id, inst_id, count(*) AS observed, NULL::numeric AS threshold, max(amount) AS amount, min(started_on)::timestamptz AS occurred_at,
		   jsonb_build_object('products', jsonb_agg(jsonb_build_object('product_id', product_id, 'from', from_on, 'to', to_on) ORDER BY from_on, product_id), 'matures_on', max(matures_on)) AS evidence
	  FROM covered GROUP BY loan_id, inst_id
	HAVING max(hole) <= ($5 ->> 'split_gap')::int AND max(to_on) >= least($1, max(matures_on)) - ($5 ->> 'split_gap')::int
	 UNION ALL
	SELECT 'loan', f.loan_id, f.inst_id, NULL, NULL, max(f.amount), min(f.started_on)::timestamptz, jsonb_build_object('missing', 'maturity of the loan or of claims', 'products', count(*))
	  FROM funded AS f GROUP BY f.loan_id, f.inst_id HAVING count(*) > 1 AND (bool_or(f.undated) OR bool_or(f.matures_on IS NULL))
$$, '一个标的由多期较短产品接续募集，期限拆分。', 'One loan is funded by consecutive products each shorter than it, which together cover its term.');

-- Whether money came back is told by the money itself: each pay-out is a claim of
-- its loan, attributed first in, first out; what reaches an account of the
-- platform or a related party, fees apart, has come back. Custody ends the way.
SELECT risk_screen._ship_rule('C10', 'red', '{P2P}', '{fictitious_return,payout_grace,copied_text_length,copied_text_borrowers}', '{loan,party,txn,institution.lines?,party.identity_no?,account.owner_id?}', '{loan}', $$
	WITH paid_out AS MATERIALIZED (
		SELECT t.txn_id, t.inst_id, t.loan_id, t.amount, coalesce(t.currency, 'CNY') AS currency, t.payee, t.payee_owner, t.paid_at FROM txn AS t JOIN institution AS i ON i.inst_id = t.inst_id AND 'P2P' = ANY (i.lines)
		 WHERE t.purpose = 'disburse' AND t.loan_id IS NOT NULL AND t.amount > 0),
	own AS MATERIALIZED (
		SELECT DISTINCT r.inst_id, a.account_id FROM risk_screen.desk_related_parties($1) AS r JOIN account AS a ON a.owner_id = r.party_id
		 WHERE coalesce(a.owner_kind, 'own') NOT IN ('custody', 'reserve', 'risk_fund')),
	-- a loan paid out in two currencies is two claims: what came back is held against what was paid in its own
	back AS (
		SELECT p.loan_id, p.inst_id, p.currency, least(sum(f.traced), max(p.amount)) AS amount, max(p.amount) AS lent
		  FROM (SELECT array_agg(DISTINCT inst_id ORDER BY inst_id) AS ids FROM paid_out WHERE paid_at >= $2 AND paid_at < $3 HAVING count(*) > 0 AND EXISTS (SELECT FROM own)) AS x
		 CROSS JOIN LATERAL risk_screen.attribute_funds(
			format('SELECT txn_id, payer, payee, amount, paid_at, coalesce(currency, ''CNY'') AS currency, fee FROM txn WHERE paid_at >= %L AND paid_at < %L AND amount > 0 AND payer IS NOT NULL AND payee IS NOT NULL', $2, $3),
			format('SELECT loan_id AS claim, txn_id FROM txn WHERE purpose = ''disburse'' AND paid_at >= %L AND paid_at < %L AND amount > 0 AND loan_id IS NOT NULL AND inst_id = ANY (%L)', $2, $3, x.ids),
			exit_at => ARRAY(SELECT a.account_id FROM account AS a WHERE a.owner_kind IN ('custody', 'reserve', 'risk_fund'))) AS f
		  JOIN (SELECT loan_id, inst_id, currency, sum(amount) AS amount FROM paid_out WHERE paid_at >= $2 AND paid_at < $3 GROUP BY loan_id, inst_id, currency) AS p ON p.loan_id = f.claim AND p.currency = f.currency
		  JOIN own AS o ON o.inst_id = p.inst_id AND o.account_id = f.counterparty
		  LEFT JOIN own AS y ON y.inst_id = p.inst_id AND y.account_id = f.account
		 WHERE f.kind = 'moved' AND y.account_id IS NULL AND NOT EXISTS (SELECT FROM txn AS t WHERE t.txn_id = f.txn_id AND t.purpose IN ('fee', 'salary'))
		 GROUP BY p.loan_id, p.inst_id, p.currency),
	returned AS (
		SELECT DISTINCT ON (loan_id, inst_id) loan_id, inst_id, currency, amount, lent FROM back ORDER BY loan_id, inst_id, amount / lent DESC, currency = 'CNY' DESC, currency),
	elsewhere AS (
		SELECT p.loan_id, sum(p.amount) FILTER (WHERE p.currency = 'CNY') AS amount, count(*) FILTER (WHERE p.currency <> 'CNY') AS other, min(coalesce(a.owner_id, p.payee_owner)) AS payee
		  FROM paid_out AS p JOIN loan_in_yuan AS l ON l.loan_id = p.loan_id AND l.inst_id = p.inst_id LEFT JOIN (SELECT DISTINCT ON (account_id) account_id, owner_id FROM account ORDER BY account_id, owner_id) AS a ON a.account_id = p.payee
		 WHERE l.borrower_id IS NOT NULL AND coalesce(a.owner_id, p.payee_owner) <> l.borrower_id GROUP BY p.loan_id),
	twins AS (
		SELECT identity_no FROM party WHERE identity_no IS NOT NULL GROUP BY identity_no HAVING count(DISTINCT party_id) > 1),
	disbursed AS (SELECT DISTINCT inst_id, loan_id FROM txn WHERE purpose = 'disburse'),
	paying AS (SELECT DISTINCT inst_id FROM disbursed),
	paid AS (SELECT DISTINCT loan_id FROM disbursed),
	pledged AS (
		SELECT DISTINCT c.loan_id FROM collateral AS c
		  JOIN (SELECT collateral_id FROM collateral GROUP BY collateral_id HAVING count(DISTINCT loan_id) > 1) AS d USING (collateral_id)),
	copied AS (
		SELECT inst_id, description FROM loan WHERE length(description) >= ($5 ->> 'copied_text_length')::int GROUP BY inst_id, description HAVING count(DISTINCT borrower_id) > ($5 ->> 'copied_text_borrowers')::int),
	marks AS (
		SELECT l.loan_id, l.inst_id, l.borrower_id, l.amount, l.started_on, e.payee, e.amount AS paid_elsewhere, e.other AS elsewhere_other, b.amount AS came_back, nullif(b.currency, 'CNY') AS currency, array_remove(ARRAY[
			CASE WHEN p.party_id IS NULL THEN 'borrower not in the register' END,
			CASE WHEN w.identity_no IS NOT NULL THEN 'identity used by several borrowers' END,
			CASE WHEN l.started_on >= $2::date AND l.started_on < $1 - ($5 ->> 'payout_grace')::int AND y.inst_id IS NOT NULL AND coalesce(l.status, '') <> 'failed' AND x.loan_id IS NULL THEN 'never paid out' END,
			CASE WHEN e.loan_id IS NOT NULL THEN 'paid to somebody other than the borrower' END,
			CASE WHEN b.amount >= ($5 ->> 'fictitious_return')::numeric * b.lent THEN 'money came back to the platform' END,
			CASE WHEN c.loan_id IS NOT NULL THEN 'collateral pledged for several loans' END,
			CASE WHEN d.description IS NOT NULL THEN 'same text as other borrowers'' loans' END], NULL) AS why
		  FROM loan_in_yuan AS l
		  LEFT JOIN (SELECT DISTINCT ON (party_id) party_id, identity_no FROM party ORDER BY party_id) AS p ON p.party_id = l.borrower_id
		  LEFT JOIN twins AS w ON w.identity_no = p.identity_no
		  LEFT JOIN paying AS y ON y.inst_id = l.inst_id
		  LEFT JOIN paid AS x ON x.loan_id = l.loan_id
		  LEFT JOIN pledged AS c ON c.loan_id = l.loan_id
		  LEFT JOIN copied AS d ON d.inst_id = l.inst_id AND d.description = l.description
		  LEFT JOIN elsewhere AS e ON e.loan_id = l.loan_id
		  LEFT JOIN returned AS b ON b.loan_id = l.loan_id AND b.inst_id = l.inst_id
		 WHERE l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)
		   AND NOT EXISTS (SELECT FROM institution AS i WHERE i.inst_id = l.borrower_id))
	SELECT 'loan' AS subject_kind, loan_id AS subject_id, inst_id, cardinality(why) AS observed, 0 AS threshold, amount, started_on::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('signs', to_jsonb(why), 'borrower', borrower_id, 'paid_to', payee, 'paid_elsewhere', paid_elsewhere, 'other_currencies', nullif(elsewhere_other, 0), 'came_back', came_back, 'came_back_in', currency)) AS evidence
	  FROM marks WHERE why <> '{}'
	 UNION ALL
	-- where a platform files no pay-outs, whether its loans were paid out, to whom, and what came back is not known
	SELECT 'institution', l.inst_id, l.inst_id, NULL, 0, sum(l.amount), NULL, jsonb_build_object('missing', 'transfers of purpose disburse', 'loans', count(*))
	  FROM loan_in_yuan AS l JOIN institution AS i ON i.inst_id = l.inst_id AND 'P2P' = ANY (i.lines)
	 WHERE l.started_on >= $2::date AND l.started_on < $1 - ($5 ->> 'payout_grace')::int AND NOT EXISTS (SELECT FROM paying AS y WHERE y.inst_id = l.inst_id)
	   AND NOT EXISTS (SELECT FROM marks AS m WHERE m.inst_id = l.inst_id AND m.why <> '{}') GROUP BY l.inst_id
$$, '借款人身份缺失或重复、满标未放款、放款给他人、资金回流平台、押品或说明重复，疑似虚构标的。', 'Missing or repeated identity, no pay-out, paid to somebody else, money back at the platform, repeated collateral or text: the loan may be invented.');

-- What may be done off line is a list (code_label, domain offline_activity): the
-- three activities of the plan, the first of which has two codes.
INSERT INTO risk_screen.code_label (domain, code, title_zh, title_en, ordinal, builtin)
SELECT 'offline_activity', c.code, c.title_zh, c.title_en, c.ordinal, true FROM risk_screen.code_label AS c
 WHERE c.domain = 'marketing.activity' AND c.code IN ('credit_collection', 'credit_check', 'follow_up', 'collateral');

SELECT risk_screen._ship_rule('C12', 'yellow', '{P2P}', '{}', '{marketing}', '{}', $$
	WITH seen AS (
		SELECT m.inst_id, m.activity, m.happened_on, m.activity NOT IN (SELECT c.code FROM risk_screen.code_label AS c WHERE c.domain = 'offline_activity') AS barred
		  FROM marketing AS m WHERE m.channel = 'offline' AND m.happened_on <= $1 AND m.happened_on >= $2::date)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, nullif(count(*) FILTER (WHERE barred), 0) AS observed, 0 AS threshold, NULL::numeric AS amount, (max(happened_on) FILTER (WHERE barred))::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('activities', jsonb_agg(DISTINCT activity) FILTER (WHERE barred), 'not_named', nullif(count(*) FILTER (WHERE activity IS NULL), 0),
				'missing', CASE WHEN count(*) FILTER (WHERE barred) = 0 THEN 'what was done off line' END)) AS evidence
	  FROM seen WHERE barred IS NOT FALSE GROUP BY inst_id
$$, '开展信用信息采集及核实、贷后跟踪、抵质押管理以外的线下活动。', 'Offline marketing beyond credit collection and verification, follow-up and collateral.');

SELECT risk_screen._ship_rule('C14', 'red', '{P2P,EC}', '{}', '{product,licence,institution.lines}', '{}', $$
	SELECT 'product' AS subject_kind, p.product_id AS subject_id, p.inst_id, 1 AS observed, 0 AS threshold, p.target_amount AS amount, p.issued_on::timestamptz AS occurred_at,
		   jsonb_build_object('business', coalesce(p.biz, p.kind), 'name', p.name) AS evidence
	  FROM product AS p JOIN institution AS i USING (inst_id)
	 WHERE i.lines && ARRAY['P2P', 'EC'] AND (p.biz = 'AM' OR p.kind IN ('claim_transfer', 'equity_transfer'))
	   AND (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL)
	   AND NOT EXISTS (SELECT FROM licence AS l WHERE l.inst_id = p.inst_id AND l.biz IN ('AM', p.biz, p.kind) AND l.biz NOT IN ('P2P', 'EC')
						  AND l.valid_from <= coalesce(p.issued_on, $1) AND (l.valid_to > coalesce(p.issued_on, $1) OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid')
	 UNION ALL
	SELECT 'product', p.product_id, p.inst_id, NULL, 0, p.target_amount, p.issued_on::timestamptz, jsonb_strip_nulls(jsonb_build_object('name', p.name, 'missing', 'business or kind of the product'))
	  FROM product AS p JOIN institution AS i USING (inst_id)
	 WHERE i.lines && ARRAY['P2P', 'EC'] AND p.biz IS NULL AND p.kind IS NULL AND (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL)
$$, '未经批准从事资产管理、债权或股权转让业务。', 'Asset management or transfer of claims or equity without a licence.');

-- C15 and C16 hold for every line that keeps client money; payment institutions
-- have the reserve (G01, G02) in its place. The rules' lines say who must have
-- filed accounts at all, and whose flows C16 holds against custody: elsewhere
-- the same purposes are other business.
SELECT risk_screen._ship_rule('C15', 'orange', '{P2P,EC}', '{}', '{txn,account,institution.lines,account.owner_id?,account.inst_id?,txn.inst_id?}', '{account}', $$
	WITH rel AS MATERIALIZED (SELECT * FROM risk_screen.desk_related_parties($1)),
	mixed AS (
		SELECT t.inst_id, t.txn_id, t.amount, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS yuan, t.currency, t.paid_at, t.purpose, a.owner_kind AS from_kind, b.owner_kind AS to_kind
		  FROM txn AS t
		  JOIN institution AS i ON i.inst_id = t.inst_id AND i.lines && ARRAY['P2P', 'EC', 'INS', 'FUND', 'TRU']
		  JOIN account AS a ON a.account_id = t.payer
		  JOIN account AS b ON b.account_id = t.payee
		  LEFT JOIN rel AS ra ON ra.inst_id = t.inst_id AND ra.party_id = a.owner_id
		  LEFT JOIN rel AS rb ON rb.inst_id = t.inst_id AND rb.party_id = b.owner_id
		 WHERE t.paid_at >= $2 AND t.paid_at < $3
		   -- a related party may lend, borrow and shop like anybody; between custody and the institution's own account only a fee is in order (compensation is C22's)
		   AND (coalesce(t.purpose, 'transfer') NOT IN ('fee', 'lend', 'repay', 'payout', 'deposit', 'withdraw', 'salary', 'compensation', 'disburse', 'consumption')
				OR t.purpose NOT IN ('fee', 'compensation') AND (a.owner_kind = 'custody' AND b.owner_kind = 'own' AND b.owner_id = t.inst_id OR b.owner_kind = 'custody' AND a.owner_kind = 'own' AND a.owner_id = t.inst_id))
		   AND (a.owner_kind IN ('client', 'custody') AND (ra.party_id IS NULL OR a.owner_kind = 'custody') AND rb.party_id IS NOT NULL AND b.owner_kind <> 'custody'
			 OR b.owner_kind IN ('client', 'custody') AND (rb.party_id IS NULL OR b.owner_kind = 'custody') AND ra.party_id IS NOT NULL AND a.owner_kind <> 'custody')),
	direct AS (
		SELECT inst_id, count(*) AS n, count(*) FILTER (WHERE currency <> 'CNY') AS other, sum(yuan) AS amount, max(paid_at) AS at, (array_agg(txn_id ORDER BY amount DESC, txn_id))[1:20] AS transfers FROM mixed GROUP BY inst_id),
	-- one account filed as clients' and as own
	register AS (
		SELECT a.inst_id, a.account_id, bool_or(a.owner_kind IN ('client', 'custody')) AND bool_or(a.owner_kind = 'own') AS both_kinds, bool_and(a.owner_kind IS NULL) AS kindless
		  FROM account AS a JOIN institution AS i ON i.inst_id = a.inst_id AND i.lines && ARRAY['P2P', 'EC', 'INS', 'FUND', 'TRU']
		 WHERE coalesce(a.opened_on <= $1, true) AND (a.closed_on > $1 OR a.closed_on IS NULL) GROUP BY a.inst_id, a.account_id),
	accounts AS (
		SELECT inst_id, count(*) FILTER (WHERE both_kinds) AS n, (array_agg(account_id ORDER BY account_id) FILTER (WHERE both_kinds))[1:20] AS accounts, count(*) FILTER (WHERE kindless) AS kindless FROM register GROUP BY inst_id)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, nullif(coalesce(d.n, 0) + coalesce(a.n, 0), 0) AS observed, 0 AS threshold, d.amount, d.at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('transfers', to_jsonb(d.transfers), 'other_currencies', nullif(d.other, 0), 'accounts_of_both_kinds', to_jsonb(a.accounts), 'missing', CASE WHEN coalesce(d.n, 0) + coalesce(a.n, 0) = 0 THEN 'kind of owner of accounts' END)) AS evidence
	  FROM direct AS d FULL JOIN accounts AS a USING (inst_id) WHERE d.n > 0 OR a.n > 0 OR a.kindless > 0
$$, '客户资金与平台或其关联方资金直接往来，未分账管理。', 'Client money and money of the platform or its related parties flow into each other.');

SELECT risk_screen._ship_rule('C16', 'red', '{P2P,EC,INS}', '{custody_share}', '{account,eligible_bank,institution.lines,account.inst_id,account.owner_kind}', '{account}', $$
	WITH client AS (
		SELECT a.account_id, i.inst_id, a.owner_kind, a.bank_id,
			   -- NULL: a custody account whose bank nobody filed
			   CASE WHEN a.owner_kind = 'custody' AND a.bank_id IS NULL THEN NULL
					ELSE a.owner_kind = 'custody' AND EXISTS (SELECT FROM eligible_bank AS e WHERE e.bank_id = a.bank_id AND e.list_name = 'custody'
														 AND e.valid_from <= $1 AND (e.valid_to > $1 OR e.valid_to IS NULL)) END AS ok
		  FROM account AS a JOIN institution AS i ON i.inst_id = a.inst_id
		 -- a licensed financial institution of another line may keep clients' accounts itself
		 WHERE (i.lines && ARRAY['P2P', 'EC', 'INS'] OR i.lines && ARRAY['FUND', 'TRU', 'AM'] AND i.is_financial IS NOT TRUE) AND a.owner_kind IN ('client', 'custody') AND coalesce(a.account_kind, 'bank') <> 'ledger'
		   AND coalesce(a.opened_on <= $1, true) AND (a.closed_on > $1 OR a.closed_on IS NULL)),
	accounts AS (
		SELECT inst_id, count(*) AS n, count(*) FILTER (WHERE ok IS NOT FALSE) AS good, count(*) FILTER (WHERE ok IS NULL) AS bankless,
			   jsonb_agg(jsonb_build_object('account_id', account_id, 'kind', owner_kind, 'bank_id', bank_id) ORDER BY account_id) FILTER (WHERE NOT ok) AS bad
		  FROM client GROUP BY inst_id),
	flows AS (
		SELECT t.inst_id, count(*) FILTER (WHERE t.currency <> 'CNY') AS other, sum(y.amount) AS amount, sum(y.amount) FILTER (WHERE c.account_id IS NOT NULL OR d.account_id IS NOT NULL) AS good
		  FROM txn AS t
		  JOIN institution AS i ON i.inst_id = t.inst_id AND i.lines && ARRAY['P2P', 'EC', 'INS']
		  LEFT JOIN client AS c ON c.account_id = t.payer AND c.ok IS NOT FALSE AND c.inst_id = t.inst_id
		  LEFT JOIN client AS d ON d.account_id = t.payee AND d.ok IS NOT FALSE AND d.inst_id = t.inst_id
		 CROSS JOIN LATERAL (SELECT CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount) AS y
		 WHERE t.paid_at >= $2 AND t.paid_at < $3 AND t.purpose IN ('deposit', 'withdraw', 'lend', 'disburse', 'repay', 'payout')
		 GROUP BY t.inst_id),
	both_shares AS (
		SELECT inst_id, risk_screen._rounded(least(coalesce(f.good, 0) / nullif(f.amount, 0), a.good::numeric / a.n), ($5 ->> 'custody_share')::numeric) AS share, a.n, a.good, a.bad, coalesce(a.bankless, 0) AS bankless, f.amount, f.good AS through, f.other
		  FROM accounts AS a FULL JOIN flows AS f USING (inst_id))
	-- the best case with banks not filed: if even that falls short it is a breach, else nobody can say
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, CASE WHEN bankless = 0 OR share < ($5 ->> 'custody_share')::numeric THEN share END AS observed, NULL::numeric AS threshold,
		   amount - coalesce(through, 0) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('client_accounts', coalesce(n, 0), 'in_eligible_custody', coalesce(good, 0) - bankless, 'without_bank', nullif(bankless, 0), 'not_eligible', bad, 'client_flow', amount, 'through_custody', through, 'other_currencies', nullif(other, 0),
				'missing', CASE WHEN bankless > 0 AND share >= ($5 ->> 'custody_share')::numeric THEN 'bank of custody accounts' WHEN share IS NULL THEN 'transfers in yuan' END)) AS evidence
	  FROM both_shares
$$, '客户资金未全部由名单内商业银行存管。', 'Not all client money is held and moved through custody accounts at eligible banks.');

SELECT risk_screen._ship_rule('C17', 'yellow', '{P2P}', '{custody_reconciliation}', '{custody_statement,balance,custody_statement.inst_id}', '{}', $$
	WITH bank AS (
		SELECT s.inst_id, s.account_id, s.day, s.balance FROM custody_statement AS s WHERE s.day <= $1 AND s.day >= $2::date AND s.inst_id IS NOT NULL),
	span AS (
		SELECT inst_id, account_id, min(day) AS first_day FROM bank GROUP BY inst_id, account_id),
	grid AS (
		SELECT s.inst_id, s.account_id, d::date AS day FROM span AS s, generate_series(s.first_day::timestamp, ($1 - 1)::timestamp, interval '1 day') AS d
		 UNION
		SELECT inst_id, account_id, day FROM bank)
	SELECT 'account' AS subject_kind, g.account_id AS subject_id, g.inst_id,
		   CASE WHEN b.day IS NULL OR b.balance IS NULL THEN 1 ELSE abs(p.balance - b.balance) END AS observed, NULL::numeric AS threshold,
		   abs(p.balance - b.balance) AS amount, g.day::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('day', g.day, 'platform', p.balance, 'bank', b.balance,
				'fault', CASE WHEN b.day IS NULL THEN 'no bank statement' WHEN p.balance IS NULL THEN 'no platform balance' ELSE 'difference' END,
				'missing', CASE WHEN b.day IS NOT NULL AND p.balance IS NULL THEN 'platform balance of the day' END)) AS evidence
	  FROM grid AS g
	  LEFT JOIN bank AS b USING (inst_id, account_id, day)
	  LEFT JOIN balance AS p ON p.account_id = g.account_id AND p.as_of = g.day AND coalesce(p.source, 'platform') = 'platform' AND coalesce(p.currency, 'CNY') = 'CNY'
	 WHERE b.day IS NULL OR p.balance IS DISTINCT FROM b.balance
	 UNION ALL
	-- a custody account of which no statement came in the whole window
	SELECT DISTINCT 'account', a.account_id, a.inst_id, NULL::numeric, NULL::numeric, NULL::numeric, NULL::timestamptz, jsonb_build_object('missing', 'statements of the custody bank')
	  FROM account AS a JOIN institution AS i ON i.inst_id = a.inst_id AND 'P2P' = ANY (i.lines)
	 WHERE a.owner_kind = 'custody' AND coalesce(a.opened_on < $1, true) AND (a.closed_on > $1 OR a.closed_on IS NULL) AND NOT EXISTS (SELECT FROM bank AS b WHERE b.account_id = a.account_id)
$$, '平台台账与存管银行流水不符，或存管银行当日未报送。', 'Platform ledger and bank statement differ, or the statement of a day is missing.');

-- Where an institution files no client's order with any transfer of the window,
-- one without an order tells nothing: order numbers are missing, not the orders.
SELECT risk_screen._ship_rule('C18', 'red', '{P2P,EC}', '{}', '{txn,account,equity,institution.lines,account.inst_id,account.owner_id,account.owner_kind,equity.share|equity.kind}', '{account}', $$
	WITH rel AS MATERIALIZED (SELECT p.inst_id, p.party_id, p.relation FROM risk_screen.desk_related_parties($1) AS p),
	taken AS MATERIALIZED (
		SELECT t.txn_id, a.inst_id, t.amount, t.currency, t.paid_at, t.payer, t.payee, t.purpose, b.owner_id, r.relation
		  FROM account AS a
		  JOIN institution AS i ON i.inst_id = a.inst_id AND i.lines && ARRAY['P2P', 'EC']
		  JOIN txn AS t ON t.payer = a.account_id
		  JOIN account AS b ON b.account_id = t.payee AND coalesce(b.owner_kind, 'own') NOT IN ('custody', 'reserve')
		  JOIN rel AS r ON r.inst_id = a.inst_id AND r.party_id = b.owner_id
		 WHERE a.owner_kind IN ('custody', 'client') AND coalesce(a.owner_id, a.inst_id) = a.inst_id
		   AND t.paid_at >= $2 AND t.paid_at < $3 AND t.order_id IS NULL AND coalesce(t.purpose, '') <> 'fee'),
	-- by the institution itself, or out of client money kept with it whoever filed the transfer
	ordering AS MATERIALIZED (
		SELECT t.inst_id FROM txn AS t
		 WHERE t.order_id IS NOT NULL AND t.paid_at >= $2 AND t.paid_at < $3 AND t.inst_id IN (SELECT k.inst_id FROM taken AS k)
		 UNION
		SELECT a.inst_id FROM account AS a JOIN txn AS t ON t.payer = a.account_id
		 WHERE a.owner_kind IN ('custody', 'client') AND a.inst_id IN (SELECT k.inst_id FROM taken AS k)
		   AND t.order_id IS NOT NULL AND t.paid_at >= $2 AND t.paid_at < $3)
	SELECT 'transfer' AS subject_kind, k.txn_id AS subject_id, k.inst_id, k.amount AS observed, 0 AS threshold, CASE WHEN coalesce(k.currency, 'CNY') = 'CNY' THEN k.amount END AS amount, k.paid_at AS occurred_at,
		   jsonb_build_object('from', k.payer, 'to', k.payee, 'owner', k.owner_id, 'relation', k.relation, 'purpose', k.purpose)
		   || CASE WHEN k.currency <> 'CNY' THEN jsonb_build_object('currency', k.currency) ELSE '{}' END AS evidence
	  FROM taken AS k WHERE k.inst_id IN (SELECT o.inst_id FROM ordering AS o)
	 UNION ALL
	SELECT 'institution', k.inst_id, k.inst_id, NULL, 0, sum(k.amount) FILTER (WHERE coalesce(k.currency, 'CNY') = 'CNY'), max(k.paid_at),
		   jsonb_build_object('missing', 'order numbers of transfers', 'transfers', count(*), 'examples', to_jsonb((array_agg(k.txn_id ORDER BY k.amount DESC, k.txn_id))[1:10]))
	  FROM taken AS k WHERE k.inst_id NOT IN (SELECT o.inst_id FROM ordering AS o) GROUP BY k.inst_id
$$, '客户资金无客户指令转给平台或其关联方，疑似挪用。', 'Client money went to the platform or a related party without a client''s instruction.');

SELECT risk_screen._ship_rule('C19', 'orange', '{P2P,EC}', '{}', '{loan,institution.lines}', '{}', $$
	SELECT 'institution' AS subject_kind, l.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, sum(l.amount) AS amount, max(l.started_on)::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('loans', (array_agg(l.loan_id ORDER BY l.amount DESC NULLS LAST, l.loan_id))[1:20], 'other_currencies', nullif(count(*) FILTER (WHERE l.currency <> 'CNY'), 0))) AS evidence
	  FROM loan_in_yuan AS l JOIN institution AS i USING (inst_id)
	 WHERE i.lines && ARRAY['P2P', 'EC'] AND (l.is_property OR l.purpose = 'property') AND l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)
	   AND NOT EXISTS (SELECT FROM licence AS x WHERE x.inst_id = l.inst_id AND x.biz = 'property_finance' AND x.valid_from <= l.started_on AND (x.valid_to > l.started_on OR x.valid_to IS NULL) AND coalesce(x.status, 'valid') = 'valid')
	 GROUP BY l.inst_id
	 UNION ALL
	-- a platform that says of none of its loans what it is for
	SELECT 'institution', l.inst_id, NULL, 0, sum(l.amount), NULL, jsonb_build_object('loans', count(*), 'missing', 'purpose or is_property of loans')
	  FROM loan_in_yuan AS l JOIN institution AS i USING (inst_id)
	 WHERE i.lines && ARRAY['P2P', 'EC'] AND l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)
	 GROUP BY l.inst_id HAVING count(l.is_property) = 0 AND count(l.purpose) = 0
$$, '无资质从事房地产融资。', 'Property finance without a licence.');

-- By money: days after the loan the borrower pays a developer or agent. By words:
-- the loan, a product or an advertisement says so.
SELECT risk_screen._ship_rule('C21', 'orange', '{ALL}', '{down_payment_days}', '{loan,loan.borrower_id?,txn.payer_owner?,txn.payee_owner?}', '{}', $$
	-- one finding a currency: amounts of several have no sum
	SELECT 'loan' AS subject_kind, l.loan_id || coalesce(' ' || nullif(t.currency, 'CNY'), '') AS subject_id, l.inst_id, sum(t.amount) AS observed, 0 AS threshold, CASE WHEN nullif(t.currency, 'CNY') IS NULL THEN least(sum(t.amount), l.amount) END AS amount, min(t.paid_at) AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('currency', nullif(t.currency, 'CNY'))) || jsonb_build_object('borrower', l.borrower_id, 'payee', min(t.payee_owner), 'industry', min(p.industry), 'days', min(t.paid_at::date) - l.started_on) AS evidence
	  FROM loan_in_yuan AS l
	  JOIN txn AS t ON t.payer_owner = l.borrower_id AND t.paid_at >= l.started_on::timestamptz AND t.paid_at < (l.started_on + ($5 ->> 'down_payment_days')::int + 1)::timestamptz
	  JOIN (SELECT party_id, min(industry) AS industry FROM party WHERE industry IN ('developer', 'agent') GROUP BY party_id) AS p ON p.party_id = t.payee_owner
	 WHERE l.started_on <= $1 AND l.started_on >= $2::date AND t.paid_at < $3
	 GROUP BY l.loan_id, l.inst_id, l.borrower_id, l.amount, l.started_on, nullif(t.currency, 'CNY')
	 UNION ALL
	SELECT x.kind, x.id, x.inst_id, count(*), 0, x.amount, x.at, jsonb_build_object('text', left(x.body, 200), 'terms', jsonb_agg(DISTINCT f.term))
	  FROM (SELECT 'loan' AS kind, l.loan_id || ' text' AS id, l.inst_id, l.amount, l.started_on::timestamptz AS at, concat_ws(E'\n', l.purpose, l.description) AS body FROM loan_in_yuan AS l WHERE l.started_on <= $1 AND l.started_on >= $2::date
			 UNION ALL SELECT 'product', p.product_id, p.inst_id, p.target_amount, p.issued_on::timestamptz, concat_ws(E'\n', p.name, p.text_body) FROM product AS p
			  WHERE (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL)
			 UNION ALL SELECT 'text', t.text_id, t.inst_id, NULL, t.published_at, t.body FROM text_item AS t WHERE coalesce(t.kind, '') NOT IN ('opinion', 'review', 'news') AND t.published_at >= $2 AND t.published_at < $3) AS x
	 CROSS JOIN LATERAL risk_screen.find_terms(x.body, ARRAY['CN-PROD'], $1) AS f
	 WHERE f.term = '首付贷' GROUP BY x.kind, x.id, x.inst_id, x.amount, x.at, x.body
	 UNION ALL
	-- paid to somebody of whom nobody filed what they do; only where industries are filed at all can one be missing
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'industry of payees (party)') WHERE NOT EXISTS (SELECT FROM party AS p WHERE p.industry IS NOT NULL)
$$, '借款发放后数日内付给开发商或中介，或标的、产品、广告称首付贷。', 'Days after the loan the borrower paid a developer or agent, or loan, product or advertisement speak of a down-payment loan.');

SELECT risk_screen._ship_rule('C22', 'red', '{P2P}', '{}', '{loan,txn,institution.lines?,loan.guarantor_id?,txn.inst_id?,txn.purpose?}', '{loan}', $$
	WITH rel AS MATERIALIZED (SELECT * FROM risk_screen.desk_related_parties($1)),
	paid AS MATERIALIZED (
		SELECT t.* FROM txn AS t WHERE t.purpose = 'compensation' AND t.paid_at >= $2 AND t.paid_at < $3)
	SELECT 'loan' AS subject_kind, l.loan_id AS subject_id, l.inst_id, l.amount AS observed, 0 AS threshold, l.amount, l.started_on::timestamptz AS occurred_at,
		   jsonb_build_object('guarantor', l.guarantor_id, 'relation', r.relation) AS evidence
	  FROM loan AS l JOIN rel AS r ON r.inst_id = l.inst_id AND r.party_id = l.guarantor_id
	 WHERE l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)
	 UNION ALL
	SELECT 'transfer', t.txn_id, t.inst_id, t.amount, 0, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END, t.paid_at, jsonb_build_object('loan_id', t.loan_id, 'payer', t.payer, 'kind', a.owner_kind) || jsonb_strip_nulls(jsonb_build_object('currency', nullif(t.currency, 'CNY')))
	  FROM paid AS t JOIN institution AS i ON i.inst_id = t.inst_id AND 'P2P' = ANY (i.lines)
	  LEFT JOIN account AS a ON a.account_id = t.payer
	  LEFT JOIN rel AS r ON r.inst_id = t.inst_id AND r.party_id = coalesce(a.owner_id, t.payer_owner)
	 WHERE (a.owner_kind = 'risk_fund' OR r.party_id IS NOT NULL)
	 UNION ALL
	-- whose account lenders were compensated from is not known
	SELECT 'institution', t.inst_id, t.inst_id, NULL, NULL, sum(t.amount) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY'), max(t.paid_at), jsonb_build_object('missing', 'owners of paying accounts', 'transfers', count(*))
	  FROM paid AS t JOIN institution AS i ON i.inst_id = t.inst_id AND 'P2P' = ANY (i.lines) LEFT JOIN account AS a ON a.account_id = t.payer
	 WHERE coalesce(a.owner_id, t.payer_owner) IS NULL AND a.owner_kind IS DISTINCT FROM 'risk_fund' GROUP BY t.inst_id
	 UNION ALL
	SELECT 'institution', l.inst_id, l.inst_id, NULL, NULL, sum(l.amount), NULL, jsonb_build_object('missing', 'shareholders', 'guaranteed_loans', count(*))
	  FROM loan AS l JOIN institution AS i ON i.inst_id = l.inst_id AND 'P2P' = ANY (i.lines)
	 WHERE l.guarantor_id IS NOT NULL AND l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)
	   AND NOT EXISTS (SELECT FROM equity AS e WHERE e.owned = l.inst_id AND (e.valid_from <= $1 OR e.valid_from IS NULL) AND (e.valid_to > $1 OR e.valid_to IS NULL) AND (e.kind IS NULL OR e.kind <> ALL ('{control,concert,economic}'))) AND NOT EXISTS (SELECT FROM rel AS r WHERE r.inst_id = l.inst_id AND r.party_id = l.guarantor_id)
	 GROUP BY l.inst_id
$$, '平台或其关联方为标的提供担保或代偿，提供增信服务。', 'The platform or a related party guarantees loans or compensates lenders.');

SELECT risk_screen._ship_rule('C26', 'red', '{P2P}', '{}', '{authority_order,loan}', '{}', $$
	SELECT 'loan' AS subject_kind, l.loan_id AS subject_id, l.inst_id, l.in_currency AS observed, 0 AS threshold, l.amount, l.started_on::timestamptz AS occurred_at,
		   jsonb_build_object('order_id', o.order_id, 'order', o.kind, 'effective_at', coalesce(o.effective_at, o.issued_at)) || jsonb_strip_nulls(jsonb_build_object('currency', nullif(l.currency, 'CNY'))) AS evidence
	  FROM loan_in_yuan AS l
	  JOIN LATERAL (SELECT * FROM authority_order AS x
					 WHERE x.inst_id = l.inst_id AND x.kind IN ('suspend_new', 'suspend', 'revoke', 'ban')
					   AND l.started_on::timestamptz >= coalesce(x.effective_at, x.issued_at) AND (x.lifted_at IS NULL OR l.started_on < x.lifted_at::date)
					 ORDER BY coalesce(x.effective_at, x.issued_at), x.order_id LIMIT 1) AS o ON true
	 WHERE l.started_on <= $1 AND l.started_on >= $2::date
$$, '责令暂停新发标的之后仍发新标。', 'A new loan after the order to suspend new loans.');

SELECT risk_screen._ship_rule('C28', 'orange', '{P2P}', '{}', '{filing,institution.lines}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, CASE WHEN NOT k.undated THEN 1 END AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('status', i.status, 'missing', CASE WHEN k.undated THEN 'day the registration was received' END)) AS evidence
	  FROM institution AS i
	 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM filing AS f WHERE f.inst_id = i.inst_id AND f.kind = 'p2p_registration' AND f.received_at IS NULL AND coalesce(f.status, 'accepted') = 'accepted') AS undated) AS k
	 WHERE 'P2P' = ANY (i.lines) AND coalesce(i.status, 'active') = 'active'
	   AND NOT EXISTS (SELECT FROM filing AS f WHERE f.inst_id = i.inst_id AND f.kind = 'p2p_registration' AND f.received_at < $3 AND coalesce(f.status, 'accepted') = 'accepted')
$$, '从事网络借贷信息中介业务而未备案登记。', 'Peer-to-peer lending without registration.');

SELECT risk_screen._ship_rule('C31', 'yellow', '{P2P}', '{}', '{loan,institution.lines,institution.status}', '{}', $$
	WITH open AS (
		SELECT i.inst_id, i.status, l.loan_id, nullif(l.currency, 'CNY') AS currency, coalesce(l.owed_in_currency, l.in_currency) AS owed,
			   -- a loan past its maturity of which neither state nor balance is filed may be repaid
			   l.owed_in_currency IS NULL AND l.status IS NULL AND l.matures_on <= $1 AS open_question
		  FROM institution AS i JOIN loan_in_yuan AS l USING (inst_id)
		 WHERE 'P2P' = ANY (i.lines) AND i.status IN ('exited', 'revoked', 'closed') AND l.started_on <= $1
		   AND coalesce(l.status, 'current') NOT IN ('repaid', 'failed') AND coalesce(l.owed_in_currency, l.in_currency) > 0)
	-- one finding a currency: amounts of several have no sum
	SELECT 'institution' AS subject_kind, inst_id || coalesce(' ' || currency, '') AS subject_id, inst_id, sum(owed) FILTER (WHERE NOT coalesce(open_question, false)) AS observed, 0 AS threshold,
		   CASE WHEN currency IS NULL THEN sum(owed) FILTER (WHERE NOT coalesce(open_question, false)) END AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('status', status, 'currency', currency, 'loans', count(*) FILTER (WHERE NOT coalesce(open_question, false)), 'not_told', nullif(count(*) FILTER (WHERE open_question), 0),
				'missing', CASE WHEN bool_and(coalesce(open_question, false)) THEN 'state or outstanding balance of matured loans' END)) AS evidence
	  FROM open GROUP BY inst_id, status, currency
$$, '已退出但仍有未偿还标的，仍属整治范围。', 'The platform has left but loans are outstanding.');

SELECT risk_screen._ship_rule('C06', 'orange', '{P2P}', '{}', '{product,text_item,institution.lines,text_item.inst_id?}', '{}', $$
	SELECT 'product' AS subject_kind, p.product_id AS subject_id, p.inst_id, 1 AS observed, 0 AS threshold, p.target_amount AS amount, p.issued_on::timestamptz AS occurred_at,
		   jsonb_build_object('product', p.name, 'guaranteed', true) AS evidence
	  FROM product AS p JOIN institution AS i ON i.inst_id = p.inst_id AND 'P2P' = ANY (i.lines)
	 WHERE p.guaranteed AND (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL) GROUP BY p.product_id, p.inst_id, p.target_amount, p.issued_on, p.name
	 UNION ALL
	-- others say of their products whether they are guaranteed, this platform says it of none; where nobody does, nobody's is missing
	SELECT 'institution', p.inst_id, p.inst_id, NULL, 0, sum(p.target_amount), NULL, jsonb_build_object('missing', 'guaranteed', 'products', count(*))
	  FROM product AS p JOIN institution AS i ON i.inst_id = p.inst_id AND 'P2P' = ANY (i.lines)
	 WHERE (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL) AND EXISTS (SELECT FROM product AS x WHERE x.guaranteed IS NOT NULL)
	 GROUP BY p.inst_id HAVING count(p.guaranteed) = 0
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, 0, NULL, NULL, jsonb_build_object('missing', 'guaranteed') WHERE NOT EXISTS (SELECT FROM product AS x WHERE x.guaranteed IS NOT NULL)
	 UNION ALL
	SELECT 'text', x.text_id, x.inst_id, count(*), 0, NULL, x.published_at,
		   jsonb_build_object('channel', x.channel, 'text', left(x.body, 200), 'terms', jsonb_agg(f.term ORDER BY f.started, f.term))
	  FROM text_item AS x JOIN institution AS i ON i.inst_id = x.inst_id AND 'P2P' = ANY (i.lines)
	 CROSS JOIN LATERAL risk_screen.find_terms(x.body, ARRAY['CN-AD', 'CN-ADLAW-25'], $1) AS f
	 WHERE x.published_at >= $2 AND x.published_at < $3 AND coalesce(x.kind, '') NOT IN ('opinion', 'review', 'news')
	 GROUP BY x.text_id, x.inst_id, x.channel, x.body, x.published_at
$$, '产品或宣传向客户承诺保本保息。', 'A product or text promises principal and interest to clients.', NULL, NULL);

SELECT risk_screen._ship_rule('C20', 'orange', '{P2P,EC}', '{}', '{text_item}', '{}', $$
	SELECT 'text' AS subject_kind, x.text_id AS subject_id, x.inst_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, x.published_at AS occurred_at,
		   jsonb_build_object('channel', x.channel, 'text', left(x.body, 200)) AS evidence
	  FROM text_item AS x CROSS JOIN LATERAL risk_screen.find_terms(x.body, ARRAY['CN-PROD'], $1) AS f
	 WHERE f.term = '众筹买房' AND x.published_at >= $2 AND x.published_at < $3 AND coalesce(x.kind, '') NOT IN ('opinion', 'review', 'news')
	 GROUP BY x.text_id, x.inst_id, x.channel, x.body, x.published_at
	 UNION ALL
	SELECT 'product', p.product_id, p.inst_id, count(*), 0, p.target_amount, p.issued_on::timestamptz, jsonb_build_object('product', p.name)
	  FROM product AS p CROSS JOIN LATERAL risk_screen.find_terms(concat_ws(E'\n', p.name, p.text_body), ARRAY['CN-PROD'], $1) AS f
	 WHERE f.term = '众筹买房' AND (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL)
	 GROUP BY p.product_id, p.inst_id, p.name, p.target_amount, p.issued_on
	 UNION ALL
	-- what the loan is for, as filed or described
	SELECT 'loan', l.loan_id, l.inst_id, count(*), 0, l.amount, l.started_on::timestamptz, jsonb_build_object('purpose', l.purpose, 'text', left(l.description, 200))
	  FROM loan_in_yuan AS l CROSS JOIN LATERAL risk_screen.find_terms(concat_ws(E'\n', l.purpose, l.description), ARRAY['CN-PROD'], $1) AS f
	 WHERE f.term = '众筹买房' AND l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)
	 GROUP BY l.loan_id, l.inst_id, l.amount, l.started_on, l.purpose, l.description
$$, '产品、标的或宣传涉及众筹买房。', 'A product, loan or text is about a crowdfunded purchase of houses.');

-- The four elements of illegal fundraising, weighted: without licence, to the
-- public, with a promised return, from many. An element that cannot be told and
-- that would decide makes the institution `unknown`.
SELECT risk_screen._ship_rule('C03', 'red', '{ALL}',
	'{fundraising_score,fundraising_unlicensed,fundraising_public,fundraising_promise,fundraising_crowd,fundraising_investors}', '{institution,licence}', '{}', $$
	WITH licensed AS (
		SELECT DISTINCT l.inst_id, l.biz FROM licence AS l WHERE l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid'
		 UNION
		SELECT f.inst_id, 'P2P' FROM filing AS f WHERE f.kind = 'p2p_registration' AND f.received_at < $3 AND coalesce(f.status, 'accepted') = 'accepted'),
	offers AS (
		SELECT p.inst_id, count(*) AS n, bool_or(p.offering = 'public') AS to_public, bool_or(p.guaranteed OR p.rate_promised > 0) AS promised,
			   bool_or(p.biz IN ('P2P', 'EC', 'INS', 'FUND', 'TRU', 'PAY', 'AM') AND NOT EXISTS (SELECT FROM licensed AS l WHERE l.inst_id = p.inst_id AND l.biz = p.biz)) AS without
		  FROM product AS p WHERE (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL) GROUP BY p.inst_id),
	read AS (
		SELECT x.inst_id, x.text_id, coalesce(x.is_public, true) AS to_public,
			   risk_screen.has_terms(x.body, 'CN-2016-21', $1) OR risk_screen.has_terms(x.body, 'CN-PROD', $1) AS business,
			   x.advertised_rate > 0 OR risk_screen.has_terms(x.body, 'CN-AD', $1) OR risk_screen.has_terms(x.body, 'CN-ADLAW-25', $1) OR risk_screen.has_terms(x.body, 'AD-CLAIMS', $1) AS promised
		  FROM text_item AS x WHERE x.kind IN ('ad', 'app', 'product_page') AND x.inst_id IS NOT NULL AND x.published_at >= $2 AND x.published_at < $3),
	said AS (
		SELECT inst_id, count(*) AS n, bool_or(to_public) AS to_public, bool_or(promised) AS promised, (array_agg(text_id ORDER BY promised DESC NULLS LAST, text_id))[1:5] AS texts
		  FROM read WHERE business GROUP BY inst_id),
	crowd AS (
		SELECT inst_id, max(n) AS n FROM (
			SELECT p.inst_id, count(DISTINCT h.investor_id) AS n FROM holding AS h JOIN product AS p USING (product_id) WHERE h.as_of <= $1 AND h.as_of >= $2::date AND h.amount > 0 GROUP BY p.inst_id
			 UNION ALL
			SELECT coalesce(c.inst_id, l.inst_id), count(DISTINCT c.lender_id) FROM claim AS c LEFT JOIN loan AS l USING (loan_id) WHERE c.from_on <= $1 AND (c.to_on >= $2::date OR c.to_on IS NULL) GROUP BY coalesce(c.inst_id, l.inst_id)
			 UNION ALL
			SELECT a.owner_id, count(DISTINCT coalesce(t.payer_owner, t.payer)) FROM txn AS t JOIN account AS a ON a.account_id = t.payee
			 WHERE t.purpose IN ('lend', 'purchase', 'deposit') AND t.paid_at >= $2 AND t.paid_at < $3 AND coalesce(a.owner_kind, 'own') NOT IN ('custody', 'reserve') GROUP BY a.owner_id) AS u
		 WHERE inst_id IS NOT NULL GROUP BY inst_id),
	elements AS (
		SELECT i.inst_id, o.n AS products, s.n AS adverts, s.texts, c.n AS investors,
			   coalesce(o.without, false) OR i.is_financial IS NOT TRUE AND NOT EXISTS (SELECT FROM licensed AS l WHERE l.inst_id = i.inst_id) AS unlicensed,
			   coalesce(o.to_public, false) OR coalesce(s.to_public, false) AS to_public, coalesce(o.promised, false) OR coalesce(s.promised, false) AS promised,
			   c.n >= ($5 ->> 'fundraising_investors')::numeric AS many
		  FROM institution AS i LEFT JOIN offers AS o USING (inst_id) LEFT JOIN said AS s USING (inst_id) LEFT JOIN crowd AS c USING (inst_id)
		 WHERE o.n > 0 OR s.n > 0 OR c.n > 0),
	scored AS (
		SELECT e.*, unlicensed::int * ($5 ->> 'fundraising_unlicensed')::numeric + to_public::int * ($5 ->> 'fundraising_public')::numeric
					+ promised::int * ($5 ->> 'fundraising_promise')::numeric + coalesce(many, false)::int * ($5 ->> 'fundraising_crowd')::numeric AS score
		  FROM elements AS e)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id,
		   CASE WHEN many IS NOT NULL OR score >= ($5 ->> 'fundraising_score')::numeric OR score + ($5 ->> 'fundraising_crowd')::numeric < ($5 ->> 'fundraising_score')::numeric THEN score END AS observed,
		   NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('without_licence', unlicensed, 'to_the_public', to_public, 'return_promised', promised, 'investors', investors, 'products', products, 'adverts', adverts, 'texts', texts,
				'missing', CASE WHEN many IS NULL AND score < ($5 ->> 'fundraising_score')::numeric AND score + ($5 ->> 'fundraising_crowd')::numeric >= ($5 ->> 'fundraising_score')::numeric
								THEN 'number of investors' END)) AS evidence
	  FROM scored
$$, '未经许可、向社会公开、承诺回报、面向不特定多数人：四要素得分达到预警线，疑似非法集资。', 'Without licence, to the public, with a promised return, from many: the weighted elements suggest illegal fundraising.');

SELECT risk_screen._ship_rule('C09', 'orange', '{ALL}', '{advertised_gap}', '{text_item,text_item.inst_id,text_item.kind}', '{}', $$
	WITH said AS (
		SELECT x.*, coalesce(x.advertised_rate, (SELECT round(max(a.value) / 100, 6) FROM risk_screen.screen_ad(x.body, NULL, $1) AS a WHERE a.finding = 'yield')) AS rate
		  FROM text_item AS x WHERE x.kind IN ('ad', 'app', 'product_page') AND x.inst_id IS NOT NULL AND x.published_at >= $2 AND x.published_at < $3),
	-- rates filed by the institution; a text about one product or loan is held against that one
	filed AS (
		SELECT p.inst_id, 'product:' || p.product_id AS thing, p.rate_promised AS rate FROM product AS p WHERE p.rate_promised IS NOT NULL
		 UNION ALL SELECT p.inst_id, 'product:' || p.product_id, p.rate_actual FROM product AS p WHERE p.rate_actual IS NOT NULL
		 UNION ALL SELECT l.inst_id, 'loan:' || l.loan_id, l.rate FROM loan AS l WHERE l.rate IS NOT NULL),
	own AS (
		SELECT inst_id, min(rate) AS lowest, max(rate) AS highest FROM filed GROUP BY inst_id),
	thing AS (
		SELECT thing, min(rate) AS lowest, max(rate) AS highest FROM filed GROUP BY thing),
	rated AS (
		SELECT s.text_id, s.rate, coalesce(t.lowest, CASE WHEN s.product_id IS NULL AND s.loan_id IS NULL THEN o.lowest END) AS lowest, coalesce(t.highest, CASE WHEN s.product_id IS NULL AND s.loan_id IS NULL THEN o.highest END) AS highest,
			   t.thing IS NOT NULL AS exact
		  FROM said AS s LEFT JOIN thing AS t ON t.thing = coalesce('product:' || s.product_id, 'loan:' || s.loan_id) LEFT JOIN own AS o ON o.inst_id = s.inst_id
		 WHERE s.rate IS NOT NULL),
	banks AS (
		SELECT DISTINCT bank_id, name FROM eligible_bank WHERE name IS NOT NULL),
	custody AS (
		SELECT s.text_id, s.inst_id, s.published_at, coalesce(s.custody_bank, b.bank_id) AS bank
		  FROM said AS s LEFT JOIN banks AS b ON s.custody_bank IS NULL AND strpos(s.body, '存管') > 0 AND strpos(s.body, b.name) > 0
		 WHERE s.custody_bank IS NOT NULL OR b.bank_id IS NOT NULL),
	kept AS (
		SELECT DISTINCT a.inst_id, a.bank_id, a.opened_on, a.closed_on FROM account AS a WHERE a.owner_kind = 'custody'),
	faults AS (
		SELECT text_id, 'rate' AS fault, jsonb_build_object('advertised', rate, 'filed_lowest', lowest, 'filed_highest', highest) AS why, false AS missing
		  FROM rated WHERE rate > highest + ($5 ->> 'advertised_gap')::numeric OR exact AND rate < lowest - ($5 ->> 'advertised_gap')::numeric
		 UNION ALL
		SELECT r.text_id, 'rate', jsonb_build_object('advertised', r.rate, 'missing', 'filed rate of the product or loan'), true
		  FROM rated AS r JOIN said AS s USING (text_id) WHERE r.highest IS NULL AND (s.product_id IS NOT NULL OR s.loan_id IS NOT NULL)
		 UNION ALL
		SELECT c.text_id, 'custody', jsonb_strip_nulls(jsonb_build_object('claimed_bank', c.bank, 'missing', CASE WHEN NOT EXISTS (SELECT FROM account AS a WHERE a.inst_id = c.inst_id) THEN 'accounts of the institution' END)),
			   NOT EXISTS (SELECT FROM account AS a WHERE a.inst_id = c.inst_id)
		  FROM custody AS c
		 WHERE NOT EXISTS (SELECT FROM kept AS k LEFT JOIN banks AS b ON b.bank_id = k.bank_id
							WHERE k.inst_id = c.inst_id AND c.bank IN (k.bank_id, b.name) AND coalesce(k.opened_on <= c.published_at::date, true) AND (k.closed_on > c.published_at::date OR k.closed_on IS NULL)))
	SELECT 'text' AS subject_kind, s.text_id AS subject_id, s.inst_id, CASE WHEN bool_or(NOT f.missing) THEN count(*) FILTER (WHERE NOT f.missing) END AS observed, 0 AS threshold, NULL::numeric AS amount, s.published_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('channel', s.channel, 'text', left(s.body, 200), 'product_id', s.product_id, 'loan_id', s.loan_id,
				'contradicts', jsonb_object_agg(f.fault, f.why), 'terms', risk_screen.term_list(s.body, 'AD-CLAIMS', $1) || risk_screen.term_list(s.body, 'CN-AD', $1) || risk_screen.term_list(s.body, 'CN-ADLAW-25', $1),
				'missing', CASE WHEN bool_and(f.missing) THEN string_agg(f.why ->> 'missing', '; ' ORDER BY f.fault) END)) AS evidence
	  FROM said AS s JOIN faults AS f USING (text_id)
	 GROUP BY s.text_id, s.inst_id, s.channel, s.body, s.published_at, s.product_id, s.loan_id
$$, '宣传内容与报送数据矛盾：宣传利率与登记利率不符，或声称的存管银行并无存管账户。', 'The advertisement contradicts the filings: another rate, or a custody bank without a custody account.');

SELECT risk_screen._ship_rule('C11', 'orange', '{P2P}', '{prospect_excess}', '{product,loan,institution.lines,product.rate_promised?,product.project_return?}', '{}', $$
	WITH offers AS (
		SELECT p.* FROM product AS p JOIN institution AS i ON i.inst_id = p.inst_id AND 'P2P' = ANY (i.lines)
		 WHERE (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL)),
	told AS (
		SELECT 'loan' AS kind, l.loan_id AS id, l.inst_id, l.amount, l.started_on::timestamptz AS at, l.description AS body FROM loan_in_yuan AS l JOIN institution AS i ON i.inst_id = l.inst_id AND 'P2P' = ANY (i.lines)
		 WHERE l.description IS NOT NULL AND l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)
		 UNION ALL SELECT 'product', o.product_id, o.inst_id, o.target_amount, o.issued_on::timestamptz, o.text_body FROM offers AS o WHERE o.text_body IS NOT NULL
		 UNION ALL SELECT 'text', x.text_id, x.inst_id, NULL, x.published_at, x.body FROM text_item AS x JOIN institution AS i ON i.inst_id = x.inst_id AND 'P2P' = ANY (i.lines)
		 WHERE (x.loan_id IS NOT NULL OR x.product_id IS NOT NULL) AND coalesce(x.kind, '') NOT IN ('opinion', 'review', 'news') AND x.published_at >= $2 AND x.published_at < $3)
	SELECT 'product' AS subject_kind, o.product_id AS subject_id, o.inst_id, o.rate_promised - o.project_return AS observed, NULL::numeric AS threshold, o.target_amount AS amount, o.issued_on::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('promised', o.rate_promised, 'project_return', o.project_return, 'missing', CASE WHEN o.project_return IS NULL THEN 'project_return' END)) AS evidence
	  FROM offers AS o
	 -- where nobody files project returns, none of them is missing
	 WHERE o.rate_promised IS NOT NULL AND (o.project_return IS NOT NULL OR EXISTS (SELECT FROM product AS x WHERE x.project_return IS NOT NULL))
	 UNION ALL
	SELECT t.kind, t.id, t.inst_id, count(*), 0, t.amount, t.at, jsonb_build_object('text', left(t.body, 200), 'terms', jsonb_agg(DISTINCT f.term))
	  FROM told AS t CROSS JOIN LATERAL risk_screen.find_terms(t.body, ARRAY['CN-AD', 'CN-ADLAW-25', 'AD-CLAIMS'], $1) AS f
	 GROUP BY t.kind, t.id, t.inst_id, t.amount, t.at, t.body
$$, '虚构、夸大融资项目收益前景：承诺收益远高于项目回报，或标的说明含夸大用语。', 'Prospects invented or exaggerated: the promise is far above the project''s return, or the description says so.');

-- Filed purpose first; then the lenders' money itself, attributed (fifo) to
-- accounts that are securities accounts or stand on a list of them.
SELECT risk_screen._ship_rule('C13', 'orange', '{P2P,EC}', '{securities_share}', '{loan,txn,account,institution.lines,loan.purpose?,txn.inst_id?,txn.purpose?}', '{}', $$
	WITH platforms AS (
		SELECT i.inst_id FROM institution AS i
		 WHERE i.lines && ARRAY['P2P', 'EC'] AND NOT EXISTS (SELECT FROM licence AS x WHERE x.inst_id = i.inst_id AND x.biz = 'securities_financing' AND x.valid_from <= $1 AND (x.valid_to > $1 OR x.valid_to IS NULL) AND coalesce(x.status, 'valid') = 'valid')),
	securities AS MATERIALIZED (
		SELECT a.account_id, min(a.owner_id) AS owner_id FROM account AS a LEFT JOIN party AS p ON p.party_id = a.owner_id WHERE a.account_kind = 'securities' OR p.industry = 'securities' GROUP BY a.account_id
		 UNION
		SELECT s.account_id, NULL FROM listed_account AS s WHERE s.kind = 'securities' AND coalesce(s.valid_from <= $1, true) AND (s.valid_to > $1 OR s.valid_to IS NULL)
		   AND NOT EXISTS (SELECT FROM account AS a WHERE a.account_id = s.account_id AND a.account_kind = 'securities')),
	moved AS (
		SELECT m.inst_id, sum(m.traced) AS amount, min(m.paid_at) AS first_at, count(*) AS n,
			   (jsonb_agg(jsonb_build_object('txn_id', m.txn_id, 'from', m.account, 'to', m.counterparty, 'amount', m.amount, 'traced', m.traced) ORDER BY m.traced DESC, m.txn_id)) AS arrivals
		  FROM (SELECT array_agg(inst_id ORDER BY inst_id) AS ids FROM platforms WHERE EXISTS (SELECT FROM securities) HAVING count(*) > 0) AS p
		 CROSS JOIN LATERAL risk_screen.desk_money($2, $3, p.ids) AS m
		  JOIN securities AS s ON s.account_id = m.counterparty
		 WHERE m.kind = 'moved' GROUP BY m.inst_id)
	SELECT 'loan' AS subject_kind, l.loan_id AS subject_id, l.inst_id, l.in_currency AS observed, NULL::numeric AS threshold, l.amount, l.started_on::timestamptz AS occurred_at,
		   jsonb_build_object('purpose', l.purpose, 'borrower', l.borrower_id) || jsonb_strip_nulls(jsonb_build_object('currency', nullif(l.currency, 'CNY'))) AS evidence
	  FROM loan_in_yuan AS l JOIN platforms USING (inst_id)
	 WHERE l.purpose IN ('securities', '配资', '证券') AND l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL)
	 UNION ALL
	SELECT 'institution', m.inst_id, m.inst_id, m.amount, NULL, m.amount, m.first_at,
		   jsonb_build_object('transfers', m.n, 'attribution', 'fifo', 'arrivals', (SELECT jsonb_agg(v ORDER BY no) FROM jsonb_array_elements(m.arrivals) WITH ORDINALITY AS e (v, no) WHERE no <= 20))
	  FROM moved AS m
	 UNION ALL
	-- where nobody tells a securities account from another, no money is known to have kept away from them
	SELECT 'desk', 'desk', NULL, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'kind of accounts (account.account_kind, party.industry, listed_account)')
	 WHERE NOT EXISTS (SELECT FROM securities) AND NOT EXISTS (SELECT FROM account AS a WHERE a.account_kind IS NOT NULL) AND NOT EXISTS (SELECT FROM party AS p WHERE p.industry IS NOT NULL)
$$, '借款用于证券配资，或出借人资金流入证券账户。', 'Loans for securities, or lenders'' money that reached securities accounts.');

-- A class, not a fault: what a person confirms is which rule set applies.
SELECT risk_screen._ship_rule('C32', NULL, '{}', '{}', '{institution,equity}', '{}', $$
	WITH lenders AS (
		SELECT i.inst_id, i.name, i.platform_type FROM institution AS i
		 WHERE coalesce(i.status, 'active') = 'active' AND (i.platform_type = 'micro_loan' OR i.name ~ '小额贷款|小贷'
			   OR EXISTS (SELECT FROM licence AS l WHERE l.inst_id = i.inst_id AND l.biz = 'micro_loan' AND l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid'))),
	internet AS (
		SELECT i.inst_id AS party_id, i.name, coalesce(i.platform_type, 'website or app') AS why FROM institution AS i
		 WHERE i.platform_type IN ('e_commerce', 'social', 'p2p_platform', 'payment', 'fund_seller', 'exchange') OR i.app_id IS NOT NULL OR i.website IS NOT NULL
		 UNION SELECT p.party_id, p.name, p.industry FROM party AS p WHERE p.industry IN ('internet', 'e_commerce', 'social')),
	held AS (
		SELECT c.controlled, c.controller, c.votes, c.layers
		  FROM (SELECT array_agg(inst_id ORDER BY inst_id) AS ids FROM lenders WHERE inst_id IS NOT NULL HAVING count(*) > 0) AS t
		 CROSS JOIN LATERAL risk_screen.controllers('SELECT owner, owned, share, votes, kind, valid_from, valid_to FROM equity', targets => t.ids, as_of => $1) AS c)
	SELECT 'institution' AS subject_kind, l.inst_id AS subject_id,
		   CASE WHEN count(n.party_id) > 0 THEN count(n.party_id) WHEN EXISTS (SELECT FROM equity AS e WHERE e.owned = l.inst_id AND (e.valid_from <= $1 OR e.valid_from IS NULL) AND (e.valid_to > $1 OR e.valid_to IS NULL) AND (e.kind IS NULL OR e.kind <> ALL ('{control,concert,economic}'))) THEN 0 END AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('lender', l.name, 'class', CASE WHEN count(n.party_id) > 0 THEN 'online micro-loans (网络小额贷款)' ELSE 'micro-loans' END,
				'internet_controllers', jsonb_agg(DISTINCT jsonb_build_object('party_id', n.party_id, 'name', n.name, 'as', n.why, 'votes', round(h.votes::numeric, 6), 'layers', h.layers)) FILTER (WHERE n.party_id IS NOT NULL),
				'missing', CASE WHEN NOT EXISTS (SELECT FROM equity AS e WHERE e.owned = l.inst_id AND (e.valid_from <= $1 OR e.valid_from IS NULL) AND (e.valid_to > $1 OR e.valid_to IS NULL) AND (e.kind IS NULL OR e.kind <> ALL ('{control,concert,economic}'))) THEN 'shareholders' END)) AS evidence
	  FROM lenders AS l LEFT JOIN held AS h ON h.controlled = l.inst_id LEFT JOIN internet AS n ON n.party_id = h.controller
	 GROUP BY l.inst_id, l.name
$$, '由互联网企业控制的小额贷款公司，适用网络小额贷款规则。', 'A micro-loan company controlled by an internet firm: the rules of online micro-loans apply.', NULL, NULL, '{}', 1, 'indicator');
