-- What was told to whom: a task that became a ticket, an event that somebody heard of. One row is one ticket or one message, and its journal.

CREATE TABLE delivery (
  id        INTEGER PRIMARY KEY,
  key       TEXT NOT NULL,                  -- what it is found by where it went: exeunt-<departure>-<task or event>-<when that began>
  system    TEXT NOT NULL,                  -- the system that carries it
  kind      TEXT NOT NULL CONSTRAINT known_kind CHECK (kind IN ('ticket', 'notice')),
  event     TEXT NOT NULL,                  -- task, opened, approval, stuck, overdue, ended, closed
  receiver  TEXT NOT NULL,                  -- a channel, an address; empty for a ticket
  departure INTEGER REFERENCES departure(id),
  task      INTEGER REFERENCES task(id),
  state     TEXT NOT NULL CONSTRAINT known_state CHECK (state IN ('due', 'sending', 'told', 'done', 'moot')),
                                            -- sending: a call is under way, or was when we were cut off; told: there, by a fresh read of a
                                            -- ticket; done: nothing more to do; moot: what it was about had passed before it could be told
  created   INTEGER NOT NULL,
  due       INTEGER NOT NULL,               -- when it is tried next
  tries     INTEGER NOT NULL DEFAULT 0,     -- since it last went well
  tried     INTEGER,                        -- when its last call left
  told      INTEGER,                        -- when it was there
  looked    INTEGER,                        -- when the ticket was last read
  ticket    TEXT,                           -- the ticket's id there
  url       TEXT,                           -- its address for people
  why       TEXT,                           -- what went wrong last; null when all is well
  UNIQUE (system, key, receiver)
) STRICT;
CREATE INDEX delivery_live ON delivery (due) WHERE state IN ('due', 'sending', 'told');
