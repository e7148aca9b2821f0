// Search filters, with the number of jobs for each choice.
import { html, useEffect, useRef, useState } from "../html.js";
import { money, number, t } from "../words.js";

const SHOWN = 8;

const without = (values, value) => values.filter((one) => one !== value);

/** The active filters: their labels, and the change that removes each. */
export function chosenFilters(asked) {
  const one = (name, text) => (asked[name] ? [{ text, without: { [name]: undefined } }] : []);
  return [
    ...asked.skill.map((skill) => ({ text: skill, without: { skill: without(asked.skill, skill) } })),
    ...asked.setting.map((name) => ({ text: t(`setting.${name}`), without: { setting: without(asked.setting, name) } })),
    ...one("workSpace", asked.workSpace),
    ...one("location", asked.location),
    ...one("minPay", t("filter.min_pay_is", { amount: Number.isFinite(Number(asked.minPay)) ? money(Number(asked.minPay)) : asked.minPay })),
    ...one("maxHours", t("filter.max_hours_is", { count: Number.isFinite(Number(asked.maxHours)) ? Number(asked.maxHours) : asked.maxHours })),
    ...one("workStudy", t("job.work_study")),
    ...one("employeeId", t("filter.one_employer")),
  ];
}

/** `total`: how many jobs were found, once that is known. */
export function Filters({ asked, facets, total, onChange, wide }) {
  const count = chosenFilters(asked).length;
  const [open, setOpen] = useState(wide);
  useEffect(() => setOpen(wide), [wide]);
  const done = (event) => {
    const summary = event.currentTarget.closest("details").firstChild;
    setOpen(false);
    summary.focus({ preventScroll: true });
    summary.scrollIntoView();
  };
  return html`<details class="filters" open=${open} onToggle=${(event) => setOpen(event.target.open)}>
    <summary>${count ? t("filter.title_count", { count }) : t("filter.title")}</summary>
    <div class="filter-groups">
      <${Facet} name="setting" label=${t("filter.setting")} rows=${facets?.setting} chosen=${asked.setting}
        text=${(value) => t(`setting.${value}`)} onChange=${(setting) => onChange({ setting })} />
      <${Facet} name="skill" label=${t("filter.skills")} rows=${facets?.skills} chosen=${asked.skill}
        onChange=${(skill) => onChange({ skill })} />
      <${Facet} name="workSpace" label=${t("filter.work_space")} rows=${facets?.workSpace} chosen=${asked.workSpace ? [asked.workSpace] : []}
        onChange=${(chosen) => onChange({ workSpace: chosen.at(-1) })} />
      <fieldset>
        <legend>${t("filter.more")}</legend>
        <${Amount} label=${t("filter.min_pay")} name="minPay" value=${asked.minPay} onChange=${onChange} />
        <${Amount} label=${t("filter.max_hours")} name="maxHours" value=${asked.maxHours} onChange=${onChange} />
        <label class="facet">
          <input type="checkbox" checked=${asked.workStudy === "true"} onChange=${(event) => onChange({ workStudy: event.target.checked ? "true" : undefined })} />
          <span>${t("filter.work_study")}</span>
        </label>
      </fieldset>
    </div>
    ${!wide && total !== undefined &&
    html`<p class="filters-done"><button class="button primary" type="button" onClick=${done}>${t("filter.show", { count: total })}</button></p>`}
  </details>`;
}

function Facet({ name, label, rows, chosen, onChange, text = (value) => value }) {
  const [all, setAll] = useState(false);
  const known = rows ?? [];
  // A choice without results stays visible, so that it can be undone.
  const lost = chosen.filter((value) => !known.some((row) => row.value.toLowerCase() === value.toLowerCase()));
  const list = [...lost.map((value) => ({ value, count: 0 })), ...known];
  if (!list.length) return null;
  const isChosen = (value) => chosen.some((one) => one.toLowerCase() === value.toLowerCase());
  const shown = all ? list : list.filter((row, index) => index < SHOWN || isChosen(row.value));
  const toggle = (value, on) => {
    const rest = chosen.filter((one) => one.toLowerCase() !== value.toLowerCase());
    onChange(on ? [...rest, value] : rest);
  };
  return html`<fieldset>
    <legend>${label}</legend>
    ${shown.map(
      (row) => html`<label class="facet" key=${row.value}>
        <input type="checkbox" name=${name} checked=${isChosen(row.value)} onChange=${(event) => toggle(row.value, event.target.checked)} />
        <span>${text(row.value)}</span> <span class="count">${number(row.count)}</span>
      </label>`,
    )}
    ${list.length > SHOWN &&
    html`<button class="link" type="button" aria-expanded=${String(all)} onClick=${() => setAll(!all)}>
      ${all ? t("filter.fewer") : t("filter.all", { count: list.length })}
    </button>`}
  </fieldset>`;
}

/** A number. Invalid input is reported at once and not sent. */
function Amount({ label, name, value, onChange }) {
  const [typed, setTyped] = useState(value ?? "");
  const input = useRef(null);
  useEffect(() => {
    if (input.current !== document.activeElement) setTyped(value ?? "");
  }, [value]);
  const clean = typed.replace(/[\s$€£]/g, "").replace(",", ".");
  const wrong = clean !== "" && !/^\d{1,6}(\.\d{0,2})?$/.test(clean);
  const apply = () => !wrong && clean !== (value ?? "") && onChange({ [name]: clean || undefined });
  return html`<div class="amount">
    <label for=${`filter-${name}`}>${label}</label>
    <input id=${`filter-${name}`} ref=${input} inputmode="decimal" size="6" value=${typed}
      aria-invalid=${wrong ? "true" : undefined} aria-describedby=${wrong ? `filter-${name}-error` : undefined}
      onInput=${(event) => setTyped(event.target.value)} onChange=${apply}
      onKeyDown=${(event) => event.key === "Enter" && apply()} />
    ${wrong && html`<p class="field-error" id=${`filter-${name}-error`}>${t("invalid.not_a_number")}</p>`}
  </div>`;
}
