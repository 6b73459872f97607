# Services of a machine that runs systemd, in namespaces of its own (machine/boot): what an operator does there, in README's words.
load ../harness/harness

machine=$root/tests/stress/machine
services=$root/tests/stress/services

@test "check --all names units and drop-ins; README's section brings the library into a service and out again; hardened units work" {
	[[ $(id -u) == 0 ]] || skip 'needs root'
	run_app 0 make -s -C "$root" BUILD="$build" DESTDIR="$scratch/over" PREFIX=/usr/local install
	mkdir -p "$scratch/over/srv" "$scratch/over/etc"
	cp "$services/app.py" "$services/booted" "$scratch/over/srv"
	echo '127.0.0.1 localhost machine' >"$scratch/over/etc/hosts"
	echo machine >"$scratch/over/etc/hostname"
	sed -n '/^## A service/,/^## What/p' "$root/README.md" >"$scratch/over/srv/readme"
	APP_TIMEOUT=500 run_app "$machine/boot" "$scratch/over:$build/services/tree" none /srv/booted
	diff "$services/expected" "$scratch/stdout"
}
