"""What every Python client does between its BEGIN and its COMMIT."""

SETTINGS = (
    "journal_mode", "synchronous", "busy_timeout", "foreign_keys",
    "temp_store", "mmap_size", "journal_size_limit", "cache_size",
)


def wait_and_show(version, ask):
    """ask(sql) returns the first column of the first row."""
    print("ready", flush=True)
    input()
    for name in SETTINGS:
        print(f"{name}={ask('PRAGMA ' + name)}")
    print(f"sqlite={ask('SELECT sqlite_version()')}")
    print(f"version={version}")
