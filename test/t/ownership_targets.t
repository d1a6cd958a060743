#!/usr/bin/env python3
"""ownership_targets.t - asking about some companies answers as asking about all.

The oracle is the question without targets: on random tables (rings, parties in
concert stated either way round, kinds, ranges, votes, dates, corrections, rows
that are refused) each function is asked about all companies and about a few; the rows of these
few must agree to the last digit. Read hop by hop through indexes, by scans of
a table without one, from query text, from an ownership graph.
"""
import os, random, subprocess, sys

LONG = os.environ.get("RS_LONG") == "1"
r = random.Random(int(os.environ.get("RS_SEED", "6")))
cases = 2500 if LONG else 250

HELPERS = r"""
CREATE TABLE pg_temp.seen (call text, rows bigint, alone boolean, difference text);
-- rows as text, the company first
CREATE FUNCTION pg_temp.answer(call text, holdings text, targets text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE rows text[];
BEGIN
	EXECUTE format('SELECT array_agg(r::text ORDER BY r::text COLLATE "C") FROM risk_screen.%s r', replace(replace(call, '@', quote_literal(holdings)), '#', quote_nullable(targets::text) || '::text[]')) INTO rows;
	RETURN coalesce(rows, '{}');
EXCEPTION WHEN raise_exception OR syntax_error OR undefined_function OR undefined_table THEN
	RAISE;
WHEN OTHERS THEN
	RETURN ARRAY['error ' || SQLSTATE];
END$$;
CREATE FUNCTION pg_temp.compare(call text, holdings text, targets text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE whole text[] := pg_temp.answer(call, holdings, NULL);
	part text[] := pg_temp.answer(call, holdings, targets);
	few text[];
BEGIN
	-- the whole question meets bad rows that the small one does not
	IF whole[1] LIKE 'error %' THEN
		INSERT INTO seen VALUES (split_part(call, '(', 1), 0, true);
		RETURN;
	END IF;
	SELECT array_agg(w ORDER BY w COLLATE "C") INTO few FROM unnest(whole) AS w WHERE split_part(btrim(w, '()'), ',', 1) = ANY (targets);
	-- of whom nothing is known only the small one has a row
	SELECT array_agg(p ORDER BY p COLLATE "C") INTO part FROM unnest(part) AS p
	 WHERE EXISTS (SELECT FROM unnest(whole) AS w WHERE split_part(btrim(w, '()'), ',', 1) = split_part(btrim(p, '()'), ',', 1))
		OR (call NOT LIKE 'related%' AND p NOT LIKE '%NO_HOLDERS%' AND p NOT LIKE '%,FALLBACK%' AND p NOT LIKE '%{FALLBACK}%' AND p NOT LIKE '%UNRESOLVED%');
	INSERT INTO seen VALUES (split_part(call, '(', 1), coalesce(cardinality(few), 0), false,
		CASE WHEN few IS DISTINCT FROM part THEN format(E'%s of %s, %s\nall: %s\nfew: %s', call, holdings, targets,
			(SELECT array_agg(x) FROM (SELECT unnest(few) AS x EXCEPT ALL SELECT unnest(part)) d), (SELECT array_agg(x) FROM (SELECT unnest(part) AS x EXCEPT ALL SELECT unnest(few)) d)) END);
END$$;
SET client_min_messages = error;
"""
CALLS = [
    "look_through(@, #, as_of => DATE '2026-06-01', bad_rows => '{b}', known_at => {k})",
    "look_through(@, #, 'holdings', DATE '2026-06-01', bad_rows => '{b}', known_at => {k})",
    "look_through(@, #, 'assets', DATE '2026-06-01', bad_rows => '{b}', known_at => {k})",
    "controllers(@, {t}, {i}, targets => #, as_of => DATE '2026-06-01', bad_rows => '{b}', known_at => {k})",
    "beneficial_owners(@, 'SELECT party, kind, company FROM people', {t}, {i}, '{basis}', DATE '2026-06-01', #, known_at => {k}, bad_rows => '{b}')",
    "beneficial_owners(@, 'SELECT party, kind, company FROM people', {t}, {i}, '{basis}', DATE '2026-06-01', #, 'SELECT a, b FROM allies', known_at => {k}, bad_rows => '{b}')",
    "related_parties(@, #, 'SELECT a, b FROM allies', as_of => DATE '2026-06-01', bad_rows => '{b}', known_at => {k})",
]


def literal(v):
    return "NULL" if v is None else "'%s'" % v


script = [HELPERS]
for case in range(cases):
    n = r.choice([4, 8, 16, 40])
    companies = ["c%d" % i for i in range(n)]
    persons = ["p%d" % i for i in range(max(2, n // 2))]
    known = r.random() < .3
    ranged = r.random() < .2
    rows = []
    for owned in companies:
        left = 100
        for owner in r.sample([x for x in companies + persons if x != owned or r.random() < .1], r.choice([0, 1, 2, 3])):
            part = r.randint(1, max(1, left)) if left > 0 else 5
            left -= part
            share = None if r.random() < .05 else part / 100
            low, high = (None, None)
            if ranged and share is not None and r.random() < .3:
                low, high, share = share / 2, share, None
            if r.random() < .01:
                share = 40
            rows.append((owner, owned, share, r.choice([None, None, share, .3]), low, high, r.choice([None, "equity", "nominee", "control"] if r.random() < .2 else [None])))
    for _ in range(r.choice([0, 1, 2, n // 4])):
        a, b = r.sample(companies + persons, 2)
        rows.append((a, b, r.choice([None, None, None, 9]) if r.random() < .1 else None, None, None, None, r.choice(["concert", "concert", "Concert", "CONCERT"])))
    values = []
    for row in rows:
        for _ in range(2 if r.random() < .05 else 1):
            start, end = ("2020-01-01", r.choice([None, None, "2026-06-02", "2026-06-01"])) if r.random() < .3 else (None, None)
            at = r.choice(["2026-01-01", "2026-03-01", None]) if known else None
            values.append("(%s)" % ",".join(map(literal, row + (start, end, at))))
    script.append("CREATE TABLE pg_temp.t%d (owner text, owned text, share numeric, votes numeric, share_min numeric, share_max numeric, kind text, valid_from date, valid_to date, known_from timestamptz);" % case)
    if values:
        script.append("INSERT INTO t%d VALUES %s;" % (case, ",".join(values)))
    indexed = r.random() < .5
    if indexed:
        script.append("CREATE INDEX ON t%d (owned); CREATE INDEX ON t%d (owner); ANALYZE t%d; SET enable_seqscan = off;" % (case, case, case))
    script.append("CREATE TEMP TABLE people (party text, kind text, company text); CREATE TEMP TABLE allies (a text, b text);")
    script.append("INSERT INTO people VALUES %s;" % ",".join(["('%s', 'person', NULL)" % p for p in persons] + ["('%s', '%s', NULL)" % (c, r.choice(["state", "listed"])) for c in companies[:1]] + ["('p0', 'manager', 'c1')"]))
    for _ in range(r.choice([0, 1, 2])):
        script.append("INSERT INTO allies VALUES ('%s', '%s');" % tuple(r.sample(companies + persons, 2)))
    columns = ["owner", "owned", "share", "kind", "valid_from", "valid_to"] + ["known_from"] * known + ["share_min", "share_max"] * ranged + ["votes"] * (r.random() < .4)
    query = "SELECT %s FROM t%d" % (", ".join(columns), case)
    targets = r.sample(companies, r.choice([1, 1, 2, min(5, n)]))
    targets = "{" + ",".join(targets + (targets[:1] if r.random() < .2 else [])) + "}"
    graph = r.random() < .4
    if graph:
        script.append("SELECT risk_screen.create_ownership_graph('g', $$SELECT %s FROM pg_temp.t%d$$, 'skip');" % (", ".join(columns), case))
    for call in CALLS:
        call = call.format(b=r.choice(["skip", "skip", "error"]), k="TIMESTAMPTZ '2026-02-01'" if known and r.random() < .5 else "NULL",
                           t=r.choice([.5, .25, .1]), i=r.choice(["true", "false"]), basis=r.choice(["equity", "votes", "higher"]))
        for source in [query] + ["graph:g"] * graph:
            script.append("SELECT pg_temp.compare($c$%s$c$, $q$%s$q$, '%s');" % (call, source, targets))
    if graph:
        script.append("SELECT risk_screen.drop_ownership_graph('g');")
    script.append("RESET enable_seqscan; DROP TABLE t%d, people, allies;" % case)
script.append("SELECT '+', call, sum(rows), count(*) FILTER (WHERE alone), count(*) FROM seen GROUP BY call ORDER BY call;")
script.append("SELECT '-', call, count(*), min(difference) FROM seen WHERE difference IS NOT NULL GROUP BY call;")
run = subprocess.run(["psql", "-XqAt", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-f", "-"], input="\n".join(script), capture_output=True, text=True)
lines = run.stdout.split("\n")
tally = [l.split("\x1f")[1:] for l in lines if l.startswith("+\x1f")]
print("ok" if run.returncode == 0 and len(tally) == 4 and all(int(t[1]) > 3 * cases for t in tally) else "not ok", 1,
      "- rows compared of %s" % ", ".join("%s: %s (%s of %s questions refused as a whole)" % (t[0], t[1], t[2], t[3]) for t in tally))
if run.returncode:
    print("#", run.stderr[-2000:].replace("\n", "\n# "))
at = [i for i, l in enumerate(lines) if l.startswith("-\x1f")]
print("ok" if not at and run.returncode == 0 else "not ok", 2, "- the same with targets as without")
if at:
    print("#", "\n".join(lines[at[0]:])[:6000].replace("\n", "\n# "))
print("1..2")
