-- Policies of the sample warehouse (schema filing): what a reader of some
-- provinces sees of it. Adapt the list to your tables; run after desk.sql.
--
--   psql -d warehouse -v desk=desk -f examples/roles/warehouse.sql
--
-- Institutions decide: whatever names one is seen by whoever sees it. Accounts
-- and flows are seen by both sides. Reference data has no policy.
\set ON_ERROR_STOP on
\if :{?desk} \else \set desk desk \endif
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT set_config('rs.desk', :'desk', true) AS desk \gset rs_
GRANT USAGE ON SCHEMA filing TO rs_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA filing TO rs_reader;

DO $$
DECLARE
	org constant text := 'org_id IN (SELECT o.org_id FROM filing.org AS o)';
	acct constant text := 'acct_no IN (SELECT a.acct_no FROM filing.bank_account AS a)';
	loan constant text := 'loan_no IN (SELECT l.loan_no FROM filing.loan AS l)';
	product constant text := 'prod_id IN (SELECT p.prod_id FROM filing.product AS p)';
	client constant text := 'client_id IN (SELECT c.client_id FROM filing.client AS c)';
	assigned constant text := format('prov IN (SELECT p.province FROM %I.reader_province AS p WHERE pg_has_role(p.reader, ''MEMBER''))', current_setting('rs.desk'));
	t text;
	shown text;
BEGIN
	FOR t, shown IN VALUES
		('org', assigned), ('client', assigned),
		('bank_account', org || ' OR owner_id IN (SELECT o.org_id FROM filing.org AS o) OR owner_id IN (SELECT c.client_id FROM filing.client AS c)'),
		('pay_flow', 'out_acct IN (SELECT a.acct_no FROM filing.bank_account AS a) OR in_acct IN (SELECT a.acct_no FROM filing.bank_account AS a)'),
		('acct_day', acct), ('shareholding', org || ' OR holder_id IN (SELECT o.org_id FROM filing.org AS o)'),
		('loan_cash', loan), ('creditor_right', loan || ' OR ' || product), ('product_holder', product), ('dual_record', product), ('client_check', client),
		('cooperation', org || ' OR partner_id IN (SELECT o.org_id FROM filing.org AS o)'), ('marketing', org),
		('name_event', org), ('licence', org), ('officer', org), ('company_group', org), ('report_item', org), ('product', org), ('loan', org),
		('ops_day', org), ('publicity', org), ('feed_receipt', org), ('complaint', org), ('custody_recon', org), ('supervisory_act', org),
		('debt_due', org), ('disclosure', org), ('planted', 'false')
	LOOP
		EXECUTE format('ALTER TABLE filing.%I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('DROP POLICY IF EXISTS rs_province ON filing.%I', t);
		EXECUTE format('CREATE POLICY rs_province ON filing.%I FOR SELECT TO rs_reader USING (pg_has_role(''rs_all_provinces'', ''MEMBER'') OR %s)', t, shown);
	END LOOP;
END;
$$;
COMMIT;
