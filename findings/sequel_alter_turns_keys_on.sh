#!/usr/bin/env bash
# sequel_alter_turns_keys_on.sh - Sequel 5.109.0 (Ruby): alter_table turns foreign keys on, on the one connection that ran it.
#
# Guessed:  alter_table, which switches foreign keys off while it rebuilds a table, puts back what was set before: with
#           foreign_keys: false they stay off.
# Happens:  whatever was set, the connection has them on afterwards; the other connections of the pool do not. From then
#           on a DELETE of a parent takes the children along, or is refused, by which connection it happens to get.
# Seen:     2026-11-29, the same in 5.63.0: "before: 0", "after drop_column: 1", "after add_index: 1",
#           "delete of a parent: 0 of 2 children left".
# Matters:  the value of the option is asked for as a dataset, which is true whatever it holds. A migration that runs in
#           the process of the application leaves its own connection with other rules than the rest: the same code loses
#           rows or not, by chance. Under sqlprod it is the program's own PRAGMA, and holds.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Debian's package of any machine: Ruby alone needs no more than its files.
get_sequel() {
	mkdir -p lists/lists/partial lists/archives/partial lists/parts
	echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian sid main' >lists/sources.list
	set -- -qq -o Dir::Etc::sourcelist="$work/lists/sources.list" -o Dir::Etc::sourceparts="$work/lists/parts" \
		-o Dir::State::lists="$work/lists/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root
	apt-get "$@" update && apt-get "$@" download ruby-sequel=5.109.0-1 && dpkg -x ruby-sequel_*.deb package
}
{ get_sequel && ruby -e 'require "sqlite3"'; } >/dev/null 2>&1 || {
	echo "cannot be had here: Sequel 5.109.0, and Ruby with its sqlite3"
	exit 77
}

cat >look.rb <<'END'
require "sequel"

def keys(db) = db.fetch("PRAGMA foreign_keys").first.values.first

def fresh
  File.delete("app.db") if File.exist?("app.db")
  db = Sequel.sqlite("app.db", foreign_keys: false, max_connections: 1)
  db.create_table(:parents) { primary_key :id }
  db.create_table(:children) do
    primary_key :id
    foreign_key :parent_id, :parents, on_delete: :cascade
    String :note
  end
  db
end

db = fresh
puts "before: #{keys(db)}"
db.alter_table(:children) { drop_column :note }
puts "after drop_column: #{keys(db)}"
db[:parents].insert(id: 1)
2.times { db[:children].insert(parent_id: 1) }
db[:parents].where(id: 1).delete
left = db[:children].count
db.disconnect
db = fresh
db.alter_table(:children) { add_index :note }
puts "after add_index: #{keys(db)}"
puts "delete of a parent: #{left} of 2 children left"
END
cat >stated <<'END'
before: 0
after drop_column: 1
after add_index: 1
delete of a parent: 0 of 2 children left
END
ruby -I "$(echo package/usr/share/rubygems-integration/all/gems/sequel-*/lib)" look.rb | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
