-- The T+1 JSON interface: what a message may hold, as columns and as JSON Schema.
--
-- A message is one JSON object: who files (inst_id), about which day
-- (report_date), control totals, and the rows of one role. The schema is made
-- from the role's columns, so an analyst's own role has one too. known_from is
-- never filed: it is when the message came.

-- Columns of a role for _read_feed(): name, type, required, codes, min, max.
CREATE FUNCTION risk_screen._feed_columns(role text) RETURNS jsonb
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('name', c.name, 'type', c.type,
					 -- inst_id is the filer's unless the row says otherwise
					 'required', c.required AND c.name <> 'inst_id',
					 'codes', (SELECT jsonb_agg(l.code ORDER BY l.ordinal, l.code COLLATE "C") FROM risk_screen.code_label AS l WHERE l.domain = c.codes),
					 'min', c.low, 'max', c.high, 'title', c.title_zh, 'description', c.description)) ORDER BY c.ordinal)
	  FROM risk_screen.role_column AS c
	 WHERE c.role = $1 AND c.name <> 'known_from'
$$;

-- The members of a message beside its rows and control totals.
CREATE FUNCTION risk_screen._feed_envelope(role text) RETURNS jsonb
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT jsonb_build_array(
			jsonb_build_object('name', 'inst_id', 'type', 'text', 'required', true, 'title', '报送机构', 'description', 'institution that files'),
			jsonb_build_object('name', 'report_date', 'type', 'date', 'required', true, 'title', '数据日期', 'description', 'day the rows are about'),
			jsonb_build_object('name', 'batch', 'type', 'text', 'title', '批次', 'description', 'tells several messages of one day apart; default: day'),
			jsonb_build_object('name', 'mode', 'type', 'text', 'codes', jsonb_build_array('batch', 'realtime'), 'title', '方式', 'description', 'batch: one message a day, realtime: messages during the day; default: batch'))
		|| CASE WHEN r.day_column IS NULL
				THEN jsonb_build_array(jsonb_build_object('name', 'complete', 'type', 'boolean', 'title', '全量',
						 'description', 'the message lists all rows in force: what earlier messages listed and it does not is withdrawn'))
				ELSE '[]' END
	  FROM risk_screen.role AS r WHERE r.role = $1
$$;

CREATE FUNCTION risk_screen._feed_property(c jsonb) RETURNS jsonb
	LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object('title', c -> 'title', 'description', c -> 'description')
		   || CASE c ->> 'type'
				WHEN 'text' THEN jsonb_build_object('pattern', '\S')
				WHEN 'numeric' THEN jsonb_build_object('pattern', '^-?[0-9]+(\.[0-9]+)?$', 'minimum', c -> 'min', 'maximum', c -> 'max')
				WHEN 'boolean' THEN '{}'
				WHEN 'date' THEN jsonb_build_object('format', 'date', 'pattern', '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
				WHEN 'timestamp with time zone' THEN jsonb_build_object('format', 'date-time',
					 'pattern', '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})$')
				WHEN 'text[]' THEN jsonb_build_object('items', jsonb_build_object('type', 'string', 'pattern', '\S') || jsonb_strip_nulls(jsonb_build_object('enum', c -> 'codes')))
				ELSE jsonb_build_object('pattern', '^-?[0-9]+$',
					 'minimum', coalesce((c ->> 'min')::numeric, CASE c ->> 'type' WHEN 'integer' THEN -2147483648 ELSE -9223372036854775808 END),
					 'maximum', coalesce((c ->> 'max')::numeric, CASE c ->> 'type' WHEN 'integer' THEN 2147483647 ELSE 9223372036854775807 END)) END)
		   || jsonb_build_object('type',
				CASE c ->> 'type' WHEN 'boolean' THEN '["boolean"]' WHEN 'text[]' THEN '["array"]' WHEN 'numeric' THEN '["number", "string"]'
					 WHEN 'integer' THEN '["integer", "string"]' WHEN 'bigint' THEN '["integer", "string"]' ELSE '["string"]' END::jsonb
				|| CASE WHEN (c ->> 'required')::boolean THEN '[]' ELSE '["null"]' END::jsonb)
		   || CASE WHEN c ->> 'type' = 'text' AND c ? 'codes'
				   THEN jsonb_build_object('enum', (c -> 'codes') || CASE WHEN (c ->> 'required')::boolean THEN '[]' ELSE '[null]' END::jsonb) ELSE '{}' END
$$;

CREATE FUNCTION risk_screen.feed_schema(role text) RETURNS jsonb
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r record;
	columns jsonb := risk_screen._feed_columns(role);
	envelope jsonb := risk_screen._feed_envelope(role);
BEGIN
	SELECT * INTO r FROM risk_screen.role AS x WHERE x.role = feed_schema.role;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'unknown role "%"', role USING ERRCODE = 'undefined_object',
			HINT = 'SELECT role, title_zh FROM risk_screen.role lists them.';
	END IF;
	RETURN jsonb_build_object(
		'$schema', 'https://json-schema.org/draft/2020-12/schema',
		'$id', 'urn:risk_screen:feed:' || role,
		'title', format('%s (%s)', r.title_zh, r.title_en),
		'description', r.description,
		'type', 'object', 'additionalProperties', false,
		'required', '["inst_id", "report_date", "control", "rows"]'::jsonb,
		'properties', (SELECT jsonb_object_agg(e ->> 'name', risk_screen._feed_property(e)) FROM jsonb_array_elements(envelope) AS e)
			|| jsonb_build_object(
				'control', jsonb_build_object('type', 'object', 'title', '控制总数', 'description', 'what the rows add up to at the sender',
					'additionalProperties', false, 'required', '["rows"]'::jsonb,
					'properties', jsonb_build_object(
						'rows', jsonb_build_object('type', '["integer", "string"]'::jsonb, 'minimum', 0, 'pattern', '^[0-9]+$', 'description', 'number of rows'),
						'sums', jsonb_build_object('type', 'object', 'description', 'sums of columns', 'additionalProperties', false,
							'properties', coalesce((SELECT jsonb_object_agg(c ->> 'name', '{"type": ["number", "string"], "pattern": "^-?[0-9]+(\\.[0-9]+)?$"}'::jsonb)
													  FROM jsonb_array_elements(columns) AS c WHERE c ->> 'type' IN ('numeric', 'integer', 'bigint')), '{}')))),
				'rows', jsonb_build_object('type', 'array', 'items', jsonb_build_object('type', 'object', 'additionalProperties', false,
					'required', coalesce((SELECT jsonb_agg(c -> 'name') FROM jsonb_array_elements(columns) AS c WHERE (c ->> 'required')::boolean), '[]'),
					'properties', (SELECT jsonb_object_agg(c ->> 'name', risk_screen._feed_property(c)) FROM jsonb_array_elements(columns) AS c)))),
		'x-key', coalesce((SELECT jsonb_agg(c.name ORDER BY c.ordinal) FROM risk_screen.role_column AS c WHERE c.role = feed_schema.role AND c.is_key), '[]'),
		'x-day', r.day_column);
END $$;
COMMENT ON FUNCTION risk_screen.feed_schema(text) IS
	'JSON Schema (2020-12) of a message of this role for load_feed(): envelope, control totals and rows, made from the role''s columns, codes and ranges';

CREATE FUNCTION risk_screen._read_feed(message_rows jsonb, columns jsonb) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_read_feed'
	LANGUAGE C STABLE STRICT COST 1000 ROWS 100000;

-- The label of each problem a row can have.
INSERT INTO risk_screen.code_label (domain, code, title_zh, title_en, ordinal, builtin) VALUES
	('feed_problem', 'missing', '必填项缺失', 'a required field is missing', 1, true),
	('feed_problem', 'empty', '空字符串', 'an empty string; leave the field out', 2, true),
	('feed_problem', 'type', '类型错误', 'another JSON type than the schema says', 3, true),
	('feed_problem', 'format', '格式错误', 'not the written form of a number, day or moment', 4, true),
	('feed_problem', 'code', '代码无效', 'not in the code list', 5, true),
	('feed_problem', 'range', '超出取值范围', 'outside the range', 6, true),
	('feed_problem', 'unknown_field', '未定义字段', 'no such field', 7, true),
	('feed_problem', 'duplicate', '批内重复', 'the key occurs more than once in the message', 8, true),
	('feed_problem', 'conflict', '与其他批次重复', 'the key is already in force from another message of the institution', 9, true),
	('feed_problem', 'other_institution', '非本机构数据', 'filed for another institution', 10, true),
	('feed_problem', 'future', '晚于数据日期', 'about a later day than the message', 11, true),
	('feed_problem', 'control', '控制总数不符', 'held back with the whole message: its control totals differ', 12, true),
	('feed_state', 'loaded', '已入库', 'every row is in force', 1, true),
	('feed_state', 'partial', '部分入库', 'bad rows are in quarantine, the others in force', 2, true),
	('feed_state', 'rejected', '已退回', 'control totals differ: every row is in quarantine', 3, true),
	('feed_state', 'replaced', '已更正', 'a later version is in force', 4, true);
