-- trend: institutions by level on every day that was screened, one row per day and level (level_zh of grade_history also tells 至少橙 from 橙).
SELECT as_of, level, risk_screen.level_label(level::risk_screen.risk_level) AS level_zh, count(*) AS institutions
  FROM grade_history
 WHERE known_at = 'infinity'
 GROUP BY as_of, level
 ORDER BY as_of, level::risk_screen.risk_level DESC;
