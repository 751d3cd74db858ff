#!/usr/bin/env bash
# The whole loop on shipped data, on a CPU: an invented person's chats become a clone, in ./csb-demo.
set -euo pipefail
from="$PWD"
cd "$(dirname "$0")/.."
goes_on="bash $0 goes on from there"
. scripts/environment.sh 'train,cpu'
# csb demo ends with lines to type; this one, which makes csb available where the user stands, is their first
CSB_ACTIVATE=". .venv/bin/activate"
[ "$from" = "$PWD" ] || CSB_ACTIVATE="cd $(printf %q "$PWD") && $CSB_ACTIVATE"
export CSB_ACTIVATE
echo "== csb demo"
.venv/bin/csb demo "$@"
