#!/usr/bin/env python3
"""row_scan_server.t - rows read as they are made, where it takes sessions of their own: rows that others change meanwhile, a function dropped under a cursor, many graphs at once.

Runs a server of its own (tools/cluster, name rowscan), because a mistake here ends the server.
"""
import os, sys

top = os.environ.get("RS_TOP") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
os.chdir(top)
sys.path.insert(0, "test/lib")
from graph_server import *

start("rowscan", "rs")
psql("""CREATE EXTENSION risk_screen;
CREATE TABLE h AS SELECT 'p' || i / 3 AS owner, 'p' || i AS owned, 0.4 AS share FROM generate_series(1, 900) i;
CREATE TABLE e (id text PRIMARY KEY, n int);
INSERT INTO e SELECT 'p' || i, 0 FROM generate_series(1, 3) i;
SELECT risk_screen.create_ownership_graph('g', 'h');""")
call = "risk_screen.look_through('graph:g')"

# ---- another session changes the row: the condition is looked at again with the new one (EvalPlanQual)
a, b = Session(), Session()


def beside(statement, scan):
    """the statement waits for a change of its row, and goes on with it: what it says, and n then"""
    a.ask("BEGIN; UPDATE e SET n = 10 WHERE id = 'p1';")
    b.begin("SET risk_screen.enable_row_scan = %s; %s;" % (scan, statement))
    waited = wait_for(lambda: waiting(b.pid))
    a.ask("COMMIT;")
    answer = b.answer(), psql("SELECT n FROM e WHERE id = 'p1'"), waited
    psql("UPDATE e SET n = 0")
    return answer


for statement in (
        "UPDATE e SET n = n + 1 FROM %s x WHERE id = 'p1' AND n >= 0 AND x.target = id AND x.layers = 1" % call,
        "UPDATE e SET n = n + 1 FROM (SELECT target, layers FROM %s UNION ALL SELECT 'z', 1) x WHERE id = 'p1' AND n >= 0 AND x.target = id AND layers = 1" % call,
        "DELETE FROM e USING (SELECT target, layers FROM %s UNION ALL SELECT 'z', 1) x WHERE id = 'p1' AND n < 5 AND x.target = id AND layers = 1" % call,
        "MERGE INTO e USING %s x ON id = target AND id = 'p1' AND layers = 1 WHEN MATCHED AND n >= 0 THEN UPDATE SET n = n + 1" % call,
        "UPDATE e SET n = n + 1 WHERE id = 'p1' AND n >= 0 AND (SELECT count(*) FROM risk_screen.look_through('graph:g', ARRAY[id])) > 0",
        "UPDATE e SET n = n + 1 WHERE id = 'p1' AND n >= 0 AND CASE WHEN id IN (SELECT target FROM %s) THEN true END" % call,
        "SELECT id, n FROM e, (SELECT target, layers FROM %s UNION ALL SELECT 'z', 1) x WHERE id = 'p1' AND x.target = id AND layers = 1 FOR UPDATE OF e" % call):
    same(beside(statement, "on"), beside(statement, "off"), statement)

# ---- the function is gone when auto_explain wants its name
answer = a.ask("LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; BEGIN; DECLARE c CURSOR FOR SELECT target FROM %s; MOVE 3 FROM c; DROP EXTENSION risk_screen; FETCH c; CLOSE c; ROLLBACK;" % call)
ok(answer.startswith("p") and "\n" not in answer, "a cursor reads on and is explained after its function was dropped", answer)
ok(psql("SELECT count(*) FROM %s" % call).isdigit(), "and the server is there")

# ---- rows of many graphs read side by side
psql("""CREATE TABLE t AS SELECT i AS txn_id, i % 50 AS payer, (i * 7 + 1) % 50 AS payee, 1.5 AS amount, timestamptz '2026-01-01' + i * interval '1 minute' AS paid_at FROM generate_series(1, 2000) i;
SELECT risk_screen.create_flow_graph('f' || i, 't'), risk_screen.create_ownership_graph('o' || i, 'h') FROM generate_series(1, 12) i;
INSERT INTO t SELECT 2000 + i, 1, 2, 1.5, timestamptz '2026-02-01' FROM generate_series(1, 100) i;
SELECT risk_screen.refresh_flow_graph('f1');""")
same(psql("SELECT parts FROM risk_screen.flow_graph WHERE name = 'f1'"), "2", "a flow graph of two parts")
a.ask("BEGIN;")
for i in range(1, 13):
    a.ask("DECLARE o%d CURSOR FOR SELECT target FROM risk_screen.look_through('graph:o%d'); DECLARE f%d CURSOR FOR SELECT txn_id FROM risk_screen.trace_funds('graph:f%d', '{1}'); DECLARE p%d CURSOR FOR SELECT txn_id FROM risk_screen.trace_funds('graph:f1', '{1}');" % ((i,) * 5))
seen = [[a.ask("FETCH %s%d;" % (c, i)) for i in range(1, 13)] for c in "ofp"]
ok(all(len(set(s)) == 1 and "ERROR" not in s[0] and s[0] for s in seen), "three dozen cursors over two dozen graphs", seen)
a.ask("COMMIT;")
maps = open("/proc/%d/maps" % a.pid).read()
kept = len(set(l.split()[-1] for l in maps.splitlines() if "pg_risk_screen" in l))
ok(0 < kept <= 4 + 8 + 1, "at the end few are kept", kept)

for s in (a, b):
    s.close()
finish("rowscan")
