#!/usr/bin/env python3
"""flow_graph_refresh.py SIZE ROWS INSERT: CPU ms of refreshing bench_day after each of five inserted days."""
import statistics, subprocess, sys

size, rows, insert = sys.argv[1:4]
psql = subprocess.Popen(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def send(statement):
    psql.stdin.write(statement + ";\n\\echo @@done\n")
    psql.stdin.flush()
    lines = []
    for line in psql.stdout:
        if line == "@@done\n":
            return lines
        lines.append(line.strip())
    sys.exit("flow_graph_refresh: the statement failed")


pid = int(send("SELECT pg_backend_pid()")[0])


def cpu():
    return int(open("/proc/%d/schedstat" % pid).read().split()[0]) / 1e6


def refresh(expected):
    before = cpu()
    how = send("SELECT risk_screen.refresh_flow_graph('bench_day')")[0]
    if how != expected:
        sys.exit("refresh was %s, not %s" % (how, expected))
    return cpu() - before


send("SET max_parallel_workers_per_gather = 0")
idle = statistics.median(refresh("unchanged") for _ in range(3))
days = []
for _ in range(5):
    send(insert)
    days.append(refresh("appended"))
send("DELETE FROM bench_day WHERE ctid = (SELECT min(ctid) FROM bench_day)")
rebuild = refresh("rebuilt")
print("| %s | %s | %.0f | %.0f | %.0f | %.0f |" % (size, rows, statistics.median(days), rebuild, idle, rebuild / 90))
