-- What a rule was, and since when: a replay of an earlier state of knowledge
-- (screen(..., known_at => ...)) runs the rules as they stood then.

CREATE TABLE risk_screen.rule_history (
	code text NOT NULL,
	known_from timestamptz NOT NULL,
	known_to timestamptz NOT NULL DEFAULT 'infinity',
	changed_by text NOT NULL DEFAULT CURRENT_USER,
	rule risk_screen.rule NOT NULL,
	CHECK (known_from <= known_to)
);
CREATE INDEX rule_history_code ON risk_screen.rule_history (code, known_from);
COMMENT ON TABLE risk_screen.rule_history IS 'Every rule as it stood from known_from to known_to; written by a trigger on risk_screen.rule. A rule without rows here has not changed since it was shipped';
COMMENT ON COLUMN risk_screen.rule_history.code IS 'Rule';
COMMENT ON COLUMN risk_screen.rule_history.known_from IS 'Since when it stood like this; -infinity: since it was shipped';
COMMENT ON COLUMN risk_screen.rule_history.known_to IS 'When it was changed or deleted; infinity: it stands';
COMMENT ON COLUMN risk_screen.rule_history.changed_by IS 'Who entered this state';
COMMENT ON COLUMN risk_screen.rule_history.rule IS 'The whole row';
GRANT SELECT ON risk_screen.rule_history TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('risk_screen.rule_history', '');

-- Whoever may change rules may not write history by hand.
CREATE FUNCTION risk_screen._keep_rule_history() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	moment timestamptz := clock_timestamp();
BEGIN
	IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN
		RETURN NULL;
	END IF;
	IF TG_OP <> 'INSERT' THEN
		UPDATE risk_screen.rule_history SET known_to = moment WHERE code = OLD.code AND known_to = 'infinity';
		IF NOT FOUND THEN
			INSERT INTO risk_screen.rule_history (code, known_from, known_to, changed_by, rule) VALUES (OLD.code, '-infinity', moment, session_user, OLD);
		END IF;
	END IF;
	IF TG_OP <> 'DELETE' THEN
		INSERT INTO risk_screen.rule_history (code, known_from, changed_by, rule) VALUES (NEW.code, moment, session_user, NEW);
	END IF;
	RETURN NULL;
END $$;
-- for a trigger on a table of one's own it would end the history of a shipped rule
REVOKE ALL ON FUNCTION risk_screen._keep_rule_history() FROM PUBLIC;
CREATE TRIGGER keep_history AFTER INSERT OR UPDATE OR DELETE ON risk_screen.rule
	FOR EACH ROW EXECUTE FUNCTION risk_screen._keep_rule_history();

-- The rules as known at an instant. Of two states with one code that overlap (a
-- restored dump enters the present one again) the later entered counts.
CREATE OR REPLACE FUNCTION risk_screen._rules_at(known_at timestamptz) RETURNS SETOF risk_screen.rule
	LANGUAGE plpgsql STABLE ROWS 200 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF known_at = 'infinity' THEN
		RETURN QUERY SELECT r.* FROM risk_screen.rule AS r;
	ELSE
		RETURN QUERY
		SELECT r.* FROM risk_screen.rule AS r WHERE NOT EXISTS (SELECT FROM risk_screen.rule_history AS h WHERE h.code = r.code);
		RETURN QUERY
		SELECT (h.rule).*
		  FROM (SELECT DISTINCT ON (x.code) x.rule, x.known_to FROM risk_screen.rule_history AS x
				 WHERE x.known_from <= _rules_at.known_at ORDER BY x.code, x.known_from DESC) AS h
		 WHERE h.known_to > _rules_at.known_at;
	END IF;
END $$;
