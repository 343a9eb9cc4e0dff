#!/usr/bin/env python3
"""Writes OUT_DIR/device_tables.c, the tables that lib/device_tables.h declares: the rules of uap/regexes.yaml and the
rows of systems.tsv, browsers.tsv and agents.tsv.

    python3 lib/data/device_tables.py OUT_DIR

Needs Python 3 alone, no network. The same files give the same bytes.
"""
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "uap"))
from rule_needs import needs  # noqa: E402
from rules_file import read_sections  # noqa: E402

KEYS, NAME, AGENT = 512, 63, 512  # HC_DEVICE_KEYS_MAX, bytes of a name in struct hc_device, HC_DEVICE_UA_MAX
RULES = 1024  # RULES_MAX of lib/device_rules.c
# Section of the file, table, and the parts of a reading: key, and what it is without that key.
SECTIONS = (
    ("user_agent_parsers", "browser", {"family_replacement": "$1", "v1_replacement": "$2", "v2_replacement": "$3",
                                       "v3_replacement": "$4"}),
    ("os_parsers", "system", {"os_replacement": "$1", "os_v1_replacement": "$2", "os_v2_replacement": "$3",
                              "os_v3_replacement": "$4", "os_v4_replacement": "$5"}),
    ("device_parsers", "device", {"device_replacement": "$1", "brand_replacement": None, "model_replacement": "$1"}),
)


def fail(file, message):
    sys.exit(f"device_tables.py: {file}: {message}")


def rows(file):
    """The lines of a .tsv file, split at tabs, comments left out."""
    with open(os.path.join(HERE, file), encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def fold(text):
    """ASCII letters in lower case, as hc_device_*_key folds what it looks for."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def quote(text):
    """A C string; what could mean something within one is written in octal, always with three digits."""
    plain = (chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode())
    return '"' + "".join(plain) + '"'


def write_rules(out, section, table, parts, items):
    if len(items) > RULES:
        fail("uap/regexes.yaml", f"more than {RULES} rules: {section}")
    out.append(f"const struct hc_device_rule hc_device_{table}_rules[] = {{\n")
    for item in items:
        unknown = set(item) - {"regex", "regex_flag", *parts}
        if unknown or item.get("regex_flag", "i") != "i":
            fail("uap/regexes.yaml", f"{section}: can't read {item}")
        caseless = "regex_flag" in item
        wanted = needs(item["regex"])
        wanted = [fold(text) if caseless else text for text in wanted]
        forms = [item.get(part) or usual for part, usual in parts.items()]
        forms = ", ".join("0" if form is None else quote(form) for form in forms)
        listed = "".join(text + "\0" for text in wanted)
        out.append(f"    {{{quote(item['regex'])}, {quote(listed)}, {{{forms}}}, {'true' if caseless else 'false'}}},\n")
    out.append(f"}};\nconst int hc_device_{table}_rules_count = {len(items)};\n\n")


def write_names(out, table):
    """The names by key, and every name and further name in the order of its folded bytes."""
    file, names, keys = f"{table}s.tsv", [], {}
    for cells in rows(file):
        if len(cells) != 3 or cells[0] != str(len(names)):
            fail(file, f"not the row of key {len(names)}: {cells}")
        for text in [cells[1]] + [text for text in cells[2].split("|") if text]:
            if not 1 <= len(text.encode()) <= NAME or fold(text) in keys:
                fail(file, f"too long or twice: {text}")
            keys[fold(text)] = len(names)
        names.append(cells[1])
    if not names or names[0] != "Other" or len(names) > KEYS:
        fail(file, f"the first row is Other, and there are at most {KEYS}")
    out.append(f"const char *const hc_device_{table}_names[] = {{\n")
    out.extend(f"    {quote(name)},\n" for name in names)
    out.append(f"}};\nconst int hc_device_{table}_names_count = {len(names)};\n\n")
    out.append(f"const struct hc_device_key hc_device_{table}_keys[] = {{\n")
    for text in sorted(keys, key=str.encode):
        out.append(f"    {{{quote(text)}, {keys[text]}}},\n")
    out.append(f"}};\nconst int hc_device_{table}_keys_count = {len(keys)};\n\n")


def write_agents(out):
    """Each with the sum of the weights up to and with its own."""
    total, count = 0, 0
    out.append("const struct hc_device_agent hc_device_agents[] = {\n")
    for cells in rows("agents.tsv"):
        if len(cells) != 2 or not cells[0].isdigit() or int(cells[0]) < 1 or not 1 <= len(cells[1].encode()) <= AGENT:
            fail("agents.tsv", f"not a weight and a User-Agent: {cells}")
        total, count = total + int(cells[0]), count + 1
        out.append(f"    {{{total}, {quote(cells[1])}}},\n")
    if count == 0 or total >= 2**31:
        fail("agents.tsv", "no rows, or too heavy")
    out.append(f"}};\nconst int hc_device_agents_count = {count};\n")


def main(folder):
    out = ["/* Written by lib/data/device_tables.py from lib/data/; origin and licence of the rules: lib/data/uap/. */\n"
           '#include "device_tables.h"\n\n']
    sections = read_sections(os.path.join(HERE, "uap", "regexes.yaml"))
    if list(sections) != [section for section, _, _ in SECTIONS]:
        fail("uap/regexes.yaml", f"other sections than expected: {list(sections)}")
    for section, table, parts in SECTIONS:
        write_rules(out, section, table, parts, sections[section])
    write_names(out, "system")
    write_names(out, "browser")
    write_agents(out)
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, "device_tables.c")
    with open(target + ".part", "w", encoding="utf-8", newline="\n") as file:
        file.write("".join(out))
    os.replace(target + ".part", target)  # an interrupted run leaves no half table behind


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: device_tables.py OUT_DIR")
    main(sys.argv[1])
