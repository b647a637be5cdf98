//! Steps from an earlier shape of the store to the present one, each in one transaction.

use anyhow::{Context as _, Result};
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Every step from a version to the present one.
pub(super) fn run(connection: &mut Connection, version: i64) -> Result<()> {
    for (from, step) in STEPS {
        if *from >= version {
            step(connection).with_context(|| format!("the step from version {from}"))?;
        }
    }
    Ok(())
}

type Step = fn(&mut Connection) -> Result<()>;

/// Each step, with the version that it begins at.
const STEPS: &[(i64, Step)] = &[(1, from_1), (2, from_2), (3, from_3), (4, from_4), (5, from_5), (6, from_6)];

/// From 2 to 3: coverage says how much of a scope was asked for. Where that isn't known, because one person was read, it is taken for that
/// person's records alone: the list then is as complete as the night before found it.
fn from_2(connection: &mut Connection) -> Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch("DROP INDEX coverage_scope; ALTER TABLE coverage RENAME TO coverage_2")?;
    tx.execute_batch(statement(include_str!("../../schema/scans.sql"), "coverage")?)?;
    tx.execute_batch(
        "CREATE INDEX coverage_scope ON coverage (scope, at);
         INSERT INTO coverage (scan, scope, extent, complete, reason, seen, opened, closed, drift, at)
           SELECT c.scan, c.scope, CASE WHEN n.person IS NOT NULL AND s.parent = '' THEN 'person' ELSE 'whole' END,
             c.complete, c.reason, c.seen, c.opened, c.closed, c.drift, c.at
           FROM coverage_2 c JOIN scan n ON n.id = c.scan JOIN scope s ON s.id = c.scope;
         DROP TABLE coverage_2",
    )?;
    tx.pragma_update(None, "user_version", 3)?;
    tx.commit()?;
    Ok(())
}

/// From 1 to 2: deliveries, and the account of a third credential, the one that tells.
fn from_1(connection: &mut Connection) -> Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(include_str!("../../schema/tell.sql"))?;
    remake(&tx, include_str!("../../schema/scans.sql"), "own_account")?;
    tx.pragma_update(None, "user_version", 2)?;
    tx.commit()?;
    Ok(())
}

/// From 3 to 4: findings have intervals, and a reason for their end.
fn from_3(connection: &mut Connection) -> Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch("DROP INDEX finding_open; ALTER TABLE finding RENAME TO finding_2")?;
    tx.execute_batch(statement(include_str!("../../schema/graph.sql"), "finding")?)?;
    tx.execute_batch(
        "INSERT INTO finding (id, key, \"check\", code, severity, person, system, node, subject, label, title, facts, remedy, first, since, until, reason)
         SELECT id, key, \"check\", code, severity, person, system, node, subject, label, title, facts, remedy, since, since, until,
                CASE WHEN until IS NOT NULL THEN 'it was not found any more' END FROM finding_2;
         DROP TABLE finding_2;
         CREATE UNIQUE INDEX finding_open ON finding (key) WHERE until IS NULL",
    )?;
    tx.pragma_update(None, "user_version", 4)?;
    tx.commit()?;
    Ok(())
}

/// From 4 to 5: links that are in doubt, and the accounts that a case took.
fn from_4(connection: &mut Connection) -> Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    remake(&tx, include_str!("../../schema/graph.sql"), "link")?;
    tx.execute_batch(statement(DEPARTURES, "departure_account")?)?;
    tx.pragma_update(None, "user_version", 5)?;
    tx.commit()?;
    Ok(())
}

/// From 5 to 6: who runs a case; a webhook is known by what was signed.
fn from_5(connection: &mut Connection) -> Result<()> {
    const CHANGED: &[(&str, &str)] = &[(DEPARTURES, "departure"), (DEPARTURES, "webhook")];
    // Other tables name these, and go on to name them.
    connection.pragma_update(None, "legacy_alter_table", true)?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (file, table) in CHANGED {
        remake(&tx, file, table)?;
    }
    tx.pragma_update(None, "user_version", 6)?;
    tx.commit()?;
    connection.pragma_update(None, "legacy_alter_table", false)?;
    Ok(())
}

/// From 6 to 7: what nodes are looked for by, so that the graph around a person can be read by itself.
fn from_6(connection: &mut Connection) -> Result<()> {
    const GRAPH: &str = include_str!("../../schema/graph.sql");
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(statement(GRAPH, "name")?)?;
    tx.execute_batch("DROP INDEX edge_seen_dst")?;
    for index in ["edge_seen_dst", "link_person", "link_account"] {
        let line = GRAPH.lines().find(|line| line.starts_with(&format!("CREATE INDEX {index} "))).context("no such index")?;
        // An earlier step may have made a table anew, with all that it has by now.
        tx.execute_batch(&line.replacen("CREATE INDEX", "CREATE INDEX IF NOT EXISTS", 1))?;
    }
    super::graph::fill(&tx)?;
    tx.pragma_update(None, "user_version", 7)?;
    tx.commit()?;
    Ok(())
}

const DEPARTURES: &str = include_str!("../../schema/departures.sql");

/// Gives a table the shape that its schema file shows: columns that are new are empty, or have their default.
fn remake(tx: &Transaction<'_>, file: &str, table: &str) -> Result<()> {
    let columns = |name: &str| -> Result<Vec<String>> {
        let mut statement = tx.prepare("SELECT name FROM pragma_table_info(?1)")?;
        Ok(statement.query_map([name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    };
    let old = format!("{table}_old");
    tx.execute_batch(&format!("ALTER TABLE \"{table}\" RENAME TO \"{old}\""))?;
    tx.execute_batch(statement(file, table)?)?;
    let (before, now) = (columns(&old)?, columns(table)?);
    let kept = now.iter().filter(|column| before.contains(column)).map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    tx.execute_batch(&format!("INSERT INTO \"{table}\" ({kept}) SELECT {kept} FROM \"{old}\"; DROP TABLE \"{old}\""))?;
    for line in
        file.lines().filter(|line| line.starts_with("CREATE") && line.contains(" INDEX ") && line.contains(&format!(" ON {table} (")))
    {
        tx.execute_batch(line)?;
    }
    Ok(())
}

/// The statement that makes a table, as a schema file has it.
fn statement<'s>(file: &'s str, table: &str) -> Result<&'s str> {
    let start = file.find(&format!("CREATE TABLE {table} (")).with_context(|| format!("no table {table}"))?;
    let length = file[start..].find("STRICT").and_then(|at| Some(at + file[start + at..].find(';')? + 1)).context("no end")?;
    Ok(&file[start..start + length])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::store::Store;
    use std::collections::BTreeMap;

    fn shape(conn: &rusqlite::Connection) -> BTreeMap<String, String> {
        let mut statement = conn.prepare("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").unwrap();
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    /// Brings the present shape back to version 6: nothing is looked for by name.
    const BACK_TO_6: &str = "DROP TABLE name; DROP INDEX link_person; DROP INDEX link_account; DROP INDEX edge_seen_dst;
                             CREATE INDEX edge_seen_dst ON edge_seen (dst); PRAGMA user_version = 6";

    /// What becomes of a store that these statements bring back to an earlier shape, in a folder that goes with the first value. It has the shape of one
    /// that is made anew.
    fn upgraded(back: &str) -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("old.db"), dir.path().join("new.db"));
        drop((Store::open(&new).unwrap(), Store::open(&old).unwrap()));
        let back = format!("{BACK_TO_6}; {back}");
        rusqlite::Connection::open(&old).unwrap().execute_batch(&back).unwrap();
        let store = Store::open(&old).unwrap();
        let fresh = rusqlite::Connection::open(&new).unwrap();
        assert_eq!(store.read(|conn| Ok(shape(conn))).unwrap(), shape(&fresh));
        (dir, store)
    }

    #[test]
    fn a_store_of_version_2_becomes_what_is_made_anew() {
        // Version 2, made of the present shape: coverage says nothing of its extent, findings have no intervals.
        let (_dir, store) = upgraded(
            "ALTER TABLE departure DROP COLUMN lease_by; ALTER TABLE departure DROP COLUMN lease_until; ALTER TABLE departure DROP COLUMN fence;
             ALTER TABLE finding DROP COLUMN first; DROP TABLE departure_account; ALTER TABLE link DROP COLUMN doubt; DROP TABLE coverage;
             CREATE TABLE coverage (scan INTEGER NOT NULL, scope INTEGER NOT NULL, complete INTEGER NOT NULL, reason TEXT, seen INTEGER NOT NULL,
                                    opened INTEGER NOT NULL, closed INTEGER NOT NULL, drift TEXT, at INTEGER NOT NULL,
                                    PRIMARY KEY (scan, scope)) STRICT, WITHOUT ROWID;
             CREATE INDEX coverage_scope ON coverage (scope, at);
             INSERT INTO system (id, name, scanner, category) VALUES (7, 'app', 'scim', 'saas');
             INSERT INTO scope (id, system, collection, parent) VALUES (1, 7, 'users', '');
             INSERT INTO node (id, system, kind, key) VALUES (9, 7, 'person', 'E1');
             INSERT INTO scan (id, system, person, started) VALUES (1, 7, NULL, 10), (2, 7, 9, 20);
             INSERT INTO coverage VALUES (1, 1, 0, 'page 1: forbidden', 0, 0, 0, NULL, 11), (2, 1, 1, NULL, 1, 0, 0, NULL, 21);
             PRAGMA user_version = 2",
        );
        let coverage = store.read(crate::store::scans::latest_coverage).unwrap();
        let said: Vec<String> = coverage.iter().map(|row| row.coverage.to_string()).collect();
        assert_eq!(said, ["gap: page 1: forbidden"], "that one person was read does not make the list complete");
    }

    #[test]
    fn a_store_of_version_1_becomes_what_is_made_anew() {
        // Version 1, made of the present shape: without deliveries, with two hands, and findings without intervals.
        let (_dir, store) = upgraded(
            "ALTER TABLE departure DROP COLUMN lease_by; ALTER TABLE departure DROP COLUMN lease_until; ALTER TABLE departure DROP COLUMN fence;
             ALTER TABLE finding DROP COLUMN first; DROP TABLE departure_account; ALTER TABLE link DROP COLUMN doubt;
             DROP TABLE delivery; DROP TABLE own_account;
             CREATE TABLE own_account (system INTEGER NOT NULL, hand TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL,
                                       PRIMARY KEY (system, hand)) STRICT, WITHOUT ROWID;
             INSERT INTO own_account VALUES (0, 'read', 'ours', 7); PRAGMA user_version = 1",
        );
        let key: String = store.read(|conn| Ok(conn.query_row("SELECT key FROM own_account", [], |row| row.get(0))?)).unwrap();
        assert_eq!(key, "ours");
    }

    #[test]
    fn a_store_of_version_5_becomes_what_is_made_anew_and_keeps_its_cases() {
        let (_dir, store) = upgraded(
            "PRAGMA foreign_keys = OFF;
             ALTER TABLE departure DROP COLUMN lease_by; ALTER TABLE departure DROP COLUMN lease_until; ALTER TABLE departure DROP COLUMN fence;
             INSERT INTO departure (id, person, mode, state, source, cause, effective, created) VALUES (4, 9, 'departure', 'open', 'cli', 'c', 1, 2);
             INSERT INTO action (id, departure, number, system, name, label, spec, state) VALUES (5, 4, 1, 'app', 'suspend', 's', '{}', 'gone');
             PRAGMA user_version = 5",
        );
        let id = crate::model::DepartureId(4);
        let row = store.read(|conn| crate::store::departures::get(conn, id)).unwrap().unwrap();
        assert_eq!((row.cause.as_str(), store.read(|conn| crate::store::departures::actions(conn, id)).unwrap().len()), ("c", 1));
    }

    #[test]
    fn a_store_of_version_6_becomes_what_is_made_anew_and_knows_its_names() {
        let (_dir, store) = upgraded(
            r#"INSERT INTO system (id, name, scanner, category) VALUES (7, 'hr', 'bamboohr', 'hris');
               INSERT INTO scope (id, system, collection, parent) VALUES (1, 7, 'employees', '');
               INSERT INTO scan (id, system, person, started) VALUES (1, 7, NULL, 10);
               INSERT INTO node (id, system, kind, key) VALUES (9, 7, 'person', 'E1');
               INSERT INTO node_seen (id, node, scope, type, name, attrs, aka, hash, touch, since, opened_by)
               VALUES (3, 9, 1, '', 'Ada Berg', '{"emails":["Ada@acme.example"],"employee_number":"17"}', '[]', 1, 2, 10, 1)"#,
        );
        for word in ["e1", "ada berg", "ADA@acme.example", "17"] {
            let found = store.read(|conn| crate::store::graph::once_called(conn, word)).unwrap();
            assert_eq!(found, [crate::model::NodeId(9)], "{word}");
        }
    }
}
