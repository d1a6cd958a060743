-- Incremental screening: equal to judging everything, whatever happened to the rows.
BEGIN;
SELECT no_plan();
\ir ../fixtures/two_desks.sql
CREATE FUNCTION filing.result(ws text) RETURNS TABLE (what text, content text) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		SELECT 'outcome', (to_jsonb(x) - '{run_id,elapsed_ms,judged_days,fingerprint}'::text[])::text FROM %1$I.rule_outcome AS x WHERE run_id = (SELECT max(run_id) FROM %1$I.run)
		UNION ALL SELECT 'finding', (to_jsonb(x) - '{run_id}'::text[])::text FROM %1$I.finding AS x WHERE run_id = (SELECT max(run_id) FROM %1$I.run)
		UNION ALL SELECT 'value', (to_jsonb(x) - '{run_id}'::text[])::text FROM %1$I.indicator_value AS x WHERE run_id = (SELECT max(run_id) FROM %1$I.run)
		UNION ALL SELECT 'day', (to_jsonb(x) - '{run_id}'::text[])::text FROM %1$I.rule_day AS x WHERE run_id = (SELECT max(run_id) FROM %1$I.run)
		UNION ALL SELECT 'grade', (to_jsonb(x) - '{run_id}'::text[])::text FROM %1$I.grade AS x WHERE run_id = (SELECT max(run_id) FROM %1$I.run)
		UNION ALL SELECT 'alert', (to_jsonb(x) - '{alert_id,raised_at,raised_by}'::text[])::text FROM %1$I.alert AS x$q$, ws);
END $$;
-- screens both desks and tells what differs, and which days each delta rule judged
CREATE FUNCTION filing.day_run(day date, since date = NULL) RETURNS text LANGUAGE plpgsql SET client_min_messages = error AS $$
DECLARE
	differ text;
BEGIN
	CALL risk_screen.screen('desk', day, since => since, at => '2026-12-01');
	CALL risk_screen.screen('whole', day, since => since, at => '2026-12-01', incremental => false);
	SELECT string_agg(x.what || ' ' || x.content, E'\n' ORDER BY x.what, x.content) INTO differ
	  FROM ((SELECT 'only incremental ' || what AS what, content FROM (SELECT * FROM filing.result('desk') EXCEPT ALL SELECT * FROM filing.result('whole')) AS a)
			 UNION ALL
			(SELECT 'only whole ' || what, content FROM (SELECT * FROM filing.result('whole') EXCEPT ALL SELECT * FROM filing.result('desk')) AS b)) AS x;
	RETURN coalesce(differ, 'equal');
END $$;
CREATE FUNCTION filing.judged(rule text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN o.judged_days IS NULL THEN 'all' ELSE (SELECT string_agg(to_char(lower(d), 'MMDD') || '-' || to_char(upper(d) - 1, 'MMDD'), ' ' ORDER BY d) FROM unnest(o.judged_days) AS d) END
	  FROM desk.rule_outcome AS o WHERE o.rule = judged.rule AND o.run_id = (SELECT max(run_id) FROM desk.run)
$$;
CREATE FUNCTION filing.found(rule text) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM desk.finding AS f WHERE f.rule = found.rule AND f.run_id = (SELECT max(run_id) FROM desk.run)
$$;

SELECT is((SELECT string_agg(code || ' ' || array_to_string(delta_roles, ',') || ' ' || delta_days, ', ' ORDER BY code) FROM risk_screen.rule WHERE delta_roles <> '{}'), 'B12 txn 1, B21 sale 0, B24 penalty 0, E17 txn 0, G13 text_item 0, H06 registration 0, H11 text_item 0, H12 text_item 0, H13 text_item 0, H14 text_item 0, J08 award 0, K12 txn 0, M23 access_log 0', 'shipped rules that judge by day');
SELECT is((SELECT string_agg(code, ' ') FROM risk_screen.rule WHERE delta_roles <> '{}' AND body ~ '\$4(?![0-9])|desk_(?!related_parties\(\$1\))|(FROM|JOIN) risk_screen\.(term|lexicon|parameter)|now\(|FROM (run|finding|grade)\M'), NULL, 'read nothing but roles, word lists and related parties');
SELECT is((SELECT string_agg(r.code || ' ' || u, ', ' ORDER BY r.code) FROM risk_screen.rule AS r CROSS JOIN LATERAL unnest(r.delta_roles) AS u
	WHERE (SELECT count(*) FROM regexp_matches(r.body, '(FROM|JOIN) ' || u || '\M', 'g')) > (SELECT count(*) FROM regexp_matches(r.body, '\m' || risk_screen._delta_column(u) || ' >= \$2(::date)?', 'g'))), 'M23 access_log', 'read what they judge by day in the window only, each time; M23 asks once whether there is any');
SELECT is((SELECT string_agg(r.code || ' ' || x.role, ', ' ORDER BY r.code) FROM risk_screen.rule AS r, risk_screen._rule_reads(r) AS x WHERE r.delta_roles <> '{}' AND x.columns = '*' AND NOT x.by_day), NULL, 'and name the columns of registers');
SELECT throws_ok($$INSERT INTO risk_screen.rule (code, title_zh, title_en, body, delta_roles) VALUES ('x', 'x', 'x', 'SELECT $1', '{txn}')$$, '23514');
SELECT is(risk_screen._columns_read('SELECT i.inst_id, count(*) FROM institution AS i WHERE i.lines IS NULL', 'institution'), 'inst_id,lines', 'columns a body names');
SELECT is(risk_screen._columns_read('SELECT i.* FROM institution AS i', 'institution') || risk_screen._columns_read('SELECT * FROM institution', 'institution') || risk_screen._columns_read('SELECT to_jsonb(i) FROM institution AS i', 'institution'), '***', 'whole rows');

-- numbers small enough for a small desk
INSERT INTO risk_screen.parameter (code, value, operator, sense) VALUES ('user_txn_count', 4, '>=', 'hit'), ('daily_review_amount', 100, '>=', 'hit'), ('user_txn_sliding', 1, '=', 'value');
-- a rule of the desk's own that judges by day and looks back on none: customers' large days
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, parameters, needs, body, delta_roles) VALUES ('daily', '大额', 'large days', 'yellow', '{daily_review_amount}', '{txn}', $$
	SELECT 'user' AS subject_kind, coalesce(t.payee_owner, t.payee) AS subject_id, min(t.inst_id) AS inst_id, sum(t.amount) AS observed, NULL AS threshold, sum(t.amount) AS amount, max(t.paid_at) AS occurred_at, NULL AS evidence
	  FROM txn AS t WHERE t.paid_at >= $2 AND t.paid_at < $3 AND NOT EXISTS (SELECT FROM institution AS i WHERE i.inst_id = t.payee_owner)
	 GROUP BY coalesce(t.payee_owner, t.payee), t.paid_at::date HAVING count(*) FILTER (WHERE t.review_id IS NULL) > 0$$, '{txn}');
SELECT filing.put('institution', '[{"inst_id":"P1","lines":["P2P"]},{"inst_id":"P2","lines":["PAY"]},{"inst_id":"I1","lines":["INS"]}]');
INSERT INTO filing.account (account_id, inst_id, owner_kind, owner_id) VALUES ('res', 'P2', 'reserve', 'P2'), ('a0', NULL, 'client', 'u0'), ('a1', NULL, 'client', 'u1');
INSERT INTO filing.freeze_order (freeze_id, account_id, kind, from_at) VALUES ('f1', 'a1', 'account', '2026-11-12 12:00+08');
INSERT INTO filing.product (product_id, inst_id, kind, rate_promised) VALUES ('w', 'I1', 'wealth_insurance', 0.5);
INSERT INTO filing.recording (recording_id, sale_id, inst_id, taken_at, audio_uri, video_uri) VALUES ('r', 'another', 'I1', '2026-01-01', 'a', 'v');
-- made to hit: busy nights across midnight, large days, redemptions out of reserve, payments out of a frozen account, sales without recording
CREATE FUNCTION filing.a_day(d date, n int = 60) RETURNS void LANGUAGE sql AS $$
	INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner, payee_owner, inst_id, purpose, review_id)
	SELECT d || '-' || i, CASE WHEN i % 7 = 0 THEN 'res' ELSE 'a' || i % 5 END, 'a' || (i * 3) % 5, (i * 37 % 90)::numeric / 2, (d + time '00:10') AT TIME ZONE 'Asia/Shanghai' + i * 1423 * interval '1 second',
		   CASE WHEN i % 11 > 0 THEN 'u' || (i * k) % 23 END, 'u' || (i + k) % 9, 'P' || 1 + i % 2, CASE WHEN i % 14 = 0 THEN 'redemption' ELSE 'transfer' END, CASE WHEN i % 3 = 0 THEN 'r' END
	  FROM (SELECT i, d - date '2026-01-01' AS k FROM generate_series(1, n) AS i) AS x;
	INSERT INTO filing.sale (sale_id, product_id, investor_id, sold_at) SELECT d || '-' || i, 'w', 'u', (d + time '10:00') AT TIME ZONE 'Asia/Shanghai' FROM generate_series(1, 2) AS i
$$;
SELECT count(filing.a_day(d::date)) FROM generate_series(date '2026-11-01', '2026-11-10', '1 day') AS d;

SELECT is(filing.day_run('2026-11-10', '2026-10-31'), 'equal', 'a first run is a whole run');
SELECT is(filing.judged('daily'), 'all', 'there is nothing to build on');
SELECT ok(filing.found(r) > 3, r || ' finds something here') FROM unnest('{B12,daily,B21,E17}'::text[]) AS r;
SELECT filing.a_day('2026-11-11');
SELECT is(filing.day_run('2026-11-11', '2026-11-01'), 'equal', 'a new day: equal');
SELECT is(filing.judged('daily') || ', ' || filing.judged('B12') || ', ' || filing.judged('E17') || ', ' || filing.judged('B21'), '1111-1111, 1101-1101 1111-1111, 1111-1111, 1111-1111', 'only that day is judged; what looks back also at the edge of the window');
SELECT is((SELECT base_run FROM desk.run ORDER BY run_id DESC LIMIT 1), (SELECT min(run_id) FROM desk.run), 'the run says on which it builds');
SELECT is((SELECT base_run FROM whole.run ORDER BY run_id DESC LIMIT 1), NULL, 'incremental => false builds on none');
SELECT is(filing.day_run('2026-11-11', '2026-11-01'), 'equal', 'the same day once more');

-- late, corrected, vanished
SELECT filing.a_day('2026-11-12');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner, payee_owner, inst_id, purpose) SELECT 'late' || i, 'res', 'a0', 70, '2026-11-04 23:50+08', 'u22', 'u1', 'P1', 'redemption' FROM generate_series(1, 5) AS i;
UPDATE filing.txn SET amount = amount + 60 WHERE txn_id LIKE '2026-11-08-%';
SELECT is(filing.day_run('2026-11-12', '2026-11-01'), 'equal', 'late and corrected rows: equal');
SELECT is(filing.judged('daily') || ', ' || filing.judged('B12'), '1104-1104 1108-1108 1112-1112, 1104-1105 1108-1109 1112-1112', 'their days are judged again, and the day after for what looks back');
SELECT filing.a_day('2026-11-13');
DELETE FROM filing.txn WHERE txn_id LIKE '2026-11-06-%';
UPDATE filing.txn SET paid_at = paid_at + interval '1 day' WHERE txn_id LIKE '2026-11-09-3%';
SELECT is(filing.day_run('2026-11-13', '2026-11-01'), 'equal', 'a vanished day, rows moved to another: equal');
SELECT is(filing.judged('daily'), '1106-1106 1109-1110 1113-1113', 'both ends of a move');
INSERT INTO filing.txn SELECT * FROM filing.txn WHERE txn_id LIKE '2026-11-07-%';
SELECT is(filing.day_run('2026-11-13', '2026-11-01'), 'equal', 'rows that come twice: equal');
DELETE FROM filing.txn AS t WHERE t.txn_id LIKE '2026-11-07-%' AND t.ctid <> (SELECT min(x.ctid) FROM filing.txn AS x WHERE x.txn_id = t.txn_id);

-- registers
SELECT filing.a_day('2026-11-14');
UPDATE filing.institution SET employees = 7;
SELECT is(filing.day_run('2026-11-14', '2026-11-01'), 'equal', 'a register''s column that the rule does not name');
SELECT is(filing.judged('daily'), '1107-1107 1114-1114', 'is no reason to judge everything');
SELECT filing.a_day('2026-11-15');
SELECT filing.put('institution', '[{"inst_id":"u1","lines":[]}]');
SELECT is(filing.day_run('2026-11-15', '2026-11-01'), 'equal', 'a customer who becomes an institution: equal');
SELECT is(filing.judged('daily') || ' ' || filing.judged('E17'), 'all 1115-1115', 'whoever reads that register judges everything');
SELECT filing.a_day('2026-11-16');
UPDATE filing.account SET owner_kind = 'client' WHERE account_id = 'res';
INSERT INTO filing.freeze_order (freeze_id, account_id, kind, from_at) VALUES ('f2', 'a2', 'account', '2026-11-05 12:00+08');
SELECT is(filing.day_run('2026-11-16', '2026-11-01'), 'equal', 'an account no longer reserve, a freeze dated back: equal');
SELECT is(filing.judged('E17') || ' ' || filing.judged('K12'), 'all all', 'judged anew');
SELECT is(filing.found('E17'), 0::bigint, 'and nothing old is left');

-- parameters, rule versions, windows
SELECT filing.a_day('2026-11-17');
INSERT INTO risk_screen.parameter (code, value, operator, sense, valid_from) VALUES ('daily_review_amount', 200, '>', 'hit', '2026-11-17');
SELECT is(filing.day_run('2026-11-17', '2026-11-01'), 'equal', 'another threshold: equal');
SELECT is(filing.judged('daily') || ' ' || filing.judged('B12'), 'all 1117-1117', 'the rule whose parameter changed judges everything');
SELECT filing.a_day('2026-11-18');
SELECT is(filing.day_run('2026-11-18', '2026-10-25'), 'equal', 'a longer window: equal');
SELECT is(filing.judged('daily'), '1025-1031 1118-1118', 'the days the base did not see');
SELECT filing.a_day('2026-11-19');
SELECT is(filing.day_run('2026-11-19', '2026-11-15'), 'equal', 'a shorter one: equal');
SELECT filing.a_day('2026-11-20');
SELECT is(filing.day_run('2026-11-20'), 'equal', 'the default window: equal');
SELECT is(filing.judged('daily'), 'all', 'more than half of it is new');
SELECT is(filing.day_run('2026-11-09'), 'equal', 'a day in the past: equal');

-- a rule that breaks the promise is judged as a whole
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, kind, body, delta_roles) VALUES
	('bad-time', '无时间', 'no time', 'yellow', 'list', $$SELECT 'institution' AS subject_kind, inst_id AS subject_id, count(*) AS observed, 0 AS threshold, sum(amount) AS amount, NULL AS occurred_at, NULL AS evidence FROM txn WHERE paid_at >= $2 AND paid_at < $3 GROUP BY inst_id$$, '{txn}'),
	('bad-key', '同标识', 'same key', 'yellow', 'list', $$SELECT 'institution' AS subject_kind, inst_id AS subject_id, count(*) AS observed, 0 AS threshold, sum(amount) AS amount, paid_at::date AS occurred_at, NULL AS evidence, inst_id AS finding_key FROM txn WHERE paid_at >= $2 AND paid_at < $3 GROUP BY inst_id, paid_at::date$$, '{txn}'),
	('good', '按日', 'by day', NULL, 'indicator', $$SELECT 'institution' AS subject_kind, inst_id AS subject_id, CASE WHEN count(*) % 2 = 0 THEN count(*) END AS observed, 0 AS threshold, sum(amount) AS amount, paid_at::date AS occurred_at, NULL AS evidence FROM txn WHERE paid_at >= $2 AND paid_at < $3 GROUP BY inst_id, paid_at::date$$, '{txn}');
SELECT is(filing.day_run('2026-11-20', '2026-11-01'), 'equal', 'rules of one''s own');
SELECT filing.a_day('2026-11-21');
SELECT filing.a_day('2026-11-22');
UPDATE filing.txn SET amount = amount + 1, inst_id = 'P1' WHERE txn_id = '2026-11-16-33';
SELECT is(filing.day_run('2026-11-22', '2026-11-01'), 'equal', 'two days at once: equal');
SELECT is(filing.judged('good') || ' ' || filing.judged('bad-time') || ' ' || filing.judged('bad-key'), '1116-1116 1121-1122 all all', 'without a day of its own, or with a key that comes back, everything is judged');
UPDATE risk_screen.rule SET body = replace(body, '% 2', '% 3') WHERE code = 'good';
SELECT is(filing.day_run('2026-11-23', '2026-11-01'), 'equal', 'a changed body: equal');
SELECT is(filing.judged('good') || ' ' || filing.judged('daily'), 'all 1123-1123', 'judged anew');

-- random days
CREATE FUNCTION filing.mutate(seed int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM setseed(seed / 100.0);
	DELETE FROM filing.txn WHERE random() < 0.002;
	UPDATE filing.txn SET amount = round((random() * 90)::numeric, 2) WHERE random() < 0.002;
	UPDATE filing.txn SET paid_at = paid_at + (random() - 0.5) * interval '2 days' WHERE random() < 0.001;
	INSERT INTO filing.txn SELECT * FROM filing.txn WHERE random() < 0.001;
	UPDATE filing.txn SET paid_at = NULL WHERE random() < 0.0002;
END $$;
SELECT is((SELECT string_agg(r, '; ') FROM (SELECT d, filing.mutate(d), filing.a_day(date '2026-11-23' + d), filing.day_run(date '2026-11-23' + d, '2026-11-01') AS r FROM generate_series(1, 5) AS d) AS x WHERE r <> 'equal'), NULL, 'five random days: equal');
SELECT * FROM finish();
ROLLBACK;
