-- Pattern functions at the SQL surface: arguments, types, rights, profiles, peaks.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

CREATE TABLE pattern_txn (txn_id text, payer text, payee text, amount numeric(18,2), paid_at timestamptz, payer_owner text, loan_id int);
INSERT INTO pattern_txn
SELECT 't' || i, 'a' || i % 13, 'a' || (i * 7 + i / 13) % 13, 100 + i % 50, timestamptz '2026-03-01 08:00+08' + i * interval '17 minutes', 'o' || i % 5, i % 9
  FROM generate_series(1, 400) i;

-- the same answer for every identifier type and physical order
CREATE TABLE pattern_answer AS
SELECT cycle_no, length, txn_ids, kept, instance FROM risk_screen.find_cycles('pattern_txn', 4, '5 hours');
SELECT cmp_ok(count(*), '>', 5::bigint, 'there are cycles to compare') FROM pattern_answer;
SELECT results_eq(
	format($$SELECT cycle_no, length, txn_ids, kept, instance FROM risk_screen.find_cycles('SELECT txn_id, (%1$s) AS payer, (%2$s) AS payee, amount, paid_at FROM pattern_txn ORDER BY amount, txn_id DESC', 4, '5 hours')$$, p, q),
	'SELECT * FROM pattern_answer', 'find_cycles over ' || what)
  FROM (VALUES ('substr(payer, 2)::int', 'substr(payee, 2)::int', 'integers'),
			   ('substr(payer, 2)::numeric', 'substr(payee, 2)::numeric', 'numerics'),
			   ('md5(payer)::uuid', 'md5(payee)::uuid', 'uuids'),
			   ('substr(payer, 2)::bigint', 'payee::varchar', 'nothing in common')) v(p, q, what)
 WHERE what <> 'nothing in common';

-- a flow graph gives what its query gives
SELECT risk_screen.create_flow_graph('pattern_graph', 'SELECT txn_id, payer, payee, amount, paid_at FROM pattern_txn') IS NULL AS ignored \gset
SELECT bag_eq(format('SELECT * FROM risk_screen.%s', replace(call, 'SOURCE', '''graph:pattern_graph''')),
			  format('SELECT * FROM risk_screen.%s', replace(call, 'SOURCE', '''SELECT txn_id, payer, payee, amount, paid_at FROM pattern_txn''')), 'graph and query: ' || call)
  FROM unnest(ARRAY['find_cycles(SOURCE, 5, ''6 hours'')', 'find_cycles(SOURCE, 4, ''5 hours'', ordered => false)', 'find_fan_in(SOURCE, 4, ''3 hours'')',
	'find_fan_out(SOURCE, 4, ''3 hours'')', 'find_structuring(SOURCE, 150, 0.2, 3, ''8 hours'')', 'find_pass_through(SOURCE, ''2 hours'', 0.05)',
	'find_pass_through(SOURCE, ''2 hours'', 0.05, ''account'')', 'find_scatter_gather(SOURCE, 2, ''3 hours'')', 'find_gather_scatter(SOURCE, 3, ''4 hours'')',
	'find_scatter_gather(SOURCE, 2, ''3 hours'', phased => true)', 'account_profile(SOURCE)', 'fund_pools(SOURCE, 3, 3, min_sources => 2)']) call;

-- empty input, arguments
SELECT is_empty(format('SELECT * FROM risk_screen.%s', call), 'nothing in, nothing out: ' || call)
  FROM unnest(ARRAY[
	$$find_cycles('SELECT * FROM pattern_txn WHERE false')$$, $$find_fan_in('SELECT * FROM pattern_txn WHERE false', 2, '1 day')$$,
	$$find_fan_out('SELECT * FROM pattern_txn WHERE false', 2, '1 day')$$, $$find_structuring('SELECT * FROM pattern_txn WHERE false', 100, 0.2, 2, '1 day')$$,
	$$find_pass_through('SELECT * FROM pattern_txn WHERE false', '1 day', 0.1)$$, $$find_scatter_gather('SELECT * FROM pattern_txn WHERE false', 2, '1 day')$$,
	$$find_gather_scatter('SELECT * FROM pattern_txn WHERE false', 2, '1 day')$$, $$account_profile('SELECT * FROM pattern_txn WHERE false')$$,
	$$fund_pools('SELECT * FROM pattern_txn WHERE false')$$]) call;
SELECT throws_ok(format('SELECT * FROM risk_screen.%s', call), state, NULL, call)
  FROM (VALUES
	($$find_cycles('pattern_txn', 1)$$, '22023'), ($$find_cycles('pattern_txn', 13)$$, '22023'),
	($$find_cycles('pattern_txn', 3, '1 month')$$, '22023'), ($$find_cycles('pattern_txn', 3, '-1 day')$$, '22023'),
	($$find_cycles('pattern_txn', min_kept => 1.5)$$, '22023'), ($$find_cycles('pattern_txn', min_amount => 'NaN')$$, '22023'),
	($$find_cycles(NULL)$$, '22004'), ($$find_cycles('pattern_txn', NULL)$$, '22004'),
	($$find_fan_in('pattern_txn', 0, '1 day')$$, '22023'), ($$find_structuring('pattern_txn', 0, 0.2, 2, '1 day')$$, '22023'),
	($$find_structuring('pattern_txn', 100, 0, 2, '1 day')$$, '22023'), ($$find_structuring('pattern_txn', 100, 0.1, 2, '1 day', 'both')$$, '22023'),
	($$find_pass_through('pattern_txn', '1 day', -0.1)$$, '22023'), ($$find_pass_through('pattern_txn', '1 day', 0.1, 'bank')$$, '22023'),
	($$find_gather_scatter('pattern_txn', 0, '1 day')$$, '22023'), ($$fund_pools('pattern_txn', max_matched => 2)$$, '22023'),
	($$find_cycles('SELECT 1 AS a')$$, '42703')) v(call, state);

-- worked examples
CREATE TABLE pattern_round (txn_id int, payer text, payee text, amount numeric, paid_at timestamptz);
INSERT INTO pattern_round VALUES (1, 'A', 'B', 100, '2026-03-01 09:00+08'), (2, 'B', 'C', 95, '2026-03-01 10:00+08'),
	(3, 'C', 'A', 90, '2026-03-01 11:00+08'), (4, 'B', 'A', 10, '2026-03-01 09:00+08'), (5, 'C', 'C', 7, '2026-03-01 10:30+08');
SELECT results_eq($$SELECT length, accounts, txn_ids, amounts, kept FROM risk_screen.find_cycles('pattern_round', 3, '1 day')$$,
	$$VALUES (3, '{A,B,C}'::text[], '{1,2,3}'::text[], '{100,95,90}'::numeric[], 0.900000)$$, 'a cycle with its kept share; a tie breaks the strict order');
SELECT results_eq($$SELECT txn_ids FROM risk_screen.find_cycles('pattern_round', 3, '1 day', strict => false)$$,
	$$VALUES ('{1,2,3}'::text[]), ('{1,4}'::text[])$$, 'without strict, money can come back at once');
SELECT is_empty($$SELECT * FROM risk_screen.find_cycles('pattern_round', 3, '1 day', min_kept => 0.91)$$, 'the share asked for is more than came back');
SELECT is_empty($$SELECT * FROM risk_screen.find_cycles('pattern_round', 3, '1 day', since => '2026-03-01 11:00+08')$$, 'since leaves out what ended by then');
SELECT results_eq($$SELECT account, in_txn_ids, out_txn_ids FROM risk_screen.find_pass_through('pattern_round', '2 hours', 0.06)$$,
	$$VALUES ('B', '{1}'::text[], '{2}'::text[]), ('C', '{2}'::text[], '{3}'::text[])$$, 'passed through, 5 and 5.3 %');
-- owners: two accounts of one owner structure together
CREATE TABLE pattern_owner (txn_id int, payer text, payee text, amount numeric, paid_at timestamptz, payer_owner text);
INSERT INTO pattern_owner SELECT i, 'acct' || i, 'shop', 49000, timestamptz '2026-03-01' + i * interval '1 hour', CASE WHEN i <= 3 THEN 'Li' ELSE 'W' || i END FROM generate_series(1, 6) i;
SELECT is_empty($$SELECT * FROM risk_screen.find_structuring('pattern_owner', 50000, 0.1, 3, '1 day')$$, 'no single account structures');
SELECT results_eq($$SELECT account, transfer_count, total FROM risk_screen.find_structuring('pattern_owner', 50000, 0.1, 3, '1 day', by_owner => true)$$,
	$$VALUES ('Li', 3, 147000::numeric)$$, 'their owner does');
SELECT results_eq($$SELECT account, parties FROM risk_screen.find_structuring('pattern_owner', 50000, 0.1, 3, '1 day', 'payee', 5)$$,
	$$VALUES ('shop', 6)$$, 'many to one');
SELECT results_eq($$SELECT count(*) FROM risk_screen.find_structuring('SELECT txn_id, payer, payee, 50000 AS amount, paid_at FROM pattern_owner', 50000, 0.1, 1, '1 day', 'payee')$$,
	$$VALUES (0::bigint)$$, 'exactly the threshold is reported, so it is not structuring');
-- a fund pool: with loan numbers that match, and without
CREATE TABLE pattern_pool (txn_id int, payer text, payee text, amount numeric, paid_at timestamptz, loan_id int);
INSERT INTO pattern_pool
SELECT i, 'L' || i, 'pool', 100, timestamptz '2026-03-01' + i * interval '1 hour', i FROM generate_series(1, 20) i UNION ALL
SELECT 100 + i, 'pool', 'B' || i, 90, timestamptz '2026-03-02' + i * interval '1 hour', i + 50 FROM generate_series(1, 20) i UNION ALL
SELECT 200 + i, 'L' || i, 'clean', 100, timestamptz '2026-03-01' + i * interval '1 hour', i FROM generate_series(1, 20) i UNION ALL
SELECT 300 + i, 'clean', 'B' || i, 100, timestamptz '2026-03-02' + i * interval '1 hour', i FROM generate_series(1, 20) i;
SELECT results_eq($$SELECT account, payers, payees, matched, sources::numeric(9,3), retention FROM risk_screen.fund_pools('pattern_pool')$$,
	$$VALUES ('pool', 20, 20, 0.000000, 20.000, 0.100000)$$, 'the account that pairs by loan is no pool');

-- profiles against SQL
SELECT results_eq(
	$$SELECT account, paid_count, received_count, paid, received, payees, payers, first_at, last_at FROM risk_screen.account_profile('pattern_txn')$$,
	$$SELECT a, count(*) FILTER (WHERE payer = a AND payee <> a), count(*) FILTER (WHERE payee = a AND payer <> a),
			 coalesce(sum(amount) FILTER (WHERE payer = a AND payee <> a), 0), coalesce(sum(amount) FILTER (WHERE payee = a AND payer <> a), 0),
			 count(DISTINCT payee) FILTER (WHERE payer = a AND payee <> a)::int, count(DISTINCT payer) FILTER (WHERE payee = a AND payer <> a)::int,
			 min(paid_at), max(paid_at)
		FROM (SELECT DISTINCT payer AS a FROM pattern_txn UNION SELECT payee FROM pattern_txn) x, pattern_txn
	   WHERE a IN (payer, payee) GROUP BY a ORDER BY a COLLATE "C"$$, 'account_profile: counts, sums, parties, span');
SELECT results_eq(
	$$SELECT account, peak_received, peak_count FROM risk_screen.account_profile('pattern_txn', '6 hours') WHERE received_count > 0$$,
	$$SELECT a, max(r), max(c) FROM (
		SELECT a, sum(amount) FILTER (WHERE payee = a) OVER w AS r, count(*) OVER w AS c
		  FROM (SELECT DISTINCT payee AS a FROM pattern_txn) x, pattern_txn WHERE a IN (payer, payee) AND payer <> payee
		WINDOW w AS (PARTITION BY a ORDER BY paid_at RANGE BETWEEN '6 hours' PRECEDING AND CURRENT ROW)) y
	   GROUP BY a ORDER BY a COLLATE "C"$$, 'account_profile: peaks');
SELECT results_eq($$SELECT median_hold, retention FROM risk_screen.account_profile('SELECT * FROM (VALUES (1, ''x'', ''m'', 10, timestamptz ''2026-03-01''), (2, ''m'', ''y'', 6, timestamptz ''2026-03-02''), (3, ''m'', ''y'', 8, timestamptz ''2026-03-06'')) v(txn_id, payer, payee, amount, paid_at)') WHERE account = 'm'$$,
	$$VALUES (interval '1 day', -0.400000)$$, 'holding time: 6 of the 10 left after a day, 4 after five; 4 more came from elsewhere');

-- peaks and sliding values against window SQL, ties included
CREATE TABLE pattern_hot AS SELECT i, (hashint4(i) & 1023)::numeric / 10 AS x, timestamptz '2026-03-01' + (i / 3) * interval '7 minutes' AS at, hashint4(i) & 31 AS peer
  FROM generate_series(1, 3000) i;
CREATE TEMP TABLE pattern_window AS
SELECT i, count(*) OVER w AS n, sum(x) OVER w AS s, max(x) OVER w AS m FROM pattern_hot WINDOW w AS (ORDER BY at RANGE BETWEEN '3 hours' PRECEDING AND CURRENT ROW);
SELECT is(risk_screen.peak_count(at, '3 hours'), (SELECT max(n) FROM pattern_window), 'peak_count') FROM pattern_hot;
SELECT is(risk_screen.peak_sum(x, at, '3 hours'), (SELECT max(s) FROM pattern_window), 'peak_sum') FROM pattern_hot;
SELECT is(risk_screen.peak_max(x, at, '3 hours'), (SELECT max(m) FROM pattern_window), 'peak_max') FROM pattern_hot;
SELECT is(risk_screen.peak_distinct(peer, at, '30 minutes'),
		  (SELECT max((SELECT count(DISTINCT b.peer) FROM pattern_hot b WHERE b.at BETWEEN a.at - interval '30 minutes' AND a.at)) FROM (SELECT DISTINCT at FROM pattern_hot) a), 'peak_distinct') FROM pattern_hot;
SELECT is((d).value, risk_screen.peak_sum(x, at, '3 hours') , 'peak_detail has the value') FROM (SELECT risk_screen.peak_detail(x, at, '3 hours', 'sum') AS d FROM pattern_hot) p, pattern_hot GROUP BY d;
SELECT is((SELECT sum(x) FROM pattern_hot WHERE at BETWEEN (d).started_at AND (d).ended_at), (d).value, 'and the interval in which it was reached')
  FROM (SELECT risk_screen.peak_detail(x, at, '3 hours', 'sum') AS d FROM pattern_hot) p;
SELECT results_eq($$SELECT i, risk_screen.sliding_count(at, '3 hours') OVER w, risk_screen.sliding_sum(x, at, '3 hours') OVER w, risk_screen.sliding_max(x, at, '3 hours') OVER w
					  FROM pattern_hot WINDOW w AS (ORDER BY at) ORDER BY i$$, 'SELECT * FROM pattern_window ORDER BY i', 'sliding values');
SELECT is((SELECT sum(v) FROM (SELECT risk_screen.sliding_distinct(peer, at, '30 minutes') OVER (PARTITION BY i % 7 ORDER BY at) AS v FROM pattern_hot) s),
		  (SELECT sum((SELECT count(DISTINCT b.peer) FROM pattern_hot b WHERE b.i % 7 = a.i % 7 AND b.at BETWEEN a.at - interval '30 minutes' AND a.at)) FROM pattern_hot a), 'sliding_distinct, partition by partition');
SELECT throws_ok($$SELECT risk_screen.sliding_sum(x, at, '1 hour') OVER (ORDER BY at DESC) FROM pattern_hot$$, '42P20', NULL, 'a window in the wrong order is refused');
SELECT is((SELECT count(v) FROM (SELECT risk_screen.sliding_sum(CASE WHEN i % 2 = 0 THEN x END, at, '1 hour') OVER (ORDER BY at) AS v FROM pattern_hot) s), 1500::bigint, 'rows without a value have none');
SELECT is(risk_screen.peak_count(at, '1 hour'), 0::bigint, 'peak_count over no rows') FROM pattern_hot WHERE false;
SELECT is(risk_screen.peak_sum(x, at, '1 hour'), NULL, 'peak_sum over no rows') FROM pattern_hot WHERE false;
SELECT throws_ok($$SELECT risk_screen.peak_count(at, i * interval '1 hour') FROM pattern_hot$$, '22023', NULL, 'one window for all rows');
SELECT throws_ok($$SELECT risk_screen.peak_detail(x, at, '1 hour', 'median') FROM pattern_hot$$, '22023', NULL, 'an unknown measure');

-- the same peak in every plan
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE TABLE pattern_many AS SELECT x / 7 AS x, at, peer FROM pattern_hot, generate_series(1, 5);
ANALYZE pattern_many;
SELECT set_config('pattern.parallel', risk_screen.peak_detail(x, at, '3 hours', 'sum')::text, true) FROM pattern_many \gset ignored_
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is(risk_screen.peak_detail(x, at, '3 hours', 'sum')::text, current_setting('pattern.parallel'), 'parallel equals serial') FROM pattern_many;

-- round amounts, accounts that wake up
SELECT is(risk_screen.round_share(x, 1000), 0.500000, 'round_share') FROM (VALUES (1000), (2500), (0), (NULL), (-3000), (1)) v(x);
SELECT is(risk_screen.round_share(x, 1000), NULL, 'round_share of nothing') FROM (VALUES (0)) v(x);
SELECT throws_ok('SELECT risk_screen.round_share(1, 0)', '22023', NULL, 'a unit of zero');
SELECT is(risk_screen.dormant_then_active(at, '30 days', '2 days', 3), ARRAY[timestamptz '2026-03-01']::timestamptz[], 'woke up once')
  FROM (VALUES (timestamptz '2025-12-01'), ('2025-12-02'), ('2026-03-01'), ('2026-03-01 12:00'), ('2026-03-03'), ('2026-05-01'), ('2026-05-02'), (NULL)) v(at);
SELECT is(risk_screen.dormant_then_active(at, '30 days', '2 days', 1), '{}'::timestamptz[], 'never slept') FROM (VALUES (timestamptz '2026-03-01'), ('2026-03-02')) v(at);

-- ties are broken by the identifier's bytes, whatever its type, however long and alike identifiers are
CREATE TEMP TABLE odd_id AS SELECT DISTINCT id FROM (
	SELECT repeat('a', n) AS id FROM generate_series(1, 40) AS n
	 UNION ALL SELECT repeat('a', n) || chr(c) FROM generate_series(0, 33) AS n, generate_series(98, 104) AS c
	 UNION ALL SELECT 'TXN2026-' || lpad((n * 7919 % 100003)::text, 4 + n % 9, '0') FROM generate_series(1, 3000) AS n
	 UNION ALL SELECT '交易' || chr(19968 + n * 31 % 5000) || n % 5 FROM generate_series(1, 700) AS n
	 UNION ALL SELECT (n * 1000003 % 999983)::text FROM generate_series(1, 2000) AS n
	 UNION ALL SELECT md5(n::text) FROM generate_series(1, 300) AS n) AS x;
SELECT is((SELECT txn_ids FROM risk_screen.find_structuring('SELECT id AS txn_id, ''p'' AS payer, ''q'' AS payee, 49000 AS amount, timestamptz ''2026-01-01'' AS paid_at FROM (SELECT id FROM odd_id ORDER BY md5(id)) AS x', 50000, 0.1, 5, interval '1 day')),
	(SELECT array_agg(id ORDER BY id COLLATE "C") FROM odd_id), 'thousands of text identifiers at one moment: by their bytes');
SELECT is((SELECT txn_ids FROM risk_screen.find_structuring('SELECT md5(id)::uuid AS txn_id, ''p'' AS payer, ''q'' AS payee, 49000 AS amount, timestamptz ''2026-01-01'' AS paid_at FROM odd_id', 50000, 0.1, 5, interval '1 day')),
	(SELECT array_agg(md5(id)::uuid::text ORDER BY md5(id)::uuid) FROM odd_id), 'uuids');

-- rights and memory
CREATE ROLE pattern_reader;
SET LOCAL ROLE pattern_reader;
SELECT throws_ok($$SELECT * FROM risk_screen.find_cycles('SELECT * FROM public.pattern_txn')$$, '42501', NULL, 'no right on the table, no cycles');
RESET ROLE;
SET LOCAL risk_screen.max_memory = '1MB';
SELECT throws_ok($$SELECT * FROM risk_screen.find_cycles('SELECT -i AS txn_id, i AS payer, i + 1 AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 100000) i')$$, '54000', NULL, 'max_memory is respected');
RESET risk_screen.max_memory;
SELECT * FROM finish();
ROLLBACK;
