const viewer = document.getElementById("viewer");
let viewed = { list: [], place: 0 };

/** Show one entry of a list; entries are findings or {photo}. The arrow keys walk through the list. */
function openViewer(list, place) {
  viewed = { list, place };
  drawViewer();
  if (!viewer.open) viewer.showModal();
}

function step(by) {
  const place = viewed.place + by;
  if (place >= 0 && place < viewed.list.length) openViewer(viewed.list, place);
}

function drawViewer() {
  const { list, place } = viewed;
  const entry = list[place];
  const photograph = DATA.photographs[entry.photo];
  const marked = entry.rule ? entry.objects : [];
  const close = entry.rule && entry.objects.length > 0;
  viewer.replaceChildren(
    el("div", { class: "viewer-bar" },
      button("‹", "viewer.previous", () => step(-1), place === 0),
      el("span", {}, `${count(place + 1)} / ${count(list.length)}`),
      button("›", "viewer.next", () => step(1), place === list.length - 1),
      el("label", { class: "check" }, outlineSwitch(), t("filter.outlines")),
      button("×", "viewer.close", () => viewer.close(), false)),
    el("h2", { id: "viewer-name" }, photograph.name),
    el("p", { class: "caption" }, `${partName(photograph.part)} · ${photograph.size[1]}×${photograph.size[0]}`),
    problemList(entry.photo),
    el("div", { class: close ? "views two" : "views" },
      pictureOf(photograph, photograph, marked), close ? pictureOf(entry, photograph, marked) : null),
    objectTable(photograph));
  // What had the focus was replaced; without it the arrow keys would go nowhere.
  viewer.focus();
}

function button(text, label, onclick, disabled) {
  return el("button", { type: "button", "aria-label": t(label), title: t(label), disabled, onclick }, text);
}

function problemList(photo) {
  if (!problemsOf[photo].length) return null;
  return el("ul", { class: "notes" }, problemsOf[photo].map((finding) =>
    el("li", { class: "warn" }, el("b", {}, t(`rule.${finding.rule}.name`)), " ", findingText(finding))));
}

function objectTable(photograph) {
  if (!photograph.objects.length) return el("p", { class: "none" }, t(PARTS[photograph.part].labelled ? "viewer.no_objects" : "viewer.no_labels"));
  const head = ["viewer.class", "viewer.area", "viewer.id"].map((key) => el("th", { scope: "col" }, t(key)));
  const rows = photograph.objects.map((object, n) =>
    el("tr", { tabindex: "0", onmouseenter: () => point(n), onfocus: () => point(n), onmouseleave: () => point(null), onblur: () => point(null) },
      el("th", { scope: "row" }, swatch(object.class), className(object.class)), el("td", {}, count(object.area)), el("td", {}, String(object.id))));
  return el("table", { class: "plain objects" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows));
}

/** Make one object's outline stand out; null for none. */
function point(n) {
  viewer.querySelectorAll(".outline").forEach((outline) =>
    outline.classList.toggle("pointed", outline.dataset.object === String(n)));
}

viewer.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") step(-1);
  if (event.key === "ArrowRight") step(1);
});
viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
