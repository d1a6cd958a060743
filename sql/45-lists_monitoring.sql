-- Lists of the monitoring rules: claims about the role of a payment institution
-- (G13), and words of trouble in reviews and reports (M20). Neither is statutory.

INSERT INTO risk_screen.lexicon
	(lexicon, title, jurisdiction, fields, subjects, events, effect, control, category, basis, valid_from, licences, hits, active, shipped)
VALUES
	('PAY-ROLE', '夸大支付服务中介性质和职能', NULL, '{advert}', NULL, NULL, 'watch', '重点关注', '支付宣传',
	 '整理（非法定）：指导意见（003）“不得夸大支付服务中介的性质和职能”所指情形的常见用语', '-infinity', NULL, 'maximal', false, true),
	('OPINION-TROUBLE', '舆情风险用语', NULL, '{advert}', NULL, NULL, 'watch', '重点关注', '舆情',
	 '整理（非法定）：投诉、评价和报道中反映兑付困难、欺诈的常见用语', '-infinity', NULL, 'maximal', false, true);

UPDATE risk_screen.lexicon SET wants_notice = false WHERE lexicon IN ('PAY-ROLE', 'OPINION-TROUBLE');

INSERT INTO risk_screen.term (lexicon, term, shipped)
SELECT lexicon, term, true
  FROM (VALUES
	('PAY-ROLE', '等同银行 等同于银行 如同银行 银行级账户 相当于存款 视同存款 存款利息 储蓄账户 吸收存款 国家担保 国家信用担保 央行担保 央行背书 央行保障 人民银行担保 资金绝对安全 跨行清算机构 清算银行 支付银行'),
	('OPINION-TROUBLE', '跑路 失联 卷款 暴雷 爆雷 提现困难 无法提现 不能提现 限制提现 无法兑付 逾期兑付 停止兑付 拖欠本金 血本无归 骗局 诈骗 庞氏 非法集资 报案 立案侦查 维权群 集体维权')
  ) AS l (lexicon, terms), unnest(string_to_array(terms, ' ')) AS term;

INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, basis, shipped)
SELECT lexicon, 'clause', phrase, '否定或警示的表述', true
  FROM unnest('{PAY-ROLE,OPINION-TROUBLE}'::text[]) AS lexicon,
	unnest('{不是…,并非…,不等于…,不属于…,不构成…,不得…,没有…,不存在…,未发生…,谨防…,防范…,打击…,警惕…,请勿…,切勿…}'::text[]) AS phrase;
