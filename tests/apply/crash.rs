//! A command that dies at every call of a tool, and tools that fail or hang at every call.
//!
//! Each scenario, encoding and kind of end is a room that walks along all its points; with
//! `LANWRIGHT_FULL=1` all rooms are walked, else every tenth.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::run;

const SCENARIOS: &[&str] = &["apply", "change", "down", "revert"];
const ENCODINGS: &[&str] = &["lanwright", "iptables", "libvirt-nftables"];
/// The program dies before a tool did anything or after it did all; the tool fails without having
/// done anything or after it did all.
const ENDS: &[&str] = &["before", "after", "fail", "late"];

/// The fewest points that the whole matrix has.
const POINTS: usize = 300;

/// A room's arguments: what happens, the encoding, the end, every how many points, from which.
type Walk = [&'static str; 5];

fn walks() -> Vec<Walk> {
    let mut walks: Vec<Walk> = Vec::new();
    for scenario in SCENARIOS {
        for encoding in ENCODINGS {
            walks.extend(
                ENDS.iter()
                    .map(|end| [*scenario, *encoding, *end, "1", "1"]),
            );
        }
        // Each of these waits until the tool's time is over.
        walks.push([*scenario, "lanwright", "hang", "5", "3"]);
    }
    walks
}

#[test]
fn whatever_is_cut_short_is_finished_or_undone() {
    let full = std::env::var_os("LANWRIGHT_FULL").is_some_and(|value| value == "1");
    let walks: Vec<Walk> = match full {
        true => walks(),
        false => walks().into_iter().step_by(11).collect(),
    };
    let (next, points) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(walk) = walks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match run("crash", walk, &[]) {
                        None => return,
                        Some(Ok(printed)) => {
                            let walked = printed.trim().parse().expect("a number of points");
                            assert!(walked > 0, "{walk:?} has no point");
                            points.fetch_add(walked, Ordering::Relaxed);
                        }
                        Some(Err(why)) => wrong.lock().unwrap().push(format!("{walk:?}: {why}")),
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let points = points.into_inner();
    assert!(
        !full || points == 0 || points >= POINTS,
        "only {points} points"
    );
}
