#!/usr/bin/env bash
# Style, types and shape: exactly what CI checks before the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
bin="${CSB_BIN:-.venv/bin}"
echo "== ruff format"; "$bin/ruff" format --check .
echo "== ruff check"; "$bin/ruff" check .
echo "== mypy"; "$bin/mypy"
echo "== shape"; "$bin/python" -m pytest -q tests/test_shape.py
