-- The audit log: entries that are only ever added, the tree heads signed over them, the key that signs,
-- and the files that entries name. An entry is written in the transaction of the change it records.

CREATE TABLE audit_entry (
  -- place in the log, from 0 without gaps; it is also the leaf index in the Merkle tree
  seq     INTEGER PRIMARY KEY,
  -- the departure this entry belongs to (the body's `case`), null for entries of no case
  case_id TEXT,
  -- the entry: RFC 8785 canonical JSON, short enough for the 16-bit lengths of a tlog-tiles entry bundle
  body    BLOB NOT NULL,
  -- RFC 6962 leaf hash: SHA-256 of a zero byte and the body
  leaf    BLOB NOT NULL,
  CONSTRAINT audit_entry_counts_from_zero CHECK (seq >= 0),
  CONSTRAINT audit_entry_case_is_named CHECK (case_id <> ''),
  CONSTRAINT audit_entry_body_fits_a_bundle CHECK (length(body) BETWEEN 2 AND 65535),
  CONSTRAINT audit_entry_leaf_is_a_sha256 CHECK (length(leaf) = 32)
) STRICT;

CREATE INDEX audit_entry_by_case ON audit_entry (case_id, seq) WHERE case_id IS NOT NULL;

CREATE TABLE audit_checkpoint (
  -- how many entries the signed tree holds
  size      INTEGER PRIMARY KEY,
  -- RFC 6962 root hash of those entries
  root      BLOB NOT NULL,
  -- the checkpoint as published: a C2SP signed note
  note      TEXT NOT NULL,
  -- when it was signed, RFC 3339 in UTC; our clock's word, not covered by the signature
  signed_at TEXT NOT NULL,
  CONSTRAINT audit_checkpoint_size_is_a_count CHECK (size >= 0),
  CONSTRAINT audit_checkpoint_root_is_a_sha256 CHECK (length(root) = 32),
  CONSTRAINT audit_checkpoint_note_is_signed CHECK (instr(note, char(10, 10)) > 0)
) STRICT;

CREATE TABLE audit_key (
  -- the log's name: first line of every checkpoint, and the name its key signs under
  origin TEXT PRIMARY KEY,
  -- verifier key `origin+hash+base64`; public. The secret half is a file and never comes here
  vkey   TEXT NOT NULL,
  -- when this log was first signed, RFC 3339 in UTC
  since  TEXT NOT NULL,
  CONSTRAINT audit_key_is_of_its_origin CHECK (substr(vkey, 1, length(origin) + 1) = origin || '+')
) STRICT;

CREATE TABLE evidence_file (
  -- SHA-256 of the bytes, lower-case hexadecimal; entries name it as `sha256:…`
  sha256     TEXT PRIMARY KEY,
  -- what the file was called when it was attached first
  name       TEXT NOT NULL,
  -- media type, such as application/json
  media_type TEXT NOT NULL,
  -- the file itself
  bytes      BLOB NOT NULL,
  CONSTRAINT evidence_file_is_named_by_sha256 CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
  CONSTRAINT evidence_file_has_a_name CHECK (name <> '')
) STRICT;

-- These stop accidents and careless tools. Who may drop a trigger can still alter a row: that is what the tree is for.
CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER audit_entry_is_never_deleted BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;
CREATE TRIGGER audit_checkpoint_is_never_changed BEFORE UPDATE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are never changed'); END;
CREATE TRIGGER audit_checkpoint_is_never_deleted BEFORE DELETE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are never deleted'); END;
CREATE TRIGGER evidence_file_is_never_changed BEFORE UPDATE ON evidence_file
BEGIN SELECT RAISE(ABORT, 'evidence files are never changed'); END;
