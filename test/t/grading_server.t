#!/usr/bin/env python3
"""Grading and statistics as a server meets them: memory limit, cancel, time-out,
SET ROLE, snapshots, dump and restore of rulesets, parameters and calendars."""
import os
import subprocess
import sys
import time

tests = failed = 0


def ok(passed, name, why=""):
    global tests, failed
    tests += 1
    failed += not passed
    print(("ok" if passed else "not ok"), tests, "-", name, "" if passed else "# " + str(why)[:400].replace("\n", " "))


def psql(sql, db=None):
    p = subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"] + (["-d", db] if db else []), input=sql, capture_output=True, text=True)
    return p.returncode, p.stdout.strip(), p.stderr.strip()


big = "'SELECT ''e'' || e AS entity, ''i'' || i AS indicator, 1.0 AS value FROM generate_series(1, 300000) e, generate_series(1, 10) i'"
rc, out, err = psql("SET risk_screen.max_memory = '2MB'; SELECT count(*) FROM risk_screen.grade(%s, 'institution', '2026-01-01')" % big)
ok("54000" in err and "risk_screen.max_memory" in err, "grade stops at the memory limit", err)
rc, out, err = psql("SET risk_screen.max_memory = '1MB'; SELECT risk_screen.xirr(x, date '2020-01-01' + x % 1000) FROM generate_series(-100000, 100000) x")
ok("54000" in err, "xirr stops at the memory limit", err)
rc, out, err = psql("SET risk_screen.max_memory = '1MB'; SELECT risk_screen.mad(x) FROM generate_series(-1000000, 1000000) x")
ok("54000" in err, "mad stops at the memory limit", err)
rc, out, err = psql("SET risk_screen.max_memory = '1MB'; SELECT count(*) FROM risk_screen.roll_matrix('SELECT e AS loan, date ''2026-01-01'' AS as_of, ''M0'' AS bucket, 1 AS amount FROM generate_series(1, 1000000) e')")
ok("54000" in err, "roll_matrix stops at the memory limit", err)

for what, sql in (
        ("grade, while reading", "SELECT count(*) FROM risk_screen.grade(%s, 'institution', '2026-01-01')" % big),
        ("xirr of 200 000 flows with many signs", "SELECT risk_screen.xirr(CASE WHEN x %% 2 = 0 THEN -1 ELSE 1 + x / 100000.0::float8 END, timestamptz '2000-01-01' + x * interval '1 hour') FROM generate_series(1, 200000) x".replace("%%", "%"))):
    start = time.time()
    rc, out, err = psql("SET statement_timeout = '150ms'; " + sql)
    took = time.time() - start
    ok("57014" in err and took < 1.5, "%s obeys statement_timeout (%.2f s)" % (what, took), err or out)

# one session, two snapshots: a repeatable-read transaction keeps its ruleset
rc, out, err = psql("""
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT string_agg(at_least::text, '') FROM risk_screen.grade('SELECT ''a'' AS entity, ''B12'' AS indicator, 5 AS value', 'institution', '2026-01-01');
SELECT risk_screen.parameter_value('red_push', '2026-01-01');
COMMIT;""")
ok(out.split() == ["yellow", "1"], "grading inside REPEATABLE READ", out + err)

# dump and restore
psql("DROP DATABASE IF EXISTS grading_a; DROP DATABASE IF EXISTS grading_b;", "postgres")
psql("CREATE DATABASE grading_a;", "postgres")
psql("CREATE DATABASE grading_b;", "postgres")
fill = """
CREATE EXTENSION risk_screen;
SELECT risk_screen.copy_ruleset('institution', 1, 'ours', 1, 'copied');
UPDATE risk_screen.ruleset_band SET points = points + 1 WHERE ruleset = 'ours' AND rule = 'B12';
SELECT risk_screen.activate_ruleset('ours', 1, '2025-01-01', 'first');
SELECT risk_screen.copy_ruleset('ours', 1, 'ours', 2);
DELETE FROM risk_screen.ruleset_band WHERE ruleset = 'ours' AND version = 2 AND rule = 'B34' AND band = 2;
INSERT INTO risk_screen.parameter (code, value, operator, valid_from, line) VALUES ('red_push', 0.5, '<=', '2026-01-01', 'P2P');
INSERT INTO risk_screen.calendar_day (day, is_workday, name_zh) VALUES ('2027-01-01', false, '元旦');
INSERT INTO risk_screen.disposal_rule (scheme, rule_no, class, label_zh, label_en) VALUES ('ours', 1, 'rectify', '整改', 'rectify');
"""
rc, out, err = psql("SET client_min_messages = error;" + fill, "grading_a")
ok(rc == 0, "own rows are entered", err)
answer = """
SELECT risk_screen.ruleset_hash('ours', 1), risk_screen.ruleset_hash('ours', 2);
SELECT a.* FROM risk_screen.ruleset_activation a WHERE NOT builtin ORDER BY 1, 2, 3;
SELECT level, score, reasons FROM risk_screen.grade('SELECT ''a'' AS entity, ''B12'' AS indicator, 5 AS value', 'ours', '2026-01-01');
SELECT count(*), sum(value) FROM risk_screen.parameter;
SELECT risk_screen.parameter_value('red_push', '2026-01-01', 'P2P'), risk_screen.is_workday('2027-01-01');
SELECT count(*) FROM risk_screen.calendar_day;
SELECT label_zh FROM risk_screen.disposal_class('green', 0, 0, 0, scheme => 'ours');
SELECT count(*) FROM risk_screen.ruleset_band;
"""
rc, before, err = psql(answer, "grading_a")
ok(rc == 0, "answers before the dump", err)
dump = subprocess.run(["pg_dump", "-d", "grading_a"], capture_output=True, text=True)
rc, out, err = psql(dump.stdout, "grading_b")
ok(rc == 0 and dump.returncode == 0, "the dump restores without error", err + dump.stderr)
rc, after, err = psql(answer, "grading_b")
ok(rc == 0 and before == after, "answers after the restore are the same", err + after)
rc, out, err = psql("UPDATE risk_screen.ruleset_band SET points = 0 WHERE ruleset = 'ours' AND version = 1", "grading_b")
ok("55000" in err, "the restored version is still closed", err)
rc, out, err = psql("INSERT INTO risk_screen.ruleset_rule (ruleset, version, rule, indicator) VALUES ('ours', 1, 'new', 'x')", "grading_b")
ok("55000" in err, "and nothing can be added", err)
rc, out, err = psql("SELECT finding FROM risk_screen.check_ruleset('ours', 1, '2026-01-01') WHERE severity = 'error'", "grading_b")
ok(rc == 0 and out == "", "and its hash is right", out + err)
rc, out, err = psql("SET session_replication_role = replica; UPDATE risk_screen.ruleset_band SET points = 0 WHERE ruleset = 'ours' AND version = 1 AND rule = 'B12' AND band = 1; SELECT finding FROM risk_screen.check_ruleset('ours', 1, '2026-01-01')", "grading_b")
ok("changed after activation" in out, "a change made past the protection is found", out + err)
psql("DROP DATABASE grading_a;", "postgres")
psql("DROP DATABASE grading_b;", "postgres")

print("1..%d" % tests)
sys.exit(failed > 0)
