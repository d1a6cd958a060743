-- Ownership on the desk: the closure of a run, and the views a supervisor reads.
BEGIN;
SELECT no_plan();
\ir ../fixtures/desk.sql
SELECT filing.put('institution', '[{"inst_id":"P1","name":"甲平台","lines":["P2P"]},{"inst_id":"P2","lines":["P2P"],"controller_id":"filed"},{"inst_id":"AM","name":"乙资管","lines":["AM"]}]');
INSERT INTO filing.equity (owner, owned, share, kind, valid_from, valid_to) VALUES
	('hold', 'P1', 0.6, NULL, NULL, NULL), ('boss', 'hold', 0.8, NULL, NULL, NULL), ('hold', 'hold', 0.2, NULL, NULL, NULL),
	('mini', 'P1', 0.07, NULL, NULL, NULL), ('upper', 'mini', 0.6, NULL, NULL, NULL), ('upper', 'cousin', 1, NULL, NULL, NULL),
	('was', 'P1', 0.33, NULL, '2020-01-01', '2026-11-20'), ('new', 'P1', 0.33, NULL, '2026-11-20', NULL),
	('filed', 'sub', 0.9, NULL, NULL, NULL), ('60', 'odd', 60, NULL, NULL, NULL);
INSERT INTO filing.party (party_id, kind, name, identity_no) VALUES ('boss', 'person', '老板', 'ID0'), ('i1', 'person', NULL, 'ID1'), ('i1 again', 'person', NULL, 'ID1');
INSERT INTO filing.product (product_id, inst_id, name, kind, offering, parent_product, underlying_id) VALUES
	('X', 'AM', '一号', 'plan', 'private', NULL, NULL), ('Y', 'AM', NULL, 'plan', 'private', NULL, NULL), ('Z', 'AM', NULL, 'private_fund', 'private', NULL, NULL), ('MMF', 'AM', NULL, 'money_fund', 'public', NULL, NULL),
	('S1', 'AM', NULL, 'project', 'public', NULL, 'tower'), ('S2', 'AM', NULL, 'project', 'public', NULL, 'tower'), ('S3', 'AM', NULL, 'project', 'public', 'S1', NULL);
INSERT INTO filing.product_investment (product_id, target_id, target_kind, valid_from, valid_to) VALUES
	('X', 'Y', 'product', NULL, NULL), ('Y', 'MMF', 'product', NULL, NULL), ('Z', 'X', 'product', '2020-01-01', '2026-11-20'), ('X', 'loan 7', 'loan', NULL, NULL);
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) VALUES
	('Y', 'Z', 10, '2026-11-01'), ('i1', 'X', 5, '2026-11-01'), ('gone', 'X', 5, '2026-10-01'), ('late', 'X', 5, '2026-12-01');
INSERT INTO filing.holding SELECT 'i' || i, 'S1', 1, '2026-11-01' FROM generate_series(1, 150) AS i;
INSERT INTO filing.holding SELECT 'i' || i, 'S2', 1, '2026-11-01' FROM generate_series(101, 180) AS i;
INSERT INTO filing.holding SELECT 'j' || i, 'S3', 1, '2026-11-01' FROM generate_series(1, 30) AS i UNION ALL VALUES ('i1 again', 'S3', 1, date '2026-11-01');
INSERT INTO filing.investor (investor_id, kind) SELECT 'i' || i, 'person' FROM generate_series(1, 180) AS i UNION ALL SELECT 'j' || i, 'person' FROM generate_series(1, 30) AS i UNION ALL VALUES ('i1 again', 'person');

SELECT is((SELECT count(*)::int FROM desk.related_party_list) + (SELECT count(*)::int FROM desk.ultimate_owner), 0, 'before the first run the views are empty');
CALL risk_screen.screen('desk', '2026-11-20');

-- the closure
SET LOCAL search_path = desk, risk_screen, public;
SELECT set_eq($$SELECT inst_id, party_id, relation, steps, via, share FROM related_closure$$,
	$$SELECT * FROM risk_screen.desk_related_parties('2026-11-20')$$, 'what the run kept is what the engine says now');
SELECT is((SELECT string_agg(concat_ws(' ', party_id, relation, via, share, steps), '; ' ORDER BY party_id COLLATE "C") FROM risk_screen.desk_related_parties('2026-11-20') WHERE inst_id = 'P1'),
	'P1 self 0; boss controller hold 2; cousin controlled upper 3; hold controller P1 1; mini holder P1 0.07 1; new holder P1 0.33 1; upper holder_controller mini 2',
	'holders over 5 % and who controls them; the holder of yesterday is gone, own shares of a holder do not stop control');
SELECT is((SELECT string_agg(concat_ws(' ', party_id, relation, via), '; ' ORDER BY party_id COLLATE "C") FROM risk_screen.desk_related_parties('2026-11-19') WHERE inst_id = 'P1' AND party_id IN ('was', 'new')),
	'was holder P1', 'a day earlier it was the other one');
SELECT is((SELECT string_agg(concat_ws(' ', party_id, relation, via), '; ' ORDER BY party_id COLLATE "C") FROM risk_screen.desk_related_parties('2026-11-20') WHERE inst_id = 'P2'),
	'P2 self; filed controller P2; sub controlled filed', 'a controller the institution has filed, and what it controls');
RESET search_path;
UPDATE filing.equity SET share = 0.01 WHERE owner = 'mini';
SELECT is((SELECT string_agg(concat_ws(' ', party_id, party_name, relation_zh, via_id, steps), '; ' ORDER BY party_id COLLATE "C") FROM desk.related_party_list WHERE inst_id = 'P1'),
	'boss 老板 控制人 hold 2; cousin 受同一方控制 upper 3; hold 控制人 P1 1; mini 主要股东 P1 1; new 主要股东 P1 1; upper 主要股东的控制人 mini 2',
	'the list shows what the run judged by, in words, also after the filing changed');
CALL risk_screen.screen('desk', '2026-11-20');
SELECT is((SELECT string_agg(party_id, ' ' ORDER BY party_id COLLATE "C") FROM desk.related_party_list WHERE inst_id = 'P1'), 'boss hold new', 'a repeated run replaces it');
CALL risk_screen.screen('desk', '2026-11-19');
SELECT is((SELECT count(DISTINCT run_id)::int FROM desk.related_closure), 2, 'every run keeps its own');
SELECT is((SELECT string_agg(party_id, ' ' ORDER BY party_id COLLATE "C") FROM desk.related_party_list WHERE inst_id = 'P1'), 'boss hold new', 'the list is of the newest day');
-- rules of a run read what is kept: put something there that no filing says
CREATE FUNCTION filing.forge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO desk.related_closure SELECT run_id, 'P1', 'stranger', 'holder', 1, 'P1' FROM desk.run WHERE finished_at IS NULL ON CONFLICT DO NOTHING; RETURN NULL; END $$;
CREATE TRIGGER forge AFTER INSERT ON desk.related_closure FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION filing.forge();
INSERT INTO filing.blacklist (list_name, subject_id, valid_from) VALUES ('bad', 'stranger', '2020-01-01');
CALL risk_screen.screen('desk', '2026-11-20');
SELECT is((SELECT string_agg(subject_id, ' ') FROM desk.finding_list WHERE rule = 'J13'), 'P1', 'rules read the closure of the run, computed once');
SELECT is((SELECT count(*)::int FROM risk_screen.run_rule('desk', 'J13', '2026-11-20') WHERE hit), 0, '... outside of a run it is computed');
DROP TRIGGER forge ON desk.related_closure;
-- what cannot be computed fails where it is needed, and nothing reads as clear
CREATE OR REPLACE VIEW desk.equity WITH (security_invoker) AS SELECT owner, owned, share / (share - share) AS share, votes, share_min, share_max, kind, owner_kind, valid_from, valid_to, NULL::timestamptz AS known_from FROM filing.equity;
CALL risk_screen.screen('desk', '2026-11-20');
SELECT is((SELECT outcome FROM desk.rule_outcome JOIN desk.run USING (run_id) WHERE rule = 'J13' AND as_of = '2026-11-20'), 'error', 'a closure that fails is an error of the rules that need it');
SELECT is((SELECT count(*)::int FROM desk.related_party_list), 0, '... and the list is empty');
CREATE OR REPLACE VIEW desk.equity WITH (security_invoker) AS SELECT owner, owned, share, votes, share_min, share_max, kind, owner_kind, valid_from, valid_to, NULL::timestamptz AS known_from FROM filing.equity;
CALL risk_screen.screen('desk', '2026-11-20');

-- ultimate owners, groups
SELECT is((SELECT string_agg(concat_ws(' ', coalesce(owner_id, '-'), owner_name, share, flags), '; ' ORDER BY owner_id COLLATE "C") FROM desk.ultimate_owner WHERE inst_id = 'P1'),
	'boss 老板 0.6 MISSING,TREASURY; new 0.33 MISSING; upper 0.006 MISSING; - 0.064 UNKNOWN', 'ultimate owners with the part nobody is named for');
SELECT is((SELECT sum(share) FROM desk.ultimate_owner WHERE inst_id = 'P1'), 1.0, '... which add up to the whole');
SELECT is((SELECT string_agg(owner_id, ' ' ORDER BY owner_id) FROM risk_screen.desk_ultimate_owners('2026-11-19', 'desk') WHERE inst_id = 'P1' AND direct > 0), 'was', 'on another day by the function');
SELECT is((SELECT string_agg(concat_ws(' ', party_id, relation, via_id, votes), '; ' ORDER BY party_id COLLATE "C") FROM desk.control_group WHERE group_no = (SELECT group_no FROM desk.control_group WHERE party_id = 'P1')),
	'P1 controlled hold 0.6; boss head; hold controlled boss 0.8; new holder P1 0.33', 'the group of an institution');

-- products
SELECT is((SELECT string_agg(concat_ws(' ', product_id, product_name, layers, CASE WHEN exceeded THEN '!' END, path, violation), '; ' ORDER BY product_id) FROM desk.nested_product),
	'S3 1 S3 > S1; X 一号 2 ! X > Y > Z X > Y > Z; Y 1 Y > Z', 'nesting: filed investments and holdings of products, public funds not counted, what has ended not either');
SELECT is((SELECT string_agg(concat(product_id, '>', part_id, ':', layers), ' ' ORDER BY product_id, layers, part_id) FROM risk_screen.desk_product_parts('2026-11-20', 'desk') WHERE product_id IN ('X', 'Y')), 'X>Y:1 X>MMF:2 X>Z:2 Y>MMF:1 Y>Z:1', 'what products are made of, over all layers, public funds too');
SELECT is((SELECT string_agg(array_to_string(path, '>'), ' ') FROM risk_screen.desk_product_violations('2026-11-20', 'desk')), 'X>Y>Z', 'chains that are too long, all of them by the function');
SELECT is((SELECT string_agg(concat_ws(' ', subject_kind, subject_id, investors, unmerged, vehicles, CASE WHEN exceeded THEN '!' END), '; ' ORDER BY subject_id COLLATE "C") FROM desk.investor_count WHERE subject_id IN ('S1', 'S2', 'S3', 'tower', 'X')),
	'product S1 180 181 1; product S2 80 80 0; product S3 31 31 0; product X 1 1 0; underlying tower 210 261 3 !',
	'investors: a product made from another brings its own, one identity counts once, siblings of one asset are merged and cross 200');
SELECT is((SELECT string_agg(concat_ws(' ', subject_id, max_investors, exceeded), '; ' ORDER BY subject_id COLLATE "C") FROM desk.investor_count WHERE subject_id IN ('S1', 'S2', 'S3', 'tower')), 'S1 200 f; S2 200 f; S3 200 f; tower 200 t', 'no legal form filed: 200');
UPDATE filing.product SET legal_form = CASE product_id WHEN 'S2' THEN 'limited_partnership' ELSE 'contract' END WHERE product_id IN ('S1', 'S2', 'S3');
SELECT is((SELECT string_agg(concat_ws(' ', subject_id, max_investors, exceeded), '; ' ORDER BY subject_id COLLATE "C") FROM desk.investor_count WHERE subject_id IN ('S1', 'S2', 'S3', 'tower')), 'S1 200 f; S2 50 t; S3 200 f; tower 200 t', 'a partnership may have 50; siblings of several forms 200');
UPDATE filing.product SET legal_form = 'llc' WHERE underlying_id = 'tower';
SELECT is((SELECT max_investors FROM desk.investor_count WHERE subject_id = 'tower'), 50::bigint, '... of one form theirs');
UPDATE filing.product SET legal_form = NULL;
SELECT is((SELECT route FROM desk.investor_count WHERE subject_id = 'tower'), 'underlying:tower > S1 > S3', 'the way on which the limit is first crossed');
SELECT is((SELECT concat_ws(' ', investors, vehicles, unknown, array_to_string(flags, ',')) FROM risk_screen.desk_investor_counts('2026-10-31', 'desk') WHERE subject_id = 'X'), '2 1 1 UNKNOWN_INVESTORS', 'on another day its register of that day, and a product above it that ended since');

-- partnerships are looked through where the filings tell what they are
SELECT filing.forget('product', 'product_investment', 'holding', 'investor', 'party', 'equity');
CREATE FUNCTION filing.count_of(product text) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', investors, unmerged, direct_holders, vehicles, unknown, nullif(array_to_string(flags, ','), '')) FROM risk_screen.desk_investor_counts('2026-11-20', 'desk') WHERE subject_id = product
$$;
INSERT INTO filing.product (product_id, inst_id, kind, offering) VALUES ('F', 'AM', 'private_fund', 'private'), ('G', 'AM', 'plan', 'private'), ('H', 'AM', 'plan', 'private'), ('MMF', 'AM', 'money_fund', 'public');
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) VALUES ('LP', 'F', 50, '2026-11-01'), ('Wang', 'F', 5, '2026-11-01'), ('shop', 'F', 5, '2026-11-01');
INSERT INTO filing.equity (owner, owned, share, kind, valid_from, valid_to) VALUES ('Wang', 'LP', 0.2, NULL, NULL, NULL), ('Li', 'LP', 0.5, NULL, NULL, NULL), ('LP2', 'LP', NULL, NULL, NULL, NULL), ('Zhao', 'LP2', 0.6, NULL, NULL, NULL), ('Sun', 'LP2', 0.4, NULL, NULL, '2026-11-20'),
	('Qian', 'LP2', 0.4, NULL, '2026-11-20', NULL), ('boss', 'LP', NULL, 'control', NULL, NULL), ('none', 'LP', 0, NULL, NULL, NULL), ('Zhou', 'shop', 1, NULL, NULL, NULL);
SELECT is(filing.count_of('F'), '3 3 3 0 0', 'a partnership that nobody calls so counts as one');
INSERT INTO filing.investor (investor_id, kind) VALUES ('LP', 'partnership');
SELECT is(filing.count_of('F'), '4 5 3 1 0', 'a partnership among the investors: its partners of the day, each once, not who controls it or holds nothing of it; a company is no partnership');
INSERT INTO filing.party (party_id, kind) VALUES ('LP2', 'partnership');
SELECT is(filing.count_of('F'), '5 6 3 2 0', '... and the partners of a partner, by the register of parties');
SELECT is((SELECT string_agg(subject_id, ' ' ORDER BY subject_id) FROM risk_screen.desk_investor_counts('2026-11-20', 'desk')), 'F G H', 'products are counted, not the partnerships behind them');
DELETE FROM filing.party; UPDATE filing.equity SET owner_kind = 'partnership' WHERE owner = 'LP2';
SELECT is(filing.count_of('F'), '5 6 3 2 0', '... by the register of holders');
UPDATE filing.equity SET owner_kind = NULL; INSERT INTO filing.party (party_id, kind, name) VALUES ('LP2', 'enterprise', '甲乙投资中心（有限合伙）'), ('shop', 'enterprise', '合众贸易有限公司');
SELECT is(filing.count_of('F'), '5 6 3 2 0', '... or by the name that the law gives it');
INSERT INTO filing.investor (investor_id, kind, pooled) VALUES ('LP2', 'partnership', false), ('shop', 'enterprise', true);
SELECT is(filing.count_of('F'), '4 5 3 2 0', 'pooled settles it: a firm of lawyers is not looked through, a company set up to pool is');
UPDATE filing.investor SET pooled = NULL, kind = CASE investor_id WHEN 'LP2' THEN 'registered' ELSE 'enterprise' END WHERE investor_id <> 'LP';
SELECT is(filing.count_of('F'), '4 5 3 1 0', 'a plan filed with the association counts as one, partnership or not');
DELETE FROM filing.equity WHERE owned = 'LP';
SELECT is(filing.count_of('F'), '3 3 3 1 1 UNKNOWN_INVESTORS', 'partners that nobody filed are unknown');
UPDATE filing.investor SET partners = 49 WHERE investor_id = 'LP';
SELECT is(filing.count_of('F'), '51 51 3 1 1 UNKNOWN_INVESTORS', '... or as many as it declares');
-- between products
INSERT INTO filing.holding (investor_id, product_id, amount, as_of) VALUES ('LP', 'G', 9, '2026-11-01'), ('LP', 'MMF', 9, '2026-11-01'), ('K', 'H', 9, '2026-11-01');
INSERT INTO filing.product_investment (product_id, target_id, target_kind) VALUES ('F', 'LP', 'equity');
SELECT is((SELECT string_agg(concat_ws(' ', product_id, layers, CASE WHEN endless THEN 'endless' END, array_to_string(path, '>')), '; ' ORDER BY product_id) FROM risk_screen.desk_nested_products('2026-11-20', 'desk') WHERE layers > 0 OR endless),
	'F endless F>F', 'a product that holds a partnership that holds the product');
DELETE FROM filing.holding WHERE product_id = 'F'; DELETE FROM filing.party; DELETE FROM filing.investor WHERE investor_id = 'LP2';
INSERT INTO filing.investor (investor_id, kind) VALUES ('K', 'partnership');
INSERT INTO filing.equity (owner, owned, share) VALUES ('G', 'LP2', 0.5), ('LP2', 'K', 1), ('K', 'LP2', 0.1);
SELECT is((SELECT string_agg(concat_ws(' ', product_id, layers, array_to_string(path, '>'), array_to_string(violation, '>')), '; ' ORDER BY product_id) FROM risk_screen.desk_nested_products('2026-11-20', 'desk') WHERE layers > 0),
	'F 1 F>G', 'a company between products is no layer and not looked through');
UPDATE filing.equity SET owner_kind = 'partnership' WHERE owner = 'LP2';
SELECT is((SELECT string_agg(concat_ws(' ', product_id, layers, array_to_string(path, '>'), array_to_string(violation, '>')), '; ' ORDER BY product_id) FROM risk_screen.desk_nested_products('2026-11-20', 'desk') WHERE layers > 0),
	'F 2 F>G>H F>G>H; G 1 G>H', 'partnerships between products are looked through, in rings too, and are no layers themselves');
SELECT is((SELECT string_agg(concat(product_id, '>', part_id, ':', layers), ' ' ORDER BY product_id, layers, part_id) FROM risk_screen.desk_product_parts('2026-11-20', 'desk')), 'F>G:1 F>MMF:1 F>H:2 G>H:1', '... in the parts of products too');
SELECT is((SELECT string_agg(array_to_string(path, '>'), ' ') FROM risk_screen.desk_product_violations('2026-11-20', 'desk')), 'F>G>H', '... and in the chains that are too long');
SELECT filing.forget('product', 'product_investment', 'holding', 'investor', 'party', 'equity');
INSERT INTO filing.equity (owner, owned, share) VALUES ('hold', 'P1', 0.6), ('boss', 'hold', 0.8), ('new', 'P1', 0.33), ('upper', 'P1', 0.01);

-- rights: the views are the reader's, no name is looked up on the reader's path
CREATE ROLE ownership_reader;
GRANT USAGE ON SCHEMA desk, filing TO ownership_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA desk TO ownership_reader;
GRANT SELECT ON filing.institution, filing.party, filing.person TO ownership_reader;
SET LOCAL ROLE ownership_reader;
SET LOCAL search_path = public;
SELECT throws_ok('SELECT * FROM desk.ultimate_owner', '42501', NULL, 'views read with the reader''s rights');
RESET ROLE;
GRANT SELECT ON filing.equity TO ownership_reader;
SET LOCAL ROLE ownership_reader;
SELECT is((SELECT count(*)::int FROM desk.ultimate_owner WHERE inst_id = 'P1'), 4, '... from any search path');
RESET ROLE;
RESET search_path;

-- knowledge: a run that knows only what was known then
CREATE OR REPLACE VIEW desk.equity WITH (security_invoker) AS SELECT owner, owned, share, votes, share_min, share_max, kind, owner_kind, valid_from, valid_to,
	CASE owner WHEN 'new' THEN timestamptz '2026-11-21 00:00+08' END AS known_from FROM filing.equity;
CALL risk_screen.screen('desk', '2026-11-20', known_at => '2026-11-20 12:00+08');
SELECT is((SELECT string_agg(party_id, ' ' ORDER BY party_id COLLATE "C") FROM desk.related_closure JOIN desk.run USING (run_id) WHERE known_at < 'infinity' AND inst_id = 'P1' AND relation <> 'self'), 'boss hold', 'a holder learned of later is not in the closure of then');

SELECT * FROM finish();
ROLLBACK;
