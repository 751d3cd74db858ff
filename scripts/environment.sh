# Sourced by demo.sh and test.sh: the environment .venv with this package and the extras named, in the tested versions.
extras="$1"
say() { printf '== %s\n' "$*"; }

# Ctrl-C ends with 130; what goes on from there (demo.sh says it) is the last line
watcher=''
stop_watching() {
  [ -n "$watcher" ] || return 0
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  watcher=''
}
interrupted() {
  stop_watching
  [ -z "${goes_on:-}" ] || printf '\n%s\n' "$goes_on" >&2
  exit 130
}
trap interrupted INT
trap stop_watching EXIT

find_python() {
  for name in "${PYTHON:-}" python3.11 python3 python3.12 python3.13 python; do
    [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "error: no Python 3.11, 3.12 or 3.13 with venv was found" >&2
  echo "try: install Python 3.11 (Debian, Ubuntu: apt install python3.11 python3.11-venv), or set PYTHON=/path/to/python" >&2
  return 1
}

# what pip, whose words are in the file $1, is at: one line that is written over on a terminal, else a line each half minute
watch_pip() {
  local log="$1" begun=$SECONDS every=30 due=0 now='' found=0 nap='' spent=0
  trap '[ -z "$nap" ] || kill "$nap" 2>/dev/null; exit 0' TERM
  [ ! -t 1 ] || every=1
  due=$every
  while kill -0 $$ 2>/dev/null; do  # not longer than the script, whatever ends that
    sleep 1 &
    nap=$!
    wait "$nap" || true
    spent=$((SECONDS - begun))
    [ "$spent" -ge "$due" ] || continue
    due=$((spent + every))
    found=$(grep -c '^Collecting ' "$log" 2>/dev/null || true)
    now=$(sed -n -e 's/^Installing collected packages.*/unpacking and installing them/p' \
      -e 's/^ *\(Collecting [^ ]*\).*/\1/p' -e 's/^ *\(Downloading .*\)/\1/p' -e 's/^ *\(Building .*\)/\1/p' "$log" 2>/dev/null | tail -n 1)
    now=$(printf '… still installing, %d:%02d minutes: %s packages found; %s' $((spent / 60)) $((spent % 60)) "${found:-0}" "${now:-starting}")
    if [ -t 1 ]; then printf '\r\033[K%s' "${now:0:78}"; else printf '%s\n' "$now"; fi
  done
}

# pip, in the foreground (Ctrl-C is its own), with its words in a file; its exit code is ours
pip_install() {
  local log=.venv/csb-install.log code=0
  : > "$log"
  watch_pip "$log" &
  watcher=$!
  .venv/bin/python -m pip install --progress-bar off --disable-pip-version-check "$@" >"$log" 2>&1 || code=$?
  stop_watching
  [ ! -t 1 ] || printf '\r\033[K'
  if [ "$code" != 0 ]; then
    tail -n 20 "$log" >&2
    echo "error: pip ended with $code; all it said is in $log" >&2
  fi
  return "$code"
}

# also where making it was cut off before pip was there
if [ ! -x .venv/bin/python ] || { [ ! -e ".venv/csb-$extras.stamp" ] && ! .venv/bin/python -c 'import pip' 2>/dev/null; }; then
  python="$(find_python)"
  say "making .venv with $python"
  "$python" -m venv .venv
fi

# a stamp of what was asked for: a second run starts at once
wanted="$extras $(cksum < pyproject.toml) $(cksum < constraints.txt)"
if [ "$(cat ".venv/csb-$extras.stamp" 2>/dev/null)" != "$wanted" ] || ! .venv/bin/csb --version >/dev/null 2>&1; then
  free=$(df -Pk . | awk 'NR == 2 {print int($4 / 1048576)}')
  if [ "$free" -lt 10 ] && [ -z "$(ls -d .venv/lib/python3*/site-packages/torch 2>/dev/null)" ]; then
    echo "error: the engine and its torch need about 10 GB of disk, $free GB are free here" >&2
    echo "try: clone into a folder on a larger disk" >&2
    exit 1
  fi
  say "installing chatstylebot[$extras] (torch is large: some minutes, about 7 GB)"
  pip_install -c constraints.txt -e ".[$extras]"
  printf '%s' "$wanted" > ".venv/csb-$extras.stamp"
fi
