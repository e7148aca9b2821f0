// The frame of all forms: an error summary above, the submit button below.
import { html } from "../html.js";
import { has, t } from "../words.js";

/** `form`: from `useForm`. `onSubmit`: the button's action. `aside`: more controls next to the button. */
export function Form({ form, label, busyLabel, onSubmit, aside, children, ...rest }) {
  const submit = (event) => {
    event.preventDefault();
    onSubmit(event);
  };
  return html`<form class="form" ref=${form.element} onSubmit=${submit} novalidate ...${rest}>
    <${FormProblem} form=${form} />
    ${children}
    <div class="actions">
      <button class="button primary" type="submit" aria-disabled=${form.busy ? "true" : undefined}>
        ${form.busy ? busyLabel ?? t("form.sending") : label}
      </button>
      ${aside}
    </div>
  </form>`;
}

export function FormProblem({ form }) {
  return html`<div role="alert">
    ${form.summary &&
    html`<div class="note bad" data-problem tabindex="-1">
      <p>${form.summary}</p>
      ${form.strays().map(([name, text]) => html`<p>${has(`field.${name}`) ? t(`field.${name}`) : name}: ${text}</p>`)}
      ${form.reasons.length > 0 &&
      html`<ul>
        ${form.reasons.map((reason) => html`<li>${reason.message}${reason.remedy && html` <span>${reason.remedy}</span>`}</li>`)}
      </ul>`}
    </div>`}
  </div>`;
}
