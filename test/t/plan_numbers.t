#!/usr/bin/env python3
"""Every number of the source plans is a shipped parameter row with plan and clause, every word of their lists a
shipped term, the calendar the published one. The numbers are written down here once more; where the requirements
and the calendar of the shared data lie beside the tree, this copy is compared with them too."""
import csv
import datetime
import os
import re
import subprocess
import sys

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
shared = os.path.join(top, "..", "shared")
tests = failed = 0


def ok(passed, name, why=""):
    global tests, failed
    tests += 1
    failed += not passed
    print(("ok" if passed else "not ok"), tests, "-", name, "" if passed else "# " + str(why)[:600].replace("\n", " | "))


def sql(query):
    return subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-F", "\t", "-c", query], capture_output=True, text=True, check=True).stdout.strip("\n").split("\n")


# name in section 15, its value cell, then parameter rows: code, key, value, comparison of the hit or limit, sense, plan, requirement
HIT, LIMIT, VALUE = "hit", "limit", "value"
DAY = {"campaign_plans_filed": ("2016-05-15", "L01"), "campaign_census": ("2016-07-31", "L02"), "campaign_cleanup": ("2016-11-30", "L03"), "campaign_acceptance": ("2017-01-31", "L04"),
       "campaign_final_report": ("2017-03-31", "L05"), "campaign_first_round": ("2016-05-31", "L06"), "campaign_full_check": ("2016-06-30", "L07"),
       "campaign_deep_check": ("2016-09-30", "L08"), "campaign_classified_disposal": ("2016-10-31", "L09")}
NUMBERS = [
    ("red_push", "1", [("red_push", "", "1", "<=", LIMIT, "004", "A05")]),
    ("orange_letter", "24", [("orange_letter", "", "24", "<=", LIMIT, "004", "A08")]),
    ("yellow_plan", "10", [("yellow_plan", "", "10", "<=", LIMIT, "004", "A10")]),
    ("user_txn_count", "50", [("user_txn_count", "", "50", ">=", HIT, "004", "B12")]),
    ("daily_review_amount", "50 000", [("daily_review_amount", "", "50000", ">=", HIT, "004", "B14")]),
    ("loan_surge", "30 %", [("loan_surge", "", "0.3", ">=", HIT, "004", "B13"), ("loan_surge_window", "", "7", "=", VALUE, "004", "B13")]),
    ("mismatch_cut", "3", [("mismatch_cut", "", "3", ">", HIT, "004", "B03")]),
    ("top_n", "10", [("top_n", "", "10", "=", VALUE, "004", "B02")]),
    ("liquidity_horizon", "30", [("liquidity_horizon", "", "30", "=", VALUE, "004", "B07")]),
    ("dual_recording_yield", "5 %", [("dual_recording_yield", "", "0.05", ">", HIT, "004", "B21")]),
    ("recording_retention", "10", [("recording_retention", "", "10", ">=", LIMIT, "004", "B22")]),
    ("reserve_ratio", "10 %…100 %", [("reserve_ratio", "A", "0.1", ">=", LIMIT, "004", "B19"), ("reserve_ratio", "E", "1", ">=", LIMIT, "004", "B19")]),
    ("industry_reserve", "0.5 %", [("industry_reserve", "", "0.005", ">=", LIMIT, "004", "B20")]),
    ("fine_cap", "5", [("fine_cap", "", "5", "<=", LIMIT, "004", "B24")]),
    ("opinion_channels", "200", [("opinion_channels", "", "200", ">=", LIMIT, "004", "M05")]),
    ("feed_lag", "T+1", [("feed_lag", "", "1", "<=", LIMIT, "004", "M01")]),
    ("disclosure", "immediate / monthly", [("disclosure_monthly", "", "1", ">=", LIMIT, "004", "J01")]),
    ("custody_reconciliation", "daily", [("custody_reconciliation", "", "0", "=", LIMIT, "004", "C17")]),
    ("rate_cap", "4", [("rate_cap", "", "4", ">", HIT, "002", "B15")]),
    ("naming L16 / L20 / freeze-8 / freeze-9", "16/20/8/9 words", [("naming_national", "", "16", "=", VALUE, "001,003", "H02"), ("naming_beijing", "", "20", "=", VALUE, "001,003", "H03"),
     ("naming_freeze_name", "", "8", "=", VALUE, "001,003", "H04"), ("naming_freeze_scope", "", "9", "=", VALUE, "001,003", "H05")]),
    ("activity allow-list (offline)", "3", [("offline_activities", "", "3", "=", VALUE, "001,003", "C12")]),
    ("campaign", "1 year; 2016-05-15, -05-31, -06-30, -07-31, -09-30, -10-31, -11-30; 2017-01-31, -03-31",
     [("campaign_length", "", "1", "<=", LIMIT, "000", "L10")] +
     [(code, "", str((datetime.date.fromisoformat(day) - datetime.date(1970, 1, 1)).days), "<=", LIMIT, "003", row) for code, (day, row) in sorted(DAY.items())]),
]
LISTS = {"CN-2016-21": "交易所 交易中心 金融 资产管理 理财 基金 基金管理 投资管理 财富管理 股权投资基金 网贷 网络借贷 P2P 股权众筹 互联网保险 支付",
         "BJ-2016": "交易所 交易中心 金融 资产管理 理财 基金 基金管理 投资管理 财富管理 股权投资基金 网贷 网络借贷 P2P 众筹 互联网保险 支付 投资 资本 融资租赁 非融资性",
         "BJ-2016-FREEZE-NAME": "投资 资产 资本 控股 基金 财富管理 融资租赁 非融资性担保",
         "BJ-2016-FREEZE-SCOPE": "项目投资 股权投资 投资管理 投资咨询 投资顾问 资本管理 资产管理 融资租赁 非融资性担保"}

have = [tuple(line.split("\t")) for line in sql(
    "SELECT code, coalesce(key, ''), trim_scale(value), operator, sense, plan, requirement, clause <> '', title_zh <> '' FROM risk_screen.parameter WHERE builtin AND source = 'plan'")]
for name, cell, rows in NUMBERS:
    missing = [r for r in rows if r + ("t", "t") not in have]
    ok(not missing, "%s: %s, with comparison, plan, clause and requirement" % (name, cell), (missing, [h for h in have if h[0] in [m[0] for m in missing]]))
known = {r[0] for _, _, rows in NUMBERS for r in rows} | {"custody_share", "reserve_ratio_lowest", "reserve_ratio_highest"}
ok({h[0] for h in have} == known, "no other row claims to come from the plans", {h[0] for h in have} ^ known)
ok(sql("SELECT count(*) FROM risk_screen.parameter WHERE builtin AND source NOT IN ('plan', 'general knowledge', 'product default')") == ["0"], "every shipped number says where it comes from")
ok(sql("SELECT string_agg(DISTINCT source, ',') FROM risk_screen.parameter WHERE builtin AND code IN ('benchmark_rate', 'lpr', 'court_rate_cap', 'reserve_ratio_2017')") == ["general knowledge"],
   "reference rates, judicial limits and the reserve ratios of 2017 are marked as general knowledge")
ok(sql("SELECT string_agg(DISTINCT key || ' ' || source, ', ' ORDER BY key || ' ' || source) FROM risk_screen.parameter WHERE builtin AND code = 'reserve_ratio'")
   == ["A plan, B product default, C product default, D product default, E plan, unrated product default"], "of the reserve steps only the ends are the plan's")
for lexicon, words in LISTS.items():
    got = sql("SELECT term FROM risk_screen.term WHERE lexicon = '%s'" % lexicon)
    ok(sorted(got) == sorted(words.split()), "list %s has its %d words" % (lexicon, len(words.split())), set(got) ^ set(words.split()))
# a rate series has one value a day: no hole, no overlap
for code, more in (("benchmark_rate", "span"), ("lpr", "key")):
    out = sql("""SELECT count(*) FROM risk_screen.parameter AS a JOIN risk_screen.parameter AS b ON a.code = b.code AND a.code = '%s' AND a.builtin AND b.builtin AND a.ctid < b.ctid
        AND daterange(a.valid_from, a.valid_to) && daterange(b.valid_from, b.valid_to) AND %s""" % (code, "a.span && b.span" if more == "span" else "a.key = b.key"))
    ok(out == ["0"], "%s: no two values for a day" % code, out)
out = sql("""SELECT count(*) FROM generate_series(date '2007-12-21', '2026-11-22', '17 days') AS d, unnest('{6,12,36,60,61}'::int[]) AS m
    WHERE risk_screen.parameter_value('benchmark_rate', d::date, at => m) IS NULL""")
ok(out == ["0"], "benchmark_rate: a value for every day and term", out)

# the same against the documents, where they are
path = os.path.join(shared, "requirements.md")
if os.path.exists(path):
    text = open(path, encoding="utf-8").read()
    section = text[text.index("\n## 15."):text.index("\n## 16.")]
    table = [[c.strip() for c in line.strip("|").split("|")] for line in section.split("\n") if line.startswith("| ")][2:]
    ok([(r[0], r[1]) for r in table] == [(n, c) for n, c, _ in NUMBERS], "the numbers above are those of section 15, all %d rows" % len(table), [(r[0], r[1]) for r in table])
    for tag, lexicon in (("L16", "CN-2016-21"), ("L20", "BJ-2016"), ("F8", "BJ-2016-FREEZE-NAME"), ("F9", "BJ-2016-FREEZE-SCOPE")):
        line = re.search(r"^%s +\(.*?\): +(.*)$" % tag, section, re.M).group(1)
        ok(line.split() == LISTS[lexicon].split(), "and %s the list of the document" % lexicon, line)
path = os.path.join(shared, "data", "calendar", "cn_workday_exceptions.csv")
if os.path.exists(path):
    days = sorted((r["day"], r["is_workday"], r["name_zh"]) for r in csv.DictReader(open(path, encoding="utf-8")))
    got = sorted(tuple(line.split("\t")) for line in sql("SELECT day, is_workday, name_zh FROM risk_screen.calendar_day WHERE builtin AND calendar = 'CN'"))
    ok(days == got, "the shipped calendar is the published one, all %d days" % len(days), set(days) ^ set(got))
print("1..%d" % tests)
sys.exit(failed > 0)
