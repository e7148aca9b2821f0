// A control with its label, hint and error; the error is tied to the control and announced.
import { html, useId } from "../html.js";
import { t } from "../words.js";

/**
 * `kind`: "input" (default), "textarea", "select" (with `options` [[value, label]]) or "checkbox". `value`, `error`, `set`
 * come from `form.field(name)`.
 */
export function Field({ label, hint, name, value, error, set, kind = "input", options, required, optional, children, ...rest }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  const shared = {
    id,
    name,
    "aria-describedby": described,
    "aria-invalid": error ? "true" : undefined,
    "aria-required": required ? "true" : undefined,
    ...rest,
  };
  const notes = html`
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    <p class="field-error" id=${`${id}-error`} hidden=${!error}>${error}</p>
  `;
  if (kind === "checkbox") {
    return html`<div class="field check">
      <input ...${shared} type="checkbox" checked=${Boolean(value)} onChange=${(event) => set(event.target.checked)} />
      <label for=${id}>${label}</label>
      ${notes}
    </div>`;
  }
  const onInput = (event) => set(event.target.value);
  let control;
  if (kind === "textarea") {
    control = html`<textarea ...${shared} value=${value} onInput=${onInput}></textarea>`;
  } else if (kind === "select") {
    control = html`<select ...${shared} value=${value} onChange=${onInput}>
      ${options.map(([key, text]) => html`<option value=${key} selected=${key === value}>${text}</option>`)}
    </select>`;
  } else {
    control = html`<input type="text" ...${shared} value=${value} onInput=${onInput} />`;
  }
  return html`<div class="field">
    <label for=${id}>${label}${optional && html` <span class="optional">${t("form.optional")}</span>`}</label>
    ${control} ${notes} ${children}
  </div>`;
}

/** A choice of a few options, all visible. */
export function Choice({ label, name, value, error, set, options }) {
  const id = useId();
  return html`<fieldset class="choice" aria-describedby=${error ? `${id}-error` : undefined}>
    <legend>${label}</legend>
    <div class="choices">
      ${options.map(
        ([key, text, more]) => html`<label class="choice-card">
          <input type="radio" name=${name} value=${key} checked=${value === key} onChange=${() => set(key)} />
          <span><strong>${text}</strong>${more && html`<span class="hint">${more}</span>`}</span>
        </label>`,
      )}
    </div>
    <p class="field-error" id=${`${id}-error`} hidden=${!error}>${error}</p>
  </fieldset>`;
}
