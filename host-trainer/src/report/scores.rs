//! Every score as CSV, for other tools.

use crate::results::Results;

/// `protocol,method,kind,score`, one line per trial; `kind` is `genuine` or `impostor`.
#[must_use]
pub fn scores_csv(results: &Results) -> String {
    let mut text = String::from("protocol,method,kind,score\n");
    for protocol in &results.protocols {
        for method in &protocol.methods {
            for (kind, scores) in [("genuine", &method.genuine), ("impostor", &method.impostor)] {
                let before = format!("{},{},{kind},", field(&protocol.name), field(&method.name));
                scores.iter().for_each(|score| text += &format!("{before}{score}\n"));
            }
        }
    }
    text
}

/// A field as RFC 4180 quotes it.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
