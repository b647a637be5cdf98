//! Parts of a directory's tree that another server holds. A search brings a reference in their place, and its list is not whole: what is there was
//! not read. Our credential must not follow it.
//!
//! Active Directory sends references at the root of each domain as well to parts that hold no accounts: its configuration and schema, and
//! application partitions such as those of its DNS zones ("any type of object, except security principals",
//! <https://technet.microsoft.com/en-us/library/cc784421(v=ws.10).aspx>). Which these are, it says itself: each part of the forest has a crossRef
//! object, whose flags tell domains apart (MS-ADTS 6.1.1.2.1.1). A domain below this one is a gap, until the settings say that another system of
//! ours reads it (`connect.elsewhere`). To ask for no references (control 1.2.840.113556.1.4.1339) would hide such a domain with the rest.

use std::collections::BTreeSet;

use ldap3::Scope as Reach;
use serde_json::Value;

use super::ldap::{Connection, Directory, Failure};
use super::ldap_ask::{Asked, Held};

/// Of a crossRef's `systemFlags`: the part belongs to this forest; it is a domain.
const OF_THE_FOREST: i64 = 1;
const A_DOMAIN: i64 = 2;
/// Parts of one forest that are looked at.
const MOST_PARTS: usize = 1_000;

impl Directory {
    /// Of these references those that lead to what was not read: neither another system's, as the settings say, nor a part that holds no accounts.
    /// `Err` where that could not be asked, with all that may be missing: the connection is of no use any more.
    pub(super) async fn missing(
        &self,
        connection: &mut Connection,
        references: BTreeSet<String>,
    ) -> Result<BTreeSet<String>, BTreeSet<String>> {
        let elsewhere = |uri: &String| named(uri).is_some_and(|name| self.elsewhere.contains(&name));
        let left: BTreeSet<String> = references.into_iter().filter(|uri| !elsewhere(uri)).collect();
        if left.is_empty() {
            return Ok(left);
        }
        match self.without_accounts(connection).await {
            Ok(parts) => Ok(left.into_iter().filter(|uri| !named(uri).is_some_and(|name| parts.contains(&name))).collect()),
            Err(_) => Err(left),
        }
    }

    /// The parts of an Active Directory forest that hold no accounts; none where this is another kind of directory.
    async fn without_accounts(&self, connection: &mut Connection) -> Result<BTreeSet<String>, Failure> {
        const CONFIGURATION: &str = "configurationNamingContext";
        // AD LDS has none: its application partitions may well hold accounts.
        const ROOT_DOMAIN: &str = "rootDomainNamingContext";
        let mut held = Held::default();
        let attributes = vec![CONFIGURATION.to_owned(), ROOT_DOMAIN.to_owned()];
        let asked = Asked { base: "", reach: Reach::Base, filter: "", attributes: attributes.clone(), most: 1 };
        let root = self.ask(connection, asked, &mut held).await?.entries.pop().map(|root| root.json(&attributes));
        let Some(root) = root.filter(|root| root[ROOT_DOMAIN].is_string()) else { return Ok(BTreeSet::new()) };
        let Some(configuration) = root[CONFIGURATION].as_str() else { return Ok(BTreeSet::new()) };
        let attributes = vec!["nCName".to_owned(), "systemFlags".to_owned()];
        let base = format!("CN=Partitions,{configuration}");
        let asked = Asked {
            base: &base,
            reach: Reach::OneLevel,
            filter: "(objectClass=crossRef)",
            attributes: attributes.clone(),
            most: MOST_PARTS,
        };
        let parts = self.ask(connection, asked, &mut held).await?.entries;
        let no_accounts = |part: &Value| {
            let flags: i64 = part["systemFlags"].as_str()?.parse().ok()?;
            (flags & OF_THE_FOREST != 0 && flags & A_DOMAIN == 0).then(|| normal(part["nCName"].as_str()?)).flatten()
        };
        Ok(parts.iter().filter_map(|part| no_accounts(&part.json(&attributes))).collect())
    }
}

/// What lies elsewhere, in one line.
pub(super) fn line(missing: &BTreeSet<String>) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = missing.iter().take(SHOWN).map(String::as_str).collect();
    let more = if missing.len() > SHOWN { format!(" and {} more", missing.len() - SHOWN) } else { String::new() };
    format!("a part of the tree is in another directory and was not read: {}{more}", shown.join(", "))
}

/// The name of the place that an address leads to, in one spelling: `ldap://host/DC=x%20y,DC=z??sub`.
fn named(uri: &str) -> Option<String> {
    let path = uri.split_once("://")?.1.split_once('/')?.1;
    normal(&decoded(path.split('?').next()?)?)
}

/// A distinguished name in one spelling; none where there is none.
pub(super) fn normal(name: &str) -> Option<String> {
    let (mut parts, mut part, mut escaped) = (Vec::new(), String::new(), false);
    for c in name.chars() {
        match c {
            ',' if !escaped => parts.push(std::mem::take(&mut part)),
            _ => part.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(part);
    let one = |part: &String| {
        let (kind, value) = part.split_once('=')?;
        Some(format!("{}={}", kind.trim().to_lowercase(), value.trim().to_lowercase()))
    };
    Some(parts.iter().map(one).collect::<Option<Vec<_>>>()?.join(","))
}

fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_place_that_an_address_names_has_one_spelling() {
        let place = |uri: &str| named(uri);
        assert_eq!(place("ldap://emea.acme.example/DC=emea,DC=acme,DC=example").unwrap(), "dc=emea,dc=acme,dc=example");
        assert_eq!(place("ldaps://h:636/ou=Paris%20Office%2C dc = acme??sub?(a=b)").unwrap(), "ou=paris office,dc=acme");
        assert_eq!(place("ldap://h/ou=a\\2Cb\\,c,dc=x").unwrap(), "ou=a\\2cb\\,c,dc=x");
        for nowhere in
            ["ldap://h", "ldap://h/", "ldap://h/??sub", "nothing", "ldap://h/dc=%zz", "ldap://h/dc=%ff", "ldap://h/%", "ldap://h/é%e"]
        {
            assert_eq!(place(nowhere), None, "{nowhere}");
        }
    }
}
