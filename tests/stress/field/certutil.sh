# certutil and pk12util of NSS: two databases for each folder, read by another user, written by four at once, copied.
mkdir db db2
echo password >pw
head -c 2000 /dev/zero >noise
$with certutil -N -d sql:db -f pw
$with certutil -N -d sql:db2 --empty-password
$with certutil -S -d sql:db -f pw -z noise -n ca -s CN=ca -x -t CT,, -m 1 -v 600 >/dev/null 2>&1
$with certutil -S -d sql:db -f pw -z noise -n srv -s CN=srv -c ca -t ,, -m 2 -v 600 >/dev/null 2>&1
$with certutil -V -d sql:db -n srv -u V -f pw
$with pk12util -o srv.p12 -n srv -d sql:db -k pw -W x
$with pk12util -i srv.p12 -d sql:db2 -W x
$with certutil -L -d sql:db2 -n srv -a >srv.pem
for i in 1 2 3 4; do
	$with certutil -A -d sql:db -f pw -n "copy$i" -t P,, -a -i srv.pem &
done
wait
# who may read decides at the last close of a writer whether -wal and -shm stay
chmod -R a+rX db
$with certutil -M -d sql:db -n ca -t TCu,, -f pw
$with $nobody certutil -L -d sql:db
$nobody certutil -L -d sql:db
cp -r db db3
tar cf db.tar db
mkdir out
tar xf db.tar -C out
certutil -K -d sql:db3 -f pw | wc -l
certutil -L -d sql:out/db
