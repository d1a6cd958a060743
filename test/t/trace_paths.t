#!/usr/bin/env python3
"""trace_paths lists the best of all paths, in order, against an enumeration of them all (test/oracle/trace.py)."""
import os, random, subprocess, sys
sys.path.insert(0, os.path.join(os.environ['RS_TOP'], 'test', 'oracle'))
from trace import paths, random_case

LONG = os.environ.get('RS_LONG', '0') == '1'
CASES = 20000 if LONG else 1500
SEED = int(os.environ.get('RS_SEED', '20261123'))
rng = random.Random(SEED)
script, expected = ["SET timezone = 'UTC';\n"], []
while len(expected) < CASES:
    transfers, seeds, o = random_case(rng)
    o['max_hops'] = min(o['max_hops'], 5)
    for name in ('stop_at', 'max_fanout', 'since', 'until', 'min_amount', 'strict'):
        if rng.random() < 0.6:
            o.pop(name, None)
    transfers = transfers[:rng.choice((8, 14, 20))]
    if not transfers:
        continue
    seed = rng.choice(transfers)[2 if o['upstream'] else 1]
    targets = None if rng.random() < 0.3 else [rng.randrange(6) for _ in range(rng.randint(1, 4))]
    k = rng.choice((1, 3, 20, 1000))
    want = paths(transfers, seed, targets, **o)
    args = ["direction => '%s'" % ('upstream' if o['upstream'] else 'downstream')]
    for name in ('since', 'until'):
        if name in o:
            args.append("%s => timestamptz '2026-01-01 00:00+00' + interval '%d hours'" % (name, o[name]))
    if 'max_hold' in o:
        args.append("max_hold => '%d hours'" % o['max_hold'])
    for name in ('max_hops', 'min_amount', 'max_fanout', 'ordered', 'strict'):
        if name in o:
            args.append('%s => %s' % (name, o[name]))
    if 'stop_at' in o:
        args.append("stop_at => ARRAY[%s]::text[]" % ','.join("'%d'" % a for a in o['stop_at']))
    if targets is not None:
        args.append("target => ARRAY[%s]::text[]" % ','.join("'%d'" % a for a in targets))
    query = "SELECT i AS txn_id, p AS payer, q AS payee, a AS amount, timestamptz '2026-01-01 00:00+00' + t * interval '1 hour' AS paid_at " \
        "FROM (VALUES %s) v(i, p, q, a, t)" % ','.join('(%d,%d,%d,%d,%d)' % x for x in transfers)
    script.append("\\echo case %d\nSELECT path_no, hops, accounts, txn_ids, amounts, bottleneck, more FROM risk_screen.trace_paths($q$%s$q$, ARRAY['%d'], %s, max_paths => %d);\n"
                  % (len(expected), query, seed, ', '.join(args), k))
    lines = []
    for number, path in enumerate(want[:k], 1):
        walk = path[::-1] if o['upstream'] else path
        lines.append('%d|%d|{%s}|{%s}|{%s}|%d|%s' % (
            number, len(path), ','.join(str(a) for a in [walk[0][1]] + [x[2] for x in walk]),
            ','.join(str(x[0]) for x in walk), ','.join(str(x[3]) for x in walk), min(x[3] for x in path),
            't' if len(want) > k else 'f'))
    expected.append((lines, transfers, seed, o, targets, k))

run = subprocess.run(['psql', '-XAtq', '-F', '|', '-v', 'ON_ERROR_STOP=1'], input=''.join(script), text=True,
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
got, problem = {}, ''
for line in run.stdout.splitlines():
    if line.startswith('case '):
        number = int(line[5:])
        got[number] = []
    else:
        got[number].append(line)
if run.returncode:
    problem = '\n'.join(line[:400] for line in run.stderr.splitlines()[-6:])
total = 0
for number, (lines, *about) in enumerate(expected):
    total += len(lines)
    if got.get(number) != lines:
        problem = problem or 'case %d %s\n got %s\nwant %s' % (number, about, got.get(number), lines)
        break
print('1..1')
print('%sok 1 - %d random tables, %d paths (RS_SEED=%d)' % ('not ' if problem else '', CASES, total, SEED))
for line in problem.splitlines():
    print('#', line)
sys.exit(bool(problem))
