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

CREATE PROCEDURE risk_screen._screen_grade(workspace text, run_row anyelement)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	orange_score numeric := risk_screen.parameter_value('grade_score_orange', run_row.as_of, known_at => run_row.known_at);
	hold interval := make_interval(days => risk_screen.parameter_value('grade_hold', run_row.as_of, known_at => run_row.known_at)::int);
BEGIN
	EXECUTE format($q$
		WITH inst AS MATERIALIZED (
			SELECT DISTINCT ON (inst_id) inst_id, lines FROM %2$s.institution ORDER BY inst_id, lines),
		rules AS (
			SELECT r.code, r.severity, r.candidate, r.weight, r.lines, r.coverage, r.kind, r.title_zh, o.outcome, o.message
			  FROM %1$I.rule_outcome AS o JOIN risk_screen.rule AS r ON r.code = o.rule
			 WHERE o.run_id = $1 AND r.severity IS NOT NULL),
		hits AS (
			SELECT f.inst_id, f.rule, count(*) AS n, count(*) FILTER (WHERE v.decision = 'confirmed') AS confirmed, sum(f.amount) AS amount
			  FROM %1$I.finding AS f LEFT JOIN %1$I.finding_review AS v USING (rule, finding_key)
			 WHERE f.run_id = $1 AND f.inst_id IS NOT NULL AND v.decision IS DISTINCT FROM 'rejected'
			 GROUP BY f.inst_id, f.rule),
		gaps AS (
			SELECT DISTINCT inst_id, rule FROM %1$I.indicator_value WHERE run_id = $1 AND status = 'unknown' AND inst_id IS NOT NULL),
		cells AS (
			SELECT i.inst_id, r.*, coalesce(h.n, 0) AS n, h.amount,
				   CASE WHEN h.n IS NULL THEN NULL
						WHEN r.candidate AND h.confirmed = 0 THEN (CASE r.severity WHEN 'red' THEN 'orange' ELSE 'yellow' END)::risk_screen.risk_level
						ELSE r.severity END AS counted,
				   CASE WHEN h.n IS NOT NULL THEN 'hit'
						WHEN r.outcome = 'error' THEN 'gap'
						WHEN r.message IS NOT NULL THEN 'unmapped'
						WHEN g.rule IS NOT NULL OR EXISTS (
							SELECT FROM unnest(r.coverage) AS c (role)
							 WHERE NOT EXISTS (SELECT FROM %1$I.coverage AS x WHERE x.run_id = $1 AND x.role = c.role AND x.inst_id = i.inst_id)) THEN 'gap'
						ELSE 'clear' END AS status,
				   h.n IS NOT NULL AND r.kind = 'red line' AND (NOT r.candidate OR h.confirmed > 0) AS firm
			  FROM inst AS i
			  CROSS JOIN rules AS r
			  LEFT JOIN hits AS h ON h.inst_id = i.inst_id AND h.rule = r.code
			  LEFT JOIN gaps AS g ON g.inst_id = i.inst_id AND g.rule = r.code
			 WHERE (h.n IS NOT NULL OR r.lines && ARRAY['ALL', 'NAME', 'AD'] OR r.lines && i.lines)
			   AND NOT EXISTS (SELECT FROM %1$I.exemption AS e WHERE e.inst_id = i.inst_id AND e.rule = r.code
								  AND $2 >= e.valid_from AND $2 < e.valid_to)),
		points AS (
			SELECT c.*, CASE WHEN counted IS NULL THEN 0 ELSE weight * CASE counted WHEN 'red' THEN 9 WHEN 'orange' THEN 3 ELSE 1 END END AS points
			  FROM cells AS c),
		sums AS (
			SELECT i.inst_id, max(counted) AS floor, max(counted) FILTER (WHERE firm) AS firm_floor, coalesce(sum(points), 0) AS score,
				   count(*) FILTER (WHERE status = 'gap') AS gaps,
				   count(*) FILTER (WHERE status IN ('hit', 'clear')) AS judged,
				   round(count(*) FILTER (WHERE status IN ('hit', 'clear'))::numeric / nullif(count(p.code), 0), 4) AS coverage,
				   coalesce(array_agg(code ORDER BY counted DESC, points DESC, code) FILTER (WHERE status = 'hit'), '{}') AS hit_rules,
				   coalesce(array_agg(code ORDER BY code) FILTER (WHERE status IN ('gap', 'unmapped')), '{}') AS unknown_rules,
				   coalesce(jsonb_agg(jsonb_build_object('rule', code, 'status', status, 'level', counted, 'findings', n, 'amount', amount, 'points', points)
							ORDER BY counted DESC NULLS LAST, points DESC, code) FILTER (WHERE status IN ('hit', 'gap')), '[]') AS reasons
			  FROM inst AS i LEFT JOIN points AS p USING (inst_id)
			 GROUP BY i.inst_id),
		measured AS (
			SELECT s.*, greatest(s.floor, CASE WHEN s.score >= $3 THEN 'orange' WHEN s.score > 0 THEN 'yellow' END::risk_screen.risk_level,
								 CASE WHEN s.gaps > 0 OR s.judged = 0 THEN 'unknown' ELSE 'green' END::risk_screen.risk_level) AS level,
				   v.level AS set_level, v.author, v.reason
			  FROM sums AS s
			  LEFT JOIN LATERAL (SELECT * FROM %1$I.grade_override AS x WHERE x.inst_id = s.inst_id AND $2 >= x.valid_from AND $2 < x.valid_to
								  ORDER BY x.valid_from DESC LIMIT 1) AS v ON true)
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
