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

for s in (a, b):
    s.close()
finish("rowscan")
