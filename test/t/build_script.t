#!/usr/bin/env bash
# build_script.t - the install script follows the fragments: one that is added
# or deleted rebuilds it, nothing changed leaves it alone.
cd "${RS_TOP:-$(dirname "$0")/../..}" || exit 1
echo 1..4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/sql" "$dir/src" "$dir/tools"
cp build.mk risk_screen.control "$dir"
cp tools/pg-config "$dir/tools"
echo 'SELECT 1;' > "$dir/sql/10-one.sql"
script=risk_screen--$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" risk_screen.control).sql
build() { make -s --no-print-directory -C "$dir" -f build.mk "$script" 2>&1 | sed 's/^/# /'; }
check() { # number grep-count what
	[ "$(grep -c '^-- ==== ' "$dir/$script")" = "$2" ] && echo "ok $1 - $3" || echo "not ok $1 - $3"
}
build; check 1 1 'built from one fragment'
echo 'SELECT 2;' > "$dir/sql/20-two.sql"
build; check 2 2 'an added fragment is in it'
rm "$dir/sql/20-two.sql"
build; check 3 1 'a deleted fragment is not'
touch -c -d '2001-01-01' "$dir"/build/* "$dir"/sql/* "$dir"/*.control
touch -c -d '2002-01-01' "$dir/$script"
build
[ "$(date -r "$dir/$script" +%Y)" = 2002 ] && echo 'ok 4 - nothing changed: not rebuilt' || echo 'not ok 4 - nothing changed: not rebuilt'
