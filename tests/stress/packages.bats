# Packages for Python, Node and Ruby, and the tarballs: installed as a user does, without network, root or compiler.
load ../command/sqlprod

packages=$build/packages

# expect_wal COMMAND... - what is called so runs a program with the recipe, by a library of its own, and says which version it is.
expect_wal() {
	run_app 0 "$@" --version
	expect "sqlprod $("$shim" --version)"
	run_app 0 "$@" sqlite3 a.db 'PRAGMA journal_mode'
	expect wal
	expect_quiet
	run_app 0 "$@" check -- sqlite3 a.db 'CREATE TABLE t(a)'
	[[ $(records verdict 2) == whole ]]
	run_app 0 "$@" revert a.db
}

@test "a wheel brings library and command into a virtualenv, and takes them away" {
	/usr/bin/python3 -m venv venv
	run_app 0 venv/bin/pip -q install --no-index --find-links "$packages" sqlprod
	expect_wal venv/bin/sqlprod
	expect_wal venv/bin/python -m sqlprod
	run_app 0 venv/bin/python -c 'import sqlprod; print(sqlprod.library())'
	[[ -x $output && $output == "$PWD"/venv/* ]]
	run_app 0 venv/bin/pip check
	run_app 0 venv/bin/pip -q uninstall -y sqlprod
	[[ -z $(find venv -name '*sqlprod*') ]]
}

@test "there is a wheel for glibc 2.17 and one for musl, on x86-64 and on arm64" {
	for tag in manylinux_2_17_x86_64 manylinux_2_17_aarch64 musllinux_1_2_x86_64 musllinux_1_2_aarch64; do
		run_app 0 /usr/bin/python3 - "$packages"/sqlprod-*-"$tag"*.whl <<-'END'
			import base64, csv, hashlib, sys, zipfile
			wheel = zipfile.ZipFile(sys.argv[1])
			record = next(name for name in wheel.namelist() if name.endswith("/RECORD"))
			listed = {row[0]: row[1] for row in csv.reader(wheel.read(record).decode().splitlines())}
			assert set(listed) == set(wheel.namelist())
			for name in listed:
			    digest = base64.urlsafe_b64encode(hashlib.sha256(wheel.read(name)).digest()).rstrip(b"=").decode()
			    assert name == record or listed[name] == "sha256=" + digest, name
			metadata = wheel.read(record.replace("RECORD", "METADATA")).decode()
			print(metadata.split("\nVersion: ")[1].split("\n")[0])
		END
		expect "$("$shim" --version)"
	done
}

@test "npm installs library and command, and npx finds the command" {
	mkdir shop
	cd shop
	run_app 0 npm install --silent --no-audit --no-fund --offline "$packages"/sqlprod-*.tgz
	expect_wal npx --offline sqlprod
	run_app 0 node -p 'require("sqlprod").library'
	[[ -x $output && $output == "$PWD"/node_modules/* ]]
	run_app 0 node -p 'require("sqlprod/package.json").version'
	expect "$("$shim" --version)"
	run_app 0 npm uninstall --silent --no-audit --no-fund --offline sqlprod
	[[ -z $(find node_modules -name '*sqlprod*' 2>/dev/null) ]]
}

@test "gem installs library and command for one user, and takes them away" {
	export HOME=$PWD/home
	mkdir home
	run_app 0 gem install --local --no-document --user-install "$packages"/sqlprod-*.gem
	bin=$(ruby -e 'puts Gem.user_dir')/bin
	expect_wal "$bin/sqlprod"
	run_app 0 ruby -e 'require "sqlprod"; puts Sqlprod.library, Sqlprod::VERSION'
	[[ -x ${lines[0]} && ${lines[0]} == "$HOME"/* && ${lines[1]} == "$("$shim" --version)" ]]
	run_app 0 gem uninstall -x --user-install sqlprod
	[[ -z $(find home -name '*sqlprod*') ]]
}

@test "the tarballs are as their checksums say, and the command in the prebuilt one runs" {
	(cd "$packages" && sha256sum --quiet -c SHA256SUMS)
	tar -xzf "$packages"/sqlprod-*-linux.tar.gz
	cd "$(echo sqlprod-*-linux)"
	sha256sum --quiet -c SHA256SUMS
	# as INSTALL says
	mkdir -p ../usr/lib ../usr/bin
	cp "lib/$(uname -m)-linux-gnu/libsqlprod.so" ../usr/lib
	cp -R lib/sqlprod ../usr/lib
	cp bin/sqlprod ../usr/bin
	cd "$scratch/work"
	expect_wal usr/bin/sqlprod
}

@test "the same tree gives the same packages, byte by byte" {
	for time in first second; do
		for pack in wheel npm gem prebuilt; do
			(cd "$root" && "scripts/package/$pack" "$("$shim" --version)" "$build/stage-packages" "$build/cross" "$scratch/work/$time" >/dev/null)
		done
	done
	files=(first/*)
	[[ ${#files[@]} -eq 7 ]]
	for file in "${files[@]}"; do
		cmp "$file" "second/${file##*/}"
	done
}
