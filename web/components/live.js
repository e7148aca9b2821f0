// Live regions for the whole app: background changes, and the results of actions.
import { html, signal } from "../html.js";

const quiet = signal("");
const toast = signal("");
/** How long a text stays visible, in milliseconds. */
const SHOWN = 8_000;
let timer;

/** Announces a text to screen readers; with `shown`, also shows it for a while. */
export function say(text, { shown = false } = {}) {
  if (!shown) {
    quiet.value = text;
    return;
  }
  clearTimeout(timer);
  toast.value = text;
  timer = setTimeout(() => (toast.value = ""), SHOWN);
}

export function Live() {
  return html`
    <div class="visually-hidden" role="status">${quiet.value}</div>
    <div class="toast" role="status">${toast.value}</div>
  `;
}
