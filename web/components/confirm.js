// A button that asks for confirmation in place, for actions that cannot be undone.
import { html, useEffect, useRef, useState } from "../html.js";
import { t } from "../words.js";

/** `who`: read to screen readers after the label, since many rows have the same button. */
export function Confirm({ label, who, question, yes, onYes, kind = "" }) {
  const [asking, setAsking] = useState(false);
  const first = useRef(null);
  const opener = useRef(null);
  const wasAsking = useRef(false);
  useEffect(() => {
    if (asking) first.current?.focus();
    else if (wasAsking.current) opener.current?.focus();
    wasAsking.current = asking;
  }, [asking]);
  if (!asking) {
    return html`<button class=${`button ${kind}`} type="button" ref=${opener} onClick=${() => setAsking(true)}>${label}${who && html`<span class="visually-hidden"> ${who}</span>`}</button>`;
  }
  const act = async () => {
    await onYes();
    setAsking(false);
  };
  return html`<div class="confirm" role="group" aria-label=${question} onKeyDown=${(event) => event.key === "Escape" && setAsking(false)}>
    <p>${question}</p>
    <button class=${`button ${kind === "primary" ? kind : "danger"}`} type="button" ref=${first} onClick=${act}>${yes}</button>
    <button class="button" type="button" onClick=${() => setAsking(false)}>${t("confirm.no")}</button>
  </div>`;
}
