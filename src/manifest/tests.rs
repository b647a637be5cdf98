//! Tests of whole manifests: what is refused, and where it is said to be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{attributes, load, structure};

const TEN: &str = include_str!("../../tests/data/manifests/ten-mistakes.yaml");
const HTTP: &str = include_str!("../../tests/data/manifests/rules-http.yaml");
const LDAP: &str = include_str!("../../tests/data/manifests/rules-ldap.yaml");

/// The problems of a text, as `line path: message`.
fn problems(file: &str, text: &str) -> Vec<String> {
    load::read(file, text).problems.iter().map(|p| format!("{} {}: {}", p.line, p.path, p.message)).collect()
}

#[test]
fn ten_mistakes_are_ten_problems_each_at_its_line() {
    let told = problems("ten-mistakes.yaml", TEN);
    let starts = [
        "3 categry: unknown key \"categry\"; did you mean \"category\"?",
        "12 connect.http: settings.hots is not declared under settings; did you mean \"host\"?",
        "14 connect.emergency: \"forty\" is not a share",
        "18 see.users.call: unknown method \"FETCH\"",
        "21 see.users.yields[0].name: parent holds nothing here: it needs `for` with a collection",
        "23 see.tokens.for: there is no collection \"user\"; did you mean \"users\"?",
        "26 see.tokens.watched: must be true or false, not text",
        "30 take.suspend: no prove",
        "32 take.suspend.before[0]: there is no action \"delte\"; did you mean \"delete\"?",
        "37 take.delete.prove.gone: status ==== 404",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}\n{start}");
    }
    let first = load::load("a/ten-mistakes.yaml", TEN).unwrap_err()[0].to_string();
    assert!(first.starts_with("a/ten-mistakes.yaml:3: categry: unknown key"), "{first}");
}

#[test]
fn good_manifests_pass() {
    for (file, text) in [("rules-http.yaml", HTTP), ("rules-ldap.yaml", LDAP)] {
        assert_eq!(problems(file, text), Vec::<String>::new());
    }
    let warnings: Vec<String> = load::read("rules-http.yaml", HTTP).warnings.iter().map(ToString::to_string).collect();
    assert!(warnings.iter().any(|w| w == "rules-http.yaml:30: see.tokens: no example shows what comes of its replies"), "{warnings:#?}");
    assert!(warnings.iter().any(|w| w.contains("take.badge: no example tries its proof")), "{warnings:#?}");
    // An attribute that nothing in exeunt reads is the file's own, and says so, or it is misspelt.
    let more = HTTP.replace("name: it.login, member_of", "employe_number: it.n, groups: it.g, member_of");
    let refused = load::told(&load::read("x", &more).problems);
    assert!(refused.contains("did you mean \"employee_number\"") && refused.contains("name it under own: [groups]"), "{refused}");
    let own = more.replace("employe_number", "employee_number").replacen("settings:\n", "own: [groups]\nsettings:\n", 1);
    assert_eq!(problems("x", &own), Vec::<String>::new());
    assert!(!warnings.iter().any(|w| w.contains("see.users") || w.contains("take.suspend")), "{warnings:#?}");
}

/// One change to a good manifest: what is replaced by what, and the one problem that must come of it (path, and part of the message).
type Case = (&'static str, &'static str, &'static str, &'static str);

fn each_is_the_one_problem(file: &str, text: &str, cases: &[Case]) {
    let mut wrong = Vec::new();
    for (old, new, path, part) in cases {
        assert_eq!(text.matches(old).count(), 1, "{old:?} must stand once");
        let told = load::read(file, &text.replacen(old, new, 1)).problems;
        let fits = told.len() == 1 && told[0].path == *path && told[0].message.contains(part);
        // The problem's line is the changed one, unless something that is missing is told at what lacks it.
        let line = u32::try_from(text[..text.find(old).unwrap()].lines().count().max(1)).unwrap();
        if !fits || told[0].line.abs_diff(line) > 8 {
            wrong.push(format!("{old:?} → {new:?} near line {line}: expected {path}: {part}\n  came {}", load::told(&told)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_for_the_head() {
    each_is_the_one_problem(
        "rules-http.yaml",
        HTTP,
        &[
            ("scanner: rules-http", "scanner: rules-htp", "scanner", "the file is called rules-http"),
            ("  region: { optional: true }", "  region: { optional: true }\n  extra: {}", "settings.extra", "nothing uses it"),
            ("{ default: exeunt }", "{ default: exeunt, optional: true }", "settings.user", "may always be left out"),
            ("kind: jwt_bearer, token_url", "kind: jwt_bearer, header: x, token_url", "credentials.revoke.header", "means nothing"),
            ("\"{{ settings.user }}\"", "settings.user", "credentials.read.user", "sent as it stands"),
            ("\"{{ settings.region }}\"", "\"{{ settings.region ~ secret }}\"", "connect.headers.X-Region", "secret holds nothing here"),
            (
                "  http: https://{{ settings.host }}/api",
                "  http: https://{{ settings.host }}/api\n  page_size: 5",
                "connect.page_size",
                "belongs to connect.ldap",
            ),
            ("into: cursor, max_pages: 100", "max_pages: 100", "connect.paging", "needs into"),
            ("into: cursor, max_pages: 100", "into: cursor, link: next, max_pages: 100", "connect.paging", "exactly one of link"),
            ("into: cursor, max_pages: 100", "into: cursor", "see.users", "no page cap"),
            ("per: 60s", "per: a minute", "connect.budget.per", "not a duration"),
            ("emergency: 40%", "emergency: 140%", "connect.emergency", "not a share"),
            ("throttled: body.error", "throttled: it.error", "connect.classes.throttled", "it holds nothing here"),
            ("call: GET /me, own_account", "own_account", "preflight[0]", "exactly one of call, search"),
        ],
    );
    let none = problems("x", &HTTP.replace("  http: https://{{ settings.host }}/api\n", ""));
    assert!(none[0].contains("connect: exactly one of http, ldap, file") && none.len() == 1, "{none:#?}");
}

#[test]
fn rules_for_collections() {
    each_is_the_one_problem(
        "rules-http.yaml",
        HTTP,
        &[
            ("    call: GET /users\n", "    call: DELETE /users\n", "see.users.call", "changes things"),
            ("    call: GET /users\n", "    call: get /users\n", "see.users.call", "did you mean \"GET\"?"),
            ("    call: GET /users\n", "    call: GET users\n", "see.users.call", "begins with /"),
            ("    call: GET /users\n", "    cal: GET /users\n", "see.users.cal", "did you mean \"call\"?"),
            ("    for: people", "    for: mail", "see.mail.for", "read for each other: mail → mail"),
            ("    each: body.users", "    each: body.users\n    one: GET /users/{{ it.id }}", "see.users.one", "it holds nothing here"),
            ("    each: body.users", "    each: bodi.users", "see.users.each", "bodi is no name"),
            ("    each: body.users", "    each: \"{{ body.users }}\"", "see.users.each", "leave out the {{ }}"),
            ("key: body.id }\n    delta", "key: node.id }\n    delta", "see.users.sentinel.key", "node holds nothing here"),
            ("{{ since }}\", mark", "{{ since\", mark", "see.users.delta.call", "without its }}"),
            ("mark: it.changed", "mark: it.changed, names: body.users", "see.users.delta.names", "needs `for`"),
            ("mark: it.changed", "mark: it.changed, removed: body.gone", "see.users.delta.removed", "body holds nothing here"),
            (
                "mark: it.changed",
                "mark: it.changed, start: { call: DELETE /mark, mark: body.mark }",
                "see.users.delta.start.call",
                "changes things",
            ),
            (
                "- { account: it.id, name",
                "- { each: it.accounts, account: it.id, name",
                "see.users.delta",
                "the first node that is yielded must be the record's own",
            ),
            (
                "    watched: true\n",
                "    watched: true\n    delta: { mark: parent.seen, removed: it.gone }\n",
                "see.tokens.delta.removed",
                "no records",
            ),
            (
                "    watched: true\n",
                "    watched: true\n    delta: { mark: parent.seen, call: \"GET /x?s={{ since }}\" }\n",
                "see.tokens.delta",
                "nothing to call",
            ),
            ("name: it.login, member_of", "name: body.login, member_of", "see.users.yields[0].name", "body holds nothing here"),
            ("name: it.login, member_of", "name: outer.login, member_of", "see.users.yields[0].name", "needs a yield with `each`"),
            ("name: it.login, member_of", "memberof: it.login, member_of", "see.users.yields[0].memberof", "did you mean \"member_of\"?"),
            ("member_of: group(it.team)", "member_of: it.team", "see.users.yields[0].member_of", "names no node"),
            ("{ account: it.id, name", "{ account: it.id, group: it.id, name", "see.users.yields[0]", "account and group in one yield"),
            (
                "{ account: it.id, name: it.login, member_of: group(it.team) }",
                "{ name: it.login }",
                "see.users.yields[0]",
                "neither a node nor an edge",
            ),
            ("edge: assigned", "edge: asigned", "see.users.yields[1].edge", "unknown edge kind"),
            ("edge: assigned", "edge: has_account", "see.users.yields[1].edge", "comparing evidence"),
            ("from: account(outer.id), to", "to", "see.users.yields[1]", "an edge needs from"),
            ("else 'read'\"", "else 'raed'\"", "see.users.yields[1].level", "unknown level"),
            ("\"'admin' if it == 'root' else 'read'\"", "admin", "see.users.yields[1].level", "quote it twice: \"'admin'\""),
            ("        type: api_token\n", "", "see.tokens.yields[0]", "needs a type"),
            ("size: 50, max_pages", "max_pages", "see.tokens.paging", "its end can't be told"),
            (
                "{{ person.work_email }}\" }\n    paging",
                "{{ parent.work_email }}\" }\n    paging",
                "see.mail.body.address",
                "parent holds nothing here",
            ),
        ],
    );
}

#[test]
fn rules_for_actions_and_examples() {
    each_is_the_one_problem(
        "rules-http.yaml",
        HTTP,
        &[
            ("on: credential.api_token", "on: credental.api_token", "take.revoke_token.on", "did you mean \"credential\"?"),
            ("on: member_of", "on: member_of.vip", "take.leave_group.on", "an edge has no type"),
            ("    call: DELETE /tokens/{{ node.id }}\n", "", "take.revoke_token", "exactly one of call, modify, hand_off"),
            (
                "    call: DELETE /tokens/{{ node.id }}\n",
                "    call: DELETE /tokens/{{ from.id }}\n",
                "take.revoke_token.call",
                "in actions on edges",
            ),
            ("members/{{ from.id }}", "members/{{ node.id }}", "take.leave_group.call", "in actions on nodes"),
            ("done_already: status", "done_already: seen", "take.revoke_token.done_already", "seen holds nothing here"),
            ("    before: [suspend]", "    before: [revoke_token]", "take.revoke_token.before", "wait for each other"),
            ("    after: [revoke_token]", "    after: [revoke_tokn]", "take.leave_group.after[0]", "did you mean \"revoke_token\"?"),
            ("again_after: [leave_group]", "again_after: [suspend]", "take.suspend.again_after", "fire each other for ever"),
            ("modes: [departure, leave]", "modes: [departure, holiday]", "take.suspend.modes[1]", "unknown mode"),
            ("also_removes: [assigned, ", "also_removes: [assign, ", "take.suspend.also_removes[0]", "unknown edge kind"),
            ("blinds: [tokens]", "blinds: [token]", "take.suspend.blinds[0]", "did you mean \"tokens\"?"),
            (
                "    job: body.job\n",
                "    job: body.job\n    irreversible: true\n    undo: DELETE /exports/{{ job }}\n",
                "take.export.irreversible",
                "one of them",
            ),
            (
                "    modes: [departure, leave]\n    again_after",
                "    modes: [notice]\n    modes: [departure, leave]\n    again_after",
                "take.suspend.modes",
                "twice",
            ),
            (
                "gone: from.id not in seen, within: 30s",
                "gone: from.id not in seen, within: soon",
                "take.leave_group.prove.within",
                "not a duration",
            ),
            ("see: users, gone: from.id", "see: user, gone: from.id", "take.leave_group.prove.see", "did you mean \"users\"?"),
            ("see: users, gone: from.id not in seen", "see: users, gone: body", "take.leave_group.prove.gone", "body holds nothing here"),
            ("gone: body.revoked", "gone: \"\"", "take.revoke_token.prove.gone", "empty expression"),
            ("{ call: \"GET /tokens", "{ call: \"DELETE /tokens", "take.revoke_token.prove.call", "changes things"),
            ("    kind: export\n", "", "take.export.keep", "only an export"),
            ("    call: POST /exports\n", "    call: POST /exports/{{ job }}\n", "take.export.call", "job holds nothing here"),
            ("    call: POST /exports\n", "    call: POST /exports/{{ successor.id }}\n", "take.export.call", "transfers and hand-offs"),
            ("    call: DELETE /groups", "    call: DELETE  groups", "take.leave_group.call", "begins with /"),
            ("to: facilities", "to: janitor", "take.badge.hand_off.to", "not one of hr"),
            ("due: 4h", "due: tonight", "take.badge.hand_off.due", "not a duration"),
            ("of: users, reply", "of: user, reply", "examples[0].of", "did you mean \"users\"?"),
            ("prove: suspend, reply", "prove: suspnd, reply", "examples[1].prove", "did you mean \"suspend\"?"),
            (", gone: false }", " }", "examples[1]", "needs gone"),
            ("reply: { users: [] }", "reply: {}, given: { parnt: {} }", "examples[0].given.parnt", "did you mean \"parent\"?"),
        ],
    );
    let circle = problems(
        "x",
        &HTTP
            .replace("    after: [revoke_token]", "    after: [suspend]")
            .replace("    undo: POST", "    after: [leave_group]\n    undo: POST"),
    );
    assert!(circle.len() == 1 && circle[0].contains("leave_group → suspend → leave_group"), "{circle:#?}");
    let loops = problems("x", &HTTP.replace("    call: GET /users\n", "    for: tokens\n    call: GET /users\n"));
    assert!(loops.len() == 1 && loops[0].contains("users → tokens → users"), "{loops:#?}");
    let nobody = problems("x", &HTTP.replace("claims: { sub: \"{{ act_as }}\" }", "claims: { sub: \"x\" }"));
    assert!(nobody.len() == 1 && nobody[0].contains("take.leave_group.as: credentials.revoke never uses act_as"), "{nobody:#?}");
    let revoke = HTTP.lines().find(|line| line.starts_with("  revoke:")).unwrap();
    let scan_only = problems("x", &HTTP.replace(revoke, ""));
    assert!(scan_only.iter().any(|p| p.contains("no credentials.revoke, and take.revoke_token calls")), "{scan_only:#?}");
}

#[test]
fn rules_for_directories() {
    each_is_the_one_problem(
        "rules-ldap.yaml",
        LDAP,
        &[
            ("scope: one", "scope: all", "see.users.search.scope", "not one of base, one, sub"),
            ("filter: (uid=*)", "filter: uid=*", "see.users.search.filter", "in parentheses"),
            (
                "    search: { base: \"{{ settings.base }}\", filter: (uid=*), scope: one }\n    delta: { filter: \"(modifyTimestamp>={{ since }})\", mark: it.modifyTimestamp }\n",
                "",
                "see.users",
                "exactly one of call, search, file",
            ),
            ("revoke: { kind: bind }", "revoke: { kind: bearer }", "credentials.revoke.kind", "doesn't fit"),
            (", revoke: \"cn=w,{{ settings.base }}\"", "", "connect.bind", "needs connect.bind.revoke"),
            (", replace: { locked: \"TRUE\" }", "", "take.lock.modify", "changes nothing"),
            ("dn: \"{{ node.dn }}\", replace", "dn: node.dn, replace", "take.lock.modify.dn", "sent as it stands"),
            (
                "    modify: { dn: \"{{ node.dn }}\", replace: { locked: \"TRUE\" } }\n",
                "    call: POST /x\n",
                "take.lock.call",
                "needs connect.http",
            ),
        ],
    );
}

#[test]
fn aliases_are_refused() {
    let told = problems("x", "scanner: &a x\ntitle: *a\n");
    assert!(told.len() == 2 && told[0].starts_with("1 scanner: an anchor") && told[1].starts_with("2 title: an alias"), "{told:#?}");
}

#[test]
fn a_folder_overrides_what_is_built_in() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules-ldap.yaml"), LDAP).unwrap();
    assert_eq!(load::find("rules-ldap", Some(folder.path())).unwrap().title, "Rules");
    assert!(load::find("rules-ldap", None).unwrap_err()[0].to_string().contains("no such scanner"));
    assert!(load::find("../rules-ldap", Some(folder.path())).unwrap_err()[0].message.contains("no scanner's name"));
    for (name, _) in load::builtin() {
        assert_eq!(load::find(name, Some(folder.path())).unwrap().scanner, *name);
    }
}

#[test]
fn the_schema_file_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/manifest.schema.json");
    let text = serde_json::to_string_pretty(structure::schema()).unwrap() + "\n";
    if std::env::var_os("EXEUNT_BLESS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let file = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        file == text,
        "schema/manifest.schema.json is stale; write it with: EXEUNT_BLESS=1 cargo test --lib the_schema_file_is_up_to_date"
    );
}

// Trust: HR's word.
#[test]
fn a_misspelt_attribute_and_a_word_outside_its_values_are_refused() {
    let (_, hr) = load::builtin().iter().find(|(name, _)| *name == "hr-file").unwrap();
    let told = |from: &str, to: &str| {
        assert!(hr.contains(from), "{from}");
        load::told(&load::read("hr-file.yaml", &hr.replacen(from, to, 1)).problems)
    };
    let misspelt = told("        last_day: ", "        last_dey: ");
    assert!(misspelt.contains("yields[0].last_dey") && misspelt.contains("did you mean \"last_day\""), "{misspelt}");
    let outside = told("'disabled' if", "'inactive' if");
    assert!(outside.contains("\"inactive\" is not one of active, disabled"), "{outside}");
    let silent = told("        state: ", "        login: ");
    assert!(silent.contains("needs state"), "{silent}");
    let own = told("        department: it.department | trim", "        cost_centre: it.department | trim");
    assert!(own.contains("name it under own: [cost_centre]"), "{own}");
    let declared = told("settings:\n", "own: [cost_centre]\nsettings:\n");
    assert!(declared.contains("no yield has it"), "{declared}");
}

/// The list of attributes in the docs is the one that engines read.
#[test]
fn the_docs_have_the_list_of_attributes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/add-a-system.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- attributes -->\n", "<!-- /attributes -->");
    let (before, rest) = text.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let fresh = format!("{before}{begin}{}{end}{after}", attributes::table());
    if std::env::var_os("EXEUNT_BLESS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == fresh,
        "docs/add-a-system.md is stale: EXEUNT_BLESS=1 cargo test --lib the_docs_have"
    );
}

// Trust: What counts as an answer.
#[test]
fn one_record_for_one_parent_is_held_to_the_parent() {
    let said = |of: &str, key: &str| {
        let text = format!(
            "{{scanner: x, title: X, category: saas, contract: c, credentials: {{read: {{kind: bearer}}}}, connect: {{http: 'https://x.example', paging: {{none: true}}}}, \
             preflight: [{{call: GET /me, there: body.id}}], see: {{users: {{call: GET /u, yields: [{{account: it.id}}]}}, \
             details: {{for: users, call: 'GET /u/{{{{ parent.id }}}}', each: body, {of} yields: [{{account: {key}, name: it.name}}]}}}}}}"
        );
        load::load("x", &text).err().map(|problems| load::told(&problems)).unwrap_or_default()
    };
    assert!(said("", "it.id").contains("for another's record is no answer"), "{}", said("", "it.id"));
    assert!(said("of: body.id,", "it.id").contains("for another's record is no answer"));
    assert_eq!(said("of: body.id == parent.id,", "it.id"), "");
    assert_eq!(said("", "parent.id"), "");
}
