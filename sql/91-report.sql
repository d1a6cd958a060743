-- One Markdown document about a run of a desk, for mail, print and archive.

-- Text for a cell of a Markdown table: no markup, no HTML, one line.
CREATE FUNCTION risk_screen._md(value text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
	RETURN regexp_replace(regexp_replace(replace(replace(replace(value, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'),
		'([\\`*_\[\]|#~])', '\\\1', 'g'), '\s+', ' ', 'g');
COMMENT ON FUNCTION risk_screen._md(text) IS 'text as one line of plain Markdown';

-- An amount in yuan as people say it, as in pictures: 8,500元, 12.35万元, 1.2亿元.
CREATE FUNCTION risk_screen._yuan(amount numeric) RETURNS text
	AS 'MODULE_PATHNAME', 'rs_yuan' LANGUAGE C IMMUTABLE PARALLEL SAFE STRICT;
COMMENT ON FUNCTION risk_screen._yuan(numeric) IS 'an amount in yuan with its unit';

-- Why a rule could not judge, in Chinese, from the outcome and message of rule_outcome: 未接入：标的 (loan)、现金流 (cash_flow).
CREATE FUNCTION risk_screen._unjudged_zh(outcome text, message text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
	RETURN CASE WHEN outcome = 'error' THEN '执行出错：' || coalesce(message, '') WHEN message IS NULL THEN '没有可判断的对象' ELSE (
		SELECT string_agg(CASE WHEN m.kind IS NULL THEN p.part
							   ELSE CASE m.kind WHEN 'roles not mapped' THEN '未接入：' WHEN 'roles without rows' THEN '没有数据：' ELSE '各行均未填报：' END
									|| (SELECT string_agg((SELECT string_agg(coalesce(r.title_zh || coalesce('的' || c.title_zh, '') || ' (' || a.name || ')', a.name), '或' ORDER BY a.place)
													  FROM string_to_table(n.name, ' or ') WITH ORDINALITY AS a (name, place) LEFT JOIN risk_screen.role AS r ON r.role = split_part(a.name, '.', 1)
													  LEFT JOIN risk_screen.role_column AS c ON c.role || '.' || c.name = a.name), '、' ORDER BY n.place)
										  FROM string_to_table(m.names, ', ') WITH ORDINALITY AS n (name, place)) END,
						  '；' ORDER BY p.place)
		  FROM string_to_table(message, '; ') WITH ORDINALITY AS p (part, place)
		  LEFT JOIN LATERAL (SELECT x[1], x[2] FROM regexp_match(p.part, '^(roles not mapped|roles without rows|columns without values): (.*)$') AS x WHERE x IS NOT NULL) AS m (kind, names) ON true) END;
COMMENT ON FUNCTION risk_screen._unjudged_zh(text, text) IS 'why a rule could not judge, in Chinese';

-- report(workspace text, as_of date DEFAULT newest run, max_institutions int DEFAULT 50, max_rows int DEFAULT 50) -> text
--
-- Sections: counts of levels beside the run before; institutions whose level
-- moved, appeared or vanished; red and orange institutions with what set the
-- level, every reason, clause and value; actions overdue by the clock; names and texts hit that the
-- run before did not have; what could not be judged. Read from the tables of
-- the run, so an old day reports as it was graded; only deadlines are as of now.
-- A list longer than its limit says how many are left out.
-- Errors: 3F000/42P01 no workspace, 22023 limit below 1, P0002 no finished run of the day.
-- Cost: a few scans of the run's findings.
CREATE FUNCTION risk_screen.report(workspace text, as_of date DEFAULT NULL, max_institutions int DEFAULT 50, max_rows int DEFAULT 50) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET TimeZone = 'Asia/Shanghai' AS $$
DECLARE
	r record;
	p record;
	section text;
	n bigint;
	page text;
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	IF max_institutions IS NULL OR max_rows IS NULL OR max_institutions < 1 OR max_rows < 1 THEN
		RAISE EXCEPTION 'max_institutions and max_rows must be at least 1' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Leave them out to get 50.';
	END IF;
	PERFORM set_config('TimeZone', current_setting('risk_screen.time_zone'), true);
	-- A reader without rights on the tables behind the desk hears of it here, not in the middle of a long query.
	EXECUTE format('SELECT FROM %I.institution LIMIT 0', workspace);
	EXECUTE format($q$SELECT * FROM %I.run WHERE known_at = 'infinity' AND finished_at IS NOT NULL AND as_of = coalesce($1, as_of) ORDER BY as_of DESC LIMIT 1$q$,
		workspace) INTO r USING as_of;
	IF r.run_id IS NULL THEN
		RAISE EXCEPTION 'desk "%" has no finished run%', workspace, coalesce(' as of ' || as_of, '') USING ERRCODE = 'no_data_found',
			HINT = format('CALL risk_screen.screen(%L, as_of => %L) makes one.', workspace, coalesce(as_of, current_date - 1));
	END IF;
	EXECUTE format($q$SELECT * FROM %I.run WHERE known_at = 'infinity' AND finished_at IS NOT NULL AND as_of < $1 ORDER BY as_of DESC LIMIT 1$q$,
		workspace) INTO p USING r.as_of;

	page := format(E'# 风险监测报告 %s\n\n监测窗口 %s 至 %s；规则 %s 条，问题 %s 个；评级规则集 %s 第 %s 版。  \n批次 %s，由 %s 于 %s 完成；规则指纹 `%s`；评级指纹 `%s`。%s\n',
		r.as_of, r.since, r.as_of, r.rules, r.findings, coalesce(risk_screen._md(r.ruleset), '—'), coalesce(r.ruleset_version::text, '—'), r.run_id, risk_screen._md(r.run_by),
		to_char(r.finished_at, 'YYYY-MM-DD HH24:MI'), left(r.rules_hash, 16), left(r.grades_hash, 16),
		CASE WHEN r.filtered_roles IS NOT NULL THEN format(E'\n\n**注意：执行人只看得到以下种类的部分数据：%s。**', risk_screen._md(array_to_string(r.filtered_roles, '、'))) ELSE '' END
		|| CASE WHEN r.repeated_keys IS NOT NULL THEN format(E'\n\n**注意：以下种类的数据主键重复，合计会重复计算：%s。**', (SELECT string_agg(format('%s（多 %s 行）', risk_screen._md(coalesce(x.title_zh, k.key)), k.value), '、' ORDER BY k.key)
			FROM jsonb_each_text(r.repeated_keys) AS k LEFT JOIN risk_screen.role AS x ON x.role = k.key)) ELSE '' END);

	-- levels
	EXECUTE format($q$
		SELECT string_agg(format('| %%s | %%s | %%s |', risk_screen.level_label(l), coalesce(now.n, 0), CASE WHEN $2 IS NULL THEN '—' ELSE coalesce(before.n, 0)::text END), E'\n' ORDER BY l DESC)
		  FROM unnest(enum_range(NULL::risk_screen.risk_level)) AS l
		  LEFT JOIN (SELECT level_in_force, count(*) AS n FROM %1$I.grade WHERE run_id = $1 GROUP BY 1) AS now ON now.level_in_force = l
		  LEFT JOIN (SELECT level_in_force, count(*) AS n FROM %1$I.grade WHERE run_id = $2 GROUP BY 1) AS before ON before.level_in_force = l$q$, workspace)
		INTO section USING r.run_id, p.run_id;
	page := page || format(E'\n## 看板\n\n| 等级 | 机构数 | %s |\n|---|---:|---:|\n%s\n', coalesce('上期 ' || p.as_of, '上期'), section);
	EXECUTE format($q$SELECT count(*) FROM %1$I.grade WHERE run_id = $1 AND level = 'unknown' AND possible > level_in_force$q$, workspace) INTO n USING r.run_id;
	page := page || CASE WHEN n > 0 THEN format(E'\n其中 %s 家数据缺失，等级可能更差（写作“至少橙”等，或未知）。\n', n) ELSE '' END;

	-- what changed
	page := page || E'\n## 较上期变化\n\n';
	IF p.run_id IS NULL THEN
		page := page || E'这是第一个批次，没有上期。\n';
	ELSE
		EXECUTE format($q$
			WITH moved AS (
				SELECT coalesce(g.inst_id, b.inst_id) AS inst_id, b.level_in_force AS old, g.level_in_force AS new, g.hit_rules,
					   risk_screen.level_label(b.level_in_force, b.level, b.possible) AS old_zh, risk_screen.level_label(g.level_in_force, g.level, g.possible) AS new_zh
				  FROM (SELECT * FROM %1$I.grade WHERE run_id = $1) AS g FULL JOIN (SELECT * FROM %1$I.grade WHERE run_id = $2) AS b USING (inst_id)
				 WHERE g.level_in_force IS DISTINCT FROM b.level_in_force),
			listed AS (
				SELECT m.*, i.name, row_number() OVER (ORDER BY m.new > m.old DESC NULLS LAST, m.new DESC NULLS LAST, m.inst_id) AS place,
					   (SELECT string_agg(h || coalesce(' ' || o.title_zh, ''), '；' ORDER BY x.n) FROM unnest(m.hit_rules[1:3]) WITH ORDINALITY AS x (h, n)
						  LEFT JOIN %1$I.rule_outcome AS o ON o.run_id = $1 AND o.rule = x.h) AS reasons
				  FROM moved AS m LEFT JOIN %1$I.institution AS i USING (inst_id))
			SELECT string_agg(format('| %%s | %%s | %%s | %%s | %%s |', risk_screen._md(inst_id), coalesce(risk_screen._md(name), '—'), coalesce(old_zh, '新增'),
				   coalesce(new_zh, '不再报送'), coalesce(risk_screen._md(reasons), '—')), E'\n' ORDER BY place) FILTER (WHERE place <= $3), count(*)
			  FROM listed$q$, workspace)
			INTO section, n USING r.run_id, p.run_id, max_rows;
		page := page || CASE WHEN n = 0 THEN E'没有机构的等级发生变化。\n' ELSE E'| 机构 | 名称 | 上期 | 本期 | 主要原因 |\n|---|---|---|---|---|\n' || section || E'\n' END
			|| CASE WHEN n > max_rows THEN format(E'\n另有 %s 家未列出。\n', n - max_rows) ELSE '' END;
	END IF;

	-- red and orange, with what set the level and every reason, as grade_explanation has them: without findings that a reviewer rejected,
	-- with the value where a ruleset judged a value and there is no finding
	EXECUTE format($q$
		WITH graded AS (
			SELECT g.*, i.name, i.province, row_number() OVER (ORDER BY g.level_in_force DESC, g.score DESC, g.inst_id) AS place
			  FROM %1$I.grade AS g LEFT JOIN %1$I.institution AS i USING (inst_id)
			 WHERE g.run_id = $1 AND g.level_in_force >= 'orange')
		SELECT string_agg(format(E'### %%s %%s %%s%%s\n\n得分 %%s，数据覆盖率 %%s%%s。定级依据：%%s。\n\n%%s\n', risk_screen.level_label(g.level_in_force, g.level, g.possible), risk_screen._md(g.inst_id), coalesce(risk_screen._md(g.name), ''),
				   coalesce('（' || risk_screen._md(g.province) || '）', ''), round(g.score, 2), coalesce(round(g.coverage * 100, 1) || '%%', '—'),
				   CASE WHEN cardinality(g.unknown_rules) > 0 THEN format('；%%s 项规则数据不足', cardinality(g.unknown_rules)) ELSE '' END,
				   CASE WHEN g.reasons -> 0 ->> 'code' = 'override' THEN '人工调级'
						WHEN why.decisive IS NOT NULL THEN why.decisive || '定为' || risk_screen.level_label(g.at_least)
						WHEN g.at_least = 'unknown' THEN '数据不足，不能判断'
						ELSE '得分对应' || risk_screen.level_label(g.at_least) END
				   -- unknown: missing data leave the level open; that is not the hold that keeps a better level from coming into force
				   || CASE WHEN g.level = 'unknown' AND g.possible > g.level_in_force THEN format('；数据缺失，最坏可能为%%s%%s', risk_screen.level_label(g.possible), coalesce('（缺 ' || lack.rules || '）', ''))
						   WHEN g.level = 'unknown' THEN format('；本期数据不足未能测算，现行等级%%s不因缺数据下调', risk_screen.level_label(g.level_in_force))
						   WHEN g.level <> g.level_in_force THEN format('；本期测算为%%s，降级须经观察期，现行等级保持%%s', risk_screen.level_label(g.level), risk_screen.level_label(g.level_in_force)) ELSE '' END,
				   coalesce(why.lines, '本期没有命中规则；等级尚在保持期内。')), E'\n' ORDER BY g.place) FILTER (WHERE g.place <= $2), count(*)
		  FROM graded AS g
		  LEFT JOIN LATERAL (
			SELECT string_agg(format('* **%%s %%s**%%s%%s%%s%%s', risk_screen._md(x.code), risk_screen._md(coalesce(o.title_zh, b.title_zh, x.reason, '')),
							  CASE WHEN x.code = 'override' THEN '' WHEN x.outcome = 'candidate' THEN format('（待人工认定，按低一级计%%s）', coalesce('为' || risk_screen.level_label(x.floor), ''))
								   ELSE format('（%%s%%s）', CASE WHEN coalesce(o.kind, b.kind) = 'red line' THEN '红线，' ELSE '' END, coalesce('至少' || risk_screen.level_label(x.floor), '计分')) END,
							  coalesce(risk_screen._md(regexp_replace(regexp_replace(CASE WHEN x.code <> 'override' THEN
								risk_screen._finding_reason(false, NULL, o.measures, f.findings, f.subject_kind, f.subject_id, f.finding_key, f.evidence, coalesce(f.observed, x.observed),
									CASE WHEN f.findings > 0 THEN f.operator ELSE x.operator END, CASE WHEN f.findings > 0 THEN f.threshold ELSE x.threshold END, f.occurred_at, $6, $7) END, '。$', ''), '^(?!（)', '：')), ''),
							  coalesce('；涉及金额 ' || risk_screen._yuan(f.amount), ''),
							  coalesce('。依据：' || risk_screen._md(nullif(coalesce(array_to_string(o.plan, '、'), b.plan, '') || coalesce('：' || nullif(coalesce(o.clause, b.clause), coalesce(o.title_zh, b.title_zh)), ''), '')), '')), E'\n' ORDER BY x.n) AS lines,
				   string_agg(risk_screen._md(x.code), '、' ORDER BY x.n) FILTER (WHERE x.code <> 'override' AND x.floor = g.at_least) AS decisive
			  FROM (SELECT e ->> 'code' AS code, e ->> 'outcome' AS outcome, e ->> 'reason' AS reason, (e ->> 'floor')::risk_screen.risk_level AS floor,
						   (e ->> 'observed')::numeric AS observed, e ->> 'operator' AS operator, (e ->> 'threshold')::numeric AS threshold, n
					  FROM jsonb_array_elements(g.reasons) WITH ORDINALITY AS u (e, n)) AS x
			  LEFT JOIN %1$I.rule_outcome AS o ON o.run_id = g.run_id AND o.rule = x.code
			  LEFT JOIN risk_screen.ruleset_rule AS b ON b.ruleset = $3 AND b.version = $4 AND b.rule = x.code
			  LEFT JOIN LATERAL (SELECT count(*) OVER () AS findings, sum(y.amount) OVER () AS amount, y.observed, y.operator, y.threshold,
									   y.subject_kind, y.subject_id, y.finding_key, y.evidence, y.occurred_at
								   FROM %1$I.finding AS y
								   LEFT JOIN %1$I.finding_review_history AS v ON v.rule = y.rule AND v.finding_key = y.finding_key AND v.known_from <= $5 AND (v.known_to IS NULL OR v.known_to > $5)
								  WHERE y.run_id = g.run_id AND y.inst_id = g.inst_id AND y.rule = x.code AND v.decision IS DISTINCT FROM 'rejected'
								  ORDER BY y.amount DESC NULLS LAST, y.observed DESC, y.finding_key LIMIT 1) AS f ON true
			 WHERE coalesce(x.outcome, '') NOT IN ('insufficient_data', 'stale_data', 'exempt')) AS why ON true
		  LEFT JOIN LATERAL (
			SELECT string_agg(risk_screen._md(w.code), '、' ORDER BY w.place) FILTER (WHERE w.place <= 5) || CASE WHEN count(*) > 5 THEN format(' 等 %%s 条规则的数据', count(*)) ELSE ' 的数据' END AS rules
			  FROM (SELECT u.e ->> 'code' AS code, row_number() OVER (ORDER BY (u.e ->> 'worst')::risk_screen.risk_level DESC, (u.e ->> 'worst_contribution')::numeric DESC, u.n) AS place
					  FROM jsonb_array_elements(g.reasons) WITH ORDINALITY AS u (e, n)
					 WHERE u.e ->> 'worst' <> 'green' OR (u.e ->> 'worst_contribution')::numeric > 0) AS w) AS lack ON true$q$, workspace)
		INTO section, n USING r.run_id, max_institutions, r.ruleset, r.ruleset_version, r.started_at, r.since, r.as_of;
	page := page || format(E'\n## 红色和橙色机构（%s 家）\n\n', n) || coalesce(section, E'无。\n')
		|| CASE WHEN n > max_institutions THEN format(E'\n另有 %s 家未列出。\n', n - max_institutions) ELSE '' END;

	-- overdue by the clock
	EXECUTE format($q$
		WITH late AS (
			SELECT o.*, row_number() OVER (ORDER BY o.due_at, o.alert_id, o.action, o.target) AS place FROM %1$I.overdue_action AS o WHERE o.done_at IS NULL)
		SELECT string_agg(format('| %%s | %%s %%s | %%s %%s | %%s | %%s | %%s |', alert_id, risk_screen._md(inst_id), coalesce(risk_screen._md(name), ''), requirement, coalesce(risk_screen._md(requirement_zh), ''),
				   coalesce(risk_screen._md(nullif(target, '')), '—'), to_char(due_at, 'YYYY-MM-DD HH24:MI'), late_hours), E'\n' ORDER BY place) FILTER (WHERE place <= $1), count(*)
		  FROM late$q$, workspace)
		INTO section, n USING max_rows;
	page := page || format(E'\n## 逾期动作（截至 %s，%s 项）\n\n', to_char(now(), 'YYYY-MM-DD HH24:MI'), n)
		|| CASE WHEN n = 0 THEN E'无。\n' ELSE E'| 预警 | 机构 | 要求 | 对象 | 截止 | 逾期小时 |\n|---|---|---|---|---|---:|\n' || section || E'\n' END
		|| CASE WHEN n > max_rows THEN format(E'\n另有 %s 项未列出。\n', n - max_rows) ELSE '' END;

	-- names and texts that the run before did not hit
	EXECUTE format($q$
		WITH hit AS (
			SELECT f.*, o.title_zh, i.name, row_number() OVER (ORDER BY f.severity DESC, f.rule, f.inst_id, f.finding_key) AS place
			  FROM %1$I.finding AS f LEFT JOIN %1$I.rule_outcome AS o USING (run_id, rule) LEFT JOIN %1$I.institution AS i ON i.inst_id = f.inst_id
			 WHERE f.run_id = $1 AND f.rule ~ '^H[0-9]'
			   AND NOT EXISTS (SELECT FROM %1$I.finding AS b WHERE b.run_id = $2 AND b.rule = f.rule AND b.finding_key = f.finding_key))
		SELECT string_agg(format('| %%s %%s | %%s | %%s %%s | %%s |', rule, coalesce(risk_screen._md(title_zh), ''), risk_screen.level_label(severity),
				   coalesce(risk_screen._md(inst_id), ''), coalesce(risk_screen._md(name), ''),
				   coalesce(risk_screen._md(left(coalesce(evidence ->> 'text', evidence ->> 'name', subject_id), 80) || CASE WHEN length(coalesce(evidence ->> 'text', evidence ->> 'name', subject_id)) > 80 THEN ' ……' ELSE '' END), '')), E'\n' ORDER BY place) FILTER (WHERE place <= $3), count(*)
		  FROM hit$q$, workspace)
		INTO section, n USING r.run_id, p.run_id, max_rows;
	page := page || format(E'\n## 新增名称与文本命中（%s 个）\n\n', n)
		|| CASE WHEN n = 0 THEN E'无。\n' ELSE E'| 规则 | 程度 | 机构 | 内容 |\n|---|---|---|---|\n' || section || E'\n' END
		|| CASE WHEN n > max_rows THEN format(E'\n另有 %s 个未列出。\n', n - max_rows) ELSE '' END;

	-- what was not judged
	EXECUTE format($q$
		SELECT string_agg(format('* %%s %%s：%%s', rule, coalesce(risk_screen._md(title_zh), ''), risk_screen._md(left(why, 200) || CASE WHEN length(why) > 200 THEN ' ……' ELSE '' END)), E'\n' ORDER BY outcome, rule), count(*)
		  FROM %1$I.rule_outcome CROSS JOIN LATERAL risk_screen._unjudged_zh(outcome, message) AS why
		 WHERE run_id = $1 AND outcome IN ('unknown', 'error')$q$, workspace)
		INTO section, n USING r.run_id;
	RETURN page || format(E'\n## 未能判断的规则（%s 条）\n\n', n) || coalesce(section, '无。') || E'\n';
END;
$$;
COMMENT ON FUNCTION risk_screen.report(text, date, int, int) IS 'one Markdown document about a run: levels, changes, red and orange institutions with reasons, overdue actions, new name hits, what could not be judged';
