-- Case files of the rules that rest on the findings of others: a run of the day
-- with findings, reviews, exemptions and gaps is made by hand.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"A","lines":["P2P"],"province":"上海"},{"inst_id":"B","lines":["P2P"]},{"inst_id":"C","lines":["P2P"]},{"inst_id":"D","lines":["P2P"]},{"inst_id":"P","lines":["PAY"]},{"inst_id":"Q","lines":["PAY"]},{"inst_id":"F","lines":["FUND"]}]');
SELECT throws_like($$SELECT filing.hits('C27')$$, '%no run for 2026-11-20%', 'without a run of the day there is nothing to rest on');
INSERT INTO desk.run (run_id, as_of, since, extension_version, rules_hash, run_by, started_at) VALUES (1000, '2026-11-20', '2026-08-23', 'x', 'x', 'x', '2026-11-20'), (999, '2026-11-19', '2026-08-22', 'x', 'x', 'x', '2026-11-20');
CREATE FUNCTION filing.found(rule text, inst text, amount numeric = NULL, about text = 'institution', id text = NULL, run bigint = 1000) RETURNS void LANGUAGE sql AS $$
	INSERT INTO desk.finding (run_id, rule, finding_key, rule_version, severity, candidate, subject_kind, subject_id, inst_id, observed, amount)
	SELECT run, r.code, about || ':' || coalesce(id, inst) || coalesce('/' || amount, ''), 1, r.severity, r.candidate, about, coalesce(id, inst), inst, 1, amount FROM risk_screen.rule AS r WHERE r.code = found.rule;
$$;
CREATE FUNCTION filing.ran(VARIADIC rules text[]) RETURNS void LANGUAGE sql AS $$
	INSERT INTO desk.rule_outcome (run_id, rule, rule_version, outcome) SELECT 1000, r, 1, 'clear' FROM unnest(rules) AS r ON CONFLICT DO NOTHING;
$$;
-- order: what rests on others comes after them, and on nothing that rests on it
SELECT is((SELECT string_agg(r.code || ' on ' || u, ', ') FROM risk_screen.rule AS r CROSS JOIN unnest(r.rests_on) AS u JOIN risk_screen.rule AS x ON x.code = u WHERE risk_screen._rule_stage(x.rests_on) >= risk_screen._rule_stage(r.rests_on)), NULL, 'no rule rests on one that runs with it or later');
SELECT is((SELECT string_agg(r.code || ' on ' || u, ', ') FROM risk_screen.rule AS r CROSS JOIN unnest(r.rests_on) AS u WHERE u !~ '^I' AND NOT EXISTS (SELECT FROM risk_screen.rule AS x WHERE x.code = u)), NULL, 'nor, but for rules of section I to come, on one that is not there');
SELECT ok(risk_screen._rule_stage('{C25}') > risk_screen._rule_stage('{J02}') AND risk_screen._rule_stage('{}') = 0, 'stages follow the chain');

-- desk_findings, desk_gaps: reviews and exemptions
SELECT filing.found('C01', 'A', 100, 'account', 'pool'), filing.found('C01', 'B', 50, 'account', 'pool2'), filing.found('C07', 'B', 70), filing.found('C10', 'C', 9, 'loan', 'L9'), filing.found('C10', 'D', 9, 'loan', 'L8'), filing.found('C10', 'A', 1, 'loan', 'other day', 999);
INSERT INTO desk.finding_review (rule, finding_key, decision, reason) VALUES ('C10', 'loan:L9/9', 'rejected', 'real'), ('C01', 'account:pool/100', 'confirmed', 'seen');
INSERT INTO desk.exemption (inst_id, rule, valid_from, valid_to, reason) VALUES ('D', 'C10', '2026-11-01', '2026-12-01', 'pilot'), ('B', 'C07', '2026-10-01', '2026-11-20', 'ended');
SET LOCAL search_path = desk, risk_screen, public;
SELECT is((SELECT string_agg(concat_ws(' ', inst_id, rule, severity, findings, confirmed, amount), ', ' ORDER BY inst_id, rule) FROM risk_screen.desk_findings('2026-11-20', 'infinity', '{C01,C07,C10,C02}')), 'A C01 red 1 1 100, B C01 red 1 0 50, B C07 orange 1 0 70', 'desk_findings: of this run, without rejected ones and exempted rules; an exemption that ended today counts no more');
SELECT filing.ran('C01', 'C10');
UPDATE desk.rule_outcome SET message = 'roles not mapped: party' WHERE rule = 'C10';
INSERT INTO desk.indicator_value (run_id, rule, subject_kind, subject_id, inst_id, status) VALUES (1000, 'C01', 'institution', 'C', 'C', 'unknown');
INSERT INTO desk.coverage (run_id, role, inst_id, row_count) VALUES (1000, 'account', 'A', 1), (1000, 'account', 'B', 1), (1000, 'account', 'C', 1);
SELECT is((SELECT string_agg(concat_ws(' ', coalesce(inst_id, '*'), rule, why), ', ' ORDER BY inst_id, rule) FROM risk_screen.desk_gaps('2026-11-20', 'infinity', '{C01,C07,C10}')), 'C C01 data missing, D C01 no rows filed, * C07 roles missing, * C10 roles missing', 'desk_gaps: data, rows, roles');
RESET search_path;

-- C27, J17
SELECT is((SELECT string_agg(subject_id || ' ' || observed, ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'C27', '2026-11-20') WHERE hit), 'A 1, B 2', 'C27: pool and mismatch; a rejected and an exempted finding do not count');
INSERT INTO filing.registration (event_id, inst_id, event, happened_on, decision) VALUES ('1', 'A', 'new', '2026-11-10', 'pending'), ('2', 'B', 'new', '2026-11-10', 'accepted');
SELECT is((SELECT string_agg(subject_id, ' ') FROM risk_screen.run_rule('desk', 'C27', '2026-11-20') WHERE evidence ->> 'applying' = 'true'), 'A', 'C27: who is at the gate');
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('A', 'P2P', '2026-11-01'), ('C', 'P2P', '2026-11-01'), ('B', 'AM', '2020-01-01');
SELECT is(filing.hits('J17'), '', 'J17: before C27 has spoken nobody is on the list');
SELECT filing.found('C27', 'A', 100), filing.found('C27', 'B', 70);
SELECT is((SELECT string_agg(subject_id || ' ' || (evidence -> 'let_in' -> 0 ->> 'gate'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'J17', '2026-11-20') WHERE hit), 'A licence P2P, B registration new', 'J17: licensed or registered although on the list; others and old licences do not hit');

-- C23
SELECT is(filing.unknowns('C23'), 'desk', 'C23: no loans: unknown');
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on, matures_on) SELECT i || n, i, 100, date '2026-11-01', date '2027-01-01' FROM unnest(ARRAY['A', 'B', 'C', 'D']) AS i, generate_series(1, 10) AS n;
DELETE FROM desk.finding; DELETE FROM desk.indicator_value; DELETE FROM desk.rule_outcome;
SELECT filing.ran('C01', 'C02', 'C05', 'C22');
INSERT INTO desk.coverage (run_id, role, inst_id, row_count) SELECT 1000, r, i, 1 FROM unnest(ARRAY['loan', 'txn', 'account']) AS r, unnest(ARRAY['A', 'B', 'C']) AS i ON CONFLICT DO NOTHING;
SELECT filing.found('C02', 'A', 100, 'loan', 'A1'), filing.found('C05', 'A', 100, 'loan', 'A1'), filing.found('C01', 'B', 1000, 'account', 'pool');
SELECT is((SELECT string_agg(subject_id || ' ' || coalesce(observed::float8::text, 'unknown'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'C23', '2026-11-20')), 'A 0.1, B 0.5, C 0, D unknown', 'C23: one loan of ten flagged twice counts once; half of the money pooled; clean; rules that could not judge');
SELECT is(filing.hits('C23'), 'A B', 'C23: exactly 10 % hits');
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on, matures_on) VALUES ('A11', 'A', 100, '2026-11-01', '2027-01-01');
SELECT is(filing.hits('C23'), 'B', 'C23: one of eleven does not');

-- C24, C25
SELECT filing.found('B30', 'A'), filing.found('H11', 'A', NULL, 'text', 't1'), filing.found('C06', 'A', NULL, 'text', 't2'), filing.found('B15', 'P', 5, 'loan', 'x');
INSERT INTO filing.text_item (text_id, inst_id, kind, published_at, body) VALUES ('1', 'C', 'ad', '2026-11-10', '校园网贷秒批'), ('2', 'D', 'news', '2026-11-10', '打击校园网贷'), ('3', 'F', 'ad', '2026-11-10', '校园网贷');
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on, purpose) VALUES ('campus', 'D', 7, '2026-11-10', 'campus');
SELECT is((SELECT string_agg(subject_id || ' ' || (evidence ->> 'signs'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'C24', '2026-11-20') WHERE hit), 'A ["fast growth", "over-promotion"], C ["campus loans"], D ["campus loans"]', 'C24: two advertisements are one sign; campus loans by word and by purpose; news and other lines do not hit');
DELETE FROM desk.finding; DELETE FROM desk.rule_outcome;
SELECT filing.ran('C16', 'C15', 'C17', 'B15', 'J03', 'H17', 'H18', 'C01', 'C02', 'C04', 'C05', 'C22', 'C23');
SELECT filing.found('C16', 'A', 5), filing.found('C01', 'B', 5, 'account', 'p'), filing.found('J03', 'B');
SELECT is((SELECT string_agg(concat_ws(' ', subject_id, coalesce(observed::text, 'unknown'), evidence ->> 'proposed_class'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'C25', '2026-11-20')), 'A 3 ban, B 2 rectify, D unknown undetermined', 'C25: the worst criterion; an unconfirmed candidate counts one level lower; C meets all that could be judged; of D nothing about its role is known');
SELECT is((SELECT evidence -> 'because' FROM risk_screen.run_rule('desk', 'C25', '2026-11-20') WHERE subject_id = 'B'), '{"disclosure": ["J03"], "information intermediary": ["C01"]}'::jsonb, 'C25: and why');
SELECT is((SELECT evidence -> 'criteria' ->> 'compliance' FROM risk_screen.run_rule('desk', 'C25', '2026-11-20') WHERE subject_id = 'B'), 'met', 'C25: a criterion of which one rule could judge');
INSERT INTO risk_screen.parameter (code, value, operator, sense) VALUES ('criteria_weighted', 1, '=', 'value');
SELECT is(filing.value('C25', 'A'), 0.6, 'C25: by switch the mean of the five: 3 / 5');
DELETE FROM risk_screen.parameter WHERE NOT builtin;
INSERT INTO filing.certificate (inst_id, kind, valid_from, valid_to) VALUES ('A', 'classified_protection', '2024-01-01', NULL), ('B', 'classified_protection', '2024-01-01', NULL), ('C', 'classified_protection', '2024-01-01', '2026-11-20'), ('D', 'classified_protection', '2024-01-01', NULL);
SELECT is((SELECT evidence -> 'criteria' ->> 'facility security' FROM risk_screen.run_rule('desk', 'C25', '2026-11-20') WHERE subject_id = 'C'), 'yellow', 'C25: protection of systems ended today');

-- C29, B25
DELETE FROM desk.finding; DELETE FROM desk.rule_outcome;
SELECT filing.ran('B04', 'B15', 'B26');
SELECT filing.found('B15', 'A', 100, 'loan', 'A1'), filing.found('B15', 'A', 100, 'loan', 'A2'), filing.found('B26', 'A', 500, 'borrower', 'x');
INSERT INTO desk.indicator_value (run_id, rule, subject_kind, subject_id, inst_id, status, value) VALUES (1000, 'B04', 'institution', 'A', 'A', 'ok', 1.2);
SELECT is((SELECT string_agg(subject_id || ' ' || observed || ' ' || amount || coalesce(' ' || (evidence ->> 'guarantee_coverage'), ''), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'C29', '2026-11-20')), 'A 2 1100 1.2, B 0 1000, C 0 1000, D 0 1007', 'C29: size, safeguards and two of three breached');
SELECT filing.forget('loan');
SELECT is(filing.unknowns('C29'), 'desk', 'C29: no loans: unknown');
SELECT filing.found('C18', 'B', 300, 'transfer', 't1'), filing.found('C18', 'B', 200, 'transfer', 't2'), filing.found('B27', 'C', 999999);
INSERT INTO filing.penalty (penalty_id, subject_id, subject_kind, code, amount, illegal_turnover, decided_on) VALUES ('1', 'B', 'institution', 'fine', 20, NULL, '2026-11-10'), ('2', 'D', 'institution', 'fine', 10, 400, '2026-11-10'), ('3', 'P', 'institution', 'warning', NULL, NULL, '2026-11-10');
SELECT is((SELECT string_agg(concat_ws(' ', subject_id, observed::float8, amount::float8, evidence ->> 'fined_share'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'B25', '2026-11-20')), 'A 500 25, B 500 25 0.040000, D 400 20 0.025000', 'B25: the largest rule''s amount, never a sum over rules; the authority''s own figure; missing capital is no turnover');
SELECT filing.found('B27', 'D', 999999);
SELECT is(filing.value('B25', 'C'), NULL, 'B25: nothing flagged with an amount');

-- B31
DELETE FROM desk.finding;
SELECT filing.forget('product', 'holding', 'position');
SELECT is(filing.unknowns('B31'), 'desk', 'B31: no figures: unknown');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('A', '2026-09-01', 'loan_balance', 50000000), ('A', '2026-11-10', 'loan_balance', 100000000), ('B', '2026-11-10', 'loan_balance', 99999999), ('C', '2026-11-10', 'investors', 5000), ('D', '2026-09-01', 'loan_balance', 999999), ('D', '2026-11-10', 'loan_balance', 99000000), ('P', '2026-11-10', 'investors', 4999);
SELECT filing.found('C03', 'C');
SELECT is((SELECT string_agg(concat_ws(' ', subject_id, observed, evidence ->> 'report_at_once'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'B31', '2026-11-20') WHERE hit), 'A 2, C 1 true', 'B31: a hundred million and doubled, five thousand investors who may be victims; a yuan or an investor less, and growth from a small base do not hit');
SELECT is(filing.unknowns('B31'), 'F Q', 'B31: no figures of these: unknown');

-- G10
DELETE FROM desk.finding; DELETE FROM desk.rule_outcome;
SELECT filing.ran('G01', 'G02', 'G03', 'I01');
SELECT filing.found('G02', 'P', NULL, 'account', 'r'), filing.found('I01', 'P', 5, 'user', 'u'), filing.found('I01', 'P', 6, 'user', 'v'), filing.found('G02', 'A', NULL, 'account', 's');
SELECT is((SELECT string_agg(concat_ws(' ', subject_id, observed, evidence ->> 'findings', evidence ->> 'aml_rules_hit'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'G10', '2026-11-20')), 'P 2 3 1, Q 0 0', 'G10: two rules, three findings; payment institutions only');
SELECT ok((SELECT evidence -> 'not_run' ? 'G05' FROM risk_screen.run_rule('desk', 'G10', '2026-11-20') WHERE subject_id = 'Q'), 'G10: and what did not run');
SELECT filing.forget('institution');
SELECT is(filing.unknowns('G10'), 'desk', 'G10: no institutions: unknown');

-- J02
SELECT filing.put('institution', '[{"inst_id":"A","lines":["P2P"]},{"inst_id":"B","lines":["P2P"],"registered_on":"2026-10-15"},{"inst_id":"C","lines":[]}]');
SELECT is(filing.unknowns('J02'), 'desk', 'J02: no disclosures: unknown');
INSERT INTO filing.disclosure (disclosure_id, inst_id, item, period, value, disclosed_at) SELECT i || t || m, i, t, m, 0.1, (m + 15)::timestamp AT TIME ZONE 'Asia/Shanghai' FROM unnest(ARRAY['A', 'B']) AS i, unnest(ARRAY['annual_rate', 'overdue_rate', 'related_transactions']) AS t, unnest(ARRAY['2026-09-30', '2026-10-31']::date[]) AS m;
SELECT is(filing.hits('J02'), '', 'J02: the fifteenth day is in time');
UPDATE filing.disclosure SET disclosed_at = '2026-11-16' WHERE inst_id = 'A' AND item = 'overdue_rate' AND period = '2026-10-31';
DELETE FROM filing.disclosure WHERE inst_id = 'B' AND item = 'annual_rate' OR inst_id = 'A' AND item = 'related_transactions' AND period = '2026-09-30';
SELECT is((SELECT string_agg(subject_id || ' ' || (evidence ->> 'fault'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'J02', '2026-11-20') WHERE hit), 'A overdue_rate 2026-10 late, A related_transactions 2026-09 missing, B annual_rate 2026-10 missing', 'J02: a day late, missing; months before the firm was registered do not count');
INSERT INTO desk.indicator_value (run_id, rule, subject_kind, subject_id, inst_id, status, value) VALUES (1000, 'B16', 'institution', 'A', 'A', 'ok', 0.11), (1000, 'B17', 'institution', 'A', 'A', 'ok', 0.1101), (1000, 'B17', 'institution', 'B', 'B', 'unknown', NULL);
SELECT is((SELECT string_agg(subject_id || ' ' || observed, ', ') FROM risk_screen.run_rule('desk', 'J02', '2026-11-20') WHERE hit AND subject_id LIKE '%differs'), 'A overdue_rate differs 0.0101', 'J02: 10 % disclosed, 11.01 % recomputed; exactly one point apart, and what could not be recomputed, do not hit');

-- M13, M19
DELETE FROM desk.finding; DELETE FROM desk.indicator_value; DELETE FROM filing.text_item;
SELECT filing.put('institution', '[{"inst_id":"D","lines":["P2P"]}]');
SELECT is(filing.unknowns('M13') || filing.unknowns('M19'), 'deskdesk', 'M13, M19: no texts, no complaints: unknown');
INSERT INTO filing.text_item (text_id, inst_id, kind, channel, published_at, body) SELECT 'd' || i, 'D', 'ad', 'c' || i, timestamptz '2026-11-10', CASE WHEN i <= 3 THEN '理财保本保息' ELSE '开业' END FROM generate_series(1, 5) AS i;
INSERT INTO filing.text_item (text_id, inst_id, kind, channel, published_at, body) VALUES ('a', 'A', 'ad', 'c', '2026-11-10', '理财产品');
SELECT filing.found('H09', 'D'), filing.found('C16', 'D'), filing.found('B15', 'D', 5, 'loan', 'x');
INSERT INTO filing.complaint (complaint_id, inst_id, category, received_at) SELECT 'c' || i, 'D', 'payment', timestamptz '2026-11-01' + i * interval '16 hours' FROM generate_series(1, 25) AS i;
SELECT is(filing.value('M13', 'D'), 30 + 15 + 25 + 7.5 + 15, 'M13: one entry rule double and two others, five channels, promises, 25 complaints of 50, three texts with words');
SELECT is(filing.value('M13', 'A'), 15 * 0.2 + 15 / 3.0, 'M13: one channel, one word');
SELECT is(filing.hits('M13'), 'D', 'M13: 92.5 hits, 8 does not');
INSERT INTO filing.complaint (complaint_id, inst_id, category, received_at) SELECT 'a' || i, 'A', 'payment', timestamptz '2026-11-01' + i * interval '1 hour' FROM generate_series(1, 9) AS i UNION ALL SELECT 'b' || i, 'B', 'other', timestamptz '2026-11-01' + i * interval '1 hour' FROM generate_series(1, 10) AS i;
SELECT is((SELECT string_agg(subject_id || ' ' || observed, ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'M19', '2026-11-20')), 'A 0, B 1, D 2', 'M19: a burst about payments is two signs, a burst about anything one, nine complaints none');
INSERT INTO filing.debt (debt_id, inst_id, kind, due_on, amount) VALUES ('1', 'B', 'investor', '2026-11-16', 5), ('2', 'A', 'investor', '2026-11-17', 5), ('3', 'A', 'bank', '2026-11-01', 5);
SELECT is(filing.hits('M19'), 'B D', 'M19: four days late to investors; three days, and debts to a bank, are none');

SELECT * FROM finish();
ROLLBACK;
