//! What the graph is made of: kinds of node, kinds of edge, levels of access, and ways to name a node.

use std::fmt;
use std::str::FromStr;

/// Defines an enum whose variants have one text each, used alike in manifests, the store, output and messages.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word for it, the same everywhere.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(format!("{text:?} is not one of {}", [$($text),*].join(", "))),
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a node is.
    NodeKind {
        /// A human, as HR knows them.
        Person = "person",
        /// A login in one system.
        Account = "account",
        /// A set of accounts or groups.
        Group = "group",
        /// A named set of rights.
        Role = "role",
        /// Something that is signed in to.
        App = "app",
        /// Something worth reaching: a file, a mailbox, a repository, a door.
        Resource = "resource",
        /// Something that opens other things: a token, a key, a link, a badge.
        Credential = "credential",
        /// A machine.
        Device = "device",
        /// A mail address that stands for whoever has it. Resolved when the graph is read, because the two ends of an
        /// edge may be read in either order.
        Address = "address",
        /// A second name of a node of the same system (an LDAP DN, say). Resolved when the graph is read.
        Alias = "aka",
    }
}

words! {
    /// What an edge says. It always points from who has to what they have, so that access is reachability.
    EdgeKind {
        /// A person has an account. Only identity resolution makes these.
        HasAccount = "has_account",
        /// An account or group is in a group or has a role.
        MemberOf = "member_of",
        /// An app or role is assigned to an account or group.
        Assigned = "assigned",
        /// A role or group permits the use of something.
        Permits = "permits",
        /// An account holds a credential.
        Holds = "holds",
        /// A credential opens something.
        Opens = "opens",
        /// An account, group or address can access a resource, at a level.
        CanAccess = "can_access",
        /// An account signs in to an account elsewhere (single sign-on).
        SignsInTo = "signs_in_to",
        /// An account may act for another.
        DelegateOf = "delegate_of",
        /// An address receives the mail of a mailbox.
        ReceivesMailOf = "receives_mail_of",
        /// An account uses a device.
        Uses = "uses",
        /// An account owns something.
        Owns = "owns",
    }
}

words! {
    /// How far access goes, weakest first.
    Level {
        /// See it.
        Read = "read",
        /// Change it.
        Write = "write",
        /// Decide who else may.
        Admin = "admin",
        /// It is theirs.
        Owner = "owner",
    }
}

/// A node named from within one system: its kind, and its key in that system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeRef {
    /// What it is.
    pub kind: NodeKind,
    /// The system's own stable key; for an address the normalised address, for an alias the normalised alias.
    pub key: String,
}

impl NodeRef {
    /// A reference of this kind and key. Addresses and aliases are normalised.
    pub fn new(kind: NodeKind, key: impl Into<String>) -> Self {
        let key = key.into();
        let key = match kind {
            NodeKind::Address => normal_address(&key),
            NodeKind::Alias => normal_alias(&key),
            _ => key,
        };
        Self { kind, key }
    }
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.key)
    }
}

/// A mail address as it is compared: trimmed and in lower case.
pub fn normal_address(address: &str) -> String {
    address.trim().to_lowercase()
}

/// What people call somebody, in the form in which two spellings of it are one: case, blanks and a dot at the end mean nothing.
pub fn normal_label(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    text.trim_end_matches('.').to_owned()
}

/// A second name in the form in which two spellings of it are the same. A directory may write one distinguished name in several
/// ways (`Doe\, John` as a member, `Doe\2C John` as the entry's own), and upper and lower case mean nothing.
pub fn normal_alias(name: &str) -> String {
    let is_dn = name.contains('=') && name.contains(['\\', ',', ';']);
    if !is_dn {
        return name.to_lowercase();
    }
    let (text, mut plain) = (name.as_bytes(), Vec::with_capacity(name.len()));
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let hex = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (value, escaped, length) = match (byte, text.get(at + 1), text.get(at + 1).and_then(hex), text.get(at + 2).and_then(hex)) {
            (b'\\', _, Some(high), Some(low)) => (high * 16 + low, true, 3),
            (b'\\', Some(&next), ..) => (next, true, 2),
            _ => (byte, false, 1),
        };
        at += length;
        if escaped && b",+\"\\<>;".contains(&value) {
            plain.push(b'\\');
        }
        plain.push(value);
        // Spaces after a comma that ends a part are decoration.
        if !escaped && matches!(value, b',' | b';') {
            at += text.get(at..).unwrap_or_default().iter().take_while(|byte| **byte == b' ').count();
        }
    }
    String::from_utf8_lossy(&plain).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_one() {
        for (one, other) in [
            ("uid=Doe\\, John,ou=people,dc=x", "UID=Doe\\2C John, ou=People,dc=x"),
            ("uid=\\ lead,dc=x", "uid=\\20lead,dc=x"),
            ("uid=plus\\+eq=,dc=x", "uid=plus\\2Beq\\3D,dc=x"),
            ("uid=back\\\\slash,dc=x", "uid=back\\5cslash,dc=x"),
            ("uid=Ren\\C3\\A9,dc=x", "uid=René,dc=x"),
        ] {
            assert_eq!(normal_alias(one), normal_alias(other));
        }
        assert_ne!(normal_alias("uid=a\\,dc=y,dc=x"), normal_alias("uid=a,dc=y,dc=x"));
        assert_eq!(normal_alias("ACME\\Ada"), "acme\\ada");
        assert_eq!(normal_alias("uid=ends\\,"), "uid=ends\\,");
    }
}
