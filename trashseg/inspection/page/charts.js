/** Bars of one class a row. `rows` are {k, bars: [{share, text, part}]}; the longest bar fills the width. */
function classBars(rows, label) {
  const longest = Math.max(1e-9, ...rows.flatMap((row) => row.bars.map((bar) => bar.share)));
  const lines = rows.map((row) =>
    el("tr", {},
      el("th", { scope: "row" }, swatch(row.k), className(row.k)),
      el("td", {}, row.bars.map((bar) =>
        el("div", { class: "measure" },
          el("span", { class: "track" }, el("span", { class: `fill part${bar.part}`, style: `width:${(100 * bar.share) / longest}%` })),
          el("span", { class: "value" }, bar.text),
        ),
      )),
    ),
  );
  return el("table", { class: "bars", "aria-label": label }, el("tbody", {}, lines));
}

/** Columns with labels below; drawn at the width that there is, so that the text keeps its size. */
function columns(values, labels, label, color = "var(--accent)") {
  const holder = el("div", { class: "chart" });
  const draw = () => holder.replaceChildren(columnsAt(holder.clientWidth || 320, values, labels, label, color));
  new ResizeObserver(draw).observe(holder);
  return holder;
}

function columnsAt(width, values, labels, label, color) {
  const height = 190, bottom = 26, top = 18;
  const step = width / values.length;
  const largest = Math.max(1, ...values);
  const room = Math.ceil((7 * Math.max(...labels.map((text) => text.length)) + 6) / step);
  const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  values.forEach((value, n) => {
    const tall = ((height - bottom - top) * value) / largest;
    const middle = (n + 0.5) * step;
    const bar = svg("rect", { x: n * step + step * 0.08, y: height - bottom - tall, width: step * 0.84, height: tall, rx: Math.min(3, step / 4), fill: color });
    bar.append(svg("title", {}, `${labels[n]}: ${count(value)}`));
    picture.append(bar);
    if (value && step > 8 * String(value).length)
      picture.append(svg("text", { x: middle, y: height - bottom - tall - 5, class: "on" }, count(value)));
    if (n % room === 0) picture.append(svg("text", { x: middle, y: height - 8 }, labels[n]));
  });
  picture.append(svg("line", { x1: 0, x2: width, y1: height - bottom + 0.5, y2: height - bottom + 0.5, class: "axis" }));
  return picture;
}

/** From dark blue over green to yellow, readable without telling red from green. Shares 0..1. */
const HEAT = [[20, 22, 50], [38, 66, 120], [30, 122, 134], [82, 178, 108], [242, 226, 92]];

function heatColor(share) {
  const place = Math.min(0.9999, Math.max(0, share)) * (HEAT.length - 1);
  const first = Math.floor(place);
  return HEAT[first].map((low, c) => Math.round(low + (HEAT[first + 1][c] - low) * (place - first)));
}

/** A square map of grid x grid shares, the highest of which is brightest. */
function heatMap(shares, grid, label) {
  const canvas = el("canvas", { width: grid, height: grid, class: "heat", role: "img", "aria-label": label });
  const largest = Math.max(1e-12, ...shares);
  const pixels = new ImageData(grid, grid);
  shares.forEach((share, n) => pixels.data.set([...heatColor(share / largest), 255], 4 * n));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}

/** How often classes occur in one photograph: the share of the row's photographs colours a cell. */
function matrix(counts, members, label) {
  const head = el("tr", {}, el("td", {}), members.map((k) =>
    el("th", { scope: "col" }, el("span", {}, swatch(k), className(k))),
  ));
  const lines = members.map((row) =>
    el("tr", {}, el("th", { scope: "row" }, swatch(row), className(row)), members.map((column) => {
      const share = counts[row][row] ? counts[row][column] / counts[row][row] : 0;
      const alpha = row === column ? 0 : Math.round(90 * share);
      const explained = t("together.cell", { a: className(row), b: className(column), n: counts[row][column], share: percent(share) });
      return el("td", { class: row === column ? "same" : "", style: `--heat:${alpha}%`, title: explained }, count(counts[row][column]));
    })),
  );
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    el("table", { class: "matrix" }, el("thead", {}, head), el("tbody", {}, lines)));
}
