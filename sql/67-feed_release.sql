-- Quarantined rows whose only problem has gone: the key they conflicted with is
-- no longer in force, because a corrected version of the other message gave it
-- up. They come into force with that correction; of several that wait for one
-- key the one received first. Their line in feed_quarantine stays, with the
-- moment; so filed = loaded + quarantined holds at every moment.

-- $1 columns, $2 filer, $3 moment; the number of rows released
CREATE FUNCTION risk_screen._feed_release_statement(workspace text, role text, columns jsonb) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format($q$
		WITH waiting AS MATERIALIZED (
			SELECT q.feed_no, q.row_position, q.content, b.report_date, row_number() OVER (ORDER BY b.received_at, q.feed_no, q.row_position) AS n
			  FROM %1$I.feed_batch AS b JOIN %1$I.feed_quarantine AS q ON q.feed_no = b.feed_no
			 WHERE b.role = %2$L AND b.inst_id = $2 AND b.state = 'partial' AND q.problems = '{:conflict}' AND q.released_at IS NULL),
		k AS MATERIALIZED (
			SELECT w.feed_no, w.row_position, w.report_date, r.*
			  FROM risk_screen._read_feed((SELECT jsonb_agg(x.content ORDER BY x.n) FROM waiting AS x), $1) AS r (feed_position bigint, feed_problems text[], %3$s)
			  JOIN waiting AS w ON w.n = r.feed_position
			 WHERE r.feed_problems IS NULL),
		free AS (
			SELECT DISTINCT ON (%4$s) k.* FROM k
			 WHERE NOT EXISTS (SELECT FROM %1$I.%5$I AS f WHERE %6$s AND f.feed_inst_id = $2 AND f.feed_replaced_at IS NULL)
			 ORDER BY %4$s, k.feed_position),
		kept AS (
			INSERT INTO %1$I.%5$I (feed_no, feed_position, feed_inst_id, feed_date, %7$s)
			SELECT k.feed_no, k.row_position, $2, k.report_date, %8$s FROM free AS k RETURNING feed_no, feed_position),
		marked AS (
			UPDATE %1$I.feed_quarantine AS q SET released_at = $3 FROM kept AS x WHERE q.feed_no = x.feed_no AND q.row_position = x.feed_position),
		counted AS (
			UPDATE %1$I.feed_batch AS b SET loaded = b.loaded + x.n, quarantined = b.quarantined - x.n, state = CASE WHEN b.quarantined = x.n THEN 'loaded' ELSE b.state END
			  FROM (SELECT y.feed_no, count(*) AS n FROM kept AS y GROUP BY y.feed_no) AS x WHERE b.feed_no = x.feed_no)
		SELECT count(*) FROM kept$q$,
		$1, $2, risk_screen._feed_column_types($3),
		string_agg(CASE WHEN c.name = 'inst_id' THEN 'coalesce(k.inst_id, $2)' ELSE format('k.%I', c.name) END, ', ' ORDER BY c.ordinal) FILTER (WHERE c.is_key),
		'filed_' || $2,
		string_agg(CASE WHEN c.name = 'inst_id' THEN 'f.inst_id = coalesce(k.inst_id, $2)'
						WHEN c.required THEN format('f.%1$I = k.%1$I', c.name)
						ELSE format('f.%1$I IS NOT DISTINCT FROM k.%1$I', c.name) END, ' AND ' ORDER BY c.ordinal) FILTER (WHERE c.is_key),
		string_agg(quote_ident(c.name), ', ' ORDER BY c.ordinal),
		string_agg(CASE WHEN c.name = 'known_from' THEN '$3' WHEN c.name = 'inst_id' THEN 'coalesce(k.inst_id, $2)' ELSE format('k.%I', c.name) END, ', ' ORDER BY c.ordinal))
	  FROM risk_screen.role_column AS c WHERE c.role = $2
	-- only rows of an event with a key can conflict
	HAVING bool_or(c.is_key) AND EXISTS (SELECT FROM risk_screen.role AS r WHERE r.role = $2 AND r.day_column IS NOT NULL)
$$;
