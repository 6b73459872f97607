# ruby_sqlite3.sh - ruby-sqlite3's own tests. They are in no package that can be counted on: RUBY_SQLITE3 is a folder with the repository's
# test/, of the version that is installed.
# shellcheck shell=bash disable=SC2154 # home

fetch() {
	"$here/../../scripts/install-packages" suites_ruby
	[[ -e ${RUBY_SQLITE3:?a folder with the test/ of its repository}/test/helper.rb ]]
}

version() {
	ruby -r sqlite3 -e 'puts "ruby-sqlite3 #{SQLite3::VERSION}, SQLite #{SQLite3.libversion}"' 2>/dev/null
}

# minitest's verbose lines: class#test = seconds s = letter.
run() {
	cp -r "$RUBY_SQLITE3/test" .
	# shellcheck disable=SC2016 # Ruby's
	victim ruby -W0 -Itest -e 'Dir["test/test_*.rb"].sort.each { |file| require "./#{file}" }' -- -v || true
	sed -nE 's/^([A-Za-z0-9_:]+#[^ ]+) = [0-9.]+ s = \.$/pass \1/p; s/^([A-Za-z0-9_:]+#[^ ]+) = [0-9.]+ s = [FE]$/fail \1/p;
		s/^([A-Za-z0-9_:]+#[^ ]+) = [0-9.]+ s = S$/skip \1/p' out
}
