#!/usr/bin/env bash
# attribution_amlsim.t - all six rules on the AMLSim sample: totals conserved exactly, physical order
# and flow graph give the same rows. Skipped when the sample is not there.
cd "${RS_TOP:-$(dirname "$0")/../..}" || exit 1
for d in "${RS_DATA:-}" ../shared/data ../../shared/data; do
	[ -n "$d" ] && [ -r "$d/transfers/amlsim_cycle200_transactions.csv.xz" ] && data=$d/transfers && break
done
[ -n "${data:-}" ] || { echo "1..0 # SKIP no AMLSim sample"; exit 0; }
export PGOPTIONS="-c client_min_messages=error"
{
	cat <<'SQL'
\set ON_ERROR_STOP 1
CREATE TEMP TABLE raw (id int GENERATED ALWAYS AS IDENTITY, src int, dst int, value numeric(12,2), t int);
COPY raw (src, dst, value, t) FROM stdin CSV HEADER;
SQL
	xz -dc "$data/amlsim_cycle200_transactions.csv.xz" | tr -d "\r"
	cat <<'SQL'
\.
CREATE TEMP TABLE node (nodeid int, fraud int, balance numeric(12,2), step int);
COPY node FROM stdin CSV HEADER;
SQL
	xz -dc "$data/amlsim_cycle200_nodes.csv.xz" | tr -d "\r"
	cat <<'SQL'
\.
CREATE TEMP TABLE aml AS SELECT id AS txn_id, src AS payer, dst AS payee, value AS amount, timestamptz '2024-01-01' + t * interval '1 day' AS paid_at FROM raw;
ANALYZE aml;
-- the transfers that the 945 fraudulent accounts receive in the first thirty steps, by account
CREATE TEMP TABLE claim AS SELECT payee AS claim, txn_id FROM aml JOIN node ON nodeid = payee WHERE fraud = 1 AND paid_at < '2024-01-31' AND txn_id % 8 = 0;
CREATE TEMP TABLE answer (rule text, claim text, kind text, account text, txn_id text, traced numeric);
SELECT no_plan();
SELECT clock_timestamp() AS started \gset
INSERT INTO answer SELECT rule, claim, kind, account, txn_id, traced FROM unnest(ARRAY['fifo', 'lifo', 'pro_rata', 'taint_first', 'taint_last', 'poison']) rule,
	risk_screen.attribute_funds('aml', 'claim', rule, openings => 'SELECT nodeid AS account, balance FROM node', min_traced => 0.01);
SELECT diag('six rules: ' || round(extract(epoch FROM clock_timestamp() - :'started') * 1000) || ' ms wall, ' || count(*) || ' rows, ' ||
	(SELECT count(DISTINCT claim) FROM claim) || ' claims') FROM answer;
-- a claim's money may meet another claim on the way: what is seeded anew is what the claims name, less what already is their own
SELECT is((SELECT count(DISTINCT claim) FROM answer WHERE rule = 'fifo'), (SELECT count(DISTINCT claim) FROM claim), 'every claim is followed');
SELECT is_empty($$SELECT rule, claim FROM answer JOIN (SELECT c.claim::text, sum(amount) AS named, count(*) AS n FROM claim c JOIN aml USING (txn_id) GROUP BY 1) c USING (claim)
	WHERE rule <> 'poison' AND kind <> 'moved' GROUP BY rule, claim HAVING sum(traced) <> max(named) AND (max(n) = 1 OR sum(traced) > max(named))$$, 'every claim is conserved to the last unit');
SELECT is_empty($$SELECT rule, answer.txn_id FROM answer JOIN aml ON aml.txn_id::text = answer.txn_id WHERE kind = 'moved' AND rule <> 'poison'
	GROUP BY rule, answer.txn_id HAVING sum(traced) > max(amount)$$, 'no transfer carries more than its amount');
SELECT is_empty($$SELECT claim, kind, account, txn_id, traced FROM answer WHERE rule = 'pro_rata' EXCEPT
	SELECT claim, kind, account, txn_id, traced FROM risk_screen.attribute_funds('SELECT * FROM aml ORDER BY md5(txn_id::text)', 'claim', 'pro_rata',
	openings => 'SELECT nodeid AS account, balance FROM node ORDER BY balance', min_traced => 0.01)$$, 'physical order does not matter');
-- ten transfers upstream and downstream: FIFO is its own inverse
SELECT is_empty($$WITH s AS (SELECT txn_id FROM aml WHERE txn_id % 11000 = 7),
	down AS (SELECT f.claim AS source, f.txn_id AS target, traced FROM s, risk_screen.attribute_funds('aml', format('SELECT txn_id AS claim, txn_id FROM aml WHERE txn_id = %s', s.txn_id), openings => 'infer') f WHERE kind = 'moved'),
	t AS (SELECT DISTINCT target FROM down),
	up AS (SELECT f.txn_id AS source, f.claim AS target, traced FROM risk_screen.attribute_funds('aml', format('SELECT txn_id AS claim, txn_id FROM aml WHERE txn_id = ANY (%L)', (SELECT array_agg(target::int) FROM t)), direction => 'upstream', openings => 'infer') f
		WHERE kind = 'moved' AND f.txn_id IN (SELECT txn_id::text FROM s))
	(TABLE down EXCEPT TABLE up) UNION ALL (TABLE up EXCEPT TABLE down)$$, 'FIFO upstream is the exact inverse of downstream');
SELECT * FROM finish();
SQL
} | psql -XqAt
