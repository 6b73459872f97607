// rusqlite: transaction(), which spells out DEFERRED; with "plain" as argument 2 a BEGIN of the program's own.
use rusqlite::{types::Value, Connection, Result};
use std::io;

const SETTINGS: [&str; 8] = [
    "journal_mode",
    "synchronous",
    "busy_timeout",
    "foreign_keys",
    "temp_store",
    "mmap_size",
    "journal_size_limit",
    "cache_size",
];

fn driver_version() -> &'static str {
    let (_, behind) = include_str!("Cargo.lock")
        .split_once("name = \"rusqlite\"\nversion = \"")
        .expect("its own entry");
    behind.split('"').next().unwrap_or_default()
}

fn ask(db: &Connection, sql: &str) -> Result<String> {
    db.query_row(sql, [], |row| {
        Ok(match row.get(0)? {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            other => format!("{other:?}"),
        })
    })
}

fn read_wait_show(db: &Connection) -> Result<()> {
    ask(db, "SELECT count(*) FROM t")?;
    println!("ready");
    io::stdin()
        .read_line(&mut String::new())
        .expect("standard input");
    for name in SETTINGS {
        println!("{name}={}", ask(db, &format!("PRAGMA {name}"))?);
    }
    println!(
        "sqlite={}\nversion={}",
        rusqlite::version(),
        driver_version()
    );
    Ok(())
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let mut db = Connection::open(&arguments[1])?;
    db.execute_batch("CREATE TABLE IF NOT EXISTS t(a)")?;
    if arguments.get(2).map(String::as_str) == Some("plain") {
        db.execute_batch("BEGIN")?;
        read_wait_show(&db)?;
        db.execute_batch("COMMIT")?;
    } else {
        let transaction = db.transaction()?;
        read_wait_show(&transaction)?;
        transaction.commit()?;
    }
    db.close().map_err(|(_, error)| error)
}
