# GDAL: GeoPackage, SpatiaLite, MBTiles: layers appended, overwritten, dropped, zipped; read by another user.
cat >in.geojson <<'J'
{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"n":1,"s":"a"},"geometry":{"type":"Point","coordinates":[1,2]}},
{"type":"Feature","properties":{"n":2,"s":"b"},"geometry":{"type":"Point","coordinates":[3,4]}}]}
J
$with ogr2ogr a.gpkg in.geojson
$with ogr2ogr -update a.gpkg in.geojson -nln second
$with ogr2ogr -append a.gpkg in.geojson -nln second
$with ogr2ogr -overwrite a.gpkg in.geojson -nln third
$with ogr2ogr -f SQLite -dsco SPATIALITE=YES s.sqlite in.geojson
$with ogr2ogr -f SQLite -update -append s.sqlite in.geojson
$with ogrinfo a.gpkg -sql 'UPDATE "in" SET n=n+1'
$with ogrinfo a.gpkg -sql 'DROP TABLE third'
$with ogrinfo a.gpkg -sql VACUUM
$with ogr2ogr -f GPKG b.gpkg a.gpkg
$with gdal_create -of GTiff -outsize 300 300 -bands 3 -burn 10 -a_srs EPSG:3857 -a_ullr 0 1000000 1000000 0 r.tif
$with gdal_translate -q -of GPKG r.tif r.gpkg
$with gdaladdo -q r.gpkg 2 4
$with gdal_translate -q -of MBTILES r.tif r.mbtiles
rm r.tif
$with $nobody ogrinfo -so -al a.gpkg
$nobody ogrinfo -q s.sqlite -sql 'SELECT count(*), sum(n) FROM "in"'
ogrinfo -q b.gpkg -sql 'SELECT * FROM second'
gdalinfo r.gpkg | grep -c Band
mkdir out
cp a.gpkg out
ogrinfo -q out/a.gpkg -sql 'SELECT n, s FROM "in"'
rm a.gpkg
$with ogr2ogr a.gpkg in.geojson
$with ogrinfo -so a.gpkg in | grep Count
