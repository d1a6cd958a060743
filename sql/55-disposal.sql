-- Disposal classes (K01-K07): a decision table whose first matching row decides
-- (hit policy First), so that the proposal can be read, checked and replaced.
-- It proposes; a person decides, and both are kept (on the desk).

CREATE TABLE risk_screen.disposal_rule (
	scheme text NOT NULL,
	rule_no int NOT NULL,
	criteria risk_screen.risk_level[],
	illegality int4range,
	severity int4range,
	social_harm int4range,
	refuses boolean,
	class text NOT NULL CHECK (class IN ('compliant', 'rectify', 'restructure', 'ban', 'transfer', 'undetermined')),
	label_zh text NOT NULL,
	label_en text NOT NULL,
	measure_zh text,
	plan text,
	clause text,
	requirement text,
	builtin boolean NOT NULL DEFAULT false,
	PRIMARY KEY (scheme, rule_no)
);
COMMENT ON TABLE risk_screen.disposal_rule IS
	'Decision table of the disposal classes; a NULL cell matches anything, the first row by rule_no decides; your own scheme is your own rows';
COMMENT ON COLUMN risk_screen.disposal_rule.scheme IS
	'003: 合规类/整改类/取缔类; 000: 合规/轻微/严重; 001: 整改/重组/关停; gov: 较轻/较重/犯罪 (国办发〔2016〕21号)';
COMMENT ON COLUMN risk_screen.disposal_rule.criteria IS 'worst of the five criteria of C25';
COMMENT ON COLUMN risk_screen.disposal_rule.illegality IS 'nature of the violation (违法违规性质): 0 none, 1 irregular, 2 illegal, 3 suspected crime';
COMMENT ON COLUMN risk_screen.disposal_rule.severity IS 'gravity (情节轻重): 0 none, 1 light, 2 grave, 3 very grave';
COMMENT ON COLUMN risk_screen.disposal_rule.social_harm IS 'harm to society (社会危害程度): 0 none, 1 small, 2 large, 3 very large';
COMMENT ON COLUMN risk_screen.disposal_rule.refuses IS 'refuses to rectify (拒不整改) or failed the re-check';
SELECT pg_catalog.pg_extension_config_dump('risk_screen.disposal_rule', 'WHERE NOT builtin');
GRANT SELECT ON risk_screen.disposal_rule TO PUBLIC;

INSERT INTO risk_screen.disposal_rule (scheme, rule_no, criteria, illegality, severity, social_harm, refuses,
	class, label_zh, label_en, measure_zh, plan, clause, requirement, builtin) VALUES
	('003', 1, NULL, '[3,3]', NULL, NULL, NULL, 'transfer', '取缔类（移送司法）', 'to ban, transferred to justice', '取缔，移送相关司法机关', '003', '移送相关司法机关', 'K06', true),
	('003', 2, NULL, '[1,2]', NULL, NULL, true, 'ban', '取缔类', 'to ban', '拒不整改：关闭或取缔', '003', '拒不整改或违规情节较重的', 'K07', true),
	('003', 3, NULL, '[1,2]', '[2,3]', NULL, NULL, 'ban', '取缔类', 'to ban', '违规情节较重：关闭或取缔', '003', '拒不整改或违规情节较重的', 'K07', true),
	('003', 4, NULL, '[1,2]', NULL, '[3,3]', NULL, 'ban', '取缔类', 'to ban', '社会危害程度大：取缔', '003', '社会危害程度大小', 'K02', true),
	('003', 5, NULL, '[1,2]', NULL, NULL, NULL, 'rectify', '整改类', 'to rectify', '责令限期整改，跟踪落实', '003', '合规类、整改类、取缔类', 'K01', true),
	('003', 6, '{yellow,orange,red}', NULL, NULL, NULL, NULL, 'rectify', '整改类', 'to rectify', '五项标准未达标：限期整改', '003', '信息中介定位、业务合规性、客户资金第三方存管、信息披露及', 'C25', true),
	('003', 7, NULL, NULL, '[1,3]', NULL, NULL, 'rectify', '整改类', 'to rectify', '限期整改', '003', '合规类、整改类、取缔类', 'K01', true),
	('003', 8, NULL, NULL, NULL, '[1,3]', NULL, 'rectify', '整改类', 'to rectify', '限期整改', '003', '合规类、整改类、取缔类', 'K01', true),
	('003', 9, '{unknown}', NULL, NULL, NULL, NULL, 'undetermined', '待定（资料不全）', 'undetermined: data missing', '补充资料后再分类', '003', NULL, 'K01', true),
	('003', 10, '{green}', '[0,0]', '[0,0]', '[0,0]', NULL, 'compliant', '合规类', 'compliant', '纳入日常监管', '003', '合规类、整改类、取缔类', 'K01', true),
	('000', 1, NULL, '[3,3]', NULL, NULL, NULL, 'transfer', '严重（移送司法）', 'serious, transferred to justice', '移送司法机关', '000', '移送司法机关', 'K06', true),
	('000', 2, NULL, '[1,2]', NULL, NULL, true, 'ban', '严重', 'serious', '暂停业务、停止新业务、吊销牌照、取缔', '000', '暂停业务、停止新业务、吊销牌照、取缔', 'K05', true),
	('000', 3, NULL, '[1,2]', '[2,3]', NULL, NULL, 'ban', '严重', 'serious', '暂停业务、停止新业务、吊销牌照、取缔', '000', '暂停业务、停止新业务、吊销牌照、取缔', 'K05', true),
	('000', 4, NULL, '[1,2]', NULL, '[3,3]', NULL, 'ban', '严重', 'serious', '暂停业务、停止新业务、吊销牌照、取缔', '000', '暂停业务、停止新业务、吊销牌照、取缔', 'K05', true),
	('000', 5, NULL, '[1,2]', NULL, NULL, NULL, 'rectify', '轻微', 'minor', '责令限期整改，并跟踪整改落实情况', '000', '责令限期整改，并跟踪整改落实情况', 'K04', true),
	('000', 6, '{yellow,orange,red}', NULL, NULL, NULL, NULL, 'rectify', '轻微', 'minor', '责令限期整改，并跟踪整改落实情况', '000', '责令限期整改，并跟踪整改落实情况', 'K04', true),
	('000', 7, NULL, NULL, '[1,3]', NULL, NULL, 'rectify', '轻微', 'minor', '责令限期整改，并跟踪整改落实情况', '000', '责令限期整改，并跟踪整改落实情况', 'K04', true),
	('000', 8, NULL, NULL, NULL, '[1,3]', NULL, 'rectify', '轻微', 'minor', '责令限期整改，并跟踪整改落实情况', '000', '责令限期整改，并跟踪整改落实情况', 'K04', true),
	('000', 9, '{unknown}', NULL, NULL, NULL, NULL, 'undetermined', '待定（资料不全）', 'undetermined: data missing', '补充资料后再分类', '000', NULL, 'K03', true),
	('000', 10, '{green}', '[0,0]', '[0,0]', '[0,0]', NULL, 'compliant', '合规', 'compliant', '纳入正常监管', '000', '对合规机构', 'K03', true),
	('001', 1, NULL, '[3,3]', NULL, NULL, NULL, 'transfer', '关停（移送司法）', 'close, transferred to justice', '关停，移送司法机关', '001', '关停、重组、整改', 'K09', true),
	('001', 2, NULL, '[1,2]', NULL, NULL, true, 'ban', '关停', 'close', '关停', '001', '关停、重组、整改', 'K09', true),
	('001', 3, NULL, '[1,2]', '[3,3]', NULL, NULL, 'ban', '关停', 'close', '关停', '001', '关停、重组、整改', 'K09', true),
	('001', 4, NULL, '[1,2]', NULL, '[3,3]', NULL, 'ban', '关停', 'close', '关停', '001', '关停、重组、整改', 'K09', true),
	('001', 5, NULL, '[1,2]', '[2,2]', NULL, NULL, 'restructure', '重组', 'restructure', '重组', '001', '关停、重组、整改', 'K09', true),
	('001', 6, NULL, '[1,2]', NULL, NULL, NULL, 'rectify', '整改', 'rectify', '整改', '001', '关停、重组、整改', 'K09', true),
	('001', 7, '{yellow,orange,red}', NULL, NULL, NULL, NULL, 'rectify', '整改', 'rectify', '整改', '001', '关停、重组、整改', 'K09', true),
	('001', 8, NULL, NULL, '[1,3]', NULL, NULL, 'rectify', '整改', 'rectify', '整改', '001', '关停、重组、整改', 'K09', true),
	('001', 9, NULL, NULL, NULL, '[1,3]', NULL, 'rectify', '整改', 'rectify', '整改', '001', '关停、重组、整改', 'K09', true),
	('001', 10, '{unknown}', NULL, NULL, NULL, NULL, 'undetermined', '待定（资料不全）', 'undetermined: data missing', '补充资料后再分类', '001', NULL, 'K09', true),
	('001', 11, '{green}', '[0,0]', '[0,0]', '[0,0]', NULL, 'compliant', '正常', 'normal', '纳入日常监管', '001', NULL, 'K09', true),
	('gov', 1, NULL, '[3,3]', NULL, NULL, NULL, 'transfer', '涉嫌犯罪', 'suspected crime', '移送相关司法机关', '003', '国办发〔2016〕21号', 'K06', true),
	('gov', 2, NULL, '[1,2]', NULL, NULL, true, 'ban', '情节较重', 'grave', '关闭或取缔', '003', '国办发〔2016〕21号 拒不整改或违规情节较重的', 'K07', true),
	('gov', 3, NULL, '[1,2]', '[2,3]', NULL, NULL, 'ban', '情节较重', 'grave', '关闭或取缔', '003', '国办发〔2016〕21号 拒不整改或违规情节较重的', 'K07', true),
	('gov', 4, NULL, '[1,2]', NULL, '[3,3]', NULL, 'ban', '情节较重', 'grave', '关闭或取缔', '003', '国办发〔2016〕21号 拒不整改或违规情节较重的', 'K07', true),
	('gov', 5, NULL, '[1,2]', NULL, NULL, NULL, 'rectify', '情节较轻', 'light', '限期整改', '003', '国办发〔2016〕21号', 'K07', true),
	('gov', 6, '{yellow,orange,red}', NULL, NULL, NULL, NULL, 'rectify', '情节较轻', 'light', '限期整改', '003', '国办发〔2016〕21号', 'K07', true),
	('gov', 7, NULL, NULL, '[1,3]', NULL, NULL, 'rectify', '情节较轻', 'light', '限期整改', '003', '国办发〔2016〕21号', 'K07', true),
	('gov', 8, NULL, NULL, NULL, '[1,3]', NULL, 'rectify', '情节较轻', 'light', '限期整改', '003', '国办发〔2016〕21号', 'K07', true),
	('gov', 9, '{unknown}', NULL, NULL, NULL, NULL, 'undetermined', '待定（资料不全）', 'undetermined: data missing', '补充资料后再分类', '003', NULL, 'K01', true),
	('gov', 10, '{green}', '[0,0]', '[0,0]', '[0,0]', NULL, 'compliant', '合规', 'compliant', '纳入日常监管', '003', NULL, 'K01', true);

CREATE FUNCTION risk_screen.disposal_class(criteria risk_screen.risk_level, illegality int, severity int, social_harm int,
	refuses boolean DEFAULT false, scheme text DEFAULT '003')
	RETURNS TABLE (class text, label_zh text, label_en text, measure_zh text, rule_no int, plan text, clause text, requirement text)
	LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
	IF NOT EXISTS (SELECT FROM risk_screen.disposal_rule d WHERE d.scheme = disposal_class.scheme) THEN
		RAISE EXCEPTION 'there is no disposal scheme "%"', disposal_class.scheme
			USING ERRCODE = 'undefined_object',
				  HINT = 'Shipped are 003, 000, 001 and gov; your own is rows in risk_screen.disposal_rule.';
	END IF;
	IF disposal_class.illegality NOT BETWEEN 0 AND 3 OR disposal_class.severity NOT BETWEEN 0 AND 3
	   OR disposal_class.social_harm NOT BETWEEN 0 AND 3 THEN
		RAISE EXCEPTION 'illegality, severity and social_harm are 0 to 3' USING ERRCODE = 'numeric_value_out_of_range';
	END IF;
	-- a missing factor may only be proved bad, never good: a row that asks for it does not match
	RETURN QUERY
	SELECT d.class, d.label_zh, d.label_en, d.measure_zh, d.rule_no, d.plan, d.clause, d.requirement
	  FROM risk_screen.disposal_rule d
	 WHERE d.scheme = disposal_class.scheme
	   AND (d.criteria IS NULL OR coalesce(disposal_class.criteria, 'unknown') = ANY (d.criteria))
	   AND (d.illegality IS NULL OR d.illegality @> disposal_class.illegality)
	   AND (d.severity IS NULL OR d.severity @> disposal_class.severity)
	   AND (d.social_harm IS NULL OR d.social_harm @> disposal_class.social_harm)
	   AND (d.refuses IS NULL OR d.refuses = coalesce(disposal_class.refuses, false))
	 ORDER BY d.rule_no LIMIT 1;
	IF NOT FOUND THEN
		RETURN QUERY SELECT 'undetermined', '待定（资料不全）', 'undetermined: data missing',
			'补充资料后再分类', NULL::int, NULL::text, NULL::text, 'K01';
	END IF;
END $$;
COMMENT ON FUNCTION risk_screen.disposal_class(risk_screen.risk_level, int, int, int, boolean, text) IS
	'Proposed disposal class (K01-K07): first row of the decision table that matches the worst criterion and the factors 0 to 3; missing factors never make an institution compliant';
