// Live regions for the whole app: what changed without the reader doing it, and what his press has done.
import { html, signal } from "../html.js";

const quiet = signal("");
const toast = signal("");
/** Milliseconds for which a text stays in sight. */
const SHOWN = 8_000;
let timer;

/** Says a text to screen readers; with `shown` to everybody, for a while. */
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
