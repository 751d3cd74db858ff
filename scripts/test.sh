#!/usr/bin/env bash
# Everything CI runs: sets up an environment of its own if there is none, then style, types, shape and all tests.
#   bash scripts/test.sh               all
#   bash scripts/test.sh -m 'not engine'   without the real engine (half the time)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh 'train,cpu,wechat,qq,rag,embed,postgresql,dev'
bash scripts/check.sh
# the chat page is tested by real clicks: where we may, we install the browser that Debian has
if ! command -v chromedriver >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  say "installing chromium, its driver and a Chinese font (apt-get)"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    chromium chromium-driver fonts-noto-cjk >/dev/null; } || echo "chromium could not be installed: the page's tests say so below" >&2
fi
echo "== tests"
# a file is one worker's: some share a workspace or a server, which is slow to make; the last lines name what was slow
# and what failed
exec .venv/bin/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations=10 "$@"
