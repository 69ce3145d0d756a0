use super::{CONNECTIONS, Method, STAY, Site, TURN};
use crate::chart::{Chart, Line};
use crate::finding::{Finding, Table};
use crate::statistics::{digits, grouped, median, ratio};

/// Says what was found for each number of users.
pub(super) fn report(finding: &mut Finding, sites: &[Site], steps: &[usize], rounds: usize) {
    explain(finding, rounds);
    judge(finding, sites, steps);
    let columns: Vec<String> = std::iter::once(String::new())
        .chain(steps.iter().map(|users| format!("{} users", grouped(&users.to_string()))))
        .collect();
    let mut add = |caption: &str, plot: Option<(&str, &str, bool)>, value: fn(&Site) -> f64| {
        let of_method =
            |method: Method| -> Vec<f64> { sites.iter().filter(|site| site.method == method).map(value).collect() };
        let values = Method::ALL.map(|method| (method, of_method(method)));
        let rows = values.iter().map(|(method, values)| {
            std::iter::once(method.title().to_owned()).chain(values.iter().map(|value| digits(*value))).collect()
        });
        finding.tables.push(Table { caption: caption.to_owned(), columns: columns.clone(), rows: rows.collect() });
        let lines = values.into_iter().map(|(method, values)| Line {
            name: method.title().to_owned(),
            points: steps.iter().map(|users| *users as f64).zip(values).collect(),
            colour: method.colour(),
        });
        if let Some((file, unit, is_y_logarithmic)) = plot {
            finding.charts.push(Chart::Lines {
                file: file.to_owned(),
                title: caption.to_owned(),
                x: "users logged in".to_owned(),
                y: unit.to_owned(),
                is_x_logarithmic: true,
                is_y_logarithmic,
                lines: lines.collect(),
            });
        }
    };
    let rate: fn(&Site) -> f64 = |site| median(&site.rates());
    let p99: fn(&Site) -> f64 = |site| median(&site.turns.iter().map(|served| served.p99).collect::<Vec<_>>());
    add("Requests per second, one server on one core", Some(("sessions-rate", "requests per second", false)), rate);
    add("p99 of a request, ms", Some(("sessions-p99", "milliseconds, logarithmic", true)), p99);
    add("Resident memory, MB (PostgreSQL's own included)", Some(("sessions-memory", "MB", false)), |site| site.memory);
    add("Accounts and sessions on the disk, MB", None, |site| site.disk);
}

fn explain(finding: &mut Finding, rounds: usize) {
    finding.explain(
        "The question that Tokenry exists to answer: what does it cost to know who is calling, while the number of logged-in \
         users grows? One program answers `GET /orders` with `hello` and the user's identifier. By token it is a service with \
         the guard and the issuer's key (EdDSA). By cookie it is an application with Tokenry embedded, which finds the session \
         and its user in its memory, in a SQLite file, or in PostgreSQL. Same framework, same request but for the header, same \
         answer.",
    );
    finding.explain(&format!(
        "There is a site for each method and each number of users, all at the same time. Each of {CONNECTIONS} connections is a \
         visitor: one of all users, drawn at random, who sends {STAY} requests, then another. {rounds} rounds; in each, every \
         site has a turn of {} ms. The site is on one core and PostgreSQL with it, the load generator is on the other. Medians. \
         `token` is a guard as it comes: the first request of a visit is verified, the others are known, and with few users, \
         who come back soon, all are. `token, no cache` verifies the signature at each request.",
        TURN.as_millis(),
    ));
    finding.explain(
        "What it does not show: a database across a network, which adds a round trip to each look-up. Users and sessions are made \
         directly in the stores, and the note, once a minute, that a cookie's session is in use is left out. The issuer keeps a \
         row for each session of the token method, too, for refreshing; no request to a service reads it. (At the issuer's own \
         calls, such as `/v1/verify`, a token is looked up as well.) Memory is that after the first second; PostgreSQL holds the \
         databases of fewer users, too.",
    );
}

/// That tokens do not care how many there are.
fn judge(finding: &mut Finding, sites: &[Site], steps: &[usize]) {
    let rates = |users| {
        let found = sites.iter().find(|site| site.method == Method::TokenUncached && site.users == users);
        found.unwrap().rates()
    };
    let (least, most) = (steps[0], steps[steps.len() - 1]);
    let flat = ratio(&rates(most), &rates(least));
    finding.expect(
        &format!(
            "tokens, no cache: with {} users {:.1} % of the requests per second with {} (95 to 105)",
            grouped(&most.to_string()),
            flat * 100.0,
            grouped(&least.to_string()),
        ),
        (0.95..1.05).contains(&flat),
    );
}
