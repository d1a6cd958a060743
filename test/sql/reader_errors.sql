-- What an analyst reads when a query text does not fit: the whole message.
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM risk_screen.check_transfers('SELECT 1 AS txn_id, 2 AS payer, 3 AS payee, 4.50 AS amount');
SELECT * FROM risk_screen.check_transfers('SELECT 1 AS txn_id, 2 AS payer, 3 AS payee, 4.50 AS amount, 5 AS paid_at');
SELECT * FROM risk_screen.check_transfers('SELECT 1 AS txn_id, 2 AS payer, 3 AS payee, NULL::numeric AS amount, now() AS paid_at');
SELECT * FROM risk_screen.check_transfers('SELECT 1 AS txn_id, 2 AS payer, 3 AS payee, -1 AS amount, now() AS paid_at');
SELECT * FROM risk_screen.check_transfers('SELECT 1 AS txn_id, 2 AS payer, 3 AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 2)');
SELECT * FROM risk_screen.check_transfers('SELECT 1; SELECT 2');
SELECT * FROM risk_screen.check_transfers('UPDATE pg_class SET relname = relname');
SELECT * FROM risk_screen.check_transfers('SELECT * FROM (SELECT 1 AS x');
SELECT * FROM risk_screen.check_transfers('no_such_table');
SELECT * FROM risk_screen.check_transfers('SELECT 1 AS txn_id, point(1,1) AS payer, point(1,1) AS payee, 1 AS amount, now() AS paid_at');
SELECT * FROM risk_screen.check_transfers('SELECT 1', 'drop');
SELECT * FROM risk_screen.describe_query('transactions', 'SELECT 1');
\set VERBOSITY terse
SET risk_screen.max_memory = '2MB';
SELECT * FROM risk_screen.check_transfers('SELECT -i AS txn_id, i AS payer, i AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 1000000) i');
RESET risk_screen.max_memory;
\set VERBOSITY default
SET risk_screen.time_zone = 'Middle-earth';
SET risk_screen.no_such_setting = 1;
