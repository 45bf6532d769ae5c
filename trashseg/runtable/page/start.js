function draw() {
  drawPlot();
  drawTable();
}

function start() {
  const verbs = [...new Set(RUNS.map((run) => run.verb))].sort();
  const scored = (verb) => RUNS.filter((run) => run.verb === verb && run.score !== null).length;
  // Runs of different verbs share few keys: one verb to begin with, that with most to compare.
  state.verb = [...verbs].sort((a, b) => scored(b) - scored(a))[0];
  const select = document.getElementById("verb");
  select.append(el("option", { value: "" }, "all"), ...verbs.map((verb) => el("option", { value: verb }, verb)));
  select.value = state.verb;
  select.addEventListener("change", () => { state.verb = select.value; state.kept.clear(); draw(); });
  document.getElementById("clear").addEventListener("click", () => { state.kept.clear(); draw(); });
  draw();
}

start();
