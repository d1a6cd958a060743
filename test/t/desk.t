#!/usr/bin/env python3
"""desk.t - rights, row security, cancel, concurrent runs, NOTIFY, dump and restore of a desk."""
import os, re, subprocess, sys, tempfile

count = failed = 0
ROLES = ["rs_desk_owner", "rs_desk_analyst", "rs_desk_reader"]


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()), end="")


def psql(database, sql, stop=True):
    run = subprocess.run(["psql", "-XqAt", "-v", "VERBOSITY=verbose", "-v", "ON_ERROR_STOP=%d" % stop, "-d", database, "-f", "-"],
                         input="SET client_min_messages = warning;\n" + sql, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.stdout.strip()


def fresh(name):
    psql("postgres", "DROP DATABASE IF EXISTS %s WITH (FORCE);\nCREATE DATABASE %s;" % (name, name))
    return name


def drop_all():
    for name in ("desk_test", "desk_copy"):
        psql("postgres", "DROP DATABASE IF EXISTS %s WITH (FORCE)" % name)
    for role in ROLES:
        psql("postgres", "DROP ROLE IF EXISTS %s" % role)


drop_all()
for role in ROLES:
    psql("postgres", "CREATE ROLE %s LOGIN" % role)
db = fresh("desk_test")
psql(db, """
CREATE EXTENSION risk_screen;
GRANT CREATE ON DATABASE desk_test TO rs_desk_owner;
GRANT INSERT, UPDATE, DELETE ON risk_screen.rule, risk_screen.parameter TO rs_desk_owner;
CREATE SCHEMA filing AUTHORIZATION rs_desk_owner;
""")
AS_OWNER = "SET SESSION AUTHORIZATION rs_desk_owner;\n"
out = psql(db, AS_OWNER + """
CREATE TABLE filing.org (id text, name text, prov text);
CREATE TABLE filing.flow (id text, a text, b text, yuan numeric, at timestamptz, who text, org text);
INSERT INTO filing.org VALUES ('P1', '甲', '上海'), ('P2', '乙', '北京');
INSERT INTO filing.flow SELECT i, 'a', 'b', 1, timestamptz '2026-11-18 09:00+08' + i * interval '1 minute', 'u', 'P1' FROM generate_series(1, 50) AS i;
CALL risk_screen.create_workspace('desk');
CALL risk_screen.map_role('desk', 'institution', 'SELECT id AS inst_id, name, prov AS province, ARRAY[''P2P''] AS lines FROM filing.org');
CALL risk_screen.map_role('desk', 'txn', 'SELECT id AS txn_id, a AS payer, b AS payee, yuan AS amount, at AS paid_at, who AS payer_owner, org AS inst_id FROM filing.flow');
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, body) VALUES ('own-red', '自定', 'own', 'red', $$SELECT 'institution' AS subject_kind, inst_id AS subject_id, 1 AS observed, 0 AS threshold, 7 AS amount, NULL AS occurred_at, NULL AS evidence FROM institution WHERE province = '上海'$$);
INSERT INTO risk_screen.parameter (code, value, operator, sense) VALUES ('user_txn_count', 40, '>=', 'hit');
CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08');
SELECT inst_id, level FROM desk.risk_board ORDER BY 1;
""")
ok(out == "P1|red\nP2|unknown", "an owner without superuser rights makes, maps and screens a desk", out)

# ---- other people
out = psql(db, "SET SESSION AUTHORIZATION rs_desk_analyst;\nCALL risk_screen.screen('desk', '2026-11-20');")
ok("3F000" in out and "create_workspace" in out or "42501" in out, "somebody without any right gets an error in words", out)
psql(db, AS_OWNER + "GRANT USAGE ON SCHEMA desk TO rs_desk_analyst, rs_desk_reader; GRANT SELECT ON ALL TABLES IN SCHEMA desk TO rs_desk_analyst, rs_desk_reader;")
out = psql(db, "SET SESSION AUTHORIZATION rs_desk_analyst;\nCALL risk_screen.screen('desk', '2026-11-20');")
ok("42501" in out and "you may not write results" in out and "HINT" in out, "a reader may not screen", out)
psql(db, AS_OWNER + "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA desk TO rs_desk_analyst; GRANT USAGE ON ALL SEQUENCES IN SCHEMA desk TO rs_desk_analyst;")
before = psql(db, "SELECT run_id, started_at FROM desk.run")
out = psql(db, "SET SESSION AUTHORIZATION rs_desk_analyst;\nCALL risk_screen.screen('desk', '2026-11-20');")
ok("42501" in out and "permission denied" in out, "an analyst without rights on the mapped tables gets an error, not an empty board", out)
ok(psql(db, "SELECT run_id, started_at FROM desk.run") == before, "and the run that was there stays")
out = psql(db, "SET SESSION AUTHORIZATION rs_desk_reader;\nSELECT count(*) FROM desk.risk_board;")
ok("permission denied" in out, "role views read with the reader's rights: without the tables no board", out)
out = psql(db, "SET SESSION AUTHORIZATION rs_desk_reader;\nSELECT count(*) FROM desk.rule_timing; SELECT count(*) > 0 FROM desk.grade;")
ok(out.endswith("t"), "views over results alone need no right on the tables", out)
psql(db, AS_OWNER + "GRANT USAGE ON SCHEMA filing TO rs_desk_analyst, rs_desk_reader; GRANT SELECT ON ALL TABLES IN SCHEMA filing TO rs_desk_analyst;")
out = psql(db, "SET SESSION AUTHORIZATION rs_desk_analyst;\nCALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08');\nSELECT run_by FROM desk.run;")
ok(out == "rs_desk_analyst", "with them the analyst screens", out)
psql(db, AS_OWNER + "ALTER VIEW desk.institution SET (security_invoker = false)")
out = psql(db, "SET SESSION AUTHORIZATION rs_desk_reader;\nSELECT inst_id, level FROM desk.risk_board ORDER BY 1;")
ok(out.startswith("P1|red"), "a role view with its owner's rights serves BI readers through grants on the desk alone", out)

# ---- row security on results, seen through every view, also after SET ROLE
psql(db, AS_OWNER + """ALTER TABLE desk.grade ENABLE ROW LEVEL SECURITY; ALTER TABLE desk.finding ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON desk.grade USING (inst_id = 'P2' OR current_user <> 'rs_desk_reader') ; CREATE POLICY p ON desk.finding USING (inst_id = 'P2' OR current_user <> 'rs_desk_reader');""")
out = psql(db, "SET ROLE rs_desk_analyst;\nSELECT count(*) FROM desk.risk_board;\nSET ROLE rs_desk_reader;\nSELECT string_agg(inst_id, ',') FROM desk.risk_board;\nSELECT count(*) FROM desk.finding_list;\nSELECT count(*) FROM desk.grade_explanation WHERE inst_id = 'P1';")
ok(out == "2\nP2\n0\n0", "row security holds through the views and after SET ROLE", out)
psql(db, AS_OWNER + "ALTER TABLE desk.grade DISABLE ROW LEVEL SECURITY; ALTER TABLE desk.finding DISABLE ROW LEVEL SECURITY;")

# ---- row security on the customer's tables: the run says that it saw a part
psql(db, AS_OWNER + "ALTER TABLE filing.org ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON filing.org USING (prov = '北京'); ALTER VIEW desk.institution SET (security_invoker = true);")
out = psql(db, "SET client_min_messages = notice;\nSET SESSION AUTHORIZATION rs_desk_analyst;\nSET client_min_messages = notice;\nCALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08');\nSELECT filtered_roles FROM desk.run;")
ok("row-level security applies to you in roles institution" in out and out.endswith("{institution}"), "a run under row security says so and keeps it", out)
psql(db, AS_OWNER + "ALTER TABLE filing.org DISABLE ROW LEVEL SECURITY; ALTER VIEW desk.institution SET (security_invoker = false);\nCALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08');")

# ---- readers of a part: the recipe of docs/desk.md, on every result table
page = open(os.path.join(os.environ.get("RS_TOP", "."), "docs/desk.md"), encoding="utf-8").read()
recipe = re.search(r"^```sql\n(DO \$\$.*?CREATE POLICY own_province.*?)^```", page, re.M | re.S).group(1).replace("province_reader", "rs_desk_reader")
AS_READER = "SET SESSION AUTHORIZATION rs_desk_reader;\n"
psql(db, AS_OWNER + """ALTER VIEW desk.institution SET (security_invoker = true); GRANT SELECT ON ALL TABLES IN SCHEMA filing TO rs_desk_reader;
CREATE POLICY part ON filing.org TO rs_desk_reader USING (prov = '北京'); CREATE POLICY whole ON filing.org TO rs_desk_analyst USING (true); ALTER TABLE filing.org ENABLE ROW LEVEL SECURITY;
INSERT INTO desk.finding_review (rule, finding_key, decision, reason) SELECT rule, finding_key, 'confirmed', 'x' FROM desk.finding WHERE rule = 'own-red';
INSERT INTO desk.exemption (inst_id, rule, valid_from, valid_to, reason) VALUES ('P1', 'X', '2020-01-01', '2020-01-02', 'x'), ('P2', 'X', '2020-01-01', '2020-01-02', 'x');
INSERT INTO desk.grade_override (inst_id, level, valid_from, valid_to, reason) VALUES ('P1', 'red', '2020-01-01', '2020-01-02', 'x'), ('P2', 'red', '2020-01-01', '2020-01-02', 'x');""")
out = psql(db, AS_READER + "SELECT count(*) > 0 FROM desk.finding WHERE inst_id = 'P1';")
ok(out == "t", "a policy on the warehouse alone does not filter stored results", out)
ok(psql(db, AS_OWNER + recipe) == "", "the recipe of docs/desk.md runs")
tables = psql(db, "SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'inst_id' WHERE c.relnamespace = 'desk'::regnamespace AND c.relkind IN ('r', 'v') AND relname NOT IN (SELECT role FROM risk_screen.role) ORDER BY 1").split()
leak = [t for t in tables if psql(db, AS_READER + "SELECT count(*) FROM desk.%s WHERE inst_id IS DISTINCT FROM 'P2';" % t) != "0"]
ok(len(tables) > 15 and not leak, "then no result table and no risk view shows an institution of another province", leak)
CHILDREN = "SELECT count(*) FROM desk.alert_deadline; SELECT count(*) FROM desk.alert_action; SELECT count(*) FROM desk.finding_review;"
out = psql(db, AS_READER + CHILDREN)
ok(out == "0\n0\n0" and "0" not in psql(db, CHILDREN).split(), "nor deadlines, actions and reviews of its alerts and findings", out)
out = psql(db, AS_READER + "SELECT string_agg(inst_id, ',') FROM desk.risk_board; SELECT count(*) FROM desk.exemption; SELECT count(*) FROM desk.grade;")
ok(out == "P2\n1\n1", "and the own province is all there", out)
RUN = "CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08');"
out = psql(db, "SET SESSION AUTHORIZATION rs_desk_analyst;\n" + RUN)
ok("42501" in out and "row-level security" in out, "an analyst without a policy cannot screen half a desk", out)
psql(db, AS_OWNER + "SELECT format('CREATE POLICY everything ON %s TO rs_desk_analyst USING (true)', c.oid::regclass) FROM pg_class AS c WHERE relnamespace = 'desk'::regnamespace AND relrowsecurity \\gexec")
out = psql(db, "SET SESSION AUTHORIZATION rs_desk_analyst;\n" + RUN + "\nSELECT count(*) FROM desk.grade;")
ok(out == "2", "with one the analyst screens", out)
psql(db, AS_OWNER + """SELECT format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', c.oid::regclass) FROM pg_class AS c WHERE relnamespace = 'desk'::regnamespace AND relrowsecurity \\gexec
DELETE FROM desk.finding_review; DELETE FROM desk.exemption; DELETE FROM desk.grade_override;
ALTER TABLE filing.org DISABLE ROW LEVEL SECURITY; ALTER VIEW desk.institution SET (security_invoker = false);
""" + RUN)

# ---- an attack: functions and operators in a schema before the extension's
psql(db, """CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''captured''; END';
CREATE FUNCTION evil.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''captured''; END';
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.eq);""")
out = psql(db, AS_OWNER + """SET search_path = evil, pg_catalog;
CALL risk_screen.create_workspace('desk2');
CALL risk_screen.map_role('desk2', 'institution', 'SELECT id AS inst_id, name FROM filing.org');
CALL risk_screen.screen('desk2', '2026-11-20');
SELECT count(*) FROM risk_screen.run_rule('desk', 'B12', '2026-11-20');""")
ok("captured" not in out and out.endswith("1"), "nothing in the caller's search_path is run", out)

# ---- cancel: nothing half done
psql(db, AS_OWNER + "INSERT INTO risk_screen.rule (code, title_zh, title_en, body) VALUES ('zz-slow', '慢', 'slow', $$SELECT 'x' AS subject_kind, 'x' AS subject_id, 1 AS observed, 1 AS threshold, 1 AS amount, NULL AS occurred_at, NULL AS evidence FROM pg_sleep(30)$$)")
out = psql(db, AS_OWNER + "SET statement_timeout = 2000;\nCALL risk_screen.screen('desk', '2026-11-25');")
ok("57014" in out, "statement_timeout stops a run", out)
ok(psql(db, "SELECT count(*) FROM desk.run WHERE as_of = '2026-11-25'") == "0", "and leaves nothing behind")
psql(db, AS_OWNER + "DELETE FROM risk_screen.rule WHERE code = 'zz-slow'")

# ---- two runs at the same time
both = [subprocess.Popen(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", db, "-c", "SET SESSION AUTHORIZATION rs_desk_owner", "-c", "SET client_min_messages = warning",
                          "-c", "CALL risk_screen.screen('desk', '2026-11-22', at => '2026-11-23 08:00+08')"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
texts = [p.communicate()[0] for p in both]
ok(all(p.returncode == 0 for p in both), "two runs of one day at once both succeed", "\n".join(texts))
ok(psql(db, "SELECT count(*) FROM desk.run WHERE as_of = '2026-11-22'") + psql(db, "SELECT count(*) FROM desk.alert WHERE rule = 'own-red'") == "11", "and make one run and no second alert")

# ---- NOTIFY on red
psql(db, AS_OWNER + "INSERT INTO filing.org VALUES ('P3', '丙', '上海')")
out = psql(db, AS_OWNER + "LISTEN risk_screen_red;\nCALL risk_screen.screen('desk', '2026-11-23', at => '2026-11-24 08:00+08');\nSELECT 1;")
ok('"inst_id" : "P3"' in out and '"P1"' not in out, "a new red alert is notified, an old one is not", out)

# ---- dump and restore: workspace, findings, own rules and parameters; sequences go on
with tempfile.NamedTemporaryFile(suffix=".sql") as dump:
    run = subprocess.run(["pg_dump", "-d", db, "-f", dump.name], stderr=subprocess.PIPE, text=True)
    copy = fresh("desk_copy")
    out = subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", copy, "-f", dump.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
ok(run.returncode == 0 and out.returncode == 0, "a desk is dumped and restored", run.stderr + out.stdout)
STATE = """SELECT * FROM desk.risk_board ORDER BY inst_id; SELECT * FROM desk.finding ORDER BY 1, 2, 3; SELECT * FROM desk.alert ORDER BY 1; SELECT * FROM desk.alert_deadline ORDER BY 1, 2, 3, 4;
SELECT code, body FROM risk_screen.rule ORDER BY 1; SELECT code, value FROM risk_screen.parameter WHERE NOT builtin; SELECT count(*) FROM risk_screen.role_column;"""
ok(psql(db, STATE) == psql(copy, STATE) and "own-red" in psql(copy, STATE), "with the same findings, alerts, rules and parameters")
RUN = AS_OWNER + "CALL risk_screen.screen('desk', '2026-11-23', at => '2026-11-25 08:00+08');\nCALL risk_screen.screen('desk', '2026-11-24', at => '2026-11-25 08:00+08');\n"
DATA = "SELECT rule, finding_key, observed, evidence FROM desk.finding JOIN desk.run USING (run_id) ORDER BY as_of, 1, 2; SELECT as_of, inst_id, level, score FROM desk.grade_history ORDER BY 1, 2; SELECT count(*) FROM desk.alert;"
a, b = psql(db, RUN + DATA), psql(copy, RUN + DATA)
ok(a == b and "ERROR" not in a, "runs go on alike in both", a[:300] + "\n---\n" + b[:300])

drop_all()
print("1..%d" % count)
sys.exit(failed > 0)
