-- check_holdings: whatever another function refuses, skips, flags or does not count is listed.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

CREATE TABLE hold (owner text, owned text, share numeric, votes numeric, share_min numeric, share_max numeric, kind text, valid_from date, valid_to date, known_from timestamptz);
CREATE FUNCTION pg_temp.found(statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
	DELETE FROM hold;
	FOR i IN 1 .. cardinality(statements) LOOP
		EXECUTE 'INSERT INTO hold (owner, owned, ' || split_part(statements[i], ': ', 1) || ') VALUES ' || split_part(statements[i], ': ', 2);
	END LOOP;
	SELECT string_agg(concat_ws(' ', finding, quote_literal(company), quote_literal(owner), amount, members), '; ' ORDER BY finding, company, owner, amount) INTO found FROM risk_screen.check_holdings('hold', '2026-11-20', '2026-11-20');
	RETURN found;
END$$;
SELECT is(pg_temp.found(rows), wanted, what) FROM (VALUES
	('clean', $${"share: ('P', 'T', 1)"}$$::text[], NULL),
	('all kinds well spelt', $${"share, kind: ('P', 'T', 0.6, 'Nominee'), ('Q', 'T', 0.4, 'A'), ('P', 'Q', NULL, 'concert'), ('R', 'T', NULL, '一致行动'), ('R', 'Q', NULL, 'ECONOMIC'), ('R', 'Q', 0, 'control')"}$$, $$NOMINEE 'T' 'P' 0.6$$),
	('no owner, no company, neither', $${"share: (NULL, 'T', 0.5), ('P', NULL, 1), (NULL, NULL, 1), ('P', 'T', 1)"}$$, $$NO_COMPANY 'P'; NO_OWNER 'T'; NO_OWNER$$),
	('blank identifiers', $${"share: ('', 'T', 0.5), ('  ', 'T', 0.5), ('P ', 'Q', 1), (' P', 'R', 1)"}$$, $$EMPTY_IDENTIFIER ''; EMPTY_IDENTIFIER '  '$$),
	('misspelt kinds', $${"share, kind: ('P', 'T', 1, NULL), ('Q', 'T', 0, 'contorl'), ('R', 'T', 0, 'contorl'), ('R', 'T', 0, 'Nominee ')"}$$, $$KIND_MISSPELT 1 {"Nominee "}; KIND_MISSPELT 2 {contorl}; ZERO_SHARE 'T' 'Q' 0; ZERO_SHARE 'T' 'R' 0$$),
	('numbers where none counts', $${"share, votes, kind: ('P', 'T', 1, NULL, NULL), ('Q', 'T', 0.3, NULL, 'concert'), ('R', 'T', NULL, 0.2, 'control'), ('R', 'Q', 60, NULL, 'economic')"}$$, $$SHARE_NOT_COUNTED 'Q' 'R' 60; SHARE_NOT_COUNTED 'T' 'Q' 0.3; SHARE_NOT_COUNTED 'T' 'R' 0.2; SHARE_OVER_1 'Q' 'R' 60$$),
	('links to oneself', $${"share, kind: ('P', 'P', NULL, 'concert'), ('P', 'P', NULL, 'control'), ('P', 'T', 0.9, NULL), ('T', 'T', 0.1, NULL)"}$$, $$SELF_LINK 'P' 'P'; SELF_LINK 'P' 'P'; TREASURY 'T' 'T' 0.1$$),
	('dates of rows that are no capital', $${"kind, valid_from, valid_to: ('P', 'Q', 'concert', '2026-01-02', '2026-01-02'), ('P', 'Q', 'control', '2026-01-02', '2026-01-01')"}$$, $$NEVER_VALID 'Q' 'P'; NEVER_VALID 'Q' 'P'$$),
	('ranges', $${"share, share_min, share_max: ('P', 'T', NULL, 0.5, 0.4), ('Q', 'T', 0.1, 0.2, NULL), ('R', 'T', NULL, -0.1, 1.2)"}$$,
		$$RANGE 'T' 'P'; RANGE 'T' 'R'; RANGE_INVERTED 'T' 'P' 0.5; RANGE_OUTSIDE_0_1 'T' 'R' -0.1; RANGE_OUTSIDE_0_1 'T' 'R' 1.2; SHARE_OUTSIDE_RANGE 'T' 'Q' 0.1$$),
	('duplicates, sums, votes', $${"share, votes: ('P', 'T', 0.6, 0.6), ('P', 'T', 0.6, 0.6), ('Q', 'T', 0.5, 0.5), ('P', 'U', 1, 0.5), ('P', 'V', -0.1, NULL), ('Q', 'V', NULL, NULL)"}$$,
		$$DUPLICATE 'T' 'P' 0.6; MISSING 'V' 1.1; NEGATIVE 'V' 'P' -0.1; OVERLAP 'T' 'P'; SUM_OVER_100 'T' 1.1; UNKNOWN_SHARE 'V' 'Q'; VOTES_MISSING 'U' 0.5; VOTES_OVER_100 'T' 1.1$$),
	('rings', $${"share: ('A', 'B', 1), ('B', 'A', 1), ('C', 'D', 0.9), ('D', 'C', 1), ('P', 'D', 0.1), ('E', 'F', 1), ('G', 'F', 1), ('F', 'E', 1), ('F', 'G', 1)"}$$, $$CLOSED_LOOP 2 {A,B}; CYCLE 2 {C,D}; RHO_GE_1 3 {E,F,G}; SUM_OVER_100 'F' 2; VOTES_OVER_100 'F' 2$$),
	('statements that overlap', $${"share, valid_from, valid_to: ('P', 'T', 0.3, '2020-01-01', NULL), ('P', 'T', 0.7, '2024-01-01', NULL)"}$$, $$OVERLAP 'T' 'P'$$),
	('half-open: they do not', $${"share, valid_from, valid_to: ('P', 'T', 0.3, '2020-01-01', '2024-01-01'), ('P', 'T', 1, '2024-01-01', NULL)"}$$, NULL),
	('corrected later', $${"share, valid_from, valid_to, known_from: ('P', 'T', 0.3, '2020-01-01', NULL, '2020-01-01'), ('P', 'T', 0.3, '2020-01-01', '2024-01-01', '2024-02-01'), ('P', 'T', 1, '2024-01-01', NULL, '2024-02-01')"}$$, NULL),
	('corrected too late', $${"share, valid_from, valid_to, known_from: ('P', 'T', 0.3, '2020-01-01', NULL, '2020-01-01'), ('P', 'T', 0.3, '2020-01-01', '2024-01-01', '2026-12-01'), ('P', 'T', 0.7, '2024-01-01', NULL, '2024-02-01')"}$$, $$OVERLAP 'T' 'P'$$),
	('known later', $${"share, known_from: ('P', 'T', 1, '2020-01-01'), ('P', 'T', 60, '2026-12-01')"}$$, NULL),
	('percent', $${"share: ('P', 'T', 60), ('Q', 'T', 40)"}$$, $$PERCENT_INSTEAD_OF_FRACTION 2; SHARE_OVER_1 'T' 'P' 60; SHARE_OVER_1 'T' 'Q' 40; SUM_OVER_100 'T' 100; VOTES_OVER_100 'T' 100$$)
	) v (what, rows, wanted);
-- identifiers of another type
SELECT is((SELECT string_agg(finding, ' ') FROM risk_screen.check_holdings('SELECT i AS owner, 0 AS owned, 0.25 AS share FROM unnest(ARRAY[1, 2, NULL, 3, 4]) i')), 'NO_OWNER', 'integers');
SELECT throws_ok($$SELECT * FROM risk_screen.check_holdings('SELECT 1 AS owner, 2 AS owned, ''NaN''::numeric AS share')$$, '22003', NULL, 'what is no number');
-- of a graph
DELETE FROM hold;
INSERT INTO hold (owner, owned, share, kind, known_from) VALUES ('', 'T', 0.2, NULL, NULL), ('P', 'T', 0.8, NULL, NULL), ('P', 'P', NULL, 'concert', NULL), ('P', 'T', 0.5, 'control', NULL), ('P', 'T', 60, NULL, '2026-12-01');
SELECT risk_screen.create_ownership_graph('hold_g', 'SELECT * FROM hold');
SELECT set_eq(format('SELECT * FROM risk_screen.check_holdings(%L, known_at => %L)', 'graph:hold_g', d), format('SELECT * FROM risk_screen.check_holdings(%L, known_at => %L)', 'hold', d), 'a graph, as known on ' || d)
  FROM unnest('{2026-11-20,2026-12-20}'::text[]) d;
-- whatever a question refuses or flags is found here first
CREATE FUNCTION pg_temp.trouble(row_text text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE said text[];
BEGIN
	SELECT array_agg(DISTINCT f) INTO said FROM (SELECT unnest(l.flags) AS f FROM risk_screen.look_through(row_text, over_one => 'keep') l) x WHERE f NOT IN ('UNKNOWN', 'SELF');
	PERFORM * FROM risk_screen.controllers(row_text);
	PERFORM * FROM risk_screen.control_groups(row_text);
	RETURN said::text;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END$$;
SELECT is((SELECT count(*) FROM (
	SELECT pg_temp.trouble(q) AS trouble, (SELECT count(*) FROM risk_screen.check_holdings(q)) AS findings FROM (
		SELECT format('SELECT %s::text AS owner, %s::text AS owned, %s::numeric AS share, %s::numeric AS votes, %s::numeric AS share_min, %s::numeric AS share_max, %s::text AS kind UNION ALL SELECT ''P'', ''T'', 1, NULL, NULL, NULL, NULL', coalesce(o, 'NULL'), coalesce(c, 'NULL'), coalesce(s, 'NULL'), coalesce(v, 'NULL'), coalesce(lo, 'NULL'), coalesce(hi, 'NULL'), coalesce(k, 'NULL')) AS q
		  FROM unnest('{''P'',''T'',NULL}'::text[]) o, unnest('{''T'',''U'',NULL}'::text[]) c, unnest('{NULL,0,0.5,1,2,-0.1}'::text[]) s, unnest('{NULL,0.4,3}'::text[]) v,
			unnest('{NULL,0.3,-1}'::text[]) lo, unnest('{NULL,0.2,1.5}'::text[]) hi, unnest('{NULL,''nominee'',''control'',''concert'',''contorl'',''A''}'::text[]) k) x) y WHERE trouble IS NOT NULL AND findings = 0), 0::bigint, 'nothing that is refused or flagged is missing from the list');

SELECT * FROM finish();
ROLLBACK;
