/**
 * Which pages there are, and for whom. A page without a drawing is not in the navigation.
 */

import audit from "./pages/audit.js";
import keys from "./pages/keys.js";
import overview from "./pages/overview.js";
import playground from "./pages/playground.js";
import providers from "./pages/providers.js";
import requests from "./pages/requests.js";
import routes from "./pages/routes.js";
import setup from "./pages/setup.js";
import usage from "./pages/usage.js";

const ADMIN = [
  { path: "overview", title: "Overview", icon: "overview", render: overview },
  { path: "requests", title: "Requests", icon: "requests", render: requests },
  { path: "providers", title: "Providers", icon: "providers", render: providers },
  { path: "routes", title: "Routes", icon: "routes", render: routes },
  { path: "keys", title: "Keys", icon: "keys", render: keys },
  { path: "audit", title: "Audit", icon: "audit", render: audit },
  { path: "playground", title: "Playground", icon: "playground", render: playground },
  { path: "setup", title: "Set-up", icon: "setup", render: setup },
];
const MEMBER = [{ path: "usage", title: "Your usage", icon: "usage", render: usage }];

/** The pages of a caller, the first one first. */
export const pagesOf = (who) => (who.role === "admin" ? ADMIN : MEMBER);
