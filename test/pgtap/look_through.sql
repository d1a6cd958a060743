-- Look-through: corner cases, options, dates, errors, privileges.
BEGIN;
SELECT no_plan();

-- holdings from a compact text: 'owner>owned:share ...'
CREATE FUNCTION pg_temp.h(edges text) RETURNS text LANGUAGE sql AS $$
	SELECT format($q$SELECT split_part(e, '>', 1) AS owner, split_part(split_part(e, '>', 2), ':', 1) AS owned,
		nullif(split_part(e, ':', 2), '')::numeric AS share FROM unnest(string_to_array(%L, ' ')) e WHERE e <> ''$q$, edges)
$$;
CREATE FUNCTION pg_temp.look(edges text, target text, VARIADIC more text[] DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(coalesce(party, '-') || '=' || coalesce(round(total, 12)::float8::text, 'null') ||
		CASE WHEN net <> total THEN '/' || round(net, 12)::float8 ELSE '' END || CASE WHEN ultimate THEN '*' ELSE '' END,
		' ' ORDER BY party COLLATE "C" NULLS LAST, total)
	  FROM risk_screen.look_through(pg_temp.h(edges), ARRAY[target])
$$;
CREATE FUNCTION pg_temp.flags(edges text, target text, of_party text) RETURNS text LANGUAGE sql AS $$
	SELECT array_to_string(flags, ',') FROM risk_screen.look_through(pg_temp.h(edges), ARRAY[target]) WHERE party IS NOT DISTINCT FROM of_party
$$;

-- ---- the table of corner cases in methods/ownership.md ----
SELECT is(pg_temp.look('X>C:0.8 C>C:0.2', 'C'), 'C=0.25/0.2 X=1*', 'own shares of 20 % fall to the holders');
SELECT is(pg_temp.flags('X>C:0.8 C>C:0.2', 'C', 'X'), 'TREASURY', 'own shares are flagged');
SELECT is(pg_temp.look('C>C:1', 'C'), 'C=null -=1*', 'a company that holds itself entirely has no owner');
SELECT is(pg_temp.look('A>B:1 B>A:1 B>T:0.4 R>T:0.6', 'T'), 'A=null B=null R=0.6* -=0.4*', 'a closed ring leaves the rest of the target computable');
SELECT is(pg_temp.look('A>B:0.999 B>A:0.999 R>A:0.001 S>B:0.001', 'A'),
	'A=499.250125062531/0.998001 B=499.749874937469/0.999 R=0.500250125063* S=0.499749874937*', 'a ring of 99.9 %');
SELECT is((SELECT round(net, 11) FROM risk_screen.look_through(pg_temp.h('A>B:0.999999999999 B>A:0.999999999999 R>A:0.000000000001 S>B:0.000000000001'), '{A}') WHERE party = 'R'),
	round(0.5, 11), 'a ring that is open by a billionth of a thousandth keeps full accuracy');
SELECT is(pg_temp.look('P>C1:1 C1>P:0.1', 'C1'), 'C1=0.111111111111/0.1 P=1.111111111111/1 -=1*', 'published example: 111.11 % total, 100 % net');
SELECT is(pg_temp.look('R>C:0.3 C>D:0.5', 'D'), 'C=0.5 R=0.15* -=0.85*', 'unknown mass along the chain');
SELECT is(pg_temp.flags('R>C:0.3 C>D:1', 'D', 'R'), 'MISSING', 'missing holders are flagged');
SELECT is(pg_temp.look('P>H1:1 P>H2:1 H1>T:0.15 H2>T:0.15', 'T'), 'H1=0.15 H2=0.15 P=0.3* -=0.7*', 'chains of one owner are added up');
SELECT is(pg_temp.look('A>C:0.8 B>C:0.7', 'C'), 'A=0.8* B=0.7*', 'sums over 100 % are kept');
SELECT is(pg_temp.flags('A>C:0.8 B>C:0.7', 'C', 'B'), 'SUM_OVER_100', '... and flagged');
SELECT is((SELECT string_agg(party || '=' || total, ' ' ORDER BY party) FROM risk_screen.look_through(pg_temp.h('A>C:0.9 B>C:0.6'), over_one => 'normalise')),
	'A=0.6 B=0.4', 'or scaled to 1 on demand');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through(pg_temp.h('A>C:0.9 B>C:0.6'), over_one => 'error')$$,
	'23514', 'holdings of 1 companies sum to more than 1', 'or refused');
SELECT is(pg_temp.look('A>B:0.9 B>A:0.7 B>A:0.5 R>A:0.3', 'A'), 'A=null B=null R=null* -=null*', 'spectral radius over 1: no numbers at all');
SELECT is(pg_temp.flags('A>B:0.9 B>A:0.7 B>A:0.5 R>A:0.3', 'A', 'R'), 'RHO_GE_1,SUM_OVER_100,MISSING', '... and a flag that says so, above the ring too');
SELECT is(pg_temp.look('A>B:0.8 B>A:0.75 B>A:0.5', 'A'), 'A=null B=null -=null*', 'spectral radius exactly 1 with sums over 100 %');
SELECT is(pg_temp.look('A>T: B>T:0.6', 'T'), 'A=0* B=0.6* -=0.4*', 'a link of unknown size is kept, and counts nothing');
SELECT is(pg_temp.flags('A>T: B>T:0.6', 'T', 'A'), 'MISSING,UNKNOWN_SHARE', '... flagged');
SELECT is((SELECT direct FROM risk_screen.look_through(pg_temp.h('A>T: B>T:0.6'), '{T}') WHERE party = 'A'), NULL, '... and its direct share is NULL');
SELECT is(pg_temp.flags('A>T:0 B>T:1', 'T', 'A'), 'ZERO_SHARE', 'an empty link is flagged');
SELECT is(pg_temp.look('A>T:0.0898 A>T:0.0898 B>T:0.5', 'T'), 'A=0.0898* B=0.5* -=0.4102*', 'a repeated row counts once');
SELECT is(pg_temp.flags('A>T:0.0898 A>T:0.0898 B>T:0.5', 'T', 'A'), 'MISSING,DUPLICATE', '... flagged');
SELECT is(pg_temp.look('A>T:0.1 A>T:0.2', 'T'), 'A=0.3* -=0.7*', 'different rows are added up');
SELECT is((SELECT total FROM risk_screen.look_through($$SELECT 'A' AS owner, 'T' AS owned, 0.1 AS share, k AS kind FROM unnest('{A-share,H-share}'::text[]) k$$) WHERE party = 'A'),
	0.2, 'equal rows of different kinds are added up');
SELECT is((SELECT total FROM risk_screen.look_through(pg_temp.h((SELECT string_agg('c' || i || '>c' || i + 1 || ':1', ' ') FROM generate_series(1, 3000) i)), '{c3001}') WHERE party = 'c1'),
	1::numeric, '3,000 levels');
SELECT is((SELECT count(*)::int FROM risk_screen.look_through($$SELECT 'p' || i AS owner, 'T' AS owned, 0.000001 AS share FROM generate_series(1, 100000) i$$, '{T}')),
	100001, 'a hundred thousand holders');
SELECT is((SELECT total FROM risk_screen.look_through($$SELECT 'p' || i AS owner, 'T' AS owned, 0.00001 AS share FROM generate_series(1, 90000) i$$, '{T}') WHERE party IS NULL),
	0.1, '... leave exactly the rest');
SELECT is((SELECT total FROM risk_screen.look_through($$SELECT 'A' AS owner, 'T' AS owned, 1.0/3 AS share$$, '{T}') WHERE party = 'A'), 0.333333333333333, 'twenty digits are read, fifteen shown');
SELECT is((SELECT total FROM risk_screen.look_through(pg_temp.h('A>T:0.1 B>T:0.05 P>A:1 P>B:1 P>T:0.1'), '{T}') WHERE party = 'P'), 0.25, '25 % of decimal parts is exactly 25 %');

-- ---- targets, directions, limits ----
SELECT is((SELECT format('%s %s %s', party, total, flags) FROM risk_screen.look_through(pg_temp.h('A>B:1'), '{A}')), ' 1 {UNKNOWN,NO_HOLDERS}', 'a target without holders says so');
SELECT is((SELECT format('%s %s %s', party, total, flags) FROM risk_screen.look_through(pg_temp.h('A>B:1'), '{nobody}')), ' 1 {UNKNOWN,NO_HOLDERS}', 'a target that is not there too');
SELECT is_empty($$SELECT * FROM risk_screen.look_through(pg_temp.h(''))$$, 'no holdings, no rows');
SELECT is_empty($$SELECT * FROM risk_screen.look_through(pg_temp.h('A>B:1'), '{}')$$, 'no targets, no rows');
SELECT is((SELECT count(*)::int FROM risk_screen.look_through(pg_temp.h('A>B:1'), '{B,B}')), 1, 'a target asked twice is answered once');
SELECT is((SELECT string_agg(coalesce(party, '-') || '=' || total || array_to_string(flags, ','), ' ' ORDER BY party) FROM risk_screen.look_through(pg_temp.h('P>H1:0.6 H1>H2:0.6 H2>T:0.6'), '{T}', max_layers => 1)),
	'H2=0.6MISSING -=0.216LAYERS_CUT -=0.784UNKNOWN', 'max_layers hides rows and says what they hold');
SELECT is((SELECT string_agg(party || '=' || total, ' ' ORDER BY party) FROM risk_screen.look_through(pg_temp.h('P>H1:0.6 H1>H2:0.6 H2>T:0.6 Q>T:0.4'), '{P}', 'holdings')),
	'H1=0.6 H2=0.36 T=0.216', 'downwards');
SELECT is((SELECT string_agg(coalesce(party, '-') || '=' || total, ' ' ORDER BY party) FROM risk_screen.look_through(pg_temp.h('F>G:0.7 F>short:-0.1 F>cash:0.3 G>bond:0.5 G>cash:0.5'), '{F}', 'assets') WHERE ultimate),
	'bond=0.35 cash=0.65 short=-0.1 -=0.1', 'assets: lines merged, negative kept, rest shown');
SELECT is((SELECT string_agg(coalesce(party, '-') || '=' || coalesce(total::text, 'null'), ' ' ORDER BY party) FROM risk_screen.look_through(pg_temp.h('F>G:-2 G>F:1'), '{F}', 'assets')),
	'F=null G=null -=null', 'a ring of short positions without a limit has no number');
SELECT is((SELECT array_agg(flags) FROM risk_screen.look_through(pg_temp.h('F>G:-0.5 G>b:1'), '{F}', 'assets') WHERE party = 'b')::text, '{{MISSING,NEGATIVE}}', 'negative weights are flagged');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through(pg_temp.h('A>B:-0.1'))$$, '22003', NULL, 'a negative share of owners is a bad row');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through(pg_temp.h('A>B:1'), direction => 'up')$$, '22023', 'unknown direction "up"', 'unknown direction');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through(pg_temp.h('A>B:1'), over_one => 'clip')$$, '22023', 'unknown over_one option "clip"', 'unknown over_one');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through(pg_temp.h('A>B:1'), max_layers => 0)$$, '22023', NULL, 'max_layers 0');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through(NULL)$$, '22004', NULL, 'NULL query');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through(pg_temp.h('A>B:1'), '{B,NULL}')$$, '22004', NULL, 'NULL target');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through('SELECT 1 AS owner, 2 AS owned')$$, '42703', 'the holdings query has no column "share"', 'no share column');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through('SELECT 1 AS owner, NULL::int AS owned, 1 AS share')$$, '22004', NULL, 'NULL owned');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through('SELECT 1 AS owner, 2 AS owned, ''NaN''::numeric AS share')$$, '22003', NULL, 'NaN share');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through('SELECT 1 AS owner, 2 AS owned, 1e20 AS share UNION ALL SELECT 1, 3, 1e-30')$$, '22003', NULL, 'shares beyond 38 digits');

-- ---- kinds, ranges ----
SELECT is((SELECT string_agg(coalesce(party, '-') || '=' || total || array_to_string(flags, ','), ' ' ORDER BY party)
	FROM risk_screen.look_through($$SELECT * FROM (VALUES ('A', 'T', 0.3, 'Nominee'), ('B', 'T', 0.2, NULL), ('V', 'T', 0.9, 'control'), ('S', 'T', 0.9, 'economic')) v (owner, owned, share, kind)$$)),
	'A=0.3MISSING,NOMINEE B=0.2MISSING -=0.5UNKNOWN', 'control and dependence carry no capital, nominees are flagged');
CREATE TABLE bands AS SELECT * FROM (VALUES ('P', 'H', NULL::numeric, 0.25, 0.5), ('Q', 'H', 0.3, NULL, NULL), ('H', 'T', 1, NULL, NULL)) v (owner, owned, share, share_min, share_max);
SELECT is((SELECT string_agg(concat_ws(' ', coalesce(party, '-'), coalesce(total::text, 'null'), total_min, total_max), ', ' ORDER BY party) FROM risk_screen.look_through('bands', '{T}')),
	'H 1 1 1, P null 0.25 0.5, Q 0.3 0.3 0.3, - null 0.2 0.45', 'ranges give bounds');
INSERT INTO bands VALUES ('R', 'H', NULL, 0.4, 0.5);
SELECT is((SELECT string_agg(concat_ws(' ', party, total_min, total_max), ', ' ORDER BY party) FROM risk_screen.look_through('bands', '{T}') WHERE 'RANGE' = ANY (flags) AND party IS NOT NULL),
	'P 0.25 0.3, R 0.4 0.45', 'a maximum is at most what the others'' minimums leave');
SELECT is((SELECT array_agg(direct) FROM risk_screen.look_through('bands', '{H}') WHERE party IS NULL), '{NULL}'::numeric[], 'what nobody holds directly has no number beside ranges');
CREATE TABLE wide (owner text, owned text, share numeric, share_min numeric, share_max numeric);
INSERT INTO wide VALUES ('P', 'H', NULL, 0.6, 0.8), ('Q', 'H', NULL, 0.5, 0.7), ('S', 'H', 0.1, NULL, NULL), ('H', 'T', 1, NULL, NULL);
SELECT is((SELECT string_agg(concat_ws(' ', party, total_min, total_max, nullif(array_to_string(flags, ','), '')), ', ' ORDER BY party) FROM risk_screen.look_through('wide', '{T}')),
	'H 1 1, P 0.6 0.8 SUM_OVER_100,RANGE, Q 0.5 0.7 SUM_OVER_100,RANGE, S 0.1 0.1 SUM_OVER_100', 'minimums over 1: the ranges stay as filed, and the sum is flagged');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through('wide', over_one => 'error')$$, '23514', 'holdings of 1 companies sum to more than 1', '... or refused');
SELECT is((SELECT string_agg(concat_ws(' ', party, coalesce(total::text, 'null'), total_min, total_max), ', ' ORDER BY party) FROM risk_screen.look_through('wide', '{H}', over_one => 'normalise')),
	'P null 0.375 0.666666666666667, Q null 0.3125 0.583333333333333, S null 0.0625 0.083333333333333', '... or scaled, by the greatest and the least sum that the ranges allow');
SELECT is((SELECT string_agg(concat_ws(' ', finding, company, amount), ', ' ORDER BY finding, company) FROM risk_screen.check_holdings('wide') WHERE finding <> 'RANGE'), 'SUM_OVER_100 H 1.2', 'check_holdings says so');
UPDATE wide SET share_min = 0.4, share_max = 0.5 WHERE owner = 'Q';
UPDATE wide SET share_min = 0.5 WHERE owner = 'P';
SELECT is((SELECT string_agg(concat_ws(' ', party, total_min, total_max, nullif(array_to_string(flags, ','), '')), ', ' ORDER BY party) FROM risk_screen.look_through('wide', '{H}', over_one => 'error')),
	'P 0.5 0.5 RANGE, Q 0.4 0.4 RANGE, S 0.1 0.1', 'minimums of exactly 1 settle everything: nothing is missing, nothing is over');
SELECT is((SELECT string_agg(concat_ws(' ', party, total_min, total_max), ', ' ORDER BY party) FROM risk_screen.look_through('wide', '{H}', over_one => 'normalise')),
	'P 0.5 0.5, Q 0.4 0.4, S 0.1 0.1', '... and nothing is scaled');
UPDATE wide SET share_min = 0.3, share_max = 0.8 WHERE owner = 'Q';
SELECT is((SELECT string_agg(concat_ws(' ', party, total_min, total_max), ', ' ORDER BY party) FROM risk_screen.look_through('wide', '{H}', over_one => 'normalise') WHERE party IS NOT NULL),
	'P 0.5 0.6, Q 0.3 0.4, S 0.1 0.1', 'maximums over 1 are no sum over 1');
SELECT is_empty($$SELECT * FROM risk_screen.check_holdings('wide') WHERE finding IN ('MISSING', 'SUM_OVER_100')$$, '... and nothing is surely missing');
UPDATE wide SET share_max = 0.2 WHERE owner = 'Q';
SELECT throws_ok(format('SELECT * FROM risk_screen.%s', f), '23514', 'column "share_min" of the holdings query is above its upper bound', 'a range upside down is refused: ' || f)
  FROM unnest(ARRAY[$$look_through('wide')$$, $$look_through('wide', '{T}')$$, $$look_through('wide', '{P}', 'holdings')$$, $$look_through('wide', '{Q}', 'assets')$$, $$controllers('wide')$$,
	$$beneficial_owners('wide', 'SELECT ''P'' AS party, ''person'' AS kind')$$, $$control_groups('wide')$$, $$related_parties('wide', '{T}')$$, $$ownership_paths('wide', 'T', 'Q')$$,
	$$product_layers('wide', 'SELECT ''H'' AS party')$$, $$product_violations('wide', 'SELECT ''H'' AS party')$$, $$final_investors('wide', 'SELECT ''H'' AS party')$$]) AS f;
SELECT is((SELECT string_agg(concat_ws(' ', party, total_min, total_max), ', ' ORDER BY party) FROM risk_screen.look_through('wide', '{H}', bad_rows => 'skip') WHERE party IS NOT NULL),
	'P 0.5 0.8, S 0.1 0.1', '... or left out on demand');
SELECT is((SELECT string_agg(concat_ws(' ', company, owner, amount), ', ') FROM risk_screen.check_holdings('wide') WHERE finding = 'RANGE_INVERTED'), 'H Q 0.3', '... and listed');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through('SELECT ''a'' AS owner, ''b'' AS owned, 0.30::numeric(3,2) AS share_min, 0.2999::numeric(5,4) AS share_max')$$, '23514', NULL, '... whatever the digits of its bounds');

-- ---- time ----
CREATE TABLE dated (owner text, owned text, share numeric, valid_from date, valid_to date);
INSERT INTO dated VALUES ('A', 'T', 1, '2020-01-01', '2021-01-01'), ('B', 'T', 1, '2021-01-01', NULL), ('C', 'B', 1, NULL, '2021-06-30'), ('Z', 'T', 1, '2020-05-01', '2020-05-01');
SELECT is((SELECT string_agg(party, ',' ORDER BY party) FROM risk_screen.look_through('dated', '{T}', as_of => '2020-12-31')), 'A', 'the day before');
SELECT is((SELECT string_agg(party, ',' ORDER BY party) FROM risk_screen.look_through('dated', '{T}', as_of => '2021-01-01')), 'B,C', 'half-open: the new holder counts on the day');
SELECT is((SELECT string_agg(party, ',' ORDER BY party) FROM risk_screen.look_through('dated', '{T}', as_of => '2021-06-30')), 'B', 'all links of a chain on the same day');
SELECT is((SELECT string_agg(party, ',' ORDER BY party) FROM risk_screen.look_through('dated', '{T}', as_of => '2020-05-01')), 'A', 'a row of no length is never valid');
SELECT is((SELECT string_agg(coalesce(party, '-') || array_to_string(flags, ','), ',' ORDER BY party) FROM risk_screen.look_through('dated', '{T}', as_of => '2019-01-01')), '-UNKNOWN,NO_HOLDERS', 'before all rows');
SELECT is((SELECT string_agg(party, ',' ORDER BY party) FROM risk_screen.look_through('dated', '{T}')), 'B', 'today, if no day is given');
SELECT is((SELECT format('%s %s', valid_from, valid_to) FROM risk_screen.ownership_paths('dated', 'T', 'C', as_of => '2021-02-01')), '2021-01-01 2021-06-30', 'a path holds where all its links do');
CREATE TABLE told (owner text, owned text, share numeric, valid_from date, valid_to date, known_from timestamptz);
INSERT INTO told VALUES ('A', 'T', 0.4, '2020-01-01', NULL, '2020-01-05'), ('A', 'T', 0.6, '2020-01-01', NULL, '2020-03-01'), ('A', 'T', 0.6, '2020-01-01', '2020-05-01', '2020-06-01');
SELECT is((SELECT total FROM risk_screen.look_through('told', '{T}', as_of => '2020-02-01', known_at => '2020-02-01') WHERE party = 'A'), 0.4, 'as it was known then');
SELECT is((SELECT total FROM risk_screen.look_through('told', '{T}', as_of => '2020-02-01') WHERE party = 'A'), 0.6, 'as it is known now');
SELECT is((SELECT count(*)::int FROM risk_screen.look_through('told', '{T}', as_of => '2020-07-01') WHERE party = 'A'), 0, 'a restated end is believed, the older open row is not');
SELECT is((SELECT count(*)::int FROM risk_screen.look_through('told', '{T}', as_of => '2020-02-01', known_at => '2019-01-01') WHERE party = 'A'), 0, 'before anything was known');

-- ---- identifiers of any type ----
SELECT is((SELECT string_agg(coalesce(party, '-') || '=' || total, ' ' ORDER BY party) FROM risk_screen.look_through('SELECT 7::bigint AS owner, 8::int AS owned, 0.5::float8 AS share', '{8}')), '7=0.5 -=0.5', 'bigint and int');
SELECT is((SELECT party FROM risk_screen.look_through($$SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS owner, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'::uuid AS owned, 1 AS share$$, '{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12}')),
	'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'uuid');
-- ---- a share above 1, and bad rows that do not matter ----
SELECT throws_ok($$SELECT * FROM risk_screen.look_through(pg_temp.h('A>C:60 B>C:40'))$$, '22003', 'column "share" of the holdings query is above 1', 'percent instead of fractions is an error');
SELECT throws_ok($$SELECT * FROM risk_screen.controllers(pg_temp.h('A>C:1.0001'))$$, '22003', 'column "share" of the holdings query is above 1', '... for every function that takes fractions');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through('SELECT 1 AS owner, 2 AS owned, 0.5 AS share, 50 AS votes', direction => 'holdings') UNION ALL SELECT * FROM risk_screen.look_through('SELECT 1 AS owner, 2 AS owned, 50 AS share', direction => 'holdings')$$, '22003', 'column "share" of the holdings query is above 1', '... downwards too');
SELECT is((SELECT string_agg(party || '=' || total, ' ') FROM risk_screen.look_through(pg_temp.h('A>C:1.5 B>C:1'), bad_rows => 'skip')), 'B=1', 'or is left out on demand');
SELECT is((SELECT string_agg(party || '=' || total, ' ' ORDER BY party) FROM risk_screen.look_through(pg_temp.h('P>bond:1.3 P>repo:-0.3'), '{P}', 'assets') WHERE ultimate), 'bond=1.3 repo=-0.3', 'a leveraged product is no mistake');
CREATE TEMP TABLE far AS SELECT i AS owner, i + 1 AS owned, 0.5 AS share FROM generate_series(1, 200) i;
INSERT INTO far VALUES (900, 901, -0.1);
SELECT is((SELECT count(*)::int FROM risk_screen.look_through('far', '{100}')), 100, 'a bad row that the target has nothing to do with: 99 owners and the unknown rest');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through('far', '{100,901}')$$, '22003', NULL, '... and one that it has');
SELECT is((SELECT count(*)::int FROM risk_screen.look_through('far', '{1}', 'holdings')), 200, 'the same downwards');
DELETE FROM far WHERE share < 0;
SELECT is((SELECT count(*)::int FROM risk_screen.look_through('far', '{100}')), 100, 'without it everything is read, and what does not matter dropped');
SELECT is((SELECT party FROM risk_screen.look_through($$SELECT 1.0 AS owner, 2.00 AS owned, 1 AS share$$, '{2}')), '1.0', 'numeric: equal is equal');

-- ---- privileges ----
CREATE ROLE look_reader;
CREATE TABLE secret (owner text, owned text, share numeric, branch text);
INSERT INTO secret VALUES ('A', 'T', 0.6, 'x'), ('B', 'T', 0.4, 'y');
GRANT USAGE ON SCHEMA public TO look_reader;
SET LOCAL ROLE look_reader;
SELECT throws_ok($$SELECT * FROM risk_screen.look_through('secret')$$, '42501', NULL, 'the caller''s privileges apply');
RESET ROLE;
GRANT SELECT ON secret TO look_reader;
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON secret TO look_reader USING (branch = 'x');
SELECT is((SELECT count(*)::int FROM risk_screen.look_through('secret')), 2, 'the owner sees all');
SET LOCAL ROLE look_reader;
SET LOCAL client_min_messages = warning;
SELECT is((SELECT string_agg(coalesce(party, '-'), ',' ORDER BY party) FROM risk_screen.look_through('secret')), 'A,-', 'row-level security applies');
RESET ROLE;

-- ---- budget ----
SET LOCAL risk_screen.max_memory = '2MB';
SELECT throws_ok($$SELECT count(*) FROM risk_screen.look_through('SELECT i AS owner, i + 1 AS owned, 0.5 AS share FROM generate_series(1, 100000) i')$$, '54000', NULL, 'the memory limit holds');
SELECT throws_ok($$SELECT count(*) FROM risk_screen.look_through('SELECT i AS owner, j AS owned, 0.001 AS share FROM generate_series(1, 400) i, generate_series(1, 400) j WHERE i % 20 = j % 19', '{1}')$$, '54000', NULL, '... for a dense ring too');
RESET risk_screen.max_memory;
-- every cell of the complete graph on 300: y = 1 - ... closed form
SELECT is((SELECT round(total, 12) FROM risk_screen.look_through('SELECT i AS owner, j AS owned, 0.001 AS share FROM generate_series(1, 300) i, generate_series(1, 300) j', '{1}') WHERE party = '2'),
	round(0.001 / (1 - 0.3), 12), 'complete graph of 300: closed form');

SELECT * FROM finish();
ROLLBACK;
