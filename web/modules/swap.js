// Fetches a page of this site and swaps parts of it into the open one.
import { Idiomorph } from "../vendor/idiomorph/idiomorph.js";

let running = null;

/** The page at an address, or null if a newer request took its place. Throws if there is no answer. */
export async function fetchPage(address) {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  try {
    const response = await fetch(address, { headers: { accept: "text/html" }, signal: mine.signal });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return running === mine ? page : null;
  } catch (error) {
    if (error.name === "AbortError") return null;
    throw error;
  }
}

/** Makes these elements, by ID, like those of the other page. What has the focus keeps it. */
export function swap(page, ids) {
  for (const id of ids) {
    const next = page.getElementById(id);
    const old = document.getElementById(id);
    // An open list of filters stays open.
    for (const details of old.querySelectorAll("details[open]")) next.querySelector(`#${details.id}`)?.setAttribute("open", "");
    if (old.open) next.setAttribute("open", "");
    Idiomorph.morph(old, next, { morphStyle: "outerHTML" });
  }
  document.title = page.title;
}
