function drawOverview() {
  const photographs = sum(PARTS.map((part) => part.photographs));
  const objects = sum(PARTS.map((part) => part.objects));
  const labelled = sum(LABELLED.map((n) => PARTS[n].photographs));
  const tiles = [
    [count(photographs), t("tile.photographs"), PARTS.map((part, n) => `${partName(n)} ${count(part.photographs)}`).join(" · ")],
    [count(objects), t("tile.objects"), t("tile.per_photograph", { mean: count(objects / Math.max(1, labelled), 1) })],
    [percent(1 - backgroundShare()), t("tile.covered"), t("tile.background", { share: percent(backgroundShare()) })],
    [count(sum(Object.values(FIGURES.problems))), t("tile.problems"), t("tile.rules", { n: Object.keys(FIGURES.problems).length })],
  ];
  section("overview",
    el("div", { class: "tiles" }, tiles.map(([value, name, detail]) =>
      el("div", { class: "tile" }, el("b", {}, value), el("span", {}, name), el("small", {}, detail)),
    )),
    el("ul", { class: "notes" }, notes().map(([kind, text]) => el("li", { class: kind }, text))),
  );
}

function backgroundShare() {
  const all = CLASSES.map((entry) => sum(entry.pixels));
  return all[0] / Math.max(1, sum(all));
}

/** With fewer photographs than this, one photograph moves the IoU of a class by more than models differ. */
const FEW = 5;

/** What to know before training, the gravest first. */
function notes() {
  const found = [];
  for (const { parts, pairs } of FIGURES.scenes ? FIGURES.scenes.crossing : []) {
    const key = parts.every((n) => PARTS[n].labelled) ? "note.leak" : "note.leak_test";
    found.push(["bad", t(key, { n: pairs, a: partName(parts[0]), b: partName(parts[1]) })]);
  }
  for (const n of LABELLED) {
    const photographs = (k) => CLASSES[k].photographs[n];
    const absent = OBJECT_CLASSES.filter((k) => photographs(k) === 0).map(className);
    const rare = OBJECT_CLASSES.filter((k) => photographs(k) > 0 && photographs(k) < FEW);
    const counted = rare.map((k) => `${className(k)} (${count(photographs(k))})`);
    if (absent.length) found.push(["bad", t("note.absent", { n: absent.length, classes: listed(absent), part: partName(n) })]);
    if (rare.length) found.push(["warn", t("note.rare", { n: FEW, classes: listed(counted), part: partName(n) })]);
  }
  const broken = sum(PARTS.map((part) => part.broken));
  if (broken) found.push(["warn", t("note.broken", { n: broken })]);
  if (FIGURES.other_objects) found.push(["info", t("note.others", { n: FIGURES.other_objects })]);
  const order = ["bad", "warn", "info"];
  found.sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
  return found.length ? found : [["good", t("note.none")]];
}

function drawClasses() {
  const measured = (k, n) => CLASSES[k][state.measure][n];
  const whole = (n) =>
    state.measure === "photographs" ? PARTS[n].photographs : sum(CLASSES.map((entry) => entry[state.measure][n]));
  const rows = OBJECT_CLASSES.map((k) => ({
    k,
    bars: LABELLED.map((n) => {
      const share = measured(k, n) / Math.max(1, whole(n));
      return { share, part: n, text: state.measure === "pixels" ? percent(share) : `${count(measured(k, n))} · ${percent(share)}` };
    }),
  }));
  const options = ["pixels", "objects", "photographs"].map((name) => [name, t(`measure.${name}`)]);
  const choose = (name) => { state.measure = name; drawClasses(); };
  section("classes", choice(t("classes.measure"), options, state.measure, choose), partLegend(LABELLED), classBars(rows, t("classes.title")));
}

function partLegend(members) {
  return el("p", { class: "legend" }, members.map((n) => el("span", {}, el("i", { class: `swatch part${n}`, "aria-hidden": "true" }), partName(n))));
}

function drawSizes() {
  const { edges, counts, small, medians, small_side } = FIGURES.sizes;
  const chosen = state.sizeClass;
  const members = OBJECT_CLASSES.filter((k) => sum(counts[k]) > 0);
  const values = chosen ? counts[chosen] : counts[0].map((_, bin) => sum(counts.map((row) => row[bin])));
  const labels = edges.slice(0, -1).map((edge) => String(edge));
  const total = sum(values);
  const smaller = chosen ? small[chosen] : sum(small);
  const name = chosen ? className(chosen) : t("all_classes");
  const caption = t("sizes.caption", { name, n: total, side: small_side, small: percent(smaller / Math.max(1, total)) }) +
    (chosen ? " " + t("sizes.median", { side: count(medians[chosen], 0) }) : "");
  const options = [[0, t("all_classes")], ...members.map((k) => [k, [swatch(k), className(k)]])];
  const choose = (k) => { state.sizeClass = k; drawSizes(); };
  const color = chosen ? classColor(chosen) : "var(--accent)";
  section("sizes", choice(t("sizes.title"), options, chosen, choose), columns(values, labels, caption, color),
    el("p", { class: "caption" }, caption), el("p", { class: "caption" }, t("sizes.axis", FIGURES.limits)));
}

function drawPositions() {
  const { grid, shares } = FIGURES.positions;
  const members = OBJECT_CLASSES.filter((k) => Math.max(...shares[k]) > 0);
  section("positions", el("div", { class: "maps" }, members.map((k) => {
    const top = percent(Math.max(...shares[k]));
    const label = t("positions.map", { class: className(k), top });
    return el("figure", {}, heatMap(shares[k], grid, label), el("figcaption", {}, swatch(k), className(k), el("small", {}, t("positions.top", { top }))));
  })));
}

function drawTogether() {
  const members = OBJECT_CLASSES.filter((k) => FIGURES.together[k][k] > 0);
  section("together", matrix(FIGURES.together, members, t("together.title")));
}

function drawImages() {
  const { objects, brightness, sizes, num_sizes, aspects } = FIGURES.photographs;
  const three = (values) => values.map((value) => value.toFixed(4)).join(", ");
  const channels = el("div", { class: "scroll" }, el("table", { class: "plain" },
    el("thead", {}, el("tr", {}, ["images.part", "images.mean", "images.std"].map((key) => el("th", { scope: "col" }, t(key))))),
    el("tbody", {}, PARTS.map((part, n) =>
      el("tr", {}, el("th", { scope: "row" }, partName(n)), el("td", {}, el("code", {}, three(part.mean))), el("td", {}, el("code", {}, three(part.std)))),
    ))));
  const shown = sizes.slice(0, 6).map(([height, width, n]) => `${width}×${height} (${count(n)})`).join(", ");
  const [least, middle, most] = aspects.map((aspect) => count(aspect, 2));
  section("images", channels,
    el("p", {}, t("images.sizes", { n: num_sizes, shown }), num_sizes > 1 ? ` ${t("images.aspects", { least, middle, most })}` : null),
    el("div", { class: "two" },
      el("div", {}, el("h3", {}, t("images.objects")), columns(...gathered(objects), t("images.objects"))),
      el("div", {}, el("h3", {}, t("images.brightness")), columns(brightness, brightness.map((_, n) => String(n * 16)), t("images.brightness"))),
    ));
}

/** Return counts and labels of a histogram whose long tail is put into one last column. */
function gathered(counts, most = 16) {
  if (counts.length <= most) return [counts, counts.map((_, n) => String(n))];
  const head = counts.slice(0, most - 1);
  return [[...head, sum(counts.slice(most - 1))], [...head.map((_, n) => String(n)), `${most - 1}+`]];
}
