# node_sqlite3.sh - the tests of the npm package sqlite3, by mocha. The package is the registry's, the tests are of Debian's source of the
# same version.
# shellcheck shell=bash disable=SC2154 # home

get_node_sqlite3() {
	local version
	"$here/debian-source" node-sqlite3 sid source
	version=$(node -p 'require("./source/package.json").version')
	mkdir -p modules
	(cd modules && npm install --loglevel=error --no-package-lock --prefix . "sqlite3@$version" mocha@10)
}

fetch() {
	command -v npm >/dev/null || "$here/../../scripts/install-packages" npm
	once source get_node_sqlite3
}

version() {
	node -p '"npm sqlite3 " + require("./source/package.json").version + ", SQLite " + require("./modules/node_modules/sqlite3").VERSION'
}

# The tests want the package around them. extension.test.js kills a child that it started, the rest is one process.
run() {
	cp -r "$home/source/"{test,lib,package.json} .
	cp -r "$home/modules/node_modules" .
	cp -r node_modules/sqlite3/build .
	mkdir -p test/tmp
	victim node test/support/createdb.js
	victim node node_modules/mocha/bin/mocha.js --exit --timeout 480000 --reporter json --reporter-option output=results.json || true
	node -e 'const results = require("./results.json");
		for (const outcome of ["pass", "fail"])
			for (const test of results[outcome === "pass" ? "passes" : "failures"]) console.log(outcome, test.fullTitle);
		for (const test of results.pending) console.log("skip", test.fullTitle);' |
		sed -E 's/[0-9]{13}/NOW/'
}
