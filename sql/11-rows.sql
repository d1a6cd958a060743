-- Functions declared with this support give their rows as they are read, wherever
-- they stand alone in FROM (src/row_scan.c): nothing is stored, and LIMIT ends the work.
CREATE FUNCTION risk_screen._rows_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_rows_support' LANGUAGE C STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen._rows_support(internal) IS 'Planner support of functions whose rows are read as they are made';
