/**
 * One request: what became of it, who was asked and when, what got lost and what it cost.
 */

import { get } from "../api.js";
import { timeline } from "../charts/timeline.js";
import { h, replace } from "../dom.js";
import { count, money, span, time } from "../format.js";
import { note } from "../notice.js";
import { badge, card, chip, facts, head, linkButton, table } from "../parts.js";
import { href } from "../router.js";
import { captureCard } from "./capture.js";
import { status } from "./requests.js";

/** Fill the page with the request of that id. */
export async function detail({ main, id, signal }) {
  const row = await get(`/logs/${encodeURIComponent(id)}`, { signal });
  const same = (name, value) => h("a", { href: `${href("requests")}?${new URLSearchParams({ [name]: value })}` }, value);
  replace(
    main,
    head("Request", time(row.started_at), linkButton(href("requests"), "All requests")),
    row.error ? note("bad", h("strong", {}, row.error_type), h("p", {}, row.error)) : null,
    h("div", { class: "columns narrow" },
      card({ title: "What it was" }, facts([
        ["Id", h("code", {}, row.request_id)],
        ["Key", row.key ? same("key", row.key) : null],
        ["From", row.client_ip],
        ["Client", row.client ? h("span", { title: row.user_agent }, same("client", row.client)) : row.user_agent],
        ["Session", row.session_id ? same("session", row.session_id) : null],
        ["Asked for", h("code", {}, row.model ?? "–")],
        ["Form", row.stream ? "a stream" : "a whole answer"],
        ["Sent again for", row.replay_of ? h("a", { href: href(`requests/${row.replay_of}`) }, row.replay_of) : null],
      ])),
      card({ title: "What became of it" }, facts([
        ["Status", status(row)],
        ["Route", row.route ? same("route", row.route) : null],
        ["Answered", row.provider ? h("code", {}, `${row.provider}/${row.upstream_model ?? ""}`) : "by nobody"],
        ["Ended with", row.stop_reason],
        ["First word", row.ttft_ms === null ? null : span(row.ttft_ms)],
        ["Took", span(row.duration_ms)],
        ["Got lost", row.dropped.length ? h("div", { class: "chips" }, row.dropped.map((loss) => chip(loss))) : "nothing"],
      ])),
      card({ title: "Tokens and cost" }, facts([
        ["Input", count(row.input_tokens)],
        ["Output", count(row.output_tokens)],
        ["of it thinking", row.thinking_tokens ? count(row.thinking_tokens) : null],
        ["From the cache", row.cache_read_input_tokens ? count(row.cache_read_input_tokens) : null],
        ["Into the cache", row.cache_creation_input_tokens ? count(row.cache_creation_input_tokens) : null],
        ["Counted by", row.usage_estimated ? badge("warn", "an estimate of ccproxy's") : "the provider"],
        ["Cost", row.cost_usd === null ? badge("warn", "no price is known") : money(row.cost_usd)],
      ]))),
    attempts(row),
    captureCard(row, signal),
  );
}

function attempts(row) {
  if (row.attempts.length === 0) return card({ title: "Attempts" }, h("p", { class: "soft" }, "Nobody was asked."));
  return card({ title: "Attempts", lead: "Who was asked, in order, on the clock of this request." },
    timeline(row.attempts, row.duration_ms, row.ttft_ms),
    table({
      caption: "Attempts",
      rows: row.attempts,
      columns: [
        { title: "Target", head: true, cell: (one) => h("span", { class: "mono" }, `${one.provider}/${one.model}`) },
        { title: "Status", cell: (one) => h("div", { class: "line" }, badge(one.status === 200 ? "good" : "bad", String(one.status ?? "–")), one.error_type ? h("span", { class: "small soft" }, one.error_type) : null, one.resumed ? chip("went on with the answer") : null) },
        { title: "Key", cell: (one) => (one.key ? h("code", {}, one.key) : "–") },
        { title: "Began", number: true, cell: (one) => span(one.started_ms) },
        { title: "Took", number: true, cell: (one) => span(one.ended_ms - one.started_ms) },
      ],
    }));
}
