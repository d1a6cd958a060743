#!/usr/bin/env python3
"""cpu_ms.py SQL [RUNS] [--setup SQL]: median CPU ms and peak memory (MB) of the backend for one statement.

Drives psql over a pipe; the backend's CPU time is read from /proc/PID/schedstat
before and after each run, its peak resident memory from /proc/PID/status.
Prints: MEDIAN_CPU_MS PEAK_MB
"""
import statistics, subprocess, sys

arguments = sys.argv[1:]
setup = ""
if "--setup" in arguments:
    at = arguments.index("--setup")
    setup = arguments[at + 1]
    del arguments[at:at + 2]
sql = arguments[0].rstrip().rstrip(";")
runs = int(arguments[1]) if len(arguments) > 1 else 5

psql = subprocess.Popen(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def send(statement):
    """runs a statement, returns its output lines"""
    psql.stdin.write(statement + "\n\\echo @@done\n")
    psql.stdin.flush()
    lines = []
    for line in psql.stdout:
        if line == "@@done\n":
            return lines
        lines.append(line)
    sys.exit("cpu_ms: the statement failed")


pid = int(send("SELECT pg_backend_pid();")[0])
if setup:
    send(setup.rstrip().rstrip(";") + ";")


def cpu():
    return int(open("/proc/%d/schedstat" % pid).read().split()[0]) / 1e6


def discard():
    # the result is produced in full and thrown away by psql
    return send("\\o /dev/null\n" + sql + ";\n\\o")


discard()
measured = []
for _ in range(runs):
    before = cpu()
    discard()
    measured.append(cpu() - before)
peak = 0
for line in open("/proc/%d/status" % pid):
    if line.startswith("VmHWM:"):
        peak = int(line.split()[1]) / 1024
print("%.1f %.0f" % (statistics.median(measured), peak))
psql.stdin.close()
psql.wait()
