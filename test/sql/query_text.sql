-- Query texts as people write them: what passes, and what each mistake says.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE TABLE t (txn_id int, payer text, payee text, amount numeric, paid_at timestamptz);
INSERT INTO t VALUES (1, 'a', 'b', 5, '2026-01-01 12:00+08');
CREATE SCHEMA s;
CREATE TABLE s."a.b c" AS TABLE t;
CREATE TABLE "Select" AS TABLE t;
-- what passes: semicolons, comments and white space, names in quotes
SELECT text, (risk_screen.check_transfers(text)).transfers
  FROM unnest(ARRAY['t;', E' t \n;;', 't -- all of it', E'-- first\nt; -- last', '/* a /* nested */ one */ t /* b */ ; /* c */', 's."a.b c";', '"Select"', 'S . "a.b c"',
					'SELECT * FROM t;', 'SELECT * FROM t; -- all of it', E'SELECT * FROM t -- no end of line', 'TABLE t;', '(SELECT * FROM t)', 'WITH x AS (TABLE t) SELECT * FROM x']) AS text;
-- what does not
SELECT risk_screen.check_transfers('');
SELECT risk_screen.check_transfers(E' ; -- nothing\n');
SELECT risk_screen.check_transfers('SELECT * FROM t; DROP TABLE t');
SELECT risk_screen.check_transfers('DELETE FROM t RETURNING *');
SELECT risk_screen.check_transfers('WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone');
SELECT risk_screen.check_transfers('EXPLAIN SELECT * FROM t');
SELECT risk_screen.check_transfers('t WHERE amount > 5');
SELECT risk_screen.check_transfers('s.a.b c');
SELECT risk_screen.check_transfers('s.a.b.c');
SELECT risk_screen.check_transfers('other.s.t');
SELECT risk_screen.check_transfers('select');
SELECT risk_screen.check_transfers('"t');
SELECT risk_screen.check_transfers('/* never closed');
SELECT risk_screen.check_transfers('s.nope');
SELECT risk_screen.check_transfers('SELECT * FROM t WHERE payer = $1');
SELECT risk_screen.check_transfers('SELECT paye FROM t');
SELECT risk_screen.check_transfers('Graph:mine');
SELECT risk_screen.trace_funds('graph: mine', seeds => '{a}');
CREATE ROLE query_text_nobody;
SET ROLE query_text_nobody;
SELECT risk_screen.check_transfers('t');
SELECT risk_screen.check_transfers('s."a.b c"');
RESET ROLE;
-- the same reader behind map_role
CALL risk_screen.create_workspace('desk');
CALL risk_screen.map_role('desk', 'txn', 't; -- all of it');
CREATE TABLE "my table" AS TABLE t;
CALL risk_screen.map_role('desk', 'txn', '"my table"');
CALL risk_screen.map_role('desk', 'txn', 'SELECT * FORM t');
CALL risk_screen.map_role('desk', 'txn', 'nope');
CALL risk_screen.map_role('dekc', 'txn', 't');
SET ROLE query_text_nobody;
CALL risk_screen.map_role('desk', 'txn', 't');
CALL risk_screen.screen('desk', '2026-01-01');
RESET ROLE;
GRANT USAGE ON SCHEMA desk TO query_text_nobody;
SET ROLE query_text_nobody;
CALL risk_screen.map_role('desk', 'txn', 't');
RESET ROLE;
-- rows that were skipped: of which table, and how to see them
CREATE TABLE held (owner text, owned text, share numeric, kind text);
INSERT INTO held VALUES ('a', 'b', 0.5), ('c', 'b', 1.5), (NULL, 'b', 0.1), ('e', 'b', 'NaN');
SELECT count(*) FROM risk_screen.look_through('held', bad_rows => 'skip');
SELECT * FROM public.held WHERE owner IS NULL OR share > 1 OR lower(share::text) IN ('nan', 'infinity', '-infinity');
CREATE TABLE texts (txn_id text, payer text, payee text, amount text, paid_at timestamptz);
INSERT INTO texts VALUES ('1', 'a', 'b', '-5', '2026-01-01'), ('2', 'a', 'b', '5', '2026-01-01'), ('2', 'a', 'b', '6', '2026-01-01');
SELECT transfers FROM risk_screen.check_transfers('SELECT txn_id, payer, payee, amount::numeric, paid_at FROM texts', bad_rows => 'skip');
SELECT * FROM public.texts WHERE txn_id IN (SELECT txn_id FROM public.texts GROUP BY 1 HAVING count(*) > 1) OR amount::numeric < 0;
SELECT transfers FROM risk_screen.check_transfers('SELECT 1 AS txn_id, 2 AS payer, 3 AS payee, -1 AS amount, now() AS paid_at', bad_rows => 'skip');
CALL risk_screen.map_role('desk', 'equity', 'held');
CALL risk_screen.map_role('desk', 'institution', $$SELECT 'b' AS inst_id, '乙' AS name$$);
CALL risk_screen.screen('desk', '2026-01-01');
CALL risk_screen.screen('desk', '2026-01-01', known_at => '2026-06-01');
-- word lists, for somebody from whom they were taken
REVOKE SELECT ON risk_screen.term FROM PUBLIC;
SET ROLE query_text_nobody;
SELECT * FROM risk_screen.check_lexicon('CN-2016-21');
SELECT * FROM risk_screen.lexicon_versions('CN-2016-21');
RESET ROLE;
SELECT * FROM risk_screen.lexicon_versions('CN-2016-22');
DROP OWNED BY query_text_nobody;
DROP ROLE query_text_nobody;
-- PostgreSQL's own hint is kept, and one about names of tables is only for these
CREATE TABLE hh (owner text, owned text, share numeric);
INSERT INTO hh VALUES ('a', 'b', 0.5), ('a', 'c', 1.5);
SELECT count(*) FROM risk_screen.look_through('SELECT h.owner, h.owned FROM hh AS x');
SELECT count(*) FROM risk_screen.look_through('SELECT owner, CASE WHEN true THEN generate_series(1, 2)::text END AS owned FROM hh');
-- the statement that lists skipped rows lists just them: a column that the query makes is not the table's, and a comment ends
SELECT count(*) FROM risk_screen.look_through('SELECT owner, owned, share + 1 AS share FROM hh; -- c', bad_rows => 'skip');
SELECT * FROM (SELECT owner, owned, share + 1 AS share FROM hh) AS q WHERE share > 1;
SELECT count(*) FROM risk_screen.look_through('SELECT owner, owned, hh.share::numeric AS share FROM hh', bad_rows => 'skip');
SELECT count(*) FROM risk_screen.look_through($$SELECT * FROM (VALUES ('a', 'b', 1.5)) AS v (owner, owned, share) -- c$$, bad_rows => 'skip');
DROP TABLE hh;
