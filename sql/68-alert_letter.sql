-- Letters of orange alerts (A07): rendered in Chinese from what the alert stored
-- when it was raised, kept with it, sent by record_action(..., 'letter', ...).

-- Words for the fields that rules put into their evidence; a desk adds its own.
INSERT INTO risk_screen.code_label (domain, code, title_zh, title_en, ordinal, builtin)
SELECT 'evidence', code, zh, en, row_number() OVER (), true FROM (VALUES
	('about_payment', '涉及兑付的投诉数', 'complaints about payment'), ('advertised', '广告所称', 'advertised'), ('amount', '金额', 'amount'), ('attribution', '资金归集口径', 'attribution of money'),
	('balance', '余额', 'balance'), ('ban_from', '禁入起', 'banned from'), ('bank_id', '银行', 'bank'), ('bank_kind', '银行类别', 'kind of bank'), ('base', '基数', 'base'), ('base_on', '基数日期', 'day of the base'),
	('borrower', '借款人', 'borrower'), ('business', '业务', 'business'), ('buyers', '购买人数', 'buyers'), ('came_back', '回流金额', 'money that came back'), ('cap', '利率上限', 'ceiling of the rate'),
	('cash_flows', '现金流笔数', 'cash flows'), ('channel', '渠道', 'channel'), ('claims', '债权数', 'claims'), ('client_accounts', '客户资金账户数', 'client accounts'), ('client_flow', '客户资金流水', 'flow of client money'),
	('complaints', '投诉数', 'complaints'), ('contract_rate', '合同利率', 'contract rate'), ('days', '天数', 'days'), ('direct_holders', '直接持有人数', 'direct holders'), ('effective', '生效日期', 'effective from'),
	('effective_at', '生效时间', 'effective at'), ('excess', '超出部分', 'excess'), ('first', '首次', 'first'), ('four_times_benchmark', '基准利率四倍', 'four times the benchmark'), ('gap_days', '期限差天数', 'days of mismatch'),
	('guarantor', '担保人', 'guarantor'), ('industry', '行业', 'industry'), ('inflow', '流入', 'inflow'), ('investors', '投资者人数', 'investors'), ('issuer', '发行人', 'issuer'), ('kind', '类别', 'kind'),
	('last', '末次', 'last'), ('last_period', '最近一期', 'last period'), ('last_published', '最近公开日期', 'last published'), ('licences', '已有许可', 'licences'), ('limit', '限额口径', 'kind of limit'), ('loans', '贷款笔数', 'loans'), ('matched_share', '一一对应比例', 'matched share'),
	('matures_on', '到期日', 'matures on'), ('missing', '缺失数据', 'missing data'), ('name', '名称', 'name'), ('not_eligible', '不合格账户', 'accounts not eligible'), ('other_institutions', '其他机构数', 'other institutions'),
	('outflow', '流出', 'outflow'), ('outstanding', '待还余额', 'outstanding'), ('overdue_loans', '逾期贷款笔数', 'overdue loans'), ('owner', '户主', 'owner'), ('paid_out', '兑付金额', 'paid out'), ('parties', '相关方', 'parties'), ('partner', '合作机构', 'partner'), ('path', '路径', 'path'), ('path_length', '链长', 'products on the path'),
	('paths', '路径', 'paths'), ('payee', '收款人', 'payee'), ('payees', '收款人数', 'payees'), ('payer', '付款人', 'payer'), ('payouts', '兑付笔数', 'pay-outs'), ('pooled', '归集金额', 'pooled'), ('post', '职务', 'post'),
	('product_id', '产品编号', 'product'), ('products', '产品', 'products'), ('purpose', '用途', 'purpose'), ('raised', '募集金额', 'raised'), ('rate', '利率', 'rate'), ('rating', '评级', 'rating'), ('ratio', '比例', 'ratio'),
	('reached_related_parties', '流入关联方金额', 'reached related parties'), ('relation', '关系', 'relation'), ('reserve', '备付金', 'reserve'), ('services', '业务种类', 'services'), ('share_by_amount', '金额占比', 'share by amount'), ('share_by_count', '笔数占比', 'share by count'),
	('share_of_loans', '笔数占比', 'share of loans'), ('share_of_money', '金额占比', 'share of money'), ('since', '自', 'since'), ('source', '来源', 'source'), ('status', '状态', 'status'), ('steps', '层级', 'steps'), ('term', '词', 'term'), ('terms', '命中词', 'terms'),
	('text', '原文', 'text'), ('through_custody', '经存管金额', 'through custody'), ('title', '标题', 'title'), ('to', '收款账户', 'to'), ('from', '付款账户', 'from'), ('transfers', '交易', 'transfers'), ('txn_id', '交易编号', 'transfer'), ('via', '经由', 'via'),
	('violations', '违反处数', 'violations'), ('words', '命中词', 'words'), ('currency', '币种', 'currency'), ('with_unknown_owners', '户主不明金额', 'with unknown owners'), ('other_currencies', '未计入的外币交易笔数', 'transfers in other currencies, not in the sums'), ('came_back_in', '回流币种', 'currency of the money that came back'),
	('period_from', '期间起', 'period from'), ('period_to', '期间止', 'period to'), ('periods', '期间数', 'periods'), ('period_not_filed', '未报期间', 'period not filed'), ('figures_left_out', '未采用的指标数', 'figures left out'),
	('income', '营业收入', 'income'), ('interest', '利息收入', 'interest income'), ('paid', '已缴', 'paid'), ('one_day', '单日净赎回', 'net redemption of a day'), ('five_days', '五日净赎回', 'net redemption of five days'), ('fund_size', '基金规模', 'fund size'), ('whole', '全机构占比', 'share of the whole'),
	('worst_fund', '占比最高的基金', 'fund with the largest share'), ('worst_fund_share', '该基金占比', 'its share'), ('funds', '基金数', 'funds'), ('funds_without_size', '无规模数据的基金数', 'funds without a size'), ('size_is', '规模口径', 'how the size is told'), ('allowed', '允许的渠道', 'allowed ways'), ('without_path', '未报渠道笔数', 'transfers without a way'), ('arrivals', '到账', 'arrivals'), ('largest', '最大各笔', 'largest'), ('sources', '资金来源', 'sources'), ('examples', '示例', 'examples'), ('examined', '检查数', 'examined')) AS v (code, zh, en);

-- A value in words: yes and no, numbers as filed up to four decimals, the named
-- thing or the fields of an object; a text of more than 60 characters is cut.
CREATE FUNCTION risk_screen._letter_word(value jsonb) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE jsonb_typeof(value)
		WHEN 'null' THEN NULL
		WHEN 'boolean' THEN CASE WHEN value = 'true' THEN '是' ELSE '否' END
		WHEN 'number' THEN trim_scale(round((value #>> '{}')::numeric, 4))::text
		WHEN 'string' THEN CASE WHEN length(value #>> '{}') > 60 THEN left(value #>> '{}', 60) || '……（全文见预警）' ELSE value #>> '{}' END
		WHEN 'object' THEN coalesce(value ->> 'term', CASE WHEN length(value::text) > 60 THEN left(value::text, 60) || '……（全文见预警）' ELSE value::text END)
		ELSE CASE WHEN length(value::text) > 60 THEN left(value::text, 60) || '……（全文见预警）' ELSE value::text END END
$$;

-- The evidence of a finding in a line: every field, with its Chinese name where it
-- has one. What is cut says so; the alert keeps the whole.
CREATE FUNCTION risk_screen._letter_evidence(evidence jsonb) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT string_agg(coalesce(l.title_zh, e.key) || ' ' || v.words, '，' ORDER BY e.no)
	  FROM jsonb_each(CASE jsonb_typeof(evidence) WHEN 'object' THEN evidence ELSE '{}' END) WITH ORDINALITY AS e (key, value, no)
	  LEFT JOIN risk_screen.code_label AS l ON l.domain = 'evidence' AND l.code = e.key
	 CROSS JOIN LATERAL (
		SELECT CASE jsonb_typeof(e.value) WHEN 'array' THEN
				(SELECT string_agg(x.word, '、' ORDER BY x.no) FILTER (WHERE x.no <= 5) || CASE WHEN count(*) > 5 THEN format('等%s项', count(*)) ELSE '' END
				   FROM (SELECT risk_screen._letter_word(u), n FROM jsonb_array_elements(e.value) WITH ORDINALITY AS a (u, n)) AS x (word, no))
				ELSE risk_screen._letter_word(e.value) END) AS v (words)
	 WHERE v.words <> ''
$$;

-- The figures of a finding as its alert keeps them; an alert of an earlier version has none in words.
CREATE FUNCTION risk_screen._letter_figures(finding jsonb) RETURNS text
	LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(CASE WHEN finding ? 'figures_zh' THEN finding ->> 'figures_zh'
						 ELSE risk_screen._finding_figures(false, NULL, finding ->> 'key', finding -> 'evidence', (finding ->> 'observed')::numeric, finding ->> 'operator', (finding ->> 'threshold')::numeric) END,
					'存在该情形（不以数值衡量）')
$$;

-- One finding of a letter: 贷款 BD0001-032（2026年11月6日）：综合年化利率（含费用） 27.88%，超过限值 12%；涉及金额 100,000.00 元
CREATE FUNCTION risk_screen._letter_line(finding jsonb) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat(
		risk_screen._subject_label(false, coalesce(k[1], '')),
		-- a kind of an analyst's own is shown as it was written
		CASE WHEN k[1] IS NULL THEN ' ' || (finding ->> 'key') ELSE ' ' || k[2] END,
		'（' || to_char(k[3]::date, 'YYYY"年"FMMM"月"FMDD"日"') || '）',
		'：' || risk_screen._letter_figures(finding),
		'；涉及金额 ' || to_char((finding ->> 'amount')::numeric, 'FM999,999,999,999,999,990.00') || ' 元',
		'；证据：' || risk_screen._letter_evidence(finding -> 'evidence'))
	  FROM (SELECT regexp_match(finding ->> 'key', '^([a-z_]+):(.*?)(?:@(\d{4}-\d\d-\d\d))?$') AS k) AS x
$$;

CREATE FUNCTION risk_screen.risk_letter(workspace text, alert_id bigint) RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	letter text;
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	EXECUTE format($q$
		SELECT format(E'风险提示函\n\n%%s（%%s）：\n\n　　经监测，截至%%s，你机构触发“%%s”（%%s，规则%%s，版本%%s），风险等级：%%s，涉及金额：%%s元。\n\n%%s\n\n　　请核实情况，采取整改措施，并书面反馈。预警编号：%%s，预警时间：%%s。',
				coalesce(i.name, '—'), a.inst_id, to_char(a.last_as_of, 'YYYY"年"FMMM"月"FMDD"日"'), coalesce(a.evidence ->> 'rule_zh', q.title_zh, '综合评级'),
				coalesce('依据：' || (a.evidence ->> 'clause'), '依据：监测规则'), a.rule, a.rule_version, risk_screen.level_label(a.level),
				coalesce(to_char(a.amount, 'FM999,999,999,999,990.00'), '—'),
				coalesce((SELECT string_agg(format('　　%%s．%%s', f.no, risk_screen._letter_line(f.v)), E'\n' ORDER BY f.no)
								 || CASE WHEN a.findings > count(*) THEN format(E'\n　　另有 %%s 个问题，未在本函逐项列出。', a.findings - count(*)) ELSE '' END
				   FROM jsonb_array_elements(a.evidence -> 'findings') WITH ORDINALITY AS f (v, no)),
				   format('　　综合评分 %%s，主要原因：%%s', a.evidence ->> 'score', coalesce(nullif(a.evidence ->> 'reasons_zh', ''), '—'))),
				a.alert_id, to_char(a.raised_at AT TIME ZONE current_setting('risk_screen.time_zone'), 'YYYY-MM-DD HH24:MI'))
		  FROM %1$I.alert AS a
		  LEFT JOIN %1$I.institution AS i USING (inst_id)
		  LEFT JOIN risk_screen.requirement AS q ON q.code = a.rule
		 WHERE a.alert_id = $1 LIMIT 1$q$, workspace) INTO letter USING alert_id;
	RETURN letter;
END $$;
COMMENT ON FUNCTION risk_screen.risk_letter(text, bigint) IS
	'Text of the risk-notice letter of an alert (A07) in Chinese: rule, clause, version, values, thresholds as the alert stored them; NULL if there is no such alert';

-- One letter per orange alert and raising; a repeated run writes its text anew
-- until it has been sent.
CREATE PROCEDURE risk_screen._write_letters(workspace text, alerts bigint[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE format($q$
		INSERT INTO %1$I.alert_letter AS l (alert_id, raised_at, body)
		SELECT a.alert_id, a.raised_at, risk_screen.risk_letter(%2$L, a.alert_id)
		  FROM %1$I.alert AS a
		 WHERE a.alert_id = ANY ($1) AND a.level = 'orange' AND a.state IN ('open', 'inhibited')
		ON CONFLICT (alert_id, raised_at) DO UPDATE SET body = excluded.body
		 WHERE NOT EXISTS (SELECT FROM %1$I.alert_action AS x WHERE x.alert_id = l.alert_id AND x.kind = 'letter' AND x.done_at >= l.raised_at)$q$,
		workspace, workspace) USING alerts;
END $$;
