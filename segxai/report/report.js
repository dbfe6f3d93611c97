// Hover or focus highlights a region in the picture and in its table; a click, Enter or Space switches it
// off and on. The page contains the table of coalitions, so no server is needed.
for (const figure of document.querySelectorAll("figure[data-explanation]")) {
  const data = JSON.parse(figure.dataset.explanation);
  const regions = [...figure.querySelectorAll(".sx-region")];
  const fills = [...figure.querySelectorAll(".sx-fill")];
  const rows = [...figure.querySelectorAll("tbody tr")];
  const halo = figure.querySelector(".sx-halo");
  const answer = figure.querySelector(".sx-answer");
  const off = new Set();

  const row = (k) => rows.find((r) => Number(r.dataset.region) === k);
  const light = (k, on) => {
    regions[k].classList.toggle("sx-lit", on);
    // Later regions cover half of a region's border, so its outline is drawn again on top.
    halo.setAttribute("d", on ? regions[k].getAttribute("d") : "");
    row(k)?.classList.toggle("sx-lit", on);
  };

  function showProbability() {
    let code = 0, sum = data.intercept;
    data.weights.forEach((weight, k) => { if (!off.has(k)) { code += 2 ** k; sum += weight; } });
    const names = [...off].map((k) => data.names[k]).join("; ");
    const value = data.values ? data.values[code].toFixed(3) : sum.toFixed(3) + " (the surrogate's estimate)";
    answer.textContent = off.size
      ? `P(${data.target}) without ${names}: ${value}. Whole photograph: ${data.full.toFixed(3)}.`
      : `P(${data.target}), whole photograph: ${data.full.toFixed(3)}.`;
  }

  function toggle(k) {
    off.has(k) ? off.delete(k) : off.add(k);
    const gone = off.has(k);
    fills[k].classList.toggle("sx-shown", gone);
    regions[k].classList.toggle("sx-off", gone);
    regions[k].setAttribute("aria-pressed", String(!gone));
    row(k)?.classList.toggle("sx-gone", gone);
    showProbability();
  }

  regions.forEach((region, k) => {
    for (const start of ["mouseenter", "focus"]) region.addEventListener(start, () => light(k, true));
    for (const end of ["mouseleave", "blur"]) region.addEventListener(end, () => light(k, false));
    region.addEventListener("click", () => toggle(k));
    region.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); toggle(k); }
    });
  });
  for (const r of rows) {
    const k = Number(r.dataset.region);
    r.addEventListener("mouseenter", () => light(k, true));
    r.addEventListener("mouseleave", () => light(k, false));
  }
  showProbability();
}
