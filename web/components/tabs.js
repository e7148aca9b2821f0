// Links between the parts of a page. Each part has its own URL.
import { html } from "../html.js";
import { number } from "../words.js";

/** `items`: [{href, label, count?, current}]. */
export function Tabs({ label, items }) {
  return html`<nav class="tabs" aria-label=${label}>
    <ul>
      ${items.map(
        (item) => html`<li>
          <a href=${item.href} aria-current=${item.current ? "page" : undefined}>
            ${item.label}${item.count !== undefined && html` <span class="count">${number(item.count)}</span>`}
          </a>
        </li>`,
      )}
    </ul>
  </nav>`;
}
