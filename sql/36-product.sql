-- Nested products: layers below, investors behind.

CREATE FUNCTION risk_screen.product_layers(holdings text, products text, max_layers int DEFAULT 1,
		as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL, bad_rows text DEFAULT 'error', max_path int DEFAULT 100,
		OUT product text, OUT layers int, OUT exceeded boolean, OUT path text[], OUT violations bigint,
		OUT violation text[], OUT in_cycle boolean, OUT endless boolean, OUT path_length int, OUT truncated boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_product_layers'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 300;
COMMENT ON FUNCTION risk_screen.product_layers(text, text, int, date, timestamptz, text, int) IS
	'Nesting of asset management products: longest chain below each, public funds not counted, violations X -> Y -> Z, rings';

CREATE FUNCTION risk_screen.product_violations(holdings text, products text, max_paths bigint DEFAULT 1000,
		as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL, bad_rows text DEFAULT 'error',
		OUT product text, OUT path_no bigint, OUT path text[], OUT shares numeric[], OUT total bigint, OUT truncated boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_product_violations'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10;
COMMENT ON FUNCTION risk_screen.product_violations(text, text, bigint, date, timestamptz, text) IS
	'Every chain X -> Y -> Z of asset management products where Z is not a public fund, with the shares; says when max_paths per product cut the list';

CREATE FUNCTION risk_screen.final_investors(holdings text, parties text, products text[] DEFAULT NULL,
		as_of date DEFAULT NULL, known_at timestamptz DEFAULT NULL, bad_rows text DEFAULT 'error',
		OUT product text, OUT form text, OUT max_investors bigint, OUT investors bigint, OUT unmerged bigint,
		OUT direct_holders bigint, OUT vehicles bigint, OUT exempt bigint, OUT unknown bigint,
		OUT exceeded boolean, OUT route text[], OUT flags text[], OUT unknown_share numeric)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rs_final_investors'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10;
COMMENT ON FUNCTION risk_screen.final_investors(text, text, text[], date, timestamptz, text) IS
	'Investors behind a product: looks through pooling vehicles, merges, counts each once; limit by legal form and the route that first crosses it';
