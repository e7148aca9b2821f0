// An employer's actions on a posting: edit, publish or reopen, close. The status changes only after the server's answer.
import { api } from "../api.js";
import { html, useState } from "../html.js";
import { problemText, saying, t } from "../words.js";
import { Confirm } from "./confirm.js";
import { say } from "./live.js";

const REOPENS = ["closed", "expired", "filled"];
/** Students do not see these, so that closing them concerns nobody else. */
const UNSEEN = ["draft", "pending"];

export function PostingMoves({ job, onChange }) {
  const [failed, setFailed] = useState(null);
  const [busy, setBusy] = useState(false);
  const move = async (to) => {
    if (busy) return;
    setBusy(true);
    setFailed(null);
    try {
      const changed = await api.patch(`jobs/${job.jobId}`, { jobStatus: to }, job.version);
      onChange(changed);
      say(t(`postings.did.${changed.jobStatus}`, { title: changed.jobTitle }), { shown: true });
    } catch (error) {
      setFailed(error);
    } finally {
      setBusy(false);
    }
  };
  const status = job.jobStatus;
  const opens = status === "draft" || REOPENS.includes(status);
  return html`
    <a class="button" href=${`/postings/${job.jobId}/edit`}>${t("postings.edit")}</a>
    ${opens &&
    html`<button class="button" type="button" onClick=${() => move("open")}>${status === "draft" ? t("postings.publish") : t("postings.reopen")}</button>`}
    ${status !== "closed" &&
    html`<${Confirm} label=${t("postings.close")} question=${t(UNSEEN.includes(status) ? `postings.close_ask.${status}` : "postings.close_ask")} yes=${t("postings.close_yes")} onYes=${() => move("closed")} kind="quiet" />`}
    ${failed &&
    html`<div class="note bad" role="alert">
      <p>${failed.errors.length ? failed.errors.map((one) => `${t(`field.${one.field}`)}: ${saying(one)}`).join(" ") : problemText(failed)}</p>
      ${failed.errors.length > 0 && html`<p><a href=${`/postings/${job.jobId}/edit`}>${t("postings.edit")}</a></p>`}
    </div>`}
  `;
}
