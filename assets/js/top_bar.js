// The bar at the top: pages, what is loaded, open, help, theme.
export function render({model}) {
  const bar = h("nav.bar", {"aria-label": "Pages"});
  const draw = () => {
    const {pages, page, data, dark, training} = model.state;
    const tabs = pages.map(([name, title]) =>
      h("button.tab", {"aria-current": name === page ? "page" : null, onclick: () => model.send_msg({command: "page", value: name})}, title));
    const logo = drawing("svg", {width: 22, height: 22, viewBox: "0 0 22 22", "aria-hidden": "true"},
      drawing("path", {d: "M1 8h4l2-3 2 13 2-15 2 12 2-7h6", fill: "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-linejoin": "round"}));
    const toggle = () => {
      const theme = model.state.dark ? "light" : "dark";
      document.documentElement.dataset.theme = theme;
      document.cookie = `stellar_gui_theme=${theme}; path=/; max-age=31536000; SameSite=Lax`;
      model.send_msg({command: "theme", value: theme});
    };
    const look = (event) => {
      event.currentTarget.blur(); // it goes away on that page, and no other button shall get the keys
      model.send_msg({command: "page", value: "training"});
    };
    const theme = dark ? "Change to the light theme" : "Change to the dark theme";
    redraw(bar,
      h("span.logo", {}, logo), h("span.product", {}, "stellar_gui"), ...tabs, h("span.spacer"),
      training ? h("button.training", {title: "Look at the Training page", onclick: look}, h("i"), training) : null,
      h("span.data.muted", {}, data),
      h("button.icon-button", {"aria-label": "Open a file", title: "Open a file", onclick: () => model.send_msg({command: "open"})}, icon("open", 20)),
      h("button.icon-button", {"aria-label": "Help and keys", title: "Help and keys", onclick: () => model.send_msg({command: "help"})}, icon("help", 20)),
      h("button.icon-button", {"aria-label": theme, title: theme, onclick: toggle}, icon(dark ? "moon" : "sun", 20)));
  };
  model.on("state", draw);
  draw();
  return bar;
}
