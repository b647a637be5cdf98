//! How access is taken away: actions, and the reads that prove them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Classes, Search};

/// An action: what it is done to, the call, and the read that proves it.
#[derive(Deserialize, JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// Literal: a node kind (`account`), a node kind with type (`credential.ssh_key`), or an edge kind (`member_of`).
    /// For an edge, `from` and `to` are its nodes and `edge` its attributes; for a node it is `node`.
    pub on: String,
    /// Expression: only for such nodes or edges.
    #[serde(default)]
    pub when: Option<String>,
    /// Literal: what sort of action it is; `revoke` when left out.
    #[serde(default)]
    pub kind: TakeKind,
    /// Literal: in which modes it belongs to the plan; `[departure]` when left out.
    #[serde(default)]
    pub modes: Option<Vec<String>>,
    /// Literal: false keeps it out of plans unless the settings name it.
    #[serde(default)]
    pub default: Option<bool>,
    /// Template: whom the credential impersonates.
    #[serde(default, rename = "as")]
    pub act_as: Option<String>,
    /// Template: `METHOD path`.
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
    /// (ldap) The change.
    #[serde(default)]
    pub modify: Option<Modify>,
    /// A task for a person instead of a call.
    #[serde(default)]
    pub hand_off: Option<HandOff>,
    /// How replies to this call are classed, when not as usual.
    #[serde(default)]
    pub classes: Classes,
    /// Expression over `status`, `body`, `headers` (ldap: `code`): the thing had been done before. `gone` counts as done already by itself.
    #[serde(default)]
    pub done_already: Option<String>,
    /// Expression over a refused reply: the reason is one that a person must solve first (last owner …); text for the task.
    #[serde(default)]
    pub blocked: Option<String>,
    /// The read that proves it. Required, but for a hand-off that says why there is none (`no_proof`).
    #[serde(default)]
    pub prove: Option<Prove>,
    /// Literal: actions of this file that must have been proved first, or be proved only after this one: the vendor forces it.
    #[serde(default)]
    pub after: Vec<String>,
    /// Literal: actions that must wait until this one is proved.
    #[serde(default)]
    pub before: Vec<String>,
    /// Literal: fired once more when these are proved (a cookie can mint a new session in between).
    #[serde(default)]
    pub again_after: Vec<String>,
    /// Literal: edge kinds out of the node that fall with this action (`member_of`, `holds.session`); for the proof that the plan is a cut.
    #[serde(default)]
    pub also_removes: Vec<String>,
    /// Literal: collections that can't be read any more once this is done; what they showed must be taken before.
    #[serde(default)]
    pub blinds: Vec<String>,
    /// Template: the call that gives it back.
    #[serde(default)]
    pub undo: Option<String>,
    /// Body of the undo call.
    #[serde(default)]
    pub undo_body: Option<Value>,
    /// Can't be taken back.
    #[serde(default)]
    pub irreversible: bool,
    /// Expression over the reply's `body`: the job's id, for proofs of asynchronous work; `job` in later templates.
    #[serde(default)]
    pub job: Option<String>,
    /// A download that is kept as evidence once proved (export).
    #[serde(default)]
    pub keep: Option<Keep>,
}

/// What sort of action.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "lowercase")]
pub enum TakeKind {
    /// Takes access away.
    #[default]
    Revoke,
    /// Moves ownership to the successor (`successor` is in scope).
    Transfer,
    /// Keeps data from being deleted.
    Hold,
    /// Stops changes or copies.
    Freeze,
    /// Draws a copy that is kept as evidence.
    Export,
}

/// A change to an LDAP entry.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Modify {
    /// Template (DN-escaped): the entry. `{{ node.dn }}` puts a whole DN in unescaped, for it is one already.
    pub dn: String,
    /// Literal: attributes that are changed in part. They are read right before the change and stand in `it` (`{{ it.userAccountControl |
    /// set_bit(2) }}`); one that can't be read stops the change.
    #[serde(default)]
    pub read: Vec<String>,
    /// Attribute to template, or list of templates: replaced values.
    #[serde(default)]
    pub replace: BTreeMap<String, Value>,
    /// Added values.
    #[serde(default)]
    pub add: BTreeMap<String, Value>,
    /// Deleted values; null deletes the whole attribute.
    #[serde(default)]
    pub delete: BTreeMap<String, Value>,
    /// Literal: send the relax-rules control (OpenLDAP needs it to set pwdAccountLockedTime).
    #[serde(default)]
    pub relax: bool,
}

/// A task for a person.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct HandOff {
    /// Literal: the role it goes to: hr, it, legal, security, facilities, finance.
    pub to: String,
    /// Literal: how long they have (`4h`).
    pub due: String,
    /// Template: the task's title.
    pub title: String,
    /// Template: how to do it.
    #[serde(default)]
    pub steps: Option<String>,
    /// Literal: what must be attached when it is done (`receipt`).
    #[serde(default)]
    pub attach: Option<String>,
    /// Literal: why no read can show that it was done (`the API does not say when a secret was changed`); there is no `prove` then. It is closed by
    /// a person with a note, or by its ticket, and stays so in every report: it never counts as proved.
    #[serde(default)]
    pub no_proof: Option<String>,
    /// Literal: actions of this file that come to the same by a call. Where one of them is planned for the same thing, nobody is asked.
    #[serde(default)]
    pub unless: Vec<String>,
}

/// The read that proves an action.
#[derive(Deserialize, JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Prove {
    /// Template: `METHOD path`.
    #[serde(default)]
    pub call: Option<String>,
    /// Body of the call.
    #[serde(default)]
    pub body: Option<Value>,
    /// Form body of the call.
    #[serde(default)]
    pub form: Option<Value>,
    /// Templates: headers of the call; those of the action when left out.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// (ldap) The search; `it` is the first entry, `entries` all of them.
    #[serde(default)]
    pub search: Option<Search>,
    /// Literal: re-read this collection; `seen` holds the keys it yields (for its parent, where it has one).
    #[serde(default)]
    pub see: Option<String>,
    /// Template: whom the credential impersonates, when not as the action.
    #[serde(default, rename = "as")]
    pub act_as: Option<String>,
    /// Expression over the answer: it is gone. A reply of class `gone` proves it by itself, unless the classes say otherwise; `gone: absent` says
    /// that nothing else does.
    pub gone: String,
    /// Literal: the action of this file whose effect this read shows, where no read shows what the call itself does (`effect_of: suspend`: a suspended
    /// account has no session, and no call lists them). The read is that action's own. The verdict is about the access then, and says so; it is
    /// `gone` only where that action was proved gone in the same departure.
    #[serde(default)]
    pub effect_of: Option<String>,
    /// (call) Expression over the answer: this reply is about what was asked (`body.id == node.id`); one of which it isn't true says nothing.
    /// When left out, the reply must hold the value that the call asks about (the last of the path, or one of the body), or a list.
    /// What names the thing itself is evidence enough. A list is evidence only if something else that is known to be there answers in the same
    /// breath: see `control`.
    #[serde(default)]
    pub of: Option<String>,
    /// What is known to be there, and must answer in the same breath as a list that doesn't hold the thing; the first of `preflight` that has
    /// `there` or `own_account`, when left out.
    #[serde(default)]
    pub control: Option<Control>,
    /// Expression over the answer: the job ended without doing it (`body.state == 'ERROR'`). Nobody waits any longer, and a person is told.
    #[serde(default)]
    pub failed: Option<String>,
    /// How replies to this read are classed, when not as usual.
    #[serde(default)]
    pub classes: Classes,
    /// Literal: how long the vendor may take to show it (`30s`); 10s when left out. The verdict is `claimed` until then, `present` after.
    #[serde(default)]
    pub within: Option<String>,
    /// Literal: how long what was issued before lives on although this proves the source gone (`1h`): said in the verdict.
    #[serde(default)]
    pub lives_on: Option<String>,
}

/// Something that is known to be there: it answers, or else nothing is believed to be gone.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Template: `METHOD path`.
    pub call: String,
    /// Headers of the call: templates.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A JSON body: texts in it are templates.
    pub body: Option<Value>,
    /// Expression over the answer: what is known to be there; neither null, false nor empty.
    pub there: String,
}

/// A download that is kept as evidence.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// Template: `METHOD path`, read with the revoke credential after the proof.
    pub call: String,
    /// Template: the file's name in the evidence.
    pub name: String,
}
