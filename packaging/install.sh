#!/bin/sh
# Installs Sealtrace from this folder alone, into an environment of its own: no network, no index, nothing that is
# shared with another program (docs/adr/0027).
#
#   ./install.sh [FOLDER]      FOLDER is /opt/sealtrace unless named; it gets FOLDER/<version>, and FOLDER/current
#                              points there once everything works. An older version stays beside it.
#   PYTHON=/path/python3.11    another interpreter than the first python3 on the path
set -eu
umask 022

refuse() {
    echo "install.sh: $1" >&2
    exit 1
}

prefix=${1:-/opt/sealtrace}
python=${PYTHON:-python3}
[ $# -le 1 ] || refuse "one folder at most; found $# arguments"
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)
cd "$(dirname "$0")"

sha256sum --check --quiet --strict SHA256SUMS || refuse "a file here is not what was released: copy the archive again"
. ./RELEASE
place=$prefix/$version
[ ! -e "$place" ] || refuse "$place is there already: remove it first, or install into another folder"
found=$("$python" -I -c 'import sysconfig; print(sysconfig.get_config_var("SOABI"))') || refuse "$python does not run"
[ "$found" = "$built_for" ] ||
    refuse "these wheels are for $built_for and $python is $found: name another with PYTHON=, or run make dist on a machine like this"

trap 'rm -rf "$place"' EXIT
"$python" -I -m venv "$place" || refuse "$python cannot make an environment: apt-get install python3-venv"

# -I and --isolated: neither the caller's variables nor the machine's pip settings may add another source.
run_pip() {
    PIP_CONFIG_FILE=/dev/null "$place/bin/python" -I -m pip --isolated --disable-pip-version-check --no-input --quiet "$@"
}
run_pip install --no-cache-dir --no-index --find-links wheels --only-binary :all: --require-hashes --requirement requirements.txt
run_pip install --no-cache-dir --no-index --no-deps "wheels/$wheel"
run_pip check >&2
"$place/bin/python" -I -c 'from crypto.startup import require_primitives; require_primitives()' ||
    refuse "a cryptographic primitive does not work on this machine"
# Without pip nothing else gets into this environment by accident.
run_pip uninstall --yes pip

mkdir -p "$place/share/doc/sealtrace"
cp LICENSE NOTICE CHANGELOG.md RELEASE SHA256SUMS requirements.txt sbom.cdx.json docs/*.md "$place/share/doc/sealtrace"

ln -sfn "$version" "$prefix/.current" && mv -T "$prefix/.current" "$prefix/current"
trap - EXIT
echo "Sealtrace $version is in $place; the programs are in $prefix/current/bin"
