#!/bin/sh
# install.sh FOLDER - makes sure that some Python here has its tests of sqlite3. Debian and Ubuntu package Python without them: they
# come from the source of that package, into FOLDER. INSTALL_PACKAGES=no makes it do nothing.
set -eu

folder=$1
[ "${INSTALL_PACKAGES:-yes}" != no ] || exit 0
! "$(dirname "$0")/find-python" "$folder" >/dev/null || exit 0

version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
echo "fetching the source of python$version" >&2
rm -rf "$folder"
mkdir -p "$folder/parts" "$folder/lists/partial" "$folder/archives/partial"
folder=$(cd "$folder" && pwd)

# The system's own archives, asked for source instead of binaries; its own lists stay as they are.
: >"$folder/sources.list"
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
	[ ! -f "$list" ] || sed -n 's/^deb /deb-src /p' "$list" >>"$folder/sources.list"
done
for list in /etc/apt/sources.list.d/*.sources; do
	[ ! -f "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" >"$folder/parts/${list##*/}"
done
apt() {
	apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts="$folder/parts" \
		-o Dir::State::lists="$folder/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root "$@"
}
apt update
cd "$folder"
# Only the original archive matters, not the signature beside it; a mirror may lack the packaging around it.
apt source --download-only "python$version" >/dev/null 2>errors || true
archive=$(ls python*.orig.tar.*[z2] 2>/dev/null) || {
	cat errors >&2
	exit 1
}
mkdir tests
tar -xf "$archive" -C tests --strip-components=3 --wildcards '*/Lib/test/test_sqlite3/*' 2>/dev/null ||
	tar -xf "$archive" -C tests --strip-components=2 --transform 's,/sqlite3/test/,/sqlite3/test_sqlite3/,' --wildcards '*/Lib/sqlite3/test/*'
rm -rf python* lists archives parts sources.list errors
