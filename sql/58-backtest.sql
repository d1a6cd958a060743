-- Does a ruleset warn of the right institutions, early enough, and steadily?
-- And what would another version have said?

CREATE FUNCTION risk_screen.shadow_grade(facts text, ruleset_a text, ruleset_b text, as_of date,
	known_at timestamptz DEFAULT 'infinity', exemptions text DEFAULT NULL, overrides text DEFAULT NULL, checks text DEFAULT NULL,
	OUT entity text, OUT level_a risk_screen.risk_level, OUT level_b risk_screen.risk_level,
	OUT score_a numeric, OUT score_b numeric, OUT reasons_a jsonb, OUT reasons_b jsonb,
	OUT at_least_a risk_screen.risk_level, OUT at_least_b risk_screen.risk_level)
	RETURNS SETOF record LANGUAGE sql STABLE PARALLEL RESTRICTED COST 200000 ROWS 300
	BEGIN ATOMIC
		SELECT a.entity, a.level, b.level, a.score, b.score, a.reasons, b.reasons, a.at_least, b.at_least
		  FROM risk_screen.grade(facts, ruleset_a, as_of, known_at, exemptions, overrides, checks => checks) a
		  JOIN risk_screen.grade(facts, ruleset_b, as_of, known_at, exemptions, overrides, checks => checks) b ON b.entity = a.entity
		 ORDER BY a.entity COLLATE "C";
	END;
COMMENT ON FUNCTION risk_screen.shadow_grade(text, text, text, date, timestamptz, text, text, text) IS
	'The same facts under two rulesets or versions (name@2), side by side with reasons';

CREATE FUNCTION risk_screen.migration_matrix(facts text, ruleset_a text, ruleset_b text, as_of date,
	known_at timestamptz DEFAULT 'infinity', exemptions text DEFAULT NULL, overrides text DEFAULT NULL, checks text DEFAULT NULL,
	OUT level_a risk_screen.risk_level, OUT level_b risk_screen.risk_level, OUT entities bigint, OUT share float8)
	RETURNS SETOF record LANGUAGE sql STABLE PARALLEL RESTRICTED COST 200000 ROWS 25
	BEGIN ATOMIC
		SELECT a, b, count(s.entity),
			   count(s.entity)::float8 / NULLIF(sum(count(s.entity)) OVER (PARTITION BY a), 0)::float8
		  FROM unnest(enum_range(NULL::risk_screen.risk_level)) a
		 CROSS JOIN unnest(enum_range(NULL::risk_screen.risk_level)) b
		  LEFT JOIN risk_screen.shadow_grade(facts, ruleset_a, ruleset_b, as_of, known_at, exemptions, overrides, checks) s
			ON s.level_a = a AND s.level_b = b
		 GROUP BY a, b
		 ORDER BY a, b;
	END;
COMMENT ON FUNCTION risk_screen.migration_matrix(text, text, text, date, timestamptz, text, text, text) IS
	'How many entities move from which level under ruleset_a to which under ruleset_b: 5 x 5 rows, share of the row; to follow time instead, join two grade() calls';

CREATE FUNCTION risk_screen._auc_accum(internal, float8, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_auc_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._auc_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_auc_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._auc_serial(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_auc_serial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._auc_deserial(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_auc_deserial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._auc_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_auc_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.auc(score float8, failed boolean) (
	SFUNC = risk_screen._auc_accum, STYPE = internal, SSPACE = 512,
	FINALFUNC = risk_screen._auc_final,
	COMBINEFUNC = risk_screen._auc_combine, SERIALFUNC = risk_screen._auc_serial,
	DESERIALFUNC = risk_screen._auc_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.auc(float8, boolean) IS
	'Area under the ROC curve: chance that a failed one has the higher score, ties count half; NULL without both kinds; rows with NULL left out';

CREATE FUNCTION risk_screen.population_stability(expected float8[], actual float8[], floor_share float8 DEFAULT 0.0001) RETURNS float8
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	total_e float8 := (SELECT pg_catalog.sum(x) FROM pg_catalog.unnest(expected) x);
	total_a float8 := (SELECT pg_catalog.sum(x) FROM pg_catalog.unnest(actual) x);
BEGIN
	IF pg_catalog.cardinality(expected) <> pg_catalog.cardinality(actual) THEN
		RAISE EXCEPTION 'population_stability needs two arrays of equal length' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF NOT (total_e > 0 AND total_a > 0) THEN
		RETURN NULL;
	END IF;
	RETURN (SELECT pg_catalog.sum((p - q) * pg_catalog.ln(p / q))
			  FROM (SELECT GREATEST(e / total_e, floor_share) AS q, GREATEST(a / total_a, floor_share) AS p
					  FROM ROWS FROM (pg_catalog.unnest(expected), pg_catalog.unnest(actual)) u(e, a)) s);
END $$;
COMMENT ON FUNCTION risk_screen.population_stability(float8[], float8[], float8) IS
	'PSI between two distributions given as counts per bin: sum (p - q) ln(p / q); an empty bin counts as the share `floor_share`; usual cuts 0.1 and 0.25';

-- labels: a query (entity, failed_on date); failed_on NULL or no row: did not fail.
CREATE FUNCTION risk_screen.backtest(facts text, labels text, ruleset text, from_day date, to_day date,
	step interval DEFAULT '1 month', alarm risk_screen.risk_level DEFAULT 'orange', horizon interval DEFAULT '1 year',
	known_at timestamptz DEFAULT NULL, checks text DEFAULT NULL, exemptions text DEFAULT NULL, overrides text DEFAULT NULL,
	OUT measure text, OUT value float8, OUT detail text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE ROWS 20 AS $$
#variable_conflict use_column
DECLARE
	day date;
	days int := 0;
BEGIN
	IF from_day IS NULL OR to_day IS NULL OR step IS NULL OR from_day > to_day
	   OR from_day + step <= from_day THEN
		RAISE EXCEPTION 'backtest needs from_day up to to_day and a step forward' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF pg_catalog.to_regclass('pg_temp._backtest_label') IS NOT NULL THEN
		DROP TABLE pg_temp._backtest_label, pg_temp._backtest_grade;
	END IF;
	CREATE TEMPORARY TABLE _backtest_label (entity text PRIMARY KEY, failed_on date) ON COMMIT DROP;
	CREATE TEMPORARY TABLE _backtest_grade (day date, entity text, level risk_screen.risk_level, score numeric,
		reasons jsonb, PRIMARY KEY (entity, day)) ON COMMIT DROP;
	EXECUTE pg_catalog.format('INSERT INTO pg_temp._backtest_label SELECT l.entity::pg_catalog.text, l.failed_on::pg_catalog.date FROM (%s' || E'\n) l WHERE l.failed_on IS NOT NULL', risk_screen._query_text(labels, 'labels'));

	-- every day with what was known then, unless known_at says otherwise; failed ones leave
	FOR day IN SELECT d::date FROM pg_catalog.generate_series(from_day::timestamp, to_day::timestamp, step) d LOOP
		days := days + 1;
		INSERT INTO pg_temp._backtest_grade
		SELECT day, g.entity, greatest(g.level, g.at_least), g.score, g.reasons
		  FROM risk_screen.grade(facts, ruleset, day, coalesce(backtest.known_at, risk_screen.day_start(day + 1)),
			backtest.exemptions, backtest.overrides, checks => backtest.checks) g
		  LEFT JOIN pg_temp._backtest_label l ON l.entity = g.entity
		 WHERE l.failed_on IS NULL OR l.failed_on > day;
	END LOOP;
	ANALYZE pg_temp._backtest_grade;

	RETURN QUERY
	WITH observed AS (
		SELECT g.*, g.level >= alarm AS alarmed,
			   coalesce(l.failed_on <= g.day + horizon, false) AS failed, l.failed_on
		  FROM pg_temp._backtest_grade g LEFT JOIN pg_temp._backtest_label l ON l.entity = g.entity
	), confusion AS (
		SELECT count(*) FILTER (WHERE alarmed AND failed)::float8 AS tp,
			   count(*) FILTER (WHERE alarmed AND NOT failed)::float8 AS fp,
			   count(*) FILTER (WHERE NOT alarmed AND failed)::float8 AS fn,
			   count(*) FILTER (WHERE NOT alarmed AND NOT failed)::float8 AS tn,
			   risk_screen.auc(score::float8, failed) AS area
		  FROM observed
	), lead AS (
		SELECT l.entity, l.failed_on - min(o.day) FILTER (WHERE o.alarmed) AS days
		  FROM pg_temp._backtest_label l JOIN observed o ON o.entity = l.entity
		 GROUP BY l.entity, l.failed_on
	), steady AS (
		SELECT count(*) FILTER (WHERE turned)::float8 AS reversals, count(*)::float8 AS months
		  FROM (SELECT (level > before AND before < before2) OR (level < before AND before > before2) AS turned
				  FROM (SELECT level, lag(level) OVER w AS before, lag(level, 2) OVER w AS before2
						  FROM observed WINDOW w AS (PARTITION BY entity ORDER BY day)) x
				 WHERE before2 IS NOT NULL) y
	)
	SELECT a.name, a.number, a.text FROM (
	SELECT m.place, m.name, m.number, m.text FROM confusion c, LATERAL (VALUES
		(1, 'days', days::float8, 'days graded'),
		(2, 'observations', c.tp + c.fp + c.fn + c.tn, 'entity and day'),
		(3, 'hits', c.tp, 'alarmed and failed within the horizon'),
		(4, 'false_alarms', c.fp, 'alarmed and did not fail within the horizon'),
		(5, 'misses', c.fn, 'failed within the horizon without alarm'),
		(6, 'correct_silence', c.tn, 'no alarm, no failure'),
		(7, 'precision', c.tp / NULLIF(c.tp + c.fp, 0), 'hits / alarms'),
		(8, 'recall', c.tp / NULLIF(c.tp + c.fn, 0), 'hits / failures'),
		(9, 'noise_to_signal', (c.fp / NULLIF(c.fp + c.tn, 0)) / NULLIF(c.tp / NULLIF(c.tp + c.fn, 0), 0), 'false-alarm rate / recall'),
		(10, 'auc', c.area, 'score against failure, ties half'),
		(11, 'lead_days_median', (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY l.days) FROM lead l), 'first alarm to failure, failures with an alarm'),
		(12, 'failures_warned', (SELECT count(l.days)::float8 / NULLIF(count(*), 0) FROM lead l), 'share of failures with any alarm before'),
		(13, 'stability', (SELECT 1 - s.reversals / NULLIF(s.months, 0) FROM steady s), 'share of steps without a reversal of direction')
	) m(place, name, number, text)
	UNION ALL
	SELECT 14, 'rule ' || r.code, r.hits,
		   pg_catalog.format('precision %s', pg_catalog.round((r.good / r.hits)::numeric, 4))
	  FROM (SELECT e.value ->> 'code' AS code, count(*)::float8 AS hits, count(*) FILTER (WHERE o.failed)::float8 AS good
			  FROM observed o, LATERAL pg_catalog.jsonb_array_elements(o.reasons) e
			 WHERE e.value ? 'threshold'
			 GROUP BY 1) r
	) a ORDER BY a.place, a.name COLLATE "C";
	DROP TABLE pg_temp._backtest_label, pg_temp._backtest_grade;
END $$;
COMMENT ON FUNCTION risk_screen.backtest(text, text, text, date, date, interval, risk_screen.risk_level, interval, timestamptz, text, text, text) IS
	'Grades every step of a period with what was known then and compares with labels (entity, failed_on): hits, misses, precision, recall, noise-to-signal, AUC, lead time, stability, and per rule its hits and their precision';
