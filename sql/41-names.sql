CREATE FUNCTION risk_screen.find_terms(body text, lexicons text[] DEFAULT NULL, as_of date DEFAULT NULL,
		OUT lexicon text, OUT term text, OUT category text, OUT effect text, OUT basis text,
		OUT started int, OUT ended int, OUT matched text, OUT disguise text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_find_terms'
	LANGUAGE C STABLE PARALLEL SAFE COST 10 ROWS 2;
COMMENT ON FUNCTION risk_screen.find_terms(text, text[], date) IS
	'Words of the lists (NULL: all active ones) that occur in the text and count on the day (NULL: today); characters from 1, inclusive';

CREATE FUNCTION risk_screen.has_terms(body text, lexicon text, as_of date DEFAULT NULL) RETURNS boolean
	AS 'MODULE_PATHNAME', 'rs_has_terms'
	LANGUAGE C STABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION risk_screen.has_terms(text, text, date) IS
	'Does a word of the list occur in the text and count on the day?';

CREATE FUNCTION risk_screen.term_list(body text, lexicon text, as_of date DEFAULT NULL) RETURNS text[]
	AS 'MODULE_PATHNAME', 'rs_term_list'
	LANGUAGE C STABLE PARALLEL SAFE COST 8;
COMMENT ON FUNCTION risk_screen.term_list(text, text, date) IS
	'The words of the list that occur in the text, each once, in order of first occurrence';

CREATE FUNCTION risk_screen.fold_text(body text) RETURNS text
	AS 'MODULE_PATHNAME', 'rs_fold_text'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION risk_screen.fold_text(text) IS
	'The characters the matcher compares: width, case, traditional, compatibility and digit forms made one, marks and blanks dropped';

CREATE FUNCTION risk_screen.lexicon_stats(lexicon text,
		OUT words bigint, OUT patterns bigint, OUT states bigint, OUT classes bigint,
		OUT bytes bigint, OUT dense boolean, OUT build_ms float8)
	RETURNS record
	AS 'MODULE_PATHNAME', 'rs_lexicon_stats'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen.lexicon_stats(text) IS
	'Size of the compiled list in this backend: words, patterns with disguises, automaton states, character classes, bytes, milliseconds to build';

CREATE FUNCTION risk_screen.screen_name(name text, scope text DEFAULT NULL, province text DEFAULT NULL,
		event text DEFAULT NULL, licences text[] DEFAULT NULL, as_of date DEFAULT NULL, subject text DEFAULT NULL,
		OUT field text, OUT lexicon text, OUT term text, OUT effect text, OUT basis text,
		OUT started int, OUT ended int, OUT category text, OUT control text, OUT matched text,
		OUT disguise text, OUT place text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_screen_name'
	LANGUAGE C STABLE PARALLEL SAFE COST 50 ROWS 2;
COMMENT ON FUNCTION risk_screen.screen_name(text, text, text, text, text[], date, text) IS
	'A registration against every active list that applies: by province, event (existing, new, change, move_in), subject (enterprise, self_employed) and day, minus what the licences held exempt';

CREATE FUNCTION risk_screen.split_name(name text,
		OUT region text, OUT trade_name text, OUT industry text, OUT form text, OUT branch text)
	RETURNS record
	AS 'MODULE_PATHNAME', 'rs_split_name'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION risk_screen.split_name(text) IS
	'Parts of an enterprise name as written: region, trade name, industry, form, and the branch behind the parent''s form; absent parts are NULL';

CREATE FUNCTION risk_screen.name_key(name text, rule text DEFAULT 'same') RETURNS text
	AS 'MODULE_PATHNAME', 'rs_name_key'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 30;
COMMENT ON FUNCTION risk_screen.name_key(text, text) IS
	'Key for an index: equal for names that are the same (rule ''same'': trade name and industry, any order, region, form) or sound the same in industries of one meaning (rule ''near'')';

CREATE FUNCTION risk_screen.name_keys(name text) RETURNS text[]
	AS 'MODULE_PATHNAME', 'rs_name_keys'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 30;
COMMENT ON FUNCTION risk_screen.name_keys(text) IS
	'Keys for a GIN index: two names whose trade names contain or sound like one another share one (&&); check the candidates with similar_names';

CREATE FUNCTION risk_screen.similar_names(a text, b text) RETURNS text
	AS 'MODULE_PATHNAME', 'rs_similar_names'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 60;
COMMENT ON FUNCTION risk_screen.similar_names(text, text) IS
	'The rule of the 2017 comparison rules (企业名称相同相近比对规则) by which two names of one authority are same (3.1 to 3.3) or near (4.1 to 4.5); NULL if none';

CREATE FUNCTION risk_screen.known_region(region text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'rs_known_region_sql'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION risk_screen.known_region(text) IS
	'Does the text begin with a division of China down to counties, full or short (北京, 北京市, 内蒙古, 海淀区), that lies in one province? Where it does not, lists of one jurisdiction are left out';

-- Does the place lie in the region, so that the region does not tell whether a
-- list of the place applies?
CREATE FUNCTION risk_screen._region_around(region text, place text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'rs_region_around_sql'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
