# elsewhere.sh - commands whose program does not get this environment: what to do instead.
#
# Some start it with an environment of their own (sudo), some have another process start it (docker), some it is not there yet (go run).
# shellcheck shell=sh

# elsewhere_refuse NAME ARGUMENT... - ends with 125 and a message for such a command. A program of that name somewhere else is another one.
elsewhere_refuse() (
	# A longer path names nothing, and ${1##*/} takes seconds for one of 100 KB.
	[ ${#1} -lt 4096 ] || exit 0
	case $1 in
		*/*)
			case ${1%/*} in
				/bin | /sbin | /usr/bin | /usr/sbin | /usr/local/bin | /usr/local/sbin | /usr/local/go/bin) ;;
				*) exit ;;
			esac
			;;
	esac
	advice=$(elsewhere_advice "$@")
	[ -z "$advice" ] || fail 125 "${1##*/}: $advice"
	case ${1##*/} in
		chrt | env | ionice | nice | nohup | setsid | stdbuf | taskset | time | timeout) elsewhere_refuse_next "$@" ;;
	esac
)

# elsewhere_refuse_next NAME ARGUMENT... - the same for the command that such a one becomes: nice -n 5 docker run app.
elsewhere_refuse_next() {
	shift
	while [ $# -gt 0 ]; do
		case $1 in
			# with a value that is no number: a name, a folder, a signal, a file, a class
			-u | -C | -s | -o | -c) [ $# -lt 2 ] || shift ;;
			-* | *=* | [0-9]*) ;;
			*) break ;;
		esac
		shift
	done
	[ $# -eq 0 ] || elsewhere_refuse "$@"
}

elsewhere_advice() (
	name=${1##*/}
	shift
	case $name in
		sudo)
			elsewhere_has '--preserve-env=*LD_PRELOAD*' "$@" && [ "$(id -u)" -eq 0 ] && exit
			echo "starts its command without LD_PRELOAD; put sqlprod after it: sudo -u USER sqlprod COMMAND"
			;;
		doas | pkexec) echo "starts its command without LD_PRELOAD; put sqlprod after it: $name ... sqlprod COMMAND" ;;
		su | runuser)
			elsewhere_has '-' "$@" || elsewhere_has '-l*' "$@" || elsewhere_has '--login' "$@" || exit
			echo "starts a login without LD_PRELOAD; put sqlprod into it: $name - USER -c 'sqlprod COMMAND'"
			;;
		env)
			elsewhere_has '-' "$@" || elsewhere_has '-i' "$@" || elsewhere_has '--ignore-environment' "$@" || exit
			echo "starts its command without LD_PRELOAD; put sqlprod after it: env -i sqlprod COMMAND"
			;;
		buildah | crictl | ctr | docker | docker-compose | incus | kubectl | lxc | nerdctl | oc | podman | podman-compose)
			echo "another process starts the program, in an image that has its own files: put the library into the image, and ENV LD_PRELOAD (see README), or start the container with -v $sqlprod_library:/usr/lib/libsqlprod.so:ro -e LD_PRELOAD=/usr/lib/libsqlprod.so"
			;;
		machinectl | systemd-nspawn) echo "starts the program in a container with its own files and environment: put sqlprod into it: $name ... sqlprod COMMAND" ;;
		supervisorctl) echo "supervisord starts the program, with its own environment: in its section, environment=LD_PRELOAD=\"$sqlprod_library\"" ;;
		rc-service) echo "OpenRC starts the program, with its own environment: in /etc/conf.d/NAME, export LD_PRELOAD=$sqlprod_library" ;;
		systemctl | service)
			echo "systemd starts the program, with its own environment: systemctl edit NAME, and there [Service] Environment=LD_PRELOAD=$sqlprod_library"
			;;
		systemd-run)
			! elsewhere_has '--scope' "$@" || exit
			echo "systemd starts the program, with its own environment: systemd-run -E LD_PRELOAD=$sqlprod_library ..., or put sqlprod after it"
			;;
		ssh) echo "the program runs on another machine: ssh HOST sqlprod COMMAND, with sqlprod installed there" ;;
		flatpak | snap) echo "starts the program in a sandbox with its own files, where the library is not" ;;
		go)
			case ${1-}:$#:${2-} in
				run:1:* | run:2:[!-]*) echo "is a static program, and builds the other one first: go build -o app ${2:-.} && sqlprod ./app" ;;
				run:* | test:*) echo "is a static program, and builds the other one first: go $(elsewhere_go "$@")" ;;
			esac
			;;
	esac
)

# elsewhere_go run|test ARGUMENT... - with the option of both that names what starts the other program.
elsewhere_go() (
	verb=$1
	shift
	echo "$verb -exec sqlprod${*:+ $*}"
)

# elsewhere_has PATTERN ARGUMENT... - is there such an argument before the command?
elsewhere_has() {
	wanted=$1
	shift
	for argument; do
		# shellcheck disable=SC2254 # a pattern
		case $argument in
			$wanted) return 0 ;;
			--) break ;;
		esac
	done
	return 1
}
