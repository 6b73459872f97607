# SpatiaLite: metadata, a spatial index, tables dropped and cloned; its triggers have foreign keys on.
$with spatialite -silent a.db >/dev/null 2>&1 <<'Q'
SELECT InitSpatialMetadata(1);
CREATE TABLE t(id INTEGER PRIMARY KEY, n TEXT);
SELECT AddGeometryColumn('t','g',4326,'POINT','XY');
SELECT CreateSpatialIndex('t','g');
INSERT INTO t VALUES(1,'a',MakePoint(1,2,4326)),(2,'b',MakePoint(3,4,4326));
DELETE FROM t WHERE id=1;
CREATE TABLE u(id INTEGER PRIMARY KEY);
SELECT AddGeometryColumn('u','g',4326,'POINT','XY');
SELECT DropTable(NULL,'u');
SELECT CloneTable('main','spatial_ref_sys','copy',1);
Q
sqlite3 a.db "SELECT count(*) FROM copy; SELECT count(*) FROM idx_t_g; SELECT f_table_name FROM geometry_columns; SELECT count(*) FROM sqlite_master"
