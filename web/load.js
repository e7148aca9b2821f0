// Loads data for a page: loading, loaded, or failed with a way to retry.
import { ApiError, api } from "./api.js";
import { signal, useEffect, useRef, useState } from "./html.js";

/** Whether the browser reports a network. */
export const online = signal(navigator.onLine);
addEventListener("online", () => (online.value = true));
addEventListener("offline", () => (online.value = false));

/** Loads `path` (or calls it), and again when it changes. The old answer stays until the new one arrives. */
export function useLoad(path) {
  const [state, setState] = useState({ data: null, error: null, loading: true });
  const turn = useRef(0);
  const load = async () => {
    const mine = ++turn.current;
    setState((old) => ({ ...old, error: null, loading: true }));
    try {
      const data = await (typeof path === "function" ? path() : api.get(path));
      if (mine === turn.current) setState({ data, error: null, loading: false });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === turn.current) setState((old) => ({ ...old, error, loading: false }));
    }
  };
  useEffect(() => {
    if (path) load();
    return () => void turn.current++;
  }, [typeof path === "function" ? path.key : path]);
  const change = (update) => setState((old) => ({ ...old, data: update(old.data) }));
  return { ...state, reload: load, change };
}

const NO_MORE = { items: [], next: undefined, busy: false, error: null };

/** A list with pages: they are joined, `more` loads the next one, `replace` updates a row. */
export function useList(path) {
  const [more, setMore] = useState(NO_MORE);
  const [changed, setChanged] = useState(new Map());
  const first = useLoad(path);
  useEffect(() => {
    setMore(NO_MORE);
    setChanged(new Map());
  }, [first.data]);
  const next = more.next === undefined ? first.data?.nextCursor : more.next;
  const readMore = async () => {
    if (more.busy) return;
    setMore((old) => ({ ...old, busy: true, error: null }));
    try {
      const page = await api.get(`${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(next)}`);
      setMore((old) => ({ items: [...old.items, ...page.items], next: page.nextCursor, busy: false, error: null }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setMore((old) => ({ ...old, busy: false, error }));
    }
  };
  const items = first.data && [...first.data.items, ...more.items].map((row) => changed.get(row) ?? row);
  const replace = (row, update) =>
    setChanged((old) => {
      const source = [...old].find(([, now]) => now === row)?.[0] ?? row;
      return new Map(old).set(source, { ...row, ...update });
    });
  return { ...first, items, more: next ? readMore : null, moreBusy: more.busy, moreError: more.error, replace };
}
