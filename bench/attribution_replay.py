"""FIFO replay of the bench ledger: what a careful script does. Reads it by COPY, prints CPU time and the answer's digest."""
import hashlib
import resource
import subprocess
import time
from collections import defaultdict, deque

dump = subprocess.run(['psql', '-XqAt', '-F', ' ', '-c', "COPY (SELECT txn_id, payer, payee, (amount * 100)::bigint FROM "
                       "attribution_small ORDER BY paid_at, txn_id) TO STDOUT WITH (DELIMITER ' ')"],
                      capture_output=True, text=True, check=True).stdout
cpu, wall = time.process_time(), time.time()
lots, moved = defaultdict(deque), defaultdict(int)
for line in dump.splitlines():
    txn, payer, payee, amount = map(int, line.split())
    if payer == payee:
        continue
    queue, need, out = lots[payer], amount, []
    while need > 0 and queue:
        claim, part = queue[0]
        if part <= need:
            queue.popleft()
        else:
            queue[0] = (claim, part - need)
            part = need
        need -= part
        out.append((claim, part))
    if need > 0:
        out.append((0, need))
    if txn <= 1000:
        out = [(txn, amount)]
    for claim, part in out:
        if claim:
            moved[claim, txn] += part
    lots[payee].extend(out)
held = defaultdict(int)
for account, queue in lots.items():
    for claim, part in queue:
        if claim:
            held[claim, account] += part


def money(units):
    return ('%d.%02d' % divmod(units, 100)).rstrip('0').rstrip('.')


rows = sorted([(c, 'held', a, v) for (c, a), v in held.items()] + [(c, 'moved', t, v) for (c, t), v in moved.items()])
print('%.2f %.2f %d' % (time.process_time() - cpu, time.time() - wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
print(hashlib.md5(','.join('%d %s %d %s' % (c, k, i, money(v)) for c, k, i, v in rows).encode()).hexdigest())
