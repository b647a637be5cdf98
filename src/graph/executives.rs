//! Whom the settings' rules mean: a rule that means nobody watches nobody, and is said.

use super::Person;

/// What is wrong with the rule and the list that say who is an executive, where people are known: nobody fits, or a name is nobody's.
pub fn unmatched(people: &[Person], rule: Option<&str>, list: &[String]) -> Vec<String> {
    if people.is_empty() {
        return Vec::new();
    }
    let mut problems: Vec<String> = list
        .iter()
        .filter(|name| !people.iter().any(|person| person.is_called(name)))
        .map(|name| format!("people.executives names {name:?}, and HR knows nobody of that name: nobody is watched for it"))
        .collect();
    if let Some(rule) = rule
        && !people.iter().any(|person| person.executive)
    {
        problems.push(format!(
            "people.executive ({rule}) matches nobody of the {} people that HR knows: no executive is watched; correct the rule",
            people.len()
        ));
    }
    problems
}
