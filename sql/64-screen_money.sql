-- Where the money that lending platforms paid out went, once for all who ask in a run.
--
-- Rules C04, C13, D02, M09 and the money trace follow the same money. screen() puts
-- the transfers of the window into a flow graph of its own (on disk, so memory
-- does not grow with the transfers), attributes every pay-out of every lending
-- platform once, and keeps the answer in a temporary table while the run is at
-- work. desk_money() reads it there, or computes it where there is no run.

-- Transfers and claims of a window as query text, and the platforms: those of
-- lines P2P and EC that paid out, and whom else the caller names (F03 asks for every lender).
-- Others are no claims: what a lender outside pays on is still the platforms' money.
-- Yuan only: who asks adds up, and amounts of several currencies have no sum.
CREATE FUNCTION risk_screen._money_claims(since timestamptz, until timestamptz, more text[],
										  OUT platforms text[], OUT others text[], OUT transfers text, OUT claims text, OUT exits text[])
	LANGUAGE plpgsql STABLE AS $$
BEGIN
	SELECT coalesce(array_agg(t.inst_id ORDER BY t.inst_id) FILTER (WHERE t.asked), '{}'), coalesce(array_agg(t.inst_id) FILTER (WHERE NOT t.asked), '{}')
	  INTO platforms, others
	  FROM (SELECT x.inst_id, x.inst_id = ANY (coalesce(more, '{}'))
				   OR EXISTS (SELECT FROM institution AS i WHERE i.inst_id = x.inst_id AND i.lines && ARRAY['P2P', 'EC']) AS asked
			  FROM txn AS x
			 WHERE x.purpose = 'disburse' AND x.paid_at >= since AND x.paid_at < until AND x.amount > 0 AND x.inst_id IS NOT NULL AND coalesce(x.currency, 'CNY') = 'CNY'
			 GROUP BY x.inst_id) AS t;
	transfers := format('SELECT txn_id, payer, payee, amount, paid_at, fee FROM txn WHERE paid_at >= %L AND paid_at < %L AND amount > 0'
						|| ' AND payer IS NOT NULL AND payee IS NOT NULL AND coalesce(currency, ''CNY'') = ''CNY''', since, until);
	claims := format('SELECT inst_id AS claim, txn_id FROM txn WHERE purpose = ''disburse'' AND paid_at >= %L AND paid_at < %L AND amount > 0'
					 || ' AND payer IS NOT NULL AND payee IS NOT NULL AND coalesce(currency, ''CNY'') = ''CNY'' AND inst_id = ANY (%L)', since, until, platforms);
	exits := ARRAY(SELECT a.account_id FROM account AS a WHERE a.owner_kind IN ('custody', 'reserve', 'risk_fund'));
END $$;

-- Keep it for the run. If it cannot be done, each rule that needs it computes, or fails, by itself.
CREATE PROCEDURE risk_screen._screen_money_flow(workspace text, run_row anyelement)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	since timestamptz := risk_screen.day_start(run_row.since);
	until timestamptz := risk_screen.day_start(run_row.as_of + 1);
	path text := risk_screen._rule_path(workspace, run_row.known_at < 'infinity');
	graph text := format('risk_screen.%s.%s', workspace, pg_backend_pid());
	asked record;
	foreign_ones bigint;
BEGIN
	-- what lies under that name, whoever put it there, is not this run's answer
	CALL risk_screen._forget_money_flow();
	IF risk_screen._missing_roles(workspace, '{txn,account,institution}') IS NOT NULL THEN
		RETURN;
	END IF;
	PERFORM set_config('search_path', path, true);
	SELECT count(*) INTO foreign_ones FROM txn AS x
	 WHERE x.purpose = 'disburse' AND x.paid_at >= since AND x.paid_at < until AND x.amount > 0 AND x.inst_id IS NOT NULL AND x.currency <> 'CNY';
	IF foreign_ones > 0 THEN
		RAISE WARNING '% pay-outs in other currencies than yuan are not followed', foreign_ones;
	END IF;
	SELECT * INTO asked FROM risk_screen._money_claims(since, until, NULL);
	IF asked.platforms <> '{}' THEN
		PERFORM risk_screen.create_flow_graph(graph, asked.transfers);
		CREATE TEMP TABLE risk_screen_money ON COMMIT DROP AS
		SELECT f.claim AS inst_id, f.kind, f.account, f.counterparty, f.txn_id, f.paid_at, f.amount, f.traced
		  FROM risk_screen.attribute_funds('graph:' || graph, asked.claims, exit_at => asked.exits) AS f;
		PERFORM risk_screen.drop_flow_graph(graph);
		ANALYZE pg_temp.risk_screen_money;
		CREATE TEMP TABLE risk_screen_money_run ON COMMIT DROP AS
		SELECT since AS since, until AS until, path AS path, asked.others AS others;
	END IF;
	PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
EXCEPTION
	WHEN insufficient_privilege OR query_canceled THEN
		RAISE;
	WHEN OTHERS THEN
		RAISE WARNING 'lenders'' money could not be followed once for all rules: %', SQLERRM
			USING HINT = 'Rules that need it try by themselves.';
END $$;

-- The run is over: what follows in the same transaction may have other transfers.
CREATE PROCEDURE risk_screen._forget_money_flow()
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF to_regclass('pg_temp.risk_screen_money') IS NOT NULL OR to_regclass('pg_temp.risk_screen_money_run') IS NOT NULL THEN
		DROP TABLE IF EXISTS pg_temp.risk_screen_money, pg_temp.risk_screen_money_run;
	END IF;
END $$;

-- Reads the desk on the search path.
CREATE FUNCTION risk_screen.desk_money(since timestamptz, until timestamptz, platforms text[])
	RETURNS TABLE (inst_id text, kind text, account text, counterparty text, txn_id text, paid_at timestamptz, amount numeric, traced numeric)
	LANGUAGE plpgsql STABLE ROWS 20000 AS $$
DECLARE
	kept boolean := false;
	asked record;
BEGIN
	PERFORM risk_screen._require_desk(NULL);
	IF pg_catalog.to_regclass('pg_temp.risk_screen_money_run') IS NOT NULL THEN
		EXECUTE 'SELECT count(*) > 0 FROM pg_temp.risk_screen_money_run AS r WHERE r.since = $1 AND r.until = $2 AND r.path = $3 AND NOT r.others && $4'
			INTO kept USING since, until, pg_catalog.current_setting('search_path'), platforms;
	END IF;
	IF kept THEN
		RETURN QUERY EXECUTE 'SELECT m.* FROM pg_temp.risk_screen_money AS m WHERE m.inst_id = ANY ($1)' USING platforms;
		RETURN;
	END IF;
	SELECT * INTO asked FROM risk_screen._money_claims(since, until, platforms);
	RETURN QUERY
	SELECT f.claim, f.kind, f.account, f.counterparty, f.txn_id, f.paid_at, f.amount, f.traced
	  FROM risk_screen.attribute_funds(asked.transfers, asked.claims, exit_at => asked.exits) AS f
	 WHERE f.claim = ANY (platforms);
END $$;
COMMENT ON FUNCTION risk_screen.desk_money(timestamptz, timestamptz, text[]) IS
	'Yuan that platforms paid out to borrowers, attributed (fifo) through all transfers in yuan of the desk on the search path: moved, held, exited per platform; computed once per run';
