//! Asana: one removal ends everything; guests by a private address go as well; somebody must administer.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("asana");
    system.findings_are_the_key();
    system.everything_goes("E1002", &[]);
    // His private address is a guest of a single project.
    let departed = system.everything_goes("E1006", &[]);
    assert_eq!(departed.actions("remove_from_organization").len(), 2, "{departed:?}");
}

#[test]
fn the_last_administrator_becomes_a_task() {
    let system = System::up("asana");
    let departed = system.depart("E1005");
    assert_eq!(departed.state("remove_from_organization"), "refused", "{departed:?}");
    assert!(departed.tasks().iter().any(|task| task.contains("make the successor one first")), "{departed:?}");
    assert_eq!(system.left("E1005"), ["the membership of priya.lindqvist@northmoor.example"]);
}

#[test]
fn what_stays_out_of_plans_by_default_works_where_it_is_allowed() {
    let system = System::up_unscanned("asana");
    system.allow(&["remove_from_team", "export_organization", "move_tasks"]);
    system.scan();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!((departed.state("remove_from_team"), departed.state("export_organization")), ("gone", "gone"));
    assert_eq!(departed.state("move_tasks"), "handed_off");
}
