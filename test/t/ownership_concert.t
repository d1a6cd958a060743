#!/usr/bin/env python3
"""ownership_concert.t - the sum of parties in concert against a walk that stops at the first of them, in exact fractions.

On random graphs with rings the group is one super-holder: its share of T is the
chance that a walk from T to holders ever meets a member. Links into members
are deleted and what remains is solved by Gauss-Jordan.
"""
import random, subprocess
from fractions import Fraction as F


def met(edges, nodes, members):
    """share of T of all members together; None: no finite answer"""
    at = {n: i for i, n in enumerate(nodes)}
    size = len(nodes)
    m = [[F(i == j) for j in range(size)] + [F(0)] for i in range(size)]
    for (owner, owned), share in edges.items():
        if owned not in members:
            m[at[owner]][at[owned]] -= share
    m[at["T"]][size] = F(1)
    for i in range(size):
        pivot = next((r for r in range(i, size) if m[r][i] != 0), None)
        if pivot is None:
            return None
        m[i], m[pivot] = m[pivot], m[i]
        m[i] = [x / m[i][i] for x in m[i]]
        for r in range(size):
            if r != i and m[r][i] != 0:
                m[r] = [a - m[r][i] * b for a, b in zip(m[r], m[i])]
    return sum(m[at[n]][size] for n in members)


rng = random.Random(7)
wanted, script = {}, []
persons = ["P%d" % i for i in range(4)]
for case in range(250):
    companies = ["T"] + ["C%d" % i for i in range(rng.randint(2, 5))]
    edges = {}
    for c in companies:
        left = 100
        for holder in rng.sample([x for x in companies if x not in (c, "T")] + persons, rng.randint(1, 4)):
            if left > 1:
                part = rng.randint(1, left // 2)
                left -= part
                edges[holder, c] = F(part, 100)
    members = rng.sample(companies[1:] + persons, rng.randint(2, 4))
    share = met(edges, companies + persons, members)
    people = sum(m in persons for m in members)
    if share is None or people == 0:
        continue
    wanted[case] = (share, people)
    script.append("""SELECT %d, max(concert_share), count(*) FILTER (WHERE kind = 'person' AND qualified)
  FROM risk_screen.beneficial_owners($$%s$$, $$SELECT 'P' || i AS party, 'person' AS kind FROM generate_series(0, 3) i$$,
       threshold => 0.1, targets => %s, concert => $$%s$$) WHERE company = 'T' AND concert_members IS NOT NULL;""" % (
        case, " UNION ALL ".join("SELECT '%s' AS owner, '%s' AS owned, %s AS share" % (a, b, float(v)) for (a, b), v in edges.items()),
        rng.choice(["'{T}'", "NULL"]), " UNION ALL ".join("SELECT '%s' AS a, '%s' AS b" % (members[0], x) for x in members[1:])))
run = subprocess.run(["psql", "-XqAt", "-F", "|", "-v", "ON_ERROR_STOP=1", "-f", "-"], input="\n".join(script), capture_output=True, text=True)
wrong, enough = [], 0
answers = [line.split("|") for line in run.stdout.splitlines()]
for case, share, people in answers:
    true, members = wanted[int(case)]
    if true >= F(1, 10):
        enough += 1
        if share == "" or abs(F(share) - true) > F(1, 10**13) or int(people) != members:
            wrong.append((case, float(true), share, people, members))
print("ok" if len(answers) == len(wanted) and enough > 50 else "not ok", 1, "- %d groups, %d with a tenth or more" % (len(wanted), enough))
print("ok" if not wrong and answers else "not ok", 2, "- every member qualifies, with the share of the group as one holder")
for w in wrong[:10]:
    print("#", w)
if run.stderr:
    print("#", run.stderr.replace("\n", "\n# "))
print("1..2")
