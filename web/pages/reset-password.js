// Sets a new password. The link in the reset mail opens this page.
import { api } from "../api.js";
import { useForm } from "../form.js";
import { html, useState } from "../html.js";
import { place } from "../router.js";
import { t } from "../words.js";
import { Field } from "../components/field.js";
import { Form } from "../components/form.js";
import { Page } from "../components/page.js";

export function ResetPassword() {
  const token = new URLSearchParams(place.value.search).get("token") ?? "";
  const form = useForm({ password: "" });
  const [done, setDone] = useState(false);
  const submit = () =>
    form.run(async ({ password }) => {
      await api.post("auth/reset-password", { token, password });
      setDone(true);
    });
  if (done) {
    return html`<${Page} title=${t("reset.done_title")} narrow>
      <div role="status" class="note good"><p>${t("reset.done")}</p></div>
      <p><a class="button primary" href="/login">${t("nav.log_in")}</a></p>
    <//>`;
  }
  return html`<${Page} title=${t("reset.title")} narrow>
    <${Form} form=${form} label=${t("reset.send")} onSubmit=${submit}>
      <${Field} ...${form.field("password")} type="password" label=${t("field.new_password")} hint=${t("register.password_hint")} autocomplete="new-password" required />
    <//>
    <p class="below"><a href="/forgot-password">${t("reset.new_link")}</a></p>
  <//>`;
}
