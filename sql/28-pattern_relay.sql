-- Money that passes through: pairs, stretches, scatter-gather, gather-scatter.

CREATE FUNCTION risk_screen.find_pass_through(transfers text, within interval, tolerance numeric,
		level text DEFAULT 'pair', min_amount numeric DEFAULT 0, since timestamptz DEFAULT '-infinity', bad_rows text DEFAULT 'error',
		OUT account text, OUT in_txn_ids text[], OUT out_txn_ids text[], OUT received numeric, OUT paid numeric,
		OUT started_at timestamptz, OUT ended_at timestamptz, OUT instance text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_find_pass_through'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000 SUPPORT risk_screen._rows_of_query;
COMMENT ON FUNCTION risk_screen.find_pass_through(text, interval, numeric, text, numeric, timestamptz, text) IS
	'快进快出: money that leaves an account soon after it came, by transfer pairs or by stretches of the account';

CREATE FUNCTION risk_screen.find_scatter_gather(transfers text, min_parties int, within interval, ordered boolean DEFAULT true,
		since timestamptz DEFAULT '-infinity', bad_rows text DEFAULT 'error', phased boolean DEFAULT false,
		OUT source text, OUT target text, OUT middles text[], OUT parties int, OUT out_txn_ids text[], OUT in_txn_ids text[],
		OUT sent numeric, OUT received numeric, OUT started_at timestamptz, OUT ended_at timestamptz, OUT instance text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_find_scatter_gather_sql'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000 SUPPORT risk_screen._rows_of_query;
COMMENT ON FUNCTION risk_screen.find_scatter_gather(text, int, interval, boolean, timestamptz, text, boolean) IS
	'One account pays many, who pay one other account, inside a window';

CREATE FUNCTION risk_screen.find_gather_scatter(transfers text, min_parties int, within interval, ordered boolean DEFAULT true,
		since timestamptz DEFAULT '-infinity', bad_rows text DEFAULT 'error',
		OUT account text, OUT parties int, OUT in_txn_ids text[], OUT out_txn_ids text[], OUT received numeric, OUT paid numeric,
		OUT started_at timestamptz, OUT ended_at timestamptz, OUT instance text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_find_gather_scatter_sql'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000 SUPPORT risk_screen._rows_of_query;
COMMENT ON FUNCTION risk_screen.find_gather_scatter(text, int, interval, boolean, timestamptz, text) IS
	'Many payers into an account and many payees out of it, inside a window; ordered: in before out';
