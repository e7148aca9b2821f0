// The office: pending items, all accounts, mail.
import { api, query } from "../api.js";
import { html, useState } from "../html.js";
import { useList } from "../load.js";
import { go, place } from "../router.js";
import { date, dueDate, problemText, saying, t, time } from "../words.js";
import { Confirm } from "../components/confirm.js";
import { Description, Skills, hours, pay, where } from "../components/job.js";
import { Field } from "../components/field.js";
import { say } from "../components/live.js";
import { Page } from "../components/page.js";
import { Empty, Loaded, More } from "../components/states.js";
import { Tabs } from "../components/tabs.js";
import { NotFound } from "./not-found.js";

const PARTS = { waiting: Waiting, accounts: Accounts, mail: Mails };

export function Office({ part = "waiting" }) {
  if (!Object.hasOwn(PARTS, part)) return html`<${NotFound} />`;
  const Part = PARTS[part];
  const items = Object.keys(PARTS).map((name) => ({
    href: name === "waiting" ? "/office" : `/office/${name}`,
    label: t(`office.${name}`),
    current: PARTS[name] === Part,
  }));
  return html`<${Page} title=${t("office.title")}>
    <${Tabs} label=${t("office.tabs")} items=${items} />
    <${Part} key=${part} />
  <//>`;
}

/** Rows with an empty state, each rendered by `children`. */
function Rows({ list, none, children }) {
  return html`<${Loaded} from=${list} rows=${2}>
      ${() => (list.items.length === 0 ? html`<${Empty} title=${none} />` : html`<ul class="cards">${list.items.map(children)}</ul>`)}
    <//>
    <${More} list=${list} />`;
}

function Waiting() {
  const employers = useList("admin/accounts?status=pending&role=employer");
  const postings = useList("admin/jobs?status=pending");
  return html`
    <section aria-labelledby="waiting-employers">
      <h2 id="waiting-employers">${t("office.employers")}</h2>
      <p class="hint">${t("office.employers_hint")}</p>
      <${Rows} list=${employers} none=${t("office.no_employers")}>
        ${(account) => html`<${Account} key=${account.accountId} account=${account} onChange=${(update) => { employers.replace(account, update); postings.reload(); }} />`}
      <//>
    </section>
    <section aria-labelledby="waiting-postings">
      <h2 id="waiting-postings">${t("office.postings")}</h2>
      <p class="hint">${t("office.postings_hint")}</p>
      <${Rows} list=${postings} none=${t("office.no_postings")}>
        ${(job) => html`<${Posting} key=${job.jobId} job=${job} onChange=${(update) => postings.replace(job, update)} />`}
      <//>
    </section>
  `;
}

/**
 * A decision of the office: the buttons, and a text for the mail if `message` labels its field.
 * `ways`: [[label, kind, press, question?]]; with a question, the button asks first.
 */
function Decision({ ways, message, who }) {
  const [reason, setReason] = useState("");
  const [failed, setFailed] = useState(null);
  const [busy, setBusy] = useState(false);
  const act = async (press) => {
    if (busy) return;
    setBusy(true);
    setFailed(null);
    try {
      await press(reason.trim() ? { reason } : {});
    } catch (error) {
      setFailed(error);
    } finally {
      setBusy(false);
    }
  };
  const wrong = failed?.errors?.[0];
  return html`
    ${message && html`<${Field} kind="textarea" rows="2" name="reason" label=${message} hint=${t("office.reason_hint")} value=${reason} set=${setReason} optional />`}
    ${failed && html`<div class="note bad" role="alert"><p>${wrong ? saying(wrong) : problemText(failed)}</p></div>`}
    <div class="actions">
      ${ways.map(([label, kind, press, question]) =>
        question
          ? html`<${Confirm} label=${label} who=${who} question=${question} yes=${label} onYes=${() => act(press)} kind=${kind} />`
          : html`<button class=${`button ${kind}`} type="button" onClick=${() => act(press)}>${label}<span class="visually-hidden"> ${who}</span></button>`,
      )}
    </div>
  `;
}

function Account({ account, onChange }) {
  const { accountId, status, role, name } = account;
  // The server stores a declined account as suspended; this page knows what it was before.
  const [declined, setDeclined] = useState(false);
  const set = (body, done) => async (reason) => {
    const changed = await api.patch(`admin/accounts/${accountId}`, { ...body, ...reason });
    setDeclined(done === "office.did.declined");
    onChange(changed);
    say(t(done, { name }), { shown: true });
  };
  const approve = [t("office.approve"), "primary", set({ status: "active" }, "office.did.approved")];
  const decline = [t("office.refuse"), "quiet", set({ status: "suspended" }, "office.did.declined")];
  const question = `${t("office.suspend_ask", { name })}${role === "employer" ? ` ${t("office.suspend_postings")}` : ""}`;
  const suspend = [t("office.suspend"), "quiet", set({ status: "suspended" }, "office.did.suspended"), question];
  const ways = {
    pending: [approve, decline],
    active: [
      ...(role === "employer"
        ? [[account.trusted ? t("office.distrust") : t("office.trust"), "", set({ trusted: !account.trusted }, "office.did.saved")]]
        : []),
      ...(role === "admin" ? [] : [suspend]),
    ],
    suspended: [[t("office.reinstate"), "", set({ status: "active" }, "office.did.reinstated")]],
  }[status] ?? [];
  return html`<li class="card account">
    <div class="card-head">
      <h3>${name}</h3>
      <span class=${`badge ${status}`}>${t(`account.${declined ? "declined" : status}`)}</span>
    </div>
    <ul class="facts">
      <li>${t(`role.${role}`)}</li>
      <li>${account.email}</li>
      <li>${t("office.since", { date: date(account.createdAt) })}</li>
      ${role === "employer" && account.workSpace && html`<li>${account.workSpace}</li>`}
      ${account.setting && html`<li>${t(`setting.${account.setting}`)}</li>`}
      ${role === "employer" && status === "active" && html`<li>${account.trusted ? t("office.trusted") : t("office.untrusted")}</li>`}
    </ul>
    ${ways.length > 0 && html`<${Decision} key=${status} ways=${ways} message=${status === "pending" && t("office.reason", { who: name })} who=${name} />`}
  </li>`;
}

function Posting({ job, onChange }) {
  const set = (jobStatus, done) => async (reason) => {
    const changed = await api.patch(`jobs/${job.jobId}`, { jobStatus, ...reason }, job.version);
    onChange(changed);
    say(t(done, { title: job.jobTitle }), { shown: true });
  };
  return html`<li class="card posting">
    <div class="card-head">
      <h3>${job.jobTitle}</h3>
      <span class=${`badge ${job.jobStatus}`}>${t(`job.stands.${job.jobStatus}`)}</span>
    </div>
    <p class="by">${[job.workSpace, job.employerName].filter(Boolean).join(" · ")}</p>
    <ul class="facts"><li>${pay(job)}</li><li>${hours(job)}</li><li>${where(job)}</li><li>${t("job.deadline", { date: dueDate(job.deadline) })}</li></ul>
    <${Skills} skills=${job.skillsRequired} most=${10} />
    <details class="more-of"><summary>${t("office.read")}</summary><${Description} text=${job.jobDescription} /></details>
    ${job.jobStatus === "pending" &&
    html`<${Decision} message=${t("office.reason_employer")} who=${job.jobTitle}
      ways=${[[t("office.open_job"), "primary", set("open", "office.did.opened")], [t("office.close_job"), "quiet", set("closed", "office.did.closed")]]} />`}
  </li>`;
}

/** A choice that is stored in the URL. */
function Pick({ name, label, values, text }) {
  const now = new URLSearchParams(place.value.search);
  const choose = (value) => {
    const next = Object.fromEntries(now);
    go(place.value.path + query({ ...next, [name]: value }));
  };
  return html`<${Field} kind="select" name=${name} label=${label} value=${now.get(name) ?? ""} set=${choose}
    options=${[["", t("office.all")], ...values.map((value) => [value, text(value)])]} />`;
}

function Accounts() {
  const asked = new URLSearchParams(place.value.search);
  const list = useList(`admin/accounts${query({ status: asked.get("status"), role: asked.get("role") })}`);
  return html`
    <div class="pair picks">
      <${Pick} name="role" label=${t("office.role")} values=${["student", "employer", "admin"]} text=${(value) => t(`role.${value}`)} />
      <${Pick} name="status" label=${t("office.status")} values=${["pending", "active", "suspended", "unverified", "erased"]} text=${(value) => t(`account.${value}`)} />
    </div>
    <${Rows} list=${list} none=${t("office.no_accounts")}>
      ${(account) => html`<${Account} key=${account.accountId} account=${account} onChange=${(update) => list.replace(account, update)} />`}
    <//>
  `;
}

function Mails() {
  const asked = new URLSearchParams(place.value.search);
  const list = useList(`admin/outbox${query({ state: asked.get("state") })}`);
  return html`
    <div class="pair picks">
      <${Pick} name="state" label=${t("office.mail_state")} values=${["failed", "waiting", "sent"]} text=${(value) => t(`mail.${value}`)} />
    </div>
    <${Rows} list=${list} none=${t("office.no_mail")}>
      ${(mail) => html`<${MailRow} key=${mail.mailId} mail=${mail} onChange=${(update) => list.replace(mail, update)} />`}
    <//>
  `;
}

function MailRow({ mail, onChange }) {
  const again = async () => {
    onChange(await api.post(`admin/outbox/${mail.mailId}/retry`, {}));
    say(t("office.did.retried"), { shown: true });
  };
  return html`<li class="card mail">
    <div class="card-head">
      <h3>${mail.subject}</h3>
      <span class=${`badge ${mail.state}`}>${t(`mail.${mail.state}`)}</span>
    </div>
    <ul class="facts">
      <li>${mail.to}</li>
      <li>${mail.sentAt ? t("office.sent_at", { date: time(mail.sentAt) }) : t("office.written_at", { date: time(mail.createdAt) })}</li>
      ${mail.attempts > 0 && html`<li>${t("office.attempts", { count: mail.attempts })}</li>`}
    </ul>
    ${mail.lastError && html`<p class="typed">${mail.lastError}</p>`}
    ${mail.state === "failed" && html`<${Decision} who=${mail.subject} ways=${[[t("office.retry"), "primary", again]]} />`}
  </li>`;
}
