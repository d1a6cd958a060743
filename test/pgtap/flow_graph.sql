-- Flow graphs: every identifier type, refresh against a full comparison, rights, limits.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = error;		-- skipped rows warn, on purpose

-- rows that the graph has and the query has not, or the other way round
CREATE FUNCTION pg_temp.differences(graph text, query text) RETURNS bigint
	LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format($q$
		WITH g AS MATERIALIZED (SELECT txn_id, payer, payee, amount, paid_at FROM risk_screen.flow_graph_transfers(%L)),
			q AS MATERIALIZED (SELECT txn_id::text, payer::text, payee::text, amount::numeric, paid_at::timestamptz FROM (%s) s)
		SELECT count(*) FROM ((TABLE g EXCEPT ALL TABLE q) UNION ALL (TABLE q EXCEPT ALL TABLE g)) d$q$, graph, query) INTO n;
	RETURN n;
END$$;
CREATE FUNCTION pg_temp.error_state(statement text) RETURNS text
	LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END$$;

SELECT setseed(0.42);
CREATE TABLE fg_t AS
SELECT i::bigint AS txn_id, (random() * 40)::int::bigint AS payer, (random() * 40)::int::bigint AS payee,
	round((random() * 1000)::numeric, 2)::numeric(18,2) AS amount,
	timestamptz '2026-01-01 00:00+08' + (random() * 500)::int * interval '1 minute' AS paid_at
  FROM generate_series(1, 3000) i ORDER BY random();

-- identifiers of every kind, with ties, self-transfers and hubs
SELECT is(risk_screen.create_flow_graph('fg_' || what, query), 3000::bigint, what || ': all transfers are in')
  FROM (VALUES
	('bigint', 'fg_t'),
	('int and bigint', 'SELECT txn_id::int, payer::int, payee, amount, paid_at FROM fg_t'),
	('smallint', 'SELECT txn_id::smallint, payer::smallint, payee::smallint, amount, paid_at FROM fg_t'),
	('negative', 'SELECT -txn_id * 3000000000 AS txn_id, -payer AS payer, -payee AS payee, amount, paid_at FROM fg_t'),
	('text', $$SELECT 'T' || txn_id AS txn_id, 'acct ' || payer AS payer, 'acct ' || payee AS payee, amount, paid_at FROM fg_t$$),
	('varchar', $$SELECT txn_id::varchar(20) AS txn_id, payer::varchar(20), payee::varchar(20), amount, paid_at FROM fg_t$$),
	('numeric and bigint', $$SELECT txn_id, payer + 0.000 AS payer, payee, amount, paid_at FROM fg_t$$),
	('empty text', $$SELECT txn_id, CASE payer WHEN 3 THEN '' ELSE payer::text END AS payer, payee::text, amount, paid_at FROM fg_t$$),
	('uuid', $$SELECT md5(txn_id::text)::uuid AS txn_id, md5(payer::text)::uuid AS payer, md5(payee::text)::uuid AS payee, amount, paid_at FROM fg_t$$),
	('numeric', $$SELECT txn_id / 8.0 AS txn_id, payer * 1000000000000000000000.5 AS payer, payee * 1000000000000000000000.5 AS payee, amount, paid_at FROM fg_t$$),
	('date', $$SELECT txn_id, date '2000-01-01' + payer::int AS payer, date '2000-01-01' + payee::int AS payee, amount, paid_at FROM fg_t$$),
	('oid', $$SELECT txn_id::oid, payer::oid, payee::oid, amount, paid_at FROM fg_t$$),
	('microseconds', $$SELECT txn_id, payer, payee, amount, paid_at + txn_id * txn_id * interval '1237 microseconds' + payer * interval '300 days' AS paid_at FROM fg_t$$),
	('wide amounts', $$SELECT txn_id, payer, payee, amount * 1e25 + 0.000001 AS amount, paid_at FROM fg_t$$),
	('growing digits', $$SELECT txn_id, payer, payee, (amount / (10 ^ (txn_id % 7))::numeric)::numeric AS amount, paid_at FROM fg_t$$),
	('dates as times', $$SELECT txn_id, payer, payee, amount, (paid_at AT TIME ZONE 'Asia/Shanghai')::date AS paid_at FROM fg_t$$)
	) v (what, query);
SELECT is(pg_temp.differences('fg_' || what, query), 0::bigint, what || ': the graph holds the rows of the query')
  FROM (VALUES
	('bigint', 'SELECT * FROM fg_t'),
	('int and bigint', 'SELECT * FROM fg_t'),
	('smallint', 'SELECT * FROM fg_t'),
	('negative', 'SELECT -txn_id * 3000000000 AS txn_id, -payer AS payer, -payee AS payee, amount, paid_at FROM fg_t'),
	('text', $$SELECT 'T' || txn_id AS txn_id, 'acct ' || payer AS payer, 'acct ' || payee AS payee, amount, paid_at FROM fg_t$$),
	('varchar', 'SELECT * FROM fg_t'),
	('numeric and bigint', 'SELECT * FROM fg_t'),
	('empty text', $$SELECT txn_id, CASE payer WHEN 3 THEN '' ELSE payer::text END AS payer, payee, amount, paid_at FROM fg_t$$),
	('uuid', $$SELECT md5(txn_id::text)::uuid AS txn_id, md5(payer::text)::uuid AS payer, md5(payee::text)::uuid AS payee, amount, paid_at FROM fg_t$$),
	('numeric', $$SELECT trim_scale(txn_id / 8.0) AS txn_id, trim_scale(payer * 1000000000000000000000.5) AS payer, trim_scale(payee * 1000000000000000000000.5) AS payee, amount, paid_at FROM fg_t$$),
	('date', $$SELECT txn_id, date '2000-01-01' + payer::int AS payer, date '2000-01-01' + payee::int AS payee, amount, paid_at FROM fg_t$$),
	('oid', 'SELECT * FROM fg_t'),
	('microseconds', $$SELECT txn_id, payer, payee, amount, paid_at + txn_id * txn_id * interval '1237 microseconds' + payer * interval '300 days' AS paid_at FROM fg_t$$),
	('wide amounts', $$SELECT txn_id, payer, payee, amount * 1e25 + 0.000001 AS amount, paid_at FROM fg_t$$),
	('growing digits', $$SELECT txn_id, payer, payee, (amount / (10 ^ (txn_id % 7))::numeric)::numeric AS amount, paid_at FROM fg_t$$),
	('dates as times', $$SELECT txn_id, payer, payee, amount, (paid_at AT TIME ZONE 'Asia/Shanghai')::date::timestamp AT TIME ZONE 'Asia/Shanghai' AS paid_at FROM fg_t$$)
	) v (what, query);
SELECT results_eq(
	$$SELECT txn_id FROM risk_screen.flow_graph_transfers('fg_bigint')$$,
	$$SELECT txn_id::text FROM fg_t ORDER BY paid_at, fg_t.txn_id$$, 'rows come in order of time, then txn_id');
SELECT is(risk_screen.refresh_flow_graph(name), 'unchanged', 'refreshing ' || name || ' without a change')
  FROM risk_screen.flow_graph ORDER BY name;
SELECT is(risk_screen.check_flow_graph(name), 'sound', name || ' is sound')
  FROM risk_screen.flow_graph ORDER BY name;
SELECT ok(bytes <= 3000 * (28 + 2) + accounts * 9 + 14 * 4096, 'at most 28 bytes a transfer, and identifiers')
  FROM risk_screen.flow_graph WHERE name = 'fg_bigint';

-- the physical order of the rows does not matter: the same bytes
CREATE TABLE fg_sorted AS SELECT * FROM fg_t ORDER BY txn_id;
SELECT risk_screen.create_flow_graph('fg_sorted', 'fg_sorted');
SELECT results_eq(
	$$SELECT * FROM risk_screen.flow_graph_transfers('fg_sorted')$$,
	$$SELECT * FROM risk_screen.flow_graph_transfers('fg_bigint')$$, 'independent of the physical order');

-- refresh: days appended, earlier rows changed, vanished, come late
CREATE TABLE fg_live AS SELECT txn_id, 'a' || payer AS payer, 'a' || payee AS payee, amount, paid_at FROM fg_t WHERE txn_id <= 1000;
SELECT risk_screen.create_flow_graph('fg_live', 'fg_live');
CREATE FUNCTION pg_temp.refreshed(change text) RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE how text;
BEGIN
	EXECUTE change;
	how := risk_screen.refresh_flow_graph('fg_live');
	RETURN how || ' ' || pg_temp.differences('fg_live', 'SELECT * FROM fg_live');
END$$;
SELECT is(pg_temp.refreshed(format(
	$$INSERT INTO fg_live SELECT 10000 + %1$s * 100 + i, 'a' || i %% 9, 'n' || %1$s || i %% 4, i, timestamptz '2026-03-01' + %1$s * interval '1 day' + i * interval '1 minute'
		FROM generate_series(1, 50) i$$, day)), 'appended 0', 'day ' || day || ' is appended')
  FROM generate_series(1, 5) day;
SELECT is(pg_temp.refreshed($$UPDATE fg_live SET amount = amount + 0.01 WHERE txn_id = 10101$$), 'rebuilt 0', 'an amount changed');
SELECT is(pg_temp.refreshed($$UPDATE fg_live SET payee = 'elsewhere' WHERE txn_id = 10102$$), 'rebuilt 0', 'a payee changed');
SELECT is(pg_temp.refreshed($$UPDATE fg_live SET paid_at = paid_at - interval '1 second' WHERE txn_id = 10103$$), 'rebuilt 0', 'a time changed');
SELECT is(pg_temp.refreshed($$UPDATE fg_live SET payer = payee, payee = payer WHERE txn_id = 10104$$), 'rebuilt 0', 'payer and payee changed places');
SELECT is(pg_temp.refreshed($$UPDATE fg_live SET txn_id = 99999 WHERE txn_id = 10105$$), 'rebuilt 0', 'a transaction id changed');
SELECT is(pg_temp.refreshed($$DELETE FROM fg_live WHERE txn_id = 10106$$), 'rebuilt 0', 'a row vanished');
SELECT is(pg_temp.refreshed($$INSERT INTO fg_live VALUES (90001, 'a1', 'a2', 5, '2026-01-01 12:00+08')$$), 'rebuilt 0', 'a row came late');
SELECT is(pg_temp.refreshed($$INSERT INTO fg_live SELECT 90002, 'a1', 'a2', 5, max(paid_at) FROM fg_live$$), 'rebuilt 0', 'a row at the watermark itself');
SELECT is(pg_temp.refreshed($$INSERT INTO fg_live VALUES (90004, 'a1', 'a2', 5, '2026-05-02 00:00:00.123456')$$), 'rebuilt 0', 'a later row with a finer time: rebuilt');
SELECT is(pg_temp.refreshed($$INSERT INTO fg_live VALUES (90005, 'zz', 'aa', 5, '2026-05-03'), (90006, 'aa', 'zz', 6, '2026-05-03')$$), 'appended 0', 'new accounts and a tie');
-- closed periods
CREATE FUNCTION pg_temp.refreshed_from(change text, closed_before timestamptz) RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE how text;
BEGIN
	EXECUTE change;
	how := risk_screen.refresh_flow_graph('fg_live', closed_before);
	RETURN how || ' ' || pg_temp.differences('fg_live', 'SELECT * FROM fg_live');
END$$;
SELECT is(pg_temp.refreshed_from('SELECT 1', at), 'unchanged 0', 'nothing new, closed before ' || at)
  FROM unnest('{-infinity,2020-01-01,2026-01-01 03:00+08,2026-03-04 00:07+00,2026-05-03,2030-01-01,infinity}'::timestamptz[]) at;
SELECT is(pg_temp.refreshed_from($$INSERT INTO fg_live VALUES (90101, 'a1', 'q1', 5, '2026-05-04')$$, '2026-04-01'), 'appended 0', 'a later row, earlier ones closed');
SELECT is(pg_temp.refreshed_from($$INSERT INTO fg_live VALUES (90102, 'a1', 'q2', 5, '2026-05-05')$$, '2027-01-01'), 'appended 0', 'closed beyond the watermark: new rows are read all the same');
SELECT is(pg_temp.refreshed_from($$UPDATE fg_live SET amount = amount + 1 WHERE txn_id = 90005$$, '2026-05-03'), 'rebuilt 0', 'an open row changed');
SELECT is(pg_temp.refreshed_from($$DELETE FROM fg_live WHERE txn_id = 90101$$, '2026-05-03'), 'rebuilt 0', 'an open row vanished');
SELECT is(pg_temp.refreshed_from($$INSERT INTO fg_live VALUES (90103, 'a1', 'q2', 5, '2026-05-03 12:00')$$, '2026-05-03'), 'rebuilt 0', 'an open row came late');
SELECT is(pg_temp.refreshed_from($$UPDATE fg_live SET amount = amount + 1 WHERE txn_id = 10107$$, '2026-05-03'), 'unchanged 2', 'a closed row is taken on trust');
SELECT is(pg_temp.refreshed('SELECT 1'), 'rebuilt 0', 'and found by a refresh without closed_before');

SELECT is(pg_temp.refreshed($$DELETE FROM fg_live$$), 'rebuilt 0', 'all rows gone');
SELECT is(pg_temp.refreshed($$INSERT INTO fg_live SELECT txn_id, 'a' || payer, 'a' || payee, amount, paid_at FROM fg_t$$), 'rebuilt 0', 'and back');
SELECT is(pg_temp.error_state($$INSERT INTO fg_live VALUES (1, 'a', 'b', 1, '2027-01-01'); SELECT risk_screen.refresh_flow_graph('fg_live')$$), '23505', 'a new row with an old txn_id');
SELECT is(pg_temp.error_state($$INSERT INTO fg_live VALUES (80000, 'a', 'b', 1, '2027-01-01'), (80000, 'a', 'b', 1, '2027-01-01'); SELECT risk_screen.refresh_flow_graph('fg_live')$$), '23505', 'two new rows with one txn_id');
SELECT is(pg_temp.differences('fg_live', 'SELECT * FROM fg_live'), 0::bigint, 'a failed refresh leaves the graph as it was');

-- a trace of the graph is the trace of its query, whatever the identifiers, the options and the way the graph came about
CREATE TABLE fg_days (txn_id text, payer text, payee text, amount numeric, paid_at timestamptz);
INSERT INTO fg_days SELECT 'T' || txn_id, 'c' || payer, 'c' || payee, amount, paid_at FROM fg_t WHERE txn_id <= 1500;
SELECT risk_screen.create_flow_graph('fg_days', 'fg_days');
INSERT INTO fg_days SELECT 'T' || txn_id, CASE WHEN payer < 20 THEN 'a' ELSE 'c' END || payer, 'b' || payee % 60, amount, paid_at + interval '2 days'
  FROM fg_t WHERE txn_id > 1500;
SELECT is(risk_screen.refresh_flow_graph('fg_days'), 'appended', 'half of the graph is appended');
CREATE FUNCTION pg_temp.trace_differences(graph text, query text, seeds text[], options text) RETURNS bigint
	LANGUAGE plpgsql AS $$
DECLARE n bigint;
	total bigint := 0;
	f text;
BEGIN
	FOREACH f IN ARRAY '{trace_funds,trace_accounts,trace_summary}'::text[] LOOP
		EXECUTE format($q$
			WITH g AS MATERIALIZED (SELECT * FROM risk_screen.%1$I(%2$L, %4$L%5$s)), q AS MATERIALIZED (SELECT * FROM risk_screen.%1$I(%3$L, %4$L%5$s))
			SELECT count(*) FROM ((TABLE g EXCEPT ALL TABLE q) UNION ALL (TABLE q EXCEPT ALL TABLE g)) d$q$,
			f, 'graph:' || graph, query, seeds, options) INTO n;
		total := total + n;
	END LOOP;
	RETURN total;
END$$;
SELECT is(pg_temp.trace_differences(graph, query, seeds, options), 0::bigint, graph || ' traced' || options)
  FROM (VALUES
	('fg_bigint', 'fg_t', '{1,7,12345}'::text[]),
	('fg_uuid', 'SELECT md5(txn_id::text)::uuid AS txn_id, md5(payer::text)::uuid AS payer, md5(payee::text)::uuid AS payee, amount, paid_at FROM fg_t',
		ARRAY[md5('1'), upper(md5('7'))]),
	('fg_microseconds', 'SELECT txn_id, payer, payee, amount, paid_at + txn_id * txn_id * interval ''1237 microseconds'' + payer * interval ''300 days'' AS paid_at FROM fg_t',
		'{1,7}'),
	('fg_wide amounts', 'SELECT txn_id, payer, payee, amount * 1e25 + 0.000001 AS amount, paid_at FROM fg_t', '{3}'),
	('fg_days', 'fg_days', '{c1,c7,a3,nobody}')) g (graph, query, seeds),
	unnest(ARRAY['', ', max_hops => 2', ', direction => ''upstream'', max_hops => 3', ', strict => true', ', ordered => false',
		', max_hold => ''20 minutes'', max_hops => 4', ', since => ''2026-01-01 02:00+08'', until => ''2026-01-01 06:00+08''',
		', min_amount => 500, max_fanout => 30', ', direction => ''upstream'', strict => true, max_hold => ''1 hour''']) options;

-- evidence that nothing was written, and what must defeat it
CREATE FUNCTION pg_temp.stale(graph text) RETURNS boolean LANGUAGE sql AS $$SELECT stale FROM risk_screen.flow_graph WHERE name = graph$$;
CREATE TABLE fg_e (txn_id int, payer int, payee int, amount int, paid_at timestamptz);
INSERT INTO fg_e SELECT i, i % 7, i % 5, i, timestamptz '2026-01-01' + i * interval '1 hour' FROM generate_series(1, 500) i;
CREATE VIEW fg_ev AS SELECT * FROM fg_e WHERE txn_id > 10;
SELECT risk_screen.create_flow_graph('fg_e', 'SELECT * FROM fg_ev');
SELECT is(pg_temp.stale('fg_e'), false, 'not stale after creation');
SELECT is(risk_screen.refresh_flow_graph('fg_e'), 'unchanged', 'nothing was written');
INSERT INTO fg_e VALUES (501, 1, 2, 3, '2026-03-01');
SELECT is(pg_temp.stale('fg_e'), true, 'stale after an INSERT');
SELECT is(risk_screen.refresh_flow_graph('fg_e'), 'appended', 'which is appended');
SELECT is(pg_temp.stale('fg_e'), false, 'not stale after the refresh');
UPDATE fg_e SET amount = 1 WHERE txn_id = 100;
SELECT is(pg_temp.stale('fg_e'), true, 'stale after an UPDATE of an old row');
SELECT is(risk_screen.refresh_flow_graph('fg_e'), 'rebuilt', 'which rebuilds');
DELETE FROM fg_e WHERE txn_id = 101;
SELECT is(pg_temp.stale('fg_e'), true, 'stale after a DELETE');
SELECT is(risk_screen.refresh_flow_graph('fg_e'), 'rebuilt', 'which rebuilds');
CREATE OR REPLACE VIEW fg_ev AS SELECT * FROM fg_e WHERE txn_id > 20;
SELECT is(pg_temp.stale('fg_e'), true, 'stale when the view has another definition');
SELECT is(risk_screen.refresh_flow_graph('fg_e'), 'rebuilt', 'which rebuilds');
ALTER TABLE fg_e RENAME payer TO tmp;
ALTER TABLE fg_e RENAME payee TO payer;
ALTER TABLE fg_e RENAME tmp TO payee;
SELECT is(pg_temp.stale('fg_e'), true, 'stale when columns were renamed');
TRUNCATE fg_e;
SELECT is(risk_screen.refresh_flow_graph('fg_e'), 'rebuilt', 'TRUNCATE rebuilds');
CREATE TABLE fg_part (LIKE fg_t) PARTITION BY RANGE (paid_at);
CREATE TABLE fg_part1 PARTITION OF fg_part FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
INSERT INTO fg_part SELECT * FROM fg_t WHERE txn_id <= 500 AND paid_at >= '2026-01-01' AND paid_at < '2026-02-01';
SELECT risk_screen.create_flow_graph('fg_part', 'fg_part');
SELECT is(pg_temp.stale('fg_part'), false, 'a partitioned table');
CREATE TABLE fg_part2 PARTITION OF fg_part FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
INSERT INTO fg_part VALUES (9001, 1, 2, 3, '2026-02-02');
SELECT is(pg_temp.stale('fg_part') || risk_screen.refresh_flow_graph('fg_part'), 'trueappended', 'a new partition');
DROP TABLE fg_part1;
SELECT is(pg_temp.stale('fg_part') || risk_screen.refresh_flow_graph('fg_part'), 'truerebuilt', 'a dropped partition');
SELECT risk_screen.create_flow_graph('fg_now', 'SELECT * FROM fg_t WHERE paid_at < now()');
SELECT is(pg_temp.stale('fg_now'), NULL, 'a query with a function of the clock: only a refresh can tell');
SELECT is(risk_screen.refresh_flow_graph('fg_now'), 'unchanged', 'and does');

-- bad rows, bad arguments
SELECT is(pg_temp.error_state(format('SELECT risk_screen.create_flow_graph(%L, %L)', 'bad', query)), state, what)
  FROM (VALUES
	('SELECT 1 AS txn_id, 1 AS payer, NULL::int AS payee, 1 AS amount, now() AS paid_at', '22004', 'NULL payee'),
	($$SELECT 1 AS txn_id, 1 AS payer, 1 AS payee, 'NaN'::numeric AS amount, now() AS paid_at$$, '22003', 'NaN'),
	($$SELECT 1 AS txn_id, 1 AS payer, 1 AS payee, -1 AS amount, now() AS paid_at$$, '22003', 'negative amount'),
	($$SELECT 1 AS txn_id, 1 AS payer, 1 AS payee, 1 AS amount, timestamptz 'infinity' AS paid_at$$, '22003', 'infinite time'),
	('SELECT i % 7 AS txn_id, i AS payer, 1 AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 20) i', '23505', 'duplicate integer ids'),
	('SELECT (i % 7) * 3000000000000 AS txn_id, i AS payer, 1 AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 20) i', '23505', 'duplicate wide integer ids'),
	($$SELECT 'T' || i % 7 AS txn_id, i AS payer, 1 AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 20) i$$, '23505', 'duplicate text ids'),
	($$SELECT CASE i WHEN 1 THEN 1.0 WHEN 5 THEN 1.00 ELSE i * 2.5 END AS txn_id, i AS payer, 1 AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 20) i$$, '23505', 'duplicate numeric ids that look different'),
	('SELECT 1 AS txn_id', '42703', 'missing columns'),
	('graph:fg_bigint', '22023', 'a graph of a graph'),
	('DELETE FROM fg_t', '42601', 'not a SELECT'),
	($$SELECT repeat('x', 9000) AS txn_id, 1 AS payer, 2 AS payee, 1 AS amount, now() AS paid_at$$, '54000', 'an identifier of 9000 bytes'),
	($$SELECT 1.5::float8 AS txn_id, 1 AS payer, 2 AS payee, 1 AS amount, now() AS paid_at$$, '0A000', 'a type whose equal values may look different')
	) v (query, state, what);
SELECT is(pg_temp.error_state($$SELECT risk_screen.create_flow_graph('fg_bigint', 'fg_t')$$), '42710', 'a name that is taken');
SELECT is(pg_temp.error_state($$SELECT risk_screen.create_flow_graph('', 'fg_t')$$), '42602', 'an empty name');
SELECT is(pg_temp.error_state(format('SELECT risk_screen.%s(%L)', f, 'nothing')), '42704', f || ' of a graph that does not exist')
  FROM unnest(ARRAY['refresh_flow_graph', 'drop_flow_graph', 'check_flow_graph', 'flow_graph_transfers']) f;
SELECT is(risk_screen.create_flow_graph(NULL, 'fg_t'), NULL, 'NULL in, NULL out');
SELECT is(risk_screen.create_flow_graph('fg_skip',
	'SELECT CASE WHEN i < 5 THEN 1 ELSE i END AS txn_id, i AS payer, NULLIF(i, 7) AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 20) i', 'skip'),
	16::bigint, 'bad rows are skipped when asked for');
SELECT is(risk_screen.create_flow_graph('fg_empty', 'SELECT * FROM fg_t WHERE false'), 0::bigint, 'an empty graph');
SELECT is_empty($$SELECT * FROM risk_screen.flow_graph_transfers('fg_empty')$$, 'has no rows');
SELECT is(risk_screen.refresh_flow_graph('fg_empty'), 'rebuilt', 'and is refreshed');

-- settings of the creation hold for the refresh
CREATE SCHEMA fg_path;
CREATE TABLE fg_path.fg_t AS SELECT * FROM fg_t LIMIT 10;
SET LOCAL search_path = fg_path, public;
SET LOCAL risk_screen.time_zone = 'America/New_York';
SELECT risk_screen.create_flow_graph('fg_path', 'SELECT txn_id, payer, payee, amount, paid_at::timestamp AS paid_at FROM fg_t');
SET LOCAL search_path = public;
SET LOCAL risk_screen.time_zone = 'Asia/Shanghai';
SELECT is(risk_screen.refresh_flow_graph('fg_path'), 'unchanged', 'search_path and time zone of the creation are used');

-- memory: spilling gives the same graph; too little is an error that says so
SET LOCAL risk_screen.max_memory = '8MB';
CREATE TABLE fg_big AS SELECT 'T' || (i * 7919 % 200003) AS txn_id, 'a' || i * 31 % 2003 AS payer, 'a' || i * 17 % 1999 AS payee, i AS amount,
	timestamptz '2026-01-01' + (i * 104729 % 86400) * interval '1 second' AS paid_at FROM generate_series(1, 100000::bigint) i;
SELECT is(risk_screen.create_flow_graph('fg_spill', 'fg_big'), 100000::bigint, 'a graph larger than the memory allowed');
SELECT is(risk_screen.check_flow_graph('fg_spill'), 'sound', 'is sound');
SELECT is(risk_screen.refresh_flow_graph('fg_spill'), 'unchanged', 'and equal to its query');
SELECT is(pg_temp.error_state($$SELECT risk_screen.create_flow_graph('fg_wide',
	'SELECT i AS txn_id, i AS payer, -i AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 400000) i')$$), '54000',
	'accounts that do not fit into memory: an error');
RESET risk_screen.max_memory;

-- rights
CREATE ROLE fg_owner;
CREATE ROLE fg_reader;
CREATE ROLE fg_stranger;
GRANT SELECT ON fg_t TO fg_owner;
SET LOCAL ROLE fg_owner;
SELECT is(risk_screen.create_flow_graph('fg_private', 'SELECT * FROM public.fg_t WHERE txn_id <= 100'), 100::bigint, 'no superuser needed');
SET LOCAL ROLE fg_stranger;
SELECT is(pg_temp.error_state(format('SELECT * FROM risk_screen.%s', call)), '42501', 'a stranger may not: ' || call)
  FROM unnest(ARRAY[$$create_flow_graph('fg_not', 'public.fg_t')$$, $$refresh_flow_graph('fg_private')$$, $$drop_flow_graph('fg_private')$$,
	$$grant_flow_graph('fg_private', 'fg_stranger')$$, $$revoke_flow_graph('fg_private', 'public')$$, $$check_flow_graph('fg_private')$$,
	$$flow_graph_transfers('fg_private')$$, '_graph', '_graph_file']) call;
SELECT is((SELECT owner::text FROM risk_screen.flow_graph WHERE name = 'fg_private'), 'fg_owner', 'everybody sees that it is there');
SET LOCAL ROLE fg_owner;
SELECT risk_screen.grant_flow_graph('fg_private', 'fg_reader');
SET LOCAL ROLE fg_reader;
SELECT is((SELECT count(*) FROM risk_screen.flow_graph_transfers('fg_private')), 100::bigint, 'a reader needs no right on the table');
SELECT is(pg_temp.error_state($$SELECT risk_screen.refresh_flow_graph('fg_private')$$), '42501', 'but may not refresh');
SET LOCAL ROLE fg_owner;
SELECT risk_screen.revoke_flow_graph('fg_private', 'fg_reader');
SET LOCAL ROLE fg_reader;
SELECT is(pg_temp.error_state($$SELECT * FROM risk_screen.flow_graph_transfers('fg_private')$$), '42501', 'nor read, once revoked');
SET LOCAL ROLE fg_owner;
SELECT risk_screen.grant_flow_graph('fg_private', 'public');
SET LOCAL ROLE fg_stranger;
SELECT is((SELECT count(*) FROM risk_screen.flow_graph_transfers('fg_private')), 100::bigint, 'granted to public');
RESET ROLE;
SELECT is(risk_screen.refresh_flow_graph('fg_private'), 'unchanged', 'a superuser refreshes it, as its owner');
REVOKE SELECT ON fg_t FROM fg_owner;
SELECT is(pg_temp.error_state($$SELECT risk_screen.refresh_flow_graph('fg_private')$$), '42501', 'a refresh uses the owner''s rights');
SELECT is((SELECT count(*) FROM risk_screen.flow_graph_transfers('fg_private')), 100::bigint, 'the graph is still there');

-- row-level security: the graph holds what its owner saw, and says so
CREATE TABLE fg_rls AS SELECT * FROM fg_t LIMIT 200;
ALTER TABLE fg_rls ENABLE ROW LEVEL SECURITY;
CREATE POLICY half ON fg_rls USING (txn_id % 2 = 0);
GRANT SELECT ON fg_rls TO fg_owner;
SET LOCAL ROLE fg_owner;
SELECT risk_screen.create_flow_graph('fg_rls', 'fg_rls');
RESET ROLE;
SELECT is(pg_temp.differences('fg_rls', 'SELECT * FROM fg_rls WHERE txn_id % 2 = 0'), 0::bigint, 'policies apply to the build');
SELECT is(complete, false, 'the view tells that rows may be missing') FROM risk_screen.flow_graph WHERE name = 'fg_rls';
SELECT is(risk_screen.refresh_flow_graph('fg_rls'), 'unchanged', 'refreshed by a superuser, it still holds what the owner sees');
SELECT is(complete, true, 'a graph without policies is complete') FROM risk_screen.flow_graph WHERE name = 'fg_bigint';

-- savepoints
SAVEPOINT s;
SELECT risk_screen.refresh_flow_graph('fg_live');
DELETE FROM fg_live WHERE txn_id = 5;
SELECT is(risk_screen.refresh_flow_graph('fg_live'), 'rebuilt', 'refreshed in a subtransaction');
SELECT risk_screen.drop_flow_graph('fg_bigint');
ROLLBACK TO s;
SELECT is(pg_temp.differences('fg_live', 'SELECT * FROM fg_live'), 0::bigint, 'rolled back to the graph before');
SELECT is((SELECT count(*) FROM risk_screen.flow_graph_transfers('fg_bigint')), 3000::bigint, 'a rolled back drop');
SELECT risk_screen.drop_flow_graph('fg_bigint');
SELECT is(pg_temp.error_state($$SELECT * FROM risk_screen.flow_graph_transfers('fg_bigint')$$), '42704', 'a dropped graph is gone');

-- a type of identifiers that is dropped
CREATE TYPE fg_letter AS ENUM ('a', 'b');
CREATE TABLE fg_lettered AS SELECT 1 AS txn_id, 'a'::fg_letter AS payer, 'b'::fg_letter AS payee, 1.0 AS amount, timestamptz '2026-01-01 00:00+08' AS paid_at;
SELECT is(risk_screen.create_flow_graph('fg_lettered', 'fg_lettered'), 1::bigint, 'identifiers of a type of one''s own');
ALTER TABLE fg_lettered ALTER payer TYPE text, ALTER payee TYPE text;
DROP TYPE fg_letter;
SELECT is((SELECT state FROM risk_screen.flow_graph WHERE name = 'fg_lettered'), 'damaged', 'without the type the file says nothing, and the view says that');
SELECT is(risk_screen.refresh_flow_graph('fg_lettered'), 'rebuilt', 'a refresh mends it');
SELECT is((SELECT payer FROM risk_screen.flow_graph_transfers('fg_lettered')), 'a', 'and it answers');

SELECT * FROM finish();
ROLLBACK;
