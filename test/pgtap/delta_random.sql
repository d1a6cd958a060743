-- Incremental screening of every rule that judges by day: random rows come,
-- change, move and vanish in every role such a rule reads by day, registers,
-- word lists and related parties change now and then; the outcome is that of a
-- whole run, each rule finds something, and was judged on part of the window.
BEGIN;
SELECT no_plan();
\ir ../fixtures/two_desks.sql
-- only rules that judge by day: the others are judged whole anyway
ALTER TABLE risk_screen.rule DISABLE TRIGGER USER;
DELETE FROM risk_screen.rule WHERE delta_roles = '{}';
ALTER TABLE risk_screen.rule ENABLE TRIGGER USER;
CREATE FUNCTION filing.result(ws text) RETURNS TABLE (what text, content text) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		SELECT 'outcome', (to_jsonb(x) - '{run_id,elapsed_ms,judged_days,fingerprint}'::text[])::text FROM %1$I.rule_outcome AS x WHERE run_id = (SELECT max(run_id) FROM %1$I.run)
		UNION ALL SELECT 'finding', (to_jsonb(x) - '{run_id}'::text[])::text FROM %1$I.finding AS x WHERE run_id = (SELECT max(run_id) FROM %1$I.run)
		UNION ALL SELECT 'value', (to_jsonb(x) - '{run_id}'::text[])::text FROM %1$I.indicator_value AS x WHERE run_id = (SELECT max(run_id) FROM %1$I.run)
		UNION ALL SELECT 'day', (to_jsonb(x) - '{run_id}'::text[])::text FROM %1$I.rule_day AS x WHERE run_id = (SELECT max(run_id) FROM %1$I.run)$q$, ws);
END $$;
-- screens both desks, keeps what was found and judged, and tells what differs
CREATE TABLE filing.seen (rule text, hits bigint, part boolean);
CREATE FUNCTION filing.day_run(day date) RETURNS text LANGUAGE plpgsql SET client_min_messages = error AS $$
DECLARE
	differ text;
BEGIN
	CALL risk_screen.screen('desk', day, since => '2026-11-01', at => '2026-12-01');
	CALL risk_screen.screen('whole', day, since => '2026-11-01', at => '2026-12-01', incremental => false);
	INSERT INTO filing.seen SELECT o.rule, o.hits, o.judged_days IS NOT NULL FROM desk.rule_outcome AS o WHERE o.run_id = (SELECT max(run_id) FROM desk.run);
	SELECT string_agg(x.what || ' ' || x.content, E'\n' ORDER BY x.what, x.content) INTO differ
	  FROM ((SELECT 'only incremental ' || what AS what, content FROM (SELECT * FROM filing.result('desk') EXCEPT ALL SELECT * FROM filing.result('whole')) AS a)
			 UNION ALL
			(SELECT 'only whole ' || what, content FROM (SELECT * FROM filing.result('whole') EXCEPT ALL SELECT * FROM filing.result('desk')) AS b)) AS x;
	RETURN coalesce(differ, 'equal');
END $$;

INSERT INTO risk_screen.parameter (code, value, operator, sense) VALUES ('user_txn_count', 4, '>=', 'hit'), ('daily_review_amount', 100, '>=', 'hit'), ('user_txn_sliding', 1, '=', 'value');
INSERT INTO filing.recording (recording_id, sale_id, taken_at, audio_uri, video_uri) VALUES ('x', '2026-11-02-1', '2026-11-02 10:00+08', 'a', 'v');
SELECT filing.put('institution', '[{"inst_id":"P1","name":"甲","lines":["P2P"]},{"inst_id":"P2","name":"乙","lines":["PAY"],"is_financial":true},{"inst_id":"P3","name":"丙","lines":["INS"]},{"inst_id":"P4","name":"丁","lines":["P2P"],"is_financial":true}]');
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('P4', 'PAY', '2020-01-01');
INSERT INTO filing.account (account_id, inst_id, owner_kind, owner_id) VALUES ('res', 'P2', 'reserve', 'P2'), ('cli', 'P1', 'client', 'P1'), ('a0', NULL, 'own', 'boss'), ('a1', NULL, 'client', 'u1'), ('a2', NULL, 'own', 'boss2');
INSERT INTO filing.equity (owner, owned, share, valid_from) VALUES ('boss', 'P1', 0.6, '2020-01-01');
INSERT INTO filing.freeze_order (freeze_id, account_id, kind, from_at) VALUES ('f1', 'a1', 'account', '2026-11-03 12:00+08');
INSERT INTO filing.product (product_id, inst_id, kind, rate_promised) VALUES ('w', 'P3', 'wealth_insurance', 0.5);
INSERT INTO filing.restriction (restriction_id, subject_id, kind, valid_from) VALUES ('r', 's1', 'grant', '2020-01-01');
CREATE FUNCTION filing.a_day(d date) RETURNS void LANGUAGE sql AS $$
	INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner, payee_owner, inst_id, purpose, review_id, order_id)
	SELECT d || '-' || i, (ARRAY['res', 'cli', 'a0', 'a1', 'a2'])[1 + i % 5], (ARRAY['a0', 'a1', 'a2'])[1 + i % 3], (i * 37 % 90)::numeric / 2, (d + time '00:10') AT TIME ZONE 'Asia/Shanghai' + i * 1423 * interval '1 second',
		   CASE WHEN i % 11 > 0 THEN 'u' || i % 13 END, 'u' || i % 9, 'P' || 1 + i % 3, CASE WHEN i % 10 = 0 THEN 'redemption' ELSE 'transfer' END, CASE WHEN i % 3 = 0 THEN 'r' END, CASE WHEN i % 4 > 0 THEN 'o' END
	  FROM generate_series(1, 60) AS i;
	INSERT INTO filing.sale (sale_id, product_id, investor_id, sold_at) SELECT d || '-' || i, 'w', 'u', (d + time '10:00') AT TIME ZONE 'Asia/Shanghai' FROM generate_series(1, 2) AS i;
	INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body, risk_warning)
	SELECT d || '-' || i, 'P' || 1 + i % 4, (ARRAY['ad', 'app', 'opinion'])[1 + i / 2 % 3], (d + time '23:30') AT TIME ZONE 'Asia/Shanghai' + i * interval '3 minutes',
		   (ARRAY['稳赚不赔，保本高息，零风险', '等同银行，基金销售，年化收益率8%', '平台理财产品，私募基金', ' '])[1 + i / 3 % 4], CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END
	  FROM generate_series(1, 12) AS i;
	INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES (d || '-pay', 'P2', 'ad', (d + time '12:00') AT TIME ZONE 'Asia/Shanghai', '等同银行');
	INSERT INTO filing.registration (event_id, inst_id, event, happened_on, name, scope_text, province)
	SELECT d || '-' || i, 'n' || i, (ARRAY['new', 'change', 'move_in'])[1 + i % 3], d, CASE WHEN i % 5 > 0 THEN '北京某某投资有限公司' END, CASE WHEN i % 4 > 0 THEN '项目投资；投资管理；餐饮' END, (ARRAY['北京', '某地', '北京'])[1 + i % 3]
	  FROM generate_series(1, 9) AS i;
	INSERT INTO filing.penalty (penalty_id, subject_id, subject_kind, code, amount, illegal_income, decided_on) SELECT d || '-' || i, 's', 'institution', 'fine', i * 3, CASE WHEN i < 4 THEN 1 END, d FROM generate_series(1, 4) AS i;
	INSERT INTO filing.award (award_id, subject_id, kind, amount, awarded_on) SELECT d || '-' || i, 's' || i, 'grant', i, d FROM generate_series(1, 2) AS i;
	INSERT INTO filing.access_log (log_id, user_name, kind, subject_id, happened_at) SELECT d || '-' || i, 'x', 'query', 'a' || i, (d + time '09:00') AT TIME ZONE 'Asia/Shanghai' FROM generate_series(1, 4) AS i
$$;
-- what may happen to the rows of a role
CREATE FUNCTION filing.mutate(seed int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	t record;
BEGIN
	PERFORM setseed(seed / 100.0);
	FOR t IN SELECT DISTINCT u.role, risk_screen._delta_column(u.role) AS day, c.type FROM risk_screen.rule AS r CROSS JOIN LATERAL unnest(r.delta_roles) AS u (role)
			   JOIN risk_screen.role_column AS c ON c.role = u.role AND c.name = risk_screen._delta_column(u.role) ORDER BY 1
	LOOP
		EXECUTE format('DELETE FROM filing.%1$I WHERE random() < 1.0 / (SELECT count(*) FROM filing.%1$I)', t.role);
		EXECUTE format('UPDATE filing.%1$I SET %2$I = %2$I + (random() * 3 - 1)::int * %3$s WHERE random() < 1.0 / (SELECT count(*) FROM filing.%1$I)', t.role, t.day, CASE t.type WHEN 'date' THEN '1' ELSE 'interval ''21 hours''' END);
		EXECUTE format('INSERT INTO filing.%1$I SELECT * FROM filing.%1$I WHERE random() < 0.5 / (SELECT count(*) FROM filing.%1$I)', t.role);
	END LOOP;
	UPDATE filing.txn SET amount = round((random() * 90)::numeric, 2), review_id = NULL WHERE random() < 0.001;
	UPDATE filing.text_item SET body = '零风险' WHERE random() < 0.01;
	UPDATE filing.text_item SET body = NULL WHERE random() < 0.002;
	UPDATE filing.registration SET name = '北京某某资本中心', approved = random() < 0.5 WHERE random() < 0.01;
	UPDATE filing.penalty SET amount = (random() * 20)::int WHERE random() < 0.01;
	UPDATE filing.access_log SET authorisation_no = 'q' WHERE random() < 0.01;
	UPDATE filing.award SET subject_id = 's1' WHERE random() < 0.02;
	-- now and then what lies behind them
	IF seed = 3 THEN
		INSERT INTO risk_screen.term_exception (lexicon, kind, phrase, term) VALUES ('CN-ADLAW-25', 'withdrawn', '', '零风险');
	ELSIF seed = 5 THEN
		INSERT INTO filing.equity (owner, owned, share, valid_from) VALUES ('boss2', 'P1', 0.3, '2020-01-01');
	ELSIF seed = 7 THEN
		UPDATE filing.licence SET biz = 'FUND';
		INSERT INTO filing.approval (inst_id, kind, valid_from) VALUES ('n2', 'move_in', '2026-11-05');
	ELSIF seed = 8 THEN
		-- a word of the list that counts from a day on, seen by nobody's edit
		INSERT INTO risk_screen.term (lexicon, term, valid_from) VALUES ('AD-CLAIMS', '餐饮', '2026-11-21'), ('AD-CLAIMS', '平台', '2026-11-21');
	END IF;
END $$;
SELECT count(filing.a_day(d::date)) FROM generate_series(date '2026-11-01', '2026-11-11', '1 day') AS d;
SELECT is(filing.day_run('2026-11-11'), 'equal', 'the first run');
SELECT is((SELECT r FROM (SELECT filing.mutate(d), filing.a_day(date '2026-11-11' + d), filing.day_run(date '2026-11-11' + d) AS r) AS x), 'equal', 'random day ' || d || ': the incremental run is the whole run') FROM generate_series(1, 11) AS d;
SELECT is((SELECT string_agg(r.code, ' ' ORDER BY r.code) FROM risk_screen.rule AS r WHERE NOT EXISTS (SELECT FROM filing.seen AS s WHERE s.rule = r.code AND s.hits > 0)), NULL, 'every rule found something');
SELECT is((SELECT string_agg(r.code, ' ' ORDER BY r.code) FROM risk_screen.rule AS r WHERE (SELECT count(*) FROM filing.seen AS s WHERE s.rule = r.code AND s.part) < 4), NULL, 'and was judged on part of the window on several days');
SELECT is((SELECT count(*)::int FROM filing.seen AS s WHERE s.rule IN ('H11', 'H14', 'G13') AND NOT s.part AND s.hits > 0 HAVING count(*) >= 6), (SELECT count(*)::int FROM filing.seen AS s WHERE s.rule IN ('H11', 'H14', 'G13') AND NOT s.part AND s.hits > 0), 'changed word lists are judged whole');
SELECT * FROM finish();
ROLLBACK;
