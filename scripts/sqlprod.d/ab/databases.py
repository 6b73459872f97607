"""Databases that every run finds as they were.

The files themselves are moved into a folder beside them, FILE.sqlprod-ab, and each run works on copies in their place. At the end
they are moved back: what was never written needs no restoring, and is there even if this process is killed.
"""

import fcntl
import hashlib
import os
import struct
import subprocess

SUFFIXES = ("-wal", "-shm", "-journal")


class Refused(Exception):
    """status: the exit status that fits."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def digest(path):
    found = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            found.update(block)
    return found.digest()


def identity(path):
    """What is to be the same afterwards."""
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode, found.st_uid, found.st_gid


def holders(paths, spared=()):
    """The pids of those who have one of these files open, or a lock on it; 0 for one that cannot be seen."""
    files = {}
    for path in paths:
        if os.path.exists(path):
            found = os.stat(path)
            files[(found.st_dev, found.st_ino)] = path
    pids = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                found = os.stat(f"/proc/{pid}/fd/{fd}")
                if (found.st_dev, found.st_ino) in files:
                    pids.add(int(pid))
        except OSError:
            pass
    pids.update(lock_owners({inode for _, inode in files}, {device for device, _ in files}))
    if not pids and any(is_locked(path) for path in files.values()):
        pids.add(0)
    return sorted(pids - set(spared))


def is_locked(path):
    """Also by a process of another pid namespace, which /proc does not show: it has locks on a database in WAL mode."""
    layout = "hhqqi0q"  # struct flock
    try:
        with open(path, "rb") as file:
            answer = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(layout, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except OSError:
        return False
    return struct.unpack(layout, answer)[0] != fcntl.F_UNLCK


def name_holders(pids):
    return "another process" if pids == [0] else "process " + ", ".join(map(str, pids))


def lock_owners(inodes, devices):
    """/proc/locks shows other users' too."""
    wanted = {f"{os.major(device):02x}:{os.minor(device):02x}:{inode}" for device in devices for inode in inodes}
    owners = set()
    try:
        with open("/proc/locks", encoding="ascii") as locks:
            for line in locks:
                fields = [field for field in line.split() if field != "->"]
                if len(fields) > 5 and fields[5] in wanted:
                    owners.add(int(fields[4]))
    except (OSError, ValueError):
        pass
    # -1 is the lock of an open file: with the library a process has both
    return {max(owner, 0) for owner in owners if owner >= 0 or len(owners) == 1}


class Database:
    def __init__(self, path):
        self.path = os.path.realpath(path)
        self.home = self.path + ".sqlprod-ab"
        self.name = os.path.basename(self.path)
        self.before = {}
        self.lock = None
        self.checked = False

    # The database is moved in last and out first: while it is inside, every file in its place is a copy.
    def files(self):
        return [self.path] + [self.path + suffix for suffix in SUFFIXES]

    def aside(self, path):
        return os.path.join(self.home, os.path.basename(path))

    def claim(self):
        """Takes the folder for this process. Refused if another has it, or a killed one left it."""
        try:
            os.mkdir(self.home, 0o700)
        except FileExistsError:
            self.lock_home()
            raise Refused(8, f"{self.home} holds {self.name} as it was when a sqlprod ab was killed; to put it back: "
                             f"sqlprod ab --recover --db {self.path}") from None
        except OSError as error:
            raise Refused(5, f"{self.home}: {error.strerror}") from None
        self.lock_home()

    def lock_home(self):
        self.lock = os.open(self.home, os.O_RDONLY)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self.lock)
            self.lock = None
            raise Refused(8, f"{self.path}: another sqlprod ab works with it") from None

    def put_aside(self):
        """Moves the files into the folder. Refused, with nothing moved, if a process has one of them open."""
        self.claim()
        pids = holders(self.files())
        if pids:
            os.rmdir(self.home)
            raise Refused(8, f"{self.path}: in use by {name_holders(pids)}; stop the programs that have it open and try again")
        self.before = {path: identity(path) for path in self.files() if os.path.exists(path)}
        try:
            for path in sorted(self.before, key=lambda path: path == self.path):
                os.rename(path, self.aside(path))
        except OSError as error:
            self.put_back()
            raise Refused(5, f"{path}: cannot be moved aside: {error.strerror}") from None

    def copy(self):
        """Puts a copy in its place, on disk already, so that no run pays for it."""
        self.remove_copy()
        for path in self.files():
            # The -shm is made anew from the -wal.
            if path not in self.before or path.endswith("-shm"):
                continue
            subprocess.run(["cp", "--reflink=auto", "--preserve=all", "--", self.aside(path), path], check=True,
                           stdin=subprocess.DEVNULL)
            fd = os.open(path, os.O_RDONLY)
            os.fsync(fd)
            os.close(fd)
            if not self.checked and digest(path) != digest(self.aside(path)):
                raise Refused(13, f"{path}: the copy differs from the original")
        self.checked = True

    def remove_copy(self):
        for path in self.files():
            if os.path.exists(self.aside(self.path)) and os.path.lexists(path):
                os.unlink(path)

    def put_back(self):
        """Moves the files back. Refused with 14 if that fails; what was moved aside then stays there."""
        try:
            self.remove_copy()
            for path in self.files():
                if os.path.lexists(self.aside(path)):
                    os.rename(self.aside(path), path)
            os.rmdir(self.home)
        except OSError as error:
            raise Refused(14, f"{self.path} could not be put back: {error.strerror}; it is in {self.home} as it was: "
                              f"sqlprod ab --recover --db {self.path}") from None
        changed = [path for path, was in self.before.items() if not os.path.exists(path) or identity(path) != was]
        if changed:
            raise Refused(14, f"{changed[0]}: changed while it was set aside")

    def recover(self):
        if not os.path.isdir(self.home):
            raise Refused(4, f"{self.home}: no such folder: nothing is set aside")
        self.lock_home()
        pids = holders(self.files())
        if pids:
            raise Refused(8, f"{self.path}: the copy is in use by {name_holders(pids)}; stop it and try again")
        self.put_back()


def put_back_all(databases):
    """Every one that is set aside; raises the last refusal."""
    refusal = None
    for database in databases:
        if not os.path.isdir(database.home):
            continue
        try:
            database.put_back()
        except Refused as error:
            refusal = error
    if refusal:
        raise refusal
