/**
 * Which pages there are, and for whom. A page without a drawing is not in the navigation.
 */

import playground from "./pages/playground.js";
import providers from "./pages/providers.js";
import routes from "./pages/routes.js";
import setup from "./pages/setup.js";

const ADMIN = [
  { path: "setup", title: "Set-up", icon: "setup", render: setup },
  { path: "providers", title: "Providers", icon: "providers", render: providers },
  { path: "routes", title: "Routes", icon: "routes", render: routes },
  { path: "playground", title: "Playground", icon: "playground", render: playground },
];

/** The pages of a caller, the first one first. */
export const pagesOf = (_who) => ADMIN;
