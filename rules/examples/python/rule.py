"""A rule in Python: a limit of weekly hours for all of a student's jobs together.

The board calls `describe` once, and `check` with students, jobs and pairs of indexes into these lists. A rule has no
clock, no network and no files: all it knows is in the arguments. rules.wit lists the fields.
"""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.eligibility_check import Verdict_Eligible, Verdict_Ineligible
from wit_world.imports.types import Description, Reason

SCHEMA = {
    "type": "object",
    "title": "Weekly hours",
    "properties": {
        "weeklyHours": {
            "type": "number",
            "title": "Hours a week",
            "description": "The most a student can work in a week, all jobs together.",
            "default": 20,
            "minimum": 0,
            "maximum": 168,
        },
    },
}


class EligibilityCheck(exports.EligibilityCheck):
    def describe(self):
        return Description(
            name="weekly-hours",
            version="1.0.0",
            summary="Limits the hours a week, all jobs together.",
            parameter_schema=json.dumps(SCHEMA),
        )

    def check(self, ctx, students, jobs, pairs):
        most = parameter(ctx, "weeklyHours", 20)
        if not isinstance(most, (int, float)):
            # Any other exception stops the rule without a message.
            raise Err("weeklyHours must be a number")
        most = hundredths(most)
        return [decide(students[student], jobs[job], ctx.today, most) for student, job in pairs]


def hundredths(hours):
    """Hours arrive as 32-bit fractions: 12.1 is 12.1000003815. Whole hundredths add up exactly."""
    return round(hours * 100)


def hours(count):
    return "1 hour" if count == 100 else f"{count / 100:g} hours"


def decide(student, job, today, most):
    start = max(today if job.start is None else job.start, today)
    held = sum(
        hundredths(one.weekly_hours)
        for one in student.commitments
        if one.start <= start and (one.end is None or one.end >= start)
    )
    total = held + hundredths(job.weekly_hours)
    if total <= most:
        return Verdict_Eligible()
    reason = Reason(
        code="weekly-hours",
        message=f"You can work at most {hours(most)} a week; this job would make it {total / 100:g}.",
        remedy=f"Ask for at most {hours(most - held)}." if held < most else "Reduce hours in another job first.",
    )
    return Verdict_Ineligible([reason])


def parameter(ctx, name, otherwise):
    return next((one.value.value for one in ctx.parameters if one.name == name), otherwise)
