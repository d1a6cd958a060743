-- help(): what there is, by capability, one line each in Chinese and English,
-- with an example that runs on the sample desk. English is the function's COMMENT.

CREATE TABLE risk_screen._help (
	topic text NOT NULL,
	name text PRIMARY KEY,
	purpose_zh text NOT NULL,
	example text NOT NULL,
	ordinal int GENERATED ALWAYS AS IDENTITY);
COMMENT ON TABLE risk_screen._help IS 'Chinese line and example of every public function, for help()';
GRANT SELECT ON risk_screen._help TO PUBLIC;

CREATE TABLE risk_screen._help_topic (topic text PRIMARY KEY, title_zh text NOT NULL, title_en text NOT NULL, page text NOT NULL, ordinal int GENERATED ALWAYS AS IDENTITY);
COMMENT ON TABLE risk_screen._help_topic IS 'capabilities, for help()';
GRANT SELECT ON risk_screen._help_topic TO PUBLIC;
INSERT INTO risk_screen._help_topic (topic, title_zh, title_en, page) VALUES
('desk', '监管台', 'supervision desk', 'desk.md'), ('alert', '预警与处置', 'alerts and disposal', 'desk.md'),
('trace', '资金追踪', 'traces', 'tracing.md'), ('graph', '资金图', 'flow graphs', 'flow_graph.md'), ('attribution', '资金归属', 'money attribution', 'attribution.md'),
('pattern', '交易模式', 'transfer patterns', 'patterns.md'), ('ownership', '股权与产品穿透', 'look-through', 'look_through.md'),
('names', '名称与文本', 'names and texts', 'naming.md'), ('statistic', '统计', 'statistics', 'statistics.md'), ('grading', '评级', 'grading', 'grading.md'),
('parameter', '参数与日历', 'parameters and calendar', 'grading.md'), ('picture', '图', 'pictures', 'pictures.md'),
('feed', '报送', 'feeds', 'feeds.md'), ('seal', '封存', 'seals', 'seal.md'), ('query', '查询与诊断', 'reading and diagnosis', 'reference.md'), ('report', '报告', 'reports', 'reports.md');

INSERT INTO risk_screen._help (topic, name, purpose_zh, example) VALUES
('desk', 'create_workspace', '在一个模式中建立监管台：数据视图、结果表、风险视图', $$CALL risk_screen.create_workspace('my_desk')$$),
('desk', 'role_template', '打印一类数据视图的完整定义，供填写', $$SELECT risk_screen.role_template('txn', 'filing.pay_flow')$$),
('desk', 'map_role', '把自己的表映射为一类数据', $$CALL risk_screen.map_role('desk', 'visit', 'SELECT act_no AS visit_id, org_id AS inst_id, done_at::date AS visited_on FROM filing.supervisory_act')$$),
('desk', 'screen', '对一天运行全部规则，评级并预警', $$CALL risk_screen.screen('desk', as_of => '2026-11-20')$$),
('desk', 'run_rule', '试运行一条规则，不保存', $$SELECT * FROM risk_screen.run_rule('desk', 'B12', '2026-11-20') WHERE hit$$),
('report', 'report', '一个批次的 Markdown 报告', $$SELECT risk_screen.report('desk')$$),
('desk', 'desk_related_parties', '各机构的关联方', $$SET LOCAL search_path = desk, public; SELECT * FROM risk_screen.desk_related_parties('2026-11-20')$$),
('desk', 'desk_ultimate_owners', '各机构的最终股东', $$SELECT * FROM risk_screen.desk_ultimate_owners('2026-11-20', 'desk')$$),
('desk', 'desk_control_groups', '同一控制下的集团', $$SELECT * FROM risk_screen.desk_control_groups('2026-11-20', 'desk')$$),
('desk', 'desk_nested_products', '产品嵌套层数', $$SELECT * FROM risk_screen.desk_nested_products('2026-11-20', 'desk')$$),
('desk', 'desk_product_violations', '全部违规嵌套链', $$SELECT * FROM risk_screen.desk_product_violations('2026-11-20', 'desk')$$),
('desk', 'desk_product_parts', '产品由哪些产品组成', $$SELECT * FROM risk_screen.desk_product_parts('2026-11-20', 'desk')$$),
('desk', 'desk_investor_counts', '穿透后的投资者人数', $$SELECT * FROM risk_screen.desk_investor_counts('2026-11-20', 'desk')$$),
('desk', 'desk_money', '平台付给借款人的资金去了哪里', $$SET LOCAL search_path = desk, public; SELECT * FROM risk_screen.desk_money('2026-11-01', '2026-11-21', ARRAY['O0001'])$$),
('alert', 'record_action', '登记对预警做了什么', $$CALL risk_screen.record_action('desk', 1, 'note', body => '已电话核实')$$),
('alert', 'review_alert', '人工认定一个预警', $$CALL risk_screen.review_alert('desk', 1, 'confirmed', '现场核实')$$),
('alert', 'close_alert', '说明原因并关闭预警', $$CALL risk_screen.close_alert('desk', 1, '已整改')$$),
('alert', 'risk_letter', '风险提示函全文', $$SELECT risk_screen.risk_letter('desk', alert_id) FROM desk.alert_queue LIMIT 1$$),
('alert', 'pause_alert', '案件移交期间停表', $$CALL risk_screen.pause_alert('desk', 1, '公安机关', '移送')$$),
('alert', 'resume_alert', '恢复计时', $$CALL risk_screen.pause_alert('desk', 1, '公安机关', '移送'); CALL risk_screen.resume_alert('desk', 1, '退回')$$),
('alert', 'decide_disposal', '登记人工确定的处置分类', $$SELECT * FROM desk.disposal_proposal LIMIT 1$$),
('picture', 'flow_dot', '把资金流向画成 Graphviz 图', $$SELECT risk_screen.flow_dot(payer, payee, amount, paid_at, NULL, '{"workspace": "desk"}') FROM risk_screen.trace_funds('desk.txn', seeds => '{A000190}', since => '2026-11-03', max_hold => '2 days')$$),
('picture', 'flow_mermaid', '把资金流向画成 Mermaid 图', $$SELECT risk_screen.flow_mermaid(payer, payee, amount, paid_at, NULL, '{"workspace": "desk"}') FROM risk_screen.trace_funds('desk.txn', seeds => '{A000190}', since => '2026-11-03', max_hold => '2 days')$$),
('picture', 'flow_sankey', '把资金流向画成桑基图的节点与连线', $$SELECT risk_screen.flow_sankey(payer, payee, amount, paid_at, NULL, '{"workspace": "desk"}') FROM risk_screen.trace_funds('desk.txn', seeds => '{A000190}', since => '2026-11-03', max_hold => '2 days')$$),
('picture', 'flow_sankey_option', '完整的 ECharts 桑基图选项', $$SELECT risk_screen.flow_sankey_option(payer, payee, amount, paid_at, NULL, '{"workspace": "desk"}') FROM risk_screen.trace_funds('desk.txn', seeds => '{A000190}', since => '2026-11-03', max_hold => '2 days')$$),
('picture', 'flow_nodes', '图中账户或主体的名称与等级', $$SELECT risk_screen.flow_nodes('desk', 'account', '{A000190}')$$),
('trace', 'trace_funds', '按时间顺序追踪资金，逐笔列出', $$SELECT * FROM risk_screen.trace_funds('desk.txn', seeds => '{A000190}', since => '2026-11-03', max_hold => '2 days')$$),
('trace', 'trace_accounts', '追踪到的账户、跳数、金额、是否终点', $$SELECT * FROM risk_screen.trace_accounts('desk.txn', seeds => '{A000190}', since => '2026-11-03')$$),
('trace', 'trace_summary', '每个起点一行的合计', $$SELECT * FROM risk_screen.trace_summary('desk.txn', seeds => '{A000190}')$$),
('trace', 'trace_paths', '最短、瓶颈最大的资金链', $$SELECT * FROM risk_screen.trace_paths('desk.txn', seeds => '{A000190}', max_hops => 4, max_paths => 5)$$),
('trace', 'flow_groups', '由任何联系连成的群组', $$SELECT * FROM risk_screen.flow_groups('SELECT payer AS a, payee AS b FROM desk.txn')$$),
('graph', 'create_flow_graph', '把流水物化为可反复追踪的资金图', $$SELECT risk_screen.create_flow_graph('help_example', 'desk.txn')$$),
('graph', 'refresh_flow_graph', '增量刷新资金图', $$SELECT risk_screen.create_flow_graph('help_example', 'desk.txn'); SELECT risk_screen.refresh_flow_graph('help_example')$$),
('graph', 'check_flow_graph', '校验资金图文件', $$SELECT risk_screen.create_flow_graph('help_example', 'desk.txn'); SELECT risk_screen.check_flow_graph('help_example')$$),
('graph', 'flow_graph_transfers', '列出资金图里的流水', $$SELECT risk_screen.create_flow_graph('help_example', 'desk.txn'); SELECT count(*) FROM risk_screen.flow_graph_transfers('help_example')$$),
('graph', 'grant_flow_graph', '授权他人追踪资金图', $$SELECT risk_screen.create_flow_graph('help_example', 'desk.txn'); SELECT risk_screen.grant_flow_graph('help_example', 'public')$$),
('graph', 'revoke_flow_graph', '收回授权', $$SELECT risk_screen.create_flow_graph('help_example', 'desk.txn'); SELECT risk_screen.revoke_flow_graph('help_example', 'public')$$),
('graph', 'drop_flow_graph', '删除资金图', $$SELECT risk_screen.create_flow_graph('help_example', 'desk.txn'); SELECT risk_screen.drop_flow_graph('help_example')$$),
('attribution', 'attribute_funds', '按规则分摊到分：谁的钱在哪里', $$SELECT * FROM risk_screen.attribute_funds('desk.txn', 'SELECT ''c'' AS claim, txn_id FROM desk.txn ORDER BY paid_at, txn_id LIMIT 1')$$),
('attribution', 'explain_attribution', '一笔转账为何带有这笔资金', $$SELECT * FROM risk_screen.explain_attribution('desk.txn', 'SELECT ''c'' AS claim, txn_id FROM desk.txn ORDER BY paid_at, txn_id LIMIT 1', txn_id => (SELECT txn_id::text FROM desk.txn ORDER BY paid_at, txn_id LIMIT 1))$$),
('attribution', 'attribution_band', '各规则下的最小与最大金额', $$SELECT * FROM risk_screen.attribution_band('desk.txn', 'SELECT ''c'' AS claim, txn_id FROM desk.txn ORDER BY paid_at, txn_id LIMIT 1')$$),
('pattern', 'find_cycles', '资金回流', $$SELECT * FROM risk_screen.find_cycles('desk.txn', max_length => 4, within => '3 days')$$),
('pattern', 'find_fan_in', '多人集中转入', $$SELECT * FROM risk_screen.find_fan_in('desk.txn', 20, '3 days')$$),
('pattern', 'find_fan_out', '分散转出', $$SELECT * FROM risk_screen.find_fan_out('desk.txn', 20, '3 days')$$),
('pattern', 'find_structuring', '化整为零', $$SELECT * FROM risk_screen.find_structuring('desk.txn', 50000, 0.1, 3, '1 day')$$),
('pattern', 'find_pass_through', '快进快出', $$SELECT * FROM risk_screen.find_pass_through('desk.txn', '1 hour', 0.01)$$),
('pattern', 'find_scatter_gather', '分散后集中', $$SELECT * FROM risk_screen.find_scatter_gather('desk.txn', 3, '2 days')$$),
('pattern', 'find_gather_scatter', '集中后分散', $$SELECT * FROM risk_screen.find_gather_scatter('desk.txn', 20, '2 days')$$),
('pattern', 'fund_pools', '资金池', $$SELECT * FROM risk_screen.fund_pools('desk.txn')$$),
('pattern', 'account_profile', '账户画像', $$SELECT * FROM risk_screen.account_profile('desk.txn') LIMIT 10$$),
('pattern', 'peak_count', '任意滑动窗口内的最多笔数', $$SELECT payer, risk_screen.peak_count(paid_at, '1 day') FROM desk.txn GROUP BY 1$$),
('pattern', 'peak_sum', '任意滑动窗口内的最大合计', $$SELECT payer, risk_screen.peak_sum(amount, paid_at, '1 day') FROM desk.txn GROUP BY 1$$),
('pattern', 'peak_max', '任意滑动窗口内的最大单笔', $$SELECT payer, risk_screen.peak_max(amount, paid_at, '1 day') FROM desk.txn GROUP BY 1$$),
('pattern', 'peak_distinct', '任意滑动窗口内的最多不同值', $$SELECT payer, risk_screen.peak_distinct(payee, paid_at, '1 day') FROM desk.txn GROUP BY 1$$),
('pattern', 'peak_detail', '峰值及其时段', $$SELECT payer, risk_screen.peak_detail(amount, paid_at, '1 day', 'sum') FROM desk.txn GROUP BY 1$$),
('pattern', 'peak_distinct_detail', '不同值峰值及其时段', $$SELECT payer, risk_screen.peak_distinct_detail(payee, paid_at, '1 day') FROM desk.txn GROUP BY 1$$),
('pattern', 'sliding_count', '窗口函数：到本行为止的窗口笔数', $$SELECT txn_id, risk_screen.sliding_count(paid_at, '1 day') OVER (PARTITION BY payer ORDER BY paid_at) FROM desk.txn$$),
('pattern', 'sliding_sum', '窗口函数：到本行为止的窗口合计', $$SELECT txn_id, risk_screen.sliding_sum(amount, paid_at, '1 day') OVER (PARTITION BY payer ORDER BY paid_at) FROM desk.txn$$),
('pattern', 'sliding_max', '窗口函数：到本行为止的窗口最大值', $$SELECT txn_id, risk_screen.sliding_max(amount, paid_at, '1 day') OVER (PARTITION BY payer ORDER BY paid_at) FROM desk.txn$$),
('pattern', 'sliding_distinct', '窗口函数：到本行为止的不同值个数', $$SELECT txn_id, risk_screen.sliding_distinct(payee, paid_at, '1 day') OVER (PARTITION BY payer ORDER BY paid_at) FROM desk.txn$$),
('pattern', 'dormant_then_active', '沉寂后突然活跃', $$SELECT payer, risk_screen.dormant_then_active(paid_at, '30 days', '1 day', 5) FROM desk.txn GROUP BY 1$$),
('ownership', 'look_through', '逐层穿透的持股比例', $$SELECT * FROM risk_screen.look_through('SELECT * FROM desk.equity', targets => '{O0001}')$$),
('ownership', 'controllers', '谁控制谁', $$SELECT * FROM risk_screen.controllers('SELECT * FROM desk.equity')$$),
('ownership', 'beneficial_owners', '受益所有人及理由', $$SELECT * FROM risk_screen.beneficial_owners('SELECT * FROM desk.equity', 'SELECT party_id AS party, kind FROM desk.party')$$),
('ownership', 'control_groups', '同一控制下的集团', $$SELECT * FROM risk_screen.control_groups('SELECT * FROM desk.equity')$$),
('ownership', 'related_parties', '关联方及其理由', $$SELECT * FROM risk_screen.related_parties('SELECT * FROM desk.equity', targets => '{O0001}')$$),
('ownership', 'ownership_paths', '两方之间的持股路径', $$SELECT * FROM risk_screen.ownership_paths('SELECT * FROM desk.equity', 'O0001', 'C000183')$$),
('ownership', 'check_holdings', '股权数据质量', $$SELECT * FROM risk_screen.check_holdings('SELECT * FROM desk.equity')$$),
('ownership', 'product_layers', '产品嵌套层数', $$SELECT * FROM risk_screen.product_layers('SELECT * FROM (VALUES (''甲'', ''乙'', 0.5)) AS h (owner, owned, share)', 'SELECT * FROM (VALUES (''甲''), (''乙'')) AS p (party)')$$),
('ownership', 'product_violations', '全部违规嵌套链', $$SELECT * FROM risk_screen.product_violations('SELECT * FROM (VALUES (''甲'', ''乙'', 0.5), (''乙'', ''丙'', 0.5)) AS h (owner, owned, share)', 'SELECT * FROM (VALUES (''甲''), (''乙''), (''丙'')) AS p (party)')$$),
('ownership', 'final_investors', '合并计算的最终投资者人数', $$SELECT * FROM risk_screen.final_investors('SELECT * FROM (VALUES (''张三'', ''甲'', 0.5)) AS h (owner, owned, share)', 'SELECT * FROM (VALUES (''甲'', ''product''), (''张三'', ''person'')) AS p (party, kind)')$$),
('names', 'screen_name', '企业名称能否使用', $$SELECT * FROM risk_screen.screen_name('上海某某金融信息服务有限公司', province => '上海')$$),
('names', 'screen_scope', '经营范围能否使用', $$SELECT * FROM risk_screen.screen_scope('信息咨询、资产管理、理财')$$),
('names', 'screen_ad', '广告有无禁止内容', $$SELECT * FROM risk_screen.screen_ad('保本高息，年化收益12%')$$),
('names', 'find_terms', '文本里的名单词及位置', $$SELECT * FROM risk_screen.find_terms('数字藏品投资理财')$$),
('names', 'has_terms', '文本是否含名单词', $$SELECT org_name FROM filing.org WHERE risk_screen.has_terms(org_name, 'CN-2016-21')$$),
('names', 'term_list', '文本里出现的名单词', $$SELECT risk_screen.term_list('资产管理与理财', 'CN-2016-21')$$),
('names', 'count_terms', '汇总每个词的命中次数', $$SELECT risk_screen.count_terms(org_name, 'CN-2016-21', NULL) FROM filing.org$$),
('names', 'check_lexicon', '名单中的错误', $$SELECT * FROM risk_screen.check_lexicon('CN-2016-21')$$),
('names', 'lexicon_versions', '名单各版本：生效日、字样、依据', $$SELECT * FROM risk_screen.lexicon_versions('CN-2016-21')$$),
('names', 'lexicon_stats', '编译后的名单大小', $$SELECT * FROM risk_screen.lexicon_stats('CN-2016-21')$$),
('names', 'fold_text', '归一化后的文本', $$SELECT risk_screen.fold_text('Ｐ２Ｐ網貸')$$),
('names', 'split_name', '拆分企业名称', $$SELECT * FROM risk_screen.split_name('上海鑫汇通网络借贷信息中介服务有限公司')$$),
('names', 'scope_items', '拆分经营范围', $$SELECT * FROM risk_screen.scope_items('信息咨询；软件开发')$$),
('names', 'similar_names', '两个名称是否相同相近', $$SELECT risk_screen.similar_names('上海鑫汇通科技有限公司', '上海鑫汇通网络有限公司')$$),
('names', 'name_key', '名称索引键', $$SELECT risk_screen.name_key('上海鑫汇通科技有限公司')$$),
('names', 'name_keys', '近似名称的 GIN 索引键', $$SELECT risk_screen.name_keys('上海鑫汇通科技有限公司')$$),
('statistic', 'xirr', '真实年化利率', $$SELECT risk_screen.xirr(amount, day) FROM (VALUES (-1000, date '2026-01-01'), (1100, '2027-01-01')) AS f (amount, day)$$),
('statistic', 'xirr_detail', '真实年化利率，附状态与全部根', $$SELECT risk_screen.xirr_detail(amount, day) FROM (VALUES (-1000.0::float8, date '2026-01-01'), (1100, '2027-01-01')) AS f (amount, day)$$),
('statistic', 'irr', '每期利率', $$SELECT risk_screen.irr(amount, period) FROM (VALUES (-1000, 0), (550, 1), (550, 2)) AS f (amount, period)$$),
('statistic', 'effective_apr', '复利年化', $$SELECT risk_screen.effective_apr(0.01)$$),
('statistic', 'nominal_apr', '单利年化', $$SELECT risk_screen.nominal_apr(0.01)$$),
('statistic', 'period_rate', '由年化求每期利率', $$SELECT risk_screen.period_rate(0.12)$$),
('statistic', 'flat_rate', '广告中的“费率”', $$SELECT risk_screen.flat_rate(10000, 11200, 1)$$),
('statistic', 'hhi', '集中度指数', $$SELECT risk_screen.hhi(amount) FROM desk.loan$$),
('statistic', 'top_share', '前 n 大占比', $$SELECT risk_screen.top_share(amount, 10) FROM desk.loan$$),
('statistic', 'gini', '基尼系数', $$SELECT risk_screen.gini(amount) FROM desk.loan$$),
('statistic', 'mad', '绝对中位差', $$SELECT risk_screen.mad(amount) FROM desk.loan$$),
('statistic', 'peer_spread', '同业分布', $$SELECT risk_screen.peer_spread(amount) FROM desk.loan$$),
('statistic', 'robust_z', '稳健 z 分数', $$SELECT risk_screen.robust_z(500000, (SELECT risk_screen.peer_spread(amount) FROM desk.loan))$$),
('statistic', 'growth_peak', '窗口内最大增幅', $$SELECT risk_screen.growth_peak(b, at, '7 days') FROM (VALUES (100, timestamptz '2026-01-01'), (140, '2026-01-05')) AS x (b, at)$$),
('statistic', 'growth_over', '窗口首尾增幅', $$SELECT risk_screen.growth_over(b, at, '7 days') FROM (VALUES (100, timestamptz '2026-01-01'), (140, '2026-01-09')) AS x (b, at)$$),
('statistic', 'cusum', '累积和控制图', $$SELECT risk_screen.cusum(x, 0, 1, 0.5, 4) OVER (ORDER BY n) FROM (VALUES (1, 0.5::float8), (2, 3)) AS v (n, x)$$),
('statistic', 'cusum_alarms', '累积和报警次数', $$SELECT risk_screen.cusum_alarms(x, 0, 1, 0.5, 4) OVER (ORDER BY n) FROM (VALUES (1, 0.5::float8), (2, 8)) AS v (n, x)$$),
('statistic', 'ewma', '指数加权均值', $$SELECT risk_screen.ewma(x, at, '7 days') OVER (ORDER BY at) FROM (VALUES (1.0::float8, timestamptz '2026-01-01'), (2, '2026-01-05')) AS v (x, at)$$),
('statistic', 'ewma_limit', '加权均值的控制限', $$SELECT risk_screen.ewma_limit(1, 0.2, 10)$$),
('statistic', 'benford', '首位数检验', $$SELECT risk_screen.benford(amount) FROM desk.txn$$),
('statistic', 'round_share', '整数金额占比', $$SELECT risk_screen.round_share(amount, 10000) FROM desk.txn$$),
('statistic', 'population_stability', '分布稳定性 PSI', $$SELECT risk_screen.population_stability('{50,50}', '{60,40}')$$),
('statistic', 'auc', 'ROC 曲线下面积', $$SELECT risk_screen.auc(s, f) FROM (VALUES (0.9::float8, true), (0.1, false)) AS v (s, f)$$),
('statistic', 'liquidity_ratio', '流动性比率', $$SELECT risk_screen.liquidity_ratio(cash, due, due_on, '2026-11-20', 30) FROM (VALUES (100::numeric, 80::numeric, date '2026-12-01')) AS v (cash, due, due_on)$$),
('statistic', 'mismatch_rate', '期限错配率', $$SELECT risk_screen.mismatch_rate(started_on, matures_on, 3) FROM desk.loan$$),
('statistic', 'term_gap', '期限错配天数', $$SELECT risk_screen.term_gap(date '2026-12-31', date '2026-11-30', 100)$$),
('statistic', 'roll_matrix', '逾期迁徙矩阵', $$SELECT * FROM risk_screen.roll_matrix('SELECT loan_id AS loan, date ''2026-11-20'' AS as_of, status AS bucket, amount FROM desk.loan WHERE status IS NOT NULL')$$),
('statistic', 'worst', '最差等级', $$SELECT risk_screen.worst(level::risk_screen.risk_level) FROM desk.risk_board$$),
('grading', 'grade', '按规则集评级', $$SELECT * FROM risk_screen.grade('desk.fact', 'institution', '2026-11-20')$$),
('grading', 'explain_grade', '逐条说明评级', $$SELECT * FROM risk_screen.explain_grade('desk.fact', 'institution', '2026-11-20', entities => '{O0001}')$$),
('grading', 'shadow_grade', '两个规则集对比', $$SELECT * FROM risk_screen.shadow_grade('desk.fact', 'institution', 'institution', '2026-11-20')$$),
('grading', 'migration_matrix', '两个规则集之间的等级迁移', $$SELECT * FROM risk_screen.migration_matrix('desk.fact', 'institution', 'institution', '2026-11-20')$$),
('grading', 'backtest', '用历史结果检验规则集', $$SELECT * FROM risk_screen.backtest('desk.fact', 'SELECT inst_id AS entity, date ''2026-11-20'' AS failed_on FROM desk.risk_board WHERE level = ''red''', 'institution', '2026-11-20', '2026-11-20')$$),
('grading', 'sticky_level', '升级立即、降级滞后的现行等级', $$SELECT risk_screen.sticky_level(level, at, '30 days') OVER (ORDER BY at) FROM (VALUES ('red'::risk_screen.risk_level, timestamptz '2026-01-01'), ('green', '2026-01-05')) AS v (level, at)$$),
('grading', 'sticky_next', '逐行计算现行等级', $$SELECT (risk_screen.sticky_next(NULL, 'red', 'red', timestamptz '2026-01-01', '30 days')).level$$),
('grading', 'level_label', '等级的中文', $$SELECT risk_screen.level_label('red')$$),
('grading', 'copy_ruleset', '复制规则集为新的草案版本', $$SELECT risk_screen.copy_ruleset('institution', 1, 'mine', 1)$$),
('grading', 'check_ruleset', '启用前检查规则集', $$SELECT * FROM risk_screen.check_ruleset('institution', 1)$$),
('grading', 'activate_ruleset', '自某日起启用一个版本', $$SELECT risk_screen.copy_ruleset('institution', 1, 'mine', 1); SELECT risk_screen.activate_ruleset('mine', 1, '2026-12-01')$$),
('grading', 'ruleset_version', '某日生效的版本', $$SELECT * FROM risk_screen.ruleset_version('institution', '2026-11-20')$$),
('grading', 'ruleset_hash', '规则集指纹', $$SELECT risk_screen.ruleset_hash('institution', 1)$$),
('grading', 'disposal_class', '建议的处置分类', $$SELECT risk_screen.disposal_class('red', 3, 2, 2)$$),
('parameter', 'parameter_value', '某日的参数值', $$SELECT risk_screen.parameter_value('user_txn_count', '2026-11-20')$$),
('parameter', 'parameter_at', '某日的参数行', $$SELECT * FROM risk_screen.parameter_at('user_txn_count', '2026-11-20')$$),
('parameter', 'parameter_hit', '观测值是否触发参数', $$SELECT risk_screen.parameter_hit(60, 'user_txn_count', '2026-11-20')$$),
('parameter', 'compare', '按存储的比较符比较', $$SELECT risk_screen.compare(50, '>=', 50)$$),
('parameter', 'rate_cap', '利率上限', $$SELECT * FROM risk_screen.rate_cap('2026-01-01', 12)$$),
('parameter', 'reserve_ratio', '备付金交存比例', $$SELECT risk_screen.reserve_ratio('{网络支付}', 'A', '2017-04-17')$$),
('parameter', 'is_workday', '是否工作日', $$SELECT risk_screen.is_workday('2026-10-01')$$),
('parameter', 'add_workdays', '第 n 个工作日', $$SELECT risk_screen.add_workdays('2026-09-28', 10)$$),
('parameter', 'workdays_between', '两日之间的工作日数', $$SELECT risk_screen.workdays_between('2026-09-01', '2026-10-01')$$),
('parameter', 'due_after', '按钟表时间的时限', $$SELECT risk_screen.due_after('2026-11-20 09:00+08', '24 hours')$$),
('parameter', 'due_after_workdays', '按工作日的时限', $$SELECT risk_screen.due_after_workdays('2026-11-20 09:00+08', 10)$$),
('parameter', 'level_due', '某等级的时限', $$SELECT risk_screen.level_due('red', '2026-11-20 09:00+08')$$),
('parameter', 'day_of', '某时刻在监管时区的日期', $$SELECT risk_screen.day_of(now())$$),
('parameter', 'day_start', '某日在监管时区的起点', $$SELECT risk_screen.day_start('2026-11-20')$$),
('seal', 'seal', '一行数据的规范摘要', $$SELECT risk_screen.seal(txn_id, amount, paid_at) FROM desk.txn LIMIT 1$$),
('seal', 'seal_chain', '摘要链', $$SELECT risk_screen.seal_chain(risk_screen.seal(txn_id, amount) ORDER BY txn_id) FROM desk.txn$$),
('seal', 'merkle_root', '默克尔树根', $$SELECT risk_screen.merkle_root(risk_screen.seal(txn_id, amount) ORDER BY txn_id) FROM desk.txn$$),
('seal', 'merkle_proof', '一行的存在证明', $$SELECT risk_screen.merkle_proof(risk_screen.seal(txn_id, amount), 1 ORDER BY txn_id) FROM desk.txn$$),
('seal', 'verify_merkle', '验证存在证明', $$SELECT risk_screen.verify_merkle(risk_screen.merkle_root(s ORDER BY n), (array_agg(s ORDER BY n))[1], 1, count(*), risk_screen.merkle_proof(s, 1 ORDER BY n)) FROM (SELECT risk_screen.seal(n) AS s, n FROM generate_series(1, 5) AS n) AS x$$),
('desk', 'desk_findings', '一个批次里指定规则的问题，供综合规则使用', $$SET LOCAL search_path = desk, public; SELECT * FROM risk_screen.desk_findings('2026-11-20', 'infinity', ARRAY['C05', 'H01'])$$),
('desk', 'desk_gaps', '指定规则未能判断的机构', $$SET LOCAL search_path = desk, public; SELECT * FROM risk_screen.desk_gaps('2026-11-20', 'infinity', ARRAY['C05', 'H01'])$$),
('names', 'desk_name_hits', '名称与范围中的名单词：全量或自某日以来的增量', $$SET LOCAL search_path = desk, public; SELECT * FROM risk_screen.desk_name_hits('2026-11-20', '2026-11-19')$$),
('names', 'known_region', '文本是否以行政区划开头', $$SELECT risk_screen.known_region('上海市')$$),
('feed', 'open_feed', '允许以报文报送一类数据', $$CALL risk_screen.open_feed('desk', 'visit')$$),
('feed', 'feed_schema', '报文的 JSON Schema', $$SELECT risk_screen.feed_schema('txn')$$),
('feed', 'load_feed', '校验并装入一份报文，坏行隔离', $$SELECT * FROM risk_screen.load_feed('desk', 'visit', '{"inst_id": "O0001", "report_date": "2026-11-20", "control": {"rows": 1}, "rows": [{"visit_id": "V1", "visited_on": "2026-11-20"}]}')$$),
('seal', 'seal_day', '封存一天的流水、问题和证据', $$CALL risk_screen.seal_day('desk', '2026-11-20')$$),
('seal', 'check_seals', '找出封存后被改、被删、被插入的行', $$CALL risk_screen.seal_day('desk', '2026-11-20'); SELECT * FROM risk_screen.check_seals('desk', '2026-11-20', '2026-11-20')$$),
('seal', 'seal_proof', '一行在当日封存中的证明', $$CALL risk_screen.seal_day('desk', '2026-11-20'); SELECT risk_screen.seal_proof('desk', 'txn', '2026-11-20', (SELECT min(txn_id::text) FROM desk.txn WHERE risk_screen.day_of(paid_at) = '2026-11-20'))$$),
('seal', 'transfer_hash', '报送流水的逐笔哈希', $$SELECT risk_screen.transfer_hash('T1', 'A', 'B', 100, '2026-11-20 09:00+08', 'CNY', NULL)$$),
('query', 'describe_query', '查询具备哪些约定的列', $$SELECT * FROM risk_screen.describe_query('transfers', 'desk.txn')$$),
('query', 'preview_query', '引擎读到的前几行', $$SELECT * FROM risk_screen.preview_query('transfers', 'desk.txn')$$),
('query', 'check_transfers', '通读流水，报告坏行与合计', $$SELECT * FROM risk_screen.check_transfers('desk.txn')$$),
('query', 'help', '本帮助', $$SELECT * FROM risk_screen.help('trace')$$),
('query', 'version', '已加载的程序库版本', $$SELECT risk_screen.version()$$);

-- help(topic text DEFAULT NULL) -> (capability, capability_zh, name, purpose_zh, purpose, example, arguments, page)
--
-- NULL: everything. A capability by its code or Chinese name, a function by
-- its name, or any word of a name or purpose. A function of several forms has
-- one row for each, the form of the example first. Nothing found is an error
-- whose hint lists the capabilities.
CREATE FUNCTION risk_screen.help(topic text DEFAULT NULL)
	RETURNS TABLE (capability text, capability_zh text, name text, purpose_zh text, purpose text, example text, arguments text, page text)
	LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	word text := lower(btrim(topic));
BEGIN
	RETURN QUERY
		SELECT h.topic, t.title_zh, h.name, h.purpose_zh, obj_description(p.oid, 'pg_proc'), h.example || ';', pg_get_function_arguments(p.oid), 'docs/' || t.page
		  FROM risk_screen._help AS h
		  JOIN risk_screen._help_topic AS t ON t.topic = h.topic
		  JOIN pg_proc AS p ON p.proname = h.name AND p.pronamespace = 'risk_screen'::regnamespace
		 WHERE word IS NULL OR word IN (h.topic, t.title_zh, t.title_en, h.name)
			OR NOT EXISTS (SELECT FROM risk_screen._help AS e JOIN risk_screen._help_topic AS f ON f.topic = e.topic WHERE word IN (e.topic, f.title_zh, f.title_en, e.name))
			   AND (position(word IN h.name) > 0 OR position(word IN h.purpose_zh) > 0 OR position(word IN lower(obj_description(p.oid, 'pg_proc'))) > 0)
		 ORDER BY t.ordinal, h.ordinal, CASE WHEN h.topic = 'picture' THEN array_position(ARRAY[6, 4, 3, 2], p.pronargs::int) END, p.pronargs, p.oid;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'no function and no capability is called "%"', topic USING ERRCODE = 'undefined_object',
			HINT = 'Capabilities: ' || (SELECT string_agg(t.topic || ' ' || t.title_zh, ', ' ORDER BY t.ordinal) FROM risk_screen._help_topic AS t) || '. SELECT * FROM risk_screen.help() lists all.';
	END IF;
END;
$$;
COMMENT ON FUNCTION risk_screen.help(text) IS 'what there is, by capability or name, one line each in Chinese and English, with an example; NULL lists everything';
