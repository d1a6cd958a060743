#!/usr/bin/env bash
# Every shipped rule has a case file that runs it.
cd "$RS_TOP" || exit 1
echo 1..1
missing=$(psql -XAtqc "SELECT code FROM risk_screen.rule WHERE builtin ORDER BY 1" | while read -r code; do
	grep -q "\(hits\|value\|unknowns\)('$code'\|'desk', '$code'" test/pgtap/rule_*.sql || printf '%s ' "$code"
done)
if [ -z "$missing" ]; then echo "ok 1 - every rule has a case"; else echo "not ok 1 - every rule has a case"; echo "# missing: $missing"; fi
