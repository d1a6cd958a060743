#!/usr/bin/env python3
"""cron.t - the schedule that the README shows, run by pg_cron in a server of its own.

The README's block is executed as it stands; then its jobs are moved to every
minute (pg_cron's finest step in Debian 12), so this suite sleeps up to a minute.
"""
import os, re, subprocess, sys, time

os.chdir(os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")))
sys.path.insert(0, "test/lib")
from pages import blocks, psql, run, verdict

count = failed = 0
DATABASE = "warehouse"


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()), end="", file=sys.stderr)
    sys.stdout.flush()


def cluster(*arguments):
    return subprocess.run(["tools/cluster", *arguments], check=True, text=True, stdout=subprocess.PIPE).stdout


def value(sql):
    return psql(DATABASE, "\\pset tuples_only on\n\\pset format unaligned\n" + sql).strip()


cluster("destroy", "cron")
cluster("start", "cron")
here = dict(re.findall(r"(\w+)='?([^' \n]*)'?", cluster("env", "cron", DATABASE)))
os.environ.update({**here, "PATH": here["RS_CLUSTER_BIN"] + ":" + os.environ["PATH"]})
cluster("stop", "cron")
with open(os.environ["RS_CLUSTER_DATA"] + "/postgresql.conf", "a", encoding="utf-8") as settings:
    settings.write("shared_preload_libraries = 'pg_cron'\ncron.database_name = '%s'\ncron.use_background_workers = on\n" % DATABASE)
cluster("start", "cron")

load = subprocess.run(["demo/load", DATABASE, "0.02"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
ok(load.returncode == 0, "a small warehouse is made", load.stdout)
for page in ("README.md", "README.zh-CN.md"):
    found = [block for block in blocks(page) if "cron" in block.tags]
    ok(len(found) == 1, page + " has one schedule", len(found))
    for block, output in zip(found, run(DATABASE, found)):
        wrong = verdict(block, output)
        ok(wrong is None, "%s:%d runs" % (page, block.line), wrong)
    jobs = value("SELECT count(*) FROM cron.job")
    ok(jobs == "2", "and leaves two jobs", jobs)
    if page == "README.md":
        value("DROP EXTENSION pg_cron")

kept = [block for block in blocks("docs/reports.md") if "cron" in block.tags or "kept_report" in block.sql]
kept = [kept[0], kept[-1]]
kept[0].sql = kept[0].sql.split("CALL risk_screen")[0]        # the page makes a desk of its own
value("CALL risk_screen.screen('desk', '2026-11-18')")      # the report has a run even if it is first
outputs = run(DATABASE, kept)
ok("cron" in kept[1].tags and not any(verdict(b, o) for b, o in zip(kept, outputs)), "the schedule of docs/reports.md runs", outputs)

days = value("SELECT string_agg(((now() AT TIME ZONE 'Asia/Shanghai')::date - n)::text, ' ' ORDER BY n DESC) FROM generate_series(1, 2) n")
value("SELECT cron.alter_job(jobid, schedule => '* * * * *') FROM cron.job")
until = time.time() + 240
while time.time() < until and value("SELECT count(DISTINCT jobid) FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')") != "3":
    time.sleep(1)
value("SELECT cron.unschedule(jobid) FROM cron.job")
states = value("SELECT string_agg(DISTINCT status || coalesce(nullif(' ' || return_message, ' '), ''), '; ') FROM cron.job_run_details WHERE status <> 'running'")
ok(states in ("succeeded CALL", "succeeded"), "pg_cron ran the jobs", states)
screened = value("SELECT string_agg(DISTINCT as_of::text, ' ' ORDER BY as_of::text) FROM desk.run")
ok(screened.endswith(days), "and both days are screened", "want %s, have %s" % (days, screened))
body = value("SELECT left(body, 9) FROM kept_report")
ok("风险监测报告" in body, "and keeps the report", body)
graded = value("SELECT count(*) FROM desk.risk_board")
ok(graded.isdigit() and int(graded) > 0, "the board shows the institutions", graded)

cluster("destroy", "cron")
print("1..%d" % count)
sys.exit(failed > 0)
