-- Levels: the colours, the worst of several, and the level that goes up at
-- once and down only after a hold.

CREATE TYPE risk_screen.risk_level AS ENUM ('green', 'unknown', 'yellow', 'orange', 'red');
COMMENT ON TYPE risk_screen.risk_level IS
	'绿 green (normal), unknown (data missing: never reads as green), 黄 yellow (A03), 橙 orange (A02), 红 red (A01); ordered';

CREATE AGGREGATE risk_screen.worst(level risk_screen.risk_level) (
	SFUNC = pg_catalog.enum_larger, STYPE = risk_screen.risk_level,
	COMBINEFUNC = pg_catalog.enum_larger, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.worst(risk_screen.risk_level) IS
	'Worst level of a group: red before orange, yellow, unknown, green; NULL ignored';

CREATE FUNCTION risk_screen.level_label(level risk_screen.risk_level) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE level WHEN 'green' THEN '绿' WHEN 'unknown' THEN '未知' WHEN 'yellow' THEN '黄'
		WHEN 'orange' THEN '橙' ELSE '红' END;
COMMENT ON FUNCTION risk_screen.level_label(risk_screen.risk_level) IS
	'Chinese name of a level: 绿, 未知, 黄, 橙, 红';

CREATE FUNCTION risk_screen.level_label(level risk_screen.risk_level, measured risk_screen.risk_level, possible risk_screen.risk_level) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN measured = 'unknown' AND level > 'unknown' AND possible > level THEN '至少' ELSE '' END || risk_screen.level_label(level);
COMMENT ON FUNCTION risk_screen.level_label(risk_screen.risk_level, risk_screen.risk_level, risk_screen.risk_level) IS
	'Chinese name of a level in force, with 至少 (at least) where the level measured is unknown because missing data could make it worse';

CREATE FUNCTION risk_screen._sticky_accum(internal, risk_screen.risk_level, timestamptz, interval) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_sticky_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._sticky_accum(internal, risk_screen.risk_level, risk_screen.risk_level, timestamptz, interval)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_sticky_relaxed_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._sticky_final(internal) RETURNS risk_screen.risk_level
	AS 'MODULE_PATHNAME', 'rs_sticky_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE risk_screen.sticky_level(level risk_screen.risk_level, at timestamptz, hold interval) (
	SFUNC = risk_screen._sticky_accum, STYPE = internal, SSPACE = 128,
	FINALFUNC = risk_screen._sticky_final, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.sticky_level(level risk_screen.risk_level, relaxed risk_screen.risk_level,
	at timestamptz, hold interval) (
	SFUNC = risk_screen._sticky_accum, STYPE = internal, SSPACE = 128,
	FINALFUNC = risk_screen._sticky_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.sticky_level(risk_screen.risk_level, timestamptz, interval) IS
	'Level in force: rises at once, falls only after the lower level has held for `hold`; unknown and NULL never lower it; rows in order of time';
COMMENT ON AGGREGATE risk_screen.sticky_level(risk_screen.risk_level, risk_screen.risk_level, timestamptz, interval) IS
	'sticky_level with a margin: a fall is judged by `relaxed`, the level that the score plus the margin would have; where the level is unknown, `relaxed` is what is established all the same, and the level rises to it';

CREATE TYPE risk_screen.sticky_state AS (level risk_screen.risk_level, in_force risk_screen.risk_level, at timestamptz, until timestamptz[]);
COMMENT ON TYPE risk_screen.sticky_state IS
	'What sticky_level has to remember between two rows: the level it says, the level seen last, its time, and until when each level was in force';

CREATE FUNCTION risk_screen.sticky_next(state risk_screen.sticky_state, level risk_screen.risk_level, relaxed risk_screen.risk_level,
	at timestamptz, hold interval) RETURNS risk_screen.sticky_state
	AS 'MODULE_PATHNAME', 'rs_sticky_next' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.sticky_next(risk_screen.sticky_state, risk_screen.risk_level, risk_screen.risk_level, timestamptz, interval) IS
	'sticky_level one row at a time: the state after a row, from the state after the row before (NULL: first row); its field level is what sticky_level says';
