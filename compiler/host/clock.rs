//! The time. What is made of networks never depends on it.

use jiff::Timestamp;

/// Now, in whole seconds.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Now, as files and people are told: `2026-01-31T12:00:00Z`.
pub fn now_text() -> String {
    now().to_string()
}
