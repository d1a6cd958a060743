-- check_mapping: what a mapping forgot to translate is told, column by column.
BEGIN;
SELECT no_plan();
SET client_min_messages = warning;

CALL risk_screen.create_workspace('mapped');
SELECT is_empty($$SELECT * FROM risk_screen.check_mapping('mapped')$$, 'roles that are not mapped are not asked');

-- what is as it should be
CREATE TABLE firm (inst_id text, name text, kind text, lines text[], registered_on text);
INSERT INTO firm VALUES ('O1', '甲', 'enterprise', '{P2P}', '2015-03-01'), ('O2', '乙', 'social', NULL, NULL), ('O3', '丙', NULL, '{PAY,AM}', '2016-01-01');
CALL risk_screen.map_role('mapped', 'institution', 'firm');
CREATE TABLE held (owner text, owned text, share numeric, kind text, valid_from date);
INSERT INTO held VALUES ('P1', 'O1', 0.6, 'equity', '2020-01-01'), ('P2', 'O1', 0.4, NULL, '2020-01-01'), ('P1', 'O2', 1, NULL, NULL), ('P3', 'O2', 0, NULL, NULL);
CALL risk_screen.map_role('mapped', 'equity', 'held');
CREATE TABLE lent (loan_id text, inst_id text, borrower_id text, amount numeric, started_on date, matures_on date, rate numeric);
INSERT INTO lent SELECT 'L' || n, 'O1', 'B', 100, '2026-01-01', '2027-01-01', r FROM unnest(ARRAY[0.08, 0.12, 1.5, 3, NULL]) WITH ORDINALITY AS x (r, n);
CALL risk_screen.map_role('mapped', 'loan', 'lent');
SELECT is_empty($$SELECT * FROM risk_screen.check_mapping('mapped')$$, 'nothing is said of rows that are right; the ends of a range are in it, two loans of four above 100 % a year are high, not per cent');

-- what is not
UPDATE firm SET kind = '企业' WHERE inst_id IN ('O1', 'O3');
UPDATE firm SET kind = '协会', lines = '{P2P,网贷}' WHERE inst_id = 'O2';
INSERT INTO firm VALUES ('O1', '甲', 'branch', '{}', NULL), ('O1', NULL, 'branch', NULL, NULL), ('O4', NULL, 'branch', NULL, NULL);
SELECT results_eq($$SELECT * FROM risk_screen.check_mapping('mapped', 'institution')$$, $$VALUES
	('institution', 'name', 'null', 2::bigint, NULL), ('institution', 'kind', 'code', 3, '企业'), ('institution', 'lines', 'code', 1, '{P2P,网贷}'),
	('institution', 'inst_id', 'duplicate', 2, 'O1')$$, 'missing, codes of the warehouse with the most frequent, a firm three times');
UPDATE held SET share = share * 100 WHERE owner <> 'P3';
INSERT INTO held VALUES ('P4', 'O2', -0.1, '代持', NULL), ('P1', 'O2', 1, NULL, NULL);
SELECT results_eq($$SELECT * FROM risk_screen.check_mapping('mapped', 'equity')$$, $$VALUES
	('equity', 'share', 'above', 3::bigint, '100'), ('equity', 'share', 'below', 1, '-0.1'), ('equity', 'kind', 'code', 1, '代持'), ('equity', 'owner, owned, kind, valid_from', 'duplicate', 1, 'P1, O2')$$,
	'per cent in shares, a negative one; keys with NULL repeat too');
UPDATE lent SET rate = rate * 100 WHERE rate < 1;
SELECT results_eq($$SELECT * FROM risk_screen.check_mapping('mapped', 'loan')$$, $$VALUES ('loan', 'rate', 'percent', 4::bigint, '12.00')$$, 'rates in per cent');
SELECT set_eq($$SELECT DISTINCT role_name FROM risk_screen.check_mapping('mapped')$$, ARRAY['institution', 'equity', 'loan'], 'no role: all that are mapped');
CALL risk_screen.map_role('mapped', 'balance', 'SELECT ''A'' AS account_id, ''2026年'' AS as_of, 1 AS balance');
SELECT results_eq($$SELECT role_name, column_name, problem, row_count, example FROM risk_screen.check_mapping('mapped', 'balance')$$,
	$$VALUES ('balance', NULL::text, 'unreadable', NULL::bigint, 'invalid input syntax for type date: "2026年"')$$, 'a value that cannot be cast is shown');
CALL risk_screen.map_role('mapped', 'licence', 'SELECT ''O1'' AS inst_id, ''PAY'' AS biz, date ''2020-01-01'' AS valid_from WHERE now() IS NULL');
SELECT results_eq($$SELECT * FROM risk_screen.check_mapping('mapped', 'licence')$$, $$VALUES ('licence', NULL::text, 'empty', 0::bigint, NULL::text)$$, 'a role without rows');

-- currencies: without one an amount is yuan, so a column of them must not be left out unseen
CREATE TABLE moved (id text, a text, b text, sum numeric, at timestamptz, ccy text, "币种" text);
INSERT INTO moved VALUES ('1', 'x', 'y', 5, '2026-01-01', 'USD', 'USD');
CREATE FUNCTION pg_temp.left_out(role text, query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	CALL risk_screen.map_role('mapped', role, query);
	RETURN (SELECT nullif(concat_ws(' ', max(column_name), max(example)), '') FROM risk_screen.check_mapping('mapped', role) WHERE problem = 'currency');
END $$;
SELECT is(pg_temp.left_out('txn', 'SELECT id AS txn_id, a AS payer, b AS payee, sum AS amount, at AS paid_at FROM moved'), 'currency moved.ccy', 'a transfer''s currency is not mapped');
SELECT is(pg_temp.left_out('txn', 'SELECT id AS txn_id, a AS payer, b AS payee, sum AS amount, at AS paid_at, * FROM moved'), 'currency moved.ccy', 'selected, but under another name');
SELECT is(pg_temp.left_out('txn', 'SELECT id AS txn_id, a AS payer, b AS payee, sum AS amount, at AS paid_at, ccy AS currency FROM (SELECT id, a, b, sum, at, ccy FROM moved) AS m'), 'currency moved.币种', 'one of two is mapped');
ALTER TABLE moved DROP COLUMN "币种" CASCADE;
SELECT is(pg_temp.left_out('txn', 'SELECT id AS txn_id, a AS payer, b AS payee, sum AS amount, at AS paid_at, ccy AS currency FROM moved'), NULL, 'mapped');
SELECT is(pg_temp.left_out('loan', 'SELECT 1 AS loan_id, ''x'' AS inst_id, (SELECT m.b FROM moved AS m LIMIT 1) AS borrower_id, 12.5 AS amount, date ''2026-01-01'' AS started_on'), NULL, 'a table that no amount comes from');
SELECT is(pg_temp.left_out('loan', 'SELECT id AS loan_id, a AS inst_id, b AS borrower_id, sum AS amount, at::date AS started_on, ccy FROM moved'), 'currency moved.ccy', 'loans have currencies too');
SELECT is(pg_temp.left_out('debt', 'SELECT id AS debt_id, a AS inst_id, sum AS amount, at::date AS due_on FROM moved'), 'moved.ccy', 'a role whose amounts are always yuan');
SELECT is(pg_temp.left_out('debt', 'SELECT id AS debt_id, a AS inst_id, sum * CASE ccy WHEN ''USD'' THEN 7 ELSE 1 END AS amount, at::date AS due_on FROM moved'), NULL, 'converted');
SELECT is(pg_temp.left_out('debt', $$SELECT id AS debt_id, a AS inst_id, sum AS amount, at::date AS due_on FROM moved WHERE ccy = 'CNY'$$), NULL, 'or yuan only');
SELECT is(pg_temp.left_out('blacklist', 'SELECT id AS list_name, a AS subject_id, at::date AS valid_from FROM moved'), NULL, 'a role without amounts');

-- errors
SELECT throws_ok($$SELECT * FROM risk_screen.check_mapping('mapped', 'nothing')$$, '42704', 'unknown role "nothing"');
SELECT throws_ok($$SELECT * FROM risk_screen.check_mapping('mapped', 'claim')$$, '55000', 'role "claim" of workspace "mapped" is not mapped');
SELECT throws_ok($$SELECT * FROM risk_screen.check_mapping('no such desk')$$, '3F000');
CREATE ROLE mapping_reader;
GRANT USAGE ON SCHEMA mapped TO mapping_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA mapped TO mapping_reader;
SET LOCAL ROLE mapping_reader;
SELECT throws_ok($$SELECT * FROM risk_screen.check_mapping('mapped', 'loan')$$, '42501', NULL, 'with the caller''s rights');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
