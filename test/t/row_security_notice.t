#!/usr/bin/env bash
# row_security_notice.t - those whom policies filter are told, and nobody else.
n=0 failed=0
ok() { n=$((n + 1)); if [ "$1" = "$2" ]; then echo "ok $n - $3"; else echo "not ok $n - $3"; echo "# got $1, expected $2"; failed=1; fi; }
psql -Xq -d check >/dev/null 2>&1 <<'SQL'
DROP TABLE IF EXISTS rls_notice CASCADE; DROP ROLE IF EXISTS rls_notice_reader;
CREATE ROLE rls_notice_reader;
CREATE TABLE rls_notice (txn_id int, payer text, payee text, amount numeric, paid_at timestamptz);
INSERT INTO rls_notice VALUES (1, 'a', 'b', 1, '2026-01-01'), (2, 'b', 'c', 1, '2026-01-02');
ALTER TABLE rls_notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY part ON rls_notice USING (txn_id < 2);
CREATE VIEW rls_notice_view WITH (security_invoker) AS SELECT * FROM rls_notice;
CREATE VIEW rls_notice_owner AS SELECT * FROM rls_notice;
GRANT SELECT ON rls_notice, rls_notice_view, rls_notice_owner TO rls_notice_reader;
SQL
notices() { psql -XqAt -d check -c "SET ROLE $1" -c "SELECT transfers FROM risk_screen.check_transfers('$2')" 2>&1 | grep -c 'row-level security limits'; }
rows() { psql -XqAt -d check -c "SET ROLE $1" -c "SELECT transfers FROM risk_screen.check_transfers('$2')" 2>/dev/null; }
ok "$(notices rls_notice_reader rls_notice)" 1 "the filtered role is told"
ok "$(rows rls_notice_reader rls_notice)" 1 "and sees its rows only"
ok "$(notices rls_notice_reader rls_notice_view)" 1 "through a security_invoker view, too"
ok "$(notices postgres rls_notice)" 0 "a role that bypasses the policies is not"
ok "$(rows postgres rls_notice)" 2 "and sees all rows"
ok "$(notices rls_notice_reader rls_notice_owner)" 0 "nor one that reads a view of the table's owner"
ok "$(notices rls_notice_reader "SELECT * FROM rls_notice_owner WHERE txn_id IN (SELECT txn_id FROM rls_notice)")" 1 "a policy inside a sub-select counts"
psql -Xq -d check -c "DROP TABLE rls_notice CASCADE" -c "DROP ROLE rls_notice_reader" >/dev/null 2>&1
echo "1..$n"
exit $failed
