#!/usr/bin/env python3
"""Levels on a desk over many days: levels in force carried from run to run equal
sticky_level() over the whole history, whatever the order in which days are run,
repeated and corrected; sticky_next() equals the aggregate row by row; an old day
replayed as known then gives the old answer to the last byte; the views over the
runs give grade() what the run gave it; minimum coverage, margin, exemptions,
overrides and red lines act on the board."""
import os
import random
import subprocess
import sys

rnd = random.Random(20261122)
LONG = os.environ.get("RS_LONG") == "1"
tests = failed = 0


def ok(passed, name, why=""):
    global tests, failed
    tests += 1
    failed += not passed
    print(("ok" if passed else "not ok"), tests, "-", name, "" if passed else "# " + str(why)[:900].replace("\n", " | "))


def psql(sql, db="grading_desk"):
    p = subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-d", db], input="SET client_min_messages = warning;\n" + sql, capture_output=True, text=True)
    return p.stdout.strip() + p.stderr.strip()


psql("DROP DATABASE IF EXISTS grading_desk WITH (FORCE);", "postgres")
psql("CREATE DATABASE grading_desk;", "postgres")
out = psql("""
CREATE EXTENSION risk_screen;
ALTER DATABASE grading_desk SET timezone = 'UTC';
CREATE SCHEMA filing;
CREATE TABLE filing.org (inst_id text, name text, lines text[], known_from timestamptz);
CREATE TABLE filing.hit (inst_id text, rule text, first date, last date, amount numeric, known_from timestamptz);
CREATE TABLE filing.ratio (inst_id text, first date, last date, value numeric, known_from timestamptz);
SELECT risk_screen.copy_ruleset('institution', 1, 'desk', 1);
UPDATE risk_screen.ruleset SET min_coverage = 0, margin = 5 WHERE ruleset = 'desk';
DELETE FROM risk_screen.ruleset_band WHERE ruleset = 'desk';
DELETE FROM risk_screen.ruleset_rule WHERE ruleset = 'desk';
INSERT INTO risk_screen.ruleset_rule (ruleset, version, rule, indicator, weight, required) VALUES ('desk', 1, 'own-ratio', 'own-ratio', 1, false);
INSERT INTO risk_screen.ruleset_band (ruleset, version, rule, band, span, points) SELECT 'desk', 1, 'own-ratio', b, numrange(b * 4, CASE WHEN b < 30 THEN b * 4 + 4 END), b * 4 FROM generate_series(1, 30) AS b;
INSERT INTO risk_screen.ruleset_activation (ruleset, version, active_from, known_from, content_hash) VALUES ('desk', 1, '-infinity', '-infinity', risk_screen.ruleset_hash('desk', 1));
CALL risk_screen.create_workspace('desk');
CALL risk_screen.map_role('desk', 'institution', 'SELECT inst_id, name, lines, known_from FROM filing.org');
""")
RULE = """INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, kind, candidate, fact, body) VALUES ('%s', '%s', 'own', %s, '%s', %s, '%s', $b$
	SELECT 'institution' AS subject_kind, h.inst_id AS subject_id, %s AS observed, NULL AS threshold, NULL AS amount, NULL AS occurred_at, NULL AS evidence
	  FROM filing.%s AS h WHERE h.first <= $1 AND h.last >= $1 AND (h.known_from IS NULL OR h.known_from <= $4)%s$b$);
"""
for rule, severity, kind, candidate in (("own-yellow", "yellow", "list", False), ("own-orange", "orange", "list", False), ("own-red", "red", "red line", False), ("own-maybe", "red", "red line", True)):
    out += psql(RULE % (rule, rule, "'%s'" % severity, kind, candidate, "findings", "CASE WHEN amount IS NOT NULL THEN 1 END", "hit", " AND h.rule = '%s'" % rule))
out += psql(RULE % ("own-ratio", "own-ratio", "NULL", "indicator", False, "value", "value", "ratio", ""))
out += psql("UPDATE risk_screen.rule_history SET known_from = '2026-01-01' WHERE code LIKE 'own-%';")	# as if they had been entered then
ok("ERROR" not in out, "a desk with rules of its own", out)


def screen(day, extra=""):
    return "CALL risk_screen.screen('desk', '%s', at => timestamptz '%s' + interval '32 hours', ruleset => 'desk'%s);\n" % (day, day, extra)


# ---- sticky_next against the aggregate, and against a plain reading of the definition
LEVELS = ["green", "unknown", "yellow", "orange", "red"]
rows = []
for series in range(3000 if LONG else 400):
    at = 0
    for n in range(rnd.randint(1, 14)):
        at += rnd.randint(0, 12)
        level = rnd.choice(LEVELS + [None])
        relaxed = None if level is None or rnd.random() < 0.3 else LEVELS[max(LEVELS.index(level), rnd.randint(0, 4))]
        rows.append((series, n, at, level, relaxed))


def plain(history, hold):
    """The worst level in force at some time in the last `hold`; written from docs, not from the C code."""
    answers, steps, current = [], [], None
    for at, level, relaxed in history:
        missing = level in (None, 1)
        # of an open grade, relaxed is what is established all the same
        established = max(1, relaxed or 0) if missing else level
        if current is None:
            current = established
            force = current
        else:
            if missing:
                force = max(current, established)
            elif level < current and relaxed is not None:
                force = max(level, min(current, relaxed))
            else:
                force = level
            recent = [l for i, (t, l) in enumerate(steps) for end in [steps[i + 1][0] if i + 1 < len(steps) else at] if end > at - hold and l > 1]
            current = max([force] + [l for l in recent if l <= current])
        steps.append((at, force))
        answers.append(current)
    return answers


values = ",".join("(%d,%d,%d,%s::risk_screen.risk_level,%s::risk_screen.risk_level)" % (s, n, at, "NULL" if l is None else "'%s'" % l, "NULL" if r is None else "'%s'" % r) for s, n, at, l, r in rows)
out = psql("""CREATE TABLE filing.series AS SELECT s, n, timestamptz '2026-01-01' + d * interval '1 day' AS at, l, r FROM (VALUES %s) AS v (s, n, d, l, r);
WITH RECURSIVE step AS (
	SELECT s, n, risk_screen.sticky_next(NULL, l, r, at, '10 days') AS state FROM filing.series WHERE n = 0
	 UNION ALL SELECT x.s, x.n, risk_screen.sticky_next(p.state, x.l, x.r, x.at, '10 days') FROM step AS p JOIN filing.series AS x ON x.s = p.s AND x.n = p.n + 1)
SELECT s, n, (state).level, whole FROM step JOIN (
	SELECT s, n, risk_screen.sticky_level(l, r, at, '10 days') OVER (PARTITION BY s ORDER BY n) AS whole FROM filing.series) AS w USING (s, n) ORDER BY 1, 2;""" % values)
got = [line.split("|") for line in out.splitlines()]
ok(len(got) == len(rows) and all(g[2] == g[3] for g in got), "sticky_next row by row is sticky_level over the rows (%d rows)" % len(rows), out[:300])
by = {}
for s, n, at, l, r in rows:
    by.setdefault(s, []).append((at, None if l is None else LEVELS.index(l), None if r is None else LEVELS.index(r)))
want = [LEVELS[a] for s in sorted(by) for a in plain(by[s], 10)]
wrong = [(g, w) for g, w in zip(got, want) if g[2] != w]
ok(not wrong, "and the definition read plainly", wrong[:3])
out = psql("SELECT risk_screen.sticky_next(ROW('red', 'red', '2026-01-02', '{2026-01-01}')::risk_screen.sticky_state, 'green', NULL, '2026-01-03', '1 day')")
ok("not a state of sticky_next" in out, "a made-up state is refused", out)
out = psql("SELECT (risk_screen.sticky_next(ROW(NULL, NULL, NULL, NULL)::risk_screen.sticky_state, 'red', NULL, '2026-01-03', '1 day')).level")
ok(out == "red", "a state of NULLs is the first row", out)
out = psql("SELECT risk_screen.sticky_next(risk_screen.sticky_next(NULL, 'red', NULL, '2026-01-03', '1 day'), 'red', NULL, '2026-01-02', '1 day')")
ok("order of time" in out, "back in time is refused", out)

# ---- the desk over days run in any order
ids = ["I%d" % i for i in range(12)]
sql = ""
for i in ids:
    sql += "INSERT INTO filing.org VALUES ('%s', '%s', '{X}', NULL);\n" % (i, i)
    for _ in range(rnd.randint(1, 4)):
        start = rnd.randint(0, 100)
        sql += "INSERT INTO filing.hit VALUES ('%s', 'own-%s', date '2026-03-01' + %d, date '2026-03-01' + %d, %s, NULL);\n" % (
            i, rnd.choice(["yellow", "orange", "red", "maybe"]), start, start + rnd.randint(0, 40), rnd.choice(["1", "1", "1", "NULL"]))
    for start in range(0, 120, 20):
        sql += "INSERT INTO filing.ratio VALUES ('%s', date '2026-03-01' + %d, date '2026-03-01' + %d, %d, NULL);\n" % (i, start, start + 19, rnd.choice([0, 3, 8, 17, 21, 23, 48, 52, 79, 84]))
days = [0, 3, 9, 20, 31, 33, 47, 60, 62, 75, 91, 104]
first = days[:]
rnd.shuffle(first)
for d in first:
    sql += "CALL risk_screen.screen('desk', date '2026-03-01' + %d, at => '2026-07-01', ruleset => 'desk');\n" % d
    if rnd.random() < 0.5:
        sql += "DELETE FROM filing.hit WHERE inst_id = '%s' AND ctid = (SELECT min(ctid) FROM filing.hit WHERE inst_id = '%s');\n" % ((rnd.choice(ids),) * 2)
        # a firm that was not there on some days
        gone = rnd.choice(ids)
        sql += "DELETE FROM filing.org WHERE inst_id = '%s';\nCALL risk_screen.screen('desk', date '2026-03-01' + %d, at => '2026-07-01', ruleset => 'desk');\nINSERT INTO filing.org VALUES ('%s', '%s', '{X}', NULL);\n" % (gone, rnd.choice(days), gone, gone)
out = psql(sql)
ok("ERROR" not in out, "days are screened in any order, some twice, with firms that come and go", out)
HISTORY = """SELECT count(*), count(DISTINCT g.computed), count(*) FILTER (WHERE g.level_in_force <> g.computed), count(*) FILTER (WHERE g.level_in_force IS DISTINCT FROM h.whole)
  FROM desk.grade AS g JOIN (
	SELECT g.run_id, g.inst_id, risk_screen.sticky_level(g.computed, g.relaxed, risk_screen.day_start(r.as_of), '30 days') OVER (PARTITION BY g.inst_id ORDER BY r.as_of) AS whole
	  FROM desk.grade AS g JOIN desk.run AS r USING (run_id)) AS h USING (run_id, inst_id);"""
out = psql(HISTORY).split("|")
ok(int(out[0]) > 120 and out[1] in ("4", "5") and int(out[2]) > 10 and out[3] == "0", "levels in force carried from run to run are sticky_level over the whole history", out)
out = psql("SELECT count(*) FROM (SELECT inst_id, run_id FROM desk.grade GROUP BY 1, 2) AS x RIGHT JOIN (SELECT inst_id, run_id FROM filing.org CROSS JOIN desk.run) AS y USING (inst_id, run_id) WHERE x.inst_id IS NULL;")
ok(int(out) > 0, "with days on which a firm was not there (%s)" % out)
out = psql("SELECT count(*) FROM desk.grade AS g, LATERAL (SELECT coalesce(sum((x ->> 'contribution')::numeric), 0) AS s FROM jsonb_array_elements(reasons) AS x) AS c WHERE c.s <> g.score;")
ok(out == "0", "contributions add up to the score of every grade", out)
out = psql("SELECT count(*) FROM desk.grade_explanation; SELECT count(*) FROM (SELECT inst_id, sum(points) AS s FROM desk.grade_explanation GROUP BY 1) AS e JOIN desk.grade AS g USING (inst_id) JOIN desk.current_run USING (run_id) WHERE e.s <> g.score;").split()
ok(int(out[0]) > 5 and out[1] == "0", "and so do the lines of grade_explanation", out)
# what the run judged can be judged again from its views, by grade() itself
out = psql("""CREATE TABLE filing.again (as_of date, entity text, level text, score numeric, reasons jsonb);
DO $$ DECLARE d date; BEGIN FOR d IN SELECT as_of FROM desk.run LOOP
	INSERT INTO filing.again SELECT d, entity, level, score, reasons FROM risk_screen.grade('desk.fact', 'desk', d, checks => 'desk.rule_check'); END LOOP; END $$;
SELECT count(*), count(*) FILTER (WHERE (a.level, a.score, a.reasons) IS DISTINCT FROM (g.computed::text, g.score, g.reasons))
  FROM desk.run AS r JOIN desk.grade AS g USING (run_id) FULL JOIN filing.again AS a ON a.as_of = r.as_of AND a.entity = g.inst_id;""")
ok(out.split("|")[1:] == ["0"] and int(out.split("|")[0]) > 120, "grade() over the views fact and rule_check gives every run's grades, of several runs the right one", out)

# ---- an old day as known then
ANSWER = """SELECT g.inst_id, g.level, g.computed, g.level_in_force, g.score, g.floor, g.coverage, g.red_lines, g.reasons, r.ruleset_version, r.ruleset_hash, r.grades_hash
  FROM desk.grade AS g JOIN desk.run AS r USING (run_id) WHERE r.as_of = '2026-06-20' AND r.known_at = '%s' ORDER BY 1;"""
psql("INSERT INTO filing.hit VALUES ('I1', 'own-orange', '2026-06-19', '2026-07-30', 1, '2026-06-20'), ('I2', 'own-maybe', '2026-06-19', '2026-07-30', 1, '2026-06-20'),"
     "('I8', 'own-maybe', '2026-06-19', '2026-07-30', 1, '2026-06-20'), ('I9', 'own-maybe', '2026-06-19', '2026-07-30', 1, '2026-06-20');"
     "INSERT INTO desk.finding_review (rule, finding_key, decision, reviewed_at, reason) VALUES ('own-maybe', 'institution:I8', 'confirmed', '2026-06-19', 'x'), ('own-maybe', 'institution:I9', 'rejected', '2026-06-19', 'x');"
     "INSERT INTO desk.grade_override (inst_id, level, valid_from, valid_to, reason, known_at) VALUES ('I3', 'yellow', '2026-06-01', '2026-07-01', '约谈', '2026-06-18');"
     "INSERT INTO desk.exemption (inst_id, rule, valid_from, valid_to, reason, known_at) VALUES ('I4', 'own-red', '2026-06-01', '2026-07-01', '试点', '2026-06-18');")
psql(screen("2026-06-20"))
before = psql(ANSWER % "infinity")
ok("ERROR" not in before and len(before.splitlines()) == 12, "a day is screened", before)
changes = """
INSERT INTO filing.hit VALUES ('I5', 'own-red', '2026-06-10', '2026-07-30', 1, '2026-07-05');
INSERT INTO filing.ratio VALUES ('I6', '2026-06-10', '2026-07-30', 99, '2026-07-05');
INSERT INTO filing.org VALUES ('NEW', '新', '{X}', '2026-07-05');
INSERT INTO desk.finding_review (rule, finding_key, decision, reviewed_at, reason) SELECT rule, finding_key, 'confirmed', '2026-07-05', '查实' FROM desk.finding WHERE rule = 'own-maybe' GROUP BY 1, 2
	ON CONFLICT (rule, finding_key) DO UPDATE SET decision = 'rejected', reviewed_at = '2026-07-05', reason = '复查';
DELETE FROM desk.finding_review WHERE finding_key = 'institution:I9';
UPDATE desk.grade_override SET level = 'red' WHERE inst_id = 'I3';
DELETE FROM desk.exemption WHERE inst_id = 'I4';
INSERT INTO desk.grade_override (inst_id, level, valid_from, valid_to, reason, known_at) VALUES ('I7', 'red', '2026-06-01', '2026-07-01', '后补', '2026-07-05');
INSERT INTO desk.exemption (inst_id, rule, valid_from, valid_to, reason, known_at) VALUES ('I1', 'own-orange', '2026-06-01', '2026-07-01', '后补', '2026-07-05');
SELECT risk_screen.copy_ruleset('desk', 1, 'desk', 2);
UPDATE risk_screen.ruleset_level SET score = score / 2 WHERE ruleset = 'desk' AND version = 2;
INSERT INTO risk_screen.ruleset_activation (ruleset, version, active_from, known_from, content_hash) VALUES ('desk', 2, '-infinity', '2026-07-05', risk_screen.ruleset_hash('desk', 2));
INSERT INTO risk_screen.parameter (code, value, operator, sense, known_from) VALUES ('grade_hold', 0, '=', 'value', '2026-07-05');
"""
# and the rules: one is edited, one deleted, one new
changes += """
UPDATE risk_screen.rule SET severity = 'red', version = 2, body = replace(body, 'first <= $1', 'first <= $1 + 0') WHERE code = 'own-yellow';
DELETE FROM risk_screen.rule WHERE code = 'own-maybe';
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, kind, fact, body) VALUES ('own-new', '新', 'new', 'red', 'list', 'findings', $b$SELECT 'institution' AS subject_kind, o.inst_id AS subject_id, NULL::numeric AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at, NULL::jsonb AS evidence FROM filing.org AS o$b$);
UPDATE risk_screen.rule_history SET known_from = CASE WHEN known_from > '2026-07-06' THEN '2026-07-05' ELSE known_from END, known_to = CASE WHEN known_to < 'infinity' THEN '2026-07-05' ELSE known_to END WHERE code LIKE 'own-%';
"""
out = psql(changes)
ok("ERROR" not in out, "then data, reviews, overrides, exemptions, ruleset and parameters are corrected", out)
psql(screen("2026-06-20", ", known_at => '2026-06-25'"))
after = psql(ANSWER % "2026-06-25")
ok(after == before, "the day replayed as known then gives the old answer, to the last byte of reasons and hash", "\n".join(a + "  <>  " + b for a, b in zip(before.splitlines(), after.splitlines()) if a != b))
ok(psql(ANSWER % "infinity") == before, "and leaves the run of the day as it was")
psql(screen("2026-06-20"))
now = psql(ANSWER % "infinity")
ok(now != before and "NEW" in now and "|2|" in now and "own-new" in now and "own-maybe" not in now, "screened anew it knows better", now[:500])
out = psql("SELECT string_agg(rule || ' ' || rule_version || ' ' || severity, ',' ORDER BY rule) FROM desk.rule_outcome JOIN desk.run USING (run_id) WHERE as_of = '2026-06-20' AND known_at = '2026-06-25' AND rule IN ('own-yellow', 'own-maybe', 'own-new'); SELECT count(*) FROM risk_screen.rule_history WHERE code = 'own-yellow';").split("\n")
ok(out == ["own-maybe 1 red,own-yellow 1 yellow", "2"], "the replay ran the rules as they stood then: edited, deleted and new ones", out)
psql("UPDATE risk_screen.rule SET severity = 'yellow', version = 1 WHERE code = 'own-yellow'; DELETE FROM risk_screen.rule WHERE code = 'own-new';" + RULE % ("own-maybe", "own-maybe", "'red'", "red line", True, "findings", "CASE WHEN amount IS NOT NULL THEN 1 END", "hit", " AND h.rule = 'own-maybe'"))
out = psql("SELECT count(DISTINCT grades_hash) FROM desk.run WHERE as_of = '2026-06-20'; SELECT string_agg(DISTINCT ruleset_version::text, ',') FROM desk.grade_history WHERE as_of = '2026-06-20';").split()
ok(out == ["2", "1,2"], "history keeps both, with ruleset version and hash", out)

# ---- what acts on the levels
psql("DELETE FROM desk.grade_override; DELETE FROM desk.exemption; DELETE FROM desk.finding_review; DELETE FROM filing.hit; DELETE FROM filing.ratio; DELETE FROM filing.org; DELETE FROM desk.run;"
     "DELETE FROM risk_screen.parameter WHERE NOT builtin;"
     "INSERT INTO filing.org SELECT x, x, '{X}' FROM unnest('{A,B,C,D,E}'::text[]) AS x;"
     "INSERT INTO filing.hit VALUES ('A', 'own-red', '2026-01-01', '2027-01-01', 1), ('B', 'own-orange', '2026-01-01', '2027-01-01', 1), ('C', 'own-maybe', '2026-01-01', '2027-01-01', 1), ('D', 'own-yellow', '2026-01-01', '2027-01-01', NULL);"
     "INSERT INTO filing.ratio VALUES ('E', '2026-01-01', '2026-08-01', 24, NULL), ('E', '2026-08-02', '2026-08-03', 16, NULL), ('E', '2026-08-04', '2027-01-01', 12, NULL);")
V1 = ", ruleset => 'desk@1'"
BOARD = "SELECT string_agg(inst_id || ' ' || measured_level || '/' || level, ', ' ORDER BY inst_id) FROM desk.risk_board;"


def board(day, *more):
    return psql("".join(more) + "CALL risk_screen.screen('desk', '%s', at => '2026-08-30', ruleset => 'desk@1');\n" % day + BOARD)


out = board("2026-08-01")
ok(out == "A red/red, B orange/orange, C orange/orange, D unknown/unknown, E yellow/yellow", "severity, candidate one level lower, not judged, score", out)
out = board("2026-08-02", "INSERT INTO desk.grade_override (inst_id, level, valid_from, valid_to, reason) VALUES ('A', 'green', '2026-08-02', '2026-08-04', 'x'), ('B', 'green', '2026-08-02', '2026-08-04', 'x'), ('C', 'yellow', '2026-08-02', '2026-08-04', 'x'), ('D', 'red', '2026-08-02', '2026-08-04', 'x');")
ok(out == "A red/red, B green/green, C yellow/yellow, D red/red, E green/yellow", "an override acts at once, both ways, but not below a red line; a candidate's is none yet; a fall waits", out)
ok(psql("SELECT inst_id, note_zh FROM desk.grade_explanation WHERE status = 'override' ORDER BY 1 LIMIT 1") == "A|x (postgres)", "and is explained")
out = board("2026-08-04")
ok(out.startswith("A red/red, B orange/orange, C orange/orange, D unknown/unknown"), "it expires", out)
# E: 16 is within the margin of yellow (20 - 5), so the hold begins on the 4th only, with 12
out = [board(d).split(", ")[-1] for d in ("2026-09-02", "2026-09-03")]
ok(out == ["E green/yellow", "E green/green"], "within the margin the hold does not begin; thirty days below it do", out)
out = board("2026-09-04", "INSERT INTO desk.exemption (inst_id, rule, valid_from, valid_to, reason) VALUES ('A', 'own-red', '2026-09-04', '2026-09-05', '试点');")
ok(out.startswith("A green/red"), "an exemption takes its rule out", out)
out = psql("SELECT string_agg(status || ' ' || rule, ',') FROM desk.grade_explanation WHERE inst_id = 'A'; SELECT count(*) FROM desk.grade_explanation WHERE inst_id = 'A' AND findings IS NOT NULL;").split("\n")
ok(out == ["exempt own-red", "0"], "and is listed", out)
out = psql("SELECT risk_screen.copy_ruleset('desk', 1, 'strict', 1); UPDATE risk_screen.ruleset SET min_coverage = 0.9 WHERE ruleset = 'strict'; CALL risk_screen.screen('desk', '2026-09-05', at => '2026-09-06', ruleset => 'strict@1');" + BOARD)
ok(out.strip().startswith("A red/red, B orange/orange, C orange/orange, D unknown/unknown, E unknown/"), "below the minimum coverage green is unknown", out)
out = psql("CALL risk_screen.screen('desk', '2026-09-06', ruleset => 'nothing');")
ok('there is no ruleset "nothing"' in out, "an unknown ruleset is refused before anything runs", out)

psql("DROP DATABASE grading_desk WITH (FORCE);", "postgres")
print("1..%d" % tests)
sys.exit(failed > 0)
