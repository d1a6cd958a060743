-- What a person enters on a desk about something that is not there takes no
-- effect, and nothing would say so: a warning does. It may come later, so that
-- it is no error; and what the person may not read is not warned of.
CREATE FUNCTION risk_screen._warn_unknown() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	desk text := quote_ident(TG_TABLE_SCHEMA);
	unknown text;
	n bigint;
BEGIN
	IF TG_TABLE_NAME = 'finding_review' THEN
		-- in the newest run, by its key; only what is not there is looked for in the others
		EXECUTE format($q$
			WITH strange AS MATERIALIZED (
				SELECT DISTINCT e.rule, e.finding_key FROM entered AS e
				 WHERE NOT EXISTS (SELECT FROM %1$s.finding AS f WHERE f.run_id = (SELECT c.run_id FROM %1$s.current_run AS c) AND f.rule = e.rule AND f.finding_key = e.finding_key))
			SELECT min(concat_ws(' ', s.rule, s.finding_key)), count(*) FROM strange AS s
			 WHERE EXISTS (SELECT FROM strange) AND (s.rule, s.finding_key) NOT IN (SELECT f.rule, f.finding_key FROM %1$s.finding AS f WHERE (f.rule, f.finding_key) IN (SELECT x.rule, x.finding_key FROM strange AS x))$q$, desk)
			INTO unknown, n;
		IF n > 0 THEN
			RAISE WARNING 'no run of workspace "%" has found "%"', TG_TABLE_SCHEMA, unknown
				USING DETAIL = CASE WHEN n > 1 THEN format('Nor %s others that were entered with it.', n - 1) ELSE 'The review waits for a finding of that rule and key.' END,
					HINT = format('SELECT rule, finding_key, reason_zh FROM %s.finding_list; lists the findings.', desk);
		END IF;
		RETURN NULL;
	END IF;
	EXECUTE format('SELECT min(e.inst_id), count(DISTINCT e.inst_id) FROM entered AS e WHERE e.inst_id NOT IN (SELECT i.inst_id FROM %s.institution AS i WHERE i.inst_id IS NOT NULL)', desk) INTO unknown, n;
	IF n > 0 THEN
		RAISE WARNING 'institution "%" is not on workspace "%"', unknown, TG_TABLE_SCHEMA
			USING DETAIL = CASE WHEN n > 1 THEN format('Nor %s others that were entered with it.', n - 1) ELSE format('The row of %s takes no effect unless it is filed.', TG_TABLE_NAME) END,
				HINT = format('SELECT inst_id, name FROM %s.institution; lists them.', desk);
	END IF;
	IF TG_TABLE_NAME = 'exemption' THEN
		SELECT min(e.rule), count(DISTINCT e.rule) INTO unknown, n FROM entered AS e WHERE NOT EXISTS (SELECT FROM risk_screen.rule AS r WHERE r.code = e.rule) AND NOT EXISTS (SELECT FROM risk_screen.ruleset_rule AS r WHERE r.rule = e.rule);
		IF n > 0 THEN
			RAISE WARNING 'there is no rule "%"', unknown USING HINT = 'SELECT code, title_zh FROM risk_screen.rule; lists them.';
		END IF;
	END IF;
	RETURN NULL;
EXCEPTION WHEN insufficient_privilege OR undefined_table THEN
	RETURN NULL;
END $$;
COMMENT ON FUNCTION risk_screen._warn_unknown() IS 'trigger: warns of a review, exemption or override about something that is not on the desk';
