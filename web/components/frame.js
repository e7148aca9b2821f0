// The frame of all pages: skip link, header with navigation, footer, live region.
import { html } from "../html.js";
import { account, home, logOut } from "../session.js";
import { online } from "../load.js";
import { go, loginAddress, place } from "../router.js";
import { language, languages, setLanguage, t } from "../words.js";
import { Live, say } from "./live.js";

const WAYS = {
  visitor: [["/", "nav.jobs"]],
  student: [["/", "nav.jobs"], ["/applications", "nav.applications"], ["/profile", "nav.profile"]],
  employer: [["/postings", "nav.postings"], ["/post", "nav.post"], ["/", "nav.jobs"], ["/profile", "nav.profile"]],
  admin: [["/office", "nav.office"], ["/", "nav.jobs"], ["/profile", "nav.profile"]],
};

function isHere(address, path) {
  if (address === "/") return path === "/" || path.startsWith("/jobs/");
  return path === address || path.startsWith(`${address}/`);
}

export function Frame({ ended, children }) {
  const who = account.value;
  const { path } = place.value;
  const leave = async () => {
    try {
      await logOut();
    } catch {
      // The session on this device is gone in any case; the server's expires by itself.
    }
    go("/");
    say(t("session.out"), { shown: true });
  };
  return html`
    <a class="skip" href="#main" onClick=${skip}>${t("nav.skip")}</a>
    <header class="top">
      <div class="top-inner">
        <a class="brand" href=${home()}><span class="pin" aria-hidden="true"></span>${t("app.name")}</a>
        <nav aria-label=${t("nav.label")}>
          <ul>
            ${WAYS[who?.role ?? "visitor"].map(
              ([address, name]) =>
                html`<li><a href=${address} aria-current=${isHere(address, path) ? "page" : undefined}>${t(name)}</a></li>`,
            )}
          </ul>
          <ul class="session">
            ${who
              ? html`<li class="who" title=${who.email}>${who.name}</li>
                  <li><button class="link" type="button" onClick=${leave}>${t("nav.log_out")}</button></li>`
              : html`<li><a href=${loginAddress()}>${t("nav.log_in")}</a></li>
                  <li><a class="button small" href="/register">${t("nav.register")}</a></li>`}
          </ul>
        </nav>
      </div>
    </header>
    <div role="status">
      ${!online.value && html`<p class="banner">${t("state.offline")}</p>`}
      ${ended && html`<p class="banner">${t("session.ended")} <a href=${loginAddress()}>${t("nav.log_in")}</a></p>`}
    </div>
    <main id="main" tabindex="-1">${children}</main>
    <footer class="foot">
      <p>${t("app.about")}</p>
      <p>
        <label for="language">${t("app.language")}</label>
        <select id="language" value=${language} onChange=${(event) => setLanguage(event.target.value)}>
          ${languages.map((tag) => html`<option value=${tag} selected=${tag === language} lang=${tag}>${t(`language.${tag}`)}</option>`)}
        </select>
      </p>
    </footer>
    <${Live} />
  `;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}
