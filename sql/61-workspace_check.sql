-- check_mapping: whether the rows of mapped roles are what rules expect.
--
-- A mapping that forgets to translate is no error of SQL: 客户 instead of client,
-- 18 for 18 %, one firm twice. Rules would judge such rows, and wrongly. What
-- a role's columns must hold is known (role_column), so it can be asked.

-- A column of the tables from which a role's view takes numbers that may be amounts
-- (a table that is only looked up in, for a number of a transfer, gives none), that is
-- named like a currency and that the view makes no use of: it is not there, or stands in select lists only
-- (SELECT *) and reaches no column of the role. NULL: none.
CREATE FUNCTION risk_screen._unused_currency(workspace text, role text) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT min(c.relname || '.' || a.attname)
	  FROM pg_rewrite AS w
	  JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
	  JOIN pg_class AS c ON c.oid = d.refobjid
	  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname ~* '^(ccy|curr?|currency(_?code)?|币种(代码)?)$'
	 WHERE w.ev_class = to_regclass(format('%I.%I', workspace, role))
	   AND EXISTS (SELECT FROM pg_depend AS u LEFT JOIN pg_attribute AS v ON v.attrelid = u.refobjid AND v.attnum = u.refobjsubid AND u.refobjsubid > 0
					WHERE u.classid = d.classid AND u.objid = d.objid AND u.refclassid = d.refclassid AND u.refobjid = d.refobjid
					  AND (u.refobjsubid = 0 OR v.atttypid IN ('numeric'::regtype, 'float8'::regtype, 'float4'::regtype, 'money'::regtype)))
	   AND NOT EXISTS (SELECT FROM string_to_table(pg_get_viewdef(w.ev_class), E'\n') AS l (line)
						WHERE strpos(l.line, quote_ident(a.attname)) > 0 AND l.line !~ ('^[\s(]*(SELECT\s+)?([^\s.()]+\.)*' || quote_ident(a.attname) || ',?\s*$')
						  AND l.line !~ ('NULL::text AS ' || quote_ident(a.attname) || ',?$'))
$$;

-- check_mapping(workspace text, role text DEFAULT NULL) -> (role_name, column_name, problem, row_count, example)
--
-- One row per column and problem; none when all is well. role NULL: every
-- mapped role. Problems: null (a required column), code (not one of the
-- column's codes; example: the most frequent), below, above (outside of the
-- column's range; example: the extreme), percent (a fraction that is above 1
-- in more than half of the rows; example: the largest), duplicate (the key
-- columns repeat; row_count: rows too many), unreadable (a value cannot be
-- cast; example: the message, the rest of that role was not looked at), currency
-- (amounts would count as yuan: a table behind the role has a column of
-- currencies, example, which the mapping leaves out), empty (mapped, without rows). Errors: 3F000 no workspace, 42704 unknown role,
-- 55000 a role asked for by name that is not mapped; 42501 no right to read.
-- Cost: a scan of each role, and a hash of its keys.
CREATE FUNCTION risk_screen.check_mapping(workspace text, role text DEFAULT NULL)
	RETURNS TABLE (role_name text, column_name text, problem text, row_count bigint, example text)
	LANGUAGE plpgsql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp SET TimeZone = 'Asia/Shanghai' AS $$
#variable_conflict use_column
DECLARE
	asked CONSTANT text := check_mapping.role;
	r text;
	counts text;
	found text;
	key text;
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	PERFORM set_config('TimeZone', current_setting('risk_screen.time_zone'), true);
	IF asked IS NOT NULL AND NOT EXISTS (SELECT FROM risk_screen.role AS x WHERE x.role = asked) THEN
		RAISE EXCEPTION 'unknown role "%"', asked USING ERRCODE = 'undefined_object',
			HINT = 'SELECT role, title_zh FROM risk_screen.role lists them.';
	END IF;
	IF asked IS NOT NULL AND risk_screen._role_mapped(workspace, asked) IS NOT TRUE THEN
		RAISE EXCEPTION 'role "%" of workspace "%" is not mapped', asked, workspace USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = format('SELECT risk_screen.role_template(%L) shows what it holds.', asked);
	END IF;
	FOR r IN SELECT x.role FROM risk_screen.role AS x
			  WHERE (asked IS NULL OR x.role = asked) AND risk_screen._role_mapped(workspace, x.role) ORDER BY x.role
	LOOP
		-- one aggregate over the role with a filter for each thing to count, then one line for each that was found
		SELECT string_agg(format('%s AS n%s, %s AS e%s', replace(p.counted, '?', format('count(*) FILTER (WHERE %s)', p.wrong)), p.no,
								 CASE WHEN p.example IS NULL THEN 'NULL' ELSE format('(%s FILTER (WHERE %s))::text', p.example, p.wrong) END, p.no), ', '),
			   string_agg(format('(%s, %L, %L, n%s, e%s)', p.no, p.name, p.problem, p.no, p.no), ', ')
		  INTO counts, found
		  FROM (SELECT row_number() OVER (ORDER BY c.ordinal, w.problem) AS no, c.name, w.problem, w.wrong, w.example, w.counted
				  FROM risk_screen.role_column AS c
				 CROSS JOIN LATERAL (SELECT string_agg(quote_literal(l.code), ', ') AS codes FROM risk_screen.code_label AS l WHERE l.domain = c.codes) AS k
				 CROSS JOIN LATERAL (VALUES
						('null', CASE WHEN c.required THEN format('%I IS NULL', c.name) END, NULL, '?'),
						('code', CASE WHEN c.type LIKE '%[]' THEN format('NOT %I <@ ARRAY[%s]', c.name, k.codes) ELSE format('%I <> ALL (ARRAY[%s])', c.name, k.codes) END,
						 format(CASE WHEN c.type LIKE '%[]' THEN 'mode() WITHIN GROUP (ORDER BY %I)' ELSE 'mode() WITHIN GROUP (ORDER BY %I COLLATE "C")' END, c.name), '?'),
						('below', format('%I < %s', c.name, c.low), format('min(%I)', c.name), '?'),
						('above', format('%I > %s', c.name, c.high), format('max(%I)', c.name), '?'),
						('percent', CASE WHEN c.description ~ '\mper year, fraction' THEN format('%I > 1', c.name) END, format('max(%I)', c.name),
						 format('CASE WHEN 2 * ? > count(%I) THEN ? ELSE 0 END', c.name))) AS w (problem, wrong, example, counted)
				 WHERE c.role = r AND w.wrong IS NOT NULL AND (w.problem <> 'code' OR k.codes IS NOT NULL)
				   AND (w.problem <> 'below' OR c.low IS NOT NULL) AND (w.problem <> 'above' OR c.high IS NOT NULL)) AS p;
		SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.ordinal) INTO key FROM risk_screen.role_column AS c WHERE c.role = r AND c.is_key;
		BEGIN
			RETURN QUERY EXECUTE format(
				'WITH counted AS MATERIALIZED (SELECT count(*) AS rows, %1$s FROM %2$I.%3$I)
				 SELECT %3$L, v.column_name, v.problem, CASE WHEN v.no > 0 THEN v.row_count ELSE 0 END::bigint, v.example
				   FROM counted CROSS JOIN LATERAL (VALUES (0, NULL::text, ''empty'', CASE WHEN rows = 0 THEN 1::bigint END, NULL::text), %4$s) AS v (no, column_name, problem, row_count, example)
				  WHERE v.row_count > 0 ORDER BY v.no', counts, workspace, r, found);
			IF key IS NOT NULL THEN
				RETURN QUERY EXECUTE format(
					'SELECT %3$L, %4$L, ''duplicate'', sum(k.n - 1)::bigint, (array_agg(k.example ORDER BY k.n DESC, k.example))[1]
					   FROM (SELECT count(*) AS n, concat_ws('', '', %1$s) AS example FROM %2$I.%3$I GROUP BY %1$s HAVING count(*) > 1) AS k HAVING count(*) > 0',
					key, workspace, r, key);
			END IF;
			-- without a currency of its own a row's amounts are yuan
			IF EXISTS (SELECT FROM risk_screen.role_column AS c WHERE c.role = r AND (c.name = 'currency' OR c.description ~ '\myuan\M')) THEN
				RETURN QUERY SELECT r, (SELECT c.name FROM risk_screen.role_column AS c WHERE c.role = r AND c.name = 'currency'), 'currency', NULL::bigint, x
							   FROM risk_screen._unused_currency(workspace, r) AS x WHERE x IS NOT NULL;
			END IF;
		EXCEPTION WHEN data_exception THEN
			RETURN QUERY SELECT r, NULL::text, 'unreadable', NULL::bigint, SQLERRM;
		END;
	END LOOP;
END $$;
COMMENT ON FUNCTION risk_screen.check_mapping(text, text) IS
	'Rows of mapped roles that are not what rules expect: missing values, codes not translated, per cent instead of fractions, values out of range, duplicates, currencies left out; none when all is well';
