//! Tryton: an application key outlives the account, and who is past is in no list.

use super::System;

#[test]
fn everything_goes() {
    let system = System::up("tryton");
    system.findings_are_the_key();
    let departed = system.everything_goes("E1002", &[]);
    assert_eq!((departed.state("cancel_key"), departed.state("deactivate")), ("gone", "gone"));
    assert!(departed.sent("deactivate") <= departed.proved("cancel_key"), "neither waits for the other: {departed:?}");
}

#[test]
fn what_a_record_rule_protects_is_refused_and_said() {
    let system = System::up("tryton");
    let departed = system.depart("E1007");
    assert_eq!(departed.state("deactivate"), "refused", "an error with status 200 is no success: {departed:?}");
    assert_eq!(system.left("E1007"), ["signs in as hanne.kowalczyk"]);
}

#[test]
fn an_employee_whose_end_date_is_past_still_has_an_account_that_goes() {
    let system = System::up("tryton");
    assert_eq!(system.everything_goes("E1013", &[]).state("deactivate"), "gone");
}

#[test]
fn a_cancelled_key_is_no_access_though_the_list_keeps_it() {
    let system = System::up("tryton");
    assert!(system.everything_goes("E1012", &[]).actions("cancel_key").is_empty());
}
