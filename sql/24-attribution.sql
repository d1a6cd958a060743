-- Money attribution: how much of whose money sits where.

CREATE FUNCTION risk_screen.attribute_funds(transfers text, claims text, rule text DEFAULT 'fifo',
		direction text DEFAULT 'downstream', openings text DEFAULT NULL,
		until timestamptz DEFAULT 'infinity', tie text DEFAULT 'causal', deficit text DEFAULT 'infer',
		exit_at text[] DEFAULT NULL, min_traced numeric DEFAULT 0,
		poison_forever boolean DEFAULT false, bad_rows text DEFAULT 'error',
		OUT claim text, OUT kind text, OUT account text, OUT counterparty text, OUT txn_id text,
		OUT paid_at timestamptz, OUT amount numeric, OUT traced numeric, OUT currency text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_attribute_funds'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000;
COMMENT ON FUNCTION risk_screen.attribute_funds(text, text, text, text, text, timestamptz, text, text, text[], numeric, boolean, text) IS
	'How much of each claim''s money every transfer carries (moved) and where it ends (held, exited, fee, cut), to the last unit, under fifo, lifo, pro_rata, taint_first, taint_last or poison; upstream: where it came from';

CREATE FUNCTION risk_screen.explain_attribution(transfers text, claims text, rule text DEFAULT 'fifo',
		direction text DEFAULT 'downstream', openings text DEFAULT NULL,
		until timestamptz DEFAULT 'infinity', tie text DEFAULT 'causal', deficit text DEFAULT 'infer',
		exit_at text[] DEFAULT NULL, min_traced numeric DEFAULT 0,
		poison_forever boolean DEFAULT false, bad_rows text DEFAULT 'error', txn_id text DEFAULT NULL,
		OUT step int, OUT claim text, OUT source text, OUT source_txn text, OUT source_account text,
		OUT source_at timestamptz, OUT available numeric, OUT taken numeric, OUT note text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_explain_attribution'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 5;
COMMENT ON FUNCTION risk_screen.explain_attribution(text, text, text, text, text, timestamptz, text, text, text[], numeric, boolean, text, text) IS
	'Lot by lot, or share by share, why the transfer txn_id carries this much of each claim''s money';

CREATE FUNCTION risk_screen.attribution_band(transfers text, claims text, rule text DEFAULT 'fifo',
		direction text DEFAULT 'downstream', openings text DEFAULT NULL,
		until timestamptz DEFAULT 'infinity', tie text DEFAULT 'causal', deficit text DEFAULT 'infer',
		exit_at text[] DEFAULT NULL, min_traced numeric DEFAULT 0,
		poison_forever boolean DEFAULT false, bad_rows text DEFAULT 'error',
		rules text[] DEFAULT NULL, ties text[] DEFAULT NULL,
		OUT claim text, OUT account text, OUT kind text, OUT traced numeric, OUT smallest numeric, OUT largest numeric,
		OUT smallest_by text, OUT largest_by text, OUT currency text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_attribution_band'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 200;
COMMENT ON FUNCTION risk_screen.attribution_band(text, text, text, text, text, timestamptz, text, text, text[], numeric, boolean, text, text[], text[]) IS
	'Per claim and account what is held or exited under the chosen rule, and the smallest and largest amount over all rules and tie rules';
