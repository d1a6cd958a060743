-- Roles of money: accounts, transfers, balances, filed figures, series.

SELECT risk_screen._define_role('account', 'money', '账户', 'Accounts',
	'One account at a bank, payment firm or platform', $$
	account_id text! 账户编号; identifier used by txn.payer and txn.payee
	owner_id text 户主; party, investor or institution that owns it
	owner_kind text 账户性质; client 客户, own 自有, reserve 备付金, custody 存管, risk_fund 风险准备金, merchant 商户
	inst_id text 机构编号; institution it is kept with or for
	account_kind text 账户类别; bank 银行, wallet 支付账户, ledger 平台子账户, securities 证券, virtual_currency 虚拟货币, cash 现金
	bank_id text 开户银行; bank
	bank_kind text 银行类别; pboc 人民银行, commercial 商业银行, other 其他
	purpose text 用途; use as filed
	interest_bearing boolean 是否计息; bears interest
	on_central_register boolean 是否纳入集中登记; known to the central account register
	country text 国家; ISO code; NULL: CN
	opened_on date 开户日期; first day
	closed_on date 销户日期; day after the last
$$);
SELECT risk_screen._define_role('txn', 'money', '资金交易', 'Transfers',
	'One movement of money; columns are the transfers contract of trace_funds()', $$
	txn_id text! 交易编号; unique
	payer text! 付款账户; account paying
	payee text! 收款账户; account paid
	amount numeric! 金额; in currency, not negative
	paid_at timestamptz! 交易时间; moment
	ord bigint 记账顺序; ledger order among equal moments
	fee numeric 手续费; charged to the payer on top
	currency text 币种; ISO code; NULL: CNY
	payer_owner text 付款人; party owning the payer account: the user or customer
	payee_owner text 收款人; party owning the payee account
	inst_id text 机构编号; institution that executed or filed it
	channel text 渠道; bank, payment, platform, counter, pos, app
	purpose text 用途; code, see code_label domain purpose: lend, disburse, repay, payout, fee, withdraw ...
	product_id text 产品编号; product paid for
	loan_id text 标的编号; loan it belongs to
	order_id text 客户指令编号; the client's instruction behind it
	review_id text 复核编号; record of the manual review
	clearing_path text 清算渠道; pboc, unionpay, netsunion, licensed, direct
	hash text 交易哈希; hash filed with the row
	prev_hash text 前笔哈希; hash of the previous row in the chain
$$);
SELECT risk_screen._define_role('balance', 'money', '账户余额', 'Account balances',
	'One account''s balance at the end of a day, as its keeper filed it', $$
	account_id text! 账户编号; account
	as_of date! 日期; day
	balance numeric! 余额; at the end of the day
	currency text 币种; ISO code; NULL: CNY
	source text 来源; platform 机构台账, bank 银行
$$);
SELECT risk_screen._define_role('custody_statement', 'money', '存管银行对账单', 'Custody bank statements',
	'One day of one custody or reserve account, as the bank filed it', $$
	account_id text! 账户编号; account
	inst_id text 机构编号; institution
	bank_id text 存管银行; bank filing
	day date! 日期; day
	balance numeric 日终余额; at the end of the day
	inflow numeric 当日转入; sum of credits
	outflow numeric 当日转出; sum of debits
	txn_count bigint 笔数; entries of the day
	received_at timestamptz 报送时间; when the statement arrived
$$);
SELECT risk_screen._define_role('position', 'money', '报送指标', 'Filed figures',
	'One figure an institution filed for a day or period', $$
	inst_id text! 机构编号; institution
	as_of date! 日期; day, or last day of the period
	item text! 指标; code, see code_label domain position_item: loan_balance, cash, npl ...
	value numeric 数值; yuan, count or fraction, as the item says
	period_from date 期间起始日; first day of the period; NULL: a stock
	biz text 业务种类; line it belongs to; NULL: all
	region text 地区; province, if filed by province
$$);
SELECT risk_screen._define_role('debt', 'money', '债务到期', 'Debts by due date',
	'One obligation of an institution with its due date', $$
	debt_id text! 债务编号; identifier
	inst_id text! 机构编号; debtor
	creditor_id text 债权人; creditor
	kind text 类别; bank, bond, investor, reserve, other
	due_on date! 到期日; due
	amount numeric! 金额; due, yuan
	paid_on date 偿付日; NULL while unpaid
	paid_amount numeric 已偿金额; paid so far
$$);
SELECT risk_screen._define_role('exposure', 'money', '敞口', 'Exposures between institutions',
	'What one institution has at risk with another on a day', $$
	a text! 债权方; exposed institution
	b text! 债务方; institution exposed to
	as_of date! 日期; day
	amount numeric! 金额; yuan
	kind text 类别; loan, deposit, guarantee, product
$$);
SELECT risk_screen._define_role('macro_series', 'money', '宏观序列', 'Macro series',
	'One value of a macro series: GDP, sector totals', $$
	series text! 序列; gdp, households_loans, ...
	period_from date! 期间起始日; first day
	period_to date! 期间截止日; last day
	value numeric! 数值; yuan or index
	region text 地区; province; NULL: the nation
$$);
SELECT risk_screen._define_role('reference_rate', 'money', '参考利率', 'Reference rates',
	'One published rate of a series over a period: benchmark loan rate, LPR', $$
	series text! 序列; benchmark_loan 贷款基准利率, lpr
	term_months integer! 期限; months the rate holds for, upper end of its bucket
	rate numeric! 利率; per year, fraction
	valid_from date! 生效日期; first day
	valid_to date 失效日期; day after the last
$$);
SELECT risk_screen._define_role('debt_plan', 'money', '债务处置方案', 'Debt plans',
	'One instalment or swap of an institution''s debt plan, with what was paid', $$
	plan_id text! 方案编号; plan
	inst_id text! 机构编号; debtor
	creditor_id text 债权人; investor
	cohort text 批次; group of investors
	seq integer 期次; number
	kind text 方式; instalment 分期兑付, swap 债转股
	due_on date! 到期日; due
	amount numeric! 应付金额; yuan
	paid_on date 支付日; NULL while unpaid
	paid_amount numeric 已付金额; yuan
$$);
SELECT risk_screen._define_role('recovery', 'money', '追偿', 'Recoveries',
	'One sum recovered for the victims of a case', $$
	recovery_id text! 追偿编号; identifier
	inst_id text! 机构编号; institution of the case
	case_ref text 案件编号; court or police reference
	kind text 方式; court 诉讼, seizure 查封, sale 变卖, repayment 退赔
	amount numeric! 追回金额; yuan
	loss numeric 损失金额; loss it is set against
	recovered_on date! 日期; date
$$);
