use std::net::SocketAddr;

use super::place::Place;
use super::{Method, Site, TURN, ask, visits};
use crate::chart::{Chart, Line};
use crate::child::{Child, used};
use crate::finding::{Finding, Table};
use crate::statistics::{digits, grouped, median, ratio};

/// The same with several servers, which share the core.
pub(super) fn measure(finding: &mut Finding, place: &Place, sites: Vec<Site>, rounds: usize) {
    struct Group {
        first: Site,
        servers: Vec<SocketAddr>,
        /// Beside the first.
        more: Vec<Child>,
    }
    let shared = sites.into_iter().filter(|site| SHARED.contains(&site.method));
    let groups: Vec<Group> = shared
        .map(|first| {
            let start = |_| place.start(first.method, &first.data, first.database.as_deref());
            let (more, addresses): (Vec<_>, Vec<_>) = (1..SERVERS).map(start).unzip();
            let servers = std::iter::once(first.address).chain(addresses).collect();
            Group { first, servers, more }
        })
        .collect();
    let users = groups[0].first.users;
    let mut costs = vec![vec![Vec::new(); SERVERS]; groups.len()];
    let mut rates = costs.clone();
    for round in 0..rounds {
        for count in 1..=SERVERS {
            for (at, group) in groups.iter().enumerate() {
                let first = &group.first;
                let all = || {
                    let beside = if first.database.is_some() { used(place.postgres()) } else { 0.0 };
                    let children = std::iter::once(&first.child).chain(&group.more);
                    children.map(|child| used(child.id())).sum::<f64>() + beside
                };
                let before = all();
                // Others than before: who was served a moment ago is known.
                let seed = SEED + round * SERVERS + count;
                let requests = place.requests(first.method, users, visits(first.expected(), TURN), seed);
                let served = ask(&group.servers[..count], requests, TURN);
                costs[at][count - 1].push((all() - before) * 1e6 / served.answers as f64);
                rates[at][count - 1].push(served.rate);
            }
        }
    }
    let mut rows = Vec::new();
    let mut lines = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        let method = group.first.method;
        let of = |count: usize| (median(&costs[at][count]), median(&rates[at][count]));
        let cells = (0..SERVERS).map(|count| format!("{} us ({}/s)", digits(of(count).0), digits(of(count).1)));
        rows.push(std::iter::once(method.title().to_owned()).chain(cells).collect());
        let points = (0..SERVERS).map(|count| ((count + 1) as f64, of(count).0)).collect();
        lines.push(Line { name: method.title().to_owned(), points, colour: method.colour() });
    }
    let users = grouped(&users.to_string());
    finding.explain(&format!(
        "With several servers and {users} users, connections spread over the servers evenly; all servers, and PostgreSQL, share \
         the one core, so that throughput can't grow: what each request costs is what more cores would be paid for. By token, a \
         request costs {:.0} % with {SERVERS} servers of what it costs with one. Sessions in memory or in a file of a server \
         can't be shared: a proxy would have to send each user to the same server.",
        ratio(&costs[0][SERVERS - 1], &costs[0][0]) * 100.0,
    ));
    finding.tables.push(Table {
        caption: format!("Core time of a request, all servers and PostgreSQL on one core, {users} users"),
        columns: ["", "one server", "two servers", "three servers"].map(str::to_owned).to_vec(),
        rows,
    });
    finding.charts.push(Chart::Lines {
        file: "sessions-servers".to_owned(),
        title: "Cost of a request; all servers share one core of this machine".to_owned(),
        x: "servers".to_owned(),
        y: "core time, microseconds".to_owned(),
        is_x_logarithmic: false,
        is_y_logarithmic: false,
        lines,
    });
}

const SHARED: [Method; 3] = [Method::Token, Method::TokenUncached, Method::Database];
const SERVERS: usize = 3;
/// Above those of all rounds before.
const SEED: usize = 1000;
