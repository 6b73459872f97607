# Tracker: a store served over D-Bus, written by three clients at once, asked by full text, exported.
export HOME=$PWD XDG_CACHE_HOME=$PWD XDG_RUNTIME_DIR=$PWD
cat >work <<'W'
$with tracker3 endpoint --session -b org.test.Store -o nepomuk -d "$PWD/store" >/dev/null 2>&1 &
server=$!
ask() { tracker3 sparql -b org.test.Store "$@"; }
until ask -q 'ASK {}' >/dev/null 2>&1; do sleep 0.1; done
for i in 1 2 3; do
	for j in 1 2 3 4 5; do ask -u -q "INSERT DATA { <urn:d:$i$j> a nfo:TextDocument, nie:InformationElement ; nie:title \"title $i $j\" ; nie:plainTextContent \"words of number$i\" }" >/dev/null || echo "failed: $i $j"; done &
done
wait $(jobs -p | grep -vx $server)
ask -q 'SELECT (COUNT(?d) AS ?n) { ?d a nfo:TextDocument }' | tail -n +2
ask -q 'SELECT ?t { ?d nie:title ?t ; fts:match "number2" } ORDER BY ?t' | tail -n +2
ask -u -q 'DELETE { ?d a rdfs:Resource } WHERE { ?d nie:title "title 1 1" }' >/dev/null
ask -q 'SELECT (COUNT(?d) AS ?n) { ?d a nfo:TextDocument }' | tail -n +2
kill $server
wait $server
W
export with
dbus-run-session -- bash ./work
rm -rf work dconf
