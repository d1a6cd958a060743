#!/usr/bin/env python3
"""generate.py - data in the shape of LDBC FinBench, as a psql script of COPYs.

    generate.py [--owners N] [--seed S] [--days D] [--max-degree D] > data.sql

Owners appear over three years, each with 1 to 4 accounts; in-degrees follow a
power law, out-degrees are the same numbers shuffled within blocks of 10,000
owners; pairs repeat with a second power law; every loan has ten events. The
same arguments give the same file. --days rounds every time down to so many
days, so that filings tie; the benchmark has none.
"""
import argparse, random, sys
from datetime import datetime, timedelta, timezone

START = datetime(2020, 1, 1, tzinfo=timezone.utc)
SPAN = 3 * 365 * 86400                      # seconds
TYPES = ("internet account", "corporate account", "credit card", "debit card", "prepaid card", "merchant account", "brokerage account",
         "custodial account", "certificate of deposit", "foreign exchange account", "savings account", "trust account")
MEDIA = ("POS", "IPV4", "IPV6", "PHONE", "WEB", "ATM")


def power_law(rng, low, high, exponent):
    """Whole number in [low, high], density ~ x^exponent, by the inverse of its distribution."""
    e = exponent + 1
    return int((low ** e + rng.random() * ((high + 1) ** e - low ** e)) ** (1 / e))


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--owners", type=int, default=1000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--days", type=float, default=0)
    ask.add_argument("--max-degree", type=int, default=1000)
    options = ask.parse_args()
    rng = random.Random(options.seed)
    grain = int(options.days * 86400 * 1000)

    def stamp(ms):
        if grain:
            ms -= ms % grain
        return (START + timedelta(milliseconds=ms)).isoformat()

    def after(ms):
        return rng.randrange(ms, SPAN * 1000)

    def money(high):
        return "%.2f" % (rng.randrange(1, high * 100) / 100)

    def copy(table, columns, rows):
        print("COPY finbench.%s (%s) FROM STDIN;" % (table, columns))
        for row in rows:
            print("\t".join("\\N" if value is None else str(value) for value in row))
        print("\\.")

    persons, companies, accounts = [], [], []
    for owner in range(options.owners):
        born = after(0)
        kind = persons if owner % 3 else companies
        kind.append((owner + 1, born))
        for _ in range(rng.randint(1, 4)):
            accounts.append((len(accounts) + 1, after(born), owner, kind is persons))
    copy("person", "id, created_at", ((i, stamp(t)) for i, t in persons))
    copy("company", "id, created_at", ((i, stamp(t)) for i, t in companies))
    types = [rng.choice(TYPES) for _ in accounts]
    copy("account", "id, created_at, type, blocked, person, company",
         ((i, stamp(t), types[i - 1], "t" if rng.random() < 0.05 else "f", owner + 1 if is_person else None, None if is_person else owner + 1)
          for i, t, owner, is_person in accounts))

    transfers, block_start = [], 0
    while block_start < len(accounts):
        block = [a for a in accounts[block_start:] if a[2] < accounts[block_start][2] + 10000]
        block_start += len(block)
        into = [power_law(rng, 1, options.max_degree, -2.24) for _ in block]
        out = into[:]
        rng.shuffle(out)
        payers = [a for a, n in zip(block, out) for _ in range(n)]
        rng.shuffle(payers)
        for payee, wanted in zip(block, into):
            while wanted > 0 and payers:
                payer = payers[-1]
                copies = min(wanted, power_law(rng, 1, 100, -1.39))
                while copies and payers and payers[-1] == payer:
                    payers.pop()
                    copies -= 1
                    wanted -= 1
                    transfers.append((payer[0], payee[0], after(max(payer[1], payee[1]))))
                if payers and payers[-1] == payer:          # leave the rest of this payer to others
                    payers.insert(rng.randrange(len(payers)), payers.pop())
    copy("transfer", "id, payer, payee, amount, at", ((i + 1, p, q, money(10_000_000), stamp(t)) for i, (p, q, t) in enumerate(transfers)))

    cards = [a for a in accounts if types[a[0] - 1] == "debit card"]
    withdrawals = []
    for account in accounts:
        if cards and rng.random() < 0.3:
            for _ in range(rng.randint(1, 30)):
                card = rng.choice(cards)
                withdrawals.append((account[0], card[0], after(max(account[1], card[1]))))
    copy("withdraw", "id, account, card, amount, at", ((i + 1, a, c, money(10_000_000), stamp(t)) for i, (a, c, t) in enumerate(withdrawals)))

    owned = {}
    for account in accounts:
        owned.setdefault(account[2], []).append(account)
    person_owners = {i for i, _ in persons}
    loans, applied, deposits, repays = [], [], [], []
    for owner, theirs in owned.items():
        if rng.random() >= 0.6:
            continue
        for _ in range(rng.randint(1, 4)):
            number = len(loans) + 1
            amount = rng.randrange(10_000, 100_000_000)
            loans.append((number, "%d.00" % amount, "%.2f" % (rng.randrange(0, amount * 100) / 100)))
            person = owner + 1 if owner + 1 in person_owners else None
            applied.append((number, person, None if person else owner + 1, stamp(after(0))))
            for _ in range(10):
                account = rng.choice(theirs)
                (deposits if rng.random() < 0.5 else repays).append((number, account[0], stamp(after(account[1]))))
    copy("loan", "id, amount, balance", loans)
    copy("apply", "loan, person, company, at", applied)
    copy("deposit", "id, loan, account, amount, at", ((i + 1, l, a, money(1_000_000), t) for i, (l, a, t) in enumerate(deposits)))
    copy("repay", "id, account, loan, amount, at", ((i + 1, a, l, money(1_000_000), t) for i, (l, a, t) in enumerate(repays)))

    guarantees = [(p, rng.choice(persons)[0]) for p, _ in persons if rng.random() < 0.6 for _ in range(rng.randint(1, 2))]
    copy("guarantee", "id, guarantor, guaranteed, at", ((i + 1, a, b, stamp(after(0))) for i, (a, b) in enumerate(guarantees) if a != b))

    media = [(i + 1, rng.choice(MEDIA), "t" if rng.random() < 0.05 else "f") for i in range(max(20, options.owners // 2))]
    copy("medium", "id, type, blocked", media)
    copy("sign_in", "medium, account, at",
         ((m, rng.choice(accounts)[0], stamp(after(0))) for m, _, _ in media for _ in range(rng.randint(1, 12))))
    print("ANALYZE;")


main()
sys.stdout.flush()
