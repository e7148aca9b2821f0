// A rule in JavaScript: a limit of weekly hours for all of a student's jobs together.
//
// The board calls `describe` once, and `check` with students, jobs and pairs of indexes into these lists. A rule has no
// clock, no network and no files: all it knows is in the arguments. rules.wit lists the fields.

const schema = {
  type: "object",
  title: "Weekly hours",
  properties: {
    weeklyHours: {
      type: "number",
      title: "Hours a week",
      description: "The most a student can work in a week, all jobs together.",
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
    summary: "Limits the hours a week, all jobs together.",
    parameterSchema: JSON.stringify(schema),
  };
}

function check(ctx, students, jobs, pairs) {
  const most = hundredths(parameter(ctx, "weeklyHours", 20));
  return pairs.map(([student, job]) => decide(students[student], jobs[job], ctx.today, most));
}

// Hours arrive as 32-bit fractions: 12.1 is 12.1000003815. Whole hundredths add up exactly.
const hundredths = (hours) => Math.round(hours * 100);
const hours = (count) => (count === 100 ? "1 hour" : `${count / 100} hours`);

function decide(student, job, today, most) {
  const start = Math.max(job.start ?? today, today);
  const held = student.commitments
    .filter((one) => one.start <= start && (one.end ?? start) >= start)
    .reduce((sum, one) => sum + hundredths(one.weeklyHours), 0);
  const total = held + hundredths(job.weeklyHours);
  if (total <= most) {
    return { tag: "eligible" };
  }
  const reason = {
    code: "weekly-hours",
    message: `You can work at most ${hours(most)} a week; this job would make it ${total / 100}.`,
    remedy: held < most ? `Ask for at most ${hours(most - held)}.` : "Reduce hours in another job first.",
  };
  return { tag: "ineligible", val: [reason] };
}

function parameter(ctx, name, otherwise) {
  const found = ctx.parameters.find((one) => one.name === name);
  return found ? found.value.val : otherwise;
}

export const eligibilityCheck = { describe, check };
