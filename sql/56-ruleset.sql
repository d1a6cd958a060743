-- Rulesets: what is measured, which bands of a value mean what, when a score
-- is yellow, orange, red. A version never changes once it has been activated.

CREATE TABLE risk_screen.ruleset (
	ruleset text NOT NULL CHECK (ruleset <> '' AND ruleset !~ '@'),
	version int NOT NULL CHECK (version > 0),
	title_zh text,
	title_en text,
	min_coverage numeric NOT NULL DEFAULT 0.8 CHECK (min_coverage BETWEEN 0 AND 1),
	margin numeric NOT NULL DEFAULT 0 CHECK (margin >= 0),
	candidate_share numeric NOT NULL DEFAULT 0.5 CHECK (candidate_share BETWEEN 0 AND 1),
	note text,
	author text NOT NULL DEFAULT CURRENT_USER,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	builtin boolean NOT NULL DEFAULT false,
	PRIMARY KEY (ruleset, version)
);
COMMENT ON TABLE risk_screen.ruleset IS 'Versions of rulesets; immutable once activated: copy_ruleset() makes the next one';
COMMENT ON COLUMN risk_screen.ruleset.min_coverage IS 'below this share of the weights available, green becomes unknown';
COMMENT ON COLUMN risk_screen.ruleset.margin IS 'points by which a score must fall below a level before sticky_level may lower it';
COMMENT ON COLUMN risk_screen.ruleset.candidate_share IS 'share of its points that a hit counts while nobody has confirmed it; its floor is one level lower';

CREATE TABLE risk_screen.ruleset_level (
	ruleset text NOT NULL,
	version int NOT NULL,
	level risk_screen.risk_level NOT NULL CHECK (level > 'unknown'),
	score numeric NOT NULL CHECK (score > 0 AND score < 1e12),
	rule_points numeric CHECK (rule_points >= 0 AND rule_points <= 1e6),
	PRIMARY KEY (ruleset, version, level),
	FOREIGN KEY (ruleset, version) REFERENCES risk_screen.ruleset
);
COMMENT ON TABLE risk_screen.ruleset_level IS 'Score from which (inclusive) a level is reached; below the lowest it is green';
COMMENT ON COLUMN risk_screen.ruleset_level.rule_points IS 'points of a rule of this severity that the version does not name, but the register of checks does; its severity is its floor; NULL: such rules are not judged';

CREATE TABLE risk_screen.ruleset_rule (
	ruleset text NOT NULL,
	version int NOT NULL,
	rule text NOT NULL CHECK (rule <> ''),
	indicator text NOT NULL CHECK (indicator <> ''),
	kind text NOT NULL DEFAULT 'indicator' CHECK (kind IN ('indicator', 'red line')),
	title_zh text,
	title_en text,
	direction text NOT NULL DEFAULT 'high' CHECK (direction IN ('high', 'low', 'any')),
	weight numeric NOT NULL DEFAULT 1 CHECK (weight >= 0 AND weight <= 1e6),
	lines text[],
	required boolean NOT NULL DEFAULT true,
	overridable boolean NOT NULL DEFAULT true,
	max_age int CHECK (max_age >= 0),
	missing_points numeric NOT NULL DEFAULT 0 CHECK (missing_points >= 0 AND missing_points <= 1e6),
	missing_floor risk_screen.risk_level,
	value_range numrange NOT NULL DEFAULT '(,)',
	unit text NOT NULL DEFAULT '',
	plan text,
	clause text,
	requirement text,
	on_missing text NOT NULL DEFAULT 'unknown' CONSTRAINT on_missing_keeps_the_level CHECK (on_missing IN ('unknown', 'worst')),
	PRIMARY KEY (ruleset, version, rule),
	FOREIGN KEY (ruleset, version) REFERENCES risk_screen.ruleset
);
COMMENT ON TABLE risk_screen.ruleset_rule IS 'Rules of a version: which indicator, how heavy, what missing data mean';
COMMENT ON COLUMN risk_screen.ruleset_rule.indicator IS 'indicator of the facts query that the rule reads; several rules may read one';
COMMENT ON COLUMN risk_screen.ruleset_rule.direction IS 'high: larger is worse; low: smaller is worse; any: bands say';
COMMENT ON COLUMN risk_screen.ruleset_rule.lines IS 'business lines the rule applies to; NULL: all. An institution of unknown line is judged by every rule';
COMMENT ON COLUMN risk_screen.ruleset_rule.required IS 'without its data the institution cannot be green';
COMMENT ON COLUMN risk_screen.ruleset_rule.overridable IS 'false: a hit''s floor cannot be lowered by an override';
COMMENT ON COLUMN risk_screen.ruleset_rule.max_age IS 'days after which a fact is stale and counts as missing; NULL: never';
COMMENT ON COLUMN risk_screen.ruleset_rule.on_missing IS 'unknown: without its data the level is unknown wherever the data could make it worse; worst: counts as its worst band. There is no way to ignore missing data: record that a rule does not apply (lines, applicable = false, an exemption)';
COMMENT ON COLUMN risk_screen.ruleset_rule.missing_points IS 'points (before weight) when data are missing or stale';
COMMENT ON COLUMN risk_screen.ruleset_rule.missing_floor IS 'least level when data are missing or stale';
COMMENT ON COLUMN risk_screen.ruleset_rule.value_range IS 'values the indicator can take, e.g. [0,1]; check_ruleset() finds bands outside it';

CREATE TABLE risk_screen.ruleset_band (
	ruleset text NOT NULL,
	version int NOT NULL,
	rule text NOT NULL,
	band int NOT NULL,
	span numrange,
	parameter text,
	factor numeric NOT NULL DEFAULT 1 CHECK (factor > 0),
	points numeric NOT NULL DEFAULT 0 CHECK (points >= 0 AND points <= 1e6),
	floor risk_screen.risk_level CHECK (floor > 'unknown'),
	outcome text NOT NULL DEFAULT 'hit',
	reason_zh text,
	reason_en text,
	PRIMARY KEY (ruleset, version, rule, band),
	FOREIGN KEY (ruleset, version, rule) REFERENCES risk_screen.ruleset_rule,
	CHECK (pg_catalog.num_nonnulls(span, parameter) = 1),
	CHECK (NOT pg_catalog.isempty(span))
);
COMMENT ON TABLE risk_screen.ruleset_band IS
	'Outcomes of a rule: values in the band give points and perhaps a least level; a value in no band is no hit';
COMMENT ON COLUMN risk_screen.ruleset_band.span IS 'interval with its ends, [0.3,0.5) or [50,); NULL: the parameter says';
COMMENT ON COLUMN risk_screen.ruleset_band.parameter IS 'the band is where this parameter, as valid on the day and in the segment, is hit or breached';
COMMENT ON COLUMN risk_screen.ruleset_band.factor IS 'multiplies the parameter, e.g. 0.8 for an early warning';
COMMENT ON COLUMN risk_screen.ruleset_band.floor IS 'level that a value in this band at least gives (red line)';

CREATE TABLE risk_screen.ruleset_activation (
	ruleset text NOT NULL,
	version int NOT NULL,
	active_from date NOT NULL,
	known_from timestamptz NOT NULL DEFAULT pg_catalog.now(),
	author text NOT NULL DEFAULT CURRENT_USER,
	reason text,
	content_hash text NOT NULL,
	builtin boolean NOT NULL DEFAULT false,
	PRIMARY KEY (ruleset, active_from, known_from),
	FOREIGN KEY (ruleset, version) REFERENCES risk_screen.ruleset
);
COMMENT ON TABLE risk_screen.ruleset_activation IS
	'Which version judges which days; rows are only added, so that an old day is replayed with the version known then';

COMMENT ON COLUMN risk_screen.ruleset_activation.content_hash IS
	'ruleset_hash() of the version when it was activated: shows any change made past the protection';

SELECT pg_catalog.pg_extension_config_dump('risk_screen.ruleset', 'WHERE NOT builtin');
SELECT pg_catalog.pg_extension_config_dump('risk_screen.ruleset_level',
	'WHERE NOT EXISTS (SELECT FROM risk_screen.ruleset r WHERE (r.ruleset, r.version) = (ruleset_level.ruleset, ruleset_level.version) AND r.builtin)');
SELECT pg_catalog.pg_extension_config_dump('risk_screen.ruleset_rule',
	'WHERE NOT EXISTS (SELECT FROM risk_screen.ruleset r WHERE (r.ruleset, r.version) = (ruleset_rule.ruleset, ruleset_rule.version) AND r.builtin)');
SELECT pg_catalog.pg_extension_config_dump('risk_screen.ruleset_band',
	'WHERE NOT EXISTS (SELECT FROM risk_screen.ruleset r WHERE (r.ruleset, r.version) = (ruleset_band.ruleset, ruleset_band.version) AND r.builtin)');
SELECT pg_catalog.pg_extension_config_dump('risk_screen.ruleset_activation', 'WHERE NOT builtin');
GRANT SELECT ON risk_screen.ruleset, risk_screen.ruleset_level, risk_screen.ruleset_rule,
	risk_screen.ruleset_band, risk_screen.ruleset_activation TO PUBLIC;

-- ---- reading a version ----

-- 'name' is the version active on as_of as known by known_at; 'name@3' is version 3.
CREATE FUNCTION risk_screen.ruleset_version(ruleset text, as_of date, known_at timestamptz DEFAULT 'infinity')
	RETURNS risk_screen.ruleset LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wanted text := pg_catalog.split_part(ruleset, '@', 1);
	number text := NULLIF(pg_catalog.split_part(ruleset, '@', 2), '');
	chosen risk_screen.ruleset;
BEGIN
	IF number IS NOT NULL AND number ~ '^[0-9]{1,9}$' THEN
		SELECT r.* INTO chosen FROM risk_screen.ruleset r WHERE r.ruleset = wanted AND r.version = number::int;
	ELSIF number IS NULL THEN
		SELECT r.* INTO chosen
		  FROM risk_screen.ruleset_activation a
		  JOIN risk_screen.ruleset r ON r.ruleset = a.ruleset AND r.version = a.version
		 WHERE a.ruleset = wanted AND a.active_from <= as_of AND a.known_from <= known_at
		 ORDER BY a.active_from DESC, a.known_from DESC LIMIT 1;
	END IF;
	IF chosen.ruleset IS NULL THEN
		IF number IS NULL AND EXISTS (SELECT FROM risk_screen.ruleset r WHERE r.ruleset = wanted) THEN
			RAISE EXCEPTION 'ruleset "%" has no version active on %', wanted, as_of
				USING ERRCODE = 'undefined_object',
					  HINT = 'Activate a version with risk_screen.activate_ruleset(), or name one, as in ''name@1''.';
		END IF;
		RAISE EXCEPTION 'there is no ruleset "%"', ruleset
			USING ERRCODE = 'undefined_object', HINT = 'SELECT ruleset, version FROM risk_screen.ruleset lists them.';
	END IF;
	RETURN chosen;
END $$;
COMMENT ON FUNCTION risk_screen.ruleset_version(text, date, timestamptz) IS
	'The version that judges a day: ''name'' = active then as known by known_at, ''name@3'' = version 3; an error if there is none';

CREATE FUNCTION risk_screen._ruleset_rules(ruleset text, version int)
	RETURNS TABLE (rule text, indicator text, kind text, title_zh text, title_en text, direction text,
		weight numeric, lines text[], required boolean, overridable boolean, max_age int, missing_points numeric,
		missing_floor text, unit text, basis text, plan text, on_missing text)
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT r.rule, r.indicator, r.kind, r.title_zh, r.title_en, r.direction, r.weight, r.lines, r.required,
			   r.overridable, r.max_age, r.missing_points, r.missing_floor::text, r.unit, r.clause, r.plan, r.on_missing
		  FROM risk_screen.ruleset_rule r
		 WHERE r.ruleset = _ruleset_rules.ruleset AND r.version = _ruleset_rules.version
		 ORDER BY r.rule COLLATE "C";
	END;

-- Bands as intervals, those of parameters resolved for a day and a segment. A
-- parameter that is not in force then has an empty band: NULL points.
CREATE FUNCTION risk_screen._ruleset_bands(ruleset text, version int, as_of date, known_at timestamptz,
		line text DEFAULT NULL, region text DEFAULT NULL, size text DEFAULT NULL, licence text DEFAULT NULL)
	RETURNS TABLE (rule text, band int, low float8, low_closed boolean, high float8, high_closed boolean,
		points numeric, floor text, outcome text, operator text, threshold float8, reason_zh text, reason_en text,
		parameter text, resolved boolean)
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
		WITH b AS (
			SELECT b.*, p.value * b.factor AS edge,
				   CASE WHEN p.sense = 'limit'
						THEN CASE p.operator WHEN '>=' THEN '<' WHEN '>' THEN '<=' WHEN '<=' THEN '>' WHEN '<' THEN '>='
								WHEN '=' THEN '<>' ELSE '=' END
						ELSE p.operator END AS op,
				   r.direction
			  FROM risk_screen.ruleset_band b
			  JOIN risk_screen.ruleset_rule r USING (ruleset, version, rule)
			  LEFT JOIN LATERAL risk_screen.parameter_at(b.parameter, as_of, line, region, size, licence,
				known_at => known_at) p ON b.parameter IS NOT NULL
			 WHERE b.ruleset = _ruleset_bands.ruleset AND b.version = _ruleset_bands.version
		), i AS (
			SELECT b.*, s.span AS pieces, s.op AS shown
			  FROM b, LATERAL (
				SELECT b.span, NULL::text AS op WHERE b.parameter IS NULL
				UNION ALL SELECT numrange(b.edge, NULL, '[)'), '>=' WHERE b.op = '>='
				UNION ALL SELECT numrange(b.edge, NULL, '()'), '>' WHERE b.op = '>'
				UNION ALL SELECT numrange(NULL, b.edge, '(]'), '<=' WHERE b.op = '<='
				UNION ALL SELECT numrange(NULL, b.edge, '()'), '<' WHERE b.op = '<'
				UNION ALL SELECT numrange(b.edge, b.edge, '[]'), '=' WHERE b.op = '='
				UNION ALL SELECT numrange(NULL, b.edge, '()'), '<>' WHERE b.op = '<>'
				UNION ALL SELECT numrange(b.edge, NULL, '()'), '<>' WHERE b.op = '<>'
				UNION ALL SELECT NULL, NULL WHERE b.parameter IS NOT NULL AND b.edge IS NULL
			) s
		)
		SELECT i.rule, i.band, coalesce(lower(i.pieces)::float8, '-infinity'), lower_inc(i.pieces),
			   coalesce(upper(i.pieces)::float8, 'infinity'), upper_inc(i.pieces),
			   i.points, i.floor::text, i.outcome,
			   coalesce(i.shown,
				 CASE WHEN i.direction <> 'low' AND NOT lower_inf(i.pieces)
					  THEN CASE WHEN lower_inc(i.pieces) THEN '>=' ELSE '>' END
					  WHEN NOT upper_inf(i.pieces) THEN CASE WHEN upper_inc(i.pieces) THEN '<=' ELSE '<' END
					  WHEN NOT lower_inf(i.pieces) THEN CASE WHEN lower_inc(i.pieces) THEN '>=' ELSE '>' END END),
			   coalesce(i.edge, CASE WHEN i.direction <> 'low' AND NOT lower_inf(i.pieces) THEN lower(i.pieces)
									 WHEN NOT upper_inf(i.pieces) THEN upper(i.pieces) ELSE lower(i.pieces) END)::float8,
			   i.reason_zh, i.reason_en, i.parameter, i.pieces IS NOT NULL
		  FROM i
		 ORDER BY i.rule COLLATE "C", i.band, i.pieces;
	END;

-- Is a worse value ever milder? Each rule is judged at every edge of its bands,
-- between every two of them and beyond the last, within value_range.
CREATE FUNCTION risk_screen._ruleset_order(ruleset text, version int, as_of date, line text, region text, size text, licence text)
	RETURNS TABLE (severity text, rule text, finding text, detail text, by_parameter boolean)
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
		WITH r AS (
			SELECT r.rule, r.direction, r.value_range FROM risk_screen.ruleset_rule r
			 WHERE r.ruleset = _ruleset_order.ruleset AND r.version = _ruleset_order.version
			   AND (r.lines IS NULL OR _ruleset_order.line IS NULL OR _ruleset_order.line = ANY (r.lines))
		), e AS (
			SELECT e.rule, e.band, e.low, e.low_closed, e.high, e.high_closed, e.points,
				   coalesce(e.floor::risk_screen.risk_level, 'green') AS floor, e.parameter
			  FROM risk_screen._ruleset_bands(ruleset, version, as_of, 'infinity', line, region, size, licence) e
			 WHERE e.resolved
		), edge AS (
			SELECT e.rule, e.low AS x FROM e WHERE e.low > '-infinity'
			 UNION SELECT e.rule, e.high FROM e WHERE e.high < 'infinity'
			 UNION SELECT r.rule, lower(r.value_range)::float8 FROM r WHERE NOT lower_inf(r.value_range) AND EXISTS (SELECT FROM e WHERE e.rule = r.rule)
			 UNION SELECT r.rule, upper(r.value_range)::float8 FROM r WHERE NOT upper_inf(r.value_range) AND EXISTS (SELECT FROM e WHERE e.rule = r.rule)
		), x AS (
			SELECT edge.rule, edge.x FROM edge
			 UNION SELECT n.rule, n.x / 2 + n.next / 2 FROM (SELECT edge.rule, edge.x, lead(edge.x) OVER (PARTITION BY edge.rule ORDER BY edge.x) AS next FROM edge) n WHERE n.next IS NOT NULL
			 UNION SELECT edge.rule, min(edge.x) - 1 FROM edge GROUP BY 1
			 UNION SELECT edge.rule, max(edge.x) + 1 FROM edge GROUP BY 1
		), at AS (
			SELECT x.rule, x.x, r.direction, b.band, coalesce(b.points, 0) AS points, coalesce(b.floor, 'green') AS floor,
				   CASE r.direction WHEN 'low' THEN -x.x ELSE x.x END AS place
			  FROM x JOIN r ON r.rule = x.rule
			  LEFT JOIN LATERAL (
				SELECT e.band, e.points, e.floor FROM e
				 WHERE e.rule = x.rule AND (x.x > e.low OR x.x = e.low AND e.low_closed) AND (x.x < e.high OR x.x = e.high AND e.high_closed)
				 ORDER BY e.floor DESC, e.points DESC LIMIT 1) b ON true
			 WHERE r.value_range @> x.x::numeric
		), seen AS (
			SELECT at.*, max(at.points) OVER before AS worse_points, max(at.floor) OVER before AS worse_floor, count(at.band) OVER before AS hits_before,
				   count(at.band) OVER (PARTITION BY at.rule ORDER BY at.place ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS hits_after,
				   EXISTS (SELECT FROM e WHERE e.rule = at.rule AND e.parameter IS NOT NULL) AS by_parameter
			  FROM at WINDOW before AS (PARTITION BY at.rule ORDER BY at.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
		)
		SELECT DISTINCT ON (f.rule, f.finding) f.severity, f.rule, f.finding, f.detail, f.by_parameter
		  FROM (
			SELECT CASE s.direction WHEN 'any' THEN 'warning' ELSE 'error' END AS severity, s.rule, 'gap' AS finding,
				   format('%s lies between bands and is in none: no hit', s.x) AS detail, s.by_parameter, s.place
			  FROM seen s WHERE s.band IS NULL AND s.hits_before > 0 AND s.hits_after > 0
			 UNION ALL
			SELECT 'error', s.rule, 'not monotone',
				   CASE WHEN s.band IS NULL THEN format('%s is in no band, although the direction "%s" makes it worse than values that are', s.x, s.direction)
						ELSE format('%s is in band %s, milder than values that the direction "%s" makes less bad', s.x, s.band, s.direction) END, s.by_parameter, s.place
			  FROM seen s
			 WHERE s.direction <> 'any' AND (s.points < s.worse_points OR s.floor < s.worse_floor) AND NOT (s.band IS NULL AND s.hits_after > 0)
		  ) f
		 ORDER BY f.rule, f.finding, f.place;
	END;

-- ---- changing and checking ----

CREATE FUNCTION risk_screen.check_ruleset(ruleset text, version int, as_of date DEFAULT NULL)
	RETURNS TABLE (severity text, rule text, finding text, detail text)
	LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	name text := ruleset;
	number int := version;
	day date := coalesce(as_of, date '2000-01-01');
	best numeric;
BEGIN
	IF NOT EXISTS (SELECT FROM risk_screen.ruleset r WHERE r.ruleset = name AND r.version = number) THEN
		RAISE EXCEPTION 'there is no version % of ruleset "%"', number, name USING ERRCODE = 'undefined_object',
			HINT = 'SELECT ruleset, version FROM risk_screen.ruleset lists them.';
	END IF;

	RETURN QUERY
	SELECT 'error', NULL::text, 'changed after activation', pg_catalog.format('activated for %s with other content', a.active_from)
	  FROM risk_screen.ruleset_activation a
	 WHERE a.ruleset = name AND a.version = number AND a.content_hash <> risk_screen.ruleset_hash(name, number);

	-- levels
	RETURN QUERY
	SELECT 'error', NULL::text, 'missing level', pg_catalog.format('no score is set for %s', l)
	  FROM pg_catalog.unnest('{yellow,orange,red}'::risk_screen.risk_level[]) l
	 WHERE NOT EXISTS (SELECT FROM risk_screen.ruleset_level v
						WHERE v.ruleset = name AND v.version = number AND v.level = l);
	RETURN QUERY
	SELECT 'error', NULL::text, 'levels out of order',
		   pg_catalog.format('%s begins at %s, not above the level before it', v.level, v.score)
	  FROM (SELECT l.level, l.score, pg_catalog.lag(l.score) OVER (ORDER BY l.level) AS before
			  FROM risk_screen.ruleset_level l WHERE l.ruleset = name AND l.version = number) v
	 WHERE v.score <= v.before;
	SELECT coalesce(pg_catalog.sum(r.weight * GREATEST(r.missing_points,
			(SELECT max(b.points) FROM risk_screen.ruleset_band b
			  WHERE (b.ruleset, b.version, b.rule) = (r.ruleset, r.version, r.rule)))), 0) INTO best
	  FROM risk_screen.ruleset_rule r WHERE r.ruleset = name AND r.version = number;
	RETURN QUERY
	SELECT 'warning', NULL::text, 'unreachable level',
		   pg_catalog.format('%s needs a score of %s, all rules together give %s', l.level, l.score, best)
	  FROM risk_screen.ruleset_level l
	 WHERE l.ruleset = name AND l.version = number AND l.score > best;

	RETURN QUERY
	SELECT 'error', NULL::text, 'rule points out of order',
		   pg_catalog.format('a rule of severity %s has fewer points than one of a lower severity', v.level)
	  FROM (SELECT l.level, l.rule_points, pg_catalog.max(l.rule_points) OVER (ORDER BY l.level ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
			  FROM risk_screen.ruleset_level l WHERE l.ruleset = name AND l.version = number) v
	 WHERE v.rule_points < v.before OR (v.rule_points IS NULL AND v.before IS NOT NULL);

	-- rules
	RETURN QUERY
	SELECT 'error', NULL::text, 'no rules', 'the version judges nothing'
	 WHERE NOT EXISTS (SELECT FROM risk_screen.ruleset_rule r WHERE r.ruleset = name AND r.version = number);
	RETURN QUERY
	SELECT 'error', r.rule, 'no bands', 'no value of the indicator can have an outcome'
	  FROM risk_screen.ruleset_rule r
	 WHERE r.ruleset = name AND r.version = number
	   AND NOT EXISTS (SELECT FROM risk_screen.ruleset_band b
						WHERE (b.ruleset, b.version, b.rule) = (r.ruleset, r.version, r.rule));
	RETURN QUERY
	SELECT 'error', r.rule, 'missing weight', 'weight is zero and no band has a floor: the rule changes nothing'
	  FROM risk_screen.ruleset_rule r
	 WHERE r.ruleset = name AND r.version = number AND r.weight = 0
	   AND r.missing_floor IS NULL
	   AND NOT EXISTS (SELECT FROM risk_screen.ruleset_band b
						WHERE (b.ruleset, b.version, b.rule) = (r.ruleset, r.version, r.rule) AND b.floor IS NOT NULL);
	RETURN QUERY
	SELECT 'warning', r.rule, 'red line without floor', 'kind is red line, but no band sets a least level'
	  FROM risk_screen.ruleset_rule r
	 WHERE r.ruleset = name AND r.version = number AND r.kind = 'red line'
	   AND NOT EXISTS (SELECT FROM risk_screen.ruleset_band b
						WHERE (b.ruleset, b.version, b.rule) = (r.ruleset, r.version, r.rule) AND b.floor IS NOT NULL);

	-- bands
	RETURN QUERY
	SELECT 'error', b.rule, 'unknown parameter', pg_catalog.format('band %s names parameter "%s"', b.band, b.parameter)
	  FROM risk_screen.ruleset_band b
	 WHERE b.ruleset = name AND b.version = number AND b.parameter IS NOT NULL
	   AND NOT EXISTS (SELECT FROM risk_screen.parameter p WHERE p.code = b.parameter);
	IF FOUND THEN
		RETURN;
	END IF;
	RETURN QUERY
	SELECT 'error', b.rule, 'parameter is not a threshold', pg_catalog.format('band %s names parameter "%s"', b.band, b.parameter)
	  FROM risk_screen.ruleset_band b
	 WHERE b.ruleset = name AND b.version = number AND b.parameter IS NOT NULL
	   AND NOT EXISTS (SELECT FROM risk_screen.parameter p WHERE p.code = b.parameter AND p.sense <> 'value');
	RETURN QUERY
	SELECT DISTINCT 'warning', r.rule, 'parameter not in force', pg_catalog.format('band %s is empty on %s%s', b.band, day, ' in line ' || l)
	  FROM risk_screen.ruleset_rule r
	  JOIN risk_screen.ruleset_band b USING (ruleset, version, rule)
	 CROSS JOIN LATERAL pg_catalog.unnest(coalesce(r.lines, ARRAY[NULL::text])) l
	 WHERE r.ruleset = name AND r.version = number AND b.parameter IS NOT NULL
	   AND risk_screen.parameter_value(b.parameter, day, l) IS NULL;
	RETURN QUERY
	SELECT 'error', x.rule, 'overlap', pg_catalog.format('bands %s and %s share values', x.band, y.band)
	  FROM risk_screen._ruleset_bands(name, number, day, 'infinity') x
	  JOIN risk_screen._ruleset_bands(name, number, day, 'infinity') y
		ON x.rule = y.rule AND x.band < y.band
	 WHERE x.resolved AND y.resolved
	   AND (x.parameter IS NULL OR y.parameter IS NULL)	-- multiples of parameters nest: the worse band counts
	   AND (x.low < y.high OR (x.low = y.high AND x.low_closed AND y.high_closed))
	   AND (y.low < x.high OR (y.low = x.high AND y.low_closed AND x.high_closed));
	RETURN QUERY
	SELECT 'warning', r.rule, 'out of range', pg_catalog.format('band %s lies outside the values %s', b.band, r.value_range)
	  FROM risk_screen.ruleset_rule r
	  JOIN risk_screen.ruleset_band b USING (ruleset, version, rule)
	 WHERE r.ruleset = name AND r.version = number AND b.span IS NOT NULL AND NOT b.span && r.value_range;
	-- order of the bands, in every segment and from every day on that parameters tell apart
	RETURN QUERY
	WITH named AS MATERIALIZED (
		SELECT p.* FROM risk_screen.parameter p
		 WHERE p.code IN (SELECT b.parameter FROM risk_screen.ruleset_band b WHERE b.ruleset = name AND b.version = number)
	)
	SELECT s.severity, s.rule, s.finding, pg_catalog.min(s.detail || CASE WHEN s.by_parameter
				THEN pg_catalog.format(' (on %s%s)', d.day, pg_catalog.concat_ws(', ', '', a.line, b.region, c.size, e.licence)) ELSE '' END)
	  FROM (SELECT day AS day
			 UNION SELECT n.valid_from FROM named n WHERE n.valid_from > day
			 UNION SELECT n.valid_to FROM named n WHERE n.valid_to > day AND n.valid_to < 'infinity') d
	 CROSS JOIN (SELECT NULL::text UNION SELECT n.line FROM named n) a(line)
	 CROSS JOIN (SELECT NULL::text UNION SELECT n.region FROM named n) b(region)
	 CROSS JOIN (SELECT NULL::text UNION SELECT n.size FROM named n) c(size)
	 CROSS JOIN (SELECT NULL::text UNION SELECT n.licence FROM named n) e(licence)
	 CROSS JOIN LATERAL risk_screen._ruleset_order(name, number, d.day, a.line, b.region, c.size, e.licence) s
	 GROUP BY s.severity, s.rule, s.finding, s.by_parameter;
END $$;
COMMENT ON FUNCTION risk_screen.check_ruleset(text, int, date) IS
	'What is wrong with a version before it is activated: missing or disordered levels, rules without bands, weight or floor, unknown parameters, overlaps, gaps and bands against the direction on any day and in any segment that the parameters on record tell apart (errors; gaps of direction any, unreachable levels, bands out of range: warnings)';

CREATE FUNCTION risk_screen.copy_ruleset(ruleset text, version int, new_ruleset text, new_version int, note text DEFAULT NULL)
	RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	name text := copy_ruleset.ruleset;
	number int := copy_ruleset.version;
BEGIN
	INSERT INTO risk_screen.ruleset (ruleset, version, title_zh, title_en, min_coverage, margin, candidate_share, note)
	SELECT new_ruleset, new_version, r.title_zh, r.title_en, r.min_coverage, r.margin, r.candidate_share, copy_ruleset.note
	  FROM risk_screen.ruleset r WHERE r.ruleset = name AND r.version = number;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no version % of ruleset "%"', number, name USING ERRCODE = 'undefined_object',
			HINT = 'SELECT ruleset, version FROM risk_screen.ruleset lists them.';
	END IF;
	INSERT INTO risk_screen.ruleset_level
	SELECT new_ruleset, new_version, l.level, l.score, l.rule_points
	  FROM risk_screen.ruleset_level l WHERE l.ruleset = name AND l.version = number;
	INSERT INTO risk_screen.ruleset_rule
	SELECT (pg_catalog.jsonb_populate_record(r, pg_catalog.jsonb_build_object('ruleset', new_ruleset, 'version', new_version))).*
	  FROM risk_screen.ruleset_rule r WHERE r.ruleset = name AND r.version = number;
	INSERT INTO risk_screen.ruleset_band
	SELECT (pg_catalog.jsonb_populate_record(b, pg_catalog.jsonb_build_object('ruleset', new_ruleset, 'version', new_version))).*
	  FROM risk_screen.ruleset_band b WHERE b.ruleset = name AND b.version = number;
END $$;
COMMENT ON FUNCTION risk_screen.copy_ruleset(text, int, text, int, text) IS
	'Copies a version with its levels, rules and bands as a new draft version that may be changed';

CREATE FUNCTION risk_screen.activate_ruleset(ruleset text, version int, active_from date, reason text DEFAULT NULL)
	RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wrong text;
BEGIN
	SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', c.rule, c.finding, '(' || c.detail || ')'), '; ') INTO wrong
	  FROM risk_screen.check_ruleset(activate_ruleset.ruleset, activate_ruleset.version, active_from) c
	 WHERE c.severity = 'error';
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'version % of ruleset "%" has errors', version, ruleset
			USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = wrong,
				  HINT = 'risk_screen.check_ruleset() lists them.';
	END IF;
	INSERT INTO risk_screen.ruleset_activation (ruleset, version, active_from, known_from, reason, content_hash)
	VALUES (activate_ruleset.ruleset, activate_ruleset.version, activate_ruleset.active_from,
			pg_catalog.clock_timestamp(), activate_ruleset.reason,
			risk_screen.ruleset_hash(activate_ruleset.ruleset, activate_ruleset.version));
END $$;
COMMENT ON FUNCTION risk_screen.activate_ruleset(text, int, date, text) IS
	'Makes a version judge the days from active_from on; refused while check_ruleset() finds errors; from then on the version cannot be changed';

CREATE FUNCTION risk_screen.ruleset_hash(ruleset text, version int) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
		SELECT encode(sha256(convert_to(concat_ws(E'\n',
			(SELECT jsonb_build_array(r.ruleset, r.version, r.min_coverage, r.margin, r.candidate_share)::text
			   FROM risk_screen.ruleset r
			  WHERE r.ruleset = ruleset_hash.ruleset AND r.version = ruleset_hash.version),
			(SELECT string_agg(jsonb_build_array('level', l.level, l.score, l.rule_points)::text, E'\n' ORDER BY l.level)
			   FROM risk_screen.ruleset_level l
			  WHERE l.ruleset = ruleset_hash.ruleset AND l.version = ruleset_hash.version),
			(SELECT string_agg(jsonb_build_array('rule', r.rule, r.indicator, r.kind, r.direction, r.weight, r.lines,
						r.required, r.overridable, r.max_age, r.missing_points, r.missing_floor, r.on_missing)::text,
						E'\n' ORDER BY r.rule COLLATE "C")
			   FROM risk_screen.ruleset_rule r
			  WHERE r.ruleset = ruleset_hash.ruleset AND r.version = ruleset_hash.version),
			(SELECT string_agg(jsonb_build_array('band', b.rule, b.band, b.span, b.parameter, b.factor, b.points,
						b.floor, b.outcome)::text, E'\n' ORDER BY b.rule COLLATE "C", b.band)
			   FROM risk_screen.ruleset_band b
			  WHERE b.ruleset = ruleset_hash.ruleset AND b.version = ruleset_hash.version)), 'UTF8')), 'hex');
	END;
COMMENT ON FUNCTION risk_screen.ruleset_hash(text, int) IS
	'SHA-256 of everything in a version that can change a grade; keep it beside results';
