# moves.bash - what becomes of a database whose file moves while it is open. Each function is given the victim: a program that is linked
# to libsqlite3, or one that carries it.

made=('open a a.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)')
write='exec a INSERT INTO t VALUES(2)'
refused='exec 8 attempt to write a readonly database'

# moves VICTIM FILE LINE… - the row is in FILE while the connection is open and after it, a write after the move is refused, and nothing
# is left but the file, with the shim as without it. The lines move a.db.
moves() {
	local victim=$1 file=$2 run
	shift 2
	for run in run_plain run_shim; do
		rm -rf ./* && mkdir folder
		$run "$victim" "${made[@]}" "$@" "$write" "sh observer query $file 'SELECT count(*) FROM t'" 'close a'
		[[ $output == *"$refused"$'\n1\nclose 0' ]] || fail "$run"
		rmdir folder 2>/dev/null || true
		[[ $(find . -type f | sed 's,^\./,,') == "$file" ]] || fail "$run: $(ls)"
		[[ $(observer query "$file" 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'1\nok' ]]
	done
}

# The same where no other program looks at the file before it is closed.
moves_unseen() {
	local victim=$1 file=$2 run
	shift 2
	for run in run_plain run_shim; do
		rm -rf ./*
		$run "$victim" "${made[@]}" "$@" "$write" 'close a'
		[[ $output == *"$refused"$'\nclose 0' ]] || fail "$run"
		[[ $(find . -type f | sed 's,^\./,,') == "$file" ]] || fail "$run: $(ls)"
		[[ $(observer query "$file" 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'1\nok' ]]
	done
}

by_the_process() {
	moves "$1" b.db 'rename a.db b.db'
	moves "$1" b.db "rename $PWD/a.db $PWD/b.db"
	moves "$1" folder/b.db 'renameat a.db folder/b.db'
	moves "$1" b.db 'noreplace a.db b.db'
	moves_unseen "$1" b.db 'link a.db b.db' 'unlink a.db'
	moves_unseen "$1" b.db 'linkat a.db b.db' 'unlink a.db'
}

by_another_process() {
	moves_unseen "$1" b.db 'sh mv a.db b.db'
	moves_unseen "$1" b.db 'sh ln a.db b.db; rm a.db'
	moves_unseen "$1" folder2/a.db 'sh mkdir folder2; mv a.db folder2/'
}

killed_after_the_move() {
	local run
	for run in run_plain run_shim; do
		rm -rf ./*
		$run "$1" "${made[@]}" 'rename a.db b.db' '_exit 0'
		[[ $(observer query b.db 'SELECT count(*) FROM t') == 1 ]] || fail "$run"
		cp b.db c.db
		[[ $(observer query c.db 'SELECT count(*) FROM t') == 1 ]] || fail "$run"
	done
}

there_and_back() {
	local run
	for run in run_plain run_shim; do
		rm -rf ./*
		$run "$1" "${made[@]}" 'rename a.db b.db' 'rename b.db a.db' "$write" 'close a'
		expect $'open 0\nexec 0\nexec 0\nrename 0\nrename 0\nexec 0\nclose 0'
		[[ $(ls) == a.db && $(observer query a.db 'SELECT count(*) FROM t') == 2 ]] || fail "$run"
	done
}

exchanged() {
	local run
	for run in run_plain run_shim; do
		rm -rf ./*
		$run "$1" "${made[@]}" 'open b b.db' 'exec b CREATE TABLE u(x); INSERT INTO u VALUES(1),(2)' 'exchange a.db b.db' \
			'sh observer query a.db "SELECT count(*) FROM u"; observer query b.db "SELECT count(*) FROM t"' 'close a' 'close b'
		[[ $output == *$'\n2\n1\nclose 0\nclose 0' ]] || fail "$run"
		[[ $(observer query a.db 'SELECT count(*) FROM u') == 2 && $(observer query b.db 'SELECT count(*) FROM t') == 1 ]]
		[[ $(echo ./*) == './a.db ./b.db' ]] || fail "$run: $(ls)"
	done
}

replaced_by_the_process() {
	local run
	for run in run_plain run_shim; do
		rm -rf ./*
		$run "$1" "${made[@]}" 'sh observer query b.db "CREATE TABLE u(x); INSERT INTO u VALUES(1),(2)"' 'rename b.db a.db' "$write" \
			'sh observer query a.db "INSERT INTO u VALUES(3); SELECT count(*) FROM u"' 'close a'
		[[ $output == *"$refused"$'\n3\nclose 0' ]] || fail "$run"
		[[ $(observer query a.db 'SELECT count(*) FROM u; PRAGMA integrity_check') == $'3\nok' && $(ls) == a.db ]]
	done
}

opened_again() {
	local run
	for run in run_plain run_shim; do
		rm -rf ./*
		$run "$1" "${made[@]}" 'sh mv a.db b.db' 'open b b.db' 'exec b INSERT INTO t VALUES(3)' 'exec a SELECT count(*) FROM t' \
			'close a' 'exec b SELECT count(*) FROM t; PRAGMA integrity_check' 'close b'
		expect $'open 0\nexec 0\nexec 0\nopen 0\nexec 0\n2\nexec 0\nclose 0\n2\nok\nexec 0\nclose 0'
		[[ $(observer query b.db 'SELECT count(*) FROM t') == 2 && $(ls) == b.db ]] || fail "$run: $(ls)"
	done
}

deleted() {
	local run
	for run in run_plain run_shim; do
		rm -rf ./*
		$run "$1" "${made[@]}" 'unlink a.db' "$write" 'close a'
		[[ $output == *"$refused"$'\nclose 0' && -z $(ls) ]] || fail "$run: $(ls)"
	done
}

made_again() {
	local run
	for run in run_plain run_shim; do
		rm -rf ./*
		$run "$1" "${made[@]}" 'unlink a.db' 'open b a.db' 'exec b CREATE TABLE u(x); INSERT INTO u VALUES(1)' \
			'exec a SELECT count(*) FROM t' 'close a' 'exec b INSERT INTO u VALUES(2)' 'close b'
		[[ $output == *$'\n1\nexec 0\nclose 0\nexec 0\nclose 0' ]] || fail "$run: $output"
		[[ $(observer query a.db 'SELECT count(*) FROM u; PRAGMA integrity_check') == $'2\nok' ]] || fail "$run: $output"
	done
}

# public - in a folder whose files all may read and only the owner may write: there -wal and -shm stay after the last close.
public() {
	chmod 755 "$scratch" "$scratch/work"
	umask 022
	rm -rf ./*
}

# As a user who may only read, without the shim.
public_reader() {
	timeout 30 setpriv --reuid=65534 --regid=65534 --clear-groups sqlite3 -readonly "$1" "$2" 2>&1
}

renamed_after_the_close() {
	local run move
	for run in run_plain run_shim; do
		for move in rename renameat noreplace; do
			public
			$run "$1" "${made[@]}" 'close a' "$move a.db b.db"
			[[ $output == *$'\nclose 0\n'"$move 0" && $(public_reader b.db 'SELECT count(*) FROM t') == 1 ]] || fail "$run $move"
			[[ $(ls) == b.db || $run == run_shim && $(echo ./*) == './b.db ./b.db-shm ./b.db-wal' ]] || fail "$run $move: $(ls)"
		done
	done
}

# By its process, by another one, and to another folder.
renamed_before_the_close() {
	local run move
	for run in run_plain run_shim; do
		for move in 'rename a.db b.db' 'renameat a.db b.db' 'sh mv a.db b.db' 'sh mkdir f; mv a.db f/b.db'; do
			public
			$run "$1" "${made[@]}" "$move" 'close a'
			file=$(find . -name b.db)
			[[ $output == *$'\nclose 0' && $(public_reader "$file" 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'1\nok' ]] || fail "$run $move"
			[[ $(find . -type f | sort) == "$file" || $run == run_shim && $(find . -type f | sort) == "$file"$'\n'"$file-shm"$'\n'"$file-wal" ]] ||
				fail "$run $move: $(find . -type f)"
		done
	done
}

# What many programs do to publish a new state.
made_anew_and_renamed() {
	local run
	for run in run_plain run_shim; do
		public
		$run "$1" "${made[@]}" 'close a'
		$run "$1" 'open b new.db' 'exec b CREATE TABLE t(x); INSERT INTO t VALUES(1),(2),(3)' 'close b' 'rename new.db a.db' 'open a a.db' \
			'exec a INSERT INTO t VALUES(4)' 'close a'
		[[ $(public_reader a.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'4\nok' ]] || fail "$run"
		[[ $(ls) == a.db || $run == run_shim && $(echo ./*) == './a.db ./a.db-shm ./a.db-wal' ]] || fail "$run: $(ls)"
	done
}

exchanged_after_the_close() {
	local run
	for run in run_plain run_shim; do
		public
		$run "$1" "${made[@]}" 'close a' 'open b b.db' 'exec b CREATE TABLE u(x); INSERT INTO u VALUES(1),(2)' 'close b' 'exchange a.db b.db'
		[[ $(public_reader b.db 'SELECT count(*) FROM t') == 1 && $(public_reader a.db 'SELECT count(*) FROM u') == 2 ]] || fail "$run"
	done
}

deleted_after_the_close() {
	local run way
	for run in run_plain run_shim; do
		for way in unlink unlinkat remove; do
			public
			$run "$1" "${made[@]}" 'close a' "$way a.db"
			[[ $output == *$'\nclose 0\n'"$way 0" && -z $(ls) ]] || fail "$run $way: $(ls)"
		done
	done
}

# A program that clears a folder, as shutil.rmtree() of Python does: it has listed it, and a name that is gone then is an error to it.
listed_and_cleared() {
	local run how to
	for run in run_plain run_shim; do
		for how in opendir fdopendir scandir ftw nftw fts getdents64 glob; do
			for to in '' g; do
				public
				mkdir f g
				$run "$1" 'open a f/a.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' 'close a' "clear $how f $to" 'rmdir f'
				[[ $output == *$'\nclose 0\nclear 0\nrmdir 0' && ! -e f ]] || fail "$run $how $to: $output"
				[[ -z $to || $(public_reader g/a.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'1\nok' ]] || fail "$run $how: $(ls g)"
				[[ -n $to || -z $(ls g) ]] || fail "$run $how: $(ls g)"
			done
		done
	done
}

# One that has listed it, and then takes the database alone away.
listed_and_left() {
	local run move last
	for run in run_plain run_shim; do
		for move in 'unlink f/a.db' 'remove f/a.db' 'rename f/a.db b.db' 'renameat f/a.db b.db'; do
			for last in 'rmdir f' 'list opendir f' 'list glob f' 'sh ls f' 'exit 0' '_exit 0'; do
				public
				mkdir f
				$run "$1" 'open a f/a.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' 'close a' 'list opendir f' "$move" "$last"
				[[ $last != rmdir* || $output == *$'\nrmdir 0' ]] || fail "$run $move $last: $output"
				[[ ${output##*"${move%% *} 0"} != *a.db* && -z $(find . -path './f/*') ]] || fail "$run $move $last: $output; $(ls f)"
				[[ $move != rename* || $(sqlite3 b.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'1\nok' ]] || fail "$run $move $last"
			done
		done
	done
}

# What is left goes only where no database has its name.
listed_and_made_again() {
	local run
	for run in run_plain run_shim; do
		public
		$run "$1" "${made[@]}" 'close a' 'list opendir .' 'unlink a.db' 'open a a.db' 'exec a CREATE TABLE u(x)' 'exec a INSERT INTO u VALUES(7)' \
			'list opendir .' 'sh sqlite3 a.db "INSERT INTO u VALUES(8)"' 'list opendir .' 'exec a SELECT x FROM u' '_exit 0'
		[[ $(sqlite3 a.db 'SELECT sum(x) FROM u; PRAGMA integrity_check') == $'15\nok' ]] || fail "$run: $output"
	done
}

# unread MOVE FILE - a connection that has not read its database yet reads it after MOVE, and writes nothing any more. FILE is its new
# name, or empty.
unread() {
	local run
	for run in run_plain run_shim; do
		rm -rf ./*
		$run "$victim" "${made[@]}" 'close a' 'open b a.db' "$1" 'exec b SELECT count(*) FROM t' "${write/a/b}" 'close b'
		[[ $output == *$'\nopen 0\n'*$'1\nexec 0\n'"$refused"$'\nclose 0' && $(ls) == "$2" ]] || fail "$run $1: $output, $(ls)"
		[[ -z $2 || $(observer query "$2" 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'1\nok' ]] || fail "$run $1"
	done
}

moved_before_the_first_read() {
	local victim=$1
	unread 'rename a.db b.db' b.db
	unread 'renameat a.db b.db' b.db
	unread 'noreplace a.db b.db' b.db
	unread 'unlink a.db' ''
	unread 'unlinkat a.db' ''
	unread 'remove a.db' ''
}

# By a VFS of the victim's own, in front of SQLite's. A killed process leaves no rows behind either.
kept_by_an_own_vfs() {
	local move run
	for move in 'rename a.db b.db' 'sh mv a.db b.db'; do
		for run in run_plain run_shim; do
			rm -rf ./*
			$run "$1" 'vfs own' 'open_v2 a file:a.db?vfs=own rw,create,uri' "${made[@]:1}" "$move" "sh observer query b.db 'SELECT count(*) FROM t'" "$write" '_exit 0'
			[[ $output == *$'\n1\n'*"$refused" && $(observer query b.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'1\nok' ]] || fail "$run $move"
		done
	done
}

# moved_over_and_closed VICTIM - another process moves a file over one that is open, which is closed then, or whose program ends: the
# new file is what every program reads.
moved_over_and_closed() {
	local run way
	for run in run_plain run_shim; do
		for way in 'close a' '_exit 0' 'exec a SELECT 1'; do
			rm -rf ./*
			$run "$1" 'open a new.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(7)' 'close a'
			$run "$1" "${made[@]}" 'exec a INSERT INTO t VALUES(2)' 'sh mv new.db a.db' "$way"
			[[ $(observer query a.db 'SELECT x FROM t; PRAGMA integrity_check') == $'7\nok' ]] || fail "$run $way"
			[[ $(ls) == a.db ]] || fail "$run $way: $(ls)"
		done
	done
}

# replaced_after_the_end VICTIM - a file takes the place of one whose program has ended without closing it.
replaced_after_the_end() {
	local run way
	for run in run_plain run_shim; do
		for way in 'mv new.db a.db' 'cp new.db a.db' 'cp -p new.db a.db'; do
			rm -rf ./*
			$run "$1" 'open a new.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(7)' 'close a'
			$run "$1" "${made[@]}" '_exit 0'
			$way
			$run "$1" 'open a a.db' 'exec a SELECT x FROM t' 'close a'
			expect $'open 0\n7\nexec 0\nclose 0'
			expect_quiet
			[[ $(observer query a.db 'SELECT x FROM t; PRAGMA integrity_check') == $'7\nok' ]] || fail "$run $way"
		done
	done
}

# moved_over_and_used VICTIM - another process moves a file over one that is open, and a third one writes to that meanwhile: what it has
# committed stays, whatever becomes of the first one, whose -wal is copied, or empty.
moved_over_and_used() {
	local run writer way rest first second
	for run in plain shim; do
		for writer in plain shim; do
			for way in 'close a' '_exit 0' 'sh true'; do
				for rest in 'sh true' 'exec a PRAGMA wal_checkpoint(TRUNCATE)'; do
					rm -rf ./*
					run_plain "$1" 'open a new.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(7)' 'close a'
					barrier_make opened
					barrier_make wrote
					"start_$run" first "$1" "${made[@]}" "$rest" 'exec a SELECT x FROM t' 'barrier opened' "$way"
					first=$started
					barrier_meet opened
					mv new.db a.db
					"start_$writer" second "$1" 'open b a.db' 'exec b INSERT INTO t VALUES(8)' 'barrier wrote' 'exec b INSERT INTO t VALUES(9)' 'close b'
					second=$started
					barrier_meet wrote
					barrier_leave opened
					finish "$first" first
					barrier_leave wrote
					finish "$second" second
					expect $'open 0\nexec 0\nexec 0\nclose 0'
					[[ $(observer query a.db 'SELECT x FROM t; PRAGMA integrity_check') == $'7\n8\n9\nok' ]] || fail "$run $writer $way $rest"
				done
			done
		done
	done
}

# moved_over_and_opened_again VICTIM - a process has two files open; another moves the one over the other, and the process opens that by
# its new name, too. What a third one then writes there stays, in whatever order the first one closes.
moved_over_and_opened_again() {
	local run writer ends first
	for run in plain shim; do
		for writer in plain shim; do
			for ends in 'close a:close b:close c' 'close c:close b:close a' 'close b:close c:close a' '_exit 0'; do
				rm -rf ./*
				run_plain "$1" 'open b b.db' 'exec b CREATE TABLE t(x); INSERT INTO t VALUES(5)' 'close b'
				barrier_make opened
				barrier_make wrote
				mapfile -td : ends <<<"$ends"
				"start_$run" first "$1" "${made[@]}" 'exec a PRAGMA wal_checkpoint' 'open b b.db' 'exec b SELECT x FROM t' 'barrier opened' 'open c b.db' 'exec c SELECT count(*) FROM t' \
					'barrier wrote' "${ends[@]%$'\n'}"
				first=$started
				barrier_meet opened
				mv a.db b.db
				barrier_leave opened
				barrier_meet wrote
				"run_$writer" "$1" 'open b b.db' 'exec b INSERT INTO t VALUES(8)' 'close b'
				expect $'open 0\nexec 0\nclose 0'
				barrier_leave wrote
				finish "$first" first
				[[ $(observer query b.db 'SELECT x FROM t; PRAGMA integrity_check') == $'1\n8\nok' ]] || fail "$run $writer ${ends[*]}: $(ls -l)"
			done
		done
	done
}
