"""Mutants of a manifest: the same text with one mistake in it. The rest of the file stays as it is, comments and all."""

import collections
import json
import re

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

# Where a mistake is put. `examples` are the manifest's own test; the rest is for people.
PARTS = ("credentials", "connect", "preflight", "see", "take", "tell")

# What an expression reads from: an answer, or what was read before.
ROOTS = "it|outer|body|headers|node|parent|from|to|edge|job|file|ticket"
PATH = re.compile(rf"\b(?:{ROOTS})((?:\.[A-Za-z_]\w*|\[\\?(['\"])[^'\"\]\\]+\\?\2\])+)(?!\w|\()")
ATTRIBUTE = re.compile(r"(?:\battribute=|(?:select|reject)attr\(|\bgroupby\()\\?'([\w.]+)\\?'")
CALL = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD) \S")

# Query parameters that say how much comes at once: another size is no mistake.
SIZES = re.compile(r"^\$?(top|limit|size|count|max|maxresults|max_results|max_items|first|start|offset|page|p?age_?size|per_?page|results|sysparm_limit|maxitems|page-size|pagelen)$", re.I)
# Query parameters that name what is to come, in a list.
LISTS = re.compile(r"^(\$select|\$expand|fields|fields?\[\w+\]|sysparm_fields|expand|include(\[\])?|select|attributes|attrs|opt_fields|q|properties|section)$", re.I)

Mutant = collections.namedtuple("Mutant", "name kind text")


def mutants(text):
    """Every mutant of a manifest."""
    return Maker(text).all()


class Maker:
    def __init__(self, text):
        self.text = text
        self.root = YAML(typ="safe", pure=True).compose(text)
        self.made = []
        self.names = collections.Counter()

    def all(self):
        for key, value in self.root.value:
            if key.value in PARTS:
                self.walk(key.value, key.value, value)
        return self.made

    # --- putting a mistake in -------------------------------------------------------------------------------------------------------------

    def put(self, kind, place, what, *edits):
        """A mutant with these edits: (start, end, what stands there instead)."""
        text = self.text
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[end:]
        if text == self.text:
            return
        name = f"{place}: {what}"
        self.names[name] += 1
        if self.names[name] > 1:
            name += f" #{self.names[name]}"
        self.made.append(Mutant(name, kind, text))

    def within(self, node):
        """Where a scalar's own text begins and ends, without its quotes."""
        quotes = 1 if node.style in ("'", '"') else 0
        return node.start_mark.index + quotes, node.end_mark.index - quotes

    def instead(self, node, value):
        """The edit that puts another text in place of a scalar."""
        return (node.start_mark.index, self.end(node), json.dumps(value, ensure_ascii=False))

    def end(self, node):
        """Where a node's text ends: of one in block style, the marks lie at what follows."""
        if getattr(node, "flow_style", True) and getattr(node, "style", None) not in ("|", ">"):
            return node.end_mark.index
        text = self.text[: node.end_mark.index].rstrip(" ")
        lines = text.split("\n")
        while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
            lines.pop()
        return len("\n".join(lines))

    def without(self, collection, entries, number):
        """The edit that takes one entry out of a mapping or a sequence; `entries` are its parts' (first node, last node)."""
        first, last = entries[number]
        start, end = first.start_mark.index, self.end(last)
        if collection.flow_style:
            if number + 1 < len(entries):
                return (start, entries[number + 1][0].start_mark.index, "")
            before = self.end(entries[number - 1][1]) if number else start
            return (before, end, "")
        if len(entries) == 1:
            return (collection.start_mark.index, end, "[]" if isinstance(collection, SequenceNode) else "{}")
        if number + 1 < len(entries):
            # From this key to the next one: both stand at the same depth, and the dash of a list stays.
            return (start, entries[number + 1][0].start_mark.index, "")
        line = self.text.rfind("\n", 0, start) if number else start
        return (line, end, "")

    # --- where ----------------------------------------------------------------------------------------------------------------------------

    def walk(self, part, place, node):
        if isinstance(node, MappingNode):
            self.mapping(part, place, node)
            for key, value in node.value:
                self.walk(part, f"{place}.{key.value}", value)
        elif isinstance(node, SequenceNode):
            for number, value in enumerate(node.value):
                self.walk(part, f"{place}[{number}]", value)
        else:
            self.scalar(part, place, node)

    def mapping(self, part, place, node):
        named = {key.value: value for key, value in node.value}
        if part == "credentials":
            if re.fullmatch(r"credentials\.(read|revoke|tell)", place) and "scopes" in named:
                self.scopes(place, named["scopes"], node)
            return
        for key, value in node.value:
            here = f"{place}.{key.value}"
            if key.value == "paging" and isinstance(value, MappingNode):
                self.paging(here, value)
            if key.value == "attributes" and isinstance(value, SequenceNode):
                for number, entry in enumerate(value.value):
                    edit = self.without(value, [(one, one) for one in value.value], number)
                    self.put("field", here, f"drop {entry.value}", edit)
            if key.value in ("form", "body", "undo_body", "undo_form", "replace", "add", "delete", "headers") and part != "connect":
                self.fields(here, value)
            if key.value == "when" and isinstance(value, ScalarNode) and part in ("see", "take"):
                self.put("filter", here, "negate", self.instead(value, f"not ({value.value})"))
            if key.value == "filter" and isinstance(value, ScalarNode):
                self.put("filter", here, "negate", self.instead(value, f"(!{value.value})"))
                self.put("filter", here, "drop", self.instead(value, "(objectClass=*)"))

    def scopes(self, place, scopes, credential):
        entries = [(one, one) for one in scopes.value]
        for number, scope in enumerate(scopes.value):
            edits = [self.without(scopes, entries, number)]
            for text in scalars(credential):
                start, end = self.within(text)
                raw = self.text[start:end]
                fits = [m for m in re.finditer(rf"(?<!\S){re.escape(scope.value)}(?!\S)\s*", raw)]
                if text not in scopes.value and fits:
                    cut = fits[0]
                    if cut.group().strip() == raw.strip():
                        edits.append((text.start_mark.index, text.end_mark.index, '""'))
                    else:
                        edits.append((start + cut.start(), start + cut.end(), ""))
            self.put("scope", f"{place}.scopes", f"drop {scope.value}", *edits)

    def paging(self, place, node):
        named = {key.value: value for key, value in node.value}
        if "none" in named:
            return
        entries = list(node.value)
        for number, (key, value) in enumerate(entries):
            if key.value in ("next", "cursor"):
                self.put("page", f"{place}.{key.value}", "always none", self.instead(value, "none"))
                wrong = f"('/wrong' if ({value.value}) else none)" if key.value == "next" else f"('wrong' if ({value.value}) else none)"
                self.put("page", f"{place}.{key.value}", "a wrong one", self.instead(value, wrong))
            if key.value in ("link", "into", "page", "offset", "size_into"):
                self.put("page", f"{place}.{key.value}", f"{value.value}x", self.instead(value, f"{value.value}x"))
            if key.value == "last":
                self.put("page", f"{place}.last", "always true", self.instead(value, "true"))
            if key.value == "start":
                self.put("page", f"{place}.start", "drop", self.without(node, entries, number))
        if not {"next", "cursor"} & set(named):
            self.put("page", place, "none", (node.start_mark.index, self.end(node), "{ none: true }" if node.flow_style else "none: true"))

    def fields(self, place, node):
        if isinstance(node, MappingNode):
            entries = list(node.value)
            for number, (key, value) in enumerate(entries):
                start, end = self.within(key)
                self.put("parameter", place, f"{key.value}x", (end, end, "x"))
                if len(entries) > 1:
                    self.put("parameter", place, f"drop {key.value}", self.without(node, entries, number))
                if key.value.lower() not in ("q", "query"):
                    self.fields(f"{place}.{key.value}", value)
        elif isinstance(node, SequenceNode):
            for number, value in enumerate(node.value):
                self.fields(f"{place}[{number}]", value)

    # --- texts ----------------------------------------------------------------------------------------------------------------------------

    def scalar(self, part, place, node):
        if part in ("credentials", "connect") and not re.search(r"\.(classes|paging)\.", place):
            return
        start, end = self.within(node)
        raw = self.text[start:end]
        for path in PATH.finditer(raw):
            last = re.search(r"[^.\[\]'\"\\]+(?=[\]'\"\\]*$)", path.group(1))
            if not last:
                continue
            at = path.start(1) + last.end()
            self.put("field", place, path.group()[: at - path.start()].replace("\\", "") + "x" + path.group()[at - path.start():].replace("\\", ""), (start + at, start + at, "x"))
        for attribute in ATTRIBUTE.finditer(raw):
            self.put("field", place, f"{attribute.group(1)}x", (start + attribute.end(1), start + attribute.end(1), "x"))
        for chosen in re.finditer(r"\b(select|reject)(attr)?\(", raw):
            other = "reject" if chosen.group(1) == "select" else "select"
            self.put("filter", place, f"{other} for {chosen.group(1)}", (start + chosen.start(1), start + chosen.end(1), other))
        if CALL.match(raw):
            self.call(place, start, raw)
        elif re.search(r"(\.|^)(q|query|jql)$", place) or re.match(r"SELECT ", raw):
            self.language(place, start, raw)

    def call(self, place, start, raw):
        # A template may hold anything, so it becomes one sign for as long as the rest is read.
        plain = re.sub(r"\{\{.*?\}\}", lambda m: "\x01" * len(m.group()), raw)
        if "?" not in plain:
            return
        question = plain.index("?")
        at = question + 1
        pairs = []
        for pair in plain[at:].split("&"):
            pairs.append((at, pair))
            at += len(pair) + 1
        for number, (at, pair) in enumerate(pairs):
            name = pair.split("=")[0]
            if not name or "\x01" in name:
                continue
            if len(pairs) == 1:
                drop = (start + question, start + at + len(pair), "")
            elif number == 0:
                drop = (start + at, start + pairs[1][0], "")
            else:
                drop = (start + at - 1, start + at + len(pair), "")
            self.put("parameter", place, f"drop {name}", drop)
            self.put("parameter", place, f"{name}x", (start + at + len(name), start + at + len(name), "x"))
            if "=" in pair and not SIZES.match(name):
                self.value(place, name, start + at + len(name) + 1, raw[at + len(name) + 1: at + len(pair)])

    def value(self, place, name, start, raw):
        """Another value of a query parameter: another filter."""
        if re.search(r"\bSELECT\b", raw):
            return self.language(place, start, raw)
        if LISTS.match(name):
            for word in re.finditer(r"[A-Za-z_][\w.]*(?=[,()]|%2C|$)", re.sub(r"\{\{.*?\}\}", lambda m: "\x01" * len(m.group()), raw)):
                self.put("field", place, f"{name}={word.group()}x", (start + word.end(), start + word.end(), "x"))
            if name != "q" and name != "section":
                return
        for was, other in (("true", "false"), ("false", "true"), ("%20eq%20", "%20ne%20"), ("%20gt%20", "%20lt%20"), ("%20ge%20", "%20lt%20"), ("%3D%3D", "%21%3D"), ("==", "!="), (">=", "<"), ("%20in%20", "%20not%20in%20")):
            found = raw.find(was)
            if found >= 0 and "{{" not in raw[max(0, found - 1):found]:
                self.put("filter", place, f"{name}: {other} for {was}", (start + found, start + found + len(was), other))
                return
        self.put("filter", place, f"{name}=x…", (start, start, "x"))

    def language(self, place, start, raw):
        """A query in SQL's manner: its columns and its conditions."""
        plain = re.sub(r"\{\{.*?\}\}", lambda m: "\x01" * len(m.group()), raw)
        gap = r"(?:\+|%20|\s)"
        select = re.search(rf"\bSELECT{gap}+(.*?){gap}FROM\b", plain, re.S)
        if select:
            for word in re.finditer(r"[A-Za-z_][\w.]*(?=,|\+|%20|\s|$)", select.group(1)):
                if word.group().upper() not in ("AS", "DISTINCT"):
                    at = start + select.start(1) + word.end()
                    self.put("field", place, f"SELECT {word.group()}x", (at, at, "x"))
        where = re.search(rf"{gap}WHERE{gap}(.*?)(?={gap}(?:ORDER|GROUP|LIMIT)\b|$)", plain, re.S)
        if where:
            self.put("filter", place, "drop WHERE", (start + where.start(), start + where.end(), ""))
            sign = re.search(r"(?<![<>!])=", where.group(1))
            if sign:
                at = start + where.start(1) + sign.start()
                self.put("filter", place, "WHERE != for =", (at, at + 1, "!="))


def scalars(node):
    """Every scalar below a node."""
    if isinstance(node, MappingNode):
        for _, value in node.value:
            yield from scalars(value)
    elif isinstance(node, SequenceNode):
        for value in node.value:
            yield from scalars(value)
    else:
        yield node
