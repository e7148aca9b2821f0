// A button that asks for confirmation in place, for actions that cannot be undone.
import { html, useEffect, useRef, useState } from "../html.js";
import { t } from "../words.js";

/** The longest time between two clicks of a double click, in milliseconds. */
const DOUBLE_CLICK = 500;

/** `who`: read to screen readers after the label, since many rows have the same button. */
export function Confirm({ label, who, question, yes, onYes, kind = "" }) {
  const [asking, setAsking] = useState(false);
  /** Has the focus first, so that pressing Enter twice does nothing. */
  const no = useRef(null);
  const opener = useRef(null);
  const wasAsking = useRef(false);
  useEffect(() => {
    if (!asking) {
      if (wasAsking.current) opener.current?.focus();
      wasAsking.current = false;
      return undefined;
    }
    wasAsking.current = true;
    no.current.focus({ preventScroll: true });
    // Nothing moves under the second click of a double click.
    const timer = setTimeout(() => {
      const asked = no.current?.parentElement;
      // In the middle, so that the answer is not where the pressed button was.
      if (asked?.getBoundingClientRect().bottom > innerHeight) asked.scrollIntoView({ block: "center" });
    }, DOUBLE_CLICK);
    // Wherever the focus is: the second click of a double click takes it from the buttons.
    const hear = (event) => event.key === "Escape" && setAsking(false);
    addEventListener("keydown", hear);
    return () => {
      clearTimeout(timer);
      removeEventListener("keydown", hear);
    };
  }, [asking]);
  if (!asking) {
    return html`<button class=${`button ${kind}`} type="button" ref=${opener} onClick=${() => setAsking(true)}>${label}${who && html`<span class="visually-hidden"> ${who}</span>`}</button>`;
  }
  const act = async () => {
    await onYes();
    setAsking(false);
  };
  return html`<div class="confirm" role="group" aria-label=${question}>
    <p>${question}</p>
    <button class=${`button ${kind === "primary" ? kind : "danger"}`} type="button" onClick=${act}>${yes}</button>
    <button class="button" type="button" ref=${no} onClick=${() => setAsking(false)}>${t("confirm.no")}</button>
  </div>`;
}
