-- Parameters of section I.
INSERT INTO risk_screen.parameter (code, value, operator, sense, unit, line, title_zh, title_en, plan, clause, requirement, source, known_from, builtin) VALUES
	('subsidy_share', 0.05, '>', 'hit', 'share of pay-outs', NULL, '非项目来源兑付比例', 'Share of the pay-outs of a loan or product that the project did not bring, above which it is a candidate; the plans allow none, 5 % is for fees booked elsewhere', '001,003', '通过自有资金补贴、交叉补贴或使用其他客户资金向客户提供高回报', 'I11', 'product default', '-infinity', true);
