// Who is logged in. The cookie is HttpOnly; this only knows whom to greet, and the server decides the rest.
import { api, whenSignedOut } from "./api.js";
import { signal } from "./html.js";

const DRAFT = "corkboard.draft.";

/** The logged-in account, which comes with the page, or null. */
export const account = signal(JSON.parse(document.querySelector("meta[name=account]").content));
// What a visitor typed is nobody's after a login.
if (account.value) sessionStorage.clear();
/** True once the server has ended the session. */
export const ended = signal(false);

export const role = () => account.value?.role ?? null;

whenSignedOut(() => {
  ended.value = account.value !== null;
  account.value = null;
});

export async function logIn(email, password) {
  account.value = (await api.post("auth/login", { email, password })).account;
}

export async function logOut() {
  try {
    await api.post("auth/logout", {});
  } finally {
    const id = account.value?.accountId;
    for (const key of Object.keys(localStorage)) {
      if (id && key.startsWith(`${DRAFT}${id}.`)) localStorage.removeItem(key);
    }
  }
}

/** Stores a change of the account, such as a new name. */
export function learn(changed) {
  if (changed && account.value) account.value = { ...account.value, ...changed };
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
