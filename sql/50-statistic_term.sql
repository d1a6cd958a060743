-- Liquidity coverage and interest-rate risk of a balance sheet: formulas over
-- sums that a query has made. The standard's caps and the usual first-order
-- estimate, nothing more.

CREATE FUNCTION risk_screen.liquid_assets(level1 numeric, level2a numeric, level2b numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN level1 + level2a + level2b
		 - greatest(level2b - 15 * (level1 + level2a) / 85, level2b - 15 * level1 / 60, 0)
		 - greatest(level2a + level2b - greatest(level2b - 15 * (level1 + level2a) / 85, level2b - 15 * level1 / 60, 0) - 2 * level1 / 3, 0);
COMMENT ON FUNCTION risk_screen.liquid_assets(numeric, numeric, numeric) IS
	'Stock of high-quality liquid assets after haircuts: level 2 counts up to 40 % of it, level 2B up to 15 % (Basel III LCR, annex 1)';

CREATE FUNCTION risk_screen.liquidity_coverage(level1 numeric, level2a numeric, level2b numeric, outflow numeric, inflow numeric,
	OUT ratio numeric, OUT status text, OUT liquid_assets numeric, OUT net_outflow numeric)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF least(level1, level2a, level2b, outflow, inflow) < 0 THEN
		RAISE EXCEPTION 'liquidity_coverage needs amounts that are not negative' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('The least amount is %s.', least(level1, level2a, level2b, outflow, inflow)),
			HINT = 'Outflows and inflows are two positive amounts.';
	END IF;
	liquid_assets := risk_screen.liquid_assets(level1, level2a, level2b);
	net_outflow := outflow - least(inflow, 0.75 * outflow);
	status := CASE WHEN num_nulls(level1, level2a, level2b, outflow, inflow) > 0 THEN 'missing' WHEN net_outflow = 0 THEN 'no_outflow' ELSE 'ok' END;
	IF status = 'missing' THEN
		net_outflow := NULL;
		liquid_assets := NULL;
	ELSIF status = 'ok' THEN
		ratio := liquid_assets / net_outflow;
	END IF;
END $$;
COMMENT ON FUNCTION risk_screen.liquidity_coverage(numeric, numeric, numeric, numeric, numeric) IS
	'Liquidity coverage ratio: liquid_assets over the outflow of 30 days less inflows, which count up to 75 % of it; status ok, no_outflow, missing';

CREATE FUNCTION risk_screen._duration_accum(internal, float8, float8, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_duration_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.duration(amount float8, years float8, rate float8) (
	SFUNC = risk_screen._duration_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._ratio_final,
	COMBINEFUNC = risk_screen._ratio_combine, SERIALFUNC = risk_screen._ratio_serial,
	DESERIALFUNC = risk_screen._ratio_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.duration(float8, float8, float8) IS
	'Macaulay duration in years: times of payment weighted by present value at an effective annual rate; NULL ignored, no value gives NULL';

CREATE FUNCTION risk_screen.duration_gap(assets float8, liabilities float8, leverage float8) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN assets - leverage * liabilities;
COMMENT ON FUNCTION risk_screen.duration_gap(float8, float8, float8) IS
	'Duration gap in years: duration of assets less liabilities over assets (leverage) times duration of liabilities';

CREATE FUNCTION risk_screen.equity_shock(duration_gap float8, rate float8, change float8) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN -duration_gap * change / (1 + rate);
COMMENT ON FUNCTION risk_screen.equity_shock(float8, float8, float8) IS
	'Change of equity as a share of total assets when rates move by `change`, first order: -gap x change / (1 + rate)';
