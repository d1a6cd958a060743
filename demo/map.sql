-- demo/map.sql - map the sample warehouse onto the roles of the workspace `desk`.
--
-- This is the whole work of an adoption: one query per role, written once.
-- Columns are found by name and cast; the ones a warehouse lacks are left out.
-- Units and codes are translated here: 万元 to yuan, per cent to fractions,
-- 存续 to active. `SELECT risk_screen.role_template('txn')` prints what a role
-- can hold; a role left unmapped makes its rules answer `unknown`.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
CALL risk_screen.create_workspace('desk');

-- Parties and registers ------------------------------------------------------
CALL risk_screen.map_role('desk', 'institution', $$
	SELECT org_id AS inst_id, uscc, org_name AS name, biz_scope AS scope_text,
	       CASE subject_type WHEN '企业' THEN 'enterprise' WHEN '个体工商户' THEN 'self_employed' ELSE 'social' END AS kind,
	       CASE WHEN line IN ('P2P', 'EC', 'INS', 'FUND', 'TRU', 'PAY', 'AM') THEN ARRAY[line] ELSE '{}' END AS lines,
	       CASE line WHEN 'P2P' THEN 'p2p_platform' WHEN 'PAY' THEN 'payment' WHEN 'INS' THEN 'insurer' WHEN 'FUND' THEN 'fund_seller' END AS platform_type,
	       is_fin_inst AS is_financial, prov AS province, city, address,
	       string_to_array(op_prov_list, ',') AS operating_provinces,
	       est_date AS registered_on, move_in_date AS moved_in_on,
	       CASE reg_state WHEN '存续' THEN 'active' WHEN '已退出' THEN 'exited' WHEN '注销' THEN 'closed' END AS status,
	       grp_no AS group_id, reg_capital_wan * 10000 AS registered_capital, paid_in_wan * 10000 AS paid_in_capital,
	       staff AS employees, icp_no, app_no AS app_id
	  FROM filing.org$$);
CALL risk_screen.map_role('desk', 'licence', $$
	SELECT org_id AS inst_id, biz_code AS biz, lic_no AS licence_no, authority, lic_scope AS scope_text, valid_from,
	       valid_to + 1 AS valid_to, 'valid' AS status
	  FROM filing.licence$$);
CALL risk_screen.map_role('desk', 'rating', $$
	SELECT org_id AS inst_id, line AS biz, rating, DATE '2026-01-01' AS valid_from, (SELECT min(from_date) FROM filing.rating_change AS c WHERE c.org_id = o.org_id) AS valid_to
	  FROM filing.org AS o WHERE rating IS NOT NULL
	UNION ALL
	SELECT org_id, line, c.rating, from_date, lead(from_date) OVER (PARTITION BY org_id ORDER BY from_date) FROM filing.rating_change AS c JOIN filing.org USING (org_id)$$);
CALL risk_screen.map_role('desk', 'person', $$
	SELECT person_id, org_id AS inst_id, person_name AS name,
	       CASE post WHEN '法定代表人' THEN 'legal_representative' ELSE 'executive' END AS post,
	       from_date AS post_from, to_date AS post_to, qualified, ban_from, ban_to
	  FROM filing.officer$$);
CALL risk_screen.map_role('desk', 'equity', $$
	SELECT coalesce(for_whom, holder_id) AS owner,           -- 代持: counted for the person it is held for
	       org_id AS owned, pct * 0.01 AS share, vote_pct * 0.01 AS votes,
	       CASE hold_type WHEN '代持' THEN 'nominee' WHEN '协议控制' THEN 'control' ELSE 'equity' END AS kind,
	       CASE c.client_class WHEN '个人' THEN 'person' ELSE 'enterprise' END AS owner_kind,
	       from_date AS valid_from, to_date AS valid_to
	  FROM filing.shareholding LEFT JOIN filing.client AS c ON c.client_id = coalesce(for_whom, holder_id)$$);
CALL risk_screen.map_role('desk', 'party', $$
	SELECT client_id AS party_id, CASE client_class WHEN '个人' THEN 'person' ELSE 'enterprise' END AS kind, client_name AS name,
	       id_token AS identity_no, prov AS province,
	       CASE WHEN client_name LIKE '%置业%' OR client_name LIKE '%房地产%' THEN 'developer' WHEN client_name LIKE '%电子商务%' THEN 'e_commerce' END AS industry
	  FROM filing.client$$);
CALL risk_screen.map_role('desk', 'registration', $$
	SELECT event_no AS event_id, e.org_id AS inst_id,
	       CASE event_type WHEN '设立' THEN 'new' WHEN '迁入' THEN 'move_in' ELSE 'change' END AS event,
	       event_date AS happened_on, new_name AS name, new_scope AS scope_text,
	       CASE subject_type WHEN '个体工商户' THEN 'self_employed' ELSE 'enterprise' END AS kind, prov AS province,
	       approval_no IS NOT NULL AS approved, approval_no, 'pending' AS decision
	  FROM filing.name_event AS e JOIN filing.org USING (org_id)$$);
CALL risk_screen.map_role('desk', 'approval', $$
	SELECT move_in_approval AS approval_no, org_id AS inst_id, 'move_in' AS kind, move_in_date AS valid_from
	  FROM filing.org WHERE move_in_approval IS NOT NULL$$);
CALL risk_screen.map_role('desk', 'eligible_bank', $$
	SELECT bank_id, bank_name AS name, l AS list_name, DATE '2016-01-01' AS valid_from
	  FROM filing.bank, unnest(ARRAY['custody', 'reserve']) AS l WHERE on_custody_list$$);
CALL risk_screen.map_role('desk', 'blacklist', $$
	SELECT '黑名单' AS list_name, subject_id, subject_name AS name, reason, from_date AS valid_from, to_date AS valid_to
	  FROM filing.blacklist$$);
CALL risk_screen.map_role('desk', 'listed_account', $$
	SELECT '场外币商' AS list_name, a.acct_no AS account_id, 'otc' AS kind, b.from_date AS valid_from
	  FROM filing.blacklist AS b JOIN filing.bank_account AS a ON a.owner_id = b.subject_id WHERE b.reason LIKE '%虚拟货币%'$$);

-- Accounts, transfers, figures -----------------------------------------------
CALL risk_screen.map_role('desk', 'account', $$
	SELECT acct_no AS account_id, owner_id,
	       CASE owner_class WHEN '客户' THEN 'client' WHEN '自有' THEN 'own' WHEN '备付金' THEN 'reserve' WHEN '存管' THEN 'custody'
	            WHEN '客户资金' THEN 'client' WHEN '证券' THEN 'client' END AS owner_kind,
	       org_id AS inst_id, CASE owner_class WHEN '证券' THEN 'securities' ELSE 'bank' END AS account_kind, bank_id,
	       CASE bank_class WHEN '人民银行' THEN 'pboc' WHEN '商业银行' THEN 'commercial' ELSE 'other' END AS bank_kind,
	       used_for AS purpose, bears_interest AS interest_bearing, true AS on_central_register, open_date AS opened_on, close_date AS closed_on
	  FROM filing.bank_account JOIN filing.bank USING (bank_id)$$);
CALL risk_screen.map_role('desk', 'txn', $$
	SELECT flow_id AS txn_id, out_acct AS payer, in_acct AS payee, amount, paid_at, ccy AS currency,
	       out_client AS payer_owner, in_client AS payee_owner, org_id AS inst_id,
	       CASE channel WHEN 'POS' THEN 'pos' WHEN '手机' THEN 'app' WHEN '官网' THEN 'platform' WHEN '支付' THEN 'payment' WHEN '网银' THEN 'bank' WHEN '代发' THEN 'bank' END AS channel,
	       CASE purpose WHEN '充值' THEN 'deposit' WHEN '出借' THEN 'lend' WHEN '放款' THEN 'disburse' WHEN '还款' THEN 'repay'
	            WHEN '回款' THEN 'payout' WHEN '兑付' THEN 'payout' WHEN '申购' THEN 'purchase' WHEN '理财认购' THEN 'purchase'
	            WHEN '赎回' THEN 'redemption' WHEN '垫付基金赎回' THEN 'redemption' WHEN '服务费' THEN 'fee' WHEN '消费' THEN 'consumption'
	            WHEN '工资' THEN 'salary' WHEN '购房款' THEN 'property' WHEN '商户结算' THEN 'settlement' ELSE 'transfer' END AS purpose,
	       prod_id AS product_id, loan_no AS loan_id, order_no AS order_id, review_no AS review_id,
	       CASE clearing WHEN '网联' THEN 'netsunion' WHEN '银联' THEN 'unionpay' WHEN '银行直连' THEN 'direct' ELSE 'pboc' END AS clearing_path
	  FROM filing.pay_flow$$);
CALL risk_screen.map_role('desk', 'balance', $$
	SELECT acct_no AS account_id, day AS as_of, end_balance AS balance, 'platform' AS source FROM filing.acct_day$$);
CALL risk_screen.map_role('desk', 'custody_statement', $$
	SELECT a.acct_no AS account_id, r.org_id AS inst_id, r.bank_id, r.day, r.bank_sum AS balance, r.received_at
	  FROM filing.custody_recon AS r JOIN filing.bank_account AS a ON a.org_id = r.org_id AND a.owner_class = '存管'$$);
CALL risk_screen.map_role('desk', 'position', $$
	SELECT org_id AS inst_id, report_date AS as_of,
	       CASE item WHEN 'loan_bal' THEN 'loan_balance' WHEN 'premium_lt' THEN 'premium_long' WHEN 'claims' THEN 'claims_paid'
	            WHEN 'claims_reserve' THEN 'claims_reserve_change' ELSE item END AS item,
	       amount AS value,
	       CASE WHEN item IN ('income', 'income_interest', 'traded_amount', 'risk_reserve_paid', 'surrender', 'premium_lt', 'claims', 'claims_reserve', 'premium_earned')
	            THEN date_trunc('month', report_date)::date END AS period_from
	  FROM filing.report_item$$);
CALL risk_screen.map_role('desk', 'debt', $$
	SELECT org_id || '-' || due_date AS debt_id, org_id AS inst_id, 'bank' AS kind, due_date AS due_on, amount FROM filing.debt_due$$);

-- Products, loans, customers, texts ------------------------------------------
CALL risk_screen.map_role('desk', 'product', $$
	SELECT prod_id AS product_id, org_id AS inst_id, prod_name AS name, line AS biz,
	       CASE WHEN is_public_fund THEN 'public_fund' WHEN line = 'INS' THEN 'wealth_insurance' WHEN offering = '私募' THEN 'private_fund' END AS kind,
	       issuer_id, CASE offering WHEN '公募' THEN 'public' ELSE 'private' END AS offering, risk_grade AS risk_level,
	       promised_pct * 0.01 AS rate_promised, actual_pct * 0.01 AS rate_actual, principal_guaranteed AS guaranteed, term_days,
	       parent_prod AS parent_product, reg_no, start_date AS issued_on, end_date AS ended_on,
	       -- what the loans behind a product bear is what its project returns
	       (SELECT round(avg(l.rate_pct) * 0.01, 6) FROM filing.creditor_right AS r JOIN filing.loan AS l USING (loan_no) WHERE r.prod_id = p.prod_id) AS project_return
	  FROM filing.product AS p$$);
CALL risk_screen.map_role('desk', 'product_investment', $$
	SELECT prod_id AS product_id, parent_prod AS target_id, 'product' AS target_kind, 1 AS share, start_date AS valid_from
	  FROM filing.product WHERE parent_prod IS NOT NULL$$);
CALL risk_screen.map_role('desk', 'loan', $$
	SELECT loan_no AS loan_id, org_id AS inst_id, borrower_id, principal AS amount, ccy AS currency, contract_date AS started_on, due_date AS matures_on,
	       rate_pct * 0.01 AS rate, CASE WHEN repaid_on IS NULL THEN principal ELSE 0 END AS outstanding, guarantor_id,
	       CASE purpose WHEN '首付' THEN 'property' ELSE 'trade' END AS purpose, is_property, paid_to_acct AS disbursed_account,
	       CASE WHEN repaid_on IS NULL THEN 'current' ELSE 'repaid' END AS status
	  FROM filing.loan, (VALUES ('CNY')) AS c (ccy)$$);
CALL risk_screen.map_role('desk', 'cash_flow', $$
	SELECT loan_no AS loan_id, cash_date AS paid_on, amount FROM filing.loan_cash$$);
CALL risk_screen.map_role('desk', 'collateral', $$
	SELECT 'YP' || loan_no AS collateral_id, loan_no AS loan_id, 'goods' AS kind, appraised, accepted FROM filing.loan$$);
CALL risk_screen.map_role('desk', 'claim', $$
	SELECT concat_ws('-', r.loan_no, r.lender_id, r.prod_id) AS claim_id, l.org_id AS inst_id, r.lender_id, r.loan_no AS loan_id, r.prod_id AS product_id,
	       r.amount, r.from_date AS from_on, r.to_date AS to_on,
	       (SELECT f.flow_id FROM filing.pay_flow AS f WHERE f.loan_no = r.loan_no AND f.out_client = r.lender_id AND f.purpose = '出借' LIMIT 1) AS txn_id
	  FROM filing.creditor_right AS r JOIN filing.loan AS l USING (loan_no)$$);
CALL risk_screen.map_role('desk', 'holding', $$
	SELECT investor_id, prod_id AS product_id, amount, as_of FROM filing.product_holder$$);
CALL risk_screen.map_role('desk', 'investor', $$
	SELECT client_id AS investor_id, CASE client_class WHEN '个人' THEN 'person' ELSE 'enterprise' END AS kind, client_name AS name,
	       risk_cap AS risk_capacity, is_qualified AS qualified, prov AS province
	  FROM filing.client$$);
CALL risk_screen.map_role('desk', 'sale', $$
	SELECT d.sale_no AS sale_id, d.prod_id AS product_id, p.org_id AS inst_id, d.client_id AS investor_id, d.sold_at, h.amount, CASE h.channel WHEN '官网' THEN 'app' END AS channel
	  FROM filing.dual_record AS d JOIN filing.product AS p USING (prod_id)
	  LEFT JOIN filing.product_holder AS h ON h.prod_id = d.prod_id AND h.investor_id = d.client_id
	UNION ALL
	SELECT h.prod_id || '-' || h.investor_id, h.prod_id, p.org_id, h.investor_id, h.bought_on::timestamptz, h.amount, CASE h.channel WHEN '官网' THEN 'app' END
	  FROM filing.product_holder AS h JOIN filing.product AS p USING (prod_id)
	 WHERE NOT EXISTS (SELECT FROM filing.dual_record AS d WHERE d.prod_id = h.prod_id)$$);
CALL risk_screen.map_role('desk', 'recording', $$
	SELECT 'SL' || sale_no AS recording_id, sale_no AS sale_id, prod_id AS product_id, org_id AS inst_id, sold_at AS taken_at,
	       audio_file AS audio_uri, video_file AS video_uri, keep_until
	  FROM filing.dual_record JOIN filing.product USING (prod_id) WHERE audio_file IS NOT NULL OR video_file IS NOT NULL$$);
CALL risk_screen.map_role('desk', 'kyc', $$
	SELECT client_id AS user_id, '*' AS inst_id, online_ok, offline_ok, checked_on FROM filing.client_check$$);
CALL risk_screen.map_role('desk', 'referral', $$
	SELECT client_id AS user_id, referrer_id AS parent_id FROM filing.client WHERE referrer_id IS NOT NULL$$);
CALL risk_screen.map_role('desk', 'complaint', $$
	SELECT case_no AS complaint_id, org_id AS inst_id, CASE channel WHEN '400电话' THEN 'institution' ELSE channel END AS channel,
	       CASE category WHEN '恶意催收' THEN 'collection' WHEN '信息泄露' THEN 'privacy' WHEN '无法提现' THEN 'payment' ELSE 'other' END AS category,
	       received_at, closed_at AS solved_at
	  FROM filing.complaint$$);
CALL risk_screen.map_role('desk', 'cooperation', $$
	SELECT org_id || '-' || partner_id AS coop_id, org_id AS inst_id, partner_id, line AS biz, aml_clause, from_date AS valid_from, to_date AS valid_to
	  FROM filing.cooperation$$);
CALL risk_screen.map_role('desk', 'ops_day', $$
	SELECT org_id AS inst_id, day, host(server_ip) AS server_ip, visits, failures, complaints_in, complaints_done AS complaints_solved
	  FROM filing.ops_day$$);
CALL risk_screen.map_role('desk', 'service', $$
	SELECT org_id AS inst_id, 'network_payment' AS code, est_date AS seen_from FROM filing.org WHERE line = 'PAY'$$);
CALL risk_screen.map_role('desk', 'marketing', $$
	SELECT act_no AS marketing_id, org_id AS inst_id, CASE mode WHEN '线下' THEN 'offline' ELSE 'online' END AS channel,
	       CASE activity WHEN '信用信息采集' THEN 'credit_collection' WHEN '贷后跟踪' THEN 'follow_up' ELSE 'promotion' END AS activity,
	       held_on AS happened_on, prov AS province, place
	  FROM filing.marketing$$);
CALL risk_screen.map_role('desk', 'text_item', $$
	SELECT text_no AS text_id, org_id AS inst_id, CASE text_type WHEN '舆情' THEN 'opinion' WHEN '评价' THEN 'review' ELSE 'ad' END AS kind, source,
	       CASE channel WHEN '官网' THEN 'web' WHEN '网站' THEN 'web' WHEN '微信公众号' THEN 'wechat' WHEN '朋友圈' THEN 'wechat' WHEN '微博' THEN 'weibo' WHEN '论坛' THEN 'forum'
	                    WHEN '电梯广告' THEN 'outdoor' WHEN '地铁广告' THEN 'outdoor' WHEN '校园海报' THEN 'outdoor' END AS channel,  -- 舆情监测 says who looked, not where it stood
	       true AS is_public, published_at, body,
	       prod_id AS product_id
	  FROM filing.publicity$$);

-- Oversight ------------------------------------------------------------------
CALL risk_screen.map_role('desk', 'feed', $$
	SELECT org_id || '-' || report_date AS feed_id, org_id AS inst_id, 'txn' AS role, report_date, received_at, lower(format) AS format,
	       'batch' AS mode, is_valid AS valid, row_count, row_count AS control_rows, control_sum AS amount_total, control_sum AS control_amount
	  FROM filing.feed_receipt$$);
CALL risk_screen.map_role('desk', 'filing', $$
	SELECT 'BA' || org_id AS filing_id, org_id AS inst_id, 'p2p_registration' AS kind, valid_from::timestamptz AS received_at, 'accepted' AS status
	  FROM filing.licence WHERE biz_code = 'P2P'
	UNION ALL
	SELECT concat_ws('-', report_type, subject_id, year_end), subject_id, CASE report_type WHEN '年报' THEN 'annual' ELSE 'risk_notice' END, received_at, 'accepted'
	  FROM filing.year_report$$);
CALL risk_screen.map_role('desk', 'assessment', $$
	SELECT org_id || '-' || assessed_on AS assessment_id, org_id AS inst_id, 'risk' AS kind, assessed_on, score FROM filing.risk_assessment$$);
CALL risk_screen.map_role('desk', 'penalty', $$
	SELECT case_no AS penalty_id, subject_id, 'institution' AS subject_kind, subject_id AS inst_id, 'fine' AS code, amount, illegal_turnover, decided_on,
	       shared_on::timestamptz AS shared_at
	  FROM filing.punishment$$);
CALL risk_screen.map_role('desk', 'directory', $$
	SELECT CASE source WHEN '工商' THEN 'register' WHEN '金融局' THEN 'bureau' ELSE 'census' END AS source, org_id AS inst_id, firm_name AS name,
	       nullif(line, 'BANK') AS line  -- banks are listed, but of no line
	  FROM filing.firm_list$$);
CALL risk_screen.map_role('desk', 'site', $$
	SELECT page_no AS site_id, org_id AS inst_id, 'website' AS kind, url, icp_no, body, found_at, is_alive AS alive FROM filing.web_page$$);
CALL risk_screen.map_role('desk', 'share_log', $$
	SELECT item_no AS share_id, CASE direction WHEN '发出' THEN 'sent' ELSE 'received' END AS direction, authority, 'lead' AS kind, sent_at, answered_at
	  FROM filing.lead_exchange$$);
CALL risk_screen.map_role('desk', 'official_request', $$
	SELECT request_no AS request_id, org_id AS inst_id, 'account' AS kind, authority, document_no AS authorisation_no, acct_no AS subject_id, asked_at
	  FROM filing.account_query$$);
CALL risk_screen.map_role('desk', 'macro_series', $$
	SELECT 'gdp' AS series, from_date AS period_from, to_date AS period_to, value_yi * 100000000 AS value, prov AS region FROM filing.gdp$$);
CALL risk_screen.map_role('desk', 'responsibility', $$
	SELECT line, NULL::text AS region, authority, 'regulator' AS duty
	  FROM (VALUES ('P2P', '金融监管总局'), ('PAY', '中国人民银行'), ('INS', '金融监管总局'), ('TRU', '金融监管总局'), ('FUND', '证监会'), ('EC', '证监会'), ('AM', '证监会')) AS v (line, authority)$$);
CALL risk_screen.map_role('desk', 'authority_order', $$
	SELECT act_no AS order_id, org_id AS inst_id, 'suspend_new' AS kind, done_at AS issued_at FROM filing.supervisory_act$$);
CALL risk_screen.map_role('desk', 'disclosure', $$
	SELECT concat_ws('-', org_id, item, period) AS disclosure_id, org_id AS inst_id, NULL::text AS product_id,
	       CASE item WHEN 'related_amount' THEN 'related_transactions' ELSE item END AS item,
	       (period + interval '1 month - 1 day')::date AS period, amount AS value, published_at AS disclosed_at
	  FROM filing.disclosure
	 UNION ALL
	-- what the page of a product shows
	SELECT concat_ws('-', p.prod_id, v.item), p.org_id, p.prod_id, v.item, NULL, NULL, coalesce(p.start_date, date '2026-01-01')::timestamptz
	  FROM filing.product AS p CROSS JOIN LATERAL (VALUES ('product', true), ('risk_level', p.risk_disclosed), ('investor_type', p.suits_disclosed)) AS v (item, shown)
	 WHERE v.shown$$);
COMMIT;
