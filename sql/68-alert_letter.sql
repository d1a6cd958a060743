-- Letters of orange alerts (A07): rendered in Chinese from what the alert stored
-- when it was raised, kept with it, sent by record_action(..., 'letter', ...).

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
				coalesce((SELECT string_agg(format('　　%%s．%%s：观测值 %%s，阈值 %%s %%s', f.no, f.v ->> 'key', f.v ->> 'observed',
						coalesce(f.v ->> 'operator', ''), coalesce(f.v ->> 'threshold', '—')), E'\n' ORDER BY f.no)
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
