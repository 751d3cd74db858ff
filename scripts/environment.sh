# Sourced by demo.sh and test.sh: the environment .venv with this package and the extras named, in the tested versions.
extras="$1"
say() { printf '== %s\n' "$*"; }

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

if [ ! -x .venv/bin/python ]; then
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
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$extras]"
  printf '%s' "$wanted" > ".venv/csb-$extras.stamp"
fi
