//! An evaluation's results, described.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::console::list;
use crate::cli::error_rate;
use crate::cli::failure::Failure;
use crate::escape::Escaped;
use crate::results::{Results, read};

/// Describes a file that `evaluate` wrote.
pub fn describe_results(path: &Path) -> Result<(String, Value), Failure> {
    let Results { data, protocols, settings, .. } = read(path)?;
    let mut text = format!("{}: the results of an evaluation\n", path.display());
    let _ = writeln!(text, "recordings  {}, {} rows x {} features", Escaped(&data.name()), data.rows, data.features);
    let _ = writeln!(text, "labels      {}", list(&data.labels));
    let _ = writeln!(text, "sessions    {}", list(&data.sessions));
    for protocol in &protocols {
        let _ = writeln!(text, "protocol    {}", Escaped(&protocol.name));
        for method in &protocol.methods {
            let name = Escaped(&method.name).to_string();
            let [genuine, impostor] = method.trials();
            let eer = error_rate::eer(method.eer.value, &protocol.name, protocol.window, genuine, impostor);
            let _ = writeln!(text, "  {name:17} {}", Escaped(&eer));
        }
    }
    let protocols = protocols.iter().map(|protocol| {
        let methods = protocol.methods.iter().map(|method| {
            let [genuine, impostor] = method.trials();
            json!({
                "name": method.name, "eer_percent": method.eer.value, "genuine_trials": genuine, "impostor_trials": impostor,
            })
        });
        json!({ "name": protocol.name, "window_frames": protocol.window, "methods": methods.collect::<Vec<_>>() })
    });
    let value = json!({
        "file": path.display().to_string(), "kind": "results", "sound": true, "data": data, "settings": settings,
        "protocols": protocols.collect::<Vec<_>>(),
    });
    Ok((text, value))
}
