#!/usr/bin/env python3
"""parallel_ms.py RUNS SQL: wall and CPU ms with 0, 1 and 2 parallel workers, as rows of a table.

CPU is that of the whole server while the statement runs (utime + stime of the
postmaster's children, reaped workers included), less what it used idle just
before; the rounds of the three settings are interleaved. Wall times of a busy
machine say little: compare them with the CPU and the load beside them.
"""
import os
import statistics
import subprocess
import sys
import time

runs, sql = int(sys.argv[1]), sys.argv[2]
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
wall, used, answers = {0: [], 1: [], 2: []}, {0: [], 1: [], 2: []}, set()
for r in range(runs + 1):
    for workers in wall:
        ask("SET max_parallel_workers_per_gather = %d" % workers)
        own, reaped = cpu()
        start = time.monotonic()
        answers.add(ask(sql)[0])
        took = (time.monotonic() - start) * 1e3
        time.sleep(.05)
        own2, reaped2 = cpu()
        if r > 0:
            wall[workers].append(took)
            used[workers].append(own2 - own + reaped2 - reaped)
assert len(answers) == 1, answers
for workers in wall:
    ms, base = min(wall[workers]), min(wall[0])
    print("| %d | %.0f | %.0f | %.2f | %.2f | %.1f |" % (workers, ms, statistics.median(used[workers]), base / ms, workers + 1, os.getloadavg()[0]))
