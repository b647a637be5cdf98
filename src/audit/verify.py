#!/usr/bin/env python3
"""Checks an evidence bundle with nothing but Python 3.9 or later and, for the signature, openssl.

    python3 verify.py                       the bundle that this file lies in
    python3 verify.py evidence.zip          a zip, or a folder
    python3 verify.py --vkey KEY [BUNDLE]   with the key you were given by another way (better)
    python3 verify.py --since FILE [BUNDLE] the log must begin with what an earlier checkpoint or bundle signs

Exit code 0: all checks passed. 1: something is wrong, each thing is named. 2: a check could not be made.
Hashing is RFC 6962, layout c2sp.org/tlog-tiles, checkpoint c2sp.org/signed-note, proofs c2sp.org/tlog-proof.
"""

import base64
import binascii
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

WIDTH = 256


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(entry):
    return sha256(b"\x00", entry)


def node_hash(left, right):
    return sha256(b"\x01", left, right)


def root_of(hashes):
    """The root of a tree. Pairing level by level, an odd last one moves up, gives RFC 6962's tree."""
    if not hashes:
        return sha256()
    while len(hashes) > 1:
        odd = hashes[len(hashes) & ~1:]
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)] + odd
    return hashes[0]


def leads_to(leaf, index, size, path):
    """The root that a proof of inclusion leads to (RFC 9162, 2.1.3.2); None if the proof has the wrong length."""
    node, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        node, last = node >> 1, last >> 1
    return value if last == 0 else None


def tile_path(level, n, width):
    path, n = "%03d" % (n % 1000), n // 1000
    while n:
        path, n = "x%03d/%s" % (n % 1000, path), n // 1000
    return "tile/%s/%s%s" % (level, path, "" if width == WIDTH else ".p/%d" % width)


def unbase64(text):
    return base64.b64decode(text, validate=True)


class Bundle:
    """The files, zipped or not."""

    def __init__(self, path):
        self.zip = None if os.path.isdir(path) else zipfile.ZipFile(path)
        self.folder = path
        if self.zip:
            told = [name for name in self.zip.namelist() if not name.endswith("/")]
            self.names = set(told)
            self.twice = sorted({name for name in told if told.count(name) > 1}) if len(told) > len(self.names) else []
        else:
            self.names, self.twice = set(), []
            for folder, _, files in os.walk(path):
                for file in files:
                    self.names.add(os.path.relpath(os.path.join(folder, file), path).replace(os.sep, "/"))

    def read(self, name):
        if name not in self.names:
            return None
        if self.zip:
            return self.zip.read(name)
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()


class Check:
    def __init__(self, bundle):
        self.bundle, self.wrong, self.unknown = bundle, 0, 0
        # Each file that was needed: a bundle has no other.
        self.expected = set()

    def bad(self, message):
        self.wrong += 1
        print("WRONG    " + message)

    def unsure(self, message):
        self.unknown += 1
        print("UNKNOWN  " + message)

    def good(self, message):
        print("ok       " + message)

    def need(self, name):
        self.expected.add(name)
        content = self.bundle.read(name)
        if content is None:
            self.bad("%s: missing" % name)
        return content

    def checkpoint(self):
        """The text that is signed, its signature lines, and what it says."""
        note = self.need("checkpoint")
        if note is None:
            return None
        try:
            return (note.decode(),) + parse_note(note.decode())
        except (ValueError, binascii.Error) as error:
            return self.bad("checkpoint: not a signed checkpoint (%s)" % error)

    def since(self, path, vkey, leaves):
        """Whether the log begins with what was signed earlier."""
        try:
            text, origin, size, root, signatures = earlier(path)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            return self.unsure("%s: no checkpoint could be read (%s)" % (path, error))
        self.signature(vkey, text, origin, signatures)
        if size > len(leaves):
            self.bad("%s: it was signed earlier, and this log has %d entries only: it was cut back, or it is another" % (path, len(leaves)))
        elif root_of(leaves[:size]) != root:
            self.bad("%s: it was signed earlier, and this log doesn't begin with those entries" % path)
        else:
            self.good("the log begins with the %d entries that %s signs" % (size, path))

    def signature(self, vkey, text, origin, signatures):
        given = vkey is not None
        if not given:
            content = self.need("log.vkey")
            if content is None:
                return
            vkey = content.decode("utf-8", "replace").strip()
        try:
            name, key_id, key = vkey.split("+", 2)
            key = unbase64(key)
            if key[:1] != b"\x01" or len(key) != 33 or sha256(name.encode(), b"\n", key)[:4].hex() != key_id:
                raise ValueError("its parts don't fit")
        except (ValueError, binascii.Error) as error:
            return self.bad("verifier key: not an Ed25519 key in the form origin+hash+base64 (%s)" % error)
        if name != origin:
            return self.bad("checkpoint: it is of the log %s, the key is of %s" % (origin, name))
        ours = [s[4:] for (n, s) in signatures if n == name and s[:4].hex() == key_id]
        if not ours:
            return self.bad("checkpoint: not signed by %s" % vkey)
        openssl = shutil.which("openssl")
        if not openssl:
            return self.unsure("signature: not checked, no openssl on this machine; everything else doesn't need it")
        for signature in ours:
            verdict, said = run_openssl(openssl, key[1:], text.encode(), signature)
            if verdict is None:
                return self.unsure("signature: not checked, this openssl can't (version 3 can): %s" % said)
            if not verdict:
                return self.bad("checkpoint: its signature is not valid: text or signature was altered")
        self.good("signature by %s" % vkey)
        if not given:
            print("         that key came with the bundle: compare it with the one you were given by another way")

    def leaves(self, size):
        """The hash in every place, from the lowest tiles."""
        leaves = []
        # A checkpoint may claim any size; only so much can be in these files.
        for n in range(min(-(-size // WIDTH), len(self.bundle.names))):
            width = min(WIDTH, size - n * WIDTH)
            tile = self.need(tile_path("0", n, width)) or b""
            if len(tile) != 32 * width:
                self.bad("%s: not %d hashes long" % (tile_path("0", n, width), width))
            tile = tile.ljust(32 * width, b"\x00")
            leaves += [tile[32 * i:32 * i + 32] for i in range(width)]
        return leaves

    def entries(self, size, leaves):
        """Every entry against its place; returns them by place, or None where the bundle withholds them."""
        if not any(name.startswith("tile/entries/") for name in self.bundle.names):
            print("         entries of other cases are withheld: which entries this case has is its last entry's word")
            return None
        found, fits = {}, 0
        for n in range(-(-len(leaves) // WIDTH)):
            width = min(WIDTH, size - n * WIDTH)
            rest, place = self.need(tile_path("entries", n, width)) or b"", n * WIDTH
            while len(rest) >= 2 and place < n * WIDTH + width:
                length = int.from_bytes(rest[:2], "big")
                body, rest = rest[2:2 + length], rest[2 + length:]
                found[place], place = body, place + 1
            if rest:
                self.bad("%s: does not end with its last entry" % tile_path("entries", n, width))
            for gone in range(place, n * WIDTH + width):
                self.bad("entry %d: missing" % gone)
        for place, body in sorted(found.items()):
            says = field(body, "seq")
            if leaf_hash(body) != leaves[place]:
                if isinstance(says, int) and says != place and 0 <= says < size and leaf_hash(body) == leaves[says]:
                    self.bad("entry %d: reordered, the entry that stands here is number %d" % (place, says))
                else:
                    self.bad("entry %d: altered, its bytes are not those that were hashed" % place)
            elif says != place:
                self.bad("entry %d: reordered, the entry that stands here is number %s" % (place, says))
            else:
                fits += 1
        if fits == size:
            self.good("%d entries, each in its place and unaltered" % fits)
        return found

    def tree(self, size, root, leaves, found):
        if len(leaves) == size and root_of(leaves) == root:
            self.good("root hash of %d entries is the signed one" % size)
        elif found is not None and len(found) == size and root_of([leaf_hash(found[i]) for i in range(size)]) == root:
            self.bad("tile/0: altered; the entries themselves give the signed root")
        else:
            self.bad("entries 0 to %d: at least one is not what was signed (root hash differs)" % (size - 1))
        level = 1
        below = leaves
        while len(below) >= WIDTH:
            below = [root_of(below[i:i + WIDTH]) for i in range(0, len(below) - WIDTH + 1, WIDTH)]
            for n in range(-(-len(below) // WIDTH)):
                tile = below[n * WIDTH:n * WIDTH + WIDTH]
                path = tile_path(str(level), n, len(tile))
                content = self.need(path)
                if content is not None and content != b"".join(tile):
                    self.bad("%s: its hashes are not those of the level below" % path)
            level += 1

    def case(self, note, size, root, leaves, found):
        lines = self.need("case.jsonl")
        if lines is None:
            return
        problems, cases, seqs, evidence, last = self.wrong, set(), [], {}, b""
        for line in lines.removesuffix(b"\n").split(b"\n"):
            seq = field(line, "seq")
            if not isinstance(seq, int) or seq < 0:
                self.bad("case.jsonl: a line is not an entry")
                continue
            seqs.append(seq)
            last = line
            cases.add(field(line, "case"))
            if seq < len(leaves) and leaf_hash(line) != leaves[seq]:
                self.bad("case.jsonl: entry %d is altered" % seq)
            self.proof(note, seq, size, root, leaf_hash(line))
            for digest in field(line, "evidence") or []:
                evidence.setdefault(digest, seq)
        if len(cases) != 1 or None in cases:
            self.bad("case.jsonl: it should hold one case and holds %d" % len(cases))
        if seqs != sorted(set(seqs)):
            self.bad("case.jsonl: its entries are out of order")
        for place, body in sorted((found or {}).items()):
            if field(body, "case") in cases - {None} and place not in seqs:
                self.bad("case.jsonl: entry %d belongs to the case and is left out" % place)
        if self.wrong == problems:
            self.good("%d entries of the case %s, each proved to be in the signed log" % (len(seqs), cases.pop()))
        self.files(evidence)
        self.manifest(seqs, last)

    def manifest(self, seqs, last):
        """The files that no entry names by itself: their digests stand in files.json, and its own in the case's last entry."""
        for name in self.bundle.twice:
            self.bad("%s: it is in the zip twice" % name)
        text = self.need("files.json")
        detail = field(last, "detail") if field(last, "act") == "evidence.bundled" else None
        signed = detail.get("files") if isinstance(detail, dict) else None
        if text is None:
            return
        if signed is None:
            return self.bad("case.jsonl: its last entry is not the one that vouches for the bundle's files")
        if signed != "sha256:" + sha256(text).hex():
            return self.bad("files.json: altered, it is not the one that the case's last entry names")
        problems = self.wrong
        for name, digest in (field(text, "files") or {}).items():
            content = self.need(name)
            if content is not None and digest != "sha256:" + sha256(content).hex():
                self.bad("%s: altered, it is not the file that the bundle was made with" % name)
        for seq in field(text, "entries") or []:
            if seq not in seqs:
                self.bad("case.jsonl: entry %d belongs to the case and is left out" % seq)
        for name in sorted(self.bundle.names - self.expected):
            if not name.startswith("files/"):
                self.bad("%s: it is no file of this bundle" % name)
        if self.wrong == problems:
            self.good("every other file is the one that the bundle was made with, and no further file is in it")

    def proof(self, note, seq, size, root, leaf):
        name = "proofs/%d.tlog-proof" % seq
        content = self.need(name)
        if content is None:
            return
        try:
            head, _, checkpoint = content.decode().partition("\n\n")
            first, *rest = head.split("\n")
            rest = rest[1:] if rest[0].startswith("extra ") else rest
            path = [unbase64(line) for line in rest[1:]]
            sound = first == "c2sp.org/tlog-proof@v1" and rest[0] == "index %d" % seq and checkpoint == note
            if sound and seq < size and leads_to(leaf, seq, size, path) == root:
                return
        except (ValueError, IndexError, binascii.Error):
            pass
        self.bad("entry %d: its proof (%s) does not lead to the signed root" % (seq, name))

    def files(self, evidence):
        count = len(evidence)
        problems = self.wrong
        for name in sorted(name for name in self.bundle.names if name.startswith("files/")):
            claimed = "sha256:" + name[len("files/"):].split("-")[0]
            if claimed not in evidence:
                self.bad("%s: no entry of the case names it" % name)
            elif "sha256:" + sha256(self.bundle.read(name)).hex() != claimed:
                self.bad("entry %d: its evidence %s was altered (%s)" % (evidence.pop(claimed), claimed, name))
            else:
                evidence.pop(claimed)
        for digest, seq in evidence.items():
            self.bad("entry %d: its evidence %s is missing" % (seq, digest))
        if self.wrong == problems:
            self.good("%d evidence files, each the one that its entry names" % count)


def parse_note(note):
    """The text that a note signs, what it says, and its signatures."""
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    size, root = int(size), unbase64(root)
    signatures = []
    for line in lines.splitlines():
        dash, name, signature = line.split(" ")
        if dash != "\u2014":
            raise ValueError("a signature line is malformed")
        signatures.append((name, unbase64(signature)))
    if size < 0 or len(root) != 32 or not lines.endswith("\n"):
        raise ValueError("a line of it is malformed")
    return text, origin, size, root, signatures


def earlier(path):
    """The checkpoint of a bundle, or in a text (a notice): five lines, the fourth of them empty."""
    if os.path.isdir(path) or zipfile.is_zipfile(path):
        return parse_note((Bundle(path).read("checkpoint") or b"").decode())
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file]
    for five in (lines[i:i + 5] for i in range(len(lines) - 4)):
        if five[1].isdigit() and not five[3] and five[4].startswith("\u2014 "):
            return parse_note("\n".join(five) + "\n")
    raise ValueError("it holds none")


def field(body, key):
    """A field of an entry; None if there is none or it is no JSON object."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value.get(key) if isinstance(value, dict) else None


def run_openssl(openssl, public, text, signature):
    """True, False, or None for an openssl that can't; and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        # An Ed25519 public key in DER is these twelve bytes and the key (RFC 8410).
        der = bytes.fromhex("302a300506032b6570032100") + public
        for name, content in (("key", der), ("text", text), ("signature", signature)):
            paths[name] = os.path.join(folder, name)
            with open(paths[name], "wb") as file:
                file.write(content)
        command = [openssl, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths["key"],
                   "-rawin", "-in", paths["text"], "-sigfile", paths["signature"]]
        ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = ran.stdout.decode("utf-8", "replace").strip()
    if ran.returncode == 0:
        return True, said
    if "Signature Verification Failure" in said:
        return False, said
    return None, said.splitlines()[0] if said else "it said nothing"


def main(arguments):
    vkey, since = None, []
    while arguments[:1] in (["--vkey"], ["--since"]) and len(arguments) > 1:
        if arguments[0] == "--vkey":
            vkey = arguments[1].strip()
        else:
            since.append(arguments[1])
        arguments = arguments[2:]
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 2
    path = arguments[0] if arguments else os.path.dirname(os.path.abspath(__file__))
    try:
        check = Check(Bundle(path))
        signed = check.checkpoint()
        if signed:
            note, text, origin, size, root, signatures = signed
            check.signature(vkey, text, origin, signatures)
            leaves = check.leaves(size)
            found = check.entries(size, leaves)
            check.tree(size, root, leaves, found)
            check.case(note, size, root, leaves, found)
            for path_since in since:
                check.since(path_since, vkey, leaves)
    except (OSError, zipfile.BadZipFile) as error:
        print("UNKNOWN  %s could not be read: %s" % (path, error))
        return 2
    if check.wrong:
        print("\nNOT VERIFIED: %d problems" % check.wrong)
        return 1
    print("\nNOT FULLY CHECKED" if check.unknown else "\nVERIFIED")
    return 2 if check.unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
