-- Roles of a supervision desk: a script to adapt, run by the desk's owner with
-- the right to create roles (or by a superuser).
--
--   psql -d warehouse -v desk=desk -f examples/roles/desk.sql
--
--   rs_reader       reads the risk views of its provinces: BI tools, department heads
--   rs_analyst      reads like rs_reader; reviews findings and alerts, records
--                   actions, opens cases, sets levels and exemptions, all in its provinces
--   rs_rule_editor  rules, parameters, rulesets, word lists: whoever has it runs
--                   code as everybody who screens
--   rs_feed_loader  loads feeds and sees their receipts
--   rs_auditor      reads everything everywhere, the audit trails included; writes nothing
--   rs_all_provinces  lifts the limit to provinces; alone it gives no right
--
-- None of them can log in: grant them to people. Whose provinces are which is
-- one row per role in reader_province. The warehouse needs policies of its
-- own: warehouse.sql does it for the sample filings. Running the script again
-- is harmless and covers objects of later versions.
\set ON_ERROR_STOP on
\if :{?desk} \else \set desk desk \endif
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT set_config('rs.desk', :'desk', true) AS desk \gset rs_

DO $$
DECLARE
	r text;
BEGIN
	FOREACH r IN ARRAY ARRAY['rs_reader', 'rs_analyst', 'rs_rule_editor', 'rs_feed_loader', 'rs_auditor', 'rs_all_provinces']
	LOOP
		IF to_regrole(r) IS NULL THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN', r);
		END IF;
	END LOOP;
END;
$$;
GRANT rs_reader TO rs_analyst;
GRANT rs_reader, rs_all_provinces TO rs_auditor;

-- which role reads which province (属地); members of the role read it too
CREATE TABLE IF NOT EXISTS :"desk".reader_province (reader regrole, province text, PRIMARY KEY (reader, province));
COMMENT ON TABLE :"desk".reader_province IS '属地授权: provinces that a role, and whoever is a member of it, may read';
CREATE OR REPLACE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON :"desk".reader_province FOR EACH ROW EXECUTE FUNCTION :"desk".log_change();
CREATE OR REPLACE TRIGGER log_change_all AFTER TRUNCATE ON :"desk".reader_province FOR EACH STATEMENT EXECUTE FUNCTION :"desk".log_change();

GRANT USAGE ON SCHEMA :"desk" TO rs_reader, rs_feed_loader;
GRANT SELECT ON ALL TABLES IN SCHEMA :"desk" TO rs_reader;
REVOKE SELECT ON :"desk".change_log FROM rs_reader;
GRANT SELECT ON :"desk".change_log, risk_screen.change_log TO rs_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA risk_screen TO rs_auditor;

GRANT INSERT, UPDATE ON :"desk".finding_review, :"desk".case_file, :"desk".grade_override, :"desk".exemption, :"desk".disposal_decision,
	:"desk".alert_pause TO rs_analyst;
GRANT INSERT ON :"desk".alert_action, :"desk".alert_letter, :"desk".alert_deadline TO rs_analyst;
GRANT UPDATE ON :"desk".alert, :"desk".alert_deadline TO rs_analyst;
GRANT DELETE ON :"desk".alert_deadline TO rs_analyst;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA :"desk" TO rs_analyst;

-- a role of the desk is opened for feeds by the owner (open_feed), once; then run this script again
GRANT SELECT, INSERT, UPDATE ON :"desk".feed_batch, :"desk".feed_quarantine TO rs_feed_loader;
GRANT SELECT ON :"desk".feed_duty TO rs_feed_loader;
DO $$
DECLARE
	filed regclass;
BEGIN
	FOR filed IN
		SELECT c.oid FROM pg_class AS c
		 WHERE c.relnamespace = to_regnamespace(quote_ident(current_setting('rs.desk'))) AND c.relkind = 'r' AND c.relname LIKE 'filed\_%'
	LOOP
		EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO rs_feed_loader', filed);
	END LOOP;
END;
$$;

GRANT INSERT, UPDATE, DELETE ON risk_screen.rule, risk_screen.parameter, risk_screen.lexicon, risk_screen.term, risk_screen.term_exception,
	risk_screen.ruleset, risk_screen.ruleset_level, risk_screen.ruleset_rule, risk_screen.ruleset_band, risk_screen.ruleset_activation,
	risk_screen.calendar_day, risk_screen.disposal_rule TO rs_rule_editor;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA risk_screen TO rs_rule_editor;

-- Results follow the institutions that a reader may see. A result names its
-- institution, or an alert or a finding that does.
DO $$
DECLARE
	desk text := current_setting('rs.desk');
	result regclass;
	shown text;
BEGIN
	FOR result, shown IN
		SELECT DISTINCT ON (a.attrelid) a.attrelid, format(k.shown, desk)
		  FROM (VALUES (1, 'inst_id', 'inst_id IN (SELECT i.inst_id FROM %1$I.institution AS i)'),
					   (1, 'feed_inst_id', 'feed_inst_id IN (SELECT i.inst_id FROM %1$I.institution AS i)'),
					   (2, 'alert_id', 'alert_id IN (SELECT x.alert_id FROM %1$I.alert AS x)'),
					   (3, 'finding_key', '(rule, finding_key) IN (SELECT x.rule, x.finding_key FROM %1$I.finding AS x)')) AS k (no, key, shown)
		  JOIN pg_attribute AS a ON a.attname = k.key
		  JOIN pg_class AS c ON c.oid = a.attrelid AND c.relnamespace = to_regnamespace(quote_ident(desk)) AND c.relkind = 'r'
		 ORDER BY a.attrelid, k.no
	LOOP
		EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', result);
		EXECUTE format('DROP POLICY IF EXISTS rs_province ON %s', result);
		-- who loads feeds sees those of every institution, and nothing else: policies add up
		EXECUTE format('DROP POLICY IF EXISTS rs_loader ON %s', result);
		IF (SELECT relname ~ '^(feed_batch|feed_quarantine|feed_duty|filed_.*)$' FROM pg_class WHERE oid = result) THEN
			EXECUTE format('CREATE POLICY rs_loader ON %s TO rs_feed_loader USING (true)', result);
		END IF;
		EXECUTE format('CREATE POLICY rs_province ON %s TO rs_reader USING (pg_has_role(''rs_all_provinces'', ''MEMBER'') OR %s)', result, shown);
	END LOOP;
END;
$$;
COMMIT;
