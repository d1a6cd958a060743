-- Shipped rows and activated versions do not change: created last, so that the
-- rows above could be entered. What you disagree with you override by a row of
-- your own, or by your own version of a ruleset.

CREATE FUNCTION risk_screen._protect_shipped() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		RAISE EXCEPTION 'table "%" holds shipped rows and cannot be truncated', TG_TABLE_NAME
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Delete your own rows instead.';
	END IF;
	IF (TG_OP <> 'INSERT' AND OLD.builtin) OR (TG_OP <> 'DELETE' AND NEW.builtin) THEN
		RAISE EXCEPTION 'shipped rows of "%" are read-only', TG_TABLE_NAME
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'Add a row of your own (builtin = false) instead.';
	END IF;
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

-- An activated version may be filled only up to the content that was activated:
-- that is what a restore does, whatever the order of its tables.
CREATE FUNCTION risk_screen._protect_version() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	shut record;
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		RAISE EXCEPTION 'table "%" holds activated versions and cannot be truncated', TG_TABLE_NAME
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Delete your own drafts instead.';
	END IF;
	SELECT a.ruleset, a.version INTO shut
	  FROM risk_screen.ruleset_activation a
	 WHERE ((TG_OP <> 'INSERT' AND a.ruleset = OLD.ruleset AND a.version = OLD.version)
			OR (TG_OP <> 'DELETE' AND a.ruleset = NEW.ruleset AND a.version = NEW.version))
	   AND (TG_OP <> 'INSERT' OR a.content_hash = risk_screen.ruleset_hash(a.ruleset, a.version))
	 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'version % of ruleset "%" has been activated and cannot be changed', shut.version, shut.ruleset
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'Make a new version with risk_screen.copy_ruleset() and activate that.';
	END IF;
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION risk_screen._protect_history() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RAISE EXCEPTION 'rows of "%" are only added, never changed', TG_TABLE_NAME
		USING ERRCODE = 'object_not_in_prerequisite_state',
			  HINT = 'Activate another version for the same day: the later entry counts.';
END $$;

CREATE TRIGGER protect_shipped BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.calendar_day
	FOR EACH ROW EXECUTE FUNCTION risk_screen._protect_shipped();
CREATE TRIGGER protect_shipped_all BEFORE TRUNCATE ON risk_screen.calendar_day
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._protect_shipped();
CREATE TRIGGER protect_shipped BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.parameter
	FOR EACH ROW EXECUTE FUNCTION risk_screen._protect_shipped();
CREATE TRIGGER protect_shipped_all BEFORE TRUNCATE ON risk_screen.parameter
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._protect_shipped();
CREATE TRIGGER protect_shipped BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.disposal_rule
	FOR EACH ROW EXECUTE FUNCTION risk_screen._protect_shipped();
CREATE TRIGGER protect_shipped_all BEFORE TRUNCATE ON risk_screen.disposal_rule
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._protect_shipped();
CREATE TRIGGER protect_shipped BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.ruleset
	FOR EACH ROW EXECUTE FUNCTION risk_screen._protect_shipped();
CREATE TRIGGER protect_version BEFORE UPDATE OR DELETE ON risk_screen.ruleset
	FOR EACH ROW EXECUTE FUNCTION risk_screen._protect_version();
CREATE TRIGGER protect_version_all BEFORE TRUNCATE ON risk_screen.ruleset
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._protect_version();
CREATE TRIGGER protect_version BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.ruleset_level
	FOR EACH ROW EXECUTE FUNCTION risk_screen._protect_version();
CREATE TRIGGER protect_version_all BEFORE TRUNCATE ON risk_screen.ruleset_level
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._protect_version();
CREATE TRIGGER protect_version BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.ruleset_rule
	FOR EACH ROW EXECUTE FUNCTION risk_screen._protect_version();
CREATE TRIGGER protect_version_all BEFORE TRUNCATE ON risk_screen.ruleset_rule
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._protect_version();
CREATE TRIGGER protect_version BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.ruleset_band
	FOR EACH ROW EXECUTE FUNCTION risk_screen._protect_version();
CREATE TRIGGER protect_version_all BEFORE TRUNCATE ON risk_screen.ruleset_band
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._protect_version();
CREATE TRIGGER protect_history BEFORE UPDATE OR DELETE ON risk_screen.ruleset_activation
	FOR EACH ROW EXECUTE FUNCTION risk_screen._protect_history();
CREATE TRIGGER protect_history_all BEFORE TRUNCATE ON risk_screen.ruleset_activation
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._protect_history();
CREATE TRIGGER protect_shipped BEFORE INSERT ON risk_screen.ruleset_activation
	FOR EACH ROW EXECUTE FUNCTION risk_screen._protect_shipped();
