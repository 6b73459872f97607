# The libraries that are packed, each in a program of its own machine and libc.
load ../harness/harness
load ../harness/reached

targets=(x86_64-linux-gnu aarch64-linux-gnu x86_64-linux-musl aarch64-linux-musl)

# On the machine itself if it is one, else under qemu, with the libc that the compiler or musl's package brings.
emulator() {
	local machine=${1%%-*} libc=/usr/$1
	[[ $1 != *musl ]] || libc=$build/cross/musl/$machine
	if [[ $1 == "$(uname -m)-linux-gnu" ]]; then
		emulate=(env)
	else
		[[ -d $libc ]] || skip "no libc for $1"
		emulate=("qemu-$machine-static" -L "$libc")
	fi
}

foreign_plain() {
	run_app "${emulate[@]}" "$@"
}

foreign_shim() {
	if [[ ${emulate[0]} == env ]]; then
		run_app env LD_PRELOAD="$foreign" "$@"
	else
		run_app "${emulate[@]}" -E LD_PRELOAD="$foreign" "$@"
	fi
}

@test "each is for the machine and the libc that its name says, and old ones of them" {
	for target in "${targets[@]}"; do
		file=$build/cross/$target.so
		machine='X86-64'
		[[ $target != aarch64* ]] || machine=AArch64
		needed=libc.so.6
		[[ $target != *musl ]] || needed=libc.so
		[[ $(LC_ALL=C readelf -h "$file") == *"$machine"* ]]
		[[ $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-linux') == "$needed" ]]
		"$root/scripts/package/check-symbols" "$file"
	done
}

@test "each exports the functions of the export map" {
	for target in "${targets[@]}"; do
		wanted=$(sed -n 's/^\t\([A-Za-z0-9_]*\);$/\1/p' "$root/shim/exports.map" | sort)
		# musl has no functions of these names: its headers make them open, openat, fopen, stat and so on, and it has no fortified ones; statx() it has since 1.2.5 only; those
		# of stdio are glibc's (hook_stdio.c), and fts_open() comes from a library of its own
		[[ $target != *musl ]] || wanted=$(grep -vxE '(open|openat|fopen|freopen|stat|lstat|fstatat|ftw|glob|nftw|scandir|getdents)64|fts(64)?_open|(__)?(fgets(_chk)?|getdelim|getline|uflow)|__(x|lx|fx)stat(at)?(64)?|__open(at)?(64)?_2|statx' <<<"$wanted")
		got=$(readelf --dyn-syms -W "$build/cross/$target.so" | awk '$7 ~ /^[0-9]+$/ && $5 != "LOCAL" { print $8 }' | sort)
		[[ $got == "$wanted" ]] || fail "$target: $(diff <(echo "$wanted") <(echo "$got"))"
	done
}

@test "each answers as a program" {
	for target in "${targets[@]}"; do
		emulator "$target"
		foreign_plain "$build/cross/$target.so" --version
		expect "$("$shim" --version)"
	done
}

@test "each reaches a program of its kind" {
	for target in "${targets[@]}"; do
		emulator "$target"
		foreign=$build/cross/$target.so
		rm -f ./*.db*
		reached 'embedded copy' foreign_plain foreign_shim "$build/cross/victim-$target"
	done
}
