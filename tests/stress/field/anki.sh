# Anki: a collection of notes, studied, checked, packed and unpacked; its SQLite is in its own module.
cat >a.py <<'P'
import sys
from anki.collection import Collection, ImportAnkiPackageRequest, ExportAnkiPackageOptions, DeckIdLimit
col = Collection("c.anki2")
model = col.models.by_name("Basic")
deck = col.decks.id("words")
for i in range(200):
    note = col.new_note(model)
    note["Front"], note["Back"] = "front %d" % i, "back %d" % i
    col.add_note(note, deck)
col.decks.set_current(deck)
for _ in range(10):
    card = col.sched.getCard()
    card.start_timer()
    col.sched.answerCard(card, 3)
col.remove_notes(col.find_notes('front:"front 7"'))
print(col.note_count(), col.card_count(), col.db.scalar("select count() from revlog"), col.fix_integrity()[1])
print(col.undo_status().undo, len(col.find_cards("deck:words is:new")))
col.export_anki_package(out_path="deck.apkg", options=ExportAnkiPackageOptions(with_media=True), limit=DeckIdLimit(deck))
print(col.create_backup(backup_folder=".", force=True, wait_for_completion=True))
col.close()
other = Collection("d.anki2")
other.import_anki_package(ImportAnkiPackageRequest(package_path="deck.apkg"))
print(other.note_count(), other.card_count())
other.close()
P
$with python -B -W ignore a.py
rm -f ./*.colpkg ./*.apkg ./*.log
find . -name '*.media' -type d -empty -delete
