# command-not-found: its database of commands made from an archive's list, anew over the old one, asked by another user.
cat >Commands-amd64 <<'C'
suite: bookworm
component: main
arch: amd64

name: hello
version: 2.10-3
commands: hello,hallo

name: sl
version: 5.02-1
commands: sl,LS
priority-bonus: 5
C
cat >make.py <<'P'
import sys
sys.path.append('/usr/share/command-not-found')
from CommandNotFound.db.creator import DbCreator
DbCreator(['Commands-amd64']).create('commands.db')
P
cat >ask.py <<'P'
import sys
sys.path.append('/usr/share/command-not-found')
from CommandNotFound.db.db import SqliteDatabase
for command in sys.argv[1:]:
    print(command, sorted(SqliteDatabase('commands.db').lookup(command)))
P
$with /usr/bin/python3 -B make.py
$with /usr/bin/python3 -B ask.py hello LS no
$with $nobody /usr/bin/python3 -B ask.py hello
printf '\nname: cowsay\nversion: 3.03-1\ncommands: cowsay\n' >>Commands-amd64
$with /usr/bin/python3 -B make.py
$nobody /usr/bin/python3 -B ask.py hallo cowsay
rm commands.db.metadata
