#!/usr/bin/env python3
"""ownership_groups.t - control groups by definition, on random graphs with rings, concerts, kin and dependence.

A group is what is left joined after everybody is joined with whom it acts with
or is kin to, and each of these, together, with whatever they control, found by
recomputing all votes. Beside it, once each: who depends on a member, and who
holds 5 % of one in shares or votes.
"""
import os, random, subprocess, sys
from fractions import Fraction as F

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(top, "test", "oracle"))
sys.dont_write_bytecode = True
import ownership as oracle

rng = random.Random(int(os.environ.get("RS_SEED", "4")))
cases = 3000 if os.environ.get("RS_LONG") == "1" else 400
wanted, script, tally = {}, [], {}
for case in range(cases):
    nodes = ["n%d" % i for i in range(rng.randint(3, 10))]
    equity, votes, agreements, economic, links = {}, {}, set(), set(), []
    apart = rng.random() < .4
    for c in nodes:
        left, left_votes = 100, 100
        for holder in rng.sample([x for x in nodes if x != c], rng.choice([0, 1, 2, min(3, len(nodes) - 1)])):
            part = rng.choice([1, 4, 5, 6, 30, 50, 51, 60])
            vote = rng.choice([1, 5, 50, 51]) if apart else part
            if part <= left and vote <= left_votes:
                left, left_votes = left - part, left_votes - vote
                equity[holder, c], votes[holder, c] = F(part, 100), F(vote, 100)
    for _ in range(rng.choice([0, 0, 1])):
        agreements.add(tuple(rng.sample(nodes, 2)))
    for _ in range(rng.choice([0, 0, 1])):
        economic.add(tuple(rng.sample(nodes, 2)))
    agreements -= set(equity)
    economic -= set(equity) | agreements
    allied = [tuple(rng.sample(nodes, 2)) for _ in range(rng.choice([0, 0, 1]))]
    for _ in range(rng.choice([0, 0, 1, 2])):
        links.append(tuple(rng.sample(nodes, 2)) + (rng.choice(["concert", "kin", "KIN", "economic", None, "亲属"]),))
    if not equity:
        continue
    acting = {n: {n} for n in nodes}

    def join(group, a, b):
        joined = group[a] | group[b]
        for x in joined:
            group[x] = joined
    for a, b in allied + [l[:2] for l in links if l[2] != "economic"]:
        join(acting, a, b)
    control = {frozenset(g): set(oracle.control(votes, agreements, F(1, 2), False, sorted(g))) for g in acting.values()}
    group = {n: set(g) for n, g in acting.items()}
    for n in nodes:
        for x in group[n]:
            group[x] = group[n]
    for g, moved in control.items():
        for x in moved:
            join(group, min(g), x)
    controlled = set().union(*control.values())
    tied = economic | {l[:2] for l in links if l[2] == "economic"}
    rows = set()
    for members in {frozenset(g) for g in group.values() if len(g) > 1}:
        for m in members:
            free = m not in controlled
            heads = free and any(m in g and moved for g, moved in control.items()) and any(a == m for a, _ in list(equity) + list(agreements) + list(economic))
            rows.add((min(members), m, "controlled" if not free else "head" if heads else "tied"))
        for a, b in tied:
            for x, y in ((a, b), (b, a)):
                if x in members and y not in members:
                    rows.add((min(members), y, "beside"))
        for (a, b), v in equity.items():
            if b in members and a not in members and max(v, votes[a, b]) >= F(1, 20):
                rows.add((min(members), a, "beside"))
    wanted[case] = rows
    for row in rows:
        tally[row[2]] = tally.get(row[2], 0) + 1
    values = ["('%s', '%s', %s, %s, NULL)" % (a, b, float(v), float(votes[a, b])) for (a, b), v in equity.items()]
    values += ["('%s', '%s', NULL, NULL, '%s')" % (a, b, k) for k, s in (("control", agreements), ("economic", economic), ("concert", allied)) for a, b in s]
    pairs = "$$SELECT * FROM (VALUES %s) v (a, b, kind)$$" % ", ".join("('%s', '%s', %s)" % (a, b, "NULL::text" if k is None else "'%s'" % k) for a, b, k in links) if links else "NULL"
    script.append("""WITH g AS (SELECT * FROM risk_screen.control_groups($$SELECT * FROM (VALUES %s) v (owner, owned, share, votes, kind)$$, %s))
SELECT %d, min(member) FILTER (WHERE relation NOT IN ('economic', 'holder')) OVER (PARTITION BY group_no), member,
  CASE WHEN relation IN ('controlled', 'agreement') THEN 'controlled' WHEN relation IN ('economic', 'holder') THEN 'beside' WHEN relation IN ('concert', 'kin') THEN 'tied' ELSE relation END FROM g;""" % (", ".join(values), pairs, case))
run = subprocess.run(["psql", "-XqAt", "-F", "|", "-v", "ON_ERROR_STOP=1", "-f", "-"], input="\n".join(script), capture_output=True, text=True)
got = {c: [] for c in wanted}
for line in run.stdout.splitlines():
    case, *row = line.split("|")
    got[int(case)].append(tuple(row))
wrong = [(c, sorted(w - set(got[c])), sorted(set(got[c]) - w), script[list(wanted).index(c)]) for c, w in wanted.items() if sorted(w) != sorted(got[c])]
print("ok" if run.returncode == 0 and len(tally) == 4 and min(tally.values()) > cases / 20 else "not ok", 1, "- %d graphs:" % len(wanted), *("%s %s" % t for t in sorted(tally.items())))
print("ok" if not wrong else "not ok", 2, "- every member, once, and who stands beside each group")
for w in wrong[:3]:
    print("#", len(wrong), *w)
if run.stderr:
    print("#", run.stderr.replace("\n", "\n# "))
print("1..2")
