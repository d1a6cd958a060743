-- The chains of holdings between two parties.

CREATE FUNCTION risk_screen.ownership_paths(holdings text, target text, party text, max_paths int DEFAULT 10,
		as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL, bad_rows text DEFAULT 'error',
		OUT path_no bigint, OUT layers int, OUT parties text[], OUT shares numeric[], OUT product numeric,
		OUT valid_from date, OUT valid_to date, OUT flags text[], OUT truncated boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_ownership_paths'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000 ROWS 10;
COMMENT ON FUNCTION risk_screen.ownership_paths(text, text, text, int, date, timestamptz, text) IS
	'The chains of holdings from a party to a target, best product first, nobody twice in a chain; says when there are more';
