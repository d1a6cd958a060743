# bench/names_data.sh - names, word lists and prose, and the matcher alone; sourced by bench/names*.bench.

[ -f "$BENCH_DIR/words65000.txt" ] || python3 "$RS_TOP/bench/generate_names.py" "$BENCH_DIR" 1000000
data=$(for d in "${RS_DATA:-}" "$RS_TOP/../shared/data" "$RS_TOP/../../shared/data"; do [ -n "$d" ] && [ -f "$d/names/enterprises_60k.tsv.xz" ] && echo "$d" && break; done || true)
if [ -n "$data" ]; then
	[ -f "$BENCH_DIR/prose.txt" ] || python3 - "$data/names/enterprises_60k.tsv.xz" "$BENCH_DIR/prose.txt" <<-PY
	import lzma, sys
	with lzma.open(sys.argv[1]) as f, open(sys.argv[2], "wb") as out:
	    out.write(b"".join(line.rsplit(b"\t", 1)[-1] for line in f)[:10000000])
	PY
	prose="real business scopes"
else
	[ -f "$BENCH_DIR/prose.txt" ] || head -c 10000000 "$BENCH_DIR/names.txt" > "$BENCH_DIR/prose.txt"
	prose="synthetic names as one text"
fi
chmod -R a+rX "$BENCH_DIR"

# The matcher alone, with hyperscan beside it where that is installed.
hs=()
[ ! -f /usr/include/hs/hs.h ] || hs=(-DHAVE_HS -I/usr/include/hs)
build_matcher_bench() {
	local config
	config=$("$RS_TOP/tools/pg-config")
	(cd "$RS_TOP" && cc -std=gnu11 -O2 -fwrapv -fno-strict-aliasing -Isrc -Itest/unit -Ibuild/generated -I"$("$config" --includedir-server)" -D_GNU_SOURCE \
		"${hs[@]}" bench/matcher_bench.c src/matcher.c src/matcher_build.c src/matcher_skim.c src/folding.c src/rs_memory.c test/unit/pg_shim.c \
		"$("$config" --pkglibdir)/libpgcommon.a" "$("$config" --pkglibdir)/libpgport.a" -lm ${hs:+-lhs} -o "$BENCH_DIR/matcher_bench")
}
