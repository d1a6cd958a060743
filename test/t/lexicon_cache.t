#!/usr/bin/env python3
"""Compiled lists across sessions: commits, REPEATABLE READ, replica apply,
parallel workers, DROP EXTENSION, dump and restore, cancel."""
import os
import subprocess
import sys
import time

tests = 0
failed = False


def ok(passed, what):
    global tests, failed
    tests += 1
    failed = failed or not passed
    print("%s %d - %s" % ("ok" if passed else "not ok", tests, what), flush=True)


def same(got, want, what):
    ok(got == want, what)
    if got != want:
        print("# got  %r\n# want %r" % (got, want), flush=True)


class Session:
    def __init__(self, db):
        self.p = subprocess.Popen(["psql", "-XqAt", "-d", db], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, bufsize=1)

    def __call__(self, sql):
        self.p.stdin.write(sql.rstrip(";") + ";\n\\echo ==done==\n")
        self.p.stdin.flush()
        out = []
        while True:
            line = self.p.stdout.readline()
            if not line:
                raise RuntimeError("psql ended: " + "\n".join(out))
            if line.rstrip("\n") == "==done==":
                return "\n".join(out)
            out.append(line.rstrip("\n"))

    def close(self):
        self.p.stdin.close()
        self.p.wait()


def run(db, sql):
    return subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", db, "-c", sql], check=True,
                          capture_output=True, text=True).stdout.strip()


for db in ("rs_lexicon", "rs_lexicon2"):
    run("postgres", "DROP DATABASE IF EXISTS %s WITH (FORCE)" % db)
    run("postgres", "CREATE DATABASE %s" % db)
run("rs_lexicon", "CREATE EXTENSION risk_screen")
run("rs_lexicon", "INSERT INTO risk_screen.lexicon (lexicon) VALUES ('l'); INSERT INTO risk_screen.term (lexicon, term) VALUES ('l', '甲')")

a, b = Session("rs_lexicon"), Session("rs_lexicon")
has = "SELECT risk_screen.has_terms('乙', 'l')"

same(b(has), "f", "before the word is added")
a("INSERT INTO risk_screen.term (lexicon, term) VALUES ('l', '乙')")
same(b(has), "t", "another session sees a committed word at its next statement")
a("BEGIN")
a("DELETE FROM risk_screen.term WHERE term = '乙'")
same(a(has), "f", "its own change at once")
same(b(has), "t", "nobody else's before commit")
a("ROLLBACK")
same(a(has), "t", "and not after rollback")

b("BEGIN")
same(b(has), "t", "READ COMMITTED transaction, first statement")
a("DELETE FROM risk_screen.term WHERE term = '乙'")
same(b(has), "f", "READ COMMITTED, a statement without any table sees the commit")
b("COMMIT")

b("BEGIN ISOLATION LEVEL REPEATABLE READ")
same(b(has), "f", "REPEATABLE READ, first statement")
a("INSERT INTO risk_screen.term (lexicon, term) VALUES ('l', '乙')")
same(b(has), "f", "REPEATABLE READ keeps its snapshot")
same(b("SELECT count(*) FROM risk_screen.term WHERE term = '乙'"), "0", "as its tables do")
same(b(has), "f", "also when the list is read again")
b("COMMIT")
same(b(has), "t", "and is current after it")

b("PREPARE q AS " + has)
for i in range(7):
    b("EXECUTE q")
a("DELETE FROM risk_screen.term WHERE term = '乙'")
same(b("EXECUTE q"), "f", "a cached generic plan does not keep the answer")

a("SET session_replication_role = replica")
a("INSERT INTO risk_screen.term (lexicon, term) VALUES ('l', '乙')")
same(b(has), "t", "changes applied by a replica are seen")
a("RESET session_replication_role")

b("CREATE FUNCTION loop(out r text) LANGUAGE plpgsql AS $$ BEGIN r := ''; FOR i IN 1 .. 3 LOOP "
  "r := r || risk_screen.has_terms('丙', 'l')::text; "
  "IF i = 1 THEN INSERT INTO risk_screen.term (lexicon, term) VALUES ('l', '丙'); END IF; END LOOP; END $$")
same(b("SELECT loop()"), "falsetruetrue", "a PL/pgSQL loop sees its own change")

a("TRUNCATE risk_screen.term")
same(b(has), "t", "a refused TRUNCATE changes nothing")

# a fill in the middle of a statement that began before the commit must not outlive it
b("SET statement_timeout = 0")
c = Session("rs_lexicon")
c.p.stdin.write("SELECT pg_sleep(0.4), risk_screen.has_terms('丁', 'l') FROM pg_sleep(0.4);\n\\echo ==done==\n")
c.p.stdin.flush()
time.sleep(0.15)
a("INSERT INTO risk_screen.term (lexicon, term) VALUES ('l', '丁')")
while c.p.stdout.readline().rstrip("\n") != "==done==":
    pass
same(c("SELECT risk_screen.has_terms('丁', 'l')"), "t", "a fill under an old snapshot is not kept")
c.close()

# many sessions, one writer: each answer is what its own snapshot's rows say
same(b("SELECT risk_screen.has_terms('丁', 'l') = EXISTS (SELECT FROM risk_screen.term WHERE term = '丁' AND lexicon = 'l')"), "t",
     "answers agree with the rows")

# parallel workers under a changing list
a("CREATE TABLE n AS SELECT '某某' || i || CASE WHEN i % 3 = 0 THEN '丁' ELSE '' END AS name FROM generate_series(1, 30000) AS i")
a("ANALYZE n; SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0")
same(a("SELECT count(*) FROM n WHERE risk_screen.has_terms(name, 'l')"), "10000", "parallel workers")
b("DELETE FROM risk_screen.term WHERE term = '丁'")
same(a("SELECT count(*) FROM n WHERE risk_screen.has_terms(name, 'l')"), "0", "parallel workers after a change")

# cancel: a large text and a large list answer within 100 ms
a("CREATE TABLE big AS SELECT repeat('金融科技，', 1500000) AS t")
a("SET statement_timeout = '50ms'")
start = time.time()
out = a("SELECT count(*) FROM big, risk_screen.find_terms(t, '{CN-2016-21}')")
took = time.time() - start
ok("statement timeout" in out, "statement_timeout stops a scan of a long text (%.2f s)" % took)
a("RESET statement_timeout")

# memory limit
a("SET risk_screen.max_memory = '1MB'")
a("INSERT INTO risk_screen.lexicon (lexicon) VALUES ('large')")
a("INSERT INTO risk_screen.term (lexicon, term) SELECT 'large', '词' || i FROM generate_series(1, 30000) AS i")
ok("risk_screen.max_memory" in a("SELECT risk_screen.has_terms('x', 'large')"), "a list over the memory limit is refused")
a("RESET risk_screen.max_memory")
same(a("SELECT risk_screen.has_terms('词29999', 'large')"), "t", "and compiled when there is room")
ms = float(a("SELECT build_ms FROM risk_screen.lexicon_stats('large')"))
ok(ms > 0, "30,000 words compile in %.0f ms" % ms)

# rolled-back CREATE EXTENSION, DROP and CREATE again: no stale table identity
d = Session("rs_lexicon2")
d("BEGIN")
d("CREATE EXTENSION risk_screen")
same(d("SELECT risk_screen.has_terms('金融', 'CN-2016-21')"), "t", "inside the transaction that creates the extension")
d("ROLLBACK")
d("CREATE EXTENSION risk_screen")
same(d("SELECT risk_screen.has_terms('金融', 'CN-2016-21')"), "t", "after rolling that back and creating it again")
d("INSERT INTO risk_screen.lexicon (lexicon) VALUES ('own')")
d("INSERT INTO risk_screen.term (lexicon, term) VALUES ('own', '甲')")
same(d("SELECT risk_screen.has_terms('甲', 'own')"), "t", "an own list")
d("SET client_min_messages = error")
d("DROP EXTENSION risk_screen")
ok("does not exist" in d("SELECT risk_screen.has_terms('甲', 'own')"), "gone with the extension")
d("CREATE EXTENSION risk_screen")
ok("does not exist" in d("SELECT risk_screen.has_terms('甲', 'own')"), "and not served from the cache of the one before")
same(d("SELECT risk_screen.has_terms('金融', 'CN-2016-21')"), "t", "shipped lists are back")

# dump and restore keep the users' rows and their protection
for s in (a, b, d):
    s.close()
run("rs_lexicon", "INSERT INTO risk_screen.term_exception (lexicon, kind, term) VALUES ('CN-2016-21', 'withdrawn', '支付'); "
    "INSERT INTO risk_screen.term (lexicon, term) VALUES ('CN-2016-21', '信托'); DROP TABLE big; DROP TABLE n")
run("postgres", "DROP DATABASE rs_lexicon2 WITH (FORCE)")
run("postgres", "CREATE DATABASE rs_lexicon2")
dump = subprocess.run(["pg_dump", "rs_lexicon"], check=True, capture_output=True).stdout
subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", "rs_lexicon2"], input=dump, check=True, capture_output=True)
q = ("SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM risk_screen.%s AS t")
for table in ("lexicon", "term", "term_exception"):
    same(run("rs_lexicon2", q % table), run("rs_lexicon", q % table), "%s is the same after dump and restore" % table)
same(run("rs_lexicon2", "SELECT risk_screen.term_list('支付信托金融', 'CN-2016-21')"), "{信托,金融}", "with the users' changes in effect")
run("rs_lexicon2", "INSERT INTO risk_screen.lexicon (lexicon) VALUES ('after')")
ok(subprocess.run(["psql", "-XqAt", "-d", "rs_lexicon2", "-c", "DELETE FROM risk_screen.lexicon WHERE shipped"],
                  capture_output=True).returncode != 0, "shipped rows are protected after restore")
for db in ("rs_lexicon", "rs_lexicon2"):
    run("postgres", "DROP DATABASE %s WITH (FORCE)" % db)
print("1..%d" % tests)
sys.exit(failed)
