-- Groups of connected parties, and the related parties of an institution.

CREATE FUNCTION risk_screen.control_groups(holdings text, links text DEFAULT NULL,
		threshold numeric DEFAULT 0.5, inclusive boolean DEFAULT false, related_at numeric DEFAULT 0.05,
		as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL, bad_rows text DEFAULT 'error',
		OUT group_no bigint, OUT member text, OUT relation text, OUT via text, OUT votes numeric)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_control_groups'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000;
COMMENT ON FUNCTION risk_screen.control_groups(text, text, numeric, boolean, numeric, date, timestamptz, text) IS
	'Groups joined by control, concert and kinship, with the reason of every member; economic dependence one hop, holders of 5 % listed apart';

CREATE FUNCTION risk_screen.related_parties(holdings text, targets text[] DEFAULT NULL, links text DEFAULT NULL,
		threshold numeric DEFAULT 0.5, inclusive boolean DEFAULT false, related_at numeric DEFAULT 0.05,
		as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL, bad_rows text DEFAULT 'error',
		OUT target text, OUT party text, OUT relation text, OUT via text, OUT share numeric, OUT steps int)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_related_parties'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000;
COMMENT ON FUNCTION risk_screen.related_parties(text, text[], text, numeric, boolean, numeric, date, timestamptz, text) IS
	'Related parties of an institution: controllers, holders of 5 % and more and who controls them, officers, concert and kin, and everyone any of these controls; via and steps tell why';
