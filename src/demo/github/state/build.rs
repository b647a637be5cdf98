//! Fills the simulated organisation: members by the rule, and what is planted.

use anyhow::Context;

use super::super::super::company::{Company, Person};
use super::super::super::planted;
use super::super::fixture::{self, Planted};
use super::{Authorization, DeployKey, Hook, Invitation, Member, PublicKey, Repository, State, Team, Token, User};

impl State {
    pub(in super::super) fn new(company: &Company) -> anyhow::Result<State> {
        let planted: Planted = planted::read("github", include_str!("../../../../fixtures/github/state.yaml"))?;
        let (mut users, mut members) = by_rule(company, &planted.members);
        for account in &planted.accounts {
            let person = account.person.as_deref().and_then(|number| company.person(number));
            if account.member {
                members.push(Member { login: account.login.clone(), owner: account.owner });
            }
            users.push(set_apart(company, account, person));
        }
        let find = Find { company, users: &users };
        let teams = teams(&find, &members, planted.teams)?;
        let mut repositories = repositories(&find, planted.repositories)?;
        for key in planted.deploy_keys {
            let added_by = find.login(&key.added_by)?;
            let repository = repositories
                .iter_mut()
                .find(|repository| repository.name == key.repository)
                .with_context(|| format!("no repository {} for a deploy key", key.repository))?;
            repository.keys.push(DeployKey {
                id: key.id,
                title: key.title,
                added_by,
                read_only: key.read_only,
                made: company.days_ago(key.made),
                used: company.days_ago(key.used),
            });
        }
        let authorizations = planted
            .authorizations
            .into_iter()
            .map(|one| {
                Ok(Authorization {
                    login: find.login(&one.account)?,
                    granted: company.days_ago(one.granted),
                    used: company.days_ago(one.used),
                    expires: one.expires.map(|days| company.days_ago(days)),
                    planted: one,
                })
            })
            .collect::<anyhow::Result<_>>()?;
        let standing = tokens(&find, planted.tokens)?;
        let requested = tokens(&find, planted.token_requests)?;
        let mut keys = Vec::new();
        for key in planted.public_keys {
            keys.push((find.login(&key.account)?, key));
        }
        for (login, key) in keys {
            if let Some(user) = users.iter_mut().find(|user| user.login == login) {
                user.keys.push(PublicKey { id: key.id, made: company.days_ago(key.made), used: company.days_ago(key.used) });
            }
        }
        Ok(State {
            organization: planted.organization,
            made: company.days_ago(3600),
            users,
            members,
            teams,
            repositories,
            authorizations,
            tokens: standing,
            requests: requested,
            invitations: planted
                .invitations
                .into_iter()
                .map(|invitation| Invitation { made: company.days_ago(invitation.made), planted: invitation })
                .collect(),
            hooks: planted.hooks.into_iter().map(|hook| Hook { made: company.days_ago(hook.made), planted: hook }).collect(),
        })
    }
}

/// The account that the rule gives a person: first initial and last name, without diacritics.
fn login_by_rule(person: &Person) -> String {
    let (first, last) = person.login.split_once('.').unwrap_or(("", &person.login));
    format!("{}{last}", first.get(..1).unwrap_or_default())
}

/// Members by the rule, those who must be there first; two with the same initial and name are told apart by number.
fn by_rule(company: &Company, rule: &fixture::Members) -> (Vec<User>, Vec<Member>) {
    let eligible = |person: &&Person| rule.departments.contains(&person.department);
    let always = company.employed().filter(|p| rule.always.contains(&p.number));
    let others = company.employed().filter(eligible).filter(|p| !rule.always.contains(&p.number));
    let mut users: Vec<User> = Vec::new();
    let mut members = Vec::new();
    for person in always.chain(others).take(rule.at_most) {
        let mut login = login_by_rule(person);
        if users.iter().any(|user| user.login == login) {
            login = format!("{login}{}", person.index());
        }
        members.push(Member { login: login.clone(), owner: rule.owners.contains(&person.number) });
        users.push(User {
            login,
            id: 20_000_000 + u64::from(person.index()),
            name: person.display(),
            profile_email: None,
            verified_emails: vec![person.work_email.clone()],
            sso: Some(person.work_email.clone()),
            external_id: Some(person.number.clone()),
            given: person.first.clone(),
            family: person.last.clone(),
            made: company.days_ago(700),
            keys: Vec::new(),
        });
    }
    (users, members)
}

fn set_apart(company: &Company, account: &fixture::Account, person: Option<&Person>) -> User {
    let profile_email = match account.profile_email.as_deref() {
        Some("home") => person.and_then(|p| p.home_email.clone()),
        other => other.map(str::to_owned),
    };
    let verified = person.filter(|_| account.verified_email).map(|p| p.work_email.clone());
    User {
        login: account.login.clone(),
        id: account.id,
        name: account.name.clone(),
        profile_email,
        verified_emails: verified.or_else(|| account.sso.clone()).into_iter().collect(),
        sso: account.sso.clone(),
        external_id: account.sso.as_ref().map(|_| account.login.clone()),
        given: account.name.clone(),
        family: String::new(),
        made: company.days_ago(account.made),
        keys: Vec::new(),
    }
}

/// Finds the account that the fixture means: a login, or an employee number for the account by the rule.
struct Find<'a> {
    company: &'a Company,
    users: &'a [User],
}

impl Find<'_> {
    fn login(&self, named: &str) -> anyhow::Result<String> {
        self.users
            .iter()
            .find(|user| user.login == named || user.external_id.as_deref() == Some(named))
            .map(|user| user.login.clone())
            .with_context(|| format!("fixtures/github/state.yaml names {named}, who has no account"))
    }
}

fn teams(find: &Find<'_>, members: &[Member], planted: Vec<fixture::Team>) -> anyhow::Result<Vec<Team>> {
    let mut teams = Vec::new();
    for (team, id) in planted.into_iter().zip(3_100_001..) {
        let mut all: Vec<(String, bool)> = Vec::new();
        for named in &team.maintainers {
            all.push((find.login(named)?, true));
        }
        for named in &team.people {
            all.push((find.login(named)?, false));
        }
        for user in find.users {
            let department = user.external_id.as_deref().and_then(|number| find.company.person(number)).map(|person| &person.department);
            let belongs =
                department.is_some_and(|name| team.departments.contains(name)) && members.iter().any(|member| member.login == user.login);
            if belongs && !all.iter().any(|(login, _)| *login == user.login) {
                all.push((user.login.clone(), false));
            }
        }
        teams.push(Team { id, slug: team.slug, name: team.name, description: team.description, members: all });
    }
    Ok(teams)
}

fn repositories(find: &Find<'_>, planted: Vec<fixture::Repository>) -> anyhow::Result<Vec<Repository>> {
    let mut repositories = Vec::new();
    for (repository, id) in planted.into_iter().zip(5_200_001..) {
        let people =
            repository.people.iter().map(|(named, permission)| Ok((find.login(named)?, *permission))).collect::<anyhow::Result<_>>()?;
        repositories.push(Repository {
            id,
            name: repository.name,
            public: repository.public,
            teams: repository.teams.into_iter().collect(),
            people,
            keys: Vec::new(),
            made: find.company.days_ago(1500),
        });
    }
    Ok(repositories)
}

fn tokens(find: &Find<'_>, planted: Vec<fixture::Token>) -> anyhow::Result<Vec<Token>> {
    let company = find.company;
    planted
        .into_iter()
        .map(|token| {
            let expires = token.expires.map(|days| company.days_ago(days));
            Ok(Token {
                login: find.login(&token.account)?,
                granted: company.days_ago(token.granted),
                used: token.used.map(|days| company.days_ago(days)),
                expired: expires.is_some_and(|at| at <= company.started),
                expires,
                planted: token,
            })
        })
        .collect()
}
