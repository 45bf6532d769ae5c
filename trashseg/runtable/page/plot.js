const HEIGHT = 330, TOP = 34, FOOT = 24, STEP = 150, SIDE = 70;

/** An axis: `place` gives the share 0..1 of a run's value, `marks` are [share, text]. */
function makeAxis(name, runs) {
  const values = runs.map((run) => run[name]);
  return { name, ...(values.every(isNumber) ? numbers(values.map(Number)) : words(values)) };
}

function numbers(values) {
  const low = Math.min(...values), high = Math.max(...values);
  // Learning rates: over decades, equal factors are equal steps.
  const scale = low > 0 && high / low > 50 ? Math.log : (value) => value;
  const share = (value) => (high === low ? 0.5 : (scale(value) - scale(low)) / (scale(high) - scale(low)));
  const marks = [...new Set([low, high])].map((value) => [share(value), String(+value.toPrecision(4))]);
  return { place: (value) => share(Number(value)), marks };
}

function words(values) {
  const known = [...new Set(values)].sort();
  const share = (value) => (known.indexOf(value) + 0.5) / known.length;
  return { place: share, marks: known.map((value) => [share(value), value === "" ? "–" : value]) };
}

function drawPlot() {
  const runs = chosenRuns().filter((run) => run.score !== null);
  const holder = document.getElementById("plot");
  if (!runs.length) return holder.replaceChildren(el("p", {}, "No run has a score."));
  const axes = [...chosenKeys(runs), "seconds", "score"].map((name) => makeAxis(name, runs));
  const score = axes.at(-1), width = 2 * SIDE + STEP * (axes.length - 1);
  const picture = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": "runs as lines over what differs" });
  for (const run of [...runs].sort((a, b) => a.score - b.score)) picture.append(line(run, axes, score));
  axes.forEach((axis, n) => picture.append(drawnAxis(axis, SIDE + n * STEP)));
  return holder.replaceChildren(picture);
}

function height(share) {
  return HEIGHT - FOOT - share * (HEIGHT - FOOT - TOP);
}

function line(run, axes, score) {
  const points = axes.map((axis, n) => `${SIDE + n * STEP},${height(axis.place(run[axis.name]))}`).join(" ");
  const out = axes.some((axis) => !crosses(axis, run));
  const node = svg("polyline", {
    points, class: out ? "run out" : "run", "data-run": run.id,
    onpointerenter: () => point(run.id, true), onpointerleave: () => point(run.id, false),
  }, svg("title", {}, `${run.folder}  ${run.score.toFixed(4)}`));
  // From blue over green to yellow, readable without telling red from green.
  if (!out) node.style.stroke = `hsl(${225 - 175 * score.place(run.score)} 70% ${38 + 12 * score.place(run.score)}%)`;
  return node;
}

function crosses(axis, run) {
  const kept = state.kept.get(axis.name);
  const share = axis.place(run[axis.name]);
  return !kept || (kept[0] <= share && share <= kept[1]);
}

function drawnAxis(axis, x) {
  const kept = state.kept.get(axis.name);
  return svg("g", { "data-axis": axis.name },
    svg("text", { x, y: 14, "text-anchor": "middle", class: "name" }, shortened(axis.name, 22), svg("title", {}, axis.name)),
    svg("line", { x1: x, x2: x, y1: height(0), y2: height(1), class: "axis" }),
    axis.marks.map(([share, text]) => svg("text", { x: x + 6, y: height(share) + 4 }, shortened(text, 20), svg("title", {}, text))),
    kept ? [svg("rect", { x: x - 7, width: 14, y: height(kept[1]), height: height(kept[0]) - height(kept[1]), class: "brush" })] : [],
    // Beyond both ends, so that the best run can be caught too.
    svg("rect", { x: x - 12, width: 24, y: height(1) - 12, height: height(0) - height(1) + 24, class: "handle", onpointerdown: (event) => brush(axis.name, event) }),
  );
}

/** Keep what the pointer passes over on an axis, all again after a mere click. */
function brush(name, event) {
  const top = event.currentTarget.ownerSVGElement.getBoundingClientRect().top;
  const share = (moved) => Math.min(1, Math.max(0, (HEIGHT - FOOT - (moved.clientY - top)) / (HEIGHT - FOOT - TOP)));
  const from = share(event), end = new AbortController();
  const move = (moved) => {
    const to = share(moved);
    if (Math.abs(to - from) > 0.02) state.kept.set(name, [Math.min(from, to), Math.max(from, to)]);
    draw();
  };
  state.kept.delete(name);
  addEventListener("pointermove", move, { signal: end.signal });
  addEventListener("pointerup", (moved) => { move(moved); end.abort(); }, { signal: end.signal });
}

function shortened(text, most) {
  return text.length > most ? `…${text.slice(1 - most)}` : text;
}
