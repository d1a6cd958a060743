-- Cycles of transfers.

CREATE FUNCTION risk_screen.find_cycles(transfers text, max_length int DEFAULT 6, within interval DEFAULT '10 days',
		min_amount numeric DEFAULT 0, min_kept numeric DEFAULT 0, ordered boolean DEFAULT true, strict boolean DEFAULT true,
		since timestamptz DEFAULT '-infinity', bad_rows text DEFAULT 'error',
		OUT cycle_no bigint, OUT length int, OUT accounts text[], OUT txn_ids text[], OUT amounts numeric[],
		OUT started_at timestamptz, OUT ended_at timestamptz, OUT kept numeric, OUT instance text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_find_cycles_sql'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000 SUPPORT risk_screen._rows_of_query;
COMMENT ON FUNCTION risk_screen.find_cycles(text, int, interval, numeric, numeric, boolean, boolean, timestamptz, text) IS
	'Money that comes back: closed sequences of transfers inside a window, each once, no account twice, with the share that can have gone round';
