// The link in the verification mail opens this page. The password proves that the reader registered. It needs a press,
// so that a mail scanner that opens links verifies nothing.
import { api } from "../api.js";
import { needed, useForm } from "../form.js";
import { html, useState } from "../html.js";
import { place } from "../router.js";
import { home, signedIn } from "../session.js";
import { t } from "../words.js";
import { Field } from "../components/field.js";
import { Form } from "../components/form.js";
import { Page } from "../components/page.js";

export function VerifyEmail() {
  const token = new URLSearchParams(place.value.search).get("token");
  const form = useForm({ password: "" });
  const [verified, setVerified] = useState(null);
  const [ended, setEnded] = useState(false);
  const submit = () =>
    form.run(async ({ password }, keyFor) => {
      needed({ password }, ["password"]);
      const body = { token, password };
      try {
        setVerified(signedIn(await api.post("auth/verify-email", body, keyFor(body))));
      } catch (error) {
        if (error.code !== "invalid_token") throw error;
        setEnded(true);
      }
    });
  if (verified) {
    const waits = verified.status === "pending";
    return html`<${Page} title=${t("verify.done_title")} narrow>
      <div role="status" class="note good">
        <p>${t("verify.done", { email: verified.email })}</p>
        ${waits && html`<p>${t("verify.waits")}</p>`}
      </div>
      <p><a class="button primary" href=${home(verified.role)}>${t("verify.go_on")}</a></p>
    <//>`;
  }
  if (ended) {
    return html`<${Page} title=${t("verify.ended_title")} narrow>
      <div role="status" class="note"><p>${t("verify.ended")}</p></div>
      <p><a class="button primary" href="/login">${t("nav.log_in")}</a></p>
      <p class="below"><a href="/register">${t("nav.register")}</a></p>
    <//>`;
  }
  if (!token) {
    return html`<${Page} title=${t("verify.title")} narrow>
      <p>${t("verify.no_token")}</p>
      <p><a class="button primary" href="/register">${t("nav.register")}</a></p>
    <//>`;
  }
  return html`<${Page} title=${t("verify.title")} lead=${t("verify.lead")} narrow>
    <${Form} form=${form} label=${t("verify.send")} onSubmit=${submit}>
      <${Field} ...${form.field("password")} type="password" label=${t("field.password")} autocomplete="current-password" required />
    <//>
    <p class="below">${t("verify.again")} <a href="/register">${t("nav.register")}</a></p>
  <//>`;
}
