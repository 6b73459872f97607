# fail2ban: a server that keeps its bans over a restart, ten clients at once, and another user who looks.
export PYTHONDONTWRITEBYTECODE=1
cp -r /etc/fail2ban c
rm -rf c/jail.d/* c/jail.conf
cat >c/jail.local <<J
[DEFAULT]
bantime = 1d
[j]
enabled = true
filter =
logpath = $PWD/log
backend = polling
action =
J
printf '[Definition]\nlogtarget = %s\ndbfile = %s\nsocket = %s\npidfile = %s\n' "$PWD/f.log" "$PWD/f.sqlite3" "$PWD/f.sock" "$PWD/f.pid" >c/fail2ban.local
: >log
client() { $with fail2ban-client -c c -s "$PWD/f.sock" -p "$PWD/f.pid" "$@"; }
client start >/dev/null
for i in 0 1 2 3 4 5 6 7 8 9; do client set j banip "192.0.2.$i" >/dev/null & done
wait
client set j unbanip 192.0.2.3
client stop >/dev/null
client start >/dev/null
until client get j banip 2>/dev/null | grep -q 192.0.2.9; do sleep 0.1; done
client get j banip | tr ' ' '\n' | sort
client stop >/dev/null
while [ -e f.pid ]; do sleep 0.1; done
sqlite3 f.sqlite3 'SELECT ip FROM bips ORDER BY 1'
grep -E 'ERROR|locked' f.log
rm -rf c f.log log
