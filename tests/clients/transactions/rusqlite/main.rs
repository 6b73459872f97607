// rusqlite with its bundled SQLite: transaction(), which spells out DEFERRED.
mod transact;

use rusqlite::Connection;
use std::{env, error::Error};

fn main() -> Result<(), Box<dyn Error>> {
    let mut db = Connection::open(env::args().nth(1).expect("a database"))?;
    transact::run(|change| {
        let transaction = db.transaction()?;
        let number = transaction
            .query_row("SELECT n FROM counter WHERE id = 1", [], |row| row.get(0))?;
        if let Some(number) = change(number) {
            transaction.execute("UPDATE counter SET n = ? WHERE id = 1", [number])?;
        }
        Ok(transaction.commit()?)
    })
}
