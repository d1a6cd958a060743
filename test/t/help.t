#!/usr/bin/env python3
"""help.t - help() knows every public function, and every example of it runs on a screened sample desk."""
import os, subprocess, sys

os.chdir(os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")))
count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()[:60]), end="", file=sys.stderr)
    sys.stdout.flush()


def psql(database, sql):
    run = subprocess.run(["psql", "-XqAt", "-d", database, "-v", "ON_ERROR_STOP=1", "-f", "-"], input="SET client_min_messages = error;" + sql, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return ("ERROR: " if run.returncode else "") + run.stdout.strip()


psql("postgres", "DROP DATABASE IF EXISTS help_t WITH (FORCE)")
load = subprocess.run(["demo/load", "help_t", "0.02"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
ok(load.returncode == 0, "a small demo is made", load.stdout)
out = psql("help_t", "CALL risk_screen.screen('desk', '2026-11-20')")
ok(out == "", "and screened", out)
missing = psql("help_t", """SELECT string_agg(DISTINCT proname, ' ') FROM pg_proc p WHERE pronamespace = 'risk_screen'::regnamespace AND proname !~ '^_'
	AND prorettype <> 'trigger'::regtype AND prorettype <> 'event_trigger'::regtype AND NOT EXISTS (SELECT FROM risk_screen._help h WHERE h.name = proname)""")
ok(missing == "", "every public function has its line", missing)
unknown = psql("help_t", "SELECT string_agg(name, ' ') FROM risk_screen._help h WHERE NOT EXISTS (SELECT FROM pg_proc WHERE proname = h.name AND pronamespace = 'risk_screen'::regnamespace)")
ok(unknown == "", "and every line its function", unknown)
pages = psql("help_t", "SELECT DISTINCT page FROM risk_screen.help()").split()
ok(pages and all(os.path.exists(page) for page in pages), "pages exist", [p for p in pages if not os.path.exists(p)])
blank = psql("help_t", "SELECT string_agg(name, ' ') FROM risk_screen.help() WHERE coalesce(purpose, '') = '' OR purpose_zh = ''")
ok(blank == "", "both languages are filled", blank)

names = psql("help_t", "SELECT name FROM risk_screen._help").split("\n")
forms = psql("help_t", """SELECT (SELECT string_agg(name || '(' || arguments || ')', ';' ORDER BY 1) FROM (SELECT name, arguments FROM risk_screen.help() ORDER BY 1, 2) a) =
	(SELECT string_agg(f, ';' ORDER BY 1) FROM (SELECT proname || '(' || pg_get_function_arguments(oid) || ')' AS f FROM pg_proc WHERE pronamespace = 'risk_screen'::regnamespace AND proname !~ '^_'
		AND prorettype <> 'trigger'::regtype AND prorettype <> 'event_trigger'::regtype ORDER BY proname, pg_get_function_arguments(oid)) b)""")
ok(forms == "t", "every form of every function has its row", forms)
out = psql("help_t", "SELECT arguments FROM risk_screen.help('flow_dot')").split("\n")
ok(len(out) == 4 and out[0].startswith("source text") and "options jsonb" in out[0] and sum("parties" in a for a in out) == 2, "a picture's forms for traces and for chains, that of the example first", out)
ok(psql("help_t", "SELECT page FROM risk_screen.help('report') WHERE name = 'report'") == "docs/reports.md", "reports have their page")
script = "\\set ON_ERROR_STOP 0\nSET timezone = 'Asia/Shanghai';\n"
for name in names:
    example = psql("help_t", "SELECT example FROM risk_screen._help WHERE name = '%s'" % name)
    script += "\\echo @@@%s\nBEGIN;\n%s;\nROLLBACK;\n" % (name, example)
run = subprocess.run(["psql", "-XqAt", "-d", "help_t", "-f", "-"], input="SET client_min_messages = error;" + script, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
parts = run.split("@@@")[1:]
broken = [part[:400] for part in parts if "ERROR:" in part]
ok(len(parts) == len(names) and not broken, "%d examples run" % len(names), "\n".join(broken))
absent = [name for name in names if name not in psql("help_t", "SELECT example FROM risk_screen._help WHERE name = '%s'" % name)]
ok(not [n for n in absent if n not in ("decide_disposal",)], "every example shows its function", absent)

ok(psql("help_t", "SELECT string_agg(name, ' ') FROM risk_screen.help('资金追踪')") == psql("help_t", "SELECT string_agg(name, ' ') FROM risk_screen.help('trace')"), "a capability by either name")
ok(psql("help_t", "SELECT name FROM risk_screen.help('Trace_Paths ')") == "trace_paths", "a function by its name")
ok("find_cycles" in psql("help_t", "SELECT name FROM risk_screen.help('回流')").split("\n"), "a Chinese word")
ok("benford" in psql("help_t", "SELECT name FROM risk_screen.help('first digits')").split("\n"), "an English phrase")
out = psql("help_t", "SELECT * FROM risk_screen.help('no such thing')")
ok("no function and no capability" in out and "trace 资金追踪" in out, "nothing found says what there is", out)
psql("postgres", "DROP DATABASE help_t WITH (FORCE)")
print("1..%d" % count)
sys.exit(failed > 0)
