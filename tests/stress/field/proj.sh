# PROJ's proj.db, in a folder that nobody here writes to.
cp /usr/share/proj/proj.db .
export PROJ_DATA=$PWD
$with projinfo EPSG:25832 -o WKT2:2019
$with $nobody projinfo -s EPSG:4326 -t EPSG:25832 | head -20
for i in 1 2 3; do echo 9 48 | $with cs2cs EPSG:4326 EPSG:25832 & done
wait
ls
rm proj.db
find /usr/share/proj -name 'proj.db-*'
