-- What look-through tells the analyst about rows that it does not use: the whole message.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE TEMP TABLE held AS SELECT * FROM (VALUES ('P', 'T', 0.2, NULL), ('Q', 'T', 0.1, NULL), ('H', 'T', 0.7, 'ordinary'), ('R', 'H', 0.6, 'A')) v (owner, owned, share, kind);
CREATE TEMP TABLE persons AS SELECT unnest('{P,Q,R,Z}'::text[]) AS party, 'person' AS kind;
-- links of a kind that joins nobody
SELECT * FROM risk_screen.control_groups('held', $$SELECT 'P' AS a, 'Q' AS b, 'concrt' AS kind$$);
SELECT * FROM risk_screen.control_groups('held', $$SELECT * FROM (VALUES ('P', 'Q', 'officer'), ('P', 'R', 'Kin'), ('R', 'Q', '一致行动人'), ('P', 'Z', NULL)) v (a, b, kind)$$, bad_rows => 'skip') ORDER BY member;
SELECT * FROM risk_screen.related_parties('held', '{T}', $$SELECT 'P' AS a, 'Z' AS b, 'konzert' AS kind UNION ALL SELECT 'P', 'Q', 'concerts'$$);
SELECT party, relation, via FROM risk_screen.related_parties('held', '{T}', $$SELECT * FROM (VALUES ('P', 'Z', 'manager'), ('P', 'Y', 'Kin '), ('P', 'X', 'economic')) v (a, b, kind)$$, bad_rows => 'skip') ORDER BY party;
SELECT * FROM risk_screen.beneficial_owners('held', 'persons', concert => $$SELECT 'P' AS a, 'Q' AS b, 'economic' AS kind$$);
SELECT party, concert_members FROM risk_screen.beneficial_owners('held', 'persons', targets => '{T}', concert => $$SELECT * FROM (VALUES ('P', 'Q', 'kin'), ('P', 'R', 'officer')) v (a, b, kind)$$, bad_rows => 'skip') ORDER BY 1;
-- kinds of holdings: one that is nearly one with a meaning
SELECT * FROM risk_screen.controllers($$SELECT * FROM held UNION ALL SELECT 'Q', 'T', NULL, 'contorl'$$);
SELECT controlled, controller FROM risk_screen.controllers($$SELECT * FROM held UNION ALL SELECT 'Q', 'T', NULL, 'contorl' UNION ALL SELECT 'P', 'T', NULL, '协议控制'$$, bad_rows => 'skip') ORDER BY 1, 2;
SELECT risk_screen.create_ownership_graph('misspelt', $$SELECT 'Q' AS owner, 'T' AS owned, 1 AS share, 'nominie' AS kind$$);
-- kinds of parties
SELECT * FROM risk_screen.beneficial_owners('held', $$SELECT 'P' AS party, '国企' AS kind$$);
SELECT party, kind, qualified FROM risk_screen.beneficial_owners('held', $$SELECT * FROM (VALUES ('P', 'persn', NULL), ('Q', '自然人', NULL), ('R', 'manager', NULL), ('R', 'person', 'T')) v (party, kind, company)$$, targets => '{T}', bad_rows => 'skip') ORDER BY 1;
SELECT * FROM risk_screen.beneficial_owners('held', $$SELECT 'P' AS party, 'manager' AS kind$$);
SELECT * FROM risk_screen.product_layers('SELECT 1 AS owner, 2 AS owned, 1 AS share', $$SELECT 1 AS party, 'produkt' AS kind$$);
SELECT product, investors FROM risk_screen.final_investors('SELECT 1 AS owner, 2 AS owned, 1 AS share', $$SELECT 2 AS party, 'product' AS kind, -5 AS declared_investors UNION ALL SELECT 2, 'product', NULL$$, bad_rows => 'skip');
SELECT product, investors FROM risk_screen.final_investors('SELECT 1 AS owner, 2 AS owned, 1 AS share', $$SELECT 2 AS party, 'product' AS kind, -5 AS declared_investors$$);
-- who acts with a party met is met, whichever way round it is said; each row that is left out is counted once
CREATE TEMP TABLE allied AS SELECT * FROM (VALUES ('P', 'T', 0.2, NULL), ('P', 'Q', 60, 'concert'), ('Q', 'P', 70, 'concert'), ('Z', 'P', 1, 'Concert'), ('P', 'Y', NULL, 'concert'), ('Q', 'T', 0.1, NULL),
	('X', 'W', 50, 'concert'), ('Z', NULL, 1, 'concert')) v (owner, owned, share, kind);
SELECT party, concert_members FROM risk_screen.beneficial_owners('allied', 'persons', targets => '{T}', bad_rows => 'skip') ORDER BY 1;
SELECT party, concert_members FROM risk_screen.beneficial_owners('allied', 'persons', bad_rows => 'skip') WHERE company = 'T' ORDER BY 1;
CREATE INDEX ON allied (owner);
CREATE INDEX ON allied (owned);
SET enable_seqscan = off;
SELECT party, concert_members FROM risk_screen.beneficial_owners('allied', 'persons', targets => '{T}', bad_rows => 'skip') ORDER BY 1;
SELECT party FROM risk_screen.beneficial_owners('allied', 'persons', targets => '{T}');
RESET enable_seqscan;
-- reading begins again where an ally has holders of its own: rows that were skipped are told once
CREATE TEMP TABLE behind AS SELECT * FROM (VALUES ('A', 'T', 0.3), ('B', 'X', 60), ('C', 'X', 0.2), ('D', 'T', 70)) v (owner, owned, share);
SELECT risk_screen.create_ownership_graph('behind', 'SELECT * FROM pg_temp.behind');
SELECT party, concert_members FROM unnest('{behind,graph:behind}'::text[]) h, risk_screen.beneficial_owners(h, 'SELECT ''C'' AS party', targets => '{T}', concert => $$SELECT * FROM (VALUES ('A', 'X', NULL), ('A', 'Y', 'bogus')) v (a, b, kind)$$, bad_rows => 'skip') ORDER BY h, party;
SELECT risk_screen.drop_ownership_graph('behind');
-- a day asked of holdings that have none
SELECT party FROM risk_screen.look_through('held', '{T}', as_of => '2026-01-01', known_at => '2026-01-01') WHERE ultimate ORDER BY 1;
SELECT party FROM risk_screen.look_through('SELECT *, NULL::date AS valid_to, NULL::timestamptz AS known_from FROM held', '{T}', as_of => '2026-01-01', known_at => '2026-01-01') WHERE ultimate ORDER BY 1;
SELECT party FROM risk_screen.look_through('held', '{T}', as_of => 'infinity');
