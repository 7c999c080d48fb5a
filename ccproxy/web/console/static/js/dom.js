/**
 * Elements. Knows how they are made, and makes sure that text is only ever text: nothing here parses markup.
 */

const SVG = "http://www.w3.org/2000/svg";
// Set as properties: as attributes they would say what was there at first, not what is there now.
const PROPERTIES = new Set(["value", "checked", "selected", "disabled", "readOnly", "indeterminate"]);

/** An element. `on` holds listeners, `dataset` data; null, undefined and false leave an attribute out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "dataset") {
      Object.assign(element.dataset, value);
    } else if (PROPERTIES.has(name) && name in element) {
      if (value !== undefined && value !== null) element[name] = value;
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  // A select's value can only be chosen once its options are there.
  element.append(...flat(children));
  if (attributes.value !== undefined && attributes.value !== null && "value" in element) element.value = attributes.value;
  return element;
}

/** Put children in place of those that are there. */
export function replace(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

let ids = 0;

/** An id that no other element has. */
export function freshId(prefix = "id") {
  ids += 1;
  return `${prefix}-${ids}`;
}

/**
 * Put new children into an element, unless they look as those that are there: what somebody has selected stays so. What
 * had the focus in it has it afterwards. Listeners of the old children may thus go on long after they were made, so they
 * know their thing by its name, and nothing of it that cannot be seen.
 */
export function refresh(element, ...children) {
  const made = flat(children);
  if (made.length === element.childNodes.length && made.every((child, place) => child.isEqualNode(element.childNodes[place]))) return element;
  const back = element.contains(document.activeElement) ? focused(element) : null;
  const scrolled = [...element.querySelectorAll(".scroll")].map((part) => part.scrollLeft);
  replace(element, made);
  element.querySelectorAll(".scroll").forEach((part, place) => (part.scrollLeft = scrolled[place] ?? 0));
  back?.();
  return element;
}

/** Remembers what has the focus; gives what gives it back, to whatever stands in its place `within` an element by then. */
export function focused(within = document) {
  const element = document.activeElement;
  const wanted = named(element);
  return () => (element.isConnected ? element : [...within.querySelectorAll(FOCUSED)].find((one) => named(one) === wanted))?.focus({ preventScroll: true });
}

const FOCUSED = "a[href], button, input, select, textarea, summary, [tabindex]";
// By what it is called or leads to: the element itself is another one by now.
const named = (element) => element.getAttribute("aria-label") ?? element.getAttribute("href") ?? `${element.tagName} ${element.textContent}`;
