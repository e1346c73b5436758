#!/bin/sh
# Makes .venv with Pult and its locked dependencies in it; at once when it is there already.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    say "Pult needs Python 3.11 or newer; install it (Debian, Ubuntu: apt install python3; macOS: brew install python)."
    exit 1
}

# What the environment was made from. The place is part of it: the programs in it name it in their first line.
state="$(pwd) $(cat requirements.lock pyproject.toml tools/setup.sh | cksum)"
if [ "$(cat .venv/ready 2>/dev/null || true)" = "$state" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

rm -f .venv/ready
if ! .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    python="$(find_python)"
    if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            say "Installing python3-venv ..."
            { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; } >/dev/null 2>&1 || true
        fi
        if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
            say "Python's venv module is missing; install it (Debian, Ubuntu: apt install python3-venv)."
            exit 1
        fi
    fi
    say "Making .venv ..."
    rm -rf .venv
    "$python" -m venv .venv
fi

say "Installing the dependencies of requirements.lock (the first time takes a minute or two) ..."
pip=".venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet"
$pip --require-hashes -r requirements.lock
# The build tool is one of the locked packages, so nothing else is fetched here.
$pip --no-deps --no-build-isolation --editable .
printf '%s' "$state" >.venv/ready
