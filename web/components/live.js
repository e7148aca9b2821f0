// One polite live region for the whole app: what changed without the reader doing it, or what his press has done.
import { html, signal } from "../html.js";

const message = signal({ text: "", shown: false });
let timer;

/** Says a text to screen readers, and shows it for a while if `shown`. */
export function say(text, { shown = false } = {}) {
  clearTimeout(timer);
  message.value = { text, shown };
  if (shown) timer = setTimeout(() => (message.value = { text: "", shown: false }), 8_000);
}

export function Live() {
  const { text, shown } = message.value;
  return html`<div class=${shown ? "toast" : "visually-hidden"} role="status" aria-live="polite">${text}</div>`;
}
