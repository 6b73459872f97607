// Mono.Data.Sqlite: BeginTransaction(), which sends BEGIN IMMEDIATE by itself; with "deferred", of a level that sends a plain BEGIN.
using System;
using System.Data;
using Mono.Data.Sqlite;

static class Client {
	static readonly string[] settings = {"journal_mode", "synchronous", "busy_timeout", "foreign_keys",
		"temp_store", "mmap_size", "journal_size_limit", "cache_size"};

	static object Ask(SqliteConnection connection, string sql) {
		using (var command = new SqliteCommand(sql, connection))
			return command.ExecuteScalar();
	}

	static void Main(string[] arguments) {
		using (var connection = new SqliteConnection("Data Source=" + arguments[0])) {
			connection.Open();
			Ask(connection, "CREATE TABLE IF NOT EXISTS t(a)");
			bool deferred = arguments.Length > 1;
			using (var transaction = connection.BeginTransaction(deferred ? IsolationLevel.ReadCommitted : IsolationLevel.Serializable)) {
				Ask(connection, "SELECT count(*) FROM t");
				Console.WriteLine("ready");
				Console.ReadLine();
				foreach (string name in settings)
					Console.WriteLine(name + "=" + Ask(connection, "PRAGMA " + name));
				Console.WriteLine("sqlite=" + Ask(connection, "SELECT sqlite_version()"));
				Console.WriteLine("version=" + typeof(SqliteConnection).Assembly.GetName().Version);
				transaction.Commit();
			}
		}
	}
}
