# bench/lib.sh - what the benchmarks share; sourced by bench/*.bench.
#
# The environment is set by bench/run: a private cluster `bench`, database
# `bench`, RS_TOP, and BENCH_DIR (build/bench) for generated data.

# transfers_table 1m|10m|100m: table t1m ... (txid, src, dst, amount, ts), index on
# (src, ts), its CSV and binary form in BENCH_DIR; made once, kept between runs.
transfers_table() {
	local name=$1 accounts transfers
	case $name in
		1m) accounts=100000 transfers=1000000 ;;
		10m) accounts=1000000 transfers=10000000 ;;
		100m) accounts=10000000 transfers=100000000 ;;
		*) echo "transfers_table: 1m, 10m or 100m" >&2; return 1 ;;
	esac
	[ -x "$BENCH_DIR/gen_transfers" ] || cc -O2 -o "$BENCH_DIR/gen_transfers" "$RS_TOP/bench/gen_transfers.c" -lm
	[ -f "$BENCH_DIR/t$name.bin" ] || { "$BENCH_DIR/gen_transfers" $accounts $transfers 1 "$BENCH_DIR/t$name.csv" "$BENCH_DIR/t$name.bin.tmp" && mv "$BENCH_DIR/t$name.bin.tmp" "$BENCH_DIR/t$name.bin"; }
	if [ "$(psql -XqAt -c "SELECT to_regclass('t${name}_src_ts') IS NOT NULL")" != t ]; then
		echo "bench: loading t$name" >&2
		[ -f "$BENCH_DIR/t$name.csv" ] || "$BENCH_DIR/gen_transfers" $accounts $transfers 1 "$BENCH_DIR/t$name.csv"
		psql -Xq -v ON_ERROR_STOP=1 <<-SQL
		SET client_min_messages = error;
		DROP TABLE IF EXISTS t$name;
		CREATE TABLE t$name (txid bigint, src bigint, dst bigint, amount numeric(18,2), ts timestamptz);
		\copy t$name FROM '$BENCH_DIR/t$name.csv' CSV
		CREATE INDEX t${name}_src_ts ON t$name (src, ts);
		VACUUM ANALYZE t$name;
		SQL
		rm -f "$BENCH_DIR/t$name.csv"
	fi
}

# seeds 1m 20: so many pseudo-random accounts that have an outgoing transfer.
seeds() {
	psql -XqAt -c "SELECT src FROM (SELECT DISTINCT src FROM t$1) s ORDER BY hashint8extended(src, 42) LIMIT $2"
}

# cpu_ms SQL [RUNS]: median CPU milliseconds of the backend for one statement,
# after one warm-up; the statement's result is discarded. CPU is what
# /proc/PID/schedstat says, so neighbours on the machine do not count.
cpu_ms() {
	python3 "$RS_TOP/bench/cpu_ms.py" "$@"
}

machine() {
	printf '%s, %s cores, %s GiB' "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" "$(nproc)" \
		"$(awk '/MemTotal/ {printf "%.0f", $2 / 1048576}' /proc/meminfo)"
}
