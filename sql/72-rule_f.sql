-- Rules of section F that look through products, money and related parties. F01,
-- F15 and others that need one look at a register: 72-rule_other.sql.

-- What moves on: per institution the sources of the money it took in, and where
-- the money it paid out sits now.
SELECT risk_screen._ship_rule('F03', NULL, '{ALL}', '{}', '{txn,account}', '{}', $$
	WITH kept AS (
		SELECT account_id, min(owner_id) AS owner_id, min(inst_id) AS inst_id, bool_or(owner_kind IN ('custody', 'reserve', 'client')) AS client FROM account GROUP BY account_id),
	came AS (
		SELECT coalesce(t.inst_id, k.inst_id) AS inst_id, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount, coalesce(t.payer_owner, f.owner_id) AS source
		  FROM txn AS t JOIN kept AS k ON k.account_id = t.payee LEFT JOIN kept AS f ON f.account_id = t.payer
		 WHERE t.purpose IN ('lend', 'purchase', 'deposit') AND t.paid_at >= $2 AND t.paid_at < $3 AND t.amount > 0),
	sources AS (
		SELECT inst_id, sum(amount) AS amount, coalesce(sum(amount) FILTER (WHERE source IS NULL), 0) AS unknown, count(DISTINCT source) FILTER (WHERE amount IS NOT NULL) AS n, nullif(count(*) - count(amount), 0) AS other
		  FROM came WHERE inst_id IS NOT NULL GROUP BY inst_id),
	payers AS (
		SELECT t.inst_id, count(*) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY') AS n, nullif(count(*) FILTER (WHERE t.currency <> 'CNY'), 0) AS other FROM txn AS t
		 WHERE t.purpose = 'disburse' AND t.paid_at >= $2 AND t.paid_at < $3 AND t.amount > 0 AND t.inst_id IS NOT NULL GROUP BY t.inst_id),
	money AS MATERIALIZED (
		SELECT m.inst_id, m.kind, m.account, sum(m.traced) AS amount, count(*) AS n
		  FROM (SELECT array_agg(inst_id ORDER BY inst_id) AS ids FROM payers WHERE n > 0 HAVING count(*) > 0) AS p CROSS JOIN LATERAL risk_screen.desk_money($2, $3, p.ids) AS m GROUP BY m.inst_id, m.kind, m.account),
	ends AS (
		SELECT m.inst_id, m.account, m.kind, m.amount, k.owner_id, row_number() OVER (PARTITION BY m.inst_id ORDER BY m.amount DESC, m.account, m.kind) AS place
		  FROM money AS m LEFT JOIN kept AS k ON k.account_id = m.account WHERE m.kind IN ('held', 'exited', 'cut')),
	uses AS (
		SELECT inst_id, sum(amount) AS amount, coalesce(sum(amount) FILTER (WHERE owner_id IS NULL OR kind = 'cut'), 0) AS unknown,
			   jsonb_agg(jsonb_build_object('account', account, 'owner', owner_id, 'how', kind, 'amount', amount) ORDER BY place) FILTER (WHERE place <= 10) AS largest
		  FROM ends GROUP BY inst_id),
	middle AS (
		SELECT inst_id, sum(n) AS transfers, count(DISTINCT account) AS accounts FROM money WHERE kind = 'moved' GROUP BY inst_id)
	SELECT 'institution' AS subject_kind, inst_id AS subject_id, round(greatest(s.unknown / s.amount, u.unknown / nullif(u.amount, 0)), 6) AS observed, NULL::numeric AS threshold,
		   greatest(s.unknown, u.unknown) AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object(
				'source', CASE WHEN s.amount IS NOT NULL THEN jsonb_build_object('amount', s.amount, 'unknown', s.unknown, 'payers', s.n) END,
				'middle', CASE WHEN m.inst_id IS NOT NULL THEN jsonb_build_object('transfers', m.transfers, 'accounts', m.accounts) END,
				'use', CASE WHEN u.amount IS NOT NULL THEN jsonb_build_object('amount', u.amount, 'unknown', u.unknown, 'attribution', 'fifo', 'largest', u.largest) END,
				'other_currencies', CASE WHEN s.other > 0 OR o.other > 0 THEN coalesce(s.other, 0) + coalesce(o.other, 0) END, 'missing', CASE WHEN s.amount IS NULL AND u.amount IS NULL THEN 'transfers in yuan' END)) AS evidence
	  FROM sources AS s FULL JOIN uses AS u USING (inst_id) FULL JOIN (SELECT x.inst_id, x.other FROM payers AS x WHERE x.other > 0) AS o USING (inst_id) LEFT JOIN middle AS m USING (inst_id)
$$, '资金来源—中间环节—最终投向全链条穿透：来源或去向不明的最大比例，明细见证据。', 'Source, middle and final use of the money: the larger unknown share; the chain in the evidence.', NULL, NULL, '{}', 1, 'indicator');

SELECT risk_screen._ship_rule('F04', 'red', '{AM}', '{private_end_investors}', '{product,institution.lines?,product.offering,investor.kind?}', '{}', $$
	WITH offers AS (
		SELECT p.product_id, min(p.inst_id) AS inst_id, min(p.offering) AS offering, min(p.issued_on) AS issued_on, max(p.target_amount) AS target_amount,
			   bool_or(p.biz = 'AM' OR 'AM' = ANY (i.lines)) AS managed,
			   bool_and((p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL)) AS current
		  FROM product AS p LEFT JOIN institution AS i USING (inst_id) GROUP BY p.product_id),
	parts AS MATERIALIZED (
		SELECT d.product_id, d.part_id, min(d.layers) AS layers FROM risk_screen.desk_product_parts($1) AS d WHERE d.part_id <> d.product_id GROUP BY d.product_id, d.part_id),
	sold AS (
		SELECT o.product_id, o.inst_id, o.issued_on, o.target_amount, count(*) FILTER (WHERE u.offering = 'private') AS private, count(*) FILTER (WHERE u.offering IS NULL) AS unsaid,
			   jsonb_agg(jsonb_build_object('product_id', p.part_id, 'layers', p.layers) ORDER BY p.layers, p.part_id) FILTER (WHERE u.offering = 'private') AS below
		  FROM offers AS o JOIN parts AS p USING (product_id) LEFT JOIN offers AS u ON u.product_id = p.part_id
		 WHERE o.offering = 'public' AND o.managed AND o.current GROUP BY o.product_id, o.inst_id, o.issued_on, o.target_amount)
	SELECT 'product' AS subject_kind, product_id AS subject_id, inst_id, CASE WHEN private > 0 OR unsaid = 0 THEN private END AS observed, 0 AS threshold, target_amount AS amount, issued_on::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('sold_to', 'public', 'private_products_below', below, 'missing', CASE WHEN private = 0 AND unsaid > 0 THEN 'offering of ' || unsaid || ' products below' END)) AS evidence,
		   'product:' || product_id || ':public' AS finding_key
	  FROM sold
	 UNION ALL
	SELECT 'product', o.product_id, o.inst_id, CASE WHEN c.investors - c.unknown > ($5 ->> 'private_end_investors')::numeric OR c.unknown = 0 THEN c.investors - c.unknown END, NULL, o.target_amount, o.issued_on::timestamptz,
		   jsonb_strip_nulls(jsonb_build_object('sold_to', 'many', 'investors', c.investors - c.unknown, 'products_between', c.vehicles, 'route', to_jsonb(c.route),
				'missing', CASE WHEN c.investors - c.unknown <= ($5 ->> 'private_end_investors')::numeric AND c.unknown > 0 THEN 'investors of ' || c.unknown || ' products or partnerships' END)),
		   'product:' || o.product_id || ':many'
	  FROM offers AS o JOIN risk_screen.desk_investor_counts($1) AS c ON c.subject_kind = 'product' AND c.subject_id = o.product_id AND c.vehicles > 0
	 WHERE o.offering = 'private' AND o.managed AND o.current
$$, '私募产品经打包、拆分后面向公众销售，或经下层产品穿透后最终投资者超过上限。', 'A private product reaches the public through products made from it, or has more end investors through them than allowed.');

SELECT risk_screen._ship_rule('F05', 'yellow', '{AM}', '{products_from_one,bundled_products,ticket_drop}', '{product,institution.lines?,product.parent_product?,party.kind?}', '{}', $$
	WITH offers AS (
		SELECT p.product_id, min(p.inst_id) AS inst_id, min(p.min_ticket) AS ticket, max(p.issued_on) AS issued_on, max(p.target_amount) AS target_amount, bool_or(p.biz = 'AM' OR 'AM' = ANY (i.lines)) AS managed,
			   bool_and(p.kind IN ('money_fund', 'public_fund')) AS public_fund
		  FROM product AS p LEFT JOIN institution AS i USING (inst_id)
		 WHERE (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL) GROUP BY p.product_id),
	filed AS (
		SELECT EXISTS (SELECT FROM offers WHERE ticket IS NOT NULL) AS tickets),
	link AS MATERIALIZED (
		SELECT DISTINCT d.product_id, d.part_id FROM risk_screen.desk_product_parts($1) AS d WHERE d.layers = 1 AND d.part_id <> d.product_id),
	-- public funds are bought by everybody: no splitting
	split AS (
		SELECT l.part_id AS product_id, count(*) AS n, jsonb_agg(l.product_id ORDER BY l.product_id) AS products
		  FROM link AS l JOIN offers AS o USING (product_id) JOIN offers AS u ON u.product_id = l.part_id AND u.public_fund IS NOT TRUE GROUP BY l.part_id),
	bundle AS (
		SELECT l.product_id, count(*) AS n, jsonb_agg(l.part_id ORDER BY l.part_id) AS products
		  FROM link AS l LEFT JOIN offers AS u ON u.product_id = l.part_id WHERE u.public_fund IS NOT TRUE GROUP BY l.product_id),
	ticket AS (
		SELECT l.product_id, l.part_id, u.ticket AS before, o.ticket AS after
		  FROM link AS l JOIN offers AS o USING (product_id) JOIN offers AS u ON u.product_id = l.part_id AND u.public_fund IS NOT TRUE),
	dropped AS (
		SELECT DISTINCT ON (product_id) product_id, part_id, before, after, CASE WHEN before > 0 AND after IS NOT NULL THEN greatest(0, 1 - after / before) END AS fall
		  FROM ticket ORDER BY product_id, CASE WHEN before > 0 THEN after / before END NULLS LAST, part_id)
	SELECT 'product' AS subject_kind, o.product_id AS subject_id, o.inst_id, s.n AS observed, NULL::numeric AS threshold, o.target_amount AS amount, o.issued_on::timestamptz AS occurred_at,
		   jsonb_build_object('form', 'split', 'products_made_from_it', s.products) AS evidence, 'product:' || o.product_id || ':split' AS finding_key
	  FROM split AS s JOIN offers AS o USING (product_id) WHERE o.managed
	 UNION ALL
	SELECT 'product', o.product_id, o.inst_id, b.n, ($5 ->> 'bundled_products')::numeric, o.target_amount, o.issued_on::timestamptz, jsonb_build_object('form', 'bundle', 'products_in_it', b.products), 'product:' || o.product_id || ':bundle'
	  FROM bundle AS b JOIN offers AS o USING (product_id) WHERE o.managed
	 UNION ALL
	SELECT 'product', o.product_id, o.inst_id, round(d.fall, 6), ($5 ->> 'ticket_drop')::numeric, o.target_amount, o.issued_on::timestamptz,
		   jsonb_strip_nulls(jsonb_build_object('form', 'smaller tickets', 'made_from', d.part_id, 'ticket_before', d.before, 'ticket_after', d.after, 'missing', CASE WHEN d.fall IS NULL THEN 'smallest ticket' END)), 'product:' || o.product_id || ':ticket'
	  -- where nobody files tickets, none of them is missing
	  FROM dropped AS d JOIN offers AS o USING (product_id) CROSS JOIN filed AS f WHERE o.managed AND f.tickets
$$, '一个产品被拆分为多个产品、多个产品被打包为一个，或起投金额大幅降低。', 'One product is split into many, many are bundled into one, or the smallest ticket falls sharply.', NULL, NULL, '{}', 1, 'indicator');

SELECT risk_screen._ship_rule('F06', 'orange', '{AM}', '{product_layers}', '{product,institution.lines?,investor.kind?,product_investment.target_kind?}', '{}', $$
	WITH offers AS (
		SELECT p.product_id, min(p.inst_id) AS inst_id, max(p.issued_on) AS issued_on, max(p.target_amount) AS target_amount
		  FROM product AS p LEFT JOIN institution AS i USING (inst_id)
		 WHERE (p.biz = 'AM' OR 'AM' = ANY (i.lines)) AND (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL) GROUP BY p.product_id),
	nested AS MATERIALIZED (
		SELECT * FROM risk_screen.desk_nested_products($1)),
	-- what a product below is made of is not known if nobody filed it
	strange AS (
		SELECT d.product_id, min(d.part_id) AS part_id FROM risk_screen.desk_product_parts($1) AS d
		 WHERE NOT EXISTS (SELECT FROM product AS x WHERE x.product_id = d.part_id) GROUP BY d.product_id)
	SELECT 'product' AS subject_kind, o.product_id AS subject_id, o.inst_id,
		   CASE WHEN n.endless THEN greatest(n.path_length - 1, 2) WHEN n.violations > 0 THEN greatest(n.layers, 2)
				WHEN s.part_id IS NULL OR n.layers > ($5 ->> 'product_layers')::numeric THEN n.layers END AS observed, NULL::numeric AS threshold, o.target_amount AS amount, o.issued_on::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('path', to_jsonb(n.path), 'path_length', CASE WHEN n.truncated THEN n.path_length END, 'violation', to_jsonb(n.violation), 'violations', n.violations, 'ring', CASE WHEN n.endless THEN true END,
				'missing', CASE WHEN s.part_id IS NOT NULL AND NOT n.endless AND n.violations = 0 THEN 'product ' || s.part_id END)) AS evidence,
		   'product:' || o.product_id AS finding_key
	  FROM nested AS n JOIN offers AS o USING (product_id) LEFT JOIN strange AS s USING (product_id)
	 WHERE n.layers > 0 OR n.endless OR n.violations > 0 OR s.part_id IS NOT NULL
$$, '资产管理产品多层嵌套：投资于其他产品的产品，其所投产品又投资于公募基金以外的产品。', 'Products nested more than one layer deep: a product holds one that itself holds products other than public funds.');

-- Both directions, weighted by the money: up to investors in a register, down
-- to things that are no products. What ends nowhere is unknown. A partnership
-- that pools the money of others is no end, registered or not: its partners are.
SELECT risk_screen._ship_rule('F07', 'yellow', '{AM}', '{unknown_origin}', '{product,holding}', '{}', $$
	WITH asked AS MATERIALIZED (
		SELECT p.product_id, min(p.inst_id) AS inst_id, max(p.issued_on) AS issued_on
		  FROM product AS p LEFT JOIN institution AS i USING (inst_id)
		 WHERE (p.biz = 'AM' OR 'AM' = ANY (i.lines)) AND (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL) GROUP BY p.product_id),
	latest AS (
		SELECT h.product_id, h.investor_id, sum(h.amount) AS amount FROM holding AS h
		  JOIN (SELECT product_id, max(as_of) AS as_of FROM holding WHERE as_of <= $1 GROUP BY product_id) AS l ON l.product_id = h.product_id AND l.as_of = h.as_of
		 WHERE h.amount > 0 GROUP BY h.product_id, h.investor_id),
	size AS (
		SELECT product_id, sum(amount) AS amount FROM latest GROUP BY product_id),
	text AS (
		SELECT format($q$SELECT h.investor_id AS owner, h.product_id AS owned, round(sum(h.amount) / s.amount, 12) AS share FROM holding AS h
				 JOIN (SELECT x.product_id, x.as_of, sum(x.amount) AS amount FROM holding AS x
						JOIN (SELECT y.product_id, max(y.as_of) AS as_of FROM holding AS y WHERE y.as_of <= %1$L GROUP BY y.product_id) AS z ON z.product_id = x.product_id AND z.as_of = x.as_of
						WHERE x.amount > 0 GROUP BY x.product_id, x.as_of) AS s
				   ON s.product_id = h.product_id AND s.as_of = h.as_of
				WHERE h.amount > 0 GROUP BY h.investor_id, h.product_id, s.amount
				UNION ALL SELECT e.owner, e.owned, e.share FROM equity AS e JOIN risk_screen._desk_pooling(%1$L) AS v ON v.party_id = e.owned
				WHERE (e.kind IS NULL OR e.kind <> ALL ('{control,concert,economic}')) AND (e.valid_from <= %1$L OR e.valid_from IS NULL) AND (e.valid_to > %1$L OR e.valid_to IS NULL)$q$, $1) AS held,
			   format($q$SELECT v.product_id AS owner, v.target_id AS owned, CASE WHEN s.amount > 0 THEN round(sum(v.amount) / s.amount, 12) END AS share FROM product_investment AS v
				 LEFT JOIN (SELECT x.product_id, sum(x.amount) AS amount FROM holding AS x
						JOIN (SELECT y.product_id, max(y.as_of) AS as_of FROM holding AS y WHERE y.as_of <= %1$L GROUP BY y.product_id) AS z ON z.product_id = x.product_id AND z.as_of = x.as_of
						WHERE x.amount > 0 GROUP BY x.product_id) AS s USING (product_id)
				WHERE v.amount IS NOT NULL AND (v.valid_from <= %1$L OR v.valid_from IS NULL) AND (v.valid_to > %1$L OR v.valid_to IS NULL) GROUP BY v.product_id, v.target_id, s.amount
				UNION ALL SELECT DISTINCT p.product_id, coalesce(p.parent_product, 'underlying:' || p.underlying_id), 1 FROM product AS p
				WHERE (p.parent_product IS NOT NULL OR p.underlying_id IS NOT NULL)
				  AND NOT EXISTS (SELECT FROM product_investment AS v WHERE v.product_id = p.product_id AND v.amount IS NOT NULL AND (v.valid_from <= %1$L OR v.valid_from IS NULL) AND (v.valid_to > %1$L OR v.valid_to IS NULL))$q$, $1) AS made,
			   (SELECT array_agg(a.product_id ORDER BY a.product_id) FROM asked AS a JOIN size AS s USING (product_id)) AS ids),
	kinds AS (
		SELECT product_id, bool_and(kind IN ('money_fund', 'public_fund')) AS public_fund FROM product GROUP BY product_id),
	vehicles AS MATERIALIZED (
		SELECT v.party_id FROM risk_screen._desk_pooling($1) AS v),
	-- who is filed as a partner is in a register, too
	registered AS (
		SELECT investor_id AS party_id FROM investor UNION SELECT party_id FROM party UNION SELECT inst_id FROM institution UNION SELECT person_id FROM person
		 UNION SELECT e.owner FROM equity AS e JOIN vehicles AS v ON v.party_id = e.owned),
	sources AS (
		SELECT l.target AS product_id, sum(l.total) FILTER (WHERE l.party IS NULL OR k.product_id IS NOT NULL OR r.party_id IS NULL OR v.party_id IS NOT NULL) AS unknown, bool_or(l.total IS NULL) AS numberless,
			   count(l.party) FILTER (WHERE k.product_id IS NULL AND v.party_id IS NULL) AS investors, max(l.layers) AS layers,
			   (array_agg(l.party ORDER BY l.total DESC NULLS LAST, l.party) FILTER (WHERE v.party_id IS NOT NULL))[1:5] AS nobody_behind
		  FROM text AS t CROSS JOIN LATERAL risk_screen.look_through(t.held, targets => t.ids, bad_rows => 'skip') AS l
		  LEFT JOIN kinds AS k ON k.product_id = l.party LEFT JOIN registered AS r ON r.party_id = l.party LEFT JOIN vehicles AS v ON v.party_id = l.party
		 WHERE l.ultimate AND t.ids IS NOT NULL GROUP BY l.target),
	uses AS (
		SELECT l.target AS product_id, sum(l.total) FILTER (WHERE l.party IS NULL OR k.product_id IS NOT NULL AND k.public_fund IS NOT TRUE) AS unknown, bool_or(l.total IS NULL) AS numberless,
			   count(l.party) FILTER (WHERE k.product_id IS NULL OR k.public_fund) AS assets, max(l.layers) AS layers, bool_or(l.party IS NULL AND 'NO_HOLDERS' = ANY (l.flags)) AS nothing,
			   (array_agg(l.party ORDER BY l.total DESC NULLS LAST, l.party) FILTER (WHERE l.party IS NOT NULL))[1:5] AS largest
		  FROM text AS t CROSS JOIN LATERAL risk_screen.look_through(t.made, targets => t.ids, direction => 'assets') AS l
		  LEFT JOIN kinds AS k ON k.product_id = l.party
		 WHERE l.ultimate AND t.ids IS NOT NULL GROUP BY l.target),
	both_ways AS (
		SELECT a.*, z.amount, s.investors, s.layers AS layers_above, s.nobody_behind, u.assets, u.layers AS layers_below, u.largest, u.nothing,
			   CASE WHEN NOT s.numberless THEN greatest(coalesce(s.unknown, 0), 0) END AS source_unknown,
			   CASE WHEN NOT u.nothing AND NOT u.numberless THEN greatest(coalesce(u.unknown, 0), 0) END AS use_unknown
		  FROM asked AS a JOIN size AS z USING (product_id) LEFT JOIN sources AS s USING (product_id) LEFT JOIN uses AS u USING (product_id))
	SELECT 'product' AS subject_kind, product_id AS subject_id, inst_id,
		   CASE WHEN num_nulls(source_unknown, use_unknown) = 0 OR greatest(source_unknown, use_unknown) > ($5 ->> 'unknown_origin')::numeric THEN risk_screen._rounded(greatest(source_unknown, use_unknown), ($5 ->> 'unknown_origin')::numeric) END AS observed,
		   NULL::numeric AS threshold, round(amount * greatest(source_unknown, use_unknown), 2) AS amount, issued_on::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('money', amount, 'source', jsonb_build_object('unknown', round(source_unknown, 6), 'investors', investors, 'partnerships_without_partners', to_jsonb(nobody_behind)), 'middle', jsonb_build_object('layers_above', layers_above, 'layers_below', layers_below),
				'use', jsonb_build_object('unknown', round(use_unknown, 6), 'assets', assets, 'largest', to_jsonb(largest)),
				'missing', CASE WHEN nothing THEN 'what the product invests in' WHEN use_unknown IS NULL OR source_unknown IS NULL THEN 'products that only hold each other' END)) AS evidence,
		   'product:' || product_id AS finding_key
	  FROM both_ways
$$, '产品资金的来源或最终投向不明的占比过高。', 'Too much of a product''s money comes from nobody known or goes to nothing known.');

-- Payments out of the institution's accounts (own and clients'), and what its
-- products invest in, each against all of the same; only in groups with several licences.
SELECT risk_screen._ship_rule('F08', 'orange', '{AM}', '{related_counterparty,group_licences}', '{licence,equity}', '{}', $$
	WITH rel AS MATERIALIZED (SELECT r.inst_id, r.party_id, r.relation, r.via, r.steps FROM risk_screen.desk_related_parties($1) AS r),
	valid AS (
		SELECT DISTINCT l.inst_id, l.biz FROM licence AS l WHERE l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid'),
	subject AS (
		SELECT i.inst_id, array_agg(DISTINCT v.biz ORDER BY v.biz) AS licences,
			   -- of several licences of its own the strictest
			   coalesce(min(risk_screen.parameter_value('related_counterparty', $1, licence => v.biz, known_at => $4)) FILTER (WHERE v.inst_id = i.inst_id),
						($5 ->> 'related_counterparty')::numeric) AS most,
			   EXISTS (SELECT FROM equity AS e WHERE e.owned = i.inst_id AND (e.valid_from <= $1 OR e.valid_from IS NULL) AND (e.valid_to > $1 OR e.valid_to IS NULL) AND (e.kind IS NULL OR e.kind <> ALL ('{control,concert,economic}'))) AS has_owners
		  FROM institution AS i JOIN rel AS r USING (inst_id) JOIN valid AS v ON v.inst_id = r.party_id
		 WHERE 'AM' = ANY (i.lines) GROUP BY i.inst_id HAVING count(DISTINCT v.biz) >= ($5 ->> 'group_licences')::numeric),
	own AS (
		SELECT a.account_id, min(coalesce(a.inst_id, a.owner_id)) AS inst_id, min(a.owner_id) AS owner_id FROM account AS a GROUP BY a.account_id),
	paid AS (
		SELECT o.inst_id, coalesce(t.payee_owner, b.owner_id) AS party_id, sum(t.amount) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY') AS amount, count(*) FILTER (WHERE t.currency <> 'CNY') AS other
		  FROM txn AS t JOIN own AS o ON o.account_id = t.payer JOIN subject AS s ON s.inst_id = o.inst_id LEFT JOIN own AS b ON b.account_id = t.payee
		 WHERE t.paid_at >= $2 AND t.paid_at < $3 AND t.amount > 0 AND coalesce(t.payee_owner, b.owner_id, '') <> o.inst_id GROUP BY 1, 2),
	invested AS (
		SELECT p.inst_id, v.target_id AS party_id, sum(v.amount) AS amount
		  FROM product_investment AS v JOIN (SELECT product_id, min(inst_id) AS inst_id FROM product GROUP BY product_id) AS p USING (product_id) JOIN subject AS s ON s.inst_id = p.inst_id
		 WHERE v.amount > 0 AND (v.valid_from <= $1 OR v.valid_from IS NULL) AND (v.valid_to > $1 OR v.valid_to IS NULL) GROUP BY 1, 2),
	share AS (
		SELECT 'payments' AS form, inst_id, party_id, amount, sum(amount) OVER (PARTITION BY inst_id) AS whole, sum(other) OVER (PARTITION BY inst_id) AS other FROM paid
		 UNION ALL SELECT 'investments', inst_id, party_id, amount, sum(amount) OVER (PARTITION BY inst_id), NULL FROM invested)
	SELECT 'party' AS subject_kind, h.party_id AS subject_id, h.inst_id, risk_screen._rounded(h.amount / h.whole, s.most) AS observed, s.most AS threshold, h.amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('form', h.form, 'all', h.whole, 'relation', r.relation, 'via', r.via, 'steps', r.steps, 'licences', to_jsonb(s.licences)) || CASE WHEN h.other > 0 THEN jsonb_build_object('other_currencies', h.other) ELSE '{}' END AS evidence,
		   h.form || ':' || h.inst_id || ':' || h.party_id AS finding_key
	  FROM share AS h JOIN rel AS r ON r.inst_id = h.inst_id AND r.party_id = h.party_id JOIN subject AS s ON s.inst_id = h.inst_id
	 WHERE r.relation <> 'self' AND h.amount IS NOT NULL
	 UNION ALL
	SELECT 'institution', s.inst_id, s.inst_id, NULL, NULL, NULL, NULL, jsonb_build_object('missing', 'shareholders', 'licences', to_jsonb(s.licences)), 'institution:' || s.inst_id
	  FROM subject AS s WHERE NOT s.has_owners
$$, '同一集团内持有多个业务牌照的机构，向单一关联方的支付或投资占比过高。', 'In a group with several licences, one related party receives too large a share of payments or product investments.');
