-- Reasons that stand alone: a finding's figures with their unit, its limit and
-- its day, in a sentence, Chinese or English. What a rule measures is told by
-- rule.measures; a rule that does not tell is shown as "observed".

-- A number as it is shown: a fraction in per cent, yuan with separators, others
-- up to four decimals; never rounded onto or across the line it is held against.
CREATE FUNCTION risk_screen._figure(value numeric, line numeric, unit text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	shown numeric := CASE WHEN unit = 'share' THEN value * 100 ELSE value END;
	digits int := CASE WHEN unit IN ('share', 'yuan') THEN 2 ELSE 4 END;
BEGIN
	line := CASE WHEN unit = 'share' THEN line * 100 ELSE line END;
	IF value IN ('NaN', 'Infinity', '-Infinity') THEN
		RETURN value::text;
	END IF;
	-- what is small but something is not shown as nothing
	digits := CASE WHEN shown <> 0 AND abs(shown) < 0.01 THEN 8 ELSE digits END;
	shown := CASE WHEN sign(round(shown, digits) - line) <> sign(shown - line) THEN shown ELSE round(shown, digits) END;
	RETURN CASE unit WHEN 'share' THEN trim_scale(shown) || '%'
					 WHEN 'yuan' THEN to_char(shown, CASE WHEN shown = trunc(shown) THEN 'FM999,999,999,999,999,999,990' ELSE 'FM999,999,999,999,999,999,990.00999999' END)
					 ELSE trim_scale(shown)::text END;
END $$;

-- 综合年化利率（含费用）27.88%，超过限值 12%; 3 products funding one loan in turn, at or
-- above the limit of 2. NULL where the finding has neither number nor words.
CREATE FUNCTION risk_screen._finding_figures(english boolean, measures jsonb, finding_key text, evidence jsonb, observed numeric, operator text, threshold numeric) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m jsonb;
	unit text;
	name text;
	tail text;
	counted boolean;
	seen text;
BEGIN
	SELECT e INTO m FROM jsonb_array_elements(CASE jsonb_typeof(measures) WHEN 'array' THEN measures ELSE '[]' END) WITH ORDINALITY AS u (e, n)
	 WHERE CASE WHEN e ->> 'at' IS NULL THEN true ELSE concat_ws(' ', finding_key, evidence) ~ (e ->> 'at') END ORDER BY n LIMIT 1;
	unit := coalesce(m ->> 'unit', '');
	name := coalesce(m ->> CASE WHEN english THEN 'en' ELSE 'zh' END, m ->> 'zh', CASE WHEN english THEN 'observed' ELSE '观测值' END);
	IF unit = 'flag' OR observed IS NULL THEN
		RETURN CASE WHEN unit = 'flag' THEN nullif(name, '') END;
	END IF;
	seen := risk_screen._figure(observed, threshold, unit);
	-- money of another currency is no yuan
	IF unit = 'yuan' AND coalesce(evidence ->> 'currency', 'CNY') <> 'CNY' THEN
		tail := ' ' || (evidence ->> 'currency');
	ELSE
		tail := CASE WHEN unit IN ('share', '') THEN '' ELSE ' ' || CASE WHEN english THEN unit ELSE coalesce(m ->> 'unit_zh', CASE unit WHEN 'yuan' THEN '元' ELSE unit END) END END;
	END IF;
	IF english THEN
		counted := unit NOT IN ('', 'share', 'yuan', 'times', 'points', 'hours', 'days', 'working days', 'years');
		IF observed = 1 AND unit <> 'times' THEN
			tail := CASE unit WHEN 'kinds of business' THEN ' kind of business' ELSE regexp_replace(regexp_replace(tail, 'ies$', 'ys'), 's$', '') END;
		END IF;
		RETURN CASE WHEN counted THEN seen || tail || ' ' || name ELSE name || ': ' || seen || tail END
			|| coalesce(CASE WHEN operator IS NULL AND threshold = 0 AND m IS NOT NULL THEN ', any is a hit'
							 ELSE ', ' || CASE operator WHEN '>=' THEN 'at or above the limit of ' WHEN '>' THEN 'above the limit of ' WHEN '<=' THEN 'at or below the limit of ' WHEN '<' THEN 'below the limit of '
								WHEN '=' THEN 'equal to ' WHEN '<>' THEN 'where it must be ' ELSE 'limit ' END || risk_screen._figure(threshold, NULL, unit) || CASE WHEN counted THEN '' ELSE tail END END, '');
	END IF;
	RETURN name || CASE WHEN name LIKE '%）' THEN '' ELSE ' ' END || seen || tail
		|| coalesce(CASE WHEN operator IS NULL AND threshold = 0 AND m IS NOT NULL THEN '，出现即触发'
						 ELSE '，' || CASE operator WHEN '>=' THEN '达到或超过限值 ' WHEN '>' THEN '超过限值 ' WHEN '<=' THEN '等于或低于限值 ' WHEN '<' THEN '低于限值 '
							WHEN '=' THEN '等于 ' WHEN '<>' THEN '应为 ' ELSE '限值 ' END || risk_screen._figure(threshold, NULL, unit) || tail END, '');
END $$;

-- What a subject is, in words; a kind of an analyst's own is shown as it was written.
CREATE FUNCTION risk_screen._subject_label(english boolean, subject_kind text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN english THEN subject_kind ELSE
		CASE subject_kind WHEN 'institution' THEN '机构' WHEN 'firm' THEN '企业' WHEN 'person' THEN '个人' WHEN 'user' THEN '用户' WHEN 'borrower' THEN '借款人' WHEN 'party' THEN '关联方'
			WHEN 'investor' THEN '投资者' WHEN 'loan' THEN '贷款' WHEN 'account' THEN '账户' WHEN 'transfer' THEN '交易' WHEN 'txn' THEN '交易' WHEN 'product' THEN '产品' WHEN 'underlying' THEN '底层资产'
			WHEN 'sale' THEN '销售' WHEN 'text' THEN '文本' WHEN 'site' THEN '网站' WHEN 'bank' THEN '银行' WHEN 'sector' THEN '行业' WHEN 'region' THEN '地区' WHEN 'line' THEN '业务条线' WHEN 'lexicon' THEN '词表'
			WHEN 'feed' THEN '报送' WHEN 'disclosure' THEN '信息披露' WHEN 'cooperation' THEN '合作关系' WHEN 'request' THEN '查询要求' WHEN 'access' THEN '查询记录' WHEN 'penalty' THEN '处罚' WHEN 'award' THEN '合同或贷款'
			WHEN 'document' THEN '文件' WHEN 'evidence' THEN '证据' WHEN 'rule' THEN '规则' WHEN 'case' THEN '案件' WHEN 'alert' THEN '预警' WHEN 'event' THEN '事件' ELSE '事项' END END
$$;

-- The whole reason: what the rule says (NULL: only the rest), the figures of this
-- finding, what it is about and when. findings > 1: it is the largest of so many.
CREATE FUNCTION risk_screen._finding_reason(english boolean, reason text, measures jsonb, findings bigint, subject_kind text, subject_id text, finding_key text, evidence jsonb,
											observed numeric, operator text, threshold numeric, occurred_at timestamptz, since date, as_of date) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN english
		THEN concat(regexp_replace(reason, '\.$', '') || CASE WHEN f IS NULL THEN '' ELSE '. ' END, upper(left(f, 1)) || substr(f, 2), ' (', CASE WHEN findings > 1 THEN findings || ' findings, the largest: ' END, about || ', ',
					coalesce(on_day, since || ' to ' || as_of), ').')
		ELSE concat(regexp_replace(reason, '。$', '') || CASE WHEN f IS NULL THEN '' ELSE '。' END, f, '（', CASE WHEN findings > 1 THEN '共 ' || findings || ' 个问题，最大的是' END, about || '，',
					coalesce(on_day, '监测期 ' || since || ' 至 ' || as_of), '）。') END
	  FROM (SELECT risk_screen._finding_figures(english, measures, finding_key, evidence, observed, operator, threshold) AS f,
				   CASE WHEN subject_kind <> 'institution' THEN risk_screen._subject_label(english, subject_kind) || ' ' || subject_id END AS about,
				   risk_screen.day_of(occurred_at)::text AS on_day) AS x
$$;

-- Measures with the values of parameters in force and the units' Chinese names, as a run keeps them.
CREATE FUNCTION risk_screen._measures_in_force(measures jsonb, vals jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	p record;
	words text := measures::text;
BEGIN
	IF words LIKE '%{%}%' THEN
		-- a parameter that is not in force on the day has no value
		FOR p IN SELECT key, value FROM jsonb_each_text(coalesce(vals, '{}')) WHERE value IS NOT NULL
		LOOP
			words := replace(words, '{' || p.key || '}', trim_scale(p.value::numeric)::text);
		END LOOP;
	END IF;
	RETURN (SELECT jsonb_agg(e || jsonb_strip_nulls(jsonb_build_object('unit_zh', l.title_zh)) ORDER BY n)
			  FROM jsonb_array_elements(words::jsonb) WITH ORDINALITY AS u (e, n) LEFT JOIN risk_screen.code_label AS l ON l.domain = 'unit' AND l.code = e ->> 'unit');
END $$;
