"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const TEXTS = JSON.parse(document.getElementById("texts").textContent);
const FIGURES = DATA.figures;
const CLASSES = FIGURES.classes;
const OBJECT_CLASSES = CLASSES.map((_, k) => k).slice(1);
const PARTS = FIGURES.parts;
const LOCALES = { en: "en-GB", ko: "ko-KR" };
const LABELLED = PARTS.map((_, n) => n).filter((n) => PARTS[n].labelled);

const state = {
  language: navigator.language.startsWith("ko") ? "ko" : "en",
  theme: "",
  measure: "pixels",
  sizeClass: 0,
  filter: { rule: "", class: "", part: "" },
  outlines: true,
};

/** Return a sentence in the page's language. "one thing|{n} things" goes by the value n. */
function t(key, values = {}) {
  let text = TEXTS[state.language][key];
  if (text === undefined) throw new Error(`no text ${key}`);
  if (text.includes("|")) text = text.split("|")[values.n === 1 ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? count(value) : value;
  });
}

function count(value, digits = 0) {
  return new Intl.NumberFormat(LOCALES[state.language], { maximumFractionDigits: digits }).format(value);
}

/** Write a share 0..1 with two figures that tell something. */
function percent(share) {
  const digits = share === 0 || share === 1 ? {} : { maximumSignificantDigits: 2, minimumSignificantDigits: 2 };
  return new Intl.NumberFormat(LOCALES[state.language], { style: "percent", ...digits }).format(share);
}

/** Join words as the language does: a, b and c. */
function listed(words) {
  return new Intl.ListFormat(LOCALES[state.language], { type: "conjunction" }).format(words);
}

function className(k) {
  return state.language === "ko" ? CLASSES[k].korean : CLASSES[k].name;
}

function classColor(k) {
  return `rgb(${CLASSES[k].color.join(" ")})`;
}

function partName(n) {
  return t(`part.${PARTS[n].name}`);
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/** Make an element. Children are text or elements, never HTML, so that file names cannot become markup. */
function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null));
  return node;
}

/** Put a heading, an explanation and content into a section. */
function section(id, ...content) {
  const explanation = TEXTS[state.language][`${id}.text`];
  document.getElementById(id).replaceChildren(
    el("h2", {}, t(`${id}.title`)),
    ...(explanation ? [el("p", { class: "explain" }, t(`${id}.text`, FIGURES.limits))] : []),
    ...content.flat().filter((child) => child !== null),
  );
}

/** A row of buttons of which one is chosen. `options` are [value, content] pairs. */
function choice(label, options, chosen, onchoose) {
  const buttons = options.map(([value, content]) =>
    el("button", { type: "button", "aria-pressed": String(value === chosen), "data-value": value, onclick: () => onchoose(value) }, content),
  );
  return el("div", { class: "choice", role: "group", "aria-label": label }, ...buttons);
}

/** Add cards to a grid, `chunk` at a time, and return the button that adds the next; an eager one presses itself. */
function more(grid, cards, chunk, eager) {
  const button = el("button", { type: "button", class: "more", onclick: add });
  const watcher = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) add(); }, { rootMargin: "400px" });
  function add() {
    const first = grid.childElementCount;
    grid.append(...cards.slice(first, first + chunk).map((card) => card()));
    const left = cards.length - grid.childElementCount;
    button.hidden = left === 0;
    button.textContent = t("gallery.more", { n: left });
    // Observed anew, since a button that stays in sight reports nothing.
    watcher.disconnect();
    if (left && eager) watcher.observe(button);
  }
  add();
  return button;
}

function swatch(k) {
  return el("i", { class: "swatch", style: `background:${classColor(k)}`, "aria-hidden": "true" });
}
