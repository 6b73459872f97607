"""What a program suffers with the library that its twin without it does not."""

import collections

from exceptions import documented

# kind: missing (rows that an act reads), lost (rows that others read at the end, or in the file alone), gone (a file), damaged, refused
# (an act), differs (what else an act gives), left (-wal and -shm without a database), hangs, ends (another exit code).
Finding = collections.namedtuple("Finding", "kind where text values")


def finding(kind, where, text, values=()):
    return Finding(kind, str(where), text, frozenset(values))


def parts(twin, other):
    """How many acts can be compared, None for all: after one that is refused otherwise, or is another act, the programs are two."""
    for number, (act, same) in enumerate(zip(twin.acts, other.acts)):
        if not act.same_as(same) or act.refused and act.result != same.result:
            return number
    return None


def acts_before(outcome, number):
    """How many acts of the program itself had ended by then."""
    return sum(act.depth == 0 for act in outcome.acts[:number])


def of_acts(twin, other):
    for act, same in zip(twin.acts, other.acts):
        if act.refused or not act.same_as(same):
            continue
        if same.refused:
            yield finding("refused", act, f"{act.result} | {same.result}")
        elif act.rows is not None and same.rows is not None:
            missing = act.rows - same.rows
            if missing:
                yield finding("missing", act, f"{sorted(missing)} of {sorted(act.rows)}", missing)
        elif act.result != same.result:
            yield finding("differs", act, f"{act.result} | {same.result}")


def of_rows(name, rows, same):
    """rows and same: sets, or an error's message."""
    if isinstance(rows, str):
        return
    if isinstance(same, str):
        yield finding("lost", name, same)
    elif rows - same:
        yield finding("lost", name, f"{sorted(rows - same)} of {sorted(rows)}", rows - same)


def of_files(twin, other):
    for name, file in twin.files.items():
        same = other.files.get(name)
        if not same:
            yield finding("gone", name, "is not there")
            continue
        yield from of_rows(name + " alone", file.alone, same.alone)
        yield from of_rows(name, file.rows, same.rows)
        if file.integrity == {"ok"} and same.integrity != {"ok"}:
            yield finding("damaged", name, f"{same.integrity}")


def judge(twin, other):
    """The findings that no page of the documentation explains."""
    if twin.hangs:
        return []
    if other.hangs:
        return [finding("hangs", "the program", f"after {len(other.acts)} of {len(twin.acts)} acts")]
    findings = list(of_acts(twin, other)) + list(of_files(twin, other))
    if twin.code != other.code:
        findings.append(finding("ends", "the program", f"{twin.code} | {other.code}"))
    if other.beside and not twin.beside:
        holding = [name for name, size in other.beside.items() if size and name.endswith("-wal")]
        findings.append(finding("left", "the folder", " ".join(other.beside), holding))
    return [found for found in findings if not documented(found, other)]
