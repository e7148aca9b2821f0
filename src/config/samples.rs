//! Settings that are still the samples of config.toml although the board is in use.

use std::net::{IpAddr, SocketAddr};

use super::{Config, MailTransport};

/// A sample that does harm, and a sentence about it.
#[derive(Debug)]
pub struct Warning {
    pub setting: &'static str,
    pub message: String,
}

impl Config {
    /// The samples that do harm on a board that listens on this address. None while somebody only tries it out on one
    /// machine.
    pub fn harmful_samples(&self, listening: SocketAddr) -> Vec<Warning> {
        if !self.is_in_use(listening) {
            return Vec::new();
        }
        let samples = Self::default();
        let mut warnings = Vec::new();
        let mut warn = |setting, message| warnings.push(Warning { setting, message });
        if let Some(message) = self.bad_links(listening) {
            warn("server.public_url", message);
        }
        if self.campus.name == samples.campus.name {
            let name = &self.campus.name;
            warn(
                "campus.name",
                format!("emails name the campus {name:?}; set campus.name to your own"),
            );
        }
        if self.campus.email_domains == samples.campus.email_domains {
            let domains = self.campus.email_domains.join(", ");
            let message = format!(
                "only students with an address at {domains} can register; set campus.email_domains to your own"
            );
            warn("campus.email_domains", message);
        }
        if self.mail.transport == MailTransport::Maildir {
            let folder = self.data.dir.join("mail/new");
            let message = format!(
                "nobody receives emails, and without them nobody can register: they are only written to {}; set \
                 transport = \"smtp\" and host under [mail]",
                folder.display()
            );
            warn("mail.transport", message);
        } else if self.mail.from == samples.mail.from {
            let from = &self.mail.from;
            let message = format!(
                "emails come from {from}, so mail servers may reject them; set mail.from to an address of your campus"
            );
            warn("mail.from", message);
        }
        warnings
    }

    /// Whether other people probably use the board: a setting or the address says so.
    fn is_in_use(&self, listening: SocketAddr) -> bool {
        let has_site = !self.server.public_url.is_empty() && !is_local(&self.server.public_url);
        let has_proxy = !self.server.trusted_proxies.is_empty();
        let sends_mail = self.mail.transport == MailTransport::Smtp;
        !listening.ip().is_loopback() || has_site || has_proxy || sends_mail
    }

    /// Why links in emails do not work.
    fn bad_links(&self, listening: SocketAddr) -> Option<String> {
        let set = &self.server.public_url;
        let start = self.public_url(listening);
        let advice = "set server.public_url to the address that people type into the browser";
        if is_local(&start) {
            Some(format!(
                "links in emails start with {start}, which other machines cannot open; {advice}"
            ))
        } else if set.is_empty() {
            Some(format!("links in emails start with {start}; {advice}"))
        } else {
            None
        }
    }
}

/// Whether a URL works on this machine only.
fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let site = rest.split('/').next().unwrap_or_default();
    let host = match site.rsplit_once(':') {
        // The colons of an IPv6 address are in brackets.
        Some((host, port)) if !port.ends_with(']') => host,
        _ => site,
    };
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warned(listening: &str, change: impl FnOnce(&mut Config)) -> Vec<&'static str> {
        let mut config = Config::default();
        change(&mut config);
        let warnings = config.harmful_samples(listening.parse().unwrap());
        warnings.iter().map(|warning| warning.setting).collect()
    }

    #[test]
    fn a_trial_on_one_machine_is_not_warned() {
        for listening in ["127.0.0.1:8080", "[::1]:8080"] {
            assert!(warned(listening, |_| {}).is_empty());
            let url = "http://localhost:8080".to_owned();
            assert!(warned(listening, |config| config.server.public_url = url).is_empty());
        }
    }

    #[test]
    fn a_board_in_use_is_warned_of_each_harmful_sample() {
        let all = [
            "server.public_url",
            "campus.name",
            "campus.email_domains",
            "mail.transport",
        ];
        for listening in ["0.0.0.0:80", "[::]:80", "192.0.2.7:80"] {
            assert_eq!(warned(listening, |_| {}), all);
        }
        let behind_a_proxy = warned("127.0.0.1:80", |config| {
            config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        });
        assert_eq!(behind_a_proxy, all);
        let sending = warned("127.0.0.1:80", |config| {
            config.mail.transport = MailTransport::Smtp;
        });
        assert_eq!(
            sending,
            [
                "server.public_url",
                "campus.name",
                "campus.email_domains",
                "mail.from"
            ]
        );
        let ready = warned("0.0.0.0:80", |config| {
            config.server.public_url = "https://jobs.ours.edu".into();
            config.campus.name = "Ours".into();
            config.campus.email_domains = vec!["ours.edu".into()];
            config.mail.transport = MailTransport::Smtp;
            config.mail.from = "jobs@ours.edu".into();
        });
        assert!(ready.is_empty(), "{ready:?}");
    }

    #[test]
    fn links_that_only_this_machine_can_open_are_recognized() {
        for url in [
            "http://localhost",
            "http://LOCALHOST:8080/jobs",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://[::]",
            "http://0.0.0.0:80",
        ] {
            assert!(is_local(url), "{url}");
        }
        for url in [
            "https://jobs.ours.edu",
            "http://192.0.2.7:80",
            "http://[2001:db8::1]",
        ] {
            assert!(!is_local(url), "{url}");
        }
        let warnings = Config::default().harmful_samples("0.0.0.0:80".parse().unwrap());
        assert_eq!(
            warnings[0].message,
            "links in emails start with http://0.0.0.0:80, which other machines cannot open; set server.public_url to the \
             address that people type into the browser"
        );
    }
}
