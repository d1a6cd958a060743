"""test/oracle/trace.py - traces straight from their definition.

Quadratic and plain on purpose: it shares nothing with the engine but the
definition in docs/tracing.md. A transfer is a tuple
(txn_id, payer, payee, amount, paid_at) of numbers and strings.
"""
import random


def trace(transfers, seed, upstream=False, since=None, until=None, max_hops=8, max_hold=None,
          min_amount=0, stop_at=(), max_fanout=None, ordered=True, strict=False):
    """{txn_id: (hop, cut or None)} of one seed; None when the seed itself is cut."""
    near, far = (2, 1) if upstream else (1, 2)
    sign = -1 if upstream else 1
    candidates = [x for x in transfers if (since is None or x[4] >= since)
                  and (until is None or x[4] <= until) and x[3] >= min_amount]

    def follows(x, y):
        if x[far] != y[near]:
            return False
        if not ordered:
            return True
        a, b = sign * x[4], sign * y[4]
        if b < a or (strict and b == a):
            return False
        return max_hold is None or b - a <= max_hold

    onward = {x[0]: [y for y in candidates if follows(x, y)] for x in candidates}

    def refused(x):
        if x[far] in stop_at:
            return 'stop_at'
        if max_fanout is not None and len(onward[x[0]]) > max_fanout:
            return 'fanout'
        return None

    level = [x for x in candidates if x[near] == seed]
    if max_fanout is not None and len(level) > max_fanout:
        return None
    hop = {x[0]: 1 for x in level}
    for h in range(2, max_hops + 1):
        following = []
        for x in level:
            if refused(x):
                continue
            for y in onward[x[0]]:
                if y[0] not in hop:
                    hop[y[0]] = h
                    following.append(y)
        if not following:
            break
        level = following
    answer = {}
    for x in candidates:
        if x[0] in hop:
            missing = any(y[0] not in hop for y in onward[x[0]])
            answer[x[0]] = (hop[x[0]], (refused(x) or 'hops') if missing else None)
    return answer


def accounts(transfers, seed, answer, upstream=False):
    """{account: (hops, first, last, received, sent, terminal)}, the seed left out."""
    rows = {}
    far = 1 if upstream else 2
    sums = {}
    for x in transfers:
        if x[0] not in answer:
            continue
        hop, cut = answer[x[0]]
        sums.setdefault(x[1], [0, 0])[1] += x[3]
        sums.setdefault(x[2], [0, 0])[0] += x[3]
        account = x[far]
        if account == seed:
            continue
        r = rows.setdefault(account, [hop, x[4], x[4], False])
        r[0], r[1], r[2] = min(r[0], hop), min(r[1], x[4]), max(r[2], x[4])
        r[3] = r[3] or cut is not None
    near = 3 - far
    leaving = {x[near] for x in transfers if x[0] in answer}
    return {a: (r[0], r[1], r[2], sums[a][0], sums[a][1], a not in leaving and not r[3]) for a, r in rows.items()}


def random_case(rng):
    """(transfers, seeds, options): small, full of ties, cycles, hubs and self-transfers."""
    n_accounts = rng.randint(2, 8)
    span = rng.choice((1, 3, 8, 20))
    transfers = []
    for i in range(rng.randint(0, 40)):
        payer = 0 if rng.random() < 0.25 else rng.randrange(n_accounts)
        transfers.append((i + 1, payer, rng.randrange(n_accounts), rng.randint(0, 4), rng.randrange(span)))
    rng.shuffle(transfers)
    options = dict(upstream=rng.random() < 0.5, max_hops=rng.randint(1, 6), ordered=rng.random() < 0.8)
    if options['ordered']:
        options['strict'] = rng.random() < 0.5
        if rng.random() < 0.5:
            options['max_hold'] = rng.randint(0, max(1, span // 2))
    if rng.random() < 0.3:
        options['since'] = rng.randrange(span)
    if rng.random() < 0.3:
        options['until'] = rng.randrange(options.get('since', 0), span)
    if rng.random() < 0.4:
        options['min_amount'] = rng.randint(0, 3)
    if rng.random() < 0.4:
        options['max_fanout'] = rng.randint(0, 5)
    if rng.random() < 0.4:
        options['stop_at'] = [a for a in range(n_accounts + 1) if rng.random() < 0.3]
    seeds = [rng.randrange(n_accounts + 2) for _ in range(rng.randint(1, 4))]
    return transfers, seeds, options


def paths(transfers, seed, targets=None, upstream=False, since=None, until=None, max_hops=8, max_hold=None,
          min_amount=0, stop_at=(), max_fanout=None, ordered=True, strict=False):
    """Every path [transfer, ...] from the seed to a target (default: terminals), best first."""
    options = dict(upstream=upstream, since=since, until=until, max_hops=max_hops, max_hold=max_hold,
                   min_amount=min_amount, stop_at=stop_at, max_fanout=max_fanout, ordered=ordered, strict=strict)
    answer = trace(transfers, seed, **options)
    if answer is None:
        return []
    if targets is None:
        targets = [a for a, r in accounts(transfers, seed, answer, upstream).items() if r[5]]
    near, far = (2, 1) if upstream else (1, 2)
    sign = -1 if upstream else 1
    candidates = [x for x in transfers if (since is None or x[4] >= since)
                  and (until is None or x[4] <= until) and x[3] >= min_amount]

    def follows(x, y):
        if x[far] != y[near]:
            return False
        if not ordered:
            return True
        a, b = sign * x[4], sign * y[4]
        return b >= a and not (strict and b == a) and (max_hold is None or b - a <= max_hold)

    onward = {x[0]: [y for y in candidates if follows(x, y)] for x in candidates}
    found, stack = [], [[x] for x in candidates if x[near] == seed]
    while stack:
        path = stack.pop()
        x = path[-1]
        if max_hold is None:
            before = [p[near] for p in path]
            if (x[far] in before) and x[far] != seed:
                continue
        elif x in path[:-1]:
            continue
        if x[far] in targets:
            found.append(path)
        if len(path) >= max_hops or x[far] == seed or x[far] in stop_at or \
                (max_fanout is not None and len(onward[x[0]]) > max_fanout):
            continue
        stack.extend(path + [y] for y in onward[x[0]])
    found.sort(key=lambda p: (len(p), -min(x[3] for x in p), [(x[4], x[0]) for x in p]))
    return found
