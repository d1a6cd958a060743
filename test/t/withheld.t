#!/usr/bin/env python3
"""Withholding a filing does not pay, on the demo's desk: what an institution had
filed in one role by the day before is taken away, for every institution another
role at random, and the day is screened again. Nobody gets a milder colour than
the whole data gave, without being called unknown, and nobody's worst case gets
better. With the rows back the day is as it was, to the hash."""
import os
import random
import subprocess

rnd = random.Random(int(os.environ.get("RS_SEED", "8")))
ROUNDS = 8 if os.environ.get("RS_LONG") == "1" else 2
DB = "withheld"
TOP = os.environ.get("RS_TOP", ".")
tests = 0


def ok(passed, name, why=""):
    global tests
    tests += 1
    print(("ok" if passed else "not ok"), tests, "-", name, "" if passed else "# " + str(why)[:3000].replace("\n", "\n# "))


def psql(sql):
    p = subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-d", DB], input="SET client_min_messages = error;\n" + sql, capture_output=True, text=True)
    return p.stdout.strip() + p.stderr.strip()


load = subprocess.run([TOP + "/demo/load", DB, "0.05"], capture_output=True, text=True)
ok(load.returncode == 0, "the demo's desk, small", load.stdout + load.stderr)
psql("CREATE TABLE filing.withheld (inst_id text, role text, PRIMARY KEY (inst_id, role));")
# every role that says which institution a row is about, behind a curtain
roles = psql("""SELECT r.role FROM risk_screen.role AS r JOIN risk_screen.role_column AS c ON c.role = r.role AND c.name = 'inst_id'
 WHERE r.role <> 'institution' AND risk_screen._role_mapped('desk', r.role) ORDER BY 1;""").split()
for role in roles:
    query = psql("SELECT rtrim(pg_get_viewdef('desk.%s'::regclass), '; ');" % role)
    out = psql("""CREATE VIEW filing.whole_%s AS %s;
CALL risk_screen.map_role('desk', '%s', $q$SELECT w.* FROM filing.whole_%s AS w WHERE (w.inst_id, '%s') NOT IN (SELECT inst_id, role FROM filing.withheld) OR w.inst_id IS NULL$q$);""" % (role, query, role, role, role))
    if out:
        ok(False, "role " + role, out)
SCREEN = "CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08', incremental => false);\n"
out = psql("CALL risk_screen.screen('desk', '2026-11-19', at => '2026-11-20 08:00+08');" + SCREEN + """
CREATE TABLE filing.whole AS SELECT g.* FROM desk.grade AS g JOIN desk.current_run USING (run_id);
SELECT count(*) FILTER (WHERE at_least >= 'yellow'), (SELECT grades_hash FROM desk.current_run) FROM filing.whole;""").split("|")
ok(len(out) == 2 and int(out[0]) > 30, "screened on two days: %s institutions are not green" % out[0], out)
hash = out[-1]
filed = {}
for role in roles:
    for inst in psql("SELECT DISTINCT inst_id FROM filing.whole_%s JOIN filing.whole USING (inst_id) ORDER BY 1;" % role).split():
        filed.setdefault(inst, []).append(role)
for n in range(ROUNDS):
    psql("TRUNCATE filing.withheld; INSERT INTO filing.withheld VALUES %s;" % ",".join("('%s', '%s')" % (inst, rnd.choice(of)) for inst, of in sorted(filed.items())))
    psql(SCREEN)
    out = psql("""SELECT w.role, w.inst_id, b.level, b.at_least, b.possible, '->', g.level, g.at_least, g.possible, 'lost',
		ARRAY(SELECT unnest(b.hit_rules || b.unknown_rules) EXCEPT SELECT unnest(g.hit_rules || g.unknown_rules))
  FROM filing.withheld AS w JOIN filing.whole AS b USING (inst_id) LEFT JOIN (SELECT g.* FROM desk.grade AS g JOIN desk.current_run USING (run_id)) AS g USING (inst_id)
 WHERE g.inst_id IS NULL OR g.possible < b.possible OR g.level <> 'unknown' AND g.level < greatest(b.at_least, nullif(b.level, 'unknown')) ORDER BY 1, 2;""")
    ok(out == "", "round %d: a role withheld by each of %d institutions makes none greener" % (n + 1, len(filed)), out)
out = psql("TRUNCATE filing.withheld;" + SCREEN + "SELECT grades_hash FROM desk.current_run;")
ok(out == hash, "with the rows back the grades are the same to the hash", out)
psql("\\c postgres\nDROP DATABASE %s WITH (FORCE);" % DB)
print("1..%d" % tests)
