/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/junit.h"

#include "common/file.h"

#include <inttypes.h>
#include <string.h>

/* Text of an attribute. XML 1.0 knows no control characters but three; those are escaped so that an
 * attribute keeps them. */
static void put_text(struct fh_buf *out, const char *text)
{
    for (; *text != 0; text++) {
        unsigned char c = (unsigned char)*text;
        switch (c) {
        case '&':
            fh_buf_add_cstr(out, "&amp;");
            break;
        case '<':
            fh_buf_add_cstr(out, "&lt;");
            break;
        case '>':
            fh_buf_add_cstr(out, "&gt;");
            break;
        case '"':
            fh_buf_add_cstr(out, "&quot;");
            break;
        case '\t':
        case '\n':
        case '\r':
            fh_buf_printf(out, "&#%u;", c);
            break;
        default:
            fh_buf_add_u8(out, c < 0x20 || c == 0x7f ? '?' : c);
            break;
        }
    }
}

static void put_attribute(struct fh_buf *out, const char *name, const char *text)
{
    fh_buf_printf(out, " %s=\"", name);
    put_text(out, text);
    fh_buf_add_u8(out, '"');
}

static bool is_failure(const struct fh_report_check *check, bool warnings_fail)
{
    return check->result.outcome == FH_PROMISE_FAILED ||
           (warnings_fail && check->result.outcome == FH_PROMISE_WARNED);
}

static void put_case(struct fh_buf *out, const struct fh_report_check *check, bool warnings_fail)
{
    const struct fh_promise_result *result = &check->result;
    fh_buf_add_cstr(out, "    <testcase");
    put_attribute(out, "classname", fh_promise_category_text(check->category));
    put_attribute(out, "name", check->id);
    if (result->outcome == FH_PROMISE_PASSED) {
        fh_buf_add_cstr(out, "/>\n");
        return;
    }
    fh_buf_add_cstr(out, ">\n");
    if (is_failure(check, warnings_fail)) {
        fh_buf_add_cstr(out, "      <failure");
        put_attribute(out, "type", check->rule);
        put_attribute(out, "message", result->reason);
        fh_buf_add_cstr(out, "/>\n");
    } else if (result->outcome == FH_PROMISE_NOT_RUN) {
        fh_buf_add_cstr(out, "      <skipped");
        put_attribute(out, "message", result->reason);
        fh_buf_add_cstr(out, "/>\n");
    } else {
        fh_buf_add_cstr(out, "      <system-out>warning: ");
        put_text(out, result->reason);
        fh_buf_add_cstr(out, "</system-out>\n");
    }
    fh_buf_add_cstr(out, "    </testcase>\n");
}

static bool same_suite(const struct fh_report_check *a, const struct fh_report_check *b)
{
    return a->category == b->category && strcmp(a->table, b->table) == 0;
}

/* Whether an earlier check opened the suite of this one. */
static bool is_written(const struct fh_report *report, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (same_suite(&report->checks[i], &report->checks[index])) {
            return true;
        }
    }
    return false;
}

static void
put_suite(struct fh_buf *out, const struct fh_report *report, uint32_t first, bool warnings_fail)
{
    const struct fh_report_check *of = &report->checks[first];
    uint32_t tests = 0, failures = 0, skipped = 0;
    for (uint32_t i = first; i < report->check_count; i++) {
        const struct fh_report_check *check = &report->checks[i];
        if (same_suite(of, check)) {
            tests++;
            failures += is_failure(check, warnings_fail) ? 1 : 0;
            skipped += check->result.outcome == FH_PROMISE_NOT_RUN ? 1 : 0;
        }
    }
    fh_buf_add_cstr(out, "  <testsuite name=\"");
    put_text(out, of->table);
    fh_buf_printf(out,
                  "%s%s\" tests=\"%" PRIu32 "\" failures=\"%" PRIu32
                  "\" errors=\"0\" skipped=\"%" PRIu32 "\">\n",
                  of->table[0] == 0 ? "" : ".",
                  fh_promise_category_text(of->category),
                  tests,
                  failures,
                  skipped);
    for (uint32_t i = first; i < report->check_count; i++) {
        if (same_suite(of, &report->checks[i])) {
            put_case(out, &report->checks[i], warnings_fail);
        }
    }
    fh_buf_add_cstr(out, "  </testsuite>\n");
}

void fh_junit_write(struct fh_buf *out, const struct fh_report *report, bool warnings_fail)
{
    fh_buf_add_cstr(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    put_attribute(out, "name", "freehold contract test");
    fh_buf_add_cstr(out, ">\n");
    for (uint32_t i = 0; i < report->check_count; i++) {
        if (!is_written(report, i)) {
            put_suite(out, report, i, warnings_fail);
        }
    }
    fh_buf_add_cstr(out, "</testsuites>\n");
}

int fh_junit_save(const char *path,
                  const struct fh_report *report,
                  bool warnings_fail,
                  struct fh_err *err)
{
    struct fh_buf xml FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&xml, 4 * FH_REPORT_BYTES_MAX);
    fh_junit_write(&xml, report, warnings_fail);
    int code = fh_buf_ok(&xml);
    if (code != FH_OK) {
        return fh_err_set(err, code, "--junit: the report is too large");
    }
    code = fh_file_replace(path, fh_buf_view(&xml), 0644, err);
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "--junit %s", path);
}
