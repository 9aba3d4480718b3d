//! The pages in Chromium: the summary fits a slide, what is not folded is not too high, nothing is wider than the page and no
//! text is cut; screenshots are kept.
//!
//! Run by `cargo xtask report`, which brings Chromium: `chromium` on the path, or the program in the environment variable
//! `CHROMIUM`. The screenshots are left in `report` in the folder for temporary files of the target folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "report/fixture.rs"]
#[allow(dead_code, reason = "the report's tests use all of it")]
mod fixture;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use neural_vault::comparison::compare;
use neural_vault::report::{comparison_html, html};
use serde_json::Value;

const WIDTHS: [u32; 3] = [375, 768, 1280];
/// What a page may be high, in pixels, before anything is unfolded.
const HIGHEST: u64 = 8000;
/// The width and height of a slide, in pixels.
const SLIDE: (u32, f64) = (1280, 720.0);
/// Bytes of a page that opens at once.
const LARGEST: usize = 1 << 20;

/// Loads the page in a frame of the width asked for and says what a reader would run into.
const PROBE: &str = r#"<!DOCTYPE html><meta charset="utf-8"><body style="margin:0"><script>
const frame = document.createElement("iframe");
frame.style = "border:0;width:WIDTHpx;height:900px";
frame.srcdoc = PAGE;
frame.onload = () => {
  const inner = frame.contentDocument, root = inner.documentElement, cut = [], empty = [], crossed = [];
  const summary = inner.querySelector(".summary");
  const folded = { height: root.scrollHeight, slide: summary ? summary.getBoundingClientRect().bottom : 0 };
  inner.querySelectorAll("details").forEach(details => { details.open = true; });
  for (const figure of inner.querySelectorAll("svg.plot")) {
    const box = figure.getBoundingClientRect();
    if (box.width < 250 || box.height < 60) empty.push(figure.querySelector("title").textContent);
    const texts = [...figure.querySelectorAll("text")].filter(text => text.textContent);
    const boxes = texts.map(text => text.getBoundingClientRect());
    texts.forEach((text, i) => {
      const r = boxes[i], says = figure.querySelector("title").textContent + ": " + text.textContent;
      if (r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1) cut.push(says);
      const slanted = t => (t.getAttribute("transform") || "").includes("rotate(-40)");
      boxes.slice(i + 1).forEach((s, k) => {
        if (slanted(text) || slanted(texts[i + 1 + k])) return;
        const wide = Math.min(r.right, s.right) - Math.max(r.left, s.left);
        const high = Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top);
        if (wide > 1 && high > 3) crossed.push(says + " / " + texts[i + 1 + k].textContent);
      });
    });
  }
  const found = { scroll: root.scrollWidth, client: root.clientWidth, figures: inner.querySelectorAll("svg.plot").length,
    words: inner.body.innerText.length, ...folded, cut, empty, crossed };
  const out = document.createElement("pre");
  out.id = "found";
  out.textContent = JSON.stringify(found);
  document.body.append(out);
};
document.body.append(frame);
</script></body>"#;

#[test]
fn pages_fit_desktop_and_phone_and_no_text_is_cut() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    fs::create_dir_all(&folder).unwrap();
    let results = fixture::results();
    let both = [("a.json".to_owned(), fixture::results()), ("b.json".to_owned(), fixture::other_results())];
    let many = (0..12).map(|n| (format!("a rather long name of evaluation {n}.json"), fixture::crowded()));
    let pages = [
        ("report", html(&results), 19),
        ("crowded", html(&fixture::crowded()), 55),
        ("persons", html(&fixture::persons()), 12),
        // One figure a method and protocol, and the summary's.
        ("comparison", comparison_html(&compare(&both).unwrap()), 15),
        ("comparison-crowded", comparison_html(&compare(&many.collect::<Vec<_>>()).unwrap()), 43),
    ];
    for (name, page, figures) in pages {
        look(&folder, name, &page, figures);
    }
}

#[test]
fn the_report_of_the_shipped_recordings_fits_as_well() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    fs::create_dir_all(&folder).unwrap();
    let recordings = neural_vault_models::file("data/haxby/haxby_slice_runs00-05.csv.gz");
    let report = folder.join("haxby-evaluated.html");
    let output = Command::new(env!("CARGO_BIN_EXE_neural-vault"))
        .arg("evaluate")
        .arg(recordings)
        .args(["--engine", "tract", "--protocol", "in-sample", "--protocol", "sessions"])
        .args(["--protocol", "unseen", "--report"])
        .arg(&report)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The summary's, and three protocols of six figures and four sweeps, one of them with training sessions too.
    look(&folder, "haxby", &fs::read_to_string(&report).unwrap(), 32);
}

/// Measures a page at every width and leaves pictures of it.
fn look(folder: &Path, name: &str, page: &str, figures: usize) {
    let file = folder.join(format!("{name}.html"));
    fs::write(&file, page).unwrap();
    assert!(page.len() < LARGEST, "{name} has {} bytes", page.len());
    for width in WIDTHS {
        let found = probe(folder, page, width);
        let list = |key: &str| found[key].as_array().unwrap().clone();
        assert_eq!(found["scroll"], found["client"], "{name} at {width} px runs off the page");
        assert_eq!(found["figures"], figures, "{name} at {width} px");
        assert!(found["words"].as_u64().unwrap() > 500);
        let height = found["height"].as_u64().unwrap();
        assert!(height <= HIGHEST, "{name} at {width} px is {height} px high before unfolding");
        let slide = found["slide"].as_f64().unwrap();
        assert!(slide > 0.0, "{name} has no summary");
        assert!(width != SLIDE.0 || slide <= SLIDE.1, "{name}: the summary ends at {slide} px");
        for key in ["cut", "empty", "crossed"] {
            assert!(list(key).is_empty(), "{name} at {width} px, {key}: {:#?}", list(key));
        }
    }
    for (kind, arguments) in [
        ("slide", &["--window-size=1280,720"][..]),
        ("desktop", &["--window-size=1280,9000"]),
        ("dark", &["--window-size=1280,9000", "--blink-settings=preferredColorScheme=0"]),
    ] {
        let picture = format!("--screenshot={}", folder.join(format!("{name}-{kind}.png")).display());
        chromium(&[arguments, &[&picture, "--hide-scrollbars"]].concat(), &file);
    }
    let paper = format!("--print-to-pdf={}", folder.join(format!("{name}.pdf")).display());
    chromium(&[&paper, "--no-pdf-header-footer"], &file);
    // Headless windows are no narrower than 500 px: the phone is a frame in one.
    let phone = folder.join(format!("{name}-phone.html"));
    fs::write(&phone, frame(page, 375, 15_000)).unwrap();
    let picture = format!("--screenshot={}", folder.join(format!("{name}-phone.png")).display());
    chromium(&[&picture, "--window-size=500,15000", "--hide-scrollbars"], &phone);
}

#[test]
fn the_probe_sees_text_cut_and_crossed_and_pages_too_wide() {
    let folder = tempfile::tempdir().unwrap();
    let text = |x: i32| format!("<text x=\"{x}\" y=\"50\">words</text>");
    let page = format!(
        "<svg class=\"plot\" width=\"300\" height=\"100\"><title>t</title>{}{}{}</svg><div style=\"width:400px\">wide</div>",
        text(-10),
        text(100),
        text(110)
    );
    let found = probe(folder.path(), &page, 375);
    assert_eq!(found["cut"], serde_json::json!(["t: words"]));
    assert_eq!(found["crossed"], serde_json::json!(["t: words / words"]));
    assert!(found["scroll"].as_u64() > found["client"].as_u64(), "{found}");
}

fn probe(folder: &Path, page: &str, width: u32) -> Value {
    let file = folder.join("probe.html");
    let quoted = serde_json::to_string(page).unwrap().replace("</", "<\\/");
    fs::write(&file, PROBE.replace("WIDTH", &width.to_string()).replace("PAGE", &quoted)).unwrap();
    let dom = chromium(&["--dump-dom", "--window-size=1400,1000", "--virtual-time-budget=4000"], &file);
    let dom = String::from_utf8(dom).unwrap();
    let found = dom.split("id=\"found\">").nth(1).expect("Chromium printed no result").split("</pre>").next().unwrap();
    serde_json::from_str(&found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")).unwrap()
}

fn frame(page: &str, width: u32, height: u32) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!DOCTYPE html><body style=\"margin:0\"><iframe style=\"border:0;width:{width}px;height:{height}px\" srcdoc=\"{page}\">"
    )
}

fn chromium(arguments: &[&str], page: &Path) -> Vec<u8> {
    let program = std::env::var_os("CHROMIUM").map_or_else(|| PathBuf::from("chromium"), PathBuf::from);
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .arg(page)
        .output()
        .expect("Chromium does not start; name it in CHROMIUM");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
