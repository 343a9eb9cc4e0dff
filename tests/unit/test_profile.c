/* test_profile.c - what a person may say of a user, and the writes that come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "user.h"

#define FINE "\"email\":\"a@b.cd\",\"name\":\"N\",\"phoneNumber\":\"+1 234\",\"gender\":\"male\""

/* A document as the relaxed extended JSON of libbson, for the caller to free. */
static char *text_of(const bson_t *doc)
{
    return bson_as_relaxed_extended_json(doc, NULL);
}

static enum hc_err read_as(const char *json, const bson_t *stored, struct hc_profile *p,
                           struct hc_faults *faults)
{
    struct hc_error err = {0};
    memset(faults, 0, sizeof *faults);
    hc_profile_init(p);
    return hc_profile_read(json, strlen(json), stored, p, faults, &err);
}

/* {FINE, more} is taken, and its set ends with want. */
static void taken(const char *more, const char *want)
{
    char json[4096];
    struct hc_profile p;
    struct hc_faults faults;
    snprintf(json, sizeof json, "{" FINE "%s}", more);
    assert_int_equal(read_as(json, NULL, &p, &faults), HC_OK);
    assert_int_equal(faults.count, 0);
    char *set = text_of(&p.set);
    if (!strstr(set, want))
        fail_msg("%s has no %s", set, want);
    bson_free(set);
    hc_profile_release(&p);
}

/* The user that fields (JSON members) make is refused for that one field. */
static void refused(const char *json, const char *field)
{
    struct hc_profile p;
    struct hc_faults faults;
    enum hc_err code = read_as(json, NULL, &p, &faults);
    if (code != HC_EINVALID || faults.count != 1 || strcmp(faults.list[0].field, field) != 0)
        fail_msg("%.200s: %s, %zu faults, the first of \"%s\"", json, hc_err_text(code), faults.count,
                 faults.list[0].field);
    assert_true(strlen(faults.list[0].detail) > 10);
    hc_profile_release(&p);
}

/* The fine user with one member replaced. */
static void refused_value(const char *field, const char *value)
{
    static const char *const members[][2] = {
        {"email", "\"a@b.cd\""}, {"name", "\"N\""}, {"phoneNumber", "\"+1 234\""}, {"gender", "\"male\""}};
    char json[8192] = "{";
    for (size_t i = 0; i < 4; i++)
        if (strcmp(members[i][0], field) != 0)
            snprintf(json + strlen(json), sizeof json - strlen(json), "\"%s\":%s,", members[i][0],
                     members[i][1]);
    snprintf(json + strlen(json), sizeof json - strlen(json), "\"%s\":%s}", field, value);
    refused(json, field);
}

/* A quoted text of n times c, the head in front and the tail behind. */
static const char *times(const char *head, char c, int n, const char *tail)
{
    static char text[4096];
    snprintf(text, sizeof text, "\"%s%*s%s\"", head, n, "", tail);
    memset(text + 1 + strlen(head), c, (size_t)n);
    return text;
}

/* ---- fields ---- */

static void emails(void **state)
{
    (void)state;
    static const char *const good[][2] = {{"A.B+c@Mail.EXAMPLE", "a.b+c@mail.example"},
                                          {"x@y", "x@y"},
                                          {"!#$%&'*+/=?^_`{|}~-@a-b.c9", "!#$%&'*+/=?^_`{|}~-@a-b.c9"},
                                          {"a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
                                          {"a@people.example.org", "a@people.example.org"},
                                          {"a@1.2.3.4", "a@1.2.3.4"}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char json[256], want[256];
        struct hc_profile p;
        struct hc_faults faults;
        snprintf(json, sizeof json,
                 "{\"email\":\"%s\",\"name\":\"N\",\"phoneNumber\":\"1234\",\"gender\":\"other\"}",
                 good[i][0]);
        assert_int_equal(read_as(json, NULL, &p, &faults), HC_OK);
        snprintf(want, sizeof want, "{ \"email\" : \"%s\",", good[i][1]);
        char *set = text_of(&p.set);
        assert_memory_equal(set, want, strlen(want));
        bson_free(set);
        hc_profile_release(&p);
    }
    static const char *const bad[] = {"\"\"",
                                      "\"@\"",
                                      "\"a@\"",
                                      "\"@b.cd\"",
                                      "\"a\"",
                                      "\"a@@b.cd\"",
                                      "\"a@b@c.de\"",
                                      "\"a b@c.de\"",
                                      "\" a@b.cd\"",
                                      "\"a@b.cd \"",
                                      "\"a@b..cd\"",
                                      "\"a@.b\"",
                                      "\"a@b.\"",
                                      "\"a@-b.cd\"",
                                      "\"a@b-.cd\"",
                                      "\"a@b_c.de\"",
                                      "\"a@b.cd\\r\\nX: y\"",
                                      "\"a\\n@b.cd\"",
                                      "\"\xc3\xa4@b.cd\"",
                                      "\"a@\xc3\xa4.de\"",
                                      "\"a@people.example\"",
                                      "\"A@PEOPLE.Example\"",
                                      "\"<a@b.cd>\"",
                                      "\"a,b@c.de\"",
                                      "\"(a)@b.cd\"",
                                      "\"a\\\"@b.cd\"",
                                      "\"a\\\\@b.cd\"",
                                      "\"\\u202ea@b.cd\"",
                                      "{\"$gt\":\"\"}",
                                      "{\"$oid\":\"0\"}",
                                      "[\"a@b.cd\"]",
                                      "5",
                                      "true",
                                      "null"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused_value("email", bad[i]);
    refused_value("email", times("a@", 'b', 64, ".cd"));
    refused_value("email", times("", 'a', 65, "@b.cd"));
    refused_value("email", times("a@b.cd", 'e', 300, ""));
    refused("{\"name\":\"N\",\"phoneNumber\":\"1234\",\"gender\":\"other\"}", "email");
}

static void texts(void **state)
{
    (void)state;
    taken(",\"userName\":\"me\"", "\"userName\" : \"me\"");
    static const char *const bad[] = {"\"\"", "\"   \"", "\"a\\nb\"", "\"\\u001b[31m\"", "\"\\u007f\"", "1",
                                      "[]",   "{}",      "null"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused_value("name", bad[i]);
    refused_value("name", times("", 'x', 257, ""));
    refused("{" FINE ",\"userName\":\"\"}", "userName");
    char json[2048], name[1100] = "";
    struct hc_profile p;
    struct hc_faults faults;
    for (int i = 0; i < 256; i++) /* 256 characters of 4 bytes */
        strcat(name, "\xf0\x9f\x98\x80");
    snprintf(json, sizeof json,
             "{\"email\":\"a@b.cd\",\"name\":\"%s\",\"phoneNumber\":\"1234\",\"gender\":\"other\"}", name);
    assert_int_equal(read_as(json, NULL, &p, &faults), HC_OK);
    bson_iter_t it;
    assert_true(bson_iter_init_find(&it, &p.set, "name"));
    assert_string_equal(bson_iter_utf8(&it, NULL), name);
    hc_profile_release(&p);
}

static void phones_and_choices(void **state)
{
    (void)state;
    static const char *const phones[] = {"\"123\"",      "\"12\\u00003\"",
                                         "\"()()()\"",   "\"12--\"",
                                         "\"call 123\"", "\"\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\"",
                                         "1234",         "null"};
    for (size_t i = 0; i < sizeof phones / sizeof phones[0]; i++)
        if (i != 1)
            refused_value("phoneNumber", phones[i]);
    refused_value("phoneNumber", times("", '1', 33, ""));
    static const char *const genders[] = {"\"Male\"", "\"\"", "\"m\"", "\"male \"", "0", "[\"male\"]"};
    for (size_t i = 0; i < sizeof genders / sizeof genders[0]; i++)
        refused_value("gender", genders[i]);
    taken(",\"country\":\"de\"", "\"country\" : \"Germany\"");
    taken(",\"country\":\"DEU\"", "\"country\" : \"Germany\"");
    taken(",\"country\":\"gerMANY\"", "\"country\" : \"Germany\"");
    taken(",\"country\":null", "\"gender\" : \"male\" }");
    static const char *const countries[] = {"\"\"", "\"ZZ\"", "\"Atlantis\"", "\" DE\"", "276", "{}"};
    for (size_t i = 0; i < sizeof countries / sizeof countries[0]; i++)
        refused_value("country", countries[i]);
}

static void avatars(void **state)
{
    (void)state;
    taken(",\"avatar\":\"https://a.b/c?d=e#f\"", "\"avatar\" : \"https://a.b/c?d=e#f\"");
    taken(",\"avatar\":\"HTTP://[::1]/x\"", "HTTP://[::1]/x");
    static const char *const bad[] = {"\"\"",
                                      "\"javascript:alert(1)\"",
                                      "\" https://a.b\"",
                                      "\"data:text/html,x\"",
                                      "\"//a.b\"",
                                      "\"https://\"",
                                      "\"https:///x\"",
                                      "\"https://a.b/\\\"x\"",
                                      "\"https://a.b/<\"",
                                      "\"https://a.b/ c\"",
                                      "\"https://a.b/\\n\"",
                                      "\"https://a.b\\\\c\"",
                                      "\"https://\xc3\xa4.de\"",
                                      "\"ftp://a.b\"",
                                      "5"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused_value("avatar", bad[i]);
    refused_value("avatar", times("https://", 'a', 1020, ""));
}

static void further_fields(void **state)
{
    (void)state;
    taken(",\"a\":\"t\",\"b\":9223372036854775807,\"c\":1.5,\"d\":true,\"e\":null,\"f\":{\"g\":[1,null]}",
          "\"a\" : \"t\", \"b\" : 9223372036854775807, \"c\" : 1.5, \"d\" : true, \"f\" : { \"g\" : [ 1, "
          "null ] } }");
    taken(",\"l\":[[[[[[[[]]]]]]]]", "\"l\"");
    static const char *const bad[][2] = {
        {"", "1"},
        {"a.b", "1"},
        {"$a", "1"},
        {"a$", "1"},
        {"_a", "1"},
        {"__proto__", "{}"},
        {"a\\nb", "1"},
        {"x", "{\"$date\":5}"},
        {"x", "{\"a.b\":5}"},
        {"x", "[{\"\":5}]"},
        {"x", "[[[[[[[[[]]]]]]]]]"},
        {"x", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{}}}}}}}}}"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char json[512];
        snprintf(json, sizeof json, "{" FINE ",\"%s\":%s}", bad[i][0], bad[i][1]);
        refused(json, strcmp(bad[i][0], "a\\nb") == 0 ? "a\nb" : bad[i][0]);
    }
    char json[8192];
    snprintf(json, sizeof json, "{" FINE ",%s:1}", times("", 'a', 65, ""));
    struct hc_profile p;
    struct hc_faults faults;
    assert_int_equal(read_as(json, NULL, &p, &faults), HC_EINVALID);
    hc_profile_release(&p);
}

static void reserved_ones_are_passed_over(void **state)
{
    (void)state;
    struct hc_profile p;
    struct hc_faults faults;
    assert_int_equal(read_as("{" FINE
                             ",\"_id\":{\"$oid\":1},\"_hc\":{\"k\":1},\"createdAt\":0,\"updatedAt\":null,"
                             "\"lastActive\":[],\"__v\":1}",
                             NULL, &p, &faults),
                     HC_OK);
    assert_int_equal(bson_count_keys(&p.set), 4);
    hc_profile_release(&p);
}

/* ---- the whole ---- */

static void no_objects(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "null",
                                      "[]",
                                      "\"x\"",
                                      "1",
                                      "{",
                                      "{}x",
                                      "{\"a\":1,\"\\u0061\":2}",
                                      "{\"email\\u0000x\":\"a@b.cd\"}",
                                      "{\"a\":\"\\u0000\"}",
                                      "{\"a\":-0}",
                                      "{\"a\":9223372036854775808}",
                                      "{\"a\":1e400}",
                                      "{\"a\":\"\\ud800\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hc_profile p;
        struct hc_faults faults;
        assert_int_equal(read_as(bad[i], NULL, &p, &faults), HC_EMALFORMED);
        hc_profile_release(&p);
    }
}

static void all_faults_are_told(void **state)
{
    (void)state;
    struct hc_profile p;
    struct hc_faults faults;
    struct hc_error err;
    assert_int_equal(read_as("{\"name\":5,\"country\":\"x\",\"_x\":1}", NULL, &p, &faults), HC_EINVALID);
    static const char *const fields[] = {"email", "name", "phoneNumber", "country", "gender", "_x"};
    assert_int_equal(hc_faults_kept(&faults), 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(faults.list[i].field, fields[i]);
    assert_int_equal(hc_faults_end(&faults, &err), HC_EINVALID);
    assert_string_equal(err.field, "email");
    hc_profile_release(&p);

    struct hc_buf json;
    hc_buf_init(&json, 1 << 16);
    hc_buf_str(&json, "{" FINE);
    for (int i = 0; i < 100; i++)
        hc_buf_printf(&json, ",\"_%d\":1", i);
    hc_buf_char(&json, '}');
    assert_int_equal(read_as(json.data, NULL, &p, &faults), HC_EINVALID);
    assert_int_equal(faults.count, 100);
    assert_int_equal(hc_faults_kept(&faults), HC_FAULTS_MAX);
    hc_buf_release(&json);
    hc_profile_release(&p);
}

static void sizes(void **state)
{
    (void)state;
    struct hc_buf json;
    struct hc_profile p;
    struct hc_faults faults;
    for (int over = 0; over <= 1; over++) {
        hc_buf_init(&json, 1 << 16);
        hc_buf_str(&json, "{" FINE ",\"x\":\"");
        /* 4 + 1 of the document, 8 of x itself; the rest of the set is measured */
        assert_int_equal(read_as("{" FINE "}", NULL, &p, &faults), HC_OK);
        size_t room = HC_PROFILE_BYTES_MAX - p.set.len - 8;
        hc_profile_release(&p);
        for (size_t i = 0; i < room + (size_t)over; i++)
            hc_buf_char(&json, 'y');
        hc_buf_str(&json, "\"}");
        assert_int_equal(read_as(json.data, NULL, &p, &faults), over ? HC_ETOOLARGE : HC_OK);
        hc_profile_release(&p);
        hc_buf_release(&json);
    }
}

/* ---- updates ---- */

static bson_t *a_stored_user(void)
{
    bson_oid_t id;
    bson_oid_init_from_string(&id, "0123456789abcdef01234567");
    return BCON_NEW("_id", BCON_OID(&id), "email", "Old@People.Example", "name", BCON_INT32(5), "phoneNumber",
                    "+1 234", "gender", "X", "country", "Utopia", "userName", "u", "since", BCON_DATE_TIME(5),
                    "d", BCON_DOUBLE(3), "n", BCON_NULL, "createdAt", BCON_DATE_TIME(0), "_hc", "{", "k", "{",
                    "v", BCON_INT64(3), "}", "rev", "R", "}");
}

/* want: the document as text; "" for an empty one. */
static void check_text(const bson_t *doc, const char *want)
{
    char *got = text_of(doc);
    assert_string_equal(bson_empty(doc) ? "" : got, want);
    bson_free(got);
}

static void edit(const char *json, const char *set, const char *unset)
{
    struct hc_profile p;
    struct hc_faults faults;
    bson_t *stored = a_stored_user();
    assert_int_equal(read_as(json, stored, &p, &faults), HC_OK);
    check_text(&p.set, set);
    check_text(&p.unset, unset);
    hc_profile_release(&p);
    bson_destroy(stored);
}

static void edits(void **state)
{
    (void)state;
    edit("{}", "", "");
    edit("{\"name\":\"New\"}", "{ \"name\" : \"New\" }", "");
    edit("{\"userName\":\"x\",\"_id\":\"y\"}", "", "");
    edit("{\"since\":null,\"country\":null,\"avatar\":null,\"never\":null}",
         "{ \"avatar\" : \"" HC_AVATAR_DEFAULT "\" }",
         "{ \"country\" : \"\", \"since\" : \"\", \"never\" : \"\" }");
    edit("{\"d\":3.5,\"n\":1}", "{ \"d\" : 3.5, \"n\" : 1 }", "");
    struct hc_profile p;
    struct hc_faults faults;
    bson_t *stored = a_stored_user();
    assert_int_equal(
        read_as("{\"email\":null,\"name\":null,\"phoneNumber\":null,\"gender\":null}", stored, &p, &faults),
        HC_EINVALID);
    assert_int_equal(faults.count, 4);
    hc_profile_release(&p);
    assert_int_equal(read_as("{\"email\":\"new@people.example\",\"gender\":\"Y\"}", stored, &p, &faults),
                     HC_EINVALID);
    assert_int_equal(faults.count, 2);
    hc_profile_release(&p);
    bson_destroy(stored);
}

/* What clients see of a user, sent back, changes nothing, whatever lies there. */
static void the_whole_user_sent_back(void **state)
{
    (void)state;
    bson_t *stored = a_stored_user();
    struct hc_buf text;
    struct hc_json j;
    hc_buf_init(&text, 4096);
    hc_json_begin(&j, &text);
    hc_user_json(&j, stored);
    edit(text.data, "", "");
    hc_buf_release(&text);
    bson_destroy(stored);
}

/* ---- the writes ---- */

static void check_path(const bson_t *doc, const char *path, bson_type_t type)
{
    bson_iter_t it, found;
    assert_true(bson_iter_init(&it, doc));
    if (!bson_iter_find_descendant(&it, path, &found))
        fail_msg("there is no %s", path);
    assert_int_equal(bson_iter_type(&found), type);
}

static void a_new_user(void **state)
{
    (void)state;
    struct hc_profile p;
    struct hc_faults faults;
    bson_oid_t id;
    bson_t doc = BSON_INITIALIZER;
    bson_oid_init(&id, NULL);
    assert_int_equal(read_as("{" FINE ",\"x\":1}", NULL, &p, &faults), HC_OK);
    assert_true(hc_facts_created(&doc, &p, &id, 1795440000123, "R"));
    check_path(&doc, "_hc.k.v", BSON_TYPE_INT64);
    check_path(&doc, "_hc.due", BSON_TYPE_UTF8);
    check_path(&doc, "_hc.rev", BSON_TYPE_UTF8);
    check_path(&doc, "_hc.req", BSON_TYPE_UTF8);
    check_path(&doc, "_hc.s", BSON_TYPE_ARRAY);
    check_path(&doc, "createdAt", BSON_TYPE_DATE_TIME);
    check_path(&doc, "userName", BSON_TYPE_UTF8);
    check_path(&doc, "avatar", BSON_TYPE_UTF8);
    check_path(&doc, "x", BSON_TYPE_INT64);
    bson_destroy(&doc);
    hc_profile_release(&p);
}

static void an_edited_and_a_deleted_user(void **state)
{
    (void)state;
    struct hc_profile p;
    struct hc_faults faults;
    bson_iter_t it, found;
    bson_t *stored = a_stored_user();
    bson_t update = BSON_INITIALIZER;
    char rev[HC_ULID_TEXT];
    char as_json[HC_ULID_TEXT + 24];
    assert_int_equal(read_as("{\"name\":\"New Name\",\"d\":null}", stored, &p, &faults), HC_OK);
    assert_true(hc_facts_updated(&update, &p, stored, 5, rev));
    char *text = text_of(&update);

    assert_non_null(strstr(text, "\"_hc.s\" : [ \"new\", \"name\""));
    assert_non_null(strstr(text, "\"$unset\" : { \"d\" : \"\" }"));
    assert_non_null(strstr(text, "\"$max\" : { \"_hc.k.v\" : 0 }"));
    assert_non_null(strstr(text, "\"_hc.due\" : "));
    snprintf(as_json, sizeof as_json, "\"_hc.rev\" : \"%s\"", rev);
    assert_non_null(strstr(text, as_json));
    assert_non_null(strstr(text, "\"updatedAt\" : "));
    bson_free(text);
    hc_profile_release(&p);
    bson_reinit(&update);

    bson_iter_init_find(&it, stored, "_id");
    assert_true(hc_facts_deleted(&update, bson_iter_oid(&it), 5));
    assert_true(bson_iter_init(&it, &update));
    assert_true(bson_iter_find_descendant(&it, "$set.email", &found));
    assert_string_equal(bson_iter_utf8(&found, NULL), "deleted:0123456789abcdef01234567");
    text = text_of(&update);
    assert_non_null(strstr(text, "\"_hc.gone\" : { \"$date\""));
    assert_non_null(strstr(text, "\"_hc.due\" : "));
    bson_free(text);
    bson_destroy(&update);
    bson_destroy(stored);
}

static void tags(void **state)
{
    (void)state;
    char before[HC_BASE32_TEXT], after[HC_BASE32_TEXT];
    bson_t *stored = a_stored_user();
    hc_user_tag(stored, before);
    BSON_APPEND_DATE_TIME(stored, "lastActive", 5);
    BSON_APPEND_DATE_TIME(stored, "updatedAt", 5);
    hc_user_tag(stored, after);
    assert_string_equal(before, after);
    BSON_APPEND_UTF8(stored, "nick", "x");
    hc_user_tag(stored, after);
    assert_string_not_equal(before, after);
    bson_destroy(stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emails),
        cmocka_unit_test(texts),
        cmocka_unit_test(phones_and_choices),
        cmocka_unit_test(avatars),
        cmocka_unit_test(further_fields),
        cmocka_unit_test(reserved_ones_are_passed_over),
        cmocka_unit_test(no_objects),
        cmocka_unit_test(all_faults_are_told),
        cmocka_unit_test(sizes),
        cmocka_unit_test(edits),
        cmocka_unit_test(the_whole_user_sent_back),
        cmocka_unit_test(a_new_user),
        cmocka_unit_test(an_edited_and_a_deleted_user),
        cmocka_unit_test(tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
