# After a power failure every commit that was acknowledged is there: disk.so records what 8 writers have written and synced, and cuts
# replays it up to every point, torn and in another order between syncs.
load ../harness/harness

writers=("$build/programs/writers" "$build/embedded/writers")

# The record is sparse, and images of the database are written by the thousand.
in_shared_memory() {
	[[ ! -w /dev/shm ]] || in_memory
}

# power_fails WRITERS [NAME=VALUE…] - runs and cuts; the result of cuts is in $output and $status. A disk that needs half a millisecond
# lets commits wait together.
power_fails() {
	rm -rf record t.db* left
	mkdir left
	run_app env "${@:2}" DISK_RECORD="$PWD/record" DISK_SLEEP=500 LD_PRELOAD="$preload:$build/programs/disk.so" "$1" t.db 8 60
	APP_TIMEOUT=1800 run_app any cuts record left "${CUTS:-1000}" "${SEED:-1}"
	rm -f record
}

@test "with SQLPROD_SYNCHRONOUS=full no acknowledged commit is lost when the power fails at any point" {
	in_shared_memory
	for program in "${writers[@]}"; do
		power_fails "$program" SQLPROD_SYNCHRONOUS=full SQLPROD_REPORT="$PWD/report.json"
		[[ $status == 0 && $output == *' 0 damaged, 0 lost commits' ]]
		# of an embedded copy the report says nothing about its transactions
		[[ $program != "${writers[0]}" || $(cat report.json) == *'"grouped":'[1-9]* ]]
		rm report.json
	done
}

@test "in an embedded copy others may write while a commit waits for the disk, too" {
	for groups in auto off; do
		rm -f t.db* syncs
		DISK_AT_SYNC="cd $PWD && PATH=$root/tests/harness:\$PATH observer lock t.db >>syncs" SQLPROD_SYNCHRONOUS=full SQLPROD_GROUP_COMMIT=$groups \
			run_app env LD_PRELOAD="$preload:$build/programs/disk.so" "${writers[1]}" t.db 1 10
		free=$(grep -c free syncs)
		[[ $groups == auto || $free -lt $free_in_groups ]]
		free_in_groups=$free
	done
}

@test "with SQLPROD_GROUP_COMMIT=off no acknowledged commit is lost either" {
	in_shared_memory
	for program in "${writers[@]}"; do
		CUTS=200 power_fails "$program" SQLPROD_SYNCHRONOUS=full SQLPROD_GROUP_COMMIT=off SQLPROD_REPORT="$PWD/report.json"
		[[ $status == 0 && $output == *' 0 damaged, 0 lost commits' ]]
		[[ $(cat report.json) != *'"grouped":'[1-9]* ]]
		rm report.json
	done
}

@test "with synchronous=NORMAL, which syncs no commit, the same power failures lose commits" {
	in_shared_memory
	for program in "${writers[@]}"; do
		CUTS=200 power_fails "$program" SQLPROD_SYNCHRONOUS=normal
		[[ $status == 1 && $output == *' 0 damaged, '[1-9]*' lost commits' ]]
	done
}

@test "after a sync that failed no commit is acknowledged that a power failure would lose" {
	in_shared_memory
	for program in "${writers[@]}"; do
		for every in 5 23; do
			CUTS=$((${CUTS:-1000} / 2)) power_fails "$program" SQLPROD_SYNCHRONOUS=full DISK_FAIL=$every
			[[ $status == 0 && $output == *' 0 damaged, 0 lost commits' ]]
		done
	done
}
