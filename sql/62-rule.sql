-- Rules: one row per check. The body is one SELECT over role views (and desk
-- tables) that returns measurements; screen() compares each with the threshold
-- by the stored operator, so 以上 (>=) and 超 (>) are data, not code.
--
-- What a body may use: role views by their bare name; functions of risk_screen
-- and pg_catalog; and five arguments:
--   $1 date        as_of: the day the desk is asked about
--   $2 timestamptz since: first moment of the run's window
--   $3 timestamptz until: first moment after as_of; nothing later exists
--   $4 timestamptz known_at: role views already hide what was learned later
--   $5 jsonb       values of the rule's parameters, effective on as_of
-- The session zone is risk_screen.time_zone while a body runs, so paid_at::date
-- is the desk's calendar day.
--
-- What it returns, by name: subject_kind, subject_id, observed, threshold,
-- amount, occurred_at, evidence; optional inst_id (the institution a finding
-- counts against; by itself for subject_kind 'institution') and finding_key.
-- observed NULL: the subject cannot be judged, evidence says what is missing.

CREATE TABLE risk_screen.rule (
	code text PRIMARY KEY,
	title_zh text NOT NULL,
	title_en text NOT NULL,
	plan text[] NOT NULL DEFAULT '{}',
	clause text,
	lines text[] NOT NULL DEFAULT '{ALL}',
	level text NOT NULL DEFAULT 'micro' CHECK (level IN ('macro', 'meso', 'micro')),
	kind text NOT NULL DEFAULT 'red line',
	severity risk_screen.risk_level CHECK (severity IN ('yellow', 'orange', 'red')),
	candidate boolean NOT NULL DEFAULT false,
	weight numeric NOT NULL DEFAULT 1 CHECK (weight >= 0),
	parameters text[] NOT NULL DEFAULT '{}',
	needs text[] NOT NULL DEFAULT '{}',
	coverage text[] NOT NULL DEFAULT '{}',
	body text NOT NULL,
	fact text NOT NULL DEFAULT 'findings' CHECK (fact IN ('findings', 'value')),
	reason_zh text NOT NULL DEFAULT '',
	reason_en text NOT NULL DEFAULT '',
	version int NOT NULL DEFAULT 1,
	valid_from date NOT NULL DEFAULT '-infinity',
	valid_to date NOT NULL DEFAULT 'infinity',
	builtin boolean NOT NULL DEFAULT false,
	rests_on text[] NOT NULL DEFAULT '{}',
	delta_roles text[] NOT NULL DEFAULT '{}',
	delta_days int NOT NULL DEFAULT 0 CHECK (delta_days >= 0),
	tier text CHECK (tier IN ('base', 'special', 'guidance')),
	after_grading boolean NOT NULL DEFAULT false,
	measures jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(measures) = 'array'),
	CHECK (valid_from < valid_to),
	-- what is found after grading can charge nobody
	CHECK (NOT after_grading OR lines = '{}'),
	-- what is carried over from an earlier day must not depend on the day asked about, nor on other rules
	-- (the day may choose the words in force and the circle of related parties: screen() compares those)
	CHECK (delta_roles = '{}' OR rests_on = '{}'
		   AND regexp_replace(body, '\mdesk_related_parties\(\$1\)|\m(find_terms|screen_ad|term_list|has_terms)\(([^()]|\([^()]*\))*\)', '', 'g') !~ '\$[14](?![0-9])')
);
COMMENT ON TABLE risk_screen.rule IS 'Rules and indicators that screen() runs; shipped rows are read-only, yours are kept by pg_dump. Whoever may insert here runs code as everyone who screens';
COMMENT ON COLUMN risk_screen.rule.code IS 'Requirement id of a shipped rule (A01 ... N24); any other name for yours';
COMMENT ON COLUMN risk_screen.rule.title_zh IS 'Chinese title that stands alone: what a hit means, without the plan beside it';
COMMENT ON COLUMN risk_screen.rule.title_en IS 'English title that stands alone';
COMMENT ON COLUMN risk_screen.rule.plan IS 'Source plans that ask for it';
COMMENT ON COLUMN risk_screen.rule.clause IS 'Words of the source, as its plan has them';
COMMENT ON COLUMN risk_screen.rule.lines IS 'Business lines whose institutions it judges; ALL: every institution; empty: none, its findings charge nobody';
COMMENT ON COLUMN risk_screen.rule.level IS 'macro: sector, meso: line or region, micro: institution, product, account';
COMMENT ON COLUMN risk_screen.rule.kind IS 'indicator (every row is kept as a value), red line, list, deadline, classification, data feed, process, system';
COMMENT ON COLUMN risk_screen.rule.severity IS 'Level a hit means for the institution, unless the ruleset names the rule and says otherwise; NULL: measured only, no findings';
COMMENT ON COLUMN risk_screen.rule.candidate IS 'A hit is a candidate that a person confirms or rejects';
COMMENT ON COLUMN risk_screen.rule.weight IS 'Multiplies the points that the ruleset gives to a rule of its severity, unless it names the rule';
COMMENT ON COLUMN risk_screen.rule.parameters IS 'Parameters used; with a severity, the first one gives operator and default threshold, and without any every row with a value is a hit';
COMMENT ON COLUMN risk_screen.rule.needs IS 'Roles without which nothing can be said, and columns (role.column, or role.column|role.column where one is enough) of which some row must have a value; with ? behind it, a column without which only a part can be judged';
COMMENT ON COLUMN risk_screen.rule.coverage IS 'Roles in which an institution of the lines must have rows, or it cannot be judged';
COMMENT ON COLUMN risk_screen.rule.body IS 'One SELECT; docs/rules.md says what it may use and returns';
COMMENT ON COLUMN risk_screen.rule.fact IS 'What the view fact gives rulesets: the number of findings, or the value measured for the institution';
COMMENT ON COLUMN risk_screen.rule.reason_zh IS 'Explanation text of a hit, Chinese';
COMMENT ON COLUMN risk_screen.rule.reason_en IS 'Explanation text of a hit, English';
COMMENT ON COLUMN risk_screen.rule.version IS 'Stored with every finding';
COMMENT ON COLUMN risk_screen.rule.valid_from IS 'First as_of it runs for';
COMMENT ON COLUMN risk_screen.rule.valid_to IS 'Day after the last as_of it runs for';
COMMENT ON COLUMN risk_screen.rule.builtin IS 'Shipped with the extension, therefore read-only';
COMMENT ON COLUMN risk_screen.rule.delta_roles IS 'Roles read one day at a time: screen() may judge only the days whose rows of these roles changed; empty: always the whole window';
COMMENT ON COLUMN risk_screen.rule.delta_days IS 'How many days before its own a measurement looks back in these roles';
COMMENT ON COLUMN risk_screen.rule.tier IS 'Tier of the rule framework (M27): base 基础制度, special 专项规则, guidance 操作指引';
COMMENT ON COLUMN risk_screen.rule.after_grading IS 'Runs when the day has been graded and its alerts raised, and reads them; charges nobody';
COMMENT ON COLUMN risk_screen.rule.measures IS 'What observed is, for the words of a finding: an array of {"zh", "en", "unit", "at"}; the first whose regular expression at matches the finding''s key and evidence, or that has none';
COMMENT ON COLUMN risk_screen.rule.rests_on IS 'Rules whose findings of the same run its body reads (desk_findings, desk_gaps): it runs after them';
GRANT SELECT ON risk_screen.rule TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('risk_screen.rule', 'WHERE NOT builtin');

CREATE TABLE risk_screen.requirement (
	code text PRIMARY KEY,
	title_zh text NOT NULL,
	title_en text NOT NULL,
	kind text NOT NULL,
	nature text NOT NULL CHECK (nature IN ('C', 'P', 'O')),
	levels text[] NOT NULL,
	lines text[] NOT NULL,
	plan text[] NOT NULL,
	threshold text NOT NULL,
	kept_in text[] NOT NULL DEFAULT '{}',
	out_of_scope text
);
COMMENT ON TABLE risk_screen.requirement IS 'What the five source plans ask for, one row each';
COMMENT ON COLUMN risk_screen.requirement.code IS 'A01 ... N24';
COMMENT ON COLUMN risk_screen.requirement.title_zh IS 'Term of the plan';
COMMENT ON COLUMN risk_screen.requirement.title_en IS 'English title';
COMMENT ON COLUMN risk_screen.requirement.kind IS 'indicator, red line, list, deadline, classification, data feed, system, process';
COMMENT ON COLUMN risk_screen.requirement.nature IS 'C computable from filing rows, P candidates that a person decides, O organisational';
COMMENT ON COLUMN risk_screen.requirement.levels IS 'macro, meso, micro; empty: none';
COMMENT ON COLUMN risk_screen.requirement.lines IS 'Business lines';
COMMENT ON COLUMN risk_screen.requirement.plan IS 'Source plans';
COMMENT ON COLUMN risk_screen.requirement.threshold IS 'Threshold as the plan gives it, if it does';
COMMENT ON COLUMN risk_screen.requirement.kept_in IS 'Roles and desk tables or views that hold and show it when no rule does';
COMMENT ON COLUMN risk_screen.requirement.out_of_scope IS 'Why nothing is done about it';
GRANT SELECT ON risk_screen.requirement TO PUBLIC;

-- Objects of a workspace beside the role views: DDL text run with the schema as
-- search_path, and lines "column label; meaning" for the comments.
CREATE TABLE risk_screen._desk_object (
	name text PRIMARY KEY,
	ordinal int NOT NULL,
	ddl text NOT NULL,
	description text NOT NULL,
	columns text NOT NULL
);
GRANT SELECT ON risk_screen._desk_object TO PUBLIC;

CREATE VIEW risk_screen.rule_catalogue AS
	SELECT coalesce(q.code, r.code) AS code,
		   CASE WHEN r.code IS NOT NULL AND r.candidate THEN 'candidate'
				WHEN r.code IS NOT NULL AND r.kind = 'indicator' THEN 'indicator'
				WHEN r.code IS NOT NULL THEN 'rule'
				WHEN q.out_of_scope IS NOT NULL THEN 'out of scope'
				WHEN q.kept_in <> '{}' AND NOT EXISTS (
					 SELECT FROM pg_catalog.unnest(q.kept_in) AS k (name)
					  WHERE NOT EXISTS (SELECT FROM risk_screen.role AS x WHERE x.role = k.name)
						AND NOT EXISTS (SELECT FROM risk_screen._desk_object AS o WHERE o.name = k.name)
						AND pg_catalog.to_regclass('risk_screen.' || k.name) IS NULL) THEN 'record'
				ELSE 'planned' END AS state,
		   coalesce(r.title_zh, q.title_zh) AS title_zh,
		   coalesce(r.title_en, q.title_en) AS title_en,
		   coalesce(q.kind, r.kind) AS kind,
		   q.nature,
		   coalesce(pg_catalog.array_to_string(q.levels, ','), r.level) AS level,
		   pg_catalog.array_to_string(coalesce(q.lines, r.lines), ',') AS line,
		   pg_catalog.array_to_string(coalesce(q.plan, r.plan), ',') AS plan,
		   coalesce(r.clause, q.title_zh) AS clause,
		   q.threshold,
		   r.severity::text AS severity,
		   pg_catalog.array_to_string(r.parameters, ',') AS parameters,
		   pg_catalog.array_to_string(r.needs, ',') AS needs,
		   CASE WHEN r.code IS NULL THEN coalesce(q.out_of_scope, pg_catalog.array_to_string(q.kept_in, ',')) END AS note,
		   r.version,
		   coalesce(r.builtin, true) AS builtin
	  FROM risk_screen.requirement AS q
	  FULL JOIN risk_screen.rule AS r ON r.code = q.code;
COMMENT ON VIEW risk_screen.rule_catalogue IS 'One line per requirement of the source plans and per rule of your own, with what exists for it';
COMMENT ON COLUMN risk_screen.rule_catalogue.state IS 'rule, indicator, candidate (a person decides), record (kept in the tables of note), out of scope (why: note), planned';
COMMENT ON COLUMN risk_screen.rule_catalogue.note IS 'For records the roles, tables or views that hold it; for rows out of scope the reason';
GRANT SELECT ON risk_screen.rule_catalogue TO PUBLIC;
