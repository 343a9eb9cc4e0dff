"""Reads the YAML of uap-core: regexes.yaml and its files of test cases, and nothing else of YAML.

A file is sections of items, an item is a few keys with a text each, all in one line:

    user_agent_parsers:
      # a comment
      - regex: '(Iron)/(\\d+)'
        family_replacement: 'Iron'

A text is in single quotes ('' is a quote), in double quotes without escapes, plain, or nothing (None). Whatever else
stands there ends the program, so that a newer file that needs more of YAML can't be read wrongly.
"""
import re

LINE = re.compile(r"(?P<indent> *)(?P<dash>- +)?(?P<key>[a-z][a-z0-9_]*):(?: +(?P<text>\S.*?))?\s*")
QUOTED = re.compile(r"'((?:[^']|'')*)'(?:\s+#.*)?")
DOUBLE = re.compile(r'"([^"\\]*)"(?:\s+#.*)?')
PLAIN = re.compile(r"([A-Za-z0-9][^'\"#{}\[\],&*!|>%@`:]*)")


def read_text(text, place):
    if text is None or text.startswith("#"):
        return None
    for shape in (QUOTED, DOUBLE, PLAIN):
        match = shape.fullmatch(text)
        if match:
            return match[1].replace("''", "'") if shape is QUOTED else match[1]
    raise SystemExit(f"{place}: can't read {text}")


def read_sections(path):
    """{section: [{key: text or None}]}"""
    sections, items, inside = {}, None, None
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            place = f"{path}:{number}"
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            match = LINE.fullmatch(line.rstrip("\n"))
            if not match:
                raise SystemExit(f"{place}: no line of a file of uap-core")
            if not match["indent"] and not match["dash"]:
                items, inside = sections.setdefault(match["key"], []), None
                continue
            column = len(match["indent"]) + len(match["dash"] or "")
            if match["dash"] and items is not None:
                items.append({})
                inside = column
            if column != inside or match["key"] in items[-1]:
                raise SystemExit(f"{place}: out of place")
            items[-1][match["key"]] = read_text(match["text"], place)
    return sections
