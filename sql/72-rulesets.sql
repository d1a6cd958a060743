-- Shipped rulesets, version 1. The plans give the indicators, the red lines and
-- the meaning of the four levels; weights, points and most limits are our
-- defaults (the plans give none) and meant to be replaced: copy_ruleset(),
-- change, check_ruleset(), activate_ruleset().
--
-- Facts: an indicator is its value; a red line is the number of its findings
-- (or the largest value found), 0 when the check ran and found nothing. No fact
-- means the check could not run: unknown where the rule is required.
-- A desk's rule that is not named here counts by its severity (rule_points). A
-- rule that is named floors the level at the severity that the desk's rule has,
-- so that no institution is greener than a finding about it; where the rule has
-- a limit parameter, the bands are multiples of it.
INSERT INTO risk_screen.ruleset (ruleset, version, title_zh, title_en, min_coverage, margin, note, author, created_at, builtin) VALUES
	('institution', 1, '机构风险评级', 'Grading of one institution', 0.2, 5, 'shipped default', 'risk_screen', '-infinity', true),
	('sector', 1, '行业风险评级', 'Grading of a sector or region', 0.2, 5, 'shipped default', 'risk_screen', '-infinity', true),
	('naming', 1, '名称与广告用语筛查', 'Names, scopes and advertisements only, for a desk that files nothing else', 0, 0, 'shipped default', 'risk_screen', '-infinity', true);
INSERT INTO risk_screen.ruleset_level (ruleset, version, level, score, rule_points) VALUES
	('institution', 1, 'yellow', 20, 10), ('institution', 1, 'orange', 50, 20), ('institution', 1, 'red', 80, 40),
	('sector', 1, 'yellow', 20, NULL), ('sector', 1, 'orange', 50, NULL), ('sector', 1, 'red', 80, NULL),
	('naming', 1, 'yellow', 10, NULL), ('naming', 1, 'orange', 50, NULL), ('naming', 1, 'red', 80, NULL);
INSERT INTO risk_screen.ruleset_rule (ruleset, version, rule, indicator, kind, title_zh, title_en, direction, weight, lines,
	required, overridable, value_range, unit, plan, clause, requirement) VALUES
	('institution', 1, 'B03', 'B03', 'indicator', '期限错配率', 'Maturity-mismatch rate', 'high', 1, '{P2P}', false, true, '[0,)', 'share', '004', '期限错配率', 'B03'),
	('institution', 1, 'B04', 'B04', 'indicator', '担保覆盖率', 'Guarantee coverage', 'low', 1, '{P2P}', false, true, '[0,)', 'ratio', '004', '担保覆盖率', 'B04'),
	('institution', 1, 'B05', 'B05', 'indicator', '退保率', 'Surrender rate', 'high', 1, '{INS}', false, true, '[0,)', 'share', '004', '退保率', 'B05'),
	('institution', 1, 'B06', 'B06', 'indicator', '短期健康险赔付率', 'Short-term health loss ratio', 'high', 1, '{INS}', false, true, '[0,)', 'ratio', '004', '短期健康险赔付率', 'B06'),
	('institution', 1, 'B07', 'B07', 'indicator', '未来30天流动性比率', '30-day liquidity ratio', 'low', 1, NULL, false, true, '(,)', 'ratio', '004', '现金储备/未来30天到期债务', 'B07'),
	('institution', 1, 'B08', 'B08', 'indicator', '不良贷款率', 'NPL ratio', 'high', 1, NULL, false, true, '[0,)', 'share', '004', '不良贷款率', 'B08'),
	('institution', 1, 'B09', 'B09', 'indicator', '抵质押物折扣率', 'Collateral haircut', 'high', 1, '{P2P}', false, true, '[0,)', 'share', '004', '抵质押物折扣率', 'B09'),
	('institution', 1, 'B10', 'B10', 'indicator', '系统故障频率', 'System-failure frequency', 'high', 1, NULL, false, true, '[0,)', 'failures per 30 days', '004', '系统故障频率', 'B10'),
	('institution', 1, 'B11', 'B11', 'indicator', '客户投诉解决率', 'Complaint resolution rate', 'low', 1, NULL, false, true, '[0,)', 'share', '004', '客户投诉解决率', 'B11'),
	('institution', 1, 'B12', 'B12', 'indicator', '单日50次以上高频交易', '≥ 50 transactions per user and day', 'high', 1, NULL, true, true, '[0,)', 'findings', '004', '同一用户单日50次以上高频交易', 'B12'),
	('institution', 1, 'B13', 'B13', 'indicator', '一周内贷款余额激增30%', 'Loan balance +30 % within a week', 'high', 1, '{P2P,TRU}', true, true, '[0,)', 'findings', '004', '1周内贷款余额激增30%', 'B13'),
	('institution', 1, 'B14', 'B14', 'red line', '单日5万元以上交易未经人工复核', 'Manual review of ≥ 50 000 yuan a day', 'high', 1, '{PAY}', true, true, '[0,)', 'findings', '004', '对单日5万元以上交易实行人工复核', 'B14'),
	('institution', 1, 'B15', 'B15', 'red line', '超过基准利率4倍', '4× benchmark rate cap', 'high', 1, '{P2P,TRU}', true, true, '[0,)', 'findings', '002', '同期基准利率的4倍', 'B15'),
	('institution', 1, 'B17', 'B17', 'indicator', '逾期率', 'Overdue rate', 'high', 1, '{P2P,TRU}', false, true, '[0,)', 'share', '004', '逾期率', 'B17'),
	('institution', 1, 'B18', 'B18', 'indicator', '关联交易占比', 'Related-party transactions', 'high', 1, NULL, false, true, '[0,)', 'share', '004', '关联交易情况', 'B18'),
	('institution', 1, 'B19', 'B19', 'indicator', '备付金集中存管缺口', 'Reserve central-deposit ratio by rating', 'high', 1, '{PAY}', false, true, '[0,)', 'CNY short', '004', '从10%至100%分档', 'B19'),
	('institution', 1, 'B20', 'B20', 'indicator', '行业风险准备金缺口', 'Industry risk reserve 0.5 % of income', 'high', 1, NULL, false, true, '[0,)', 'CNY short', '004', '按机构收入的0.5%计提', 'B20'),
	('institution', 1, 'B21', 'B21', 'red line', '高收益理财型保险未双录', 'Dual recording when yield > 5 %', 'high', 1, '{INS}', false, true, '[0,)', 'findings', '004', '年化收益率超5%的理财型保险', 'B21'),
	('institution', 1, 'B26', 'B26', 'red line', '借贷余额超限', 'Lending-balance ceiling', 'high', 1, '{P2P}', false, true, '[0,)', 'findings', '004', '网贷平台借贷余额上限', 'B26'),
	('institution', 1, 'B27', 'B27', 'red line', '实缴资本不足', 'Paid-in capital', 'high', 1, NULL, false, true, '[0,)', 'CNY short', '002,004', '实缴资本要求；注册资本', 'B27'),
	('institution', 1, 'B28', 'B28', 'indicator', '收益率显著高于同业', 'Yield significantly above project return or sector', 'high', 1, NULL, false, true, '[0,)', 'findings', '001,003', '承诺或实际收益水平显著高于项目回报率或行业水平', 'B28'),
	('institution', 1, 'B29', 'B29', 'red line', '显失合理的超高回报率', 'Unreasonably high return', 'high', 1, NULL, false, true, '[0,)', 'findings', '003', '显失合理的超高回报率', 'B29'),
	('institution', 1, 'B30', 'B30', 'indicator', '业务扩张过快', 'Too fast expansion', 'high', 1, NULL, false, true, '(,)', 'robust z', '003', '近年业务扩张过快', 'B30'),
	('institution', 1, 'B34', 'B34', 'indicator', '大额赎回占比', 'Large redemptions (money funds)', 'high', 1, '{FUND}', false, true, '[0,)', 'share of the fund', '004', '大额赎回', 'B34'),
	('institution', 1, 'C01', 'C01', 'red line', '资金池', 'No fund pool', 'high', 1, '{P2P}', false, false, '[0,)', 'findings', '001,003,004', '不得设立资金池；资金池', 'C01'),
	('institution', 1, 'C02', 'C02', 'red line', '平台自身发放贷款', 'Platform may not lend itself', 'high', 1, '{P2P}', false, false, '[0,)', 'findings', '001,003', '不得发放贷款', 'C02'),
	('institution', 1, 'C03', 'C03', 'red line', '非法集资', 'No illegal fundraising', 'high', 1, NULL, false, false, '[0,)', 'findings', '000,001,002,003', '不得非法集资；非法集资', 'C03'),
	('institution', 1, 'C04', 'C04', 'red line', '自融', 'Self-financing', 'high', 1, '{P2P,EC}', true, false, '[0,)', 'findings', '001,002,003,004', '自融', 'C04'),
	('institution', 1, 'C05', 'C05', 'red line', '自保', 'Self-guarantee', 'high', 1, '{P2P}', false, false, '[0,)', 'findings', '001,002,003', '自融自保', 'C05'),
	('institution', 1, 'C06', 'C06', 'red line', '保本保息', 'Promise of principal and interest', 'high', 1, NULL, false, true, '[0,)', 'findings', '001,003', '代替客户承诺保本保息', 'C06'),
	('institution', 1, 'C10', 'C10', 'red line', '虚构标的', 'Fictitious loans', 'high', 1, '{P2P}', false, false, '[0,)', 'findings', '001,003,004', '虚构标的；禁止虚假标的', 'C10'),
	('institution', 1, 'C16', 'C16', 'red line', '客户资金未存管', 'Third-party custody at an eligible bank', 'high', 1, '{P2P,EC,INS}', true, true, '[0,)', 'findings', '001,003,004', '客户资金第三方存管；资金必须通过符合条件的商业银行存管', 'C16'),
	('institution', 1, 'C18', 'C18', 'red line', '挪用占用客户资金', 'No misappropriation of client money', 'high', 1, NULL, false, false, '[0,)', 'findings', '001,003', '不得挪用或占用客户资金', 'C18'),
	('institution', 1, 'C22', 'C22', 'red line', '平台提供增信', 'No credit enhancement by the platform', 'high', 1, '{P2P}', false, true, '[0,)', 'findings', '003', '不得提供增信服务', 'C22'),
	('institution', 1, 'H01', 'H01', 'red line', '名称和经营范围用字（全国）', 'Naming list: 16 words in name and scope of non-financial firms', 'high', 1, NULL, true, true, '[0,)', 'findings', '001,003', '在注册名称和经营范围中原则上不得使用', 'H01'),
	('institution', 1, 'H03', 'H03', 'red line', '名称和经营范围用字（北京）', 'Beijing list L20: L16 with “众筹” instead of “股权众筹” plus 4 words', 'high', 1, NULL, false, true, '[0,)', 'findings', '003', '“众筹”；“投资”；“资本”；“融资租赁”；“非融资性”', 'H03'),
	('institution', 1, 'H09', 'H09', 'red line', '未经准入从事业务', 'Entry control: approval or filing required', 'high', 1, NULL, false, false, '[0,)', 'findings', '001,003', '必须依法接受准入管理', 'H09'),
	('institution', 1, 'H12', 'H12', 'red line', '无资质发布金融广告', 'Unlicensed firms may not advertise financial business or company image', 'high', 1, NULL, true, true, '[0,)', 'findings', '001,003', '不得对金融', 'H12'),
	('sector', 1, 'B01', 'B01', 'indicator', '行业整体杠杆率', 'Sector leverage', 'high', 1, NULL, false, true, '[0,)', 'share of GDP', '004', '行业整体杠杆率', 'B01'),
	('sector', 1, 'B02', 'B02', 'indicator', '前10大平台交易规模占比', 'CR10 concentration', 'high', 1, NULL, true, true, '[0,)', 'share', '004', '前10大平台交易规模占比', 'B02'),
	('sector', 1, 'B33', 'B33', 'indicator', '资金集中度（HHI）', 'Funds concentration', 'high', 1, NULL, false, true, '[0,)', 'HHI', '004', '资金集中度', 'B33');
INSERT INTO risk_screen.ruleset_band (ruleset, version, rule, band, span, parameter, factor, points, floor, outcome, reason_zh, reason_en) VALUES
	('institution', 1, 'B03', 1, '[0.3,0.5)', NULL, 1, 6, NULL, 'hit', '三个月以上标的占比偏高', 'share of long targets is high'),
	('institution', 1, 'B03', 2, '[0.5,)', NULL, 1, 10, NULL, 'hit', '三个月以上标的过半', 'more than half are long'),
	('institution', 1, 'B04', 1, NULL, 'guarantee_floor', 1, 8, 'yellow', 'hit', '担保不足以覆盖待偿余额', 'guarantee below the balance'),
	('institution', 1, 'B04', 2, NULL, 'guarantee_floor', 0.5, 16, 'yellow', 'hit', '担保严重不足', 'guarantee far below the balance'),
	('institution', 1, 'B05', 1, '[0.2,0.4)', NULL, 1, 8, NULL, 'hit', '退保率偏高', 'surrender rate is high'),
	('institution', 1, 'B05', 2, '[0.4,)', NULL, 1, 16, NULL, 'hit', '退保率很高', 'surrender rate is very high'),
	('institution', 1, 'B06', 1, '[0.8,1)', NULL, 1, 6, NULL, 'hit', '赔付率偏高', 'loss ratio is high'),
	('institution', 1, 'B06', 2, '[1,)', NULL, 1, 12, NULL, 'hit', '赔付超过已赚保费', 'claims exceed premiums'),
	('institution', 1, 'B07', 1, NULL, 'liquidity_floor', 1, 16, 'orange', 'hit', '现金不足以偿付30天内到期债务', 'cash below the debt due in 30 days'),
	('institution', 1, 'B07', 2, NULL, 'liquidity_floor', 0.5, 30, 'orange', 'hit', '流动性危及持续经营', 'liquidity endangers continued operation'),
	('institution', 1, 'B08', 1, NULL, 'npl_share', 1, 10, 'yellow', 'hit', '不良率偏高', 'NPL ratio is high'),
	('institution', 1, 'B08', 2, NULL, 'npl_share', 2, 20, 'yellow', 'hit', '不良率很高', 'NPL ratio is very high'),
	('institution', 1, 'B08', 3, NULL, 'npl_share', 4, 36, 'yellow', 'hit', '不良率危及持续经营', 'NPL ratio endangers operation'),
	('institution', 1, 'B09', 1, '[0.5,0.7)', NULL, 1, 4, NULL, 'hit', '抵质押物折扣大', 'haircut is large'),
	('institution', 1, 'B09', 2, '[0.7,)', NULL, 1, 8, NULL, 'hit', '抵质押物折扣很大', 'haircut is very large'),
	('institution', 1, 'B10', 1, '[5,15)', NULL, 1, 4, NULL, 'hit', '系统故障频繁', 'failures are frequent'),
	('institution', 1, 'B10', 2, '[15,)', NULL, 1, 8, NULL, 'hit', '系统故障很频繁', 'failures are very frequent'),
	('institution', 1, 'B11', 1, NULL, 'complaint_floor', 1.5, 4, NULL, 'hit', '投诉解决率偏低', 'few complaints are solved'),
	('institution', 1, 'B11', 2, NULL, 'complaint_floor', 1, 10, 'yellow', 'hit', '投诉解决率很低', 'very few complaints are solved'),
	('institution', 1, 'B12', 1, '(0,10)', NULL, 1, 8, 'yellow', 'hit', '同一用户单日交易50次以上', 'a user made 50 or more transactions in a day'),
	('institution', 1, 'B12', 2, '[10,)', NULL, 1, 16, 'yellow', 'hit', '多名用户单日交易50次以上', 'many users made 50 or more transactions in a day'),
	('institution', 1, 'B13', 1, '(0,)', NULL, 1, 20, 'orange', 'hit', '一周内贷款余额增长达到30%', 'loan balance grew by 30 % or more in a week'),
	('institution', 1, 'B14', 1, '(0,10)', NULL, 1, 10, 'yellow', 'hit', '5万元以上未复核', '50 000 or more in a day without review'),
	('institution', 1, 'B14', 2, '[10,)', NULL, 1, 20, 'yellow', 'hit', '多笔5万元以上未复核', 'many without review'),
	('institution', 1, 'B15', 1, '(0,10)', NULL, 1, 20, 'orange', 'hit', '实际年化利率超过基准4倍', 'a loan above 4 times the benchmark'),
	('institution', 1, 'B15', 2, '[10,)', NULL, 1, 36, 'orange', 'hit', '多笔贷款超过基准4倍', 'many loans above 4 times the benchmark'),
	('institution', 1, 'B17', 1, NULL, 'overdue_share', 1, 16, 'yellow', 'hit', '逾期率偏高', 'overdue rate is high'),
	('institution', 1, 'B17', 2, NULL, 'overdue_share', 2, 26, 'yellow', 'hit', '逾期率很高', 'overdue rate is very high'),
	('institution', 1, 'B17', 3, NULL, 'overdue_share', 3, 40, 'yellow', 'hit', '逾期率危及持续经营', 'overdue rate endangers operation'),
	('institution', 1, 'B18', 1, NULL, 'related_share', 0.5, 8, NULL, 'hit', '关联交易占比偏高', 'related-party share is high'),
	('institution', 1, 'B18', 2, NULL, 'related_share', 1, 20, 'yellow', 'hit', '关联交易占比很高', 'related-party share is very high'),
	('institution', 1, 'B19', 1, '(0,)', NULL, 1, 20, 'orange', 'hit', '备付金集中存管不足', 'central deposit is short'),
	('institution', 1, 'B20', 1, '(0,)', NULL, 1, 6, 'yellow', 'hit', '风险准备金计提不足', 'industry reserve is short'),
	('institution', 1, 'B21', 1, '(0,)', NULL, 1, 10, 'yellow', 'hit', '年化收益率超5%的理财型保险销售未双录', 'sale without dual recording'),
	('institution', 1, 'B26', 1, '(0,)', NULL, 1, 10, 'orange', 'hit', '借款余额超过上限', 'a borrower above the ceiling'),
	('institution', 1, 'B27', 1, '(0,)', NULL, 1, 16, 'orange', 'hit', '实缴资本低于要求', 'paid-in capital below the requirement'),
	('institution', 1, 'B28', 1, '(0,)', NULL, 1, 10, 'yellow', 'hit', '收益率显著高于同业', 'yield significantly above peers'),
	('institution', 1, 'B29', 1, '(0,)', NULL, 1, 20, 'orange', 'hit', '回报率显失合理', 'unreasonably high return'),
	('institution', 1, 'B30', 1, NULL, 'expansion_z', 1, 8, 'yellow', 'hit', '扩张显著快于同业', 'growth significantly above peers'),
	('institution', 1, 'B34', 1, NULL, 'redemption_share', 0.4, 16, NULL, 'hit', '大额赎回', 'large redemptions'),
	('institution', 1, 'B34', 2, NULL, 'redemption_share', 1, 30, 'orange', 'hit', '巨额赎回', 'very large redemptions'),
	('institution', 1, 'C01', 1, '(0,)', NULL, 1, 40, 'red', 'hit', '资金池', 'fund pool'),
	('institution', 1, 'C02', 1, '(0,)', NULL, 1, 40, 'red', 'hit', '平台自身放贷', 'the platform lends itself'),
	('institution', 1, 'C03', 1, '(0,)', NULL, 1, 40, 'red', 'hit', '涉嫌非法集资', 'suspected illegal fundraising'),
	('institution', 1, 'C04', 1, '(0,)', NULL, 1, 40, 'red', 'hit', '出借资金流入平台关联方', 'lenders'' money reaches the platform''s related parties'),
	('institution', 1, 'C05', 1, '(0,)', NULL, 1, 40, 'red', 'hit', '关联方担保', 'guarantor is a related party'),
	('institution', 1, 'C06', 1, '(0,)', NULL, 1, 20, 'orange', 'hit', '承诺保本保息', 'principal and interest promised'),
	('institution', 1, 'C10', 1, '(0,)', NULL, 1, 40, 'red', 'hit', '虚构标的', 'fictitious loans'),
	('institution', 1, 'C16', 1, '(0,)', NULL, 1, 40, 'red', 'hit', '客户资金不在合格银行存管', 'client money outside custody at an eligible bank'),
	('institution', 1, 'C18', 1, '(0,)', NULL, 1, 40, 'red', 'hit', '客户资金被挪用占用', 'client money misappropriated'),
	('institution', 1, 'C22', 1, '(0,)', NULL, 1, 40, 'red', 'hit', '平台提供增信', 'credit enhancement by the platform'),
	('institution', 1, 'H01', 1, '(0,)', NULL, 1, 10, 'yellow', 'hit', '名称或经营范围使用限制字样', 'restricted word in name or scope'),
	('institution', 1, 'H03', 1, '(0,)', NULL, 1, 10, 'yellow', 'hit', '名称或经营范围使用北京名单字样', 'word of the Beijing list in name or scope'),
	('institution', 1, 'H09', 1, '(0,)', NULL, 1, 40, 'red', 'hit', '未经许可或备案从事业务', 'business without licence or filing'),
	('institution', 1, 'H12', 1, '(0,)', NULL, 1, 16, 'orange', 'hit', '无资质发布金融广告', 'advertises finance without a licence'),
	('sector', 1, 'B01', 1, '[0.05,0.1)', NULL, 1, 20, NULL, 'hit', '行业贷款余额相对GDP偏高', 'sector loans are high against GDP'),
	('sector', 1, 'B01', 2, '[0.1,)', NULL, 1, 50, NULL, 'hit', '行业贷款余额相对GDP很高', 'sector loans are very high against GDP'),
	('sector', 1, 'B02', 1, '[0.6,0.8)', NULL, 1, 20, NULL, 'hit', '前10大平台占比偏高', 'ten platforms hold most of the volume'),
	('sector', 1, 'B02', 2, '[0.8,)', NULL, 1, 50, NULL, 'hit', '前10大平台占比很高', 'ten platforms hold nearly all'),
	('sector', 1, 'B33', 1, '[0.18,0.25)', NULL, 1, 20, NULL, 'hit', '资金集中度偏高', 'concentration is high'),
	('sector', 1, 'B33', 2, '[0.25,)', NULL, 1, 50, NULL, 'hit', '资金集中度很高', 'concentration is very high');
-- A register of firms of which only names are known: the rules of section H that
-- ask for no more than the institution itself must have judged, no other counts.
INSERT INTO risk_screen.ruleset_rule (ruleset, version, rule, indicator, kind, title_zh, title_en, weight, required, overridable, value_range, unit, plan, clause, requirement)
SELECT 'naming', 1, code, code, CASE kind WHEN 'red line' THEN kind ELSE 'indicator' END, title_zh, title_en, 1, needs = '{institution}', kind <> 'red line', '[0,)', 'findings',
	   array_to_string(plan, ','), clause, code
  FROM risk_screen.rule WHERE builtin AND code LIKE 'H%' AND severity IS NOT NULL AND fact = 'findings' ORDER BY code;
INSERT INTO risk_screen.ruleset_band (ruleset, version, rule, band, span, points, floor, reason_zh, reason_en)
SELECT 'naming', 1, code, 1, '(0,)', CASE severity WHEN 'red' THEN 40 WHEN 'orange' THEN 20 ELSE 10 END, severity, reason_zh, reason_en
  FROM risk_screen.rule WHERE builtin AND code LIKE 'H%' AND severity IS NOT NULL AND fact = 'findings' ORDER BY code;
INSERT INTO risk_screen.ruleset_activation (ruleset, version, active_from, known_from, author, reason, content_hash, builtin)
SELECT ruleset, version, '-infinity', '-infinity', 'risk_screen', 'shipped', risk_screen.ruleset_hash(ruleset, version), true
  FROM risk_screen.ruleset;
