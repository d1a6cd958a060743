-- Case files of section M: feeds.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"P1","lines":["P2P"]},{"inst_id":"P2","lines":["P2P"]},{"inst_id":"P3","lines":["P2P"]},{"inst_id":"I1","lines":["INS"]},{"inst_id":"I2","lines":["INS"],"status":"exited"}]');

-- M01
INSERT INTO filing.feed (feed_id, inst_id, role, report_date, received_at, valid, row_count, control_rows, mode) VALUES ('1', 'P1', 'txn', '2026-11-15', '2026-11-16 23:59:59+08', true, 5, 5, 'batch'), ('2', 'P1', 'txn', '2026-11-16', '2026-11-18 00:00+08', true, 5, 5, NULL), ('3', 'P1', 'txn', '2026-11-18', '2026-11-19', false, 5, 5, 'batch'),
	('4', 'P1', 'txn', '2026-11-19', '2026-11-20', true, 5, 6, 'batch'), ('5', 'P2', 'txn', '2026-11-19', '2026-11-20', true, NULL, NULL, 'batch');
SELECT is((SELECT string_agg(evidence ->> 'day' || ' ' || (evidence ->> 'fault'), ', ' ORDER BY evidence ->> 'day') FROM risk_screen.run_rule('desk', 'M01', '2026-11-20') WHERE hit), '2026-11-16 late, 2026-11-17 missing, 2026-11-18 invalid, 2026-11-19 control totals differ',
	'M01: the last second of T+1 is in time; late, missing, invalid and wrong totals hit');
SELECT is(filing.hits('M01', '2026-11-17'), 'P1 2026-11-16', 'M01: seen from the 17th only the 16th is late');
INSERT INTO filing.feed (feed_id, inst_id, role, report_date, received_at, valid, mode) VALUES ('r1', 'P3', 'txn', '2026-11-18', '2026-11-18 23:59:59+08', true, 'realtime'), ('r2', 'P3', 'txn', '2026-11-19', '2026-11-20 00:00+08', true, 'realtime'),
	('a1', 'P3', 'account', '2026-11-10', '2026-11-11', true, 'batch');
SELECT is(filing.hits('M01', '2026-11-20'), 'P1 2026-11-16 P1 2026-11-17 P1 2026-11-18 P1 2026-11-19 P3 2026-11-19', 'M01: real time means the same day; a register need not come every day');
INSERT INTO desk.feed_duty (line, role, valid_from, valid_to) VALUES ('INS', 'policy', '2026-11-18', '2026-11-19');
INSERT INTO desk.feed_duty (inst_id, role, valid_from) VALUES ('P3', 'account', '2026-11-19');
SELECT is((SELECT string_agg(subject_id || ' ' || (evidence ->> 'role'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'M01', '2026-11-20') WHERE hit AND evidence ->> 'role' <> 'txn'), 'I1 2026-11-18 policy, P3 2026-11-19 account',
	'M01: a duty is missed by who never filed, on its days only; an institution that has left owes nothing');

-- M02
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, payer_owner) VALUES ('ok', 'a', 'b', 1, '2026-11-10', 'P1', 'u'), ('x', 'a', NULL, 1, '2026-11-10', 'P2', 'u'), ('y', 'a', 'b', -1, '2026-11-10', 'P2', 'u'), ('z', 'a', 'b', 1, '2026-11-10', 'P3', NULL);
SELECT is(filing.hits('M02'), 'P2 P3', 'M02: counterparty, amount or user missing');
INSERT INTO filing.account (account_id) VALUES ('a');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, payer_owner) VALUES ('in', 'z', 'a', 1, '2026-11-10', 'P1', 'u');
SELECT is(filing.hits('M02'), 'P2 P3', 'M02: one side in the register is enough');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, payer_owner) VALUES ('out', 'z', 'y', 1, '2026-11-10', 'P1', 'u');
SELECT is(filing.hits('M02'), 'P1 P2 P3', 'M02: neither side is in the register');
SELECT is((SELECT evidence ->> 'account_unknown' FROM risk_screen.run_rule('desk', 'M02', '2026-11-20') WHERE subject_id = 'P1'), '1', 'M02: and it says how many');
SELECT filing.forget('txn', 'account');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, payer_owner) VALUES ('ok', 'a', 'b', 0, '2026-11-10', 'P1', 'u');
SELECT is(filing.hits('M02'), '', 'M02: nothing is an amount too; without a register no account is unknown');
INSERT INTO desk.feed_batch (role, inst_id, report_date, batch, state, received_at, last_received_at, digest, filed, quarantined, control_rows) VALUES
	('txn', 'P1', '2026-11-10', 'day', 'partial', '2026-11-11', '2026-11-11', '', 3, 3, 3), ('account', 'P2', '2026-11-10', 'day', 'partial', '2026-11-11', '2026-11-11', '', 3, 3, 3),
	('txn', 'P3', '2026-11-10', 'day', 'rejected', '2026-11-11', '2026-11-11', '', 3, 3, 3), ('txn', 'I1', '2026-11-10', 'day', 'rejected', '2026-11-11', '2026-11-11', '', 3, 3, 3);
INSERT INTO desk.feed_batch (role, inst_id, report_date, batch, state, received_at, last_received_at, digest, filed, loaded, control_rows) VALUES ('txn', 'I1', '2026-11-10', 'day', 'loaded', '2026-11-12', '2026-11-12', '', 3, 3, 3);
SELECT is(filing.hits('M02'), 'P1 P3', 'M02: rows in quarantine, until a later version mends them; other roles are not transfers');

-- M03
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on, matures_on, status) VALUES ('l1', 'P1', 600, '2026-01-01', '2027-01-01', 'current'), ('l2', 'P1', 400, '2026-01-01', '2026-06-01', 'overdue'), ('l3', 'P1', 999, '2026-01-01', '2026-11-01', 'repaid'), ('l4', 'P1', 999, '2026-01-01', '2027-01-01', 'failed'),
	('m1', 'P2', 1000, '2026-01-01', '2027-01-01', 'current'), ('n1', 'P3', 1000, '2026-01-01', '2027-01-01', 'current');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('P1', '2026-11-19', 'loan_balance', 1000), ('P1', '2026-11-18', 'loan_balance', 7), ('P2', '2026-11-19', 'loan_balance', 950), ('P3', '2026-11-19', 'loan_balance', 949), ('I1', '2026-11-19', 'loan_balance', 5);
SELECT is(filing.hits('M03'), 'P3', 'M03: 5 per cent is within, 5.1 is not; the newest figure counts; repaid and failed loans are not owed; no loans filed, nothing to compare with');
INSERT INTO filing.repayment (loan_id, paid_on, principal) VALUES ('n1', '2026-11-18', 51), ('n1', '2026-11-20', 500);
SELECT is(filing.hits('M03'), '', 'M03: repayments up to the day of the figure are taken off');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('P1', '2026-11-19', 'overdue_rate', 0.35);
SELECT is(filing.hits('M03'), '', 'M03: overdue rate 35 of 40 per cent, exactly the line');
UPDATE filing.position SET value = 0.3499 WHERE item = 'overdue_rate';
SELECT is((SELECT evidence ->> 'item' || ' ' || round((evidence ->> 'recomputed')::numeric, 2) FROM risk_screen.run_rule('desk', 'M03', '2026-11-20') WHERE hit), 'overdue_rate 0.40', 'M03: past the line');
INSERT INTO filing.policy (policy_id, inst_id, premium, sold_on) VALUES ('1', 'I1', 60, '2026-10-01'), ('2', 'I1', 40, '2026-10-31'), ('3', 'I1', 999, '2026-11-01');
INSERT INTO filing.position (inst_id, as_of, item, value, period_from) VALUES ('I1', '2026-10-31', 'premium', 200, '2026-10-01');
SELECT is((SELECT observed::text || ' ' || amount FROM risk_screen.run_rule('desk', 'M03', '2026-11-20') WHERE hit AND subject_id = 'I1'), '0.50000000000000000000 100', 'M03: premiums of the period');
SELECT is(filing.hits('M03', '2026-11-17'), 'I1', 'M03: figures filed later are not seen');

-- M04
INSERT INTO filing.ops_day (inst_id, day, server_ip, visits, complaints_in) SELECT i, d, '10.0.0.1', 2, 0 FROM unnest('{P1,P2,P3,I1}'::text[]) AS i, generate_series(date '2026-11-15', '2026-11-19', '1 day') AS d;
SELECT is(filing.hits('M04'), '', 'M04: every day up to the last due one');
DELETE FROM filing.ops_day WHERE inst_id = 'P2' AND day = '2026-11-17';
UPDATE filing.ops_day SET visits = NULL WHERE inst_id = 'P3' AND day = '2026-11-17';
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, payer_owner, channel) SELECT 'v' || u, 'a', 'b', 1, '2026-11-18 10:00+08', 'I1', u, 'app' FROM unnest('{u,v,v,I1}'::text[]) AS u;
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, payer_owner, channel) VALUES ('vc', 'a', 'b', 1, '2026-11-18 10:00+08', 'I1', 'x', 'counter');
SELECT is(filing.hits('M04'), 'P2 P3', 'M04: a missing day and an incomplete one; two customers and two visits agree, the counter and the institution itself do not count');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, payer_owner) VALUES ('w', 'a', 'b', 1, '2026-11-18 10:00+08', 'I1', 'w');
SELECT is(filing.hits('M04'), 'I1 P2 P3', 'M04: three customers, two visits');
SELECT is(filing.hits('M04', '2026-11-17'), '', 'M04: seen on the 17th nothing was due yet');

-- M07: the first row of a chain has no hash before
SELECT filing.forget('txn', 'loan', 'position', 'policy', 'repayment', 'ops_day');
CREATE FUNCTION filing.chain(inst text, n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	before text;
	mine text;
BEGIN
	FOR i IN 1..n LOOP
		mine := risk_screen.transfer_hash(inst || i, 'a', 'b', i, '2026-11-10 10:00+08', NULL, before);
		INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, hash, prev_hash) VALUES (inst || i, 'a', 'b', i, '2026-11-10 10:00+08', inst, mine, before);
		before := mine;
	END LOOP;
END $$;
CREATE FUNCTION filing.faults() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(coalesce(inst_id, '-') || ' ' || coalesce(evidence ->> 'fault', 'unknown') || ' ' || coalesce(evidence ->> 'transfers', ''), ', ' ORDER BY inst_id, evidence ->> 'fault') FROM risk_screen.run_rule('desk', 'M07', '2026-11-20')
$$;
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id) VALUES ('n1', 'a', 'b', 1, '2026-11-10', 'P2');
SELECT is(filing.faults(), '- unknown ', 'M07: where nobody files hashes nobody is judged by them, nor in order');
SELECT filing.chain('P1', 4);
SELECT is(filing.faults(), 'P2 unknown ', 'M07: a whole chain is in order; who files none, where others do, is unknown');
SELECT is(filing.unknowns('M07'), 'P2', 'M07: unknown');
DELETE FROM filing.txn WHERE txn_id = 'n1';
UPDATE filing.txn SET hash = upper(hash), prev_hash = upper(prev_hash) WHERE txn_id = 'P12';
SELECT is(filing.faults(), NULL, 'M07: the case of a hash does not matter, nor the scale of an amount');
UPDATE filing.txn SET amount = 2.50 WHERE txn_id = 'P12';
SELECT is(filing.faults(), 'P1 hash differs from contents ["P12"]', 'M07: changed contents');
UPDATE filing.txn SET amount = 2.00 WHERE txn_id = 'P12';
DELETE FROM filing.txn WHERE txn_id = 'P12';
SELECT is(filing.faults(), 'P1 chain broken ["P13"]', 'M07: a row taken out of the chain');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id) VALUES ('P1x', 'a', 'b', 1, '2026-11-10', 'P1'), ('old', 'a', 'b', 1, '2020-11-10', 'P1');
INSERT INTO filing.txn SELECT * FROM filing.txn WHERE txn_id = 'P14';
SELECT is(filing.faults(), 'P1 chain broken ["P13"], P1 chain forks ["P14", "P14"], P1 hash used twice ["P14", "P14"], P1 without hash ["P1x"]', 'M07: repeated, and without a hash inside the window');
SELECT is(filing.hits('M07', '2026-11-09'), '', 'M07: nothing of it was there the day before');
SELECT filing.forget('txn');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, hash) SELECT 's' || i, 'a', 'b', 1, '2026-11-10', 'P1', risk_screen.transfer_hash('s' || i, 'a', 'b', 1, '2026-11-10', NULL, NULL) FROM generate_series(1, 2) AS i;
SELECT is(filing.faults(), 'P1 not chained ["s1", "s2"]', 'M07: hashes without a chain');
DELETE FROM filing.txn WHERE txn_id = 's2';
CALL risk_screen.seal_day('desk', '2026-11-10', '{txn}');
UPDATE filing.txn SET review_id = 'late' WHERE txn_id = 's1';
SELECT is(filing.faults(), NULL, 'M07: not yet checked');
SELECT count(*) FROM risk_screen.check_seals('desk', '2026-11-10', '2026-11-10');
UPDATE desk.seal_check SET checked_at = '2026-11-20 12:00+08';
SELECT is(filing.faults(), 'P1 changed since sealed ["s1"]', 'M07: what the last check of the seals found');
SELECT is(filing.hits('M07', '2026-11-15'), '', 'M07: a later check is not seen');

-- M24
INSERT INTO desk.evidence (inst_id, kind, title, hash, collected_at, collected_by, registered_at, content) VALUES
	('P1', 'copy', 'whole', repeat('0a', 32), '2026-11-10 10:00+08', 'li', '2026-11-10 12:00+08', NULL), ('P1', 'copy', 'no hash', NULL, '2026-11-10 10:00+08', 'li', '2026-11-10 12:00+08', NULL),
	('P1', 'bundle', 'data', NULL, '2026-11-10 10:00+08', 'li', '2026-11-10 12:00+08', '{"a": 1}'), ('P1', 'record', 'nobody', repeat('0a', 32), '2026-11-10 10:00+08', '', '2026-11-10 12:00+08', NULL),
	('P1', 'record', 'later', repeat('0a', 32), '2026-11-11 10:00+08', 'li', '2026-11-10 12:00+08', NULL), ('P1', 'registration', 'today', repeat('0a', 32), '2026-11-20 10:00+08', 'li', '2026-11-20 12:00+08', NULL);
CALL risk_screen.seal_day('desk', '2026-11-10', '{evidence}');
SELECT is((SELECT string_agg(e.title || ' ' || (r.evidence ->> 'faults'), ', ' ORDER BY e.title) FROM risk_screen.run_rule('desk', 'M24', '2026-11-20') AS r JOIN desk.evidence AS e ON e.evidence_id::text = r.subject_id),
	'later ["without who and when"], no hash ["without hash"], nobody ["without who and when"]', 'M24: hash, who and when; data are their own hash; there is time to seal');
SELECT is((SELECT string_agg(e.title, ', ' ORDER BY e.title) FROM risk_screen.run_rule('desk', 'M24', '2026-11-21') AS r JOIN desk.evidence AS e ON e.evidence_id::text = r.subject_id WHERE r.evidence -> 'faults' ? 'not sealed'), 'today', 'M24: not sealed in time');
UPDATE desk.evidence SET uri = 'elsewhere' WHERE title = 'whole';
SELECT count(*) FROM risk_screen.check_seals('desk', '2026-11-10', '2026-11-10', '{evidence}');
UPDATE desk.seal_check SET checked_at = '2026-11-20 12:00+08';
SELECT is((SELECT r.evidence ->> 'faults' FROM risk_screen.run_rule('desk', 'M24', '2026-11-20') AS r JOIN desk.evidence AS e ON e.evidence_id::text = r.subject_id WHERE e.title = 'whole'), '["changed since sealed"]', 'M24: altered after sealing');
SELECT is((SELECT count(*)::int FROM risk_screen.run_rule('desk', 'M24', '2026-11-20') WHERE inst_id IS NOT NULL), 0, 'M24: charges no institution');

SELECT * FROM finish();
ROLLBACK;
