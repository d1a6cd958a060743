-- 出借人-平台-借款人: where the lenders' money of each platform sits, by who holds it.

INSERT INTO risk_screen._desk_object (name, ordinal, ddl, description, columns) VALUES
('money_by_holder', 120, $$
CREATE VIEW money_by_holder WITH (security_invoker) AS
	-- grouped before the names are joined: the planner multiplies the values of all columns grouped by
	SELECT s.as_of, s.inst_id, i.name, s.holder_kind,
		   coalesce(l.title_zh, CASE s.holder_kind WHEN 'fee' THEN '手续费' WHEN 'cut' THEN '未跟踪' WHEN 'unknown' THEN '未知' ELSE '其他' END) AS holder_kind_zh,
		   s.accounts, s.amount, s.share, s.related_amount, s.share_related, s.holder_kind NOT IN ('unknown', 'cut') AS traced
	  FROM (SELECT c.as_of, m.inst_id, h.holder_kind, count(*) AS accounts, sum(h.amount) AS amount,
				   round(sum(h.amount) / sum(sum(h.amount)) OVER (PARTITION BY m.inst_id), 6) AS share,
				   coalesce(sum(h.amount) FILTER (WHERE h.related), 0) AS related_amount,
				   round(coalesce(sum(h.amount) FILTER (WHERE h.related), 0) / sum(sum(h.amount)) OVER (PARTITION BY m.inst_id), 6) AS share_related
			  FROM current_run AS c
			  JOIN money_trace AS m USING (run_id)
			  LEFT JOIN LATERAL (SELECT a.owner_kind FROM account AS a WHERE a.account_id = m.account_id ORDER BY a.owner_id LIMIT 1) AS a ON true
			 CROSS JOIN LATERAL (VALUES
				(CASE WHEN m.owner_id IS NULL THEN 'unknown' ELSE coalesce(a.owner_kind, 'other') END, m.held, m.related),
				(coalesce(a.owner_kind, 'other'), m.exited, false),
				('fee', m.fee, false),
				('cut', m.cut, false)) AS h (holder_kind, amount, related)
			 WHERE h.amount > 0
			 GROUP BY c.as_of, m.inst_id, h.holder_kind) AS s
	  LEFT JOIN institution AS i ON i.inst_id = s.inst_id
	  LEFT JOIN risk_screen.code_label AS l ON l.domain = 'owner_kind' AND l.code = s.holder_kind
$$, '资金分布: lenders'' money of each platform by kind of holder, the shares with related parties and not yet traced', $$
as_of 监测日期; day
inst_id 机构编号; platform
name 机构名称; name
holder_kind 持有人性质; code of the account's owner_kind, other, unknown (holder not filed), fee, or cut (not followed)
holder_kind_zh 持有人性质名称; in Chinese
accounts 账户数; accounts
amount 金额; lenders' money, yuan
share 占比; fraction of the platform's lenders' money; a platform's rows add up to 1
related_amount 关联方金额; of it with the platform's related parties, yuan
share_related 关联方占比; fraction of the platform's lenders' money
traced 已查明; false: it is not known who has it
$$);
