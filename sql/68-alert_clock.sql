-- Deadlines of alerts (A05-A10): what is due until when, and the clock that
-- stands while another authority has the case.

-- Deadlines of these alerts, anew: red and orange count from raised_at, the plan
-- of a yellow one (A10) from its publication; stops of the clock move them.
CREATE PROCEDURE risk_screen._set_deadlines(workspace text, alerts bigint[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF alerts IS NULL THEN
		RETURN;
	END IF;
	EXECUTE format('DELETE FROM %I.alert_deadline WHERE alert_id = ANY ($1)', workspace) USING alerts;
	EXECUTE format($q$
		INSERT INTO %1$I.alert_deadline (alert_id, requirement, action, target, counted_from, due_at)
		SELECT a.alert_id, d.requirement, d.action, d.target, c.counted_from,
			   CASE WHEN d.requirement = 'A06' THEN a.raised_at ELSE risk_screen.level_due(a.level, c.counted_from, s.stops) END
		  FROM %1$I.alert AS a
		  JOIN (VALUES ('red', 'A05', 'push', 'supervisor'), ('red', 'A06', 'open_case', ''),
					   ('orange', 'A08', 'letter', 'executive'), ('orange', 'A08', 'letter', 'regulator'),
					   ('yellow', 'A09', 'publish', 'association'), ('yellow', 'A10', 'plan', ''))
			   AS d (level, requirement, action, target) ON d.level = a.level::text
		  LEFT JOIN LATERAL (SELECT min(x.done_at) AS published_at FROM %1$I.alert_action AS x
							  WHERE x.alert_id = a.alert_id AND x.kind = 'publish') AS p ON true
		 CROSS JOIN LATERAL (SELECT CASE d.requirement WHEN 'A10' THEN p.published_at WHEN 'A09' THEN NULL ELSE a.raised_at END AS counted_from) AS c
		 CROSS JOIN LATERAL (SELECT coalesce(range_agg(tstzrange(x.paused_at, x.resumed_at)), '{}') AS stops
							   FROM %1$I.alert_pause AS x WHERE x.alert_id = a.alert_id) AS s
		 WHERE a.alert_id = ANY ($1) AND a.state <> 'withdrawn'$q$, workspace) USING alerts;
END $$;

CREATE PROCEDURE risk_screen.pause_alert(workspace text, alert_id bigint, authority text, reason text, at timestamptz = NULL)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	moment timestamptz := coalesce(at, clock_timestamp());
	standing boolean;
	raised timestamptz;
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	IF coalesce(authority, '') = '' OR coalesce(reason, '') = '' THEN
		RAISE EXCEPTION 'stopping a clock needs an authority and a reason' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('SELECT raised_at FROM %I.alert WHERE alert_id = $1 AND state IN (''open'', ''inhibited'') FOR UPDATE', workspace) INTO raised USING alert_id;
	IF raised IS NULL THEN
		RAISE EXCEPTION 'there is no such open alert in workspace "%"', workspace USING ERRCODE = 'no_data_found',
			HINT = format('SELECT alert_id FROM %I.alert_queue lists the open ones.', workspace);
	END IF;
	EXECUTE format('SELECT EXISTS (SELECT FROM %I.alert_pause WHERE alert_id = $1 AND (resumed_at IS NULL OR resumed_at > $2))', workspace) INTO standing USING alert_id, moment;
	IF standing THEN
		RAISE EXCEPTION 'the clock of this alert already stands' USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'CALL risk_screen.resume_alert(workspace, alert_id, reason) first.';
	END IF;
	EXECUTE format('INSERT INTO %I.alert_pause (alert_id, paused_at, authority, reason) VALUES ($1, $2, $3, $4)', workspace) USING alert_id, moment, authority, reason;
	EXECUTE format('INSERT INTO %I.alert_action (alert_id, kind, target, done_at, done_by, body) VALUES ($1, ''pause'', $2, $3, session_user, $4)', workspace)
		USING alert_id, authority, moment, reason;
	CALL risk_screen._set_deadlines(workspace, ARRAY[alert_id]);
END $$;
COMMENT ON PROCEDURE risk_screen.pause_alert(text, bigint, text, text, timestamptz) IS
	'Stop the clock of an alert while another authority has the case: its deadlines that have not passed stand until resume_alert()';

CREATE PROCEDURE risk_screen.resume_alert(workspace text, alert_id bigint, reason text, at timestamptz = NULL)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	moment timestamptz := coalesce(at, clock_timestamp());
	done int;
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	IF coalesce(reason, '') = '' THEN
		RAISE EXCEPTION 'letting a clock run again needs a reason' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('UPDATE %I.alert_pause SET resumed_at = $2, resumed_by = session_user WHERE alert_id = $1 AND resumed_at IS NULL AND paused_at < $2', workspace)
		USING alert_id, moment;
	GET DIAGNOSTICS done = ROW_COUNT;
	IF done = 0 THEN
		RAISE EXCEPTION 'the clock of this alert does not stand' USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = 'There is no stop that began before this moment and has not ended.';
	END IF;
	EXECUTE format('INSERT INTO %I.alert_action (alert_id, kind, done_at, done_by, body) VALUES ($1, ''resume'', $2, session_user, $3)', workspace)
		USING alert_id, moment, reason;
	CALL risk_screen._set_deadlines(workspace, ARRAY[alert_id]);
END $$;
COMMENT ON PROCEDURE risk_screen.resume_alert(text, bigint, text, timestamptz) IS
	'Let the clock of an alert run again: its deadlines move by the time it stood; a working day touched by the stop is not counted';
