//! What the simulated organisation holds, and what goes with what.

mod build;

use jiff::Timestamp;

use super::super::company::Person;
use super::super::vendor;
use super::fixture::{self, Permission};

pub(super) struct State {
    pub organization: fixture::Organization,
    pub made: Timestamp,
    /// Every account that anything here mentions, members or not.
    pub users: Vec<User>,
    pub members: Vec<Member>,
    pub teams: Vec<Team>,
    pub repositories: Vec<Repository>,
    pub authorizations: Vec<Authorization>,
    pub tokens: Vec<Token>,
    pub requests: Vec<Token>,
    pub hooks: Vec<Hook>,
    pub invitations: Vec<Invitation>,
}

pub(super) struct User {
    pub login: String,
    pub id: u64,
    pub name: String,
    /// What the public profile shows.
    pub profile_email: Option<String>,
    /// Confirmed addresses at the company's domain.
    pub verified_emails: Vec<String>,
    /// Name at the identity provider; none for an account that signs in with its own password.
    pub sso: Option<String>,
    /// Employee number that the identity provider sent along.
    pub external_id: Option<String>,
    pub given: String,
    pub family: String,
    pub made: Timestamp,
    pub keys: Vec<PublicKey>,
}

pub(super) struct Member {
    pub login: String,
    pub owner: bool,
}

pub(super) struct PublicKey {
    pub id: u64,
    pub made: Timestamp,
    pub used: Timestamp,
}

pub(super) struct Team {
    pub id: u64,
    pub slug: String,
    pub name: String,
    pub description: String,
    /// Login, and whether it is a maintainer.
    pub members: Vec<(String, bool)>,
}

pub(super) struct Repository {
    pub id: u64,
    pub name: String,
    pub public: bool,
    pub teams: Vec<(String, Permission)>,
    pub people: Vec<(String, Permission)>,
    pub keys: Vec<DeployKey>,
    pub made: Timestamp,
}

pub(super) struct DeployKey {
    pub id: u64,
    pub title: String,
    pub added_by: String,
    pub read_only: bool,
    pub made: Timestamp,
    pub used: Timestamp,
}

pub(super) struct Authorization {
    pub login: String,
    pub granted: Timestamp,
    pub used: Timestamp,
    pub expires: Option<Timestamp>,
    pub planted: fixture::Authorization,
}

pub(super) struct Token {
    pub login: String,
    pub granted: Timestamp,
    pub used: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    pub expired: bool,
    pub planted: fixture::Token,
}

pub(super) struct Hook {
    pub made: Timestamp,
    pub planted: fixture::Hook,
}

/// Somebody was asked to join, and has not answered.
pub(super) struct Invitation {
    pub made: Timestamp,
    pub planted: fixture::Invitation,
}

/// Why a member stays.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stays {
    NotAMember,
    LastOwner,
}

impl State {
    pub(super) fn user(&self, login: &str) -> Option<&User> {
        self.users.iter().find(|user| user.login.eq_ignore_ascii_case(login))
    }

    pub(super) fn member(&self, login: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.login.eq_ignore_ascii_case(login))
    }

    pub(super) fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|one| one.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn team(&self, slug: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.slug == slug)
    }

    /// Ends a membership, and with it the team memberships. What was granted on a repository itself, tokens,
    /// authorisations and deploy keys stay.
    pub(super) fn remove_member(&mut self, login: &str) -> Result<(), Stays> {
        let member = self.member(login).ok_or(Stays::NotAMember)?;
        if member.owner && self.members.iter().filter(|member| member.owner).count() == 1 {
            return Err(Stays::LastOwner);
        }
        self.members.retain(|member| !member.login.eq_ignore_ascii_case(login));
        for team in &mut self.teams {
            team.members.retain(|(member, _)| !member.eq_ignore_ascii_case(login));
        }
        Ok(())
    }

    /// Who has a grant on a repository without being a member.
    pub(super) fn outside(&self) -> Vec<&User> {
        self.users
            .iter()
            .filter(|user| self.member(&user.login).is_none())
            .filter(|user| {
                let mut grants = self.repositories.iter().flat_map(|repository| &repository.people);
                grants.any(|(login, _)| *login == user.login)
            })
            .collect()
    }

    pub(super) fn remove_outside(&mut self, login: &str) {
        for repository in &mut self.repositories {
            repository.people.retain(|(one, _)| !one.eq_ignore_ascii_case(login));
        }
    }

    /// What a person can still do, by whichever account: members' and outsiders' access, tokens and keys that open something, and the deploy
    /// keys they added.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let invited = |one: &&Invitation| one.planted.email == person.work_email || Some(&one.planted.email) == person.home_email.as_ref();
        let mut left: Vec<String> =
            self.invitations.iter().filter(invited).map(|one| format!("the invitation of {}", one.planted.email)).collect();
        let name = person.display();
        for user in self.users.iter().filter(|user| user.external_id.as_ref() == Some(&person.number) || user.name == name) {
            let login = &user.login;
            left.extend(self.member(login).map(|_| format!("the membership of {login}")));
            let granted = self.repositories.iter().filter(|one| one.people.iter().any(|(to, _)| to == login));
            left.extend(granted.map(|repository| format!("a grant to {login} on {}", repository.name)));
            let now = vendor::now();
            let live = |expires: Option<Timestamp>| expires.is_none_or(|at| at > now);
            let authorized = self.authorizations.iter().filter(|one| one.login == *login && live(one.expires));
            left.extend(authorized.map(|one| format!("the {} {}", one.planted.kind, one.planted.id)));
            let tokens = self.tokens.iter().filter(|token| token.login == *login && !token.expired);
            left.extend(tokens.map(|token| format!("the token {}", token.planted.name)));
            let keys = self.repositories.iter().flat_map(|repository| &repository.keys).filter(|key| key.added_by == *login);
            left.extend(keys.map(|key| format!("the deploy key {}", key.title)));
        }
        left
    }

    /// What someone may do with a repository by ownership, teams and a grant of their own, if anything.
    pub(super) fn permission(&self, repository: &Repository, login: &str) -> Option<Permission> {
        let owner = self.member(login).is_some_and(|member| member.owner).then_some(Permission::Admin);
        let own = repository.people.iter().filter(|(one, _)| one == login).map(|(_, p)| *p);
        let through_teams = repository.teams.iter().filter_map(|(slug, permission)| {
            let team = self.team(slug)?;
            team.members.iter().any(|(one, _)| one == login).then_some(*permission)
        });
        own.chain(through_teams).chain(owner).max()
    }
}
