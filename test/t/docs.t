#!/usr/bin/env python3
"""docs.t - every SQL block of docs/*.md runs, and prints what the page shows.

Per page: a fresh database with the extension, all ```sql blocks in order in
one psql session (test/lib/pages.py says how blocks are marked).
Also: docs/reference.md names every public view, table and setting, and heads an entry for every function with its signature.
"""
import glob, os, re, sys

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(top)
sys.path.insert(0, "test/lib")
from pages import blocks, psql, run, verdict
from signatures import check

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

rows = psql("check", """\\t on
\\a
\\f '\\x1f'
\\pset recordsep '\\x1e'
SELECT proname, pg_get_function_arguments(oid), coalesce(pg_get_function_result(oid), '') FROM pg_proc WHERE pronamespace = 'risk_screen'::regnamespace AND proname !~ '^_'
   AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype);""")
functions = [row.lstrip("\n").split("\x1f") for row in rows.split("\x1e") if row.count("\x1f") == 2]
problems, absent, checked = check(reference, functions)
ok(len(functions) > 150 and not absent, "an entry for each of %d functions" % len(functions), "without: " + ", ".join(absent))
ok(checked > 150 and not problems, "%d signatures in headings are those of the functions" % checked, "\n".join(problems))
for change, (true, false) in {"a default": ("max_paths int = 100", "max_paths int = 99"), "a type": ("flow_groups(links text", "flow_groups(links jsonb"), "an argument less": ("flow_nodes(workspace text, kind text = 'account', ", "flow_nodes(workspace text, "),
                              "another order": ("map_role(workspace text, role text", "map_role(role text, workspace text"), "a result column": ("(member, group_no, size)", "(member, group_no)")}.items():
    ok(true in reference and len(check(reference.replace(true, false), functions)[0]) == 1, "%s would be seen" % change)
ok(check(re.sub(r"^### flow_groups\(.*$", "", reference, flags=re.M), functions)[1] == ["flow_groups"], "so would a missing entry")

print("1..%d" % count)
sys.exit(failed > 0)
