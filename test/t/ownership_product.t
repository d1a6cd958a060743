#!/usr/bin/env python3
"""ownership_product.t - nested products and the investors behind them, by definition on small random graphs.

Layers: every chain of different products is walked. Investors: whoever is reached
through vehicles, as a set. Rings of vehicles, links of nothing, public funds,
filed plans, documents used twice and declared numbers occur in all.
"""
import os, random, subprocess, sys


def psql(script):
    run = subprocess.run(["psql", "-XqAt", "-F", "|", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=script, text=True, capture_output=True)
    if run.returncode:
        print("not ok 1 - psql\n# " + run.stderr.replace("\n", "\n# ") + "\n1..1")
        sys.exit(1)
    return [line.split("|") for line in run.stdout.splitlines()]


def copy(table, columns, rows):
    return "CREATE TEMP TABLE %s (%s);\nCOPY %s FROM stdin;\n%s\\.\n" % (
        table, columns, table, "".join("\t".join("\\N" if v is None else str(v) for v in r) + "\n" for r in rows))


def walk(edges, start, seen):
    """all chains of different products from start, as lists; a chain that closes ends with its repeat"""
    below = sorted({b for a, b in edges if a == start})
    if not below:
        yield [start]
    for b in below:
        if b in seen:
            yield [start, b]
        else:
            for rest in walk(edges, b, seen | {b}):
                yield [start] + rest


rng = random.Random(int(os.environ.get("RS_SEED", "11")))
cases = 3000 if os.environ.get("RS_LONG") == "1" else 300
holdings, parties, wanted_layers, wanted_investors = [], [], {}, {}
for case in range(cases):
    def name(x):
        return "%d:%s" % (case, x)
    products = ["A%d" % i for i in range(rng.randint(1, 5))]
    kinds = {p: "public_fund" if rng.random() < 0.2 else "product" for p in products}
    others = ["x%d" % i for i in range(rng.randint(0, 5))]
    kinds.update({x: rng.choice(["person", "company", "partnership", "pension", None]) for x in others})
    stated = {n: rng.choice([True, False]) for n in kinds if rng.random() < 0.15}
    identity = {x: rng.choice("DE") for x in others if rng.random() < 0.4}
    declared = {n: rng.randint(0, 60) for n in kinds if rng.random() < 0.2}
    limit = {p: rng.randint(0, 5) for p in products if rng.random() < 0.7}
    every = products + others
    links = {}
    for owned in every:
        for owner in rng.sample(every + ["stranger"], rng.randint(0, min(3, len(every)))):
            if rng.random() < 0.8 or owner != owned:
                links[owner, owned] = rng.choice([0, 0.5, 1, 1, None])
    for (owner, owned), share in links.items():
        holdings.append((name(owner), name(owned), share))
    for n, k in kinds.items():
        if k is not None or rng.random() < 0.5:
            parties.append((name(n), k, identity.get(n), stated.get(n), declared.get(n), limit.get(n)))
        else:
            for d in (identity, stated, declared):
                d.pop(n, None)

    # layers
    held = {e for e, share in links.items() if share != 0 and e[0] in products and e[1] in products}
    for p in products:
        chains = list(walk(held, p, {p}))
        endless = any(len(set(c)) < len(c) for c in chains)
        layers = None if endless else max(sum(kinds[x] != "public_fund" for x in c[1:]) for c in chains)
        violations = sum((x, y) in held and (y, z) in held and x == p and kinds[z] != "public_fund" for x in products for y in products for z in products)
        wanted_layers[name(p)] = (layers, endless, violations, endless or violations > 0 or layers > 1)

    # investors
    invest = {e for e, share in links.items() if share != 0}
    for p in products:
        through = lambda n: n == p or stated.get(n, kinds.get(n) in ("product", "partnership"))     # a product is not behind itself
        reached = {p}
        while True:
            more = {a for a, b in invest if b in reached and through(a)} - reached
            if not more:
                break
            reached |= more
        counted = [(a, b) for a, b in invest if b in reached and a != b and not through(a)]
        ends = {identity.get(a, "id of " + a) for a, b in counted}
        # what is looked through: only this makes rings
        flow = {(a, b) for a, b in invest if through(b)}

        def above(n):
            seen, todo = set(), [n]
            while todo:
                at = todo.pop()
                for a, b in flow:
                    if b == at and a not in seen:
                        seen.add(a)
                        todo.append(a)
            return seen
        rings = {frozenset(m for m in above(v) if v in above(m)) for v in reached if v in above(v)}
        closed = [r for r in rings if not any(b in r and a not in r for a, b in flow)]
        number = unknown = 0
        for r in closed:
            if all(a == b for a, b in flow if b in r):
                continue            # a vehicle that holds only itself names nobody, as one without holders
            said = [declared[m] for m in r if m in declared]
            number += max(said) if said else 0 if p in r else 1
            unknown += 1
        for v in reached:
            if not any(b == v and a != v for a, b in invest):
                number += declared.get(v, 0 if v == p else 1)
                unknown += 1
        total = len(ends) + number
        wanted_investors[name(p)] = (total, len(counted) + number, sum(b == p and a != p for a, b in invest), len(reached) - 1,
                                     unknown, total > limit.get(p, 200), bool(closed))
setup = copy("h", "owner text, owned text, share numeric", holdings) + \
    copy("w", "party text, kind text, identity text, pass_through boolean, declared_investors int, max_investors int", parties)
products = "SELECT party, kind FROM w WHERE kind IN ('product', 'public_fund') AND party LIKE '%:A%'"
got = {p: (None if l == "" else int(l), e == "t", int(v), x == "t") for p, l, e, v, x in psql(
    setup + "SELECT product, layers, endless, violations, exceeded FROM risk_screen.product_layers('h', $$%s$$);" % products)}
wrong = [(p, w, got.get(p)) for p, w in wanted_layers.items() if got.get(p) != w]
print("ok" if not wrong and set(got) == set(wanted_layers) else "not ok", 1, "- layers, rings and chains too long of %d products" % len(wanted_layers))
for w in wrong[:5]:
    print("#", w)
identity = "SELECT party, kind, split_part(party, ':', 1) || identity AS identity, pass_through, declared_investors, max_investors FROM w"
rows = psql(setup + "CREATE INDEX ON h (owned);" + """SELECT f.product, f.investors, f.unmerged, f.direct_holders, f.vehicles, f.unknown, f.exceeded, 'CLOSED_LOOP' = ANY (f.flags)
  FROM (SELECT array_agg(DISTINCT party) AS ids FROM w WHERE party LIKE '%%:A%%') p, risk_screen.final_investors('h', $$%s$$, p.ids) f;""" % identity)
got = {r[0]: (int(r[1]), int(r[2]), int(r[3]), int(r[4]), int(r[5]), r[6] == "t", r[7] == "t") for r in rows}
wrong = [(p, w, got.get(p), [h for h in holdings if h[0].startswith(p.split(":")[0] + ":")], [x for x in parties if x[0].startswith(p.split(":")[0] + ":")]) for p, w in wanted_investors.items() if got.get(p) != w]
print("ok" if not wrong and set(got) == set(wanted_investors) else "not ok", 2, "- investors, by vehicle, documents, rings and declared numbers, of %d products" % len(wanted_investors))
for w in wrong[:3]:
    print("#", w)
seen = [sum(w[i] > 0 for w in wanted_investors.values()) for i in (3, 4, 5, 6)] + [sum(w[0] != w[1] for w in wanted_investors.values()), sum(w[1] for w in wanted_layers.values())]
print("ok" if all(n > cases / 20 for n in seen) else "not ok", 3, "- with vehicles, unknown ones, limits crossed, closed rings, mergers and endless chains:", *seen)
print("1..3")
