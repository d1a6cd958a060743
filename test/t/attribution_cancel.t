#!/usr/bin/env bash
# attribution_cancel.t - statement_timeout acts inside reading, sorting and every engine; serial and parallel plans agree.
cd "${RS_TOP:-$(dirname "$0")/../..}" || exit 1
n=0
ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi; }
q() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
q -c "DROP TABLE IF EXISTS attribution_cancel" -c "CREATE TABLE attribution_cancel AS SELECT i AS txn_id, (i * 7919::bigint) % 5003 AS payer, (i * 104729::bigint) % 4999 AS payee,
	((i * 31) % 1000 + 1)::numeric(12,2) AS amount, timestamptz '2026-01-01' + (i / 50) * interval '1 second' AS paid_at FROM generate_series(1, 200000) i" 2>/dev/null
claims="SELECT txn_id AS claim, txn_id FROM attribution_cancel WHERE txn_id <= 2000"
for rule in fifo lifo pro_rata poison; do
	for ms in 30 400; do
		# the timeout either fires, within 100 ms plus what a busy machine adds, or the call was faster
		out=$(q -c "SET statement_timeout = $ms; SELECT clock_timestamp() AS t \\gset" 2>/dev/null
			python3 - "$rule" "$ms" "$claims" <<-'PY'
			import subprocess, sys, time
			rule, ms, claims = sys.argv[1:]
			t = time.time()
			r = subprocess.run(['psql', '-XqAt', '-c', "SET statement_timeout = %s" % ms, '-c',
			    "SELECT count(*) FROM risk_screen.attribute_funds('attribution_cancel', '%s', '%s', min_traced => 0)" % (claims, rule)],
			    capture_output=True, text=True)
			late = time.time() - t - int(ms) / 1000
			print('fine' if late < 1.0 and (r.returncode == 0 or 'statement timeout' in r.stderr) else 'late by %.2f s: %s' % (late, r.stderr))
			PY
		)
		[ "$out" = fine ]; ok $? "$rule stops within $ms ms ($out)"
	done
done
answer="SELECT md5(string_agg(f::text, ',' ORDER BY f::text)) FROM risk_screen.attribute_funds('attribution_cancel', 'SELECT txn_id AS claim, txn_id FROM attribution_cancel WHERE txn_id <= 20', 'fifo') f"
serial=$(q -c "SET max_parallel_workers_per_gather = 0" -c "$answer")
parallel=$(q -c "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2" -c "$answer")
[ -n "$serial" ] && [ "$serial" = "$parallel" ]; ok $? "parallel plan equals serial plan"
q -c "DROP TABLE attribution_cancel"
echo "1..$n"
