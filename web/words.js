// The catalog of texts, and dates, money and numbers in the reader's format.

const LANGUAGES = ["en", "es"];

function choose() {
  const chosen = document.cookie.match(/(?:^|; )corkboard_language=(\w+)/)?.[1];
  const wanted = [chosen, ...navigator.languages];
  const found = wanted.map((tag) => tag?.slice(0, 2).toLowerCase()).find((tag) => LANGUAGES.includes(tag));
  return found ?? LANGUAGES[0];
}

export const language = choose();
/** The reader's region, if it fits the language, for the format of dates and numbers. Otherwise the United States. */
const region = navigator.languages.find((tag) => tag.toLowerCase().startsWith(`${language}-`)) ?? `${language}-US`;
const texts = await (await fetch(`/i18n/${language}.json`)).json();
const plurals = new Intl.PluralRules(region);
document.documentElement.lang = language;

export const languages = LANGUAGES;
export function setLanguage(tag) {
  document.cookie = `corkboard_language=${tag}; path=/; max-age=34560000; samesite=lax`;
  location.reload();
}

/**
 * A text by name. `{name}` is replaced by a value, and `{currency}` by the sign of the campus's currency if no value is given.
 * An entry with plural forms depends on `count`.
 */
export function t(name, values = {}) {
  let text = texts[name];
  if (text === undefined) return name;
  if (typeof text === "object") text = text[plurals.select(values.count)] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, key) => {
    const value = values[key] ?? (key === "currency" ? currencySign() : undefined);
    if (value === undefined) return whole;
    if (Array.isArray(value)) return anyOf(value);
    return typeof value === "number" ? number(value) : value;
  });
}

/** Whether the catalog has a text with this name. */
export const has = (name) => texts[name] !== undefined;

/** A GPA of 2.675 is shown unrounded, as the rules compare it. */
const numbers = new Intl.NumberFormat(region, { maximumFractionDigits: 5 });
export const number = (value) => numbers.format(value);

/** The campus's currency comes with the page. */
const campusCurrency = document.querySelector("meta[name=currency]")?.content ?? "USD";
const currencyFormat = (currency, options) =>
  new Intl.NumberFormat(region, { style: "currency", currency, currencyDisplay: "narrowSymbol", ...options });

export function money(amount, currency = campusCurrency) {
  const digits = Number.isInteger(amount) ? 0 : 2;
  return currencyFormat(currency, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(amount);
}

/** The symbol of the campus's currency, such as "$". */
const currencySign = () => currencyFormat(campusCurrency).formatToParts(0).find((part) => part.type === "currency").value;

const days = new Intl.DateTimeFormat(region, { dateStyle: "medium" });
const plainDays = new Intl.DateTimeFormat(region, { dateStyle: "medium", timeZone: "UTC" });
const times = new Intl.DateTimeFormat(region, { dateStyle: "medium", timeStyle: "short" });

/** A date without a time (2026-12-01) is the same day everywhere. A time is shown in the reader's time zone. */
export function date(value) {
  if (!value) return "";
  return value.length === 10 ? plainDays.format(new Date(value)) : days.format(new Date(value));
}
export const time = (value) => (value ? times.format(new Date(value)) : "");

/** A deadline is shown in the campus's time zone, which comes with the page; in the reader's if the browser does not know it. */
const campusZone = document.querySelector("meta[name=time-zone]")?.content;
function campusFormat(options, locale = region) {
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: campusZone });
  } catch {
    return new Intl.DateTimeFormat(locale, options);
  }
}
const zoneName = campusZone === Intl.DateTimeFormat().resolvedOptions().timeZone ? undefined : "short";
const dueDays = campusFormat({ dateStyle: "medium" });
const nearDays = campusFormat({ month: "short", day: "numeric" });
const nearTimes = campusFormat({ month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: zoneName });

export const dueDate = (deadline) => dueDays.format(new Date(deadline));

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** "Dec 15 (17 days left)". The year is shown if it is not obvious. */
export function due(deadline, now = Date.now()) {
  const at = new Date(deadline);
  const left = at - now;
  if (left <= 0) return t("deadline.past", { date: dueDate(deadline) });
  if (left < DAY) return t("deadline.hours", { date: nearTimes.format(at), count: Math.max(1, Math.floor(left / HOUR)) });
  if (left < 60 * DAY) return t("deadline.days", { date: nearDays.format(at), count: Math.floor(left / DAY) });
  return left < 180 * DAY ? nearDays.format(at) : dueDate(deadline);
}

/** "Apply by Dec 15 (17 days left)". */
export function closes(deadline, now = Date.now()) {
  if (new Date(deadline) <= now) return t("closes.past", { date: dueDate(deadline) });
  return t("closes.by", { deadline: due(deadline, now) });
}

/** A list of choices in the reader's language: "a, b, or c". */
const anyOf = (names) => new Intl.ListFormat(region, { type: "disjunction" }).format(names);

/** A waiting time, in minutes above a minute and a half. */
const wait = (seconds) =>
  seconds > 90 ? t("wait.minutes", { count: Math.ceil(seconds / 60) }) : t("wait.seconds", { count: seconds });

/** The params of a sentence, with translated codes, such as a status. */
function inWords(params = {}) {
  const entries = Object.entries(params).map(([name, value]) => {
    const key = `param.${name}.${value}`;
    return [name, has(key) ? t(key) : value];
  });
  if (params.retryAfter) entries.push(["wait", wait(params.retryAfter)]);
  return Object.fromEntries(entries);
}

/** The text of a field error from `errors`. */
export function saying(error) {
  const name = `invalid.${error.code}`;
  return has(name) ? t(name, inWords(error.params)) : error.message;
}

/** The sentence of a problem. */
export function problemText(error) {
  const name = `problem.${error.code}`;
  if (has(name)) return t(name, inWords(error.params));
  if (error.detail) return error.detail;
  return t("problem.unknown");
}
