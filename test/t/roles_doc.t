#!/usr/bin/env bash
# docs/roles.md is what the role tables say.
cd "$RS_TOP" || exit 1
echo 1..1
if diff <(tools/roles-doc) docs/roles.md >&2; then echo "ok 1 - docs/roles.md is up to date"
else echo "not ok 1 - docs/roles.md is up to date (run tools/roles-doc)"; fi
