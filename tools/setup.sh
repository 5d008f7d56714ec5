#!/bin/sh
# Makes .venv and node_modules as requirements-dev.txt and package-lock.json say. `make setup` calls it when they changed.
set -eu
cd "$(dirname "$0")/.."

major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
if [ "${major:-0}" -lt 20 ]; then
    echo "Node.js 20 or newer is needed, and $(node --version 2>/dev/null || echo none) is here: https://nodejs.org/" >&2
    exit 1
fi

if ! command -v npm >/dev/null; then
    echo "npm is needed, and only Node.js is here: some systems keep it in a package of its own, \`npm\`." >&2
    exit 1
fi

if ! .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 13))' >/dev/null 2>&1; then
    python=$(sh tools/find-python.sh)
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi

# Node's packages come at the same time as Python's: neither needs the other. npm writes its own record last of all.
npm=
if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error &
    npm=$!
    # A shell without a terminal keeps Ctrl-C from what it started with `&`, and may skip EXIT when it is interrupted.
    trap 'kill "$npm" 2>/dev/null || true' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
fi

# uv installs what pip would, about nine times as fast. It does not read pip's configuration, so pip has the last word.
# Like pip it trusts the authorities that the system trusts: some companies have their own.
export UV_SYSTEM_CERTS=1
pip=".venv/bin/python -m pip install --quiet --disable-pip-version-check"
$pip "$(grep '^uv==' requirements-dev.txt)"
if ! .venv/bin/uv pip install --quiet --python .venv/bin/python -r requirements-dev.txt; then
    echo "uv could not install the requirements: trying pip." >&2
    $pip -r requirements-dev.txt
fi

# checkov, which `make test` runs over infra/, pins other versions than the app: it has an environment inside this one.
checkov=.venv/checkov
[ -x $checkov/bin/python ] || .venv/bin/python -m venv --without-pip $checkov
if ! .venv/bin/uv pip install --quiet --python $checkov/bin/python -r tools/infra/checkov.txt; then
    $pip --python $checkov/bin/python -r tools/infra/checkov.txt
fi
if [ -n "$npm" ]; then
    wait "$npm"
    trap - EXIT INT TERM
fi
