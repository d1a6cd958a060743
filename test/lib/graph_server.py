"""graph_server.py - a server of a test's own, which it may kill, and what tests of kept graphs do to it.

For flow_graph.t and ownership_graph_server.t: start() first, finish() last.
"""
import glob, os, re, signal, subprocess, sys, time

default = None      # the database of psql(), Session() and files()
count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()), end="")
    sys.stdout.flush()


def same(have, want, what):
    ok(have == want, what, "have: %s\nwant: %s" % (have, want))


def shell(*command, **options):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options).stdout


def cluster(*arguments):
    return shell("tools/cluster", *arguments)


def start(name, database):
    """makes server NAME with an empty database, points the environment to it; returns its settings"""
    global default
    cluster("destroy", name)
    cluster("start", name)
    environment = dict(re.findall(r"(\w+)='?([^' \n]*)'?", cluster("env", name, "postgres").replace("export ", "")))
    for key in ("PGHOST", "PGPORT", "PGUSER", "RS_CLUSTER_DATA", "RS_CLUSTER_PREFIX", "RS_CLUSTER_OWNER"):
        os.environ[key] = environment[key]
    os.environ["PATH"] = environment["PATH"].split(":")[0] + ":" + os.environ["PATH"]
    # damage is first to be noticed; rebuilding on use has tests of its own
    os.environ["PGOPTIONS"] = "-c client_min_messages=warning -c risk_screen.rebuild_damaged=off"
    default = database
    psql("CREATE DATABASE " + database, "postgres")
    return environment


def finish(name):
    print("1..%d" % count)
    cluster("destroy", name)
    sys.exit(failed > 0)


def psql(sql, database=None, port=None):
    command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-d", database or default, "-f", "-"]
    run = subprocess.run(command + (["-p", str(port)] if port else []), input=sql, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.stdout.strip()


def state(sql, **where):
    """SQLSTATE of an expected error"""
    found = re.search(r"ERROR:  (\w{5}):", psql(sql, **where))
    return found.group(1) if found else "no error"


class Session:
    def __init__(self, database=None):
        self.process = subprocess.Popen(["psql", "-XqAt", "-v", "VERBOSITY=verbose", "-d", database or default], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.pid = int(self.ask("SELECT pg_backend_pid();"))

    def begin(self, sql):
        self.process.stdin.write(sql + "\n\\echo @@done\n")
        self.process.stdin.flush()

    def answer(self):
        lines = []
        for line in self.process.stdout:
            if line == "@@done\n":
                break
            lines.append(line)
        return "".join(lines).strip()

    def ask(self, sql):
        self.begin(sql)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def files(database=None):
    oid = psql("SELECT oid FROM pg_database WHERE datname = '%s'" % (database or default), "postgres")
    return sorted(glob.glob("%s/%s/*" % (os.environ["RS_CLUSTER_DATA"] + "/pg_risk_screen", oid)))


def wait_for(condition, seconds=20):
    until = time.time() + seconds
    while time.time() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


def waiting(pid):
    return psql("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %d" % pid, "postgres") == "t"


def server_up():
    return "1" in psql("SELECT 1", "postgres").splitlines()


# A backend killed under the server: it answers until it notices, so up means
# that every backend of before is gone first.
def recovered_from_kill(session):
    witness = Session()
    os.kill(session.pid, signal.SIGKILL)
    gone = wait_for(lambda: not os.path.exists("/proc/%d" % witness.pid))
    up = gone and wait_for(server_up)
    for s in (session, witness):
        s.close()
    return up
