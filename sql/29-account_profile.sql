-- Profiles of accounts; fund pools.

CREATE FUNCTION risk_screen.account_profile(transfers text, "window" interval DEFAULT '24 hours', bad_rows text DEFAULT 'error',
		OUT account text, OUT paid_count bigint, OUT received_count bigint, OUT paid numeric, OUT received numeric,
		OUT payees int, OUT payers int, OUT self_transfers bigint, OUT retention numeric, OUT median_hold interval,
		OUT peak_count bigint, OUT peak_paid numeric, OUT peak_received numeric, OUT sources float8,
		OUT first_at timestamptz, OUT last_at timestamptz)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_account_profile'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10000 SUPPORT risk_screen._rows_of_query;
COMMENT ON FUNCTION risk_screen.account_profile(text, interval, text) IS
	'One row per account: counts, sums, parties, retention, median holding time, peaks inside a window';

CREATE FUNCTION risk_screen.fund_pools(transfers text, min_payers int DEFAULT 10, min_payees int DEFAULT 10,
		max_matched numeric DEFAULT 0.5, match_within interval DEFAULT '3 days', min_sources float8 DEFAULT 5, bad_rows text DEFAULT 'error',
		OUT account text, OUT payers int, OUT payees int, OUT received numeric, OUT paid numeric, OUT matched numeric,
		OUT sources float8, OUT retention numeric, OUT median_hold interval, OUT first_at timestamptz, OUT last_at timestamptz,
		OUT instance text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_fund_pools'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 100 SUPPORT risk_screen._rows_of_query;
COMMENT ON FUNCTION risk_screen.fund_pools(text, int, int, numeric, interval, float8, text) IS
	'资金池: accounts that many pay into and that pay many, little of it under the loan it came in for';
