#!/usr/bin/env python3
"""feed_server.t - load_feed() between sessions: a message cancelled in the middle
leaves nothing, two loaders of one day come one after the other, a hundred
thousand rows stay within memory, and a desk with filed tables survives a dump."""
import os
import subprocess
import sys
import tempfile
import time

count = failed = 0
ENVELOPE = "jsonb_build_object('inst_id', 'P1', 'report_date', '2026-11-19', 'control', jsonb_build_object('rows', %d), 'rows', "


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()[:20]), end="")
    sys.stdout.flush()


def start(database, sql):
    child = subprocess.Popen(["psql", "-XqAt", "-v", "VERBOSITY=verbose", "-d", database, "-f", "-"], stdin=subprocess.PIPE, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    child.stdin.write("SET client_min_messages = warning;\n" + sql)
    child.stdin.flush()
    return child


def psql(database, sql):
    return start(database, sql).communicate()[0].strip()


for name in ("feed_test", "feed_copy"):
    psql("postgres", "DROP DATABASE IF EXISTS %s WITH (FORCE)" % name)
    psql("postgres", "CREATE DATABASE %s" % name)
db = "feed_test"
psql(db, """CREATE EXTENSION risk_screen;
CALL risk_screen.create_workspace('desk');
CALL risk_screen.open_feed('desk', 'txn');
CREATE TABLE message AS SELECT %s jsonb_agg(jsonb_build_object('txn_id', 't' || i, 'payer', 'a' || i %% 977, 'payee', 'b' || i %% 877, 'amount', i, 'paid_at', '2026-11-19T10:00:00+08:00'))) AS m
  FROM generate_series(1, 100000) AS i;""" % (ENVELOPE % 100000))

out = psql(db, "SET statement_timeout = '150ms';\nSELECT outcome FROM message, risk_screen.load_feed('desk', 'txn', m);")
ok("57014" in out, "a message of 100,000 rows is cancelled in the middle", out)
out = psql(db, "SELECT (SELECT count(*) FROM desk.feed_batch), (SELECT count(*) FROM desk.filed_txn), (SELECT count(*) FROM desk.feed_quarantine), (SELECT count(*) FROM desk.txn)")
ok(out == "0|0|0|0", "and nothing of it is there", out)

loader = start(db, "SELECT pg_backend_pid();\nSELECT count(*) FROM message;\n")
pid = int(loader.stdout.readline())
loader.stdout.readline()
loader.stdin.write("SELECT concat_ws(' ', outcome, filed, loaded, quarantined) FROM message, risk_screen.load_feed('desk', 'txn', m);\n\\! true\n")
loader.stdin.flush()
out = loader.stdout.readline().strip()
with open("/proc/%d/status" % pid, encoding="utf-8") as status:
    memory = {line.split(":")[0]: int(line.split()[1]) for line in status if line.startswith(("VmHWM", "RssShmem"))}
loader.communicate()
peak = (memory["VmHWM"] - memory["RssShmem"]) // 1024
ok(out == "loaded 100000 100000 0", "a message of 100,000 rows is loaded", out)
ok(peak < 800, "its backend needs less than 800 MB", "%d MB" % peak)

# two versions of one day at the same time
ONE = "SELECT outcome FROM risk_screen.load_feed('desk', 'txn', " + ENVELOPE % 1 + "jsonb_build_array(jsonb_build_object('txn_id', '%s', 'payer', 'a', 'payee', 'b', 'amount', 1, 'paid_at', '2026-11-19T10:00:00+08:00'))));\n"
first = start(db, "BEGIN;\n" + ONE % "first")
ok(first.stdout.readline().strip() == "loaded", "one session loads a version and has not committed")
second = start(db, ONE % "second" + "\\q\n")
for _ in range(600):
    waiting = psql(db, "SELECT count(*) FROM pg_stat_activity WHERE datname = 'feed_test' AND wait_event_type = 'Lock' AND query LIKE '%second%' AND pid <> pg_backend_pid()")
    if waiting == "1":
        break
    time.sleep(0.1)
ok(waiting == "1", "another waits for it", waiting)
first.communicate("COMMIT;\n")
out = second.communicate()[0].strip()
ok(out == "loaded", "and then loads its own", out)
out = psql(db, "SELECT string_agg(txn_id, ' ') FROM desk.txn; SELECT string_agg(concat_ws(' ', feed_no, state, replaced_by), ', ' ORDER BY feed_no) FROM desk.feed_batch")
versions = out.splitlines()[1].split(", ") if "\n" in out else []
ok(out.startswith("second\n") and [v.split()[1] for v in versions] == ["replaced", "replaced", "loaded"], "each version replaced the one before; one is in force", out)

# dump and restore
psql(db, """SELECT * FROM risk_screen.load_feed('desk', 'txn', jsonb_build_object('inst_id', 'P2', 'report_date', '2026-11-19', 'control', '{"rows": 2}'::jsonb, 'rows',
  '[{"txn_id": "1", "payer": "a", "payee": "b", "amount": "x", "paid_at": "2026-11-19T10:00:00Z"}, {"txn_id": "2", "payer": "a", "payee": "b", "amount": "2.50", "paid_at": "2026-11-19T10:00:00Z"}]'::jsonb), '2026-11-20 03:00+08');
INSERT INTO desk.feed_duty (line, role, valid_from) VALUES ('ALL', 'txn', '2026-11-19');
CALL risk_screen.seal_day('desk', '2026-11-19', '{txn}');
DROP TABLE message;""")
LOOK = """SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM desk.filed_txn AS x; SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM desk.feed_batch AS x;
SELECT x FROM desk.feed_quarantine AS x; SELECT x FROM desk.feed_report AS x ORDER BY x::text; SELECT x FROM desk.txn AS x ORDER BY x::text; SELECT x FROM desk.feed_duty AS x; SELECT x FROM desk.seal_book AS x;
SELECT count(*) FROM risk_screen.check_seals('desk', '2026-11-19', '2026-11-19');"""
before = psql(db, LOOK)
with tempfile.TemporaryDirectory() as place:
    dump = os.path.join(place, "dump")
    done = subprocess.run(["pg_dump", "-Fc", "-f", dump, db], stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True)
    ok(done.returncode == 0, "a desk with filed tables is dumped", done.stdout)
    done = subprocess.run(["pg_restore", "-d", "feed_copy", "--exit-on-error", dump], stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True)
    ok(done.returncode == 0, "and restored", done.stdout)
after = psql("feed_copy", LOOK)
ok(before == after and before.endswith("\n0"), "rows, batches, quarantine, duties, report and seals are the same", before + "\n--\n" + after)
out = psql("feed_copy", ONE % "second" + ONE % "third" + "SELECT string_agg(txn_id, ' ' ORDER BY txn_id) FROM desk.txn")
ok(out == "unchanged\nloaded\n2 third", "the copy knows what it has and goes on", out)
for name in ("feed_test", "feed_copy"):
    psql("postgres", "DROP DATABASE IF EXISTS %s WITH (FORCE)" % name)
print("1..%d" % count)
sys.exit(failed > 0)
