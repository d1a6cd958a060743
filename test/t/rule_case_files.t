#!/usr/bin/env python3
"""Runs the case files test/cases/rule_*.case and counts them: every computable or partly computable requirement of sections A, B, C, G, H, J and M
has rows that hit, a look-alike that does not, the values below, on and above its number, and missing data that is unknown.
The first hit of a rule is tried again with a row in every role that says nothing: nothing may stop or change.
A kind that is absent needs a reason in the case file. In each case that hits, every column that a role may leave out is emptied in all rows:
what was a hit must not become silence (it may be unknown), but for columns that the case file or OPTIONAL says are optional. Every switch between readings of a clause is flipped and must matter.

A case file is lines (indented lines continue the one before):

	rule CODE                         the rule from here on
	given STEPS                       filed rows that each case of the rule starts from
	KIND STEPS => OUTCOME  -- why     one case; KIND is hit, look_alike, boundary_below, boundary_at, boundary_above or missing,
	                                  with [parameter] when it is not what observed is compared with, with @DATE when not as of 2026-11-20
	switch STEPS ; ! P=V => OUTCOME >> OUTCOME  before and after what the ! says, a parameter or SQL
	without KIND: reason
	optional ROLE.COLUMN: reason      when nobody files the column, the rule may say nothing

STEPS, separated by " ; ":  + role a=b c:=sql | c=d    rows; after | only what differs      +50 role a:='x' || i    i from 1 to 50
                            ~ role a=b -> c=d   change   - role a=b   delete     ! parameter=value [operator]   anything else is SQL
OUTCOME:  hit A=1, B; clear C=2; unknown D      hits and unknowns are exactly these; "value" for what is only measured; = is observed."""
import decimal
import glob
import json
import os
import re
import shlex
import subprocess
import sys

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
AS_OF = "2026-11-20"
BOUNDARY = ("boundary_below", "boundary_at", "boundary_above")
KINDS = ("hit", "look_alike") + BOUNDARY + ("missing",)
tests = failed = 0


def ok(passed, name, why=""):
    global tests, failed
    tests += 1
    failed += not passed
    print(("ok" if passed else "not ok"), tests, "-", name, "" if passed else "# " + str(why)[:1500].replace("\n", " | "), flush=True)


def sql(query):
    return subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-F", "\t", "-c", query], capture_output=True, text=True, check=True).stdout.strip("\n").split("\n")


# ------------------------------------------------------------------ reading
def literal(pair):
    name, raw, value = re.match(r"(\w+)(:?)=(.*)$", pair, re.S).groups()
    return name, value if raw else "NULL" if value == "null" else "'" + value.replace("'", "''") + "'"


def words(text):
    """Split at blanks outside of quotes; double quotes go, single quotes belong to SQL."""
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters, lexer.quotes, lexer.escape = " \t\n", True, "", '"', ""
    return list(lexer)


def where(words_):
    return " AND ".join("%s IS NOT DISTINCT FROM %s" % literal(w) for w in words_) or "true"


def step(text):
    """One step of a case as SQL."""
    text = text.strip()
    m = re.match(r"\+(\d*) ([\w.]+)(.*)$", text, re.S)
    if m:
        number, role, rest = m.groups()
        row, out = {}, []
        for part in rest.split(" | "):
            row = dict(row, **dict(literal(w) for w in words(part)))
            out.append("INSERT INTO %s (%s) SELECT %s FROM generate_series(1, %s) AS i;" % (role, ", ".join(row), ", ".join(row.values()), number or 1))
        # a bare literal in a SELECT is text, so VALUES where nothing is counted
        return "\n".join(out) if number else "\n".join(re.sub(r"SELECT (.*) FROM generate_series\(1, 1\) AS i;$", r"VALUES (\1);", o, flags=re.S) for o in out)
    m = re.match(r"~ ([\w.]+)(.*?) -> (.*)$", text, re.S)
    if m:
        return "UPDATE %s SET %s WHERE %s;" % (m[1], ", ".join("%s = %s" % literal(w) for w in words(m[3])), where(words(m[2])))
    m = re.match(r"- ([\w.]+)(.*)$", text, re.S)
    if m:
        return "DELETE FROM %s WHERE %s;" % (m[1], where(words(m[2])))
    m = re.match(r"! (\w+)=(\S+?)(?: ([<>=]+))?$", text)
    if m:      # an analyst's row replaces the shipped one
        return ("INSERT INTO risk_screen.parameter (code, value, operator, sense, line, valid_from) SELECT code, %s, %s, sense, line, '2000-01-01'"
                " FROM risk_screen.parameter WHERE code = '%s' AND builtin LIMIT 1;" % (m[2], "'%s'" % m[3] if m[3] else "operator", m[1]))
    return text.lstrip("! ") + ";"


def steps(text):
    return [s for s in re.split(r"\s;\s", " " + text + " ") if s.strip()]


def outcome(text):
    out = {"hit": {}, "clear": {}, "unknown": {}, "value": {}}
    for part in text.split(";"):
        part = part.strip()
        if part in ("clear", "nothing", ""):
            continue
        state, rest = re.match(r"(hit|clear|unknown|value)\s+(.*)$", part, re.S).groups()
        for item in rest.split(","):
            name, _, number = item.strip().rpartition("=") if re.search(r"=-?[\d.]+$", item.strip()) else (item.strip(), "", "")
            out[state][name.strip().strip('"')] = number or None
    return out


def read(path):
    rules, current, lines = {}, None, []
    for no, line in enumerate(open(path, encoding="utf-8"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] in " \t" and lines:
            lines[-1][1] += " " + line.strip()
        else:
            lines.append([no, line.strip()])
    for no, line in lines:
        line, _, why = line.partition("  -- ")
        word, _, rest = line.partition(" ")
        place = "%s:%d" % (os.path.basename(path), no)
        if word == "rule":
            if rest.strip() in rules:
                raise SystemExit("Bail out! %s: rule %s twice" % (place, rest))
            current = rules.setdefault(rest.strip(), {"given": [], "cases": [], "without": {}, "optional": {}, "place": place})
        elif word == "given":
            current["given"] += steps(rest)
        elif word == "without":
            kind, _, reason = rest.partition(":")
            for k in BOUNDARY if kind.strip() == "boundary" else (kind.strip(),):
                current["without"][k] = reason.strip()
        elif word == "optional":
            column, _, reason = rest.partition(":")
            current["optional"][column.strip()] = reason.strip()
        else:
            m = re.match(r"(\w+)(?:\[(\w+)\])?(?: @(\S+))?(.*)=>(.*)$", line, re.S)
            if not m or m[1] not in KINDS + ("switch",):
                raise SystemExit("Bail out! %s: cannot read %r" % (place, line))
            outcomes = [outcome(o) for o in m[5].split(">>")]
            current["cases"].append({"kind": m[1], "parameter": m[2], "as_of": m[3] or AS_OF, "steps": steps(m[4]), "expected": outcomes, "why": why.strip(), "place": place})
    return rules


# ------------------------------------------------------------------ running
# a row of each role in which no field was filed
EMPTY_ROWS = "DO $$ DECLARE r text; BEGIN FOR r IN SELECT role FROM risk_screen.role LOOP EXECUTE format('INSERT INTO filing.%I DEFAULT VALUES', r); END LOOP; END $$;"


def first_hit(r):
    return next((c for c in r["cases"] if c["kind"] == "hit"), None)


def script(rules):
    out = ["\\set ON_ERROR_STOP off", "BEGIN;", "\\i test/fixtures/desk.sql", "\\i test/fixtures/case.sql", "SET LOCAL search_path = filing, desk, risk_screen, public;"]
    n = 0

    def ask(code, case):
        nonlocal n
        out.append("\\echo @%d" % n)
        out.append("SELECT coalesce(jsonb_agg(jsonb_build_object('s', subject_id, 'h', hit, 'o', observed, 't', threshold, 'op', operator, 'm', evidence ->> 'missing')), '[]') FROM risk_screen.run_rule('desk', '%s', '%s');" % (code, case["as_of"]))
        n += 1
    for code, r in rules.items():
        out.append("SAVEPOINT rule;")
        out += ["\\echo @given " + code] + [step(s) for s in r["given"]]
        for case in r["cases"]:
            out.append("SAVEPOINT case_;")
            case["first"] = n
            out.append("\\echo @case " + case["place"])
            if case["kind"] == "switch":
                out += [step(s) for s in case["steps"] if not s.strip().startswith("!")]
                ask(code, case)
                out += [step(s) for s in case["steps"] if s.strip().startswith("!")]
            else:
                out += [step(s) for s in case["steps"]]
            ask(code, case)
            if case is first_hit(r):
                out.append(EMPTY_ROWS)
                ask(code, case)
                # these rows take part in no emptying
                out += ["ROLLBACK TO case_;"] + [step(s) for s in case["steps"]]
            if case["kind"] == "hit":
                out.append("\\echo @unfiled " + case["place"])
                out.append("SELECT '=' || column_name FROM filing.unfiled('%s', '%s') WHERE said = '';" % (code, case["as_of"]))
            out.append("ROLLBACK TO case_;")
        out.append("ROLLBACK TO rule;")
    return "\n".join(out + ["ROLLBACK;"]), n


def run(rules):
    text, n = script(rules)
    p = subprocess.run(["psql", "-XqtA"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=top)
    answers, noise, at = {}, {}, None
    silent = {}
    for line in p.stdout.split("\n"):
        if re.match(r"@\d+$", line):
            at = int(line[1:])
        elif line.startswith("@"):
            at = line
        elif isinstance(at, int) and line.startswith("["):
            answers[at] = json.loads(line, parse_float=decimal.Decimal)
        elif str(at).startswith("@unfiled ") and line.startswith("="):
            silent.setdefault(at.split()[1], set()).add(line[1:])
        elif "ERROR" in line:
            noise.setdefault(at, []).append(line)
    return answers, noise, silent


def number(x):
    return None if x is None else decimal.Decimal(str(x))


def same(a, b):
    return abs(a - b) <= decimal.Decimal("1e-9")


def compare(rows, expected, only_measured):
    """What differs between the rows of a run and an expected outcome; '' if nothing."""
    hits = set() if only_measured else {r["s"] for r in rows if r["h"] and r["o"] is not None}
    unknown = {r["s"] for r in rows if r["o"] is None} - hits
    wrong = []
    if hits != set(expected["hit"]):
        wrong.append("hits %s, expected %s" % (sorted(hits), sorted(expected["hit"])))
    if unknown != set(expected["unknown"]):
        wrong.append("unknown %s, expected %s" % (sorted(unknown), sorted(expected["unknown"])))
    if any(r["o"] is None and not r["m"] for r in rows):
        wrong.append("unknown without a reason under missing: %s" % [r["s"] for r in rows if r["o"] is None and not r["m"]])
    for state in ("hit", "clear", "value"):
        for name, value in expected[state].items():
            got = [r for r in rows if r["s"] == name and r["o"] is not None]
            if state == "value" and not got:
                wrong.append("%s not measured" % name)
            if value is not None and not any(same(number(r["o"]), number(value)) for r in got):
                wrong.append("%s is %s, expected %s" % (name, [r["o"] for r in got], value))
    return "; ".join(wrong)


def relation(case, rows):
    """A boundary case lies where its kind says: observed below, on or above the threshold."""
    named = set(case["expected"][-1]["hit"]) | set(case["expected"][-1]["clear"]) | set(case["expected"][-1]["value"])
    sides = {(number(r["o"]) > number(r["t"])) - (number(r["o"]) < number(r["t"]))
             for r in rows if r["s"] in named and r["o"] is not None and r["t"] is not None}
    want = {"boundary_below": -1, "boundary_at": 0, "boundary_above": 1}[case["kind"]]
    return "" if not sides or want in sides else "measured on the other side of the threshold"


# Columns whose absence says something: NULL is the common case, or something else tells the same.
OPTIONAL = {
    "licence.valid_to": "in force until further notice", "licence.status": "valid", "eligible_bank.valid_to": "on the list until further notice",
    "txn.currency": "yuan", "balance.currency": "yuan", "filing.status": "accepted", "equity.share": "control and groups make related parties too",
    "loan.description": "texts are read where there are any", "product.name": "texts are read where there are any", "party.name": "an identifier tells who it is", "investor.name": "an identifier tells who it is",
}
rules = {}
for path in sorted(glob.glob(os.path.join(top, "test", "cases", "rule_*.case"))):
    for code, r in read(path).items():
        if code in rules:
            raise SystemExit("Bail out! %s: rule %s twice" % (r["place"], code))
        rules[code] = r
only = os.environ.get("RS_RULES")
if only:
    rules = {c: r for c, r in rules.items() if re.match(only, c)}
known = {c: (n, s, p.split(",") if p else [], comparing == "t") for c, n, s, p, comparing in (line.split("\t") for line in sql("""
    SELECT r.code, coalesce(q.nature, ''), coalesce(r.severity::text, ''), array_to_string(r.parameters, ','),
           EXISTS (SELECT FROM risk_screen.parameter AS p WHERE p.code = ANY (r.parameters) AND (p.operator <> '=' OR p.sense <> 'value'))
      FROM risk_screen.rule AS r LEFT JOIN risk_screen.requirement AS q USING (code) WHERE r.builtin"""))}
ok(not set(rules) - set(known), "case files name shipped rules only", sorted(set(rules) - set(known)))
rules = {c: r for c, r in rules.items() if c in known}
answers, noise, silent = run(rules)

for code in sorted(rules):
    wrong, n = [], 0
    for text in noise.get("@given " + code, []):
        wrong.append("given: " + text)
    for case in rules[code]["cases"]:
        n += 1
        for text in noise.get("@case " + case["place"], []) + [t for i in range(case["first"], case["first"] + len(case["expected"])) for t in noise.get(i, [])]:
            wrong.append("%s: %s" % (case["place"], text))
        for i, expected in enumerate(case["expected"]):
            rows = answers.get(case["first"] + i)
            why = "no answer" if rows is None else compare(rows, expected, known[code][1] == "")
            if rows is not None and case["kind"] in BOUNDARY and case["parameter"] is None:
                why = "; ".join(filter(None, [why, relation(case, rows)]))
            if why:
                wrong.append("%s %s: %s" % (case["place"], case["kind"], why))
        if case is first_hit(rules[code]):
            rows = answers.get(case["first"] + len(case["expected"]))
            # a role that has but the empty row lacks every column
            why = "no answer" if rows is None else compare([r for r in rows if r["s"] != "(not filed)" and not (r["m"] or "").startswith("columns without values: ")], case["expected"][-1], known[code][1] == "")
            if why:
                wrong.append("%s with a row of nothing in every role: %s %s" % (case["place"], why, noise.get(case["first"] + len(case["expected"]), "")))
        last = case["expected"][-1]
        if case["kind"] == "hit" and not last["hit"] and not last["value"] or case["kind"] == "missing" and not last["unknown"] \
           or case["kind"] == "look_alike" and last["hit"] or case["kind"] == "switch" and (len(case["expected"]) != 2 or case["expected"][0] == last):
            wrong.append("%s: not what a %s is" % (case["place"], case["kind"]))
    ok(not wrong, "%s: %d cases" % (code, n), "\n".join(wrong))
if only:
    print("1..%d" % tests)
    sys.exit(failed > 0)

# ------------------------------------------------- columns that nobody files
wrong, used = [], set()
for code in sorted(rules):
    for case in rules[code]["cases"]:
        wrong += ["%s: %s" % (case["place"], text) for text in noise.get("@unfiled " + case["place"], [])]
        for column in sorted(silent.get(case["place"], ())):
            used.add((code, column))
            if column not in OPTIONAL and len(rules[code]["optional"].get(column, "")) < 15:
                wrong.append("%s: without %s there is no hit, and %s says nothing" % (case["place"], column, code))
ok(not wrong, "a column that nobody files is no clean bill: in each case that hits, emptied in every row, it leaves a hit or an unknown", "\n".join(wrong))
stale = [c + " " + x for c in rules for x in rules[c]["optional"] if (c, x) not in used] + [x for x in OPTIONAL if not any(x == u for c, u in used)]
ok(not stale, "and no column is called optional for nothing", stale)

# ----------------------------------------------------------------- counting
lacking = []
for code in sorted(c for c in known if re.match("[ABCGHJM]", c) and known[c][0] in ("C", "P")):
    r = rules.get(code)
    if r is None:
        lacking.append(code + " has no case file")
        continue
    kinds = {c["kind"] for c in r["cases"]}
    for kind in KINDS:
        if kind in kinds or kind in BOUNDARY and not known[code][3]:
            continue
        if len(r["without"].get(kind, "")) < 15:
            lacking.append("%s lacks %s" % (code, kind))
    lacking += ["%s says it is without %s and has it" % (code, k) for k in r["without"] if k in kinds]
ok(not lacking, "every C or P requirement of A, B, C, G, H, J, M that is a rule has each kind of case, or says why not", ", ".join(lacking))

out = sql("""SELECT string_agg(r.code, ', ' ORDER BY r.code) FROM risk_screen.rule AS r JOIN risk_screen.requirement AS q USING (code)
    WHERE r.builtin AND r.code ~ '^[ABCGHJM]' AND (r.title_zh = '' OR r.title_en = '' OR coalesce(cardinality(r.plan), 0) = 0 OR coalesce(r.clause, '') = '' OR r.level = '' OR r.kind = '' OR r.reason_zh = '' OR r.reason_en = '' OR r.tier IS NULL
       OR EXISTS (SELECT FROM unnest(r.parameters) AS u WHERE NOT EXISTS (SELECT FROM risk_screen.parameter AS p WHERE p.code = u AND p.builtin AND p.operator <> '' AND p.valid_from IS NOT NULL AND p.source <> '' AND p.title_zh <> '')))""")
ok(out == [""], "every rule has titles, plan, clause, level, kind, tier, explanation, and parameters with operator, date and source", out)
# the numbers that the issue names, at the very value
EXACT = [("B12", "boundary_at", 50), ("B12", "boundary_above", 51), ("B13", "boundary_below", 0.299), ("B13", "boundary_at", 0.3), ("B14", "boundary_at", 50000),
         ("B14", "boundary_below", 49999.99), ("B21", "boundary_at", 0.05), ("B20", "boundary_at", 0.005), ("B24", "boundary_at", 5), ("J01", "boundary_at", 1)]
wrong = []
for code, kind, value in EXACT:
    rows = [r for c in rules.get(code, {"cases": []})["cases"] if c["kind"] == kind for r in answers.get(c["first"], [])]
    if not any(r["o"] is not None and same(number(r["o"]), number(value)) for r in rows):
        # a body that leaves out what is below its line measures nothing there
        if not (kind == "boundary_below" and not rows):
            wrong.append("%s %s: %s, not %s" % (code, kind, [r["o"] for r in rows], value))
ok(not wrong, "the numbers of the plans are tried at the very value: 50, 51, 29.9 %, 30 %, 50,000, 5 %, 0.5 %, five times, one day", wrong)

# section 16 of the requirements: every reading is a stored choice, and flipping it changes an outcome
SWITCHES = [("1", "M01", "feed_lag"), ("1", "M01", "feed_lag_realtime"), ("1", "M01", "mode"), ("2", "B03", "mismatch_cut"), ("3", "B12", "user_txn_count"), ("3", "B21", "dual_recording_yield"),
            ("4", "B14", "daily_review_form"), ("5", "B12", "user_txn_sliding"), ("6", "B13", "loan_surge_form"), ("6", "B13", "surge_floor"), ("6", "B13", "loan_surge_window"),
            ("7", "B15", "rate_cap_basis"), ("7", "B15", "benchmark_rate"), ("8", "B19", "reserve_series"), ("8", "B19", "reserve_ratio"), ("8", "G09", "reserve_series"),
            ("9", "H01", "term_exception"), ("9", "H03", "province"), ("9", "H01", "lexicon"), ("", "C16", "custody_share"), ("", "B27", "min_capital"), ("", "B02", "top_n"), ("", "B11", "complaint_age"), ("", "B28", "yield_excess"),
            ("", "B31", "priority_signs"), ("", "C10", "fictitious_return"), ("", "J01", "disclosure_days"), ("", "J02", "disclosure_gap")]
flips = {}
for code, r in rules.items():
    for c in r["cases"]:
        for s in c["steps"] if c["kind"] == "switch" else []:
            if s.strip().startswith("!"):
                flips.setdefault(code, []).append(s)
missing = [(no, c, p) for no, c, p in SWITCHES if not any(re.search(r"\b%s\b" % p, s) for s in flips.get(c, []))]
ok(not missing, "every switch of section 16 and of docs/rules.md is flipped by a case whose outcome changes", missing)
shown = open(os.path.join(top, "docs", "rules.md"), encoding="utf-8").read()
missing = [p for no, c, p in SWITCHES if no and "`%s" % p not in shown and p not in ("province", "benchmark_rate", "reserve_ratio", "user_txn_count", "dual_recording_yield", "loan_surge_window", "mode")]
ok(not missing, "and docs/rules.md names it with its default", missing)
# 10 to 13: one decision table for the classes of four documents, yellow alone is published, what is not finance is out of scope
ok(sql("SELECT count(DISTINCT scheme) > 3 FROM risk_screen.disposal_rule") == ["t"], "the disposal classes of the documents stand in one table, a scheme each")
ok(sql("SELECT string_agg(code, ' ' ORDER BY code) FROM risk_screen.rule_catalogue WHERE code IN ('L18', 'N22') AND state = 'out of scope'") == ["L18 N22"], "what is not finance is out of scope and says why")
ok(sql("""SELECT coalesce(string_agg(code || ' ' || state, ', ' ORDER BY code), '') FROM risk_screen.rule_catalogue
           WHERE nature IN ('C', 'P') AND code ~ '^[ABCGHJM]' AND state NOT IN ('rule', 'indicator', 'candidate')""") == [""], "no C or P requirement of these sections is a mere record")
print("# %d cases of %d rules" % (sum(len(r["cases"]) for r in rules.values()), len(rules)))
print("1..%d" % tests)
sys.exit(failed > 0)
