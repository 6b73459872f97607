# GnuPG's tofu.db: three that verify at once.
mkdir -m 700 g
export GNUPGHOME=$PWD/g
echo hi >f
for u in alice bob; do
	$with gpg --batch -q --passphrase '' --quick-gen-key "$u@x" ed25519 sign never 2>/dev/null
	$with gpg --batch -q -u "$u@x" -o "$u.sig" --detach-sign f
done
for i in 1 2 3; do $with gpg --batch --trust-model tofu+pgp --verify bob.sig f 2>&1 | grep -ci 'good sig' & done
wait
$with gpg --batch --trust-model tofu+pgp --with-tofu-info --with-colons -k 2>/dev/null | grep -c ^tfs
gpgconf --kill all
sqlite3 g/tofu.db 'SELECT count(*) FROM bindings; SELECT count(*) FROM signatures'
find . -type f ! -name 'tofu.db*' -delete
rm -f g/tofu.db-want-lock
