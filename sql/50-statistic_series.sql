-- Change in a series, first digits, and the rates derived from xirr.

CREATE FUNCTION risk_screen._growth_accum(internal, float8, timestamptz, interval) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_growth_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._growth_accum(internal, float8, timestamptz, interval, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_growth_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._growth_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_growth_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._growth_serial(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_growth_serial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._growth_deserial(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_growth_deserial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._growth_peak_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_growth_peak_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._growth_over_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_growth_over_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE risk_screen.growth_peak(balance float8, at timestamptz, within interval) (
	SFUNC = risk_screen._growth_accum, STYPE = internal, SSPACE = 512,
	FINALFUNC = risk_screen._growth_peak_final,
	COMBINEFUNC = risk_screen._growth_combine, SERIALFUNC = risk_screen._growth_serial,
	DESERIALFUNC = risk_screen._growth_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.growth_peak(balance float8, at timestamptz, within interval, min_increase float8) (
	SFUNC = risk_screen._growth_accum, STYPE = internal, SSPACE = 512,
	FINALFUNC = risk_screen._growth_peak_final,
	COMBINEFUNC = risk_screen._growth_combine, SERIALFUNC = risk_screen._growth_serial,
	DESERIALFUNC = risk_screen._growth_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.growth_over(balance float8, at timestamptz, within interval) (
	SFUNC = risk_screen._growth_accum, STYPE = internal, SSPACE = 512,
	FINALFUNC = risk_screen._growth_over_final,
	COMBINEFUNC = risk_screen._growth_combine, SERIALFUNC = risk_screen._growth_serial,
	DESERIALFUNC = risk_screen._growth_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.growth_peak(float8, timestamptz, interval) IS
	'Largest growth balance(t)/balance(s) - 1 over any s before t and at most the window apart (B13, any peak inside the week); bases of zero or less do not count; NULL without a pair';
COMMENT ON AGGREGATE risk_screen.growth_peak(float8, timestamptz, interval, float8) IS
	'growth_peak that counts only increases of at least min_increase: small bases make large percentages';
COMMENT ON AGGREGATE risk_screen.growth_over(float8, timestamptz, interval) IS
	'Growth of the last balance against the latest one at least a window and at most two windows earlier (B13, end against end)';

CREATE FUNCTION risk_screen._cusum_accum(internal, float8, float8, float8, float8, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_cusum_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._cusum_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_cusum_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._cusum_alarms_final(internal) RETURNS bigint
	AS 'MODULE_PATHNAME', 'rs_cusum_alarms_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.cusum(x float8, mean float8, sd float8, k float8, h float8) (
	SFUNC = risk_screen._cusum_accum, STYPE = internal, SSPACE = 64,
	FINALFUNC = risk_screen._cusum_final, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.cusum_alarms(x float8, mean float8, sd float8, k float8, h float8) (
	SFUNC = risk_screen._cusum_accum, STYPE = internal, SSPACE = 64,
	FINALFUNC = risk_screen._cusum_alarms_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.cusum(float8, float8, float8, float8, float8) IS
	'Upper tabular CUSUM in standard deviations, as a window function in order of time: above h is an alarm, after which it starts again from zero; h NULL never resets; sd not above zero gives NULL; negate x and mean for falls';
COMMENT ON AGGREGATE risk_screen.cusum_alarms(float8, float8, float8, float8, float8) IS
	'Number of alarms of cusum so far';

CREATE FUNCTION risk_screen._ewma_accum(internal, float8, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_ewma_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._ewma_accum(internal, float8, timestamptz, interval) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_ewma_time_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._ewma_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_ewma_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.ewma(x float8, lambda float8) (
	SFUNC = risk_screen._ewma_accum, STYPE = internal, SSPACE = 64,
	FINALFUNC = risk_screen._ewma_final, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.ewma(x float8, at timestamptz, tau interval) (
	SFUNC = risk_screen._ewma_accum, STYPE = internal, SSPACE = 64,
	FINALFUNC = risk_screen._ewma_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.ewma(float8, float8) IS
	'Exponentially weighted mean, in the order of the rows; starts at the first value; NULL leaves it as it is';
COMMENT ON AGGREGATE risk_screen.ewma(float8, timestamptz, interval) IS
	'Exponentially weighted mean of unevenly spaced values: weight 1 - e^(-dt/tau); rows in order of time';

CREATE FUNCTION risk_screen.ewma_limit(sd float8, lambda float8, n int, width float8 DEFAULT 3) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN width * sd * CASE WHEN lambda >= 1 THEN 1
		ELSE sqrt(lambda / (2 - lambda) * (1 - exp(GREATEST(-700, 2.0::float8 * n * ln(1 - lambda))))) END;
COMMENT ON FUNCTION risk_screen.ewma_limit(float8, float8, int, float8) IS
	'Distance of the control limits of ewma from the mean after n values: width standard deviations of the smoothed series';

-- ---- first digits ----

CREATE TYPE risk_screen.benford_result AS (
	n bigint, skipped bigint, counts bigint[], mad float8, chi2 float8, max_z float8, conformity text, status text);
COMMENT ON TYPE risk_screen.benford_result IS
	'Result of benford: numbers used and skipped, counts by digit, mean absolute deviation, chi-square, largest z, conformity (Nigrini), status';
CREATE FUNCTION risk_screen._benford_accum(internal, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_benford_accum_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._benford_accum(internal, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_benford_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._benford_accum(internal, float8, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_benford_accum_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._benford_accum(internal, numeric, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_benford_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._benford_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_benford_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._benford_serial(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_benford_serial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._benford_deserial(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_benford_deserial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._benford_final(internal) RETURNS risk_screen.benford_result
	AS 'MODULE_PATHNAME', 'rs_benford_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.benford(x float8) (
	SFUNC = risk_screen._benford_accum, STYPE = internal, SSPACE = 840,
	FINALFUNC = risk_screen._benford_final,
	COMBINEFUNC = risk_screen._benford_combine, SERIALFUNC = risk_screen._benford_serial,
	DESERIALFUNC = risk_screen._benford_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.benford(x numeric) (
	SFUNC = risk_screen._benford_accum, STYPE = internal, SSPACE = 840,
	FINALFUNC = risk_screen._benford_final,
	COMBINEFUNC = risk_screen._benford_combine, SERIALFUNC = risk_screen._benford_serial,
	DESERIALFUNC = risk_screen._benford_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.benford(x float8, digits int) (
	SFUNC = risk_screen._benford_accum, STYPE = internal, SSPACE = 840,
	FINALFUNC = risk_screen._benford_final,
	COMBINEFUNC = risk_screen._benford_combine, SERIALFUNC = risk_screen._benford_serial,
	DESERIALFUNC = risk_screen._benford_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.benford(x numeric, digits int) (
	SFUNC = risk_screen._benford_accum, STYPE = internal, SSPACE = 840,
	FINALFUNC = risk_screen._benford_final,
	COMBINEFUNC = risk_screen._benford_combine, SERIALFUNC = risk_screen._benford_serial,
	DESERIALFUNC = risk_screen._benford_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.benford(float8) IS
	'First digits against Benford''s law; zero, NULL, NaN are skipped; status ok, too_few (under 300), narrow_range (under two powers of ten) or empty';
COMMENT ON AGGREGATE risk_screen.benford(numeric) IS
	'First digits against Benford''s law; zero, NULL, NaN are skipped; status ok, too_few (under 300), narrow_range (under two powers of ten) or empty';
COMMENT ON AGGREGATE risk_screen.benford(float8, int) IS 'benford over one or the first two digits';
COMMENT ON AGGREGATE risk_screen.benford(numeric, int) IS 'benford over one or the first two digits';

-- ---- rates per period ----

CREATE FUNCTION risk_screen._irr_accum(internal, float8, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_irr_accum_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._irr_accum(internal, numeric, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_irr_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.irr(amount float8, period int) (
	SFUNC = risk_screen._irr_accum, STYPE = internal, SSPACE = 400,
	FINALFUNC = risk_screen._xirr_final,
	COMBINEFUNC = risk_screen._xirr_combine, SERIALFUNC = risk_screen._xirr_serial,
	DESERIALFUNC = risk_screen._xirr_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.irr(amount numeric, period int) (
	SFUNC = risk_screen._irr_accum, STYPE = internal, SSPACE = 400,
	FINALFUNC = risk_screen._xirr_final,
	COMBINEFUNC = risk_screen._xirr_combine, SERIALFUNC = risk_screen._xirr_serial,
	DESERIALFUNC = risk_screen._xirr_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.irr(float8, int) IS
	'Rate per period of flows numbered by period (months, say): the root nearest to zero, NULL if there is none';
COMMENT ON AGGREGATE risk_screen.irr(numeric, int) IS
	'Rate per period of flows numbered by period (months, say): the root nearest to zero, NULL if there is none';

CREATE FUNCTION risk_screen.nominal_apr(period_rate float8, periods int DEFAULT 12) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_nominal_apr' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.nominal_apr(float8, int) IS
	'Annual rate without compounding (单利): rate per period times periods a year; must be labelled as such';
CREATE FUNCTION risk_screen.effective_apr(period_rate float8, periods int DEFAULT 12) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_effective_apr' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.effective_apr(float8, int) IS
	'Annual rate with compounding (复利): (1 + rate per period)^periods - 1';
CREATE FUNCTION risk_screen.period_rate(effective float8, periods int DEFAULT 12) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_period_rate' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.period_rate(float8, int) IS
	'Rate per period of an effective annual rate: the inverse of effective_apr';
CREATE FUNCTION risk_screen.flat_rate(principal numeric, repaid numeric, years numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE WHEN principal > 0 AND years > 0 THEN (repaid - principal) / principal / years END;
COMMENT ON FUNCTION risk_screen.flat_rate(numeric, numeric, numeric) IS
	'The advertised kind of rate: interest over the original principal a year, as if nothing were repaid before the end; compare with xirr';
