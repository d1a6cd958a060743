-- trend: institutions by level on every day that was screened.
SELECT as_of, level, level_zh, count(*) AS institutions
  FROM grade_history
 WHERE known_at = 'infinity'
 GROUP BY as_of, level, level_zh
 ORDER BY as_of, level::risk_screen.risk_level DESC;
