//! Working in a network namespace that has a name.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::HostError;

/// Where `ip netns` keeps namespaces.
const NAMED: &str = "/run/netns";

/// Does the work on a thread of its own that is in the namespace: a name that `ip netns` knows, or
/// a path such as `/proc/PID/ns/net`. What the work runs is in it too; nothing else is.
pub fn within<T: Send>(namespace: &str, work: impl FnOnce() -> T + Send) -> Result<T, HostError> {
    let path = place(namespace)?;
    let file = File::open(&path).map_err(HostError::io("open the namespace", &path))?;
    let enter = || -> Result<T, HostError> {
        let network = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(file.as_fd(), network)
            .map_err(|error| HostError::io("enter the namespace", &path)(error.into()))?;
        Ok(work())
    };
    std::thread::scope(|scope| {
        let done = scope.spawn(enter).join();
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn place(namespace: &str) -> Result<PathBuf, HostError> {
    if namespace.contains('/') {
        return Ok(PathBuf::from(namespace));
    }
    if matches!(namespace, "" | "." | "..") {
        return Err(HostError::Refused {
            path: PathBuf::from(namespace),
            reason: "is no name of a namespace".to_owned(),
        });
    }
    Ok(Path::new(NAMED).join(namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_namespace_is_refused() {
        let said = |name: &str| within(name, || ()).expect_err("it is none").to_string();
        assert!(said("lanwright-none").contains("/run/netns/lanwright-none"));
        assert!(said("..").contains("is no name of a namespace"));
        assert!(said("/dev/null").contains("cannot enter the namespace"));
    }
}
