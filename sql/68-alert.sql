-- Alerts: raised by screen(), one per (institution, rule, month), never doubled.
--
-- An alert that is still open absorbs further hits; one closed a short while
-- ago is re-opened; one found to be a false positive sleeps for a while. A red
-- alert of a firm inhibits its yellow ones until it is closed. Deadlines come
-- from the plan (A05-A10) and count from raised_at.

CREATE PROCEDURE risk_screen._screen_alert(workspace text, run_row anyelement, at timestamptz)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	newest date;
	reopen interval := make_interval(days => risk_screen.parameter_value('alert_reopen', run_row.as_of)::int);
	snooze interval := make_interval(days => risk_screen.parameter_value('alert_snooze', run_row.as_of)::int);
BEGIN
	EXECUTE format('SELECT max(as_of) FROM %I.run WHERE known_at = ''infinity'' AND finished_at IS NOT NULL', workspace) INTO newest;
	IF run_row.known_at < 'infinity' OR newest > run_row.as_of THEN
		RAISE NOTICE 'a replay raises no alerts'
			USING DETAIL = format('The newest run is for %s.', newest);
		RETURN;
	END IF;
	CALL risk_screen._merge_alert(workspace, run_row, at, reopen, snooze);
	CALL risk_screen._settle_alert(workspace, run_row);
END $$;

-- What the findings of run $1 for day $2 are a reason to alert: per institution and
-- rule, unless a person has rejected them all or the rule is exempt; a candidate
-- that nobody has confirmed alerts one level lower.
CREATE FUNCTION risk_screen._alert_reason_query(workspace text) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format($q$
		SELECT f.inst_id, f.rule, max(CASE WHEN NOT f.candidate OR v.decision IS NOT DISTINCT FROM 'confirmed' THEN f.severity
										   WHEN f.severity = 'red' THEN 'orange' ELSE 'yellow' END) AS level,
			   count(*) AS findings, sum(f.amount) AS amount
		  FROM %1$I.finding AS f
		  JOIN %1$I.grade AS g ON g.run_id = $1 AND g.inst_id = f.inst_id
		  LEFT JOIN %1$I.finding_review AS v ON v.rule = f.rule AND v.finding_key = f.finding_key
		  LEFT JOIN (SELECT DISTINCT inst_id, rule FROM %1$I.exemption WHERE $2 >= valid_from AND $2 < valid_to) AS e ON e.inst_id = f.inst_id AND e.rule = f.rule
		 WHERE f.run_id = $1 AND v.decision IS DISTINCT FROM 'rejected' AND e.rule IS NULL
		 GROUP BY f.inst_id, f.rule$q$, workspace)
$$;

-- What the run says should be alerted, set against the alerts there are.
CREATE PROCEDURE risk_screen._merge_alert(workspace text, run_row anyelement, at timestamptz, reopen interval, snooze interval)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE format($q$
		WITH reason AS (%2$s),
		wanted AS (
			SELECT *, NULL::numeric AS score, NULL::text[] AS hit_rules FROM reason
			 UNION ALL
			SELECT g.inst_id, CASE g.level WHEN 'red' THEN 'A01' WHEN 'orange' THEN 'A02' ELSE 'A03' END, g.level, cardinality(g.hit_rules), NULL, g.score, g.hit_rules
			  FROM %1$I.grade AS g
			 WHERE g.run_id = $1 AND g.level >= 'yellow'
			   AND NOT EXISTS (SELECT FROM reason AS r WHERE r.inst_id = g.inst_id AND r.level >= g.level)),
		proof AS (
			SELECT f.inst_id, f.rule, jsonb_agg(jsonb_build_object('key', f.finding_key, 'observed', f.observed, 'operator', f.operator,
						'threshold', f.threshold, 'amount', f.amount, 'evidence', f.evidence,
						'figures_zh', risk_screen._finding_figures(false, o.measures, f.finding_key, f.evidence, f.observed, f.operator, f.threshold)) ORDER BY f.finding_key) FILTER (WHERE f.n <= 20) AS findings,
				   max(CASE WHEN f.place = 1 THEN risk_screen._finding_reason(false, coalesce(nullif(o.reason_zh, ''), o.title_zh), o.measures, f.many, f.subject_kind, f.subject_id, f.finding_key,
																			  f.evidence, f.observed, f.operator, f.threshold, f.occurred_at, $6, $2) END) AS reason_zh
			  FROM (SELECT f.*, row_number() OVER (PARTITION BY inst_id, rule ORDER BY finding_key) AS n, count(*) OVER (PARTITION BY inst_id, rule) AS many,
						   row_number() OVER (PARTITION BY inst_id, rule ORDER BY amount DESC NULLS LAST, observed DESC, finding_key) AS place
					  FROM %1$I.finding AS f WHERE f.run_id = $1 AND f.inst_id IS NOT NULL) AS f
			  LEFT JOIN %1$I.rule_outcome AS o ON o.run_id = $1 AND o.rule = f.rule
			 WHERE f.n <= 20 OR f.place = 1 GROUP BY f.inst_id, f.rule),
		last AS (
			SELECT DISTINCT ON (a.inst_id, a.rule) a.* FROM %1$I.alert AS a JOIN wanted AS w USING (inst_id, rule)
			 ORDER BY a.inst_id, a.rule, a.period DESC),
		detail AS (
			SELECT w.*, coalesce(r.rule_version, 1) AS rule_version,
				   jsonb_build_object('as_of', $2, 'findings', coalesce(p.findings, '[]'))
				   || jsonb_strip_nulls(jsonb_build_object('rule_zh', r.title_zh, 'rule_en', r.title_en, 'clause', nullif(r.clause, ''), 'reason_zh', coalesce(p.reason_zh, nullif(r.reason_zh, '')),
						'plan', nullif(array_to_string(r.plan, ','), ''), 'score', w.score,
						'reasons_zh', (SELECT string_agg(concat_ws(' ', u.h, x.title_zh), '；' ORDER BY u.n) FROM unnest(w.hit_rules[1:5]) WITH ORDINALITY AS u (h, n)
										 LEFT JOIN %1$I.rule_outcome AS x ON x.run_id = $1 AND x.rule = u.h))) AS evidence,
				   last.alert_id, last.state, last.review_state, last.closed_at, last.period AS last_period, last.level AS last_level
			  FROM wanted AS w
			  LEFT JOIN %1$I.rule_outcome AS r ON r.run_id = $1 AND r.rule = w.rule
			  LEFT JOIN proof AS p ON p.inst_id = w.inst_id AND p.rule = w.rule
			  LEFT JOIN last ON last.inst_id = w.inst_id AND last.rule = w.rule),
		planned AS (
			SELECT d.*, CASE
				WHEN d.alert_id IS NULL THEN 'new'
				WHEN d.state IN ('open', 'inhibited') THEN CASE WHEN d.level > d.last_level THEN 'raise' ELSE 'keep' END
				WHEN d.state = 'withdrawn' THEN 'restore'
				WHEN d.review_state = 'false_positive' AND $3 < d.closed_at + $5 THEN 'sleep'
				WHEN $3 < d.closed_at + $4 OR d.last_period = date_trunc('month', $2)::date THEN 'reopen'
				ELSE 'new' END AS step
			  FROM detail AS d),
		changed AS (
			UPDATE %1$I.alert AS a
			   SET level = p.level, findings = p.findings, amount = p.amount, rule_version = p.rule_version, evidence = p.evidence,
				   last_as_of = greatest(a.last_as_of, $2),
				   state = CASE WHEN p.step IN ('keep', 'raise') THEN a.state ELSE 'open' END,
				   raised_at = CASE WHEN p.step = 'keep' THEN a.raised_at ELSE $3 END,
				   raised_by = CASE WHEN p.step = 'keep' THEN a.raised_by ELSE $1 END,
				   first_as_of = CASE WHEN p.step = 'restore' THEN $2 ELSE a.first_as_of END,
				   review_state = CASE WHEN p.step = 'keep' THEN a.review_state ELSE 'pending' END,
				   reopened = a.reopened + (p.step = 'reopen')::int,
				   -- raised again it starts again: a case, a push, a notice to listeners
				   case_id = CASE WHEN p.step IN ('keep', 'raise') THEN a.case_id END,
				   closed_at = CASE WHEN p.step IN ('keep', 'raise') THEN a.closed_at END,
				   close_reason = CASE WHEN p.step IN ('keep', 'raise') THEN a.close_reason END
			  FROM planned AS p
			 WHERE a.alert_id = p.alert_id AND p.step IN ('keep', 'raise', 'restore', 'reopen')
			RETURNING a.alert_id, p.step),
		reopened AS (
			INSERT INTO %1$I.alert_action (alert_id, kind, done_at, done_by, body)
			SELECT alert_id, 'reopen', $3, session_user, step FROM changed WHERE step IN ('raise', 'reopen'))
		INSERT INTO %1$I.alert (inst_id, rule, period, level, raised_at, raised_by, first_as_of, last_as_of, findings, amount, rule_version, evidence)
		SELECT inst_id, rule, date_trunc('month', $2)::date, level, $3, $1, $2, $2, findings, amount, rule_version, evidence
		  FROM planned WHERE step = 'new' ORDER BY inst_id, rule$q$, workspace, risk_screen._alert_reason_query(workspace))
		USING run_row.run_id, run_row.as_of, at, reopen, snooze, run_row.since;
END $$;

-- Withdraw what a repeated run no longer finds, inhibit, set deadlines, write
-- letters, open emergency cases, tell listeners.
CREATE PROCEDURE risk_screen._settle_alert(workspace text, run_row anyelement)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	raised bigint[];
BEGIN
	EXECUTE format($q$
		UPDATE %1$I.alert AS a SET state = 'withdrawn', closed_at = a.raised_at, close_reason = 'not found when the run was repeated'
		 WHERE a.state IN ('open', 'inhibited') AND a.raised_by = $1 AND a.first_as_of = $2 AND a.review_state = 'pending'
		   AND NOT EXISTS (SELECT FROM %1$I.alert_action AS x WHERE x.alert_id = a.alert_id AND x.kind <> 'open_case')
		   AND NOT EXISTS (SELECT FROM (%2$s) AS x WHERE x.inst_id = a.inst_id AND x.rule = a.rule)
		   AND NOT EXISTS (SELECT FROM %1$I.grade AS g
							WHERE g.run_id = $1 AND g.inst_id = a.inst_id AND a.rule = CASE g.level WHEN 'red' THEN 'A01' WHEN 'orange' THEN 'A02' WHEN 'yellow' THEN 'A03' END)$q$,
		workspace, risk_screen._alert_reason_query(workspace)) USING run_row.run_id, run_row.as_of;
	CALL risk_screen._inhibit_alert(workspace);
	EXECUTE format('SELECT array_agg(alert_id) FROM %I.alert WHERE raised_by = $1', workspace) INTO raised USING run_row.run_id;
	CALL risk_screen._set_deadlines(workspace, raised);
	CALL risk_screen._write_letters(workspace, raised);
	CALL risk_screen._open_emergency(workspace, run_row.run_id);
END $$;

-- A red alert of a firm inhibits its yellow ones; closing it releases them.
CREATE PROCEDURE risk_screen._inhibit_alert(workspace text)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE format($q$
		UPDATE %1$I.alert AS a SET state = CASE WHEN s.muted THEN 'inhibited' ELSE 'open' END
		  FROM (SELECT y.alert_id, r.inst_id IS NOT NULL AS muted
				  FROM %1$I.alert AS y
				  LEFT JOIN (SELECT DISTINCT inst_id FROM %1$I.alert WHERE level = 'red' AND state = 'open') AS r USING (inst_id)
				 WHERE y.level = 'yellow' AND y.state IN ('open', 'inhibited')) AS s
		 WHERE a.alert_id = s.alert_id AND (a.state = 'inhibited') <> s.muted$q$, workspace);
	-- an inhibited alert that rose above yellow is open again
	EXECUTE format('UPDATE %I.alert SET state = ''open'' WHERE state = ''inhibited'' AND level > ''yellow''', workspace);
END $$;

-- A06: the emergency procedure starts in the transaction of the red alert.
CREATE PROCEDURE risk_screen._open_emergency(workspace text, run_id bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE format($q$
		INSERT INTO %1$I.case_file (inst_id, kind, opened_at, note)
		SELECT a.inst_id, 'emergency', min(a.raised_at), 'opened with a red alert'
		  FROM %1$I.alert AS a
		 WHERE a.level = 'red' AND a.state = 'open'
		   AND NOT EXISTS (SELECT FROM %1$I.case_file AS c WHERE c.inst_id = a.inst_id AND c.kind = 'emergency' AND c.closed_at IS NULL)
		 GROUP BY a.inst_id ORDER BY a.inst_id$q$, workspace);
	EXECUTE format($q$
		WITH linked AS (
			UPDATE %1$I.alert AS a SET case_id = c.case_id
			  FROM %1$I.case_file AS c
			 WHERE a.level = 'red' AND a.state = 'open' AND a.case_id IS NULL
			   AND c.inst_id = a.inst_id AND c.kind = 'emergency' AND c.closed_at IS NULL
			RETURNING a.alert_id, a.inst_id, a.rule, a.raised_at),
		done AS (
			INSERT INTO %1$I.alert_action (alert_id, kind, done_at, done_by)
			SELECT alert_id, 'open_case', raised_at, session_user FROM linked)
		SELECT count(pg_notify('risk_screen_red', json_build_object('workspace', %2$L::text, 'alert_id', alert_id, 'inst_id', inst_id, 'rule', rule)::text))
		  FROM linked$q$, workspace, workspace);
END $$;

-- Review before disposal (A11): a disposal case needs a confirmed alert.
CREATE FUNCTION risk_screen._check_case() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	confirmed boolean;
BEGIN
	IF NEW.kind <> 'emergency' OR NEW.state <> 'opened' THEN
		EXECUTE format('SELECT EXISTS (SELECT FROM %I.alert WHERE inst_id = $1 AND review_state = ''confirmed'')', TG_TABLE_SCHEMA)
			INTO confirmed USING NEW.inst_id;
		IF NOT confirmed THEN
			RAISE EXCEPTION 'disposal cannot start: no alert of the institution is confirmed'
				USING ERRCODE = 'object_not_in_prerequisite_state',
					DETAIL = 'Requirement A11: 人工复核确认后启动处置程序.',
					HINT = 'CALL risk_screen.review_alert(workspace, alert_id, ''confirmed'', reason) first.';
		END IF;
	END IF;
	RETURN NEW;
END $$;

CREATE PROCEDURE risk_screen.record_action(workspace text, alert_id bigint, kind text, target text = '', body text = NULL, at timestamptz = NULL)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	level risk_screen.risk_level;
	moment timestamptz := coalesce(at, clock_timestamp());
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	EXECUTE format('SELECT level FROM %I.alert WHERE alert_id = $1 FOR UPDATE', workspace) INTO level USING alert_id;
	IF level IS NULL THEN
		RAISE EXCEPTION 'there is no such alert in workspace "%"', workspace USING ERRCODE = 'no_data_found',
			HINT = format('SELECT alert_id FROM %I.alert_queue lists the open ones.', workspace);
	END IF;
	IF kind IN ('pause', 'resume') THEN
		RAISE EXCEPTION 'a clock is stopped and started by procedures of their own' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'CALL risk_screen.pause_alert(workspace, alert_id, authority, reason), risk_screen.resume_alert(workspace, alert_id, reason).';
	END IF;
	IF kind IS NULL OR kind NOT IN ('push', 'open_case', 'letter', 'publish', 'plan', 'review', 'close', 'reopen', 'note') THEN
		RAISE EXCEPTION 'there is no action "%"', kind USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Actions are push, open_case, letter, publish, plan, review, close, reopen and note; column next_action of alert_queue says what is due.';
	END IF;
	-- a letter that is sent without a text of its own is the one written with the alert
	EXECUTE format($q$
		INSERT INTO %1$I.alert_action (alert_id, kind, target, done_at, done_by, body)
		SELECT $1, $2, $3, $4, session_user, coalesce($5, CASE $2 WHEN 'letter' THEN (SELECT l.body FROM %1$I.alert_letter AS l WHERE l.alert_id = $1 ORDER BY l.raised_at DESC LIMIT 1) END)$q$, workspace)
		USING alert_id, kind, target, moment, body;
	IF kind = 'publish' THEN
		CALL risk_screen._set_deadlines(workspace, ARRAY[alert_id]);
	END IF;
END $$;
COMMENT ON PROCEDURE risk_screen.record_action(text, bigint, text, text, text, timestamptz) IS
	'Record what was done about an alert: push, letter, publish, plan, note; publishing a yellow alert starts the ten working days of its plan';

CREATE PROCEDURE risk_screen.review_alert(workspace text, alert_id bigint, decision text, reason text, at timestamptz = NULL)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF decision NOT IN ('confirmed', 'false_positive') OR decision IS NULL THEN
		RAISE EXCEPTION 'unknown decision' USING ERRCODE = 'invalid_parameter_value', HINT = 'Use confirmed or false_positive.';
	END IF;
	IF coalesce(reason, '') = '' THEN
		RAISE EXCEPTION 'a review needs a reason' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	CALL risk_screen.record_action(workspace, alert_id, 'review', decision, reason, at);
	EXECUTE format($q$
		UPDATE %I.alert SET review_state = $2, reviewer = session_user, reviewed_at = $4,
			   state = CASE $2 WHEN 'false_positive' THEN 'closed' ELSE state END,
			   closed_at = CASE $2 WHEN 'false_positive' THEN $4 ELSE closed_at END,
			   close_reason = CASE $2 WHEN 'false_positive' THEN $3 ELSE close_reason END
		 WHERE alert_id = $1$q$, workspace) USING alert_id, decision, reason, coalesce(at, clock_timestamp());
	CALL risk_screen._inhibit_alert(workspace);
END $$;
COMMENT ON PROCEDURE risk_screen.review_alert(text, bigint, text, text, timestamptz) IS
	'Record a person''s judgement of an alert (A11): confirmed, after which disposal may start, or false_positive, which closes it';

CREATE PROCEDURE risk_screen.close_alert(workspace text, alert_id bigint, reason text, at timestamptz = NULL)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF coalesce(reason, '') = '' THEN
		RAISE EXCEPTION 'closing an alert needs a reason' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	CALL risk_screen.record_action(workspace, alert_id, 'close', '', reason, at);
	EXECUTE format('UPDATE %I.alert SET state = ''closed'', closed_at = $2, close_reason = $3 WHERE alert_id = $1', workspace)
		USING alert_id, coalesce(at, clock_timestamp()), reason;
	CALL risk_screen._inhibit_alert(workspace);
END $$;
COMMENT ON PROCEDURE risk_screen.close_alert(text, bigint, text, timestamptz) IS
	'Close an alert with a reason; yellow alerts it inhibited come back';
