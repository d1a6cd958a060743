#!/usr/bin/env bash
# goldens.t - pg_regress over test/sql (goldens in expected/) and, when there are
# any, pg_isolation_regress over test/isolation/specs (goldens in
# test/isolation/expected). One TAP line per script.
set -u
cd "${RS_TOP:-$(dirname "$0")/../..}" || exit 1
PG_CONFIG=$(tools/pg-config)
pgxs=$(dirname "$("$PG_CONFIG" --pgxs)")/../test
n=0 failed=0
out=$(pwd)/build/regress
mkdir -p "$out"

ok() { # passed(0/1) what
	n=$((n + 1))
	[ "$1" -eq 0 ] && echo "ok $n - $2" || { echo "not ok $n - $2"; failed=1; }
}

# Each script gets a database of its own, so none leans on another.
run() { # driver inputdir name label
	local driver=$1 input=$2 name=$3 label=$4 log
	log=$("$pgxs/$driver" --inputdir="$input" --outputdir="$out" --bindir="$(dirname "$(command -v psql)")" \
		--host="$PGHOST" --port="$PGPORT" --user="$PGUSER" --dbname="golden_$name" \
		--load-extension=risk_screen "$name" 2>&1)
	local status=$?
	ok $status "$label $name"
	[ $status -eq 0 ] || { sed 's/^/# /' "$out/regression.diffs" 2>/dev/null || sed 's/^/# /' <<<"$log"; } >&2
	psql -Xq -d postgres -c "SET client_min_messages = error; DROP DATABASE IF EXISTS golden_$name" >/dev/null 2>&1
}

mkdir -p "$out/expected" "$out/sql"
for f in test/sql/*.sql; do
	[ -e "$f" ] || continue
	name=$(basename "$f" .sql)
	# PostgreSQL 15 looks for goldens below --inputdir only
	rm -rf "$out/in"; mkdir -p "$out/in/sql" "$out/in/expected"
	cp "$f" "$out/in/sql/"; cp "expected/$name.out" "$out/in/expected/" 2>/dev/null
	run regress/pg_regress "$out/in" "$name" "golden"
done
for f in test/isolation/specs/*.spec; do
	[ -e "$f" ] || continue
	name=$(basename "$f" .spec)
	run isolation/pg_isolation_regress test/isolation "$name" "isolation"
done
[ $n -gt 0 ] || { echo "1..0 # SKIP no goldens"; exit 0; }
echo "1..$n"
exit $failed
