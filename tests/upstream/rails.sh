# rails.sh - Active Record's own tests, on database files. Active Record is the installed one, the tests are of its source.
# shellcheck shell=bash disable=SC2154 # home

fetch() {
	"$here/../../scripts/install-packages" suites_ruby
	once source "$here/debian-source" rails "$release" source
}

version() {
	ruby -W0 -r active_record -r sqlite3 -e 'puts "Active Record #{ActiveRecord.version}, SQLite #{SQLite3.libversion}"'
}

# minitest's verbose lines: class#test = seconds s = letter. The order is the same each time. A file that needs what is not installed is
# left out; byebug is but named.
run() {
	local lib
	lib=$(ruby -W0 -e 'puts Gem::Specification.find_by_name("activerecord").full_require_paths')
	cp -r "$home/source/activerecord/test" .
	touch byebug.rb
	find test/cases -name '*_test.rb' ! -path '*/adapters/mysql2/*' ! -path '*/adapters/postgresql/*' | sort >files
	cat >all.rb <<-'EOF'
		File.readlines("files", chomp: true).each do |file|
		  require File.expand_path(file)
		rescue LoadError => error
		  warn "#{file}: #{error.message}"
		end
	EOF
	ARCONN=sqlite3 victim ruby -W0 -Itest -I. -I"$lib" all.rb -v --seed 0 || true
	sed -nE 's/^([A-Za-z0-9_:]+#.+) = [0-9.]+ s = \.$/pass \1/p; s/^([A-Za-z0-9_:]+#.+) = [0-9.]+ s = [FE]$/fail \1/p;
		s/^([A-Za-z0-9_:]+#.+) = [0-9.]+ s = S$/skip \1/p' out
}
