# R's RSQLite: dbBegin().
library(DBI)

settings <- c("journal_mode", "synchronous", "busy_timeout", "foreign_keys",
	"temp_store", "mmap_size", "journal_size_limit", "cache_size")
db <- dbConnect(RSQLite::SQLite(), commandArgs(trailingOnly = TRUE)[1])
ask <- function(sql) format(dbGetQuery(db, sql)[[1]], scientific = FALSE)

invisible(dbExecute(db, "CREATE TABLE IF NOT EXISTS t(a)"))
dbBegin(db)
invisible(ask("SELECT count(*) FROM t"))
cat("ready\n")
invisible(readLines(file("stdin"), n = 1))
for (name in settings) cat(name, "=", ask(paste("PRAGMA", name)), "\n", sep = "")
cat("sqlite=", ask("SELECT sqlite_version()"), "\nversion=", format(packageVersion("RSQLite")), "\n", sep = "")
dbCommit(db)
dbDisconnect(db)
