-- The natural persons behind a company.

CREATE FUNCTION risk_screen.beneficial_owners(holdings text, persons text, threshold numeric DEFAULT 0.25,
		inclusive boolean DEFAULT true, basis text DEFAULT 'higher', as_of date DEFAULT NULL,
		targets text[] DEFAULT NULL, concert text DEFAULT NULL, control_threshold numeric DEFAULT 0.5,
		known_at timestamptz DEFAULT NULL, bad_rows text DEFAULT 'error',
		OUT company text, OUT party text, OUT kind text, OUT qualified boolean, OUT grounds text[],
		OUT equity numeric, OUT votes numeric, OUT higher numeric, OUT concert_members text[], OUT concert_share numeric,
		OUT control boolean, OUT via text, OUT flags text[])
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_beneficial_owners'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000;
COMMENT ON FUNCTION risk_screen.beneficial_owners(text, text, numeric, boolean, text, date, text[], text, numeric, timestamptz, text) IS
	'Beneficial owners with grounds: 25 % of equity or votes over all chains, control, concert; typed stops, unknown parts, and the manager when nobody qualifies';
