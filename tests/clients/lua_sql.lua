-- LuaSQL: setautocommit(false), which sends BEGIN, and "COMMIT;BEGIN" at each commit.
local driver = require("luasql.sqlite3")
local environment = driver.sqlite3()
local connection = assert(environment:connect(arg[1]))

local function ask(sql)
	local cursor = assert(connection:execute(sql))
	local value = cursor:fetch()
	cursor:close()
	return value
end

assert(connection:execute("CREATE TABLE IF NOT EXISTS t(a)"))
connection:setautocommit(false)
assert(connection:commit())
ask("SELECT count(*) FROM t")
print("ready")
io.stdout:flush()
io.read()
for _, name in ipairs({"journal_mode", "synchronous", "busy_timeout", "foreign_keys",
	"temp_store", "mmap_size", "journal_size_limit", "cache_size"}) do
	print(name .. "=" .. ask("PRAGMA " .. name))
end
print("sqlite=" .. ask("SELECT sqlite_version()"))
print("version=" .. driver._VERSION:match("[%d.]+"))
connection:close()
environment:close()
