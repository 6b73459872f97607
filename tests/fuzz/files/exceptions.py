"""What may differ, as the documentation says. All of it is here."""

# Where the twin is to be refused what a plain BEGIN with the library refuses too (docs/safety.md, "BEGIN and reservations"): after a plain
# BEGIN a program without the library finds the write lock taken.
SETTINGS = {"SQLPROD_BEGIN": "reserve"}

MOVES = ("rename", "mv", "rename_folder", "move_away", "unlink", "rm")


def written_to_moved_file(found, outcome):
    """docs/safety.md, "Files that move": what a program without the library does to a file by its new name, while it is open by the old one."""
    if found.kind not in ("missing", "lost") or not found.values:
        return False
    moved = False
    written = set()
    for act in outcome.acts:
        if moved and act.act == "shell" and not act.refused:
            written.add(act.value)
        moved = moved or act.act in MOVES and not act.refused
    return found.values <= written


def left_empty(found, _):
    """docs/backup-and-restore.md, "Copies by the program itself": who ends without closing a database leaves its -wal empty. Who then moves the
    database leaves that behind, and the -shm."""
    return found.kind == "left" and not found.values


def left_by_killed(found, outcome):
    """docs/safety.md, "Files that move": the -wal of a killed program stays until the database's next use. Who moves it before that leaves it."""
    return found.kind == "left" and any(act.act == "kill" for act in outcome.acts)


def size_in_wal_mode(found, _):
    """docs/safety.md, "WAL": a program that only reads switches the file to WAL too, which gives an empty one its first page."""
    return found.kind == "differs" and found.where.strip().startswith("stat ") and found.text == "False | True"


EXCEPTIONS = (written_to_moved_file, left_empty, left_by_killed, size_in_wal_mode)


def documented(found, outcome):
    return any(exception(found, outcome) for exception in EXCEPTIONS)
