# ruby-sqlite3: the transaction method, which spells out DEFERRED.
require "sqlite3"

SETTINGS = %w[journal_mode synchronous busy_timeout foreign_keys temp_store mmap_size journal_size_limit cache_size]

db = SQLite3::Database.new(ARGV[0])
db.execute("CREATE TABLE IF NOT EXISTS t(a)")
db.transaction do
	db.get_first_value("SELECT count(*) FROM t")
	puts "ready"
	$stdout.flush
	$stdin.gets
	SETTINGS.each { |name| puts "#{name}=#{db.get_first_value("PRAGMA #{name}")}" }
	puts "sqlite=#{db.get_first_value("SELECT sqlite_version()")}", "version=#{SQLite3::VERSION}"
end
db.close
