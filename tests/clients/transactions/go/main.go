// database/sql with mattn/go-sqlite3: Begin(), and in the scene stay a transaction that was declared read-only. With "gorm" in
// TRANSACTIONS the same by GORM's Transaction().
package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	_ "github.com/mattn/go-sqlite3"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

const nothing = -1

var input = bufio.NewReader(os.Stdin)

// transact makes one transaction that reads the number, calls change, and writes what that returns, unless it is nothing.
type transact func(change func(int) int, options *sql.TxOptions) error

func withStandardLibrary(path string) transact {
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		log.Fatal(err)
	}
	return func(change func(int) int, options *sql.TxOptions) error {
		tx, err := db.BeginTx(context.Background(), options)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		var number int
		if err = tx.QueryRow("SELECT n FROM counter WHERE id = 1").Scan(&number); err != nil {
			return err
		}
		if number = change(number); number != nothing {
			if _, err = tx.Exec("UPDATE counter SET n = ? WHERE id = 1", number); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
}

type Counter struct {
	ID int
	N  int
}

func (Counter) TableName() string { return "counter" }

func withGorm(path string) transact {
	db, err := gorm.Open(sqlite.Open(path), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		log.Fatal(err)
	}
	return func(change func(int) int, options *sql.TxOptions) error {
		return db.Transaction(func(tx *gorm.DB) error {
			var counter Counter
			if err := tx.First(&counter, 1).Error; err != nil {
				return err
			}
			if number := change(counter.N); number != nothing {
				counter.N = number
				return tx.Save(&counter).Error
			}
			return nil
		}, options)
	}
}

func waitForLine() {
	input.ReadString('\n')
}

func oneMore(number int) int {
	time.Sleep(5 * time.Millisecond)
	return number + 1
}

func stay(int) int {
	fmt.Println("held")
	waitForLine()
	return nothing
}

func race(begin transact, count int) {
	done, failed, first := 0, 0, 0
	for turn := 0; turn < count; turn++ {
		err := begin(oneMore, nil)
		if err == nil {
			done++
			continue
		}
		if failed == 0 {
			fmt.Fprintln(os.Stderr, err)
		}
		failed++
		if turn == 0 {
			first++
		}
	}
	fmt.Println("done", done, "failed", failed, "first", first)
}

func main() {
	begin := withStandardLibrary(os.Args[1])
	if os.Getenv("TRANSACTIONS") == "gorm" {
		begin = withGorm(os.Args[1])
	}
	count, _ := strconv.Atoi(os.Args[3])
	fmt.Println("ready")
	waitForLine()
	if os.Args[2] == "race" {
		race(begin, count)
		return
	}
	for turn := 0; turn < count; turn++ {
		if turn > 0 {
			waitForLine()
		}
		if err := begin(stay, &sql.TxOptions{ReadOnly: true}); err != nil {
			log.Fatal(err)
		}
		fmt.Println("ended")
	}
}
