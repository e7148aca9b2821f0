// A student's applications: their status, and the student's decisions.
import { api } from "../api.js";
import { html, useState } from "../html.js";
import { useList, useLoad } from "../load.js";
import { date, problemText, t, time } from "../words.js";
import { Confirm } from "../components/confirm.js";
import { Ended } from "../components/job.js";
import { say } from "../components/live.js";
import { Page } from "../components/page.js";
import { OPEN, Stage, Stages } from "../components/stages.js";
import { Empty, Loaded, More } from "../components/states.js";

export function Applications() {
  const mine = useList("applications");
  return html`<${Page} title=${t("applications.title")} lead=${t("applications.lead")}>
    <${Loaded} from=${mine} rows=${3}>
      ${() =>
        mine.items.length === 0
          ? html`<${Empty} title=${t("applications.none")}>
              <p>${t("applications.none_hint")}</p>
              <p><a class="button primary" href="/">${t("applications.find")}</a></p>
            <//>`
          : html`<ul class="cards">
              ${mine.items.map((application) => html`<${Mine} key=${application.applicationId} application=${application} onChange=${(changed) => mine.replace(application, changed)} />`)}
            </ul>`}
    <//>
    <${More} list=${mine} />
  <//>`;
}

function Mine({ application, onChange }) {
  const { applicationId, applicationStatus: status, version } = application;
  const [failed, setFailed] = useState(null);
  const move = async (to) => {
    setFailed(null);
    try {
      const changed = await api.patch(`applications/${applicationId}`, { applicationStatus: to }, version);
      onChange(changed);
      say(t(`applications.did.${to}`, { title: application.jobTitle }), { shown: true });
    } catch (error) {
      setFailed(error);
      // The status was out of date: show the current one.
      const now = await api.get(`applications/${applicationId}`).catch(() => null);
      if (now) onChange(now);
    }
  };
  const open = OPEN.includes(status);
  const { data: job } = useLoad(open ? `jobs/${application.jobId}` : null);
  const notes = application.history.filter((step) => step.note);
  const questions = application.answers.length;
  return html`<li class="card application">
    <div class="card-head">
      <h2><a href=${`/jobs/${application.jobId}`}>${application.jobTitle}</a></h2>
      <${Stage} status=${status} />
    </div>
    <${Stages} application=${application} />
    <p class="hint">${t("applications.sent", { date: date(application.submittedAt) })}</p>
    ${open && job && html`<${Ended} job=${job} waits />`}
    ${notes.map((step) => html`<blockquote class="message"><p>${step.note}</p><footer>${t(`applications.note_by.${step.by}`, { date: time(step.at) })}</footer></blockquote>`)}
    ${(application.coverNote || questions > 0) &&
    html`<details class="more-of">
      <summary>${t("applications.what_i_sent")}</summary>
      ${application.coverNote && html`<p class="typed">${application.coverNote}</p>`}
      ${application.answers.map((answer) => html`<p class="typed">${answer.answer}</p>`)}
    </details>`}
    ${failed && html`<div class="note bad" role="alert"><p>${problemText(failed)}</p></div>`}
    ${open &&
    html`<div class="actions">
      ${status === "offered"
        ? html`<button class="button primary" type="button" onClick=${() => move("accepted")}>${t("applications.accept")}</button>
            <${Confirm} label=${t("applications.decline")} question=${t("applications.decline_ask")} yes=${t("applications.decline")} onYes=${() => move("declined")} />`
        : html`<${Confirm} label=${t("applications.withdraw")} question=${t("applications.withdraw_ask")} yes=${t("applications.withdraw_yes")} onYes=${() => move("withdrawn")} kind="quiet" />`}
    </div>`}
  </li>`;
}
