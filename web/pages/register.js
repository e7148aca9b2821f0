// Registers a student or an employer.
import { api } from "../api.js";
import { typedList, useForm } from "../form.js";
import { html, useState } from "../html.js";
import { t } from "../words.js";
import { Choice, Field } from "../components/field.js";
import { Form } from "../components/form.js";
import { Page } from "../components/page.js";

export function Register() {
  const form = useForm({ role: "student", name: "", email: "", password: "", skills: "", workSpace: "", setting: "onCampus" }, { keep: "register" });
  const [sentTo, setSentTo] = useState(null);
  const student = form.values.role === "student";
  const submit = () =>
    form.run(async (values, keyFor) => {
      const body = { role: values.role, name: values.name, email: values.email.trim(), password: values.password };
      if (student && values.skills.trim()) body.skills = typedList(values.skills);
      if (!student) body.setting = values.setting;
      if (!student && values.workSpace.trim()) body.workSpace = values.workSpace;
      const answer = await api.post("auth/register", body, keyFor(body));
      setSentTo(answer.email);
    });
  if (sentTo) return html`<${Sent} email=${sentTo} again=${() => setSentTo(null)} />`;
  return html`<${Page} title=${t("register.title")} lead=${t("register.lead")} narrow>
    <${Form} form=${form} label=${t("register.send")} onSubmit=${submit}>
      <${Choice}
        ...${form.field("role")}
        set=${(role) => {
          form.set("role", role);
          // Another kind of address is right for this role.
          form.setErrors((old) => ({ ...old, email: undefined }));
        }}
        label=${t("register.role")}
        options=${[
          ["student", t("register.student"), t("register.student_hint")],
          ["employer", t("register.employer"), t("register.employer_hint")],
        ]}
      />
      <${Field} ...${form.field("name")} label=${t("field.name")} autocomplete="name" required />
      <${Field}
        ...${form.field("email")}
        type="email"
        label=${student ? t("field.campus_email") : t("field.email")}
        hint=${student ? t("register.email_hint") : t("register.employer_email_hint")}
        autocomplete="email"
        required
      />
      <${Field} ...${form.field("password")} type="password" label=${t("field.password")} hint=${t("register.password_hint")} autocomplete="new-password" required />
      ${student
        ? html`<${Field} ...${form.field("skills")} label=${t("field.skills")} hint=${t("field.skills_hint")} optional />`
        : html`<${Field} ...${form.field("workSpace")} label=${t("field.work_space")} hint=${t("field.work_space_hint")} autocomplete="organization" optional />
            <${Field}
              ...${form.field("setting")}
              kind="select"
              label=${t("field.employer_setting")}
              options=${["onCampus", "offCampus"].map((name) => [name, t(`setting.${name}`)])}
            />`}
    <//>
    <p class="below">${t("register.known")} <a href="/login">${t("nav.log_in")}</a></p>
  <//>`;
}

function Sent({ email, again }) {
  return html`<${Page} title=${t("register.sent_title")} narrow>
    <div role="status" class="note good"><p>${t("register.sent", { email })}</p></div>
    <p>${t("register.sent_help")}</p>
    <p><button class="button" type="button" onClick=${again}>${t("register.again")}</button></p>
  <//>`;
}
