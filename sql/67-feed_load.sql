-- Loading a message: validated row by row, all of it accounted for, in one
-- transaction. filed = loaded + quarantined always holds.
--
-- filed_<role> keeps every row ever loaded with the message it came in
-- (feed_no, feed_position), the filer, the day of the message, and from when on
-- it was replaced. The role view reads what is in force: of an event role all
-- rows that were not replaced, of a register the latest filing of each key.
-- A view that the analyst has mapped is left alone.

-- What a role view reads from its filed rows: now, or as known at a moment.
CREATE FUNCTION risk_screen._filed_role_query(workspace text, role text, known_at timestamptz = NULL) RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	list text;
	keys text;
	event boolean;
	in_force text := CASE WHEN known_at IS NULL THEN 'f.feed_replaced_at IS NULL'
						  ELSE format('f.known_from <= %1$L AND (f.feed_replaced_at IS NULL OR f.feed_replaced_at > %1$L)', known_at) END;
	counted text := CASE WHEN known_at IS NULL THEN 'b.state IN (''loaded'', ''partial'')'
						 ELSE format('b.state IN (''loaded'', ''partial'', ''replaced'') AND b.received_at <= %1$L AND (b.replaced_at IS NULL OR b.replaced_at > %1$L)', known_at) END;
BEGIN
	SELECT string_agg(format('f.%I', c.name), ', ' ORDER BY c.ordinal), string_agg(format('f.%I', c.name), ', ' ORDER BY c.ordinal) FILTER (WHERE c.is_key),
		   bool_or(r.day_column IS NOT NULL)
	  INTO list, keys, event
	  FROM risk_screen.role AS r JOIN risk_screen.role_column AS c ON c.role = r.role
	 WHERE r.role = _filed_role_query.role;
	IF event OR keys IS NULL THEN
		RETURN format('SELECT %s FROM %I.%I AS f WHERE %s', list, workspace, 'filed_' || role, in_force);
	END IF;
	RETURN format('SELECT DISTINCT ON (f.feed_inst_id, %3$s) %4$s FROM %1$I.%2$I AS f'
				  || ' LEFT JOIN (SELECT b.inst_id, max(b.report_date) AS day FROM %1$I.feed_batch AS b WHERE b.role = %5$L AND b.complete AND %7$s GROUP BY b.inst_id) AS whole ON whole.inst_id = f.feed_inst_id'
				  || ' WHERE %6$s AND (whole.day IS NULL OR f.feed_date >= whole.day)'
				  || ' ORDER BY f.feed_inst_id, %3$s, f.feed_date DESC, f.feed_no DESC, f.feed_position DESC',
				  workspace, 'filed_' || role, keys, list, role, in_force, counted);
END $$;

-- Does the role view read filed rows and nothing else?
CREATE FUNCTION risk_screen._role_filed(workspace text, role text) RETURNS boolean
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(bool_and(d.refobjid = ANY (ARRAY[to_regclass(format('%I.%I', workspace, 'filed_' || role)), to_regclass(format('%I.feed_batch', workspace))]::oid[]))
					AND bool_or(d.refobjid = to_regclass(format('%I.%I', workspace, 'filed_' || role))), false)
	  FROM pg_rewrite AS w
	  JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
	 WHERE w.ev_class = to_regclass(format('%I.%I', workspace, role))
$$;

CREATE PROCEDURE risk_screen.open_feed(workspace text, role text)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	filed text := format('%I.%I', workspace, 'filed_' || role);
	list text;
	keys text;
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	IF NOT EXISTS (SELECT FROM risk_screen.role AS r WHERE r.role = open_feed.role) THEN
		RAISE EXCEPTION 'unknown role "%"', role USING ERRCODE = 'undefined_object',
			HINT = 'SELECT role, title_zh FROM risk_screen.role lists them.';
	END IF;
	IF role = 'feed' THEN
		RAISE EXCEPTION 'role "feed" is not filed' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Its rows are the messages themselves.', HINT = 'Load the rows of another role; the view feed then shows the message.';
	END IF;
	PERFORM risk_screen._feed_problem_of('{}', c, risk_screen._feed_column_types(c)) FROM risk_screen._feed_columns(role) AS c;   -- types that can be filed
	SELECT string_agg(format('%I %s', c.name, c.type), ', ' ORDER BY c.ordinal),
		   string_agg(quote_ident(c.name), ', ' ORDER BY c.ordinal) FILTER (WHERE c.is_key)
	  INTO list, keys
	  FROM risk_screen.role_column AS c WHERE c.role = open_feed.role;
	IF to_regclass(filed) IS NULL THEN
		EXECUTE format('CREATE TABLE %s (feed_no bigint NOT NULL, feed_position bigint NOT NULL, feed_inst_id text NOT NULL, feed_date date NOT NULL,'
					   || ' feed_replaced_at timestamptz, %s, PRIMARY KEY (feed_no, feed_position))', filed, list);
		IF keys IS NOT NULL THEN
			EXECUTE format('CREATE INDEX ON %s (%s, feed_inst_id) WHERE feed_replaced_at IS NULL', filed, keys);
		END IF;
		EXECUTE format('COMMENT ON TABLE %s IS %L', filed,
					   (SELECT format('%s: rows filed by load_feed(), replaced ones included', r.title_zh) FROM risk_screen.role AS r WHERE r.role = open_feed.role));
	END IF;
	IF risk_screen._role_mapped(workspace, role) IS FALSE THEN
		EXECUTE format('CREATE OR REPLACE VIEW %I.%I WITH (security_invoker) AS %s', workspace, role, risk_screen._filed_role_query(workspace, role));
	END IF;
	IF risk_screen._role_mapped(workspace, 'feed') IS FALSE THEN
		EXECUTE format($q$CREATE OR REPLACE VIEW %1$I.feed WITH (security_invoker) AS
			SELECT b.feed_no::text AS feed_id, b.inst_id, b.role, b.report_date, b.received_at, 'json'::text AS format, b.mode, b.state <> 'rejected' AS valid,
				   b.filed AS row_count, b.control_rows, (b.sums ->> 'amount')::numeric AS amount_total, (b.control_sums ->> 'amount')::numeric AS control_amount, b.received_at AS known_from
			  FROM %1$I.feed_batch AS b$q$, workspace);
	END IF;
END $$;
COMMENT ON PROCEDURE risk_screen.open_feed(text, text) IS
	'Let a role of a desk be filed: makes its table of filed rows, and the role view over it unless the analyst has mapped the role; load_feed() does it by itself where the caller owns the desk';

-- One member of a message read alone: its problem, if it has one.
CREATE FUNCTION risk_screen._feed_problem_of(message jsonb, columns jsonb, types text) RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found text;
BEGIN
	EXECUTE format('SELECT array_to_string(t.feed_problems, '', '') FROM risk_screen._read_feed(jsonb_build_array($1), $2) AS t (feed_position bigint, feed_problems text[], %s)', types)
	   INTO found USING message, columns;
	RETURN found;
END $$;

CREATE FUNCTION risk_screen._feed_column_types(columns jsonb) RETURNS text
	LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT string_agg(format('%I %s', c ->> 'name', c ->> 'type'), ', ' ORDER BY n) FROM jsonb_array_elements(columns) WITH ORDINALITY AS x (c, n)
$$;

-- The message without its rows must be whole, or nobody could tell whose it is.
CREATE FUNCTION risk_screen._check_feed_envelope(role text, head jsonb, rows_type text) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	bad text;
	envelope jsonb := risk_screen._feed_envelope(role);
	summed jsonb;
BEGIN
	IF jsonb_typeof(head) IS DISTINCT FROM 'object' THEN
		bad := ':type';
	ELSIF rows_type IS DISTINCT FROM 'array' THEN
		bad := CASE WHEN rows_type IS NOT NULL THEN 'rows:type' ELSE 'rows:missing' END;
	ELSIF jsonb_typeof(head -> 'control') IS DISTINCT FROM 'object' THEN
		bad := CASE WHEN head ? 'control' THEN 'control:type' ELSE 'control:missing' END;
	ELSIF head #> '{control,sums}' IS NOT NULL AND jsonb_typeof(head #> '{control,sums}') <> 'object' THEN
		bad := 'control.sums:type';
	ELSE
		summed := (SELECT coalesce(jsonb_agg(jsonb_build_object('name', c ->> 'name', 'type', 'numeric')), '[]')
					 FROM jsonb_array_elements(risk_screen._feed_columns(role)) AS c WHERE c ->> 'type' IN ('numeric', 'integer', 'bigint'));
		bad := coalesce(risk_screen._feed_problem_of(head - 'control', envelope, risk_screen._feed_column_types(envelope)),
						'control.' || risk_screen._feed_problem_of((head -> 'control') - 'sums', '[{"name": "rows", "type": "bigint", "required": true, "min": 0}]', 'rows bigint'));
		IF bad IS NULL AND summed <> '[]' THEN
			bad := 'control.sums.' || risk_screen._feed_problem_of(coalesce(head #> '{control,sums}', '{}'), summed, risk_screen._feed_column_types(summed));
		ELSIF bad IS NULL AND head #> '{control,sums}' <> '{}' THEN
			bad := 'control.sums:unknown_field';
		END IF;
	END IF;
	IF bad IS NOT NULL THEN
		RAISE EXCEPTION 'message of role "%" is not valid: %', role, bad USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Without its envelope and control totals a message cannot be attributed, so nothing of it was loaded.',
			HINT = format('SELECT risk_screen.feed_schema(%L) shows what it must look like.', role);
	END IF;
END $$;

-- The statement that reads, judges and files the rows of one message.
-- $1 rows, $2 columns, $3 feed_no, $4 filer, $5 report_date, $6 received_at,
-- $7 version replaced, $8 control, $9 rows may be about others
CREATE FUNCTION risk_screen._feed_statement(workspace text, role text, columns jsonb) RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	keys text;
	same text := '1::bigint';
	twins text := 'true';
	joined text;
	day text;
	event boolean;
	list text;
	taken text;
	judged text := '';
BEGIN
	SELECT string_agg(CASE WHEN c.name = 'inst_id' THEN 'coalesce(r.inst_id, $4)' ELSE format('r.%I', c.name) END, ', ' ORDER BY c.ordinal) FILTER (WHERE c.is_key),
		   string_agg(CASE WHEN c.required AND c.name <> 'inst_id' THEN format('f.%1$I = k.%1$I', c.name)
						   WHEN c.name = 'inst_id' THEN 'f.inst_id = coalesce(k.inst_id, $4)'
						   ELSE format('f.%1$I IS NOT DISTINCT FROM k.%1$I', c.name) END, ' AND ' ORDER BY c.ordinal) FILTER (WHERE c.is_key),
		   string_agg(quote_ident(c.name), ', ' ORDER BY c.ordinal),
		   string_agg(CASE WHEN c.name = 'known_from' THEN '$6' WHEN c.name = 'inst_id' THEN 'coalesce(j.inst_id, $4)' ELSE format('j.%I', c.name) END, ', ' ORDER BY c.ordinal),
		   max(CASE WHEN c.name = r.day_column THEN format(CASE WHEN c.type = 'date' THEN 'k.%I' ELSE '(k.%I AT TIME ZONE current_setting(''risk_screen.time_zone''))::date' END, c.name) END),
		   bool_or(r.day_column IS NOT NULL)
	  INTO keys, joined, list, taken, day, event
	  FROM risk_screen.role AS r JOIN risk_screen.role_column AS c ON c.role = r.role
	 WHERE r.role = _feed_statement.role;
	IF keys IS NOT NULL THEN
		same := format('count(*) OVER (PARTITION BY r.feed_problems IS NULL, %s)', keys);
		-- rows that say the same twice are one: the first is kept
		twins := format('min(r.feed_content) OVER same IS NOT DISTINCT FROM max(r.feed_content) OVER same AND row_number() OVER (PARTITION BY r.feed_problems IS NULL, %s ORDER BY r.feed_position) = 1', keys);
		judged := ' || CASE WHEN k.feed_problems IS NULL AND k.feed_same > 1 AND NOT k.feed_twin THEN ARRAY['':duplicate''] ELSE ''{}'' END';
	END IF;
	IF list ~ '\minst_id\M' THEN
		judged := judged || ' || CASE WHEN k.inst_id <> $4 AND NOT $9 THEN ARRAY[''inst_id:other_institution''] ELSE ''{}'' END';
	END IF;
	IF event THEN
		judged := judged || format(' || CASE WHEN %s > $5 THEN ARRAY[%L] ELSE ''{}'' END', day,
								   (SELECT r.day_column || ':future' FROM risk_screen.role AS r WHERE r.role = _feed_statement.role));
	END IF;
	RETURN format($q$
		WITH r AS MATERIALIZED (
			SELECT * FROM risk_screen._read_feed($1, $2) AS t (feed_position bigint, feed_problems text[], %1$s)),
		counted AS (SELECT r.*, %2$s AS feed_same FROM r),
		written AS (SELECT c.*, CASE WHEN c.feed_same > 1 AND c.feed_problems IS NULL THEN ($1 -> (c.feed_position - 1)::int)::text END AS feed_content FROM counted AS c),
		k AS MATERIALIZED (SELECT r.*, %3$s AS feed_twin FROM written AS r%4$s),
		conflict AS MATERIALIZED (%5$s),
		j AS MATERIALIZED (
			SELECT k.*, nullif(coalesce(k.feed_problems, '{}')%6$s || CASE WHEN x.feed_position IS NOT NULL THEN ARRAY[':conflict'] ELSE '{}' END, '{}') AS problems
			  FROM k LEFT JOIN conflict AS x ON x.feed_position = k.feed_position),
		sums AS (%7$s),
		total AS MATERIALIZED (
			SELECT n.filed, s.sums, nullif(concat_ws('; ', CASE WHEN n.filed <> ($8 ->> 'rows')::numeric THEN format('rows: %%s filed, %%s announced', n.filed, $8 ->> 'rows') END,
						(SELECT string_agg(format('sum of %%s: %%s filed, %%s announced', e.key, s.sums ->> e.key, e.value), '; ' ORDER BY e.key)
						   FROM jsonb_each_text(coalesce($8 -> 'sums', '{}')) AS e WHERE (s.sums ->> e.key)::numeric <> e.value::numeric)), '') AS fault
			  FROM (SELECT count(*) AS filed FROM r) AS n CROSS JOIN sums AS s),
		kept AS (
			INSERT INTO %8$I.%9$I (feed_no, feed_position, feed_inst_id, feed_date, %10$s)
			SELECT $3, j.feed_position, $4, $5, %11$s FROM j CROSS JOIN total AS t WHERE t.fault IS NULL AND j.problems IS NULL),
		held AS (
			INSERT INTO %8$I.feed_quarantine (feed_no, inst_id, row_position, problems, content)
			SELECT $3, $4, j.feed_position, coalesce(j.problems, '{}') || CASE WHEN t.fault IS NOT NULL THEN ARRAY[':control'] ELSE '{}' END, $1 -> (j.feed_position - 1)::int
			  FROM j CROSS JOIN total AS t WHERE t.fault IS NOT NULL OR j.problems IS NOT NULL)
		SELECT t.filed, t.sums, t.fault, CASE WHEN t.fault IS NULL THEN (SELECT count(*) FROM j WHERE j.problems IS NULL) ELSE 0 END AS loaded FROM total AS t$q$,
		risk_screen._feed_column_types(columns), same, twins,
		CASE WHEN keys IS NOT NULL THEN format(' WINDOW same AS (PARTITION BY r.feed_problems IS NULL, %s)', keys) ELSE '' END,
		CASE WHEN event AND keys IS NOT NULL
			 THEN format('SELECT DISTINCT k.feed_position FROM k JOIN %I.%I AS f ON %s WHERE f.feed_inst_id = $4 AND f.feed_replaced_at IS NULL AND f.feed_no IS DISTINCT FROM $7',
						 workspace, 'filed_' || role, joined)
			 ELSE 'SELECT NULL::bigint AS feed_position WHERE false' END,
		judged,
		coalesce((SELECT 'SELECT jsonb_build_object(' || string_agg(format(
					-- a sum with an unreadable value in it cannot be compared
					'%1$L, CASE WHEN bool_or(r.feed_problems && ARRAY[%2$L, %3$L, %4$L]) IS NOT TRUE THEN coalesce(sum(r.%5$I), 0) END',
					c ->> 'name', (c ->> 'name') || ':type', (c ->> 'name') || ':format', (c ->> 'name') || ':range', c ->> 'name'), ', ') || ') AS sums FROM r'
					FROM jsonb_array_elements(columns) AS c WHERE c ->> 'type' IN ('numeric', 'integer', 'bigint')), 'SELECT ''{}''::jsonb AS sums'),
		workspace, 'filed_' || role, list, taken);
END $$;

CREATE FUNCTION risk_screen.load_feed(workspace text, role text, message jsonb, received_at timestamptz = NULL, about_others boolean = false, again boolean = false)
	RETURNS TABLE (feed_no bigint, outcome text, filed bigint, loaded bigint, quarantined bigint, replaced bigint, message_note text)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
	columns jsonb;
	-- a message is large: it is taken apart once
	head jsonb := CASE WHEN jsonb_typeof(message) = 'object' THEN message - 'rows' ELSE '[]' END;
	filed_rows jsonb := message -> 'rows';
	filer text;
	day date;
	part text;
	contents bytea;
	known record;
	old record;
	got record;
	no bigint;
	state text;
	note text;
	released bigint;
	release_statement text;
	at timestamptz := coalesce(received_at, clock_timestamp());
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	IF NOT isfinite(at) THEN
		RAISE EXCEPTION 'received_at must be a moment' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Leave it out: the message is received now.';
	END IF;
	IF NOT EXISTS (SELECT FROM risk_screen.role AS r WHERE r.role = load_feed.role) THEN
		RAISE EXCEPTION 'unknown role "%"', role USING ERRCODE = 'undefined_object',
			HINT = 'SELECT role, title_zh FROM risk_screen.role lists them.';
	END IF;
	IF message IS NULL THEN
		RAISE EXCEPTION 'message is null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM risk_screen._check_feed_envelope(role, head, jsonb_typeof(filed_rows));
	IF to_regclass(format('%I.%I', workspace, 'filed_' || role)) IS NULL OR risk_screen._role_mapped(workspace, role) IS FALSE THEN
		CALL risk_screen.open_feed(workspace, role);
	END IF;
	columns := risk_screen._feed_columns(role);
	filer := head ->> 'inst_id';
	day := (head ->> 'report_date')::date;
	part := coalesce(head ->> 'batch', 'day');
	contents := sha256(convert_to(concat(head, filed_rows), 'UTF8'));

	-- Messages of one institution and role are loaded one after the other.
	PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws(E'\x1f', 'risk_screen.load_feed', workspace, role, filer), 0));
	PERFORM risk_screen._require_newest_snapshot(format('%I.feed_batch', workspace)::regclass, true);
	EXECUTE format($q$SELECT * FROM %I.feed_batch AS b WHERE b.role = $1 AND b.inst_id = $2 AND b.report_date = $3 AND b.batch = $4 AND b.digest = $5
					   ORDER BY b.feed_no DESC LIMIT 1$q$, workspace) INTO known USING role, filer, day, part, contents;
	IF known.feed_no IS NOT NULL AND NOT again THEN
		EXECUTE format('UPDATE %I.feed_batch AS b SET deliveries = b.deliveries + 1, last_received_at = greatest(b.last_received_at, $2) WHERE b.feed_no = $1', workspace)
			USING known.feed_no, at;
		RETURN QUERY SELECT known.feed_no, 'unchanged', known.filed, known.loaded, known.quarantined, NULL::bigint,
			concat_ws('; ', known.message, CASE known.state WHEN 'replaced' THEN 'a later version is in force; again => true loads this one once more' END);
		RETURN;
	END IF;
	EXECUTE format($q$SELECT * FROM %I.feed_batch AS b WHERE b.role = $1 AND b.inst_id = $2 AND b.report_date = $3 AND b.batch = $4 AND b.state IN ('loaded', 'partial')$q$, workspace)
		INTO old USING role, filer, day, part;
	IF at < old.received_at THEN
		RAISE EXCEPTION 'the version in force was received later than this one' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('Received at %s; the version in force at %s.', at, old.received_at),
			HINT = 'Load messages in the order they came, or give the moment of this delivery.';
	END IF;

	EXECUTE format($q$INSERT INTO %I.feed_batch (role, inst_id, report_date, batch, mode, complete, state, received_at, last_received_at, digest, control_rows, control_sums)
					  VALUES ($1, $2, $3, $4, $5, $6, 'loading', $7, $7, $8, $9, $10) RETURNING feed_no$q$, workspace)
	   INTO no USING role, filer, day, part, coalesce(head ->> 'mode', 'batch'), coalesce((head ->> 'complete')::boolean, false), at, contents,
					 (head #>> '{control,rows}')::numeric, coalesce(head #> '{control,sums}', '{}');
	EXECUTE risk_screen._feed_statement(workspace, role, columns)
	   INTO got USING filed_rows, columns, no, filer, day, at, old.feed_no, head -> 'control', about_others;
	state := CASE WHEN got.fault IS NOT NULL THEN 'rejected' WHEN got.loaded < got.filed THEN 'partial' ELSE 'loaded' END;
	note := concat_ws('; ', got.fault,
		(SELECT 'not comparable: sum of ' || string_agg(e.key, ', ' ORDER BY e.key) FROM jsonb_each(coalesce(head #> '{control,sums}', '{}')) AS e WHERE got.sums ->> e.key IS NULL));
	IF state <> 'rejected' AND old.feed_no IS NOT NULL THEN
		EXECUTE format('UPDATE %I.%I AS f SET feed_replaced_at = $2 WHERE f.feed_no = $1', workspace, 'filed_' || role) USING old.feed_no, at;
		EXECUTE format($q$UPDATE %I.feed_batch AS b SET state = 'replaced', replaced_by = $2, replaced_at = $3 WHERE b.feed_no = $1$q$, workspace) USING old.feed_no, no, at;
		release_statement := risk_screen._feed_release_statement(workspace, role, columns);
		IF release_statement IS NOT NULL THEN
			EXECUTE release_statement INTO released USING columns, filer, at;
			IF released > 0 THEN
				note := concat_ws('; ', nullif(note, ''), format('released from quarantine, no longer in conflict: %s rows of other messages', released));
			END IF;
		END IF;
	END IF;
	EXECUTE format($q$UPDATE %I.feed_batch AS b SET state = $2, filed = $3, loaded = $4, quarantined = $3 - $4, sums = $5, message = nullif($6, ''), replaces = $7 WHERE b.feed_no = $1$q$, workspace)
		USING no, state, got.filed, got.loaded, got.sums, note, CASE WHEN state <> 'rejected' THEN old.feed_no END;
	RETURN QUERY SELECT no, state, got.filed, got.loaded, got.filed - got.loaded, CASE WHEN state <> 'rejected' THEN old.feed_no END, nullif(note, '');
END $$;
COMMENT ON FUNCTION risk_screen.load_feed(text, text, jsonb, timestamptz, boolean, boolean) IS
	'Load one JSON message of a role: every row validated, good rows in force at once, bad rows in feed_quarantine with reason and position, control totals compared; the same message again changes nothing, a corrected one replaces it';
