-- Control by majority of votes.

CREATE FUNCTION risk_screen.controllers(holdings text, threshold numeric DEFAULT 0.5,
		inclusive boolean DEFAULT false, targets text[] DEFAULT NULL, as_of date DEFAULT NULL,
		without_treasury boolean DEFAULT false, known_at timestamptz DEFAULT NULL, bad_rows text DEFAULT 'error',
		OUT controlled text, OUT controller text, OUT votes numeric, OUT direct boolean, OUT layers int,
		OUT ultimate boolean, OUT via text, OUT agreement boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_controllers'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 300;
COMMENT ON FUNCTION risk_screen.controllers(text, numeric, boolean, text[], date, boolean, timestamptz, text) IS
	'Who controls a company: holds, with all that it controls itself, more than the threshold of the votes; exact, least fixpoint, also through cross-holdings';
