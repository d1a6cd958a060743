-- Roles: what a supervision desk reads, as typed column lists.
--
-- A role is one kind of filing row (institution, transfer, loan ...). Rules are
-- written over roles, never over a customer's tables; create_workspace() turns
-- every role into an empty view of that name, which the analyst then maps onto
-- tables of their own. The columns of a role are a contract: rules may rely on
-- names, types and order, so a released role only ever grows at its end.
--
-- Columns shared by all roles: known_from, last, is when the warehouse learned
-- of the row (NULL: always known); a run with known_at ignores later rows.
-- Transfers, equity and related parties use the column names of the query-text
-- contracts, so trace_funds('desk.txn', ...) works as it is.

CREATE TABLE risk_screen.role (
	role text PRIMARY KEY CHECK (role ~ '^[a-z][a-z0-9_]*$'),
	title_zh text NOT NULL,
	title_en text NOT NULL,
	description text NOT NULL,
	section text NOT NULL,
	builtin boolean NOT NULL DEFAULT false,
	day_column text
);
COMMENT ON TABLE risk_screen.role IS 'Kinds of filing rows a desk reads; create_workspace() makes a view of each';
COMMENT ON COLUMN risk_screen.role.role IS 'Name of the role and of its view in a workspace';
COMMENT ON COLUMN risk_screen.role.title_zh IS 'Chinese label';
COMMENT ON COLUMN risk_screen.role.title_en IS 'English label';
COMMENT ON COLUMN risk_screen.role.description IS 'What one row is';
COMMENT ON COLUMN risk_screen.role.section IS 'Chapter of docs/roles.md';
COMMENT ON COLUMN risk_screen.role.builtin IS 'Shipped with the extension, therefore read-only';
COMMENT ON COLUMN risk_screen.role.day_column IS 'Column that says which day a row belongs to; NULL: a register, whose rows stay until a later filing says otherwise';

CREATE TABLE risk_screen.role_column (
	role text NOT NULL REFERENCES risk_screen.role ON DELETE CASCADE,
	ordinal int NOT NULL CHECK (ordinal > 0),
	name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]*$'),
	type text NOT NULL,
	required boolean NOT NULL DEFAULT false,
	title_zh text NOT NULL,
	description text NOT NULL,
	builtin boolean NOT NULL DEFAULT false,
	is_key boolean NOT NULL DEFAULT false,
	codes text,
	low numeric,
	high numeric,
	PRIMARY KEY (role, name),
	UNIQUE (role, ordinal)
);
COMMENT ON TABLE risk_screen.role_column IS 'Columns of each role, in the order of its view';
COMMENT ON COLUMN risk_screen.role_column.role IS 'The role';
COMMENT ON COLUMN risk_screen.role_column.ordinal IS 'Place in the view, from 1';
COMMENT ON COLUMN risk_screen.role_column.name IS 'Column name';
COMMENT ON COLUMN risk_screen.role_column.type IS 'PostgreSQL type, as format_type() writes it';
COMMENT ON COLUMN risk_screen.role_column.required IS 'A mapped row without it is of no use: map_role() insists on the column';
COMMENT ON COLUMN risk_screen.role_column.title_zh IS 'Chinese label';
COMMENT ON COLUMN risk_screen.role_column.description IS 'Meaning, unit, codes';
COMMENT ON COLUMN risk_screen.role_column.builtin IS 'Shipped with the extension, therefore read-only';
COMMENT ON COLUMN risk_screen.role_column.is_key IS 'Part of what tells two filed rows of one institution apart';
COMMENT ON COLUMN risk_screen.role_column.codes IS 'Domain of code_label that a filed value must come from; NULL: any value';
COMMENT ON COLUMN risk_screen.role_column.low IS 'Least value that may be filed; NULL: none';
COMMENT ON COLUMN risk_screen.role_column.high IS 'Greatest value that may be filed; NULL: none';

CREATE TABLE risk_screen.code_label (
	domain text NOT NULL,
	code text NOT NULL,
	title_zh text NOT NULL,
	title_en text NOT NULL,
	ordinal int NOT NULL DEFAULT 0,
	builtin boolean NOT NULL DEFAULT false,
	PRIMARY KEY (domain, code)
);
COMMENT ON TABLE risk_screen.code_label IS 'Codes used in role columns and results, with Chinese and English labels';
COMMENT ON COLUMN risk_screen.code_label.domain IS 'Code list: line, level, purpose, owner_kind, position_item ...';
COMMENT ON COLUMN risk_screen.code_label.code IS 'The code as it stands in the data';
COMMENT ON COLUMN risk_screen.code_label.title_zh IS 'Chinese label';
COMMENT ON COLUMN risk_screen.code_label.title_en IS 'English label';
COMMENT ON COLUMN risk_screen.code_label.ordinal IS 'Place in a list';
COMMENT ON COLUMN risk_screen.code_label.builtin IS 'Shipped with the extension, therefore read-only';

GRANT SELECT ON risk_screen.role, risk_screen.role_column, risk_screen.code_label TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('risk_screen.role', 'WHERE NOT builtin');
SELECT pg_catalog.pg_extension_config_dump('risk_screen.role_column', 'WHERE NOT builtin');
SELECT pg_catalog.pg_extension_config_dump('risk_screen.code_label', 'WHERE NOT builtin');

-- A user's change to a shipped row would vanish at dump and restore, so it is
-- refused. The extension's own scripts (install, upgrade) may change them.
CREATE FUNCTION risk_screen._keep_shipped_row() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF TG_OP = 'TRUNCATE' OR TG_TABLE_NAME = 'requirement' OR TG_OP <> 'INSERT' AND (to_jsonb(OLD) ->> 'builtin')::boolean
	   OR TG_OP <> 'DELETE' AND (to_jsonb(NEW) ->> 'builtin')::boolean THEN
		RAISE EXCEPTION 'rows shipped with the extension are read-only'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = format('The row belongs to risk_screen.%I, which keeps builtin = true for the extension''s own rows.', TG_TABLE_NAME),
				HINT = 'Add a row of your own instead; your rows are kept by pg_dump.';
	END IF;
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

-- Install-time notation: one line per column, "name type[!] label; meaning".
CREATE FUNCTION risk_screen._define_role(role text, section text, title_zh text, title_en text,
										 description text, columns text) RETURNS void
	LANGUAGE sql AS $$
	INSERT INTO risk_screen.role VALUES (role, title_zh, title_en, description, section, true);
	INSERT INTO risk_screen.role_column
	SELECT role, pg_catalog.row_number() OVER (ORDER BY l.no), m[1],
		   pg_catalog.format_type(m[2]::pg_catalog.regtype, NULL), m[3] = '!', m[4], m[5], true
	  FROM pg_catalog.regexp_split_to_table(columns || E'known_from timestamptz 获知时间; when the warehouse learned of the row; NULL: always known\n',
											E'\n') WITH ORDINALITY AS l (line, no),
		   pg_catalog.regexp_match(l.line, '^\s*(\w+) ([a-z]+(?:\[\])?)(!?) ([^;]+); (.+?)\s*$') AS m
	 WHERE l.line ~ '\S';
$$;
