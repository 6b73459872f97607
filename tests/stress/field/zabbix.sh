# Zabbix' proxy: it makes its database, some ten processes of it write there, for agents that register five at once; it is started twice.
cat >proxy.conf <<C
Server=127.0.0.1:19999
Hostname=proxy
ListenPort=19998
ListenIP=127.0.0.1
LogFile=$PWD/proxy.log
PidFile=$PWD/proxy.pid
SocketDir=$PWD
DBName=$PWD/proxy.db
StartTrappers=5
StartPollers=2
StartPingers=0
HousekeepingFrequency=1
AllowRoot=1
C
cat >agent.py <<'P'
import json, socket, struct, sys, time
for i in range(12):
    request = json.dumps({"request": "active checks", "host": "host-%s-%d" % (sys.argv[1], i), "host_metadata": "m"}).encode()
    for _ in range(300):
        try: agent = socket.create_connection(("127.0.0.1", 19998), 5); break
        except OSError: time.sleep(0.2)
    agent.settimeout(60)
    agent.sendall(b"ZBXD\1" + struct.pack("<Q", len(request)) + request)
    answer = b""
    while part := agent.recv(4096): answer += part
    print(answer[13:].decode())
P
for round in 1 2; do
	$with zabbix_proxy -f -c proxy.conf >/dev/null 2>&1 &
	proxy=$!
	agents=
	for i in 1 2 3 4 5; do
		python3 agent.py $round$i >answers.$round$i 2>&1 &
		agents="$agents $!"
	done
	# shellcheck disable=SC2086 # a list of numbers
	wait $agents
	kill $proxy
	wait $proxy
	echo "ended $?"
done
cat answers.* | sed 's/host-[0-9-]*/HOST/' | sort | uniq -c
grep -ciE 'locked|\[Z3|query failed|crash' proxy.log
$nobody sqlite3 -readonly proxy.db 'SELECT count(DISTINCT host), count(*) FROM proxy_autoreg_host'
