//! The commands of the book do what the book says.
//!
//! The tour's are run in order, in one shell in a room, as a reader with root would run them; the
//! lines of a `text` block must appear in what the commands above it print. Those of every other
//! page are run without privilege in an empty folder. A block marked `sh,norun` is only shown.
//! A block marked `text,file=PATH` shows that file of the default network's tree, whole or with
//! `…` for what is left out, and `text,nft` what nft lists of its rules. With `BLESS=1` whole
//! files are written anew.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use common::room::Room;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What stands for anything in an expected line; alone on a line, for any lines.
const ANYTHING: &str = "…";

/// A fenced block: the line it begins on, its language, its text.
struct Block {
    line: usize,
    language: String,
    text: String,
}

/// Commands and the blocks of output that follow them.
struct Step {
    line: usize,
    commands: String,
    promised: Vec<Block>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Block {
                    line: number + 1,
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in blocks(page) {
        match (block.language.as_str(), steps.last_mut()) {
            ("sh", _) => steps.push(Step {
                line: block.line,
                commands: block.text,
                promised: Vec::new(),
            }),
            ("text", Some(step)) => step.promised.push(block),
            _ => {}
        }
    }
    steps
}

/// The promised lines that are not in `output`, in the order in which they are promised.
fn missing(promised: &str, output: &str) -> Vec<String> {
    let mut rest = output.lines();
    let promised = promised.lines().map(str::trim_end);
    let promised = promised.filter(|line| !line.is_empty() && line.trim() != ANYTHING);
    promised
        .filter(|line| !rest.any(|said| matches(line, said.trim_end())))
        .map(str::to_owned)
        .collect()
}

fn matches(promised: &str, said: &str) -> bool {
    let mut parts = promised.split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = said.strip_prefix(first) else {
        return false;
    };
    let mut last = first;
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
        last = part;
    }
    rest.is_empty() || (last.is_empty() && promised.ends_with(ANYTHING))
}

#[test]
fn a_promised_line_is_found_where_it_stands() {
    assert!(matches("a … c", "a b c"));
    assert!(matches("a …", "a b c"));
    assert!(!matches("a", "a b"));
    assert!(!matches("a … d", "a b c"));
    assert_eq!(missing("one\n…\ntwo\n", "zero\none\nmore\ntwo\n").len(), 0);
    assert_eq!(missing("two\none\n", "one\ntwo\n"), ["one"]);
}

fn page(name: &Path) -> String {
    common::text(&common::project().join("book/src").join(name))
}

/// The folder of the program, to be put on the path.
fn programs() -> &'static Path {
    Path::new(common::LANWRIGHT).parent().expect("it has one")
}

/// One shell for all steps; a line before each says which one begins.
fn script(steps: &[Step]) -> String {
    let mut script = String::from("export PATH=\"$1:$PATH\"\ncd \"$2\"\nset +o pipefail\n");
    for (number, step) in steps.iter().enumerate() {
        let _ = write!(script, "echo '@ step {number}'\n{}\n", step.commands);
    }
    format!("exec 2>&1\n{script}")
}

/// What each step said, as far as it came to it.
fn said<'a>(output: &'a str, steps: &[Step]) -> Vec<&'a str> {
    let start = |number: usize| {
        let mark = format!("@ step {number}\n");
        output.find(&mark).map(|at| (at, at + mark.len()))
    };
    let one = |number: usize| {
        let (_, from) = start(number)?;
        let to = start(number + 1).map_or(output.len(), |(at, _)| at);
        Some(&output[from..to])
    };
    (0..steps.len()).map_while(one).collect()
}

#[test]
fn the_tour_can_be_walked() {
    let tools = [
        "unshare", "ip", "nft", "dnsmasq", "busybox", "dig", "sysctl", "ping",
    ];
    if !common::require(&tools) {
        return;
    }
    let steps = steps(&page(Path::new("tour.md")));
    assert!(steps.len() > 5, "the tour has commands");
    let folder = common::scratch();
    let outcome = Room::new(&script(&steps))
        .argument(programs())
        .argument(&folder)
        .limit_seconds(60)
        .run();
    let said = said(&outcome.stdout, &steps);
    let last = &steps[said.len().max(1) - 1];
    assert!(
        outcome.success(),
        "tour.md:{}: {}",
        last.line,
        outcome.told()
    );
    let mut complaints = String::new();
    for (step, said) in steps.iter().zip(said) {
        for promised in &step.promised {
            for line in missing(&promised.text, said) {
                let at = promised.line;
                let _ = writeln!(
                    complaints,
                    "tour.md:{at}: not said: {line}\n--- but:\n{said}"
                );
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
    let _ = fs::remove_dir_all(folder);
}

/// Every page but the tour, by its path in the book.
fn pages() -> Vec<PathBuf> {
    let root = common::project().join("book/src");
    let mut folders = vec![root.clone()];
    let mut pages = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in common::entries(&folder) {
            let name = path.strip_prefix(&root).expect("below the book").to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.extension().is_some_and(|ending| ending == "md") {
                pages.push(name);
            }
        }
    }
    pages.retain(|name| name != Path::new("tour.md"));
    pages
}

#[test]
fn every_shown_command_works() {
    let mut complaints = Vec::new();
    for name in pages() {
        let steps = steps(&page(&name));
        if steps.is_empty() {
            continue;
        }
        let folder = common::scratch();
        let commands: String = steps.iter().map(|step| step.commands.as_str()).collect();
        let output = Command::new("bash")
            .args(["-eu", "-c"])
            .arg(format!("export PATH=\"$0:$PATH\"\n{commands}"))
            .arg(programs())
            .current_dir(&folder)
            .stdin(Stdio::null())
            .output()
            .expect("bash starts");
        if !output.status.success() {
            let (name, said) = (name.display(), String::from_utf8_lossy(&output.stderr));
            complaints.push(format!("{name}: {}\n{said}", output.status));
        }
        let _ = fs::remove_dir_all(folder);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The tree of the embedded default network.
fn default_tree() -> PathBuf {
    common::compile(&[], &[]).expect("the default network compiles")
}

/// A page with its whole shown files as they are in `tree`, and what is wrong with excerpts.
fn shown_anew(page: &str, tree: &Path) -> (String, Vec<String>) {
    let (mut anew, mut complaints) = (page.to_owned(), Vec::new());
    for block in blocks(page) {
        let Some(path) = block.language.strip_prefix("text,file=") else {
            continue;
        };
        if !tree.join(path).is_file() {
            complaints.push(format!("{}: the tree has no {path}", block.line));
            continue;
        }
        let file = common::text(&tree.join(path));
        if block.text.lines().any(|line| line == ANYTHING) {
            let lines = missing(&block.text, &file).into_iter();
            complaints.extend(lines.map(|line| format!("{}: not in {path}: {line}", block.line)));
        } else {
            let fenced = |text: &str| format!("```{}\n{text}```", block.language);
            anew = anew.replace(&fenced(&block.text), &fenced(&file));
        }
    }
    (anew, complaints)
}

#[test]
fn shown_files_are_those_that_are_made() {
    let tree = default_tree();
    let bless = std::env::var_os("BLESS").is_some();
    let mut complaints = Vec::new();
    for name in pages() {
        let old = page(&name);
        let (anew, wrong) = shown_anew(&old, &tree);
        let name = name.display();
        complaints.extend(wrong.into_iter().map(|why| format!("{name}:{why}")));
        if anew != old && bless {
            fs::write(common::project().join(format!("book/src/{name}")), anew).expect("written");
        } else if anew != old {
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            let difference = common::difference(&lines(&old), &lines(&anew));
            complaints.push(format!("{name}: BLESS=1 accepts this\n{difference}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let _ = fs::remove_dir_all(tree);
}

#[test]
fn the_shown_listing_is_what_nft_lists() {
    if !common::require(&["unshare", "nft"]) {
        return;
    }
    let page = page(Path::new("backends/nftables.md"));
    let mut shown = blocks(&page).into_iter();
    let shown = shown.find(|block| block.language == "text,nft");
    let shown = shown.expect("the page shows a listing");
    let tree = default_tree();
    let listed = Room::new("nft -f \"$1\"; nft -s list table inet lanwright")
        .argument(tree.join("firewall/lanwright.nft"))
        .run()
        .stdout()
        .expect("nft takes the file");
    assert_eq!(missing(&shown.text, &listed), [""; 0], "{listed}");
    let _ = fs::remove_dir_all(tree);
}

/// The targets of a page's links, without those into the world.
fn links(page: &str) -> Vec<&str> {
    let targets = page
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    targets
        .map(|(target, _)| target.split_once('#').map_or(target, |(file, _)| file))
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}

#[test]
fn every_link_leads_to_a_page() {
    let root = common::project().join("book/src");
    let mut broken = Vec::new();
    for name in pages().into_iter().chain([PathBuf::from("tour.md")]) {
        let folder = root.join(&name);
        let folder = folder.parent().expect("a page is in a folder");
        for target in links(&page(&name)) {
            if !folder.join(target).is_file() {
                broken.push(format!("{}: {target}", name.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
