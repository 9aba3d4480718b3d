//! The Markdown files of the repository, and what is in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The repository's root.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A Markdown file of the repository.
pub struct Page {
    /// Its path from the root, with `/`.
    pub name: String,
    /// Where its links and images lead, as written.
    pub links: Vec<String>,
    /// The anchors of its headings.
    pub anchors: BTreeSet<String>,
    /// Its blocks of code.
    pub blocks: Vec<Block>,
    /// Its code within text.
    pub code: Vec<String>,
}

/// A block of code.
pub struct Block {
    /// The words after the fence: a language, and how to treat it.
    pub info: String,
    pub text: String,
}

impl Page {
    /// Reads every page of the repository.
    pub fn all() -> Vec<Self> {
        let root = Path::new(ROOT).canonicalize().unwrap();
        let mut files = Vec::new();
        markdown_files(&root, &mut files);
        assert!(files.len() >= 18, "{files:?}");
        files
            .iter()
            .map(|file| {
                let name = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                Self::parse(name, &fs::read_to_string(file).unwrap())
            })
            .collect()
    }

    pub fn parse(name: String, text: &str) -> Self {
        let mut page = Self { name, links: Vec::new(), anchors: BTreeSet::new(), blocks: Vec::new(), code: Vec::new() };
        let (mut heading, mut block): (Option<String>, Option<Block>) = (None, None);
        let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        for event in Parser::new_ext(text, options) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Html(html) | Event::InlineHtml(html) => page.links.extend(attributes(&html)),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = slug(&heading.take().unwrap());
                    assert!(page.anchors.insert(anchor.clone()), "{}: two headings of anchor {anchor}", page.name);
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = if let CodeBlockKind::Fenced(info) = kind { info.into_string() } else { String::new() };
                    block = Some(Block { info, text: String::new() });
                }
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Text(text) | Event::Code(text) if heading.is_some() => heading.as_mut().unwrap().push_str(&text),
                Event::Text(text) if block.is_some() => block.as_mut().unwrap().text.push_str(&text),
                Event::Code(code) => page.code.push(code.into_string()),
                _ => {}
            }
        }
        page
    }
}

/// The `.md` files below `folder`, in order, without what builds and tests leave.
fn markdown_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != "target" && (!name.starts_with('.') || name == ".github") {
                markdown_files(&path, files);
            }
        } else if name.ends_with(".md") {
            files.push(path);
        }
    }
}

/// The anchor that GitHub and mdBook give a heading.
fn slug(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The values of `src` and `href` in a piece of HTML.
fn attributes(html: &str) -> Vec<String> {
    let after = ["src=\"", "href=\""].into_iter().flat_map(|name| html.split(name).skip(1));
    after.filter_map(|rest| rest.split_once('"')).map(|(value, _)| value.to_owned()).collect()
}

#[test]
fn a_page_is_read_with_its_links_anchors_and_code() {
    let text = "# What `train` needs, and why\n\n[a](b.md#c) ![p](p.png) `x --y`\n\n<img src=\"q.svg\">\n\n```sh no-run\nz\n```\n";
    let page = Page::parse("page.md".to_owned(), text);
    assert_eq!(page.links, ["b.md#c", "p.png", "q.svg"]);
    assert!(page.anchors.contains("what-train-needs-and-why"));
    assert_eq!(page.code, ["x --y"]);
    assert_eq!((page.blocks[0].info.as_str(), page.blocks[0].text.as_str()), ("sh no-run", "z\n"));
}
