-- The schema is created here and not by the control file: installing into a
-- schema that somebody else already owns fails instead of trusting its owner.
CREATE SCHEMA risk_screen;
COMMENT ON SCHEMA risk_screen IS 'risk_screen: supervision desk functions, rules, word lists and calendar';
GRANT USAGE ON SCHEMA risk_screen TO PUBLIC;

CREATE FUNCTION risk_screen.version() RETURNS text
	AS 'MODULE_PATHNAME', 'rs_version'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.version() IS
	'Version of the loaded library; compare with extversion in pg_extension after an upgrade';
