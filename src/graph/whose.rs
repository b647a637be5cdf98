//! Whose a list is: of one person alone, or one in which anybody may stand.
//!
//! Both must be sure before it counts as one person's: the list was read for them, and it tells of nobody but them. The sessions of an executive
//! are theirs alone; who has the files in their drive may be anybody.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::Timestamp;
use rusqlite::Connection;

use super::Graph;
use crate::manifest::Manifest;
use crate::manifest::express::Expr;
use crate::manifest::raw;
use crate::model::NodeRef;
use crate::store::graph as rows;
use crate::store::scans::{self, CoverageRow};

/// The lists of one system.
#[derive(Debug, Clone, Copy)]
pub struct Lists<'l> {
    /// The store.
    pub conn: &'l Connection,
    /// The moment; now, if none is given.
    pub as_of: Option<Timestamp>,
    /// The system's manifest.
    pub manifest: &'l Manifest,
    /// Its name.
    pub system: &'l str,
}

impl Lists<'_> {
    /// The people, by HR's key, who alone may stand in a list; none where anybody may, or where that isn't known.
    ///
    /// # Errors
    /// The database's.
    pub fn whose(&self, row: &CoverageRow) -> Result<Option<BTreeSet<String>>> {
        if !of_one_person(self.manifest, &row.collection) || tells_of_others(self.manifest, &row.collection) {
            return Ok(None);
        }
        self.read_for(&row.collection, &row.parent)
    }

    /// For whom a list was read, or what it was listed below; none where that isn't known.
    fn read_for(&self, collection: &str, parent: &str) -> Result<Option<BTreeSet<String>>> {
        let Some(above) = self.manifest.collection(collection).and_then(|collection| collection.for_each.as_deref()) else {
            return Ok(None);
        };
        if above == "people" {
            return Ok(Some(BTreeSet::from([parent.to_owned()])));
        }
        let listed = self.manifest.collection(above).and_then(|above| above.yields.iter().find_map(raw::Yield::node));
        let Some((kind, _)) = listed else { return Ok(None) };
        let node = NodeRef::new(kind, parent);
        let owners = match rows::find_node(self.conn, self.system, &node)? {
            Some(node) => Graph::owners_of(self.conn, self.as_of, node)?,
            None => BTreeSet::new(),
        };
        if !owners.is_empty() {
            return Ok(Some(owners));
        }
        let parents = scans::listed_for(self.conn, self.system, above, &node)?;
        let mut all = BTreeSet::new();
        for parent in &parents {
            match self.read_for(above, parent)? {
                Some(owners) => all.extend(owners),
                None => return Ok(None),
            }
        }
        Ok((!parents.is_empty()).then_some(all))
    }
}

/// Whether a collection is read for watched people alone, or below one that is.
fn of_one_person(manifest: &Manifest, name: &str) -> bool {
    let Some(collection) = manifest.collection(name) else { return false };
    let parent = collection.for_each.as_deref();
    collection.watched || parent == Some("people") || parent.is_some_and(|parent| parent != name && of_one_person(manifest, parent))
}

/// Whether a collection, or one that is read for what it lists, shows what others have than the one it is read for.
fn tells_of_others(manifest: &Manifest, name: &str) -> bool {
    let own = manifest.collection(name).is_some_and(|collection| collection.yields.iter().any(names_somebody));
    let below = || manifest.see.iter().filter(|(child, collection)| child != name && collection.for_each.as_deref() == Some(name));
    own || below().any(|(child, _)| tells_of_others(manifest, child))
}

/// Whether a yield names an account, a person or an address that comes from the record itself.
fn names_somebody(told: &raw::Yield) -> bool {
    let ends = [&told.from, &told.to, &told.held_by, &told.owned_by, &told.account, &told.person];
    let node = [&told.account, &told.person];
    ends.into_iter().flatten().any(|source| {
        let names = || source.contains("account(") || source.contains("address(") || source.contains("aka(") || source.contains("person(");
        let is_node = node.iter().any(|key| key.as_ref() == Some(source));
        let of_record =
            || Expr::compile(source).map_or(true, |expr| expr.names().iter().any(|name| matches!(*name, "it" | "outer" | "body")));
        (is_node || names()) && of_record()
    })
}
