#!/usr/bin/env python3
"""ownership_graph.t - an ownership graph answers exactly as the query it was made from.

The oracle is the query itself: every function is asked twice, with the text of
the query and with graph:NAME, and must give the same rows, to the last digit
and in the same order (look_through and check_holdings: in any), or the same
SQLSTATE. Thousands of small random tables
(rings, own shares, duplicates, kinds, ranges, votes, dates, corrections,
wrong numbers, identifiers of every type), then large ones, which look_through
takes in parts: more targets than a part has, rings too large to be solved in
each part, rings that exist on another day.
"""
import os, random, subprocess, sys

count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print(("ok" if passed else "not ok"), count, "-", what)
    if not passed and note:
        print("# " + str(note)[:4000].replace("\n", "\n# "))
    sys.stdout.flush()


def psql(script):
    """(stdout as rows, stderr)"""
    run = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-f", "-"],
                         input="SET client_min_messages = error;\n" + script, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode:
        ok(False, "psql", run.stderr)
        print("1..%d" % count)
        sys.exit(1)
    return [line.split("\x1f") for line in run.stdout.rstrip("\n").split("\n")], run.stderr


def literal(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def array(texts):
    return "NULL" if texts is None else "ARRAY[" + ",".join(map(literal, texts)) + "]::text[]"


LONG = os.environ.get("RS_LONG") == "1"
seed = int(os.environ.get("RS_SEED", "20261122"))
r = random.Random(seed)

HELPERS = r"""
-- the rows of a call in their order, or its SQLSTATE
CREATE FUNCTION pg_temp.answer(call text, holdings text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE rows text[];
BEGIN
	EXECUTE format('SELECT array_agg(r::text) FROM risk_screen.%s r', replace(call, '@', quote_literal(holdings))) INTO rows;
	RETURN coalesce(rows, '{}');
EXCEPTION WHEN OTHERS THEN
	RETURN ARRAY['error ' || SQLSTATE];
END$$;
CREATE DOMAIN pg_temp.code AS text;
CREATE DOMAIN pg_temp.number AS int;
CREATE TYPE pg_temp.letter AS ENUM ('z', 'a', 'm', 'b');
CREATE TEMP TABLE tally (call text, rows bigint, error text, difference text);
-- how the answers of query and graph differ, if they do
CREATE FUNCTION pg_temp.compare(call text, query text, graph text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE q text[] := pg_temp.answer(call, query);
	g text[] := pg_temp.answer(call, 'graph:' || graph);
	few text;
BEGIN
	INSERT INTO tally VALUES (split_part(call, '(', 1), cardinality(q), CASE WHEN q[1] LIKE 'error %' THEN q[1] END);
	-- rows without a name, which the check lists, are not in a graph
	IF call LIKE 'check_holdings%' THEN
		SELECT coalesce(array_agg(e), '{}') INTO q FROM unnest(q) e WHERE e NOT LIKE '(NO\_OWNER,%' AND e NOT LIKE '(NO\_COMPANY,%';
	END IF;
	-- the order of check_holdings is the source's, that of look_through the way an answer was found
	IF call LIKE 'check_holdings%' OR call LIKE 'look_through%' THEN
		SELECT array_agg(e ORDER BY e COLLATE "C") INTO q FROM unnest(q) e;
		SELECT array_agg(e ORDER BY e COLLATE "C") INTO g FROM unnest(g) e;
	END IF;
	-- of rows wrong in several ways the first that is met is told
	IF q IS NOT DISTINCT FROM g OR (cardinality(q) = 1 AND cardinality(g) = 1 AND q[1] IN ('error 22003', 'error 23514') AND g[1] IN ('error 22003', 'error 23514')) THEN
		RETURN;
	END IF;
	SELECT string_agg(x, E'\n') INTO few FROM (
		(SELECT 'query: ' || e AS x FROM (SELECT unnest(q) AS e EXCEPT ALL SELECT unnest(g)) d LIMIT 3) UNION ALL
		(SELECT 'graph: ' || e FROM (SELECT unnest(g) AS e EXCEPT ALL SELECT unnest(q)) d LIMIT 3)) s;
	INSERT INTO tally VALUES (split_part(call, '(', 1), 0, NULL, format(E'%s\n%s\n%s', call, query, coalesce(few, 'another order')));
END$$;
-- one table: the graph is made, if its rows allow, else of the rows that are sound
CREATE FUNCTION pg_temp.try(query text, calls text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE call text;
	state text;
	checked text;
BEGIN
	BEGIN
		PERFORM risk_screen.create_ownership_graph('case', query);
	EXCEPTION WHEN OTHERS THEN
		state := SQLSTATE;
	END;
	checked := substr(array_to_string(pg_temp.answer('check_holdings(@)', query), ''), 1, 11);
	-- types whose equal values may look different are refused by the graph alone; a missing name the check lists
	IF 'error ' || state <> checked AND NOT (state = '22004' AND (checked NOT LIKE 'error%' OR checked = 'error 22003')) AND NOT (state = '0A000' AND query ~ '::(float8|interval) AS own') THEN
		INSERT INTO tally VALUES ('create', 0, state, format(E'created: %s, checked: %s\n%s', state, checked, query));
	END IF;
	IF state IS NOT NULL THEN
		BEGIN
			PERFORM risk_screen.create_ownership_graph('case', query, 'skip');
		EXCEPTION WHEN OTHERS THEN
			IF SQLSTATE <> state AND SQLSTATE <> '0A000' THEN
				INSERT INTO tally VALUES ('create skipping', 0, state, SQLSTATE);
			END IF;
			INSERT INTO tally VALUES ('create', 0, state, NULL);
			RETURN;
		END;
	END IF;
	FOREACH call IN ARRAY calls LOOP
		IF state IS NOT NULL THEN
			-- without the rows that no question could read
			call := replace(call, 'bad_rows => ''error''', 'bad_rows => ''skip''');
		END IF;
		PERFORM pg_temp.compare(call, query, 'case');
	END LOOP;
	PERFORM risk_screen.drop_ownership_graph('case');
END$$;
"""

# ---- small tables ----
TEXTS = ["a", "b", "C", "", "公司甲", "公司乙", "a b", "%s", "z'", "an identifier of more than thirty-two bytes, twice over: twice over", "0", "~~"]
KEYS = {
    "text": (("text", "text"), TEXTS),
    "varchar": (("varchar(80)", "varchar(80)"), TEXTS),
    "collated": (('text COLLATE "C"', "text"), TEXTS),
    "int": (("int", "int"), ["0", "1", "-1", "7", "2147483647", "-2147483648", "300", "70000"]),
    "bigint": (("bigint", "bigint"), ["0", "1", "-1", "9223372036854775807", "-9223372036854775808", "256", "1000000007"]),
    "near": (("bigint", "bigint"), [str(9000000000 + i) for i in range(9)]),
    "smallint": (("smallint", "int"), ["0", "1", "-5", "32767", "-32768", "12"]),
    "int and bigint": (("int", "bigint"), ["0", "1", "-1", "7", "2147483647", "55"]),
    "text and int": (("text", "int"), ["0", "1", "10", "9", "-4", "200"]),
    "uuid": (("uuid", "uuid"), ["%08x-0000-4000-8000-%012x" % (x, 7 * x) for x in (0, 1, 5, 255, 4000000000, 77)]),
    "numeric": (("numeric", "numeric"), ["0", "1", "-2.5", "1000000000000000000000.5", "0.001", "12"]),
    "date": (("date", "date"), ["2000-01-01", "1999-12-31", "2026-02-28", "infinity", "0044-03-15 BC"]),
    "oid": (("oid", "oid"), ["1", "4294967295", "2147483648", "17", "0"]),
    "domain": (("pg_temp.code", "text"), TEXTS),
    "domains": (("pg_temp.code", "pg_temp.code"), TEXTS),
    "number domain": (("pg_temp.number", "pg_temp.number"), ["1", "5", "-7", "100"]),
    "enum": (("pg_temp.letter", "pg_temp.letter"), ["z", "a", "m", "b"]),
    "timestamptz": (("timestamptz", "timestamptz"), ["2026-01-01 00:00+08", "infinity", "1900-01-01 00:00+08", "2026-01-01 00:00:00.000001+08"]),
    "inet": (("inet", "inet"), ["10.0.0.1", "10.0.0.0/8", "::1", "192.168.1.1"]),
    "bool": (("bool", "bool"), ["true", "false"]),
    "name": (("name", "name"), ["a", "b", "", "zz"]),
    "float8": (("float8", "float8"), ["1", "-1", "2.5", "NaN"]),
    "money": (("money", "money"), ["1", "-1", "2.5", "9"]),
    "padded": (("char(3)", "char(5)"), ["a", "b", "abc", ""]),
    "text and padded": (("text", "char(5)"), ["a", "b", "abc", ""]),
    "interval": (("interval", "interval"), ["1 day", "24 hours", "1 month", "30 days"]),
    "bytea": (("bytea", "bytea"), ["\\x", "\\x00", "\\xff", "\\x0001", "\\x61"]),
}
KINDS = ["equity", "control", "economic", "nominee", "concert", "CONCERT", "股权", "", None]
DAYS = ["2024-01-01", "2025-01-01", "2025-06-01", "2026-01-01", "2026-06-30", None]
TIMES = ["2025-01-01 00:00+08", "2025-06-01 12:00+08", "2026-01-01 00:00+08", None]


def share(grid, odd):
    x = r.random()
    if x < odd:
        return r.choice(["1.5", "-0.2", "3", "1e15", "1234567890123456.5", "0.00000000000000000001", "-1", "1.0000001"])
    if x < odd + 0.05:
        return None
    if x < odd + 0.08:
        return r.choice(["0", "1", "0.333333333333", "0.5000", "1.000"])
    return str(r.randint(0, grid) / grid)


def table(sound):
    """query text, identifiers, identifier type"""
    key = r.choice(list(KEYS))
    types, pool = KEYS[key]
    names = r.sample(pool, r.randint(1, min(len(pool), r.choice([3, 6, 12]))))
    columns = {"share": r.random() < 0.93, "votes": r.random() < 0.3, "share_min": r.random() < 0.2, "share_max": r.random() < 0.2,
               "kind": r.random() < 0.4, "valid_from": r.random() < 0.35, "valid_to": r.random() < 0.35, "known_from": r.random() < 0.25}
    if r.random() < 0.3:
        columns["share_min"] = columns["share_max"]
    if r.random() < 0.01:
        columns["share"] = columns["votes"] = columns["share_min"] = columns["share_max"] = False
    grid = r.choice([2, 10, 100, 1000])
    odd = 0 if sound else r.choice([0, 0, 0.02, 0.1])
    number = r.choice(["numeric", "numeric", "numeric", "float8", "numeric(12,6)", "real"] if odd == 0 else ["numeric", "float8"])
    rows = []
    for i in range(r.choice([0, 1, 2, 5, 10, 20, 40])):
        row = {"owner": r.choice(names), "owned": r.choice(names)}
        if rows and r.random() < 0.1:
            row = dict(r.choice(rows))      # said twice, or corrected
        if rows and r.random() < 0.05:
            rows.append(dict(rows[-1]))     # the same row again
        least, most = share(grid, odd), share(grid, odd)
        if sound and least and most and float(least) > float(most):
            least, most = most, least
        row.update(share=share(grid, odd), votes=share(grid, odd), share_min=least, share_max=most, kind=r.choice(KINDS) if r.random() < 0.5 else None,
                   valid_from=r.choice(DAYS), valid_to=r.choice(DAYS), known_from=r.choice(TIMES))
        if r.random() < 0.6:
            row["valid_from"] = row["valid_to"] = None
        if r.random() < 0.5:
            row["share_min"] = row["share_max"] = None
        rows.append(row)
    if r.random() < 0.35:       # little that is unusual: owners above companies, shares that leave room for others
        columns.update(share=True, share_min=False, share_max=False, known_from=False)
        columns["kind"] = columns["kind"] and r.random() < 0.5
        place = {name: i for i, name in enumerate(names)}
        rows = [row for row in rows if row["owner"] != row["owned"]]
        for row in rows:
            if place[row["owner"]] > place[row["owned"]]:
                row["owner"], row["owned"] = row["owned"], row["owner"]
            row["share"] = r.choice(["0.1", "0.2", "0.1", "0.05", "0.30", "0.125"])
            if r.random() < 0.5:
                row["kind"] = r.choice([None, "equity", "股权", "control"])
            if r.random() < 0.3:
                row["valid_from"], row["valid_to"] = r.choice([None] + DAYS[:3]), r.choice(DAYS)
    bad = not sound and r.random() < 0.15
    if bad and rows:
        x = r.choice(rows)
        x[r.choice(["owner", "owned"])] = None
        if r.random() < 0.5:
            r.choice(rows)["share"] = "NaN"
    order = ["owner", "owned"] + [c for c in columns if columns[c]]
    if r.random() < 0.3:
        r.shuffle(order)
    sql_type = {"owner": types[0], "owned": types[1], "share": number, "votes": "numeric", "share_min": number, "share_max": number,
                "kind": r.choice(["text", "varchar"]), "valid_from": "date", "valid_to": "date", "known_from": "timestamptz"}
    if not rows:
        query = "SELECT " + ", ".join("NULL::%s AS %s" % (sql_type[c].replace(' COLLATE "C"', ""), c) for c in order) + " WHERE false"
    else:
        values = ", ".join("(" + ", ".join(literal(row[c]) for c in order) + ")" for row in rows)
        cast = lambda c: "%s::%s AS %s" % (c, sql_type[c], c) if "COLLATE" not in sql_type[c] else '(%s::text COLLATE "C") AS %s' % (c, c)
        query = "SELECT %s FROM (VALUES %s) v (%s)" % (", ".join(map(cast, order)), values, ", ".join(order))
    return query, pool, types, [(row["owner"], row["owned"]) for row in rows if row["owner"] and row["owned"]]


def among(pool, most=3):
    if r.random() < 0.4:
        return None
    asked = [r.choice(pool) for _ in range(r.randint(0, most))]
    if r.random() < 0.03:
        asked.append(r.choice(["no such identifier", None, "99999999999999999999999"]))
    return asked


def parties(pool, kinds, more=""):
    rows = []
    for p in r.sample(pool, r.randint(0, min(len(pool), 6))):
        rows.append((p, r.choice(kinds), r.choice(pool) if r.random() < 0.2 else None, r.choice(["I1", "I2"]) if r.random() < 0.3 else None,
                     r.choice(["true", "false"]) if r.random() < 0.3 else None))
    if not rows:
        rows = [(pool[0], None, None, None, None)]
    return rows


def parties_query(pool, types, kinds):
    kind = types[1] if r.random() < 0.85 else r.choice(["text", "bigint", "int", "numeric", "varchar", "uuid"])
    rows = parties(pool, kinds)
    extra = r.random() < 0.5
    return "SELECT party::%s AS party, kind%s FROM (VALUES %s) v (party, kind, company, identity, pass_through)" % (
        kind, ", company::%s AS company, identity, pass_through::boolean AS pass_through" % kind if extra else "",
        ", ".join("(" + ", ".join(literal(x) + "::text" for x in row) + ")" for row in rows))


def links_query(pool, types):
    kind = types[1] if r.random() < 0.85 else r.choice(["text", "bigint", "int", "numeric", "varchar", "uuid"])
    rows = [(r.choice(pool), r.choice(pool), r.choice(["concert", "kin", "officer", "dependence", "spouse", "other", None])) for _ in range(r.randint(1, 4))]
    return "SELECT a::%s AS a, b::%s AS b, kind FROM (VALUES %s) v (a, b, kind)" % (
        kind, kind, ", ".join("(" + ", ".join(literal(x) + "::text" for x in row) + ")" for row in rows))


def options(*more):
    """named arguments, each given now and then"""
    chosen = []
    for name, values, how_often in (("as_of", ["2025-03-01", "2025-01-01", "2025-06-01", "2026-01-01", "2026-06-30", "1990-01-01"], 0.5),
                                    ("known_at", ["2025-03-01", "2026-02-01", "2020-01-01"], 0.3)) + more:
        if r.random() < how_often:
            chosen.append(", %s => '%s'" % (name, r.choice(values)))
    chosen.append(", bad_rows => '%s'" % ("skip" if r.random() < 0.3 else "error"))
    return "".join(chosen)


def calls(pool, types, pairs):
    thresholds = ("threshold", ["0.5", "0.25", "0", "1", "0.333333", "2"], 0.4)
    inclusive = ("inclusive", ["true", "false"], 0.3)
    related = ("related_at", ["0.05", "0.2", "1"], 0.2)
    people = ["person", "person", "state", "listed", "foreign", "fund", "company", "manager", "legal_representative", None]
    things = ["vehicle", "public_fund", "product", "person", "company", "exempt", "llc", None]
    out = []
    for direction in ("owners", "holdings", "assets"):
        for targets in (None, among(pool)):
            out.append("look_through(@, %s, '%s'%s)" % (array(targets), direction, options(
                ("max_layers", ["1", "2", "3", "0"], 0.3), ("over_one", ["keep", "normalise", "normalise", "error", "no"], 0.4))))
    for targets in (None, among(pool)):
        out.append("controllers(@, targets => %s%s)" % (array(targets), options(thresholds, inclusive, ("without_treasury", ["true", "false"], 0.3))))
        links = ", concert => " + literal(links_query(pool, types)) if r.random() < 0.4 else ""
        out.append("beneficial_owners(@, %s, targets => %s%s%s)" % (literal(parties_query(pool, types, people)), array(targets), links, options(
            thresholds, inclusive, ("basis", ["higher", "equity", "votes", "no"], 0.4), ("control_threshold", ["0.5", "0.3"], 0.2))))
        links = ", links => " + literal(links_query(pool, types)) if r.random() < 0.5 else ""
        out.append("related_parties(@, %s%s%s)" % (array(targets), links, options(thresholds, inclusive, related)))
        out.append("final_investors(@, %s, %s%s)" % (literal(parties_query(pool, types, things)), array(targets), options()))
    links = ", links => " + literal(links_query(pool, types)) if r.random() < 0.5 else ""
    out.append("control_groups(@%s%s)" % (links, options(thresholds, inclusive, related)))
    for ends in [(r.choice(pool), r.choice(pool))] + ([(r.choice(pairs)[1], r.choice(pairs)[0])] * 2 if pairs else []):
        out.append("ownership_paths(@, %s, %s%s)" % (literal(ends[0]), literal(ends[1]), options(("max_paths", ["1", "3", "100"], 0.5))))
    out.append("check_holdings(@%s)" % options())
    out.append("product_layers(@, %s%s)" % (literal(parties_query(pool, types, things)), options(("max_layers", ["0", "1", "5"], 0.3))))
    out.append("product_violations(@, %s%s)" % (literal(parties_query(pool, types, things)), options(("max_paths", ["1", "5"], 0.3))))
    return out


def nearly_plain():
    """a register without rings, holders summing to 1 or less, where one thing in a while is unusual: who is answered without the solver, who with it"""
    key = r.choice(["text", "bigint", "int and bigint", "numeric", "uuid"])
    types, pool = KEYS[key]
    names = r.sample(pool, min(len(pool), r.randint(3, 12)))
    kinds, dated = r.random() < 0.6, r.random() < 0.4
    odd = r.choice([0, 0.03, 0.1])
    grid = r.choice([10, 1000, 10 ** 18])
    rows = []
    for i, owned in enumerate(names[1:], 1):
        left = grid
        for owner in r.sample(names[:i], r.randint(0, min(i, 4))):
            part = left if r.random() < 0.2 else r.randint(0, left) if r.random() < 0.1 else r.randint(1, max(1, left // 2))
            for class_part in [part // 3, part - part // 3] if r.random() < 0.15 else [part]:
                kind = r.choice(KINDS) if kinds and r.random() < 0.4 else None
                # what counts as no capital may say anything
                number = "%d.%018d" % divmod(class_part * (10 ** 18 // grid), 10 ** 18)
                if kind in ("concert", "CONCERT", "control", "economic") and r.random() < 0.5:
                    number = None
                elif r.random() < odd:
                    number = r.choice([None, "0", "1.2", "-0.1", "1"])
                rows.append((owner, owned, number, kind, r.choice(DAYS) if dated and r.random() < 0.4 else None, r.choice(DAYS) if dated and r.random() < 0.4 else None))
            left -= part
            if left <= 0:
                break
    for row in list(rows):
        if r.random() < odd / 3:
            rows.append(row)
        if r.random() < odd / 5:
            rows.append((row[1], row[0]) + row[2:])
    rows = rows or [(names[0], names[1], "0.5", None, None, None)]
    r.shuffle(rows)
    columns = ["kind::text AS kind"] * kinds + ["valid_from::date AS valid_from", "valid_to::date AS valid_to"] * dated
    query = "SELECT %s FROM (VALUES %s) v (owner, owned, share, kind, valid_from, valid_to)" % (
        ", ".join(["owner::%s AS owner" % types[0], "owned::%s AS owned" % types[1], "share::numeric AS share"] + columns),
        ", ".join("(" + ", ".join(literal(x) + "::text" for x in row) + ")" for row in rows))
    return query, ["look_through(@, %s%s)" % (array(targets), options(("over_one", ["normalise"], 0.1))) for targets in [None] + [[name] for name in names] + [names[-3:] + names[:2]]]


cases = int(os.environ.get("RS_CASES", "20000" if LONG else "500"))
script = HELPERS
for i in range(cases):
    query, pool, types, pairs = table(sound=i % 3 == 0)
    script += "SELECT pg_temp.try(%s, %s);\n" % (literal(query), array(calls(pool, types, pairs)))
    query, asked = nearly_plain()
    script += "SELECT pg_temp.try(%s, %s);\n" % (literal(query), array(asked))
script += """SELECT 'tally', call, count(*), count(*) FILTER (WHERE rows > 0 AND error IS NULL), count(error) FROM tally GROUP BY call ORDER BY call;
SELECT 'errors', string_agg(DISTINCT error, ', ') FROM tally;
SELECT 'different', call, count(*) FROM tally WHERE difference IS NOT NULL GROUP BY call;
SELECT DISTINCT ON (call) 'note', call, replace(difference, E'\n', E'\x1e') FROM tally WHERE difference IS NOT NULL ORDER BY call, length(difference);"""
rows, _ = psql(script)
FUNCTIONS = ["look_through", "controllers", "beneficial_owners", "related_parties", "final_investors", "control_groups",
             "ownership_paths", "check_holdings", "product_layers", "product_violations"]
tally = {row[1]: tuple(map(int, row[2:5])) for row in rows if row[0] == "tally"}
different = {row[1]: row[2] for row in rows if row[0] == "different"}
notes = {row[1]: row[2].replace("\x1e", "\n") for row in rows if row[0] == "note"}
print("# %d tables, %d questions, seed %d; %s" % (cases, sum(t[0] for t in tally.values()), seed, next(row[1] for row in rows if row[0] == "errors")))
ok("create" not in different and "create skipping" not in different, "a graph can be made of what can be read, and of nothing else", notes.get("create", notes.get("create skipping")))
for f in FUNCTIONS:
    n, answered, errors = tally.get(f, (0, 0, 0))
    ok(f not in different, "%s: %d answers and %d errors are those of the query" % (f, answered, errors), "%s different\n%s" % (different.get(f), notes.get(f)))
    ok(answered > cases / 10 and (errors > cases / 20 or f in ("check_holdings", "ownership_paths")), "%s: answers and errors enough" % f, (n, answered, errors))


# ---- large tables: look_through takes them in parts ----
def clusters(n, size, rings, dated):
    """parties in clusters that own one another, some ring among them; (owner, owned, share, from, to)"""
    rows = []
    for c in range(n):
        members = ["%d" % (c * 1000 + i) for i in range(size)]
        for i, m in enumerate(members):
            left = 1000
            for h in r.sample(members, min(size, r.randint(0, 3))):
                if h != m and (members.index(h) < i or r.random() < 0.03):
                    part = r.randint(1, max(1, left - 1))
                    left = max(1, left - part)
                    days = (r.choice(DAYS), r.choice(DAYS)) if dated and r.random() < 0.3 else (None, None)
                    rows.append((h, m, part / 1000, *days))
        if c and r.random() < 0.4:          # a cluster holds of another
            rows.append((r.choice(members), "%d" % (r.randrange(n) * 1000 + r.randrange(size)), 0.1, None, None))
    at = 10 ** 7
    for length, day in rings:
        ring = ["%d" % (at + 7 * i) for i in range(length)]
        r.shuffle(ring)
        for i, m in enumerate(ring):
            rows.append((ring[i - 1], m, 0.5 + r.random() / 4, *((day, None) if i == 0 else (None, None))))
            if r.random() < 0.5:
                rows.append(("%d" % r.randrange(size), m, 0.125, None, None))
        rows.append((ring[0], "%d" % (r.randrange(n) * 1000), 0.01, None, None))
        at += 10 ** 6
    r.shuffle(rows)
    return rows


def large(what, rows, key, calls_of, share_type="numeric"):
    """compare over an indexed table and its graph"""
    body = "".join("\t".join("\\N" if v is None else str(v) for v in row) + "\n" for row in rows)
    parties = sorted({p for row in rows for p in row[:2]})
    script = HELPERS + "CREATE TABLE large (owner %s, owned %s, share %s, valid_from date, valid_to date);\nCOPY large FROM stdin;\n%s\\.\n" % (key, key, share_type, body)
    script += "CREATE INDEX ON large (owned); CREATE INDEX ON large (owner); ANALYZE large; SELECT risk_screen.create_ownership_graph('large', 'large');\n"
    script += "".join("SELECT pg_temp.compare(%s, 'large', 'large');\n" % literal(call) for call in calls_of(parties))
    script += """SELECT 'tally', count(*), coalesce(sum(rows), 0), count(error) FROM tally; SELECT 'note', replace(regexp_replace(difference, E'ARRAY.*::text..', 'ARRAY...'), E'\\n', E'\\x1e') FROM tally WHERE difference IS NOT NULL LIMIT 9;
        SELECT risk_screen.drop_ownership_graph('large'); DROP TABLE large;"""
    rows, _ = psql(script)
    n, answered, errors = next(map(int, row[1:]) for row in rows if row[0] == "tally")
    note = [row[1].replace("\x1e", "\n") for row in rows if row[0] == "note"]
    ok(not note, "%s: %d questions, %d rows, %d errors as of the query" % (what, n, answered, errors), "\n".join(note[:9]))
    ok(answered > 10000, what + ": rows enough", answered)


def look_throughs(parties):
    for direction in ("owners", "holdings", "assets"):
        for targets in (None, r.sample(parties, 257), [r.choice(parties + ["-5", "999999999"]) for _ in range(900)], parties[-300:], parties[:20]):
            for more in r.sample(["", ", max_layers => 1", ", max_layers => 4", ", as_of => '2024-06-01'", ", as_of => '2026-01-01', max_layers => 3",
                                  ", over_one => 'normalise'", ", over_one => 'error'", ", bad_rows => 'skip'"], 8 if LONG else 3):
                yield "look_through(@, %s, '%s'%s)" % (array(targets), direction, more)


    for day in DAYS[:-1]:
        yield "look_through(@, as_of => '%s')" % day


SMALL_RINGS = [(3, None), (8, None), (9, None), (2, "2024-01-01")]
large("clusters", clusters(60, 25, [], False), "bigint", look_throughs)
large("a register with its past", [row for row in clusters(80, 20, [], True) if int(row[0]) < int(row[1])], "bigint", look_throughs)
large("small and large rings", clusters(40, 25, SMALL_RINGS * 6 + [(12, None)] * 8, False), "bigint", look_throughs)
large("a ring of 120", clusters(20, 20, [(120, None), (40, None), (9, None)], False), "text", look_throughs)
large("rings on some days only", clusters(40, 20, [(n, day) for n in (3, 9, 12, 30) for day in ("2025-06-01", "2026-06-30", "2024-01-01")] * 2, True), "text", look_throughs)
large("shares in binary, some wrong", clusters(40, 20, SMALL_RINGS * 3, True) + [("5", "11", 1.5, None, None), ("12", "1005", -0.25, None, None)],
      "int", look_throughs, "float8")

# ---- what bad_rows => 'skip' says: each row once, however many parts meet it
WARNED = ["look_through(@, bad_rows => 'skip')", "look_through(@, direction => 'holdings', bad_rows => 'skip')",
          "controllers(@, bad_rows => 'skip')", "check_holdings(@, bad_rows => 'skip')"]
_, said = psql("""CREATE TABLE warned AS SELECT 'p' || i / 2 AS owner, 'p' || i AS owned, 0.4 AS share, NULL::numeric AS share_min, 0.9 AS share_max FROM generate_series(1, 2000) i;
INSERT INTO warned VALUES ('p1', 'p2', 1.5, 0, 1), ('p3', 'p7', -1, 0, 1), ('p3', 'p8', NULL, 0.9, 0.1), ('p8', 'p3', NULL, 2, 1);
SELECT risk_screen.create_ownership_graph('warned', 'warned'); SET client_min_messages = warning;
""" + "".join("\\warn @%d\nSELECT count(*) FROM risk_screen.%s;\n" % (i, call.replace("@", literal(text)))
              for i, call in enumerate(WARNED) for text in ("warned", "graph:warned")) +
               "SELECT risk_screen.drop_ownership_graph('warned'); DROP TABLE warned;", )
said = [part.split("\n")[1:] for part in said.replace("the holdings query", "X").replace('ownership graph "warned"', "X").split("@")[1:]]
# where the rows are is another thing: the query's tables and a statement that lists them, or the graph's query
hints = [[line for line in part if line.startswith("HINT")] for part in said]
said = [[line.split(":")[-1] if "WARNING" in line else line.split(" The query reads")[0] for line in part if not line.startswith("HINT")] for part in said]
for i, call in enumerate(WARNED):
    ok(said[2 * i] == said[2 * i + 1] and (bool(said[2 * i][0]) or i == 3), call + " warns as of the query", said[2 * i:2 * i + 2])
    ok(i == 3 or "SELECT * FROM public.warned WHERE " in hints[2 * i][0] and "risk_screen.ownership_graph WHERE name = 'warned'" in hints[2 * i + 1][0], call + " says where to look", hints[2 * i:2 * i + 2])

print("1..%d" % count)
sys.exit(failed > 0)
