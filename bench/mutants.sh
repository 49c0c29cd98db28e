# The tests that one change of the rules has to get past: those of the service it was made in; the quick ones first, the long properties only for what survives them.
set -e
export PYTHONPATH="services/risk:services/ingest:services/alerts:schemas:runtime:." PYTHONDONTWRITEBYTECODE=1
run() { "$FOOTHOLD_PYTHON" -m pytest -x -q -p no:randomly -p no:cacheprovider --hypothesis-profile=mutants -m "not kafka and not postgres and not long" "$@" >/dev/null 2>&1; }
case "$(git diff --name-only -- services)" in
services/ingest/*) run tests/ingest ;;
services/alerts/*) run tests/alerts ;;
services/risk/*)
  run tests/risk --ignore tests/risk/lives/test_life.py --ignore tests/risk/lives/test_properties.py --ignore tests/risk/policy/test_commands.py
  run tests/risk/lives/test_properties.py tests/risk/lives/test_life.py
  ;;
*) run tests/ingest tests/alerts tests/risk ;; # nothing is changed
esac
