#!/usr/bin/env bash
# Everything CI runs: sets up an environment of its own if there is none, then style, types, shape and all tests.
#   bash scripts/test.sh               all
#   bash scripts/test.sh -m 'not engine'   without the real engine (a minute or two)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh 'train,dev'
bash scripts/check.sh
echo "== tests"
exec .venv/bin/python -m pytest -q "$@"
