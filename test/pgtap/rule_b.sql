-- Case files of section B: the smallest rows that must hit, look-alikes that
-- must not, boundary values, and missing data that must give unknown.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"P1","name":"甲","lines":["P2P"]},{"inst_id":"P2","name":"乙","lines":["P2P"]},{"inst_id":"P3","name":"丙","lines":["P2P"]},
	{"inst_id":"PAY1","name":"支付","lines":["PAY"]},{"inst_id":"INS1","name":"保险","lines":["INS"]}]');

-- B02: share of the ten largest; missing figures are unknown, not zero
SELECT is(filing.unknowns('B02'), 'desk', 'B02: no figures at all: unknown');
SELECT filing.put('position', '[{"inst_id":"P1","as_of":"2026-10-31","item":"loan_balance","value":1}]');
SELECT is(filing.unknowns('B02'), 'ALL', 'B02: figures without traded amounts: unknown');
INSERT INTO filing.position (inst_id, as_of, item, value) SELECT 'T' || i, '2026-10-31', 'traded_amount', 10 FROM generate_series(1, 15) AS i;
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('T16', '2026-10-31', 'traded_amount', 50), ('T17', '2026-12-01', 'traded_amount', 1e6), ('T1', '2026-01-01', 'traded_amount', 1e6);
SELECT is(filing.value('B02', 'ALL'), 0.7, 'B02: (50 + 9 x 10) of 200; later and older figures do not count');
SELECT filing.forget('position');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('T1', '2026-10-31', 'traded_amount', 5);
SELECT is(filing.value('B02', 'ALL'), 1.0, 'B02: fewer than ten platforms have everything');

-- B03
SELECT filing.put('loan', '[{"loan_id":"L1","inst_id":"P1","amount":100,"started_on":"2026-09-01","matures_on":"2026-12-01"},
	{"loan_id":"L2","inst_id":"P1","amount":300,"started_on":"2026-09-01","matures_on":"2026-12-02"},
	{"loan_id":"L3","inst_id":"P1","amount":900,"started_on":"2026-01-01","matures_on":"2026-11-20"}]');
SELECT is(filing.value('B03', 'P1'), 0.5, 'B03: exactly three months is not over three months; repaid loans do not count');
SELECT is((SELECT evidence ->> 'by_amount' FROM risk_screen.run_rule('desk', 'B03', '2026-11-20')), '0.750000', 'B03: by amount');
SELECT filing.forget('loan');

-- B04, B07, B08: the last filed figures against floors
SELECT filing.forget('position');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES
	('P1', '2026-11-10', 'guarantee_fund', 99), ('P1', '2026-11-10', 'outstanding', 100), ('P2', '2026-11-10', 'guarantee_fund', 100), ('P2', '2026-11-10', 'outstanding', 100), ('P3', '2026-11-10', 'outstanding', 100);
SELECT is(filing.hits('B04'), 'P1', 'B04: 0.99 hits, exactly 1 does not');
SELECT is(filing.unknowns('B04'), 'P3', 'B04: guarantee funds not filed: unknown');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('P1', '2026-11-10', 'cash', 100), ('P2', '2026-11-10', 'cash', 100);
SELECT filing.put('debt', '[{"debt_id":"D1","inst_id":"P1","due_on":"2026-12-20","amount":100},{"debt_id":"D2","inst_id":"P1","due_on":"2026-12-21","amount":999},
	{"debt_id":"D3","inst_id":"P2","due_on":"2026-12-20","amount":100},{"debt_id":"D4","inst_id":"P2","due_on":"2026-11-01","amount":1},{"debt_id":"D5","inst_id":"P3","due_on":"2026-11-25","amount":1}]');
SELECT is(filing.hits('B07'), 'P2', 'B07: day 30 counts, day 31 does not, overdue debt does');
SELECT is(filing.unknowns('B07'), 'P3', 'B07: debt but no cash figure: unknown');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('P1', '2026-11-10', 'loan_balance', 100), ('P1', '2026-11-10', 'npl', 5), ('P2', '2026-11-10', 'loan_balance', 100), ('P2', '2026-11-10', 'npl', 4.99), ('P3', '2026-11-10', 'loan_balance', 100);
SELECT is(filing.hits('B08'), 'P1', 'B08: 5 % hits, 4.99 % does not');
SELECT is(filing.unknowns('B08'), 'P3', 'B08: no NPL figure: unknown');

-- B05, B06
SELECT filing.forget('position');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('INS1', '2026-10-31', 'surrender', 15), ('INS1', '2026-10-31', 'reserve_open', 100), ('INS1', '2026-10-31', 'premium_long', 50),
	('INS1', '2026-10-31', 'claims_paid', 30), ('INS1', '2026-10-31', 'claims_reserve_change', -5), ('INS2', '2026-10-31', 'surrender', 1);
SELECT is(filing.value('B05', 'INS1'), 0.1, 'B05: 15 / (100 + 50)');
SELECT is(filing.unknowns('B05'), 'INS2', 'B05: no reserve or premium: unknown');
SELECT is(filing.unknowns('B06'), 'INS1', 'B06: no earned premium: unknown');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('INS1', '2026-10-31', 'premium_earned', 100);
SELECT is(filing.value('B06', 'INS1'), 0.25, 'B06: (30 - 5) / 100');

-- B09, B10
SELECT filing.put('loan', '[{"loan_id":"L1","inst_id":"P1","amount":100,"started_on":"2026-09-01","matures_on":"2027-09-01"}]');
SELECT filing.put('collateral', '[{"collateral_id":"C1","loan_id":"L1","appraised":300,"accepted":200},{"collateral_id":"C2","loan_id":"L1","appraised":100,"accepted":100},{"collateral_id":"C3","loan_id":"L1","appraised":100}]');
SELECT is(filing.value('B09', 'P1'), 0.25, 'B09: haircut weighted by appraised value, unjudged items left out');
SELECT filing.put('ops_day', '[{"inst_id":"P1","day":"2026-11-20","failures":2},{"inst_id":"P1","day":"2026-10-22","failures":3},{"inst_id":"P1","day":"2026-10-21","failures":50}]');
SELECT is(filing.value('B10', 'P1'), 5.0, 'B10: thirty days, the as_of day included');

-- B11: open complaints count only once they are old enough
INSERT INTO filing.complaint (complaint_id, inst_id, received_at, solved_at) SELECT 'a' || i, 'P1', '2026-10-01', CASE WHEN i <= 5 THEN timestamptz '2026-10-05' END FROM generate_series(1, 10) AS i;
INSERT INTO filing.complaint (complaint_id, inst_id, received_at, solved_at) SELECT 'b' || i, 'P2', '2026-10-01', CASE WHEN i <= 6 THEN timestamptz '2026-10-05' END FROM generate_series(1, 10) AS i;
INSERT INTO filing.complaint (complaint_id, inst_id, received_at) SELECT 'c' || i, 'P2', '2026-11-10' FROM generate_series(1, 50) AS i;
INSERT INTO filing.complaint (complaint_id, inst_id, received_at) SELECT 'd' || i, 'P3', '2026-10-01' FROM generate_series(1, 9) AS i;
SELECT is(filing.hits('B11'), 'P1', 'B11: 50 % hits, 60 % does not, new open ones and fewer than ten do not count');

-- B12: 49, 50, 51; days are Shanghai's; two days do not add up
SELECT is(filing.unknowns('B12'), 'desk', 'B12: no transfers filed: unknown');
SELECT filing.pay('u49', 49, '2026-11-18', 10), filing.pay('u50', 50, '2026-11-18', 10), filing.pay('u51', 51, '2026-11-18', 10);
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner)
SELECT 'n' || i, 'acc-night', 'shop', 1, timestamptz '2026-11-18 00:00+08' + (i - 30) * interval '1 minute', 'night' FROM generate_series(0, 59) AS i;
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner) SELECT 'f' || i, 'acc-firm', 'shop', 1, timestamptz '2026-11-18 09:00+08' + i * interval '1 minute', 'P2' FROM generate_series(1, 90) AS i;
SELECT is(filing.hits('B12'), 'u50 u51', 'B12: 50 hits (以上 includes), 49 does not, 60 around midnight do not, institutions are no users');
INSERT INTO risk_screen.parameter (code, value, operator, sense) VALUES ('user_txn_sliding', 1, '=', 'value');
SELECT is(filing.hits('B12'), 'night u50 u51', 'B12: with the switch any 24 hours count');
SELECT is(filing.hits('B12', '2026-11-17'), '', 'B12: nothing later than as_of is seen');
SELECT is(filing.hits('B12', '2027-06-01'), '', 'B12: nothing older than the window is seen');

-- B13: 29.9 and 30 %
SELECT filing.forget('position');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES
	('P1', '2026-11-10', 'loan_balance', 10000000), ('P1', '2026-11-17', 'loan_balance', 13000000),
	('P2', '2026-11-10', 'loan_balance', 10000000), ('P2', '2026-11-17', 'loan_balance', 12990000), ('P2', '2026-11-19', 'loan_balance', 12995000),
	('P3', '2026-11-10', 'loan_balance', 100), ('P3', '2026-11-17', 'loan_balance', 50000),
	('P4', '2026-11-17', 'loan_balance', 13000000), ('P5', '2026-11-01', 'loan_balance', 10000000), ('P5', '2026-11-20', 'loan_balance', 99000000);
SELECT is(filing.hits('B13'), 'P1', 'B13: 30 % hits, 29.9 % does not, a small base does not');
SELECT is(filing.unknowns('B13'), 'P4 P5', 'B13: no balance a week earlier (or only a stale one): unknown');

-- B14: one side, one day, exactly 50,000; reviewed or foreign money does not count
SELECT filing.forget('txn');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner, payee_owner, currency, review_id) VALUES
	('1', 'a', 'x1', 49999.99, '2026-11-18 10:00+08', 'under', 'o1', NULL, NULL),
	('2', 'b', 'x2', 25000, '2026-11-18 00:00+08', 'two', 'o2', NULL, NULL), ('3', 'b', 'x3', 25000, '2026-11-18 23:59:59+08', 'two', 'o3', NULL, NULL),
	('4', 'c', 'x4', 25000, '2026-11-18 23:59+08', 'split', 'o4', NULL, NULL), ('5', 'c', 'x5', 25000, '2026-11-19 00:00+08', 'split', 'o5', NULL, NULL),
	('6', 'd', 'x6', 80000, '2026-11-18 10:00+08', 'checked', 'o6', NULL, 'R1'), ('7', 'e', 'x7', 80000, '2026-11-18 10:00+08', 'dollars', 'o7', 'USD', NULL),
	('8', 'x8', 'f', 30000, '2026-11-18 10:00+08', 'o8', 'through', NULL, NULL), ('9', 'f', 'x9', 30000, '2026-11-18 11:00+08', 'through', 'o9', NULL, NULL),
	('10', 'y', 'g', 50000, '2026-11-18 11:00+08', 'P1', 'receiver', NULL, NULL);
UPDATE filing.txn SET inst_id = 'P1';
SELECT is(filing.hits('B14'), 'receiver two', 'B14: 50,000 on one side and day hits; 49,999.99, two days, in plus out, reviewed and foreign money do not');

-- B15, B16: golden rate of a loan, cap of its date and term
SELECT filing.forget('loan');
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on, matures_on, rate) VALUES
	('cheap', 'P1', 10000, '2025-01-15', '2026-12-15', 0.128), ('dear', 'P2', 10000, '2025-01-15', '2026-01-15', 0.128), ('none', 'P3', 10000, '2026-01-15', '2027-01-15', 0.1),
	('cut', 'P4', 10000, '2026-01-15', '2027-01-15', 0.1), ('old', 'P1', 10000, '2020-01-15', '2021-01-15', 0.5);
INSERT INTO filing.cash_flow (loan_id, paid_on, amount) SELECT 'dear', date '2025-01-15' + make_interval(months => i), CASE WHEN i = 0 THEN 9700 ELSE -940 END FROM generate_series(0, 12) AS i;
INSERT INTO filing.cash_flow (loan_id, paid_on, amount) VALUES ('cheap', '2025-01-15', 10000), ('cheap', '2026-12-15', -11000), ('cut', '2026-01-15', 10000), ('cut', '2026-02-15', -900), ('old', '2020-01-15', 1), ('old', '2021-01-15', -9);
SELECT is(filing.hits('B15', '2026-01-10'), 'dear', 'B15: 33.1 % all-in is over four times the benchmark, a cheap loan is not');
SELECT is(round(filing.value('B15', 'dear', '2026-01-10'), 9), 0.331107673, 'B15: the golden rate with its up-front fee');
SELECT is(filing.unknowns('B15'), 'cut none', 'B15: loans without (all) their cash flows: unknown');
SELECT is((SELECT threshold FROM risk_screen.run_rule('desk', 'B15', '2026-01-10') WHERE subject_id = 'dear'), risk_screen.rate_cap('2025-01-15', 12), 'B15: threshold is the cap of the contract''s date and term');
SELECT is(round(filing.value('B16', 'P2', '2026-01-10'), 4), 0.3311, 'B16: true annual rate');

-- B17: principal overdue over principal outstanding
SELECT filing.forget('loan');
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on, matures_on) VALUES ('a', 'P1', 1000, '2026-01-01', '2027-01-01'), ('b', 'P2', 1000, '2026-01-01', '2027-01-01'), ('c', 'P1', 1000, '2026-01-01', '2027-01-01');
INSERT INTO filing.schedule (loan_id, seq, due_on, principal) VALUES ('a', 1, '2026-07-01', 100), ('a', 2, '2026-11-01', 100), ('a', 3, '2027-01-01', 800), ('b', 1, '2026-11-20', 100), ('b', 2, '2027-01-01', 900), ('c', 1, '2027-01-01', 1000);
INSERT INTO filing.repayment (loan_id, paid_on, principal) VALUES ('b', '2026-11-20', 100);
SELECT is(filing.hits('B17'), 'P1', 'B17: 200 of 2000 overdue is 10 %: hit; paid on the day is not overdue');
SELECT is((SELECT evidence ->> 'overdue_90' FROM risk_screen.run_rule('desk', 'B17', '2026-11-20') WHERE subject_id = 'P1'), '200', 'B17: the oldest unpaid instalment decides the age');
SELECT is(filing.value('B17', 'P2'), 0.0, 'B17: nothing overdue is zero, not missing');

-- B18: related parties' transfers are measured
SELECT filing.forget('txn');
INSERT INTO filing.equity (owner, owned, share) VALUES ('boss', 'P1', 0.8), ('boss', 'sister', 0.9), ('small', 'P1', 0.04);
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id) VALUES ('aP1', 'P1', 'own', 'P1'), ('aSis', 'sister', 'client', NULL), ('aSmall', 'small', 'client', NULL), ('cust', 'P1', 'custody', 'P1');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at) VALUES ('1', 'aP1', 'aSis', 70, '2026-11-01'), ('2', 'aP1', 'aSmall', 500, '2026-11-01'), ('3', 'cust', 'aSis', 900, '2026-11-01');
SELECT is(filing.value('B18', 'P1'), round(70 / 570.0, 6), 'B18: a sister firm is related, a four per cent holder is not, custody money is not the firm''s');
SELECT is(filing.hits('B18'), '', 'B18: 12 % does not hit');
UPDATE filing.txn SET amount = 210 WHERE txn_id = '1'; UPDATE filing.txn SET amount = 490 WHERE txn_id = '2';
SELECT is(filing.hits('B18'), 'P1', 'B18: 30 % hits');

-- B19: step of the rating, highest when unrated
SELECT filing.forget('account');
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id, bank_kind) VALUES ('r1', 'PAY1', 'reserve', 'PAY1', 'pboc'), ('r2', 'PAY1', 'reserve', 'PAY1', 'commercial');
INSERT INTO filing.balance (account_id, as_of, balance) VALUES ('r1', '2026-11-19', 10), ('r2', '2026-11-19', 90);
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('PAY1', 'PAY', '2020-01-01');
INSERT INTO filing.rating (inst_id, rating, valid_from, valid_to) VALUES ('PAY1', 'A', '2026-01-01', '2026-11-20'), ('PAY1', 'C', '2026-11-20', NULL);
SELECT is(filing.hits('B19', '2026-11-19'), '', 'B19: rated A, 10 of 100 at the central bank is enough');
SELECT is(filing.value('B19', 'PAY1'), 45.0, 'B19: rated C from the next day, 55 are needed');
DELETE FROM filing.balance WHERE account_id = 'r2';
SELECT is(filing.unknowns('B19'), 'PAY1', 'B19: an account without a balance: unknown');

-- B20
SELECT filing.forget('position');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('P1', '2026-10-31', 'income', 1000), ('P1', '2026-10-31', 'risk_reserve_paid', 5), ('P2', '2026-10-31', 'income', 1000), ('P2', '2026-10-31', 'risk_reserve_paid', 4.99), ('P3', '2026-10-31', 'income', 1000);
SELECT is(filing.hits('B20'), 'P2', 'B20: exactly 0.5 % is enough, less is not');
SELECT is(filing.unknowns('B20'), 'P3', 'B20: nothing filed is not nothing paid');
SELECT is((SELECT evidence FROM risk_screen.run_rule('desk', 'B20', '2026-11-20') WHERE subject_id = 'P2'), '{"period_to": "2026-10-31", "paid": 4.99, "income": 1000, "periods": 1, "period_not_filed": true}', 'B20: says that no period was filed');
DELETE FROM filing.position WHERE inst_id = 'P2';
INSERT INTO filing.position (inst_id, as_of, period_from, item, value) VALUES ('P2', '2026-10-31', '2026-10-01', 'income', 100), ('P2', '2026-10-31', '2026-10-01', 'risk_reserve_paid', 0), ('P2', '2026-09-30', '2026-01-01', 'income', 900), ('P2', '2026-09-30', '2026-01-01', 'risk_reserve_paid', 4),
	('P2', '2026-09-30', '2026-07-01', 'income', 300), ('P2', '2026-08-31', '2026-08-01', 'income', 100), ('P2', '2026-11-20', NULL, 'income', 1);
SELECT is((SELECT evidence FROM risk_screen.run_rule('desk', 'B20', '2026-11-20') WHERE subject_id = 'P2'), '{"period_to": "2026-10-31", "period_from": "2026-01-01", "paid": 4, "income": 1000, "periods": 2, "figures_left_out": 3}', 'B20: says which days it is about, from how many periods, and how many figures were left out');
SELECT is((SELECT evidence ->> 'missing' FROM risk_screen.run_rule('desk', 'B20', '2026-11-20') WHERE subject_id = 'P3'), 'position item risk_reserve_paid', 'B20: says which figure is missing');

-- Income of 2 and reserves of 3 a day, filed at random by month, quarter, year to date and odd spans: what is taken is as many days of both, none twice.
SELECT filing.forget('position');
INSERT INTO filing.position (inst_id, as_of, period_from, item, value)
SELECT 'R' || i, p.to_day, p.from_day, x.item, (p.to_day - p.from_day + 1) * x.rate
  FROM generate_series(1, 400) AS i
 CROSS JOIN (SELECT (date '2026-01-01' + make_interval(months => m))::date AS from_day, (date '2026-01-01' + make_interval(months => m + l))::date - 1 AS to_day FROM generate_series(0, 9) AS m, unnest(ARRAY[1, 1, 2, 3, 6, 10]) AS l
			  UNION ALL SELECT date '2026-01-01', (date '2026-02-01' + make_interval(months => m))::date - 1 FROM generate_series(0, 9) AS m
			  UNION ALL SELECT date '2026-10-10', date '2026-11-09') AS p
 CROSS JOIN (VALUES ('income', 2), ('risk_reserve_paid', 3)) AS x (item, rate)
 WHERE p.to_day <= '2026-11-20' AND abs(hashtext(concat_ws(' ', i, p.from_day, p.to_day, x.item))::bigint) % 100 < CASE i % 4 WHEN 0 THEN 2 WHEN 1 THEN 6 WHEN 2 THEN 15 ELSE 40 END;
SET LOCAL search_path = desk, public;
CREATE TEMP TABLE taken AS
SELECT f.*, (f.figures ->> 'income')::numeric / 2 AS days, (f.figures ->> 'risk_reserve_paid')::numeric / 3 AS paid_days, v.finest
  FROM (VALUES (false), (true)) AS v (finest) CROSS JOIN LATERAL risk_screen._period_figures('2026-11-20', '2026-08-23', '{income,risk_reserve_paid}', finest => v.finest) AS f;
SET LOCAL search_path = public;
SELECT cmp_ok((SELECT count(*) FROM taken WHERE missing IS NULL AND NOT finest), '>', 100::bigint, 'many institutions file what can be compared');
SELECT cmp_ok((SELECT count(*) FROM taken WHERE missing IS NOT NULL AND NOT finest), '>', 20::bigint, 'and some do not');
SELECT is((SELECT count(*) FROM taken WHERE missing IS NULL AND (days <> paid_days OR days > last_day - first_day + 1 OR days <= 0 OR left_out < 0)), 0::bigint, 'figures are of the same days, no day twice');
SELECT is((SELECT count(*) FROM taken AS t WHERE missing IS NOT NULL AND EXISTS (SELECT FROM filing.position AS a JOIN filing.position AS b USING (inst_id, as_of, period_from) WHERE a.inst_id = t.inst_id AND a.item = 'income' AND b.item = 'risk_reserve_paid' AND a.as_of >= '2026-08-23')), 0::bigint, 'nobody who files both for one period is left out');
SELECT is((SELECT count(*) FROM taken AS a JOIN taken AS b USING (inst_id) WHERE a.finest AND NOT b.finest AND (a.last_day <> b.last_day OR a.missing IS DISTINCT FROM b.missing)), 0::bigint, 'short or long, they end on the same day');

-- B21, B22: 5 % exactly needs no recording; both sound and picture; ten years to the day
INSERT INTO filing.product (product_id, inst_id, biz, kind, rate_promised) VALUES ('p5', 'INS1', 'INS', 'wealth_insurance', 0.05), ('p501', 'INS1', 'INS', 'wealth_insurance', 0.0501);
INSERT INTO filing.sale (sale_id, product_id, investor_id, sold_at) VALUES ('s1', 'p5', 'i', '2026-11-06'), ('s2', 'p501', 'i', '2026-11-06'), ('s3', 'p501', 'i', '2026-11-06'), ('s4', 'p501', 'i', '2026-11-06');
INSERT INTO filing.recording (recording_id, sale_id, inst_id, taken_at, audio_uri, video_uri, keep_until) VALUES ('r3', 's3', 'INS1', '2026-11-06 10:00+08', 'a', 'v', '2036-11-06'), ('r4', 's4', 'INS1', '2026-11-06 10:00+08', 'a', NULL, '2036-11-05'), ('r5', 's5', 'INS1', '2026-11-06', 'a', 'v', NULL), ('r6', 's6', 'INS1', '2024-02-29 10:00+08', 'a', 'v', '2034-02-28');
SELECT is(filing.hits('B21'), 's2 s4', 'B21: over 5 % without both recordings');
SELECT is(filing.hits('B22'), 's4 s6', 'B22: a day short of ten years hits, exactly ten years does not');
SELECT is(filing.unknowns('B22'), 's5', 'B22: no retention date: unknown');

-- B24
SELECT filing.put('penalty', '[{"penalty_id":"F1","subject_id":"P1","subject_kind":"institution","code":"fine","amount":500,"illegal_income":100,"decided_on":"2026-11-01"},
	{"penalty_id":"F2","subject_id":"P1","subject_kind":"institution","code":"fine","amount":501,"illegal_income":100,"decided_on":"2026-11-01"}]');
SELECT is(filing.hits('B24'), 'F2', 'B24: five times is allowed, more is not');

-- B26
SELECT filing.forget('loan');
INSERT INTO filing.party (party_id, kind) VALUES ('at', 'person'), ('over', 'person'), ('many', 'person'), ('corp', 'enterprise');
INSERT INTO filing.loan (loan_id, inst_id, borrower_id, amount, started_on, status) VALUES ('1', 'P1', 'at', 200000, '2026-10-01', NULL), ('2', 'P1', 'over', 200000.01, '2026-10-01', NULL), ('3', 'P1', 'over', 1, '2026-10-01', 'repaid'),
	('4', 'P1', 'corp', 1000000, '2026-10-01', NULL);
INSERT INTO filing.loan (loan_id, inst_id, borrower_id, amount, started_on) SELECT 'm' || i, 'Q' || i, 'many', 200000, '2026-10-01' FROM generate_series(1, 6) AS i;
SELECT is(filing.hits('B26'), 'many over', 'B26: exactly at the ceiling is allowed; six platforms together exceed the second ceiling');

-- B28
INSERT INTO filing.product (product_id, inst_id, rate_promised, project_return) VALUES ('y1', 'P1', 0.15, 0.10), ('y2', 'P1', 0.151, 0.10), ('y3', 'P1', 0.9, NULL);
SELECT is(filing.hits('B28'), 'y2', 'B28: five points above the project is the limit; without the project''s return nothing is said');

-- B33
SELECT filing.forget('account', 'balance');
INSERT INTO filing.account (account_id, owner_kind, bank_id) VALUES ('a', 'custody', 'B1'), ('b', 'custody', 'B2'), ('c', 'custody', 'B2'), ('d', 'client', 'B3');
INSERT INTO filing.balance (account_id, as_of, balance) VALUES ('a', '2026-11-20', 50), ('b', '2026-11-20', 20), ('c', '2026-11-20', 30), ('d', '2026-11-20', 999);
SELECT is(filing.value('B33', 'custody banks'), 0.5, 'B33: two banks of equal weight');

-- B30: growth against peers; a flat line of peers says nothing
SELECT filing.forget('position');
INSERT INTO filing.institution (inst_id, lines) SELECT 'Z' || i, '{P2P}' FROM generate_series(1, 9) AS i;
INSERT INTO filing.position (inst_id, as_of, item, value) SELECT 'Z' || i, d, 'loan_balance', CASE WHEN d = '2026-09-01' THEN 100 WHEN i = 9 THEN 180 ELSE 100 + i END FROM generate_series(1, 9) AS i, unnest(ARRAY[date '2026-09-01', '2026-11-20']) AS d;
SELECT is(filing.hits('B30'), 'Z9', 'B30: 80 % growth among peers of 1 to 8 %');
DELETE FROM filing.position WHERE inst_id = 'Z1' OR inst_id = 'Z2';
SELECT is(filing.hits('B30'), '', 'B30: seven peers are too few');

-- B34
INSERT INTO filing.institution (inst_id, lines) VALUES ('F1', '{FUND}'), ('F2', '{FUND}'), ('F3', '{FUND}');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES ('F1', '2026-11-01', 'fund_size', 100), ('F2', '2026-11-01', 'fund_size', 100);
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id, purpose) VALUES ('r1', 'a', 'b', 10, '2026-11-05 10:00+08', 'F1', 'redemption'), ('r2', 'a', 'b', 15, '2026-11-09 10:00+08', 'F1', 'redemption'),
	('r3', 'a', 'b', 24, '2026-11-05 10:00+08', 'F2', 'redemption'), ('r4', 'a', 'b', 24, '2026-11-10 10:00+08', 'F2', 'redemption'), ('r5', 'a', 'b', 20, '2026-11-10 10:00+08', 'F2', 'purchase'), ('r6', 'a', 'b', 1, '2026-11-10 10:00+08', 'F3', 'redemption');
SELECT is(filing.hits('B34'), 'F1', 'B34: 25 % within five days hits; on the sixth day, and against purchases, it does not');
SELECT is(filing.unknowns('B34'), 'F3', 'B34: no size of the fund: unknown');

-- B36
INSERT INTO filing.feed (feed_id, inst_id, report_date, received_at, valid) VALUES ('1', 'P1', '2026-11-18', '2026-11-19', true), ('2', 'P1', '2026-11-19', '2026-11-20', false), ('3', 'P1', '2026-11-20', '2026-11-25', true);
SELECT is(filing.value('B36', 'P1'), 2.0, 'B36: invalid feeds and those of the future do not count');

-- The readings of one clause: each switch is one parameter row (requirements, section 16)
SELECT filing.forget(VARIADIC (SELECT array_agg(role) FROM risk_screen.role));
SELECT filing.put('institution', '[{"inst_id":"P1","lines":["P2P"]},{"inst_id":"P2","lines":["P2P"]},{"inst_id":"P3","lines":["P2P"]},{"inst_id":"PAY1","lines":["PAY"]}]');
INSERT INTO filing.position (inst_id, as_of, item, value) VALUES
	-- up by 30 % inside five days and down again; ends of weeks: Sunday 8 to Sunday 15 November
	('P1', '2026-11-10', 'loan_balance', 10000000), ('P1', '2026-11-12', 'loan_balance', 13000000), ('P1', '2026-11-17', 'loan_balance', 10000000), ('P1', '2026-11-19', 'loan_balance', 10000000),
	('P2', '2026-11-08', 'loan_balance', 10000000), ('P2', '2026-11-15', 'loan_balance', 13000000), ('P2', '2026-11-17', 'loan_balance', 13000000),
	('P3', '2026-11-06', 'loan_balance', 10000000), ('P3', '2026-11-13', 'loan_balance', 12990000), ('P3', '2026-11-17', 'loan_balance', 12990000);
SELECT is(filing.hits('B13'), 'P2', 'B13: end against end does not see a rise that is gone after a week');
INSERT INTO risk_screen.parameter (code, value, operator, sense, valid_from) VALUES ('loan_surge_form', 1, '=', 'value', '2026-01-01');
SELECT is(filing.hits('B13'), 'P1 P2', 'B13: switch 1, any rise inside seven days');
INSERT INTO risk_screen.parameter (code, value, operator, sense, valid_from) VALUES ('loan_surge_form', 2, '=', 'value', '2026-01-02');
SELECT is(filing.hits('B13'), 'P2', 'B13: switch 2, end of an ISO week against the week before; 29.9 % does not hit');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, payer_owner, payee_owner) VALUES ('1', 'a', 'x1', 50000, '2026-11-18 10:00+08', 'one', 'o1'), ('2', 'b', 'x2', 49999.99, '2026-11-18 10:00+08', 'under', 'o2'),
	('3', 'x8', 'f', 30000, '2026-11-18 10:00+08', 'o8', 'through'), ('4', 'f', 'x9', 20000, '2026-11-18 11:00+08', 'through', 'o9');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, review_id) VALUES ('5', 'r', 's', 1, '2026-11-18 10:00+08', 'R');
SELECT is(filing.hits('B14'), 'o1 one', 'B14: one side of the day');
INSERT INTO risk_screen.parameter (code, value, operator, sense, valid_from) VALUES ('daily_review_form', 1, '=', 'value', '2026-01-01');
SELECT is((SELECT count(*) FROM risk_screen.run_rule('desk', 'B14', '2026-11-20') WHERE hit AND evidence ->> 'counted' = 'single transfer'), 2::bigint, 'B14: switch 1 also takes single transfers of 50,000');
INSERT INTO risk_screen.parameter (code, value, operator, sense, valid_from) VALUES ('daily_review_form', 2, '=', 'value', '2026-01-02');
SELECT is(filing.hits('B14'), 'o1 one through', 'B14: switch 2 adds what came in and what went out');
INSERT INTO filing.loan (loan_id, inst_id, amount, started_on, matures_on) VALUES ('mid', 'P1', 10000, '2019-03-01', '2020-03-01');
INSERT INTO filing.cash_flow (loan_id, paid_on, amount) VALUES ('mid', '2019-03-01', 10000), ('mid', '2020-03-01', -11700);
SELECT is(filing.hits('B15', '2020-02-01'), '', 'B15: 17 % is within four times the benchmark of 2019 (4.35 %)');
UPDATE filing.cash_flow SET amount = -12400 WHERE amount < 0;
SELECT is((SELECT hit || ' ' || threshold FROM risk_screen.run_rule('desk', 'B15', '2020-02-01')), 'true 0.1740', 'B15: 24 % is over 17.4 %');
INSERT INTO risk_screen.parameter (code, value, operator, sense) VALUES ('rate_cap_basis', 1, '=', 'value');
SELECT is(filing.hits('B15', '2020-02-01') || (SELECT coalesce(max(threshold)::text, '') FROM risk_screen.run_rule('desk', 'B15', '2020-02-01')), '', 'B15: by the judicial limits of 2019 24 % was allowed');
INSERT INTO filing.account (account_id, owner_id, owner_kind, inst_id, bank_kind) VALUES ('r1', 'PAY1', 'reserve', 'PAY1', 'pboc'), ('r2', 'PAY1', 'reserve', 'PAY1', 'commercial');
INSERT INTO filing.balance (account_id, as_of, balance) VALUES ('r1', '2018-05-10', 10), ('r2', '2018-05-10', 90);
INSERT INTO filing.licence (inst_id, biz, valid_from) VALUES ('PAY1', '网络支付', '2015-01-01');
INSERT INTO filing.rating (inst_id, rating, valid_from) VALUES ('PAY1', 'A', '2015-01-01');
SELECT is(filing.hits('B19', '2018-05-11'), '', 'B19: the plan''s step of A is 10 %');
INSERT INTO risk_screen.parameter (code, value, operator, sense) VALUES ('reserve_series', 1, '=', 'value');
SELECT is(filing.value('B19', 'PAY1', '2018-05-11'), 2.0, 'B19: by the table of 2017 it was 12 %');
DELETE FROM risk_screen.parameter WHERE NOT builtin;

-- B01: balances of the sector over a year of GDP
SELECT filing.forget(VARIADIC (SELECT array_agg(role) FROM risk_screen.role));
SELECT filing.put('institution', '[{"inst_id":"P1","lines":["P2P"],"province":"上海"},{"inst_id":"P2","lines":["P2P"],"province":"江苏"}]');
SELECT is(filing.unknowns('B01'), 'desk', 'B01: neither balances nor GDP: unknown');
INSERT INTO filing.position (inst_id, as_of, item, value, biz, region) VALUES ('P1', '2026-11-10', 'loan_balance', 300, NULL, NULL), ('P1', '2026-11-10', 'loan_balance', 200, 'P2P', NULL), ('P1', '2026-10-10', 'loan_balance', 900, NULL, NULL),
	('P2', '2026-11-01', 'loan_balance', 60, NULL, '江苏'), ('P2', '2026-11-01', 'loan_balance', 40, NULL, '浙江'), ('P2', '2026-12-01', 'loan_balance', 7777, NULL, NULL), ('P2', '2026-11-01', 'cash', 5, NULL, NULL);
INSERT INTO filing.macro_series (series, period_from, period_to, value, region) VALUES ('gdp', '2025-10-01', '2025-12-31', 1000, NULL), ('gdp', '2026-01-01', '2026-03-31', 1000, NULL), ('gdp', '2026-04-01', '2026-06-30', 1000, NULL);
SELECT is(filing.unknowns('B01'), 'ALL', 'B01: three quarters are not a year: unknown');
INSERT INTO filing.macro_series (series, period_from, period_to, value, region) VALUES ('gdp', '2026-07-01', '2026-09-30', 1000, NULL), ('gdp', '2026-10-01', '2026-12-31', 9999, NULL), ('gdp', '2025-01-01', '2025-12-31', 600, '上海'), ('gdp', '2024-01-01', '2024-12-31', 1, '江苏');
SELECT is(filing.value('B01', 'ALL'), 0.1, 'B01: 400 over the last four finished quarters; parts by place add up, parts of a filed total do not');
SELECT is(filing.value('B01', '上海'), 0.5, 'B01: a province with a year of GDP');
SELECT is(filing.value('B01', '江苏'), NULL, 'B01: GDP of 2024 is too old in November 2026');

-- B27: the highest requirement of the licences; exactly enough is enough
SELECT filing.forget(VARIADIC (SELECT array_agg(role) FROM risk_screen.role));
SELECT filing.put('institution', '[{"inst_id":"A","lines":["PAY"],"paid_in_capital":100000000},{"inst_id":"B","lines":["PAY"],"paid_in_capital":99999999.99},{"inst_id":"C","lines":["PAY","INS"],"paid_in_capital":150000000},{"inst_id":"D","lines":["PAY"]},
	{"inst_id":"E","lines":["P2P"],"paid_in_capital":1},{"inst_id":"F","lines":["PAY"],"paid_in_capital":1,"status":"closed"},{"inst_id":"G","lines":["INS"],"paid_in_capital":20000000}]');
INSERT INTO filing.licence (inst_id, biz, valid_from, valid_to) VALUES ('A', 'PAY', '2020-01-01', NULL), ('C', 'PAY', '2020-01-01', NULL), ('C', 'INS', '2020-01-01', NULL), ('G', 'FUND', '2020-01-01', NULL), ('B', 'INS', '2020-01-01', '2026-11-20');
SELECT is(filing.hits('B27'), 'B C', 'B27: a cent short, and short for the second licence; exactly enough, no known requirement and closed firms do not hit; a licence counts before what is done without one');
SELECT is((SELECT threshold FROM risk_screen.run_rule('desk', 'B27', '2026-11-20') WHERE subject_id = 'C'), 200000000::numeric, 'B27: of several licences the highest');
SELECT is(filing.unknowns('B27'), 'D', 'B27: capital not filed: unknown');

-- B28 against the sector, B29 against the others' 99th percentile and four times the benchmark
SELECT filing.forget(VARIADIC (SELECT array_agg(role) FROM risk_screen.role));
INSERT INTO filing.product (product_id, inst_id, biz, rate_promised, issued_on, term_days) SELECT 'p' || i, 'I' || i, 'AM', 0.04 + i * 0.0001, '2026-03-01', 365 FROM generate_series(1, 100) AS i;
INSERT INTO filing.product (product_id, inst_id, biz, rate_promised, issued_on, term_days, ended_on) VALUES ('high', 'X', 'AM', 0.09, '2026-03-01', 365, NULL), ('ended', 'Y', 'AM', 0.5, '2026-03-01', 30, '2026-04-01'), ('lone', 'Z', 'EC', 0.09, '2026-03-01', 365, NULL),
	('usury', 'Z', 'EC', 0.121, '2026-03-01', 365, NULL), ('old', 'W', 'TRU', 0.2, '2000-03-01', 365, NULL), ('level', 'Z', 'EC', 0.12, '2026-03-01', 365, NULL);
SELECT is(filing.hits('B28'), 'X', 'B28: far above the sector; the upper end of the usual range, ended products and sectors of three do not hit');
SELECT is(filing.hits('B29'), 'high p100 usury', 'B29: above 99 of a hundred other institutions, or over four times the benchmark (12 %); exactly 12 % and the others do not hit');
SELECT is(filing.unknowns('B29'), 'old', 'B29: neither peers nor a benchmark of that date: unknown');
SELECT is((SELECT (evidence ->> 'percentile')::numeric FROM risk_screen.run_rule('desk', 'B29', '2026-11-20') WHERE subject_id = 'p100'), 0.0499, 'B29: the bar of an institution is the others'' percentile, without itself');
DELETE FROM filing.product WHERE product_id = 'p1';
SELECT is(filing.hits('B29'), 'usury', 'B29: of ninety-nine no percentile is taken');

-- B32: tags
SELECT filing.forget(VARIADIC (SELECT array_agg(role) FROM risk_screen.role));
INSERT INTO filing.account (account_id, owner_id, owner_kind) VALUES ('cust', 'P1', 'custody'), ('s', 'splitter', 'client');
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at, inst_id) SELECT 's' || i, 's', 't' || i, 45000 + i, timestamptz '2026-11-10 10:00+08' + i * interval '10 hours', 'P9' FROM generate_series(1, 5) AS i
	UNION ALL SELECT 'four' || i, 'four', 't' || i, 49000, timestamptz '2026-11-10 10:00+08' + i * interval '10 hours', NULL FROM generate_series(1, 4) AS i
	UNION ALL SELECT 'rent' || i, 'rent', 'landlord', 49000, timestamptz '2026-09-01 10:00+08' + i * interval '7 days', NULL FROM generate_series(1, 6) AS i
	UNION ALL SELECT 'fast' || i, 'fast', 'u' || i, 10, timestamptz '2026-11-12 10:00+08' + i * interval '2 minutes', NULL FROM generate_series(1, 30) AS i
	UNION ALL SELECT 'slow' || i, 'slow', 'u' || i, 10, timestamptz '2026-11-12 10:00+08' + i * interval '3 minutes', NULL FROM generate_series(1, 30) AS i;
INSERT INTO filing.txn (txn_id, payer, payee, amount, paid_at) VALUES ('r1', 'A', 'B', 20000, '2026-11-01'), ('r2', 'B', 'C', 19000, '2026-11-02'), ('r3', 'C', 'A', 18000, '2026-11-03'),
	('q1', 'A', 'B', 20000, '2026-11-13'), ('q2', 'B', 'A', 17999, '2026-11-14'), ('c1', 'lender', 'cust', 50000, '2026-11-13'), ('c2', 'cust', 'lender', 50000, '2026-11-14'),
	('m1', 'g', 'mule', 60000, '2026-11-15 10:00+08'), ('m2', 'h', 'mule', 60000, '2026-11-15 10:10+08'), ('m3', 'mule', 'i', 119000, '2026-11-15 10:40+08'), ('k1', 'g', 'keeper', 120000, '2026-11-15 10:00+08'), ('k2', 'keeper', 'i', 60000, '2026-11-15 10:10+08');
SELECT is((SELECT string_agg(subject_id || ' ' || (evidence ->> 'tag') || ' ' || observed, ', ' ORDER BY subject_id) FROM risk_screen.run_rule('desk', 'B32', '2026-11-20') WHERE hit),
	'A cycle 3, fast velocity 30, mule pass-through 3, s structuring 5', 'B32: five below the line in three days, a ring that keeps 90 %, 99 % through in an hour, thirty in an hour; four, rent, a ring that keeps less, custody, half kept and thirty in 87 minutes do not');
SELECT is((SELECT inst_id || ' ' || (evidence ->> 'owner') FROM risk_screen.run_rule('desk', 'B32', '2026-11-20') WHERE subject_id = 's'), 'P9 splitter', 'B32: charged to the institution that executed most of them');
SELECT is(filing.hits('B32', '2026-10-31'), '', 'B32: nothing later than as_of is seen');
SELECT filing.forget('txn');
SELECT is(filing.unknowns('B32'), 'desk', 'B32: no transfers: unknown');

-- B35
SELECT filing.put('institution', '[{"inst_id":"A","lines":["P2P"]},{"inst_id":"B","lines":["P2P"]},{"inst_id":"C","lines":["P2P"],"registered_on":"2026-01-01"},{"inst_id":"D","lines":["P2P"],"registered_on":"2020-01-01"},{"inst_id":"E","lines":["P2P"]},{"inst_id":"F","lines":[]}]');
INSERT INTO filing.assessment (assessment_id, inst_id, kind, assessed_on) VALUES ('1', 'A', 'risk', '2025-11-20'), ('2', 'B', 'risk', '2025-11-19'), ('3', 'B', 'it', '2026-11-01'), ('4', 'E', 'risk', '2026-11-21');
SELECT is(filing.hits('B35'), 'B D', 'B35: a day over a year, or never; a year to the day, a young firm and firms without a line do not hit');
SELECT is(filing.unknowns('B35'), 'E', 'B35: nothing known before as_of and no date of registration: unknown');

SELECT * FROM finish();
ROLLBACK;
