//! Steps from an earlier shape of the store to the present one, each in one transaction.

use anyhow::{Context as _, Result};
use rusqlite::{Connection, TransactionBehavior};

/// From 1 to 2: deliveries, and the account of a third credential, the one that tells.
pub(super) fn from_1(connection: &mut Connection) -> Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(include_str!("../../schema/tell.sql"))?;
    tx.execute_batch("ALTER TABLE own_account RENAME TO own_account_1")?;
    tx.execute_batch(statement(include_str!("../../schema/scans.sql"), "own_account")?)?;
    tx.execute_batch("INSERT INTO own_account SELECT system, hand, key, at FROM own_account_1; DROP TABLE own_account_1")?;
    tx.pragma_update(None, "user_version", 2)?;
    tx.commit()?;
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

    #[test]
    fn a_store_of_version_1_becomes_what_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("old.db"), dir.path().join("new.db"));
        drop(Store::open(&new).unwrap());
        // Version 1, made of the present shape: without deliveries, and with two hands.
        drop(Store::open(&old).unwrap());
        let conn = rusqlite::Connection::open(&old).unwrap();
        conn.execute_batch(
            "DROP TABLE delivery; DROP TABLE own_account;
             CREATE TABLE own_account (system INTEGER NOT NULL, hand TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL,
                                       PRIMARY KEY (system, hand)) STRICT, WITHOUT ROWID;
             INSERT INTO own_account VALUES (0, 'read', 'ours', 7); PRAGMA user_version = 1",
        )
        .unwrap();
        drop(conn);
        let store = Store::open(&old).unwrap();
        let fresh = rusqlite::Connection::open(&new).unwrap();
        assert_eq!(store.read(|conn| Ok(shape(conn))).unwrap(), shape(&fresh));
        let key: String = store.read(|conn| Ok(conn.query_row("SELECT key FROM own_account", [], |row| row.get(0))?)).unwrap();
        assert_eq!(key, "ours");
    }
}
