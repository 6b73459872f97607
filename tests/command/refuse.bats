# sqlprod run refuses what the library cannot work in, before it starts.
load sqlprod

program() {
	printf '#include <stdio.h>\nint main(void) { puts("started"); return 0; }\n' | cc -x c -o "$@" -
}

# In an ELF file, the place of the entry of its program header table that names the loader.
loader_entry() {
	python3 - "$1" <<-'END'
		import struct, sys
		data = open(sys.argv[1], "rb").read()
		wide = data[4] == 2
		start, = struct.unpack_from("<Q" if wide else "<I", data, 32 if wide else 28)
		size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
		print(next(start + i * size for i in range(count) if data[start + i * size] == 3))
	END
}

loader_place() {
	grep -abo -m1 '/lib[^[:cntrl:]]*/ld-linux[^[:cntrl:]]*' "$1" | head -n 1 | cut -d: -f1
}

@test "sqlprod refuses a static program, not a dynamic one" {
	program static -static
	run_plain ./static
	run_app 125 "$sqlprod" ./static
	expect_refused './static: is fully static: *'
	program pie -static-pie
	run_app 125 "$sqlprod" ./pie
	expect_refused './pie: is fully static: *'
	program dynamic
	run_app "$sqlprod" ./dynamic
	expect started
	program fixed -no-pie
	run_app "$sqlprod" ./fixed
	expect started
}

@test "a program without PT_INTERP counts as static" {
	program dynamic
	patch_elf dynamic patched "$(loader_entry dynamic)" '\0'
	run_app 125 "$sqlprod" ./patched
	expect_refused './patched: is fully static: *'
}

@test "a program for another machine or of another size is refused" {
	program dynamic
	patch_elf dynamic small 4 '\001'
	run_app 125 "$sqlprod" ./small
	expect_refused './small: is a 32-bit program *'
	patch_elf dynamic foreign 18 '\xf3'
	run_app 125 "$sqlprod" ./foreign
	expect_refused './foreign: is for another machine *'
}

@test "a program of another libc is refused" {
	program dynamic
	patch_elf dynamic musl "$(loader_place dynamic)" '/lib/ld-musl-x86.so.1\0'
	run_app 125 "$sqlprod" ./musl
	expect_refused './musl: is built for musl, *'
	patch_elf dynamic other "$(loader_place dynamic)" '/system/bin/linker64\0'
	run_app 125 "$sqlprod" ./other
	expect_refused './other: is built for another libc *'
}

@test "a program started through ld.so is not refused" {
	program dynamic
	loader=$(sqlprod_loader)
	run_app "$sqlprod" "$loader" ./dynamic
	expect started
}

sqlprod_loader() {
	tail -c +"$(($(loader_place dynamic) + 1))" dynamic | tr '\0' '\n' | head -n 1
}

@test "a script is refused for its interpreter, however it is named" {
	program static -static
	script() {
		printf '%b' "$1" >script
		chmod +x script
	}
	for line in "#!$PWD/static" "#! $PWD/static -x" "#!/usr/bin/env static" "#!/usr/bin/env -S static -x" "#!/usr/bin/env -S A=1 static" \
		"#!/usr/bin/env -Sstatic"; do
		script "$line\n"
		PATH=$PWD:$PATH run_app 125 "$sqlprod" ./script
		expect_refused "./script: its interpreter $PWD/static is fully static: *"
	done
	script "#!$PWD/static"
	printf '#!%s/script\n' "$PWD" >second
	chmod +x second
	run_app 125 "$sqlprod" ./second
	expect_refused "./second: its interpreter $PWD/static is fully static: *"
}

@test "a script of a dynamic interpreter runs, one without #! too" {
	printf '#!/bin/sh\necho started\n' >script
	printf '#!/usr/bin/env sh\necho started\n' >second
	printf 'echo started\n' >third
	chmod +x script second third
	for script in ./script ./second ./third; do
		run_app "$sqlprod" "$script"
		expect started
	done
}

@test "a script whose interpreter is missing, or is the script itself, has its own message" {
	printf '#!/nowhere/sh\n' >script
	chmod +x script
	run_app 127 "$sqlprod" ./script
	expect_refused './script: its interpreter /nowhere/sh does not exist'
	printf '#!%s/loop\n' "$PWD" >loop
	chmod +x loop
	run_app any "$sqlprod" ./loop
	[[ $status -ne 0 ]]
}

@test "setuid and setgid programs of others are refused, one's own are not" {
	need_root
	program dynamic
	cp dynamic setgid
	cp dynamic own
	mv dynamic setuid
	chmod 4755 setuid
	chmod 2755 setgid
	chown 65534:65534 own
	chmod 6755 own
	as_nobody 125 "$sqlprod" ./setuid
	expect_refused './setuid: is setuid, *'
	as_nobody 125 "$sqlprod" ./setgid
	expect_refused './setgid: is setgid, *'
	as_nobody 0 "$sqlprod" ./own
	expect started
	run_app "$sqlprod" ./setuid
	expect started
	run_app 125 "$sqlprod" ./own
}

@test "a program with file capabilities is refused if they would be gained" {
	need_root
	program dynamic
	PATH=$PATH:/usr/sbin:/sbin setcap cap_net_raw+ep dynamic || skip "no file capabilities here"
	as_nobody 125 "$sqlprod" ./dynamic
	expect_refused './dynamic: has file capabilities, *'
	run_app "$sqlprod" ./dynamic
	expect started
}

@test "exactly those programs are refused that ld.so would not load the library into" {
	need_root
	cat >show.c <<-'END'
		#include <stdio.h>
		#include <string.h>
		int main(void)
		{
			char line[4096];
			FILE *maps = fopen("/proc/self/maps", "r");
			while (fgets(line, sizeof(line), maps))
				if (strstr(line, "libsqlprod.so"))
					return puts("served"), 0;
			return puts("not served"), 0;
		}
	END
	cc -o show show.c
	cp show setuid
	chmod 4755 setuid
	as_nobody 0 env LD_PRELOAD="$library" ./show
	expect served
	as_nobody 0 env LD_PRELOAD="$library" ./setuid
	expect 'not served'
	run_app env LD_PRELOAD="$library" ./setuid
	expect served
}

@test "a missing command exits with 127, one that cannot be run with 126" {
	run_app 127 "$sqlprod" no-such-command
	expect_refused 'no-such-command: not found'
	run_app 127 "$sqlprod" ./no-such-command
	expect_refused './no-such-command: no such file'
	run_app 127 "$sqlprod" ''
	expect_refused "the command's name is empty"
	run_app 126 "$sqlprod" /
	expect_refused '/: is a folder'
	: >plain
	run_app 126 "$sqlprod" ./plain
	expect_refused './plain: not executable'
	mkdir first second
	printf '#!/bin/sh\necho second\n' >second/both
	: >first/both
	chmod +x second/both
	PATH=$PWD/first:$PWD/second:$PATH run_app "$sqlprod" both
	expect second
	PATH=$PWD/first:$PATH run_app 126 "$sqlprod" both
}
