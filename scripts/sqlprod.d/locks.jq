# locks.jq - the records of sqlprod locks as one JSON document.
def text: gsub("\\\\(?<c>.)"; if .c == "t" then "\t" elif .c == "n" then "\n" else .c end);
def known: if . == "yes" then true elif . == "no" then false else null end;

[inputs | split("\t") | map(text)]
| (map({ (.[0]): .[1] }) | add) as $file
| {
    database: $file.database,
    journal_mode: $file.journal_mode,
    wal_size: ($file.wal_size // null | if . then tonumber else null end),
    wal_frames: (map(select(.[0] == "wal_frames") | { written: (.[1] | tonumber), checkpointed: (.[2] | tonumber) }) | first // null),
    processes: map(select(.[0] == "process") | {
        pid: (.[1] | tonumber),
        user: .[2],
        program: .[3],
        library: (.[4] | known),
        locks: (if .[5] == "none" then [] else (.[5] | split(",")) end),
        waiting: (.[6] | known)
    })
  }
