// Loaded before anything is drawn. Bokeh 3.9 asks the browser's style sheets for a "--bk-..."
// variable, for every property of every axis, title and frame, each time it paints: a third
// of what a new star costs. No sheet here has one. Later versions ask less (bokeh/bokeh#15286).
(() => {
  let visual = null;
  try {
    visual = Bokeh.require("core/visuals/visual").VisualProperties.prototype;
  } catch {
    return;  // another Bokeh, which paints in its own way
  }
  if ("_get_css_value" in visual) visual._get_css_value = () => "";
})();
