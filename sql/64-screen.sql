-- Screening: run the rules of a day over a workspace, keep what they found.
--
-- Every rule's body is wrapped into one INSERT ... SELECT, so rows never pass
-- through procedural code. A rule runs in a subtransaction: one that fails is
-- recorded as `error` and the others go on. Rights are the caller's; a missing
-- right stops the run, because a desk that sees half its data must not grade.
-- Nested loops are off while rules run: estimates through mapping views and
-- set-returning functions are guesses, and a nested loop planned on a guess is
-- quadratic where a hash join is not. JIT is off too: compiling a hundred plans
-- that run once costs more than it saves.

-- Values of a rule's parameters on a day, for its line if it has just one.
CREATE FUNCTION risk_screen._parameter_values(names text[], as_of date, lines text[], known_at timestamptz) RETURNS jsonb
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(jsonb_object_agg(n, risk_screen.parameter_value(n, as_of, known_at => known_at,
				line => CASE WHEN cardinality(lines) = 1 THEN nullif(lines[1], 'ALL') END)), '{}')
	  FROM unnest(names) AS n
$$;

-- Operator under which a measurement is a hit; a limit is hit when it is broken.
CREATE FUNCTION risk_screen._hit_operator(name text, as_of date, lines text[], known_at timestamptz) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE p.sense WHEN 'hit' THEN p.operator
				WHEN 'limit' THEN (ARRAY['<', '<=', '>', '>=', '<>', '='])[array_position(ARRAY['>=', '>', '<=', '<', '=', '<>'], p.operator)] END
	  FROM risk_screen.parameter_at(name, as_of, known_at => known_at,
				line => CASE WHEN cardinality(lines) = 1 THEN nullif(lines[1], 'ALL') END) AS p
$$;

-- The body with its optional columns supplied: inside the inner SELECT a name
-- that the body does not have is found one level further out, as NULL. One row
-- filed without its number must not stop a rule: its subject is "(not filed)".
CREATE FUNCTION risk_screen._rule_query(body text, operator text, threshold numeric, part text = NULL) RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF operator IS NOT NULL AND operator NOT IN ('>=', '>', '<=', '<', '=', '<>') THEN
		RAISE EXCEPTION 'unknown comparison operator "%"', operator USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Use one of >=, >, <=, <, =, <>.';
	END IF;
	RETURN format($q$SELECT coalesce(q.subject_kind, 'desk') AS subject_kind, coalesce(q.subject_id, '(not filed)') AS subject_id, coalesce(q.inst_id, CASE q.subject_kind WHEN 'institution' THEN q.subject_id END) AS inst_id,
		q.finding_key, q.observed, %1$L::text AS operator, q.threshold, q.amount, q.occurred_at, q.evidence,
		q.observed IS NOT NULL AND %2$s AS hit
	FROM (SELECT NULL::text AS inst_id, NULL::text AS finding_key) AS d
	CROSS JOIN LATERAL (
		SELECT subject_kind::text, subject_id::text, inst_id::text, finding_key::text, observed::numeric,
			   coalesce(threshold::numeric, %3$L::numeric) AS threshold, amount::numeric, occurred_at::timestamptz, evidence::jsonb
		  FROM (
%4$s
		) AS b%5$s) AS q$q$,
		operator, CASE WHEN operator IS NULL THEN 'true' ELSE format('coalesce(q.observed %s q.threshold, false)', operator) END,
		threshold, body,
		-- judged in part only: what was found stands, of the others nothing is known
		CASE WHEN part IS NULL THEN '' ELSE format(' UNION ALL SELECT ''desk'', ''desk'', NULL, NULL, NULL, NULL, NULL, NULL, jsonb_build_object(''missing'', %L::text)', part) END);
END $$;

-- Path for rule bodies; with known_at, role views that hide later rows come first.
CREATE FUNCTION risk_screen._rule_path(workspace text, shadowed boolean) RETURNS text
	LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN shadowed THEN format('pg_temp, %I, risk_screen', workspace)
				ELSE format('%I, risk_screen, pg_temp', workspace) END
$$;

CREATE PROCEDURE risk_screen._shadow_roles(workspace text, known_at timestamptz)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
	r text;
BEGIN
	FOR r IN SELECT role FROM risk_screen.role
	LOOP
		EXECUTE format('DROP VIEW IF EXISTS pg_temp.%I', r);
		IF known_at < 'infinity' THEN
			-- filed rows also show what a later version has replaced since
			EXECUTE format('CREATE TEMPORARY VIEW %I AS %s', r,
						   CASE WHEN risk_screen._role_filed(workspace, r) THEN risk_screen._filed_role_query(workspace, r, known_at)
								ELSE format('SELECT * FROM %I.%I WHERE known_from IS NULL OR known_from <= %L', workspace, r, known_at) END);
		END IF;
	END LOOP;
END $$;

-- Does a role have rows or, with a column, a value in any row of it? False too where it is not mapped.
CREATE FUNCTION risk_screen._filed(workspace text, role text, column_name text = NULL) RETURNS boolean
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found boolean;
BEGIN
	IF risk_screen._role_mapped(workspace, role) IS NOT TRUE
	   OR column_name IS NOT NULL AND NOT EXISTS (SELECT FROM risk_screen.role_column AS c WHERE c.role = _filed.role AND c.name = column_name) THEN
		RETURN false;
	END IF;
	-- a replay's view of the role; a temporary table of that name is the caller's own
	EXECUTE format('SELECT EXISTS (SELECT FROM %s.%I%s)', CASE WHEN (SELECT c.relkind = 'v' FROM pg_class AS c WHERE c.oid = to_regclass(format('pg_temp.%I', role))) THEN 'pg_temp' ELSE quote_ident(workspace) END, role,
				   CASE WHEN column_name IS NOT NULL THEN format(' WHERE %I IS NOT NULL', column_name) ELSE '' END) INTO found;
	RETURN found;
EXCEPTION
	WHEN insufficient_privilege OR query_canceled THEN
		RAISE;
	WHEN OTHERS THEN
		RETURN true;      -- a mapping that cannot be read: the rules that read it fail by themselves, and say why
END $$;

-- What the columns named in needs lack: of "role.column" or, where one of several
-- is enough, "role.column|role.column". A trailing ? is left to the caller.
-- known: what an earlier call found, so that a run looks at a column once.
CREATE FUNCTION risk_screen._unfiled_columns(workspace text, needs text[], known jsonb = '{}') RETURNS text[]
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	n text;
	c text;
	filed boolean;
	missing text[] := '{}';
BEGIN
	FOREACH n IN ARRAY needs
	LOOP
		CONTINUE WHEN strpos(n, '.') = 0;
		filed := false;
		FOREACH c IN ARRAY string_to_array(rtrim(n, '?'), '|')
		LOOP
			filed := filed OR coalesce((known ->> c)::boolean, risk_screen._filed(workspace, split_part(c, '.', 1), split_part(c, '.', 2)));
		END LOOP;
		IF NOT filed THEN
			missing := missing || n;
		END IF;
	END LOOP;
	RETURN missing;
END $$;

-- Which columns that rules need have a value in any row, for _unfiled_columns().
CREATE FUNCTION risk_screen._filed_columns(workspace text, rules risk_screen.rule[]) RETURNS jsonb
	LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(jsonb_object_agg(c, risk_screen._filed(workspace, split_part(c, '.', 1), split_part(c, '.', 2))), '{}')
	  FROM (SELECT DISTINCT c FROM unnest(rules) AS r CROSS JOIN unnest(r.needs) AS n CROSS JOIN string_to_table(rtrim(n, '?'), '|') AS c WHERE strpos(n, '.') > 0) AS x
$$;

-- Why a rule cannot be judged at all; NULL if it can.
CREATE FUNCTION risk_screen._missing_roles(workspace text, needs text[], known jsonb = '{}') RETURNS text
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r text;
	unmapped text[] := '{}';
	empty text[] := '{}';
BEGIN
	FOREACH r IN ARRAY needs
	LOOP
		IF strpos(r, '.') > 0 THEN
			CONTINUE;
		ELSIF risk_screen._role_mapped(workspace, r) IS NOT TRUE THEN
			unmapped := unmapped || r;
		ELSIF NOT risk_screen._filed(workspace, r) THEN
			empty := empty || r;
		END IF;
	END LOOP;
	-- of a role that is not there at all the columns need no mention
	RETURN nullif(concat_ws('; ', 'roles not mapped: ' || nullif(array_to_string(unmapped, ', '), ''),
							'roles without rows: ' || nullif(array_to_string(empty, ', '), ''),
							'columns without values: ' || (SELECT string_agg(replace(m, '|', ' or '), ', ') FROM unnest(risk_screen._unfiled_columns(workspace, needs, known)) AS m
								WHERE m NOT LIKE '%?' AND NOT EXISTS (SELECT FROM string_to_table(m, '|') AS c WHERE split_part(c, '.', 1) = ANY (unmapped || empty)))), '');
END $$;

-- What else a rule looks at and nobody files, though the role has rows: it is judged, but in part only.
CREATE FUNCTION risk_screen._missing_part(workspace text, needs text[], known jsonb = '{}') RETURNS text
	LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	SELECT 'columns without values: ' || string_agg(replace(rtrim(m, '?'), '|', ' or '), ', ') FROM unnest(risk_screen._unfiled_columns(workspace, needs, known)) AS m
	 WHERE m LIKE '%?' AND EXISTS (SELECT FROM string_to_table(rtrim(m, '?'), '|') AS c WHERE risk_screen._filed(workspace, split_part(c, '.', 1)))
$$;

CREATE FUNCTION risk_screen.run_rule(workspace text, rule text, as_of date, known_at timestamptz = 'infinity', since date = NULL)
	RETURNS TABLE (subject_kind text, subject_id text, inst_id text, hit boolean, observed numeric, operator text,
				   threshold numeric, amount numeric, occurred_at timestamptz, evidence jsonb)
	LANGUAGE plpgsql ROWS 10 SET search_path = pg_catalog, pg_temp SET TimeZone = 'Asia/Shanghai' SET enable_nestloop = off AS $$
DECLARE
	r risk_screen.rule;
	why text;
	op text;
	vals jsonb;
	detail text;
	hint text;
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	SELECT * INTO r FROM risk_screen.rule AS x WHERE x.code = run_rule.rule;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'unknown rule "%"', rule USING ERRCODE = 'undefined_object',
			HINT = 'SELECT code, title_zh FROM risk_screen.rule lists them.';
	END IF;
	IF as_of IS NULL OR NOT isfinite(as_of) THEN
		RAISE EXCEPTION 'as_of must be a day' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Give the day to be judged, for example as_of => current_date - 1.';
	END IF;
	since := coalesce(since, as_of - 89);
	IF known_at < 'infinity' THEN
		CALL risk_screen._shadow_roles(workspace, known_at);
	END IF;
	why := risk_screen._missing_roles(workspace, r.needs);
	IF why IS NOT NULL THEN
		RETURN QUERY SELECT 'desk', workspace, NULL::text, false, NULL::numeric, NULL::text, NULL::numeric, NULL::numeric,
							NULL::timestamptz, jsonb_build_object('missing', why);
	ELSE
		op := risk_screen._hit_operator(CASE WHEN r.severity IS NOT NULL THEN r.parameters[1] END, as_of, r.lines, known_at);
		vals := risk_screen._parameter_values(r.parameters, as_of, r.lines, known_at);
		PERFORM set_config('TimeZone', current_setting('risk_screen.time_zone'), true),
				set_config('search_path', risk_screen._rule_path(workspace, known_at < 'infinity'), true);
		BEGIN
			RETURN QUERY EXECUTE 'SELECT subject_kind, subject_id, inst_id, hit, observed, operator, threshold, amount, occurred_at, evidence FROM ('
				|| risk_screen._rule_query(r.body, op, CASE WHEN r.severity IS NOT NULL THEN (vals ->> r.parameters[1])::numeric END, risk_screen._missing_part(workspace, r.needs)) || ') AS x'
				USING as_of, risk_screen.day_start(since), risk_screen.day_start(as_of + 1), known_at, vals;
		EXCEPTION
			WHEN insufficient_privilege THEN
				RAISE EXCEPTION 'rule % may not read what it needs: %', r.code, SQLERRM USING ERRCODE = 'insufficient_privilege',
					HINT = 'A rule runs with your rights; ask for SELECT on the tables behind the role views.';
			WHEN syntax_error_or_access_rule_violation THEN
				GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
				RAISE EXCEPTION 'the body of rule % cannot be run: %', r.code, SQLERRM USING ERRCODE = SQLSTATE,
					DETAIL = coalesce(nullif(detail, '') || ' ', '') || 'A body is one SELECT, without a semicolon, over role views by their bare names; it returns subject_kind, subject_id, observed, threshold, amount, occurred_at, evidence.',
					HINT = coalesce(nullif(hint, '') || ' ', '') || format('SELECT body FROM risk_screen.rule WHERE code = %L; shows it, docs/rules.md an example.', r.code);
		END;
	END IF;
	IF known_at < 'infinity' THEN
		PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
		CALL risk_screen._shadow_roles(workspace, 'infinity');
	END IF;
END $$;
COMMENT ON FUNCTION risk_screen.run_rule(text, text, date, timestamptz, date) IS
	'Try one rule on a desk without keeping anything: every measurement, whether it is a hit, and against which threshold';

-- One rule of a run: measure, keep values and findings, say what came out. With
-- `changed`, only those days are measured and the rest is taken over from the
-- base run (64-screen_delta.sql); if that cannot be done exactly, everything is
-- measured after all.
CREATE PROCEDURE risk_screen._screen_rule(workspace text, run_row anyelement, r risk_screen.rule, op text, vals jsonb,
										  base_run bigint = NULL, changed datemultirange = NULL, known jsonb = '{}')
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	started timestamptz := clock_timestamp();
	why text;
	part text;
	n bigint := 0;
	hits bigint := 0;
	unknowns bigint := 0;
	astray bigint := 0;
	result text;
	threshold numeric := CASE WHEN r.severity IS NOT NULL THEN (vals ->> r.parameters[1])::numeric END;
	by_day boolean := r.delta_roles <> '{}';
	fingerprint text;
BEGIN
	why := risk_screen._missing_roles(workspace, r.needs, known);
	part := risk_screen._missing_part(workspace, r.needs, known);
	IF why IS NOT NULL THEN
		result := 'unknown';
		changed := NULL;
	ELSIF part IS NOT NULL THEN
		changed := NULL;
	END IF;
	WHILE result IS NULL
	LOOP
		BEGIN
			PERFORM set_config('search_path', risk_screen._rule_path(workspace, run_row.known_at < 'infinity'), true);
			EXECUTE risk_screen._screen_statement(workspace,
					CASE WHEN changed IS NULL THEN risk_screen._rule_query(r.body, op, threshold, part) ELSE risk_screen._delta_query(r, op, threshold, changed, run_row.since) END,
					by_day, changed IS NOT NULL)
			   INTO n, hits, unknowns, astray
			  USING run_row.as_of, risk_screen.day_start(run_row.since), risk_screen.day_start(run_row.as_of + 1), run_row.known_at, vals,
					run_row.run_id, r.code, r.kind = 'indicator', r.version, r.severity, r.candidate,
					coalesce(changed, datemultirange(daterange(run_row.since, run_row.as_of + 1))), base_run, run_row.since;
			IF changed IS NOT NULL THEN
				IF astray > 0 THEN
					RAISE EXCEPTION 'a measurement belongs to no day' USING ERRCODE = 'RSD01';
				END IF;
				SELECT * INTO n, hits, unknowns FROM risk_screen._carry_days(workspace, run_row.run_id, base_run, r, changed, run_row.since);
			END IF;
			IF by_day AND astray = 0 THEN
				fingerprint := risk_screen._rule_fingerprint(r, op, vals);
			END IF;
			result := CASE WHEN hits > 0 THEN 'hit' WHEN n > 0 AND n = unknowns THEN 'unknown' ELSE 'clear' END;
		EXCEPTION
			WHEN insufficient_privilege THEN
				RAISE EXCEPTION 'rule % may not read what it needs: %', r.code, SQLERRM
					USING ERRCODE = 'insufficient_privilege',
						HINT = 'Screening runs with your rights; ask for SELECT on the tables behind the role views.';
			WHEN OTHERS THEN
				IF changed IS NOT NULL AND SQLSTATE IN ('RSD01', '23505') THEN
					changed := NULL;      -- keys or days that are not its own: all of it again
				ELSE
					n := 0;
					hits := 0;
					unknowns := 0;
					result := 'error';
					why := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
				END IF;
		END;
		PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
	END LOOP;
	IF result = 'unknown' AND why IS NULL THEN
		-- all that was said is of the whole desk: as if the role were not there
		EXECUTE format('SELECT string_agg(DISTINCT v.evidence ->> ''missing'', ''; '') FROM %I.indicator_value AS v WHERE v.run_id = $1 AND v.rule = $2 AND v.status = ''unknown'' HAVING bool_and(v.subject_kind = ''desk'')', workspace)
			INTO why USING run_row.run_id, r.code;
	END IF;
	EXECUTE format('INSERT INTO %I.rule_outcome (run_id, rule, rule_version, outcome, measured, hits, unknowns, elapsed_ms, message, judged_days, fingerprint)'
				   || ' VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', workspace)
		USING run_row.run_id, r.code, r.version, result, n, hits, unknowns,
			  round(extract(epoch FROM clock_timestamp() - started) * 1000, 1), why, changed, fingerprint;
END $$;

-- The one statement that measures and keeps. $1 .. $5 as in a body, $6 run,
-- $7 rule, $8 keep every value, $9 version, $10 severity, $11 candidate, $12 days
-- measured, $13 base run, $14 first day of the window.
CREATE FUNCTION risk_screen._screen_statement(workspace text, measured text, by_day boolean, carried boolean) RETURNS text
	LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format($q$
		WITH m AS MATERIALIZED (%2$s),
		k AS (SELECT m.*, coalesce(m.finding_key, m.subject_kind || ':' || m.subject_id || coalesce('@' || m.occurred_at::date, '')) AS key
				FROM m),
		o AS (SELECT k.*, row_number() OVER (PARTITION BY key ORDER BY hit DESC, observed DESC NULLS LAST, amount, occurred_at, evidence::text) AS n,
					 %3$s AS astray
				FROM k),
		v AS (INSERT INTO %1$I.indicator_value (run_id, rule, subject_kind, subject_id, seq, inst_id, status, value, operator, threshold, amount, occurred_at, evidence)
			  SELECT $6, $7, subject_kind, subject_id, row_number() OVER (PARTITION BY subject_kind, subject_id ORDER BY occurred_at, observed, amount, evidence::text),
					 inst_id, CASE WHEN observed IS NULL THEN 'unknown' ELSE 'ok' END, observed, operator, threshold, amount, occurred_at, evidence
				FROM (SELECT subject_kind, subject_id, inst_id, observed, operator, threshold, amount, occurred_at, evidence
						FROM o WHERE observed IS NULL OR $8%4$s) AS x),
		f AS (INSERT INTO %1$I.finding (run_id, rule, finding_key, rule_version, severity, candidate, subject_kind, subject_id, inst_id, observed, operator, threshold, amount, occurred_at, evidence)
			  SELECT $6, $7, key || CASE WHEN n > 1 THEN '#' || n ELSE '' END, $9, $10, $11, subject_kind, subject_id, inst_id,
					 observed, operator, threshold, amount, occurred_at, evidence
				FROM o WHERE hit AND $10 IS NOT NULL)%5$s
		SELECT count(*), count(*) FILTER (WHERE hit AND $10 IS NOT NULL), count(*) FILTER (WHERE observed IS NULL), count(*) FILTER (WHERE astray) FROM o$q$,
		workspace, measured,
		-- a measurement of no measured day, or whose key turns up on two days
		CASE WHEN by_day THEN '(occurred_at::date <@ $12) IS NOT TRUE OR min(occurred_at::date) OVER (PARTITION BY key) <> max(occurred_at::date) OVER (PARTITION BY key)' ELSE 'false' END,
		CASE WHEN carried THEN format(' UNION ALL SELECT subject_kind, subject_id, inst_id, value, operator, threshold, amount, occurred_at, evidence FROM %I.indicator_value'
									  || ' WHERE run_id = $13 AND rule = $7 AND occurred_at::date >= $14 AND NOT occurred_at::date <@ $12', workspace) ELSE '' END,
		CASE WHEN by_day THEN format(', d AS (INSERT INTO %I.rule_day (run_id, rule, day, measured) SELECT $6, $7, occurred_at::date, count(*) FROM o WHERE occurred_at IS NOT NULL GROUP BY 3)', workspace)
			 ELSE '' END)
$$;

-- Rows per role and institution: an institution without rows is not judged by
-- rules that require some; one that had rows on an earlier day and has none any
-- more (0 from then on) is judged by no rule that reads the role.
CREATE PROCEDURE risk_screen._screen_coverage(workspace text, run_row anyelement, rules risk_screen.rule[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r text;
	earlier bigint;
BEGIN
	FOR r IN SELECT DISTINCT c.role
			   FROM unnest(rules) AS x
			  CROSS JOIN unnest(x.coverage || x.needs) AS c (role)
			   JOIN risk_screen.role_column AS rc ON rc.role = c.role AND rc.name = 'inst_id'
			  WHERE c.role <> 'institution'
	LOOP
		CONTINUE WHEN risk_screen._role_mapped(workspace, r) IS NOT TRUE;
		EXECUTE format('INSERT INTO %1$I.coverage SELECT $1, %2$L, inst_id, count(*) FROM %3$s.%2$I WHERE inst_id IS NOT NULL GROUP BY inst_id',
					   workspace, r, CASE WHEN run_row.known_at < 'infinity' THEN 'pg_temp' ELSE quote_ident(workspace) END)
			USING run_row.run_id;
	END LOOP;
	EXECUTE format('SELECT run_id FROM %I.run WHERE as_of < $1 AND known_at IN ($2, ''infinity'') AND finished_at IS NOT NULL ORDER BY as_of DESC, known_at LIMIT 1', workspace)
		INTO earlier USING run_row.as_of, run_row.known_at;
	EXECUTE format('INSERT INTO %1$I.coverage SELECT $1, role, inst_id, 0 FROM %1$I.coverage WHERE run_id = $2 ON CONFLICT DO NOTHING', workspace)
		USING run_row.run_id, earlier;
END $$;

-- A key that comes twice: a join in the mapping has multiplied rows, and sums
-- count them all. No rule can see it, so the run says so, by role. Keys are told
-- apart by their hashes, which costs a tenth of telling them by themselves; they
-- are looked at only where two hashes are alike.
CREATE PROCEDURE risk_screen._screen_keys(workspace text, run_row anyelement)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	x record;
	source text;
	many boolean;
	keys bigint;
	extra bigint;
	repeated jsonb := '{}';
BEGIN
	FOR x IN SELECT r.role, string_agg(quote_ident(c.name), ', ' ORDER BY c.ordinal) AS key
			   FROM risk_screen.role AS r JOIN risk_screen.role_column AS c ON c.role = r.role AND c.is_key GROUP BY r.role ORDER BY r.role COLLATE "C"
	LOOP
		CONTINUE WHEN risk_screen._role_mapped(workspace, x.role) IS NOT TRUE;
		source := format('%s.%I', CASE WHEN run_row.known_at < 'infinity' THEN 'pg_temp' ELSE quote_ident(workspace) END, x.role);
		BEGIN
			EXECUTE format('SELECT count(*) > count(DISTINCT hash_record_extended(ROW(%s), 0)) FROM %s', x.key, source) INTO many;
			CONTINUE WHEN NOT many;
			EXECUTE format('SELECT count(*), sum(k.n - 1) FROM (SELECT count(*) AS n FROM %s GROUP BY %s HAVING count(*) > 1) AS k', source, x.key) INTO keys, extra;
		EXCEPTION
			WHEN insufficient_privilege OR query_canceled THEN
				RAISE;
			WHEN OTHERS THEN
				CONTINUE;      -- cannot be read: the rules that read it say why
		END;
		CONTINUE WHEN keys = 0;
		repeated := repeated || jsonb_build_object(x.role, extra);
		RAISE WARNING 'role "%" repeats its key (%): % values, % rows too many', x.role, x.key, keys, extra
			USING DETAIL = 'Sums count every row; a join in the mapping may have multiplied them.',
				HINT = format('SELECT * FROM risk_screen.check_mapping(%L, %L); shows the one that comes most often.', workspace, x.role);
	END LOOP;
	EXECUTE format('UPDATE %I.run SET repeated_keys = $2 WHERE run_id = $1', workspace) USING run_row.run_id, nullif(repeated, '{}');
END $$;

-- The rules as known at an instant; sql/79-rule_history.sql has the body, once the history is there.
CREATE FUNCTION risk_screen._rules_at(known_at timestamptz) RETURNS SETOF risk_screen.rule
	LANGUAGE sql STABLE ROWS 200 SET search_path = pg_catalog, pg_temp AS 'SELECT r.* FROM risk_screen.rule AS r';

CREATE FUNCTION risk_screen._rules_hash(as_of date, known_at timestamptz) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws(E'\x1f', r.code, r.version, r.severity, r.candidate, r.weight,
		   r.body, risk_screen._hit_operator(r.parameters[1], as_of, r.lines, known_at), risk_screen._parameter_values(r.parameters, as_of, r.lines, known_at)), E'\x1e'
		   ORDER BY r.code COLLATE "C"), ''), 'UTF8')), 'hex')
	  FROM risk_screen._rules_at(known_at) AS r
	 WHERE as_of >= r.valid_from AND as_of < r.valid_to
$$;

-- Refuse early, in words, what would fail late: no right to write results or
-- to read a role.
CREATE FUNCTION risk_screen._check_screen_rights(workspace text) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	bad text;
	lacking text;
BEGIN
	SELECT string_agg(o.name, ', ' ORDER BY o.ordinal, o.name) INTO bad FROM risk_screen._desk_object AS o
	 WHERE o.ddl ~ '^\s*CREATE TABLE' AND to_regclass(format('%I.%I', workspace, o.name)) IS NULL;
	IF bad IS NULL THEN
		-- what is described of a table is there, or the table is of before
		SELECT string_agg(o.name || '.' || line[1], ', ' ORDER BY o.ordinal, o.name, line[1]) INTO lacking
		  FROM risk_screen._desk_object AS o CROSS JOIN regexp_matches(o.columns, '^(\w+) ', 'gn') AS line
		 WHERE o.ddl ~ '^\s*CREATE TABLE'
		   AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = to_regclass(format('%I.%I', workspace, o.name)) AND a.attname = line[1] AND NOT a.attisdropped);
	END IF;
	IF bad IS NOT NULL OR lacking IS NOT NULL THEN
		RAISE EXCEPTION 'workspace "%" was made by an earlier version', workspace USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = coalesce('Tables it lacks: ' || bad || '.', 'Columns it lacks: ' || lacking || '.'),
			HINT = format('CALL risk_screen.create_workspace(%L) renews it and keeps its rows, mappings and grants.', workspace);
	END IF;
	SELECT string_agg(t, ', ') INTO bad
	  FROM unnest(ARRAY['run', 'rule_outcome', 'rule_day', 'input_digest', 'indicator_value', 'coverage', 'finding', 'grade', 'money_trace', 'related_closure', 'name_hit', 'alert']) AS t
	 WHERE NOT has_table_privilege(format('%I.%I', workspace, t), 'INSERT')
		OR NOT has_table_privilege(format('%I.%I', workspace, t), 'DELETE') AND t NOT IN ('run', 'alert');
	IF bad IS NOT NULL THEN
		RAISE EXCEPTION 'you may not write results in workspace "%"', workspace USING ERRCODE = 'insufficient_privilege',
			DETAIL = format('INSERT and DELETE are needed on: %s.', bad),
			HINT = 'The owner of the workspace screens, or grants these rights.';
	END IF;
	SELECT string_agg(r.role, ', ' ORDER BY r.role) INTO bad
	  FROM risk_screen.role AS r
	 WHERE to_regclass(format('%I.%I', workspace, r.role)) IS NOT NULL
	   AND NOT has_table_privilege(format('%I.%I', workspace, r.role), 'SELECT');
	IF bad IS NOT NULL THEN
		RAISE EXCEPTION 'you may not read role views in workspace "%"', workspace USING ERRCODE = 'insufficient_privilege',
			DETAIL = format('SELECT is missing on: %s.', bad),
			HINT = 'A desk that sees part of its data must not grade; ask the owner for SELECT.';
	END IF;
END $$;

-- Roles whose rows row-level security hides in part from this user: the run
-- says so, because a board of one province must not pass for the whole.
CREATE FUNCTION risk_screen._filtered_roles(workspace text) RETURNS text[]
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE uses (role, relid) AS (
		SELECT r.role, to_regclass(format('%I.%I', workspace, r.role))::oid FROM risk_screen.role AS r
		 UNION
		SELECT u.role, d.refobjid
		  FROM uses AS u
		  JOIN pg_rewrite AS w ON w.ev_class = u.relid
		  JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> u.relid)
	SELECT array_agg(DISTINCT u.role ORDER BY u.role)
	  FROM uses AS u JOIN pg_class AS c ON c.oid = u.relid
	 WHERE c.relrowsecurity AND row_security_active(c.oid)
$$;

CREATE FUNCTION risk_screen._require_newest_snapshot(run regclass, loading boolean) RETURNS void
	AS 'MODULE_PATHNAME', 'rs_require_newest_snapshot'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- 0: rests on no other rule; else one more than the highest it rests on. A ring
-- of a user's own rules ends at ten.
CREATE FUNCTION risk_screen._rule_stage(rests_on text[]) RETURNS int
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE below (code, stage) AS (
		SELECT u, 1 FROM unnest($1) AS u
		 UNION
		SELECT u, b.stage + 1 FROM below AS b JOIN risk_screen.rule AS r ON r.code = b.code CROSS JOIN unnest(r.rests_on) AS u WHERE b.stage < 10)
	SELECT coalesce(max(stage), 0) FROM below
$$;

CREATE PROCEDURE risk_screen.screen(workspace text, as_of date, known_at timestamptz = 'infinity', since date = NULL, at timestamptz = NULL,
									  ruleset text = 'institution', incremental boolean = NULL)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
	-- set here so that they are the caller's again afterwards
	SET TimeZone = 'Asia/Shanghai' SET enable_nestloop = off SET jit = off SET application_name = 'risk_screen' AS $$
DECLARE
	run_row record;
	rules risk_screen.rule[];
	operators text[];
	vals jsonb[];
	hash text;
	n int;
	last_notice timestamptz := clock_timestamp();
	summary record;
	filtered text[];
	base bigint;
	changed datemultirange;
	known jsonb;
	detail text;
	hint text;
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	IF as_of IS NULL OR NOT isfinite(as_of) THEN
		RAISE EXCEPTION 'as_of must be a day' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Give the day to be judged, for example as_of => current_date - 1.';
	END IF;
	since := coalesce(since, as_of - 89);
	IF since > as_of THEN
		RAISE EXCEPTION 'since is later than as_of' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('since is %s, as_of is %s.', since, as_of),
			HINT = 'Leave since out to get the 90 days that end with as_of.';
	END IF;
	known_at := coalesce(known_at, 'infinity');
	PERFORM risk_screen.ruleset_version(coalesce(ruleset, ''), as_of, known_at);	-- must exist before hours are spent
	PERFORM risk_screen._check_screen_rights(workspace);
	filtered := risk_screen._filtered_roles(workspace);
	IF filtered IS NOT NULL THEN
		RAISE NOTICE 'row-level security applies to you in roles %: the run sees your rows only', array_to_string(filtered, ', ');
	END IF;
	PERFORM set_config('TimeZone', current_setting('risk_screen.time_zone'), true);

	-- One run at a time; repeating a run replaces its rows and keeps its number.
	EXECUTE format('LOCK TABLE %I.run IN SHARE ROW EXCLUSIVE MODE', workspace);
	PERFORM risk_screen._require_newest_snapshot(format('%I.run', workspace)::regclass, false);
	-- Rules, operators, values and fingerprint are read by one statement: what
	-- others commit from here on is for the next run. Rules that rest on the
	-- findings of others come after those.
	SELECT array_agg(x ORDER BY risk_screen._rule_stage(x.rests_on), x.code COLLATE "C"),
		   array_agg(risk_screen._hit_operator(CASE WHEN x.severity IS NOT NULL THEN x.parameters[1] END, screen.as_of, x.lines, screen.known_at) ORDER BY risk_screen._rule_stage(x.rests_on), x.code COLLATE "C"),
		   array_agg(risk_screen._parameter_values(x.parameters, screen.as_of, x.lines, screen.known_at) ORDER BY risk_screen._rule_stage(x.rests_on), x.code COLLATE "C"),
		   count(*), risk_screen._rules_hash(screen.as_of, screen.known_at)
	  INTO rules, operators, vals, n, hash
	  FROM risk_screen._rules_at(screen.known_at) AS x
	 WHERE screen.as_of >= x.valid_from AND screen.as_of < x.valid_to;
	FOR i IN 1..n
	LOOP
		rules[i].measures := risk_screen._measures_in_force(rules[i].measures, vals[i]);
	END LOOP;
	EXECUTE format($q$
		INSERT INTO %I.run (as_of, known_at, since, extension_version, rules_hash, filtered_roles, run_by, started_at)
		VALUES ($1, $2, $3, risk_screen.version(), $5, $4, session_user, clock_timestamp())
		ON CONFLICT (as_of, known_at) DO UPDATE SET since = excluded.since, extension_version = excluded.extension_version,
			rules_hash = excluded.rules_hash, filtered_roles = excluded.filtered_roles, run_by = excluded.run_by, started_at = excluded.started_at, finished_at = NULL, base_run = NULL
		RETURNING run_id, as_of, known_at, since$q$, workspace) INTO run_row USING as_of, known_at, since, filtered, hash;
	CALL risk_screen._forget_run(workspace, run_row.run_id);
	IF known_at < 'infinity' THEN
		CALL risk_screen._shadow_roles(workspace, known_at);
	END IF;
	BEGIN
		CALL risk_screen._screen_coverage(workspace, run_row, rules);
		CALL risk_screen._screen_keys(workspace, run_row);
		CALL risk_screen._screen_closure(workspace, run_row);
		CALL risk_screen._screen_money_flow(workspace, run_row);
		CALL risk_screen._screen_names(workspace, run_row);
		CALL risk_screen._screen_digest(workspace, run_row, rules);
	EXCEPTION WHEN data_exception THEN
		-- a value that a mapping cannot convert; every rule over that role would fail of it
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
		RAISE EXCEPTION 'rows of workspace "%" cannot be read: %', workspace, SQLERRM USING ERRCODE = SQLSTATE,
			DETAIL = coalesce(nullif(detail, ''), 'A value of the warehouse does not convert to the type that the role has.'),
			HINT = coalesce(nullif(hint, '') || ' ', '') || format('SELECT * FROM risk_screen.check_mapping(%L) WHERE problem = ''unreadable''; tells which role; convert the value in its mapping.', workspace);
	END;
	IF incremental IS NOT FALSE THEN
		base := risk_screen._base_run(workspace, run_row);
		IF base IS NULL AND incremental THEN
			RAISE NOTICE 'no earlier run to build on: every rule judges the whole window';
		END IF;
	END IF;

	known := risk_screen._filed_columns(workspace, rules);
	RAISE NOTICE 'screening "%" as of %: % rules', workspace, as_of, n;
	FOR i IN 1..n
	LOOP
		CONTINUE WHEN rules[i].after_grading;
		PERFORM set_config('application_name', format('risk_screen: rule %s (%s/%s)', rules[i].code, i, n), true);
		IF clock_timestamp() - last_notice > interval '1 second' THEN
			RAISE NOTICE 'rule % of %: % %', i, n, rules[i].code, rules[i].title_zh;
			last_notice := clock_timestamp();
		END IF;
		-- not among CALL's arguments: there older servers (seen on 16.2) do not see what this run has written
		changed := risk_screen._changed_days(workspace, run_row, base, rules[i], risk_screen._rule_fingerprint(rules[i], operators[i], vals[i]));
		CALL risk_screen._screen_rule(workspace, run_row, rules[i], operators[i], vals[i], base, changed, known);
	END LOOP;
	PERFORM set_config('application_name', 'risk_screen: grades and alerts', true);
	CALL risk_screen._screen_grade(workspace, run_row, rules, ruleset);
	CALL risk_screen._screen_money(workspace, run_row);
	CALL risk_screen._forget_money_flow();
	CALL risk_screen._screen_alert(workspace, run_row, coalesce(at, clock_timestamp()));
	-- what looks at the grades and alerts of this run comes last and charges nobody
	FOR i IN 1..n
	LOOP
		IF rules[i].after_grading THEN
			CALL risk_screen._screen_rule(workspace, run_row, rules[i], operators[i], vals[i], known => known);
		END IF;
	END LOOP;
	CALL risk_screen._keep_rules(workspace, run_row.run_id, rules);
	IF known_at < 'infinity' THEN
		CALL risk_screen._shadow_roles(workspace, 'infinity');
	END IF;

	EXECUTE format($q$
		UPDATE %1$I.run AS r SET finished_at = clock_timestamp(), rules = s.rules, errors = s.errors, unknowns = s.unknowns, findings = s.findings,
			   base_run = CASE WHEN s.carried > 0 THEN $2 END
		  FROM (SELECT count(*) AS rules, count(judged_days) AS carried, count(*) FILTER (WHERE outcome = 'error') AS errors,
					   count(*) FILTER (WHERE outcome = 'unknown') AS unknowns, coalesce(sum(hits), 0) AS findings
				  FROM %1$I.rule_outcome WHERE run_id = $1) AS s
		 WHERE r.run_id = $1 RETURNING r.*$q$, workspace) INTO summary USING run_row.run_id, base;
	-- views and BI tools are planned from these tables; those nobody has ever analyzed count as ten pages
	-- (only their owner may analyze; for an analyst of the desk there is nothing to do)
	EXECUTE coalesce((SELECT 'ANALYZE ' || string_agg(c.oid::regclass::text, ', ' ORDER BY c.relname) FROM pg_class AS c
					   WHERE c.relnamespace = to_regnamespace(quote_ident(workspace)) AND c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE')), 'SELECT');
	RAISE NOTICE 'screened in % s: % findings; % rules could not judge, % failed',
		round(extract(epoch FROM summary.finished_at - summary.started_at), 1), summary.findings, summary.unknowns, summary.errors
		USING HINT = format('SELECT rule, message FROM %I.rule_timing WHERE outcome = ''unknown'' tells what the rules that could not judge lack; SELECT * FROM %I.risk_board shows the institutions.', workspace, workspace);
	IF summary.errors > 0 THEN
		RAISE WARNING '% rules failed', summary.errors
			USING HINT = format('SELECT rule, message FROM %I.rule_timing WHERE outcome = ''error'' tells why.', workspace);
	END IF;
END $$;
COMMENT ON PROCEDURE risk_screen.screen(text, date, timestamptz, date, timestamptz, text, boolean) IS
	'Run every rule over a desk for one day, grade its institutions with the ruleset version active then, raise and de-duplicate alerts with their deadlines; repeating a day replaces it; rules that allow it judge only the days that changed since the run before, unless incremental is false';

CREATE PROCEDURE risk_screen._forget_run(workspace text, run_id bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['rule_outcome', 'rule_day', 'input_digest', 'indicator_value', 'coverage', 'finding', 'grade', 'money_trace', 'related_closure', 'name_hit']
	LOOP
		EXECUTE format('DELETE FROM %I.%I WHERE run_id = $1', workspace, t) USING run_id;
	END LOOP;
END $$;

-- Where lenders' money went, for every lending platform (line P2P).
CREATE PROCEDURE risk_screen._screen_money(workspace text, run_row anyelement)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	platforms text[];
BEGIN
	EXECUTE format('SELECT array_agg(inst_id ORDER BY inst_id) FROM %I.grade WHERE run_id = $1 AND ''P2P'' = ANY (lines)', workspace)
		INTO platforms USING run_row.run_id;
	IF platforms IS NULL OR risk_screen._missing_roles(workspace, '{txn,account}') IS NOT NULL THEN
		RETURN;
	END IF;
	PERFORM set_config('search_path', risk_screen._rule_path(workspace, run_row.known_at < 'infinity'), true);
	EXECUTE format($q$
		WITH money AS MATERIALIZED (
			SELECT * FROM risk_screen.desk_money($2, $3, $4)),
		sums AS (
			SELECT inst_id, account, sum(i) AS received, sum(o) AS sent, sum(h) AS held, sum(x) AS exited, sum(f) AS fee, sum(c) AS cut, min(at) AS first_at, max(at) AS last_at
			  FROM (SELECT inst_id, counterparty AS account, traced AS i, 0 AS o, 0 AS h, 0 AS x, 0 AS f, 0 AS c, paid_at AS at FROM money WHERE kind = 'moved'
					 UNION ALL SELECT inst_id, account, 0, traced, 0, 0, 0, 0, NULL FROM money WHERE kind = 'moved'
					 UNION ALL SELECT inst_id, account, 0, 0, traced, 0, 0, 0, NULL FROM money WHERE kind = 'held'
					 UNION ALL SELECT inst_id, account, 0, 0, 0, traced, 0, 0, NULL FROM money WHERE kind = 'exited'
					 UNION ALL SELECT inst_id, account, 0, 0, 0, 0, traced, 0, NULL FROM money WHERE kind = 'fee'
					 UNION ALL SELECT inst_id, account, 0, 0, 0, 0, 0, traced, NULL FROM money WHERE kind = 'cut') AS u
			 GROUP BY inst_id, account),
		owner AS (SELECT DISTINCT ON (account_id) account_id, owner_id FROM account ORDER BY account_id, owner_id),
		rel AS (SELECT inst_id, party_id FROM risk_screen.desk_related_parties($5))
		INSERT INTO %I.money_trace (run_id, inst_id, account_id, owner_id, first_at, last_at, received, sent, held, exited, fee, cut, related)
		SELECT $1, s.inst_id, s.account, o.owner_id, s.first_at, s.last_at, s.received, s.sent, s.held, s.exited, s.fee, s.cut, r.party_id IS NOT NULL
		  FROM sums AS s
		  LEFT JOIN owner AS o ON o.account_id = s.account
		  LEFT JOIN rel AS r ON r.inst_id = s.inst_id AND r.party_id = o.owner_id
		 -- the account that paid out is where the way begins, not a destination
		 WHERE s.received > 0 OR s.held > 0 OR s.exited > 0 OR s.fee > 0 OR s.cut > 0$q$, workspace)
		USING run_row.run_id, risk_screen.day_start(run_row.since), risk_screen.day_start(run_row.as_of + 1), platforms, run_row.as_of;
	PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
EXCEPTION
	WHEN insufficient_privilege OR query_canceled THEN
		RAISE;
	WHEN OTHERS THEN
		RAISE WARNING 'where lenders'' money went could not be followed: %', SQLERRM;
END $$;
