-- Shipped rules. Titles, plan, kind and nature come from the requirement of the
-- same code; a rule whose requirement is of nature P finds candidates.

CREATE FUNCTION risk_screen._ship_rule(code text, severity text, lines text[], parameters text[], needs text[], coverage text[],
									   body text, reason_zh text, reason_en text, level text = NULL, candidate boolean = NULL) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO risk_screen.rule (code, title_zh, title_en, plan, clause, lines, level, kind, severity, candidate, parameters, needs, coverage,
								  body, reason_zh, reason_en, builtin)
	SELECT q.code, q.title_zh, q.title_en, q.plan, q.title_zh, coalesce(_ship_rule.lines, q.lines), coalesce(_ship_rule.level, q.levels[1], 'micro'), q.kind,
		   _ship_rule.severity::risk_screen.risk_level, coalesce(_ship_rule.candidate, q.nature = 'P'), _ship_rule.parameters, _ship_rule.needs, _ship_rule.coverage,
		   _ship_rule.body, _ship_rule.reason_zh, _ship_rule.reason_en, true
	  FROM risk_screen.requirement AS q WHERE q.code = _ship_rule.code;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'no requirement %', code;
	END IF;
END $$;

-- Related parties of every institution on a day, from the desk's own roles:
-- direct holders from a share up, whoever controls those, and everything any of
-- them controls; people in leading posts; group members; filed relations. Read
-- with the caller's search_path, so the desk decides what is an owner.
CREATE FUNCTION risk_screen.desk_related_parties(as_of date)
	RETURNS TABLE (inst_id text, party_id text, relation text, steps int)
	LANGUAGE plpgsql STABLE ROWS 20000 AS $$
DECLARE
	holder numeric := risk_screen.parameter_value('related_holder', as_of);
	control numeric := risk_screen.parameter_value('related_control', as_of);
BEGIN
	RETURN QUERY
	WITH RECURSIVE held AS MATERIALIZED (
		SELECT e.owner, e.owned, bool_or(e.kind = 'control' OR e.kind = 'nominee') OR coalesce(sum(coalesce(e.votes, e.share)), 0) > control AS controls,
			   sum(e.share) AS share
		  FROM equity AS e
		 WHERE coalesce(e.valid_from <= as_of, true) AND coalesce(e.valid_to > as_of, true)
		 GROUP BY e.owner, e.owned),
	seed AS (
		SELECT i.inst_id, i.inst_id AS party_id, 'self' AS relation, 0 AS steps, true AS upward FROM institution AS i
		 UNION
		SELECT i.inst_id, i.controller_id, 'controller', 1, true FROM institution AS i WHERE i.controller_id IS NOT NULL
		 UNION
		SELECT h.owned, h.owner, 'holder', 1, true FROM held AS h JOIN institution AS i ON i.inst_id = h.owned WHERE h.controls OR h.share >= holder
		 UNION
		SELECT p.inst_id, p.person_id, 'officer', 1, true FROM person AS p
		 WHERE p.post IN ('legal_representative', 'director', 'executive', 'controller', 'shareholder')
		   AND coalesce(p.post_from <= as_of, true) AND coalesce(p.post_to > as_of, true)
		 UNION
		SELECT g.inst_id, m.inst_id, 'group', 1, true FROM related_group AS g JOIN related_group AS m USING (group_id)
		 WHERE m.inst_id <> g.inst_id AND coalesce(g.valid_from <= as_of AND m.valid_from <= as_of, true) AND coalesce(g.valid_to > as_of, true) AND coalesce(m.valid_to > as_of, true)
		 UNION
		SELECT CASE n WHEN 1 THEN r.a ELSE r.b END, CASE n WHEN 1 THEN r.b ELSE r.a END, r.relation, 1, true
		  FROM related_party AS r CROSS JOIN generate_series(1, 2) AS n
		 WHERE coalesce(r.valid_from <= as_of, true) AND coalesce(r.valid_to > as_of, true)),
	-- up along control, then down along control; never up again after a step down
	reach (inst_id, party_id, relation, upward, steps) AS (
		SELECT s.inst_id, s.party_id, s.relation, s.upward, s.steps FROM seed AS s JOIN institution AS i ON i.inst_id = s.inst_id
		 UNION
		SELECT r.inst_id, CASE WHEN up THEN h.owner ELSE h.owned END, CASE WHEN up THEN 'controller' ELSE 'controlled' END, up, r.steps + 1
		  FROM reach AS r CROSS JOIN (VALUES (true), (false)) AS d (up)
		  JOIN held AS h ON h.controls AND CASE WHEN up THEN h.owned ELSE h.owner END = r.party_id
		 WHERE (r.upward OR NOT up) AND r.steps < 50)
	SELECT DISTINCT ON (r.inst_id, r.party_id) r.inst_id, r.party_id, r.relation, r.steps
	  FROM reach AS r ORDER BY r.inst_id, r.party_id, r.steps, r.relation COLLATE "C";
END $$;
COMMENT ON FUNCTION risk_screen.desk_related_parties(date) IS
	'Related parties of every institution of the desk on the search path: self, holders, controllers, what they control, officers, group, filed relations; used by the rules on self-financing, self-guarantee and misuse';

-- Where the money that platforms paid out went: attribution over all transfers
-- of a window, every pay-out a claim of its platform; custody, reserve and
-- risk-fund accounts end the way. Reads the desk on the search path.
CREATE FUNCTION risk_screen.desk_money(since timestamptz, until timestamptz, platforms text[])
	RETURNS TABLE (inst_id text, kind text, account text, counterparty text, txn_id text, paid_at timestamptz, amount numeric, traced numeric)
	LANGUAGE plpgsql STABLE ROWS 20000 AS $$
BEGIN
	RETURN QUERY
	SELECT f.claim, f.kind, f.account, f.counterparty, f.txn_id, f.paid_at, f.amount, f.traced
	  FROM risk_screen.attribute_funds(
		format('SELECT txn_id, payer, payee, amount, paid_at, coalesce(currency, ''CNY'') AS currency, fee FROM txn'
			   || ' WHERE paid_at >= %L AND paid_at < %L AND amount > 0 AND payer IS NOT NULL AND payee IS NOT NULL', since, until),
		format('SELECT inst_id AS claim, txn_id FROM txn WHERE purpose = ''disburse'' AND paid_at >= %L AND paid_at < %L AND amount > 0 AND inst_id = ANY (%L)',
			   since, until, platforms),
		exit_at => ARRAY(SELECT a.account_id FROM account AS a WHERE a.owner_kind IN ('custody', 'reserve', 'risk_fund'))) AS f;
END $$;
COMMENT ON FUNCTION risk_screen.desk_money(timestamptz, timestamptz, text[]) IS
	'Money that platforms paid out to borrowers, attributed (fifo) through all transfers of the desk on the search path: moved, held, exited per platform';
