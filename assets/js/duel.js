// One star by every model and by its reference, labels that disagree most first.
export function render({model}) {
  const head = h("tr"), fit = h("tr.fit"), body = h("tbody"), note = h("div.note.muted");
  const look = ({title, short, glyph, token}) => h("th", {scope: "col"}, h("span", {style: `color: var(--${token})`, "aria-hidden": "true"}, `${glyph} `), h("span", {title}, short ?? title));
  const row = ({title, unit, reference, cells, worst, loud, pair}) => h("tr", {},
    h("th", {scope: "row"}, h("span.strong", {}, title), unit ? h("span.faint", {}, ` / ${unit}`) : null),
    cells.map((text) => h("td", {}, text)), h("td.muted", {}, reference),
    h(`td.worst${loud ? ".loud" : ""}`, {title: pair}, loud ? icon("warning", 13) : null, worst || "—", pair ? h("span.visually-hidden", {}, ` ${pair}`) : null));
  const draw = () => {
    const {models, rows, pixels, notes} = model.state;
    head.replaceChildren(h("th", {scope: "col"}, "label"), ...models.map(look), h("th", {scope: "col"}, "◇ reference"), h("th.worst", {scope: "col", title: "largest difference of two of them, in joint sigmas"}, "Δ/σ"));
    fit.replaceChildren(h("th", {scope: "row"}, "χ²/ν"), ...models.map(({chi2}) => h("td", {}, chi2)), h("td"), h("td"));
    body.replaceChildren(...(models.length ? [fit] : []), ...rows.map(row));
    note.textContent = [...notes, models.length ? `χ²/ν of photon noise alone, on the ${pixels} pixels that all models cover; fits share their noise, so Δ/σ between models is a lower bound` : ""].filter(Boolean).join(" · ");
  };
  model.on("state", draw);
  draw();
  return h("section.duel", {"aria-label": "Model duel"},
    h("div.scroll", {tabindex: 0, role: "region", "aria-label": "Labels by every model"}, h("table", {}, h("thead", {}, head), body)), note);
}
