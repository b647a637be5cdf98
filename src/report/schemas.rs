//! The JSON Schemas of what exeunt publishes, made of the view types themselves.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{access, case, changes, coverage, people, person, shadow, why};

/// Every schema: its file's name in `schema/`, and its text.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("settings.schema.json", of_input::<crate::config::Config>("exeunt.toml")),
        ("plan.schema.json", of::<crate::revoke::Plan>("the `plan` of exeunt revoke PERSON --dry-run --json")),
        ("evidence.schema.json", of::<crate::revoke::Outcome>("the `outcome` of a departure: what was proved, and how")),
        ("access.schema.json", of::<access::Access>("exeunt report access --json")),
        ("departure.schema.json", of::<case::Case>("exeunt departure ID --json")),
        ("changes.schema.json", of::<changes::Changes>("exeunt report changes --json")),
        ("coverage.schema.json", of::<coverage::Coverage>("exeunt report coverage --json")),
        ("findings.schema.json", of::<shadow::Shadow>("exeunt report shadow --json")),
        ("inventory.schema.json", of::<person::Inventory>("exeunt show PERSON --json")),
        ("people.schema.json", of::<people::People>("exeunt people --json")),
        ("why.schema.json", of::<why::Why>("exeunt show PERSON --why NODE --json")),
    ]
}

fn of<T: schemars::JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

/// The schema of something that people write.
fn of_input<T: schemars::JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::path::Path;

    #[test]
    fn the_schemas_in_the_folder_are_those_of_the_views() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        let bless = std::env::var_os("EXEUNT_BLESS").is_some_and(|value| value == "1");
        for (name, schema) in super::all() {
            let made = serde_json::to_string_pretty(&schema).unwrap() + "\n";
            let path = folder.join(name);
            if bless {
                std::fs::write(&path, &made).unwrap();
            }
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(kept == made, "schema/{name} is stale: run `EXEUNT_BLESS=1 cargo test report::schemas` and look at the difference");
        }
    }
}
