-- demo/show.sql - what `make demo` prints after the screening. Every query runs on the risk views of the desk or on one function
-- of risk_screen; README.md walks through them one by one.
\set QUIET on
\pset footer off
\pset null ''
SET client_min_messages = warning;

\echo
\echo '== 风险看板 Risk board: institutions by level ================================================'
\echo
SELECT level_zh AS "等级", level, count(*) AS "机构数", sum(findings) AS "问题数"
  FROM desk.risk_board GROUP BY 1, 2 ORDER BY level::risk_screen.risk_level DESC;
\echo '   the 15 gravest, of all red and orange ones above:'
\echo
SELECT level_zh AS "等级", inst_id AS "编号", name AS "机构", province AS "省份", score AS "得分", findings AS "问题",
       CASE WHEN length(main_reasons_zh) > 48 THEN regexp_replace(left(main_reasons_zh, 47), '；[A-Z][0-9]{0,2} ?$', '；') || '…' ELSE main_reasons_zh END AS "主要原因"
  FROM desk.risk_board
 WHERE level IN ('red', 'orange')
 ORDER BY level::risk_screen.risk_level DESC, score DESC, inst_id LIMIT 15;

\echo '== 为什么是红色 Why red: 上海鑫汇通网络借贷信息中介服务有限公司 (O0001) ======================='
\echo
SELECT rule AS "编号", CASE WHEN length(rule_zh) > 24 THEN left(rule_zh, 23) || '…' ELSE rule_zh END AS "规则", rule_level_zh AS "等级", findings AS "问题", round(observed, 4)::float8 AS "观测值", operator AS "比较",
       round(threshold, 4)::float8 AS "阈值", round(amount, 2) AS "金额", points AS "分值", plan AS "来源"
  FROM desk.grade_explanation
 WHERE inst_id = 'O0001' AND status = 'hit'
 ORDER BY points DESC, rule;
\echo '   and what each finding rests on (evidence), largest first:'
\echo
SELECT f.rule AS "编号", f.subject_id AS "对象", round(f.amount, 2) AS "金额", CASE WHEN f.candidate THEN '待认定' ELSE '' END AS "认定",
       (SELECT string_agg(e.key || '=' || (e.value #>> '{}'), ', ' ORDER BY e.key COLLATE "C")
          FROM jsonb_each(f.evidence::jsonb) AS e WHERE jsonb_typeof(e.value) NOT IN ('array', 'object')) AS "证据"
  FROM desk.finding_list AS f
 WHERE f.inst_id = 'O0001'
 ORDER BY f.amount DESC NULLS LAST, f.rule, f.subject_id LIMIT 8;

\echo '== 资金去向 Where did the money go: lender 陈思远 (account A000190), 200,000 yuan =============='
\echo
CREATE TEMPORARY VIEW holder AS
SELECT a.account_id,
       coalesce(i.name, p.name) || CASE a.owner_kind WHEN 'custody' THEN '（存管账户）' WHEN 'reserve' THEN '（备付金）' ELSE '' END AS name
  FROM desk.account AS a
  LEFT JOIN desk.institution AS i ON i.inst_id = a.owner_id
  LEFT JOIN desk.party AS p ON p.party_id = a.owner_id;
SELECT t.hop AS "层", to_char(t.paid_at, 'MM-DD HH24:MI') AS "时间", o.name AS "付款方", e.name AS "收款方", t.amount AS "金额", l.title_zh AS "用途"
  FROM risk_screen.trace_funds('desk.txn', seeds => '{A000190}', since => '2026-11-03', max_hold => '2 days') AS t
  JOIN desk.txn AS x USING (txn_id)
  LEFT JOIN risk_screen.code_label AS l ON l.domain = 'purpose' AND l.code = x.purpose
  JOIN holder AS o ON o.account_id = t.payer
  JOIN holder AS e ON e.account_id = t.payee
 ORDER BY t.paid_at, t.txn_id;
\echo '   最终持有人 Final holders, and how far they are from the lender:'
\echo
SELECT h.name AS "最终持有人", t.hops AS "层数", t.received AS "流入", t.first_at::date AS "首次到达"
  FROM risk_screen.trace_accounts('desk.txn', seeds => '{A000190}', since => '2026-11-03', max_hold => '2 days') AS t
  JOIN holder AS h ON h.account_id = t.account
 WHERE t.terminal
 ORDER BY t.received DESC, h.name;

\echo '   钱是谁的 Whose money: where the lender''s 200,000.00 yuan sits, by two rules:'
\echo
SELECT r.rule AS "规则", h.name AS "持有人", sum(a.traced) AS "其中出借人资金"
  FROM (VALUES ('fifo'), ('pro_rata')) AS r (rule)
 CROSS JOIN risk_screen.attribute_funds($$SELECT * FROM desk.txn WHERE paid_at BETWEEN '2026-11-03' AND '2026-11-06'$$,
       $$SELECT '陈思远' AS claim, txn_id FROM desk.txn WHERE payer = 'A000190'$$, rule => r.rule) AS a
  JOIN holder AS h ON h.account_id = a.account
 WHERE a.kind = 'held'
 GROUP BY 1, 2
 ORDER BY 1, 3 DESC;

\echo '   鑫汇通全部出借人的资金，停在关联方手里的部分 All its lenders'' money that sits with related parties:'
\echo
SELECT owner_name AS "持有人", held AS "金额", round(share_held, 4) AS "占出借资金比例"
  FROM desk.money_destination
 WHERE inst_id = 'O0001' AND related AND held > 0
 ORDER BY held DESC;

\echo '== 名称筛查 Names, scopes and advertisements (the first 20 words found) ========================'
\echo
SELECT EXISTS (SELECT FROM risk_screen.rule WHERE code ~ '^H') AS naming_rules \gset
\if :naming_rules
SELECT f.rule AS "编号", CASE WHEN length(f.rule_zh) > 24 THEN left(f.rule_zh, 23) || '…' ELSE f.rule_zh END AS "规则", count(*) AS "问题数", count(DISTINCT f.inst_id) AS "机构数"
  FROM desk.finding_list AS f
 WHERE f.rule ~ '^H' GROUP BY 1, 2 ORDER BY 1;
\endif
SELECT i.province AS "省份", i.name AS "名称", s.field AS "位置", s.lexicon AS "名单", s.term AS "词", s.effect AS "后果"
  FROM desk.institution AS i
 CROSS JOIN LATERAL risk_screen.screen_name(i.name, i.scope_text, i.province,
       licences => ARRAY(SELECT l.biz FROM desk.licence AS l WHERE l.inst_id = i.inst_id AND l.valid_to > '2026-11-20'),
       as_of => '2026-11-20') AS s
 WHERE NOT i.is_financial AND i.inst_id BETWEEN 'O0032' AND 'O0062'
 ORDER BY i.inst_id, s.field, s.started, s.lexicon LIMIT 20;

\echo '== 下一步 Next ================================================================================='
\echo
\echo '   tools/cluster psql demo -d demo          connect (desk.risk_board, desk.finding_list, desk.alert_queue ...)'
\echo '   README.md, README.zh-CN.md               the same in five minutes, and your own tables'
\echo '   tools/cluster stop demo                  stop the private server; make clean removes everything'
\echo
