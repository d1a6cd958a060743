#!/usr/bin/env python3
"""site_sql.t - every query of examples/site runs on a screened desk, gives the columns its page needs, and agrees with the risk views.

The pages themselves are tested in a browser by `make check-site`, which needs npm; this needs only psql.
"""
import csv, glob, io, json, os, re, shutil, subprocess, sys, tempfile, time

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(top)
database = "site_sql_t"
count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print(("ok" if passed else "not ok"), count, "-", what.replace("#", "No."))
    if not passed and note:
        print("".join("# %s\n" % line for line in [what] + note.splitlines()), end="", file=sys.stderr)
    sys.stdout.flush()


def psql(*options, script=None):
    environment = dict(os.environ, PGOPTIONS="-c search_path=desk")
    return subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-v", "desk=desk", "-d", database, *options], input=script, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def value(statement):
    return psql("-At", "-c", statement).stdout.strip()


load = subprocess.run(["demo/load", database, "0.05"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
ok(load.returncode == 0, "the small demo database is made", load.stdout)
for day in ("2026-11-19", "2026-11-20"):
    run = psql("-c", "SET client_min_messages = warning", "-c", "CALL risk_screen.screen('desk', as_of => '%s')" % day)
    ok(run.returncode == 0, "screened as of " + day, run.stderr)

rows = {}
for path in sorted(glob.glob("examples/site/queries/*.sql")):
    name = os.path.basename(path)[:-4]
    started = time.time()
    run = psql("--csv", "-f", path)
    print("# %s: %.0f ms" % (name, 1000 * (time.time() - started)))
    rows[name] = list(csv.DictReader(io.StringIO(run.stdout)))
    ok(run.returncode == 0 and run.stderr == "", "queries/%s.sql runs" % name, run.stderr)
    if name not in ("overdue",):        # nothing is late on the day it was raised
        ok(len(rows[name]) > 0, "and gives rows")

ok(sorted(re.findall(r"^-- (\w+):", "\n".join(open(p, encoding="utf-8").readline() for p in glob.glob("examples/site/queries/*.sql")), re.M)) == sorted(rows),
   "every file says in its first line what it is")
# columns that the pages read, by name, are columns that some query gives
given = {column for name in rows for column in (rows[name][0] if rows[name] else [])} | {"alert_id", "late_hours", "requirement", "requirement_zh", "action", "target", "due_at", "done_at"}
own = {"text", "join", "map", "length", "filter", "title", "cell", "kind", "id", "class", "row", "empty", "children", "name", "option", "height", "depth", "get", "replace", "match", "split"}
used = set()
for path in glob.glob("examples/site/lib/*.mjs"):
    used |= set(re.findall(r"\b(?:b|h|f|g|r|i|o|n|d|a|s|p|m|c|row|run|all|register)\.([a-z]+(?:_[a-z0-9]+)+)\b", open(path, encoding="utf-8").read()))
ok(used and used <= given, "the pages read no column that no query gives", "unknown: %s" % sorted(used - given))

institutions = int(value("SELECT count(*) FROM risk_board"))
ok(len(rows["board"]) == institutions, "the board has every institution once")
ok(sum(int(r["institutions"]) for r in rows["trend"]) == 2 * institutions, "the trend counts every institution on both days")
ok(len(rows["catalogue"]) == int(value("SELECT count(*) FROM risk_screen.rule_catalogue")), "the catalogue has every requirement once")
ok(len(rows["alerts"]) == int(value("SELECT count(*) FROM alert_queue")), "the queue has every open alert once")
ok(len(rows["reasons"]) == int(value("SELECT count(*) FROM grade_explanation")), "every contribution to a level is there")
ok(sum(float(r["institutions"]) for r in rows["province"]) == institutions, "provinces add up")
if shutil.which("node"):
    words = subprocess.run(["node", "--input-type=module", "-e", """import { evidence, subject } from './examples/site/lib/words.mjs'; import { readFileSync } from 'node:fs';
        for (const { kind, proof } of JSON.parse(readFileSync(0, 'utf8'))) console.log(subject(kind, '') + '|' + evidence(proof).split('；').map(x => x.split('：')[0]).join('|'));"""],
        input=json.dumps([{"kind": r["subject_kind"], "proof": r["evidence"] or "{}"} for r in rows["findings"] + rows["nobody"]]), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    odd = sorted({w for w in re.split(r"[|\n]", words) if re.match(r"^ *[A-Za-z_]", w)})
    ok(words.count("\n") == len(rows["findings"] + rows["nobody"]) and not odd, "what findings rest on is told in Chinese words", ", ".join(odd))
    words = subprocess.run(["node", "--input-type=module", "-e", """import { threshold } from './examples/site/lib/words.mjs'; import { readFileSync } from 'node:fs';
        for (const text of JSON.parse(readFileSync(0, 'utf8'))) console.log(threshold(text));"""],
        input=json.dumps([r["threshold"] for r in rows["catalogue"]]), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    odd = sorted({w for w in words.split("\n") if re.search(r"[A-Za-z]{3}", w)})
    ok(words.count("\n") == len(rows["catalogue"]) and not odd, "and so are the thresholds of the plans", "; ".join(odd))
followed = {r["inst_id"]: r["followed"] for r in rows["money_picture"]}
held = dict(line.split("|") for line in value("SELECT inst_id, trim_scale(sum(held + exited)) FROM money_destination GROUP BY 1").split())
ok({k: float(v) for k, v in followed.items()} == {k: float(v) for k, v in held.items()}, "the diagrams carry what the view money_destination ends with",
   "%s\n%s" % (followed, held))
sector = {r["line"]: r for r in rows["sector"]}
b02 = dict(line.split("|") for line in value("SELECT subject_id, value FROM indicator_value JOIN current_run USING (run_id) WHERE rule = 'B02'").split())
ok(b02 and all(abs(float(sector[k]["cr10"]) - float(v)) < 1e-6 for k, v in b02.items()), "CR10 of every line is what rule B02 measured")
moved = int(value("SELECT count(*) FROM grade AS a JOIN grade AS b USING (inst_id) JOIN run AS x ON x.run_id = a.run_id JOIN run AS y ON y.run_id = b.run_id "
                  "WHERE x.as_of = '2026-11-19' AND y.as_of = '2026-11-20' AND a.level_in_force <> b.level_in_force"))
ok(len(rows["moves"]) == moved, "every change of level is a move")

# a rule that fails leaves levels open: 至少橙 is orange wherever institutions are counted by level
run = psql("-c", """INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, needs, body) VALUES ('lost', '缺失', 'lost', 'red', '{institution}',
	$$SELECT 'institution' AS subject_kind, inst_id AS subject_id, 1 / 0 AS observed, 0 AS threshold, NULL::numeric AS amount, NULL AS occurred_at, '{}'::jsonb AS evidence FROM institution$$)""",
           "-c", "SET client_min_messages = error", "-c", "CALL risk_screen.screen('desk', as_of => '2026-11-21')")
ok(run.returncode == 0 and int(value("SELECT count(*) FROM risk_board WHERE incomplete AND level_zh = '至少橙'")) > 0, "a day on which a rule fails", run.stderr)
counted = {tuple(line.split("|")) for line in value("SELECT level, count(*) FROM risk_board GROUP BY 1").split()}
trend = [(r["level"], r["institutions"]) for r in csv.DictReader(io.StringIO(psql("--csv", "-f", "examples/site/queries/trend.sql").stdout)) if r["as_of"].startswith("2026-11-21")]
ok(len(trend) == len(set(trend)) and set(trend) == counted, "the trend has each level once, with the number of the board", "%s\n%s" % (trend, counted))
drawn = set(re.findall(r"【(至少)?([红橙黄])】", psql("-At", "-f", "examples/site/queries/money_picture.sql").stdout))
certain = set(value("SELECT DISTINCT level_zh FROM risk_board WHERE level IN ('red', 'orange', 'yellow') AND NOT incomplete").split())
ok(drawn and all(prefix or level in certain for prefix, level in drawn) and any(prefix for prefix, _ in drawn), "the diagrams say 至少 where the board does", "%s\n%s" % (drawn, certain))
zh = {"red": "红", "orange": "橙", "yellow": "黄", "unknown": "未知", "green": "绿"}
for panel in json.load(open("examples/bi/grafana.json", encoding="utf-8"))["panels"][:2]:
    sql = re.sub(r"\$__timeFilter\([^)]*\)", "as_of = '2026-11-21'", panel["targets"][0]["rawSql"])
    shown = sorted(line.split("|")[-2:] for line in value(sql).split("\n"))
    ok(shown == sorted([zh[l], n] for l, n in counted), "Grafana's %s too, in the words that its colours are given for" % panel["title"], shown)
if os.path.isdir("examples/site/node_modules/echarts") and shutil.which("node"):
    with tempfile.TemporaryDirectory() as out:
        run = subprocess.run(["node", "examples/site/build.mjs", "--out", out], env=dict(os.environ, PGDATABASE=database), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ok(run.returncode == 0, "the pages of that day are built", run.stdout)
        index = open(out + "/index.html", encoding="utf-8").read()
        ok(index.count("</i>至少橙</span>") == int(value("SELECT count(*) FROM risk_board WHERE level_zh = '至少橙'")), "the board says 至少橙 of as many as the view")
        tiles = set(re.findall(r'data-kpi="(\w+)">(\d+)<', index))
        ok(counted <= tiles, "its tiles count them as orange", tiles)
        inst = value("SELECT min(inst_id) FROM risk_board WHERE incomplete AND level = 'orange'")
        page = open(out + "/institution/%s.html" % inst, encoding="utf-8").read()
        ok("为什么是至少橙" in page and "最坏可能为红；缺：" in page and "降级须经观察期" not in page, "its page says what is missing and up to what, and nothing of a hold")
else:
    print("# pages: skipped, examples/site has no packages")

subprocess.run(["psql", "-Xqd", "postgres", "-c", 'DROP DATABASE "%s" WITH (FORCE)' % database])
print("1..%d" % count)
sys.exit(failed > 0)
