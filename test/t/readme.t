#!/usr/bin/env python3
"""readme.t - every SQL block of README.md and README.zh-CN.md runs on the demo's database.

Per page: a small demo database (the planted cases are the same at every
scale), screened as `make demo` does, then all ```sql blocks in one psql session
(test/lib/pages.py says how blocks are marked; those that need pg_cron are run
by cron.t). What depends on the scale is shown in plain ``` blocks, which are
not compared.
Also: the two pages have the same sections and the same SQL.

RS_README_UPDATE=1 test/run readme.t writes the outputs into the pages instead
of comparing; read the difference before you commit it.
"""
import os, re, subprocess, sys

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(top)
sys.path.insert(0, "test/lib")
from pages import blocks, psql, run, unplaced, verdict

count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print(("ok" if passed else "not ok"), count, "-", what.replace("#", "No."))
    if not passed and note:
        print("".join("# %s\n" % line for line in note.splitlines()), end="")
    sys.stdout.flush()


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
    here = [block for block in found if "cron" not in block.tags]
    for block, output in zip(here, run(database, here, ["\\pset pager off"])):
        wrong = verdict(block, output)
        if update and wrong and block.expected is not None and output is not None:
            fresh = "\n".join(text.rstrip() for text in unplaced(output).split("\n"))
            whole = open(page, encoding="utf-8").read()
            open(page, "w", encoding="utf-8").write(whole.replace("```text\n%s\n```" % block.expected, "```text\n%s\n```" % fresh, 1))
            wrong = None
        ok(wrong is None, "%s:%d%s" % (page, block.line, " prints what the page shows" if block.expected is not None else ""), wrong)
    psql("postgres", 'DROP DATABASE "%s" WITH (FORCE); DROP ROLE bi_reader;' % database)

english, chinese = (open(p, encoding="utf-8").read() for p in pages)
same_sql = [re.sub(r"--.*", "", b.sql) for b in pages["README.md"]] == [re.sub(r"--.*", "", b.sql) for b in pages["README.zh-CN.md"]]
ok(same_sql, "both pages show the same SQL")
headings = [re.findall(r"^(#+) ", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), flags=re.M) for text in (english, chinese)]
ok(headings[0] == headings[1], "both pages have the same sections")
for page, text in zip(pages, (english, chinese)):
    links = [link for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text) if not os.path.exists(link)]
    ok(not links, "%s: every relative link leads to a file" % page, ", ".join(links))

psql("postgres", 'DROP DATABASE "%s" WITH (FORCE);' % template)
print("1..%d" % count)
sys.exit(failed > 0)
