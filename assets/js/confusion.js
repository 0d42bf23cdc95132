// Which element lines had, and which they were given: a matrix as a drawing, and as a
// table for those who read rather than see. Given to components after dom.js and save.js.

const CELL = 22, LEFT = 64, TOP = 40;

// {own, given, count, most, sentence} -> an <svg>; the diagonal is outlined.
function confusionDrawing({own, given, count, most, sentence}) {
  const width = LEFT + CELL * given.length + 8, height = TOP + CELL * own.length + 6;
  const text = (x, y, words, attributes = {}) => {
    const element = drawing("text", {x, y, "font-size": 11, fill: "var(--ink)", "text-anchor": "middle", ...attributes});
    element.textContent = words;
    return element;
  };
  const parts = [text(LEFT + CELL * given.length / 2, 12, "given to", {fill: "var(--ink2)"}),
    text(8, TOP - 8, "line of", {fill: "var(--ink2)", "text-anchor": "start"})];
  given.forEach((name, column) => parts.push(text(LEFT + CELL * (column + 0.5), TOP - 8, name)));
  own.forEach((name, row) => {
    const y = TOP + CELL * row;
    parts.push(text(LEFT - 8, y + 15, name === "none" ? "no line" : name, {"text-anchor": "end"}));
    given.forEach((other, column) => {
      const n = count[row][column], x = LEFT + CELL * column, right = name === other;
      const share = most ? n / most : 0;
      parts.push(drawing("rect", {x: x + 1, y: y + 1, width: CELL - 2, height: CELL - 2, rx: 3, fill: n ? "var(--control)" : "var(--page)", "fill-opacity": n ? 0.15 + 0.6 * share : 1,
        stroke: right ? "var(--ink2)" : "none"}));
      if (n) parts.push(text(x + CELL / 2, y + 15, String(n), {fill: share > 0.45 ? "var(--surface)" : "var(--ink)"}));
    });
  });
  return drawing("svg", {width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": sentence}, ...parts);
}

function confusionTable({own, given, count}) {
  return h("table.visually-hidden", {}, h("caption", {}, "Elements of hidden lines (rows) and the elements that they were given (columns)"),
    h("thead", {}, h("tr", {}, h("td"), given.map((name) => h("th", {scope: "col"}, name)))),
    h("tbody", {}, own.map((name, row) => h("tr", {}, h("th", {scope: "row"}, name), count[row].map((n) => h("td", {}, String(n)))))));
}
