//! What people are told, and where a delivery stands.

use super::access::words;
use std::fmt;
use std::str::FromStr;

words! {
    /// What a delivery is.
    DeliveryKind {
        /// A task, as a ticket.
        Ticket = "ticket",
        /// A message.
        Notice = "notice",
    }
}

words! {
    /// What people are told about.
    TellEvent {
        /// There is a task for them.
        Task = "task",
        /// A departure was opened.
        Opened = "opened",
        /// A departure waits for an approval.
        Approval = "approval",
        /// An action is refused or stuck: somebody must look.
        Stuck = "stuck",
        /// A task should have been done by now.
        Overdue = "overdue",
        /// A departure has run: what came of it.
        Ended = "ended",
        /// A departure is closed: nothing is left to do.
        Closed = "closed",
        /// Something of exeunt's own doesn't work, or works again: HR can't be heard, the log can't be signed.
        Trouble = "trouble",
    }
}

words! {
    /// Where a delivery stands.
    DeliveryState {
        /// To be made; nothing has left.
        Due = "due",
        /// A call is under way, or its outcome isn't known: it is looked for before anything leaves again.
        Sending = "sending",
        /// The ticket is there, and open.
        Told = "told",
        /// Nothing more to do.
        Done = "done",
        /// What it was about had passed before it could be told.
        Moot = "moot",
    }
}

impl DeliveryState {
    /// Whether a delivery may move from this state to `next`. Every legal move stands here.
    pub fn may_become(self, next: Self) -> bool {
        use DeliveryState::{Done, Due, Moot, Sending, Told};
        matches!(
            (self, next),
            (Due, Due | Sending | Told | Moot)
                // Due again: the system said no, so that surely nothing was made.
                | (Sending, Sending | Due | Told | Done | Moot)
                | (Told, Told | Done)
        )
    }
}
