# What make and make install say: of what is missing, and of what is to be done next.
load sqlprod

packaging=$root/scripts/package

@test "a missing compiler is reported with the packages that provide it" {
	run_app 1 "$packaging/requirements" no-such-cc
	expect_warnings 1 'make: no C compiler (no-such-cc): apt-get install *libsqlite3-dev*apk add *dnf install *'
	# a compiler that finds no header, as one without libc6-dev
	run_app 1 "$packaging/requirements" 'cc -nostdinc'
	expect_warnings 1 'make: cc -nostdinc has no headers of libc: apt-get install *'
}

@test "a missing sqlite3.h is reported before anything is compiled" {
	printf '#!/bin/sh\ncase "$*" in *" -E "*) grep -q sqlite3.h && exit 1 ;; *" -c "*) : >"%s/compiled" ;; esac\n' "$PWD" >cc
	chmod +x cc
	run_app 2 env -u MAKEFLAGS -u MAKELEVEL make -s -C "$root" BUILD="$PWD/build" CC="$PWD/cc"
	[[ $stderr == *"make: no sqlite3.h, SQLite's header"*libsqlite3-dev* ]]
	[[ ! -e compiled ]]
}

@test "what can be built is built without a word" {
	run_app 0 "$packaging/requirements" cc
	expect ''
	expect_quiet
}

@test "an install where the loader does not look says to use the full path" {
	mkdir bin lib
	printf '#!/bin/sh\n' >bin/ldconfig
	chmod +x bin/ldconfig
	: >lib/libsqlprod.so
	PATH=$PWD/bin:$PATH run_app "$packaging/after-install" "$PWD/lib/libsqlprod.so" "$PWD/bin/sqlprod"
	expect "installed: LD_PRELOAD=$PWD/lib/libsqlprod.so (the full path: its folder is not one that the loader searches), or $PWD/bin/sqlprod PROGRAM"
	printf '#!/bin/sh\n[ "$1" != -p ] || echo "	libsqlprod.so (libc6,x86-64) => %s/lib/libsqlprod.so"\n' "$PWD" >bin/ldconfig
	PATH=$PWD/bin:$PATH run_app "$packaging/after-install" "$PWD/lib/libsqlprod.so" "$PWD/bin/sqlprod"
	expect "installed: LD_PRELOAD=libsqlprod.so, or $PWD/bin/sqlprod PROGRAM"
	expect_quiet
}

@test "an install into a home folder prints no warning" {
	need_root
	mkdir home
	chmod 777 home
	as_nobody 0 "$packaging/after-install" "$PWD/home/.local/lib/libsqlprod.so" "$PWD/home/.local/bin/sqlprod"
	expect_quiet
	[[ ${lines[0]} == "installed: LD_PRELOAD=$PWD/home/.local/lib/libsqlprod.so (the full path"* ]]
	[[ ${lines[1]} == "$PWD/home/.local/bin is not in PATH" ]]
}

@test "uninstall refuses while ld.so.preload or a service names the library" {
	mkdir -p units/system/app.service.d
	printf '/usr/$LIB/libsqlprod.so\n' >preload
	LD_SO_PRELOAD=$PWD/preload SYSTEMD_UNITS=$PWD/units run_app 1 "$packaging/in-use" /usr/lib/libsqlprod.so
	expect_warnings 1 "uninstall: take the line with libsqlprod.so out of $PWD/preload first: *"
	printf '[Service]\nEnvironment=LD_PRELOAD=/usr/local/lib/libsqlprod.so\n' >units/system/app.service.d/override.conf
	: >preload
	LD_SO_PRELOAD=$PWD/preload SYSTEMD_UNITS=$PWD/units run_app 1 "$packaging/in-use" /usr/lib/libsqlprod.so
	[[ $stderr == *"take libsqlprod.so out of these first"*"$PWD/units/system/app.service.d/override.conf" ]]
	# what is a comment asks for nothing
	printf '[Service]\n  # Environment=LD_PRELOAD=/usr/local/lib/libsqlprod.so\n;Environment=LD_PRELOAD=libsqlprod.so\n' >units/system/app.service.d/override.conf
	echo '#libsqlprod.so' >preload
	LD_SO_PRELOAD=$PWD/preload SYSTEMD_UNITS=$PWD/units run_app 0 "$packaging/in-use" /usr/lib/libsqlprod.so
	expect_quiet
	rm -r units
	LD_SO_PRELOAD=$PWD/preload SYSTEMD_UNITS=$PWD/units run_app 0 "$packaging/in-use" /usr/lib/libsqlprod.so
	expect_quiet
	# and make uninstall asks that first
	printf '/usr/$LIB/libsqlprod.so\n' >preload
	LD_SO_PRELOAD=$PWD/preload run_app 2 env -u MAKEFLAGS -u MAKELEVEL make -s -C "$root" BUILD="$build" PREFIX="$PWD/real" uninstall
	[[ $stderr == *"out of $PWD/preload first"* ]]
}

@test "uninstall refuses while a service of the user or a login names the library" {
	mkdir -p .config/systemd/user/shop.service.d .config/environment.d
	: >preload
	export HOME=$PWD LD_SO_PRELOAD=$PWD/preload
	for file in .config/systemd/user/shop.service.d/override.conf .config/environment.d/sqlite.conf .profile; do
		echo 'LD_PRELOAD=libsqlprod.so' >"$file"
		run_app 1 "$packaging/in-use" /usr/lib/libsqlprod.so
		[[ $stderr == *"take libsqlprod.so out of these first"*"$PWD/$file" ]]
		rm "$file"
	done
	run_app 0 "$packaging/in-use" /usr/lib/libsqlprod.so
	expect_quiet
}
