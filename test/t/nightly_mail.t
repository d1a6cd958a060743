#!/usr/bin/env python3
"""nightly_mail.t - examples/reports/nightly run by Debian's cron daemon, its report delivered to /var/mail by a real mail agent (dma).

The daemon runs in a mount namespace of its own: its table, its spool, its mail
boxes are made for this test, and nothing of the machine's cron or mail is seen
or touched. That needs root; where it cannot be had the suite says so.
"""
import email, mailbox, os, shutil, signal, subprocess, sys, tempfile, time
from email import policy

os.chdir(os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")))
count = failed = 0
DB = "nightly_mail_t"


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()[:60]), end="", file=sys.stderr)
    sys.stdout.flush()


def psql(sql, database=DB):
    return subprocess.run(["psql", "-XqAt", "-d", database, "-f", "-"], input="SET client_min_messages = error;" + sql, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.strip()


why = None
if os.geteuid() != 0:
    why = "not root: the daemon cannot have a namespace of its own"
elif not (shutil.which("cron") and os.path.exists("/usr/sbin/dma")):
    why = "cron or dma is not installed (tools/setup --test)"
elif subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], stderr=subprocess.DEVNULL).returncode:
    why = "this machine allows no namespaces"
if why:
    print("1..0 # SKIP " + why)
    sys.exit(0)

psql("DROP DATABASE IF EXISTS %s WITH (FORCE); " % DB, "postgres")
psql("CREATE DATABASE " + DB, "postgres")
psql("""CREATE EXTENSION risk_screen; CALL risk_screen.create_workspace('desk');
	CALL risk_screen.map_role('desk', 'institution', $$SELECT 'O1' AS inst_id, '甲公司' AS name, '上海' AS province, ARRAY['P2P'] AS lines$$);
	CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08');""")
with tempfile.TemporaryDirectory() as out:
    os.chmod(out, 0o755)
    top = os.getcwd()
    line = "* * * * * root %s/examples/reports/nightly %%s desk %s root\n" % (top, out)
    with open(out + "/crontab", "w", encoding="utf-8") as table:
        table.write("".join("%s=%s\n" % (k, os.environ[k]) for k in ("PGHOST", "PGPORT", "PGUSER")) + "PATH=%s\nSHELL=/bin/sh\nMAILTO=root\nLC_ALL=C.UTF-8\n" % os.environ["PATH"]
                    + line % DB + line % "no_such_database")
    os.chmod(out + "/crontab", 0o644)
    os.mkdir(out + "/mail")
    # own table, own spools, own mail boxes; the daemon in front, so that it ends with the namespace
    inside = """set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t tmpfs -o mode=0755 tmpfs /etc/cron.d
mkdir -p /var/spool/cron; mount -t tmpfs -o mode=0755 tmpfs /var/spool/cron; mkdir -m 1730 /var/spool/cron/crontabs
mount -t tmpfs -o mode=2770,gid=$(getent group mail | cut -d: -f3) tmpfs /var/spool/dma
chown root:mail "$1/mail"; chmod 2775 "$1/mail"; mount --bind "$1/mail" /var/mail
[ -e /etc/crontab ] || touch /etc/crontab
mount --bind "$1/crontab" /etc/crontab
if [ "$(readlink -f /usr/sbin/sendmail)" != /usr/sbin/dma ]; then mount --bind /usr/sbin/dma "$(readlink -f /usr/sbin/sendmail)"; fi
exec cron -f -L 15
"""
    daemon = subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inside, "sh", out], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    box, report, until = out + "/mail/root", out + "/desk-2026-11-20.md", time.time() + 180

    def letters():
        return [email.message_from_bytes(bytes(m), policy=policy.default) for m in mailbox.mbox(box, create=False)] if os.path.exists(box) else []

    def about(text):
        return [m for m in letters() if text in str(m["Subject"])]

    def complaint():
        return [m for m in about("Cron") if "no_such_database" in m.get_content()]
    while time.time() < until and daemon.poll() is None and not (os.path.exists(report) and about("风险监测报告") and complaint()):
        time.sleep(0.5)
    ended = daemon.poll()
    if ended is None:
        daemon.send_signal(signal.SIGTERM)
        daemon.kill()
    said = daemon.communicate()[0]
    ok(ended is None, "the daemon ran", said)
    ok(os.path.exists(report) and open(report, encoding="utf-8").read().startswith("# 风险监测报告 2026-11-20"), "within a minute the report is in its file", os.listdir(out))
    mail = about("风险监测报告")
    ok(bool(mail) and mail[0].get_content().strip() == open(report, encoding="utf-8").read().strip(), "and in the mail box, word for word", [(m["Subject"], m["To"]) for m in letters()])
    ok(bool(complaint()), "what could not be made is an error that cron mails", [(m["Subject"], m.get_content()[:200]) for m in letters()])
    ok(not os.path.exists("/var/mail/root") or os.stat("/var/mail/root").st_ino != os.stat(box).st_ino, "the machine's own mail is untouched")
psql("DROP DATABASE %s WITH (FORCE)" % DB, "postgres")
print("1..%d" % count)
sys.exit(failed > 0)
