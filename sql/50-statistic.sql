-- Statistics: aggregates over flows, amounts and series. Every one names what
-- it does with NULL, empty groups and impossible input; none depends on row
-- order or on the parallel plan.

-- ---- xirr ----

CREATE TYPE risk_screen.xirr_result AS (
	rate float8, status text, roots float8[], flows bigint, skipped bigint, multiplicity int[]);
COMMENT ON TYPE risk_screen.xirr_result IS
	'Result of xirr_detail: the rate nearest to zero, a status, every root, rows used, rows skipped, how many coinciding roots each is';

CREATE FUNCTION risk_screen._xirr_accum(internal, float8, date) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_xirr_accum_float8_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._xirr_accum(internal, numeric, date) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_xirr_accum_numeric_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._xirr_accum(internal, float8, timestamptz) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_xirr_accum_float8_time' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._xirr_accum(internal, numeric, timestamptz) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_xirr_accum_numeric_time' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._xirr_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_xirr_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._xirr_serial(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_xirr_serial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._xirr_deserial(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_xirr_deserial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._xirr_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_xirr_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._xirr_detail_final(internal) RETURNS risk_screen.xirr_result
	AS 'MODULE_PATHNAME', 'rs_xirr_detail_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE risk_screen.xirr(amount float8, paid_on date) (
	SFUNC = risk_screen._xirr_accum, STYPE = internal, SSPACE = 400,
	FINALFUNC = risk_screen._xirr_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._xirr_combine, SERIALFUNC = risk_screen._xirr_serial,
	DESERIALFUNC = risk_screen._xirr_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.xirr(amount numeric, paid_on date) (
	SFUNC = risk_screen._xirr_accum, STYPE = internal, SSPACE = 400,
	FINALFUNC = risk_screen._xirr_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._xirr_combine, SERIALFUNC = risk_screen._xirr_serial,
	DESERIALFUNC = risk_screen._xirr_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.xirr(amount float8, paid_at timestamptz) (
	SFUNC = risk_screen._xirr_accum, STYPE = internal, SSPACE = 400,
	FINALFUNC = risk_screen._xirr_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._xirr_combine, SERIALFUNC = risk_screen._xirr_serial,
	DESERIALFUNC = risk_screen._xirr_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.xirr(amount numeric, paid_at timestamptz) (
	SFUNC = risk_screen._xirr_accum, STYPE = internal, SSPACE = 400,
	FINALFUNC = risk_screen._xirr_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._xirr_combine, SERIALFUNC = risk_screen._xirr_serial,
	DESERIALFUNC = risk_screen._xirr_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.xirr_detail(amount float8, paid_on date) (
	SFUNC = risk_screen._xirr_accum, STYPE = internal, SSPACE = 400,
	FINALFUNC = risk_screen._xirr_detail_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._xirr_combine, SERIALFUNC = risk_screen._xirr_serial,
	DESERIALFUNC = risk_screen._xirr_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.xirr_detail(amount numeric, paid_on date) (
	SFUNC = risk_screen._xirr_accum, STYPE = internal, SSPACE = 400,
	FINALFUNC = risk_screen._xirr_detail_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._xirr_combine, SERIALFUNC = risk_screen._xirr_serial,
	DESERIALFUNC = risk_screen._xirr_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.xirr_detail(amount float8, paid_at timestamptz) (
	SFUNC = risk_screen._xirr_accum, STYPE = internal, SSPACE = 400,
	FINALFUNC = risk_screen._xirr_detail_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._xirr_combine, SERIALFUNC = risk_screen._xirr_serial,
	DESERIALFUNC = risk_screen._xirr_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.xirr_detail(amount numeric, paid_at timestamptz) (
	SFUNC = risk_screen._xirr_accum, STYPE = internal, SSPACE = 400,
	FINALFUNC = risk_screen._xirr_detail_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._xirr_combine, SERIALFUNC = risk_screen._xirr_serial,
	DESERIALFUNC = risk_screen._xirr_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.xirr(float8, date) IS
	'True annualised rate of dated cash flows (actual/365, effective): the root nearest to zero, NULL if there is none; xirr_detail tells why';
COMMENT ON AGGREGATE risk_screen.xirr(numeric, date) IS
	'True annualised rate of dated cash flows (actual/365, effective): the root nearest to zero, NULL if there is none; xirr_detail tells why';
COMMENT ON AGGREGATE risk_screen.xirr(float8, timestamptz) IS
	'True annualised rate of timed cash flows (days of 24 hours, 365 a year): the root nearest to zero, NULL if there is none';
COMMENT ON AGGREGATE risk_screen.xirr(numeric, timestamptz) IS
	'True annualised rate of timed cash flows (days of 24 hours, 365 a year): the root nearest to zero, NULL if there is none';
COMMENT ON AGGREGATE risk_screen.xirr_detail(float8, date) IS
	'xirr with status (ok, multiple, no_flow, single_date, no_sign_change, no_root, out_of_range, bad_value), all roots, rows used and skipped';
COMMENT ON AGGREGATE risk_screen.xirr_detail(numeric, date) IS
	'xirr with status (ok, multiple, no_flow, single_date, no_sign_change, no_root, out_of_range, bad_value), all roots, rows used and skipped';
COMMENT ON AGGREGATE risk_screen.xirr_detail(float8, timestamptz) IS
	'xirr with status (ok, multiple, no_flow, single_date, no_sign_change, no_root, out_of_range, bad_value), all roots, rows used and skipped';
COMMENT ON AGGREGATE risk_screen.xirr_detail(numeric, timestamptz) IS
	'xirr with status (ok, multiple, no_flow, single_date, no_sign_change, no_root, out_of_range, bad_value), all roots, rows used and skipped';

CREATE TYPE risk_screen.statistic_result AS (value float8, status text, used bigint, skipped bigint);
COMMENT ON TYPE risk_screen.statistic_result IS
	'Result of the _detail forms: the value, NULL when there is none, a status that says why, rows used and rows skipped for NULL';

-- ---- concentration: hhi, top_share, gini ----

CREATE FUNCTION risk_screen._hhi_accum(internal, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_hhi_accum_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._hhi_accum(internal, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_hhi_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._hhi_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_hhi_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._hhi_serial(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_hhi_serial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._hhi_deserial(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_hhi_deserial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._hhi_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_hhi_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE risk_screen.hhi(value float8) (
	SFUNC = risk_screen._hhi_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._hhi_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._hhi_combine, SERIALFUNC = risk_screen._hhi_serial,
	DESERIALFUNC = risk_screen._hhi_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.hhi(value numeric) (
	SFUNC = risk_screen._hhi_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._hhi_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._hhi_combine, SERIALFUNC = risk_screen._hhi_serial,
	DESERIALFUNC = risk_screen._hhi_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.hhi(float8) IS
	'Herfindahl-Hirschman index: sum of squared shares, 1/n to 1 (times 10000 for the usual scale); one row per holder; total zero gives NULL';
COMMENT ON AGGREGATE risk_screen.hhi(numeric) IS
	'Herfindahl-Hirschman index: sum of squared shares, 1/n to 1 (times 10000 for the usual scale); one row per holder; total zero gives NULL';

CREATE FUNCTION risk_screen._top_share_accum(internal, float8, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_top_share_accum_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._top_share_accum(internal, numeric, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_top_share_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._top_share_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_top_share_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._top_share_serial(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_top_share_serial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._top_share_deserial(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_top_share_deserial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._top_share_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_top_share_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE risk_screen.top_share(value float8, n int) (
	SFUNC = risk_screen._top_share_accum, STYPE = internal, SSPACE = 500,
	FINALFUNC = risk_screen._top_share_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._top_share_combine, SERIALFUNC = risk_screen._top_share_serial,
	DESERIALFUNC = risk_screen._top_share_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.top_share(value numeric, n int) (
	SFUNC = risk_screen._top_share_accum, STYPE = internal, SSPACE = 500,
	FINALFUNC = risk_screen._top_share_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._top_share_combine, SERIALFUNC = risk_screen._top_share_serial,
	DESERIALFUNC = risk_screen._top_share_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.top_share(float8, int) IS
	'CR-n: share of the n largest values in the total, 0 to 1; one row per holder; total zero gives NULL';
COMMENT ON AGGREGATE risk_screen.top_share(numeric, int) IS
	'CR-n: share of the n largest values in the total, 0 to 1; one row per holder; total zero gives NULL';

CREATE FUNCTION risk_screen._gini_accum(internal, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_gini_accum_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._gini_accum(internal, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_gini_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._values_accum(internal, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_values_accum_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._values_accum(internal, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_values_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._values_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_values_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._values_serial(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_values_serial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._values_deserial(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_values_deserial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._gini_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_gini_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE risk_screen.gini(value float8) (
	SFUNC = risk_screen._gini_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = risk_screen._gini_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._values_combine, SERIALFUNC = risk_screen._values_serial,
	DESERIALFUNC = risk_screen._values_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.gini(value numeric) (
	SFUNC = risk_screen._gini_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = risk_screen._gini_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._values_combine, SERIALFUNC = risk_screen._values_serial,
	DESERIALFUNC = risk_screen._values_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.gini(float8) IS
	'Gini coefficient, 0 (equal) to (n-1)/n; times n/(n-1) for the unbiased form; fewer than two values or total zero gives NULL';
COMMENT ON AGGREGATE risk_screen.gini(numeric) IS
	'Gini coefficient, 0 (equal) to (n-1)/n; times n/(n-1) for the unbiased form; fewer than two values or total zero gives NULL';

CREATE FUNCTION risk_screen._hhi_detail_final(internal) RETURNS risk_screen.statistic_result
	AS 'MODULE_PATHNAME', 'rs_hhi_detail_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.hhi_detail(value float8) (
	SFUNC = risk_screen._hhi_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._hhi_detail_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._hhi_combine, SERIALFUNC = risk_screen._hhi_serial,
	DESERIALFUNC = risk_screen._hhi_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.hhi_detail(float8) IS
	'hhi with status (ok, no_value, zero_total), rows used and skipped';
CREATE AGGREGATE risk_screen.hhi_detail(value numeric) (
	SFUNC = risk_screen._hhi_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._hhi_detail_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._hhi_combine, SERIALFUNC = risk_screen._hhi_serial,
	DESERIALFUNC = risk_screen._hhi_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.hhi_detail(numeric) IS
	'hhi with status (ok, no_value, zero_total), rows used and skipped';

CREATE FUNCTION risk_screen._top_share_detail_final(internal) RETURNS risk_screen.statistic_result
	AS 'MODULE_PATHNAME', 'rs_top_share_detail_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.top_share_detail(value float8, n int) (
	SFUNC = risk_screen._top_share_accum, STYPE = internal, SSPACE = 500,
	FINALFUNC = risk_screen._top_share_detail_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._top_share_combine, SERIALFUNC = risk_screen._top_share_serial,
	DESERIALFUNC = risk_screen._top_share_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.top_share_detail(float8, int) IS
	'top_share with status (ok, fewer_than_n: all there are, no_value, zero_total), rows used and skipped';
CREATE AGGREGATE risk_screen.top_share_detail(value numeric, n int) (
	SFUNC = risk_screen._top_share_accum, STYPE = internal, SSPACE = 500,
	FINALFUNC = risk_screen._top_share_detail_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._top_share_combine, SERIALFUNC = risk_screen._top_share_serial,
	DESERIALFUNC = risk_screen._top_share_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.top_share_detail(numeric, int) IS
	'top_share with status (ok, fewer_than_n: all there are, no_value, zero_total), rows used and skipped';

CREATE FUNCTION risk_screen._gini_detail_final(internal) RETURNS risk_screen.statistic_result
	AS 'MODULE_PATHNAME', 'rs_gini_detail_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.gini_detail(value float8) (
	SFUNC = risk_screen._gini_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = risk_screen._gini_detail_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._values_combine, SERIALFUNC = risk_screen._values_serial,
	DESERIALFUNC = risk_screen._values_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.gini_detail(float8) IS
	'gini with status (ok, no_value, single_value, zero_total), rows used and skipped';
CREATE AGGREGATE risk_screen.gini_detail(value numeric) (
	SFUNC = risk_screen._gini_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = risk_screen._gini_detail_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = risk_screen._values_combine, SERIALFUNC = risk_screen._values_serial,
	DESERIALFUNC = risk_screen._values_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.gini_detail(numeric) IS
	'gini with status (ok, no_value, single_value, zero_total), rows used and skipped';
