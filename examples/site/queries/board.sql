-- board: one row per institution, worst first.
SELECT b.*, row_number() OVER (ORDER BY b.level::risk_screen.risk_level DESC, b.score DESC, b.inst_id) AS place,
	   risk_screen.level_label(b.measured_level::risk_screen.risk_level) AS measured_level_zh,
	   risk_screen.level_label(b.possible_level::risk_screen.risk_level) AS possible_level_zh,
	   risk_screen.level_label(b.previous_level::risk_screen.risk_level) AS previous_level_zh
  FROM risk_board AS b
 ORDER BY place;
