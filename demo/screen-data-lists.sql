-- demo/screen-data-lists.sql - what reading the hits on real names taught, as rows that any analyst can add.
--
-- Most of what was learnt is shipped by now (基金属 in 恒基金属, 代理财产, （除金融、证券）, bank equipment ...). These are choices a
-- supervisor may see differently, so they are rows of the analyst's own beside the shipped ones; docs/real-data.md has the counts.
INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term, basis)
SELECT l.lexicon, e.kind, e.phrase, e.term, e.why
  FROM risk_screen.lexicon AS l
 CROSS JOIN (VALUES
	('holder', '中国邮政集团公司…', '*', '邮政金融由金融监管总局另行监管'),
	('phrase', '财政支付', '支付', '财政支付担保'), ('phrase', '金融贸易区', '金融', '地名'),
	('clause', '（…除）', '*', '排除性表述，如（金融证券期货除）')) AS e (kind, phrase, term, why)
 WHERE l.lexicon IN ('CN-2016-21', 'CN-737-9', 'BJ-2016', 'CN-FUND-90', 'CN-NEW-LABELS')
   AND (e.term = '*' OR EXISTS (SELECT FROM risk_screen.term AS t WHERE t.lexicon = l.lexicon AND t.term = e.term))
ON CONFLICT DO NOTHING;
