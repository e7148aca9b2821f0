// Loading, empty and error states of a page.
import { html } from "../html.js";
import { problemText, t } from "../words.js";

/** Gray lines in the shape of the content to come. */
export function Skeleton({ rows = 4 }) {
  return html`<div class="skeletons" aria-busy="true">
    <p class="visually-hidden" role="status">${t("state.loading")}</p>
    ${Array.from({ length: rows }, () => html`<div class="skeleton card" aria-hidden="true">
      <span class="bone wide"></span><span class="bone"></span><span class="bone short"></span>
    </div>`)}
  </div>`;
}

export function Empty({ title, children }) {
  return html`<div class="empty">
    <p class="empty-title">${title}</p>
    ${children}
  </div>`;
}

/** What failed, and what to do next. */
export function Failure({ error, retry }) {
  return html`<div class="note bad" role="alert">
    <p>${problemText(error)}</p>
    ${error.requestId && error.status >= 500 && html`<p class="hint">${t("state.request", { id: error.requestId })}</p>`}
    ${retry && html`<button class="button" type="button" onClick=${retry}>${t("state.retry")}</button>`}
  </div>`;
}

/** The skeleton, the failure, or what `children` renders from the data. */
export function Loaded({ from, rows, children }) {
  if (from.error && !from.data) return html`<${Failure} error=${from.error} retry=${from.reload} />`;
  if (!from.data) return html`<${Skeleton} rows=${rows} />`;
  return html`${from.error && html`<${Failure} error=${from.error} retry=${from.reload} />`}${children(from.data)}`;
}

/** The "more" button under a list. */
export function More({ list }) {
  // The button moves or disappears, so the focus goes to the first new row.
  const press = async (event) => {
    const around = event.currentTarget.closest("section, .page");
    const rows = () => around.querySelectorAll(".cards > li");
    const before = rows().length;
    await list.more();
    requestAnimationFrame(() => rows()[before]?.querySelector("a, button")?.focus());
  };
  return html`
    ${list.moreError && html`<${Failure} error=${list.moreError} />`}
    ${list.more &&
    html`<p class="more">
      <button class="button" type="button" onClick=${press} aria-disabled=${list.moreBusy ? "true" : undefined}>
        ${list.moreBusy ? t("state.loading") : t("state.more")}
      </button>
    </p>`}
  `;
}
