# MPD's stickers: set by five clients at once, found, deleted, kept over a restart, read by another user.
mkdir music playlists
for i in 1 2 3; do
	printf 'RIFF\044\010\0\0WAVEfmt \020\0\0\0\001\0\001\0\104\254\0\0\210\130\001\0\002\0\020\0data\0\010\0\0' >music/a$i.wav
	head -c 2048 /dev/zero >>music/a$i.wav
done
cat >m.conf <<C
music_directory "$PWD/music"
playlist_directory "$PWD/playlists"
db_file "$PWD/db"
sticker_file "$PWD/sticker.sql"
state_file "$PWD/state"
pid_file "$PWD/pid"
log_file "$PWD/log"
bind_to_address "$PWD/socket"
audio_output {
	type "null"
	name "none"
}
C
start() {
	$with mpd --no-daemon m.conf >/dev/null 2>&1 &
	server=$!
	for _ in $(seq 200); do
		mpc -h "$PWD/socket" version >/dev/null 2>&1 && break
		sleep 0.1
	done
}
client() { mpc -q -h "$PWD/socket" "$@"; }
start
client update --wait
for i in 1 2 3 4 5; do for j in 1 2 3; do client sticker a$j.wav set n$i $((i * j)); done & done
wait $(jobs -p | grep -vx $server)
client sticker a1.wav delete n1
client sticker a2.wav list
kill $server
wait $server
start
client sticker a1.wav list
client sticker "" find n2
$nobody sqlite3 -readonly sticker.sql 'SELECT count(*) FROM sticker'
kill $server
wait $server
$nobody sqlite3 -readonly sticker.sql 'SELECT count(*), sum(value) FROM sticker'
grep -iE 'sqlite|locked' log
rm -f log state db socket
