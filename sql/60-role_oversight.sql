-- Roles of oversight: feeds, filings, orders, penalties, inspections, campaigns.

SELECT risk_screen._define_role('feed', 'oversight', '数据报送', 'Feeds received',
	'One file or message an institution filed for one day', $$
	feed_id text! 报送编号; identifier
	inst_id text! 机构编号; institution
	role text 数据种类; which role the rows fill
	report_date date! 数据日期; day the rows are about
	received_at timestamptz 接收时间; when it arrived
	format text 格式; json, csv, xml
	mode text 方式; batch T+1, realtime 实时
	valid boolean 是否通过校验; conforms to the schema
	row_count bigint 行数; rows in it
	control_rows bigint 控制行数; rows it should have
	amount_total numeric 金额合计; sum of amounts in it
	control_amount numeric 控制金额; sum it should have
$$);
SELECT risk_screen._define_role('filing', 'oversight', '备案与报告', 'Filings and reports',
	'One filing due from, or made by, an institution or region', $$
	filing_id text! 报告编号; identifier
	inst_id text 机构编号; institution; NULL: a region's report
	region text 地区; province, city or authority
	kind text! 类别; p2p_registration 备案登记, annual 年报, major_event 重大事项, risk_notice 风险提示, self_check 自查, onsite 现场检查, plan 方案, summary 总结, materials 工作资料
	campaign text 专项; campaign it belongs to
	period_from date 期间起始日; first day covered
	period_to date 期间截止日; last day covered
	due_on date 应报日期; due
	received_at timestamptz 收到时间; NULL while missing
	status text 状态; accepted 通过, rejected 退回, pending 待审
$$);
SELECT risk_screen._define_role('disclosure', 'oversight', '信息披露', 'Disclosures',
	'One item an institution disclosed for a period', $$
	disclosure_id text! 披露编号; identifier
	inst_id text! 机构编号; institution
	product_id text 产品编号; product, if about one
	item text! 项目; annual_rate, overdue_rate, related_transactions, business_model, management, finance, fund_use, risk_level, investor_type ...
	period date 期间; last day covered
	value numeric 数值; figure, if one
	body text 内容; text, if one
	version integer 版本; number of the version
	disclosed_at timestamptz! 披露时间; moment
$$);
SELECT risk_screen._define_role('event', 'oversight', '事项', 'Events',
	'One major event, capital change, support, incident, drill or public warning', $$
	event_id text! 事项编号; identifier
	inst_id text 机构编号; institution
	kind text! 类别; major 重大事项, capital 增资, support 流动性支持, incident 安全事件, drill 演练, warning 风险提示, publicity 宣传
	occurred_at timestamptz! 发生时间; moment
	disclosed_at timestamptz 披露时间; when it was disclosed
	amount numeric 金额; yuan
	description text 说明; what happened
$$);
SELECT risk_screen._define_role('audit', 'oversight', '审计', 'Audits',
	'One independent audit, such as of custody accounts', $$
	audit_id text! 审计编号; identifier
	inst_id text! 机构编号; institution
	subject text! 审计对象; custody 存管账户, accounts 财务, it 信息系统
	period_from date! 期间起始日; first day covered
	period_to date! 期间截止日; last day covered
	auditor text 审计机构; firm
	opinion text 意见; clean, qualified, adverse
	issued_on date 出具日期; date of the report
	published_on date 公开日期; NULL while unpublished
$$);
SELECT risk_screen._define_role('authority_order', 'oversight', '监管措施', 'Orders of authorities',
	'One measure imposed on an institution', $$
	order_id text! 措施编号; identifier
	inst_id text! 机构编号; institution
	kind text! 措施; rectify 限期整改, suspend_new 暂停新发, suspend 暂停业务, delist_app 下架, close_site 关停网站, revoke 吊销, ban 取缔, watch 重点监管
	authority text 机关; authority
	legal_basis text 依据; clause
	issued_at timestamptz! 下达时间; moment
	effective_at timestamptz 生效时间; NULL: at once
	due_on date 整改期限; to be done by
	done_on date 完成日期; done
	recheck_ok boolean 复查通过; result of the re-check
	lifted_at timestamptz 解除时间; NULL while in force
	app_id text 应用编号; app concerned
	case_ref text 案件编号; case
$$);
SELECT risk_screen._define_role('penalty', 'oversight', '行政处罚', 'Penalties',
	'One penalty on a firm or person', $$
	penalty_id text! 处罚编号; identifier
	subject_id text! 被处罚人; institution or person
	subject_kind text! 主体类型; institution, person
	inst_id text 机构编号; institution of the case
	case_ref text 案件编号; case
	code text! 种类; warning 警告, fine 罚款, suspension 暂停业务, revocation 吊销, ban 禁业, association 自律惩戒
	amount numeric 罚款金额; yuan
	illegal_income numeric 违法所得; yuan
	illegal_turnover numeric 违法经营数额; yuan
	decided_on date! 决定日期; date
	authority text 机关; authority
	shared_at timestamptz 共享时间; sent to the national credit platform
	published_on date 公示日期; published
$$);
SELECT risk_screen._define_role('freeze_order', 'oversight', '冻结扣押', 'Freezes and seizures',
	'One freeze of an account or seizure of a shareholding', $$
	freeze_id text! 冻结编号; identifier
	inst_id text 机构编号; institution concerned
	account_id text 账户编号; account frozen
	party_id text 主体编号; owner whose equity is seized
	kind text! 类别; account 账户, equity 股权
	authority text 机关; authority
	from_at timestamptz! 起始时间; moment
	to_at timestamptz 解除时间; NULL while in force
	amount numeric 金额; limit; NULL: all
$$);
SELECT risk_screen._define_role('official_request', 'oversight', '调取协查', 'Requests of authorities',
	'One request for recordings, account data or a freeze', $$
	request_id text! 请求编号; identifier
	inst_id text! 机构编号; institution asked
	kind text! 类别; recording 双录, account 账户查询, freeze 冻结, data 数据
	authority text 请求机关; authority
	authorisation_no text 法律文书号; number of the legal document
	subject_id text 对象; account, sale or person asked about
	asked_at timestamptz! 请求时间; moment
	delivered_at timestamptz 提供时间; NULL while open
$$);
SELECT risk_screen._define_role('access_log', 'oversight', '数据访问日志', 'Access to customer data',
	'One query or export of customer data', $$
	log_id text! 日志编号; identifier
	inst_id text 机构编号; institution whose data it is
	user_name text! 操作人; who
	kind text! 类别; query 查询, export 导出
	subject_id text 对象; person or account
	row_count bigint 行数; rows seen or taken
	authorisation_no text 授权编号; authorisation
	happened_at timestamptz! 时间; moment
$$);
SELECT risk_screen._define_role('suspicious_report', 'oversight', '可疑交易报告', 'Suspicious transaction reports',
	'One report filed under anti-money-laundering law', $$
	report_id text! 报告编号; identifier
	inst_id text! 机构编号; institution reporting
	subject_id text! 对象; customer reported
	alert_ref text 预警编号; alert it answers
	confirmed_at timestamptz 确认时间; when suspicion was confirmed
	filed_at timestamptz 报送时间; when filed
	amount numeric 金额; yuan
$$);
SELECT risk_screen._define_role('archive', 'oversight', '档案保存', 'Record keeping',
	'One kind of record an institution keeps, with its retention', $$
	inst_id text! 机构编号; institution
	item text! 档案; customer 客户资料, transaction 交易记录
	covers_from date 覆盖起始日; first day kept
	covers_to date 覆盖截止日; last day kept
	kept_until date 保存至; kept until
$$);
SELECT risk_screen._define_role('certificate', 'oversight', '证书', 'Certificates',
	'One certificate, such as classified protection of systems', $$
	inst_id text! 机构编号; institution
	kind text! 类别; classified_protection 等级保护, payment_security ...
	grade text 等级; grade
	valid_from date! 生效日期; first day
	valid_to date 失效日期; day after the last
$$);
SELECT risk_screen._define_role('assessment', 'oversight', '评估', 'Assessments',
	'One self-assessment or outside assessment', $$
	assessment_id text! 评估编号; identifier
	inst_id text! 机构编号; institution
	kind text! 类别; compliance 合规, security 安全, it 信息科技, technology 新技术, risk 风险
	assessed_on date! 评估日期; date
	result text 结论; result
	score numeric 得分; points
$$);
SELECT risk_screen._define_role('determination', 'oversight', '业务认定', 'Determinations',
	'One opinion or decision on what a business is in substance', $$
	determination_id text! 认定编号; identifier
	inst_id text 机构编号; institution
	product_id text 产品编号; product
	question text 事项; substance 业务实质, unfair_competition 不正当竞争
	authority text! 意见部门; authority or committee
	opinion text 意见; opinion
	decided_on date 决定日期; date
	is_final boolean 是否最终; the decision itself
$$);
SELECT risk_screen._define_role('visit', 'oversight', '现场检查', 'Inspections',
	'One visit to an institution or address', $$
	visit_id text! 检查编号; identifier
	inst_id text 机构编号; institution
	address text 地址; address visited
	visited_on date! 检查日期; date
	kind text 类别; inspection 检查, professional 专业机构检查, patrol 巡查
	team text 检查组; who
	result text 结论; result
$$);
SELECT risk_screen._define_role('tip', 'oversight', '举报线索', 'Tips',
	'One tip from the public', $$
	tip_id text! 线索编号; identifier
	inst_id text 机构编号; institution named
	channel text 渠道; 12345, 打非随手拍, 信用中国, association, mail
	received_at timestamptz! 接收时间; moment
	answered_at timestamptz 答复时间; answered
	case_ref text 案件编号; case it led to
	reward numeric 奖励金额; yuan paid to the informant
$$);
SELECT risk_screen._define_role('share_log', 'oversight', '信息共享', 'Exchange with authorities',
	'One item sent to or received from another authority', $$
	share_id text! 共享编号; identifier
	direction text! 方向; sent 发出, received 收到
	authority text! 对方部门; authority
	kind text! 类别; lead 线索, penalty 处罚, credit 失信, complaint 投诉, data 数据, watch 重点监管
	subject_id text 对象; institution or person
	sent_at timestamptz! 时间; moment
	answered_at timestamptz 反馈时间; answered
$$);
SELECT risk_screen._define_role('site', 'oversight', '网站与应用', 'Sites and apps found',
	'One website or app found by patrol', $$
	site_id text! 站点编号; identifier
	inst_id text 机构编号; institution behind it, if known
	kind text 类别; website 网站, app 应用
	url text 地址; address
	icp_no text ICP备案号; filing number shown
	body text 页面文字; text found
	found_at timestamptz! 发现时间; moment
	alive boolean 是否存活; still reachable
$$);
SELECT risk_screen._define_role('census', 'oversight', '摸底排查', 'Census',
	'One item of the census of one institution in one round', $$
	campaign text! 专项; campaign and round
	inst_id text! 机构编号; institution
	item text! 项目; basic 基本情况, products 产品业务, problems 主要问题 ...
	value text 内容; what was found
	region text 地区; province or district
	completed_on date 完成日期; NULL while open
$$);
SELECT risk_screen._define_role('phase', 'oversight', '专项阶段', 'Campaign phases',
	'One phase of a campaign in a region', $$
	campaign text! 专项; campaign
	region text 地区; province, city, county; NULL: the nation
	phase text! 阶段; plan 方案, census 摸底, self_check 自查, cleanup 清理整顿, acceptance 验收, summary 总结
	starts_on date 开始日期; first day
	ends_on date! 截止日期; last day
$$);
SELECT risk_screen._define_role('acceptance', 'oversight', '验收', 'Acceptance of local work',
	'One acceptance of a region''s work', $$
	campaign text! 专项; campaign
	region text! 地区; region
	accepted_on date! 验收日期; date
	score numeric 得分; points
	result text 结论; passed 通过, returned 退回
$$);
SELECT risk_screen._define_role('document', 'oversight', '文件', 'Documents',
	'One rule, plan, policy or ledger kept on file', $$
	document_id text! 文件编号; identifier
	kind text! 类别; rule 实施细则, emergency_plan 应急预案, firm_plan 一企一策, ledger 台账, case 典型案例
	inst_id text 机构编号; institution it is about
	region text 地区; region
	title text 标题; title
	issued_on date 印发日期; date
	uri text 地址; where it is kept
	hash text 哈希; SHA-256 of the file
$$);
