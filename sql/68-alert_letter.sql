-- Letters of orange alerts (A07): rendered in Chinese from what the alert stored
-- when it was raised, kept with it, sent by record_action(..., 'letter', ...).

-- One finding of a letter: 贷款 BD0001-032（2026年11月6日）：观测值 0.2788，超过限值 0.12；涉及金额 100,000.00 元
CREATE FUNCTION risk_screen._letter_line(finding jsonb) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat(
		CASE k[1] WHEN 'institution' THEN '机构' WHEN 'firm' THEN '企业' WHEN 'person' THEN '个人' WHEN 'user' THEN '用户' WHEN 'borrower' THEN '借款人'
			WHEN 'investor' THEN '投资者' WHEN 'loan' THEN '贷款' WHEN 'account' THEN '账户' WHEN 'transfer' THEN '交易' WHEN 'txn' THEN '交易' WHEN 'product' THEN '产品'
			WHEN 'sale' THEN '销售' WHEN 'text' THEN '文本' WHEN 'site' THEN '网站' WHEN 'bank' THEN '银行' WHEN 'sector' THEN '行业' WHEN 'region' THEN '地区'
			WHEN 'feed' THEN '报送' WHEN 'disclosure' THEN '信息披露' WHEN 'cooperation' THEN '合作关系' WHEN 'request' THEN '查询要求' WHEN 'penalty' THEN '处罚'
			WHEN 'document' THEN '文件' WHEN 'case' THEN '案件' WHEN 'alert' THEN '预警' WHEN 'event' THEN '事件' ELSE '事项' END,
		-- a kind of an analyst's own is shown as it was written
		CASE WHEN k[1] IS NULL THEN ' ' || (finding ->> 'key') ELSE ' ' || k[2] END,
		'（' || to_char(k[3]::date, 'YYYY"年"FMMM"月"FMDD"日"') || '）',
		'：' || CASE WHEN o.observed IS NOT NULL THEN '观测值 ' || o.observed ELSE '存在该情形（不以数值衡量）' END,
		CASE WHEN o.observed IS NOT NULL AND finding ->> 'threshold' IS NOT NULL THEN '，' ||
			CASE finding ->> 'operator' WHEN '>=' THEN '达到或超过限值 ' WHEN '>' THEN '超过限值 ' WHEN '<=' THEN '等于或低于限值 ' WHEN '<' THEN '低于限值 '
				WHEN '=' THEN '等于 ' WHEN '<>' THEN '不等于 ' ELSE '限值 ' END || trim_scale(round((finding ->> 'threshold')::numeric, 4)) END,
		'；涉及金额 ' || to_char((finding ->> 'amount')::numeric, 'FM999,999,999,999,999,990.00') || ' 元')
	  FROM (SELECT regexp_match(finding ->> 'key', '^([a-z_]+):(.*?)(?:@(\d{4}-\d\d-\d\d))?$') AS k) AS x,
		   (SELECT trim_scale(round((finding ->> 'observed')::numeric, 4)) AS observed) AS o
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
