-- demo/multiply.sql - raise a loaded demo database to more transfers than the generator makes.
--
-- usage: psql DB -v transfers=10000000 -f demo/multiply.sql
--
-- Copies the innocent background: the same days, purposes, institutions and
-- amounts, at another time of the day, between other customers of the same
-- class. Planted transfers and the loan book are not copied. All of the background
-- gets a review record, because copies raise customer days past 50,000 yuan;
-- other findings may arise, so this desk is for measuring, not for showing.
\set ON_ERROR_STOP on
\if :{?transfers}
\else
\set transfers 10000000
\endif
SET client_min_messages = warning;
SET work_mem = '256MB';
BEGIN;
DO $$
DECLARE
	i text;
BEGIN
	FOR i IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'filing.pay_flow'::regclass AND NOT indisprimary
	LOOP
		EXECUTE 'DROP INDEX ' || i;
	END LOOP;
END $$;
ALTER TABLE filing.pay_flow DROP CONSTRAINT pay_flow_pkey;
CREATE TEMP TABLE seat ON COMMIT DROP AS
	SELECT a.acct_no, a.owner_id, c.client_class, row_number() OVER w - 1 AS n, count(*) OVER (PARTITION BY c.client_class) AS seats
	  FROM filing.bank_account AS a JOIN filing.client AS c ON c.client_id = a.owner_id
	 WHERE a.owner_class = '客户'
	WINDOW w AS (PARTITION BY c.client_class ORDER BY a.acct_no);
CREATE UNIQUE INDEX ON seat (acct_no);
CREATE UNIQUE INDEX ON seat (client_class, n);
UPDATE filing.pay_flow SET review_no = 'FH' || flow_id WHERE review_no IS NULL AND flow_id % 1000000 > 100000 AND loan_no IS NULL;
CREATE TEMP TABLE background ON COMMIT DROP AS
	SELECT * FROM filing.pay_flow WHERE flow_id % 1000000 > 100000 AND loan_no IS NULL;
ANALYZE seat;
ANALYZE background;
INSERT INTO filing.pay_flow
SELECT f.flow_id + c * 100000000000000, f.paid_at::date + ((extract(epoch FROM f.paid_at::time)::int + c * 1013) % 86400) * interval '1 second',
	   coalesce(o.acct_no, f.out_acct), coalesce(i.acct_no, f.in_acct), coalesce(o.owner_id, f.out_client), coalesce(i.owner_id, f.in_client),
	   f.amount, f.ccy, f.org_id, f.channel, f.purpose, f.prod_id, f.loan_no, f.clearing, coalesce(f.review_no, 'FH' || f.flow_id), f.order_no || '-' || c
  FROM generate_series(1, 100) AS c
 CROSS JOIN background AS f
  LEFT JOIN seat AS o0 ON o0.acct_no = f.out_acct
  LEFT JOIN seat AS o ON o.client_class = o0.client_class AND o.n = (o0.n + c * 9973) % o0.seats
  LEFT JOIN seat AS i0 ON i0.acct_no = f.in_acct
  LEFT JOIN seat AS i ON i.client_class = i0.client_class AND i.n = (i0.n + c * 7919) % i0.seats
 LIMIT greatest(0, :transfers - (SELECT count(*) FROM filing.pay_flow));
ALTER TABLE filing.pay_flow ADD PRIMARY KEY (flow_id);
CREATE INDEX ON filing.pay_flow (out_acct, paid_at);
CREATE INDEX ON filing.pay_flow (in_acct, paid_at);
CREATE INDEX ON filing.pay_flow (loan_no) WHERE loan_no IS NOT NULL;
COMMIT;
VACUUM ANALYZE filing.pay_flow;
