"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const RUNS = DATA.rows.map((cells, id) => ({ id, ...Object.fromEntries(DATA.columns.map((name, n) => [name, cells[n]])) }));
const KEYS = DATA.columns.slice(DATA.common);

/** `kept` are the parts of axes that a run must cross: name -> [low, high] as shares of the axis, 0 at its foot. */
const state = { verb: "", sort: null, descending: false, kept: new Map() };

/** The runs of the chosen verb, and the keys that differ between them. */
function chosenRuns() {
  return RUNS.filter((run) => !state.verb || run.verb === state.verb);
}

function chosenKeys(runs) {
  return KEYS.filter((key) => new Set(runs.map((run) => run[key])).size > 1);
}

/** Make an element. Children are text or elements, never HTML, so that no name can become markup. */
function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children.flat());
  return node;
}

function isNumber(value) {
  return value !== "" && value !== null && Number.isFinite(Number(value));
}

/** Light up a run in the plot and in the table. */
function point(id, on) {
  document.querySelectorAll(`[data-run="${id}"]`).forEach((node) => node.classList.toggle("pointed", on));
}
