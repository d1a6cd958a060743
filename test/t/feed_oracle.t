#!/usr/bin/env python3
"""load_feed() against an independent reading of random messages: which rows are
bad, why, what the good ones hold, and whether the message adds up. The published
JSON Schema agrees where the module jsonschema is installed."""
import datetime
import json
import os
import random
import re
import subprocess
import sys
from decimal import Decimal

LONG = os.environ.get("RS_LONG") == "1"
ROLES = ["txn", "account", "equity", "ops_day", "institution", "position", "loan"]
MESSAGES = 40 if LONG else 4
ROWS = 120
rnd = random.Random(20261122)
count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()[:30]), end="")


def psql(sql):
    run = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], input="SET client_min_messages = warning;\n" + sql, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode:
        sys.exit("psql: " + run.stdout[-2000:])
    return run.stdout


def columns_of(role):
    out = psql("SELECT json_agg(json_build_object('name', c.name, 'type', c.type, 'required', c.required AND c.name <> 'inst_id', 'low', c.low, 'high', c.high,"
               " 'codes', (SELECT json_agg(l.code) FROM risk_screen.code_label AS l WHERE l.domain = c.codes)) ORDER BY c.ordinal)"
               " FROM risk_screen.role_column AS c WHERE c.role = '%s' AND c.name <> 'known_from'" % role)
    return json.loads(out)


WORDS = ["a", "b", "客户", "x y", "é", "0", " pad "]


def good(c):
    t = c["type"]
    if t == "text":
        return rnd.choice(c["codes"]) if c["codes"] else rnd.choice(WORDS) + str(rnd.randrange(10 ** 6))
    if t == "text[]":
        return [rnd.choice(c["codes"]) if c["codes"] else rnd.choice(WORDS) for _ in range(rnd.randrange(3))]
    if t == "boolean":
        return rnd.random() < .5
    if t == "date":
        return str(datetime.date(2026, 1, 1) + datetime.timedelta(days=rnd.randrange(300)))
    if t.startswith("timestamp"):
        d = datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=rnd.randrange(300 * 86400))
        return d.strftime("%Y-%m-%d") + rnd.choice("T t") + d.strftime("%H:%M:%S") + rnd.choice(["", ".5", ".123456"]) + rnd.choice(["Z", "z", "+08:00", "-03:30", "+15:59"])
    if t == "numeric":
        low = 0 if c["low"] is not None and c["low"] <= 0 else 1 if c["low"] is not None else -5
        v = rnd.choice([low, "%d.00" % low, "0.25" if low <= 0 else "2.5", 1, "1.000"])
        return Decimal(v) if rnd.random() < .5 else str(v)
    v = rnd.choice([1, 2, 5, "3", Decimal("4.0")])
    return v


def bad(c):
    return rnd.choice([None, "", "  ", 7, -1, Decimal("0.5"), Decimal("1e30"), "7", "-7", "1e3", "NaN", "0x1", "1.", ".5", "--1", "9" * 30, "9" * 201, True, [], ["a"], [1], [""], [None],
                       {}, {"a": 1}, "2026-02-29", "2024-02-29", "2026-13-01", "2026-1-1", "0000-01-01", "0001-01-01", "9999-12-31", "20260101", "infinity", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z",
                       "2026-01-01T23:59:60Z", "2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00+16:00", "2026-01-01T00:00:00+0800", "1900-02-29", "2000-02-29T00:00:00Z", "2026-01-01T00:00:00.Z",
                       "no such code", "client", Decimal("1.0000000001"), 2 ** 31, 2 ** 31 - 1, 2 ** 63, 2 ** 63 - 1, -2 ** 63])


def a_day(s):
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", s):
        return None
    try:
        return datetime.date.fromisoformat(s)
    except ValueError:
        return None


def a_moment(s):
    m = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))", s)
    if not m or a_day(m[1]) is None or int(m[2]) > 23 or int(m[3]) > 59 or int(m[4]) > 59 or (m[6] and (int(m[7]) > 15 or int(m[8]) > 59)):
        return None
    off = (int(m[7]) * 3600 + int(m[8]) * 60) * (-1 if m[6] == "-" else 1) if m[6] else 0
    d = a_day(m[1])
    return ((d.toordinal() - datetime.date(1970, 1, 1).toordinal()) * 86400 + int(m[2]) * 3600 + int(m[3]) * 60 + int(m[4]) - off) * 10 ** 6 + int((m[5] or "0").ljust(6, "0"))


def judge(c, v):
    """(problem or None, value in a comparable form)"""
    t = c["type"]
    number = isinstance(v, (int, Decimal)) and not isinstance(v, bool)
    if v is None:
        return ("missing" if c["required"] else None), None
    if t == "boolean":
        return (None, v) if isinstance(v, bool) else ("type", None)
    if t == "text":
        if not isinstance(v, str):
            return "type", None
        if not v.strip(" \t\r\n"):
            return ("missing" if c["required"] else "empty"), None
        return ("code", None) if c["codes"] and v not in c["codes"] else (None, v)
    if t == "text[]":
        if not isinstance(v, list):
            return "type", None
        if not v and c["required"]:
            return "missing", None
        for e in v:
            if not isinstance(e, str):
                return "type", None
            if not e.strip(" \t\r\n"):
                return "empty", None
            if c["codes"] and e not in c["codes"]:
                return "code", None
        return None, v
    if t == "date" or t.startswith("timestamp"):
        if not isinstance(v, str):
            return "type", None
        d = str(a_day(v)) if t == "date" and a_day(v) else a_moment(v) if t != "date" else None
        return ("format", None) if d is None else (None, d)
    if isinstance(v, str):
        if len(v.lstrip("-")) > 200 or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?" if t == "numeric" else r"-?[0-9]+", v):
            return "format", None
    elif not number:
        return "type", None
    d = Decimal(v)
    if c["low"] is not None and d < Decimal(str(c["low"])) or c["high"] is not None and d > Decimal(str(c["high"])):
        return "range", None
    if t == "numeric":
        return None, d
    if d != d.to_integral_value():
        return "format", None
    bits = 31 if t == "integer" else 63
    return ("range", None) if not -2 ** bits <= d < 2 ** bits else (None, d)


def dump(v):
    if isinstance(v, Decimal):
        return format(v, "f")
    if isinstance(v, dict):
        return "{" + ",".join(json.dumps(k) + ":" + dump(x) for k, x in v.items()) + "}"
    if isinstance(v, list):
        return "[" + ",".join(dump(x) for x in v) + "]"
    return json.dumps(v, ensure_ascii=False)


try:
    import jsonschema
except ImportError:
    jsonschema = None

psql("DROP SCHEMA IF EXISTS feed_oracle CASCADE; CALL risk_screen.create_workspace('feed_oracle');")
for role in ROLES:
    columns = columns_of(role)
    schema = json.loads(psql("SELECT risk_screen.feed_schema('%s')" % role))
    validator = jsonschema.Draft202012Validator(schema["properties"]["rows"]["items"]) if jsonschema else None
    if jsonschema:
        jsonschema.Draft202012Validator.check_schema(schema)
    wrong, unlike = [], []
    for message in range(MESSAGES):
        rows = []
        for i in range(ROWS):
            row = {}
            for c in columns:
                u = rnd.random()
                # keys stay apart, so that only values are judged here
                if c["name"].endswith("_id") and c["required"] and u < .97:
                    row[c["name"]] = "%s-%d-%d" % (c["name"], message, i)
                elif u < .03:
                    row[c["name"]] = bad(c)
                elif u < .75 or c["required"] and u < .995:
                    row[c["name"]] = good(c)
            if rnd.random() < .03:
                row[rnd.choice(["colour", "Amount", "known_from", "长" * 60, "a:b"])] = 1
            row.pop("inst_id", None)
            rows.append(row if rnd.random() < .99 else rnd.choice([None, 1, "x", [], [row]]))
        expected = []
        for i, row in enumerate(rows):
            if not isinstance(row, dict):
                expected.append((["type"], None))
                continue
            problems, values = [], {}
            for c in columns:
                p, values[c["name"]] = judge(c, row.get(c["name"]))
                if p:
                    problems.append(c["name"] + ":" + p)
            names = {c["name"] for c in columns}
            extra = sum(1 for k in row if k not in names)
            expected.append((sorted(problems) + ["unknown_field"] * extra, values))
            if validator:
                # the schema cannot say that a day exists, or how long a number may be
                says = not validator.is_valid(json.loads(dump(row)))
                softer = problems and all(p.split(":")[1] in ("format", "range") for p in problems) and not extra
                if says != bool(problems or extra) and not (softer and not says):
                    unlike.append((i, problems, extra, row))
        types = ", ".join('"%s" %s' % (c["name"], c["type"]) for c in columns)
        shown = ", ".join("'%s', %s" % (c["name"], "(extract(epoch FROM t.\"%s\") * 1000000)::bigint" % c["name"] if c["type"].startswith("timestamp") else "t.\"%s\"" % c["name"]) for c in columns)
        out = psql("SELECT json_build_object('p', t.feed_problems, 'v', json_build_object(%s)) FROM risk_screen._read_feed($rs$%s$rs$, risk_screen._feed_columns('%s')) AS t (feed_position bigint, feed_problems text[], %s) ORDER BY feed_position"
                   % (shown, dump(rows), role, types))
        for i, line in enumerate(out.splitlines()):
            got = json.loads(line, parse_float=Decimal)
            problems = sorted(p for p in got["p"] or [] if not p.endswith(":unknown_field")) + ["unknown_field"] * sum(p.endswith(":unknown_field") for p in got["p"] or [])
            want, values = expected[i]
            if values is None:
                if got["p"] != [":type"]:
                    wrong.append((i, got["p"], want))
                continue
            if problems != want:
                wrong.append((i, problems, want, rows[i]))
            for c in columns:
                g, w = got["v"][c["name"]], values[c["name"]]
                if isinstance(w, Decimal):
                    g = None if g is None else Decimal(g)
                if g != w:
                    wrong.append((i, c["name"], g, w))
    ok(not wrong, "%s: %d rows are judged and read as the oracle does" % (role, MESSAGES * ROWS), wrong)
    if validator:
        ok(not unlike, "%s: the published schema accepts and refuses the same rows" % role, unlike)
    # the whole way: what is loaded and what is held back are all rows
    out = psql("SELECT filed, loaded, quarantined, outcome FROM risk_screen.load_feed('feed_oracle', '%s', $rs${\"inst_id\": \"F\", \"report_date\": \"9999-12-31\", \"control\": {\"rows\": %d}, \"rows\": %s}$rs$);"
               "SELECT count(*) FROM feed_oracle.filed_%s; SELECT count(*) FROM feed_oracle.feed_quarantine AS q JOIN feed_oracle.feed_batch AS b USING (feed_no) WHERE b.role = '%s'"
               % (role, len(rows), dump(rows), role, role)).split()
    filed, loaded, held, outcome = out[0].split("|")
    structural = sum(1 for p, _ in expected if p)
    ok(int(filed) == ROWS and int(loaded) == int(out[1]) and int(held) == int(out[2]) and int(loaded) + int(held) == ROWS and int(held) >= structural,
       "%s: %s loaded and %s in quarantine are all rows" % (role, loaded, held), out)
psql("DROP SCHEMA feed_oracle CASCADE;")
print("1..%d" % count)
sys.exit(failed > 0)
