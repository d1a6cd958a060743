-- Ownership on the desk: who is related to whom, who stands behind an
-- institution, what products are made of, who their investors are.
--
-- The functions read the desk's roles as of a day: of the named workspace, or,
-- without one, on the caller's search path (so rules see the rows known then).
-- The views show the day of the newest finished run. The closure of related
-- parties is computed once per run and kept with it, so that a finding can be
-- explained as it was judged.

INSERT INTO risk_screen._desk_object (name, ordinal, ddl, description, columns) VALUES
('related_closure', 9, $$
CREATE TABLE related_closure (
	run_id bigint NOT NULL REFERENCES run ON DELETE CASCADE,
	inst_id text NOT NULL,
	party_id text NOT NULL,
	relation text NOT NULL,
	steps int NOT NULL,
	via text,
	share numeric,
	PRIMARY KEY (run_id, inst_id, party_id))
$$, '关联方: who was related to each institution in a run, and why', $$
run_id 批次编号; run
inst_id 机构编号; institution
party_id 关联方编号; related party
relation 关系; self, controller, holder, holder_controller, officer, group, family, concert, other filed relations, subsidiary, controlled
steps 层数; links on the way to the institution
via 经由; the party next on the way, itself related; NULL for the institution
share 持股比例; net share over all layers, of holders
$$);

-- 'desk.' or nothing, to stand before a role.
CREATE FUNCTION risk_screen._role_prefix(workspace text) RETURNS text
	LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(quote_ident(workspace) || '.', '')
$$;

-- Holdings and links of the desk, as query text for related_parties() and
-- control_groups(). A nominee holds for another: it keeps its votes, and acts
-- as if it had control. A controller filed by the institution is one.
CREATE FUNCTION risk_screen._desk_control(workspace text, as_of date, OUT holdings text, OUT links text)
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format($q$SELECT owner, owned, share, votes, kind, valid_from, valid_to FROM %1$sequity
 UNION ALL SELECT owner, owned, NULL, NULL, 'control', valid_from, valid_to FROM %1$sequity WHERE kind OPERATOR(pg_catalog.=) 'nominee'
 UNION ALL SELECT controller_id, inst_id, NULL, NULL, 'control', NULL, NULL FROM %1$sinstitution WHERE controller_id IS NOT NULL$q$,
				  risk_screen._role_prefix(workspace)),
		   format($q$SELECT x.a, x.b, x.kind
  FROM (SELECT p.inst_id AS a, p.person_id AS b, 'officer' AS kind, p.post_from AS valid_from, p.post_to AS valid_to FROM %1$sperson AS p
		 WHERE p.post OPERATOR(pg_catalog.=) ANY ('{legal_representative,director,executive,controller,shareholder}')
		UNION ALL
		SELECT g.inst_id, m.inst_id, 'group', greatest(g.valid_from, m.valid_from), least(g.valid_to, m.valid_to)
		  FROM %1$srelated_group AS g JOIN %1$srelated_group AS m ON g.group_id OPERATOR(pg_catalog.=) m.group_id AND g.inst_id OPERATOR(pg_catalog.<) m.inst_id
		UNION ALL
		SELECT r.a, r.b, CASE r.relation WHEN 'family' THEN 'kin' ELSE coalesce(r.relation, 'filed') END, r.valid_from, r.valid_to FROM %1$srelated_party AS r) AS x
 WHERE (x.valid_from IS NULL OR x.valid_from OPERATOR(pg_catalog.<=) %2$L::pg_catalog.date)
   AND (x.valid_to IS NULL OR x.valid_to OPERATOR(pg_catalog.>) %2$L::pg_catalog.date)$q$,
				  risk_screen._role_prefix(workspace), as_of)
$$;

-- The closure, computed.
CREATE FUNCTION risk_screen._related_parties(as_of date)
	RETURNS TABLE (inst_id text, party_id text, relation text, steps int, via text, share numeric)
	LANGUAGE plpgsql STABLE ROWS 20000 AS $$
DECLARE
	control record;
BEGIN
	SELECT * INTO control FROM risk_screen._desk_control(NULL, as_of) AS c;
	RETURN QUERY
	SELECT r.target, r.party, CASE r.relation WHEN 'kin' THEN 'family' ELSE r.relation END, r.steps, r.via, r.share
	  FROM risk_screen.related_parties(control.holdings,
				targets => coalesce((SELECT pg_catalog.array_agg(DISTINCT i.inst_id) FROM institution AS i WHERE i.inst_id IS NOT NULL), '{}'),
				links => control.links, as_of => as_of, bad_rows => 'skip',
				threshold => risk_screen.parameter_value('related_control', as_of),
				related_at => risk_screen.parameter_value('related_holder', as_of)) AS r;
END $$;

-- Read with the caller's search_path, so the desk decides what is an owner.
-- While a run is at work (only its own transaction sees it unfinished), what
-- the run has stored; otherwise computed.
CREATE FUNCTION risk_screen.desk_related_parties(as_of date)
	RETURNS TABLE (inst_id text, party_id text, relation text, steps int, via text, share numeric)
	LANGUAGE plpgsql STABLE ROWS 20000 AS $$
BEGIN
	PERFORM risk_screen._require_desk(NULL);
	IF pg_catalog.to_regclass('related_closure') IS NOT NULL THEN
		RETURN QUERY
		SELECT c.inst_id, c.party_id, c.relation, c.steps, c.via, c.share
		  FROM run AS r JOIN related_closure AS c ON c.run_id OPERATOR(pg_catalog.=) r.run_id
		 WHERE r.finished_at IS NULL AND r.as_of OPERATOR(pg_catalog.=) desk_related_parties.as_of;
		IF FOUND THEN
			RETURN;
		END IF;
	END IF;
	RETURN QUERY SELECT * FROM risk_screen._related_parties(as_of);
END $$;
COMMENT ON FUNCTION risk_screen.desk_related_parties(date) IS
	'Related parties of every institution of the desk on the search path, with the reason of each: self, controllers, holders and who controls them, officers, group, filed relations, and what any of these controls; computed once per run';

-- Keep the closure of a run. If it cannot be computed, each rule that needs it fails by itself.
CREATE PROCEDURE risk_screen._screen_closure(workspace text, run_row anyelement)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM set_config('search_path', risk_screen._rule_path(workspace, run_row.known_at < 'infinity'), true);
	EXECUTE format('INSERT INTO %I.related_closure (run_id, inst_id, party_id, relation, steps, via, share)
					SELECT $1, r.inst_id, r.party_id, r.relation, r.steps, r.via, r.share FROM risk_screen._related_parties($2) AS r', workspace)
		USING run_row.run_id, run_row.as_of;
	PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
EXCEPTION
	WHEN insufficient_privilege OR query_canceled THEN
		RAISE;
	WHEN OTHERS THEN
		RAISE WARNING 'related parties could not be determined: %', SQLERRM
			USING HINT = 'Rules that need them will fail with the same message.';
END $$;

-- Who stands behind each institution, over all layers.
CREATE FUNCTION risk_screen.desk_ultimate_owners(as_of date, workspace text = NULL)
	RETURNS TABLE (inst_id text, owner_id text, share numeric, net numeric, direct numeric, layers int, in_cycle boolean, flags text[])
	LANGUAGE plpgsql STABLE ROWS 300 AS $$
DECLARE
	institutions text[];
BEGIN
	PERFORM risk_screen._require_desk(workspace);
	EXECUTE 'SELECT pg_catalog.array_agg(DISTINCT i.inst_id) FROM ' || risk_screen._role_prefix(workspace) || 'institution AS i WHERE i.inst_id IS NOT NULL' INTO institutions;
	RETURN QUERY
	SELECT l.target, l.party, l.total, l.net, l.direct, l.layers, l.in_cycle, l.flags
	  FROM risk_screen.look_through('SELECT * FROM ' || risk_screen._role_prefix(workspace) || 'equity', targets => coalesce(institutions, '{}'),
									as_of => as_of, bad_rows => 'skip') AS l
	 WHERE l.ultimate;
END $$;
COMMENT ON FUNCTION risk_screen.desk_ultimate_owners(date, text) IS
	'Ultimate owners of every institution of a desk on a day: share over all layers; rows without owner are the part nobody is named for';

-- Groups under common control.
CREATE FUNCTION risk_screen.desk_control_groups(as_of date, workspace text = NULL)
	RETURNS TABLE (group_no bigint, party_id text, relation text, via text, votes numeric)
	LANGUAGE plpgsql STABLE ROWS 300 AS $$
DECLARE
	control record;
BEGIN
	PERFORM risk_screen._require_desk(workspace);
	SELECT * INTO control FROM risk_screen._desk_control(workspace, as_of) AS c;
	RETURN QUERY
	SELECT g.group_no, g.member, CASE g.relation WHEN 'kin' THEN 'family' ELSE g.relation END, g.via, g.votes
	  -- posts and the like join no group
	  FROM risk_screen.control_groups(control.holdings, pg_catalog.format($q$SELECT l.a, l.b, l.kind FROM (%s) AS l WHERE l.kind OPERATOR(pg_catalog.=) ANY ('{concert,kin,economic}')$q$, control.links), as_of => as_of, bad_rows => 'skip',
				threshold => risk_screen.parameter_value('related_control', as_of),
				related_at => risk_screen.parameter_value('related_holder', as_of)) AS g;
END $$;
COMMENT ON FUNCTION risk_screen.desk_control_groups(date, text) IS
	'Groups under common control on a desk on a day, with the reason of every member; economic ties and holders of 5 % are listed but join nothing';

-- Condition that a row with valid_from and valid_to holds on a day.
CREATE FUNCTION risk_screen._desk_valid(as_of date) RETURNS text
	LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format('(valid_from IS NULL OR valid_from OPERATOR(pg_catalog.<=) %1$L::pg_catalog.date) AND (valid_to IS NULL OR valid_to OPERATOR(pg_catalog.>) %1$L::pg_catalog.date)', as_of)
$$;

-- Partnerships and the like that pool the money of others, as query text: what
-- the filings call so (投资者, 相对方, 股东类型), or whose name says 合伙, as it must by
-- law. pooled settles it either way. Products are no part of it.
CREATE FUNCTION risk_screen._desk_vehicles(workspace text, as_of date) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format($q$SELECT k.party FROM (
 SELECT investor_id AS party, pg_catalog.lower(kind) AS kind, name, pooled FROM %1$sinvestor
 UNION ALL SELECT party_id, pg_catalog.lower(kind), name, NULL FROM %1$sparty
 UNION ALL SELECT owner, pg_catalog.lower(owner_kind), NULL, NULL FROM %1$sequity WHERE owner_kind IS NOT NULL AND %2$s) AS k
 WHERE (k.pooled IS NOT NULL OR k.kind OPERATOR(pg_catalog.=) ANY ('{partnership,vehicle,contract,trust,plan,private_fund,合伙企业,契约,资管计划,信托计划,exempt,registered,pension,social_security,charity}')
		OR (k.kind IS NULL OR k.kind OPERATOR(pg_catalog.=) 'enterprise') AND k.name OPERATOR(pg_catalog.~) '合伙企业|有限合伙')
   AND NOT EXISTS (SELECT FROM %1$sproduct AS x WHERE x.product_id OPERATOR(pg_catalog.=) k.party)
 GROUP BY k.party
HAVING CASE WHEN pg_catalog.bool_or(k.pooled) IS NOT NULL THEN pg_catalog.bool_or(k.pooled) ELSE NOT pg_catalog.bool_or(k.kind IS NOT NULL AND k.kind OPERATOR(pg_catalog.=) ANY ('{exempt,registered,pension,social_security,charity}')) END$q$,
				  risk_screen._role_prefix(workspace), risk_screen._desk_valid(as_of))
$$;

-- The same as rows, for rules: parties that are the end of no chain.
CREATE FUNCTION risk_screen._desk_pooling(as_of date)
	RETURNS TABLE (party_id text)
	LANGUAGE plpgsql STABLE ROWS 100 AS $$
BEGIN
	RETURN QUERY EXECUTE risk_screen._desk_vehicles(NULL, as_of);
END $$;

-- Products as query text, of the rows that hold on the day. What invests in what: filed investments, holdings of
-- products by products (each product's newest day), products made from
-- another one, and all of these through vehicles that are no products.
CREATE FUNCTION risk_screen._desk_products(workspace text, as_of date, OUT nested text, OUT products text, OUT held text, OUT parties text)
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH p AS (SELECT risk_screen._role_prefix(workspace) AS x, quote_literal(as_of) || '::pg_catalog.date' AS d, risk_screen._desk_valid(as_of) AS valid),
	q AS (
		SELECT format($q$SELECT h.investor_id AS owner, h.product_id AS owned, h.amount AS share FROM %1$sholding AS h
  JOIN (SELECT product_id, pg_catalog.max(as_of) AS as_of FROM %1$sholding WHERE as_of OPERATOR(pg_catalog.<=) %2$s GROUP BY product_id) AS l
	ON l.product_id OPERATOR(pg_catalog.=) h.product_id AND l.as_of OPERATOR(pg_catalog.=) h.as_of
 WHERE h.amount OPERATOR(pg_catalog.>) 0$q$, x, d) AS holdings,
			   format($q$SELECT product_id AS owner, parent_product AS owned, 1 AS share FROM %1$sproduct WHERE parent_product IS NOT NULL
 UNION ALL SELECT product_id, target_id, 1 FROM %1$sproduct_investment WHERE target_kind OPERATOR(pg_catalog.=) 'product' AND %2$s$q$, x, valid) AS made,
			   -- partners of vehicles, and products that invest in one
			   format($q$SELECT e.owner, e.owned, e.share FROM %1$sequity AS e JOIN vehicle AS v ON v.party OPERATOR(pg_catalog.=) e.owned
 WHERE (e.kind IS NULL OR e.kind OPERATOR(pg_catalog.<>) ALL ('{control,concert,economic}')) AND (e.share IS NULL OR e.share OPERATOR(pg_catalog.<>) 0) AND %2$s
 UNION ALL SELECT i.product_id, i.target_id, 1 FROM %1$sproduct_investment AS i JOIN vehicle AS v ON v.party OPERATOR(pg_catalog.=) i.target_id WHERE %2$s$q$, x, valid) AS pooled,
			   -- public funds are the registered kind offered to everybody
			   format($q$SELECT product_id AS party, CASE WHEN kind OPERATOR(pg_catalog.=) ANY ('{money_fund,public_fund}') OR offering OPERATOR(pg_catalog.=) 'public' AND kind OPERATOR(pg_catalog.~) 'fund$' THEN 'public_fund' ELSE 'product' END AS kind, legal_form AS form FROM %1$sproduct$q$, x) AS kinds,
			   risk_screen._desk_vehicles(workspace, as_of) AS vehicles, x, d
		  FROM p)
	SELECT 'SELECT owner, owned, 1 AS share FROM (' || q.holdings || E') AS h\n UNION ALL ' || q.made || format($q$
 UNION ALL SELECT owner, owned, 1 FROM (
 WITH RECURSIVE vehicle AS MATERIALIZED (%1$s),
 link AS MATERIALIZED (SELECT h.owner, h.owned FROM (%2$s) AS h JOIN vehicle AS v ON v.party OPERATOR(pg_catalog.=) h.owner UNION SELECT o.owner, o.owned FROM (%3$s) AS o),
 reached AS (
	SELECT k.owner, k.owned FROM link AS k JOIN %4$sproduct AS x ON x.product_id OPERATOR(pg_catalog.=) k.owner
	UNION SELECT r.owner, k.owned FROM reached AS r JOIN vehicle AS v ON v.party OPERATOR(pg_catalog.=) r.owned JOIN link AS k ON k.owner OPERATOR(pg_catalog.=) r.owned)
 SELECT r.owner, r.owned FROM reached AS r WHERE NOT EXISTS (SELECT FROM vehicle AS v WHERE v.party OPERATOR(pg_catalog.=) r.owned)) AS t$q$, q.vehicles, q.holdings, q.pooled, q.x),
		   q.kinds,
		   -- siblings: products financing the same asset count together, under the asset's name
		   format($q$WITH vehicle AS MATERIALIZED (%1$s)
%2$s
 UNION ALL %3$s
 UNION ALL SELECT product_id, 'underlying:' OPERATOR(pg_catalog.||) underlying_id, 1 FROM %4$sproduct WHERE underlying_id IS NOT NULL
 UNION ALL %5$s$q$, q.vehicles, q.holdings, q.made, q.x, q.pooled),
		   format($q$WITH vehicle AS MATERIALIZED (%3$s),
 holder AS (
	SELECT investor_id AS party FROM %2$sholding UNION SELECT o.owner FROM (%4$s) AS o UNION SELECT v.party FROM vehicle AS v)
 SELECT k.party, CASE k.kind WHEN 'public_fund' THEN 'exempt' ELSE 'product' END AS kind, NULL::pg_catalog.text AS identity, k.form, NULL::boolean AS pass_through, NULL::integer AS declared_investors FROM (%1$s) AS k
 -- siblings of one form are bound by its limit
 UNION ALL SELECT 'underlying:' OPERATOR(pg_catalog.||) underlying_id, 'product', NULL, CASE WHEN pg_catalog.min(legal_form) OPERATOR(pg_catalog.=) pg_catalog.max(legal_form) THEN pg_catalog.min(legal_form) END, NULL, NULL FROM %2$sproduct WHERE underlying_id IS NOT NULL GROUP BY underlying_id
 UNION ALL SELECT h.party,
		CASE WHEN v.party IS NOT NULL THEN 'vehicle' WHEN i.kind IS NULL AND p.kind IS NULL THEN 'other' WHEN pg_catalog.lower(CASE WHEN i.kind IS NULL THEN p.kind ELSE i.kind END) OPERATOR(pg_catalog.=) ANY ('{person,company,enterprise,product,state,listed,foreign,exempt,registered,pension,social_security,charity}')
			THEN pg_catalog.lower(CASE WHEN i.kind IS NULL THEN p.kind ELSE i.kind END) ELSE 'other' END,
		p.identity_no, NULL, CASE WHEN v.party IS NOT NULL THEN true WHEN i.pooled OPERATOR(pg_catalog.=) false THEN false END, i.partners
  FROM holder AS h
  LEFT JOIN vehicle AS v ON v.party OPERATOR(pg_catalog.=) h.party
  LEFT JOIN (SELECT investor_id, pg_catalog.max(kind) AS kind, pg_catalog.bool_or(pooled) AS pooled, pg_catalog.max(partners) FILTER (WHERE partners OPERATOR(pg_catalog.>=) 0) AS partners FROM %2$sinvestor GROUP BY investor_id) AS i ON i.investor_id OPERATOR(pg_catalog.=) h.party
  LEFT JOIN (SELECT party_id, pg_catalog.max(kind) AS kind, pg_catalog.max(identity_no) AS identity_no FROM %2$sparty GROUP BY party_id) AS p ON p.party_id OPERATOR(pg_catalog.=) h.party
 WHERE NOT EXISTS (SELECT FROM %2$sproduct AS x WHERE x.product_id OPERATOR(pg_catalog.=) h.party)$q$, q.kinds, q.x, q.vehicles, q.pooled)
	  FROM q
$$;

CREATE FUNCTION risk_screen.desk_nested_products(as_of date, workspace text = NULL)
	RETURNS TABLE (product_id text, layers int, exceeded boolean, path text[], violations bigint, violation text[], endless boolean, path_length int, truncated boolean)
	LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
	q record;
BEGIN
	PERFORM risk_screen._require_desk(workspace);
	SELECT * INTO q FROM risk_screen._desk_products(workspace, as_of) AS x;
	RETURN QUERY
	SELECT l.product, l.layers, l.exceeded, l.path, l.violations, l.violation, l.endless, l.path_length, l.truncated
	  FROM risk_screen.product_layers(q.nested, q.products, bad_rows => 'skip') AS l;
END $$;
COMMENT ON FUNCTION risk_screen.desk_nested_products(date, text) IS
	'Layers of products below every product of a desk on a day, public funds not counted, with the chains that are one layer too many; of a chain at most a hundred products, path_length says how many there are';

CREATE FUNCTION risk_screen.desk_product_parts(as_of date, workspace text = NULL)
	RETURNS TABLE (product_id text, part_id text, layers int)
	LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
	q record;
BEGIN
	PERFORM risk_screen._require_desk(workspace);
	SELECT * INTO q FROM risk_screen._desk_products(workspace, as_of) AS x;
	RETURN QUERY
	SELECT l.target, l.party, l.layers
	  FROM risk_screen.look_through(pg_catalog.format('SELECT DISTINCT n.owner, n.owned, 1 AS share FROM (%s) AS n JOIN (%s) AS p ON p.party OPERATOR(pg_catalog.=) n.owner', q.nested, q.products),
									direction => 'holdings') AS l
	 WHERE l.party IS NOT NULL;
END $$;
COMMENT ON FUNCTION risk_screen.desk_product_parts(date, text) IS
	'What every product of a desk on a day is made of: each product below it, over all layers, and how many layers below; a product in a ring is below itself';

CREATE FUNCTION risk_screen.desk_product_violations(as_of date, workspace text = NULL)
	RETURNS TABLE (product_id text, path_no bigint, path text[], total bigint, truncated boolean)
	LANGUAGE plpgsql STABLE ROWS 10 AS $$
DECLARE
	q record;
BEGIN
	PERFORM risk_screen._require_desk(workspace);
	SELECT * INTO q FROM risk_screen._desk_products(workspace, as_of) AS x;
	RETURN QUERY
	SELECT v.product, v.path_no, v.path, v.total, v.truncated
	  FROM risk_screen.product_violations(q.nested, q.products, bad_rows => 'skip') AS v;
END $$;
COMMENT ON FUNCTION risk_screen.desk_product_violations(date, text) IS
	'Every chain X > Y > Z of products on a desk on a day where Z is not a public fund; at most 1,000 of a product, saying so';

CREATE FUNCTION risk_screen.desk_investor_counts(as_of date, workspace text = NULL)
	RETURNS TABLE (subject_kind text, subject_id text, investors bigint, unmerged bigint, direct_holders bigint, vehicles bigint,
				   max_investors bigint, exceeded boolean, route text[], unknown bigint, flags text[])
	LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
	q record;
	offers text[];
BEGIN
	PERFORM risk_screen._require_desk(workspace);
	SELECT * INTO q FROM risk_screen._desk_products(workspace, as_of) AS x;
	EXECUTE 'SELECT pg_catalog.array_agg(DISTINCT p.product_id) FROM ' || risk_screen._role_prefix(workspace) || 'product AS p' INTO offers;
	RETURN QUERY
	SELECT CASE WHEN f.product OPERATOR(pg_catalog.~~) 'underlying:%' THEN 'underlying' ELSE 'product' END,
		   pg_catalog.regexp_replace(f.product, '^underlying:', ''), f.investors, f.unmerged, f.direct_holders, f.vehicles,
		   f.max_investors, f.exceeded, f.route, f.unknown, f.flags
	  FROM risk_screen.final_investors(q.held, q.parties, bad_rows => 'skip') AS f
	 -- not of partnerships by themselves
	 WHERE f.product OPERATOR(pg_catalog.~~) 'underlying:%' OR f.product OPERATOR(pg_catalog.=) ANY (offers);
END $$;
COMMENT ON FUNCTION risk_screen.desk_investor_counts(date, text) IS
	'Investors behind every product of a desk on a day, looked through and counted once each, and behind every asset that several products finance';

-- Views for the newest finished run; other days by the functions.
INSERT INTO risk_screen._desk_object (name, ordinal, ddl, description, columns) VALUES
('related_party_list', 120, $$
CREATE VIEW related_party_list WITH (security_invoker) AS
	SELECT c.as_of, k.inst_id, i.name, k.party_id, p.name AS party_name, k.relation,
		   CASE k.relation WHEN 'self' THEN '本机构' WHEN 'controller' THEN '控制人' WHEN 'holder' THEN '主要股东' WHEN 'holder_controller' THEN '主要股东的控制人'
				WHEN 'officer' THEN '任职' WHEN 'group' THEN '同一集团' WHEN 'family' THEN '亲属' WHEN 'concert' THEN '一致行动' WHEN 'subsidiary' THEN '子公司'
				WHEN 'controlled' THEN '受同一方控制' WHEN 'address' THEN '同址' WHEN 'phone' THEN '同号' WHEN 'guarantee' THEN '互保' WHEN 'contract' THEN '协议' ELSE k.relation END AS relation_zh,
		   k.via AS via_id, v.name AS via_name, k.share, k.steps
	  FROM current_run AS c
	  JOIN related_closure AS k USING (run_id)
	  LEFT JOIN institution AS i USING (inst_id)
	  LEFT JOIN LATERAL (SELECT x.name FROM (SELECT name FROM institution AS y WHERE y.inst_id = k.party_id UNION ALL SELECT name FROM party AS y WHERE y.party_id = k.party_id UNION ALL SELECT name FROM person AS y WHERE y.person_id = k.party_id) AS x WHERE x.name IS NOT NULL LIMIT 1) AS p ON true
	  LEFT JOIN LATERAL (SELECT x.name FROM (SELECT name FROM institution AS y WHERE y.inst_id = k.via UNION ALL SELECT name FROM party AS y WHERE y.party_id = k.via UNION ALL SELECT name FROM person AS y WHERE y.person_id = k.via) AS x WHERE x.name IS NOT NULL LIMIT 1) AS v ON true
	 WHERE k.relation <> 'self'
$$, '关联方清单: related parties of each institution in the newest run, with the reason', $$
as_of 监测日期; day of the run
inst_id 机构编号; institution
name 机构名称; its name
party_id 关联方编号; related party
party_name 关联方名称; its name, if a register has it
relation 关系; code
relation_zh 关系名称; in Chinese
via_id 经由; next party on the way to the institution
via_name 经由名称; its name
share 持股比例; net share over all layers, of holders
steps 层数; links on the way
$$),
('ultimate_owner', 121, $$
CREATE VIEW ultimate_owner WITH (security_invoker) AS
	SELECT c.as_of, u.inst_id, i.name, u.owner_id, p.name AS owner_name, p.kind AS owner_kind,
		   u.share, u.net AS net_share, u.direct AS direct_share, u.layers, u.in_cycle, array_to_string(u.flags, ',') AS flags
	  FROM current_run AS c
	 CROSS JOIN LATERAL risk_screen.desk_ultimate_owners(c.as_of, (SELECT n.nspname FROM pg_catalog.pg_class AS k JOIN pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace WHERE k.oid = 'equity'::regclass)) AS u
	  LEFT JOIN institution AS i USING (inst_id)
	  LEFT JOIN LATERAL (SELECT x.name, x.kind FROM (SELECT name, kind FROM party AS y WHERE y.party_id = u.owner_id UNION ALL SELECT name, kind FROM institution AS y WHERE y.inst_id = u.owner_id) AS x LIMIT 1) AS p ON true
$$, '最终股东: who stands behind each institution over all layers, on the day of the newest run', $$
as_of 监测日期; day of the run
inst_id 机构编号; institution
name 机构名称; its name
owner_id 最终股东; party nobody else holds; NULL: the part no named party holds
owner_name 股东名称; its name
owner_kind 股东类型; person, enterprise, state, listed ...
share 穿透持股比例; fraction over all chains; NULL: no number can be given, see flags
net_share 净持股比例; without what returns to the owner through rings
direct_share 直接持股比例; held directly
layers 层数; shortest chain
in_cycle 是否循环持股; part of a ring
flags 标记; UNKNOWN, MISSING, SUM_OVER_100, CLOSED_LOOP ... see look_through
$$),
('control_group', 122, $$
CREATE VIEW control_group WITH (security_invoker) AS
	SELECT c.as_of, g.group_no, g.party_id, p.name AS party_name, g.relation, g.via AS via_id, g.votes
	  FROM current_run AS c
	 CROSS JOIN LATERAL risk_screen.desk_control_groups(c.as_of, (SELECT n.nspname FROM pg_catalog.pg_class AS k JOIN pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace WHERE k.oid = 'equity'::regclass)) AS g
	  LEFT JOIN LATERAL (SELECT x.name FROM (SELECT name FROM institution AS y WHERE y.inst_id = g.party_id UNION ALL SELECT name FROM party AS y WHERE y.party_id = g.party_id UNION ALL SELECT name FROM person AS y WHERE y.person_id = g.party_id) AS x WHERE x.name IS NOT NULL LIMIT 1) AS p ON true
$$, '控制集团: groups under common control on the day of the newest run, computed (the role related_group holds the filed ones)', $$
as_of 监测日期; day of the run
group_no 集团序号; number, of this day only
party_id 成员; member
party_name 成员名称; its name
relation 关系; head, controlled, agreement, concert, family; outside the group proper: economic, holder
via_id 经由; through whom
votes 表决权; fraction of votes held by whoever controls it
$$),
('nested_product', 123, $$
CREATE VIEW nested_product WITH (security_invoker) AS
	SELECT c.as_of, p.inst_id, i.name, n.product_id, p.name AS product_name, n.layers, n.exceeded, n.endless,
		   array_to_string(n.path, ' > ') || CASE WHEN n.truncated THEN ' > …' ELSE '' END AS path, n.violations, array_to_string(n.violation, ' > ') AS violation, n.path_length
	  FROM current_run AS c
	 CROSS JOIN LATERAL risk_screen.desk_nested_products(c.as_of, (SELECT s.nspname FROM pg_catalog.pg_class AS k JOIN pg_catalog.pg_namespace AS s ON s.oid = k.relnamespace WHERE k.oid = 'product'::regclass)) AS n
	  LEFT JOIN LATERAL (SELECT y.inst_id, y.name FROM product AS y WHERE y.product_id = n.product_id LIMIT 1) AS p ON true
	  LEFT JOIN institution AS i ON i.inst_id = p.inst_id
	 WHERE n.layers > 0 OR n.endless
$$, '产品嵌套: products that invest in products, on the day of the newest run', $$
as_of 监测日期; day of the run
inst_id 机构编号; institution offering the product
name 机构名称; its name
product_id 产品编号; product
product_name 产品名称; its name
layers 嵌套层数; products below on the longest chain, public funds not counted; NULL: endless
exceeded 是否超限; more than one layer, or below the first anything but public funds
endless 是否循环; on or above a ring of products
path 最长链; the longest chain; … after its first hundred products
violations 违规链数; chains X > Y > Z with Z not a public fund
violation 违规链; the first of them
path_length 链长; products on the longest chain, one that closes a ring twice
$$),
('investor_count', 124, $$
CREATE VIEW investor_count WITH (security_invoker) AS
	SELECT c.as_of, n.subject_kind, n.subject_id, p.inst_id, p.name AS product_name, n.investors, n.unmerged, n.direct_holders, n.vehicles,
		   n.max_investors, n.exceeded, array_to_string(n.route, ' > ') AS route, n.unknown, array_to_string(n.flags, ',') AS flags
	  FROM current_run AS c
	 CROSS JOIN LATERAL risk_screen.desk_investor_counts(c.as_of, (SELECT s.nspname FROM pg_catalog.pg_class AS k JOIN pg_catalog.pg_namespace AS s ON s.oid = k.relnamespace WHERE k.oid = 'product'::regclass)) AS n
	  LEFT JOIN LATERAL (SELECT y.inst_id, y.name FROM product AS y WHERE CASE n.subject_kind WHEN 'product' THEN y.product_id ELSE y.underlying_id END = n.subject_id ORDER BY y.product_id LIMIT 1) AS p ON true
$$, '穿透投资者人数: investors behind each product, and behind each asset that products finance, on the day of the newest run', $$
as_of 监测日期; day of the run
subject_kind 对象类型; product; underlying: all products financing one asset, merged
subject_id 对象编号; product or asset
inst_id 机构编号; institution offering the (first) product
product_name 产品名称; its name
investors 投资者人数; distinct, looked through
unmerged 未合并人数; without merging those who come by several ways
direct_holders 直接持有人数; holders in the register
vehicles 穿透层; vehicles looked through
max_investors 人数上限; by legal form: limited company or partnership 50, else 200
exceeded 是否超限; more than the limit
route 首次超限路径; from the product to the vehicle whose holders first cross the limit
unknown 未知持有人; vehicles without named holders
flags 标记; UNKNOWN_INVESTORS, UNLISTED_PARTIES, CLOSED_LOOP, UNKNOWN_FORM
$$);
