#!/usr/bin/env bash
# pattern_oracle.t - the pattern finders against test/oracle/pattern.py.
cd "${RS_TOP:-$(dirname "$0")/../..}" && exec python3 test/oracle/pattern.py
