-- Who changed what judges and what people decided. Two logs of one shape:
-- risk_screen.change_log for rules, lists, parameters, rulesets, calendar and
-- codes; change_log in each workspace (below) for overrides,
-- exemptions, reviews and cases. Rows are written by triggers, in the
-- transaction of the change, and are never changed or deleted.

CREATE TABLE risk_screen.change_log (
	change_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	changed_by text NOT NULL,
	acting_as text,
	relation text NOT NULL,
	operation text NOT NULL CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')),
	old_row jsonb,
	new_row jsonb);
CREATE INDEX change_log_changed_at ON risk_screen.change_log (changed_at);
COMMENT ON TABLE risk_screen.change_log IS 'Audit trail: every change of rules, word lists, parameters, rulesets, calendar and codes; no right for anybody unless granted';
COMMENT ON COLUMN risk_screen.change_log.change_id IS '记录编号; identifier';
COMMENT ON COLUMN risk_screen.change_log.changed_at IS '时间; clock time of the change';
COMMENT ON COLUMN risk_screen.change_log.changed_by IS '登录用户; login role of the session';
COMMENT ON COLUMN risk_screen.change_log.acting_as IS '所用角色; role in force after SET ROLE; NULL: the login role itself';
COMMENT ON COLUMN risk_screen.change_log.relation IS '表; table';
COMMENT ON COLUMN risk_screen.change_log.operation IS '操作; INSERT, UPDATE, DELETE, TRUNCATE';
COMMENT ON COLUMN risk_screen.change_log.old_row IS '改前; the row before';
COMMENT ON COLUMN risk_screen.change_log.new_row IS '改后; the row after';
REVOKE ALL ON risk_screen.change_log FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('risk_screen.change_log', '');

-- Writes the log for those who may change a table but not the log; only the
-- extension's script creates triggers with it.
CREATE FUNCTION risk_screen._log_change() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN
		RETURN NULL;
	END IF;
	INSERT INTO risk_screen.change_log (changed_by, acting_as, relation, operation, old_row, new_row)
	VALUES (session_user, nullif(nullif(current_setting('role'), 'none'), session_user::text), TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, TG_OP,
		CASE WHEN TG_OP IN ('UPDATE', 'DELETE') THEN to_jsonb(OLD) END, CASE WHEN TG_OP IN ('UPDATE', 'INSERT') THEN to_jsonb(NEW) END);
	RETURN NULL;
END;
$$;
COMMENT ON FUNCTION risk_screen._log_change() IS 'trigger: keeps the change in risk_screen.change_log';
REVOKE ALL ON FUNCTION risk_screen._log_change() FROM PUBLIC;

-- Names of persons in results (who reviewed, who set a level) are those of the
-- login, whatever a statement says: a name that a row brings or changes. Only
-- the owner of the table may write another, which restores need. Arguments:
-- columns with names; a column after 'now' gets the clock when a row is made.
CREATE FUNCTION risk_screen._stamp_author() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	written jsonb := to_jsonb(NEW);
	before jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
	stamps jsonb := '{}';
	clock boolean := false;
	c text;
BEGIN
	IF pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
		RETURN NEW;
	END IF;
	FOREACH c IN ARRAY TG_ARGV
	LOOP
		IF c = 'now' THEN
			clock := true;
		ELSIF clock THEN
			stamps := stamps || jsonb_build_object(c, CASE WHEN TG_OP = 'INSERT' THEN to_jsonb(now()) ELSE before -> c END);
		ELSIF written ->> c IS DISTINCT FROM before ->> c THEN
			stamps := stamps || jsonb_build_object(c, session_user);
		END IF;
	END LOOP;
	RETURN jsonb_populate_record(NEW, stamps);
END;
$$;
COMMENT ON FUNCTION risk_screen._stamp_author() IS 'trigger of a workspace: who reviewed, decided or set something is the login role';

-- Stamps rows of a log and refuses every later change of them. A restore
-- (COPY of rows that have their identifier) keeps the stamps it brings only
-- for the owner of the log.
CREATE FUNCTION risk_screen._keep_log() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF TG_OP = 'INSERT' THEN
		IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
			NEW.changed_by := session_user;
			NEW.changed_at := clock_timestamp();
			NEW.acting_as := nullif(current_user::text, session_user::text);
		END IF;
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'rows of %.% are never changed', quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)
		USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'It is the audit trail.',
			HINT = 'Archive it by copying; a superuser who must shorten it disables the trigger, which the server log shows.';
END;
$$;
COMMENT ON FUNCTION risk_screen._keep_log() IS 'trigger: rows of an audit trail are stamped and never changed';
CREATE TRIGGER keep_log BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.change_log FOR EACH ROW EXECUTE FUNCTION risk_screen._keep_log();
CREATE TRIGGER keep_log_all BEFORE TRUNCATE ON risk_screen.change_log FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._keep_log();

-- From here on every change is kept; the rows shipped above are not changes.
DO $$
DECLARE
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['rule', 'lexicon', 'term', 'term_exception', 'parameter', 'calendar_day', 'code_label', 'disposal_rule', 'role', 'role_column',
			'ruleset', 'ruleset_level', 'ruleset_rule', 'ruleset_band', 'ruleset_activation']
	LOOP
		EXECUTE format('CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON risk_screen.%I FOR EACH ROW EXECUTE FUNCTION risk_screen._log_change()', t);
		EXECUTE format('CREATE TRIGGER log_change_all AFTER TRUNCATE ON risk_screen.%I FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._log_change()', t);
	END LOOP;
END;
$$;

INSERT INTO risk_screen._desk_object (name, ordinal, ddl, description, columns) VALUES
('change_log', 90, $$
CREATE TABLE change_log (
	change_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	changed_by text NOT NULL,
	acting_as text,
	relation text NOT NULL,
	operation text NOT NULL,
	old_row jsonb,
	new_row jsonb);
CREATE INDEX change_log_changed_at ON change_log (changed_at);
CREATE TRIGGER keep_log BEFORE INSERT OR UPDATE OR DELETE ON change_log FOR EACH ROW EXECUTE FUNCTION risk_screen._keep_log();
CREATE TRIGGER keep_log_all BEFORE TRUNCATE ON change_log FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._keep_log();
CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $log$
BEGIN
	-- with the rights of the desk's owner: nobody else writes the log
	IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN
		RETURN NULL;
	END IF;
	EXECUTE format('INSERT INTO %I.change_log (changed_by, acting_as, relation, operation, old_row, new_row) VALUES (session_user, $1, $2, $3, $4, $5)', TG_TABLE_SCHEMA)
		USING nullif(nullif(current_setting('role'), 'none'), session_user::text), TG_TABLE_NAME, TG_OP,
			CASE WHEN TG_OP IN ('UPDATE', 'DELETE') THEN to_jsonb(OLD) END, CASE WHEN TG_OP IN ('UPDATE', 'INSERT') THEN to_jsonb(NEW) END;
	RETURN NULL;
END;
$log$;
COMMENT ON FUNCTION log_change() IS 'trigger: keeps the change in change_log, which only it may write';
REVOKE ALL ON FUNCTION log_change() FROM PUBLIC;
CREATE TRIGGER stamp_author BEFORE INSERT OR UPDATE ON grade_override FOR EACH ROW EXECUTE FUNCTION risk_screen._stamp_author('author', 'now', 'known_at');
CREATE TRIGGER stamp_author BEFORE INSERT OR UPDATE ON exemption FOR EACH ROW EXECUTE FUNCTION risk_screen._stamp_author('author', 'now', 'known_at');
CREATE TRIGGER stamp_author BEFORE INSERT OR UPDATE ON finding_review FOR EACH ROW EXECUTE FUNCTION risk_screen._stamp_author('reviewer');
CREATE TRIGGER stamp_author BEFORE INSERT OR UPDATE ON alert FOR EACH ROW EXECUTE FUNCTION risk_screen._stamp_author('reviewer');
CREATE TRIGGER stamp_author BEFORE INSERT OR UPDATE ON alert_action FOR EACH ROW EXECUTE FUNCTION risk_screen._stamp_author('done_by');
CREATE TRIGGER stamp_author BEFORE INSERT OR UPDATE ON alert_pause FOR EACH ROW EXECUTE FUNCTION risk_screen._stamp_author('paused_by', 'resumed_by');
CREATE TRIGGER stamp_author BEFORE INSERT OR UPDATE ON disposal_decision FOR EACH ROW EXECUTE FUNCTION risk_screen._stamp_author('decided_by');
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON grade_override FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change_all AFTER TRUNCATE ON grade_override FOR EACH STATEMENT EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON exemption FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change_all AFTER TRUNCATE ON exemption FOR EACH STATEMENT EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON finding_review FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change_all AFTER TRUNCATE ON finding_review FOR EACH STATEMENT EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON case_file FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change_all AFTER TRUNCATE ON case_file FOR EACH STATEMENT EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON disposal_decision FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change_all AFTER TRUNCATE ON disposal_decision FOR EACH STATEMENT EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON alert_pause FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change_all AFTER TRUNCATE ON alert_pause FOR EACH STATEMENT EXECUTE FUNCTION log_change()
$$, '变更记录: who changed overrides, exemptions, reviews and cases, with the row before and after', $$
change_id 记录编号; identifier
changed_at 时间; clock time of the change
changed_by 登录用户; login role of the session
acting_as 所用角色; role in force after SET ROLE; NULL: the login role itself
relation 表; table of the desk
operation 操作; INSERT, UPDATE, DELETE
old_row 改前; the row before
new_row 改后; the row after
$$);
