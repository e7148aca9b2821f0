"""A rule in Python: at most so many hours a week over all jobs of a student.

The board calls `describe` once, and `check` with students, jobs and pairs of their places in these lists. A rule has no
clock, no network and no files: all it may know stands in the arguments. What the fields are called is in rules.wit.
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
            "description": "The most a student may work in a week, all jobs together.",
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
            summary="At most so many hours a week, all jobs together.",
            parameter_schema=json.dumps(SCHEMA),
        )

    def check(self, ctx, students, jobs, pairs):
        most = parameter(ctx, "weeklyHours", 20)
        if not isinstance(most, (int, float)):
            # Anything else that is raised stops the rule without a word.
            raise Err("weeklyHours must be a number")
        return [judge(students[student], jobs[job], ctx.today, most) for student, job in pairs]


def judge(student, job, today, most):
    start = max(today if job.start is None else job.start, today)
    held = sum(
        one.weekly_hours
        for one in student.commitments
        if one.start <= start and (one.end is None or one.end >= start)
    )
    hours = held + job.weekly_hours
    if hours <= most:
        return Verdict_Eligible()
    reason = Reason(
        code="weekly-hours",
        message=f"You can work at most {most:g} hours a week; this job would make it {hours:g}.",
        remedy=f"Ask for at most {max(most - held, 0):g} hours a week.",
    )
    return Verdict_Ineligible([reason])


def parameter(ctx, name, otherwise):
    return next((one.value.value for one in ctx.parameters if one.name == name), otherwise)
