// The applicants of a posting by stage, and the employer's decisions.
import { api } from "../api.js";
import { html, useId, useRef, useState } from "../html.js";
import { useList, useLoad } from "../load.js";
import { closes, date, problemText, t, time } from "../words.js";
import { Confirm } from "../components/confirm.js";
import { Declined, Skills, hours, pay, places } from "../components/job.js";
import { say } from "../components/live.js";
import { Page } from "../components/page.js";
import { PostingMoves } from "../components/posting-moves.js";
import { OPEN, Stage } from "../components/stages.js";
import { Empty, Loaded, More } from "../components/states.js";

/** The changes an employer may make from each status (src/http/README.md). The server checks them. */
const MOVES = {
  submitted: ["under_review", "interview", "offered", "accepted", "rejected"],
  under_review: ["interview", "offered", "accepted", "rejected"],
  interview: ["offered", "accepted", "rejected"],
  offered: ["rejected"],
};
/** For this long, a second press does nothing: the next button is then where the pressed one was. */
const PAUSE_AFTER_MOVE = 1000;
const GROUPS = [
  ["waiting", OPEN],
  ["accepted", ["accepted"]],
  ["over", ["rejected", "declined", "withdrawn"]],
];

export function Applicants({ id }) {
  const job = useLoad(`jobs/${encodeURIComponent(id)}`);
  const data = job.data;
  return html`<${Page}
    title=${data?.jobTitle ?? t("applicants.title")}
    lead=${data && [t(`job.stands.${data.jobStatus}`), pay(data), hours(data), places(data)].join(" · ")}
  >
    <${Loaded} from=${job} rows=${3}>
      ${(data) => html`
        <div class="actions">
          <a class="button" href=${`/jobs/${data.jobId}`}>${t("applicants.see_job")}</a>
          <${PostingMoves} job=${data} onChange=${(changed) => job.change(() => changed)} />
        </div>
        <${Declined} job=${data} />
        ${data.jobStatus === "open" && html`<p class="hint">${closes(data.deadline)}</p>`}
        <${People} job=${data} onMoved=${job.reload} />
      `}
    <//>
  <//>`;
}

function People({ job, onMoved }) {
  const all = useList(`jobs/${job.jobId}/applications?limit=50`);
  return html`<${Loaded} from=${all} rows=${3}>
    ${() =>
      all.items.length === 0
        ? html`<${Empty} title=${t("applicants.none")}><p>${t("applicants.none_hint")}</p><//>`
        : GROUPS.map(([name, stages]) => {
            const rows = all.items.filter((row) => stages.includes(row.applicationStatus));
            return rows.length > 0 &&
              html`<section aria-labelledby=${`group-${name}`}>
                <h2 id=${`group-${name}`}>${t(`applicants.group.${name}`, { count: rows.length })}</h2>
                <ul class="cards">
                  ${rows.map((row) => html`<${Applicant} key=${row.applicationId} job=${job} application=${row}
                    onChange=${(changed, moved) => { all.replace(row, changed); if (moved) onMoved(); }} />`)}
                </ul>
              </section>`;
          })}
    <//>
    <${More} list=${all} />`;
}

function Applicant({ job, application, onChange }) {
  const { student, applicationStatus: status, answers, resume } = application;
  const prompts = new Map(job.questions.map((question) => [question.questionId, question.prompt]));
  return html`<li class="card applicant">
    <div class="card-head">
      <h3 id=${`applicant-${application.applicationId}`} tabindex="-1">${student?.name ?? t("applicants.unknown")}</h3>
      <${Stage} status=${status} />
    </div>
    ${student &&
    html`<ul class="facts">
        <li><a href=${`mailto:${student.email}`}>${student.email}</a></li>
        ${student.graduationDate && html`<li>${t("applicants.graduates", { date: date(student.graduationDate) })}</li>`}
        <li>${t("applications.sent", { date: date(application.submittedAt) })}</li>
      </ul>
      <${Skills} skills=${student.skills} most=${12} />
      ${student.summary && html`<p class="typed">${student.summary}</p>`}`}
    ${application.coverNote && html`<h4>${t("applicants.cover_note")}</h4><p class="typed">${application.coverNote}</p>`}
    ${answers.map((answer) => html`<h4>${prompts.get(answer.questionId) ?? answer.questionId}</h4><p class="typed">${answer.answer}</p>`)}
    ${resume && html`<p><a href=${`/api/v1/files/${resume.fileId}`} download>${t("applicants.resume", { name: resume.name ?? "PDF" })}</a></p>`}
    ${application.history.filter((step) => step.note).map((step) => html`<p class="hint">${t(`stage.${step.to}`)}, ${time(step.at)}: ${step.note}</p>`)}
    ${MOVES[status] && html`<${Decide} job=${job} application=${application} name=${student?.name ?? ""} onChange=${onChange} />`}
  </li>`;
}

function Decide({ job, application, name, onChange }) {
  const id = useId();
  const [note, setNote] = useState("");
  const [failed, setFailed] = useState(null);
  const [busy, setBusy] = useState(false);
  const movedAt = useRef(0);
  const moves = MOVES[application.applicationStatus];
  const between = moves.filter((to) => to !== "accepted" && to !== "rejected");
  const [no, did] = application.applicationStatus === "offered" ? ["unoffer", "unoffered"] : ["reject", "rejected"];
  const focusHeading = () => document.getElementById(`applicant-${application.applicationId}`)?.focus({ preventScroll: true });
  const press = (to) => {
    if (Date.now() - movedAt.current < PAUSE_AFTER_MOVE) focusHeading();
    else move(to);
  };
  const move = async (to) => {
    if (busy) return;
    setBusy(true);
    setFailed(null);
    const body = { applicationStatus: to };
    if (note.trim()) body.note = note;
    try {
      const changed = await api.patch(`applications/${application.applicationId}`, body, application.version);
      say(t(`applicants.did.${to === "rejected" ? did : to}`, { name }), { shown: true });
      movedAt.current = Date.now();
      onChange(changed, true);
      // The pressed button is gone.
      requestAnimationFrame(focusHeading);
    } catch (error) {
      setFailed(error);
      setBusy(false);
      const now = await api.get(`applications/${application.applicationId}`).catch(() => null);
      if (now && now.version !== application.version) onChange(now, false);
      return;
    }
    setBusy(false);
    setNote("");
  };
  return html`<div class="decide">
    <div class="field">
      <label for=${id}>${t("applicants.note", { name })} <span class="optional">${t("form.optional")}</span></label>
      <textarea id=${id} rows="2" value=${note} onInput=${(event) => setNote(event.target.value)} aria-describedby=${`${id}-hint`}></textarea>
      <p class="hint" id=${`${id}-hint`}>${t("applicants.note_hint")}</p>
    </div>
    ${failed && html`<div class="note bad" role="alert"><p>${failed.code === "review_pending" ? t("applicants.review_pending") : problemText(failed)}</p></div>`}
    <div class="actions">
      ${moves.includes("accepted") && job.positionsFilled < job.positions &&
      html`<${Confirm} label=${t("applicants.hire")} who=${name} question=${t("applicants.hire_ask", { name })} yes=${t("applicants.hire")} onYes=${() => move("accepted")} kind="primary" />`}
      ${between.map((to) => html`<button key=${to} class="button" type="button" onClick=${() => press(to)}>${t(`applicants.move.${to}`)}</button>`)}
      <${Confirm} label=${t(`applicants.${no}`)} who=${name} question=${t(`applicants.${no}_ask`, { name })} yes=${t(`applicants.${no}`)} onYes=${() => move("rejected")} kind="quiet" />
    </div>
  </div>`;
}
