/* test_template.c - pages: what is filled in, and which mistakes are named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "template.h"

static const char model_text[] =
    "{\"n\":11000000,\"small\":7,\"minus\":-1234567,\"rate\":15800.6,\"zero\":0,\"no\":false,\"yes\":true,"
    "\"nil\":null,\"empty\":\"\",\"list\":[],\"html\":\"<b a='1'>\\\"&</b>\",\"word\":\"root\","
    "\"deep\":{\"a\":{\"b\":\"c\"}},\"names\":[\"x\",\"<y>\"],"
    "\"rows\":[{\"name\":\"A\",\"sum\":1000,\"word\":null},{\"name\":\"B\",\"sum\":0}]}";

static void filled(const char *template_text, const char *expected)
{
    struct template *t = NULL;
    struct hc_error err = {0};
    struct hc_buf out;
    struct json_object *model = json_tokener_parse(model_text);
    hc_buf_init(&out, 4096);
    assert_int_equal(template_parse(&t, template_text, strlen(template_text), &err), HC_OK);
    template_render(t, model, &out);
    assert_string_equal(out.data, expected);
    hc_buf_release(&out);
    template_free(t);
    json_object_put(model);
}

static void values(void **state)
{
    (void)state;
    filled("", "");
    filled("plain <!-- note --> } {x}", "plain <!-- note --> } {x}");
    filled("{{n}}|{{n|number}}|{{small|number}}|{{minus|number}}|{{zero|number}}",
           "11000000|11,000,000|7|-1,234,567|0");
    filled("{{rate}} {{rate|number}}", "15800.6 15,801");
    filled("{{html}}", "&lt;b a=&#39;1&#39;&gt;&quot;&amp;&lt;/b&gt;");
    filled("{{word|number}}", "root");
    filled("{{yes}} {{no}} "
           "[{{nil}}{{empty}}{{list}}{{deep}}{{missing}}{{missing|number}}{{deep.x.y}}{{word.x}}]",
           "true false []");
    filled("{{deep.a.b}}", "c");
}

static void loops(void **state)
{
    (void)state;
    filled("<!--each rows-->{{name}}={{sum|number}};<!--/each-->.", "A=1,000;B=0;.");
    filled("<!--each names-->[{{.}}]<!--/each-->", "[x][&lt;y&gt;]");
    filled("<!--each rows-->{{name}}{{n}}/{{word}} <!--/each-->", "A11000000/ B11000000/root ");
    filled("<!--each list-->x<!--/each--><!--each missing-->x<!--/each--><!--each word-->x<!--/each-->", "");
    filled("<!--each deep.a.b-->x<!--/each-->", "");
}

static void conditions(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool holds;
    } rows[] = {
        {"n", true},      {"zero", false}, {"yes", true},      {"no", false},     {"nil", false},
        {"empty", false}, {"list", false}, {"names", true},    {"deep", true},    {"missing", false},
        {"rate", true},   {"word", true},  {"deep.a.b", true}, {"deep.b", false}, {"minus", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "<!--if %s-->yes<!--/if--><!--if !%s-->no<!--/if-->", rows[i].path,
                 rows[i].path);
        filled(text, rows[i].holds ? "yes" : "no");
    }
}

static void blocks_in_blocks(void **state)
{
    (void)state;
    filled("<!--each rows-->{{name}}<!--if sum-->+<!--/if--><!--if !sum-->-<!--/if--><!--/each-->", "A+B-");
    filled("<!--if rows--><ul><!--each rows--><li>{{name}}<!--/each--></ul><!--/if-->",
           "<ul><li>A<li>B</ul>");
    filled("<!--if n-->1<!--if zero-->2<!--/if-->3<!--/if-->4", "134");
    filled("<!--if zero-->1<!--each rows-->2<!--/each-->3<!--/if-->4", "4");
}

static void mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *detail;
    } rows[] = {
        {"a\nb {{x", "line 2: {{ without }}"},
        {"{{}}", "line 1: this is not a path"},
        {"{{ x }}", "line 1: this is not a path"},
        {"{{a..b}}", "line 1: this is not a path"},
        {"{{.a}}", "line 1: this is not a path"},
        {"{{a.}}", "line 1: this is not a path"},
        {"{{a|upper}}", "line 1: this is not a path"},
        {"{{7*7}}", "line 1: this is not a path"},
        {"\n\n<!--each x-->", "line 3: this block is not ended"},
        {"<!--if x-->", "line 1: this block is not ended"},
        {"<!--if x", "line 1: <!-- without -->"},
        {"<!--/each-->", "line 1: <!--/each--> without its each"},
        {"<!--/if-->", "line 1: <!--/if--> without its if"},
        {"<!--if x-->\n<!--/each-->", "line 2: <!--/each--> without its each"},
        {"<!--each x-->\n<!--if y--><!--each z-->", "line 2: each inside each"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct template *t = NULL;
        struct hc_error err = {0};
        assert_int_equal(template_parse(&t, rows[i].text, strlen(rows[i].text), &err), HC_EMALFORMED);
        assert_null(t);
        assert_memory_equal(err.detail, rows[i].detail, strlen(rows[i].detail));
    }
}

static void depth(void **state)
{
    (void)state;
    char text[4096] = "";
    struct template *t = NULL;
    struct hc_error err = {0};
    for (int i = 0; i < 17; i++)
        strcat(text, "<!--if n-->");
    for (int i = 0; i < 17; i++)
        strcat(text, "<!--/if-->");
    assert_int_equal(template_parse(&t, text, strlen(text), &err), HC_EMALFORMED);
}

static void bounded(void **state)
{
    (void)state;
    struct template *t = NULL;
    struct hc_error err = {0};
    struct hc_buf out;
    struct json_object *model = json_tokener_parse(model_text);
    static const char text[] = "<!--each rows-->0123456789<!--/each-->";
    hc_buf_init(&out, 15);
    assert_int_equal(template_parse(&t, text, strlen(text), &err), HC_OK);
    template_render(t, model, &out);
    assert_true(hc_buf_failed(&out));
    hc_buf_release(&out);
    template_free(t);
    template_free(NULL);
    json_object_put(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),           cmocka_unit_test(loops),    cmocka_unit_test(conditions),
        cmocka_unit_test(blocks_in_blocks), cmocka_unit_test(mistakes), cmocka_unit_test(depth),
        cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
