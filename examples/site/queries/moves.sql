-- moves: who changed its level, newest first.
SELECT * FROM (
	SELECT inst_id, name, as_of, lag(level) OVER w AS from_level, lag(level_zh) OVER w AS from_level_zh, level AS to_level, level_zh AS to_level_zh, hit_rules
	  FROM grade_history WHERE known_at = 'infinity'
	WINDOW w AS (PARTITION BY inst_id ORDER BY as_of)) AS x
 WHERE from_level <> to_level
 ORDER BY as_of DESC, to_level::risk_screen.risk_level DESC, inst_id;
