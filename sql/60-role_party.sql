-- Roles of parties: institutions, licences, people, owners, registers, lists.

SELECT risk_screen._define_role('institution', 'party', '机构', 'Institutions',
	'One supervised or observed firm, or self-employed person, with its state today', $$
	inst_id text! 机构编号; identifier used in every other role
	uscc text 统一社会信用代码; unified social credit code
	name text! 机构名称; registered name
	scope_text text 经营范围; registered business scope, as written
	kind text 主体类型; enterprise 企业, self_employed 个体工商户, branch 分支机构, social 社会组织
	lines text[] 业务条线; lines of business observed: P2P EC INS FUND TRU PAY AM AD NAME VC FUT
	platform_type text 平台类型; p2p_platform, e_commerce, social, micro_loan, payment, insurer, fund_seller, exchange ...
	is_financial boolean 是否持牌金融机构; true for a licensed financial institution
	province text 注册省份; province of registration
	city text 注册城市; city of registration
	district text 注册区县; district of registration
	address text 注册地址; registered address
	operating_provinces text[] 经营省份; provinces where business is done
	registered_on date 成立日期; date of registration
	moved_in_on date 迁入日期; date of moving into the province, if it did
	status text 经营状态; active 存续, suspended 停业, exited 退出, revoked 吊销, closed 注销
	status_since date 状态起始日; since when the status holds
	group_id text 所属集团; group, see related_group
	controller_id text 实际控制人; actual controller as filed
	supervisor text 归口监管部门; authority in charge
	registered_capital numeric 注册资本; yuan
	paid_in_capital numeric 实缴资本; yuan
	employees integer 员工人数; staff as last filed
	size_class text 企业规模; large 大型, medium 中型, small 小型, micro 微型
	website text 网站; address of the site
	icp_no text ICP备案号; filing number of the website
	app_id text 应用编号; identifier of its app in the stores
$$);
SELECT risk_screen._define_role('licence', 'party', '许可证', 'Licences and filings of business',
	'One licence of an institution for one line of business and one period', $$
	inst_id text! 机构编号; licensed institution
	biz text! 业务种类; line or service code licensed, see code_label domain line and service
	licence_no text 许可证号; number of the licence
	authority text 发证机关; issuing authority
	scope_text text 许可范围; what it allows, as written
	valid_from date! 生效日期; first day
	valid_to date 失效日期; day after the last; NULL while in force
	status text 状态; valid 有效, suspended 暂停, revoked 吊销
$$);
SELECT risk_screen._define_role('rating', 'party', '监管评级', 'Supervisory ratings',
	'One rating of an institution, for one line, over a period', $$
	inst_id text! 机构编号; rated institution
	biz text 业务种类; line rated; NULL: the institution
	rating text! 评级; rating code
	valid_from date! 生效日期; first day
	valid_to date 失效日期; day after the last; NULL while in force
$$);
SELECT risk_screen._define_role('person', 'party', '从业人员', 'People in posts',
	'One person in one post of an institution', $$
	person_id text! 人员编号; identifier of the person, comparable with account.owner_id
	inst_id text! 机构编号; institution of the post
	name text 姓名; name
	post text! 职务; legal_representative, director, executive, risk_officer, sales, controller, shareholder, staff
	post_from date 任职日期; first day in the post
	post_to date 离任日期; day after the last; NULL while in post
	qualified boolean 是否具备任职资格; fit-and-proper approval or sales qualification
	qualified_from date 资格生效日; first day of the qualification
	qualified_to date 资格失效日; day after the last
	ban_from date 禁业起始日; first day of a ban from the trade
	ban_to date 禁业截止日; day after the last; NULL with ban_from: for life
$$);
SELECT risk_screen._define_role('party', 'party', '相对方', 'Borrowers, issuers, customers, owners',
	'One person or firm that is not itself a supervised institution: the borrower and issuer register', $$
	party_id text! 主体编号; identifier used as owner, borrower, issuer, investor
	kind text 主体类型; person 个人, enterprise 企业, partnership 合伙企业, product 产品, state 国有, listed 上市公司
	name text 名称; name
	identity_no text 证件号码; identity number or its hash: equal means the same person
	province text 所在省份; province
	address text 地址; address
	size_class text 企业规模; large, medium, small, micro
	industry text 行业; developer 房地产开发, agent 房产中介, securities, ...
	staff_of text 所属机构; institution that employs the person
	registered_on date 登记日期; date of entry in the register
$$);
SELECT risk_screen._define_role('equity', 'party', '股权与控制', 'Shareholdings and control',
	'One owner''s share in one firm over a period; columns are the holdings contract of look_through()', $$
	owner text! 股东; holder: person, firm or institution
	owned text! 被投资方; firm held
	share numeric 持股比例; fraction of 1; NULL: unknown
	votes numeric 表决权比例; fraction of 1; NULL: as share
	share_min numeric 持股下限; lower bound if the share is a range
	share_max numeric 持股上限; upper bound
	kind text 持有方式; equity 股权, nominee 代持, control 协议控制, concert 一致行动
	owner_kind text 股东类型; person, enterprise, partnership, state, listed, foreign
	valid_from date 生效日期; first day
	valid_to date 失效日期; day after the last; NULL while held
$$);
SELECT risk_screen._define_role('related_group', 'party', '集团成员', 'Group membership',
	'One institution as member of a group', $$
	group_id text! 集团编号; group
	inst_id text! 机构编号; member: institution or firm
	group_name text 集团名称; name of the group
	biz text 业务种类; what the member does in the group
	valid_from date 生效日期; first day
	valid_to date 失效日期; day after the last
$$);
SELECT risk_screen._define_role('related_party', 'party', '关联关系', 'Other relations',
	'One relation that is not a shareholding: family, common officers, common address', $$
	a text! 主体甲; one party
	b text! 主体乙; the other
	relation text 关系; family 亲属, officer 任职, address 同址, phone 同号, guarantee 互保, contract 协议
	valid_from date 生效日期; first day
	valid_to date 失效日期; day after the last
$$);
SELECT risk_screen._define_role('registration', 'party', '登记事项', 'Registration events',
	'One application at the company register: new, change, move-in', $$
	event_id text! 登记编号; identifier of the event
	inst_id text! 机构编号; firm
	event text! 事项; new 设立, change 变更, move_in 迁入, cancel 注销
	happened_on date! 申请日期; date of the application
	name text 名称; name applied for
	scope_text text 经营范围; scope applied for
	kind text 主体类型; enterprise, self_employed
	province text 登记省份; province of the register
	from_province text 迁出省份; where it moves from
	approved boolean 是否经批准; approval of the financial authority present
	approval_no text 批准文号; its number
	decision text 登记结果; accepted 核准, rejected 驳回, pending 待定
	decided_on date 决定日期; date of the decision
$$);
SELECT risk_screen._define_role('approval', 'party', '批准文件', 'Approvals',
	'One approval outside licensing: public offering, trading venue, move-in', $$
	approval_no text! 批准文号; number
	inst_id text 机构编号; institution approved
	product_id text 产品编号; product approved
	kind text! 批准事项; public_offering 公开发行, venue 交易场所, move_in 迁入, naming 名称
	authority text 批准机关; authority
	valid_from date! 生效日期; first day
	valid_to date 失效日期; day after the last
$$);
SELECT risk_screen._define_role('directory', 'party', '机构名录', 'Directories',
	'One firm as listed by one source: register, financial bureau, census', $$
	source text! 来源; register 工商登记, bureau 金融局, census 摸底排查, association 协会
	inst_id text 机构编号; institution, if matched
	uscc text 统一社会信用代码; unified social credit code
	name text 名称; name in the source
	line text 业务条线; line it is listed for
	province text 省份; province
	listed_on date 列入日期; date of entry
$$);
SELECT risk_screen._define_role('blacklist', 'party', '黑名单', 'Black lists',
	'One party on a black list over a period', $$
	list_name text! 名单; name of the list
	subject_id text 主体编号; party or institution
	uscc text 统一社会信用代码; credit code, if the list gives it
	name text 名称; name on the list
	reason text 列入原因; reason
	source text 来源; authority
	valid_from date! 列入日期; first day
	valid_to date 移出日期; day after the last
$$);
SELECT risk_screen._define_role('restriction', 'party', '限制措施', 'Restrictions of offenders',
	'One party barred from something over a period', $$
	restriction_id text! 限制编号; identifier
	subject_id text! 主体编号; party or institution
	kind text! 限制事项; procurement 政府采购, bank_credit 银行贷款, profession 从业
	basis text 依据; decision it rests on
	valid_from date! 生效日期; first day
	valid_to date 失效日期; day after the last; NULL: for life
$$);
SELECT risk_screen._define_role('award', 'party', '受益事项', 'Procurement and credit granted',
	'One procurement award or bank loan granted to a party', $$
	award_id text! 事项编号; identifier
	subject_id text! 主体编号; party or institution
	kind text! 类别; procurement, bank_credit
	amount numeric 金额; yuan
	awarded_on date! 日期; date granted
	grantor text 授予方; authority or bank
$$);
SELECT risk_screen._define_role('listed_account', 'party', '名单账户', 'Listed accounts and addresses',
	'One account, address or card on a list of suspicious or special accounts', $$
	list_name text! 名单; name of the list
	account_id text! 账户编号; account or wallet address
	kind text! 类别; exchange 虚拟货币交易所, otc 场外, gambling 赌博, fraud 诈骗, securities 证券
	source text 来源; authority
	valid_from date 列入日期; first day
	valid_to date 移出日期; day after the last
$$);
SELECT risk_screen._define_role('eligible_bank', 'party', '合格银行名单', 'Eligible banks',
	'One bank on a versioned list of banks that may hold custody or reserve accounts', $$
	bank_id text! 银行编号; bank, as in account.bank_id
	name text 银行名称; name
	list_name text! 名单; custody 资金存管, reserve 备付金
	valid_from date! 生效日期; first day
	valid_to date 失效日期; day after the last
$$);
SELECT risk_screen._define_role('responsibility', 'party', '职责分工', 'Responsible authorities',
	'One authority responsible for a line or region', $$
	line text 业务条线; line
	region text 地区; province or city
	authority text! 部门; authority
	duty text 职责; lead 牵头, regulator 监管, local 属地, office 办公室
	contact text 联系人; person or mailbox alerts go to
	valid_from date 生效日期; first day
	valid_to date 失效日期; day after the last
$$);
