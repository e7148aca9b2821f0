// Who is signed in. The cookies are HttpOnly; what is kept here is only whom to greet, and the server decides the rest.
import { api, rememberExpiry, whenSignedOut } from "./api.js";
import { signal } from "./html.js";

const KEPT = "corkboard.account";
const DRAFT = "corkboard.draft.";

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

/** The account that is signed in, or null. */
export const account = signal(kept());
/** True once the server has ended a sign-in by itself. */
export const ended = signal(false);

export const role = () => account.value?.role ?? null;

function keep(value) {
  account.value = value;
  if (value) localStorage.setItem(KEPT, JSON.stringify(value));
  else localStorage.removeItem(KEPT);
}

whenSignedOut(() => {
  ended.value = account.value !== null;
  keep(null);
});

// Another tab signed in or out.
addEventListener("storage", (event) => {
  if (event.key === KEPT) account.value = kept();
});

/** Takes over the answer of a log-in, or of a confirmed email, which is one too. */
export function signedIn(answer) {
  rememberExpiry(answer.expiresIn);
  ended.value = false;
  keep(answer.account);
  return answer.account;
}

export const logIn = async (email, password) => signedIn(await api.post("auth/login", { email, password }));

export async function logOut() {
  try {
    await api.post("auth/logout", {});
  } finally {
    const id = account.value?.accountId;
    for (const key of Object.keys(localStorage)) {
      if (id && key.startsWith(`${DRAFT}${id}.`)) localStorage.removeItem(key);
    }
    rememberExpiry(0);
    keep(null);
  }
}

/** Takes over what a page has learned of the account, as a new name. */
export function learn(changed) {
  if (changed && account.value) keep({ ...account.value, ...changed });
}

/** Half-written things survive a reload; each belongs to one account and goes with its log-out. */
export const drafts = {
  key: (name) => `${DRAFT}${account.value?.accountId ?? "visitor"}.${name}`,
  read(name) {
    try {
      return JSON.parse(localStorage.getItem(drafts.key(name)));
    } catch {
      return null;
    }
  },
  write: (name, value) => localStorage.setItem(drafts.key(name), JSON.stringify(value)),
  forget: (name) => localStorage.removeItem(drafts.key(name)),
};

/** Where each kind of person starts. */
export function home(of = role()) {
  return { employer: "/postings", admin: "/office" }[of] ?? "/";
}
