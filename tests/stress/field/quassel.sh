# Quassel: three users registered, one password changed; their three sessions in one core, which log what an IRC server says to each.
export DB_BACKEND=SQLite AUTH_AUTHENTICATOR=Database
core() { $with quasselcore -c c --config-from-environment "$@" 2>&1 | grep -iE 'locked|added user|success|fail|\[Error\]' | grep -v 'Schema is missing'; }
for user in ann bob kim; do printf '%s\n' $user secret secret | core --add-user; done
printf 'new\nnew\n' | core --change-userpass bob

cat >irc.py <<'P'
# An IRC server: once three clients are there, it says 40 lines to each.
import socket, threading
listener = socket.create_server(("127.0.0.1", 0))
open("port", "w").write(str(listener.getsockname()[1]))
joined, heard = threading.Barrier(3), threading.Barrier(3)
def serve(peer):
    nick = None
    def say(text): peer.sendall((text + "\r\n").encode())
    for line in peer.makefile(errors="replace"):
        word = line.split()
        if not word: continue
        if word[0] == "CAP" and word[1] == "LS": say(":s CAP * LS :")
        if word[0] == "NICK": nick = word[1]
        if word[0] == "USER":
            say(f":s 001 {nick} :Welcome")
            say(f":s 376 {nick} :End")
            for channel in "#one", "#two": say(f":{nick}!u@h JOIN {channel}")
            joined.wait()
            for i in range(40): say(f":other{i % 7}!u@h PRIVMSG {('#one', '#two', nick)[i % 3]} :line {i} for {nick}")
            say("PING :end")
        if word[0] == "PONG" and word[-1].lstrip(":") == "end":
            heard.wait()
            open("heard", "w")
        if word[0] == "QUIT": return peer.shutdown(socket.SHUT_RDWR)
for _ in range(3): threading.Thread(target=serve, args=(listener.accept()[0],)).start()
P
of_type=0000007f000000000755736572496400 # the head of a QVariant: UserId
python3 irc.py &
server=$!
until [ -s port ]; do sleep 0.1; done
port=$(cat port)
# what a client sets up: an identity, a network that connects by itself, and that its session was open
sqlite3 c/quassel-storage.sqlite "
	INSERT INTO identity(identityid, userid, identityname, realname, autoawaytime, ident) SELECT userid, userid, 'mine', username, 10, username FROM quasseluser;
	INSERT INTO identity_nick(identityid, nick) SELECT userid, username FROM quasseluser;
	INSERT INTO network(networkid, userid, networkname, identityid, unlimitedmessagerate, connected) SELECT userid, userid, 'net', userid, 1, 1 FROM quasseluser;
	INSERT INTO ircserver(userid, networkid, hostname, port) SELECT userid, userid, '127.0.0.1', $port FROM quasseluser;
	INSERT INTO core_state VALUES('active_sessions', x'00000003${of_type}00000001${of_type}00000002${of_type}00000003')"
$with quasselcore -c c --config-from-environment --listen 127.0.0.1 --port $((port > 40000 ? port - 9999 : port + 9999)) >log 2>&1 &
core=$!
for _ in $(seq 200); do
	[ ! -e heard ] || break
	sleep 0.1
done
kill $core
for _ in $(seq 100); do
	[ -e /proc/$core/stat ] || break
	sleep 0.1
done
kill -9 $core $server 2>/dev/null
wait $core $server 2>/dev/null
grep -o 'database is locked' log | sort -u
sqlite3 c/quassel-storage.sqlite "SELECT username, count(*) FROM backlog JOIN buffer USING(bufferid) JOIN quasseluser USING(userid) WHERE message LIKE 'line %' GROUP BY 1"
rm -f log port heard irc.py
