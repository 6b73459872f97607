// What every Rust program here does with its library's own transaction, as ../python/transact.py says it for Python.
use std::{env, error::Error, io, thread::sleep, time::Duration};

pub type Change = fn(i64) -> Option<i64>;

fn wait_for_line() {
    io::stdin()
        .read_line(&mut String::new())
        .expect("standard input");
}

fn one_more(number: i64) -> Option<i64> {
    sleep(Duration::from_millis(5));
    Some(number + 1)
}

fn stay(_: i64) -> Option<i64> {
    println!("held");
    wait_for_line();
    None
}

/// `transact` is one transaction that reads the number, calls what it is given, and writes what that returns, unless it is None.
pub fn run(
    mut transact: impl FnMut(Change) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().collect();
    let count: u32 = arguments[3].parse()?;
    let (mut done, mut failed, mut first) = (0, 0, 0);
    println!("ready");
    wait_for_line();
    for turn in 0..count {
        if arguments[2] == "stay" {
            if turn > 0 {
                wait_for_line();
            }
            transact(stay)?;
            println!("ended");
            continue;
        }
        match transact(one_more) {
            Ok(()) => done += 1,
            Err(error) => {
                if failed == 0 {
                    eprintln!("{error}");
                }
                failed += 1;
                first += u32::from(turn == 0);
            }
        }
    }
    if arguments[2] == "race" {
        println!("done {done} failed {failed} first {first}");
    }
    Ok(())
}
