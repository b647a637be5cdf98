//! The entries of a simulated directory: names, attributes, and when two values are the same.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// A distinguished name for comparing: its parts from the root down, each in normal form.
pub type Key = Vec<String>;

/// The key of a distinguished name, or `None` where it isn't one.
pub fn key(dn: &str) -> Option<Key> {
    if dn.trim().is_empty() {
        return Some(Vec::new());
    }
    let mut parts = split(dn).into_iter().map(part).collect::<Option<Vec<_>>>()?;
    parts.reverse();
    Some(parts)
}

/// Cuts at the commas that are not escaped.
fn split(dn: &str) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in dn.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&dn[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&dn[start..]);
    parts
}

fn part(part: &str) -> Option<String> {
    let (name, value) = part.split_once('=')?;
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    let value = unescape(value)?;
    Some(format!("{}={}", name.to_ascii_lowercase(), fold(value.trim())))
}

/// Undoes RFC 4514's escaping: a backslash before a character, or before two hexadecimal digits.
fn unescape(value: &str) -> Option<String> {
    let bytes = value.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        if byte != b'\\' {
            out.push(byte);
            at += 1;
            continue;
        }
        let hex = value.get(at + 1..at + 3).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (hex, bytes.get(at + 1)) {
            (Some(byte), _) => {
                out.push(byte);
                at += 3;
            }
            (None, Some(&escaped)) => {
                out.push(escaped);
                at += 2;
            }
            (None, None) => return None,
        }
    }
    String::from_utf8(out).ok()
}

/// A value escaped for its place in a distinguished name.
pub fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        let edge = (at == 0 && matches!(c, ' ' | '#')) || (at + 1 == value.len() && c == ' ');
        if edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Lower case, runs of white space as one space.
fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}

/// How the values of an attribute are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// A distinguished name.
    Name,
    /// A whole number.
    Number,
    /// Bytes, or text where case counts.
    Exact,
    /// A generalized time, `20260310093000.0Z`.
    Time,
    /// Text where case and runs of spaces don't count.
    Text,
}

/// The syntax of an attribute, by its name in lower case.
pub fn syntax(name: &str) -> Syntax {
    match name {
        "member" | "memberof" | "manager" | "directreports" | "managedby" | "objectcategory" | "distinguishedname" | "entrydn"
        | "uniquemember" | "owner" | "creatorsname" | "modifiersname" => Syntax::Name,
        "useraccountcontrol" | "accountexpires" | "pwdlastset" | "lockouttime" | "lastlogontimestamp" | "usnchanged" | "usncreated"
        | "grouptype" | "samaccounttype" | "primarygroupid" | "admincount" | "uidnumber" | "gidnumber" | "shadowexpire" => Syntax::Number,
        "whencreated" | "whenchanged" | "createtimestamp" | "modifytimestamp" => Syntax::Time,
        "objectguid" | "objectsid" | "unicodepwd" | "userpassword" | "sshpublickey" | "memberuid" | "homedirectory" | "loginshell" => {
            Syntax::Exact
        }
        _ => Syntax::Text,
    }
}

/// A value in the form in which equal values are equal bytes.
pub fn canon(name: &str, value: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(value) else {
        return value.to_vec();
    };
    match syntax(name) {
        Syntax::Exact => value.to_vec(),
        Syntax::Name => key(text).map_or_else(|| value.to_vec(), |k| k.join("\u{1}").into_bytes()),
        Syntax::Number => text.trim().parse::<i64>().map_or_else(|_| value.to_vec(), |number| number.to_string().into_bytes()),
        Syntax::Time => moment(text).map_or_else(|| value.to_vec(), |at| at.to_string().into_bytes()),
        Syntax::Text => fold(text).into_bytes(),
    }
}

/// The moment that a generalized time names: a second, with or without a fraction, in UTC or with an offset from it (RFC 4517, 3.3.13).
pub fn moment(text: &str) -> Option<Timestamp> {
    let numeric = text.strip_suffix('Z').map(|utc| format!("{utc}+0000"));
    Timestamp::strptime("%Y%m%d%H%M%S%.f%z", numeric.as_deref().unwrap_or(text)).ok()
}

/// One attribute of one entry, as it is written.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its name, in the vendor's spelling.
    pub name: String,
    /// Its values, in the order they came.
    pub values: Vec<Vec<u8>>,
}

/// One entry.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// Its distinguished name, in the vendor's spelling.
    pub dn: String,
    attributes: BTreeMap<String, Attribute>,
}

impl Entry {
    /// An entry without attributes.
    pub fn new(dn: impl Into<String>) -> Entry {
        Entry { dn: dn.into(), attributes: BTreeMap::new() }
    }

    /// The same entry with values of one attribute; none are written for no values.
    pub fn with<V: Into<Vec<u8>>>(mut self, name: &str, values: impl IntoIterator<Item = V>) -> Entry {
        self.set(name, values.into_iter().map(Into::into).collect());
        self
    }

    /// The values of an attribute, whatever the case of its name; none where it has none.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        self.attributes.get(&name.to_ascii_lowercase()).map_or(&[], |a| a.values.as_slice())
    }

    /// The first value of an attribute as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.values(name).first()?).ok()
    }

    /// The first value of an attribute as a number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.trim().parse().ok()
    }

    /// Replaces all values of an attribute; no values, no attribute.
    pub fn set(&mut self, name: &str, values: Vec<Vec<u8>>) {
        let lower = name.to_ascii_lowercase();
        if values.is_empty() {
            self.attributes.remove(&lower);
            return;
        }
        self.attributes.entry(lower).or_insert_with(|| Attribute { name: name.to_owned(), values: Vec::new() }).values = values;
    }

    /// Whether the attribute has a value that is the same as this one.
    pub fn has(&self, name: &str, value: &[u8]) -> bool {
        let lower = name.to_ascii_lowercase();
        let wanted = canon(&lower, value);
        self.values(name).iter().any(|v| canon(&lower, v) == wanted)
    }

    /// All attributes, in order of name.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.values()
    }
}

/// All entries, in the order of their names from the root down.
#[derive(Debug, Default)]
pub struct Tree {
    entries: BTreeMap<Key, Entry>,
}

impl Tree {
    /// Adds an entry, or replaces the one of that name. A name that can't be read is left out and told.
    pub fn add(&mut self, entry: Entry) {
        match key(&entry.dn) {
            Some(key) => {
                self.entries.insert(key, entry);
            }
            None => tracing::error!(dn = entry.dn, "not a distinguished name"),
        }
    }

    /// The entry of that name.
    pub fn get(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The entry of that name, to change it.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Entry> {
        self.entries.get_mut(key)
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Entry)> {
        self.entries.iter()
    }

    /// The entry of that name and all below it.
    pub fn below<'a>(&'a self, base: &'a Key) -> impl Iterator<Item = (&'a Key, &'a Entry)> {
        self.entries.range(base.clone()..).take_while(move |(key, _)| key.starts_with(base))
    }

    /// Writes `memberOf` into everyone that a group's `member` names, for the groups that `is_group` chooses.
    pub fn link_members(&mut self, is_group: impl Fn(&Entry) -> bool) {
        let links: Vec<(Key, String)> = self
            .entries
            .values()
            .filter(|e| is_group(e))
            .flat_map(|group| {
                group.values("member").iter().filter_map(|m| key(std::str::from_utf8(m).ok()?)).map(|member| (member, group.dn.clone()))
            })
            .collect();
        for (member, group) in links {
            self.link(&member, &group, true);
        }
    }

    /// Adds a group to a member's `memberOf`, or takes it out.
    pub fn link(&mut self, member: &Key, group: &str, add: bool) {
        let Some(entry) = self.entries.get_mut(member) else {
            return;
        };
        let wanted = canon("memberof", group.as_bytes());
        let mut groups: Vec<_> = entry.values("memberOf").iter().filter(|g| canon("memberof", g) != wanted).cloned().collect();
        if add {
            groups.push(group.as_bytes().to_vec());
        }
        entry.set("memberOf", groups);
    }
}
