//! `exeunt scanners check` holds that a proof proves its own action: a person's task is not proved by what a call of the same file does, and no proof is
//! one that can't fail.

use crate::run::{COULD_NOT, FINE, run_in};

/// 1Password's manifest with this proof of the task to change the secrets instead of none, and its examples; what `check` says.
fn checked(prove: &str, examples: [&str; 2]) -> crate::run::Ran {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scanners/onepassword.yaml")).unwrap();
    let unproved = ", no_proof: the API does not show when a secret was changed }";
    assert!(text.contains(unproved));
    let text = text.replace(unproved, &format!(" }}\n    prove: {{ call: \"GET /users/{{{{ from.id }}}}\", {prove}, within: 72h }}"));
    let examples = examples.map(|example| format!("  - {{ prove: rotate_secrets, given: {{ from: {{ id: U1 }} }}, {example} }}\n"));
    std::fs::write(folder.path().join("onepassword.yaml"), format!("{}\n{}", text.trim_end(), examples.concat())).unwrap();
    run_in(folder.path(), &["scanners", "check", "onepassword.yaml"])
}

#[test]
fn a_task_that_our_own_suspension_proves_is_refused_by_both_names() {
    let suspended = ["reply: { id: U1, state: SUSPENDED }, gone: true", "reply: { id: U1, state: ACTIVE }, gone: false"];
    let refused = checked("gone: body.state == 'SUSPENDED'", suspended).ended(COULD_NOT);
    assert!(refused.out.contains("take.rotate_secrets.prove: what suspend does proves the hand-off rotate_secrets as well"), "{refused:?}");
    assert!(refused.out.contains("hand_off.no_proof") && refused.out.contains("1 problems"), "{refused:?}");
    // Something that only the person's work changes is fine.
    let fine = ["reply: { id: U1, rotated: true }, gone: true", "reply: { id: U1, state: SUSPENDED }, gone: false"];
    checked("gone: body.rotated", fine).ended(FINE);
}

#[test]
fn a_proof_that_can_not_fail_is_refused() {
    let always =
        ["reply: { id: U1, state: ACTIVE }, gone: true", "status: 404, reply: { status: 404, message: user not found }, gone: false"];
    let refused = checked("classes: { refused: status == 404 }, gone: body.id == from.id", always).ended(COULD_NOT);
    assert!(refused.out.contains("take.rotate_secrets.prove: no example shows that it can fail"), "{refused:?}");
    let never = ["reply: { id: U1, state: ACTIVE }, gone: false", "reply: { id: U1, state: SUSPENDED }, gone: false"];
    let refused = checked("classes: { refused: status == 404 }, gone: 'false'", never).ended(COULD_NOT);
    assert!(refused.out.contains("take.rotate_secrets.prove: no example shows that it can succeed"), "{refused:?}");
}
