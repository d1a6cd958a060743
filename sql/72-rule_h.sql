-- Rules of section H: names, scopes, registration events, advertisements.
-- Word lists live in the lexicon tables; licences exempt as the lists say. H01,
-- H02, H03, H07 and H08 read one scan (69-name_hit.sql).

SELECT risk_screen._ship_rule('H01', 'yellow', '{ALL}', '{}', '{institution}', '{}', $$
	SELECT 'institution' AS subject_kind, s.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('name', s.name, 'hits', jsonb_agg(jsonb_build_object('field', s.field, 'term', s.term, 'lexicon', s.lexicon, 'basis', s.basis, 'started', s.started, 'ended', s.ended,
				'matched', s.matched, 'disguise', s.disguise) ORDER BY s.field, s.started, s.term)) AS evidence
	  FROM risk_screen.desk_name_hits($1, NULL, '{CN-2016-21}') AS s
	 GROUP BY s.inst_id, s.name
$$, '非金融机构名称或经营范围使用限用词（国办发〔2016〕21号16词）。', 'Name or scope of a firm that is not financial uses a restricted word (16 words, national list).');

-- The national list itself. Names and scopes entered in the register while it
-- held, judged by the version in force on the day of the entry (H07 has the
-- older ones); and whether the list on this desk is the published one: all its
-- words in force, none added, its source named.
SELECT risk_screen._ship_rule('H02', 'yellow', '{ALL}', '{naming_national}', '{institution}', '{}', $$
	SELECT 'institution' AS subject_kind, s.inst_id AS subject_id, CASE WHEN bool_or(s.problem IS NULL) THEN count(*) FILTER (WHERE s.problem IS NULL) END AS observed, 0 AS threshold,
		   NULL::numeric AS amount, s.changed_on::timestamptz AS occurred_at,
		   jsonb_build_object('name', s.name, 'registered', s.changed_on, 'list', s.lexicon, 'version', s.list_version, 'missing', min(s.problem), 'source', min(s.basis),
				'hits', jsonb_agg(jsonb_build_object('field', s.field, 'term', s.term, 'started', s.started, 'ended', s.ended, 'matched', s.matched, 'disguise', s.disguise) ORDER BY s.field, s.started, s.term)) AS evidence,
		   'institution:' || s.inst_id AS finding_key
	  FROM risk_screen.desk_name_hits($1, NULL, '{CN-2016-21}', true) AS s
	 GROUP BY s.inst_id, s.name, s.changed_on, s.lexicon, s.list_version
	 UNION ALL
	SELECT 'lexicon', v.lexicon, v.words, ($5 ->> 'naming_national')::numeric, NULL, NULL,
		   jsonb_build_object('version', v.valid_from, 'source', v.basis, 'words_in_force', v.words, 'not_in_force', v.lacking, 'added_here', v.added), 'lexicon:' || v.lexicon
	  FROM (SELECT 'CN-2016-21' AS lexicon, x.*,
				   (SELECT coalesce(jsonb_agg(t.term ORDER BY t.term), '[]') FROM risk_screen.term AS t WHERE t.lexicon = 'CN-2016-21' AND t.shipped AND t.term <> ALL (x.terms)) AS lacking,
				   (SELECT coalesce(jsonb_agg(t.term ORDER BY t.term), '[]') FROM risk_screen.term AS t WHERE t.lexicon = 'CN-2016-21' AND NOT t.shipped AND t.term = ANY (x.terms)) AS added
			  FROM risk_screen.lexicon_versions('CN-2016-21') AS x WHERE $1 BETWEEN x.valid_from AND x.valid_to) AS v
	 WHERE v.words <> ($5 ->> 'naming_national')::numeric OR v.lacking <> '[]' OR v.added <> '[]' OR v.basis IS NULL
$$, '全国限用词表（国办发〔2016〕21号）生效后登记的名称或经营范围使用当时版本的字样；或本地词表与公布的16词不一致。',
	'Registered under the national list with a word of the version then in force; or the list on this desk is not the published one.', weight => 0);

SELECT risk_screen._ship_rule('H03', 'yellow', '{ALL}', '{}', '{institution}', '{}', $$
	SELECT 'institution' AS subject_kind, s.inst_id AS subject_id, CASE WHEN s.problem IS NULL THEN count(*) END AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('name', s.name, 'missing', s.problem, 'hits', jsonb_agg(jsonb_build_object('field', s.field, 'term', s.term, 'lexicon', s.lexicon, 'basis', s.basis, 'started', s.started, 'ended', s.ended,
				'matched', s.matched, 'disguise', s.disguise) ORDER BY s.field, s.started, s.term)) AS evidence
	  FROM risk_screen.desk_name_hits($1, NULL, '{BJ-2016}') AS s
	 GROUP BY s.inst_id, s.name, s.problem
$$, '北京市企业名称或经营范围使用限用词（20词）。', 'Name or scope of a firm in Beijing uses a word of the Beijing list (20 words).');

-- Old firms are not grandfathered: those registered before the list held.
SELECT risk_screen._ship_rule('H07', 'yellow', '{ALL}', '{}', '{institution}', '{}', $$
	SELECT 'institution' AS subject_kind, s.inst_id AS subject_id, CASE WHEN s.changed_on IS NOT NULL AND bool_or(s.problem IS NULL) THEN count(*) FILTER (WHERE s.problem IS NULL) END AS observed,
		   0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('name', s.name, 'missing', CASE WHEN s.changed_on IS NULL THEN 'registered_on' WHEN NOT bool_or(s.problem IS NULL) THEN min(s.problem) END, 'last_changed', s.changed_on,
				'in_window', s.changed_on >= $2::date, 'lexicons', coalesce(jsonb_agg(DISTINCT s.lexicon) FILTER (WHERE s.problem IS NULL), jsonb_agg(DISTINCT s.lexicon)),
				'terms', coalesce(jsonb_agg(DISTINCT s.term) FILTER (WHERE s.problem IS NULL), jsonb_agg(DISTINCT s.term))) AS evidence
	  FROM risk_screen.desk_name_hits($1) AS s
	 -- each word by its own date: a list may have grown after the firm was registered
	 WHERE s.changed_on IS NULL OR s.changed_on < s.in_force_from
	 GROUP BY s.inst_id, s.name, s.changed_on
$$, '存量企业（限用词生效前登记且此后未变更）的名称或经营范围仍含限用词。', 'A firm registered before the list held, and unchanged since, still uses its words.');

-- Put on the key-supervision list, and the finance authority told in time. The
-- clock starts when the word and the register entry first stood together.
SELECT risk_screen._ship_rule('H08', 'yellow', '{ALL}', '{watch_notice_days}', '{institution,share_log,authority_order}', '{}', $$
	WITH hit AS (
		SELECT s.inst_id, s.name, min(greatest(s.in_force_from, s.changed_on)) AS since, bool_or(s.changed_on IS NULL) AS undated, jsonb_agg(DISTINCT s.term) AS terms, jsonb_agg(DISTINCT s.lexicon) AS lexicons
		  FROM risk_screen.desk_name_hits($1) AS s WHERE s.problem IS NULL GROUP BY s.inst_id, s.name),
	told AS (
		SELECT g.subject_id AS inst_id, min(g.sent_at) AS told_at, min(g.authority) AS authority FROM share_log AS g
		 WHERE g.kind = 'watch' AND g.direction = 'sent' AND g.sent_at < $3 GROUP BY g.subject_id),
	listed AS (
		SELECT o.inst_id, min(coalesce(o.effective_at, o.issued_at)) AS listed_at FROM authority_order AS o
		 WHERE o.kind = 'watch' AND coalesce(o.effective_at, o.issued_at) < $3 AND (o.lifted_at IS NULL OR o.lifted_at >= $3) GROUP BY o.inst_id)
	SELECT 'institution' AS subject_kind, h.inst_id AS subject_id,
		   CASE WHEN NOT h.undated THEN greatest(coalesce(t.told_at::date, $1), coalesce(l.listed_at::date, $1)) - h.since END AS observed,
		   NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('name', h.name, 'terms', h.terms, 'lexicons', h.lexicons, 'since', CASE WHEN NOT h.undated THEN h.since END, 'told_at', t.told_at, 'told', t.authority, 'listed_at', l.listed_at,
				'missing', CASE WHEN h.undated THEN 'registered_on' END) AS evidence
	  FROM hit AS h LEFT JOIN told AS t USING (inst_id) LEFT JOIN listed AS l USING (inst_id)
$$, '使用限用词的企业未及时列入重点监管对象或未及时告知金融管理部门。', 'A firm using restricted words is not on the key-supervision list, or the finance authority was not told in time.');

SELECT risk_screen._ship_rule('H04', 'yellow', '{ALL}', '{}', '{registration}', '{}', $$
	SELECT 'institution' AS subject_kind, e.inst_id AS subject_id, CASE WHEN x.problem IS NULL THEN count(*) END AS observed, 0 AS threshold, NULL::numeric AS amount, e.happened_on::timestamptz AS occurred_at,
		   jsonb_build_object('event', e.event, 'event_id', e.event_id, 'name', e.name, 'terms', jsonb_agg(DISTINCT s.term), 'decision', e.decision, 'missing', x.problem) AS evidence
	  FROM registration AS e
	  LEFT JOIN LATERAL (SELECT p.name FROM registration AS p WHERE p.inst_id = e.inst_id AND p.happened_on < e.happened_on AND p.name IS NOT NULL AND coalesce(p.decision, 'accepted') <> 'rejected'
						  ORDER BY p.happened_on DESC LIMIT 1) AS was ON true
	 CROSS JOIN LATERAL (SELECT CASE WHEN e.province IS NULL THEN 'province' WHEN NOT risk_screen.known_region(e.province) THEN format('province: "%s" tells no province', e.province) END AS problem) AS x
	 CROSS JOIN LATERAL risk_screen.screen_name(e.name, NULL, CASE WHEN x.problem IS NULL THEN e.province ELSE '北京' END, e.event, NULL, e.happened_on) AS s
	 WHERE e.happened_on <= $1 AND e.happened_on >= $2::date AND e.event IN ('new', 'change') AND s.lexicon = 'BJ-2016-FREEZE-NAME' AND s.field = 'name'
	   -- a change of something else that repeats the name is no new name
	   AND (e.event = 'new' OR e.name IS DISTINCT FROM was.name)
	   AND coalesce(e.approved, false) IS FALSE AND coalesce(e.decision, 'pending') <> 'rejected'
	 GROUP BY x.problem, e.inst_id, e.event, e.event_id, e.name, e.happened_on, e.decision
	 UNION ALL
	SELECT 'institution', e.inst_id, NULL, 0, NULL, e.happened_on::timestamptz, jsonb_build_object('event', e.event, 'event_id', e.event_id, 'missing', 'name')
	  FROM registration AS e
	 WHERE e.happened_on <= $1 AND e.happened_on >= $2::date AND e.event = 'new' AND e.name IS NULL AND coalesce(e.decision, 'pending') <> 'rejected'
	   AND (risk_screen.known_region(e.province) IS NOT TRUE OR EXISTS (SELECT FROM risk_screen.screen_name('控股', '投资咨询', e.province, 'new', NULL, e.happened_on) AS s WHERE s.lexicon LIKE 'BJ-2016-FREEZE-%'))
$$, '暂停核准期间新设或变更的名称含冻结字样（8词）。', 'A new or changed name contains a word of the freeze list (8 words).');

-- Item by item: an item that the firm's earlier scope already had is not new.
SELECT risk_screen._ship_rule('H05', 'yellow', '{ALL}', '{}', '{registration,registration.scope_text?}', '{}', $$
	SELECT 'institution' AS subject_kind, e.inst_id AS subject_id, CASE WHEN x.problem IS NULL THEN count(*) END AS observed, 0 AS threshold, NULL::numeric AS amount, e.happened_on::timestamptz AS occurred_at,
		   jsonb_build_object('event', e.event, 'event_id', e.event_id, 'terms', jsonb_agg(DISTINCT s.term), 'items', jsonb_agg(DISTINCT s.item), 'decision', e.decision, 'missing', x.problem) AS evidence
	  FROM registration AS e
	  LEFT JOIN LATERAL (SELECT p.scope_text FROM registration AS p WHERE p.inst_id = e.inst_id AND p.happened_on < e.happened_on AND p.scope_text IS NOT NULL AND coalesce(p.decision, 'accepted') <> 'rejected'
						  ORDER BY p.happened_on DESC LIMIT 1) AS was ON true
	 CROSS JOIN LATERAL (SELECT CASE WHEN e.province IS NULL THEN 'province' WHEN NOT risk_screen.known_region(e.province) THEN format('province: "%s" tells no province', e.province) END AS problem) AS x
	 CROSS JOIN LATERAL risk_screen.screen_scope(e.scope_text, CASE WHEN x.problem IS NULL THEN e.province ELSE '北京' END, e.event, NULL, e.happened_on) AS s
	 WHERE e.happened_on <= $1 AND e.happened_on >= $2::date AND e.event IN ('new', 'change') AND s.lexicon = 'BJ-2016-FREEZE-SCOPE'
	   AND (e.event = 'new' OR was.scope_text IS NULL OR s.item IS NULL OR NOT EXISTS (SELECT FROM risk_screen.scope_items(was.scope_text) AS i WHERE i.item = s.item))
	   AND coalesce(e.approved, false) IS FALSE AND coalesce(e.decision, 'pending') <> 'rejected'
	 GROUP BY x.problem, e.inst_id, e.event, e.event_id, e.happened_on, e.decision
	 UNION ALL
	SELECT 'institution', e.inst_id, NULL, 0, NULL, e.happened_on::timestamptz, jsonb_build_object('event', e.event, 'event_id', e.event_id, 'missing', 'scope_text')
	  FROM registration AS e
	 WHERE e.happened_on <= $1 AND e.happened_on >= $2::date AND e.event = 'new' AND e.scope_text IS NULL AND coalesce(e.decision, 'pending') <> 'rejected'
	   AND (risk_screen.known_region(e.province) IS NOT TRUE OR EXISTS (SELECT FROM risk_screen.screen_name('控股', '投资咨询', e.province, 'new', NULL, e.happened_on) AS s WHERE s.lexicon LIKE 'BJ-2016-FREEZE-%'))
$$, '暂停登记期间新增投资类经营项目（9项）。', 'A new or changed scope contains an item of the freeze list (9 items).');

-- 迁入本市: a city stops firms whose words stand on a list of that city. Lists that
-- hold where the firm comes from as well do not count: the national ones (H01's),
-- and those of the city where it moves within.
SELECT risk_screen._ship_rule('H06', 'orange', '{ALL}', '{}', '{registration}', '{}', $$
	SELECT 'institution' AS subject_kind, e.inst_id AS subject_id, CASE WHEN x.problem IS NULL THEN count(*) END AS observed, 0 AS threshold, NULL::numeric AS amount, e.happened_on::timestamptz AS occurred_at,
		   jsonb_build_object('event_id', e.event_id, 'name', e.name, 'from', e.from_province, 'to', e.province, 'terms', jsonb_agg(DISTINCT s.term), 'lexicons', jsonb_agg(DISTINCT s.lexicon), 'missing', x.problem) AS evidence
	  FROM registration AS e
	 CROSS JOIN LATERAL (SELECT CASE WHEN e.province IS NULL THEN 'province' WHEN NOT risk_screen.known_region(e.province) THEN format('province: "%s" tells no province', e.province) END AS problem) AS x
	 CROSS JOIN LATERAL risk_screen.screen_name(e.name, e.scope_text, CASE WHEN x.problem IS NULL THEN e.province ELSE '北京' END, 'move_in', NULL, e.happened_on) AS s
	 WHERE e.happened_on < $3::date AND e.happened_on >= $2::date AND e.event = 'move_in' AND coalesce(e.approved, false) IS FALSE
	   AND coalesce(e.decision, 'pending') <> 'rejected'
	   AND s.lexicon NOT IN (SELECT o.lexicon FROM risk_screen.screen_name(e.name, e.scope_text, CASE WHEN risk_screen.known_region(e.from_province) THEN e.from_province END, 'move_in', NULL, e.happened_on) AS o)
	   AND NOT EXISTS (SELECT FROM approval AS a WHERE a.inst_id = e.inst_id AND a.kind = 'move_in' AND a.valid_from <= e.happened_on AND (a.valid_to > e.happened_on OR a.valid_to IS NULL))
	 GROUP BY x.problem, e.inst_id, e.event_id, e.name, e.from_province, e.province, e.happened_on
	 UNION ALL
	SELECT 'institution', e.inst_id, NULL, 0, NULL, e.happened_on::timestamptz, jsonb_build_object('event_id', e.event_id, 'from', e.from_province, 'missing', concat_ws(', ', CASE WHEN e.name IS NULL THEN 'name' END, CASE WHEN e.scope_text IS NULL THEN 'scope_text' END))
	  FROM registration AS e
	 WHERE e.happened_on < $3::date AND e.happened_on >= $2::date AND e.event = 'move_in' AND coalesce(e.approved, false) IS FALSE AND coalesce(e.decision, 'pending') <> 'rejected'
	   AND e.name IS NULL AND e.scope_text IS NULL
	   AND NOT EXISTS (SELECT FROM approval AS a WHERE a.inst_id = e.inst_id AND a.kind = 'move_in' AND a.valid_from <= e.happened_on AND (a.valid_to > e.happened_on OR a.valid_to IS NULL))
	   AND NOT EXISTS (SELECT FROM risk_screen.screen_name('控股', '投资咨询', CASE WHEN risk_screen.known_region(e.from_province) THEN e.from_province END, 'move_in', NULL, e.happened_on) AS s WHERE s.lexicon LIKE 'BJ-2016-FREEZE-%')
	   AND (risk_screen.known_region(e.province) IS NOT TRUE OR EXISTS (SELECT FROM risk_screen.screen_name('控股', '投资咨询', e.province, 'move_in', NULL, e.happened_on) AS s WHERE s.lexicon LIKE 'BJ-2016-FREEZE-%'))
$$, '名称或经营范围含本市限用词的企业未经批准申请迁入。', 'A firm with words of the city''s lists moves in without approval.');

SELECT risk_screen._ship_rule('H12', 'orange', '{ALL}', '{}', '{text_item,institution,text_item.inst_id,text_item.kind}', '{}', $$
	SELECT 'text' AS subject_kind, x.text_id AS subject_id, x.inst_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, x.published_at AS occurred_at,
		   jsonb_build_object('channel', x.channel, 'source', x.source, 'text', left(x.body, 200),
				'terms', jsonb_agg(jsonb_build_object('finding', f.finding, 'term', f.term, 'lexicon', f.lexicon, 'started', f.started, 'ended', f.ended, 'value', f.value) ORDER BY f.started, f.term)) AS evidence
	  FROM text_item AS x
	  JOIN institution AS i USING (inst_id)
	 CROSS JOIN LATERAL risk_screen.screen_ad(x.body, NULL, $1) AS f
	 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3 AND i.is_financial IS NOT TRUE
	   AND (f.finding IN ('licence', 'yield') OR f.finding = 'claim' AND f.lexicon IN ('CN-PROD', 'CN-737-11'))
	   AND NOT EXISTS (SELECT FROM licence AS l WHERE l.inst_id = x.inst_id AND l.valid_from <= x.published_at::date
						  AND (l.valid_to > x.published_at::date OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid')
	 GROUP BY x.text_id, x.inst_id, x.channel, x.source, x.body, x.published_at
	 UNION ALL
	SELECT 'text', x.text_id, x.inst_id, NULL, 0, NULL, x.published_at, jsonb_build_object('channel', x.channel, 'missing', 'body')
	  FROM text_item AS x JOIN institution AS i USING (inst_id)
	 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3 AND coalesce(x.body !~ '\S', true) AND i.is_financial IS NOT TRUE
	   AND NOT EXISTS (SELECT FROM licence AS l WHERE l.inst_id = x.inst_id AND l.valid_from <= x.published_at::date
						  AND (l.valid_to > x.published_at::date OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid')
$$, '未取得金融业务资质的机构发布金融业务广告。', 'A firm without a licence advertises financial business.');

-- Business the advertisement speaks of that none of the advertiser's licences
-- covers; who holds no licence at all is H12's.
SELECT risk_screen._ship_rule('H13', 'orange', '{ALL}', '{}', '{text_item,institution,text_item.inst_id,text_item.kind}', '{}', $$
	SELECT 'text' AS subject_kind, x.text_id AS subject_id, x.inst_id, CASE WHEN h.biz IS NOT NULL THEN count(*) END AS observed, 0 AS threshold, NULL::numeric AS amount, x.published_at AS occurred_at,
		   jsonb_build_object('channel', x.channel, 'text', left(x.body, 200), 'licences', h.biz, 'missing', CASE WHEN h.biz IS NULL THEN 'licence' END,
				'terms', jsonb_agg(jsonb_build_object('term', f.term, 'started', f.started, 'ended', f.ended) ORDER BY f.started, f.term)) AS evidence
	  FROM text_item AS x
	  JOIN institution AS i USING (inst_id)
	  LEFT JOIN LATERAL (SELECT array_agg(DISTINCT l.biz ORDER BY l.biz) AS biz FROM licence AS l
						  WHERE l.inst_id = x.inst_id AND l.valid_from <= x.published_at::date AND (l.valid_to > x.published_at::date OR l.valid_to IS NULL)
							AND coalesce(l.status, 'valid') = 'valid') AS h ON true
	 CROSS JOIN LATERAL risk_screen.screen_ad(x.body, h.biz, $1) AS f
	 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3 AND f.finding = 'licence'
	   -- a financial institution whose licences nobody filed cannot be judged
	   AND (h.biz IS NOT NULL OR i.is_financial)
	 GROUP BY x.text_id, x.inst_id, x.channel, x.body, x.published_at, h.biz
	 UNION ALL
	SELECT 'text', x.text_id, x.inst_id, NULL, 0, NULL, x.published_at, jsonb_build_object('channel', x.channel, 'missing', 'body')
	  FROM text_item AS x JOIN institution AS i USING (inst_id)
	 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3 AND coalesce(x.body !~ '\S', true) AND (i.is_financial
		   OR EXISTS (SELECT FROM licence AS l WHERE l.inst_id = x.inst_id AND l.valid_from <= x.published_at::date
						 AND (l.valid_to > x.published_at::date OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid'))
$$, '广告内容与许可的业务不相符。', 'The advertisement speaks of business that the licence does not cover.');

-- Promises of principal, interest or safety, which no notice makes good; and
-- risk that is hidden: a claim, a yield or an investment product without a risk
-- notice within reach. A filed risk_warning (a notice in the picture, say) goes
-- before what the text shows.
SELECT risk_screen._ship_rule('H14', 'orange', '{ALL}', '{risk_notice_reach}', '{text_item,text_item.kind?}', '{}', $$
	SELECT 'text' AS subject_kind, x.text_id AS subject_id, x.inst_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, x.published_at AS occurred_at,
		   jsonb_build_object('channel', x.channel, 'text', left(x.body, 200), 'risk_warning', x.risk_warning, 'signs', jsonb_agg(DISTINCT f.sign),
				'terms', jsonb_agg(jsonb_build_object('sign', f.sign, 'term', f.term, 'started', f.started, 'ended', f.ended, 'nearest_notice', f.distance) ORDER BY f.started, f.term, f.sign)) AS evidence
	  FROM text_item AS x
	  LEFT JOIN institution AS i USING (inst_id)
	 CROSS JOIN LATERAL (
			SELECT CASE a.finding WHEN 'claim' THEN 'promise' ELSE 'no risk notice' END AS sign, a.term, a.started, a.ended, a.value AS distance
			  FROM risk_screen.screen_ad(x.body, NULL, $1, ($5 ->> 'risk_notice_reach')::int) AS a
			 WHERE a.finding = 'claim' AND (a.lexicon IN ('CN-AD', 'CN-ADLAW-25') OR a.lexicon = 'AD-SAFETY' AND (x.product_id IS NOT NULL OR x.loan_id IS NOT NULL OR x.advertised_rate IS NOT NULL OR i.is_financial
						-- a lock may be 绝对安全, money may not
						OR risk_screen.has_terms(x.body, 'AD-PRODUCT', $1) OR risk_screen.has_terms(x.body, 'AD-BUSINESS', $1) OR risk_screen.has_terms(x.body, 'AD-CLAIMS', $1)))
				OR a.finding = 'no_warning' AND x.risk_warning IS NULL
			 UNION ALL
			SELECT 'no risk notice', t.term, t.started, t.ended, NULL
			  FROM risk_screen.find_terms(x.body, '{AD-PRODUCT,AD-CLAIMS,CN-AD,CN-ADLAW-25}', $1) AS t WHERE x.risk_warning IS FALSE) AS f
	 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3
	 GROUP BY x.text_id, x.inst_id, x.channel, x.body, x.risk_warning, x.published_at
	 UNION ALL
	SELECT 'text', x.text_id, x.inst_id, NULL, 0, NULL, x.published_at, jsonb_build_object('channel', x.channel, 'missing', 'body')
	  FROM text_item AS x
	 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3 AND coalesce(x.body !~ '\S', true)
$$, '广告含保本高息等虚假、夸大或误导性表述，或所述产品、收益附近没有风险提示。',
	'The advertisement promises principal, interest or no risk, or shows no risk notice near the product, yield or claim.');

SELECT risk_screen._ship_rule('H16', 'yellow', '{ALL}', '{}', '{institution}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('name', i.name, 'hits', jsonb_agg(jsonb_strip_nulls(jsonb_build_object('field', v.field, 'text_id', v.text_id, 'term', f.term, 'started', f.started, 'ended', f.ended)) ORDER BY v.field, v.text_id, f.started)) AS evidence
	  FROM institution AS i
	 CROSS JOIN LATERAL (
			SELECT 'name' AS field, NULL AS text_id, i.name AS body UNION ALL SELECT 'scope', NULL, i.scope_text
			 UNION ALL SELECT 'text', x.text_id, x.body FROM text_item AS x
			 WHERE x.inst_id = i.inst_id AND x.kind IN ('ad', 'app', 'product_page', 'contract') AND x.published_at >= $2 AND x.published_at < $3) AS v
	 CROSS JOIN LATERAL risk_screen.find_terms(v.body, ARRAY['CN-NEW-LABELS'], $1) AS f
	 WHERE v.body IS NOT NULL
	 GROUP BY i.inst_id, i.name
$$, '名称、经营范围或宣传文本含新型集资概念（区块链、元宇宙、虚拟货币、消费返利）。', 'Name, scope or a text uses a label of fund-raising schemes.');

SELECT risk_screen._ship_rule('H17', 'yellow', '{ALL}', '{}', '{institution,institution.lines,institution.website|institution.app_id|ops_day.visits}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('website', i.website, 'app_id', i.app_id) AS evidence
	  FROM institution AS i
	 WHERE i.icp_no IS NULL AND coalesce(i.status, 'active') = 'active'
	   AND (i.website IS NOT NULL OR i.app_id IS NOT NULL OR EXISTS (SELECT FROM ops_day AS o WHERE o.inst_id = i.inst_id AND o.visits > 0 AND o.day <= $1 AND o.day >= $2::date))
	   AND (i.lines && ARRAY['P2P', 'EC', 'INS', 'FUND', 'TRU', 'PAY', 'AM', 'VC'])
	   AND EXISTS (SELECT FROM institution AS x WHERE x.icp_no IS NOT NULL)
	 UNION ALL
	-- where nobody files it, nobody's is missing
	SELECT 'desk', 'desk', NULL, 0, NULL, NULL, jsonb_build_object('missing', 'icp_no') WHERE NOT EXISTS (SELECT FROM institution AS x WHERE x.icp_no IS NOT NULL)
$$, '金融业务网站未办理ICP备案。', 'A site doing financial business has no ICP filing.');

-- The words the plans name (保本高息, 保本保息), the promises of 广告法 Art 25, and the
-- claims of the trade; superlatives of Art 9 (3) and promises of safety where the
-- text or its advertiser is one of finance: the row speaks of financial products
-- and business.
SELECT risk_screen._ship_rule('H11', 'yellow', '{ALL}', '{}', '{text_item,text_item.inst_id?,text_item.kind?}', '{}', $$
	SELECT 'text' AS subject_kind, x.text_id AS subject_id, x.inst_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, x.published_at AS occurred_at,
		   jsonb_build_object('channel', x.channel, 'text', left(x.body, 200),
				'terms', jsonb_agg(jsonb_build_object('term', f.term, 'lexicon', f.lexicon, 'basis', f.basis, 'started', f.started, 'ended', f.ended) ORDER BY f.started, f.term)) AS evidence
	  FROM text_item AS x
	  LEFT JOIN institution AS i USING (inst_id)
	 CROSS JOIN LATERAL risk_screen.find_terms(x.body, ARRAY['CN-AD', 'CN-ADLAW-25', 'AD-CLAIMS', 'CN-ADLAW-9', 'AD-SAFETY'], $1) AS f
	 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3
	   AND (f.lexicon NOT IN ('CN-ADLAW-9', 'AD-SAFETY') OR x.product_id IS NOT NULL OR x.loan_id IS NOT NULL OR x.advertised_rate IS NOT NULL OR i.is_financial
			OR risk_screen.has_terms(x.body, 'AD-PRODUCT', $1) OR risk_screen.has_terms(x.body, 'AD-BUSINESS', $1) OR risk_screen.has_terms(x.body, 'AD-CLAIMS', $1)
			OR risk_screen.has_terms(x.body, 'CN-ADLAW-25', $1))
	 GROUP BY x.text_id, x.inst_id, x.channel, x.body, x.published_at
	 UNION ALL
	SELECT 'text', x.text_id, x.inst_id, NULL, 0, NULL, x.published_at, jsonb_build_object('channel', x.channel, 'missing', 'body')
	  FROM text_item AS x
	 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3 AND coalesce(x.body !~ '\S', true)
$$, '对金融产品和业务进行不当宣传。', 'Improper claims about financial products or business.');

SELECT risk_screen._ship_rule('H09', 'red', '{ALL}', '{}', '{institution,licence,product.biz?}', '{}', $$
	WITH licensed AS (
		SELECT DISTINCT l.inst_id, l.biz FROM licence AS l WHERE l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid'),
	seen AS (
		SELECT p.inst_id, p.biz, 'product' AS how FROM product AS p
		 WHERE coalesce(p.issued_on <= $1, true) AND (p.ended_on > $1 OR p.ended_on IS NULL)
		 UNION
		SELECT l.inst_id, 'P2P', 'loan' FROM loan AS l JOIN institution AS x ON x.inst_id = l.inst_id AND 'P2P' = ANY (x.lines)
		 WHERE l.started_on <= $1 AND (l.matures_on >= $2::date OR l.matures_on IS NULL) AND coalesce(l.status, 'current') <> 'failed'
		 UNION
		SELECT v.inst_id, 'PAY', 'service' FROM service AS v
		 WHERE v.code IN ('merchant_settlement', 'personal_pos', 'prepaid_card', 'card_acquiring', 'network_payment') AND v.seen_from <= $1 AND (v.seen_to > $1 OR v.seen_to IS NULL))
	SELECT 'institution' AS subject_kind, s.inst_id AS subject_id, count(DISTINCT s.biz) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('business', jsonb_agg(DISTINCT s.biz), 'seen_as', jsonb_agg(DISTINCT s.how)) AS evidence
	  FROM seen AS s
	 WHERE s.biz IN ('P2P', 'EC', 'INS', 'FUND', 'TRU', 'PAY', 'AM')
	   AND NOT EXISTS (SELECT FROM licensed AS l WHERE l.inst_id = s.inst_id AND l.biz = s.biz)
	   -- peer-to-peer lending needs a filing, not a licence
	   AND NOT (s.biz = 'P2P' AND EXISTS (SELECT FROM filing AS f WHERE f.inst_id = s.inst_id AND f.kind = 'p2p_registration' AND f.received_at < $3 AND coalesce(f.status, 'accepted') = 'accepted'))
	 GROUP BY s.inst_id
$$, '从事金融业务而未取得许可或备案。', 'Financial business without licence or filing.');

SELECT risk_screen._ship_rule('H10', 'orange', '{ALL}', '{}', '{authority_order,institution}', '{}', $$
	SELECT 'institution' AS subject_kind, o.inst_id AS subject_id, CASE WHEN i.status IS NOT NULL THEN $1 - min(coalesce(o.effective_at, o.issued_at)::date) END AS observed, 0 AS threshold, NULL::numeric AS amount,
		   min(coalesce(o.effective_at, o.issued_at)) AS occurred_at, jsonb_build_object('order_id', min(o.order_id), 'status', i.status, 'missing', CASE WHEN i.status IS NULL THEN 'status' END) AS evidence
	  FROM authority_order AS o JOIN institution AS i USING (inst_id)
	 WHERE o.kind IN ('revoke', 'ban') AND coalesce(o.effective_at, o.issued_at)::date < $1 AND (o.lifted_at IS NULL OR o.lifted_at >= $3) AND coalesce(i.status, 'active') = 'active'
	 GROUP BY o.inst_id, i.status
$$, '已被吊销或取缔仍处于存续状态。', 'Revoked or banned, yet still active.');

-- A product is judged by what is disclosed of it; a firm that files no product
-- disclosures at all may disclose elsewhere: unknown, not clear.
SELECT risk_screen._ship_rule('H15', 'yellow', '{ALL}', '{}', '{product,disclosure}', '{}', $$
	WITH items AS (
		SELECT d.product_id, count(DISTINCT d.item) AS n, jsonb_agg(DISTINCT d.item) AS shown
		  FROM disclosure AS d WHERE d.product_id IS NOT NULL AND d.item IN ('product', 'risk_level', 'investor_type') AND d.disclosed_at < $3 GROUP BY d.product_id),
	files AS (
		SELECT DISTINCT coalesce(x.inst_id, p.inst_id) AS inst_id FROM disclosure AS x LEFT JOIN product AS p USING (product_id) WHERE x.product_id IS NOT NULL AND x.disclosed_at < $3),
	offered AS (
		SELECT p.*, f.inst_id IS NOT NULL AS files FROM product AS p LEFT JOIN files AS f ON f.inst_id = p.inst_id
		 WHERE coalesce(p.issued_on <= $1, true) AND (p.ended_on > $1 OR p.ended_on IS NULL))
	SELECT 'product' AS subject_kind, p.product_id AS subject_id, p.inst_id, 3 - coalesce(d.n, 0) AS observed, 0 AS threshold, p.target_amount AS amount,
		   p.issued_on::timestamptz AS occurred_at, jsonb_build_object('disclosed', coalesce(d.shown, '[]')) AS evidence
	  FROM offered AS p LEFT JOIN items AS d USING (product_id)
	 WHERE p.files AND coalesce(d.n, 0) < 3
	 UNION ALL
	-- who files no product disclosures at all cannot be judged by them
	SELECT 'institution', p.inst_id, p.inst_id, NULL, 0, sum(p.target_amount), NULL, jsonb_build_object('products', count(*), 'missing', 'disclosures by product')
	  FROM offered AS p WHERE NOT p.files AND EXISTS (SELECT FROM files) GROUP BY p.inst_id
	 UNION ALL
	SELECT 'desk', 'desk', NULL, NULL, 0, NULL, NULL, jsonb_build_object('missing', 'disclosures by product') WHERE NOT EXISTS (SELECT FROM files)
$$, '产品信息、风险等级、适合投资者类型未全部披露。', 'Product information, risk level or suitable investor type is not disclosed.');

SELECT risk_screen._ship_rule('H18', 'orange', '{ALL}', '{}', '{authority_order,ops_day}', '{}', $$
	SELECT 'institution' AS subject_kind, o.inst_id AS subject_id, count(DISTINCT d.day) AS observed, 0 AS threshold, NULL::numeric AS amount, max(d.day)::timestamptz AS occurred_at,
		   jsonb_build_object('orders', jsonb_agg(DISTINCT o.order_id), 'last_seen', max(d.day)) AS evidence
	  FROM authority_order AS o
	  JOIN ops_day AS d ON d.inst_id = o.inst_id AND d.day > coalesce(o.effective_at, o.issued_at)::date AND (o.lifted_at IS NULL OR d.day < o.lifted_at::date)
	   AND (o.kind = 'close_site' AND d.site_alive OR o.kind = 'delist_app' AND d.app_listed)
	 WHERE o.kind IN ('close_site', 'delist_app') AND d.day <= $1 AND d.day >= $2::date
	 GROUP BY o.inst_id
	 UNION ALL
	-- nobody has looked since
	SELECT 'institution', o.inst_id, NULL, 0, NULL, min(coalesce(o.effective_at, o.issued_at)), jsonb_build_object('orders', jsonb_agg(DISTINCT o.order_id), 'missing', 'ops_day after the order')
	  FROM authority_order AS o
	 WHERE o.kind IN ('close_site', 'delist_app') AND coalesce(o.effective_at, o.issued_at) < $3 - interval '1 day' AND (o.lifted_at IS NULL OR o.lifted_at >= $3)
	   AND NOT EXISTS (SELECT FROM ops_day AS d WHERE d.inst_id = o.inst_id AND d.day > coalesce(o.effective_at, o.issued_at)::date AND d.day <= $1
						  AND CASE o.kind WHEN 'close_site' THEN d.site_alive ELSE d.app_listed END IS NOT NULL)
	 GROUP BY o.inst_id
$$, '责令关停或下架之后网站、应用仍可访问。', 'Site or app still reachable after the order to close or delist it.');

-- Pairs of products that (nearly) every buyer of one also bought with it, on the
-- same day or in one bundle; and texts that say so. Buyers, not sales, are
-- counted, so one buyer's repetitions prove nothing.
SELECT risk_screen._ship_rule('H19', 'orange', '{ALL}', '{tie_in_share,tie_in_minimum}', '{sale,text_item,text_item.kind?}', '{}', $$
	WITH sold AS MATERIALIZED (
		SELECT DISTINCT coalesce(s.inst_id, p.inst_id) AS inst_id, s.product_id, s.investor_id, coalesce('b' || s.bundle_id, 'd' || s.sold_at::date) AS basket
		  FROM sale AS s LEFT JOIN product AS p USING (product_id)
		 WHERE s.sold_at >= $2 AND s.sold_at < $3),
	buyers AS (SELECT inst_id, product_id, count(DISTINCT investor_id) AS buyers FROM sold GROUP BY inst_id, product_id),
	pair AS (
		SELECT a.inst_id, a.product_id, b.product_id AS tied, count(DISTINCT a.investor_id) AS both
		  FROM sold AS a JOIN sold AS b ON b.inst_id IS NOT DISTINCT FROM a.inst_id AND b.investor_id = a.investor_id AND b.basket = a.basket AND b.product_id <> a.product_id
		 GROUP BY a.inst_id, a.product_id, b.product_id)
	SELECT 'product' AS subject_kind, q.product_id AS subject_id, q.inst_id, risk_screen._rounded(q.both::numeric / n.buyers, ($5 ->> 'tie_in_share')::numeric, 4) AS observed, NULL::numeric AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('tied', q.tied, 'buyers', n.buyers, 'both', q.both) AS evidence, 'pair:' || q.product_id || '+' || q.tied AS finding_key
	  FROM pair AS q JOIN buyers AS n ON n.inst_id IS NOT DISTINCT FROM q.inst_id AND n.product_id = q.product_id
	 WHERE n.buyers >= ($5 ->> 'tie_in_minimum')::numeric
	 UNION ALL
	SELECT 'text', x.text_id, x.inst_id, 1, NULL, NULL, x.published_at,
		   jsonb_build_object('kind', x.kind, 'text', left(x.body, 200), 'terms', jsonb_agg(jsonb_build_object('term', f.term, 'started', f.started, 'ended', f.ended) ORDER BY f.started)),
		   'text:' || x.text_id
	  FROM text_item AS x CROSS JOIN LATERAL risk_screen.find_terms(x.body, '{CN-TIE-IN}', $1) AS f
	 WHERE x.kind IN ('ad', 'app', 'product_page', 'contract') AND x.published_at >= $2 AND x.published_at < $3
	 GROUP BY x.text_id, x.inst_id, x.kind, x.body, x.published_at
$$, '强制捆绑销售：购买一种产品的客户几乎都同时购买另一种，或文本要求同时购买。', 'Forced tie-in: nearly all buyers of one product bought another with it, or a text demands it.');

-- A name, scope or advertisement of investment and wealth management, no
-- licence, and finance that is seen: products, or money of many people.
SELECT risk_screen._ship_rule('H20', 'orange', '{ALL}', '{invest_name_payers}', '{institution,product,txn,txn.payer_owner?,txn.payee_owner?}', '{}', $$
	WITH licensed AS (
		SELECT DISTINCT l.inst_id FROM licence AS l WHERE l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid'),
	firm AS (
		SELECT i.inst_id, i.name, i.scope_text FROM institution AS i
		 WHERE i.is_financial IS NOT TRUE AND NOT EXISTS (SELECT FROM licensed AS l WHERE l.inst_id = i.inst_id)),
	said AS MATERIALIZED (
		SELECT w.inst_id, jsonb_agg(DISTINCT jsonb_build_object('field', w.field, 'term', w.term)) AS words
		  FROM (SELECT f.inst_id, v.field, t.term
				  FROM firm AS f CROSS JOIN LATERAL (VALUES ('name', f.name), ('scope', f.scope_text)) AS v (field, body)
				 CROSS JOIN LATERAL risk_screen.find_terms(v.body, '{CN-INVEST-NAME}', $1) AS t
				 UNION ALL
				SELECT f.inst_id, 'advert', t.term
				  FROM firm AS f JOIN text_item AS x USING (inst_id) CROSS JOIN LATERAL risk_screen.find_terms(x.body, '{CN-INVEST-NAME}', $1) AS t
				 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3) AS w
		 GROUP BY w.inst_id),
	-- money from persons into accounts the firm owns, or filed by it as purchase
	paid AS (
		SELECT s.inst_id, count(DISTINCT t.payer_owner) AS payers, sum(t.amount) FILTER (WHERE coalesce(t.currency, 'CNY') = 'CNY') AS amount, count(*) FILTER (WHERE t.currency <> 'CNY') AS other
		  FROM said AS s JOIN txn AS t ON t.payee_owner = s.inst_id
		  LEFT JOIN party AS p ON p.party_id = t.payer_owner
		 WHERE t.paid_at >= $2 AND t.paid_at < $3 AND t.payer_owner <> s.inst_id AND coalesce(t.purpose, 'lend') IN ('lend', 'purchase', 'deposit') AND coalesce(p.kind, 'person') = 'person'
		 GROUP BY s.inst_id),
	offered AS (
		SELECT p.inst_id, count(*) AS products, jsonb_agg(p.product_id ORDER BY p.product_id) AS ids FROM product AS p
		 WHERE coalesce(p.issued_on <= $1, true) AND (p.ended_on > $1 OR p.ended_on IS NULL) GROUP BY p.inst_id)
	SELECT 'institution' AS subject_kind, s.inst_id AS subject_id,
		   -- a product on offer is as much as the number of payers asked for
		   greatest(coalesce(m.payers, 0), CASE WHEN o.products > 0 THEN ($5 ->> 'invest_name_payers')::numeric END) AS observed,
		   NULL::numeric AS threshold, m.amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('words', s.words, 'products', coalesce(o.ids, '[]'), 'payers', m.payers) || CASE WHEN m.other > 0 THEN jsonb_build_object('other_currencies', m.other) ELSE '{}' END AS evidence
	  FROM said AS s LEFT JOIN paid AS m USING (inst_id) LEFT JOIN offered AS o USING (inst_id)
$$, '以投资、理财名义而无许可，发行产品或吸收多人资金。', 'In the name of investment and wealth management, without a licence: products on offer or money of many people.');
