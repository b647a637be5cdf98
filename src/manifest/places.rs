//! Which names are in scope where: one table, used by `check` and written into the schema.

/// A part of a manifest whose expressions see the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// `connect.http`, `ldap`, `file`, `headers`, `bind`.
    Connect,
    /// `user`, `value`, `token_url`, `claims`, `form`, `region` and the login call of a credential.
    Credential,
    /// `service` of a credential that signs.
    Signature,
    /// `token` and `expires` of a login.
    LoginAnswer,
    /// Headers that a login credential sends.
    Send,
    /// `classes`, wherever they stand.
    Classes,
    /// The paging's `next`, `cursor`, `last`.
    Page,
    /// The call or search of a preflight.
    Preflight,
    /// A preflight's `own_account`.
    PreflightAnswer,
    /// A collection's call, search, `when`, `as`, `headers`, and its paging's `continue_at`.
    Collection,
    /// A collection's `one`.
    One,
    /// A collection's `each`.
    Each,
    /// A sentinel's `key`.
    Sentinel,
    /// A delta's `when`, and the call of its start.
    DeltaStart,
    /// A delta's call or filter.
    Delta,
    /// A delta's `each` and `names`, and the `mark` of its start.
    DeltaAnswer,
    /// A delta's `record` and `removed`.
    Change,
    /// A delta's `mark`.
    Mark,
    /// Everything in `yields`.
    Yield,
    /// The values of a change that reads what it changes.
    Modify,
    /// An action's `when`, `as`, call, change and hand-off.
    Take,
    /// An action's `done_already`, `blocked`, `job`.
    TakeAnswer,
    /// The call that takes an action back, and the file that is kept.
    After,
    /// The call or search of a proof.
    Prove,
    /// A proof's `gone`, after a call.
    GoneCall,
    /// A proof's `gone`, after a search.
    GoneSearch,
    /// A proof's `gone`, after re-reading a collection.
    GoneSee,
    /// The calls that find and open a ticket.
    Ticket,
    /// The `id` and `url` of what was found or opened.
    TicketMade,
    /// The calls that look at a ticket and close it.
    TicketKnown,
    /// A look's `done` and `by`, a list of files, and the call that closes after a read.
    TicketAnswer,
    /// A file of a ticket.
    TicketFile,
    /// A notice's calls and message.
    Notice,
    /// The `id` and `url` of a notice that was found.
    NoticeMade,
}

/// One row of the table: the spot, what to call it, and its names. Names that depend on more are added by [`Extra`].
struct Row(Spot, &'static str, &'static [&'static str]);

const TABLE: &[Row] = &[
    Row(Spot::Connect, "connect: http, ldap, file, headers, bind", &["settings", "now"]),
    Row(Spot::Credential, "credentials: user, value, token_url, claims, form, region, login", &["settings", "secret", "act_as", "now"]),
    Row(Spot::Signature, "credentials: service", &["settings", "headers", "now"]),
    Row(Spot::LoginAnswer, "credentials: login.token, login.expires", &["settings", "status", "headers", "body", "now"]),
    Row(Spot::Send, "credentials: send", &["settings", "token"]),
    Row(Spot::Classes, "classes, everywhere", &["settings", "status", "headers", "body", "code"]),
    Row(Spot::Page, "paging: next, cursor, last", &["settings", "status", "headers", "body"]),
    Row(Spot::Preflight, "preflight: call, search, body, form, headers, as", &["settings", "now"]),
    Row(Spot::PreflightAnswer, "preflight: own_account, there", &["settings", "status", "headers", "body", "it", "entries"]),
    Row(Spot::Collection, "see: when, as, call, search, body, form, headers, sentinel.call, paging.continue_at", &["settings", "now"]),
    Row(Spot::One, "see: one", &["settings", "node", "now"]),
    Row(Spot::Each, "see: each, of", &["settings", "status", "headers", "body", "now"]),
    Row(Spot::Sentinel, "see: sentinel.key", &["settings", "body", "it"]),
    Row(Spot::DeltaStart, "see: delta.when, delta.start.call", &["settings", "now"]),
    Row(Spot::Delta, "see: delta.call, delta.filter", &["settings", "since", "now"]),
    Row(Spot::DeltaAnswer, "see: delta.each, delta.names, delta.start.mark", &["settings", "body", "now"]),
    Row(Spot::Change, "see: delta.record, delta.removed", &["settings", "it", "now"]),
    Row(Spot::Mark, "see: delta.mark", &["settings", "headers", "body", "it", "now"]),
    Row(Spot::Yield, "see: yields", &["settings", "it", "now"]),
    Row(Spot::Modify, "take: modify with read: replace, add, delete", &["settings", "person", "departure", "now", "it"]),
    Row(Spot::Take, "take: when, as, call, body, form, headers, modify, hand_off", &["settings", "person", "departure", "now"]),
    Row(
        Spot::TakeAnswer,
        "take: done_already, blocked, job",
        &["settings", "person", "departure", "now", "status", "headers", "body", "code"],
    ),
    Row(Spot::After, "take: undo, undo_body, keep", &["settings", "person", "departure", "now"]),
    Row(Spot::Prove, "prove: call, search, body, form, headers, as", &["settings", "person", "departure", "now"]),
    Row(Spot::GoneCall, "prove with a call: gone, failed, of", &["settings", "person", "departure", "now", "headers", "body", "absent"]),
    Row(Spot::GoneSearch, "prove with a search: gone, failed", &["settings", "person", "departure", "now", "it", "entries", "absent"]),
    Row(Spot::GoneSee, "prove with see: gone, failed", &["settings", "person", "departure", "now", "seen"]),
    Row(Spot::Ticket, "tell.ticket: find and open: call, body, form, headers", &["settings", "task", "person", "departure", "now"]),
    Row(
        Spot::TicketMade,
        "tell.ticket: find and open: id, url",
        &["settings", "task", "person", "departure", "now", "status", "headers", "body"],
    ),
    Row(
        Spot::TicketKnown,
        "tell.ticket: look.call, files.call, close.read, close without a read",
        &["settings", "task", "ticket", "person", "departure", "now"],
    ),
    Row(
        Spot::TicketAnswer,
        "tell.ticket: look.done, look.by, files.each, close after a read",
        &["settings", "task", "ticket", "person", "departure", "now", "status", "headers", "body"],
    ),
    Row(Spot::TicketFile, "tell.ticket: files.name, files.type, files.read", &["settings", "task", "ticket", "file", "now"]),
    Row(
        Spot::Notice,
        "tell.notice: find and call: call, body, form, headers, mail",
        &["settings", "event", "task", "person", "departure", "now"],
    ),
    Row(
        Spot::NoticeMade,
        "tell.notice: sent, find.id, find.url",
        &["settings", "event", "task", "person", "departure", "now", "status", "headers", "body"],
    ),
];

/// What a place adds to its spot's names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extra {
    /// In a collection with `for`: `person`; and `parent`, unless it is read for people.
    pub for_each: Option<ForEach>,
    /// Inside an inner list.
    pub inner: bool,
    /// In an action: what it is done to.
    pub on: Option<On>,
    /// In a transfer, and in a hand-off.
    pub successor: bool,
    /// In an action that names its job, after its call.
    pub job: bool,
}

/// What a collection is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForEach {
    /// Watched people.
    People,
    /// Another collection's nodes.
    Nodes,
}

/// What an action is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// A node.
    Node,
    /// An edge.
    Edge,
}

const EXTRAS: &str = "with `for`: person, and parent (the node; not with `for: people`)\n\
    in a yield with `each`, but not in the `each` itself: outer\n\
    in take and prove: node, or for an action on an edge: from, to, edge\n\
    in a transfer, and in a hand_off: successor\n\
    in undo, keep and prove of an action with `job`: job";

/// The names in scope at a place.
pub fn names(spot: Spot, extra: Extra) -> Vec<&'static str> {
    let mut names = TABLE.iter().find(|row| row.0 == spot).map(|row| row.2.to_vec()).unwrap_or_default();
    match extra.for_each {
        Some(ForEach::Nodes) => names.extend(["parent", "person"]),
        Some(ForEach::People) => names.push("person"),
        None => {}
    }
    match extra.on {
        Some(On::Node) => names.push("node"),
        Some(On::Edge) => names.extend(["from", "to", "edge"]),
        None => {}
    }
    for (there, name) in [(extra.inner, "outer"), (extra.successor, "successor"), (extra.job, "job")] {
        if there {
            names.push(name);
        }
    }
    names
}

/// Why a name that is known is not in scope: what would bring it in.
pub fn why_not(name: &str) -> &'static str {
    match name {
        "parent" => "it needs `for` with a collection",
        "person" => "it needs `for`, an action, or `tell`",
        "task" | "event" => "it stands in `tell`",
        "ticket" => "it stands in `tell.ticket` once there is one: in look, files and close",
        "file" => "it stands in the name, type and read of a ticket's files",
        "outer" => "it needs a yield with `each`",
        "node" => "it stands in actions on nodes (and in a collection's `one`)",
        "from" | "to" | "edge" => "it stands in actions on edges",
        "secret" | "act_as" => "it stands in credentials",
        "token" => "it stands in a login credential's `send`",
        "since" => "it stands in delta.call and delta.filter",
        "seen" => "it stands in the `gone` of a proof with `see`",
        "entries" => "it stands in the answers to an ldap search",
        "job" => "it needs an action with `job`, and stands after its call",
        "successor" => "it stands in transfers and hand-offs",
        "it" => "it stands in yields and the answers to a search",
        "status" => "it stands in classes: what a reply is, they say; `absent` in `gone` is a reply of class gone",
        "body" | "headers" => "it stands where a reply is judged (in yields, `it` is the record)",
        "code" => "it stands where an ldap answer is judged",
        "absent" => "it stands in the `gone` of a proof with a call or a search",
        _ => "it stands elsewhere",
    }
}

/// The table as text, for the schema.
pub fn table() -> String {
    let mut text = String::new();
    for Row(_, title, names) in TABLE {
        text.push_str(&format!("{title}: {}\n", names.join(", ")));
    }
    text.push_str(EXTRAS);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::express::NAMES;

    #[test]
    fn every_name_is_one_that_the_language_has_and_stands_somewhere() {
        let all = Extra { for_each: Some(ForEach::Nodes), inner: true, on: Some(On::Node), successor: true, job: true };
        let edge = Extra { on: Some(On::Edge), ..Extra::default() };
        let mut seen: Vec<&str> = TABLE.iter().flat_map(|row| [names(row.0, all), names(row.0, edge)].concat()).collect();
        seen.sort_unstable();
        seen.dedup();
        let mut known = NAMES.to_vec();
        known.sort_unstable();
        assert_eq!(seen, known);
    }
}
