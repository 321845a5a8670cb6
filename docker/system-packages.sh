#!/bin/sh
# Install the Debian packages that are missing (docker/system-packages.txt). Needs root; skips what is there.
set -eu
here=$(dirname "$0")
missing=""
for package in $(grep -v '^#' "$here/system-packages.txt"); do
  case $package in
    python3.11*) command -v python3.11 >/dev/null && continue ;;
    nodejs | npm) command -v npm >/dev/null && continue ;;
    chromium) command -v chromium >/dev/null && continue ;;
  esac
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && { echo "System packages are there."; exit 0; }
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null
