-- Case files of section M, beside those in rule_j.sql.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"A","lines":["P2P"],"province":"上海"},{"inst_id":"B","lines":["P2P"],"province":"江苏","operating_provinces":["江苏","上海"],"supervisor":"江苏局"},{"inst_id":"C","lines":["PAY"]},{"inst_id":"D","lines":[],"province":"上海"}]');

-- M05, M20
SELECT is(filing.unknowns('M05') || filing.unknowns('M20'), 'deskdesk', 'M05, M20: no texts: unknown');
INSERT INTO filing.text_item (text_id, inst_id, kind, source, published_at, body) SELECT 'o' || i, 'A', 'opinion', 's' || i, timestamptz '2026-11-20 10:00+08', '服务不错' FROM generate_series(1, 199) AS i;
INSERT INTO filing.text_item (text_id, inst_id, kind, source, published_at, body) SELECT 'p' || i, 'A', 'opinion', 's' || i, timestamptz '2026-11-19 10:00+08', '还行' FROM generate_series(1, 300) AS i;
INSERT INTO filing.text_item (text_id, inst_id, kind, source, published_at, body) VALUES ('ad', 'A', 'ad', 's200', '2026-11-20', 'x'), ('again', 'A', 'opinion', 's1', '2026-11-20', 'x');
SELECT is(filing.hits('M05'), 'opinion', 'M05: 199 channels today; the same channel twice and advertisements do not count');
INSERT INTO filing.text_item (text_id, inst_id, kind, source, published_at, body) VALUES ('o200', 'A', 'news', 's200', '2026-11-20 23:59:59+08', 'x');
SELECT is(filing.hits('M05'), '', 'M05: exactly 200');
SELECT is(filing.hits('M05', '2026-11-21'), 'opinion', 'M05: the next day has none');
UPDATE filing.text_item SET tone = NULL;
UPDATE filing.text_item SET body = '提现困难，跑路' WHERE text_id = (SELECT min(text_id) FROM filing.text_item WHERE kind IN ('opinion', 'review', 'news'));
SELECT is((SELECT (evidence ->> 'negative_share')::numeric = round((evidence ->> 'with_words_of_trouble')::numeric / (evidence ->> 'texts')::numeric, 6) AND evidence ->> 'with_words_of_trouble' = '1' FROM risk_screen.run_rule('desk', 'M05', '2026-11-20')), true, 'M05: where nobody tells the tone, the negative share is that of the words of trouble, not the whole');
UPDATE filing.text_item SET body = 'x' WHERE body = '提现困难，跑路';
SELECT is(filing.hits('M20'), '', 'M20: praise is no trouble');
INSERT INTO filing.text_item (text_id, inst_id, kind, source, published_at, body) VALUES ('1', 'A', 'review', 'x', '2026-11-10', '平台提现困难'), ('2', 'A', 'opinion', 'x', '2026-11-10', '老板跑路了'), ('3', 'A', 'ad', 'x', '2026-11-10', '谨防跑路'), ('4', 'B', 'news', 'x', '2026-11-10', '不存在跑路，防范诈骗'), ('5', 'B', 'news', 'x', '2026-11-10', '提现困难'), ('6', 'B', 'news', 'x', '2026-11-10', '跑路');
SELECT is(filing.hits('M20'), '', 'M20: two texts are not yet three; warnings and denials do not count');
INSERT INTO filing.text_item (text_id, inst_id, kind, source, published_at, body) VALUES ('7', 'A', 'news', 'y', '2026-11-10', '投资者集体维权');
SELECT is(filing.hits('M20'), 'A', 'M20: three');
SELECT is((SELECT evidence -> 'terms' ->> '跑路' FROM risk_screen.run_rule('desk', 'M20', '2026-11-20') WHERE subject_id = 'A'), '1', 'M20: the words found');

-- M08: lender, platform, borrower
SELECT is(filing.unknowns('M08'), 'desk', 'M08: no transfers: unknown');
INSERT INTO filing.loan (loan_id, inst_id, borrower_id, amount, started_on, disbursed_account) VALUES ('whole', 'A', 'b1', 100, '2026-11-01', 'acc1'), ('half', 'A', 'b2', 100, '2026-11-01', 'acc2'), ('lost', 'B', 'b3', 50, '2026-11-01', 'acc3'), ('untold', 'E', 'b4', 9, '2026-11-01', NULL);
SELECT filing.put('institution', '[{"inst_id":"E","lines":["P2P"]}]');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, purpose, loan_id, payee_owner) VALUES ('1', 'l', 'cust', 100, '2026-11-01', 'lend', 'whole', NULL), ('2', 'cust', 'acc1', 98, '2026-11-02', 'disburse', 'whole', NULL), ('3', 'cust', 'own', 2, '2026-11-02', 'fee', 'whole', NULL),
	('4', 'l', 'cust', 100, '2026-11-01', 'lend', 'half', NULL), ('5', 'cust', 'z', 50, '2026-11-02', 'disburse', 'half', 'b2'), ('6', 'cust', 'stranger', 50, '2026-11-02', 'disburse', 'half', 'x'), ('7', 'l', 'cust', 50, '2026-11-01', 'lend', 'lost', NULL), ('8', 'cust', 'own', 50, '2026-11-02', 'fee', 'lost', NULL);
SELECT is((SELECT string_agg(subject_id || ' ' || coalesce(observed::float8::text, 'unknown'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'M08', '2026-11-20')), 'A 0.75, B 0, E unknown', 'M08: a fee belongs to a loan that was paid out; another payee or nothing but a fee breaks the chain; no transfers of the loan: unknown');
SELECT is((SELECT evidence ->> 'broken' FROM risk_screen.run_rule('desk', 'M08', '2026-11-20') WHERE subject_id = 'A'), '["half"]', 'M08: which loans');

-- M09, M10
SELECT is(filing.unknowns('M09'), 'desk', 'M09: no accounts: unknown');
UPDATE filing.txn SET inst_id = 'A' WHERE loan_id IN ('whole', 'half');
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id, on_central_register) VALUES ('cust', 'A', 'custody', 'A', true), ('acc1', 'b1', 'client', NULL, NULL), ('z', 'b2', 'client', NULL, NULL), ('own', 'A', 'own', 'A', true), ('l', 'lender', 'client', NULL, NULL);
SELECT is(round(filing.value('M09', 'A'), 4), round(50 / 198.0, 4), 'M09: of 198 paid out 50 sit with nobody known');
SELECT is((SELECT evidence -> 'largest' -> 0 ->> 'owner' FROM risk_screen.run_rule('desk', 'M09', '2026-11-20') WHERE subject_id = 'A'), 'b1', 'M09: the largest holder');
SELECT is(filing.unknowns('M10'), 'desk', 'M10: no shareholders filed at all: unknown');
INSERT INTO filing.equity (owner, owned, share, kind) VALUES ('boss', 'A', 0.95, NULL), ('boss', 'A', 0.5, 'control'), ('ghost', 'B', 0.06, NULL), ('boss', 'B', 0.94, NULL), ('boss', 'C', 0.94, NULL);
INSERT INTO filing.party (party_id) VALUES ('boss');
SELECT is((SELECT string_agg(subject_id || ' ' || (evidence ->> 'about') || ' ' || observed::float8, ', ' ORDER BY subject_id, evidence ->> 'about') FROM risk_screen.run_rule('desk', 'M10', '2026-11-20') WHERE hit), 'A accounts 0.0625, B shareholders 0.06, C shareholders 0.06',
	'M10: 50 of 800 moved through an account nobody registered, a holder nobody knows, a share nobody filed; 5 % of A unknown does not hit, control is no share');
SELECT is(filing.unknowns('M10'), 'E', 'M10: no shareholders of this one: unknown');

-- M12, M16, M25: measured by line and place
SELECT is((SELECT string_agg(subject_id || ' ' || observed::float8, ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'M12', '2026-11-20')), 'ALL 1, P2P 1', 'M12: share of the accounts on the central register');
UPDATE filing.account SET on_central_register = false WHERE account_id = 'own';
SELECT is(filing.value('M12', 'P2P'), 0.5, 'M12: one of two');
UPDATE filing.account SET on_central_register = NULL;
SELECT is(filing.unknowns('M12'), 'ALL P2P', 'M12: nobody filed it: unknown');
SELECT is(filing.unknowns('M16') || filing.unknowns('M25'), 'deskdesk', 'M16, M25: no figures: unknown');
INSERT INTO filing.position (inst_id, as_of, item, value, biz) VALUES ('A', '2026-10-31', 'loan_balance', 1, NULL), ('A', '2026-11-10', 'loan_balance', 100, NULL), ('B', '2026-11-10', 'loan_balance', 50, NULL), ('B', '2026-11-10', 'loan_balance', 7, 'P2P'), ('A', '2026-11-10', 'overdue_rate', 0.1, NULL), ('B', '2026-11-10', 'overdue_rate', 0.3, NULL), ('C', '2026-11-10', 'cash', 5, NULL);
SELECT is(filing.value('M16', 'P2P loan_balance'), 150.0, 'M16: the last figure of each, parts by business left out');
SELECT is(filing.value('M16', 'P2P overdue_rate'), 0.2, 'M16: the median of rates');
SELECT is((SELECT evidence ->> 'not_filed' FROM risk_screen.run_rule('desk', 'M16', '2026-11-20') WHERE subject_id = 'P2P loan_balance'), '1', 'M16: and who has not filed');
INSERT INTO filing.position (inst_id, as_of, item, value, region, period_from) VALUES ('A', '2026-11-10', 'income', 3, '上海', '2026-11-01'), ('A', '2026-11-10', 'income', 4, '江苏', '2026-11-01'), ('B', '2026-10-31', 'income', 5, NULL, '2026-01-01'), ('A', '2026-11-10', 'annual_rate', 0.1, '上海', NULL), ('B', '2026-11-10', 'annual_rate', 0.2, NULL, NULL);
SELECT is((SELECT string_agg(subject_id || ' ' || observed::float8 || ' ' || concat_ws('/', evidence ->> 'institutions', evidence ->> 'summed_from_parts', evidence ->> 'left_out_parts_only', evidence ->> 'different_periods'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'M16', '2026-11-20') WHERE subject_id ~ 'income|annual'),
	'P2P annual_rate 0.2 1/1, P2P income 12 2/1/2', 'M16: what was summed from parts, what was left out, and that periods differ is said');
SELECT is((SELECT string_agg(subject_id || ' ' || (evidence ->> 'missing'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'M25', '2026-11-20') WHERE subject_id ~ 'annual' AND observed IS NULL), '上海 annual_rate the figure as a whole: filed by its parts only', 'M25: a rate filed by parts only');
SELECT is((SELECT string_agg(subject_id || ' ' || observed::float8, ', ' ORDER BY subject_id COLLATE "C") FROM risk_screen.run_rule('desk', 'M25', '2026-11-20') WHERE subject_id LIKE '%balance'), '上海 loan_balance 100, 江苏 loan_balance 50', 'M25: by province');

-- M17, M18
SELECT is(filing.unknowns('M17') || filing.unknowns('M18'), 'deskdesk', 'M17, M18: nothing exchanged, no sites: unknown');
INSERT INTO filing.share_log (share_id, direction, authority, kind, sent_at, answered_at) VALUES ('1', 'sent', '公安', 'lead', '2026-11-01', '2026-11-02'), ('2', 'sent', '公安', 'lead', '2026-11-01', NULL), ('3', 'sent', '公安', 'lead', '2026-11-01', '2026-11-21'), ('4', 'received', '法院', 'lead', '2026-11-01', NULL), ('5', 'sent', '公安', 'lead', '2025-11-01', '2025-11-02');
SELECT is(round(filing.value('M17', '公安'), 4), 0.3333, 'M17: one of three answered by as_of');
SELECT is(filing.unknowns('M17'), '法院', 'M17: nothing sent there: unknown');
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('C', 'PAY', '2020-01-01');
INSERT INTO filing.site (site_id, inst_id, url, icp_no, body, found_at, alive) VALUES ('bad', NULL, 'x', NULL, '高息理财，随时赎回', '2026-11-10', true), ('noicp', 'C', 'x', NULL, '便捷支付', '2026-11-10', true), ('fine', 'C', 'x', 'ICP1', '便捷支付', '2026-11-10', true), ('unlicensed', 'A', 'x', 'ICP2', '网贷撮合', '2026-11-10', true), ('shop', NULL, 'x', NULL, '卖茶叶', '2026-11-10', true),
	('dead', NULL, 'x', NULL, '理财', '2026-11-10', false), ('blank', NULL, 'x', NULL, NULL, '2026-11-10', true), ('later', NULL, 'x', NULL, '理财', '2026-11-21', true), ('was', NULL, 'x', NULL, '理财', '2026-11-01', true), ('was', NULL, 'x', NULL, '理财', '2026-11-10', false);
SELECT is(filing.hits('M18'), 'bad noicp unlicensed', 'M18: words of finance without a licence or without a filing number; a licensed and filed site, tea, closed sites and later ones do not hit');
SELECT is(filing.unknowns('M18'), 'blank', 'M18: page not read: unknown');

-- M21, M23
INSERT INTO filing.responsibility (line, region, authority, valid_to) VALUES ('P2P', '上海', '上海局', NULL), ('P2P', '江苏', '苏州局', NULL), ('PAY', '上海', '人行上海', NULL), ('P2P', '上海', '旧局', '2026-11-20');
SELECT is((SELECT string_agg(subject_id || ' ' || coalesce(observed::text, 'unknown'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'M21', '2026-11-20')), 'A 1, B 1, C unknown, E unknown', 'M21: one authority each; no province: unknown; firms without a line are nobody''s');
SELECT is((SELECT (evidence ->> 'disagrees') || ' ' || (evidence ->> 'operates_elsewhere') FROM risk_screen.run_rule('desk', 'M21', '2026-11-20') WHERE subject_id = 'B'), 'true ["上海"]', 'M21: filed under another authority, and doing business elsewhere');
SELECT is(filing.value('M21', 'A', '2026-11-19'), 2.0, 'M21: the day before two were in charge');
SELECT is(filing.unknowns('M23'), 'desk', 'M23: no requests and no log: unknown');
INSERT INTO filing.official_request (request_id, inst_id, kind, authorisation_no, asked_at) VALUES ('with', 'A', 'account', 'W1', '2026-11-10'), ('without', 'A', 'account', NULL, '2026-11-10'), ('blank', 'A', 'freeze', '', '2026-11-10'), ('tape', 'A', 'recording', NULL, '2026-11-10');
INSERT INTO filing.access_log (log_id, inst_id, user_name, kind, subject_id, authorisation_no, happened_at) VALUES ('look', 'A', 'x', 'query', 'cust', NULL, '2026-11-10'), ('may', 'A', 'x', 'query', 'cust', 'W2', '2026-11-10'), ('person', 'A', 'x', 'query', 'somebody', NULL, '2026-11-10');
SELECT is(filing.hits('M23'), 'blank look without', 'M23: accounts without a legal document; recordings and people are other rules');

-- Kept without a rule: what the catalogue says is there
INSERT INTO desk.run (run_id, as_of, since, extension_version, rules_hash, run_by, started_at, finished_at) VALUES (900, '2026-11-20', '2026-11-01', 'x', 'x', 'x', '2026-11-20', '2026-11-20');
INSERT INTO desk.rule_outcome (run_id, rule, rule_version, outcome, measured, hits) VALUES (900, 'B12', 1, 'hit', 7, 2);
SELECT is((SELECT measured || ' ' || hits FROM desk.rule_outcome WHERE run_id = 900), '7 2', 'M06: the run log has counts per stage');
SELECT ok((SELECT bool_and(cardinality(plan) > 0 AND clause <> '' AND version > 0) FROM risk_screen.rule WHERE builtin), 'M27: every shipped rule carries plan, clause and version');
INSERT INTO filing.service (inst_id, code, seen_from) VALUES ('C', 'personal_pos', '2026-01-01');
SELECT is((SELECT l.title_zh FROM desk.service AS s JOIN risk_screen.code_label AS l ON l.domain = 'service' AND l.code = s.code), '个人POS机收付款', 'G08: services observed, in the words of the plan');

SELECT * FROM finish();
ROLLBACK;
