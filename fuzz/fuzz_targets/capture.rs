//! Arbitrary names and texts as the files of a host: nothing panics, hangs or grows without
//! bounds, every file is listed, and what was not understood is said of a line that is there.
//!
//! A NUL byte separates files, and the first line of each is its name.

#![no_main]

use lanwright::capture::{Text, read};
use lanwright::recover;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let files = bytes.split(|byte| *byte == 0).map(|file| {
        let end = file.iter().position(|byte| *byte == b'\n');
        let (name, rest) = file.split_at(end.unwrap_or(file.len()));
        Text {
            name: String::from_utf8_lossy(name).into_owned(),
            bytes: rest.get(1..).unwrap_or_default().to_vec(),
        }
    });
    let texts: Vec<Text> = files.collect();
    let capture = read(texts.clone());
    assert_eq!(capture.files.len(), texts.len());
    for gap in &capture.gaps {
        let file = &capture.files[gap.file.0];
        let named = texts.iter().filter(|text| text.name == file.name);
        let longest = named
            .map(|text| String::from_utf8_lossy(&text.bytes).lines().count())
            .max();
        // JSON that ends too early is complained of where it ends: maybe one line further.
        assert!(gap.unread.line <= longest.unwrap_or(0) + 1, "{gap:?}");
    }
    let _ = recover::segments(&capture);
});
