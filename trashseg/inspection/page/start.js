const SECTIONS = {
  overview: drawOverview, classes: drawClasses, sizes: drawSizes, positions: drawPositions, together: drawTogether,
  images: drawImages, scenes: drawScenes, problems: drawProblems, gallery: drawGallery,
};

/** Write everything in the page's language. */
function draw() {
  document.documentElement.lang = state.language;
  document.title = `${DATA.title} – ${t("brand")}`;
  document.querySelectorAll("[data-t]").forEach((node) => { node.textContent = t(node.dataset.t); });
  document.querySelectorAll("[data-t-label]").forEach((node) => {
    node.setAttribute("aria-label", t(node.dataset.tLabel));
    if (node.tagName === "BUTTON") node.title = t(node.dataset.tLabel);
  });
  const other = state.language === "ko" ? "en" : "ko";
  const language = document.getElementById("language");
  language.textContent = TEXTS[other]["language"];
  language.lang = other;
  document.getElementById("nav").replaceChildren(...Object.keys(SECTIONS).map((id) => el("a", { href: `#${id}` }, t(`${id}.title`))));
  Object.values(SECTIONS).forEach((drawSection) => drawSection());
}

document.getElementById("language").addEventListener("click", () => {
  state.language = state.language === "ko" ? "en" : "ko";
  draw();
});

document.getElementById("theme").addEventListener("click", () => {
  const dark = state.theme ? state.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  state.theme = dark ? "light" : "dark";
  document.documentElement.dataset.theme = state.theme;
});

draw();
