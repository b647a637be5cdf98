//! Badges from a file: facilities' tasks, proved by the next file.

use super::System;

#[test]
fn the_next_file_proves_what_facilities_did() {
    let system = System::up("badge-file");
    system.findings_are_the_key();
    let departed = system.depart("E1002");
    for action in ["switch_off_badge", "end_parking", "change_code", "collect_key"] {
        assert_eq!(departed.state(action), "handed_off", "{departed:?}");
    }
    assert_eq!(departed.residual(), &serde_json::json!([]));
    // Everything is switched off but the key, which hasn't come back.
    let file = system.dropped("badges.csv");
    let next = file
        .lines()
        .map(|line| if line.contains("okonjo") && !line.starts_with("K-12") { line.replace(",active,", ",off,") } else { line.to_owned() });
    system.drop_file("badges.csv", &next.collect::<Vec<_>>().join("\n"));
    let again = system.look_again(&departed);
    for action in ["switch_off_badge", "end_parking", "change_code"] {
        assert_eq!(again.state(action), "gone", "{again:?}");
    }
    assert_eq!(again.state("collect_key"), "handed_off", "{again:?}");
}
