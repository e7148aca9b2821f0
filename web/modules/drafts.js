// Drafts: what was typed in a form with `data-draft` survives a reload, an ended session and a restart of the server. They
// belong to one account, stay in this browser, and end at logout.

const keyOf = (name) => `corkboard.draft.${document.body.dataset.account}.${name}`;

const fieldsOf = (form) =>
  [...form.elements].filter((field) => field.name && !["hidden", "file", "password", "submit"].includes(field.type));

const valueOf = (field) => (field.type === "checkbox" ? field.checked : field.value);

function write(form) {
  const values = Object.fromEntries(fieldsOf(form).map((field) => [field.name, valueOf(field)]));
  localStorage.setItem(keyOf(form.dataset.draft), JSON.stringify(values));
}

/** The server's own values, after an error, are newer than the draft. */
function restore(form) {
  const kept = localStorage.getItem(keyOf(form.dataset.draft));
  if (!kept || form.querySelector('[role="alert"]')) return;
  const values = JSON.parse(kept);
  for (const field of fieldsOf(form)) {
    if (!Object.hasOwn(values, field.name)) continue;
    if (field.type === "checkbox") field.checked = values[field.name];
    else field.value = values[field.name];
    // A row that the server did not know to be in use.
    if (valueOf(field)) field.closest("[hidden]")?.removeAttribute("hidden");
  }
}

addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.dataset.draft) write(form);
});

/** For a page, or a part of one that was swapped in. */
export function startDrafts(within) {
  for (const done of within.querySelectorAll("[data-draft-done]")) localStorage.removeItem(keyOf(done.dataset.draftDone));
  within.querySelectorAll("form[data-draft]").forEach(restore);
}
startDrafts(document);
