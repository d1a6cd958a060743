-- history: level and score of every institution on every day that was screened.
SELECT inst_id, as_of, level, level_zh, measured_level, score
  FROM grade_history
 WHERE known_at = 'infinity'
 ORDER BY inst_id, as_of;
