#!/usr/bin/env python3
"""docs.t - every SQL block of docs/*.md runs, and prints what the page shows.

Per page: a fresh database with the extension, all ```sql blocks in order in
one psql session. A ```text block right after a ```sql block must equal that
block's output. A block that shows an error is marked ```sql error.
Also: docs/reference.md names every public function, view, table and setting.
"""
import glob, os, re, subprocess, sys

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(top)
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


def psql(database, script, *options):
    run = subprocess.run(["psql", "-X", "-q", "-d", database, *options, "-f", "-"], input=script, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.stdout


def blocks(path):
    """(line, is_error, sql, expected or None)"""
    found, lines, i = [], open(path, encoding="utf-8").read().split("\n"), 0
    while i < len(lines):
        opening = re.match(r"^```(\w*)\s*(.*)$", lines[i])
        if not opening:
            i += 1
            continue
        start, body = i + 1, []
        i += 1
        while not lines[i].startswith("```"):
            body.append(lines[i])
            i += 1
        i += 1
        if opening.group(1) == "sql":
            found.append([start + 1, opening.group(2).strip(), "\n".join(body), None, i])
        elif opening.group(1) == "text" and found and all(not l.strip() for l in lines[found[-1][4]:start - 1]):
            found[-1][3] = "\n".join(body)
    return found


def tidy(output):
    output = re.sub(r"^psql:<stdin>:\d+: ", "", output, flags=re.M)
    # column widths are layout, not content
    return "\n".join(re.sub(r" +", " ", re.sub(r"-{3,}", "---", line)).strip() for line in output.strip("\n").split("\n"))


for page in sorted(glob.glob("docs/*.md")):
    found = blocks(page)
    if not found:
        continue
    database = "docs_" + re.sub(r"\W", "_", os.path.basename(page))
    psql("postgres", 'SET client_min_messages = error; DROP DATABASE IF EXISTS "%s" WITH (FORCE); CREATE DATABASE "%s";' % (database, database))
    psql("postgres", "SET client_min_messages = error; DROP ROLE IF EXISTS province_reader")     # made by docs/desk.md, left by a run that was stopped
    made = psql(database, "CREATE EXTENSION risk_screen")
    if made.strip():
        print("# %s: %s" % (database, made), file=sys.stderr)
    script = ["\\set ON_ERROR_STOP 1", "SET TimeZone = 'Asia/Shanghai';"]
    for n, (line, tag, sql, expected, _) in enumerate(found):
        script += ["\\echo @@@%d" % n, "\\set ON_ERROR_STOP %d" % (tag != "error"), sql]
    script.append("\\echo @@@end")
    printed = re.split(r"^@@@(\w+)\n?", psql(database, "\n".join(script)), flags=re.M)
    outputs = dict(zip(printed[1::2], printed[2::2]))
    for n, (line, tag, sql, expected, _) in enumerate(found):
        what = "%s:%d" % (page, line)
        output = outputs.get(str(n))
        if output is None:
            ok(False, what, "not reached: an earlier block failed")
        elif (tag == "error") != ("ERROR:" in output):
            ok(False, what, output)
        elif expected is not None and tidy(output) != tidy(expected):
            ok(False, what + " prints what the page shows", "expected:\n%s\ngot:\n%s" % (tidy(expected), tidy(output)))
        else:
            ok(True, what)
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
