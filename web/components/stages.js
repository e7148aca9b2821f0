// The status of an application: one word, and the line of stages.
import { html } from "../html.js";
import { t } from "../words.js";

/** The statuses in which a decision is still to come. */
export const OPEN = ["submitted", "under_review", "interview", "offered"];
const LINE = [...OPEN, "accepted"];

export function Stage({ status }) {
  return html`<span class=${`badge ${status}`}>${t(`stage.${status}`)}</span>`;
}

/** The line of stages; only those that happened are marked. If the application ended early, it ends with the outcome. */
export function Stages({ application }) {
  const now = application.applicationStatus;
  const passed = new Set(application.history.map((move) => move.to));
  const ended = !LINE.includes(now);
  const line = ended ? [...LINE.filter((stage) => passed.has(stage)), now] : LINE;
  const at = line.indexOf(now);
  return html`<ol class="stages" aria-label=${t("stage.line")}>
    ${line.map(
      (stage, index) => html`<li
        class=${[index < at && passed.has(stage) ? "past" : "", index === at ? "now" : "", ended && index === at ? "ended" : ""].join(" ")}
        aria-current=${index === at ? "step" : undefined}
      >
        ${t(`stage.${stage}`)}
      </li>`,
    )}
  </ol>`;
}
