#!/usr/bin/env python3
"""cpu_ms.py SQL [RUNS] [--setup SQL] [--own] [--limit SECONDS] [--loop N]: median CPU ms and peak memory (MB) of the backend for one statement.

Drives psql over a pipe; the backend's CPU time is read from /proc/PID/schedstat
before and after each run, its peak resident memory from /proc/PID/status.
Prints: MEDIAN_CPU_MS PEAK_MB [OWN_PEAK_MB]
--own: a third figure, the peak while it ran (after the warm-up) without the
pages of mapped flow graphs, which are shared and belong to the page cache.
--limit: a run that takes more CPU seconds is cancelled, and "- PEAK_MB" printed.
--loop: a run executes the statement (one that returns one number) so many times and counts a share
each: for statements of microseconds; parsing and planning it is part of each.
"""
import os, signal, statistics, subprocess, sys, threading

arguments = sys.argv[1:]


def option(name):
    """the value that follows, or ''"""
    if name not in arguments:
        return ""
    at = arguments.index(name)
    value = arguments[at + 1]
    del arguments[at:at + 2]
    return value


setup = option("--setup")
limit = float(option("--limit") or 0)
loop = int(option("--loop") or 1)
exceeded = []
own = "--own" in arguments
if own:
    arguments.remove("--own")
sql = arguments[0].rstrip().rstrip(";")
runs = int(arguments[1]) if len(arguments) > 1 else 5
if loop > 1:
    sql = ("DO $cpu_ms$ DECLARE n numeric; BEGIN FOR i IN 1 .. %d LOOP EXECUTE $statement$%s$statement$ INTO n; END LOOP; END $cpu_ms$"
           % (loop, sql))

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
    if exceeded:
        print("- %.0f" % exceeded[0])
        sys.exit(0)
    sys.exit("cpu_ms: the statement failed")


pid = int(send("SELECT pg_backend_pid();")[0])
if setup:
    send(setup.rstrip().rstrip(";") + ";")


def cpu():
    return int(open("/proc/%d/schedstat" % pid).read().split()[0]) / 1e6


def watch(until, finished):
    """cancels the statement once the backend's CPU passes `until` ms; its peak is read before it ends"""
    while not finished.wait(0.2):
        if cpu() > until:
            exceeded.append(status("VmHWM"))
            os.kill(pid, signal.SIGINT)
            return


def discard():
    # the result is produced in full and thrown away by psql
    finished = threading.Event()
    if limit:
        threading.Thread(target=watch, args=(cpu() + limit * 1000, finished), daemon=True).start()
    send("\\o /dev/null\n" + sql + ";\n\\o")
    finished.set()


def status(field):
    """MB"""
    for line in open("/proc/%d/status" % pid):
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024


def graph_pages():
    """MB of mapped flow graphs that this process touched"""
    total = 0
    counts = False
    for line in open("/proc/%d/smaps" % pid):
        word = line.split()
        if not word[0].endswith(":"):
            counts = "/pg_risk_screen/" in line
        elif counts and word[0] == "Rss:":
            total += int(word[1])
    return total / 1024


discard()
peak = status("VmHWM")
if own:
    # the warm-up touched every page that the runs will touch: from here on they are a constant
    shared = graph_pages()
    with open("/proc/%d/clear_refs" % pid, "w") as f:
        f.write("5")        # VmHWM begins anew
measured = []
for _ in range(runs):
    before = cpu()
    discard()
    measured.append((cpu() - before) / loop)
text = "%.*f %.0f" % (1 if loop == 1 else 3, statistics.median(measured), max(peak, status("VmHWM")))
if own:
    if graph_pages() != shared:
        sys.exit("cpu_ms: the mapped pages changed between the runs")
    text += " %.0f" % (status("VmHWM") - shared)
print(text)
psql.stdin.close()
psql.wait()
