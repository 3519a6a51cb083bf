#!/usr/bin/env bash
# Makes a virtual environment with exactly the pinned packages. A second run changes nothing.
# Usage: tools/venv.sh VENV REQUIREMENTS...      $PYTHON names the interpreter (3.11 or newer)
set -euo pipefail
here=$(dirname "$0")
venv=$1
shift

find_python() {
    local python
    for python in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    echo "venv: Python 3.11 or newer is needed, found: $(${PYTHON:-python3} --version 2>&1 || true)" >&2
    echo "  next: install python3 (Debian 12 has 3.11), or name one: make $venv PYTHON=/path/to/python3.11" >&2
    return 1
}

if [ ! -x "$venv/bin/pip" ]; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        "$here/apt.sh" "$here/../requirements/apt-dev.txt"
    fi
    echo "venv: making $venv with $("$python" --version)"
    "$python" -m venv "$venv"
fi
requirements=()
for list in "$@"; do requirements+=(--requirement "$list"); done
echo "venv: installing into $venv: $*"
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes "${requirements[@]}"
