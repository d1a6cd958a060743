"""The model of docs/attribution.md, written a second time and naively.

Everything is replayed, transfer by transfer, over the whole ledger. Under FIFO
and LIFO every single unit of money is an element of a Python list; under the
other rules shares are Fractions. No closure, no intervals, no heap, no lazy
division beyond what the model itself states. Amounts are integers of the
ledger's unit.
"""
from collections import defaultdict
from fractions import Fraction
from math import floor, ceil

KEEPING = ('fifo', 'lifo')


class Deficit(Exception):
    pass


class Invalid(Exception):
    pass


# ---------- order ----------

def strongly_connected(nodes, arcs):
    """Components as a dict node -> frozenset, by plain reachability."""
    reach = {}
    for v in nodes:
        seen, todo = {v}, [v]
        while todo:
            for w in arcs[todo.pop()]:
                if w not in seen:
                    seen.add(w)
                    todo.append(w)
        reach[v] = seen
    return {v: frozenset(w for w in reach[v] if v in reach[w]) for v in nodes}


def instant_order(members, tie):
    """Transfers of one instant in order."""
    if tie == 'ledger':
        return sorted(members, key=lambda x: (x['ord'] is None, x['ord'] or 0, x['txn_id']))
    if tie == 'debits_first':
        return sorted(members, key=lambda x: x['txn_id'])
    arcs = defaultdict(set)
    nodes = set()
    for x in members:
        nodes |= {x['payer'], x['payee']}
        if x['payer'] != x['payee']:
            arcs[x['payer']].add(x['payee'])
    part = strongly_connected(nodes, arcs)
    depth = {c: 0 for c in part.values()}
    for _ in nodes:                       # longest path: relax often enough
        for v in nodes:
            for w in arcs[v]:
                if part[v] != part[w]:
                    depth[part[w]] = max(depth[part[w]], depth[part[v]] + 1)

    def key(x):
        c = part[x['payer']]
        if tie == 'causal':
            return (depth[c], x['payee'] not in c, x['txn_id'])
        return (depth[c], len(c) > 1, x['payer'] if len(c) > 1 else ('', ''), x['txn_id'])
    return sorted(members, key=key)


def halves(transfers, tie):
    """('debit' | 'credit', transfer) in order."""
    by_time = defaultdict(list)
    for x in transfers:
        by_time[x['paid_at']].append(x)
    out = []
    for at in sorted(by_time):
        members = instant_order(by_time[at], tie)
        if tie == 'debits_first':
            out += [('debit', x) for x in members] + [('credit', x) for x in members]
        else:
            for x in members:
                out += [('debit', x), ('credit', x)]
    return out


# ---------- division ----------

def divide(weights, total):
    """Largest remainder, ties to the lowest claim."""
    whole = sum(weights.values())
    if whole == 0:
        return {k: 0 for k in weights}
    exact = {k: Fraction(w * total, whole) for k, w in weights.items()}
    part = {k: floor(q) for k, q in exact.items()}
    left = total - sum(part.values())
    for k in sorted(weights, key=lambda k: (-(exact[k] - part[k]), k))[:left]:
        part[k] += 1
    return part


def rule_take(rule, need, claimed, balance):
    if rule == 'taint_first':
        return min(need, claimed)
    if rule == 'taint_last':
        return max(0, need - (balance - claimed))
    if balance == 0 or need == 0:
        return 0
    exact = Fraction(need * claimed, balance)
    low = floor(exact)
    return low + (1 if exact - low > Fraction(1, 2) else 0)


# ---------- the case ----------

class Case:
    def __init__(self, transfers, claims, rule='fifo', direction='downstream', openings=None,
                 tie='causal', deficit='infer', exit_at=(), min_traced=0, forever=False, digits=6):
        """min_traced in work units. transfers: dicts txn_id, payer, payee, amount, fee, paid_at,
        ord, currency. claims: (claim, txn_id, amount or None). openings: None, 'infer' or list of
        dicts account, currency, balance, claim, at."""
        self.rule, self.up, self.deficit = rule, direction == 'upstream', deficit
        self.fine = 10 ** digits if rule in ('pro_rata', 'taint_first', 'taint_last') else 1
        self.min = min_traced
        self.forever = forever
        self.exits = set(exit_at)
        self.rows = defaultdict(int)
        self.touched = set()
        self.transfers = {}
        for x in transfers:
            y = dict(x, payer=(x['payer'], x['currency'] or ''), payee=(x['payee'], x['currency'] or ''))
            self.transfers[x['txn_id']] = y
        self.check_claims(claims)
        for x in self.transfers.values():
            if x['payer'] == x['payee'] and x['txn_id'] not in self.seeds:
                x['amount'] = 0
        self.half = halves(self.transfers.values(), tie)
        self.half = [(s, x) for s, x in self.half if x['amount'] > 0 or (s == 'debit' and x['fee'] > 0)]
        self.set_openings(openings)

    def check_claims(self, claims):
        self.seeds = defaultdict(dict)
        self.balances = defaultdict(dict)        # claim -> account -> amount or None
        for claim, txn, amount in claims:
            if isinstance(txn, tuple):
                if txn in self.balances[claim]:
                    raise Invalid()
                self.balances[claim][txn] = amount
                continue
            whole = self.transfers[txn]['amount']
            if amount is None:
                amount = whole
            if amount > whole:
                raise Invalid()
            self.seeds[txn][claim] = max(amount, self.seeds[txn].get(claim, 0))
        if self.rule != 'poison' and not self.up:
            for txn, parts in self.seeds.items():
                if sum(parts.values()) > self.transfers[txn]['amount']:
                    raise Invalid()

    def set_openings(self, openings):
        self.opening = defaultdict(list)         # account -> [(claim or None, amount)]
        self.begins = {}
        if openings == 'infer':
            balance, least = defaultdict(int), defaultdict(int)
            for side, x in self.half:
                a = x['payer'] if side == 'debit' else x['payee']
                balance[a] += x['amount'] if side == 'credit' else -x['amount'] - x['fee']
                least[a] = min(least[a], balance[a])
            for a, v in least.items():
                if v < 0:
                    self.opening[a].append((None, -v))
        elif openings:
            for o in openings:
                a = (o['account'], o['currency'] or '')
                self.opening[a].append((o['claim'], o['balance']))
                if a in self.begins and self.begins[a] != o['at']:
                    raise Invalid()
                self.begins[a] = o['at']
        for a in self.opening:
            self.opening[a].sort(key=lambda o: (o[0] is not None, o[0] or ''))

    def in_book(self, a, x):
        return self.begins.get(a) is None or x['paid_at'] >= self.begins[a]

    def emit(self, kind, claim, account, other, txn, amount, traced):
        if traced > 0:
            self.rows[(claim, kind, account, other, txn, amount)] += traced

    def dust(self, claim, account, amount):
        self.rows[(claim, 'cut', (None, account[1]), None, None, None)] += amount

    def run(self):
        if self.up:
            claims = sorted({c for parts in self.seeds.values() for c in parts} | set(self.balances))
            for claim in claims:
                if self.rule in KEEPING:
                    self.units_up(claim)
                else:
                    self.pools({t: {claim: p[claim]} for t, p in self.seeds.items() if claim in p},
                               {a: (claim, v) for a, v in self.balances[claim].items()})
        elif self.rule in KEEPING:
            self.units_down()
        else:
            self.pools(self.seeds)
        if self.deficit == 'error':
            self.check_deficits()
        return dict(self.rows)

    def check_deficits(self):
        balance = {a: sum(v for _, v in lots) for a, lots in self.opening.items()}
        for side, x in self.half:
            a = x['payer'] if side == 'debit' else x['payee']
            if not self.in_book(a, x):
                continue
            balance[a] = balance.get(a, 0) + (x['amount'] if side == 'credit' else -x['amount'] - x['fee'])
            if balance[a] < 0:
                if a in self.touched:
                    raise Deficit()
                balance[a] = 0

    # ----- FIFO, LIFO: every unit -----

    def take_units(self, lots, need):
        """From a list of units; the list keeps what is left."""
        if self.rule == 'fifo':
            out, lots[:] = lots[:need], lots[need:]
        else:
            cut = max(0, len(lots) - need)
            out, lots[:] = lots[cut:], lots[:cut]
        return out

    def replay_units(self, opening_unit, unknown_unit, on_transfer, on_fee, on_refill, on_lost):
        """Replay; units are whatever the callbacks make of them. Returns what is held."""
        held = {a: [u for c, v in lots for u in opening_unit(a, c, v)] for a, lots in self.opening.items()}
        hole = defaultdict(int)
        way = {}
        for side, x in self.half:
            if side == 'debit':
                a = x['payer']
                lots = held.setdefault(a, [])
                if not self.in_book(a, x) or a[0] in self.exits:
                    way[x['txn_id']] = on_transfer(x, unknown_unit(a, x, x['amount'], True))
                    continue
                out = self.take_units(lots, x['amount'])
                lack = x['amount'] - len(out)
                out += unknown_unit(a, x, lack, False)
                way[x['txn_id']] = on_transfer(x, out)
                fee = self.take_units(lots, x['fee'])
                lack += x['fee'] - len(fee)
                on_fee(x, fee)
                if self.deficit == 'overdraft':
                    hole[a] += lack
            else:
                a = x['payee']
                units = way.pop(x['txn_id'])
                if a[0] in self.exits:
                    continue
                if not self.in_book(a, x):
                    on_lost(x, units)
                    continue
                refill = min(hole[a], len(units))
                hole[a] -= refill
                on_refill(x, self.take_units(units, refill))
                held.setdefault(a, []).extend(units)
        return held

    def units_down(self):
        for a, lots in self.opening.items():
            for c, v in lots:
                if c is not None and a[0] in self.exits:
                    self.emit('exited', c, a, None, None, v, v)
                elif c is not None and v > 0:
                    self.touched.add(a)

        def sums(units):
            n = defaultdict(int)
            for u in units:
                if u is not None:
                    n[u] += 1
            return n

        def on_transfer(x, units):
            seeds = self.seeds.get(x['txn_id'], {})
            fixed = [False] * len(units)
            left = {}
            for c in sorted(seeds):
                left[c] = seeds[c]
                for i, u in enumerate(units):
                    if u == c and left[c] > 0:
                        fixed[i] = True
                        left[c] -= 1
            for clean in (True, False):
                for c in sorted(left):
                    for i, u in enumerate(units):
                        if left[c] > 0 and not fixed[i] and (u is None) == clean:
                            if u is not None:
                                self.emit('cut', u, x['payer'], x['payee'], x['txn_id'], x['amount'], 1)
                            units[i] = c
                            fixed[i] = True
                            left[c] -= 1
            for c, n in sums(units).items():
                if n < self.min:
                    self.dust(c, x['payer'], n)
                    units = [None if u == c else u for u in units]
                    continue
                self.emit('moved', c, x['payer'], x['payee'], x['txn_id'], x['amount'], n)
                if x['payee'][0] in self.exits:
                    self.emit('exited', c, x['payee'], x['payer'], x['txn_id'], x['amount'], n)
                else:
                    self.touched.add(x['payee'])
            return units

        def on_fee(x, units):
            for c, n in sums(units).items():
                if n < self.min:
                    self.dust(c, x['payer'], n)
                else:
                    self.emit('fee', c, x['payer'], None, x['txn_id'], x['fee'], n)

        def on_refill(x, units):
            for c, n in sums(units).items():
                self.emit('exited', c, x['payee'], None, x['txn_id'], x['amount'], n)

        def on_lost(x, units):
            for c, n in sums(units).items():
                self.emit('cut', c, x['payer'], x['payee'], x['txn_id'], x['amount'], n)

        held = self.replay_units(
            lambda a, c, v: [None if a[0] in self.exits else c] * v,
            lambda a, x, n, outside: [None] * n,
            on_transfer, on_fee, on_refill, on_lost)
        for a, units in held.items():
            if a[0] not in self.exits:
                for c, n in sums(units).items():
                    self.emit('held', c, a, None, None, len(units), n)

    def units_up(self, claim):
        """Replay with numbered units, then look for the wanted ones in what each transfer carried."""
        made = {}                      # unit -> ('opening', account) | ('unknown', account, txn)
        carried = {}
        order = []

        def make(n, what):
            units = list(range(len(made), len(made) + n))
            for u in units:
                made[u] = what
            return units

        def on_transfer(x, units):
            carried[x['txn_id']] = list(units)
            order.append(x)
            return units

        nothing = lambda x, units: None
        held = self.replay_units(lambda a, c, v: make(v, ('opening', a)),
                          lambda a, x, n, outside: make(n, ('exit' if a[0] in self.exits else 'unknown', a, x['txn_id'])),
                          on_transfer, nothing, nothing, nothing)
        wanted = set()
        for a, amount in self.balances.get(claim, {}).items():
            units = held.get(a, [])
            amount = len(units) if amount is None else amount
            if amount > len(units):
                raise Invalid()
            if a[0] in self.exits:
                self.emit('exited', claim, a, None, None, len(units), amount)
            else:
                wanted |= set(units[:amount])
                self.touched.add(a)
        for x in reversed(order):
            units = carried[x['txn_id']]
            mine = [u in wanted for u in units]
            part = self.seeds.get(x['txn_id'], {}).get(claim, 0)
            part -= min(part, sum(mine))
            for i in range(len(units)):
                if part > 0 and not mine[i]:
                    mine[i] = True
                    part -= 1
            n = sum(mine)
            wanted -= set(units)
            if n == 0:
                continue
            if n < self.min:
                self.dust(claim, x['payee'], n)
                continue
            self.emit('moved', claim, x['payer'], x['payee'], x['txn_id'], x['amount'], n)
            if x['payer'][0] in self.exits:
                self.emit('exited', claim, x['payer'], x['payee'], x['txn_id'], x['amount'], n)
                continue
            self.touched.add(x['payer'])
            for u, w in zip(units, mine):
                if not w:
                    continue
                what = made[u]
                if what[0] == 'unknown' and what[2] == x['txn_id']:
                    self.unknown_up[(claim, what[1], what[2])] += 1
                else:
                    wanted.add(u)
        openings = defaultdict(int)
        for u in wanted:
            assert made[u][0] == 'opening', made[u]
            openings[made[u][1]] += 1
        for a, n in openings.items():
            self.emit('held', claim, a, None, None, sum(v for _, v in self.opening[a]), n)
        for (c, a, txn), n in list(self.unknown_up.items()):
            self.rows[(c, 'held', a, None, txn, None)] += n
        self.unknown_up.clear()

    unknown_up = defaultdict(int)

    # ----- mixing rules -----

    def surveyed(self):
        """Final balances, and by half what no record covers: (amount part, fee part)."""
        balance = {a: sum(v for _, v in lots) for a, lots in self.opening.items()}
        hole = defaultdict(int)
        outside = []
        for side, x in self.half:
            a = x['payer'] if side == 'debit' else x['payee']
            balance.setdefault(a, 0)
            if not self.in_book(a, x):
                outside.append(None)
                continue
            if side == 'credit':
                r = min(hole[a], x['amount'])
                hole[a] -= r
                balance[a] += x['amount'] - r
                outside.append((r, 0))
            else:
                d = max(0, x['amount'] - balance[a])
                balance[a] -= x['amount'] - d
                f = max(0, x['fee'] - balance[a])
                balance[a] -= x['fee'] - f
                if self.deficit == 'overdraft':
                    hole[a] += d + f
                outside.append((d, f))
        return balance, outside

    def pools(self, seeds, balances={}):
        final, outside = self.surveyed()
        pool = {}
        F = self.fine

        def pool_of(a):
            if a not in pool:
                start = final.get(a, 0) if self.up else sum(v for _, v in self.opening.get(a, []))
                pool[a] = {'balance': start * F, 'mix': {}, 'pending': 0}
                if not self.up and a[0] not in self.exits:
                    for c, v in self.opening.get(a, []):
                        if c is not None and v > 0:
                            pool[a]['mix'][c] = 1 if self.rule == 'poison' else pool[a]['mix'].get(c, 0) + v * F
                            self.touched.add(a)
            return pool[a]

        for a, (c, v) in balances.items():
            p = pool_of(a)
            v = p['balance'] if v is None else v * F
            if v > p['balance']:
                raise Invalid()
            if a[0] in self.exits:
                self.emit('exited', c, a, None, None, p['balance'], v)
            else:
                self.touched.add(a)
            if a[0] not in self.exits and v > 0:
                p['mix'][c] = 1 if self.rule == 'poison' else v
        if not self.up:
            for a, lots in self.opening.items():
                if a[0] in self.exits:
                    for c, v in lots:
                        if c is not None:
                            self.emit('exited', c, a, None, None, v * F, v * F)
                else:
                    pool_of(a)
        way = {}
        sequence = list(zip(self.half, outside))
        if self.up:
            sequence.reverse()
        for (side, x), out in sequence:
            a = x['payer'] if side == 'debit' else x['payee']
            exit_here = a[0] in self.exits
            takes = (side == 'debit') != self.up
            amount, fee = x['amount'] * F, x['fee'] * F
            if takes:
                mix = {}
                p = pool_of(a)
                mine = seeds.get(x['txn_id'], {})
                if not exit_here and out is not None:
                    need = amount - out[0] * F
                    mix = self.take(p, a, need, amount, bool(mine))
                mix = self.plant(x, mix, mine, amount)
                way[x['txn_id']] = self.deliver(x, mix, amount)
                if not self.up and not exit_here and out is not None and fee > 0:
                    for c, v in self.take(p, a, fee - out[1] * F, fee, False).items():
                        if v < self.min:
                            self.dust(c, a, v)
                        else:
                            self.emit('fee', c, a, None, x['txn_id'], fee, v)
                self.check_empty(p, a)
            else:
                mix = way.pop(x['txn_id'], {})
                if exit_here:
                    continue
                if out is None:
                    for c, v in mix.items():
                        if self.up:
                            self.emit('held', c, a, None, x['txn_id'], None, v)
                        else:
                            self.emit('cut', c, x['payer'], x['payee'], x['txn_id'], amount, v)
                    continue
                p = pool_of(a)
                away = out[0] * F
                if self.up:
                    p['balance'] += fee - out[1] * F
                if away > 0 and mix:
                    if self.rule == 'poison':
                        lost = {c: away for c in mix}
                    else:
                        lost = divide(mix, rule_take(self.rule, away, sum(mix.values()), amount))
                        mix = {c: v - lost[c] for c, v in mix.items()}
                    for c, v in lost.items():
                        if self.up:
                            self.emit('held', c, a, None, x['txn_id'], None, v)
                        else:
                            self.emit('exited', c, a, None, x['txn_id'], amount, v)
                p['balance'] += amount - away
                mix = {c: v for c, v in mix.items() if v > 0}
                if mix and (self.rule != 'poison' or amount > away or self.forever):
                    self.settle(p, a)
                    for c, v in mix.items():
                        p['mix'][c] = 1 if self.rule == 'poison' else p['mix'].get(c, 0) + v
                self.check_empty(p, a)
        for a, p in pool.items():
            self.settle(p, a)
            for c, v in p['mix'].items():
                self.emit('held', c, a, None, None, p['balance'], p['balance'] if self.rule == 'poison' else v)

    def settle(self, p, a):
        if p['pending']:
            part = divide(p['mix'], p['pending'])
            for c, v in part.items():
                p['mix'][c] -= v
                if v:
                    self.dust(c, a, v)
            p['pending'] = 0
        p['mix'] = {c: v for c, v in p['mix'].items() if v > 0}

    def check_empty(self, p, a):
        if self.rule == 'poison':
            if p['balance'] == 0 and not self.forever:
                p['mix'] = {}
        elif sum(p['mix'].values()) == p['pending']:
            self.settle(p, a)

    def take(self, p, a, need, whole, exact):
        out = {}
        if self.rule == 'poison':
            out = {c: whole for c in p['mix']}
        else:
            listed = sum(p['mix'].values())
            taken = rule_take(self.rule, need, listed - p['pending'], p['balance'])
            if taken > 0:
                most = ceil(Fraction(max(p['mix'].values()) * taken, listed))
                if self.min > 0 and not exact and most < self.min:
                    p['pending'] += taken
                else:
                    self.settle(p, a)
                    out = {c: v for c, v in divide(p['mix'], taken).items() if v > 0}
                    for c, v in out.items():
                        p['mix'][c] -= v
                    p['mix'] = {c: v for c, v in p['mix'].items() if v > 0}
        p['balance'] -= need
        assert p['balance'] >= 0
        return out

    def plant(self, x, mix, mine, amount):
        if self.rule == 'poison':
            return dict(mix, **{c: amount for c, v in mine.items() if v > 0})
        movable = {c: max(0, v - mine.get(c, 0) * self.fine) for c, v in mix.items()}
        mix = dict(mix)
        for c, v in mine.items():
            mix[c] = max(mix.get(c, 0), v * self.fine)
        excess = sum(mix.values()) - amount
        if excess > 0:
            for c, v in divide(movable, excess).items():
                mix[c] -= v
                self.emit('cut', c, x['payer'], x['payee'], x['txn_id'], amount, v)
        return mix

    def deliver(self, x, mix, amount):
        target, source = (x['payer'], x['payee']) if self.up else (x['payee'], x['payer'])
        kept = {}
        for c, v in mix.items():
            if v == 0:
                continue
            if v < self.min:
                self.dust(c, source, v)
                continue
            kept[c] = v
            self.emit('moved', c, x['payer'], x['payee'], x['txn_id'], amount, v)
            if target[0] in self.exits:
                self.emit('exited', c, target, source, x['txn_id'], amount, v)
            else:
                self.touched.add(target)
        return kept
