# rpm with its own database: installed, queried by another user, rebuilt, exported, erased.
export HOME=$PWD
rpm="$with rpm --dbpath $PWD/db"
mkdir db db2
for name in aa bb; do
	printf 'Name: %s\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\nBuildArch: noarch\n%%description\nd\n%%files\n' "$name" >"$name.spec"
	rpmbuild -bb --define "_topdir $PWD/build" "$name.spec" >/dev/null 2>&1
done
$rpm --initdb
$with $nobody rpm --dbpath "$PWD/db" -qa
for name in aa bb; do $rpm -i --justdb --nodeps --force-debian "build/RPMS/noarch/$name"*.rpm; done
$with $nobody rpm --dbpath "$PWD/db" -qa | sort
$nobody rpm --dbpath "$PWD/db" -qa | sort
$rpm --rebuilddb
$with $nobody rpm --dbpath "$PWD/db" -qa | sort
$rpm -e --justdb --force-debian aa
$with rpmdb --dbpath "$PWD/db" --verifydb && echo whole
$with rpmdb --dbpath "$PWD/db" --exportdb >exported
$with rpmdb --dbpath "$PWD/db2" --importdb <exported
rpm --dbpath "$PWD/db2" -qa
