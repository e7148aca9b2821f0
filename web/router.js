// The router: a signal has the current URL, and links inside the site change it without loading a page, unless the server
// renders the page.
import { signal } from "./html.js";

const here = () => ({ path: location.pathname.replace(/(.)\/+$/, "$1"), search: location.search });

export const place = signal(here());

/** Pages that the server renders. */
const SERVED = ["/", "/login", "/register", "/verify-email", "/forgot-password", "/reset-password", "/applications", "/profile"];
const isServed = (path) => SERVED.includes(path) || path.startsWith("/jobs/") || /^\/office(\/|$)/.test(path);

/** Goes to a URL. `replace` adds no step for Back. */
export function go(address, { replace = false } = {}) {
  if (address === location.pathname + location.search) return;
  if (isServed(address.split("?")[0])) {
    location[replace ? "replace" : "assign"](address);
    return;
  }
  history[replace ? "replaceState" : "pushState"](null, "", address);
  place.value = here();
}

addEventListener("popstate", () => (place.value = here()));

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (isServed(link.pathname) || link.pathname.startsWith("/api/") || link.getAttribute("href").startsWith("#")) return;
  event.preventDefault();
  go(link.pathname + link.search);
});

/** The named parts of a path, or null: `/jobs/:id` on `/jobs/7` gives `{id: "7"}`. */
export function match(pattern, path) {
  const wanted = pattern.split("/");
  const parts = path.split("/");
  if (wanted.length !== parts.length) return null;
  const found = {};
  for (const [index, want] of wanted.entries()) {
    if (want.startsWith(":") && parts[index]) {
      found[want.slice(1)] = decoded(parts[index]);
      if (found[want.slice(1)] === null) return null;
    } else if (want !== parts[index]) return null;
  }
  return found;
}

/** Null if it is not valid percent-encoding (`%ZZ`). */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

const leadingBack = (page) => `${page}?next=${encodeURIComponent(place.value.path + place.value.search)}`;

/** The login, which leads back to this page. */
export const loginAddress = () => leadingBack("/login");
/** The same for somebody new, once the address is confirmed. */
export const registerAddress = () => leadingBack("/register");
