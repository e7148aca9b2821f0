// What scripts add to every page. Without it, the same links and forms load whole pages.
import "./drafts.js";

/** A second press while a form is sent does nothing. Back shows the form again, so that it can be sent again. A download leaves the page
 * as it is. */
const sent = new WeakSet();
addEventListener("submit", (event) => {
  if (event.target.method !== "post" || event.defaultPrevented || "download" in event.target.dataset) return;
  if (sent.has(event.target)) event.preventDefault();
  sent.add(event.target);
  event.target.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) {
    sent.delete(form);
    form.removeAttribute("aria-busy");
  }
});

/** Escape closes an open question and gives the focus back. */
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = event.target.closest?.("details.ask[open]") ?? document.querySelector("details.ask[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
/** One question at a time. */
addEventListener(
  "toggle",
  (event) => {
    if (!event.target.matches?.("details.ask[open]")) return;
    for (const other of document.querySelectorAll("details.ask[open]")) if (other !== event.target) other.open = false;
  },
  true,
);
