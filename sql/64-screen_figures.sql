-- Figures of a period that institutions file, added up without counting a day twice.
--
-- A month, a quarter and the year to date may all be filed as one item (role
-- position: period_from to as_of). Rules that relate such figures to each other
-- need them of the same days, and each day once. Reads the desk on the search path.

-- Per institution: spans of days for which every item is filed, as it stands or as
-- smaller periods that tile the span; from the latest end backwards, of the same
-- end the longest (finest: the shortest), then the next that ends before it begins.
-- A figure without period_from does not say what it counts: such figures are taken of
-- one day, the last on which all items are filed, and only where no span is complete.
-- opening: an item that is a stock at the beginning of the earliest span.
-- left_out: figures of the items on file in the window that were not used.
-- missing: why there are no figures; first_day NULL: of one day, period not filed.
CREATE FUNCTION risk_screen._period_figures(as_of date, since date, items text[], opening text = NULL, finest boolean = false)
	RETURNS TABLE (inst_id text, figures jsonb, first_day date, last_day date, periods int, left_out bigint, missing text)
	LANGUAGE plpgsql STABLE ROWS 1000 AS $$
#variable_conflict use_column
DECLARE
	r record;
	first_to date;
BEGIN
	FOR r IN
		WITH filed AS (
			SELECT w.inst_id, w.item, w.period_from, w.as_of, coalesce(max(w.value) FILTER (WHERE w.biz IS NULL AND w.region IS NULL),
				   sum(w.value) FILTER (WHERE w.region IS NULL), sum(w.value) FILTER (WHERE w.biz IS NULL), sum(w.value)) AS value
			  FROM position AS w
			 -- a month before the window may be a part of a quarter that ends in it
			 WHERE (w.item = ANY ($3) OR w.item = $4) AND w.as_of <= $1 AND w.as_of >= $2 - 366
			 GROUP BY w.inst_id, w.item, w.period_from, w.as_of),
		flow AS (
			-- an atom has no other period of its item in it
			SELECT f.*, (max(f.period_from) OVER (PARTITION BY f.inst_id, f.item ORDER BY f.as_of, f.period_from DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) >= f.period_from) IS NOT TRUE AS atom
			  FROM filed AS f WHERE f.item = ANY ($3) AND f.value IS NOT NULL AND f.period_from <= f.as_of),
		wanted AS (
			SELECT s.inst_id, s.period_from, s.as_of, u.item, f.value
			  FROM (SELECT DISTINCT f.inst_id, f.period_from, f.as_of FROM flow AS f WHERE f.as_of >= $2) AS s CROSS JOIN unnest($3) AS u (item)
			  LEFT JOIN flow AS f ON f.inst_id = s.inst_id AND f.item = u.item AND f.period_from = s.period_from AND f.as_of = s.as_of),
		tiled AS (
			SELECT w.inst_id, w.period_from, w.as_of, w.item, sum(f.value) AS value, count(*) FILTER (WHERE f.as_of >= $2) AS n
			  FROM wanted AS w JOIN flow AS f ON f.inst_id = w.inst_id AND f.item = w.item AND f.atom AND f.period_from >= w.period_from AND f.as_of <= w.as_of
			 WHERE w.value IS NULL GROUP BY w.inst_id, w.period_from, w.as_of, w.item
			HAVING sum(f.as_of - f.period_from + 1) = w.as_of - w.period_from + 1
			   AND range_agg(daterange(f.period_from, f.as_of, '[]')) = datemultirange(daterange(w.period_from, w.as_of, '[]'))),
		span AS (
			SELECT w.inst_id, w.period_from, w.as_of, jsonb_object_agg(w.item, coalesce(w.value, t.value)) AS figures, sum(coalesce(t.n, 1)) AS used
			  FROM wanted AS w LEFT JOIN tiled AS t USING (inst_id, period_from, as_of, item)
			 GROUP BY w.inst_id, w.period_from, w.as_of HAVING count(coalesce(w.value, t.value)) = cardinality($3)),
		dayless AS (
			SELECT f.inst_id, f.as_of, jsonb_object_agg(f.item, f.value) AS figures FROM filed AS f
			 WHERE f.item = ANY ($3) AND f.period_from IS NULL AND f.value IS NOT NULL AND f.as_of >= $2 AND NOT EXISTS (SELECT FROM span AS s WHERE s.inst_id = f.inst_id)
			 GROUP BY f.inst_id, f.as_of HAVING count(*) = cardinality($3)),
		picked AS (
			SELECT s.inst_id, s.period_from, s.as_of, s.figures, s.used FROM span AS s
			 UNION ALL
			(SELECT DISTINCT ON (d.inst_id) d.inst_id, NULL, d.as_of, d.figures, cardinality($3) FROM dayless AS d ORDER BY d.inst_id, d.as_of DESC)),
		known AS (
			SELECT f.inst_id, count(f.value) FILTER (WHERE f.item = ANY ($3) AND f.as_of >= $2) AS n, array_agg(DISTINCT f.item) FILTER (WHERE f.value IS NOT NULL AND f.as_of >= $2) AS items,
				   jsonb_agg(jsonb_build_object('from', f.period_from, 'to', f.as_of, 'value', f.value)) FILTER (WHERE f.item = $4 AND f.value IS NOT NULL) AS openings
			  FROM filed AS f GROUP BY f.inst_id HAVING max(f.as_of) >= $2)
		SELECT k.inst_id, k.n, k.openings, p.period_from, p.as_of, p.figures, p.used,
			   (SELECT string_agg(u.item, ', ' ORDER BY u.no) FROM unnest($3) WITH ORDINALITY AS u (item, no) WHERE (u.item = ANY (k.items)) IS NOT TRUE) AS absent,
			   row_number() OVER w = 1 AS first, lead(k.inst_id) OVER w IS NULL AS last
		  FROM known AS k LEFT JOIN picked AS p USING (inst_id)
		WINDOW w AS (PARTITION BY k.inst_id ORDER BY p.as_of DESC, CASE WHEN $5 THEN p.as_of - p.period_from ELSE p.period_from - p.as_of END)
		 ORDER BY k.inst_id, p.as_of DESC, CASE WHEN $5 THEN p.as_of - p.period_from ELSE p.period_from - p.as_of END
	LOOP
		IF r.first THEN
			inst_id := r.inst_id;
			figures := r.figures;
			first_day := r.period_from;
			last_day := r.as_of;
			first_to := r.as_of;
			periods := (r.figures IS NOT NULL)::int;
			left_out := r.n - coalesce(r.used, 0);
		ELSIF r.as_of < first_day THEN
			SELECT jsonb_object_agg(k, (figures ->> k)::numeric + (r.figures ->> k)::numeric) INTO figures FROM unnest(items) AS k;
			first_day := r.period_from;
			first_to := r.as_of;
			periods := periods + 1;
			left_out := left_out - r.used;
		END IF;
		CONTINUE WHEN NOT r.last;
		missing := CASE WHEN r.absent IS NOT NULL THEN 'position item ' || r.absent WHEN figures IS NULL THEN array_to_string(items, ', ') || ' of the same period' END;
		IF opening IS NOT NULL AND figures IS NOT NULL THEN
			-- filed for the period that begins then, else as a figure without period, with the span's own figures or at its beginning
			figures := figures || coalesce((SELECT jsonb_build_object(opening, o.value) FROM jsonb_to_recordset(r.openings) AS o ("from" date, "to" date, value numeric)
											 WHERE o."from" = first_day OR o."from" IS NULL AND (o."to" = first_to OR o."to" BETWEEN first_day - 1 AND first_day)
											 ORDER BY o."from" IS NULL, o."from" IS NULL AND o."to" <> first_to, o."to" LIMIT 1), '{}');
			IF NOT figures ? opening THEN
				missing := 'position item ' || opening || CASE WHEN r.openings IS NULL THEN '' ELSE ' at the beginning of the period' END;
			END IF;
		END IF;
		RETURN NEXT;
	END LOOP;
END $$;

-- What a finding says about the figures it rests on.
CREATE FUNCTION risk_screen._period_evidence(first_day date, last_day date, periods int, left_out bigint) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT jsonb_build_object('period_from', first_day, 'period_to', last_day, 'periods', nullif(periods, 0), 'period_not_filed', CASE WHEN first_day IS NULL AND periods > 0 THEN true END, 'figures_left_out', nullif(left_out, 0))
$$;
