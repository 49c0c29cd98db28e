# The tests that one change of the rules has to get past: the quick ones first, the long properties only for what survives them.
set -e
export PYTHONPATH="services/risk:services/ingest:services/alerts:schemas:." PYTHONDONTWRITEBYTECODE=1
run() { "$FOOTHOLD_PYTHON" -m pytest -x -q -p no:randomly -p no:cacheprovider --hypothesis-profile=mutants "$@" >/dev/null 2>&1; }
run tests/risk --ignore tests/risk/lives/test_life.py --ignore tests/risk/lives/test_properties.py --ignore tests/risk/policy/test_commands.py
run tests/risk/lives/test_properties.py tests/risk/lives/test_life.py
