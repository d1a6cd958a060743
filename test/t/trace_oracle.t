#!/usr/bin/env python3
"""Traces over query texts equal the definition (test/oracle/trace.py) on random small tables.

Every combination of id type, time type and join method that the planner could choose.
"""
import os, random, subprocess, sys
from datetime import datetime, timedelta
sys.path.insert(0, os.path.join(os.environ['RS_TOP'], 'test', 'oracle'))
from trace import trace, accounts, random_case

LONG = os.environ.get('RS_LONG', '0') == '1'
CASES = 40000 if LONG else 1500
SEED = int(os.environ.get('RS_SEED', '20261122'))
rng = random.Random(SEED)

ID = {'bigint': lambda a: str(a), 'int4': lambda a: str(a), 'text': lambda a: 'acct-%s' % a,
      'uuid': lambda a: '00000000-0000-0000-0000-%012d' % int(a), 'numeric': lambda a: str(a),
      'varchar(20)': lambda a: '账户%s' % a}
EPOCH = datetime(2026, 1, 1)
ZONES = {'timestamptz': '+08', 'timestamp': '', 'date': '', 'text': ''}


def day(t):
    return (EPOCH + timedelta(days=t)).strftime('%Y-%m-%d')


def when(t, kind):
    return day(t) + ('' if kind == 'date' else ' 00:00:00' + ZONES[kind])


def call(function, query, seeds, o, idtype, columns):
    args = ["$q$%s$q$" % query, "ARRAY[%s]::text[]" % ','.join("'%s'" % ID[idtype](s) for s in seeds)]
    if o.get('upstream'):
        args.append("direction => 'upstream'")
    for name in ('since', 'until'):
        if name in o:
            args.append("%s => '%s 00:00:00+08'" % (name, day(o[name])))
    if 'max_hold' in o:
        args.append("max_hold => '%d days'" % o['max_hold'])
    for name in ('max_hops', 'min_amount', 'max_fanout', 'ordered', 'strict'):
        if name in o:
            args.append('%s => %s' % (name, o[name]))
    if 'stop_at' in o:
        args.append("stop_at => ARRAY[%s]::text[]" % ','.join("'%s'" % ID[idtype](s) for s in o['stop_at']))
    return 'SELECT %s FROM risk_screen.%s(%s);\n' % (columns, function, ', '.join(args))


script, expected = ["SET timezone = 'Asia/Shanghai'; SET datestyle = 'ISO';\n"], []
for case in range(CASES):
    transfers, seeds, o = random_case(rng)
    idtype, timetype = rng.choice(list(ID)), rng.choice(list(ZONES))
    show = ID[idtype]
    if transfers:
        query = "SELECT * FROM (VALUES %s) v(paid_at, txn_id, payee, payer, amount, note)" % ','.join(
            "('%s'::%s, %d, '%s'::%s, '%s'::%s, %s, 'x')" % (when(x[4], timetype), timetype, x[0], show(x[2]), idtype,
                                                        show(x[1]), idtype, x[3]) for x in transfers)
    else:
        query = "SELECT now()::%s AS paid_at, 1 AS txn_id, 'x'::text::%s AS payer, 'x'::text::%s AS payee, 1 AS amount WHERE false" \
            % (timetype, idtype, idtype)
        if idtype == 'uuid':
            query = query.replace("'x'::text::uuid", "gen_random_uuid()")
        elif idtype not in ('text', 'varchar(20)'):
            query = query.replace("'x'::text", '1')
    if rng.random() < 0.3:
        # a table with an index, and plans that use it
        script.append("DROP TABLE IF EXISTS t; CREATE TEMP TABLE t AS %s; CREATE INDEX ON t (payer, paid_at); CREATE INDEX ON t (payee, paid_at);\n" % query)
        script.append("SET enable_seqscan = %s; SET enable_hashjoin = %s; SET enable_mergejoin = %s;\n"
                      % tuple(rng.choice(('on', 'off')) for _ in range(3)))
        query = 't'
    script.append("\\echo case %d\n" % case)
    script.append(call('trace_funds', query, seeds, o, idtype,
                       "seed, hop, coalesce(txn_id, '-'), coalesce(cut, '-'), coalesce(payer, '-'), coalesce(payee, '-'), coalesce(amount, -1), coalesce(left(paid_at::text, 10), '-')"))
    script.append(call('trace_accounts', query, seeds, o, idtype,
                       "'account', seed, account, hops, left(first_at::text, 10), left(last_at::text, 10), received, sent, terminal"))
    script.append(call('trace_summary', query, seeds, o, idtype, "'summary', seed, hops, accounts, transfers, amount, terminals, cut"))
    script.append("RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin;\n")

    want, account_rows, summary_rows = [], [], []
    by_id = {x[0]: x for x in transfers}
    for seed in dict.fromkeys(seeds):
        answer = trace(transfers, seed, **o)
        s = show(seed)
        if answer is None:
            me = ('-', s) if not o.get('upstream') else (s, '-')
            want.append((s, '0', '-', 'fanout', me[0], me[1], '-1', '-'))
            summary_rows.append(('summary', s, '0', '0', '0', '0', '0', '1'))
            continue
        rows = sorted((answer[i][0], by_id[i][4], i) for i in answer)
        for hop, t, i in rows:
            x = by_id[i]
            want.append((s, str(hop), str(i), answer[i][1] or '-', show(x[1]), show(x[2]), str(x[3]), day(t)))
        acc = accounts(transfers, seed, answer, o.get('upstream', False))
        for a, r in acc.items():
            account_rows.append(('account', s, show(a), str(r[0]), day(r[1]), day(r[2]), str(r[3]), str(r[4]), 't' if r[5] else 'f'))
        summary_rows.append(('summary', s, str(max([r[0] for r in rows], default=0)), str(len(acc)), str(len(rows)),
                             str(sum(by_id[i][3] for i in answer)), str(sum(r[5] for r in acc.values())),
                             str(sum(c is not None for _, c in answer.values()))))
    expected.append((want, account_rows, summary_rows, o, seeds, transfers, idtype, timetype, query))

run = subprocess.run(['psql', '-XAtq', '-F', '|', '-v', 'ON_ERROR_STOP=1'], input=''.join(script), text=True,
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
print('1..1')
failed = []
if run.returncode != 0:
    failed.append('\n'.join(line[:400] for line in run.stderr.splitlines() if 'CONTEXT' not in line)[-4000:])
got = {}
for line in run.stdout.splitlines():
    if line.startswith('case '):
        number = int(line[5:])
        got[number] = ([], [], [])
        continue
    f = tuple(line.split('|'))
    got[number][1 if f[0] == 'account' else 2 if f[0] == 'summary' else 0].append(f)
rows = 0
for number, (want, account_rows, summary_rows, *about) in enumerate(expected):
    have = got.get(number, ([], [], []))
    rows += len(want)
    if have[0] != want or sorted(have[1]) != sorted(account_rows) or have[2] != summary_rows:
        failed.append('case %d: %s\n got %s\nwant %s' % (number, about, have, (want, account_rows, summary_rows)))
        break
print('%sok 1 - %d random tables, %d trace rows equal the definition (RS_SEED=%d)' % ('not ' if failed else '', CASES, rows, SEED))
for text in failed[:1]:
    for line in text.splitlines():
        print('#', line)
sys.exit(1 if failed else 0)
