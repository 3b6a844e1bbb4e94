//! The lines of a listing: chains, columns, rows, and what stands between.
//!
//! A row may go on in the next line, where somebody's window was too narrow. Shell prompts and
//! headings tell the table and the family of what follows them; other prose is a remark.

use std::borrow::Cow;

use super::pieces::Pieces;
use super::row::{self, Fault, Layout, Row, Shown};
use super::{Listing, Remark, extras, names, table};
use crate::backend::gap::Unread;
use crate::firewall::{Counter, Family};

/// Over how many lines a row may go on.
const MOST_WRAPS: usize = 3;

/// A chain as it was listed.
#[derive(Clone, Debug)]
pub(super) struct Block<'a> {
    /// The line of its header.
    pub(super) line: usize,
    /// Its name.
    pub(super) name: &'a str,
    /// Its policy; `None` for a chain that others lead to.
    pub(super) policy: Option<&'a str>,
    /// How often the policy decided, if it is shown.
    pub(super) counter: Option<Shown>,
    /// What stood before it.
    pub(super) hint: Hint,
    /// The family of the first address in it.
    pub(super) family: Option<Family>,
    /// Its rows, all of which read.
    pub(super) rows: Vec<RawRow<'a>>,
}

/// A row, put together.
#[derive(Clone, Debug)]
pub(super) struct RawRow<'a> {
    /// The line it begins in.
    pub(super) line: usize,
    /// Its text.
    pub(super) text: Cow<'a, str>,
    /// The columns it has.
    pub(super) layout: Layout,
}

/// What a prompt or a heading says of the chains that follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hint {
    /// Which of the hints of the text it is; 0 for none.
    pub(super) number: usize,
    /// The table.
    pub(super) table: Option<&'static str>,
    /// The family.
    pub(super) family: Option<Family>,
}

/// All chains of a text. What is no chain goes into `listing`.
pub(super) fn read<'a>(text: &'a str, listing: &mut Listing) -> Vec<Block<'a>> {
    let mut page = Page {
        blocks: Vec::new(),
        hint: Hint::default(),
        layout: None,
        begun: None,
        adjacent: false,
        wraps: 0,
        listing,
    };
    for (at, line) in text.lines().enumerate() {
        page.read_line(at + 1, undecorated(line));
    }
    page.give_up();
    page.blocks
}

/// Whether a line begins a chain.
pub(super) fn is_chain_header(line: &str) -> bool {
    read_chain_header(undecorated(line)).is_some()
}

/// A line without what mails and notes put before it.
fn undecorated(line: &str) -> &str {
    let decoration = |c: char| c.is_whitespace() || ">|•*`\u{feff}".contains(c);
    line.trim_start_matches(decoration).trim_end()
}

struct Page<'a, 'l> {
    blocks: Vec<Block<'a>>,
    hint: Hint,
    /// The columns that the last header showed.
    layout: Option<Layout>,
    /// A row whose last columns are still to come.
    begun: Option<RawRow<'a>>,
    /// Whether the last line belongs to the last chain.
    adjacent: bool,
    /// How often the last row went on.
    wraps: usize,
    listing: &'l mut Listing,
}

impl<'a> Page<'a, '_> {
    fn read_line(&mut self, number: usize, line: &'a str) {
        if line.is_empty() {
            self.give_up();
            self.adjacent = false;
            return;
        }
        if let Some(header) = read_chain_header(line) {
            self.give_up();
            self.open(number, &header);
            return;
        }
        if let Some(layout) = read_column_header(line) {
            self.layout = layout.or(self.layout);
            return;
        }
        if self.read_row(number, line) {
            return;
        }
        if let Some(hint) = read_command(line).or_else(|| read_heading(line)) {
            self.give_up();
            self.adjacent = false;
            self.hint = Hint {
                number: self.hint.number + 1,
                ..hint
            };
            return;
        }
        if self.go_on(number, line) {
            return;
        }
        self.put_aside(number, line);
    }

    fn open(&mut self, number: usize, header: &ChainHeader<'a>) {
        self.remark(number, header.rest);
        self.blocks.push(Block {
            line: number,
            name: header.name,
            policy: header.policy,
            counter: header.counter,
            hint: self.hint,
            family: None,
            rows: Vec::new(),
        });
        self.adjacent = true;
        self.wraps = MOST_WRAPS;
    }

    /// Takes a line that is a row by itself.
    fn read_row(&mut self, number: usize, line: &'a str) -> bool {
        if self.blocks.is_empty() {
            return false;
        }
        let layouts = match &self.layout {
            Some(layout) => std::slice::from_ref(layout),
            None => &Layout::ALL,
        };
        let found = layouts
            .iter()
            .find_map(|layout| row::read(line, *layout).ok().map(|row| (*layout, row)));
        let Some((layout, row)) = found else {
            return false;
        };
        self.give_up();
        let raw = RawRow {
            line: number,
            text: Cow::Borrowed(line),
            layout,
        };
        self.push(raw, family_of(&row));
        true
    }

    fn push(&mut self, raw: RawRow<'a>, family: Option<Family>) {
        if let Some(block) = self.blocks.last_mut() {
            block.family = block.family.or(family);
            block.rows.push(raw);
        }
        self.adjacent = true;
        self.wraps = 0;
    }

    /// Takes a line that begins a row or goes on with one.
    fn go_on(&mut self, number: usize, line: &'a str) -> bool {
        if let Some(mut begun) = self.begun.take() {
            let joined = format!("{} {line}", begun.text);
            match row::read(&joined, begun.layout) {
                Ok(row) => {
                    let family = family_of(&row);
                    begun.text = Cow::Owned(joined);
                    self.push(begun, family);
                    return true;
                }
                Err(Fault::Short) if self.wraps < MOST_WRAPS => {
                    begun.text = Cow::Owned(joined);
                    self.begun = Some(begun);
                    self.wraps += 1;
                    return true;
                }
                Err(Fault::Short | Fault::Foreign) => self.put_aside(begun.line, &begun.text),
            }
        }
        self.adjacent && (self.continue_last(line) || self.begin(number, line))
    }

    /// Takes the rest of what stands behind the columns of the last row.
    fn continue_last(&mut self, line: &str) -> bool {
        let last = self
            .blocks
            .last_mut()
            .and_then(|block| block.rows.last_mut());
        let Some(last) = last.filter(|_| self.wraps < MOST_WRAPS) else {
            return false;
        };
        let goes_on = row::read(&last.text, last.layout)
            .is_ok_and(|row| extras::is_open(row.extras) || extras::is_known(line));
        if goes_on {
            last.text = Cow::Owned(format!("{} {line}", last.text));
            self.wraps += 1;
        }
        goes_on
    }

    fn begin(&mut self, number: usize, line: &'a str) -> bool {
        let Some(layout) = self.layout else {
            return false;
        };
        let short = row::read(line, layout).is_err_and(|fault| fault == Fault::Short);
        if short {
            self.begun = Some(RawRow {
                line: number,
                text: Cow::Borrowed(line),
                layout,
            });
            self.wraps = 0;
        }
        short
    }

    /// Gives up the row that was begun and did not go on.
    fn give_up(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.put_aside(begun.line, &begun.text);
        }
    }

    /// A line that is no part of a listing: a remark, or what was a rule once.
    fn put_aside(&mut self, number: usize, line: &str) {
        // Nothing behind it goes on with the row before it.
        self.wraps = MOST_WRAPS;
        let like_a_rule = is_dumped(line)
            || line.split_whitespace().any(|word| {
                matches!(word, "--" | "-f" | "!f" | "anywhere") || names::family(word).is_some()
            });
        if !like_a_rule && (!self.adjacent || is_warning(line)) {
            self.remark(number, line);
            return;
        }
        let message = match (is_dumped(line), self.blocks.is_empty()) {
            (true, _) => "this is a line of iptables-save or iptables -S in a listing",
            (false, true) => "this stands outside a chain",
            (false, false) => "this is no row of a listing",
        };
        self.listing.unread.push(Unread {
            line: number,
            message: message.to_owned(),
        });
    }

    fn remark(&mut self, line: usize, text: &str) {
        if !text.is_empty() {
            self.listing.remarks.push(Remark {
                line,
                text: text.to_owned(),
            });
        }
    }
}

/// `# Warning: iptables-legacy tables present, …`: the tool says it, not the rules.
fn is_warning(line: &str) -> bool {
    line.trim_start_matches(['#', ' ']).starts_with("Warning")
}

/// Whether a line is one of `iptables-save` or `iptables -S`.
fn is_dumped(line: &str) -> bool {
    ["-A ", "-N ", "-P ", ":"]
        .iter()
        .any(|start| line.starts_with(start))
}

fn family_of(row: &Row<'_>) -> Option<Family> {
    names::family(row.source.text).or_else(|| names::family(row.destination.text))
}

struct ChainHeader<'a> {
    name: &'a str,
    policy: Option<&'a str>,
    counter: Option<Shown>,
    rest: &'a str,
}

/// `Chain NAME (policy ACCEPT 0 packets, 0 bytes)`, `Chain NAME (1 references)`.
fn read_chain_header(line: &str) -> Option<ChainHeader<'_>> {
    let (name, at) = Pieces::new(line).after(&["Chain"])?.word()?;
    let (inside, rest) = at.rest.strip_prefix('(')?.split_once(')')?;
    let (first, after) = Pieces::new(inside).word()?;
    let (policy, counter) = match (first, after.word()) {
        ("policy", Some((policy, after))) => (Some(policy), read_counter(after.rest)),
        (_, Some(("references" | "reference" | "obtaining", _))) => (None, None),
        (_, Some(_) | None) => return None,
    };
    Some(ChainHeader {
        name,
        policy,
        counter,
        rest: rest.trim(),
    })
}

/// `12 packets, 34K bytes`.
fn read_counter(text: &str) -> Option<Shown> {
    let (packets, after) = Pieces::new(text).word()?;
    let (bytes, _) = after.after(&["packets,"])?.word()?;
    let (packets, rounded_packets) = row::read_count(packets)?;
    let (bytes, rounded_bytes) = row::read_count(bytes)?;
    Some(Shown {
        value: Counter { packets, bytes },
        rounded: rounded_packets || rounded_bytes,
    })
}

/// The names of the columns: their layout, or no news if it is only a part of them.
fn read_column_header(line: &str) -> Option<Option<Layout>> {
    const NAMES: [&str; 10] = [
        "num",
        "pkts",
        "bytes",
        "target",
        "prot",
        "opt",
        "in",
        "out",
        "source",
        "destination",
    ];
    let (mut whole, mut numbered, mut verbose) = (false, false, false);
    for word in line.split_whitespace() {
        if !NAMES.contains(&word) {
            return None;
        }
        whole |= word == "target";
        numbered |= word == "num";
        verbose |= word == "pkts";
    }
    Some(whole.then_some(Layout { numbered, verbose }))
}

/// What the commands of a line list; several that differ say nothing of any.
fn read_command(line: &str) -> Option<Hint> {
    let mut hint: Option<Hint> = None;
    let mut words = line.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let tool = word.rsplit('/').next().unwrap_or(word);
        let Some(family) = family_of_tool(tool) else {
            continue;
        };
        let (mut table, mut lists) = (Some("filter"), false);
        while let Some(last) = words.next_if(|word| !ends_command(word)) {
            let word = last.trim_end_matches(';');
            match word {
                "-t" | "--table" => table = words.next().and_then(table::named),
                "-L" | "--list" => lists = true,
                _ => match word.strip_prefix("--table=").or(word.strip_prefix("-t")) {
                    Some(name) => table = table::named(name),
                    None => lists |= is_short(word) && word.contains('L'),
                },
            }
            if last.ends_with(';') {
                break;
            }
        }
        if lists {
            let said = Hint {
                number: 0,
                table,
                family: Some(family),
            };
            let same = hint.is_none_or(|hint| hint == said);
            hint = Some(if same { said } else { Hint::default() });
        }
    }
    hint
}

fn ends_command(word: &str) -> bool {
    matches!(word, ";" | "&&" | "||" | "|") || family_of_tool(word).is_some()
}

/// Whether a word is a row of options of one letter.
fn is_short(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|letters| letters.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// The family that a tool of this name lists.
fn family_of_tool(name: &str) -> Option<Family> {
    match name {
        "iptables" | "iptables-legacy" | "iptables-nft" => Some(Family::Ipv4),
        "ip6tables" | "ip6tables-legacy" | "ip6tables-nft" => Some(Family::Ipv6),
        _ => None,
    }
}

/// A heading such as `Table: nat`, `*nat`, `# IPv6 nat table`.
fn read_heading(line: &str) -> Option<Hint> {
    let mut hint = Hint::default();
    for (at, word) in line.split_whitespace().enumerate() {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if at >= 6 {
            return None;
        }
        let word = word.to_ascii_lowercase();
        match word.as_str() {
            "" | "the" | "table" | "tables" | "chains" | "rules" | "iptables" => {}
            "ipv4" => hint.family = Some(Family::Ipv4),
            "ipv6" | "ip6tables" => hint.family = Some(Family::Ipv6),
            word => hint.table = Some(table::named(word)?),
        }
    }
    (hint.table.is_some() || hint.family.is_some()).then_some(hint)
}
