//! From the names on a command line to a set of networks: what `check` and `compile` share.

use std::path::PathBuf;

use rayon::prelude::*;

use crate::diagnostic::{Code, Diagnostic, Severity, Sink, render};
use crate::host::{HostError, input, terminal};
use crate::network::{self, Declared, NetworkSet};
use crate::source::{Source, SourceId, Sources, Span};
use crate::xml;

/// The network that is compiled when none is named: libvirt's default one, in our own words.
pub const DEFAULT_NETWORK: &str = include_str!("../../corpus/default.xml");

/// How many diagnostics are drawn for people: more than anyone reads.
const SHOWN: usize = 1000;

/// Everything that was read.
pub struct Loaded {
    /// The inputs.
    pub sources: Sources,
    /// The networks; `None` if there was an error in them.
    pub set: Option<NetworkSet>,
    /// What there is to say.
    pub sink: Sink,
    /// Inputs that could not be read.
    pub unreadable: Vec<HostError>,
}

/// Reads and checks the networks that were named; with no name, the embedded default network.
///
/// `adjust` may add to each network what the command line says of it.
pub fn load(paths: &[PathBuf], adjust: impl FnMut(&mut Declared)) -> Loaded {
    let (inputs, unreadable) = if paths.is_empty() {
        let bytes = DEFAULT_NETWORK.as_bytes().to_vec();
        (
            vec![input::Input {
                name: "<default>".to_owned(),
                bytes,
            }],
            Vec::new(),
        )
    } else {
        input::read_all(paths, xml::element::MAX_BYTES)
    };
    load_inputs(inputs, unreadable, adjust)
}

/// Reads and checks networks whose files were read already, and those that could not be.
pub fn load_inputs(
    inputs: Vec<input::Input>,
    unreadable: Vec<HostError>,
    mut adjust: impl FnMut(&mut Declared),
) -> Loaded {
    let mut sources = Sources::default();
    let mut sink = Sink::default();
    let decoded: Vec<bool> = inputs
        .into_iter()
        .map(|input| decode(input, &mut sources, &mut sink))
        .collect();
    let read: Vec<(Option<Declared>, Sink)> = sources
        .iter()
        .zip(&decoded)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|((id, source), decoded)| read_one(id, source, *decoded))
        .collect();
    let count = read.len();
    let mut declared = Vec::with_capacity(count);
    for (one, said) in read {
        sink.absorb(said);
        declared.extend(one);
    }
    declared.iter_mut().for_each(&mut adjust);
    let complete = declared.len() == count && unreadable.is_empty();
    let set = network::assemble(declared, &mut sink).filter(|_| complete && !sink.has_errors());
    Loaded {
        sources,
        set,
        sink,
        unreadable,
    }
}

fn read_one(id: SourceId, source: &Source, decoded: bool) -> (Option<Declared>, Sink) {
    let mut sink = Sink::default();
    let declared = if decoded {
        xml::read(id, source, &mut sink)
    } else {
        None
    };
    (declared, sink)
}

/// Takes in one input as text; false, with a complaint, if it is none.
fn decode(input: input::Input, sources: &mut Sources, sink: &mut Sink) -> bool {
    match String::from_utf8(input.bytes) {
        Ok(text) => {
            let text = match text.strip_prefix('\u{feff}') {
                Some(rest) => rest.to_owned(),
                None => text,
            };
            sources.add(Source::new(input.name, text));
            true
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let id = sources.add(Source::new(input.name, text));
            let message = "the file is not UTF-8 text";
            let problem = Diagnostic::new(Code::NotUtf8, Span::new(id, at..at + 1), message);
            sink.report(problem.help("save it as UTF-8"));
            false
        }
    }
}

impl Loaded {
    /// The diagnostics as people read them; beyond [`SHOWN`], the rest is only counted.
    pub fn rendered(&self) -> String {
        let (mut text, all) = (String::new(), self.sink.sorted());
        for diagnostic in all.iter().take(SHOWN) {
            text.push_str(&render::render(diagnostic, &self.sources));
            text.push_str("\n\n");
        }
        if let Some(more) = all.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let hint = "'check --format json' lists them all";
            text.push_str(&format!("and {more} more: {hint}\n\n"));
        }
        text
    }

    /// Names the inputs that could not be read.
    pub fn complain_unreadable(&self) {
        for error in &self.unreadable {
            super::complain(&error.to_string());
        }
    }

    /// `1 error and 2 warnings`, or nothing.
    pub fn tally(&self) -> Option<String> {
        let count = |severity| self.sink.count(severity);
        let parts: Vec<String> = [(Severity::Error, "error"), (Severity::Warning, "warning")]
            .into_iter()
            .filter(|(severity, _)| count(*severity) > 0)
            .map(|(severity, noun)| super::counted(count(severity), noun))
            .collect();
        (!parts.is_empty()).then(|| parts.join(" and "))
    }

    /// Prints the diagnostics to standard error, for commands whose result is something else.
    pub fn complain(&self) {
        self.complain_unreadable();
        terminal::complain(&self.rendered());
    }
}
