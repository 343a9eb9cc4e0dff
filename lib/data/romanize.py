"""Names of any script as plain lower-case letters, for the local part of e-mail addresses (import.py only).

What people would write, roughly: not a scholarly transliteration. Indic scripts, Arabic and Hebrew need vowels that
no letter shows, so they have rules here; all else is anyascii's. Nothing of this runs when the project is built.
"""
import re

from anyascii import anyascii

# Offsets in the Unicode blocks of Devanagari, Bengali, Gujarati, Odia, Tamil, which all have the same layout.
INDIC_VOWELS = dict(zip(range(0x05, 0x15), "a a i i u u ri l e e e ai o o o au".split()))
INDIC_SIGNS = dict(zip(range(0x3E, 0x4D), "a i i u u ri ri e e e ai o o o au".split()))
INDIC_CONSONANTS = dict(zip(range(0x15, 0x3A), (
    "k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l zh v sh sh s h").split()))
INDIC_CONSONANTS.update(zip(range(0x58, 0x60), "q kh g z d rh f y".split()))
INDIC_CONSONANTS.update({0x70: "r", 0x71: "w"})
INDIC_BLOCKS = {0x0900: 0, 0x0980: 0, 0x0A80: 0, 0x0B00: 0, 0x0B80: 1}  # 1: a closing "a" is spoken

SINHALA_CONSONANTS = dict(zip(
    "කඛගඝඟචඡජඣඤඥටඨඩඪණඬතථදධනඳපඵබභමඹයරලවශෂසහළෆ",
    "k kh g gh ng ch chh j jh gn gn t th d dh n nd th th d dh n nd p ph b bh m mb y r l w sh sh s h l f".split()))
SINHALA_VOWELS = dict(zip("අආඇඈඉඊඋඌඑඒඓඔඕඖ", "a a a a i i u u e e ai o o au".split()))
SINHALA_SIGNS = dict(zip("ාැෑිීුූෘෙේෛොෝෞ", "a a a i i u u ru e e ai o o au".split()))

ARABIC = dict(zip("ابتثجحخدذرزسشصضطظعغفقكلمنهويةىءأإآؤئٱگچپژکیۀ",
                  "a b t th j h kh d dh r z s sh s d t z a gh f q k l m n h w y a a - a i a u i a g ch p zh k y e"
                  .split()))
# Frequent names and parts of names, the longest first when they are looked up.
ARABIC_PARTS = {
    "محمد": "mohamed", "حسین": "hossein", "امیر": "amir", "أمير": "amir",
    "كوثر": "kawthar",
    "أحمد": "ahmed", "احمد": "ahmad", "محمود": "mahmoud", "مصطفى": "mustafa", "حسين": "hussein",
    "حسن": "hassan", "علي": "ali", "علی": "ali", "عبدالله": "abdullah", "عبد الله": "abdullah", "عبد": "abd",
    "عمر": "omar", "عثمان": "othman", "خالد": "khaled", "إبراهيم": "ibrahim", "ابراهیم": "ebrahim", "يوسف": "youssef",
    "یوسف": "yousef", "سعيد": "saeed", "سعید": "saeed", "فاطمة": "fatima", "فاطمه": "fatemeh", "مريم": "mariam",
    "مریم": "maryam", "زينب": "zainab", "زینب": "zeinab", "عائشة": "aisha", "خديجة": "khadija", "نور": "nour",
    "سارة": "sara", "ليلى": "layla", "أمينة": "amina", "صالح": "saleh", "طارق": "tarek", "كريم": "karim",
    "کریم": "karim", "رضا": "reza", "مهدی": "mehdi", "مهدي": "mahdi", "جعفر": "jafar", "حامد": "hamed",
    "سلمان": "salman", "سليمان": "suleiman", "داود": "dawood", "موسى": "musa", "عيسى": "issa", "بكر": "bakr",
    "أبو": "abu", "ابو": "abu", "بن ": "ben", "آل ": "al", "الدين": "eddine", "هند": "hind", "بلال": "bilal",
    "منى": "mona", "هدى": "huda", "سلمى": "salma", "زاده": "zadeh",
    "پور": "pour", "جمال": "jamal", "كمال": "kamal", "رشيد": "rashid", "منصور": "mansour",
    "ناصر": "nasser", "جواد": "javad", "اکبر": "akbar", "أكبر": "akbar", "حميد": "hamid", "حمید": "hamid",
    "مجید": "majid", "سمير": "samir", "سميرة": "samira", "هاشم": "hashem", "قاسم": "qasem", "ياسر": "yasser",
    "ياسين": "yassin", "رحمن": "rahman", "الرحمن": "rahman", "رحيم": "rahim", "سلطان": "sultan", "شمري": "shammari",
    "قحطاني": "qahtani", "غامدي": "ghamdi", "حربي": "harbi", "عتيبي": "otaibi", "مطيري": "mutairi",
    "دوسري": "dosari", "زهراني": "zahrani", "عنزي": "anazi", "مالكي": "malki", "شهري": "shehri",
}
HEBREW = dict(zip("אבגדהוזחטיכךלמםנןסעפףצץקרשת",
                  "a b g d h o z h t i k k l m m n n s a p f tz tz k r sh t".split()))
HEBREW_PARTS = {"כהן": "cohen", "לוי": "levy", "משה": "moshe", "דוד": "david", "יוסף": "yosef", "אברהם": "avraham",
                "יצחק": "yitzhak", "יעקב": "yaakov", "שלמה": "shlomo", "נועם": "noam", "אורי": "uri", "תמר": "tamar",
                "יעל": "yael", "שרה": "sarah", "רחל": "rachel", "אסתר": "esther", "מיכאל": "michael", "רבקה": "rivka",
                "דניאל": "daniel", "שמואל": "shmuel", "פרידמן": "friedman", "מזרחי": "mizrahi", "פרץ": "peretz",
                "ביטון": "biton", "דהן": "dahan", "אברהמי": "avrahami", "גולן": "golan", "אוחנה": "ohana",
                "כץ": "katz", "עמית": "amit", "איתן": "eitan", "עומר": "omer", "נעמי": "naomi", "חנה": "hannah"}
KOREAN_SURNAMES = dict(zip("김이박정최조강윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구나민진지엄",
                           ("kim lee park jung choi cho kang yoon jang lim han oh seo shin kwon hwang ahn song ryu jeon "
                            "hong ko moon yang son bae baek heo yoo nam shim noh ha kwak sung cha joo woo koo na min jin ji eom")
                           .split()))
GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "ae", "Ö": "oe", "Ü": "ue"})
UNITS = re.compile("tz|kh|gh|sh|th|dh|zh|ch|ph|ng|[a-z]")


def voiced(text):
    """Puts an "a" where a syllable would begin with two consonants: mhdy -> mahdy."""
    out, before = [], ""
    units = UNITS.findall(text)
    for place, unit in enumerate(units):
        out.append(unit)
        follows = units[place + 1] if place + 1 < len(units) else "a"
        if unit[0] not in "aeiou" and follows[0] not in "aeiou" and (not before or before[0] not in "aeiou"):
            out.append("a")
            before = "a"
        else:
            before = unit
    return "".join(out)


def syllabic(word, kinds, keep_last):
    """Romanizes a script whose consonants carry an "a": `kinds` tells consonant, vowel, sign and mute mark.

    The closing "a" is spoken after two consonants (Aditya), else only where `keep_last` says so.
    """
    out, pending, before = [], False, ""
    for char in word:
        kind, text = kinds(char)
        if pending and kind not in ("sign", "mute"):
            out.append("A")
        pending = kind == "consonant"
        cluster = pending and before == "mute"
        out.append(text)
        before = kind
    if pending and (keep_last or cluster or len(out) < 2):
        out.append("a")
    return "".join(out)


def northern(text):
    """Drops an unwritten "a" between single consonants with vowels around, as Hindi does: chopAra -> chopra."""
    consonant = "(?:kh|gh|chh|ch|jh|th|dh|ph|bh|sh|rh|[bcdfghjklmnpqrstvwz])"
    return re.sub(f"(?<=[aeiouA])({consonant})A(?={consonant}[aeiouA])", "\\1", text)


def indic(char):
    offset = ord(char) & 0x7F
    if offset == 0x4D or ord(char) < 0x0900:
        return "mute", ""
    for kind, table in (("consonant", INDIC_CONSONANTS), ("vowel", INDIC_VOWELS), ("sign", INDIC_SIGNS)):
        if offset in table:
            return kind, table[offset]
    if char == "ৎ":
        return "vowel", "t"
    return ("vowel", "n") if offset in (0x01, 0x02) else ("mute", "")


def sinhala(char):
    for kind, table in (("consonant", SINHALA_CONSONANTS), ("vowel", SINHALA_VOWELS), ("sign", SINHALA_SIGNS)):
        if char in table:
            return kind, table[char]
    return ("vowel", "n") if char == "ං" else ("mute", "")


def by_parts(name, parts, spell):
    """Known parts as they are usually written, what lies between them by `spell`."""
    pattern = re.compile("|".join(map(re.escape, sorted(parts, key=len, reverse=True))))
    out, place = [], 0
    for match in pattern.finditer(name):
        out += [spell(name[place:match.start()]), parts[match.group()]]
        place = match.end()
    return "".join(out + [spell(name[place:])])


def arabic(text):
    """Letters one by one; waw and yeh are vowels between two letters that are none."""
    text = re.sub("^ال", "al ", text)
    text = re.sub("(?<=[^\\sاأآ])و(?=[^اأآةى]|$)", "u", text)
    text = re.sub("(?<=[^\\sاأآيی])[يی](?=[^اأآةىu]|$)", "i", text)
    return voiced("".join(ARABIC.get(c, c).replace("-", "") for c in text))


def hebrew(text):
    """Letters one by one; vav and yod at the beginning of a word are consonants."""
    text = re.sub("(^|\\s)ו", "\\1v", text)
    text = re.sub("(^|\\s)י|יי", "\\1y", text)
    text = re.sub("יה$", "ya", re.sub("(?<!י)ה$", "a", text))
    return voiced("".join(HEBREW.get(c, c) for c in text))


def romanize(name, locale, surname=False):
    """`name` in a-z and 0-9, at most 20 letters; empty if nothing is left of it."""
    code = ord(name[0])
    block = code & ~0x7F
    if locale.startswith("de_"):
        text = anyascii(name.translate(GERMAN))
    elif locale == "ko_KR" and surname and name in KOREAN_SURNAMES:
        text = KOREAN_SURNAMES[name]
    elif block in INDIC_BLOCKS:
        plain = re.sub("[डढ]\u093c", "र", re.sub("[ডঢ]\u09bc", "র", name))
        plain = re.sub("[\u093c\u09bc\u0abc\u0b3c]", "", plain)
        text = "".join(syllabic(w, indic, INDIC_BLOCKS[block]) for w in plain.split())
        text = northern(text) if block in (0x0900, 0x0980) else text
    elif 0x0D80 <= code <= 0x0DFF:
        text = "".join(syllabic(w, sinhala, True) for w in name.split())
    elif 0x0600 <= code <= 0x06FF:
        text = by_parts(name, ARABIC_PARTS, arabic)
    elif 0x0590 <= code <= 0x05FF:
        text = by_parts(name, HEBREW_PARTS, hebrew)
    elif 0x0E00 <= code <= 0x0E7F:
        swapped = re.sub("([เแโใไ])([ก-ฮ])", "\\2\\1", name)
        text = voiced(re.sub("[^a-z]", "", anyascii(swapped.replace("ญ", "น")).lower()))
    elif 0x0370 <= code <= 0x03FF:
        text = name.lower()
        for greek, latin in (("ευ", "ev"), ("αυ", "av"), ("ου", "ou")):
            text = text.replace(greek, latin)
        text = anyascii(re.sub("(^|\\s)ντ", "\\1d", re.sub("(^|\\s)μπ", "\\1b", text)))
    elif 0x0530 <= code <= 0x058F:
        text = anyascii(name).lower().replace("ow", "u").replace("rr", "r")
    elif locale == "ko_KR":
        text = re.sub("(?<=[aeiou])l(?=[aeiou])", "r", anyascii(name).lower())
        text = re.sub("g(?=[^aeiouwyg]|$)", "k", text).replace("nk", "ng")
    else:
        text = anyascii(name)
    return re.sub("[^a-z0-9]", "", text.lower())[:20]
