//! How the account shows what it holds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::state::{Account, Device, Named, STANDARD_ROLES, User, user_id, uuid};

impl Account {
    pub(super) fn users(&self) -> Vec<Value> {
        self.users.iter().map(|user| self.render(user)).collect()
    }

    /// Who is invited and hasn't come yet: such a user has no id.
    pub(super) fn invited(&self) -> Vec<Value> {
        let one =
            |address: &String| json!({ "email": address, "type": 1, "status": "pending", "verified": 0, "created_at": moment(self.made) });
        self.planted.invitations.iter().map(one).collect()
    }

    /// Who may open a recording, and for how long it is kept.
    pub(super) fn recording_settings(&self, key: &str) -> Option<Value> {
        let one = self.recordings.iter().find(|one| uuid(&one.planted) == key || one.planted.id.to_string() == key)?;
        Some(json!({
            "share_recording": one.shared,
            "recording_authentication": one.shared == "internally",
            "viewer_download": one.download,
            "password": one.planted.passcode,
            "on_demand": false,
            "approval_type": 2,
            "send_email_to_host": false,
            "show_social_share_buttons": false,
            "topic": one.planted.topic,
            "auto_delete": one.auto_delete,
        }))
    }

    /// One user, with how they sign in, which the list keeps to itself.
    pub(super) fn user(&self, key: &str) -> Option<Value> {
        let user = self.find(key)?;
        let mut value = self.render(user);
        // 101 is single sign-on, 100 a password of the vendor's.
        let own = self.planted.password_logins.contains(&user.person.number);
        value["login_types"] = if own { json!([100, 101]) } else { json!([101]) };
        value["account_id"] = self.planted.account.as_str().into();
        value["job_title"] = user.person.title.as_str().into();
        value["role_name"] = self.role_name(&user.role).into();
        Some(value)
    }

    pub(super) fn role_name(&self, id: &str) -> &str {
        let standard = STANDARD_ROLES.iter().find(|(known, _)| *known == id).map(|(_, name)| *name);
        standard.or_else(|| self.planted.roles.iter().find(|role| role.id == id).map(|role| role.name.as_str())).unwrap_or_default()
    }

    fn render(&self, user: &User) -> Value {
        let person = &user.person;
        let groups: Vec<&String> =
            self.planted.groups.iter().filter(|group| group.people.contains(&person.number)).map(|group| &group.id).collect();
        json!({
            "id": user.id,
            "created_at": moment(self.made),
            "user_created_at": moment(self.made),
            "dept": person.department,
            "display_name": person.display(),
            "email": person.work_email,
            "employee_unique_id": person.number,
            "first_name": person.first,
            "group_ids": groups,
            "last_client_version": if user.signed_in { "6.5.10" } else { "" },
            "last_login_time": moment(user.last_login),
            "last_name": person.last,
            "pmi": 4_000_000_000_u64 + u64::from(person.index()),
            "role_id": user.role,
            "status": if user.active { "active" } else { "inactive" },
            "timezone": "Europe/Copenhagen",
            "type": if person.executive { 2 } else { 1 },
            "verified": 1,
        })
    }

    fn short(user: &User) -> Value {
        let person = &user.person;
        json!({
            "id": user.id,
            "email": person.work_email,
            "first_name": person.first,
            "last_name": person.last,
            "type": if person.executive { 2 } else { 1 },
        })
    }

    pub(super) fn roles(&self) -> Vec<Value> {
        let custom = self.planted.roles.iter().map(|role| (role.id.as_str(), role.name.as_str()));
        let all = STANDARD_ROLES.into_iter().chain(custom).map(|(id, name)| {
            let members = self.users.iter().filter(|user| user.role == id).count();
            json!({ "id": id, "name": name, "description": name, "total_members": members })
        });
        all.collect()
    }

    pub(super) fn role_members(&self, role: &str) -> Option<Vec<Value>> {
        let known = STANDARD_ROLES.iter().any(|(id, _)| *id == role) || self.planted.roles.iter().any(|one| one.id == role);
        known.then(|| self.users.iter().filter(|user| user.role == role).map(Self::short).collect())
    }

    pub(super) fn groups(&self) -> Vec<Value> {
        let one = |group: &Named| json!({ "id": group.id, "name": group.name, "total_members": group.people.len() });
        self.planted.groups.iter().map(one).collect()
    }

    pub(super) fn group_members(&self, group: &str) -> Option<Vec<Value>> {
        let group = self.planted.groups.iter().find(|known| known.id == group)?;
        Some(self.users.iter().filter(|user| group.people.contains(&user.person.number)).map(Self::short).collect())
    }

    pub(super) fn assistants(&self, id: &str) -> Vec<Value> {
        self.linked(self.links.iter().filter(|(of, _)| of == id).map(|(_, assistant)| assistant))
    }

    pub(super) fn schedulers(&self, id: &str) -> Vec<Value> {
        self.linked(self.links.iter().filter(|(_, assistant)| assistant == id).map(|(of, _)| of))
    }

    fn linked<'a>(&self, ids: impl Iterator<Item = &'a String>) -> Vec<Value> {
        ids.filter_map(|id| self.find(id)).map(|user| json!({ "id": user.id, "email": user.person.work_email })).collect()
    }

    pub(super) fn recordings(&self, host: &str) -> Vec<Value> {
        let of_host = self.recordings.iter().filter(|one| one.host == host).map(|one| {
            json!({
                "uuid": uuid(&one.planted),
                "id": one.planted.id,
                "account_id": self.planted.account,
                "host_id": one.host,
                "topic": one.planted.topic,
                "type": "2",
                "start_time": moment(one.at),
                "duration": 55,
                "total_size": 310_000_000,
                "recording_count": 1,
                "recording_play_passcode": one.planted.passcode,
                "auto_delete": one.auto_delete,
                "recording_files": [],
            })
        });
        of_host.collect()
    }

    pub(super) fn devices(&self) -> Vec<Value> {
        let one = |device: &Device| {
            let user = self.find(&user_id(&device.person));
            json!({
                "device_id": device.id,
                "device_name": device.name,
                "device_type": 0,
                "device_status": i32::from(user.is_some_and(|user| user.signed_in)),
                "enrolled_in_zdm": false,
                "model": device.model,
                "platform_os": device.os,
                "user_email": user.map(|user| user.person.work_email.as_str()).unwrap_or_default(),
            })
        };
        self.planted.devices.iter().map(one).collect()
    }
}

/// To the second, as the vendor writes it.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
