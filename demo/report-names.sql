-- demo/report-names.sql - what demo/screen-data prints about the registered enterprises.
\pset footer off
\pset null ''

\echo
\echo '== Enterprises: what was read ================================================================='
\echo
SELECT count(*) AS enterprises, count(*) FILTER (WHERE scope IS NULL) AS "without a scope", count(*) FILTER (WHERE is_financial) AS "financial by their name",
       count(DISTINCT province) AS provinces
  FROM filing.enterprise;
\echo '== Findings of the naming rules ==============================================================='
\echo
SELECT o.rule, o.title_zh, o.outcome, o.hits, round(o.elapsed_ms) AS ms, o.message
  FROM desk.rule_timing AS o WHERE o.rule ~ '^H' AND (o.hits > 0 OR o.outcome IN ('clear', 'error')) ORDER BY 1;
CREATE TEMPORARY TABLE name_hit AS
SELECT e.uscc, e.name, e.province, e.scope, e.is_financial, s.*
  FROM filing.enterprise AS e
 CROSS JOIN LATERAL risk_screen.screen_name(e.name, e.scope, e.province, as_of => '2026-11-21') AS s;
\echo '== By list and word (licensed firms set aside) ================================================'
\echo
SELECT lexicon, field, term, count(DISTINCT uscc) AS firms FROM name_hit WHERE NOT is_financial GROUP BY 1, 2, 3 ORDER BY 1, 2, 4 DESC, 3;
\echo '== Names: twelve of each list =================================================================='
\echo
SELECT lexicon, term, province, name
  FROM (SELECT *, row_number() OVER (PARTITION BY lexicon ORDER BY md5(uscc)) AS n FROM name_hit WHERE field = 'name' AND NOT is_financial) AS h
 WHERE n <= 12 ORDER BY 1, 2, 4;
