#!/usr/bin/env python3
"""docs.t - every SQL block of docs/*.md runs, and prints what the page shows.

Per page: a fresh database with the extension, all ```sql blocks in order in
one psql session (test/lib/pages.py says how blocks are marked).
Also: docs/reference.md names every public function, view, table and setting.
"""
import glob, os, re, sys

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(top)
sys.path.insert(0, "test/lib")
from pages import blocks, psql, run, verdict

count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print(("ok" if passed else "not ok"), count, "-", what.replace("#", "No."))
    if not passed and note:
        # where prove shows it
        print("".join("# %s\n" % line for line in [what] + note.splitlines()), end="", file=sys.stderr)
    sys.stdout.flush()


for page in sorted(glob.glob("docs/*.md")):
    found = [block for block in blocks(page) if "cron" not in block.tags]
    if not found:
        continue
    database = "docs_" + re.sub(r"\W", "_", os.path.basename(page))
    psql("postgres", 'SET client_min_messages = error; DROP DATABASE IF EXISTS "%s" WITH (FORCE); CREATE DATABASE "%s";' % (database, database))
    psql("postgres", "SET client_min_messages = error; DROP ROLE IF EXISTS province_reader")     # made by docs/desk.md, left by a run that was stopped
    made = psql(database, "CREATE EXTENSION risk_screen")
    if made.strip():
        print("# %s: %s" % (database, made), file=sys.stderr)
    for block, output in zip(found, run(database, found, ["SET TimeZone = 'Asia/Shanghai';"])):
        what = "%s:%d%s" % (page, block.line, " prints what the page shows" if block.expected is not None else "")
        wrong = verdict(block, output)
        ok(wrong is None, what, wrong)
    psql("postgres", 'DROP DATABASE "%s" WITH (FORCE); DROP ROLE IF EXISTS province_reader;' % database)

reference = open("docs/reference.md", encoding="utf-8").read()
names = psql("check", """\\t on
\\a
SELECT DISTINCT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'risk_screen' AND proname !~ '^_' AND prorettype <> 'trigger'::regtype
UNION SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'risk_screen' AND relkind IN ('r', 'v', 'm') AND relname !~ '^_'
UNION SELECT typname FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE nspname = 'risk_screen' AND typtype IN ('e', 'd')
ORDER BY 1;
LOAD 'risk_screen';
SELECT name FROM pg_settings WHERE name LIKE 'risk\\_screen.%' ORDER BY 1;""").split()
missing = [name for name in names if not re.search(r"(?<![\w.])%s(?!\w)" % re.escape(name), reference)]
ok(names and not missing, "docs/reference.md names all %d public objects and settings" % len(names), "missing: " + ", ".join(missing))

print("1..%d" % count)
sys.exit(failed > 0)
