//! The rig of the host tests: the program, the corpus, and rooms to run real tools in.
//!
//! A room is a process with namespaces of its own for mounts, network and processes. What it
//! writes under /etc, /run and /var/lib, and every link, rule and route it makes, dies with it;
//! nothing outside is touched. Nothing here knows what lanwright should write.

// Every test program compiles this file and uses its own part of it.
#![allow(dead_code)]

pub mod room;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The program under test.
pub const LANWRIGHT: &str = env!("CARGO_BIN_EXE_lanwright");

/// The folder that holds the whole project.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One network of the corpus: a folder in `corpus/networks/`.
pub struct Case {
    pub name: String,
    /// The XML files of the folder, by name, which is the order they are compiled in.
    pub inputs: Vec<PathBuf>,
    /// Further arguments of `compile`: the lines of the file `options`, if there is one.
    pub options: Vec<String>,
}

/// Every case of `corpus/networks/`, by name. An empty corpus is a failure: nothing was tested.
pub fn corpus() -> Vec<Case> {
    let folder = project().join("corpus/networks");
    let mut cases: Vec<Case> = entries(&folder)
        .into_iter()
        .filter(|path| path.is_dir())
        .map(|path| {
            let inputs = with_extension(&path, "xml");
            assert!(!inputs.is_empty(), "{} holds no XML", path.display());
            let options = fs::read_to_string(path.join("options")).unwrap_or_default();
            let options = options.lines().map(str::to_owned).collect();
            Case {
                name: file_name(&path),
                inputs,
                options,
            }
        })
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!cases.is_empty(), "{} holds no case", folder.display());
    cases
}

/// The whole list when `LANWRIGHT_FULL=1`; else a tenth of it, always the same one.
///
/// The choice depends on each name alone, so a new case does not change which others run.
pub fn sampled(cases: Vec<Case>) -> Vec<Case> {
    if std::env::var_os("LANWRIGHT_FULL").is_some_and(|value| value == "1") {
        return cases;
    }
    let mut cases = cases;
    cases.sort_by_key(|case| fnv1a(case.name.as_bytes()));
    cases.truncate(cases.len().div_ceil(10).max(3));
    cases
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Compiles `inputs` into a new folder below the build folder.
///
/// The answer is the folder, or what the program said when it refused.
pub fn compile(inputs: &[PathBuf], options: &[String]) -> Result<PathBuf, String> {
    let out = scratch();
    let done = Command::new(LANWRIGHT)
        .arg("compile")
        .args(inputs)
        .arg("-o")
        .arg(&out)
        .args(options)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    if done.status.success() && out.join("manifest.json").is_file() {
        return Ok(out);
    }
    Err(format!(
        "compile: {}\n{}",
        done.status,
        String::from_utf8_lossy(&done.stderr)
    ))
}

/// A new, empty folder below the build folder, of no other test.
pub fn scratch() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).expect("the build folder can be written");
    folder
}

/// Runs `check` for every case on a few threads; fails with every complaint, not only the first.
///
/// `check` is given the compiled tree. A tree is removed when its case holds, and kept to be
/// looked at when it does not.
pub fn for_each_tree(cases: Vec<Case>, check: impl Fn(&Case, &Path) -> Result<(), String> + Sync) {
    let next = AtomicUsize::new(0);
    let complaints = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = compile(&case.inputs, &case.options).and_then(|tree| {
                        check(case, &tree)
                            .map_err(|why| format!("{why}\n(tree: {})", tree.display()))
                            .inspect(|()| fs::remove_dir_all(&tree).expect("the tree is ours"))
                    });
                    if let Err(why) = result {
                        complaints
                            .lock()
                            .unwrap()
                            .push(format!("--- {}\n{why}", case.name));
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap();
    assert!(
        complaints.is_empty(),
        "{} of {} cases\n{}",
        complaints.len(),
        cases.len(),
        complaints.join("\n")
    );
}

/// Whether root and every named tool are there.
///
/// A test that lacks one says so and returns; with `LANWRIGHT_REQUIRE_TOOLS=1` it fails here.
pub fn require(tools: &[&str]) -> bool {
    let mut missing: Vec<&str> = tools
        .iter()
        .copied()
        .filter(|tool| !on_path(tool))
        .collect();
    if !is_root() {
        missing.push("root");
    }
    if missing.is_empty() {
        return true;
    }
    let missing = missing.join(", ");
    let required = std::env::var_os("LANWRIGHT_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    assert!(!required, "missing: {missing}");
    skipped(&format!("missing: {missing}"));
    false
}

/// Says, past the capture of the test runner, that something was not tested, and why.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

fn on_path(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/lib/systemd"].map(PathBuf::from))
        .any(|folder| folder.join(tool).exists())
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .any(|line| line.split_whitespace().take(3).eq(["Uid:", "0", "0"]))
}

/// What stands in a folder, by name; nothing when there is no such folder.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(read) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = read.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    paths
}

/// The files of a folder whose names end in `.extension`, by name.
pub fn with_extension(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut paths = entries(folder);
    paths.retain(|path| path.extension().is_some_and(|have| have == extension));
    paths
}

/// The last part of a path, as text.
pub fn file_name(path: &Path) -> String {
    path.file_name()
        .expect("a file has a name")
        .to_string_lossy()
        .into_owned()
}

/// The text of a file that must be there.
pub fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The lines that are only in one of two lists, as a difference is usually shown.
pub fn difference(expected: &[String], got: &[String]) -> String {
    similar::TextDiff::from_slices(
        &expected.iter().map(String::as_str).collect::<Vec<_>>(),
        &got.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .iter_all_changes()
    .filter(|change| change.tag() != similar::ChangeTag::Equal)
    .map(|change| format!("  {}{}\n", change.tag(), change.value().trim_end()))
    .collect()
}
