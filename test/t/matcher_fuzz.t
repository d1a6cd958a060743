#!/usr/bin/env bash
# The matcher's fuzzer for a minute; only in long runs.
set -euo pipefail
cd "${RS_TOP:-$(dirname "$0")/../..}"
if [ "${RS_LONG:-0}" != 1 ]; then
	echo "1..0 # SKIP only with --long"
	exit 0
fi
config=$(tools/pg-config)
mkdir -p build/fuzz/corpus
# coverage guides the inputs by what runs over texts; the build of the tables would
# only be slowed by it, three times
flags=(-std=gnu11 -g -O2 -fno-sanitize-recover=all -fwrapv -fno-strict-aliasing -Wno-ignored-attributes
	-Isrc -Itest/unit -Ibuild/generated -I"$("$config" --includedir-server)" -D_GNU_SOURCE)
for f in src/matcher_build.c src/folding.c src/rs_memory.c test/unit/pg_shim.c; do
	clang "${flags[@]}" -fsanitize=address,undefined -c "$f" -o "build/fuzz/$(basename "$f" .c).o"
done
clang "${flags[@]}" -fsanitize=fuzzer,address,undefined test/fuzz/matcher_fuzz.c src/matcher.c src/matcher_skim.c build/fuzz/*.o \
	"$("$config" --pkglibdir)/libpgcommon.a" "$("$config" --pkglibdir)/libpgport.a" -lm -o build/fuzz/matcher_fuzz
# every option with words that repeat, overlap, are letters, digits, one character, bad bytes
python3 - <<'PY'
lists = ['金融\nP2P\n基金\n基金管理\n\n', 'ico\n嘻嘻哈哈\n金融\n融资\n\n', '投资\n资产\n资产管理\n一\n\n', '\udcff\nab\n網貸\n贷\n\n']
text = '某某金-融P②P基金會jin融今融ico 嘻嘻嘻哈哈' + '甲乙丙丁金戊基己辛' * 8 + '资产管理公司　網貸'
for i in range(128):
    with open('build/fuzz/corpus/%03d' % i, 'wb') as f:
        f.write(bytes([i * 37 % 256, i % 16]) + lists[i % 4].encode('utf-8', 'surrogateescape') + text[i % 20:].encode())
PY
n=0 failed=0
campaign() { # what, seconds
	n=$((n + 1))
	if build/fuzz/matcher_fuzz -max_total_time="$2" -max_len=400 -rss_limit_mb=4096 -reload=0 -print_final_stats=1 build/fuzz/corpus >build/fuzz/log 2>&1; then
		echo "ok $n - $1: $(sed -n 's/^stat::number_of_executed_units: *//p' build/fuzz/log) inputs in $2 s"
	else
		sed 's/^/# /' build/fuzz/log | tail -40
		echo "not ok $n - $1: the fuzzer found something"
		failed=1
	fi
}
seconds=${RS_FUZZ_SECONDS:-60}
echo 1..2
campaign texts $((seconds * 3 / 4))
export RS_FUZZ_WORDS=1
campaign words $((seconds / 4 + 1))
exit $failed
