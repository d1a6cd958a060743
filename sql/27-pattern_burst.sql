-- Fans and structuring: many counterparties or many transfers in a short time.

CREATE FUNCTION risk_screen.find_fan_in(transfers text, min_parties int, within interval,
		min_amount numeric DEFAULT 0, min_total numeric DEFAULT 0, since timestamptz DEFAULT '-infinity', bad_rows text DEFAULT 'error',
		OUT account text, OUT parties int, OUT txn_ids text[], OUT amounts numeric[], OUT total numeric,
		OUT started_at timestamptz, OUT ended_at timestamptz, OUT transfer_count int, OUT instance text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_find_fan_in'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 100 SUPPORT risk_screen._rows_of_query;
COMMENT ON FUNCTION risk_screen.find_fan_in(text, int, interval, numeric, numeric, timestamptz, text) IS
	'Accounts that receive from many different payers inside a window, one row per burst';

CREATE FUNCTION risk_screen.find_fan_out(transfers text, min_parties int, within interval,
		min_amount numeric DEFAULT 0, min_total numeric DEFAULT 0, since timestamptz DEFAULT '-infinity', bad_rows text DEFAULT 'error',
		OUT account text, OUT parties int, OUT txn_ids text[], OUT amounts numeric[], OUT total numeric,
		OUT started_at timestamptz, OUT ended_at timestamptz, OUT transfer_count int, OUT instance text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_find_fan_out'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 100 SUPPORT risk_screen._rows_of_query;
COMMENT ON FUNCTION risk_screen.find_fan_out(text, int, interval, numeric, numeric, timestamptz, text) IS
	'Accounts that pay to many different payees inside a window, one row per burst';

CREATE FUNCTION risk_screen.find_structuring(transfers text, threshold numeric, band numeric, min_count int, within interval,
		side text DEFAULT 'payer', min_parties int DEFAULT 1, by_owner boolean DEFAULT false,
		since timestamptz DEFAULT '-infinity', bad_rows text DEFAULT 'error',
		OUT account text, OUT parties int, OUT txn_ids text[], OUT amounts numeric[], OUT total numeric,
		OUT started_at timestamptz, OUT ended_at timestamptz, OUT transfer_count int, OUT instance text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_find_structuring'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10;
COMMENT ON FUNCTION risk_screen.find_structuring(text, numeric, numeric, int, interval, text, int, boolean, timestamptz, text) IS
	'化整为零: transfers of one party just below a threshold that reach it together inside a window';
