-- Calendar, parameters, levels, rulesets, grades.
-- several assertions on one row come out one below the other
\pset fieldsep '\n'
BEGIN;
SELECT no_plan();
SET LOCAL search_path = public, risk_screen;
SET LOCAL client_min_messages = error;

-- ---- working days ----
SELECT is(count(*), 379::bigint, 'the shipped calendar has every published day') FROM calendar_day WHERE builtin;
SELECT ok(NOT is_workday('2026-10-01') AND is_workday('2026-10-10') AND is_workday('2026-09-28') AND NOT is_workday('2026-09-26'),
	'holiday, make-up Saturday, Monday, Saturday');
SELECT is(add_workdays('2026-09-30', 1), date '2026-10-08', 'National Day is skipped');
SELECT is(add_workdays('2026-09-24', 10), date '2026-10-15', 'ten working days over Mid-autumn and National Day with a make-up Saturday');
SELECT is(add_workdays('2026-10-08', -1), date '2026-09-30', 'backwards');
SELECT is(add_workdays('2026-10-03', 0), date '2026-10-03', 'no days: the day itself');
SELECT is(count(*), 0::bigint, 'add_workdays and workdays_between are inverse')
  FROM generate_series(date '2016-01-04', '2026-11-30', '23 days') d, generate_series(-12, 12) n
 WHERE workdays_between(d::date, add_workdays(d::date, n)) <> n;
SELECT is(count(*), 0::bigint, 'workdays_between counts day by day')
  FROM generate_series(date '2016-01-04', '2026-06-01', '97 days') d, generate_series(-40, 160, 20) n
 WHERE workdays_between(d::date, d::date + n) <> CASE WHEN n >= 0
	THEN (SELECT count(*) FROM generate_series(1, n) i WHERE is_workday(d::date + i))
	ELSE -(SELECT count(*) FROM generate_series(n, -1) i WHERE is_workday(d::date + i)) END;
INSERT INTO calendar_day (day, is_workday, name_zh) VALUES ('2018-06-16', true, '本局调休');
SELECT ok(is_workday('2018-06-16'), 'an own day wins over the calendar'), is(workdays_between('2018-06-15', '2018-06-16'), 1, 'and is counted');
SELECT throws_ok($$UPDATE calendar_day SET is_workday = true WHERE day = '2026-10-01'$$, '55000', NULL, 'shipped days are read-only');
SELECT throws_ok($$INSERT INTO calendar_day VALUES ('CN', '2030-01-01', false, NULL, NULL, true)$$, '55000', NULL, 'nobody ships days but the extension');
SELECT throws_ok($$SELECT add_workdays('2026-01-01', 3, 'MARS')$$, '42704', NULL, 'an unknown calendar is an error');
SELECT throws_ok($$SELECT add_workdays('infinity', 3)$$, '22008', NULL, 'infinite dates are an error');

-- ---- deadlines ----
SET LOCAL timezone = 'America/New_York';
SELECT is(level_due('red', '2026-09-24 10:00+08'), timestamptz '2026-09-24 11:00+08', 'A05: red one hour');
SELECT is(level_due('orange', '2026-09-24 10:00+08'), timestamptz '2026-09-25 10:00+08', 'A08: orange 24 hours');
SELECT is(level_due('yellow', '2026-09-24 10:00+08'), timestamptz '2026-10-16 00:00+08', 'A10: yellow to the end of the tenth working day, whatever the session zone');
SELECT is(level_due('yellow', '2026-09-23 23:30+08'), timestamptz '2026-10-15 00:00+08', 'the day of receipt is the one in Shanghai');
SELECT is(level_due(l, '2026-09-24 10:00+08'), NULL, l || ' has no deadline') FROM unnest('{green,unknown}'::risk_level[]) l;
SELECT is(level_due('red', '2026-09-24 10:00+08', '{["2026-09-24 10:30+08","2026-09-24 11:00+08"),["2026-09-24 11:15+08","2026-09-24 12:15+08")}'),
	timestamptz '2026-09-24 12:30+08', 'the clock stands twice');
SELECT is(level_due('red', '2026-09-24 10:00+08', '{["2026-09-24 09:00+08","2026-09-24 10:20+08")}'), timestamptz '2026-09-24 11:20+08', 'a stop that began before');
SELECT is(level_due('red', '2026-09-24 10:00+08', '{["2026-09-24 11:00+08","2026-09-24 12:00+08")}'), timestamptz '2026-09-24 11:00+08', 'a stop after the deadline is too late');
SELECT is(level_due('orange', '2026-09-24 10:00+08', '{["2026-09-24 11:00+08",)}'), 'infinity', 'a stop without end');
SELECT is(level_due('yellow', '2026-09-24 10:00+08', '{["2026-10-08 12:00+08","2026-10-09 09:00+08")}'), timestamptz '2026-10-20 00:00+08', 'working days touched by a stop do not count');
SELECT is(level_due('yellow', '2026-09-24 10:00+08', '{["2026-10-08 12:00+08",)}'), 'infinity', 'nor does a stop without end ever finish');
INSERT INTO parameter (code, value, operator, valid_from, known_from) VALUES ('red_push', 0.5, '<=', '2026-10-01', '2026-01-01');
SELECT is(level_due('red', '2026-10-02 10:00+08'), timestamptz '2026-10-02 10:30+08', 'a parameter of your own changes the deadline from its day on'),
	   is(level_due('red', '2026-09-30 10:00+08'), timestamptz '2026-09-30 11:00+08', 'and not before');
SET LOCAL timezone = 'UTC';

-- ---- parameters ----
SELECT is(count(*), 0::bigint, 'section 15: every parameter row has plan, clause and requirement') FROM parameter WHERE source = 'plan' AND (plan IS NULL OR clause IS NULL OR requirement IS NULL);
SELECT is(parameter_value(c, '2026-01-01', l), v::numeric, c || ' is ' || v) FROM (VALUES
	('red_push', NULL, 1), ('orange_letter', NULL, 24), ('yellow_plan', NULL, 10), ('user_txn_count', NULL, 50), ('daily_review_amount', NULL, 50000),
	('loan_surge', NULL, 0.30), ('mismatch_cut', NULL, 3), ('top_n', NULL, 10), ('liquidity_horizon', NULL, 30), ('dual_recording_yield', 'INS', 0.05),
	('recording_retention', 'INS', 10), ('industry_reserve', NULL, 0.005), ('fine_cap', NULL, 5), ('opinion_channels', NULL, 200), ('feed_lag', NULL, 1),
	('custody_reconciliation', NULL, 0), ('rate_cap', NULL, 4), ('naming_national', NULL, 16), ('naming_beijing', NULL, 20), ('naming_freeze_name', NULL, 8),
	('naming_freeze_scope', NULL, 9), ('offline_activities', 'P2P', 3), ('campaign_length', NULL, 1)) v(c, l, v)
 WHERE c <> 'red_push';
SELECT is(date '1970-01-01' + parameter_value('campaign_' || c, '2026-01-01')::int, d, 'milestone ' || d) FROM (VALUES
	('plans_filed', date '2016-05-15'), ('first_round', '2016-05-31'), ('full_check', '2016-06-30'), ('census', '2016-07-31'), ('deep_check', '2016-09-30'),
	('classified_disposal', '2016-10-31'), ('cleanup', '2016-11-30'), ('acceptance', '2017-01-31'), ('final_report', '2017-03-31')) v(c, d);
SELECT is(parameter_hit(o, c, '2026-01-01', l), h, c || ' at ' || o) FROM (VALUES
	('user_txn_count', NULL, 49, false), ('user_txn_count', NULL, 50, true), ('user_txn_count', NULL, 51, true),
	('daily_review_amount', NULL, 49999.99, false), ('daily_review_amount', NULL, 50000, true),
	('loan_surge', NULL, 0.299, false), ('loan_surge', NULL, 0.30, true),
	('dual_recording_yield', 'INS', 0.05, false), ('dual_recording_yield', 'INS', 0.0501, true),
	('fine_cap', NULL, 5, false), ('fine_cap', NULL, 5.01, true), ('feed_lag', NULL, 1, false), ('feed_lag', NULL, 2, true),
	('opinion_channels', NULL, 199, true), ('opinion_channels', NULL, 200, false), ('custody_reconciliation', NULL, 0.01, true), ('custody_reconciliation', NULL, 0, false)) v(c, l, o, h);
SELECT is(parameter_hit(NULL, 'user_txn_count', '2026-01-01'), NULL, 'nothing observed is neither hit nor clear');
SELECT throws_ok($$SELECT parameter_value('no_such', '2026-01-01')$$, '42704', NULL, 'an unknown parameter is an error');
SELECT throws_ok($$SELECT parameter_hit(1, 'top_n', '2026-01-01')$$, '22023', NULL, 'a number to compute with is not a threshold');
SELECT throws_ok($$SELECT compare(1, '=>', 1)$$, '22023', NULL, 'an unknown comparison is an error');
INSERT INTO parameter (code, value, operator, sense, line, region, size, licence, valid_from, valid_to, known_from) VALUES
	('t', 1, '>=', 'hit', NULL, NULL, NULL, NULL, '2020-01-01', 'infinity', '2020-01-01'), ('t', 2, '>=', 'hit', 'P2P', NULL, NULL, NULL, '2020-01-01', 'infinity', '2020-01-01'),
	('t', 3, '>=', 'hit', NULL, '北京', NULL, NULL, '2020-01-01', 'infinity', '2020-01-01'), ('t', 4, '>=', 'hit', 'P2P', '北京', NULL, NULL, '2020-01-01', 'infinity', '2020-01-01'),
	('t', 5, '>=', 'hit', 'P2P', NULL, NULL, NULL, '2024-01-01', '2025-01-01', '2020-01-01'), ('t', 6, '>=', 'hit', NULL, NULL, NULL, NULL, '2020-01-01', 'infinity', '2023-06-01');
SELECT is(parameter_value('t', d, l, r, known_at => k), v::numeric, n) FROM (VALUES
	('unscoped, corrected later', date '2022-01-01', NULL, NULL, timestamptz 'infinity', 6), ('as known before the correction', '2022-01-01', NULL, NULL, '2023-01-01', 1),
	('by line', '2022-01-01', 'P2P', '上海', 'infinity', 2), ('by region', '2022-01-01', 'PAY', '北京', 'infinity', 3), ('most specific', '2022-01-01', 'P2P', '北京', 'infinity', 4),
	('by date', '2024-06-01', 'P2P', NULL, 'infinity', 5), ('the last day', '2024-12-31', 'P2P', NULL, 'infinity', 5), ('the day after', '2025-01-01', 'P2P', NULL, 'infinity', 2),
	('before all', '2019-01-01', 'P2P', NULL, 'infinity', NULL)) v(n, d, l, r, k, v);

-- ---- rates ----
SELECT is(rate_cap(d, m, b), v::numeric, n) FROM (VALUES
	('4 x 6 % in 2013', date '2013-06-01', 12, 'plan', 0.24), ('4 x 6.15 % over a year', '2013-06-01', 13, 'plan', 0.2460), ('4 x 4.35 % in 2018', '2018-06-01', 12, 'plan', 0.1740),
	('4 x LPR in 2022', '2022-06-01', 12, 'plan', 0.1480), ('4 x LPR 5Y', '2022-06-01', 61, 'plan', 0.1780), ('the court before LPR', '2017-06-01', 12, 'court', 0.24),
	('the court on the last day', '2020-08-19', 12, 'court', 0.24), ('the court with LPR', '2020-08-20', 12, 'court', 0.1540), ('before the series', '1999-01-01', 12, 'plan', NULL)) v(n, d, m, b, v);
SELECT throws_ok($$SELECT rate_cap('2020-01-01', 12, 'guess')$$, '22023', NULL, 'an unknown basis is an error');
SELECT is(reserve_ratio('{网络支付}', 'A', '2026-01-01'), 0.10, 'best rating: 10 %'), is(reserve_ratio('{网络支付}', 'E', '2026-01-01'), 1.00, 'worst: 100 %'),
	   is(reserve_ratio(NULL, NULL, '2026-01-01'), 1.00, 'no rating counts as the worst'), is(reserve_ratio('{预付卡,银行卡收单}', 'C', '2018-01-01', 'reserve_ratio_2017'), 0.20, 'several licences: the highest'),
	   is(reserve_ratio('{预付卡}', 'A', '2020-01-01', 'reserve_ratio_2017'), 1.00, 'since 2019 everything');

-- ---- levels ----
SELECT is(worst(l::risk_level), 'orange', 'worst') FROM unnest('{green,orange,NULL,unknown}'::text[]) l;
SELECT ok('green' < 'unknown'::risk_level AND 'unknown' < 'yellow'::risk_level AND 'orange' < 'red'::risk_level, 'order of the levels');
SELECT is(array_agg(level_label(l)), '{绿,未知,黄,橙,红}', 'labels') FROM unnest(enum_range(NULL::risk_level)) l;
SELECT is(string_agg(s::text, ' ' ORDER BY t), 'red red red red red green yellow orange', 'up at once, down after the hold; a gap does not count')
  FROM (SELECT t, sticky_level(l::risk_level, t, '30 days') OVER (ORDER BY t) s FROM (VALUES (timestamptz '2026-01-01', 'red'), ('2026-01-11', 'green'), ('2026-01-20', 'unknown'),
	('2026-01-25', 'green'), ('2026-02-10', 'green'), ('2026-02-24', 'green'), ('2026-02-25', 'yellow'), ('2026-03-01', 'orange')) v(t, l)) x;
SELECT is(string_agg(s::text, ' ' ORDER BY t), 'red red orange yellow', 'down step by step, as far as each level has held')
  FROM (SELECT t, sticky_level(l::risk_level, t, '10 days') OVER (ORDER BY t) s FROM (VALUES (timestamptz '2026-01-01', 'red'), ('2026-01-05', 'orange'), ('2026-01-15', 'yellow'), ('2026-01-25', 'yellow')) v(t, l)) x;
SELECT is(string_agg(s::text, ' ' ORDER BY t), 'orange orange orange green', 'within the margin the hold does not begin')
  FROM (SELECT t, sticky_level(l::risk_level, r::risk_level, t, '10 days') OVER (ORDER BY t) s FROM (VALUES (timestamptz '2026-01-01', 'orange', 'orange'), ('2026-01-05', 'green', 'orange'), ('2026-01-20', 'green', 'green'), ('2026-01-30', 'green', 'green')) v(t, l, r)) x;
SELECT is(string_agg(s::text, ' ' ORDER BY t), 'green unknown green', 'unknown gives way as soon as data come back')
  FROM (SELECT t, sticky_level(l::risk_level, t, '10 days') OVER (ORDER BY t) s FROM (VALUES (timestamptz '2026-01-01', 'green'), ('2026-01-05', NULL), ('2026-01-06', 'green')) v(t, l)) x;
SELECT throws_ok($$SELECT sticky_level(l::risk_level, t, '1 day') FROM (VALUES (timestamptz '2026-01-02', 'red'), ('2026-01-01', 'green')) v(t, l)$$, '22023', NULL, 'out of order is an error');

-- ---- disposal ----
SELECT is(count(*), 0::bigint, 'every combination of factors has a class in every scheme, and only a clean one is compliant')
  FROM unnest('{003,000,001,gov}'::text[]) s, unnest(enum_range(NULL::risk_level)) c, generate_series(0, 3) i, generate_series(0, 3) v, generate_series(0, 3) h, unnest('{true,false}'::boolean[]) r,
	   LATERAL disposal_class(c, i, v, h, r, s) d
 WHERE d.rule_no IS NULL OR (d.class = 'compliant') <> (c = 'green' AND i = 0 AND v = 0 AND h = 0) OR (i = 3) <> (d.class = 'transfer');
SELECT is(d.class || ' ' || d.label_zh, w) FROM (VALUES ('ban 取缔类', 'green'::risk_level, 1, 2, 0, false), ('ban 取缔类', 'green', 1, 0, 0, true), ('rectify 整改类', 'green', 1, 1, 1, false),
	('rectify 整改类', 'orange', 0, 0, 0, false), ('compliant 合规类', 'green', 0, 0, 0, false), ('undetermined 待定（资料不全）', 'unknown', 0, 0, 0, false), ('undetermined 待定（资料不全）', 'green', NULL, 0, 0, false)) v(w, c, i, s, h, r), LATERAL disposal_class(c, i, s, h, r) d;
SELECT throws_ok($$SELECT * FROM disposal_class('green', 4, 0, 0)$$, '22003', NULL, 'factors are 0 to 3');
SELECT throws_ok($$SELECT * FROM disposal_class('green', 0, 0, 0, false, 'x')$$, '42704', NULL, 'an unknown scheme is an error');

-- ---- rulesets ----
SELECT is_empty($$SELECT * FROM check_ruleset('institution', 1, '2026-01-01')$$, 'shipped ruleset institution is clean');
SELECT is_empty($$SELECT * FROM check_ruleset('sector', 1, '2026-01-01')$$, 'shipped ruleset sector is clean');
SELECT is_empty($$SELECT * FROM check_ruleset('naming', 1, '2026-01-01')$$, 'shipped ruleset naming is clean');
SELECT is_empty($$SELECT rule, r.severity, max(b.floor) FROM ruleset_rule x JOIN ruleset_band b USING (ruleset, version, rule) JOIN rule r ON r.code = x.rule
	WHERE ruleset IN ('institution', 'naming') AND x.version = 1 AND r.builtin AND (r.fact = 'findings' OR b.parameter IS NOT NULL AND b.factor = 1) GROUP BY 1, 2 HAVING max(b.floor) IS DISTINCT FROM r.severity$$,
	'a desk''s rule that the shipped version names floors the level at the rule''s own severity');
SELECT is_empty($$SELECT rule, r.parameters[1], b.parameter FROM ruleset_rule x JOIN ruleset_band b USING (ruleset, version, rule) JOIN rule r ON r.code = x.rule AND r.severity IS NOT NULL AND r.fact = 'value' AND r.builtin
	WHERE x.ruleset = 'institution' AND b.parameter IS DISTINCT FROM r.parameters[1]$$, 'and one that is judged by its value is judged against the rule''s own limit');
SELECT is_empty($$SELECT r.code, r.lines, x.lines FROM ruleset_rule x JOIN rule r ON r.code = x.rule AND r.fact = 'findings' AND r.severity IS NOT NULL AND r.builtin
	WHERE x.ruleset = 'institution' AND x.lines IS NOT NULL AND NOT r.lines && '{ALL,NAME,AD}' AND NOT r.lines <@ x.lines$$, 'no line of a desk''s rule is left out by the version');
SELECT is_empty($$SELECT unnest('{B12,B13,B14,B15,C04,C16,H01,H03,H12}'::text[]) EXCEPT SELECT rule FROM ruleset_rule WHERE ruleset = 'institution'$$, 'the rule codes are there');
SELECT is_empty($$SELECT DISTINCT rule FROM ruleset_rule WHERE ruleset IN ('institution', 'sector') AND (title_zh IS NULL OR title_en IS NULL OR plan IS NULL OR clause IS NULL)$$, 'each rule cites its plan and clause');
INSERT INTO ruleset (ruleset, version) VALUES ('bad', 1);
INSERT INTO ruleset_level VALUES ('bad', 1, 'yellow', 50), ('bad', 1, 'orange', 20);
INSERT INTO ruleset_rule (ruleset, version, rule, indicator, kind, direction, weight, value_range) VALUES ('bad', 1, 'A', 'a', 'indicator', 'high', 1, '[0,1]'), ('bad', 1, 'B', 'b', 'red line', 'high', 0, '(,)'),
	('bad', 1, 'C', 'c', 'indicator', 'low', 1, '(,)'), ('bad', 1, 'D', 'd', 'indicator', 'high', 1, '(,)'), ('bad', 1, 'E', 'e', 'indicator', 'high', 1, '(,)'), ('bad', 1, 'F', 'f', 'indicator', 'high', 1, '(,)');
INSERT INTO ruleset_band (ruleset, version, rule, band, span, points, floor) VALUES ('bad', 1, 'A', 1, '[2,3]', 1, NULL), ('bad', 1, 'B', 1, '[1,)', 0, NULL),
	('bad', 1, 'C', 1, '(,1)', 1, NULL), ('bad', 1, 'C', 2, '[1,2)', 5, NULL), ('bad', 1, 'D', 1, '[1,3]', 1, NULL), ('bad', 1, 'D', 2, '[3,)', 2, NULL), ('bad', 1, 'E', 1, '[1,2)', 1, NULL), ('bad', 1, 'E', 2, '(2,)', 2, NULL);
SELECT set_eq($$SELECT severity, rule, finding FROM check_ruleset('bad', 1)$$, $$VALUES ('error', NULL, 'missing level'), ('error', NULL, 'levels out of order'), ('warning', NULL, 'unreachable level'), ('error', 'F', 'no bands'), ('error', 'B', 'missing weight'),
	('warning', 'B', 'red line without floor'), ('warning', 'A', 'out of range'), ('error', 'C', 'not monotone'), ('error', 'D', 'overlap'), ('error', 'E', 'gap')$$, 'check_ruleset finds what is wrong');
SELECT throws_ok($$SELECT activate_ruleset('bad', 1, '2026-01-01')$$, '55000', NULL, 'a faulty version is not activated');
-- bands that a worse value could leave for a milder one are never activated
INSERT INTO ruleset (ruleset, version) SELECT 'order ' || c, 1 FROM unnest('{a,b,c,d,e,f}'::text[]) c;
INSERT INTO ruleset_level SELECT 'order ' || c, 1, l::risk_level, s FROM unnest('{a,b,c,d,e,f}'::text[]) c, (VALUES ('yellow', 1), ('orange', 2), ('red', 3)) v(l, s);
INSERT INTO ruleset_rule (ruleset, version, rule, indicator, direction, value_range) SELECT 'order ' || c, 1, 'R', 'r', d, g::numrange
  FROM (VALUES ('a', 'high', '(,)'), ('b', 'any', '(,)'), ('c', 'high', '(,)'), ('d', 'low', '[0,)'), ('e', 'high', '(,)'), ('f', 'high', '[0,10]')) v(c, d, g);
INSERT INTO ruleset_band (ruleset, version, rule, band, span, parameter, factor, points) VALUES ('order a', 1, 'R', 1, '[1,2)', NULL, 1, 1), ('order a', 1, 'R', 2, '[3,)', NULL, 1, 2),
	('order b', 1, 'R', 1, '(,1)', NULL, 1, 5), ('order b', 1, 'R', 2, '[3,)', NULL, 1, 2), ('order c', 1, 'R', 1, '[1,2)', NULL, 1, 1), ('order d', 1, 'R', 1, '[5,9)', NULL, 1, 1),
	('order e', 1, 'R', 1, NULL, 'o1', 1, 1), ('order e', 1, 'R', 2, NULL, 'o2', 1, 5), ('order f', 1, 'R', 1, '[1,2)', NULL, 1, 1), ('order f', 1, 'R', 2, '[2,10]', NULL, 1, 1);
INSERT INTO parameter (code, value, operator, sense, line, valid_from, known_from) VALUES ('o1', 1, '>=', 'hit', NULL, '2020-01-01', '2020-01-01'), ('o2', 2, '>=', 'hit', NULL, '2020-01-01', '2020-01-01'), ('o2', 2, '<=', 'hit', 'PAY', '2030-01-01', '2020-01-01');
SELECT is((SELECT array_agg(concat_ws(' ', severity, finding, detail)) FROM check_ruleset('order ' || c, 1, '2026-01-01') WHERE finding <> 'unreachable level'), w, n) FROM (VALUES
	('a', '{"error gap 2 lies between bands and is in none: no hit"}'::text[], 'a gap is an error, with the value'), ('b', '{"warning gap 1 lies between bands and is in none: no hit"}', 'where the bands alone say what is bad a gap is a warning'),
	('c', '{"error not monotone 2 is in no band, although the direction \"high\" makes it worse than values that are"}', 'values beyond the last band'),
	('d', '{"error not monotone 2.5 is in no band, although the direction \"low\" makes it worse than values that are"}', 'values below, where low is bad'),
	('e', '{"error not monotone 3 is in band 1, milder than values that the direction \"high\" makes less bad (on 2030-01-01, PAY)"}', 'parameters that cross later, in one line'),
	('f', NULL, 'a last band that ends where the values end')) v(c, w, n);
SELECT throws_ok($$SELECT activate_ruleset('order a', 1, '2026-01-01')$$, '55000', 'version 1 of ruleset "order a" has errors', 'a version with a gap is not activated');
SELECT throws_ok($$SELECT activate_ruleset('order e', 1, '2026-01-01')$$, '55000', 'version 1 of ruleset "order e" has errors', 'nor one whose parameters cross later');
SELECT lives_ok($$SELECT activate_ruleset('order b', 1, '2026-01-01'); SELECT activate_ruleset('order f', 1, '2026-01-01')$$, 'others are');
DELETE FROM parameter WHERE code = 'o2' AND line = 'PAY';
SELECT lives_ok($$SELECT activate_ruleset('order e', 1, '2026-01-01'); SELECT * FROM grade('SELECT ''x'' AS entity, ''r'' AS indicator, 3 AS value, ''PAY'' AS segment', 'order e', '2030-02-01')$$, 'parameters in order');
INSERT INTO parameter (code, value, operator, sense, line, valid_from, known_from) VALUES ('o2', 2, '<=', 'hit', 'PAY', '2030-01-01', '2020-01-01');
SELECT throws_ok($$SELECT * FROM grade('SELECT ''x'' AS entity, ''r'' AS indicator, 3 AS value, ''PAY'' AS segment', 'order e', '2030-02-01')$$, '55000', 'with the parameters in force the bands of rule R of ruleset "order e" version 1 are not in order', 'parameters entered after the activation that turn the order round are not graded with');
SELECT lives_ok($$SELECT * FROM grade('SELECT ''x'' AS entity, ''r'' AS indicator, 3 AS value, ''P2P'' AS segment', 'order e', '2030-02-01')$$, 'other segments are');
SELECT throws_ok($$SELECT * FROM ruleset_version('bad', '2026-01-01')$$, '42704', NULL, 'a draft judges nothing by its bare name');

INSERT INTO ruleset (ruleset, version, min_coverage, margin) VALUES ('own', 1, 0.5, 5);
INSERT INTO ruleset_level VALUES ('own', 1, 'yellow', 20), ('own', 1, 'orange', 50), ('own', 1, 'red', 80);
INSERT INTO ruleset_rule (ruleset, version, rule, indicator, kind, weight, lines, overridable, max_age) VALUES ('own', 1, 'B12', 'txn', 'indicator', 2, NULL, true, 10),
	('own', 1, 'B21', 'yield', 'indicator', 1.5, '{INS}', true, NULL), ('own', 1, 'C04', 'self', 'red line', 0, NULL, false, NULL);
INSERT INTO ruleset_band (ruleset, version, rule, band, span, parameter, factor, points, floor) VALUES ('own', 1, 'B12', 1, NULL, 'user_txn_count', 1, 10, NULL), ('own', 1, 'B12', 2, NULL, 'user_txn_count', 2, 25, NULL),
	('own', 1, 'B21', 1, NULL, 'dual_recording_yield', 1, 20, NULL), ('own', 1, 'C04', 1, '(0,)', NULL, 1, 0, 'red');
SELECT is_empty($$SELECT * FROM check_ruleset('own', 1, '2026-01-01') WHERE severity = 'error'$$, 'multiples of a parameter nest');
SELECT activate_ruleset('own', 1, '2026-01-01');
INSERT INTO ruleset_activation SELECT 'own', 1, '2026-01-01', '2026-01-01', 'x', 'as if activated then', ruleset_hash('own', 1);
SELECT throws_ok($$UPDATE ruleset_band SET points = 1 WHERE ruleset = 'own'$$, '55000', NULL, 'an activated version cannot be changed');
SELECT throws_ok($$INSERT INTO ruleset_rule (ruleset, version, rule, indicator) VALUES ('own', 1, 'X', 'x')$$, '55000', NULL, 'nor added to');
SELECT throws_ok($$DELETE FROM ruleset_level WHERE ruleset = 'own'$$, '55000', NULL, 'nor taken from');
SELECT throws_ok($$UPDATE ruleset SET min_coverage = 0 WHERE ruleset = 'own'$$, '55000', NULL, 'nor loosened');
SELECT throws_ok($$DELETE FROM ruleset_activation WHERE ruleset = 'own'$$, '55000', NULL, 'activations are history');
SELECT throws_ok($$UPDATE ruleset_band SET points = 1 WHERE ruleset = 'institution'$$, '55000', NULL, 'shipped versions cannot be changed');
SELECT copy_ruleset('own', 1, 'own', 2);
UPDATE ruleset_band SET points = 30 WHERE ruleset = 'own' AND version = 2 AND rule = 'B12' AND band = 1;
SELECT isnt(ruleset_hash('own', 1), ruleset_hash('own', 2), 'the hash tells versions apart');

-- ---- grades ----
CREATE TABLE fact (entity text, indicator text, value numeric, segment text, as_of date, known_at timestamptz);
INSERT INTO fact VALUES ('a', 'txn', 50, 'P2P', '2026-01-10', '2026-01-11'), ('a', 'self', 0, 'P2P', '2026-01-10', '2026-01-11'),
	('b', 'txn', 49, '{"line": "INS", "region": "北京"}', '2026-01-10', '2026-01-11'), ('b', 'yield', 0.051, '{"line": "INS", "region": "北京"}', '2026-01-10', '2026-01-11'), ('b', 'self', 1, NULL, '2026-01-10', '2026-01-11'),
	('c', 'txn', 1, 'P2P', '2026-01-10', '2026-01-11'), ('d', 'txn', 1, 'P2P', '2026-01-10', '2026-01-11'), ('d', 'self', 0, 'P2P', '2026-01-10', '2026-01-11'),
	('e', 'txn', NULL, 'P2P', '2026-01-10', '2026-01-11'), ('e', 'self', 0, 'P2P', '2026-01-10', '2026-01-11'), ('f', 'txn', 100, 'P2P', '2026-01-10', '2026-01-11'), ('f', 'self', 0, 'P2P', '2026-01-10', '2026-01-11');
SELECT results_eq($$SELECT entity, level, score, floor, coverage, possible FROM grade('fact', 'own', '2026-01-15')$$, $$VALUES
	('a', 'yellow'::risk_level, 20.0, 'green'::risk_level, 1::float8, 'yellow'::risk_level), ('b', 'red', 30.0, 'red', 1, 'red'), ('c', 'unknown', 0.0, 'green', 1, 'red'),
	('d', 'green', 0.0, 'green', 1, 'green'), ('e', 'unknown', 0.0, 'green', 0, 'orange'), ('f', 'orange', 50.0, 'green', 1, 'orange')$$, 'levels, scores, floors, coverage');
SELECT is(reasons, '[{"code": "C04", "floor": "red", "outcome": "hit", "observed": 1, "operator": ">", "threshold": 0}, {"code": "B21", "share": 1.0000, "outcome": "hit", "observed": 0.051, "operator": ">", "threshold": 0.05, "contribution": 30.0}]'::jsonb,
	'reasons: red lines first') FROM grade('fact', 'own', '2026-01-15') WHERE entity = 'b';
SELECT is(level, 'unknown', 'a fact older than max_age counts as missing'), is(reasons -> 0 ->> 'outcome', 'stale_data', 'and says so') FROM grade('fact', 'own', '2026-01-21') WHERE entity = 'd';
SELECT is(level, 'green', 'a fact exactly max_age old is good') FROM grade('fact', 'own', '2026-01-20') WHERE entity = 'd';
SELECT is_empty($$SELECT * FROM grade('fact', 'own', '2026-01-09')$$, 'nobody is graded before the first fact');
SELECT is_empty($$SELECT * FROM grade('fact', 'own', '2026-01-15', '2026-01-10')$$, 'nor before it was known');
SELECT is(array_agg(version ORDER BY version), '{1,2}', 'name@2 is version 2') FROM (SELECT version FROM grade('fact', 'own@1', '2026-01-15') UNION SELECT version FROM grade('fact', 'own@2', '2026-01-15')) v;
CREATE TEMP TABLE old_answer AS SELECT * FROM grade('fact', 'own', '2026-01-15', '2026-01-16');
INSERT INTO fact VALUES ('d', 'self', 1, 'P2P', '2026-01-10', '2026-02-01'), ('d', 'txn', 200, 'P2P', '2026-01-14', '2026-02-01');
INSERT INTO ruleset_activation SELECT 'own', 2, '2026-01-01', '2027-02-01', 'x', NULL, ruleset_hash('own', 2);
INSERT INTO parameter (code, value, operator, sense, known_from) VALUES ('user_txn_count', 10, '>=', 'hit', '2026-02-01');
SELECT results_eq($$SELECT * FROM grade('fact', 'own', '2026-01-15', '2026-01-16')$$, 'TABLE old_answer', 'corrected facts, a new version and a new parameter leave the old answer as it was known');
SELECT is(level || ' ' || version, 'red 2', 'and change the new one') FROM grade('fact', 'own', '2026-01-15') WHERE entity = 'd';
SELECT results_eq($$SELECT entity, level, computed, reasons -> 0 ->> 'outcome', reasons -> 0 ->> 'until' FROM grade('fact', 'own@1', '2026-01-15', '2026-01-16', overrides => $q$SELECT entity, 'green' AS level, 'on-site visit' AS reason, 'Wang' AS author,
	date '2026-01-01' AS valid_from, date '2026-01-16' AS valid_to FROM (VALUES ('a'), ('b'), ('nobody')) v(entity)$q$) WHERE entity < 'c'$$,
	$$VALUES ('a', 'green'::risk_level, 'yellow'::risk_level, 'applied', '2026-01-16'), ('b', 'red', 'red', 'blocked_by_red_line', '2026-01-16')$$, 'an override lowers, but not below a red line');
SELECT is(level, 'yellow', 'an override is over on its last date') FROM grade('fact', 'own@1', '2026-01-16', '2026-01-17', overrides => $q$SELECT 'a' AS entity, 'green' AS level, 'x' AS reason, 'y' AS author, date '2026-01-01' AS valid_from, date '2026-01-16' AS valid_to$q$) WHERE entity = 'a';
SELECT is(level, 'red', 'an override raises') FROM grade('fact', 'own@1', '2026-01-15', '2026-01-17', overrides => $q$SELECT 'd' AS entity, 'red' AS level, 'x' AS reason, 'y' AS author, date '2026-01-01' AS valid_from, date '2026-01-16' AS valid_to$q$) WHERE entity = 'd';
SELECT throws_ok($$SELECT * FROM grade('fact', 'own', '2026-01-15', overrides => 'SELECT ''a'' AS entity, ''green'' AS level, ''x'' AS reason, ''y'' AS author, date ''2026-01-01'' AS valid_from')$$, '42703', NULL, 'an override without expiry is refused');
SELECT is(level, 'green', 'an exempt rule is not judged'), is(reasons, '[{"code": "C04", "outcome": "exempt"}]', 'and named') FROM grade('fact', 'own@1', '2026-01-15', '2026-01-17', exemptions => $q$SELECT 'c' AS entity, 'C04' AS rule, date '2026-01-01' AS valid_from, date '2026-01-16' AS valid_to$q$) WHERE entity = 'c';
SELECT is(level, 'unknown', 'an exemption ends') FROM grade('fact', 'own@1', '2026-01-16', '2026-01-17', exemptions => $q$SELECT 'c' AS entity, 'C04' AS rule, date '2026-01-01' AS valid_from, date '2026-01-16' AS valid_to$q$) WHERE entity = 'c';
SELECT is(sum(contribution), 30.0, 'explain_grade: contributions add up'), is(count(*), 3::bigint, 'every rule that applies is listed') FROM explain_grade('fact', 'own@1', '2026-01-15', '2026-01-17', entities => '{b}');
SELECT is(count(*), 0::bigint, 'other entities are left out') FROM explain_grade('fact', 'own@1', '2026-01-15', entities => '{zzz}');

-- key types, bad input
SELECT is(string_agg(entity || level, ' '), '1yellow 2green', 'bigint entities') FROM grade($$SELECT e::bigint AS entity, i AS indicator, v AS value, 'P2P' AS segment FROM (VALUES (1, 'txn', 60), (1, 'self', 0), (2, 'txn', 0), (2, 'self', 0)) t(e, i, v)$$, 'own@1', '2026-01-15', '2026-01-17');
SELECT is(level, 'yellow', 'uuid entities') FROM grade($$SELECT '00000000-0000-0000-0000-000000000001'::uuid AS entity, i AS indicator, v AS value, 'P2P' AS segment FROM (VALUES ('txn', 60), ('self', 0)) t(i, v)$$, 'own@1', '2026-01-15', '2026-01-17');
SELECT is_empty($$SELECT * FROM grade('SELECT 1 AS entity, ''x'' AS indicator, 1 AS value WHERE false', 'own', '2026-01-15')$$, 'no facts, no grades');
SELECT throws_ok($$SELECT * FROM grade('SELECT 1 AS entity, ''txn'' AS indicator, x AS value FROM generate_series(1, 2) x', 'own', '2026-01-15')$$, '21000', NULL, 'two values for one cell are refused');
SELECT lives_ok($$SELECT * FROM grade('SELECT 1 AS entity, ''txn'' AS indicator, 1 AS value FROM generate_series(1, 2) x', 'own', '2026-01-15')$$, 'the same value twice is one');
SELECT throws_ok($$SELECT * FROM grade('SELECT 1 AS entity, ''txn'' AS indicator, ''NaN''::float8 AS value', 'own', '2026-01-15')$$, '22003', NULL, 'NaN is refused');
SELECT throws_ok($$SELECT * FROM grade('fact', 'nothing', '2026-01-15')$$, '42704', NULL, 'an unknown ruleset is an error');
SELECT throws_ok($$SELECT * FROM grade('fact', 'own', '2025-01-15')$$, '42704', NULL, 'a day before the first activation is an error');
SELECT throws_ok($$SELECT * FROM grade('fact', 'own', 'infinity')$$, '22008', NULL, 'a grade is of one day');
SELECT throws_ok($$SELECT * FROM grade('fact', 'own', NULL)$$, '22004', NULL, 'as_of is needed');
SELECT throws_ok($$SELECT * FROM grade('SELECT 1 AS entity', 'own', '2026-01-15')$$, '42703', NULL, 'a missing column is an error');
SELECT throws_ok($$SELECT * FROM grade('fact', 'own', '2026-01-15', detail => 'much')$$, '22023', NULL, 'an unknown detail is an error');

-- without the caller's search_path
SET LOCAL search_path = pg_temp;
CREATE TEMP TABLE elsewhere AS SELECT * FROM risk_screen.grade('public.fact', 'own', '2026-01-15');
CREATE TEMP TABLE due_elsewhere AS SELECT risk_screen.level_due('yellow', '2026-09-24 10:00+08') AS due, risk_screen.add_workdays('2026-09-24', 10) AS day,
	risk_screen.parameter_hit(50, 'loan_surge_window', '2026-01-01') AS hit WHERE false;
SET LOCAL search_path = public, risk_screen;
SELECT is(count(*), 6::bigint, 'the caller''s search_path does not matter') FROM elsewhere;

-- row-level security and privileges are the caller's
CREATE ROLE grading_clerk;
ALTER TABLE fact ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fact TO grading_clerk USING (entity = 'a');
GRANT SELECT ON fact TO grading_clerk;
SET LOCAL ROLE grading_clerk;
SELECT is(string_agg(entity, ''), 'a', 'a role grades what it may see') FROM grade('public.fact', 'own@1', '2026-01-15', '2026-01-17');
SELECT throws_ok($$INSERT INTO parameter (code, value) VALUES ('x', 1)$$, '42501', NULL, 'parameters are not for everyone to write');
RESET ROLE;

-- ---- shadow runs and back-tests ----
SELECT results_eq($$SELECT level_a, level_b, entities FROM migration_matrix('fact', 'own@1', 'own@2', '2026-01-15', '2026-01-17') WHERE entities > 0$$,
	$$VALUES ('green'::risk_level, 'green'::risk_level, 1::bigint), ('unknown', 'unknown', 2), ('yellow', 'orange', 1), ('orange', 'orange', 1), ('red', 'red', 1)$$, 'migration matrix of a shadow run');
SELECT is(count(*), 25::bigint, 'five by five') FROM migration_matrix('fact', 'own@1', 'own@2', '2026-01-15');
CREATE TEMP TABLE bt AS SELECT * FROM backtest($$SELECT 'e' || e AS entity, 'B12' AS indicator, CASE WHEN e <= 3 AND m >= 6 THEN 20 ELSE e % 2 END AS value, (date '2025-01-01' + m * interval '1 month')::date AS as_of
	FROM generate_series(1, 10) e, generate_series(0, 11) m$$, $$SELECT 'e' || e AS entity, date '2025-10-15' AS failed_on FROM generate_series(1, 4) e$$, 'institution', '2025-01-15', '2025-12-15', alarm => 'yellow');
SELECT is((SELECT value FROM bt WHERE measure = m), v::float8, 'back-test: ' || m) FROM (VALUES ('days', 12), ('observations', 108), ('hits', 21), ('false_alarms', 36), ('misses', 15), ('correct_silence', 36), ('lead_days_median', 273), ('failures_warned', 0.75), ('rule B12', 57)) v(m, v);
SELECT * FROM finish();
ROLLBACK;
