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

-- H02: the national list in its version of the day of the register entry, and the list itself
SELECT is(filing.hits('H02') || filing.unknowns('H02'), 'ended name revoked scope width', 'H02: a word of the list and no date of registration: unknown');
UPDATE filing.institution SET registered_on = '2016-04-12';
UPDATE filing.institution SET registered_on = '2016-04-11' WHERE inst_id IN ('name', 'licensed');
SELECT is(filing.hits('H02'), 'ended revoked scope width', 'H02: registered on the first day of the list; a day before it, licensed, financial, other words, place names and exclusion clauses do not hit');
SELECT is(filing.unknowns('H02'), '', 'H02: all dates known');
SELECT results_eq($$SELECT evidence ->> 'list', evidence ->> 'version', evidence ->> 'source', evidence #>> '{hits,0,term}', observed FROM risk_screen.run_rule('desk', 'H02', '2026-11-20') WHERE subject_id = 'scope'$$,
	$$VALUES ('CN-2016-21', '2016-04-12', '国办发〔2016〕21号 互联网金融风险专项整治工作实施方案', '资产管理', 1.0)$$, 'H02: a hit is cited by list, version and source');
-- a second version: a word of one's own for three months, and the list is no longer the published one
INSERT INTO risk_screen.term (lexicon, term, valid_from, valid_to) VALUES ('CN-2016-21', '餐饮', '2020-01-01', '2020-03-31');
UPDATE filing.institution SET registered_on = '2020-03-31' WHERE inst_id IN ('plain', 'street');
UPDATE filing.institution SET registered_on = '2020-04-01' WHERE inst_id = 'bj';
SELECT is(filing.hits('H02'), 'ended plain revoked scope street width', 'H02: judged by the version in force on the day of registration, not by today''s');
SELECT is((SELECT evidence ->> 'version' FROM risk_screen.run_rule('desk', 'H02', '2026-11-20') WHERE subject_id = 'plain'), '2020-01-01', 'H02: its version');
SELECT is((SELECT evidence ->> 'added_here' || ' ' || observed || ' ' || threshold FROM risk_screen.run_rule('desk', 'H02', '2020-02-01') WHERE subject_kind = 'lexicon' AND hit), '["餐饮"] 17 16', 'H02: a word added here on a day it is in force');
SELECT is(filing.hits('H01'), 'ended name revoked scope width', 'H01: today''s version');
CALL risk_screen.screen('desk', '2026-11-20');
SELECT set_eq($$SELECT subject_id, observed, evidence ->> 'version' FROM desk.finding WHERE rule = 'H02'$$, $$SELECT subject_id, observed, evidence ->> 'version' FROM risk_screen.run_rule('desk', 'H02', '2026-11-20') WHERE hit$$, 'H02: in a run, from the words kept with it, the same');
SELECT set_eq($$SELECT inst_id, field, lexicon, list_version, term, started FROM desk.name_hit$$, $$SELECT inst_id, field, lexicon, list_version, term, started FROM (SELECT set_config('search_path', 'desk, risk_screen, public', true)) AS p, LATERAL risk_screen.desk_name_hits('2026-11-20')$$, 'name_hit: what the run saw');
SELECT set_config('search_path', 'public, pg_catalog', true);
SELECT set_eq($$SELECT rule, subject_id FROM desk.finding WHERE rule IN ('H01', 'H03', 'H07', 'H08')$$,
	$$SELECT r, subject_id FROM unnest('{H01,H03,H07,H08}'::text[]) AS r, risk_screen.run_rule('desk', r, '2026-11-20') WHERE hit$$, 'H01, H03, H07, H08: one scan in a run, the same findings');
DELETE FROM risk_screen.term WHERE lexicon = 'CN-2016-21' AND NOT shipped;
INSERT INTO risk_screen.term_exception (lexicon, kind, term) VALUES ('CN-2016-21', 'withdrawn', '支付');
SELECT results_eq($$SELECT subject_id, inst_id, observed, evidence ->> 'not_in_force' FROM risk_screen.run_rule('desk', 'H02', '2026-11-20') WHERE subject_kind = 'lexicon'$$, $$VALUES ('CN-2016-21', NULL::text, 15.0, '["支付"]')$$, 'H02: a word switched off here');
INSERT INTO risk_screen.term (lexicon, term) VALUES ('CN-2016-21', '支付宝');
SELECT is((SELECT evidence ->> 'not_in_force' || (evidence ->> 'added_here') FROM risk_screen.run_rule('desk', 'H02', '2026-11-20') WHERE subject_kind = 'lexicon'), '["支付"]["支付宝"]', 'H02: sixteen words, but not the sixteen');
DELETE FROM risk_screen.term_exception WHERE lexicon = 'CN-2016-21' AND NOT shipped;
DELETE FROM risk_screen.term WHERE lexicon = 'CN-2016-21' AND NOT shipped;
SELECT is_empty($$SELECT * FROM risk_screen.run_rule('desk', 'H02', '2026-11-20') WHERE subject_kind = 'lexicon'$$, 'H02: the published list, as shipped, is no finding');
SELECT is(filing.hits('H02', '2016-04-11'), '', 'H02: not before the list');
UPDATE filing.institution SET registered_on = NULL;
DELETE FROM desk.run;

SELECT is(filing.unknowns('H03'), '', 'H03: provinces are known');
INSERT INTO filing.institution (inst_id, name, scope_text, province, is_financial) VALUES ('nowhere', '甲乙投资有限公司', '餐饮服务', NULL, false), ('beijing', '丙丁投资有限公司', '餐饮服务', 'Beijing', false), ('baker', '甲乙面包有限公司', '面包', NULL, false);
SELECT is(filing.unknowns('H03'), 'beijing nowhere', 'H03: a word of the Beijing list and no province, or none that is one: unknown; other firms without province are not asked');
SELECT is(filing.hits('H03'), 'bj', 'H03: nor do they hit');
UPDATE filing.institution SET registered_on = '2016-04-11' WHERE inst_id IN ('nowhere', 'beijing', 'baker');
SELECT set_eq($$SELECT subject_id, evidence ->> 'missing' FROM risk_screen.run_rule('desk', 'H07', '2026-11-20') WHERE observed IS NULL AND subject_id IN ('nowhere', 'beijing', 'baker')$$,
	$$VALUES ('nowhere', 'province'), ('beijing', 'province: "Beijing" tells no province')$$, 'H07: stock with a word of the Beijing list and no province: unknown, not clear');
DELETE FROM filing.institution WHERE inst_id IN ('nowhere', 'beijing', 'baker');
-- a list of a city: firms filed by the province only may lie there
INSERT INTO risk_screen.lexicon (lexicon, jurisdiction) VALUES ('of a city', '深圳市'), ('of its province', '广东');
INSERT INTO risk_screen.term (lexicon, term) VALUES ('of a city', '试词丙'), ('of its province', '试词丙');
INSERT INTO filing.institution (inst_id, name, province) SELECT 'c' || o, '试词丙', p FROM unnest('{广东省,广东省深圳市,广州市,NULL}'::text[]) WITH ORDINALITY AS u (p, o);
SET LOCAL client_min_messages = error;
SELECT set_eq($$SELECT s.inst_id, s.lexicon, s.problem FROM (SELECT set_config('search_path', 'desk, risk_screen, public', true)) AS p, risk_screen.desk_name_hits('2026-11-20', NULL, '{of a city,of its province}') AS s$$,
	$$VALUES ('c1', 'of a city', 'province: "广东省" does not tell whether it is in 深圳市'), ('c1', 'of its province', NULL), ('c2', 'of a city', NULL), ('c2', 'of its province', NULL),
		('c3', 'of its province', NULL), ('c4', 'of a city', 'province'), ('c4', 'of its province', 'province')$$, 'a province does not tell the city: not certain');
SELECT set_config('search_path', 'public, pg_catalog', true);
RESET client_min_messages;
DELETE FROM filing.institution WHERE inst_id IN ('c1', 'c2', 'c3', 'c4');
DELETE FROM risk_screen.lexicon WHERE lexicon IN ('of a city', 'of its province');
-- a misspelt licence does not exempt (the warning is test/t/names_warning.t's)
SET LOCAL client_min_messages = error;
INSERT INTO filing.institution (inst_id, name, scope_text, province, is_financial) VALUES ('misspelt', '上海寅卯理财有限公司', '餐饮', '上海', false);
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('misspelt', 'AMM', '2020-01-01');
SELECT is(filing.hits('H01'), 'ended misspelt name revoked scope width', 'H01: a licence code that no list knows exempts nobody');
DELETE FROM filing.institution WHERE inst_id = 'misspelt';
DELETE FROM filing.licence WHERE inst_id = 'misspelt';
SET LOCAL client_min_messages = warning;

-- H07: firms of before the list
SELECT is(filing.unknowns('H07'), 'bj ended name revoked scope width', 'H07: firms with a word and no date of registration: unknown');
UPDATE filing.institution SET registered_on = '2016-04-12';
UPDATE filing.institution SET registered_on = '2016-04-11' WHERE inst_id IN ('name', 'plain', 'licensed', 'bj', 'sh', 'bank');
SELECT is(filing.hits('H07'), 'bj name', 'H07: registered a day before the list held; on its first day, licensed firms, other words do not hit');
SELECT is(filing.unknowns('H07'), '', 'H07: all dates known');
-- a word of one's own, in force later than the list's: each word by its own date
INSERT INTO risk_screen.term (lexicon, term, valid_from) VALUES ('CN-2016-21', '聚财', '2020-01-01'), ('CN-2016-21', '软件', '2020-01-01');
UPDATE filing.institution SET registered_on = '2018-01-01' WHERE inst_id = 'scope';
SELECT is((SELECT observed || ' ' || (evidence ->> 'terms') FROM risk_screen.run_rule('desk', 'H07', '2026-11-20') WHERE subject_id = 'scope' AND hit), '1 ["软件"]', 'H07: registered under the list, but before the word: stock for that word only');
UPDATE filing.institution SET registered_on = '2016-04-12' WHERE inst_id = 'scope';
DELETE FROM risk_screen.term WHERE lexicon = 'CN-2016-21' AND NOT shipped;
UPDATE filing.institution SET moved_in_on = '2020-01-01' WHERE inst_id = 'bj';
SELECT is(filing.hits('H07'), 'name', 'H07: a firm that moved in later is no stock');
UPDATE filing.institution SET moved_in_on = NULL WHERE inst_id = 'bj';

-- H08: listed, and the authority told, within ten days
SELECT is(filing.unknowns('H08'), 'desk', 'H08: nobody files notices and orders: unknown');
UPDATE filing.institution SET registered_on = '2026-11-10' WHERE inst_id IN ('name', 'scope');
UPDATE filing.institution SET registered_on = '2026-11-09' WHERE inst_id IN ('width', 'ended', 'revoked');
UPDATE filing.institution SET registered_on = NULL WHERE inst_id = 'bj';
INSERT INTO filing.share_log (share_id, direction, authority, kind, subject_id, sent_at) VALUES ('n1', 'sent', '上海金融办', 'watch', 'ended', '2026-11-19 23:00+08'), ('n2', 'sent', '上海金融办', 'lead', 'width', '2026-11-10'), ('n3', 'received', '上海金融办', 'watch', 'width', '2026-11-10'), ('n4', 'sent', '上海金融办', 'watch', 'revoked', '2026-11-21 00:00+08');
INSERT INTO filing.authority_order (order_id, inst_id, kind, issued_at, lifted_at) VALUES ('w1', 'ended', 'watch', '2026-11-19', NULL), ('w2', 'revoked', 'watch', '2026-11-10', NULL), ('w3', 'width', 'watch', '2026-11-10', '2026-11-12');
SELECT is(filing.hits('H08'), 'revoked width', 'H08: eleven days; ten days, and a firm listed and told on the tenth, do not hit; leads, notices received, notices of tomorrow and lifted orders do not count');
SELECT is(filing.value('H08', 'ended') || ' ' || filing.value('H08', 'name') || ' ' || filing.value('H08', 'width'), '10 10 11', 'H08: days from the day word and register entry first stood together');
SELECT is(filing.unknowns('H08'), 'bj', 'H08: no date of registration: unknown');

-- the delta: what may be new since a day
SELECT is((SELECT string_agg(DISTINCT inst_id, ' ' ORDER BY inst_id) FROM (SELECT set_config('search_path', 'desk, risk_screen, public', true)) AS p, LATERAL risk_screen.desk_name_hits('2026-11-20', '2026-11-09', '{CN-2016-21}') AS d), 'ended name revoked scope',
	'delta: registered since, a licence that ended, one that was revoked on an unknown day; not what was there');
SELECT set_config('search_path', 'public, pg_catalog', true);
UPDATE filing.institution SET registered_on = NULL;
DELETE FROM filing.share_log; DELETE FROM filing.authority_order;

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
SELECT is((SELECT evidence ->> 'items' FROM risk_screen.run_rule('desk', 'H05', '2026-11-20') WHERE subject_id = 'item'), '["投资咨询"]', 'H05: the item as registered');
INSERT INTO filing.registration (event_id, inst_id, event, happened_on, name, scope_text, province, decision) VALUES
	('20', 'keep', 'new', '2010-01-01', '北京戊己控股有限公司', '餐饮；投资咨询', '北京', 'accepted'), ('21', 'keep', 'change', '2026-11-11', '北京戊己控股有限公司', '餐饮；投资咨询', '北京', NULL),
	('22', 'keep', 'change', '2026-11-12', '北京戊己控股有限公司', '餐饮；投资咨询；投资顾问', '北京', NULL), ('23', 'blank', 'new', '2026-11-10', NULL, NULL, '北京', NULL), ('24', 'blank2', 'new', '2026-11-10', NULL, NULL, '上海', NULL), ('25', 'blank3', 'change', '2026-11-10', NULL, NULL, '北京', NULL);
SELECT is(filing.hits('H04'), 'new self', 'H04: a change that leaves the name as it was is no new name');
SELECT is((SELECT string_agg(evidence ->> 'event_id' || ' ' || (evidence ->> 'items'), '; ' ORDER BY evidence ->> 'event_id') FROM risk_screen.run_rule('desk', 'H05', '2026-11-20') WHERE hit), '22 ["投资顾问"]; 4 ["投资咨询"]', 'H05: items the scope already had are not new');
SELECT is(filing.unknowns('H04') || ' ' || filing.unknowns('H05'), 'blank blank', 'H04, H05: a new registration in Beijing without name or scope: unknown');
DELETE FROM filing.registration WHERE event_id::int >= 20;
UPDATE filing.registration SET province = NULL WHERE event_id IN ('6', '9');
SELECT is(filing.hits('H06') || filing.unknowns('H06'), 'in', 'H06: moved to a province nobody filed: unknown where the word would be stopped in Beijing');
INSERT INTO filing.registration (event_id, inst_id, event, happened_on, province) VALUES ('m1', 'blank', 'move_in', '2026-11-15', '北京'), ('m2', 'elsewhere', 'move_in', '2026-11-15', '上海');
SELECT is((SELECT string_agg(subject_id, ' ') FROM risk_screen.run_rule('desk', 'H06', '2026-11-20') WHERE observed IS NULL AND subject_id IN ('blank', 'elsewhere')), 'blank', 'H06: moved into the city, and neither name nor scope filed: unknown');
DELETE FROM filing.registration WHERE event_id IN ('m1', 'm2');
UPDATE filing.registration SET province = '北京' WHERE event_id IN ('6', '9');

UPDATE filing.registration SET province = 'Beijing' WHERE event_id IN ('1', '4', '3');
SELECT is(filing.unknowns('H04') || ' ' || filing.hits('H04') || ' ' || filing.unknowns('H05'), 'new shanghai self item shanghai', 'H04, H05: a province that is none: unknown where the word would be frozen in Beijing');

-- H11 - H14, H16, H17, C06, C20
SELECT is(filing.unknowns('H12'), 'desk', 'H12: no texts filed: unknown');
INSERT INTO filing.institution (inst_id, name, lines, is_financial) VALUES ('p2p', '鑫汇', '{P2P}', false), ('cafe', '咖啡', NULL, false), ('label', '元宇宙科技有限公司', NULL, false);
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES
	('loan', 'cafe', 'ad', '2026-11-10', '网贷快速到账'), ('yield', 'cafe', 'ad', '2026-11-10', '年化收益12%，先到先得'), ('pay', 'cafe', 'ad', '2026-11-10', '支付宝付款立减，收银台带保险箱，基金会合作'), ('never', 'cafe', 'ad', '2026-11-10', '本店从不提供贷款，谨防诈骗'), ('cafe', 'cafe', 'ad', '2026-11-10', '金融街店新品咖啡上市'), ('good', 'bank', 'ad', '2026-11-10', '本行理财产品，投资有风险'),
	('news', 'cafe', 'opinion', '2026-11-10', '这家店卖理财'), ('promise', 'p2p', 'ad', '2026-11-10', '保本保息，零风险'), ('held', 'licensed', 'ad', '2026-11-10', '理财'), ('tomorrow', 'cafe', 'ad', '2026-11-21 00:00+08', '理财'),
	('house', 'p2p', 'product_page', '2026-11-10', '众筹买房，人人有份'), ('late', 'ended', 'ad', '2026-11-20 10:00+08', '理财');
SELECT is(filing.hits('H12'), 'house late loan yield', 'H12: finance words and yields of unlicensed firms; places, ways of paying, goods, negations, banks, licensed firms, news about a firm and tomorrow''s ads do not hit');
SELECT is(filing.unknowns('H13'), 'good', 'H13: a bank whose licence nobody filed: unknown');
INSERT INTO filing.licence (inst_id, biz, valid_from, valid_to) VALUES ('bank', 'BANK', '2020-01-01', NULL), ('bank', 'INS', '2020-01-01', '2026-11-10');
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES ('cover', 'bank', 'ad', '2026-11-09 23:59+08', '本行代理保险'), ('beyond', 'bank', 'ad', '2026-11-10', '本行代理保险，投资有风险'),
	('asset', 'licensed', 'app', '2026-11-10', '股票期货一站开户'), ('talk', 'licensed', 'opinion', '2026-11-10', '股票');
SELECT is(filing.hits('H13'), 'asset beyond', 'H13: business no licence in force that day covers; covered business, unlicensed firms and news do not hit');
SELECT is(filing.unknowns('H13'), '', 'H13: licences filed');
SELECT is((SELECT evidence #>> '{terms,0,term}' || ' ' || (evidence ->> 'licences') FROM risk_screen.run_rule('desk', 'H13', '2026-11-20') WHERE subject_id = 'beyond'), '保险 ["BANK"]', 'H13: the evidence names word and licences');
SELECT is(filing.hits('H14'), 'asset held house late promise yield', 'H14: principal and interest promised; a product or a yield without a risk notice; one with it, loans, opinions and other goods do not hit');
SELECT is((SELECT evidence ->> 'signs' FROM risk_screen.run_rule('desk', 'H14', '2026-11-20') WHERE subject_id = 'held'), '["no risk notice"]', 'H14: the evidence tells promise from hidden risk');
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body, risk_warning) VALUES
	('n499', 'p2p', 'ad', '2026-11-10', '理财' || repeat('好', 499) || '投资有风险', NULL), ('n500', 'p2p', 'ad', '2026-11-10', '理财' || repeat('好', 500) || '投资有风险', NULL), ('n501', 'p2p', 'ad', '2026-11-10', '理财' || repeat('好', 501) || '投资有风险', NULL),
	('seen', 'p2p', 'ad', '2026-11-10', '理财', true), ('unseen', 'p2p', 'ad', '2026-11-10', '理财，投资有风险', false), ('other', 'p2p', 'ad', '2026-11-10', '新品上市', false), ('both', 'p2p', 'ad', '2026-11-10', '保本高息，投资有风险', true),
	('negated', 'p2p', 'ad', '2026-11-10', '本平台不提供理财，不承诺保本', NULL), ('mocked', 'p2p', 'ad', '2026-11-10', '谁说投资有风险？来买基金', NULL), ('gone', 'p2p', 'ad', '2026-11-10', NULL, NULL), ('blank', 'p2p', 'ad', '2026-11-10', E' \n', true);
SELECT is(filing.hits('H14'), 'asset both held house late mocked n501 promise unseen yield', 'H14: a notice 499 and 500 characters away is near, 501 is not; a filed notice, or its filed absence, goes before the text; a promise stands whatever the notice; negated products want none, a mocked notice is none');
SELECT is(filing.unknowns('H14') || '; ' || filing.unknowns('H11') || '; ' || filing.unknowns('H12') || '; ' || filing.unknowns('H13'), 'blank gone; blank gone; blank gone; ', 'H11, H12, H14: an advertisement whose text nobody filed: unknown; H13: of a licensed firm only');
SELECT is((SELECT evidence #>> '{terms,0,nearest_notice}' FROM risk_screen.run_rule('desk', 'H14', '2026-11-20') WHERE subject_id = 'n501'), '501', 'H14: how far the nearest notice is');
DELETE FROM risk_screen.parameter WHERE code = 'risk_notice_reach' AND NOT builtin;
INSERT INTO risk_screen.parameter (code, value, operator, sense, valid_from) VALUES ('risk_notice_reach', 498, '=', 'value', '2026-01-01');
SELECT is(filing.hits('H14'), 'asset both held house late mocked n499 n500 n501 promise unseen yield', 'H14: the distance is a parameter');
DELETE FROM risk_screen.parameter WHERE code = 'risk_notice_reach' AND NOT builtin;
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES ('nothing', 'licensed', 'ad', '2026-11-10', NULL);
SELECT is(filing.unknowns('H13') || '; ' || filing.unknowns('H12'), 'nothing; blank gone', 'H13: a licensed firm''s advertisement without its text: unknown');
DELETE FROM filing.text_item WHERE text_id IN ('n499', 'n500', 'n501', 'seen', 'unseen', 'other', 'both', 'negated', 'mocked', 'gone', 'blank', 'nothing');
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES ('image', 'cafe', 'ad', '2026-11-10', '聚财金融，值得信赖'), ('bankers', 'cafe', 'ad', '2026-11-10', '金融机构员工凭证八折');
SELECT is(filing.hits('H12'), 'house image late loan yield', 'H12: a firm''s image as one of finance; a word about banks does not hit');
DELETE FROM filing.text_item WHERE text_id IN ('image', 'bankers');
SELECT is(filing.hits('H11'), 'promise', 'H11: claims of the trade');
SELECT is(filing.hits('H16'), 'label', 'H16: labels of fund-raising schemes in a name');
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES ('coin', 'cafe', 'ad', '2026-11-10', '买咖啡，消费返利'), ('beware', 'sh', 'ad', '2026-11-10', '谨防虚拟货币骗局'), ('talk2', 'sh', 'opinion', '2026-11-10', '元宇宙'), ('coming', 'sh', 'ad', '2026-11-21 00:00+08', '元宇宙');
SELECT is(filing.hits('H16'), 'cafe label', 'H16: in a text of the firm; warnings, others'' opinions and texts of tomorrow do not hit');
DELETE FROM filing.text_item WHERE text_id IN ('coin', 'beware', 'talk2', 'coming');
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
INSERT INTO filing.institution (inst_id, status) VALUES ('n6', NULL);
INSERT INTO filing.authority_order (order_id, inst_id, kind, issued_at) VALUES ('o7', 'n6', 'revoke', '2026-11-01'), ('o8', 'n6', 'close_site', '2026-11-10 10:00+08'), ('o9', 'n2', 'close_site', '2026-11-20 10:00+08');
SELECT is(filing.unknowns('H10'), 'n6', 'H10: revoked, and its state not filed: unknown');
SELECT is(filing.hits('H10'), 'n1', 'H10: active after revocation; the day itself, lifted orders and closed firms do not hit');
INSERT INTO filing.ops_day (inst_id, day, site_alive, app_listed) VALUES ('n1', '2026-11-10', true, true), ('n1', '2026-11-11', true, NULL), ('n1', '2026-11-12', false, true), ('n3', '2026-11-12', true, false);
SELECT is(filing.value('H18', 'n1'), 1.0, 'H18: one day too long; the day of the order and the other kind of order do not count');
SELECT is(filing.hits('H18'), 'n1', 'H18: an app taken down is right');
SELECT is(filing.unknowns('H18'), 'n6', 'H18: ordered closed and nobody has looked since: unknown; not on the day of the order');
INSERT INTO filing.disclosure (disclosure_id, inst_id, product_id, item, disclosed_at) VALUES ('1', 'n1', 'q1', 'product', '2026-01-01'), ('2', 'n1', 'q1', 'risk_level', '2026-01-01'), ('3', 'n1', 'q2', 'product', '2026-01-01'), ('4', 'n1', 'q2', 'risk_level', '2026-01-01'), ('5', 'n1', 'q2', 'investor_type', '2026-01-01');
SELECT is(filing.hits('H15'), 'q1', 'H15: one of three missing hits; all three shown does not, nor a firm that files none');
SELECT is(filing.unknowns('H15'), 'n4', 'H15: nor is it clear: unknown; ended products are not asked');
INSERT INTO filing.disclosure (disclosure_id, product_id, item, disclosed_at) VALUES ('9', 'q4', 'product', '2026-01-01');
SELECT is(filing.hits('H15') || filing.unknowns('H15'), 'q1 q4', 'H15: a disclosure is the firm''s whose product it is of');
DELETE FROM filing.disclosure WHERE disclosure_id = '9';

-- H19: tie-in sales
SELECT is(filing.unknowns('H19'), 'desk', 'H19: no sales filed: unknown');
INSERT INTO filing.sale (sale_id, product_id, inst_id, investor_id, sold_at)
SELECT format('a%s', i), 'fund', 'n1', 'u' || i, timestamptz '2026-11-10 10:00+08' FROM generate_series(1, 20) AS i UNION ALL
SELECT format('b%s', i), 'cover', 'n1', 'u' || i, '2026-11-10 15:00+08' FROM generate_series(1, 19) AS i UNION ALL
SELECT format('c%s', i), 'cover', 'n1', 'v' || i, '2026-11-11' FROM generate_series(1, 10) AS i UNION ALL
-- again by the same buyer; another day; nine buyers; the window's end
SELECT format('d%s', i), 'solo', 'n3', 'u1', '2026-11-10 10:00+08' FROM generate_series(1, 20) AS i UNION ALL
SELECT format('e%s', i), 'pair', 'n3', 'u1', '2026-11-10 10:00+08' FROM generate_series(1, 20) AS i UNION ALL
SELECT format('f%s', i), 'nine', 'n2', 'w' || i, '2026-11-10' FROM generate_series(1, 9) AS i UNION ALL
SELECT format('g%s', i), 'also', 'n2', 'w' || i, '2026-11-10' FROM generate_series(1, 9) AS i UNION ALL
SELECT format('h%s', i), 'later', 'n5', 'w' || i, '2026-11-10' FROM generate_series(1, 20) AS i UNION ALL
SELECT format('i%s', i), 'next', 'n5', 'w' || i, '2026-11-11' FROM generate_series(1, 20) AS i UNION ALL
SELECT format('j%s', i), 'future', 'n5', 'w' || i, '2026-11-21 00:00+08' FROM generate_series(1, 20) AS i;
SELECT is(filing.hits('H19'), 'fund', 'H19: 19 of 20 buyers (95 %) bought the other product too; not the other way round, one buyer twenty times, nine buyers, another day');
SELECT is((SELECT evidence ->> 'tied' || ' ' || observed FROM risk_screen.run_rule('desk', 'H19', '2026-11-20') WHERE hit), 'cover 0.9500', 'H19: what it is tied to, and the share');
INSERT INTO filing.sale (sale_id, product_id, inst_id, investor_id, sold_at) VALUES ('a21', 'fund', 'n1', 'u21', '2026-11-10');
SELECT is(filing.hits('H19'), '', 'H19: 19 of 21 buyers (90.5 %)');
UPDATE filing.sale SET bundle_id = 'x' || investor_id WHERE inst_id = 'n5' AND sold_at < '2026-11-15';
SELECT is(filing.hits('H19'), 'later next', 'H19: a bundle joins sales of two days');
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES ('tie', 'n1', 'contract', '2026-11-10', '办理本业务须同时购买意外险'), ('free', 'n1', 'contract', '2026-11-10', '本行不得捆绑销售保险'), ('rumour', 'n1', 'opinion', '2026-11-10', '听说捆绑销售');
SELECT is(filing.hits('H19'), 'later next tie', 'H19: a contract that demands it; prohibitions and rumours do not hit');

-- H20: finance in the name of investment and wealth management
TRUNCATE filing.institution, filing.product, filing.licence, filing.text_item;
INSERT INTO filing.institution (inst_id, name, scope_text, is_financial) VALUES ('offers', '甲乙投资有限公司', '餐饮', false), ('takes', '丙丁科技有限公司', '投资咨询', NULL), ('nine', '戊己理财有限公司', '餐饮', false), ('advert', '庚辛科技有限公司', '软件', false),
	('bank', '壬癸理财有限公司', '理财', true), ('held', '子丑投资有限公司', '投资', false), ('plain', '寅卯面包有限公司', '面包；投资咨询除外', false), ('idle', '辰巳投资有限公司', '投资', false);
SELECT is(filing.hits('H20') || filing.unknowns('H20'), 'desk', 'H20: neither products nor transfers filed: unknown');
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('held', 'AM', '2020-01-01');
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES ('t1', 'advert', 'ad', '2026-11-10', '理财好去处'), ('t2', 'plain', 'opinion', '2026-11-10', '理财');
INSERT INTO filing.product (product_id, inst_id, issued_on, ended_on) VALUES ('p1', 'offers', '2026-11-20', NULL), ('p2', 'bank', '2026-01-01', NULL), ('p3', 'held', '2026-01-01', NULL), ('p4', 'plain', '2026-01-01', NULL), ('p5', 'idle', '2026-01-01', '2026-11-20'), ('p6', 'idle', '2026-11-21', NULL);
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner, payee_owner, purpose)
SELECT f || i, 'a' || i, 'acc-' || f, 100, timestamptz '2026-11-10', CASE WHEN f = 'idle' THEN 'u1' ELSE 'u' || i END, f, p
  FROM (VALUES ('takes', 'lend', 10), ('nine', 'purchase', 9), ('advert', NULL, 10), ('plain', 'lend', 20), ('idle', 'lend', 20)) AS v (f, p, n), generate_series(1, n) AS i;
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner, payee_owner, purpose) VALUES ('x1', 'a', 'acc-nine', 1, '2026-11-10', 'firm', 'nine', 'purchase'), ('x2', 'a', 'acc-nine', 1, '2026-11-10', 'u10', 'nine', 'salary'), ('x3', 'a', 'acc-nine', 1, '2026-11-21 00:00+08', 'u11', 'nine', 'purchase');
INSERT INTO filing.party (party_id, kind) VALUES ('firm', 'enterprise');
SELECT is(filing.hits('H20'), 'advert offers takes', 'H20: a product on offer, or ten persons'' money; nine, firms'' money, other purposes, one person twenty times, ended or future products, banks, licensed and other firms do not hit');
SELECT is(filing.unknowns('H20'), '', 'H20: products and transfers are filed');
SELECT is(filing.value('H20', 'nine') || ' ' || filing.value('H20', 'offers') || ' ' || filing.value('H20', 'idle'), '9 10 1', 'H20: what was measured');

-- the watch list and what is still to be told
CALL risk_screen.screen('desk', '2026-11-20');
SELECT is((SELECT string_agg(inst_id || ' ' || reasons || ' ' || words, '; ' ORDER BY inst_id) FROM desk.watch_list WHERE inst_id IN ('nine', 'takes', 'plain')), 'nine H01 理财; takes H20 投资咨询', 'watch_list: firms with their reasons and words');
SELECT is((SELECT string_agg(inst_id, ' ' ORDER BY inst_id) FROM desk.watch_feed WHERE inst_id IN ('nine', 'takes', 'plain')), 'nine takes', 'watch_feed: nobody told yet');
INSERT INTO filing.share_log (share_id, direction, authority, kind, subject_id, sent_at) VALUES ('s', 'sent', '上海金融办', 'watch', 'nine', '2026-11-20 12:00+08');
SELECT is((SELECT string_agg(inst_id, ' ' ORDER BY inst_id) FROM desk.watch_feed WHERE inst_id IN ('nine', 'takes', 'plain')), 'takes', 'watch_feed: told');
SELECT is((SELECT notice ->> 'reasons' FROM desk.watch_feed WHERE inst_id = 'takes'), '["H20"]', 'watch_feed: the notice names the reasons');

-- full scan = what was there + delta, over many firms
TRUNCATE filing.institution, filing.licence, filing.registration;
INSERT INTO filing.institution (inst_id, name, scope_text, province, registered_on)
SELECT 'f' || i, (ARRAY['上海甲金融有限公司', '北京乙投资有限公司', '丙面包有限公司', '丁理财有限公司'])[1 + i % 4], (ARRAY['基金', '面包'])[1 + i % 2], (ARRAY['上海', '北京'])[1 + i / 4 % 2], date '2016-01-01' + i * 37 % 400
  FROM generate_series(1, 300) AS i;
INSERT INTO filing.licence (inst_id, biz, valid_from, valid_to, status)
SELECT 'f' || i, 'AM', date '2016-01-01' + i % 200, date '2016-06-01' + i % 300, NULL FROM generate_series(1, 300, 3) AS i;
INSERT INTO filing.registration (event_id, inst_id, event, happened_on, decision)
SELECT 'e' || i, 'f' || i, 'change', date '2016-05-01' + i % 250, (ARRAY['accepted', 'rejected'])[1 + i % 2] FROM generate_series(1, 300, 5) AS i;
SELECT set_config('search_path', 'desk, risk_screen, public', true);
SELECT is_empty(format($$
	(SELECT inst_id, field, term, started FROM risk_screen.desk_name_hits(%1$L) EXCEPT SELECT inst_id, field, term, started FROM risk_screen.desk_name_hits(%2$L))
	EXCEPT SELECT inst_id, field, term, started FROM risk_screen.desk_name_hits(%1$L, %2$L)$$, until, since), format('delta from %s to %s: every new hit is in it', since, until))
  FROM (VALUES ('2016-04-11', '2016-04-12'), ('2016-04-12', '2016-06-01'), ('2016-06-01', '2016-06-02'), ('2016-07-15', '2016-12-31'), ('2015-01-01', '2016-12-31')) AS v (since, until);
SELECT cmp_ok((SELECT count(DISTINCT inst_id)::int FROM risk_screen.desk_name_hits('2016-12-31', '2016-12-30')), '<', (SELECT count(DISTINCT inst_id)::int / 5 FROM risk_screen.desk_name_hits('2016-12-31')), 'a day''s delta is small');

SELECT * FROM finish();
ROLLBACK;
