// The link of the verification mail leads here. A press proves the address, so that a mail scanner that opens links does not.
import { api } from "../api.js";
import { useForm } from "../form.js";
import { html, useState } from "../html.js";
import { place } from "../router.js";
import { account } from "../session.js";
import { t } from "../words.js";
import { Form } from "../components/form.js";
import { Page } from "../components/page.js";

export function VerifyEmail() {
  const token = new URLSearchParams(place.value.search).get("token");
  const form = useForm({});
  const [verified, setVerified] = useState(null);
  const submit = () =>
    form.run(async (_, keyFor) => {
      const body = { token };
      const answer = await api.post("auth/verify-email", body, keyFor(body));
      setVerified(answer.account);
    });
  if (verified) {
    const waits = verified.status === "pending";
    return html`<${Page} title=${t("verify.done_title")} narrow>
      <div role="status" class="note good">
        <p>${t("verify.done", { email: verified.email })}</p>
        ${waits && html`<p>${t("verify.waits")}</p>`}
      </div>
      <p>
        ${account.value
          ? html`<a class="button primary" href="/profile">${t("nav.profile")}</a>`
          : html`<a class="button primary" href="/login">${t("nav.log_in")}</a>`}
      </p>
    <//>`;
  }
  if (!token) {
    return html`<${Page} title=${t("verify.title")} narrow>
      <p>${t("verify.no_token")}</p>
      <p><a class="button primary" href="/register">${t("nav.register")}</a></p>
    <//>`;
  }
  return html`<${Page} title=${t("verify.title")} lead=${t("verify.lead")} narrow>
    <${Form} form=${form} label=${t("verify.send")} onSubmit=${submit} />
    <p class="below">${t("verify.again")} <a href="/register">${t("nav.register")}</a></p>
  <//>`;
}
