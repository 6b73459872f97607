# Dovecot: passwords and users looked up in SQL by a server, beside a writer; and by doveadm alone.
$with sqlite3 u.db "CREATE TABLE users(name TEXT PRIMARY KEY, password TEXT, home TEXT); INSERT INTO users VALUES('bob', '{PLAIN}one', '/srv/bob')"
cat >sql.conf <<C
driver = sqlite
connect = $PWD/u.db
password_query = SELECT name AS user, password FROM users WHERE name = '%u'
user_query = SELECT home, 65534 AS uid, 65534 AS gid FROM users WHERE name = '%u'
iterate_query = SELECT name AS username FROM users
C
cat >d.conf <<C
base_dir = $PWD/run
state_dir = $PWD/run
log_path = $PWD/log
protocols =
ssl = no
import_environment = TZ LD_PRELOAD
mail_location = maildir:%h
passdb {
  driver = sql
  args = $PWD/sql.conf
}
userdb {
  driver = sql
  args = $PWD/sql.conf
}
C
mkdir run
chmod 755 .
$with dovecot -F -c d.conf &
server=$!
for _ in $(seq 200); do
	[ ! -S run/auth-master ] || break
	sleep 0.1
done
ask() { doveadm -c d.conf "$@" 2>&1 | sed 's/\x1b[^m]*m//g'; }
ask auth test bob one | head -1
ask auth test bob two | head -1
for name in eve kim; do $with sqlite3 u.db "INSERT INTO users VALUES('$name', '{PLAIN}two', '/srv/$name')"; done
ask auth test eve two | head -1
ask user kim
ask user '*' | sort
[ -z "$with" ] || grep -q libsqlprod.so "/proc/$(pgrep -P $server -f auth | head -1)/maps" || echo "not in the process that asks"
kill $server
wait $server
grep -iE 'sqlite|locked' log
rm -rf run log
