-- demo/screen-data.sql - load real input and map it; demo/screen-data fills the
-- tables raw.* (every column text, as the files have it) before this runs.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;

-- Enterprises ------------------------------------------------------------------
-- A scope may be N/A or begin with a stray separator; a firm is named once.
CREATE VIEW filing.enterprise AS
	SELECT uscc, btrim(name) AS name, NULLIF(ltrim(btrim(scope), '.、，。 '), 'N/A') AS scope, province, city,
	       CASE WHEN reg_date ~ '^\d{4}-\d\d-\d\d$' THEN reg_date::date END AS registered_on,
	       -- The file names no licences. Banks, credit unions, insurers, brokers and trusts are told by their names; a warehouse
	       -- with a licence table maps that instead.
	       name ~ '(银行|信用合作?联?合?社|信用社|保险(股份)?有限(责任)?公司|人寿|财产保险|证券|期货(经纪)?有限|信托(投资)?(股份)?有限|邮政储蓄)' AS is_financial
	  FROM raw.enterprise;

-- Transfers between banks ------------------------------------------------------
-- One bank has several ids and spellings: "ING Netherland NV" is not one id here. Identity is resolved in three steps that can
-- be read and corrected: normalise the name, keep the country, then merge spellings one edit apart (levenshtein() of contrib).
CREATE FUNCTION filing.bank_key(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN regexp_replace(lower(name), '[^a-z0-9]', '', 'g');

CREATE TABLE filing.bank_spelling AS
	SELECT filing.bank_key(bank) AS key, iso, count(*) AS uses, mode() WITHIN GROUP (ORDER BY bank) AS name
	  FROM raw.fincen, LATERAL (VALUES (originator_bank, originator_iso), (beneficiary_bank, beneficiary_iso)) AS b (bank, iso)
	 GROUP BY 1, 2;
-- Same country, at least 10 characters, one edit apart: 28 pairs in this file, all read and all the same bank. Two edits apart
-- are not merged: DNB and SEB are two banks. The rarer spelling takes the name of the more frequent one.
CREATE TABLE filing.same_bank AS
	SELECT DISTINCT ON (a.key, a.iso) a.key, a.iso, b.key AS becomes
	  FROM filing.bank_spelling AS a JOIN filing.bank_spelling AS b
	    ON a.iso = b.iso AND a.key <> b.key AND length(a.key) >= 10 AND length(b.key) >= 10 AND abs(length(a.key) - length(b.key)) <= 1
	   AND levenshtein_less_equal(left(a.key, 200), left(b.key, 200), 1) = 1
	   AND (a.uses, b.key) < (b.uses, a.key)
	 ORDER BY a.key, a.iso, b.uses DESC, b.key;
-- A name must not be merged into one that is itself merged away.
DO $$ BEGIN
	ASSERT NOT EXISTS (SELECT FROM filing.same_bank AS a JOIN filing.same_bank AS b ON b.key = a.becomes AND b.iso = a.iso),
		'a chain of spellings: decide by hand which name is the right one';
END $$;
CREATE TABLE filing.bank AS
	SELECT s.key, s.iso, coalesce(m.becomes, s.key) || '/' || s.iso AS bank_id
	  FROM filing.bank_spelling AS s LEFT JOIN filing.same_bank AS m USING (key, iso);
ALTER TABLE filing.bank ADD PRIMARY KEY (key, iso);

-- Dates are text ("Mar 25, 2015"), amounts are in scientific notation. A record is the sum of many payments between two days; it is
-- dated by its last day. Six records have no date and cannot be placed in time: they are counted, not guessed.
CREATE TABLE filing.bank_flow AS
	SELECT f.id AS txn_id, o.bank_id AS payer, b.bank_id AS payee, round(f.amount_transactions::numeric, 2) AS amount,
	       to_date(f.end_date, 'Mon DD, YYYY')::timestamp AT TIME ZONE 'UTC' AS paid_at,
	       to_date(f.begin_date, 'Mon DD, YYYY') AS first_day, NULLIF(f.number_transactions, '')::int AS payments
	  FROM raw.fincen AS f
	  JOIN filing.bank AS o ON (o.key, o.iso) = (filing.bank_key(f.originator_bank), f.originator_iso)
	  JOIN filing.bank AS b ON (b.key, b.iso) = (filing.bank_key(f.beneficiary_bank), f.beneficiary_iso);
CREATE INDEX ON filing.bank_flow (payer, paid_at);
CREATE INDEX ON filing.bank_flow (payee, paid_at);
ANALYZE;

-- The desk ---------------------------------------------------------------------
CALL risk_screen.create_workspace('desk');
CALL risk_screen.map_role('desk', 'institution', $$
	SELECT uscc AS inst_id, uscc, name, scope AS scope_text, 'enterprise' AS kind, '{}'::text[] AS lines, is_financial, province, city,
	       registered_on, 'active' AS status
	  FROM filing.enterprise$$);
CALL risk_screen.map_role('desk', 'txn', $$
	SELECT txn_id, payer, payee, amount, paid_at, 'USD' AS currency, payer AS payer_owner, payee AS payee_owner
	  FROM filing.bank_flow WHERE paid_at IS NOT NULL$$);
COMMIT;
