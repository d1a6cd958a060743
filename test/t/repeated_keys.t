#!/usr/bin/env python3
"""A mapping that multiplies rows is named by the run: role, keys, rows, and a call that shows one; the run keeps it, report and view say it."""
import json
import re
import subprocess
import sys

count = failed = 0


def ok(passed, name, why=""):
    global count, failed
    count += 1
    failed += not passed
    print(("ok" if passed else "not ok"), count, "-", name, "" if passed else "# %s" % str(why)[:1500].replace("\n", " | "), flush=True)


SCRIPT = r"""
\set VERBOSITY default
SET client_min_messages = warning;
BEGIN;
CALL risk_screen.create_workspace('twice');
CREATE SCHEMA w;
CREATE TABLE w.firm AS SELECT 'P' AS inst_id, '甲' AS name, '{P2P}'::text[] AS lines;
CREATE TABLE w.lent AS SELECT 'L' || i AS loan_id, 'P' AS inst_id, 'B' || i AS borrower_id, 150000 AS amount, date '2026-11-01' AS started_on, date '2027-05-01' AS matures_on FROM generate_series(1, 3) AS i;
CREATE TABLE w.pledge AS SELECT * FROM (VALUES ('L1', 'house'), ('L1', 'car'), ('L2', 'house'), ('L1', 'boat')) AS v (loan, thing);
CREATE TABLE w.known AS SELECT 'B' || i AS party_id, 'person' AS kind, '乙' AS name FROM generate_series(1, 3) AS i;
CALL risk_screen.map_role('twice', 'institution', 'w.firm');
CALL risk_screen.map_role('twice', 'party', 'w.known');
CALL risk_screen.map_role('twice', 'loan', 'w.lent');
\echo @first
CALL risk_screen.screen('twice', '2026-11-20');
SELECT '=' || coalesce(repeated_keys::text, 'none') FROM twice.current_run;
SELECT '=' || (SELECT count(*) FROM twice.finding JOIN twice.run USING (run_id) WHERE rule = 'B26' AND as_of = '2026-11-20');
-- one row a pledge: three of L1
CALL risk_screen.map_role('twice', 'loan', 'SELECT l.* FROM w.lent AS l LEFT JOIN w.pledge AS p ON p.loan = l.loan_id');
\echo @second
CALL risk_screen.screen('twice', '2026-11-21');
SELECT '=' || repeated_keys::text FROM twice.current_run;
SELECT '=' || (SELECT count(*) FROM twice.finding JOIN twice.run USING (run_id) WHERE rule = 'B26' AND as_of = '2026-11-21');
SELECT '=' || regexp_replace(risk_screen.report('twice'), E'\n', ' ', 'g');
\echo @call
SELECT '=' || concat_ws(' ', role_name, column_name, problem, row_count, example) FROM risk_screen.check_mapping('twice', 'loan') WHERE problem = 'duplicate';
-- known later is not there yet
CALL risk_screen.map_role('twice', 'loan', 'SELECT l.*, CASE WHEN p.thing IN (''car'', ''boat'') THEN timestamptz ''2026-11-22'' END AS known_from FROM w.lent AS l LEFT JOIN w.pledge AS p ON p.loan = l.loan_id');
\echo @known
CALL risk_screen.screen('twice', '2026-11-21', known_at => '2026-11-21 12:00+08');
SELECT '=' || coalesce(repeated_keys::text, 'none') FROM twice.run WHERE known_at < 'infinity';
-- a role that cannot be read is no reason to stop
CALL risk_screen.map_role('twice', 'loan', 'SELECT l.loan_id, l.inst_id, l.amount, ''soon''::text AS started_on FROM w.lent AS l');
\echo @unreadable
SET client_min_messages = error;
CALL risk_screen.screen('twice', '2026-11-22');
SELECT '=' || count(*) FROM twice.grade JOIN twice.run AS r USING (run_id) WHERE r.as_of = '2026-11-22';
ROLLBACK;
"""
p = subprocess.run(["psql", "-XqtA"], input=SCRIPT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
parts = dict(re.findall(r"^@(\w+)\n(.*?)(?=^@|\Z)", p.stdout, re.S | re.M))
out = {k: (re.findall(r"^=(.*)$", v, re.M), v) for k, v in parts.items()}
ok(out["first"][0] == ["none", "0"] and "repeats its key" not in out["first"][1], "keys that come once: nothing is said", out["first"][1])
said = out["second"][1]
ok('WARNING:  role "loan" repeats its key (loan_id): 1 values, 2 rows too many' in said, "role, keys and rows are named", said)
ok("HINT:  SELECT * FROM risk_screen.check_mapping('twice', 'loan'); shows the one that comes most often." in said, "with a call that runs", said)
ok(len(re.findall("repeats its key", said)) == 1, "once a role", said)
ok(json.loads(out["second"][0][0]) == {"loan": 2}, "the run keeps it", out["second"][0])
ok(int(out["second"][0][1]) == 1, "so that a finding of doubled sums (450,000 for 150,000) can be told from others", out["second"][0])
ok("主键重复" in out["second"][0][2] and "借款标的（多 2 行）" in out["second"][0][2], "the report says so", out["second"][0][2][:400])
ok(out["call"][0] == ["loan loan_id duplicate 2 L1"], "and the call shows which", out["call"])
ok(out["known"][0] == ["none"] and "repeats its key" not in out["known"][1], "rows that were not known then do not count", out["known"])
ok(out["unreadable"][0] == ["1"], "a role that cannot be read does not stop the run", out["unreadable"])
print("1..%d" % count)
sys.exit(failed > 0)
