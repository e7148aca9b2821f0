// The open posting, with the application form.
import { html, useEffect, useRef, useState } from "../html.js";
import { account, role } from "../session.js";
import { loginAddress, registerAddress } from "../router.js";
import { useLoad } from "../load.js";
import { date, due, dueDate, number, t } from "../words.js";
import { Apply } from "./apply.js";
import { Declined, Description, Ended, Skills, hours, pay, where } from "./job.js";
import { useTitle } from "./page.js";
import { Loaded } from "./states.js";
import { OPEN, Stage } from "./stages.js";

/** `job` may come from the list; otherwise the posting is loaded. */
export function JobDetail({ jobId, level = 2 }) {
  const job = useLoad(`jobs/${encodeURIComponent(jobId)}`);
  if (job.error?.status === 404) {
    return html`<div class="empty"><p class="empty-title">${t("job.gone")}</p></div>`;
  }
  return html`<${Loaded} from=${job} rows=${2}>${(data) => html`<${Detail} job=${data} key=${data.jobId} level=${level} />`}<//>`;
}

function Detail({ job, level }) {
  useTitle(level === 1 ? job.jobTitle : null);
  const facts = [
    ["pay", pay(job)],
    ["hours", hours(job)],
    ["place", where(job)],
    ["deadline", ["closed", "filled"].includes(job.jobStatus) ? dueDate(job.deadline) : due(job.deadline)],
    ["dates", job.startDate && (job.endDate ? t("job.from_to", { from: date(job.startDate), to: date(job.endDate) }) : t("job.from", { from: date(job.startDate) }))],
    ["positions", number(Math.max(0, job.positions - job.positionsFilled))],
    ["work_study", job.workStudyRequired && t("job.work_study_long")],
  ];
  return html`<article class="job-detail">
    <${`h${level}`} class="job-title">${job.jobTitle}<//>
    <p class="by">${[job.workSpace, job.employerName].filter(Boolean).join(" · ")}</p>
    <${ApplyPlace} job=${job} />
    <${Declined} job=${job} />
    <dl class="job-facts">
      ${facts.filter(([, value]) => value).map(([name, value]) => html`<div><dt>${t(`fact.${name}`)}</dt><dd>${value}</dd></div>`)}
    </dl>
    <${Skills} skills=${job.skillsRequired} />
    <${Description} text=${job.jobDescription} />
    <p class="hint">${t("job.posted", { date: date(job.postedAt) })}</p>
  </article>`;
}

/** The apply button, the reason why not, or the status of the reader's application. */
function ApplyPlace({ job }) {
  const is = role();
  if (is === "student") return html`<${StudentPlace} job=${job} key=${account.value.accountId} />`;
  if (job.jobStatus !== "open") return html`<p class="note">${t(`job.status.${job.jobStatus}`)}</p>`;
  if (is) return null;
  return html`<p class="apply-line">
    <a class="button primary" href=${loginAddress()}>${t("apply.log_in")}</a>
    <a href=${registerAddress()}>${t("apply.register")}</a>
  </p>`;
}

function StudentPlace({ job }) {
  const mine = useLoad(`applications?jobId=${encodeURIComponent(job.jobId)}&limit=1`);
  const [sent, setSent] = useState(null);
  const application = sent ?? mine.data?.items[0];
  useEffect(() => setSent(null), [job.jobId]);
  const note = useRef(null);
  // The form with the pressed button is gone.
  useEffect(() => void (sent && note.current?.focus()), [sent]);
  if (mine.loading && !mine.data) return html`<p class="apply-line"><span class="button waiting" aria-hidden="true">${t("apply.open")}</span></p>`;
  const status = application?.applicationStatus;
  if (application && status !== "withdrawn") {
    return html`<div class="note good" role=${sent ? "status" : undefined} tabindex="-1" ref=${note}>
      <p><strong>${sent ? t("apply.sent") : t("apply.already")}</strong>${!sent && html` <${Stage} status=${status} />`}</p>
      <${Ended} job=${job} waits=${OPEN.includes(status)} />
      ${sent && html`<p>${t("apply.next")}</p>`}
      <p><a href="/applications">${status === "offered" ? t("apply.offer") : t("apply.see")}</a></p>
    </div>`;
  }
  if (job.jobStatus !== "open") return html`<p class="note">${t(`job.status.${job.jobStatus}`)}</p>`;
  return html`<${Apply} job=${job} onSent=${setSent} />`;
}
