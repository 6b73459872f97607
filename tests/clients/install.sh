#!/bin/sh
# install.sh [FILE...] - installs the packages that are missing here of packages.txt, or of the lists named, which lie beside it.
# INSTALL_PACKAGES=no makes it do nothing.
set -eu
[ "${INSTALL_PACKAGES:-yes}" != no ] || exit 0

[ $# -gt 0 ] || set -- packages.txt
cd "$(dirname "$0")"
missing=
for list; do
	while read -r package command; do
		case $package in '' | '#'*) continue ;; esac
		[ -z "$command" ] || ! command -v "$command" >/dev/null || continue
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
	done <"$list"
done
[ -n "$missing" ] || exit 0

echo "installing$missing" >&2
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
# shellcheck disable=SC2086 # a list of names
install() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing >/dev/null
}
install || { $as_root apt-get -qq update && install; }
