//! What a dnsmasq is told on its command line, as lines of a configuration.
//!
//! Every long option is also a keyword of configurations, with the same value.

/// What a command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// Options as lines, each with its line break.
    pub lines: Vec<String>,
    /// What else is read, in order.
    pub inclusions: Vec<Inclusion>,
}

/// A configuration that is read too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inclusion {
    /// One file.
    File(String),
    /// All files of a folder; maybe with endings after a comma.
    Folder(String),
}

/// Short options and what they are called in full.
const SHORT: &[(char, &str)] = &[
    ('0', "dns-forward-max"),
    ('1', "enable-dbus"),
    ('2', "no-dhcp-interface"),
    ('3', "bootp-dynamic"),
    ('4', "dhcp-mac"),
    ('5', "no-ping"),
    ('6', "dhcp-script"),
    ('7', "conf-dir"),
    ('8', "log-facility"),
    ('9', "leasefile-ro"),
    ('A', "address"),
    ('B', "bogus-nxdomain"),
    ('C', "conf-file"),
    ('D', "domain-needed"),
    ('E', "expand-hosts"),
    ('F', "dhcp-range"),
    ('G', "dhcp-host"),
    ('H', "addn-hosts"),
    ('I', "except-interface"),
    ('J', "dhcp-ignore"),
    ('K', "dhcp-authoritative"),
    ('L', "localmx"),
    ('M', "dhcp-boot"),
    ('N', "no-negcache"),
    ('O', "dhcp-option"),
    ('P', "edns-packet-max"),
    ('Q', "query-port"),
    ('R', "no-resolv"),
    ('S', "server"),
    ('T', "local-ttl"),
    ('U', "dhcp-vendorclass"),
    ('V', "alias"),
    ('W', "srv-host"),
    ('X', "dhcp-lease-max"),
    ('Y', "txt-record"),
    ('Z', "read-ethers"),
    ('a', "listen-address"),
    ('b', "bogus-priv"),
    ('c', "cache-size"),
    ('d', "no-daemon"),
    ('e', "selfmx"),
    ('f', "filterwin2k"),
    ('g', "group"),
    ('h', "no-hosts"),
    ('i', "interface"),
    ('j', "dhcp-userclass"),
    ('k', "keep-in-foreground"),
    ('l', "dhcp-leasefile"),
    ('m', "mx-host"),
    ('n', "no-poll"),
    ('o', "strict-order"),
    ('p', "port"),
    ('q', "log-queries"),
    ('r', "resolv-file"),
    ('s', "domain"),
    ('t', "mx-target"),
    ('u', "user"),
    ('x', "pid-file"),
    ('y', "localise-queries"),
    ('z', "bind-interfaces"),
];

/// The short options that take no value.
const SWITCHES: &str = "159DEKLNRZbdefhknoqyz";

impl CommandLine {
    /// Reads the arguments, without the program's name. A word that is no option belongs to the
    /// option before it, since dnsmasq takes no other words.
    pub fn read(arguments: &[String]) -> Self {
        let mut read = CommandLine::default();
        let mut words = arguments.iter().peekable();
        while let Some(word) = words.next() {
            let mut value = || words.next_if(|next| !next.starts_with('-')).cloned();
            match word.strip_prefix("--") {
                Some(long) => match long.split_once('=') {
                    Some((key, value)) => read.option(key, Some(value.to_owned())),
                    None => {
                        let value = value();
                        read.option(long, value);
                    }
                },
                None => read.short(word.trim_start_matches('-'), value),
            }
        }
        read
    }

    /// `-zi br0`, `-F192.0.2.2,192.0.2.9`: switches, then at most one option with a value.
    fn short(&mut self, word: &str, next: impl FnOnce() -> Option<String>) {
        for (at, letter) in word.char_indices() {
            let Some((_, key)) = SHORT.iter().find(|(short, _)| *short == letter) else {
                return;
            };
            if SWITCHES.contains(letter) {
                self.option(key, None);
                continue;
            }
            let rest = &word[at + letter.len_utf8()..];
            let value = match rest.is_empty() {
                true => next(),
                false => Some(rest.to_owned()),
            };
            self.option(key, value);
            return;
        }
    }

    fn option(&mut self, key: &str, value: Option<String>) {
        // A line break cannot be typed by accident; what it hides would be a line of its own.
        let value = value.map(|value| value.replace(['\n', '\r'], " "));
        match (key, value) {
            ("conf-file", Some(path)) => self.inclusions.push(Inclusion::File(path)),
            ("conf-dir", Some(folder)) => self.inclusions.push(Inclusion::Folder(folder)),
            (key, Some(value)) => self.lines.push(format!("{key}={value}\n")),
            (key, None) => self.lines.push(format!("{key}\n")),
        }
    }
}

/// The further configurations that a configuration names.
pub fn inclusions(conf: &str) -> Vec<Inclusion> {
    let lines = conf.lines().map(str::trim);
    lines
        .filter_map(|line| {
            let (key, value) = line.split_once('=')?;
            match key.trim_end() {
                "conf-file" => Some(Inclusion::File(value.trim().to_owned())),
                "conf-dir" => Some(Inclusion::Folder(value.trim().to_owned())),
                _ => None,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> CommandLine {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        CommandLine::read(&words)
    }

    #[test]
    fn options_of_all_spellings_become_lines() {
        let read = read(
            "--strict-order --interface=br0 --dhcp-range 192.0.2.2,192.0.2.9,1h -s lab -zKi br1 \
             -F192.0.2.12,192.0.2.19 --conf-file=/etc/x.conf -7 /etc/y.d,.bak --pid-file=",
        );
        let expected = [
            "strict-order\n",
            "interface=br0\n",
            "dhcp-range=192.0.2.2,192.0.2.9,1h\n",
            "domain=lab\n",
            "bind-interfaces\n",
            "dhcp-authoritative\n",
            "interface=br1\n",
            "dhcp-range=192.0.2.12,192.0.2.19\n",
            "pid-file=\n",
        ];
        assert_eq!(read.lines, expected);
        let file = Inclusion::File("/etc/x.conf".to_owned());
        assert_eq!(
            read.inclusions,
            [file, Inclusion::Folder("/etc/y.d,.bak".to_owned())]
        );
    }

    #[test]
    fn a_value_stays_one_line() {
        let words = ["--domain=a\nuser=root".to_owned(), "-é".to_owned()];
        assert_eq!(CommandLine::read(&words).lines, ["domain=a user=root\n"]);
    }

    #[test]
    fn configurations_name_others() {
        let named = inclusions("# conf-file=/no\nconf-file=/a\n conf-dir = /b,*.conf\n");
        let folder = Inclusion::Folder("/b,*.conf".to_owned());
        assert_eq!(named, [Inclusion::File("/a".to_owned()), folder]);
    }
}
