// A person's profile, and what the campus knows about a student.
import { api } from "../api.js";
import { typedList, typedNumber, useForm } from "../form.js";
import { html, useState } from "../html.js";
import { useLoad } from "../load.js";
import { learn, logIn } from "../session.js";
import { date, has, money, number, t } from "../words.js";
import { Field } from "../components/field.js";
import { Form } from "../components/form.js";
import { say } from "../components/live.js";
import { Page } from "../components/page.js";
import { Loaded } from "../components/states.js";

export function Profile() {
  const me = useLoad("me");
  return html`<${Page} title=${t("profile.title")} narrow>
    <${Loaded} from=${me} rows=${3}>
      ${(data) => html`<${Sheet} me=${data} onChange=${(changed) => me.change(() => changed)} />`}
    <//>
  <//>`;
}

function Sheet({ me, onChange }) {
  const { account, student, employer } = me;
  return html`
    <p class="lead">${t(`profile.as.${account.role}`, { email: account.email })}</p>
    ${account.status === "pending" && html`<div class="note"><p>${t("verify.waits")}</p></div>`}
    ${(student ?? employer)?.numberCleared && html`<p class="hint">${t("profile.number_cleared")}</p>`}
    ${student && html`<${Facts} student=${student} />`}
    <${Words} key=${account.accountId} me=${me} onChange=${onChange} />
    ${student && student.selfReported && html`<${OwnFacts} student=${student} version=${me.version} onChange=${onChange} />`}
    ${employer && html`<p class="hint">${t("profile.employer_hint")}</p>`}
    <${Password} email=${account.email} />
  `;
}

const done = (changed, onChange) => {
  onChange(changed);
  learn(changed.account);
  say(t("profile.saved"), { shown: true });
};

function Words({ me, onChange }) {
  const { account, student, employer } = me;
  const form = useForm({
    name: account.name,
    skills: student?.skills.join(", "),
    summary: student?.summary ?? "",
    workSpace: employer?.workSpace ?? "",
    designation: employer?.designation ?? "",
  });
  const submit = () =>
    form.run(async (values) => {
      const body = { name: values.name };
      if (student) Object.assign(body, { skills: typedList(values.skills), summary: values.summary.trim() || null });
      if (employer) Object.assign(body, { workSpace: values.workSpace.trim() || null, designation: values.designation.trim() || null });
      done(await api.patch("me", body, me.version), onChange);
    });
  return html`<${Form} form=${form} label=${t("profile.save")} onSubmit=${submit}>
    <${Field} ...${form.field("name")} label=${t("field.name")} autocomplete="name" required />
    ${student &&
    html`<${Field} ...${form.field("skills")} kind="textarea" rows="2" label=${t("field.skills")} hint=${t("field.skills_hint")} optional />
      <${Field} ...${form.field("summary")} kind="textarea" rows="5" label=${t("field.summary")} hint=${t("field.summary_hint")} optional />`}
    ${employer &&
    html`<${Field} ...${form.field("workSpace")} label=${t("field.work_space")} hint=${t("field.work_space_hint")} optional />
      <${Field} ...${form.field("designation")} label=${t("field.designation")} optional />`}
  <//>`;
}

const FACTS = ["graduationDate", "enrolledCredits", "gpa", "visa", "workStudyRemaining"];

function shown(name, value) {
  if (value === null || value === undefined) return t("fact.unknown");
  if (name === "graduationDate") return date(value);
  if (name === "workStudyRemaining") return money(value);
  return typeof value === "number" ? number(value) : value;
}

/** The facts with their sources. */
function Facts({ student }) {
  const source = (name) => {
    if (student[name] === null) return "";
    return student.selfReported.includes(name) ? t("fact.from_you") : t("fact.from_campus");
  };
  return html`<section class="card" aria-labelledby="facts-title">
    <h2 id="facts-title">${t("profile.facts")}</h2>
    <p class="hint">${t("profile.facts_hint")}</p>
    <dl class="job-facts">
      <div><dt>${t("fact.weeklyHours")}</dt><dd>${t("job.hours", { count: student.weeklyHours })}</dd></div>
      ${FACTS.map((name) => html`<div><dt>${t(`fact.${name}`)}</dt><dd>${shown(name, student[name])} <span class="hint">${source(name)}</span></dd></div>`)}
    </dl>
  </section>`;
}

/** The student fills in facts that the campus has not set. */
function OwnFacts({ student, version, onChange }) {
  const open = FACTS.filter((name) => student[name] === null || student.selfReported.includes(name));
  const [seen] = useState(open);
  const form = useForm(Object.fromEntries(seen.map((name) => [name, student[name] ?? ""])));
  if (!seen.length) return null;
  const submit = () =>
    form.run(async (values) => {
      const body = {};
      for (const name of seen) {
        const isText = name === "graduationDate" || name === "visa";
        body[name] = isText ? String(values[name]).trim() || null : typedNumber(name, values[name]) ?? null;
      }
      done(await api.patch("me", body, version), onChange);
    });
  return html`<section class="apart">
    <h2>${t("profile.own_facts")}</h2>
    <p class="hint">${t("profile.own_facts_hint")}</p>
    <${Form} form=${form} label=${t("profile.save_facts")} onSubmit=${submit}>
      ${seen.map((name) => html`<${Field}
        ...${form.field(name)}
        type=${name === "graduationDate" ? "date" : "text"}
        inputmode=${name === "visa" || name === "graduationDate" ? undefined : "decimal"}
        label=${t(has(`field.${name}`) ? `field.${name}` : `fact.${name}`)}
        hint=${name === "visa" ? t("profile.visa_hint") : undefined}
        optional
      />`)}
    <//>
  </section>`;
}

function Password({ email }) {
  const form = useForm({ currentPassword: "", password: "" });
  const submit = () =>
    form.run(async ({ currentPassword, password }) => {
      await api.patch("me", { currentPassword, password });
      // The change has ended all sessions, including this one.
      await logIn(email, password);
      form.set("currentPassword", "");
      form.set("password", "");
      say(t("profile.password_done"), { shown: true });
    });
  return html`<section class="apart">
    <h2>${t("profile.password")}</h2>
    <p class="hint">${t("profile.password_hint")}</p>
    <${Form} form=${form} label=${t("profile.password_save")} onSubmit=${submit}>
      <input type="email" autocomplete="username" value=${email} readonly hidden />
      <${Field} ...${form.field("currentPassword")} type="password" label=${t("field.current_password")} autocomplete="current-password" required />
      <${Field} ...${form.field("password")} type="password" label=${t("field.new_password")} hint=${t("register.password_hint")} autocomplete="new-password" required />
    <//>
  </section>`;
}
