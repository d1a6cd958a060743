-- Grades of a run: from findings and gaps to one level per institution.
--
-- A rule's hit counts with its severity; a candidate that nobody has confirmed
-- counts one level lower, a rejected finding or an exempted rule not at all.
--   floor  = worst severity counted
--   score  = sum over hit rules of weight x (yellow 1, orange 3, red 9)
--   level  = worst of floor, band(score), and `unknown` where data are missing
-- Missing data: the rule failed; or it judged others but not this institution;
-- or nothing could be judged. A role that the desk has not mapped at all is
-- outside the desk's scope: it lowers coverage, which the board shows.
--
-- Institutions times rules is a large table of which almost every cell is a
-- plain "clear" or "not mapped", the same for all institutions of the same
-- lines and exemptions. Those are counted once per such class; only hits and
-- gaps are rows. Cost: institutions + hits + gaps + classes x rules.

CREATE PROCEDURE risk_screen._screen_grade(workspace text, run_row anyelement)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	orange_score numeric := risk_screen.parameter_value('grade_score_orange', run_row.as_of, known_at => run_row.known_at);
	hold interval := make_interval(days => risk_screen.parameter_value('grade_hold', run_row.as_of, known_at => run_row.known_at)::int);
BEGIN
	EXECUTE format($q$
		WITH exempted AS (
			SELECT inst_id, array_agg(DISTINCT rule ORDER BY rule) AS exempt
			  FROM %1$I.exemption WHERE $2 >= valid_from AND $2 < valid_to GROUP BY inst_id),
		inst AS MATERIALIZED (
			SELECT i.inst_id, coalesce(i.lines, '{}') AS lines, coalesce(e.exempt, '{}') AS exempt
			  FROM (SELECT DISTINCT ON (inst_id) inst_id, lines FROM %2$s.institution ORDER BY inst_id, lines) AS i
			  LEFT JOIN exempted AS e USING (inst_id)),
		rules AS MATERIALIZED (
			SELECT r.code, r.severity, r.candidate, r.weight, r.lines, r.coverage, r.kind,
				   CASE WHEN o.outcome = 'error' THEN 'gap' WHEN o.message IS NOT NULL THEN 'unmapped' ELSE 'clear' END AS status
			  FROM %1$I.rule_outcome AS o JOIN risk_screen.rule AS r ON r.code = o.rule
			 WHERE o.run_id = $1 AND r.severity IS NOT NULL),
		class AS MATERIALIZED (
			SELECT DISTINCT lines, exempt FROM inst),
		scope AS MATERIALIZED (
			SELECT c.lines, c.exempt, r.code, r.status, r.coverage
			  FROM class AS c CROSS JOIN rules AS r
			 WHERE (r.lines && ARRAY['ALL', 'NAME', 'AD'] OR r.lines && c.lines) AND r.code <> ALL (c.exempt)),
		class_sum AS (
			SELECT lines, exempt, count(s.code) AS applicable, count(*) FILTER (WHERE s.status = 'unmapped') AS unmapped,
				   coalesce(array_agg(s.code ORDER BY s.code) FILTER (WHERE s.status = 'unmapped'), '{}') AS unmapped_rules
			  FROM class AS c LEFT JOIN scope AS s USING (lines, exempt)
			 GROUP BY lines, exempt),
		hits AS MATERIALIZED (
			SELECT f.inst_id, f.rule, count(*) AS n, count(*) FILTER (WHERE v.decision = 'confirmed') AS confirmed, sum(f.amount) AS amount
			  FROM %1$I.finding AS f LEFT JOIN %1$I.finding_review AS v USING (rule, finding_key)
			 WHERE f.run_id = $1 AND f.inst_id IS NOT NULL AND v.decision IS DISTINCT FROM 'rejected'
			 GROUP BY f.inst_id, f.rule),
		covered AS (
			SELECT inst_id, array_agg(role) AS roles FROM %1$I.coverage WHERE run_id = $1 GROUP BY inst_id),
		gaps AS (
			SELECT i.inst_id, s.code
			  FROM inst AS i JOIN scope AS s USING (lines, exempt) WHERE s.status = 'gap'
			 UNION
			SELECT i.inst_id, s.code
			  FROM inst AS i JOIN scope AS s USING (lines, exempt) LEFT JOIN covered AS c USING (inst_id)
			 WHERE s.status = 'clear' AND s.coverage <> '{}' AND NOT s.coverage <@ coalesce(c.roles, '{}')
			 UNION
			SELECT i.inst_id, s.code
			  FROM %1$I.indicator_value AS x JOIN inst AS i USING (inst_id)
			  JOIN scope AS s ON s.lines = i.lines AND s.exempt = i.exempt AND s.code = x.rule
			 WHERE x.run_id = $1 AND x.status = 'unknown' AND s.status = 'clear'),
		cells AS (
			SELECT i.inst_id, r.code, 'hit' AS status, h.n, h.amount, r.weight,
				   CASE WHEN r.candidate AND h.confirmed = 0 THEN (CASE r.severity WHEN 'red' THEN 'orange' ELSE 'yellow' END)::risk_screen.risk_level
						ELSE r.severity END AS counted,
				   r.kind = 'red line' AND (NOT r.candidate OR h.confirmed > 0) AS firm,
				   NOT (r.lines && ARRAY['ALL', 'NAME', 'AD'] OR r.lines && i.lines) AS beyond
			  FROM hits AS h JOIN inst AS i USING (inst_id) JOIN rules AS r ON r.code = h.rule
			 WHERE r.code <> ALL (i.exempt)
			 UNION ALL
			SELECT g.inst_id, g.code, 'gap', 0, NULL, 0, NULL, false, false
			  FROM gaps AS g LEFT JOIN hits AS h ON h.inst_id = g.inst_id AND h.rule = g.code
			 WHERE h.inst_id IS NULL),
		points AS (
			SELECT c.*, CASE WHEN counted IS NULL THEN 0 ELSE weight * CASE counted WHEN 'red' THEN 9 WHEN 'orange' THEN 3 ELSE 1 END END AS points
			  FROM cells AS c),
		marked AS (
			SELECT inst_id, max(counted) AS floor, max(counted) FILTER (WHERE firm) AS firm_floor, sum(points) AS score,
				   count(*) FILTER (WHERE status = 'gap') AS gaps, count(*) FILTER (WHERE beyond) AS beyond,
				   array_agg(code ORDER BY counted DESC, points DESC, code) FILTER (WHERE status = 'hit') AS hit_rules,
				   array_agg(code ORDER BY code) FILTER (WHERE status = 'gap') AS gap_rules,
				   jsonb_agg(jsonb_build_object('rule', code, 'status', status, 'level', counted, 'findings', n, 'amount', amount, 'points', points)
							ORDER BY counted DESC NULLS LAST, points DESC, code) AS reasons
			  FROM points GROUP BY inst_id),
		sums AS (
			SELECT i.inst_id, m.floor, m.firm_floor, coalesce(m.score, 0) AS score, coalesce(m.gaps, 0) AS gaps, n.judged,
				   round(n.judged::numeric / nullif(c.applicable + coalesce(m.beyond, 0), 0), 4) AS coverage,
				   coalesce(m.hit_rules, '{}') AS hit_rules,
				   CASE WHEN m.gap_rules IS NULL THEN c.unmapped_rules
						ELSE ARRAY(SELECT u FROM unnest(c.unmapped_rules || m.gap_rules) AS u ORDER BY u) END AS unknown_rules,
				   coalesce(m.reasons, '[]') AS reasons
			  FROM inst AS i
			  JOIN class_sum AS c USING (lines, exempt)
			  LEFT JOIN marked AS m USING (inst_id)
			  CROSS JOIN LATERAL (SELECT c.applicable + coalesce(m.beyond, 0) - c.unmapped - coalesce(m.gaps, 0) AS judged) AS n),
		override AS (
			SELECT DISTINCT ON (inst_id) inst_id, level, author, reason
			  FROM %1$I.grade_override WHERE $2 >= valid_from AND $2 < valid_to ORDER BY inst_id, valid_from DESC),
		measured AS (
			SELECT s.*, greatest(s.floor, CASE WHEN s.score >= $3 THEN 'orange' WHEN s.score > 0 THEN 'yellow' END::risk_screen.risk_level,
								 CASE WHEN s.gaps > 0 OR s.judged = 0 THEN 'unknown' ELSE 'green' END::risk_screen.risk_level) AS level,
				   v.level AS set_level, v.author, v.reason
			  FROM sums AS s LEFT JOIN override AS v USING (inst_id))
		INSERT INTO %1$I.grade (run_id, inst_id, level, level_in_force, score, floor, coverage, hit_rules, unknown_rules, reasons)
		SELECT $1, inst_id, l.level, l.level, score, floor, coverage, hit_rules, unknown_rules,
			   CASE WHEN set_level IS NULL THEN reasons ELSE reasons || jsonb_build_object('status', 'override', 'level', set_level, 'measured', m.level, 'author', author, 'reason', reason) END
		  FROM measured AS m
		  CROSS JOIN LATERAL (SELECT CASE WHEN set_level IS NULL THEN m.level ELSE greatest(set_level, firm_floor) END AS level) AS l$q$,
		workspace, CASE WHEN run_row.known_at < 'infinity' THEN 'pg_temp' ELSE quote_ident(workspace) END)
		USING run_row.run_id, run_row.as_of, orange_score;

	-- Levels in force follow from the history; a repeated old day moves later ones.
	IF run_row.known_at = 'infinity' THEN
		EXECUTE format($q$
			UPDATE %1$I.grade AS g SET level_in_force = h.in_force
			  FROM (SELECT g.run_id, g.inst_id, r.as_of,
						   risk_screen.sticky_level(g.level, risk_screen.day_start(r.as_of), $2) OVER (PARTITION BY g.inst_id ORDER BY r.as_of) AS in_force
					  FROM %1$I.grade AS g JOIN %1$I.run AS r USING (run_id) WHERE r.known_at = 'infinity') AS h
			 WHERE g.run_id = h.run_id AND g.inst_id = h.inst_id AND h.as_of >= $1 AND g.level_in_force IS DISTINCT FROM h.in_force$q$, workspace)
			USING run_row.as_of, hold;
	END IF;
END $$;
