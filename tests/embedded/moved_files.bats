# A database whose file moves while a program that carries SQLite has it open: tests/behaviour/moved_files.bats.
load ../harness/harness
load ../harness/moves

carrier=$build/embedded/victim_gcc_O2

@test "a file that its own process renames or links has its rows under its new name, at once, in an embedded copy" {
	by_the_process "$carrier"
}

@test "a file that another process moves has its rows once it is closed, in an embedded copy" {
	by_another_process "$carrier"
}

@test "a process that is killed after it renamed its file leaves all rows in it, in an embedded copy" {
	killed_after_the_move "$carrier"
}

@test "a file that comes back to its name can be written again, in an embedded copy" {
	there_and_back "$carrier"
}

@test "two open files that are exchanged keep their rows, in an embedded copy" {
	exchanged "$carrier"
}

@test "a file that its process moves over an open one is not spoiled, in an embedded copy" {
	replaced_by_the_process "$carrier"
}

@test "a process that opens a moved file again sees all rows, in an embedded copy" {
	opened_again "$carrier"
}

@test "a file that is deleted while it is open leaves nothing, in an embedded copy" {
	deleted "$carrier"
}

@test "a file that is deleted and made again while it is open keeps its rows, in an embedded copy" {
	made_again "$carrier"
}

@test "a file that another process moves over an open one is what programs without the library read, of an embedded copy too" {
	moved_over_and_closed "$carrier"
}

@test "what is written to a file that was moved over an open one stays, beside an embedded copy too" {
	moved_over_and_used "$carrier"
}

@test "what is written to a file that was moved over an open one, and opened again, is there, beside an embedded copy too" {
	moved_over_and_opened_again "$carrier"
}

@test "a file that takes the place of one whose program has ended without closing it is what is read, in an embedded copy" {
	replaced_after_the_end "$carrier"
}

@test "a closed file that is renamed, exchanged, replaced or deleted takes along what stays for readers, in an embedded copy" {
	[[ $(id -u) == 0 ]] || skip "needs root, to become another user"
	renamed_after_the_close "$carrier"
	renamed_before_the_close "$carrier"
	made_anew_and_renamed "$carrier"
	exchanged_after_the_close "$carrier"
	deleted_after_the_close "$carrier"
	listed_and_cleared "$carrier"
	listed_and_left "$carrier"
	listed_and_made_again "$carrier"
}

@test "a file that its process renames or deletes before it reads it can be read, in an embedded copy" {
	moved_before_the_first_read "$carrier"
}

@test "a file that is moved has its rows at once, and a write is refused, with a VFS of the program's own in an embedded copy" {
	kept_by_an_own_vfs "$carrier"
}
