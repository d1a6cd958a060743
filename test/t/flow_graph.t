#!/usr/bin/env python3
"""flow_graph.t - the life of flow-graph files: sessions side by side, crashes, damage, full disk, copies.

Runs a server of its own (tools/cluster, name flowgraph), which it kills.
"""
import glob, os, re, shutil, signal, subprocess, sys, time

top = os.environ.get("RS_TOP") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
os.chdir(top)
sys.path.insert(0, "test/lib")
from graph_server import *

environment = start("flowgraph", "fg")
data = environment["RS_CLUSTER_DATA"]
store = data + "/pg_risk_screen"


def trace(graph="g"):
    return "SELECT count(*) || ' ' || sum(amount) FROM risk_screen.trace_funds('graph:%s', ARRAY['1'])" % graph


psql("""CREATE EXTENSION risk_screen;
CREATE TABLE t AS SELECT i::bigint AS txn_id, i % 97 AS payer, (i * 31 + 1) % 101 AS payee, 1 + i % 1000 AS amount,
	timestamptz '2026-01-01' + i * interval '1 minute' AS paid_at FROM generate_series(1, 20000) i;
CREATE VIEW slow AS SELECT t.* FROM t CROSS JOIN LATERAL (SELECT pg_sleep(CASE WHEN txn_id = 15000 THEN 60 ELSE 0 END) OFFSET 0) s
	WHERE s IS NOT NULL;""")
psql("SELECT risk_screen.create_flow_graph('g', 't')")
expected = psql("SELECT count(*) || ' ' || sum(amount) FROM risk_screen.trace_funds('t', ARRAY['1'])")
same(psql(trace()), expected, "a trace of the graph equals the trace of the table")
same(len(files()), 1, "one file")

# ---- the writing transaction ends badly
psql("BEGIN; SELECT risk_screen.create_flow_graph('h', 't'); ROLLBACK;")
same(len(files()), 1, "rollback of create leaves no file")
psql("BEGIN; SELECT risk_screen.refresh_flow_graph('g'); INSERT INTO t VALUES (20001, 1, 2, 5, '2027-01-01'); SELECT risk_screen.refresh_flow_graph('g'); ROLLBACK;")
same((len(files()), psql(trace())), (1, expected), "rollback of refresh leaves the old file")
psql("BEGIN; SELECT risk_screen.drop_flow_graph('g'); ROLLBACK;")
same((len(files()), psql(trace())), (1, expected), "rollback of drop leaves the file")
psql("BEGIN; SAVEPOINT a; SELECT risk_screen.create_flow_graph('h', 't'); ROLLBACK TO a; SELECT risk_screen.create_flow_graph('h', 't'); RELEASE a; COMMIT;")
same(len(files()), 2, "a savepoint's file goes with it, the other stays")
psql("BEGIN; SELECT risk_screen.drop_flow_graph('h'); SELECT risk_screen.create_flow_graph('h', 't'); SELECT risk_screen.drop_flow_graph('h'); COMMIT;")
same(len(files()), 1, "created and dropped in one transaction")
same(state("SELECT risk_screen.create_flow_graph('h', 'SELECT * FROM t UNION ALL SELECT 7, 1, 2, 3, ''2027-01-01''')"), "23505", "a duplicate id in the last row")
same(len(files()), 1, "an error leaves no file")
begun = time.time()
same(state("SET statement_timeout = '300ms'; SELECT risk_screen.create_flow_graph('h', 'SELECT i AS txn_id, i % 100000 AS payer, i % 77777 AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 50000000) i')"),
     "57014", "statement_timeout during a build")
ok(time.time() - begun < 5, "acts soon", time.time() - begun)
same(len(files()), 1, "and leaves no file")

# ---- sessions side by side
a, b = Session(), Session()
a.begin("BEGIN; SELECT risk_screen.create_flow_graph('twice', 't');")
a.answer()
b.begin("SELECT risk_screen.create_flow_graph('twice', 't');")
ok(wait_for(lambda: waiting(b.pid)), "a second create of the same name waits")
a.ask("COMMIT;")
ok("42710" in b.answer(), "and finds the name taken")
a.ask("BEGIN; INSERT INTO t VALUES (20001, 1, 2, 5, '2027-01-01'); SELECT risk_screen.refresh_flow_graph('twice');")
b.begin("SELECT risk_screen.refresh_flow_graph('twice');")
ok(wait_for(lambda: waiting(b.pid)), "a second refresh waits")
same(psql("SELECT rows FROM risk_screen.flow_graph WHERE name = 'twice'"), "20000", "readers do not")
a.ask("COMMIT;")
same(b.answer(), "unchanged", "and sees what the first one committed")
a.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t;")
before = a.ask("SELECT count(*) FROM risk_screen.flow_graph_transfers('twice');")
psql("INSERT INTO t VALUES (20002, 1, 2, 5, '2027-01-02'); SELECT risk_screen.refresh_flow_graph('twice');")
same((before, a.ask("SELECT count(*) FROM risk_screen.flow_graph_transfers('twice');")), ("20001", "20002"),
     "a refresh replaces the graph for old snapshots too")
a.ask("COMMIT;")
a.ask("SELECT count(*) FROM risk_screen.flow_graph_transfers('twice');")
a.ask("BEGIN; DECLARE c SCROLL CURSOR FOR SELECT txn_id FROM risk_screen.flow_graph_transfers('twice'); FETCH 1 FROM c;")
psql("SELECT risk_screen.drop_flow_graph('twice')")
same(a.ask("MOVE ALL FROM c; FETCH PRIOR FROM c;"), "20002", "a question that is running finishes on the dropped graph")
a.ask("COMMIT;")
ok("42704" in a.ask("SELECT count(*) FROM risk_screen.flow_graph_transfers('twice');"), "the next one finds it gone")
a.ask("SELECT 1;")
ok("pg_risk_screen" not in re.sub(r".*\(none\)", "", "\n".join(l for l in open("/proc/%d/maps" % a.pid).read().splitlines() if "deleted" in l)),
   "and the session has let go of the file")
same(len(files()), 1, "one file again")
psql("DELETE FROM t WHERE txn_id > 20000")

# a writer who has not committed while the graph is refreshed
a.ask("BEGIN; INSERT INTO t VALUES (40000, 1, 2, 5, '2025-12-31');")
psql("VACUUM t")
same(psql("SELECT risk_screen.refresh_flow_graph('g'); SELECT stale IS NULL FROM risk_screen.flow_graph WHERE name = 'g'"), "unchanged\nt",
     "a refresh beside a writer does not claim to be fresh")
a.ask("COMMIT;")
same(psql("SELECT risk_screen.refresh_flow_graph('g'); SELECT stale FROM risk_screen.flow_graph WHERE name = 'g'"), "rebuilt\nf",
     "the next one finds what was committed")
same(b.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t;"), "20001", "a transaction with a snapshot")
psql("DELETE FROM t WHERE txn_id = 40000")
same(b.ask("SELECT risk_screen.refresh_flow_graph('g'); COMMIT;"), "unchanged", "refreshes to its snapshot")
same(psql("SELECT risk_screen.refresh_flow_graph('g')"), "rebuilt", "which the next refresh mends")

# readers while the graph is refreshed over and over
reader = Session()
reader.begin("""DO $$BEGIN FOR i IN 1 .. 150 LOOP
	IF (SELECT count(*) FROM risk_screen.flow_graph_transfers('g')) NOT IN (20000, 20001) THEN RAISE EXCEPTION 'torn'; END IF;
	COMMIT; END LOOP; END$$; SELECT 'whole';""")
for i in range(12):
    psql("INSERT INTO t VALUES (30000, 1, 2, 5, '2027-01-01'); SELECT risk_screen.refresh_flow_graph('g'); DELETE FROM t WHERE txn_id = 30000; SELECT risk_screen.refresh_flow_graph('g');")
same(reader.answer(), "whole", "readers never see half a refresh, nor a missing file")
for session in (a, b, reader):
    session.close()
same(len(files()), 1, "24 refreshes leave one file")

# ---- crash while building
victim = Session()
victim.begin("SELECT risk_screen.create_flow_graph('crash', 'slow');")
ok(wait_for(lambda: len(files()) == 2), "a build is under way")
ok(recovered_from_kill(victim), "the server recovers from kill -9 of the builder")
same((len(files()), psql(trace())), (2, expected), "the orphan is still there, the other graph works")
for i in range(5):
    psql("SELECT pg_current_xact_id()")  # the crash may have lost the builder's transaction number: do not get it again
busy = Session()
busy.begin("SELECT risk_screen.create_flow_graph('busy', 'slow');")
ok(wait_for(lambda: len(files()) == 3), "another build is under way")
psql("SELECT risk_screen.refresh_flow_graph('g')")
same(len(files()), 2, "the next refresh removes the orphan, not the file being written")
psql("SELECT pg_cancel_backend(%d)" % busy.pid)
ok("57014" in busy.answer(), "a build can be cancelled")
busy.close()
same(len(files()), 1, "its file is gone")

# ---- crash after commit
psql("SELECT risk_screen.create_flow_graph('durable', 't')")
owner = environment["RS_CLUSTER_OWNER"]
as_owner = ["runuser", "-u", owner, "--"] if os.getuid() == 0 else []
shell(*as_owner, environment["RS_CLUSTER_BIN"] + "/pg_ctl", "-D", data, "-m", "immediate", "-w", "stop", cwd="/")
shell("sh", "-c", "echo 'max_prepared_transactions = 2\nwal_level = replica\nhot_standby = on\nmax_wal_senders = 3' >> %s/postgresql.conf" % data)
cluster("start", "flowgraph")
same((psql(trace("durable")), psql("SELECT risk_screen.check_flow_graph('durable')")), (expected, "sound"), "a committed graph survives an immediate shutdown")
same(state("BEGIN; SELECT risk_screen.create_flow_graph('p', 't'); PREPARE TRANSACTION 'x';"), "0A000", "PREPARE TRANSACTION is refused")
same(len(files()), 2, "and leaves no file")


# ---- damage
def path_of(graph):
    return "%s/%s/%s" % (store, psql("SELECT oid FROM pg_database WHERE datname = 'fg'"),
                         psql("SELECT unnest(files) FROM risk_screen._graph_file WHERE name = '%s'" % graph))


def damaged(what, harm, sqlstate="XX001", view="damaged"):
    harm(path_of("g"))
    same((state(trace()), psql("SELECT state, stale FROM risk_screen.flow_graph WHERE name = 'g'")), (sqlstate, view + "|t"), what + ": refused before use")
    ok(psql("SELECT risk_screen.check_flow_graph('g')") != "sound", what + ": check_flow_graph tells")
    ok(psql("SELECT risk_screen.refresh_flow_graph('g')").endswith("rebuilt") and psql(trace()) == expected, what + ": a refresh rebuilds")
    same(len(files()), 2, what + ": nothing is left behind")


def flip(at):
    def harm(path):
        with open(path, "r+b") as f:
            f.seek(at, 2 if at < 0 else 0)
            byte = f.read(1)
            f.seek(-1, 1)
            f.write(bytes([byte[0] ^ 4]))
    return harm


def unlink(path):
    os.unlink(path)


size = os.path.getsize(path_of("g"))
damaged("a bit flipped in the header", flip(60))
damaged("a bit flipped in the arcs", flip(4096 * 3 + 17))
damaged("a bit flipped in the middle", flip(size // 2))
damaged("truncated by a page", lambda path: os.truncate(path, size - 4096))
damaged("truncated to nothing", lambda path: os.truncate(path, 0))
damaged("grown", lambda path: open(path, "ab").write(b"x" * 4096))
damaged("another graph's file in its place", lambda path: shutil.copyfile(path_of("durable"), path))
damaged("not a flow graph at all", lambda path: open(path, "wb").write(os.urandom(size)))
damaged("missing", unlink, "55000", "missing")
# rebuilt on use: by who could refresh it, where it could be refreshed; else an error
on = "SET risk_screen.rebuild_damaged = on; "
psql("CREATE ROLE fg_reader; GRANT USAGE ON SCHEMA risk_screen TO fg_reader; SELECT risk_screen.grant_flow_graph('g', 'fg_reader')")
for what, harm in (("damaged", flip(60)), ("truncated", lambda path: os.truncate(path, size - 4096)), ("missing", unlink)):
    harm(path_of("g"))
    code = "55000" if what == "missing" else "XX001"
    same((state(on + "SET ROLE fg_reader; " + trace()), state(on + "BEGIN READ ONLY; " + trace())), (code, code), what + ": an error for a reader, and in a read-only transaction")
    said = psql(on + "BEGIN; " + trace() + "; ROLLBACK")
    same((said.splitlines()[-1], psql("SELECT state FROM risk_screen.flow_graph WHERE name = 'g'")), (expected, "missing" if what == "missing" else "damaged"),
         what + ": rebuilt for the owner, but not when that transaction is rolled back")
    same(len(files()), 1 if what == "missing" else 2, what + ": of which nothing is left")
    said = psql(on + trace())
    ok("is damaged: it is rebuilt from its query" in said and said.splitlines()[-1] == expected, what + ": rebuilt on use, and it says so", said)
    same((psql("SELECT state FROM risk_screen.flow_graph WHERE name = 'g'"), psql("SELECT risk_screen.check_flow_graph('g')"), len(files())), ("ready", "sound", 2),
         what + ": for everybody, and nothing is left behind")
psql("SELECT risk_screen.revoke_flow_graph('g', 'fg_reader'); REVOKE USAGE ON SCHEMA risk_screen FROM fg_reader; DROP ROLE fg_reader")
path = path_of("g")
shutil.copyfile(path, path + ".copy")
os.rename(path + ".copy", path)
if os.getuid() == 0:
    shutil.chown(path, owner)
same(psql(trace()), expected, "a true copy (as of a backup) is verified and used")
psql("DELETE FROM risk_screen._graph_file WHERE name = 'g'")
same((state(trace()), psql("SELECT risk_screen.refresh_flow_graph('g')")), ("55000", "rebuilt"), "without a file in the catalog: an error, then rebuilt")

# ---- several parts
psql("""CREATE TABLE m AS SELECT i::bigint AS txn_id, i % 97 AS payer, (i * 31 + 1) % 101 AS payee, 1 + i % 1000 AS amount,
	timestamptz '2026-01-01' + i * interval '1 minute' AS paid_at FROM generate_series(1, 3000) i;
SELECT risk_screen.create_flow_graph('m', 'm')""")


def grow(rows, refresh="SELECT risk_screen.refresh_flow_graph('m')"):
    return """INSERT INTO m SELECT i, i %% 97, (i * 31 + 1) %% 101, 1 + i %% 1000, timestamptz '2026-01-01' + i * interval '1 minute'
	FROM (SELECT max(txn_id) AS last FROM m) x, generate_series(last + 1, last + %d) i; %s;""" % (rows, refresh)


def parts():
    return psql("SELECT state || ' ' || parts FROM risk_screen.flow_graph WHERE name = 'm'")


def true_answer():
    return psql("SELECT count(*) || ' ' || sum(amount) FROM risk_screen.trace_funds('m', ARRAY['1'])")


def part_files():
    directory = "%s/%s/" % (store, psql("SELECT oid FROM pg_database WHERE datname = 'fg'"))
    return [directory + f for f in psql("SELECT unnest(files) FROM risk_screen._graph_file WHERE name = 'm'").splitlines()]


def make_parts():
    psql(grow(1, "SELECT risk_screen.refresh_flow_graph('m', max_parts => 1)"))
    return psql(grow(300) + grow(40))


same((make_parts(), parts(), len(files())), ("appended\nappended", "ready 3", 5), "two refreshes add two files")
same(psql(trace("m")), true_answer(), "the parts answer as one")
before = psql(trace("m"))
psql("BEGIN; " + grow(3) + " ROLLBACK;")
psql("BEGIN; " + grow(3, "SELECT risk_screen.refresh_flow_graph('m', max_parts => 1)") + " ROLLBACK;")
same((psql(trace("m")), parts(), len(files())), (before, "ready 3", 5), "rollback of an addition and of a merge leaves the parts")
psql("BEGIN; SAVEPOINT a; " + grow(3) + " ROLLBACK TO a; " + grow(5) + " " + grow(2) + " COMMIT;")
same((psql(trace("m")) == true_answer(), parts(), len(files())), (True, "ready 5", 7), "a savepoint's part goes with it, the others stay")
psql("BEGIN; SELECT risk_screen.drop_flow_graph('m'); ROLLBACK;")
same((psql(trace("m")) == true_answer(), len(files())), (True, 7), "rollback of drop leaves all parts")
psql("CREATE VIEW m_slow AS SELECT m.* FROM m CROSS JOIN LATERAL (SELECT pg_sleep(CASE WHEN txn_id > 3400 THEN 60 ELSE 0 END) OFFSET 0) s WHERE s IS NOT NULL")
same(state("BEGIN; SET statement_timeout = '300ms'; " + grow(70, "SELECT risk_screen.create_flow_graph('n', 'm_slow')")),
     "57014", "a timeout while reading")
same((parts(), len(files())), ("ready 5", 7), "leaves the parts and no file")
session = Session()
session.ask("BEGIN; DECLARE c SCROLL CURSOR FOR SELECT txn_id FROM risk_screen.flow_graph_transfers('m'); FETCH 1 FROM c;")
rows = psql("SELECT count(*) FROM m")
psql(grow(4, "SELECT risk_screen.refresh_flow_graph('m', max_parts => 1)"))
same((session.ask("MOVE ALL FROM c; FETCH PRIOR FROM c;"), parts(), len(files())), (rows, "ready 1", 3),
     "a question that is running finishes on parts that were merged")
session.ask("COMMIT;")
ok(psql(trace("m")) == session.ask(trace("m") + ";") == true_answer(), "the next one reads the new file")
ok("pg_risk_screen" not in "\n".join(l for l in open("/proc/%d/maps" % session.pid).read().splitlines() if "deleted" in l),
   "and the session has let go of the merged files")
session.close()
reader = Session()
reader.begin("""DO $$DECLARE seen bigint := 0; now_seen bigint; BEGIN FOR i IN 1 .. 150 LOOP
	SELECT count(*) INTO now_seen FROM risk_screen.flow_graph_transfers('m');
	IF now_seen < seen OR now_seen <> (SELECT count(DISTINCT txn_id) FROM risk_screen.flow_graph_transfers('m') WHERE txn_id::bigint <= now_seen) THEN RAISE EXCEPTION 'torn'; END IF;
	seen := now_seen; COMMIT; END LOOP; END$$; SELECT 'whole';""")
for i in range(30):
    psql(grow(1))
same(reader.answer(), "whole", "readers see whole days while parts are added and merged")
reader.close()
same((psql(trace("m")) == true_answer(), len(files()) - 2), (True, int(parts().split()[1])), "as many files as parts afterwards")
for which in range(3):
    for what, harm, view in (("a bit flipped in its header", flip(60), "damaged"), ("a bit flipped inside", flip(4096 * 3 + 17), "damaged"),
                             ("truncated", lambda path: os.truncate(path, os.path.getsize(path) - 4096), "damaged"),
                             ("another part's file in its place", lambda path: shutil.copyfile(part_files()[(which + 1) % 3], path), "damaged"),
                             ("missing", unlink, "missing")):
        make_parts()
        harm(part_files()[which])
        same((state(trace("m")), parts()), ("55000" if view == "missing" else "XX001", view + " 3"), "part %d %s: refused before use" % (which + 1, what))
        ok(psql("SELECT risk_screen.check_flow_graph('m')") != "sound" and psql("SELECT risk_screen.refresh_flow_graph('m')").endswith("rebuilt") and
           psql(trace("m")) == true_answer() and parts() == "ready 1" and len(files()) == 3, "and a refresh rebuilds, leaving nothing behind")
make_parts()
psql("UPDATE risk_screen._graph_file SET files = files[1:1] || files[3], stamps = stamps[1:1] || stamps[3] WHERE name = 'm'")
same(state(trace("m")), "XX001", "a part left out is noticed")
psql("UPDATE risk_screen._graph_file SET files = files[1:1], stamps = stamps[1:1] WHERE name = 'm'")
psql(grow(1))
same((psql(trace("m")) == true_answer(), len(files()) - 2), (True, int(parts().split()[1])), "parts that nobody names are removed by the next refresh")
victim = Session()
make_parts()
victim.begin("BEGIN; " + grow(30) + " SELECT pg_sleep(60);")
ok(wait_for(lambda: len(files()) == 6), "a part is written, not committed")
ok(recovered_from_kill(victim), "the server recovers from kill -9 of the writer")
for i in range(5):
    psql("SELECT pg_current_xact_id()")
same((psql(trace("m")) == true_answer(), parts(), psql(grow(2)), len(files())), (True, "ready 3", "appended", 6), "the graph is as it was; the next refresh removes the orphan")
psql("SELECT risk_screen.drop_flow_graph('m')")
same(len(files()), 2, "drop removes every part")
psql("SELECT risk_screen.create_flow_graph('m', 'm')")
make_parts()

# ---- a full disk
psql("CREATE DATABASE tiny; ", "postgres")
psql("""CREATE EXTENSION risk_screen;
CREATE TABLE t AS SELECT i AS txn_id, i % 97 AS payer, i % 101 AS payee, i AS amount, timestamptz '2026-01-01' + i * interval '1 s' AS paid_at FROM generate_series(1, 60000) i;
SELECT risk_screen.create_flow_graph('small', 'SELECT * FROM t WHERE txn_id < 1000')""", "tiny")
directory = store + "/" + psql("SELECT oid FROM pg_database WHERE datname = 'tiny'", "postgres")
if os.getuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "tmpfs", directory], capture_output=True).returncode == 0:
    psql("SELECT risk_screen.refresh_flow_graph('small')", "tiny")
    same(state("SELECT risk_screen.create_flow_graph('large', 't')", database="tiny"), "53100", "a full disk is an error")
    psql("CREATE TABLE days AS SELECT * FROM t WHERE txn_id < 1000; SELECT risk_screen.create_flow_graph('days', 'days'); INSERT INTO days SELECT * FROM t WHERE txn_id BETWEEN 1000 AND 1200; SELECT risk_screen.refresh_flow_graph('days')", "tiny")
    same(state("INSERT INTO days SELECT * FROM t WHERE txn_id > 1200; SELECT risk_screen.refresh_flow_graph('days')", database="tiny"), "53100", "also when adding a day")
    same(psql("SELECT parts, state FROM risk_screen.flow_graph WHERE name = 'days'; SELECT count(*) FROM risk_screen.flow_graph_transfers('days'); SELECT risk_screen.drop_flow_graph('days')", "tiny"), "2|ready\n1200", "and leaves the parts")
    same((len(files("tiny")), psql("SELECT name, state FROM risk_screen.flow_graph", "tiny")), (1, "small|ready"), "and leaves the other graph and no file")
    cluster("stop", "flowgraph")
    subprocess.run(["umount", directory])
    cluster("start", "flowgraph")
else:
    ok(True, "full disk # SKIP mounting a small file system is not allowed here")
psql("SET temp_file_limit = '1MB'", "tiny")
same(state("SET temp_file_limit = '100kB'; SET risk_screen.max_memory = '4MB'; SELECT risk_screen.create_flow_graph('large', 't')", database="tiny"), "53400", "temp_file_limit holds for spilled rows")

# ---- dump, restore, copies of the database, DROP
psql("DO $$BEGIN CREATE ROLE fg_analyst; CREATE ROLE fg_guest; END$$; GRANT SELECT ON t TO fg_analyst; SET ROLE fg_analyst; SELECT risk_screen.create_flow_graph('owned', 'public.t'); SELECT risk_screen.grant_flow_graph('owned', 'fg_guest'); SELECT risk_screen.grant_flow_graph('owned', 'public');")
dump = shell("pg_dump", "-d", "fg")
psql("CREATE DATABASE fg_restored", "postgres")
psql(dump, "fg_restored")
same(psql("SELECT name, owner, readers, state, stale FROM risk_screen.flow_graph WHERE name IN ('g', 'owned') ORDER BY 1", "fg_restored"),
     "g|postgres|{}|not built|t\nowned|fg_analyst|{fg_guest,-}|not built|t", "a restore has the definitions, owners and readers")
same(state(trace(), database="fg_restored"), "55000", "using one says that it must be built")
same((psql("SELECT risk_screen.refresh_flow_graph('g')", "fg_restored"), psql(trace(), "fg_restored")), ("rebuilt", expected), "a refresh builds it")
psql("CREATE DATABASE fg_copy TEMPLATE fg_restored", "postgres")
same(state(trace(), database="fg_copy"), "55000", "a copied database has no files")
same(psql("SELECT risk_screen.refresh_flow_graph('g')", "fg_copy"), "rebuilt", "until a refresh")
oid = psql("SELECT oid FROM pg_database WHERE datname = 'fg_copy'", "postgres")
psql("DROP DATABASE fg_copy", "postgres")
ok(os.path.isdir(store + "/" + oid), "a dropped database leaves its directory")
psql("SELECT risk_screen.refresh_flow_graph('g')")
ok(not os.path.isdir(store + "/" + oid), "the next refresh in any database removes it")
psql("SELECT risk_screen.refresh_flow_graph('m'); INSERT INTO m VALUES (100000, 1, 2, 3, '2030-01-01'); SELECT risk_screen.refresh_flow_graph('m')", "fg_restored")
kept = files("fg_restored")
psql("BEGIN; DROP EXTENSION risk_screen; ROLLBACK;", "fg_restored")
same((files("fg_restored"), psql(trace(), "fg_restored")), (kept, expected), "a rolled back DROP EXTENSION keeps the files")
psql("DROP EXTENSION risk_screen", "fg_restored")
same((len(kept), len(files("fg_restored"))), (3, 0), "DROP EXTENSION removes them")
open(kept[0], "wb").write(b"left by something else")
psql("CREATE EXTENSION risk_screen; SELECT risk_screen.create_flow_graph('new', 't');", "fg_restored")
same((len(files("fg_restored")), os.path.exists(kept[0])), (1, False), "a file that nobody names is removed by the next create")

# ---- standby
standby, port = data + "_standby", str(int(os.environ["PGPORT"]) + 1)
shutil.rmtree(standby, ignore_errors=True)
log = shell(*as_owner, "env", "PGHOST=" + os.environ["PGHOST"], "PGPORT=" + os.environ["PGPORT"], "PGUSER=postgres",
            environment["RS_CLUSTER_BIN"] + "/pg_basebackup", "-D", standby, "-R", "-X", "stream", "-c", "fast", cwd="/")
with open(standby + "/postgresql.conf", "a") as f:
    f.write("port = %s\n" % port)
pg_ctl = [*as_owner, environment["RS_CLUSTER_BIN"] + "/pg_ctl", "-D", standby, "-w", "-l", standby + "/server.log"]
shell(*pg_ctl, "start", cwd="/")
same((psql(trace(), port=port), psql(trace("m"), port=port)), (expected, psql(trace("m"))), "a base backup's copies are used on the standby")
psql("SELECT risk_screen.create_flow_graph('later', 't')")
lsn = psql("SELECT pg_current_wal_insert_lsn()")
wait_for(lambda: psql("SELECT pg_last_wal_replay_lsn() >= '%s'" % lsn, port=port) == "t")
same(state(on + trace("later"), port=port), "55000", "and it is not rebuilt on use there")
same((state(trace("later"), port=port), state("SELECT risk_screen.refresh_flow_graph('later')", port=port)), ("55000", "25006"),
     "a graph made later is an error there, and cannot be built")
ok("Files are not replicated" in psql(trace("later"), port=port), "the hint says why")
same(psql("SELECT state FROM risk_screen.flow_graph WHERE name = 'later'", port=port), "missing", "the view tells")
shell(*pg_ctl, "-m", "immediate", "stop", cwd="/")
shutil.rmtree(standby, ignore_errors=True)

finish("flowgraph")
