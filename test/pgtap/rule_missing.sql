-- Missing data, for every shipped rule at once: what it needs is not there, so
-- it says unknown, never clear; and on a desk without rows no rule fails.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT is_empty($$SELECT r.code, x.outcome FROM risk_screen.rule AS r CROSS JOIN LATERAL (
		SELECT string_agg(subject_kind || CASE WHEN hit THEN ' hit' WHEN observed IS NULL THEN '' ELSE ' measured' END || coalesce(' ' || (evidence ->> 'missing'), ''), ', ') AS outcome FROM risk_screen.run_rule('desk', r.code, '2026-11-20')) AS x
	WHERE r.builtin AND EXISTS (SELECT FROM unnest(r.needs) AS n WHERE strpos(n, '.') = 0) AND x.outcome NOT LIKE 'desk roles without rows: %'$$, 'mapped but empty: unknown');
CALL risk_screen.screen('desk', '2026-11-20');
SELECT is_empty($$SELECT rule, message FROM desk.rule_outcome WHERE outcome IN ('error', 'hit')$$, 'no rule fails or hits on a desk without rows');
SELECT is((SELECT string_agg(rule, ' ' ORDER BY rule) FROM desk.rule_outcome WHERE outcome = 'clear'), (SELECT string_agg(code, ' ' ORDER BY code) FROM risk_screen.rule WHERE builtin AND NOT EXISTS (SELECT FROM unnest(needs) AS n WHERE strpos(n, '.') = 0) AND code NOT IN ('B33', 'J01', 'M23')),
	'clear only what needs no filing: the desk''s own deadlines and what rests on findings');
-- a desk that maps nothing
CALL risk_screen.create_workspace('bare');
SELECT is_empty($$SELECT r.code, x.evidence FROM risk_screen.rule AS r CROSS JOIN LATERAL risk_screen.run_rule('bare', r.code, '2026-11-20') AS x
	WHERE r.builtin AND EXISTS (SELECT FROM unnest(r.needs) AS n WHERE strpos(n, '.') = 0) AND (x.observed IS NOT NULL OR x.evidence ->> 'missing' NOT LIKE 'roles not mapped: %')$$, 'not mapped: unknown');
-- one institution of every line and nothing else: nobody is hit for what others did not file
INSERT INTO filing.institution (inst_id, lines, status) SELECT 'I' || l, ARRAY[l], 'active' FROM unnest(ARRAY['P2P', 'EC', 'INS', 'FUND', 'TRU', 'PAY', 'AM', 'VC']) AS l;
CALL risk_screen.screen('desk', '2026-11-20');
SELECT is_empty($$SELECT rule, message FROM desk.rule_outcome WHERE outcome IN ('error', 'hit')$$, 'institutions alone: nothing found');

-- columns: needed, one of two, part of what is looked at
CREATE TABLE filing.paid (txn_id text, payer text, payee text, amount numeric, paid_at timestamptz, purpose text, loan_id text, channel text);
INSERT INTO filing.paid VALUES ('1', 'a', 'b', 5, '2026-11-05', NULL, NULL, NULL);
CALL risk_screen.map_role('bare', 'txn', 'filing.paid');
CALL risk_screen.map_role('bare', 'institution', $$SELECT 'P' AS inst_id, '甲' AS name, '{P2P}'::text[] AS lines UNION ALL SELECT 'Q', '乙', '{PAY}'$$);
INSERT INTO risk_screen.rule (code, title_zh, title_en, severity, lines, needs, body) SELECT c, c, c, 'red', l, n,
	$$SELECT 'institution' AS subject_kind, 'P' AS subject_id, 1 AS observed, 0 AS threshold, NULL AS amount, NULL AS occurred_at, NULL AS evidence FROM txn WHERE purpose = 'x' OR loan_id = 'x'$$
  FROM (VALUES ('need', '{ALL}'::text[], '{txn,txn.purpose}'::text[]), ('either', '{ALL}', '{txn,txn.purpose|txn.loan_id}'), ('part', '{P2P}', '{txn,txn.purpose?,txn.loan_id?}'), ('typo', '{ALL}', '{txn,txn.purpse}'), ('other', '{ALL}', '{loan,loan.rate}'), ('elsewhere', '{ALL}', '{txn,loan.rate?}')) AS v (c, l, n);
CREATE FUNCTION filing.bare(rule text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', subject_kind, subject_id, CASE WHEN hit THEN 'hit' END, evidence ->> 'missing'), ', ' ORDER BY subject_kind) FROM risk_screen.run_rule('bare', rule, '2026-11-20')
$$;
SELECT is(filing.bare('need'), 'desk bare columns without values: txn.purpose', 'a column that nobody files');
SELECT is(filing.bare('either'), 'desk bare columns without values: txn.purpose or txn.loan_id', 'neither of two');
SELECT is(filing.bare('part'), 'desk desk columns without values: txn.purpose, txn.loan_id', 'and where each is a part');
SELECT is(filing.bare('typo'), 'desk bare columns without values: txn.purpse', 'a column that the role does not have');
SELECT is(filing.bare('other'), 'desk bare roles not mapped: loan', 'of a role that is not there its columns need no mention');
SELECT is(filing.bare('elsewhere'), NULL, 'nor is a part of a role missed that the desk does not have');
CALL risk_screen.screen('bare', '2026-11-20');
SELECT is((SELECT string_agg(concat_ws(' ', rule, outcome, message), ', ' ORDER BY rule) FROM bare.rule_outcome WHERE rule IN ('need', 'either', 'part')),
	'either unknown columns without values: txn.purpose or txn.loan_id, need unknown columns without values: txn.purpose, part unknown columns without values: txn.purpose, txn.loan_id', 'a run says so');
SELECT is((SELECT string_agg(DISTINCT outcome, ' ') FROM bare.rule_check JOIN bare.run USING (run_id) WHERE rule IN ('need', 'either', 'part')), 'not run', 'for the grade it did not run');
SELECT is(risk_screen._unjudged_zh('unknown', (SELECT message FROM bare.rule_outcome WHERE rule = 'either')), '各行均未填报：资金交易的用途 (txn.purpose)或资金交易的标的编号 (txn.loan_id)', 'in Chinese');
INSERT INTO filing.paid VALUES ('2', 'a', 'b', 5, '2026-11-05', 'y', NULL, NULL);
SELECT is(concat_ws(', ', filing.bare('need'), filing.bare('either')), '', 'one row with a value is enough: nothing found');
SELECT is(filing.bare('part'), 'desk desk columns without values: txn.loan_id', 'the other part is still missing');
INSERT INTO filing.paid VALUES ('3', 'a', 'b', 5, '2026-11-05', 'x', NULL, NULL);
SELECT is(filing.bare('part'), 'desk desk columns without values: txn.loan_id, institution P hit', 'what was found stands');
UPDATE filing.paid SET purpose = 'y' WHERE txn_id = '3';
CALL risk_screen.screen('bare', '2026-11-20');
SELECT is((SELECT string_agg(inst_id || ' ' || (unknown_rules @> '{part}')::text, ', ' ORDER BY inst_id) FROM bare.grade), 'P true, Q false', 'of nobody whom the rule judges it says nothing found');
UPDATE filing.paid SET purpose = 'x' WHERE txn_id = '3';
CALL risk_screen.screen('bare', '2026-11-20');
SELECT is((SELECT string_agg(inst_id || ' ' || (hit_rules @> '{part}')::text || ' ' || (unknown_rules @> '{part}')::text, ', ' ORDER BY inst_id) FROM bare.grade), 'P true false, Q false false', 'but of whom it hits');
UPDATE filing.paid SET purpose = NULL;
CALL risk_screen.screen('bare', '2026-11-21', incremental => false);
SELECT is((SELECT string_agg(c.rule || ' ' || c.outcome, ', ' ORDER BY c.rule) FROM bare.rule_check AS c JOIN bare.run AS r USING (run_id) WHERE r.as_of = '2026-11-21' AND rule IN ('need', 'part')), 'need failed, part failed', 'a column that was filed and is no more was withdrawn');
UPDATE filing.paid SET purpose = 'y';
CREATE TEMPORARY TABLE txn (purpose text);
SELECT is(filing.bare('need'), NULL, 'a temporary table of the caller named like a role is not the role');
DROP TABLE pg_temp.txn;
UPDATE filing.paid SET purpose = NULL;
-- a mapping that cannot be read fails the rules that read it, not the run
CALL risk_screen.map_role('bare', 'loan', $$SELECT 'L' AS loan_id, 'P' AS inst_id, 1 AS amount, date '2026-11-01' AS started_on, 'viel' AS rate$$);
SET client_min_messages = error;
CALL risk_screen.screen('bare', '2026-11-22');
SELECT is((SELECT outcome FROM bare.rule_outcome JOIN bare.run AS r USING (run_id) WHERE r.as_of = '2026-11-22' AND rule = 'need'), 'unknown', 'the run goes on');
-- what a value's own error said stays when the run says whose it is
CREATE FUNCTION filing.yuan(t text) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN
	RAISE EXCEPTION 'no number: %', t USING ERRCODE = 'invalid_parameter_value', DETAIL = 'Column amt.', HINT = 'Ask the bank.';
END $$;
CREATE FUNCTION filing.said(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, detail, hint);
END $$;
CALL risk_screen.map_role('bare', 'txn', $$SELECT 'T' || n AS txn_id, 'a' AS payer, 'b' AS payee, filing.yuan('x') AS amount, timestamptz '2026-11-19' AS paid_at FROM generate_series(1, 2) AS n$$);
SELECT matches(filing.said($$CALL risk_screen.screen('bare', '2026-11-23')$$), '^22023 \| rows of workspace "bare" cannot be read: no number: x \| Column amt\. \| Ask the bank\. SELECT \* FROM risk_screen.check_mapping',
	'detail and hint of a value that cannot be read stay');
UPDATE risk_screen.rule SET body = 'SELECT i.inst_idd AS subject_id FROM institution AS i', needs = '{institution}' WHERE code = 'typo';
SELECT matches(filing.said($$SELECT * FROM risk_screen.run_rule('bare', 'typo', '2026-11-23')$$), '^42703 \| the body of rule typo cannot be run: .*Perhaps you meant.*SELECT body FROM risk_screen.rule WHERE code = ''typo''', 'and those of a body that cannot run');
SELECT * FROM finish();
ROLLBACK;
