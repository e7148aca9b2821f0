// A URL without a page, or a page that this reader may not see.
import { html } from "../html.js";
import { t } from "../words.js";
import { Page } from "../components/page.js";

export function NotFound() {
  return html`<${Page} title=${t("not_found.title")} lead=${t("not_found.lead")} narrow>
    <p><a class="button primary" href="/">${t("not_found.home")}</a></p>
  <//>`;
}
