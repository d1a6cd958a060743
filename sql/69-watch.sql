-- The key-supervision list of H08 as the desk sees it, and what is still to be
-- sent to the finance authority about it.

INSERT INTO risk_screen._desk_object (name, ordinal, ddl, description, columns) VALUES
('watch_list', 120, $$
CREATE VIEW watch_list WITH (security_invoker) AS
	SELECT c.as_of, f.inst_id, i.uscc, i.name, i.province, i.registered_on, i.status,
		   array_to_string(array_agg(DISTINCT f.rule ORDER BY f.rule), ',') AS reasons,
		   string_agg(DISTINCT r.title_zh, '；' ORDER BY r.title_zh) AS reasons_zh,
		   (SELECT string_agg(DISTINCT t.word, '、' ORDER BY t.word)
			  FROM finding AS x
			 CROSS JOIN LATERAL (SELECT h ->> 'term' FROM jsonb_path_query(x.evidence, '$.hits[*]') AS h
								  UNION SELECT h #>> '{}' FROM jsonb_path_query(x.evidence, '$.terms[*]') AS h WHERE jsonb_typeof(h) = 'string'
								  UNION SELECT h ->> 'term' FROM jsonb_path_query(x.evidence, '$.words[*]') AS h) AS t (word)
			 WHERE x.run_id = c.run_id AND x.inst_id = f.inst_id AND x.rule IN ('H01', 'H03', 'H04', 'H05', 'H06', 'H07', 'H16', 'H20')) AS words,
		   bool_or(f.candidate) AND NOT bool_or(NOT f.candidate) AS to_confirm,
		   (SELECT min(coalesce(o.effective_at, o.issued_at)) FROM authority_order AS o
			 WHERE o.inst_id = f.inst_id AND o.kind = 'watch' AND (o.lifted_at IS NULL OR o.lifted_at > risk_screen.day_start(c.as_of + 1))) AS listed_at,
		   (SELECT min(g.sent_at) FROM share_log AS g WHERE g.subject_id = f.inst_id AND g.kind = 'watch' AND g.direction = 'sent') AS told_at
	  FROM current_run AS c
	  JOIN finding AS f ON f.run_id = c.run_id AND f.rule IN ('H01', 'H03', 'H04', 'H05', 'H06', 'H07', 'H16', 'H20')
	  LEFT JOIN finding_review AS v ON v.rule = f.rule AND v.finding_key = f.finding_key
	  LEFT JOIN risk_screen.rule AS r ON r.code = f.rule
	  LEFT JOIN institution AS i ON i.inst_id = f.inst_id
	 WHERE coalesce(v.decision, '') <> 'rejected'
	 GROUP BY c.run_id, c.as_of, f.inst_id, i.uscc, i.name, i.province, i.registered_on, i.status
$$, '重点监管对象: firms of the newest run that H08 wants on the key-supervision list, and whether they are on it', $$
as_of 监测日期; day of the run
inst_id 机构编号; firm
uscc 统一社会信用代码; unified social credit code
name 机构名称; name
province 省份; province
registered_on 成立日期; date of registration
status 经营状态; state
reasons 列入原因编号; rules hit
reasons_zh 列入原因; in Chinese
words 命中字样; words found
to_confirm 待人工认定; only candidates name it
listed_at 列入时间; order of kind watch in force; NULL: not yet
told_at 告知时间; first notice sent to an authority; NULL: not yet
$$),
('watch_feed', 121, $$
CREATE VIEW watch_feed WITH (security_invoker) AS
	SELECT w.as_of, w.inst_id, w.uscc, w.name, w.province, w.reasons, w.words, w.listed_at,
		   (SELECT string_agg(DISTINCT p.authority, '、' ORDER BY p.authority) FROM responsibility AS p
			 WHERE p.duty IN ('regulator', 'lead') AND (p.region IS NULL OR starts_with(w.province, p.region) OR starts_with(p.region, w.province))
			   AND (p.line = 'NAME' OR p.line IS NULL OR p.line = 'ALL')
			   AND coalesce(p.valid_from <= w.as_of, true) AND coalesce(p.valid_to > w.as_of, true)) AS authority,
		   jsonb_build_object('inst_id', w.inst_id, 'uscc', w.uscc, 'name', w.name, 'scope', i.scope_text, 'province', w.province, 'registered_on', w.registered_on,
				'status', w.status, 'reasons', string_to_array(w.reasons, ','), 'words', string_to_array(w.words, '、'), 'as_of', w.as_of) AS notice
	  FROM watch_list AS w LEFT JOIN institution AS i USING (inst_id)
	 WHERE w.told_at IS NULL
$$, '待告知名单: firms of the watch list the finance authority was not told of yet, with the notice to send', $$
as_of 监测日期; day of the run
inst_id 机构编号; firm
uscc 统一社会信用代码; unified social credit code
name 机构名称; name
province 省份; province
reasons 列入原因编号; rules hit
words 命中字样; words found
listed_at 列入时间; NULL: not on the list either
authority 告知对象; authorities responsible for names in the region, if filed
notice 告知内容; JSON: register entry, reasons, words
$$);
