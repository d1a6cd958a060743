-- Parameters of feeds and seals.
INSERT INTO risk_screen.parameter (code, value, operator, sense, unit, line, title_zh, title_en, plan, clause, requirement, source, known_from, builtin) VALUES
	('feed_lag_realtime', 0, '=', 'value', 'days after the report day', NULL, '实时报送时限', 'Lag of a feed announced as real time', '004', '实时推送', 'M01', 'product default', '-infinity', true),
	('filed_difference', 0.05, '>', 'hit', 'share of the recomputed figure', NULL, '报送偏差', 'Difference between a filed figure and the same figure recomputed from filed rows', '004', '贷款余额、逾期率、保费收入', 'M03', 'product default', '-infinity', true),
	('evidence_seal_days', 1, '=', 'value', 'days', NULL, '证据封存期限', 'Days within which registered evidence must be sealed', '003', '登记保存', 'M24', 'product default', '-infinity', true),
	('ops_gap', 0, '>', 'hit', 'days', NULL, '运营数据缺失天数', 'Days without whole operating data', '004', '服务器IP、访问量、投诉量', 'M04', 'product default', '-infinity', true);
