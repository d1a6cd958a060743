-- Look-through: who owns a company, what a party owns, what a product is made of.

CREATE FUNCTION risk_screen.look_through(holdings text, targets text[] DEFAULT NULL,
		direction text DEFAULT 'owners', as_of date DEFAULT NULL, max_layers int DEFAULT NULL,
		over_one text DEFAULT 'keep', known_at timestamptz DEFAULT NULL, bad_rows text DEFAULT 'error',
		OUT target text, OUT party text, OUT layers int, OUT direct numeric, OUT total numeric, OUT net numeric,
		OUT ultimate boolean, OUT in_cycle boolean, OUT flags text[], OUT total_min numeric, OUT total_max numeric)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_look_through'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 300
	SUPPORT risk_screen._rows_support;
COMMENT ON FUNCTION risk_screen.look_through(text, text[], text, date, int, text, timestamptz, text) IS
	'Shareholding look-through, exact on cross-holdings: total and net share of every direct and indirect holder (or holding), with flags for what cannot be a number';
