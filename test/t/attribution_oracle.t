#!/usr/bin/env python3
"""attribute_funds against the naive replay of test/oracle/attribution.py.

Random ledgers with ties, fees, deficits, self-transfers, refunds, duplicates,
currencies, openings and several claims, over a query, over its flow graph of one
or several parts, and fetched by index; every row must be equal, and for every
rule but poison each claim must add up to the last unit. 1,500 ledgers a rule,
12,000 with RS_LONG=1. RS_SEED changes the sequence.
"""
import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from math import ceil

sys.path.insert(0, os.path.join(os.environ.get('RS_TOP', '.'), 'test', 'oracle'))
import attribution  # noqa: E402

RULES = ['fifo', 'lifo', 'pro_rata', 'taint_first', 'taint_last', 'poison']
PARTS = {'fifo': 16, 'lifo': 2, 'pro_rata': 16, 'taint_first': 2, 'taint_last': 1, 'poison': 16}   # of the flow graphs
TIES = ['causal', 'causal', 'ledger', 'debits_first', 'credits_first']
START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def make_case(r, number):
    n_accounts = r.randint(2, 6)
    accounts = ['A%d' % i for i in range(n_accounts)]
    n = r.choice([1, 3, 6, 10, 15, 25])
    span = r.choice([1, 3, 10, 40])
    biggest = r.choice([3, 12, 40])
    fees = r.random() < 0.3
    currencies = r.choice([[None], [None], [None], ['CNY', 'USD'], ['CNY', None]])
    has_currency = currencies != [None]
    transfers = []
    for i in range(n):
        if transfers and r.random() < 0.15:        # refund of an earlier one, or its duplicate
            x = dict(r.choice(transfers))
            if r.random() < 0.6:
                x['payer'], x['payee'] = x['payee'], x['payer']
            x['paid_at'] = min(span, x['paid_at'] + r.randint(0, 2))
        else:
            x = {'payer': r.choice(accounts), 'payee': r.choice(accounts),
                 'amount': r.randint(0 if r.random() < 0.1 else 1, biggest), 'paid_at': r.randint(0, span)}
            if x['payer'] == x['payee'] and r.random() < 0.7:
                x['payee'] = r.choice(accounts)
            x['fee'] = r.choice([0, 0, 1, 2, biggest]) if fees else 0
            x['currency'] = r.choice(currencies)
        x['txn_id'] = i + 1
        x['ord'] = r.choice([None, 1, 2, 3])
        transfers.append(x)
    ids = list(range(1, n + 1))
    r.shuffle(ids)
    for x, i in zip(transfers, ids):
        x['txn_id'] = i
    r.shuffle(transfers)
    names = ['C%d' % i for i in range(r.randint(1, 4))]
    claims = []
    room = {x['txn_id']: x['amount'] for x in transfers}
    for c in names:
        for _ in range(r.choice([1, 1, 2, 4])):
            x = r.choice(transfers)
            t = x['txn_id']
            if r.random() < 0.5 or (c, t) in [(k, u) for k, u, _ in claims]:
                if room[t] == x['amount']:
                    claims.append((c, t, None))
                    room[t] = 0
            elif room[t] > 0:
                part = r.randint(1, room[t])
                claims.append((c, t, part))
                room[t] -= part
    if claims and r.random() < 0.1:
        claims.append(r.choice(claims))             # the same claim twice
    if r.random() < 0.02:
        x = r.choice(transfers)
        claims.append((names[0], x['txn_id'], x['amount'] + 1))
    openings = r.choice([None, None, 'infer', 'rows', 'rows'])
    if openings == 'rows':
        openings = []
        for a in accounts:
            if r.random() < 0.5:
                cur = r.choice(currencies)
                at = r.choice([None, None, r.randint(0, span)])
                for _ in range(r.choice([1, 1, 2])):
                    openings.append({'account': a, 'currency': cur, 'balance': r.randint(0, biggest),
                                     'claim': r.choice([None, None] + names), 'at': at})
    direction = 'upstream' if r.random() < 0.35 else 'downstream'
    deficit = r.choice(['infer', 'infer', 'infer', 'overdraft', 'overdraft', 'error'])
    exit_at = [a for a in accounts if r.random() < 0.5] if r.random() < 0.25 else []
    if direction == 'upstream' and r.random() < 0.5:        # balances to be explained
        for _ in range(r.randint(1, 3)):
            a = r.choice(accounts)
            if a not in exit_at:
                claims.append((r.choice(names), (a, r.choice(currencies) or ''),
                               None if deficit == 'error' else r.choice([None, None, None, 1, 2])))
        claims = [c for i, c in enumerate(claims) if not isinstance(c[1], tuple) or c[:2] not in [d[:2] for d in claims[:i]]]
    return {
        'number': number, 'transfers': transfers, 'claims': claims, 'openings': openings,
        'direction': direction,
        'tie': r.choice(TIES), 'deficit': deficit, 'exit_at': exit_at,
        'min_traced': r.choice([0, 0, 0, 2, 5, Decimal('1.3')]),
        'forever': r.random() < 0.3, 'has_currency': has_currency,
    }


def literal(v):
    return '\\N' if v is None else str(v)


def stamp(v):
    return None if v is None else (START + timedelta(minutes=v)).isoformat()


def money(v):
    return None if v is None else Decimal(v) / 100


SETUP = """
\\set ON_ERROR_STOP 1
CREATE TEMP TABLE tt (c int, txn_id int, payer text, payee text, amount numeric, fee numeric,
	paid_at timestamptz, ord int, currency text);
CREATE TEMP TABLE cc (c int, claim text, txn_id int, amount numeric, account text, currency text);
CREATE TEMP TABLE oo (c int, account text, currency text, balance numeric, claim text, at timestamptz);
CREATE TEMP TABLE cases (c int, rule text, direction text, openings text, tie text, deficit text,
	exit_at text[], min_traced numeric, forever boolean, has_currency boolean);
CREATE FUNCTION pg_temp.attempt(k cases) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text; columns text := CASE WHEN k.has_currency THEN '*' ELSE
	'txn_id, payer, payee, amount, fee, paid_at, ord' END;
	source text := format('SELECT %s FROM pg_temp.tt WHERE c = %s', columns, k.c);
BEGIN
	SELECT json_agg(json_build_array(f.claim, f.kind, f.account, f.counterparty, f.txn_id,
		f.amount::text, f.traced::text, f.currency))
	INTO answer
	FROM risk_screen.attribute_funds(source, format('SELECT * FROM pg_temp.cc WHERE c = %s', k.c), k.rule, k.direction,
		CASE k.openings WHEN 'rows' THEN format('SELECT * FROM pg_temp.oo WHERE c = %s', k.c) ELSE k.openings END,
		'infinity', k.tie, k.deficit, k.exit_at, k.min_traced, k.forever) f;
	RETURN coalesce(answer, '[]');
EXCEPTION WHEN data_exception OR invalid_parameter_value THEN
	RETURN to_json(SQLSTATE);
END $$;
-- the same through flow graphs of all cases, which must not touch each other: with and without currencies
CREATE FUNCTION pg_temp.attempt_graph(k cases) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
	SELECT json_agg(json_build_array(f.claim, f.kind, nullif(split_part(f.account, ':', 2), ''), split_part(f.counterparty, ':', 2),
		f.txn_id::int - k.c * 1000, f.amount::text, f.traced::text, f.currency))
	INTO answer
	FROM risk_screen.attribute_funds(CASE WHEN k.has_currency THEN 'graph:attribution_oracle_c' ELSE 'graph:attribution_oracle' END,
		format('SELECT claim, c * 1000 + txn_id AS txn_id, amount, c || '':'' || account AS account, currency FROM pg_temp.cc WHERE c = %s', k.c), k.rule, k.direction,
		CASE k.openings WHEN 'rows' THEN format('SELECT c || '':'' || account AS account, balance, claim, at, currency FROM pg_temp.oo WHERE c = %s', k.c)
			ELSE k.openings END,
		'infinity', k.tie, k.deficit, (SELECT array_agg(k.c || ':' || e) FROM unnest(k.exit_at) e), k.min_traced, k.forever) f;
	RETURN coalesce(answer, '[]');
EXCEPTION WHEN data_exception OR invalid_parameter_value THEN
	RETURN to_json(SQLSTATE);
END $$;
-- the same through one indexed table of all cases, from which only what the claims touch is read
CREATE TEMP TABLE indexed (txn_id int PRIMARY KEY, payer text, payee text, amount numeric(12,2), fee numeric(12,2),
	paid_at timestamptz, ord int, currency text);
CREATE TEMP TABLE read_whole (c int);
CREATE FUNCTION pg_temp.attempt_indexed(k cases) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text; scans bigint;
	columns text := CASE WHEN k.has_currency THEN '*' ELSE 'txn_id, payer, payee, amount, fee, paid_at, ord' END;
BEGIN
	SELECT seq_scan INTO scans FROM pg_stat_xact_all_tables WHERE relid = 'pg_temp.indexed'::regclass;
	SELECT json_agg(json_build_array(f.claim, f.kind, nullif(split_part(f.account, ':', 2), ''), split_part(f.counterparty, ':', 2),
		f.txn_id::int - k.c * 1000, f.amount::text, f.traced::text, f.currency))
	INTO answer
	FROM risk_screen.attribute_funds(format('SELECT %s FROM pg_temp.indexed', columns),
		format('SELECT claim, c * 1000 + txn_id AS txn_id, amount, c || '':'' || account AS account, currency FROM pg_temp.cc WHERE c = %s', k.c),
		k.rule, k.direction,
		CASE k.openings WHEN 'rows' THEN format('SELECT c || '':'' || account AS account, balance, claim, at, currency FROM pg_temp.oo WHERE c = %s', k.c)
			ELSE k.openings END,
		'infinity', k.tie, k.deficit, (SELECT array_agg(k.c || ':' || e) FROM unnest(k.exit_at) e), k.min_traced, k.forever) f;
	IF (SELECT seq_scan FROM pg_stat_xact_all_tables WHERE relid = 'pg_temp.indexed'::regclass) IS DISTINCT FROM scans THEN
		INSERT INTO read_whole VALUES (k.c);
	END IF;
	RETURN coalesce(answer, '[]');
EXCEPTION WHEN data_exception OR invalid_parameter_value THEN
	RETURN to_json(SQLSTATE);
END $$;
"""


def copy(table, rows):
    yield 'COPY %s FROM stdin;\n' % table
    for row in rows:
        yield '\t'.join(literal(v) for v in row) + '\n'
    yield '\\.\n'


def ask(cases, rule):
    script = [SETUP]
    script += copy('tt', ((c['number'], x['txn_id'], x['payer'], x['payee'], money(x['amount']), money(x['fee']),
                           stamp(x['paid_at']), x['ord'], x['currency']) for c in cases for x in c['transfers']))
    script += copy('cc', ((c['number'], k, *((None, money(a), t[0], t[1] or None) if isinstance(t, tuple) else (t, money(a), None, None)))
                         for c in cases for k, t, a in c['claims']))
    script += copy('oo', ((c['number'], o['account'], o['currency'], money(o['balance']), o['claim'], stamp(o['at']))
                          for c in cases if isinstance(c['openings'], list) for o in c['openings']))
    script += copy('cases', ((c['number'], rule, c['direction'], 'rows' if isinstance(c['openings'], list) else c['openings'],
                              c['tie'], c['deficit'], '{%s}' % ','.join(c['exit_at']), money(c['min_traced']),
                              c['forever'], c['has_currency']) for c in cases))
    script.append('CREATE INDEX ON tt (c); CREATE INDEX ON cc (c); CREATE INDEX ON oo (c);\n'
                  'ANALYZE tt; ANALYZE cc; ANALYZE oo; SET enable_seqscan = off;\n'
                  'SELECT k.c, pg_temp.attempt(k) FROM cases k ORDER BY c;\n')
    script.append("""
SET client_min_messages = error;
DROP TABLE IF EXISTS attribution_oracle;
SELECT risk_screen.drop_flow_graph(name) FROM risk_screen.flow_graph WHERE name ~ '^attribution_oracle' \\g /dev/null
CREATE TABLE attribution_oracle_c (txn_id int, payer text, payee text, amount numeric, paid_at timestamptz, fee numeric, ord int, currency text);
CREATE TABLE attribution_oracle (LIKE attribution_oracle_c);
ALTER TABLE attribution_oracle DROP currency;
CREATE FUNCTION pg_temp.add_times(since timestamptz, until timestamptz) RETURNS void LANGUAGE sql AS $$
	INSERT INTO attribution_oracle_c SELECT c * 1000 + txn_id, c || ':' || payer, c || ':' || payee, amount, paid_at, fee, ord, currency
		FROM tt JOIN cases USING (c) WHERE has_currency AND paid_at >= since AND paid_at < until;
	INSERT INTO attribution_oracle SELECT c * 1000 + txn_id, c || ':' || payer, c || ':' || payee, amount, paid_at, fee, ord
		FROM tt JOIN cases USING (c) WHERE NOT has_currency AND paid_at >= since AND paid_at < until;
$$;
SELECT pg_temp.add_times('-infinity', '{first}') \\g /dev/null
-- filler makes the first part the largest, so that later ones stay parts
INSERT INTO attribution_oracle_c SELECT -g, 'x' || g %% 99, 'y' || g %% 98, 1, timestamptz '2020-01-01' + g * interval '1 minute', g %% 3, -g, 'SDR' FROM generate_series(1, 30 * (SELECT count(*) FROM cases)) g;
INSERT INTO attribution_oracle SELECT txn_id, payer, payee, amount, paid_at, fee, ord FROM attribution_oracle_c WHERE txn_id < 0;
SELECT risk_screen.create_flow_graph('attribution_oracle', 'attribution_oracle'),
	risk_screen.create_flow_graph('attribution_oracle_c', 'attribution_oracle_c') \\g /dev/null
-- as three parts, as one and a merged one, or as one
SELECT pg_temp.add_times('{first}', '{second}') \\g /dev/null
SELECT 4000000, to_json(risk_screen.refresh_flow_graph('attribution_oracle') || risk_screen.refresh_flow_graph('attribution_oracle_c'));
SELECT pg_temp.add_times('{second}', 'infinity') \\g /dev/null
SELECT 4000001, to_json(risk_screen.refresh_flow_graph('attribution_oracle', NULL, {parts})
	|| risk_screen.refresh_flow_graph('attribution_oracle_c', NULL, {parts}));
SELECT 4000002, to_json(string_agg(parts::text || columns::text || risk_screen.check_flow_graph(name), ' ' ORDER BY name)) FROM risk_screen.flow_graph
	WHERE name ~ '^attribution_oracle';
SELECT k.c + 1000000, pg_temp.attempt_graph(k) FROM cases k ORDER BY c;
SELECT risk_screen.drop_flow_graph(name) FROM risk_screen.flow_graph WHERE name ~ '^attribution_oracle' \\g /dev/null
DROP TABLE attribution_oracle, attribution_oracle_c;
-- filler makes reading everything dear
INSERT INTO indexed SELECT c * 1000 + txn_id, c || ':' || payer, c || ':' || payee, amount, fee, paid_at, ord, currency FROM tt
	UNION ALL SELECT -g, 'x' || g, 'y' || g, 1, 0, timestamptz '2020-01-01' + g * interval '1 minute', NULL, NULL FROM generate_series(1, 30000) g;
CREATE INDEX ON indexed (payer);
CREATE INDEX ON indexed (payee);
ANALYZE indexed;
SET enable_seqscan = on;
SELECT k.c + 2000000, pg_temp.attempt_indexed(k) FROM cases k
	WHERE c %% %d = 0 AND (NOT has_currency OR direction = 'downstream' AND openings IS DISTINCT FROM 'rows' OR c %% 16 = 0) ORDER BY c;
SELECT 3000000, to_json((SELECT count(*) FROM read_whole));
""".replace('{first}', stamp(2)).replace('{second}', stamp(10)).replace('{parts}', str(PARTS[rule]))
                  % (1 if os.environ.get('RS_LONG') == '1' else 4))
    run = subprocess.run(['psql', '-XqAt', '-F', '\t'], input=''.join(script), capture_output=True, text=True)
    if run.returncode:
        print('Bail out! psql:', run.stderr[:2000])
        sys.exit(1)
    return {int(k): json.loads(v) for k, v in (line.split('\t', 1) for line in run.stdout.splitlines())}


def expected(case, rule):
    fine = 10 ** 6 if rule in ('pro_rata', 'taint_first', 'taint_last') else 1
    least = case['min_traced'] * fine
    least = ceil(least)
    try:
        o = attribution.Case(case['transfers'], case['claims'], rule, case['direction'], case['openings'],
                             case['tie'], case['deficit'], case['exit_at'], least, case['forever'])
        rows = o.run()
    except attribution.Invalid:
        return '22023', None
    except attribution.Deficit:
        return '22000', None
    scale = Decimal(1) / 100 / fine
    out = defaultdict(Decimal)
    for (claim, kind, account, other, txn, amount), traced in rows.items():
        out[key(claim, kind, account[0], other and other[0], txn,
                None if amount is None else amount * scale, account[1])] += traced * scale
    return dict(out), o


def key(claim, kind, account, other, txn, amount, currency):
    if kind == 'held' and txn is not None:        # shown in pieces: only the sum is compared
        amount = None
    return (claim, kind, account, other, txn, amount, currency or '')


def observed(answer):
    if isinstance(answer, str):
        return answer
    out = defaultdict(Decimal)
    for claim, kind, account, other, txn, amount, traced, currency in answer:
        out[key(claim, kind, account, other or None, int(txn) if txn else None,
                Decimal(amount) if amount is not None else None, currency)] += Decimal(traced)
    return dict(out)


def unbalanced(case, rows):
    """Claims whose parts do not add up: seeded = held + exited + fee + cut is checked by the caller."""
    seeded, ended = defaultdict(Decimal), defaultdict(Decimal)
    for (claim, kind, account, other, txn, amount, currency), traced in rows.items():
        if kind != 'moved':
            ended[claim] += traced
    return ended


def main():
    number = int(os.environ.get('RS_CASES', 12000 if os.environ.get('RS_LONG') == '1' else 1500))
    seed = int(os.environ.get('RS_SEED', '20261122'))
    failed = 0
    print('1..%d' % (len(RULES) * 4))
    test = 0
    for rule in RULES:
        r = random.Random('%s %s' % (seed, rule))
        cases = [make_case(r, i) for i in range(number)]
        answers = ask(cases, rule)
        wrong, broken = [], []
        errors = rows = indexed = whole_only = 0
        read_whole = answers.pop(3000000)
        built = [answers.pop(4000000 + i) for i in range(3)]
        for case in cases:
            want, o = expected(case, rule)
            got = observed(answers[case['number']])
            if got != want:
                wrong.append((case, want, got))
                continue
            again = observed(answers[case['number'] + 1000000])
            if again != want:
                wrong.append((case, want, again))
            if case['number'] + 2000000 in answers:
                again = observed(answers[case['number'] + 2000000])
                indexed += 1
                whole_only += case['has_currency'] and (case['direction'] == 'upstream' or isinstance(case['openings'], list))
                if again != want:
                    wrong.append((case, want, again))
            if isinstance(got, str):
                errors += 1
                continue
            rows += len(got)
            # a claim that meets none of its own money is seeded with exactly what it names
            if rule != 'poison':
                ended = unbalanced(case, got)
                named = defaultdict(Decimal)
                for t, parts in o.seeds.items():
                    for c, a in parts.items():
                        named[c] += Decimal(a) / 100
                if case['direction'] == 'downstream':
                    for a, lots in o.opening.items():
                        for c, v in lots:
                            if c is not None:
                                named[c] += Decimal(v) / 100
                for c in [c for c in named if c not in o.balances]:
                    if ended[c] > named[c] or (len([1 for p in o.seeds.values() if c in p]) == 1 and
                                               not any(k == c for lots in o.opening.values() for k, _ in lots) and
                                               ended[c] != named[c]):
                        broken.append((case, c, named[c], ended[c]))
                moved = defaultdict(Decimal)
                for (claim, kind, account, other, txn, amount, currency), traced in got.items():
                    if kind == 'moved' and case['direction'] == 'downstream':
                        moved[txn] += traced
                for txn, v in moved.items():
                    if v > Decimal(o.transfers[txn]['amount']) / 100:
                        broken.append((case, txn, v))
        test += 1
        print('%s %d - %s: %d random ledgers equal the replay (%d rows, %d errors as expected; all also through flow graphs, '
              '%d by index)' %
              ('not ok' if wrong else 'ok', test, rule, number, rows, errors, indexed))
        for case, want, got in wrong[:1]:
            failed += 1
            print('# %d wrong; the first:' % len(wrong))
            for k, v in case.items():
                print('# ', k, v)
            if isinstance(want, dict) and isinstance(got, dict):
                for k in sorted(set(want) | set(got), key=str):
                    if want.get(k) != got.get(k):
                        print('#   ', k, 'want', want.get(k), 'got', got.get(k))
            else:
                print('#  want', want, 'got', got)
        test += 1
        keeps = '%d{ord,fee}sound %d{ord,fee,currency}sound' % ((3 if PARTS[rule] == 16 else PARTS[rule],) * 2)
        same = built == ['appendedappended', 'appendedappended', keeps]
        print('%s %d - %s: the flow graphs have their columns and grew by parts (%s)' % ('ok' if same else 'not ok', test, rule, built))
        test += 1
        # ledgers whose tie of an instant, or whose missing currency, asks for more are few
        print('%s %d - %s: by index only what the claims touch is read (%d of %d ledgers were read whole, %d had to be)' %
              ('not ok' if read_whole > whole_only + indexed / 10 else 'ok', test, rule, read_whole, indexed, whole_only))
        test += 1
        print('%s %d - %s: every claim is conserved, no transfer carries more than its amount' %
              ('not ok' if broken else 'ok', test, rule))
        for b in broken[:1]:
            print('# ', b)
    return failed


if __name__ == '__main__':
    main()
