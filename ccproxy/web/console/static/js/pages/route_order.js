/**
 * In which order routes are tried, as docs/routing.md has it. Pure.
 */

const CLASSES = new Set(["opus", "sonnet", "haiku", "fable"]);
const SCENARIOS = ["count_tokens", "web_search", "long_context", "background", "think", "image"];

const SCENARIO_TITLES = {
  count_tokens: "Only counts tokens",
  web_search: "Brings Anthropic's web search",
  long_context: "Is long",
  background: "Is a chore in the background",
  think: "Thinks",
  image: "Holds an image",
};

/** The steps, first to last: `{ id, title, routes, about }`; those without `routes` are not routes at all. */
export function steps(routes) {
  const sorted = inOrder(routes);
  const special = sorted.filter((route) => isSpecial(route.match));
  const plain = sorted.filter((route) => !isSpecial(route.match));
  return [
    { id: "outright", title: "Names its provider: provider/model", about: "Goes there, whatever the routes say." },
    { id: "exact", title: "Asks for a model that a route names exactly, or for a route by its name", routes: special.filter((route) => namesExactly(route.match)) },
    { id: "pattern", title: "Fits a route's pattern or class of models, header, key, agent or size", routes: special.filter((route) => !namesExactly(route.match)) },
    ...SCENARIOS.map((scenario) => ({ id: scenario, title: SCENARIO_TITLES[scenario], routes: plain.filter((route) => route.match.scenario === scenario) })),
    { id: "models", title: "Asks for a model that a provider lists", about: "Goes to the provider that was set up first." },
    { id: "default", title: "Anything else", routes: plain.filter((route) => !route.match.scenario || route.match.scenario === "default") },
    { id: "only", title: "Where no route was left", about: "Goes to the only provider that is on, if there is exactly one. Else the answer is 404, which says what there is." },
  ];
}

const inOrder = (routes) => routes.map((route, place) => [route, place]).sort(([a, i], [b, j]) => b.priority - a.priority || i - j).map(([route]) => route);

/** The names of all routes with those of one step in the order of the names `wanted`; the others stay where they are. */
export function namesWith(routes, wanted) {
  const next = wanted.values();
  return inOrder(routes).map(({ name }) => (wanted.includes(name) ? next.next().value : name));
}

function isSpecial({ model = [], headers = {}, key = [], agent, min_input_tokens: tokens, scenario }) {
  return model.length > 0 || Object.keys(headers).length > 0 || key.length > 0 || Boolean(agent) || (Boolean(tokens) && scenario !== "long_context");
}

const namesExactly = ({ model = [] }) => model.some((name) => !/[*?[]/.test(name) && !CLASSES.has(name.toLowerCase()));

/** What a match says, in a few words each. */
export function words(match) {
  const said = [];
  if (match.model?.length) said.push(...match.model);
  if (match.scenario) said.push(`scenario ${match.scenario}`);
  if (match.min_effort) said.push(`effort from ${match.min_effort}`);
  if (match.min_input_tokens) said.push(`more than ${match.min_input_tokens.toLocaleString("en")} tokens`);
  for (const [name, value] of Object.entries(match.headers ?? {})) said.push(`${name}: ${value}`);
  if (match.key?.length) said.push(`key ${match.key.join(" or ")}`);
  if (match.agent) said.push(match.agent === "subagent" ? "subagents" : "the main agent");
  return said.length ? said : ["every request"];
}
