-- demo/report-flows.sql - what demo/screen-data prints about the transfers between banks.
\pset footer off
\pset null ''

\echo
\echo '== Transfers: what was read ==================================================================='
\echo
SELECT count(*) AS records, sum(amount) AS usd, count(*) FILTER (WHERE paid_at IS NULL) AS "without a date, not traced",
       count(*) FILTER (WHERE payments IS NULL) AS "without a number of payments",
       (SELECT count(*) FROM filing.bank_spelling) AS spellings, (SELECT count(DISTINCT bank_id) FROM filing.bank) AS banks
  FROM filing.bank_flow;
SELECT * FROM risk_screen.check_transfers('desk.txn');

\echo '== Pairs of banks that pay each other, by how a bank is told ==================================='
\echo
WITH told (how, o, b) AS (
	SELECT '1 by the id in the file', originator_bank_id, beneficiary_bank_id FROM raw.fincen
	 UNION ALL
	SELECT '2 by lower(trim(name)) and country', lower(btrim(originator_bank)) || '/' || originator_iso, lower(btrim(beneficiary_bank)) || '/' || beneficiary_iso FROM raw.fincen
	 UNION ALL
	SELECT '3 by letters of the name and country', filing.bank_key(originator_bank) || '/' || originator_iso, filing.bank_key(beneficiary_bank) || '/' || beneficiary_iso FROM raw.fincen
	 UNION ALL
	SELECT '4 and one edit apart is the same bank', payer, payee FROM filing.bank_flow),
pairs AS (SELECT DISTINCT how, o, b FROM told WHERE o <> b)
SELECT x.how AS "identity", count(*) FILTER (WHERE x.o < x.b AND y.o IS NOT NULL) AS "two-way pairs"
  FROM pairs AS x LEFT JOIN pairs AS y ON y.how = x.how AND y.o = x.b AND y.b = x.o
 GROUP BY 1 ORDER BY 1;

\echo '== Round trips: both directions above 10 million dollars and within a tenth of each other ======'
\echo
WITH sums AS (SELECT payer, payee, sum(amount) AS amount, count(*) AS records FROM filing.bank_flow WHERE payer <> payee GROUP BY 1, 2)
SELECT x.payer AS a, x.payee AS b, x.amount AS "a to b", y.amount AS "b to a", round(least(x.amount, y.amount) / greatest(x.amount, y.amount), 4) AS kept
  FROM sums AS x JOIN sums AS y ON y.payer = x.payee AND y.payee = x.payer AND x.payer < x.payee
 WHERE least(x.amount, y.amount) >= 1e7 AND least(x.amount, y.amount) >= 0.9 * greatest(x.amount, y.amount)
 ORDER BY x.amount + y.amount DESC;

\echo '== Downstream of the ten largest payers, at most four transfers ================================'
\echo
SELECT t.seed, t.hops, t.accounts, t.transfers, t.amount, t.terminals, t.cut
  FROM risk_screen.trace_summary('desk.txn', max_hops => 4,
       seeds => ARRAY(SELECT payer FROM desk.txn GROUP BY payer ORDER BY sum(amount) DESC, payer LIMIT 10)) AS t
 ORDER BY t.amount DESC;

\echo '== Where can money of Rigensis Bank (Latvia) have gone? Accounts after at most two transfers ==='
\echo
SELECT t.account, t.hops, t.received, t.sent, t.terminal, t.first_at::date AS first_on, t.last_at::date AS last_on
  FROM risk_screen.trace_accounts('desk.txn', seeds => '{rigensisbankas/LVA}', max_hops => 2) AS t
 ORDER BY t.received DESC LIMIT 15;
