-- demo/screen-data-lists.sql - what reading the hits on real names taught, as rows that any analyst can add.
--
-- 'phrase': the word only stands across two others (代理|财产, 恒基|金属) or in a fixed phrase. 'clause': the forms of exclusion
-- that the registers of Shanghai and Xinjiang write, （除金融、证券） and （金融除）. 'holder': a firm whose financial business is
-- regulated elsewhere. Own rows stand beside the shipped ones; docs/real-data.md has the counts before and after.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis)
SELECT l.lexicon, e.kind, e.phrase, e.term, e.why
  FROM risk_screen.lexicon AS l
 CROSS JOIN (VALUES
	('phrase', '代理财', '理财', '代理|财产、代理|财险'), ('phrase', '管理财', '理财', '管理|财政'), ('phrase', '办理财', '理财', '办理|财务'),
	('phrase', '基金属', '基金', '恒基|金属'), ('phrase', '基金石', '基金', '富拉尔基|金石'), ('phrase', '基金城', '基金', '肯德基|金城'),
	('phrase', '金融资担保', '金融', '博金|融资担保'), ('phrase', '非金融', '金融', '非金融性资产'), ('phrase', '金融贸易区', '金融', '地名'),
	('phrase', '款支付', '支付', '工程款支付'), ('phrase', '工程支付', '支付', '工程支付担保'), ('phrase', '财政支付', '支付', '财政支付担保'),
	('phrase', '网络游戏虚拟货币', '虚拟货币', '文化经营许可的固定表述'),
	('clause', '（除…）', '*', '排除性表述'), ('clause', '（…除）', '*', '排除性表述'),
	('holder', '中国邮政集团公司…', '*', '邮政金融由金融监管总局另行监管')) AS e (kind, phrase, term, why)
 WHERE l.lexicon IN ('CN-2016-21', 'CN-737-9', 'BJ-2016', 'CN-FUND-90', 'CN-NEW-LABELS')
   AND (e.term = '*' OR EXISTS (SELECT FROM risk_screen.term AS t WHERE t.lexicon = l.lexicon AND t.term = e.term))
ON CONFLICT DO NOTHING;
