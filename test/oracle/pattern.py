#!/usr/bin/env python3
"""The pattern finders again, by their definitions and in the plainest way.

Random small flows (ties, self-transfers, parallel transfers) are loaded as
cases; each finder is called once per case, and its rows are compared with
those computed here. Prints TAP.  RS_LONG=1: ten times as many cases.
"""
import os, random, subprocess, sys
from collections import defaultdict

CASES = 12000 if os.environ.get("RS_LONG") == "1" else 1200
HOUR = 3600
count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in note.splitlines()[:40]), end="")


def psql(sql):
    run = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", "check", "-f", "-"], input=sql, text=True, capture_output=True)
    if run.returncode:
        sys.exit("Bail out! " + run.stderr)
    return run.stdout


def make(seed):
    r = random.Random(seed)
    accounts, n = r.randint(2, 7), r.randint(1, 28)
    times = r.choice([2, 6, 20])
    rows = []
    for i in range(n):
        rows.append((i, r.randrange(accounts), r.randrange(accounts), r.randint(0, 12), r.randrange(times)))
    return rows   # (txn, payer, payee, amount, hour)


def order(rows):
    return sorted(rows, key=lambda t: (t[4], t[0]))


def bursts(rows, side, k, w, least=0, below=None, min_count=1, min_total=0):
    """[(account, parties, transfers most, members)]"""
    me, peer = (2, 1) if side == "in" else (1, 2)
    found = []
    for account in {t[me] for t in rows}:
        mine = [t for t in order(rows) if t[me] == account and t[peer] != account and t[3] >= least and (below is None or t[3] < below)]
        windows = []
        for now in sorted({t[4] for t in mine}):
            inside = [t for t in mine if now - w <= t[4] <= now]
            parties = len({t[peer] for t in inside})
            if parties >= k and len(inside) >= min_count and sum(t[3] for t in inside) >= min_total:
                windows.append((parties, len(inside), inside))
        merged = []
        for parties, n, inside in windows:
            if merged and set(inside) & set(merged[-1][2]):
                p, m, old = merged[-1]
                merged[-1] = (max(p, parties), max(m, n), order(set(old) | set(inside)))
            else:
                merged.append((parties, n, order(inside)))
        found += [(account, p, m, tuple(t[0] for t in members)) for p, m, members in merged]
    return sorted(found)


def pairs(rows, w, tolerance, least):
    found = []
    for account in {t[1] for t in rows}:
        used = set()
        for out in order(t for t in rows if t[1] == account and t[2] != account and t[3] >= max(least, 1)):
            best = None
            for inn in rows:
                if inn[2] != account or inn[1] == account or inn[0] in used or inn[3] < max(least, 1):
                    continue
                if not 0 <= out[4] - inn[4] <= w or abs(inn[3] - out[3]) * 100 > tolerance * inn[3]:
                    continue
                # nearest amount; of equals the larger, then the latest
                key = (-abs(inn[3] - out[3]), inn[3], inn[4], inn[0])
                if best is None or key > best[0]:
                    best = (key, inn)
            if best:
                used.add(best[1][0])
                found.append((account, best[1][0], out[0]))
    return sorted(found)


def stretches(rows, w, tolerance, least):
    found = []
    for account in {t[1] for t in rows}:
        ins = [t for t in order(rows) if t[2] == account and t[1] != account]
        outs = [t for t in order(rows) if t[1] == account and t[2] != account]
        spans = []
        for now in sorted({t[4] for t in rows if t[1] == account}):
            received = sum(t[3] for t in ins if now - w <= t[4] <= now)
            paid = sum(t[3] for t in outs if now - w <= t[4] <= now)
            if received > 0 and paid > 0 and received >= least and abs(received - paid) * 100 <= tolerance * received:
                if spans and now - w <= spans[-1][1]:
                    spans[-1][1] = now
                else:
                    spans.append([now - w, now])
        for a, b in spans:
            found.append((account, tuple(t[0] for t in ins if a <= t[4] <= b), tuple(t[0] for t in outs if a <= t[4] <= b)))
    return sorted(found)


def gathering(rows, k, w, ordered):
    found = []
    for account in range(8):
        ins = [t for t in order(rows) if t[2] == account and t[1] != account]
        outs = [t for t in order(rows) if t[1] == account and t[2] != account]
        all_in = [t for t in order(rows) if t[2] == account]
        spans = []       # in_from, in_to, out_from, out_to, parties
        if ordered:
            for begin in sorted({t[4] for t in all_in}):
                xs = [x for x in sorted({t[4] for t in all_in if t[4] >= begin}) if len({t[1] for t in ins if begin <= t[4] <= x}) >= k]
                if not xs or xs[0] > begin + w:
                    continue
                # the engine counts payers up to the moment of the k-th, one receipt after the other
                x = xs[0]
                payees = len({t[2] for t in outs if x <= t[4] <= begin + w})
                if payees < k:
                    continue
                last = max(t[4] for t in outs if x <= t[4] <= begin + w)
                if spans and begin <= spans[-1][3]:
                    spans[-1][1], spans[-1][3] = x, max(last, spans[-1][3])
                else:
                    spans.append([begin, x, x, last])
        else:
            for now in sorted({t[4] for t in rows if account in (t[1], t[2])}):
                if len({t[1] for t in ins if now - w <= t[4] <= now}) >= k and len({t[2] for t in outs if now - w <= t[4] <= now}) >= k:
                    if spans and now - w <= spans[-1][1]:
                        spans[-1][1] = spans[-1][3] = now
                    else:
                        spans.append([now - w, now, now - w, now])
        for a, b, c, d in spans:
            legs_in, legs_out = [t for t in ins if a <= t[4] <= b], [t for t in outs if c <= t[4] <= d]
            found.append((account, min(len({t[1] for t in legs_in}), len({t[2] for t in legs_out})), tuple(t[0] for t in legs_in), tuple(t[0] for t in legs_out)))
    return sorted(found)


def scattering(rows, k, w, ordered):
    """[(source, target, parties, first legs, second legs)]"""
    ways = defaultdict(list)
    for second in rows:
        m, d = second[1], second[2]
        if m == d:
            continue
        for s in {t[1] for t in rows if t[2] == m and t[1] != m}:
            if s == d:
                continue
            legs = [t for t in order(rows) if t[1] == s and t[2] == m]
            before = [t for t in legs if t[4] <= second[4]]
            after = [t for t in legs if t[4] > second[4]]
            near = before[-1:] + ([] if ordered else after[:1])
            for first in near:
                a, b = sorted((first[4], second[4]))
                if b - a <= w:
                    ways[s, d].append((a, b, m, first[0], second[0]))
    found = []
    for (s, d), mine in ways.items():
        spans = []
        for now in sorted({b for a, b, *_ in mine}):
            inside = [x for x in mine if x[1] <= now and x[0] >= now - w]
            parties = len({x[2] for x in inside})
            if parties < k:
                continue
            begin = min(x[0] for x in inside)
            if spans and begin <= spans[-1][1]:
                spans[-1][1], spans[-1][2] = now, max(spans[-1][2], parties)
            else:
                spans.append([begin, now, parties])
        for a, b, parties in spans:
            inside = [x for x in mine if x[0] >= a and x[1] <= b]
            found.append((s, d, parties, frozenset(x[3] for x in inside), frozenset(x[4] for x in inside)))
    return sorted(found, key=lambda x: (x[0], x[1], sorted(x[3]), sorted(x[4])))


def phased(rows, k, w):
    """[(source, target, most middles, first legs, second legs)], from every moment and window"""
    found = []
    people = {t[1] for t in rows} | {t[2] for t in rows}
    for s in people:
        for d in people - {s}:
            legs = {}
            for m in people - {s, d}:
                firsts = [t for t in order(rows) if t[1] == s and t[2] == m]
                seconds = [t for t in order(rows) if t[1] == m and t[2] == d]
                if firsts and seconds:
                    legs[m] = (firsts, seconds)
            spans = []
            # a moment counts where a second leg can follow a first leg within w
            moments = sorted({b[4] for f, g in legs.values() for b in g if any(0 <= b[4] - a[4] <= w for a in f)})
            for x in moments:
                offers = []
                for m, (firsts, seconds) in legs.items():
                    a = [t for t in firsts if t[4] <= x][-1:]
                    b = [t for t in seconds if t[4] >= x][:1]
                    if a and b and b[0][4] - a[0][4] <= w:
                        offers.append((a[0], b[0]))
                best = []
                for begin in sorted({a[4] for a, b in offers}):
                    inside = [(a, b) for a, b in offers if a[4] >= begin and b[4] <= begin + w]
                    if len(inside) > len(best):
                        best = inside
                if len(best) < k:
                    continue
                begin = min(a[4] for a, b in best)
                end = max(b[4] for a, b in best)
                if spans and begin <= spans[-1][0]:
                    spans[-1][0] = max(spans[-1][0], end)
                    spans[-1][1] = max(spans[-1][1], len(best))
                    spans[-1][2] |= {a[0] for a, b in best}
                    spans[-1][3] |= {b[0] for a, b in best}
                else:
                    spans.append([end, len(best), {a[0] for a, b in best}, {b[0] for a, b in best}])
            found += [(s, d, n, frozenset(f), frozenset(g)) for _, n, f, g in spans]
    return sorted(found, key=lambda x: (x[0], x[1], sorted(x[3]), sorted(x[4])))


cases = {c: make(c) for c in range(1, CASES + 1)}
values = ",".join("(%d,%d,%d,%d,%d,%d)" % ((c,) + t) for c, rows in cases.items() for t in rows)
psql("DROP TABLE IF EXISTS pattern_case; CREATE TABLE pattern_case (c int, txn int, payer int, payee int, amount int, hour int);"
     "INSERT INTO pattern_case VALUES %s; CREATE INDEX ON pattern_case (c); ANALYZE pattern_case;" % values)
QUERY = "format('SELECT txn AS txn_id, payer, payee, amount, timestamptz ''2026-01-01'' + hour * interval ''1 hour'' AS paid_at FROM pattern_case WHERE c = %s', c)"


def rows_of(function, arguments, columns):
    out = psql("SELECT c, %s FROM generate_series(1, %d) c, LATERAL risk_screen.%s(%s, %s) f;" % (columns, CASES, function, QUERY, arguments))
    got = defaultdict(list)
    for line in out.splitlines():
        c, *fields = line.split("|")
        got[int(c)].append(fields)
    return got


def numbers(field):
    return tuple(int(x) for x in field.strip("{}").split(",")) if field != "{}" else ()


def compare(what, got, want):
    wrong = [c for c in cases if got(c) != want(c)]
    total = sum(len(want(c)) for c in cases)
    note = "" if not wrong else "case %d\nrows %s\ngot  %s\nwant %s" % (wrong[0], cases[wrong[0]], got(wrong[0]), want(wrong[0]))
    ok(not wrong and total > CASES / 20, "%s: %d cases, %d instances, %d wrong" % (what, CASES, total, len(wrong)), note)


for side, function in (("in", "find_fan_in"), ("out", "find_fan_out")):
    for k, w in ((2, 1), (3, 4)):
        got = rows_of(function, "%d, interval '%d hours'" % (k, w), "account, parties, transfer_count, txn_ids")
        compare("%s of %d in %d h" % (function, k, w), lambda c: sorted((int(a), int(p), int(n), numbers(t)) for a, p, n, t in got[c]),
                lambda c: bursts(cases[c], side, k, w))
got = rows_of("find_structuring", "10, 0.5, 2, interval '3 hours'", "account, parties, transfer_count, txn_ids")
compare("find_structuring", lambda c: sorted((int(a), int(p), int(n), numbers(t)) for a, p, n, t in got[c]),
        lambda c: bursts(cases[c], "out", 1, 3, least=5, below=10, min_count=2, min_total=10))
got = rows_of("find_structuring", "10, 0.6, 2, interval '5 hours', 'payee', 2", "account, parties, transfer_count, txn_ids")
compare("find_structuring, many to one", lambda c: sorted((int(a), int(p), int(n), numbers(t)) for a, p, n, t in got[c]),
        lambda c: bursts(cases[c], "in", 2, 5, least=4, below=10, min_count=2, min_total=10))
for w, tolerance, least in ((3, 10, 0), (6, 50, 3)):
    got = rows_of("find_pass_through", "interval '%d hours', %s, min_amount => %d" % (w, tolerance / 100, least), "account, in_txn_ids, out_txn_ids")
    compare("find_pass_through, pairs, %d h" % w, lambda c: sorted((int(a), numbers(i)[0], numbers(o)[0]) for a, i, o in got[c]),
            lambda c: pairs(cases[c], w, tolerance, least))
    got2 = rows_of("find_pass_through", "interval '%d hours', %s, 'account', %d" % (w, tolerance / 100, least), "account, in_txn_ids, out_txn_ids")
    compare("find_pass_through, stretches, %d h" % w, lambda c: sorted((int(a), numbers(i), numbers(o)) for a, i, o in got2[c]),
            lambda c: stretches(cases[c], w, tolerance, least))
for ordered in (True, False):
    for k, w in ((2, 3), (2, 8)):
        got = rows_of("find_gather_scatter", "%d, interval '%d hours', %s" % (k, w, ordered), "account, parties, in_txn_ids, out_txn_ids")
        compare("find_gather_scatter, %d h, ordered %s" % (w, ordered), lambda c: sorted((int(a), int(p), numbers(i), numbers(o)) for a, p, i, o in got[c]),
                lambda c: gathering(cases[c], k, w, ordered))
        got = rows_of("find_scatter_gather", "%d, interval '%d hours', %s" % (k, w, ordered), "source, target, parties, out_txn_ids, in_txn_ids")
        compare("find_scatter_gather, %d h, ordered %s" % (w, ordered),
                lambda c: sorted(((int(s), int(d), int(p), frozenset(numbers(a)), frozenset(numbers(b))) for s, d, p, a, b in got[c]),
                                 key=lambda x: (x[0], x[1], sorted(x[3]), sorted(x[4]))),
                lambda c: scattering(cases[c], k, w, ordered))
for k, w in ((2, 3), (2, 8)):
    got = rows_of("find_scatter_gather", "%d, interval '%d hours', phased => true" % (k, w), "source, target, parties, out_txn_ids, in_txn_ids")
    compare("find_scatter_gather, %d h, phased" % w,
            lambda c: sorted(((int(s), int(d), int(p), frozenset(numbers(a)), frozenset(numbers(b))) for s, d, p, a, b in got[c]),
                             key=lambda x: (x[0], x[1], sorted(x[3]), sorted(x[4]))),
            lambda c: phased(cases[c], k, w))
psql("DROP TABLE pattern_case")
print("1..%d" % count)
sys.exit(failed > 0)
