-- Shipped rules. Plan, clause, kind and nature come from the requirement of the
-- same code; a rule whose requirement is of nature P finds candidates. The
-- requirement's title, a quote, is the clause; titles are in 72-rule_wording.sql.

CREATE FUNCTION risk_screen._ship_rule(code text, severity text, lines text[], parameters text[], needs text[], coverage text[],
									   body text, reason_zh text, reason_en text, level text = NULL, candidate boolean = NULL,
									   rests_on text[] = '{}', weight numeric = 1, kind text = NULL, after_grading boolean = false) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO risk_screen.rule (code, title_zh, title_en, plan, clause, lines, level, kind, severity, candidate, parameters, needs, coverage,
								  body, reason_zh, reason_en, rests_on, weight, builtin, after_grading, tier)
	SELECT q.code, q.title_zh, q.title_en, q.plan, q.title_zh, coalesce(_ship_rule.lines, q.lines), coalesce(_ship_rule.level, q.levels[1], 'micro'), coalesce(_ship_rule.kind, q.kind),
		   _ship_rule.severity::risk_screen.risk_level, coalesce(_ship_rule.candidate, q.nature = 'P'), _ship_rule.parameters, _ship_rule.needs, _ship_rule.coverage,
		   -- A figure may be filed whole or by its parts (position.biz, position.region). A body that
		   -- writes whole_position gets one row per institution, item and day: the whole if it is
		   -- filed, or else the sum over the parts, of one kind if there are both.
		   regexp_replace(replace(_ship_rule.body, 'FROM whole_position', 'FROM (SELECT w.inst_id, w.item, w.as_of, coalesce(max(w.value) FILTER (WHERE w.biz IS NULL AND w.region IS NULL),
				sum(w.value) FILTER (WHERE w.region IS NULL), sum(w.value) FILTER (WHERE w.biz IS NULL), sum(w.value)) AS value FROM position AS w GROUP BY w.inst_id, w.item, w.as_of)'),
		   -- Loans of several currencies have no sum. A body that writes loan_in_yuan gets amount, outstanding
		   -- and fee of loans in yuan, NULL for others; what these are stands in in_currency and owed_in_currency.
		   '\m(FROM|JOIN) loan_in_yuan\M', '\1 (SELECT ' || (SELECT string_agg(CASE WHEN c.name IN ('amount', 'outstanding', 'fee') THEN format('CASE WHEN coalesce(y.currency, ''CNY'') = ''CNY'' THEN y.%1$I END AS %1$I', c.name)
				ELSE format('y.%I', c.name) END, ', ' ORDER BY c.ordinal) FROM risk_screen.role_column AS c WHERE c.role = 'loan') || ', y.amount AS in_currency, y.outstanding AS owed_in_currency FROM loan AS y)', 'g'),
		   _ship_rule.reason_zh, _ship_rule.reason_en, _ship_rule.rests_on, _ship_rule.weight, true, _ship_rule.after_grading,
		   -- how things are done is guidance; what holds for everybody is base, what holds for a line special
		   CASE WHEN q.kind IN ('process', 'deadline', 'data feed', 'system') THEN 'guidance' WHEN 'ALL' = ANY (q.lines) THEN 'base' ELSE 'special' END
	  FROM risk_screen.requirement AS q WHERE q.code = _ship_rule.code;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'no requirement %', code;
	END IF;
END $$;

-- A measured share as it is shown: rounded, unless rounding would put it on the line it
-- is held against or on the other side of it. Ten billion short of a fen are not whole.
CREATE FUNCTION risk_screen._rounded(value numeric, line numeric, digits int = 6) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN sign(round(value, digits) - line) <> sign(value - line) THEN value ELSE round(value, digits) END
$$;

-- What rules of the same run found, for rules that rest on them. Findings that a
-- person rejected and rules from which an institution is exempt do not count.
CREATE FUNCTION risk_screen.desk_findings(as_of date, known_at timestamptz, rules text[])
	RETURNS TABLE (inst_id text, rule text, severity risk_screen.risk_level, candidate boolean, findings bigint, confirmed bigint, amount numeric)
	LANGUAGE plpgsql STABLE ROWS 1000 AS $$
BEGIN
	PERFORM risk_screen._require_desk(NULL);
	IF NOT EXISTS (SELECT FROM run AS r WHERE r.as_of = desk_findings.as_of AND r.known_at = desk_findings.known_at) THEN
		RAISE EXCEPTION 'the desk has no run for %', as_of USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = 'The rule rests on the findings of other rules.',
			HINT = 'CALL risk_screen.screen() for that day first.';
	END IF;
	RETURN QUERY
	SELECT f.inst_id, f.rule, max(f.severity), bool_and(f.candidate), count(*), count(*) FILTER (WHERE v.decision = 'confirmed'), sum(f.amount)
	  FROM run AS r JOIN finding AS f USING (run_id)
	  LEFT JOIN finding_review_history AS v ON v.rule = f.rule AND v.finding_key = f.finding_key
										   AND v.known_from <= desk_findings.known_at AND (v.known_to IS NULL OR v.known_to > desk_findings.known_at)
	 WHERE r.as_of = desk_findings.as_of AND r.known_at = desk_findings.known_at AND f.rule = ANY (desk_findings.rules) AND f.inst_id IS NOT NULL
	   AND v.decision IS DISTINCT FROM 'rejected'
	   AND NOT EXISTS (SELECT FROM exemption_history AS e WHERE e.inst_id = f.inst_id AND e.rule = f.rule
					  AND e.known_from <= desk_findings.known_at AND (e.known_to IS NULL OR e.known_to > desk_findings.known_at) AND desk_findings.as_of >= e.valid_from AND desk_findings.as_of < e.valid_to)
	 GROUP BY f.inst_id, f.rule;
END $$;
COMMENT ON FUNCTION risk_screen.desk_findings(date, timestamptz, text[]) IS
	'Findings of a run of the desk on the search path, per institution and rule, without rejected ones and exempted rules; for rules that rest on others';

-- What those rules could not judge: an institution, or (inst_id NULL) nothing at
-- all, because the rule failed or its roles are not mapped.
CREATE FUNCTION risk_screen.desk_gaps(as_of date, known_at timestamptz, rules text[])
	RETURNS TABLE (inst_id text, rule text, why text)
	LANGUAGE plpgsql STABLE ROWS 1000 AS $$
BEGIN
	PERFORM risk_screen._require_desk(NULL);
	RETURN QUERY
	WITH ran AS (
		SELECT r.run_id, o.rule, o.outcome, o.message FROM run AS r JOIN rule_outcome AS o USING (run_id)
		 WHERE r.as_of = desk_gaps.as_of AND r.known_at = desk_gaps.known_at AND o.rule = ANY (desk_gaps.rules)),
	covered AS (
		SELECT c.inst_id, array_agg(c.role) AS roles FROM coverage AS c WHERE c.run_id = (SELECT max(n.run_id) FROM ran AS n) AND c.row_count > 0 GROUP BY c.inst_id)
	SELECT NULL::text, u.code, CASE WHEN n.outcome = 'error' THEN 'failed' ELSE 'roles missing' END
	  FROM unnest(desk_gaps.rules) AS u (code) LEFT JOIN ran AS n ON n.rule = u.code
	 WHERE n.rule IS NULL OR n.outcome = 'error' OR n.message IS NOT NULL
	 UNION
	SELECT v.inst_id, v.rule, 'data missing' FROM ran AS n JOIN indicator_value AS v USING (run_id, rule)
	 WHERE v.status = 'unknown' AND (v.inst_id IS NOT NULL OR v.subject_kind = 'desk' AND n.message IS NULL)
	 UNION
	SELECT i.inst_id, x.code, 'no rows filed'
	  FROM ran AS n JOIN risk_screen.rule AS x ON x.code = n.rule CROSS JOIN institution AS i LEFT JOIN covered AS c ON c.inst_id = i.inst_id
	 WHERE n.outcome <> 'error' AND n.message IS NULL AND x.coverage <> '{}' AND (x.lines && ARRAY['ALL', 'NAME', 'AD'] OR x.lines && i.lines)
	   AND NOT x.coverage <@ coalesce(c.roles, '{}')
	 UNION
	SELECT i.inst_id, x.code, 'rows withdrawn'
	  FROM ran AS n JOIN risk_screen.rule AS x ON x.code = n.rule JOIN coverage AS c ON c.run_id = n.run_id AND c.row_count = 0 AND c.role = ANY (x.needs)
	  JOIN institution AS i ON i.inst_id = c.inst_id
	 WHERE n.outcome <> 'error' AND n.message IS NULL AND (x.lines && ARRAY['ALL', 'NAME', 'AD'] OR x.lines && i.lines);
END $$;
COMMENT ON FUNCTION risk_screen.desk_gaps(date, timestamptz, text[]) IS
	'What rules of a run of the desk on the search path could not judge: institutions, or (inst_id NULL) nothing at all';
