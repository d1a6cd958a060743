#!/usr/bin/env python3
"""demo.t - the demo does what it says, on a small database.

The generator is deterministic and keeps the planted cases at every scale;
every role is mapped and readable; a screening finds every planted case whose
rule exists and none of the innocent look-alikes; repeating it changes nothing.
"""
import hashlib, os, subprocess, sys

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(top)
database = "demo_t"
count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print(("ok" if passed else "not ok"), count, "-", what.replace("#", "No."))
    if not passed and note:
        print("".join("# %s\n" % line for line in note.splitlines()), end="")
    sys.stdout.flush()


def same(got, expected, what):
    ok(got == expected, what, "expected:\n%s\ngot:\n%s" % (expected, got))


def sql(script, *options):
    run = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, *options, "-f", "-"], input=script, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.stdout.strip()


def generate(scale):
    return subprocess.run(["demo/generate", "--scale", scale], stdout=subprocess.PIPE, check=True).stdout.decode()


def table(script, name):
    begin = script.index("COPY filing.%s (" % name)
    return script[script.index("\n", begin) + 1:script.index("\n\\.\n", begin)].split("\n")


small, full = generate("0.05"), generate("1")
same(hashlib.sha256(generate("0.05").encode()).hexdigest(), hashlib.sha256(small.encode()).hexdigest(), "the generator is deterministic")
same([len(table(full, t)) for t in ("org", "bank_account", "pay_flow")], [300, 20000, 200000],
     "at scale 1: 300 institutions, 20,000 accounts, 200,000 transfers")
same(table(small, "planted"), table(full, "planted"), "the planted cases are the same at every scale")


def planted_flows(script):
    # a flow's number is its day and a serial; the planted ones are below 100000
    return [line for line in table(script, "pay_flow") if int(line.split("\t", 1)[0]) % 1000000 < 100000]


same(planted_flows(small), planted_flows(full), "the planted transfers are the same at every scale")
del full

load = subprocess.run(["demo/load", database, "0.05"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
ok(load.returncode == 0, "demo/load", load.stdout)
if load.returncode:
    sys.exit(1)

readable = sql("""DO $$ DECLARE r text; n bigint; BEGIN
  FOR r IN SELECT role FROM risk_screen.role LOOP
    EXECUTE format('SELECT count(*) FROM (SELECT * FROM desk.%I OFFSET 0) AS x', r) INTO n;
    IF n = 0 AND risk_screen._role_mapped('desk', r) THEN RAISE 'role % is mapped but empty', r; END IF;
  END LOOP; END $$""")
same(readable, "", "every mapped role can be read and has rows")
same(sql("SELECT * FROM risk_screen.check_mapping('desk')"), "", "check_mapping has nothing to say about the demo's own mapping")

screen = sql("CALL risk_screen.screen('desk', as_of => '2026-11-20')", "-c", "SET client_min_messages = warning")
same(screen, "", "the desk is screened without a warning")
same(sql("SELECT rule, message FROM desk.rule_outcome WHERE outcome = 'error'"), "", "no rule fails")

EXISTING = "SELECT code FROM risk_screen.rule"
FOUND = """SELECT FROM desk.finding AS f WHERE f.rule = p.code AND (f.subject_id = split_part(p.subject, ' ', 1)
    OR f.inst_id = split_part(p.subject, ' ', 1) OR f.evidence::text LIKE '%' || split_part(p.subject, ' ', 1) || '%')
   AND (p.subject NOT LIKE '% %' OR concat(f.occurred_at, ' ', f.finding_key, f.evidence) LIKE '%' || split_part(p.subject, ' ', 2) || '%')"""
# an indicator that only measures has a value instead of a finding
MEASURED = """SELECT FROM desk.indicator_value AS v JOIN risk_screen.rule AS r ON r.code = v.rule
 WHERE r.severity IS NULL AND v.rule = p.code AND v.subject_id = p.subject AND v.value > 0"""
rows = sql("""SELECT p.code, p.subject, p.note, p.must_hit, EXISTS (%s) OR EXISTS (%s) AS found
  FROM filing.planted AS p WHERE p.code IN (%s) ORDER BY 1, 2""" % (FOUND, MEASURED, EXISTING), "-F", "\t")
rows = [line.split("\t") for line in rows.split("\n") if line]
ok(len(rows) >= 20, "at least 20 planted cases have a rule (%d)" % len(rows))
for code, subject, note, must_hit, found in rows:
    if must_hit == "t":
        ok(found == "t", "%s finds %s: %s" % (code, subject, note))
    else:
        ok(found == "f", "%s spares %s: %s" % (code, subject, note))

# Patterns and owners, by the functions themselves: the one planted case, and nothing of the background.
OWNERS = "SELECT string_agg(DISTINCT a.owner_id, ',') FROM risk_screen.%s JOIN desk.account AS a ON a.account_id = f.%s"


def planted(code, words):
    return sql("SELECT subject FROM filing.planted WHERE code = '%s' AND note LIKE '%s%%'" % (code, words))


same(sql(OWNERS % ("find_structuring('desk.txn', 50000, 0.1, 5, '3 days') AS f", "account")), planted("B32", "化整为零"), "structuring, but not the rent")
same(sql(OWNERS % ("find_scatter_gather('desk.txn', 5, '1 day') AS f", "source")), planted("I05", "分散转入"), "scatter and gather")
same(sql("SELECT count(*), bool_and(%s = ANY (SELECT owner_id FROM desk.account WHERE account_id = ANY (accounts))) "
         "FROM risk_screen.find_cycles('desk.txn', min_amount => 40000, min_kept => 0.9)" % ("'" + planted("I05", "四人资金回环") + "'")), "1|t",
     "one ring of four")
through = "SELECT bool_or(a.owner_id = '%s'), bool_or(a.owner_id = '%s') FROM risk_screen.find_pass_through('desk.txn', '1 hour', 0.01, " \
          "level => 'account', min_amount => 1000) AS f JOIN desk.account AS a ON a.account_id = f.account"
same(sql(through % (planted("I06", "快进快出"), planted("I06", "流入后大部分留存"))), "t|f", "money that passes through, not money that stays")
same(sql("SELECT string_agg(p.name, ',') FROM risk_screen.look_through('desk.equity', targets => ARRAY['%s']) AS l "
         "JOIN desk.party AS p ON p.party_id = l.party WHERE l.ultimate AND l.total = 1" % planted("OWNER", "交叉持股")), "程远航",
     "the owner behind a cross-holding holds all of it")

# What nobody planted: the innocent background must stay calm.
noise = sql("""SELECT g.level, i.inst_id, i.name, g.hit_rules FROM desk.grade AS g JOIN desk.institution AS i USING (inst_id)
 WHERE g.level IN ('orange', 'red')
   AND g.inst_id >= (SELECT subject FROM filing.planted WHERE code = 'BACKGROUND')""")
same(noise, "", "no institution of the background is orange or red")

FINGERPRINT = """SELECT md5(string_agg(f::text, E'\\n' ORDER BY f::text)) FROM desk.finding AS f;
SELECT md5(string_agg(g::text, E'\\n' ORDER BY g::text)) FROM desk.grade AS g;
SELECT count(*), count(DISTINCT (inst_id, rule, period)) FROM desk.alert"""
before = sql(FINGERPRINT)
sql("CALL risk_screen.screen('desk', as_of => '2026-11-20')")
same(sql(FINGERPRINT), before, "screening the same day again changes nothing")

sql("DROP DATABASE %s WITH (FORCE)" % database, "-d", "postgres")

# make screen-data says what it misses before it does anything
for directory, words in (("", "make screen-data DATA="), ("/nowhere", "no directory"), (os.path.join(top, "demo"), "none of the expected files")):
    run = subprocess.run(["demo/screen-data", directory], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ok(run.returncode == 2 and words in run.stdout and "names/enterprises_60k.tsv.xz" in run.stdout,
       "screen-data without data: %s" % words, run.stdout)
print("1..%d" % count)
sys.exit(failed > 0)
