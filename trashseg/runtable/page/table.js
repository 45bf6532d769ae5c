/** The rows of the table: all of the verb, or those that cross the kept parts of the axes. */
function tableRuns() {
  const runs = chosenRuns(), scored = runs.filter((run) => run.score !== null);
  const axes = [...state.kept.keys()].map((name) => makeAxis(name, scored));
  const shown = axes.length ? scored.filter((run) => axes.every((axis) => crosses(axis, run))) : runs;
  return state.sort ? [...shown].sort(byColumn) : shown;
}

/** Numbers by size, words by letter, and what is not there last. */
function byColumn(a, b) {
  const [left, right] = [a[state.sort], b[state.sort]];
  const gone = [left, right].map((value) => value === null || value === "");
  if (gone[0] || gone[1]) return gone[0] - gone[1];
  const order = isNumber(left) && isNumber(right) ? left - right : String(left).localeCompare(String(right), "en", { numeric: true });
  return state.descending ? -order : order;
}

function drawTable() {
  const all = chosenRuns(), runs = tableRuns();
  const common = DATA.columns.slice(0, DATA.common - 1), reason = DATA.columns[DATA.common - 1];
  const columns = [...common, ...chosenKeys(all), reason];
  const head = columns.map((name) => el("th", { scope: "col", "aria-sort": sorting(name) }, el("button", { type: "button", onclick: () => sortBy(name) }, name)));
  const lines = runs.map((run) => el("tr", {
    class: run.state, "data-run": run.id,
    onpointerenter: () => point(run.id, true), onpointerleave: () => point(run.id, false),
  }, columns.map((name) => cell(run, name))));
  document.getElementById("table").replaceChildren(el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, lines)));
  document.getElementById("shown").textContent = `${runs.length} of ${RUNS.length} runs`;
  document.getElementById("clear").hidden = state.kept.size === 0;
}

function cell(run, name) {
  const value = run[name];
  const text = value === null ? "–" : name === "score" ? value.toFixed(4) : String(value);
  return el("td", { class: typeof value === "number" ? "number" : "", title: text }, text);
}

function sorting(name) {
  if (name !== state.sort) return "none";
  return state.descending ? "descending" : "ascending";
}

/** The best score first; a second click turns the order round. */
function sortBy(name) {
  state.descending = name === state.sort ? !state.descending : name === "score";
  state.sort = name;
  drawTable();
}
