-- LuaDBI: autocommit(false), which sends BEGIN TRANSACTION.
local DBI = require("DBI")
local connection = assert(DBI.Connect("SQLite3", arg[1]))

local function ask(sql)
	local statement = assert(connection:prepare(sql))
	assert(statement:execute())
	local row = statement:fetch()
	statement:close()
	return row and row[1]
end

connection:autocommit(true)
ask("CREATE TABLE IF NOT EXISTS t(a)")
connection:autocommit(false)
ask("SELECT count(*) FROM t")
print("ready")
io.stdout:flush()
io.read()
for _, name in ipairs({"journal_mode", "synchronous", "busy_timeout", "foreign_keys",
	"temp_store", "mmap_size", "journal_size_limit", "cache_size"}) do
	print(name .. "=" .. tostring(ask("PRAGMA " .. name)))
end
print("sqlite=" .. ask("SELECT sqlite_version()"))
print("version=" .. DBI._VERSION)
connection:commit()
connection:close()
