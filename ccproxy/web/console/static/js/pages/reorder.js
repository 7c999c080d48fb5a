/**
 * Moving one of a list's items: by dragging its handle, with a mouse or a finger, or by the arrow keys on it.
 */

/** Make `element` movable by `handle`; `moved(place)` is told where it is to stand among its siblings. */
export function reorderable(element, handle, moved) {
  handle.addEventListener("keydown", (event) => {
    const siblings = [...element.parentElement.children];
    const place = siblings.indexOf(element);
    const wanted = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: siblings.length - 1 }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    if (wanted >= 0 && wanted < siblings.length && wanted !== place) moved(wanted);
  });

  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    element.classList.add("dragged");
    const drag = new AbortController();
    const others = [...element.parentElement.children].filter((one) => one !== element);
    let wanted = null;

    function mark(place) {
      wanted = place;
      others.forEach((one, index) => {
        one.classList.toggle("before", index === place);
        one.classList.toggle("after", place === others.length && index === others.length - 1);
      });
    }

    function end(keep) {
      drag.abort();
      element.classList.remove("dragged");
      for (const one of others) one.classList.remove("before", "after");
      const before = [...element.parentElement.children].indexOf(element);
      if (keep && wanted !== null && wanted !== before) moved(wanted);
      handle.focus();
    }

    handle.addEventListener("pointermove", ({ clientY }) => {
      const place = others.findIndex((one) => {
        const box = one.getBoundingClientRect();
        return clientY < box.top + box.height / 2;
      });
      mark(place === -1 ? others.length : place);
    }, { signal: drag.signal });
    handle.addEventListener("pointerup", () => end(true), { signal: drag.signal });
    handle.addEventListener("pointercancel", () => end(false), { signal: drag.signal });
  });
}
