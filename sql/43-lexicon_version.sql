-- The versions of a list: a day on which a word comes into force or ends begins
-- a new one. A hit is cited by list and first day of the version.

CREATE FUNCTION risk_screen.lexicon_versions(lexicon text,
		OUT version int, OUT valid_from date, OUT valid_to date, OUT words int, OUT terms text[], OUT basis text, OUT digest text)
	RETURNS SETOF record
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
	PERFORM risk_screen._lexicon_rights();
	RETURN QUERY
	WITH list AS (
		SELECT l.* FROM risk_screen.lexicon AS l WHERE l.lexicon = lexicon_versions.lexicon),
	word AS (
		SELECT t.term, greatest(t.valid_from, l.valid_from) AS valid_from, least(t.valid_to, l.valid_to) AS valid_to
		  FROM risk_screen.term AS t JOIN list AS l ON l.lexicon = t.lexicon
		 WHERE NOT EXISTS (SELECT FROM risk_screen.term_exception AS x WHERE x.lexicon = t.lexicon AND x.kind = 'withdrawn' AND x.term IN ('*', t.term))),
	bound AS (
		SELECT l.valid_from AS day FROM list AS l
		 UNION SELECT w.valid_from FROM word AS w JOIN list AS l ON w.valid_from <= l.valid_to AND w.valid_from < 'infinity'
		 UNION SELECT w.valid_to + 1 FROM word AS w JOIN list AS l ON w.valid_to < l.valid_to AND w.valid_to >= l.valid_from),
	span AS (
		SELECT b.day AS valid_from, coalesce(lead(b.day) OVER (ORDER BY b.day) - 1, l.valid_to) AS valid_to, l.basis
		  FROM bound AS b CROSS JOIN list AS l)
	SELECT (row_number() OVER (ORDER BY s.valid_from))::int, s.valid_from, s.valid_to, w.words, w.terms, s.basis,
		   encode(sha256(convert_to(concat_ws(E'\n', VARIADIC w.terms), 'UTF8')), 'hex')
	  FROM span AS s
	 CROSS JOIN LATERAL (SELECT count(*)::int AS words, coalesce(array_agg(v.term ORDER BY v.term COLLATE "C"), '{}') AS terms
						   FROM word AS v WHERE v.valid_from <= s.valid_from AND v.valid_to >= s.valid_from) AS w
	 ORDER BY s.valid_from;
END $$;
COMMENT ON FUNCTION risk_screen.lexicon_versions(text) IS
	'Versions of a list by date: which words were in force from when to when (withdrawn ones left out), on what basis, and the SHA-256 of the words, one a line';
