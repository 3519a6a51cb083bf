#!/usr/bin/env bash
# Pins every Python dependency with its hashes, for any machine and naming no package index.
# Run by `make pins` after a change of pyproject.toml or requirements/*.in; `tools/pins.sh --upgrade` takes the newest.
set -euo pipefail
cd "$(dirname "$0")/.."

pin() { # pin TARGET SOURCE
    echo "pins: requirements/$1.txt from $2"
    .venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
        --python-version 3.11 --universal "${upgrade[@]}" --output-file "requirements/$1.txt" "$2"
}

upgrade=("$@")
pin hub pyproject.toml
pin dev requirements/dev.in
pin kolibri requirements/kolibri.in
