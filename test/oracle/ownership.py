"""Ownership by definition, in exact fractions: slow, and written apart from the engines.

Graphs are dicts {(owner, owned): Fraction}. Nothing here shares a method with
src/: systems are solved by Gauss-Jordan on whole blocks with pivoting, "no
finite answer" is decided by the sign of the inverse, control by recomputing
all sums until nothing changes, paths by exhaustive search.
"""
from fractions import Fraction as F


def nodes_of(edges):
    return sorted({n for e in edges for n in e})


def reachable(start, step):
    seen, todo = set(start), list(start)
    while todo:
        for n in step(todo.pop()):
            if n not in seen:
                seen.add(n)
                todo.append(n)
    return seen


def inverse(m):
    """Gauss-Jordan with pivoting; None if singular."""
    n = len(m)
    a = [row[:] + [F(int(i == j)) for j in range(n)] for i, row in enumerate(m)]
    for c in range(n):
        p = next((r for r in range(c, n) if a[r][c] != 0), None)
        if p is None:
            return None
        a[c], a[p] = a[p], a[c]
        k = a[c][c]
        a[c] = [x / k for x in a[c]]
        for r in range(n):
            if r != c and a[r][c] != 0:
                f = a[r][c]
                a[r] = [x - f * y for x, y in zip(a[r], a[c])]
    return [row[n:] for row in a]


class Ownership:
    def __init__(self, edges):
        self.edges = edges
        self.nodes = nodes_of(edges)
        self.down = {n: [] for n in self.nodes}
        self.up = {n: [] for n in self.nodes}
        for a, b in edges:
            self.down[a].append(b)
            self.up[b].append(a)
        below = {n: reachable([n], self.down.__getitem__) for n in self.nodes}
        self.ring = {}
        for n in self.nodes:
            self.ring[n] = frozenset(m for m in below[n] if n in below[m])
        self.cyclic = {n: len(self.ring[n]) > 1 or (n, n) in edges for n in self.nodes}
        self.sum = {n: sum((edges[o, n] for o in self.up[n]), F(0)) for n in self.nodes}
        self.state, self.inverse = {}, {}
        for ring in set(self.ring.values()):
            members = sorted(ring)
            inv = inverse([[F(int(i == j)) - edges.get((i, j), F(0)) for j in members] for i in members])
            over = any(sum((edges.get((i, j), F(0)) for i in members), F(0)) > 1 for j in members)
            if inv is None:
                self.state[ring] = "RHO_GE_1" if over else "CLOSED_LOOP"
            elif any(x < 0 for row in inv for x in row):
                self.state[ring] = "RHO_GE_1"
            else:
                self.state[ring] = None
                self.inverse[ring] = {(i, j): inv[x][y] for x, i in enumerate(members) for y, j in enumerate(members)}

    def owners(self, target):
        """{party: (total, net) or None}, unknown (None: no value), closed mass (None: none)."""
        above = reachable([target], self.up.__getitem__)
        bad = {n for n in above if self.state[self.ring[n]]}
        grown = True
        while grown:
            grown = False
            for k in list(bad):
                for i in self.up[k]:
                    if i not in bad and self.edges[i, k] != 0:
                        bad.add(i)
                        grown = True
        # y over the nodes that have a value, as one system
        good = sorted(above - bad)
        index = {n: x for x, n in enumerate(good)}
        inv = inverse([[F(int(i == j)) - self.edges.get((i, j), F(0)) for j in good] for i in good]) if good else []
        y = {i: inv[index[i]][index[target]] if target in index else F(0) for i in good}
        result = {}
        for i in above:
            if i == target and not self.cyclic[i]:
                continue
            if i in bad:
                result[i] = None
                continue
            total = y[i] - (1 if i == target else 0)
            ring = self.ring[i]
            diagonal = self.inverse[ring][i, i] if self.cyclic[i] else F(1)
            result[i] = (total, total / diagonal)
        lacking = [n for n in above if self.up[n] and self.sum[n] < 1]
        unknown = None
        if not any(n in bad for n in lacking):
            unknown = sum((y[n] * (1 - self.sum[n]) for n in lacking), F(0))
        closed = None
        rings = {self.ring[n] for n in above if self.state[self.ring[n]] == "CLOSED_LOOP"}
        if rings:
            closed = F(0)
            for ring in rings:
                if target in ring:
                    closed += 1
                for k in ring:
                    for t in self.down[k]:
                        if t in above and t not in ring and t in y:
                            closed += self.edges[k, t] * y[t]
        return result, unknown, closed

    def layers(self, target):
        depth, frontier, d = {}, [target], 0
        while frontier:
            d += 1
            frontier = [o for k in frontier for o in self.up[k] if depth.setdefault(o, d) == d]
            frontier = sorted(set(frontier))
            frontier = [n for n in frontier if depth[n] == d]
            if d > 2 * len(self.nodes):
                break
        return depth


def control(votes, agreements, threshold, inclusive, sources):
    """{controlled: votes} of the sources together, by recomputing everything."""
    nodes = nodes_of(list(votes) + list(agreements))
    inside = set(sources)
    while True:
        held = {y: sum((v for (z, t), v in votes.items() if t == y and z in inside and z != y), F(0)) for y in nodes}
        more = {y for y in nodes if y not in inside and
                ((held[y] > 0 and (held[y] >= threshold if inclusive else held[y] > threshold)) or
                 any((z, y) in agreements for z in inside if z != y))}
        if not more:
            return {y: held[y] for y in inside - set(sources)}
        inside |= more


def simple_paths(edges, start, end):
    """All chains without repeats: [(product, (nodes))]."""
    down = {}
    for a, b in edges:
        down.setdefault(a, []).append(b)
    found, todo = [], [((start,), F(1))]
    while todo:
        path, product = todo.pop()
        for n in down.get(path[-1], []):
            if n == end:
                found.append((product * edges[path[-1], n], path + (n,)))
            elif n not in path:
                todo.append((path + (n,), product * edges[path[-1], n]))
    return found
