//! The client's address: the peer, or what a trusted proxy reports.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;

/// Whether a trusted proxy forwarded the request.
pub fn is_from_proxy(request: &HttpRequest, trusted: &[IpAddr]) -> bool {
    peer(request).is_some_and(|peer| is_trusted(peer, trusted))
}

/// The peer's address. Behind a trusted proxy, the last reported address that is not a trusted proxy.
pub fn address(request: &HttpRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
    let mut nearest = peer(request)?;
    if !is_trusted(nearest, trusted) {
        return Some(nearest);
    }
    let headers = |name: &str| {
        let values = request.headers().get_all(name);
        let values = values.filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(str::to_owned)
    };
    let mut hops: Vec<String> = headers("x-forwarded-for").collect();
    if hops.is_empty() {
        // RFC 7239. Used only if the other header is absent: a client can send this one through a proxy that does not
        // know it.
        hops = headers("forwarded")
            .map(|hop| forwarded_for(&hop))
            .collect();
    }
    while let Some(hop) = hops.pop() {
        let Some(address) = parse(&hop) else {
            break;
        };
        nearest = address;
        if !is_trusted(nearest, trusted) {
            break;
        }
    }
    Some(nearest)
}

fn peer(request: &HttpRequest) -> Option<IpAddr> {
    Some(request.peer_addr()?.ip().to_canonical())
}

fn is_trusted(address: IpAddr, trusted: &[IpAddr]) -> bool {
    trusted.iter().any(|proxy| proxy.to_canonical() == address)
}

/// The client in one element of `Forwarded`.
fn forwarded_for(element: &str) -> String {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut clients = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    clients
        .next()
        .map_or_else(String::new, |(_, client)| client.to_owned())
}

/// An address as proxies write it: plain, with a port, in brackets, in quotes.
fn parse(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"').trim();
    let in_brackets = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']'));
    let address = in_brackets.unwrap_or(hop).parse::<IpAddr>();
    let with_port = || hop.parse::<SocketAddr>().map(|socket| socket.ip());
    address
        .or_else(|_| with_port())
        .ok()
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const PROXY: &str = "10.0.0.1";

    fn seen(headers: &[(&'static str, &str)]) -> String {
        seen_from(PROXY, headers)
    }

    fn seen_from(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let peer: IpAddr = peer.parse().unwrap();
        let mut request = TestRequest::default().peer_addr((peer, 4711).into());
        for header in headers {
            request = request.append_header(*header);
        }
        let trusted = [PROXY, "10.0.0.2", "::ffff:10.0.0.3"].map(|proxy| proxy.parse().unwrap());
        address(&request.to_http_request(), &trusted)
            .unwrap()
            .to_string()
    }

    /// D1: the client's address is found in every form that proxies write.
    #[test]
    fn a_proxy_may_write_addresses_in_any_form() {
        for (value, client) in [
            ("203.0.113.20", "203.0.113.20"),
            ("203.0.113.20:51234", "203.0.113.20"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("\"[2001:db8::7]:443\"", "2001:db8::7"),
            ("\"203.0.113.20\"", "203.0.113.20"),
            ("::ffff:203.0.113.20", "203.0.113.20"),
            ("198.51.100.1, 203.0.113.20:1", "203.0.113.20"),
            ("203.0.113.20:1, 10.0.0.2:2 , 10.0.0.3", "203.0.113.20"),
            ("10.0.0.2", "10.0.0.2"),
            ("198.51.100.1, unknown", PROXY),
            ("198.51.100.1, 203.0.113.20:99999", PROXY),
            ("", PROXY),
        ] {
            assert_eq!(seen(&[("x-forwarded-for", value)]), client, "{value}");
        }
        for (value, client) in [
            ("for=203.0.113.20;proto=https;by=10.0.0.1", "203.0.113.20"),
            ("proto=https; For=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=198.51.100.1, for=203.0.113.20", "203.0.113.20"),
            ("for=_hidden", PROXY),
            ("proto=https", PROXY),
        ] {
            assert_eq!(seen(&[("forwarded", value)]), client, "{value}");
        }
        let both = [
            ("forwarded", "for=198.51.100.1"),
            ("x-forwarded-for", "203.0.113.20"),
        ];
        assert_eq!(seen(&both), "203.0.113.20");
        let two = [
            ("x-forwarded-for", "198.51.100.1"),
            ("x-forwarded-for", "203.0.113.20"),
        ];
        assert_eq!(seen(&two), "203.0.113.20");
    }

    #[test]
    fn headers_from_untrusted_peers_are_ignored() {
        let lie = [
            ("x-forwarded-for", "198.51.100.1"),
            ("forwarded", "for=198.51.100.1"),
        ];
        assert_eq!(seen_from("203.0.113.9", &lie), "203.0.113.9");
        assert_eq!(seen_from("::ffff:203.0.113.9", &lie), "203.0.113.9");
        // A listener on [::] sees IPv4 peers in this form.
        assert_eq!(seen_from("::ffff:10.0.0.1", &lie), "198.51.100.1");
    }
}
