//! The documentation as a book, by mdBook: the pages that `docs/SUMMARY.md` lists, wherever they are in the repository.
//!
//! mdBook takes pages of one folder only. They are copied into one with the paths that they have in the repository, so that
//! their links hold, and so are the files that they link to.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::crates_io;
use crate::steps::{Failure, Steps};
use crate::workspace::{command, root, target};

const VERSION: &str = "0.5.4";
const CONTENTS: &str = "docs/SUMMARY.md";

/// Builds the book below the target folder, after installing mdBook there if it is missing.
pub fn run() -> Result<(), Failure> {
    let mut steps = Steps::new();
    let program =
        crates_io::install(&mut steps, "mdbook", VERSION, &["--no-default-features", "--features", "search"])?;
    let source = target()?.join("book-source");
    copy(&source)?;
    steps.run("Book", command(&program.to_string_lossy()).arg("build").arg(&source))?;
    let book = target()?.join("book");
    check_links(&book)?;
    steps.summary();
    println!("{}", book.join("index.html").display());
    Ok(())
}

/// Copies the pages and what they link to below `source`, beside the book's settings.
fn copy(source: &Path) -> Result<(), Failure> {
    if source.exists() {
        fs::remove_dir_all(source).map_err(Failure::at(source))?;
    }
    let pages = source.join("pages");
    for settings in ["book.toml", "book.css"] {
        write(&source.join(settings), &read(&root().join("docs").join(settings))?)?;
    }
    let mut contents = read(&root().join(CONTENTS))?;
    for link in links(&contents.clone()) {
        let page = resolve(CONTENTS, &link).ok_or_else(|| Failure::new(format!("{CONTENTS}: {link}")))?;
        contents = contents.replace(&format!("]({link})"), &format!("]({page})"));
        let text = read(&root().join(&page))?;
        write(&pages.join(&page), &with_header_as_block(&text))?;
        for file in links(&text).iter().filter_map(|link| resolve(&page, link)) {
            let (from, to) = (root().join(&file), pages.join(&file));
            if from.is_file() && !file.ends_with(".md") {
                fs::create_dir_all(to.parent().unwrap_or(&pages)).map_err(Failure::at(&to))?;
                fs::copy(&from, &to).map_err(Failure::at(&from))?;
            }
        }
    }
    write(&pages.join("SUMMARY.md"), &contents)
}

/// A page whose YAML header, which mdBook would take for text, is a block of code.
fn with_header_as_block(text: &str) -> String {
    match text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")) {
        Some((header, rest)) => format!("```yaml\n{header}\n```\n{rest}"),
        None => text.to_owned(),
    }
}

/// Checks that the links of the finished pages lead to files of the book.
fn check_links(book: &Path) -> Result<(), Failure> {
    let mut folders = vec![book.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Failure::at(&folder))? {
            let path = entry.map_err(Failure::at(&folder))?.path();
            if path.is_dir() {
                folders.push(path);
            // The page for wrong addresses is read from any of them, so its links begin at the site's root.
            } else if path.extension().is_some_and(|ending| ending == "html") && !path.ends_with("404.html") {
                let text = read(&path)?;
                let links = text.split("href=\"").skip(1).filter_map(|rest| rest.split(['"', '#']).next());
                for link in links.filter(|link| !link.is_empty() && !is_external(link)) {
                    if !path.parent().unwrap_or(book).join(link).exists() {
                        return Err(Failure::new(format!("{}: {link} leads nowhere", path.display())));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Where the links and images of a page lead, without anchors.
fn links(text: &str) -> Vec<String> {
    let markdown = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let html = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    markdown.chain(html).filter(|link| !link.is_empty() && !is_external(link)).map(str::to_owned).collect()
}

fn is_external(link: &str) -> bool {
    link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:")
}

/// The path from the root of what a link of `page` leads to; `None` outside of the repository.
fn resolve(page: &str, link: &str) -> Option<String> {
    let mut path = PathBuf::new();
    for part in Path::new(page).parent()?.join(link).components() {
        match part {
            Component::ParentDir => path.pop().then_some(())?,
            part => path.push(part),
        }
    }
    Some(path.to_str()?.replace('\\', "/"))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(Failure::at(path))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).and_then(|()| fs::write(path, text)).map_err(Failure::at(path))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_from_the_page_that_has_them() {
        assert_eq!(links("[a](b.md#c) ![d](e.png) [f](https://g) [h](#i)"), ["b.md", "e.png"]);
        assert_eq!(resolve("docs/a.md", "../core/README.md").unwrap(), "core/README.md");
        assert_eq!(resolve("docs/a.md", "../../out.md"), None);
    }

    #[test]
    fn a_header_becomes_a_block() {
        assert_eq!(with_header_as_block("---\na: 1\n---\n\n# T\n"), "```yaml\na: 1\n```\n\n# T\n");
        assert_eq!(with_header_as_block("# T\n\n---\n"), "# T\n\n---\n");
    }
}
