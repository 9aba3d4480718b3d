//! How many tests passed and failed, from what test programs print at their end.

use crate::steps::Failure;

/// What the closing lines of all test programs add up to.
#[derive(Default)]
pub struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// Takes in a line such as `test result: ok. 18 passed; 0 failed; 0 ignored; 0 measured; ...`.
    pub fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for part in counts.split("; ") {
            match part.split_once(' ').map(|(count, what)| (count.parse::<u64>(), what)) {
                Some((Ok(count), "passed")) => self.passed += count,
                Some((Ok(count), "failed")) => self.failed += count,
                Some((Ok(count), "ignored")) => self.ignored += count,
                _ => {}
            }
        }
    }

    /// Takes in pytest's last line, such as `12 passed, 1 skipped in 3.2s`.
    pub fn add_pytest(&mut self, line: &str) {
        let Some((counts, time)) = line.trim_matches(['=', ' ']).rsplit_once(" in ") else {
            return;
        };
        if !time.starts_with(|c: char| c.is_ascii_digit()) {
            return;
        }
        for part in counts.split(", ") {
            match part.split_once(' ').map(|(count, what)| (count.parse::<u64>(), what)) {
                Some((Ok(count), "passed")) => self.passed += count,
                Some((Ok(count), "failed" | "error" | "errors")) => self.failed += count,
                Some((Ok(count), "skipped" | "deselected")) => self.ignored += count,
                _ => {}
            }
        }
    }

    pub fn print(&self) {
        println!("\n{} passed, {} failed", self.passed, self.failed);
    }

    /// An ignored test is one skipped, and no test at all is no success.
    pub fn accept(&self) -> Result<(), Failure> {
        match self {
            Tally { passed: 0, .. } => Err(Failure::new("no test was run".to_owned())),
            Tally { ignored: 1.., .. } => {
                Err(Failure::new(format!("{} tests were skipped: nothing is skipped here", self.ignored)))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.add(line));
        tally
    }

    #[test]
    fn the_tests_of_all_programs_are_added_up() {
        let tally = tally(&[
            "running 18 tests",
            "test result: ok. 18 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.03s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s",
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ]);
        assert_eq!((tally.passed, tally.failed, tally.ignored), (20, 1, 0));
        assert!(tally.accept().is_ok());
    }

    #[test]
    fn the_tests_of_pytest_are_added_to_them() {
        let mut tally = Tally::default();
        for line in [
            "12 passed in the sense of the word",
            "...F.                                                              [100%]",
            "=============== 1 failed, 4 passed, 2 errors, 1 xfailed, 3 warnings in 61.02s (0:01:01) ===============",
            "7 passed in 0.10s",
        ] {
            tally.add_pytest(line);
        }
        assert_eq!((tally.passed, tally.failed, tally.ignored), (11, 3, 0));
        tally.add_pytest("3 passed, 1 skipped in 0.5s");
        assert!(tally.accept().is_err());
    }

    #[test]
    fn running_no_test_is_a_failure() {
        assert!(tally(&["test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured"]).accept().is_err());
    }

    #[test]
    fn an_ignored_test_is_a_failure() {
        assert!(tally(&["test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured"]).accept().is_err());
    }
}
