-- Scans: what was read when, how completely, and how far a scan under way has come.

CREATE TABLE scan (
  id       INTEGER PRIMARY KEY,
  system   INTEGER NOT NULL REFERENCES system(id),
  person   INTEGER REFERENCES node(id),     -- read for this person alone; null for the whole system
  started  INTEGER NOT NULL,
  ended    INTEGER,                         -- null: under way, or cut off (a later scan takes its pages over)
  outcome  TEXT CONSTRAINT known_outcome CHECK (outcome IN ('complete', 'gaps', 'failed', 'resumed')),
  problem  TEXT,                            -- why it failed, or the rights that were missing
  calls    INTEGER NOT NULL DEFAULT 0,      -- calls made
  CONSTRAINT ended_somehow CHECK ((ended IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX scan_system ON scan (system, started);

-- How completely a scan read a scope. Only a complete one closes what it no longer saw.
CREATE TABLE coverage (
  scan     INTEGER NOT NULL REFERENCES scan(id),
  scope    INTEGER NOT NULL REFERENCES scope(id),
  extent   TEXT NOT NULL CONSTRAINT known_extent CHECK (extent IN ('whole', 'changes', 'person')),  -- what was asked for: the whole list, what changed in it, or one person's records, which say nothing of the list
  complete INTEGER NOT NULL CONSTRAINT yes_or_no CHECK (complete IN (0, 1)),
  reason   TEXT,                            -- why it is a gap
  seen     INTEGER NOT NULL,                -- observations
  opened   INTEGER NOT NULL,                -- intervals opened
  closed   INTEGER NOT NULL,                -- intervals closed
  drift    TEXT,                            -- JSON list: attributes that no record filled, though an earlier scan had them
  at       INTEGER NOT NULL,
  PRIMARY KEY (scan, scope),
  CONSTRAINT a_gap_has_a_reason CHECK ((complete = 1) = (reason IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX coverage_scope ON coverage (scope, at);

-- Pages of a list that goes on, kept until their scope is written as a whole: after a crash the next scan goes on from them.
CREATE TABLE staged_page (
  scan       INTEGER NOT NULL REFERENCES scan(id),
  collection TEXT NOT NULL,
  parent     TEXT NOT NULL,
  number     INTEGER NOT NULL,              -- from 1
  body       BLOB NOT NULL,                 -- JSON: of its records what the scan reads
  checkpoint TEXT NOT NULL,                 -- where the next page is
  at         INTEGER NOT NULL,
  PRIMARY KEY (scan, collection, parent, number)
) STRICT, WITHOUT ROWID;

-- The account that our own credential belongs to in each system: the branch we sit on.
CREATE TABLE own_account (
  system INTEGER NOT NULL REFERENCES system(id),
  hand   TEXT NOT NULL CONSTRAINT known_hand CHECK (hand IN ('read', 'revoke', 'tell')),
  key    TEXT NOT NULL,                     -- the account's key (or address) as preflight saw it
  at     INTEGER NOT NULL,
  PRIMARY KEY (system, hand)
) STRICT, WITHOUT ROWID;

-- When each scheduled job last ran for which due time, so that one missed while we were down runs once.
CREATE TABLE schedule (
  job  TEXT PRIMARY KEY,                    -- scan:okta-prod, poll:bamboohr
  due  INTEGER NOT NULL,                    -- the due time that was served last
  ran  INTEGER NOT NULL                     -- when
) STRICT, WITHOUT ROWID;
