# What installs the packages that a target needs: what it says, and whom it asks for rights.
load sqlprod

install=$root/scripts/install-packages

# A machine without any package, whose apt-get takes 31 seconds, which pass faster there.
bare_machine() {
	unset INSTALL_PACKAGES
	mkdir bin
	ln -s "$(command -v env)" "$(command -v sh)" "$(command -v mktemp)" "$(command -v rm)" "$(command -v tail)" "$(command -v cut)" "$(command -v sed)" bin
	printf '#!/bin/sh\nexit 1\n' >bin/dpkg-query
	printf '#!/bin/sh\necho "%s" >&2\n' 'no candidate' >bin/apt-cache
	printf '#!/bin/sh\necho "$@" >>%s\necho Unpacking gcc\nuntil [ "$(wc -c <%s)" -ge 31 ]; do sleep 0.1; done\n' \
		"$PWD/asked" "$PWD/slept" | sed "s|until|PATH=$PATH; &|" >bin/apt-get
	: >slept
	printf '#!/bin/sh\nprintf . >>%s\n' "$PWD/slept" >bin/sleep
	printf '#!/bin/sh\necho %s\n' "${1-0}" >bin/id
	chmod +x bin/dpkg-query bin/apt-cache bin/apt-get bin/sleep bin/id
}

@test "packages that take minutes to install show what apt-get does" {
	bare_machine
	run_app 0 env PATH="$PWD/bin" "$install" build
	[[ $stderr == *'install-packages: installing gcc make libc6-dev libsqlite3-dev'* ]]
	[[ $stderr == *'install-packages: 15 s: Unpacking gcc'*'install-packages: 30 s: Unpacking gcc'* ]]
	[[ $(<asked) == *'install --no-install-recommends gcc make libc6-dev libsqlite3-dev' ]]
}

@test "an ordinary user's packages are installed by sudo, or named where there is none" {
	bare_machine 1000
	run_app 1 env PATH="$PWD/bin" "$install" build
	expect_warnings 1 '*not root, and no sudo; as root, run: apt-get install gcc make libc6-dev libsqlite3-dev'
	[[ ! -e asked ]]
	printf '#!/bin/sh\necho sudo >>%s\nexec "$@"\n' "$PWD/asked" >bin/sudo
	chmod +x bin/sudo
	run_app 0 env PATH="$PWD/bin" "$install" build
	[[ $(<asked) == $'sudo\n'*' install --no-install-recommends gcc make libc6-dev libsqlite3-dev' ]]
}

@test "where there is no apt-get the packages are named, and INSTALL_PACKAGES=no goes on without" {
	bare_machine
	rm bin/apt-get
	run_app 1 env PATH="$PWD/bin" "$install" build
	expect_warnings 1 '*no apt-get here; install these another way, then set INSTALL_PACKAGES=no: gcc make libc6-dev libsqlite3-dev'
	run_app 0 env PATH="$PWD/bin" INSTALL_PACKAGES=no "$install" build
	expect_quiet
}
