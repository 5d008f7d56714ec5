#!/bin/sh
# Prints the path of a Python 3.13 or newer: from $PYTHON, PATH, pyenv's versions, or else one that uv fetches.
# Exit code 1 and a sentence on standard error when there is none.
set -u

good() { # runs (a shim of pyenv may not), is new enough, and can make virtual environments
    [ -n "$1" ] && "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 13))' >/dev/null 2>&1
}

offer() {
    if good "$1"; then
        "$1" -c 'import sys; print(sys.executable)'
        exit 0
    fi
}

if [ -n "${PYTHON:-}" ]; then
    offer "$PYTHON"
    echo "PYTHON=$PYTHON is no Python 3.13 or newer with the module venv." >&2
    exit 1
fi

# 3.13 first: it is what runs on Azure.
for name in python3.13 python3.14 python3.15 python3 python; do
    offer "$(command -v "$name")"
done

versions=${PYENV_ROOT:-${HOME:-}/.pyenv}/versions
for minor in 3.13 3.14 3.15; do
    for python in "$versions/$minor".*/bin/python; do
        offer "$python"
    done
done

uv=$(command -v uv)
if [ -z "$uv" ]; then
    any=$(command -v python3 || command -v python)
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    if [ -n "$any" ] && "$any" -m venv "$scratch" >/dev/null 2>&1; then
        "$scratch/bin/python" -m pip install --quiet --disable-pip-version-check uv >/dev/null 2>&1
        uv=$scratch/bin/uv
    fi
fi
if [ -n "$uv" ] && [ -x "$uv" ]; then
    echo "No Python 3.13 or newer here: asking uv to fetch one." >&2
    UV_SYSTEM_CERTS=1 "$uv" python install --quiet 3.13 >/dev/null 2>&1
    offer "$("$uv" python find 3.13 2>/dev/null)"
fi

cat >&2 <<'END'
Python 3.13 or newer is needed, and there is none on PATH nor among pyenv's versions, and uv could not fetch one.
Install one (https://www.python.org/downloads/, or `pyenv install 3.13`), or name it: make setup PYTHON=/path/to/python3.13
END
exit 1
