// The list of jobs: results while typing, filters that act at once, and the open job beside the results.
import { startDrafts } from "./drafts.js";
import { fetchPage, swap } from "./swap.js";

const TYPING_PAUSE_MS = 120;
/** The order of an address, so that the same search has the same one. */
const ORDER = ["q", "location", "workSpace", "minPay", "maxHours", "workStudy", "employeeId", "eligible", "sort", "skill", "setting"];

const root = document.querySelector(".jobs");
const form = document.getElementById("search");
const wide = matchMedia("(min-width: 64rem)");
/** Here the styles always show the filters. They have to be open as well for whoever asks the element. */
const hasFiltersColumn = matchMedia("(min-width: 80rem)");

if (root) start();

function start() {
  history.scrollRestoration = "manual";
  restoreScroll();
  const openFilters = () => (document.getElementById("filters").open = hasFiltersColumn.matches);
  if (hasFiltersColumn.matches) openFilters();
  hasFiltersColumn.addEventListener("change", openFilters);
  let timer = null;
  /** The address that typing has led to. The steps in between add nothing to the history. */
  let typedTo = null;
  const search = (isTyped) => {
    clearTimeout(timer);
    const address = addressOfForm();
    const replace = isTyped && typedTo === location.search;
    if (address !== location.pathname + location.search) go(address, { replace });
    typedTo = isTyped ? location.search : null;
  };
  form.q.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => search(true), TYPING_PAUSE_MS);
  });
  root.addEventListener("change", (event) => {
    if (event.target.form === form && event.target !== form.q) search(false);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search(false);
    if (event.submitter?.closest(".filters") && !wide.matches) closeFilters();
  });
  root.addEventListener("click", press);
  addEventListener("popstate", () => show(location.pathname + location.search, { isBack: true }));
  let saving = null;
  addEventListener("scroll", () => {
    clearTimeout(saving);
    saving = setTimeout(() => history.replaceState({ ...history.state, scroll: scrollY }, ""), 100);
  });
}

function closeFilters() {
  const filters = document.getElementById("filters");
  filters.open = false;
  document.getElementById("results").focus();
}

/** The address of the search in the form. What is empty or usual is left out. */
function addressOfForm() {
  const data = new FormData(form);
  const query = new URLSearchParams();
  for (const name of ORDER) {
    for (const value of data.getAll(name)) if (value.trim()) query.append(name, value.trim());
  }
  return query.size ? `/?${query}` : "/";
}

function press(event) {
  const link = event.target.closest("a[href]");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const address = new URL(link.href);
  if (address.origin !== location.origin || address.pathname !== "/" || address.hash) return;
  event.preventDefault();
  if (link.closest(".more")) loadMore(link);
  else go(address.pathname + address.search);
}

function go(address, { replace = false } = {}) {
  history.replaceState({ ...history.state, scroll: scrollY }, "");
  history[replace ? "replaceState" : "pushState"](null, "", address);
  return show(address, {});
}

const jobIn = (search) => new URLSearchParams(search).get("job");
const withoutJob = (address) => {
  const query = new URLSearchParams(address.split("?")[1]);
  query.delete("job");
  return query.toString();
};
let shown = location.pathname + location.search;

/** Shows an address. If only the open job differs, the results stay as they are, with all that was loaded. */
async function show(address, { isBack = false }) {
  const before = shown;
  const sameResults = withoutJob(before) === withoutJob(address);
  const job = jobIn(location.search);
  if (isBack) form.q.value = new URLSearchParams(location.search).get("q") ?? "";
  if (sameResults && !job) {
    shown = address;
    document.getElementById("detail").replaceChildren();
    return settle(before, isBack);
  }
  let page;
  try {
    page = await fetchPage(address);
  } catch {
    return fail(address);
  }
  if (!page) return undefined;
  // Not the list: a login, or a problem.
  if (!page.getElementById("results")) return location.assign(address);
  shown = address;
  document.getElementById("failed")?.remove();
  swap(page, sameResults ? ["detail"] : ["filters", "results", "detail"]);
  startDrafts(document.getElementById("detail"));
  return settle(before, isBack);
}

/** The focus follows what was opened, and returns to the result that it came from. */
function settle(before, isBack) {
  const job = jobIn(location.search);
  const last = jobIn(before.split("?")[1] ?? "");
  for (const link of root.querySelectorAll("[data-job]")) {
    const isCurrent = link.dataset.job === job;
    link.toggleAttribute("aria-current", isCurrent);
    if (isCurrent) link.setAttribute("aria-current", "true");
    link.closest(".job-card").classList.toggle("current", isCurrent);
  }
  if (job && job !== last) {
    const detail = document.querySelector("#detail .detail");
    detail.scrollTo(0, 0);
    if (!wide.matches) scrollTo(0, 0);
    detail.focus({ preventScroll: true });
  } else if (last && !job) {
    if (!wide.matches || isBack) restoreScroll();
    root.querySelector(`[data-job="${CSS.escape(last)}"]`)?.focus({ preventScroll: true });
  } else if (isBack) {
    restoreScroll();
  }
}

function restoreScroll() {
  if (history.state?.scroll !== undefined) scrollTo(0, history.state.scroll);
}

/** No answer: says so above the results, with a way to try again. */
function fail(address) {
  document.getElementById("failed")?.remove();
  const note = document.createElement("div");
  note.id = "failed";
  note.className = "note bad";
  note.setAttribute("role", "alert");
  const text = document.createElement("p");
  text.textContent = root.dataset.failed;
  const again = document.createElement("button");
  again.type = "button";
  again.className = "button";
  again.textContent = root.dataset.retry;
  again.addEventListener("click", () => show(address, {}));
  note.append(text, again);
  document.getElementById("results").prepend(note);
}

async function loadMore(link) {
  let page;
  try {
    page = await fetchPage(link.href);
  } catch {
    return location.assign(link.href);
  }
  if (!page) return;
  const list = root.querySelector(".results .cards");
  const rows = [...page.querySelectorAll(".results .cards > li")];
  list.append(...rows);
  const more = page.querySelector(".results .more");
  if (more) link.closest(".more").replaceWith(more);
  else link.closest(".more").remove();
  rows[0]?.querySelector("a")?.focus({ preventScroll: true });
}
