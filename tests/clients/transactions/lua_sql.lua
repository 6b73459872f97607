-- LuaSQL with autocommit off: it sends BEGIN there, and with each commit the next one.
local environment = require("luasql.sqlite3").sqlite3()
local database, scene, count = arg[1], arg[2], tonumber(arg[3])
local connection = environment:connect(database)

local function say(...)
	print(table.concat({ ... }, " "))
	io.stdout:flush()
end

-- One transaction that reads the number, calls change, and writes what that returns, unless it is nil.
local function transact(change)
	local ok, failure = pcall(function()
		local cursor = assert(connection:execute("SELECT n FROM counter WHERE id = 1"))
		local number = change(tonumber(cursor:fetch()))
		cursor:close()
		if number then
			assert(connection:execute("UPDATE counter SET n = " .. number .. " WHERE id = 1"))
		end
		assert(connection:commit())
	end)
	if not ok then
		connection:rollback()
		error(failure, 0)
	end
end

local function one_more(number)
	os.execute("sleep 0.005")
	return number + 1
end

local function stay()
	say("held")
	io.read()
end

local function race()
	local done, failed, first = 0, 0, 0
	for turn = 1, count do
		local ok, failure = pcall(transact, one_more)
		if ok then
			done = done + 1
		else
			if failed == 0 then
				io.stderr:write(failure, "\n")
			end
			failed = failed + 1
			first = first + (turn == 1 and 1 or 0)
		end
	end
	say("done", done, "failed", failed, "first", first)
end

connection:setautocommit(false)
say("ready")
io.read()
if scene == "race" then
	race()
else
	for turn = 1, count do
		if turn > 1 then
			io.read()
		end
		transact(stay)
		say("ended")
	end
end
