// State of a form: values, errors, whether it is being sent. Input is never lost.
import { ApiError, idempotencyKey } from "./api.js";
import { useEffect, useRef, useState } from "./html.js";
import { drafts } from "./session.js";
import { has, problemText, saying, t } from "./words.js";

/** An error of a field, found before sending. */
export class FieldErrors extends Error {
  constructor(errors) {
    super("fields");
    this.errors = errors;
  }
}

/** A typed number, or undefined if empty. Other input is an error at the field. */
export function typedNumber(field, text) {
  const typed = String(text ?? "").replace(/[\s$€£]/g, "");
  if (!typed) return undefined;
  const value = Number(/^\d{1,3}(,\d{3})+(\.\d*)?$/.test(typed) ? typed.replaceAll(",", "") : typed.replace(",", "."));
  if (Number.isNaN(value)) throw new FieldErrors({ [field]: t("invalid.not_a_number") });
  return value;
}

/** Refuses empty fields before sending. */
export function needed(values, names) {
  const empty = names.filter((name) => isBlank(values[name]));
  if (empty.length) throw new FieldErrors(Object.fromEntries(empty.map((name) => [name, t(`missing.${name}`)])));
}

const isBlank = (value) => !String(value ?? "").trim();

/** Words separated by commas. */
export const typedList = (text) =>
  String(text ?? "")
    .split(/[,;\n]/)
    .map((word) => word.trim())
    .filter(Boolean);

/**
 * `initial`: the values by field. `keep`: a storage key, so that all values but a password survive a reload. `place`: maps
 * the server's error to the form's field.
 */
export function useForm(initial, { keep, place = (error) => error.field } = {}) {
  const [values, setValues] = useState(() => ({ ...initial, ...(keep && drafts.read(keep)) }));
  const [errors, setErrors] = useState({});
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const element = useRef(null);
  const underWay = useRef(false);
  const attempt = useRef({ sent: null, key: null });

  const set = (name, value) => {
    setValues((old) => {
      const next = { ...old, [name]: value };
      if (keep) drafts.write(keep, { ...next, password: undefined });
      return next;
    });
    setErrors((old) => ({ ...old, [name]: undefined }));
  };

  const wrong = Object.values(errors).filter(Boolean).length;
  const focusFirst = useRef(false);
  useEffect(() => {
    if (!focusFirst.current || busy) return;
    focusFirst.current = false;
    const first = element.current?.querySelector('[aria-invalid="true"]');
    (first ?? element.current?.querySelector("[data-problem]"))?.focus();
  });

  /** The same body has the same key, so that a repeated press never acts twice. */
  const keyFor = (body) => {
    const sent = JSON.stringify(body);
    if (attempt.current.sent !== sent) attempt.current = { sent, key: idempotencyKey() };
    return attempt.current.key;
  };

  const run = async (work) => {
    if (underWay.current) return undefined;
    underWay.current = true;
    setBusy(true);
    setProblem(null);
    try {
      const done = await work(values, keyFor);
      setErrors({});
      if (keep) drafts.forget(keep);
      attempt.current = { sent: null, key: null };
      return done ?? true;
    } catch (error) {
      if (error instanceof FieldErrors) {
        setErrors(error.errors);
      } else if (error instanceof ApiError) {
        const found = {};
        for (const one of error.errors) {
          const name = place(one);
          const missing = `missing.${name}`;
          found[name] ??= isBlank(values[name]) && has(missing) ? t(missing) : saying(one);
        }
        setErrors(found);
        if (!error.errors.length) setProblem(error);
      } else {
        throw error;
      }
      focusFirst.current = true;
      return undefined;
    } finally {
      underWay.current = false;
      setBusy(false);
    }
  };

  const shown = useRef(new Set());
  const field = (name) => {
    shown.current.add(name);
    return { name, value: values[name] ?? "", error: errors[name], set: (value) => set(name, value) };
  };
  /** Errors that belong to no field are shown above the form. */
  const strays = () => Object.entries(errors).filter(([name, text]) => text && !shown.current.has(name));
  const summary = problem ? problemText(problem) : wrong ? t("form.wrong", { count: wrong }) : null;
  return { values, set, setErrors, summary, strays, busy, run, field, element, reasons: problem?.reasons ?? [] };
}
