//! Error rates in words: an equal error rate, and the false match rate of an enrolment with its attempts.

use std::fmt::Write;

use neural_vault_core::budget::{CHANCE, FalseMatches, MAX_ATTEMPTS, chance};

use crate::enrolment::{Development, Enrolment, Measured, attempts_here};

/// An equal error rate with what it was measured on; `frames` are those of a probe, 0 of probes of any length.
pub fn eer(percent: f64, protocol: &str, frames: usize, genuine: usize, impostor: usize) -> String {
    let length = match frames {
        0 => "any length".to_owned(),
        1 => "1 frame".to_owned(),
        frames => format!("{frames} frames"),
    };
    format!("EER {percent:.1} % ({protocol}; probes of {length}; {genuine} genuine and {impostor} impostor trials)")
}

/// The equal error rate of the trials that chose a threshold; none where a rule or a person chose it.
pub fn development_eer(development: &Development, measured: Option<&Measured>) -> Option<String> {
    let Development { protocol, eer_percent, genuine, impostor, .. } = development;
    // Files of version 2 do not say how long the probes were.
    let frames = measured.map_or(0, |measured| measured.frames as usize);
    Some(eer((*eer_percent)?, protocol, frames, *genuine as usize, *impostor as usize))
}

/// The false match rate with its bound and its trials.
pub fn rate(found: &FalseMatches) -> String {
    let FalseMatches { matches, trials, persons, bound } = *found;
    if trials == 0 {
        return "unknown: no impostor trials measured the threshold".to_owned();
    }
    format!(
        "{}, at most {} (95 % bound): {matches} of {trials} impostor trials accepted, of {persons} labels",
        percent(f64::from(matches) / f64::from(trials)),
        percent(bound.into())
    )
}

/// The attempts that the false match rate allows, and why.
pub fn attempts(found: &FalseMatches) -> String {
    let limit = format!("{} %", 100.0 * CHANCE);
    match found.attempts(None) {
        Ok(attempts) => format!(
            "{attempts}: a stranger's chance in {} is at most {}{}",
            if attempts == 1 { "it" } else { "them" },
            percent(chance(found.bound, attempts).into()),
            if attempts == MAX_ATTEMPTS { String::new() } else { format!(", and one more would exceed {limit}") }
        ),
        Err(_) if found.trials == 0 => "none: nothing bounds a stranger's chance".to_owned(),
        Err(_) => format!(
            "none: one alone gives a stranger a chance of up to {}, more than {limit}",
            percent(found.bound.into())
        ),
    }
}

/// The lines of an enrolment, each beginning with a name in a column of 12.
pub fn lines(record: &Enrolment) -> String {
    let found = record.false_matches();
    let mut text = format!("FMR         {}\n", rate(&found));
    let _ = writeln!(text, "attempts    {}", attempts(&found));
    let here = attempts_here(&found);
    let _ = match found.attempts(None) {
        Ok(_) => writeln!(text, "            a token takes no more, this machine {here}"),
        Err(_) => writeln!(
            text,
            "            a token refuses the enrolment unless its administrator accepts a risk; this machine takes {here}"
        ),
    };
    if let [shorter @ .., longest] = record.thresholds().as_slice() {
        let _ = write!(text, "probes      of {} frames, to which longer ones are cut", longest.frames);
        if !shorter.is_empty() {
            text += "; thresholds of shorter ones, by frames:";
        }
        for (index, probe) in shorter.iter().enumerate() {
            let _ =
                write!(text, "{} {} {:.4}", if index == 0 { "" } else { "," }, probe.frames, probe.threshold.cosine());
        }
        text.push('\n');
    }
    text
}

/// A rate of 0 to 1 in percent, with more digits where it is small.
pub fn percent(rate: f64) -> String {
    let percent = 100.0 * rate;
    if percent == 0.0 || percent >= 0.1 { format!("{percent:.1} %") } else { format!("{percent:.3} %") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrolment::false_matches;

    #[test]
    fn an_eer_is_said_with_its_protocol_its_frames_and_its_trials() {
        assert_eq!(
            eer(6.25, "held-back sessions run04, run05", 9, 12, 84),
            "EER 6.2 % (held-back sessions run04, run05; probes of 9 frames; 12 genuine and 84 impostor trials)"
        );
        assert!(eer(50.0, "in sample", 1, 1, 1).contains("; probes of 1 frame; "));
        assert!(eer(50.0, "in sample", 0, 1, 1).contains("; probes of any length; "));
    }

    #[test]
    fn a_rate_is_said_with_its_bound_its_trials_and_the_attempts_it_allows() {
        let demo = false_matches(5, 56, 8);
        assert_eq!(rate(&demo), "8.9 %, at most 19.6 % (95 % bound): 5 of 56 impostor trials accepted, of 8 labels");
        assert_eq!(attempts(&demo), "none: one alone gives a stranger a chance of up to 19.6 %, more than 2 %");
        let one = false_matches(0, 224, 8);
        assert_eq!(attempts(&one), "1: a stranger's chance in it is at most 1.6 %, and one more would exceed 2 %");
        let fifty = false_matches(0, 100_000, 300);
        assert_eq!(
            rate(&fifty),
            "0.0 %, at most 0.004 % (95 % bound): 0 of 100000 impostor trials accepted, of 300 labels"
        );
        assert_eq!(attempts(&fifty), "50: a stranger's chance in them is at most 0.2 %");
        assert!(rate(&FalseMatches::UNKNOWN).starts_with("unknown"));
        assert_eq!(attempts(&FalseMatches::UNKNOWN), "none: nothing bounds a stranger's chance");
    }
}
