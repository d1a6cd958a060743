-- demo/report-names.sql - what demo/screen-data prints about the registered enterprises.
\pset footer off
\pset null ''

\echo
\echo '== Enterprises: what was read ================================================================='
\echo
SELECT count(*) AS enterprises, count(*) FILTER (WHERE scope IS NULL) AS "without a scope", count(*) FILTER (WHERE is_financial) AS "financial by their name",
       count(DISTINCT province) AS provinces
  FROM filing.enterprise;

\echo '== Firms with a restricted word, by list and place; financial firms set aside ================='
\echo '   before: the shipped lists; after: with the exceptions of demo/screen-data-lists.sql'
\echo
CREATE TEMPORARY VIEW screened AS
SELECT e.uscc, e.name, e.province, e.scope, e.is_financial, s.field, s.lexicon, s.term, s.effect, s.started
  FROM filing.enterprise AS e
 CROSS JOIN LATERAL risk_screen.screen_name(e.name, e.scope, e.province, as_of => '2026-11-21', subject => 'enterprise') AS s;
CREATE TEMPORARY TABLE before AS SELECT * FROM screened WHERE NOT is_financial;
\set QUIET on
\ir screen-data-lists.sql
CREATE TABLE filing.name_hit AS SELECT * FROM screened WHERE NOT is_financial;
SELECT lexicon, field, b.firms AS before, coalesce(a.firms, 0) AS after
  FROM (SELECT lexicon, field, count(DISTINCT uscc) AS firms FROM before GROUP BY 1, 2) AS b
  LEFT JOIN (SELECT lexicon, field, count(DISTINCT uscc) AS firms FROM filing.name_hit GROUP BY 1, 2) AS a USING (lexicon, field)
 ORDER BY 1, 2;
SELECT (SELECT count(DISTINCT uscc) FROM before) AS "firms before", (SELECT count(DISTINCT uscc) FROM filing.name_hit) AS "firms after";

\echo '== Words of the national and the Beijing list ================================================='
\echo
SELECT lexicon, field, term, b.firms AS before, coalesce(a.firms, 0) AS after
  FROM (SELECT lexicon, field, term, count(DISTINCT uscc) AS firms FROM before GROUP BY 1, 2, 3) AS b
  LEFT JOIN (SELECT lexicon, field, term, count(DISTINCT uscc) AS firms FROM filing.name_hit GROUP BY 1, 2, 3) AS a USING (lexicon, field, term)
 WHERE lexicon IN ('CN-2016-21', 'BJ-2016', 'CN-NEW-LABELS', 'CN-PROD') ORDER BY 1, 2, 4 DESC, 3;

\echo '== Names: a dozen of the national list ========================================================='
\echo
SELECT term, province, name FROM filing.name_hit WHERE lexicon = 'CN-2016-21' AND field = 'name' ORDER BY md5(uscc) LIMIT 12;
\echo '== Naming rules of the desk ===================================================================='
\echo
SELECT o.rule, o.title_zh, o.outcome, o.hits, round(o.elapsed_ms) AS ms, o.message
  FROM desk.rule_timing AS o WHERE o.rule ~ '^H' ORDER BY 1;
