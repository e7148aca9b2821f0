// Logs in and returns to the previous page.
import { needed, useForm } from "../form.js";
import { html, useEffect } from "../html.js";
import { go, place, safeNext } from "../router.js";
import { account, home, logIn } from "../session.js";
import { t } from "../words.js";
import { Field } from "../components/field.js";
import { Form } from "../components/form.js";
import { Page } from "../components/page.js";

export function Login() {
  const next = safeNext(new URLSearchParams(place.value.search).get("next"));
  const form = useForm({ email: "", password: "" });
  useEffect(() => {
    if (account.value) go(next ?? home(), { replace: true });
  }, []);
  const submit = () =>
    form.run(async ({ email, password }) => {
      needed({ email, password }, ["email", "password"]);
      const who = await logIn(email.trim(), password);
      go(next ?? home(who.role), { replace: true });
    });
  return html`<${Page} title=${t("login.title")} narrow>
    <${Form} form=${form} label=${t("login.send")} onSubmit=${submit}>
      <${Field} ...${form.field("email")} type="email" label=${t("field.email")} autocomplete="username" required />
      <${Field} ...${form.field("password")} type="password" label=${t("field.password")} autocomplete="current-password" required />
    <//>
    <p class="below"><a href="/forgot-password">${t("login.forgot")}</a></p>
    <p>${t("login.new")} <a href="/register">${t("nav.register")}</a></p>
  <//>`;
}
