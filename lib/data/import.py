#!/usr/bin/env python3
"""Makes countries.tsv and names/*.tsv from the packages they come from. Run by hand only; needs the network once.

    python3 -m venv /tmp/names && /tmp/names/bin/pip install Faker==40.54.0 anyascii==0.3.3 phonenumbers==9.0.43
    (cd /tmp && npm pack i18n-iso-countries@7.14.0 countries-list@3.4.1 && for f in *.tgz; do
        mkdir -p npm/${f%-*} && tar xzf $f -C npm/${f%-*} --strip-components 1; done)
    /tmp/names/bin/python lib/data/import.py /tmp/npm

The results are committed; the build reads them with tables.py and needs none of this. Another result makes other
people: raise HC_GENERATOR_VERSION in lib/generator.h and renew the golden people in tests/unit/test_generator.c.
"""
import importlib
import json
import os
import random
import re
import sys
import unicodedata
import warnings

import phonenumbers
from faker import Generator

from romanize import romanize

HERE = os.path.dirname(os.path.abspath(__file__))
GIVEN_CAP, SURNAME_CAP, PREFIX_CAP = 200, 250, 24

# Faker's lists that are used. Left out: those without genders or with too few names (en_PK, en_TH, gu_IN, …).
LOCALES = """ar_AA ar_DZ ar_PS ar_SA az_AZ bg_BG bn_BD cs_CZ da_DK de_AT de_CH de_DE de_LI de_LU el_GR en_GB en_IE
en_IN en_KE en_NG en_NZ en_US es_AR es_CA es_CL es_CO es_ES es_MX et_EE fa_IR fi_FI fr_BE fr_CA fr_CH fr_DZ fr_FR
ga_IE ha_NG he_IL hi_IN hr_HR hu_HU hy_AM id_ID ig_NG is_IS it_IT ja_JP ka_GE ko_KR lt_LT lv_LV mk_MK mr_IN ne_NP
nl_BE nl_NL no_NO or_IN pl_PL pt_BR pt_PT ro_RO ru_RU si_LK sk_SK sl_SI sv_SE sw ta_IN th_TH tr_TR tw_GH uk_UA uz_UZ
vi_VN yo_NG zh_CN zh_TW zu_ZA""".split()

# Where the source has no dial code of its own or no mobile numbers: (dial code, whose numbers).
DIAL = {"AQ": ("672", "NF"), "BV": ("47", "NO"), "GS": ("500", "FK"), "HM": ("61", "AU"), "PN": ("64", "NZ"),
        "SJ": ("47", "NO"), "TF": ("262", "RE"), "UM": ("1", "US"), "VA": ("39", "IT"), "XK": ("383", "XK")}

# How a full name is written; given-family where nothing is said.
ORDERS = {"zh_CN": "familygiven", "zh_TW": "familygiven", "ko_KR": "familygiven", "ja_JP": "family-given",
          "hu_HU": "family-given", "vi_VN": "family-given", "km_KH": "family-given"}
ORDERS.update(dict.fromkeys("es_AR es_CA es_CL es_CO es_ES es_MX".split(), "given-family-family"))

VIETNAMESE_MIDDLES = {"m": "Văn Minh Đức Quang Hữu Quốc".split(), "f": "Thị Ngọc Thanh Thu Minh Bích".split()}


# Faker's Swahili list has spirits and cartoon characters in it.
UNUSED = {"Popobawa", "Pumbaa"}

# Frequent names where Faker has long lists of rare ones without weights: they get this many times the weight.
COMMON_WEIGHT = 12
COMMON = {
    ("ru_RU", "m"): "Александр Дмитрий Сергей Андрей Алексей Иван Михаил Максим Владимир Николай Евгений Артём Игорь "
                    "Олег Юрий Виктор Роман Павел Никита Кирилл Антон Денис Илья Егор Даниил",
    ("ru_RU", "f"): "Анна Мария Елена Ольга Наталья Екатерина Анастасия Татьяна Ирина Светлана Юлия Дарья Виктория "
                    "Полина Александра Людмила Валентина Галина Марина Ксения",
    ("uk_UA", "m"): "Олександр Сергій Андрій Володимир Микола Іван Дмитро Максим Богдан Тарас Юрій Віктор Петро Роман",
    ("uk_UA", "f"): "Олена Наталія Ірина Оксана Тетяна Людмила Марія Юлія Анна Світлана Галина Катерина",
    ("bg_BG", "m"): "Георги Иван Димитър Николай Петър Христо Александър Стефан Йордан Васил Тодор Мартин Стоян Пламен",
    ("bg_BG", "f"): "Мария Иванка Елена Йорданка Пенка Маргарита Виолетка Анна Радка Цветанка Десислава Петя Даниела",
    ("bg_BG", "sm"): "Иванов Георгиев Димитров Петров Николов Христов Стоянов Тодоров Илиев Ангелов Василев Попов "
                     "Атанасов Марков Колев Йорданов",
    ("bg_BG", "sf"): "Иванова Георгиева Димитрова Петрова Николова Христова Стоянова Тодорова Илиева Ангелова "
                     "Василева Попова Атанасова Маркова Колева Йорданова",
    ("tr_TR", "m"): "Mehmet Mustafa Ahmet Ali Hüseyin Hasan İbrahim İsmail Osman Murat Yusuf Ömer Emre Can Burak Kemal",
    ("tr_TR", "f"): "Fatma Ayşe Emine Hatice Zeynep Elif Meryem Şerife Zehra Sultan Merve Esra Özlem Selin Ebru Derya",
    ("de_DE", "m"): "Thomas Michael Andreas Peter Stefan Christian Hans Klaus Jürgen Martin Markus Jan Lukas Felix "
                    "Jonas Paul Leon Tim Sebastian Alexander",
    ("de_DE", "f"): "Maria Sabine Petra Monika Susanne Andrea Claudia Julia Anna Katharina Laura Lena Sarah Lisa Emma "
                    "Mia Hannah Ursula Renate Stefanie",
    ("de_DE", "s"): "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter "
                    "Klein Wolf Schröder Neumann Schwarz Braun Krüger",
    ("ar_AA", "m"): "محمد أحمد علي حسين حسن عمر خالد إبراهيم يوسف محمود مصطفى سعيد عبدالله طارق كريم سمير ياسر",
    ("ar_AA", "f"): "فاطمة مريم عائشة زينب نور سارة ليلى أمينة خديجة هدى سلمى رانيا ياسمين منى",
}
VIETNAMESE_SURNAMES = {"Nguyễn": 38, "Trần": 12, "Lê": 9, "Phạm": 7, "Hoàng": 5, "Vũ": 4, "Đặng": 2, "Bùi": 2}


def pairs(value):
    """A list of Faker as {name: weight}: it may be a sequence, in which a repeated name counts twice, or a mapping."""
    out = {}
    for name, weight in value.items() if isinstance(value, dict) else ((n, 1.0) for n in value):
        name = unicodedata.normalize("NFC", " ".join(name.split())).replace("`", "'").replace("’", "'")
        name = name.replace("\u200d", "") if not "\u0d80" <= name[:1] <= "\u0dff" else name
        if name.islower() and " " not in name and name < "\u0530":  # Georgian has no capitals in names
            name = name[0].upper() + name[1:]
        name = re.sub("[\u064b-\u0652]", "", name)  # Arabic vowel signs, which no one writes
        allowed = all(unicodedata.category(c)[0] in "LM" or c in " '-\u200d" for c in name)
        allowed = allowed and not re.search("قبيلة|[\u0600-\u06ff].* .* ", name) and name not in UNUSED
        if name and allowed and len(name.encode()) <= 44 and name[0] not in "-'":
            out[name] = out.get(name, 0) + weight
    return out


def lithuanian(p):
    """Faker's Lithuanian names have no gender; the endings tell it, and make a woman's surname from a man's."""
    given = pairs(p.first_names)
    surnames = pairs(p.last_names)
    endings = (("as", "ienė"), ("is", "ytė"), ("ys", "ytė"), ("us", "utė"), ("a", "aitė"))
    women = {}
    for name, weight in surnames.items():
        for man, woman in endings:
            if name.endswith(man):
                women[name[:-len(man)] + woman] = weight
                break
    return {"m": {n: w for n, w in given.items() if n.endswith("s")},
            "f": {n: w for n, w in given.items() if not n.endswith("s")},
            "sm": {n: w for n, w in surnames.items() if n.endswith("s") or n.endswith("a")}, "sf": women}


def icelandic(p):
    fathers = pairs(p.last_names_without_suffix)
    return {"m": pairs(p.first_names_male), "f": pairs(p.first_names_female),
            "sm": {n + "son": w for n, w in fathers.items()}, "sf": {n + "dóttir": w for n, w in fathers.items()}}


def polish(p):
    men = {**pairs(p.male_last_names), **pairs(p.unisex_last_names)}
    women = {re.sub("(sk|ck|dzk)i$", "\\1a", n): w for n, w in men.items()}
    return {"m": pairs(p.first_names_male), "f": pairs(p.first_names_female), "sm": men, "sf": women}


def vietnamese(p):
    out = {"s": {n: VIETNAMESE_SURNAMES.get(n, 1) for n in pairs(p.last_names)}}
    for gender, names in (("m", p.first_names_male), ("f", p.first_names_female)):
        names = dict.fromkeys(list(pairs(names)) + list(pairs(p.first_names_unisex)))
        out[gender] = {f"{middle} {name}": 1 for middle in VIETNAMESE_MIDDLES[gender] for name in names
                       if name != middle}
    return out


def estonian(p):
    """The Estonian half of Faker's list; a Russian given name with an Estonian surname would be odd."""
    return {"m": pairs(p.first_names_male_est), "f": pairs(p.first_names_female_est), "s": pairs(p.last_names_est)}


def tamil(p):
    """A Tamil's second name is the father's."""
    return {"m": pairs(p.first_names_male), "f": pairs(p.first_names_female), "s": pairs(p.first_names_male)}


SPECIAL = {"lt_LT": lithuanian, "is_IS": icelandic, "pl_PL": polish, "vi_VN": vietnamese, "et_EE": estonian,
           "ta_IN": tamil}


def lists(locale, p):
    """{kind: {name: weight}} of a Faker provider; kinds are m, f and either s or sm and sf."""
    if locale in SPECIAL:
        return SPECIAL[locale](p)
    out = {"m": pairs(p.first_names_male), "f": pairs(p.first_names_female)}
    men, women = getattr(p, "last_names_male", None), getattr(p, "last_names_female", None)
    if men and women and locale not in ("id_ID",):
        both = pairs(getattr(p, "last_names_unisex", None) or getattr(p, "unisex_last_names", None) or ())
        out["sm"], out["sf"] = {**pairs(men), **both}, {**pairs(women), **both}
        if out["sm"] == out["sf"]:
            out["s"] = out.pop("sm")
            del out["sf"]
    else:
        out["s"] = pairs(p.last_names)
    return out


def capped(names, cap):
    """At most `cap` names: the heaviest ones, or an even choice where no weights are known."""
    if len(names) <= cap:
        return names
    if len(set(names.values())) > 3:
        return dict(sorted(names.items(), key=lambda item: -item[1])[:cap])
    top = max(names.values())
    items = [item for item in names.items() if item[1] < top or len(set(names.values())) == 1]
    kept = {n: w for n, w in names.items() if (n, w) not in set(items)}
    room = cap - len(kept)
    return {**kept, **dict(items[i * len(items) // room] for i in range(room))} if room > 0 else kept


def japanese_readings(p):
    out = {}
    for table in (p.first_name_pairs, p.last_name_pairs):
        for kanji, _, latin in table:
            out.setdefault(kanji, latin.lower())
    return out


def write_names(locale, origin, by_kind, readings):
    with open(os.path.join(HERE, "names", locale + ".tsv"), "w", encoding="utf-8") as out:
        out.write(f"# {origin}; see ../NOTICE.md. Columns: kind, name, name in a-z for e-mails, weight.\n")
        out.write(f"# order\t{ORDERS.get(locale, 'given-family')}\n")
        for kind, names in by_kind.items():
            common = COMMON.get((locale.replace("ar_SA", "ar_AA").replace("ar_PS", "ar_AA"), kind), "").split()
            names = {**names, **{n: COMMON_WEIGHT * max(names.values()) for n in common}}
            names = capped(names, SURNAME_CAP if kind[0] == "s" else GIVEN_CAP)
            latin = {n: readings.get(n) or romanize(n, locale, kind[0] == "s") for n in names}
            top = max(names.values())
            for name, weight in names.items():
                if latin[name]:
                    out.write(f"{kind}\t{name}\t{latin[name]}\t{max(1, round(weight / top * 1000))}\n")


def import_names():
    for file in os.listdir(os.path.join(HERE, "names")):
        os.unlink(os.path.join(HERE, "names", file))
    for locale in LOCALES:
        module = importlib.import_module("faker.providers.person." + locale)
        provider = module.Provider(Generator())
        readings = japanese_readings(provider) if locale == "ja_JP" else {}
        write_names(locale, "From Faker 40.54.0", lists(locale, provider), readings)
    own = {}
    for line in open(os.path.join(HERE, "own_names.tsv"), encoding="utf-8"):
        if line.startswith("#"):
            continue
        locale, kind, names = line.rstrip("\n").split("\t")
        names = names.replace("_", " ") if "|" in names else names
        kinds = ("sm", "sf") if "|" in names else (kind,)
        for place, one in enumerate(kinds):
            own.setdefault(locale, {})[one] = {
                n.split("|")[place].replace("_", " "): 1 for n in names.split()}
    for locale, by_kind in own.items():
        write_names(locale, "Written by hand (own_names.tsv)", by_kind, {})


def beginnings(pattern, area, length):
    """The shortest beginnings after which any digits, `length` in all, match a pattern with `area` before them."""
    dice = random.Random(1)
    found = []

    def search(prefix):
        rest = length - len(prefix)
        tries = [d * rest for d in "0123456789"] + ["0123456789"[:rest], "9876543210"[:rest]]
        tries += ["".join(dice.choice("0123456789") for _ in range(rest)) for _ in range(30)]
        results = [bool(pattern.fullmatch(area + prefix + t)) for t in tries if len(t) == rest]
        if all(results):
            found.append(prefix)
        elif rest > 1 and len(prefix) < 5 and (any(results) or len(prefix) < 3):
            for digit in "0123456789":
                search(prefix + digit)

    search("")
    return found


def mobile(code, dial):
    """(digits after the dial code, [what they may begin with]) of a country's mobile numbers by libphonenumber.

    Of several lengths the one that most beginnings have, or the example's; of the beginnings the widest ranges, an
    even choice of them.
    """
    meta = phonenumbers.PhoneMetadata.metadata_for_region(code, None)
    area = dial[len(str(meta.country_code)):]
    pattern = re.compile(meta.mobile.national_number_pattern)
    lengths = [n - len(area) for n in meta.mobile.possible_length or [len(meta.mobile.example_number)]]
    if lengths == [-1 - len(area)]:
        lengths = [n - len(area) for n in meta.general_desc.possible_length]
    found = {n: beginnings(pattern, area, n) for n in lengths if n > 3}
    usual = len(meta.mobile.example_number) - len(area)
    length = max(found, key=lambda n: (round(sum(10.0 ** -len(p) for p in found[n]), 2), n == usual))
    best = found[length]
    if not best:
        return length, [meta.mobile.example_number[len(area):][:4]]
    shortest = min(map(len, best))
    widest = [p for p in best if len(p) == shortest]
    if len(widest) < 4:
        widest = [p for p in best if len(p) <= shortest + 1]
    if len(widest) > PREFIX_CAP:
        widest = [widest[i * len(widest) // PREFIX_CAP] for i in range(PREFIX_CAP)]
    return length, widest


def import_countries(npm):
    iso = json.load(open(os.path.join(npm, "i18n-iso-countries/langs/en.json"), encoding="utf-8"))["countries"]
    codes = {c[0]: (c[1], c[2]) for c in json.load(open(os.path.join(npm, "i18n-iso-countries/codes.json")))}
    world = json.load(open(os.path.join(npm, "countries-list/countries.min.json"), encoding="utf-8"))
    taken = {}
    with open(os.path.join(HERE, "countries.tsv"), "w", encoding="utf-8") as out:
        out.write("# Made by import.py from i18n-iso-countries 7.14.0, countries-list 3.4.1, phonenumbers 9.0.43 and "
                  "own.tsv; see NOTICE.md.\n"
                  "# code\talpha3\tnumeric\tname\tfurther names\tdial\tpopulation\tname lists and shares\t"
                  "mobile: digits after the dial code:beginnings\n")
        rows = [line.rstrip("\n").split("\t") for line in open(os.path.join(HERE, "own.tsv"), encoding="utf-8")
                if not line.startswith("#")]
        assert sorted(codes) == [r[0] for r in rows], "own.tsv and the ISO list differ"
        own_names = {r[3].lower() for r in rows} | {world[r[0]]["name"].lower() for r in rows}
        for code, thousands, locales, name, further in (r + [""] * (5 - len(r)) for r in rows):
            alpha3, numeric = codes[code]
            name = world[code]["name"] if name == "-" else name
            given = iso[code] if isinstance(iso[code], list) else [iso[code]]
            more = [world[code]["name"]] + world[code].get("alias", []) + given + [f for f in further.split("|") if f]
            more += [m.replace(" & ", " and ") for m in more + [name] if " & " in m]
            more += [m.replace("Saint ", "St. ") for m in more if m.startswith("Saint ")]
            aliases = []
            for alias in more:
                key = alias.lower()
                if key == name.lower() or len(key) <= 3 and key.upper() in (code, alpha3):
                    continue
                if taken.setdefault(key, code) == code and key not in [a.lower() for a in aliases] \
                        and (key not in own_names or key == world[code]["name"].lower()):
                    aliases.append(alias)
            dial, region = DIAL.get(code, (str(world[code]["phone"][0]), code))
            length, prefixes = mobile(region, dial)
            out.write("\t".join([code, alpha3, "000" if code == "XK" else numeric, name, "|".join(aliases), dial,
                                 str(max(1, round(float(thousands) * 1000))), locales,
                                 f"{length}:{','.join(prefixes)}"]) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    import_names()
    import_countries(sys.argv[1])
