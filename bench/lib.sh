# bench/lib.sh - what the benchmarks share; sourced by bench/*.bench.
#
# The environment is set by bench/run: a private cluster `bench`, database
# `bench`, RS_TOP, and BENCH_DIR (build/bench) for generated data.

# transfers_table 1m|10m|100m: table t1m ... (txid, src, dst, amount, ts) and its binary form
# in BENCH_DIR; made once, kept between runs. t1m and t10m have an index on (src, ts);
# t100m (10 GB with its binary form) has none and no log: nobody asks the table itself.
transfers_table() {
	local name=$1 accounts transfers unlogged=
	case $name in
		1m) accounts=100000 transfers=1000000 ;;
		10m) accounts=1000000 transfers=10000000 ;;
		100m) accounts=10000000 transfers=100000000 unlogged=UNLOGGED ;;
		*) echo "transfers_table: 1m, 10m or 100m" >&2; return 1 ;;
	esac
	[ "$BENCH_DIR/gen_transfers" -nt "$RS_TOP/bench/gen_transfers.c" ] || cc -O2 -o "$BENCH_DIR/gen_transfers" "$RS_TOP/bench/gen_transfers.c" -lm
	if [ -f "$BENCH_DIR/t$name.bin" ] && [ "$(psql -XqAt -c "SELECT to_regclass('t$name') IS NOT NULL")" = t ]; then
		return 0
	fi
	echo "bench: loading t$name" >&2
	psql -Xq1 -v ON_ERROR_STOP=1 <<-SQL
	SET client_min_messages = error;
	DROP TABLE IF EXISTS t$name;
	CREATE $unlogged TABLE t$name (txid bigint, src bigint, dst bigint, amount numeric(18,2), ts timestamptz);
	\copy t$name FROM PROGRAM '$BENCH_DIR/gen_transfers $accounts $transfers 1 - $BENCH_DIR/t$name.bin' (FORMAT binary, FREEZE)
	SQL
	[ "$name" = 100m ] || psql -Xq -v ON_ERROR_STOP=1 -c "CREATE INDEX t${name}_src_ts ON t$name (src, ts)"
	psql -Xq -v ON_ERROR_STOP=1 -c "VACUUM ANALYZE t$name"
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
