#!/bin/sh
# install.sh - installs the packages of packages.txt that are missing here; INSTALL_PACKAGES=no makes it do nothing.
set -eu
[ "${INSTALL_PACKAGES:-yes}" != no ] || exit 0

missing=
while read -r package command; do
	case $package in '' | '#'*) continue ;; esac
	[ -z "$command" ] || ! command -v "$command" >/dev/null || continue
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done <"$(dirname "$0")/packages.txt"
[ -n "$missing" ] || exit 0

echo "installing$missing" >&2
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
# shellcheck disable=SC2086 # a list of names
install() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing >/dev/null
}
install || { $as_root apt-get -qq update && install; }
