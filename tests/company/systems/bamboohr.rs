//! BambooHR: who works here. What HR says of people is in every other system's tests; here is that all of it is read.

use super::System;

#[test]
fn everyone_is_seen() {
    System::up("bamboohr");
}
