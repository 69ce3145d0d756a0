use std::process::Command;
use std::thread;

use rustix::thread::{CpuSet, sched_setaffinity};

/// One of the machine's two cores: what is measured has one, and what asks it has the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Core {
    Server,
    Load,
}

impl Core {
    /// Keeps this thread, and the processes and threads that it starts, on this core.
    pub(crate) fn keep(self) {
        set(&[self.number()]);
    }

    /// Does `work` on this core.
    pub(crate) fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let work = move || {
            self.keep();
            work()
        };
        thread::spawn(work).join().unwrap()
    }

    /// Lets this thread run anywhere again.
    pub(crate) fn leave() {
        set(&(0..CORES).collect::<Vec<_>>());
    }

    /// Moves a running process, with all its threads.
    pub(crate) fn take(self, process: u32) {
        move_to(process, &self.number().to_string());
    }

    /// Lets a running process go anywhere again.
    pub(crate) fn release(process: u32) {
        move_to(process, &format!("0-{}", CORES - 1));
    }

    fn number(self) -> usize {
        match self {
            Self::Server => 0,
            Self::Load => 1,
        }
    }
}

fn set(cores: &[usize]) {
    let mut set = CpuSet::new();
    cores.iter().for_each(|core| set.set(*core));
    sched_setaffinity(None, &set).expect("a machine with two cores");
}

fn move_to(process: u32, cores: &str) {
    let output = Command::new("taskset").args(["-acp", cores, &process.to_string()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

const CORES: usize = 2;
