-- demo/report-platforms.sql - what demo/screen-data prints about the failed lending platforms.
\pset footer off
\pset null ''

\echo
\echo '== Failed platforms: their names against the lists that hold for their region =================='
\echo
CREATE TEMPORARY TABLE platform_hit AS
SELECT p.platform, p.region, p.cause, s.lexicon, s.term, s.effect
  FROM raw.platform AS p
 CROSS JOIN LATERAL risk_screen.screen_name(p.platform, NULL, p.region, as_of => '2026-11-21') AS s;
SELECT (SELECT count(*) FROM raw.platform) AS platforms, count(DISTINCT (platform, region)) AS "with a restricted word", count(*) AS hits FROM platform_hit;
SELECT lexicon, term, count(*) AS hits, count(DISTINCT (platform, region)) AS platforms, min(platform) AS first, max(platform) AS last
  FROM platform_hit GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 25;

\echo '== Did the word in the name go with the way it ended? =========================================='
\echo
SELECT coalesce(NULLIF(p.cause, ''), '(not given)') AS cause, count(*) AS platforms, count(h.platform) AS "with a word",
       round(100.0 * count(h.platform) / count(*), 1) AS per_cent
  FROM raw.platform AS p LEFT JOIN (SELECT DISTINCT platform, region FROM platform_hit) AS h USING (platform, region)
 GROUP BY 1 ORDER BY 2 DESC;
