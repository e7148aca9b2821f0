// The heading of a page. It is also the window's title, and gets the focus after navigation.
import { html, useEffect, useLayoutEffect, useRef } from "../html.js";
import { t } from "../words.js";

let arrived = false;

/** The first page keeps the browser's focus; later pages start at their heading. */
export function useArrival(heading) {
  useEffect(() => {
    if (arrived) {
      heading.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    arrived = true;
  }, []);
}

/** Sets the window's title; null leaves it unchanged. */
export function useTitle(title) {
  useLayoutEffect(() => {
    if (title === null) return;
    document.title = title ? `${title} · ${t("app.name")}` : t("app.name");
  }, [title]);
}

export function Page({ title, lead, narrow, actions, children }) {
  const heading = useRef(null);
  useTitle(title);
  useArrival(heading);
  return html`<div class=${narrow ? "page narrow" : "page"}>
    <div class="page-head">
      <div>
        <h1 tabindex="-1" ref=${heading}>${title}</h1>
        ${lead && html`<p class="lead">${lead}</p>`}
      </div>
      ${actions && html`<div class="actions">${actions}</div>`}
    </div>
    ${children}
  </div>`;
}
