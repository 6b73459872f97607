# rusqlite.sh - rusqlite's tests: of the version that tests/clients has with its own SQLite inside, and of an older one, which Debian's
# SQLite is new enough for, with that.
# shellcheck shell=bash disable=SC2154 # home

rusqlite_features=backup,blob,chrono,collation,column_decltype,csvtab,extra_check,functions,hooks,i128_blob,limits,load_extension,serde_json,series,trace,unlock_notify,vtab

# build_crate VERSION FOLDER FEATURES - the tests of it. Without a dependency of another platform that a registry may lack.
build_crate() {
	local crate
	crate=$(echo cargo/registry/src/*/rusqlite-"$1")
	rm -rf "$2"
	cp -r "$crate" "$2"
	awk '/^\[/ { wasm = /sqlite-wasm-rs/ } !wasm && !/sqlite-wasm-rs/' "$crate/Cargo.toml" >"$2/Cargo.toml"
	rm -f "$2/Cargo.lock"
	(cd "$2" && cargo test -q --no-run --lib --test vtab --features "$3" --target-dir target)
}

get_rusqlite() {
	local version
	version=$(sed -n '/^name = "rusqlite"/{n; s/.*"\(.*\)"/\1/p}' "$here/../clients/rusqlite/Cargo.lock")
	export CARGO_HOME=$home/cargo
	cargo fetch --locked --manifest-path "$here/../clients/rusqlite/Cargo.toml"
	rm -rf older
	cargo init -q --vcs none --name older older
	(cd older && cargo add -q rusqlite@=0.32.1 && cargo fetch)
	build_crate 0.32.1 linked "$rusqlite_features"
	# Its tests use a macro that older stable compilers have only as a feature.
	export RUSTC_BOOTSTRAP=1 RUSTFLAGS='-Zcrate-attr=feature(assert_matches)'
	build_crate "$version" bundled "$rusqlite_features,array,column_metadata,serialize,window,bundled"
}

fetch() {
	command -v cargo >/dev/null || "$here/../../scripts/install-packages" suites_rust
	once programs get_rusqlite
}

version() {
	awk -F '"' '/^name = "rusqlite"/ { getline; print $2; nextfile }' linked/Cargo.toml bundled/Cargo.toml | paste -sd, | sed 's/^/rusqlite /'
}

run() {
	local way program
	for way in linked bundled; do
		cp "$home/$way/test.csv" .
		for program in $(find "$home/$way/target/debug/deps" -maxdepth 1 -type f -perm /100 ! -name '*.so' | sort); do
			victim "$program" --test-threads=2 || true
			program=${program##*/}
			sed -nE "s/^test (.*) \.\.\. ok\$/pass $way ${program%-*} \1/p; s/^test (.*) \.\.\. FAILED\$/fail $way ${program%-*} \1/p; s/^test (.*) \.\.\. ignored.*/skip $way ${program%-*} \1/p" out
		done
	done
}
