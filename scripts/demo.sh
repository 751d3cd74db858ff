#!/usr/bin/env bash
# The whole loop on shipped data, on a CPU: an invented person's chats become a clone, in ./csb-demo.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh 'train,cpu'
echo "== csb demo"
.venv/bin/csb demo "$@"
echo "(csb is in .venv/bin; . .venv/bin/activate puts it on your PATH)"
