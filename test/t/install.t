#!/usr/bin/env python3
"""install.t - install, refuse a foreign schema, roll back, drop, dump, restore, upgrade.

The upgrade part installs every released version that sql/upgrade can bring up
to date (a frozen risk_screen--A.sql beside risk_screen--A--B.sql), updates it,
and compares all of its objects with a fresh install.
"""
import glob, os, re, subprocess, sys

os.chdir(os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")))
count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()), end="")


def psql(database, sql):
    run = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"], input=sql, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return ("ERROR: " if run.returncode else "") + run.stdout.strip()


def fresh(name):
    psql("postgres", "SET client_min_messages = error;\nDROP DATABASE IF EXISTS %s WITH (FORCE);\nCREATE DATABASE %s" % (name, name))
    return name


# every object of the extension with its definition; addresses and OIDs never
CATALOG = """
SELECT concat_ws(' | ', pg_describe_object(d.classid, d.objid, d.objsubid),
       p.prosrc, p.probin, p.provolatile, p.proparallel, p.prosecdef, p.procost, p.prorows, p.proacl, p.proconfig,
       pg_get_function_arguments(CASE WHEN d.classid = 'pg_proc'::regclass THEN p.oid END),
       c.relkind, c.relacl, pg_get_viewdef(CASE WHEN c.relkind = 'v' THEN c.oid END),
       (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull), ', ' ORDER BY attnum)
          FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
       (SELECT string_agg(pg_get_constraintdef(k.oid), ', ' ORDER BY conname) FROM pg_constraint k WHERE k.conrelid = c.oid),
       obj_description(d.objid, d.classid::regclass::text::name))
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  LEFT JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
  LEFT JOIN pg_class c ON c.oid = d.objid AND d.classid = 'pg_class'::regclass
 WHERE e.extname = 'risk_screen' ORDER BY 1;
"""

db = fresh("install_test")
psql(db, "CREATE SCHEMA risk_screen")
out = psql(db, "CREATE EXTENSION risk_screen")
ok("already exists" in out, "a schema that somebody else made is refused", out)
psql(db, "DROP SCHEMA risk_screen")

out = psql(db, "BEGIN; CREATE EXTENSION risk_screen; SELECT risk_screen.version(); ROLLBACK; CREATE EXTENSION risk_screen; SELECT count(*) > 0 FROM risk_screen.describe_query('links', 'SELECT 1 AS a, 2 AS b')")
ok(out.endswith("t"), "create, roll back, create again in one session", out)
out = psql(db, "ALTER EXTENSION risk_screen UPDATE")
ok("ERROR" not in out, "update to the installed version is harmless", out)
catalog = psql(db, CATALOG)
ok(len(catalog.splitlines()) > 3 and "ERROR" not in catalog, "the catalog can be listed", catalog[:500])

out = psql(db, "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname <> 'risk_screen' AND EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = refobjid WHERE extname = 'risk_screen' AND d.objid = p.oid)")
ok(out == "0", "nothing is created outside the schema risk_screen", out)

dump = subprocess.run(["pg_dump", "-d", db], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
ok("CREATE EXTENSION IF NOT EXISTS risk_screen" in dump and "CREATE FUNCTION risk_screen." not in dump, "a dump holds the extension, not its functions", dump[:500])
restored = fresh("install_restored")
run = subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", restored], input=dump, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
ok(run.returncode == 0, "the dump restores", run.stdout)
ok(psql(restored, CATALOG) == catalog, "and gives the same objects")

out = psql(db, "DROP EXTENSION risk_screen; SELECT count(*) FROM pg_namespace WHERE nspname = 'risk_screen'")
ok(out == "0", "DROP EXTENSION leaves nothing behind", out)

version = re.search(r"default_version = '(.*)'", open("risk_screen.control").read()).group(1)
for base in sorted(glob.glob("sql/upgrade/risk_screen--*.sql")):
    old = re.match(r".*risk_screen--([^-]+)\.sql$", base)
    if not old:
        continue
    old_db = fresh("install_upgrade")
    out = psql(old_db, "CREATE EXTENSION risk_screen VERSION '%s'; ALTER EXTENSION risk_screen UPDATE TO '%s'" % (old.group(1), version))
    ok("ERROR" not in out, "%s updates to %s" % (old.group(1), version), out)
    ok(psql(old_db, CATALOG) == catalog, "and equals a fresh install")

meta = "META.json"
if os.path.exists(meta):
    import json
    stated = json.load(open(meta))
    ok(stated["provides"]["risk_screen"]["version"].startswith(version) and stated["version"].startswith(version), "META.json states the version of the control file")
ok(version in open("CHANGELOG.md").read(), "CHANGELOG.md has the version")

for name in ("install_test", "install_restored", "install_upgrade"):
    psql("postgres", "SET client_min_messages = error; DROP DATABASE IF EXISTS %s WITH (FORCE)" % name)
print("1..%d" % count)
sys.exit(failed > 0)
