#!/usr/bin/env python3
"""parallel_ms.py RUNS TITLE SQL...: wall and CPU ms with 0, 1 and 2 parallel workers, as rows of a table.

CPU is that of the whole server while the statement runs (utime + stime of the
postmaster's children, reaped workers included), less what it used idle just
before; the rounds of all settings are interleaved. Wall times of a busy
machine say little: compare them with the CPU and the load beside them.
"""
import os
import statistics
import subprocess
import sys
import time

runs = int(sys.argv[1])
queries = dict(zip(sys.argv[2::2], sys.argv[3::2]))
tick = os.sysconf("SC_CLK_TCK")
psql = subprocess.Popen(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def ask(statement):
    psql.stdin.write(statement + ";\n\\echo .\n")
    psql.stdin.flush()
    rows = []
    for line in psql.stdout:
        if line == ".\n":
            return rows
        rows.append(line.rstrip("\n"))
    sys.exit("psql ended")


backend = int(ask("SELECT pg_backend_pid()")[0])
postmaster = int(open("/proc/%d/stat" % backend).read().rsplit(")", 1)[1].split()[1])


def cpu():
    """Seconds of this backend and of the workers that the postmaster has reaped."""
    own = open("/proc/%d/schedstat" % backend).read().split()[0]
    reaped = open("/proc/%d/stat" % postmaster).read().rsplit(")", 1)[1].split()
    return int(own) / 1e6, (int(reaped[13]) + int(reaped[14])) * 1e3 / tick


ask("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers = 8")
settings = [(title, workers) for title in queries for workers in (0, 1, 2)]
wall, used, answers = {x: [] for x in settings}, {x: [] for x in settings}, {title: set() for title in queries}
for r in range(runs + 1):
    for title, workers in settings:
        ask("SET max_parallel_workers_per_gather = %d" % workers)
        own, reaped = cpu()
        start = time.monotonic()
        answers[title].add(ask(queries[title])[0])
        took = (time.monotonic() - start) * 1e3
        time.sleep(.05)
        own2, reaped2 = cpu()
        if r > 0:
            wall[title, workers].append(took)
            used[title, workers].append(own2 - own + reaped2 - reaped)
assert all(len(a) == 1 for a in answers.values()), answers
for title, workers in settings:
    print("| %d | %s | %.0f | %.0f | %.2f | %.1f |" % (workers, title, min(wall[title, workers]), statistics.median(used[title, workers]),
                                                  min(wall[title, 0]) / min(wall[title, workers]), os.getloadavg()[0]))
