// A rule in C: a limit of weekly hours for all of a student's jobs together.
//
// The board calls `describe` once, and `check` with students, jobs and pairs of indexes into these lists. A rule has no
// clock, no network and no files: all it knows is in the arguments. campus.h, generated from rules.wit, lists the fields.
// Each call has its own memory, so nothing needs to be freed.

#include "campus.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef campus_string_t text;
typedef exports_campus_verdict_t verdict;

// The office's form is created from this.
static const char schema[] =
    "{"
    "  \"type\": \"object\","
    "  \"title\": \"Weekly hours\","
    "  \"properties\": {"
    "    \"weeklyHours\": {"
    "      \"type\": \"number\","
    "      \"title\": \"Hours a week\","
    "      \"description\": \"The most a student can work in a week, all jobs together.\","
    "      \"default\": 20,"
    "      \"minimum\": 0,"
    "      \"maximum\": 168"
    "    }"
    "  }"
    "}";

// Formats like printf.
static text say(const char *format, ...) {
    char *words = NULL;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&words, format, values);
    va_end(values);
    if (length < 0) abort();
    return (text){(uint8_t *)words, (size_t)length};
}

static bool is(text name, const char *word) {
    return name.len == strlen(word) && memcmp(name.ptr, word, name.len) == 0;
}

static double number(const campus_context_t *ctx, const char *name, double otherwise) {
    for (size_t i = 0; i < ctx->parameters.len; i++) {
        const campus_attribute_t *one = &ctx->parameters.ptr[i];
        if (is(one->name, name) && one->value.tag == CAMPUS_VALUE_NUMBER) return one->value.val.number;
    }
    return otherwise;
}

static verdict ineligible(const char *code, text message, text remedy) {
    campus_reason_t *reason = malloc(sizeof *reason);
    if (!reason) abort();
    *reason = (campus_reason_t){.code = say("%s", code), .message = message, .remedy = {true, remedy}};
    return (verdict){.tag = EXPORTS_CAMPUS_VERDICT_INELIGIBLE, .val.ineligible = {reason, 1}};
}

// Hours arrive as 32-bit fractions: 12.1 is 12.1000003815. Whole hundredths add up exactly.
static long hundredths(double hours) {
    return (long)(hours * 100 + 0.5);
}

static const char *unit(long count) {
    return count == 100 ? "hour" : "hours";
}

static verdict decide(const campus_student_t *student, const campus_job_t *job, campus_day_t today, long most) {
    campus_day_t start = job->start.is_some && job->start.val > today ? job->start.val : today;
    long held = 0;
    for (size_t i = 0; i < student->commitments.len; i++) {
        const campus_commitment_t *one = &student->commitments.ptr[i];
        bool runs = one->start <= start && (!one->end.is_some || one->end.val >= start);
        if (runs) held += hundredths(one->weekly_hours);
    }
    long total = held + hundredths(job->weekly_hours), left = most - held;
    if (total <= most) return (verdict){.tag = EXPORTS_CAMPUS_VERDICT_ELIGIBLE};
    return ineligible("weekly-hours",
        say("You can work at most %g %s a week; this job would make it %g.", most / 100.0, unit(most), total / 100.0),
        left > 0 ? say("Ask for at most %g %s.", left / 100.0, unit(left)) : say("Reduce hours in another job first."));
}

void exports_campus_describe(exports_campus_description_t *description) {
    description->name = say("weekly-hours");
    description->version = say("1.0.0");
    description->summary = say("Limits the hours a week, all jobs together.");
    description->parameter_schema = say("%s", schema);
}

// One verdict for each pair, in the same order. If the rule cannot decide, set `error` and return false.
bool exports_campus_check(exports_campus_context_t *ctx, exports_campus_list_student_t *students,
    exports_campus_list_job_t *jobs, campus_list_tuple2_u32_u32_t *pairs, exports_campus_list_verdict_t *verdicts,
    text *error) {
    (void)error;
    long most = hundredths(number(ctx, "weeklyHours", 20));
    verdicts->len = pairs->len;
    verdicts->ptr = calloc(pairs->len, sizeof *verdicts->ptr);
    if (!verdicts->ptr) abort();
    for (size_t i = 0; i < pairs->len; i++) {
        campus_tuple2_u32_u32_t pair = pairs->ptr[i];
        verdicts->ptr[i] = decide(&students->ptr[pair.f0], &jobs->ptr[pair.f1], ctx->today, most);
    }
    return true;
}
