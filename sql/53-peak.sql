-- Peaks of a sliding window, and sliding values per row.

CREATE TYPE risk_screen.peak AS (value numeric, started_at timestamptz, ended_at timestamptz, row_count bigint);
COMMENT ON TYPE risk_screen.peak IS 'A largest value inside a sliding window, with the window''s first and last row and their number';

CREATE FUNCTION risk_screen._peak_count_step(internal, timestamptz, interval) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_peak_count_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_sum_step(internal, numeric, timestamptz, interval) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_peak_sum_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_max_step(internal, numeric, timestamptz, interval) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_peak_max_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_detail_step(internal, numeric, timestamptz, interval, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_peak_detail_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_distinct_step(internal, anyelement, timestamptz, interval) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_peak_distinct_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_peak_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_serial(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_peak_serial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_deserial(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_peak_deserial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_count_final(internal) RETURNS bigint
	AS 'MODULE_PATHNAME', 'rs_peak_count_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_amount_final(internal) RETURNS numeric
	AS 'MODULE_PATHNAME', 'rs_peak_amount_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_detail_final(internal) RETURNS risk_screen.peak
	AS 'MODULE_PATHNAME', 'rs_peak_detail_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_distinct_final(internal, anyelement, timestamptz, interval) RETURNS bigint
	AS 'MODULE_PATHNAME', 'rs_peak_count_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._peak_distinct_detail_final(internal, anyelement, timestamptz, interval) RETURNS risk_screen.peak
	AS 'MODULE_PATHNAME', 'rs_peak_detail_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE risk_screen.peak_count(at timestamptz, "window" interval) (
	SFUNC = risk_screen._peak_count_step, STYPE = internal, SSPACE = 4096,
	FINALFUNC = risk_screen._peak_count_final, FINALFUNC_MODIFY = SHAREABLE,
	COMBINEFUNC = risk_screen._peak_combine, SERIALFUNC = risk_screen._peak_serial, DESERIALFUNC = risk_screen._peak_deserial,
	PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.peak_count(timestamptz, interval) IS
	'Most rows inside any sliding window; 0 over no rows';
CREATE AGGREGATE risk_screen.peak_sum(amount numeric, at timestamptz, "window" interval) (
	SFUNC = risk_screen._peak_sum_step, STYPE = internal, SSPACE = 4096,
	FINALFUNC = risk_screen._peak_amount_final, FINALFUNC_MODIFY = SHAREABLE,
	COMBINEFUNC = risk_screen._peak_combine, SERIALFUNC = risk_screen._peak_serial, DESERIALFUNC = risk_screen._peak_deserial,
	PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.peak_sum(numeric, timestamptz, interval) IS
	'Largest sum inside any sliding window; NULL over no rows';
CREATE AGGREGATE risk_screen.peak_max(amount numeric, at timestamptz, "window" interval) (
	SFUNC = risk_screen._peak_max_step, STYPE = internal, SSPACE = 4096,
	FINALFUNC = risk_screen._peak_amount_final, FINALFUNC_MODIFY = SHAREABLE,
	COMBINEFUNC = risk_screen._peak_combine, SERIALFUNC = risk_screen._peak_serial, DESERIALFUNC = risk_screen._peak_deserial,
	PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.peak_max(numeric, timestamptz, interval) IS
	'Largest amount inside any sliding window; NULL over no rows';
CREATE AGGREGATE risk_screen.peak_detail(amount numeric, at timestamptz, "window" interval, measure text) (
	SFUNC = risk_screen._peak_detail_step, STYPE = internal, SSPACE = 4096,
	FINALFUNC = risk_screen._peak_detail_final, FINALFUNC_MODIFY = SHAREABLE,
	COMBINEFUNC = risk_screen._peak_combine, SERIALFUNC = risk_screen._peak_serial, DESERIALFUNC = risk_screen._peak_deserial,
	PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.peak_detail(numeric, timestamptz, interval, text) IS
	'The peak of a sum, count or max with the interval in which it was reached (the earliest of equals)';
CREATE AGGREGATE risk_screen.peak_distinct(value anyelement, at timestamptz, "window" interval) (
	SFUNC = risk_screen._peak_distinct_step, STYPE = internal, SSPACE = 4096,
	FINALFUNC = risk_screen._peak_distinct_final, FINALFUNC_EXTRA, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.peak_distinct(anyelement, timestamptz, interval) IS
	'Most different values inside any sliding window; 0 over no rows';
CREATE AGGREGATE risk_screen.peak_distinct_detail(value anyelement, at timestamptz, "window" interval) (
	SFUNC = risk_screen._peak_distinct_step, STYPE = internal, SSPACE = 4096,
	FINALFUNC = risk_screen._peak_distinct_detail_final, FINALFUNC_EXTRA, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.peak_distinct_detail(anyelement, timestamptz, interval) IS
	'Most different values inside any sliding window, with the interval in which they met';

CREATE FUNCTION risk_screen.sliding_count(at timestamptz, "window" interval) RETURNS bigint
	AS 'MODULE_PATHNAME', 'rs_sliding_count' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.sliding_count(timestamptz, interval) IS
	'Window function, OVER (... ORDER BY at): rows from window before this row up to its time';
CREATE FUNCTION risk_screen.sliding_sum(amount numeric, at timestamptz, "window" interval) RETURNS numeric
	AS 'MODULE_PATHNAME', 'rs_sliding_sum' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.sliding_sum(numeric, timestamptz, interval) IS
	'Window function, OVER (... ORDER BY at): sum of the amounts from window before this row up to its time';
CREATE FUNCTION risk_screen.sliding_max(amount numeric, at timestamptz, "window" interval) RETURNS numeric
	AS 'MODULE_PATHNAME', 'rs_sliding_max' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.sliding_max(numeric, timestamptz, interval) IS
	'Window function, OVER (... ORDER BY at): largest amount from window before this row up to its time';
CREATE FUNCTION risk_screen.sliding_distinct(value anyelement, at timestamptz, "window" interval) RETURNS bigint
	AS 'MODULE_PATHNAME', 'rs_sliding_distinct' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.sliding_distinct(anyelement, timestamptz, interval) IS
	'Window function, OVER (... ORDER BY at): different values from window before this row up to its time';

CREATE FUNCTION risk_screen._round_share_step(internal, numeric, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_round_share_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._round_share_final(internal) RETURNS numeric
	AS 'MODULE_PATHNAME', 'rs_round_share_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.round_share(amount numeric, unit numeric) (
	SFUNC = risk_screen._round_share_step, STYPE = internal, SSPACE = 16,
	FINALFUNC = risk_screen._round_share_final, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.round_share(numeric, numeric) IS
	'Share of amounts that are whole multiples of a unit; NULL and zero amounts are left out';

CREATE FUNCTION risk_screen._dormancy_step(internal, timestamptz, interval, interval, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_dormancy_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._dormancy_final(internal) RETURNS timestamptz[]
	AS 'MODULE_PATHNAME', 'rs_dormancy_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.dormant_then_active(at timestamptz, quiet interval, active interval, min_count int) (
	SFUNC = risk_screen._dormancy_step, STYPE = internal, SSPACE = 4096,
	FINALFUNC = risk_screen._dormancy_final, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.dormant_then_active(timestamptz, interval, interval, int) IS
	'Moments at which an account woke up: nothing for at least quiet, then at least min_count rows within active';
