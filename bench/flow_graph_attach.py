#!/usr/bin/env python3
"""flow_graph_attach.py SIZE SEED: wall ms of the first and second use of graph:benchSIZE in new sessions."""
import re, statistics, subprocess, sys

size, seed = sys.argv[1:3]
first, second = [], []
trace = """\\timing on
SELECT risk_screen.version();
SELECT 1 FROM risk_screen.trace_summary('graph:bench%s', '{%s}', max_hops => 1);
SELECT 1 FROM risk_screen.trace_summary('graph:bench%s', '{%s}', max_hops => 1);
""" % (size, seed, size, seed)
for _ in range(15):
    out = subprocess.run(["psql", "-XqAt", "-f", "-"], input=trace, text=True, capture_output=True, check=True).stdout
    times = [float(x) for x in re.findall(r"Time: ([\d.]+) ms", out)]
    first.append(times[1])
    second.append(times[2])
mb = subprocess.run(["psql", "-XqAtc", "SELECT round(bytes / 1e6) FROM risk_screen._flow_graph_file WHERE name = 'bench%s'" % size],
                    text=True, capture_output=True, check=True).stdout.strip()
print("| %s | %s | %.2f | %.2f |" % (size, mb, statistics.median(first), statistics.median(second)))
