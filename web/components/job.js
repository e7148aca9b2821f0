// The text of a posting.
import { html } from "../html.js";
import { money, t } from "../words.js";

export const pay = (job) => t("job.pay", { amount: money(job.jobPayRate, job.currency) });
export const hours = (job) => t("job.hours", { count: job.hoursPerWeek });
export const where = (job) => [job.location, t(`setting.${job.setting}`)].filter(Boolean).join(" · ");

export function Skills({ skills, most = Infinity }) {
  if (!skills.length) return null;
  const rest = skills.length - most;
  return html`<ul class="skills" aria-label=${t("job.skills")}>
    ${skills.slice(0, most).map((skill) => html`<li>${skill}</li>`)}
    ${rest > 0 && html`<li class="rest">${t("job.more_skills", { count: rest })}</li>`}
  </ul>`;
}

/** For an applicant: why the job takes no more applications. `waits`: whether an answer may still come. */
export function Ended({ job, waits }) {
  if (job.jobStatus === "open") return null;
  return html`<p>${t(`job.status.${job.jobStatus}`)}${waits && ` ${t("apply.still_open")}`}</p>`;
}

/** A description as typed: blank lines separate paragraphs, lines with a bullet become a list. */
export function Description({ text }) {
  const blocks = [];
  for (const line of text.split("\n").map((line) => line.trim())) {
    const item = /^[•\-*–]\s+(.*)/.exec(line);
    const last = blocks.at(-1);
    if (!line) blocks.push({ end: true });
    else if (item && last?.items) last.items.push(item[1]);
    else if (item) blocks.push({ items: [item[1]] });
    else blocks.push({ text: line });
  }
  return html`<div class="description">
    ${blocks.map((block) =>
      block.items
        ? html`<ul>${block.items.map((item) => html`<li>${item}</li>`)}</ul>`
        : block.text && html`<p>${block.text}</p>`,
    )}
  </div>`;
}
