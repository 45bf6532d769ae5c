const SPOTTED = ["box", "sliver"];

/** A picture with the outlines of its photograph's objects over it. `view` is {box, picture}. */
function pictureOf(view, photograph, marked = []) {
  const [x, y, width, height] = view.box;
  const frame = svg("svg", { viewBox: view.box.join(" "), class: "picture", role: "img", "aria-label": photograph.name });
  frame.append(svg("image", { href: view.picture, x, y, width, height, preserveAspectRatio: "none" }));
  photograph.objects.forEach((object, n) => {
    const kind = marked.length === 0 ? "" : marked.includes(n) ? " marked" : " aside";
    frame.append(svg("g", { class: `outline${kind}`, "data-object": n, style: `--color:${classColor(object.class)}` },
      svg("path", { d: object.path, class: "casing" }), svg("path", { d: object.path, class: "line" })));
  });
  if (SPOTTED.includes(view.rule)) frame.append(frameAround(view.spot));
  return frame;
}

/** A dashed frame: the box that the file lists, or around a part too small to be seen. */
function frameAround([left, top, right, bottom]) {
  const room = Math.max(0, 12 - (right - left), 12 - (bottom - top)) / 2;
  const frame = { x: left - room, y: top - room, width: right - left + 2 * room, height: bottom - top + 2 * room };
  return svg("rect", { ...frame, class: "spot" });
}

/** The folder and the file of a name, to be broken behind the folder. */
function shortName(name) {
  const pieces = name.split("/").slice(-2);
  return pieces.length === 2 ? [`${pieces[0]}/`, el("wbr"), pieces[1]] : pieces;
}

/** The sentence that says what is wrong, with its numbers. */
function findingText(finding) {
  const photograph = DATA.photographs[finding.photo];
  const [a, b] = finding.objects.map((n) => className(photograph.objects[n].class));
  const values = Object.entries(finding.values).map(([name, value]) =>
    [name, name === "share" ? percent(value) : count(value, name === "thickness" ? 2 : 0)]);
  return t(`finding.${finding.rule}`, { a, b, ...Object.fromEntries(values) });
}

function ruleText(rule) {
  const limits = Object.entries(FIGURES.limits).map(([name, value]) =>
    [name, ["area", "overlap", "twice"].includes(name) ? percent(value) : count(value, 2)]);
  return t(`rule.${rule}.text`, Object.fromEntries(limits));
}

const PAIRS_AT_FIRST = 6;

function drawScenes() {
  const scenes = FIGURES.scenes;
  if (!scenes) return section("scenes", el("p", {}, t("scenes.skipped")));
  if (!scenes.pairs) return section("scenes", el("p", { class: "none" }, t("scenes.none")));
  const crossing = sum(scenes.crossing.map((entry) => entry.pairs));
  const grid = el("div", { class: "pairs" });
  return section("scenes",
    el("p", {}, t("scenes.counts", { n: scenes.groups, pairs: scenes.pairs, largest: scenes.largest, crossing })),
    el("p", { class: "caption" }, t("scenes.shown", { n: DATA.pairs.length, all: scenes.pairs })),
    grid, more(grid, DATA.pairs.map((pair) => () => pairCard(pair)), PAIRS_AT_FIRST, false));
}

function pairCard({ photos, kind, score, reason }) {
  const agreement = score > 1 ? t("scenes.points", { n: score }) : t("scenes.alike", { share: percent(score) });
  const said = kind === "series" ? t("scenes.series") : `${t(`scenes.${kind}`)} · ${agreement}`;
  const parts = photos.map((place) => DATA.photographs[place].part);
  const apart = parts[0] !== parts[1];
  return el("figure", { class: apart ? "pair apart" : "pair" },
    el("div", {}, photos.map((place) => {
      const photograph = DATA.photographs[place];
      return el("button", { type: "button", class: "card", onclick: () => openViewer(photos.map((p) => ({ photo: p })), photos.indexOf(place)) },
        pictureOf(photograph, photograph), el("span", { class: `badge part${photograph.part}` }, partName(photograph.part)),
        el("span", { class: "name" }, shortName(photograph.name)));
    })),
    el("figcaption", { title: reason }, el("b", {}, t(apart ? "scenes.apart" : "scenes.together")), ` ${said}`));
}

function drawProblems() {
  const rules = Object.entries(FIGURES.problems).sort((a, b) => (b[1] > 0) - (a[1] > 0));
  section("problems", el("div", { class: "rules" }, rules.map(([rule, found]) => {
    const own = DATA.findings.filter((finding) => finding.rule === rule);
    const show = () => {
      setFilter({ rule, class: "", part: "" });
      document.getElementById("gallery").scrollIntoView();
    };
    return el("article", { class: found ? "rule" : "rule none" },
      el("h3", {}, t(`rule.${rule}.name`), el("b", {}, count(found))),
      el("p", {}, ruleText(rule)),
      own.length ? el("div", { class: "strip" }, own.slice(0, 4).map((finding, n) => findingCard(finding, own, n))) : null,
      own.length ? el("button", { type: "button", class: "more", "data-rule": rule, onclick: show }, t("problems.show", { n: own.length })) : null);
  })));
}

function findingCard(finding, list, n) {
  const photograph = DATA.photographs[finding.photo];
  return el("button", { type: "button", class: "card", onclick: () => openViewer(list, n) },
    pictureOf(finding, photograph, finding.objects), el("span", { class: `badge part${photograph.part}` }, partName(photograph.part)),
    el("span", { class: "name" }, findingText(finding)));
}

function photographCard(photograph, list, n) {
  const classes = Object.entries(photograph.shares).sort((a, b) => b[1] - a[1]);
  return el("button", { type: "button", class: "card", onclick: () => openViewer(list, n) },
    pictureOf(photograph, photograph), el("span", { class: `badge part${photograph.part}` }, partName(photograph.part)),
    el("span", { class: "name" }, shortName(photograph.name)),
    el("span", { class: "kinds" }, classes.slice(0, 3).map(([k, share]) => el("span", {}, swatch(k), percent(share)))));
}
