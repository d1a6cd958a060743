-- From here on the desk's shipped rows are read-only.

DROP FUNCTION risk_screen._ship_rule(text, text, text[], text[], text[], text[], text, text, text, text, boolean, text[], numeric, text, boolean);

CREATE TRIGGER keep_shipped BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.role
	FOR EACH ROW EXECUTE FUNCTION risk_screen._keep_shipped_row();
CREATE TRIGGER keep_shipped_all BEFORE TRUNCATE ON risk_screen.role
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._keep_shipped_row();
CREATE TRIGGER keep_shipped BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.role_column
	FOR EACH ROW EXECUTE FUNCTION risk_screen._keep_shipped_row();
CREATE TRIGGER keep_shipped_all BEFORE TRUNCATE ON risk_screen.role_column
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._keep_shipped_row();
CREATE TRIGGER keep_shipped BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.code_label
	FOR EACH ROW EXECUTE FUNCTION risk_screen._keep_shipped_row();
CREATE TRIGGER keep_shipped_all BEFORE TRUNCATE ON risk_screen.code_label
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._keep_shipped_row();
CREATE TRIGGER keep_shipped BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.rule
	FOR EACH ROW EXECUTE FUNCTION risk_screen._keep_shipped_row();
CREATE TRIGGER keep_shipped_all BEFORE TRUNCATE ON risk_screen.rule
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._keep_shipped_row();
CREATE TRIGGER keep_shipped BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.requirement
	FOR EACH ROW EXECUTE FUNCTION risk_screen._keep_shipped_row();
CREATE TRIGGER keep_shipped_all BEFORE TRUNCATE ON risk_screen.requirement
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._keep_shipped_row();
