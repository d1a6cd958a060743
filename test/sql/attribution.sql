-- What attribution and its sources tell the analyst beside the answer.
SELECT risk_screen.create_flow_graph('columns', $$SELECT 1 AS txn_id, 1 AS payer, 2 AS payee, 1 AS amount, now() AS paid_at,
	0 AS fee, 'CNY' AS currency, date '2026-01-01' AS ord$$);
SELECT risk_screen.create_flow_graph('columns', $$SELECT 1 AS txn_id, 1 AS payer, 2 AS payee, 1 AS amount, now() AS paid_at,
	-1 AS fee, 'CNY' AS currency$$);
SELECT risk_screen.create_flow_graph('columns', $$SELECT 1 AS txn_id, 1 AS payer, 2 AS payee, 1 AS amount, now() AS paid_at,
	0.5 AS fee, 'CNY' AS currency$$);
SELECT columns FROM risk_screen.flow_graph WHERE name = 'columns';
SELECT kind, traced, currency FROM risk_screen.attribute_funds('graph:columns', 'SELECT 1 AS claim, 1 AS txn_id') WHERE kind = 'held';
SELECT * FROM risk_screen.attribute_funds('graph:columns', 'SELECT 1 AS claim, 1 AS txn_id', tie => 'ledger');
SELECT risk_screen.drop_flow_graph('columns');
-- the same words, whether the transfers were read whole or by index
CREATE TEMP TABLE pay AS SELECT i AS txn_id, 'a' || i AS payer, 'b' || i AS payee, 5::numeric(9,2) AS amount,
	timestamptz '2026-01-01' + i * interval '1 minute' AS paid_at FROM generate_series(1, 20000) i;
INSERT INTO pay VALUES (7, 'a8', 'b7', 5, '2026-01-02');
SELECT * FROM risk_screen.attribute_funds('pay', 'SELECT 1 AS claim, 7 AS txn_id');
SELECT * FROM risk_screen.attribute_funds('pay', 'SELECT 1 AS claim, 0 AS txn_id');
CREATE INDEX ON pay (txn_id);
CREATE INDEX ON pay (payer);
CREATE INDEX ON pay (payee);
ANALYZE pay;
SELECT * FROM risk_screen.attribute_funds('pay', 'SELECT 1 AS claim, 7 AS txn_id');
SELECT * FROM risk_screen.attribute_funds('pay', 'SELECT 1 AS claim, 0 AS txn_id');
-- by index, rows that are not read are not checked
SELECT kind, account, txn_id, traced FROM risk_screen.attribute_funds('pay', 'SELECT 1 AS claim, 9 AS txn_id');
SELECT source, source_txn, available, taken FROM risk_screen.explain_attribution('pay', 'SELECT 1 AS claim, 9 AS txn_id', txn_id => '19999');
