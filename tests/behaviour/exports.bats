# What the library shows to the loader and asks of it.
load ../harness/harness

@test "the library exports exactly the functions of the export map, and each is a hook" {
	[[ -s $shim ]]
	wanted=$(sed -n 's/^\t\([A-Za-z0-9_]*\);$/\1/p' "$root/shim/exports.map" | sort)
	got=$(nm -D --defined-only "$shim" | awk '{ print $3 }' | sort)
	[[ $got == "$wanted" ]] || fail "$(diff <(echo "$wanted") <(echo "$got"))"
	hidden=$(cat "$root"/shim/*/*.c | sed -nE 's/^.*"\.hidden ([a-z0-9_]+)\\n".*/\1/p')
	hooks=$(cat "$root"/shim/*/*.c | sed -nE 's/^HOOK [^(]*\b([A-Za-z0-9_]+)\(.*/\1/p; s/^.*"\.globl ([a-z0-9_]+)\\n".*/\1/p' | grep -vxF "$hidden" | sort -u)
	[[ $hooks == "$wanted" ]] || fail "$(diff <(echo "$wanted") <(echo "$hooks"))"
}

@test "the library has no undefined symbol of SQLite" {
	nm -D --undefined-only "$shim" >"$scratch/undefined"
	[[ -s $scratch/undefined ]]
	! grep sqlite3_ "$scratch/undefined" || fail "would need SQLite"
}

@test "the library needs nothing but libc" {
	needed=$(readelf -d "$shim" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
	allowed='^(libc\.so\.6|ld-linux[-a-z0-9_]*\.so\.[0-9])$'
	glibc=$(getconf GNU_LIBC_VERSION | cut -d' ' -f2)
	# before glibc 2.34 these were libraries of their own
	[[ $(printf '%s\n' "$glibc" 2.34 | sort -V | head -n 1) == 2.34 ]] || allowed='^(lib(c|dl|pthread)\.so\.[0-9]|ld-linux[-a-z0-9_]*\.so\.[0-9])$'
	for library in $needed; do
		[[ $library =~ $allowed ]] || fail "needs $library"
	done
	[[ $needed == *libc.so.6* ]]
}

@test "the library cannot be unloaded, and nothing relocated in it stays writable" {
	flags=$(readelf -dl "$shim")
	[[ $flags == *NODELETE* && $flags == *NOW* && $flags == *GNU_RELRO* && $flags != *TEXTREL* ]]
	[[ $flags != *' RWE '* ]]
}

# One that the loader relocates, and one with what the constructor notes.
@test "a process without SQLite writes to two pages of the library" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer's own data"
	page=$(($(getconf PAGESIZE) / 1024))
	LD_PRELOAD=$preload sleep 60 3>&- &
	sleeper=$!
	until grep -q ' (sleep) S ' "/proc/$sleeper/stat"; do sleep 0.02; done
	written=$(awk '/^[0-9a-f]+-/ { ours = $6 ~ /libsqlprod/ } ours && $1 == "Anonymous:" { sum += $2 } END { print sum + 0 }' "/proc/$sleeper/smaps")
	kill "$sleeper"
	((written > 0 && written <= 2 * page)) || fail "$written KiB"
}

@test "the library needs no glibc newer than 2.17, whatever it was built on" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer's own calls"
	"$root/scripts/package/check-symbols" "$shim"
	# and the check sees what it looks for
	echo 'int pthread_key_create(unsigned *, void (*)(void *)); int asks(unsigned *key) { return pthread_key_create(key, 0); }
		__asm__(".symver pthread_key_create,pthread_key_create@GLIBC_2.34");' >young.c
	${CC:-cc} -shared -fPIC -o young.so young.c
	run_app 1 "$root/scripts/package/check-symbols" "$shim" young.so
	expect 'young.so: asks for glibc 2.34: pthread_key_create@GLIBC_2.34'
}

@test "functions that new glibcs replace by younger ones are asked for under their old names" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer's own calls"
	printf '#include <%s>\n' stdlib.h stdio.h inttypes.h wchar.h >numbers.c
	echo 'long long asks(const char *text, const wchar_t *wide) { int n = 0; char *end; sscanf(text, "%d", &n); swscanf(wide, L"%d", &n);
		return n + atoi(text) + atol(text) + atoll(text) + strtol(text, &end, 0) + strtoll(text, &end, 10) + (long long)strtoul(text, &end, 8) +
			(long long)strtoull(text, &end, 0) + strtoimax(text, &end, 0) + (long long)strtoumax(text, &end, 0) + wcstol(wide, NULL, 0); }' >>numbers.c
	${CC:-cc} -std=gnu11 -O2 -D_GNU_SOURCE -I"$root/shim" -include base/features.h -shared -fPIC -o numbers.so numbers.c
	"$root/scripts/package/check-symbols" numbers.so
}

# Up to glibc 2.33 these were in libraries that a program need not have; up to 2.29 a version would have them looked for in libc alone.
@test "functions that old glibcs have in libdl or libpthread are weak, and asked for without a version" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer's own calls"
	for function in dlsym dlinfo pthread_attr_setstacksize pthread_create pthread_once pthread_testcancel; do
		readelf --dyn-syms -W "$shim" | grep -qE " WEAK .* UND $function\$" || fail "$function has to be there"
	done
	# and the check sees what it looks for
	echo '#pragma weak dlsym
		void *dlsym(void *, const char *); int puts(const char *); void *asks(void) { puts(""); return dlsym ? dlsym(0, "x") : 0; }
		__asm__(".symver dlsym,dlsym@GLIBC_2.2.5");' >versioned.c
	[[ $(getconf GNU_LIBC_VERSION) == 'glibc 2.'[12]* || $(uname -m) != x86_64 ]] || {
		${CC:-cc} -shared -fPIC -o versioned.so versioned.c
		run_app 1 "$root/scripts/package/check-symbols" versioned.so
		expect 'versioned.so: asks libc.so.6 for dlsym@GLIBC_2.2.5, which up to glibc 2.29 is looked for there alone, and is in libdl or libpthread'
	}
	others=$(readelf --dyn-syms -W "$shim" | grep -E 'GLOBAL.* UND (dl[a-hj-z][a-z]*|pthread_(create|join|key|setspecific|getspecific|rwlock)[a-z_]*|sem_[a-z]+)@') || true
	[[ -z $others ]] || fail "$others"
}

# The later one calls gl_lstat, which programs did not have to set before.
@test "a program that was linked with a glibc before 2.27 gets the glob() of then" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer's own calls"
	cat >globs.c <<-'END'
		#include <dirent.h>
		#include <glob.h>
		#include <stdio.h>
		#include <string.h>
		#include <sys/stat.h>
		#ifdef OLD
		__asm__(".symver glob,glob@" OLD);
		#endif
		static int calls;
		static int look(const char *name, struct stat *status) { calls++; return lstat(name, status); }
		int main(void)
		{
			glob_t found;

			memset(&found, 0x5a, sizeof(found));
			found.gl_opendir = (void *(*)(const char *))opendir;
			found.gl_readdir = (struct dirent * (*)(void *))readdir;
			found.gl_closedir = (void (*)(void *))closedir;
			found.gl_stat = stat;
		#ifndef OLD
			found.gl_lstat = look;
		#endif
			if (glob("file", GLOB_ALTDIRFUNC, NULL, &found) == 0)
				printf("%zu %d\n", found.gl_pathc, calls);
			return 0;
		}
	END
	case $(getconf GNU_LIBC_VERSION),$(uname -m) in
		*' 2.'?,* | *' 2.1'?,* | *' 2.2'[0-6],*) skip "there is one glob() only" ;;
		*,x86_64) old=GLIBC_2.2.5 ;;
		*,aarch64) old=GLIBC_2.17 ;;
		*) skip "knows no version of this machine's" ;;
	esac
	: >file
	${CC:-cc} -D_GNU_SOURCE -o new globs.c
	${CC:-cc} -D_GNU_SOURCE -DOLD="\"$old\"" -o old globs.c
	for run in run_plain run_shim; do
		$run ./old
		expect '1 0'
		$run ./new
		expect '1 1'
	done
}
