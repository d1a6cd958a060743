-- The complex reads of LDBC FinBench that are traces, on the flow functions.
--
-- Windows are open at both ends. `truncation` keeps, of every account's edges
-- within the window, the newest so many (ties: the larger id) in the direction
-- of the search, as the specification asks; NULL keeps all. `transfers` may be
-- a flow graph ('graph:NAME') as long as nothing is truncated.
-- Choices where the specification is silent are listed in docs/finbench.md.

-- The edges to search, as a query for the first argument of a flow function.
CREATE FUNCTION finbench.edges(transfers text, direction text, since timestamptz, until timestamptz, truncation int)
	RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE WHEN truncation IS NULL THEN transfers ELSE format(
	'SELECT txn_id, payer, payee, amount, paid_at FROM (SELECT e.*, row_number() OVER (PARTITION BY %I ORDER BY paid_at DESC, txn_id DESC) AS newest
	   FROM (%s) AS e WHERE paid_at > %L AND paid_at < %L) AS ranked WHERE newest <= %s',
	CASE direction WHEN 'upstream' THEN 'payee' ELSE 'payer' END,
	CASE WHEN transfers ~ '\s' THEN transfers ELSE 'TABLE ' || transfers END, since, until, truncation) END
$$;

-- An open window in terms of inclusive bounds: timestamps are microseconds.
CREATE FUNCTION finbench.after(t timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN t + interval '1 microsecond';
CREATE FUNCTION finbench.before(t timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN t - interval '1 microsecond';

-- The accounts of a person, as seeds.
CREATE FUNCTION finbench.accounts_of(person bigint) RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
	RETURN ARRAY(SELECT a.id::text FROM finbench.account a WHERE a.person = $1 ORDER BY a.id);

-- TCR1: accounts that money from `account` reaches in 1 to 3 hops, time strictly
-- rising, and where a blocked medium signed in; one row per distance.
-- The trace bounds the search; the earliest arrival at each exact distance
-- decides which of its transfers go on.
CREATE FUNCTION finbench.tcr1(account bigint, since timestamptz, until timestamptz, truncation int DEFAULT NULL,
		transfers text DEFAULT 'finbench.payment')
	RETURNS TABLE (other bigint, distance int, medium bigint, medium_type text) LANGUAGE sql STABLE AS $$
WITH trace AS MATERIALIZED (
	SELECT hop, payer, payee, paid_at
	  FROM risk_screen.trace_funds(finbench.edges($5, 'downstream', $2, $3, $4), ARRAY[$1::text],
	       since => finbench.after($2), until => finbench.before($3), max_hops => 3, strict => true)
	 WHERE txn_id IS NOT NULL),
one AS (SELECT payee, min(paid_at) AS arrived FROM trace WHERE hop = 1 GROUP BY payee),
two AS (SELECT t.payee, min(t.paid_at) AS arrived FROM trace t JOIN one ON t.payer = one.payee AND t.paid_at > one.arrived GROUP BY t.payee),
three AS (SELECT t.payee, min(t.paid_at) AS arrived FROM trace t JOIN two ON t.payer = two.payee AND t.paid_at > two.arrived GROUP BY t.payee),
reached AS (SELECT payee, 1 AS distance FROM one UNION ALL SELECT payee, 2 FROM two UNION ALL SELECT payee, 3 FROM three)
SELECT DISTINCT r.payee::bigint, r.distance, m.id, m.type
  FROM reached r JOIN finbench.sign_in s ON s.account = r.payee::bigint AND s.at > $2 AND s.at < $3
  JOIN finbench.medium m ON m.id = s.medium AND m.blocked
 ORDER BY 2, 1, 3
$$;

-- TCR2: accounts whose money came to a person's accounts within 3 hops, time
-- strictly falling upstream, with the loans that were paid out to them.
CREATE FUNCTION finbench.tcr2(person bigint, since timestamptz, until timestamptz, truncation int DEFAULT NULL,
		transfers text DEFAULT 'finbench.payment')
	RETURNS TABLE (other bigint, loan_amount numeric, loan_balance numeric) LANGUAGE sql STABLE AS $$
WITH reached AS MATERIALIZED (
	SELECT DISTINCT payer::bigint AS account
	  FROM risk_screen.trace_funds(finbench.edges($5, 'upstream', $2, $3, $4), finbench.accounts_of($1), direction => 'upstream',
	       since => finbench.after($2), until => finbench.before($3), max_hops => 3, strict => true)
	 WHERE txn_id IS NOT NULL),
paid_out AS (SELECT DISTINCT r.account, d.loan FROM reached r JOIN finbench.deposit d ON d.account = r.account AND d.at > $2 AND d.at < $3)
SELECT p.account, round(sum(l.amount), 3), round(sum(l.balance), 3)
  FROM paid_out p JOIN finbench.loan l ON l.id = p.loan
 GROUP BY p.account ORDER BY 2 DESC, 1
$$;

-- TCR3: the fewest transfers from one account to another, in any order of time;
-- -1 when there is no way, 0 from an account to itself.
CREATE FUNCTION finbench.tcr3(account1 bigint, account2 bigint, since timestamptz, until timestamptz,
		transfers text DEFAULT 'finbench.payment')
	RETURNS int LANGUAGE sql STABLE AS $$
SELECT CASE WHEN $1 = $2 THEN 0 ELSE coalesce((
	SELECT hops FROM risk_screen.trace_accounts($5, ARRAY[$1::text], since => finbench.after($3), until => finbench.before($4),
	       max_hops => 2147483647, ordered => false, stop_at => ARRAY[$2::text])
	 WHERE account = $2::text), -1) END
$$;

-- TCR4: third accounts that close a ring src -> dst -> other -> src, with what
-- the two closing sides carry. No order of time, so no trace: two semi-joins.
CREATE FUNCTION finbench.tcr4(src bigint, dst bigint, since timestamptz, until timestamptz)
	RETURNS TABLE (other bigint, to_src_count bigint, to_src_sum numeric, to_src_max numeric,
		from_dst_count bigint, from_dst_sum numeric, from_dst_max numeric) LANGUAGE sql STABLE AS $$
WITH closing AS (SELECT payer AS other, count(*) AS n, sum(amount) AS s, max(amount) AS m FROM finbench.transfer
		WHERE payee = $1 AND payer NOT IN ($1, $2) AND at > $3 AND at < $4 GROUP BY payer),
	opening AS (SELECT payee AS other, count(*) AS n, sum(amount) AS s, max(amount) AS m FROM finbench.transfer
		WHERE payer = $2 AND payee NOT IN ($1, $2) AND at > $3 AND at < $4 GROUP BY payee)
SELECT other, c.n, round(c.s, 3), round(c.m, 3), o.n, round(o.s, 3), round(o.m, 3)
  FROM closing c JOIN opening o USING (other)
 WHERE EXISTS (SELECT 1 FROM finbench.transfer WHERE payer = $1 AND payee = $2 AND at > $3 AND at < $4)
 ORDER BY 3 DESC, 6 DESC, 1
$$;

-- TCR5: the chains of 1 to 3 transfers, time strictly rising, no account twice,
-- from each account of a person. `more` when the list had to be cut.
CREATE FUNCTION finbench.tcr5(person bigint, since timestamptz, until timestamptz, truncation int DEFAULT NULL,
		transfers text DEFAULT 'finbench.payment')
	RETURNS TABLE (chain bigint[], more boolean) LANGUAGE sql STABLE AS $$
WITH seed AS (SELECT finbench.accounts_of($1) AS ids, finbench.edges($5, 'downstream', $2, $3, $4) AS edges),
reached AS MATERIALIZED (
	SELECT array_agg(DISTINCT a.account) AS ids
	  FROM seed, risk_screen.trace_accounts(edges, seed.ids, since => finbench.after($2), until => finbench.before($3), max_hops => 3, strict => true) a)
SELECT p.accounts::bigint[], bool_or(p.more)
  FROM seed, reached, risk_screen.trace_paths(edges, seed.ids, since => finbench.after($2), until => finbench.before($3), max_hops => 3,
       strict => true, target => reached.ids, max_paths => 2147483647) p
 WHERE reached.ids IS NOT NULL AND p.accounts[cardinality(p.accounts)] <> p.accounts[1]
 GROUP BY 1 ORDER BY cardinality(p.accounts::bigint[]) DESC, 1
$$;

-- What leaves accounts: transfers and withdrawals as one ledger. No WHERE in the
-- arms: PostgreSQL probes the indexes below a UNION ALL only when they are bare.
CREATE VIEW finbench.payout AS
	SELECT 'transfer ' || id AS txn_id, payer, payee, amount, at AS paid_at FROM finbench.transfer
	UNION ALL
	SELECT 'withdraw ' || id, account, card, amount, at FROM finbench.withdraw;

-- TCR8: where a loan's money went: accounts within 3 hops over transfers and
-- withdrawals from those it was paid out to, in any order of time. An edge
-- counts if it carries more than `threshold` times all that its payer received.
CREATE FUNCTION finbench.tcr8(loan bigint, threshold numeric, since timestamptz, until timestamptz, truncation int DEFAULT NULL)
	RETURNS TABLE (account bigint, ratio numeric, distance int) LANGUAGE sql STABLE AS $$
WITH paid_out AS (SELECT ARRAY(SELECT DISTINCT d.account::text FROM finbench.deposit d WHERE d.loan = $1 AND d.at > $3 AND d.at < $4) AS ids),
edges AS (SELECT finbench.edges('finbench.payout', 'downstream', $3, $4, $5) AS uncounted),
counted AS (SELECT CASE WHEN $2 = 0 THEN uncounted ELSE format(
		'SELECT e.* FROM (%s) AS e WHERE amount > %s * coalesce((SELECT sum(t.amount) FROM finbench.transfer t WHERE t.payee = e.payer AND t.at > %L AND t.at < %L), 0)',
		CASE WHEN $5 IS NULL THEN 'TABLE ' || uncounted ELSE uncounted END, $2, $3, $4) END AS edges FROM edges),
trace AS MATERIALIZED (
	SELECT t.txn_id, t.payee::bigint AS account, min(t.hop) AS hop, min(t.amount) AS amount
	  FROM paid_out, counted, risk_screen.trace_funds(edges, paid_out.ids, since => finbench.after($3), until => finbench.before($4), max_hops => 3, ordered => false) t
	 WHERE cardinality(paid_out.ids) > 0 AND t.txn_id IS NOT NULL
	 GROUP BY 1, 2)
SELECT t.account, round(sum(t.amount) / l.amount, 3), 1 + min(t.hop)
  FROM trace t, finbench.loan l WHERE l.id = $1
 GROUP BY t.account, l.amount ORDER BY 3 DESC, 2 DESC, 1
$$;

-- TCR11: everybody that a chain of guarantees reaches from a person, and the loans they took.
CREATE FUNCTION finbench.tcr11(person bigint, since timestamptz, until timestamptz,
		OUT loan_amount numeric, OUT loans bigint) LANGUAGE sql STABLE AS $$
WITH reached AS MATERIALIZED (
	SELECT DISTINCT payee::bigint AS person
	  FROM risk_screen.trace_funds('SELECT id AS txn_id, guarantor AS payer, guaranteed AS payee, 1 AS amount, at AS paid_at FROM finbench.guarantee',
	       ARRAY[$1::text], since => finbench.after($2), until => finbench.before($3), max_hops => 2147483647, ordered => false))
SELECT coalesce(round(sum(l.amount), 3), 0), count(*)
  FROM finbench.loan l WHERE l.id IN (SELECT a.loan FROM finbench.apply a JOIN reached r ON a.person = r.person)
$$;
