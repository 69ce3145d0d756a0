//! What `tokenry serve` logs: lines on standard error, each of which names the process that wrote it, so that those of
//! several nodes can be collected in one place.

use std::fmt;
use std::io::{self, IsTerminal};

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, layer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Log, LogFormat};

/// Logs as `config` says from now on, as `node`.
pub(crate) fn start(config: &Log, node: &str) {
    let filtered = Registry::default().with(config.filter.0.clone());
    let lines = layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).log_internal_errors(true);
    match config.format {
        LogFormat::Text => filtered.with(lines.with_timer(Stamp::new(node))).init(),
        LogFormat::Json => {
            let objects = lines.json().flatten_event(true);
            filtered.with(objects.map_event_format(|objects| Named::new(objects, node))).init();
        }
    }
}

/// The head of a line of text: when, and where.
struct Stamp(String);

impl Stamp {
    fn new(node: &str) -> Self {
        Self(format!(" node={node:?}"))
    }
}

impl FormatTime for Stamp {
    fn format_time(&self, line: &mut Writer<'_>) -> fmt::Result {
        SystemTime.format_time(line)?;
        line.write_str(&self.0)
    }
}

/// Writes JSON objects with one more member, the first.
struct Named<F> {
    objects: F,
    head: String,
}

impl<F> Named<F> {
    fn new(objects: F, node: &str) -> Self {
        Self { objects, head: format!("{{\"node\":{},", serde_json::Value::from(node)) }
    }
}

impl<F, S, N> FormatEvent<S, N> for Named<F>
where
    F: FormatEvent<S, N>,
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut object = String::new();
        self.objects.format_event(context, Writer::new(&mut object), event)?;
        // An object of an event is never empty: it has its time at least.
        line.write_str(&self.head)?;
        line.write_str(object.strip_prefix('{').unwrap_or(&object))
    }
}
