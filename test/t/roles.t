#!/usr/bin/env python3
"""roles.t - examples/roles: what each role may do, and that a reader of one province sees that province and nothing else.

Two databases: in one a reader of 上海 asks under the policies; in the other,
a copy, every row of other provinces is deleted and the owner asks. Each view
and table of the desk and every function that reads query texts or a desk must
answer the same in both.
"""
import os, re, subprocess, sys

os.chdir(os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")))
sys.path.insert(0, "test/lib")
from desk_calls import ALERT, BY_PATH, CALLS, CHANGES, DAY, PATH, READERS

count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()[:30]), end="", file=sys.stderr)
    sys.stdout.flush()


def psql(database, sql, role=None, path=None):
    head = "SET client_min_messages = error; SET timezone = 'Asia/Shanghai';" + ("SET ROLE %s;" % role if role else "") + ("SET search_path = %s;" % path if path else "")
    run = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"], input=head + sql, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return ("ERROR: " if run.returncode else "") + run.stdout.strip()


def refused(sql, role, database="roles_a"):
    out = psql(database, sql, role)
    return re.search(r"permission denied|must be owner|violates row-level security|you may not", out) is not None


ROLES = "rs_reader, rs_analyst, rs_rule_editor, rs_feed_loader, rs_auditor, rs_all_provinces, roles_shanghai, roles_analyst, roles_nobody, roles_both"
CLEAN = "DROP DATABASE IF EXISTS roles_a WITH (FORCE); DROP DATABASE IF EXISTS roles_b WITH (FORCE); DROP ROLE IF EXISTS %s;" % ROLES
for statement in CLEAN.split(";")[:-1]:
    psql("postgres", statement)
load = subprocess.run(["demo/load", "roles_a", "0.02"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
ok(load.returncode == 0, "a small demo is made", load.stdout)
psql("roles_a", "CALL risk_screen.screen('desk', '2026-11-19'); CALL risk_screen.screen('desk', '%s')" % DAY)
LOAD = ("SELECT outcome FROM risk_screen.load_feed('desk', 'visit', '{\"inst_id\": \"%s\", \"report_date\": \"2026-11-20\", \"control\": {\"rows\": 1}, "
        "\"rows\": [{\"visit_id\": \"V%s\", \"visited_on\": \"2026-11-20\"}]}')")
elsewhere = psql("roles_a", "SELECT min(inst_id) FROM desk.institution WHERE province <> '上海'")
out = psql("roles_a", "CALL risk_screen.open_feed('desk', 'visit'); " + LOAD % ("O0001", 0) + ";" + LOAD % (elsewhere, 1))
ok(out == "loaded\nloaded", "two institutions have filed", out)
psql("postgres", "CREATE DATABASE roles_b TEMPLATE roles_a")
script = ["psql", "-Xq", "-d", "roles_a", "-f", "examples/roles/desk.sql", "-f", "examples/roles/warehouse.sql"]
for again in ("", " again"):
    run = subprocess.run(script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ok(run.returncode == 0 and run.stdout == "", "the scripts run" + again, run.stdout)
psql("roles_a", """CREATE ROLE roles_shanghai; GRANT rs_reader TO roles_shanghai; CREATE ROLE roles_analyst; GRANT rs_analyst TO roles_analyst; CREATE ROLE roles_nobody;
	INSERT INTO desk.reader_province VALUES ('roles_shanghai', '上海'), ('roles_analyst', '上海')""")

out = psql("roles_a", LOAD % (elsewhere, 2), "rs_feed_loader")
ok(out == "loaded", "the loader loads a feed of any institution", out)
ok(psql("roles_a", "SELECT count(*) FROM desk.finding", "rs_feed_loader").startswith("ERROR"), "and reads no result")

psql("roles_a", "CREATE ROLE roles_both; GRANT rs_reader, rs_feed_loader TO roles_both; INSERT INTO desk.reader_province VALUES ('roles_both', '上海')")
out = [psql("roles_a", "SELECT (SELECT count(*) FROM desk.grade) || ' ' || (SELECT count(*) FROM desk.finding) || ' ' || (SELECT count(*) FROM desk.alert)", r) for r in ("roles_both", "roles_shanghai")]
ok(out[0] == out[1], "a reader who also loads feeds sees the results of its province only", out)

# ---- the other world: nothing but 上海 was ever filed
left = psql("roles_b", """
	DELETE FROM filing.org WHERE prov IS DISTINCT FROM '上海';
	DELETE FROM filing.client WHERE prov IS DISTINCT FROM '上海';
	CREATE TEMP TABLE org AS SELECT org_id FROM filing.org;
	CREATE TEMP TABLE people AS SELECT org_id AS id FROM org UNION SELECT client_id FROM filing.client;
	DELETE FROM filing.bank_account WHERE coalesce(org_id, '') NOT IN (SELECT org_id FROM org) AND coalesce(owner_id, '') NOT IN (SELECT id FROM people);
	DELETE FROM filing.pay_flow WHERE out_acct <> ALL (SELECT acct_no FROM filing.bank_account) AND in_acct <> ALL (SELECT acct_no FROM filing.bank_account);
	DELETE FROM filing.acct_day WHERE acct_no NOT IN (SELECT acct_no FROM filing.bank_account);
	DELETE FROM filing.shareholding WHERE org_id NOT IN (SELECT org_id FROM org) AND holder_id NOT IN (SELECT org_id FROM org);
	DELETE FROM filing.cooperation WHERE org_id NOT IN (SELECT org_id FROM org) AND partner_id NOT IN (SELECT org_id FROM org);
	DO $$ DECLARE t text; BEGIN
		FOREACH t IN ARRAY '{marketing,name_event,licence,officer,company_group,report_item,product,loan,ops_day,publicity,feed_receipt,complaint,custody_recon,supervisory_act,debt_due,disclosure}'::text[] LOOP
			EXECUTE format('DELETE FROM filing.%I WHERE org_id IS NULL OR org_id NOT IN (SELECT org_id FROM org)', t);
		END LOOP; END $$;
	DELETE FROM filing.loan_cash WHERE loan_no NOT IN (SELECT loan_no FROM filing.loan);
	DELETE FROM filing.creditor_right WHERE (loan_no IS NULL OR loan_no NOT IN (SELECT loan_no FROM filing.loan)) AND (prod_id IS NULL OR prod_id NOT IN (SELECT prod_id FROM filing.product));
	DELETE FROM filing.product_holder WHERE prod_id IS NULL OR prod_id NOT IN (SELECT prod_id FROM filing.product);
	DELETE FROM filing.dual_record WHERE prod_id IS NULL OR prod_id NOT IN (SELECT prod_id FROM filing.product);
	DELETE FROM filing.client_check WHERE client_id NOT IN (SELECT client_id FROM filing.client);
	DELETE FROM filing.planted;
	DELETE FROM desk.filed_visit WHERE feed_inst_id NOT IN (SELECT org_id FROM org);
	DO $$ DECLARE t regclass; BEGIN
		FOR t IN SELECT attrelid FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'desk'::regnamespace AND relkind = 'r' AND attname = 'inst_id' ORDER BY relname <> 'alert' LOOP
			EXECUTE format('DELETE FROM %s WHERE inst_id IS NULL OR inst_id NOT IN (SELECT org_id FROM org)', t);
		END LOOP; END $$;""")
ok(left == "", "the other world is made", left)

relations = psql("roles_a", """SELECT relname FROM pg_class WHERE relnamespace = 'desk'::regnamespace AND relkind IN ('r', 'v') AND relname NOT IN ('change_log', 'reader_province')
	ORDER BY 1""").split()
ok(len(relations) > 60, "%d views and tables of the desk to compare" % len(relations))
wrong, filled = [], 0
for name in relations:
    sql = "SELECT count(*) || ' ' || coalesce(md5(string_agg(x::text, chr(10) ORDER BY x::text COLLATE \"C\")), '') FROM desk.%s AS x" % name
    here, there = psql("roles_a", sql, "roles_shanghai"), psql("roles_b", sql)
    filled += not there.startswith("0")
    if here != there:
        wrong.append("%s: %s / %s" % (name, here, there))
ok(not wrong, "every view and table shows the reader what would be there if only its province existed (%d with rows)" % filled, "\n".join(wrong))
ok(filled > 40, "most of them have rows", filled)
all_of_them = int(psql("roles_a", "SELECT count(*) FROM desk.risk_board"))
ok(0 < int(psql("roles_a", "SELECT count(*) FROM desk.risk_board", "roles_shanghai")) < all_of_them, "and that is a part")
ok(psql("roles_a", "SELECT count(*) FROM desk.risk_board", "roles_nobody").startswith("ERROR"), "who has no role sees nothing")
ok(psql("roles_a", "SELECT count(*) FROM desk.risk_board", "rs_reader") == "0", "a reader without a province sees no institution")
ok(int(psql("roles_a", "SELECT count(*) FROM desk.risk_board", "rs_auditor")) == all_of_them, "the auditor sees all")

# ---- every function that reads a query text or a desk
names = set(psql("roles_a", READERS).split())
missing = names - set(CALLS) - CHANGES
ok(not missing, "every function that reads a query text or a desk is asked here", sorted(missing))
by_path = set(psql("roles_a", "SELECT proname FROM pg_proc AS p WHERE pronamespace = 'risk_screen'::regnamespace AND proname ~ '^desk_' AND NOT 'workspace' = ANY (proargnames)").split())
ok(by_path and by_path == set(BY_PATH), "and every one that reads the desk of the search_path", sorted(by_path ^ set(BY_PATH)))
names |= by_path
calls = {**CALLS, **BY_PATH}
wrong, empty, errors = [], [], []
for name in sorted(set(calls) & names):
    kind = psql("roles_a", "SELECT bool_or(proretset) FROM pg_proc WHERE pronamespace = 'risk_screen'::regnamespace AND proname = '%s'" % name)
    sql = "SELECT x FROM risk_screen.%s(%s) AS x ORDER BY x::text COLLATE \"C\"" % (name, calls[name])
    path = PATH if name in BY_PATH else None
    here, there = psql("roles_a", sql, "roles_shanghai", path), psql("roles_b", sql, path=path)
    here, there = (re.sub(r"截至 [-0-9: ]+", "", re.sub(r"psql:<stdin>:\d+: ", "", text)) for text in (here, there))
    if here != there:
        wrong.append("%s:\n%s\n---\n%s" % (name, here[:300], there[:300]))
    if there == "":
        empty.append(name)
    if there.startswith("ERROR"):
        errors.append(name + ": " + there[:200])
ok(not wrong, "%d functions answer the reader from its province alone" % len(set(calls) & names), "\n".join(wrong))
ok(not errors, "they answer", "\n".join(errors))
print("# without rows in this demo: " + ", ".join(empty))

# ---- what each role may and may not do
ok(refused("INSERT INTO desk.grade_override (inst_id, level, valid_from, valid_to, reason) VALUES ('O0001', 'green', '%s', '2027-01-01', 'x')" % DAY, "roles_shanghai"), "a reader cannot set a level")
ok(refused("UPDATE risk_screen.parameter SET value = 0", "rs_analyst"), "an analyst cannot change a parameter")
ok(refused("CALL risk_screen.screen('desk', '%s')" % DAY, "rs_analyst"), "an analyst cannot screen: that is the owner's and sees everything")
ok(refused("SELECT count(*) FROM desk.finding", "rs_rule_editor"), "a rule editor sees no result")
ok(refused("SELECT count(*) FROM desk.change_log", "roles_shanghai") and refused("SELECT count(*) FROM risk_screen.change_log", "rs_rule_editor"), "the audit trails are the auditor's")
ok(refused("INSERT INTO desk.alert_action (alert_id, kind) VALUES (1, 'note')", "rs_auditor"), "the auditor writes nothing")
ok(all(refused("INSERT INTO desk.change_log (changed_by, relation, operation) VALUES ('x', 'grade_override', 'INSERT')", r) for r in ("rs_analyst", "rs_auditor", "roles_analyst")), "nobody invents rows of the audit trail")
own = psql("roles_a", "SELECT min(alert_id) FROM desk.alert WHERE inst_id = 'O0001'")
out = psql("roles_a", """INSERT INTO desk.grade_override (inst_id, level, valid_from, valid_to, reason) VALUES ('O0001', 'red', '%s', '2027-01-01', '现场检查');
	CALL risk_screen.record_action('desk', %s, 'note', body => '电话核实');
	INSERT INTO desk.exemption (inst_id, rule, valid_from, valid_to, reason, author) VALUES ('O0001', 'H11', '%s', '2027-01-01', '整改中', 'somebody else');
	CALL risk_screen.review_alert('desk', %s, 'confirmed', '属实')""" % (DAY, own, DAY, own), "roles_analyst")
ok(out == "", "an analyst sets a level, records an action and reviews an alert of its province", out)
other = psql("roles_a", "SELECT min(inst_id) FROM desk.alert JOIN desk.institution USING (inst_id) WHERE province <> '上海'")
ok(refused("INSERT INTO desk.grade_override (inst_id, level, valid_from, valid_to, reason) VALUES ('%s', 'red', '%s', '2027-01-01', 'x')" % (other, DAY), "roles_analyst"),
   "but not of another")
theirs = psql("roles_a", "SELECT min(alert_id) FROM desk.alert WHERE inst_id = '%s'" % other)
out = psql("roles_a", "CALL risk_screen.review_alert('desk', %s, 'confirmed', 'x')" % theirs, "roles_analyst")
ok(out.startswith("ERROR") and psql("roles_a", "SELECT review_state FROM desk.alert WHERE alert_id = " + theirs) == "pending", "nor reviews its alerts", out)
out = psql("roles_a", """INSERT INTO risk_screen.lexicon (lexicon) VALUES ('province'); INSERT INTO risk_screen.term (lexicon, term) VALUES ('province', '词');
	INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, needs, body) VALUES ('own', '自定', 'own', 'yellow', '{institution}',
	$$SELECT 'institution' AS subject_kind, inst_id AS subject_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, NULL AS occurred_at, '{}'::jsonb AS evidence FROM institution$$)""", "rs_rule_editor")
ok(out == "", "a rule editor adds a list, a word and a rule", out)
out = psql("roles_a", """SELECT string_agg(DISTINCT relation, ',' ORDER BY relation) FROM risk_screen.change_log WHERE acting_as = 'rs_rule_editor';
	SELECT string_agg(DISTINCT relation || ' ' || acting_as, ',') FROM desk.change_log WHERE new_row ->> 'reason' = '现场检查'""", "rs_auditor")
ok(out == "risk_screen.lexicon,risk_screen.rule,risk_screen.term\ngrade_override roles_analyst", "the auditor reads who did what", out)

out = psql("roles_a", "SELECT DISTINCT author = session_user FROM (SELECT author FROM desk.grade_override UNION ALL SELECT author FROM desk.exemption) AS x")
ok(out == "t", "who set a level or an exemption is the login, whatever the statement said", out)
out = psql("roles_a", "SELECT string_agg(operation || ' ' || (new_row ->> 'reader') || ' ' || (new_row ->> 'province'), ',' ORDER BY changed_at) FROM desk.change_log WHERE relation = 'reader_province'", "rs_auditor")
ok(out == "INSERT roles_shanghai 上海,INSERT roles_analyst 上海,INSERT roles_both 上海", "who was given which province is in the log", out)

for statement in CLEAN.split(";")[:-1]:
    psql("postgres", statement)
print("1..%d" % count)
sys.exit(failed > 0)
