"""finbench.py - LDBC FinBench's complex reads by enumerating walks.

Written from the specification (v0.2.0-alpha), sharing nothing with
examples/finbench/reads.sql but the reading of what the specification leaves
open: truncation after the window, per account in the direction of the search,
newest first, ties by the larger id.
"""
from decimal import ROUND_HALF_UP, Decimal


def rounded(x):
    return Decimal(x).quantize(Decimal("0.001"), ROUND_HALF_UP)


class Graph:
    """Tables as lists of dicts; times compare as they are."""

    def __init__(self, tables):
        self.t = tables
        self.person_accounts = {}
        for a in tables["account"]:
            if a["person"] is not None:
                self.person_accounts.setdefault(a["person"], []).append(a["id"])
        self.loans = {l["id"]: l for l in tables["loan"]}
        self.media = {m["id"]: m for m in tables["medium"]}

    def inside(self, table, window):
        return [r for r in self.t[table] if window[0] < r["at"] < window[1]]

    def steps(self, edges, key, limit):
        """account -> its edges, the newest `limit` of them"""
        by = {}
        for e in edges:
            by.setdefault(e[key], []).append(e)
        if limit is not None:
            for account in by:
                by[account] = sorted(by[account], key=lambda e: (e["at"], e["id"]), reverse=True)[:limit]
        return by

    def walks(self, start, steps, here, there, follows, depth=3):
        """Every walk of 1..depth edges from start, as lists of edges."""
        open_walks = [[e] for e in steps.get(start, [])]
        while open_walks:
            yield from open_walks
            open_walks = [w + [e] for w in open_walks if len(w) < depth for e in steps.get(w[-1][there], []) if follows(w[-1], e)]

    def tcr1(self, account, window, limit):
        steps = self.steps(self.inside("transfer", window), "payer", limit)
        reached = {(w[-1]["payee"], len(w)) for w in self.walks(account, steps, "payer", "payee", lambda a, b: b["at"] > a["at"])}
        rows = {(other, d, s["medium"], self.media[s["medium"]]["type"]) for other, d in reached for s in self.inside("sign_in", window)
                if s["account"] == other and self.media[s["medium"]]["blocked"]}
        return sorted(rows, key=lambda r: (r[1], r[0], r[2]))

    def tcr2(self, person, window, limit):
        steps = self.steps(self.inside("transfer", window), "payee", limit)
        reached = {w[-1]["payer"] for account in self.person_accounts.get(person, [])
                   for w in self.walks(account, steps, "payee", "payer", lambda a, b: b["at"] < a["at"])}
        loans = {}
        for d in self.inside("deposit", window):
            if d["account"] in reached:
                loans.setdefault(d["account"], set()).add(d["loan"])
        rows = [(a, rounded(sum(self.loans[l]["amount"] for l in ls)), rounded(sum(self.loans[l]["balance"] for l in ls))) for a, ls in loans.items()]
        return sorted(rows, key=lambda r: (-r[1], r[0]))

    def tcr3(self, one, two, window):
        steps = self.steps(self.inside("transfer", window), "payer", None)
        seen, level, hops = {one}, {one}, 0
        while level:
            if two in level:
                return hops
            level = {e["payee"] for a in level for e in steps.get(a, [])} - seen
            seen |= level
            hops += 1
        return -1

    def tcr4(self, src, dst, window):
        edges = self.inside("transfer", window)
        if not any(e["payer"] == src and e["payee"] == dst for e in edges):
            return []
        rows = []
        for other in {e["payer"] for e in edges} - {src, dst}:
            back = [e["amount"] for e in edges if e["payer"] == other and e["payee"] == src]
            forth = [e["amount"] for e in edges if e["payer"] == dst and e["payee"] == other]
            if back and forth:
                rows.append((other, len(back), rounded(sum(back)), rounded(max(back)), len(forth), rounded(sum(forth)), rounded(max(forth))))
        return sorted(rows, key=lambda r: (-r[2], -r[5], r[0]))

    def tcr5(self, person, window, limit):
        steps = self.steps(self.inside("transfer", window), "payer", limit)
        chains = set()
        for account in self.person_accounts.get(person, []):
            for w in self.walks(account, steps, "payer", "payee", lambda a, b: b["at"] > a["at"]):
                chain = (account, *(e["payee"] for e in w))
                if len(set(chain)) == len(chain):
                    chains.add(chain)
        return sorted(chains, key=lambda c: (-len(c), c))

    def tcr8(self, loan, threshold, window, limit):
        edges = [dict(e, id=("transfer", e["id"])) for e in self.inside("transfer", window)]
        received = {}
        for e in edges:
            received[e["payee"]] = received.get(e["payee"], 0) + e["amount"]
        edges += [dict(e, id=("withdraw", e["id"]), payer=e["account"], payee=e["card"]) for e in self.inside("withdraw", window)]
        for e in edges:                                     # the SQL orders "transfer 9" after "transfer 10"
            e["id"] = "%s %d" % e["id"]
        steps = self.steps(edges, "payer", limit)
        steps = {a: [e for e in es if threshold == 0 or e["amount"] > threshold * received.get(a, 0)] for a, es in steps.items()}
        first, distance = {}, {}
        for start in {d["account"] for d in self.inside("deposit", window) if d["loan"] == loan}:
            for w in self.walks(start, steps, "payer", "payee", lambda a, b: True):
                first[w[-1]["id"]] = w[-1]
                account = w[-1]["payee"]
                distance[account] = min(distance.get(account, 9), len(w))
        total = {}
        for e in first.values():
            total[e["payee"]] = total.get(e["payee"], 0) + e["amount"]
        rows = [(a, rounded(total[a] / self.loans[loan]["amount"]), 1 + distance[a]) for a in total]
        return sorted(rows, key=lambda r: (-r[2], -r[1], r[0]))

    def tcr11(self, person, window):
        steps = self.steps(self.inside("guarantee", window), "guarantor", None)
        reached, level = set(), {person}
        while level:
            level = {e["guaranteed"] for p in level for e in steps.get(p, [])} - reached
            reached |= level
        loans = {a["loan"] for a in self.t["apply"] if a["person"] in reached}
        return [(rounded(sum(self.loans[l]["amount"] for l in loans)), len(loans))]
