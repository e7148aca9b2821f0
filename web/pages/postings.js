// An employer's postings, by status.
import { api, query } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { useList, useLoad } from "../load.js";
import { go, place } from "../router.js";
import { account } from "../session.js";
import { closes, dueDate, t } from "../words.js";
import { Declined, pay, hours, places } from "../components/job.js";
import { Page } from "../components/page.js";
import { PostingMoves } from "../components/posting-moves.js";
import { Tabs } from "../components/tabs.js";
import { Empty, Failure, Loaded, More } from "../components/states.js";

const STATUSES = ["open", "pending", "draft", "filled", "expired", "closed"];

export function Postings() {
  const me = useLoad("me");
  return html`<${Page}
    title=${t("postings.title")}
    lead=${me.data?.employer?.workSpace ?? me.data?.account.name}
    actions=${html`<a class="button primary" href="/post">${t("nav.post")}</a>`}
  >
    ${me.data?.account.status === "pending" && html`<div class="note"><p>${t("verify.waits")}</p></div>`}
    <${Loaded} from=${me} rows=${3}>${(data) => html`<${Mine} employeeId=${data.employer.employeeId} key=${account.value?.accountId} />`}<//>
  <//>`;
}

const listOf = (employeeId, status, limit) => `jobs${query({ employeeId, status, limit, sort: "newest" })}`;

function Mine({ employeeId }) {
  const asked = new URLSearchParams(place.value.search).get("status");
  const status = STATUSES.includes(asked) ? asked : "open";
  const [turn, setTurn] = useState(0);
  const count = async () => {
    const pages = await Promise.all(STATUSES.map((name) => api.get(listOf(employeeId, name, 1))));
    return Object.fromEntries(STATUSES.map((name, index) => [name, pages[index].total]));
  };
  count.key = turn;
  const counts = useLoad(count);
  // Opens the first tab with a posting, once.
  useEffect(() => {
    const first = STATUSES.find((name) => counts.data?.[name]);
    if (!asked && first && first !== "open") go(`/postings?status=${first}`, { replace: true });
  }, [counts.data !== null]);
  const jobs = useList(listOf(employeeId, status, 20));
  const tabs = STATUSES.filter((name) => name === "open" || name === status || counts.data?.[name]).map((name) => ({
    href: `/postings${query({ status: name === "open" ? "" : name })}`,
    label: t(`job.tab.${name}`),
    count: counts.data?.[name],
    current: name === status,
  }));
  const changed = (job, update) => {
    jobs.replace(job, update);
    setTurn((old) => old + 1);
  };
  return html`
    <${Tabs} label=${t("postings.tabs")} items=${tabs} />
    ${counts.error && html`<${Failure} error=${counts.error} retry=${counts.reload} />`}
    <${Loaded} from=${jobs} rows=${3}>
      ${() =>
        jobs.items.length === 0
          ? html`<${Empty} title=${status === "open" ? t("postings.none") : t("postings.none_here")}>
              <p>${t("postings.none_hint")}</p>
              <p><a class="button primary" href="/post">${t("nav.post")}</a></p>
            <//>`
          : html`<ul class="cards">
              ${jobs.items.map((job) => html`<${Posting} key=${job.jobId} job=${job} onChange=${(update) => changed(job, update)} />`)}
            </ul>`}
    <//>
    <${More} list=${jobs} />
  `;
}

function Posting({ job, onChange }) {
  return html`<li class="card posting">
    <div class="card-head">
      <h2><a href=${`/postings/${job.jobId}`}>${job.jobTitle}</a></h2>
      <span class=${`badge ${job.jobStatus}`}>${t(`job.stands.${job.jobStatus}`)}</span>
    </div>
    <ul class="facts">
      <li>${pay(job)}</li>
      <li>${hours(job)}</li>
      <li>${places(job)}</li>
      <li>${job.jobStatus === "open" ? closes(job.deadline) : t("job.deadline", { date: dueDate(job.deadline) })}</li>
    </ul>
    <${Declined} job=${job} />
    <div class="actions">
      <a class="button" href=${`/postings/${job.jobId}`}>${t("postings.applicants", { count: job.applicationCount ?? 0 })}</a>
      <${PostingMoves} job=${job} onChange=${onChange} />
    </div>
  </li>`;
}
