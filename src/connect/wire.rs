//! One system's way out: whichever of HTTP, LDAP, file or mail its manifest says.

use std::ops::ControlFlow;
use std::path::Path;

use serde_json::Value;

use super::file::Source;
use super::http::Http;
use super::ldap::Directory;
use super::record::Recorder;
use super::smtp::Mailer;
use super::{Call, CallError, Checkpoint, Ended, Lane, Page, Reply, page};
use crate::manifest::express::Scope;
use crate::manifest::raw::{self, Hand};
use crate::manifest::template::{Place, render};
use crate::model::SystemId;
use crate::secret::Kept;

pub(super) struct Wire {
    pub(super) system: SystemId,
    pub(super) settings: Value,
    pub(super) can_revoke: bool,
    pub(super) can_tell: bool,
    pub(super) controls: super::control::Controls,
    pub(super) whole_scan: tokio::sync::Mutex<()>,
    way: Way,
}

enum Way {
    Http(Box<Http>),
    Ldap(Box<Directory>),
    File(Source),
    Mail(Box<Mailer>),
}

impl Wire {
    pub(super) fn open(
        system: SystemId,
        manifest: &raw::Manifest,
        settings: Value,
        secrets: [Option<Kept>; 3],
        ca_file: Option<&Path>,
        plain: bool,
        recorder: Option<Recorder>,
    ) -> Result<Self, String> {
        let scope = Scope::new().with("settings", &settings);
        let address = |template: &str, place: Place| render(template, place, &scope).map_err(|error| format!("{system}: {error}"));
        let connect = &manifest.connect;
        let can_revoke = secrets[1].is_some();
        let tells = manifest.credentials.tell.as_ref();
        let can_tell = secrets[2].is_some() || tells.is_some_and(|credential| credential.kind == raw::CredentialKind::None);
        let way = if let Some(base) = &connect.http {
            Way::Http(Box::new(Http::open(&system, manifest, &address(base, Place::Url)?, &settings, secrets, ca_file, plain, recorder)?))
        } else if let Some(url) = &connect.ldap {
            let [read, revoke, _] = secrets;
            Way::Ldap(Box::new(Directory::open(&system, manifest, &address(url, Place::Url)?, &settings, [read, revoke], ca_file, plain)?))
        } else if let Some(path) = &connect.file {
            Way::File(Source::open(&address(path, Place::Text)?, manifest)?)
        } else if let Some(url) = &connect.smtp {
            let [.., tell] = secrets;
            Way::Mail(Box::new(Mailer::open(&system, manifest, &address(url, Place::Url)?, &settings, tell, ca_file, plain)?))
        } else {
            return Err(format!(
                "{system}: the manifest {} has none of connect.http, connect.ldap, connect.file, connect.smtp",
                manifest.scanner
            ));
        };
        Ok(Self {
            system,
            settings,
            can_revoke,
            can_tell,
            controls: super::control::Controls::default(),
            whole_scan: tokio::sync::Mutex::default(),
            way,
        })
    }

    pub(super) async fn send(&self, hand: Hand, lane: Lane, call: &Call, classes: &raw::Classes) -> Result<Reply, CallError> {
        match (&self.way, call) {
            (Way::Http(http), Call::Http(call)) => http.send(hand, lane, call, classes).await,
            (Way::Ldap(directory), Call::Search(call)) => directory.search(hand, lane, call, classes).await,
            (Way::Ldap(directory), Call::Modify(call)) => directory.modify(hand, lane, call, classes).await,
            (Way::File(source), Call::File) => source.send().await,
            (Way::Mail(mailer), Call::Mail(call)) => mailer.send(call).await,
            _ => Err(self.mismatch()),
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) async fn pages(
        &self,
        hand: Hand,
        lane: Lane,
        call: &Call,
        classes: &raw::Classes,
        paging: Option<&raw::Paging>,
        from: Option<Checkpoint>,
        take: &mut (dyn FnMut(Page) -> ControlFlow<()> + Send),
    ) -> Ended {
        match (&self.way, call) {
            (Way::Http(http), Call::Http(call)) => page::read(http, &self.settings, hand, lane, call, classes, paging, from, take).await,
            (Way::Ldap(directory), Call::Search(call)) => directory.pages(hand, lane, call, classes, take).await,
            (Way::File(source), Call::File) => source.pages(take).await,
            _ => Ended::Gap { reason: self.mismatch().to_string(), class: None, pages: 0 },
        }
    }

    pub(super) async fn warm(&self, hand: Hand, act_as: &[String], connections: usize) -> Result<(), CallError> {
        match &self.way {
            Way::Http(http) => http.warm(hand, act_as, connections).await,
            Way::Ldap(directory) => directory.warm(hand, connections).await,
            Way::File(_) | Way::Mail(_) => Ok(()),
        }
    }

    pub(super) fn comes_back(&self) -> Option<jiff::Timestamp> {
        match &self.way {
            Way::Http(http) => http.comes_back(),
            _ => None,
        }
    }

    fn mismatch(&self) -> CallError {
        CallError::Unreachable(format!("{}: a call of another kind than connect says (http, ldap, file or smtp)", self.system))
    }
}
