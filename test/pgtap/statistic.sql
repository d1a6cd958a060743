-- Statistics: golden values, corners, order and parallel independence.
-- several assertions on one row come out one below the other
\pset fieldsep '\n'
BEGIN;
SELECT no_plan();
SET LOCAL search_path = public, risk_screen;

-- golden values
SELECT is(round(xirr(a, d)::numeric, 10), 0.3733625335, 'xirr: spreadsheet example')
  FROM (VALUES (-10000, date '2008-01-01'), (2750, '2008-03-01'), (4250, '2008-10-30'), (3250, '2009-02-15'), (2750, '2009-04-01')) v(a, d);
CREATE TEMP VIEW loan AS
	SELECT CASE WHEN i = 0 THEN 10000 ELSE -940 END::numeric AS a, i, (date '2025-01-15' + i * interval '1 month')::date AS d
	  FROM generate_series(0, 12) i;
SELECT is(round(xirr(a, d)::numeric, 10), 0.2551209614, 'xirr: loan of 10 000, 12 x 940') FROM loan;
SELECT is(round(xirr(CASE WHEN i = 0 THEN a - 300 ELSE a END, d)::numeric, 10), 0.3311076730, 'xirr: with 300 of fees up front') FROM loan;
SELECT is(round(irr(a, i)::numeric, 10), 0.0190348518, 'irr: rate per month') FROM loan;
SELECT is(round(nominal_apr(irr(a, i))::numeric, 10), 0.2284182217, 'nominal rate') FROM loan;
SELECT is(round(effective_apr(irr(a, i))::numeric, 10), 0.2539160166, 'effective rate') FROM loan;
SELECT is(round(nominal_apr(irr(CASE WHEN i = 0 THEN a - 300 ELSE a END, i))::numeric, 10), 0.2881918375, 'nominal rate with the fee') FROM loan;
SELECT is(flat_rate(10000, 11280, 1), 0.128, 'advertised rate of the same loan');
SELECT ok(abs(period_rate(effective_apr(0.019)) - 0.019) < 1e-15, 'period_rate inverts effective_apr');

-- corners of xirr
SELECT is((x).status || (x).skipped || (x).flows, 'ok23', 'NULL amount or date is skipped and counted')
  FROM (SELECT xirr_detail(a, d) x FROM (VALUES (-1000, date '2025-01-01'), (NULL, '2025-02-01'), (5, NULL), (600, '2026-01-01'), (600, '2026-02-01')) v(a, d)) s;
SELECT is((x).status, 'multiple', 'two rates are both given'), is(array(SELECT round(r::numeric, 9) FROM unnest((x).roots) r), '{0.1,0.4}', 'and right'),
	   is(round((x).rate::numeric, 9), 0.1, 'the one nearest to zero is the rate')
  FROM (SELECT xirr_detail(a, d) x FROM (VALUES (-1000, date '2021-01-01'), (2500, '2022-01-01'), (-1540, '2023-01-01')) v(a, d)) s;
SELECT is((xirr_detail(f.a, f.d)).status, v.s) FROM (VALUES
	('no_flow', NULL::float8, NULL::date), ('no_sign_change', 1, date '2025-01-01'), ('bad_value', 'NaN', '2025-01-01'),
	('bad_value', 1, 'infinity'), ('bad_value', '-Infinity', '2025-01-01')) v(s, a, d),
	LATERAL (SELECT v.a, v.d UNION ALL SELECT 1, date '2026-01-01' WHERE v.s <> 'no_flow') f(a, d) GROUP BY v.s ORDER BY v.s;
SELECT is((xirr_detail(a, d)).status, 'single_date') FROM (VALUES (1, date '2025-01-01'), (-2, '2025-01-01')) v(a, d);
SELECT is((xirr_detail(a, d)).status, 'no_root') FROM (VALUES (-1000, date '2021-01-01'), (2000, '2022-01-01'), (-1500, '2023-01-01')) v(a, d);
SELECT is(xirr(a, d), 'Infinity', 'a rate beyond float8 is infinite, so that a cap still fails') FROM (VALUES (1000, date '2021-01-01'), (-1e6, '2021-01-02')) v(a, d);
SELECT ok(xirr(a, d) > -1, 'never at or below -100 %') FROM (VALUES (1000, date '2021-01-01'), (-1e-6, '2021-01-02')) v(a, d);
SELECT is(xirr(a, d), NULL, 'no rows: NULL') FROM (SELECT 1::float8 a, date '2020-01-01' d WHERE false) v;
SET LOCAL timezone = 'America/New_York';
SELECT is(xirr(a, t), xirr(a, d), 'timestamps of Shanghai midnights give the rate of the dates, in any session zone')
  FROM (SELECT a, d, day_start(d) t FROM loan) s;
SET LOCAL timezone = 'UTC';

-- order and parallel independence, over all aggregates
CREATE TABLE bulk AS
	SELECT i AS id, i % 7 AS g, ((i * 7919) % 10007 - 3000)::float8 / 8 AS x, (((i * 7919) % 10007) / 100.0)::numeric(12,2) AS n,
		   date '2020-01-01' + (i * 31) % 3000 AS d FROM generate_series(1, 30000) i;
ANALYZE bulk;
PREPARE answers(text) AS SELECT g, xirr(x, d) a1, xirr_detail(n * CASE WHEN id % 3 = 0 THEN -1 ELSE 1 END, d)::text a2, hhi(n) a3, top_share(n, 10) a4, gini(n) a5, mad(x) a6,
	peer_spread(x)::text a7, benford(n)::text a8, growth_peak(n::float8, d::timestamptz, '7 days') a9, growth_over(n::float8, d::timestamptz, '70 days') a10,
	mismatch_rate(d, d + id % 200, 3) a11, mismatch_rate(d, d + id % 200, n, 3) a12, term_gap(d + id % 50, d + 20, n) a13,
	liquidity_ratio(1000, n, d, '2022-01-01', 30) a14, auc(x, id % 3 = 0) a15, worst((CASE WHEN id % 1000 = 0 THEN 'red' ELSE 'green' END)::risk_level) a16
	FROM (SELECT * FROM bulk ORDER BY CASE $1 WHEN 'up' THEN id WHEN 'down' THEN -id END) b GROUP BY g ORDER BY g;
CREATE TEMP TABLE answer_up AS EXECUTE answers('up');
CREATE TEMP TABLE answer_down AS EXECUTE answers('down');
SELECT results_eq('TABLE answer_up', 'TABLE answer_down', 'row order does not matter');
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 3;
CREATE FUNCTION pg_temp.plan_of(q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE l text; r text := ''; BEGIN FOR l IN EXECUTE 'EXPLAIN ' || q LOOP r := r || l || E'\n'; END LOOP; RETURN r; END $$;
SELECT matches(pg_temp.plan_of('SELECT g, xirr(x, d), hhi(n), gini(n), mad(x), (benford(n)).mad, auc(x, id % 3 = 0) FROM bulk GROUP BY g'),
	'Partial (Hash|Group)Aggregate', 'the plan is parallel and partial');
CREATE TEMP TABLE answer_parallel AS
	SELECT g, xirr(x, d) a1, xirr_detail(n * CASE WHEN id % 3 = 0 THEN -1 ELSE 1 END, d)::text a2, hhi(n) a3, top_share(n, 10) a4, gini(n) a5, mad(x) a6,
	peer_spread(x)::text a7, benford(n)::text a8, growth_peak(n::float8, d::timestamptz, '7 days') a9, growth_over(n::float8, d::timestamptz, '70 days') a10,
	mismatch_rate(d, d + id % 200, 3) a11, mismatch_rate(d, d + id % 200, n, 3) a12, term_gap(d + id % 50, d + 20, n) a13,
	liquidity_ratio(1000, n, d, '2022-01-01', 30) a14, auc(x, id % 3 = 0) a15, worst((CASE WHEN id % 1000 = 0 THEN 'red' ELSE 'green' END)::risk_level) a16
	FROM bulk GROUP BY g ORDER BY g;
SELECT results_eq('TABLE answer_up', 'TABLE answer_parallel', 'a parallel plan gives the same bits');
RESET max_parallel_workers_per_gather;

-- the fast way from numeric to float8 rounds as the server does
SELECT is(count(*), 0::bigint, 'numeric and float8 overloads agree on 30 000 values of all sizes')
  FROM (SELECT top_share(v, 1) a, top_share(v::float8, 1) b, gini(v) c, gini(v::float8) d
		  FROM (SELECT b.id / 3 AS k, abs((b.x::numeric * (10::numeric ^ (b.id % 40 - 20)))::numeric) AS v FROM bulk b) s GROUP BY k) t
 WHERE (a, c) IS DISTINCT FROM (b, d);

SELECT is(count(*), 0::bigint, 'a numeric becomes the nearest float8, as the server has it')
  FROM (SELECT ewma(v, 1) a, v::float8 b FROM (SELECT b.id, ((b.id * 7919 % 100003)::numeric * b.id * (10::numeric ^ (b.id % 48 - 30)))::numeric(60,30) * (b.id % 2 * 2 - 1) AS v FROM bulk b
		WHERE id <= 5000 UNION ALL SELECT 0, 9007199254740993 UNION ALL SELECT -1, 0.00 UNION ALL SELECT -2, 1e15 UNION ALL SELECT -3, 99999999999999.99) s GROUP BY id, v) t
 WHERE a IS DISTINCT FROM b;

-- concentration
SELECT is(hhi(x) * 10000, 3000::float8, 'hhi 40/30/20/10'), is(top_share(x, 2), 0.7::float8, 'top 2') FROM unnest('{40,30,20,10}'::int[]) x;
SELECT is(hhi(x) * 10000, 1570::float8, 'hhi of nine') FROM unnest('{25,20,15,10,9,8,7,5,1}'::numeric[]) x;
SELECT is(round(gini(x)::numeric, 6), 0.266667, 'gini 1..5') FROM generate_series(1, 5) x;
SELECT is(gini(x), 0.75::float8, 'gini of all in one hand') FROM unnest('{0,0,0,10}'::int[]) x;
SELECT is(gini(x), 0::float8, 'gini of equals is exactly zero') FROM unnest('{0.1,0.1,0.1}'::numeric[]) x;
SELECT is(hhi(x), NULL::float8, 'a total of zero has no shares'), is(top_share(x, 1), NULL::float8, 'nor a top share'), is(gini(x), NULL::float8, 'nor a gini')
  FROM unnest('{0,0,NULL}'::int[]) x;
SELECT is(gini(x), NULL::float8, 'gini of one value is NULL') FROM unnest('{5}'::int[]) x;
SELECT is(top_share(x, 10), 1::float8, 'fewer than n: all of it') FROM unnest('{5,6}'::int[]) x;
SELECT throws_ok('SELECT hhi(x) FROM unnest(''{1,-1}''::int[]) x', '22023', 'hhi needs values that are not negative');
SELECT throws_ok('SELECT gini(x) FROM unnest(''{1,NaN}''::float8[]) x', '22003', 'gini needs finite values');
SELECT throws_ok('SELECT top_share(x, x) FROM unnest(''{1,2}''::int[]) x', '22023', 'top_share needs the same n on every row of a group');
SELECT throws_ok('SELECT top_share(x, 0) FROM unnest(''{1,2}''::int[]) x', '22023', NULL, 'n of zero is refused');

-- spread
SELECT is(round(mad(x)::numeric, 12), 0.1, 'mad'), is(round(robust_z(9, peer_spread(x), 7)::numeric, 1), 52.6, 'robust z finds what z (2.27) does not')
  FROM unnest('{1.2,1.1,1.3,1.0,1.2,1.4,9.0}'::float8[]) x;
SELECT is(mad(x), 0::float8, 'more than half equal: MAD is zero'), ok(robust_z(9, peer_spread(x)) > 3.5, 'the mean deviation takes over'),
	   is(robust_z(9, peer_spread(x), 9), NULL::float8, 'too few peers') FROM unnest('{1,1,1,1,1,1,9,3}'::int[]) x;
SELECT is(robust_z(9, peer_spread(x)), NULL::float8, 'no spread at all: no z') FROM generate_series(1, 9) i, LATERAL (SELECT 4.0::float8 + 0 * i) v(x);
SELECT is(count(*), 0::bigint, 'mad agrees with two percentile passes')
  FROM (SELECT g, mad(x) m FROM bulk WHERE id % 11 < 10 GROUP BY g) a
  JOIN (SELECT g, percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(x - med)) m
		  FROM bulk JOIN (SELECT g, percentile_cont(0.5) WITHIN GROUP (ORDER BY x) med FROM bulk WHERE id % 11 < 10 GROUP BY g) p USING (g)
		 WHERE id % 11 < 10 GROUP BY g) b USING (g) WHERE a.m <> b.m;

-- series
SELECT is(array_agg(c), '{0,0.5,0,0,1.5,4,6.5,10,12.5}', 'cusum without reset')
  FROM (SELECT cusum(x, 10, 1, 0.5, NULL) OVER (ORDER BY i) c FROM unnest('{10,11,9,10,12,13,13,14,13}'::int[]) WITH ORDINALITY t(x, i)) s;
SELECT is(array_agg(c), '{0,0.5,0,0,1.5,4,6.5,3.5,6}', 'cusum starts again after an alarm')
  FROM (SELECT cusum(x, 10, 1, 0.5, 5) OVER (ORDER BY i) c FROM unnest('{10,11,9,10,12,13,13,14,13}'::int[]) WITH ORDINALITY t(x, i)) s;
SELECT is(cusum_alarms(x, 10, 1, 0.5, 5 ORDER BY i), 2::bigint, 'two alarms'), is(cusum(x, 10, 0, 0.5, 5 ORDER BY i), NULL, 'no spread: NULL')
  FROM unnest('{10,11,9,10,12,13,13,14,13}'::int[]) WITH ORDINALITY t(x, i);
SELECT is(array_agg(e), '{1,1,1.5,2.25,2.25}', 'ewma; NULL leaves it')
  FROM (SELECT ewma(x, 0.5) OVER (ORDER BY i) e FROM unnest('{1,1,2,3,NULL}'::float8[]) WITH ORDINALITY t(x, i)) s;
SELECT ok(abs(ewma(x, t, '1 day' ORDER BY t) - (exp(-2) * 1 + (1 - exp(-2)) * 5)) < 1e-12, 'ewma of uneven times')
  FROM (VALUES (1::float8, timestamptz '2026-01-01'), (5, '2026-01-03')) v(x, t);
SELECT ok(abs(ewma_limit(1, 0.2, 1000000) - 3 * sqrt(0.2 / 1.8)) < 1e-12, 'control limit settles');
SELECT is(growth_peak(b, t, '7 days'), 0.5::float8, 'growth from the lowest base within the window'),
	   is(growth_over(b, t, '7 days'), 0.5::float8, 'growth end against end'),
	   is(growth_peak(b, t, '4 days'), 10.0::float8 / 110, 'a shorter window sees less'),
	   is(growth_peak(b, t, '7 days', 41), NULL::float8, 'an increase below the floor does not count')
  FROM (VALUES (100::float8, timestamptz '2026-01-01'), (80, '2026-01-03'), (110, '2026-01-08'), (120, '2026-01-10')) v(b, t);
SELECT is(growth_peak(b, t, '7 days'), 0.3::float8, 'exactly 30 % in exactly seven days counts') FROM (VALUES (100::float8, timestamptz '2026-01-01'), (130, '2026-01-08')) v(b, t);
SELECT is(growth_peak(b, t, '7 days'), NULL::float8, 'no growth from nothing') FROM (VALUES (0::float8, timestamptz '2026-01-01'), (130, '2026-01-08')) v(b, t);
SELECT is(count(*), 0::bigint, 'growth_peak agrees with the self-join')
  FROM (SELECT g, growth_peak(x, d::timestamptz, '10 days') p FROM bulk WHERE id <= 3000 GROUP BY g) a
  JOIN (SELECT s.g, max((t.x - s.x) / s.x) p FROM bulk s JOIN bulk t ON s.g = t.g AND s.d < t.d AND t.d - s.d <= 10
		 WHERE s.x > 0 AND s.id <= 3000 AND t.id <= 3000 GROUP BY s.g) b USING (g) WHERE a.p IS DISTINCT FROM b.p;

-- first digits
SELECT is(round((b).mad::numeric, 6), 0.000678, 'powers of two: MAD'), is(round((b).chi2::numeric, 3), 0.159, 'chi-square'), is((b).status, 'ok', 'fit for the test'),
	   is((b).conformity, 'close', 'conform') FROM (SELECT benford(2::numeric ^ i) b FROM generate_series(0, 999) i) s;
SELECT is(round((benford(x)).mad::numeric, 4), 0.0597, 'uniform digits') FROM generate_series(1, 9) x;
SELECT is((benford(x)).counts, '{1,1,1,0,0,0,1,0,0}', 'digits of decimals, not of logarithms'), is((benford(x)).skipped, 3::bigint, 'zero, NULL, NaN are skipped')
  FROM unnest('{0.3,1000,-25.7,0,0.007,NULL,NaN}'::float8[]) x;
SELECT is((b).counts[31 - 9], 1::bigint, 'two digits: 0.0031'), is((b).counts[50 - 9], 1::bigint, 'two digits: 5 is 50') FROM (SELECT benford(x, 2) b FROM unnest('{0.0031,5}'::numeric[]) x) s;
SELECT is((benford(x::numeric)).status, 'empty') FROM (SELECT 1 WHERE false) v(x);

-- ratios
SELECT is(liquidity_ratio(100, due, d, '2026-01-01', 30), 0.5::float8, 'overdue debt and debt due on the 30th day count, on the 31st not')
  FROM (VALUES (50, date '2026-01-31'), (50, '2026-02-01'), (150, '2025-12-01'), (NULL, NULL)) v(due, d);
SELECT is(liquidity_ratio(100, NULL, NULL, '2026-01-01', 30), NULL, 'no debt is no ratio');
SELECT throws_ok('SELECT liquidity_ratio(c, 1, ''2026-01-02'', ''2026-01-01'', 30) FROM generate_series(1, 2) c', '21000', NULL, 'two amounts of cash are refused');
SELECT is(mismatch_rate(s, m, 3), 0.5::float8, 'three months exactly is not longer than three months'), is(mismatch_rate(s, m, a, 3), 0.75::float8, 'by amount')
  FROM (VALUES (date '2026-01-31', date '2026-04-30', 100), ('2026-01-31', '2026-05-01', 300)) v(s, m, a);
SELECT is(mismatch_rate(s, m, 3), NULL::float8, 'nothing to judge') FROM (VALUES (NULL::date, date '2026-04-30')) v(s, m);
SELECT is(term_gap(a, c, amt), 2.5::float8, 'ten days on a quarter of the money') FROM (VALUES (date '2026-01-31', date '2026-01-21', 100), ('2026-01-31', '2026-05-01', 300)) v(a, c, amt);
SELECT results_eq($$SELECT from_bucket, to_bucket, loans, amount, share_loans, share_amount FROM roll_matrix($q$
	SELECT * FROM (VALUES ('a', date '2026-01-31', 'M0', 100), ('a', '2026-02-28', 'M1', 90), ('b', '2026-01-31', 'M0', 300), ('b', '2026-02-28', 'M0', 250.5),
		('c', '2026-02-28', 'M0', 10), ('d', '2026-01-31', 'M1', 5)) v(loan, as_of, bucket, amount)$q$)$$,
	$$VALUES ('M0', 'M0', 1::bigint, 300.0, 0.5::float8, 0.75::float8), ('M0', 'M1', 1, 100.0, 0.5, 0.25), ('M1', NULL, 1, 5.0, 1, 1), (NULL, 'M0', 1, 0.0, NULL, NULL)$$,
	'roll matrix: stay, roll, gone, new');
SELECT is(count(*), 0::bigint, 'roll matrix: leaving and arriving balance') FROM (
	WITH m AS (SELECT * FROM roll_matrix('SELECT id % 400 AS loan, date ''2025-01-31'' + 30 * (id / 400) AS as_of, ''M'' || (id * id) % 4 AS bucket, n AS amount FROM bulk WHERE id < 6000 AND id % 13 > 0')),
	p AS (SELECT date '2025-01-31' + 30 * (id / 400) AS as_of, 'M' || (id * id) % 4 AS b, count(*) c, sum(n) a FROM bulk WHERE id < 6000 AND id % 13 > 0 GROUP BY 1, 2)
	SELECT p.as_of, p.b FROM p LEFT JOIN m ON m.as_of = p.as_of + 30 AND m.from_bucket = p.b GROUP BY p.as_of, p.b, p.c, p.a
	HAVING p.as_of < (SELECT max(as_of) FROM p) AND (p.c <> sum(m.loans) OR p.a <> sum(m.amount) OR abs(sum(m.share_loans) - 1) > 1e-12)) s;
SELECT throws_ok($$SELECT * FROM roll_matrix('SELECT 1 AS loan, date ''2026-01-31'' AS as_of, ''M0'' AS bucket, 1 AS amount FROM generate_series(1, 2)')$$, '23505', NULL, 'a loan twice on a day is refused');
SELECT is(auc(s, f), 0.875::float8, 'auc with a tie') FROM (VALUES (1, false), (2, true), (2, false), (3, true)) v(s, f);
SELECT is(auc(s, f), NULL::float8, 'auc needs both kinds') FROM (VALUES (1, true), (2, true)) v(s, f);
SELECT is(population_stability('{10,20,70}', '{10,20,70}'), 0::float8, 'no shift'), ok(population_stability('{10,20,70}', '{70,20,10}') > 0.25, 'large shift');

-- many groups: a state is memory of the aggregate, not a context of its own (a hash aggregate sums its contexts at every new group)
CREATE TEMP TABLE many AS SELECT i % 2000 AS g, i AS x, timestamptz '2026-01-01' + i * interval '1 hour' AS at FROM generate_series(1, 6000) i;
ANALYZE many;
CREATE FUNCTION contexts(expression text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format('SELECT max(c) FILTER (WHERE n > 0) FROM (SELECT c, count(result IS NULL) OVER () AS n FROM (SELECT %s AS result, (SELECT count(*) FROM pg_backend_memory_contexts WHERE g IS NOT NULL) AS c FROM many GROUP BY g) r OFFSET 0) s', expression) INTO n;
	RETURN n;
END $$;
SET LOCAL enable_sort = off;
SELECT cmp_ok(contexts(e), '<', 1000::bigint, 'no context per group: ' || e) FROM unnest(ARRAY['peak_count(at, ''1 day'')', 'peak_sum(x, at, ''1 day'')', 'peak_max(x, at, ''1 day'')', 'peak_distinct(x, at, ''1 day'')',
	'peak_distinct(x::text, at, ''1 day'')', 'peak_detail(x, at, ''1 day'', ''sum'')', 'peak_distinct_detail(x, at, ''1 day'')', 'dormant_then_active(at, ''10 days'', ''1 day'', 2)', 'xirr(x, at)', 'mad(x)', 'gini(x)', 'hhi(x)',
	'top_share(x, 2)', 'benford(x)', 'growth_peak(x, at, ''7 days'')', 'cusum(x, 1, 1, 1, 1)', 'irr(x, 1)', 'auc(x, x > 3)', 'term_gap(at::date, at::date, x)', 'sticky_level(''red'', at, ''1 day'')']) e;

-- ---- a status instead of nothing ----
SELECT is((SELECT (d.value, d.status, d.used, d.skipped)::text FROM (SELECT (hhi_detail(v)).* FROM unnest(x) v) d), w, n) FROM (VALUES
	('{3,1}'::float8[], '(0.625,ok,2,0)', 'hhi_detail'), ('{0,NULL,0}', '(,zero_total,2,1)', 'a total of zero'), ('{NULL}', '(,no_value,0,1)', 'NULLs only'), ('{}', '(,no_value,0,0)', 'nothing'),
	('{1e-170,1e-170,1e-170,1e-170}', '(0.25,ok,4,0)', 'squares below the range of float8'), ('{1e-300,1}', '(1,ok,2,0)', 'beside ordinary ones they do not count')) v(x, w, n);
SELECT is(hhi(v), 0.5::float8, 'hhi does not underflow') FROM unnest('{3e-200,3e-200}'::float8[]) v;
SELECT is((SELECT (d.value, d.status, d.used, d.skipped)::text FROM (SELECT (gini_detail(v)).* FROM unnest(x) v) d), w, n) FROM (VALUES
	('{0,0,0,10}'::numeric[], '(0.75,ok,4,0)', 'gini_detail'), ('{7,NULL}', '(,single_value,1,1)', 'one holder has no distribution'), ('{0,0}', '(,zero_total,2,0)', 'nothing to distribute'), ('{}', '(,no_value,0,0)', 'nobody')) v(x, w, n);
SELECT is((SELECT (d.value, d.status, d.used)::text FROM (SELECT (top_share_detail(v, 3)).* FROM unnest(x) v) d), w, n) FROM (VALUES
	('{4,3,2,1}'::numeric[], '(0.9,ok,4)', 'top_share_detail'), ('{4,3}', '(1,fewer_than_n,2)', 'fewer than n are all'), ('{0,0,0}', '(,zero_total,3)', 'no total'), ('{NULL}', '(,no_value,0)', 'no value')) v(x, w, n);
SELECT is((SELECT (round(d.value::numeric, 12)::float8, d.status, d.used)::text FROM (SELECT (mad_detail(v)).* FROM unnest(x) v) d), w, n) FROM (VALUES
	('{1.2,1.1,1.3,1.0,1.2,1.4,9.0}'::numeric[], '(0.1,ok,7)', 'mad_detail'), ('{1,1,1,9}', '(0,zero_mad,4)', 'more than half are equal'), ('{}', '(,no_value,0)', 'no value')) v(x, w, n);
SELECT is((SELECT round(d.value::numeric, 4)::text || ' ' || d.status FROM robust_z_detail(9, (SELECT peer_spread(v) FROM unnest(x) v), 4) d), w, n) FROM (VALUES
	('{1.2,1.1,1.3,1.0,1.2,1.4,9.0}'::numeric[], '52.6110 ok', 'robust_z_detail'), ('{1,1,1,9}', '3.1916 zero_mad', 'by the mean deviation'), ('{5,5,5,5}', NULL, 'no z without spread')) v(x, w, n);
SELECT is((robust_z_detail(9, (SELECT peer_spread(v) FROM unnest('{5,5,5,5}'::numeric[]) v), 4)).status, 'no_spread', 'and says so'), is((robust_z_detail(9, (SELECT peer_spread(v) FROM unnest('{5,6}'::numeric[]) v))).status, 'too_few_peers', 'too few'),
	is((robust_z_detail(NULL, (SELECT peer_spread(v) FROM unnest('{5,6}'::numeric[]) v))).status, 'no_value', 'nothing to compare'), is((robust_z_detail(1, NULL)).status, 'too_few_peers', 'no peers at all');
SELECT is((SELECT (d.value, d.status, d.used, d.skipped)::text FROM (SELECT (liquidity_ratio_detail(c, a, o, '2026-01-01'::date, 30)).* FROM (VALUES (100, 40), (100, 10)) v(c0, a0), LATERAL (SELECT cash AS c, CASE WHEN due THEN a0::numeric END AS a, date '2026-01-10' AS o) z) d), w, n) FROM (VALUES
	(100::numeric, true, '(2,ok,2,0)', 'liquidity_ratio_detail'), (NULL, true, '(,no_cash,2,0)', 'no cash filed'), (100, false, '(,no_debt,0,2)', 'no debt due')) v(cash, due, w, n);
SELECT is((SELECT status FROM (SELECT (mismatch_rate_detail(NULL::date, NULL::date, 3)).*) d), 'no_value', 'mismatch_rate_detail'), is((SELECT status FROM (SELECT (mismatch_rate_detail(date '2026-01-01', date '2026-05-01', 0::numeric, 3)).*) d), 'zero_total', 'by amount'),
	is((SELECT (value, status)::text FROM (SELECT (term_gap_detail(date '2026-01-11', date '2026-01-01', 5)).*) d), '(10,ok)', 'term_gap_detail');
SELECT is((SELECT array_agg(m) FROM (SELECT (xirr_detail(a, date '2020-01-01' + i * 365)).multiplicity AS m FROM (VALUES (-1.0, 0), (3.3, 1), (-3.63, 2), (1.331, 3)) v(a, i)) x), '{{3}}', 'a triple root is one root of multiplicity three'),
	is((SELECT (d.status, array_length(d.roots, 1), round(d.rate::numeric, 12))::text FROM (SELECT (xirr_detail(a, date '2020-01-01' + i * 365)).* FROM (VALUES (-1.0, 0), (3.3, 1), (-3.63, 2), (1.331, 3)) v(a, i)) d), '(ok,1,0.100000000000)', 'and not seven');

-- ---- rates that cannot be ----
SELECT throws_ok(q, '22003', m, n) FROM (VALUES ('SELECT effective_apr(-1.5)', 'effective_apr needs a finite rate that is not below -100 %', 'effective_apr below -100 %'), ('SELECT period_rate(-5)', 'period_rate needs a finite rate that is not below -100 %', 'period_rate below -100 %'),
	('SELECT effective_apr(10, 400)', 'the rate of effective_apr is out of range', 'effective_apr beyond float8'), ('SELECT nominal_apr(1e308, 365)', 'the rate of nominal_apr is out of range', 'nominal_apr beyond float8'), ('SELECT nominal_apr(''NaN'')', 'nominal_apr needs a finite rate that is not below -100 %', 'not a number')) v(q, m, n);
SELECT throws_ok('SELECT effective_apr(0.1, 0)', '22023', NULL, 'no period a year'), is(effective_apr(-1), -1::float8, 'everything lost'), is(period_rate(-1), -1::float8, 'and back');
SELECT ok(abs(period_rate(effective_apr(r, 12), 12) - r) < 1e-15, 'period_rate undoes effective_apr at ' || r) FROM unnest('{1e-12,0.01,-0.5,3}'::float8[]) r;
SELECT throws_ok($$SELECT cusum(x, 0, 1, 0.5, -1) FROM unnest('{1,2}'::float8[]) x$$, '22023', NULL, 'cusum with h below zero'), throws_ok($$SELECT cusum(x, 0, 1, -0.5, 5) FROM unnest('{1,2}'::float8[]) x$$, '22023', NULL, 'cusum with k below zero');
SELECT is(due_after(s::timestamptz, a::interval), w::timestamptz, n) FROM (VALUES ('2026-01-31 10:00+08', '1 mon', '2026-02-28 10:00+08', 'a month is one of the calendar'), ('2026-02-28 10:00+08', '1 mon', '2026-03-28 10:00+08', 'of 28 days too'),
	('2026-03-31 00:30+08', '1 year 1 mon 2 days 3 hours', '2027-05-02 03:30+08', 'then days and hours'), ('2026-01-31 10:00+08', '30 days', '2026-03-02 10:00+08', 'thirty days are thirty days')) v(s, a, w, n);
SELECT throws_ok($$SELECT due_after('2026-01-31 10:00+08', '-1 mon')$$, '22023', NULL, 'a deadline before its start');

-- ---- golden values of a bank's ratios (methods/grading.md 2.3, 2.4) ----
SELECT is(round(liquid_assets(50, 60, 30), 2), 83.33, 'LCR stock with both caps'), is(liquid_assets(100, 0, 0), 100::numeric, 'level 1 is not capped'), is(round(liquid_assets(85, 0, 30), 4), 100.0000, 'level 2B up to 15 %');
SELECT is((round(ratio, 4), status, net_outflow)::text, '(3.3333,ok,25.00)', 'LCR: inflows up to 75 % of outflows') FROM liquidity_coverage(50, 60, 30, 100, 90);
SELECT is((ratio, status)::text, '(,no_outflow)', 'no outflow, no ratio') FROM liquidity_coverage(50, 60, 30, 0, 90);
SELECT is((ratio, status)::text, '(,missing)', 'missing data, no ratio') FROM liquidity_coverage(50, NULL, 30, 100, 90);
SELECT throws_ok('SELECT * FROM liquidity_coverage(50, 60, 30, -100, 90)', '22023', NULL, 'negative outflow');
SELECT is(round(duration_gap(3.2, 1.5, 0.9)::numeric, 10), 1.8500000000, 'duration gap'), is(round(equity_shock(1.85, 0.05, 0.01)::numeric * 100, 3), -1.762, 'equity after +100 bp');
SELECT is(round(duration(CASE y WHEN 3 THEN 105 ELSE 5 END, y, 0.05)::numeric, 6), 2.859410, 'duration of a bond at par: (1+r)/r (1-(1+r)^-n)') FROM generate_series(1, 3) y;
SELECT is(duration(a, 2, 0.05), NULL, 'nothing paid') FROM unnest('{0,NULL}'::float8[]) a;
SELECT throws_ok('SELECT duration(1, -1, 0.05)', '22003', NULL, 'a payment before today'), throws_ok('SELECT duration(1, 1, -1)', '22003', NULL, 'a rate of -100 %');

SELECT * FROM finish();
ROLLBACK;
