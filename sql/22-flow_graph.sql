-- Flow graphs: transfers queries kept as memory-mapped files.

CREATE FUNCTION risk_screen.create_flow_graph(name text, transfers text, bad_rows text DEFAULT 'error')
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'rs_create_flow_graph'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION risk_screen.create_flow_graph(text, text, text) IS
	'Materialise a transfers query as a flow graph, to be traced as graph:NAME; returns its number of transfers';

CREATE FUNCTION risk_screen.refresh_flow_graph(name text, closed_before timestamptz DEFAULT NULL, max_parts integer DEFAULT 16)
	RETURNS text
	AS 'MODULE_PATHNAME', 'rs_refresh_flow_graph'
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION risk_screen.refresh_flow_graph(text, timestamptz, integer) IS
	'Bring a flow graph up to date with its query; returns unchanged, appended or rebuilt';

CREATE FUNCTION risk_screen.drop_flow_graph(name text)
	RETURNS void
	AS 'MODULE_PATHNAME', 'rs_drop_flow_graph'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION risk_screen.drop_flow_graph(text) IS
	'Remove a flow graph; its files go when the transaction commits';

CREATE FUNCTION risk_screen.grant_flow_graph(name text, role text)
	RETURNS void
	AS 'MODULE_PATHNAME', 'rs_grant_flow_graph'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION risk_screen.grant_flow_graph(text, text) IS
	'Let a role (or public) trace a flow graph without rights on the tables behind it';

CREATE FUNCTION risk_screen.revoke_flow_graph(name text, role text)
	RETURNS void
	AS 'MODULE_PATHNAME', 'rs_revoke_flow_graph'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION risk_screen.revoke_flow_graph(text, text) IS
	'Take back what grant_flow_graph gave';

CREATE FUNCTION risk_screen.check_flow_graph(name text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'rs_check_flow_graph'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION risk_screen.check_flow_graph(text) IS
	'Read the whole files of a flow graph and verify their checksums; returns sound, or what is wrong';

CREATE FUNCTION risk_screen.flow_graph_transfers(name text,
		OUT txn_id text, OUT payer text, OUT payee text, OUT amount numeric, OUT paid_at timestamptz,
		OUT ord bigint, OUT fee numeric, OUT currency text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_flow_graph_transfers'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 1000000 ROWS 1000000
	SUPPORT risk_screen._rows_support;
COMMENT ON FUNCTION risk_screen.flow_graph_transfers(text) IS
	'The transfers that a flow graph holds, in order of time and txn_id';

CREATE FUNCTION risk_screen._flow_graph_state(name text, OUT state text, OUT stale boolean)
	AS 'MODULE_PATHNAME', 'rs_flow_graph_state'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 1000;

CREATE VIEW risk_screen.flow_graph AS
	SELECT g.name, g.owner, g.readers, g.query, g.bad_rows,
		s.state, s.stale,
		f.rows, f.nodes AS accounts, f.bytes, f.first_at, f.last_at AS watermark,
		f.refreshed_at, f.refreshed_by, pg_catalog.make_interval(secs => f.seconds) AS build_time,
		f.complete, f.parts, f.columns
	FROM risk_screen._graph g
		LEFT JOIN risk_screen._graph_file f ON f.kind OPERATOR(pg_catalog.=) g.kind AND f.name OPERATOR(pg_catalog.=) g.name
		CROSS JOIN LATERAL risk_screen._flow_graph_state(g.name) s
	WHERE g.kind OPERATOR(pg_catalog.=) 'flow';
COMMENT ON VIEW risk_screen.flow_graph IS
	'The flow graphs of this database: definition, readers, size, span, last refresh, whether its files are there and the tables have changed since';
COMMENT ON COLUMN risk_screen.flow_graph.readers IS 'roles that may trace it; - is PUBLIC';
COMMENT ON COLUMN risk_screen.flow_graph.state IS 'ready, not built (refresh it), missing or damaged (refresh it; on a standby trace the query)';
COMMENT ON COLUMN risk_screen.flow_graph.stale IS 'true: needs a refresh; false: no table page has changed since; NULL: only a refresh can tell';
COMMENT ON COLUMN risk_screen.flow_graph.watermark IS 'latest transfer in the graph';
COMMENT ON COLUMN risk_screen.flow_graph.complete IS 'false: row-level security limited what the owner saw at the last refresh';
COMMENT ON COLUMN risk_screen.flow_graph.columns IS 'optional columns that it keeps: ord, fee, currency';
COMMENT ON COLUMN risk_screen.flow_graph.parts IS 'files that hold it: refreshes add parts and merge small ones';
GRANT SELECT ON risk_screen.flow_graph TO PUBLIC;
