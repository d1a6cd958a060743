#!/usr/bin/env bash
# seal_oracle.t - seals, roots, proofs and chains against an independent program.
cd "${RS_TOP:-$(dirname "$0")/../..}" || exit 1
python3 test/oracle/seal.py | psql -XqAt -v ON_ERROR_STOP=1 -d check
