#!/usr/bin/env python3
"""Incremental and whole screening of the demo desk agree, over days on which
transfers come, come late, are corrected and vanish, registers and parameters
change; and the incremental runs did judge less."""
import os
import subprocess
import sys

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(top)
DATABASE = "incremental_t"
count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()[:20]), end="")
    sys.stdout.flush()


def sql(script, database=DATABASE):
    run = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"], input="SET client_min_messages = error;\n" + script, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode:
        print("Bail out! " + run.stdout[-1500:].replace("\n", " "))
        sys.exit(1)
    return run.stdout.strip()


subprocess.run(["demo/load", DATABASE, "0.05"], check=True, stdout=subprocess.DEVNULL)
# the same warehouse behind a second desk; what is filed after the 16th waits
sql("""
CALL risk_screen.create_workspace('whole');
DO $$
DECLARE
	r text;
BEGIN
	FOR r IN SELECT role FROM risk_screen.role WHERE risk_screen._role_mapped('desk', role)
	LOOP
		EXECUTE format('CREATE OR REPLACE VIEW whole.%I WITH (security_invoker) AS %s', r, pg_get_viewdef(format('desk.%I', r)::regclass));
	END LOOP;
END $$;
CREATE TABLE filing.later AS SELECT * FROM filing.pay_flow WHERE paid_at >= '2026-11-17 00:00+08' OR paid_at::date = '2026-11-09' AND flow_id % 3 = 0;
DELETE FROM filing.pay_flow WHERE flow_id IN (SELECT flow_id FROM filing.later);
""")
ARRIVE = "INSERT INTO filing.pay_flow SELECT * FROM filing.later WHERE (paid_at AT TIME ZONE 'Asia/Shanghai')::date = '%s';\n"
DAYS = [
    ("2026-11-16", "the first run", "", False),
    ("2026-11-17", "a new day, late transfers of the 9th", ARRIVE % "2026-11-17" + ARRIVE % "2026-11-09", True),
    ("2026-11-18", "corrected and vanished transfers", ARRIVE % "2026-11-18" + """
UPDATE filing.pay_flow SET amount = amount + 40000, review_no = NULL WHERE paid_at >= '2026-11-12 00:00+08' AND paid_at < '2026-11-13 00:00+08' AND flow_id % 7 = 0;
DELETE FROM filing.pay_flow WHERE paid_at >= '2026-11-10 00:00+08' AND paid_at < '2026-11-11 00:00+08' AND flow_id % 2 = 0;
UPDATE filing.pay_flow SET paid_at = paid_at - interval '30 hours' WHERE paid_at >= '2026-11-15 00:00+08' AND paid_at < '2026-11-15 12:00+08' AND flow_id % 5 = 0;""", True),
    ("2026-11-19", "a threshold changes", ARRIVE % "2026-11-19" + "INSERT INTO risk_screen.parameter (code, value, operator, sense, valid_from) VALUES ('daily_review_amount', 60000, '>', 'hit', '2026-11-19'), ('user_txn_sliding', 1, '=', 'value', '2026-11-19');", False),
    ("2026-11-20", "registers change that the rules do not look at, and the day comes twice", ARRIVE % "2026-11-20" + "UPDATE filing.org SET staff = staff + 1;", True),
    ("2026-11-20", "a reserve account is entered late", "UPDATE filing.bank_account SET owner_class = '备付金' WHERE acct_no = (SELECT out_acct FROM filing.pay_flow WHERE purpose = '赎回' ORDER BY flow_id LIMIT 1);", None),
]
RESULT = """
SELECT 'outcome' AS what, (to_jsonb(x) - '{run_id,elapsed_ms,judged_days,fingerprint}'::text[])::text AS content FROM %(w)s.rule_outcome AS x WHERE run_id = %(r)s
UNION ALL SELECT 'finding', (to_jsonb(x) - 'run_id')::text FROM %(w)s.finding AS x WHERE run_id = %(r)s
UNION ALL SELECT 'value', (to_jsonb(x) - 'run_id')::text FROM %(w)s.indicator_value AS x WHERE run_id = %(r)s
UNION ALL SELECT 'grade', (to_jsonb(x) - 'run_id')::text FROM %(w)s.grade AS x WHERE run_id = %(r)s
UNION ALL SELECT 'trace', (to_jsonb(x) - 'run_id')::text FROM %(w)s.money_trace AS x WHERE run_id = %(r)s
UNION ALL SELECT 'alert', (to_jsonb(x) - '{alert_id,raised_by}'::text[])::text FROM %(w)s.alert AS x"""
for day, what, change, incremental in DAYS:
    sql(change)
    sql("CALL risk_screen.screen('desk', '%s', at => '2026-12-01');" % day)
    sql("CALL risk_screen.screen('whole', '%s', at => '2026-12-01', incremental => false);" % day)
    run = lambda w: "(SELECT run_id FROM %s.run WHERE as_of = '%s')" % (w, day)  # noqa: E731
    a, b = RESULT % {"w": "desk", "r": run("desk")}, RESULT % {"w": "whole", "r": run("whole")}
    out = sql("SELECT 'incremental only: ' || what || ' ' || content FROM ((%s) EXCEPT ALL (%s)) AS x UNION ALL SELECT 'whole only: ' || what || ' ' || content FROM ((%s) EXCEPT ALL (%s)) AS y" % (a, b, b, a))
    ok(out == "", "%s, %s: both runs agree" % (day, what), out)
    judged = dict(line.split("|") for line in sql("SELECT o.rule, coalesce((SELECT sum(upper(d) - lower(d)) FROM unnest(o.judged_days) AS d), 90) FROM desk.rule_outcome AS o"
                                                  " JOIN risk_screen.rule AS r ON r.code = o.rule AND 'txn' = ANY (r.delta_roles) WHERE run_id = %s" % run("desk")).splitlines())
    if incremental:
        ok(int(judged["E17"]) < 10 and int(judged["B12"]) < 12, "%s: few days were judged" % day, judged)
    elif incremental is False:
        ok(int(judged["B12"]) == 90, "%s: everything was judged" % day, judged)
    found = sql("SELECT count(*) FROM desk.finding WHERE run_id = %s AND rule IN ('B12', 'B14')" % run("desk"))
    if day > "2026-11-17":               # the cases planted in the demo are of these days
        ok(int(found) > 0, "%s: there was something to find" % day, found)
ok(sql("SELECT count(*) FROM whole.run WHERE base_run IS NOT NULL") == "0", "whole runs build on none")
sql("DROP DATABASE %s WITH (FORCE)" % DATABASE, "postgres")
print("1..%d" % count)
sys.exit(failed > 0)
