// Requests a link to set a new password.
import { api } from "../api.js";
import { FieldErrors, needed, useForm } from "../form.js";
import { html, useState } from "../html.js";
import { t } from "../words.js";
import { Field } from "../components/field.js";
import { Form } from "../components/form.js";
import { Page } from "../components/page.js";

export function ForgotPassword() {
  const form = useForm({ email: "" });
  const [sentTo, setSentTo] = useState(null);
  const submit = () =>
    form.run(async ({ email }) => {
      needed({ email }, ["email"]);
      // The server's answer is the same for any text.
      if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email.trim())) throw new FieldErrors({ email: t("invalid.not_an_email") });
      // No key, so that another request sends another mail.
      await api.post("auth/forgot-password", { email: email.trim() });
      setSentTo(email.trim());
    });
  return html`<${Page} title=${t("forgot.title")} lead=${t("forgot.lead")} narrow>
    <div role="status">${sentTo && html`<div class="note good"><p>${t("forgot.sent", { email: sentTo })}</p></div>`}</div>
    <${Form} form=${form} label=${sentTo ? t("forgot.again") : t("forgot.send")} onSubmit=${submit}>
      <${Field} ...${form.field("email")} type="email" label=${t("field.email")} autocomplete="username" required />
    <//>
    <p class="below"><a href="/login">${t("forgot.back")}</a></p>
  <//>`;
}
