# Postfix's sqlite map: asked by root and by another user, beside a writer.
$with sqlite3 m.db "CREATE TABLE alias(a TEXT PRIMARY KEY, d TEXT); INSERT INTO alias VALUES('bob@x','bob'),('eve@x','eve')"
printf "dbpath = %s/m.db\nquery = SELECT d FROM alias WHERE a = '%%s'\n" "$PWD" >m.cf
mkdir c
echo 'compatibility_level = 3.6' >c/main.cf
cp /usr/share/postfix/master.cf.dist c/master.cf
for ask in "$with" "$with $nobody" "$nobody"; do
	$ask postmap -c c -q bob@x sqlite:m.cf
	$ask postmap -c c -q no@x sqlite:m.cf || echo none
	$with sqlite3 m.db "INSERT OR REPLACE INTO alias VALUES('new@x','new')"
	$ask postmap -c c -q new@x sqlite:m.cf
done
