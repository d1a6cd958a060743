-- Workspaces: the schema of one desk, made of ordinary objects of its owner.
--
-- create_workspace() writes, from the role tables, one empty view per role; the
-- analyst replaces a view by a mapping (CREATE OR REPLACE VIEW, or map_role()).
-- A view that still ends in WHERE false is not mapped; rules that need it
-- answer `unknown`, not `clear`. Everything is made with the caller's rights.

DROP FUNCTION risk_screen._define_role(text, text, text, text, text, text);

-- The schema must exist and hold a desk; otherwise say so in words.
CREATE FUNCTION risk_screen._require_workspace(workspace text) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM risk_screen.version();   -- loads the library, which defines risk_screen.time_zone
	IF workspace IS NULL THEN
		RAISE EXCEPTION 'workspace name is null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF NOT coalesce(has_schema_privilege(to_regnamespace(quote_ident(workspace))::oid, 'USAGE'), true) THEN
		RAISE EXCEPTION 'you may not use workspace "%"', workspace
			USING ERRCODE = 'insufficient_privilege',
				DETAIL = format('Role %s has no USAGE on the schema.', quote_ident(current_user)),
				HINT = format('Its owner says GRANT USAGE ON SCHEMA %I TO %I, and grants what is to be read there (docs/access.md has ready roles).', workspace, current_user);
	END IF;
	IF to_regclass(format('%I.rule_outcome', workspace)) IS NOT NULL AND num_nulls(to_regclass(format('%I.run', workspace)), to_regclass(format('%I.institution', workspace))) > 0 THEN
		RAISE EXCEPTION 'workspace "%" is not whole', workspace
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = format('%s of it is not there.', concat_ws(' and ', CASE WHEN to_regclass(format('%I.run', workspace)) IS NULL THEN 'Table run' END, CASE WHEN to_regclass(format('%I.institution', workspace)) IS NULL THEN 'Role view institution' END)),
				HINT = format('CALL risk_screen.create_workspace(%L) makes again what was dropped; map_role maps the roles among it.', workspace);
	END IF;
	IF to_regclass(format('%I.run', workspace)) IS NULL
	   OR to_regclass(format('%I.institution', workspace)) IS NULL THEN
		RAISE EXCEPTION 'workspace "%" does not exist', workspace
			USING ERRCODE = 'invalid_schema_name',
				DETAIL = 'There is no schema of this name with role views and result tables in it.',
				HINT = format('CALL risk_screen.create_workspace(%L) makes one%s.', workspace,
							  coalesce((SELECT '; there is ' || string_agg(format('%L', n.nspname), ', ' ORDER BY n.nspname) FROM pg_namespace AS n JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'rule_outcome' AND c.relkind = 'r'), ''));
	END IF;
END $$;

-- For functions that read a named desk or, without a name, the one on the search path, as in the body of a rule.
CREATE FUNCTION risk_screen._require_desk(workspace text) RETURNS void
	LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF workspace IS NOT NULL THEN
		PERFORM risk_screen._require_workspace(workspace);
	ELSIF pg_catalog.to_regclass('run') IS NULL OR pg_catalog.to_regclass('institution') IS NULL THEN
		RAISE EXCEPTION 'there is no desk on the search path'
			USING ERRCODE = 'undefined_table',
				DETAIL = pg_catalog.format('search_path is %s.', pg_catalog.current_setting('search_path')),
				HINT = 'SET search_path = desk, public; with the schema of the workspace. In the body of a rule it is set.';
	END IF;
END $$;

-- Definition of the empty view of a role; also what an unmapped column looks like.
CREATE FUNCTION risk_screen._empty_role_query(role text) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT 'SELECT ' || string_agg(format('NULL::%s AS %I', c.type, c.name), ', ' ORDER BY c.ordinal) || ' WHERE false'
	  FROM risk_screen.role_column AS c
	 WHERE c.role = $1
$$;

-- Whether a workspace's role view has been mapped.
CREATE FUNCTION risk_screen._role_mapped(workspace text, role text) RETURNS boolean
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT c.relkind <> 'v' OR pg_get_viewdef(c.oid) !~ '\mWHERE false;?\s*$'
	  FROM pg_class AS c
	 WHERE c.oid = to_regclass(format('%I.%I', workspace, role))
$$;

CREATE PROCEDURE risk_screen._create_role_view(workspace text, role text)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r record;
BEGIN
	EXECUTE format('CREATE VIEW %I.%I WITH (security_invoker) AS %s',
				   workspace, role, risk_screen._empty_role_query(role));
	SELECT title_zh, title_en, description INTO r FROM risk_screen.role AS x WHERE x.role = _create_role_view.role;
	EXECUTE format('COMMENT ON VIEW %I.%I IS %L', workspace, role,
				   format('%s (%s). %s', r.title_zh, r.title_en, r.description));
	FOR r IN SELECT c.name, c.title_zh, c.description FROM risk_screen.role_column AS c
			  WHERE c.role = _create_role_view.role ORDER BY c.ordinal
	LOOP
		EXECUTE format('COMMENT ON COLUMN %I.%I.%I IS %L', workspace, role, r.name,
					   format('%s; %s', r.title_zh, r.description));
	END LOOP;
END $$;

CREATE FUNCTION risk_screen.role_template(role text, source text = 'your.table') RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	lines text;
BEGIN
	SELECT string_agg(format('       NULL::%s AS %I%s  -- %s%s; %s', c.type, c.name,
							 CASE WHEN c.ordinal < max_ordinal THEN ',' ELSE '' END,
							 CASE WHEN c.required THEN '* ' ELSE '' END, c.title_zh, c.description),
					  E'\n' ORDER BY c.ordinal)
	  INTO lines
	  FROM (SELECT x.*, max(x.ordinal) OVER () AS max_ordinal FROM risk_screen.role_column AS x
			 WHERE x.role = role_template.role) AS c;
	IF lines IS NULL THEN
		RAISE EXCEPTION 'unknown role "%"', role USING ERRCODE = 'undefined_object',
			HINT = 'SELECT role, title_zh FROM risk_screen.role lists them.';
	END IF;
	RETURN format(E'CREATE OR REPLACE VIEW desk.%I WITH (security_invoker) AS\nSELECT\n%s\n  FROM %s;', role, lines, source);
END $$;
COMMENT ON FUNCTION risk_screen.role_template(text, text) IS
	'CREATE OR REPLACE VIEW statement with every column of a role, to be filled in; * marks required columns';

-- A role is mapped by whoever owns its view; say so before CREATE VIEW fails in its own words.
CREATE FUNCTION risk_screen._require_mapping_rights(workspace text, role text) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	owner oid := coalesce((SELECT c.relowner FROM pg_class AS c WHERE c.relname = role AND c.relnamespace = to_regnamespace(quote_ident(workspace))),
						  (SELECT n.nspowner FROM pg_namespace AS n WHERE n.nspname = workspace));
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	IF NOT pg_has_role(owner, 'USAGE') THEN
		RAISE EXCEPTION 'you may not map roles of workspace "%"', workspace
			USING ERRCODE = 'insufficient_privilege',
				DETAIL = format('View %I.%I belongs to role %I.', workspace, role, owner::regrole::text),
				HINT = 'Let the owner of the workspace call map_role.';
	END IF;
END $$;

-- map_role(workspace, role, query): query is a SELECT, or the name of a table or view.
-- A day or a time without zone begins in risk_screen.time_zone, as everywhere
-- else; a plain cast would leave it to the session of whoever reads the view,
-- and a desk screened in China and traced from elsewhere would differ by hours.
CREATE PROCEDURE risk_screen.map_role(workspace text, role text, query text)
	LANGUAGE plpgsql AS $$
DECLARE
	zone text;
	has text[];
	zoneless text[];
	loose text;
	missing text;
	unknown text;
	list text;
	given record;
	wrong text;
BEGIN
	IF NOT EXISTS (SELECT FROM risk_screen.role AS r WHERE r.role OPERATOR(pg_catalog.=) map_role.role) THEN
		RAISE EXCEPTION 'unknown role "%"', role USING ERRCODE = 'undefined_object',
			HINT = 'SELECT role, title_zh FROM risk_screen.role lists them.';
	END IF;
	IF query IS NULL THEN
		RAISE EXCEPTION 'query for role "%" is null', role USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM risk_screen.version();   -- loads the library, which defines risk_screen.time_zone
	zone := pg_catalog.current_setting('risk_screen.time_zone');
	PERFORM risk_screen._require_mapping_rights(workspace, role);
	query := risk_screen._query_text(query);
	-- A throw-away view tells the query's columns without running it.
	EXECUTE pg_catalog.format('CREATE TEMPORARY VIEW _risk_screen_map AS SELECT * FROM (%s' || E'\n) AS q', query);
	SELECT pg_catalog.array_agg(a.attname::pg_catalog.text),
		   pg_catalog.array_agg(a.attname::pg_catalog.text) FILTER (WHERE c.type OPERATOR(pg_catalog.=) 'timestamp with time zone'
				AND (CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'd' THEN t.typbasetype ELSE t.oid END) OPERATOR(pg_catalog.=) ANY (ARRAY['pg_catalog.timestamp', 'pg_catalog.date']::pg_catalog.regtype[])),
		   pg_catalog.string_agg(a.attname::pg_catalog.text, ', ') FILTER (WHERE c.type OPERATOR(pg_catalog.=) 'timestamp with time zone' AND t.typcategory OPERATOR(pg_catalog.=) 'S')
	  INTO has, zoneless, loose
	  FROM pg_catalog.pg_attribute AS a
	  JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
	  LEFT JOIN risk_screen.role_column AS c ON c.role OPERATOR(pg_catalog.=) map_role.role AND c.name OPERATOR(pg_catalog.=) a.attname::pg_catalog.text
	 WHERE a.attrelid OPERATOR(pg_catalog.=) 'pg_temp._risk_screen_map'::pg_catalog.regclass
	   AND a.attnum OPERATOR(pg_catalog.>) 0;
	-- a type that converts into none of the role's: said by column, not from inside CREATE VIEW
	FOR given IN SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) AS from_type, k.type AS to_type
			   FROM pg_catalog.pg_attribute AS a JOIN risk_screen.role_column AS k ON k.role OPERATOR(pg_catalog.=) map_role.role AND k.name OPERATOR(pg_catalog.=) a.attname::pg_catalog.text
			  WHERE a.attrelid OPERATOR(pg_catalog.=) 'pg_temp._risk_screen_map'::pg_catalog.regclass AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (coalesce(zoneless, '{}'))
			  ORDER BY k.ordinal
	LOOP
		BEGIN
			EXECUTE pg_catalog.format('SELECT (SELECT q.%I FROM pg_temp._risk_screen_map AS q WHERE false)::%s WHERE false', given.attname, given.to_type);
		EXCEPTION WHEN cannot_coerce THEN
			wrong := pg_catalog.concat_ws('; ', wrong, pg_catalog.format('%s is %s, the role has %s', given.attname, given.from_type, given.to_type));
		END;
	END LOOP;
	DROP VIEW pg_temp._risk_screen_map;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'columns of the query for role "%" do not convert', role USING ERRCODE = 'cannot_coerce',
			DETAIL = wrong OPERATOR(pg_catalog.||) '.',
			HINT = 'Convert them in the query, for example with to_timestamp() or to_date().';
	END IF;

	SELECT pg_catalog.string_agg(c.name, ', ' ORDER BY c.ordinal)
			   FILTER (WHERE c.required AND c.name OPERATOR(pg_catalog.<>) ALL (has)),
		   pg_catalog.string_agg(CASE WHEN c.name OPERATOR(pg_catalog.=) ANY (zoneless)
									  THEN pg_catalog.format('q.%I::pg_catalog.timestamp AT TIME ZONE %L AS %I', c.name, zone, c.name)
									  WHEN c.name OPERATOR(pg_catalog.=) ANY (has)
									  THEN pg_catalog.format('q.%I::%s AS %I', c.name, c.type, c.name)
									  ELSE pg_catalog.format('NULL::%s AS %I', c.type, c.name) END, ', ' ORDER BY c.ordinal)
	  INTO missing, list
	  FROM risk_screen.role_column AS c
	 WHERE c.role OPERATOR(pg_catalog.=) map_role.role;
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION 'query for role "%" lacks required columns', role USING ERRCODE = 'undefined_column',
			DETAIL = pg_catalog.format('Missing: %s. Found: %s.', missing, pg_catalog.array_to_string(has, ', ')),
			HINT = pg_catalog.format('SELECT risk_screen.role_template(%L) shows the whole role.', role);
	END IF;
	SELECT pg_catalog.string_agg(h, ', ') INTO unknown
	  FROM pg_catalog.unnest(has) AS h
	 WHERE NOT EXISTS (SELECT FROM risk_screen.role_column AS c
						WHERE c.role OPERATOR(pg_catalog.=) map_role.role AND c.name OPERATOR(pg_catalog.=) h);
	IF unknown IS NOT NULL THEN
		RAISE NOTICE 'role "%" has no column %: ignored', role, unknown;
	END IF;
	IF loose IS NOT NULL THEN
		RAISE NOTICE 'role "%": % is text', role, loose
			USING DETAIL = 'Where such a text names no time zone, every session reads it in its own.',
				HINT = pg_catalog.format('Cast it to timestamp in the query if it holds no zones: then it is read in risk_screen.time_zone (%s). If it holds them, cast it to timestamptz.', zone);
	END IF;
	EXECUTE pg_catalog.format('CREATE OR REPLACE VIEW %I.%I WITH (security_invoker) AS SELECT %s FROM (%s' || E'\n) AS q',
							  workspace, role, list, query);
END $$;
COMMENT ON PROCEDURE risk_screen.map_role(text, text, text) IS
	'Map a role onto a query or table: columns are taken by name and cast, times without zone in risk_screen.time_zone, optional ones may be missing; the same as writing CREATE OR REPLACE VIEW by hand';
