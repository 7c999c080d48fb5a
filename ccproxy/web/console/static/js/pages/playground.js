/**
 * The playground: a message to one or two targets, and both streams beside each other.
 */

import { get } from "../api.js";
import { h, replace } from "../dom.js";
import { field, form, input, textarea } from "../forms.js";
import { icon } from "../icons.js";
import { card, empty, head, linkButton } from "../parts.js";
import { href, remember } from "../router.js";
import { answerCard } from "./answer.js";

const LIST = "playground-models";

export default async function render({ main, query, signal }) {
  const { data } = await get("/v1/models?limit=1000", { signal });
  const ids = data.map((model) => model.id);
  if (ids.length === 0) {
    replace(main, head("Playground"), card({}, empty("playground", "Nobody to ask yet", "With a provider there are models to send a message to.", linkButton(href("providers"), "Go to the providers", "primary"))));
    return;
  }
  const first = target(query.get("first") ?? ids.find((id) => id.includes("/")) ?? ids[0]);
  const second = target(query.get("second") ?? "");
  const system = textarea({ rows: "2" });
  const text = textarea({ rows: "4", value: query.get("message") ?? "", placeholder: "Say hello in one sentence." });
  const most = input({ inputmode: "numeric", value: "1024" });
  const answers = h("div", { class: "answers" });
  const stop = h("button", { class: "button", type: "button", hidden: true }, icon("stop"), "Stop");

  const sent = form(
    [
      h("div", { class: "fields" },
        field({ label: "Target", control: first, name: "model", hint: "provider/model, or whatever a client might ask for." }),
        field({ label: "Second target", control: second, hint: "Empty: only one is asked." })),
      field({ label: "Message", control: text, name: "messages" }),
      h("details", { class: "more" }, h("summary", {}, "More"),
        h("div", { class: "fields" },
          field({ label: "Most tokens of the answer", control: most, name: "max_tokens" }),
          field({ label: "System prompt", control: system, name: "system", wide: true }))),
      h("div", { class: "line" }, h("button", { class: "button primary", type: "submit" }, icon("send"), "Send"), stop),
    ],
    async () => {
      const request = { max_tokens: Number(most.value) || 1024, messages: [{ role: "user", content: text.value.trim() || text.placeholder }] };
      if (system.value.trim()) request.system = system.value.trim();
      const cards = [first.value, second.value].map((name) => name.trim()).filter(Boolean).map((name) => answerCard(name));
      if (cards.length === 0) throw new Error("model: is needed");
      remember({ first: first.value, second: second.value });
      replace(answers, cards.map((one) => one.element));
      const asking = new AbortController();
      const end = AbortSignal.any([asking.signal, signal]);
      stop.onclick = () => asking.abort();
      stop.hidden = false;
      try {
        await Promise.all(cards.map((one) => one.ask(request, end)));
      } finally {
        stop.hidden = true;
      }
    },
  );
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) sent.requestSubmit(sent.querySelector("[type=submit]"));
  });

  replace(
    main,
    head("Playground", "Send a message to one target or two, and watch them answer. It is a request like any other: it is counted, logged and paid for."),
    card({}, sent, h("datalist", { id: LIST }, ids.map((id) => h("option", { value: id })))),
    answers,
  );
}

const target = (value) => input({ value, class: "code", list: LIST });
