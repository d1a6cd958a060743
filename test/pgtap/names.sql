-- Finding, screening, splitting, comparing.
BEGIN;
SELECT no_plan();

SELECT results_eq($$SELECT lexicon, term, started, ended, matched, disguise FROM risk_screen.find_terms('上海Ｐ-2·Ⓟ網貸', '{CN-2016-21}')$$,
	$$VALUES ('CN-2016-21', 'P2P', 3, 7, 'Ｐ-2·Ⓟ', 'interleaved'), ('CN-2016-21', '网贷', 8, 9, '網貸', 'folded')$$,
	'positions are characters of the original, from 1, inclusive');
SELECT results_eq($$SELECT term, started, ended FROM risk_screen.find_terms('股权投资基金管理', '{CN-2016-21}')$$,
	$$VALUES ('股权投资基金', 1, 6), ('基金管理', 5, 8)$$, 'H01: the long word hides those inside, not the one that sticks out');
SELECT is_empty($$SELECT * FROM risk_screen.find_terms('慈善基金会', '{CN-2016-21}')$$, '基金 in 基金会');
SELECT is(risk_screen.term_list('金融街基金', 'CN-2016-21'), '{基金}', 'a place name does not excuse the rest');

-- exclusion clauses
SELECT is(risk_screen.term_list(s, 'CN-2016-21'), '{}', 'excluded: ' || s)
  FROM unnest(ARRAY['企业管理（不得从事吸收存款、集资收款、受托贷款等金融业务）', '咨询（不含金融、证券、期货）', '咨询（不含证券，金融）',
	'除金融、保险外的信息咨询', '信息咨询（金融业务除外）', '未经批准不得从事网贷', '不得以公开方式募集基金']) AS s;
SELECT is(risk_screen.term_list(s, 'CN-2016-21'), '{金融}', 'not excluded: ' || s)
  FROM unnest(ARRAY['咨询（不含证券）；金融服务', '咨询（不含证券），金融服务', '不含证券，金融服务', '金融服务（不含证券）',
	'不得从事证券；金融', '证券业务除外，金融服务']) AS s;

-- screening registrations
SELECT is((SELECT count(*)::int FROM risk_screen.screen_name('北京红光投资有限公司', NULL, '上海市', 'new')), 0, 'Beijing''s list does not apply in Shanghai');
SELECT results_eq($$SELECT lexicon, term, effect FROM risk_screen.screen_name('红光投资有限公司', NULL, '北京市', 'existing', NULL, '2016-06-01')$$,
	$$VALUES ('BJ-2016', '投资', 'watch')$$, 'H03: existing firms are watched');
SELECT results_eq($$SELECT lexicon, term, effect FROM risk_screen.screen_name('红光投资有限公司', NULL, '北京', 'move_in', NULL, '2016-06-01')$$,
	$$VALUES ('BJ-2016', '投资', 'watch'), ('BJ-2016-FREEZE-NAME', '投资', 'reject')$$, 'H04, H06: new names and moves are refused');
SELECT is((SELECT count(*)::int FROM risk_screen.screen_name('红光投资有限公司', '投资管理', '北京', 'new', '{fund}', '2016-06-01')), 0, 'a licence exempts');
SELECT is((SELECT count(*)::int FROM risk_screen.screen_name('红光金融有限公司', NULL, NULL, NULL, NULL, '2016-01-01')), 0, 'before the plan nothing applies');
SELECT ok((SELECT bool_and(effect = 'reject') FROM risk_screen.screen_name('红光金融有限公司', NULL, NULL, NULL, NULL, '2021-05-01') WHERE lexicon = 'CN-737-9'), '国务院令737 from its first day');
SELECT is((SELECT place FROM risk_screen.screen_name('上海红光资产管理有限公司') WHERE lexicon = 'CN-2016-21'), 'industry', 'where the word stands');
SELECT results_eq($$SELECT field, term, item_no FROM risk_screen.screen_name(NULL, '企业管理；理财') AS s, risk_screen.scope_items('企业管理；理财') AS i
	WHERE lexicon = 'CN-2016-21' AND s.started BETWEEN i.started AND i.ended$$, $$VALUES ('scope', '理财', 2)$$, 'scope by item');
SELECT is((SELECT count(*)::int FROM risk_screen.screen_name('中国红光银行股份有限公司上海支行') WHERE lexicon = 'CN-BANK-11'), 0, 'a bank''s own form of name');
SELECT is((SELECT count(*)::int FROM risk_screen.screen_name('上海银行信息咨询有限公司') WHERE lexicon = 'CN-BANK-11'), 1, '银行 in another''s name');
SELECT is((SELECT count(*)::int FROM risk_screen.screen_name(NULL, NULL)), 0, 'nothing to screen');

SELECT results_eq($$SELECT item_no, item, started, ended FROM risk_screen.scope_items('许可项目：存款；发放贷款（短期、中期）。 咨询，')$$,
	$$VALUES (1, '存款', 6, 7), (2, '发放贷款（短期、中期）', 9, 19), (3, '咨询', 22, 23)$$, 'items, headings and brackets');
SELECT is_empty($$SELECT * FROM risk_screen.scope_items('')$$, 'an empty scope');

-- position: the parent's part in the name of a branch with a trade of its own
SELECT is((SELECT string_agg(n || ' ' || coalesce((SELECT place FROM risk_screen.screen_name(n, NULL, '北京', 'existing', NULL, '2016-06-01') WHERE lexicon = 'CN-2016-21'), '-'), '; ' ORDER BY o)
	FROM unnest('{红光资产管理有限公司,红光资产管理有限公司庐山宾馆,红光资产管理有限公司上海分公司,红光资产管理有限公司(原红光厂),红光商贸有限公司金融服务部}'::text[]) WITH ORDINALITY AS u (n, o)),
	'红光资产管理有限公司 industry; 红光资产管理有限公司庐山宾馆 -; 红光资产管理有限公司上海分公司 industry; 红光资产管理有限公司(原红光厂) industry; 红光商贸有限公司金融服务部 branch',
	'a hotel of an investment firm is spared, its branch office and former name are not, nor a word in the branch''s own part');
INSERT INTO risk_screen.lexicon (lexicon, fields) VALUES ('parents', '{name}');
INSERT INTO risk_screen.term (lexicon, term, places) VALUES ('parents', '资产管理', '{parent}');
SELECT results_eq($$SELECT place FROM unnest('{红光资产管理有限公司,红光资产管理有限公司庐山宾馆}'::text[]) AS n, risk_screen.screen_name(n) AS s WHERE lexicon = 'parents'$$, $$VALUES ('parent')$$, 'a word can be asked for in that part alone');

-- exceptions found by reading, and what is next to them
SELECT is((SELECT string_agg(CASE WHEN risk_screen.has_terms(b, 'CN-2016-21', '2020-01-01') THEN 'hit' ELSE '-' END, ' ' ORDER BY o)
	FROM unnest('{国有资产管理,国内资产管理,旧机动车交易中心,大宗商品交易中心,集团内资金融通,合资金融公司,互联网金融（金融业务另行报批）,证券（金融业务另行报批）,金融自助设备,金融自助}'::text[]) WITH ORDINALITY AS u (b, o)),
	'- hit - hit - hit hit - - -', 'spared and not spared');

-- advertisements
SELECT results_eq($$SELECT finding, term, value FROM risk_screen.screen_ad('年化收益率高达１２．５％，保本保息！') WHERE lexicon IN ('CN-AD', 'AD-YIELD', 'AD-WARNING')$$,
	$$VALUES ('claim', '保本保息', NULL::numeric), ('yield', '年化收益率', 12.5), ('no_warning', '年化收益率', NULL)$$, 'claims, yields, missing warning');
SELECT results_eq($$SELECT lexicon, term, effect, started, ended, matched, value, basis LIKE '广告法%' FROM risk_screen.screen_ad('本行 理·财', '{bank}') WHERE finding = 'no_warning'$$,
	$$VALUES ('AD-WARNING', '理财', 'watch', 4, 6, '理·财', NULL::numeric, true)$$, 'a product without a risk notice: which, and where');
SELECT is((SELECT string_agg(coalesce((SELECT coalesce(value::text, 'none') FROM risk_screen.screen_ad(b, '{bank}', NULL, w) WHERE finding = 'no_warning'), '-'), ' ' ORDER BY o)
	FROM (VALUES (1, '理财' || repeat('好', 20) || '投资有风险', 19), (2, '理财' || repeat('好', 20) || '投资有风险', 20), (3, '投资有风险' || repeat('好', 20) || '理财', 19), (4, '投资有风险' || repeat('好', 20) || '理财', 20),
		(5, '理财' || repeat('好', 500) || '投资有风险', NULL), (6, '投资有风险理财', 0), (7, '理财投资有风险' || repeat('好', 9) || '私募', 8), (8, '投资有风险' || repeat('好', 9) || '私募' || repeat('好', 3) || '入市需谨慎', 3)) AS v (o, b, w)),
	'20 - 20 - - - 9 -', 'a notice within the distance, before or behind, to the character; every product wants one');
SELECT is((SELECT string_agg(coalesce((SELECT 'bare' FROM risk_screen.screen_ad(b, '{bank}') WHERE finding = 'no_warning'), '-'), ' ' ORDER BY o)
	FROM unnest('{谁说投资有风险？买基金,无惧市场有风险，买私募,本行从不销售理财；基金会捐赠,谨防理财骗局,不存在原始股,一款基金。市场有风险，投资需谨慎,新品上市}'::text[]) WITH ORDINALITY AS u (b, o)),
	'bare bare bare - - - -', 'a warning that is waved away is none; negated products, foundations and other goods want none');
SELECT throws_ok($$SELECT * FROM risk_screen.screen_ad('理财', NULL, NULL, -1)$$, '22023', 'notice_within must not be negative', 'a negative distance');
SELECT is((SELECT count(*)::int FROM risk_screen.screen_ad(NULL)), 0, 'no text');

-- promises of 广告法 Art 25 in other words, and the warnings that hold the same words
CREATE TEMP TABLE said AS SELECT b, string_agg(lexicon || ' ' || term, ', ' ORDER BY started, term) AS found
	FROM unnest('{没有风险,本产品没有风险，收益高,没有门槛没有风险,沒·有·風·險,没有任何风险,不存在风险,零风险,稳赚不赔,本金保障，旱涝保收,资金绝对安全,100％安全,投资有风险,并非没有风险,不存在绝对安全的投资,没有绝对安全的投资,没有零风险的投资,没有哪种投资没有风险,任何投资都不可能没有风险,不存在没有风险的投资,投资有没有风险,没有风险意识,没有风险就没有收益,低收益不等于没有风险,市场无风险利率,打破刚性兑付,谁也不能保证稳赚不赔,不可能稳赚不赔,声称零风险的都是骗局,以保本高息、零风险为诱饵,无绝对安全可言,没有风险的投资是不存在的,凡承诺零风险、高收益的请警惕,业绩基准不构成保证收益,投保本产品前请阅读条款,确保本次活动公平,抢红包赚不停,确保息费透明}'::text[]) WITH ORDINALITY AS u (b, o)
	LEFT JOIN LATERAL (SELECT * FROM risk_screen.screen_ad(b, NULL, '2026-11-20') WHERE finding = 'claim') AS f ON true GROUP BY b, o ORDER BY o;
SELECT is((SELECT string_agg(b || ': ' || found, '; ') FROM said WHERE found IS NOT NULL),
	'没有风险: CN-ADLAW-25 没有风险; 本产品没有风险，收益高: CN-ADLAW-25 没有风险; 没有门槛没有风险: CN-ADLAW-25 没有风险; 沒·有·風·險: CN-ADLAW-25 没有风险; 没有任何风险: CN-ADLAW-25 没有任何风险; 不存在风险: CN-ADLAW-25 不存在风险; '
	'零风险: CN-ADLAW-25 零风险; 稳赚不赔: CN-ADLAW-25 稳赚不赔; 本金保障，旱涝保收: CN-ADLAW-25 本金保障, CN-ADLAW-25 旱涝保收; 资金绝对安全: AD-SAFETY 绝对安全; 100％安全: AD-SAFETY 100%安全',
	'no risk, sure gain, safe beyond doubt; warnings, questions, double negations, advice against swindlers do not hit');
SELECT is_empty($$SELECT term, basis FROM risk_screen.term WHERE lexicon = 'CN-ADLAW-25' AND shipped AND term NOT IN ('保本', '无风险', '保收益') AND basis NOT LIKE '广告法 第二十五条第一项：%整理（非法定）'$$, 'beyond the three words of the law each says on which clause it rests, and that it is compiled');
-- superlatives: what the enforcement guide lets pass, and no risk notice is missing beside one
SELECT is((SELECT string_agg(b || ':' || coalesce((SELECT string_agg(finding || ' ' || term, ',' ORDER BY finding) FROM risk_screen.screen_ad(b, NULL, '2026-11-20')), '-'), ' ' ORDER BY o)
	FROM unnest('{全城最佳咖啡,国家级品质,追求最佳服务,国家级高新技术企业,最佳食用时间为三天,不得使用国家级字样,没有最佳，只有更佳}'::text[]) WITH ORDINALITY AS u (b, o)),
	'全城最佳咖啡:claim 最佳 国家级品质:claim 国家级 追求最佳服务:- 国家级高新技术企业:- 最佳食用时间为三天:- 不得使用国家级字样:- 没有最佳，只有更佳:-', 'superlatives want no risk notice; aims, official titles, advice of use, prohibitions are none');
INSERT INTO risk_screen.lexicon (lexicon, fields, wants_notice) VALUES ('plain advert', '{advert}', false), ('promise advert', '{advert}', DEFAULT);
INSERT INTO risk_screen.term (lexicon, term) VALUES ('plain advert', '试词丁'), ('promise advert', '试词戊');
SELECT is((SELECT string_agg(b || ' ' || finding, '; ' ORDER BY b, finding) FROM unnest('{试词丁,试词戊}'::text[]) AS b, risk_screen.screen_ad(b)), '试词丁 claim; 试词戊 claim; 试词戊 no_warning', 'a list says whether its words want a risk notice');
DELETE FROM risk_screen.lexicon WHERE lexicon IN ('plain advert', 'promise advert');

-- versions of a list
SELECT results_eq($$SELECT version, valid_from, valid_to, words, cardinality(terms), basis LIKE '国办发%' FROM risk_screen.lexicon_versions('CN-2016-21')$$,
	$$VALUES (1, date '2016-04-12', date 'infinity', 16, 16, true)$$, 'H02: one version of sixteen words, with its source');
INSERT INTO risk_screen.lexicon (lexicon, valid_from, valid_to) VALUES ('versions', '2020-01-01', '2020-12-31'), ('no words', DEFAULT, DEFAULT);
INSERT INTO risk_screen.term (lexicon, term, valid_from, valid_to) VALUES ('versions', 'a', DEFAULT, DEFAULT), ('versions', 'b', '2020-03-01', '2020-03-31'), ('versions', 'c', '2020-04-01', '2021-06-01'), ('versions', 'd', '2021-01-01', 'infinity'), ('versions', 'e', '2019-01-01', '2019-12-31'), ('versions', 'gone', DEFAULT, DEFAULT);
INSERT INTO risk_screen.term_exception (lexicon, kind, term) VALUES ('versions', 'withdrawn', 'gone');
SELECT results_eq($$SELECT version, valid_from, valid_to, words, terms FROM risk_screen.lexicon_versions('versions')$$,
	$$VALUES (1, date '2020-01-01', date '2020-02-29', 1, '{a}'::text[]), (2, '2020-03-01', '2020-03-31', 2, '{a,b}'), (3, '2020-04-01', '2020-12-31', 2, '{a,c}')$$,
	'a word that comes or ends begins a version; the list''s own days bound them; withdrawn words are left out');
SELECT is_empty($$SELECT d FROM generate_series(date '2019-12-30', '2021-02-01', '1 day') AS d
	WHERE (SELECT array_agg(DISTINCT term ORDER BY term) FROM risk_screen.find_terms('a b c d e gone', '{versions}', d::date)) IS DISTINCT FROM (SELECT terms FROM risk_screen.lexicon_versions('versions') WHERE d BETWEEN valid_from AND valid_to)$$,
	'on every day the words of the version are the words that are found');
SELECT is((SELECT digest FROM risk_screen.lexicon_versions('versions') WHERE version = 2), encode(sha256(E'a\nb'), 'hex'), 'the digest is of the words');
SELECT results_eq($$SELECT words, terms FROM risk_screen.lexicon_versions('no words')$$, $$VALUES (0, '{}'::text[])$$, 'a list without words has one version');
SELECT is_empty($$SELECT * FROM risk_screen.lexicon_versions('none such')$$, 'no list, no version');
SELECT is_empty($$SELECT * FROM risk_screen.screen_ad('谨防保本高息骗局')$$, 'negated claims');
SELECT is_empty($$SELECT * FROM risk_screen.screen_ad('年化8%，投资有风险') WHERE finding = 'no_warning'$$, 'with a warning');
SELECT is((SELECT value FROM risk_screen.screen_ad('8%-10%预期收益率') WHERE finding = 'yield'), 10::numeric, 'a number before the word; the larger of a range');
SELECT is((SELECT string_agg(b || '>' || coalesce((SELECT string_agg(value::text, ',' ORDER BY started) FROM risk_screen.screen_ad(b) WHERE finding = 'yield'), '-'), ' ' ORDER BY o)
	FROM unnest('{年化12%起,日息万五,日息万分之五,月息2分,月息8厘,收益率8个点,年化百分之十二,年化百分之八到百分之十二,年化8至12%,年化十二个点,收益二十%,收益一百二十%,收益率八点五%,收益3倍,收益5‰,年化.5%,收益第2年8%,年化8%-,"年化8%，次年利率12%"}'::text[]) WITH ORDINALITY AS u (b, o)),
	'年化12%起>12 日息万五>0.05 日息万分之五>0.05 月息2分>2 月息8厘>0.8 收益率8个点>8 年化百分之十二>12 年化百分之八到百分之十二>12 年化8至12%>12 年化十二个点>12 收益二十%>20 收益一百二十%>120 收益率八点五%>8.5 收益3倍>300 收益5‰>0.5 年化.5%>0.5 收益第2年8%>8 年化8%->8 年化8%，次年利率12%>8,12',
	'yields in percent: units, fractions, ranges and numerals in Han');
SELECT is((SELECT string_agg(b || '>' || coalesce((SELECT string_agg(value::text, ',' ORDER BY started) FROM risk_screen.screen_ad(b) WHERE finding = 'yield'), '-'), ' ' ORDER BY o)
	FROM unnest('{年息一分五,年息8厘,月息一分五,月息两分半,月息2分3厘,日息1厘,日息五分,收益2成,月收益三成半,收益2成立,预期收益率12.5个百分点,收益率十二点五个百分点,收益率12百分点,年化 1 2 %,年化 8 12%,年化 1 2 3%,年化百分之十二,年化12 %}'::text[]) WITH ORDINALITY AS u (b, o)),
	'年息一分五>15 年息8厘>8 月息一分五>1.5 月息两分半>2.5 月息2分3厘>2.3 日息1厘>0.01 日息五分>0.5 收益2成>20 月收益三成半>35 收益2成立>- 预期收益率12.5个百分点>12.5 收益率十二点五个百分点>12.5 收益率12百分点>12 年化 1 2 %>12 年化 8 12%>12 年化 1 2 3%>123 年化百分之十二>12 年化12 %>12',
	'yields: a 分 is of the period the word names, tenths behind it, points of percent, digits set apart');
SELECT is((SELECT string_agg(matched, ';' ORDER BY o) FROM unnest('{12% 的年化收益,年化收益 12 %,12%的年化收益}'::text[]) WITH ORDINALITY AS u (b, o), risk_screen.screen_ad(b) WHERE finding = 'yield'), '12% 的年化收益;年化收益 12 %;12%的年化收益', 'blanks, and a number before the word');
SELECT is_empty($$SELECT b, value FROM unnest('{收益十分可观,收益百分百,收益1分钟到账,收益12345678901234%,年化8-,年化2012年,年化收益1200元,收益万元,收益,%收益,-收益}'::text[]) AS b, risk_screen.screen_ad(b) WHERE finding = 'yield'$$, 'numbers that are no yield');
SELECT is((SELECT count(*)::int FROM risk_screen.screen_ad('本行理财产品', '{bank}') WHERE finding = 'licence'), 0, 'H13: covered by the licence');
SELECT is((SELECT count(*)::int FROM risk_screen.screen_ad('本行理财产品', '{payment}') WHERE finding = 'licence'), 1, 'H13: not covered');

-- folding
SELECT is(risk_screen.fold_text(a), risk_screen.fold_text('P2P'), 'P2P as ' || a) FROM unnest('{p2p,Ｐ２Ｐ,Ⓟ②Ⓟ,PⅡP,P二P,P-2-P,P 2　P,𝐏𝟐𝐏,🅟❷🅟}'::text[]) AS a;
SELECT is(risk_screen.fold_text('資產管理'), '资产管理', 'traditional');
SELECT is(risk_screen.fold_text(E'\uF90A⾦'), '金金', 'compatibility and radical forms');
SELECT is(risk_screen.fold_text(risk_screen.fold_text('㈱⑫ﬀÅ发髮')), risk_screen.fold_text('㈱⑫ﬀÅ发髮'), 'folding twice changes nothing');

-- parts of names
SELECT results_eq($$SELECT region, trade_name, industry, form, branch FROM risk_screen.split_name('北京红光酒业发展有限公司')$$,
	$$VALUES ('北京', '红光', '酒业发展', '有限公司', NULL)$$, 'the usual order');
SELECT results_eq($$SELECT region, trade_name, industry, form FROM risk_screen.split_name('红光（北京）酒业发展有限公司')$$,
	$$VALUES ('北京', '红光', '酒业发展', '有限公司')$$, 'region in brackets after the trade name');
SELECT results_eq($$SELECT region, trade_name, industry, form FROM risk_screen.split_name('红光酒业发展(北京)有限公司')$$,
	$$VALUES ('北京', '红光', '酒业发展', '有限公司')$$, 'and after the industry');
SELECT is((SELECT string_agg(concat_ws('|', coalesce(region, '-'), trade_name, coalesce(industry, '-'), coalesce(form, '-')), ' ' ORDER BY o)
	FROM unnest('{吉林吉林有限公司,大连有限公司,大连银行,大连红光有限公司,红光会计师事务所（特殊普通合伙）,北京市海淀区红光餐馆}'::text[]) WITH ORDINALITY AS u (n, o), risk_screen.split_name(n)),
	'吉林|吉林|-|有限公司 -|大连|-|有限公司 -|大连|银行|- 大连|红光|-|有限公司 -|红光|-|会计师事务所（特殊普通合伙） 北京市海淀区|红光|-|餐馆', 'a company is not of a place and a form alone, nor of a place and a business; partnerships of accountants; restaurants');
SELECT is(risk_screen.similar_names('北京银行股份有限公司', '上海银行股份有限公司'), NULL, 'a place that is the trade name tells firms apart');
SELECT is(risk_screen.similar_names('上海医药有限公司', '上海医药集团股份有限公司'), '3.3', 'and the same one makes them the same');
SELECT results_eq($$SELECT trade_name, form, branch FROM risk_screen.split_name('上海红光投资中心（有限合伙）')$$,
	$$VALUES ('红光', '中心（有限合伙）', NULL)$$, 'a partnership');
SELECT is((SELECT branch FROM risk_screen.split_name('中国农业银行股份有限公司温州市府路支行')), '温州市府路支行', 'a branch');
SELECT ok((SELECT s.* IS NULL FROM risk_screen.split_name('') AS s), 'an empty name has no parts');
SELECT is((SELECT string_agg(concat_ws('|', coalesce(region, '-'), coalesce(trade_name, '-'), coalesce(form, '-')), ' ' ORDER BY o) FROM unnest('{（）,()有限公司,😀,（北京）}'::text[]) WITH ORDINALITY AS u (n, o), risk_screen.split_name(n)),
	'-|-|- -|-|有限公司 -|-|- 北京|-|-', 'brackets around nothing are no trade name');
SELECT is((SELECT string_agg(coalesce(risk_screen.name_key(n, r), '-') || coalesce(risk_screen.similar_names(n, n), '-'), ' ' ORDER BY o, r) FROM unnest('{"",😀,（）,有限公司}'::text[]) WITH ORDINALITY AS u (n, o), unnest('{near,same}'::text[]) AS r),
	'-- -- -- -- -- -- you xian gong si |3.1 有限公司3.1', 'of nothing there is no key, and nothing is the same as nothing');
SELECT is((SELECT length(trade_name) || ' ' || form FROM risk_screen.split_name(repeat('红光', 500000) || '有限公司')), '1000000 有限公司', 'a page of text in the column of names is split as well');
SELECT is((SELECT length(trade_name) || ' ' || form FROM risk_screen.split_name(repeat('ab㈱', 100000) || '有限公司')), '300000 有限公司', 'also where letters and signs of several characters make it grow');
SELECT is((SELECT length(risk_screen.name_key(repeat('装ab', 50000) || '有限公司', 'near'))), 6 * 50000 + 50000 + 4 * 50000 + 1, 'the longest syllables');

SELECT is(risk_screen.similar_names(a, b), rule, rule || ' ' || a || ' / ' || b) FROM (VALUES
	('3.1', '北京红光酒业有限公司', '北京红光酒業有限公司'),
	('3.2', '北京红光酒业发展有限公司', '红光（北京）酒业发展有限公司'),
	('3.3', '北京红光酒业有限公司', '红光酒业有限公司'),
	('3.3', '北京红光酒业有限公司', '北京红光酒厂'),
	('4.1', '万青地产有限公司', '万青房地产有限公司'), ('4.1', '万青地产有限公司', '万青置业有限公司'),
	('4.2', '北京牛栏山酒业有限公司', '北京牛兰山酒业有限公司'),
	('4.3', '杭州阿里巴巴网络技术有限公司', '杭州阿里巴巴在线网络技术有限公司'),
	('4.4', '杭州阿里巴巴网络技术有限公司', '杭州马云阿理巴巴网络技术有限公司'),
	('4.5', '北京全聚德有限公司', '北京荃巨得餐饮有限公司')) AS v (rule, a, b);
SELECT is(risk_screen.similar_names('北京红光酒业有限公司', '北京蓝光酒业有限公司'), NULL, 'neither same nor near');
SELECT is(risk_screen.name_key('北京红光酒业发展有限公司'), risk_screen.name_key('红光（北京）酒业发展股份有限公司'), 'one key');
SELECT results_eq($$SELECT risk_screen.similar_names('北京红光酒业有限公司', '北京红光酒厂'), risk_screen.similar_names('北京红光面包有限公司', '红光（北京）面包有限公司'), risk_screen.similar_names('红光面包(北京)有限公司', '红光面包厂')$$,
	$$VALUES ('3.3', '3.2', '3.3')$$, 'same, also where only brackets tell the industry');
-- every pair of many names: the key finds what the rules 3.2 and 3.3 call same, and nothing else
CREATE TEMP TABLE variant AS
	SELECT DISTINCT n FROM unnest('{北京,上海}'::text[]) AS r, unnest('{红光,宏光}'::text[]) AS t, unnest('{酒,酒业,面包,""}'::text[]) AS i, unnest('{有限公司,厂}'::text[]) AS f,
		LATERAL unnest(ARRAY[r || t || i || f, t || i || f, t || '（' || r || '）' || i || f, t || i || '(' || r || ')' || f]) AS n;
SELECT is_empty($$SELECT a.n, b.n, risk_screen.similar_names(a.n, b.n), risk_screen.name_key(a.n), risk_screen.name_key(b.n) FROM variant AS a, variant AS b
	WHERE coalesce(risk_screen.similar_names(a.n, b.n) < '4', false) IS DISTINCT FROM (risk_screen.name_key(a.n) = risk_screen.name_key(b.n))$$, 'name_key: equal exactly for names that are the same');
SELECT is_empty($$SELECT a.n, b.n FROM variant AS a, variant AS b WHERE risk_screen.similar_names(a.n, b.n) IS DISTINCT FROM risk_screen.similar_names(b.n, a.n)$$, 'similar_names: the order of the two does not matter');
SELECT is_empty($$SELECT a.n, b.n, risk_screen.similar_names(a.n, b.n) FROM variant AS a, variant AS b WHERE risk_screen.similar_names(a.n, b.n) >= '4.3' AND NOT risk_screen.name_keys(a.n) && risk_screen.name_keys(b.n)$$, 'name_keys: candidates of 4.3 to 4.5 share one');
SELECT is_empty($$SELECT a.n, b.n FROM variant AS a, variant AS b WHERE risk_screen.similar_names(a.n, b.n) IN ('4.1', '4.2') AND risk_screen.name_key(a.n, 'near') <> risk_screen.name_key(b.n, 'near')$$, 'near keys: 4.1 and 4.2 share one');
SELECT is(risk_screen.name_key('北京牛栏山酒业有限公司', 'near'), risk_screen.name_key('上海牛兰山酒业有限公司', 'near'), 'one key by sound');
SELECT ok(risk_screen.name_keys('杭州阿里巴巴网络技术有限公司') && risk_screen.name_keys('杭州马云阿理巴巴网络技术有限公司'), 'keys overlap');
SELECT throws_ok($$SELECT risk_screen.name_key('x', 'y')$$, '22023', NULL, 'an unknown rule');

-- counting
SELECT is(risk_screen.count_terms(b, 'CN-2016-21', '2020-01-01'), '{"金融": {"hits": 3, "texts": 2}, "支付": {"hits": 1, "texts": 1}}'::jsonb, 'hits and texts per word')
  FROM unnest(ARRAY['金融金融', NULL, '支付金融', '基金会', '']) AS b;
SELECT is(risk_screen.count_terms(b, 'CN-2016-21', NULL), '{}'::jsonb, 'no texts') FROM unnest('{}'::text[]) AS b;

-- usable where a row is judged
CREATE TABLE reg (name text, folded text GENERATED ALWAYS AS (risk_screen.fold_text(name)) STORED,
	CHECK (NOT risk_screen.has_terms(name, 'CN-2016-21', '2020-01-01')));
INSERT INTO reg VALUES ('紅光商貿有限公司');
SELECT is((SELECT folded FROM reg), '红光商贸有限公司', 'a generated column');
SELECT throws_ok($$INSERT INTO reg VALUES ('紅光金融有限公司')$$, '23514', NULL, 'a check on new registrations');
CREATE INDEX ON reg (risk_screen.name_key(name));
CREATE INDEX ON reg USING gin (risk_screen.name_keys(name));

-- a parallel plan gives the same
CREATE TABLE many AS SELECT CASE i % 7 WHEN 0 THEN '某某金融' WHEN 1 THEN '基金' ELSE '商贸' END || i AS name FROM generate_series(1, 20000) AS i;
ANALYZE many;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT risk_screen.count_terms(name, 'CN-2016-21', NULL) AS c, count(*) FILTER (WHERE risk_screen.has_terms(name, 'CN-2016-21')) AS n INTO serial FROM many;
SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
SELECT results_eq($$SELECT risk_screen.count_terms(name, 'CN-2016-21', NULL), count(*) FILTER (WHERE risk_screen.has_terms(name, 'CN-2016-21')) FROM many$$,
	$$SELECT c, n FROM serial$$, 'parallel equals serial');

SELECT * FROM finish();
ROLLBACK;
