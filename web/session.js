// Who is logged in. The cookie is HttpOnly; this only knows whom to greet, and the server decides the rest.
import { api, whenSignedOut } from "./api.js";
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

/** The logged-in account, or null. */
export const account = signal(kept());
/** True once the server has ended the session. */
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

// Another tab logged in or out.
addEventListener("storage", (event) => {
  if (event.key === KEPT) account.value = kept();
});

/** Stores the answer of a login or of an email verification. */
export function signedIn(answer) {
  ended.value = false;
  sessionStorage.clear();
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
    keep(null);
  }
}

/** Stores a change of the account, such as a new name. */
export function learn(changed) {
  if (changed && account.value) keep({ ...account.value, ...changed });
}

/** A visitor's drafts end with the tab, or at log-in. */
const draftStorage = () => (account.value ? localStorage : sessionStorage);

/** Drafts survive a reload. They belong to one account and are deleted at log-out. */
export const drafts = {
  key: (name) => `${DRAFT}${account.value?.accountId ?? "visitor"}.${name}`,
  read(name) {
    try {
      return JSON.parse(draftStorage().getItem(drafts.key(name)));
    } catch {
      return null;
    }
  },
  write: (name, value) => draftStorage().setItem(drafts.key(name), JSON.stringify(value)),
  forget: (name) => draftStorage().removeItem(drafts.key(name)),
};

/** The first page by role. */
export function home(of = role()) {
  return { employer: "/postings", admin: "/office" }[of] ?? "/";
}
