-- Seals of a desk: what a day's rows were, kept apart from the rows, so that
-- every row changed, removed or slipped in afterwards is named.
--
-- Each row gets a seal over its columns (not known_from: that is ours), each
-- day a Merkle root over the seals in their own order, each day's line a head that chains it to
-- the line before. Who can write the rows may also write the book; so publish
-- the newest head, or hand it to a third party, and give it to check_seals().

-- How the rows of a source are read: its relation, key, day, institution, columns.
CREATE FUNCTION risk_screen._seal_source(workspace text, source text, OUT relation text, OUT id text, OUT day text, OUT since text, OUT inst_id text, OUT columns text[])
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	day_column text;
	moment boolean;
BEGIN
	CASE source
		WHEN 'finding' THEN
			relation := format('(SELECT f.*, r.as_of FROM %1$I.finding AS f JOIN %1$I.run AS r USING (run_id) WHERE r.known_at = ''infinity'')', workspace);
			id := 't.rule || ''|'' || t.finding_key';
			day_column := 'as_of';
			moment := false;
			inst_id := 't.inst_id';
			columns := '{as_of,rule,finding_key,rule_version,severity,candidate,subject_kind,subject_id,inst_id,observed,operator,threshold,amount,occurred_at,evidence}';
		WHEN 'evidence' THEN
			relation := format('%I.evidence', workspace);
			id := 't.evidence_id::text';
			day_column := 'registered_at';
			moment := true;
			inst_id := 't.inst_id';
			columns := '{evidence_id,inst_id,case_id,kind,title,uri,content,hash,collected_at,collected_by,registered_at,registered_by}';
		WHEN 'alert_action' THEN
			relation := format('%I.alert_action', workspace);
			id := 't.action_id::text';
			day_column := 'done_at';
			moment := true;
			inst_id := 'NULL::text';
			columns := '{action_id,alert_id,kind,target,done_at,done_by,body}';
		ELSE
			SELECT coalesce(r.day_column, CASE r.role WHEN 'document' THEN 'issued_on' END) INTO day_column FROM risk_screen.role AS r WHERE r.role = source;
			IF day_column IS NULL THEN
				RAISE EXCEPTION 'rows of "%" cannot be sealed by day', source USING ERRCODE = 'invalid_parameter_value',
					HINT = 'Sources are finding, evidence, alert_action, document, and roles with a day: SELECT role FROM risk_screen.role WHERE day_column IS NOT NULL.';
			END IF;
			relation := format('%I.%I', workspace, source);
			SELECT CASE count(*) FILTER (WHERE c.is_key) WHEN 1 THEN max(format('t.%I::text', c.name)) FILTER (WHERE c.is_key)
						ELSE 'concat_ws(''|'', ' || string_agg(format('coalesce(t.%I::text, '''')', c.name), ', ' ORDER BY c.ordinal) FILTER (WHERE c.is_key) || ')' END,
				   coalesce(max('t.inst_id') FILTER (WHERE c.name = 'inst_id'), 'NULL::text'),
				   array_agg(c.name ORDER BY c.ordinal) FILTER (WHERE c.name <> 'known_from'), bool_or(c.name = day_column AND c.type <> 'date')
			  INTO id, inst_id, columns, moment
			  FROM risk_screen.role_column AS c WHERE c.role = source;
	END CASE;
	day := CASE WHEN moment THEN format('(t.%I AT TIME ZONE (SELECT current_setting(''risk_screen.time_zone'')))::date', day_column) ELSE format('t.%I', day_column) END;
	-- scalar subqueries: once a statement, not once a row
	since := CASE WHEN moment THEN format('t.%1$I >= (SELECT risk_screen.day_start($1)) AND t.%1$I < (SELECT risk_screen.day_start($2 + 1))', day_column)
				  ELSE format('t.%1$I >= $1 AND t.%1$I <= $2', day_column) END;
END $$;

-- Rows of a source on days $1 to $2: row_id, inst_id, day, seal.
CREATE FUNCTION risk_screen._seal_query(workspace text, source text, columns text[]) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	-- a row without key is known by its seal
	SELECT format('SELECT coalesce(%s, encode(s.seal, ''hex'')) AS row_id, %s AS inst_id, %s AS day, s.seal FROM %s AS t CROSS JOIN LATERAL (SELECT risk_screen.seal(%s) OFFSET 0) AS s (seal) WHERE %s',
				  coalesce(x.id, 'NULL::text'), x.inst_id, x.day, x.relation,
				  (SELECT string_agg(format('t.%I', c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY AS u (c, n)), x.since)
	  FROM risk_screen._seal_source(workspace, source) AS x
$$;

-- The rows of a source on days $1 to $2 sealed, in pieces; `more` narrows them.
CREATE FUNCTION risk_screen._seal_pieces_query(workspace text, source text, columns text[], more text = '') RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format('SELECT risk_screen._seal_rows(%s, %s) FROM %s AS t WHERE %s%s', coalesce(x.id, 'NULL::text'),
				  (SELECT string_agg(format('t.%I', c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY AS u (c, n)), x.relation, x.since, more)
	  FROM risk_screen._seal_source(workspace, source) AS x
$$;

-- Rows in force of filed roles that came with a message after $4, with it: new
-- ones and corrections. A message must hold as many rows as it counts; a row of an older
-- message must have waited in quarantine.
CREATE FUNCTION risk_screen._late_filed_query(workspace text, source text, columns text[]) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format($q$
		SELECT coalesce(%3$s, encode(risk_screen.seal(%4$s), 'hex')) AS row_id, risk_screen.seal(%4$s) AS seal, t.feed_no
		  FROM %1$I.%2$I AS t JOIN %1$I.feed_batch AS b ON b.feed_no = t.feed_no AND b.role = %6$L AND b.state IN ('loaded', 'partial')
		 WHERE %5$s AND t.feed_replaced_at IS NULL AND b.loaded = (SELECT count(*) FROM %1$I.%2$I AS c WHERE c.feed_no = b.feed_no)
		   AND (b.loaded_at > $4 OR EXISTS (SELECT FROM %1$I.feed_quarantine AS q WHERE q.feed_no = t.feed_no AND q.row_position = t.feed_position AND q.released_at IS NOT NULL))$q$,
		workspace, 'filed_' || source, coalesce(x.id, 'NULL::text'), (SELECT string_agg(format('t.%I', c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY AS u (c, n)), x.since, source)
	  FROM risk_screen._seal_source(workspace, source) AS x
$$;

-- Findings that are corrections: the sealed version is a row of a message that
-- load_feed() has replaced. $1, $2 days, $3 check.
CREATE FUNCTION risk_screen._corrected_query(workspace text, source text, columns text[]) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format($q$
		UPDATE %1$I.seal_finding AS z SET finding = 'corrected'
		  FROM (SELECT coalesce(%3$s, encode(risk_screen.seal(%4$s), 'hex')) AS row_id, risk_screen.seal(%4$s) AS seal
				  FROM %1$I.%2$I AS t JOIN %1$I.feed_batch AS b ON b.feed_no = t.feed_no AND b.role = %6$L AND b.state = 'replaced'
				 WHERE %5$s AND t.feed_replaced_at = b.replaced_at AND b.loaded = (SELECT count(*) FROM %1$I.%2$I AS c WHERE c.feed_no = b.feed_no)) AS f
		 WHERE z.check_no = $3 AND z.finding IN ('changed', 'missing') AND z.row_id = f.row_id AND z.sealed = f.seal$q$,
		workspace, 'filed_' || source, coalesce(x.id, 'NULL::text'), (SELECT string_agg(format('t.%I', c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY AS u (c, n)), x.since, source)
	  FROM risk_screen._seal_source(workspace, source) AS x
$$;

-- What is sealed for source $3 and day $1.
CREATE FUNCTION risk_screen._sealed_query(workspace text) RETURNS text
	LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format('SELECT o.row_id, o.seal FROM %1$I.seal_book AS b JOIN %1$I.row_seal AS o ON o.seal_no = b.seal_no WHERE b.source = $3 AND b.day = $1', workspace)
$$;

CREATE PROCEDURE risk_screen.seal_day(workspace text, day date, sources text[] = '{txn,finding,evidence}', late text = NULL)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO' SET jit = off AS $$
DECLARE
	s text;
	columns text[];
	no bigint;
	last_head bytea;
	last_sealed timestamptz;
	part int;
	n bigint;
	came bytea[];
	unsaid bytea[];
	basis text;
	more text;
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	IF day IS NULL OR NOT isfinite(day) THEN
		RAISE EXCEPTION 'day must be a day' USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the day to be sealed, for example current_date - 1.';
	END IF;
	IF late !~ '\S' THEN
		RAISE EXCEPTION 'late must say why rows came late' USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave it out, or name the letter or message they came with.';
	END IF;
	-- one at a time; an advisory lock, so that INSERT and SELECT are all a sealer needs
	PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws(E'\x1f', 'risk_screen.seal_day', workspace), 0));
	FOREACH s IN ARRAY sources
	LOOP
		SELECT x.columns INTO columns FROM risk_screen._seal_source(workspace, s) AS x;
		IF risk_screen._role_mapped(workspace, s) IS FALSE THEN
			RAISE NOTICE 'role "%" is not mapped: not sealed', s;
			CONTINUE;
		END IF;
		EXECUTE format('SELECT coalesce(max(b.seal_no), 0) + 1, (SELECT x.head FROM %1$I.seal_book AS x ORDER BY x.seal_no DESC LIMIT 1), coalesce(max(b.part) FILTER (WHERE b.source = $1 AND b.day = $2), 0) + 1,'
					   || ' max(b.sealed_at) FILTER (WHERE b.source = $1 AND b.day = $2) FROM %1$I.seal_book AS b', workspace)
		   INTO no, last_head, part, last_sealed USING s, day;
		more := '';
		basis := NULL;
		-- a part after the first holds the rows that came since; what is sealed is never sealed anew
		came := NULL;
		IF part > 1 THEN
			EXECUTE format('WITH sealed AS MATERIALIZED (%s) SELECT array_agg(q.seal) FROM (%s) AS q WHERE q.row_id NOT IN (SELECT o.row_id FROM sealed AS o)',
						   risk_screen._sealed_query(workspace), risk_screen._seal_query(workspace, s, columns)) INTO came USING day, day, s;
			-- once the day is over and sealed, rows come with a message or with a reason, or they do not belong here
			IF last_sealed >= risk_screen.day_start(day + 1) THEN
				basis := late;
				IF basis IS NULL THEN
					unsaid := came;
					came := NULL;
					IF risk_screen._role_filed(workspace, s) THEN
						EXECUTE format('WITH sealed AS MATERIALIZED (%s) SELECT array_agg(f.seal), ''feed '' || string_agg(DISTINCT f.feed_no::text, '', '') FROM (%s) AS f WHERE (f.row_id, f.seal) NOT IN (SELECT o.row_id, o.seal FROM sealed AS o)',
									   risk_screen._sealed_query(workspace), risk_screen._late_filed_query(workspace, s, columns)) INTO came, basis USING day, day, s, last_sealed;
					END IF;
					SELECT count(*) INTO n FROM unnest(unsaid) AS u (seal) WHERE u.seal NOT IN (SELECT c.seal FROM unnest(came) AS c (seal));
					IF n > 0 THEN
						RAISE WARNING '% rows of % came after % was over and sealed, without a declared way: not sealed', n, s, day
							USING HINT = 'check_seals() names them as inserted; late => reason seals them as a further part with that reason.';
					END IF;
				END IF;
			END IF;
			more := format(' AND risk_screen.seal(%s) = ANY ($4)', (SELECT string_agg(format('t.%I', c), ', ' ORDER BY o) FROM unnest(columns) WITH ORDINALITY AS u (c, o)));
		END IF;
		IF part = 1 OR came IS NOT NULL THEN
			EXECUTE format('INSERT INTO %1$I.seal_piece (seal_no, piece, row_ids, seals) SELECT $3, q.piece, q.row_ids, q.seals FROM unnest((%2$s)) AS q', workspace, risk_screen._seal_pieces_query(workspace, s, columns, more))
				USING day, day, no, came;
			EXECUTE format($q$
				INSERT INTO %1$I.seal_book (seal_no, source, day, part, columns, row_count, root, late, head)
				SELECT $1, $2, $3, $4, $5, r.n, r.root, $7, risk_screen.seal_chain(risk_screen.seal($1, $2, $3, $4, $5, r.n, r.root, $7), $6)
				  FROM (SELECT risk_screen._seal_root(p.seals) AS root, coalesce(sum(length(p.seals) / 32), 0)::bigint AS n FROM %1$I.seal_piece AS p WHERE p.seal_no = $1) AS r
				 GROUP BY r.root, r.n$q$, workspace)
				USING no, s, day, part, columns, coalesce(last_head, decode(repeat('00', 32), 'hex')), basis;
		END IF;
	END LOOP;
END $$;
COMMENT ON PROCEDURE risk_screen.seal_day(text, date, text[], text) IS
	'Seal the rows of a day: transfers, findings, registered evidence or any role with a day; called again, what came since is a further part: while the day lasts, with a message of load_feed(), or for the reason given as late; other rows are not sealed and stay findings';

CREATE FUNCTION risk_screen.check_seals(workspace text, first_day date, last_day date, sources text[] = NULL, head bytea = NULL)
	RETURNS TABLE (source text, day date, row_id text, finding text, inst_id text, seal_no bigint, sealed bytea, now bytea)
	LANGUAGE plpgsql ROWS 10 SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO' SET jit = off AS $$
#variable_conflict use_column
DECLARE
	s text;
	x record;
	no bigint;
	several boolean;
	total bigint;
	odd date[];
	root bytea;
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	IF first_day IS NULL OR last_day IS NULL OR first_day > last_day OR NOT isfinite(first_day) OR NOT isfinite(last_day) THEN
		RAISE EXCEPTION 'first_day must be a day not after last_day' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF sources IS NULL THEN
		EXECUTE format('SELECT array_agg(DISTINCT b.source ORDER BY b.source) FROM %I.seal_book AS b WHERE b.day BETWEEN $1 AND $2', workspace) INTO sources USING first_day, last_day;
		-- a book that says nothing of these days may have been wiped: the head is asked for all the same
		IF sources IS NULL AND head IS NOT NULL THEN
			sources := ARRAY['txn'];
		END IF;
	END IF;
	FOREACH s IN ARRAY coalesce(sources, '{}')
	LOOP
		EXECUTE format('INSERT INTO %I.seal_check (source, first_day, last_day, rows_sealed, changed, missing, inserted, book_faults) VALUES ($1, $2, $3, 0, 0, 0, 0, 0) RETURNING check_no', workspace)
		   INTO no USING s, first_day, last_day;
		-- the book: no line missing or altered, and the published head in it
		EXECUTE format($q$
			INSERT INTO %1$I.seal_finding (check_no, source, day, finding, seal_no, sealed, now)
			SELECT $1, b.source, b.day, CASE WHEN b.seal_no <> b.expected_no THEN 'book broken' ELSE 'book altered' END, b.seal_no, b.head, c.head
			  FROM (SELECT k.*, row_number() OVER w AS expected_no, lag(k.head) OVER w AS before FROM %1$I.seal_book AS k WINDOW w AS (ORDER BY k.seal_no)) AS b
			 CROSS JOIN LATERAL (SELECT risk_screen.seal_chain(e.entry, coalesce(b.before, decode(repeat('00', 32), 'hex'))) AS head
								   FROM (SELECT risk_screen.seal(b.seal_no, b.source, b.day, b.part, b.columns, b.row_count, b.root, b.late) AS entry) AS e) AS c
			 WHERE c.head <> b.head OR b.seal_no <> b.expected_no
			UNION ALL
			SELECT $1, $2, NULL, 'head not in book', NULL, $3, NULL WHERE $3 IS NOT NULL AND NOT EXISTS (SELECT FROM %1$I.seal_book AS b WHERE b.head = $3)
			UNION ALL
			SELECT $1, b.source, b.day, 'seals altered', b.seal_no, b.root, r.root
			  FROM %1$I.seal_book AS b
			 CROSS JOIN LATERAL (SELECT risk_screen._seal_root(p.seals) AS root, coalesce(sum(length(p.seals) / 32), 0) AS n, coalesce(sum(cardinality(p.row_ids)), 0) AS k FROM %1$I.seal_piece AS p WHERE p.seal_no = b.seal_no) AS r
			 WHERE b.source = $2 AND b.day BETWEEN $4 AND $5 AND (r.root <> b.root OR r.n <> b.row_count OR r.k <> b.row_count)$q$, workspace)
			USING no, s, head, first_day, last_day;
		EXECUTE format('SELECT count(DISTINCT b.columns) > 1, coalesce(sum(b.row_count), 0) FROM %I.seal_book AS b WHERE b.source = $1 AND b.day BETWEEN $2 AND $3', workspace) INTO several, total USING s, first_day, last_day;
		-- a day whose rows have the root of its seals is as it was; only the others are looked at row by row
		odd := '{}';
		FOR x IN EXECUTE format('SELECT b.day, max(b.columns) AS columns, count(DISTINCT b.columns) AS kinds, (SELECT risk_screen._seal_root(p.seals) FROM %1$I.seal_piece AS p WHERE p.seal_no = ANY (array_agg(b.seal_no))) AS root'
								|| ' FROM %1$I.seal_book AS b WHERE b.source = $1 AND b.day BETWEEN $2 AND $3 GROUP BY b.day ORDER BY b.day', workspace) USING s, first_day, last_day
		LOOP
			root := NULL;
			IF x.kinds = 1 THEN
				EXECUTE format('SELECT risk_screen._seal_root(q.seals) FROM unnest((%s)) AS q', risk_screen._seal_pieces_query(workspace, s, x.columns)) INTO root USING x.day, x.day;
			END IF;
			IF root IS DISTINCT FROM x.root THEN
				odd := odd || x.day;
			END IF;
		END LOOP;
		-- the rows, with the columns they were sealed with: what is on one side only is paired by key
		FOR x IN EXECUTE format('SELECT DISTINCT b.columns FROM %I.seal_book AS b WHERE b.source = $1 AND b.day = ANY ($2)', workspace) USING s, odd
		LOOP
			EXECUTE format($q$
				WITH line AS MATERIALIZED (SELECT b.seal_no, b.day, b.columns = $5 AS same FROM %1$I.seal_book AS b WHERE b.source = $4 AND b.day = ANY ($6)),
				both_sides AS (
					SELECT u.day, u.row_id, u.seal, sum(u.n) AS n, max(u.seal_no) AS seal_no, max(u.inst_id) AS inst_id
					  FROM (SELECT l.day, o.row_id, o.seal, -1 AS n, o.seal_no, NULL::text AS inst_id FROM line AS l JOIN %1$I.row_seal AS o ON o.seal_no = l.seal_no WHERE l.same
							 UNION ALL
							SELECT q.day, q.row_id, q.seal, 1, NULL, q.inst_id FROM (%2$s) AS q WHERE q.day IN (SELECT l.day FROM line AS l WHERE l.same)%3$s) AS u
					 GROUP BY u.day, u.row_id, u.seal HAVING sum(u.n) <> 0),
				one_side AS (
					SELECT b.day, b.row_id, b.seal, b.n > 0 AS here, b.seal_no, b.inst_id, row_number() OVER (PARTITION BY b.row_id, b.n > 0 ORDER BY b.day, b.seal_no DESC, b.seal) AS i
					  FROM both_sides AS b CROSS JOIN generate_series(1, abs(b.n)::int))
				INSERT INTO %1$I.seal_finding (check_no, source, day, row_id, finding, inst_id, seal_no, sealed, now)
				SELECT $3, $4, coalesce(g.day, h.day), coalesce(g.row_id, h.row_id), CASE WHEN h.row_id IS NULL THEN 'missing' WHEN g.row_id IS NULL THEN 'inserted' ELSE 'changed' END,
					   h.inst_id, g.seal_no, g.seal, h.seal
				  FROM (SELECT * FROM one_side WHERE NOT here) AS g FULL JOIN (SELECT * FROM one_side WHERE here) AS h ON h.row_id = g.row_id AND h.i = g.i$q$,
				workspace, risk_screen._seal_query(workspace, s, x.columns),
				CASE WHEN several THEN format(' AND NOT EXISTS (SELECT FROM line AS l JOIN %I.row_seal AS o ON o.seal_no = l.seal_no WHERE NOT l.same AND l.day = q.day AND o.row_id = q.row_id)', workspace) ELSE '' END)
				USING first_day, last_day, no, s, x.columns, odd;
			IF risk_screen._role_filed(workspace, s) THEN
				EXECUTE risk_screen._corrected_query(workspace, s, x.columns) USING first_day, last_day, no;
			END IF;
		END LOOP;
		EXECUTE format($q$
			UPDATE %1$I.seal_check AS k SET rows_sealed = $2, changed = f.changed, missing = f.missing, inserted = f.inserted, corrected = f.corrected, book_faults = f.faults
			  FROM (SELECT count(*) FILTER (WHERE z.finding = 'changed') AS changed, count(*) FILTER (WHERE z.finding = 'missing') AS missing, count(*) FILTER (WHERE z.finding = 'inserted') AS inserted, count(*) FILTER (WHERE z.finding = 'corrected') AS corrected,
						   count(*) FILTER (WHERE z.row_id IS NULL) AS faults FROM %1$I.seal_finding AS z WHERE z.check_no = $1) AS f
			 WHERE k.check_no = $1$q$, workspace) USING no, total;
		RETURN QUERY EXECUTE format('SELECT z.source, z.day, z.row_id, z.finding, z.inst_id, z.seal_no, z.sealed, z.now FROM %I.seal_finding AS z WHERE z.check_no = $1 ORDER BY z.day, z.row_id COLLATE "C", z.finding, z.sealed, z.now', workspace)
			USING no;
	END LOOP;
END $$;
COMMENT ON FUNCTION risk_screen.check_seals(text, date, date, text[], bytea) IS
	'Compare the rows of sealed days with their seals, and the seals with the book: one line per row changed, missing, inserted or legally corrected since, and per tampered line; the check is kept in seal_check and seal_finding';

CREATE FUNCTION risk_screen.seal_proof(workspace text, source text, day date, row_id text)
	RETURNS TABLE (seal_no bigint, root bytea, seal bytea, "position" bigint, seals bigint, proof bytea[])
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	RETURN QUERY EXECUTE format($q$
		SELECT b.seal_no, b.root, l.seal, l."position", b.row_count, (SELECT risk_screen.merkle_proof(a.seal, l."position" ORDER BY a."position") FROM %1$I.row_seal AS a WHERE a.seal_no = l.seal_no)
		  FROM %1$I.seal_book AS b JOIN %1$I.row_seal AS l ON l.seal_no = b.seal_no
		 WHERE b.source = $1 AND b.day = $2 AND l.row_id = $3 ORDER BY b.seal_no, l."position"$q$, workspace)
		USING source, day, row_id;
END $$;
COMMENT ON FUNCTION risk_screen.seal_proof(text, text, date, text) IS
	'Proof for verify_merkle() that one row is in the sealed tree of its day, without showing any other row';

-- The hash an institution files with each transfer (M07), over its contents and the hash before.
CREATE FUNCTION risk_screen.transfer_hash(txn_id text, payer text, payee text, amount numeric, paid_at timestamptz, currency text, prev_hash text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
	RETURN encode(risk_screen.seal(txn_id, payer, payee, amount, paid_at, coalesce(currency, 'CNY'), lower(prev_hash)), 'hex');
COMMENT ON FUNCTION risk_screen.transfer_hash(text, text, text, numeric, timestamptz, text, text) IS
	'Hash of a transfer as filed in txn.hash: SHA-256 (hexadecimal) of the canonical encoding of its fields and the hash of the transfer before';
