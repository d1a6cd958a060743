#!/usr/bin/env bash
# clang.t - the sources raise no warning of clang either; the build uses the server's own compiler.
cd "${RS_TOP:-$(dirname "$0")/../..}" || exit 1
command -v clang >/dev/null || { echo '1..0 # SKIP clang is not installed'; exit 0; }
echo 1..1
include=$("$(tools/pg-config)" --includedir-server)
out=$(printf '%s\n' src/*.c | xargs -P 2 -n 20 clang -fsyntax-only -std=gnu11 -D_GNU_SOURCE -fwrapv -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -Wno-declaration-after-statement \
	-Wno-ignored-attributes -Wno-ignored-optimization-argument -Wno-unknown-warning-option \
	-DRS_VERSION='""' -Isrc -Ibuild/generated -isystem "$include" 2>&1) &&
	echo 'ok 1 - every file of src' || { echo 'not ok 1 - every file of src'; printf '%s\n' "$out" | head -60 | sed 's/^/# /'; exit 1; }
