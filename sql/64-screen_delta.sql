-- Incremental screening: judge only the days that changed since an earlier run.
--
-- What changed is seen in the data, not announced: every run keeps, for the
-- roles that rules with delta_roles read, the number of rows and the sum of
-- their hashes: per day and over whole rows for roles read by day, as a whole
-- and over the columns that the body names for the others (an institution's
-- new head count changes nothing for a rule that looks at identifiers). Between
-- a base run and this one, a day has changed if its digest is another, if only
-- one of the windows holds it, or if it is up to delta_days after such a day.
-- So late, corrected and vanished rows are all one thing: another digest.
--
-- A rule is judged on its changed days only if it and its values are the same,
-- no register it reads has changed, and every measurement of the base run
-- belonged to one day of its window, with keys of its own. Else the whole
-- window. The rest is taken over; the outcome is that of a whole run.
-- Equal means: up to a collision of 64-bit hashes, and numbers by value.

-- Roles a body names; a word too many costs a whole run, never a wrong one.
CREATE FUNCTION risk_screen._roles_read(body text) RETURNS text[]
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(array_agg(r.role ORDER BY r.role), '{}') FROM risk_screen.role AS r WHERE body ~ ('\m' || r.role || '\M')
$$;

-- Columns of a role that a body names; * if it may take whole rows.
CREATE FUNCTION risk_screen._columns_read(body text, role text) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN body ~* '\mselect\s+(all\s+|distinct\s+)?\*|\.\s*\*|,\s*\*|\mnatural\M|\m(to_jsonb?|row_to_json|table)\M' THEN '*'
				ELSE coalesce(string_agg(c.name, ',' ORDER BY c.ordinal), '') END
	  FROM risk_screen.role_column AS c WHERE c.role = $2 AND body ~ ('\m' || c.name || '\M')
$$;

CREATE FUNCTION risk_screen._rule_fingerprint(r risk_screen.rule, op text, vals jsonb) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT encode(sha256(convert_to(jsonb_build_array(r.code, r.version, r.severity, r.candidate, r.kind, r.body, r.needs, r.parameters, r.delta_roles, r.delta_days, op, vals,
								   current_setting('risk_screen.time_zone'), risk_screen.version())::text, 'UTF8')), 'hex')
$$;

-- The day of a role's row, for rules that judge by day: of registers too that
-- list what happened on a day, though what is filed of them is not by the day.
CREATE FUNCTION risk_screen._delta_column(role text) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(r.day_column, CASE r.role WHEN 'text_item' THEN 'published_at' WHEN 'registration' THEN 'happened_on' WHEN 'penalty' THEN 'decided_on' WHEN 'site' THEN 'found_at' END)
	  FROM risk_screen.role AS r WHERE r.role = $1
$$;

-- What a rule reads: role, columns, whether day by day. Beside roles: the word
-- lists (#words) and the run's related parties (#related), as a whole.
CREATE FUNCTION risk_screen._rule_reads(r risk_screen.rule) RETURNS TABLE (role text, columns text, by_day boolean)
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT n.role, CASE WHEN n.role = ANY (r.delta_roles) THEN '*' ELSE risk_screen._columns_read(r.body, n.role) END, n.role = ANY (r.delta_roles)
	  FROM unnest(risk_screen._roles_read(r.body)) AS n (role)
	 UNION ALL SELECT '#words', '', false WHERE r.body ~ '\m(find_terms|screen_ad|screen_name|screen_scope|term_list|has_terms)\M'
	 UNION ALL SELECT '#related', '', false WHERE r.body ~ '\mdesk_related_parties\M'
$$;

CREATE PROCEDURE risk_screen._screen_digest(workspace text, run_row anyelement, rules risk_screen.rule[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	x record;
BEGIN
	IF EXISTS (SELECT FROM unnest(rules) AS u CROSS JOIN LATERAL risk_screen._rule_reads(u) AS n WHERE u.delta_roles <> '{}' AND n.role = '#words') THEN
		-- the lists as they are, and which words count on the day
		EXECUTE format($q$
			INSERT INTO %I.input_digest (run_id, role, columns, day, row_count, digest)
			SELECT $1, '#words', '', '-infinity', count(*), coalesce(sum(h), 0)
			  FROM (SELECT hash_record_extended(ROW(l, $2 >= l.valid_from AND $2 < l.valid_to), 0) FROM risk_screen.lexicon AS l
					 UNION ALL SELECT hash_record_extended(ROW(t, $2 >= t.valid_from AND $2 < t.valid_to), 0) FROM risk_screen.term AS t
					 UNION ALL SELECT hash_record_extended(e, 0) FROM risk_screen.term_exception AS e) AS w (h)$q$, workspace) USING run_row.run_id, run_row.as_of;
	END IF;
	IF EXISTS (SELECT FROM unnest(rules) AS u CROSS JOIN LATERAL risk_screen._rule_reads(u) AS n WHERE u.delta_roles <> '{}' AND n.role = '#related') THEN
		EXECUTE format('INSERT INTO %1$I.input_digest (run_id, role, columns, day, row_count, digest)'
					   || ' SELECT $1, ''#related'', '''', ''-infinity'', count(*), coalesce(sum(hash_record_extended(ROW(c.inst_id, c.party_id, c.relation, c.steps, c.via, c.share), 0)), 0)'
					   || ' FROM %1$I.related_closure AS c WHERE c.run_id = $1', workspace) USING run_row.run_id;
	END IF;
	FOR x IN SELECT DISTINCT n.role, n.columns, n.by_day, c.name AS day_column, c.type
			   FROM unnest(rules) AS u
			  CROSS JOIN LATERAL risk_screen._rule_reads(u) AS n
			   JOIN risk_screen.role AS r ON r.role = n.role
			   LEFT JOIN risk_screen.role_column AS c ON c.role = r.role AND c.name = risk_screen._delta_column(r.role)
			  WHERE u.delta_roles <> '{}'
	LOOP
		CONTINUE WHEN risk_screen._role_mapped(workspace, x.role) IS NOT TRUE;
		PERFORM set_config('application_name', format('risk_screen: digest of %s', x.role), true);
		EXECUTE format('INSERT INTO %1$I.input_digest (run_id, role, columns, day, row_count, digest)'
					   || ' SELECT $1, %2$L, $4, %3$s, count(*), coalesce(sum(hash_record_extended(%6$s, 0)), 0) FROM %4$s.%2$I AS t%5$s', workspace, x.role,
					   CASE WHEN x.by_day THEN format('coalesce(t.%I::date, ''-infinity'')', x.day_column) ELSE '''-infinity''::date' END,
					   CASE WHEN run_row.known_at < 'infinity' THEN 'pg_temp' ELSE quote_ident(workspace) END,
					   CASE WHEN x.by_day THEN format(CASE x.type WHEN 'date' THEN ' WHERE t.%1$I IS NULL OR t.%1$I >= $2 AND t.%1$I <= $3 GROUP BY 4'
														   ELSE ' WHERE t.%1$I IS NULL OR t.%1$I >= (SELECT risk_screen.day_start($2)) AND t.%1$I < (SELECT risk_screen.day_start($3 + 1)) GROUP BY 4' END, x.day_column)
							ELSE '' END,
					   CASE x.columns WHEN '*' THEN 't' ELSE (SELECT format('ROW(%s)', string_agg('t.' || quote_ident(c), ', ')) FROM unnest(string_to_array(x.columns, ',')) AS c) END)
			USING run_row.run_id, run_row.since, run_row.as_of, x.columns;
	END LOOP;
END $$;

-- The newest finished run of an earlier day; among those the one of the same knowledge.
CREATE FUNCTION risk_screen._base_run(workspace text, run_row anyelement) RETURNS bigint
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	base bigint;
BEGIN
	EXECUTE format('SELECT r.run_id FROM %I.run AS r WHERE r.as_of < $1 AND r.finished_at IS NOT NULL ORDER BY r.as_of DESC, r.known_at = $2 DESC, r.known_at DESC LIMIT 1', workspace)
	   INTO base USING run_row.as_of, run_row.known_at;
	RETURN base;
END $$;

-- Days of the window that a rule must judge anew; NULL: all of them.
CREATE FUNCTION risk_screen._changed_days(workspace text, run_row anyelement, base_run bigint, r risk_screen.rule, fingerprint text) RETURNS datemultirange
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	base record;
	elsewhere boolean;
	days datemultirange;
	span daterange := daterange(run_row.since, run_row.as_of + 1);
BEGIN
	IF base_run IS NULL OR r.delta_roles = '{}' THEN
		RETURN NULL;
	END IF;
	EXECUTE format('SELECT o.fingerprint, b.since, b.as_of FROM %1$I.run AS b JOIN %1$I.rule_outcome AS o ON o.run_id = b.run_id AND o.rule = $2 WHERE b.run_id = $1', workspace)
	   INTO base USING base_run, r.code;
	IF base.fingerprint IS DISTINCT FROM fingerprint OR base.fingerprint IS NULL THEN
		RETURN NULL;
	END IF;
	EXECUTE format($q$
		WITH reads AS (SELECT n.role, n.columns, n.by_day FROM unnest($3, $4, $5) AS n (role, columns, by_day)),
		other AS (
			SELECT n.by_day AND coalesce(a.day, b.day) > '-infinity' AS by_day, coalesce(a.day, b.day) AS day
			  FROM (SELECT * FROM %1$I.input_digest WHERE run_id = $1) AS a
			  FULL JOIN (SELECT * FROM %1$I.input_digest WHERE run_id = $2) AS b ON b.role = a.role AND b.columns = a.columns AND b.day = a.day
			  JOIN reads AS n ON n.role = coalesce(a.role, b.role) AND n.columns = coalesce(a.columns, b.columns)
			 WHERE (a.row_count, a.digest) IS DISTINCT FROM (b.row_count, b.digest))
		SELECT coalesce(bool_or(NOT o.by_day), false), coalesce(range_agg(daterange(o.day, o.day + 1 + $6)) FILTER (WHERE o.by_day), '{}')
		  FROM other AS o WHERE NOT o.by_day OR o.day >= $7$q$, workspace)
	   INTO elsewhere, days
	  USING base_run, run_row.run_id, (SELECT array_agg(n.role ORDER BY n.role) FROM risk_screen._rule_reads(r) AS n), (SELECT array_agg(n.columns ORDER BY n.role) FROM risk_screen._rule_reads(r) AS n),
			(SELECT array_agg(n.by_day ORDER BY n.role) FROM risk_screen._rule_reads(r) AS n), r.delta_days, run_row.since;
	IF elsewhere THEN
		RETURN NULL;
	END IF;
	-- what the base did not see, and days that look back over an edge which has moved
	days := (days + datemultirange(daterange(base.as_of + 1, run_row.as_of + 1))
			 + CASE WHEN run_row.since < base.since THEN datemultirange(daterange(run_row.since, base.since + r.delta_days))
					WHEN run_row.since > base.since THEN datemultirange(daterange(run_row.since, run_row.since + r.delta_days))
					ELSE '{}' END) * datemultirange(span);
	-- many pieces cost a pass each
	IF (SELECT count(*) FROM unnest(days)) > 4 THEN
		days := datemultirange(range_merge(days));
	END IF;
	RETURN CASE WHEN (SELECT sum(upper(d) - lower(d)) FROM unnest(days) AS d) * 2 <= upper(span) - lower(span) THEN days END;
END $$;

-- The body over each range of days, with the days it looks back on before it.
CREATE FUNCTION risk_screen._delta_query(r risk_screen.rule, op text, threshold numeric, days datemultirange, since date) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT string_agg(format('SELECT * FROM (%s) AS q WHERE q.occurred_at IS NULL OR q.occurred_at >= %L',
							 risk_screen._rule_query(
								regexp_replace(regexp_replace(r.body, '\$2(?![0-9])', quote_literal(risk_screen.day_start(greatest(lower(d) - r.delta_days, since))) || '::timestamptz', 'g'),
											   '\$3(?![0-9])', quote_literal(risk_screen.day_start(upper(d))) || '::timestamptz', 'g'), op, threshold),
							 risk_screen.day_start(lower(d))), ' UNION ALL ' ORDER BY d)
	  FROM unnest(days) AS d
$$;

-- Take over what the base run found on the other days; totals of the whole window.
CREATE FUNCTION risk_screen._carry_days(workspace text, run_id bigint, base_run bigint, r risk_screen.rule, days datemultirange, since date,
										OUT measured bigint, OUT hits bigint, OUT unknowns bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE format('INSERT INTO %1$I.finding (run_id, rule, finding_key, rule_version, severity, candidate, subject_kind, subject_id, inst_id, observed, operator, threshold, amount, occurred_at, evidence)'
				   || ' SELECT $1, rule, finding_key, rule_version, severity, candidate, subject_kind, subject_id, inst_id, observed, operator, threshold, amount, occurred_at, evidence'
				   || ' FROM %1$I.finding WHERE run_id = $2 AND rule = $3 AND occurred_at::date >= $4 AND NOT occurred_at::date <@ $5', workspace)
		USING run_id, base_run, r.code, since, days;
	EXECUTE format('INSERT INTO %1$I.rule_day (run_id, rule, day, measured) SELECT $1, rule, day, measured FROM %1$I.rule_day WHERE run_id = $2 AND rule = $3 AND day >= $4 AND NOT day <@ $5', workspace)
		USING run_id, base_run, r.code, since, days;
	EXECUTE format('SELECT (SELECT coalesce(sum(d.measured), 0) FROM %1$I.rule_day AS d WHERE d.run_id = $1 AND d.rule = $2),'
				   || ' (SELECT count(*) FROM %1$I.finding AS f WHERE f.run_id = $1 AND f.rule = $2),'
				   || ' (SELECT count(*) FROM %1$I.indicator_value AS v WHERE v.run_id = $1 AND v.rule = $2 AND v.status = ''unknown'')', workspace)
		INTO measured, hits, unknowns USING run_id, r.code;
END $$;
