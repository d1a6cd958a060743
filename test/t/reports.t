#!/usr/bin/env python3
"""reports.t - report() against the tables it reports, and the nightly script: file, mail, PDF."""
import email, os, re, shutil, subprocess, sys, tempfile
from email import policy

os.chdir(os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")))
count = failed = 0
DB = "reports_t"


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if not passed:
        print("".join("# %s\n" % line for line in str(note).splitlines()[:40]), end="", file=sys.stderr)
    sys.stdout.flush()


def psql(sql, database=DB):
    run = subprocess.run(["psql", "-XqAt", "-d", database, "-f", "-"], input="SET client_min_messages = error;" + sql, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.stdout.strip()


def section(report, title):
    found = re.search(r"\n## %s.*?\n\n(.*?)(?=\n## |\Z)" % title, report, flags=re.S)
    return found.group(1).strip() if found else ""


psql("DROP DATABASE IF EXISTS %s WITH (FORCE)" % DB, "postgres")
load = subprocess.run(["demo/load", DB, "0.02"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
ok(load.returncode == 0, "a small demo is made", load.stdout)
# an institution whose name is markup, and one whose level will have moved
psql("UPDATE filing.org SET org_name = '<script>|*恶*|`x`' WHERE org_id = 'O0002'")
psql("CALL risk_screen.screen('desk', '2026-11-10', at => '2026-11-11 08:00+08'); CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 08:00+08')")
# one finding of several is rejected, and one alone; then the day is screened again
rejected = psql("""WITH many AS (SELECT f.rule, f.finding_key, f.inst_id, count(*) OVER (PARTITION BY f.rule, f.inst_id) AS n FROM desk.finding AS f JOIN desk.current_run USING (run_id)
	JOIN desk.grade AS g USING (run_id, inst_id) WHERE g.level_in_force >= 'orange'),
	chosen AS ((SELECT * FROM many WHERE n > 1 ORDER BY rule, inst_id, finding_key LIMIT 1) UNION ALL (SELECT * FROM many WHERE n = 1 AND rule = 'C05' ORDER BY inst_id LIMIT 1)),
	review AS (INSERT INTO desk.finding_review (rule, finding_key, decision, reason, reviewed_at) SELECT rule, finding_key, 'rejected', '误报', '2026-11-21 09:00+08' FROM chosen)
	SELECT string_agg(format('%s %s %s', inst_id, rule, n), ',' ORDER BY n DESC) FROM chosen""").split(",")
psql("CALL risk_screen.screen('desk', '2026-11-20', at => '2026-11-21 20:00+08')")
first, newest = psql("SELECT risk_screen.report('desk', '2026-11-10')"), psql("SELECT risk_screen.report('desk')")
ok(newest == psql("SELECT risk_screen.report('desk', '2026-11-20')"), "no day: the newest run")
ok("第一个批次" in section(first, "较上期变化") and "第一个批次" not in newest, "the first run has none before it")
levels = psql("SELECT string_agg(format('| %s | %s |', risk_screen.level_label(l), (SELECT count(*) FROM desk.grade JOIN desk.current_run USING (run_id) WHERE level_in_force = l)), ' ' ORDER BY l DESC) FROM unnest(enum_range(NULL::risk_screen.risk_level)) l")
shown = re.findall(r"\| (\S+) \| (\d+) \| (\d+) \|", section(newest, "看板"))
ok(" ".join("| %s | %s |" % row[:2] for row in shown) == levels, "levels are those of the board", section(newest, "看板") + "\n" + levels)
before = psql("SELECT string_agg((SELECT count(*) FROM desk.grade g JOIN desk.run r USING (run_id) WHERE r.as_of = '2026-11-10' AND level_in_force = l)::text, ' ' ORDER BY l DESC) FROM unnest(enum_range(NULL::risk_screen.risk_level)) l")
ok(" ".join(row[2] for row in shown) == before, "beside those of the run before")
moved = psql("""SELECT string_agg(coalesce(a.inst_id, b.inst_id), ' ' ORDER BY coalesce(a.inst_id, b.inst_id)) FROM
	(SELECT * FROM desk.grade JOIN desk.run USING (run_id) WHERE as_of = '2026-11-10') a FULL JOIN (SELECT * FROM desk.grade JOIN desk.run USING (run_id) WHERE as_of = '2026-11-20') b USING (inst_id)
	WHERE a.level_in_force IS DISTINCT FROM b.level_in_force""").split()
listed = sorted(re.findall(r"^\| (O\d+) \|", section(newest, "较上期变化"), flags=re.M))
ok(moved and listed == moved, "every institution whose level moved is listed", "%s / %s" % (moved, listed))
bad = psql("SELECT string_agg(inst_id, ' ' ORDER BY level_in_force DESC, score DESC, inst_id) FROM desk.grade JOIN desk.current_run USING (run_id) WHERE level_in_force >= 'orange'").split()
ok(bad == re.findall(r"^### \S+ (O\d+)", newest, flags=re.M), "every red and orange institution has its part, worst first")
reasons = int(psql("SELECT count(*) FROM desk.grade_explanation WHERE status IN ('hit', 'override') AND level IN ('red', 'orange')"))
ok(reasons > 0 and len(re.findall(r"^\* \*\*", newest, flags=re.M)) == reasons, "with every reason", "%d / %d" % (reasons, len(re.findall(r"^\* \*\*", newest, flags=re.M))))
parts = {m.group(1): m.group(0) for m in re.finditer(r"^### \S+ (O\d+).*?(?=^### |^## |\Z)", newest, flags=re.S | re.M)}
wrong = []
for inst, rule, findings, reason, rule_level in (row.split("|") for row in psql("""SELECT inst_id, rule, findings, regexp_replace(reason_zh, '。$', ''), rule_level_zh
	FROM desk.grade_explanation WHERE status = 'hit' AND level IN ('red', 'orange')""").split("\n")):
    line = re.search(r"^\* \*\*%s .*$" % rule, parts[inst], flags=re.M)
    said = re.sub(r"\\(.)", r"\1", line.group(0)) if line else "not there"
    # behind title and level stand the figures, which end the reason of the view
    figures = re.match(r"^\* \*\*.*?\*\*（.*?）：?(.*?)(?:；涉及金额 .*)?(?:。依据：.*)?$", said)
    if (not figures or not figures.group(1) or not reason.endswith(figures.group(1)) or (int(findings or 1) > 1) != ("共 %s 个问题" % findings in said)
            or (rule_level and rule_level not in said)):
        wrong.append("%s %s: %s / %s" % (inst, rule, (findings, reason, rule_level), said))
ok(not wrong, "each says what grade_explanation says: how many findings, figures with limit, level", "\n".join(wrong))
values = int(psql("SELECT count(*) FROM desk.grade_explanation WHERE status = 'hit' AND findings IS NULL AND level IN ('red', 'orange')"))
ok(values > 0, "%d of them rest on a value that the ruleset judged, without a finding" % values)
(inst, rule, n), (inst_2, rule_2, _) = (r.split(" ") for r in rejected)
left = re.search(r"^\* \*\*%s .*$" % rule, parts[inst], flags=re.M).group(0)
ok(("共 %d 个问题" % (int(n) - 1) in left if int(n) > 2 else "个问题" not in left) and not re.search(r"^\* \*\*%s " % rule_2, parts.get(inst_2, ""), flags=re.M),
   "a finding that a reviewer rejected is not counted", "%s %s" % (rejected, parts[inst]))
wrong = []
for inst, level, decisive in (row.split("|") for row in psql("""SELECT b.inst_id, risk_screen.level_label(g.at_least), (SELECT string_agg(rule, '、' ORDER BY rule) FROM desk.grade_explanation AS e
	WHERE e.inst_id = b.inst_id AND e.status = 'hit' AND e.rule_level = g.at_least::text) FROM desk.risk_board AS b JOIN desk.grade AS g USING (inst_id) JOIN desk.current_run USING (run_id) WHERE b.level IN ('red', 'orange')""").split("\n")):
    said = re.search(r"定级依据：(.*?)。", parts[inst]).group(1)
    named = re.match(r"(.*?)定为%s" % level, said)
    if decisive and (not named or sorted(named.group(1).split("、")) != decisive.split("、")) or not decisive and "得分对应" + level not in said:
        wrong.append("%s: %s / %s" % (inst, decisive, said))
ok(not wrong, "and names the rules that set the level", "\n".join(wrong))
late = int(psql("SELECT count(*) FROM desk.overdue_action WHERE done_at IS NULL"))
ok("，%d 项）" % late in newest, "overdue actions are counted", late)
fresh = int(psql("""SELECT count(*) FROM desk.finding f JOIN desk.run r USING (run_id) WHERE r.as_of = '2026-11-20' AND rule ~ '^H' AND NOT EXISTS
	(SELECT FROM desk.finding x JOIN desk.run y USING (run_id) WHERE y.as_of = '2026-11-10' AND x.rule = f.rule AND x.finding_key = f.finding_key)"""))
ok("新增名称与文本命中（%d 个）" % fresh in newest, "and names hit for the first time", fresh)
titles = dict(row.split("|") for row in psql("SELECT role, title_zh FROM risk_screen.role").split("\n"))
columns = dict(row.split("|") for row in psql("SELECT role || '.' || name, title_zh FROM risk_screen.role_column").split("\n"))
wanted = []
for rule, outcome, message in (row.split("|") for row in psql("SELECT rule, outcome, coalesce(message, '') FROM desk.rule_timing WHERE outcome IN ('unknown', 'error') ORDER BY outcome, rule").split("\n")):
    for english, chinese in (("roles not mapped: ", "未接入："), ("roles without rows: ", "没有数据：")):
        message = re.sub(english + "([^;]*)", lambda m: chinese + "、".join("%s (%s)" % (titles[n], n) for n in m.group(1).split(", ")), message)
    message = re.sub("columns without values: ([^;]*)", lambda m: "各行均未填报：" + "、".join("或".join("%s的%s (%s)" % (titles[x.split(".")[0]], columns[x], x) for x in n.split(" or ")) for n in m.group(1).split(", ")), message)
    wanted.append((rule, message.replace("; ", "；") or "没有可判断的对象"))
said = section(newest, "未能判断的规则").replace("\\", "").splitlines()
ok(len(wanted) > 3 and len(said) == len(wanted) and all(line.startswith("* %s " % rule) and line.endswith("：" + why) for line, (rule, why) in zip(said, wanted)),
   "what could not be judged says why, in Chinese", "%s\n%s" % (said, wanted))
ok(psql("SELECT risk_screen._unjudged_zh('unknown', 'roles not mapped: loan, mine; roles without rows: txn') || ' / ' || risk_screen._unjudged_zh('error', 'division by zero (SQLSTATE 22012)') || ' / ' || risk_screen._unjudged_zh('unknown', NULL)")
   == "未接入：借款标的 (loan)、mine；没有数据：%s (txn) / 执行出错：division by zero (SQLSTATE 22012) / 没有可判断的对象" % titles["txn"], "both reasons, a role of one's own, an error, none", titles["loan"])
psql("CREATE ROLE reports_reader; GRANT USAGE ON SCHEMA desk TO reports_reader; GRANT SELECT ON ALL TABLES IN SCHEMA desk TO reports_reader")
refused = psql("SET ROLE reports_reader; SELECT risk_screen.report('desk')")
ok("permission denied" in refused and len(refused) < 1000, "a reader without rights on the warehouse is told so in a few lines", refused)
psql("DROP OWNED BY reports_reader; DROP ROLE reports_reader")
cut = psql("SELECT risk_screen.report('desk', max_institutions => 1, max_rows => 1)")
ok(len(re.findall(r"^### ", cut, flags=re.M)) == 1 and "另有 %d 家未列出" % (len(bad) - 1) in cut, "a list that is cut says how many are missing")
ok("<script>" not in newest and "&lt;script&gt;\\|" in newest + psql("SELECT risk_screen._md(name) FROM desk.institution WHERE inst_id = 'O0002'"), "names carry no markup")
same = psql("SELECT risk_screen.report('desk', '2026-11-10')")
ok(re.sub(r"截至 [-0-9: ]+，\d+ 项", "", same) == re.sub(r"截至 [-0-9: ]+，\d+ 项", "", first), "an old day reports the same later")

with tempfile.TemporaryDirectory() as out:
    with open(out + "/sendmail", "w", encoding="utf-8") as script:
        script.write("#!/bin/sh\n[ \"$1\" = -t ] && cat > %s/spool\n" % out)
    os.chmod(out + "/sendmail", 0o755)
    closed = out + "/closed"
    os.mkdir(closed, 0o555)
    run = subprocess.run([os.path.abspath("examples/reports/nightly"), DB, "desk", out, "a@example.org", "b@example.org"], cwd=closed, env={**os.environ, "SENDMAIL": out + "/sendmail"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ok(run.returncode == 0 and run.stdout.startswith(out + "/desk-2026-11-20.md\n"), "nightly names its file", run.stdout)
    ok(not os.listdir(closed), "and leaves nothing where it was called")
    kept = open(out + "/desk-2026-11-20.md", encoding="utf-8").read().strip()
    strip = lambda text: re.sub(r"截至 [-0-9: ]+", "", text)
    ok(strip(kept) == strip(newest), "and keeps the report in it")
    mail = email.message_from_file(open(out + "/spool", encoding="utf-8"), policy=policy.default)
    ok(mail["To"] == "a@example.org, b@example.org" and mail["Subject"] == "风险监测报告 2026-11-20" and mail.get_content().strip() == kept, "the mail carries it", mail["Subject"])
    if all(shutil.which(tool) for tool in ("pandoc", "weasyprint", "pdftotext")):
        pdf = out + "/desk-2026-11-20.pdf"
        text = subprocess.run(["pdftotext", "-layout", pdf, "-"], stdout=subprocess.PIPE, text=True).stdout
        worst = psql("SELECT name FROM desk.risk_board WHERE inst_id = '%s'" % bad[0])
        ok("风险监测报告 2026-11-20" in text and worst in text.replace(" ", ""), "the PDF has its Chinese text", text[:600])
        fonts = subprocess.run(["pdffonts", pdf], stdout=subprocess.PIPE, text=True).stdout
        ok(re.search(r"CJK|Wen|Hei", fonts) and " yes " in fonts, "in an embedded Chinese font", fonts)
    else:
        for what in ("the PDF", "its font"):
            count += 1
            print("ok %d # SKIP %s: pandoc, weasyprint or pdftotext is not installed" % (count, what))
    run = subprocess.run(["examples/reports/nightly", "no_such_database", "desk", out + "/none"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ok(run.returncode != 0 and "no_such_database" in run.stdout and not os.path.exists(out + "/none"), "no report: an error and no file", run.stdout)

# a rule that fails leaves levels open: at least what is established, up to what the rule could make of it
psql("""INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, needs, body) VALUES ('lost', '缺失', 'lost', 'red', '{institution}',
	$$SELECT 'institution' AS subject_kind, inst_id AS subject_id, 1 / 0 AS observed, 0 AS threshold, NULL::numeric AS amount, NULL AS occurred_at, '{}'::jsonb AS evidence FROM institution$$);
	CALL risk_screen.screen('desk', '2026-11-21', at => '2026-11-22 08:00+08')""")
open_now = psql("SELECT risk_screen.report('desk')")
least = psql("SELECT inst_id || ' ' || level_zh || ' ' || risk_screen.level_label(level::risk_screen.risk_level) FROM desk.risk_board WHERE incomplete AND level = 'orange' ORDER BY 1").split("\n")
headings = {inst: words for words, inst in re.findall(r"^### (\S+) (O\d+)", open_now, flags=re.M)}
ok(least != [""] and all(headings[i] == "至少橙" == zh for i, zh, _ in map(str.split, least)), "who is at least orange is so called", least[:3])
parts = {m.group(1): m.group(0) for m in re.finditer(r"^### \S+ (O\d+).*?(?=^### |^## |\Z)", open_now, flags=re.S | re.M)}
wrong = []
for i, _, _ in map(str.split, least):
    why = re.search("定级依据.*", parts[i]).group(0)
    if "数据缺失，最坏可能为红（缺 " not in why or "lost" not in why and " 条规则的数据）" not in why or "观察期" in why or "未知" in why:
        wrong.append(i + " " + why)
ok(not wrong, "with what is missing and up to what; not as a level on hold", "\n".join(wrong))
total = psql("SELECT count(*) FROM desk.risk_board WHERE incomplete")
ok("其中 %s 家数据缺失" % total in section(open_now, "看板") and sum(int(row[1]) for row in re.findall(r"\| (\S+) \| (\d+) \| (\d+) \|", section(open_now, "看板"))) == int(psql("SELECT count(*) FROM desk.risk_board")),
   "the board counts each once, and says how many are open", section(open_now, "看板"))
psql("DROP DATABASE %s WITH (FORCE)" % DB, "postgres")
print("1..%d" % count)
sys.exit(failed > 0)
