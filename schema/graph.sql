-- The living graph: who has what, and since when. Nothing is ever deleted; intervals are closed.
-- Every moment is in microseconds since 1970, UTC. An open interval has no end (until IS NULL).

CREATE TABLE system (
  id       INTEGER PRIMARY KEY,             -- 0 is nobody's system: mail addresses, which belong to all
  name     TEXT NOT NULL UNIQUE,            -- as the settings file calls it: okta-prod
  scanner  TEXT NOT NULL,                   -- the manifest that speaks to it: okta
  category TEXT NOT NULL                    -- the manifest's category: sso, directory, badge …
) STRICT;

CREATE TABLE scope (
  id         INTEGER PRIMARY KEY,
  system     INTEGER NOT NULL REFERENCES system(id),
  collection TEXT NOT NULL,                 -- the name under `see` in the manifest
  parent     TEXT NOT NULL DEFAULT '',      -- the parent node's key, for a collection that is read per parent; else empty
  mark       TEXT,                          -- where the next delta read begins, as the manifest's `delta.mark` gave it
  full_at    INTEGER,                       -- when it was last read as a whole and complete
  UNIQUE (system, collection, parent)
) STRICT;

CREATE TABLE node (
  id     INTEGER PRIMARY KEY,               -- this node's identity for as long as the store lives
  system INTEGER NOT NULL REFERENCES system(id),
  kind   TEXT NOT NULL,                     -- person account group role app resource credential device; address and aka are names that are resolved on reading
  key    TEXT NOT NULL,                     -- the system's own stable key
  UNIQUE (system, kind, key)
) STRICT;

CREATE TABLE node_seen (
  id        INTEGER PRIMARY KEY,
  node      INTEGER NOT NULL REFERENCES node(id),
  scope     INTEGER NOT NULL REFERENCES scope(id),  -- who said so
  type      TEXT NOT NULL,                  -- ssh_key, file …; empty where the kind says it all
  name      TEXT,                           -- what people call it
  attrs     TEXT NOT NULL,                  -- JSON object: everything else the manifest yields
  aka       TEXT NOT NULL,                  -- JSON list: other names within its system
  hash      INTEGER NOT NULL,               -- of type, name, aka and the lasting attributes: a change of it is a new interval
  touch     INTEGER NOT NULL,               -- of the fleeting attributes (last_used …), which are updated in place
  since     INTEGER NOT NULL,
  until     INTEGER,
  opened_by INTEGER NOT NULL REFERENCES scan(id),
  closed_by INTEGER REFERENCES scan(id),
  CONSTRAINT ends_after_it_begins CHECK (until IS NULL OR until >= since),
  CONSTRAINT closed_by_a_scan CHECK ((until IS NULL) = (closed_by IS NULL))
) STRICT;
CREATE INDEX node_seen_open ON node_seen (scope) WHERE until IS NULL;
CREATE INDEX node_seen_node ON node_seen (node);

-- What nodes are looked for by. A name holds as long as the row that says it.
CREATE TABLE name (
  word TEXT NOT NULL,                       -- in the form in which two spellings of it are one
  use  TEXT NOT NULL CONSTRAINT known_use CHECK (use IN ('aka', 'address', 'label')),  -- label: what people call an account or a person
  seen INTEGER NOT NULL REFERENCES node_seen(id),
  PRIMARY KEY (word, use, seen)
) STRICT, WITHOUT ROWID;

CREATE TABLE edge_seen (
  id        INTEGER PRIMARY KEY,
  src       INTEGER NOT NULL REFERENCES node(id),   -- who has
  kind      TEXT NOT NULL,                  -- member_of assigned permits holds opens can_access signs_in_to delegate_of receives_mail_of uses owns
  dst       INTEGER NOT NULL REFERENCES node(id),   -- what they have
  scope     INTEGER NOT NULL REFERENCES scope(id),  -- who said so
  level     TEXT,                           -- read write admin owner, where known
  attrs     TEXT NOT NULL,                  -- JSON object
  hash      INTEGER NOT NULL,               -- of level and attributes: part of the identity, for two grants of one thing are two edges
  since     INTEGER NOT NULL,
  until     INTEGER,
  opened_by INTEGER NOT NULL REFERENCES scan(id),
  closed_by INTEGER REFERENCES scan(id),
  CONSTRAINT ends_after_it_begins CHECK (until IS NULL OR until >= since),
  CONSTRAINT closed_by_a_scan CHECK ((until IS NULL) = (closed_by IS NULL))
) STRICT;
CREATE INDEX edge_seen_open ON edge_seen (scope) WHERE until IS NULL;
CREATE INDEX edge_seen_src ON edge_seen (src);
CREATE INDEX edge_seen_dst ON edge_seen (dst, kind);

-- The claim that an account is a person's. Only `certain` and `confirmed` links are acted on without a person's word.
CREATE TABLE link (
  id         INTEGER PRIMARY KEY,
  person     INTEGER NOT NULL REFERENCES node(id),
  account    INTEGER NOT NULL REFERENCES node(id),  -- an account, or an address that stands for one
  state      TEXT NOT NULL CONSTRAINT known_state CHECK (state IN ('certain', 'likely', 'disputed', 'confirmed', 'rejected')),
  confidence REAL NOT NULL CONSTRAINT a_share CHECK (confidence BETWEEN 0 AND 1),
  evidence   TEXT NOT NULL,                 -- JSON list of texts: what speaks for it, or did when the rules last were sure
  doubt      TEXT,                          -- why a person should look although it is acted on: no longer supported by …; null where nothing is in doubt
  decided_by TEXT,                          -- who confirmed or rejected it; null while only the rules speak
  since      INTEGER NOT NULL,
  until      INTEGER,
  CONSTRAINT ends_after_it_begins CHECK (until IS NULL OR until >= since),
  CONSTRAINT people_decide CHECK ((state IN ('confirmed', 'rejected')) = (decided_by IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX link_open ON link (person, account) WHERE until IS NULL;
CREATE INDEX link_person ON link (person);
CREATE INDEX link_account ON link (account);

CREATE TABLE finding (
  id       INTEGER PRIMARY KEY,
  key      TEXT NOT NULL,                   -- check|person|system|subject: the same finding night after night
  "check"  TEXT NOT NULL,                   -- mail-forwarding
  code     TEXT NOT NULL,                   -- S11
  severity TEXT NOT NULL CONSTRAINT known_severity CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  person   INTEGER REFERENCES node(id),     -- whose access; null for a gap that concerns everyone
  system   TEXT NOT NULL,
  node     INTEGER REFERENCES node(id),     -- the node it is about, where it is about one
  subject  TEXT NOT NULL,                   -- the key of what it is about
  label    TEXT NOT NULL,                   -- what people call the subject
  title    TEXT NOT NULL,                   -- one line: what is wrong
  facts    TEXT NOT NULL,                   -- JSON list of texts: what it rests on
  remedy   TEXT NOT NULL,                   -- what to do
  first    INTEGER NOT NULL,                -- first found
  since    INTEGER NOT NULL,                -- found so, with these facts; other facts are another row of the same key
  until    INTEGER,                         -- no longer found so
  reason   TEXT,                            -- why it ended: 'changed' where the next row of the key goes on; else the proof that it is gone, or that it was not found any more
  CONSTRAINT ends_after_it_begins CHECK (until IS NULL OR until >= since),
  CONSTRAINT ends_for_a_reason CHECK ((until IS NULL) = (reason IS NULL))
) STRICT;
CREATE UNIQUE INDEX finding_open ON finding (key) WHERE until IS NULL;
