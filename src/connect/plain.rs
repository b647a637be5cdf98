//! Where credentials may go unencrypted: to this machine, and where the settings say that the network on the way is trusted.

/// Whether a host is this machine by its very name: a name that only resolves to it may resolve to something else tomorrow.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    let v4_within_v6 = |address: std::net::IpAddr| match address {
        std::net::IpAddr::V6(v6) => v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
        std::net::IpAddr::V4(_) => false,
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback() || v4_within_v6(address))
}

/// Refuses an address that would carry a credential in clear over a network.
pub(super) fn refuse(url: &reqwest::Url, encrypted: bool, plain: bool) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default();
    if encrypted || plain || is_loopback(host) {
        return Ok(());
    }
    let (scheme, better) = match url.scheme() {
        "ldap" => ("ldap", "ldaps"),
        scheme => (scheme, "https"),
    };
    Err(format!("{scheme}://{host} would carry the credential unencrypted: use {better}, or set plain = true if that network is trusted"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_clear() {
        let said = |url: &str, plain: bool| {
            let url = reqwest::Url::parse(url).unwrap();
            refuse(&url, ["https", "ldaps"].contains(&url.scheme()), plain)
        };
        for fine in [
            "http://localhost:1",
            "http://LOCALHOST./",
            "http://127.0.0.1",
            "http://127.9.8.7",
            "http://[::1]:8",
            "http://[::ffff:127.0.0.1]/",
            "https://acme.example",
            "ldaps://dc1.acme.example",
            "ldap://localhost:389",
        ] {
            assert_eq!(said(fine, false), Ok(()), "{fine}");
        }
        for clear in [
            "http://acme.example",
            "http://192.0.2.2:80",
            "ldap://dc1",
            "http://localhost.acme.example",
            "http://127.0.0.1.acme.example",
            "http://[2001:db8::1]",
        ] {
            let refused = said(clear, false).unwrap_err();
            assert!(refused.contains("would carry the credential unencrypted") && refused.contains("plain = true"), "{refused}");
            assert_eq!(said(clear, true), Ok(()));
        }
    }
}
