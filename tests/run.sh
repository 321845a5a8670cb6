#!/bin/sh
# The whole test suite. With PostgreSQL and Redis on this machine the database tests run on both kinds of store.
set -eu
python=.venv/bin/python
workers=${TEST_WORKERS:-2}
postgres=${TEST_DATABASE_URL:-postgres://postgres@127.0.0.1:5432/postgres}
reachable() { "$python" -c "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 1).close()" "$1" 2>/dev/null; }

echo "== checks"
.venv/bin/ruff check --quiet .
.venv/bin/ruff format --check --quiet .
.venv/bin/lint-imports >/tmp/her2web-imports.log || { cat /tmp/her2web-imports.log; exit 1; }
"$python" manage.py makemigrations --check --dry-run
if command -v node >/dev/null; then node --test tests/js/ >/tmp/her2web-node-test.log 2>&1 || { cat /tmp/her2web-node-test.log; exit 1; }; fi

if reachable 5432 && "$python" -c "import psycopg; psycopg.connect('$postgres').close()" 2>/dev/null; then
  echo "== database tests on PostgreSQL"
  DATABASE_URL=$postgres "$python" -m pytest -n "$workers" -q -m "not browser and not slow" \
    tests/studies tests/analysis tests/her2web --ignore=tests/studies/imaging --ignore=tests/studies/rules
else
  echo "== no PostgreSQL on this machine: the database tests run on SQLite only"
fi

echo "== everything, on SQLite"
exec "$python" -m pytest -n "$workers" "$@"
