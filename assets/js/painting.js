// How Bokeh paints, where its own way is slow or wrong.

// Bokeh clears a canvas but for its outermost pixels, which would keep the old theme.
function clearFigures() {
  for (const figure of Bokeh.documents[0]?._all_models.values() ?? []) {
    if (figure.type !== "Figure") continue;
    const layer = Bokeh.index.find_one_by_id(figure.id)?.canvas_view?.primary;
    if (!(layer?.canvas instanceof HTMLCanvasElement)) continue;
    layer.undo_transform((context) => context.clearRect(0, 0, layer.canvas.width, layer.canvas.height));
  }
}

// Bokeh 3.9 asks the browser's style sheets for a "--bk-..." variable, for every property of
// every axis, title and frame, each time it paints: a third of what a new star costs. No
// sheet here has one. Later versions of Bokeh ask less (bokeh/bokeh#15286).
function paintWithoutStyleSheets() {
  let visual = null;
  try {
    visual = Bokeh.require("core/visuals/visual").VisualProperties.prototype;
  } catch {
    return;  // another Bokeh, which paints in its own way
  }
  if ("_get_css_value" in visual) visual._get_css_value = () => "";
}

