-- demo/filing.sql - the tables of the sample regulator's warehouse.
--
-- They are the warehouse's own: its names, its units (registered capital in
-- 10,000 yuan, shares in per cent) and its Chinese codes. demo/map.sql shows
-- how an analyst maps such tables onto the role views of a workspace.
-- demo/generate prints this file and then the rows.

DROP SCHEMA IF EXISTS filing CASCADE;
CREATE SCHEMA filing;
COMMENT ON SCHEMA filing IS '示例：监管机构的报送数据仓库 (sample filings, generated, no real person or firm)';

CREATE TABLE filing.org (
	org_id text PRIMARY KEY, uscc text, org_name text, biz_scope text,
	subject_type text,              -- 企业 / 个体工商户 / 社会组织
	is_fin_inst boolean, line text, -- 业务条线, NULL: 非金融
	prov text, city text, op_prov_list text,
	est_date date, move_in_date date, move_in_approval text,
	reg_state text,                 -- 存续 / 注销 / 已退出
	grp_no text, icp_no text, app_no text, address text,
	reg_capital_wan numeric(14,2), paid_in_wan numeric(14,2), staff int, rating text);
COMMENT ON TABLE filing.org IS '主体登记：机构与企业名册';

CREATE TABLE filing.name_event (
	event_no bigint PRIMARY KEY, org_id text, event_type text, -- 设立 / 名称变更 / 范围变更 / 迁入
	event_date date, new_name text, new_scope text, approval_no text);
COMMENT ON TABLE filing.name_event IS '登记事件：设立、变更、迁入';

CREATE TABLE filing.licence (
	lic_no text PRIMARY KEY, org_id text, biz_code text, authority text,
	valid_from date, valid_to date, lic_scope text);
COMMENT ON TABLE filing.licence IS '金融许可与备案';

CREATE TABLE filing.officer (
	person_id text, person_name text, org_id text, post text, qualified boolean,
	from_date date, to_date date, ban_from date, ban_to date);
COMMENT ON TABLE filing.officer IS '董监高与从业人员';

CREATE TABLE filing.shareholding (
	holder_id text, holder_name text, org_id text, pct numeric(9,6), vote_pct numeric(9,6),
	hold_type text,                 -- 直接 / 代持 / 协议控制
	for_whom text,                  -- 代持时的实际出资人
	from_date date, to_date date);
COMMENT ON TABLE filing.shareholding IS '股东名册（百分比）';

CREATE TABLE filing.company_group (grp_no text, org_id text, line text);
COMMENT ON TABLE filing.company_group IS '集团成员';

CREATE TABLE filing.bank (bank_id text PRIMARY KEY, bank_name text, bank_class text, on_custody_list boolean);
COMMENT ON TABLE filing.bank IS '银行名录；on_custody_list: 资金存管银行名单';

CREATE TABLE filing.bank_account (
	acct_no text PRIMARY KEY, owner_id text,
	owner_class text,               -- 客户 / 自有 / 备付金 / 存管 / 客户资金(未存管)
	org_id text,                    -- 资金属于哪家机构的业务
	bank_id text, used_for text, bears_interest boolean, open_date date, close_date date);
COMMENT ON TABLE filing.bank_account IS '账户登记';

CREATE TABLE filing.pay_flow (
	flow_id bigint PRIMARY KEY, paid_at timestamptz NOT NULL,
	out_acct text NOT NULL, in_acct text NOT NULL, out_client text, in_client text,
	amount numeric(18,2) NOT NULL, ccy text, org_id text, channel text, purpose text,
	prod_id text, loan_no text, clearing text, review_no text, order_no text);
COMMENT ON TABLE filing.pay_flow IS '资金流水';

CREATE TABLE filing.acct_day (acct_no text, day date, end_balance numeric(18,2));
COMMENT ON TABLE filing.acct_day IS '账户日终余额（存管、备付金、自有账户）';

CREATE TABLE filing.report_item (org_id text, report_date date, item text, amount numeric(20,4));
COMMENT ON TABLE filing.report_item IS '统计报表项目';

CREATE TABLE filing.product (
	prod_id text PRIMARY KEY, org_id text, line text, issuer_id text, prod_name text,
	offering text,                  -- 公募 / 私募
	risk_grade int, promised_pct numeric(8,4), actual_pct numeric(8,4),
	principal_guaranteed boolean, term_days int, parent_prod text, reg_no text,
	is_public_fund boolean, risk_disclosed boolean, suits_disclosed boolean,
	start_date date, end_date date);
COMMENT ON TABLE filing.product IS '产品登记';

CREATE TABLE filing.loan (
	loan_no text PRIMARY KEY, org_id text, borrower_id text, principal numeric(18,2),
	contract_date date, due_date date, rate_pct numeric(8,4), guarantor_id text, purpose text,
	is_property boolean, paid_to_acct text, overdue_principal numeric(18,2),
	appraised numeric(18,2), accepted numeric(18,2), repaid_on date);
COMMENT ON TABLE filing.loan IS '网贷标的（借款合同）';

CREATE TABLE filing.loan_cash (loan_no text, cash_date date, amount numeric(18,2));
COMMENT ON TABLE filing.loan_cash IS '借款人现金流：收款为正，还款与费用为负';

CREATE TABLE filing.creditor_right (
	lender_id text, loan_no text, prod_id text, amount numeric(18,2), from_date date, to_date date);
COMMENT ON TABLE filing.creditor_right IS '出借人债权';

CREATE TABLE filing.product_holder (investor_id text, prod_id text, amount numeric(18,2), bought_on date, as_of date, channel text);
COMMENT ON TABLE filing.product_holder IS '产品持有人';

CREATE TABLE filing.client (
	client_id text PRIMARY KEY, client_name text, client_class text, -- 个人 / 企业
	id_token text, risk_cap int, is_qualified boolean, referrer_id text, prov text);
COMMENT ON TABLE filing.client IS '客户（脱敏）';

CREATE TABLE filing.client_check (client_id text, online_ok boolean, offline_ok boolean, checked_on date);
COMMENT ON TABLE filing.client_check IS '客户身份核验';

CREATE TABLE filing.ops_day (
	org_id text, day date, server_ip inet, visits bigint, failures int, complaints_in int, complaints_done int);
COMMENT ON TABLE filing.ops_day IS '运营日报';

CREATE TABLE filing.publicity (
	text_no bigint PRIMARY KEY, source text, published_at timestamptz, org_id text, channel text, body text,
	text_type text,                 -- 广告 / 舆情 / 评价
	prod_id text);
COMMENT ON TABLE filing.publicity IS '广告与网络文本';

CREATE TABLE filing.marketing (
	act_no bigint PRIMARY KEY, org_id text, mode text, -- 线上 / 线下
	activity text,                  -- 推介 / 信用信息采集 / 贷后跟踪
	held_on date, prov text, place text);
COMMENT ON TABLE filing.marketing IS '营销与外勤活动';

CREATE TABLE filing.dual_record (
	sale_no text PRIMARY KEY, prod_id text, client_id text, sold_at timestamptz,
	audio_file text, video_file text, keep_until date);
COMMENT ON TABLE filing.dual_record IS '销售记录与双录';

CREATE TABLE filing.feed_receipt (
	org_id text, report_date date, received_at timestamptz, format text, is_valid boolean,
	row_count int, control_sum numeric(20,2));
COMMENT ON TABLE filing.feed_receipt IS '报送回执';

CREATE TABLE filing.complaint (
	case_no bigint PRIMARY KEY, org_id text, received_at timestamptz, closed_at timestamptz,
	category text, channel text);
COMMENT ON TABLE filing.complaint IS '投诉举报';

CREATE TABLE filing.custody_recon (
	org_id text, bank_id text, day date, platform_sum numeric(18,2), bank_sum numeric(18,2), received_at timestamptz);
COMMENT ON TABLE filing.custody_recon IS '存管银行日对账';

CREATE TABLE filing.supervisory_act (
	act_no text PRIMARY KEY, org_id text, act_type text, done_at timestamptz, note text);
COMMENT ON TABLE filing.supervisory_act IS '监管措施';

CREATE TABLE filing.blacklist (subject_id text, subject_name text, reason text, from_date date, to_date date);
COMMENT ON TABLE filing.blacklist IS '黑名单';

CREATE TABLE filing.cooperation (org_id text, partner_id text, line text, aml_clause boolean, from_date date, to_date date);
COMMENT ON TABLE filing.cooperation IS '合作机构登记';

CREATE TABLE filing.debt_due (org_id text, due_date date, amount numeric(18,2));
COMMENT ON TABLE filing.debt_due IS '到期债务';

CREATE TABLE filing.year_report (subject_id text, report_type text, -- 年报 / 风险提示
	year_end date, received_at timestamptz);
COMMENT ON TABLE filing.year_report IS '信息公示平台报告';

CREATE TABLE filing.rating_change (org_id text, rating text, from_date date);
COMMENT ON TABLE filing.rating_change IS '评级调整（此前的评级见 org.rating）';

CREATE TABLE filing.risk_assessment (org_id text, assessed_on date, score numeric(5,1));
COMMENT ON TABLE filing.risk_assessment IS '定期风险评估';

CREATE TABLE filing.punishment (case_no text, subject_id text, amount numeric(18,2), illegal_turnover numeric(18,2), decided_on date, shared_on date);
COMMENT ON TABLE filing.punishment IS '行政处罚；shared_on: 推送国家信用信息共享平台';

CREATE TABLE filing.firm_list (source text, -- 工商 / 金融局 / 摸底
	org_id text, firm_name text, line text);
COMMENT ON TABLE filing.firm_list IS '机构名录（多个来源）';

CREATE TABLE filing.web_page (page_no bigint PRIMARY KEY, org_id text, url text, icp_no text, body text, found_at timestamptz, is_alive boolean);
COMMENT ON TABLE filing.web_page IS '网上巡查发现的网站和应用';

CREATE TABLE filing.lead_exchange (item_no bigint PRIMARY KEY, authority text, direction text, -- 发出 / 收到
	sent_at timestamptz, answered_at timestamptz);
COMMENT ON TABLE filing.lead_exchange IS '跨部门线索';

CREATE TABLE filing.account_query (request_no text, org_id text, acct_no text, authority text, document_no text, asked_at timestamptz);
COMMENT ON TABLE filing.account_query IS '账户查询登记';

CREATE TABLE filing.gdp (prov text, -- NULL: 全国
	from_date date, to_date date, value_yi numeric(18,2));
COMMENT ON TABLE filing.gdp IS '国内（地区）生产总值，亿元';

CREATE TABLE filing.disclosure (org_id text, period date, item text, amount numeric(20,6), published_at timestamptz);
COMMENT ON TABLE filing.disclosure IS '信息披露';

-- What was hidden in the rows, and where the innocent look-alikes are. Only
-- the tests read it; nothing of the screening does.
CREATE TABLE filing.planted (code text, subject text, note text, must_hit boolean NOT NULL DEFAULT true);
COMMENT ON TABLE filing.planted IS '测试专用：埋设的案例与无辜的相似者';
