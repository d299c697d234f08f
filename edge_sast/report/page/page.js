"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const players = JSON.parse(document.getElementById("players").textContent);
  const all = (where, what) => [...where.querySelectorAll(what)];
  const make = (name, text = "") => { const made = document.createElement(name); made.textContent = text; return made; };
  const hidden = new Set();  // labels whose boxes are not ticked
  const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "cross", "wye"];
  const COLOURS = 8;

  // Tables: a button in each heading, which every keyboard reaches.
  const valueOf = cell => {
    const text = cell.dataset.v ?? cell.textContent;
    if (text === "") return null;
    const number = Number(text.replaceAll(",", ""));
    return Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  function sort(table, heading) {
    const place = heading.cellIndex, down = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    all(table, "thead th").forEach(other => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down < 0 ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map(row => [valueOf(row.cells[place]), row]);
    rows.sort(([a], [b]) => (a === null) - (b === null) || (a === null ? 0 : down * compare(a, b)));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }
  function sortable(table) {
    for (const heading of all(table, "thead th")) {
      const button = make("button", heading.textContent);
      button.type = "button";
      button.onclick = () => sort(table, heading);
      heading.replaceChildren(button);
    }
  }
  all(document, "table:not(.fixed)").forEach(sortable);
  for (const cell of all(document, "td")) if (/^(DIFFERS|TOO SLOW)$/.test(cell.textContent)) cell.className = "bad";

  // Charts.
  const shownOf = spec => spec.series.map((series, place) => ({ ...series, place })).filter(series => !hidden.has(series.run));
  const runs = [...new Set(charts.flatMap(spec => spec.series.map(series => series.run)).filter(Boolean)), ""];
  function look(spec, series) {  // a run has its colour in every chart; several series of one run have colours of their own
    const same = spec.series.filter(each => each.run === series.run && each.dashed === series.dashed);
    const number = runs.indexOf(series.run) + runs.length * same.findIndex(each => each.name === series.name);
    return { colour: `var(--c${number % COLOURS})`, symbol: SYMBOLS[(number + Math.floor(number / COLOURS)) % SYMBOLS.length] };
  }
  const heightOf = series => series.kind === "bar" ? d => d[2] : d => d[1];
  const placeOf = series => series.kind === "bar" ? d => (d[0] + d[1]) / 2 : d => d[0];
  const short = value => typeof value === "number" ? value.toLocaleString("en", { maximumSignificantDigits: 5 }) : value;

  function marksOf(spec, series, order, total) {
    const { colour, symbol } = look(spec, series), y = heightOf(series);
    if (series.kind === "bar") return [Plot.rectY(series.points, { x1: d => d[0], x2: d => d[1], y, fill: colour, fillOpacity: 0.6 })];
    const dx = spec.x.scale === "band" ? (order - (total - 1) / 2) * Math.min(9, 60 / total) : 0;
    const stroke = spec.series.some(each => each.kind === "bar") ? "currentColor" : colour;
    const wide = series.points.filter(d => d.length > 3);
    const marks = [Plot.ruleX(wide, { x: d => d[0], y1: d => d[2], y2: d => d[3], stroke, strokeWidth: 1.5, dx })];
    if (series.kind === "line") marks.push(Plot.line(series.points, { x: d => d[0], y, stroke, strokeWidth: 1.7, strokeDasharray: series.dashed ? "4 3" : null }));
    if (series.kind === "dot" || spec.series.every(each => each.points.length <= 12)) marks.push(Plot.dot(series.points, { x: d => d[0], y, fill: stroke, symbol, r: 4, dx }));
    return marks;
  }
  function axisOf(spec, width, places) {
    if (spec.x.scale === "band") return { label: spec.x.label, type: "point", domain: places, padding: 0.5 };
    const wide = spec.x.scale === "log" && Math.max(...places) > 20 * Math.min(...places);
    const whole = places.length <= 10 && places.every(Number.isInteger) && Math.max(...places) <= 50;
    const ticks = whole ? [...places].sort((a, b) => a - b) : Math.max(3, Math.min(8, width / 80));
    return { label: spec.x.label, type: wide ? "log" : "linear", grid: true, ticks, tickFormat: whole ? "d" : undefined, nice: spec.x.scale === "log" };
  }
  function toldOf(spec, series) {
    const x = placeOf(series), y = heightOf(series);
    return series.points.map((d, number) => ({ x: x(d), y: y(d), title: [series.name, series.names[number], `${spec.x.label}: ${short(x(d))}`, `${spec.y.label}: ${short(y(d))}`].filter(Boolean).join("\n") }));
  }
  function plotted(spec, width) {
    const shown = shownOf(spec), bars = shown.some(series => series.kind === "bar");
    const places = [...new Set(spec.series.flatMap(series => series.points.map(placeOf(series))))];
    const told = shown.flatMap(series => toldOf(spec, series));
    return Plot.plot({
      width, height: 260, marginLeft: 56, marginRight: 20, marginBottom: 40,
      x: axisOf(spec, width, places),
      y: { label: spec.y.label, type: spec.y.scale, grid: true, nice: true, zero: bars },
      marks: [
        ...(bars ? [Plot.ruleY([0])] : []),
        ...shown.flatMap((series, order) => marksOf(spec, series, order, shown.length)),
        ...spec.rules.flatMap(([at, name], number) => [Plot.ruleX([at], { stroke: "var(--bad)", strokeDasharray: "5 3" }), Plot.text([at], { x: d => d, text: () => (number && spec.rules[number - 1][1] === name ? "" : name), frameAnchor: "top", textAnchor: "end", dx: -4, dy: 2 + 13 * (number % 3), fill: "var(--bad)" })]),
        Plot.tip(told, Plot.pointer({ x: "x", y: "y", title: "title", fill: "var(--back)" })),
      ],
    });
  }
  function legendOf(spec) {
    const list = make("ul");
    list.className = "legend";
    for (const series of shownOf(spec)) {
      const { colour, symbol } = look(spec, series), item = make("li");
      const stroke = series.kind !== "bar" && spec.series.some(each => each.kind === "bar") ? "currentColor" : colour;
      const line = `<line x1="0" x2="22" y1="6" y2="6" stroke="${stroke}" stroke-width="${series.kind === "bar" ? 10 : 2.5}" ${series.dashed ? 'stroke-dasharray="4 3"' : ""}/>`;
      const dot = `<path transform="translate(11,6)" d="${d3.symbol(d3[`symbol${symbol[0].toUpperCase()}${symbol.slice(1)}`], 60)()}" fill="${stroke}"/>`;
      item.innerHTML = `<svg width="22" height="12" aria-hidden="true">${series.kind === "dot" ? dot : line}</svg>`;
      item.append(series.name);
      list.append(item);
    }
    return list;
  }
  const drawn = new Set();
  function draw(figure) {
    const spec = charts[figure.dataset.chart], place = figure.querySelector(".plot");
    figure.hidden = shownOf(spec).length === 0;
    drawn.add(figure);
    if (figure.hidden) return;
    const picture = plotted(spec, Math.max(280, place.clientWidth));
    picture.setAttribute("aria-hidden", "true");  // the text of its place says it
    place.replaceChildren(...(spec.series.length > 1 ? [legendOf(spec)] : []), picture);
    if (figure.querySelector("details").open) listed(figure);
  }
  function listed(figure) {  // what a chart shows, as a table
    const spec = charts[figure.dataset.chart], shown = shownOf(spec), scroll = make("div"), table = make("table");
    const wide = shown.some(series => series.kind !== "bar" && series.points.some(d => d.length > 3)), bars = spec.series.some(series => series.kind === "bar");
    const named = shown.some(series => series.names.length);
    const head = table.createTHead().insertRow(), body = table.createTBody();
    for (const name of ["series", ...(named ? ["what"] : []), spec.x.label, spec.y.label, ...(wide ? ["low", "high"] : [])]) { const cell = make("th", name); cell.scope = "col"; head.append(cell); }
    for (const series of shown) for (const [place, d] of series.points.entries()) {
      const row = body.insertRow(), first = make("th", series.name);
      first.scope = "row";
      row.append(first);
      if (named) row.insertCell().textContent = series.names[place] ?? "";
      const ends = series.kind === "bar" ? [`${short(d[0])} to ${short(d[1])}`, d[2]] : [d[0], d[1], ...(wide ? [d[2] ?? "", d[3] ?? ""] : [])];
      ends.forEach((value, number) => { const cell = row.insertCell(); cell.textContent = short(value); cell.dataset.v = number || !(series.kind === "bar") ? value : d[0]; if (typeof value === "number") cell.className = "n"; });
    }
    table.createCaption().textContent = spec.title + (bars ? ", shares of each range" : "");
    scroll.className = "scroll"; scroll.tabIndex = 0;
    scroll.setAttribute("role", "group"); scroll.setAttribute("aria-label", `figures of ${spec.title}`);
    scroll.append(table);
    sortable(table);
    const details = figure.querySelector("details");
    details.replaceChildren(details.querySelector("summary"), scroll);
  }
  const figures = all(document, "figure.chart");
  const near = new IntersectionObserver(seen => { for (const each of seen) if (each.isIntersecting && !drawn.has(each.target)) draw(each.target); }, { rootMargin: "400px" });
  for (const figure of figures) {
    near.observe(figure);
    figure.querySelector("details").addEventListener("toggle", event => { if (event.target.open) listed(figure); });
  }
  addEventListener("beforeprint", () => figures.filter(figure => !drawn.has(figure)).forEach(draw));
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; drawn.forEach(draw); } });

  // Recordings: the page that plays one is made when it is asked for.
  for (const details of all(document, ".player")) {
    details.addEventListener("toggle", () => {
      if (!details.open || details.querySelector("iframe")) return;
      const frame = make("iframe");
      frame.title = details.querySelector("summary").textContent;
      frame.srcdoc = players[details.dataset.player];
      frame.onload = () => {
        const fit = () => { frame.style.height = `${frame.contentDocument.body.offsetHeight + 40}px`; };
        new ResizeObserver(fit).observe(frame.contentDocument.body);
      };
      details.append(frame);
    });
  }

  // Which runs are shown.
  const form = document.getElementById("filter");
  form?.addEventListener("change", () => {
    hidden.clear();
    for (const box of all(form, "input")) if (!box.checked) hidden.add(box.value);
    for (const each of all(document, "[data-run]")) each.hidden = hidden.has(each.dataset.run);
    for (const block of all(document, ".block")) block.hidden = all(block, "tbody tr").length > 0 && all(block, "tbody tr:not([hidden])").length === 0;
    for (const figure of figures) { figure.hidden = shownOf(charts[figure.dataset.chart]).length === 0; if (drawn.has(figure)) draw(figure); }
  });
})();
