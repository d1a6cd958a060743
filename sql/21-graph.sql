-- Kept graphs: queries whose rows lie in memory-mapped files. Flow graphs hold
-- transfers (22-flow_graph.sql), ownership graphs holdings (23-ownership_graph.sql).

-- Definitions. Dumped; the files behind them are made again by a refresh.
-- src/graph_catalog.c reads both tables by the places of their columns.
CREATE TABLE risk_screen._graph (
	kind text COLLATE "C" NOT NULL CHECK (kind IN ('flow', 'ownership')),
	name text COLLATE "C" NOT NULL,
	owner regrole NOT NULL,
	readers regrole[] NOT NULL DEFAULT '{}',	-- '-' stands for PUBLIC
	query text NOT NULL,
	bad_rows text NOT NULL,
	search_path text NOT NULL,
	time_zone text NOT NULL,
	PRIMARY KEY (kind, name)
);
SELECT pg_catalog.pg_extension_config_dump('risk_screen._graph', '');

-- The files that hold a graph in this database, oldest part first. Not dumped.
CREATE TABLE risk_screen._graph_file (
	kind text COLLATE "C" NOT NULL,
	name text COLLATE "C" NOT NULL,
	files text[] NOT NULL,
	stamps text[] NOT NULL,
	evidence text,
	rows bigint NOT NULL,
	nodes bigint NOT NULL,		-- accounts, or parties
	bytes bigint NOT NULL,
	first_at timestamptz,
	last_at timestamptz,
	refreshed_at timestamptz NOT NULL,
	refreshed_by text NOT NULL,
	seconds double precision NOT NULL,
	complete boolean NOT NULL,
	parts integer NOT NULL,
	columns text[] NOT NULL,	-- optional ones that it keeps
	PRIMARY KEY (kind, name),
	FOREIGN KEY (kind, name) REFERENCES risk_screen._graph ON DELETE CASCADE
);

-- Sessions keep what they found in these tables until one of them changes.
CREATE FUNCTION risk_screen._graph_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'rs_graph_changed' LANGUAGE C;
COMMENT ON FUNCTION risk_screen._graph_changed() IS 'Makes all sessions look again into the tables of kept graphs';
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON risk_screen._graph
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._graph_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON risk_screen._graph_file
	FOR EACH STATEMENT EXECUTE FUNCTION risk_screen._graph_changed();
ALTER TABLE risk_screen._graph ENABLE ALWAYS TRIGGER changed;
ALTER TABLE risk_screen._graph_file ENABLE ALWAYS TRIGGER changed;

-- DROP EXTENSION takes the files along: by the time the rows that name them
-- are dropped, nobody can look at them any more.
CREATE FUNCTION risk_screen._graph_drop_extension()
	RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'rs_graph_drop_extension'
	LANGUAGE C;
CREATE EVENT TRIGGER risk_screen_drop_extension ON ddl_command_start
	WHEN TAG IN ('DROP EXTENSION')
	EXECUTE FUNCTION risk_screen._graph_drop_extension();
