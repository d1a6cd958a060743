-- Ownership graphs: holdings queries kept as memory-mapped files.

CREATE FUNCTION risk_screen.create_ownership_graph(name text, holdings text, bad_rows text DEFAULT 'error')
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'rs_create_ownership_graph'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION risk_screen.create_ownership_graph(text, text, text) IS
	'Materialise a holdings query as an ownership graph, to be looked through as graph:NAME; returns its number of rows';

CREATE FUNCTION risk_screen.refresh_ownership_graph(name text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'rs_refresh_ownership_graph'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION risk_screen.refresh_ownership_graph(text) IS
	'Bring an ownership graph up to date with its query; returns unchanged or rebuilt';

CREATE FUNCTION risk_screen.drop_ownership_graph(name text)
	RETURNS void
	AS 'MODULE_PATHNAME', 'rs_drop_ownership_graph'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION risk_screen.drop_ownership_graph(text) IS
	'Remove an ownership graph; its file goes when the transaction commits';

CREATE FUNCTION risk_screen.grant_ownership_graph(name text, role text)
	RETURNS void
	AS 'MODULE_PATHNAME', 'rs_grant_ownership_graph'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION risk_screen.grant_ownership_graph(text, text) IS
	'Let a role (or public) look through an ownership graph without rights on the tables behind it';

CREATE FUNCTION risk_screen.revoke_ownership_graph(name text, role text)
	RETURNS void
	AS 'MODULE_PATHNAME', 'rs_revoke_ownership_graph'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION risk_screen.revoke_ownership_graph(text, text) IS
	'Take back what grant_ownership_graph gave';

CREATE FUNCTION risk_screen.check_ownership_graph(name text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'rs_check_ownership_graph'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION risk_screen.check_ownership_graph(text) IS
	'Read the whole file of an ownership graph and verify its checksums; returns sound, or what is wrong';

CREATE FUNCTION risk_screen.ownership_graph_holdings(name text,
		OUT owner text, OUT owned text, OUT share numeric, OUT votes numeric,
		OUT share_min numeric, OUT share_max numeric, OUT kind text,
		OUT valid_from date, OUT valid_to date, OUT known_from timestamptz)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_ownership_graph_holdings'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 1000000 ROWS 1000000
	SUPPORT risk_screen._rows_support;
COMMENT ON FUNCTION risk_screen.ownership_graph_holdings(text) IS
	'The holdings that an ownership graph holds, by owned company and owner';

CREATE FUNCTION risk_screen._ownership_graph_state(name text, OUT state text, OUT stale boolean)
	AS 'MODULE_PATHNAME', 'rs_ownership_graph_state'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 1000;

CREATE VIEW risk_screen.ownership_graph AS
	SELECT g.name, g.owner, g.readers, g.query, g.bad_rows,
		s.state, s.stale,
		f.rows, f.nodes AS parties, f.bytes,
		f.refreshed_at, f.refreshed_by, pg_catalog.make_interval(secs => f.seconds) AS build_time,
		f.complete, f.columns
	FROM risk_screen._graph g
		LEFT JOIN risk_screen._graph_file f ON f.kind OPERATOR(pg_catalog.=) g.kind AND f.name OPERATOR(pg_catalog.=) g.name
		CROSS JOIN LATERAL risk_screen._ownership_graph_state(g.name) s
	WHERE g.kind OPERATOR(pg_catalog.=) 'ownership';
COMMENT ON VIEW risk_screen.ownership_graph IS
	'The ownership graphs of this database: definition, readers, size, last refresh, whether the file is there and the tables have changed since';
COMMENT ON COLUMN risk_screen.ownership_graph.readers IS 'roles that may look through it; - is PUBLIC';
COMMENT ON COLUMN risk_screen.ownership_graph.state IS 'ready, not built (refresh it), missing or damaged (refresh it; on a standby pass the query)';
COMMENT ON COLUMN risk_screen.ownership_graph.stale IS 'true: needs a refresh; false: no table page has changed since; NULL: only a refresh can tell';
COMMENT ON COLUMN risk_screen.ownership_graph.complete IS 'false: row-level security limited what the owner saw at the last refresh';
COMMENT ON COLUMN risk_screen.ownership_graph.columns IS 'optional columns that it keeps: share, votes, share_min, share_max, kind, valid_from, valid_to, known_from';
GRANT SELECT ON risk_screen.ownership_graph TO PUBLIC;
