//! What a person can still do in the simulated directory: the oracle.

use super::super::super::company::Person;
use super::{Kind, PASSWORD, Tenant, User, id_of};

impl Tenant {
    /// One line for each way in that is left.
    pub(in super::super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        for user in self.users.iter().filter(|user| user.person.number == person.number) {
            self.left_to(user, &mut left);
        }
        let id = id_of(&person.number);
        for rule in self.planted.rules.iter().filter(|rule| rule.enabled && rule.person == person.number) {
            left.extend(rule.forward.iter().chain(&rule.redirect).map(|to| format!("inbox rule {} sends mail to {to}", rule.name)));
        }
        for device in self.planted.devices.iter().filter(|device| device.enabled && device.person == person.number) {
            left.push(format!("device {} is trusted", device.name));
        }
        for owned in self.owned(&id, None) {
            left.push(format!("owns {}", owned["displayName"].as_str().unwrap_or_default()));
        }
        // Who owned it when the simulation began could have kept its secrets.
        for known in self.known_secrets.iter().filter(|known| known.person == id) {
            if let Some(app) = self.planted.applications.iter().find(|app| app.id == known.application) {
                if app.secrets.iter().any(|secret| secret.key == known.key) {
                    left.push(format!("knows a secret of {}", app.name));
                }
                if app.certificates.iter().any(|certificate| certificate.key == known.key) {
                    left.push(format!("could have the key of a certificate of {}", app.name));
                }
            }
        }
        left
    }

    fn left_to(&self, user: &User, left: &mut Vec<String>) {
        let name = &user.name;
        if user.enabled {
            left.push(format!("account {name} can sign in"));
        } else if user.synced {
            left.push(format!("account {name} is blocked until the directory on premises speaks next"));
        }
        if user.signed_in && !user.guest {
            left.push(format!("a session of {name} is live"));
        }
        for method in self.methods.iter().filter(|method| method.user == user.id && method.id != PASSWORD) {
            left.push(format!("{name} can prove who it is by {} {}", method.kind, method.name));
        }
        if user.guest {
            return;
        }
        for grant in self.planted.grants.iter().filter(|grant| grant.person.as_deref() == Some(&user.person.number)) {
            left.push(format!("{} may act for {name}", grant.app));
        }
        let held =
            self.planted.assignments.iter().map(|one| (one, "holds")).chain(self.planted.eligible.iter().map(|one| (one, "can become")));
        left.extend(held.filter(|(one, _)| one.principal() == user.id).map(|(one, how)| format!("{name} {how} {}", one.role)));
        for group in self.above(&user.id, true).into_iter().filter(|group| group.planted.kind == Kind::Roles) {
            left.push(format!("{name} is in {}, which holds roles", group.planted.name));
        }
    }
}
