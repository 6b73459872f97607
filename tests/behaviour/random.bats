# Programs made up at random print the same with the library as without it. RANDOM_SEED and RANDOM_COUNT choose others, and more.
load ../harness/harness

@test "random programs get the same results as without the library" {
	first=${RANDOM_SEED:-1}
	for ((seed = first; seed < first + ${RANDOM_COUNT:-40}; seed++)); do
		rm -f ./*.db*
		python3 "$root/tests/harness/random_script.py" "$seed" >script
		run_plain victim <script >shown
		wanted=$output
		rm -f ./*.db*
		run_shim victim <script >shown
		[[ $output == "$wanted" && -z $stderr ]] || {
			cat script
			diff <(echo "$wanted") <(echo "$output") || true
			fail "seed $seed: $stderr"
		}
	done
}
