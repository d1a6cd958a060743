#!/usr/bin/env bash
# pattern_data.t - reference counts on published data (skipped when it is not there).
cd "${RS_TOP:-$(dirname "$0")/../..}" || exit 1
for d in "${RS_DATA:-}" ../shared/data ../../shared/data; do
	[ -n "$d" ] && [ -f "$d/transfers/amlsim_cycle200_transactions.csv.xz" ] && data=$d && break
done
[ -n "${data:-}" ] || { echo "1..0 # SKIP no reference data"; exit 0; }
psql -XqAt -v ON_ERROR_STOP=1 -d check <<SQL
BEGIN;
SELECT no_plan();
CREATE TABLE aml (src int, dst int, value numeric(18,2), step int);
\copy aml FROM PROGRAM 'xzcat "$data/transfers/amlsim_cycle200_transactions.csv.xz"' CSV HEADER
CREATE VIEW aml_flow AS SELECT row_number() OVER (ORDER BY step, src, dst, value) AS txn_id, src AS payer, dst AS payee, value AS amount,
	timestamptz '2026-01-01' + step * interval '1 day' AS paid_at FROM aml;
SELECT results_eq('SELECT length, count(*) FROM risk_screen.find_cycles(''aml_flow'', 6, ''10 days'') GROUP BY 1 ORDER BY 1',
	'VALUES (2, 126::bigint), (3, 32), (4, 3)', 'AMLSim: cycles within 10 steps, up to 6 transfers');
SELECT results_eq('SELECT length, count(*) FROM risk_screen.find_cycles(''aml_flow'', 5, ''20 days'') GROUP BY 1 ORDER BY 1',
	'VALUES (2, 220::bigint), (3, 179), (4, 65), (5, 5)', 'AMLSim: within 20 steps, up to 5');
SELECT is(count(DISTINCT account), 1236::bigint, 'AMLSim: accounts with five payers in [t-9, t]') FROM risk_screen.find_fan_in('aml_flow', 5, '9 days');
CREATE TABLE sample (src int, dst int, t int);
\copy sample FROM '$data/transfers/cycle_sample.txt' (DELIMITER ' ')
CREATE VIEW sample_flow AS SELECT row_number() OVER (ORDER BY t, src, dst) AS txn_id, src AS payer, dst AS payee, 1 AS amount,
	timestamptz '2026-01-01' + t * interval '1 second' AS paid_at FROM sample;
SELECT results_eq('SELECT length, count(*) FROM risk_screen.find_cycles(''sample_flow'', 6) GROUP BY 1 ORDER BY 1',
	'VALUES (2, 1::bigint), (3, 1), (4, 1)', 'cycle sample: strictly ordered');
SELECT results_eq('SELECT length, count(DISTINCT (SELECT array_agg(a ORDER BY a) FROM unnest(accounts) a)) FROM risk_screen.find_cycles(''sample_flow'', 6, ordered => false) GROUP BY 1 ORDER BY 1',
	'VALUES (2, 1::bigint), (3, 1), (4, 2), (5, 1)', 'cycle sample: simple cycles');
SELECT * FROM finish();
ROLLBACK;
SQL
