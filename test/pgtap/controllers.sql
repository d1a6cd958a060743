-- Control, beneficial owners, groups, paths, data quality, products.
BEGIN;
SELECT no_plan();

CREATE FUNCTION pg_temp.h(edges text) RETURNS text LANGUAGE sql AS $$
	SELECT format($q$SELECT split_part(e, '>', 1) AS owner, split_part(split_part(e, '>', 2), ':', 1) AS owned,
		nullif(split_part(e, ':', 2), '')::numeric AS share FROM unnest(string_to_array(%L, ' ')) e WHERE e <> ''$q$, edges)
$$;
CREATE FUNCTION pg_temp.ctl(edges text, threshold numeric DEFAULT 0.5, inclusive boolean DEFAULT false, treasury boolean DEFAULT false) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(controller || '>' || controlled || ':' || votes || CASE WHEN ultimate THEN '*' ELSE '' END, ' ' ORDER BY controlled, controller)
	  FROM risk_screen.controllers(pg_temp.h(edges), threshold, inclusive, without_treasury => treasury)
$$;

-- ---- controllers ----
SELECT is(pg_temp.ctl('P>A:0.4 B>A:0.2 P>B:0.4 A>B:0.2 Q>A:0.4 Q>B:0.4'), NULL, 'control does not start from itself');
SELECT is(pg_temp.ctl('P>T:0.5 Q>T:0.5'), NULL, 'half is not a majority');
SELECT is(pg_temp.ctl('P>T:0.5 Q>T:0.5', inclusive => true), 'P>T:0.5* Q>T:0.5*', 'with >= it is');
SELECT throws_ok($$SELECT * FROM risk_screen.controllers(pg_temp.h('A>B:1'), 1.0/3)$$, '22023', NULL, 'a threshold of 20 digits');
SELECT is(pg_temp.ctl('P>T:0.300000000000000001', 0.3), 'P>T:0.300000000000000001*', 'the 18th digit decides');
SELECT is(pg_temp.ctl('P>H:0.6 H>T:0.3 P>T:0.21'), 'P>H:0.6* P>T:0.51*', 'votes of the controlled are added');
SELECT is(pg_temp.ctl('P>H:0.4 H>T:0.3 P>T:0.21'), NULL, 'votes of the uncontrolled are not');
SELECT is(pg_temp.ctl('A>B:0.6 B>A:0.6'), 'B>A:0.6 A>B:0.6', 'two that control each other: nobody is ultimate');
SELECT is(pg_temp.ctl('T>T:0.3 P>T:0.4 Q>T:0.3'), NULL, 'own shares count in the 100 %');
SELECT is(pg_temp.ctl('T>T:0.3 P>T:0.4 Q>T:0.3', treasury => true), 'P>T:0.4*', 'or not, on demand');
SELECT is((SELECT string_agg(format('%s>%s %s %s', controller, controlled, agreement, via), ' ' ORDER BY layers) FROM risk_screen.controllers(
	$$SELECT 'P' AS owner, 'V' AS owned, NULL::numeric AS share, 'control' AS kind UNION ALL SELECT 'V', 'S', 0.9, NULL UNION ALL SELECT 'Q', 'V', 0.9, NULL$$, 0.95, targets => '{V}')),
	'P>V t P', 'control by agreement');
SELECT is((SELECT string_agg(controller || ':' || votes, ' ' ORDER BY controller) FROM risk_screen.controllers(
	$$SELECT * FROM (VALUES ('P', 'T', 0.2, 0.7), ('Q', 'T', 0.8, 0.3)) v (owner, owned, share, votes)$$)), 'P:0.7', 'votes, not capital');
SELECT throws_ok($$SELECT * FROM risk_screen.controllers(pg_temp.h('A>B:1'), 25)$$, '22023', NULL, 'threshold in percent');
SELECT throws_ok($$SELECT * FROM risk_screen.controllers(pg_temp.h('A>B:1'), 'NaN')$$, '22023', NULL, 'threshold NaN');
SELECT is_empty($$SELECT * FROM risk_screen.controllers(pg_temp.h(''))$$, 'nothing');
SELECT is((SELECT count(*)::int FROM risk_screen.controllers(pg_temp.h((SELECT string_agg('c' || i || '>c' || i + 1 || ':0.51', ' ') FROM generate_series(1, 300) i)))), 300 * 301 / 2, 'every pair of a chain of 300');

-- ---- beneficial owners ----
CREATE TABLE people (party text, kind text, company text);
INSERT INTO people VALUES ('P', 'person', NULL), ('Q', 'person', NULL), ('R', 'person', NULL), ('SASAC', '国有', NULL),
	('ListCo', '上市', NULL), ('boss', 'manager', 'W'), ('rep', 'legal_representative', 'S');
CREATE FUNCTION pg_temp.ubo(edges text, target text, VARIADIC options text[] DEFAULT '{0.25,t,higher}') RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', coalesce(party, '-'), CASE WHEN qualified THEN 'yes' ELSE 'no' END, array_to_string(grounds, ',')), '; ' ORDER BY party)
	  FROM risk_screen.beneficial_owners(pg_temp.h(edges), 'people', options[1]::numeric, options[2]::boolean, options[3], targets => ARRAY[target])
$$;
SELECT is(pg_temp.ubo('P>T:0.25 Q>H:0.5 H>T:0.5 R>T:0.25', 'T'), 'P yes EQUITY,VOTES; Q yes EQUITY,VOTES; R yes EQUITY,VOTES; - no UNRESOLVED', 'exactly 25 % qualifies under >=, the unknown quarter too');
SELECT is(pg_temp.ubo('P>T:0.25 Q>H:1 H>T:0.5 R>T:0.25', 'T', '0.25', 'f', 'higher'), 'Q yes EQUITY,VOTES', 'and not under >');
SELECT is(pg_temp.ubo('P>H1:0.6 H1>H2:0.6 H2>T:0.6 Q>T:0.4', 'T'), 'P yes CONTROL; Q yes EQUITY,VOTES; - no UNRESOLVED', '21.6 % by control; unknown holders could be more');
SELECT is(pg_temp.ubo('P>H1:1 P>H2:1 H1>T:0.15 H2>T:0.15 Q>T:0.7', 'T'), 'P yes EQUITY,VOTES; Q yes EQUITY,VOTES,CONTROL', 'chains are added up');
SELECT is(pg_temp.ubo('P>T:0.2 Q>T:0.7', 'T'), 'P no NOT_EXCLUDED; Q yes EQUITY,VOTES,CONTROL', 'a tenth is unknown: 20 % cannot be excluded');
SELECT is(pg_temp.ubo('SASAC>S:1', 'S'), 'SASAC no EQUITY,VOTES,CONTROL,UNRESOLVED; rep yes LEGAL_REPRESENTATIVE', 'the state: the legal representative');
SELECT is(pg_temp.ubo('P>W:0.2 ListCo>W:0.8', 'W'), 'ListCo no EQUITY,VOTES,CONTROL,UNRESOLVED; boss yes FALLBACK', 'nobody: the manager');
SELECT is(pg_temp.ubo('P>W2:0.2 Q>W2:0.2 R>W2:0.2 ListCo>W2:0.2 SASAC>W2:0.2', 'W2'), '- no FALLBACK', 'nobody, and no manager declared: a row says so');
SELECT is(pg_temp.ubo('A>B:1 B>A:1', 'A'), '- no UNRESOLVED; - no FALLBACK', 'a closed ring has nobody');
SELECT is((SELECT string_agg(concat_ws(' ', party, array_to_string(grounds, ','), array_to_string(concert_members, '+'), concert_share), '; ' ORDER BY party)
	FROM risk_screen.beneficial_owners(pg_temp.h('P>T:0.15 Q>T:0.15 R>T:0.2 ListCo>T:0.5'), 'people', targets => '{T}', concert => $$SELECT 'Q' AS a, 'P' AS b$$)),
	'ListCo EQUITY,VOTES,UNRESOLVED; P EQUITY,VOTES,CONCERT P+Q 0.3; Q EQUITY,VOTES,CONCERT P+Q 0.3', 'in concert: each member, with the sum');
SELECT is((SELECT string_agg(concat_ws(' ', party, array_to_string(grounds, ','), equity, votes, higher), '; ' ORDER BY party)
	FROM risk_screen.beneficial_owners($$SELECT * FROM (VALUES ('P', 'H', 0.3, 0.6), ('Q', 'H', 0.7, 0.4), ('H', 'T', 0.6, 0.3), ('R', 'T', 0.4, 0.7)) v (owner, owned, share, votes)$$, 'people', targets => '{T}')),
	'P HIGHER 0.18 0.18 0.36; Q EQUITY 0.42 0.12 0.42; R EQUITY,VOTES,CONTROL 0.4 0.7 0.7', 'the higher of equity and votes at every level');
SELECT throws_ok($$SELECT * FROM risk_screen.beneficial_owners(pg_temp.h('A>B:1'), $q$SELECT 'A' AS party, 'persn' AS kind$q$)$$, '22023', 'unknown kind of party "persn"', 'a misspelt kind');
SELECT throws_ok($$SELECT * FROM risk_screen.beneficial_owners(pg_temp.h('A>B:1'), 'people', basis => 'both')$$, '22023', NULL, 'unknown basis');
SELECT is((SELECT count(DISTINCT company)::int FROM risk_screen.beneficial_owners(pg_temp.h('P>A:1 A>B:1 Q>C:0.1'), 'people')), 3, 'every company gets a row');
SELECT is((SELECT string_agg(concat_ws(' ', party, array_to_string(grounds, ','), via), '; ') FROM risk_screen.beneficial_owners(
	$$SELECT 'P' AS owner, 'V' AS owned, NULL::numeric AS share, 'control' AS kind UNION ALL SELECT 'Q', 'V', 0.2, NULL UNION ALL SELECT 'ListCo', 'V', 0.8, NULL$$, 'people', targets => '{V}') WHERE qualified),
	'P CONTROL P', 'control by agreement (VIE) makes a beneficial owner without capital');

SELECT is((SELECT string_agg(concat_ws(' ', party, array_to_string(grounds, ','), equity, concert_share), '; ' ORDER BY party) FROM risk_screen.beneficial_owners(pg_temp.h(e), 'people', targets => t, concert => c) WHERE company = 'T' AND concert_members IS NOT NULL), wanted, what)
	FROM (VALUES ('P>T:0.15 H>T:0.15 ListCo>T:0.7 R>H:1', '{T}'::text[], $$SELECT 'P' AS a, 'H' AS b$$, 'P EQUITY,VOTES,CONCERT 0.15 0.3; R EQUITY,VOTES,CONCERT 0.15 0.3', 'a company in concert counts for its allies, and for who controls it'),
		('P>T:0.1 H>T:0.1 ListCo>T:0.8 P>H:1', '{T}', $$SELECT 'P' AS a, 'H' AS b$$, NULL, '... but not twice where it is theirs'),
		('P>T:0.05 H>T:0.2 ListCo>T:0.75 P>H:0.4 K>H:0.2 H>K:0.2 Q>K:0.8 R>H:0.4', '{T}', $$SELECT 'P' AS a, 'H' AS b UNION ALL SELECT 'H', 'K'$$, 'P EQUITY,VOTES,CONCERT 0.133333333333333 0.25; Q EQUITY,VOTES,CONCERT 0.033333333333333 0.25', '... nor where allies hold each other'),
		('H>T:0.3 ListCo>T:0.7 R>H:1', '{T}', $$SELECT 'P' AS a, 'H' AS b$$, 'P EQUITY,VOTES,CONCERT 0 0.3; R EQUITY,VOTES 0.3 0.3', 'an ally who holds nothing itself'),
		('H>T:0.3 ListCo>T:0.7 R>H:1', NULL, $$SELECT 'P' AS a, 'H' AS b$$, 'P EQUITY,VOTES,CONCERT 0 0.3; R EQUITY,VOTES 0.3 0.3', '... the same among all companies')) v (e, t, c, wanted, what);
-- concerts of companies: they act as who controls them decides
CREATE FUNCTION pg_temp.joint(edges text, concert text, targets text[] DEFAULT '{T}') RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', coalesce(party, kind), CASE WHEN qualified THEN 'yes' ELSE 'no' END, array_to_string(grounds, ','), equity, array_to_string(concert_members, '+'), concert_share), '; ' ORDER BY party)
	  FROM risk_screen.beneficial_owners(pg_temp.h(edges), 'people', targets => targets,
			concert => format('SELECT split_part(x, ''+'', 1) AS a, split_part(x, ''+'', 2) AS b FROM unnest(%L::text[]) AS x', string_to_array(concert, ' ')))
	 WHERE company = 'T' AND concert_members IS NOT NULL
$$;
SELECT is(pg_temp.joint('H1>T:0.15 H2>T:0.15 ListCo>T:0.7 P>H1:1 Q>H2:0.6 R>H2:0.4', 'H1+H2'),
	'P yes EQUITY,VOTES,CONCERT 0.15 H1+H2+P 0.3; Q yes EQUITY,VOTES,CONCERT 0.09 H1+H2+Q 0.3', 'two companies in concert: who controls one has the sum, who only holds a part has not');
SELECT is(pg_temp.joint('H1>T:0.15 H2>T:0.15 ListCo>T:0.7 P>H1:1 Q>H2:0.6 R>H2:0.4', 'H1+H2', NULL),
	'P yes EQUITY,VOTES,CONCERT 0.15 H1+H2+P 0.3; Q yes EQUITY,VOTES,CONCERT 0.09 H1+H2+Q 0.3', '... the same among all companies');
SELECT is(pg_temp.joint('H1>T:0.12 H2>T:0.1 P>T:0.06 ListCo>T:0.72 P>H1:1 Q>H2:1', 'H1+H2'),
	'P yes EQUITY,VOTES,CONCERT 0.18 H1+H2+P 0.28', 'what a controller holds beside it adds to the controller''s sum, not to the others''');
SELECT is(pg_temp.joint('H1>T:0.15 H2>T:0.15 ListCo>T:0.7 P>H1:0.5 Q>H1:0.5 P>H2:0.5 R>H2:0.5', 'H1+H2'),
	'concert no EQUITY,VOTES,CONCERT,UNRESOLVED 0.3 H1+H2 0.3', 'nobody controls one of them: the concert is told, unresolved');
SELECT is(pg_temp.joint('H1>T:0.3 H2>T:0.3 ListCo>T:0.4 P>H1:0.6 X1>H1:0.4 Q>H2:0.5 R>H2:0.5', 'H1+H2'),
	'P yes EQUITY,VOTES,CONTROL,CONCERT 0.18 H1+H2+P 0.6', 'a majority together is control together');
SELECT is(pg_temp.joint('H1>T:0.15 H2>T:0.15 ListCo>T:0.7 K>H1:0.6 X1>H1:0.4 P>K:0.6 X2>K:0.4 SASAC>H2:1', 'H1+H2'),
	'P yes EQUITY,VOTES,CONCERT 0.054 H1+H2+P 0.3; SASAC no EQUITY,VOTES,CONCERT,UNRESOLVED 0.15 H1+H2+SASAC 0.3', 'through a chain of majorities; the state is a typed stop');
SELECT is(pg_temp.joint('K>T:0.15 L>T:0.15 ListCo>T:0.7 A>K:0.3 B>K:0.3 X1>K:0.4 P>A:1 Q>B:1 R>L:1', 'A+B K+L'),
	'P yes EQUITY,VOTES,CONCERT 0.045 A+B+K+L+P 0.3; Q yes EQUITY,VOTES,CONCERT 0.045 A+B+K+L+Q 0.3; R yes EQUITY,VOTES,CONCERT 0.15 K+L+R 0.3', 'concerts within concerts');
SELECT is(pg_temp.joint('H1>T:0.15 H2>T:0.15 ListCo>T:0.7 P>H1:0.3 Q>H1:0.3 X1>H1:0.4 R>H2:1', 'H1+H2 P+Q'),
	'P yes EQUITY,VOTES,CONCERT 0.045 H1+H2+P+Q 0.3; Q yes EQUITY,VOTES,CONCERT 0.045 H1+H2+P+Q 0.3; R yes EQUITY,VOTES,CONCERT 0.15 H1+H2+R 0.3', 'persons in concert who control a company in concert');
SELECT is(pg_temp.joint('P>T:0.15 Q>T:0.15 ListCo>T:0.7 P>H1:1 Q>H2:1 H1>U:0.5 H2>U:0.5', 'H1+H2', t),
	NULL, 'an agreement between companies binds nobody in what he holds elsewhere') FROM (VALUES ('{T}'::text[]), (NULL)) v (t);
SELECT is(pg_temp.joint('H1>T:0.3 ListCo>T:0.7 R>H1:1 P>H9:1', 'H1+H9', t),
	'P yes EQUITY,VOTES,CONCERT 0 H1+H9+P 0.3; R yes EQUITY,VOTES 0.3 H1+H9+R 0.3', 'who is behind an ally that holds nothing') FROM (VALUES ('{T}'::text[]), (NULL)) v (t);
SELECT is((SELECT string_agg(concat_ws(' ', company, party, array_to_string(grounds, ',')), '; ' ORDER BY company, party) FROM risk_screen.beneficial_owners(pg_temp.h('P>H:1 H>T:0.6 P>T:0.4'), 'people', concert => $$SELECT 'P' AS a, 'H' AS b$$)),
	'H P EQUITY,VOTES,CONTROL,CONCERT; T P EQUITY,VOTES,CONTROL,CONCERT', 'in concert with its own company: it controls that all the same');
SELECT is((SELECT string_agg(format('%s %s', inclusive, n), ', ' ORDER BY inclusive, n) FROM unnest('{250,12500,25000}'::int[]) n, unnest('{t,f}'::boolean[]) inclusive,
	risk_screen.beneficial_owners(format($$SELECT 'v' || i AS owner, 'T' AS owned, 1.0 / (4 * %1$s) AS share FROM generate_series(1, %1$s) i
		UNION ALL SELECT 'P', 'v' || i, 1 FROM generate_series(1, %1$s) i UNION ALL SELECT 'ListCo', 'T', 0.75$$, n), 'people', inclusive => inclusive, targets => '{T}') WHERE party = 'P' AND qualified),
	't 250, t 12500, t 25000', 'a quarter through thousands of vehicles is a quarter: rounding does not add up');
SELECT is((SELECT string_agg(concat_ws(' ', party, qualified, array_to_string(grounds, ','), equity, coalesce(votes::text, '-'), coalesce(higher::text, '-')), '; ' ORDER BY party) FROM risk_screen.beneficial_owners(
	$$SELECT * FROM (VALUES ('P', 'A', 0.3, 0.0), ('B', 'A', 0.7, 1.0), ('A', 'B', 1.0, 1.0)) v (owner, owned, share, votes)$$, 'people', targets => '{A}') WHERE party IS NOT NULL),
	'P t EQUITY 1 0 -', 'votes that own themselves do not hide all of the capital');
SELECT is((SELECT string_agg(concat_ws(' ', basis, coalesce(party, kind), qualified, array_to_string(grounds, ','), equity, votes), '; ' ORDER BY basis, party) FROM unnest('{equity,higher,votes}'::text[]) basis, risk_screen.beneficial_owners(
	$$SELECT * FROM (VALUES ('P', 'T', 0.2, 0.2), ('S', 'T', 0.8, 0.8), ('X', 'S', 1.0, 0.2)) v (owner, owned, share, votes)$$, 'people', targets => '{T}', basis => basis)),
	'equity X f EQUITY,UNRESOLVED 0.8 0.16; equity f FALLBACK; higher P f NOT_EXCLUDED 0.2 0.2; higher X f EQUITY,UNRESOLVED 0.8 0.16; higher unknown f UNRESOLVED 0 0.64; higher f FALLBACK; votes P f NOT_EXCLUDED 0.2 0.2; votes unknown f UNRESOLVED 0 0.64; votes f FALLBACK',
	'votes that nobody is named for exclude nobody, though all capital is known');
SELECT is((SELECT string_agg(format('%s %s %s', known_at::date, party, array_to_string(grounds, ',')), '; ' ORDER BY known_at, party) FROM unnest('{2020-06-01,2022-01-01}'::timestamptz[]) known_at,
	risk_screen.beneficial_owners($$SELECT * FROM (VALUES ('P', 'T', 0.15, 'equity', NULL::date, NULL::date, '2020-01-01'::timestamptz), ('Q', 'T', 0.15, 'equity', NULL, NULL, '2020-01-01'), ('ListCo', 'T', 0.7, 'equity', NULL, NULL, '2020-01-01'),
		('P', 'Q', NULL, 'concert', '2020-01-01', NULL, '2020-01-01'), ('P', 'Q', NULL, 'concert', '2020-01-01', '2021-01-01', '2021-02-01')) v (owner, owned, share, kind, valid_from, valid_to, known_from)$$,
	'people', as_of => '2022-01-01', known_at => known_at) WHERE qualified),
	'2020-06-01 P EQUITY,VOTES,CONCERT; 2020-06-01 Q EQUITY,VOTES,CONCERT', 'an agreement that a later statement ended binds nobody');

-- what is said about parties and agreements has days too
SELECT is((SELECT string_agg(concat_ws(' ', d, party, array_to_string(grounds, ',')), '; ' ORDER BY d, party) FROM unnest('{2020-06-30,2020-07-01}'::date[]) d, risk_screen.beneficial_owners(pg_temp.h('P>T:0.15 Q>T:0.15 ListCo>T:0.7'), 'people', as_of => d,
	concert => $$SELECT 'P' AS a, 'Q' AS b, date '2019-01-01' AS valid_from, date '2020-07-01' AS valid_to$$) WHERE qualified OR party IS NULL),
	'2020-06-30 P EQUITY,VOTES,CONCERT; 2020-06-30 Q EQUITY,VOTES,CONCERT; 2020-07-01 FALLBACK', 'an agreement to act together ends on its day');
SELECT is((SELECT string_agg(concat_ws(' ', d, party), '; ' ORDER BY d, party) FROM unnest('{2019-12-31,2020-06-30,2020-07-01}'::date[]) d, risk_screen.beneficial_owners(pg_temp.h('ListCo>T:1'),
	$$SELECT * FROM (VALUES ('M1', 'manager', 'T', NULL::date, date '2020-07-01'), ('M2', 'manager', 'T', '2020-07-01', NULL), ('M0', 'manager', 'T', '2019-01-01', '2020-01-01')) v (party, kind, company, valid_from, valid_to)$$, as_of => d) WHERE qualified),
	'2019-12-31 M0; 2019-12-31 M1; 2020-06-30 M1; 2020-07-01 M2', 'the manager of the day');
SELECT is((SELECT string_agg(concat_ws(' ', d, party, relation), '; ' ORDER BY d, party) FROM unnest('{2020-06-30,2020-07-01}'::date[]) d, risk_screen.related_parties(pg_temp.h('P>T:0.6'), '{T}',
	$$SELECT * FROM (VALUES ('T', 'D1', 'director', NULL::date, date '2020-07-01'), ('T', 'D2', 'director', '2020-07-01', NULL)) v (a, b, kind, valid_from, valid_to)$$, as_of => d) WHERE relation = 'director'),
	'2020-06-30 D1 director; 2020-07-01 D2 director', 'links of the day');

-- ---- groups ----
SELECT is((SELECT string_agg(concat_ws(' ', member, relation, via), '; ' ORDER BY member) FROM risk_screen.control_groups(
	$$SELECT * FROM (VALUES ('P', 'A', 0.3, NULL), ('Q', 'A', 0.3, 'equity'), ('P', 'Q', NULL, 'concert')) v (owner, owned, share, kind)$$)),
	'A controlled P; P head Q; Q head P', 'concert may stand among the holdings');
SELECT is((SELECT count(*)::int FROM risk_screen.look_through($$SELECT * FROM (VALUES ('P', 'A', 0.3, NULL), ('P', 'Q', NULL, 'concert')) v (owner, owned, share, kind)$$, '{A}')), 2, 'and is no holding');
SELECT is((SELECT string_agg(concat_ws(' ', party, array_to_string(grounds, ',')), '; ' ORDER BY party) FROM risk_screen.beneficial_owners(
	$$SELECT * FROM (VALUES ('P', 'A', 0.2, NULL), ('Q', 'A', 0.2, 'equity'), ('ListCo', 'A', 0.6, NULL), ('P', 'Q', NULL, 'concert')) v (owner, owned, share, kind)$$, 'people') WHERE qualified),
	'P EQUITY,VOTES,CONCERT; Q EQUITY,VOTES,CONCERT', '... and makes a group of beneficial owners');
SELECT is((SELECT string_agg(concat_ws(' ', group_no, member, relation, via, votes), '; ' ORDER BY group_no, member, relation)
	FROM risk_screen.control_groups(pg_temp.h('P>A:0.6 A>B:0.7 X>B:0.06 Y>B:0.04 Q>C:0.9'),
		$$SELECT * FROM (VALUES ('P', 'W', 'kin'), ('B', 'SUP', 'economic'), ('SUP', 'FAR', 'economic')) v (a, b, kind)$$)),
	'1 A controlled P 0.6; 1 B controlled A 0.7; 1 P head W; 1 SUP economic B; 1 W kin P; 1 X holder B 0.06; 2 C controlled Q 0.9; 2 Q head',
	'groups, reasons, one economic hop, 5 % holders apart');
SELECT is((SELECT string_agg(concat_ws(' ', member, relation, via), '; ' ORDER BY member) FROM risk_screen.control_groups(pg_temp.h('P>A:0.3 Q>A:0.3'), $$SELECT 'P' AS a, 'Q' AS b$$)),
	'A controlled P; P head Q; Q head P', 'two in concert control together');
SELECT is_empty($$SELECT * FROM risk_screen.control_groups(pg_temp.h('P>A:0.3 Q>A:0.3'))$$, 'without concert there is no group');
SELECT is((SELECT string_agg(concat_ws(' ', party, relation, via, share, steps), '; ' ORDER BY party) FROM risk_screen.related_parties(
	pg_temp.h('P>H:0.6 H>T:0.6 Z>T:0.05 Y>T:0.04 T>SUB:0.8 H>SIS:0.9 Z>OWN:0.7 Y>NO:0.9'), '{T}',
	$$SELECT * FROM (VALUES ('P', 'W', 'kin'), ('T', 'Dir', 'director')) v (a, b, kind)$$)),
	'Dir director T 1; H controller T 1; OWN controlled Z 2; P controller H 2; SIS controlled H 2; SUB subsidiary T 1; T self 0; W kin P 3; Z holder T 0.05 1',
	'related parties of an institution, the way to each and its links');
SELECT is((SELECT string_agg(concat_ws(' ', party, relation, via, share, steps), '; ' ORDER BY party) FROM risk_screen.related_parties(
	pg_temp.h('H>T:0.06 K>H:0.6 K2>K:0.6 K>SIS:0.7 S>H:0.02 D>X:0.6 DW>DX:0.8'), '{T}',
	$$SELECT * FROM (VALUES ('T', 'D', 'director'), ('D', 'DW', 'kin'), ('H', 'HD', 'director'), ('HD', 'HDW', 'kin')) v (a, b, kind)$$)),
	'D director T 1; DW kin D 2; DX controlled DW 3; H holder T 0.06 1; HD director H 2; K holder_controller H 2; K2 holder_controller K 3; SIS controlled K 3; T self 0; X controlled D 2',
	'who controls a holder, the kin of its own officers (not of a holder''s), and what they control together');
SELECT is((SELECT string_agg(concat_ws(' ', party, relation, share), '; ' ORDER BY party) FROM risk_screen.related_parties(
	$$SELECT 'A' AS owner, 'T' AS owned, 0.01 AS share, 0.05 AS votes UNION ALL SELECT 'B', 'T', 0.04, 0.0499$$, '{T}')), 'A holder 0.05; T self', '5 % of the votes make a holder too');
CREATE FUNCTION pg_temp.related(edges text, links text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', party, relation, via, share, steps), '; ' ORDER BY party) FROM risk_screen.related_parties(pg_temp.h(edges), '{T}',
		format('SELECT split_part(x, ''+'', 1) AS a, split_part(x, ''+'', 2) AS b FROM unnest(%L::text[]) AS x', string_to_array(links, ' '))) WHERE relation <> 'self'
$$;
SELECT is(pg_temp.related('H1>T:0.04 H2>T:0.5 P>H1:0.6 Q>H2:0.6 P>SIS:0.9', 'H1+H2'),
	'H1 controller T 1; H2 controller T 1; P controller H1 2; Q controller H2 2; SIS controlled P 3', 'who controls a company that controls in concert is a controller, however little it holds');
SELECT is(pg_temp.related('H1>T:0.03 H2>T:0.03 H3>T:0.03 P>H1:0.6 Z>H1:0.4', 'H1+H2'),
	'H1 holder T 0.03 1; H2 holder T 0.03 1; P holder_controller H1 2', 'holders of 5 % together, and who controls one of them; not who holds a part of it');
SELECT is(pg_temp.related('H1>T:0.02 H2>T:0.02 H1>H2:0.6', 'H1+H2'), NULL, '... what one holds through the other counts once: 4 %');
SELECT is(pg_temp.related('H1>T:0.02 H2>T:0.03', 'H1+H2'), 'H1 holder T 0.02 1; H2 holder T 0.03 1', '... exactly 5 % together');
SELECT is((SELECT string_agg(concat_ws(' ', party, relation, share), '; ' ORDER BY party) FROM risk_screen.related_parties(
	$$SELECT 'A' AS owner, 'T' AS owned, 0.01 AS share, 0.03 AS votes UNION ALL SELECT 'B', 'T', 0.01, 0.02$$, '{T}', $$SELECT 'A' AS a, 'B' AS b$$)), 'A holder 0.03; B holder 0.02; T self', '... or of the votes');
SELECT is(pg_temp.related('PP>P:1 P>T:0.6 T>U:0.6', 'P+T'), 'P controller T 1; PP controller P 2; U subsidiary T 1', 'in concert with its own controller: the controller all the same');
SELECT is_empty($$WITH r AS (SELECT * FROM risk_screen.related_parties('SELECT i / 2 AS owner, i AS owned, 0.6 AS share FROM generate_series(2, 200) i'))
	SELECT * FROM r WHERE relation <> 'self' AND NOT EXISTS (SELECT FROM r AS v WHERE v.target = r.target AND v.party = r.via AND v.steps < r.steps)$$,
	'every reason leads a step nearer to the target');
SELECT is((SELECT count(DISTINCT target)::int FROM risk_screen.related_parties(pg_temp.h('P>A:0.6 A>B:0.7'))), 2, 'all companies');

-- ---- paths ----
SELECT is((SELECT string_agg(array_to_string(parties, '>') || '=' || product, ' ' ORDER BY path_no) FROM risk_screen.ownership_paths(pg_temp.h('P>A:0.5 P>B:0.5 A>T:0.9 B>T:0.1 P>T:0.02'), 'T', 'P')),
	'P>A>T=0.45 P>B>T=0.05 P>T=0.02', 'best first');
SELECT is((SELECT string_agg(array_to_string(parties, '>') || truncated, ' ') FROM risk_screen.ownership_paths(pg_temp.h('P>A:0.5 P>B:0.5 A>T:0.9 B>T:0.1'), 'T', 'P', 1)),
	'P>A>Ttrue', 'a limit says so');
SELECT is((SELECT array_to_string(parties, '>') FROM risk_screen.ownership_paths(pg_temp.h('A>B:0.5 B>A:0.5 A>A:0.1'), 'A', 'A') WHERE layers = 2), 'A>B>A', 'rings through a company');
SELECT is_empty($$SELECT * FROM risk_screen.ownership_paths(pg_temp.h('A>B:0.5'), 'A', 'B')$$, 'no path');
SELECT is((SELECT count(*)::int FROM risk_screen.ownership_paths(
	'SELECT i AS owner, j AS owned, 0.05 AS share FROM generate_series(1, 40) i, generate_series(1, 40) j WHERE i <> j', '40', '1', 50)), 50, 'the fifty best of 10^45 paths');
SELECT is((SELECT product FROM risk_screen.ownership_paths(pg_temp.h('P>A:0.8 P>A:0.7 A>T:0.5 P>T:0.7'), 'T', 'P', 1)), 0.75, 'links over 1 do not spoil the order');
SELECT is((SELECT format('%s %s', product, shares) FROM risk_screen.ownership_paths(pg_temp.h('P>A: A>T:0.5'), 'T', 'P')), ' {NULL,0.5}', 'a link of unknown size');

-- ---- data quality ----
SELECT is((SELECT string_agg(concat_ws(' ', finding, company, owner, amount, array_to_string(members, '+')), '; ' ORDER BY finding, company, owner) FROM risk_screen.check_holdings(
	pg_temp.h('A>B:1 B>A:1 B>T:0.4 R>T:0.7 T>T:0.1 X>Y:-0.1 X>Z: U>V:0.5 U>V:0.5 C>D:0.5 D>C:0.5 N>M:0'))),
	'CLOSED_LOOP 2 A+B; CYCLE 2 C+D; DUPLICATE V U 0.5; MISSING C 0.5; MISSING D 0.5; MISSING M 1; MISSING V 0.5; MISSING Y 1.1; MISSING Z 1; NEGATIVE Y X -0.1; SUM_OVER_100 T 1.2; TREASURY T T 0.1; UNKNOWN_SHARE Z X; ZERO_SHARE M N 0',
	'findings');
SELECT is((SELECT string_agg(finding, ' ' ORDER BY finding) FROM risk_screen.check_holdings(pg_temp.h('A>B:3 C>B:0.1 D>E:1'))),
	'SHARE_OVER_1 SUM_OVER_100', 'one share in three above 1 is a slip, not percent');
SELECT is((SELECT string_agg(concat_ws(' ', finding, amount), ', ' ORDER BY finding, amount) FROM risk_screen.check_holdings($$SELECT 'A' AS owner, 'B' AS owned, 25 AS share_min, 50 AS share_max UNION ALL SELECT 'C', 'D', -0.1, 1$$) WHERE finding ~ 'OUTSIDE|PERCENT'),
	'PERCENT_INSTEAD_OF_FRACTION 1, RANGE_OUTSIDE_0_1 -0.1, RANGE_OUTSIDE_0_1 25, RANGE_OUTSIDE_0_1 50', 'ranges outside of 0 to 1 are listed');
SELECT is_empty($$SELECT * FROM risk_screen.check_holdings($q$SELECT * FROM (VALUES ('A', 'B', 1.0, NULL), ('B', 'A', NULL, 'economic'), ('B', 'A', NULL, 'control')) v (owner, owned, share, kind)$q$)$$,
	'dependence and agreements make no ring of capital');
SELECT is((SELECT string_agg(finding, ' ' ORDER BY finding) FROM risk_screen.check_holdings(pg_temp.h('A>B:60 C>B:40'))),
	'PERCENT_INSTEAD_OF_FRACTION SHARE_OVER_1 SHARE_OVER_1 SUM_OVER_100', 'percent instead of fractions');
SELECT is((SELECT string_agg(finding || ' ' || owner, '; ' ORDER BY finding, owner) FROM risk_screen.check_holdings($$SELECT * FROM (VALUES
	('A', 'T', 0.5, date '2020-01-01', NULL::date), ('A', 'T', 0.6, '2021-01-01', NULL), ('B', 'T', 0.1, '2020-01-01', '2020-01-01'), ('C', 'T', 0.1, '2019-01-01', '2020-01-01'), ('C', 'T', 0.2, '2020-01-01', '2021-01-01')) v (owner, owned, share, valid_from, valid_to)$$) WHERE owner IS NOT NULL),
	'NEVER_VALID B; OVERLAP A', 'dates');
SELECT is((SELECT string_agg(finding, ' ' ORDER BY finding) FROM risk_screen.check_holdings($$SELECT 'A' AS owner, 'T' AS owned, NULL::numeric AS share, 0.6 AS share_min, 0.5 AS share_max, 1.5 AS votes$$)),
	'MISSING RANGE RANGE_INVERTED VOTES_OUTSIDE_0_1 VOTES_OVER_100', 'ranges and votes');
SELECT is((SELECT string_agg(concat_ws(' ', finding, company, owner, amount), '; ' ORDER BY finding, owner) FROM risk_screen.check_holdings($$SELECT * FROM (VALUES ('A', 'T', 0.6, NULL, 0.5, 0.55), ('B', 'T', 0.4, 0.1, 0.40, 0.4), ('C', 'U', 1, NULL, NULL, NULL), ('D', 'V', 0.5, 0.5, NULL, NULL)) v (owner, owned, share, votes, share_min, share_max)$$)),
	'MISSING V 0.5; SHARE_OUTSIDE_RANGE T A 0.6; VOTES_MISSING T 0.3', 'a share beside a range that excludes it, votes that do not add up to the shares');
SELECT is_empty($$SELECT * FROM risk_screen.check_holdings(pg_temp.h('A>B:0.6 C>B:0.4'))$$, 'a clean table');

-- ---- products ----
CREATE TABLE product (party text, kind text);
INSERT INTO product SELECT unnest('{X,Y,Z,C1,C2,W,K}'::text[]), 'product';
INSERT INTO product VALUES ('PF', 'public_fund'), ('PF2', '公募基金');
CREATE FUNCTION pg_temp.nest(edges text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', product, coalesce(layers::text, 'endless'), CASE WHEN exceeded THEN '!' END, array_to_string(path, '>'), array_to_string(violation, '/')), '; ' ORDER BY product)
	  FROM risk_screen.product_layers(pg_temp.h(edges), $q$SELECT * FROM product$q$) WHERE cardinality(path) > 1
$$;
SELECT is(pg_temp.nest('X>Y:1 Y>bond:1'), 'X 1 X>Y', 'one layer is allowed');
SELECT is(pg_temp.nest('X>Y:1 Y>Z:0.1'), 'X 2 ! X>Y>Z X/Y/Z; Y 1 Y>Z', 'two are not');
SELECT is(pg_temp.nest('X>Y:1 Y>PF:0.9'), 'X 1 X>Y>PF; Y 0 Y>PF', 'a public fund does not count');
SELECT is(pg_temp.nest('X>PF:1 PF>PF2:0.9'), 'PF 0 PF>PF2; X 0 X>PF>PF2', 'nor two');
SELECT is(pg_temp.nest('X>PF:1 PF>Z:0.9'), 'PF 1 PF>Z; X 1 ! X>PF>Z X/PF/Z', 'but what lies behind it must be public too');
SELECT is(pg_temp.nest('C1>C2:0.5 C2>C1:0.5 W>C1:1'), 'C1 endless ! C1>C2>C1 C1/C2/C1; C2 endless ! C2>C1>C2 C2/C1/C2; W endless ! W>C1>C2>C1 W/C1/C2', 'rings are endless, and end');
SELECT is(pg_temp.nest('X>SPV:1 SPV>Y:1'), NULL, 'a company in between is not a product');
SELECT is((SELECT concat_ws(' ', max(layers), sum(cardinality(path)), max(path_length), count(*) FILTER (WHERE truncated), bool_or(path_length <> layers + 1), bool_or(truncated <> (path_length > 100)))
	FROM risk_screen.product_layers($$SELECT i AS owner, i + 1 AS owned, 1 AS share FROM generate_series(1, 20000) i$$, 'SELECT i AS party FROM generate_series(1, 20001) i')), '20000 1995150 20001 19901 f f',
	'20,000 layers: a hundred of each chain are shown, the length and the layers are whole');
SELECT is((SELECT string_agg(concat_ws(' ', product, array_to_string(path, '>'), path_length, truncated), '; ' ORDER BY product) FROM risk_screen.product_layers(
	pg_temp.h('X>Y:1 Y>Z:1 C1>C2:1 C2>C1:1 W>C1:1 K>W:1'), 'SELECT * FROM product', max_path => n) WHERE path_length > 1), wanted, 'max_path ' || coalesce(n::text, 'NULL'))
	FROM (VALUES (NULL::int, 'C1 C1>C2>C1 3 f; C2 C2>C1>C2 3 f; K K>W>C1>C2>C1 5 f; W W>C1>C2>C1 4 f; X X>Y>Z 3 f; Y Y>Z 2 f'),
		(1, 'C1 C1 3 t; C2 C2 3 t; K K 5 t; W W 4 t; X X 3 t; Y Y 2 t'), (3, 'C1 C1>C2>C1 3 f; C2 C2>C1>C2 3 f; K K>W>C1 5 t; W W>C1>C2 4 t; X X>Y>Z 3 f; Y Y>Z 2 f')) v (n, wanted);
SELECT is_empty($$WITH RECURSIVE e AS MATERIALIZED (SELECT (i * i * 7 + 3) % 61 AS a, (i * 13 + i * i) % 61 AS b FROM generate_series(1, 70) i),
	l AS MATERIALIZED (SELECT * FROM risk_screen.product_layers('SELECT (i * i * 7 + 3) % 61 AS owner, (i * 13 + i * i) % 61 AS owned, 1 AS share FROM generate_series(1, 70) i', 'SELECT i AS party FROM generate_series(0, 60) i', max_path => NULL))
	SELECT * FROM l WHERE path_length <> cardinality(path) OR truncated OR endless <> (path[cardinality(path)] = ANY (path[1:cardinality(path) - 1]))
		OR EXISTS (SELECT FROM generate_series(1, cardinality(path) - 1) i WHERE NOT EXISTS (SELECT FROM e WHERE e.a = path[i]::int AND e.b = path[i + 1]::int))
		OR cardinality(path) - endless::int <> (SELECT count(DISTINCT p) FROM unnest(path) p) OR NOT endless AND layers <> cardinality(path) - 1$$, 'lengths of chains into rings of all shapes');
SELECT throws_ok($$SELECT * FROM risk_screen.product_layers('SELECT 1 AS owner, 2 AS owned, 1 AS share', 'SELECT 1 AS party', max_path => 0)$$, '22023', 'argument max_path must be at least 1', 'max_path must be positive');
SELECT is(pg_temp.nest('X>Y:0 Y>Z:1 K>K:0'), 'Y 1 Y>Z', 'what is held with nothing is not held, not by itself either');
SELECT is(pg_temp.nest('X>Y: Y>Z:1'), 'X 2 ! X>Y>Z X/Y/Z; Y 1 Y>Z', '... of unknown size it is');

CREATE FUNCTION pg_temp.chains(edges text, most bigint = 1000) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', path_no, array_to_string(path, '>'), array_to_string(shares, '*', '?'), total, CASE WHEN truncated THEN 'more' END), '; ' ORDER BY product, path_no)
	  FROM risk_screen.product_violations(pg_temp.h(edges), $q$SELECT * FROM product$q$, most)
$$;
SELECT is(pg_temp.chains('X>Y:1 Y>bond:1 Y>PF:0.2'), NULL, 'no chain that is too long');
SELECT is(pg_temp.chains('X>Y:0.5 X>W:0.25 Y>Z:0.1 Y>PF:0.9 W>Z: W>K:-0.2 K>bond:1'), '1 X>W>K 0.25*-0.2 3; 2 X>W>Z 0.25*? 3; 3 X>Y>Z 0.5*0.1 3', 'every chain with its shares');
SELECT is(pg_temp.chains('X>Y:0.5 X>W:0.25 Y>Z:0.1 W>Z:1 W>K:1', 2), '1 X>W>K 0.25*1 3 more; 2 X>W>Z 0.25*1 3 more', 'a cut list says so, and how many there are');
SELECT is(pg_temp.chains('C1>C2:0.5 C2>C1:0.5 X>PF:1 PF>Z:0.9'), '1 C1>C2>C1 0.5*0.5 1; 1 C2>C1>C2 0.5*0.5 1; 1 X>PF>Z 1*0.9 1', 'rings, and through a public fund');
SELECT is((SELECT concat_ws(' ', count(*), max(total), bool_or(truncated)) FROM risk_screen.product_violations(
	'SELECT i AS owner, j AS owned, 0.001 AS share FROM generate_series(1, 60) i, generate_series(1, 60) j WHERE i < j', 'SELECT i AS party FROM generate_series(1, 60) i', NULL)),
	60 * 59 * 58 / 6 || ' 1711 f', 'all chains without a limit');
SELECT results_eq($$SELECT product, count(*) FROM risk_screen.product_violations('SELECT i AS owner, j AS owned, 0.001 AS share FROM generate_series(1, 30) i, generate_series(1, 30) j WHERE (i * 7 + j * 11) % 13 < 4', 'SELECT i AS party, CASE WHEN i % 5 = 0 THEN ''public_fund'' END AS kind FROM generate_series(1, 30) i', NULL) GROUP BY 1 ORDER BY 1$$,
	$$SELECT product, violations FROM risk_screen.product_layers('SELECT i AS owner, j AS owned, 0.001 AS share FROM generate_series(1, 30) i, generate_series(1, 30) j WHERE (i * 7 + j * 11) % 13 < 4', 'SELECT i AS party, CASE WHEN i % 5 = 0 THEN ''public_fund'' END AS kind FROM generate_series(1, 30) i') WHERE violations > 0 ORDER BY 1$$, 'as many as product_layers counts');
SELECT throws_ok($$SELECT * FROM risk_screen.product_violations('SELECT 1 AS owner, 2 AS owned, 1 AS share', 'SELECT 1 AS party', 0)$$, '22023', NULL, 'max_paths must be positive');

CREATE TABLE who (party text, kind text, form text, identity text, pass_through boolean, declared_investors int, max_investors int);
CREATE FUNCTION pg_temp.count(edges text, target text) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', investors, unmerged, direct_holders, vehicles, exempt, unknown, max_investors, CASE WHEN exceeded THEN array_to_string(route, '>') END, nullif(array_to_string(flags, ','), ''))
	  FROM risk_screen.final_investors(pg_temp.h(edges), 'who', ARRAY[target])
$$;
INSERT INTO who VALUES ('F', 'product', 'llc', NULL), ('V1', 'partnership', NULL, NULL), ('V2', 'contract', NULL, NULL), ('E', 'pension', NULL, NULL),
	('p1', 'person', NULL, 'ID1'), ('p2', 'person', NULL, 'ID1'), ('p3', 'person', NULL, 'ID3'), ('c1', 'company', NULL, NULL), ('shell', 'company', NULL, NULL),
	('V3', 'vehicle', NULL, NULL);
UPDATE who SET pass_through = true WHERE party = 'shell';
UPDATE who SET declared_investors = 70 WHERE party = 'V3';
SELECT is(pg_temp.count('p1>F:1 V1>F:1 p2>V1:1 p3>V1:1 c1>F:1', 'F'), '3 4 3 1 0 0 50', 'one person by two channels counts once');
SELECT is(pg_temp.count('E>F:1 p1>E:1 p3>E:1', 'F'), '1 1 1 0 1 0 50', 'exempt investors count once and are not looked through');
SELECT is(pg_temp.count('shell>F:1 p1>shell:1 p3>shell:1', 'F'), '2 2 1 1 0 0 50', 'a company set up to pool is looked through on demand');
SELECT is(pg_temp.count('V1>F:1 V2>V1:1 V1>V2:1 p1>V2:1', 'F'), '1 1 1 2 0 0 50', 'rings of vehicles end');
SELECT is(pg_temp.count('V2>F:1 p1>F:1', 'F'), '2 2 2 1 0 1 50 UNKNOWN_INVESTORS', 'a vehicle without named holders counts one and is flagged');
SELECT is(pg_temp.count('V3>F:1 p1>F:1', 'F'), '71 71 2 1 0 1 50 F>V3 UNKNOWN_INVESTORS', 'or as many as it declares; the route');
SELECT is(pg_temp.count('p1>F:1 stranger>F:1 gone>F:0', 'F'), '2 2 2 0 0 0 50 UNLISTED_PARTIES', 'unlisted parties count and are flagged; who holds nothing does not');
-- thresholds: exactly on the line is on the line, one digit in the last place is not
SELECT is((SELECT string_agg(party || CASE WHEN qualified THEN '!' ELSE '' END, ' ' ORDER BY party) FROM risk_screen.beneficial_owners(
	pg_temp.h('P>T:0.25 Q>T:0.2499999999999999 R>T:0.2500000000000001 S>H1:1 S>H2:1 S>H3:1 H1>T:0.1 H2>T:0.1 H3>T:0.05'), $$SELECT x AS party, 'person' AS kind FROM unnest('{P,Q,R,S}'::text[]) x$$, targets => '{T}')
		WHERE party IS NOT NULL), 'P! R! S!', 'at least 25 %: sixteen digits count, sums of chains are exact');
SELECT is((SELECT string_agg(party, ' ' ORDER BY party) FROM risk_screen.beneficial_owners(
	pg_temp.h('P>T:0.25 Q>T:0.2499999999999999 R>T:0.2500000000000001 S>H1:1 S>H2:1 S>H3:1 H1>T:0.1 H2>T:0.1 H3>T:0.05'), $$SELECT x AS party, 'person' AS kind FROM unnest('{P,Q,R,S}'::text[]) x$$, inclusive => false, targets => '{T}')
		WHERE qualified), 'R', 'more than 25 %');
SELECT is((SELECT string_agg(party || CASE WHEN qualified THEN '!' ELSE '' END, ' ' ORDER BY party) FROM risk_screen.beneficial_owners(
	$$SELECT owner, owned, share FROM (VALUES ('P', 'A', 0.3), ('B', 'A', 0.7), ('A', 'B', 1.0)) v (owner, owned, share) UNION ALL SELECT 'A', 'T', 0.25$$, $$SELECT 'P' AS party, 'person' AS kind$$, targets => '{T}') WHERE party IS NOT NULL), 'P!', '... through a ring that returns all of it');
-- ranges: what is sure
CREATE TABLE band (owner text, owned text, share numeric, share_min numeric, share_max numeric);
INSERT INTO band VALUES ('P', 'H', NULL, 0.5, 0.75), ('Q', 'H', NULL, 0.25, 0.5), ('H', 'T', 0.6, NULL, NULL), ('R', 'T', NULL, 0.249, 0.3), ('S', 'T', NULL, NULL, 0.05);
SELECT is((SELECT string_agg(controller || '>' || controlled, ' ' ORDER BY controller, controlled) FROM risk_screen.controllers('band')), 'H>T', '50 to 75 % of the votes need not be a majority');
SELECT is((SELECT string_agg(controller || '>' || controlled, ' ' ORDER BY controller, controlled) FROM risk_screen.controllers('band', inclusive => true)), 'H>T P>H P>T', '... with >= they are one, and what they hold counts');
UPDATE band SET share_min = 0.500001 WHERE owner = 'P';
SELECT is((SELECT string_agg(controller || '>' || controlled || '=' || votes, ' ' ORDER BY controller, controlled) FROM risk_screen.controllers('band')), 'H>T=0.6 P>H=0.500001 P>T=0.6', 'the least of a range counts as votes');
UPDATE band SET share_min = 0.5 WHERE owner = 'P';
SELECT is((SELECT string_agg(concat_ws(' ', company, party, equity, CASE WHEN qualified THEN '!' END, array_to_string(grounds, ',')), '; ' ORDER BY company, party)
		FROM risk_screen.beneficial_owners('band', 'SELECT owner AS party, ''person'' AS kind FROM band WHERE owner <> ''H''') WHERE party IS NOT NULL),
	'H P 0.5 ! EQUITY,VOTES; H Q 0.25 ! EQUITY,VOTES; T P 0.3 ! EQUITY,VOTES; T Q 0.15 NOT_EXCLUDED; T R 0.249 NOT_EXCLUDED; T S 0 NOT_EXCLUDED', 'beneficial owners by the least of a range; who may reach the line is not excluded');
SELECT is((SELECT flags FROM risk_screen.beneficial_owners('band', 'SELECT ''P'' AS party, ''person'' AS kind', targets => '{H}') WHERE party = 'P')::text, '{MISSING,AT_LEAST}', '... which is flagged');
SELECT is((SELECT string_agg(party || ' ' || relation, ', ' ORDER BY party) FROM risk_screen.related_parties('band', '{T}') WHERE relation <> 'self'), 'H controller, P holder, Q holder, R holder', 'related parties too; up to 5 % is no holder of 5 %');

SELECT is(pg_temp.count('V1>F:1 F>V1:1', 'F'), '0 0 1 1 0 1 50 UNKNOWN_INVESTORS,CLOSED_LOOP', 'two products that hold only each other: nobody is behind them, and it says so');
SELECT is(pg_temp.count('V1>F:1 V2>V1:1 V1>V2:1', 'F'), '1 1 1 2 0 1 50 UNKNOWN_INVESTORS,CLOSED_LOOP', '... above a product they count as one unknown investor');
SELECT is(pg_temp.count('V1>F:1 V3>V1:1 V1>V3:1', 'F'), '70 70 1 2 0 1 50 F>V1 UNKNOWN_INVESTORS,CLOSED_LOOP', '... or as many as they declare');
SELECT is(pg_temp.count('F>F:1', 'F'), '0 0 0 0 0 1 50 UNKNOWN_INVESTORS,CLOSED_LOOP', 'a product that holds only itself');
SELECT is(pg_temp.count('V1>F:1 F>V1:1 p1>V1:1', 'F'), '1 1 1 1 0 0 50', 'a ring with an investor is not closed');
SELECT is(pg_temp.count('V1>F:1 F>V1:1 p1>V1:0', 'F'), '0 0 1 1 0 1 50 UNKNOWN_INVESTORS,CLOSED_LOOP', '... but one who holds nothing is no investor');
SELECT is(pg_temp.count('F>F:0 V1>V1:0 V1>F:1', 'F'), '1 1 1 1 0 1 50 UNKNOWN_INVESTORS', 'holding nothing of itself closes no ring');
INSERT INTO who VALUES ('PUB', 'public_fund', NULL, NULL);
SELECT is((SELECT string_agg(concat_ws(' ', product, investors, direct_holders, unknown, unknown_share, nullif(array_to_string(flags, ','), '')), '; ' ORDER BY product) FROM unnest(ARRAY['{F}', '{F,PUB}']) AS ids,
	risk_screen.final_investors(pg_temp.h('PUB>F:1 F>PUB:1'), 'who', ids::text[]) WHERE product = 'F'), 'F 1 1 0 0; F 1 1 0 0', 'what is behind a product does not depend on what else is asked');
SELECT is(pg_temp.count('F>PUB:1 PUB>F:1', 'PUB'), '0 0 1 1 0 1 200 UNKNOWN_INVESTORS,CLOSED_LOOP', 'nobody is an investor of itself, looked through or not');
SELECT is((SELECT string_agg(concat_ws(' ', product, investors, unknown, unknown_share), '; ' ORDER BY product) FROM risk_screen.final_investors(pg_temp.h('V1>PUB:0.5 p1>PUB:0.5 PUB>V1:0.5 V2>V1:0.5 PUB>F:0.4 p3>F:0.6'), 'who', '{PUB,F,V1}')),
	'F 2 0 0; PUB 2 1 0.333333333333333; V1 2 1 0.5', '... the unknown share of a public fund that is asked: half of its half, and what comes round');
SELECT throws_ok(format($$SELECT * FROM risk_screen.final_investors('SELECT 1 AS owner, 2 AS owned, 1 AS share', 'SELECT 2 AS party, ''product'' AS kind, -5 AS %s')$$, c), '22003', format('column "%s" of the parties query is negative', c), 'a negative ' || c)
	FROM unnest('{declared_investors,max_investors}'::text[]) AS c;
CREATE FUNCTION pg_temp.unknown(edges text, target text) RETURNS numeric LANGUAGE sql AS $$
	SELECT unknown_share FROM risk_screen.final_investors(pg_temp.h(edges), 'who', ARRAY[target])
$$;
SELECT is(pg_temp.unknown('V1>F:1 F>V1:1', 'F'), 1::numeric, 'unknown_share: all of a closed ring');
SELECT is(pg_temp.unknown('p1>F:30 V1>F:50 V2>F:20 p3>V1:6 V2>V1:4', 'F'), 0.4, '... of amounts, all ways to a vehicle without investors');
SELECT is(pg_temp.unknown('p1>F:0.3 V1>F:0.5 p3>V1:1', 'F'), 0.2, '... of fractions, what nobody holds');
SELECT is(pg_temp.unknown('p1>F:60 V1>F:40 V1>V2:1 V2>V1:1', 'F'), 0.4, '... a ring above it');
SELECT is(pg_temp.unknown('p1>F:1 c1>F:1 stranger>c1:0.1', 'F'), 0::numeric, 'companies are not looked through, whoever holds them');
SELECT is(pg_temp.unknown('p1>F:1 p3>F:-0.5', 'F'), NULL, 'short positions leave no number');
SELECT is(pg_temp.unknown('', 'F'), 1::numeric, 'nothing is known of a product without holders');
SELECT is((SELECT concat_ws(' ', investors, exceeded, array_to_string(route, '>')) FROM risk_screen.final_investors(
	$$SELECT 'i' || i AS owner, 'V' || i % 3 AS owned, 1 AS share FROM generate_series(1, 201) i UNION ALL SELECT 'V' || i, 'U', 1 FROM generate_series(0, 2) i$$,
	$$SELECT 'i' || i AS party, 'person' AS kind FROM generate_series(1, 201) i UNION ALL SELECT 'V' || i, 'vehicle' FROM generate_series(0, 2) i UNION ALL SELECT 'U', 'product'$$, '{U}')),
	'201 t U>V2', '201 crosses 200');

SELECT is((SELECT string_agg(f.form || ' ' || f.max_investors || array_to_string(f.flags, ','), '; ' ORDER BY n) FROM unnest('{llc,LLC,limited_partnership,partnership,LP,有限责任公司,有限公司,有限合伙企业,合伙企业（有限合伙）,joint_stock,股份有限公司,契约型,公司型}'::text[]) WITH ORDINALITY form (form, n),
	risk_screen.final_investors($$SELECT 'P' AS owner, 'F' AS owned, 1 AS share$$, format($$SELECT 'F' AS party, 'product' AS kind, %L AS form UNION ALL SELECT 'P', 'person', NULL$$, form), '{F}') f),
	'llc 50; LLC 50; limited_partnership 50; partnership 50; LP 50; 有限责任公司 50; 有限公司 50; 有限合伙企业 50; 合伙企业（有限合伙） 50; joint_stock 200; 股份有限公司 200; 契约型 200; 公司型 200UNKNOWN_FORM', 'the limit by legal form, however it is written; an unknown form says so');

-- thresholds at their ends, and companies of which nothing is recorded
SELECT is(pg_temp.ubo('P>T:0 Q>T:1', 'T', '0', 't', 'higher'), 'Q yes EQUITY,VOTES,CONTROL', 'who holds nothing does not hold at least 0 %');
SELECT is(pg_temp.ubo('P>T:1', 'T', '1', 't', 'equity'), 'P yes EQUITY,CONTROL', 'all is 100 %');
SELECT is(pg_temp.ubo('P>T:1', 'T', '1', 'f', 'equity'), 'P yes CONTROL', 'and not more than it');
SELECT is((SELECT string_agg(concat_ws(' ', coalesce(kind, '-'), array_to_string(grounds, ','), equity, array_to_string(flags, ',')), '; ' ORDER BY kind) FROM risk_screen.beneficial_owners(pg_temp.h('P>T:1'), 'people', targets => '{nobody}')),
	'unknown UNRESOLVED 1 UNKNOWN,NO_HOLDERS; - FALLBACK ', 'of a company without holders nothing is known, and that is said');
SELECT throws_ok(format($$SELECT * FROM risk_screen.%s$$, f), '22023', 'argument as_of must be a day', f) FROM unnest(ARRAY[$$look_through(pg_temp.h('A>B:1'), as_of => 'infinity')$$, $$controllers(pg_temp.h('A>B:1'), as_of => '-infinity')$$,
	$$beneficial_owners(pg_temp.h('A>B:1'), 'people', as_of => 'infinity')$$, $$control_groups(pg_temp.h('A>B:1'), as_of => 'infinity')$$, $$related_parties(pg_temp.h('A>B:1'), as_of => 'infinity')$$,
	$$ownership_paths(pg_temp.h('A>B:1'), 'B', 'A', as_of => 'infinity')$$, $$check_holdings(pg_temp.h('A>B:1'), as_of => 'infinity')$$, $$product_layers(pg_temp.h('A>B:1'), 'people', as_of => 'infinity')$$,
	$$final_investors(pg_temp.h('A>B:1'), 'people', as_of => 'infinity')$$]) f;
-- two documents of one party are one person's, in whatever order the rows come
SELECT is((SELECT string_agg(concat_ws(' ', investors, unmerged, max_investors, form), '; ') FROM unnest('{ASC,DESC}'::text[]) o, risk_screen.final_investors(
	'SELECT p AS owner, ''F'' AS owned, 1 AS share FROM unnest(''{P,Q,R,S}''::text[]) p',
	format($$SELECT * FROM (VALUES ('F', 'product', NULL, 7, 'plan'), ('F', NULL, NULL, 9, 'llc'), ('P', 'person', 'I1', NULL, NULL), ('P', 'person', 'I2', NULL, NULL), ('Q', 'person', 'I2', NULL, NULL), ('R', 'person', 'I1', NULL, NULL), ('S', 'person', 'I3', NULL, NULL))
		v (party, kind, identity, max_investors, form) ORDER BY party %1$s, identity %1$s, form %1$s$$, o), '{F}')), '2 4 7 llc; 2 4 7 llc', 'who has two documents is one investor with whoever shows either');

SELECT * FROM finish();
ROLLBACK;
