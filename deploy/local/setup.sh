#!/bin/sh
# Builds .venv from the hashed requirement files. Says what is missing and what to do about it; installs nothing outside this clone.
set -eu

die() { printf '\nFoothold: %s\n  -> %s\n' "$1" "$2" >&2; exit 1; }

suits() { "$1" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info < (3, 14)))' 2>/dev/null; }

python=""
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if command -v "$candidate" >/dev/null 2>&1 && suits "$candidate"; then python=$candidate; break; fi
done
[ -n "$python" ] || die "no Python from 3.11 to 3.13 was found (python3 is $(python3 --version 2>&1 || echo missing))." \
    "install one, or name it: make PYTHON=/path/to/python3.12 …"
"$python" -c 'import venv, ensurepip' 2>/dev/null || die "$python has no 'venv' module." \
    "on Debian or Ubuntu: apt install python3-venv"

log=var/setup.log
mkdir -p var
printf 'Foothold: setting up .venv with %s (a minute or two the first time; log in %s)\n' "$("$python" --version)" "$log" >&2
run() { "$@" >>"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    if grep -qiE 'No space left' "$log"; then die "the disk is full." "free some space (about 1 GB is needed) and run the command again"; fi
    if grep -qiE 'connection|resolve|timed out|unreachable' "$log"; then die "the package index cannot be reached." \
        "the first run needs the network; check it (or your proxy settings) and run the command again"; fi
    die "setting up .venv failed." "read $log; 'rm -rf .venv' and the same command start afresh"
}; }
: >"$log"
[ -x .venv/bin/python ] && suits .venv/bin/python || run "$python" -m venv --clear .venv
run .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes -r requirements/dev.txt
run .venv/bin/python -m pip install --disable-pip-version-check --no-input --no-deps --no-build-isolation \
    -e schemas -e runtime -e services/ingest -e services/risk -e services/alerts
touch .venv/.ready
