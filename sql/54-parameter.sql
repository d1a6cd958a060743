-- Parameters: every number of the plans as a row with its comparison, its
-- scope, its validity and its source. The most specific row wins.

CREATE TABLE risk_screen.parameter (
	code text NOT NULL CHECK (code <> ''),
	value numeric NOT NULL,
	operator text NOT NULL DEFAULT '=' CHECK (operator IN ('>=', '>', '<=', '<', '=', '<>')),
	sense text NOT NULL DEFAULT 'limit' CHECK (sense IN ('limit', 'hit', 'value')),
	unit text NOT NULL DEFAULT '',
	line text,
	region text,
	size text,
	licence text,
	key text,
	span numrange,
	valid_from date NOT NULL DEFAULT '-infinity',
	valid_to date NOT NULL DEFAULT 'infinity',
	known_from timestamptz NOT NULL DEFAULT pg_catalog.now(),
	title_zh text,
	title_en text,
	plan text,
	clause text,
	requirement text,
	source text NOT NULL DEFAULT 'own',
	builtin boolean NOT NULL DEFAULT false,
	CHECK (valid_from < valid_to),
	CHECK (NOT builtin OR known_from = '-infinity'),
	UNIQUE NULLS NOT DISTINCT (code, line, region, size, licence, key, span, valid_from, known_from, builtin)
);
COMMENT ON TABLE risk_screen.parameter IS
	'Thresholds and rates: effective-dated, scoped, with the comparison stored; your own rows win over shipped ones of the same scope';
COMMENT ON COLUMN risk_screen.parameter.operator IS 'how an observation is compared with value: 以上 is >=, 超 is >';
COMMENT ON COLUMN risk_screen.parameter.sense IS
	'limit: the comparison must hold, else breach; hit: the comparison being true is the hit; value: a number to compute with';
COMMENT ON COLUMN risk_screen.parameter.line IS 'business line (P2P, EC, INS, FUND, TRU, PAY, AM, AD, NAME, VC, FUT) or NULL: all';
COMMENT ON COLUMN risk_screen.parameter.region IS 'province or NULL: all';
COMMENT ON COLUMN risk_screen.parameter.size IS 'size class or NULL: all';
COMMENT ON COLUMN risk_screen.parameter.licence IS 'licensed business or NULL: all';
COMMENT ON COLUMN risk_screen.parameter.key IS 'name of the step in a step table, e.g. a rating; NULL: no steps';
COMMENT ON COLUMN risk_screen.parameter.span IS 'interval of the quantity that selects a step, e.g. the term in months; NULL: no steps';
COMMENT ON COLUMN risk_screen.parameter.valid_to IS 'first day on which the row no longer holds';
COMMENT ON COLUMN risk_screen.parameter.known_from IS 'when the row was entered: replaying an old day as known then ignores later rows';
COMMENT ON COLUMN risk_screen.parameter.source IS
	'plan: the source plan says so; general knowledge: public but not in the plans; product default: chosen by us; own: yours';
SELECT pg_catalog.pg_extension_config_dump('risk_screen.parameter', 'WHERE NOT builtin');
GRANT SELECT ON risk_screen.parameter TO PUBLIC;

CREATE FUNCTION risk_screen.parameter_at(code text, as_of date, line text DEFAULT NULL, region text DEFAULT NULL,
	size text DEFAULT NULL, licence text DEFAULT NULL, key text DEFAULT NULL, at numeric DEFAULT NULL,
	known_at timestamptz DEFAULT 'infinity') RETURNS risk_screen.parameter
	LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	chosen risk_screen.parameter;
BEGIN
	IF code IS NULL OR as_of IS NULL THEN
		RETURN NULL;
	END IF;
	SELECT p.* INTO chosen
	  FROM risk_screen.parameter p
	 WHERE p.code = parameter_at.code
	   AND p.valid_from <= as_of AND as_of < p.valid_to
	   AND p.known_from <= coalesce(known_at, 'infinity')
	   AND (p.line IS NULL OR p.line = parameter_at.line)
	   AND (p.region IS NULL OR p.region = parameter_at.region)
	   AND (p.size IS NULL OR p.size = parameter_at.size)
	   AND (p.licence IS NULL OR p.licence = parameter_at.licence)
	   AND (p.key IS NULL OR p.key = parameter_at.key)
	   AND (p.span IS NULL OR p.span @> parameter_at.at)
	 ORDER BY pg_catalog.num_nonnulls(p.line, p.region, p.size, p.licence, p.key, p.span) DESC,
			  (p.licence IS NULL), (p.line IS NULL), (p.region IS NULL), (p.size IS NULL),
			  p.builtin, p.valid_from DESC, p.known_from DESC, p.value
	 LIMIT 1;
	IF NOT FOUND AND NOT EXISTS (SELECT FROM risk_screen.parameter p WHERE p.code = parameter_at.code) THEN
		RAISE EXCEPTION 'there is no parameter "%"', code
			USING ERRCODE = 'undefined_object',
				  HINT = 'SELECT DISTINCT code FROM risk_screen.parameter lists them.';
	END IF;
	RETURN chosen;
END $$;
COMMENT ON FUNCTION risk_screen.parameter_at(text, date, text, text, text, text, text, numeric, timestamptz) IS
	'The parameter row that holds: valid on as_of, known by known_at, in scope; most specific first (number of scopes, then licence, line, region, size), own before shipped, later before earlier; NULL row if none';

CREATE FUNCTION risk_screen.parameter_value(code text, as_of date, line text DEFAULT NULL, region text DEFAULT NULL,
	size text DEFAULT NULL, licence text DEFAULT NULL, key text DEFAULT NULL, at numeric DEFAULT NULL,
	known_at timestamptz DEFAULT 'infinity') RETURNS numeric
	LANGUAGE sql STABLE PARALLEL SAFE COST 50
	RETURN (risk_screen.parameter_at(code, as_of, line, region, size, licence, key, at, known_at)).value;
COMMENT ON FUNCTION risk_screen.parameter_value(text, date, text, text, text, text, text, numeric, timestamptz) IS
	'Value of the parameter row that holds (see parameter_at); NULL if none holds on that day, an error if the code is unknown';

CREATE FUNCTION risk_screen.compare(observed numeric, operator text, threshold numeric) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	CASE operator
		WHEN '>=' THEN RETURN observed >= threshold;
		WHEN '>' THEN RETURN observed > threshold;
		WHEN '<=' THEN RETURN observed <= threshold;
		WHEN '<' THEN RETURN observed < threshold;
		WHEN '=' THEN RETURN observed = threshold;
		WHEN '<>' THEN RETURN observed <> threshold;
		ELSE
			RAISE EXCEPTION 'unknown comparison "%"', operator
				USING ERRCODE = 'invalid_parameter_value', HINT = 'Use >=, >, <=, <, = or <>.';
	END CASE;
END $$;
COMMENT ON FUNCTION risk_screen.compare(numeric, text, numeric) IS
	'observed <operator> threshold with a stored operator; NULL if any argument is NULL';

CREATE FUNCTION risk_screen.parameter_hit(observed numeric, code text, as_of date, line text DEFAULT NULL,
	region text DEFAULT NULL, size text DEFAULT NULL, licence text DEFAULT NULL, key text DEFAULT NULL,
	at numeric DEFAULT NULL, known_at timestamptz DEFAULT 'infinity') RETURNS boolean
	LANGUAGE plpgsql STABLE PARALLEL SAFE COST 60 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	p risk_screen.parameter := risk_screen.parameter_at(code, as_of, line, region, size, licence, key, at, known_at);
BEGIN
	IF p.sense = 'value' THEN
		RAISE EXCEPTION 'parameter "%" is a number to compute with, not a threshold', code
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Use risk_screen.parameter_value().';
	END IF;
	-- NULL observation or no row in force: neither hit nor clear
	RETURN risk_screen.compare(observed, p.operator, p.value) <> (p.sense = 'limit');
END $$;
COMMENT ON FUNCTION risk_screen.parameter_hit(numeric, text, date, text, text, text, text, text, numeric, timestamptz) IS
	'Whether an observation is a hit: the comparison holds (sense hit) or fails (sense limit); NULL observation or no parameter in force gives NULL';

CREATE FUNCTION risk_screen.rate_cap(contract_date date, term_months numeric, basis text DEFAULT 'plan')
	RETURNS numeric LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	multiple numeric := risk_screen.parameter_value('rate_cap', contract_date);
BEGIN
	CASE basis
		WHEN 'plan' THEN
			RETURN multiple * risk_screen.parameter_value('benchmark_rate', contract_date, at => term_months);
		WHEN 'court' THEN
			RETURN coalesce(risk_screen.parameter_value('court_rate_cap', contract_date),
				multiple * CASE WHEN contract_date >= date '2020-08-20'
					THEN risk_screen.parameter_value('lpr', contract_date, key => '1Y')
					ELSE risk_screen.parameter_value('benchmark_rate', contract_date, at => term_months) END);
		ELSE
			RAISE EXCEPTION 'unknown basis "%" of the rate cap', basis
				USING ERRCODE = 'invalid_parameter_value',
					  HINT = 'plan: 4 times the benchmark of the same date and term; court: the judicial limits as they changed.';
	END CASE;
END $$;
COMMENT ON FUNCTION risk_screen.rate_cap(date, numeric, text) IS
	'Highest annual rate of a contract (B15): basis plan = 4 times the benchmark of the same date and term (LPR since 2019-08-20), court = 4 times, then 24 %, then 4 times LPR 1Y; NULL before the series begins';

CREATE FUNCTION risk_screen.reserve_ratio(licences text[], rating text, as_of date, series text DEFAULT 'reserve_ratio')
	RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (SELECT max(risk_screen.parameter_value(series, as_of, licence => l, key => coalesce(rating, 'unrated')))
			  FROM unnest(coalesce(licences, ARRAY[NULL::text])) l);
COMMENT ON FUNCTION risk_screen.reserve_ratio(text[], text, date, text) IS
	'Share of client reserves to be deposited centrally (B19): the step of the rating, the highest over several licences; no rating counts as the highest step';
