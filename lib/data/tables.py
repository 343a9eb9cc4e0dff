#!/usr/bin/env python3
"""Writes OUT_DIR/tables.c, the tables that lib/names.h declares, from the .tsv files beside this script.

    python3 lib/data/tables.py OUT_DIR

Needs Python 3 alone, no network. The same files give the same bytes.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROW = 4096  # HC_NAMES_ROW
PLACES = 256  # HC_COUNTRY_MAX
LISTS = 5  # HC_COUNTRY_LISTS
KINDS = ("m", "f", "sm", "sf")
ORDERS = {"given-family": ("HC_ORDER_GIVEN_FAMILY", 1), "family-given": ("HC_ORDER_FAMILY_GIVEN", 1),
          "familygiven": ("HC_ORDER_FAMILYGIVEN", 1), "given-family-family": ("HC_ORDER_GIVEN_FAMILY_FAMILY", 2)}
NAME_MAX, LATIN_MAX, PREFIX_MAX = 127, 20, 8  # a full name's bytes, a name's a-z form, a phone number's beginning


def fail(file, message):
    sys.exit(f"tables.py: {file}: {message}")


def rows(file):
    """The lines of a .tsv file, split at tabs, comments left out."""
    with open(os.path.join(HERE, file), encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def alias(weights, places, scale):
    """Alias tables for integer weights: [(keep of `scale`, other)]; exact but for rounding `keep` down once.

    A place without a weight keeps nothing. Integers all through, so every machine computes the same.
    """
    total = sum(weights)
    left = [w * places for w in weights] + [0] * (places - len(weights))
    keep, other = [total] * places, list(range(places))
    small = [i for i, w in enumerate(left) if w < total]
    large = [i for i, w in enumerate(left) if w >= total]
    while small and large:
        less, more = small.pop(), large[-1]
        keep[less], other[less] = left[less], more
        left[more] -= total - left[less]
        if left[more] < total:
            small.append(large.pop())
    return [(k * scale // total, o) for k, o in zip(keep, other)]


class Pool:
    """The texts of all names, each once, in rows that no text crosses."""

    def __init__(self):
        self.rows, self.places = [bytearray()], {}

    def offset(self, name, latin):
        text = name.encode()
        plain = re.sub("[^a-z0-9]", "", name.lower()) if name.isascii() else None
        short = b"" if plain == latin else latin.encode()
        item = bytes([len(text), len(short)]) + text + short
        if item not in self.places:
            if len(self.rows[-1]) + len(item) > ROW - 1:
                self.rows.append(bytearray())
            self.places[item] = (len(self.rows) - 1) * ROW + len(self.rows[-1])
            self.rows[-1] += item
        return self.places[item]


def quoted(data):
    """Bytes as a C string. Octal, always three digits, so that a digit after it stays one; '?' for trigraphs."""
    plain = set(range(32, 127)) - {ord('"'), ord("\\"), ord("?")}
    return '"' + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in data) + '"'


def read_locale(key):
    """(order, {kind: [(name, latin, weight)]}) of a list of names, checked."""
    file = f"names/{key}.tsv"
    lists, order = {}, None
    with open(os.path.join(HERE, file), encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("# order\t"):
                order = line.split("\t")[1].strip()
    for kind, name, latin, weight in rows(file):
        if not re.fullmatch(f"[a-z0-9]{{1,{LATIN_MAX}}}", latin) or int(weight) < 1:
            fail(file, f"a bad row: {name}")
        lists.setdefault(kind, []).append((name, latin, int(weight)))
    for kind in ("sm", "sf"):
        lists.setdefault(kind, lists.get("s"))
    if order not in ORDERS or any(not lists[k] for k in KINDS):
        fail(file, "an order or a kind of names is missing")
    longest = {k: max(len(n.encode()) for n, _, _ in lists[k]) for k in KINDS}
    families = ORDERS[order][1]
    if max(longest["m"], longest["f"]) + families * (1 + max(longest["sm"], longest["sf"])) > NAME_MAX:
        fail(file, "a full name could be longer than HC_PERSON_NAME_MAX")
    return order, lists


def write_names(out, keys):
    pool, lists, written = Pool(), [], {}
    for key in keys:
        order, by_kind = read_locale(key)
        symbols = []
        for kind in KINDS:
            names = by_kind[kind]
            symbol = f"{key}_{'s' if kind[0] == 's' and by_kind['sm'] is by_kind['sf'] else kind}"
            if symbol not in written:
                written[symbol] = len(names)
                cells = [f"{{{pool.offset(n, l)},{k},{o}}}" for (n, l, _), (k, o) in
                         zip(names, alias([w for _, _, w in names], len(names), 65535))]
                out.append(f"static const struct hc_name {symbol}[] = {{\n" + ",\n".join(
                    ",".join(cells[i:i + 6]) for i in range(0, len(cells), 6)) + "};\n")
            symbols.append(f"{{{symbol}, {written[symbol]}}}")
        lists.append(f"    {{{ORDERS[order][0]}, {{{', '.join(symbols)}}}}}, /* {key} */\n")
    out.append("const struct hc_name_locale hc_name_locales[] = {\n" + "".join(lists) + "};\n")
    out.append("const char hc_names_pool[][HC_NAMES_ROW] = {\n")
    out += [quoted(bytes(row)) + ",\n" for row in pool.rows]
    out.append("};\n")


def read_countries():
    found = [dict(zip(("code", "alpha3", "numeric", "name", "more", "dial", "people", "lists", "mobile"), row))
             for row in rows("countries.tsv")]
    if [c["code"] for c in found] != sorted(c["code"] for c in found) or len(found) >= PLACES:
        fail("countries.tsv", "not sorted by code, or too many")
    return found


def write_countries(out, countries):
    out.append("const struct hc_country hc_countries[] = {\n")
    for c in countries:
        out.append(f'    {{"{c["code"]}", "{c["alpha3"]}", {int(c["numeric"])}, {quoted(c["name"].encode())}, '
                   f'"{c["dial"]}", {c["people"]}u}},\n')
    out.append('    {"ZZ", "ZZZ", 0, "Unknown", "", 0},\n};\n')
    out.append(f"const int hc_countries_count = {len(countries) + 1};\n")


def fold(text):
    """ASCII letters in lower-case, all else as it is: what hc_country_find does to a question."""
    return "".join(c.lower() if c.isascii() else c for c in text).encode()


def write_keys(out, countries):
    keys = {}
    for texts in (("code",), ("alpha3",), ("name",), ("more",)):
        for index, c in enumerate(countries):
            for text in filter(None, c[texts[0]].split("|")):
                if keys.setdefault(fold(text), index) != index and texts[0] != "more":
                    fail("countries.tsv", f"{text} means two countries")
    out.append("const struct hc_country_key hc_country_keys[] = {\n")
    out += [f"    {{{quoted(text)}, {len(text)}, {keys[text]}}},\n" for text in sorted(keys)]
    out.append(f"}};\nconst int hc_country_keys_count = {len(keys)};\n")


def shares(lists, keys):
    """[(index of a list, upper end of its share of 2^32)]"""
    parts = [(item.split(":") + ["1"])[:2] for item in lists.split(",")]
    total, sofar, found = sum(int(w) for _, w in parts), 0, []
    for key, weight in parts:
        sofar += int(weight)
        found.append((keys.index(key), sofar * 0xFFFFFFFF // total))
    return found + [found[-1]] * (LISTS - len(found))


def write_people(out, countries, keys):
    prefixes, lines = [], []
    cells = alias([int(c["people"]) for c in countries], PLACES, 1 << 56)
    for c, (keep, other) in zip(countries, cells):
        digits, beginnings = c["mobile"].split(":")
        beginnings = beginnings.split(",")
        if len(c["dial"]) + int(digits) > 15 or any(len(b) > min(PREFIX_MAX, int(digits)) for b in beginnings):
            fail("countries.tsv", f"{c['code']}: a phone number of more than 15 digits")
        parts = shares(c["lists"], keys)
        lines.append(f"    {{{keep}u, {other}, {{{', '.join(str(p) for p, _ in parts)}}}, "
                     f"{{{', '.join(f'{s}u' for _, s in parts)}}}, {digits}, {len(beginnings)}, {len(prefixes)}}}, "
                     f"/* {c['code']} */\n")
        prefixes += beginnings
    for keep, other in cells[len(countries):]:
        lines.append(f"    {{{keep}u, {other}, {{0}}, {{0}}, 0, 0, 0}},\n")
    out.append("const struct hc_country_people hc_countries_people[HC_COUNTRY_MAX] = {\n" + "".join(lines) + "};\n")
    out.append("const char *const hc_phone_prefixes[] = {\n" + "".join(f'    "{p}",\n' for p in prefixes) + "};\n")


def main(folder):
    countries = read_countries()
    keys = sorted({item.split(":")[0] for c in countries for item in c["lists"].split(",")})
    out = ["/* Written by lib/data/tables.py from lib/data/; origins and licences: lib/data/NOTICE.md. */\n"
           '#include "names.h"\n\n']
    write_countries(out, countries)
    write_keys(out, countries)
    write_names(out, keys)
    write_people(out, countries, keys)
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, "tables.c")
    with open(target + ".part", "w", encoding="utf-8", newline="\n") as file:
        file.write("".join(out))
    os.replace(target + ".part", target)  # an interrupted run leaves no half table behind


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: tables.py OUT_DIR")
    main(sys.argv[1])
