-- Word lists as rows: defaults, shipped rows, the cache within one session.
BEGIN;
SELECT no_plan();

SELECT is((SELECT string_agg(term, ' ' ORDER BY term) FROM risk_screen.term WHERE lexicon = 'CN-2016-21'),
	(SELECT string_agg(w, ' ' ORDER BY w) FROM unnest(string_to_array('交易所 交易中心 金融 资产管理 理财 基金 基金管理 投资管理 财富管理 股权投资基金 网贷 网络借贷 P2P 股权众筹 互联网保险 支付', ' ')) AS w),
	'H02: the 16 words of 国办发〔2016〕21号');
SELECT is((SELECT count(*)::int FROM risk_screen.term WHERE lexicon = 'BJ-2016'), 20, 'H03: the 20 words of Beijing');
SELECT is((SELECT count(*)::int FROM risk_screen.term WHERE lexicon = 'BJ-2016-FREEZE-NAME'), 8, 'H04: 8 words frozen for names');
SELECT is((SELECT count(*)::int FROM risk_screen.term WHERE lexicon = 'BJ-2016-FREEZE-SCOPE'), 9, 'H05: 9 items frozen for scopes');
SELECT is_empty($$SELECT * FROM risk_screen.lexicon WHERE basis IS NULL$$, 'every shipped list names its basis');
SELECT is_empty($$SELECT * FROM risk_screen.check_lexicon()$$, 'the shipped lists have no mistakes');

-- an analyst's own list
INSERT INTO risk_screen.lexicon (lexicon) VALUES ('mine');
SELECT is(risk_screen.term_list('任何文字', 'mine'), '{}', 'a list without words finds nothing');
INSERT INTO risk_screen.term (lexicon, term) VALUES ('mine', '小额贷款');
SELECT is(risk_screen.term_list('某某小额貸款公司', 'mine'), '{小额贷款}', 'a new word is seen at the next statement');
SAVEPOINT s;
INSERT INTO risk_screen.term (lexicon, term) VALUES ('mine', '贷款');
SELECT is(risk_screen.term_list('某某小额贷款公司', 'mine'), '{小额贷款,贷款}', 'overlapping words are all reported');
ROLLBACK TO s;
SELECT is(risk_screen.term_list('某某小额贷款公司', 'mine'), '{小额贷款}', 'a rolled-back word is gone');
INSERT INTO risk_screen.term (lexicon, term) VALUES ('mine', '贷款');
UPDATE risk_screen.lexicon SET hits = 'longest' WHERE lexicon = 'mine';
SELECT is(risk_screen.term_list('某某小额贷款公司', 'mine'), '{小额贷款}', 'longest: the word inside is left out');
UPDATE risk_screen.lexicon SET hits = 'maximal' WHERE lexicon = 'mine';
INSERT INTO risk_screen.term (lexicon, term) VALUES ('mine', '款公司');
SELECT is(risk_screen.term_list('某某小额贷款公司', 'mine'), '{小额贷款,款公司}', 'maximal: overlapping ones stay');
DELETE FROM risk_screen.term WHERE lexicon = 'mine' AND term = '款公司';
SELECT ok(NOT risk_screen.has_terms('款公司', 'mine'), 'a deleted word is gone');

-- validity
UPDATE risk_screen.lexicon SET valid_from = '2020-01-01', valid_to = '2020-12-31' WHERE lexicon = 'mine';
SELECT ok(NOT risk_screen.has_terms('贷款', 'mine', '2019-12-31'), 'before the list is in force');
SELECT ok(risk_screen.has_terms('贷款', 'mine', '2020-01-01'), 'on its first day');
SELECT ok(risk_screen.has_terms('贷款', 'mine', '2020-12-31'), 'on its last day');
SELECT ok(NOT risk_screen.has_terms('贷款', 'mine', '2021-01-01'), 'after it');
UPDATE risk_screen.lexicon SET valid_from = '-infinity', valid_to = 'infinity' WHERE lexicon = 'mine';
UPDATE risk_screen.term SET valid_from = '2022-01-01' WHERE lexicon = 'mine' AND term = '贷款';
SELECT ok(NOT risk_screen.has_terms('贷款', 'mine', '2021-12-31'), 'a word of its own date');
SELECT ok(risk_screen.has_terms('贷款', 'mine', '2022-01-01'), 'and on it');

-- exceptions
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase) VALUES ('mine', 'phrase', '反贷款'), ('mine', 'name', '贷款大王有限公司');
SELECT ok(NOT risk_screen.has_terms('反-貸款', 'mine'), 'a covering phrase, folded like words');
SELECT ok(risk_screen.has_terms('反贷款，贷款', 'mine'), 'covers only what lies in it');
SELECT ok(NOT risk_screen.has_terms('貸款大王有限公司', 'mine'), 'a whole name');
SELECT ok(risk_screen.has_terms('贷款大王有限公司分公司', 'mine'), 'and nothing longer');
INSERT INTO risk_screen.term_exception (lexicon, kind, term) VALUES ('mine', 'withdrawn', '贷款');
SELECT ok(NOT risk_screen.has_terms('贷款', 'mine'), 'a withdrawn word');

-- match options
INSERT INTO risk_screen.lexicon (lexicon, fold) VALUES ('as-written', false);
INSERT INTO risk_screen.term (lexicon, term) VALUES ('as-written', '网贷'), ('as-written', 'P2P');
SELECT ok(NOT risk_screen.has_terms('網貸 p2p', 'as-written'), 'fold false compares characters as written');
SELECT ok(risk_screen.has_terms('P-2-P', 'as-written'), 'but marks may still stand between');
INSERT INTO risk_screen.lexicon (lexicon, max_gap, skip) VALUES ('gap', 2, 'separators');
INSERT INTO risk_screen.term (lexicon, term) VALUES ('gap', '金融'), ('gap', 'ICO');
SELECT ok(risk_screen.has_terms('金--融', 'gap'), 'as many marks as allowed');
SELECT ok(NOT risk_screen.has_terms('金---融', 'gap'), 'one more breaks the word');
SELECT ok(NOT risk_screen.has_terms('资金，融资', 'gap'), 'a comma breaks it');
SELECT ok(NOT risk_screen.has_terms('the Mexicos', 'gap'), 'a word of letters inside a longer one');
SELECT ok(risk_screen.has_terms('发行ico项目', 'gap'), 'and standing by itself');
UPDATE risk_screen.lexicon SET skip = 'all' WHERE lexicon = 'gap';
SELECT ok(risk_screen.has_terms('金，融', 'gap'), 'skip all: a comma too');
UPDATE risk_screen.lexicon SET skip = 'nothing' WHERE lexicon = 'gap';
SELECT ok(NOT risk_screen.has_terms('金-融', 'gap'), 'skip nothing');
SELECT ok(risk_screen.has_terms(E'金\u200B融', 'gap'), 'except what cannot be seen');
UPDATE risk_screen.lexicon SET homophones = true, look_alikes = true, split_characters = true, repeats = true WHERE lexicon = 'gap';
SELECT results_eq($$SELECT matched, disguise FROM risk_screen.find_terms('今融 全融 jinrong 金rong', '{gap}')$$,
	$$VALUES ('今融', 'homophone'), ('全融', 'look-alike'), ('jinrong', 'pinyin'), ('金rong', 'pinyin')$$, 'each hit says its disguise');

-- shipped rows
SELECT throws_ok($$UPDATE risk_screen.lexicon SET active = false WHERE lexicon = 'CN-2016-21'$$, '42501', NULL, 'shipped lists are read-only');
SELECT throws_ok($$DELETE FROM risk_screen.term WHERE lexicon = 'CN-2016-21' AND term = '支付'$$, '42501', NULL, 'shipped words too');
SELECT throws_ok($$INSERT INTO risk_screen.term (lexicon, term, shipped) VALUES ('mine', 'x', true)$$, '42501', NULL, 'nobody else ships');
SELECT throws_ok($$TRUNCATE risk_screen.term_exception$$, '42501', NULL, 'TRUNCATE would take shipped rows along');
INSERT INTO risk_screen.term_exception (lexicon, kind, term) VALUES ('CN-2016-21', 'withdrawn', '支付');
SELECT ok(NOT risk_screen.has_terms('支付', 'CN-2016-21'), 'but an own row withdraws a shipped word');
INSERT INTO risk_screen.term (lexicon, term) VALUES ('CN-2016-21', '信托');
SELECT ok(risk_screen.has_terms('信托', 'CN-2016-21'), 'or adds one');

-- errors and NULLs
SELECT throws_ok($$SELECT risk_screen.has_terms('x', 'nowhere')$$, '42704', NULL, 'an unknown list');
SELECT throws_ok($$SELECT * FROM risk_screen.find_terms('x', ARRAY[NULL])$$, '22004', NULL, 'a NULL list name');
SELECT is(risk_screen.has_terms(NULL, 'mine'), NULL, 'NULL text');
SELECT is(risk_screen.has_terms('x', NULL), NULL, 'NULL list');
SELECT is(risk_screen.term_list(NULL, 'mine'), NULL, 'NULL text, list of words');
SELECT is_empty($$SELECT * FROM risk_screen.find_terms(NULL)$$, 'NULL text, no rows');
SELECT is_empty($$SELECT * FROM risk_screen.find_terms('')$$, 'empty text, no rows');
SELECT is(risk_screen.fold_text(NULL), NULL, 'fold_text of NULL');
SELECT is_empty($$SELECT * FROM risk_screen.find_terms('贷款', '{}')$$, 'no list, no rows');

-- check_lexicon
INSERT INTO risk_screen.lexicon (lexicon) VALUES ('faulty');
INSERT INTO risk_screen.term (lexicon, term, effect, valid_to) VALUES ('faulty', '。。', NULL, 'infinity'), ('faulty', '网贷', NULL, 'infinity'),
	('faulty', '網貸', NULL, 'infinity'), ('faulty', '款', NULL, 'infinity'), ('faulty', '财富管理', 'reject', 'infinity');
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term) VALUES ('faulty', 'phrase', '款', '款'), ('faulty', 'phrase', '无关', '*'),
	('faulty', 'phrase', '借款人', '借款');
SELECT results_eq($$SELECT term, problem, count(*)::int FROM risk_screen.check_lexicon('faulty') GROUP BY 1, 2 ORDER BY 1, 2$$,
	$$SELECT * FROM (VALUES ('*', 'useless exception', 1), ('借款', 'useless exception', 2), ('款', 'short', 1), ('款', 'unreachable', 1),
		('网贷', 'duplicate', 1), ('财富管理', 'conflict', 1), ('。。', 'unreachable', 1)) AS v(t, p, n) ORDER BY 1, 2$$,
	'check_lexicon finds what cannot work');

-- exceptions of which nothing is left after folding except nothing
INSERT INTO risk_screen.lexicon (lexicon) VALUES ('nothing');
INSERT INTO risk_screen.term (lexicon, term) VALUES ('nothing', '试词'), ('nothing', '😀');
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase) VALUES ('nothing', 'holder', '😀'), ('nothing', 'holder', '😀…'), ('nothing', 'name', '　'), ('nothing', 'clause', '😀…除外'), ('nothing', 'clause', '不得😀…😀'), ('nothing', 'clause', '不得…从事…'), ('nothing', 'clause', '（…除）');
SELECT results_eq($$SELECT started FROM unnest('{甲试词公司,试词除外,不得试词,（试词除）,不得从事试词}'::text[]) AS n, risk_screen.screen_name(n) WHERE lexicon = 'nothing'$$, $$VALUES (2), (1), (3), (5)$$,
	'a mark that folds to nothing exempts no holder and is no part of a clause; a bracket is');
SELECT set_eq($$SELECT term, problem, detail FROM risk_screen.check_lexicon('nothing')$$, $$VALUES ('😀', 'unreachable', 'nothing is left of the word after folding'),
	('*', 'useless exception', 'nothing is left of "😀" after folding: it excepts nothing'), ('*', 'useless exception', 'nothing is left of "😀…" after folding: it excepts nothing'), ('*', 'useless exception', 'nothing is left of "　" after folding: it excepts nothing'),
	('*', 'useless exception', 'nothing is left of "😀…除外" after folding: it excepts nothing'), ('*', 'useless exception', 'nothing is left of "不得😀…😀" after folding: it excepts nothing'),
	('*', 'useless exception', 'the clause "不得…从事…" has more than one …: what stands behind the second is not read; write two clauses')$$, 'check_lexicon says so, and which clause has too many …');
DELETE FROM risk_screen.lexicon WHERE lexicon = 'nothing';
INSERT INTO risk_screen.lexicon (lexicon) VALUES ('never');
INSERT INTO risk_screen.term (lexicon, term, valid_from) VALUES ('never', 'x', 'infinity'), ('never', 'y', DEFAULT);
SELECT results_eq($$SELECT version, valid_from, valid_to, terms FROM risk_screen.lexicon_versions('never')$$, $$VALUES (1, date '-infinity', date 'infinity', '{y}'::text[])$$, 'a word that never comes into force makes no version');
DELETE FROM risk_screen.lexicon WHERE lexicon = 'never';

-- privileges
CREATE ROLE rs_test_reader;
GRANT USAGE ON SCHEMA risk_screen TO rs_test_reader;
SET ROLE rs_test_reader;
SELECT ok(risk_screen.has_terms('金融', 'CN-2016-21'), 'anybody may screen');
SELECT throws_ok($$INSERT INTO risk_screen.lexicon (lexicon) VALUES ('x')$$, '42501', NULL, 'but not write lists');
RESET ROLE;
REVOKE SELECT ON risk_screen.term FROM PUBLIC;
SELECT ok(risk_screen.has_terms('金融', 'CN-2016-21'), 'the owner still reads');
SET ROLE rs_test_reader;
SELECT throws_ok($$SELECT risk_screen.has_terms('金融', 'CN-2016-21')$$, '42501', NULL, 'who may not read the words is not served from the cache');
DO $$
DECLARE
	d text;
	h text;
BEGIN
	PERFORM risk_screen.has_terms('金融', 'CN-2016-21');
EXCEPTION WHEN insufficient_privilege THEN
	GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	PERFORM set_config('rs_test.said', d || ' | ' || h, true);
END $$;
SELECT matches(current_setting('rs_test.said'), '"rs_test_reader".*risk_screen\.term.* \| GRANT SELECT ON risk_screen\.lexicon, risk_screen\.term, risk_screen\.term_exception TO rs_test_reader;', 'and is told who lacks what, and which GRANT gives it');
RESET ROLE;
GRANT SELECT ON risk_screen.term TO PUBLIC;
ALTER TABLE risk_screen.term ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON risk_screen.term USING (term <> '金融');
SELECT ok(risk_screen.has_terms('金融', 'CN-2016-21'), 'the owner sees all rows');
SET ROLE rs_test_reader;
SELECT ok(NOT risk_screen.has_terms('金融', 'CN-2016-21'), 'row security holds for the cache');
SELECT ok(risk_screen.has_terms('网贷', 'CN-2016-21'), 'other rows are there');
RESET ROLE;
SELECT ok(risk_screen.has_terms('金融', 'CN-2016-21'), 'and the owner again');

-- what is misspelt is said
INSERT INTO risk_screen.lexicon (lexicon, jurisdiction, licences) VALUES ('typo', 'Beijing', '{*}');
INSERT INTO risk_screen.term (lexicon, term) VALUES ('typo', '某某词');
SELECT results_eq($$SELECT problem FROM risk_screen.check_lexicon('typo')$$, $$VALUES ('any licence'), ('unknown jurisdiction')$$, 'check_lexicon: a jurisdiction that is none, and any licence');
SELECT ok(risk_screen.known_region(r), 'a region: ' || r) FROM unnest('{北京,北京市,北京市朝阳区,内蒙古,广西壮族自治区,臺灣,香港,温州}'::text[]) AS r;
SELECT ok(NOT risk_screen.known_region(r), 'no region: ' || r) FROM unnest('{Beijing,普通合伙,中国,"",某市,朝阳区,鼓楼区}'::text[]) AS r;
SELECT is(risk_screen.known_region(NULL), NULL, 'known_region(NULL)');
INSERT INTO risk_screen.lexicon (lexicon, jurisdiction) VALUES ('of Zhejiang', '浙江'), ('of Hangzhou', '杭州市');
INSERT INTO risk_screen.term (lexicon, term) VALUES ('of Zhejiang', '试词甲'), ('of Hangzhou', '试词甲');
SET LOCAL client_min_messages = error;
SELECT is((SELECT string_agg(p || ':' || coalesce((SELECT string_agg(substr(lexicon, 4, 1), '' ORDER BY lexicon) FROM risk_screen.screen_name('试词甲', province => p)), ''), ' ' ORDER BY o)
	FROM unnest('{浙江,浙江省,杭州,杭州市,西湖区,余杭区,温州市,浙江省杭州市,浙 江,北京,朝阳区,Zhejiang,浙江省西湖区,北京市朝阳区}'::text[]) WITH ORDINALITY AS u (p, o)),
	'浙江:Z 浙江省:Z 杭州:HZ 杭州市:HZ 西湖区: 余杭区:HZ 温州市:Z 浙江省杭州市:HZ 浙 江:Z 北京: 朝阳区: Zhejiang: 浙江省西湖区:HZ 北京市朝阳区:', 'a list of a province applies in its cities and districts, one of a city in its districts; not where the name does not tell the province');
INSERT INTO risk_screen.lexicon (lexicon, jurisdiction) VALUES ('of Yuhang', '浙江省杭州市余杭区'), ('of Hainan', '海南'), ('of a zone', '上海自由贸易试验区');
INSERT INTO risk_screen.term (lexicon, term) VALUES ('of Yuhang', '试词乙'), ('of Hainan', '试词乙'), ('of a zone', '试词乙');
SELECT is((SELECT string_agg(p || ':' || coalesce((SELECT string_agg(substr(lexicon, 4), ',' ORDER BY lexicon) FROM risk_screen.screen_name('试词乙', province => p)), ''), ' ' ORDER BY o)
	FROM unnest('{浙,浙江,浙江省杭州市,余杭区,海南省海口市,海南藏族自治州,上海市黄浦区,上海自由贸易试验区临港新片区}'::text[]) WITH ORDINALITY AS u (p, o)),
	'浙: 浙江: 浙江省杭州市: 余杭区:Yuhang 海南省海口市:Hainan 海南藏族自治州: 上海市黄浦区: 上海自由贸易试验区临港新片区:a zone', 'a list of a district does not apply to all of its city or province, nor one of a zone to its city; a namesake is another place');
SELECT ok(risk_screen._region_around('浙江', '杭州市') AND NOT risk_screen._region_around('杭州市', '杭州') AND NOT risk_screen._region_around('温州', '杭州市') AND NOT risk_screen._region_around('Zhejiang', '杭州市'), 'a province does not tell the city');
INSERT INTO risk_screen.lexicon (lexicon) VALUES ('no words');
SELECT results_eq($$SELECT lexicon, problem FROM risk_screen.check_lexicon('no words')$$, $$VALUES ('no words', 'empty')$$, 'check_lexicon: a list without words');
SELECT results_eq($$SELECT lexicon, problem FROM risk_screen.check_lexicon('no such list')$$, $$VALUES ('no such list', 'unknown list')$$, 'check_lexicon: a misspelt name is no list without mistakes');
RESET client_min_messages;
SELECT is_empty($$SELECT * FROM risk_screen.lexicon WHERE shipped AND '*' = ANY (licences)$$, 'shipped lists name the licences that exempt');
SET LOCAL client_min_messages = error;
SELECT is((SELECT count(*)::int FROM risk_screen.screen_name('甲理财有限公司', NULL, NULL, NULL, l, '2016-06-01') WHERE lexicon = 'CN-2016-21'), n, 'licences ' || l::text)
  FROM (VALUES ('{bnak}'::text[], 1), ('{BANK}', 0), ('{bank}', 0), ('{Am}', 0), ('{}', 1), ('{bnak,PAY}', 0), ('{*}', 1)) AS v (l, n);

SELECT * FROM finish();
ROLLBACK;
