-- Identifiers of mixed types: one type for all that names the same things, as UNION would give it, or an error.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

CREATE TYPE letter AS ENUM ('7', 'b');
CREATE DOMAIN seven AS bigint;
CREATE TABLE id_type (name text, value text);
INSERT INTO id_type SELECT t, CASE t WHEN 'date' THEN '2026-01-07' WHEN 'timestamp' THEN '2026-01-07' WHEN 'timestamptz' THEN '2026-01-07' WHEN 'uuid' THEN '00000000-0000-0000-0000-000000000007'
		WHEN 'numeric' THEN '7.00' WHEN 'numeric(9,3)' THEN '7' ELSE '7' END
  FROM unnest('{int2,int4,int8,numeric,"numeric(9,3)",float4,float8,text,varchar(5),char(3),name,date,timestamp,timestamptz,uuid,oid,letter,seven}'::text[]) t;
CREATE FUNCTION pg_temp.state(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
	EXECUTE query INTO answer;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END$$;
-- the oracle: does UNION find a type, and are the two one value in it? Where it would be a float that cannot hold every integer, we refuse.
CREATE TABLE id_pair AS
	SELECT a.name AS a, b.name AS b, a.value AS x, b.value AS y,
		   CASE WHEN (a.name || ' ' || b.name) ~ 'float' AND (a.name || ' ' || b.name) ~ 'int8|numeric|seven' THEN '42804'
				ELSE pg_temp.state(format('SELECT count(*) FROM (SELECT %L::%s UNION SELECT %L::%s) u', a.value, a.name, b.value, b.name)) END AS wanted
	  FROM id_type a, id_type b;
UPDATE id_pair SET wanted = '42804' WHERE wanted = '42846';
SELECT is((SELECT string_agg(DISTINCT wanted, ' ' ORDER BY wanted) FROM id_pair), '1 42804', 'the pairs are one, or not to be compared');
CREATE TABLE id_got AS SELECT *,
	pg_temp.state(format('SELECT accounts FROM risk_screen.check_transfers(%L)', format('SELECT 1 AS txn_id, p.p AS payer, q.q AS payee, 1 AS amount, now() AS paid_at FROM (VALUES (%L::%s)) p (p), (VALUES (%L::%s)) q (q)', x, a, y, b))) AS transfers,
	pg_temp.state(format('SELECT count(DISTINCT x) FROM risk_screen.look_through(%L, direction => ''holdings''), unnest(ARRAY[target, party]) x', format('SELECT p.p AS owner, q.q AS owned, 1 AS share FROM (VALUES (%L::%s)) p (p), (VALUES (%L::%s)) q (q)', x, a, y, b))) AS holdings
  FROM id_pair;
SELECT is((SELECT string_agg(format('%s %s: %s, UNION %s', a, b, transfers, wanted), '; ') FROM id_got WHERE transfers <> wanted), NULL, 'all pairs: payer and payee');
SELECT is((SELECT string_agg(format('%s %s: %s, UNION %s', a, b, holdings, wanted), '; ') FROM id_got WHERE holdings <> wanted), NULL, 'all pairs: owner and owned');
SELECT ok((SELECT count(*) FILTER (WHERE wanted = '1' AND a <> b) > 40 AND count(*) FILTER (WHERE wanted = '42804') > 100 FROM id_got), 'of each some');

-- another query about the same parties: what it says of a party is found whenever both name it
CREATE TABLE id_beside AS SELECT *,
	pg_temp.state(format('SELECT kind FROM risk_screen.beneficial_owners(%L, %L) WHERE party IS NOT NULL', format('SELECT p.p AS owner, p.p AS owned, 0.5 AS share FROM (VALUES (%L::%s)) p (p)', x, a),
		format('SELECT q.q AS party, ''listed'' AS kind FROM (VALUES (%L::%s)) q (q)', y, b))) AS persons
  FROM id_pair WHERE a <> b;
SELECT is((SELECT string_agg(format('%s %s: %s, UNION %s', a, b, persons, wanted), '; ') FROM id_beside
		WHERE persons <> CASE wanted WHEN '1' THEN 'listed' ELSE wanted END
			AND NOT (persons = '42804' AND (a ~ 'int' AND b ~ 'float' OR a ~ 'date' AND b ~ 'time' OR a = 'timestamp' AND b = 'timestamptz' OR a = 'float4' AND b = 'float8' OR a ~ 'int|seven' AND b = 'oid' OR a = 'name' AND b ~ 'char|text'))),
	NULL, 'all pairs: holdings and persons; a type that holds more than that of the holdings is refused, integers and numerics excepted');

SELECT is((SELECT string_agg(concat_ws(' ', target, party, total), ', ' ORDER BY target, party) FROM risk_screen.look_through(
	'SELECT * FROM (VALUES (1, 2.00, 0.5), (2, 3.000, 0.5), (4, 3.0, 0.25), (1, 3.5, 1)) v (owner, owned, share)')),
	'2 1 0.5, 2 0.5, 3 1 0.25, 3 2 0.5, 3 4 0.25, 3 0.5, 3.5 1 1', '2 and 2.00 are one party, shown as 2');
SELECT is((SELECT string_agg(concat_ws(' ', target, party), ', ' ORDER BY target, party) FROM risk_screen.look_through('SELECT * FROM (VALUES (1.10, 2.00, 0.5), (2.00, 3.50, 1)) v (owner, owned, share)', '{3.5}') WHERE party IS NOT NULL),
	'3.5 1.10, 3.5 2.00', 'numerics alone are shown as they are');
SELECT is(pg_temp.state($$SELECT count(*) FROM risk_screen.look_through('SELECT 9007199254740993::bigint AS owner, 9007199254740992::float8 AS owned, 1 AS share')$$), '42804', 'no two are made one by rounding');
-- whole numbers of another type, and those that do not fit
CREATE TABLE id_h AS SELECT * FROM (VALUES (1, 2, 0.6), (3, 2, 0.4)) v (owner, owned, share);
SELECT is((SELECT string_agg(concat_ws(' ', party, kind), ', ' ORDER BY party) FROM risk_screen.beneficial_owners(h, persons, targets => t::text[])), '1 person, 3 person', concat_ws(' ', h, persons, t))
  FROM unnest('{id_h,"SELECT owner::bigint, owned::smallint, share FROM id_h"}'::text[]) h, unnest('{NULL,"{2}"}'::text[]) t,
	unnest(ARRAY['SELECT x AS party, ''person'' AS kind FROM unnest(''{1,3}''::numeric(9,2)[]) x', 'SELECT x AS party, ''person'' AS kind FROM unnest(''{1,3}''::smallint[]) x',
		'SELECT x::seven AS party, ''person'' AS kind FROM unnest(''{1,3}''::bigint[]) x', 'SELECT 1 AS party, ''person'' AS kind, NULL AS company UNION ALL SELECT 3, ''person'', NULL', 'SELECT * FROM (VALUES (1, ''person'', NULL), (3, ''person'', NULL)) v (party, kind, company)',
		'WITH p AS (SELECT 1 AS party, ''person'' AS kind, NULL AS company UNION ALL SELECT 3, ''person'', NULL) SELECT * FROM p']) persons;
SELECT throws_ok($$SELECT * FROM risk_screen.beneficial_owners('id_h', 'SELECT 1.5 AS party')$$, '22003', 'column "party" of the persons query has the value 1.5, which is no integer', 'a party that cannot be one');
SELECT throws_ok($$SELECT * FROM risk_screen.related_parties('id_h', links => 'SELECT 1 AS a, 5000000000 AS b')$$, '22003', 'column "b" of the links query has the value 5000000000, which is no integer', 'an integer too many');
SELECT throws_ok($$SELECT * FROM risk_screen.related_parties('id_h', links => 'SELECT 1 AS a, ''NaN''::numeric AS b')$$, '22003', 'column "b" of the links query has the value NaN, which is no integer', 'NaN');
SELECT is((SELECT count(*) FROM risk_screen.related_parties('id_h', '{2}', 'SELECT 1 AS a, x AS b FROM unnest(''{3,1.5,1e60,5000000000}''::numeric[]) x', bad_rows => 'skip')), 3::bigint, 'or left out when asked for');
SELECT throws_ok($$SELECT * FROM risk_screen.related_parties('id_h', links => 'SELECT owner::text AS a, owned::text AS b FROM id_h')$$, '42804', NULL, 'text names no integer');
SELECT is((SELECT string_agg(concat_ws(' ', party, relation), ', ' ORDER BY party) FROM risk_screen.related_parties('id_h', '{2}', 'SELECT ''1'' AS a, ''4'' AS b')), '1 controller, 2 self, 3 holder, 4 concert', 'a constant is what the others are');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through('SELECT ''x'' AS owner, 1 AS owned, 1 AS share')$$, '22P02', NULL, '... if it can be');
SELECT throws_ok($$SELECT * FROM risk_screen.look_through('SELECT owner::text, owned, share FROM id_h')$$, '42804', 'columns "owner" and "owned" of the holdings query have no common type', 'text and integer have no common type');
-- graphs: the same
SELECT risk_screen.create_ownership_graph('id_g', 'SELECT * FROM id_h');
SELECT is((SELECT string_agg(concat_ws(' ', party, kind), ', ' ORDER BY party) FROM risk_screen.beneficial_owners('graph:id_g', persons, targets => '{2}')), '1 person, 3 person', 'graph: ' || persons)
  FROM unnest(ARRAY['SELECT x AS party, ''person'' AS kind FROM unnest(''{1,3}''::numeric(9,2)[]) x', 'SELECT x AS party, ''person'' AS kind FROM unnest(''{1,3}''::bigint[]) x']) persons;
SELECT throws_ok($$SELECT * FROM risk_screen.beneficial_owners('graph:id_g', 'SELECT 1.5 AS party')$$, '22003', NULL, 'graph: a party that cannot be one');
SELECT throws_ok($$SELECT * FROM risk_screen.beneficial_owners('graph:id_g', 'SELECT owner::text AS party FROM id_h')$$, '42804', NULL, 'graph: text names no integer');
-- by index, hop by hop, with the numeric side in the table
CREATE TABLE id_indexed (owner numeric(12,2), owned bigint, share numeric);
INSERT INTO id_indexed SELECT i, i + 1, 1 FROM generate_series(1, 5000) i;
CREATE INDEX ON id_indexed (owner);
CREATE INDEX ON id_indexed (owned);
ANALYZE id_indexed;
SELECT is((SELECT concat_ws(' ', count(*), min(party::int), max(party::int)) FROM risk_screen.look_through('id_indexed', ARRAY[t])), '100 1 100', 'upwards from ' || t) FROM unnest('{101,101.00}'::text[]) t;
SELECT is((SELECT concat_ws(' ', count(*), min(party::int), max(party::int)) FROM risk_screen.look_through('id_indexed', '{4990}', 'holdings')), '11 4991 5001', 'downwards');
-- claims and transfers
CREATE TABLE id_pay AS SELECT i AS txn_id, i AS payer, i + 1 AS payee, 10 AS amount, timestamptz '2026-01-01' + i * interval '1 day' AS paid_at FROM generate_series(1, 5) i;
SELECT is((SELECT string_agg(concat_ws(' ', kind, account, txn_id, traced), ', ' ORDER BY kind, txn_id) FROM risk_screen.attribute_funds('id_pay', claims)),
	(SELECT string_agg(concat_ws(' ', kind, account, txn_id, traced), ', ' ORDER BY kind, txn_id) FROM risk_screen.attribute_funds('id_pay', 'SELECT 1 AS claim, 2 AS txn_id')), claims)
  FROM unnest('{"SELECT 1 AS claim, 2.00 AS txn_id","SELECT 1 AS claim, 2::bigint AS txn_id","SELECT 1 AS claim, ''2'' AS txn_id"}'::text[]) claims;
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('id_pay', 'SELECT 1 AS claim, 2.5 AS txn_id')$$, '22003', NULL, 'a claim on no transfer');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('id_pay', 'SELECT 1 AS claim, txn_id::text FROM id_pay')$$, '42804', NULL, 'text names no integer transfer');
SELECT is((SELECT string_agg(concat_ws(' ', account, hops), ', ' ORDER BY hops) FROM risk_screen.trace_accounts('SELECT txn_id, payer, payee::numeric(9,2), amount, paid_at FROM id_pay', '{2}')),
	(SELECT string_agg(concat_ws(' ', account, hops), ', ' ORDER BY hops) FROM risk_screen.trace_accounts('id_pay', '{2}')), 'a trace over integer and numeric accounts');

SELECT * FROM finish();
ROLLBACK;
