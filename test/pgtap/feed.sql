-- Feeds: messages loaded, corrected, refused; nothing lost, nothing half loaded.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'America/New_York';      -- not the desk's zone, on purpose
CALL risk_screen.create_workspace('desk');

-- message(): an envelope around rows, with the right control totals
CREATE FUNCTION pg_temp.message(inst text, day text, rows jsonb, more jsonb = '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('inst_id', inst, 'report_date', day, 'rows', rows, 'control', jsonb_build_object('rows', jsonb_array_length(rows))) || more
$$;
CREATE FUNCTION pg_temp.txn(id text, amount text, more jsonb = '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('txn_id', id, 'payer', 'a', 'payee', 'b', 'amount', amount, 'paid_at', '2026-11-19T23:59:59.999999+08:00') || more
$$;
CREATE FUNCTION pg_temp.load(role text, message jsonb, at timestamptz = '2026-11-20 03:00+08', others boolean = false, again boolean = false) RETURNS text LANGUAGE sql AS $$
	SELECT outcome || ' ' || filed || ' ' || loaded || ' ' || quarantined || coalesce(' replaces ' || replaced, '') || coalesce(' (' || nullif(message_note, '') || ')', '') FROM risk_screen.load_feed('desk', role, message, at, others, again)
$$;
CREATE FUNCTION pg_temp.problems() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(row_position || ' ' || array_to_string(problems, ' '), ', ' ORDER BY row_position) FROM desk.feed_quarantine WHERE feed_no = (SELECT max(feed_no) FROM desk.feed_batch)
$$;

-- the schema
SELECT is((SELECT count(*)::int FROM risk_screen.role AS r WHERE risk_screen.feed_schema(r.role) #> '{properties,rows,items,properties}' IS NULL), 0, 'every role has a schema');
SELECT is((SELECT string_agg(k, ' ' ORDER BY n) FROM jsonb_array_elements_text(risk_screen.feed_schema('txn') #> '{properties,rows,items,required}') WITH ORDINALITY AS x (k, n)),
	'txn_id payer payee amount paid_at', 'required fields of a transfer');
SELECT is(risk_screen.feed_schema('account') #>> '{properties,rows,items,properties,account_kind,enum}', '["bank", "wallet", "ledger", "securities", "virtual_currency", "cash", null]', 'a code list that the meaning of a column spells out');
SELECT is(risk_screen.feed_schema('equity') #>> '{properties,rows,items,properties,share,maximum}', '1', 'a range');
SELECT is((SELECT string_agg(c.role || '.' || c.name, ' ' ORDER BY c.role, c.name) FROM risk_screen.role_column AS c WHERE c.is_key AND c.role IN ('txn', 'balance', 'cash_flow')),
	'balance.account_id balance.as_of balance.currency balance.source txn.txn_id', 'keys; cash flows have none');
SELECT is((SELECT count(*)::int FROM risk_screen.role AS r WHERE r.day_column IS NOT NULL AND NOT EXISTS (SELECT FROM risk_screen.role_column AS c
	WHERE c.role = r.role AND c.name = r.day_column AND c.required AND c.type IN ('date', 'timestamp with time zone'))), 0, 'the day of an event is a required date or moment');
SELECT is((SELECT count(*)::int FROM risk_screen.role_column AS c WHERE c.codes IS NOT NULL AND NOT EXISTS (SELECT FROM risk_screen.code_label AS l WHERE l.domain = c.codes)), 0, 'every code list exists');
SELECT is((SELECT count(*)::int FROM risk_screen.role_column AS c WHERE c.codes = 'text_item.source'), 0, 'free text has no code list');
SELECT throws_ok($$SELECT risk_screen.feed_schema('no such')$$, '42704', 'unknown role "no such"');

-- one message
SELECT is(pg_temp.load('txn', pg_temp.message('P1', '2026-11-19', jsonb_build_array(
	pg_temp.txn('1', '0.1'), pg_temp.txn('2', '123456789012345678901234567890.123456789012345678901234567890'),
	pg_temp.txn('3', '1') || '{"amount": 0.2}', pg_temp.txn('4', '-0.01'), pg_temp.txn('5', 'NaN'), pg_temp.txn('6', '1e3'), pg_temp.txn('7', '1', '{"purpose": "gift"}'),
	pg_temp.txn('8', '1', '{"paid_at": "2026-11-19T10:00:00"}'), pg_temp.txn('9', '1', '{"paid_at": "2026-11-20T00:00:00+08:00"}'), pg_temp.txn('10', '1', '{"paid_at": "2026-02-30T10:00:00Z"}'),
	pg_temp.txn('11', '1', '{"colour": 1, "ord": "7"}'), pg_temp.txn('12', '1', '{"payer": null, "payee": " ", "currency": ""}'), pg_temp.txn('13', '1', '{"ord": 1.5}'), pg_temp.txn('14', '1', '{"ord": 9223372036854775808}'),
	'7'::jsonb, 'null'::jsonb, pg_temp.txn('15', '1', '{"txn_id": 15}'), pg_temp.txn('16', '1', '{"inst_id": "P2"}'), pg_temp.txn('17', '1', '{"inst_id": "P1", "ord": 5.0, "fee": null}')))),
	'partial 19 4 15', 'good rows are loaded, bad ones are not');
SELECT is(pg_temp.problems(), '4 amount:range, 5 amount:format, 6 amount:format, 7 purpose:code, 8 paid_at:format, 9 paid_at:future, 10 paid_at:format, 11 colour:unknown_field, '
	|| '12 payer:missing payee:missing currency:empty, 13 ord:format, 14 ord:range, 15 :type, 16 :type, 17 txn_id:type, 18 inst_id:other_institution', 'reason and position of every bad row');
SELECT is((SELECT string_agg(txn_id || ' ' || amount || ' ' || inst_id || coalesce(' ' || ord, ''), ', ' ORDER BY txn_id) FROM desk.txn),
	'1 0.1 P1, 17 1 P1 5, 2 123456789012345678901234567890.123456789012345678901234567890 P1, 3 0.2 P1', 'numbers to the last digit, as string or number; the filer fills in');
SELECT is((SELECT DISTINCT paid_at FROM desk.txn), timestamptz '2026-11-19 15:59:59.999999+00', 'the moment, in whatever zone the session is');
SELECT is((SELECT DISTINCT known_from FROM desk.txn), timestamptz '2026-11-20 03:00+08', 'known from when it came');
SELECT is((SELECT content FROM desk.feed_quarantine WHERE row_position = 15), '7'::jsonb, 'a bad row is kept as it was filed');
SELECT is((SELECT string_agg(field || ' ' || problem_zh, ', ' ORDER BY field) FROM desk.feed_problem WHERE row_position = 12), 'currency 空字符串, payee 必填项缺失, payer 必填项缺失', 'feed_problem labels them');

-- the same again, corrected, an old one once more
SELECT is(pg_temp.load('txn', pg_temp.message('P2', '2026-11-19', jsonb_build_array(pg_temp.txn('1', '5'), pg_temp.txn('2', '6')))), 'loaded 2 2 0', 'another institution may use the same identifiers');
SELECT is(pg_temp.load('txn', pg_temp.message('P2', '2026-11-19', jsonb_build_array(pg_temp.txn('1', '5'), pg_temp.txn('2', '6'))), '2026-11-20 04:00+08'), 'unchanged 2 2 0', 'the same message again changes nothing');
SELECT is((SELECT deliveries || ' ' || (last_received_at = '2026-11-20 04:00+08') || ' ' || (received_at = '2026-11-20 03:00+08') FROM desk.feed_batch WHERE inst_id = 'P2'), '2 true true', 'but the delivery is noted');
SELECT is(pg_temp.load('txn', pg_temp.message('P2', '2026-11-19', jsonb_build_array(pg_temp.txn('1', '5'), pg_temp.txn('3', '7'))), '2026-11-20 05:00+08'), 'loaded 2 2 0 replaces 2', 'a corrected message replaces it');
SELECT is((SELECT string_agg(txn_id || ' ' || amount, ', ' ORDER BY txn_id) FROM desk.txn WHERE inst_id = 'P2'), '1 5, 3 7', 'changed, vanished and new rows');
SELECT is(pg_temp.load('txn', pg_temp.message('P2', '2026-11-19', jsonb_build_array(pg_temp.txn('1', '5'), pg_temp.txn('2', '6'))), '2026-11-20 06:00+08'), 'unchanged 2 2 0 (a later version is in force; again => true loads this one once more)', 'an old version that arrives once more does not undo the correction');
SELECT is(pg_temp.load('txn', pg_temp.message('P2', '2026-11-19', jsonb_build_array(pg_temp.txn('1', '5'), pg_temp.txn('2', '6'))), '2026-11-20 07:00+08', again => true), 'loaded 2 2 0 replaces 3', 'unless asked for');
SELECT throws_ok($$SELECT pg_temp.load('txn', pg_temp.message('P2', '2026-11-19', '[]'), '2026-11-20 06:30+08')$$, '22023', 'the version in force was received later than this one');
SELECT is((SELECT string_agg(txn_id, ' ' ORDER BY txn_id) FROM desk.txn WHERE inst_id = 'P2'), '1 2', 'what is in force');
SELECT is(pg_temp.load('txn', pg_temp.message('P2', '2026-11-18', '[]')), 'loaded 0 0 0', 'nothing to report is a report');
SELECT is(pg_temp.load('txn', pg_temp.message('P2', '2026-11-19', jsonb_build_array(pg_temp.txn('9', '5')), '{"batch": "evening", "mode": "realtime"}'), '2026-11-19 22:00+08'), 'loaded 1 1 0', 'several messages a day');

-- control totals
SELECT is(pg_temp.load('txn', pg_temp.message('P3', '2026-11-19', jsonb_build_array(pg_temp.txn('1', '0.10'), pg_temp.txn('2', '0.20')), '{"control": {"rows": 2, "sums": {"amount": "0.3", "fee": 0}}}')), 'loaded 2 2 0', 'sums agree by value');
SELECT is(pg_temp.load('txn', pg_temp.message('P3', '2026-11-19', jsonb_build_array(pg_temp.txn('1', '0.10'), pg_temp.txn('2', '0.21'), '5'::jsonb), '{"control": {"rows": 4, "sums": {"amount": "0.3"}}}'), '2026-11-20 04:00+08'),
	'rejected 3 0 3 (rows: 3 filed, 4 announced; sum of amount: 0.31 filed, 0.3 announced)', 'a message that does not add up is held back as a whole');
SELECT is(pg_temp.problems(), '1 :control, 2 :control, 3 :type :control', 'with all its rows');
SELECT is((SELECT string_agg(amount::text, ' ' ORDER BY amount) FROM desk.txn WHERE inst_id = 'P3'), '0.10 0.20', 'the version before stays in force');
SELECT is(pg_temp.load('txn', pg_temp.message('P3', '2026-11-19', jsonb_build_array(pg_temp.txn('1', '0.10'), pg_temp.txn('2', 'x')), '{"control": {"rows": 2, "sums": {"amount": "0.3"}}}'), '2026-11-20 05:00+08'),
	'partial 2 1 1 replaces 7 (not comparable: sum of amount)', 'a sum with an unreadable value in it is not compared, and said so');

-- keys
SELECT is(pg_temp.load('txn', pg_temp.message('P4', '2026-11-19', jsonb_build_array(pg_temp.txn('1', '5'), pg_temp.txn('1', '5'), pg_temp.txn('2', '5'), pg_temp.txn('2', '6'), pg_temp.txn('3', '1'), pg_temp.txn('3', 'x')))), 'partial 6 2 4', 'keys that occur twice');
SELECT is(pg_temp.problems(), '2 :duplicate, 3 :duplicate, 4 :duplicate, 6 amount:format', 'the first of two that say the same is kept, neither of two that differ; a bad row is no twin');
SELECT is(pg_temp.load('txn', pg_temp.message('P4', '2026-11-20', jsonb_build_array(pg_temp.txn('1', '5'), pg_temp.txn('8', '5')))), 'partial 2 1 1', 'in force from another message');
SELECT is(pg_temp.problems(), '1 :conflict', 'is a conflict');
SELECT is(pg_temp.load('txn', pg_temp.message('P4', '2026-11-20', jsonb_build_array(pg_temp.txn('1', '7')), '{"batch": "b"}'), '2026-11-20 08:00+08'), 'partial 1 0 1', 'a third message wants it too');
SELECT is(pg_temp.load('txn', pg_temp.message('P4', '2026-11-20', jsonb_build_array(pg_temp.txn('1', '6'), pg_temp.txn('2', 'x')), '{"batch": "c"}'), '2026-11-20 08:30+08'), 'partial 2 0 2', 'and a fourth');
SELECT is(pg_temp.load('txn', pg_temp.message('P4', '2026-11-19', jsonb_build_array(pg_temp.txn('1', '9'))), '2026-11-20 08:45+08'), 'loaded 1 1 0 replaces 10', 'a correction that keeps the key frees nobody');
SELECT is(pg_temp.load('txn', pg_temp.message('P4', '2026-11-19', '[]'), '2026-11-20 09:00+08'), 'loaded 0 0 0 replaces 14 (released from quarantine, no longer in conflict: 1 rows of other messages)', 'the other message gives it up: the row that waited longest comes into force');
SELECT is((SELECT string_agg(concat_ws(' ', b.feed_no, b.state, b.loaded, b.quarantined), ', ' ORDER BY b.feed_no) FROM desk.feed_batch AS b WHERE b.inst_id = 'P4'), '10 replaced 2 4, 11 loaded 2 0, 12 partial 0 1, 13 partial 0 2, 14 replaced 1 0, 15 loaded 0 0', 'and is counted where it was filed');
SELECT is((SELECT string_agg(txn_id || ' ' || amount || ' ' || known_from, ', ' ORDER BY txn_id) FROM (SELECT t.txn_id, t.amount, t.known_from AT TIME ZONE 'Asia/Shanghai' AS known_from FROM desk.txn AS t WHERE t.inst_id = 'P4') AS x), '1 5 2026-11-20 09:00:00, 8 5 2026-11-20 03:00:00', 'known from the moment of the correction');
SELECT is((SELECT string_agg(concat_ws(' ', p.feed_no, p.row_position, p.problem), ', ' ORDER BY p.feed_no, p.row_position) FROM desk.feed_problem AS p WHERE p.inst_id = 'P4' AND p.state = 'partial'), '12 1 conflict, 13 1 conflict, 13 2 format', 'what still waits');
SELECT is(pg_temp.load('txn', pg_temp.message('P4', '2026-11-20', jsonb_build_array(pg_temp.txn('8', '5'))), '2026-11-20 09:30+08'), 'loaded 1 1 0 replaces 11 (released from quarantine, no longer in conflict: 1 rows of other messages)', 'a released row is given up like any other');
SELECT is((SELECT string_agg(txn_id || ' ' || amount, ', ' ORDER BY txn_id) FROM desk.txn AS t WHERE t.inst_id = 'P4'), '1 7, 8 5', 'to the next that waits');
SELECT is((SELECT evidence ->> 'in_quarantine' FROM risk_screen.run_rule('desk', 'M02', '2026-11-22', '2026-11-20 08:50+08') WHERE subject_id = 'P4'), '4', 'M02 as known before: still in quarantine');
SELECT is((SELECT evidence ->> 'in_quarantine' FROM risk_screen.run_rule('desk', 'M02', '2026-11-22', '2026-11-20 09:50+08') WHERE subject_id = 'P4'), '2', 'and after');
SELECT is(pg_temp.load('txn', pg_temp.message('P4', '2026-11-20', '[]', '{"batch": "b"}'), '2026-11-20 09:40+08'), 'loaded 0 0 0 replaces 12 (released from quarantine, no longer in conflict: 1 rows of other messages)', 'and to the last');
SELECT is(pg_temp.load('txn', pg_temp.message('P4', '2026-11-20', '[]', '{"batch": "c"}'), '2026-11-20 09:50+08'), 'loaded 0 0 0 replaces 13', 'who withdraws it');
SELECT is(pg_temp.load('txn', pg_temp.message('P4', '2026-11-20', jsonb_build_array(pg_temp.txn('1', '5'), pg_temp.txn('8', '5'))), '2026-11-20 10:00+08', again => true), 'loaded 2 2 0 replaces 16', 'an old version loaded again finds the key free');
SELECT is(pg_temp.load('cash_flow', pg_temp.message('P4', '2026-11-19', '[{"loan_id": "l", "paid_on": "2026-11-19", "amount": -5}, {"loan_id": "l", "paid_on": "2026-11-19", "amount": -5}]')), 'loaded 2 2 0', 'a role without key: two alike are two');

SELECT is(pg_temp.load('ops_day', pg_temp.message('P4', '2026-11-19', '[{"day": "2026-11-19", "visits": 1}, {"inst_id": "P4", "day": "2026-11-19", "visits": 2}]')), 'partial 2 0 2', 'the filer''s own identifier, given or not, is the same key');

-- registers
SELECT is(pg_temp.load('account', pg_temp.message('P1', '2026-11-10', '[{"account_id": "a", "owner_kind": "client"}, {"account_id": "b", "owner_kind": "own", "interest_bearing": false, "opened_on": "2024-02-29"}]')), 'loaded 2 2 0', 'a register');
SELECT is(pg_temp.load('account', pg_temp.message('P1', '2026-11-12', '[{"account_id": "a", "owner_kind": "custody"}]')), 'loaded 1 1 0', 'a change of one row');
SELECT is(pg_temp.load('account', pg_temp.message('P1', '2026-11-11', '[{"account_id": "a", "owner_kind": "reserve"}, {"account_id": "c"}]')), 'loaded 2 2 0', 'a late message about an earlier day');
SELECT is((SELECT string_agg(account_id || ' ' || coalesce(owner_kind, '-'), ', ' ORDER BY account_id) FROM desk.account), 'a custody, b own, c -', 'the latest day of each key counts');
SELECT is(pg_temp.load('account', pg_temp.message('P1', '2026-11-13', '[{"account_id": "b"}]', '{"complete": true}')), 'loaded 1 1 0', 'a whole register');
SELECT is((SELECT string_agg(account_id || ' ' || coalesce(owner_kind, '-'), ', ' ORDER BY account_id) FROM desk.account), 'b -', 'withdraws what it does not list');
SELECT is(pg_temp.load('account', pg_temp.message('P1', '2026-11-13', '[{"account_id": "b"}]'), '2026-11-21 03:00+08'), 'loaded 1 1 0 replaces 25', 'it was not meant to be whole');
SELECT is((SELECT string_agg(account_id || ' ' || coalesce(owner_kind, '-'), ', ' ORDER BY account_id) FROM desk.account), 'a custody, b -, c -', 'so the others are back');
SELECT is(pg_temp.load('institution', pg_temp.message('P1', '2026-11-10', '[{"name": "甲", "lines": ["P2P", "PAY"], "operating_provinces": ["上海"]}, {"inst_id": "P9", "name": "x", "lines": ["P2P", "XX"]}, {"inst_id": "P8", "name": "y", "lines": "P2P", "employees": 2147483648}]')), 'partial 3 1 2', 'arrays and their codes');
SELECT is(pg_temp.problems(), '2 lines:code inst_id:other_institution, 3 lines:type employees:range inst_id:other_institution', 'arrays and integers out of line');
SELECT is((SELECT lines FROM desk.institution), '{P2P,PAY}', 'an array as array');
SELECT is(pg_temp.load('custody_statement', pg_temp.message('BANK', '2026-11-19', '[{"account_id": "a", "inst_id": "P1", "day": "2026-11-19", "balance": -3}]'), others => true), 'loaded 1 1 0', 'a bank files about its customer where the loader allows it');
SELECT throws_ok($$SELECT pg_temp.load('txn', pg_temp.message('P1', '2026-11-19', '[]', '{"complete": true}'))$$, '22023', 'message of role "txn" is not valid: complete:unknown_field');

-- envelopes: refused, and nothing left behind
CREATE FUNCTION pg_temp.refused(message text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM * FROM risk_screen.load_feed('desk', 'txn', message::jsonb);
	RETURN 'loaded';
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN replace(SQLERRM, 'message of role "txn" is not valid: ', '');
END $$;
SELECT results_eq($$SELECT bad, pg_temp.refused(bad) FROM unnest(ARRAY['[]', '{}', '{"inst_id": "P1", "report_date": "2026-11-19", "control": {"rows": 0}}', '{"inst_id": "P1", "report_date": "2026-11-19", "control": {"rows": 0}, "rows": {}}',
		'{"inst_id": "", "report_date": "19.11.2026", "control": {"rows": 0}, "rows": []}', '{"inst_id": "P1", "report_date": "2026-11-19", "control": {}, "rows": []}', '{"inst_id": "P1", "report_date": "2026-11-19", "control": {"rows": -1}, "rows": []}',
		'{"inst_id": "P1", "report_date": "2026-11-19", "control": {"rows": 0, "sums": {"payer": 1}}, "rows": []}', '{"inst_id": "P1", "report_date": "2026-11-19", "control": {"rows": 0, "sums": 1}, "rows": []}', '{"inst_id": "P1", "report_date": "2026-11-19", "mode": "x", "control": {"rows": 0}, "rows": [], "more": 1}']) AS bad$$,
	$$VALUES ('[]', ':type'), ('{}', 'rows:missing'), ('{"inst_id": "P1", "report_date": "2026-11-19", "control": {"rows": 0}}', 'rows:missing'), ('{"inst_id": "P1", "report_date": "2026-11-19", "control": {"rows": 0}, "rows": {}}', 'rows:type'),
		('{"inst_id": "", "report_date": "19.11.2026", "control": {"rows": 0}, "rows": []}', 'inst_id:missing, report_date:format'), ('{"inst_id": "P1", "report_date": "2026-11-19", "control": {}, "rows": []}', 'control.rows:missing'),
		('{"inst_id": "P1", "report_date": "2026-11-19", "control": {"rows": -1}, "rows": []}', 'control.rows:range'), ('{"inst_id": "P1", "report_date": "2026-11-19", "control": {"rows": 0, "sums": {"payer": 1}}, "rows": []}', 'control.sums.payer:unknown_field'),
		('{"inst_id": "P1", "report_date": "2026-11-19", "control": {"rows": 0, "sums": 1}, "rows": []}', 'control.sums:type'), ('{"inst_id": "P1", "report_date": "2026-11-19", "mode": "x", "control": {"rows": 0}, "rows": [], "more": 1}', 'mode:code, more:unknown_field')$$,
	'an envelope that says too little is refused');
SELECT throws_ok($$SELECT * FROM risk_screen.load_feed('desk', 'txn', NULL)$$, '22004', 'message is null');
SELECT throws_ok($$SELECT * FROM risk_screen.load_feed('desk', 'feed', pg_temp.message('P1', '2026-11-19', '[]'))$$, '22023', 'role "feed" is not filed');
SELECT throws_ok($$SELECT * FROM risk_screen.load_feed('desk', 'nonsense', '{}')$$, '42704', 'unknown role "nonsense"');
SELECT throws_ok($$SELECT * FROM risk_screen.load_feed('nowhere', 'txn', '{}')$$, '3F000', 'workspace "nowhere" does not exist');

-- books balance
SELECT is((SELECT count(*)::int FROM desk.feed_batch AS b WHERE b.state = 'loading' OR b.filed <> b.loaded + b.quarantined OR b.quarantined <> (SELECT count(*) FROM desk.feed_quarantine AS q WHERE q.feed_no = b.feed_no AND q.released_at IS NULL)
	OR b.role = 'txn' AND b.loaded <> (SELECT count(*) FROM desk.filed_txn AS f WHERE f.feed_no = b.feed_no)), 0, 'every row of every message is loaded or in quarantine');

-- what was known before
INSERT INTO risk_screen.rule (code, title_zh, title_en, body) VALUES ('see', '看', 'see', $$SELECT 'txn' AS subject_kind, txn_id AS subject_id, 1 AS observed, 0 AS threshold, 0 AS amount, paid_at AS occurred_at, NULL AS evidence FROM txn WHERE inst_id = 'P2' AND txn_id <> '9'$$),
	('reg', '册', 'register', $$SELECT 'account' AS subject_kind, account_id || coalesce(owner_kind, '') AS subject_id, 1 AS observed, 0 AS threshold, 0 AS amount, NULL AS occurred_at, NULL AS evidence FROM account WHERE account_id <> 'c'$$);
CREATE FUNCTION pg_temp.seen(rule text, at timestamptz) RETURNS text LANGUAGE sql AS $$SELECT string_agg(subject_id, ' ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', rule, '2026-11-20', at)$$;
SELECT is(pg_temp.seen('see', '2026-11-20 02:59+08'), NULL, 'before it came nothing was known');
SELECT is(pg_temp.seen('see', '2026-11-20 03:30+08'), '1 2', 'a run with known_at sees the version of then');
SELECT is(pg_temp.seen('see', '2026-11-20 05:30+08'), '1 3', 'the correction once it came');
SELECT is(pg_temp.seen('see', 'infinity'), '1 2', 'and today what is in force');
SELECT is(pg_temp.seen('reg', '2026-11-20 03:30+08'), 'b', 'the register when one message of it passed for the whole');
SELECT is(pg_temp.seen('reg', '2026-11-21 03:30+08'), 'acustody b', 'and after its correction');

-- views
SELECT is((SELECT string_agg(report_date || ' ' || status, ', ' ORDER BY report_date) FROM desk.feed_report WHERE inst_id = 'P2' AND role = 'txn'), '2026-11-18 late, 2026-11-19 on_time, 2026-11-20 missing', 'feed_report: what came and what did not');
SELECT is((SELECT status || ' ' || versions || ' ' || rejected || ' ' || filed || ' ' || loaded || ' ' || quarantined FROM desk.feed_report WHERE inst_id = 'P3' AND report_date = '2026-11-19'), 'partial 3 1 2 1 1', 'feed_report: versions and totals in force');
SELECT is((SELECT count(*)::int FROM desk.feed_report WHERE role = 'account' AND status = 'missing'), 0, 'a register is not expected every day');
SELECT is((SELECT count(*)::int FROM desk.feed), (SELECT count(*)::int FROM desk.feed_batch), 'the role feed holds the messages');
SELECT is((SELECT string_agg(subject_id, ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'M01', '2026-11-20') WHERE hit AND evidence ->> 'role' = 'txn'), 'P2 2026-11-18', 'M01 works on them');

-- a mapped role is left alone
CREATE TABLE mine (id text);
INSERT INTO mine VALUES ('m1');
CALL risk_screen.map_role('desk', 'licence', 'SELECT id AS inst_id, ''P2P'' AS biz, date ''2020-01-01'' AS valid_from FROM mine');
SELECT is(pg_temp.load('licence', pg_temp.message('P1', '2026-11-19', '[{"biz": "P2P", "valid_from": "2020-01-01"}]')), 'loaded 1 1 0', 'rows of a mapped role are filed too');
SELECT is((SELECT string_agg(inst_id, ' ') FROM desk.licence), 'm1', 'but the analyst''s view is untouched');
CALL risk_screen.map_role('desk', 'licence', 'SELECT id AS inst_id, ''P2P'' AS biz, date ''2020-01-01'' AS valid_from FROM mine UNION ALL SELECT inst_id, biz, valid_from FROM desk.filed_licence WHERE feed_replaced_at IS NULL');
SELECT is((SELECT string_agg(inst_id, ' ' ORDER BY inst_id) FROM desk.licence), 'P1 m1', 'and may take the filed rows in');

-- a role of one's own
INSERT INTO risk_screen.role (role, title_zh, title_en, description, section, day_column) VALUES ('noise', '噪声', 'Noise', 'One measurement', 'own', 'day');
INSERT INTO risk_screen.role_column (role, ordinal, name, type, required, title_zh, description, is_key, low) VALUES ('noise', 1, 'day', 'date', true, '日', 'day', true, NULL), ('noise', 2, 'level', 'numeric', true, '值', 'level', false, 0), ('noise', 3, 'known_from', 'timestamp with time zone', false, '获知', 'known', false, NULL);
CALL risk_screen.create_workspace('desk');
SELECT is(pg_temp.load('noise', pg_temp.message('P1', '2026-11-19', '[{"day": "2026-11-19", "level": 3}, {"day": "2026-11-18", "level": -3}]')), 'partial 2 1 1', 'a role of one''s own is filed like the others');
SELECT is((SELECT sum(level) FROM desk.noise), 3::numeric, 'into its view');

-- rights
CREATE ROLE rs_feed_clerk;
CREATE ROLE rs_feed_reader;
GRANT USAGE ON SCHEMA desk TO rs_feed_clerk, rs_feed_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA desk TO rs_feed_clerk, rs_feed_reader;
GRANT INSERT, UPDATE ON desk.feed_batch, desk.feed_quarantine, desk.filed_txn TO rs_feed_clerk;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_temp TO rs_feed_clerk, rs_feed_reader;
SET LOCAL ROLE rs_feed_reader;
SELECT throws_ok($$SELECT pg_temp.load('txn', pg_temp.message('P7', '2026-11-19', '[]'))$$, '42501');
SET LOCAL ROLE rs_feed_clerk;
SELECT is(pg_temp.load('txn', pg_temp.message('P7', '2026-11-19', jsonb_build_array(pg_temp.txn('1', '5')))), 'loaded 1 1 0', 'INSERT and UPDATE on three tables are enough to load a role that is open');
SELECT throws_ok($$SELECT pg_temp.load('complaint', pg_temp.message('P7', '2026-11-19', '[]'))$$, '42501');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
