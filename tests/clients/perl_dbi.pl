# DBD::SQLite: begin_work, which sends BEGIN IMMEDIATE unless sqlite_use_immediate_transaction is off (argument 2 "plain").
use strict;
use warnings;
use DBI;

my ($file, $way) = @ARGV;
my $dbh = DBI->connect("dbi:SQLite:dbname=$file", "", "", { RaiseError => 1 });
$dbh->{sqlite_use_immediate_transaction} = 0 if defined $way && $way eq "plain";
$dbh->do("CREATE TABLE IF NOT EXISTS t(a)");
$dbh->begin_work;
$dbh->selectrow_array("SELECT count(*) FROM t");
$| = 1;
print "ready\n";
<STDIN>;
for my $name (qw(journal_mode synchronous busy_timeout foreign_keys temp_store mmap_size journal_size_limit cache_size)) {
	print "$name=", $dbh->selectrow_array("PRAGMA $name"), "\n";
}
print "sqlite=$dbh->{sqlite_version}\nversion=$DBD::SQLite::VERSION\n";
$dbh->commit;
$dbh->disconnect;
