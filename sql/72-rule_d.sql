-- Rules of section D that need the closure of related parties or the investors
-- behind products. Those that need one look at a register: 72-rule_other.sql.

-- Two signs: the issuer is a related party of the platform (or the platform),
-- and money paid out to issuers reached related parties, followed as in C04.
SELECT risk_screen._ship_rule('D02', 'red', '{EC}', '{self_raising_share}', '{product,equity}', '{}', $$
	WITH platforms AS (
		SELECT i.inst_id, EXISTS (SELECT FROM equity AS e WHERE e.owned = i.inst_id AND (e.valid_from <= $1 OR e.valid_from IS NULL) AND (e.valid_to > $1 OR e.valid_to IS NULL) AND (e.kind IS NULL OR e.kind <> ALL ('{control,concert,economic}'))) AS has_owners
		  FROM institution AS i WHERE 'EC' = ANY (i.lines)),
	rel AS MATERIALIZED (
		SELECT r.inst_id, r.party_id, r.relation, r.via, r.steps FROM risk_screen.desk_related_parties($1) AS r JOIN platforms USING (inst_id)),
	offers AS (
		SELECT p.*, x.has_owners FROM product AS p JOIN platforms AS x USING (inst_id)
		 WHERE (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL)),
	raised AS (
		SELECT t.inst_id, sum(t.amount) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY') AS amount, count(*) FILTER (WHERE t.currency <> 'CNY') AS other FROM txn AS t JOIN platforms USING (inst_id)
		 WHERE t.purpose = 'disburse' AND t.paid_at >= $2 AND t.paid_at < $3 AND t.amount > 0 GROUP BY t.inst_id),
	own AS MATERIALIZED (
		SELECT r.inst_id, a.account_id, min(a.owner_id) AS owner_id, min(r.relation) AS relation FROM rel AS r JOIN account AS a ON a.owner_id = r.party_id
		 WHERE coalesce(a.owner_kind, 'own') NOT IN ('custody', 'reserve', 'risk_fund') GROUP BY r.inst_id, a.account_id),
	arrived AS (
		SELECT m.inst_id, sum(m.traced) AS amount, min(m.paid_at) AS first_at, count(*) AS n,
			   jsonb_agg(jsonb_build_object('txn_id', m.txn_id, 'from', m.account, 'to', m.counterparty, 'owner', o.owner_id, 'relation', o.relation, 'traced', m.traced) ORDER BY m.traced DESC, m.txn_id) AS arrivals
		  FROM (SELECT array_agg(inst_id ORDER BY inst_id) AS ids FROM raised WHERE amount IS NOT NULL HAVING count(*) > 0) AS x
		 CROSS JOIN LATERAL risk_screen.desk_money($2, $3, x.ids) AS m
		  JOIN own AS o ON o.inst_id = m.inst_id AND o.account_id = m.counterparty
		  LEFT JOIN own AS y ON y.inst_id = m.inst_id AND y.account_id = m.account
		 WHERE m.kind = 'moved' AND y.account_id IS NULL AND NOT EXISTS (SELECT FROM txn AS t WHERE t.txn_id = m.txn_id AND t.purpose IN ('fee', 'salary'))
		 GROUP BY m.inst_id)
	-- a related issuer raised the whole of it for the platform
	SELECT 'product' AS subject_kind, o.product_id AS subject_id, o.inst_id,
		   CASE WHEN r.party_id IS NOT NULL THEN 1 WHEN o.issuer_id IS NOT NULL AND o.has_owners THEN 0 END AS observed, NULL::numeric AS threshold,
		   o.target_amount AS amount, o.issued_on::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('issuer', o.issuer_id, 'relation', r.relation, 'via', r.via, 'steps', r.steps,
				'missing', CASE WHEN r.party_id IS NOT NULL THEN NULL WHEN o.issuer_id IS NULL THEN 'issuer' WHEN NOT o.has_owners THEN 'shareholders of the platform' END)) AS evidence,
		   'product:' || o.product_id AS finding_key
	  FROM offers AS o LEFT JOIN rel AS r ON r.inst_id = o.inst_id AND r.party_id = o.issuer_id
	 UNION ALL
	SELECT 'institution', a.inst_id, a.inst_id, risk_screen._rounded(least(a.amount, r.amount) / r.amount, ($5 ->> 'self_raising_share')::numeric), NULL, least(a.amount, r.amount), a.first_at,
		   jsonb_strip_nulls(jsonb_build_object('raised', r.amount, 'reached_related_parties', a.amount, 'transfers', a.n, 'attribution', 'fifo', 'other_currencies', nullif(r.other, 0),
				'arrivals', (SELECT jsonb_agg(v ORDER BY no) FROM jsonb_array_elements(a.arrivals) WITH ORDINALITY AS e (v, no) WHERE no <= 20))),
		   'institution:' || a.inst_id || ':money'
	  FROM arrived AS a JOIN raised AS r USING (inst_id)
$$, '融资项目发行人为平台或其关联方，或所筹资金流向平台关联方，疑似自筹。', 'The issuer is the platform or a related party, or money raised reached related parties.');

-- Products whose investors nobody filed are not counted as one here: a hit rests
-- on named investors. Only where products are split, issued in instalments (one underlying) or
-- nested: too many direct holders of one product are D05's.
SELECT risk_screen._ship_rule('D09', 'red', '{EC,AM}', '{nested_investors}', '{product,holding,institution.lines?,product.underlying_id?,investor.kind?}', '{}', $$
	WITH counted AS MATERIALIZED (
		SELECT c.*, c.investors - c.unknown AS named FROM risk_screen.desk_investor_counts($1) AS c WHERE c.vehicles > CASE c.subject_kind WHEN 'underlying' THEN 1 ELSE 0 END),
	offers AS (
		SELECT p.product_id, p.underlying_id, p.inst_id, p.offering, p.issued_on, p.target_amount, p.name
		  FROM product AS p LEFT JOIN institution AS i USING (inst_id)
		 WHERE (p.biz IN ('EC', 'AM') OR i.lines && ARRAY['EC', 'AM']) AND (p.issued_on <= $1 OR p.issued_on IS NULL) AND (p.ended_on > $2::date OR p.ended_on IS NULL)),
	subject AS (
		SELECT c.subject_kind, c.subject_id, o.inst_id, bool_or(o.offering = 'private') AS private, bool_or(o.offering IS NULL) AS unsaid,
			   array_agg(o.product_id ORDER BY o.issued_on, o.product_id) AS products, min(o.issued_on) AS issued_on
		  FROM counted AS c JOIN offers AS o ON CASE c.subject_kind WHEN 'underlying' THEN o.underlying_id ELSE o.product_id END = c.subject_id
		 GROUP BY c.subject_kind, c.subject_id, o.inst_id)
	SELECT s.subject_kind, s.subject_id, s.inst_id,
		   CASE WHEN c.named > ($5 ->> 'nested_investors')::numeric AND s.private IS NOT TRUE THEN NULL
				WHEN c.unknown > 0 AND c.named <= ($5 ->> 'nested_investors')::numeric THEN NULL ELSE c.named END AS observed,
		   NULL::numeric AS threshold, NULL::numeric AS amount, s.issued_on::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('investors', c.named, 'without_merging', c.unmerged, 'direct_holders', c.direct_holders, 'vehicles', c.vehicles, 'route', to_jsonb(c.route), 'products', to_jsonb(s.products),
				'missing', CASE WHEN c.named > ($5 ->> 'nested_investors')::numeric AND s.private IS NOT TRUE THEN 'public or private offering'
								WHEN c.unknown > 0 AND c.named <= ($5 ->> 'nested_investors')::numeric THEN 'investors of ' || c.unknown || ' products or partnerships' END)) AS evidence,
		   s.subject_kind || ':' || s.subject_id || coalesce('@' || s.inst_id, '') AS finding_key
	  FROM subject AS s JOIN counted AS c USING (subject_kind, subject_id)
	 WHERE s.private OR s.unsaid
$$, '同一底层资产的多只产品或嵌套产品，穿透合并计算后投资者人数超过上限。', 'Sibling or nested products of one underlying have, merged and looked through, more investors than allowed.');
