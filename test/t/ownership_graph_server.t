#!/usr/bin/env python3
"""ownership_graph_server.t - the life of ownership-graph files: sessions side by side, crashes, damage, full disk, copies.

Runs a server of its own (tools/cluster, name ownergraph), which it kills.
"""
import glob, os, re, shutil, signal, subprocess, sys, time

top = os.environ.get("RS_TOP") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
os.chdir(top)
sys.path.insert(0, "test/lib")
from graph_server import *

environment = start("ownergraph", "og")
data = environment["RS_CLUSTER_DATA"]
store = data + "/pg_risk_screen"


def ask(graph="g"):
    return "SELECT count(*) || ' ' || sum(total) FROM risk_screen.look_through('graph:%s', ARRAY['p1'], 'holdings')" % graph


psql("""CREATE EXTENSION risk_screen;
CREATE TABLE t AS SELECT i AS n, 'p' || i / 3 AS owner, 'p' || i AS owned, (1 + i % 1000) / 1001.0 AS share FROM generate_series(1, 20000) i;
CREATE VIEW slow AS SELECT t.* FROM t CROSS JOIN LATERAL (SELECT pg_sleep(CASE WHEN n = 15000 THEN 60 ELSE 0 END) OFFSET 0) s
	WHERE s IS NOT NULL;""")
psql("SELECT risk_screen.create_ownership_graph('g', 't')")
expected = psql("SELECT count(*) || ' ' || sum(total) FROM risk_screen.look_through('t', ARRAY['p1'], 'holdings')")
same(psql(ask()), expected, "the graph answers as the table")
same(len(files()), 1, "one file")

# ---- the writing transaction ends badly
psql("BEGIN; SELECT risk_screen.create_ownership_graph('h', 't'); ROLLBACK;")
same(len(files()), 1, "rollback of create leaves no file")
psql("BEGIN; SELECT risk_screen.refresh_ownership_graph('g'); INSERT INTO t VALUES (20001, 'p1', 'x20001', 0.5); SELECT risk_screen.refresh_ownership_graph('g'); ROLLBACK;")
same((len(files()), psql(ask())), (1, expected), "rollback of refresh leaves the old file")
psql("BEGIN; SELECT risk_screen.drop_ownership_graph('g'); ROLLBACK;")
same((len(files()), psql(ask())), (1, expected), "rollback of drop leaves the file")
psql("BEGIN; SAVEPOINT a; SELECT risk_screen.create_ownership_graph('h', 't'); ROLLBACK TO a; SELECT risk_screen.create_ownership_graph('h', 't'); RELEASE a; COMMIT;")
same(len(files()), 2, "a savepoint's file goes with it, the other stays")
psql("BEGIN; SELECT risk_screen.drop_ownership_graph('h'); SELECT risk_screen.create_ownership_graph('h', 't'); SELECT risk_screen.drop_ownership_graph('h'); COMMIT;")
same(len(files()), 1, "created and dropped in one transaction")
same(state("SELECT risk_screen.create_ownership_graph('h', 'SELECT * FROM t UNION ALL SELECT 7, ''a'', NULL, 0.5')"), "22004", "a row without a company, the last one")
same(len(files()), 1, "an error leaves no file")
begun = time.time()
same(state("SET statement_timeout = '300ms'; SELECT risk_screen.create_ownership_graph('h', 'SELECT i % 100000 AS owner, i % 77777 AS owned, 0.1 AS share FROM generate_series(1, 50000000) i')"),
     "57014", "statement_timeout during a build")
ok(time.time() - begun < 5, "acts soon", time.time() - begun)
same(len(files()), 1, "and leaves no file")

# ---- sessions side by side
a, b = Session(), Session()
a.begin("BEGIN; SELECT risk_screen.create_ownership_graph('twice', 't');")
a.answer()
b.begin("SELECT risk_screen.create_ownership_graph('twice', 't');")
ok(wait_for(lambda: waiting(b.pid)), "a second create of the same name waits")
a.ask("COMMIT;")
ok("42710" in b.answer(), "and finds the name taken")
a.ask("BEGIN; INSERT INTO t VALUES (20001, 'p1', 'x20001', 0.5); SELECT risk_screen.refresh_ownership_graph('twice');")
b.begin("SELECT risk_screen.refresh_ownership_graph('twice');")
ok(wait_for(lambda: waiting(b.pid)), "a second refresh waits")
same(psql("SELECT rows FROM risk_screen.ownership_graph WHERE name = 'twice'"), "20000", "readers do not")
a.ask("COMMIT;")
same(b.answer(), "unchanged", "and sees what the first one committed")
a.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t;")
before = a.ask("SELECT count(*) FROM risk_screen.ownership_graph_holdings('twice');")
psql("INSERT INTO t VALUES (20002, 'p1', 'x20002', 0.5); SELECT risk_screen.refresh_ownership_graph('twice');")
same((before, a.ask("SELECT count(*) FROM risk_screen.ownership_graph_holdings('twice');")), ("20001", "20002"),
     "a refresh replaces the graph for old snapshots too")
a.ask("COMMIT;")
a.ask("SELECT count(*) FROM risk_screen.ownership_graph_holdings('twice');")
a.ask("BEGIN; DECLARE c SCROLL CURSOR FOR SELECT row_number() OVER () FROM risk_screen.ownership_graph_holdings('twice'); FETCH 1 FROM c;")
psql("SELECT risk_screen.drop_ownership_graph('twice')")
same(a.ask("MOVE ALL FROM c; FETCH PRIOR FROM c;"), "20002", "a question that is running finishes on the dropped graph")
a.ask("COMMIT;")
ok("42704" in a.ask("SELECT count(*) FROM risk_screen.ownership_graph_holdings('twice');"), "the next one finds it gone")
a.ask("SELECT 1;")
ok("pg_risk_screen" not in re.sub(r".*\(none\)", "", "\n".join(l for l in open("/proc/%d/maps" % a.pid).read().splitlines() if "deleted" in l)),
   "and the session has let go of the file")
same(len(files()), 1, "one file again")

# ---- what a session keeps of definitions
a.ask("SELECT 1;")
a.ask(ask() + ";")
before = a.ask(ask() + ";")
inside = a.ask("BEGIN; SAVEPOINT s; INSERT INTO t VALUES (20003, 'p1', 'x20003', 0.5); SELECT risk_screen.refresh_ownership_graph('g') \\g /dev/null\n" + ask() + ";")
after = a.ask("ROLLBACK TO s; " + ask() + ";")
ok(inside != before and after == before, "a refresh is seen at once, and no more once it is rolled back", (before, inside, after))
a.ask("COMMIT;")
psql("CREATE ROLE og_reader; GRANT USAGE ON SCHEMA risk_screen TO og_reader")
a.ask("SET ROLE og_reader;")
seen = ["42501" in a.ask(ask() + ";")]
for change, allowed in (("SELECT risk_screen.grant_ownership_graph('g', 'og_reader')", True),
                        ("UPDATE risk_screen._graph SET readers = '{}' WHERE name = 'g'", False),
                        ("SET session_replication_role = replica; UPDATE risk_screen._graph SET readers = '{-}' WHERE name = 'g'", True),
                        ("SELECT risk_screen.revoke_ownership_graph('g', 'public')", False),
                        ("BEGIN; SELECT risk_screen.grant_ownership_graph('g', 'og_reader'); ROLLBACK", False)):
    psql(change)
    seen.append((a.ask(ask() + ";") == before) == allowed)
ok(all(seen), "rights are those of now, whoever changed them", seen)
psql("SELECT risk_screen.grant_ownership_graph('g', 'og_reader')")
size = "SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = 'risk_screen graph definitions';"
a.ask(ask() + ";")
small = a.ask("RESET ROLE; %s SET ROLE og_reader;" % size)
a.ask("DO $$BEGIN FOR i IN 1..500 LOOP BEGIN PERFORM risk_screen.drop_ownership_graph('g'); EXCEPTION WHEN insufficient_privilege THEN NULL; END; END LOOP; END$$;")
ok(small and a.ask("RESET ROLE; %s SET ROLE og_reader;" % size) == small, "a definition is kept once, however often it is looked up", small)
psql("SELECT risk_screen.revoke_ownership_graph('g', 'og_reader')")
a.ask("RESET ROLE;")
psql("ALTER EXTENSION risk_screen UPDATE")
same(a.ask(ask() + ";"), before, "and the session goes on")
psql("DROP OWNED BY og_reader; DROP ROLE og_reader")
psql("DELETE FROM t WHERE n > 20000")

# a writer who has not committed while the graph is refreshed
a.ask("BEGIN; INSERT INTO t VALUES (40000, 'p1', 'x40000', 0.5);")
psql("VACUUM t")
same(psql("SELECT risk_screen.refresh_ownership_graph('g'); SELECT stale IS NULL FROM risk_screen.ownership_graph WHERE name = 'g'"), "unchanged\nt",
     "a refresh beside a writer does not claim to be fresh")
a.ask("COMMIT;")
same(psql("SELECT risk_screen.refresh_ownership_graph('g'); SELECT stale FROM risk_screen.ownership_graph WHERE name = 'g'"), "rebuilt\nf",
     "the next one finds what was committed")
same(b.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t;"), "20001", "a transaction with a snapshot")
psql("DELETE FROM t WHERE n = 40000")
same(b.ask("SELECT risk_screen.refresh_ownership_graph('g'); COMMIT;"), "unchanged", "refreshes to its snapshot")
same(psql("SELECT risk_screen.refresh_ownership_graph('g')"), "rebuilt", "which the next refresh mends")

# readers while the graph is refreshed over and over
reader = Session()
reader.begin("""DO $$BEGIN FOR i IN 1 .. 150 LOOP
	IF (SELECT count(*) FROM risk_screen.ownership_graph_holdings('g')) NOT IN (20000, 20001) THEN RAISE EXCEPTION 'torn'; END IF;
	COMMIT; END LOOP; END$$; SELECT 'whole';""")
for i in range(12):
    psql("INSERT INTO t VALUES (30000, 'p1', 'x30000', 0.5); SELECT risk_screen.refresh_ownership_graph('g'); DELETE FROM t WHERE n = 30000; SELECT risk_screen.refresh_ownership_graph('g');")
same(reader.answer(), "whole", "readers never see half a refresh, nor a missing file")
for session in (a, b, reader):
    session.close()
same(len(files()), 1, "24 refreshes leave one file")

# ---- a long question is cancelled
psql("SELECT risk_screen.create_ownership_graph('chain', 'SELECT i AS owner, i + 1 AS owned, 0.99 AS share FROM generate_series(1, 8000) i')")
for question in ("look_through('graph:chain')", "look_through('graph:chain', direction => 'holdings')", "control_groups('graph:chain')"):
    begun = time.time()
    same(state("SET statement_timeout = '150ms'; SELECT count(*) FROM risk_screen.%s, pg_sleep(1)" % question), "57014", "statement_timeout during " + question)
    ok(time.time() - begun < 5, "acts soon", time.time() - begun)
a = Session()
a.ask("SET statement_timeout = '150ms'; SELECT count(*) FROM risk_screen.look_through('graph:chain');")
same(a.ask("SET statement_timeout = 0; SELECT count(*) FROM risk_screen.look_through('graph:chain', '{100}');"), "100", "and the session asks on")
a.close()
psql("SELECT risk_screen.drop_ownership_graph('chain')")

# ---- crash while building
victim = Session()
victim.begin("SELECT risk_screen.create_ownership_graph('crash', 'slow');")
ok(wait_for(lambda: psql("SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = %d" % victim.pid, "postgres") == "t"), "a build reads its query")
ok(recovered_from_kill(victim), "the server recovers from kill -9 of the builder")
same((len(files()), psql(ask())), (1, expected), "of which nothing is left")
victim = Session()
victim.begin("BEGIN; SELECT risk_screen.create_ownership_graph('crash', 't'); SELECT pg_sleep(60);")
ok(wait_for(lambda: len(files()) == 2), "a file is written, not committed")
ok(recovered_from_kill(victim), "the server recovers from kill -9 of the writer")
same((len(files()), psql(ask())), (2, expected), "the orphan is still there, the other graph works")
for i in range(5):
    psql("SELECT pg_current_xact_id()")  # the crash may have lost the builder's transaction number: do not get it again
busy = Session()
busy.begin("BEGIN; SELECT risk_screen.create_ownership_graph('busy', 't'); SELECT pg_sleep(60); COMMIT;")
ok(wait_for(lambda: psql("SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = %d" % busy.pid, "postgres") == "t"), "another file is written, not committed")
same(len(files()), 2, "a create removes the orphan")
psql("SELECT risk_screen.refresh_ownership_graph('g')")
same(len(files()), 2, "a refresh does not remove the file of the open transaction")
psql("SELECT pg_cancel_backend(%d)" % busy.pid)
ok("57014" in busy.answer(), "which is cancelled")
busy.close()
busy = Session()
busy.begin("SELECT risk_screen.create_ownership_graph('busy', 'slow');")
ok(wait_for(lambda: psql("SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = %d" % busy.pid, "postgres") == "t"), "another build reads its query")
psql("SELECT pg_cancel_backend(%d)" % busy.pid)
ok("57014" in busy.answer(), "and can be cancelled")
busy.close()
same(len(files()), 1, "its file is gone")

# ---- crash after commit
psql("SELECT risk_screen.create_ownership_graph('durable', 't')")
owner = environment["RS_CLUSTER_OWNER"]
as_owner = ["runuser", "-u", owner, "--"] if os.getuid() == 0 else []
shell(*as_owner, environment["RS_CLUSTER_BIN"] + "/pg_ctl", "-D", data, "-m", "immediate", "-w", "stop", cwd="/")
shell("sh", "-c", "echo 'max_prepared_transactions = 2\nwal_level = replica\nhot_standby = on\nmax_wal_senders = 3' >> %s/postgresql.conf" % data)
cluster("start", "ownergraph")
same((psql(ask("durable")), psql("SELECT risk_screen.check_ownership_graph('durable')")), (expected, "sound"), "a committed graph survives an immediate shutdown")
same(state("BEGIN; SELECT risk_screen.create_ownership_graph('p', 't'); PREPARE TRANSACTION 'x';"), "0A000", "PREPARE TRANSACTION is refused")
same(len(files()), 2, "and leaves no file")


# ---- damage
def path_of(graph):
    return "%s/%s/%s" % (store, psql("SELECT oid FROM pg_database WHERE datname = 'og'"),
                         psql("SELECT unnest(files) FROM risk_screen._graph_file WHERE name = '%s'" % graph))


def damaged(what, harm, sqlstate="XX001", view="damaged"):
    harm(path_of("g"))
    same((state(ask()), psql("SELECT state, stale FROM risk_screen.ownership_graph WHERE name = 'g'")), (sqlstate, view + "|t"), what + ": refused before use")
    ok(psql("SELECT risk_screen.check_ownership_graph('g')") != "sound", what + ": check_ownership_graph tells")
    ok(psql("SELECT risk_screen.refresh_ownership_graph('g')").endswith("rebuilt") and psql(ask()) == expected, what + ": a refresh rebuilds")
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
damaged("a bit flipped in the first section", flip(4096 * 3 + 17))
damaged("a bit flipped in the middle", flip(size // 2))
damaged("truncated by a page", lambda path: os.truncate(path, size - 4096))
damaged("truncated to nothing", lambda path: os.truncate(path, 0))
damaged("grown", lambda path: open(path, "ab").write(b"x" * 4096))
damaged("another graph's file in its place", lambda path: shutil.copyfile(path_of("durable"), path))
damaged("not a ownership graph at all", lambda path: open(path, "wb").write(os.urandom(size)))
damaged("missing", unlink, "55000", "missing")
# rebuilt on use: by who could refresh it, where it could be refreshed; else an error
on = "SET risk_screen.rebuild_damaged = on; "
psql("CREATE ROLE og_reader; GRANT USAGE ON SCHEMA risk_screen TO og_reader; SELECT risk_screen.grant_ownership_graph('g', 'og_reader')")
for what, harm in (("damaged", flip(60)), ("truncated", lambda path: os.truncate(path, size - 4096)), ("missing", unlink)):
    harm(path_of("g"))
    code = "55000" if what == "missing" else "XX001"
    same((state(on + "SET ROLE og_reader; " + ask()), state(on + "BEGIN READ ONLY; " + ask())), (code, code), what + ": an error for a reader, and in a read-only transaction")
    said = psql(on + "BEGIN; " + ask() + "; ROLLBACK")
    same((said.splitlines()[-1], psql("SELECT state FROM risk_screen.ownership_graph WHERE name = 'g'")), (expected, "missing" if what == "missing" else "damaged"),
         what + ": rebuilt for the owner, but not when that transaction is rolled back")
    same(len(files()), 1 if what == "missing" else 2, what + ": of which nothing is left")
    said = psql(on + ask())
    ok("is damaged: it is rebuilt from its query" in said and said.splitlines()[-1] == expected, what + ": rebuilt on use, and it says so", said)
    same((psql("SELECT state FROM risk_screen.ownership_graph WHERE name = 'g'"), psql("SELECT risk_screen.check_ownership_graph('g')"), len(files())), ("ready", "sound", 2),
         what + ": for everybody, and nothing is left behind")
psql("SELECT risk_screen.revoke_ownership_graph('g', 'og_reader'); REVOKE USAGE ON SCHEMA risk_screen FROM og_reader; DROP ROLE og_reader")
path = path_of("g")
shutil.copyfile(path, path + ".copy")
os.rename(path + ".copy", path)
if os.getuid() == 0:
    shutil.chown(path, owner)
same(psql(ask()), expected, "a true copy (as of a backup) is verified and used")
psql("DELETE FROM risk_screen._graph_file WHERE name = 'g'")
same((state(ask()), psql("SELECT risk_screen.refresh_ownership_graph('g')")), ("55000", "rebuilt"), "without a file in the catalog: an error, then rebuilt")

psql("CREATE TABLE m AS SELECT 'p' || i / 2 AS owner, 'p' || i AS owned, 0.5 AS share FROM generate_series(1, 300) i; SELECT risk_screen.create_ownership_graph('m', 'm')")

# ---- dump, restore, copies of the database, DROP
psql("DO $$BEGIN CREATE ROLE og_analyst; CREATE ROLE og_guest; END$$; GRANT SELECT ON t TO og_analyst; SET ROLE og_analyst; SELECT risk_screen.create_ownership_graph('owned', 'public.t'); SELECT risk_screen.grant_ownership_graph('owned', 'og_guest'); SELECT risk_screen.grant_ownership_graph('owned', 'public');")
dump = shell("pg_dump", "-d", "og")
psql("CREATE DATABASE og_restored", "postgres")
psql(dump, "og_restored")
same(psql("SELECT name, owner, readers, state, stale FROM risk_screen.ownership_graph WHERE name IN ('g', 'owned') ORDER BY 1", "og_restored"),
     "g|postgres|{}|not built|t\nowned|og_analyst|{og_guest,-}|not built|t", "a restore has the definitions, owners and readers")
same(state(ask(), database="og_restored"), "55000", "using one says that it must be built")
same((psql("SELECT risk_screen.refresh_ownership_graph('g')", "og_restored"), psql(ask(), "og_restored")), ("rebuilt", expected), "a refresh builds it")
psql("CREATE DATABASE og_copy TEMPLATE og_restored", "postgres")
same(state(ask(), database="og_copy"), "55000", "a copied database has no files")
same(psql("SELECT risk_screen.refresh_ownership_graph('g')", "og_copy"), "rebuilt", "until a refresh")
oid = psql("SELECT oid FROM pg_database WHERE datname = 'og_copy'", "postgres")
psql("DROP DATABASE og_copy", "postgres")
ok(os.path.isdir(store + "/" + oid), "a dropped database leaves its directory")
psql("SELECT risk_screen.refresh_ownership_graph('g')")
ok(not os.path.isdir(store + "/" + oid), "the next refresh in any database removes it")
psql("SELECT risk_screen.refresh_ownership_graph('m')", "og_restored")
kept = files("og_restored")
psql("BEGIN; DROP EXTENSION risk_screen; ROLLBACK;", "og_restored")
same((files("og_restored"), psql(ask(), "og_restored")), (kept, expected), "a rolled back DROP EXTENSION keeps the files")
psql("DROP EXTENSION risk_screen", "og_restored")
same((len(kept), len(files("og_restored"))), (2, 0), "DROP EXTENSION removes them")
open(kept[0], "wb").write(b"left by something else")
psql("CREATE EXTENSION risk_screen; SELECT risk_screen.create_ownership_graph('new', 't');", "og_restored")
same((len(files("og_restored")), os.path.exists(kept[0])), (1, False), "a file that nobody names is removed by the next create")

# ---- standby
standby, port = data + "_standby", str(int(os.environ["PGPORT"]) + 1)
shutil.rmtree(standby, ignore_errors=True)
log = shell(*as_owner, "env", "PGHOST=" + os.environ["PGHOST"], "PGPORT=" + os.environ["PGPORT"], "PGUSER=postgres",
            environment["RS_CLUSTER_BIN"] + "/pg_basebackup", "-D", standby, "-R", "-X", "stream", "-c", "fast", cwd="/")
with open(standby + "/postgresql.conf", "a") as f:
    f.write("port = %s\n" % port)
pg_ctl = [*as_owner, environment["RS_CLUSTER_BIN"] + "/pg_ctl", "-D", standby, "-w", "-l", standby + "/server.log"]
shell(*pg_ctl, "start", cwd="/")
same((psql(ask(), port=port), psql(ask("m"), port=port)), (expected, psql(ask("m"))), "a base backup's copies are used on the standby")
psql("SELECT risk_screen.create_ownership_graph('later', 't')")
lsn = psql("SELECT pg_current_wal_insert_lsn()")
wait_for(lambda: psql("SELECT pg_last_wal_replay_lsn() >= '%s'" % lsn, port=port) == "t")
same(state(on + ask("later"), port=port), "55000", "and it is not rebuilt on use there")
same((state(ask("later"), port=port), state("SELECT risk_screen.refresh_ownership_graph('later')", port=port)), ("55000", "25006"),
     "a graph made later is an error there, and cannot be built")
ok("Files are not replicated" in psql(ask("later"), port=port), "the hint says why")
same(psql("SELECT state FROM risk_screen.ownership_graph WHERE name = 'later'", port=port), "missing", "the view tells")
shell(*pg_ctl, "-m", "immediate", "stop", cwd="/")
shutil.rmtree(standby, ignore_errors=True)

finish("ownergraph")
