-- The shipped lists. Words and their order as in the sources; what is not
-- statutory says so in its basis.

INSERT INTO risk_screen.lexicon
	(lexicon, title, jurisdiction, fields, subjects, events, effect, control, category, basis, valid_from, licences, hits, active, shipped)
VALUES
	('CN-2016-21', '互联网金融专项整治 名称和经营范围限用词', NULL, '{name,scope}', NULL, NULL, 'watch', '重点关注', '名称限用词',
	 '国办发〔2016〕21号 互联网金融风险专项整治工作实施方案', '2016-04-12', '{*}', 'maximal', true, true),
	('BJ-2016', '北京市 名称和经营范围限用词', '北京', '{name,scope}', NULL, NULL, 'watch', '重点关注', '名称限用词',
	 '北京市互联网金融风险专项整治工作实施方案（自国办发〔2016〕21号之日）', '2016-04-12', '{*}', 'maximal', true, true),
	('BJ-2016-FREEZE-NAME', '北京市 暂停核准的名称字样', '北京', '{name}', '{enterprise,self_employed}', '{new,change,move_in}', 'reject', '禁用', '暂停核准',
	 '北京市互联网金融风险专项整治工作实施方案：暂停核准企业和个体户名称', '2016-04-12', '{*}', 'maximal', true, true),
	('BJ-2016-FREEZE-SCOPE', '北京市 暂停登记的经营项目', '北京', '{scope}', NULL, '{new,change,move_in}', 'reject', '禁用', '暂停登记',
	 '北京市互联网金融风险专项整治工作实施方案：暂停登记投资类经营项目', '2016-04-12', '{*}', 'maximal', true, true),
	('CN-NEW-LABELS', '新型集资名目', NULL, '{name,scope,advert}', NULL, NULL, 'watch', '重点关注', '新型名目',
	 '互联网金融风险专项整治工作实施方案（000）；关于防范代币发行融资风险的公告（ICO）', '-infinity', NULL, 'maximal', true, true),
	('CN-AD', '保本高息类宣传', NULL, '{advert}', NULL, NULL, 'watch', '禁用', '不当宣传',
	 '互联网金融风险专项整治工作实施方案（000、001、003）：虚假宣传、夸大收益、误导性销售', '-infinity', NULL, 'maximal', true, true),
	('CN-PROD', '重点关注的产品名目', NULL, '{name,scope,advert}', NULL, NULL, 'watch', '重点关注', '产品名目',
	 '互联网金融风险专项整治工作实施方案（000）', '-infinity', NULL, 'maximal', true, true),
	('CN-737-9', '防范和处置非法集资条例 第九条', NULL, '{name,scope}', '{enterprise,self_employed}', NULL, 'reject', '禁用', '名称限用词',
	 '国务院令第737号 防范和处置非法集资条例 第九条', '2021-05-01', '{*}', 'maximal', true, true),
	('CN-737-11', '防范和处置非法集资条例 第十一条、第十九条', NULL, '{advert}', NULL, NULL, 'watch', '禁用', '集资宣传',
	 '国务院令第737号 防范和处置非法集资条例 第十一条、第十九条', '2021-05-01', NULL, 'maximal', true, true),
	('CN-BANK-11', '银行字样', NULL, '{name}', NULL, NULL, 'reject', '禁用', '专用字样',
	 '商业银行法 第十一条；银保监规〔2022〕18号', '1995-07-01', '{bank,银行}', 'maximal', true, true),
	('CN-FUND-90', '基金字样', NULL, '{name}', NULL, NULL, 'watch', '限用', '专用字样',
	 '证券投资基金法（2015年修正）第九十条', '2015-04-24', '{fund,FUND,基金}', 'maximal', true, true),
	('CN-SEC-100', '证券交易所、证券登记结算字样', NULL, '{name}', NULL, NULL, 'reject', '禁用', '专用字样',
	 '证券法（2019年修订）第一百条及登记结算条', '2020-03-01', '{exchange,证券交易所}', 'maximal', true, true),
	('AMAC-2018', '私募投资基金名称禁用字样', NULL, '{name}', '{fund}', NULL, 'reject', '禁用', '私募基金命名',
	 '私募投资基金命名指引 第三条至第六条', '2019-01-01', NULL, 'maximal', true, true),
	('CN-ADLAW-9', '绝对化用语', NULL, '{advert}', NULL, NULL, 'watch', '禁用', '绝对化用语',
	 '广告法 第九条第三项；广告绝对化用语执法指南（市场监管总局公告2023年第6号）', '2015-09-01', NULL, 'maximal', true, true),
	('CN-ADLAW-25', '投资回报类广告禁止内容', NULL, '{advert}', NULL, NULL, 'watch', '禁用', '收益承诺',
	 '广告法 第二十五条', '2015-09-01', NULL, 'maximal', true, true),
	('AD-SAFETY', '安全的绝对承诺', NULL, '{advert}', NULL, NULL, 'watch', '禁用', '安全承诺',
	 '广告法 第二十五条第一项：明示或者暗示无风险；工商办字〔2016〕61号：对收益、安全性等情况作虚假宣传；词语为整理（非法定），用于金融产品和业务时适用', '2015-09-01', NULL, 'maximal', true, true),
	('AD-CLAIMS', '高收益宣传用语', NULL, '{advert}', NULL, NULL, 'watch', '重点关注', '收益宣传',
	 '整理（非法定）：广告法第二十五条、工商办字〔2016〕61号、银发〔2019〕316号所列情形的常见用语', '-infinity', NULL, 'maximal', true, true),
	('PLATFORM-BRAND', '网贷平台常用商号字样', NULL, '{name}', NULL, NULL, 'watch', '重点关注', '平台商号',
	 '整理（非法定）：问题平台名称中的常见字样', '-infinity', '{*}', 'maximal', false, true),
	('AD-BUSINESS', '需持牌的金融业务用语', NULL, '{advert}', NULL, NULL, 'watch', '限用', '持牌业务',
	 '国办发〔2016〕21号：未取得相关金融业务资质的从业机构不得对金融业务或公司形象进行宣传；银发〔2019〕316号', '2016-04-12', NULL, 'maximal', false, true),
	('AD-YIELD', '收益率用语（数字前）', NULL, '{advert}', NULL, NULL, 'watch', '重点关注', '收益数字',
	 '整理（非法定）：与百分数相连的收益用语', '-infinity', NULL, 'maximal', false, true),
	('AD-WARNING', '风险提示用语', NULL, '{advert}', NULL, NULL, 'watch', '重点关注', '风险提示',
	 '广告法 第二十五条：应当对可能存在的风险有合理提示或者警示', '-infinity', NULL, 'maximal', false, true),
	('AD-PRODUCT', '有投资回报预期的产品用语', NULL, '{advert}', NULL, NULL, 'watch', '重点关注', '应提示风险的产品',
	 '广告法 第二十五条：招商等有投资回报预期的商品或者服务广告应有风险提示；词语为整理（非法定）', '-infinity', NULL, 'maximal', false, true),
	('CN-TIE-IN', '捆绑销售用语', NULL, '{advert}', NULL, NULL, 'watch', '禁用', '捆绑销售',
	 '互联网金融风险专项整治工作实施方案（003）：强制捆绑销售；词语为整理（非法定）', '-infinity', NULL, 'maximal', false, true),
	('CN-INVEST-NAME', '投资理财名义用语', NULL, '{name,scope,advert}', NULL, NULL, 'watch', '重点关注', '投资理财名义',
	 '互联网金融风险专项整治工作实施方案（003）：以投资理财名义从事金融活动', '-infinity', NULL, 'maximal', false, true);

-- A superlative, a label, a dunning word want no risk notice; promises and products do.
UPDATE risk_screen.lexicon SET wants_notice = false WHERE lexicon IN ('CN-ADLAW-9', 'AD-SAFETY', 'CN-NEW-LABELS', 'CN-TIE-IN', 'CN-INVEST-NAME', 'AD-BUSINESS', 'AD-WARNING');

-- Any licence of finance: lines and services of the desk (code_label), and what
-- they are commonly called. A misspelt code exempts nobody.
UPDATE risk_screen.lexicon SET licences =
	'{BANK,P2P,EC,INS,FUND,TRU,PAY,AM,FUT,securities,insurance,trust,payment,futures,forex,micro_loan,consumer_finance,wealth_management,guarantee,leasing,exchange,merchant_settlement,personal_pos,prepaid_card,card_acquiring,network_payment,银行,保险,证券,基金,信托,支付,期货,外汇,小额贷款,消费金融,理财,融资担保,融资租赁,资产管理,证券交易所,交易所}'
 WHERE licences = '{*}';

INSERT INTO risk_screen.term (lexicon, term, shipped)
SELECT lexicon, term, true
  FROM (VALUES
	('CN-2016-21', '交易所 交易中心 金融 资产管理 理财 基金 基金管理 投资管理 财富管理 股权投资基金 网贷 网络借贷 P2P 股权众筹 互联网保险 支付'),
	('BJ-2016', '交易所 交易中心 金融 资产管理 理财 基金 基金管理 投资管理 财富管理 股权投资基金 网贷 网络借贷 P2P 众筹 互联网保险 支付 投资 资本 融资租赁 非融资性'),
	('BJ-2016-FREEZE-NAME', '投资 资产 资本 控股 基金 财富管理 融资租赁 非融资性担保'),
	('BJ-2016-FREEZE-SCOPE', '项目投资 股权投资 投资管理 投资咨询 投资顾问 资本管理 资产管理 融资租赁 非融资性担保'),
	('CN-NEW-LABELS', '区块链 元宇宙 虚拟货币 消费返利 ICO'),
	('CN-AD', '保本高息 保本保息'),
	('CN-PROD', '首付贷 众筹买房 校园网贷 配资 资管计划 信托产品 金交所'),
	('CN-737-9', '金融 交易所 交易中心 理财 财富管理 股权众筹'),
	('CN-737-11', '集资'),
	('CN-BANK-11', '银行'),
	('CN-FUND-90', '基金 基金管理'),
	('CN-SEC-100', '证券交易所 证券登记结算'),
	('AMAC-2018', '安全 保险 避险 保本 稳赢 高收益 无风险 最佳业绩 最大规模 名列前茅 最强 500倍 资管计划 信托计划 专户 理财产品'),
	('PLATFORM-BRAND', '贷 财富 金融 投资 理财 创投 金服 资本 众筹 P2P 金所 金控 融资 普惠 微金 钱包 易融 聚财 财神 理想宝 投宝 融宝 金宝 财宝 富宝 钱宝'),
	('CN-ADLAW-9', '国家级 最高级 最佳 极品'),
	('CN-ADLAW-25', '保本 无风险 保收益'),
	('AD-SAFETY', '绝对安全 百分百安全 百分之百安全 100%安全 万无一失'),
	('AD-CLAIMS', '高息 高收益 高回报 躺赚 随存随取 国资背景 银行存管 政府支持 秒到账 内部渠道 稳健收益 预期收益 到期还本'),
	('CN-TIE-IN', '捆绑销售 强制搭售 搭售 须同时购买 需同时购买 必须同时购买 应同时购买 须一并购买 需一并购买 必须一并购买 不得单独购买 不单独销售 须搭配购买 必须搭配购买 须先购买 必须先购买'),
	('CN-INVEST-NAME', '投资 理财 财富 资产管理 资本管理 投资管理 投资咨询 投资顾问 财富管理 投资理财'),
	('AD-YIELD', '年化 年化收益 年化收益率 年收益 年收益率 收益率 预期收益 预期收益率 预期年化收益率 日息 月息 年息 月收益 日收益 年利率 利率 回报率 年回报 月回报 收益 回报 返利'),
	('AD-PRODUCT', '理财 资产管理计划 资管计划 财富管理 基金 私募 定投 信托 股票 证券投资 期货 外汇 外汇保证金 万能险 投连险 分红险 债权转让 股权众筹 众筹 原始股 股权投资 定向融资 收益权 虚拟货币 数字货币 代币 投资产品 投资项目 投资计划'),
	('AD-WARNING', '投资有风险 市场有风险 理财有风险 产品有风险 基金有风险 股市有风险 存在一定风险 有一定风险 风险较高 投资须谨慎 投资需谨慎 投资应谨慎 谨慎投资 选择须谨慎 选择需谨慎 入市需谨慎 入市须谨慎 理财非存款 风险提示 风险揭示 注意投资风险 风险自担 不保证收益 不承诺收益 不保本 非保本 可能损失本金 本金损失风险 本金损失的风险 过往业绩不代表 过往业绩不预示 不构成投资建议')
  ) AS l (lexicon, terms), unnest(string_to_array(terms, ' ')) AS term;

-- Art 25 (1) forbids the promise and the hint, not three words: what says the
-- same in other words stands beside them. Which words do is compiled.
INSERT INTO risk_screen.term (lexicon, term, basis, shipped)
SELECT 'CN-ADLAW-25', term, '广告法 第二十五条第一项：' || clause || '；同义用语为整理（非法定）', true
  FROM (VALUES
	('明示或者暗示无风险', '零风险 没有风险 没有任何风险 没风险 无任何风险 不存在风险 不存在任何风险'),
	('明示或者暗示保本', '刚性兑付 本息保障 保障本息 保障本金 本金保障 本息无忧'),
	('对收益作出保证性承诺，明示或者暗示保收益', '保息 保证收益 承诺收益 稳赚 稳赚不赔 稳赢 只赚不赔 包赚不赔 旱涝保收')
  ) AS l (clause, terms), unnest(string_to_array(terms, ' ')) AS term;

INSERT INTO risk_screen.term (lexicon, term, category, licences, shipped)
SELECT 'AD-BUSINESS', term, business, licences, true
  FROM (VALUES
	('存款', '{bank,银行}'::text[], '吸收存款 存款 储蓄'),
	('贷款', '{bank,consumer_finance,micro_loan,P2P,TRU,银行,小额贷款,消费金融}', '贷款 放贷 借款 信用贷 网贷 网络借贷'),
	('基金', '{fund,FUND,bank,securities,基金,银行,证券}', '基金 私募 公募 定投'),
	('保险', '{insurance,INS,保险}', '保险 投保 万能险 投连险'),
	('证券', '{securities,证券}', '股票 证券 打新 荐股 配资'),
	('期货', '{futures,FUT,期货}', '期货'),
	('外汇', '{forex,bank,外汇,银行}', '外汇 炒汇 外汇保证金'),
	('信托', '{trust,TRU,信托}', '信托'),
	('支付', '{payment,PAY,bank,支付,银行}', '支付 收单 预付卡 代付'),
	('理财', '{bank,wealth_management,securities,trust,AM,银行,理财,证券,信托}', '理财 资产管理 资管计划 财富管理'),
	-- a firm's image: any licence of finance covers it (the codes follow below)
	('金融', '{*}', '金融'),
	('众筹', '{EC,股权众筹}', '股权众筹'),
	('虚拟货币', '{}', '虚拟货币 数字货币 代币 挖矿')
  ) AS b (business, licences, terms), unnest(string_to_array(terms, ' ')) AS term;
UPDATE risk_screen.term SET licences = (SELECT l.licences FROM risk_screen.lexicon AS l WHERE l.lexicon = 'CN-2016-21')
 WHERE lexicon = 'AD-BUSINESS' AND licences = '{*}';

-- Art 19 of the regulation names what raises suspicion: watched, not banned.
INSERT INTO risk_screen.term (lexicon, term, control, basis, shipped) VALUES
	('CN-737-11', '虚拟货币', '重点关注', '国务院令第737号 第十九条', true),
	('CN-737-11', '融资租赁', '重点关注', '国务院令第737号 第十九条', true),
	('CN-737-11', '名义吸收资金', '重点关注', '国务院令第737号 第十九条', true);

-- Words that lie inside an innocent one.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped)
SELECT l.lexicon, 'phrase', x.phrase, x.term, x.basis, true
  FROM (VALUES
	('基金', '基金会', '基金会管理条例：慈善组织的组织形式'),
	('金融', '金融街', '地名'),
	('金融', '金融中心', '楼宇'),
	('金融', '金融大厦', '楼宇'),
	('金融', '金融广场', '楼宇'),
	('金融', '金融城', '地名'),
	('金融', '金融港', '地名'),
	('金融', '非金融', '普通词'),
	('金融', '接受金融机构委托', '登记规范用语：受托外包'),
	('金融', '受金融企业委托', '登记规范用语：受托外包'),
	('金融', '金融信息技术外包', '登记规范用语：受托外包'),
	('金融', '金融业务流程外包', '登记规范用语：受托外包'),
	('金融', '金融知识流程外包', '登记规范用语：受托外包'),
	('金融', '金融服务外包', '登记规范用语：受托外包'),
	('金融', '金融外包', '登记规范用语：受托外包'),
	('金融', '金融机构抵贷资产', '拍卖业务用语'),
	('金融', '金融资担保', '跨词：融资担保'),
	('金融', '金融资租赁', '跨词：融资租赁'),
	('基金', '基金属', '跨词：金属'),
	('基金', '肯德基金', '跨词：商号'),
	('基金', '富拉尔基金', '跨词：地名'),
	('理财', '理财会', '跨词：财会'),
	('理财', '理财周刊', '刊名'),
	('支付', '工程支付', '造价咨询业务用语'),
	('支付', '不支付', '否定'),
	('理财', '理财务', '跨词：管理财务'),
	('理财', '理财政', '跨词：办理财政'),
	('理财', '管理财产', '跨词'),
	('理财', '办理财产', '跨词'),
	('理财', '代理财产', '跨词'),
	('理财', '处理财产', '跨词'),
	('理财', '清理财产', '跨词'),
	('支付', '工程款支付', '造价咨询业务用语'),
	('银行', '银行卡', '产品名'),
	('银行', '银行家', '普通词'),
	('最佳', '最佳食用', '执法指南：使用方法提示'),
	('最佳', '最佳观赏', '执法指南：使用方法提示'),
	('最佳', '最佳赏味', '执法指南：使用方法提示')
  ) AS x (term, phrase, basis) JOIN risk_screen.term AS l ON l.term = x.term
 WHERE l.lexicon LIKE 'CN-%' OR l.lexicon LIKE 'BJ-%';

-- A hotel or shop that an investment firm runs is no investment firm; the parent
-- is on the list by its own name.
UPDATE risk_screen.term SET places = '{region,trade_name,industry,form,branch}'
 WHERE lexicon IN ('CN-2016-21', 'BJ-2016', 'BJ-2016-FREEZE-NAME');

-- Found by reading samples of real scopes and names (docs/naming.md): property of
-- one's own, of the state and of villages; goods and services for banks; markets of
-- goods for use; words that only meet. Watch lists only: the statutory ban of
-- 国务院令第737号 is applied to the letter.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped)
SELECT l.lexicon, 'phrase', phrase, x.term, x.basis, true
  FROM (VALUES
	('资产管理', '管理自有、国有、集体资产', '自有资产管理 国有资产管理 集体资产管理 公有资产管理 社有资产管理 镇有资产管理 村有资产管理 本村资产管理 供销社资产管理 街道资产管理 本企业资产管理 企业内部资产管理 内部企业资产管理 固定资产管理'),
	('金融', '金融机构所用的设备和服务', '金融机电 金融电子产品 金融电子器具 金融电子机具 金融电子化 金融自助 金融守押 金融安全产品 金融技防 金融场所 金融用具 金融网点 金融行业专用 金融专用设备 金融专业计算机 金融应用系统 金融系统工程 金融系统安装 金融业务系统集成 金融机械 金融票据服务咨询 金融软件领域 金融办公用品 金融电子 金融及其他重要物资'),
	('金融', '受托外包', '金融机构业务流程外包 金融机构信息技术外包 为金融'),
	('金融', '审计、评估业务用语', '金融相关审计 金融审计 金融权益评估'),
	('金融', '国际组织', '国际金融组织'),
	('金融', '跨词：资金融通', '资金融通'),
	('金融', '地名', '金融村 金融改革创新试验区'),
	('交易中心', '实物市场', '机动车交易中心 机动车辆交易中心 二手车交易中心 汽车交易中心 机动车拍卖交易中心 房屋交易中心 房产交易中心 房地产交易中心 建设工程交易中心 农副产品交易中心 农副产品批发交易中心 食品交易中心 服装交易中心 花鸟综合交易中心 鱼交易中心'),
	('交易中心', '交易地点', '交易中心交易 钻石交易中心支行'),
	('交易所', '交易地点', '交易所内'),
	('投资', '被投资企业', '所投资企业 外商投资企业 外商投资的领域'),
	('投资', '跨词', '创投资产'),
	('投资', '工程造价用语', '工程项目投资评估'),
	('项目投资', '工程造价用语', '工程项目投资评估'),
	('资本', '注册资本', '注册资本')
  ) AS x (term, basis, phrases) JOIN risk_screen.term AS l ON l.term = x.term, unnest(string_to_array(x.phrases, ' ')) AS phrase
 WHERE l.lexicon IN ('CN-2016-21', 'BJ-2016', 'BJ-2016-FREEZE-SCOPE') ON CONFLICT DO NOTHING;
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped) VALUES
	('CN-NEW-LABELS', 'phrase', '网络游戏虚拟货币', '虚拟货币', '文化部、商务部关于网络游戏虚拟货币交易管理：另行许可的业务', true),
	('CN-FUND-90', 'phrase', '国际农发基金', '基金', '国际组织', true),
	('CN-737-9', 'phrase', '资金融通', '金融', '跨词：资金融通', true),
	('CN-737-9', 'phrase', '金融村', '金融', '地名', true),
	('CN-737-9', 'phrase', '金融贸易区', '金融', '地名', true),
	('CN-737-9', 'phrase', '金融改革创新试验区', '金融', '地名', true),
	('CN-737-9', 'phrase', '交易所内', '交易所', '交易地点', true),
	('CN-737-9', 'phrase', '交易中心交易', '交易中心', '交易地点', true),
	('BJ-2016-FREEZE-NAME', 'phrase', '创投资产', '投资', '跨词', true),
	('BJ-2016-FREEZE-NAME', 'phrase', '资产评估', '资产', '评估业务', true),
	('CN-BANK-11', 'phrase', '银行报刊亭', '银行', '邮政报刊亭以地点命名', true);
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, basis, shipped)
SELECT lexicon, 'clause', '…另行报批', '经营范围的排除性表述', true FROM unnest('{CN-2016-21,BJ-2016,BJ-2016-FREEZE-SCOPE,CN-737-9}'::text[]) AS lexicon;

-- Makers and guards of what banks use: the plan's watch lists spare them, the
-- statutory ban of 国务院令第737号 does not say so.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped)
SELECT lexicon, 'phrase', phrase, '金融', '金融机构所用的设备和服务', true
  FROM unnest('{CN-2016-21,BJ-2016}'::text[]) AS lexicon,
	unnest('{金融机具,金融设备,金融器材,金融器具,金融护卫,金融押运,金融书店,金融培训,金融自助设备,金融电子设备,金融办公,金融用品,金融软件,金融系统装饰,金融网点装修,金融证券交易场所}'::text[]) AS phrase;

-- What the business words of advertisements also lie in: goods, ways of paying,
-- social insurance, words that only meet.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped)
SELECT 'AD-BUSINESS', 'phrase', phrase, x.term, x.basis, true
  FROM (VALUES
	('基金', '慈善组织', '基金会'),
	('基金', '跨词', '基金属 肯德基金'),
	('保险', '物品', '保险柜 保险箱 保险杠 保险丝 保险带 保险盒 保险栓 保险门 保险锁 保险粉 保险套 保险管 保险片 保险装置 保险器 保险开关 保险阀 保险筒'),
	('保险', '社会保险', '社会保险 医疗保险 养老保险 失业保险 工伤保险 生育保险'),
	('保险', '普通词', '双保险 不保险 保险起见'),
	('支付', '付款方式', '支付宝 微信支付 货到支付 支付方式 扫码支付 刷卡支付 现金支付 无需支付 只需支付 仅需支付 需支付 工程支付 工程款支付 不支付 支付定金 支付订金 支付押金 支付运费'),
	('贷款', '购房购车的付款方式', '可贷款 支持贷款 按揭贷款 公积金贷款'),
	('证券', '报刊', '证券报 证券时报 有价证券印刷 证券印刷 证券纸'),
	('股票', '股份公司的标识', '股票代码 股票简称'),
	('外汇', '机关和牌价', '外汇管理局 外汇管理部门 外汇牌价'),
	('外汇', '跨词', '外汇总 外汇报 外汇集 外汇编'),
	('信托', '跨词', '信托运'),
	('期货', '跨词', '期货运 期货源 期货物 期货柜'),
	('收单', '跨词', '收单位 验收单 签收单 接收单 回收单'),
	('定投', '跨词', '固定投 稳定投 确定投 指定投 一定投 约定投 决定投 规定投 选定投 特定投'),
	('打新', '跨词', '主打新 打新颖 打新鲜'),
	('配资', '跨词', '分配资 调配资 搭配资 配资源 配资料'),
	('代币', '古钱', '古代币 历代币 清代币 宋代币 现代币 近代币'),
	('挖矿', '采矿', '挖矿机械 采挖矿 挖矿石'),
	('存款', '跨词', '库存款'),
	('理财', '跨词', '理财务 理财政 理财会 管理财产 办理财产 代理财产 处理财产 清理财产 受理财产'),
	('理财', '刊名', '理财周刊'),
	('资产管理', '管理实物资产', '固定资产管理 国有资产管理 资产管理系统 资产管理软件')
  ) AS x (term, basis, phrases), unnest(string_to_array(x.phrases, ' ')) AS phrase;

INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped)
SELECT 'AD-BUSINESS', 'phrase', x.phrase, x.term, x.basis, true
  FROM risk_screen.term_exception AS x WHERE x.lexicon = 'CN-2016-21' AND x.kind = 'phrase' AND x.term = '金融'
 UNION ALL
SELECT 'AD-BUSINESS', 'phrase', phrase, '金融', '机构、监管和知识的用语', true
  FROM unnest('{金融机构,金融监管,金融管理部门,金融办,金融局,金融消费者,金融知识,金融诈骗,金融犯罪,金融危机,金融学,金融专业,金融时报,金融界}'::text[]) AS phrase
ON CONFLICT DO NOTHING;
-- The products share what their words also lie in.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped)
SELECT 'AD-PRODUCT', 'phrase', x.phrase, x.term, x.basis, true
  FROM risk_screen.term_exception AS x JOIN risk_screen.term AS t ON t.lexicon = 'AD-PRODUCT' AND t.term = x.term
 WHERE x.lexicon = 'AD-BUSINESS' AND x.kind = 'phrase'
 UNION ALL
SELECT 'AD-PRODUCT', 'phrase', phrase, '基金', '不以回报为目的的基金', true
  FROM unnest('{公益基金,慈善基金,救助基金,助学基金,社保基金,维修基金}'::text[]) AS phrase;

-- Exclusion clauses of scopes.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, basis, shipped)
SELECT l.lexicon, 'clause', phrase, '经营范围的排除性表述', true
  FROM risk_screen.lexicon AS l,
	unnest('{不得…,（除…,不含…,不包括…,不包含…,不涉及…,不从事…,不经营…,严禁…,禁止…,未经…,除…外,…除外}'::text[]) AS phrase
 WHERE l.lexicon IN ('CN-2016-21', 'BJ-2016', 'BJ-2016-FREEZE-SCOPE', 'CN-NEW-LABELS', 'CN-PROD', 'CN-737-9', 'CN-INVEST-NAME');

-- Negation in advertisements and warnings. A word that itself says 没有 or 不存在 is
-- not undone by another one before it: 没有门槛没有风险 says two things.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped)
SELECT l.lexicon, 'clause', x.phrase, coalesce(t.term, '*'), '否定或警示的表述', true
  FROM risk_screen.lexicon AS l
 CROSS JOIN unnest('{不承诺…,未承诺…,不保证…,不能保证…,无法保证…,不能确保…,无法确保…,不提供…,不得…,不应…,不存在…,不是…,不属于…,不代表…,不等于…,不等同…,不意味着…,并非…,绝非…,未必…,没有…,严禁…,禁止…,杜绝…,打破…,拒绝…,远离…,警惕…,谨防…,防范…,打击…,切勿…,勿信…,勿轻信…,不要相信…,不要轻信…,不要被…,不要以为…,别以为…,误以为…,请勿相信…,不构成…,不能保障…,无法保障…,凡承诺…,凡宣称…,凡是承诺…,凡是宣称…,…是不存在的,以…为诱饵,…都是骗局,…都是诈骗,…均为诈骗,…均为骗局}'::text[]) AS x (phrase)
  LEFT JOIN risk_screen.term AS t ON l.lexicon = 'CN-ADLAW-25' AND t.lexicon = l.lexicon AND x.phrase IN ('没有…', '不存在…') AND t.term !~ '^(没|不存在)'
 WHERE l.lexicon IN ('CN-AD', 'CN-PROD', 'CN-NEW-LABELS', 'CN-737-11', 'CN-ADLAW-9', 'CN-ADLAW-25', 'AD-SAFETY', 'AD-CLAIMS', 'AD-BUSINESS', 'AD-PRODUCT', 'CN-TIE-IN')
ON CONFLICT DO NOTHING;
-- Two negations that make the warning: no investment is without risk.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped)
SELECT 'CN-ADLAW-25', 'clause', phrase, term, '双重否定：任何投资都有风险', true
  FROM unnest('{没有哪…,没有一…,没有任何投资…,没有任何理财…,没有任何产品…,没有什么投资…,不存在哪…,不存在一…}'::text[]) AS phrase, risk_screen.term
 WHERE lexicon = 'CN-ADLAW-25' AND term ~ '^(没|不存在)';
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped)
SELECT t.lexicon, 'phrase', before || t.term, '*', '双重否定或疑问：任何投资都有风险', true
  FROM risk_screen.term AS t, unnest('{不可能,不会,不可,哪有,哪里有,何来,岂有,岂能,没有,不存在,有没有,是否,难言,谈不上,算不上}'::text[]) AS before
 WHERE t.lexicon = 'CN-ADLAW-25' AND t.term IN ('没有风险', '没有任何风险', '不存在风险', '无风险', '零风险', '稳赚不赔', '只赚不赔') OR t.lexicon = 'AD-SAFETY'
ON CONFLICT DO NOTHING;
-- The word goes on to be another one: who has no sense of risk, an answer to whether there is any.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped)
SELECT t.lexicon, 'phrase', phrase, t.term, x.basis, true
  FROM (VALUES
	('没有风险', '跨词', '没有风险意识 没有风险承受 没有风险提示 没有风险揭示 没有风险控制 没有风险管理 没有风险评估 没有风险测评 没有风险防范 没有风险识别 没有风险准备 没有风险偏好 没有风险隔离'),
	('没有风险', '普通词', '没有风险就没有'),
	('没有风险', '疑问', '有没有风险'),
	('没风险', '疑问', '有没风险'),
	('没风险', '跨词', '没风险意识'),
	('无风险', '疑问', '有无风险'),
	('无风险', '跨词', '无风险意识 无风险承受 无风险提示 无风险揭示 无风险控制 无风险管理 无风险准备 无风险隔离'),
	('无风险', '金融学用语', '无风险利率'),
	('绝对安全', '跨词', '绝对安全距离'),
	('绝对安全', '否定', '无绝对安全 非绝对安全 不绝对安全'),
	('刚性兑付', '否定', '去刚性兑付 无刚性兑付 不刚性兑付'),
	('保障本金', '否定', '不保障本金'),
	('保障本息', '否定', '不保障本息'),
	('本金保障', '否定', '无本金保障 非本金保障'),
	('本息保障', '否定', '无本息保障 非本息保障'),
	('保本', '跨词', '确保本次 确保本活动 确保本公司 确保本平台 确保本店 确保本人 确保本机构 投保本产品 投保本保险 投保本险 投保本计划 投保本公司 社保本 医保本 环保本 质保本 参保本 劳保本'),
	('保收益', '跨词', '环保收益 社保收益 投保收益'),
	('保息', '跨词', '确保息费')
  ) AS x (term, basis, phrases) JOIN risk_screen.term AS t ON t.term = x.term AND t.lexicon IN ('CN-ADLAW-25', 'AD-SAFETY'), unnest(string_to_array(x.phrases, ' ')) AS phrase
ON CONFLICT DO NOTHING;
-- 广告绝对化用语执法指南 (2023): what is no praise of the goods.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, basis, shipped)
SELECT 'CN-ADLAW-9', 'clause', phrase, '执法指南 第五条：经营理念、主观愿望、目标追求', true
  FROM unnest('{追求…,力争…,力求…,争创…,争做…,致力于…,努力成为…,立志…}'::text[]) AS phrase;
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis, shipped)
SELECT 'CN-ADLAW-9', 'phrase', phrase, '国家级', '执法指南 第六条：依据国家有关规定评定的奖项、称号', true
  FROM unnest('{国家级新区,国家级高新区,国家级高新技术,国家级经济技术开发区,国家级经开区,国家级开发区,国家级专精特新,国家级非物质文化遗产,国家级非遗,国家级重点实验室,国家级实验室,国家级工程技术,国家级企业技术中心,国家级博物馆,国家级自然保护区,国家级风景名胜区,国家级文物,国家级孵化器}'::text[]) AS phrase;
-- A warning that is waved away is none.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, basis, shipped)
SELECT 'AD-WARNING', 'clause', phrase, '否定或嘲弄的表述', true
  FROM unnest('{谁说…,谁还说…,何来…,告别…,无惧…,不怕…,无需…,无须…,不用…,不必…,不存在…,没有…,别信…,忘掉…}'::text[]) AS phrase;
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, basis, shipped)
SELECT l.lexicon, 'phrase', phrase, '否定的表述', true
  FROM risk_screen.lexicon AS l, unnest('{不保本,非保本,不保息,不保证收益,不承诺保本,不承诺收益,无保本}'::text[]) AS phrase
 WHERE l.lexicon IN ('CN-AD', 'CN-ADLAW-25', 'AD-CLAIMS')
   AND EXISTS (SELECT FROM risk_screen.term AS t WHERE t.lexicon = l.lexicon AND strpos(phrase, t.term) > 0);

-- Names of banks, as the form of the name tells; a licence tells better.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, basis, shipped)
SELECT 'CN-BANK-11', 'holder', phrase, '名称的组织形式为银行或其分支机构', true
  FROM unnest('{…支行,…分行,…银行,…银行股份有限公司,…银行有限责任公司,…银行有限公司,…分理处,…储蓄所,…营业部,…营业所,…办事处,…营业室,…信用卡中心,银行股份有限公司,…工会委员会}'::text[]) AS phrase;
