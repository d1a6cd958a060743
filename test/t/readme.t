#!/usr/bin/env python3
"""readme.t - every SQL block of README.md and README.zh-CN.md runs on the demo's database.

Per page: a small demo database (the planted cases are the same at every
scale), screened as `make demo` does, then all ```sql blocks in one psql
session. A ```text block right after a ```sql block must equal its output; a
block that shows an error is marked ```sql error. What depends on the scale is
shown in plain ``` blocks, which are not compared.
Also: the two pages have the same sections and the same SQL.

RS_README_UPDATE=1 test/run readme.t writes the outputs into the pages instead
of comparing; read the difference before you commit it.
"""
import os, re, subprocess, sys

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(top)
count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print(("ok" if passed else "not ok"), count, "-", what.replace("#", "No."))
    if not passed and note:
        print("".join("# %s\n" % line for line in note.splitlines()), end="")
    sys.stdout.flush()


def psql(database, script):
    return subprocess.run(["psql", "-X", "-q", "-d", database, "-f", "-"], input=script, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def blocks(path):
    """[line, tag, sql, expected or None]"""
    found, lines, i = [], open(path, encoding="utf-8").read().split("\n"), 0
    while i < len(lines):
        opening = re.match(r"^```(\w*)\s*(.*)$", lines[i])
        if not opening:
            i += 1
            continue
        start, body = i, []
        i += 1
        while not lines[i].startswith("```"):
            body.append(lines[i])
            i += 1
        i += 1
        if opening.group(1) == "sql":
            found.append([start + 2, opening.group(2).strip(), "\n".join(body), None, i])
        elif opening.group(1) == "text" and found and all(not line.strip() for line in lines[found[-1][4]:start]):
            found[-1][3] = "\n".join(body)
    return found


def tidy(output):
    output = re.sub(r"^psql:<stdin>:\d+: ", "", output, flags=re.M)
    return "\n".join(re.sub(r" +", " ", re.sub(r"-{3,}", "---", line)).strip() for line in output.strip("\n").split("\n"))


update = os.environ.get("RS_README_UPDATE") == "1"
pages = {}
template = "readme_t"
load = subprocess.run(["demo/load", template, "0.05"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
ok(load.returncode == 0, "the small demo database is made", load.stdout)
screened = psql(template, "SET client_min_messages = warning; CALL risk_screen.screen('desk', as_of => '2026-11-20');")
ok(screened == "", "and screened", screened)

for page in ("README.md", "README.zh-CN.md"):
    pages[page] = found = blocks(page)
    database = template + "_" + re.sub(r"\W", "_", page.lower())
    psql("postgres", 'SET client_min_messages = error; DROP DATABASE IF EXISTS "%s" WITH (FORCE); CREATE DATABASE "%s" TEMPLATE "%s";'
         % (database, database, template))
    psql("postgres", "SET client_min_messages = error; DROP ROLE IF EXISTS bi_reader")       # left by a run that was stopped
    psql("postgres", 'ALTER DATABASE "%s" SET timezone = \'Asia/Shanghai\'' % database)
    script = ["\\set ON_ERROR_STOP 1", "\\pset pager off"]
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
        elif expected is not None and update:
            fresh = "\n".join(text.rstrip() for text in re.sub(r"^psql:<stdin>:\d+: ", "", output, flags=re.M).strip("\n").split("\n"))
            whole = open(page, encoding="utf-8").read()
            open(page, "w", encoding="utf-8").write(whole.replace("```text\n%s\n```" % expected, "```text\n%s\n```" % fresh, 1))
            ok(True, what + " updated")
        elif expected is not None and tidy(output) != tidy(expected):
            ok(False, what + " prints what the page shows", "expected:\n%s\ngot:\n%s" % (tidy(expected), tidy(output)))
        else:
            ok(True, what)
    psql("postgres", 'DROP DATABASE "%s" WITH (FORCE); DROP ROLE bi_reader;' % database)

english, chinese = (open(p, encoding="utf-8").read() for p in pages)
same_sql = [re.sub(r"--.*", "", b[2]) for b in pages["README.md"]] == [re.sub(r"--.*", "", b[2]) for b in pages["README.zh-CN.md"]]
ok(same_sql, "both pages show the same SQL")
headings = [re.findall(r"^(#+) ", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), flags=re.M) for text in (english, chinese)]
ok(headings[0] == headings[1], "both pages have the same sections")
for page, text in zip(pages, (english, chinese)):
    links = [link for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text) if not os.path.exists(link)]
    ok(not links, "%s: every relative link leads to a file" % page, ", ".join(links))

psql("postgres", 'DROP DATABASE "%s" WITH (FORCE);' % template)
print("1..%d" % count)
sys.exit(failed > 0)
