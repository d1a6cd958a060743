-- Grades of a run: what the rules found becomes facts, grade() judges them with
-- the ruleset version active on the day, and the levels in force follow from
-- the day before.
--
-- Facts of a run (the view `fact` gives those of every run):
--   rule x institution: number of findings that nobody has rejected, and
--     whether one of them needs no confirmation or has it
--   the measured value, for rules that a ruleset judges by their value; the
--     number of their findings is then a fact "<rule> findings"
--   NULL where the rule could not judge the institution
--   applicable = false where a rule that is judged by its value ran and has
--     nothing to measure at the institution: it is for other business lines, or
--     the rows that it says it needs (coverage) are there and hold no such thing
-- Where a rule ran and found nothing there is no fact: the register of checks
-- (view `rule_check`) says that it ran, which makes the fact 0. Almost every
-- cell of institutions x rules is of this kind, so facts are few.
-- A rule whose roles the desk has never filled is "not run": outside the desk's
-- scope. It lowers coverage, and makes nobody unknown unless the version requires
-- it. If it judged on an earlier day its data were withdrawn: it has failed.
-- Cost: institutions + hits + gaps to read, institutions x rules comparisons.

-- Query text of the facts; for one run or, with nothing filled in, for the view.
-- entities: relation (run_id, inst_id, lines, as_of, known_at, started_at)
CREATE FUNCTION risk_screen._fact_query(entities text, desk text = '', run_id bigint = NULL) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT replace(replace(replace(replace($q$
	WITH entity AS MATERIALIZED ({entities}),
	rule AS MATERIALIZED (
		SELECT o.run_id, o.rule, o.fact, o.severity, o.coverage, o.needs, o.lines, o.lines && ARRAY['ALL', 'NAME', 'AD'] AS everybody
		  FROM {desk}rule_outcome AS o
		 WHERE o.message IS NULL AND o.kind IS NOT NULL {run}),
	hit AS MATERIALIZED (
		SELECT o.run_id, o.inst_id, o.rule, count(*) AS n, bool_or(NOT o.candidate OR v.decision IS NOT DISTINCT FROM 'confirmed') AS confirmed
		  FROM {desk}finding AS o
		  JOIN entity AS e ON e.run_id = o.run_id AND e.inst_id = o.inst_id
		  LEFT JOIN {desk}finding_review_history AS v
			ON v.rule = o.rule AND v.finding_key = o.finding_key AND v.known_from <= coalesce(e.known_at, e.started_at)
		   AND (v.known_to IS NULL OR v.known_to > coalesce(e.known_at, e.started_at))
		 WHERE v.decision IS DISTINCT FROM 'rejected' {run}
		 GROUP BY o.run_id, o.inst_id, o.rule),
	-- institutions of the same lines need rows in the same roles
	needing AS (
		SELECT c.run_id, c.lines, r.rule, r.coverage
		  FROM (SELECT DISTINCT e.run_id, e.lines FROM entity AS e) AS c
		  JOIN rule AS r ON r.run_id = c.run_id AND (r.severity IS NOT NULL OR r.fact = 'value') AND r.coverage <> '{}' AND (r.everybody OR r.lines && c.lines)),
	covered AS (
		SELECT o.run_id, o.inst_id, array_agg(o.role) AS roles FROM {desk}coverage AS o WHERE o.row_count > 0 {run} GROUP BY o.run_id, o.inst_id),
	gap AS MATERIALIZED (
		SELECT e.run_id, e.inst_id, n.rule
		  FROM entity AS e
		  JOIN needing AS n ON n.run_id = e.run_id AND n.lines = e.lines
		  LEFT JOIN covered AS c ON c.run_id = e.run_id AND c.inst_id = e.inst_id
		 WHERE NOT n.coverage <@ coalesce(c.roles, '{}')
		 UNION
		-- what was filed once and is no more is not "nothing found"
		SELECT e.run_id, e.inst_id, r.rule
		  FROM {desk}coverage AS o
		  JOIN entity AS e ON e.run_id = o.run_id AND e.inst_id = o.inst_id
		  JOIN rule AS r ON r.run_id = o.run_id AND o.role = ANY (r.needs) AND (r.severity IS NOT NULL OR r.fact = 'value') AND (r.everybody OR r.lines && e.lines)
		 WHERE o.row_count = 0 {run}
		 UNION
		SELECT e.run_id, e.inst_id, o.rule
		  FROM {desk}indicator_value AS o
		  JOIN entity AS e ON e.run_id = o.run_id AND e.inst_id = o.inst_id
		  JOIN rule AS r ON r.run_id = o.run_id AND r.rule = o.rule AND (r.severity IS NOT NULL OR r.fact = 'value')
		 WHERE o.status = 'unknown' {run}
		 UNION
		-- what the rule says of the whole desk it says of everybody it judges
		SELECT e.run_id, e.inst_id, o.rule
		  FROM {desk}indicator_value AS o
		  JOIN rule AS r ON r.run_id = o.run_id AND r.rule = o.rule AND (r.severity IS NOT NULL OR r.fact = 'value')
		  JOIN entity AS e ON e.run_id = o.run_id AND (r.everybody OR r.lines && e.lines)
		 WHERE o.status = 'unknown' AND o.subject_kind = 'desk' AND o.inst_id IS NULL {run}),
	measured AS MATERIALIZED (
		SELECT o.run_id, o.inst_id, o.rule, o.value
		  FROM {desk}indicator_value AS o
		  JOIN entity AS e ON e.run_id = o.run_id AND e.inst_id = o.inst_id
		  JOIN rule AS r ON r.run_id = o.run_id AND r.rule = o.rule AND r.fact = 'value'
		 WHERE o.subject_kind = 'institution' AND o.subject_id = o.inst_id AND o.seq = 1 AND o.value IS NOT NULL {run}),
	fact AS (
		SELECT run_id, inst_id, NULL::text AS rule, '' AS indicator, NULL::numeric AS value, NULL::boolean AS confirmed, true AS applicable FROM entity
		 UNION ALL
		SELECT run_id, inst_id, rule, rule || CASE WHEN r.fact = 'value' THEN ' findings' ELSE '' END, n, confirmed, true
		  FROM hit JOIN rule AS r USING (run_id, rule)
		 UNION ALL
		SELECT run_id, inst_id, rule, rule || CASE WHEN r.fact = 'value' THEN ' findings' ELSE '' END, NULL, NULL, true
		  FROM gap JOIN rule AS r USING (run_id, rule) LEFT JOIN hit AS h USING (run_id, inst_id, rule)
		 WHERE h.rule IS NULL
		 UNION ALL
		SELECT run_id, inst_id, rule, rule, value, coalesce(h.confirmed, true), true
		  FROM measured LEFT JOIN hit AS h USING (run_id, inst_id, rule)
		 UNION ALL
		SELECT run_id, inst_id, rule, rule, NULL, NULL, true
		  FROM gap JOIN rule AS r USING (run_id, rule) LEFT JOIN measured AS m USING (run_id, inst_id, rule)
		 WHERE r.fact = 'value' AND m.rule IS NULL
		 UNION ALL
		SELECT e.run_id, e.inst_id, r.rule, r.rule, NULL, NULL, false
		  FROM entity AS e JOIN rule AS r ON r.run_id = e.run_id AND r.fact = 'value'
		  LEFT JOIN measured AS m ON m.run_id = e.run_id AND m.inst_id = e.inst_id AND m.rule = r.rule
		  LEFT JOIN gap AS x ON x.run_id = e.run_id AND x.inst_id = e.inst_id AND x.rule = r.rule
		 WHERE m.rule IS NULL AND x.rule IS NULL)
	SELECT e.inst_id AS entity, f.indicator, f.value, CASE WHEN e.lines = '{}' THEN '-' ELSE array_to_string(e.lines, ',') END AS segment,
		   e.as_of, e.known_at, f.confirmed, f.rule, f.run_id, f.applicable
	  FROM fact AS f JOIN entity AS e USING (run_id, inst_id)$q$,
		'{entities}', entities), '{desk}', desk),
		'{run}', CASE WHEN run_id IS NULL THEN '' ELSE format('AND o.run_id = %s', run_id) END),
		-- of the view a reader may want one run: let the condition on run_id through
		'AS MATERIALIZED', CASE WHEN run_id IS NULL THEN 'AS NOT MATERIALIZED' ELSE 'AS MATERIALIZED' END)
$$;

-- Query text of the register of checks.
CREATE FUNCTION risk_screen._check_query(desk text = '', run_id bigint = NULL) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format($q$
	SELECT o.rule, o.rule || CASE WHEN o.fact = 'value' THEN ' findings' ELSE '' END AS indicator,
		   CASE WHEN o.outcome = 'error' OR o.withdrawn THEN 'failed' WHEN o.message IS NOT NULL THEN 'not run' ELSE 'ran' END AS outcome,
		   o.severity::text AS severity, o.weight, o.kind,
		   CASE WHEN o.lines && ARRAY['ALL', 'NAME', 'AD'] THEN NULL ELSE array_to_string(o.lines, ',') END AS lines,
		   o.title_zh, o.title_en, o.clause, array_to_string(o.plan, ',') AS plan, o.reason_zh, o.reason_en,
		   r.as_of, nullif(r.known_at, 'infinity') AS known_at, o.run_id
	  FROM %1$srule_outcome AS o JOIN %1$srun AS r USING (run_id)
	 WHERE o.kind IS NOT NULL AND %2$s$q$, desk,
		CASE WHEN run_id IS NULL THEN 'r.finished_at IS NOT NULL' ELSE format('o.run_id = %s', run_id) END)
$$;

-- The rules as they are now: what an analyst edits later does not change this run.
CREATE PROCEDURE risk_screen._keep_rules(workspace text, run_id bigint, rules risk_screen.rule[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE format($q$
		UPDATE %I.rule_outcome AS o
		   SET kind = r.kind, severity = r.severity, candidate = r.candidate, weight = r.weight, fact = r.fact, lines = r.lines, coverage = r.coverage, needs = r.needs,
			   title_zh = r.title_zh, title_en = r.title_en, plan = r.plan, clause = r.clause, reason_zh = r.reason_zh, reason_en = r.reason_en,
			   measures = r.measures
		  FROM unnest($2) AS r
		 WHERE o.run_id = $1 AND o.rule = r.code$q$, workspace) USING run_id, rules;
END $$;

CREATE PROCEDURE risk_screen._screen_grade(workspace text, run_row anyelement, rules risk_screen.rule[], ruleset text)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	desk text := quote_ident(workspace) || '.';
	hold interval := make_interval(days => risk_screen.parameter_value('grade_hold', run_row.as_of, known_at => run_row.known_at)::int);
	version risk_screen.ruleset := risk_screen.ruleset_version(ruleset, run_row.as_of, run_row.known_at);
	name text := version.ruleset || '@' || version.version;
BEGIN
	CALL risk_screen._keep_rules(workspace, run_row.run_id, rules);
	-- Data that were there once and are no more are not "outside the scope".
	EXECUTE format($q$
		UPDATE %1$I.rule_outcome AS o SET withdrawn = true
		 WHERE o.run_id = $1 AND o.message IS NOT NULL AND o.outcome <> 'error'
		   AND EXISTS (SELECT FROM %1$I.rule_outcome AS x JOIN %1$I.run AS y USING (run_id)
						WHERE x.rule = o.rule AND x.outcome <> 'error' AND x.message IS NULL AND y.finished_at IS NOT NULL
						  AND y.as_of < $2 AND y.known_at IN ($3, 'infinity'))$q$, workspace) USING run_row.run_id, run_row.as_of, run_row.known_at;

	EXECUTE format($q$
		WITH entity AS MATERIALIZED (
			SELECT DISTINCT ON (i.inst_id COLLATE "C") i.inst_id, coalesce(i.lines, '{}') AS lines
			  FROM %2$s.institution AS i WHERE i.inst_id IS NOT NULL ORDER BY i.inst_id COLLATE "C", i.lines)
		INSERT INTO %1$I.grade (run_id, inst_id, level, level_in_force, score, floor, coverage, hit_rules, unknown_rules, reasons,
								red_lines, computed, possible, relaxed, lines, sticky, at_least)
		SELECT $1, e.inst_id, g.level, CASE WHEN g.reasons -> 0 ->> 'code' = 'override' THEN greatest(g.level, g.at_least) ELSE (s.sticky).level END, g.score,
			   nullif(g.floor, 'green'), round(g.coverage::numeric, 4), g.hit_rules, g.unknown_rules, g.reasons,
			   g.red_lines, g.computed, g.possible, g.relaxed, e.lines, s.sticky, g.at_least
		  FROM entity AS e
		  JOIN risk_screen.grade($3, $4, $2, $9, exemptions => $6, overrides => $7, checks => $5) AS g ON g.entity = e.inst_id
		  LEFT JOIN (%3$s) AS p ON p.inst_id = e.inst_id
		 CROSS JOIN LATERAL (SELECT risk_screen.sticky_next(p.sticky, g.computed, g.relaxed, risk_screen.day_start($2), $8)) AS s (sticky)$q$,
		workspace, CASE WHEN run_row.known_at < 'infinity' THEN 'pg_temp' ELSE quote_ident(workspace) END,
		risk_screen._sticky_query(workspace, run_row.as_of, run_row.known_at))
		USING run_row.run_id, run_row.as_of,
			  'SELECT entity, indicator, value, segment, confirmed, applicable FROM (' || risk_screen._fact_query(format($q$
				SELECT DISTINCT ON (i.inst_id COLLATE "C") %s::bigint AS run_id, i.inst_id, coalesce(i.lines, '{}') AS lines, NULL::date AS as_of,
					   nullif(%L::timestamptz, 'infinity') AS known_at, 'infinity'::timestamptz AS started_at
				  FROM %s.institution AS i WHERE i.inst_id IS NOT NULL ORDER BY i.inst_id COLLATE "C", i.lines$q$, run_row.run_id, run_row.known_at,
				CASE WHEN run_row.known_at < 'infinity' THEN 'pg_temp' ELSE quote_ident(workspace) END), desk, run_row.run_id) || ') AS f',
			  name, 'SELECT rule, indicator, outcome, severity, weight, kind, lines FROM (' || risk_screen._check_query(desk, run_row.run_id) || ') AS c',
			  format('SELECT inst_id AS entity, rule, valid_from, valid_to FROM %1$I.exemption_history WHERE known_from <= %2$L AND (known_to IS NULL OR known_to > %2$L)', workspace, run_row.known_at),
			  format('SELECT inst_id AS entity, level, reason, author, valid_from, valid_to, known_at FROM %1$I.grade_override_history WHERE known_from <= %2$L AND (known_to IS NULL OR known_to > %2$L)', workspace, run_row.known_at),
			  hold, run_row.known_at;

	EXECUTE format($q$
		UPDATE %1$I.run SET ruleset = $2, ruleset_version = $3, ruleset_hash = risk_screen.ruleset_hash($2, $3),
			   grades_hash = (SELECT encode(sha256(coalesce(string_agg(sha256(convert_to(concat_ws(E'\x1f', inst_id, level, at_least, score, floor, coverage, reasons), 'UTF8')), ''
									  ORDER BY inst_id COLLATE "C"), '')), 'hex') FROM %1$I.grade WHERE run_id = $1)
		 WHERE run_id = $1$q$, workspace) USING run_row.run_id, version.ruleset, version.version;

	IF run_row.known_at = 'infinity' THEN
		CALL risk_screen._carry_levels(workspace, run_row.as_of);
	END IF;
END $$;

-- The sticky state of each institution before a run: of the newest earlier run
-- that graded it; a replay follows replays of the same knowledge, else the desk.
-- One run's grades are read whole; older ones only for institutions it lacks.
CREATE FUNCTION risk_screen._sticky_query(workspace text, as_of date, known_at timestamptz) RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	earlier bigint[];
	found text;
BEGIN
	EXECUTE format($q$
		SELECT array_agg(run_id ORDER BY as_of DESC)
		  FROM (SELECT DISTINCT ON (as_of) run_id, as_of FROM %I.run
				 WHERE as_of < $1 AND known_at IN ($2, 'infinity') AND finished_at IS NOT NULL ORDER BY as_of, known_at) AS r$q$, workspace)
		INTO earlier USING as_of, known_at;
	IF earlier IS NULL THEN
		RETURN 'SELECT NULL::text AS inst_id, NULL::risk_screen.sticky_state AS sticky WHERE false';
	END IF;
	found := format('SELECT inst_id, sticky FROM %I.grade WHERE run_id = %s', workspace, earlier[1]);
	IF cardinality(earlier) > 1 THEN
		found := found || format($q$
			 UNION ALL
			(SELECT DISTINCT ON (g.inst_id) g.inst_id, g.sticky
			   FROM unnest(%2$L::bigint[]) WITH ORDINALITY AS o (run_id, place)
			   JOIN %1$I.grade AS g USING (run_id)
			  WHERE g.inst_id = ANY (ARRAY(SELECT inst_id FROM entity EXCEPT SELECT inst_id FROM %1$I.grade WHERE run_id = %3$s))
			  ORDER BY g.inst_id, o.place)$q$, workspace, earlier[2:], earlier[1]);
	END IF;
	RETURN found;
END $$;

-- A repeated old day moves the levels in force of the days after it.
CREATE PROCEDURE risk_screen._carry_levels(workspace text, as_of date)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	later record;
BEGIN
	FOR later IN EXECUTE format('SELECT run_id, as_of FROM %I.run WHERE known_at = ''infinity'' AND finished_at IS NOT NULL AND as_of > $1 ORDER BY as_of', workspace)
		USING as_of
	LOOP
		EXECUTE format($q$
			WITH entity AS MATERIALIZED (SELECT inst_id FROM %1$I.grade WHERE run_id = $1),
			next AS (
				SELECT g.inst_id, risk_screen.sticky_next(p.sticky, g.computed, g.relaxed, (g.sticky).at, $2) AS sticky
				  FROM %1$I.grade AS g LEFT JOIN (%2$s) AS p ON p.inst_id = g.inst_id
				 WHERE g.run_id = $1)
			UPDATE %1$I.grade AS g
			   SET sticky = n.sticky, level_in_force = CASE WHEN g.reasons -> 0 ->> 'code' = 'override' THEN greatest(g.level, g.at_least) ELSE (n.sticky).level END
			  FROM next AS n
			 WHERE g.run_id = $1 AND g.inst_id = n.inst_id AND g.sticky IS DISTINCT FROM n.sticky$q$,
			workspace, risk_screen._sticky_query(workspace, later.as_of, 'infinity'))
			USING later.run_id, make_interval(days => risk_screen.parameter_value('grade_hold', later.as_of)::int);
	END LOOP;
END $$;
