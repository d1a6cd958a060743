-- migration: how many institutions moved between levels, between the first and last of the runs and between the newest two.
SELECT previous_as_of, as_of, from_level, from_level_zh, to_level, to_level_zh, institutions
  FROM migration
 ORDER BY as_of DESC, from_level::risk_screen.risk_level DESC, to_level::risk_screen.risk_level DESC;
