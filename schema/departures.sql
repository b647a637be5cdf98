-- Departures: one person's case from notice to closed, its actions, their journal, and the tasks for people.

CREATE TABLE departure (
  id         INTEGER PRIMARY KEY,
  person     INTEGER NOT NULL REFERENCES node(id),
  mode       TEXT NOT NULL CONSTRAINT known_mode CHECK (mode IN ('notice', 'departure', 'leave')),
  state      TEXT NOT NULL CONSTRAINT known_state CHECK (state IN ('scheduled', 'waiting', 'running', 'open', 'closed', 'cancelled')),
  source     TEXT NOT NULL,                 -- cli, webhook, poll
  cause      TEXT NOT NULL,                 -- what HR or the operator said, in words
  event      TEXT UNIQUE,                   -- the HR event's identity: the same event twice is one case (marked when HR took it back, so that it may be said anew)
  effective  INTEGER NOT NULL,              -- when it takes effect
  created    INTEGER NOT NULL,
  started    INTEGER,                       -- when the first call left
  proved     INTEGER,                       -- when the last proof came in
  ended      INTEGER,
  plan_hash  TEXT,                          -- sha256 of the exact plan; an approval is bound to it
  plan       TEXT,                          -- JSON: the plan as it was proved on the graph
  approved   TEXT,                          -- who approved that plan
  summary    TEXT,                          -- JSON: the outcome, once it ran
  lease_by   TEXT,                          -- JSON: the process that runs it now
  lease_until INTEGER,                      -- until when, where it can't be told whether that process lives
  fence      INTEGER NOT NULL DEFAULT 0     -- how often it was taken; a run writes under its number while that is the newest
) STRICT;
CREATE UNIQUE INDEX departure_live ON departure (person, mode) WHERE state IN ('scheduled', 'waiting', 'running', 'open');

-- The accounts that a case took: they are the leaver's for as long as the case lives, whatever the links say later.
CREATE TABLE departure_account (
  departure INTEGER NOT NULL REFERENCES departure(id),
  account   INTEGER NOT NULL REFERENCES node(id),
  since     INTEGER NOT NULL,
  PRIMARY KEY (departure, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE action (
  id         INTEGER PRIMARY KEY,
  departure  INTEGER NOT NULL REFERENCES departure(id),
  number     INTEGER NOT NULL,              -- its place in the plan, from 1
  system     TEXT NOT NULL,
  name       TEXT NOT NULL,                 -- the manifest's name for it: suspend
  label      TEXT NOT NULL,                 -- for people: suspend rafael.okonjo@… in okta
  spec       TEXT NOT NULL,                 -- JSON: what its templates need, so that it can be fired again after a crash
  state      TEXT NOT NULL CONSTRAINT known_state CHECK (state IN ('planned', 'fired', 'accepted', 'gone', 'refused', 'stuck', 'handed_off')),
  verdict    TEXT CONSTRAINT known_verdict CHECK (verdict IN ('gone', 'claimed', 'present', 'unknown')),
  why        TEXT,                          -- the reason of a refusal, of a doubt, or what lives on
  job        TEXT,                          -- the asynchronous job's id, once the system gave one
  sent       INTEGER,                       -- when its first call left
  proved     INTEGER,                       -- when a fresh read showed it
  tries      INTEGER NOT NULL DEFAULT 0,
  UNIQUE (departure, number)
) STRICT;

-- The journal: every move of every action, written before the act it announces.
CREATE TABLE action_event (
  id     INTEGER PRIMARY KEY,
  action INTEGER NOT NULL REFERENCES action(id),
  at     INTEGER NOT NULL,
  state  TEXT NOT NULL,                     -- the state it moved to
  detail TEXT NOT NULL                      -- JSON: status, digest of the reply, reason
) STRICT;
CREATE INDEX action_event_action ON action_event (action);

CREATE TABLE task (
  id        INTEGER PRIMARY KEY,
  departure INTEGER REFERENCES departure(id),
  action    INTEGER REFERENCES action(id),  -- the action that it stands for, if it does
  role      TEXT NOT NULL,                  -- hr it legal security facilities finance
  title     TEXT NOT NULL,
  steps     TEXT NOT NULL,
  attach    TEXT,                           -- what must be attached when it is done
  state     TEXT NOT NULL CONSTRAINT known_state CHECK (state IN ('open', 'done')),
  created   INTEGER NOT NULL,
  due       INTEGER NOT NULL,
  done_at   INTEGER,
  done_by   TEXT,
  note      TEXT,
  evidence  TEXT,                           -- sha256:… of the attached file
  CONSTRAINT done_by_somebody CHECK ((state = 'done') = (done_at IS NOT NULL))
) STRICT;

-- Webhooks taken, so that a repeated one changes nothing; and whom HR asked us to look at.
CREATE TABLE webhook (
  digest   TEXT PRIMARY KEY,                -- of the system and of what was signed
  at       INTEGER NOT NULL,
  system   TEXT NOT NULL,                   -- the HR system
  employee TEXT NOT NULL,                   -- the employee's key there
  looked   INTEGER CONSTRAINT yes_or_no CHECK (looked IN (0, 1)) NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
