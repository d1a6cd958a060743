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
