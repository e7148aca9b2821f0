// The form to post and to edit a job. Input survives a reload.
import { api } from "../api.js";
import { FieldErrors, typedList, typedNumber, useForm } from "../form.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { useLoad } from "../load.js";
import { go } from "../router.js";
import { dueDay, t } from "../words.js";
import { Field } from "../components/field.js";
import { Form } from "../components/form.js";
import { say } from "../components/live.js";
import { Page } from "../components/page.js";
import { Loaded } from "../components/states.js";

const BLANK = {
  jobTitle: "", jobDescription: "", jobPayRate: "", hoursPerWeek: "", positions: "1", deadline: "", skillsRequired: "",
  setting: "onCampus", location: "", workSpace: "", startDate: "", endDate: "", workStudyRequired: false, questions: [],
};

function typed(job) {
  const values = { ...BLANK };
  for (const name of Object.keys(BLANK)) if (job[name] !== null && job[name] !== undefined) values[name] = job[name];
  return { ...values, deadline: dueDay(job.deadline), skillsRequired: job.skillsRequired.join(", ") };
}

/** The fields of a posting from the input. `before` is the loaded posting. */
function body(values, before) {
  const errors = {};
  const amount = (name) => {
    try {
      return typedNumber(name, values[name]);
    } catch (error) {
      Object.assign(errors, error.errors);
      return undefined;
    }
  };
  const text = (name) => String(values[name] ?? "").trim() || undefined;
  const found = {
    jobTitle: text("jobTitle"),
    jobDescription: text("jobDescription"),
    jobPayRate: amount("jobPayRate"),
    hoursPerWeek: amount("hoursPerWeek"),
    positions: amount("positions"),
    deadline: text("deadline"),
    skillsRequired: typedList(values.skillsRequired),
    setting: values.setting,
    location: text("location"),
    workSpace: text("workSpace"),
    startDate: text("startDate"),
    endDate: text("endDate"),
    workStudyRequired: Boolean(values.workStudyRequired),
    questions: values.questions,
  };
  if (Object.keys(errors).length) throw new FieldErrors(errors);
  if (!before) return found;
  // A merge patch removes a member with null. An unchanged deadline keeps its time.
  for (const name of Object.keys(found)) found[name] ??= null;
  if (found.deadline === dueDay(before.deadline)) delete found.deadline;
  return found;
}

export function Post() {
  const me = useLoad("me");
  return html`<${Page} title=${t("nav.post")} lead=${t("post.lead")} narrow>
    <${Loaded} from=${me} rows=${3}>${(data) => html`<${PostForm} employer=${data.employer} />`}<//>
  <//>`;
}

function PostForm({ employer }) {
  const form = useForm({ ...BLANK, setting: employer.setting }, { keep: "post" });
  const send = (draft) =>
    form.run(async (values, keyFor) => {
      const members = body(values);
      if (draft) members.jobStatus = "draft";
      const job = await api.post("jobs", members, keyFor(members));
      go(`/postings?status=${job.jobStatus}`);
      say(t(`postings.did.${job.jobStatus}`, { title: job.jobTitle }), { shown: true });
    });
  const aside = html`<button class="button" type="button" onClick=${() => send(true)}>${t("post.draft")}</button>`;
  return html`<${Form} form=${form} label=${t("post.send")} onSubmit=${() => send(false)} aside=${aside}><${Fields} form=${form} /><//>`;
}

export function Edit({ id }) {
  const job = useLoad(`jobs/${encodeURIComponent(id)}`);
  /** What the person had changed when a newer version was loaded. */
  const own = useRef(null);
  const reload = (changed) => {
    own.current = changed;
    job.reload();
  };
  return html`<${Page} title=${t("post.edit_title")} lead=${job.data?.jobTitle} narrow>
    <${Loaded} from=${job} rows=${3}>
      ${(data) => html`<${EditForm} key=${data.version} job=${data} own=${own.current} reload=${reload} />`}
    <//>
  <//>`;
}

function EditForm({ job, own, reload }) {
  const form = useForm({ ...typed(job), ...own });
  const [stale, setStale] = useState(false);
  useEffect(() => {
    if (!own) return;
    say(t("post.reloaded"), { shown: true });
    // The pressed button is gone.
    document.querySelector("h1").focus();
  }, []);
  const submit = () =>
    form.run(async (values) => {
      try {
        const changed = await api.patch(`jobs/${job.jobId}`, body(values, job), job.version);
        go(`/postings/${changed.jobId}`);
        say(t("post.saved"), { shown: true });
      } catch (error) {
        setStale(error.status === 412);
        throw error;
      }
    });
  const loaded = typed(job);
  const isChanged = ([name, value]) => JSON.stringify(value) !== JSON.stringify(loaded[name]);
  const changed = () => Object.fromEntries(Object.entries(form.values).filter(isChanged));
  const aside = html`<a class="button" href=${`/postings/${job.jobId}`}>${t("post.cancel")}</a>
    ${stale && html`<button class="button" type="button" onClick=${() => reload(changed())}>${t("post.reload")}</button>`}`;
  return html`<${Form} form=${form} label=${t("post.save")} onSubmit=${submit} aside=${aside}><${Fields} form=${form} /><//>`;
}

function Fields({ form }) {
  return html`
    <${Field} ...${form.field("jobTitle")} label=${t("field.jobTitle")} required />
    <${Field} ...${form.field("jobDescription")} kind="textarea" rows="10" label=${t("field.jobDescription")} hint=${t("post.description_hint")} required />
    <div class="pair">
      <${Field} ...${form.field("jobPayRate")} label=${t("field.jobPayRate")} inputmode="decimal" required />
      <${Field} ...${form.field("hoursPerWeek")} label=${t("field.hoursPerWeek")} inputmode="decimal" required />
    </div>
    <div class="pair">
      <${Field} ...${form.field("deadline")} type="date" label=${t("field.deadline")} hint=${t("post.deadline_hint")} required />
      <${Field} ...${form.field("positions")} label=${t("field.positions")} inputmode="numeric" />
    </div>
    <${Field} ...${form.field("skillsRequired")} kind="textarea" rows="2" label=${t("field.skillsRequired")} hint=${t("field.skills_hint")} optional />
    <div class="pair">
      <${Field} ...${form.field("setting")} kind="select" label=${t("field.setting")}
        options=${["onCampus", "offCampus", "remote"].map((name) => [name, t(`setting.${name}`)])} />
      <${Field} ...${form.field("location")} label=${t("field.location")} optional />
    </div>
    <${Field} ...${form.field("workSpace")} label=${t("field.work_space")} hint=${t("post.work_space_hint")} optional />
    <div class="pair">
      <${Field} ...${form.field("startDate")} type="date" label=${t("field.startDate")} optional />
      <${Field} ...${form.field("endDate")} type="date" label=${t("field.endDate")} optional />
    </div>
    <${Field} ...${form.field("workStudyRequired")} kind="checkbox" label=${t("field.workStudyRequired")} />
    <${Questions} form=${form} />
  `;
}

/** The employer's questions to applicants. */
function Questions({ form }) {
  const questions = form.values.questions;
  const change = (index, part) => form.set("questions", questions.map((one, at) => (at === index ? { ...one, ...part } : one)));
  return html`<fieldset class="questions">
    <legend>${t("post.questions")}</legend>
    <p class="hint">${t("post.questions_hint")}</p>
    ${questions.map(
      (question, index) => html`<div class="question" key=${index}>
        <${Field}
          name=${`questions[${index}].prompt`}
          value=${question.prompt}
          error=${form.field(`questions[${index}].prompt`).error}
          set=${(prompt) => change(index, { prompt })}
          label=${t("post.question", { count: index + 1 })}
        />
        <${Field} kind="checkbox" name=${`required-${index}`} value=${question.required} set=${(required) => change(index, { required })} label=${t("post.question_required")} />
        <button class="button small" type="button" onClick=${() => form.set("questions", questions.filter((_, at) => at !== index))}>
          ${t("post.question_remove", { count: index + 1 })}
        </button>
      </div>`,
    )}
    <button class="button" type="button" onClick=${() => form.set("questions", [...questions, { prompt: "", required: true }])}>
      ${t("post.question_add")}
    </button>
  </fieldset>`;
}
