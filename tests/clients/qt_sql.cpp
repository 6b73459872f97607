// Qt SQL: QSqlDatabase::transaction(), with the QSQLITE driver as Debian builds it.
#include <QCoreApplication>
#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>
#include <QTextStream>
#include <QVariant>

static const char *const settings[] = {"journal_mode", "synchronous", "busy_timeout",       "foreign_keys",
				       "temp_store",   "mmap_size",   "journal_size_limit", "cache_size"};

static QString ask(const QString &sql)
{
	QSqlQuery query;
	if (!query.exec(sql))
		qFatal("%s: %s", qPrintable(sql), qPrintable(query.lastError().text()));
	return query.next() ? query.value(0).toString() : QString();
}

int main(int argc, char **argv)
{
	QCoreApplication application(argc, argv);
	QTextStream in(stdin), out(stdout);
	QSqlDatabase db = QSqlDatabase::addDatabase("QSQLITE");

	db.setDatabaseName(application.arguments().at(1));
	if (!db.open())
		qFatal("open: %s", qPrintable(db.lastError().text()));
	ask("CREATE TABLE IF NOT EXISTS t(a)");
	if (!db.transaction())
		qFatal("transaction: %s", qPrintable(db.lastError().text()));
	ask("SELECT count(*) FROM t");
	out << "ready\n";
	out.flush();
	in.readLine();
	for (const char *name : settings)
		out << name << '=' << ask(QString("PRAGMA ") + name) << '\n';
	out << "sqlite=" << ask("SELECT sqlite_version()") << "\nversion=" << qVersion() << '\n';
	if (!db.commit())
		qFatal("commit: %s", qPrintable(db.lastError().text()));
	db.close();
	return 0;
}
