-- Where the lenders' money of a platform sits: money_destination, money_by_holder.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"P1","lines":["P2P"]},{"inst_id":"P2","lines":["P2P"]}]');
INSERT INTO filing.equity (owner, owned, share) VALUES ('boss', 'P1', 0.6), ('boss', 'sister', 0.9);
INSERT INTO filing.account (account_id, owner_id, owner_kind) VALUES
	('cust1', 'P1', 'custody'), ('cust2', 'P2', 'custody'), ('aB1', 'B1', 'client'), ('aB2', 'B2', 'client'), ('aSister', 'sister', 'client'), ('aShop', 'shop', 'merchant'), ('aBoss', 'boss', NULL);
-- P1 pays out 1,000: 300 to a sister firm, 200 to a shop, 100 to nobody knows whom, 50 back, 2 in fees, 20 to the controller, the rest stays
INSERT INTO filing.txn (txn_id, payer, payee, amount, fee, paid_at, inst_id, purpose) VALUES
	('1', 'cust1', 'aB1', 1000, NULL, '2026-11-01 10:00+08', 'P1', 'disburse'),
	('2', 'aB1', 'aSister', 300, NULL, '2026-11-02 10:00+08', NULL, NULL),
	('3', 'aB1', 'aShop', 200, 2, '2026-11-03 10:00+08', NULL, NULL),
	('4', 'aB1', 'nobody', 100, NULL, '2026-11-04 10:00+08', NULL, NULL),
	('5', 'aB1', 'cust1', 50, NULL, '2026-11-05 10:00+08', NULL, 'repay'),
	('6', 'aB1', 'aBoss', 20, NULL, '2026-11-06 10:00+08', NULL, NULL),
	-- P2's pay-out is made with P1's lenders' money: it is P2's lenders' from there on
	('7', 'aShop', 'aB2', 30, NULL, '2026-11-07 10:00+08', 'P2', 'disburse');
-- dollars are not yuan: neither paid out, nor spent by the borrower
INSERT INTO filing.txn (txn_id, payer, payee, amount, currency, paid_at, inst_id, purpose) VALUES
	('8', 'cust1', 'aB1', 700, 'USD', '2026-11-01 11:00+08', 'P1', 'disburse'), ('9', 'aB1', 'aSister', 500, 'USD', '2026-11-01 12:00+08', NULL, NULL);
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, kind, candidate, body) VALUES ('X-1', '测试', 'test', 'red', 'red line', false,
	$$SELECT 'institution' AS subject_kind, inst_id AS subject_id, 1 AS observed, 0 AS threshold, 1 AS amount, NULL::timestamptz AS occurred_at, '{}'::jsonb AS evidence FROM institution$$);
-- one that asks where the money went, and from where it is answered
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, kind, candidate, body) VALUES ('X-2', '测试', 'test', 'red', 'red line', false,
	$$SELECT 'institution' AS subject_kind, 'P1' AS subject_id, 1 AS observed, 0 AS threshold, sum(m.traced) AS amount, NULL::timestamptz AS occurred_at,
		jsonb_build_object('kept', to_regclass('pg_temp.risk_screen_money_run') IS NOT NULL, 'rows', jsonb_agg(to_jsonb(m) ORDER BY m::text)) AS evidence
	  FROM risk_screen.desk_money($2, $3, '{P1,P2}') AS m$$);
-- an answer that somebody prepared in his session, as empty as he likes, is not believed
CREATE TEMP TABLE risk_screen_money (inst_id text, kind text, account text, counterparty text, txn_id text, paid_at timestamptz, amount numeric, traced numeric);
CREATE TEMP TABLE risk_screen_money_run AS
SELECT risk_screen.day_start(r.since) AS since, risk_screen.day_start('2026-11-21') AS until, risk_screen._rule_path('desk', false) AS path, '{}'::text[] AS others
  FROM (SELECT generate_series(date '2025-11-01', '2026-11-20', '1 day')::date AS since) AS r;
CALL risk_screen.screen('desk', '2026-11-20');
SELECT is((SELECT evidence ->> 'kept' FROM desk.finding WHERE rule = 'X-2'), 'true', 'in a run the money is attributed once, for all rules');
SELECT is((SELECT evidence ->> 'kept' FROM risk_screen.run_rule('desk', 'X-2', '2026-11-20')), 'false', 'and not kept after it');
SELECT is((SELECT evidence -> 'rows' FROM desk.finding WHERE rule = 'X-2'), (SELECT evidence -> 'rows' FROM risk_screen.run_rule('desk', 'X-2', '2026-11-20')), 'both are the same');
SELECT is((SELECT count(*) FROM risk_screen._graph), 0::bigint, 'no flow graph is left');
SELECT set_eq($$SELECT inst_id, holder_kind, accounts, amount, share, related_amount, share_related, traced FROM desk.money_by_holder$$,
	$$VALUES ('P1', 'client', 2::bigint, 628.00, 0.628, 300.00, 0.3, true), ('P1', 'merchant', 1, 170.00, 0.17, 0, 0, true), ('P1', 'unknown', 1, 100.00, 0.1, 0, 0, false),
	('P1', 'custody', 1, 50.00, 0.05, 0, 0, true), ('P1', 'fee', 1, 2.00, 0.002, 0, 0, true), ('P1', 'cut', 1, 30.00, 0.03, 0, 0, false), ('P1', 'other', 1, 20.00, 0.02, 20.00, 0.02, true),
	('P2', 'client', 1, 30.00, 1, 0, 0, true)$$, 'every yuan of the pay-outs by kind of holder, fees and what is not followed included');
SELECT results_eq($$SELECT inst_id, sum(share), sum(share_related), coalesce(sum(share) FILTER (WHERE NOT traced), 0) FROM desk.money_by_holder GROUP BY 1 ORDER BY 1$$,
	$$VALUES ('P1', 1::numeric, 0.32, 0.13), ('P2', 1, 0, 0)$$, 'shares add up; 32 % with related parties, 13 % not traced');
SELECT results_eq($$SELECT DISTINCT inst_id, share_related, share_untraced FROM desk.money_destination ORDER BY 1$$,
	$$VALUES ('P1', 0.32, 0.13), ('P2', 0::numeric, 0::numeric)$$, 'the same shares beside the accounts');
SELECT results_eq($$SELECT account_id, held, share_held, related FROM desk.money_destination WHERE inst_id = 'P1' AND held > 0 ORDER BY held DESC$$,
	$$VALUES ('aB1', 328.00, 0.328, false), ('aSister', 300, 0.3, true), ('aShop', 170, 0.17, false), ('nobody', 100, 0.1, false), ('aBoss', 20, 0.02, true)$$, 'account by account');
SELECT is((SELECT holder_kind_zh FROM desk.money_by_holder WHERE holder_kind = 'cut'), '未跟踪', 'kinds have Chinese names');

SELECT * FROM finish();
ROLLBACK;
