-- attribute_funds, explain_attribution, attribution_band: contracts, errors, limits.
BEGIN;
SELECT no_plan();

CREATE TABLE pay (txn_id int, payer text, payee text, amount numeric, paid_at timestamptz);
INSERT INTO pay SELECT i, p, q, a, timestamptz '2026-01-01' + i * interval '1 day'
  FROM (VALUES (1, 'P', 'A', 10.00), (2, 'M', 'A', 10), (3, 'A', 'X', 10), (4, 'K', 'A', 10), (5, 'A', 'Y', 10)) v (i, p, q, a);
CREATE TABLE claim (claim text, txn_id int);
INSERT INTO claim VALUES ('P', 1), ('M', 2), ('K', 4);

-- the published micro-case
SELECT results_eq($$SELECT rule, string_agg(claim || ' ' || trim_scale(traced), ', ' ORDER BY claim)
	FROM unnest(ARRAY['fifo', 'lifo', 'pro_rata']) rule, risk_screen.attribute_funds('pay', 'claim', rule)
	WHERE kind = 'held' AND account = 'A' GROUP BY rule ORDER BY rule$$,
	$$VALUES ('fifo', 'K 10'), ('lifo', 'P 10'), ('pro_rata', 'K 5, M 2.5, P 2.5')$$, 'P, M, K: fifo K, lifo P, pro rata a quarter, a quarter, a half');
SELECT results_eq($$SELECT tie, sum(traced) FROM unnest(ARRAY['credits_first', 'debits_first']) tie, risk_screen.attribute_funds(
	'SELECT * FROM (VALUES (1, 1, 2, 100, date ''2026-01-01''), (2, 2, 3, 80, ''2026-01-02''), (3, 4, 2, 50, ''2026-01-02'')) v (txn_id, payer, payee, amount, paid_at)',
	'SELECT 1 AS claim, 1 AS txn_id', 'taint_last', tie => tie) WHERE kind = 'held' AND account = '2' GROUP BY tie ORDER BY tie$$,
	$$VALUES ('credits_first', 70::numeric), ('debits_first', 20)$$, 'lowest intermediate balance, same day: 70 or 20');

-- every rule and direction conserves, at the widest scale too
SELECT is_empty($$SELECT rule, direction, sum(traced) FROM unnest(ARRAY['fifo', 'lifo', 'pro_rata', 'taint_first', 'taint_last']) rule,
	unnest(ARRAY['downstream', 'upstream']) direction, risk_screen.attribute_funds(
	'SELECT txn_id, payer, payee, amount * 1234567890123456.123456789012::numeric(38,12) AS amount, amount * 0.000000000001 AS fee, paid_at FROM pay',
	'SELECT claim, txn_id FROM claim', rule, direction) WHERE kind <> 'moved'
	GROUP BY rule, direction HAVING sum(traced) <> 30 * 1234567890123456.123456789012$$, 'numeric(38,12): nothing lost in any rule or direction');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('SELECT txn_id, payer, payee, 30000000000000000000000000.123456789012 AS amount, paid_at FROM pay', 'claim')$$,
	'22003', NULL, 'sums beyond 126 bits are refused');
SELECT is((SELECT traced FROM risk_screen.attribute_funds(
	'SELECT txn_id, payer, payee, 12345678901234567890123456.123456789012 AS amount, paid_at FROM pay WHERE txn_id = 1', 'SELECT * FROM claim WHERE txn_id = 1', 'pro_rata')
	WHERE kind = 'held'), 12345678901234567890123456.123456789012, '38 digits: pro rata keeps as many finer digits as fit');

-- key types, currencies, NULLs, emptiness
SELECT results_eq($$SELECT traced FROM risk_screen.attribute_funds('SELECT txn_id, md5(payer)::uuid AS payer, md5(payee)::uuid AS payee, amount, paid_at FROM pay', 'claim')
	WHERE kind = 'held' ORDER BY account, claim$$,
	$$SELECT traced FROM risk_screen.attribute_funds('pay', 'claim') WHERE kind = 'held' ORDER BY md5(account)::uuid, claim$$, 'uuid accounts');
SELECT results_eq($$SELECT account, traced, currency FROM risk_screen.attribute_funds(
	'SELECT txn_id, payer, payee, amount, paid_at, CASE WHEN txn_id IN (3, 4) THEN ''USD'' ELSE ''CNY'' END AS currency FROM pay', 'claim')
	WHERE kind = 'held' ORDER BY account, currency, traced$$,
	$$VALUES ('A', 10::numeric, 'CNY'), ('A', 10, 'USD'), ('Y', 10, 'CNY')$$, 'a currency is a ledger of its own');
SELECT is_empty($$SELECT * FROM risk_screen.attribute_funds('SELECT * FROM pay WHERE false', 'SELECT * FROM claim WHERE false')$$, 'nothing in, nothing out');
SELECT is_empty($$SELECT * FROM risk_screen.attribute_funds('pay', 'SELECT * FROM claim WHERE false')$$, 'no claims');
SELECT is((SELECT count(*) FROM risk_screen.attribute_funds('pay', 'claim', until => '2025-01-01')), 0::bigint, 'before the first transfer');
SELECT is((SELECT sum(traced) FROM risk_screen.attribute_funds('pay', 'claim', until => '2026-01-03') WHERE kind = 'held'), 20::numeric, 'until is inclusive');

-- openings, deficits, exits
SELECT is((SELECT amount FROM risk_screen.attribute_funds('pay', 'claim', openings => 'infer') WHERE kind = 'held' AND account = 'A'), 10::numeric, 'inferred openings');
SELECT results_eq($$SELECT claim, traced FROM risk_screen.attribute_funds('pay', 'SELECT * FROM claim WHERE false',
	openings => 'SELECT ''A'' AS account, 4 AS balance, ''old'' AS claim') WHERE kind = 'held'$$, $$VALUES ('old', 4::numeric)$$, 'an opening under a claim');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('SELECT * FROM pay WHERE txn_id IN (1, 3, 5)', 'SELECT * FROM claim WHERE txn_id = 1', deficit => 'error')$$,
	'22000', 'transfer "5" pays more than its payer holds', 'deficit => error names the transfer');
SELECT results_eq($$SELECT kind, account, counterparty, txn_id, traced FROM risk_screen.attribute_funds(
	'SELECT * FROM (VALUES (1, ''A'', ''B'', 30, date ''2026-01-01''), (2, ''V'', ''A'', 100, ''2026-01-02'')) v (txn_id, payer, payee, amount, paid_at)',
	'SELECT ''V'' AS claim, 2 AS txn_id', deficit => 'overdraft') ORDER BY kind$$,
	$$VALUES ('exited', 'A', NULL, '2', 30::numeric), ('held', 'A', NULL, NULL, 70), ('moved', 'V', 'A', '2', 100)$$, 'an overdraft is refilled first');
SELECT results_eq($$SELECT kind, account, traced FROM risk_screen.attribute_funds('pay', 'claim', exit_at => ARRAY['X', 'nobody']) WHERE kind IN ('held', 'exited') ORDER BY 1, 2$$,
	$$VALUES ('exited', 'X', 10::numeric), ('held', 'A', 10), ('held', 'Y', 10)$$, 'exits');

-- claims
SELECT is((SELECT sum(traced) FROM risk_screen.attribute_funds('pay', 'SELECT ''P'' AS claim, txn_id FROM pay WHERE txn_id IN (1, 3)', 'fifo') WHERE kind <> 'moved'),
	10::numeric, 'a claim on money that already is its own counts once');
SELECT results_eq($$SELECT kind, claim, traced FROM risk_screen.attribute_funds('pay', 'SELECT * FROM (VALUES (''P'', 1), (''Z'', 3)) v (claim, txn_id)') WHERE kind IN ('cut', 'held') ORDER BY 1, 2$$,
	$$VALUES ('cut', 'P', 10::numeric), ('held', 'Z', 10)$$, 'a later claim on the same money displaces the earlier');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'SELECT ''a'' AS claim, 99 AS txn_id')$$, '22023', NULL, 'a claim on an unknown transfer');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'SELECT ''a'' AS claim, 1 AS txn_id, 10.01 AS amount')$$, '22023', NULL, 'a claim larger than its transfer');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'SELECT * FROM (VALUES (''a'', 1), (''b'', 1)) v (claim, txn_id)')$$, '22023', NULL, 'claims larger than their transfer together');
SELECT results_eq($$SELECT claim, traced FROM risk_screen.attribute_funds('pay', 'SELECT * FROM (VALUES (''a'', 1, 4), (''b'', 1, 6)) v (claim, txn_id, amount)') WHERE kind = 'moved' AND txn_id = '3' ORDER BY 1$$,
	$$VALUES ('a', 4::numeric), ('b', 6)$$, 'part-claims');
SELECT is((SELECT sum(traced) FROM risk_screen.attribute_funds('pay', 'claim', 'pro_rata', min_traced => 3) WHERE kind = 'cut'), 5::numeric, 'below min_traced: the residual line');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'claim', min_traced => -1)$$, '22023', NULL, 'negative min_traced');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'claim', min_traced => 'NaN')$$, '22023', NULL, 'NaN min_traced');

SELECT results_eq($$SELECT kind, account, traced FROM risk_screen.attribute_funds('pay', 'SELECT ''q'' AS claim, ''A'' AS account', direction => 'upstream') ORDER BY 1, 2$$,
	$$VALUES ('held', 'K', 10::numeric), ('moved', 'K', 10)$$, 'upstream of a balance');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'SELECT ''q'' AS claim, ''A'' AS account')$$, '22023', NULL, 'claims on balances are for upstream');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'SELECT ''q'' AS claim, ''A'' AS account, 99 AS amount', direction => 'upstream')$$, '22023', NULL, 'more than the balance');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'SELECT ''q'' AS claim')$$, '42703', NULL, 'claims need txn_id');

-- options
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'claim', 'FIFO')$$, '22023', 'unknown rule "FIFO"', 'unknown rule');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'claim', tie => 'x')$$, '22023', 'unknown tie "x"', 'unknown tie');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'claim', deficit => 'x')$$, '22023', 'unknown deficit "x"', 'unknown deficit');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'claim', direction => 'x')$$, '22023', 'unknown direction "x"', 'unknown direction');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'claim', tie => 'ledger')$$, '22023', NULL, 'tie => ledger needs ord');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds(NULL, 'claim')$$, '22004', NULL, 'NULL transfers');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'claim', NULL)$$, '22004', NULL, 'NULL rule');
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'DELETE FROM claim RETURNING *')$$, '42601', NULL, 'only one SELECT');
SELECT throws_ok($$SELECT * FROM risk_screen.explain_attribution('pay', 'claim')$$, '22004', NULL, 'explain needs txn_id');
SELECT throws_ok($$SELECT * FROM risk_screen.explain_attribution('pay', 'claim', txn_id => '77')$$, '22023', NULL, 'explain an unknown transfer');

-- explanations add up to the transfer, and to what attribute_funds says
SELECT is_empty($$SELECT rule, tie, t FROM unnest(ARRAY['fifo', 'lifo', 'pro_rata', 'taint_first', 'taint_last']) rule, generate_series(1, 5) t,
	LATERAL (SELECT coalesce(sum(taken) FILTER (WHERE source <> 'claim'), 0) AS sum FROM risk_screen.explain_attribution('pay', 'claim', rule, txn_id => t::text)) e,
	unnest(ARRAY[1]) tie WHERE e.sum <> 10$$, 'lots and shares add up to the transfer');
-- ... under every rule and direction, over overdrafts, books that begin later, exits, displaced claims and what min_traced cuts
CREATE TABLE tangle AS SELECT i AS txn_id, 'a' || (hashint8(i) & 7) AS payer, 'a' || (hashint8(i + 1000) & 7) AS payee,
	(1 + (hashint8(i + 2000) & 511)) / 100.0 AS amount, (hashint8(i + 3000) & 7) / 100.0 AS fee, date '2026-01-01' + (hashint8(i + 4000) & 15) AS paid_at
  FROM generate_series(1, 160) i;
CREATE TABLE unlike (rule text, tie text, direction text, more text, txn_id int, what text);
CREATE FUNCTION pg_temp.compare_explanations() RETURNS bigint LANGUAGE plpgsql AS $do$
DECLARE
	rule text; direction text; deficit text; tie text; least numeric; late boolean; x tangle; n bigint := 0;
	openings text; exits text[]; claims text;
BEGIN
	FOREACH rule IN ARRAY ARRAY['fifo', 'lifo', 'pro_rata', 'taint_first', 'taint_last', 'poison'] LOOP
		FOREACH direction IN ARRAY ARRAY['downstream', 'upstream'] LOOP
			claims := format('SELECT ''c'' || txn_id %% 3 AS claim, txn_id FROM tangle WHERE paid_at %s AND txn_id %% 2 = 0',
				CASE direction WHEN 'upstream' THEN '>= ''2026-01-12''' ELSE '<= ''2026-01-05''' END);
			FOREACH deficit IN ARRAY ARRAY['infer', 'overdraft'] LOOP
				FOREACH late IN ARRAY ARRAY[false, true] LOOP
					least := CASE WHEN late = (deficit = 'infer') THEN 0 ELSE 0.5 END;
					tie := CASE WHEN late THEN 'debits_first' ELSE 'causal' END;
					openings := CASE WHEN late THEN 'SELECT ''a'' || i AS account, 2 AS balance, date ''2026-01-06'' AS at FROM generate_series(0, 6, 2) i' END;
					exits := CASE WHEN late THEN ARRAY['a5'] END;
					FOR x IN SELECT * FROM tangle WHERE tangle.txn_id % 7 = 0 AND payer <> payee LOOP
						n := n + 1;
						INSERT INTO unlike
						SELECT rule, tie, direction, concat_ws(' ', deficit, least, late), x.txn_id, 'claims'
						 WHERE EXISTS (SELECT FROM (SELECT claim, sum(CASE source WHEN 'cut' THEN -taken ELSE taken END) AS taken
									  FROM risk_screen.explain_attribution('tangle', claims, rule, direction, openings, 'infinity', tie, deficit, exits, least, txn_id => x.txn_id::text)
									 WHERE claim IS NOT NULL GROUP BY claim) e
								FULL JOIN (SELECT f.claim, sum(f.traced) AS traced
									  FROM risk_screen.attribute_funds('tangle', claims, rule, direction, openings, 'infinity', tie, deficit, exits, least) f
									 WHERE f.kind = 'moved' AND f.txn_id = x.txn_id::text GROUP BY f.claim) f USING (claim)
								WHERE coalesce(taken, 0) <> coalesce(traced, 0))
						 UNION ALL
						SELECT rule, tie, direction, concat_ws(' ', deficit, least, late), x.txn_id, 'total'
						  FROM (SELECT sum(taken) AS taken FROM risk_screen.explain_attribution('tangle', claims || ' AND txn_id % 3 = 0', rule, direction, openings,
								'infinity', tie, deficit, exits, least, txn_id => x.txn_id::text) WHERE source NOT IN ('claim', 'cut')) one
						 WHERE rule <> 'poison' AND taken <> x.amount;
					END LOOP;
				END LOOP;
			END LOOP;
		END LOOP;
	END LOOP;
	RETURN n;
END $do$;
SELECT cmp_ok(pg_temp.compare_explanations(), '>', 500::bigint, 'explanations compared');
SELECT is_empty('SELECT * FROM unlike', 'each adds up to the transfer, and per claim to what attribute_funds says');
SELECT results_eq($$SELECT source, claim, taken FROM risk_screen.explain_attribution('SELECT * FROM (VALUES (1, ''A'', ''B'', 20, date ''2026-01-01''), (2, ''W'', ''A'', 50, ''2026-01-02''),
	(3, ''A'', ''D'', 20, ''2026-01-03'')) v (txn_id, payer, payee, amount, paid_at)', 'SELECT ''V'' AS claim, 3 AS txn_id', direction => 'upstream', deficit => 'overdraft', txn_id => '2')$$,
	$$VALUES ('overdraft', NULL, 20::numeric), ('transfer', 'V', 20), ('held', NULL, 10)$$, 'upstream: what paid back an overdraft, and what is still there, are told apart');
SELECT results_eq($$SELECT source, taken FROM unnest(ARRAY['fifo', 'pro_rata', 'poison']) rule, risk_screen.explain_attribution('SELECT * FROM (VALUES (1, ''A'', ''B'', 20, date ''2026-01-01''))
	v (txn_id, payer, payee, amount, paid_at)', 'SELECT ''V'' AS claim, 1 AS txn_id, 0 AS amount', rule, openings => 'SELECT ''A'' AS account, 80 AS balance, date ''2026-01-02'' AS at', txn_id => '1')$$,
	$$VALUES ('unknown', 20::numeric), ('unknown', 20), ('unknown', 20)$$, 'a balance stated for a later day pays for nothing before it');
SELECT results_eq($$SELECT e.claim, e.taken FROM risk_screen.explain_attribution('pay', 'claim', 'pro_rata', txn_id => '5') e ORDER BY 1$$,
	$$SELECT claim, traced FROM risk_screen.attribute_funds('pay', 'claim', 'pro_rata') WHERE kind = 'moved' AND txn_id = '5' ORDER BY 1$$, 'explained = attributed');

-- the band holds every single answer
SELECT is_empty($$SELECT * FROM unnest(ARRAY['fifo', 'lifo', 'pro_rata', 'taint_first', 'taint_last']) rule,
	risk_screen.attribute_funds('pay', 'claim', rule) f JOIN risk_screen.attribution_band('pay', 'claim') b
	ON b.claim = f.claim AND b.account = f.account AND b.kind = f.kind
	WHERE f.kind = 'held' AND NOT f.traced BETWEEN b.smallest AND b.largest$$, 'every rule lies in the band');
SELECT is((SELECT count(*) FROM risk_screen.attribution_band('pay', 'claim', rules => ARRAY['fifo'], ties => ARRAY['causal']) WHERE smallest <> largest OR traced <> largest), 0::bigint, 'one choice: no band');

-- one account, the same credits: taint_first keeps least, taint_last most
CREATE TABLE busy AS SELECT i AS txn_id, CASE WHEN i % 3 = 0 THEN 'A' ELSE 'in' || i END AS payer, CASE WHEN i % 3 = 0 THEN 'out' || i ELSE 'A' END AS payee,
	((i * 7919) % 97 + 1)::numeric(12,2) AS amount, timestamptz '2026-01-01' + i * interval '1 hour' AS paid_at FROM generate_series(1, 300) i;
SELECT ok(t.least <= o.traced AND o.traced <= t.most, rule || ' keeps between taint_first and taint_last')
  FROM (SELECT (SELECT coalesce(sum(traced), 0) FROM risk_screen.attribute_funds('busy', 'SELECT 1 AS claim, txn_id FROM busy WHERE txn_id % 5 = 1 AND txn_id % 3 > 0', 'taint_first') WHERE kind = 'held' AND account = 'A') least,
	(SELECT coalesce(sum(traced), 0) FROM risk_screen.attribute_funds('busy', 'SELECT 1 AS claim, txn_id FROM busy WHERE txn_id % 5 = 1 AND txn_id % 3 > 0', 'taint_last') WHERE kind = 'held' AND account = 'A') most) t,
	unnest(ARRAY['fifo', 'lifo', 'pro_rata']) rule,
	LATERAL (SELECT coalesce(sum(traced), 0) AS traced FROM risk_screen.attribute_funds('busy', 'SELECT 1 AS claim, txn_id FROM busy WHERE txn_id % 5 = 1 AND txn_id % 3 > 0', rule) WHERE kind = 'held' AND account = 'A') o;

-- physical order, plan and snapshot do not matter
SELECT results_eq($$SELECT * FROM risk_screen.attribute_funds('SELECT * FROM busy ORDER BY md5(txn_id::text)', 'SELECT txn_id AS claim, txn_id FROM busy WHERE txn_id % 7 = 1', 'pro_rata') ORDER BY claim, kind, txn_id, account$$,
	$$SELECT * FROM risk_screen.attribute_funds('busy', 'SELECT txn_id AS claim, txn_id FROM busy WHERE txn_id % 7 = 1', 'pro_rata') ORDER BY claim, kind, txn_id, account$$, 'any physical order');

-- limits and rights
SET LOCAL risk_screen.max_memory = '1MB';
SELECT throws_ok($$SELECT count(*) FROM risk_screen.attribute_funds('SELECT i AS txn_id, i % 97 AS payer, i % 89 AS payee, 1 AS amount, now() AS paid_at FROM generate_series(1, 100000) i', 'SELECT 1 AS claim, 1 AS txn_id')$$,
	'54000', NULL, 'the memory budget is kept');
-- mixing spreads 100 claims over everything: the rules that follow them stop at the limit, on a graph as well
SET LOCAL risk_screen.max_memory = '64MB';
CREATE TABLE dense AS SELECT i AS txn_id, CASE WHEN i <= 100 THEN 'in' || i ELSE 'a' || i * 7919 % 97 END AS payer, 'a' || (i * 104729 % 89) AS payee,
	(i * 31 % 1000 + 1)::numeric(12,2) AS amount, timestamptz '2026-01-01' + i * interval '1 minute' AS paid_at FROM generate_series(1, 20000) i;
SELECT risk_screen.create_flow_graph('attribution_dense', 'dense') AS ignored \gset
SELECT throws_ok(format($$SELECT count(*) FROM risk_screen.attribute_funds(%L, 'SELECT i AS claim, i AS txn_id FROM generate_series(1, 100) i', %L)$$, source, rule),
	'54000', NULL, rule || ' keeps the budget on ' || source)
  FROM unnest(ARRAY['dense', 'graph:attribution_dense']) source, unnest(ARRAY['pro_rata', 'taint_last']) rule,
	LATERAL (SELECT set_config('risk_screen.max_memory', '1MB', true)) s;
SET LOCAL risk_screen.max_memory = '64MB';
SELECT is((SELECT count(DISTINCT claim) FROM risk_screen.attribute_funds('graph:attribution_dense', 'SELECT i AS claim, i AS txn_id FROM generate_series(1, 100) i', 'pro_rata', min_traced => 0.01)),
	100::bigint, 'and the session goes on');
SELECT risk_screen.drop_flow_graph('attribution_dense') AS ignored \gset
RESET risk_screen.max_memory;
CREATE ROLE attribution_reader;
GRANT SELECT ON claim TO attribution_reader;
SET LOCAL ROLE attribution_reader;
SELECT throws_ok($$SELECT * FROM risk_screen.attribute_funds('pay', 'claim')$$, '42501', NULL, 'the caller''s own rights count');
RESET ROLE;
GRANT SELECT ON pay TO attribution_reader;
ALTER TABLE pay ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON pay TO attribution_reader USING (txn_id <> 3);
SET LOCAL client_min_messages = error;
SET LOCAL ROLE attribution_reader;
SELECT is((SELECT count(*) FROM risk_screen.attribute_funds('pay', 'claim') WHERE txn_id = '3'), 0::bigint, 'row-level security counts');
RESET ROLE;

-- reading only what claims touch gives what reading everything gives (bad_rows => 'skip' reads everything)
CREATE TABLE sparse AS SELECT i AS txn_id, (hashint8(i) & 4095) AS payer, (hashint8(i + 1000000) & 4095) AS payee,
	(1 + abs(hashint8(i + 2000000)) % 10000 / 100.0)::numeric(12,2) AS amount, (abs(hashint8(i + 3000000)) % 3 / 100.0)::numeric(12,2) AS fee,
	timestamptz '2026-01-01' + (i / 60) * interval '1 hour' AS paid_at, CASE i % 2 WHEN 0 THEN 'CNY' ELSE 'USD' END AS currency
  FROM generate_series(1, 20000) AS i;
CREATE INDEX ON sparse (txn_id);
CREATE INDEX ON sparse (payer);
CREATE INDEX ON sparse (payee);
ANALYZE sparse;
CREATE FUNCTION pg_temp.whole_reads() RETURNS bigint LANGUAGE sql VOLATILE AS $$SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'sparse'$$;
CREATE TEMP TABLE compared AS
SELECT 0::bigint AS rows, 0::bigint AS unlike, false AS whole, ''::text AS at, ''::text AS rule, ''::text AS tie, ''::text AS direction, ''::text AS also LIMIT 0;
DO $do$
DECLARE
	at text; rule text; tie text; direction text; also text; before bigint; whole boolean; q text; claims text;
BEGIN
	FOREACH at IN ARRAY ARRAY['paid_at', 'paid_at::timestamp', '(paid_at + txn_id * interval ''17 hours'')::date', '(paid_at + txn_id * interval ''1 second'')::text']
	LOOP
		FOREACH rule IN ARRAY ARRAY['fifo', 'pro_rata', 'taint_last']
		LOOP
			FOREACH tie IN ARRAY ARRAY['causal', 'debits_first']
			LOOP
				FOREACH direction IN ARRAY ARRAY['downstream', 'upstream']
				LOOP
					FOREACH also IN ARRAY ARRAY['fee', 'currency']
					LOOP
						CONTINUE WHEN also = 'currency' AND direction = 'upstream';
						q := format('SELECT txn_id, payer, payee, amount, %s AS paid_at, %s FROM sparse', at, also);
						claims := CASE direction WHEN 'downstream' THEN 'SELECT i AS claim, 12000 + i * 7 AS txn_id FROM generate_series(1, 3) i'
							ELSE 'SELECT i AS claim, 8000 + i * 7 AS txn_id FROM generate_series(1, 3) i' END;
						before := pg_temp.whole_reads();
						PERFORM count(*) FROM risk_screen.attribute_funds(q, claims, rule, direction, tie => tie, min_traced => 1);
						whole := before < pg_temp.whole_reads();
						INSERT INTO compared SELECT count(*), count(*) FILTER (WHERE n <> 0), whole, at, rule, tie, direction, also
						  FROM (SELECT sum(side) AS n
								  FROM (SELECT 1 AS side, f FROM risk_screen.attribute_funds(q, claims, rule, direction, tie => tie, min_traced => 1) f
										UNION ALL
										SELECT -1, f FROM risk_screen.attribute_funds(q, claims, rule, direction, tie => tie, min_traced => 1, bad_rows => 'skip') f) u GROUP BY f) s;
					END LOOP;
				END LOOP;
			END LOOP;
		END LOOP;
	END LOOP;
END $do$;
SELECT is_empty('SELECT * FROM compared WHERE unlike > 0', 'by index the same rows, for every type of time');
SELECT is_empty('SELECT * FROM compared WHERE rows = 0', 'there were rows to compare');
SELECT is_empty($$SELECT * FROM compared WHERE whole AND rule = 'fifo'$$, 'nothing but the transfers of touched accounts was read');
SELECT is((SELECT count(*) FROM risk_screen.attribute_funds('SELECT * FROM sparse', 'SELECT 1 AS claim, 19500 AS txn_id', until => '2025-12-31')), 0::bigint, 'by index: before the first transfer');
SELECT bag_eq($$SELECT * FROM risk_screen.explain_attribution('SELECT txn_id, payer, payee, amount, paid_at FROM sparse', 'SELECT 1 AS claim, 1000 AS txn_id', 'pro_rata', txn_id => '3000')$$,
	$$SELECT * FROM risk_screen.explain_attribution('SELECT txn_id, payer, payee, amount, paid_at FROM sparse', 'SELECT 1 AS claim, 1000 AS txn_id', 'pro_rata', txn_id => '3000', bad_rows => 'skip')$$,
	'by index: an explanation is the same');
SELECT bag_eq($$SELECT * FROM risk_screen.attribute_funds('SELECT txn_id, payer, payee, amount, paid_at FROM sparse', 'SELECT 1 AS claim, payee AS account FROM sparse WHERE txn_id = 600', direction => 'upstream', until => '2026-01-05')$$,
	$$SELECT * FROM risk_screen.attribute_funds('SELECT txn_id, payer, payee, amount, paid_at FROM sparse', 'SELECT 1 AS claim, payee AS account FROM sparse WHERE txn_id = 600', direction => 'upstream', until => '2026-01-05', bad_rows => 'skip')$$,
	'by index: a balance explained up to a day');

SELECT * FROM finish();
ROLLBACK;
