-- Mistakes that an analyst makes on a desk: the whole message.
\set VERBOSITY default
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CALL risk_screen.create_workspace('desk');
CALL risk_screen.map_role('desk', 'institution', $$SELECT 'b' AS inst_id, '乙' AS name$$);
SELECT * FROM risk_screen.run_rule('desk','B12',NULL);
SELECT * FROM risk_screen.desk_findings('2020-01-01', 'infinity', '{B12}');
SELECT * FROM risk_screen.desk_related_parties('2026-01-01') LIMIT 1;
SELECT * FROM risk_screen.desk_ultimate_owners('2026-01-01', 'dusk') LIMIT 1;
SELECT * FROM risk_screen.desk_investor_counts('2026-01-01', 'desk') LIMIT 1;
SET search_path = desk;
SELECT * FROM risk_screen.desk_related_parties('2026-01-01') LIMIT 1;
SELECT * FROM risk_screen.desk_name_hits('2026-01-01') LIMIT 1;
RESET search_path;
SELECT * FROM risk_screen.backtest('desk.fact', 'nope', 'institution', '2026-01-01', '2026-11-20');
SELECT * FROM risk_screen.backtest('desk.fact', 'desk.fact', 'institution', '2026-01-01', '2026-11-20');
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, body) VALUES ('T2','a','b','yellow','SELECT 1'), ('T3','a','b','yellow','SELEC 1;'), ('T5','a','b','yellow','SELECT inst_idd AS subject_id FROM institution'), ('T6','a','b','yellow','SELECT 1 FROM nope'),
 ('T7','a','b','yellow',$$SELECT 'institution' AS subject_kind, inst_id AS subject_id, 1/0 AS observed, 0 AS threshold, NULL AS amount, NULL AS occurred_at, '{}'::jsonb AS evidence FROM institution$$);
SELECT * FROM risk_screen.run_rule('desk','T2','2026-11-20');
SELECT * FROM risk_screen.run_rule('desk','T3','2026-11-20');
SELECT * FROM risk_screen.run_rule('desk','T5','2026-11-20');
SELECT * FROM risk_screen.run_rule('desk','T6','2026-11-20');
SELECT * FROM risk_screen.run_rule('desk','T7','2026-11-20');
SELECT risk_screen.copy_ruleset('nope', 1, 'a', 1);
CALL risk_screen.screen('desk', as_of => NULL);
CALL risk_screen.screen('desk', '2026-01-01', since => '2026-02-01');
CALL risk_screen.screen('desk', '2026-01-01', ruleset => 'nope');
CALL risk_screen.screen('dekc', '2026-01-01');
SELECT risk_screen.report('desk', '2020-01-01');
CALL risk_screen.close_alert('desk', 99, 'x');
CALL risk_screen.decide_disposal('desk', 'O9999', 'ban', 'x');
SELECT * FROM risk_screen.run_rule('desk', 'B99', '2026-11-20');
SELECT risk_screen.parameter_value('nope', '2026-01-01');
SELECT * FROM risk_screen.check_mapping('desk', 'txn');
-- mappings that do not fit
CREATE SCHEMA filing;
CREATE TABLE filing.org AS SELECT 'O1' AS id, '某网贷' AS nm, 'P2P' AS ln;
CREATE TABLE filing.flow AS SELECT 1 AS no, 'A1' AS a, 'A2' AS b, '1,000.00' AS amt, timestamp '2026-11-19 10:00' AS t;
CALL risk_screen.create_workspace('own');
CALL risk_screen.map_role('own', 'institution', 'SELECT id AS inst_id, nm AS name, ARRAY[ln] AS lines FROM filing.org');
CALL risk_screen.map_role('own', 'txn', 'SELECT no AS "TXN_ID", a AS payer, b AS payee, 1 AS amount, t AS paid_at FROM filing.flow');
CALL risk_screen.map_role('own', 'txn', 'SELECT no AS txn_id, a AS payer, b AS payee, ARRAY[1] AS amount, 5 AS paid_at FROM filing.flow');
CALL risk_screen.map_role('own', 'txn', 'SELECT no AS txn_id, a AS payer, b AS payee, amt AS amount, t AS paid_at FROM filing.flow');
CALL risk_screen.screen('own', '2026-11-20');
SELECT * FROM risk_screen.check_mapping('own') WHERE problem = 'unreadable';
SET client_min_messages = error;
DROP TABLE filing.org CASCADE;
SET client_min_messages = notice;
CALL risk_screen.screen('own', '2026-11-20');
CALL risk_screen.create_workspace('own');
CALL risk_screen.create_workspace('own');
-- entries about what is not there
SET client_min_messages = warning;
CALL risk_screen.map_role('own', 'institution', $$SELECT 'O1' AS inst_id, '某网贷' AS name, ARRAY['P2P'] AS lines$$);
CALL risk_screen.map_role('own', 'txn', $$SELECT 'x' AS txn_id, 'a' AS payer, 'b' AS payee, 1 AS amount, now() AS paid_at WHERE false$$);
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, body) VALUES ('T1', 'a', 'b', 'yellow', $$SELECT 'institution' AS subject_kind, 'O1' AS subject_id, 1 AS observed, NULL AS threshold, NULL AS amount, NULL AS occurred_at, '{}'::jsonb AS evidence$$);
CALL risk_screen.screen('own', '2026-11-19');
INSERT INTO own.finding_review (rule, finding_key, decision, reason) VALUES ('T1', 'institution:O1', 'confirmed', '属实');
INSERT INTO own.finding_review (rule, finding_key, decision, reason) VALUES ('T1', 'institution:O2', 'confirmed', '属实'), ('B12', 'x', 'rejected', '误报');
INSERT INTO own.exemption (inst_id, rule, valid_from, valid_to, reason) VALUES ('O1', 'T1', '2026-01-01', '2026-12-31', '试点');
INSERT INTO own.exemption (inst_id, rule, valid_from, valid_to, reason) VALUES ('O9', 'T9', '2026-01-01', '2026-12-31', '试点');
INSERT INTO own.grade_override (inst_id, level, valid_from, valid_to, reason) VALUES ('O9', 'red', '2026-01-01', '2026-12-31', '核查中');
INSERT INTO own.grade_override (inst_id, level, valid_from, valid_to, reason) VALUES ('O1', 'red', '2026-01-01', '2026-12-31', '核查中');
