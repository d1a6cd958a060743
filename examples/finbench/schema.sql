-- LDBC FinBench's graph as tables, in schema finbench. Run in a database that
-- has the extension; generate.py fills it.
CREATE SCHEMA finbench;
SET LOCAL search_path = finbench;

CREATE TABLE person (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
CREATE TABLE company (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
CREATE TABLE account (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, type text NOT NULL, blocked boolean NOT NULL,
	person bigint REFERENCES person, company bigint REFERENCES company, CHECK (num_nonnulls(person, company) = 1));
CREATE TABLE loan (id bigint PRIMARY KEY, amount numeric(15,2) NOT NULL, balance numeric(15,2) NOT NULL);
CREATE TABLE medium (id bigint PRIMARY KEY, type text NOT NULL, blocked boolean NOT NULL);
CREATE TABLE transfer (id bigint PRIMARY KEY, payer bigint NOT NULL, payee bigint NOT NULL, amount numeric(15,2) NOT NULL, at timestamptz NOT NULL);
CREATE TABLE withdraw (id bigint PRIMARY KEY, account bigint NOT NULL, card bigint NOT NULL, amount numeric(15,2) NOT NULL, at timestamptz NOT NULL);
CREATE TABLE deposit (id bigint PRIMARY KEY, loan bigint NOT NULL, account bigint NOT NULL, amount numeric(15,2) NOT NULL, at timestamptz NOT NULL);
CREATE TABLE repay (id bigint PRIMARY KEY, account bigint NOT NULL, loan bigint NOT NULL, amount numeric(15,2) NOT NULL, at timestamptz NOT NULL);
CREATE TABLE apply (loan bigint NOT NULL, person bigint, company bigint, at timestamptz NOT NULL);
CREATE TABLE guarantee (id bigint PRIMARY KEY, guarantor bigint NOT NULL, guaranteed bigint NOT NULL, at timestamptz NOT NULL);
CREATE TABLE sign_in (medium bigint NOT NULL, account bigint NOT NULL, at timestamptz NOT NULL);
CREATE INDEX ON account (person);
CREATE INDEX ON transfer (payer, at);
CREATE INDEX ON transfer (payee, at);
CREATE INDEX ON withdraw (account, at);
CREATE INDEX ON deposit (account, at);
CREATE INDEX ON deposit (loan, at);
CREATE INDEX ON apply (person);
CREATE INDEX ON guarantee (guarantor);
CREATE INDEX ON sign_in (account, at);

-- the transfers contract of the flow functions (docs/tracing.md)
CREATE VIEW payment AS SELECT id AS txn_id, payer, payee, amount, at AS paid_at FROM transfer;
