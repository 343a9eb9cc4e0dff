/* The sample of words: what begins alike is counted, by field, and the document says the same elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "word_sample.h"

static void add(struct hc_word_sample *sample, const char *word, const char *email, const char *user_name)
{
    bson_t *user = BCON_NEW("_hc", "{", "s", "[", BCON_UTF8(word), "+4915112345678", "]", "}", "email",
                            BCON_UTF8(email), "userName", BCON_UTF8(user_name));
    assert_true(hc_word_sample_add(sample, user));
    bson_destroy(user);
}

static struct hc_word_sample *make(void)
{
    struct hc_word_sample *sample = hc_word_sample_new();
    assert_non_null(sample);
    add(sample, "maria", "maria@a.example", "01J8A");
    add(sample, "mario", "boss@a.example", "01J8B");
    add(sample, "christopher", "chris@a.example", "ada");
    add(sample, "\xff\xff\xff\xff\xff\xff\xff\xff", "z@a.example", "z");
    sample->at = 5;
    hc_word_sample_sort(sample);
    return sample;
}

static const struct {
    char mark;
    const char *text;
    size_t count;
    bool cut;
} CASES[] = {
    {0, "m", 2, false},         {0, "mari", 2, false},
    {0, "maria", 1, false},     {0, "mariab", 0, false},
    {0, "marix", 0, false},     {0, "", 0, false},
    {0, "christop", 1, false},  {0, "christophorus", 1, true}, /* the same 8 bytes */
    {0, "\xff", 1, false},      {0, "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1, true},
    {'+', "4915112", 4, false}, {'+', "4915112345679", 4, true},
    {'+', "492", 0, false},     {'@', "01j8", 2, false},
    {'@', "01J8A", 1, false},   {'@', "ada", 1, false},
    {'=', "maria", 1, false},   {'=', "boss@a", 1, false},
};

static void assert_counts(const struct hc_word_sample *sample)
{
    assert_int_equal(sample->users, 4);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        bool cut = false;
        assert_int_equal(hc_word_sample_count(sample, CASES[i].mark, CASES[i].text, &cut), CASES[i].count);
        assert_int_equal(cut, CASES[i].cut);
    }
}

static void test_counts(void **state)
{
    (void)state;
    struct hc_word_sample *sample = make();
    assert_counts(sample);
    free(sample);
}

/* A user name of their own is among the words already, with its mark. */
static void test_user_name_once(void **state)
{
    (void)state;
    struct hc_word_sample *sample = hc_word_sample_new();
    assert_non_null(sample);
    bson_t *user = BCON_NEW("_hc", "{", "s", "[", "eve", "@eve", BCON_INT32(7), "]", "}", "userName", "Eve");
    assert_true(hc_word_sample_add(sample, user));
    hc_word_sample_sort(sample);
    bool cut = false;
    assert_int_equal(hc_word_sample_count(sample, '@', "eve", &cut), 1);
    assert_int_equal(sample->count, 2);
    bson_destroy(user);
    free(sample);
}

/* Whatever another program may have stored as a user. */
static void test_users_of_other_shapes(void **state)
{
    (void)state;
    struct hc_word_sample *sample = hc_word_sample_new();
    assert_non_null(sample);
    bson_t empty = BSON_INITIALIZER;
    bson_t *odd = BCON_NEW("_hc", BCON_INT32(1), "email", BCON_INT32(2), "userName", BCON_NULL);
    assert_true(hc_word_sample_add(sample, &empty));
    assert_true(hc_word_sample_add(sample, odd));
    assert_int_equal(sample->count, 0);
    assert_int_equal(sample->users, 2);
    bson_destroy(odd);
    bson_destroy(&empty);
    free(sample);
}

static void test_full(void **state)
{
    (void)state;
    struct hc_word_sample *sample = hc_word_sample_new();
    bson_t *user = BCON_NEW("email", "a@b.c");
    assert_non_null(sample);
    size_t n = 1;
    while (hc_word_sample_add(sample, user))
        n++;
    assert_int_equal(n, HC_WORD_SAMPLE_KEYS);
    assert_false(hc_word_sample_add(sample, user));
    assert_int_equal(sample->count, HC_WORD_SAMPLE_KEYS);
    bson_destroy(user);
    free(sample);
}

static void test_document(void **state)
{
    (void)state;
    struct hc_word_sample *sample = make(), *again = hc_word_sample_new();
    bson_t doc = BSON_INITIALIZER;
    assert_non_null(again);
    hc_word_sample_bson(sample, &doc);
    assert_true(hc_word_sample_take(again, &doc));
    assert_int_equal(again->at, 5);
    assert_counts(again);
    bson_destroy(&doc);
    free(again);
    free(sample);
}

static void assert_refused(bson_t *doc)
{
    struct hc_word_sample *sample = hc_word_sample_new();
    assert_non_null(sample);
    assert_false(hc_word_sample_take(sample, doc));
    free(sample);
    bson_destroy(doc);
}

static void test_document_of_another_shape(void **state)
{
    (void)state;
    static const uint8_t keys[8] = {1};
    uint8_t *many = calloc(HC_WORD_SAMPLE_KEYS + 1, 8);
    assert_non_null(many);
    const uint32_t much = (HC_WORD_SAMPLE_KEYS + 1) * 8;
    assert_refused(bson_new());
    assert_refused(BCON_NEW("at", BCON_INT64(1), "users", BCON_INT64(1), "keys", "text"));
    assert_refused(BCON_NEW("at", BCON_INT64(0), "users", BCON_INT64(1), "keys",
                            BCON_BIN(BSON_SUBTYPE_BINARY, keys, sizeof keys)));
    assert_refused(BCON_NEW("at", BCON_INT64(1), "users", BCON_INT64(0), "keys",
                            BCON_BIN(BSON_SUBTYPE_BINARY, keys, sizeof keys)));
    assert_refused(BCON_NEW("at", BCON_INT64(1), "users", BCON_INT64(1), "keys",
                            BCON_BIN(BSON_SUBTYPE_BINARY, many, much)));
    free(many);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_user_name_once),
        cmocka_unit_test(test_users_of_other_shapes),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_document_of_another_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
