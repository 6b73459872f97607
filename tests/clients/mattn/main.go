// database/sql with mattn/go-sqlite3, its own SQLite inside or, with the tag libsqlite3, linked to the system's library: Begin().
package main

import (
	"bufio"
	"database/sql"
	"fmt"
	"log"
	"os"
	"runtime/debug"

	"github.com/mattn/go-sqlite3"
)

var settings = []string{"journal_mode", "synchronous", "busy_timeout", "foreign_keys",
	"temp_store", "mmap_size", "journal_size_limit", "cache_size"}

func ask(tx *sql.Tx, query string) (value string) {
	if err := tx.QueryRow(query).Scan(&value); err != nil {
		log.Fatal(query, ": ", err)
	}
	return value
}

func driverVersion() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/mattn/go-sqlite3" {
			return module.Version[1:]
		}
	}
	return "unknown"
}

func main() {
	db, err := sql.Open("sqlite3", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if _, err = db.Exec("CREATE TABLE IF NOT EXISTS t(a)"); err != nil {
		log.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		log.Fatal(err)
	}
	ask(tx, "SELECT count(*) FROM t")
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadString('\n')
	for _, name := range settings {
		fmt.Printf("%s=%s\n", name, ask(tx, "PRAGMA "+name))
	}
	version, _, _ := sqlite3.Version()
	fmt.Printf("sqlite=%s\nversion=%s\n", version, driverVersion())
	if err = tx.Commit(); err != nil {
		log.Fatal(err)
	}
	if err = db.Close(); err != nil {
		log.Fatal(err)
	}
}
