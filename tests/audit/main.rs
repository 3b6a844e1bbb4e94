//! Audits of hosts that hold exactly what was compiled, and of the same hosts with one thing
//! touched: the first are in sync, and of the others that one thing is named and nothing else.
//!
//! Every network of the corpus, in every layout. A tenth of them, always the same, unless
//! `LANWRIGHT_FULL=1`.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../common/mod.rs"]
mod common;
mod made;
mod touch;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lanwright::audit::generation::Generation;
use lanwright::audit::report::{Drift, Report, Verdict};

use made::Made;
use touch::Touch;

const LAYOUTS: [Generation; 4] = [
    Generation::Chains,
    Generation::Nftables,
    Generation::Lanwright,
    Generation::BuiltInChains,
];

#[test]
fn a_host_as_compiled_is_in_sync() {
    for_each_made(common::corpus(), |made| {
        let report = made.audit(made.texts());
        let calm = |verdict| matches!(verdict, Verdict::InSync | Verdict::NotObserved);
        match report.is_clean() && report.networks.iter().all(|it| calm(it.verdict)) {
            true => Ok(()),
            false => Err(format!("not in sync: {}", told(&report))),
        }
    });
}

#[test]
fn what_was_touched_is_named_and_nothing_else() {
    let touched = AtomicUsize::new(0);
    for_each_made(common::sampled(common::corpus()), |made| {
        for touch in touch::all(made) {
            touched.fetch_add(1, Ordering::Relaxed);
            let report = made.audit(touch.texts.clone());
            check(&touch, &report)?;
        }
        Ok(())
    });
    assert!(touched.into_inner() > 1000, "too little was touched");
}

/// Whether a report names what was touched, once, and nothing else.
fn check(touch: &Touch, report: &Report) -> Result<(), String> {
    let named: Vec<&Drift> = drift(report).collect();
    let unexplained = report.unexplained.iter().filter(|it| it.is_finding).count();
    // A changed rule that is not known to be the network's any more may be in its way, too.
    let others = report.interference.iter();
    let others = unexplained + others.filter(|it| !touch.what.ends_with(&it.what)).count();
    let fits = match named.as_slice() {
        [one] => touch.expected.iter().any(|expected| expected.is(one)) && others == 0,
        _ => false,
    };
    match fits && !report.is_clean() {
        true => Ok(()),
        false => Err(format!("{}: {}", touch.what, told(report))),
    }
}

fn drift(report: &Report) -> impl Iterator<Item = &Drift> {
    let networks = report.networks.iter().flat_map(|network| &network.drift);
    networks.chain(&report.shared)
}

/// A report in short.
fn told(report: &Report) -> String {
    let mut text = String::new();
    for network in &report.networks {
        let name = network.name.as_deref().unwrap_or("-");
        text.push_str(&format!("{name} {} ", network.verdict.word()));
    }
    for each in drift(report) {
        text.push_str(&format!(
            "\n  {:?} {:?}\n    - {}\n    + {}\n    {:?}",
            each.kind,
            each.object,
            each.expected.as_deref().unwrap_or(""),
            each.found.as_deref().unwrap_or(""),
            each.place
        ));
    }
    for each in &report.unexplained {
        text.push_str(&format!("\n  unexplained {:?} {}", each.what, each.why));
    }
    for each in &report.interference {
        text.push_str(&format!("\n  in the way {}", each.what));
    }
    text
}

/// Runs `check` for every case in every layout; fails with every complaint.
fn for_each_made(cases: Vec<common::Case>, check: impl Fn(&Made) -> Result<(), String> + Sync) {
    let next = AtomicUsize::new(0);
    let complaints = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for layout in LAYOUTS {
                        let made = Made::of(case, layout);
                        if let Err(why) = check(&made) {
                            let complaint = format!("{} in {layout:?}: {why}", case.name);
                            complaints.lock().unwrap().push(complaint);
                        }
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap();
    assert!(
        complaints.is_empty(),
        "{} complaints\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}
