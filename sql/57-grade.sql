-- grade(): facts and a ruleset in, levels with reasons out. Nothing inside
-- reads the clock: same facts, ruleset, as_of and known_at, same answer.

CREATE FUNCTION risk_screen.grade(facts text, ruleset text, as_of date, known_at timestamptz DEFAULT 'infinity',
	exemptions text DEFAULT NULL, overrides text DEFAULT NULL, detail text DEFAULT 'hits', bad_rows text DEFAULT 'error', checks text DEFAULT NULL,
	OUT entity text, OUT level risk_screen.risk_level, OUT score numeric, OUT floor risk_screen.risk_level,
	OUT coverage float8, OUT reasons jsonb, OUT possible risk_screen.risk_level, OUT relaxed risk_screen.risk_level,
	OUT computed risk_screen.risk_level, OUT version int, OUT hit_rules text[], OUT unknown_rules text[], OUT red_lines text[], OUT at_least risk_screen.risk_level)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_grade'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 300;
COMMENT ON FUNCTION risk_screen.grade(text, text, date, timestamptz, text, text, text, text, text) IS
	'Level of every entity in a facts query: worst of the red lines'' floors and the score''s band, unknown where a missing fact could make it worse than what is established (at_least), with reasons; exemptions (entity, rule, valid_from, valid_to) and overrides (entity, level, reason, author, valid_from, valid_to) are query texts too; checks (rule, outcome, severity, ...) is the register of the rules that ran';

CREATE FUNCTION risk_screen.explain_grade(facts text, ruleset text, as_of date, known_at timestamptz DEFAULT 'infinity',
	exemptions text DEFAULT NULL, overrides text DEFAULT NULL, entities text[] DEFAULT NULL, bad_rows text DEFAULT 'error', checks text DEFAULT NULL,
	OUT entity text, OUT level risk_screen.risk_level, OUT code text, OUT outcome text, OUT observed float8,
	OUT operator text, OUT threshold float8, OUT weight numeric, OUT points numeric, OUT contribution numeric,
	OUT share numeric, OUT floor risk_screen.risk_level, OUT kind text, OUT title_zh text, OUT title_en text,
	OUT reason_zh text, OUT reason_en text, OUT plan text, OUT basis text, OUT unit text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_explain_grade'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10000;
COMMENT ON FUNCTION risk_screen.explain_grade(text, text, date, timestamptz, text, text, text[], text, text) IS
	'One row per entity and rule that applies: outcome, observed value, comparison, weight, points, contribution (they add up to the score), floor, titles, reason, plan and clause; heaviest first';

-- jsonb_to_recordset() by another name, because an institution has two or three
-- reasons and not the hundred rows that the planner expects of JSON.
CREATE FUNCTION risk_screen._reason_rows(jsonb) RETURNS SETOF record
	AS 'jsonb_to_recordset' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION risk_screen._reason_rows(jsonb) IS 'elements of the reasons of a grade as rows';
