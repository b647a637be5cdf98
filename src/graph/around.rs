//! The graph around a person: what they reach, and what stands beside it that a plan or a report asks for. It is read from the store by walking, so
//! that it costs what the person has, not what the company has. Whoever asks it gets the answer that the whole graph would give (a test holds the two
//! against each other):
//!
//! - everything that can be reached from the people asked for, by any edges, with the addresses that are theirs;
//! - who may act for what is reached, gets its mail, holds, uses or owns it, and the links that opens it; of what hangs on their accounts
//!   also who can access it;
//! - whose accounts all of these are.
//!
//! Who else is a member of a group is left out: nobody asks, and there may be a hundred thousand.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::Timestamp;
use rusqlite::Connection;

use super::snapshot::Graph;
use super::walk::{Walk, is_sure};
use crate::model::{NodeId, NodeKind};
use crate::store::graph as rows;

/// What a graph is read around.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The people whose reach is asked for.
    pub people: Vec<NodeId>,
    /// Other people who are to be known, with their accounts.
    pub besides: Vec<NodeId>,
    /// Accounts that are to be known where they are there: system, and key or address or name.
    pub named: Vec<(String, String)>,
}

impl Graph {
    /// Reads the graph around people, as it is now, or as it was at a moment.
    ///
    /// # Errors
    /// The store's.
    pub fn around(conn: &Connection, as_of: Option<Timestamp>, around: &Around) -> Result<Self> {
        let mut walk = Walk::new(conn, as_of)?;
        for person in &around.people {
            walk.start(*person)?;
        }
        walk.go()?;
        for person in &around.besides {
            walk.know(*person)?;
        }
        for (system, key) in &around.named {
            walk.find(system, key)?;
        }
        walk.finish()
    }

    /// Reads everybody, and nothing that they have; whoever HR has no record of any more with what shows that they are known. Links that were sure
    /// once and are disputed now are read too.
    ///
    /// # Errors
    /// The store's.
    pub fn of_people(conn: &Connection, as_of: Option<Timestamp>) -> Result<Self> {
        let mut walk = Walk::new(conn, as_of)?;
        for row in rows::of_kind(conn, as_of, NodeKind::Person)? {
            walk.add(row);
        }
        for person in rows::ids_of_kind(conn, NodeKind::Person)? {
            walk.meet(person)?;
        }
        // Whose account it is that shows somebody else by now is everybody's question.
        for link in rows::disputed(conn, as_of)? {
            walk.load(link.account)?;
            walk.links.insert(link.id, link);
        }
        walk.finish()
    }

    /// The people, by HR's key, whose account or address this surely is, and a system shows it.
    ///
    /// # Errors
    /// The store's.
    pub fn owners_of(conn: &Connection, as_of: Option<Timestamp>, account: NodeId) -> Result<BTreeSet<String>> {
        let mut walk = Walk::new(conn, as_of)?;
        walk.load(account)?;
        if !walk.is_shown(account)? {
            return Ok(BTreeSet::new());
        }
        let links = rows::links_to(conn, as_of, account)?.into_iter().filter(is_sure).map(|link| link.person);
        let taken = walk.taken.iter().filter(|(_, of, _)| *of == account).map(|(person, ..)| *person);
        let people: BTreeSet<NodeId> = links.chain(taken).collect();
        let key = |person| Ok(rows::node_rows(conn, as_of, person)?.into_iter().next().map(|row| row.node.key));
        people.into_iter().filter_map(|person| key(person).transpose()).collect()
    }
}
