CREATE PROCEDURE risk_screen._create_results(workspace text)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
END $$;
