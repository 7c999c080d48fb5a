// The chosen colours, before anything is painted: a module would come too late and the page would flash.
(function () {
  "use strict";
  try {
    var chosen = localStorage.getItem("ccproxy-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch (error) {
    // Storage may be forbidden; then the system's colours stay.
  }
})();
