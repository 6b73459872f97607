// sqlx: begin().
#[path = "../rusqlite/transact.rs"]
mod transact;

use sqlx::{sqlite::SqlitePoolOptions, Connection};
use std::{env, error::Error};

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let url = format!("sqlite://{}", env::args().nth(1).expect("a database"));
    let pool = runtime.block_on(SqlitePoolOptions::new().max_connections(1).connect(&url))?;
    transact::run(|change| {
        runtime.block_on(async {
            let mut connection = pool.acquire().await?;
            let mut transaction = connection.begin().await?;
            let number: i64 = sqlx::query_scalar("SELECT n FROM counter WHERE id = 1")
                .fetch_one(&mut *transaction)
                .await?;
            if let Some(number) = change(number) {
                sqlx::query("UPDATE counter SET n = ? WHERE id = 1")
                    .bind(number)
                    .execute(&mut *transaction)
                    .await?;
            }
            Ok(transaction.commit().await?)
        })
    })
}
