#!/usr/bin/env bash
# gdal_reads_without_wal.sh - GDAL 3.12.4 (pyogrio 0.13.0): a GeoPackage in a folder that is read-only is read without its -wal.
#
# Guessed:  where SQLite cannot make the -shm it says "unable to open database file", and so does a program that uses it.
# Happens:  GDAL opens the file again as immutable. That skips the -wal beside it: committed rows are missing, and the
#           warning speaks of the open option alone. geopandas makes no error of it.
# Seen:     2026-11-29: of a file with two rows, one of them in the -wal, copied together to a folder without write
#           permission: "sqlite3: unable to open database file", "GDAL: 1 of 2 rows"; writable: "GDAL: 2 of 2 rows".
# Matters:  a published folder, a read-only mount or another user's project shows a map of yesterday. With WAL by the
#           library a GeoPackage has a -wal as long as anybody has it open; close it (or `sqlprod backup`) before it is copied.
set -eu
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
{ python3 -m venv v && v/bin/pip -q install pyogrio==0.13.0 geopandas==1.2.0; } >/dev/null 2>&1 || {
	echo "cannot be had here: pyogrio 0.13.0"
	exit 77
}

cat >make.py <<'END'
import os
import shutil
import sqlite3
import subprocess
import sys
import geopandas
from shapely.geometry import Point

def add(row):
    geopandas.GeoDataFrame({"n": [row]}, geometry=[Point(row, row)], crs=4326).to_file("live.gpkg", layer="places", mode="a")

if len(sys.argv) > 1:
    add(int(sys.argv[1]))
else:
    add(1)
    held = sqlite3.connect("live.gpkg", isolation_level=None)
    held.execute("PRAGMA journal_mode=WAL")
    held.execute("SELECT count(*) FROM places").fetchall()
    subprocess.run([sys.executable, "make.py", "2"], check=True)
    for folder in "writable", "published":
        os.mkdir(folder)
        for file in "live.gpkg", "live.gpkg-wal":
            shutil.copy(file, folder)
    os.chmod("published", 0o555)
END
cat >read.py <<'END'
import sqlite3
import sys
import warnings
import geopandas

path = sys.argv[1] + "/live.gpkg"
warnings.simplefilter("ignore")
if sys.argv[1] == "published":
    try:
        print("sqlite3:", *sqlite3.connect("file:%s?mode=ro" % path, uri=True).execute("SELECT count(*) FROM places").fetchone())
    except sqlite3.OperationalError as error:
        print("sqlite3:", error)
print("GDAL, %s folder: %d of 2 rows" % (sys.argv[1], len(geopandas.read_file(path))))
END
v/bin/python make.py
# root may write everywhere
other=()
[ "$(id -u)" -ne 0 ] || other=(setpriv --reuid 65534 --regid 65534 --clear-groups)
{
	"${other[@]}" v/bin/python read.py published
	v/bin/python read.py writable
} | tee seen
cat >stated <<'END'
sqlite3: unable to open database file
GDAL, published folder: 1 of 2 rows
GDAL, writable folder: 2 of 2 rows
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
