#!/usr/bin/env python3
"""flow_graph_attach.py SIZE SEED: wall ms of the first and second use of graph:benchSIZE in new sessions."""
import re, statistics, subprocess, sys

size, seed = sys.argv[1:3]
opened, first, second = [], [], []
script = """\\timing on
SELECT risk_screen.version();
SELECT state FROM risk_screen.flow_graph WHERE name = 'bench%s';
SELECT state FROM risk_screen.flow_graph WHERE name = 'bench%s';
""" % (size, size)
trace = """\\timing on
SELECT risk_screen.version();
SELECT 1 FROM risk_screen.trace_summary('graph:bench%s', '{%s}', max_hops => 1);
SELECT 1 FROM risk_screen.trace_summary('graph:bench%s', '{%s}', max_hops => 1);
""" % (size, seed, size, seed)


def times(text):
    out = subprocess.run(["psql", "-XqAt", "-f", "-"], input=text, text=True, capture_output=True, check=True).stdout
    return [float(x) for x in re.findall(r"Time: ([\d.]+) ms", out)]


for _ in range(9):
    t = times(script)
    opened.append(max(t[1] - t[2], 0))  # the second look has everything but the mapping
    t = times(trace)
    first.append(t[1])
    second.append(t[2])
mb = subprocess.run(["psql", "-XqAtc", "SELECT round(bytes / 1e6) FROM risk_screen.flow_graph WHERE name = 'bench%s'" % size],
                    text=True, capture_output=True, check=True).stdout.strip()
print("| %s | %s | %.2f | %.2f / %.2f |" % (size, mb, *(statistics.median(x) for x in (opened, first, second))))
