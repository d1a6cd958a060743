-- Ratios of two sums: liquidity, maturity mismatch, term gap.

CREATE FUNCTION risk_screen._ratio_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_ratio_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._ratio_serial(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_ratio_serial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._ratio_deserial(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_ratio_deserial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._ratio_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_ratio_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._liquidity_accum(internal, numeric, numeric, date, date, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_liquidity_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._liquidity_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_liquidity_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._mismatch_accum(internal, date, date, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_mismatch_count_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._mismatch_accum(internal, date, date, numeric, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_mismatch_amount_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._term_gap_accum(internal, date, date, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_term_gap_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE risk_screen.liquidity_ratio(cash numeric, due numeric, due_on date, as_of date, horizon int) (
	SFUNC = risk_screen._liquidity_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._liquidity_final,
	COMBINEFUNC = risk_screen._ratio_combine, SERIALFUNC = risk_screen._ratio_serial,
	DESERIALFUNC = risk_screen._ratio_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.liquidity_ratio(numeric, numeric, date, date, int) IS
	'Cash over the debt due up to as_of + horizon days, overdue debt included (B07); cash is repeated on every row of a group; no debt due or no cash filed gives NULL';

CREATE AGGREGATE risk_screen.mismatch_rate(start_on date, maturity date, cut_months int) (
	SFUNC = risk_screen._mismatch_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._ratio_final,
	COMBINEFUNC = risk_screen._ratio_combine, SERIALFUNC = risk_screen._ratio_serial,
	DESERIALFUNC = risk_screen._ratio_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.mismatch_rate(start_on date, maturity date, amount numeric, cut_months int) (
	SFUNC = risk_screen._mismatch_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._ratio_final,
	COMBINEFUNC = risk_screen._ratio_combine, SERIALFUNC = risk_screen._ratio_serial,
	DESERIALFUNC = risk_screen._ratio_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.mismatch_rate(date, date, int) IS
	'Share by count of targets whose term is longer than cut_months calendar months (B03, 期限错配率)';
COMMENT ON AGGREGATE risk_screen.mismatch_rate(date, date, numeric, int) IS
	'Share by amount of targets whose term is longer than cut_months calendar months (B03, 期限错配率)';

CREATE AGGREGATE risk_screen.term_gap(asset_until date, claim_until date, amount numeric) (
	SFUNC = risk_screen._term_gap_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._ratio_final,
	COMBINEFUNC = risk_screen._ratio_combine, SERIALFUNC = risk_screen._ratio_serial,
	DESERIALFUNC = risk_screen._ratio_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.term_gap(date, date, numeric) IS
	'Days by which claims end before their assets, weighted by amount; a claim that ends later counts zero (C07, 期限错配 as conduct)';

-- ---- spread of a peer group ----

CREATE TYPE risk_screen.peer_spread_result AS (n bigint, median float8, mad float8, mean_ad float8);
COMMENT ON TYPE risk_screen.peer_spread_result IS
	'Result of peer_spread: number of values, median, median and mean absolute deviation from the median';

CREATE FUNCTION risk_screen._mad_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'rs_mad_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._peer_spread_final(internal) RETURNS risk_screen.peer_spread_result
	AS 'MODULE_PATHNAME', 'rs_peer_spread_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE risk_screen.mad(value float8) (
	SFUNC = risk_screen._values_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = risk_screen._mad_final,
	COMBINEFUNC = risk_screen._values_combine, SERIALFUNC = risk_screen._values_serial,
	DESERIALFUNC = risk_screen._values_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.mad(value numeric) (
	SFUNC = risk_screen._values_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = risk_screen._mad_final,
	COMBINEFUNC = risk_screen._values_combine, SERIALFUNC = risk_screen._values_serial,
	DESERIALFUNC = risk_screen._values_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.mad(float8) IS
	'Median absolute deviation from the median, unscaled (times 1.4826 estimates a standard deviation); NULL ignored';
COMMENT ON AGGREGATE risk_screen.mad(numeric) IS
	'Median absolute deviation from the median, unscaled (times 1.4826 estimates a standard deviation); NULL ignored';

CREATE AGGREGATE risk_screen.peer_spread(value float8) (
	SFUNC = risk_screen._values_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = risk_screen._peer_spread_final,
	COMBINEFUNC = risk_screen._values_combine, SERIALFUNC = risk_screen._values_serial,
	DESERIALFUNC = risk_screen._values_deserial, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.peer_spread(value numeric) (
	SFUNC = risk_screen._values_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = risk_screen._peer_spread_final,
	COMBINEFUNC = risk_screen._values_combine, SERIALFUNC = risk_screen._values_serial,
	DESERIALFUNC = risk_screen._values_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.peer_spread(float8) IS
	'Number, median, MAD and mean absolute deviation of a peer group, for robust_z; storable beside the result';
COMMENT ON AGGREGATE risk_screen.peer_spread(numeric) IS
	'Number, median, MAD and mean absolute deviation of a peer group, for robust_z; storable beside the result';

CREATE FUNCTION risk_screen.robust_z(value float8, peers risk_screen.peer_spread_result, min_peers int DEFAULT 8)
	RETURNS float8 AS 'MODULE_PATHNAME', 'rs_robust_z' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.robust_z(float8, risk_screen.peer_spread_result, int) IS
	'Modified z-score 0.6745 (x - median) / MAD, by the mean deviation where MAD is zero; NULL with fewer than min_peers values or no spread; usual limit 3.5';

-- ---- roll rates ----

CREATE FUNCTION risk_screen.roll_matrix(positions text, bad_rows text DEFAULT 'error',
	OUT as_of date, OUT from_bucket text, OUT to_bucket text, OUT loans bigint, OUT amount numeric,
	OUT amount_now numeric, OUT share_loans float8, OUT share_amount float8)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_roll_matrix'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000 ROWS 10;
COMMENT ON FUNCTION risk_screen.roll_matrix(text, text) IS
	'Transitions of loans between buckets from one report date to the next, from a query (loan, as_of, bucket, amount): counts, amounts before and now, shares of the bucket left; from NULL: new, to NULL: gone';

CREATE FUNCTION risk_screen._liquidity_detail_final(internal) RETURNS risk_screen.statistic_result
	AS 'MODULE_PATHNAME', 'rs_liquidity_detail_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.liquidity_ratio_detail(cash numeric, due numeric, due_on date, as_of date, horizon int) (
	SFUNC = risk_screen._liquidity_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._liquidity_detail_final,
	COMBINEFUNC = risk_screen._ratio_combine, SERIALFUNC = risk_screen._ratio_serial,
	DESERIALFUNC = risk_screen._ratio_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.liquidity_ratio_detail(numeric, numeric, date, date, int) IS
	'liquidity_ratio with status (ok, no_debt, no_cash), debts counted and rows skipped';

CREATE FUNCTION risk_screen._ratio_detail_final(internal) RETURNS risk_screen.statistic_result
	AS 'MODULE_PATHNAME', 'rs_ratio_detail_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.mismatch_rate_detail(start_on date, maturity date, cut_months int) (
	SFUNC = risk_screen._mismatch_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._ratio_detail_final,
	COMBINEFUNC = risk_screen._ratio_combine, SERIALFUNC = risk_screen._ratio_serial,
	DESERIALFUNC = risk_screen._ratio_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.mismatch_rate_detail(date, date, int) IS
	'mismatch_rate with status (ok, no_value, zero_total), rows used and skipped';
CREATE AGGREGATE risk_screen.mismatch_rate_detail(start_on date, maturity date, amount numeric, cut_months int) (
	SFUNC = risk_screen._mismatch_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._ratio_detail_final,
	COMBINEFUNC = risk_screen._ratio_combine, SERIALFUNC = risk_screen._ratio_serial,
	DESERIALFUNC = risk_screen._ratio_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.mismatch_rate_detail(date, date, numeric, int) IS
	'mismatch_rate with status (ok, no_value, zero_total), rows used and skipped';

CREATE AGGREGATE risk_screen.term_gap_detail(asset_until date, claim_until date, amount numeric) (
	SFUNC = risk_screen._term_gap_accum, STYPE = internal, SSPACE = 720,
	FINALFUNC = risk_screen._ratio_detail_final,
	COMBINEFUNC = risk_screen._ratio_combine, SERIALFUNC = risk_screen._ratio_serial,
	DESERIALFUNC = risk_screen._ratio_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.term_gap_detail(date, date, numeric) IS
	'term_gap with status (ok, no_value, zero_total), rows used and skipped';

CREATE FUNCTION risk_screen._mad_detail_final(internal) RETURNS risk_screen.statistic_result
	AS 'MODULE_PATHNAME', 'rs_mad_detail_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.mad_detail(value float8) (
	SFUNC = risk_screen._values_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = risk_screen._mad_detail_final,
	COMBINEFUNC = risk_screen._values_combine, SERIALFUNC = risk_screen._values_serial,
	DESERIALFUNC = risk_screen._values_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.mad_detail(float8) IS
	'mad with status (ok, zero_mad: more than half of the values are equal, no_value), rows used and skipped';
CREATE AGGREGATE risk_screen.mad_detail(value numeric) (
	SFUNC = risk_screen._values_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = risk_screen._mad_detail_final,
	COMBINEFUNC = risk_screen._values_combine, SERIALFUNC = risk_screen._values_serial,
	DESERIALFUNC = risk_screen._values_deserial, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.mad_detail(numeric) IS
	'mad with status (ok, zero_mad: more than half of the values are equal, no_value), rows used and skipped';

CREATE FUNCTION risk_screen.robust_z_detail(value float8, peers risk_screen.peer_spread_result, min_peers int DEFAULT 8)
	RETURNS risk_screen.statistic_result AS 'MODULE_PATHNAME', 'rs_robust_z_detail' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.robust_z_detail(float8, risk_screen.peer_spread_result, int) IS
	'robust_z with status (ok, zero_mad: by the mean deviation, no_spread, too_few_peers, no_value) and the number of peers';
