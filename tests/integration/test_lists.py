"""GET /v1/user: orders, filters and searches, over users of many scripts."""
import random
import re
import unicodedata
import urllib.parse

import pytest
from bson import ObjectId

from support.problem import assert_no_leak, assert_problem
from support.waiting import wait_until

WRITES_BEHIND = True

# One word of a country's name is in the name, another is of the country: all of "united states" is met.
MIXED = [("States Rights", "United Kingdom"), ("United Nations", "United States"), ("Maria Das", "India"),
         ("India Jones", "Iceland"), ("Korea Kim", "South Africa"), ("Zealand Peter", "New Caledonia")]

SORTS = ["createdAt", "-createdAt", "name", "-name", "email", "-email", "country", "-country"]

# What people write in names: accents, strokes, scripts without case, marks, emoji, quotes, other spaces, one word twice.
NAMES = [
    "Ángel Núñez", "angel nunez", "ANGEL NÚÑEZ", "Angela\u0301 Merk", "Zoë Straße", "Đặng Văn Hưng", "Łukasz Żółć",
    "Jørgen Ærø", "O'Brien Connor", "O’Brien Sean", "Jean-Pierre Léaud", "李小龙", "李娜", "山田 太郎", "김민준",
    "محمد علي", "Иван Иванов", "Νίκος Παπάς", "हरि ओम", "🎉 Party", "Ana 🎉", "Ana (Nina) Costa", "Ana.*", "a+b (c)",
    "x\\y [z]", "Maria Maria", "ＦＵＬＬ Ｗｉｄｔｈ", "İpek Işık", "$ne {$gt}", "50% Off", "<b>Bold</b>",
]


def quote(text):
    return urllib.parse.quote(text, safe="")


def path_of(**query):
    return "/v1/user?" + "&".join(f"{name}={quote(str(value))}" for name, value in query.items())


def ids_of(answer):
    return [user["_id"] for user in answer.result]


def links(answer):
    return {rel: address for address, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("Link", ""))}


def walk(http, path, rel="next", each=None):
    """Follows Link from page to page; the pages' ids."""
    pages = []
    while path:
        answer = http.get(path)
        pages.append(ids_of(answer))
        shown = answer.json["page"]
        assert shown["hasMore"] is (shown["next"] is not None)
        path = links(answer).get(rel)
        assert (path is None) is (shown[rel] is None)
        if each:
            each(len(pages))
    return pages


def flat(pages):
    return [one for page in pages for one in page]


# ---- a set of users that is known

def fold(text):
    """As lib/search.c folds, by Python's own tables."""
    plain = {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "ı": "i"}
    taken_off = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if unicodedata.category(c)[0] != "M")
    return "".join(plain.get(c, c) for c in taken_off.casefold() if unicodedata.category(c) != "Cf")


def words(name):
    kept = re.sub("['’`]", "", fold(name))
    return "".join(c if unicodedata.category(c)[0] in "LN" or unicodedata.category(c) == "So" else " "
                   for c in kept).split()


@pytest.fixture(scope="module")
def many(stack):
    """600 generated users, and those of NAMES as another system writes them once they are taken up: newest."""
    stack.idle()
    stack.fresh()
    stack.wait_job(stack.generate(600, seed=11))
    stack.mongo.users.insert_many([document(n, name) for n, name in enumerate(NAMES)])
    stack.mongo.users.insert_many([document(900 + n, name, country=country) for n, (name, country) in enumerate(MIXED)])
    return sorted(stack.mongo.users.find({}), key=lambda user: user["_id"], reverse=True)


def document(n, name, **more):
    user = {"_id": ObjectId(f"ffff{n:020x}"), "name": name, "email": f"person{n}@lists.example", "gender": "female",
            "phoneNumber": f"+999 (55) {n:04}", "country": "Iceland" if n % 2 else "Fiji", "userName": f"person-{n}",
            "avatar": "x", "lastActive": None, **more}
    stored = [*dict.fromkeys(words(name)), "+" + re.sub(r"\D", "", user["phoneNumber"]), f"@{user['userName']}"]
    return {**user, "_hc": {"k": {"v": 0}, "s": stored}}


def test_python_folds_as_we_do(stack, many):
    """The words that the generator stored are those that this file's own folding gives."""
    for user in many:
        assert user["_hc"]["s"][:-1] == list(dict.fromkeys(words(user["name"]))) or user["email"].endswith("@lists.example")
        if user["email"].endswith("@people.example"):
            assert user["_hc"]["s"][-1] == user["phoneNumber"]


def wanted(many, sort="-createdAt", keep=lambda user: True):
    """The ids of the users that fit, in the order of sort."""
    field = {"createdAt": None}.get(sort.lstrip("-"), sort.lstrip("-"))
    key = (lambda user: user["_id"]) if not field else (lambda user: (user[field].encode(), user["_id"]))
    return [str(user["_id"]) for user in sorted(filter(keep, many), key=key, reverse=sort[0] == "-")]


@pytest.fixture(scope="module", params=["walk", "indexes", "newest first", "joined"])
def web(request, stack, many):
    """The ways of a search: along the newest users, which is enough for so few; by the indexes of words; and by these for
    the newest first, of whom there are some here; and by these put together for several words."""
    if request.param == "walk":
        yield stack.http
        return
    env = {"HC_SEARCH_WALK": "no"}
    if request.param == "newest first":
        env["HC_SEARCH_NEWEST"] = wanted(many)[len(many) // 4]
    if request.param == "joined":
        env["HC_SEARCH_JOINED"] = "1"
    with stack.beside(env=env, build="build/faults") as other:
        yield other.http


# ---- orders

@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("country", [None, "India", "Iceland", "Fiji"])
def test_walk_there_and_back(http, many, sort, country):
    want = wanted(many, sort, lambda user: country in (None, user["country"]))
    query = {"limit": 37 if country is None else 5, "sortBy": sort, **({"country": country} if country else {})}
    pages = walk(http, path_of(**query))
    assert flat(pages) == want and len(want) >= 15
    assert all(len(page) == query["limit"] for page in pages[:-1])
    last = path_of(**query, page=len(pages))
    back = walk(http, last, "prev")
    assert back == list(reversed(pages))
    assert flat([ids_of(http.get(path_of(**query, page=n + 1))) for n in range(len(pages))]) == want


def test_many_of_one_name(stack, http, many):
    """Equal names have an order too, and a page may begin among them."""
    same = [document(5000 + n, "Same Name") for n in range(40)]
    stack.mongo.users.insert_many(same)
    try:
        for sort in ("name", "-name"):
            pages = walk(http, path_of(limit=7, sortBy=sort))
            assert flat(pages) == wanted(many + same, sort)
    finally:
        stack.mongo.users.delete_many({"name": "Same Name"})


@pytest.mark.parametrize("sort", SORTS)
def test_inserts_during_a_walk(stack, http, many, sort):
    """Of the old users none is skipped and none comes twice, wherever new ones come in."""
    want = wanted(many, sort)
    fresh = [document(7000 + n, name, country=country)
             for n, (name, country) in enumerate([("A", "Albania"), ("Mmm", "India"), ("zz", "Zimbabwe")] * 10)]
    left = list(fresh)

    def each(_):
        if left:
            stack.mongo.users.insert_one(left.pop())
    try:
        there = flat(walk(http, path_of(limit=23, sortBy=sort), "next", each))
        new = {str(one["_id"]) for one in fresh}
        assert [one for one in there if one not in new] == want
        back = walk(http, path_of(limit=23, sortBy=sort, page=10), "prev", each)
        assert len(set(flat(back))) == len(flat(back))
    finally:
        stack.mongo.users.delete_many({"_id": {"$in": [one["_id"] for one in fresh]}})


@pytest.mark.parametrize("query", ["email=a@b.c", "_id=" + "0" * 24, "name=ana", "search=ana",
                                   "country=India&search=ana"])
@pytest.mark.parametrize("sort", ["name", "-email", "country"])
def test_orders_that_go_with_no_filter(http, query, sort):
    assert_problem(http.get(f"/v1/user?{query}&sortBy={sort}"), 400, field="sortBy", says="country")


@pytest.mark.parametrize("sort", ["-", "$x", "__v", "--name", "name,email", "_id", "Name", "-lastActive", "%20name",
                                  "x" * 2000, "name&sortBy=email".replace("&", "%26")])
def test_orders_that_are_none(http, sort):
    assert_problem(http.get(f"/v1/user?sortBy={sort}"), 400, field="sortBy")


def test_a_cursor_belongs_to_its_order_and_filters(http, many):
    cursor = http.get("/v1/user?sortBy=name&limit=5").json["page"]["next"]
    assert http.get(f"/v1/user?sortBy=name&limit=9&after={cursor}").status == 200
    for other in ("sortBy=-name", "sortBy=email", "limit=5", "sortBy=name&country=India", "search=a"):
        assert_problem(http.get(f"/v1/user?{other}&after={cursor}"), 400, field="after")
    cursor = http.get("/v1/user?search=a&limit=5").json["page"]["next"]
    for other in ("search=b", "name=a", "search=a&country=India"):
        assert_problem(http.get(f"/v1/user?{other}&after={cursor}"), 400, field="after")


# ---- country

@pytest.mark.parametrize("given", ["Iceland", "iceland", "ICELAND", "IS", "is", "ISL", "%20Iceland%20"])
def test_country_by_name_and_code(http, many, given):
    want = wanted(many, keep=lambda user: user["country"] == "Iceland")
    assert ids_of(http.get(f"/v1/user?country={given}&limit=100")) == want[:100]


@pytest.mark.parametrize("bad", ["Icelan", "X", "ZZ", "Atlantis", "$ne", ".*", "Iceland%0A", "Ice%20land", "a" * 3000])
def test_country_that_is_none(http, bad):
    field = None if "%0A" in bad else "country"
    assert_problem(http.get(f"/v1/user?country={bad}"), 400, field=field)


# ---- words

def has_words(user, text):
    return all(any(word.startswith(one) for word in words(user["name"])) for one in words(text))


def finds(user, term):
    """Whether a search for one term finds the user."""
    own = user["userName"] if user["email"].endswith("@lists.example") else user["userName"].lower()
    digits = re.sub(r"\D", "", term) if re.fullmatch(r"[-\d +().]+", term) else ""
    country = words(user["country"])
    return (bool(words(term)) and has_words(user, term)) or user["email"].startswith(term.lower()) or \
        own.startswith(term.lower()) or (bool(digits) and re.sub(r"\D", "", user["phoneNumber"]).startswith(digits)) or \
        (bool(words(term)) and all(any(word.startswith(one) for word in country) for one in words(term)))


@pytest.mark.parametrize("text", [
    "angel", "ANGEL", "Ángel", "ángel núñez", "nunez angel", "nun", "zoe", "strasse", "STRAßE", "dang", "hung", "van hung",
    "łukasz", "lukasz", "zolc", "jorgen", "aero", "obrien", "o'brien", "O’Br", "brien", "jean-p", "pierre", "lead", "李",
    "李小", "小", "山田", "太", "김", "محمد", "عل", "иван", "ИВАНОВ", "ноп", "νικος", "παπ", "हरि", "🎉", "ana 🎉", "nina",
    "full width", "ipek", "isik", "off 50", "maria maria", "qqqq", "e", "m", "b", "Bold",
])
def test_names(web, many, text):
    want = wanted(many, keep=lambda user: has_words(user, text))
    for query in ({"name": text}, {"name": f"  {text} "}):
        pages = walk(web, path_of(limit=20, **query))
        assert flat(pages) == want, query
    assert walk(web, path_of(limit=20, name=text, page=len(pages)), "prev") == list(reversed(pages))
    for country in ("Iceland", "India"):
        both = wanted(many, keep=lambda user: has_words(user, text) and user["country"] == country)
        assert ids_of(web.get(path_of(limit=100, name=text, country=country))) == both[:100]


@pytest.mark.parametrize("text", [
    "angel", "angel nunez", "angel iceland", "iceland", "Icel", "fiji", "person7@lists.example", "PERSON7@", "person7@l",
    "person-12", "PERSON-12", "lists", "@lists.example", "+999", "99955", "+999 (55) 0003", "999-55", "9", "+99955000",
    "ind", "united", "united states", "states united", "states", "united king", "south korea", "new zealand", "south",
    "saint", "the", "isl", "nunez iceland", "iceland nunez", "iceland fiji", "united maria", "india maria", "maria india",
    "korea south", "maria indo", "é", "qqqqqq", "person1 fiji", "李", "🎉", "a", "z", "x",
    # One term by the name, the other by the e-mail, the user name, the phone number; the longer one is looked up first.
    "angel person", "nunez person1", "person1@lists angel", "angel person-", "jean-pierre person", "angel 99955", "an 9",
    "person-1 99955500", "angel nunez person", "ana (nina", "l'an person",
])
def test_searches(web, many, text):
    phone = re.fullmatch(r"[-\d +().]+", text)
    terms = [text] if phone else text.split()
    want = wanted(many, keep=lambda user: all(finds(user, term) for term in terms))
    pages = walk(web, path_of(limit=15, search=text))
    assert flat(pages) == want
    assert walk(web, path_of(limit=15, search=text, page=len(pages)), "prev") == list(reversed(pages))
    assert ids_of(web.get(path_of(limit=100, search=text, sortBy="createdAt"))) == list(reversed(want))[:100]


def test_every_field_of_a_generated_user(web, many):
    """Whole values and beginnings, of any user."""
    for user in random.Random(4).sample([one for one in many if one["email"].endswith("@people.example")], 12):
        own = str(user["_id"])
        for value in (user["email"], user["email"].upper(), user["email"][:-8], user["phoneNumber"],
                      user["phoneNumber"][1:], user["phoneNumber"][:-1], user["userName"], user["userName"].lower(),
                      user["userName"][:20]):
            found = ids_of(web.get(path_of(limit=100, search=value)))
            assert own in found and len(found) <= 3, value
        assert own in flat(walk(web, path_of(limit=100, search=user["userName"][:9]))), user
        assert own in ids_of(web.get(path_of(limit=100, name=user["name"], search=user["country"])))
        first = user["name"].split()[0]
        for other in (user["userName"][:12], user["email"][:5], user["email"], user["phoneNumber"].lstrip("+"), user["country"]):
            for both in (f"{first} {other}", f"{other} {first}"):
                assert own in flat(walk(web, path_of(limit=100, search=both))), both


HOSTILE = [".*", "^", "$", "(a+)+$", "[", "]", "\\", "\\E", "\\Qa\\E", "a|b", "(?i)a", "{1,}", "a{1000000}", "%", "'",
           '"', "$ne", "{$gt:''}", "[$ne]", "; drop", "\u202e", "*", "..", "a.*", "-", "@", "+", "()", "a" * 200,
           "é" * 100, "\U0001f600" * 50, "_hc", "null"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_literal(web, many, text):
    for field in ("search", "name"):
        answer = web.get(path_of(limit=100, **{field: text}))
        assert answer.status == 200 and answer.ms < 3000, answer
        assert_no_leak(answer)
        for user in answer.result:
            shown = " ".join([user["name"], user["email"], user["phoneNumber"], user["userName"], user["country"]])
            assert all(word in fold(shown) for word in fold(text).replace("\u202e", "").split()), (text, user)
    assert web.get("/v1/user?search=%28Nina%29&name=").result[0]["name"] == "Ana (Nina) Costa"
    assert [user["name"] for user in web.get("/v1/user?name=ana.*").result] == ["Ana.*"]


@pytest.mark.parametrize("field", ["search", "name"])
def test_words_that_are_too_many(http, field):
    assert_problem(http.get(f"/v1/user?{field}=" + "a" * 201), 400, field=field)
    assert_problem(http.get(f"/v1/user?{field}=" + "%C3%A9" * 101), 400, field=field)
    assert http.get(f"/v1/user?{field}=" + "a" * 8000).status in (400, 414)
    assert_problem(http.get("/v1/user?search=" + "%20".join("abcdefghi")), 400, field="search")


@pytest.mark.parametrize("odd", ["search[]=a", "search[$ne]=a", "email[$gt]=", "name[$regex]=.*", "$where=1", "_hc.gone=1"])
def test_parameters_that_are_none_do_nothing(http, many, odd):
    assert ids_of(http.get(f"/v1/user?limit=5&{odd}")) == wanted(many)[:5]


def test_no_operator_comes_from_a_query(http, many):
    for text in ("%7B%22$gt%22%3A%22%22%7D", "%7B%7D", "[object%20Object]"):
        for field in ("search", "name", "email"):
            assert http.get(f"/v1/user?{field}={text}").result == []
        assert_problem(http.get(f"/v1/user?country={text}"), 400, field="country")


@pytest.mark.parametrize("query", [
    "limit=10&page=1&sortBy=-createdAt&email=&_id=&name=&country=&search=",
    "limit=10&page=1&sortBy=-createdAt&email=&search=", "limit=10&page=&sortBy=&search=&name=", "limit=10&search=%20&name=%20%20",
])
def test_empty_values_of_old_clients(http, many, query):
    answer = http.get(f"/v1/user?{query}", headers={"Content-Type": "application/json"})
    assert ids_of(answer) == wanted(many)[:10]


def test_old_clients_page_through_a_search(web, many):
    want = wanted(many, keep=lambda user: finds(user, "india"))
    found = [one for page in range(1, 4) for one in ids_of(web.get(
        f"/v1/user?limit=10&page={page}&sortBy=-createdAt&email=&_id=&name=&country=&search=india"))]
    assert found == want[:30]
    assert_problem(web.get("/v1/user?limit=10&page=10002&search=india"), 400, field="page", says="after")


# ---- what is not shown

def test_gone_users_are_in_no_list(stack, http, many):
    victim = next(user for user in many if user["name"] == "<b>Bold</b>")
    country = victim["country"]
    queries = [path_of(limit=100, sortBy=sort) for sort in SORTS] + [
        path_of(limit=100, country=country), path_of(_id=victim["_id"]), path_of(email=victim["email"]),
        path_of(limit=100, name="bold"), path_of(limit=100, search=victim["email"]), path_of(limit=100, search="+999 55")]
    stack.mongo.users.update_one({"_id": victim["_id"]}, {"$set": {"_hc.gone": victim["_id"].generation_time}})
    try:
        for query in queries:
            wait_until(lambda: str(victim["_id"]) not in flat(walk(http, query)), 5)
    finally:
        stack.mongo.users.update_one({"_id": victim["_id"]}, {"$unset": {"_hc.gone": 1}})


def test_last_active_is_the_latest_request(stack, http, many):
    user, other = many[2], many[3]
    stack.mongo.hc_usage.insert_one({"_id": user["_id"], "v": 1, "n": 3, "day": 1, "zg": 1,
                                     "last": user["_id"].generation_time.replace(year=2030, tzinfo=None)})
    try:
        wait_until(lambda: http.get(path_of(search=user["email"])).result[0]["lastActive"].startswith("2030-"), 5)
        assert not (http.get(path_of(search=other["email"])).result[0].get("lastActive") or "").startswith("2030-")
    finally:
        stack.mongo.hc_usage.delete_one({"_id": user["_id"]})


def test_odd_documents_end_no_list(stack, http, many):
    """Users whose fields have other types, or none, hide nobody else; a list by such a field leaves them out."""
    odd = [{"_id": ObjectId("ffff" + "e" * 19 + str(n)), **fields} for n, fields in enumerate(
        [{"email": "o0", "name": 5, "country": None}, {"email": 7, "name": ["b", "a"]}, {"email": "o2", "name": "x" * 3000},
         {"_hc": {"s": "text"}, "email": "o3"}])]
    stack.mongo.users.insert_many(odd)
    try:
        known = {str(user["_id"]) for user in many}
        for sort in SORTS:
            there = flat(walk(http, path_of(limit=50, sortBy=sort)))
            assert [one for one in there if one in known] == wanted(many, sort), sort
        assert http.get(path_of(search="ana")).status == 200
    finally:
        stack.mongo.users.delete_many({"_id": {"$in": [one["_id"] for one in odd]}})
