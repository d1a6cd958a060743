#!/usr/bin/env bash
# The catalogue is whole: every shipped rule has a case file that runs it (what a
# case file must hold, rule_case_files.t counts); of
# the sections built so far no computable or partly computable requirement is
# missing, and one that is kept as a record has a case that looks at the record.
cd "$RS_TOP" || exit 1
failed=0 n=0
check() {
	n=$((n + 1))
	if [ -z "$2" ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; echo "# missing: $2"; failed=1; fi
}
sections='[ABCGHJM]'
echo 1..5

check "every rule has a case that runs it" "$(psql -XAtqc "SELECT code FROM risk_screen.rule WHERE builtin ORDER BY 1" | while read -r code; do
	grep -q "\(hits\|value\|unknowns\)('$code'\|'desk', '$code'" test/pgtap/rule_*.sql || grep -qx "rule $code" test/cases/*.case || printf '%s ' "$code"
done)"

# Of a rule with a threshold, or any that can hit, some case must say that it does not.
check "every rule that can hit has a case that names what it finds" "$(psql -XAtqc "SELECT code FROM risk_screen.rule WHERE builtin AND severity IS NOT NULL ORDER BY 1" | while read -r code; do
	grep -q "'$code[:,]" test/pgtap/rule_*.sql || grep -qx "rule $code" test/cases/*.case || printf '%s ' "$code"
done)"

check "one line per requirement in the catalogue, and none twice" "$(psql -XAtqc "
	SELECT string_agg(code, ' ') FROM (
		SELECT code FROM risk_screen.requirement EXCEPT SELECT code FROM risk_screen.rule_catalogue
		 UNION SELECT code FROM risk_screen.rule_catalogue GROUP BY code HAVING count(*) <> 1) AS x")"

check "no C or P requirement of sections $sections is missing" "$(psql -XAtqc "
	SELECT string_agg(code || ' ' || state, ', ' ORDER BY code) FROM risk_screen.rule_catalogue
	 WHERE nature IN ('C', 'P') AND code ~ '^$sections' AND state NOT IN ('rule', 'indicator', 'candidate', 'record')")"

# A record's case names the requirement and reads, in the same file, something it is kept in.
check "every C or P requirement kept as a record has a case that reads it" "$(psql -XAtqc "
	SELECT c.code, string_agg(k, '|') FROM risk_screen.rule_catalogue AS c JOIN risk_screen.requirement AS q USING (code) CROSS JOIN unnest(q.kept_in) AS k
	 WHERE c.nature IN ('C', 'P') AND c.code ~ '^$sections' AND c.state = 'record' GROUP BY c.code ORDER BY c.code" | while IFS='|' read -r code kept; do
	found=
	for file in $(grep -l "'$code: " test/pgtap/*.sql); do
		grep -qE "(desk|risk_screen)\.($kept)\b" "$file" && found=1
	done
	[ -n "$found" ] || printf '%s ' "$code"
done)"
exit $failed
