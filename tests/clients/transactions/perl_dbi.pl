# Perl DBI with DBD::SQLite: begin_work, which sends BEGIN IMMEDIATE by default; with "plain" in TRANSACTIONS, BEGIN.
use strict;
use warnings;
use DBI;
use Time::HiRes qw(usleep);

my ($database, $scene, $count) = @ARGV;
my $dbh = DBI->connect("dbi:SQLite:dbname=$database", "", "", { RaiseError => 1, PrintError => 0,
	sqlite_use_immediate_transaction => ($ENV{TRANSACTIONS} // "") ne "plain" });
$| = 1;

# One transaction that reads the number, calls change, and writes what that returns, unless it is undef.
sub transact {
	my ($change) = @_;
	$dbh->begin_work;
	eval {
		my $number = $change->($dbh->selectrow_array("SELECT n FROM counter WHERE id = 1"));
		$dbh->do("UPDATE counter SET n = ? WHERE id = 1", undef, $number) if defined $number;
		$dbh->commit;
		1;
	} or do {
		my $error = $@;
		eval { $dbh->rollback };
		die $error;
	};
}

my ($done, $failed, $first) = (0, 0, 0);
print "ready\n";
<STDIN>;
for my $turn (0 .. $count - 1) {
	if ($scene eq "stay") {
		<STDIN> if $turn;
		transact(sub { print "held\n"; <STDIN>; undef });
		print "ended\n";
	} elsif (eval { transact(sub { usleep 5000; $_[0] + 1 }); 1 }) {
		$done++;
	} else {
		print STDERR $@ unless $failed;
		$failed++;
		$first += $turn == 0;
	}
}
print "done $done failed $failed first $first\n" if $scene eq "race";
