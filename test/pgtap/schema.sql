-- The frame: schema, settings, and house rules checked on every object.
BEGIN;
SELECT no_plan();

SELECT is(risk_screen.version(), extversion, 'library and SQL objects have one version')
  FROM pg_extension WHERE extname = 'risk_screen';

SELECT is(current_setting('risk_screen.time_zone'), 'Asia/Shanghai', 'days begin in Shanghai by default');
SELECT throws_ok($$SET risk_screen.time_zone = 'Mars/Olympus'$$, '22023', NULL, 'an unknown zone is refused');
SELECT throws_ok($$SET risk_screen.max_memory = '1kB'$$, '22023', NULL, 'a useless memory limit is refused');

SELECT is_empty($$
	SELECT p.oid::regprocedure
	  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	 WHERE n.nspname = 'risk_screen' AND p.proname !~ '^_'
	   AND obj_description(p.oid, 'pg_proc') IS NULL
$$, 'every public function has a COMMENT');

SELECT is_empty($$
	SELECT c.oid::regclass
	  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	 WHERE n.nspname = 'risk_screen' AND c.relkind IN ('r', 'v', 'm')
	   AND c.relname !~ '^_' AND obj_description(c.oid, 'pg_class') IS NULL
$$, 'every public table and view has a COMMENT');

SELECT is_empty($$
	SELECT p.oid::regprocedure
	  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	 WHERE n.nspname = 'risk_screen' AND p.prosecdef
	   AND NOT coalesce(p.proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']
$$, 'SECURITY DEFINER functions pin their search path');
SELECT is_empty($$
	SELECT p.oid::regprocedure
	  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	 WHERE n.nspname = 'risk_screen' AND p.prosecdef AND has_function_privilege('public', p.oid, 'EXECUTE')
$$, 'and are not for everybody: a trigger function would do its work for a table of anybody''s own');

SELECT is_empty($$
	SELECT p.oid::regprocedure
	  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	 WHERE n.nspname = 'risk_screen' AND p.proleakproof
$$, 'nothing claims to be leakproof');

SELECT * FROM finish();
ROLLBACK;
