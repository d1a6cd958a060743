-- Roles of business: products, loans, claims, sales, insurance, texts, people served.

SELECT risk_screen._define_role('product', 'business', '产品', 'Products',
	'One product offered to investors or customers', $$
	product_id text! 产品编号; identifier
	inst_id text! 机构编号; institution offering it
	name text 产品名称; name
	biz text 业务种类; line or service code of the business in substance
	kind text 产品类别; claim_transfer, equity_transfer, money_fund, wealth_insurance, project, private_fund, plan ...
	issuer_id text 发行人; issuer or fundraiser
	offering text 募集方式; public 公募, private 私募
	risk_level integer 风险等级; 1 low to 5 high
	rate_promised numeric 承诺收益率; per year, fraction
	rate_actual numeric 实际收益率; per year, fraction
	project_return numeric 项目收益率; return of the project financed, per year, fraction
	guaranteed boolean 是否承诺保本; principal or interest promised
	term_days integer 期限; days
	parent_product text 上层产品; product this one was made from
	underlying_id text 底层资产; asset or project financed, equal for sibling products
	reg_no text 登记编号; number in the central product register
	issued_on date 发行日期; first day of sale
	ended_on date 到期日期; day after the last
	min_ticket numeric 起投金额; yuan
	target_amount numeric 募集规模; yuan
	text_body text 产品说明; description
	legal_form text 法律形式; llc 有限责任公司, limited_partnership 合伙企业, joint_stock 股份有限公司, contract 契约, trust 信托, plan 计划; it limits the number of investors
$$);
SELECT risk_screen._define_role('product_investment', 'business', '产品投向', 'What products invest in',
	'One product''s share in a product, loan or asset', $$
	product_id text! 产品编号; investing product
	target_id text! 投向; product, loan, institution or asset
	target_kind text 投向类别; product, loan, institution, deposit, bond, equity, other
	share numeric 占比; fraction of the target held
	amount numeric 金额; yuan
	liquid boolean 是否高流动性; can be sold or called at once
	matures_on date 到期日; maturity of the asset
	valid_from date 生效日期; first day
	valid_to date 失效日期; day after the last
$$);
SELECT risk_screen._define_role('service', 'business', '服务', 'Services observed',
	'One payment or other service an institution was seen to offer', $$
	inst_id text! 机构编号; institution
	code text! 服务代码; merchant_settlement, personal_pos, prepaid_card, card_acquiring, network_payment ...
	seen_from date! 起始日; first day seen
	seen_to date 截止日; day after the last
$$);
SELECT risk_screen._define_role('loan', 'business', '借款标的', 'Loans',
	'One loan brokered or granted', $$
	loan_id text! 标的编号; identifier
	inst_id text! 机构编号; platform or lender institution
	borrower_id text 借款人; party borrowing
	lender_id text 出借机构; institution lending on its own account, if any
	product_id text 产品编号; product it is funded by
	amount numeric! 借款金额; yuan
	currency text 币种; ISO code; NULL: CNY
	started_on date! 起息日; first day
	matures_on date 到期日; maturity
	rate numeric 合同利率; per year, fraction
	fee numeric 费用; fees charged up front, yuan
	advertised_rate numeric 宣传利率; per year, fraction, as advertised
	outstanding numeric 待还本金; yuan, as last filed
	guarantor_id text 担保人; party guaranteeing
	purpose text 借款用途; code or text: property, securities, campus, consumption, trade
	is_property boolean 是否涉房; property finance
	disbursed_account text 放款账户; account the money was paid to
	description text 标的说明; text shown to lenders
	contract_no text 合同编号; contract
	status text 状态; current 还款中, overdue 逾期, repaid 结清, written_off 核销, failed 流标
$$);
SELECT risk_screen._define_role('schedule', 'business', '还款计划', 'Repayment schedules',
	'One instalment due on a loan', $$
	loan_id text! 标的编号; loan
	seq integer! 期次; number of the instalment
	due_on date! 应还日; due
	principal numeric 应还本金; yuan
	interest numeric 应还利息; yuan
	fee numeric 应还费用; yuan
$$);
SELECT risk_screen._define_role('repayment', 'business', '还款记录', 'Repayments',
	'One payment made on a loan', $$
	loan_id text! 标的编号; loan
	seq integer 期次; instalment it pays
	paid_on date! 还款日; paid
	principal numeric 实还本金; yuan
	interest numeric 实还利息; yuan
	fee numeric 实还费用; yuan
	payer_id text 付款人; party who paid
	txn_id text 交易编号; transfer
$$);
SELECT risk_screen._define_role('cash_flow', 'business', '借款现金流', 'Loan cash flows',
	'One cash flow of a loan seen by the borrower, fees included', $$
	loan_id text! 标的编号; loan
	paid_on date! 日期; date
	amount numeric! 金额; yuan; received by the borrower positive, paid negative
	kind text 类别; principal, interest, fee
$$);
SELECT risk_screen._define_role('collateral', 'business', '抵质押物', 'Collateral',
	'One thing pledged for one loan', $$
	collateral_id text! 押品编号; thing; the same on many loans is one thing pledged often
	loan_id text! 标的编号; loan
	kind text 类别; property, vehicle, deposit, equity, goods
	appraised numeric 评估价值; yuan
	accepted numeric 认定价值; realisable value accepted, yuan
	registered_on date 登记日期; registration of the pledge
$$);
SELECT risk_screen._define_role('claim', 'business', '债权', 'Lenders'' claims',
	'One lender''s claim on a loan or product', $$
	claim_id text! 债权编号; identifier
	inst_id text 机构编号; platform
	lender_id text! 出借人; investor
	loan_id text 标的编号; loan
	product_id text 产品编号; product
	amount numeric! 金额; yuan
	from_on date! 起始日; first day
	to_on date 到期日; when the lender is to be paid
	txn_id text 出借交易; transfer that paid for it
$$);
SELECT risk_screen._define_role('investor', 'business', '投资者', 'Investors',
	'One investor with the qualification on file', $$
	investor_id text! 投资者编号; comparable with account.owner_id
	kind text 类型; person 个人, enterprise 企业, product 产品; partnership 合伙企业, contract 契约, trust 信托计划, plan 资管计划, private_fund 私募基金 are looked through; registered 已备案计划, pension 养老金, social_security 社保基金, charity 公益基金 count as one
	name text 名称; name
	risk_capacity integer 风险承受等级; 1 low to 5 high
	qualified boolean 是否合格投资者; qualified investor
	qualified_to date 资格失效日; day after the last
	province text 所在省份; province
	joined_on date 注册日期; since when a customer
	pooled boolean 是否汇集资金; pools the money of others and is looked through; false: is not, whatever its kind; NULL: by its kind
	partners integer 合伙人数; investors it declares, where they are not named in equity
$$);
SELECT risk_screen._define_role('holding', 'business', '持有份额', 'Holdings',
	'One investor''s holding of a product on a day', $$
	investor_id text! 持有人; investor or product
	product_id text! 产品编号; product
	amount numeric! 金额; yuan
	as_of date! 日期; day
$$);
SELECT risk_screen._define_role('sale', 'business', '销售记录', 'Sales',
	'One sale of a product to an investor', $$
	sale_id text! 销售编号; identifier
	product_id text! 产品编号; product
	inst_id text 机构编号; selling institution
	seller_id text 销售人员; person, see person.person_id
	investor_id text! 投资者; buyer
	sold_at timestamptz! 销售时间; moment
	amount numeric 金额; yuan
	channel text 渠道; counter, app, payment, phone, agent
	paid_through text 支付机构; institution the payment went through
	document_signed boolean 是否签署文件; signed product document on file
	risk_notice boolean 是否风险告知; risk notice acknowledged
	terms_explained boolean 是否说明条款费用; terms and fees acknowledged
	bundle_id text 捆绑编号; same value: sold together
	txn_id text 交易编号; transfer that paid for it
$$);
SELECT risk_screen._define_role('recording', 'business', '双录记录', 'Audio and video recordings',
	'One recording of a sale', $$
	recording_id text! 录音录像编号; identifier
	sale_id text! 销售编号; sale
	product_id text 产品编号; product
	inst_id text 机构编号; institution keeping it
	taken_at timestamptz! 录制时间; moment
	audio_uri text 录音地址; where the sound is
	video_uri text 录像地址; where the picture is
	keep_until date 保存期限; kept until
	deleted_on date 删除日期; NULL while it exists
$$);
SELECT risk_screen._define_role('payout', 'business', '兑付', 'Payouts to investors',
	'One payment to an investor, by component', $$
	payout_id text! 兑付编号; identifier
	inst_id text! 机构编号; institution paying
	product_id text 产品编号; product
	investor_id text! 投资者; investor
	paid_on date! 日期; date
	amount numeric! 金额; yuan
	component text 构成; principal 本金, yield 收益, subsidy 补贴
	statement_line text 账单行; line of the statement it is shown on
	disclosed boolean 是否披露; shown to the investor as what it is
	from_account text 付款账户; account it came from
	txn_id text 交易编号; transfer
$$);
SELECT risk_screen._define_role('policy', 'business', '保单', 'Insurance policies',
	'One insurance policy', $$
	policy_id text! 保单编号; identifier
	inst_id text! 机构编号; insurer
	product_id text 产品编号; product
	partner_id text 合作方; platform or partner that brought it
	kind text 险种; life, short_health, credit_guarantee, property, universal
	holder_id text 投保人; policy holder
	insured_amount numeric 保险金额; exposure, yuan
	premium numeric 保费; yuan
	cash_value numeric 现金价值; at cash_value_year, yuan
	cash_value_year integer 现金价值年度; 1, 2, 3
	sold_on date! 承保日期; sold
	surrendered_on date 退保日期; surrendered
	surrender_value numeric 退保金; yuan
$$);
SELECT risk_screen._define_role('insurance_claim', 'business', '理赔', 'Insurance claims',
	'One claim on a policy', $$
	insurance_claim_id text! 理赔编号; identifier
	policy_id text! 保单编号; policy
	claimant_id text 索赔人; party claiming
	occurred_on date 出险日期; loss date
	reported_on date! 报案日期; reported
	amount numeric 索赔金额; yuan
	paid_amount numeric 赔付金额; yuan
	paid_on date 赔付日期; paid
$$);
SELECT risk_screen._define_role('referral', 'business', '推荐关系', 'Referrals',
	'One user brought in by another', $$
	user_id text! 用户; user
	parent_id text! 推荐人; user who brought the user in
	inst_id text 机构编号; platform
	joined_on date 加入日期; date
	fee_paid numeric 入门费; paid to join, yuan
	commission numeric 推荐奖励; paid to the parent for it, yuan
$$);
SELECT risk_screen._define_role('kyc', 'business', '身份核验', 'Identity checks',
	'One identity check of a user', $$
	user_id text! 用户; user or investor
	inst_id text! 机构编号; institution
	online_ok boolean 线上核验通过; online check passed
	offline_ok boolean 线下核验通过; offline check passed
	checked_on date 核验日期; date
	valid_to date 失效日期; day after the last
$$);
SELECT risk_screen._define_role('quote', 'business', '报价', 'Quotes',
	'One price shown to one user for one product', $$
	quote_id text! 报价编号; identifier
	inst_id text! 机构编号; institution
	product_id text! 产品编号; product
	user_id text! 用户; user
	price numeric! 价格; rate or yuan
	quoted_at timestamptz! 时间; moment
	user_since date 用户注册日; since when a customer
$$);
SELECT risk_screen._define_role('text_item', 'business', '文本', 'Texts',
	'One advertisement, app text, contract, disclosure page, review or news item', $$
	text_id text! 文本编号; identifier
	inst_id text 机构编号; institution it is by or about
	kind text 类别; ad 广告, app 应用文案, contract 合同, product_page 产品页, opinion 舆情, review 评价
	source text 来源; site, station, paper, account
	channel text 渠道; web, app, weibo, wechat, forum, tv, outdoor, sms, private
	is_public boolean 是否面向公众; shown to the unspecified public
	published_at timestamptz! 发布时间; moment
	removed_at timestamptz 撤下时间; NULL while shown
	title text 标题; title
	body text! 正文; text
	product_id text 产品编号; product advertised
	loan_id text 标的编号; loan described
	advertised_rate numeric 宣传收益率; per year, fraction, if stated
	custody_bank text 宣称存管银行; bank the text claims as custodian
	risk_warning boolean 是否含风险提示; risk notice shown; NULL: look at the text
	tone text 倾向; positive, neutral, negative
	url text 链接; where it was seen
$$);
SELECT risk_screen._define_role('marketing', 'business', '营销活动', 'Marketing',
	'One marketing or field activity', $$
	marketing_id text! 活动编号; identifier
	inst_id text! 机构编号; institution
	channel text! 方式; online 线上, offline 线下
	activity text 内容; promotion, credit_collection 信用信息采集, credit_check 核实, follow_up 贷后跟踪, collateral 抵质押管理
	happened_on date! 日期; date
	province text 省份; where
	place text 地点; place
$$);
SELECT risk_screen._define_role('complaint', 'business', '投诉', 'Complaints',
	'One complaint or dispute of a customer', $$
	complaint_id text! 投诉编号; identifier
	inst_id text! 机构编号; institution complained about
	user_id text 投诉人; customer
	channel text 渠道; 12345, 打非随手拍, 信用中国, association, institution, regulator
	category text 类别; collection 催收, privacy 信息泄露, terms 霸王条款, price 差别定价, payment 兑付, fraud 诈骗, other
	route text 处理途径; online, on_site, regulator, mediation, arbitration, court
	received_at timestamptz! 受理时间; received
	replied_at timestamptz 首次回复时间; first answer
	solved_at timestamptz 办结时间; solved
	amount numeric 涉及金额; yuan
	body text 内容; text
$$);
SELECT risk_screen._define_role('call_log', 'business', '催收记录', 'Collection calls',
	'One collection contact', $$
	call_id text! 记录编号; identifier
	inst_id text! 机构编号; institution or its collector
	loan_id text 标的编号; loan
	debtor_id text 债务人; person called
	called_party text 被联系人; person called if not the debtor
	called_at timestamptz! 时间; moment
$$);
SELECT risk_screen._define_role('cooperation', 'business', '合作关系', 'Cooperation',
	'One cooperation between two institutions over a period', $$
	coop_id text! 合作编号; identifier
	inst_id text! 机构编号; institution
	partner_id text! 合作方; institution or party
	biz text 合作业务; line or service
	contract_no text 合同编号; contract
	aml_clause boolean 是否含反洗钱条款; anti-money-laundering clause in the contract
	rights_clear boolean 权责是否明确; rights, duties and risk isolation written down
	valid_from date! 生效日期; first day
	valid_to date 失效日期; day after the last
	cleaned_on date 清理日期; cleaned up in the campaign
$$);
SELECT risk_screen._define_role('ops_day', 'business', '运营日报', 'Operating data by day',
	'One institution''s operating figures of one day', $$
	inst_id text! 机构编号; institution
	day date! 日期; day
	server_ip text 服务器IP; address of the main server
	visits bigint 访问量; visits
	active_users bigint 活跃用户数; users
	failures integer 系统故障次数; outages
	complaints_in integer 投诉量; complaints received
	complaints_solved integer 办结量; complaints solved
	site_alive boolean 网站是否可访问; site answered
	app_listed boolean 应用是否在架; app found in the stores
$$);
