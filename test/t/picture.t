#!/usr/bin/env python3
"""picture.t - the pictures are drawn by those who read them: Graphviz, and ECharts where examples/site has its packages.

Nasty labels must come out of the drawing as they went into SQL; every node and edge must be drawn.
"""
import json, os, random, shutil, subprocess, sys, tempfile
import xml.etree.ElementTree as ElementTree

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(top)
count = failed = 0
# `make check-site` runs this in the database of the site, make check in its own
database = [] if "RS_SITE" in os.environ else ["-d", "check"]


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print(("ok" if passed else "not ok"), count, "-", what.replace("#", "No."))
    if not passed and note:
        print("".join("# %s\n" % line for line in [what] + note.splitlines()), end="", file=sys.stderr)
    sys.stdout.flush()


def skip(what, why):
    global count
    count += 1
    print("ok %d - %s # SKIP %s" % (count, what, why))


def sql(statement):
    run = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *database, "-f", "-"], input=statement, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode:
        raise SystemExit(run.stderr)
    return run.stdout.rstrip("\n")


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


NAMES = ['甲"乙', "back\\slash\\n", "<b>粗</b>&amp;", "{b} %s [x](y)", "a | b; c -> d", "`#1`", "二\n行", "''", "N\\N\\G", "a--b//c", "张三", "张三"]
rng = random.Random(int(os.environ.get("RS_SEED", "7")))
ids = ["id%d" % i for i in range(len(NAMES))]
edges = [(rng.choice(ids), rng.choice(ids), rng.randint(1, 10 ** 9) / 100) for _ in range(40)] + [(ids[i], ids[i + 1], 1) for i in range(len(ids) - 1)]
levels = ["red", "orange", "yellow", "unknown", "green", None]
nodes = json.dumps({i: {"name": n, "level": levels[k % 6]} for k, (i, n) in enumerate(zip(ids, NAMES))})
source = "(VALUES %s) AS v (a, b, m)" % ", ".join("('%s', '%s', %s)" % e for e in edges)


def call(function, options):
    return "SELECT risk_screen.%s(a, b, m, timestamptz '2026-11-03', %s, '{\"title\": \"标题 <&\\\"\"%s}') FROM %s;" % (function, quoted(nodes), options, source)



pairs = {(a, b) for a, b, _ in edges}
zh = dict(red="红", orange="橙", yellow="黄", unknown="未知", green="绿")


def visible(text):
    return " ".join(text.replace("\xa0", " ").split())


with tempfile.TemporaryDirectory() as folder:
    if shutil.which("dot"):
        for options, what in (("", "all"), (", \"max_nodes\": 5", "folded")):
            text = sql(call("flow_dot", options))
            run = subprocess.run(["dot", "-Tsvg"], input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            ok(run.returncode == 0 and "syntax" not in run.stderr.lower() and "unknown" not in run.stderr.lower(), "Graphviz draws it (%s)" % what, run.stderr)
            svg = ElementTree.fromstring(run.stdout.encode())
            groups = svg.iter("{http://www.w3.org/2000/svg}g")
            drawn = {"node": [], "edge": []}
            for g in groups:
                if g.get("class") in drawn:
                    drawn[g.get("class")].append([visible(t.text or "") for t in g.iter("{http://www.w3.org/2000/svg}text")])
            if what == "all":
                expected = sorted([visible(x) for x in (("【%s】" % zh[levels[k % 6]] if levels[k % 6] else "") + n).split("\n")] for k, n in enumerate(NAMES))
                ok(sorted(drawn["node"]) == expected, "every name comes out as it went in", "%s\n%s" % (sorted(drawn["node"]), expected))
                ok(len(drawn["edge"]) == len(pairs), "every pair is one edge")
            else:
                ok(len(drawn["node"]) <= 5 and any("其他" in line for n in drawn["node"] for line in n), "folded nodes say so")
                ok("合并为" in run.stdout, "and so does the caption")
    else:
        skip("Graphviz", "no dot")

    if os.path.isdir("examples/site/node_modules/echarts") and shutil.which("node"):
        options = [sql(call("flow_sankey_option", o)) for o in ("", ", \"max_nodes\": 5", ", \"language\": \"en\"")]
        options.append(sql("SELECT risk_screen.flow_sankey_option('{a,b,c}'::text[], '{0.5,0.25}'::numeric[])"))
        run = subprocess.run(["node", "examples/site/render-option.mjs", folder], input="\n".join(options), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        ok(run.returncode == 0 and run.stdout == "", "ECharts takes every option, cycles and all", run.stdout)
        for n, option in enumerate(options, 1):
            series = json.loads(option)["series"][0]
            path = os.path.join(folder, "%d.svg" % n)
            svg = ElementTree.parse(path).getroot() if os.path.exists(path) else ElementTree.Element("svg")
            texts = {visible("".join(t.itertext())) for t in svg.iter("{http://www.w3.org/2000/svg}text")}
            wanted = {visible(line) for d in series["data"] for line in d["label"]["formatter"].split("\n") if visible(line)}
            wanted |= {visible(d["edgeLabel"]["formatter"]) for d in series["links"] if d["edgeLabel"].get("show", True)}
            ok(wanted <= texts, "option %d: every label is drawn" % n, "missing: %s" % (wanted - texts))
            shapes = [p for p in svg.iter("{http://www.w3.org/2000/svg}path")]
            ok(len(shapes) >= len(series["data"]) + len(series["links"]), "every node and link is a shape (%d)" % len(shapes))
    else:
        skip("ECharts", "examples/site has no packages: make site")

print("1..%d" % count)
sys.exit(failed > 0)
