-- Rules of section H: names, scopes, registration events, advertisements.
-- Word lists live in the lexicon tables; licences exempt as the lists say.

-- Licences in force per institution, as the name functions want them.
SELECT risk_screen._ship_rule('H01', 'yellow', '{ALL}', '{}', '{institution}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('name', i.name, 'hits', jsonb_agg(jsonb_build_object('field', s.field, 'term', s.term, 'lexicon', s.lexicon, 'basis', s.basis, 'started', s.started, 'ended', s.ended)
							ORDER BY s.field, s.started, s.term)) AS evidence
	  FROM institution AS i
	  LEFT JOIN LATERAL (SELECT array_agg(DISTINCT l.biz ORDER BY l.biz) AS biz FROM licence AS l
						  WHERE l.inst_id = i.inst_id AND l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid') AS x ON true
	 CROSS JOIN LATERAL risk_screen.screen_name(i.name, i.scope_text, i.province, 'existing', x.biz, $1) AS s
	 WHERE i.is_financial IS NOT TRUE AND x.biz IS NULL AND s.lexicon = 'CN-2016-21'
	 GROUP BY i.inst_id, i.name
$$, '非金融机构名称或经营范围使用限用词（国办发〔2016〕21号16词）。', 'Name or scope of a firm that is not financial uses a restricted word (16 words, national list).');

SELECT risk_screen._ship_rule('H03', 'yellow', '{ALL}', '{}', '{institution}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('name', i.name, 'hits', jsonb_agg(jsonb_build_object('field', s.field, 'term', s.term, 'lexicon', s.lexicon, 'basis', s.basis, 'started', s.started, 'ended', s.ended)
							ORDER BY s.field, s.started, s.term)) AS evidence
	  FROM institution AS i
	  LEFT JOIN LATERAL (SELECT array_agg(DISTINCT l.biz ORDER BY l.biz) AS biz FROM licence AS l
						  WHERE l.inst_id = i.inst_id AND l.valid_from <= $1 AND (l.valid_to > $1 OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid') AS x ON true
	 CROSS JOIN LATERAL risk_screen.screen_name(i.name, i.scope_text, i.province, 'existing', x.biz, $1) AS s
	 WHERE i.is_financial IS NOT TRUE AND x.biz IS NULL AND s.lexicon = 'BJ-2016'
	 GROUP BY i.inst_id, i.name
$$, '北京市企业名称或经营范围使用限用词（20词）。', 'Name or scope of a firm in Beijing uses a word of the Beijing list (20 words).');

SELECT risk_screen._ship_rule('H04', 'yellow', '{ALL}', '{}', '{registration}', '{}', $$
	SELECT 'institution' AS subject_kind, e.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, e.happened_on::timestamptz AS occurred_at,
		   jsonb_build_object('event', e.event, 'event_id', e.event_id, 'name', e.name, 'terms', jsonb_agg(DISTINCT s.term), 'decision', e.decision) AS evidence
	  FROM registration AS e
	 CROSS JOIN LATERAL risk_screen.screen_name(e.name, NULL, e.province, e.event, NULL, e.happened_on) AS s
	 WHERE e.happened_on <= $1 AND e.happened_on >= $2::date AND e.event IN ('new', 'change') AND s.lexicon = 'BJ-2016-FREEZE-NAME' AND s.field = 'name'
	   AND coalesce(e.approved, false) IS FALSE AND coalesce(e.decision, 'pending') <> 'rejected'
	 GROUP BY e.inst_id, e.event, e.event_id, e.name, e.happened_on, e.decision
$$, '暂停核准期间新设或变更的名称含冻结字样（8词）。', 'A new or changed name contains a word of the freeze list (8 words).');

SELECT risk_screen._ship_rule('H05', 'yellow', '{ALL}', '{}', '{registration}', '{}', $$
	SELECT 'institution' AS subject_kind, e.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, e.happened_on::timestamptz AS occurred_at,
		   jsonb_build_object('event', e.event, 'event_id', e.event_id, 'terms', jsonb_agg(DISTINCT s.term), 'decision', e.decision) AS evidence
	  FROM registration AS e
	 CROSS JOIN LATERAL risk_screen.screen_name(NULL, e.scope_text, e.province, e.event, NULL, e.happened_on) AS s
	 WHERE e.happened_on <= $1 AND e.happened_on >= $2::date AND e.event IN ('new', 'change') AND s.lexicon = 'BJ-2016-FREEZE-SCOPE' AND s.field = 'scope'
	   AND coalesce(e.approved, false) IS FALSE AND coalesce(e.decision, 'pending') <> 'rejected'
	 GROUP BY e.inst_id, e.event, e.event_id, e.happened_on, e.decision
$$, '暂停登记期间新增投资类经营项目（9项）。', 'A new or changed scope contains an item of the freeze list (9 items).');

SELECT risk_screen._ship_rule('H06', 'orange', '{ALL}', '{}', '{registration}', '{}', $$
	SELECT 'institution' AS subject_kind, e.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, e.happened_on::timestamptz AS occurred_at,
		   jsonb_build_object('event_id', e.event_id, 'name', e.name, 'from', e.from_province, 'terms', jsonb_agg(DISTINCT s.term)) AS evidence
	  FROM registration AS e
	 CROSS JOIN LATERAL risk_screen.screen_name(e.name, e.scope_text, e.province, 'move_in', NULL, e.happened_on) AS s
	 WHERE e.happened_on <= $1 AND e.happened_on >= $2::date AND e.event = 'move_in' AND coalesce(e.approved, false) IS FALSE
	   AND coalesce(e.decision, 'pending') <> 'rejected'
	   AND NOT EXISTS (SELECT FROM approval AS a WHERE a.inst_id = e.inst_id AND a.kind = 'move_in' AND a.valid_from <= e.happened_on AND (a.valid_to > e.happened_on OR a.valid_to IS NULL))
	 GROUP BY e.inst_id, e.event_id, e.name, e.from_province, e.happened_on
$$, '名称或经营范围含限用词的企业未经批准申请迁入。', 'A firm with restricted words moves in without approval.');

SELECT risk_screen._ship_rule('H12', 'orange', '{ALL}', '{}', '{text_item,institution}', '{}', $$
	SELECT 'text' AS subject_kind, x.text_id AS subject_id, x.inst_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, x.published_at AS occurred_at,
		   jsonb_build_object('channel', x.channel, 'source', x.source, 'text', left(x.body, 200),
				'terms', jsonb_agg(jsonb_build_object('term', f.term, 'lexicon', f.lexicon, 'started', f.started, 'ended', f.ended) ORDER BY f.started, f.term)) AS evidence
	  FROM text_item AS x
	  JOIN institution AS i USING (inst_id)
	 CROSS JOIN LATERAL risk_screen.find_terms(x.body, ARRAY['CN-2016-21', 'CN-PROD'], $1) AS f
	 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3 AND i.is_financial IS NOT TRUE
	   AND NOT EXISTS (SELECT FROM licence AS l WHERE l.inst_id = x.inst_id AND l.valid_from <= x.published_at::date
						  AND (l.valid_to > x.published_at::date OR l.valid_to IS NULL) AND coalesce(l.status, 'valid') = 'valid')
	 GROUP BY x.text_id, x.inst_id, x.channel, x.source, x.body, x.published_at
$$, '未取得金融业务资质的机构发布金融业务广告。', 'A firm without a licence advertises financial business.');

SELECT risk_screen._ship_rule('H14', 'orange', '{ALL}', '{}', '{text_item}', '{}', $$
	SELECT 'text' AS subject_kind, x.text_id AS subject_id, x.inst_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, x.published_at AS occurred_at,
		   jsonb_build_object('channel', x.channel, 'text', left(x.body, 200), 'risk_warning', x.risk_warning,
				'terms', jsonb_agg(jsonb_build_object('term', f.term, 'started', f.started, 'ended', f.ended) ORDER BY f.started, f.term)) AS evidence
	  FROM text_item AS x
	 CROSS JOIN LATERAL risk_screen.find_terms(x.body, ARRAY['CN-AD', 'CN-ADLAW-25'], $1) AS f
	 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3
	 GROUP BY x.text_id, x.inst_id, x.channel, x.body, x.risk_warning, x.published_at
$$, '广告含保本高息等虚假、夸大或误导性表述。', 'The advertisement promises principal, interest or no risk.');

SELECT risk_screen._ship_rule('H16', 'yellow', '{ALL}', '{}', '{institution}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('name', i.name, 'hits', jsonb_agg(jsonb_build_object('field', v.field, 'term', f.term) ORDER BY v.field, f.started)) AS evidence
	  FROM institution AS i
	 CROSS JOIN LATERAL (VALUES ('name', i.name), ('scope', i.scope_text)) AS v (field, body)
	 CROSS JOIN LATERAL risk_screen.find_terms(v.body, ARRAY['CN-NEW-LABELS'], $1) AS f
	 WHERE v.body IS NOT NULL
	 GROUP BY i.inst_id, i.name
$$, '名称或经营范围含新型集资概念（区块链、元宇宙、虚拟货币、消费返利）。', 'Name or scope uses a label of fund-raising schemes.');

SELECT risk_screen._ship_rule('H17', 'yellow', '{ALL}', '{}', '{institution}', '{}', $$
	SELECT 'institution' AS subject_kind, i.inst_id AS subject_id, 1 AS observed, 0 AS threshold, NULL::numeric AS amount, NULL::timestamptz AS occurred_at,
		   jsonb_build_object('website', i.website, 'app_id', i.app_id) AS evidence
	  FROM institution AS i
	 WHERE i.icp_no IS NULL AND coalesce(i.status, 'active') = 'active'
	   AND (i.website IS NOT NULL OR i.app_id IS NOT NULL OR EXISTS (SELECT FROM ops_day AS o WHERE o.inst_id = i.inst_id AND o.visits > 0 AND o.day <= $1 AND o.day >= $2::date))
	   AND (i.lines && ARRAY['P2P', 'EC', 'INS', 'FUND', 'TRU', 'PAY', 'AM', 'VC'])
$$, '金融业务网站未办理ICP备案。', 'A site doing financial business has no ICP filing.');

SELECT risk_screen._ship_rule('H11', 'yellow', '{ALL}', '{}', '{text_item}', '{}', $$
	SELECT 'text' AS subject_kind, x.text_id AS subject_id, x.inst_id, count(*) AS observed, 0 AS threshold, NULL::numeric AS amount, x.published_at AS occurred_at,
		   jsonb_build_object('channel', x.channel, 'text', left(x.body, 200),
				'terms', jsonb_agg(jsonb_build_object('term', f.term, 'started', f.started, 'ended', f.ended) ORDER BY f.started, f.term)) AS evidence
	  FROM text_item AS x
	 CROSS JOIN LATERAL risk_screen.find_terms(x.body, ARRAY['AD-CLAIMS'], $1) AS f
	 WHERE x.kind IN ('ad', 'app', 'product_page') AND x.published_at >= $2 AND x.published_at < $3
	 GROUP BY x.text_id, x.inst_id, x.channel, x.body, x.published_at
$$, '对金融产品和业务进行不当宣传。', 'Improper claims about financial products or business.');

SELECT risk_screen._ship_rule('H09', 'red', '{ALL}', '{}', '{institution,licence}', '{}', $$
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
	SELECT 'institution' AS subject_kind, o.inst_id AS subject_id, $1 - min(coalesce(o.effective_at, o.issued_at)::date) AS observed, 0 AS threshold, NULL::numeric AS amount,
		   min(coalesce(o.effective_at, o.issued_at)) AS occurred_at, jsonb_build_object('order_id', min(o.order_id), 'status', i.status) AS evidence
	  FROM authority_order AS o JOIN institution AS i USING (inst_id)
	 WHERE o.kind IN ('revoke', 'ban') AND coalesce(o.effective_at, o.issued_at)::date < $1 AND (o.lifted_at IS NULL OR o.lifted_at >= $3) AND coalesce(i.status, 'active') = 'active'
	 GROUP BY o.inst_id, i.status
$$, '已被吊销或取缔仍处于存续状态。', 'Revoked or banned, yet still active.');

SELECT risk_screen._ship_rule('H15', 'yellow', '{ALL}', '{}', '{product,disclosure}', '{}', $$
	WITH items AS (
		SELECT d.product_id, count(DISTINCT d.item) AS n, jsonb_agg(DISTINCT d.item) AS shown
		  FROM disclosure AS d WHERE d.product_id IS NOT NULL AND d.item IN ('product', 'risk_level', 'investor_type') AND d.disclosed_at < $3 GROUP BY d.product_id)
	SELECT 'product' AS subject_kind, p.product_id AS subject_id, p.inst_id, 3 - coalesce(d.n, 0) AS observed, 0 AS threshold, p.target_amount AS amount, p.issued_on::timestamptz AS occurred_at,
		   jsonb_build_object('disclosed', coalesce(d.shown, '[]')) AS evidence
	  FROM product AS p LEFT JOIN items AS d USING (product_id)
	 WHERE coalesce(p.issued_on <= $1, true) AND (p.ended_on > $1 OR p.ended_on IS NULL) AND coalesce(d.n, 0) < 3
	   -- institutions that file no product disclosures at all are not judged by them
	   AND EXISTS (SELECT FROM disclosure AS x WHERE x.inst_id = p.inst_id AND x.product_id IS NOT NULL)
$$, '产品信息、风险等级、适合投资者类型未全部披露。', 'Product information, risk level or suitable investor type is not disclosed.');

SELECT risk_screen._ship_rule('H18', 'orange', '{ALL}', '{}', '{authority_order,ops_day}', '{}', $$
	SELECT 'institution' AS subject_kind, o.inst_id AS subject_id, count(DISTINCT d.day) AS observed, 0 AS threshold, NULL::numeric AS amount, max(d.day)::timestamptz AS occurred_at,
		   jsonb_build_object('orders', jsonb_agg(DISTINCT o.order_id), 'last_seen', max(d.day)) AS evidence
	  FROM authority_order AS o
	  JOIN ops_day AS d ON d.inst_id = o.inst_id AND d.day > coalesce(o.effective_at, o.issued_at)::date AND (o.lifted_at IS NULL OR d.day < o.lifted_at::date)
	   AND (o.kind = 'close_site' AND d.site_alive OR o.kind = 'delist_app' AND d.app_listed)
	 WHERE o.kind IN ('close_site', 'delist_app') AND d.day <= $1 AND d.day >= $2::date
	 GROUP BY o.inst_id
$$, '责令关停或下架之后网站、应用仍可访问。', 'Site or app still reachable after the order to close or delist it.');
