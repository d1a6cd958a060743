-- Flow graphs that keep ord, fee and currency: attribution over them is attribution over their query.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SELECT setseed(0.77);

-- fees finer than amounts; transfers of the same instant, of a self, without fee, currency or ord
CREATE TABLE fc_all AS
SELECT n, n / 60 AS day, 'acct ' || (power(random(), 2) * 25)::int AS payer, 'acct ' || (power(random(), 2) * 25)::int AS payee,
	(random() * 100000)::int / 100.0 AS amount,
	CASE WHEN random() < 0.8 THEN (random() * 3000)::int / 1000.0 END AS fee,
	(ARRAY['CNY', 'USD', 'EUR', NULL])[1 + (random() * 3.4)::int] AS currency,
	CASE WHEN random() < 0.9 THEN (random() * 9)::int - 3 END AS ord,
	timestamptz '2026-01-01 00:00+08' + n / 60 * interval '1 day' + (random() * 40)::int * interval '1 minute' AS paid_at
  FROM generate_series(1, 400) n;
CREATE TABLE fc (txn_id int, payer text, payee text, amount numeric(18,2), paid_at timestamptz, fee numeric(12,3), currency text, ord bigint);
-- the same with one currency in all rows, as numbers, and fees beyond 64 bits
CREATE TABLE fc_wide (txn_id int, payer text, payee text, amount numeric(30,0), paid_at timestamptz, fee numeric(32,0), currency int);
CREATE FUNCTION pg_temp.add_day(which int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO fc SELECT n, payer, payee, amount, paid_at, fee, CASE WHEN which = 0 AND currency = 'EUR' THEN 'USD' ELSE currency END, ord
		FROM fc_all WHERE day = which;
	INSERT INTO fc_wide SELECT n, payer, payee, amount * 1e4, paid_at, fee * CASE WHEN which < 3 THEN 1e21 ELSE 1e3 END, 156 FROM fc_all WHERE day = which;
$$;
SELECT pg_temp.add_day(0), pg_temp.add_day(1), pg_temp.add_day(2), pg_temp.add_day(3) \g /dev/null
SELECT is(risk_screen.create_flow_graph('fc', 'fc'), (SELECT count(*) FROM fc), 'created');
SELECT risk_screen.create_flow_graph('fc_wide', 'fc_wide'), risk_screen.create_flow_graph('fc_merged', 'fc') \g /dev/null
SELECT is(ARRAY(SELECT columns::text FROM risk_screen.flow_graph WHERE name ~ '^fc' ORDER BY name),
	'{"{ord,fee,currency}","{ord,fee,currency}","{fee,currency}"}', 'the view tells what is kept');
SELECT pg_temp.add_day(4), pg_temp.add_day(5) \g /dev/null
SELECT is(ARRAY[risk_screen.refresh_flow_graph('fc'), risk_screen.refresh_flow_graph('fc_wide'), risk_screen.refresh_flow_graph('fc_merged')],
	'{appended,appended,appended}', 'two days are appended');
SELECT pg_temp.add_day(6) \g /dev/null
SELECT is(ARRAY[risk_screen.refresh_flow_graph('fc'), risk_screen.refresh_flow_graph('fc_wide'), risk_screen.refresh_flow_graph('fc_merged', NULL, 1)],
	'{appended,appended,appended}', 'and the rest');
SELECT is(ARRAY(SELECT name || ' ' || parts || ' ' || risk_screen.check_flow_graph(name) FROM risk_screen.flow_graph WHERE name ~ '^fc' ORDER BY name),
	'{fc 3 sound,fc_merged 1 sound,fc_wide 3 sound}', 'as parts and as one');
SELECT bag_eq(format('SELECT txn_id::int, payer, payee, amount, paid_at, fee, currency, ord FROM risk_screen.flow_graph_transfers(%L)', name),
	'SELECT txn_id, payer, payee, amount, paid_at, coalesce(fee, 0), currency, ord FROM fc', 'rows of ' || name)
  FROM unnest('{fc,fc_merged}'::text[]) name;
SELECT bag_eq('SELECT txn_id::int, payer, payee, amount, paid_at, fee, currency, ord FROM risk_screen.flow_graph_transfers(''fc_wide'')',
	'SELECT txn_id, payer, payee, amount, paid_at, coalesce(fee, 0), currency::text, NULL::bigint FROM fc_wide', 'rows of fc_wide');

CREATE TABLE fc_claim AS SELECT 'claim ' || n % 4 AS claim, n AS txn_id, CASE WHEN n % 3 = 0 THEN amount / 3 END::numeric(20,4) AS amount
  FROM fc_all WHERE n % 37 = 1 AND amount > 0;
CREATE TABLE fc_opening AS SELECT 'acct ' || a AS account, 1000 + a AS balance, CASE WHEN a % 2 = 0 THEN 'claim 9' END AS claim,
	(ARRAY['CNY', 'USD', NULL, 'XAU'])[a % 4 + 1] AS currency FROM generate_series(0, 27) a;
CREATE TABLE fc_balance AS SELECT 'claim ' || a AS claim, 'acct ' || a AS account, 'CNY' AS currency FROM generate_series(0, 5) a;

CREATE TABLE fc_call (call text, wide boolean DEFAULT true);
INSERT INTO fc_call
SELECT format('attribute_funds(SOURCE, CLAIMS, %L, %L, tie => %L, deficit => %L%s)', rule, direction, tie, deficit, more), tie <> 'ledger' AND more !~ 'currency|opening'
  FROM unnest('{fifo,lifo,pro_rata,taint_first,taint_last,poison}'::text[]) rule, unnest('{downstream,upstream}'::text[]) direction,
	unnest('{causal,ledger,debits_first,credits_first}'::text[]) tie, unnest('{infer,overdraft}'::text[]) deficit,
	unnest(ARRAY['', ', until => ''2026-01-05'', openings => ''TABLE fc_opening''', ', exit_at => ''{acct 2,acct 3}'', min_traced => 0.5']) more
 WHERE (tie, deficit) IN (('causal', 'infer'), ('ledger', 'overdraft')) OR more = '';
INSERT INTO fc_call
SELECT format('explain_attribution(SOURCE, CLAIMS, %L, tie => ''ledger'', txn_id => %L)', rule, n), false
  FROM unnest('{fifo,lifo,pro_rata}'::text[]) rule, unnest('{1,38,120,333}'::int[]) n;
INSERT INTO fc_call VALUES ('attribution_band(SOURCE, CLAIMS)', false), ('attribution_band(SOURCE, CLAIMS, openings => ''infer'')', true),
	('attribute_funds(SOURCE, ''TABLE fc_balance'', direction => ''upstream'')', false),
	('attribute_funds(SOURCE, ''TABLE fc_balance'', ''pro_rata'', direction => ''upstream'', openings => ''TABLE fc_opening'')', false),
	('trace_funds(SOURCE, ''{acct 1}'')', true), ('trace_accounts(SOURCE, ''{acct 2,acct 3}'', ''upstream'')', true), ('find_cycles(SOURCE, 3, ''2 days'')', true);
-- the rows as text: digits and all
CREATE FUNCTION pg_temp.rows_of(call text, source text, OUT answer text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT x::text FROM risk_screen.%s x', replace(replace(call, 'SOURCE', quote_literal(source)), 'CLAIMS',
		'''TABLE fc_claim'''));
EXCEPTION WHEN data_exception OR invalid_parameter_value THEN
	RETURN QUERY SELECT SQLSTATE || SQLERRM;
END $$;
SELECT is_empty($$SELECT call, e FROM fc_call, pg_temp.rows_of(call, 'fc') e WHERE e ~ '^(22|XX)'$$, 'each of these calls has an answer');
SELECT bag_eq(format('SELECT pg_temp.rows_of(%L, %L)', call, 'graph:' || graph), format('SELECT pg_temp.rows_of(%L, %L)', call, source),
	call || ' on graph:' || graph)
  FROM fc_call, (VALUES ('fc', 'fc'), ('fc_merged', 'fc'), ('fc_wide', 'fc_wide')) g (graph, source)
 WHERE (wide OR graph <> 'fc_wide') AND (graph <> 'fc_merged' OR call ~ 'ledger|band');

-- each column counts when rows are compared
UPDATE fc SET fee = fee + 0.001 WHERE txn_id = (SELECT min(txn_id) FROM fc WHERE fee > 0);
SELECT is(risk_screen.refresh_flow_graph('fc'), 'rebuilt', 'a corrected fee is found');
UPDATE fc SET currency = CASE currency WHEN 'CNY' THEN 'USD' ELSE 'CNY' END WHERE txn_id = 5;
SELECT is(risk_screen.refresh_flow_graph('fc'), 'rebuilt', 'a corrected currency');
UPDATE fc SET ord = coalesce(ord, 0) + 1 WHERE txn_id = 6;
SELECT is(risk_screen.refresh_flow_graph('fc'), 'rebuilt', 'a corrected ord');
UPDATE fc SET ord = NULL, currency = NULL WHERE txn_id = 6;
SELECT is(risk_screen.refresh_flow_graph('fc'), 'rebuilt', 'and their loss');
UPDATE fc SET ord = ord;
SELECT is(risk_screen.refresh_flow_graph('fc'), 'unchanged', 'equal rows are equal');
SELECT set_eq('SELECT txn_id::int, fee, currency, ord FROM risk_screen.flow_graph_transfers(''fc'')', 'SELECT txn_id, coalesce(fee, 0), currency, ord FROM fc', 'as it is now');
-- a column that comes or goes
CREATE TABLE fc_plain AS SELECT n AS txn_id, payer, payee, amount, paid_at FROM fc_all;
SELECT risk_screen.create_flow_graph('fc_plain', 'fc_plain') AS ignored \gset
SELECT bytes AS plain_bytes FROM risk_screen.flow_graph WHERE name = 'fc_plain' \gset
ALTER TABLE fc_plain ADD fee numeric DEFAULT 0.25;
SELECT is(risk_screen.refresh_flow_graph('fc_plain'), 'rebuilt', 'a new fee column is kept from the next refresh on');
SELECT is(sum(fee), 100.00, 'fees of all rows') FROM risk_screen.flow_graph_transfers('fc_plain');
ALTER TABLE fc_plain DROP fee;
SELECT is(risk_screen.refresh_flow_graph('fc_plain'), 'rebuilt', 'and a dropped one is not');
SELECT is((bytes, columns::text), (:plain_bytes::bigint, '{}'::text), 'a graph without columns is as small as before') FROM risk_screen.flow_graph WHERE name = 'fc_plain';
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('graph:fc_plain', 'TABLE fc_claim', tie => 'ledger')$$, '22023',
	'tie => ''ledger'' needs the column "ord" in the transfers query', 'no ord, no ledger order');
-- a table behind it is dropped
DROP TABLE fc_plain;
SELECT is((state, stale), ('ready'::text, true), 'the view survives the table') FROM risk_screen.flow_graph WHERE name = 'fc_plain';
SELECT * FROM finish();
ROLLBACK;
