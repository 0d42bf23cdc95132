// The numbers beside the fit, a table for each model, and in words what is shown.
export function render({model}) {
  const sentence = h("p.visually-hidden");
  const tables = h("div");
  const all = h("div.all");
  const row = ([symbol, title, text, spare]) => h(spare ? "tr.spare" : "tr", {}, h("th", {scope: "row", title}, symbol), h("td", {}, text));
  const table = ({name, token, rows}) =>
    h("table", {}, h("caption", {style: `color: var(--${token})`}, name), h("tbody", {}, rows.map(row)));
  const draw = () => {
    const state = model.state;
    sentence.textContent = state.sentence;
    tables.replaceChildren(...state.models.map(table));
    all.textContent = state.good;
  };
  model.on("state", draw);
  draw();
  return h("div.numbers", {role: "region", "aria-label": "Quality of the fits"}, sentence, tables, all, h("div.foot", {}, "z of all pixels", h("br"), "vs N(0, 1)"));
}
