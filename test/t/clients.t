#!/usr/bin/env python3
"""clients.t - what ODBC, JDBC and psql users get: every risk view and every function that returns rows, read through
each driver; types, comments, arrays, cursors, cancel; \\d, completion and EXPLAIN.

A server of its own that listens on 127.0.0.1, which JDBC needs. Drivers that
are not installed are skipped by name (tools/setup --test installs them).
"""
import glob, io, json, os, pty, re, select, shutil, socket, subprocess, sys, time, zipfile

os.chdir(os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")))
sys.path.insert(0, "test/lib")
from desk_calls import BY_PATH, CALLS, CHANGES, PATH, TEXTS

count = failed = 0
SCALAR = {"report", "risk_letter"}


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()[:30]), end="", file=sys.stderr)
    sys.stdout.flush()


def skip(what):
    global count
    count += 1
    print("ok %d # SKIP %s" % (count, what))


def cluster(*arguments):
    return subprocess.run(["tools/cluster", *arguments], check=True, text=True, stdout=subprocess.PIPE).stdout


def psql(sql):
    return subprocess.run(["psql", "-XqAt", "-d", "warehouse", "-c", "SET client_min_messages = error", "-c", sql], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.strip()


cluster("destroy", "clients")
cluster("start", "clients")
here = dict(re.findall(r"(\w+)='?([^' \n]*)'?", cluster("env", "clients", "warehouse")))
os.environ.update({**here, "PATH": here["RS_CLUSTER_BIN"] + ":" + os.environ["PATH"]})
cluster("stop", "clients")
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
with open(here["RS_CLUSTER_DATA"] + "/postgresql.conf", "a", encoding="utf-8") as settings:
    settings.write("listen_addresses = '127.0.0.1'\nport = %d\n" % port)
cluster("start", "clients")
os.environ["PGPORT"] = str(port)
load = subprocess.run(["demo/load", "warehouse", "0.02"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
ok(load.returncode == 0, "a small warehouse is made", load.stdout)
ok(psql("CALL risk_screen.screen('desk', '2026-11-20')") == "", "and screened")

psql("ALTER DATABASE warehouse SET search_path = %s; SELECT risk_screen.create_flow_graph('clients_graph', 'desk.txn'); SELECT risk_screen.create_ownership_graph('clients_graph', 'desk.equity')" % PATH)
CALLS = {**CALLS, **BY_PATH, **TEXTS, "flow_graph_transfers": "'clients_graph'", "ownership_graph_holdings": "'clients_graph'"}
missing = psql("SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'risk_screen'::regnamespace AND proretset AND proname !~ '^_' AND proname <> ALL ('{%s}') ORDER BY 1" % ",".join({**CALLS, **dict.fromkeys(CHANGES)}))
ok(missing == "", "every function that returns rows is among them", missing)
views = psql("SELECT relname FROM pg_class WHERE relnamespace = 'desk'::regnamespace AND relkind IN ('v', 'r') ORDER BY 1").split()
queries = {"desk." + v: "SELECT * FROM desk.%s LIMIT 500" % v for v in views}
queries.update({f: ("SELECT risk_screen.%s(%s)" if f in SCALAR else "SELECT * FROM risk_screen.%s(%s)") % (f, a) for f, a in CALLS.items()})
text = "".join("%s\t%s\n" % item for item in queries.items())
want = {name: psql("SELECT count(*) FROM (%s) AS x" % sql) for name, sql in queries.items()}
broken = {n: w for n, w in want.items() if not w.isdigit()}
ok(not broken, "%d views and tables, %d functions are asked" % (len(views), len(CALLS)), broken)


def compare(driver, printed, odd):
    """what both drivers must get right; `odd`: kinds of column type that no tool could use"""
    lines = [line.split("\t") for line in printed.splitlines()]
    read = {l[1]: l for l in lines if l[0] == "read"}
    wrong = ["%s: %s" % (n, next((l[2:] for l in lines if l[:2] == ["error", n]), read.get(n, ["", "", "not read"])[2])) for n in want
             if n not in read or read[n][2] != want[n]]
    ok(not wrong, "%s reads all of them, the same number of rows as psql" % driver, "\n".join(wrong))
    strange = sorted({column for l in read.values() for column in l[3].split(",") if re.search(odd, column)})
    ok(not strange, "%s: every column has a type that tools know" % driver, strange)
    remarks = {l[1]: l[2] for l in lines if l[0] == "remark"}
    # psqlODBC's catalogue functions give no comments; SQL does: col_description()
    if driver != "ODBC":
        ok(len(remarks) > 15 and all(r and r != "None" for r in remarks.values()) and remarks.get("level_zh", "").startswith("现行等级"), "%s shows the columns' comments" % driver, remarks)
    ok(["cursor", want["account_profile"]] in lines, "%s reads through a cursor" % driver, [l for l in lines if l[0] == "cursor"])
    ok(any(l[0] == "cancel" and l[1] in ("57014", "HY008", "HY000", "HYT00") for l in lines), "%s cancels a long search" % driver, [l for l in lines if l[0] == "cancel"])
    ok(any(l[0] == "after" and l[1] for l in lines), "%s goes on afterwards" % driver)
    return read


odbc = "Driver={PostgreSQL Unicode};Server=127.0.0.1;Port=%d;Database=warehouse;UID=postgres;ConnSettings=SET client_min_messages = error" % port
if subprocess.run(["/usr/bin/python3", "-c", "import pyodbc; assert 'PostgreSQL Unicode' in pyodbc.drivers()"], stderr=subprocess.DEVNULL).returncode == 0:
    run = subprocess.run(["/usr/bin/python3", "test/fixtures/read_desk_odbc.py", odbc], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    read = compare("ODBC", run.stdout, r":(NoneType|object)$")
    types = dict(c.split(":") for c in read.get("desk.risk_board", ["", "", "", "a:b"])[3].split(","))
    ok((types.get("as_of"), types.get("level"), types.get("score"), types.get("next_due_at")) == ("date", "str", "Decimal", "datetime"), "ODBC: days, levels, numbers and times are what they should be", types)
else:
    skip("pyodbc or the ODBC driver is not installed")
if shutil.which("isql"):
    run = subprocess.run(["isql", "-b", "-k", odbc, "-d|"], input="SELECT level, count(*) FROM desk.risk_board GROUP BY 1 ORDER BY 1\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    have = sorted(line.strip() for line in run.stdout.splitlines() if re.match(r"^(red|orange|yellow|green|unknown)\|", line.strip()))
    ok(have == sorted(psql("SELECT level || '|' || count(*) FROM desk.risk_board GROUP BY level").split("\n")), "isql prints the board", run.stdout)
else:
    skip("isql is not installed")

jar = next(iter(glob.glob("/usr/share/java/postgresql.jar")), None)
if jar and shutil.which("javac"):
    run = subprocess.run(["java", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp", jar, "test/fixtures/ReadDesk.java", "jdbc:postgresql://127.0.0.1:%d/warehouse?stringtype=unspecified" % port, "postgres"],
                         input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8")
    read = compare("JDBC", run.stdout, r":null$")
    ok("java.sql.Array" in read.get("trace_paths", ["", "", "", ""])[3], "JDBC: arrays are arrays", read.get("trace_paths"))
    ok("function\ttrace_funds\t" in run.stdout, "JDBC finds the functions and their comments")
else:
    skip("the JDBC driver or a JDK is not installed")

# ---- psql
out = subprocess.run(["psql", "-X", "-d", "warehouse", "-c", "\\d+ desk.risk_board", "-c", "\\dx+ risk_screen", "-c", "\\df+ risk_screen.trace_summary", "-c", "\\dd risk_screen.trace_funds"],
                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
ok("现行等级名称; 红橙黄绿" in out and "function risk_screen.trace_funds(" in out, "\\d+ shows columns with comments, \\dx+ the members", out[:2000])


def completion(typed, expected):
    """types into a real psql and waits for what <Tab> adds"""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "dumb"
        os.execvp("psql", ["psql", "-X", "-d", "warehouse"])
    seen, until = b"", time.time() + 20
    sent = False
    while time.time() < until and expected.encode() not in seen:
        if select.select([fd], [], [], 0.5)[0]:
            try:
                seen += os.read(fd, 4096)
            except OSError:
                break
        if not sent and b"=#" in seen:
            os.write(fd, typed.encode() + b"\t")
            sent = True
    os.write(fd, b"\x03\n\\q\n")
    os.close(fd)
    os.waitpid(pid, 0)
    return expected.encode() in seen, seen.decode(errors="replace")


done, seen = completion("CALL risk_screen.create_w", "risk_screen.create_workspace")
ok(done, "psql completes procedures", seen)
done, seen = completion("SELECT * FROM desk.risk_b", "desk.risk_board")
ok(done, "psql completes views", seen)

# what the planner expects of every view, table and function, against what comes; one row is as good as none
UNLIKE = {
    "desk.fact": "joins of materialized CTEs, which have no statistics",
    "desk.transfer_tag": "txn_id of the sample is a char(n) column cast to text, of which there are no statistics",
    "desk.custody_statement": "a join that the sample's own mapping makes: all statements are of the few institutions with a custody account",
    "desk.feed_report": "days of feeds by generate_series; no feed is open in the sample",
    "desk.migration": "moves between two days; the sample was screened for one",
    "desk.overdue_action": "hangs on the clock",
    "desk_related_parties": "a fixed number, of a large desk: rules join it (619 rows on the demo of 300 institutions)",
    "desk_money": "a fixed number, of a large desk (1,299 rows on the demo)",
    "desk_gaps": "a fixed number; how many institutions lack data is not known before",
    "desk_name_hits": "a fixed number, of a register to screen; the sample has 18 hits",
    "check_lexicon": "one row per fault; the shipped list has none",
    "flow_graph_transfers": "a fixed number: the file of a graph is not opened to plan",
    "ownership_graph_holdings": "likewise",
}
far, checked = [], 0
for name, sql in queries.items():
    if name in SCALAR or name in UNLIKE:
        continue
    source = name if name.startswith("desk.") else "risk_screen.%s(%s)" % (name, CALLS[name])
    estimate = re.search(r"rows=(\d+)", psql("EXPLAIN SELECT * FROM " + source))
    rows = psql("SELECT count(*) FROM " + source)
    if not estimate:
        far.append("%s: no plan" % name)
        continue
    checked += 1
    if not 1 / 10 <= max(int(estimate.group(1)), 1) / max(int(rows), 1) <= 10:
        far.append("%s: %s estimated, %s rows" % (name, estimate.group(1), rows))
ok(checked > 150 and not far, "row estimates of %d views, tables and functions are within ten times of what comes (%d others are listed with the reason)" % (checked, len(UNLIKE)), "\n".join(far))
plans = [re.search(r"cost=([0-9.]+)\.\.([0-9.]+) rows=(\d+)", psql("EXPLAIN SELECT * FROM risk_screen.find_cycles('SELECT * FROM desk.txn%s')" % limit)).groups() for limit in ("", " LIMIT 500")]
read = float(re.search(r"cost=[0-9.]+\.\.([0-9.]+)", psql("EXPLAIN SELECT * FROM desk.txn")).group(1))
ok(float(plans[0][0]) > read and float(plans[1][0]) < float(plans[0][0]) / 5 and int(plans[1][2]) < int(plans[0][2]) / 5, "they follow the query that a function is given, and cost more than reading it", plans)
wrong = [psql("EXPLAIN SELECT * FROM risk_screen.find_cycles(%s)" % text) for text in ("'no_such_table'", "'SELECT'", "''", "NULL", "'SELECT 1; SELECT 2'", "'DELETE FROM desk.run'")]
ok(all("rows=1000 " in plan for plan in wrong), "a text that cannot be planned leaves the fixed numbers, and says what is wrong when it is run", wrong)
psql("CREATE ROLE clients_nobody")
ok("rows=1000 " in psql("GRANT USAGE ON SCHEMA risk_screen TO clients_nobody; SET ROLE clients_nobody; EXPLAIN SELECT * FROM risk_screen.find_cycles('SELECT * FROM filing.pay_flow')"), "and so does one that the caller may not read")
psql("DROP OWNED BY clients_nobody; DROP ROLE clients_nobody")
cost = float(re.search(r"cost=[0-9.]+\.\.([0-9.]+)", psql("EXPLAIN SELECT * FROM risk_screen.trace_summary('desk.txn', '{A000190}')")).group(1))
ok(cost > 100, "functions that read whole queries cost more than a row of a table", cost)

# ---- what BI tools import
broken = []
for panel in json.load(open("examples/bi/grafana.json", encoding="utf-8"))["panels"]:
    for target in panel["targets"]:
        sql = re.sub(r"\$__timeFilter\(([^)]*)\)", r"\1 BETWEEN '2026-01-01' AND '2026-12-31'", target["rawSql"])
        rows = psql("SELECT count(*) FROM (%s) AS x" % sql)
        if not rows.isdigit() or rows == "0" and panel["title"] != "逾期动作":
            broken.append("%s: %s" % (panel["title"], rows))
ok(not broken, "every query of the Grafana dashboard runs and has rows", "\n".join(broken))
made = subprocess.run(["examples/bi/superset_datasets", "warehouse", "desk", "监管仓库"], stdout=subprocess.PIPE, check=True).stdout
again = subprocess.run(["examples/bi/superset_datasets", "warehouse", "desk", "监管仓库"], stdout=subprocess.PIPE, check=True).stdout
archive = zipfile.ZipFile(io.BytesIO(made))
board = archive.read("risk_screen/datasets/desk/risk_board.yaml").decode()
ok(made == again and archive.testzip() is None and 'verbose_name: "现行等级名称"' in board and "main_dttm_col: as_of" in board, "Superset's import has the views with Chinese labels", board[:800])
wrong = []
for name in archive.namelist():
    if "/datasets/" in name:
        text = archive.read(name).decode()
        view = re.search(r"^table_name: (\w+)", text, flags=re.M).group(1)
        expressions = re.findall(r"^  expression: (.*)$", text, flags=re.M) + re.findall(r"^- column_name: (\w+)", text, flags=re.M)
        out = psql("SELECT count(*) FROM (SELECT %s FROM desk.%s) x" % (", ".join(re.findall(r"^- column_name: (\w+)", text, flags=re.M)), view)) + psql("SELECT %s FROM desk.%s" % (
            ", ".join("(%s) IS NULL" % e for e in expressions if "(" in e), view))
        if "ERROR" in out:
            wrong.append(out)
ok(not wrong, "its columns and metrics exist", "\n".join(wrong))

cluster("destroy", "clients")
print("1..%d" % count)
sys.exit(failed > 0)
