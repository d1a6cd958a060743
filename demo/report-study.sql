-- demo/report-study.sql - the figures of docs/naming.md, "What real names say", that a machine can count: what the exceptions
-- take away, what each list finds, in which part of a name. Run by demo/screen-data before an analyst adds exceptions of his own.
\pset footer off
\pset null ''
SET client_min_messages = error;	-- one firm's province is a shifted column

\echo
\echo '== Study: the national list on scopes and names of firms that are not financial ==============='
\echo '   plain: the words alone; clauses: exclusion clauses heeded; shipped: phrases and holders too;'
\echo '   placed: and where in the name the word stands'
\echo
BEGIN;
INSERT INTO risk_screen.lexicon (lexicon, hits) VALUES ('study-plain', 'maximal'), ('study-clauses', 'maximal');
INSERT INTO risk_screen.term (lexicon, term)
SELECT l, term FROM risk_screen.term, unnest('{study-plain,study-clauses}'::text[]) AS l WHERE lexicon = 'CN-2016-21';
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term)
SELECT 'study-clauses', kind, phrase, term FROM risk_screen.term_exception WHERE lexicon = 'CN-2016-21' AND kind = 'clause';
SELECT f.field, count(*) AS texts, count(*) FILTER (WHERE risk_screen.has_terms(f.body, 'study-plain', '2026-11-21')) AS plain,
	   count(*) FILTER (WHERE risk_screen.has_terms(f.body, 'study-clauses', '2026-11-21')) AS clauses,
	   count(*) FILTER (WHERE risk_screen.has_terms(f.body, 'CN-2016-21', '2026-11-21')) AS shipped,
	   count(*) FILTER (WHERE EXISTS (SELECT FROM risk_screen.screen_name(CASE f.field WHEN 'name' THEN f.body END, CASE f.field WHEN 'scope' THEN f.body END, as_of => '2026-11-21') AS s WHERE s.lexicon = 'CN-2016-21')) AS placed
  FROM filing.enterprise AS e CROSS JOIN LATERAL (VALUES ('name', e.name), ('scope', e.scope)) AS f (field, body)
 WHERE NOT e.is_financial AND f.body IS NOT NULL GROUP BY f.field ORDER BY f.field DESC;
ROLLBACK;

\echo '== Study: what each list finds, as if all were new firms of Beijing ============================'
\echo
CREATE TEMPORARY TABLE study AS
SELECT e.uscc, s.field, s.lexicon, s.place
  FROM filing.enterprise AS e
 CROSS JOIN LATERAL risk_screen.screen_name(e.name, e.scope, '北京', 'new', as_of => '2026-11-21', subject => 'enterprise') AS s;
CREATE TEMPORARY TABLE study_platform AS
SELECT p.ctid AS id, s.lexicon
  FROM raw.platform AS p CROSS JOIN LATERAL risk_screen.screen_name(p.platform, NULL, '北京', 'new', as_of => '2026-11-21', subject => 'enterprise') AS s
 UNION ALL SELECT p.ctid, 'PLATFORM-BRAND' FROM raw.platform AS p WHERE risk_screen.has_terms(p.platform, 'PLATFORM-BRAND', '2026-11-21');
INSERT INTO study SELECT uscc, 'name', 'PLATFORM-BRAND', NULL FROM filing.enterprise WHERE risk_screen.has_terms(name, 'PLATFORM-BRAND', '2026-11-21');
SELECT lexicon, nullif(coalesce(max(firms) FILTER (WHERE field = 'name'), 0), 0) AS names, max(firms) FILTER (WHERE field = 'scope') AS scopes,
	   (SELECT count(DISTINCT p.id) FROM study_platform AS p WHERE p.lexicon = f.lexicon) AS "failed platforms"
  FROM (SELECT lexicon, field, count(DISTINCT uscc) AS firms FROM study GROUP BY 1, 2) AS f
 GROUP BY lexicon ORDER BY lexicon;
\echo '== Study: where in a name the word stands ======================================================'
\echo
SELECT lexicon, place, count(*) AS hits FROM study WHERE place IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2;
DROP TABLE study, study_platform;
RESET client_min_messages;
