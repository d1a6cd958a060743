CREATE FUNCTION risk_screen.scope_items(scope text,
		OUT item_no int, OUT item text, OUT started int, OUT ended int)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_scope_items'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 8;
COMMENT ON FUNCTION risk_screen.scope_items(text) IS
	'Items of a business scope as registries separate them (、，；。 outside brackets); headings such as 一般项目： are left out';

CREATE FUNCTION risk_screen.screen_scope(scope text, province text DEFAULT NULL, event text DEFAULT NULL,
		licences text[] DEFAULT NULL, as_of date DEFAULT NULL,
		OUT item_no int, OUT item text, OUT lexicon text, OUT term text, OUT effect text, OUT basis text,
		OUT started int, OUT ended int, OUT matched text)
	RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 2
BEGIN ATOMIC
	SELECT i.item_no, i.item, f.lexicon, f.term, f.effect, f.basis, f.started, f.ended, f.matched
	  FROM risk_screen.screen_name(NULL, scope, province, event, licences, as_of) AS f
	  LEFT JOIN risk_screen.scope_items(scope) AS i ON f.started BETWEEN i.started AND i.ended
	 ORDER BY f.started, f.ended, f.lexicon, f.term;
END;
COMMENT ON FUNCTION risk_screen.screen_scope(text, text, text, text[], date) IS
	'A business scope against the lists that apply, with the item each hit stands in; exclusion clauses are heeded';

CREATE FUNCTION risk_screen.screen_ad(body text, licences text[] DEFAULT NULL, as_of date DEFAULT NULL, notice_within int DEFAULT NULL,
		OUT finding text, OUT lexicon text, OUT term text, OUT effect text, OUT basis text,
		OUT started int, OUT ended int, OUT matched text, OUT value numeric, OUT disguise text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_screen_ad'
	LANGUAGE C STABLE PARALLEL SAFE COST 50 ROWS 3;
COMMENT ON FUNCTION risk_screen.screen_ad(text, text[], date, int) IS
	'An advertisement: claim (words of the advert lists), yield (a yield word with its number, in value, in percent), licence (business words no licence held covers), no_warning (the first claim of a list that wants a notice, yield or investment product without a risk notice within notice_within characters; in value how far the nearest is)';

CREATE FUNCTION risk_screen._count_terms_step(internal, text, text, date) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_count_terms_step' LANGUAGE C STABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._count_terms_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_count_terms_combine' LANGUAGE C STABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._count_terms_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_count_terms_serialize' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._count_terms_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_count_terms_deserialize' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE FUNCTION risk_screen._count_terms_final(internal) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'rs_count_terms_final' LANGUAGE C STABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.count_terms(body text, lexicon text, as_of date) (
	SFUNC = risk_screen._count_terms_step, STYPE = internal, SSPACE = 8192,
	COMBINEFUNC = risk_screen._count_terms_combine,
	SERIALFUNC = risk_screen._count_terms_serialize, DESERIALFUNC = risk_screen._count_terms_deserialize,
	FINALFUNC = risk_screen._count_terms_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.count_terms(text, text, date) IS
	'Hits per word of a list over all texts: {"word": {"hits": n, "texts": n}}; as_of NULL: today';

CREATE FUNCTION risk_screen.check_lexicon(name text DEFAULT NULL,
		OUT lexicon text, OUT term text, OUT problem text, OUT detail text)
	RETURNS SETOF record
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
	PERFORM risk_screen._lexicon_rights();
	RETURN QUERY
	WITH t AS (
		SELECT t.lexicon, t.term, l.jurisdiction, l.fields, l.events, l.active, t.shipped, t.valid_from, t.valid_to,
			   l.valid_from AS list_from, l.valid_to AS list_to,
			   coalesce(t.effect, l.effect) AS effect,
			   CASE WHEN l.fold THEN risk_screen.fold_text(t.term) ELSE t.term END AS folded
		  FROM risk_screen.term AS t JOIN risk_screen.lexicon AS l ON l.lexicon = t.lexicon
	)
	SELECT t.lexicon, t.term, 'unreachable', 'nothing is left of the word after folding'
	  FROM t WHERE t.folded = '' AND (check_lexicon.name IS NULL OR t.lexicon = check_lexicon.name)
	UNION ALL
	SELECT t.lexicon, t.term, 'unreachable', 'the exception "' || x.phrase || '" covers every occurrence'
	  FROM t JOIN risk_screen.term_exception AS x ON x.lexicon = t.lexicon AND x.term IN ('*', t.term)
	 WHERE x.kind = 'phrase' AND risk_screen.fold_text(x.phrase) = t.folded AND t.folded <> ''
	   AND (check_lexicon.name IS NULL OR t.lexicon = check_lexicon.name)
	UNION ALL
	SELECT t.lexicon, t.term, 'unreachable', 'the word is not in force on any day on which the list is'
	  FROM t WHERE (t.valid_from > t.list_to OR t.valid_to < t.list_from)
	   AND (check_lexicon.name IS NULL OR t.lexicon = check_lexicon.name)
	UNION ALL
	SELECT t.lexicon, t.term, 'duplicate', 'the same after folding as "' || u.term || '"'
	  FROM t JOIN t AS u ON u.lexicon = t.lexicon AND u.folded = t.folded AND u.term < t.term
	 WHERE t.folded <> '' AND (check_lexicon.name IS NULL OR t.lexicon = check_lexicon.name)
	UNION ALL
	SELECT t.lexicon, t.term, 'conflict',
		   'effect ' || t.effect || ' here, ' || u.effect || ' in list "' || u.lexicon || '"'
	  FROM t JOIN t AS u ON u.folded = t.folded AND u.lexicon <> t.lexicon AND u.effect <> t.effect
	 WHERE t.folded <> '' AND t.active AND u.active AND NOT (t.shipped AND u.shipped) AND t.fields && u.fields
	   AND (t.events && u.events OR t.events IS NULL OR u.events IS NULL)
	   AND t.jurisdiction IS NOT DISTINCT FROM u.jurisdiction
	   AND t.valid_from <= u.valid_to AND u.valid_from <= t.valid_to
	   AND t.list_from <= u.list_to AND u.list_from <= t.list_to
	   AND (check_lexicon.name IS NULL OR t.lexicon = check_lexicon.name)
	UNION ALL
	SELECT l.lexicon, NULL, 'unknown jurisdiction', '"' || l.jurisdiction || '" is not a region of China: the list applies nowhere'
	  FROM risk_screen.lexicon AS l
	 WHERE NOT risk_screen.known_region(l.jurisdiction) AND (check_lexicon.name IS NULL OR l.lexicon = check_lexicon.name)
	UNION ALL
	SELECT l.lexicon, NULL, 'any licence', 'licences ''*'' exempts whoever holds any code, a misspelt one too; name the codes'
	  FROM risk_screen.lexicon AS l
	 WHERE ('*' = ANY (l.licences) OR EXISTS (SELECT FROM risk_screen.term AS t WHERE t.lexicon = l.lexicon AND '*' = ANY (t.licences)))
	   AND (check_lexicon.name IS NULL OR l.lexicon = check_lexicon.name)
	UNION ALL
	SELECT t.lexicon, t.term, 'short', 'a single character hits many innocent texts'
	  FROM t WHERE length(t.folded) = 1 AND NOT t.shipped AND (check_lexicon.name IS NULL OR t.lexicon = check_lexicon.name)
	UNION ALL
	SELECT x.lexicon, x.term, 'useless exception', 'the list has no word "' || x.term || '"'
	  FROM risk_screen.term_exception AS x
	 WHERE x.term <> '*' AND NOT EXISTS (SELECT FROM t WHERE t.lexicon = x.lexicon AND t.term = x.term)
	   AND (check_lexicon.name IS NULL OR x.lexicon = check_lexicon.name)
	UNION ALL
	SELECT x.lexicon, x.term, 'useless exception', 'the phrase "' || x.phrase || '" holds no word of the list'
	  FROM risk_screen.term_exception AS x
	 WHERE x.kind = 'phrase'
	   AND NOT EXISTS (SELECT FROM t WHERE t.lexicon = x.lexicon AND x.term IN ('*', t.term) AND t.folded <> ''
						  AND strpos(risk_screen.fold_text(x.phrase), t.folded) > 0)
	   AND (check_lexicon.name IS NULL OR x.lexicon = check_lexicon.name)
	UNION ALL
	SELECT x.lexicon, x.term, 'useless exception', 'nothing is left of "' || x.phrase || '" after folding: it excepts nothing'
	  FROM risk_screen.term_exception AS x
	 WHERE x.kind IN ('clause', 'holder', 'name') AND EXISTS (SELECT FROM unnest(string_to_array(x.phrase, '…')) AS part WHERE part <> '' AND risk_screen.fold_text(part) = '' AND part !~ '[][（）()［］【】〔〕,，;；!！?？。｡]')
	   AND (check_lexicon.name IS NULL OR x.lexicon = check_lexicon.name)
	UNION ALL
	SELECT x.lexicon, x.term, 'useless exception', 'the clause "' || x.phrase || '" has more than one …: what stands behind the second is not read; write two clauses'
	  FROM risk_screen.term_exception AS x
	 WHERE x.kind = 'clause' AND x.phrase LIKE '%…%…%' AND (check_lexicon.name IS NULL OR x.lexicon = check_lexicon.name)
	UNION ALL
	SELECT l.lexicon, NULL, 'empty', 'the list has no word: it finds nothing'
	  FROM risk_screen.lexicon AS l
	 WHERE NOT EXISTS (SELECT FROM risk_screen.term AS t WHERE t.lexicon = l.lexicon) AND (check_lexicon.name IS NULL OR l.lexicon = check_lexicon.name)
	UNION ALL
	-- a misspelt name must not read as a list without mistakes
	SELECT check_lexicon.name, NULL, 'unknown list', 'there is no list of this name: SELECT lexicon FROM risk_screen.lexicon shows them'
	 WHERE check_lexicon.name IS NOT NULL AND NOT EXISTS (SELECT FROM risk_screen.lexicon AS l WHERE l.lexicon = check_lexicon.name)
	ORDER BY 1, 3, 2, 4;
END $$;
COMMENT ON FUNCTION risk_screen.check_lexicon(text) IS
	'Mistakes in a list (NULL: in all): words that can never be found, words that are the same after folding, words with another effect in another list, useless exceptions';
