#!/usr/bin/env python3
"""flow_graph_refresh.py SIZE ROWS INSERT: CPU ms of refreshing bench_day after each of several inserted days."""
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


def refresh(expected, closed_before="NULL"):
    before = cpu()
    how = send("SELECT risk_screen.refresh_flow_graph('bench_day', %s)" % closed_before)[0]
    if how != expected:
        sys.exit("refresh was %s, not %s" % (how, expected))
    return cpu() - before


send("SET max_parallel_workers_per_gather = 0")
idle = statistics.median(refresh("unchanged") for _ in range(3))
full, closed = [], []
for _ in range(3):
    send(insert)
    full.append(refresh("appended"))
for _ in range(3):
    send(insert)
    send("ANALYZE bench_day")
    closed.append(refresh("appended", "(SELECT watermark - interval '2 days' FROM risk_screen.flow_graph WHERE name = 'bench_day')"))
# only the new day, many days: the mean counts the merges that fall due
def parts():
    return int(send("SELECT parts FROM risk_screen.flow_graph WHERE name = 'bench_day'")[0])


one, alone = [], []
for _ in range(8):
    send(insert)
    send("SELECT brin_summarize_new_values('bench_day_ts_idx')")
    before = parts()
    one.append(refresh("appended", "(SELECT watermark FROM risk_screen.flow_graph WHERE name = 'bench_day')"))
    if parts() > before:
        alone.append(one[-1])
send("DELETE FROM bench_day WHERE ctid = (SELECT min(ctid) FROM bench_day)")
rebuild = refresh("rebuilt")
print("| %s | %s | %.0f | %.0f | %.0f (%.0f to %.0f) | %.0f | %s | %.0f | %.0f | %.0f |" % (
    size, rows, statistics.median(full), statistics.median(closed), statistics.mean(one), min(one), max(one), statistics.mean(alone), parts(), idle, rebuild, rebuild / 90))
