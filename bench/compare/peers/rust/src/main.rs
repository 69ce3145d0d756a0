//! Other JWT libraries for Rust, in a process that the measurements drive: `peers ask FIXTURE` answers one question a
//! line, `peers serve FIXTURE ALGORITHM` is a service that asks for a token.

mod fixture;
mod jsonwebtoken;
mod jwt_simple;
mod serve;

use std::io::{BufRead, Write};
use std::time::Instant;

use fixture::Fixture;

/// Makes one call, the n-th.
type Call = Box<dyn Fn(usize)>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["ask", fixture] => answer(&Fixture::read(fixture)),
        ["serve", fixture, algorithm] => serve::run(&Fixture::read(fixture), algorithm),
        _ => panic!("peers ask FIXTURE | peers serve FIXTURE ALGORITHM"),
    }
}

/// `OPERATION ALGORITHM LIBRARY CALLS` is answered with nanoseconds for all of the calls, or `-`: not offered.
fn answer(fixture: &Fixture) {
    let mut ready: Vec<(String, Option<Call>)> = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a question");
        let (question, calls) = line.rsplit_once(' ').expect("OPERATION ALGORITHM LIBRARY CALLS");
        let calls: usize = calls.parse().expect("a number of calls");
        let at = ready.iter().position(|(asked, _)| asked == question).unwrap_or_else(|| {
            ready.push((question.to_owned(), prepare(fixture, question)));
            ready.len() - 1
        });
        let answer = match &ready[at].1 {
            Some(call) => {
                let started = Instant::now();
                (0..calls).for_each(call);
                started.elapsed().as_nanos().to_string()
            }
            None => "-".to_owned(),
        };
        println!("{answer}");
        std::io::stdout().flush().expect("an answer");
    }
}

fn prepare(fixture: &Fixture, question: &str) -> Option<Call> {
    match question.split(' ').collect::<Vec<_>>().as_slice() {
        ["verify", algorithm, "jsonwebtoken"] => jsonwebtoken::verify(fixture, algorithm),
        ["sign", algorithm, "jsonwebtoken"] => jsonwebtoken::sign(fixture, algorithm),
        ["verify", algorithm, "jwt-simple"] => jwt_simple::verify(fixture, algorithm),
        ["sign", algorithm, "jwt-simple"] => jwt_simple::sign(fixture, algorithm),
        _ => None,
    }
}
