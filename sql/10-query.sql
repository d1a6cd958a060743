-- Looking at a query through a column contract.

-- Rows and cost of functions that read a whole query, for the planner.
CREATE FUNCTION risk_screen._rows_of_query(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_rows_of_query' LANGUAGE C STRICT;
COMMENT ON FUNCTION risk_screen._rows_of_query(internal) IS 'planner support: estimates from the query that a call is given';

CREATE FUNCTION risk_screen._query_text(query text, argument text DEFAULT 'query') RETURNS text
	AS 'MODULE_PATHNAME', 'rs_query_text' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION risk_screen._query_text(text, text) IS 'the SELECT that a query text or the name of a table means, or an error that says what is wrong with it';

CREATE FUNCTION risk_screen.describe_query(contract text, query text,
		OUT column_name text, OUT required boolean, OUT expected text, OUT found text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_describe_query'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000 ROWS 10;
COMMENT ON FUNCTION risk_screen.describe_query(text, text) IS
	'Which columns of a contract (transfers, holdings, claims, openings, links, facts) a query text has, and of what type';

CREATE FUNCTION risk_screen.preview_query(contract text, query text,
		bad_rows text DEFAULT 'error', max_rows bigint DEFAULT 10,
		OUT row_no bigint, OUT content jsonb)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_preview_query'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 10000 ROWS 10;
COMMENT ON FUNCTION risk_screen.preview_query(text, text, text, bigint) IS
	'The first rows of a query text as the engines see them; reads the whole query and reports bad rows';

CREATE FUNCTION risk_screen.check_transfers(transfers text, bad_rows text DEFAULT 'error',
		OUT transfers bigint, OUT accounts bigint, OUT self_transfers bigint, OUT amount numeric,
		OUT first_at timestamptz, OUT last_at timestamptz, OUT skipped bigint)
	AS 'MODULE_PATHNAME', 'rs_check_transfers'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION risk_screen.check_transfers(text, text) IS
	'Reads a whole transfers query and returns its totals; errors, or with bad_rows => ''skip'' counts, on rows that the contract does not allow';
