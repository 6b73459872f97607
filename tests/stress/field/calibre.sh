# calibre: books added by several at once, changed, searched, exported, taken out; the library's check.
export HOME=$PWD QT_QPA_PLATFORM=offscreen CALIBRE_CONFIG_DIRECTORY=$PWD/config XDG_RUNTIME_DIR=$PWD
for i in 1 2 3 4; do printf 'Book %s\n\nby somebody\n' $i >b$i.txt; done
db() { $with calibredb --library-path "$PWD/library" "$@"; }
db add --title one --authors 'A. One' b1.txt | tail -1
for i in 2 3 4; do db add --title "title $i" --authors "B. Many" b$i.txt >/dev/null || echo "not added: $i"; done
db set_metadata --field tags:first,second 2 | grep -c tags
db set_custom read 1 yes 2>/dev/null
db add_custom_column shelf Shelf text
db set_custom shelf 1 upper
db list --fields title,authors,tags --for-machine | tr -d ' \n' | sed 's/"id":[0-9]*,\?//g'
echo
db search 'author:Many' | tr ',' '\n' | wc -l
db remove 3
# -wal and -shm are none of its own files to it
db check_library | grep -vc 'metadata\.db-\(wal\|shm\)'
db export --all --single-dir --to-dir out >/dev/null
ls out | wc -l
$nobody sqlite3 -readonly library/metadata.db 'SELECT title FROM books ORDER BY 1'
rm -rf config .config .cache .local library/.caltrash out
