#!/usr/bin/env python3
"""ownership_beneficial.t - beneficial owners by definition, in exact fractions.

Random holdings with rings, shares and votes apart, agreements, and companies
with unknown holders. For each company and person: the share of equity, of
votes, and of the higher of both at every level (each as look-through by
Gauss-Jordan), control by recomputing all votes; thresholds that are met
exactly; what the unknown part leaves possible; who ends a chain and is no
person; the manager where nobody qualifies.
"""
import os, random, subprocess, sys
from fractions import Fraction as F

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(top, "test", "oracle"))
sys.dont_write_bytecode = True
import ownership as oracle

rng = random.Random(int(os.environ.get("RS_SEED", "9")))
cases = 3000 if os.environ.get("RS_LONG") == "1" else 300
NAMES = ["EQUITY", "VOTES", "HIGHER", "CONTROL"]
wanted, script, tally = {}, [], {}
for case in range(cases):
    companies = ["c%d" % i for i in range(rng.randint(2, 6))]
    persons = ["p%d" % i for i in range(3)]
    others = ["gov", "abc"]
    apart = rng.random() < .6
    rings = rng.random() < .5
    equity, votes, agreements = {}, {}, set()
    for i, c in enumerate(companies):
        left, left_votes = 100, 100
        pool = [x for x in (companies if rings else companies[i + 1:]) if x != c] + persons + others
        for holder in rng.sample(pool, min(len(pool), rng.choice([1, 2, 3, 4]))):
            part = rng.choice([5, 10, 20, 25, 50, 51, 60, 100])
            vote = rng.choice([5, 10, 25, 50, 51, 75]) if apart and rng.random() < .6 else part
            if part <= left and vote <= left_votes:
                left -= part
                left_votes -= vote
                equity[holder, c], votes[holder, c] = F(part, 100), F(vote, 100)
        if rng.random() < .1:
            agreements.add((rng.choice(persons + companies), c))
    agreements = {(a, b) for a, b in agreements if a != b and (a, b) not in equity}
    if not equity:
        continue
    nothing = {e: F(0) for e in agreements}
    higher = {e: max(equity[e], votes[e]) for e in equity}
    solved = [oracle.Ownership({**w, **nothing}) for w in (equity, votes, higher)]
    threshold, inclusive = rng.choice([F(1, 4), F(1, 4), F(1, 2), F(1, 10)]), rng.random() < .7
    basis = rng.choice(["higher", "higher", "equity", "votes"])
    counted = {"higher": (0, 1, 2), "equity": (0,), "votes": (1,)}[basis]
    meets = lambda x: x >= threshold if inclusive else x > threshold
    control = {s: set(oracle.control(votes, agreements, F(1, 2), False, [s])) for s in persons + others + companies}
    held = {b for _, b in equity} | {b for _, b in agreements}
    rows = set()
    for c in sorted(held):
        owners = [s.owners(c) for s in solved]
        ends = [n for n in persons + others + companies if n != c and (n in persons or n not in held)]
        qualified = False
        state = False
        for n in ends:
            values = [o[0].get(n, (F(0), F(0))) for o in owners]
            grounds = []
            if 0 in counted and values[0] is not None and meets(values[0][0]):
                grounds.append("EQUITY")
            if 1 in counted and values[1] is not None and meets(values[1][0]):
                grounds.append("VOTES")
            if basis == "higher" and not grounds and values[2] is not None and meets(values[2][0]):
                grounds.append("HIGHER")
            if c in control[n]:
                grounds.append("CONTROL")
            met = any(n in o[0] for o in owners)
            if grounds:
                if n in persons:
                    qualified = True
                else:
                    grounds.append("UNRESOLVED")
                    state |= n == "gov"
            elif n in persons and met:
                for s in counted:
                    unknown = owners[s][1]
                    if values[s] is None or unknown is None or unknown > 0 and meets(values[s][0] + unknown):
                        grounds = ["NOT_EXCLUDED"]
            if grounds:
                rows.add((c, n, str(n in persons and grounds != ["NOT_EXCLUDED"]).lower()[0], ",".join(grounds)))
        if state:
            rows.add((c, "rep", "t", "LEGAL_REPRESENTATIVE")) if c == "c0" else None
            qualified |= c == "c0"
        if any(owners[s][1] is None or meets(owners[s][1]) for s in counted):
            rows.add((c, "unknown", "f", "UNRESOLVED"))
        if any(owners[s][2] is not None and meets(owners[s][2]) for s in counted):
            rows.add((c, "closed_loop", "f", "UNRESOLVED"))
        if not qualified:
            rows.add((c, "boss", "t", "FALLBACK") if c == "c1" else (c, "-", "f", "FALLBACK"))
    wanted[case] = rows
    for row in rows:
        for g in row[3].split(","):
            tally[g] = tally.get(g, 0) + 1
    values = ["('%s', '%s', %s, %s, NULL)" % (a, b, float(v), float(votes[a, b])) for (a, b), v in equity.items()] + ["('%s', '%s', NULL, NULL, 'control')" % e for e in agreements]
    script.append("""SELECT %d, company, coalesce(party, kind, '-'), qualified, array_to_string(grounds, ',') FROM risk_screen.beneficial_owners(
  $$SELECT * FROM (VALUES %s) v (owner, owned, share, votes, kind)$$,
  $$SELECT * FROM (VALUES ('p0', 'person', NULL), ('p1', 'person', NULL), ('p2', 'person', NULL), ('gov', 'state', NULL), ('rep', 'legal_representative', 'c0'), ('boss', 'manager', 'c1')) v (party, kind, company)$$,
  %s, %s, '%s', targets => %s);""" % (case, ", ".join(values), float(threshold), inclusive, basis, rng.choice(["NULL", "ARRAY['%s']" % "','".join(sorted(held))])))
run = subprocess.run(["psql", "-XqAt", "-F", "|", "-v", "ON_ERROR_STOP=1", "-f", "-"], input="\n".join(script), capture_output=True, text=True)
got = {c: [] for c in wanted}
for line in run.stdout.splitlines():
    case, *row = line.split("|")
    got[int(case)].append(tuple(row))
wrong = [(c, sorted(w - set(got[c])), sorted(set(got[c]) - w), script[list(wanted).index(c)]) for c, w in wanted.items() if sorted(w) != sorted(got[c])]
print("ok" if run.returncode == 0 and len(tally) == 8 and min(tally.values()) >= cases / 150 else "not ok", 1, "- %d graphs:" % len(wanted), *("%s %s" % t for t in sorted(tally.items())))
print("ok" if not wrong else "not ok", 2, "- every row: who, whether qualified, on what grounds")
for w in wrong[:3]:
    print("#", len(wrong), *w)
if run.stderr:
    print("#", run.stderr.replace("\n", "\n# "))
print("1..2")
