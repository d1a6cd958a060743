-- Pictures: aggregates that turn rows of traces, attributions and ownership
-- paths into Graphviz, Mermaid and Sankey diagrams, and the names to label them.

CREATE FUNCTION risk_screen._picture_step(internal, text, text, numeric, timestamptz) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_picture_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._picture_step(internal, text, text, numeric, timestamptz, jsonb, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_picture_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._picture_chain_step(internal, text[], numeric[]) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_picture_chain_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._picture_chain_step(internal, text[], numeric[], jsonb, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_picture_chain_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
-- Days are shown in risk_screen.time_zone, hence STABLE.
CREATE FUNCTION risk_screen._picture_dot(internal) RETURNS text
	AS 'MODULE_PATHNAME', 'rs_picture_dot_final' LANGUAGE C STABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._picture_mermaid(internal) RETURNS text
	AS 'MODULE_PATHNAME', 'rs_picture_mermaid_final' LANGUAGE C STABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._picture_sankey(internal) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'rs_picture_sankey_final' LANGUAGE C STABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._picture_sankey_option(internal) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'rs_picture_sankey_option_final' LANGUAGE C STABLE PARALLEL SAFE;

CREATE AGGREGATE risk_screen.flow_dot(source text, target text, amount numeric, at timestamptz) (
	SFUNC = risk_screen._picture_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_dot, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_dot(source text, target text, amount numeric, at timestamptz, nodes jsonb, options jsonb) (
	SFUNC = risk_screen._picture_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_dot, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_dot(parties text[], shares numeric[]) (
	SFUNC = risk_screen._picture_chain_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_dot, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_dot(parties text[], shares numeric[], nodes jsonb, options jsonb) (
	SFUNC = risk_screen._picture_chain_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_dot, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.flow_dot(text, text, numeric, timestamptz) IS
	'Flows as Graphviz text; target NULL: the amount rests with source';
COMMENT ON AGGREGATE risk_screen.flow_dot(text, text, numeric, timestamptz, jsonb, jsonb) IS
	'Flows as Graphviz text; nodes: name, level, incomplete and note by id; options: title, unit, language, max_nodes, roots, workspace, kind';
COMMENT ON AGGREGATE risk_screen.flow_dot(text[], numeric[]) IS
	'Ownership chains as Graphviz text: parties and shares of ownership_paths(), each holding once';
COMMENT ON AGGREGATE risk_screen.flow_dot(text[], numeric[], jsonb, jsonb) IS
	'Ownership chains as Graphviz text; nodes: name, level, incomplete and note by id; options: title, unit, language, max_nodes, roots, workspace, kind';

CREATE AGGREGATE risk_screen.flow_mermaid(source text, target text, amount numeric, at timestamptz) (
	SFUNC = risk_screen._picture_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_mermaid, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_mermaid(source text, target text, amount numeric, at timestamptz, nodes jsonb, options jsonb) (
	SFUNC = risk_screen._picture_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_mermaid, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_mermaid(parties text[], shares numeric[]) (
	SFUNC = risk_screen._picture_chain_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_mermaid, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_mermaid(parties text[], shares numeric[], nodes jsonb, options jsonb) (
	SFUNC = risk_screen._picture_chain_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_mermaid, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.flow_mermaid(text, text, numeric, timestamptz) IS
	'Flows as a Mermaid flowchart; target NULL: the amount rests with source';
COMMENT ON AGGREGATE risk_screen.flow_mermaid(text, text, numeric, timestamptz, jsonb, jsonb) IS
	'Flows as a Mermaid flowchart; nodes: name, level, incomplete and note by id; options: title, unit, language, max_nodes, roots, workspace, kind';
COMMENT ON AGGREGATE risk_screen.flow_mermaid(text[], numeric[]) IS
	'Ownership chains as a Mermaid flowchart: parties and shares of ownership_paths(), each holding once';
COMMENT ON AGGREGATE risk_screen.flow_mermaid(text[], numeric[], jsonb, jsonb) IS
	'Ownership chains as a Mermaid flowchart; nodes: name, level, incomplete and note by id; options: title, unit, language, max_nodes, roots, workspace, kind';

CREATE AGGREGATE risk_screen.flow_sankey(source text, target text, amount numeric, at timestamptz) (
	SFUNC = risk_screen._picture_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_sankey, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_sankey(source text, target text, amount numeric, at timestamptz, nodes jsonb, options jsonb) (
	SFUNC = risk_screen._picture_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_sankey, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_sankey(parties text[], shares numeric[]) (
	SFUNC = risk_screen._picture_chain_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_sankey, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_sankey(parties text[], shares numeric[], nodes jsonb, options jsonb) (
	SFUNC = risk_screen._picture_chain_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_sankey, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.flow_sankey(text, text, numeric, timestamptz) IS
	'Flows as nodes and links of a Sankey diagram: title, notes, nodes, links; target NULL: the amount rests with source';
COMMENT ON AGGREGATE risk_screen.flow_sankey(text, text, numeric, timestamptz, jsonb, jsonb) IS
	'Flows as nodes and links of a Sankey diagram: title, notes, nodes, links; nodes: name, level, incomplete and note by id; options: title, unit, language, max_nodes, roots, workspace, kind';
COMMENT ON AGGREGATE risk_screen.flow_sankey(text[], numeric[]) IS
	'Ownership chains as nodes and links of a Sankey diagram: parties and shares of ownership_paths(), each holding once';
COMMENT ON AGGREGATE risk_screen.flow_sankey(text[], numeric[], jsonb, jsonb) IS
	'Ownership chains as nodes and links of a Sankey diagram; nodes: name, level, incomplete and note by id; options: title, unit, language, max_nodes, roots, workspace, kind';

CREATE AGGREGATE risk_screen.flow_sankey_option(source text, target text, amount numeric, at timestamptz) (
	SFUNC = risk_screen._picture_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_sankey_option, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_sankey_option(source text, target text, amount numeric, at timestamptz, nodes jsonb, options jsonb) (
	SFUNC = risk_screen._picture_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_sankey_option, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_sankey_option(parties text[], shares numeric[]) (
	SFUNC = risk_screen._picture_chain_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_sankey_option, PARALLEL = SAFE);
CREATE AGGREGATE risk_screen.flow_sankey_option(parties text[], shares numeric[], nodes jsonb, options jsonb) (
	SFUNC = risk_screen._picture_chain_step, STYPE = internal, SSPACE = 65536, FINALFUNC = risk_screen._picture_sankey_option, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.flow_sankey_option(text, text, numeric, timestamptz) IS
	'Flows as a complete ECharts option of a Sankey diagram; target NULL: the amount rests with source';
COMMENT ON AGGREGATE risk_screen.flow_sankey_option(text, text, numeric, timestamptz, jsonb, jsonb) IS
	'Flows as a complete ECharts option of a Sankey diagram; nodes: name, level, incomplete and note by id; options: title, unit, language, max_nodes, roots, workspace, kind';
COMMENT ON AGGREGATE risk_screen.flow_sankey_option(text[], numeric[]) IS
	'Ownership chains as a complete ECharts option of a Sankey diagram: parties and shares of ownership_paths(), each holding once';
COMMENT ON AGGREGATE risk_screen.flow_sankey_option(text[], numeric[], jsonb, jsonb) IS
	'Ownership chains as a complete ECharts option of a Sankey diagram; nodes: name, level, incomplete and note by id; options: title, unit, language, max_nodes, roots, workspace, kind';

CREATE FUNCTION risk_screen.flow_nodes(workspace text, kind text DEFAULT 'account', ids text[] DEFAULT NULL) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	nodes jsonb;
	named text := $q$
		SELECT p.party_id AS id, p.name, NULL::text AS level, false AS incomplete FROM %1$I.party AS p WHERE p.party_id = ANY (%2$s)
		 UNION ALL
		SELECT i.inst_id, i.name, g.level_in_force::text, coalesce(g.level = 'unknown' AND g.possible > g.level_in_force, false)
		  FROM %1$I.institution AS i
		  LEFT JOIN %1$I.grade AS g ON g.inst_id = i.inst_id AND g.run_id = (SELECT run_id FROM %1$I.current_run)
		 WHERE i.inst_id = ANY (%2$s)$q$;
BEGIN
	IF workspace IS NULL OR kind IS NULL THEN
		RAISE EXCEPTION 'workspace and kind must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM risk_screen._require_workspace(workspace);
	IF kind = 'account' THEN
		EXECUTE format($q$
			WITH account AS (
				SELECT a.account_id, a.owner_id, l.title_zh
				  FROM %1$I.account AS a
				  LEFT JOIN risk_screen.code_label AS l ON l.domain = 'owner_kind' AND l.code = a.owner_kind AND a.owner_kind <> 'client'
				 WHERE $1 IS NULL OR a.account_id = ANY ($1)),
			named AS ($q$ || named || $q$)
			SELECT jsonb_object_agg(account_id, jsonb_build_object('name', name || coalesce('（' || title_zh || '）', ''), 'level', level, 'note', account_id)
									|| CASE WHEN incomplete THEN '{"incomplete": true}' ELSE '{}' END::jsonb)
			  FROM (SELECT DISTINCT ON (a.account_id) a.account_id, n.name, n.level, n.incomplete, a.title_zh
					  FROM account AS a JOIN named AS n ON n.id = a.owner_id
					 ORDER BY a.account_id, n.level NULLS LAST, n.name COLLATE "C") AS x$q$,
			workspace, '(SELECT array_agg(owner_id) FROM account)::text[]') INTO nodes USING ids;
	ELSIF kind = 'party' THEN
		EXECUTE format('SELECT jsonb_object_agg(id, jsonb_build_object(''name'', name, ''level'', level)
												|| CASE WHEN incomplete THEN ''{"incomplete": true}'' ELSE ''{}'' END::jsonb)
						  FROM (SELECT DISTINCT ON (id) id, name, level, incomplete FROM (' || named || ') AS n WHERE name IS NOT NULL
								 ORDER BY id, level NULLS LAST, name COLLATE "C") AS x',
			workspace, format('coalesce($1, ARRAY(SELECT party_id FROM %1$I.party UNION SELECT inst_id FROM %1$I.institution))', workspace)) INTO nodes USING ids;
	ELSE
		RAISE EXCEPTION 'unknown kind of node "%"', kind
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Use ''account'' or ''party''.';
	END IF;
	RETURN coalesce(nodes, '{}');
END $$;
COMMENT ON FUNCTION risk_screen.flow_nodes(text, text, text[]) IS
	'Names and levels (and whether missing data could make them worse) of a workspace''s accounts (by their owners) or parties, as the nodes argument of the picture aggregates; ids NULL: all';
