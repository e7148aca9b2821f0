// Starts the app: the page of each URL, and the frame around all pages.
import { html, render, useEffect, useRef, useState } from "./html.js";
import { account, ended } from "./session.js";
import { go, loginAddress, match, place } from "./router.js";
import { t } from "./words.js";
import { Frame } from "./components/frame.js";
import { Failure, Skeleton } from "./components/states.js";
import { NotFound } from "./pages/not-found.js";

/** A page that is loaded when it is first needed. */
const later = (load) => ({ load });

/** URL pattern, page, and who may see it. */
const PAGES = [
];

function pageFor(path) {
  for (const [pattern, page, roles] of PAGES) {
    const parameters = match(pattern, path);
    if (parameters) return { pattern, page, roles, parameters };
  }
  return null;
}

function App() {
  const { path } = place.value;
  const page = pageFor(path);
  const who = account.value;
  const denied = page?.roles && !page.roles.includes(who?.role);
  useEffect(() => {
    // Logging out has left the page already.
    if (denied && !who && place.value.path === path) go(loginAddress(), { replace: true });
  }, [denied, who, path]);
  let content;
  if (!page) content = html`<${NotFound} />`;
  else if (denied) content = who ? html`<${NotFound} />` : null;
  else content = html`<${Part} key=${page.pattern + JSON.stringify(page.parameters)} page=${page} />`;
  return html`<${Frame} ended=${ended.value}>${content}<//>`;
}

const fetched = new Map();

/** A page, once its module is loaded. */
function Part({ page: { pattern, page, parameters } }) {
  const [Component, setComponent] = useState(() => (page.load ? fetched.get(pattern) : page));
  const [failed, setFailed] = useState(false);
  const alive = useRef(true);
  const fetch = async () => {
    setFailed(false);
    try {
      const found = await page.load();
      fetched.set(pattern, found);
      if (alive.current) setComponent(() => found);
    } catch {
      if (alive.current) setFailed(true);
    }
  };
  useEffect(() => {
    if (!Component) fetch();
    return () => void (alive.current = false);
  }, []);
  if (failed) return html`<div class="page"><${Failure} error=${{ code: "offline" }} retry=${fetch} /></div>`;
  if (!Component) return html`<div class="page"><${Skeleton} rows=${3} /></div>`;
  return html`<${Component} ...${parameters} />`;
}

document.title = t("app.name");
const root = document.getElementById("app");
root.textContent = "";
render(html`<${App} />`, root);
