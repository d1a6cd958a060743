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
clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fwrapv -fno-strict-aliasing \
	-Wno-ignored-attributes -Isrc -Itest/unit -Ibuild/generated -I"$("$config" --includedir-server)" -D_GNU_SOURCE \
	test/fuzz/matcher_fuzz.c src/matcher.c src/matcher_build.c src/folding.c src/rs_memory.c test/unit/pg_shim.c \
	"$("$config" --pkglibdir)/libpgcommon.a" "$("$config" --pkglibdir)/libpgport.a" -lm -o build/fuzz/matcher_fuzz
printf '\x01金融\nP2P\n基金\n\n某某金-融P②P基金會' > build/fuzz/corpus/a
printf '\x39金融\nico\n嘻嘻哈哈\n\njin融今融ico 嘻嘻嘻哈哈' > build/fuzz/corpus/b
if build/fuzz/matcher_fuzz -max_total_time=60 -max_len=400 build/fuzz/corpus >build/fuzz/log 2>&1; then
	echo "ok 1 - $(tail -1 build/fuzz/log)"
else
	sed 's/^/# /' build/fuzz/log | tail -40
	echo "not ok 1 - the fuzzer found something"
fi
echo 1..1
