-- Case files of section H, and the text rules of section C.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql

-- H01, H03: words of the lists in names and scopes of firms that are not financial
INSERT INTO filing.licence (inst_id, biz, valid_from, valid_to, status) VALUES ('licensed', 'AM', '2020-01-01', NULL, NULL), ('ended', 'AM', '2020-01-01', '2026-11-20', NULL), ('revoked', 'AM', '2020-01-01', NULL, 'revoked');
INSERT INTO filing.institution (inst_id, name, scope_text, province, is_financial) VALUES
	('name', '上海聚财理财咨询有限公司', '企业管理咨询', '上海', false), ('scope', '上海甲乙科技有限公司', '软件开发；资产管理', '上海', NULL), ('width', '上海甲Ｐ２Ｐ科技有限公司', '软件开发', '上海', false),
	('plain', '上海甲乙餐饮有限公司', '餐饮服务', '上海', false), ('bank', '上海甲乙金融有限公司', '金融', '上海', true), ('licensed', '上海甲乙资产管理有限公司', '资产管理', '上海', false),
	('ended', '上海丙丁资产管理有限公司', '餐饮', '上海', false), ('revoked', '上海戊己资产管理有限公司', '餐饮', '上海', false),
	('street', '北京金融街餐饮有限公司', '餐饮服务', '北京', false), ('bj', '北京甲乙投资有限公司', '餐饮服务', '北京', false), ('sh', '上海甲乙投资有限公司', '餐饮服务', '上海', false),
	('excluded', '上海庚辛咨询有限公司', '企业管理咨询（不得从事金融业务）', '上海', false);
SELECT is(filing.hits('H01'), 'ended name revoked scope width', 'H01: names, scopes, disguised words, ended and revoked licences; not licensed or financial firms, place names, exclusion clauses');
SELECT is((SELECT evidence -> 'hits' -> 0 ->> 'term' || ' ' || (evidence -> 'hits' -> 0 ->> 'field') FROM risk_screen.run_rule('desk', 'H01', '2026-11-20') WHERE subject_id = 'name'), '理财 name', 'H01: the evidence names the word and the field');
SELECT is(filing.hits('H01', '2016-04-11'), '', 'H01: the list does not hold before its date');
SELECT is(filing.hits('H03'), 'bj', 'H03: the Beijing list holds in Beijing');

-- H04, H05, H06: registration events
SELECT is(filing.unknowns('H04') || filing.unknowns('H05') || filing.unknowns('H06'), 'deskdeskdesk', 'H04-H06: no registrations filed: unknown');
INSERT INTO filing.registration (event_id, inst_id, event, happened_on, name, scope_text, kind, province, approved, decision) VALUES
	('1', 'new', 'new', '2026-11-10', '北京甲乙控股有限公司', '餐饮', 'enterprise', '北京', NULL, 'pending'), ('2', 'self', 'change', '2026-11-10', '北京市丙丁资产经营部', '餐饮', 'self_employed', '北京', NULL, NULL),
	('3', 'shanghai', 'new', '2026-11-10', '上海甲乙控股有限公司', '投资咨询', 'enterprise', '上海', NULL, NULL), ('4', 'item', 'change', '2026-11-10', '北京戊己咨询有限公司', '餐饮；投资咨询', 'enterprise', '北京', NULL, NULL),
	('5', 'refused', 'new', '2026-11-10', '北京庚辛控股有限公司', '餐饮', 'enterprise', '北京', NULL, 'rejected'), ('6', 'in', 'move_in', '2026-11-10', '北京壬癸财富管理有限公司', '餐饮', 'enterprise', '北京', NULL, NULL),
	('7', 'allowed', 'move_in', '2026-11-10', '北京子丑财富管理有限公司', '餐饮', 'enterprise', '北京', true, NULL), ('8', 'paper', 'move_in', '2026-11-10', '北京寅卯财富管理有限公司', '餐饮', 'enterprise', '北京', NULL, NULL),
	('9', 'baker', 'move_in', '2026-11-10', '北京辰巳面包有限公司', '面包', 'enterprise', '北京', NULL, NULL), ('10', 'past', 'new', '2026-01-10', '北京午未控股有限公司', '餐饮', 'enterprise', '北京', NULL, NULL);
INSERT INTO filing.approval (approval_no, inst_id, kind, valid_from) VALUES ('a', 'paper', 'move_in', '2026-11-01');
SELECT is(filing.hits('H04'), 'new self', 'H04: new and changed names in Beijing, self-employed too; refused ones, other provinces, move-ins and old events do not hit');
SELECT is(filing.hits('H05'), 'item', 'H05: a scope item of the list');
SELECT is(filing.hits('H06'), 'in', 'H06: moving in with a listed word and without approval');

-- H11, H12, H14, H16, H17, C06, C20
SELECT is(filing.unknowns('H12'), 'desk', 'H12: no texts filed: unknown');
INSERT INTO filing.institution (inst_id, name, lines, is_financial) VALUES ('p2p', '鑫汇', '{P2P}', false), ('cafe', '咖啡', NULL, false), ('label', '元宇宙科技有限公司', NULL, false);
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES
	('loan', 'cafe', 'ad', '2026-11-10', '网贷快速到账'), ('cafe', 'cafe', 'ad', '2026-11-10', '金融街店新品咖啡上市'), ('good', 'bank', 'ad', '2026-11-10', '本行理财产品，投资有风险'),
	('news', 'cafe', 'opinion', '2026-11-10', '这家店卖理财'), ('promise', 'p2p', 'ad', '2026-11-10', '保本保息，零风险'), ('held', 'licensed', 'ad', '2026-11-10', '理财'), ('tomorrow', 'cafe', 'ad', '2026-11-21 00:00+08', '理财'),
	('house', 'p2p', 'product_page', '2026-11-10', '众筹买房，人人有份'), ('late', 'ended', 'ad', '2026-11-20 10:00+08', '理财');
SELECT is(filing.hits('H12'), 'house late loan', 'H12: finance words of unlicensed firms; places, banks, licensed firms, news about a firm and tomorrow''s ads do not hit');
SELECT is(filing.hits('H14'), 'promise', 'H14: principal and interest promised');
SELECT is(filing.hits('H11'), 'promise', 'H11: claims of the trade');
SELECT is(filing.hits('H16'), 'label', 'H16: labels of fund-raising schemes in a name');
INSERT INTO filing.product (product_id, inst_id, name, guaranteed) VALUES ('sure', 'p2p', '稳赢', true), ('free', 'p2p', '自由', false), ('other', 'bank', '存款', true);
SELECT is(filing.hits('C06'), 'promise sure', 'C06: in a text, or as a feature of the product; other lines do not count');
SELECT is(filing.hits('C20'), 'house', 'C20: crowdfunded houses');
INSERT INTO filing.institution (inst_id, name, lines, website, icp_no, status) VALUES ('s1', 'a', '{P2P}', 'a.cn', NULL, 'active'), ('s2', 'b', '{P2P}', 'b.cn', '京ICP备1号', 'active'), ('s3', 'c', '{P2P}', 'c.cn', NULL, 'exited'), ('s4', 'd', NULL, 'd.cn', NULL, 'active'), ('s5', 'e', '{P2P}', NULL, NULL, 'active');
SELECT is(filing.hits('H17'), 's1', 'H17: a finance site without a filing; left firms, other firms and firms without a site do not hit');

-- H09, H10, H15, H18
INSERT INTO filing.institution (inst_id, lines, status) VALUES ('n1', '{AM}', 'active'), ('n2', '{P2P}', 'active'), ('n3', '{P2P}', 'active'), ('n4', '{AM}', 'closed');
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('n1', 'FUND', '2020-01-01');
TRUNCATE filing.product;
INSERT INTO filing.product (product_id, inst_id, biz, issued_on, ended_on) VALUES ('q1', 'n1', 'AM', '2026-01-01', NULL), ('q2', 'n1', 'FUND', '2026-01-01', NULL), ('q3', 'n4', 'AM', '2026-01-01', '2026-11-20'), ('q4', 'n4', 'advice', '2026-01-01', NULL);
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on) VALUES ('l2', 'n2', 1, '2026-11-01'), ('l3', 'n3', 1, '2026-11-01');
INSERT INTO filing.filing (filing_id, inst_id, kind, received_at) VALUES ('f3', 'n3', 'p2p_registration', '2020-01-01');
INSERT INTO filing.institution (inst_id, lines) VALUES ('n5', '{PAY}');
INSERT INTO filing.service (inst_id, code, seen_from, seen_to) VALUES ('n5', 'prepaid_card', '2026-01-01', NULL), ('n1', 'prepaid_card', '2026-01-01', '2026-11-20');
SELECT is(filing.hits('H09'), 'n1 n2 n5', 'H09: another licence does not cover it, no filing; ended products, other business and filed platforms do not hit');
INSERT INTO filing.authority_order (order_id, inst_id, kind, issued_at, lifted_at) VALUES ('o1', 'n1', 'revoke', '2026-11-01', NULL), ('o2', 'n2', 'ban', '2026-11-20 10:00+08', NULL), ('o3', 'n3', 'revoke', '2026-10-01', '2026-11-01'), ('o4', 'n4', 'revoke', '2026-10-01', NULL),
	('o5', 'n1', 'close_site', '2026-11-10 10:00+08', NULL), ('o6', 'n3', 'delist_app', '2026-11-10 10:00+08', NULL);
SELECT is(filing.hits('H10'), 'n1', 'H10: active after revocation; the day itself, lifted orders and closed firms do not hit');
INSERT INTO filing.ops_day (inst_id, day, site_alive, app_listed) VALUES ('n1', '2026-11-10', true, true), ('n1', '2026-11-11', true, NULL), ('n1', '2026-11-12', false, true), ('n3', '2026-11-12', true, false);
SELECT is(filing.value('H18', 'n1'), 1.0, 'H18: one day too long; the day of the order and the other kind of order do not count');
SELECT is(filing.hits('H18'), 'n1', 'H18: an app taken down is right');
INSERT INTO filing.disclosure (disclosure_id, inst_id, product_id, item, disclosed_at) VALUES ('1', 'n1', 'q1', 'product', '2026-01-01'), ('2', 'n1', 'q1', 'risk_level', '2026-01-01'), ('3', 'n1', 'q2', 'product', '2026-01-01'), ('4', 'n1', 'q2', 'risk_level', '2026-01-01'), ('5', 'n1', 'q2', 'investor_type', '2026-01-01');
SELECT is(filing.hits('H15'), 'q1', 'H15: one of three missing hits; all three shown does not, nor a firm that files none');

SELECT * FROM finish();
ROLLBACK;
