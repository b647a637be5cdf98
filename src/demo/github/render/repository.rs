//! A repository and the many addresses of its parts.

use serde_json::{Value, json};

use super::super::fixture::Permission;
use super::super::state::{Repository, State};
use super::{At, HTML, node, permissions, role_name};

pub(in super::super) fn repository(at: &At, state: &State, of: &Repository, may: Permission) -> Value {
    let organization = &state.organization;
    let full = format!("{}/{}", organization.login, of.name);
    let url = at.api(&format!("/repos/{full}"));
    let owner_url = at.api(&format!("/users/{}", organization.login));
    let mut value = json!({
        "id": of.id,
        "node_id": node("010:Repository", of.id),
        "name": of.name,
        "full_name": full,
        "owner": {
            "login": organization.login,
            "id": organization.id,
            "node_id": node("012:Organization", organization.id),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", organization.id),
            "gravatar_id": "",
            "url": owner_url,
            "html_url": format!("{HTML}/{}", organization.login),
            "followers_url": format!("{owner_url}/followers"),
            "following_url": format!("{owner_url}/following{{/other_user}}"),
            "gists_url": format!("{owner_url}/gists{{/gist_id}}"),
            "starred_url": format!("{owner_url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{owner_url}/subscriptions"),
            "organizations_url": format!("{owner_url}/orgs"),
            "repos_url": format!("{owner_url}/repos"),
            "events_url": format!("{owner_url}/events{{/privacy}}"),
            "received_events_url": format!("{owner_url}/received_events"),
            "type": "Organization",
            "site_admin": false,
        },
        "private": !of.public,
        "visibility": if of.public { "public" } else { "private" },
        "html_url": format!("{HTML}/{full}"),
        "description": null,
        "fork": false,
        "url": url,
        "archived": false,
        "disabled": false,
        "default_branch": "main",
        "created_at": of.made,
        "updated_at": of.made,
        "pushed_at": of.made,
        "permissions": permissions(may),
        "role_name": role_name(may),
    });
    for (name, tail) in REPOSITORY_URLS {
        value[*name] = format!("{url}{tail}").into();
    }
    value
}

/// Where a repository's parts are, below its own address.
const REPOSITORY_URLS: &[(&str, &str)] = &[
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];
