# bogofilter: four that learn at once, another user who classifies.
mkdir d
export BOGOFILTER_DIR=$PWD/d
learn() {
	for i in 1 2 3 4 5 6; do
		printf 'From: a\nSubject: buy\n\ncheap pills number%s-%s common\n' "$1" "$i" | $with bogofilter "$2" || echo "not learnt: $?"
	done
}
learn 0 -s
for k in 1 2 3; do learn $k -s & done
learn 4 -n
wait
$with bogoutil -w d .MSG_COUNT common cheap
$with bogoutil -d d/wordlist.db | sort | sed 's/ [0-9]*$//'
printf 'Subject: buy\n\ncheap pills common\n' | $with bogofilter -v
printf 'Subject: buy\n\ncheap pills common\n' | $with $nobody bogofilter -v
printf 'Subject: buy\n\ncheap pills common\n' | $nobody bogofilter -v
