-- Word lists as rows. Shipped rows are read-only and come with the extension;
-- everybody else's rows are dumped. Keys are natural: no sequence to restore.

CREATE TABLE risk_screen.lexicon (
	lexicon text PRIMARY KEY CHECK (lexicon <> ''),
	title text,
	jurisdiction text,
	fields text[] NOT NULL DEFAULT '{name,scope,advert}'
		CHECK (fields <@ '{name,scope,advert}' AND cardinality(fields) > 0),
	subjects text[] CHECK (cardinality(subjects) > 0),
	events text[] CHECK (events <@ '{existing,new,change,move_in}' AND cardinality(events) > 0),
	effect text NOT NULL DEFAULT 'watch' CHECK (effect IN ('watch', 'reject')),
	control text NOT NULL DEFAULT '重点关注' CHECK (control IN ('禁用', '限用', '重点关注')),
	category text,
	basis text,
	valid_from date NOT NULL DEFAULT '-infinity',
	valid_to date NOT NULL DEFAULT 'infinity',
	licences text[],
	hits text NOT NULL DEFAULT 'all' CHECK (hits IN ('all', 'maximal', 'longest')),
	fold boolean NOT NULL DEFAULT true,
	skip text NOT NULL DEFAULT 'separators' CHECK (skip IN ('nothing', 'separators', 'all')),
	max_gap int NOT NULL DEFAULT 8 CHECK (max_gap BETWEEN 0 AND 1000),
	whole_words boolean NOT NULL DEFAULT true,
	repeats boolean NOT NULL DEFAULT false,
	homophones boolean NOT NULL DEFAULT false,
	look_alikes boolean NOT NULL DEFAULT false,
	split_characters boolean NOT NULL DEFAULT false,
	wants_notice boolean NOT NULL DEFAULT true,
	active boolean NOT NULL DEFAULT true,
	shipped boolean NOT NULL DEFAULT false,
	CONSTRAINT lexicon_valid_from_not_after_valid_to CHECK (valid_from <= valid_to)
);
COMMENT ON TABLE risk_screen.lexicon IS
	'Word lists: where and when they apply, what a hit means, how words are matched. One row is enough: INSERT INTO risk_screen.lexicon (lexicon) VALUES (''mine'')';
COMMENT ON COLUMN risk_screen.lexicon.lexicon IS 'name of the list';
COMMENT ON COLUMN risk_screen.lexicon.jurisdiction IS 'province or city in which it applies, as a prefix of the registry''s name for it (北京 for 北京市); NULL: everywhere';
COMMENT ON COLUMN risk_screen.lexicon.fields IS 'texts it applies to: name, scope (经营范围), advert';
COMMENT ON COLUMN risk_screen.lexicon.subjects IS 'enterprise, self_employed (个体户), branch (分支机构), social (社会组织), fund ...; NULL: all';
COMMENT ON COLUMN risk_screen.lexicon.events IS 'existing, new, change, move_in; NULL: all';
COMMENT ON COLUMN risk_screen.lexicon.effect IS 'what follows a hit: watch or reject';
COMMENT ON COLUMN risk_screen.lexicon.control IS '禁用 (prohibited), 限用 (needs licence or approval), 重点关注 (watch)';
COMMENT ON COLUMN risk_screen.lexicon.basis IS 'document and article the list rests on';
COMMENT ON COLUMN risk_screen.lexicon.valid_from IS 'first day in force';
COMMENT ON COLUMN risk_screen.lexicon.valid_to IS 'last day in force';
COMMENT ON COLUMN risk_screen.lexicon.licences IS 'a subject holding one of these is exempt; ''*'': any licence';
COMMENT ON COLUMN risk_screen.lexicon.hits IS 'all: every occurrence, overlapping ones too; maximal: none inside a longer one; longest: leftmost-longest, none overlapping';
COMMENT ON COLUMN risk_screen.lexicon.fold IS 'compare folded characters (width, case, traditional, compatibility, digit styles)';
COMMENT ON COLUMN risk_screen.lexicon.skip IS 'marks allowed between the characters of a word: nothing (invisible ones only), separators, all (also commas, brackets, quotes)';
COMMENT ON COLUMN risk_screen.lexicon.max_gap IS 'most such marks in a row';
COMMENT ON COLUMN risk_screen.lexicon.whole_words IS 'a word of letters only does not match inside a longer word of letters';
COMMENT ON COLUMN risk_screen.lexicon.repeats IS 'also characters repeated';
COMMENT ON COLUMN risk_screen.lexicon.homophones IS 'also characters of the same toneless pinyin, and the pinyin itself';
COMMENT ON COLUMN risk_screen.lexicon.look_alikes IS 'also characters of nearly the same shape';
COMMENT ON COLUMN risk_screen.lexicon.split_characters IS 'also characters written as their two halves';
COMMENT ON COLUMN risk_screen.lexicon.wants_notice IS 'in an advertisement a hit wants a risk notice near it (screen_ad, no_warning): promises and products do, superlatives do not';
COMMENT ON COLUMN risk_screen.lexicon.active IS 'used when no list is named';
COMMENT ON COLUMN risk_screen.lexicon.shipped IS 'part of the extension: read-only';

CREATE TABLE risk_screen.term (
	lexicon text NOT NULL REFERENCES risk_screen.lexicon ON UPDATE CASCADE ON DELETE CASCADE,
	term text NOT NULL CHECK (term <> ''),
	category text,
	effect text CHECK (effect IN ('watch', 'reject')),
	control text CHECK (control IN ('禁用', '限用', '重点关注')),
	basis text,
	valid_from date NOT NULL DEFAULT '-infinity',
	valid_to date NOT NULL DEFAULT 'infinity',
	licences text[],
	places text[] CHECK (places <@ '{region,trade_name,industry,form,branch,parent}' AND cardinality(places) > 0),
	shipped boolean NOT NULL DEFAULT false,
	PRIMARY KEY (lexicon, term),
	CONSTRAINT term_valid_from_not_after_valid_to CHECK (valid_from <= valid_to)
);
COMMENT ON TABLE risk_screen.term IS 'The words of the lists; what a row leaves NULL comes from its list';
COMMENT ON COLUMN risk_screen.term.places IS 'parts of a name (split_name) in which the word counts: region, trade_name, industry, form, branch, parent (anywhere before a branch of another trade: …投资管理有限公司红光宾馆); NULL: anywhere. Read by screen_name only';
COMMENT ON COLUMN risk_screen.term.licences IS 'a subject holding one of these is exempt from this word; NULL: as the list';

CREATE TABLE risk_screen.term_exception (
	lexicon text NOT NULL REFERENCES risk_screen.lexicon ON UPDATE CASCADE ON DELETE CASCADE,
	kind text NOT NULL CHECK (kind IN ('phrase', 'clause', 'name', 'holder', 'licence', 'withdrawn')),
	phrase text NOT NULL DEFAULT '',
	term text NOT NULL DEFAULT '*' CHECK (term <> ''),
	basis text,
	shipped boolean NOT NULL DEFAULT false,
	PRIMARY KEY (lexicon, kind, phrase, term),
	CONSTRAINT term_exception_phrase_is_not_empty CHECK (kind = 'withdrawn' OR replace(phrase, '…', '') <> ''),
	CONSTRAINT term_exception_clause_has_an_ellipsis CHECK (kind <> 'clause' OR phrase LIKE '%…%')
);
COMMENT ON TABLE risk_screen.term_exception IS 'When a word of a list does not count';
COMMENT ON COLUMN risk_screen.term_exception.kind IS
	'phrase: the word lies inside this phrase (基金 in 基金会); clause: it stands for … in this clause (不得从事…, 除…外, …除外); name: the whole text is this; holder: the subject''s name contains this, or begins (X…) or ends (…X) with it; licence: the subject holds this licence; withdrawn: the word is not applied at all';
COMMENT ON COLUMN risk_screen.term_exception.term IS 'the word it is about; ''*'': all words of the list';

SELECT pg_catalog.pg_extension_config_dump('risk_screen.lexicon', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('risk_screen.term', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('risk_screen.term_exception', 'WHERE NOT shipped');

GRANT SELECT ON risk_screen.lexicon, risk_screen.term, risk_screen.term_exception TO PUBLIC;

-- Both kinds of trigger fire under session_replication_role = replica as well
-- (logical apply): compiled lists must not outlive their rows there either.
CREATE FUNCTION risk_screen._lexicon_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'rs_lexicon_changed' LANGUAGE C;
CREATE FUNCTION risk_screen._lexicon_rights() RETURNS void
	AS 'MODULE_PATHNAME', 'rs_lexicon_rights' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_screen._lexicon_rights() IS 'an error that says what to grant, unless the caller may read the word lists';
CREATE FUNCTION risk_screen._lexicon_protect() RETURNS trigger
	AS 'MODULE_PATHNAME', 'rs_lexicon_protect' LANGUAGE C;

CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON risk_screen.lexicon
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._lexicon_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON risk_screen.term
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._lexicon_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON risk_screen.term_exception
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._lexicon_changed();
CREATE TRIGGER changed_by_row AFTER INSERT OR UPDATE OR DELETE ON risk_screen.lexicon
	FOR EACH ROW EXECUTE FUNCTION risk_screen._lexicon_changed();
CREATE TRIGGER changed_by_row AFTER INSERT OR UPDATE OR DELETE ON risk_screen.term
	FOR EACH ROW EXECUTE FUNCTION risk_screen._lexicon_changed();
CREATE TRIGGER changed_by_row AFTER INSERT OR UPDATE OR DELETE ON risk_screen.term_exception
	FOR EACH ROW EXECUTE FUNCTION risk_screen._lexicon_changed();
CREATE TRIGGER protect BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.lexicon
	FOR EACH ROW EXECUTE FUNCTION risk_screen._lexicon_protect();
CREATE TRIGGER protect BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.term
	FOR EACH ROW EXECUTE FUNCTION risk_screen._lexicon_protect();
CREATE TRIGGER protect BEFORE INSERT OR UPDATE OR DELETE ON risk_screen.term_exception
	FOR EACH ROW EXECUTE FUNCTION risk_screen._lexicon_protect();
CREATE TRIGGER protect_all BEFORE TRUNCATE ON risk_screen.lexicon
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._lexicon_protect();
CREATE TRIGGER protect_all BEFORE TRUNCATE ON risk_screen.term
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._lexicon_protect();
CREATE TRIGGER protect_all BEFORE TRUNCATE ON risk_screen.term_exception
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._lexicon_protect();
ALTER TABLE risk_screen.lexicon ENABLE ALWAYS TRIGGER changed, ENABLE ALWAYS TRIGGER changed_by_row,
	ENABLE ALWAYS TRIGGER protect, ENABLE ALWAYS TRIGGER protect_all;
ALTER TABLE risk_screen.term ENABLE ALWAYS TRIGGER changed, ENABLE ALWAYS TRIGGER changed_by_row,
	ENABLE ALWAYS TRIGGER protect, ENABLE ALWAYS TRIGGER protect_all;
ALTER TABLE risk_screen.term_exception ENABLE ALWAYS TRIGGER changed, ENABLE ALWAYS TRIGGER changed_by_row,
	ENABLE ALWAYS TRIGGER protect, ENABLE ALWAYS TRIGGER protect_all;
