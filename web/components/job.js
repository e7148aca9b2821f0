// The text of a posting in results and in the open posting.
import { html } from "../html.js";
import { role } from "../session.js";
import { closes, date, money, number, t } from "../words.js";

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

const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const plain = (text) =>
  text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex, dec, name) => {
    if (name) return NAMED[name] ?? whole;
    return String.fromCodePoint(hex ? parseInt(hex, 16) : Number(dec));
  });

/**
 * The server's snippet: text with `<mark>` around matches, everything else escaped. It is never used as markup. One that
 * only repeats the title is left out.
 */
function Snippet({ text, title }) {
  const parts = text.split(/<mark>(.*?)<\/mark>/s);
  if (plain(parts.join("")) === title) return null;
  return html`<p class="snippet">${parts.map((part, index) => (index % 2 ? html`<mark>${plain(part)}</mark>` : plain(part)))}</p>`;
}

export function JobFacts({ job }) {
  return html`<ul class="facts">
    <li class="pay">${pay(job)}</li>
    <li>${hours(job)}</li>
    <li>${where(job)}</li>
  </ul>`;
}

/** One result. `href` opens it; `current` is the one open next to the list. */
export function JobCard({ job, href, current }) {
  const soon = new Date(job.deadline) - Date.now() < 3 * 86_400_000;
  return html`<li class=${current ? "card job-card current" : "card job-card"}>
    <h3><a class="cover" href=${href} data-job=${job.jobId} aria-current=${current ? "true" : undefined}>${job.jobTitle}</a></h3>
    <p class="by">${job.workSpace ?? job.employerName}</p>
    <${JobFacts} job=${job} />
    ${job.snippet && html`<${Snippet} text=${job.snippet} title=${job.jobTitle} />`}
    <${Skills} skills=${job.skillsRequired} most=${4} />
    <p class=${soon ? "closes soon" : "closes"}>
      ${closes(job.deadline)}${job.workStudyRequired && html` <span class="badge">${t("job.work_study")}</span>`}
    </p>
  </li>`;
}

/** Whether and why the office declined a posting. Only its employer and the office get this from the server. */
export function Declined({ job }) {
  if (!job.declined) return null;
  const { at, reason } = job.declined;
  return html`<div class="note bad">
    <p>${t("declined.when", { date: date(at) })}</p>
    ${reason && html`<blockquote class="message">${reason}</blockquote>`}
    ${job.jobStatus === "closed" && role() === "employer" && html`<p>${t("declined.next")}</p>`}
  </div>`;
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

export const places = (job) => t("job.positions_of", { filled: number(job.positionsFilled), positions: number(job.positions) });
