#!/usr/bin/env python3
"""finbench.t - examples/finbench against an enumeration of walks, on generated data full of ties.

Every account, person and loan of several small data sets, three windows, with
and without truncation; then the same answers from a flow graph.
"""
import json, os, subprocess, sys
from decimal import Decimal

os.chdir(os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")))
sys.path.insert(0, "test/oracle")
from finbench import Graph

count = failed = 0
total = {}
# the second begins and ends on days that the data have (multiples of 31 days)
WINDOWS = (("2020-01-01 00:00:00+00", "2023-01-01 00:00:00+00"), ("2021-09-12 00:00:00+00", "2022-11-20 00:00:00+00"),
           ("2022-09-01 00:00:00+00", "2022-12-31 00:00:00+00"))


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()[:40]), end="", file=sys.stderr)
    sys.stdout.flush()


def psql(sql, database="finbench_t"):
    run = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"], input=sql, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PGTZ": "UTC"})
    if run.returncode:
        raise SystemExit("Bail out! " + run.stderr)
    return run.stdout.strip()


def rows(sql):
    return json.loads(psql("SELECT coalesce(json_agg(x), '[]') FROM (%s) x" % sql), parse_float=Decimal)


def answers(sql):
    """id -> its rows in the order of the read; every read is asked once for all ids."""
    have = {}
    for row in rows(sql):
        have.setdefault(row["id"], []).append(tuple(value for name, value in row.items() if name not in ("id", "ordinality")))
    return have


def norm(value):
    if isinstance(value, (list, tuple)):
        return tuple(norm(v) for v in value)
    return Decimal(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value


def call(read, table, arguments):
    return "SELECT s.id, r.* FROM finbench.%s s, LATERAL finbench.%s(s.id, %s) WITH ORDINALITY r ORDER BY s.id, r.ordinality" % (table, read, arguments)


long = os.environ.get("RS_LONG") == "1"
for seed in range(1, 13 if long else 4):
    psql("SET client_min_messages = error; DROP DATABASE IF EXISTS finbench_t WITH (FORCE); CREATE DATABASE finbench_t", "postgres")
    data = subprocess.run([sys.executable, "examples/finbench/generate.py", "--owners", "24", "--seed", str(seed), "--max-degree", str(3 + 2 * seed), "--days", "31"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    psql("CREATE EXTENSION risk_screen")
    psql("BEGIN;" + open("examples/finbench/schema.sql").read() + open("examples/finbench/reads.sql").read() + data + "COMMIT;")
    psql("INSERT INTO finbench.transfer SELECT 100000 + id, payer, payer, amount, at FROM finbench.transfer WHERE id % 17 = 0")     # to oneself
    psql("UPDATE finbench.medium SET blocked = id % 2 = 0")         # 5 % would leave tcr1 without an answer
    psql("SELECT risk_screen.create_flow_graph('finbench', 'finbench.payment')")
    tables = {t: rows("SELECT * FROM finbench.%s" % t) for t in
              ("account", "person", "transfer", "withdraw", "deposit", "loan", "apply", "guarantee", "medium", "sign_in")}
    for table in tables.values():
        for row in table:
            for name in ("at", "created_at"):
                if name in row:
                    row[name] = row[name].replace("T", " ").replace("+00:00", "+00")
            for name in ("amount", "balance"):
                if name in row:
                    row[name] = Decimal(row[name])
    graph = Graph(tables)
    accounts, persons = [a["id"] for a in tables["account"]], [p["id"] for p in tables["person"]]
    loans = list(graph.loans)
    for window in WINDOWS:
        w = "'%s', '%s'" % window
        for limit in (None, 2):
            cut = ", %s" % ("NULL" if limit is None else limit)
            cases = [
                ("tcr1", "account", w + cut, {a: graph.tcr1(a, window, limit) for a in accounts}),
                ("tcr2", "person", w + cut, {p: graph.tcr2(p, window, limit) for p in persons}),
                ("tcr5", "person", w + cut, {p: [(c, False) for c in graph.tcr5(p, window, limit)] for p in persons}),
                ("tcr8", "loan", "0, " + w + cut, {l: graph.tcr8(l, Decimal(0), window, limit) for l in loans}),
                ("tcr8", "loan", "0.25, " + w + cut, {l: graph.tcr8(l, Decimal("0.25"), window, limit) for l in loans}),
            ]
            if limit is None:
                cases += [
                    ("tcr11", "person", w, {p: graph.tcr11(p, window) for p in persons}),
                    ("tcr1", "account", w + ", NULL, 'graph:finbench'", cases[0][3]),
                    ("tcr2", "person", w + ", NULL, 'graph:finbench'", cases[1][3]),
                    ("tcr5", "person", w + ", NULL, 'graph:finbench'", cases[2][3]),
                ]
            for read, table, arguments, want in cases:
                want = {k: norm(v) for k, v in want.items() if v}
                have = {k: norm(v) for k, v in answers(call(read, table, arguments)).items()}
                total[read] = total.get(read, 0) + sum(map(len, want.values()))
                wrong = [k for k in {**want, **have} if want.get(k, ()) != have.get(k, ())]
                ok(not wrong, "data %d: %s(%s) for %d ids, %d rows" % (seed, read, arguments, len(want), sum(map(len, want.values()))),
                   wrong and "%s:\nwant %s\nhave %s" % (wrong[0], want.get(wrong[0]), have.get(wrong[0])))
        some = accounts[::5]
        for source in ("finbench.payment", "graph:finbench"):
            have = {(r["a"], r["b"]): r["hops"] for r in rows("SELECT a, b, finbench.tcr3(a, b, %s, '%s') AS hops FROM unnest('{%s}'::bigint[]) a, unnest('{%s}'::bigint[]) b"
                                                              % (w, source, *[",".join(map(str, some))] * 2))}
            want = {(a, b): graph.tcr3(a, b, window) for a in some for b in some}
            ok(have == want, "data %d: tcr3 in %s, %d pairs, window %s" % (seed, source, len(want), window[0]), [k for k in want if have.get(k) != want[k]][:3])
        pairs = sorted({(t["payer"], t["payee"]) for t in tables["transfer"]})
        have = {}
        for r in rows("SELECT p.payer AS a, p.payee AS b, r.* FROM (SELECT DISTINCT payer, payee FROM finbench.transfer) p, LATERAL finbench.tcr4(payer, payee, %s) WITH ORDINALITY r ORDER BY r.ordinality" % w):
            have.setdefault((r["a"], r["b"]), []).append(tuple(v for n, v in r.items() if n not in ("a", "b", "ordinality")))
        want = {p: graph.tcr4(*p, window) for p in pairs}
        ok({k: norm(v) for k, v in have.items()} == {k: norm(v) for k, v in want.items() if v}, "data %d: tcr4 for %d pairs, %d with a ring" % (seed, len(pairs), sum(map(bool, want.values()))))

ok(len(total) == 5 and min(total.values()) > 50, "every read had answers to give", total)
psql('DROP DATABASE finbench_t WITH (FORCE)', "postgres")
print("1..%d" % count)
sys.exit(failed > 0)
