#!/bin/sh
# Makes the hashed requirement files: one per package, and one with everything developers need.
set -eu

compile() { # compile OUTPUT INPUT…
    output=$1; shift
    .venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
        --no-annotate --no-header --quiet --no-emit-package foothold-schemas --no-emit-package foothold-runtime -o "requirements/$output.txt" "$@"
}
compile schemas schemas/pyproject.toml
for service in ingest risk alerts; do compile "$service" "services/$service/pyproject.toml"; done
compile dev schemas/pyproject.toml runtime/pyproject.toml services/*/pyproject.toml requirements/dev.in
