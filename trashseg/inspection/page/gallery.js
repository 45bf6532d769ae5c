const CHUNK = 24;
const problemsOf = DATA.photographs.map(() => []);
DATA.findings.forEach((finding) => problemsOf[finding.photo].push(finding));

/** Return what the filter lets through, the most telling first: findings of a rule, or photographs. */
function filtered({ rule, class: k, part }) {
  const fits = (photo) => part === "" || DATA.photographs[photo].part === Number(part);
  if (rule)
    return DATA.findings.filter((finding) => finding.rule === rule && fits(finding.photo) &&
      (k === "" || finding.objects.some((n) => DATA.photographs[finding.photo].objects[n].class === Number(k))));
  const share = (photo) => DATA.photographs[photo].shares[k] ?? 0;
  const telling = (photo) => 1000 * problemsOf[photo].length + DATA.photographs[photo].objects.length;
  const score = k === "" ? telling : share;
  return DATA.photographs.map((_, photo) => ({ photo }))
    .filter(({ photo }) => fits(photo) && (k === "" || share(photo) > 0))
    .sort((a, b) => score(b.photo) - score(a.photo));
}

/** Return how many the whole data set has of what the filter asks for; null where that was not counted. */
function inAll({ rule, class: k, part }) {
  const parts = part === "" ? PARTS.map((_, n) => n) : [Number(part)];
  if (rule) return k === "" && part === "" ? FIGURES.problems[rule] : null;
  return sum(parts.map((n) => (k === "" ? PARTS[n].photographs : CLASSES[k].photographs[n])));
}

function setFilter(changes) {
  Object.assign(state.filter, changes);
  drawGallery();
}

function drawGallery() {
  const { filter } = state;
  const rules = Object.entries(FIGURES.problems).filter(([rule]) => DATA.findings.some((finding) => finding.rule === rule));
  const list = filtered(filter);
  const all = inAll(filter);
  const grid = el("div", { class: "grid", id: "cards" });
  section("gallery",
    el("div", { class: "filters" },
      menu("class", t("filter.class"), [["", t("all_classes")], ...OBJECT_CLASSES.map((k) => [String(k), className(k)])]),
      menu("rule", t("filter.rule"), [["", t("filter.any_rule")], ...rules.map(([rule]) => [rule, t(`rule.${rule}.name`)])]),
      menu("part", t("filter.part"), [["", t("filter.any_part")], ...PARTS.map((_, n) => [String(n), partName(n)])]),
      el("label", { class: "check" }, outlineSwitch(), t("filter.outlines"))),
    el("p", { class: "caption", id: "shown", role: "status" }, all === null ? t("gallery.shown", { n: list.length }) : t("gallery.shown_of", { n: list.length, all })),
    grid, more(grid, list.map((entry, n) => () => galleryCard(entry, list, n)), CHUNK, true));
}

function galleryCard(entry, list, n) {
  return entry.rule ? findingCard(entry, list, n) : photographCard(DATA.photographs[entry.photo], list, n);
}

function menu(name, label, options) {
  const select = el("select", { id: `filter-${name}`, onchange: (event) => { setFilter({ [name]: event.target.value }); document.getElementById(`filter-${name}`).focus(); } },
    options.map(([value, text]) => el("option", { value, selected: value === state.filter[name] }, text)));
  return el("label", {}, el("span", {}, label), select);
}

function outlineSwitch() {
  const change = (event) => { state.outlines = event.target.checked; showOutlines(); };
  return el("input", { type: "checkbox", checked: state.outlines, onchange: change });
}

function showOutlines() {
  document.body.classList.toggle("plain-pictures", !state.outlines);
  document.querySelectorAll("label.check input").forEach((input) => { input.checked = state.outlines; });
}
