//! Progress of long work: a bar on a terminal, else a line now and then.

use std::fmt::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::console::Console;
use crate::escape::Escaped;

/// Time between two lines where stderr is not a terminal; work that takes less says nothing.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// The progress of one command, which ends when this is dropped; nothing is shown with `--quiet`.
pub struct Progress<'a> {
    console: &'a Console,
    stage: Option<Stage>,
}

/// A part of the work that is counted by itself.
struct Stage {
    what: String,
    total: u64,
    /// What was done when it began: by an earlier run, or before the first report.
    start: u64,
    begun: Instant,
    /// When the last line was printed, or when the stage began.
    said: Instant,
    bar: Option<ProgressBar>,
}

impl<'a> Progress<'a> {
    /// Shows nothing before the first report.
    pub fn new(console: &'a Console) -> Self {
        Self { console, stage: None }
    }

    /// Shows that `done` of `total` parts of `what` are done, and `detail`; another `what` or `total` begins a new stage.
    ///
    /// The time left is judged by what was done since the first report of the stage, so that a resumed run is not thought
    /// to have done all its steps in a moment.
    pub fn report(&mut self, what: &str, done: u64, total: u64, detail: &str) {
        if self.console.is_quiet() {
            return;
        }
        if !self.stage.as_ref().is_some_and(|stage| stage.what == what && stage.total == total) {
            self.end();
            self.begin(what, done, total);
        }
        let Some(stage) = &mut self.stage else { return };
        if let Some(bar) = &stage.bar {
            bar.set_position(done);
            bar.set_message(if detail.is_empty() { String::new() } else { format!(", {}", Escaped(detail)) });
        } else if stage.said.elapsed() >= BETWEEN_LINES {
            stage.said = Instant::now();
            self.console.note(line(what, stage.begun.elapsed(), stage.start, done, total, detail));
        }
    }

    fn begin(&mut self, what: &str, start: u64, total: u64) {
        let bar = self.console.is_terminal().then(|| bar(what, start, total));
        self.console.set_bar(bar.as_ref());
        let now = Instant::now();
        self.stage = Some(Stage { what: what.to_owned(), total, start, begun: now, said: now, bar });
    }

    fn end(&mut self) {
        if let Some(bar) = self.stage.take().and_then(|stage| stage.bar) {
            bar.finish_and_clear();
        }
        self.console.set_bar(None);
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

fn bar(what: &str, start: u64, total: u64) -> ProgressBar {
    let shown = move |state: &ProgressState, out: &mut dyn Write| {
        // A bar cannot report an error of writing.
        let _ = out.write_str(&times(state.elapsed(), start, state.pos(), total));
    };
    let style = ProgressStyle::with_template("{prefix} {bar:30} {pos} of {len}, {times}{msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("times", shown);
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_position(start);
    bar.set_style(style);
    bar.set_prefix(Escaped(what).to_string());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn line(what: &str, elapsed: Duration, start: u64, done: u64, total: u64, detail: &str) -> String {
    let comma = if detail.is_empty() { "" } else { ", " };
    format!("{what}: {done} of {total}, {}{comma}{detail}", times(elapsed, start, done, total))
}

/// The time since the stage began, and how long it will take from now on.
fn times(elapsed: Duration, start: u64, done: u64, total: u64) -> String {
    let (here, rest) = (done.saturating_sub(start), total.saturating_sub(done));
    let left = if here == 0 { Duration::ZERO } else { elapsed.mul_f64(rest as f64 / here as f64) };
    match left {
        Duration::ZERO => clock(elapsed),
        left => format!("{}, about {} left", clock(elapsed), clock(left)),
    }
}

/// Minutes and seconds, with hours where there are any.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_of_a_resumed_run_is_judged_by_the_steps_of_this_run() {
        let seconds = Duration::from_secs;
        assert_eq!(
            line("training", seconds(10), 900, 920, 1000, "loss 0.5"),
            "training: 920 of 1000, 0:10, about 0:40 left, loss 0.5"
        );
        assert_eq!(line("scoring", seconds(10), 900, 900, 1000, ""), "scoring: 900 of 1000, 0:10");
        assert_eq!(line("scoring", seconds(3700), 0, 1000, 1000, ""), "scoring: 1000 of 1000, 1:01:40");
        assert_eq!(times(seconds(60), 0, 1, 241), "1:00, about 4:00:00 left");
    }
}
