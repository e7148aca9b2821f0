// The only file that imports the packages. All pages get `html` and hooks from here.
import { h, render } from "./vendor/preact/preact.js";
import htm from "./vendor/htm/htm.js";

export { render };
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "./vendor/preact/hooks.js";
export { computed, effect, signal } from "./vendor/signals/signals.js";
export const html = htm.bind(h);
