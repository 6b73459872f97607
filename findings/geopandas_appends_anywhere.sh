#!/usr/bin/env bash
# geopandas_appends_anywhere.sh - GeoPandas 1.2.0, pyogrio 0.13.0 (GDAL 3.12.4): rows that are appended to a GeoPackage keep the coordinates of
# their own reference system, and lose it.
#
# Guessed:  to_file(mode="a") knows both reference systems: it transforms the coordinates or refuses, as it does for a column that the layer
#           has not.
# Happens:  it writes the numbers as they are. A point of EPSG:25833, in metres, is in a layer of EPSG:4326 at longitude 392000; the other
#           way round all points of a town are within two metres of each other. No error and no warning. Times lose what is
#           below a millisecond in the same silence.
# Seen:     2026-11-30: Berlin appended in metres: "POINT (392000 5820000)" in EPSG:4326; in degrees to metres: "POINT (13.4 52.5)" in
#           EPSG:25833; warnings 0; the column "note", which the layer has not: an error; 10:00:00.123456 reads 10:00:00.123.
# Matters:  maps and distances that are wrong from the second import on, and a spatial index that covers the world and more; nothing in the
#           file tells these rows from the others. gdf.to_crs(layer's) before each append.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install geopandas==1.2.0 pyogrio==0.13.0; } >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >look.py <<'END'
import warnings
import geopandas
import pandas
from shapely.geometry import Point

def frame(point, crs, **columns):
    return geopandas.GeoDataFrame({"n": [1], **columns}, geometry=[point], crs=crs)

degrees, metres = Point(13.4, 52.5), Point(392000, 5820000)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    for layer, first, second in (("degrees", (degrees, 4326), (metres, 25833)), ("metres", (metres, 25833), (degrees, 4326))):
        frame(*first).to_file("app.gpkg", layer=layer)
        frame(*second).to_file("app.gpkg", layer=layer, mode="a")
        read = geopandas.read_file("app.gpkg", layer=layer)
        print(f"{layer}: {read.geometry.iloc[1]} in {read.crs.to_string()}")
    print("warnings:", len(said))
    try:
        frame(degrees, 4326, note=["x"]).to_file("app.gpkg", layer="degrees", mode="a")
        print("another column: ok")
    except Exception as error:
        print("another column:", type(error).__name__)
    time = pandas.to_datetime(["2026-11-30 10:00:00.123456"])
    frame(degrees, 4326, at=time).to_file("app.gpkg", layer="times")
    print("time:", geopandas.read_file("app.gpkg", layer="times")["at"].iloc[0].isoformat(timespec="microseconds"))
END
v/bin/python look.py 2>errors | tee seen
cat >stated <<'END'
degrees: POINT (392000 5820000) in EPSG:4326
metres: POINT (13.4 52.5) in EPSG:25833
warnings: 0
another column: FieldError
time: 2026-11-30T10:00:00.123000
END
cmp -s stated seen || {
	cat errors
	echo "this has changed"
	exit 1
}
