//! How people are told: a task becomes a ticket, an event becomes a notice.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// How this system carries tasks and events to people. All of its calls are made with `credentials.tell`, which can neither scan nor revoke.
///
/// Each call is sent once: a call whose answer was lost is never repeated blindly. `find` says what it did, and the engine tries again later.
#[derive(Deserialize, JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Tell {
    /// A task as a ticket. A ticket is never a proof: when it is done, its task is closed with the ticket as its note, and that only if the
    /// task asks for no file, or the file could be read from the ticket.
    #[serde(default)]
    pub ticket: Option<Ticket>,
    /// An event as a message to somebody.
    #[serde(default)]
    pub notice: Option<Notice>,
}

/// A task as a ticket.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Is there one already? Asked before each `open`, so that no crash and no lost answer makes two. `open` must write `task.key` where this
    /// finds it.
    pub find: Find,
    /// Opens it.
    pub open: Open,
    /// The fresh read of it: that it is there at all, and whether it is done.
    pub look: Look,
    /// Closes it, once the task was closed in exeunt; left out where people do that.
    #[serde(default)]
    pub close: Option<Close>,
}

/// The read that finds a ticket or a notice by its key.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// Template: `METHOD path`.
    pub call: String,
    /// Body of the call.
    #[serde(default)]
    pub body: Option<Value>,
    /// Body of the call, sent as a form.
    #[serde(default)]
    pub form: Option<Value>,
    /// Expression over the answer: the id of what was found; null when there is none.
    pub id: String,
    /// Expression over the answer: its address for people.
    #[serde(default)]
    pub url: Option<String>,
    /// Literal: how long the vendor's search may take to show what was just made (`60s`). After a call whose outcome isn't known, nothing is
    /// made anew before. No time when left out.
    #[serde(default)]
    pub settles: Option<String>,
}

/// The call that opens a ticket.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Template: `METHOD path`.
    pub call: String,
    /// Body of the call.
    #[serde(default)]
    pub body: Option<Value>,
    /// Body of the call, sent as a form.
    #[serde(default)]
    pub form: Option<Value>,
    /// Templates: headers of the call.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Expression over the answer: the ticket's id, as `look` needs it. Null: it was not opened.
    pub id: String,
    /// Expression over the answer: its address for people.
    #[serde(default)]
    pub url: Option<String>,
}

/// The fresh read of a ticket.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// Template: `METHOD path`, with `ticket.id` and `ticket.url` in scope. A reply of class `gone`: there is no such ticket.
    pub call: String,
    /// Expression over the answer: people are done with it.
    pub done: String,
    /// Expression over the answer: who closed it, for the task's note.
    #[serde(default)]
    pub by: Option<String>,
    /// The files that people attached to it.
    #[serde(default)]
    pub files: Option<Files>,
}

/// The files of a ticket.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Template: the call that lists them; left out where the ticket itself does.
    #[serde(default)]
    pub call: Option<String>,
    /// Expression over the answer: the list; each is `file` below. The last one counts as what the task asks for.
    pub each: String,
    /// Expression over `file`: its name.
    pub name: String,
    /// Expression over `file`: its media type.
    #[serde(default, rename = "type")]
    pub type_: Option<String>,
    /// Template: the call that downloads `file`.
    pub read: String,
}

/// The call that closes a ticket.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// Template: a call that is made before, for what its answer (`body` in the other templates) says about how to close it.
    #[serde(default)]
    pub read: Option<String>,
    /// Template: `METHOD path`.
    pub call: String,
    /// Body of the call.
    #[serde(default)]
    pub body: Option<Value>,
    /// Body of the call, sent as a form.
    #[serde(default)]
    pub form: Option<Value>,
}

/// An event as a message. It is what is sent of a task too, where tasks go to a system without tickets.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Was it sent already? Asked after a call whose outcome isn't known. Left out where the receiver can tell by `event.key` (webhooks, mail).
    #[serde(default)]
    pub find: Option<Find>,
    /// Template (http): `METHOD path`.
    #[serde(default)]
    pub call: Option<String>,
    /// Body of the call.
    #[serde(default)]
    pub body: Option<Value>,
    /// Body of the call, sent as a form.
    #[serde(default)]
    pub form: Option<Value>,
    /// Templates: headers of the call.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Expression over the answer: it was taken. When left out, any answer of class fine says so.
    #[serde(default)]
    pub sent: Option<String>,
    /// (smtp) The message.
    #[serde(default)]
    pub mail: Option<Mail>,
}

/// A message by mail. `event.key` becomes its Message-ID.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Template: the sender's address, with or without a name.
    pub from: String,
    /// Template: the receivers' addresses, with commas between them.
    pub to: String,
    /// Template: the subject. Line breaks in it become spaces.
    pub subject: String,
    /// Template: the text.
    pub text: String,
}
