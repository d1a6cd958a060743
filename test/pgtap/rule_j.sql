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
SELECT is((SELECT string_agg(subject_id, ' ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'M22', '2026-11-20')), 'X2 X3', 'M22: business outside the province of registration');

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

SELECT * FROM finish();
ROLLBACK;
