-- Seals: hashes that two parties compute alike, chains and trees over them.

CREATE FUNCTION risk_screen.seal(VARIADIC value "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_seal'
	LANGUAGE C STABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION risk_screen.seal("any") IS
	'SHA-256 of a canonical encoding of the values: type-tagged, NULL-aware, independent of locale, time zone and numeric scale';

CREATE FUNCTION risk_screen._seal_chain_step(internal, bytea) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_seal_chain_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._seal_chain_step(internal, bytea, bytea) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_seal_chain_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._seal_chain_final(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_seal_chain_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE risk_screen.seal_chain(seal bytea) (
	SFUNC = risk_screen._seal_chain_step, STYPE = internal, SSPACE = 32,
	FINALFUNC = risk_screen._seal_chain_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.seal_chain(bytea) IS
	'Head of the hash chain over seals in the given ORDER BY; NULL over no rows';
CREATE AGGREGATE risk_screen.seal_chain(seal bytea, start bytea) (
	SFUNC = risk_screen._seal_chain_step, STYPE = internal, SSPACE = 32,
	FINALFUNC = risk_screen._seal_chain_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.seal_chain(bytea, bytea) IS
	'Head of the hash chain over seals, going on from an earlier head';

CREATE FUNCTION risk_screen._merkle_root_step(internal, bytea) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_merkle_root_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._merkle_root_final(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_merkle_root_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.merkle_root(seal bytea) (
	SFUNC = risk_screen._merkle_root_step, STYPE = internal, SSPACE = 2056,
	FINALFUNC = risk_screen._merkle_root_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.merkle_root(bytea) IS
	'Root of the Merkle tree (RFC 9162) over seals in the given ORDER BY';

CREATE FUNCTION risk_screen._merkle_proof_step(internal, bytea, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_merkle_proof_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION risk_screen._merkle_proof_final(internal) RETURNS bytea[]
	AS 'MODULE_PATHNAME', 'rs_merkle_proof_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen.merkle_proof(seal bytea, "position" bigint) (
	SFUNC = risk_screen._merkle_proof_step, STYPE = internal, SSPACE = 65536,
	FINALFUNC = risk_screen._merkle_proof_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_screen.merkle_proof(bytea, bigint) IS
	'Proof that the seal at a position (from 1, in the given ORDER BY) belongs to the Merkle tree: the sibling hashes up to the root';

CREATE FUNCTION risk_screen.verify_merkle(root bytea, seal bytea, "position" bigint, seals bigint, proof bytea[])
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'rs_verify_merkle'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION risk_screen.verify_merkle(bytea, bytea, bigint, bigint, bytea[]) IS
	'Does the Merkle tree of so many seals with this root hold the seal at this position?';

-- The seals of a day in pieces: row_ids and seals in the order of the seals.
CREATE TYPE risk_screen._seal_piece AS (piece int, row_ids text[], seals bytea);

CREATE FUNCTION risk_screen._seal_rows_step(internal, text, VARIADIC "any") RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_seal_rows_step' LANGUAGE C STABLE PARALLEL SAFE COST 20;
CREATE FUNCTION risk_screen._seal_rows_final(internal) RETURNS risk_screen._seal_piece[]
	AS 'MODULE_PATHNAME', 'rs_seal_rows_final' LANGUAGE C STABLE PARALLEL SAFE;
CREATE AGGREGATE risk_screen._seal_rows(row_id text, VARIADIC value "any") (
	SFUNC = risk_screen._seal_rows_step, STYPE = internal, SSPACE = 65536,
	FINALFUNC = risk_screen._seal_rows_final, PARALLEL = SAFE);

CREATE FUNCTION risk_screen._seal_root_step(internal, bytea) RETURNS internal
	AS 'MODULE_PATHNAME', 'rs_seal_root_step' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
CREATE FUNCTION risk_screen._seal_root_final(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rs_seal_root_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
-- Merkle root over pieces of seals, ordered by seal whatever order they come in.
CREATE AGGREGATE risk_screen._seal_root(seals bytea) (
	SFUNC = risk_screen._seal_root_step, STYPE = internal, SSPACE = 65536,
	FINALFUNC = risk_screen._seal_root_final, PARALLEL = SAFE);
