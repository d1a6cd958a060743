#!/usr/bin/env bash
# Misspelt licences, provinces and subjects: a warning each, once per value and query.
set -uo pipefail
n=0 bad=0
is() {
	n=$((n + 1))
	if [ "$1" = "$2" ]; then echo "ok $n - $3"; else
		echo "not ok $n - $3"
		printf '# got:\n%s\n# expected:\n%s\n' "$1" "$2" | sed 's/^/# /'
		bad=1
	fi
}
said() { psql -XqAt -c "$1" 2>&1 >/dev/null | grep '^WARNING' | LC_ALL=C sort; }
call="FROM generate_series(1, 1000) AS i, risk_screen.screen_name('甲金融' || i, NULL, %s, 'existing', %s, '2016-06-01', %s)"
# shellcheck disable=SC2059
q() { printf "SELECT count(*) $call" "$@"; }
is "$(said "$(q "'北京市'" "'{AM,bank}'" "'enterprise'")")" "" "known values: nothing is said"
is "$(said "$(q NULL NULL NULL)")" "" "nothing known: nothing is said"
is "$(said "$(q "'Beijing'" "'{bnak,AM}'" "'enterprize'")")" 'WARNING:  "Beijing" is not a region of China
WARNING:  no active list knows the kind of subject "enterprize"
WARNING:  no active list names the licence "bnak"' "a thousand rows, each mistake once"
is "$(said "BEGIN; INSERT INTO risk_screen.lexicon (lexicon, jurisdiction) VALUES ('of a city', '深圳市'); $(q "'广东省'" NULL NULL); $(q "'广东省深圳市'" NULL NULL); $(q "'上海'" NULL NULL); ROLLBACK")" \
	'WARNING:  "广东省" does not tell whether list "of a city" applies' "a province does not tell the city; said once"
is "$(said "SELECT count(*) FROM generate_series(1, 400) AS i, risk_screen.screen_name('甲', NULL, NULL, NULL, ARRAY['x' || i])" | grep -c 'names the licence')" 256 "256 different ones"
is "$(said "SELECT count(*) FROM generate_series(1, 400) AS i, risk_screen.screen_name('甲', NULL, NULL, NULL, ARRAY['x' || i])" | grep -v 'names the licence')" \
	"WARNING:  more than 256 different licences, provinces and kinds of subject" "and that there were more"
is "$(said "SELECT count(*) FROM risk_screen.screen_ad('存款', '{bnak}')")" 'WARNING:  no active list names the licence "bnak"' "screen_ad too"
is "$(psql -XqAt -c "SELECT risk_screen.screen_name('甲', NULL, NULL, 'neu')" 2>&1 | head -1)" 'ERROR:  unknown event "neu"' "an unknown event is an error"
echo "1..$n"
exit $bad
