//! Manifests: any text, or one of ours with some of its lines changed. Problems are lines; what loads loads again after it was written.

use exeunt::manifest::{examples, load, located};

use super::bytes::{Bytes, changed_lines, is_one_line};

pub fn manifest(data: &[u8]) {
    let mut bytes = Bytes(data);
    let text = if bytes.byte() < 96 {
        bytes.rest_text()
    } else {
        let (_, ours) = bytes.one_of(load::builtin());
        changed_lines(ours, &mut bytes)
    };
    let read = load::read("a manifest", &text);
    assert_eq!(read.manifest.is_some(), read.problems.is_empty(), "a manifest exactly where nothing is wrong");
    for problem in read.problems.iter().chain(&read.warnings) {
        is_one_line(&problem.to_string());
        assert!(usize::try_from(problem.line).unwrap() <= text.lines().count() + 1, "{problem}");
    }
    let Some(manifest) = read.manifest else { return };
    // JSON is YAML.
    let written = located::parse(&text).0.expect("what loads has a tree").value().to_string();
    let again = load::read("a manifest", &written);
    assert!(again.problems.is_empty(), "{}\nwritten: {written}", load::told(&again.problems));
    assert_eq!(format!("{:?}", again.manifest.unwrap()), format!("{manifest:?}"));
    assert_eq!(again.warnings.len(), read.warnings.len());
    let wrong = examples::run(&manifest);
    if !text.contains("random_password") {
        assert_eq!(examples::run(&manifest), wrong, "examples come to the same, however often they run");
    }
}
