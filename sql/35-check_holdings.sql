-- Data quality of holdings.

CREATE FUNCTION risk_screen.check_holdings(holdings text, as_of date DEFAULT NULL,
		known_at timestamptz DEFAULT NULL, bad_rows text DEFAULT 'error',
		OUT finding text, OUT company text, OUT owner text, OUT amount numeric, OUT members text[])
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_check_holdings'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 20;
COMMENT ON FUNCTION risk_screen.check_holdings(text, date, timestamptz, text) IS
	'What is wrong or worth knowing in holdings: all that other functions refuse, skip or do not count (missing names, misspelt kinds, numbers and dates that cannot be), sums over and under 100 %, rings and closed loops, unknown sizes, duplicates, overlaps';
