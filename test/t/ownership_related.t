#!/usr/bin/env python3
"""ownership_related.t - related parties of an institution by definition, on random graphs with rings and concerts.

Control is recomputed for every group, shares are exact fractions, parties in
concert are one holder. Who is related is built up as a set, in the order of
the rules: controllers, holders, who controls those, those tied to any of them,
and whatever any of all these controls.
"""
import os, random, subprocess, sys
from fractions import Fraction as F

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(top, "test", "oracle"))
sys.dont_write_bytecode = True
import ownership as oracle


def as_one(edges, nodes, target, members):
    """share of the target that a walk to holders meets in members first; None: no finite answer"""
    cut = {e: v for e, v in edges.items() if e[1] not in members}
    o = oracle.Ownership({**cut, ("end", target): F(0)})
    result = o.owners(target)[0]
    values = [result.get(m, (F(0), F(0))) for m in members if m in o.nodes]
    return None if any(v is None for v in values) else sum(v[0] for v in values)


def groups_of(nodes, links):
    group = {n: {n} for n in nodes}
    for a, b, kind in links:
        if kind in ("concert", "kin") and group[a] is not group[b]:
            joined = group[a] | group[b]
            for x in joined:
                group[x] = joined
    return group


rng = random.Random(int(os.environ.get("RS_SEED", "5")))
cases = 2000 if os.environ.get("RS_LONG") == "1" else 250
wanted, script = {}, []
for case in range(cases):
    nodes = ["T"] + ["n%d" % i for i in range(rng.randint(2, 8))]
    edges = {}
    for owned in nodes:
        left = 100
        for owner in rng.sample([x for x in nodes if x != owned], min(len(nodes) - 1, rng.randint(0, 4))):
            part = rng.choice([1, 2, 3, 4, 5, 10, 30, 51, 60])
            if part <= left:
                left -= part
                edges[owner, owned] = F(part, 100)
    if not any(owned == "T" for _, owned in edges):
        continue
    links = []
    for _ in range(rng.randint(0, 3)):
        a, b = rng.sample(nodes, 2)
        links.append((a, b, rng.choice(["concert", "kin", "officer"])))
    nodes = oracle.nodes_of(edges) + [n for l in links for n in l[:2]]
    nodes = sorted(set(nodes) | {"T"})
    group = groups_of(nodes, links)
    tied = {n: [(b if a == n else a, kind) for a, b, kind in links if n in (a, b)] for n in nodes}
    found = {}

    def controlled(sources):
        return set(oracle.control(edges, set(), F(1, 2), False, sorted(sources)))
    moves = {frozenset(g): controlled(g) for g in group.values()}

    def controllers(company):
        """members of groups that control it, with something in their hands"""
        out = set()
        for g in {frozenset(x) for x in group.values()}:
            if company in moves[g] or (len(g) > 1 and company in g and company in controlled(g - {company})):
                out |= {m for m in g if any(a == m for a, _ in edges)}
        return out

    def add(parties, relation):
        new = [p for p in parties if p not in found]
        for p in new:
            found[p] = relation
        return new
    add(["T"], "self")
    todo = ["T"]
    while todo:
        todo = [p for n in todo for p in add(controllers(n), "controller")]
    o = oracle.Ownership(edges)
    shares = o.owners("T")[0]
    holders, unclear = [], False
    for n, value in shares.items():
        if n == "T":
            continue
        if value is None:
            unclear = True
            continue
        net = value[1]
        together = as_one(edges, nodes, "T", group[n] - {"T"}) if len(group[n]) > 1 else net
        if together is None:
            unclear = True
        elif net > 0 and (net >= F(1, 20) or together >= F(1, 20)):
            holders.append(n)
    if unclear:
        continue
    add(holders, "holder")
    todo = [n for n in found if found[n] == "holder"]
    while todo:
        todo = [p for n in todo for p in add(controllers(n), "holder_controller")]
    before = list(found)
    kin = set(found)                # whose kin and allies are related
    todo = []
    for n in before:
        for other, kind in tied[n]:
            if kind == "officer" and other not in found:
                found[other] = "tied"
                if n == "T":
                    kin.add(other)
    while True:
        more = {other for n in kin for other, kind in tied[n] if kind != "officer"} - kin
        if not more:
            break
        for n in more:
            found.setdefault(n, "tied")
        kin |= more
    for n in list(found):
        for other in moves[frozenset(group[n])]:
            found.setdefault(other, "controlled")
    wanted[case] = found
    script.append("SELECT %d, party, CASE WHEN relation IN ('self', 'controller', 'holder', 'holder_controller') THEN relation WHEN relation IN ('subsidiary', 'controlled') THEN 'controlled' ELSE 'tied' END FROM risk_screen.related_parties($$%s$$, '{T}', $$%s$$);" % (
        case, " UNION ALL ".join("SELECT '%s' AS owner, '%s' AS owned, %s AS share" % (a, b, float(v)) for (a, b), v in edges.items()),
        " UNION ALL ".join("SELECT '%s' AS a, '%s' AS b, '%s' AS kind" % l for l in links) or "SELECT 'x' AS a, 'x' AS b, 'kin' AS kind"))
run = subprocess.run(["psql", "-XqAt", "-F", "|", "-v", "ON_ERROR_STOP=1", "-f", "-"], input="\n".join(script), capture_output=True, text=True)
got = {}
for line in run.stdout.splitlines():
    case, party, relation = line.split("|")
    got.setdefault(int(case), {})[party] = relation
wrong = [(c, {k: v for k, v in w.items() if got.get(c, {}).get(k) != v}, {k: v for k, v in got.get(c, {}).items() if w.get(k) != v}, script[list(wanted).index(c)]) for c, w in wanted.items() if got.get(c) != w]
kinds = [sum(r == k for w in wanted.values() for r in w.values()) for k in ("controller", "holder", "holder_controller", "tied", "controlled")]
print("ok" if not wrong and not run.returncode else "not ok", 1, "- %d institutions: who is related, and by which rule first" % len(wanted))
for w in wrong[:3]:
    print("#", w)
if run.stderr:
    print("#", run.stderr.replace("\n", "\n# "))
print("ok" if all(n > cases / 25 for n in kinds) else "not ok", 2, "- controllers, holders, who controls those, tied parties, controlled ones:", *kinds)
print("1..2")
