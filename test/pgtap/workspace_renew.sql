-- create_workspace again: a desk of an earlier version becomes one of this version, with its rows, mappings, owner and grants.
BEGIN;
SELECT no_plan();
SET client_min_messages = warning;
CREATE FUNCTION said(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, message, detail, hint);
END $$;
CREATE FUNCTION definitions(workspace text) RETURNS TABLE (name text, definition text, comments text) LANGUAGE sql AS $$
	SELECT c.relname::text,
		   CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) || coalesce(c.reloptions::text, '')
				ELSE (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated), ', ' ORDER BY a.attname)
						FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
					 || (SELECT string_agg(k.conname || ' ' || translate(pg_get_constraintdef(k.oid), '() ', ''), ', ' ORDER BY k.conname) FROM pg_constraint AS k WHERE k.conrelid = c.oid)
					 || coalesce((SELECT string_agg(pg_get_indexdef(i.indexrelid), ', ' ORDER BY i.indexrelid::regclass::text) FROM pg_index AS i WHERE i.indrelid = c.oid), '')
					 || coalesce((SELECT string_agg(t.tgname, ', ' ORDER BY t.tgname) FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal), '') END,
		   (SELECT string_agg(d.description, '|' ORDER BY (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum = d.objsubid)) FROM pg_description AS d WHERE d.objoid = c.oid AND d.classoid = 'pg_class'::regclass)
	  FROM pg_class AS c WHERE c.relnamespace = workspace::regnamespace AND c.relkind IN ('r', 'v')
$$;

CALL risk_screen.create_workspace('desk');
CREATE SCHEMA filing;
CREATE TABLE filing.firm AS SELECT 'O' || n AS inst_id, '公司' || n AS name, '{X}'::text[] AS lines FROM generate_series(1, 3) AS n;
CALL risk_screen.map_role('desk', 'institution', 'filing.firm');
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, body) VALUES ('X', '测试', 'test', 'orange',
	$$SELECT 'institution' AS subject_kind, inst_id AS subject_id, 1 AS observed, 0 AS threshold, NULL AS amount, NULL AS occurred_at, '{}'::jsonb AS evidence FROM institution WHERE inst_id = 'O2'$$);
CALL risk_screen.screen('desk', '2026-09-18');
CREATE TEMPORARY TABLE fresh AS SELECT * FROM definitions('desk');
CREATE TEMPORARY TABLE board AS SELECT * FROM desk.risk_board;
CREATE TEMPORARY TABLE finding (of text, somebody int);    -- the caller's own, named like one of the desk's
DROP ROLE IF EXISTS renew_reader, renew_owner;
CREATE ROLE renew_reader; CREATE ROLE renew_owner;
GRANT USAGE, CREATE ON SCHEMA desk TO renew_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA desk TO renew_reader;

-- nothing to do
CALL risk_screen.create_workspace('desk');
SELECT set_eq('SELECT * FROM definitions(''desk'')', 'SELECT * FROM fresh', 'a second call changes nothing');
SELECT is(current_setting('client_min_messages'), 'warning', 'nor a setting of the caller');
SELECT has_table('pg_temp_' || substring(pg_my_temp_schema()::regnamespace::text FROM '\d+$'), 'finding', 'nor a temporary table of the caller');

-- an older definition with the same columns, one with fewer at the end, one with others in other places; what rests on it
DO $$
BEGIN
	EXECUTE 'CREATE OR REPLACE VIEW desk.overdue_action AS ' || replace(pg_get_viewdef('desk.overdue_action'), 'd.action,', '''old''::text AS action,');
	EXECUTE 'ALTER VIEW desk.overdue_action RESET (security_invoker)';
	-- finding_list: without its last column, risk_board and current_run: a column at the front that went, and one missing in the middle
	DROP VIEW desk.finding_list;
	EXECUTE 'CREATE VIEW desk.finding_list AS SELECT as_of, run_id::text AS inst_id FROM desk.current_run';
	EXECUTE 'DROP VIEW desk.current_run CASCADE';
	EXECUTE 'CREATE VIEW desk.current_run WITH (security_invoker) AS SELECT 1 AS gone, run_id, as_of::text AS as_of, started_at, known_at FROM desk.run';
	EXECUTE 'CREATE VIEW desk.risk_board AS SELECT gone, as_of FROM desk.current_run';
	EXECUTE 'GRANT SELECT ON desk.current_run TO renew_reader WITH GRANT OPTION';
	EXECUTE 'GRANT SELECT (as_of) ON desk.risk_board TO renew_reader';
	EXECUTE 'GRANT SELECT ON desk.risk_board TO PUBLIC';
	EXECUTE 'ALTER VIEW desk.risk_board OWNER TO renew_owner';
END $$;
-- tables: a column, a default with NOT NULL, a check, an index and a trigger that were not there
ALTER TABLE desk.rule_outcome DROP COLUMN measures CASCADE, DROP COLUMN withdrawn CASCADE, DROP CONSTRAINT rule_outcome_outcome_check, ADD CONSTRAINT rule_outcome_outcome_check CHECK (outcome IN ('hit', 'clear', 'unknown'));
ALTER TABLE desk.disposal_factor DROP CONSTRAINT disposal_factor_check;    -- with brackets that its own text does not have
DROP INDEX desk.alert_open;
DROP TRIGGER stamp_author ON desk.alert;
DROP TABLE desk.feed_quarantine CASCADE;
-- a role that was mapped when it had fewer columns, and one that was not mapped
DROP VIEW desk.loan;
CREATE VIEW desk.loan WITH (security_invoker) AS SELECT 'L1'::text AS loan_id, 'O1'::text AS inst_id, 100::numeric AS amount;    -- mapped by hand, with what there was then
DROP VIEW desk.visit;
CREATE VIEW desk.visit WITH (security_invoker) AS SELECT NULL::text AS inst_id WHERE false;                                      -- not mapped
GRANT SELECT ON desk.loan, desk.visit TO renew_reader;
CREATE VIEW filing.mine AS SELECT alert_id FROM desk.overdue_action;                                                               -- rests on a view whose columns stay

SET client_min_messages = notice;
CALL risk_screen.create_workspace('desk');
SET client_min_messages = warning;
SELECT set_eq($$SELECT * FROM definitions('desk') WHERE name NOT IN ('loan', 'visit')$$, $$SELECT * FROM fresh WHERE name NOT IN ('loan', 'visit')$$, 'tables and views are as this version makes them');
SELECT set_eq('SELECT * FROM desk.risk_board', 'SELECT * FROM board', 'rows are as they were');
SELECT is((SELECT count(*) FROM desk.rule_outcome WHERE rule = 'X' AND outcome = 'hit' AND NOT withdrawn), 1::bigint, 'those of a table that was given columns, too');
SELECT is((SELECT row(loan_id, amount, outstanding, matures_on)::text FROM desk.loan), '(L1,100,,)', 'a mapping stays, and has its new columns as NULL');
SELECT ok(risk_screen._role_mapped('desk', 'loan') AND NOT risk_screen._role_mapped('desk', 'visit'), 'mapped is mapped, not mapped is not');
SELECT ok(has_table_privilege('renew_reader', 'desk.loan', 'SELECT') AND has_table_privilege('renew_reader', 'desk.overdue_action', 'SELECT') AND has_table_privilege('renew_reader', 'desk.rule_outcome', 'SELECT'), 'grants stay');
SELECT ok(has_table_privilege('renew_reader', 'desk.current_run', 'SELECT WITH GRANT OPTION') AND has_column_privilege('renew_reader', 'desk.risk_board', 'as_of', 'SELECT')
		  AND has_table_privilege('renew_owner', 'desk.risk_board', 'SELECT') AND has_table_privilege('public', 'desk.risk_board', 'SELECT'), 'those of views that were made anew are given again');
SELECT is((SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'desk.risk_board'::regclass), 'renew_owner', 'with their owner');
SELECT lives_ok($$CALL risk_screen.screen('desk', '2026-09-19')$$, 'the desk works');
SELECT is((SELECT count(*) FROM filing.mine), (SELECT count(*) FROM desk.overdue_action), 'a view of one''s own on a view that kept its columns stays');
CREATE TEMPORARY TABLE renewed AS SELECT * FROM definitions('desk');
SELECT is((SELECT count(*) FROM risk_screen._desk_object AS o, risk_screen._desk_table_changes('desk', o) WHERE o.ddl ~ '^\s*CREATE TABLE'), 0::bigint, 'tables lack nothing any more');
CALL risk_screen.create_workspace('desk');
SELECT set_eq('SELECT * FROM definitions(''desk'')', 'SELECT * FROM renewed', 'and once more changes nothing');

-- somebody's view rests on columns that are no more: nothing is changed, and what to do is said
DROP VIEW filing.mine;
DO $$ BEGIN
	EXECUTE 'DROP VIEW desk.rule_timing';
	EXECUTE 'CREATE VIEW desk.rule_timing AS SELECT rule AS old_name FROM desk.rule_outcome';
	EXECUTE 'CREATE VIEW filing.mine AS SELECT old_name FROM desk.rule_timing';
	EXECUTE 'CREATE MATERIALIZED VIEW filing.kept AS SELECT old_name FROM filing.mine';
END $$;
SELECT matches(said($$CALL risk_screen.create_workspace('desk')$$), '^2BP01 \| view desk.rule_timing has other columns .* \| On it rest: filing.mine, filing.kept. \| Keep the definition', 'views of one''s own in the way are named');
SELECT is((SELECT string_agg(attname, ' ') FROM pg_attribute WHERE attrelid = 'desk.rule_timing'::regclass), 'old_name', 'and nothing is changed');
DROP VIEW filing.mine CASCADE;
SELECT is(said($$CALL risk_screen.create_workspace('desk')$$), 'no error', 'without them it is');
SELECT set_eq('SELECT * FROM definitions(''desk'')', 'SELECT * FROM renewed', 'what it should be');
-- the extension's columns of a role may grow, a mapping of one's own may be a table
DROP VIEW desk.loan;
CREATE TABLE desk.loan AS SELECT 'L1'::text AS loan_id;
SELECT is(said($$CALL risk_screen.create_workspace('desk')$$), 'no error', 'a role that is a table is left alone');

-- what was a table once and is a view now keeps its rows under another name
DROP VIEW desk.row_seal;
CREATE TABLE desk.row_seal AS SELECT 1 AS seal_no;
CREATE INDEX row_seal_no ON desk.row_seal (seal_no);
SELECT is(said($$CALL risk_screen.create_workspace('desk')$$), 'no error', 'a table where a view belongs');
SELECT is((SELECT count(*) FROM desk.row_seal_old), 1::bigint, 'is kept under another name');
SELECT set_eq('SELECT * FROM definitions(''desk'') WHERE name NOT IN (''row_seal_old'', ''loan'')', 'SELECT * FROM renewed WHERE name <> ''loan''', 'and the view is made');
-- a desk that lacks a table says whose it is
ALTER TABLE desk.run DROP COLUMN repeated_keys CASCADE;
SELECT matches(said($$CALL risk_screen.screen('desk', '2026-09-20')$$), '^55000 \| workspace "desk" was made by an earlier version \| Columns it lacks: run.repeated_keys\. \| CALL risk_screen.create_workspace', 'nor one that lacks a column, whichever');
SELECT is(said($$CALL risk_screen.create_workspace('desk')$$), 'no error', 'it is renewed');
DROP TABLE desk.name_hit;
SELECT is(said($$CALL risk_screen.screen('desk', '2026-09-20')$$), '55000 | workspace "desk" was made by an earlier version | Tables it lacks: name_hit. | CALL risk_screen.create_workspace(''desk'') renews it and keeps its rows, mappings and grants.',
	'a desk of an earlier version is not screened, and what to do is said');
DROP VIEW desk.institution CASCADE;
SELECT matches(said($$CALL risk_screen.screen('desk', '2026-09-20')$$), '^55000 \| workspace "desk" is not whole \| Role view institution of it is not there', 'nor one that lost its institutions');

-- rights
SET ROLE renew_reader;
SELECT matches(said($$CALL risk_screen.create_workspace('desk')$$), '^42501 \| schema "desk" belongs to somebody else', 'who is not the owner is refused');
RESET ROLE;
DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM PUBLIC', current_database()); END $$;
SET ROLE renew_reader;
SELECT matches(said($$CALL risk_screen.create_workspace('reader''s')$$), '^42501 \| you may not make schema "reader''s" \| Role renew_reader has no CREATE on database .* \| Ask for CREATE SCHEMA "reader''s" AUTHORIZATION renew_reader', 'who may make no schema is told what to ask for');
SELECT * FROM finish();
ROLLBACK;
