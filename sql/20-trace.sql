-- Traces: where did the money come from and where did it end?

CREATE FUNCTION risk_screen.trace_funds(transfers text, seeds text[],
		direction text DEFAULT 'downstream',
		since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity',
		max_hops int DEFAULT 8, max_hold interval DEFAULT NULL, min_amount numeric DEFAULT 0,
		stop_at text[] DEFAULT NULL, max_fanout int DEFAULT NULL,
		ordered boolean DEFAULT true, strict boolean DEFAULT false,
		bad_rows text DEFAULT 'error',
		OUT seed text, OUT hop int, OUT txn_id text, OUT payer text,
		OUT payee text, OUT amount numeric, OUT paid_at timestamptz, OUT cut text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_trace_funds'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000
	SUPPORT risk_screen._rows_support;
COMMENT ON FUNCTION risk_screen.trace_funds(text, text[], text, timestamptz, timestamptz, int, interval, numeric, text[], int, boolean, boolean, text) IS
	'Every transfer that the money of the seeds can have passed through, once per seed at its smallest hop; cut tells where and why the trace stopped';

CREATE FUNCTION risk_screen.trace_accounts(transfers text, seeds text[],
		direction text DEFAULT 'downstream',
		since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity',
		max_hops int DEFAULT 8, max_hold interval DEFAULT NULL, min_amount numeric DEFAULT 0,
		stop_at text[] DEFAULT NULL, max_fanout int DEFAULT NULL,
		ordered boolean DEFAULT true, strict boolean DEFAULT false,
		bad_rows text DEFAULT 'error',
		OUT seed text, OUT account text, OUT hops int, OUT first_at timestamptz, OUT last_at timestamptz,
		OUT received numeric, OUT sent numeric, OUT terminal boolean, OUT via text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_trace_accounts_sql'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000;
COMMENT ON FUNCTION risk_screen.trace_accounts(text, text[], text, timestamptz, timestamptz, int, interval, numeric, text[], int, boolean, boolean, text) IS
	'Every account that the money of the seeds can have reached, with the sums of the trace and whether it ends there';

CREATE FUNCTION risk_screen.trace_summary(transfers text, seeds text[],
		direction text DEFAULT 'downstream',
		since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity',
		max_hops int DEFAULT 8, max_hold interval DEFAULT NULL, min_amount numeric DEFAULT 0,
		stop_at text[] DEFAULT NULL, max_fanout int DEFAULT NULL,
		ordered boolean DEFAULT true, strict boolean DEFAULT false,
		bad_rows text DEFAULT 'error',
		OUT seed text, OUT hops int, OUT accounts bigint, OUT transfers bigint,
		OUT amount numeric, OUT terminals bigint, OUT cut bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_trace_summary'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10;
COMMENT ON FUNCTION risk_screen.trace_summary(text, text[], text, timestamptz, timestamptz, int, interval, numeric, text[], int, boolean, boolean, text) IS
	'One row per seed: how far its money can have gone, through how many accounts and transfers, and how often the trace was cut';

CREATE FUNCTION risk_screen.trace_paths(transfers text, seeds text[],
		direction text DEFAULT 'downstream',
		since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity',
		max_hops int DEFAULT 8, max_hold interval DEFAULT NULL, min_amount numeric DEFAULT 0,
		stop_at text[] DEFAULT NULL, max_fanout int DEFAULT NULL,
		ordered boolean DEFAULT true, strict boolean DEFAULT false,
		target text[] DEFAULT NULL, max_paths int DEFAULT 100, bad_rows text DEFAULT 'error',
		OUT seed text, OUT path_no bigint, OUT hops int, OUT accounts text[], OUT txn_ids text[],
		OUT amounts numeric[], OUT bottleneck numeric, OUT started_at timestamptz, OUT ended_at timestamptz, OUT more boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_trace_paths_sql'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 100;
COMMENT ON FUNCTION risk_screen.trace_paths(text, text[], text, timestamptz, timestamptz, int, interval, numeric, text[], int, boolean, boolean, text[], int, text) IS
	'The best paths of each trace to the targets (by default where it ends): fewest hops first, then the largest bottleneck; more tells that others exist';

CREATE FUNCTION risk_screen.flow_groups(links text, bad_rows text DEFAULT 'error',
		OUT member text, OUT group_no bigint, OUT size bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_flow_groups'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000 ROWS 1000 SUPPORT risk_screen._rows_of_query;
COMMENT ON FUNCTION risk_screen.flow_groups(text, text) IS
	'Groups of members connected by links of any kind (columns a, b), largest group first';
