// Chinese words for what the desk stores as codes: keys and values of evidence, kinds of subjects, actions. What is missing here is shown as stored.

const KEY = {
	name: '名称', day: '日期', channel: '渠道', text: '原文', transfers: '笔数', relation: '关系', product_id: '产品', fault: '瑕疵', excess: '超出', client_accounts: '客户账户数', cap: '上限',
	cash_flows: '现金流笔数', contract_rate: '合同利率', client_flow: '客户资金流水', in_eligible_custody: '存于合格存管行', event_id: '登记事项', without_review: '未经复核', owner: '户主', kind: '类别', event: '事项',
	decision: '决定', role: '角色', limit: '限额', status: '状态', source: '来源', direction: '方向', payer: '付款户', payee: '收款户', base: '基数', partner: '合作方', risk_capacity: '风险承受能力', post: '职务',
	borrower: '借款人', platform: '平台', through_custody: '经存管', order_id: '指令', txn_id: '交易', base_on: '基准日', guarantor: '担保方', risk_level: '产品风险等级', to: '至', from: '自', counted: '计数口径',
	balance: '余额', order: '指令', interest_bearing: '计息', ban_from: '禁入起始', recording_id: '录音录像', interest_credits: '结息笔数', video: '录像', all_transfers: '全部笔数', steps: '层数', solved: '已解决',
	audio: '录音', rating: '评级', peers: '同业数', received_at: '收到时间', banks_in: '转入银行数', banks_out: '转出银行数', received: '收到', share_by_amount: '金额占比', qualified: '任职资格', outflow: '流出', inflow: '流入',
	bank_id: '银行', bank: '银行', claims: '赔付', central: '集中存管', gap_days: '间隔天数', purpose: '用途', days: '天数', online: '线上', offline: '线下', business: '业务', raised: '募集', keep_until: '应保存至',
	income: '收入', median: '同业中位数', matched_share: '匹配比例', paid: '已缴', app_id: '应用', industry: '行业', cash: '现金', since: '自', loans: '标的数', attribution: '归属方法', payers: '付款户数', payees: '收款户数',
	growth: '增长率', of: '指标', all_amount: '全部金额', matures_on: '到期日', ratio: '比率', effective_at: '生效时间', reserve: '备付金', due: '到期', bank_kind: '银行类别', reached_related_parties: '到达关联方',	vehicles: '载体数', path_length: '链长', other_institutions: '其他机构数', paid_out: '已支付', form: '形式', return_promised: '承诺收益', in_window: '窗口内', old_ratio: '原比率', without_licence: '无牌照', month: '月份', redemption_queue: '赎回排队', disclosed: '已披露', registered: '已登记', complaint: '投诉', amount: '金额',
	with_words_of_trouble: '含风险字样', buyers: '购买人数', money: '资金', sources: '来源数', province: '省份', four_times_benchmark: '基准利率四倍', texts: '材料数', last: '最近', with_platform_funds_or_guarantee: '平台出资或担保', reports: '举报数', to_rating: '现评级', tag: '标记', about: '涉及', last_changed: '最近变更',
	never: '从未', via: '经由', holders_not_on_file: '持有人未备案', year: '年度', institution: '机构', effective: '生效', all: '全部', negative_list: '负面清单', keyword: '关键词', share: '占比', first: '最早', issuer: '发行方', url: '网址', confirmed: '已认定',
	promised_rate: '承诺利率', adverts: '广告数', investors: '投资者数', list: '名单', share_of_loans: '标的占比', without_merging: '不合并计算', payouts: '给付次数', subject_kind: '对象类型', payment_delay: '逾期兑付', texts_with_words: '含命中词材料数', both: '兼有', direct_holders: '直接持有人数', complaints_in_7_days: '7日投诉数', new_ratio: '新比率',
	idle_client_balance: '客户闲置余额', on: '日期', item: '项目', sold_to: '销售对象', share_filed: '已备案占比', complaint_burst: '投诉突增', tied: '搭售', inducement: '诱导方式', holders: '持有人数', authority: '主管部门', until: '止', complaints: '投诉数', texts_with_promise: '含承诺材料数', rate: '利率',
	recomputed: '复算值', violations: '违规数', about_payment: '涉及兑付', from_rating: '原评级', subject: '对象', period_from: '期间起', period_to: '期间止', periods: '期间数', period_not_filed: '未报期间', figures_left_out: '未采用指标数', currency: '币种', other_currencies: '未计入的外币交易', in_other_currencies: '外币交易', came_back_in: '回流币种', worst_fund: '占比最高的基金', worst_fund_share: '该基金占比', whole: '全机构占比', funds: '基金数', funds_without_size: '无规模数据的基金数', size_is: '规模口径', one_day: '单日净赎回', five_days: '五日净赎回', fund_size: '基金规模', allowed: '允许的渠道', without_path: '未报渠道笔数', path: '渠道', with_unknown_owners: '户主不明金额', summed_from_parts: '由分项合计的机构数', left_out_parts_only: '仅报分项未计入', different_periods: '不同期间数', shortest_days: '最短天数', longest_days: '最长天数', came_back: '回流', nobody_known: '无人可归', institutions_covered: '覆盖机构数', channels: '渠道数', visits_a_day: '日访问量', negative_share: '负面占比', products: '产品数', to_the_public: '面向公众', spread: '利差',
	pooled: '归集', shared_at: '共享时间', never_listed: '从未列入', version: '版本', compliance: '合规情况', share_of_money: '金额占比', proposed_class: '建议分类', rule: '规则', title: '标题',
};
const VALUE = { fifo: '先进先出', controller: '控制人', controlled: '受控企业', self: '本机构', holder: '股东', officer: '高管', group: '集团成员', 'calendar day': '自然日', new: '新设', change: '变更', true: '是', false: '否', person: '个人',
	invalid: '无效', 'in': '转入', missing: '缺失', institution: '机构', custody: '存管', late: '逾期', active: '在业', split: '拆分', suspend_new: '暂停新增', 'no bank statement': '无银行对账单', pending: '待定', other: '其他', payments: '多次给付',
	exited: '已退出', subsidiary: '子公司', annual_rate: '年化利率', ban: '取缔', overdue_rate: '逾期率', related_transactions: '关联交易', shareholders: '股东', reserve: '备付金', cycle: '回流', 'pass-through': '快进快出', structuring: '拆分规避', rectify: '整改', website: '网站',
	txn: '交易流水', 'one platform': '单一平台', 'fifo upstream': '先进先出，向上游', difference: '不符', velocity: '高频', public: '公众', executive: '高管', out: '转出', 'differs from the recomputed figure': '与复算值不符', account: '账户', transfer: '转让', developer: '房地产开发',
};
const SUBJECT = {
	institution: '本机构', loan: '标的', transfer: '交易', txn: '交易', person: '人员', sale: '销售', account: '账户', investor: '投资者', text: '宣传材料', user: '用户', feed: '报送', borrower: '借款人', product: '产品',
	penalty: '处罚', bank: '银行', firm: '企业', sector: '全行业', site: '网站', request: '协查', opinion: '舆情', party: '主体', disclosure: '信息披露', cooperation: '合作', rule: '规则',
};
const SECTOR = { ALL: '全行业', opinion: '舆情' };
// thresholds of the requirements, where the catalogue says them in words
const THRESHOLD = {
	none: '方案未定', any: '出现即触发', 'not given': '方案未给出', '0 after': '之后为0', months: '按月数', parameter: '参数', yearly: '每年', '0 missing': '不得缺失', 'period set': '规定期限', '0 after order': '责令后为0',
	'> 1 layer (资管新规; not in the plans)': '超过1层（资管新规，方案未定）', '3 months cut; limit none': '以3个月为界，限额方案未定', parameters: '参数', '0 open': '不得有未办结', '1 per alert': '每条预警1份', '3 items': '3项', '4 items': '4项',
	'not in the plans': '方案未定', 'unknown share < T': '未知占比低于参数', '4 fields': '4个字段', '3 fields': '3个字段', schedule: '按时间表', 'trend/percentile; none in the plans': '趋势、分位数；方案未定', 'none in the plans': '方案未定', table: '按对照表',
	'none (usual alarm < 1 or falling)': '方案未定（通常低于1或下降即预警）', '200 (Securities Law; not in the plans)': '200人（证券法，方案未定）', '0 delay': '即时', '30 % / 7 days': '30%／7日', 'limits by licence': '按牌照限额', '1 per row': '每行1个',
	'0 undisclosed': '不得有未披露', '10 working days': '10个工作日', '24 hours': '24小时', 'sum of weights': '权重之和', 'steps 10 %–100 %': '10%至100%分档', '30 days; usual floor 1.0': '30日，通常不低于1.0',
	'depth ≥ 3 (criminal standard; not in the plans)': '3层以上（刑事立案标准，方案未定）', 'T on dispersion': '离散度参数', '1 year': '1年', '0 unexplained': '不得有无法说明', 'k hops, T %': '层数、比例参数', 'none (“显著”)': '方案未定（“显著”）', '10 years': '10年',
	'N months': 'N个月', 'any hit': '命中即触发', '‘immediate’; monthly': '即时；每月', 'T, Δt parameters': '金额、时间参数', 'daily, 0 difference': '每日，差额为0', trend: '趋势', 'set per order': '按责令要求', ladder: '逐级加重', 'set locally': '由地方规定',
	'product parameter; the plan gives only the meaning': '产品参数，方案只给出含义', '0 outstanding': '不得有余额', 'phase 1 end': '第一阶段结束时', '0 without': '不得缺少', 'hops, %': '层数、比例', 'expiry date': '到期日', '1 hour (wall clock)': '1小时（自然时间）',
	'not in the plans; 2016 measures: person 200 k/1 m, legal person 1 m/5 m CNY (default table)': '方案未定；2016年办法：自然人20万元、100万元，法人100万元、500万元（默认表）', '0 (red line), indicator for grading': '0（红线），评级指标', 'rate not given': '利率未给出', '50 000 CNY': '5万元',
};
const ACTION = { push: '推送', open_case: '启动应急处置', letter: '发风险提示函', publish: '协会公示', rectification_plan: '提交整改方案', plan: '提交整改方案' };
const TARGET = { supervisor: '监管负责人', executive: '机构高管', regulator: '监管部门', association: '行业协会' };

const FLAG = {
	UNKNOWN: '持有人未备案', CLOSED_LOOP: '闭环持股', RHO_GE_1: '循环放大', MISSING: '股东备案不全', UNKNOWN_SHARE: '比例未知', RANGE: '比例为区间', TREASURY: '库存股', NOMINEE: '代持', DUPLICATE: '重复备案',
	NEGATIVE: '负比例', ZERO_SHARE: '零比例', SELF: '间接自持', NO_HOLDERS: '无股东备案', LAYERS_CUT: '层数截断', SUM_OVER_1: '合计超过100%', SUM_OVER_100: '合计超过100%',
};

export const flags = text => (text ?? '').split(',').filter(Boolean).map(f => FLAG[f] ?? f).join('、');
export const action = code => ACTION[code] ?? code ?? '—';
export const target = code => TARGET[code] ?? code ?? '';
export const subject = (kind, id) => kind === 'institution' ? SUBJECT.institution : kind === 'sector' && SECTOR[id] !== undefined ? SECTOR[id] : `${SUBJECT[kind] ?? kind} ${id}`;
export const threshold = text => THRESHOLD[text] ?? text;

/** A short form of numbers that SQL wrote with many zeros and of moments; codes in Chinese; other text as it is. */
const tidy = text => /^-?\d+\.\d+$/.test(text) ? String(Number(Number(text).toFixed(4)))
	: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text) ? text.slice(0, 16).replace('T', ' ').replace(/ 00:00$/, '') : VALUE[text] ?? text;

/** {"key": value} of plain values as one line. */
export const evidence = object => Object.entries(JSON.parse(object ?? '{}')).map(([k, v]) => `${KEY[k] ?? k}：${tidy(String(v))}`).join('；');
