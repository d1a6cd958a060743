#!/usr/bin/env python3
"""ownership_days.t - a question about a day, at a state of knowledge, is the question about the rows that hold then.

The oracle is SQL: of statements about the same owner, company, kind and first
day the newest known at known_at, of these those with valid_from <= as_of <
valid_to, handed to the same function without dates. Every function, query text
and graph, on days before, on and after each boundary; also who is a person,
who acts with whom, links and kinds of parties, which have dates of their own.
"""
import os, random, subprocess

LONG = os.environ.get("RS_LONG") == "1"
r = random.Random(int(os.environ.get("RS_SEED", "8")))
cases = 1500 if LONG else 150

HELPERS = r"""
CREATE TABLE pg_temp.seen (call text, rows bigint, difference text);
CREATE FUNCTION pg_temp.answer(call text, holdings text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE rows text[];
BEGIN
	-- without the time that the links of a path hold
	EXECUTE format('SELECT array_agg(r::text ORDER BY r::text COLLATE "C") FROM (SELECT %s FROM risk_screen.%s q) r',
		CASE WHEN call LIKE 'ownership_paths%' THEN 'path_no, layers, parties, shares, product, flags, truncated' ELSE '*' END, replace(call, '@', quote_literal(holdings))) INTO rows;
	RETURN coalesce(rows, '{}');
END$$;
CREATE FUNCTION pg_temp.compare(dated text, plain text, holdings text, then_valid text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE a text[] := pg_temp.answer(dated, holdings);
	b text[] := pg_temp.answer(plain, then_valid);
BEGIN
	INSERT INTO seen VALUES (split_part(dated, '(', 1), cardinality(a), CASE WHEN a IS DISTINCT FROM b THEN format(E'%s of %s\ndated: %s\nplain: %s', dated, holdings,
			(SELECT array_agg(x) FROM (SELECT unnest(a) AS x EXCEPT ALL SELECT unnest(b)) d), (SELECT array_agg(x) FROM (SELECT unnest(b) AS x EXCEPT ALL SELECT unnest(a)) d)) END);
END$$;
-- a path is there on the first and on the last day of its time, too
CREATE FUNCTION pg_temp.follow(holdings text, target text, party text, day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE p record; d date;
BEGIN
	FOR p IN SELECT * FROM risk_screen.ownership_paths(holdings, target, party, as_of => day) LOOP
		INSERT INTO seen VALUES ('time of a path', 1, CASE WHEN p.valid_from > day OR p.valid_to <= day THEN format('%s: [%s, %s) without %s', holdings, p.valid_from, p.valid_to, day) END);
		FOREACH d IN ARRAY ARRAY[coalesce(p.valid_from, '2023-01-01'), coalesce(p.valid_to, '2027-01-01') - 1] LOOP
			INSERT INTO seen SELECT 'time of a path', 1, CASE WHEN NOT EXISTS (SELECT FROM risk_screen.ownership_paths(holdings, target, party, as_of => d, max_paths => 100) q WHERE q.parties = p.parties)
				THEN format('%s: %s of %s is gone on %s', holdings, p.parties, day, d) END;
		END LOOP;
	END LOOP;
END$$;
SET client_min_messages = error;
"""
DAYS = ["2024-01-01", "2025-01-01", "2025-06-01", "2026-01-01", None]
TIMES = ["2024-06-01", "2025-03-01", "2026-03-01", None]
CALLS = [   # dated, plain; $ is ", as_of => ..., known_at => ..." or nothing, % the day of links and parties
    "look_through(@, {t}{d})", "look_through(@, {t}, 'holdings'{d})", "look_through(@, {t}, 'assets'{d})",
    "controllers(@, {thr}, {inc}, {t}, without_treasury => {inc}{d})",
    "beneficial_owners(@, 'SELECT party, kind, company{c} FROM people {w}', {thr}, {inc}, targets => {t}, concert => 'SELECT a, b{c} FROM allies {w}'{d})",
    "control_groups(@, 'SELECT a, b{c} FROM allies {w}', {thr}{d})",
    "related_parties(@, {t}, 'SELECT a, b{c} FROM allies {w}', {thr}{d})",
    "product_layers(@, 'SELECT party, kind{c} FROM things {w}'{d})", "product_violations(@, 'SELECT party, kind{c} FROM things {w}'{d})",
    "ownership_paths(@, 'c0', '{p}', {n}{d})",
    "final_investors(@, 'SELECT party, kind{c} FROM things {w}', {t}{d})",
]


def literal(v):
    return "NULL" if v is None else "'%s'" % v


def dates():
    return r.choice(DAYS) if r.random() < .6 else None, r.choice(DAYS) if r.random() < .6 else None


script = [HELPERS]
for case in range(cases):
    n = r.choice([4, 8, 14])
    companies = ["c%d" % i for i in range(n)]
    persons = ["p%d" % i for i in range(max(2, n // 2))]
    known, ranged, votes = r.random() < .6, r.random() < .2, r.random() < .3
    rows = []
    for owned in companies:
        for owner in r.sample([x for x in companies + persons if x != owned or r.random() < .2], r.choice([1, 2, 3])):
            kind = r.choice(["equity", "nominee", "control", "concert", "A"]) if r.random() < .3 else None
            for _ in range(r.choice([1, 1, 2, 3])):
                share = r.choice([None, .1, .25, .3, .5, .51, .2]) if r.random() < .9 else 0
                low, high = (share, share) if ranged and share and r.random() < .3 else (None, None)
                rows.append((owner, owned, None if low else share, r.choice([None, .2, .5]), low and low / 2, high, kind) + dates() + (r.choice(TIMES),))
    script.append("CREATE TABLE pg_temp.h (owner text, owned text, share numeric, votes numeric, share_min numeric, share_max numeric, kind text, valid_from date, valid_to date, known_from timestamptz);")
    script.append("INSERT INTO h VALUES %s;" % ",".join("(%s)" % ",".join(map(literal, row)) for row in rows))
    script.append("CREATE TEMP TABLE people (party text, kind text, company text, valid_from date, valid_to date); CREATE TEMP TABLE allies (a text, b text, valid_from date, valid_to date); CREATE TEMP TABLE things (party text, kind text, valid_from date, valid_to date);")
    script.append("INSERT INTO people VALUES %s;" % ",".join("(%s)" % ",".join(map(literal, (p, "person", None) + dates())) for p in persons + persons[:1]))
    script.append("INSERT INTO people VALUES ('m', 'manager', 'c1', %s, %s), ('l', 'legal_representative', 'c0', NULL, %s), ('c2', 'state', NULL, NULL, NULL);" % tuple(map(literal, dates() + dates()[:1])))
    script.append("INSERT INTO allies VALUES %s;" % ",".join("(%s)" % ",".join(map(literal, tuple(r.sample(companies + persons, 2)) + dates())) for _ in range(2)))
    script.append("INSERT INTO things VALUES %s;" % ",".join("(%s)" % ",".join(map(literal, (c, r.choice(["product", "vehicle", "public_fund", "exempt"])) + dates())) for c in companies))
    columns = ["owner", "owned", "share", "kind"] + ["votes"] * votes + ["share_min", "share_max"] * ranged
    query = "SELECT %s, valid_from, valid_to%s FROM h" % (", ".join(columns), ", known_from" if known else "")
    graph = r.random() < .4
    if graph:
        script.append("SELECT risk_screen.create_ownership_graph('g', $$%s$$);" % query.replace("FROM h", "FROM pg_temp.h"))
    for day in r.sample(["2023-12-31", "2024-01-01", "2024-12-31", "2025-01-01", "2025-05-31", "2025-06-01", "2026-06-01"], 2):
        at = r.choice(["2024-01-01", "2024-06-01", "2025-02-01", "2026-06-01", None]) if known else None
        newest = "(SELECT * FROM h)"
        if known:
            newest = """(SELECT * FROM h x WHERE coalesce(known_from, '-infinity') <= coalesce(%s::timestamptz, 'infinity') AND NOT EXISTS (SELECT FROM h y
                WHERE y.owner = x.owner AND y.owned = x.owned AND y.kind IS NOT DISTINCT FROM x.kind AND y.valid_from IS NOT DISTINCT FROM x.valid_from
                  AND coalesce(y.known_from, '-infinity') <= coalesce(%s::timestamptz, 'infinity') AND coalesce(y.known_from, '-infinity') > coalesce(x.known_from, '-infinity')))""" % (literal(at), literal(at))
        holds = "(valid_from <= '%s' OR valid_from IS NULL) AND (valid_to > '%s' OR valid_to IS NULL)" % (day, day)
        then = "SELECT %s FROM %s v WHERE %s" % (", ".join(columns), newest, holds)
        targets = "ARRAY['%s']" % "','".join(r.sample(companies, r.choice([1, 3]))) if r.random() < .5 else "NULL"
        for call in CALLS:
            o = dict(p=r.choice(persons + companies), n=r.choice([1, 3, 100]), t=targets, thr=r.choice([.5, .25, .3]), inc=r.choice(["true", "false"]))
            dated = call.format(c=", valid_from, valid_to", w="", d=", as_of => '%s'%s" % (day, ", known_at => %s" % literal(at) if at else ""), **o)
            plain = call.format(c="", w="WHERE " + holds.replace("'", "''"), d="", **o)
            for source in [query] + ["graph:g"] * graph:
                script.append("SELECT pg_temp.compare($c$%s$c$, $c$%s$c$, $q$%s$q$, $q$%s$q$);" % (dated, plain, source, then))
    if not known:
        script += ["SELECT pg_temp.follow($q$%s$q$, 'c0', '%s', '2025-03-01');" % (query, p) for p in r.sample(persons, 2)]
    if graph:
        script.append("SELECT risk_screen.drop_ownership_graph('g');")
    script.append("DROP TABLE h, people, allies, things;")
script.append("SELECT '+', call, sum(rows) FROM seen GROUP BY call ORDER BY call;")
script.append("SELECT '-', call, count(*), min(difference) FROM seen WHERE difference IS NOT NULL GROUP BY call;")
run = subprocess.run(["psql", "-XqAt", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-f", "-"], input="\n".join(script), capture_output=True, text=True)
lines = run.stdout.split("\n")
tally = [l.split("\x1f")[1:] for l in lines if l.startswith("+\x1f")]
print("ok" if run.returncode == 0 and len(tally) == 10 and all(int(t[1]) > cases / 4 for t in tally) else "not ok", 1, "- rows compared of %s" % ", ".join("%s: %s" % (t[0], t[1]) for t in tally))
if run.returncode:
    print("#", run.stderr[-2000:].replace("\n", "\n# "))
at = [i for i, l in enumerate(lines) if l.startswith("-\x1f")]
print("ok" if not at and run.returncode == 0 else "not ok", 2, "- the same as of the rows that hold on the day")
if at:
    print("#", "\n".join(lines[at[0]:])[:6000].replace("\n", "\n# "))
print("1..2")
