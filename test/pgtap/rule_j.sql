-- Case files of sections J and M, and of D, E, F, I, K.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"P1","lines":["P2P"],"uscc":"U1"},{"inst_id":"P2","lines":["P2P"],"uscc":"U2"},{"inst_id":"P3","lines":["P2P"],"registered_on":"2026-06-01"},{"inst_id":"I1","lines":["INS"]},{"inst_id":"E1","lines":["EC"]}]');

-- J01, J03
INSERT INTO filing.event (event_id, inst_id, kind, occurred_at, disclosed_at) VALUES ('next', 'P1', 'major', '2026-11-10 23:00+08', '2026-11-11 22:00+08'), ('late', 'P1', 'major', '2026-11-10 10:00+08', '2026-11-12 00:00+08'), ('never', 'P1', 'major', '2026-11-10', NULL), ('today', 'P1', 'major', '2026-11-20 10:00+08', NULL), ('small', 'P1', 'drill', '2026-11-10', NULL);
SELECT is(filing.hits('J01'), 'late never', 'J01: the next day is in time, the day after is not');
INSERT INTO filing.audit (audit_id, inst_id, subject, period_from, period_to, published_on) VALUES ('1', 'P1', 'custody', '2025-01-01', '2025-12-31', '2026-03-31'), ('2', 'P2', 'custody', '2025-01-01', '2025-12-31', NULL), ('3', 'P2', 'custody', '2024-01-01', '2024-12-31', '2025-03-31');
SELECT is(filing.hits('J03'), 'P2', 'J03: unpublished this year; young platforms have time');

-- J05, J08
INSERT INTO filing.blacklist (list_name, subject_id, uscc, reason, valid_from, valid_to) VALUES ('b', 'P1', NULL, 'x', '2026-01-01', NULL), ('b', NULL, 'U2', 'y', '2026-01-01', '2026-11-20'), ('b', 'bad boss', NULL, '非法集资', '2026-01-01', NULL);
SELECT is(filing.hits('J05'), 'P1', 'J05: on the list; taken off today is off');
SELECT is(filing.hits('J05', '2026-11-19'), 'P1 P2', 'J05: found by credit code the day before');
INSERT INTO filing.restriction (restriction_id, subject_id, kind, valid_from, valid_to) VALUES ('r1', 'P1', 'procurement', '2026-01-01', NULL), ('r2', 'P2', 'procurement', '2026-01-01', '2026-11-01');
INSERT INTO filing.award (award_id, subject_id, kind, awarded_on) VALUES ('a1', 'P1', 'procurement', '2026-11-01'), ('a2', 'P1', 'bank_credit', '2026-11-01'), ('a3', 'P2', 'procurement', '2026-11-01');
SELECT is(filing.hits('J08'), 'a1', 'J08: the kind that is barred, while it is barred');

-- J09, J10, J13
INSERT INTO filing.person (person_id, inst_id, post, post_from, post_to, qualified, qualified_to, ban_from, ban_to) VALUES ('life', 'P1', 'executive', '2026-01-01', NULL, true, NULL, '2025-01-01', NULL), ('over', 'P1', 'executive', '2026-01-01', NULL, true, NULL, '2020-01-01', '2026-01-01'),
	('left', 'P1', 'executive', '2020-01-01', '2026-01-01', false, NULL, '2025-01-01', NULL), ('elsewhere', 'P2', 'staff', '2026-01-01', NULL, NULL, NULL, NULL, NULL), ('elsewhere', 'P3', 'staff', '2019-01-01', '2020-01-01', NULL, NULL, '2020-01-01', NULL),
	('unfit', 'P2', 'director', '2026-01-01', NULL, false, NULL, NULL, NULL), ('expired', 'P2', 'executive', '2026-01-01', NULL, true, '2026-11-20', NULL, NULL), ('clerk', 'P2', 'staff', '2026-01-01', NULL, false, NULL, NULL, NULL);
SELECT is(filing.hits('J09'), 'elsewhere life', 'J09: bans for life, also pronounced at another firm; ended bans and people who left do not hit');
SELECT is(filing.hits('J10'), 'expired unfit', 'J10: not qualified, or no longer; staff need none');
INSERT INTO filing.equity (owner, owned, share) VALUES ('mid', 'P2', 0.8), ('bad boss', 'mid', 0.9), ('bad boss', 'P3', 0.01);
SELECT is(filing.hits('J13'), 'P2', 'J13: the controller two layers up is black-listed; a one per cent holder does not count');

-- M11, M22
INSERT INTO filing.account (account_id, inst_id, on_central_register, closed_on, owner_kind) VALUES ('in', 'P1', true, NULL, NULL), ('out', 'P2', false, NULL, NULL), ('gone', 'P3', false, '2026-01-01', NULL), ('res', 'E1', true, NULL, 'reserve');
SELECT is(filing.hits('M11'), 'P2', 'M11: not on the central register; closed accounts do not count');
INSERT INTO filing.institution (inst_id, province, operating_provinces) VALUES ('X1', '上海', '{上海}'), ('X2', '上海', '{上海,江苏}'), ('X3', '上海', '{浙江}'), ('X4', '上海', NULL);
SELECT is((SELECT string_agg(subject_id, ' ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'M22', '2026-11-20') WHERE observed IS NOT NULL), 'X2 X3', 'M22: business outside the province of registration');

-- D07, E05, E17, E19, F15
INSERT INTO filing.product (product_id, inst_id, offering, risk_level, reg_no, issued_on, ended_on) VALUES ('priv', 'E1', 'private', 4, 'R1', '2026-01-01', NULL), ('pub', 'E1', 'public', 2, NULL, '2026-01-01', NULL), ('old', 'E1', 'public', 2, NULL, '2026-01-01', '2026-11-20');
INSERT INTO filing.investor (investor_id, kind, qualified, qualified_to, risk_capacity) VALUES ('rich', 'person', true, NULL, 4), ('poor', 'person', false, NULL, 3), ('lapsed', 'person', true, '2026-11-01', 5), ('sold', 'person', false, NULL, 5);
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) VALUES ('rich', 'priv', 5, '2026-11-10'), ('poor', 'priv', 5, '2026-11-10'), ('lapsed', 'priv', 5, '2026-11-10'), ('sold', 'priv', 5, '2026-10-10'), ('sold', 'priv', 0, '2026-11-10'), ('poor', 'pub', 5, '2026-11-10'), ('pub', 'priv', 5, '2026-11-10');
SELECT is(filing.hits('D07'), 'lapsed poor', 'D07: not, or no longer, qualified; public products, sold holdings and products as holders do not hit');
SELECT is(filing.hits('E19'), 'poor', 'E19: level 4 for a customer of level 3; equal levels are right');
SELECT is(filing.hits('F15'), 'pub', 'F15: no number in the register; ended products do not count');
INSERT INTO filing.licence (inst_id, biz, valid_from, valid_to) VALUES ('good', 'INS', '2020-01-01', NULL), ('lapsed', 'INS', '2020-01-01', '2026-01-01'), ('wrong', 'PAY', '2020-01-01', NULL);
INSERT INTO filing.cooperation (coop_id, inst_id, partner_id, biz, valid_from, valid_to, aml_clause) VALUES ('c1', 'I1', 'good', 'INS', '2026-01-01', NULL, true), ('c2', 'I1', 'lapsed', 'INS', '2026-01-01', NULL, NULL), ('c3', 'I1', 'wrong', 'INS', '2026-01-01', NULL, false), ('c4', 'I1', 'wrong', 'INS', '2025-01-01', '2026-01-01', false), ('c5', 'P1', 'wrong', 'INS', '2026-01-01', NULL, true);
SELECT is(filing.hits('E05'), 'c2 c3', 'E05: partner without the licence; ended cooperation and other lines do not hit');
SELECT is(filing.hits('I33'), 'c3', 'I33: the clause is missing; unknown is not missing');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, purpose) VALUES ('e1', 'res', 'b', 1, '2026-11-10', 'redemption'), ('e2', 'in', 'b', 1, '2026-11-10', 'redemption'), ('e3', 'res', 'b', 1, '2026-11-10', 'settlement');
SELECT is(filing.hits('E17'), 'e1', 'E17: reserve money for redemptions');

INSERT INTO filing.product (product_id, inst_id, biz, issued_on, ended_on) VALUES ('ins1', 'good', 'INS', '2026-01-01', NULL), ('ins2', 'lapsed', 'INS', '2026-01-01', NULL), ('ins3', 'wrong', 'INS', '2026-01-01', '2026-11-20'), ('pay', 'wrong', 'PAY', '2026-01-01', NULL), ('am', 'wrong', 'AM', '2026-01-01', NULL);
SELECT is(filing.hits('E08'), 'lapsed', 'E08: insurance on an expired licence; a product that ended does not count');
SELECT is(filing.hits('F01'), 'lapsed wrong', 'F01: business without the licence for it');

-- I01
INSERT INTO filing.kyc (user_id, inst_id, online_ok, offline_ok, checked_on, valid_to) VALUES ('u', 'P1', true, NULL, '2026-01-01', NULL), ('v', 'P1', true, NULL, '2026-01-01', NULL), ('v', 'P1', NULL, true, '2026-02-01', NULL), ('w', 'P1', true, true, '2026-01-01', '2026-11-20'), ('quiet', 'P1', false, false, '2026-01-01', NULL);
INSERT INTO filing.kyc (user_id, inst_id, online_ok, offline_ok, checked_on) VALUES ('w', 'P1', true, false, '2026-11-01');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner) SELECT 'k' || u, 'a', 'b', 1, timestamptz '2026-11-10', u FROM unnest(ARRAY['u', 'v', 'w']) AS u;
SELECT is(filing.hits('I01'), 'u w', 'I01: one check only, or an expired one; two checks at different times are right, inactive users do not count');

-- K05, K12, K15
INSERT INTO filing.authority_order (order_id, inst_id, kind, issued_at) VALUES ('o', 'P1', 'suspend', '2026-11-01 10:00+08'), ('p', 'P2', 'rectify', '2026-11-01');
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on) VALUES ('1', 'P1', 7, '2026-11-01'), ('2', 'P1', 8, '2026-11-02'), ('3', 'P2', 9, '2026-11-02');
SELECT is(filing.hits('K05') || (SELECT amount FROM risk_screen.run_rule('desk', 'K05', '2026-11-20')), 'P18', 'K05: new loans after the day of the order');
INSERT INTO filing.freeze_order (freeze_id, account_id, kind, from_at, to_at) VALUES ('f', 'cold', 'account', '2026-11-10 10:00+08', '2026-11-12 10:00+08');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at) VALUES ('f0', 'cold', 'b', 1, '2026-11-10 09:59:59+08'), ('f1', 'cold', 'b', 1, '2026-11-10 10:00+08'), ('f2', 'cold', 'b', 1, '2026-11-12 10:00+08'), ('f3', 'a', 'cold', 1, '2026-11-11');
SELECT is(filing.hits('K12'), 'f1', 'K12: out of a frozen account, from the first moment to the last');
INSERT INTO filing.penalty (penalty_id, subject_id, subject_kind, case_ref, code, decided_on) VALUES ('1', 'P1', 'institution', 'both', 'fine', '2026-11-01'), ('2', 'x', 'person', 'both', 'ban', '2026-11-01'), ('3', 'P2', 'institution', 'firm only', 'fine', '2026-11-01');
SELECT is(filing.hits('K15'), 'firm only', 'K15: the person was not punished');

-- J01: the monthly report; J04: freshness
SELECT filing.forget(VARIADIC (SELECT array_agg(role) FROM risk_screen.role));
SELECT is(filing.unknowns('J01'), 'desk', 'J01: neither events nor disclosures: unknown');
SELECT filing.put('institution', '[{"inst_id":"A","lines":["P2P"]},{"inst_id":"B","lines":["P2P"]},{"inst_id":"C","lines":["P2P"],"registered_on":"2026-11-01"},{"inst_id":"D","lines":[]},{"inst_id":"E","lines":["PAY"],"registered_on":"2020-01-01"}]');
INSERT INTO filing.disclosure (disclosure_id, inst_id, item, period, value, disclosed_at) VALUES ('1', 'A', 'annual_rate', '2026-09-30', 0.1, '2026-10-06'), ('2', 'A', 'annual_rate', '2026-10-31', 0.1, '2026-11-15'), ('3', 'B', 'annual_rate', '2026-10-01', 0.1, '2026-10-06'), ('4', 'C', 'annual_rate', '2026-11-20', 0.1, '2026-11-20');
SELECT is((SELECT string_agg(inst_id || ' ' || (evidence ->> 'month'), ', ' ORDER BY inst_id, evidence ->> 'month') FROM risk_screen.run_rule('desk', 'J01', '2026-11-20') WHERE hit), 'B 2026-09, E 2026-09, E 2026-10', 'J01: a month without a report; the month that is still running, firms younger than it and firms without a line do not count');
SELECT is(filing.hits('J01', '2026-11-15'), 'B E', 'J01: on the fifteenth day October is not yet missing');
SELECT is((SELECT count(*) FROM risk_screen.run_rule('desk', 'J01', '2026-11-15') WHERE hit), 2::bigint, 'J01: September only');
SELECT is(filing.hits('J04'), 'E', 'J04: never since 2020');
UPDATE filing.disclosure SET disclosed_at = '2026-10-06' WHERE inst_id = 'A';
SELECT is(filing.hits('J04'), 'E', 'J04: 45 days ago is fresh');
UPDATE filing.disclosure SET disclosed_at = '2026-10-05 23:59+08' WHERE inst_id = 'A';
SELECT is(filing.hits('J04'), 'A E', 'J04: 46 days ago is not');
DELETE FROM filing.disclosure WHERE inst_id = 'B';
SELECT is(filing.unknowns('J04'), 'B', 'J04: nothing disclosed and no date of registration: unknown');

-- J06, J16
SELECT is(filing.unknowns('J06'), 'desk', 'J06: no filings: unknown');
INSERT INTO filing.filing (filing_id, inst_id, kind, received_at) VALUES ('0', 'A', 'p2p_registration', '2020-01-01');
INSERT INTO filing.equity (owner, owned, share) VALUES ('top', 'A', 0.8), ('top', 'sister', 0.9), ('someone', 'A', 0.1), ('small', 'A', 0.04);
INSERT INTO filing.party (party_id, kind, name, registered_on) VALUES ('top', 'enterprise', '甲控股', NULL), ('sister', 'enterprise', '乙', NULL), ('someone', 'person', '张三', NULL), ('small', 'enterprise', '丙', NULL);
SELECT is(filing.unknowns('J06') || ' ' || filing.unknowns('J16'), 'desk desk', 'J06, J16: no annual reports of anybody: unknown');
INSERT INTO filing.filing (filing_id, inst_id, kind, period_to, received_at, status) VALUES ('1', 'A', 'annual', '2025-12-31', '2026-05-01', NULL), ('2', 'top', 'annual', '2025-12-31', '2026-05-01', NULL), ('3', 'E', 'annual', '2024-12-31', '2026-05-01', NULL), ('4', 'B', 'annual', NULL, '2026-05-01', 'accepted'), ('5', 'A', 'risk_notice', NULL, '2026-02-01', NULL), ('6', 'B', 'risk_notice', NULL, '2025-11-19', NULL), ('7', 'E', 'risk_notice', NULL, '2026-05-01', 'rejected');
SELECT is((SELECT string_agg(subject_id || ':' || (evidence -> 'missing_reports' -> 0 ->> 'party_id'), ' ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'J06', '2026-11-20') WHERE hit), 'A:sister E:E', 'J06: a sister firm has not reported, another reported an older year; people, small holders and firms younger than the year do not count');
SELECT is((SELECT evidence ->> 'year' FROM risk_screen.run_rule('desk', 'J06', '2026-06-30') WHERE hit), '2024', 'J06: on 30 June the reports of 2025 are not yet due');
INSERT INTO filing.event (event_id, inst_id, kind, occurred_at) VALUES ('e', 'A', 'major', '2026-10-01'), ('f', 'C', 'drill', '2026-10-01');
SELECT is((SELECT string_agg(subject_id || ' ' || (evidence ->> 'not_filed'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'J16', '2026-11-20') WHERE hit), 'A ["major_event"], B ["risk_notice"], E ["risk_notice"]',
	'J16: an event without a report, a notice of more than a year ago, a rejected one; young firms have time');

-- J07
SELECT is(filing.unknowns('J07'), 'desk', 'J07: no penalties: unknown');
INSERT INTO filing.penalty (penalty_id, subject_id, subject_kind, code, decided_on, shared_at) VALUES ('in time', 'A', 'institution', 'fine', '2026-11-02', '2026-11-11'), ('late', 'B', 'institution', 'fine', '2026-11-02', '2026-11-12'), ('open', 'C', 'institution', 'fine', '2026-11-02', NULL), ('new', 'D', 'institution', 'fine', '2026-11-18', NULL), ('log', 'E', 'institution', 'fine', '2026-11-02', NULL);
INSERT INTO filing.share_log (share_id, direction, authority, kind, subject_id, sent_at) VALUES ('s', 'sent', '信用平台', 'penalty', 'E', '2026-11-05'), ('t', 'received', '信用平台', 'penalty', 'C', '2026-11-05');
SELECT is(filing.hits('J07'), 'late open', 'J07: eight working days, or never; seven, a recent one and one in the exchange log do not hit');

-- J11
INSERT INTO filing.eligible_bank (bank_id, list_name, valid_from, valid_to) VALUES ('good', 'custody', '2020-01-01', NULL), ('gone', 'custody', '2020-01-01', '2026-11-20'), ('wrong', 'reserve', '2020-01-01', NULL), ('good', 'reserve', '2020-01-01', NULL), ('back', 'custody', '2020-01-01', '2024-01-01'), ('back', 'custody', '2025-01-01', NULL);
SELECT is(filing.unknowns('J11'), 'desk', 'J11: no accounts: unknown');
INSERT INTO filing.account (account_id, inst_id, owner_kind, bank_id, bank_kind, closed_on) VALUES ('1', 'A', 'custody', 'good', NULL, NULL), ('2', 'A', 'custody', 'gone', NULL, NULL), ('3', 'A', 'custody', 'wrong', NULL, NULL), ('4', 'E', 'reserve', 'good', NULL, NULL), ('5', 'E', 'reserve', 'pbc', 'pboc', NULL), ('6', 'A', 'custody', 'never', NULL, '2026-01-01'), ('7', 'A', 'custody', NULL, NULL, NULL), ('8', 'A', 'custody', 'back', NULL, NULL), ('9', 'A', 'client', 'never', NULL, NULL);
SELECT is(filing.hits('J11'), 'gone wrong', 'J11: left the list today, or stands on another list; the central bank, closed accounts, a bank that came back and clients'' own accounts do not hit');
SELECT is(filing.hits('J11', '2026-11-19'), 'wrong', 'J11: the day before it was on the list');
SELECT is(filing.unknowns('J11'), '(no bank filed)', 'J11: bank not filed: unknown');

-- J12
SELECT is(filing.unknowns('J12'), 'desk', 'J12: no directory: unknown');
UPDATE filing.institution SET name = '上海某某科技有限公司', uscc = 'U1' WHERE inst_id = 'A';
INSERT INTO filing.directory (source, inst_id, uscc, name, listed_on) VALUES ('register', 'A', NULL, 'x', NULL), ('bureau', NULL, 'U1', 'y', NULL), ('census', NULL, NULL, '上海某某科技有限公司', NULL), ('register', NULL, 'U9', '深圳新公司', NULL), ('bureau', NULL, NULL, '深圳（新）公司', '2026-12-01'), ('census', 'B', NULL, 'b', NULL), ('register', 'B', NULL, 'b', NULL), ('bureau', 'B', NULL, 'b', NULL);
SELECT is((SELECT string_agg(subject_id || ' ' || (evidence ->> 'missing_in'), ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'J12', '2026-11-20') WHERE hit AND subject_id IN ('A', 'B', 'C', 'U9')), 'A ["census"], C ["bureau", "census", "register"], U9 ["bureau", "census"]',
	'J12: known by number, code or name; in no list at all; in the register only; an entry of next month does not count');

SELECT * FROM finish();
ROLLBACK;
