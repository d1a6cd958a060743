-- Restricted words in the names and scopes of the desk's firms: found once per
-- run, kept with it, and read by the rules of section H.

INSERT INTO risk_screen._desk_object (name, ordinal, ddl, description, columns) VALUES
('name_hit', 10, $$
CREATE TABLE name_hit (
	run_id bigint NOT NULL REFERENCES run ON DELETE CASCADE,
	inst_id text,
	name text,
	changed_on date,
	field text NOT NULL,
	lexicon text NOT NULL,
	list_version date NOT NULL,
	term text NOT NULL,
	effect text NOT NULL,
	basis text,
	started int NOT NULL,
	ended int NOT NULL,
	matched text NOT NULL,
	disguise text NOT NULL,
	in_force_from date NOT NULL,
	problem text);
CREATE INDEX name_hit_inst_id ON name_hit (run_id, inst_id)
$$, '名单命中: words of the watch lists in names and scopes of firms that are not financial, as a run saw them', $$
run_id 批次编号; run
inst_id 机构编号; firm
name 机构名称; name
changed_on 最近登记日; last entry of the firm in the register; NULL: not filed
field 位置; name or scope
lexicon 名单; list
list_version 名单版本; first day of the version of the list it was judged by
term 字样; word of the list
effect 后果; watch or reject
basis 依据; document and article
started 起始字; first character, from 1
ended 结束字; last character
matched 原文; as written
disguise 伪装; plain, folded, interleaved ...
in_force_from 生效日; since when list and word hold
problem 不确定原因; why the hit is not certain (province missing or misspelt)
$$);

-- The scan. Judged by the lists as of the day asked about, or, at registration,
-- as of the day of the firm's last register entry; with changed_before only
-- firms whose entry is older. On the search path's desk.
CREATE FUNCTION risk_screen._scan_names(as_of date, changed_since date, lexicons text[], at_registration boolean, changed_before date = NULL)
	RETURNS TABLE (inst_id text, name text, changed_on date, field text, lexicon text, term text, effect text, basis text,
				   started int, ended int, matched text, disguise text, in_force_from date, problem text, list_version date)
	LANGUAGE plpgsql STABLE ROWS 2000 AS $$
BEGIN
	RETURN QUERY
	WITH held AS (
		SELECT l.inst_id, array_agg(DISTINCT l.biz) FILTER (WHERE l.valid_from <= as_of AND coalesce(l.valid_to > as_of, true) AND coalesce(l.status, 'valid') = 'valid') AS biz,
			   max(l.valid_to) FILTER (WHERE l.valid_to <= as_of) AS ended_on, max(l.status) FILTER (WHERE l.status <> 'valid') AS lost
		  FROM licence AS l GROUP BY l.inst_id),
	-- a firm changes when its register entry does, as far as it was granted
	event AS (
		SELECT e.inst_id, max(e.happened_on) AS happened_on FROM registration AS e
		 WHERE e.event IN ('new', 'change', 'move_in') AND e.happened_on <= as_of AND coalesce(e.decision, 'accepted') <> 'rejected' GROUP BY e.inst_id),
	firm AS (
		SELECT i.inst_id, i.name, i.scope_text, i.province, i.kind, h.biz, h.ended_on, h.lost, greatest(i.registered_on, i.moved_in_on, e.happened_on) AS changed_on,
			   coalesce(risk_screen.known_region(i.province), false) AS placed
		  FROM institution AS i LEFT JOIN held AS h USING (inst_id) LEFT JOIN event AS e USING (inst_id)
		 WHERE i.is_financial IS NOT TRUE AND coalesce(i.registered_on <= as_of, true)),
	judged AS (
		SELECT f.*, CASE WHEN at_registration THEN coalesce(least(f.changed_on, as_of), as_of) ELSE as_of END AS day
		  FROM firm AS f WHERE changed_before IS NULL OR f.changed_on < changed_before),
	local AS MATERIALIZED (
		SELECT DISTINCT x.jurisdiction FROM risk_screen.lexicon AS x WHERE x.jurisdiction IS NOT NULL AND x.lexicon = ANY (lexicons)),
	version AS MATERIALIZED (
		SELECT u.lexicon, v.valid_from, v.valid_to FROM unnest(lexicons) AS u (lexicon) CROSS JOIN LATERAL risk_screen.lexicon_versions(u.lexicon) AS v)
	SELECT f.inst_id, f.name, f.changed_on, s.field, s.lexicon, s.term, s.effect, s.basis, s.started, s.ended, s.matched, s.disguise,
		   greatest(l.valid_from, t.valid_from),
		   CASE WHEN at_registration AND f.changed_on IS NULL THEN 'registered_on'
				WHEN p.assumed AND f.province IS NULL THEN 'province' WHEN p.assumed AND f.placed THEN format('province: "%s" does not tell whether it is in %s', f.province, p.province)
				WHEN p.assumed THEN format('province: "%s" tells no province', f.province) END,
		   v.valid_from
	  FROM judged AS f
	 CROSS JOIN LATERAL (
			SELECT CASE WHEN f.placed THEN f.province END AS province, false AS assumed
			 UNION ALL
			-- without a province, or with no more than a province, a list of one place may apply: asked as if it did, and said to be so
			SELECT x.jurisdiction, true FROM local AS x WHERE NOT f.placed OR risk_screen._region_around(f.province, x.jurisdiction)) AS p
	 CROSS JOIN LATERAL risk_screen.screen_name(f.name, f.scope_text, p.province, 'existing', f.biz, f.day, f.kind) AS s
	  JOIN risk_screen.lexicon AS l ON l.lexicon = s.lexicon
	  JOIN version AS v ON v.lexicon = s.lexicon AND f.day BETWEEN v.valid_from AND v.valid_to
	  LEFT JOIN risk_screen.term AS t ON t.lexicon = s.lexicon AND t.term = s.term
	 WHERE s.lexicon = ANY (lexicons) AND (NOT p.assumed OR l.jurisdiction = p.province)
	   AND (changed_since IS NULL OR f.changed_on IS NULL OR f.changed_on > changed_since OR greatest(l.valid_from, t.valid_from) > changed_since
			-- a licence without its date of loss may have been lost since
			OR f.ended_on > changed_since OR f.lost IS NOT NULL);
END $$;

-- While a run is at work (only its own transaction sees it unfinished), what the
-- run has kept; otherwise found anew.
CREATE FUNCTION risk_screen.desk_name_hits(as_of date, changed_since date = NULL, lexicons text[] = '{CN-2016-21,BJ-2016}', at_registration boolean = false)
	RETURNS TABLE (inst_id text, name text, changed_on date, field text, lexicon text, term text, effect text, basis text,
				   started int, ended int, matched text, disguise text, in_force_from date, problem text, list_version date)
	LANGUAGE plpgsql STABLE ROWS 2000 AS $$
DECLARE
	newest date;
BEGIN
	PERFORM risk_screen._require_desk(NULL);
	IF changed_since IS NULL AND lexicons <@ '{CN-2016-21,BJ-2016}' AND pg_catalog.to_regclass('name_hit') IS NOT NULL THEN
		RETURN QUERY
		SELECT h.inst_id, h.name, h.changed_on, h.field, h.lexicon, h.term, h.effect, h.basis, h.started, h.ended, h.matched, h.disguise, h.in_force_from,
			   CASE WHEN at_registration AND h.changed_on IS NULL THEN 'registered_on' ELSE h.problem END, h.list_version
		  FROM run AS r JOIN name_hit AS h ON h.run_id OPERATOR(pg_catalog.=) r.run_id
		 WHERE r.finished_at IS NULL AND r.as_of OPERATOR(pg_catalog.=) desk_name_hits.as_of AND h.lexicon = ANY (lexicons)
		   -- a firm entered under an earlier version is judged by that one
		   AND (NOT at_registration OR h.changed_on IS NULL OR h.changed_on >= h.list_version);
		IF FOUND THEN
			IF at_registration THEN
				-- firms entered under an earlier version of a list: only then a second look
				SELECT max(v.valid_from) INTO newest FROM unnest(lexicons) AS u (lexicon) CROSS JOIN LATERAL risk_screen.lexicon_versions(u.lexicon) AS v
				 WHERE v.version > 1 AND desk_name_hits.as_of >= v.valid_from;
				IF newest IS NOT NULL THEN
					RETURN QUERY
					SELECT s.* FROM risk_screen._scan_names(desk_name_hits.as_of, NULL, lexicons, true, newest) AS s
					 WHERE s.list_version < (SELECT max(v.valid_from) FROM risk_screen.lexicon_versions(s.lexicon) AS v WHERE v.valid_from <= desk_name_hits.as_of);
				END IF;
			END IF;
			RETURN;
		END IF;
	END IF;
	RETURN QUERY SELECT * FROM risk_screen._scan_names(as_of, changed_since, lexicons, at_registration);
END $$;
COMMENT ON FUNCTION risk_screen.desk_name_hits(date, date, text[], boolean) IS
	'Words of the watch lists in names and scopes of firms of the desk on the search path that hold no licence: full scan, or what may be new since a day; judged by the lists of the day, or of the day the firm was registered; problem says why a hit is not certain; a run scans once';

-- Keep the words of a run. If the scan fails, each rule that needs it fails by itself.
CREATE PROCEDURE risk_screen._screen_names(workspace text, run_row anyelement)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM set_config('search_path', risk_screen._rule_path(workspace, run_row.known_at < 'infinity'), true);
	EXECUTE format('INSERT INTO %I.name_hit (run_id, inst_id, name, changed_on, field, lexicon, list_version, term, effect, basis, started, ended, matched, disguise, in_force_from, problem)
					SELECT $1, s.inst_id, s.name, s.changed_on, s.field, s.lexicon, s.list_version, s.term, s.effect, s.basis, s.started, s.ended, s.matched, s.disguise, s.in_force_from, s.problem
					  FROM risk_screen._scan_names($2, NULL, ''{CN-2016-21,BJ-2016}'', false) AS s', workspace)
		USING run_row.run_id, run_row.as_of;
	PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
EXCEPTION
	WHEN insufficient_privilege OR query_canceled THEN
		RAISE;
	WHEN OTHERS THEN
		RAISE WARNING 'names and scopes could not be screened: %', SQLERRM
			USING HINT = 'Rules that need it will fail with the same message.';
END $$;
