// Elements from values. Text goes in as text: nothing here, or anywhere in the page, parses HTML.
const SVG = "http://www.w3.org/2000/svg";

/** An element; `on…` are listeners, true is an attribute without value, false is none. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value ?? false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== false && child !== undefined));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Let a text box be as high as what is in it; CSS sets the most. */
export function grow(box) {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
}

/** Whether this key press ends a line of what was typed, and not a word of pinyin that is still being composed. */
export const entered = (event) => event.key === "Enter" && !event.isComposing && event.keyCode !== 229;
