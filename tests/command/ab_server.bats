# sqlprod ab --load: a server under load.
load sqlprod

# A server on a port of its own choice that counts its answers in a database, and a load for it.

make_server() {
	sqlite3 a.db 'CREATE TABLE hits(a)'
	cat >server.py <<-'END'
		import http.server, os, signal, socketserver, sqlite3, sys

		class Page(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        db = sqlite3.connect("a.db")
		        db.execute("INSERT INTO hits VALUES (1)")
		        db.commit()
		        hits = db.execute("SELECT count(*) FROM hits").fetchone()[0]
		        db.close()
		        self.send_response(200)
		        self.end_headers()
		        self.wfile.write(b"%d\n" % hits)

		signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in sys.argv else lambda *_: os._exit(0))
		server = socketserver.TCPServer(("127.0.0.1", 0), Page)
		with open("port.new", "w") as port:
		    print(server.server_address[1], os.getpid(), file=port)
		os.rename("port.new", "port")
		if "dies" in sys.argv:
		    sys.exit(3)
		server.serve_forever()
	END
	cat >ask.py <<-'END'
		import http.client, sys
		def ask():
		    connection = http.client.HTTPConnection("127.0.0.1", int(open("port").read().split()[0]))
		    connection.request("GET", "/")
		    return int(connection.getresponse().read())
		for _ in range(int(sys.argv[1])):
		    hits = ask()
		open("hits", "a").write(f"{hits}\n")
		print("Requests/sec:  123.5\n    50%   1.50ms\n    99%    2.00s\n  Non-2xx or 3xx responses: 4")
	END
}

# No server stays.
none_left() {
	local pid
	for pid in $(pgrep -f '^python3 server.py'); do
		[[ $(readlink "/proc/$pid/cwd") != "$PWD" ]] || fail "server $pid is still there"
	done
}

@test "ab starts a server for each run, loads it and ends it" {
	make_server
	before=$(sha256sum a.db)
	run_app "$sqlprod" ab -n 2 --db a.db --load 'python3 ask.py 20; rm port' --ready 'python3 ask.py 1' --json result.json -- \
		python3 server.py
	# One answer was for --ready.
	[[ $(sort -u hits | tr '\n' ' ') == '1 21 ' ]]
	jq -e '[.variants[].runs[] | .requests == 123.5 and .requests_failed == 4 and .latency_median == 0.0015 and .latency_p99 == 2]
		| all' result.json
	jq -e '[.variants[1].runs[] | .connections == 21 and .cpu > 0] | all' result.json
	[[ $(sha256sum a.db) == "$before" ]]
	none_left
}

@test "ab kills a server that does not end, and says so" {
	make_server
	APP_TIMEOUT=120 run_app "$sqlprod" ab -n 1 --warmup 0 -B sqlprod=off --db a.db --load 'rm port' --ready 'test -e port' -- \
		python3 server.py stubborn
	[[ $output == *'the server did not end within'* ]]
	none_left
}

@test "a server that ends too early, or a load that fails, counts as a failed run of ab" {
	make_server
	run_app 3 "$sqlprod" ab -n 1 --warmup 0 --db a.db --load true --ready false -- python3 server.py dies
	[[ $output == *'runs failed: the server ended with 3 before it answered'* ]]
	rm port
	run_app 3 "$sqlprod" ab -n 1 --warmup 0 --db a.db --load 'rm port; exit 7' --ready 'test -e port' -- python3 server.py
	[[ $output == *'runs failed: the load ended with 7'* ]]
	run_app 3 "$sqlprod" ab -n 1 --warmup 0 --db a.db --load 'kill $(cut -d" " -f2 port); rm port; sleep 1' --ready 'test -e port' -- \
		python3 server.py
	[[ $output == *'runs failed: the server ended under the load'* ]]
	none_left
}

@test "Ctrl-C ends ab's server and load" {
	make_server
	before=$(sha256sum a.db)
	start_plain ab "$sqlprod" ab --db a.db --load 'python3 ask.py 1; touch loading; sleep 60' --ready 'test -e port' -- python3 server.py
	until [[ -e loading ]]; do sleep 0.05; done
	kill -INT "$(pgrep -P "$started" -f ab/main.py)"
	finish "$started" ab 130
	[[ $(sha256sum a.db) == "$before" && ! -e a.db.sqlprod-ab ]]
	none_left
}

@test "ab reads the results of hey and ApacheBench" {
	make_server
	cat >hey <<-'END'
		Summary:
		  Requests/sec: 812.4000
		Latency distribution:
		  50% in 0.0123 secs
		  99% in 0.2000 secs
		Status code distribution:
		  [200] 900 responses
		  [500] 7 responses
		Error distribution:
		  [3] Get "http://127.0.0.1:1/": EOF
	END
	cat >ab <<-'END'
		Failed requests:        5
		Requests per second:    99.25 [#/sec] (mean)
		  50%     10
		  99%    250
	END
	run_app "$sqlprod" ab -n 1 --warmup 0 --db a.db --load 'cat hey; rm port' --ready 'test -e port' --json result.json -- python3 server.py
	jq -e '.variants[0].runs[0] | .requests == 812.4 and .requests_failed == 7 and .socket_errors == 3 and .latency_median == 0.0123
		and .latency_p99 == 0.2' result.json
	run_app "$sqlprod" ab -n 1 --warmup 0 --db a.db --load 'cat ab; rm port' --ready 'test -e port' --json result.json -- python3 server.py
	jq -e '.variants[0].runs[0] | .requests == 99.25 and .requests_failed == 5 and .latency_median == 0.01 and .latency_p99 == 0.25' \
		result.json
}
