//! Company cards: what a person pays for, settled by finance.

use super::System;

#[test]
fn each_subscription_is_settled_before_the_card_is_cancelled() {
    let system = System::up("card-statement");
    system.findings_are_the_key();
    let departed = system.depart("E1002");
    assert_eq!((departed.actions("settle_subscription").len(), departed.actions("cancel_card").len()), (2, 1), "{departed:?}");
    // A restaurant is no software, and a refund is no use.
    assert!(
        departed.tasks().iter().any(|task| task.contains("MARKETLENS PRO"))
            && !departed.tasks().iter().any(|task| task.contains("BRASSERIE"))
    );
    let rest: Vec<String> = system.dropped("charges.csv").lines().filter(|line| !line.starts_with("4417")).map(str::to_owned).collect();
    system.drop_file("charges.csv", &rest.join("\n"));
    let again = system.look_again(&departed);
    assert_eq!((again.state("settle_subscription"), again.state("cancel_card")), ("gone", "gone"), "{again:?}");
}
