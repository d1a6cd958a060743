#!/usr/bin/env bash
# ownership_server.t - look-through in a running server: cancel, timeout, snapshots,
# prepared and parallel plans, dump of nothing of ours.
set -uo pipefail
n=0; bad=0
ok() { n=$((n + 1)); if [ "$1" = "$2" ]; then echo "ok $n - $3"; else bad=1; echo "not ok $n - $3"; echo "# have: $1"; echo "# want: $2"; fi; }
q() { psql -XqAt -v VERBOSITY=sqlstate "$@" 2>&1; }

q <<'SQL'
SET client_min_messages = error;
DROP TABLE IF EXISTS os_ring, os_big;
CREATE TABLE os_ring AS SELECT i AS owner, j AS owned, 0.0001 AS share FROM generate_series(1, 1500) i, generate_series(1, 1500) j WHERE (i * 7919 + j * 104729) % 101 < 25;
CREATE TABLE os_big AS SELECT i / 2 AS owner, i AS owned, 0.5 AS share FROM generate_series(1, 300000) i;
CREATE INDEX ON os_big (owned);
ANALYZE os_big;
SQL

# a dense ring of 1,500 takes seconds: it must stop when told
begin=$(date +%s%N)
answer=$(q -c "SET statement_timeout = 700" -c "SELECT count(*) FROM risk_screen.look_through('os_ring', '{1}')")
took=$((($(date +%s%N) - begin) / 1000000))
ok "$answer" "ERROR:  57014" "statement_timeout stops the solver"
ok "$([ $took -lt 2500 ] && echo soon || echo "$took ms")" soon "... soon"
answer=$(q -c "SET statement_timeout = 1500" -c "SELECT count(*) FROM risk_screen.ownership_paths('os_ring', '1', '4', 2000000)")
ok "$(echo "$answer" | grep -c '57014\|54000')" 1 "... and the path search (or the memory limit does)"
ok "$(q -c "SELECT count(*) FROM risk_screen.look_through('os_big', '{77}') WHERE party = '38'")" \
   "$(q -c "SELECT count(*) FROM os_big WHERE owned = 77 AND owner = 38")" "the session after it"

# same answer inside a parallel query, by a prepared statement, and in an old snapshot
one=$(q -c "SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM risk_screen.look_through('os_big', '{77,78,79}') x")
ok "$(q -c "SET max_parallel_workers_per_gather = 4; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0" \
	 -c "SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM risk_screen.look_through('SELECT * FROM os_big WHERE share > 0.1', '{77,78,79}') x")" "$one" "parallel plans"
ok "$(q -c "PREPARE p (text[]) AS SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM risk_screen.look_through('os_big', \$1) x" \
	 -c "EXECUTE p ('{1}'); EXECUTE p ('{1}'); EXECUTE p ('{1}'); EXECUTE p ('{1}'); EXECUTE p ('{1}'); EXECUTE p ('{1}'); EXECUTE p ('{77,78,79}')" | tail -1)" "$one" "prepared"
ok "$(q <<'SQL'
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM risk_screen.look_through('os_big', '{5}') WHERE party = 'late';
\! psql -Xqc "INSERT INTO os_big VALUES (299999, 5, 0.25)"
SELECT count(*) FROM risk_screen.look_through('os_big', '{5}') WHERE party = '299999' AND layers = 1;
COMMIT;
SELECT count(*) FROM risk_screen.look_through('os_big', '{5}') WHERE party = '299999' AND layers = 1;
SQL
)" "$(printf '0\n0\n1')" "a snapshot is one state of the register"
ok "$(q -c "SELECT count(*) FROM os_big b, LATERAL risk_screen.look_through('SELECT 1 AS owner, 2 AS owned, 0.5 AS share') l WHERE b.owned <= 3")" 6 "called for every row of another query"
ok "$(q <<'SQL'
DO $$ BEGIN PERFORM * FROM risk_screen.controllers('SELECT 1 AS owner'); EXCEPTION WHEN undefined_column THEN PERFORM count(*) FROM risk_screen.controllers('os_big', targets => '{5}'); END $$;
SELECT 'fine';
SQL
)" fine "an error caught leaves nothing behind"
# many targets: the table is read once, and the answer is that of looking ids up
many="SELECT count(*), sum(hashtextextended(x::text, 0)) FROM risk_screen.look_through('os_big', ARRAY(SELECT (i * 14)::text FROM generate_series(1, 20000) i)) x"
scans() { q -c "SET $1" -c "$many" -c "SELECT pg_stat_force_next_flush()" -c "SELECT pg_stat_get_numscans('os_big'::regclass)" | sed '/^$/d'; }
before=$(q -c "SELECT pg_stat_get_numscans('os_big'::regclass)")
hops=$(scans "enable_seqscan = off")
between=$(tail -1 <<<"$hops")
full=$(scans "enable_seqscan = on")
ok "$(head -1 <<<"$full")" "$(head -1 <<<"$hops")" "many targets: one reading gives what hops give"
ok "$([ $((between - before)) = 0 ] && echo none)" none "... looked up through the index where a scan is dear"
ok "$([ $(($(tail -1 <<<"$full") - between)) = 1 ] && echo once)" once "... else scanned once"
ok "$(q -c "SET risk_screen.max_memory = '20MB'" -c "SELECT count(*) > 0 FROM risk_screen.look_through('os_big', '{299999}')")" t "one target needs no memory for the whole table"
ok "$(q -c "SET statement_timeout = 100" -c "SELECT count(*) FROM risk_screen.look_through('SELECT *, pg_sleep(0.001) FROM os_big', ARRAY(SELECT i::text FROM generate_series(1, 20000) i))")" "ERROR:  57014" "reading everything stops when told"
q -c "DROP TABLE os_ring, os_big"
echo "1..$n"
exit $bad
