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
printf '\x01\x02金融\nP2P\n基金\n\n某某金-融P②P基金會' > build/fuzz/corpus/a
printf '\x39\x02金融\nico\n嘻嘻哈哈\n\njin融今融ico 嘻嘻嘻哈哈' > build/fuzz/corpus/b
python3 - <<'PY'
words = '金融\nP2P\n基金会\n\n'
open('build/fuzz/corpus/long', 'wb').write(b'\x01\x02' + (words + '甲乙丙丁金戊基己辛' * 6 + '金融').encode())
PY
if build/fuzz/matcher_fuzz -max_total_time=${RS_FUZZ_SECONDS:-60} -max_len=400 -reload=0 -print_final_stats=1 build/fuzz/corpus >build/fuzz/log 2>&1; then
	echo "ok 1 - $(sed -n 's/^stat::number_of_executed_units: *//p' build/fuzz/log) inputs"
else
	sed 's/^/# /' build/fuzz/log | tail -40
	echo "not ok 1 - the fuzzer found something"
fi
echo 1..1
