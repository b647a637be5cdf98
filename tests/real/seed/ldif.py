"""LDIF and distinguished names, for the seeds."""

import base64


def escape(value):
    """RFC 4514 escaping of one value in a distinguished name."""
    s = "".join("\\" + c if c in ',+"\\<>;=' else c for c in value)
    if s.startswith((" ", "#")):
        s = "\\" + s
    return s[:-1] + "\\ " if len(s) > 1 and s.endswith(" ") else s


def line(key, value):
    """One attribute's line, in base 64 where plain text would not come back the same."""
    raw = value if isinstance(value, bytes) else str(value).encode()
    plain = raw and all(32 <= b < 127 for b in raw) and raw[0] not in b" :<" and not raw.endswith(b" ")
    return f"{key}: {raw.decode()}\n" if plain else f"{key}:: {base64.b64encode(raw).decode()}\n"


def entry(out, dn, **attributes):
    """One entry; a list is an attribute of many values, nothing is written for None."""
    out.write(line("dn", dn))
    for key, value in attributes.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                out.write(line(key, one))
    out.write("\n")


def change(out, dn, op, key, values):
    """One change of one attribute, for ldbmodify."""
    out.write(line("dn", dn) + f"changetype: modify\n{op}: {key}\n" + "".join(line(key, v) for v in values) + "-\n\n")
