-- Rules of sections D, E, F, I and K that need one look at a register.

SELECT risk_screen._ship_rule('D07', 'orange', '{EC,AM,TRU}', '{}', '{holding,investor,product}', '{}', $$
	SELECT 'investor' AS subject_kind, h.investor_id AS subject_id, p.inst_id, h.amount AS observed, 0 AS threshold, h.amount, h.as_of::timestamptz AS occurred_at,
		   jsonb_build_object('product_id', p.product_id, 'qualified', v.qualified, 'qualified_to', v.qualified_to) AS evidence, 'investor:' || h.investor_id || '@' || p.product_id AS finding_key
	  FROM product AS p
	  JOIN LATERAL (SELECT DISTINCT ON (x.investor_id) x.* FROM holding AS x WHERE x.product_id = p.product_id AND x.as_of <= $1 ORDER BY x.investor_id, x.as_of DESC) AS h ON h.amount > 0
	  LEFT JOIN investor AS v ON v.investor_id = h.investor_id
	 WHERE p.offering = 'private' AND coalesce(v.kind, 'person') <> 'product' AND (v.qualified IS NOT TRUE OR v.qualified_to <= h.as_of)
	   AND NOT EXISTS (SELECT FROM product AS q WHERE q.product_id = h.investor_id)
$$, '私募产品由非合格投资者持有。', 'A private product is held by somebody who is not a qualified investor.');

SELECT risk_screen._ship_rule('E05', 'orange', '{INS}', '{}', '{cooperation,licence}', '{}', $$
	SELECT 'cooperation' AS subject_kind, c.coop_id AS subject_id, c.inst_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, c.valid_from::timestamptz AS occurred_at,
		   jsonb_build_object('partner', c.partner_id, 'business', c.biz) AS evidence
	  FROM cooperation AS c JOIN institution AS i ON i.inst_id = c.inst_id AND 'INS' = ANY (i.lines)
	 WHERE c.valid_from <= $1 AND (c.valid_to > $1 OR c.valid_to IS NULL)
	   AND NOT EXISTS (SELECT FROM licence AS l WHERE l.inst_id = c.partner_id AND (l.biz = c.biz OR c.biz IS NULL) AND l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid')
$$, '与无经营资质的第三方平台合作。', 'Cooperation with a platform without a licence.');

SELECT risk_screen._ship_rule('E17', 'red', '{PAY}', '{}', '{txn,account}', '{}', $$
	SELECT 'transfer' AS subject_kind, t.txn_id AS subject_id, a.inst_id, t.amount AS observed, 0 AS threshold, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount, t.paid_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('from', t.payer, 'to', t.payee, 'currency', nullif(t.currency, 'CNY'))) AS evidence
	  FROM txn AS t JOIN account AS a ON a.account_id = t.payer AND a.owner_kind = 'reserve'
	 WHERE t.purpose = 'redemption' AND t.paid_at >= $2 AND t.paid_at < $3
$$, '备付金垫付基金等投资产品的赎回。', 'Client reserve pre-paid a redemption.');

SELECT risk_screen._ship_rule('E19', 'yellow', '{ALL}', '{}', '{holding,product,investor}', '{}', $$
	SELECT 'investor' AS subject_kind, s.investor_id AS subject_id, p.inst_id, p.risk_level AS observed, v.risk_capacity AS threshold, s.amount, s.at AS occurred_at,
		   jsonb_build_object('product_id', p.product_id, 'risk_level', p.risk_level, 'risk_capacity', v.risk_capacity) AS evidence, 'investor:' || s.investor_id || '@' || p.product_id AS finding_key
	  FROM (SELECT DISTINCT ON (investor_id, product_id) investor_id, product_id, amount, at
			  FROM (SELECT x.investor_id, x.product_id, x.amount, x.sold_at AS at FROM sale AS x WHERE x.sold_at >= $2 AND x.sold_at < $3
					 UNION ALL SELECT h.investor_id, h.product_id, h.amount, h.as_of::timestamptz FROM holding AS h WHERE h.as_of <= $1 AND h.as_of >= $2::date AND h.amount > 0) AS y
			 ORDER BY investor_id, product_id, at) AS s
	  JOIN product AS p USING (product_id) JOIN investor AS v USING (investor_id)
	 WHERE p.risk_level > v.risk_capacity
$$, '产品风险等级高于客户风险承受能力。', 'The product is riskier than the customer can bear.');

SELECT risk_screen._ship_rule('F15', 'yellow', '{ALL}', '{}', '{product}', '{}', $$
	SELECT 'product' AS subject_kind, p.product_id AS subject_id, p.inst_id, 1 AS observed, 0 AS threshold, p.target_amount AS amount, p.issued_on::timestamptz AS occurred_at, jsonb_build_object('name', p.name) AS evidence
	  FROM product AS p
	 WHERE p.reg_no IS NULL AND coalesce(p.issued_on <= $1, true) AND (p.ended_on > $1 OR p.ended_on IS NULL)
	   AND EXISTS (SELECT FROM product AS q WHERE q.reg_no IS NOT NULL)
$$, '产品未在集中登记系统登记。', 'The product is not in the central register.', 'micro');

SELECT risk_screen._ship_rule('I01', 'yellow', '{ALL}', '{}', '{kyc,txn}', '{}', $$
	WITH checks AS (
		SELECT k.user_id, bool_or(k.online_ok) AS online_ok, bool_or(k.offline_ok) AS offline_ok FROM kyc AS k
		 WHERE coalesce(k.checked_on <= $1, true) AND (k.valid_to > $1 OR k.valid_to IS NULL) GROUP BY k.user_id)
	SELECT 'user' AS subject_kind, c.user_id AS subject_id, min(t.inst_id) AS inst_id, count(*) AS observed, 0 AS threshold, sum(t.amount) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY') AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('online', coalesce(c.online_ok, false), 'offline', coalesce(c.offline_ok, false), 'other_currencies', nullif(count(*) FILTER (WHERE t.currency <> 'CNY'), 0))) AS evidence
	  FROM checks AS c JOIN txn AS t ON t.payer_owner = c.user_id AND t.paid_at >= $2 AND t.paid_at < $3
	 WHERE NOT (coalesce(c.online_ok, false) AND coalesce(c.offline_ok, false)) GROUP BY c.user_id, c.online_ok, c.offline_ok
$$, '用户未经线上线下交叉核验而交易。', 'A user trades without both checks of identity.');

SELECT risk_screen._ship_rule('I33', 'yellow', '{ALL}', '{}', '{cooperation}', '{}', $$
	SELECT 'cooperation' AS subject_kind, c.coop_id AS subject_id, c.inst_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, c.valid_from::timestamptz AS occurred_at, jsonb_build_object('partner', c.partner_id) AS evidence
	  FROM cooperation AS c WHERE c.aml_clause IS FALSE AND c.valid_from <= $1 AND (c.valid_to > $1 OR c.valid_to IS NULL)
$$, '合作协议缺少反洗钱条款。', 'A cooperation contract lacks the anti-money-laundering clause.');

SELECT risk_screen._ship_rule('K05', 'red', '{ALL}', '{}', '{authority_order}', '{}', $$
	WITH o AS (
		SELECT x.inst_id, min(coalesce(x.effective_at, x.issued_at)) AS since, min(x.order_id) AS order_id FROM authority_order AS x
		 WHERE x.kind IN ('suspend_new', 'suspend', 'revoke', 'ban') AND coalesce(x.effective_at, x.issued_at) < $3 AND (x.lifted_at IS NULL OR x.lifted_at >= $3) GROUP BY x.inst_id)
	SELECT 'institution' AS subject_kind, o.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, sum(n.amount) AS amount, max(n.at)::timestamptz AS occurred_at,
		   jsonb_build_object('order_id', o.order_id, 'since', o.since, 'new', (array_agg(n.what ORDER BY n.at, n.what))[1:20]) AS evidence
	  FROM o JOIN (SELECT l.inst_id, 'loan ' || l.loan_id AS what, l.amount, l.started_on AS at FROM loan_in_yuan AS l WHERE l.started_on <= $1
					 UNION ALL SELECT p.inst_id, 'product ' || p.product_id, p.target_amount, p.issued_on FROM product AS p WHERE p.issued_on <= $1) AS n
	    ON n.inst_id = o.inst_id AND n.at > o.since::date
	 GROUP BY o.inst_id, o.order_id, o.since
$$, '责令停止新业务之后仍开展新业务。', 'New business after the order to stop.');

SELECT risk_screen._ship_rule('K12', 'red', '{ALL}', '{}', '{freeze_order,txn}', '{}', $$
	SELECT 'transfer' AS subject_kind, t.txn_id AS subject_id, coalesce(f.inst_id, t.inst_id) AS inst_id, t.amount AS observed, 0 AS threshold, CASE WHEN coalesce(t.currency, 'CNY') = 'CNY' THEN t.amount END AS amount, t.paid_at AS occurred_at,
		   jsonb_strip_nulls(jsonb_build_object('freeze_id', f.freeze_id, 'account', f.account_id, 'currency', nullif(t.currency, 'CNY'))) AS evidence
	  FROM freeze_order AS f JOIN txn AS t ON t.payer = f.account_id AND t.paid_at >= f.from_at AND (t.paid_at < f.to_at OR f.to_at IS NULL)
	 WHERE f.kind = 'account' AND f.amount IS NULL AND t.paid_at >= $2 AND t.paid_at < $3
$$, '冻结期间账户仍有转出。', 'Money left a frozen account.');

SELECT risk_screen._ship_rule('K15', 'yellow', '{}', '{}', '{penalty}', '{}', $$
	SELECT 'case' AS subject_kind, p.case_ref AS subject_id, NULL::text AS inst_id, 1 AS observed, 0 AS threshold, sum(p.amount) AS amount, max(p.decided_on)::timestamptz AS occurred_at,
		   jsonb_build_object('punished', jsonb_agg(DISTINCT p.subject_kind)) AS evidence
	  FROM penalty AS p WHERE p.case_ref IS NOT NULL AND p.decided_on <= $1 AND p.decided_on >= $2::date
	 GROUP BY p.case_ref HAVING count(DISTINCT p.subject_kind) = 1
$$, '只罚机构未罚责任人（或相反），双罚制未落实。', 'Only the firm, or only the person, was punished.');

SELECT risk_screen._ship_rule('E08', 'red', '{ALL}', '{}', '{product,licence}', '{}', $$
	SELECT 'institution' AS subject_kind, p.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, sum(p.target_amount) AS amount, min(p.issued_on)::timestamptz AS occurred_at,
		   jsonb_build_object('products', (array_agg(p.product_id ORDER BY p.product_id))[1:20]) AS evidence
	  FROM product AS p
	 WHERE p.biz = 'INS' AND coalesce(p.issued_on <= $1, true) AND (p.ended_on > $1 OR p.ended_on IS NULL)
	   AND NOT EXISTS (SELECT FROM licence AS l WHERE l.inst_id = p.inst_id AND l.biz = 'INS' AND l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid')
	 GROUP BY p.inst_id
$$, '非持牌机构开展互联网保险业务。', 'Insurance business without a licence.');

SELECT risk_screen._ship_rule('F01', 'red', '{ALL}', '{}', '{institution,licence}', '{}',
	(SELECT body FROM risk_screen.rule WHERE code = 'H09'), '未取得相关金融业务资质开展业务。', 'Business without the matching licence.');
