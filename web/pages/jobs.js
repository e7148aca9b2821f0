// Searches and shows jobs. The URL has the whole search and the open job, so Back, reload and links work.
import { query } from "../api.js";
import { html, signal, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { useList } from "../load.js";
import { go, place } from "../router.js";
import { t } from "../words.js";
import { Filters, chosenFilters } from "../components/filters.js";
import { JobCard } from "../components/job.js";
import { JobDetail } from "../components/job-detail.js";
import { say } from "../components/live.js";
import { useArrival, useTitle } from "../components/page.js";
import { Empty, Failure, More, Skeleton } from "../components/states.js";

const wideScreen = matchMedia("(min-width: 64rem)");
const wide = signal(wideScreen.matches);
wideScreen.addEventListener("change", () => (wide.value = wideScreen.matches));

const ONE = ["q", "location", "workSpace", "minPay", "maxHours", "workStudy", "employeeId", "sort"];
const MANY = ["skill", "setting"];

/** The search in a URL. */
export function wanted(search) {
  const given = new URLSearchParams(search);
  const found = {};
  for (const name of ONE) if (given.get(name)) found[name] = given.get(name);
  for (const name of MANY) found[name] = given.getAll(name).filter(Boolean);
  return found;
}

/** The URL of a search. The same search has the same URL, whatever the order of its filters. */
function addressOf(parts) {
  return `/${query(Object.fromEntries([...ONE, ...MANY, "job"].map((name) => [name, parts[name]])))}`;
}

export function Jobs() {
  const { search } = place.value;
  const asked = wanted(search);
  const open = new URLSearchParams(search).get("job");
  const jobs = useList(`jobs${query(asked)}`);
  const heading = useRef(null);
  const detail = useRef(null);
  const list = useRef(null);
  useTitle(asked.q ? t("jobs.title_for", { q: asked.q }) : t("jobs.title"));
  useArrival(heading);

  const address = (change) => addressOf({ ...asked, ...change });
  const total = jobs.data?.total;
  useEffect(() => {
    if (total !== undefined && !jobs.loading) say(t("jobs.found", { count: total }));
  }, [jobs.data]);
  const before = useRef(open);
  useEffect(() => {
    const last = before.current;
    before.current = open;
    if (open === last) return;
    if (open) {
      // Opening a job moves the focus to it, past the rest of the list on wide screens.
      detail.current?.scrollTo(0, 0);
      if (!wide.value) scrollTo(0, 0);
      detail.current?.focus({ preventScroll: true });
    } else {
      // And returns it afterwards.
      list.current?.querySelector(`[data-job="${CSS.escape(last)}"]`)?.focus();
    }
  }, [open]);

  const shown = open ?? (wide.value ? jobs.items?.[0]?.jobId : null);
  const change = (parts, how) => go(address(parts), how);
  const alone = open && !wide.value;
  return html`<div class=${alone ? "jobs alone" : "jobs"}>
    <h1 class="visually-hidden" tabindex="-1" ref=${heading}>${t("jobs.title")}</h1>
    ${!alone && html`<${SearchBar} asked=${asked} onChange=${change} />`}
    ${!alone &&
    html`<${Filters} asked=${asked} facets=${jobs.data?.facets} total=${total} onChange=${change} wide=${wide.value} />`}
    ${!alone &&
    html`<section class="results" aria-label=${t("jobs.results")}>
      <div class="results-head">
        <h2>${total === undefined ? t("jobs.title") : t("jobs.found", { count: total })}</h2>
        <${Sort} asked=${asked} onChange=${change} />
      </div>
      <${Chips} asked=${asked} onChange=${change} />
      ${jobs.data?.corrected && html`<p>${t("jobs.corrected", jobs.data.corrected)}</p>`}
      ${jobs.error && html`<${Failure} error=${jobs.error} retry=${jobs.reload} />`}
      ${!jobs.items && !jobs.error && html`<${Skeleton} rows=${5} />`}
      ${jobs.items?.length === 0 && html`<${Nothing} asked=${asked} />`}
      <ul class=${jobs.loading ? "cards stale" : "cards"} ref=${list}>
        ${jobs.items?.map(
          (job) => html`<${JobCard}
            key=${job.jobId}
            job=${job}
            href=${address({ job: job.jobId })}
            current=${wide.value && job.jobId === shown}
          />`,
        )}
      </ul>
      <${More} list=${jobs} />
    </section>`}
    ${shown &&
    html`<section class="detail" aria-label=${t("jobs.detail")} tabindex="-1" ref=${detail}>
      ${open && html`<p class="back"><a href=${address({})}>${t("jobs.back")}</a></p>`}
      <${JobDetail} jobId=${shown} key=${shown} />
    </section>`}
  </div>`;
}

/** The search words. Results follow while typing; Back skips the steps in between. */
function SearchBar({ asked, onChange }) {
  const [typed, setTyped] = useState(asked.q ?? "");
  const timer = useRef(null);
  const input = useRef(null);
  useLayoutEffect(() => {
    if (input.current !== document.activeElement) setTyped(asked.q ?? "");
  }, [asked.q]);
  const typedTo = useRef(null);
  // A filter may have been chosen before the timer ends, so the words are added to the current search.
  const now = useRef(null);
  now.current = { q: asked.q ?? "", onChange };
  const search = (text) => {
    clearTimeout(timer.current);
    if (text.trim() === now.current.q) return;
    now.current.onChange({ q: text.trim(), sort: undefined }, { replace: typedTo.current === place.value.search });
    typedTo.current = place.value.search;
  };
  const type = (event) => {
    const text = event.target.value;
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => search(text), 350);
  };
  const submit = (event) => {
    event.preventDefault();
    search(typed);
  };
  return html`<search class="search">
    <form onSubmit=${submit}>
      <label class="visually-hidden" for="q">${t("jobs.search_label")}</label>
      <input id="q" name="q" type="search" ref=${input} value=${typed} onInput=${type} placeholder=${t("jobs.search_hint")} autocomplete="off" enterkeyhint="search" />
      <button class="button primary" type="submit">${t("jobs.search")}</button>
    </form>
  </search>`;
}

function Sort({ asked, onChange }) {
  const options = ["newest", "pay", "deadline"];
  if (asked.q) options.unshift("relevance");
  const now = asked.sort ?? options[0];
  return html`<div class="sort">
    <label for="sort">${t("jobs.sort")}</label>
    <select id="sort" value=${now} onChange=${(event) => onChange({ sort: event.target.value })}>
      ${options.map((name) => html`<option value=${name} selected=${name === now}>${t(`sort.${name}`)}</option>`)}
    </select>
  </div>`;
}

/** The active filters, each with a remove button. */
function Chips({ asked, onChange }) {
  const chips = chosenFilters(asked);
  if (!chips.length) return null;
  return html`<ul class="chips" aria-label=${t("filter.chosen")}>
    ${chips.map(
      ({ text, without }) => html`<li>
        <button type="button" class="chip" onClick=${() => onChange(without)} aria-label=${t("filter.remove", { name: text })}>
          ${text}<span aria-hidden="true"> ×</span>
        </button>
      </li>`,
    )}
    <li><a href=${`/${query({ q: asked.q })}`}>${t("filter.clear")}</a></li>
  </ul>`;
}

function Nothing({ asked }) {
  const filtered = chosenFilters(asked).length > 0;
  if (!filtered && !asked.q) return html`<${Empty} title=${t("jobs.none_open")}><p>${t("jobs.none_soon")}</p><//>`;
  return html`<${Empty} title=${asked.q ? t("jobs.none_for", { q: asked.q }) : t("jobs.none")}>
    <p>${filtered ? t("jobs.none_filtered") : t("jobs.none_words")}</p>
    <p><a class="button" href=${filtered ? `/${query({ q: asked.q })}` : "/"}>${filtered ? t("filter.clear") : t("jobs.all")}</a></p>
  <//>`;
}

/** One posting at its own URL. */
export function Job({ id }) {
  const heading = useRef(null);
  useArrival(heading);
  useTitle(t("jobs.detail"));
  return html`<div class="page" tabindex="-1" ref=${heading}>
    <p class="back"><a href="/">${t("jobs.all")}</a></p>
    <${JobDetail} jobId=${id} level=${1} />
  </div>`;
}
