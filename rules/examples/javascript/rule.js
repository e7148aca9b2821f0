// A rule in JavaScript: at most so many hours a week over all jobs of a student.
//
// The board calls `describe` once, and `check` with students, jobs and pairs of their places in these lists. A rule has no
// clock, no network and no files: all it may know stands in the arguments. What the fields are called is in rules.wit.

const schema = {
  type: "object",
  title: "Weekly hours",
  properties: {
    weeklyHours: {
      type: "number",
      title: "Hours a week",
      description: "The most a student may work in a week, all jobs together.",
      default: 20,
      minimum: 0,
      maximum: 168,
    },
  },
};

function describe() {
  return {
    name: "weekly-hours",
    version: "1.0.0",
    summary: "At most so many hours a week, all jobs together.",
    parameterSchema: JSON.stringify(schema),
  };
}

function check(ctx, students, jobs, pairs) {
  const most = parameter(ctx, "weeklyHours", 20);
  return pairs.map(([student, job]) => judge(students[student], jobs[job], ctx.today, most));
}

function judge(student, job, today, most) {
  const start = Math.max(job.start ?? today, today);
  const held = student.commitments
    .filter((one) => one.start <= start && (one.end ?? start) >= start)
    .reduce((hours, one) => hours + one.weeklyHours, 0);
  const hours = held + job.weeklyHours;
  if (hours <= most) {
    return { tag: "eligible" };
  }
  const reason = {
    code: "weekly-hours",
    message: `You can work at most ${most} hours a week; this job would make it ${hours}.`,
    remedy: `Ask for at most ${Math.max(most - held, 0)} hours a week.`,
  };
  return { tag: "ineligible", val: [reason] };
}

function parameter(ctx, name, otherwise) {
  const found = ctx.parameters.find((one) => one.name === name);
  return found ? found.value.val : otherwise;
}

export const eligibilityCheck = { describe, check };
