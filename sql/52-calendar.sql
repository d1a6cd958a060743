-- Working days: Monday to Friday, except what calendar_day says about a day.

CREATE TABLE risk_screen.calendar_day (
	calendar text NOT NULL DEFAULT 'CN',
	day date NOT NULL CHECK (isfinite(day)),
	is_workday boolean NOT NULL,
	name_zh text,
	name_en text,
	builtin boolean NOT NULL DEFAULT false,
	PRIMARY KEY (calendar, day, builtin)
);
COMMENT ON TABLE risk_screen.calendar_day IS
	'Holidays and make-up workdays (调休); a row of your own for the same day wins over a shipped one';
COMMENT ON COLUMN risk_screen.calendar_day.calendar IS 'CN: mainland China; other names are your own calendars';
COMMENT ON COLUMN risk_screen.calendar_day.is_workday IS 'false: holiday; true: worked although a weekend (or in spite of a shipped row)';
COMMENT ON COLUMN risk_screen.calendar_day.builtin IS 'shipped with the extension; read-only and not dumped';
SELECT pg_catalog.pg_extension_config_dump('risk_screen.calendar_day', 'WHERE NOT builtin');
GRANT SELECT ON risk_screen.calendar_day TO PUBLIC;

CREATE FUNCTION risk_screen.is_workday(day date, calendar text DEFAULT 'CN') RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN coalesce((SELECT d.is_workday FROM risk_screen.calendar_day d
					  WHERE d.calendar = is_workday.calendar AND d.day = is_workday.day
					  ORDER BY d.builtin LIMIT 1),
					extract(isodow FROM day) < 6);
COMMENT ON FUNCTION risk_screen.is_workday(date, text) IS
	'Whether a day is worked: the calendar row if there is one, else Monday to Friday';

CREATE FUNCTION risk_screen._check_calendar(from_day date, to_day date, calendar text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	missing text;
BEGIN
	IF NOT (pg_catalog.isfinite(from_day) AND pg_catalog.isfinite(to_day)) THEN
		RAISE EXCEPTION 'working days need finite dates' USING ERRCODE = 'datetime_field_overflow';
	END IF;
	IF NOT EXISTS (SELECT FROM risk_screen.calendar_day d WHERE d.calendar = _check_calendar.calendar) THEN
		RAISE EXCEPTION 'calendar "%" has no days', calendar
			USING ERRCODE = 'undefined_object',
				  HINT = 'Insert its holidays into risk_screen.calendar_day, or use the calendar CN.';
	END IF;
	SELECT pg_catalog.string_agg(y::text, ', ' ORDER BY y) INTO missing
	  FROM pg_catalog.generate_series(pg_catalog.date_part('year', from_day)::int,
									  pg_catalog.date_part('year', to_day)::int) y
	 WHERE NOT EXISTS (SELECT FROM risk_screen.calendar_day d
						WHERE d.calendar = _check_calendar.calendar
						  AND d.day BETWEEN pg_catalog.make_date(y, 1, 1) AND pg_catalog.make_date(y, 12, 31));
	IF missing IS NOT NULL THEN
		RAISE WARNING 'calendar "%" has no holidays for %; Monday to Friday were counted', calendar, missing
			USING HINT = 'Insert the announced holidays and make-up workdays into risk_screen.calendar_day.';
	END IF;
END $$;

CREATE FUNCTION risk_screen.add_workdays(start date, days int, calendar text DEFAULT 'CN') RETURNS date
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	direction int := pg_catalog.sign(days)::int;
	span bigint := 2 * pg_catalog.abs(days::bigint) + 40;
	result date;
BEGIN
	IF days = 0 THEN
		RETURN start;
	END IF;
	IF pg_catalog.abs(days::bigint) > 100000 THEN
		RAISE EXCEPTION 'too many working days: %', days USING ERRCODE = 'numeric_value_out_of_range';
	END IF;
	PERFORM risk_screen._check_calendar(start, start, calendar);
	LOOP
		SELECT start + direction * i INTO result
		  FROM pg_catalog.generate_series(1, span) g(n), LATERAL (SELECT n::int) k(i)
		 WHERE risk_screen.is_workday(start + direction * i, calendar)
		 ORDER BY i OFFSET pg_catalog.abs(days) - 1 LIMIT 1;
		EXIT WHEN result IS NOT NULL;
		span := span * 2;
		IF span > 10000000 THEN
			RAISE EXCEPTION 'calendar "%" has too few working days', calendar
				USING ERRCODE = 'invalid_parameter_value';
		END IF;
	END LOOP;
	IF pg_catalog.date_part('year', result) <> pg_catalog.date_part('year', start) THEN
		PERFORM risk_screen._check_calendar(LEAST(start, result), GREATEST(start, result), calendar);
	END IF;
	RETURN result;
END $$;
COMMENT ON FUNCTION risk_screen.add_workdays(date, int, text) IS
	'The n-th working day after (n < 0: before) a day, which is not counted itself; n = 0 gives the day; warns where the calendar has no holidays';

CREATE FUNCTION risk_screen.workdays_between(from_day date, to_day date, calendar text DEFAULT 'CN') RETURNS int
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	low date := LEAST(from_day, to_day);
	high date := GREATEST(from_day, to_day);
	weekdays int;
	exceptions int;
BEGIN
	PERFORM risk_screen._check_calendar(low, high, calendar);
	-- count in (low, high] forwards and [low, high) backwards: the start is never counted
	IF to_day < from_day THEN
		low := low - 1;
		high := high - 1;
	END IF;
	-- Mondays to Fridays after a fixed Monday, up to each end
	weekdays := risk_screen._weekdays_until(high) - risk_screen._weekdays_until(low);
	SELECT coalesce(pg_catalog.sum(CASE WHEN weekday = is_workday THEN 0 WHEN is_workday THEN 1 ELSE -1 END), 0)
	  INTO exceptions
	  FROM (SELECT DISTINCT ON (d.day) d.is_workday, pg_catalog.date_part('isodow', d.day) < 6 AS weekday
			  FROM risk_screen.calendar_day d
			 WHERE d.calendar = workdays_between.calendar AND d.day > low AND d.day <= high
			 ORDER BY d.day, d.builtin) e;
	RETURN (weekdays + exceptions) * CASE WHEN to_day < from_day THEN -1 ELSE 1 END;
END $$;
COMMENT ON FUNCTION risk_screen.workdays_between(date, date, text) IS
	'Working days after from_day up to and including to_day; negative when to_day is earlier, so that workdays_between(d, add_workdays(d, n)) = n';

-- Mondays to Fridays from 1899-12-31 (a Sunday) to a day, that day included.
CREATE FUNCTION risk_screen._weekdays_until(day date) RETURNS int
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (5 * floor((day - date '1899-12-31') / 7.0)
			+ LEAST(5, (day - date '1899-12-31') - 7 * floor((day - date '1899-12-31') / 7.0)))::int;

CREATE FUNCTION risk_screen._time_zone() RETURNS text
	AS 'MODULE_PATHNAME', 'rs_calendar_time_zone' LANGUAGE C STABLE PARALLEL SAFE;

CREATE FUNCTION risk_screen.day_start(day date) RETURNS timestamptz
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN day::timestamp AT TIME ZONE risk_screen._time_zone();
COMMENT ON FUNCTION risk_screen.day_start(date) IS
	'The instant at which a day begins in risk_screen.time_zone, whatever the session''s TimeZone';

CREATE FUNCTION risk_screen.day_of(at timestamptz) RETURNS date
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN (at AT TIME ZONE risk_screen._time_zone())::date;
COMMENT ON FUNCTION risk_screen.day_of(timestamptz) IS
	'The day of an instant in risk_screen.time_zone, whatever the session''s TimeZone';

CREATE FUNCTION risk_screen.due_after(started timestamptz, allowed interval, stops tstzmultirange DEFAULT '{}')
	RETURNS timestamptz LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	stop tstzrange;
	due timestamptz;
	months int;
BEGIN
	months := (pg_catalog.date_part('year', allowed) * 12 + pg_catalog.date_part('month', allowed))::int;
	-- months as the calendar has them in risk_screen.time_zone; then hours of wall clock, days of 24 hours in every zone
	due := (started AT TIME ZONE risk_screen._time_zone() + pg_catalog.make_interval(months => months)) AT TIME ZONE risk_screen._time_zone()
		 + pg_catalog.make_interval(secs => pg_catalog.date_part('epoch', allowed - pg_catalog.make_interval(months => months)));
	IF due < started THEN
		RAISE EXCEPTION 'a deadline cannot lie before its start' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = pg_catalog.format('The time allowed is %s.', allowed);
	END IF;
	FOR stop IN SELECT r FROM pg_catalog.unnest(stops) r ORDER BY r LOOP
		IF NOT pg_catalog.isempty(stop) AND (pg_catalog.lower_inf(stop) OR pg_catalog.lower(stop) < due)
		   AND (pg_catalog.upper_inf(stop) OR pg_catalog.upper(stop) > started) THEN
			IF pg_catalog.upper_inf(stop) THEN
				RETURN 'infinity';
			END IF;
			due := due + (pg_catalog.upper(stop) - GREATEST(started, coalesce(pg_catalog.lower(stop), started)));
		END IF;
	END LOOP;
	RETURN due;
END $$;
COMMENT ON FUNCTION risk_screen.due_after(timestamptz, interval, tstzmultirange) IS
	'End of a wall-clock deadline (hours, days of 24 hours, months of the calendar), moved by the times during which the clock stood; a stop without end gives infinity';

CREATE FUNCTION risk_screen.due_after_workdays(started timestamptz, days int, stops tstzmultirange DEFAULT '{}',
	calendar text DEFAULT 'CN') RETURNS timestamptz LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	first date := risk_screen.day_of(started);
	last date := first;
	counted int := 0;
	open_stop timestamptz := (SELECT pg_catalog.lower(r) FROM pg_catalog.unnest(stops) r WHERE pg_catalog.upper_inf(r));
BEGIN
	IF days < 1 THEN
		RAISE EXCEPTION 'a deadline needs at least one working day' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF pg_catalog.isempty(stops) THEN
		RETURN risk_screen.day_start(risk_screen.add_workdays(first, days, calendar) + 1);
	END IF;
	WHILE counted < days LOOP
		last := last + 1;
		IF open_stop <= risk_screen.day_start(last + 1) THEN
			RETURN 'infinity';
		END IF;
		IF risk_screen.is_workday(last, calendar)
		   AND NOT stops && pg_catalog.tstzrange(risk_screen.day_start(last), risk_screen.day_start(last + 1)) THEN
			counted := counted + 1;
		END IF;
	END LOOP;
	PERFORM risk_screen._check_calendar(first, last, calendar);
	RETURN risk_screen.day_start(last + 1);
END $$;
COMMENT ON FUNCTION risk_screen.due_after_workdays(timestamptz, int, tstzmultirange, text) IS
	'End of the n-th working day after the day of receipt; a working day touched by a stop of the clock is not counted';

CREATE FUNCTION risk_screen.level_due(level risk_screen.risk_level, raised_at timestamptz,
	stops tstzmultirange DEFAULT '{}', calendar text DEFAULT 'CN') RETURNS timestamptz
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	as_of date := risk_screen.day_of(raised_at);
BEGIN
	RETURN CASE level
		WHEN 'red' THEN risk_screen.due_after(raised_at,
			pg_catalog.make_interval(secs => 3600 * risk_screen.parameter_value('red_push', as_of)::float8), stops)
		WHEN 'orange' THEN risk_screen.due_after(raised_at,
			pg_catalog.make_interval(secs => 3600 * risk_screen.parameter_value('orange_letter', as_of)::float8), stops)
		WHEN 'yellow' THEN risk_screen.due_after_workdays(raised_at,
			risk_screen.parameter_value('yellow_plan', as_of)::int, stops, calendar)
	END;
END $$;
COMMENT ON FUNCTION risk_screen.level_due(risk_screen.risk_level, timestamptz, tstzmultirange, text) IS
	'Deadline of an alert (A05, A08, A10): red 1 hour, orange 24 hours, yellow the end of the 10th working day, as parameters say on that day; NULL for green and unknown';
