-- Disposal classes on the desk (K01-K07): the decision table's proposal beside
-- the decision of a person, and both kept.
--
-- Factors are measured from the newest run, unless a person has said otherwise
-- in disposal_factor:
--   criteria     worst of the five criteria (C25) if that rule ran, else the level found
--   illegality   3 a justice case is open; 2 a red line was hit and needs no
--                confirmation or has it; 1 any rule was hit; 0 none and data complete
--   severity     by the worst rule hit: 1 yellow or orange; 2 red; 3 several red
--   social_harm  by the amount of the red lines hit: 1, 2 large, 3 very large
--   refuses      a rectification is overdue (K07)

INSERT INTO risk_screen._desk_object (name, ordinal, ddl, description, columns) VALUES
('disposal_proposal', 113, $$
CREATE VIEW disposal_proposal WITH (security_invoker) AS
	WITH graded AS (
		SELECT c.run_id, c.as_of, c.started_at, c.grades_hash, g.inst_id, greatest(g.computed, g.at_least) AS computed, g.level, g.possible, g.level_in_force, g.reasons
		  FROM current_run AS c JOIN grade AS g USING (run_id)
		 WHERE g.computed >= 'unknown' OR g.level_in_force >= 'unknown'
			OR EXISTS (SELECT FROM case_file AS k WHERE k.inst_id = g.inst_id AND k.closed_at IS NULL)),
	measured AS (
		SELECT g.*, h.hits, h.firm_red_lines, h.worst, h.reds, a.amount,
			   CASE k.value WHEN 0 THEN 'green' WHEN 1 THEN 'yellow' WHEN 2 THEN 'orange' WHEN 3 THEN 'red' END::risk_screen.risk_level AS c25, k.ran AS c25_ran,
			   EXISTS (SELECT FROM case_file AS x WHERE x.inst_id = g.inst_id AND x.kind = 'justice' AND x.closed_at IS NULL) AS justice,
			   EXISTS (SELECT FROM case_file AS x WHERE x.inst_id = g.inst_id AND x.kind = 'disposal' AND x.closed_at IS NULL
						  AND x.due_on < g.as_of - risk_screen.parameter_value('rectify_grace', g.as_of)::int) AS overdue
		  FROM graded AS g
		 CROSS JOIN LATERAL (
			SELECT count(*) AS hits, count(*) FILTER (WHERE x.outcome <> 'candidate' AND coalesce(o.kind, b.kind) = 'red line') AS firm_red_lines,
				   max(x.floor) AS worst, count(*) FILTER (WHERE x.floor = 'red') AS reds
			  FROM jsonb_to_recordset(g.reasons) AS x (code text, outcome text, floor risk_screen.risk_level, contribution numeric)
			  LEFT JOIN rule_outcome AS o ON o.run_id = g.run_id AND o.rule = x.code
			  LEFT JOIN current_run AS c ON true
			  LEFT JOIN risk_screen.ruleset_rule AS b ON b.ruleset = c.ruleset AND b.version = c.ruleset_version AND b.rule = x.code
			 WHERE x.code <> 'override' AND x.outcome NOT IN ('insufficient_data', 'stale_data', 'exempt')) AS h
		 CROSS JOIN LATERAL (
			SELECT sum(f.amount) AS amount FROM finding AS f JOIN rule_outcome AS o ON o.run_id = f.run_id AND o.rule = f.rule AND o.kind = 'red line'
			  LEFT JOIN finding_review AS v ON v.rule = f.rule AND v.finding_key = f.finding_key
			 WHERE f.run_id = g.run_id AND f.inst_id = g.inst_id AND v.decision IS DISTINCT FROM 'rejected') AS a
		  LEFT JOIN LATERAL (
			SELECT o.outcome IN ('hit', 'clear') AS ran,
				   coalesce((SELECT max(ceil(f.observed)) FROM finding AS f WHERE f.run_id = g.run_id AND f.rule = 'C25' AND f.inst_id = g.inst_id),
							CASE WHEN NOT EXISTS (SELECT FROM indicator_value AS w WHERE w.run_id = g.run_id AND w.rule = 'C25' AND w.inst_id = g.inst_id AND w.status = 'unknown') THEN 0 END)::int AS value
			  FROM rule_outcome AS o JOIN institution AS i ON i.inst_id = g.inst_id
			 WHERE o.run_id = g.run_id AND o.rule = 'C25' AND o.lines && i.lines LIMIT 1) AS k ON true),
	said AS (
		SELECT DISTINCT ON (inst_id, factor) inst_id, factor, value FROM disposal_factor ORDER BY inst_id, factor, known_at DESC),
	factor AS (
		SELECT m.*, -- what could not be judged is not met
			   CASE WHEN m.c25_ran THEN greatest(coalesce(m.c25, 'unknown'), CASE m.computed WHEN 'unknown' THEN m.computed ELSE 'green' END) ELSE m.computed END AS criteria,
			   coalesce(s1.value, CASE WHEN m.justice THEN 3 WHEN m.firm_red_lines > 0 THEN 2 WHEN m.hits > 0 THEN 1 WHEN m.computed = 'green' THEN 0 END) AS illegality,
			   coalesce(s2.value, CASE WHEN m.worst = 'red' AND m.reds >= risk_screen.parameter_value('disposal_red_lines', m.as_of) THEN 3 WHEN m.worst = 'red' THEN 2
									   WHEN m.hits > 0 THEN 1 WHEN m.computed = 'green' THEN 0 END) AS severity,
			   coalesce(s3.value, CASE WHEN m.amount >= risk_screen.parameter_value('harm_amount_very_large', m.as_of) THEN 3 WHEN m.amount >= risk_screen.parameter_value('harm_amount_large', m.as_of) THEN 2
									   WHEN m.hits > 0 THEN 1 WHEN m.computed = 'green' THEN 0 END) AS social_harm,
			   coalesce(s4.value = 1, m.overdue) AS refuses,
			   concat_ws(',', s1.factor, s2.factor, s3.factor, s4.factor) AS said
		  FROM measured AS m
		  LEFT JOIN said AS s1 ON s1.inst_id = m.inst_id AND s1.factor = 'illegality'
		  LEFT JOIN said AS s2 ON s2.inst_id = m.inst_id AND s2.factor = 'severity'
		  LEFT JOIN said AS s3 ON s3.inst_id = m.inst_id AND s3.factor = 'social_harm'
		  LEFT JOIN said AS s4 ON s4.inst_id = m.inst_id AND s4.factor = 'refuses')
	SELECT f.as_of, f.inst_id, i.name, f.level_in_force::text AS level, risk_screen.level_label(f.level_in_force, f.level, f.possible) AS level_zh,
		   f.criteria::text AS criteria, f.illegality, f.severity, f.social_harm, f.refuses, f.amount, f.said AS factors_by_person,
		   p.class AS proposed_class, p.label_zh AS proposed_zh, p.measure_zh, p.rule_no, p.requirement, p.clause,
		   t.label_zh AS tier_000_zh, o.label_zh AS class_001_zh, v.label_zh AS class_gov_zh,
		   d.class AS decided_class, d.reason AS decided_reason, d.decided_by, d.decided_at, d.class = p.class AS agrees,
		   k.case_id, k.state AS case_state, k.due_on, EXISTS (SELECT FROM alert AS a WHERE a.inst_id = f.inst_id AND a.review_state = 'confirmed') AS reviewed,
		   f.grades_hash
	  FROM factor AS f
	  LEFT JOIN institution AS i ON i.inst_id = f.inst_id
	 CROSS JOIN LATERAL risk_screen.disposal_class(f.criteria, f.illegality, f.severity, f.social_harm, f.refuses, '003') AS p
	 CROSS JOIN LATERAL risk_screen.disposal_class(f.criteria, f.illegality, f.severity, f.social_harm, f.refuses, '000') AS t
	 CROSS JOIN LATERAL risk_screen.disposal_class(f.criteria, f.illegality, f.severity, f.social_harm, f.refuses, '001') AS o
	 CROSS JOIN LATERAL risk_screen.disposal_class(f.criteria, f.illegality, f.severity, f.social_harm, f.refuses, 'gov') AS v
	  LEFT JOIN LATERAL (SELECT x.* FROM disposal_decision AS x WHERE x.inst_id = f.inst_id ORDER BY x.decided_at DESC, x.decision_id DESC LIMIT 1) AS d ON true
	  LEFT JOIN LATERAL (SELECT x.* FROM case_file AS x WHERE x.inst_id = f.inst_id AND x.kind = 'disposal' AND x.closed_at IS NULL ORDER BY x.opened_at DESC, x.case_id DESC LIMIT 1) AS k ON true
$$, '处置分类建议: what the decision table proposes for each institution that is not green, beside what a person decided (K01-K07)', $$
as_of 监测日期; day of the run
inst_id 机构编号; institution
name 机构名称; name
level 现行等级; in force
level_zh 现行等级名称; in Chinese
criteria 五项标准; worst of the five criteria
illegality 违法违规性质; 0 none, 1 irregular, 2 illegal, 3 suspected crime; NULL: unknown
severity 情节轻重; 0 none, 1 light, 2 grave, 3 very grave; NULL: unknown
social_harm 社会危害程度; 0 none, 1 small, 2 large, 3 very large; NULL: unknown
refuses 拒不整改; a rectification is overdue
amount 红线涉及金额; yuan, findings of red lines
factors_by_person 人工因素; factors that a person set
proposed_class 建议类别; compliant, rectify, ban, transfer, undetermined
proposed_zh 建议类别名称; 合规类, 整改类, 取缔类 (scheme 003)
measure_zh 建议措施; measure
rule_no 决策表行号; row of scheme 003 that decided
requirement 条款编号; K01 to K07, C25
clause 条款; words of the plan
tier_000_zh 三级分类; 合规, 轻微, 严重 (plan 000)
class_001_zh 安徽分类; 整改, 重组, 关停 (plan 001)
class_gov_zh 国办分类; 情节较轻, 情节较重, 涉嫌犯罪
decided_class 认定类别; by a person; NULL: not yet
decided_reason 认定理由; why
decided_by 认定人; who
decided_at 认定时间; when
agrees 是否一致; decision and proposal of today
case_id 案件编号; open disposal case
case_state 案件状态; its state
due_on 整改期限; to be done by
reviewed 已复核; an alert is confirmed, so that disposal may start (A11)
grades_hash 评级指纹; of the run it rests on
$$);

CREATE PROCEDURE risk_screen.decide_disposal(workspace text, inst_id text, class text, reason text, due_on date = NULL, at timestamptz = NULL)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	moment timestamptz := coalesce(at, clock_timestamp());
	proposal record;
	of_case bigint;
	hash text;
BEGIN
	PERFORM risk_screen._require_workspace(workspace);
	IF class IS NULL OR class NOT IN ('compliant', 'rectify', 'restructure', 'ban', 'transfer') THEN
		RAISE EXCEPTION 'unknown disposal class' USING ERRCODE = 'invalid_parameter_value', HINT = 'Use compliant, rectify, restructure, ban or transfer.';
	END IF;
	IF coalesce(reason, '') = '' THEN
		RAISE EXCEPTION 'a disposal class needs a reason' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('SELECT * FROM %I.disposal_proposal WHERE inst_id = $1', workspace) INTO proposal USING inst_id;
	IF proposal.inst_id IS NULL THEN
		RAISE EXCEPTION 'the newest run proposes nothing for this institution' USING ERRCODE = 'no_data_found',
			DETAIL = 'Only institutions that are not green, or have an open case, are classified.',
			HINT = format('SELECT inst_id, proposed_zh FROM %I.disposal_proposal lists them.', workspace);
	END IF;
	of_case := proposal.case_id;
	IF of_case IS NULL THEN
		-- the trigger of case_file sees to A11: an alert must have been confirmed
		EXECUTE format('INSERT INTO %I.case_file (inst_id, kind, opened_at) VALUES ($1, ''disposal'', $2) RETURNING case_id', workspace) INTO of_case USING inst_id, moment;
	END IF;
	EXECUTE format('UPDATE %I.case_file SET class = $2, class_reason = $3, due_on = coalesce($4, due_on) WHERE case_id = $1', workspace)
		USING of_case, class, reason, due_on;
	EXECUTE format($q$
		SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws(E'\x1f', f.rule, f.finding_key, f.observed, f.operator, f.threshold, f.amount, f.occurred_at AT TIME ZONE 'UTC', f.evidence),
			   E'\x1e' ORDER BY f.rule COLLATE "C", f.finding_key COLLATE "C"), ''), 'UTF8')), 'hex')
		  FROM %1$I.finding AS f JOIN %1$I.current_run AS c USING (run_id) WHERE f.inst_id = $1$q$, workspace) INTO hash USING inst_id;
	EXECUTE format($q$
		INSERT INTO %I.disposal_decision (inst_id, case_id, class, reason, due_on, decided_by, decided_at, proposed_class, scheme, rule_no, factors, as_of, grades_hash, evidence_hash)
		VALUES ($1, $2, $3, $4, $5, session_user, $6, $7, '003', $8, $9, $10, $11, $12)$q$, workspace)
		USING inst_id, of_case, class, reason, due_on, moment, proposal.proposed_class, proposal.rule_no,
			  jsonb_build_object('criteria', proposal.criteria, 'illegality', proposal.illegality, 'severity', proposal.severity, 'social_harm', proposal.social_harm,
								 'refuses', proposal.refuses, 'amount', proposal.amount, 'by_person', proposal.factors_by_person),
			  proposal.as_of, proposal.grades_hash, hash;
	-- K06: what goes to justice is a case of its own, following this one
	IF class = 'transfer' THEN
		EXECUTE format($q$
			INSERT INTO %1$I.case_file (inst_id, kind, opened_at, parent_case, note)
			SELECT $1, 'justice', $2, $3, 'evidence sha256 ' || $4
			 WHERE NOT EXISTS (SELECT FROM %1$I.case_file WHERE inst_id = $1 AND kind = 'justice' AND closed_at IS NULL)$q$, workspace) USING inst_id, moment, of_case, hash;
	END IF;
END $$;
COMMENT ON PROCEDURE risk_screen.decide_disposal(text, text, text, text, date, timestamptz) IS
	'Record the disposal class that a person decided, beside the proposal of the decision table and the factors it rested on; opens the disposal case, which needs a confirmed alert (A11); transfer opens a justice case with the hash of the evidence';
