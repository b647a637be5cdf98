//! What the simulated organization holds.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::{Refusal, WORKSPACE, unknown};

pub(super) struct Organization {
    planted: Planted,
    members: Vec<Member>,
    team_members: Vec<TeamMember>,
    /// How often each export was asked after.
    exports: Vec<u32>,
    made: String,
}

/// A user, and the one membership that they have in the organization. It stays when they are removed, no longer active.
pub(super) struct Member {
    pub(super) gid: String,
    pub(super) membership: String,
    name: String,
    email: String,
    admin: bool,
    guest: bool,
    active: bool,
}

pub(super) struct TeamMember {
    pub(super) gid: String,
    pub(super) user: String,
    pub(super) team: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    admins: Vec<String>,
    former: Vec<String>,
    teams: Vec<Team>,
    guests: Vec<Guest>,
    tokens: Vec<Token>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    gid: String,
    name: String,
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guest {
    gid: String,
    name: String,
    email: String,
}

/// A personal access token, or an app that may act for somebody: no API lists another person's, and both die with the membership.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    person: String,
    name: String,
}

fn gid(number: &str) -> String {
    format!("12000000{:0>8}", number.trim_start_matches('E'))
}

fn short(gid: &str, kind: &str, name: &str) -> Value {
    json!({ "gid": gid, "resource_type": kind, "name": name })
}

impl Organization {
    pub(super) fn new(company: &Company) -> anyhow::Result<Organization> {
        let planted: Planted = planted::read("asana", include_str!("../../../fixtures/asana/state.yaml"))?;
        let today = company.today();
        let belongs = |person: &&Person| {
            let chosen = person.executive || person.number.starts_with("E2") || planted.departments.contains(&person.department);
            person.active(today) && chosen || planted.former.contains(&person.number)
        };
        let members = company.people.iter().filter(belongs).map(|person| Member {
            gid: gid(&person.number),
            membership: format!("13{}", &gid(&person.number)[2..]),
            name: person.display(),
            email: person.work_email.clone(),
            admin: planted.admins.contains(&person.number),
            guest: false,
            active: true,
        });
        let guests = planted.guests.iter().map(|guest| Member {
            gid: guest.gid.clone(),
            membership: format!("13{}", guest.gid),
            name: guest.name.clone(),
            email: guest.email.clone(),
            admin: false,
            guest: true,
            active: true,
        });
        let members: Vec<Member> = members.chain(guests).collect();
        let pairs = planted.teams.iter().flat_map(|team| team.people.iter().map(|number| (gid(number), team.gid.clone())));
        let team_members: Vec<TeamMember> =
            pairs.zip(1..).map(|((user, team), n)| TeamMember { gid: format!("15{n:014}"), user, team }).collect();
        let stranger = team_members.iter().find(|one| !members.iter().any(|member| member.gid == one.user));
        anyhow::ensure!(stranger.is_none(), "fixtures/asana/state.yaml has somebody in a team who is no member");
        Ok(Organization { planted, members, team_members, exports: Vec::new(), made: company.days_ago(0).to_string() })
    }

    /// The membership, what acts with it, and memberships of private addresses as guests.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        for member in self.members.iter().filter(|member| member.active) {
            if member.gid == gid(&person.number) {
                left.push(format!("the membership of {}", member.email));
                let tokens = self.planted.tokens.iter().filter(|token| token.person == person.number);
                left.extend(tokens.map(|token| format!("the token {}", token.name)));
            } else if person.home_email.as_ref() == Some(&member.email) {
                left.push(format!("the guest {}", member.email));
            }
        }
        let teams = self.team_members.iter().filter(|one| one.user == gid(&person.number));
        left.extend(teams.map(|one| format!("the team {}", self.team_name(&one.team))));
        left
    }

    /// Users answer to their gid and to their address.
    fn find(&self, key: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.gid == key || member.email.eq_ignore_ascii_case(key))
    }

    pub(super) fn gid_of(&self, key: &str) -> Option<String> {
        self.find(key).map(|member| member.gid.clone())
    }

    /// Sessions, tokens, teams and projects go with the membership. Somebody must administer.
    pub(super) fn remove(&mut self, key: &str) -> Result<(), Refusal> {
        let id = self.gid_of(key).ok_or_else(|| unknown("user"))?;
        let admins: Vec<&String> = self.members.iter().filter(|one| one.admin && one.active).map(|one| &one.gid).collect();
        if admins == [&id] {
            return Err((403, "The last admin of an organization can't be removed".into()));
        }
        for member in self.members.iter_mut().filter(|member| member.gid == id) {
            (member.active, member.admin) = (false, false);
        }
        self.team_members.retain(|one| one.user != id);
        Ok(())
    }

    /// Whoever comes back has the account, and nothing of what they had.
    pub(super) fn add(&mut self, key: &str) -> Result<Value, Refusal> {
        let id = self.gid_of(key).ok_or_else(|| unknown("user"))?;
        for member in self.members.iter_mut().filter(|member| member.gid == id) {
            member.active = true;
        }
        self.planted.tokens.retain(|token| gid(&token.person) != id);
        self.user(&id).ok_or_else(|| unknown("user"))
    }

    pub(super) fn leave_team(&mut self, team: &str, key: &str) -> Result<(), Refusal> {
        let id = self.gid_of(key).ok_or_else(|| unknown("user"))?;
        let before = self.team_members.len();
        self.team_members.retain(|one| one.team != team || one.user != id);
        if self.team_members.len() < before { Ok(()) } else { Err((404, "user: Not a member of this team".into())) }
    }

    pub(super) fn join_team(&mut self, team: &str, key: &str) -> Result<Value, Refusal> {
        let id = self.gid_of(key).ok_or_else(|| unknown("user"))?;
        if !self.planted.teams.iter().any(|known| known.gid == team) {
            return Err(unknown("team"));
        }
        let next = TeamMember { gid: format!("16{:014}", self.team_members.len() + 1), user: id.clone(), team: team.to_owned() };
        if !self.team_members.iter().any(|one| one.user == id && one.team == team) {
            self.team_members.push(next);
        }
        self.team_memberships(|one| one.user == id && one.team == team).pop().ok_or_else(|| unknown("team_membership"))
    }

    /// An export is under way when it is first asked after, and ready from then on.
    pub(super) fn start_export(&mut self) -> Value {
        self.exports.push(0);
        self.render_export(self.exports.len(), "pending")
    }

    pub(super) fn export(&mut self, id: &str) -> Option<Value> {
        let number: usize = id.strip_prefix("17")?.parse().ok()?;
        let asked = self.exports.get_mut(number.checked_sub(1)?)?;
        *asked += 1;
        let state = if *asked > 1 { "finished" } else { "started" };
        Some(self.render_export(number, state))
    }

    fn render_export(&self, number: usize, state: &str) -> Value {
        json!({
            "gid": format!("17{number:014}"),
            "resource_type": "organization_export",
            "created_at": self.made,
            "download_url": (state == "finished").then(|| format!("https://asana-export.example/export-{number}.json.gz")),
            "organization": short(WORKSPACE, "workspace", "Northmoor"),
            "state": state,
        })
    }

    pub(super) fn user(&self, key: &str) -> Option<Value> {
        let member = self.find(key)?;
        let workspaces = if member.active { vec![short(WORKSPACE, "workspace", "Northmoor")] } else { Vec::new() };
        Some(json!({
            "gid": member.gid,
            "resource_type": "user",
            "name": member.name,
            "email": member.email,
            "photo": null,
            "workspaces": workspaces,
        }))
    }

    /// A service account, which is nobody's.
    pub(super) fn ourselves(&self, revokes: bool) -> Value {
        let (gid, name) = if revokes { ("1200000099999992", "exeunt revoke") } else { ("1200000099999991", "exeunt read") };
        json!({
            "gid": gid,
            "resource_type": "user",
            "name": name,
            "email": format!("{gid}@serviceaccount.example"),
            "photo": null,
            "workspaces": [short(WORKSPACE, "workspace", "Northmoor")],
        })
    }

    pub(super) fn memberships(&self, wanted: impl Fn(&Member) -> bool) -> Vec<Value> {
        let one = |member: &Member| {
            let mut user = short(&member.gid, "user", &member.name);
            user["email"] = member.email.as_str().into();
            json!({
                "gid": member.membership,
                "resource_type": "workspace_membership",
                "user": user,
                "workspace": short(WORKSPACE, "workspace", "Northmoor"),
                "is_active": member.active,
                "is_admin": member.admin,
                "is_guest": member.guest,
                "vacation_dates": null,
            })
        };
        self.members.iter().filter(|member| wanted(member)).map(one).collect()
    }

    fn team_name(&self, gid: &str) -> &str {
        self.planted.teams.iter().find(|team| team.gid == gid).map_or("", |team| team.name.as_str())
    }

    pub(super) fn teams(&self) -> Vec<Value> {
        self.planted.teams.iter().map(|team| short(&team.gid, "team", &team.name)).collect()
    }

    pub(super) fn team_memberships(&self, wanted: impl Fn(&TeamMember) -> bool) -> Vec<Value> {
        let one = |one: &TeamMember| {
            json!({
                "gid": one.gid,
                "resource_type": "team_membership",
                "is_guest": false,
                "team": short(&one.team, "team", self.team_name(&one.team)),
                "user": short(&one.user, "user", self.find(&one.user).map_or("", |user| user.name.as_str())),
            })
        };
        self.team_members.iter().filter(|one| wanted(one)).map(one).collect()
    }
}
