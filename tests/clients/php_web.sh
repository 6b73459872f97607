#!/bin/bash
# php_web.sh DATABASE builtin-pdo|fpm-pdo|fpm-sqlite3 - runs a PHP client inside a web server: PHP's own, or php-fpm.
set -eu
pages=$(dirname "$(realpath "$0")")
database=$(realpath "$1") server=${2%-*} page=php_${2#*-}.php
folder=$(mktemp -d)
mkfifo "$folder/in" "$folder/out"
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
query="database=$database&in=$folder/in&out=$folder/out"

builtin_start() {
	port=$(env -u LD_PRELOAD python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
	php -S "127.0.0.1:$port" -t "$pages" >"$folder/log" 2>&1 <&- &
	until grep -qs started "$folder/log"; do sleep 0.05; done
}

builtin_ask() {
	env -u LD_PRELOAD python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()' \
		"http://127.0.0.1:$port/$page?$query"
}

fpm_start() {
	printf '%s\n' '[global]' "error_log = $folder/log" '[www]' "listen = $folder/socket" 'clear_env = no' 'pm = static' \
		'pm.max_children = 1' >"$folder/fpm.conf"
	[ "$(id -u)" -ne 0 ] || printf '%s\n' 'user = root' 'group = root' >>"$folder/fpm.conf"
	# it starts a session of its own, out of reach of who ends ours
	setpriv --pdeathsig TERM "$(compgen -c php-fpm | sort | head -n 1)" --nodaemonize --allow-to-run-as-root --fpm-config "$folder/fpm.conf" \
		>>"$folder/log" 2>&1 <&- &
	until [[ -S $folder/socket ]]; do sleep 0.05; done
}

fpm_ask() {
	env -u LD_PRELOAD REQUEST_METHOD=GET SCRIPT_FILENAME="$pages/$page" SCRIPT_NAME="/$page" QUERY_STRING="$query" \
		cgi-fcgi -bind -connect "$folder/socket" >"$folder/answer" <&-
}

# The page talks by files: a server's own standard input and output are not what its client sees.
cat "$folder/out" &
shown=$!
{
	read -r line
	echo "$line" >"$folder/in"
} <&0 &
"${server}_start"
"${server}_ask"
wait "$shown"
