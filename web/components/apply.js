// The application form: note, the employer's questions, résumé. A draft survives a reload.
import { api } from "../api.js";
import { FieldErrors, useForm } from "../form.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { useLoad } from "../load.js";
import { drafts } from "../session.js";
import { number, problemText, saying, t } from "../words.js";
import { Field } from "./field.js";
import { Form } from "./form.js";

const MAX_RESUME_BYTES = 5 * 1024 * 1024;
/** The storage key of the last application's résumé, which is offered again. */
const LAST_RESUME = "resume";

/** The server names an answer by its index, and a missing one by its question. The page uses the question. */
function placeOf(sent) {
  return (error) => {
    const index = /^answers\[(\d+)\]/.exec(error.field)?.[1];
    if (index !== undefined) return `answer.${sent.current[index]}`;
    if (error.code === "unanswered") return `answer.${error.params.questionId}`;
    return error.field === "resumeId" ? "resume" : error.field;
  };
}

export function Apply({ job, onSent }) {
  const keep = `apply.${job.jobId}`;
  const [open, setOpen] = useState(drafts.read(keep) !== null);
  const wasPressed = useRef(false);
  const { data: verdict } = useLoad(`jobs/${job.jobId}/eligibility`);
  if (verdict?.outcome === "ineligible") return html`<${Verdict} verdict=${verdict} tone="bad" heading=${t("verdict.ineligible")} />`;
  const review =
    verdict?.outcome === "review" && html`<${Verdict} verdict=${verdict} tone="" heading=${t("verdict.review")} />`;
  if (!open) {
    return html`${review}<p class="apply-line">
      <button class="button primary" type="button" onClick=${() => { wasPressed.current = true; setOpen(true); }}>${t("apply.open")}</button>
      ${verdict?.outcome === "eligible" && html` <${Eligible} job=${job} />`}
    </p>`;
  }
  return html`${review}<${ApplyForm} job=${job} keep=${keep} takeFocus=${wasPressed.current} onSent=${onSent} onCancel=${() => setOpen(false)} />`;
}

/** The rules skip unknown facts, so a work-study job is only certain if the award is known. */
function Eligible({ job }) {
  const { data: me } = useLoad(job.workStudyRequired ? "me" : null);
  if (job.workStudyRequired && !me) return null;
  if (me?.student?.workStudyRemaining === null) return html`<span class="hint">${t("verdict.award_unknown")} <a href="/profile">${t("verdict.award_add")}</a></span>`;
  return html`<span class="hint">${t("verdict.eligible")}</span>`;
}

/** The verdict of the campus rules, before the form. */
function Verdict({ verdict, tone, heading }) {
  return html`<section class="note ${tone}" aria-label=${t("verdict.title")}>
    <p><strong>${heading}</strong></p>
    <ul>
      ${verdict.reasons.map((reason) => html`<li>${reason.message}${reason.remedy && html` <span>${reason.remedy}</span>`}</li>`)}
    </ul>
  </section>`;
}

function ApplyForm({ job, keep, takeFocus, onSent, onCancel }) {
  const sent = { current: [] };
  /** The upload of the chosen file, if it has not succeeded: a promise of the résumé, or of the error. */
  const upload = useRef(null);
  const form = useForm({ coverNote: "", resume: drafts.read(LAST_RESUME) }, { keep, place: placeOf(sent) });
  /** The résumé to send, which may change while the form is sent. */
  const chosen = useRef(form.values.resume);

  useEffect(() => {
    if (takeFocus) form.element.current?.querySelector("textarea")?.focus();
  }, []);

  const submit = () =>
    form.run(async (values, keyFor) => {
      const missing = {};
      // Nobody should apply without the résumé that they chose.
      let waited;
      let done = null;
      // Another file may be chosen meanwhile.
      while (waited !== upload.current && upload.current) done = await (waited = upload.current);
      const { resume, error } = upload.current ? done : { resume: chosen.current };
      if (error) missing.resume = error;
      for (const question of job.questions) {
        if (question.required && !(values[`answer.${question.questionId}`] ?? "").trim()) {
          missing[`answer.${question.questionId}`] = t("invalid.unanswered");
        }
      }
      if (Object.keys(missing).length) throw new FieldErrors(missing);
      const answers = job.questions
        .map(({ questionId }) => ({ questionId, answer: values[`answer.${questionId}`] ?? "" }))
        .filter(({ answer }) => answer.trim());
      sent.current = answers.map(({ questionId }) => questionId);
      const body = { jobId: job.jobId };
      if (values.coverNote.trim()) body.coverNote = values.coverNote;
      if (answers.length) body.answers = answers;
      if (resume) body.resumeId = resume.fileId;
      const application = await api.post("applications", body, keyFor(body));
      if (resume) drafts.write(LAST_RESUME, resume);
      onSent(application);
    });

  const cancel = html`<button class="button" type="button" onClick=${onCancel}>${t("apply.later")}</button>`;
  return html`<section class="apply card" aria-label=${t("apply.title", { title: job.jobTitle })}>
    <h3>${t("apply.heading")}</h3>
    <${Form} form=${form} label=${t("apply.send")} onSubmit=${submit} aside=${cancel}>
      <${Field} ...${form.field("coverNote")} kind="textarea" rows="5" label=${t("apply.note")} hint=${t("apply.note_hint")} optional />
      ${job.questions.map(
        (question) => html`<${Field}
          ...${form.field(`answer.${question.questionId}`)}
          kind="textarea"
          rows="3"
          label=${question.prompt}
          required=${question.required}
          optional=${!question.required}
        />`,
      )}
      <${Resume} form=${form} upload=${upload} chosen=${chosen} />
      <p class="hint">${t("apply.seen")}</p>
    <//>
  </section>`;
}

/** Uploads a file. Returns the résumé, or the error in words. */
async function uploaded(file) {
  if (file.type !== "application/pdf") return { error: t("resume.no_pdf") };
  if (file.size > MAX_RESUME_BYTES) return { error: t("resume.too_large", { most: number(5) }) };
  try {
    const stored = await api.upload(`files?name=${encodeURIComponent(file.name)}`, file);
    return { resume: { fileId: stored.fileId, name: stored.name ?? file.name } };
  } catch (problem) {
    return { error: problem.errors?.[0] ? saying(problem.errors[0]) : problemText(problem) };
  }
}

/** The file is uploaded as soon as it is chosen, so that a reload keeps it. */
function Resume({ form, upload, chosen }) {
  const [busy, setBusy] = useState(false);
  const input = useRef(null);
  const { value: resume, error } = form.field("resume");
  const hold = (file) => {
    chosen.current = file;
    form.set("resume", file);
  };
  const forget = () => {
    upload.current = null;
    setBusy(false);
    if (input.current) input.current.value = "";
  };
  const choose = async (event) => {
    input.current = event.target;
    const file = event.target.files[0];
    if (!file) return;
    const mine = uploaded(file);
    upload.current = mine;
    setBusy(true);
    form.setErrors((old) => ({ ...old, resume: undefined }));
    const done = await mine;
    // Another file was chosen meanwhile.
    if (upload.current !== mine) return;
    setBusy(false);
    if (done.error) return form.setErrors((old) => ({ ...old, resume: done.error }));
    hold(done.resume);
    forget();
  };
  const discard = () => {
    // Without an upload, the error is about the file from the last application.
    if (!upload.current) hold(null);
    forget();
    form.setErrors((old) => ({ ...old, resume: undefined }));
  };
  const remove = (clear) => {
    const press = () => {
      clear();
      // The pressed button is gone.
      form.element.current.querySelector("[name=resume]").focus();
    };
    return html`<button class="button small" type="button" onClick=${press}>${t("resume.remove")}</button>`;
  };
  const held = resume?.fileId && html`<p class="held"><span>${resume.name}</span> ${remove(() => hold(null))}</p>`;
  return html`<div class="resume">
    <${Field}
      name="resume"
      type="file"
      accept="application/pdf"
      label=${resume?.fileId ? t("resume.other") : t("resume.label")}
      hint=${busy ? t("resume.sending") : t("resume.hint", { most: number(5) })}
      error=${error}
      set=${() => {}}
      onChange=${choose}
      optional
    >${error && html`<p>${remove(discard)}</p>`}<//>
    ${held}
  </div>`;
}
