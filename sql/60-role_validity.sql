-- What makes a filed row of a role valid: its day, its key, codes and ranges.
--
-- Used by feeds (validation), seals (day and key) and incremental screening
-- (day). A role with a day column holds events: a row belongs to that day for
-- good. A role without one is a register: the latest filing of a key counts.

UPDATE risk_screen.role AS r SET day_column = v.day_column
  FROM (VALUES ('txn', 'paid_at'), ('balance', 'as_of'), ('custody_statement', 'day'), ('position', 'as_of'), ('cash_flow', 'paid_on'),
			   ('repayment', 'paid_on'), ('payout', 'paid_on'), ('ops_day', 'day'), ('call_log', 'called_at'), ('marketing', 'happened_on'),
			   ('quote', 'quoted_at'), ('sale', 'sold_at'), ('disclosure', 'disclosed_at'), ('holding', 'as_of'), ('exposure', 'as_of'),
			   ('access_log', 'happened_at'), ('visit', 'visited_on'), ('recovery', 'recovered_on'), ('award', 'awarded_on')) AS v (role, day_column)
 WHERE r.role = v.role;

-- Keys: the identifier in the first column, or the columns named here. Cash
-- flows and repayments have none: two alike on one day are two.
UPDATE risk_screen.role_column AS c SET is_key = true
 WHERE c.ordinal = 1 AND c.required AND c.type = 'text' AND c.name ~ '_(id|no)$'
   AND c.role NOT IN ('account', 'balance', 'custody_statement', 'position', 'cash_flow', 'repayment', 'ops_day', 'holding', 'licence', 'rating', 'person',
					  'related_group', 'product_investment', 'service', 'schedule', 'referral', 'kyc', 'archive', 'certificate', 'claim', 'institution', 'eligible_bank');
UPDATE risk_screen.role_column AS c SET is_key = true
  FROM (VALUES ('account', '{account_id}'), ('institution', '{inst_id}'), ('balance', '{account_id,as_of,currency,source}'), ('custody_statement', '{account_id,day}'),
			   ('position', '{inst_id,as_of,item,period_from,biz,region}'), ('ops_day', '{inst_id,day}'), ('holding', '{investor_id,product_id,as_of}'),
			   ('licence', '{inst_id,biz,licence_no,valid_from}'), ('rating', '{inst_id,biz,valid_from}'), ('person', '{person_id,inst_id,post,post_from}'),
			   ('related_group', '{group_id,inst_id,valid_from}'), ('related_party', '{a,b,relation,valid_from}'), ('equity', '{owner,owned,kind,valid_from}'),
			   ('product_investment', '{product_id,target_id,valid_from}'), ('service', '{inst_id,code,seen_from}'), ('schedule', '{loan_id,seq}'),
			   ('referral', '{user_id,parent_id,inst_id}'), ('kyc', '{user_id,inst_id,checked_on}'), ('archive', '{inst_id,item}'),
			   ('certificate', '{inst_id,kind,valid_from}'), ('claim', '{claim_id,from_on}'), ('eligible_bank', '{bank_id,list_name,valid_from}'),
			   ('exposure', '{a,b,as_of,kind}'), ('blacklist', '{list_name,subject_id,uscc,name,valid_from}'), ('listed_account', '{list_name,account_id,valid_from}'),
			   ('directory', '{source,inst_id,uscc,name}'), ('responsibility', '{line,region,authority,duty,valid_from}'), ('macro_series', '{series,period_from,period_to,region}'),
			   ('reference_rate', '{series,term_months,valid_from}'), ('census', '{campaign,inst_id,item}'), ('phase', '{campaign,region,phase}'),
			   ('acceptance', '{campaign,region,accepted_on}')) AS v (role, keys)
 WHERE c.role = v.role AND c.name = ANY (v.keys::text[]);

-- Codes: the lists of 60-role_code.sql by name, and those that a column's
-- meaning spells out ("paid 已付, open 未付"); one that ends in ... is open.
UPDATE risk_screen.role_column AS c SET codes = v.codes
  FROM (VALUES ('account', 'owner_kind', 'owner_kind'), ('account', 'bank_kind', 'bank_kind'), ('txn', 'purpose', 'purpose'), ('txn', 'clearing_path', 'clearing_path'),
			   ('position', 'item', 'position_item'), ('institution', 'lines', 'line'), ('responsibility', 'line', 'line'), ('directory', 'line', 'line')) AS v (role, name, codes)
 WHERE c.role = v.role AND c.name = v.name;
INSERT INTO risk_screen.code_label (domain, code, title_zh, title_en, ordinal, builtin)
SELECT c.role || '.' || c.name, m[1], coalesce(m[2], m[1]), replace(m[1], '_', ' '), p.no, true
  FROM risk_screen.role_column AS c
 CROSS JOIN regexp_split_to_table(c.description, ', ') WITH ORDINALITY AS p (piece, no)
 CROSS JOIN regexp_match(p.piece, '^(\S+)(?: ([^ -~]\S*))?$') AS m
 WHERE c.codes IS NULL AND c.type = 'text' AND c.description LIKE '%, %' AND (c.role, c.name) <> ('text_item', 'source')
   AND NOT EXISTS (SELECT FROM regexp_split_to_table(c.description, ', ') AS x WHERE x !~ '^[^ .:;]+( [^ -~]\S*)?$');
INSERT INTO risk_screen.code_label (domain, code, title_zh, title_en, ordinal, builtin) VALUES
	('feed.mode', 'batch', 'T+1', 'one message a day', 1, true), ('feed.mode', 'realtime', '实时', 'messages during the day', 2, true);
UPDATE risk_screen.role_column AS c SET codes = c.role || '.' || c.name
 WHERE EXISTS (SELECT FROM risk_screen.code_label AS l WHERE l.domain = c.role || '.' || c.name);

-- Ranges: counts and amounts are not negative, shares are between 0 and 1.
-- Balances, returns and figures whose sign has a meaning are left free.
UPDATE risk_screen.role_column AS c SET low = 0
 WHERE c.type IN ('integer', 'bigint') AND c.name NOT IN ('ord', 'score')
	OR c.type = 'numeric' AND c.name NOT IN ('balance', 'value', 'rate_actual', 'project_return', 'rate', 'price', 'score')
	   AND (c.role, c.name) <> ('cash_flow', 'amount');
UPDATE risk_screen.role_column AS c SET high = 1 WHERE c.name IN ('share', 'votes', 'share_min', 'share_max');
UPDATE risk_screen.role_column AS c SET low = 1, high = 5 WHERE c.name IN ('risk_level', 'risk_capacity');
