#!/usr/bin/env python3
"""flow_graph_attach.py SIZE SEED [GRAPH]: wall ms of the first and second use of a graph (benchSIZE) in new sessions."""
import re, statistics, subprocess, sys

size, seed = sys.argv[1:3]
graph = sys.argv[3] if len(sys.argv) > 3 else "bench" + size
first, second = [], []
trace = """\\timing on
SELECT risk_screen.version();
SELECT 1 FROM risk_screen.trace_summary('graph:%s', '{%s}', max_hops => 1);
SELECT 1 FROM risk_screen.trace_summary('graph:%s', '{%s}', max_hops => 1);
""" % (graph, seed, graph, seed)
for _ in range(15):
    out = subprocess.run(["psql", "-XqAt", "-f", "-"], input=trace, text=True, capture_output=True, check=True).stdout
    times = [float(x) for x in re.findall(r"Time: ([\d.]+) ms", out)]
    first.append(times[1])
    second.append(times[2])
mb = subprocess.run(["psql", "-XqAtF", " | ", "-c", "SELECT round(bytes / 1e6), parts FROM risk_screen.flow_graph WHERE name = '%s'" % graph],
                    text=True, capture_output=True, check=True).stdout.strip()
print("| %s | %s | %.2f | %.2f |" % (size, mb, statistics.median(first), statistics.median(second)))
